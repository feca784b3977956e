/* Reading incidents over REST: one, a page of them, the comments of one. */
#include "modules/incidents/incident.h"

#include <string.h>

static const struct pg_statement read_incident = {
    "incidents_read",
    "SELECT " INCIDENT_COLUMNS " FROM synergyflow_incidents.incidents t WHERE t.incident_id = $1"};

static const struct pg_statement count_comments = {
    "incidents_count_comments",
    "SELECT count(*) FROM synergyflow_incidents.incident_comments WHERE incident_id = $1"};

static const struct pg_statement read_tasks = {
    "incidents_read_tasks",
    "SELECT task_id, task_title, status, assigned_to, last_updated"
    " FROM synergyflow_incidents.task_projections WHERE incident_id = $1 ORDER BY task_id"};

static const struct pg_statement read_worklogs = {
    "incidents_read_worklogs",
    "SELECT author, body, created_at FROM synergyflow_incidents.incident_worklogs"
    " WHERE incident_id = $1 ORDER BY created_at, worklog_id LIMIT $2"};

static const struct pg_statement read_comments = {
    "incidents_read_comments",
    "SELECT comment_id, author, body, created_at FROM synergyflow_incidents.incident_comments"
    " WHERE incident_id = $1 ORDER BY created_at, comment_id LIMIT $2"};

/* A request while its query runs; in the request's arena. */
struct incident_read {
    struct http_request *request;
    const char *incident_id;
    int status;
    uint32_t freshness;
    int64_t start;
    int64_t size;
    const char *sort;
    const char *order;
};

static json_t *text_or_null(const struct pg_result *result, uint32_t row, uint32_t column)
{
    const char *text = pg_value_text_or_null(result, row, column);

    return text == NULL ? json_null() : json_string(text);
}

static json_t *time_of(const struct pg_result *result, uint32_t row, uint32_t column)
{
    char text[ISO8601_INSTANT_BYTES];

    return json_string(iso8601_format_instant(pg_value_timestamp(result, row, column), text));
}

static void reply_not_found(struct http_request *request, const char *incident_id)
{
    struct error error;

    error_clear(&error);
    error_set_field(&error, STATUS_NOT_FOUND, "incidentId",
                    "Expected an incident \"%.60s\" but there is none.", incident_id);
    http_reply_error(request, &error);
}

static void reply_incident(struct http_request *request, int status, json_t *incident)
{
    const char *incident_id = json_string_value(json_object_get(incident, "incidentId"));
    struct arena *arena = http_arena(request);

    if (status == 201)
        http_reply_header(request, "Location",
                          arena_format(arena, "/api/v1/incidents/%s", incident_id));
    module_reply_versioned(request, status, incident,
                           json_integer_value(json_object_get(incident, "version")));
}

static void on_incident(void *context, struct pg_batch *batch, enum status status,
                        const struct error *error)
{
    struct incident_read *read = context;

    if (status != STATUS_OK)
        http_reply_error(read->request, error);
    else if (pg_rows(pg_batch_result(batch, 0)) == 0)
        reply_not_found(read->request, read->incident_id);
    else
        reply_incident(read->request, read->status, incident_json(pg_batch_result(batch, 0), 0, 0));
}

void incident_reply(struct module_host *host, struct http_request *request, const char *incident_id,
                    int status)
{
    struct arena *arena = http_arena(request);
    struct incident_read *read = arena_alloc(arena, sizeof *read);
    struct pg_batch *batch = pg_batch_new(arena);

    read->request = request;
    read->incident_id = incident_id;
    read->status = status;
    pg_text(pg_batch_add(batch, &read_incident), incident_id);
    module_query(host, batch, on_incident, read); /* suspended: until the row is read */
}

static json_t *tasks_of(const struct pg_result *result)
{
    json_t *tasks = json_array();

    for (uint32_t i = 0; i < pg_rows(result); i++) {
        json_t *task = json_object();

        json_object_set_new(task, "taskId", text_or_null(result, i, 0));
        json_object_set_new(task, "title", text_or_null(result, i, 1));
        json_object_set_new(task, "status", text_or_null(result, i, 2));
        json_object_set_new(task, "assignedTo", text_or_null(result, i, 3));
        json_object_set_new(task, "lastUpdated", time_of(result, i, 4));
        json_array_append_new(tasks, task);
    }
    return tasks;
}

static json_t *worklogs_of(const struct pg_result *result)
{
    json_t *worklogs = json_array();

    for (uint32_t i = 0; i < pg_rows(result); i++) {
        json_t *worklog = json_object();

        json_object_set_new(worklog, "author", text_or_null(result, i, 0));
        json_object_set_new(worklog, "body", text_or_null(result, i, 1));
        json_object_set_new(worklog, "createdAt", time_of(result, i, 2));
        json_array_append_new(worklogs, worklog);
    }
    return worklogs;
}

static void on_detail(void *context, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct incident_read *read = context;

    if (status != STATUS_OK) {
        http_reply_error(read->request, error);
        return;
    }
    if (pg_rows(pg_batch_result(batch, 0)) == 0) {
        reply_not_found(read->request, read->incident_id);
        return;
    }
    json_t *incident = incident_json(pg_batch_result(batch, 0), 0, 0);

    json_object_set_new(incident, "commentCount",
                        json_integer(pg_value_int(pg_batch_result(batch, 1), 0, 0)));
    json_object_set_new(incident, "tasks", tasks_of(pg_batch_result(batch, 2)));
    json_object_set_new(incident, "worklog", worklogs_of(pg_batch_result(batch, 3)));
    json_object_set_new(incident, "freshness",
                        module_freshness(batch, read->freshness, module_now_us()));
    reply_incident(read->request, 200, incident);
}

void incident_route_get(void *context, struct http_request *request)
{
    struct arena *arena = http_arena(request);
    struct incident_read *read = arena_alloc(arena, sizeof *read);
    struct pg_batch *batch = pg_batch_new(arena);
    struct pg_call *worklogs;

    read->request = request;
    read->incident_id = http_param(request, "incidentId");
    pg_text(pg_batch_add(batch, &read_incident), read->incident_id);
    pg_text(pg_batch_add(batch, &count_comments), read->incident_id);
    pg_text(pg_batch_add(batch, &read_tasks), read->incident_id);
    worklogs = pg_batch_add(batch, &read_worklogs);
    pg_text(worklogs, read->incident_id);
    pg_int8(worklogs, INCIDENT_COMMENTS_MAX);
    read->freshness = module_freshness_add(batch, INCIDENT_TASKS_LISTENER);
    module_query(context, batch, on_detail, read); /* suspended: until all is read */
}

static void on_comments(void *context, struct pg_batch *batch, enum status status,
                        const struct error *error)
{
    struct incident_read *read = context;
    json_t *comments = json_array();

    if (status != STATUS_OK) {
        json_decref(comments);
        http_reply_error(read->request, error);
        return;
    }
    if (pg_rows(pg_batch_result(batch, 0)) == 0) {
        json_decref(comments);
        reply_not_found(read->request, read->incident_id);
        return;
    }
    const struct pg_result *result = pg_batch_result(batch, 2);

    for (uint32_t i = 0; i < pg_rows(result); i++) {
        struct uuid id = pg_value_uuid(result, i, 0);
        char id_text[UUID_TEXT_BYTES];
        json_t *comment = json_pack("{s:s}", "commentId", uuid_format(&id, id_text));

        json_object_set_new(comment, "author", text_or_null(result, i, 1));
        json_object_set_new(comment, "body", text_or_null(result, i, 2));
        json_object_set_new(comment, "createdAt", time_of(result, i, 3));
        json_array_append_new(comments, comment);
    }
    http_reply_json(read->request, 200,
                    json_pack("{s:o, s:I, s:i, s:I}", "data", comments, "total",
                              (json_int_t)pg_value_int(pg_batch_result(batch, 1), 0, 0), "start", 0,
                              "size", (json_int_t)json_array_size(comments)));
}

void incident_route_comments(void *context, struct http_request *request)
{
    struct arena *arena = http_arena(request);
    struct incident_read *read = arena_alloc(arena, sizeof *read);
    struct pg_batch *batch = pg_batch_new(arena);
    struct pg_call *comments;

    read->request = request;
    read->incident_id = http_param(request, "incidentId");
    pg_text(pg_batch_add(batch, &read_incident), read->incident_id);
    pg_text(pg_batch_add(batch, &count_comments), read->incident_id);
    comments = pg_batch_add(batch, &read_comments);
    pg_text(comments, read->incident_id);
    pg_int8(comments, INCIDENT_COMMENTS_MAX);
    module_query(context, batch, on_comments, read); /* suspended: until they are read */
}
