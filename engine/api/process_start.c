/* POST /process-api/runtime/process-instances: start by definition, by key, or by the message that
 * a start event waits for. */
#include "engine/api/process_instance.h"

static json_t *started_json(struct api_operation *operation)
{
    const struct command_result *result = operation->command.result;
    const struct definition *definition = result->definition;
    bool ended =
        result->status == BPMN_INSTANCE_COMPLETED || result->status == BPMN_INSTANCE_TERMINATED;
    json_t *object = json_object();
    char id[UUID_TEXT_BYTES];

    uuid_format(&result->instance_id, id);
    json_put_text(object, "id", id);
    json_put_text(object, "url",
                  api_url(operation->request, "/process-api/runtime/process-instances/", id, ""));
    json_put_text(object, "name", operation->command.instance_name);
    json_put_text(object, "businessKey", result->business_key);
    json_put(object, "suspended", json_false());
    json_put(object, "ended", json_boolean(ended));
    json_put(object, "completed", json_boolean(ended));
    json_put_text(object, "processDefinitionId", definition->id);
    json_put_text(object, "processDefinitionUrl",
                  api_url(operation->request, "/process-api/repository/process-definitions/",
                          definition->id, ""));
    json_put_text(object, "processDefinitionName", definition->name);
    json_put_text(object, "processDefinitionDescription", definition->model->documentation);
    json_put_text(object, "startUserId", operation->command.user);
    json_put(object, "startTime", api_time(result->started_us));
    json_put(object, "variables",
             api_variables(operation->flag ? result->variables : NULL, "local"));
    process_instance_put_absent(object);
    json_put(object, "superProcessInstanceId", json_null());
    json_put_text(object, "rootProcessInstanceId", id);
    json_put(object, "incidentCount", json_integer(0));
    json_put_text(object, "tenantId",
                  operation->command.tenant_id != NULL ? operation->command.tenant_id : "");
    return object;
}

static void on_started(struct api_operation *operation)
{
    json_t *answer = started_json(operation);

    api_operation_clear(operation);
    http_reply_json(operation->request, 201, answer);
}

static void submit_start(void *context, enum status status, const struct error *error)
{
    struct api_operation *operation = context;
    const struct command *command = &operation->command;
    struct definition_cache *cache = operation->api->definitions;
    const struct definition *definition = NULL;
    struct error refusal;

    if (status != STATUS_OK) {
        api_operation_fail(operation, error);
        return;
    }
    definition = command->definition_id != NULL ? definition_by_id(cache, command->definition_id)
                                                : definition_latest(cache, command->definition_key);
    if (definition == NULL && command->definition_id != NULL)
        error_set_field(&refusal, STATUS_INVALID, "processDefinitionId",
                        "No process definition found for id '%.200s'.", command->definition_id);
    else if (definition == NULL)
        error_set_field(&refusal, STATUS_INVALID, "processDefinitionKey",
                        "No process definition found for key '%.200s'.", command->definition_key);
    else if (definition->suspended)
        error_set(&refusal, STATUS_CONFLICT,
                  "Expected process definition '%s' to be active, but it is suspended; activate it "
                  "to start instances.",
                  definition->id);
    else {
        api_operation_submit(operation);
        return;
    }
    api_operation_fail(operation, &refusal);
}

static enum status check_one_way(const struct command *command, struct error *ret_error)
{
    int ways = (command->definition_id != NULL) + (command->definition_key != NULL) +
               (command->name != NULL);

    if (ways == 1)
        return STATUS_OK;
    return error_set_field(ret_error, STATUS_INVALID, "processDefinitionKey",
                           ways == 0 ? "Expected processDefinitionId, processDefinitionKey or "
                                       "message, but found neither."
                                     : "Only one of processDefinitionId, processDefinitionKey and "
                                       "message should be set, but several are.");
}

static bool read_start(struct api_operation *operation)
{
    static const char *const unsupported[] = {"startFormVariables", "outcome",
                                              "overrideDefinitionTenantId", NULL};
    static const char *const tenant[] = {"tenantId", NULL};
    struct command *command = &operation->command;
    struct error error = {0};
    enum status status =
        json_field_text(operation->body, "processDefinitionId", &command->definition_id, &error);

    if (status == STATUS_OK)
        status = json_field_text(operation->body, "processDefinitionKey", &command->definition_key,
                                 &error);
    if (status == STATUS_OK)
        status = json_field_text(operation->body, "businessKey", &command->business_key, &error);
    if (status == STATUS_OK)
        status = json_field_text(operation->body, "name", &command->instance_name, &error);
    if (status == STATUS_OK)
        status = json_field_text(operation->body, "message", &command->name, &error);
    if (status == STATUS_OK)
        status = json_field_text(operation->body, "tenantId", &command->tenant_id, &error);
    if (status == STATUS_OK)
        status =
            json_field_bool(operation->body, "returnVariables", false, &operation->flag, &error);
    if (status == STATUS_OK &&
        (!api_operation_unsupported(operation, unsupported) ||
         (command->name == NULL && !api_operation_unsupported(operation, tenant))))
        return false;
    if (status == STATUS_OK)
        status = check_one_way(command, &error);
    if (status != STATUS_OK)
        api_operation_fail(operation, &error);
    return status == STATUS_OK;
}

/* ---- by message ---- */

/* Only the newest version of a definition listens; several definitions may by mistake. */
static const struct pg_statement message_statement = {
    "api_start_by_message",
    "SELECT e.definition_id, e.element_id, e.definition_index"
    "  FROM synergyflow_workflows.event_subscription e"
    " WHERE e.event_type = 'message' AND e.event_name = $1 AND e.instance_id IS NULL"
    " AND e.tenant_id = $2 ORDER BY e.id LIMIT 2"};

static void on_listeners(struct api_query *query)
{
    struct api_operation *operation = query->operation;
    struct command *command = &operation->command;
    const struct pg_result *rows = api_query_rows(query, 0);
    struct error error;

    if (pg_rows(rows) == 1) {
        command->definition_id = arena_copy(http_arena(query->request), pg_value_text(rows, 0, 0));
        command->element = arena_copy(http_arena(query->request), pg_value_text(rows, 0, 1));
        command->definition = (uint32_t)pg_value_int(rows, 0, 2);
        api_operation_submit(operation);
        return;
    }
    if (pg_rows(rows) == 0)
        error_set_field(&error, STATUS_INVALID, "message",
                        "Expected a process definition that starts with the message '%.100s', but "
                        "there is none.",
                        command->name);
    else
        error_set_field(&error, STATUS_INVALID, "message",
                        "Expected one process definition that starts with the message '%.100s', "
                        "but '%.100s' and '%.100s' do; start it by its key.",
                        command->name, pg_value_text(rows, 0, 0), pg_value_text(rows, 1, 0));
    api_operation_fail(operation, &error);
}

static void start_by_message(struct api_operation *operation)
{
    struct api_query *query = api_query_new(operation->api, operation->request, on_listeners);
    struct pg_call *call = api_query_add(query, &message_statement);
    const char *tenant = operation->command.tenant_id;

    query->operation = operation;
    pg_text(call, operation->command.name);
    pg_text(call, tenant != NULL ? tenant : "");
    api_query_run(query);
}

/* ---- the request ---- */

static void start(void *context, struct http_request *request)
{
    static const char *const known[] = {"processDefinitionId",
                                        "processDefinitionKey",
                                        "message",
                                        "businessKey",
                                        "name",
                                        "variables",
                                        "transientVariables",
                                        "startFormVariables",
                                        "outcome",
                                        "tenantId",
                                        "overrideDefinitionTenantId",
                                        "returnVariables",
                                        NULL};
    struct api_operation *operation = api_operation_new(context, request);
    const struct command *command = &operation->command;
    struct definition_cache *cache = operation->api->definitions;
    const char *id, *key;

    operation->command.kind = COMMAND_START;
    operation->on_done = on_started;
    if (!api_operation_body(operation, false, known) || !read_start(operation) ||
        !api_operation_variables(operation, "variables") ||
        !api_operation_more_variables(operation, "transientVariables"))
        return;
    if (command->name != NULL) {
        start_by_message(operation);
        return;
    }
    id = command->definition_id;
    key = command->definition_key;
    if (id != NULL ? definition_by_id(cache, id) != NULL : definition_latest(cache, key) != NULL)
        submit_start(operation, STATUS_OK, NULL);
    else
        definition_load(cache, &id, id != NULL, &key, key != NULL, submit_start, operation);
}

static const struct http_route routes[] = {
    {HTTP_POST_METHOD, "/process-api/runtime/process-instances", start, "Start a process instance",
     0},
};
const struct api_routes process_start_routes = {routes, COUNT_OF(routes)};
