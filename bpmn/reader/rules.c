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
    {BPMN_EXCLUSIVE_GATEWAY, OUTGOING, true, "gateway-outgoing",
     "an exclusive gateway to have an outgoing sequence flow"},
    {BPMN_INCLUSIVE_GATEWAY, OUTGOING, true, "gateway-outgoing",
     "an inclusive gateway to have an outgoing sequence flow"},
    {BPMN_COMPLEX_GATEWAY, OUTGOING, true, "gateway-outgoing",
     "a complex gateway to have an outgoing sequence flow"},
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

static void check_default(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;

    if (draft_element->default_ref == NULL || bpmn_is_activity(element->type) ||
        element->type == BPMN_EXCLUSIVE_GATEWAY || element->type == BPMN_INCLUSIVE_GATEWAY ||
        element->type == BPMN_COMPLEX_GATEWAY)
        return;
    finding_add(draft->findings, BPMN_ERROR, "default-flow-place", element->id, draft_element->node,
                "Expected no default flow on this %s: only activities and exclusive, inclusive and "
                "complex gateways have one.",
                bpmn_element_type_name(element->type));
}

static void check_only_flow(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;
    const struct draft_flow *flow;

    if (element->outgoing_count != 1 || element->type == BPMN_PARALLEL_GATEWAY ||
        element->type == BPMN_EVENT_BASED_GATEWAY)
        return;
    flow = &draft->flows[element->outgoing[0]];
    if (flow->flow.condition != NULL && flow->flow.index != element->default_flow)
        finding_add(draft->findings, BPMN_WARNING, "condition-only-flow", flow->flow.id, flow->node,
                    "This is the only flow out of '%.100s': the instance fails when its condition "
                    "is not true.",
                    element->id);
}

/* BPMN 10.3.3 and 10.5.6: what starts a process has no incoming flow, or one from a start event
 * that has no trigger. */
static void check_instantiate(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;
    const struct bpmn_element *source =
        element->incoming_count == 1
            ? &draft->elements[draft->flows[element->incoming[0]].flow.source].element
            : NULL;

    if (!element->instantiate || element->incoming_count == 0 ||
        (source != NULL && source->type == BPMN_START_EVENT && source->events.count == 0))
        return;
    finding_add(draft->findings, BPMN_ERROR, "instantiate-incoming", element->id,
                draft_element->node,
                "Expected an element with instantiate=\"true\" to have no incoming sequence flow "
                "(but one from a start event without a trigger) but found %u.",
                element->incoming_count);
}

static void check_boundary(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;
    bool compensates = bpmn_element_event(element, BPMN_EVENT_COMPENSATION) != NULL;

    if (compensates && element->outgoing_count > 0)
        finding_add(draft->findings, BPMN_ERROR, "boundary-event-outgoing", element->id,
                    draft_element->node,
                    "Expected an association to lead from a compensation event to its handler but "
                    "found a sequence flow.");
    if (!compensates && element->outgoing_count == 0 && !draft->has_refused)
        finding_add(draft->findings, BPMN_ERROR, "boundary-event-outgoing", element->id,
                    draft_element->node,
                    "Expected a boundary event to have an outgoing sequence flow but '%.100s' has "
                    "none.",
                    element->id);
}

/* Paths that just stop, where others have an end event. */
static void check_ends(struct draft *draft, const struct bpmn_container *container, const char *id,
                       const xmlNode *node)
{
    const struct bpmn_element *start = NULL;
    const struct bpmn_element *end = NULL;

    for (uint32_t i = 0; i < container->children.count; i++) {
        const struct bpmn_element *child = &draft->elements[container->children.items[i]].element;

        start = child->type == BPMN_START_EVENT ? child : start;
        end = child->type == BPMN_END_EVENT ? child : end;
    }
    if (start != NULL && end == NULL)
        finding_add(draft->findings, BPMN_WARNING, "end-event-missing", id, node,
                    "This <%s> has a start event but no end event: its paths end where no flow "
                    "goes on.",
                    xml_name(node));
    if (start == NULL && end != NULL)
        finding_add(draft->findings, BPMN_WARNING, "start-event-missing", id, node,
                    "This <%s> has an end event but no start event: it starts at every element "
                    "without an incoming flow.",
                    xml_name(node));
    for (uint32_t i = 0; i < container->children.count && end != NULL; i++) {
        const struct draft_element *child = &draft->elements[container->children.items[i]];
        const struct bpmn_element *element = &child->element;

        if (element->outgoing_count == 0 && !element->for_compensation &&
            (bpmn_is_activity(element->type) || bpmn_is_gateway(element->type) ||
             element->type == BPMN_INTERMEDIATE_CATCH_EVENT ||
             element->type == BPMN_INTERMEDIATE_THROW_EVENT) &&
            element->type != BPMN_EVENT_SUB_PROCESS && element->link_target == BPMN_NONE)
            finding_add(draft->findings, BPMN_WARNING, "implicit-end", element->id, child->node,
                        "The path ends here without an end event.");
    }
}

static void check_container(struct draft *draft, const struct bpmn_container *container,
                            const struct draft_element *owner)
{
    const char *id = owner != NULL ? owner->element.id : draft->model->process_id;
    const xmlNode *node = owner != NULL ? owner->node : draft->node;
    bool is_event = owner != NULL && owner->element.type == BPMN_EVENT_SUB_PROCESS;
    bool is_empty = container->children.count == 0;

    if (draft->has_refused)
        return;
    if (is_empty && owner != NULL && !is_event)
        finding_add(draft->findings, BPMN_WARNING, "sub-process-empty", id, node,
                    "This <%s> is empty: it is passed through.", xml_name(node));
    else if (container->starts.count == 0 && container->triggered_starts.count == 0 &&
             !(owner != NULL && is_empty && !is_event))
        finding_add(draft->findings, BPMN_ERROR,
                    is_empty && owner == NULL ? "process-empty" : "nothing-starts", id, node,
                    "Expected %s in this <%s> but found %s.",
                    is_event ? "one start event with a trigger"
                             : "a start event, or an element without incoming flow,",
                    xml_name(node), is_empty ? "no element at all" : "none");
    else if (is_event &&
             draft->elements[container->starts.items[0]].element.type != BPMN_START_EVENT)
        finding_add(draft->findings, BPMN_ERROR, "nothing-starts", id, node,
                    "Expected one start event with a trigger in an event sub-process but found "
                    "none.");
    else if (owner == NULL || owner->element.type != BPMN_AD_HOC_SUB_PROCESS)
        check_ends(draft, container, id, node);
}

void check_process(struct draft *draft)
{
    for (uint32_t i = 0; i < draft->element_count; i++) {
        const struct draft_element *draft_element = &draft->elements[i];
        const struct bpmn_element *element = &draft_element->element;

        check_degrees(draft, draft_element);
        check_default(draft, draft_element);
        check_only_flow(draft, draft_element);
        check_instantiate(draft, draft_element);
        check_listeners(draft, draft_element);
        if (element->type == BPMN_BOUNDARY_EVENT)
            check_boundary(draft, draft_element);
        if (bpmn_is_event(element->type))
            check_events(draft, draft_element);
        else if (bpmn_is_gateway(element->type))
            check_gateway(draft, draft_element);
        else
            check_activity(draft, draft_element);
        if (element->container != NULL)
            check_container(draft, element->container, draft_element);
    }
    check_container(draft, &draft->model->container, NULL);
    if (draft->findings->error_count == 0)
        check_reachable(draft);
}
