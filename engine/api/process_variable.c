/* /process-api/runtime/process-instances/{id}/variables: list, get, create, create or update. */
#include "engine/api/internal.h"

#include "bpmn/base/text.h"

#include <string.h>

static const char *const noun = "a process instance";

static const struct pg_statement variables_statement = {
    "api_process_variables",
    "SELECT variables FROM synergyflow_workflows.process_instance WHERE id = $1 AND status < 3"};

/* The stored variables, a new reference; NULL when a 404 was answered. */
static json_t *stored(struct api_query *query)
{
    struct api_row row = {query->api, query->request, api_query_rows(query, 0), 0};

    if (pg_rows(row.rows) > 0)
        return row_json(&row, 0);
    api_not_found(query->request, noun, http_param(query->request, "processInstanceId"));
    return NULL;
}

static void on_listed(struct api_query *query)
{
    json_t *variables = stored(query);

    if (variables == NULL)
        return;
    http_reply_json(query->request, 200, api_variables(variables, "local"));
    json_decref(variables);
}

static void on_found(struct api_query *query)
{
    json_t *variables = stored(query);
    const char *name = http_param(query->request, "variableName");
    const json_t *value = json_object_get(variables, name);

    if (variables == NULL)
        return;
    if (value == NULL)
        api_refuse(query->request, STATUS_NOT_FOUND,
                   "Process instance '%s' does not have a variable with name '%.200s'.",
                   http_param(query->request, "processInstanceId"), name);
    else
        http_reply_json(query->request, 200, api_variable(name, value, "local"));
    json_decref(variables);
}

static void read_variables(const struct api_settings *api, struct http_request *request,
                           void (*on_rows)(struct api_query *query), void *state)
{
    struct api_query *query = api_query_new(api, request, on_rows);
    struct uuid id;

    if (!uuid_parse(http_param(request, "processInstanceId"), &id))
        id = (struct uuid){0}; /* nobody's id: a 404 in one place */
    query->state = state;
    pg_uuid(api_query_add(query, &variables_statement), &id);
    api_query_run(query);
}

static void get_list(void *context, struct http_request *request)
{
    read_variables(context, request, on_listed, NULL);
}

static void get_one(void *context, struct http_request *request)
{
    read_variables(context, request, on_found, NULL);
}

/* ---- changes ------------------------------------------------------------------------------- */

static void on_set(struct api_operation *operation)
{
    json_t *answer = api_variables(operation->variables, "local");
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

/* POST creates: a name that is taken is a conflict. */
static void on_current(struct api_query *query)
{
    struct api_operation *operation = query->state;
    struct api_row row = {query->api, query->request, api_query_rows(query, 0), 0};
    const char *instance = http_param(query->request, "processInstanceId");
    struct error error = {0};
    enum status status = STATUS_OK;
    json_t *variables = NULL;
    const char *name;
    json_t *value;

    if (pg_rows(row.rows) == 0)
        status = error_set(&error, STATUS_NOT_FOUND, "Could not find %s with id '%.200s'.", noun,
                           instance);
    else
        variables = row_json(&row, 0);
    json_object_foreach (operation->variables, name, value) {
        if (status == STATUS_OK && json_object_get(variables, name) != NULL)
            status = error_set_field(&error, STATUS_CONFLICT, name,
                                     "Variable '%.200s' is already present on process instance "
                                     "'%s'; PUT changes it.",
                                     name, instance);
    }
    json_decref(variables);
    if (status == STATUS_OK)
        submit(operation);
    else
        api_operation_fail(operation, &error); /* the request is gone after an answer */
}

static struct api_operation *set_operation(const struct api_settings *api,
                                           struct http_request *request)
{
    struct api_operation *operation = api_operation_new(api, request);

    if (!api_id(request, "processInstanceId", noun, &operation->command.target))
        return NULL;
    operation->command.kind = COMMAND_STEP;
    operation->command.step = BPMN_SET_VARIABLES;
    operation->command.address = ADDRESS_INSTANCE;
    operation->on_done = on_set;
    operation->on_failed = api_operation_explain_instance;
    return operation;
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
    struct api_operation *operation = set_operation(context, request);

    if (operation != NULL && read_array(operation))
        read_variables(context, request, on_current, operation);
}

static void put_list(void *context, struct http_request *request)
{
    struct api_operation *operation = set_operation(context, request);

    if (operation != NULL && read_array(operation))
        submit(operation);
}

static void put_one(void *context, struct http_request *request)
{
    struct api_operation *operation = set_operation(context, request);
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
        submit(operation);
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/runtime/process-instances/{processInstanceId}/variables",
     get_list, "List variables for a process instance", 0},
    {HTTP_POST_METHOD, "/process-api/runtime/process-instances/{processInstanceId}/variables",
     post_list, "Create variables on a process instance", 0},
    {HTTP_PUT_METHOD, "/process-api/runtime/process-instances/{processInstanceId}/variables",
     put_list, "Create or update variables on a process instance", 0},
    {HTTP_GET_METHOD,
     "/process-api/runtime/process-instances/{processInstanceId}/variables/{variableName}", get_one,
     "Get a variable for a process instance", 0},
    {HTTP_PUT_METHOD,
     "/process-api/runtime/process-instances/{processInstanceId}/variables/{variableName}", put_one,
     "Create or update a single variable on a process instance", 0},
};
const struct api_routes process_variable_routes = {routes, COUNT_OF(routes)};
