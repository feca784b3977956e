/* /process-api/history/historic-activity-instances and /process-api/runtime/activity-instances:
 * what each instance did, read from the journal's records (see the journal's form in bpmn/step).
 *
 * "passed" records are whole; "activated" begins an activity and "completed" or "terminated" of the
 * same token ends it; without an end it is still open. */
#include "engine/api/internal.h"

enum {
    COLUMN_ID,
    COLUMN_ELEMENT,
    COLUMN_NAME,
    COLUMN_TYPE,
    COLUMN_INSTANCE,
    COLUMN_DEFINITION,
    COLUMN_TASK,
    COLUMN_ASSIGNEE,
    COLUMN_STARTED,
    COLUMN_ENDED,
    COLUMN_REASON,
    COLUMN_TENANT,
};

static json_t *represent(const struct api_row *row)
{
    json_t *object = json_object();

    row_text(row, object, "id", COLUMN_ID);
    row_text(row, object, "activityId", COLUMN_ELEMENT);
    row_text(row, object, "activityName", COLUMN_NAME);
    row_text(row, object, "activityType", COLUMN_TYPE);
    row_text(row, object, "processDefinitionId", COLUMN_DEFINITION);
    row_url(row, object, "processDefinitionUrl", "/process-api/repository/process-definitions/",
            COLUMN_DEFINITION);
    row_text(row, object, "processInstanceId", COLUMN_INSTANCE);
    row_url(row, object, "processInstanceUrl", "/process-api/history/historic-process-instances/",
            COLUMN_INSTANCE);
    row_text(row, object, "executionId", COLUMN_ID);
    row_text(row, object, "taskId", COLUMN_TASK);
    json_put(object, "calledProcessInstanceId", json_null());
    row_text(row, object, "assignee", COLUMN_ASSIGNEE);
    row_time(row, object, "startTime", COLUMN_STARTED);
    row_time(row, object, "endTime", COLUMN_ENDED);
    row_duration(row, object, "durationInMillis", COLUMN_STARTED, COLUMN_ENDED);
    row_text(row, object, "deleteReason", COLUMN_REASON);
    row_text(row, object, "tenantId", COLUMN_TENANT);
    return object;
}

static const struct list_filter filters[] = {
    {"activityInstanceId", LIST_UUID, "a.id = ?", NULL, NULL},
    {"activityId", LIST_TEXT, "a.element_id = ?", NULL, NULL},
    {"activityName", LIST_TEXT, "a.name = ?", NULL, NULL},
    {"activityType", LIST_TEXT, "a.type = ?", NULL, NULL},
    {"executionId", LIST_UUID, "a.id = ?", NULL, NULL},
    {"finished", LIST_FLAG, "a.ended_at IS NOT NULL", "a.ended_at IS NULL", NULL},
    {"processInstanceId", LIST_UUID, "a.instance_id = ?", NULL, NULL},
    {"processDefinitionId", LIST_TEXT, "i.definition_id = ?", NULL, NULL},
    {"taskAssignee", LIST_TEXT, "t.assignee = ?", NULL, NULL},
    {"tenantId", LIST_TEXT, "i.tenant_id = ?", NULL, NULL},
    {"tenantIdLike", LIST_LIKE, "i.tenant_id LIKE ?", NULL, NULL},
    {"withoutTenantId", LIST_FLAG, "i.tenant_id = ''", NULL, NULL},
};
/* Within a moment, the journal's own order. */
static const struct list_sort sorts[] = {
    {"startTime", "a.started_at"},
    {"endTime", "a.ended_at"},
    {"activityId", "a.element_id"},
    {"activityName", "a.name"},
    {"activityType", "a.type"},
    {"duration", "a.ended_at - a.started_at"},
    {"executionId", "a.id"},
    {"activityInstanceId", "a.id"},
    {"processDefinitionId", "i.definition_id"},
    {"processInstanceId", "a.instance_id"},
    {"tenantId", "i.tenant_id"},
};

#define MICROSECONDS(value) "to_timestamp(0) + " value " * interval '1 microsecond'"

static const struct list list = {
    .columns = "a.id::text, a.element_id, a.name, a.type, a.instance_id::text, "
               "i.definition_id,"
               " t.id::text, t.assignee, a.started_at, a.ended_at, a.reason, i.tenant_id",
    .from = "(SELECT j.instance_id, (c->>'id')::uuid AS id, c->>'el' AS element_id,"
            "        max(c->>'name') AS name, max(c->>'type') AS type,"
            "        min(j.sequence * 1000000 + n) AS place,"
            "        " MICROSECONDS(
                "min(CASE c->>'c' WHEN 'activated' THEN (c->>'at')::bigint"
                " WHEN 'passed' THEN (c->>'at')::bigint"
                " ELSE (c->>'started')::bigint END)") " AS started_at,"
                                                      "        " MICROSECONDS(
                                                          "max(CASE c->>'c' WHEN "
                                                          "'passed' THEN "
                                                          "(c->>'end')::bigint"
                                                          " WHEN 'activated' THEN NULL"
                                                          " ELSE (c->>'at')::bigint "
                                                          "END)") " AS ended_at,"
                                                                  "        "
                                                                  "max(c->>'reason') "
                                                                  "AS reason"
                                                                  "   FROM "
                                                                  "synergyflow_"
                                                                  "workflows.journal j,"
                                                                  "        "
                                                                  "jsonb_array_"
                                                                  "elements(j.changes) "
                                                                  "WITH ORDINALITY AS "
                                                                  "x (c, n)"
                                                                  "  WHERE c->>'c' IN "
                                                                  "('passed', "
                                                                  "'activated', "
                                                                  "'completed', "
                                                                  "'terminated')"
                                                                  "  GROUP BY "
                                                                  "j.instance_id, "
                                                                  "(c->>'id')::uuid, "
                                                                  "c->>'el') AS a"
                                                                  " JOIN "
                                                                  "synergyflow_"
                                                                  "workflows.process_"
                                                                  "instance i ON i.id "
                                                                  "= a.instance_id"
                                                                  " LEFT JOIN "
                                                                  "synergyflow_"
                                                                  "workflows.task t"
                                                                  "   ON t.instance_id "
                                                                  "= a.instance_id AND "
                                                                  "t.execution_id = "
                                                                  "a.id",
    .where = "true",
    .tie = "a.place",
    .filters = filters,
    .filter_count = COUNT_OF(filters),
    .sorts = sorts,
    .sort_count = COUNT_OF(sorts),
    .represent = represent,
    .noun = "an activity instance",
};

static void get_list(void *context, struct http_request *request)
{
    list_answer(context, request, &list);
}

static void post_query(void *context, struct http_request *request)
{
    list_answer_body(context, request, &list);
}

/* The same, of instances that still run. */
static void get_runtime_list(void *context, struct http_request *request)
{
    struct list *runtime = arena_alloc(http_arena(request), sizeof(*runtime));

    *runtime = list;
    runtime->where = "i.status < 3";
    list_answer(context, request, runtime);
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/history/historic-activity-instances", get_list,
     "List historic activity instances", 0},
    {HTTP_GET_METHOD, "/process-api/runtime/activity-instances", get_runtime_list,
     "List activity instances", 0},
    {HTTP_POST_METHOD, "/process-api/query/historic-activity-instances", post_query,
     "Query for historic activity instances", 0},
};
const struct api_routes historic_activity_instance_routes = {routes, COUNT_OF(routes)};
