/* End events: none, message, signal, escalation, error, compensation, cancel, terminate, several.
 */
#include "bpmn/step/element.h"

/* BPMN chapter 13, end events: a terminate event ends everything that is still active in its
 * process or sub-process; a sub-process then completes normally. Next: nothing is left. */
static enum status terminate_scope(struct step *step, const struct place *at, bool all,
                                   struct error *ret_error)
{
    const char *reason = arena_format(step->env->arena, "terminated by '%s'", at->element->id);
    struct bpmn_change completed;

    step_terminate_all(step, all ? 0 : at->scope, reason);
    if (!all && !step_is_root(step, at->scope))
        return step_close_scope(step, at->scope, ret_error);
    completed = step_change(step, BPMN_CHANGE_INSTANCE_COMPLETED, NULL);
    completed.element = at->element->index;
    step_record(step, &completed);
    return STATUS_OK;
}

static const struct bpmn_event_definition *defined(const struct place *at,
                                                   enum bpmn_event_kind kind)
{
    return bpmn_element_event(at->element, kind);
}

static enum status throw_error(struct step *step, const struct place *at,
                               const struct bpmn_event_definition *error, struct error *ret_error)
{
    const char *code = error->code != NULL ? error->code : "";
    enum status status =
        evaluate_optional(step, at, error->code_expression, "error code", &code, ret_error);

    if (status == STATUS_OK && step_token(step, at) != NULL)
        status = step_leave(step, at, ret_error);
    return status == STATUS_OK ? error_throw(step, at, code, NULL, ret_error) : status;
}

/* The token is consumed; what else happens depends on the event. One that undoes keeps its token
 * until that is done, so that the scope stays; the others have completed when they throw, whatever
 * it is that they interrupt. */
static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    const struct bpmn_event_definition *terminate = defined(at, BPMN_EVENT_TERMINATE);
    const struct bpmn_event_definition *error = defined(at, BPMN_EVENT_ERROR);
    bool undoes = defined(at, BPMN_EVENT_COMPENSATION) != NULL;
    bool goes_on = true;
    enum status status = STATUS_OK;

    (void)move;
    if (defined(at, BPMN_EVENT_CANCEL) != NULL)
        return transaction_cancel(step, at, ret_error);
    if (error != NULL && at->element->events.count == 1)
        return throw_error(step, at, error, ret_error);
    if (!undoes)
        status = step_leave(step, at, ret_error);
    if (status == STATUS_OK)
        status = throw_events(step, at, &goes_on, ret_error);
    if (status != STATUS_OK || !goes_on)
        return status;
    if (error != NULL)
        return throw_error(step, at, error, ret_error);
    if (undoes)
        status = step_leave(step, at, ret_error);
    if (status == STATUS_OK && terminate != NULL)
        status = terminate_scope(step, at, terminate->terminate_all, ret_error);
    return status;
}

const struct element_hooks end_event_hooks = {
    .activate = activate,
    .leave = flows_take_true, /* an end event has no flows out: the path ends */
};
