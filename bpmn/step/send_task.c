/* Send task: throws its message; one with a service behind it is a service task. */
#include "bpmn/step/element.h"

/* BPMN 13.2, send task: on activation the message is sent; then it completes. */
static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    enum status status;

    if (at->element->service != BPMN_SERVICE_NONE)
        return service_task_hooks.activate(step, at, move, ret_error);
    status = at->element->events.count > 0
                 ? throw_implicit(step, at, &at->element->events.items[0], ret_error)
                 : STATUS_OK;
    return status == STATUS_OK ? step_leave(step, at, ret_error) : status;
}

static enum status trigger(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                           struct error *ret_error)
{
    return service_task_hooks.trigger(step, at, wait, ret_error);
}

const struct element_hooks send_task_hooks = {
    .activate = activate,
    .leave = flows_take_true,
    .trigger = trigger,
};
