/* /process-api/runtime/process-instances: list, get, delete. Running ones only, as in Flowable;
 * ended ones are history. They start in process_start.c, what moves them is in process_action.c. */
#include "engine/api/process_instance.h"
#include "engine/api/job.h"

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
    COLUMN_SUPER,
    COLUMN_ROOT,
    COLUMN_INCIDENTS,
    COLUMN_VARIABLES,
};

void process_instance_put_absent(json_t *object)
{
    static const char *const names[] = {"activityId",
                                        "callbackId",
                                        "callbackType",
                                        "referenceId",
                                        "referenceType",
                                        "businessStatus",
                                        "propagatedStageInstanceId"};

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
    process_instance_put_absent(object);
    row_text(row, object, "superProcessInstanceId", COLUMN_SUPER);
    row_text(row, object, "rootProcessInstanceId", COLUMN_ROOT);
    row_int(row, object, "incidentCount", COLUMN_INCIDENTS);
    row_text(row, object, "tenantId", COLUMN_TENANT);
    json_decref(variables);
    return object;
}

/* Jobs and timers that were given up. */
#define INCIDENTS                                                                   \
    "((SELECT count(*) FROM synergyflow_workflows.job b WHERE b.instance_id = i.id" \
    " AND " JOB_IS_DEAD ") + (SELECT count(*) FROM synergyflow_workflows.timer m"   \
    " WHERE m.instance_id = i.id AND " TIMER_IS_DEAD "))"

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
    {"superProcessInstanceId", LIST_UUID, "i.caller_id = ?", NULL, NULL},
    {"subProcessInstanceId", LIST_UUID,
     "i.id = (SELECT c.caller_id FROM synergyflow_workflows.process_instance c WHERE c.id = ?)",
     NULL, NULL},
    {"rootProcessInstanceId", LIST_UUID, "coalesce(i.root_id, i.id) = ?", NULL, NULL},
    {"excludeSubprocesses", LIST_FLAG, "i.caller_id IS NULL", NULL, NULL},
    {"withIncidents", LIST_FLAG, INCIDENTS " > 0", INCIDENTS " = 0", NULL},
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
const struct list process_instance_list = {
    .columns = "i.id::text, i.name, i.business_key, i.status = 2, i.definition_id, d.name,"
               " d.description, i.start_user_id, i.started_at, i.tenant_id,"
               " i.caller_id::text, coalesce(i.root_id, i.id)::text, " INCIDENTS,
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
    list_answer(context, request, &process_instance_list);
}

static void post_query(void *context, struct http_request *request)
{
    list_answer_body(context, request, &process_instance_list);
}

static void get_one(void *context, struct http_request *request)
{
    struct uuid id;

    if (api_id(request, "processInstanceId", noun, &id))
        list_answer_one(context, request, &process_instance_list, "i.id = $1", &id);
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
    {HTTP_GET_METHOD, "/process-api/runtime/process-instances/{processInstanceId}", get_one,
     "Get a process instance", 0},
    {HTTP_DELETE_METHOD, "/process-api/runtime/process-instances/{processInstanceId}", delete_one,
     "Delete a process instance", 0},
    {HTTP_POST_METHOD, "/process-api/query/process-instances", post_query,
     "Query process instances", 0},
};
const struct api_routes process_instance_routes = {routes, COUNT_OF(routes)};
