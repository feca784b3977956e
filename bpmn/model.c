/* See model.h. */
#include "bpmn/model.h"

#include "bpmn/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- ids → indices ---- */

struct id_entry {
    const char *id;
    uint32_t index;
};

static int compare_ids(const void *left, const void *right)
{
    return strcmp(((const struct id_entry *)left)->id, ((const struct id_entry *)right)->id);
}

static const uint32_t *sorted(struct arena *arena, struct id_entry *entries, uint32_t count)
{
    uint32_t *indices = arena_array(arena, count + 1, sizeof(*indices));

    qsort(entries, count, sizeof(*entries), compare_ids);
    for (uint32_t i = 0; i < count; i++)
        indices[i] = entries[i].index;
    return indices;
}

static bool has_topic(const struct bpmn_listeners *listeners)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        if (listeners->items[i].topic != NULL)
            return true;
    }
    return false;
}

void bpmn_model_index(struct bpmn_model *model, struct arena *arena)
{
    uint32_t most =
        model->element_count > model->flow_count ? model->element_count : model->flow_count;
    struct id_entry *entries = arena_array(arena, most + 1, sizeof(*entries));

    model->has_listener_topics = has_topic(&model->listeners);
    for (uint32_t i = 0; i < model->element_count; i++) {
        entries[i] = (struct id_entry){model->elements[i].id, i};
        if (model->elements[i].type == BPMN_COMPLEX_GATEWAY)
            model->has_complex_gateways = true;
        model->has_listener_topics |= has_topic(&model->elements[i].listeners);
    }
    model->elements_by_id = sorted(arena, entries, model->element_count);
    for (uint32_t i = 0; i < model->flow_count; i++) {
        entries[i] = (struct id_entry){model->flows[i].id, i};
        model->has_listener_topics |= has_topic(&model->flows[i].listeners);
    }
    model->flows_by_id = sorted(arena, entries, model->flow_count);
}

const struct bpmn_element *bpmn_model_element(const struct bpmn_model *model, const char *id)
{
    uint32_t low = 0;
    uint32_t high = model->element_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct bpmn_element *element = &model->elements[model->elements_by_id[middle]];
        int order = strcmp(element->id, id);

        if (order == 0)
            return element;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct bpmn_flow *bpmn_model_flow(const struct bpmn_model *model, const char *id)
{
    uint32_t low = 0;
    uint32_t high = model->flow_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct bpmn_flow *flow = &model->flows[model->flows_by_id[middle]];
        int order = strcmp(flow->id, id);

        if (order == 0)
            return flow;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* ---- kinds ---- */

const char *bpmn_element_type_name(enum bpmn_element_type type)
{
    static const char *const names[] = {
#define BPMN_ELEMENT_NAME(name, xml) [BPMN_##name] = xml,
        BPMN_ELEMENT_TYPES(BPMN_ELEMENT_NAME)
#undef BPMN_ELEMENT_NAME
    };

    PRE((unsigned)type < COUNT_OF(names));
    return names[type];
}

const char *bpmn_event_kind_name(enum bpmn_event_kind kind)
{
    static const char *const names[] = {
#define BPMN_EVENT_NAME(name, text, xml) [BPMN_EVENT_##name] = text,
        BPMN_EVENT_KINDS(BPMN_EVENT_NAME)
#undef BPMN_EVENT_NAME
    };

    PRE((unsigned)kind < COUNT_OF(names));
    return names[kind];
}

bool bpmn_is_sub_process(enum bpmn_element_type type)
{
    return type == BPMN_SUB_PROCESS || type == BPMN_EVENT_SUB_PROCESS || type == BPMN_TRANSACTION ||
           type == BPMN_AD_HOC_SUB_PROCESS;
}

bool bpmn_is_activity(enum bpmn_element_type type)
{
    switch (type) {
    case BPMN_TASK:
    case BPMN_MANUAL_TASK:
    case BPMN_USER_TASK:
    case BPMN_SERVICE_TASK:
    case BPMN_SCRIPT_TASK:
    case BPMN_SEND_TASK:
    case BPMN_RECEIVE_TASK:
    case BPMN_BUSINESS_RULE_TASK:
    case BPMN_CALL_ACTIVITY:
        return true;
    default:
        return bpmn_is_sub_process(type);
    }
}

bool bpmn_is_gateway(enum bpmn_element_type type)
{
    return type == BPMN_EXCLUSIVE_GATEWAY || type == BPMN_PARALLEL_GATEWAY ||
           type == BPMN_INCLUSIVE_GATEWAY || type == BPMN_EVENT_BASED_GATEWAY ||
           type == BPMN_COMPLEX_GATEWAY;
}

bool bpmn_is_event(enum bpmn_element_type type)
{
    return type == BPMN_START_EVENT || type == BPMN_END_EVENT ||
           type == BPMN_INTERMEDIATE_CATCH_EVENT || type == BPMN_INTERMEDIATE_THROW_EVENT ||
           type == BPMN_BOUNDARY_EVENT;
}

bool bpmn_set_has(const struct bpmn_element_set *set, uint32_t element)
{
    return (set->bits[element / 64] >> (element % 64) & 1) != 0;
}

const struct bpmn_event_definition *bpmn_element_event(const struct bpmn_element *element,
                                                       enum bpmn_event_kind kind)
{
    for (uint32_t i = 0; i < element->events.count; i++) {
        if (element->events.items[i].kind == kind)
            return &element->events.items[i];
    }
    return NULL;
}

bool bpmn_has_body(const struct bpmn_element *element)
{
    return element->loop.kind != BPMN_LOOP_NONE || element->inputs.count > 0 ||
           element->outputs.count > 0;
}

void bpmn_document_free(struct bpmn_document *document)
{
    if (document == NULL)
        return;
    arena_free(document->arena);
    memory_free(document);
}
