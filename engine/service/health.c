/* See health.h. Alive: the loop turns. Ready: started, not stopping, and a database connection is
 * up. */
#include "engine/service/health.h"

#include "engine/base/metrics.h"

static void handle_live(void *context, struct http_request *request)
{
    (void)context;
    http_reply_json(request, 200, json_pack("{s:s}", "status", "alive"));
}

static void handle_ready(void *context, struct http_request *request)
{
    const struct health *health = context;
    struct error error;

    if (health->stopping) {
        (void)error_set(&error, STATUS_UNAVAILABLE, "The service is stopping.");
    } else if (!health->started) {
        (void)error_set(&error, STATUS_UNAVAILABLE, "The service is starting.");
    } else if (pg_pool_open(health->pool) == 0) {
        (void)error_set(&error, STATUS_UNAVAILABLE, "No database connection is up.");
    } else {
        http_reply_json(request, 200, json_pack("{s:s}", "status", "ready"));
        return;
    }
    http_reply_error(request, &error);
}

static void handle_metrics(void *context, struct http_request *request)
{
    struct text text = TEXT_INIT;

    (void)context;
    metrics_process();
    metrics_write(&text);
    http_reply_bytes(request, 200, "text/plain; version=0.0.4; charset=utf-8", text_string(&text),
                     text.length);
    text_deinit(&text);
}

void health_register(struct http_server *server, struct health *health)
{
    static const struct http_route routes[] = {
        {HTTP_GET_METHOD, "/livez", handle_live, "Whether the process is alive", 0},
        {HTTP_GET_METHOD, "/readyz", handle_ready, "Whether requests can be served", 0},
        {HTTP_GET_METHOD, "/metrics", handle_metrics, "Metrics in Prometheus' text format", 0},
    };

    http_server_routes(server, routes, COUNT_OF(routes), health);
}
