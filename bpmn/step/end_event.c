/* End events: none, terminate, error. */
#include "bpmn/step/element.h"

/* BPMN chapter 13, end events: a terminate event ends everything that is still active in its
 * process or sub-process; a sub-process then completes normally. Next: nothing is left. */
static enum status terminate_scope(struct step *step, const struct place *at,
                                   struct error *ret_error)
{
    const char *reason = arena_format(step->env->arena, "terminated by '%s'", at->element->id);
    struct bpmn_change completed;

    step_terminate_all(step, at->scope, reason);
    if (!step_is_root(step, at->scope))
        return step_close_scope(step, at->scope, ret_error);
    completed = step_change(step, BPMN_CHANGE_INSTANCE_COMPLETED, NULL);
    completed.element = at->element->index;
    step_record(step, &completed);
    return STATUS_OK;
}

/* The token is consumed; what else happens depends on the event. */
static enum status activate(struct step *step, const struct place *at, struct error *ret_error)
{
    enum status status = step_leave(step, at, ret_error);

    if (status != STATUS_OK)
        return status;
    switch (at->element->event) {
    case BPMN_EVENT_TERMINATE:
        return terminate_scope(step, at, ret_error);
    case BPMN_EVENT_ERROR:
        error_throw(step, at, at->element->error_code != NULL ? at->element->error_code : "");
        return STATUS_OK;
    default:
        return STATUS_OK;
    }
}

const struct element_hooks end_event_hooks = {
    .activate = activate,
    .leave = flows_take_true, /* an end event has no flows out: the path ends */
};
