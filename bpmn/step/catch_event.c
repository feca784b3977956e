/* Intermediate catch events: the token waits for a time, a message, a signal, a condition. */
#include "bpmn/step/element.h"

/* BPMN chapter 13, intermediate events: the token waits for the event. Next: trigger(); one that
 * has happened already (behind an event gateway, at the end of a link) is left at once. */
static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    if (move->triggered || bpmn_element_event(at->element, BPMN_EVENT_LINK) != NULL)
        return step_leave(step, at, ret_error);
    return event_arm(step, at, at->element, BPMN_NONE, ret_error);
}

/* The event has happened: the token goes on. */
static enum status trigger(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                           struct error *ret_error)
{
    bool happened;
    enum status status = event_answered(step, at, wait, &happened, ret_error);

    return status == STATUS_OK && happened ? step_leave(step, at, ret_error) : status;
}

const struct element_hooks catch_event_hooks = {
    .activate = activate,
    .leave = flows_take_true,
    .trigger = trigger,
};
