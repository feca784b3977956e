/* See load_client.h. */
#include "tests/support/load_client.h"

#include "bpmn/base/memory.h"
#include "engine/base/clock.h"

#include <stdio.h>
#include <string.h>

static void lost(struct load_connection *connection, const char *why)
{
    if (!uv_is_closing((uv_handle_t *)&connection->socket))
        uv_close((uv_handle_t *)&connection->socket, NULL);
    connection->connected = false;
    if (connection->client->on_lost != NULL)
        connection->client->on_lost(connection, why);
}

static int on_body(llhttp_t *parser, const char *bytes, size_t length)
{
    struct load_connection *connection = parser->data;

    text_append_bytes(&connection->body, bytes, length);
    return 0;
}

static int on_complete(llhttp_t *parser)
{
    struct load_connection *connection = parser->data;
    struct text body = connection->body;

    /* The answer's bytes are handed over before the next request reuses the buffer. */
    memset(&connection->body, 0, sizeof(connection->body));
    connection->busy = false;
    connection->on_answer(connection, parser->status_code, text_string(&body), body.length);
    text_deinit(&body);
    return 0;
}

static const llhttp_settings_t parser_settings = {.on_body = on_body,
                                                  .on_message_complete = on_complete};

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct load_connection *connection = handle->data;

    (void)suggested;
    *buffer = uv_buf_init(connection->in, sizeof(connection->in));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct load_connection *connection = stream->data;

    if (got < 0) {
        lost(connection, uv_strerror((int)got));
        return;
    }
    if (llhttp_execute(&connection->parser, buffer->base, (size_t)got) != HPE_OK)
        lost(connection, llhttp_errno_name(llhttp_get_errno(&connection->parser)));
}

static void on_connect(uv_connect_t *request, int status)
{
    struct load_connection *connection = request->data;
    struct load_client *client = connection->client;

    if (status != 0) {
        lost(connection, uv_strerror(status));
        return;
    }
    connection->connected = true;
    (void)uv_tcp_nodelay(&connection->socket, 1);
    (void)uv_read_start((uv_stream_t *)&connection->socket, on_alloc, on_read);
    if (++client->connected == client->count && client->on_connected != NULL)
        client->on_connected(client);
}

void load_client_open(struct load_client *client, uv_loop_t *loop, unsigned port, unsigned count)
{
    struct sockaddr_in address;

    client->loop = loop;
    client->port = port;
    client->count = count;
    client->connections = memory_zero(count, sizeof(*client->connections));
    (void)uv_ip4_addr("127.0.0.1", (int)port, &address);
    for (unsigned i = 0; i < count; i++) {
        struct load_connection *connection = &client->connections[i];

        connection->client = client;
        connection->connecting.data = connection;
        (void)uv_tcp_init(loop, &connection->socket);
        connection->socket.data = connection;
        llhttp_init(&connection->parser, HTTP_RESPONSE, &parser_settings);
        connection->parser.data = connection;
        if (uv_tcp_connect(&connection->connecting, &connection->socket,
                           (const struct sockaddr *)&address, on_connect) != 0)
            lost(connection, "connect");
    }
}

static void on_written(uv_write_t *request, int status)
{
    struct load_connection *connection = request->data;

    if (status != 0 && status != UV_ECANCELED)
        lost(connection, uv_strerror(status));
}

static void transmit(struct load_connection *connection)
{
    uv_buf_t buffer = uv_buf_init(connection->out.bytes, (unsigned)connection->out.length);
    int written = uv_try_write((uv_stream_t *)&connection->socket, &buffer, 1);

    connection->busy = true;
    if (written == (int)connection->out.length)
        return;
    if (written > 0)
        buffer = uv_buf_init(buffer.base + written, (unsigned)(buffer.len - (size_t)written));
    connection->writing.data = connection;
    if (uv_write(&connection->writing, (uv_stream_t *)&connection->socket, &buffer, 1,
                 on_written) != 0)
        lost(connection, "write");
}

void load_send(struct load_connection *connection, const char *method, const char *path,
               const char *body,
               void (*on_answer)(struct load_connection *connection, int status, const char *answer,
                                 size_t length))
{
    size_t length = body != NULL ? strlen(body) : 0;

    PRE(!connection->busy);
    connection->on_answer = on_answer;
    connection->sent_us = clock_monotonic_us();
    text_clear(&connection->out);
    text_append_format(&connection->out, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n", method, path,
                       connection->client->port);
    if (body != NULL)
        text_append_format(&connection->out,
                           "Content-Type: application/json\r\nContent-Length: %zu\r\n", length);
    text_append(&connection->out, "\r\n");
    text_append_bytes(&connection->out, body, length);
    transmit(connection);
}

void load_resend(struct load_connection *connection)
{
    PRE(!connection->busy);
    transmit(connection);
}

static void on_closed(uv_handle_t *handle)
{
    (void)handle;
}

void load_client_close(struct load_client *client)
{
    for (unsigned i = 0; i < client->count; i++) {
        struct load_connection *connection = &client->connections[i];

        if (!uv_is_closing((uv_handle_t *)&connection->socket))
            uv_close((uv_handle_t *)&connection->socket, on_closed);
    }
    (void)uv_run(client->loop, UV_RUN_DEFAULT);
    for (unsigned i = 0; i < client->count; i++) {
        text_deinit(&client->connections[i].out);
        text_deinit(&client->connections[i].body);
    }
    memory_free(client->connections);
    client->connections = NULL;
}
