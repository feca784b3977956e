/* Boundary events: what can interrupt an activity, or start a path beside it. A boundary timer's
 * wait belongs to the activity's token; error boundary events wait for nothing and are found by
 * throw.c. */
#include "bpmn/step/element.h"

enum status boundary_arm(struct step *step, const struct place *at, struct error *ret_error)
{
    for (uint32_t i = 0; i < at->element->boundary_count; i++) {
        const struct bpmn_element *event = &step->model->elements[at->element->boundary[i]];
        enum status status = STATUS_OK;

        if (event->event == BPMN_EVENT_TIMER)
            status = timer_arm(step, at, event, ret_error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* The event has happened and its path begins. Next: left at once. */
static enum status activate(struct step *step, const struct place *at, struct error *ret_error)
{
    return step_leave(step, at, ret_error);
}

/* BPMN chapter 13, boundary events: an interrupting one terminates the activity, another lets it go
 * on; in both cases a new token starts at the event. `at` is the activity. */
static enum status trigger(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                           struct error *ret_error)
{
    const struct bpmn_element *event = &step->model->elements[wait->element];
    enum status status = STATUS_OK;

    PRE(wait->kind == BPMN_WAIT_TIMER);
    step_wait_over(step, at, wait, BPMN_CHANGE_TIMER_FIRED);
    if (event->interrupting)
        step_terminate(step, at->scope, &at->token,
                       arena_format(step->env->arena, "interrupted by '%s'", event->id));
    else
        status = timer_repeat(step, at, wait, ret_error);
    if (status == STATUS_OK)
        step_enqueue(step, at->scope, event->index, BPMN_NONE);
    return status;
}

const struct element_hooks boundary_event_hooks = {
    .activate = activate,
    .leave = flows_take_true,
    .trigger = trigger,
};
