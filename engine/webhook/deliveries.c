/* /api/v1/webhooks/deliveries: what is on its way, what is dead; again, or never. */
#include "engine/webhook/private.h"

#include "bpmn/iso8601.h"

#include <string.h>

struct request {
    struct webhook_service *service;
    struct http_request *http;
};

#define COLUMNS                                                                        \
    "id::text, url, event_type, payload::text, created_at, attempts, next_attempt_at," \
    " delivered_at, dead_at, discarded_at, status_code, last_error"
static const struct pg_statement list_statement = {
    "webhook_list",
    "SELECT " COLUMNS " FROM synergyflow_workflows.webhook_delivery WHERE CASE $1"
    " WHEN 'dead' THEN dead_at IS NOT NULL WHEN 'waiting' THEN next_attempt_at IS NOT NULL"
    " WHEN 'delivered' THEN delivered_at IS NOT NULL ELSE true END"
    " AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT 100"};
static const struct pg_statement get_statement = {
    "webhook_get", "SELECT " COLUMNS " FROM synergyflow_workflows.webhook_delivery WHERE id = $1"};
static const struct pg_statement replay_statement = {
    "webhook_replay",
    "UPDATE synergyflow_workflows.webhook_delivery SET dead_at = NULL, discarded_at = NULL,"
    " attempts = 0, next_attempt_at = clock_timestamp() WHERE id = $1 AND next_attempt_at IS NULL"
    " RETURNING id"};
static const struct pg_statement discard_statement = {
    "webhook_discard",
    "UPDATE synergyflow_workflows.webhook_delivery SET dead_at = NULL, next_attempt_at = NULL,"
    " discarded_at = clock_timestamp() WHERE id = $1 AND delivered_at IS NULL"
    " AND discarded_at IS NULL RETURNING id"};

static json_t *time_at(const struct pg_result *rows, uint32_t row, uint32_t column)
{
    char text[ISO8601_INSTANT_BYTES];

    return pg_is_null(rows, row, column)
               ? json_null()
               : json_string(iso8601_format_instant(pg_value_timestamp(rows, row, column), text));
}

static const char *state_of(const struct pg_result *rows, uint32_t row)
{
    if (!pg_is_null(rows, row, 7))
        return "delivered";
    if (!pg_is_null(rows, row, 8))
        return "dead";
    return pg_is_null(rows, row, 9) ? "waiting" : "discarded";
}

static json_t *describe(const struct pg_result *rows, uint32_t row)
{
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:s?}", "id",
        pg_value_text(rows, row, 0), "state", state_of(rows, row), "url",
        pg_value_text(rows, row, 1), "eventType", pg_value_text(rows, row, 2), "payload",
        json_loads(pg_value_text(rows, row, 3), 0, NULL), "createdAt", time_at(rows, row, 4),
        "attempts", (json_int_t)pg_value_int(rows, row, 5), "nextAttemptAt", time_at(rows, row, 6),
        "deliveredAt", time_at(rows, row, 7), "deadAt", time_at(rows, row, 8), "statusCode",
        pg_is_null(rows, row, 10) ? json_null()
                                  : json_integer((json_int_t)pg_value_int(rows, row, 10)),
        "lastError", pg_value_text_or_null(rows, row, 11));
}

static struct request *request_new(struct webhook_service *service, struct http_request *http)
{
    struct request *request = arena_alloc(http_arena(http), sizeof(*request));

    *request = (struct request){service, http};
    service->requests++;
    return request;
}

/* The answer is the last thing: the request's memory goes with it. */
static struct http_request *ended(struct request *request)
{
    struct http_request *http = request->http;

    request->service->requests--;
    webhook_service_ended(request->service);
    return http;
}

static void on_listed(void *context, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct request *request = context;
    const struct pg_result *rows;
    json_t *data;

    if (status != STATUS_OK) {
        http_reply_error(ended(request), error);
        return;
    }
    rows = pg_batch_result(batch, 0);
    data = json_array();
    for (uint32_t i = 0; i < pg_rows(rows); i++)
        (void)json_array_append_new(data, describe(rows, i));
    http_reply_json(
        ended(request), 200,
        json_pack("{s:o, s:s?}", "data", data, "next",
                  pg_rows(rows) == 100 ? pg_value_text(rows, pg_rows(rows) - 1, 0) : NULL));
}

static void get_list(void *context, struct http_request *http)
{
    struct pg_batch *batch = pg_batch_new(http_arena(http));
    struct pg_call *call = pg_batch_add(batch, &list_statement);
    const char *state = http_query(http, "state");
    const char *after = http_query(http, "after");
    struct error error = {0};
    struct uuid id;

    if (state != NULL && strcmp(state, "dead") != 0 && strcmp(state, "waiting") != 0 &&
        strcmp(state, "delivered") != 0)
        error_set_field(&error, STATUS_INVALID, "state",
                        "Expected state to be waiting, delivered or dead but found \"%.40s\".",
                        state);
    else if (after != NULL && !uuid_parse(after, &id))
        error_set_field(&error, STATUS_INVALID, "after",
                        "Expected after to be the id of a delivery but found \"%.60s\".", after);
    if (error.status != STATUS_OK) {
        http_reply_error(http, &error);
        return;
    }
    pg_text(call, state != NULL ? state : "");
    pg_uuid(call, after != NULL ? &id : NULL);
    pg_query(((struct webhook_service *)context)->settings.pool, batch, WEBHOOK_TIMEOUT_MS,
             on_listed, request_new(context, http));
}

static void on_got(void *context, struct pg_batch *batch, enum status status,
                   const struct error *error)
{
    struct request *request = context;
    struct error own;

    if (status == STATUS_OK && pg_rows(pg_batch_result(batch, 0)) == 0) {
        status = error_set(&own, STATUS_NOT_FOUND, "Could not find a delivery with id '%.60s'.",
                           http_param(request->http, "id"));
        error = &own;
    }
    if (status != STATUS_OK)
        http_reply_error(ended(request), error);
    else
        http_reply_json(ended(request), 200, describe(pg_batch_result(batch, 0), 0));
}

static void on_changed(void *context, struct pg_batch *batch, enum status status,
                       const struct error *error)
{
    struct request *request = context;
    struct error own;

    if (status == STATUS_OK && pg_rows(pg_batch_result(batch, 0)) == 0) {
        status =
            error_set(&own, STATUS_CONFLICT,
                      "Expected a delivery '%.60s' that is over (to send it again), or that is "
                      "not delivered yet (to discard it), but there is none.",
                      http_param(request->http, "id"));
        error = &own;
    }
    if (status != STATUS_OK) {
        http_reply_error(ended(request), error);
        return;
    }
    webhook_service_wake(request->service);
    http_reply_empty(ended(request), 204);
}

static void ask(struct webhook_service *service, struct http_request *http,
                const struct pg_statement *statement,
                void (*on_done)(void *context, struct pg_batch *batch, enum status status,
                                const struct error *error))
{
    struct pg_batch *batch = pg_batch_new(http_arena(http));
    struct error error;
    struct uuid id;

    if (!uuid_parse(http_param(http, "id"), &id)) {
        error_set(&error, STATUS_NOT_FOUND, "Could not find a delivery with id '%.60s'.",
                  http_param(http, "id"));
        http_reply_error(http, &error);
        return;
    }
    pg_uuid(pg_batch_add(batch, statement), &id);
    pg_query(service->settings.pool, batch, WEBHOOK_TIMEOUT_MS, on_done,
             request_new(service, http));
}

static void get_one(void *context, struct http_request *http)
{
    ask(context, http, &get_statement, on_got);
}

static void post_replay(void *context, struct http_request *http)
{
    ask(context, http, &replay_statement, on_changed);
}

static void post_discard(void *context, struct http_request *http)
{
    ask(context, http, &discard_statement, on_changed);
}

#define WEBHOOKS "/api/v1/webhooks/deliveries"

const struct http_route webhook_routes[] = {
    {HTTP_GET_METHOD, WEBHOOKS, get_list, "Webhooks, the newest first; ?state=, ?after=", 0},
    {HTTP_GET_METHOD, WEBHOOKS "/{id}", get_one, "One webhook", 0},
    {HTTP_POST_METHOD, WEBHOOKS "/{id}/replay", post_replay, "Send a webhook again", 0},
    {HTTP_POST_METHOD, WEBHOOKS "/{id}/discard", post_discard, "Give a webhook up", 0},
};
const size_t webhook_route_count = sizeof(webhook_routes) / sizeof(webhook_routes[0]);
