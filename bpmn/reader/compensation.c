/* Compensation: which activity undoes which, and which completions must be remembered. */
#include "bpmn/reader/draft.h"

#include <string.h>

static bool is_compensation_boundary(const struct draft_element *draft_element)
{
    return draft_element != NULL && draft_element->element.type == BPMN_BOUNDARY_EVENT &&
           bpmn_element_event(&draft_element->element, BPMN_EVENT_COMPENSATION) != NULL;
}

static void resolve_handler(struct draft *draft, struct draft_element *boundary,
                            const char *reference, const xmlNode *node)
{
    struct draft_element *handler = draft_find(draft, reference);
    const char *id = boundary->element.id;

    /* Annotations hang on associations too. */
    if (handler == NULL || draft_is_refused(draft, reference))
        return;
    if (!bpmn_is_activity(handler->element.type) || !handler->element.for_compensation) {
        finding_add(draft->findings, BPMN_ERROR, "compensation-handler", id, node,
                    "Expected the association of a compensation event to lead to an activity with "
                    "isForCompensation=\"true\" but '%.100s' is none.",
                    reference);
    } else if (handler->element.scope != boundary->element.scope) {
        finding_add(draft->findings, BPMN_ERROR, "compensation-handler", id, node,
                    "Expected the handler of a compensation event beside it but '%.100s' lies in "
                    "another process or sub-process.",
                    reference);
    } else if (boundary->element.compensation_handler != BPMN_NONE &&
               boundary->element.compensation_handler != handler->element.index) {
        finding_add(draft->findings, BPMN_ERROR, "compensation-handler", id, node,
                    "Expected one handler of a compensation event but found '%.100s' and '%.100s'.",
                    draft->elements[boundary->element.compensation_handler].element.id, reference);
    } else {
        boundary->element.compensation_handler = handler->element.index;
    }
}

static void resolve_associations(struct draft *draft)
{
    for (uint32_t i = 0; i < draft->association_count; i++) {
        const struct draft_association *association = &draft->associations[i];
        struct draft_element *source = draft_find(draft, association->source_ref);
        struct draft_element *target = draft_find(draft, association->target_ref);

        if (is_compensation_boundary(source))
            resolve_handler(draft, source, association->target_ref, association->node);
        else if (is_compensation_boundary(target))
            resolve_handler(draft, target, association->source_ref, association->node);
    }
}

static void resolve_boundary(struct draft *draft, struct draft_element *boundary)
{
    struct draft_element *host;

    if (boundary->element.compensation_handler == BPMN_NONE) {
        if (!draft->has_refused && draft->findings->error_count == 0)
            finding_add(draft->findings, BPMN_ERROR, "compensation-handler", boundary->element.id,
                        boundary->node,
                        "Expected an association to lead from this compensation event to an "
                        "activity with isForCompensation=\"true\".");
        return;
    }
    if (boundary->element.attached_to == BPMN_NONE)
        return;
    host = &draft->elements[boundary->element.attached_to];
    if (host->element.compensation_boundary != BPMN_NONE)
        finding_add(
            draft->findings, BPMN_ERROR, "compensation-handler", boundary->element.id,
            boundary->node, "Expected one compensation event on '%.100s' but '%.100s' is one too.",
            host->element.id, draft->elements[host->element.compensation_boundary].element.id);
    else
        host->element.compensation_boundary = boundary->element.index;
}

/* An event sub-process that compensates is the handler of the sub-process around it. */
static bool starts_compensation(const struct draft *draft, uint32_t index)
{
    const struct bpmn_element *element = &draft->elements[index].element;

    return element->type == BPMN_START_EVENT && element->scope != BPMN_NONE &&
           draft->elements[element->scope].element.type == BPMN_EVENT_SUB_PROCESS &&
           bpmn_element_event(element, BPMN_EVENT_COMPENSATION) != NULL;
}

void resolve_compensation(struct draft *draft)
{
    resolve_associations(draft);
    for (uint32_t i = 0; i < draft->element_count; i++) {
        if (is_compensation_boundary(&draft->elements[i]))
            resolve_boundary(draft, &draft->elements[i]);
    }
    /* What is inside stands behind what is around it. */
    for (uint32_t i = draft->element_count; i-- > 0;) {
        struct bpmn_element *element = &draft->elements[i].element;

        element->compensable = element->compensable || element->compensation_boundary != BPMN_NONE;
        if (element->scope != BPMN_NONE && (element->compensable || starts_compensation(draft, i)))
            draft->elements[element->scope].element.compensable = true;
    }
}
