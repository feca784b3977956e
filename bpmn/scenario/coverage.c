/* See coverage.h. */
#include "bpmn/scenario/coverage.h"

#include "bpmn/base/memory.h"

struct coverage *coverage_of(struct coverage **list, const struct bpmn_model *model)
{
    struct coverage *coverage;

    for (; *list != NULL; list = &(*list)->next) {
        if ((*list)->model == model)
            return *list;
    }
    coverage = memory_zero(1, sizeof(*coverage));
    coverage->model = model;
    coverage->elements = memory_zero(model->element_count + 1, sizeof(uint64_t));
    coverage->flows = memory_zero(model->flow_count + 1, sizeof(uint64_t));
    *list = coverage;
    return coverage;
}

/* A compensation boundary event never gets a token: its handler stands for it. */
static void note_element(struct coverage *coverage, uint32_t index)
{
    const struct bpmn_model *model = coverage->model;

    coverage->elements[index]++;
    for (uint32_t i = 0; model->elements[index].for_compensation && i < model->element_count; i++) {
        if (model->elements[i].type == BPMN_BOUNDARY_EVENT &&
            model->elements[i].compensation_handler == index)
            coverage->elements[i]++;
    }
}

void coverage_note(struct coverage *coverage, const struct bpmn_change *change)
{
    if (change->kind == BPMN_CHANGE_ELEMENT_ACTIVATED)
        note_element(coverage, change->element);
    else if (change->kind == BPMN_CHANGE_FLOW_TAKEN)
        coverage->flows[change->flow]++;
}

void coverage_free(struct coverage *list)
{
    while (list != NULL) {
        struct coverage *next = list->next;

        memory_free(list->elements);
        memory_free(list->flows);
        memory_free(list);
        list = next;
    }
}

static struct coverage_count count(const uint64_t *counts, uint32_t total)
{
    struct coverage_count result = {.total = total};

    for (uint32_t i = 0; i < total; i++)
        result.covered += counts[i] > 0;
    return result;
}

struct coverage_count coverage_elements(const struct coverage *coverage)
{
    return count(coverage->elements, coverage->model->element_count);
}

struct coverage_count coverage_flows(const struct coverage *coverage)
{
    return count(coverage->flows, coverage->model->flow_count);
}
