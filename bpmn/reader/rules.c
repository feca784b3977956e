/* Structure: what the specification forbids, what cannot run, and what is likely wrong. */
#include "bpmn/reader/draft.h"

static void check_degrees(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;
    const char *problem = NULL;
    const char *rule = NULL;

    if (element->type == BPMN_START_EVENT && element->incoming_count > 0) {
        rule = "start-event-incoming";
        problem = "a start event to have no incoming sequence flow";
    } else if (element->type == BPMN_START_EVENT && element->outgoing_count == 0) {
        rule = "start-event-outgoing";
        problem = "a start event to have an outgoing sequence flow";
    } else if (element->type == BPMN_END_EVENT && element->outgoing_count > 0) {
        rule = "end-event-outgoing";
        problem = "an end event to have no outgoing sequence flow";
    } else if (element->type == BPMN_BOUNDARY_EVENT && element->incoming_count > 0) {
        rule = "boundary-event-incoming";
        problem = "a boundary event to have no incoming sequence flow";
    } else if (element->type == BPMN_BOUNDARY_EVENT && element->outgoing_count == 0) {
        rule = "boundary-event-outgoing";
        problem = "a boundary event to have an outgoing sequence flow";
    } else if (element->type == BPMN_EXCLUSIVE_GATEWAY && element->outgoing_count == 0) {
        rule = "gateway-outgoing";
        problem = "an exclusive gateway to have an outgoing sequence flow";
    }
    if (rule != NULL)
        finding_add(draft->findings, BPMN_ERROR, rule, element->id, draft_element->node,
                    "Expected %s.", problem);
}

/* A gateway that may find no way out, and a split whose flows look at nothing. */
static void check_gateway(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;

    if (element->type != BPMN_EXCLUSIVE_GATEWAY || element->outgoing_count < 2)
        return;
    for (uint32_t i = 0; i < element->outgoing_count; i++) {
        const struct draft_flow *flow = &draft->flows[element->outgoing[i]];

        if (flow->flow.condition == NULL && flow->flow.index != element->default_flow &&
            i + 1 < element->outgoing_count)
            finding_add(draft->findings, BPMN_WARNING, "flow-without-condition", flow->flow.id,
                        flow->node,
                        "This flow has no condition and is not the default: it is taken before the "
                        "flows behind it are looked at.");
    }
    if (element->default_flow == BPMN_NONE)
        finding_add(draft->findings, BPMN_WARNING, "default-flow-missing", element->id,
                    draft_element->node,
                    "Without a default flow the instance fails when no condition is true.");
}

static void mark(uint32_t index, bool *reached, uint32_t *stack, uint32_t *depth)
{
    if (index == BPMN_NONE || reached[index])
        return;
    reached[index] = true;
    stack[(*depth)++] = index;
}

static void check_reachable(struct draft *draft, const struct bpmn_model *model)
{
    bool *reached = arena_array(draft->arena, draft->element_count + 1, sizeof(bool));
    uint32_t *stack = arena_array(draft->arena, draft->element_count + 1, sizeof(uint32_t));
    uint32_t depth = 0;

    mark(model->start_event, reached, stack, &depth);
    while (depth > 0) {
        const struct bpmn_element *element = &draft->elements[stack[--depth]].element;

        for (uint32_t i = 0; i < element->outgoing_count; i++)
            mark(draft->flows[element->outgoing[i]].flow.target, reached, stack, &depth);
        for (uint32_t i = 0; i < element->boundary_count; i++)
            mark(element->boundary[i], reached, stack, &depth);
        if (element->type == BPMN_SUB_PROCESS)
            mark(element->start_event, reached, stack, &depth);
    }
    for (uint32_t i = 0; i < draft->element_count; i++) {
        if (!reached[i])
            finding_add(draft->findings, BPMN_WARNING, "unreachable-element",
                        draft->elements[i].element.id, draft->elements[i].node,
                        "No path from the start event leads to this element.");
    }
}

void check_process(struct draft *draft, const struct bpmn_model *model)
{
    for (uint32_t i = 0; i < draft->element_count; i++) {
        const struct draft_element *draft_element = &draft->elements[i];

        check_degrees(draft, draft_element);
        check_gateway(draft, draft_element);
        if (draft_element->element.type == BPMN_SUB_PROCESS &&
            model->elements[i].start_event == BPMN_NONE)
            finding_add(draft->findings, BPMN_ERROR, "start-event-missing",
                        draft_element->element.id, draft_element->node,
                        "Expected the sub-process to have a none start event but it has none.");
    }
    if (model->start_event == BPMN_NONE)
        finding_add(draft->findings, BPMN_ERROR, "start-event-missing", model->process_id,
                    draft->node,
                    "Expected the process to have a none start event but it has none.");
    else
        check_reachable(draft, model);
}
