/* Receive task: waits for its message; without one, until somebody triggers it. */
#include "bpmn/step/element.h"

/* BPMN 13.2, receive task: on activation it waits for the message; when that arrives it completes.
 * One that has received it already (it started the process, or stood behind an event gateway) is
 * left at once. */
static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    struct bpmn_change wait = step_change(step, BPMN_CHANGE_TRIGGER_AWAITED, at);

    if (move->triggered)
        return step_leave(step, at, ret_error);
    if (at->element->events.count > 0)
        return event_arm(step, at, at->element, BPMN_NONE, ret_error);
    step_wait(step, &wait);
    return STATUS_OK;
}

static enum status trigger(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                           struct error *ret_error)
{
    step_wait_over(step, at, wait);
    return step_leave(step, at, ret_error);
}

const struct element_hooks receive_task_hooks = {
    .activate = activate,
    .leave = flows_take_true,
    .trigger = trigger,
};
