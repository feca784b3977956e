/* /process-api/runtime/process-instances: start, list, get, delete. Running ones only, as in
 * Flowable; ended ones are history. */
#include "engine/api/internal.h"

#include <string.h>

static const char *const noun = "a process instance";

enum {
    COLUMN_ID,
    COLUMN_NAME,
    COLUMN_BUSINESS_KEY,
    COLUMN_SUSPENDED,
    COLUMN_DEFINITION,
    COLUMN_DEFINITION_NAME,
    COLUMN_DEFINITION_DESCRIPTION,
    COLUMN_START_USER,
    COLUMN_STARTED,
    COLUMN_TENANT,
    COLUMN_VARIABLES,
};

/* Members that Flowable has and we never fill. */
static void put_absent(json_t *object)
{
    static const char *const names[] = {
        "activityId",  "superProcessInstanceId", "callbackId",     "callbackType",
        "referenceId", "referenceType",          "businessStatus", "propagatedStageInstanceId"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        json_put(object, names[i], json_null());
}

static json_t *represent(const struct api_row *row)
{
    json_t *object = json_object();
    json_t *variables = row_json(row, COLUMN_VARIABLES);

    row_text(row, object, "id", COLUMN_ID);
    row_url(row, object, "url", "/process-api/runtime/process-instances/", COLUMN_ID);
    row_text(row, object, "name", COLUMN_NAME);
    row_text(row, object, "businessKey", COLUMN_BUSINESS_KEY);
    row_bool(row, object, "suspended", COLUMN_SUSPENDED);
    json_put(object, "ended", json_false());
    json_put(object, "completed", json_false());
    row_text(row, object, "processDefinitionId", COLUMN_DEFINITION);
    row_url(row, object, "processDefinitionUrl", "/process-api/repository/process-definitions/",
            COLUMN_DEFINITION);
    row_text(row, object, "processDefinitionName", COLUMN_DEFINITION_NAME);
    row_text(row, object, "processDefinitionDescription", COLUMN_DEFINITION_DESCRIPTION);
    row_text(row, object, "startUserId", COLUMN_START_USER);
    row_time(row, object, "startTime", COLUMN_STARTED);
    json_put(object, "variables", api_variables(variables, "local"));
    put_absent(object);
    row_text(row, object, "tenantId", COLUMN_TENANT);
    json_decref(variables);
    return object;
}

static const struct list_filter filters[] = {
    {"id", LIST_UUID, "i.id = ?", NULL, NULL},
    {"processInstanceId", LIST_UUID, "i.id = ?", NULL, NULL},
    {"processInstanceIds", LIST_TEXTS, "i.id::text = ANY(?)", NULL, NULL},
    {"name", LIST_TEXT, "i.name = ?", NULL, NULL},
    {"nameLike", LIST_LIKE, "i.name LIKE ?", NULL, NULL},
    {"nameLikeIgnoreCase", LIST_LIKE, "lower(i.name) LIKE lower(?)", NULL, NULL},
    {"processDefinitionId", LIST_TEXT, "i.definition_id = ?", NULL, NULL},
    {"processDefinitionKey", LIST_TEXT, "i.definition_key = ?", NULL, NULL},
    {"processDefinitionKeyIn", LIST_TEXTS, "i.definition_key = ANY(?)", NULL, NULL},
    {"processDefinitionName", LIST_TEXT, "d.name = ?", NULL, NULL},
    {"processDefinitionVersion", LIST_INT, "d.version = ?", NULL, NULL},
    {"businessKey", LIST_TEXT, "i.business_key = ?", NULL, NULL},
    {"processBusinessKey", LIST_TEXT, "i.business_key = ?", NULL, NULL},
    {"businessKeyLike", LIST_LIKE, "i.business_key LIKE ?", NULL, NULL},
    {"startedBy", LIST_TEXT, "i.start_user_id = ?", NULL, NULL},
    {"startedBefore", LIST_TIME, "i.started_at < ?", NULL, NULL},
    {"startedAfter", LIST_TIME, "i.started_at > ?", NULL, NULL},
    {"suspended", LIST_FLAG, "i.status = 2", "i.status = 1", NULL},
    {"includeProcessVariables", LIST_INCLUDE, NULL, NULL, NULL},
    {"variables", LIST_VARIABLES, "i.variables @> ?", "NOT i.variables @> ?", NULL},
    {"tenantId", LIST_TEXT, "i.tenant_id = ?", NULL, NULL},
    {"withoutTenantId", LIST_FLAG, "i.tenant_id = ''", NULL, NULL},
};
static const struct list_sort sorts[] = {
    {"id", "i.id"},
    {"processDefinitionId", "i.definition_id"},
    {"processDefinitionKey", "i.definition_key"},
    {"startTime", "i.started_at"},
    {"tenantId", "i.tenant_id"},
};
static const struct list list = {
    .columns = "i.id::text, i.name, i.business_key, i.status = 2, i.definition_id, d.name,"
               " d.description, i.start_user_id, i.started_at, i.tenant_id",
    .include = "i.variables",
    .from = "synergyflow_workflows.process_instance i"
            " LEFT JOIN synergyflow_workflows.process_definition d ON d.id = i.definition_id",
    .where = "i.status < 3",
    .tie = "i.id",
    .filters = filters,
    .filter_count = COUNT_OF(filters),
    .sorts = sorts,
    .sort_count = COUNT_OF(sorts),
    .represent = represent,
    .noun = "a process instance",
};

static void get_list(void *context, struct http_request *request)
{
    list_answer(context, request, &list);
}

static void post_query(void *context, struct http_request *request)
{
    list_answer_body(context, request, &list);
}

static void get_one(void *context, struct http_request *request)
{
    struct uuid id;

    if (api_id(request, "processInstanceId", noun, &id))
        list_answer_one(context, request, &list, "i.id = $1", &id);
}

/* ---- start --------------------------------------------------------------------------------- */

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
    put_absent(object);
    json_put_text(object, "tenantId", "");
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

static bool read_start(struct api_operation *operation)
{
    static const char *const unsupported[] = {
        "message", "transientVariables", "startFormVariables",
        "outcome", "tenantId",           "overrideDefinitionTenantId",
        NULL};
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
        status =
            json_field_bool(operation->body, "returnVariables", false, &operation->flag, &error);
    if (status == STATUS_OK && !api_operation_unsupported(operation, unsupported))
        return false;
    if (status == STATUS_OK && command->definition_id == NULL && command->definition_key == NULL)
        status = error_set_field(&error, STATUS_INVALID, "processDefinitionKey",
                                 "Expected processDefinitionId or processDefinitionKey, but found "
                                 "neither.");
    if (status == STATUS_OK && command->definition_id != NULL && command->definition_key != NULL)
        status = error_set_field(&error, STATUS_INVALID, "processDefinitionKey",
                                 "Only one of processDefinitionId and processDefinitionKey should "
                                 "be set, but both are.");
    if (status != STATUS_OK)
        api_operation_fail(operation, &error);
    return status == STATUS_OK;
}

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
        !api_operation_variables(operation, "variables"))
        return;
    id = command->definition_id;
    key = command->definition_key;
    if (id != NULL ? definition_by_id(cache, id) != NULL : definition_latest(cache, key) != NULL)
        submit_start(operation, STATUS_OK, NULL);
    else
        definition_load(cache, &id, id != NULL, &key, key != NULL, submit_start, operation);
}

/* ---- delete -------------------------------------------------------------------------------- */

static void delete_one(void *context, struct http_request *request)
{
    struct api_operation *operation = api_operation_new(context, request);
    const char *reason = http_query(request, "deleteReason");

    if (!api_id(request, "processInstanceId", noun, &operation->command.target))
        return;
    operation->command.kind = COMMAND_STEP;
    operation->command.step = BPMN_TERMINATE;
    operation->command.address = ADDRESS_INSTANCE;
    operation->command.reason = reason;
    operation->on_done = api_operation_no_content;
    operation->on_failed = api_operation_explain_instance;
    api_operation_submit(operation);
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/runtime/process-instances", get_list, "List process instances",
     0},
    {HTTP_POST_METHOD, "/process-api/runtime/process-instances", start, "Start a process instance",
     0},
    {HTTP_GET_METHOD, "/process-api/runtime/process-instances/{processInstanceId}", get_one,
     "Get a process instance", 0},
    {HTTP_DELETE_METHOD, "/process-api/runtime/process-instances/{processInstanceId}", delete_one,
     "Delete a process instance", 0},
    {HTTP_POST_METHOD, "/process-api/query/process-instances", post_query,
     "Query process instances", 0},
};
const struct api_routes process_instance_routes = {routes, COUNT_OF(routes)};
