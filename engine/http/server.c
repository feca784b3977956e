/* The server: its routes, its listening socket, one coarse sweep over all deadlines, the sending of
 * answers that were given outside a read, and the two ways to stop. */
#include "engine/http/internal.h"

#include "bpmn/base/memory.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void flush_logs(struct http_server *server)
{
    int64_t now_ms = (int64_t)uv_now(server->loop);

    if (now_ms - server->logged_ms < HTTP_LOG_INTERVAL_MS)
        return;
    server->logged_ms = now_ms;
    log_flush();
}

static void send_unsent(struct http_server *server)
{
    struct http_connection *connection;

    while ((connection = TAILQ_FIRST(&server->unsent)) != NULL) {
        TAILQ_REMOVE(&server->unsent, connection, unsent);
        connection->is_unsent = false;
        http_connection_advance(connection);
    }
}

static void maybe_drained(struct http_server *server)
{
    void (*on_drained)(void *context) = server->on_drained;

    if (on_drained == NULL || server->connection_count > 0 || server->request_count > 0)
        return;
    server->on_drained = NULL;
    uv_unref((uv_handle_t *)&server->prepare);
    on_drained(server->drained_context);
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct http_server *server = CONTAINER_OF(prepare, struct http_server, prepare);

    send_unsent(server);
    flush_logs(server);
    maybe_drained(server);
}

static void on_check(uv_check_t *check)
{
    send_unsent(CONTAINER_OF(check, struct http_server, check));
}

void http_server_sweep(struct http_server *server, int64_t now_ms)
{
    struct http_connection *connection = LIST_FIRST(&server->connections);

    while (connection != NULL) {
        struct http_connection *next = LIST_NEXT(connection, all);

        http_connection_sweep(connection, now_ms);
        connection = next;
    }
}

static void on_sweep(uv_timer_t *timer)
{
    struct http_server *server = CONTAINER_OF(timer, struct http_server, sweep);

    http_server_sweep(server, (int64_t)uv_now(server->loop));
}

struct http_server *http_server_new(uv_loop_t *loop)
{
    struct http_server *server = memory_zero(1, sizeof(*server));
    int result = uv_tcp_init(loop, &server->listener);

    result |= uv_prepare_init(loop, &server->prepare);
    result |= uv_check_init(loop, &server->check);
    result |= uv_timer_init(loop, &server->sweep);
    INVARIANT(result == 0);
    server->handles = 4;
    server->loop = loop;
    server->router = router_new();
    server->date_second = -1;
    identity_init(&server->identity);
    LIST_INIT(&server->connections);
    LIST_INIT(&server->requests);
    STAILQ_INIT(&server->spare);
    TAILQ_INIT(&server->unsent);
    /* Writing to a client that has gone is an error code, not the end of the program. */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)uv_prepare_start(&server->prepare, on_prepare);
    (void)uv_check_start(&server->check, on_check);
    (void)uv_timer_start(&server->sweep, on_sweep, HTTP_SWEEP_INTERVAL_MS, HTTP_SWEEP_INTERVAL_MS);
    /* Only the listener and the connections keep the loop alive. */
    uv_unref((uv_handle_t *)&server->prepare);
    uv_unref((uv_handle_t *)&server->check);
    uv_unref((uv_handle_t *)&server->sweep);
    return server;
}

void http_server_routes(struct http_server *server, const struct http_route *routes, uint32_t count,
                        void *context)
{
    PRE(!server->listening);
    for (uint32_t i = 0; i < count; i++)
        router_add(server->router, &routes[i], context);
}

const struct http_route *http_server_route_at(const struct http_server *server, uint32_t index)
{
    return router_route_at(server->router, index);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct http_server *server = CONTAINER_OF(listener, struct http_server, listener);

    if (status == 0)
        http_connection_accept(server);
    else
        log_event(LOG_WARNING, "http.accept_failed", "reason", 's', uv_strerror(status), NULL);
}

static bool parse_address(const char *address, uint16_t port, struct sockaddr_storage *ret_address)
{
    return uv_ip4_addr(address, port, (struct sockaddr_in *)ret_address) == 0 ||
           uv_ip6_addr(address, port, (struct sockaddr_in6 *)ret_address) == 0;
}

enum status http_server_listen(struct http_server *server, const char *address, uint16_t port,
                               struct error *ret_error)
{
    struct sockaddr_storage place = {0};
    int length = sizeof(place);
    int result;

    PRE(!server->listening && !server->closing);
    if (!parse_address(address, port, &place))
        return error_set_field(ret_error, STATUS_INVALID, "address",
                               "Expected an IPv4 or IPv6 address to listen on, but found '%s'.",
                               address);
    result = uv_tcp_bind(&server->listener, (const struct sockaddr *)&place, 0);
    if (result == 0)
        result = uv_listen((uv_stream_t *)&server->listener, HTTP_BACKLOG, on_connection);
    if (result == 0)
        result = uv_tcp_getsockname(&server->listener, (struct sockaddr *)&place, &length);
    if (result != 0)
        return error_set(ret_error, STATUS_UNAVAILABLE,
                         "Expected to listen on %s port %u, but could not: %s.", address,
                         (unsigned)port, uv_strerror(result));
    server->port = ntohs(place.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&place)->sin6_port
                                                     : ((struct sockaddr_in *)&place)->sin_port);
    server->listening = true;
    log_set_buffered(true);
    return STATUS_OK;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

const char *http_server_date(struct http_server *server)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t second = (time_t)(clock_wall_us() / 1000000);
    struct tm parts;

    if (second == server->date_second || gmtime_r(&second, &parts) == NULL)
        return server->date;
    server->date_second = second;
    (void)snprintf(server->date, sizeof(server->date), "%s, %02u %s %04u %02u:%02u:%02u GMT",
                   days[parts.tm_wday], (unsigned)parts.tm_mday % 100, months[parts.tm_mon],
                   ((unsigned)parts.tm_year + 1900) % 10000, (unsigned)parts.tm_hour % 100,
                   (unsigned)parts.tm_min % 100, (unsigned)parts.tm_sec % 100);
    return server->date;
}

/* ---- stopping ---- */

static void maybe_closed(struct http_server *server)
{
    void (*on_closed)(void *context) = server->on_closed;
    void *context = server->closed_context;
    struct http_request *request;

    if (!server->closing || server->handles > 0 || server->connection_count > 0)
        return;
    /* Requests still at work end without a server when they are answered. */
    while ((request = LIST_FIRST(&server->requests)) != NULL) {
        LIST_REMOVE(request, all);
        request->server = NULL;
    }
    while ((request = STAILQ_FIRST(&server->spare)) != NULL) {
        STAILQ_REMOVE_HEAD(&server->spare, queue);
        request->server = NULL;
        http_request_release(request);
    }
    router_free(server->router);
    text_deinit(&server->scratch);
    if (server->listening)
        log_set_buffered(false);
    memory_free(server);
    if (on_closed != NULL)
        on_closed(context);
}

void http_server_connection_gone(struct http_server *server)
{
    server->connection_count--;
    maybe_closed(server);
}

static void on_handle_closed(struct http_server *server)
{
    server->handles--;
    maybe_closed(server);
}

static void on_listener_closed(uv_handle_t *handle)
{
    on_handle_closed(CONTAINER_OF(handle, struct http_server, listener));
}

static void on_prepare_closed(uv_handle_t *handle)
{
    on_handle_closed(CONTAINER_OF(handle, struct http_server, prepare));
}

static void on_check_closed(uv_handle_t *handle)
{
    on_handle_closed(CONTAINER_OF(handle, struct http_server, check));
}

static void on_sweep_closed(uv_handle_t *handle)
{
    on_handle_closed(CONTAINER_OF(handle, struct http_server, sweep));
}

static void close_listener(struct http_server *server)
{
    if (!uv_is_closing((uv_handle_t *)&server->listener))
        uv_close((uv_handle_t *)&server->listener, on_listener_closed);
}

void http_server_drain(struct http_server *server, void (*on_drained)(void *context), void *context)
{
    struct http_connection *connection;

    PRE(!server->draining && !server->closing);
    server->draining = true;
    server->on_drained = on_drained;
    server->drained_context = context;
    /* The loop must turn until on_drained has fired, also when nothing else is left. */
    uv_ref((uv_handle_t *)&server->prepare);
    close_listener(server);
    LIST_FOREACH (connection, &server->connections, all)
        http_connection_drain(connection);
}

void http_server_close(struct http_server *server, void (*on_closed)(void *context), void *context)
{
    struct http_connection *connection;

    PRE(!server->closing);
    server->closing = true;
    server->on_drained = NULL;
    server->on_closed = on_closed;
    server->closed_context = context;
    close_listener(server);
    uv_close((uv_handle_t *)&server->prepare, on_prepare_closed);
    uv_close((uv_handle_t *)&server->check, on_check_closed);
    uv_close((uv_handle_t *)&server->sweep, on_sweep_closed);
    LIST_FOREACH (connection, &server->connections, all)
        http_connection_close(connection);
}
