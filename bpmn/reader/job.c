/* Asynchronous continuations, their order and their retries. */
#include "bpmn/reader/draft.h"

void read_job(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_element *element = &draft_element->element;
    const xmlNode *node = draft_element->node;
    const xmlNode *cycle = extension_child(node, "failedJobRetryTimeCycle");
    const char *priority = extension_attribute(draft->arena, node, "jobPriority");

    element->async_before = extension_is_true(draft->arena, node, "async", false) ||
                            extension_is_true(draft->arena, node, "asyncBefore", false);
    element->async_after = extension_is_true(draft->arena, node, "asyncLeave", false) ||
                           extension_is_true(draft->arena, node, "asyncAfter", false);
    element->exclusive = extension_is_true(draft->arena, node, "exclusive", true);
    if (priority == NULL)
        priority = extension_attribute(draft->arena, node, "taskPriority");
    element->job_priority =
        draft_expression(draft, priority, EXPRESSION_TEMPLATE, "jobPriority", element->id, node);
    if (cycle != NULL)
        element->retry_cycle = xml_text(draft->arena, cycle);
}
