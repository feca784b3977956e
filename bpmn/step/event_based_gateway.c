/* Event-based gateway: the first of the events behind it decides where the token goes. */
#include "bpmn/step/element.h"

/* The flow from the gateway to one of its targets. */
static uint32_t flow_to(const struct step *step, const struct bpmn_element *gateway,
                        uint32_t target)
{
    for (uint32_t i = 0; i < gateway->outgoing_count; i++) {
        if (step->model->flows[gateway->outgoing[i]].target == target)
            return gateway->outgoing[i];
    }
    UNREACHABLE();
}

static enum status go_to(struct step *step, const struct place *at, uint32_t target,
                         uint32_t definition, struct error *ret_error)
{
    uint32_t flow = flow_to(step, at->element, target);
    enum status status = flows_record(step, at, flow, ret_error);

    if (status == STATUS_OK)
        step_enqueue_triggered(step, at->scope, target, flow, definition);
    return status;
}

/* The targets' waits are on the gateway's token, but not that of `without`. */
static enum status arm_targets(struct step *step, const struct place *at, uint32_t without,
                               struct error *ret_error)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < at->element->outgoing_count && status == STATUS_OK; i++) {
        uint32_t target = step->model->flows[at->element->outgoing[i]].target;

        if (target != without)
            status = event_arm(step, at, &step->model->elements[target], BPMN_NONE, ret_error);
    }
    return status;
}

/* BPMN 13.3, event-based gateway: it waits for all of its events. One that starts the process has
 * had its first event (`definition` is that target): an exclusive one goes on with it, a parallel
 * one also waits for the others, which belong to the same instance. */
static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    enum status status;

    if (!move->triggered)
        return arm_targets(step, at, BPMN_NONE, ret_error);
    if (!at->element->parallel_events) {
        status = step_leave(step, at, ret_error);
        return status == STATUS_OK ? go_to(step, at, move->definition, 0, ret_error) : status;
    }
    status = arm_targets(step, at, move->definition, ret_error);
    if (status == STATUS_OK)
        status = go_to(step, at, move->definition, 0, ret_error);
    if (status == STATUS_OK && step_token(step, at)->wait_count == 0)
        status = step_leave(step, at, ret_error);
    return status;
}

/* One definition of a target was enough. */
static void cancel_rest(struct step *step, const struct place *at, uint32_t target)
{
    uint32_t i = 0;

    while (i < step_token(step, at)->wait_count) {
        struct bpmn_wait wait = step_token(step, at)->waits[i];

        if (wait.element == target)
            step_cancel_wait(step, at, &wait, NULL);
        else
            i++;
    }
}

/* The first event wins, the others are no longer waited for; a parallel gateway waits for each. */
static enum status trigger(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                           struct error *ret_error)
{
    bool happened;
    enum status status = event_answered(step, at, wait, &happened, ret_error);

    if (status != STATUS_OK || !happened)
        return status;
    cancel_rest(step, at, wait->element);
    if (!at->element->parallel_events || step_token(step, at)->wait_count == 0)
        status = step_leave(step, at, ret_error);
    return status == STATUS_OK ? go_to(step, at, wait->element, wait->definition, ret_error)
                               : status;
}

/* Which flow it is, is known only to whoever was triggered. */
static enum status leave(struct step *step, const struct place *at, struct error *ret_error)
{
    (void)step;
    (void)at;
    (void)ret_error;
    return STATUS_OK;
}

const struct element_hooks event_based_gateway_hooks = {
    .activate = activate,
    .leave = leave,
    .trigger = trigger,
};
