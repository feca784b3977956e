/* See webhook_service.h. */
#include "engine/webhook/private.h"

#include "bpmn/base/memory.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "engine/webhook/signature.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One on its way. */
struct delivery {
    struct sender_request request;
    struct webhook_service *service;
    struct arena *arena;
    struct uuid id;
};

struct asking {
    struct webhook_service *service;
    struct arena *arena;
};

enum { ARENA_BYTES = 16 * 1024 * 1024 };

static struct metric metrics[] = {
    {.name = "synergyflow_webhooks_delivered_total",
     .help = "Webhooks that were answered with 2xx",
     .type = METRIC_COUNTER},
    {.name = "synergyflow_webhooks_failed_total",
     .help = "Attempts to deliver a webhook that failed",
     .type = METRIC_COUNTER},
};

/* Whoever moves next_attempt_at has it to himself until then. */
static const struct pg_statement take_due = {
    "webhook_take",
    "UPDATE synergyflow_workflows.webhook_delivery w SET attempts = w.attempts + 1,"
    " next_attempt_at = clock_timestamp() + $2 * interval '1 second'"
    " FROM (SELECT id FROM synergyflow_workflows.webhook_delivery"
    "  WHERE next_attempt_at <= clock_timestamp() ORDER BY next_attempt_at, id LIMIT $1"
    "  FOR UPDATE SKIP LOCKED) due WHERE w.id = due.id"
    " RETURNING w.id, w.url, w.payload::text, w.attempts"};
static const struct pg_statement note_delivered = {
    "webhook_delivered",
    "UPDATE synergyflow_workflows.webhook_delivery SET delivered_at = clock_timestamp(),"
    " next_attempt_at = NULL, status_code = $2, last_error = NULL WHERE id = $1"};
/* 5 s, 5 min and so on as Standard Webhooks recommends, a tenth of it at random, so that many do
 * not come back at once. */
static const struct pg_statement note_failed = {
    "webhook_failed",
    "UPDATE synergyflow_workflows.webhook_delivery SET status_code = $2, last_error = $3,"
    " next_attempt_at = CASE WHEN attempts < $4 THEN clock_timestamp() +"
    "  (ARRAY[5, 30, 300, 1800, 3600, 7200, 7200, 7200, 7200])[attempts]"
    "  * (1 + random() / 10) * interval '1 second' END,"
    " dead_at = CASE WHEN attempts < $4 THEN NULL ELSE clock_timestamp() END WHERE id = $1"};

static void look(struct webhook_service *service);

/* ---- sleeping and ending ---- */

static void on_timer(uv_timer_t *timer)
{
    look(timer->data);
}

static void sleep_ms(struct webhook_service *service, uint64_t wait_ms)
{
    if (!service->stopping)
        (void)uv_timer_start(&service->timer, on_timer, wait_ms, 0);
}

void webhook_service_ended(struct webhook_service *service)
{
    void (*on_stopped)(void *context) = service->on_stopped;

    if (on_stopped == NULL || service->asking || service->under_way > 0 || service->requests > 0)
        return;
    service->on_stopped = NULL;
    on_stopped(service->stopped_context);
}

static void end(struct delivery *delivery)
{
    struct webhook_service *service = delivery->service;

    arena_free(delivery->arena);
    service->under_way--;
    webhook_service_ended(service);
}

/* ---- one delivery ---- */

static void on_noted(void *context, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    (void)batch;
    if (status != STATUS_OK)
        log_error("webhook.note", NULL, error); /* it is sent again when its lease is over */
    end(context);
}

static void note(struct delivery *delivery, long status_code, const char *reason)
{
    bool delivered = reason == NULL;
    struct pg_batch *batch = pg_batch_new(delivery->arena);
    struct pg_call *call = pg_batch_add(batch, delivered ? &note_delivered : &note_failed);

    metric_add(&metrics[delivered ? 0 : 1], 1);
    pg_uuid(call, &delivery->id);
    if (status_code > 0)
        pg_int2(call, (int16_t)status_code);
    else
        pg_null(call);
    if (!delivered) {
        pg_text(call, reason);
        pg_int4(call, WEBHOOK_ATTEMPTS_MAX);
    }
    pg_query(delivery->service->settings.pool, batch, WEBHOOK_TIMEOUT_MS, on_noted, delivery);
}

static void on_sent(struct sender_request *request, long status_code, const struct error *error)
{
    struct delivery *delivery = CONTAINER_OF(request, struct delivery, request);

    if (error == NULL && status_code >= 200 && status_code < 300)
        note(delivery, status_code, NULL);
    else if (error != NULL)
        note(delivery, status_code, error->message);
    else
        note(delivery, status_code,
             arena_format(delivery->arena, "Expected an answer 2xx but found %ld.", status_code));
}

static enum status host_of(struct arena *arena, const char *url, const char **ret_host,
                           struct error *ret_error)
{
    CURLU *parsed = curl_url();
    char *host = NULL;

    if (curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK)
        (void)curl_url_get(parsed, CURLUPART_HOST, &host, 0);
    *ret_host = host != NULL ? arena_copy(arena, host) : NULL;
    curl_free(host);
    curl_url_cleanup(parsed);
    return *ret_host != NULL
               ? STATUS_OK
               : error_set(ret_error, STATUS_INVALID, "Expected a URL but found '%.200s'.", url);
}

static enum status sign(struct delivery *delivery, struct error *ret_error)
{
    struct sender_request *request = &delivery->request;
    int64_t now_s = clock_wall_us() / 1000000;
    struct text secrets = TEXT_INIT;
    struct text header = TEXT_INIT;
    char id[UUID_TEXT_BYTES];
    const char *host = NULL;
    enum status status = host_of(delivery->arena, request->url, &host, ret_error);

    (void)uuid_format(&delivery->id, id);
    if (status == STATUS_OK)
        status =
            webhook_secrets_read(delivery->service->settings.secrets, host, &secrets, ret_error);
    if (status == STATUS_OK)
        status = webhook_sign(text_string(&secrets), id, now_s, request->body, &header, ret_error);
    if (status == STATUS_OK) {
        request->headers[0] = "Content-Type: application/json";
        request->headers[1] = "User-Agent: SynergyFlow";
        request->headers[2] = arena_format(delivery->arena, "webhook-id: %s", id);
        request->headers[3] = arena_format(delivery->arena, "webhook-timestamp: %" PRId64, now_s);
        request->headers[4] =
            arena_format(delivery->arena, "webhook-signature: %s", text_string(&header));
    }
    if (secrets.length > 0)
        memset(secrets.bytes, 0, secrets.length);
    text_deinit(&secrets);
    text_deinit(&header);
    return status;
}

static void deliver(struct webhook_service *service, const struct pg_result *rows, uint32_t row)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct delivery *delivery = arena_alloc(arena, sizeof(*delivery));
    struct error error = {0};

    delivery->service = service;
    delivery->arena = arena;
    delivery->id = pg_value_uuid(rows, row, 0);
    delivery->request.url = arena_copy(arena, pg_value_text(rows, row, 1));
    delivery->request.body = arena_copy(arena, pg_value_text(rows, row, 2));
    delivery->request.on_done = on_sent;
    service->under_way++;
    if (sign(delivery, &error) == STATUS_OK)
        sender_post(service->sender, &delivery->request);
    else
        note(delivery, 0, arena_copy(arena, error.message));
}

/* ---- looking ---- */

static void on_taken(void *context, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct asking *asking = context;
    struct webhook_service *service = asking->service;
    bool again = service->wanted;
    uint32_t count = 0;

    service->asking = false;
    service->wanted = false;
    if (status != STATUS_OK) {
        log_error("webhook.take", NULL, error);
    } else if (!service->stopping) {
        count = pg_rows(pg_batch_result(batch, 0));
        for (uint32_t i = 0; i < count; i++)
            deliver(service, pg_batch_result(batch, 0), i);
    }
    arena_free(asking->arena);
    memory_free(asking);
    sleep_ms(service, again || count == WEBHOOK_BATCH ? 1 : WEBHOOK_POLL_MS);
    webhook_service_ended(service);
}

static void look(struct webhook_service *service)
{
    struct asking *asking;
    struct pg_batch *batch;
    struct pg_call *call;

    if (!service->started || service->stopping)
        return;
    if (service->asking || service->under_way >= 4 * WEBHOOK_BATCH) {
        service->wanted = true;
        sleep_ms(service, WEBHOOK_POLL_MS);
        return;
    }
    (void)uv_timer_stop(&service->timer);
    service->asking = true;
    asking = memory_zero(1, sizeof(*asking));
    asking->service = service;
    asking->arena = arena_new(ARENA_BYTES);
    batch = pg_batch_new(asking->arena);
    call = pg_batch_add(batch, &take_due);
    pg_int8(call, WEBHOOK_BATCH);
    pg_int8(call, WEBHOOK_LEASE_S);
    pg_query(service->settings.pool, batch, WEBHOOK_TIMEOUT_MS, on_taken, asking);
}

void webhook_service_wake(struct webhook_service *service)
{
    look(service);
}

/* ---- life ---- */

struct webhook_service *webhook_service_new(const struct webhook_settings *settings)
{
    struct webhook_service *service = memory_zero(1, sizeof(*service));
    int result = uv_timer_init(settings->loop, &service->timer);

    INVARIANT(result == 0);
    service->settings = *settings;
    service->timer.data = service;
    service->sender = sender_new(settings->loop, settings->allow_http, settings->allow_private);
    for (size_t i = 0; i < COUNT_OF(metrics); i++)
        metric_register(&metrics[i]);
    return service;
}

void webhook_service_routes(struct webhook_service *service, struct http_server *server)
{
    http_server_routes(server, webhook_routes, webhook_route_count, service);
}

void webhook_service_start(struct webhook_service *service)
{
    PRE(!service->started);
    service->started = true;
    look(service);
}

void webhook_service_stop(struct webhook_service *service, void (*on_stopped)(void *context),
                          void *context)
{
    PRE(!service->stopping);
    service->stopping = true;
    service->on_stopped = on_stopped;
    service->stopped_context = context;
    (void)uv_timer_stop(&service->timer);
    sender_cancel_all(service->sender);
    webhook_service_ended(service);
}

static void on_closed(uv_handle_t *handle)
{
    memory_free(handle->data);
}

void webhook_service_free(struct webhook_service *service)
{
    if (service == NULL)
        return;
    sender_free(service->sender);
    uv_close((uv_handle_t *)&service->timer, on_closed);
}
