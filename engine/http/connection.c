/* One client connection: bytes in, requests out in turn, answers back in the same turn.
 *
 * Happy path
 *   - on_read cuts heads and bodies out of the bytes and hands each whole request to its route;
 *   - the answers of one read gather in `output` and leave with one write, tried at once;
 *   - an answer given later marks the connection, and the loop's prepare or check step sends it.
 * Failure modes
 *   - a request that is refused is answered in its turn, and the connection ends (LAST, LINGER);
 *   - a client that does not read: the write stays under way, output grows to its limit, reading
 *     stops; the sweep closes it when nothing moves any more;
 *   - a client that goes: requests at work lose their connection and end silently when answered. */
#include "engine/http/internal.h"

#include "bpmn/base/memory.h"
#include "engine/base/clock.h"
#include "engine/base/metrics.h"

#include <string.h>

static struct metric connections_open = {
    .name = "synergyflow_http_connections",
    .help = "Open HTTP connections.",
    .type = METRIC_GAUGE,
};

static int64_t now_ms(const struct http_connection *connection)
{
    return (int64_t)uv_now(connection->server->loop);
}

/* Empties a buffer, and gives a large one back. */
static void drop(struct text *text)
{
    if (text->capacity > HTTP_KEPT_BYTES_MAX)
        text_deinit(text);
    else
        text_clear(text);
}

/* ---- closing ---- */

static void on_closed(uv_handle_t *handle)
{
    struct http_connection *connection = CONTAINER_OF(handle, struct http_connection, tcp);
    struct http_server *server = connection->server;

    LIST_REMOVE(connection, all);
    text_deinit(&connection->input);
    text_deinit(&connection->output);
    text_deinit(&connection->sending);
    memory_free(connection);
    metric_add(&connections_open, -1);
    http_server_connection_gone(server);
}

void http_on_gone(struct http_request *request, void (*on_gone)(void *context), void *context)
{
    request->on_gone = on_gone;
    request->gone_context = context;
}

static void tell_gone(struct http_request *request)
{
    void (*on_gone)(void *context) = request->on_gone;

    request->on_gone = NULL;
    if (on_gone != NULL)
        on_gone(request->gone_context); /* may answer: the request is not touched after this */
}

/* Tells each request that is being worked on. An answer changes the queue: begin again then. */
static void tell_all_gone(struct http_connection *connection)
{
    struct http_request *request = STAILQ_FIRST(&connection->requests);

    while (request != NULL) {
        if (request->answered || request->on_gone == NULL) {
            request = STAILQ_NEXT(request, queue);
            continue;
        }
        tell_gone(request);
        request = STAILQ_FIRST(&connection->requests);
    }
}

void http_connection_close(struct http_connection *connection)
{
    struct http_request *request;

    if (connection->phase == HTTP_CLOSED)
        return;
    connection->phase = HTTP_CLOSED;
    if (connection->is_unsent)
        TAILQ_REMOVE(&connection->server->unsent, connection, unsent);
    connection->is_unsent = false;
    while ((request = STAILQ_FIRST(&connection->requests)) != NULL) {
        STAILQ_REMOVE_HEAD(&connection->requests, queue);
        request->connection = NULL;
        /* Others belong to their routes until these answer. */
        if (request->answered || request == connection->receiving)
            http_request_release(request);
        else
            tell_gone(request);
    }
    connection->receiving = NULL;
    connection->request_count = 0;
    uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

/* ---- sending ---- */

static void on_written(uv_write_t *write, int status)
{
    struct http_connection *connection = CONTAINER_OF(write, struct http_connection, write);

    connection->writing = false;
    if (connection->phase == HTTP_CLOSED)
        return;
    if (status < 0) {
        http_connection_close(connection);
        return;
    }
    drop(&connection->sending);
    http_connection_advance(connection);
}

/* How long a client may take no byte of an answer. */
static int64_t write_patience_ms(const struct http_connection *connection)
{
    return connection->server->draining ? HTTP_DRAIN_TIMEOUT_MS : HTTP_IDLE_TIMEOUT_MS;
}

static void send_output(struct http_connection *connection)
{
    uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
    struct text output = connection->output;
    uv_buf_t bytes;
    int sent;

    if (connection->writing || output.length == 0)
        return;
    bytes = uv_buf_init(output.bytes, (unsigned)output.length);
    sent = uv_try_write(stream, &bytes, 1);
    if (sent == (int)output.length) {
        drop(&connection->output);
        return;
    }
    if (sent < 0 && sent != UV_EAGAIN) {
        http_connection_close(connection);
        return;
    }
    connection->output = connection->sending;
    connection->sending = output;
    if (sent > 0) {
        bytes.base += sent;
        bytes.len -= (size_t)sent;
    }
    if (uv_write(&connection->write, stream, &bytes, 1, on_written) != 0) {
        http_connection_close(connection);
        return;
    }
    connection->writing = true;
    connection->write_left = bytes.len;
    connection->write_deadline_ms = now_ms(connection) + write_patience_ms(connection);
}

struct text *http_connection_output(struct http_request *request)
{
    struct http_connection *connection = request->connection;

    if (connection == NULL)
        return NULL;
    return STAILQ_FIRST(&connection->requests) == request ? &connection->output : &request->answer;
}

bool http_connection_ends_with(const struct http_request *request)
{
    return request->connection != NULL && request->connection->phase == HTTP_LAST &&
           STAILQ_NEXT(request, queue) == NULL;
}

/* The interim answer may go only when all answers before it have gone. */
static void maybe_continue(struct http_connection *connection)
{
    struct http_request *request = STAILQ_FIRST(&connection->requests);

    if (request != NULL && request == connection->receiving && request->wants_continue) {
        text_append(&connection->output, "HTTP/1.1 100 Continue\r\n\r\n");
        request->wants_continue = false;
    }
}

void http_connection_answered(struct http_request *request)
{
    struct http_connection *connection = request->connection;
    struct http_request *first;

    request->answered = true;
    if (connection == NULL) {
        http_request_release(request);
        return;
    }
    while ((first = STAILQ_FIRST(&connection->requests)) != NULL && first->answered) {
        if (first->answer.length > 0)
            text_append_bytes(&connection->output, first->answer.bytes, first->answer.length);
        STAILQ_REMOVE_HEAD(&connection->requests, queue);
        connection->request_count--;
        http_request_release(first);
    }
    maybe_continue(connection);
    if (!connection->feeding && !connection->is_unsent) {
        connection->is_unsent = true;
        TAILQ_INSERT_TAIL(&connection->server->unsent, connection, unsent);
    }
}

/* ---- requests ---- */

static struct http_request *begin_request(struct http_connection *connection)
{
    struct http_request *request = http_request_take(connection->server);

    PRE(connection->receiving == NULL);
    request->connection = connection;
    request->began_us = clock_monotonic_us();
    STAILQ_INSERT_TAIL(&connection->requests, request, queue);
    connection->request_count++;
    connection->receiving = request;
    connection->scanned = 0;
    connection->head_begun = false;
    connection->skipped_line = false;
    return request;
}

/* Answers the request that is coming in with its refusal, and reads nothing after it. */
static void refuse(struct http_connection *connection, struct http_request *request)
{
    connection->receiving = NULL;
    connection->phase = HTTP_LAST;
    http_refuse(request);
}

static void refuse_with(struct http_connection *connection, struct http_request *request,
                        int http_status, const char *detail)
{
    request->refusal_status = http_status;
    (void)error_set(&request->refusal, STATUS_INVALID, "%s", detail);
    refuse(connection, request);
}

static void finish_request(struct http_connection *connection, struct http_request *request)
{
    connection->receiving = NULL;
    connection->phase =
        request->keep_alive && !connection->server->draining ? HTTP_HEAD_PHASE : HTTP_LAST;
    if (request->refusal_status != 0)
        http_refuse(request);
    else
        request->handler.route->handle(request->handler.context, request);
}

/* Whether another request may begin. */
static bool has_room(const struct http_connection *connection)
{
    return connection->request_count < HTTP_PIPELINE_MAX &&
           connection->output.length < HTTP_OUTPUT_BYTES_MAX &&
           !(connection->writing && connection->output.length > 0);
}

/* These two return how many bytes they used; 0 asks for more of them. */
static size_t take_head(struct http_connection *connection, const char *bytes, size_t length)
{
    struct http_request *request;
    struct error error;
    int http_status = 0;
    size_t head_length = connection->scanned;
    enum http_head_scan scan;

    if (bytes[0] == '\r' && !connection->skipped_line && (length < 2 || bytes[1] == '\n')) {
        connection->skipped_line = length >= 2;
        connection->scanned = length < 2 ? length : 0;
        return length < 2 ? 0 : 2;
    }
    scan = http_head_scan(bytes, length, &head_length, &http_status, &error);
    if (scan == HTTP_HEAD_PARTIAL) {
        connection->scanned = head_length;
        return 0;
    }
    request = begin_request(connection);
    if (scan == HTTP_HEAD_BAD) {
        refuse_with(connection, request, http_status, error.message);
        return length;
    }
    if (!http_head_read(connection, request, bytes, head_length)) {
        refuse(connection, request);
        return length;
    }
    if (request->complete) {
        finish_request(connection, request);
        return head_length;
    }
    connection->phase = HTTP_BODY_PHASE;
    connection->last_byte = '\n';
    connection->deadline_ms = now_ms(connection) + HTTP_BODY_TIMEOUT_MS;
    maybe_continue(connection);
    return head_length;
}

/* llhttp lets the last line of a chunked body end in a bare LF; we do not. */
static bool ends_in_crlf(const struct http_connection *connection, const char *bytes, size_t used)
{
    char before = used >= 2 ? bytes[used - 2] : connection->last_byte;

    return used >= 1 && bytes[used - 1] == '\n' && before == '\r';
}

static size_t take_body(struct http_connection *connection, const char *bytes, size_t length)
{
    struct http_request *request = connection->receiving;
    bool chunked = (connection->parser.flags & F_CHUNKED) != 0;
    size_t received = request->body_received;
    llhttp_errno_t result = llhttp_execute(&connection->parser, bytes, length);
    bool complete = result == HPE_PAUSED && request->complete;
    size_t used = length;

    if (result == HPE_USER) {
        refuse(connection, request); /* on_body said why */
        return length;
    }
    if (result != HPE_OK && !complete) {
        refuse_with(connection, request, 400,
                    "Expected a body as its head announced it, but found a malformed chunk.");
        return length;
    }
    if (complete)
        used = (size_t)(llhttp_get_error_pos(&connection->parser) - bytes);
    if (chunked) {
        request->framing_bytes += used - (request->body_received - received);
        if (request->framing_bytes > HTTP_FRAMING_BYTES_MAX + 8 * request->body_received ||
            (complete && !ends_in_crlf(connection, bytes, used))) {
            refuse_with(connection, request, 400,
                        "Expected chunks with short extensions and trailers and CR LF after each, "
                        "but found another framing.");
            return length;
        }
    }
    if (used > 0)
        connection->last_byte = bytes[used - 1];
    if (complete)
        finish_request(connection, request);
    return used;
}

static size_t feed(struct http_connection *connection, const char *bytes, size_t length)
{
    size_t used = 0;

    while (used < length) {
        size_t step;

        if (connection->phase == HTTP_HEAD_PHASE && has_room(connection))
            step = take_head(connection, bytes + used, length - used);
        else if (connection->phase == HTTP_HEAD_PHASE)
            step = 0;
        else if (connection->phase == HTTP_BODY_PHASE)
            step = take_body(connection, bytes + used, length - used);
        else
            return length; /* nothing is read any more */
        if (step == 0)
            break;
        used += step;
    }
    return used;
}

static void feed_input(struct http_connection *connection)
{
    struct text *input = &connection->input;
    size_t used;

    connection->feeding = true;
    used = feed(connection, input->bytes, input->length);
    connection->feeding = false;
    if (used == input->length) {
        drop(input);
        return;
    }
    memmove(input->bytes, input->bytes + used, input->length - used);
    input->length -= used;
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    struct http_server *server = CONTAINER_OF(handle, struct http_connection, tcp)->server;

    (void)suggested;
    /* One for all: libuv calls on_read before it asks again. */
    *ret_buffer = uv_buf_init(server->read_buffer, sizeof(server->read_buffer));
}

/* The client sends no more. What is at work is still answered: it may have closed one way only. */
static void on_end(struct http_connection *connection)
{
    struct http_request *request = connection->receiving;

    connection->peer_ended = true;
    if (connection->phase == HTTP_LINGER) {
        http_connection_close(connection);
        return;
    }
    if (request != NULL) {
        STAILQ_REMOVE(&connection->requests, request, http_request, queue);
        connection->request_count--;
        connection->receiving = NULL;
        http_request_release(request);
    }
    connection->phase = HTTP_LAST;
    drop(&connection->input);
    tell_all_gone(connection);
    http_connection_advance(connection);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct http_connection *connection = CONTAINER_OF(stream, struct http_connection, tcp);

    if (count == UV_EOF) {
        on_end(connection);
    } else if (count < 0) {
        http_connection_close(connection);
    } else if (count > 0 && connection->phase != HTTP_LINGER) {
        if (connection->input.length > 0) {
            text_append_bytes(&connection->input, buffer->base, (size_t)count);
            feed_input(connection);
        } else {
            size_t used;

            connection->feeding = true;
            used = feed(connection, buffer->base, (size_t)count);
            connection->feeding = false;
            text_append_bytes(&connection->input, buffer->base + used, (size_t)count - used);
        }
        http_connection_advance(connection);
    }
}

static void set_reading(struct http_connection *connection, bool wanted)
{
    uv_stream_t *stream = (uv_stream_t *)&connection->tcp;

    if (wanted == connection->reading)
        return;
    connection->reading = wanted;
    if (!wanted)
        (void)uv_read_stop(stream);
    else if (uv_read_start(stream, on_alloc, on_read) != 0)
        http_connection_close(connection);
}

/* ---- turning ---- */

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
    struct http_connection *connection = CONTAINER_OF(shutdown, struct http_connection, shutdown);

    if (status < 0)
        http_connection_close(connection);
}

static void end_connection(struct http_connection *connection)
{
    if (connection->peer_ended ||
        uv_shutdown(&connection->shutdown, (uv_stream_t *)&connection->tcp, on_shutdown) != 0) {
        http_connection_close(connection);
        return;
    }
    connection->phase = HTTP_LINGER;
    connection->deadline_ms = now_ms(connection) + HTTP_LINGER_TIMEOUT_MS;
    set_reading(connection, true);
}

static void set_head_deadline(struct http_connection *connection, bool room)
{
    bool partial = room && connection->input.length > 0;

    if (partial && !connection->head_begun)
        connection->deadline_ms = now_ms(connection) + HTTP_HEAD_TIMEOUT_MS;
    else if (!partial && connection->request_count == 0 && !connection->writing)
        connection->deadline_ms = now_ms(connection) + HTTP_IDLE_TIMEOUT_MS;
    else if (!partial)
        connection->deadline_ms = 0;
    connection->head_begun = partial;
}

/* The last request wants to know when the client goes: only reading tells. */
static bool watches(const struct http_connection *connection)
{
    const struct http_request *first = STAILQ_FIRST(&connection->requests);

    return !connection->peer_ended && first != NULL && !first->answered && first->on_gone != NULL;
}

void http_connection_advance(struct http_connection *connection)
{
    bool room;

    if (connection->feeding || connection->phase == HTTP_CLOSED)
        return;
    send_output(connection);
    /* Requests that waited in `input` for room; scanned bytes are a head still coming in. */
    while (connection->phase == HTTP_HEAD_PHASE && connection->input.length > connection->scanned &&
           has_room(connection)) {
        feed_input(connection);
        send_output(connection);
    }
    if (connection->phase == HTTP_LAST && connection->request_count == 0 &&
        connection->output.length == 0 && !connection->writing) {
        end_connection(connection);
        return;
    }
    if (connection->phase == HTTP_CLOSED || connection->phase == HTTP_LINGER)
        return;
    room = has_room(connection);
    set_reading(connection, connection->phase == HTTP_BODY_PHASE ||
                                (connection->phase == HTTP_HEAD_PHASE && room) ||
                                (connection->phase == HTTP_LAST && watches(connection)));
    if (connection->phase == HTTP_HEAD_PHASE)
        set_head_deadline(connection, room);
}

static void time_out(struct http_connection *connection)
{
    if (connection->phase == HTTP_BODY_PHASE)
        refuse_with(connection, connection->receiving, 408,
                    connection->server->draining
                        ? "Expected the rest of the body at once, for the server is stopping, but "
                          "it did not come."
                        : "Expected the whole body within 120 seconds, but it did not come.");
    else if (connection->phase == HTTP_HEAD_PHASE && connection->head_begun)
        refuse_with(connection, begin_request(connection), 408,
                    "Expected the whole head within 20 seconds, but it did not come.");
    else
        http_connection_close(connection);
    http_connection_advance(connection);
}

void http_connection_sweep(struct http_connection *connection, int64_t at_ms)
{
    if (connection->phase == HTTP_CLOSED)
        return;
    if (connection->writing) {
        size_t left = uv_stream_get_write_queue_size((uv_stream_t *)&connection->tcp);

        if (left != connection->write_left) {
            connection->write_left = left;
            connection->write_deadline_ms = at_ms + write_patience_ms(connection);
        } else if (at_ms >= connection->write_deadline_ms) {
            http_connection_close(connection);
            return;
        }
    }
    if (connection->phase != HTTP_LAST && connection->deadline_ms > 0 &&
        at_ms >= connection->deadline_ms)
        time_out(connection);
}

void http_connection_drain(struct http_connection *connection)
{
    int64_t deadline_ms = now_ms(connection) + HTTP_DRAIN_TIMEOUT_MS;

    /* One client that stopped sending or reading must not hold up the end of the program. */
    if (connection->phase == HTTP_BODY_PHASE && connection->deadline_ms > deadline_ms)
        connection->deadline_ms = deadline_ms;
    if (connection->writing && connection->write_deadline_ms > deadline_ms)
        connection->write_deadline_ms = deadline_ms;
    if (connection->phase == HTTP_HEAD_PHASE) {
        drop(&connection->input);
        connection->phase = HTTP_LAST;
        if (connection->request_count == 0 && connection->output.length == 0 &&
            !connection->writing)
            http_connection_close(connection);
    }
}

void http_connection_accept(struct http_server *server)
{
    struct http_connection *connection = memory_zero(1, sizeof(*connection));
    int result = uv_tcp_init(server->loop, &connection->tcp);

    INVARIANT(result == 0);
    connection->server = server;
    STAILQ_INIT(&connection->requests);
    LIST_INSERT_HEAD(&server->connections, connection, all);
    server->connection_count++;
    metric_register(&connections_open);
    metric_add(&connections_open, 1);
    /* Over the limit, accepting and closing is the answer that costs least. */
    if (uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)&connection->tcp) != 0 ||
        server->connection_count > HTTP_CONNECTIONS_MAX || server->draining) {
        http_connection_close(connection);
        return;
    }
    (void)uv_tcp_nodelay(&connection->tcp, 1);
    http_connection_advance(connection);
}
