/* Boundary events: what can interrupt an activity, or start a path beside it. Their waits belong to
 * the activity's token (that of its body, if it has one); those for errors, escalations,
 * compensation and cancellation wait for nothing and are found by whoever throws. */
#include "bpmn/step/element.h"

enum status boundary_arm(struct step *step, const struct place *at, struct error *ret_error)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < at->element->boundary_count && status == STATUS_OK; i++)
        status = event_arm(step, at, &step->model->elements[at->element->boundary[i]], BPMN_NONE,
                           ret_error);
    return status;
}

/* The event has happened and its path begins. Next: left at once. */
static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    (void)move;
    return step_leave(step, at, ret_error);
}

/* BPMN chapter 13, boundary events: an interrupting one terminates the activity, another lets it go
 * on; in both cases a new token starts at the event. */
void boundary_happened(struct step *step, const struct place *at, const struct bpmn_element *event)
{
    if (event->interrupting)
        step_terminate(step, at->scope, &at->token,
                       arena_format(step->env->arena, "interrupted by '%s'", event->id));
    step_enqueue(step, at->scope, event->index, BPMN_NONE);
}

/* `at` is the activity. */
static enum status trigger(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                           struct error *ret_error)
{
    const struct bpmn_element *event = &step->model->elements[wait->element];
    bool happened;
    enum status status = event_answered(step, at, wait, &happened, ret_error);

    if (status != STATUS_OK || !happened)
        return status;
    if (!event->interrupting)
        status = event_rearm(step, at, event, wait, ret_error);
    if (status == STATUS_OK)
        boundary_happened(step, at, event);
    return status;
}

const struct element_hooks boundary_event_hooks = {
    .activate = activate,
    .leave = flows_take_true,
    .trigger = trigger,
};
