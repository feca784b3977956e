/* /api/v1/sla/subjects/{type}/{id}, /clocks/{id}: what clocks say, and why. */
#include "engine/sla/private.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"
#include "bpmn/iso8601.h"

#include <string.h>

struct view {
    struct sla_service *service;
    struct http_request *request;
    struct sla_book *book;
    bool is_list;
};

static const struct pg_statement of_subject = {
    "sla_clocks_of_subject",
    "SELECT " SLA_ROW_COLUMNS ", clock_timestamp() FROM synergyflow_workflows.sla_clock"
    " WHERE subject_type = $1 AND subject_id = $2 ORDER BY started_at, id LIMIT 200"};
static const struct pg_statement by_id = {"sla_clock_by_id",
                                          "SELECT " SLA_ROW_COLUMNS ", clock_timestamp()"
                                          " FROM synergyflow_workflows.sla_clock WHERE id = $1"};
static const struct pg_statement firings_of = {
    "sla_firings",
    "SELECT f.clock_id::text, f.threshold, f.cycle, f.due_at, f.fired_at, f.late_by_design,"
    " (SELECT coalesce(jsonb_agg(CASE WHEN a ? 'delivery' THEN a || jsonb_build_object("
    "   'deliveryState', (SELECT CASE WHEN w.delivered_at IS NOT NULL THEN 'delivered'"
    "     WHEN w.dead_at IS NOT NULL THEN 'dead' WHEN w.discarded_at IS NOT NULL THEN 'discarded'"
    "     ELSE 'waiting' END FROM synergyflow_workflows.webhook_delivery w"
    "     WHERE w.id = (a->>'delivery')::uuid))"
    "   WHEN a ? 'escalation' THEN a || (SELECT jsonb_build_object('firedLevels', e.fired_levels,"
    "     'acknowledgedBy', e.acknowledged_by, 'nextDueAt', e.next_due_at)"
    "     FROM synergyflow_workflows.sla_escalation e WHERE e.id = (a->>'escalation')::uuid)"
    "   ELSE a END), '[]') FROM jsonb_array_elements(f.actions) a)::text"
    " FROM synergyflow_workflows.sla_firing f WHERE f.clock_id = ANY (SELECT c.id"
    " FROM synergyflow_workflows.sla_clock c WHERE (c.subject_type = $1 AND c.subject_id = $2)"
    "  OR c.id = $3) ORDER BY f.fired_at, f.id LIMIT 10000"};
/* The answer is the last thing: the request's memory goes with it. */
static struct http_request *ended(struct view *view)
{
    struct http_request *request = view->request;

    sla_book_release(view->book);
    view->service->working--;
    sla_service_ended(view->service);
    return request;
}

static struct view *view_new(struct sla_service *service, struct http_request *request)
{
    struct view *view = arena_alloc(http_arena(request), sizeof(*view));
    struct error error;

    if (service->book == NULL) {
        error_set(&error, STATUS_UNAVAILABLE, "The SLA documents are being read: try again.");
        http_reply_error(request, &error);
        return NULL;
    }
    *view =
        (struct view){.service = service, .request = request, .book = sla_book_hold(service->book)};
    service->working++;
    return view;
}

/* ---- clocks ---- */

/* What each firing did, with its clock. */
static void add_firings(json_t *clock, const struct pg_result *rows)
{
    const char *id = json_string_value(json_object_get(clock, "id"));
    json_t *list = json_array();

    for (uint32_t i = 0; i < pg_rows(rows); i++) {
        char due[ISO8601_INSTANT_BYTES];
        char fired[ISO8601_INSTANT_BYTES];

        if (strcmp(pg_value_text(rows, i, 0), id) != 0)
            continue;
        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:I, s:s, s:s, s:f, s:b, s:o}", "threshold", pg_value_text(rows, i, 1),
                      "cycle", (json_int_t)pg_value_int(rows, i, 2), "dueAt",
                      iso8601_format_instant_us(pg_value_timestamp(rows, i, 3), due), "firedAt",
                      iso8601_format_instant_us(pg_value_timestamp(rows, i, 4), fired), "lateMs",
                      (double)(pg_value_timestamp(rows, i, 4) - pg_value_timestamp(rows, i, 3)) /
                          1e3,
                      "lateByDesign", pg_value_bool(rows, i, 5), "actions",
                      json_loads(pg_value_text(rows, i, 6), 0, NULL)));
    }
    (void)json_object_set_new(clock, "firings", list);
}

static enum status describe_all(const struct view *view, const struct pg_batch *batch, json_t *data,
                                struct error *ret_error)
{
    const struct pg_result *rows = pg_batch_result(batch, 0);
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < pg_rows(rows) && status == STATUS_OK; i++) {
        struct sla_row row;
        json_t *one = NULL;

        status = sla_row_read(http_arena(view->request), rows, i, &row, ret_error);
        if (status == STATUS_OK)
            status = sla_row_describe(view->book, &row, pg_value_timestamp(rows, i, 3), true, &one,
                                      ret_error);
        if (status != STATUS_OK)
            break;
        add_firings(one, pg_batch_result(batch, 1));
        (void)json_array_append_new(data, one);
    }
    return status;
}

static void on_clocks(void *context, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct view *view = context;
    json_t *data = json_array();
    struct error own;

    if (status == STATUS_OK) {
        status = describe_all(view, batch, data, &own);
        if (status == STATUS_OK && !view->is_list && json_array_size(data) == 0)
            status = error_set(&own, STATUS_NOT_FOUND, "Could not find an SLA clock with id '%s'.",
                               http_param(view->request, "id"));
        error = &own;
    }
    if (status != STATUS_OK) {
        json_decref(data);
        http_reply_error(ended(view), error);
    } else if (view->is_list) {
        http_reply_json(
            ended(view), 200,
            json_pack("{s:o, s:I}", "data", data, "total", (json_int_t)json_array_size(data)));
    } else {
        json_t *one = json_incref(json_array_get(data, 0));

        json_decref(data);
        http_reply_json(ended(view), 200, one);
    }
}

static void ask(struct view *view, const char *type, const char *subject, const struct uuid *id)
{
    struct pg_batch *batch = pg_batch_new(http_arena(view->request));
    struct pg_call *call = pg_batch_add(batch, view->is_list ? &of_subject : &by_id);

    if (view->is_list) {
        pg_text(call, type);
        pg_text(call, subject);
    } else {
        pg_uuid(call, id);
    }
    call = pg_batch_add(batch, &firings_of);
    pg_text(call, type);
    pg_text(call, subject);
    pg_uuid(call, id);
    pg_query(view->service->settings.pool, batch, SLA_TIMEOUT_MS, on_clocks, view);
}

static void get_subject(void *context, struct http_request *request)
{
    struct view *view = view_new(context, request);

    if (view == NULL)
        return;
    view->is_list = true;
    ask(view, http_param(request, "type"), http_param(request, "id"), NULL);
}

static void get_clock(void *context, struct http_request *request)
{
    struct view *view = view_new(context, request);
    struct uuid id;
    struct error error;

    if (view == NULL)
        return;
    if (uuid_parse(http_param(request, "id"), &id)) {
        ask(view, NULL, NULL, &id);
        return;
    }
    error_set(&error, STATUS_NOT_FOUND, "Could not find an SLA clock with id '%.60s'.",
              http_param(request, "id"));
    http_reply_error(ended(view), &error);
}

#define SLA "/api/v1/sla/"

const struct http_route sla_clock_routes[] = {
    {HTTP_GET_METHOD, SLA "subjects/{type}/{id}", get_subject, "The SLA clocks of a subject", 0},
    {HTTP_PUT_METHOD, SLA "subjects/{type}/{id}", sla_subject_route,
     "A subject's fields have changed", 0},
    {HTTP_GET_METHOD, SLA "clocks/{id}", get_clock, "An SLA clock, and why it says what it says",
     0},
    {HTTP_POST_METHOD, SLA "clocks/{id}/recalculate", sla_recalculate_route,
     "Rate a clock again by the newest version of its calendar", 0},
    {HTTP_GET_METHOD, SLA "attainment", sla_attainment_route, "Targets met and breached", 0},
};
const size_t sla_clock_route_count = COUNT_OF(sla_clock_routes);
