/* /process-api/history/historic-variable-instances: the variables as they are now or were at the
 * end: the root scope's, and those of nested scopes while these are open. */
#include "engine/api/internal.h"

enum {
    COLUMN_ID,
    COLUMN_INSTANCE,
    COLUMN_NAME,
    COLUMN_VALUE,
    COLUMN_LOCAL,
    COLUMN_TENANT,
};

static json_t *represent(const struct api_row *row)
{
    json_t *object = json_object();
    json_t *value = row_json(row, COLUMN_VALUE);
    bool local = pg_value_bool(row->rows, row->row, COLUMN_LOCAL);

    row_text(row, object, "id", COLUMN_ID);
    row_text(row, object, "processInstanceId", COLUMN_INSTANCE);
    row_url(row, object, "processInstanceUrl", "/process-api/history/historic-process-instances/",
            COLUMN_INSTANCE);
    json_put(object, "taskId", json_null());
    json_put(object, "variable",
             api_variable(pg_value_text(row->rows, row->row, COLUMN_NAME), value,
                          local ? "local" : "global"));
    row_text(row, object, "tenantId", COLUMN_TENANT);
    json_decref(value);
    return object;
}

static const struct list_filter filters[] = {
    {"processInstanceId", LIST_UUID, "v.instance_id = ?", NULL, NULL},
    {"executionId", LIST_UUID, "v.scope_id = ?", NULL, NULL},
    {"taskId", LIST_UUID, "false AND ? IS NULL", NULL, NULL}, /* tasks have none of their own */
    {"excludeTaskVariables", LIST_FLAG, NULL, NULL, NULL},
    {"excludeLocalVariables", LIST_FLAG, "NOT v.local", NULL, NULL},
    {"variableName", LIST_TEXT, "v.name = ?", NULL, NULL},
    {"variableNameLike", LIST_LIKE, "v.name LIKE ?", NULL, NULL},
};
static const struct list_sort sorts[] = {
    {"variableName", "v.name"},
    {"processInstanceId", "v.instance_id"},
};
static const struct list list = {
    .columns = "v.scope_id::text || ':' || v.name, v.instance_id::text, v.name, v.value, v.local,"
               " v.tenant_id",
    .from = "(SELECT i.id AS instance_id, i.id AS scope_id, x.key AS name, x.value,"
            "        false AS local, i.tenant_id"
            "   FROM synergyflow_workflows.process_instance i, jsonb_each(i.variables) AS x"
            " UNION ALL "
            " SELECT s.instance_id, s.id, x.key, x.value, true, i.tenant_id"
            "   FROM synergyflow_workflows.scope s"
            "   JOIN synergyflow_workflows.process_instance i ON i.id = s.instance_id,"
            "   jsonb_each(s.variables) AS x) AS v",
    .where = "true",
    .tie = "v.scope_id",
    .filters = filters,
    .filter_count = COUNT_OF(filters),
    .sorts = sorts,
    .sort_count = COUNT_OF(sorts),
    .represent = represent,
    .noun = "a historic variable instance",
};

static void get_list(void *context, struct http_request *request)
{
    list_answer(context, request, &list);
}

static void post_query(void *context, struct http_request *request)
{
    list_answer_body(context, request, &list);
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/history/historic-variable-instances", get_list,
     "List of historic variable instances", 0},
    {HTTP_POST_METHOD, "/process-api/query/historic-variable-instances", post_query,
     "Query for historic variable instances", 0},
};
const struct api_routes historic_variable_instance_routes = {routes, COUNT_OF(routes)};
