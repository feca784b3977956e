/* Structure: what the specification forbids, what cannot run, and what is likely wrong. */
#include "bpmn/reader/draft.h"

enum degree { INCOMING, OUTGOING };

/* How many sequence flows an element may have on each side. */
static const struct {
    enum bpmn_element_type type;
    enum degree degree;
    bool wants_some;
    const char *rule;
    const char *expected;
} degrees[] = {
    {BPMN_START_EVENT, INCOMING, false, "start-event-incoming",
     "a start event to have no incoming sequence flow"},
    {BPMN_START_EVENT, OUTGOING, true, "start-event-outgoing",
     "a start event to have an outgoing sequence flow"},
    {BPMN_END_EVENT, OUTGOING, false, "end-event-outgoing",
     "an end event to have no outgoing sequence flow"},
    {BPMN_BOUNDARY_EVENT, INCOMING, false, "boundary-event-incoming",
     "a boundary event to have no incoming sequence flow"},
    {BPMN_BOUNDARY_EVENT, OUTGOING, true, "boundary-event-outgoing",
     "a boundary event to have an outgoing sequence flow"},
    {BPMN_EXCLUSIVE_GATEWAY, OUTGOING, true, "gateway-outgoing",
     "an exclusive gateway to have an outgoing sequence flow"},
};

/* A flow that is missing because of another finding is not missed here. */
static void check_degrees(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;

    for (size_t i = 0; i < COUNT_OF(degrees); i++) {
        uint32_t count =
            degrees[i].degree == INCOMING ? element->incoming_count : element->outgoing_count;

        if (degrees[i].type != element->type || degrees[i].wants_some == (count > 0) ||
            (degrees[i].wants_some && draft->has_refused))
            continue;
        finding_add(draft->findings, BPMN_ERROR, degrees[i].rule, element->id, draft_element->node,
                    "Expected %s but '%.100s' has %u.", degrees[i].expected, element->id, count);
    }
}

/* A flow that hides those behind it, and a gateway that may find no way out. */
static void check_exclusive(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;
    bool has_way_out = element->default_flow != BPMN_NONE || element->outgoing_count < 2;

    for (uint32_t i = 0; i < element->outgoing_count && element->outgoing_count > 1; i++) {
        const struct draft_flow *flow = &draft->flows[element->outgoing[i]];

        if (flow->has_condition || flow->flow.index == element->default_flow)
            continue;
        has_way_out = true;
        if (i + 1 < element->outgoing_count)
            finding_add(draft->findings, BPMN_WARNING, "flow-without-condition", flow->flow.id,
                        flow->node,
                        "This flow has no condition and is not the default: it is taken before the "
                        "flows behind it are looked at.");
    }
    if (!has_way_out)
        finding_add(draft->findings, BPMN_WARNING, "default-flow-missing", element->id,
                    draft_element->node,
                    "Without a default flow the instance fails when no condition is true.");
}

static void check_parallel(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;

    for (uint32_t i = 0; i < element->outgoing_count; i++) {
        const struct draft_flow *flow = &draft->flows[element->outgoing[i]];

        if (flow->flow.condition != NULL)
            finding_add(draft->findings, BPMN_WARNING, "condition-ignored", flow->flow.id,
                        flow->node,
                        "The condition of a flow out of a parallel gateway is not evaluated: every "
                        "flow is taken.");
    }
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

static void start_missing(struct draft *draft, const char *id, const xmlNode *node)
{
    bool is_empty = draft->element_count == 0;

    /* The start event may be what was refused. */
    if (!draft->has_refused)
        finding_add(draft->findings, BPMN_ERROR, is_empty ? "process-empty" : "start-event-missing",
                    id, node, "Expected a start event in this <%s> but found %s.", xml_name(node),
                    is_empty ? "no element at all" : "none");
}

void check_process(struct draft *draft, const struct bpmn_model *model)
{
    for (uint32_t i = 0; i < draft->element_count; i++) {
        const struct draft_element *draft_element = &draft->elements[i];
        const struct bpmn_element *element = &draft_element->element;

        check_degrees(draft, draft_element);
        if (element->type == BPMN_EXCLUSIVE_GATEWAY)
            check_exclusive(draft, draft_element);
        else if (element->type == BPMN_PARALLEL_GATEWAY)
            check_parallel(draft, draft_element);
        else if (element->type == BPMN_SUB_PROCESS && element->start_event == BPMN_NONE)
            start_missing(draft, element->id, draft_element->node);
    }
    if (model->start_event == BPMN_NONE)
        start_missing(draft, model->process_id, draft->node);
    else if (draft->findings->error_count == 0)
        check_reachable(draft, model);
}
