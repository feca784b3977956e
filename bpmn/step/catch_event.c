/* Intermediate catch events: the token waits for a time or for a message. */
#include "bpmn/step/element.h"

static enum status await_message(struct step *step, const struct place *at, struct error *ret_error)
{
    struct bpmn_change change = step_change(step, BPMN_CHANGE_MESSAGE_AWAITED, at);
    enum status status =
        evaluate_text(step, at, at->element->message_name, "message name", &change.name, ret_error);

    if (status != STATUS_OK)
        return status;
    if (change.name == NULL || change.name[0] == '\0') {
        error_set(ret_error, STATUS_FAILED, "Expected a name but it is empty.");
        return evaluate_failed(at->element, "message name", ret_error);
    }
    step_wait(step, &change);
    return STATUS_OK;
}

/* BPMN chapter 13, intermediate events: the token waits for the event. Next: trigger(). */
static enum status activate(struct step *step, const struct place *at, struct error *ret_error)
{
    return at->element->event == BPMN_EVENT_TIMER ? timer_arm(step, at, at->element, ret_error)
                                                  : await_message(step, at, ret_error);
}

/* The event has happened: the token goes on. */
static enum status trigger(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                           struct error *ret_error)
{
    step_wait_over(step, at, wait,
                   wait->kind == BPMN_WAIT_TIMER ? BPMN_CHANGE_TIMER_FIRED
                                                 : BPMN_CHANGE_MESSAGE_RECEIVED);
    return step_leave(step, at, ret_error);
}

const struct element_hooks catch_event_hooks = {
    .activate = activate,
    .leave = flows_take_true,
    .trigger = trigger,
};
