/* Which variables a worker sees: all that its task sees, unless the model hides them or names those
 * that it is given. The model may have to be loaded first. */
#include "engine/api/external_job.h"

#include "engine/base/clock.h"

struct view {
    struct definition_cache *definitions;
    struct http_request *request;
    json_t *jobs; /* owned */
};

struct job_scope {
    struct expression_scope scope;
    const json_t *variables;
};

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* An absent variable is null: data that does not exist yet is no error. */
static const json_t *lookup(const struct expression_scope *scope, const char *name)
{
    const json_t *value =
        json_object_get(CONTAINER_OF(scope, struct job_scope, scope)->variables, name);

    return value != NULL ? value : json_null();
}

static enum status map_one(const struct bpmn_mapping *mapping, const struct job_scope *scope,
                           json_t *mapped, struct error *ret_error)
{
    const char *target = mapping->target;
    json_t *name = NULL;
    json_t *value = NULL;
    enum status status = STATUS_OK;

    if (mapping->all) {
        (void)json_object_update(mapped, (json_t *)(uintptr_t)scope->variables);
        return STATUS_OK;
    }
    if (mapping->target_expression != NULL) {
        status = expression_value(mapping->target_expression, &scope->scope, &name, ret_error);
        target = json_string_value(name);
        if (status == STATUS_OK && target == NULL)
            status = error_set(ret_error, STATUS_FAILED, "Expected the name of a variable.");
    }
    if (status == STATUS_OK && mapping->source != NULL)
        status = expression_value(mapping->source, &scope->scope, &value, ret_error);
    else if (status == STATUS_OK)
        value = json_incref((json_t *)(uintptr_t)lookup(&scope->scope, mapping->source_variable));
    if (status == STATUS_OK)
        json_put(mapped, target, value);
    json_decref(name);
    return status;
}

/* The job's variables as its task hands them out. A mapping that fails is left out, and the job
 * says so: the worker that has locked it can fail it, and an operator sees why. */
static json_t *given(const struct bpmn_element *task, json_t *job, const json_t *variables)
{
    struct job_scope scope = {.scope = {.lookup = lookup,
                                        .process_instance_id = member(job, "processInstanceId"),
                                        .execution_id = member(job, "executionId"),
                                        .process_definition_id = member(job, "processDefinitionId"),
                                        .activity_id = member(job, "elementId"),
                                        .activity_name = member(job, "elementName"),
                                        .now_us = clock_wall_us()},
                              .variables = variables};
    json_t *mapped;

    if (task == NULL || (task->worker_in.count == 0 && !task->hide_variables))
        return json_incref((json_t *)(uintptr_t)variables);
    mapped = json_object();
    for (uint32_t i = 0; i < task->worker_in.count; i++) {
        struct error error = {0};

        if (map_one(&task->worker_in.items[i], &scope, mapped, &error) != STATUS_OK)
            json_put_text(job, "exceptionMessage", error.message);
    }
    return mapped;
}

static void answer(struct view *view)
{
    json_t *job;
    size_t i;

    json_array_foreach (view->jobs, i, job) {
        const struct definition *definition =
            definition_by_id(view->definitions, member(job, "processDefinitionId"));
        const struct bpmn_element *task =
            definition != NULL ? bpmn_model_element(definition->model, member(job, "elementId"))
                               : NULL;
        json_t *variables = given(task, job, json_object_get(job, "variables"));

        json_put(job, "variables", api_variables(variables, NULL));
        json_decref(variables);
    }
    http_reply_json(view->request, 200, view->jobs);
}

static void on_loaded(void *context, enum status status, const struct error *error)
{
    struct view *view = context;

    if (status == STATUS_OK) {
        answer(view);
        return;
    }
    json_decref(view->jobs);
    http_reply_error(view->request, error);
}

void external_jobs_view(struct definition_cache *definitions, struct http_request *request,
                        json_t *jobs)
{
    struct view *view = arena_alloc(http_arena(request), sizeof(*view));
    const char **ids =
        arena_array(http_arena(request), json_array_size(jobs) + 1, sizeof(const char *));
    uint32_t count = 0;
    json_t *job;
    size_t i;

    *view = (struct view){definitions, request, jobs};
    json_array_foreach (jobs, i, job) {
        const char *id = member(job, "processDefinitionId");

        if (definition_by_id(definitions, id) == NULL)
            ids[count++] = id;
    }
    if (count == 0)
        answer(view);
    else
        definition_load(definitions, ids, count, NULL, 0, on_loaded, view);
    /* suspended: until the models are there */
}
