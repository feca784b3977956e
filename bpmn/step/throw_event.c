/* Intermediate throw events: none, message, signal, escalation, compensation, link, several. */
#include "bpmn/step/element.h"

/* BPMN 13.4, throw events: the token throws on arrival and leaves. Possible actions: throw and
 * leave; wait until what is to be undone is undone; be gone, because what was thrown interrupted
 * the scope. */
static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    bool goes_on = true;
    enum status status = throw_events(step, at, &goes_on, ret_error);

    (void)move;
    return status == STATUS_OK && goes_on ? step_leave(step, at, ret_error) : status;
}

/* A link is a flow without a line: the token goes on at the other end. */
static enum status leave(struct step *step, const struct place *at, struct error *ret_error)
{
    if (at->element->link_target == BPMN_NONE)
        return flows_take_true(step, at, ret_error);
    step_enqueue_triggered(step, at->scope, at->element->link_target, BPMN_NONE, 0);
    return STATUS_OK;
}

const struct element_hooks throw_event_hooks = {
    .activate = activate,
    .leave = leave,
};
