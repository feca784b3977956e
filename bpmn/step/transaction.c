/* Transaction sub-processes that are cancelled: what is active ends, what is completed is undone,
 * and the flow goes on from the cancel boundary event (BPMN 10.3 and 13.2). */
#include "bpmn/step/element.h"

/* Everything in the transaction but the token that cancels it. */
static void end_others(struct step *step, const struct place *at)
{
    const char *reason = arena_format(step->env->arena, "cancelled by '%s'", at->element->id);
    struct bpmn_change swept = step_change(step, BPMN_CHANGE_SWEPT, NULL);
    const struct bpmn_scope *scope = &step->instance->scopes[at->scope];

    for (uint32_t i = scope->token_count; i > 0; i--) {
        struct uuid token = step->instance->scopes[at->scope].tokens[i - 1].id;

        if (!uuid_equal(&token, &at->token))
            step_terminate(step, at->scope, &token, reason);
    }
    swept.scope_id = step->instance->scopes[at->scope].id;
    if (step->instance->scopes[at->scope].arrival_count > 0 || step_in_flight(step, at->scope) > 0)
        step_record(step, &swept);
}

enum status transaction_cancel(struct step *step, const struct place *at, struct error *ret_error)
{
    bool waits;
    enum status status;

    end_others(step, at);
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
