/* The HTTP server alone, for a load generator:
 *   http_bench 18080 2>/dev/null & wrk -t1 -c64 -d5s http://127.0.0.1:18080/hello
 * Stops on SIGINT or SIGTERM. */
#include "engine/http/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static uv_signal_t interrupted;
static uv_signal_t terminated;

static void answer_hello(void *context, struct http_request *request)
{
    static const char hello[] = "{\"hello\":\"world\"}";

    (void)context;
    http_reply_bytes(request, 200, "application/json", hello, sizeof(hello) - 1);
}

static void answer_json(void *context, struct http_request *request)
{
    (void)context;
    http_reply_json(request, 200,
                    json_pack("{s:s, s:s, s:i, s:b}", "id", http_param(request, "id"), "name",
                              "Handle the incident", "priority", 50, "suspended", 0));
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/hello", answer_hello, "A small constant answer", 0},
    {HTTP_GET_METHOD, "/tasks/{id}", answer_json, "A small JSON answer", 0},
};

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    http_server_close(handle->data, NULL, NULL);
    uv_close((uv_handle_t *)&interrupted, NULL);
    uv_close((uv_handle_t *)&terminated, NULL);
}

int main(int count, char **arguments)
{
    uv_loop_t *loop = uv_default_loop();
    struct http_server *server = http_server_new(loop);
    struct error error;
    uint16_t port = count > 1 ? (uint16_t)atoi(arguments[1]) : 18080;

    http_server_routes(server, routes, COUNT_OF(routes), NULL);
    if (http_server_listen(server, "127.0.0.1", port, &error) != STATUS_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    (void)uv_signal_init(loop, &interrupted);
    (void)uv_signal_init(loop, &terminated);
    interrupted.data = terminated.data = server;
    (void)uv_signal_start(&interrupted, on_signal, SIGINT);
    (void)uv_signal_start(&terminated, on_signal, SIGTERM);
    (void)uv_run(loop, UV_RUN_DEFAULT);
    return uv_loop_close(loop) != 0;
}
