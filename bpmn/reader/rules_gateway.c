/* Rules on gateways and on what leaves them. */
#include "bpmn/reader/draft.h"

#include <string.h>

/* gatewayDirection is a promise on how many flows come and go. */
static void check_direction(struct draft *draft, const struct draft_element *draft_element)
{
    static const struct {
        const char *name;
        bool merges;
        bool splits;
    } directions[] = {
        {"Converging", true, false}, {"Diverging", false, true}, {"Mixed", true, true}};
    const struct bpmn_element *element = &draft_element->element;
    const char *direction = xml_attribute(draft->arena, draft_element->node, "gatewayDirection");

    for (size_t i = 0; i < COUNT_OF(directions) && direction != NULL; i++) {
        if (strcmp(direction, directions[i].name) != 0)
            continue;
        if ((element->incoming_count > 1) != directions[i].merges ||
            (element->outgoing_count > 1) != directions[i].splits)
            finding_add(draft->findings, BPMN_ERROR, "gateway-direction", element->id,
                        draft_element->node,
                        "Expected a gateway with the direction %s to have %s incoming and %s "
                        "outgoing sequence flows but found %u and %u.",
                        direction, directions[i].merges ? "several" : "at most one",
                        directions[i].splits ? "several" : "at most one", element->incoming_count,
                        element->outgoing_count);
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
        if (element->type == BPMN_EXCLUSIVE_GATEWAY && i + 1 < element->outgoing_count)
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

/* The element that decides on this flow: backward over elements that neither merge nor split. */
static uint32_t decider(const struct draft *draft, uint32_t flow)
{
    for (uint32_t i = 0; i <= draft->flow_count; i++) {
        const struct bpmn_element *source =
            &draft->elements[draft->flows[flow].flow.source].element;

        if (source->outgoing_count > 1)
            return source->index;
        if (source->incoming_count != 1)
            break;
        flow = source->incoming[0];
    }
    return BPMN_NONE;
}

/* Branches of which only one is taken never arrive together. */
static void check_join(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;
    uint32_t first = element->incoming_count > 1 ? decider(draft, element->incoming[0]) : BPMN_NONE;

    for (uint32_t i = 1; i < element->incoming_count && first != BPMN_NONE; i++) {
        if (decider(draft, element->incoming[i]) != first)
            first = BPMN_NONE;
    }
    if (first != BPMN_NONE && (draft->elements[first].element.type == BPMN_EXCLUSIVE_GATEWAY ||
                               (draft->elements[first].element.type == BPMN_EVENT_BASED_GATEWAY &&
                                !draft->elements[first].element.parallel_events)))
        finding_add(draft->findings, BPMN_WARNING, "parallel-join-of-alternatives", element->id,
                    draft_element->node,
                    "This gateway waits for every branch but '%.100s' takes only one of them: join "
                    "them with an exclusive gateway.",
                    draft->elements[first].element.id);
}

static void event_gateway_error(struct draft *draft, const struct draft_element *draft_element,
                                const char *what, const char *id)
{
    finding_add(draft->findings, BPMN_ERROR, "event-gateway", draft_element->element.id,
                draft_element->node, "Expected %s%s%.100s%s.", what, id != NULL ? " but '" : "",
                id != NULL ? id : "", id != NULL ? "' is otherwise" : "");
}

static bool is_waited_for(const struct bpmn_element *target)
{
    static const enum bpmn_event_kind kinds[] = {BPMN_EVENT_MESSAGE, BPMN_EVENT_TIMER,
                                                 BPMN_EVENT_SIGNAL, BPMN_EVENT_CONDITIONAL};

    if (target->type == BPMN_RECEIVE_TASK)
        return true;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (target->type == BPMN_INTERMEDIATE_CATCH_EVENT &&
            bpmn_element_event(target, kinds[i]) != NULL)
            return true;
    }
    return false;
}

static void check_targets(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;
    const struct bpmn_element *receive = NULL;
    const struct bpmn_element *message = NULL;

    for (uint32_t i = 0; i < element->outgoing_count; i++) {
        const struct draft_flow *flow = &draft->flows[element->outgoing[i]];
        const struct bpmn_element *target = &draft->elements[flow->flow.target].element;

        if (flow->has_condition)
            event_gateway_error(draft, draft_element,
                                "no conditions on the flows of an event-based gateway",
                                flow->flow.id);
        if (!is_waited_for(target))
            event_gateway_error(draft, draft_element,
                                "an event-based gateway to lead to catch events (message, timer, "
                                "signal, conditional) and receive tasks only",
                                target->id);
        else if (target->incoming_count != 1)
            event_gateway_error(draft, draft_element,
                                "each event behind an event-based gateway to have one incoming "
                                "flow",
                                target->id);
        if (target->type == BPMN_RECEIVE_TASK && target->boundary_count > 0)
            event_gateway_error(draft, draft_element,
                                "receive tasks behind an event-based gateway to have no boundary "
                                "events",
                                target->id);
        if (target->type == BPMN_RECEIVE_TASK)
            receive = target;
        else if (bpmn_element_event(target, BPMN_EVENT_MESSAGE) != NULL)
            message = target;
    }
    if (receive != NULL && message != NULL)
        event_gateway_error(draft, draft_element,
                            "an event-based gateway to lead to message events or to receive tasks, "
                            "not to both",
                            NULL);
}

static void check_event_based(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;

    if (element->outgoing_count < 2 && !draft->has_refused)
        event_gateway_error(draft, draft_element,
                            "an event-based gateway to have two or more outgoing flows", NULL);
    if (element->parallel_events && !element->instantiate)
        event_gateway_error(draft, draft_element,
                            "an event-based gateway of the type Parallel to instantiate the "
                            "process",
                            NULL);
    check_targets(draft, draft_element);
}

void check_gateway(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;

    if (!draft->has_refused)
        check_direction(draft, draft_element);
    if (!draft->has_refused && element->incoming_count <= 1 && element->outgoing_count == 1)
        finding_add(draft->findings, BPMN_WARNING, "gateway-pointless", element->id,
                    draft_element->node, "This gateway neither splits nor joins.");
    switch (element->type) {
    case BPMN_EXCLUSIVE_GATEWAY:
    case BPMN_INCLUSIVE_GATEWAY:
    case BPMN_COMPLEX_GATEWAY:
        check_exclusive(draft, draft_element);
        break;
    case BPMN_PARALLEL_GATEWAY:
        check_parallel(draft, draft_element);
        check_join(draft, draft_element);
        break;
    case BPMN_EVENT_BASED_GATEWAY:
        check_event_based(draft, draft_element);
        break;
    default:
        break;
    }
}
