/* Timers of tokens: arming them, and arming the next firing of a cycle. Only events that interrupt
 * nothing repeat (boundary events, event sub-processes): the others can happen but once. */
#include "bpmn/step/element.h"
#include "bpmn/step/timer_plan.h"

/* Can it happen again? A catch event's token goes on; an interrupting event ends what it is for. */
static bool may_repeat(const struct bpmn_element *event)
{
    return !event->interrupting &&
           (event->type == BPMN_BOUNDARY_EVENT || event->type == BPMN_START_EVENT);
}

static void arm(struct step *step, const struct place *at, const struct bpmn_element *event,
                uint32_t definition, const struct timer_plan *plan)
{
    struct bpmn_change change = step_change(step, BPMN_CHANGE_TIMER_ARMED, at);

    change.element = event->index;
    change.definition = definition;
    change.due_us = plan->due_us;
    change.repeat = plan->repeat;
    change.repeats_left = plan->repeats_left;
    step_wait(step, &change);
}

enum status timer_arm(struct step *step, const struct place *at, const struct bpmn_element *event,
                      uint32_t definition, struct error *ret_error)
{
    const struct bpmn_event_definition *defined = &event->events.items[definition];
    struct timer_plan plan;
    const char *text = NULL;
    struct place seen_from = *at;
    enum status status;

    PRE(defined->kind == BPMN_EVENT_TIMER && defined->timer != NULL);
    seen_from.element = event; /* errors name the event, not the activity it is attached to */
    status = evaluate_text(step, &seen_from, defined->timer, "timer", &text, ret_error);
    if (status != STATUS_OK)
        return status;
    status = timer_plan(defined->timer_kind, text != NULL ? text : "", may_repeat(event),
                        step->env->now_us, step->env->arena, &plan, ret_error);
    if (status != STATUS_OK)
        return evaluate_failed(event, "timer", ret_error);
    if (plan.never) {
        /* A boundary event that can not happen any more is not armed. A token may not be stuck at
         * a catch event for ever: it goes on at once. */
        if (event->type == BPMN_BOUNDARY_EVENT || event->type == BPMN_START_EVENT)
            return STATUS_OK;
        plan.due_us = step->env->now_us;
    }
    arm(step, at, event, definition, &plan);
    return STATUS_OK;
}

enum status timer_repeat(struct step *step, const struct place *at, const struct bpmn_wait *fired,
                         struct error *ret_error)
{
    const struct bpmn_element *event = &step->model->elements[fired->element];
    struct timer_plan plan;
    enum status status = timer_plan_next(fired->repeat, fired->repeats_left, fired->due_us,
                                         step->env->now_us, &plan, ret_error);

    if (status != STATUS_OK)
        return evaluate_failed(event, "timer", ret_error);
    if (!plan.never)
        arm(step, at, event, fired->definition, &plan);
    return STATUS_OK;
}
