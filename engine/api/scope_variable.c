/* …/{id}/variables of process instances, executions and tasks: list, get, create, update, delete.
 *
 * "local" are the variables of the noun's own scope: of an instance the root's, of a sub-process'
 * execution those inside it; a task and an execution without a scope have none and see those around
 * them ("global"). Setting one there changes it where it is, or makes it in the root. */
#include "engine/api/internal.h"

#include "bpmn/base/text.h"

#include <string.h>

struct owner {
    const char *noun; /* "a process instance" */
    const char *word; /* "Process instance" */
    const char *param;
    bool is_instance;
    struct pg_statement statement; /* → instance id, its own variables, all around it inwards */
};

/* A nested scope of the execution, else the one that its token is in. */
#define EXECUTION_SCOPES                                                                          \
    "WITH RECURSIVE place AS (SELECT " API_EXECUTION_INSTANCE " AS instance_id),"                 \
    " nearest AS (SELECT s.parent_scope_id, s.variables, s.id = $1 OR s.execution_id = $1 AS own" \
    "   FROM synergyflow_workflows.scope s JOIN place ON s.instance_id = place.instance_id"       \
    "   WHERE s.id = $1 OR s.execution_id = $1 OR s.state @> jsonb_build_object('tokens',"        \
    "    jsonb_build_array(jsonb_build_object('id', $1::uuid::text)))"                            \
    "   ORDER BY 3 DESC, s.id LIMIT 1),"                                                          \
    " around AS (SELECT n.parent_scope_id, n.variables, 0 AS depth FROM nearest n"                \
    "   UNION ALL SELECT p.parent_scope_id, p.variables, a.depth + 1 FROM around a"               \
    "   JOIN synergyflow_workflows.scope p ON p.id = a.parent_scope_id)"                          \
    " SELECT i.id, CASE WHEN i.id = $1 THEN i.variables"                                          \
    "   ELSE (SELECT n.variables FROM nearest n WHERE n.own) END,"                                \
    "   i.variables, (SELECT jsonb_agg(variables ORDER BY depth DESC) FROM around)"               \
    "  FROM synergyflow_workflows.process_instance i JOIN place ON i.id = place.instance_id"

static const struct owner instance_owner = {
    "a process instance",
    "Process instance",
    "processInstanceId",
    true,
    {"api_variables_of_instance",
     "SELECT i.id, i.variables, i.variables, NULL::jsonb"
     "  FROM synergyflow_workflows.process_instance i WHERE i.id = $1 AND i.status < 3"}};
static const struct owner execution_owner = {"an execution",
                                             "Execution",
                                             "executionId",
                                             false,
                                             {"api_variables_of_execution", EXECUTION_SCOPES}};
static const struct owner task_owner = {
    "a task",
    "Task",
    "taskId",
    false,
    {"api_variables_of_task",
     "SELECT i.id, NULL::jsonb, i.variables, " API_SCOPE_VARIABLES(
         "t") ", t.execution_id"
              "  FROM synergyflow_workflows.task t"
              "  JOIN synergyflow_workflows.process_instance i ON i.id = t.instance_id"
              " WHERE t.id = $1 AND t.status = 1"}};

enum { COLUMN_INSTANCE, COLUMN_OWN, COLUMN_ROOT, COLUMN_AROUND, COLUMN_EXECUTION };

static const struct owner *owner_of(const struct http_request *request)
{
    const char *path = http_path(request) + strlen("/process-api/runtime/");

    return path[0] == 'p' ? &instance_owner : path[0] == 'e' ? &execution_owner : &task_owner;
}

static const char *owner_id(const struct http_request *request)
{
    return http_param(request, owner_of(request)->param);
}

/* ---- what is there ---- */

struct stored {
    json_t *own;     /* local; an empty object when there are none */
    json_t *visible; /* own and those around */
};

static void stored_clear(struct stored *stored)
{
    json_decref(stored->own);
    json_decref(stored->visible);
}

static bool read_stored(struct api_query *query, struct stored *ret_stored)
{
    struct api_row row = {query->api, query->request, api_query_rows(query, 0), 0};

    if (pg_rows(row.rows) == 0)
        return false;
    ret_stored->own = row_json(&row, COLUMN_OWN);
    if (ret_stored->own == NULL)
        ret_stored->own = json_object();
    ret_stored->visible = api_visible_variables(&row, COLUMN_ROOT, COLUMN_AROUND);
    return true;
}

static void refuse_unknown(struct api_query *query)
{
    struct error error;

    error_set(&error, STATUS_NOT_FOUND, "Could not find %s with id '%.200s'.",
              owner_of(query->request)->noun, owner_id(query->request));
    if (query->operation != NULL)
        api_operation_fail(query->operation, &error);
    else
        http_reply_error(query->request, &error);
}

static void read_variables(const struct api_settings *api, struct http_request *request,
                           void (*on_rows)(struct api_query *query),
                           struct api_operation *operation)
{
    struct api_query *query = api_query_new(api, request, on_rows);
    struct uuid id;

    if (!uuid_parse(owner_id(request), &id))
        id = (struct uuid){0}; /* nobody's id: a 404 in one place */
    query->operation = operation;
    pg_uuid(api_query_add(query, &owner_of(request)->statement), &id);
    api_query_run(query);
}

/* ?scope=local|global; false when it was refused. */
static bool read_scope(struct http_request *request, bool *ret_local, bool *ret_global)
{
    const char *scope = http_query(request, "scope");

    *ret_local = scope == NULL || strcmp(scope, "local") == 0;
    *ret_global = scope == NULL || strcmp(scope, "global") == 0;
    if (*ret_local || *ret_global)
        return true;
    api_refuse_field(request, "scope", "Expected 'scope' to be local or global, but found '%.60s'.",
                     scope);
    return false;
}

/* ---- GET ---- */

static void on_listed(struct api_query *query)
{
    bool local = true, global = true;
    struct stored stored;
    const char *name;
    json_t *value;
    json_t *array;

    if (!read_stored(query, &stored)) {
        refuse_unknown(query);
        return;
    }
    if (!read_scope(query->request, &local, &global)) {
        stored_clear(&stored);
        return;
    }
    array = local ? api_variables(stored.own, "local") : json_array();
    json_object_foreach (stored.visible, name, value) {
        if (global && json_object_get(stored.own, name) == NULL)
            (void)json_array_append_new(array, api_variable(name, value, "global"));
    }
    stored_clear(&stored);
    http_reply_json(query->request, 200, array);
}

static void refuse_missing(struct http_request *request, const char *name)
{
    api_refuse(request, STATUS_NOT_FOUND, "%s '%s' does not have a variable with name '%.200s'.",
               owner_of(request)->word, owner_id(request), name);
}

static void on_found(struct api_query *query)
{
    const char *name = http_param(query->request, "variableName");
    bool local = true, global = true;
    struct stored stored;
    const json_t *own, *value;

    if (!read_stored(query, &stored)) {
        refuse_unknown(query);
        return;
    }
    if (!read_scope(query->request, &local, &global)) {
        stored_clear(&stored);
        return;
    }
    own = json_object_get(stored.own, name);
    value = own != NULL && local ? own : json_object_get(stored.visible, name);
    if (value == NULL || (own != NULL ? !local : !global))
        refuse_missing(query->request, name);
    else
        http_reply_json(query->request, 200,
                        api_variable(name, value, own != NULL ? "local" : "global"));
    stored_clear(&stored);
}

static void get_list(void *context, struct http_request *request)
{
    read_variables(context, request, on_listed, NULL);
}

static void get_one(void *context, struct http_request *request)
{
    read_variables(context, request, on_found, NULL);
}

/* ---- changes ---- */

static void on_set(struct api_operation *operation)
{
    const char *scope = owner_of(operation->request)->is_instance ? "local" : "global";
    json_t *answer = api_variables(operation->variables, scope);
    struct http_request *request = operation->request;

    if (operation->flag) { /* one by name */
        json_t *one = json_incref(json_array_get(answer, 0));

        json_decref(answer);
        answer = one;
    }
    api_operation_clear(operation);
    http_reply_json(request, operation->flag ? 200 : 201, answer);
}

static void submit(struct api_operation *operation)
{
    operation->command.variables = operation->variables;
    api_operation_submit(operation);
}

/* The command's address, once the noun is known. False when there is no such noun: answered. */
static bool take_place(struct api_query *query)
{
    const struct owner *owner = owner_of(query->request);
    const struct pg_result *rows = api_query_rows(query, 0);
    struct command *command = &query->operation->command;

    if (pg_rows(rows) == 0) {
        refuse_unknown(query);
        return false;
    }
    command->instance_id = pg_value_uuid(rows, 0, COLUMN_INSTANCE);
    if (owner == &task_owner)
        command->target = pg_value_uuid(rows, 0, COLUMN_EXECUTION);
    return true;
}

static void on_placed(struct api_query *query)
{
    if (take_place(query))
        submit(query->operation);
}

/* POST creates: a name that is taken is a conflict. */
static void on_current(struct api_query *query)
{
    struct api_operation *operation = query->operation;
    bool is_own = owner_of(query->request)->is_instance;
    struct error error = {0};
    struct stored stored;
    const char *name;
    json_t *value;

    if (!take_place(query) || !read_stored(query, &stored))
        return;
    json_object_foreach (operation->variables, name, value) {
        if (error.status == STATUS_OK &&
            json_object_get(is_own ? stored.own : stored.visible, name) != NULL)
            error_set_field(&error, STATUS_CONFLICT, name,
                            "Variable '%.200s' is already present on %s with id '%s'; PUT changes "
                            "it.",
                            name, owner_of(query->request)->noun, owner_id(query->request));
    }
    stored_clear(&stored);
    if (error.status == STATUS_OK)
        submit(operation);
    else
        api_operation_fail(operation, &error);
}

static struct api_operation *set_operation(const struct api_settings *api,
                                           struct http_request *request,
                                           enum bpmn_command_kind step)
{
    const struct owner *owner = owner_of(request);
    struct api_operation *operation = api_operation_new(api, request);

    if (!api_id(request, owner->param, owner->noun, &operation->command.target))
        return NULL;
    operation->command.kind = COMMAND_STEP;
    operation->command.step = step;
    operation->command.address = owner->is_instance ? ADDRESS_INSTANCE : ADDRESS_EXECUTION;
    operation->on_done = step == BPMN_REMOVE_VARIABLES ? api_operation_no_content : on_set;
    operation->on_failed = owner->is_instance ? api_operation_explain_instance : NULL;
    return operation;
}

/* Instances are found by their own id; where others are has to be asked first. */
static void place_and_submit(struct api_operation *operation)
{
    if (operation->command.address == ADDRESS_INSTANCE)
        submit(operation);
    else
        read_variables(operation->api, operation->request, on_placed, operation);
}

/* The whole body is an array of variable objects; http_json_object() takes objects only. */
static bool read_array(struct api_operation *operation)
{
    size_t length;
    const char *bytes = http_body(operation->request, &length);
    json_error_t at;
    struct error error = {0};
    enum status status = STATUS_OK;

    operation->body = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &at);
    if (operation->body == NULL)
        status = error_set(&error, STATUS_INVALID,
                           "Expected the body to be a JSON array of variables: line %d, column %d: "
                           "%s.",
                           at.line, at.column, at.text);
    else if (!json_is_array(operation->body) || json_array_size(operation->body) == 0)
        status = error_set(&error, STATUS_INVALID,
                           "Expected the body to be a JSON array with at least one variable.");
    if (status == STATUS_OK)
        status = api_variables_read(operation->body, "variables", &operation->variables, &error);
    if (status != STATUS_OK)
        api_operation_fail(operation, &error);
    return status == STATUS_OK;
}

static void post_list(void *context, struct http_request *request)
{
    struct api_operation *operation = set_operation(context, request, BPMN_SET_VARIABLES);

    if (operation != NULL && read_array(operation))
        read_variables(context, request, on_current, operation);
}

static void put_list(void *context, struct http_request *request)
{
    struct api_operation *operation = set_operation(context, request, BPMN_SET_VARIABLES);

    if (operation != NULL && read_array(operation))
        place_and_submit(operation);
}

static void put_one(void *context, struct http_request *request)
{
    struct api_operation *operation = set_operation(context, request, BPMN_SET_VARIABLES);
    const char *name = http_param(request, "variableName");
    struct error error = {0};
    enum status status;

    if (operation == NULL || !api_operation_body(operation, false, NULL))
        return;
    operation->flag = true;
    operation->variables = json_object();
    if (!text_is_utf8(name, strlen(name)))
        status = error_set(&error, STATUS_NOT_FOUND, "A variable's name is UTF-8.");
    else {
        if (json_object_get(operation->body, "name") == NULL)
            json_put_text(operation->body, "name", name);
        status = api_variable_read(operation->body, "value", operation->variables, &error);
    }
    if (status == STATUS_OK && json_object_get(operation->variables, name) == NULL)
        status =
            error_set_field(&error, STATUS_INVALID, "name",
                            "Expected the name in the body to be '%.200s', as in the path.", name);
    if (status != STATUS_OK)
        api_operation_fail(operation, &error);
    else
        place_and_submit(operation);
}

/* ---- DELETE ---- */

static void on_to_remove(struct api_query *query)
{
    struct api_operation *operation = query->operation;
    const char *name = operation->flag ? http_param(query->request, "variableName") : NULL;
    struct stored stored;

    if (!take_place(query) || !read_stored(query, &stored))
        return;
    operation->variables = json_object();
    if (name == NULL)
        (void)json_object_update(operation->variables, stored.own);
    else if (json_object_get(stored.visible, name) != NULL ||
             json_object_get(stored.own, name) != NULL)
        json_put(operation->variables, name, json_null());
    stored_clear(&stored);
    if (json_object_size(operation->variables) > 0) {
        submit(operation);
        return;
    }
    api_operation_clear(operation);
    if (name != NULL)
        refuse_missing(query->request, name);
    else
        http_reply_empty(query->request, 204); /* there is none of its own */
}

static void remove_variables(const struct api_settings *api, struct http_request *request,
                             bool is_one)
{
    struct api_operation *operation = set_operation(api, request, BPMN_REMOVE_VARIABLES);

    if (operation == NULL)
        return;
    operation->flag = is_one;
    read_variables(api, request, on_to_remove, operation);
}

static void delete_list(void *context, struct http_request *request)
{
    remove_variables(context, request, false);
}

static void delete_one(void *context, struct http_request *request)
{
    remove_variables(context, request, true);
}

#define VARIABLES_OF(path, what)                                                                  \
    {HTTP_GET_METHOD, path "/variables", get_list, "List variables for " what, 0},                \
        {HTTP_POST_METHOD, path "/variables", post_list, "Create variables on " what, 0},         \
        {HTTP_PUT_METHOD, path "/variables", put_list, "Create or update variables on " what, 0}, \
        {HTTP_DELETE_METHOD, path "/variables", delete_list, "Delete the variables of " what, 0}, \
        {HTTP_GET_METHOD, path "/variables/{variableName}", get_one, "Get a variable for " what,  \
         0},                                                                                      \
        {HTTP_PUT_METHOD, path "/variables/{variableName}", put_one,                              \
         "Create or update a single variable on " what, 0},                                       \
    {                                                                                             \
        HTTP_DELETE_METHOD, path "/variables/{variableName}", delete_one,                         \
            "Delete a variable of " what, 0                                                       \
    }

static const struct http_route routes[] = {
    VARIABLES_OF("/process-api/runtime/process-instances/{processInstanceId}",
                 "a process instance"),
    VARIABLES_OF("/process-api/runtime/executions/{executionId}", "an execution"),
    VARIABLES_OF("/process-api/runtime/tasks/{taskId}", "a task"),
};
const struct api_routes scope_variable_routes = {routes, COUNT_OF(routes)};
