/* Rules on activities: handlers of compensation, event and ad-hoc sub-processes, what starts a
 * process, and defaults. */
#include "bpmn/reader/draft.h"

static void check_handler(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;

    if (!element->for_compensation)
        return;
    if (element->incoming_count > 0 || element->outgoing_count > 0)
        finding_add(draft->findings, BPMN_ERROR, "compensation-handler-flows", element->id,
                    draft_element->node,
                    "Expected an activity with isForCompensation=\"true\" to have no sequence flow "
                    "but found %u incoming and %u outgoing.",
                    element->incoming_count, element->outgoing_count);
}

static void check_event_sub_process(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;

    if (element->incoming_count > 0 || element->outgoing_count > 0)
        finding_add(draft->findings, BPMN_ERROR, "event-sub-process-flows", element->id,
                    draft_element->node,
                    "Expected an event sub-process to have no sequence flow but found %u incoming "
                    "and %u outgoing.",
                    element->incoming_count, element->outgoing_count);
    if (element->loop.kind != BPMN_LOOP_NONE)
        finding_add(draft->findings, BPMN_ERROR, "event-sub-process-flows", element->id,
                    draft_element->node, "Expected an event sub-process without a loop.");
}

/* An ad-hoc sub-process has no first and no last step. */
static void check_ad_hoc(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_container *container = draft_element->element.container;

    for (uint32_t i = 0; i < container->children.count; i++) {
        const struct draft_element *child = &draft->elements[container->children.items[i]];

        if (child->element.type == BPMN_START_EVENT || child->element.type == BPMN_END_EVENT)
            finding_add(draft->findings, BPMN_ERROR, "ad-hoc-events", child->element.id,
                        child->node,
                        "Expected no start and end events in an ad-hoc sub-process: its activities "
                        "start in any order.");
    }
}

void check_activity(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;

    check_handler(draft, draft_element);
    if (element->type == BPMN_EVENT_SUB_PROCESS)
        check_event_sub_process(draft, draft_element);
    if (element->type == BPMN_AD_HOC_SUB_PROCESS)
        check_ad_hoc(draft, draft_element);
}
