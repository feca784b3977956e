/* See scripts.h. */
#include "engine/service/scripts.h"

#include "engine/script/script.h"

static enum status run(const struct bpmn_env *env, const struct bpmn_script *script,
                       const struct script_limits *limits, struct bpmn_script_result *ret_result,
                       struct error *ret_error)
{
    struct script_context context = {.execution_id = script->execution_id,
                                     .process_instance_id = script->instance_id,
                                     .business_key = script->business_key,
                                     .process_definition_id = script->definition_id,
                                     .activity_id = script->element_id,
                                     .now_us = env->now_us,
                                     .store_assignments = !script->keeps_private};
    struct script_result result = {0};
    enum status status = script_run(script->source, script->variables, &context, limits, env->arena,
                                    &result, ret_error);

    /* It may be long, or big, or endless: a worker process finds out, and nobody waits for it. */
    if (status == STATUS_TIMEOUT || status == STATUS_TOO_LARGE) {
        *ret_result = (struct bpmn_script_result){.deferred = true};
        return STATUS_OK;
    }
    if (status != STATUS_OK)
        return status;
    *ret_result = (struct bpmn_script_result){.value = json_incref(result.value),
                                              .assigned = json_incref(result.assignments),
                                              .local = json_incref(result.local_assignments),
                                              .removed = json_incref(result.removed),
                                              .error_code = result.bpmn_error_code};
    script_result_deinit(&result);
    return STATUS_OK;
}

enum status scripts_run_in_step(const struct bpmn_env *env, const struct bpmn_script *script,
                                struct bpmn_script_result *ret_result, struct error *ret_error)
{
    static const struct script_limits limits = {.steps_max = SCRIPT_STEPS_DEFAULT,
                                                .memory_bytes = SCRIPT_MEMORY_DEFAULT};

    return run(env, script, &limits, ret_result, ret_error);
}

enum status scripts_run_alone(const struct bpmn_env *env, const struct bpmn_script *script,
                              struct bpmn_script_result *ret_result, struct error *ret_error)
{
    static const struct script_limits limits = {.steps_max = 100ULL * SCRIPT_STEPS_DEFAULT,
                                                .memory_bytes = 16 * SCRIPT_MEMORY_DEFAULT};

    return run(env, script, &limits, ret_result, ret_error);
}
