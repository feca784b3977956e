/* Jobs of the engine's own: what a row asks for becomes a step; the row goes in the same
 * transaction, so that it has its effect exactly once. */
#include "engine/command/unit.h"

#include <string.h>

static const json_t *variables_of(const struct unit_job *job)
{
    const json_t *variables = json_object_get(job->payload, "variables");

    return json_is_object(variables) ? variables : NULL;
}

static bool subscription_of(const struct unit_job *job, struct uuid *ret_id)
{
    const char *text = json_string_value(json_object_get(job->payload, "subscription"));

    return text != NULL && uuid_parse(text, ret_id);
}

/* ---- a script ----------------------------------------------------------------------------------
 */

static json_t *visible(struct bpmn_instance *instance, const struct bpmn_scope *scope)
{
    json_t *variables = json_copy(scope->variables);

    while (scope->parent != BPMN_NONE) {
        scope = &instance->scopes[scope->parent];
        (void)json_object_update_missing(variables, scope->variables);
    }
    return variables;
}

static const char *id_text(struct unit *unit, const struct uuid *id)
{
    char *text = arena_alloc(unit->arena, UUID_TEXT_BYTES);

    return uuid_format(id, text);
}

/* What it needs is handed out; the row stays until its answer comes as a command of its own. */
static enum status hand_out_script(struct unit *unit, struct unit_item *item,
                                   struct error *ret_error)
{
    struct bpmn_instance *instance = &item->instance->instance;
    struct bpmn_scope *scope = NULL;
    const struct bpmn_token *token = bpmn_instance_waiting(instance, &item->job->id, &scope, NULL);
    const struct bpmn_element *element;

    if (token == NULL)
        return error_set(ret_error, STATUS_NOT_FOUND, "The script is not waited for any more.");
    element = &instance->model->elements[token->element];
    item->script = arena_alloc(unit->arena, sizeof(*item->script));
    *item->script = (struct bpmn_script){.source = element->script,
                                         .variables = visible(instance, scope),
                                         .keeps_private = element->script_keeps_private,
                                         .instance_id = id_text(unit, &instance->id),
                                         .execution_id = id_text(unit, &token->id),
                                         .business_key = instance->business_key,
                                         .definition_id = instance->definition_id,
                                         .element_id = element->id};
    return STATUS_OK;
}

/* ---- steps
 * --------------------------------------------------------------------------------------- */

static enum status start(struct unit *unit, struct unit_item *item, struct error *ret_error)
{
    const struct unit_job *job = item->job;
    struct definition_cache *cache = unit->queue->settings.definitions;
    const struct definition *definition = job->definition_id[0] != '\0'
                                              ? definition_by_id(cache, job->definition_id)
                                              : definition_latest(cache, job->name);
    struct bpmn_command step = {
        .kind = BPMN_START,
        .element = job->element_id[0] != '\0' ? job->element_id : NULL,
        .definition = (uint32_t)json_integer_value(json_object_get(job->payload, "definition")),
        .variables = variables_of(job)};

    if (definition == NULL && job->definition_id[0] == '\0')
        return error_set(ret_error, STATUS_FAILED,
                         "Expected process '%.200s' to be deployed but it is not.", job->name);
    if (definition == NULL)
        return error_set(ret_error, STATUS_NOT_FOUND,
                         "Expected the process definition '%.200s' but it has been deleted.",
                         job->definition_id);
    return unit_start_item(unit, item, definition,
                           json_string_value(json_object_get(job->payload, "businessKey")), &step,
                           ret_error);
}

static enum status step_instance(struct unit *unit, struct unit_item *item, struct error *ret_error)
{
    const struct unit_job *job = item->job;
    struct bpmn_command step = {.target = job->id, .variables = variables_of(job)};

    switch (job->kind) {
    case JOB_CONTINUATION:
        step.kind = BPMN_CONTINUE;
        break;
    case JOB_SIGNAL:
    case JOB_MESSAGE:
        step.kind = job->kind == JOB_SIGNAL ? BPMN_RECEIVE_SIGNAL : BPMN_RECEIVE_MESSAGE;
        step.name = job->name;
        if (!subscription_of(job, &step.target))
            return error_set(ret_error, STATUS_NOT_FOUND, "The job names no subscription.");
        break;
    case JOB_END:
        step.kind = BPMN_TERMINATE;
        step.reason = job->name;
        item->instance->end_told = true;
        break;
    default:
        return error_set(ret_error, STATUS_INTERNAL, "The job is of an unknown kind: %d.",
                         (int)job->kind);
    }
    return unit_step_item(unit, item, &step, ret_error);
}

static enum status check_instance(const struct unit_item *item, struct error *ret_error)
{
    const struct unit_instance *instance = item->instance;

    if (instance == NULL || instance->instance.status != BPMN_INSTANCE_ACTIVE)
        return error_set(ret_error, STATUS_NOT_FOUND, "The job's process instance has ended.");
    if (instance->suspended && item->job->kind != JOB_END)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected the job's process instance to be active but it is suspended.");
    if (instance->definition == NULL)
        return error_set(ret_error, STATUS_INTERNAL,
                         "Expected the definition '%.200s' of the instance but it is gone.",
                         instance->definition_id);
    return STATUS_OK;
}

enum status unit_perform_job(struct unit *unit, struct unit_item *item, struct error *ret_error)
{
    char id[UUID_TEXT_BYTES];
    enum status status;

    if (item->job == NULL)
        return error_set(ret_error, STATUS_NOT_FOUND, "Could not find a job with id '%s'.",
                         uuid_format(&item->command->target, id));
    if (uuid_is_zero(&item->job->instance_id)) {
        status = start(unit, item, ret_error);
    } else {
        status = check_instance(item, ret_error);
        if (status == STATUS_OK)
            status = unit_ready_instance(unit, item->instance, ret_error);
        if (status == STATUS_OK && item->job->kind == JOB_SCRIPT)
            return hand_out_script(unit, item, ret_error);
        if (status == STATUS_OK)
            status = step_instance(unit, item, ret_error);
    }
    item->job_done = status == STATUS_OK || status == STATUS_NOT_FOUND;
    item->reroutes = status == STATUS_NOT_FOUND && item->job->kind == JOB_MESSAGE;
    return status;
}
