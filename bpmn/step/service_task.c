/* Service tasks, and business rule tasks: a module's handler, an external worker's job, an
 * expression, a script. */
#include "bpmn/step/element.h"

/* After its work a triggerable task waits for somebody to say that it is done. */
static enum status worked(struct step *step, const struct place *at, struct error *ret_error)
{
    struct bpmn_change wait = step_change(step, BPMN_CHANGE_TRIGGER_AWAITED, at);

    if (!at->element->triggerable)
        return step_leave(step, at, ret_error);
    step_wait(step, &wait);
    return STATUS_OK;
}

static void take_result(struct step *step, const struct place *at, const json_t *value)
{
    const char *name = at->element->result_variable;

    if (name == NULL || value == NULL)
        return;
    if (at->element->result_local)
        variables_set_local(step, at->scope, name, value);
    else
        variables_set(step, at->scope, name, value);
}

static enum status evaluate_expression(struct step *step, const struct place *at,
                                       struct error *ret_error)
{
    const char *what = at->element->type == BPMN_SCRIPT_TASK ? "script" : "expression";
    json_t *value = NULL;
    enum status status = evaluate_value(step, at, at->element->expression, what, &value, ret_error);

    if (status != STATUS_OK)
        return status;
    take_result(step, at, value);
    json_decref(value);
    return worked(step, at, ret_error);
}

/* Next: left, or a BPMN error; a script that needs long runs outside and comes back as a command.
 */
static enum status run_script(struct step *step, const struct place *at, struct error *ret_error)
{
    struct bpmn_change deferred = step_change(step, BPMN_CHANGE_SCRIPT_DEFERRED, at);
    const char *error_code = NULL;
    json_t *value = NULL;
    bool is_deferred = false;
    enum status status =
        script_run_source(step, at, at->element->script, at->element->script_keeps_private,
                          &is_deferred, &value, &error_code, ret_error);

    if (status != STATUS_OK)
        return status;
    if (is_deferred) {
        status = evaluate_priority(step, at, &deferred.index, ret_error);
        if (status == STATUS_OK)
            step_wait(step, &deferred);
        return status;
    }
    if (error_code != NULL) {
        json_decref(value);
        return error_throw(step, at, error_code, NULL, ret_error);
    }
    take_result(step, at, value);
    json_decref(value);
    return worked(step, at, ret_error);
}

static enum status ask(struct step *step, const struct place *at, struct error *ret_error)
{
    bool external = at->element->service == BPMN_SERVICE_EXTERNAL_WORKER;
    struct bpmn_change asked =
        step_change(step, external ? BPMN_CHANGE_JOB_CREATED : BPMN_CHANGE_HANDLER_CALLED, at);
    enum status status =
        evaluate_name(step, at, at->element->topic, "topic", &asked.name, ret_error);

    if (status == STATUS_OK && external)
        status = evaluate_priority(step, at, &asked.index, ret_error);
    if (status == STATUS_OK)
        step_wait(step, &asked);
    return status;
}

/* BPMN 13.2, service task: the service is called on activation; when it is done so is the task.
 * Possible actions: evaluate and leave; or ask and wait. Next: trigger() when the answer has come,
 * error_throw() when it is a BPMN error. */
static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    (void)move;
    switch (at->element->service) {
    case BPMN_SERVICE_EXPRESSION:
        return evaluate_expression(step, at, ret_error);
    case BPMN_SERVICE_JAVASCRIPT:
        return run_script(step, at, ret_error);
    case BPMN_SERVICE_TOPIC:
    case BPMN_SERVICE_EXTERNAL_WORKER:
        return ask(step, at, ret_error);
    case BPMN_SERVICE_NONE:
        return worked(step, at, ret_error);
    }
    UNREACHABLE();
}

static enum status trigger(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                           struct error *ret_error)
{
    step_wait_over(step, at, wait);
    if (wait->kind == BPMN_WAIT_TRIGGER)
        return step_leave(step, at, ret_error);
    if (wait->kind == BPMN_WAIT_SCRIPT)
        take_result(step, at, step->command->value);
    return worked(step, at, ret_error);
}

const struct element_hooks service_task_hooks = {
    .activate = activate,
    .leave = flows_take_true,
    .trigger = trigger,
};
