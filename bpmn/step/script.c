/* JavaScript within a step: what a script sees, and what is taken over from it. */
#include "bpmn/step/element.h"

void script_take(struct step *step, uint32_t scope, const json_t *assigned, const json_t *local)
{
    const char *name;
    json_t *value;

    variables_merge(step, scope, assigned);
    json_object_foreach ((json_t *)local, name, value) {
        variables_set_local(step, scope, name, value);
    }
}

static void remove_all(struct step *step, uint32_t scope, const json_t *names)
{
    const json_t *name;
    size_t i;

    json_array_foreach (names, i, name) {
        if (json_is_string(name))
            variables_remove(step, scope, json_string_value(name));
    }
}

enum status script_run_source(struct step *step, const struct place *at, const char *source,
                              bool keeps_private, bool *ret_deferred, json_t **ret_value,
                              const char **ret_error_code, struct error *ret_error)
{
    char execution_id[UUID_TEXT_BYTES];
    struct bpmn_script_result result = {0};
    struct bpmn_script script = {.source = source,
                                 .keeps_private = keeps_private,
                                 .instance_id = step->instance_id,
                                 .execution_id = uuid_format(&at->token, execution_id),
                                 .business_key = step->instance->business_key,
                                 .definition_id = step->instance->definition_id,
                                 .element_id = at->element->id};
    json_t *visible;
    enum status status;

    if (step->env->run_script == NULL) {
        error_set(ret_error, STATUS_FAILED, "Expected a script engine but there is none here.");
        return evaluate_failed(at->element, "script", ret_error);
    }
    visible = variables_visible(step, at->scope);
    script.variables = visible;
    status = step->env->run_script(step->env, &script, &result, ret_error);
    json_decref(visible);
    if (status != STATUS_OK)
        return evaluate_failed(at->element, "script", ret_error);
    if (result.error_code != NULL)
        *ret_error_code = arena_copy(step->env->arena, result.error_code);
    script_take(step, at->scope, result.assigned, result.local);
    remove_all(step, at->scope, result.removed);
    json_decref(result.assigned);
    json_decref(result.local);
    json_decref(result.removed);
    *ret_value = result.value;
    *ret_deferred = result.deferred;
    return STATUS_OK;
}
