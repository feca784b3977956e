/* Transaction sub-processes that are cancelled: what is active ends, what is completed is undone,
 * and the flow goes on from the cancel boundary event (BPMN 10.3 and 13.2). */
#include "bpmn/step/element.h"

enum status transaction_cancel(struct step *step, const struct place *at, struct error *ret_error)
{
    const char *reason = arena_format(step->env->arena, "cancelled by '%s'", at->element->id);
    bool waits;
    enum status status;

    compensation_salvage(step, at->scope);
    step_terminate_others(step, at->scope, &at->token, reason);
    status = compensation_throw(step, at, BPMN_NONE, true, &waits, ret_error);
    return status == STATUS_OK && !waits ? transaction_cancelled(step, at, ret_error) : status;
}

enum status transaction_cancelled(struct step *step, const struct place *at,
                                  struct error *ret_error)
{
    struct place transaction;
    const char *reason = arena_format(step->env->arena, "cancelled by '%s'", at->element->id);
    const struct bpmn_element *boundary = NULL;
    enum status status = step_leave(step, at, ret_error);

    if (status != STATUS_OK)
        return status;
    if (!step_owner(step, at->scope, &transaction))
        UNREACHABLE();
    if (step_is_inner(step, transaction.scope, transaction.element))
        (void)step_owner(step, transaction.scope, &transaction);
    for (uint32_t i = 0; i < transaction.element->boundary_count && boundary == NULL; i++) {
        const struct bpmn_element *event = &step->model->elements[transaction.element->boundary[i]];

        if (bpmn_element_event(event, BPMN_EVENT_CANCEL) != NULL)
            boundary = event;
    }
    step_terminate(step, transaction.scope, &transaction.token, reason);
    if (boundary != NULL)
        step_enqueue(step, transaction.scope, boundary->index, BPMN_NONE);
    return STATUS_OK;
}
