/* Rules on events: which may stand where, and what surrounds them. */
#include "bpmn/reader/draft.h"

#include <string.h>

static const struct bpmn_element *around(const struct draft *draft,
                                         const struct bpmn_element *element)
{
    return element->scope != BPMN_NONE ? &draft->elements[element->scope].element : NULL;
}

static bool is_in_event_sub_process(const struct draft *draft, const struct bpmn_element *element)
{
    const struct bpmn_element *scope = around(draft, element);

    return scope != NULL && scope->type == BPMN_EVENT_SUB_PROCESS;
}

static enum event_position position_of(const struct draft *draft,
                                       const struct bpmn_element *element)
{
    switch (element->type) {
    case BPMN_START_EVENT:
        if (!is_in_event_sub_process(draft, element))
            return POSITION_START;
        return element->interrupting ? POSITION_EVENT_SUB_PROCESS : POSITION_EVENT_SUB_PROCESS_NON;
    case BPMN_INTERMEDIATE_CATCH_EVENT:
        return POSITION_CATCH;
    case BPMN_BOUNDARY_EVENT:
        return element->interrupting ? POSITION_BOUNDARY : POSITION_BOUNDARY_NON;
    case BPMN_INTERMEDIATE_THROW_EVENT:
        return POSITION_THROW;
    default:
        return POSITION_END;
    }
}

static bool has_definitions(const struct draft_element *draft_element)
{
    for (const xmlNode *child = xml_children(draft_element->node); child != NULL;
         child = xml_next(child)) {
        if (is_definition(child) || xml_is(child, "eventDefinitionRef"))
            return true;
    }
    return false;
}

static void check_positions(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;
    enum event_position position = position_of(draft, element);

    for (uint32_t i = 0; i < element->events.count; i++) {
        const struct bpmn_event_definition *event = &element->events.items[i];

        if (!event_is_allowed(event->kind, position))
            finding_add(draft->findings, BPMN_ERROR, "event-definition-position", element->id,
                        draft_element->node,
                        "Expected no %s definition here: BPMN 2.0 does not allow it on an %s.",
                        bpmn_event_kind_name(event->kind), event_position_name(position));
        else if (event->kind == BPMN_EVENT_LINK && element->events.count > 1)
            finding_add(draft->findings, BPMN_ERROR, "event-definition-position", element->id,
                        draft_element->node,
                        "Expected a link to be the only definition of its event but found %u.",
                        element->events.count);
    }
}

/* A trigger is needed here, or has no business here. */
static void check_trigger(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;
    bool has_some = has_definitions(draft_element);

    if (element->type == BPMN_START_EVENT && element->scope != BPMN_NONE && has_some &&
        !is_in_event_sub_process(draft, element))
        finding_add(draft->findings, BPMN_ERROR, "start-event-trigger", element->id,
                    draft_element->node,
                    "Expected the start event of a sub-process to have no event definition: only "
                    "processes and event sub-processes are triggered.");
    if (element->type == BPMN_START_EVENT && element->scope == BPMN_NONE && has_some &&
        element->events.items[0].clock != NULL)
        finding_add(draft->findings, BPMN_ERROR, "timer-clock", element->id, draft_element->node,
                    "Expected a time on the timer that starts a process: there is no instance yet "
                    "whose clock it could follow.");
    if (!has_some &&
        (element->type == BPMN_INTERMEDIATE_CATCH_EVENT || element->type == BPMN_BOUNDARY_EVENT ||
         (element->type == BPMN_START_EVENT && is_in_event_sub_process(draft, element))))
        finding_add(draft->findings, BPMN_ERROR, "event-definition-missing", element->id,
                    draft_element->node,
                    "Expected an event definition on this %s that says what it waits for.",
                    event_position_name(position_of(draft, element)));
}

/* Cancel: thrown inside of transactions, caught on their boundary. */
static void check_cancel(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;
    const struct bpmn_element *scope = around(draft, element);
    const struct bpmn_element *host;

    if (bpmn_element_event(element, BPMN_EVENT_CANCEL) == NULL)
        return;
    while (scope != NULL && scope->type != BPMN_TRANSACTION)
        scope = around(draft, scope);
    if (element->type == BPMN_END_EVENT && scope == NULL)
        finding_add(draft->findings, BPMN_ERROR, "cancel-place", element->id, draft_element->node,
                    "Expected a cancel end event to lie in a transaction.");
    if (element->type != BPMN_BOUNDARY_EVENT || element->attached_to == BPMN_NONE)
        return;
    host = &draft->elements[element->attached_to].element;
    if (host->type != BPMN_TRANSACTION)
        finding_add(draft->findings, BPMN_ERROR, "cancel-place", element->id, draft_element->node,
                    "Expected a cancel boundary event on a transaction but '%.100s' is none.",
                    host->id);
    for (uint32_t i = 0; i < host->boundary_count && host->boundary[i] != element->index; i++) {
        const struct bpmn_element *other = &draft->elements[host->boundary[i]].element;

        if (bpmn_element_event(other, BPMN_EVENT_CANCEL) != NULL) {
            finding_add(
                draft->findings, BPMN_ERROR, "cancel-place", element->id, draft_element->node,
                "Expected one cancel event on a transaction but '%.100s' is one too.", other->id);
            return;
        }
    }
}

/* Throwing it undoes nothing unless something is remembered. */
static void check_compensation(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_event_definition *event =
        bpmn_element_event(&draft_element->element, BPMN_EVENT_COMPENSATION);

    if (event != NULL && event->activity != BPMN_NONE &&
        !draft->elements[event->activity].element.compensable)
        finding_add(draft->findings, BPMN_WARNING, "compensation-unhandled",
                    draft_element->element.id, draft_element->node,
                    "Nothing undoes '%.100s': neither it nor anything in it has a compensation "
                    "handler.",
                    draft->elements[event->activity].element.id);
}

static void check_link_flows(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;

    if (bpmn_element_event(element, BPMN_EVENT_LINK) == NULL)
        return;
    if (element->type == BPMN_INTERMEDIATE_CATCH_EVENT && element->incoming_count > 0)
        finding_add(draft->findings, BPMN_ERROR, "link-flows", element->id, draft_element->node,
                    "Expected a catching link to have no incoming sequence flow but found %u.",
                    element->incoming_count);
    if (element->type == BPMN_INTERMEDIATE_THROW_EVENT && element->outgoing_count > 0)
        finding_add(draft->findings, BPMN_ERROR, "link-flows", element->id, draft_element->node,
                    "Expected a throwing link to have no outgoing sequence flow but found %u.",
                    element->outgoing_count);
}

void check_events(struct draft *draft, const struct draft_element *draft_element)
{
    check_positions(draft, draft_element);
    check_trigger(draft, draft_element);
    check_cancel(draft, draft_element);
    check_compensation(draft, draft_element);
    check_link_flows(draft, draft_element);
}
