/* /process-api/management/jobs, timer-jobs, deadletter-jobs and suspended-jobs: what the engine has
 * to do by itself, in Flowable's four tables. Ours are two, timer and job; a row is in the list
 * that its state says:
 *
 *   deadletter  given up; also external work without a try left
 *   suspended   of an instance that is suspended
 *   timer       armed timers, and jobs that wait for their time (a retry, a timer that starts)
 *   jobs        due now */
#include "engine/api/job.h"

#include <string.h>

enum {
    COLUMN_ID,
    COLUMN_INSTANCE,
    COLUMN_DEFINITION,
    COLUMN_EXECUTION,
    COLUMN_ELEMENT,
    COLUMN_ELEMENT_NAME,
    COLUMN_HANDLER,
    COLUMN_RETRIES,
    COLUMN_ERROR,
    COLUMN_DUE,
    COLUMN_CREATED,
    COLUMN_LOCK_OWNER,
    COLUMN_LOCK_EXPIRES,
    COLUMN_TENANT,
    COLUMN_PRIORITY,
    COLUMN_ATTEMPTS,
    COLUMN_DEAD,
};

/* The list that a route's path names: "/process-api/management/timer-jobs". */
static json_t *represent(const struct api_row *row, const char *path)
{
    json_t *object = json_object();

    row_text(row, object, "id", COLUMN_ID);
    row_url(row, object, "url", path, COLUMN_ID);
    row_text(row, object, "correlationId", COLUMN_ID);
    row_text(row, object, "processInstanceId", COLUMN_INSTANCE);
    row_url(row, object, "processInstanceUrl", "/process-api/runtime/process-instances/",
            COLUMN_INSTANCE);
    row_text(row, object, "processDefinitionId", COLUMN_DEFINITION);
    row_url(row, object, "processDefinitionUrl", "/process-api/repository/process-definitions/",
            COLUMN_DEFINITION);
    row_text(row, object, "executionId", COLUMN_EXECUTION);
    row_url(row, object, "executionUrl", "/process-api/runtime/executions/", COLUMN_EXECUTION);
    row_text(row, object, "elementId", COLUMN_ELEMENT);
    row_text(row, object, "elementName", COLUMN_ELEMENT_NAME);
    row_text(row, object, "handlerType", COLUMN_HANDLER);
    row_int(row, object, "retries", COLUMN_RETRIES);
    row_text(row, object, "exceptionMessage", COLUMN_ERROR);
    row_time(row, object, "dueDate", COLUMN_DUE);
    row_time(row, object, "createTime", COLUMN_CREATED);
    row_text(row, object, "lockOwner", COLUMN_LOCK_OWNER);
    row_time(row, object, "lockExpirationTime", COLUMN_LOCK_EXPIRES);
    row_int(row, object, "priority", COLUMN_PRIORITY);
    row_int(row, object, "attempts", COLUMN_ATTEMPTS);
    row_time(row, object, "deadSince", COLUMN_DEAD);
    row_text(row, object, "tenantId", COLUMN_TENANT);
    return object;
}

static json_t *represent_job(const struct api_row *row)
{
    return represent(row, "/process-api/management/jobs/");
}

static json_t *represent_timer(const struct api_row *row)
{
    return represent(row, "/process-api/management/timer-jobs/");
}

static json_t *represent_dead(const struct api_row *row)
{
    return represent(row, "/process-api/management/deadletter-jobs/");
}

static json_t *represent_suspended(const struct api_row *row)
{
    return represent(row, "/process-api/management/suspended-jobs/");
}

static const struct list_filter filters[] = {
    {"id", LIST_UUID, "j.id = ?", NULL, NULL},
    {"processInstanceId", LIST_UUID, "j.instance_id = ?", NULL, NULL},
    {"withoutProcessInstanceId", LIST_FLAG, "j.instance_id IS NULL", NULL, NULL},
    {"executionId", LIST_UUID, "j.execution_id = ?", NULL, NULL},
    {"processDefinitionId", LIST_TEXT, "j.definition_id = ?", NULL, NULL},
    {"processDefinitionKey", LIST_TEXT,
     "j.definition_id IN (SELECT d.id FROM synergyflow_workflows.process_definition d"
     " WHERE d.key = ?)",
     NULL, NULL},
    {"elementId", LIST_TEXT, "j.element_id = ?", NULL, NULL},
    {"elementName", LIST_TEXT, "j.element_name = ?", NULL, NULL},
    {"handlerType", LIST_TEXT, "j.handler = ?", NULL, NULL},
    {"handlerTypes", LIST_TEXTS, "j.handler = ANY(?)", NULL, NULL},
    {"executable", LIST_FLAG, "j.due_at IS NULL OR j.due_at <= now()", NULL, NULL},
    {"timersOnly", LIST_FLAG, "j.kind IN (0, 8)", NULL, NULL},
    {"messagesOnly", LIST_FLAG, "j.kind NOT IN (0, 8)", NULL, NULL},
    {"withException", LIST_FLAG, "j.error_message IS NOT NULL", NULL, NULL},
    {"exceptionMessage", LIST_TEXT, "j.error_message = ?", NULL, NULL},
    {"dueBefore", LIST_TIME, "j.due_at < ?", NULL, NULL},
    {"dueAfter", LIST_TIME, "j.due_at > ?", NULL, NULL},
    {"locked", LIST_FLAG, "j.lock_expires_at > now()", NULL, NULL},
    {"unlocked", LIST_FLAG, "j.lock_expires_at IS NULL OR j.lock_expires_at <= now()", NULL, NULL},
    {"tenantId", LIST_TEXT, "j.tenant_id = ?", NULL, NULL},
    {"tenantIdLike", LIST_LIKE, "j.tenant_id LIKE ?", NULL, NULL},
    {"withoutTenantId", LIST_FLAG, "j.tenant_id = ''", NULL, NULL},
};
static const struct list_sort sorts[] = {
    {"id", "j.id"},
    {"dueDate", "j.due_at"},
    {"createTime", "j.created_at"},
    {"executionId", "j.execution_id"},
    {"processInstanceId", "j.instance_id"},
    {"processDefinitionId", "j.definition_id"},
    {"retries", "j.retries"},
    {"priority", "j.priority"},
    {"tenantId", "j.tenant_id"},
};

/* Both tables as one. A dead job's due time is infinity: it has none. A timer is tried as often as
 * its policy says; Flowable's number of tries left is at least one as long as it is alive. */
#define ALL_JOBS                                                                                  \
    "(SELECT b.id, b.instance_id, b.definition_id, b.execution_id, b.element_id, b.element_name," \
    "  b.kind, (ARRAY['external-worker-complete', 'async-continuation', 'async-script',"          \
    "   'signal-event', 'message-event', 'start-event', 'end-called-instance',"                   \
    "   'timer-start-event'])[b.kind] AS handler,"                                                \
    "  CASE WHEN b.kind = 1 THEN b.retries WHEN b.dead_at IS NOT NULL THEN 0"                     \
    "   ELSE GREATEST(b.retries - b.attempts, 1) END AS retries, b.error_message,"                \
    "  coalesce(b.error_details, b.error_message) AS trace,"                                      \
    "  CASE WHEN isfinite(b.due_at) THEN b.due_at END AS due_at, b.created_at, b.lock_owner,"     \
    "  b.lock_expires_at, b.tenant_id, b.priority, b.attempts::integer AS attempts, b.dead_at,"   \
    "  " JOB_IS_DEAD " AS is_dead FROM synergyflow_workflows.job b"                               \
    " UNION ALL SELECT m.id, m.instance_id, m.definition_id, m.execution_id, m.element_id, NULL," \
    "  0, 'trigger-timer', CASE WHEN m.dead_at IS NULL THEN GREATEST(3 - m.attempts, 1) ELSE 0"   \
    "  END, m.last_error, m.last_error, CASE WHEN isfinite(m.due_at) THEN m.due_at END,"          \
    "  m.created_at, NULL, NULL, m.tenant_id, 0, m.attempts, m.dead_at, " TIMER_IS_DEAD           \
    "  FROM synergyflow_workflows.timer m) AS j"                                                  \
    " LEFT JOIN synergyflow_workflows.process_instance i ON i.id = j.instance_id"
#define ALIVE    "NOT j.is_dead AND i.status IS DISTINCT FROM 2"
#define IS_LATER "(j.kind IN (0, 8) OR (j.due_at > now()) IS TRUE)"

#define JOB_LIST(condition, represent_row, what)                                             \
    {                                                                                        \
        .columns = "j.id::text, j.instance_id::text, j.definition_id, j.execution_id::text," \
                   " j.element_id, j.element_name, j.handler, j.retries, j.error_message,"   \
                   " j.due_at, j.created_at, j.lock_owner, j.lock_expires_at, j.tenant_id,"  \
                   " j.priority, j.attempts, j.dead_at, j.trace",                            \
        .from = ALL_JOBS, .where = condition, .tie = "j.id", .filters = filters,             \
        .filter_count = COUNT_OF(filters), .sorts = sorts, .sort_count = COUNT_OF(sorts),    \
        .represent = represent_row, .noun = what,                                            \
    }

static const struct list jobs =
    JOB_LIST(ALIVE " AND j.kind > 1 AND NOT " IS_LATER, represent_job, "a job");
static const struct list timers =
    JOB_LIST(ALIVE " AND j.kind <> 1 AND " IS_LATER, represent_timer, "a timer job");
static const struct list dead = JOB_LIST("j.is_dead", represent_dead, "a deadletter job");
static const struct list suspended =
    JOB_LIST("NOT j.is_dead AND i.status = 2", represent_suspended, "a suspended job");

const struct list *job_list_of(const struct http_request *request)
{
    const char *path = http_path(request) + strlen("/process-api/management/");

    if (strncmp(path, "timer-jobs", 10) == 0)
        return &timers;
    if (strncmp(path, "deadletter-jobs", 15) == 0)
        return &dead;
    return strncmp(path, "suspended-jobs", 14) == 0 ? &suspended : &jobs;
}

static void get_list(void *context, struct http_request *request)
{
    list_answer(context, request, job_list_of(request));
}

static void get_one(void *context, struct http_request *request)
{
    const struct list *list = job_list_of(request);
    struct uuid id;

    if (api_id(request, "jobId", list->noun, &id))
        list_answer_one(context, request, list, "j.id = $1", &id);
}

/* ---- what went wrong, in full ---- */

enum { COLUMN_TRACE = COLUMN_DEAD + 1 };

static void on_trace(struct api_query *query)
{
    const struct list *list = query->state;
    const struct pg_result *rows = api_query_rows(query, 0);
    const char *text;

    if (pg_rows(rows) == 0) {
        api_not_found(query->request, list->noun, query->subject);
        return;
    }
    text = pg_value_text_or_null(rows, 0, COLUMN_TRACE);
    if (text == NULL)
        api_refuse(query->request, STATUS_NOT_FOUND, "Job with id '%s' does not have an exception.",
                   query->subject);
    else
        http_reply_bytes(query->request, 200, "text/plain;charset=UTF-8", text, strlen(text));
}

static void get_trace(void *context, struct http_request *request)
{
    const struct list *list = job_list_of(request);
    struct api_query *query = api_query_new(context, request, on_trace);
    struct pg_statement *one = arena_alloc(http_arena(request), sizeof(*one));
    struct uuid id;

    if (!api_id(request, "jobId", list->noun, &id))
        return;
    *one = list_one_statement(http_arena(request), list, "j.id = $1", false);
    query->subject = http_param(request, "jobId");
    query->state = (void *)(uintptr_t)list;
    pg_uuid(api_query_add(query, one), &id);
    api_query_run(query);
}

/* ---- incidents of an instance (ours) ---- */

static json_t *represent_incident(const struct api_row *row)
{
    const char *handler = pg_value_text(row->rows, row->row, COLUMN_HANDLER);
    json_t *object = json_object();

    row_text(row, object, "id", COLUMN_ID);
    json_put_text(object, "type",
                  strcmp(handler, "trigger-timer") == 0              ? "failedTimer"
                  : strcmp(handler, "external-worker-complete") == 0 ? "failedExternalJob"
                                                                     : "failedJob");
    row_text(row, object, "jobId", COLUMN_ID);
    row_url(row, object, "jobUrl", "/process-api/management/deadletter-jobs/", COLUMN_ID);
    row_text(row, object, "processInstanceId", COLUMN_INSTANCE);
    row_text(row, object, "processDefinitionId", COLUMN_DEFINITION);
    row_text(row, object, "executionId", COLUMN_EXECUTION);
    row_text(row, object, "activityId", COLUMN_ELEMENT);
    row_text(row, object, "activityName", COLUMN_ELEMENT_NAME);
    row_text(row, object, "handlerType", COLUMN_HANDLER);
    row_text(row, object, "message", COLUMN_ERROR);
    row_time(row, object, "time", COLUMN_DEAD);
    row_int(row, object, "attempts", COLUMN_ATTEMPTS);
    row_text(row, object, "tenantId", COLUMN_TENANT);
    return object;
}

static const struct list incidents = JOB_LIST("j.is_dead", represent_incident, "an incident");

static void on_incidents(struct api_query *query)
{
    struct api_row row = {query->api, query->request, api_query_rows(query, 1), 0};
    json_t *array;

    if (pg_rows(api_query_rows(query, 0)) == 0) {
        api_not_found(query->request, "a process instance", query->subject);
        return;
    }
    array = json_array();
    for (; row.row < pg_rows(row.rows); row.row++)
        (void)json_array_append_new(array, represent_incident(&row));
    http_reply_json(query->request, 200, array);
}

static const struct pg_statement instance_statement = {
    "api_incidents_instance", "SELECT 1 FROM synergyflow_workflows.process_instance WHERE id = $1"};

static void get_incidents_of(void *context, struct http_request *request)
{
    struct api_query *query = api_query_new(context, request, on_incidents);
    struct pg_statement *all = arena_alloc(http_arena(request), sizeof(*all));
    struct uuid id;

    if (!api_id(request, "processInstanceId", "a process instance", &id))
        return;
    *all = list_one_statement(http_arena(request), &incidents, "j.instance_id = $1", false);
    query->subject = http_param(request, "processInstanceId");
    pg_uuid(api_query_add(query, &instance_statement), &id);
    pg_uuid(api_query_add(query, all), &id);
    api_query_run(query);
}

static void get_incidents(void *context, struct http_request *request)
{
    list_answer(context, request, &incidents);
}

#define MANAGEMENT "/process-api/management/"

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, MANAGEMENT "jobs", get_list, "List jobs that are due", 0},
    {HTTP_GET_METHOD, MANAGEMENT "jobs/{jobId}", get_one, "Get a single job", 0},
    {HTTP_GET_METHOD, MANAGEMENT "jobs/{jobId}/exception-stacktrace", get_trace,
     "Get the exception stacktrace for a job", 0},
    {HTTP_GET_METHOD, MANAGEMENT "timer-jobs", get_list, "List timer jobs", 0},
    {HTTP_GET_METHOD, MANAGEMENT "timer-jobs/{jobId}", get_one, "Get a single timer job", 0},
    {HTTP_GET_METHOD, MANAGEMENT "timer-jobs/{jobId}/exception-stacktrace", get_trace,
     "Get the exception stacktrace for a timer job", 0},
    {HTTP_GET_METHOD, MANAGEMENT "deadletter-jobs", get_list, "List deadletter jobs", 0},
    {HTTP_GET_METHOD, MANAGEMENT "deadletter-jobs/{jobId}", get_one, "Get a single deadletter job",
     0},
    {HTTP_GET_METHOD, MANAGEMENT "deadletter-jobs/{jobId}/exception-stacktrace", get_trace,
     "Get the exception stacktrace for a deadletter job", 0},
    {HTTP_GET_METHOD, MANAGEMENT "suspended-jobs", get_list, "List suspended jobs", 0},
    {HTTP_GET_METHOD, MANAGEMENT "suspended-jobs/{jobId}", get_one, "Get a single suspended job",
     0},
    {HTTP_GET_METHOD, MANAGEMENT "suspended-jobs/{jobId}/exception-stacktrace", get_trace,
     "Get the exception stacktrace for a suspended job", 0},
    {HTTP_GET_METHOD, "/process-api/runtime/incidents", get_incidents,
     "List jobs and timers that were given up", 0},
    {HTTP_GET_METHOD, "/process-api/runtime/process-instances/{processInstanceId}/incidents",
     get_incidents_of, "List the jobs and timers of a process instance that were given up", 0},
};
const struct api_routes job_routes = {routes, COUNT_OF(routes)};
