/* The server over real sockets: routes, turns, bodies, limits, deadlines, and clients that go. What
 * is malformed stands in malformed_test.c, the end in drain_test.c. */
#include "engine/base/log.h"
#include "engine/http/internal.h"
#include "tests/http/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define HOST      "Host: test:80\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

static void expect_exchange(struct fixture *fixture, const char *request, const char *expected)
{
    char *answer = exchange(fixture, request, strlen(request));

    if (strstr(answer, expected) == NULL)
        fail_msg("expected \"%s\" in the answer to \"%s\", but found:\n%s", expected, request,
                 answer);
    free(answer);
}

static void routes_take_parameters(void **state)
{
    static const struct {
        const char *target;
        const char *expected;
    } cases[] = {
        {"/hello", "\r\n\r\nhello"},
        {"/things/7", "thing=<7>"},
        {"/things/a%2Fb%20%C3%A4", "thing=<a/b \xC3\xA4>"},
        {"/things/special", "special"},
        {"/things/special/parts/x", "thing=<special> part=<x>"},
        {"/files/a/b%20c/d", "file=<a/b c/d>"},
        {"/query?a=1&b=x%26y+z&a=2&c", "<a>=<1>;<b>=<x&y z>;<a>=<2>;<c>=<>;a is 1"},
        {"/query?", "a is absent"},
        {"/query?&b=1&", "<b>=<1>;a is absent"},
        {"http://other:99/hello?x=1", "\r\n\r\nhello"},
        {"/things/", "404 Not Found"},
        {"/things", "404 Not Found"},
        {"/hello/", "404 Not Found"},
        {"//hello", "404 Not Found"},
        {"/", "404 Not Found"},
        {"/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/1/2/3", "404 Not Found"},
        {"/files/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z", "u/v/w/x/y/z>"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char request[512];

        (void)snprintf(request, sizeof(request),
                       "GET %s HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", cases[i].target);
        expect_exchange(*state, request, cases[i].expected);
    }
}

static void unknown_methods_and_paths_are_problems(void **state)
{
    struct client client = client_open(*state);

    client_send_text(&client, GET("/nope") "DELETE /hello HTTP/1.1\r\n" HOST "\r\n");
    client_expect(&client, "\"title\":\"Not found\",\"status\":404", 1);
    client_expect(&client, "Content-Type: application/problem+json\r\n", 2);
    client_expect(&client, "\"instance\":\"/nope\"", 1);
    client_expect(&client, "\"message\":\"Not found\",\"exception\":\"Expected the path", 1);
    client_expect(&client, "405 Method Not Allowed", 1);
    client_expect(&client, "Allow: GET, HEAD\r\n", 1);
    /* A body that no route takes is read, and the connection goes on. */
    client_send_text(&client, "POST /nope HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n12345");
    client_expect(&client, "404 Not Found", 2);
    client_send_text(&client, "PATCH /things/1 HTTP/1.1\r\n" HOST "\r\n" GET("/hello"));
    client_expect(&client, "Allow: GET, HEAD, DELETE\r\n", 1);
    client_expect(&client, "\r\n\r\nhello", 1);
    client_close(&client);
    expect_exchange(*state, "BREW /pot HTTP/1.1\r\n" HOST "\r\n", "501 Not Implemented");
    expect_exchange(*state, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "501 Not Implemented");
}

/* The sentence quotes the path up to a number of bytes, here inside a character. */
static void problems_are_utf8(void **state)
{
    struct text request = TEXT_INIT;
    char *answer;
    const char *body;
    json_t *problem;

    text_append(&request, "GET /xy");
    for (int i = 0; i < 200; i++)
        text_append(&request, "%C3%A4");
    text_append(&request, " HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    answer = exchange(*state, request.bytes, request.length);
    body = strstr(answer, "\r\n\r\n");
    assert_non_null(body);
    problem = json_loads(body, 0, NULL);
    assert_non_null(problem);
    assert_non_null(strstr(json_string_value(json_object_get(problem, "detail")), "\xC3\xA4?'"));
    json_decref(problem);
    free(answer);
    text_deinit(&request);
}

static void every_request_is_logged_once(void **state)
{
    static const char request[] = "GET /things/a%22b?secret=1 HTTP/1.1\r\n" HOST
                                  "X-Correlation-Id: c-1\r\nConnection: close\r\n\r\n";
    FILE *captured = tmpfile();
    int kept_stderr = dup(STDERR_FILENO);
    char line[1024] = "";
    char rest[8];
    json_t *object;

    assert_true(captured != NULL && dup2(fileno(captured), STDERR_FILENO) >= 0);
    log_set_level(LOG_INFO);
    free(exchange(*state, request, sizeof(request) - 1));
    log_flush();
    (void)dup2(kept_stderr, STDERR_FILENO);
    (void)close(kept_stderr);
    rewind(captured);
    assert_non_null(fgets(line, sizeof(line), captured));
    assert_null(fgets(rest, sizeof(rest), captured));
    (void)fclose(captured);
    assert_null(strstr(line, "secret"));
    object = json_loads(line, 0, NULL);
    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "event")), "http.request");
    assert_string_equal(json_string_value(json_object_get(object, "method")), "GET");
    assert_string_equal(json_string_value(json_object_get(object, "path")), "/things/a\"b");
    assert_string_equal(json_string_value(json_object_get(object, "correlationId")), "c-1");
    assert_int_equal(json_integer_value(json_object_get(object, "status")), 200);
    assert_true(json_is_number(json_object_get(object, "durationMs")));
    json_decref(object);
}

static void head_is_get_without_a_body(void **state)
{
    struct client client = client_open(*state);

    client_send_text(&client, "HEAD /hello HTTP/1.1\r\n" HOST "\r\n" GET("/things/1"));
    client_expect(&client, "thing=<1>", 1);
    assert_int_equal(client_count(&client, "Content-Length: 5\r\n"), 1);
    assert_int_equal(client_count(&client, "hello"), 0);
    client_close(&client);
}

static void http_1_0_closes_unless_asked(void **state)
{
    struct client client = client_open(*state);

    expect_exchange(*state, "GET /who HTTP/1.0\r\n\r\n", "base=<http://127.0.0.1:");
    client_send_text(&client, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client_expect(&client, "Connection: keep-alive\r\n", 1);
    client_send_text(&client, GET("/things/1"));
    client_expect(&client, "thing=<1>", 1);
    client_close(&client);
}

static void answers_keep_the_order_of_requests(void **state)
{
    struct fixture *fixture = *state;
    struct client client = client_open(fixture);
    const char *first;

    client_send_text(&client, GET("/later") GET("/hello") GET("/later") GET("/things/9"));
    fixture_wait_deferred(fixture, 2);
    http_reply_bytes(fixture->deferred[1], 200, "text/plain", "second", 6);
    client_turn(&client);
    assert_int_equal(client.length, 0);
    http_reply_bytes(fixture->deferred[0], 200, "text/plain", "first", 5);
    client_expect(&client, "thing=<9>", 1);
    first = strstr(client.bytes, "first");
    assert_non_null(first);
    first = strstr(first, "hello");
    assert_non_null(first);
    first = strstr(first, "second");
    assert_non_null(first);
    assert_non_null(strstr(first, "thing=<9>"));
    client_close(&client);
}

static void reading_pauses_at_the_pipeline_limit(void **state)
{
    enum { SENT = 3 * HTTP_PIPELINE_MAX };
    struct fixture *fixture = *state;
    struct client client = client_open(fixture);

    for (int i = 0; i < SENT; i++)
        client_send_text(&client, GET("/later"));
    fixture_wait_deferred(fixture, HTTP_PIPELINE_MAX);
    for (int i = 0; i < 20; i++)
        client_turn(&client);
    assert_int_equal(fixture->deferred_count, HTTP_PIPELINE_MAX);
    for (unsigned i = 0; i < SENT; i++) {
        fixture_wait_deferred(fixture, i + 1);
        http_reply_empty(fixture->deferred[i], 204);
    }
    client_expect(&client, "204 No Content", SENT);
    client_close(&client);
}

static void bodies_come_whole_in_any_pieces(void **state)
{
    static const char chunked[] =
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n6;note=\"x\"\r\n world\r\n0\r\nTrailer: t\r\n\r\n";
    static const char sized[] = "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nabcd";
    struct client client = client_open(*state);

    client_send(&client, chunked, sizeof(chunked) - 1);
    client_send(&client, sized, sizeof(sized) - 1);
    client_expect(&client, "\r\n\r\nhello world", 1);
    client_expect(&client, "\r\n\r\nabcd", 1);
    for (size_t i = 0; i < sizeof(chunked) - 1; i++)
        client_send(&client, chunked + i, 1);
    for (size_t i = 0; i < sizeof(sized) - 1; i++)
        client_send(&client, sized + i, 1);
    client_expect(&client, "\r\n\r\nhello world", 2);
    client_expect(&client, "\r\n\r\nabcd", 2);
    /* Two in one piece, the second with a body, and an empty line between requests. */
    client_send_text(&client, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nxy\r\n"
                              "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"
                              "\r\n" GET("/hello"));
    client_expect(&client, "\r\n\r\nxy", 1);
    client_expect(&client, "\r\n\r\nhello", 3);
    client_close(&client);
}

static void continue_comes_before_the_body(void **state)
{
    struct fixture *fixture = *state;
    struct client client = client_open(fixture);

    client_send_text(&client, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n"
                              "Expect: 100-continue\r\n\r\n");
    client_expect(&client, "HTTP/1.1 100 Continue\r\n\r\n", 1);
    assert_int_equal(fixture->handled, 0);
    client_send_text(&client, "abc");
    client_expect(&client, "\r\n\r\nabc", 1);
    /* Behind a waiting answer, the interim one waits too. */
    client_send_text(&client, GET("/later") "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n"
                                            "Expect: 100-continue\r\n\r\n");
    fixture_wait_deferred(fixture, 1);
    client_turn(&client);
    assert_int_equal(client_count(&client, "100 Continue"), 1);
    http_reply_empty(fixture->deferred[0], 204);
    client_expect(&client, "100 Continue", 2);
    client_send_text(&client, "def");
    client_expect(&client, "\r\n\r\ndef", 1);
    client_close(&client);
    expect_exchange(fixture,
                    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 200000\r\n"
                    "Expect: 100-continue\r\n\r\n",
                    "HTTP/1.1 413 ");
    expect_exchange(fixture,
                    "POST /nope HTTP/1.1\r\n" HOST "Content-Length: 2\r\n"
                    "Expect: 100-continue\r\n\r\n",
                    "HTTP/1.1 404 ");
    expect_exchange(fixture,
                    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n"
                    "Expect: miracles\r\n\r\n",
                    "HTTP/1.1 417 ");
}

/* `prefix`, `count` times `piece`, `suffix`. */
static void expect_long(struct fixture *fixture, const char *prefix, const char *piece,
                        unsigned count, const char *suffix, const char *expected)
{
    struct text request = TEXT_INIT;

    text_append(&request, prefix);
    for (unsigned i = 0; i < count; i++)
        text_append(&request, piece);
    text_append(&request, suffix);
    expect_exchange(fixture, text_string(&request), expected);
    text_deinit(&request);
}

static void limits_are_kept(void **state)
{
    static const char chunked[] =
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n";
    struct fixture *fixture = *state;

    expect_exchange(fixture, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100001\r\n\r\n",
                    "HTTP/1.1 413 Content Too Large");
    expect_exchange(fixture,
                    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n",
                    "HTTP/1.1 4");
    expect_long(fixture, chunked, "10\r\n0123456789abcdef\r\n", 6251, "0\r\n\r\n", "HTTP/1.1 413 ");
    expect_long(fixture, chunked, "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=b\r\nx\r\n", 2000,
                "0\r\n\r\n", "HTTP/1.1 400 ");
    expect_long(fixture, "GET /hello?a=", "x", 9000, " HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 414 ");
    expect_long(fixture, "GET /hello?a=", "x", 40000, " HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 414 ");
    expect_long(fixture, "GET /hello HTTP/1.1\r\n" HOST "A: ", "x", 40000, "\r\n\r\n",
                "HTTP/1.1 431 ");
    expect_long(fixture, "GET /hello HTTP/1.1\r\n" HOST, "A: b\r\n", 100, "\r\n", "HTTP/1.1 431 ");
    expect_long(fixture, "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n", "A: b\r\n", 98,
                "\r\n", "HTTP/1.1 200 ");
    expect_long(fixture, "GET /query?", "a=1&", 65, " HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 400 ");
    assert_int_equal(fixture->handled, 1);
}

static void json_bodies_are_checked(void **state)
{
    static const struct {
        const char *body;
        const char *expected;
    } cases[] = {
        {"{\"a\": [1, true, null]}", "HTTP/1.1 201 Created"},
        {"{\"a\": [1, true, null]}", "\r\n\r\n{\"a\":[1,true,null]}"},
        {"[1]", "but found an array."},
        {"7", "but found a number."},
        {"", "but the body is empty."},
        {"{\"a\": 1, \"a\": 2}", "a field that the object has already"},
        {"{\"a\": \"\\u0000\"}", "\\\\u0000"},
        {"{\n \"a\": x}", "\"line\":2,\"column\":7"},
        {"{\"a\": 1} 2", "more text after it"},
        {"{\"a\": \"\xFF\"}", "no UTF-8"},
        {"{\"a\": ", "its end too early"},
        {"{\"a\": 99999999999999999999}", "out of range"},
        {"{", "\"findings\":[]"},
    };
    struct text deep = TEXT_INIT;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char request[512];

        (void)snprintf(request, sizeof(request),
                       "POST /json HTTP/1.1\r\n" HOST "Connection: close\r\n"
                       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                       strlen(cases[i].body), cases[i].body);
        expect_exchange(*state, request, cases[i].expected);
    }
    expect_exchange(*state, "POST /json?empty=1 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
                    "\r\n\r\n{}");
    expect_exchange(*state,
                    "POST /json HTTP/1.1\r\n" HOST "Connection: close\r\nContent-Length: 2\r\n"
                    "Content-Type: application/x-www-form-urlencoded\r\n\r\n{}",
                    "HTTP/1.1 415 ");
    text_append(&deep, "POST /json HTTP/1.1\r\n" HOST "Connection: close\r\nContent-Length: 207\r\n"
                       "\r\n{\"a[\":");
    for (int i = 0; i < 100; i++)
        text_append_char(&deep, '[');
    for (int i = 0; i < 100; i++)
        text_append_char(&deep, ']');
    text_append_char(&deep, '}');
    expect_exchange(*state, text_string(&deep), "nested more than 100 deep");
    text_deinit(&deep);
}

static void requests_carry_a_correlation_id(void **state)
{
    static const struct {
        const char *header;
        const char *expected; /* NULL: one is made */
    } cases[] = {
        {"X-Correlation-Id: my.id-1_Z", "X-Correlation-Id: my.id-1_Z\r\n"},
        {"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
         "X-Correlation-Id: 0af7651916cd43dd8448eb211c80319c\r\n"},
        {"X-Correlation-Id: not sane", NULL},
        {"X-Correlation-Id: "
         "12345678901234567890123456789012345678901234567890123456789012345",
         NULL},
        {"traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01", NULL},
        {"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", NULL},
        {"X-Correlation-Id:", NULL},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char request[512];
        char *answer;
        char *id;
        struct uuid uuid;

        (void)snprintf(request, sizeof(request),
                       "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n%s\r\n\r\n",
                       cases[i].header);
        if (cases[i].expected != NULL) {
            expect_exchange(*state, request, cases[i].expected);
            continue;
        }
        answer = exchange(*state, request, strlen(request));
        id = strstr(answer, "X-Correlation-Id: ");
        assert_non_null(id);
        id[18 + 36] = '\0';
        assert_true(uuid_parse(id + 18, &uuid));
        free(answer);
    }
}

static void users_and_urls_are_known(void **state)
{
    static const char request[] = "GET /who HTTP/1.1\r\nHost: engine.example:8443\r\n"
                                  "Connection: close\r\nAuthorization: %s\r\n\r\n";
    static const struct {
        const char *credentials;
        const char *expected;
    } cases[] = {
        {"Basic cmVzdC1hZG1pbjp0ZXN0", "user=<rest-admin> base=<http://engine.example:8443>"},
        {"basic  YTo=", "user=<a>"},
        {"Basic OnRlc3Q=", "user=<nobody>"},
        {"Basic !!!!", "user=<nobody>"},
        {"Basic YQ==", "user=<nobody>"},
        {"Basic YQA6Yg==", "user=<nobody>"},
        {"Basic /zpi", "user=<nobody>"},
        {"Bearer abc", "user=<nobody>"},
        {"Basic YTo=", "X-Note: one??X-Evil: two\r\n"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[512];

        (void)snprintf(text, sizeof(text), request, cases[i].credentials);
        expect_exchange(*state, text, cases[i].expected);
    }
}

static void clients_may_go_before_their_answer(void **state)
{
    struct fixture *fixture = *state;
    struct client closing = client_open(fixture);
    struct client resetting = client_open(fixture);
    struct client uploading = client_open(fixture);
    struct client next;

    client_send_text(&closing, GET("/later") GET("/later") GET("/hello") "GET /par");
    client_send_text(&resetting, GET("/later"));
    client_send_text(&uploading,
                     GET("/later") "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 50\r\n\r\nhalf");
    fixture_wait_deferred(fixture, 4);
    client_close(&closing);
    client_reset(&resetting);
    client_close(&uploading);
    for (int i = 0; i < 20; i++)
        fixture_turn(fixture);
    for (int i = 0; i < 4; i++) {
        /* The request and its arena stay until the answer, whoever waits for it. */
        assert_string_equal(http_path(fixture->deferred[i]), "/later");
        assert_non_null(arena_alloc(http_arena(fixture->deferred[i]), 100));
        http_reply_bytes(fixture->deferred[i], 200, "text/plain", "late", 4);
        fixture_turn(fixture);
    }
    next = client_open(fixture);
    client_send_text(&next, GET("/hello"));
    client_expect(&next, "hello", 1);
    client_close(&next);
}

static void a_client_may_end_its_side_and_still_be_answered(void **state)
{
    struct fixture *fixture = *state;
    struct client client = client_open(fixture);

    client_send_text(&client, GET("/later"));
    assert_int_equal(shutdown(client.handle, 1), 0);
    fixture_wait_deferred(fixture, 1);
    for (int i = 0; i < 5; i++)
        client_turn(&client);
    http_reply_bytes(fixture->deferred[0], 200, "text/plain", "answer", 6);
    client_expect(&client, "answer", 1);
    client_expect_end(&client);
    client_close(&client);
}

/* 40 answers of 1 MiB to a client that does not read: the server may hold a few, not all. */
static void reading_pauses_while_a_client_does_not_read(void **state)
{
    enum { SENT = 40, LARGE_BYTES = 1024 * 1024 };
    struct fixture *fixture = *state;
    struct client client = client_open(fixture);

    for (int i = 0; i < SENT; i++)
        client_send_text(&client, GET("/large"));
    for (int i = 0; i < 50; i++)
        fixture_turn(fixture);
    assert_in_range(fixture->handled, 1, 20);
    for (int i = 0; i < 100000 && client.length < (size_t)SENT * LARGE_BYTES; i++)
        client_turn(&client); /* looking for the text at every turn would take long */
    client_expect(&client, "END!", SENT);
    assert_int_equal(fixture->handled, SENT);
    client_close(&client);
}

/* Time is an argument of the sweep, so that nobody waits here. */
static void slow_clients_time_out(void **state)
{
    struct fixture *fixture = *state;
    struct client head = client_open(fixture);
    struct client body = client_open(fixture);
    struct client idle = client_open(fixture);
    struct client working = client_open(fixture);
    int64_t now_ms;

    client_send_text(&head, "GET /hello HTT");
    client_send_text(&body, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nab");
    client_send_text(&working, GET("/later"));
    client_send_text(&idle, GET("/hello"));
    client_expect(&idle, "hello", 1);
    fixture_wait_deferred(fixture, 1);
    now_ms = (int64_t)uv_now(&fixture->loop);
    http_server_sweep(fixture->server, now_ms + HTTP_HEAD_TIMEOUT_MS - 1000);
    client_turn(&head);
    assert_int_equal(head.length, 0);
    http_server_sweep(fixture->server, now_ms + HTTP_HEAD_TIMEOUT_MS + 1);
    client_expect(&head, "HTTP/1.1 408 Request Timeout", 1);
    client_expect_end(&head);
    assert_false(idle.ended);
    http_server_sweep(fixture->server, now_ms + HTTP_IDLE_TIMEOUT_MS + 1);
    client_expect(&body, "HTTP/1.1 408 Request Timeout", 1);
    client_expect_end(&body);
    client_expect_end(&idle);
    assert_int_equal(client_count(&idle, "408"), 0);
    /* Who waits for our answer is not slow. */
    http_reply_bytes(fixture->deferred[0], 200, "text/plain", "done", 4);
    client_expect(&working, "done", 1);
    client_close(&head);
    client_close(&body);
    client_close(&idle);
    client_close(&working);
}

static void answers_after_close_go_nowhere(void **state)
{
    struct fixture *fixture = *state;
    struct client client = client_open(fixture);

    client_send_text(&client, GET("/later") GET("/later"));
    fixture_wait_deferred(fixture, 2);
    http_reply_empty(fixture->deferred[1], 204);
    fixture_close_server(fixture);
    client_expect_end(&client);
    http_reply_json(fixture->deferred[0], 200, json_pack("{s:s}", "a", "b"));
    client_close(&client);
}

static void listen_says_what_is_wrong(void **state)
{
    struct fixture *fixture = *state;
    struct http_server *second = http_server_new(&fixture->loop);
    struct error error;

    assert_int_equal(http_server_listen(second, "localhost", 0, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "'localhost'"));
    assert_int_equal(
        http_server_listen(second, "127.0.0.1", http_server_port(fixture->server), &error),
        STATUS_UNAVAILABLE);
    assert_non_null(strstr(error.message, "127.0.0.1"));
    assert_non_null(http_server_route_at(fixture->server, 0));
    assert_null(http_server_route_at(fixture->server, 1000));
    http_server_close(second, NULL, NULL);
    fixture_turn(fixture);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(routes_take_parameters),
        WITH_SERVER(unknown_methods_and_paths_are_problems),
        WITH_SERVER(problems_are_utf8),
        WITH_SERVER(every_request_is_logged_once),
        WITH_SERVER(head_is_get_without_a_body),
        WITH_SERVER(http_1_0_closes_unless_asked),
        WITH_SERVER(answers_keep_the_order_of_requests),
        WITH_SERVER(reading_pauses_at_the_pipeline_limit),
        WITH_SERVER(bodies_come_whole_in_any_pieces),
        WITH_SERVER(continue_comes_before_the_body),
        WITH_SERVER(limits_are_kept),
        WITH_SERVER(json_bodies_are_checked),
        WITH_SERVER(requests_carry_a_correlation_id),
        WITH_SERVER(users_and_urls_are_known),
        WITH_SERVER(clients_may_go_before_their_answer),
        WITH_SERVER(a_client_may_end_its_side_and_still_be_answered),
        WITH_SERVER(reading_pauses_while_a_client_does_not_read),
        WITH_SERVER(slow_clients_time_out),
        WITH_SERVER(answers_after_close_go_nowhere),
        WITH_SERVER(listen_says_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
