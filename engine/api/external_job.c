/* /external-job-api: acquire, list and get jobs of service tasks that external workers do. Their
 * ends are in external_job_action.c. */
#include "engine/api/external_job.h"

#include "bpmn/iso8601.h"
#include "engine/base/clock.h"

#include <string.h>

enum {
    COLUMN_ID,
    COLUMN_INSTANCE,
    COLUMN_DEFINITION,
    COLUMN_EXECUTION,
    COLUMN_ELEMENT,
    COLUMN_ELEMENT_NAME,
    COLUMN_RETRIES,
    COLUMN_ERROR,
    COLUMN_DUE,
    COLUMN_CREATED,
    COLUMN_TENANT,
    COLUMN_LOCK_OWNER,
    COLUMN_LOCK_EXPIRES,
    COLUMN_VARIABLES, /* lists end here with a NULL */
    COLUMN_SCOPES,
};

static json_t *represent(const struct api_row *row)
{
    json_t *object = json_object();

    row_text(row, object, "id", COLUMN_ID);
    row_url(row, object, "url", "/external-job-api/jobs/", COLUMN_ID);
    row_text(row, object, "correlationId", COLUMN_ID);
    row_text(row, object, "processInstanceId", COLUMN_INSTANCE);
    row_text(row, object, "processDefinitionId", COLUMN_DEFINITION);
    row_text(row, object, "executionId", COLUMN_EXECUTION);
    json_put(object, "scopeId", json_null());
    json_put(object, "subScopeId", json_null());
    json_put(object, "scopeDefinitionId", json_null());
    json_put(object, "scopeType", json_null());
    row_text(row, object, "elementId", COLUMN_ELEMENT);
    row_text(row, object, "elementName", COLUMN_ELEMENT_NAME);
    row_int(row, object, "retries", COLUMN_RETRIES);
    row_text(row, object, "exceptionMessage", COLUMN_ERROR);
    row_time(row, object, "dueDate", COLUMN_DUE);
    row_time(row, object, "createTime", COLUMN_CREATED);
    row_text(row, object, "tenantId", COLUMN_TENANT);
    row_text(row, object, "lockOwner", COLUMN_LOCK_OWNER);
    row_time(row, object, "lockExpirationTime", COLUMN_LOCK_EXPIRES);
    return object;
}

static const struct list_filter filters[] = {
    {"id", LIST_UUID, "b.id = ?", NULL, NULL},
    {"processInstanceId", LIST_UUID, "b.instance_id = ?", NULL, NULL},
    {"withoutProcessInstanceId", LIST_FLAG, "false", NULL, NULL},
    {"executionId", LIST_UUID, "b.execution_id = ?", NULL, NULL},
    {"processDefinitionId", LIST_TEXT, "b.definition_id = ?", NULL, NULL},
    {"elementId", LIST_TEXT, "b.element_id = ?", NULL, NULL},
    {"elementName", LIST_TEXT, "b.element_name = ?", NULL, NULL},
    {"topic", LIST_TEXT, "b.topic = ?", NULL, NULL},
    {"withException", LIST_FLAG, "b.error_message IS NOT NULL", NULL, NULL},
    {"exceptionMessage", LIST_TEXT, "b.error_message = ?", NULL, NULL},
    {"dueBefore", LIST_TIME, "b.due_at < ?", NULL, NULL},
    {"dueAfter", LIST_TIME, "b.due_at > ?", NULL, NULL},
    {"locked", LIST_FLAG, "b.lock_expires_at > now()", NULL, NULL},
    {"unlocked", LIST_FLAG, "b.lock_expires_at IS NULL OR b.lock_expires_at <= now()", NULL, NULL},
    {"lockOwner", LIST_TEXT, "b.lock_owner = ?", NULL, NULL},
    {"tenantId", LIST_TEXT, "b.tenant_id = ?", NULL, NULL},
    {"tenantIdLike", LIST_LIKE, "b.tenant_id LIKE ?", NULL, NULL},
    {"withoutTenantId", LIST_FLAG, "b.tenant_id = ''", NULL, NULL},
};
static const struct list_sort sorts[] = {
    {"id", "b.id"},
    {"dueDate", "b.due_at"},
    {"createTime", "b.created_at"},
    {"retries", "b.retries"},
    {"executionId", "b.execution_id"},
    {"processInstanceId", "b.instance_id"},
    {"tenantId", "b.tenant_id"},
};

#define JOB_COLUMNS                                                                         \
    "b.id::text, b.instance_id::text, b.definition_id, b.execution_id::text, b.element_id," \
    " b.element_name, b.retries, b.error_message, b.due_at, b.created_at, b.tenant_id,"     \
    " b.lock_owner, b.lock_expires_at"

static const struct list list = {
    .columns = JOB_COLUMNS,
    .from = "synergyflow_workflows.job b",
    .where = "b.kind = 1",
    .tie = "b.id",
    .filters = filters,
    .filter_count = COUNT_OF(filters),
    .sorts = sorts,
    .sort_count = COUNT_OF(sorts),
    .represent = represent,
    .noun = "an external worker job",
};

static void get_list(void *context, struct http_request *request)
{
    list_answer(context, request, &list);
}

static void get_one(void *context, struct http_request *request)
{
    struct uuid id;

    if (api_id(request, "jobId", list.noun, &id))
        list_answer_one(context, request, &list, "b.id = $1", &id);
}

/* ---- acquire ------------------------------------------------------------------------------- */

enum { ACQUIRE_MAX = 1000, WORKER_NAME_MAX = 255 };

/* Jobs that a lock holds just now are skipped: two workers never wait for each other. */
static const struct pg_statement acquire_statement = {
    "api_jobs_acquire",
    "WITH free AS (SELECT id FROM synergyflow_workflows.job"
    "   WHERE kind = 1 AND topic = $1 AND retries > 0 AND (due_at IS NULL OR due_at <= $4)"
    "     AND (lock_expires_at IS NULL OR lock_expires_at <= $4)"
    "   ORDER BY priority DESC, id LIMIT $5 FOR UPDATE SKIP LOCKED),"
    " locked AS (UPDATE synergyflow_workflows.job j SET lock_owner = $2, lock_expires_at = $3"
    "   FROM free WHERE j.id = free.id RETURNING j.*)"
    " SELECT " JOB_COLUMNS ", i.variables, " API_SCOPE_VARIABLES(
        "b") "  FROM locked b JOIN synergyflow_workflows.process_instance i ON i.id = b.instance_id"
             " ORDER BY b.priority DESC, b.id"};

enum status api_duration(const json_t *body, const char *name, int64_t from_us, int64_t *ret_us,
                         struct error *ret_error)
{
    const char *text = NULL;
    struct iso8601_duration duration;
    struct error inner = {0};
    enum status status = json_field_required_text(body, name, &text, ret_error);

    if (status != STATUS_OK)
        return status;
    if (iso8601_parse_duration(text, &duration, &inner) != STATUS_OK ||
        iso8601_add(from_us, &duration, ret_us, &inner) != STATUS_OK)
        return error_set_field(ret_error, STATUS_INVALID, name,
                               "Expected '%s' to be an ISO 8601 duration such as PT10M: %.500s",
                               name, inner.message);
    return STATUS_OK;
}

enum status api_worker(const json_t *body, const char **ret_worker, struct error *ret_error)
{
    enum status status = json_field_required_text(body, "workerId", ret_worker, ret_error);

    if (status == STATUS_OK && ((*ret_worker)[0] == '\0' || strlen(*ret_worker) > WORKER_NAME_MAX))
        status = error_set_field(ret_error, STATUS_INVALID, "workerId",
                                 "Expected 'workerId' to have 1 to %d bytes.", WORKER_NAME_MAX);
    return status;
}

static void on_acquired(struct api_query *query)
{
    struct api_row row = {query->api, query->request, api_query_rows(query, 0), 0};
    json_t *array = json_array();

    for (; row.row < pg_rows(row.rows); row.row++) {
        json_t *object = represent(&row);
        json_t *variables = api_visible_variables(&row, COLUMN_VARIABLES, COLUMN_SCOPES);

        json_put(object, "variables", api_variables(variables, NULL));
        json_decref(variables);
        (void)json_array_append_new(array, object);
    }
    http_reply_json(query->request, 200, array);
}

static enum status read_acquire(const json_t *body, struct pg_call *call, struct error *ret_error)
{
    static const char *const known[] = {
        "topic", "lockDuration", "workerId", "numberOfTasks", "numberOfRetries", "scopeType", NULL};
    const char *topic = NULL, *worker = NULL, *scope_type = NULL;
    int64_t now_us = clock_wall_us();
    int64_t count = 1, retries, until_us = 0;
    enum status status = json_only_fields(body, known, ret_error);

    if (status == STATUS_OK)
        status = json_field_required_text(body, "topic", &topic, ret_error);
    if (status == STATUS_OK)
        status = api_worker(body, &worker, ret_error);
    if (status == STATUS_OK)
        status = api_duration(body, "lockDuration", now_us, &until_us, ret_error);
    if (status == STATUS_OK)
        status = json_field_int(body, "numberOfTasks", 1, 1, ACQUIRE_MAX, &count, ret_error);
    if (status == STATUS_OK) /* nothing conflicts here, so there is nothing to retry */
        status = json_field_int(body, "numberOfRetries", 5, 0, INT32_MAX, &retries, ret_error);
    if (status == STATUS_OK)
        status = json_field_text(body, "scopeType", &scope_type, ret_error);
    if (status == STATUS_OK && scope_type != NULL && strcmp(scope_type, "bpmn") != 0)
        status = error_set_field(ret_error, STATUS_INVALID, "scopeType",
                                 "Expected 'scopeType' to be bpmn, but found '%.60s'; there are no "
                                 "other jobs here.",
                                 scope_type);
    if (status != STATUS_OK)
        return status;
    pg_text(call, topic);
    pg_text(call, worker);
    pg_timestamp(call, until_us);
    pg_timestamp(call, now_us);
    pg_int8(call, count);
    return STATUS_OK;
}

static void acquire(void *context, struct http_request *request)
{
    struct api_query *query = api_query_new(context, request, on_acquired);
    struct error error = {0};
    json_t *body = NULL;
    enum status status = http_json_object(request, false, &body, &error);

    if (status == STATUS_OK)
        status = read_acquire(body, api_query_add(query, &acquire_statement), &error);
    json_decref(body);
    if (status != STATUS_OK)
        http_reply_error(request, &error);
    else
        api_query_run(query);
}

static const struct http_route routes[] = {
    {HTTP_POST_METHOD, "/external-job-api/acquire/jobs", acquire, "Acquire External Worker Jobs",
     0},
    {HTTP_GET_METHOD, "/external-job-api/jobs", get_list, "List External Worker Jobs", 0},
    {HTTP_GET_METHOD, "/external-job-api/jobs/{jobId}", get_one, "Get a single external worker job",
     0},
};
const struct api_routes external_job_routes = {routes, COUNT_OF(routes)};
