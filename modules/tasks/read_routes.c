/* Reading tasks over REST: one with its incident's projection, and a page of them. */
#include "modules/tasks/task.h"

#include <string.h>

static const struct pg_statement read_task = {
    "tasks_read", "SELECT " TASK_COLUMNS " FROM synergyflow_tasks.tasks t WHERE t.task_id = $1"};

static const struct pg_statement read_incident = {
    "tasks_read_incident",
    "SELECT p.incident_id, p.incident_title, p.status, p.priority, p.assigned_to, p.last_updated"
    " FROM synergyflow_tasks.tasks t JOIN synergyflow_tasks.incident_projections p"
    "   USING (incident_id) WHERE t.task_id = $1"};

#define TASK_FILTER                                                                           \
    " WHERE ($1::text IS NULL OR t.status = $1) AND ($2::text IS NULL OR t.assigned_to = $2)" \
    " AND ($3::text IS NULL OR t.incident_id = $3)"

static const struct pg_statement count_tasks = {
    NULL, "SELECT count(*) FROM synergyflow_tasks.tasks t" TASK_FILTER};

static const struct pg_statement read_page = {
    NULL, "SELECT " TASK_COLUMNS " FROM synergyflow_tasks.tasks t" TASK_FILTER
          " ORDER BY t.created_at DESC, t.task_id DESC LIMIT $4 OFFSET $5"};

/* A request while its query runs; in the request's arena. */
struct task_read {
    struct http_request *request;
    const char *task_id;
    uint32_t freshness;
    int64_t start;
    int64_t size;
};

static json_t *text_or_null(const struct pg_result *result, uint32_t row, uint32_t column)
{
    const char *text = pg_value_text_or_null(result, row, column);

    return text == NULL ? json_null() : json_string(text);
}

static json_t *incident_of(const struct pg_result *result)
{
    char moment[ISO8601_INSTANT_BYTES];
    json_t *incident;

    if (pg_rows(result) == 0)
        return json_null();
    incident = json_object();
    json_object_set_new(incident, "incidentId", text_or_null(result, 0, 0));
    json_object_set_new(incident, "title", text_or_null(result, 0, 1));
    json_object_set_new(incident, "status", text_or_null(result, 0, 2));
    json_object_set_new(incident, "priority", text_or_null(result, 0, 3));
    json_object_set_new(incident, "assignedTo", text_or_null(result, 0, 4));
    json_object_set_new(
        incident, "lastUpdated",
        json_string(iso8601_format_instant(pg_value_timestamp(result, 0, 5), moment)));
    return incident;
}

static void on_task(void *context, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    struct task_read *read = context;
    struct error missing;

    if (status == STATUS_OK && pg_rows(pg_batch_result(batch, 0)) == 0) {
        error_clear(&missing);
        status = error_set_field(&missing, STATUS_NOT_FOUND, "taskId",
                                 "Expected a task \"%.60s\" but there is none.", read->task_id);
        error = &missing;
    }
    if (status != STATUS_OK) {
        http_reply_error(read->request, error);
        return;
    }
    json_t *task = task_json(pg_batch_result(batch, 0), 0, 0);

    json_object_set_new(task, "incident", incident_of(pg_batch_result(batch, 1)));
    json_object_set_new(task, "freshness",
                        module_freshness(batch, read->freshness, module_now_us()));
    http_reply_header(
        read->request, "ETag",
        arena_format(http_arena(read->request), "\"%lld\"",
                     (long long)json_integer_value(json_object_get(task, "version"))));
    http_reply_json(read->request, 200, task);
}

void task_route_get(void *context, struct http_request *request)
{
    struct arena *arena = http_arena(request);
    struct task_read *read = arena_alloc(arena, sizeof *read);
    struct pg_batch *batch = pg_batch_new(arena);

    read->request = request;
    read->task_id = http_param(request, "taskId");
    pg_text(pg_batch_add(batch, &read_task), read->task_id);
    pg_text(pg_batch_add(batch, &read_incident), read->task_id);
    read->freshness = module_freshness_add(batch, TASK_INCIDENTS_LISTENER);
    module_query(context, batch, on_task, read); /* suspended: until all is read */
}

static enum status check_names(struct http_request *request, struct error *ret_error)
{
    static const char *const known[] = {"status", "assignedTo", "incidentId", "start", "size"};
    const char *name;
    const char *value;

    for (uint32_t i = 0; http_query_at(request, i, &name, &value); i++) {
        bool found = false;

        for (size_t j = 0; j < COUNT_OF(known); j++)
            found |= strcmp(known[j], name) == 0;
        if (!found)
            return error_set_field(ret_error, STATUS_INVALID, name,
                                   "Expected the parameters status, assignedTo, incidentId, start "
                                   "or size but found \"%.40s\".",
                                   name);
    }
    return STATUS_OK;
}

static enum status read_number(struct http_request *request, const char *name, int64_t absent,
                               int64_t minimum, int64_t maximum, int64_t *ret_value,
                               struct error *ret_error)
{
    const char *text = http_query(request, name);
    int64_t value = 0;
    bool fits = text != NULL && text[0] != '\0';

    if (text == NULL) {
        *ret_value = absent;
        return STATUS_OK;
    }
    for (const char *at = text; *at != '\0' && fits; at++) {
        fits = *at >= '0' && *at <= '9' && value <= maximum;
        value = value * 10 + (*at - '0');
    }
    if (!fits || value < minimum || value > maximum)
        return error_set_field(ret_error, STATUS_INVALID, name,
                               "Expected %s to be a whole number from %lld to %lld but found "
                               "\"%.40s\".",
                               name, (long long)minimum, (long long)maximum, text);
    *ret_value = value;
    return STATUS_OK;
}

static void on_page(void *context, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    const struct task_read *read = context;

    if (status != STATUS_OK) {
        http_reply_error(read->request, error);
        return;
    }
    const struct pg_result *rows = pg_batch_result(batch, 1);
    json_t *data = json_array();

    for (uint32_t i = 0; i < pg_rows(rows); i++)
        json_array_append_new(data, task_json(rows, i, 0));
    http_reply_json(read->request, 200,
                    json_pack("{s:o, s:I, s:I, s:s, s:s, s:I}", "data", data, "total",
                              (json_int_t)pg_value_int(pg_batch_result(batch, 0), 0, 0), "start",
                              (json_int_t)read->start, "sort", "createdAt", "order", "desc", "size",
                              (json_int_t)json_array_size(data)));
}

static struct pg_call *add_filtered(struct http_request *request, struct pg_batch *batch,
                                    const struct pg_statement *statement)
{
    struct pg_call *call = pg_batch_add(batch, statement);

    pg_text(call, http_query(request, "status"));
    pg_text(call, http_query(request, "assignedTo"));
    pg_text(call, http_query(request, "incidentId"));
    return call;
}

void task_route_list(void *context, struct http_request *request)
{
    struct arena *arena = http_arena(request);
    struct task_read *read = arena_alloc(arena, sizeof *read);
    struct pg_batch *batch = pg_batch_new(arena);
    const char *status_text = http_query(request, "status");
    struct pg_call *page;
    struct error error;
    enum status status;

    error_clear(&error);
    read->request = request;
    status = check_names(request, &error);
    if (status == STATUS_OK && status_text != NULL)
        status = task_state_check(status_text, &error);
    if (status == STATUS_OK)
        status = read_number(request, "start", 0, 0, INT32_MAX, &read->start, &error);
    if (status == STATUS_OK)
        status =
            read_number(request, "size", TASK_PAGE_DEFAULT, 1, TASK_PAGE_MAX, &read->size, &error);
    if (status != STATUS_OK) {
        http_reply_error(request, &error);
        return;
    }
    add_filtered(request, batch, &count_tasks);
    page = add_filtered(request, batch, &read_page);
    pg_int8(page, read->size);
    pg_int8(page, read->start);
    module_query(context, batch, on_page, read); /* suspended: until the page is read */
}
