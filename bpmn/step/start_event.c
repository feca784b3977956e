/* None start event: where a process and each embedded sub-process begins. */
#include "bpmn/step/element.h"

/* BPMN chapter 13, start events: the flow out of the event gets a token. Next: left at once. */
static enum status activate(struct step *step, const struct place *at, struct error *ret_error)
{
    return step_leave(step, at, ret_error);
}

const struct element_hooks start_event_hooks = {
    .activate = activate,
    .leave = flows_take_true,
};
