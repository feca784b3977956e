/* See proxy.h. */
#include "tests/command/proxy.h"

#include "bpmn/base/check.h"
#include "bpmn/base/memory.h"

#include <libpq-fe.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 65536, PATH_BYTES = 200, CONNINFO_BYTES = 1024, BACKLOG = 16 };

/* One connection of the engine's and its counterpart. */
struct wire {
    struct proxy *proxy;
    uv_tcp_t engine;
    uv_pipe_t server;
    uv_connect_t connect;
    unsigned open_handles;
    bool connected; /* to the server */
    bool doomed;    /* cut at the server's next answer */
    bool cut;
    struct wire *next;
};

struct proxy {
    uv_loop_t *loop;
    uv_tcp_t listener;
    char server[PATH_BYTES];
    char conninfo[CONNINFO_BYTES];
    struct wire *wires;
    const char *cut_at;
    bool stay_closed;
    bool then_silent; /* instead of a cut */
    bool closed;
    bool silent;
    bool freed;
    unsigned cuts;
};

struct piece {
    uv_write_t write;
    char bytes[];
};

static void check(int result)
{
    INVARIANT(result == 0);
}

static void release_proxy(struct proxy *proxy)
{
    if (proxy->freed && proxy->wires == NULL && uv_is_closing((uv_handle_t *)&proxy->listener) &&
        proxy->listener.data == NULL)
        memory_free(proxy);
}

static void on_wire_closed(uv_handle_t *handle)
{
    struct wire *wire = handle->data;
    struct proxy *proxy = wire->proxy;
    struct wire **at = &proxy->wires;

    if (--wire->open_handles > 0)
        return;
    while (*at != wire)
        at = &(*at)->next;
    *at = wire->next;
    memory_free(wire);
    release_proxy(proxy);
}

static void wire_cut(struct wire *wire)
{
    if (wire->cut)
        return;
    wire->cut = true;
    uv_close((uv_handle_t *)&wire->engine, on_wire_closed);
    uv_close((uv_handle_t *)&wire->server, on_wire_closed);
}

static void on_buffer(uv_handle_t *handle, size_t size, uv_buf_t *ret_buffer)
{
    (void)handle;
    (void)size;
    *ret_buffer = uv_buf_init(memory_alloc(CHUNK_BYTES), CHUNK_BYTES);
}

static void on_written(uv_write_t *write, int status)
{
    (void)status;
    memory_free(CONTAINER_OF(write, struct piece, write));
}

static void pass_on(uv_stream_t *to, const char *bytes, size_t length)
{
    struct piece *piece = memory_alloc(sizeof(*piece) + length);
    uv_buf_t buffer = uv_buf_init(piece->bytes, (unsigned)length);

    memcpy(piece->bytes, bytes, length);
    check(uv_write(&piece->write, to, &buffer, 1, on_written));
}

static void on_engine_said(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct wire *wire = stream->data;
    struct proxy *proxy = wire->proxy;

    if (got < 0) {
        wire_cut(wire);
    } else if (got > 0) {
        /* With its NUL, which ends a statement in the protocol. */
        if (proxy->cut_at != NULL &&
            memmem(buffer->base, (size_t)got, proxy->cut_at, strlen(proxy->cut_at) + 1) != NULL) {
            proxy->cut_at = NULL;
            wire->doomed = true;
        }
        pass_on((uv_stream_t *)&wire->server, buffer->base, (size_t)got);
    }
    memory_free(buffer->base);
}

static void on_server_said(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct wire *wire = stream->data;
    struct proxy *proxy = wire->proxy;

    if (got > 0 && wire->doomed && proxy->then_silent) {
        wire->doomed = false;
        pass_on((uv_stream_t *)&wire->engine, buffer->base, (size_t)got);
        proxy_silence(proxy);
    } else if (got > 0 && wire->doomed) {
        proxy->cuts++;
        wire_cut(wire);
        if (proxy->stay_closed)
            proxy_close(proxy);
    } else if (got > 0) {
        pass_on((uv_stream_t *)&wire->engine, buffer->base, (size_t)got);
    } else if (got < 0) {
        wire_cut(wire);
    }
    memory_free(buffer->base);
}

static void wire_listen(struct wire *wire)
{
    check(uv_read_start((uv_stream_t *)&wire->engine, on_buffer, on_engine_said));
    check(uv_read_start((uv_stream_t *)&wire->server, on_buffer, on_server_said));
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct wire *wire = connect->data;

    if (wire->cut)
        return;
    if (status < 0) {
        wire_cut(wire);
        return;
    }
    wire->connected = true;
    if (!wire->proxy->silent)
        wire_listen(wire);
}

static void on_arrived(uv_stream_t *listener, int status)
{
    struct proxy *proxy = listener->data;
    struct wire *wire = memory_zero(1, sizeof(*wire));

    check(status);
    wire->proxy = proxy;
    wire->open_handles = 2;
    wire->next = proxy->wires;
    proxy->wires = wire;
    check(uv_tcp_init(proxy->loop, &wire->engine));
    check(uv_pipe_init(proxy->loop, &wire->server, 0));
    wire->engine.data = wire->server.data = wire->connect.data = wire;
    check(uv_accept(listener, (uv_stream_t *)&wire->engine));
    if (proxy->closed)
        wire_cut(wire);
    else
        uv_pipe_connect(&wire->connect, &wire->server, proxy->server, on_connected);
}

/* Where the server listens, from its connection string. */
static void find_server(struct proxy *proxy, const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    const char *host = NULL;
    const char *port = "5432";

    INVARIANT(options != NULL);
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (option->val != NULL && strcmp(option->keyword, "host") == 0)
            host = option->val;
        else if (option->val != NULL && strcmp(option->keyword, "port") == 0)
            port = option->val;
    }
    INVARIANT(host != NULL && host[0] == '/');
    (void)snprintf(proxy->server, sizeof(proxy->server), "%s/.s.PGSQL.%s", host, port);
    PQconninfoFree(options);
}

struct proxy *proxy_new(uv_loop_t *loop, const char *conninfo)
{
    struct proxy *proxy = memory_zero(1, sizeof(*proxy));
    struct sockaddr_in address;
    int size = sizeof(address);

    /* What comes after a silence may find a server that has hung up. */
    (void)signal(SIGPIPE, SIG_IGN);
    proxy->loop = loop;
    find_server(proxy, conninfo);
    check(uv_ip4_addr("127.0.0.1", 0, &address));
    check(uv_tcp_init(loop, &proxy->listener));
    proxy->listener.data = proxy;
    check(uv_tcp_bind(&proxy->listener, (struct sockaddr *)&address, 0));
    check(uv_listen((uv_stream_t *)&proxy->listener, BACKLOG, on_arrived));
    check(uv_tcp_getsockname(&proxy->listener, (struct sockaddr *)&address, &size));
    /* What comes later in a connection string wins. */
    (void)snprintf(proxy->conninfo, sizeof(proxy->conninfo),
                   "%s host=127.0.0.1 port=%u sslmode=disable gssencmode=disable", conninfo,
                   ntohs(address.sin_port));
    return proxy;
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct proxy *proxy = handle->data;

    handle->data = NULL;
    release_proxy(proxy);
}

void proxy_free(struct proxy *proxy)
{
    proxy_close(proxy);
    proxy->freed = true;
    uv_close((uv_handle_t *)&proxy->listener, on_listener_closed);
}

const char *proxy_conninfo(const struct proxy *proxy)
{
    return proxy->conninfo;
}

void proxy_cut_answer_to(struct proxy *proxy, const char *text, bool stay_closed)
{
    proxy->cut_at = text;
    proxy->stay_closed = stay_closed;
    proxy->then_silent = false;
}

void proxy_silence_after(struct proxy *proxy, const char *text)
{
    proxy->cut_at = text;
    proxy->then_silent = true;
}

bool proxy_is_silent(const struct proxy *proxy)
{
    return proxy->silent;
}

void proxy_close(struct proxy *proxy)
{
    proxy->closed = true;
    for (struct wire *wire = proxy->wires; wire != NULL; wire = wire->next)
        wire_cut(wire);
}

void proxy_open(struct proxy *proxy)
{
    proxy->closed = false;
}

void proxy_silence(struct proxy *proxy)
{
    proxy->silent = true;
    for (struct wire *wire = proxy->wires; wire != NULL; wire = wire->next) {
        if (wire->cut || !wire->connected)
            continue;
        check(uv_read_stop((uv_stream_t *)&wire->engine));
        check(uv_read_stop((uv_stream_t *)&wire->server));
    }
}

void proxy_resume(struct proxy *proxy)
{
    if (!proxy->silent)
        return;
    proxy->silent = false;
    for (struct wire *wire = proxy->wires; wire != NULL; wire = wire->next) {
        if (!wire->cut && wire->connected)
            wire_listen(wire);
    }
}

unsigned proxy_cuts(const struct proxy *proxy)
{
    return proxy->cuts;
}
