/* /external-job-api: acquire, list and get jobs of service tasks that external workers do. Their
 * ends are in external_job_action.c, waiting for jobs is in job_waiters.c. */
#include "engine/api/external_job.h"

#include "engine/base/clock.h"

#include <errno.h>
#include <stdlib.h>
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
    COLUMN_TOPIC,
    COLUMN_PRIORITY,
    COLUMN_VARIABLES, /* lists end here with a NULL */
    COLUMN_SCOPES,
};

json_t *external_job_represent(const struct api_row *row)
{
    json_t *object = json_object();

    row_text(row, object, "id", COLUMN_ID);
    row_url(row, object, "url", "/external-job-api/jobs/", COLUMN_ID);
    row_text(row, object, "correlationId", COLUMN_ID);
    row_text(row, object, "processInstanceId", COLUMN_INSTANCE);
    row_url(row, object, "processInstanceUrl", "/process-api/runtime/process-instances/",
            COLUMN_INSTANCE);
    row_text(row, object, "processDefinitionId", COLUMN_DEFINITION);
    row_url(row, object, "processDefinitionUrl", "/process-api/repository/process-definitions/",
            COLUMN_DEFINITION);
    row_text(row, object, "executionId", COLUMN_EXECUTION);
    row_url(row, object, "executionUrl", "/process-api/runtime/executions/", COLUMN_EXECUTION);
    json_put(object, "scopeId", json_null());
    json_put(object, "subScopeId", json_null());
    json_put(object, "scopeDefinitionId", json_null());
    json_put(object, "scopeType", json_null());
    row_text(row, object, "elementId", COLUMN_ELEMENT);
    row_text(row, object, "elementName", COLUMN_ELEMENT_NAME);
    json_put_text(object, "handlerType", "external-worker-complete");
    row_text(row, object, "topic", COLUMN_TOPIC);
    row_int(row, object, "priority", COLUMN_PRIORITY);
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
    {"topics", LIST_TEXTS, "b.topic = ANY(?)", NULL, NULL},
    {"minimumPriority", LIST_INT, "b.priority >= ?", NULL, NULL},
    {"maximumPriority", LIST_INT, "b.priority <= ?", NULL, NULL},
    {"executable", LIST_FLAG,
     "b.retries > 0 AND (b.due_at IS NULL OR b.due_at <= now())"
     " AND (b.lock_expires_at IS NULL OR b.lock_expires_at <= now())",
     NULL, NULL},
    {"scopeType", LIST_TEXT, "? = 'bpmn'", NULL, NULL},
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
    {"priority", "b.priority"},
    {"topic", "b.topic"},
    {"executionId", "b.execution_id"},
    {"processInstanceId", "b.instance_id"},
    {"tenantId", "b.tenant_id"},
};

#define JOB_COLUMNS                                                                         \
    "b.id::text, b.instance_id::text, b.definition_id, b.execution_id::text, b.element_id," \
    " b.element_name, b.retries, b.error_message, b.due_at, b.created_at, b.tenant_id,"     \
    " b.lock_owner, b.lock_expires_at, b.topic, b.priority"

static const struct list list = {
    .columns = JOB_COLUMNS,
    .from = "synergyflow_workflows.job b",
    .where = "b.kind = 1",
    .tie = "b.id",
    .filters = filters,
    .filter_count = COUNT_OF(filters),
    .sorts = sorts,
    .sort_count = COUNT_OF(sorts),
    .represent = external_job_represent,
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

enum {
    ACQUIRE_MAX = 1000,
    WORKER_NAME_MAX = 255,
    WAIT_MAX_MS = 60000, /* what proxies and clients let an idle connection live */
    LOCK_DAYS_MAX = 3660,
};

/* Jobs that a lock holds just now are skipped: two workers never wait for each other. */
static const struct pg_statement acquire_statement = {
    "api_jobs_acquire",
    "WITH free AS (SELECT id FROM synergyflow_workflows.job j"
    "   WHERE kind = 1 AND topic = $1 AND retries > 0 AND (due_at IS NULL OR due_at <= $4)"
    "     AND (lock_expires_at IS NULL OR lock_expires_at <= $4)"
    "     AND NOT EXISTS (SELECT 1 FROM synergyflow_workflows.process_instance p"
    "       WHERE p.id = j.instance_id AND p.status = 2)"
    "   ORDER BY priority DESC, id LIMIT $5 FOR UPDATE SKIP LOCKED),"
    " locked AS (UPDATE synergyflow_workflows.job j SET lock_owner = $2, lock_expires_at = $3"
    "   FROM free WHERE j.id = free.id RETURNING j.*)"
    " SELECT " JOB_COLUMNS ", i.variables, " API_SCOPE_VARIABLES(
        "b") "  FROM locked b JOIN synergyflow_workflows.process_instance i ON i.id = b.instance_id"
             " ORDER BY b.priority DESC, b.id"};

static enum status duration_field(const json_t *body, const char *name, int64_t from_us,
                                  struct iso8601_duration *ret_duration, int64_t *ret_us,
                                  struct error *ret_error)
{
    const char *text = NULL;
    struct error inner = {0};
    enum status status = json_field_required_text(body, name, &text, ret_error);

    if (status != STATUS_OK)
        return status;
    if (iso8601_parse_duration(text, ret_duration, &inner) != STATUS_OK ||
        iso8601_add(from_us, ret_duration, ret_us, &inner) != STATUS_OK)
        return error_set_field(ret_error, STATUS_INVALID, name,
                               "Expected '%s' to be an ISO 8601 duration such as PT10M: %.500s",
                               name, inner.message);
    return STATUS_OK;
}

enum status api_duration(const json_t *body, const char *name, int64_t from_us, int64_t *ret_us,
                         struct error *ret_error)
{
    struct iso8601_duration duration;

    return duration_field(body, name, from_us, &duration, ret_us, ret_error);
}

enum status api_worker(const json_t *body, const char **ret_worker, struct error *ret_error)
{
    enum status status = json_field_required_text(body, "workerId", ret_worker, ret_error);

    if (status == STATUS_OK && ((*ret_worker)[0] == '\0' || strlen(*ret_worker) > WORKER_NAME_MAX))
        status = error_set_field(ret_error, STATUS_INVALID, "workerId",
                                 "Expected 'workerId' to have 1 to %d bytes.", WORKER_NAME_MAX);
    return status;
}

enum status external_job_lock(struct pg_batch *batch, const struct job_wish *wish, int64_t now_us,
                              struct error *ret_error)
{
    struct pg_call *call;
    int64_t until_us;
    enum status status = iso8601_add(now_us, &wish->lock, &until_us, ret_error);

    if (status != STATUS_OK)
        return status;
    call = pg_batch_add(batch, &acquire_statement);
    pg_text(call, wish->topic);
    pg_text(call, wish->worker);
    pg_timestamp(call, until_us);
    pg_timestamp(call, now_us);
    pg_int8(call, wish->count);
    return STATUS_OK;
}

void external_jobs_answer(struct definition_cache *definitions, struct http_request *request,
                          const struct pg_result *rows)
{
    struct api_row row = {NULL, request, rows, 0};
    json_t *array = json_array();

    for (; row.row < pg_rows(rows); row.row++) {
        json_t *object = external_job_represent(&row);

        json_put(object, "variables", api_visible_variables(&row, COLUMN_VARIABLES, COLUMN_SCOPES));
        (void)json_array_append_new(array, object);
    }
    external_jobs_view(definitions, request, array);
}

static void on_acquired(struct api_query *query)
{
    external_jobs_answer(query->api->definitions, query->request, api_query_rows(query, 0));
}

/* "Prefer: respond-async, wait=30" (RFC 7240, 4.3) in milliseconds; 0 when it does not say. */
static int64_t preferred_wait(struct http_request *request)
{
    const char *prefer = http_header(request, "prefer");

    for (const char *at = prefer; at != NULL; at = strchr(at, ',')) {
        char *end;
        long seconds;

        at += strspn(at, ", \t");
        if (strncmp(at, "wait=", 5) != 0)
            continue;
        errno = 0;
        seconds = strtol(at + 5, &end, 10);
        if (errno != 0 || end == at + 5 || seconds < 0)
            return 0; /* a preference that cannot be understood is ignored */
        return seconds > WAIT_MAX_MS / 1000 ? WAIT_MAX_MS : seconds * 1000;
    }
    return 0;
}

static enum status read_lock(const json_t *body, struct job_wish *wish, struct error *ret_error)
{
    int64_t now_us = clock_wall_us();
    int64_t until_us = 0;
    enum status status =
        duration_field(body, "lockDuration", now_us, &wish->lock, &until_us, ret_error);

    if (status == STATUS_OK && until_us - now_us > (int64_t)LOCK_DAYS_MAX * 86400 * 1000000)
        status = error_set_field(ret_error, STATUS_INVALID, "lockDuration",
                                 "Expected 'lockDuration' to be at most %d days.", LOCK_DAYS_MAX);
    return status;
}

/* Milliseconds; more than the limit means the limit. */
static enum status read_wait(struct http_request *request, const json_t *body,
                             struct job_wish *wish, struct error *ret_error)
{
    int64_t wait_ms = preferred_wait(request);
    enum status status =
        json_field_int(body, "asyncResponseTimeout", wait_ms, 0, INT32_MAX, &wait_ms, ret_error);

    if (status == STATUS_OK)
        status = json_field_int(body, "timeout", wait_ms, 0, INT32_MAX, &wait_ms, ret_error);
    wish->wait_ms = wait_ms > WAIT_MAX_MS ? WAIT_MAX_MS : wait_ms;
    return status;
}

static enum status read_wish(struct http_request *request, const json_t *body,
                             struct job_wish *wish, struct error *ret_error)
{
    static const char *const known[] = {"topic",         "lockDuration",         "workerId",
                                        "numberOfTasks", "numberOfRetries",      "scopeType",
                                        "timeout",       "asyncResponseTimeout", NULL};
    const char *topic = NULL, *worker = NULL, *scope_type = NULL;
    int64_t retries;
    enum status status = json_only_fields(body, known, ret_error);

    if (status == STATUS_OK)
        status = json_field_required_text(body, "topic", &topic, ret_error);
    if (status == STATUS_OK)
        status = api_worker(body, &worker, ret_error);
    if (status == STATUS_OK)
        status = read_lock(body, wish, ret_error);
    if (status == STATUS_OK)
        status = json_field_int(body, "numberOfTasks", 1, 1, ACQUIRE_MAX, &wish->count, ret_error);
    if (status == STATUS_OK) /* nothing conflicts here, so there is nothing to retry */
        status = json_field_int(body, "numberOfRetries", 5, 0, INT32_MAX, &retries, ret_error);
    if (status == STATUS_OK)
        status = json_field_text(body, "scopeType", &scope_type, ret_error);
    if (status == STATUS_OK && scope_type != NULL && strcmp(scope_type, "bpmn") != 0)
        status = error_set_field(ret_error, STATUS_INVALID, "scopeType",
                                 "Expected 'scopeType' to be bpmn, but found '%.60s'; there are no "
                                 "other jobs here.",
                                 scope_type);
    if (status == STATUS_OK)
        status = read_wait(request, body, wish, ret_error);
    wish->topic = arena_copy(http_arena(request), topic);
    wish->worker = arena_copy(http_arena(request), worker);
    return status;
}

static void acquire(void *context, struct http_request *request)
{
    const struct api_settings *api = context;
    struct api_query *query = api_query_new(api, request, on_acquired);
    struct job_wish *wish = arena_alloc(http_arena(request), sizeof(*wish));
    struct error error = {0};
    json_t *body = NULL;
    enum status status = http_json_object(request, false, &body, &error);

    if (status == STATUS_OK)
        status = read_wish(request, body, wish, &error);
    json_decref(body);
    if (status == STATUS_OK && wish->wait_ms > 0 && api->waiters != NULL) {
        if (job_waiters_add(api->waiters, request, wish))
            return; /* suspended: until there are jobs or its time is over */
        status = error_set(&error, STATUS_BUSY,
                           "Expected fewer workers to wait for jobs at once; ask again later.");
    }
    if (status == STATUS_OK)
        status = external_job_lock(query->batch, wish, clock_wall_us(), &error);
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
