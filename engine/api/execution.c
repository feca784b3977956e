/* /process-api/runtime/executions: a process instance and each active element in it.
 *
 * They are not rows but tokens in the state of the instance (parent: the instance) or of a nested
 * scope (parent: the sub-process' token), and scopes that no token waits for. What can be done to
 * them is in execution_action.c. */
#include "engine/api/execution.h"

static const char *const noun = "an execution";

enum {
    COLUMN_ID,
    COLUMN_PARENT,
    COLUMN_INSTANCE,
    COLUMN_SUSPENDED,
    COLUMN_ELEMENT,
    COLUMN_TENANT,
    COLUMN_STATE,
    COLUMN_SUPER,
    COLUMN_ROOT,
};

static json_t *represent(const struct api_row *row)
{
    static const char path[] = "/process-api/runtime/executions/";
    json_t *object = json_object();

    row_text(row, object, "id", COLUMN_ID);
    row_url(row, object, "url", path, COLUMN_ID);
    row_text(row, object, "parentId", COLUMN_PARENT);
    row_url(row, object, "parentUrl", path, COLUMN_PARENT);
    row_text(row, object, "superExecutionId", COLUMN_SUPER);
    row_url(row, object, "superExecutionUrl", path, COLUMN_SUPER);
    row_text(row, object, "processInstanceId", COLUMN_INSTANCE);
    row_url(row, object, "processInstanceUrl", "/process-api/runtime/process-instances/",
            COLUMN_INSTANCE);
    row_text(row, object, "rootProcessInstanceId", COLUMN_ROOT);
    row_bool(row, object, "suspended", COLUMN_SUSPENDED);
    row_text(row, object, "activityId", COLUMN_ELEMENT);
    row_text(row, object, "state", COLUMN_STATE);
    row_text(row, object, "tenantId", COLUMN_TENANT);
    return object;
}

static const struct list_filter filters[] = {
    {"id", LIST_UUID, "e.id = ?", NULL, NULL},
    {"parentId", LIST_UUID, "e.parent_id = ?", NULL, NULL},
    {"activityId", LIST_TEXT, "e.element_id = ?", NULL, NULL},
    {"processInstanceId", LIST_UUID, "e.instance_id = ?", NULL, NULL},
    {"rootProcessInstanceId", LIST_UUID, "coalesce(e.root_id, e.instance_id) = ?", NULL, NULL},
    {"processDefinitionId", LIST_TEXT, "e.definition_id = ?", NULL, NULL},
    {"processDefinitionKey", LIST_TEXT, "e.definition_key = ?", NULL, NULL},
    {"processBusinessKey", LIST_TEXT, "e.business_key = ?", NULL, NULL},
    {"messageEventSubscriptionName", LIST_TEXT,
     "e.id IN (SELECT s.execution_id FROM synergyflow_workflows.event_subscription s"
     " WHERE s.event_type = 'message' AND s.event_name = ?)",
     NULL, NULL},
    {"signalEventSubscriptionName", LIST_TEXT,
     "e.id IN (SELECT s.execution_id FROM synergyflow_workflows.event_subscription s"
     " WHERE s.event_type = 'signal' AND s.event_name = ?)",
     NULL, NULL},
    {"state", LIST_TEXT, "e.state = ?", NULL, NULL},
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
    "i.tenant_id, i.caller_id, i.root_id"
#define NOBODY "'00000000-0000-0000-0000-000000000000'"

/* Instances; tokens in them; tokens in nested scopes, whose parent is the token that waits for the
 * scope; scopes that no token waits for (instances of a loop, event sub-processes), which are
 * executions themselves. */
#define EXECUTIONS                                                                                \
    "(SELECT i.id, NULL::uuid AS parent_id, NULL::text AS element_id, NULL::text AS "             \
    "state, " INSTANCE_COLUMNS                                                                    \
    "   FROM synergyflow_workflows.process_instance i WHERE i.status < 3"                         \
    " UNION ALL "                                                                                 \
    "SELECT (k->>'id')::uuid, i.id, k->>'el', coalesce(k->>'state', 'active'), " INSTANCE_COLUMNS \
    "   FROM synergyflow_workflows.process_instance i"                                            \
    "  CROSS JOIN LATERAL jsonb_array_elements(i.state->'tokens') AS k WHERE i.status < 3"        \
    " UNION ALL "                                                                                 \
    "SELECT (k->>'id')::uuid, CASE WHEN s.execution_id = " NOBODY " THEN s.id"                    \
    "   ELSE s.execution_id END, k->>'el', coalesce(k->>'state', 'active'), " INSTANCE_COLUMNS    \
    "   FROM synergyflow_workflows.process_instance i"                                            \
    "   JOIN synergyflow_workflows.scope s ON s.instance_id = i.id"                               \
    "  CROSS JOIN LATERAL jsonb_array_elements(s.state->'tokens') AS k WHERE i.status < 3"        \
    " UNION ALL "                                                                                 \
    "SELECT s.id, CASE WHEN p.id IS NULL THEN i.id WHEN p.execution_id = " NOBODY " THEN p.id"    \
    "   ELSE p.execution_id END, s.element_id, coalesce(s.state->>'kind', "                       \
    "'sub-process'), " INSTANCE_COLUMNS "   FROM synergyflow_workflows.process_instance i"        \
    "   JOIN synergyflow_workflows.scope s ON s.instance_id = i.id"                               \
    "   LEFT JOIN synergyflow_workflows.scope p ON p.id = s.parent_scope_id"                      \
    "  WHERE i.status < 3 AND s.execution_id = " NOBODY ")"

/* The caller's token that waits for this instance. */
#define CALLS_FROM(table, id)                                                  \
    "(SELECT k.token->>'id' FROM synergyflow_workflows." table " c"            \
    " CROSS JOIN LATERAL jsonb_array_elements(c.state->'tokens') AS k (token)" \
    " WHERE c." id " = e.caller_id AND k.token->'waits' @> jsonb_build_array(" \
    "jsonb_build_object('kind', 'call', 'id', e.id::text)) LIMIT 1)"
#define SUPER_EXECUTION                                                       \
    "CASE WHEN e.parent_id IS NULL AND e.caller_id IS NOT NULL THEN "         \
    "coalesce(" CALLS_FROM("process_instance", "id") ", " CALLS_FROM("scope", \
                                                                     "instance_id") ") END"

const struct list execution_list = {
    .columns = "e.id::text, e.parent_id::text, e.instance_id::text, e.status = 2, e.element_id,"
               " e.tenant_id, e.state, " SUPER_EXECUTION ","
               " coalesce(e.root_id, e.instance_id)::text",
    .from = EXECUTIONS " AS e",
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
    list_answer(context, request, &execution_list);
}

static void post_query(void *context, struct http_request *request)
{
    list_answer_body(context, request, &execution_list);
}

static void get_one(void *context, struct http_request *request)
{
    struct uuid id;

    if (api_id(request, "executionId", noun, &id))
        list_answer_one(context, request, &execution_list, "e.id = $1", &id);
}

/* ---- GET …/activities ---- */

static const struct pg_statement activities_statement = {
    "api_execution_activities",
    "WITH RECURSIVE place AS (SELECT " API_EXECUTION_INSTANCE " AS id),"
    " every AS (SELECT e.id, e.parent_id, e.element_id FROM " EXECUTIONS " AS e"
    "   JOIN place ON e.instance_id = place.id),"
    " inside AS (SELECT id, element_id FROM every WHERE id = $1"
    "   UNION ALL SELECT c.id, c.element_id FROM every c JOIN inside p ON c.parent_id = p.id)"
    " SELECT DISTINCT i.element_id, (SELECT id FROM place) FROM inside i"
    " WHERE i.element_id IS NOT NULL OR i.id = $1 ORDER BY 1"};

static void on_activities(struct api_query *query)
{
    const struct pg_result *rows = api_query_rows(query, 0);
    json_t *array;

    if (pg_rows(rows) == 0) {
        api_not_found(query->request, noun, query->subject);
        return;
    }
    array = json_array();
    for (uint32_t row = 0; row < pg_rows(rows); row++) {
        if (!pg_is_null(rows, row, 0))
            (void)json_array_append_new(array, json_string(pg_value_text(rows, row, 0)));
    }
    http_reply_json(query->request, 200, array);
}

static void get_activities(void *context, struct http_request *request)
{
    struct api_query *query = api_query_new(context, request, on_activities);
    struct uuid id;

    if (!api_id(request, "executionId", noun, &id))
        return;
    query->subject = http_param(request, "executionId");
    pg_uuid(api_query_add(query, &activities_statement), &id);
    api_query_run(query);
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/runtime/executions", get_list, "List of executions", 0},
    {HTTP_GET_METHOD, "/process-api/runtime/executions/{executionId}", get_one, "Get an execution",
     0},
    {HTTP_GET_METHOD, "/process-api/runtime/executions/{executionId}/activities", get_activities,
     "List active activities in an execution", 0},
    {HTTP_POST_METHOD, "/process-api/query/executions", post_query, "Query executions", 0},
};
const struct api_routes execution_routes = {routes, COUNT_OF(routes)};
