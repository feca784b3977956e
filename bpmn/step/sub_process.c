/* Embedded sub-process: a scope of its own, with its own variables, inside the process. */
#include "bpmn/step/element.h"

/* BPMN 13.2, sub-process: a token that reaches it starts it, beginning with its own none start
 * event. Next: step_close_empty() leaves it when nothing is left inside. */
static enum status activate(struct step *step, const struct place *at, struct error *ret_error)
{
    struct bpmn_change opened = step_change(step, BPMN_CHANGE_SCOPE_OPENED, at);

    (void)ret_error; /* cannot fail; the signature is the hook's */
    opened.scope_id = uuid_next(step->env->ids);
    step_record(step, &opened);
    step_enqueue(step, step->instance->scope_count - 1, at->element->start_event, BPMN_NONE);
    return STATUS_OK;
}

const struct element_hooks sub_process_hooks = {
    .activate = activate,
    .leave = flows_take_true,
};
