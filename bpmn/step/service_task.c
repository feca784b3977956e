/* Service tasks: a module's handler, an external worker's job, or an expression. */
#include "bpmn/step/element.h"

static enum status evaluate_expression(struct step *step, const struct place *at,
                                       struct error *ret_error)
{
    json_t *value = NULL;
    enum status status =
        evaluate_value(step, at, at->element->expression, "expression", &value, ret_error);

    if (status != STATUS_OK)
        return status;
    if (at->element->result_variable != NULL)
        variables_set(step, at->scope, at->element->result_variable, value);
    json_decref(value);
    return step_leave(step, at, ret_error);
}

/* BPMN 13.2, service task: the service is called on activation; when it is done so is the task.
 * Possible actions: evaluate and leave; or ask and wait. Next: trigger() when the answer has come,
 * error_throw() when it is a BPMN error. */
static enum status activate(struct step *step, const struct place *at, struct error *ret_error)
{
    bool external = at->element->service == BPMN_SERVICE_EXTERNAL_WORKER;
    struct bpmn_change asked =
        step_change(step, external ? BPMN_CHANGE_JOB_CREATED : BPMN_CHANGE_HANDLER_CALLED, at);
    enum status status;

    if (at->element->service == BPMN_SERVICE_EXPRESSION)
        return evaluate_expression(step, at, ret_error);
    status = evaluate_text(step, at, at->element->topic, "topic", &asked.name, ret_error);
    if (status != STATUS_OK)
        return status;
    if (asked.name == NULL || asked.name[0] == '\0') {
        error_set(ret_error, STATUS_FAILED, "Expected a name but it is empty.");
        return evaluate_failed(at->element, "topic", ret_error);
    }
    step_wait(step, &asked);
    return STATUS_OK;
}

static enum status trigger(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                           struct error *ret_error)
{
    step_wait_over(step, at, wait,
                   wait->kind == BPMN_WAIT_JOB ? BPMN_CHANGE_JOB_COMPLETED
                                               : BPMN_CHANGE_HANDLER_RETURNED);
    return step_leave(step, at, ret_error);
}

const struct element_hooks service_task_hooks = {
    .activate = activate,
    .leave = flows_take_true,
    .trigger = trigger,
};
