/* /process-api/runtime/executions: a process instance and each active element in it.
 *
 * They are not rows but tokens in the state of the instance (parent: the instance) or of a nested
 * scope (parent: the sub-process' token). */
#include "engine/api/internal.h"

#include <string.h>

static const char *const noun = "an execution";

enum { COLUMN_ID, COLUMN_PARENT, COLUMN_INSTANCE, COLUMN_SUSPENDED, COLUMN_ELEMENT, COLUMN_TENANT };

static json_t *represent(const struct api_row *row)
{
    static const char path[] = "/process-api/runtime/executions/";
    json_t *object = json_object();

    row_text(row, object, "id", COLUMN_ID);
    row_url(row, object, "url", path, COLUMN_ID);
    row_text(row, object, "parentId", COLUMN_PARENT);
    row_url(row, object, "parentUrl", path, COLUMN_PARENT);
    json_put(object, "superExecutionId", json_null());
    json_put(object, "superExecutionUrl", json_null());
    row_text(row, object, "processInstanceId", COLUMN_INSTANCE);
    row_url(row, object, "processInstanceUrl", "/process-api/runtime/process-instances/",
            COLUMN_INSTANCE);
    row_bool(row, object, "suspended", COLUMN_SUSPENDED);
    row_text(row, object, "activityId", COLUMN_ELEMENT);
    row_text(row, object, "tenantId", COLUMN_TENANT);
    return object;
}

static const struct list_filter filters[] = {
    {"id", LIST_UUID, "e.id = ?", NULL, NULL},
    {"parentId", LIST_UUID, "e.parent_id = ?", NULL, NULL},
    {"activityId", LIST_TEXT, "e.element_id = ?", NULL, NULL},
    {"processInstanceId", LIST_UUID, "e.instance_id = ?", NULL, NULL},
    {"rootProcessInstanceId", LIST_UUID, "e.instance_id = ?", NULL, NULL},
    {"processDefinitionId", LIST_TEXT, "e.definition_id = ?", NULL, NULL},
    {"processDefinitionKey", LIST_TEXT, "e.definition_key = ?", NULL, NULL},
    {"processBusinessKey", LIST_TEXT, "e.business_key = ?", NULL, NULL},
    {"messageEventSubscriptionName", LIST_TEXT,
     "e.id IN (SELECT s.execution_id FROM synergyflow_workflows.event_subscription s"
     " WHERE s.event_type = 'message' AND s.event_name = ?)",
     NULL, NULL},
    {"childOnly", LIST_FLAG, "e.parent_id IS NOT NULL", NULL, NULL},
    {"tenantId", LIST_TEXT, "e.tenant_id = ?", NULL, NULL},
};
static const struct list_sort sorts[] = {
    {"processInstanceId", "e.instance_id"},
    {"id", "e.id"},
    {"processDefinitionId", "e.definition_id"},
    {"processDefinitionKey", "e.definition_key"},
    {"tenantId", "e.tenant_id"},
};

#define INSTANCE_COLUMNS                                                                 \
    "i.id AS instance_id, i.definition_id, i.definition_key, i.business_key, i.status, " \
    "i.tenant_id"

static const struct list list = {
    .columns = "e.id::text, e.parent_id::text, e.instance_id::text, e.status = 2, e.element_id,"
               " e.tenant_id",
    .from = "(SELECT i.id, NULL::uuid AS parent_id, NULL::text AS element_id, " INSTANCE_COLUMNS
            "   FROM synergyflow_workflows.process_instance i WHERE i.status < 3"
            " UNION ALL "
            "SELECT (k->>'id')::uuid, i.id, k->>'el', " INSTANCE_COLUMNS
            "   FROM synergyflow_workflows.process_instance i"
            "  CROSS JOIN LATERAL jsonb_array_elements(i.state->'tokens') AS k WHERE i.status < 3"
            " UNION ALL "
            "SELECT (k->>'id')::uuid, s.execution_id, k->>'el', " INSTANCE_COLUMNS
            "   FROM synergyflow_workflows.process_instance i"
            "   JOIN synergyflow_workflows.scope s ON s.instance_id = i.id"
            "  CROSS JOIN LATERAL jsonb_array_elements(s.state->'tokens') AS k WHERE i.status < 3"
            ") AS e",
    .where = "true",
    .tie = "e.id",
    .filters = filters,
    .filter_count = COUNT_OF(filters),
    .sorts = sorts,
    .sort_count = COUNT_OF(sorts),
    .represent = represent,
    .noun = "an execution",
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

    if (api_id(request, "executionId", noun, &id))
        list_answer_one(context, request, &list, "e.id = $1", &id);
}

/* ---- messageEventReceived ------------------------------------------------------------------ */

static void on_represented(struct api_query *query)
{
    struct api_row row = {query->api, query->request, api_query_rows(query, 0), 0};

    if (pg_rows(row.rows) == 0)
        http_reply_empty(query->request, 204); /* it has moved on and ended */
    else
        http_reply_json(query->request, 200, represent(&row));
}

static void on_received(struct api_operation *operation)
{
    struct http_request *request = operation->request;
    struct api_query *query = api_query_new(operation->api, request, on_represented);
    struct pg_statement *one = arena_alloc(http_arena(request), sizeof(*one));
    struct pg_call *call;

    *one =
        list_one_statement(http_arena(request), &list, "e.id = $1 AND e.instance_id = $2", false);
    call = api_query_add(query, one);
    pg_uuid(call, &operation->command.target);
    pg_uuid(call, &operation->command.result->instance_id);
    api_operation_clear(operation);
    api_query_run(query);
}

static void put_one(void *context, struct http_request *request)
{
    static const char *const known[] = {"action",    "messageName",        "signalName",
                                        "variables", "transientVariables", NULL};
    static const char *const unsupported[] = {"signalName", "transientVariables", NULL};
    struct api_operation *operation = api_operation_new(context, request);
    const char *action = NULL;
    struct error error = {0};
    enum status status;

    if (!api_id(request, "executionId", noun, &operation->command.target) ||
        !api_operation_body(operation, false, known))
        return;
    status = json_field_required_text(operation->body, "action", &action, &error);
    if (status == STATUS_OK && strcmp(action, "messageEventReceived") != 0)
        status = error_set_field(&error, STATUS_INVALID, "action",
                                 "Invalid action: expected messageEventReceived, but found "
                                 "'%.60s'; signal and trigger are not supported.",
                                 action);
    if (status == STATUS_OK)
        status = json_field_required_text(operation->body, "messageName", &operation->command.name,
                                          &error);
    if (status != STATUS_OK) {
        api_operation_fail(operation, &error);
        return;
    }
    if (!api_operation_unsupported(operation, unsupported) ||
        !api_operation_variables(operation, "variables"))
        return;
    operation->command.kind = COMMAND_STEP;
    operation->command.step = BPMN_RECEIVE_MESSAGE;
    operation->command.address = ADDRESS_EXECUTION;
    operation->on_done = on_received;
    api_operation_submit(operation);
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/runtime/executions", get_list, "List of executions", 0},
    {HTTP_GET_METHOD, "/process-api/runtime/executions/{executionId}", get_one, "Get an execution",
     0},
    {HTTP_PUT_METHOD, "/process-api/runtime/executions/{executionId}", put_one,
     "Execute an action on an execution: messageEventReceived", 0},
    {HTTP_POST_METHOD, "/process-api/query/executions", post_query, "Query executions", 0},
};
const struct api_routes execution_routes = {routes, COUNT_OF(routes)};
