/* Start events: where a process and each sub-process begins, and what an event sub-process listens
 * with. */
#include "bpmn/step/element.h"

/* BPMN chapter 13, start events: the flow out of the event gets a token. Possible actions: leave; a
 * parallel multiple start of a process waits for its other events, which belong to the same
 * instance. */
static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    if (move->triggered && at->element->parallel_multiple && at->element->events.count > 1 &&
        step_is_root(step, at->scope))
        return event_arm(step, at, at->element, move->definition, ret_error);
    return step_leave(step, at, ret_error);
}

/* What an event sub-process listens for has happened. BPMN 13.4: an interrupting one ends
 * everything else in its scope; another one runs beside it, and may start again. */
static enum status start_sub_process(struct step *step, const struct place *at,
                                     const struct bpmn_element *start, const struct bpmn_wait *wait,
                                     struct error *ret_error)
{
    const struct bpmn_element *sub_process = at->element;
    enum status status = STATUS_OK;

    if (start->interrupting)
        step_terminate_all(step, at->scope,
                           arena_format(step->env->arena, "interrupted by '%s'", sub_process->id));
    else
        status = event_rearm(step, at, start, wait, ret_error);
    if (status == STATUS_OK)
        event_sub_process_start(step, at->scope, sub_process, wait->definition);
    return status;
}

static enum status trigger(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                           struct error *ret_error)
{
    const struct bpmn_element *start = &step->model->elements[wait->element];
    bool happened;
    enum status status = event_answered(step, at, wait, &happened, ret_error);

    if (status != STATUS_OK || !happened)
        return status;
    if (at->element == start)
        return step_leave(step, at, ret_error);
    return start_sub_process(step, at, start, wait, ret_error);
}

const struct element_hooks start_event_hooks = {
    .activate = activate,
    .leave = flows_take_true,
    .trigger = trigger,
};
