/* See fixture.h. */
#include "tests/http/fixture.h"

#include "bpmn/base/text.h"
#include "engine/base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_MS = 10000, LARGE_BYTES = 1024 * 1024, READ_BYTES = 65536 };

/* ---- routes ---- */

static void reply_text(struct http_request *request, const char *text)
{
    http_reply_bytes(request, 200, "text/plain", text, strlen(text));
}

static void hello(void *context, struct http_request *request)
{
    ((struct fixture *)context)->handled++;
    reply_text(request, "hello");
}

static void thing(void *context, struct http_request *request)
{
    ((struct fixture *)context)->handled++;
    reply_text(request, arena_format(http_arena(request), "thing=<%s>", http_param(request, "id")));
}

static void special(void *context, struct http_request *request)
{
    ((struct fixture *)context)->handled++;
    reply_text(request, "special");
}

static void part(void *context, struct http_request *request)
{
    ((struct fixture *)context)->handled++;
    reply_text(request, arena_format(http_arena(request), "thing=<%s> part=<%s>",
                                     http_param(request, "id"), http_param(request, "part")));
}

static void file(void *context, struct http_request *request)
{
    ((struct fixture *)context)->handled++;
    reply_text(request,
               arena_format(http_arena(request), "file=<%s>", http_param(request, "name")));
}

static void query(void *context, struct http_request *request)
{
    struct text text = TEXT_INIT;
    const char *name;
    const char *value;

    ((struct fixture *)context)->handled++;
    for (uint32_t i = 0; http_query_at(request, i, &name, &value); i++)
        text_append_format(&text, "<%s>=<%s>;", name, value);
    text_append_format(&text, "a is %s",
                       http_query(request, "a") != NULL ? http_query(request, "a") : "absent");
    reply_text(request, text_string(&text));
    text_deinit(&text);
}

static void echo(void *context, struct http_request *request)
{
    size_t length;
    const char *bytes = http_body(request, &length);

    ((struct fixture *)context)->handled++;
    http_reply_bytes(request, 200, "application/octet-stream", bytes, length);
}

static void json(void *context, struct http_request *request)
{
    json_t *object;
    struct error error;

    ((struct fixture *)context)->handled++;
    if (http_json_object(request, http_query(request, "empty") != NULL, &object, &error) !=
        STATUS_OK)
        http_reply_problem(request, &error, "findings", json_array());
    else
        http_reply_json(request, 201, object);
}

static void later(void *context, struct http_request *request)
{
    struct fixture *fixture = context;

    fixture->handled++;
    assert_true(fixture->deferred_count < DEFERRED_MAX);
    fixture->deferred[fixture->deferred_count++] = request;
}

static void large(void *context, struct http_request *request)
{
    char *bytes = malloc(LARGE_BYTES);

    ((struct fixture *)context)->handled++;
    memset(bytes, 'x', LARGE_BYTES);
    memcpy(bytes + LARGE_BYTES - 4, "END!", 4);
    http_reply_bytes(request, 200, "text/plain", bytes, LARGE_BYTES);
    free(bytes);
}

static void who(void *context, struct http_request *request)
{
    const char *user = http_user(request);

    ((struct fixture *)context)->handled++;
    http_reply_header(request, "X-Note", "one\r\nX-Evil: two");
    reply_text(request, arena_format(http_arena(request), "user=<%s> base=<%s>",
                                     user != NULL ? user : "nobody", http_base_url(request)));
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/hello", hello, "", 0},
    {HTTP_GET_METHOD, "/things/{id}", thing, "", 0},
    {HTTP_DELETE_METHOD, "/things/{id}", thing, "", 0},
    {HTTP_GET_METHOD, "/things/special", special, "", 0},
    {HTTP_GET_METHOD, "/things/{id}/parts/{part}", part, "", 0},
    {HTTP_GET_METHOD, "/files/{name...}", file, "", 0},
    {HTTP_GET_METHOD, "/query", query, "", 0},
    {HTTP_POST_METHOD, "/echo", echo, "", 100000},
    {HTTP_POST_METHOD, "/json", json, "", 0},
    {HTTP_GET_METHOD, "/later", later, "", 0},
    {HTTP_POST_METHOD, "/later", later, "", 0},
    {HTTP_GET_METHOD, "/large", large, "", 0},
    {HTTP_GET_METHOD, "/who", who, "", 0},
};

/* ---- the server ---- */

static long long now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int fixture_set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct error error;

    log_set_level(LOG_ERROR); /* a line for each request would bury the results */
    (void)uv_loop_init(&fixture->loop);
    fixture->server = http_server_new(&fixture->loop);
    http_server_routes(fixture->server, routes, COUNT_OF(routes), fixture);
    *state = fixture;
    return http_server_listen(fixture->server, "127.0.0.1", 0, &error) != STATUS_OK;
}

void fixture_turn(struct fixture *fixture)
{
    (void)uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

static void on_closed(void *context)
{
    struct fixture *fixture = context;

    fixture->closed = true;
    fixture->server = NULL;
}

void fixture_close_server(struct fixture *fixture)
{
    http_server_close(fixture->server, on_closed, fixture);
    for (long long end = now_ms() + DEADLINE_MS; !fixture->closed && now_ms() < end;)
        fixture_turn(fixture);
    assert_true(fixture->closed);
}

int fixture_tear_down(void **state)
{
    struct fixture *fixture = *state;
    int left;

    if (fixture->server != NULL)
        fixture_close_server(fixture);
    left = uv_loop_close(&fixture->loop);
    free(fixture);
    return left;
}

void fixture_wait_deferred(struct fixture *fixture, unsigned count)
{
    for (long long end = now_ms() + DEADLINE_MS; fixture->deferred_count < count && now_ms() < end;)
        fixture_turn(fixture);
    assert_true(fixture->deferred_count >= count);
}

/* ---- clients ---- */

struct client client_open(struct fixture *fixture)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(http_server_port(fixture->server))};
    struct client client = {.fixture = fixture, .bytes = calloc(1, 1)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client.handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client.handle, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(fcntl(client.handle, F_SETFL, O_NONBLOCK), 0);
    return client;
}

void client_close(struct client *client)
{
    (void)close(client->handle);
    free(client->bytes);
    client->bytes = NULL;
}

void client_reset(struct client *client)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(client->handle, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    client_close(client);
}

void client_turn(struct client *client)
{
    struct pollfd waiting = {.fd = client->handle, .events = POLLIN};
    ssize_t got;

    fixture_turn(client->fixture);
    if (client->ended || poll(&waiting, 1, 1) <= 0)
        return;
    if (client->length + READ_BYTES + 1 > client->capacity) {
        client->capacity = 2 * (client->length + READ_BYTES + 1);
        client->bytes = realloc(client->bytes, client->capacity);
    }
    got = recv(client->handle, client->bytes + client->length, READ_BYTES, 0);
    if (got > 0)
        client->length += (size_t)got;
    else if (got == 0 || errno != EAGAIN)
        client->ended = true;
    client->bytes[client->length] = '\0';
}

void client_send(struct client *client, const char *bytes, size_t length)
{
    long long end = now_ms() + DEADLINE_MS;

    while (length > 0 && now_ms() < end) {
        ssize_t sent = send(client->handle, bytes, length, MSG_NOSIGNAL);

        if (sent < 0 && errno != EAGAIN)
            return; /* refused early: the answer tells */
        if (sent > 0) {
            bytes += sent;
            length -= (size_t)sent;
        }
        fixture_turn(client->fixture);
    }
    assert_int_equal(length, 0);
}

void client_send_text(struct client *client, const char *text)
{
    client_send(client, text, strlen(text));
}

unsigned client_count(const struct client *client, const char *text)
{
    unsigned count = 0;
    size_t length = strlen(text);
    const char *at = client->bytes;
    const char *end = client->bytes + client->length;

    while ((at = memmem(at, (size_t)(end - at), text, length)) != NULL) {
        count++;
        at += length;
    }
    return count;
}

void client_expect(struct client *client, const char *text, unsigned times)
{
    long long end = now_ms() + DEADLINE_MS;
    unsigned count;

    while ((count = client_count(client, text)) < times && !client->ended && now_ms() < end)
        client_turn(client);
    if (count != times)
        fail_msg("expected \"%s\" %u times, but found it %u times in:\n%.2000s", text, times, count,
                 client->bytes);
}

void client_expect_end(struct client *client)
{
    for (long long end = now_ms() + DEADLINE_MS; !client->ended && now_ms() < end;)
        client_turn(client);
    if (!client->ended)
        fail_msg("expected the server to close, but it did not; it sent:\n%.2000s", client->bytes);
}

char *exchange(struct fixture *fixture, const char *bytes, size_t length)
{
    struct client client = client_open(fixture);
    char *answer;

    client_send(&client, bytes, length);
    client_expect_end(&client);
    answer = client.bytes;
    client.bytes = NULL;
    client_close(&client);
    return answer;
}
