/* Script task: an expression that is evaluated in the step; its value becomes a variable. */
#include "bpmn/step/element.h"

/* BPMN 13.2, script task: the script runs on activation; when it is done so is the task. Next: left
 * at once. */
static enum status activate(struct step *step, const struct place *at, struct error *ret_error)
{
    json_t *value = NULL;
    enum status status =
        evaluate_value(step, at, at->element->expression, "script", &value, ret_error);

    if (status != STATUS_OK)
        return status;
    if (at->element->result_variable != NULL)
        variables_set(step, at->scope, at->element->result_variable, value);
    json_decref(value);
    return step_leave(step, at, ret_error);
}

const struct element_hooks script_task_hooks = {
    .activate = activate,
    .leave = flows_take_true,
};
