/* /process-api/management/operator-actions (ours): who moved, fired or discarded which timer or
 * job, when and why. Rows are written in the transaction that did it, and never changed. */
#include "engine/api/internal.h"

enum {
    COLUMN_ID,
    COLUMN_AT,
    COLUMN_ACTOR,
    COLUMN_ACTION,
    COLUMN_INSTANCE,
    COLUMN_TARGET,
    COLUMN_ELEMENT,
    COLUMN_DETAILS,
    COLUMN_REASON,
    COLUMN_CORRELATION,
    COLUMN_TENANT,
};

static json_t *represent(const struct api_row *row)
{
    json_t *object = json_object();

    row_text(row, object, "id", COLUMN_ID);
    row_time(row, object, "time", COLUMN_AT);
    row_text(row, object, "userId", COLUMN_ACTOR);
    row_text(row, object, "action", COLUMN_ACTION);
    row_text(row, object, "processInstanceId", COLUMN_INSTANCE);
    row_text(row, object, "jobId", COLUMN_TARGET);
    row_text(row, object, "elementId", COLUMN_ELEMENT);
    json_put(object, "details", row_json(row, COLUMN_DETAILS));
    row_text(row, object, "reason", COLUMN_REASON);
    row_text(row, object, "correlationId", COLUMN_CORRELATION);
    row_text(row, object, "tenantId", COLUMN_TENANT);
    return object;
}

static const struct list_filter filters[] = {
    {"id", LIST_UUID, "a.id = ?", NULL, NULL},
    {"userId", LIST_TEXT, "a.actor = ?", NULL, NULL},
    {"action", LIST_TEXT, "a.action = ?", NULL, NULL},
    {"processInstanceId", LIST_UUID, "a.instance_id = ?", NULL, NULL},
    {"jobId", LIST_UUID, "a.target_id = ?", NULL, NULL},
    {"elementId", LIST_TEXT, "a.element_id = ?", NULL, NULL},
    {"before", LIST_TIME, "a.at < ?", NULL, NULL},
    {"after", LIST_TIME, "a.at > ?", NULL, NULL},
    {"tenantId", LIST_TEXT, "a.tenant_id = ?", NULL, NULL},
    {"withoutTenantId", LIST_FLAG, "a.tenant_id = ''", NULL, NULL},
};
static const struct list_sort sorts[] = {
    {"time", "a.at"},
    {"id", "a.id"},
    {"userId", "a.actor"},
    {"action", "a.action"},
};
static const struct list list = {
    .columns = "a.id::text, a.at, a.actor, a.action, a.instance_id::text, a.target_id::text,"
               " a.element_id, a.details, a.reason, a.correlation_id, a.tenant_id",
    .from = "synergyflow_workflows.operator_action a",
    .where = "true",
    .tie = "a.id",
    .filters = filters,
    .filter_count = COUNT_OF(filters),
    .sorts = sorts,
    .sort_count = COUNT_OF(sorts),
    .represent = represent,
    .noun = "an operator's action",
};

static void get_list(void *context, struct http_request *request)
{
    list_answer(context, request, &list);
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/management/operator-actions", get_list,
     "List what operators did with timers and jobs *(ours)*", 0},
};
const struct api_routes operator_action_routes = {routes, COUNT_OF(routes)};
