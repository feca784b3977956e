/* /process-api/history/historic-process-instances: running and ended ones; delete an ended one. */
#include "engine/api/internal.h"

static const char *const noun = "a historic process instance";

enum {
    COLUMN_ID,
    COLUMN_NAME,
    COLUMN_BUSINESS_KEY,
    COLUMN_DEFINITION,
    COLUMN_DEFINITION_NAME,
    COLUMN_DEFINITION_DESCRIPTION,
    COLUMN_STARTED,
    COLUMN_ENDED,
    COLUMN_START_USER,
    COLUMN_END_ELEMENT,
    COLUMN_REASON,
    COLUMN_TENANT,
    COLUMN_START_ELEMENT,
    COLUMN_SUPER,
    COLUMN_ROOT,
    COLUMN_VARIABLES,
};

static json_t *represent(const struct api_row *row)
{
    json_t *object = json_object();
    json_t *variables = row_json(row, COLUMN_VARIABLES);

    row_text(row, object, "id", COLUMN_ID);
    row_url(row, object, "url", "/process-api/history/historic-process-instances/", COLUMN_ID);
    row_text(row, object, "name", COLUMN_NAME);
    row_text(row, object, "businessKey", COLUMN_BUSINESS_KEY);
    json_put(object, "businessStatus", json_null());
    row_text(row, object, "processDefinitionId", COLUMN_DEFINITION);
    row_url(row, object, "processDefinitionUrl", "/process-api/repository/process-definitions/",
            COLUMN_DEFINITION);
    row_text(row, object, "processDefinitionName", COLUMN_DEFINITION_NAME);
    row_text(row, object, "processDefinitionDescription", COLUMN_DEFINITION_DESCRIPTION);
    row_time(row, object, "startTime", COLUMN_STARTED);
    row_time(row, object, "endTime", COLUMN_ENDED);
    row_duration(row, object, "durationInMillis", COLUMN_STARTED, COLUMN_ENDED);
    row_text(row, object, "startUserId", COLUMN_START_USER);
    row_text(row, object, "startActivityId", COLUMN_START_ELEMENT);
    row_text(row, object, "endActivityId", COLUMN_END_ELEMENT);
    row_text(row, object, "deleteReason", COLUMN_REASON);
    row_text(row, object, "superProcessInstanceId", COLUMN_SUPER);
    row_text(row, object, "rootProcessInstanceId", COLUMN_ROOT);
    json_put(object, "variables", api_variables(variables, "local"));
    row_text(row, object, "tenantId", COLUMN_TENANT);
    json_decref(variables);
    return object;
}

static const struct list_filter filters[] = {
    {"processInstanceId", LIST_UUID, "i.id = ?", NULL, NULL},
    {"processInstanceIds", LIST_TEXTS, "i.id::text = ANY(?)", NULL, NULL},
    {"processInstanceName", LIST_TEXT, "i.name = ?", NULL, NULL},
    {"processInstanceNameLike", LIST_LIKE, "i.name LIKE ?", NULL, NULL},
    {"processDefinitionId", LIST_TEXT, "i.definition_id = ?", NULL, NULL},
    {"processDefinitionKey", LIST_TEXT, "i.definition_key = ?", NULL, NULL},
    {"processDefinitionKeyIn", LIST_TEXTS, "i.definition_key = ANY(?)", NULL, NULL},
    {"processDefinitionKeyNotIn", LIST_TEXTS, "i.definition_key <> ALL(?)", NULL, NULL},
    {"processDefinitionName", LIST_TEXT, "d.name = ?", NULL, NULL},
    {"processDefinitionVersion", LIST_INT, "d.version = ?", NULL, NULL},
    {"deploymentId", LIST_UUID, "d.deployment_id = ?", NULL, NULL},
    {"businessKey", LIST_TEXT, "i.business_key = ?", NULL, NULL},
    {"processBusinessKey", LIST_TEXT, "i.business_key = ?", NULL, NULL},
    {"businessKeyLike", LIST_LIKE, "i.business_key LIKE ?", NULL, NULL},
    {"processBusinessKeyLike", LIST_LIKE, "i.business_key LIKE ?", NULL, NULL},
    {"finished", LIST_FLAG, "i.status >= 3", "i.status < 3", NULL},
    {"involvedUser", LIST_TEXT,
     "i.start_user_id = ? OR EXISTS (SELECT 1 FROM synergyflow_workflows.task u"
     " WHERE u.instance_id = i.id AND (u.assignee = ? OR u.owner = ?))",
     NULL, NULL},
    {"superProcessInstanceId", LIST_UUID, "i.caller_id = ?", NULL, NULL},
    {"subProcessInstanceId", LIST_UUID,
     "i.id = (SELECT c.caller_id FROM synergyflow_workflows.process_instance c WHERE c.id = ?)",
     NULL, NULL},
    {"rootProcessInstanceId", LIST_UUID, "coalesce(i.root_id, i.id) = ?", NULL, NULL},
    {"excludeSubprocesses", LIST_FLAG, "i.caller_id IS NULL", NULL, NULL},
    {"startedBy", LIST_TEXT, "i.start_user_id = ?", NULL, NULL},
    {"startedAfter", LIST_TIME, "i.started_at > ?", NULL, NULL},
    {"startedBefore", LIST_TIME, "i.started_at < ?", NULL, NULL},
    {"finishedAfter", LIST_TIME, "i.ended_at > ?", NULL, NULL},
    {"finishedBefore", LIST_TIME, "i.ended_at < ?", NULL, NULL},
    {"includeProcessVariables", LIST_INCLUDE, NULL, NULL, NULL},
    {"variables", LIST_VARIABLES, "i.variables @> ?", "NOT i.variables @> ?", NULL},
    {"tenantId", LIST_TEXT, "i.tenant_id = ?", NULL, NULL},
    {"tenantIdLike", LIST_LIKE, "i.tenant_id LIKE ?", NULL, NULL},
    {"withoutTenantId", LIST_FLAG, "i.tenant_id = ''", NULL, NULL},
};
static const struct list_sort sorts[] = {
    {"processInstanceId", "i.id"},
    {"id", "i.id"},
    {"processDefinitionId", "i.definition_id"},
    {"processDefinitionKey", "i.definition_key"},
    {"businessKey", "i.business_key"},
    {"startTime", "i.started_at"},
    {"endTime", "i.ended_at"},
    {"duration", "i.ended_at - i.started_at"},
    {"tenantId", "i.tenant_id"},
};
static const struct list list = {
    .columns = "i.id::text, i.name, i.business_key, i.definition_id, d.name, d.description,"
               " i.started_at, i.ended_at, i.start_user_id, i.end_element_id, i.delete_reason,"
               " i.tenant_id,"
               " (SELECT c->>'el' FROM jsonb_array_elements((SELECT j.changes"
               "   FROM synergyflow_workflows.journal j WHERE j.instance_id = i.id"
               "  ORDER BY j.sequence LIMIT 1)) WITH ORDINALITY AS x (c, n)"
               "  WHERE c->>'type' = 'startEvent' ORDER BY n LIMIT 1), i.caller_id::text,"
               " coalesce(i.root_id, i.id)::text",
    .include = "i.variables",
    .from = "synergyflow_workflows.process_instance i"
            " LEFT JOIN synergyflow_workflows.process_definition d ON d.id = i.definition_id",
    .where = "true",
    .tie = "i.id",
    .filters = filters,
    .filter_count = COUNT_OF(filters),
    .sorts = sorts,
    .sort_count = COUNT_OF(sorts),
    .represent = represent,
    .noun = "a historic process instance",
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

/* ---- delete -------------------------------------------------------------------------------- */

static const struct pg_statement lock_statement = {
    "api_history_lock",
    "SELECT status FROM synergyflow_workflows.process_instance WHERE id = $1 FOR UPDATE"};
/* An ended instance has no other rows. */
static const struct pg_statement delete_statement = {
    "api_history_delete",
    "WITH ended AS (DELETE FROM synergyflow_workflows.process_instance"
    "  WHERE id = $1 AND status >= 3 RETURNING id),"
    " tasks AS (DELETE FROM synergyflow_workflows.task t USING ended e WHERE t.instance_id = e.id)"
    " DELETE FROM synergyflow_workflows.journal j USING ended e WHERE j.instance_id = e.id"};

static void on_deleted(struct api_query *query)
{
    const struct pg_result *rows = api_query_rows(query, 0);

    if (pg_rows(rows) == 0)
        api_not_found(query->request, noun, query->subject);
    else if (pg_value_int(rows, 0, 0) < 3)
        api_refuse(query->request, STATUS_CONFLICT,
                   "Expected process instance '%s' to have ended, but it is still running; delete "
                   "it under runtime/process-instances first.",
                   query->subject);
    else
        http_reply_empty(query->request, 204);
}

static void delete_one(void *context, struct http_request *request)
{
    struct api_query *query = api_query_new(context, request, on_deleted);
    struct uuid id;

    if (!api_id(request, "processInstanceId", noun, &id))
        return;
    query->subject = http_param(request, "processInstanceId");
    pg_uuid(api_query_add(query, &lock_statement), &id);
    pg_uuid(api_query_add(query, &delete_statement), &id);
    api_query_run(query);
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/history/historic-process-instances", get_list,
     "List of historic process instances", 0},
    {HTTP_GET_METHOD, "/process-api/history/historic-process-instances/{processInstanceId}",
     get_one, "Get a historic process instance", 0},
    {HTTP_DELETE_METHOD, "/process-api/history/historic-process-instances/{processInstanceId}",
     delete_one, "Delete a historic process instance", 0},
    {HTTP_POST_METHOD, "/process-api/query/historic-process-instances", post_query,
     "Query for historic process instances", 0},
};
const struct api_routes historic_process_instance_routes = {routes, COUNT_OF(routes)};
