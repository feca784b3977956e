/* Requests that could be read two ways, or not at all: each is answered with its status on a
 * connection that then closes, no route sees it, and the server goes on. */
#include "tests/http/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOST    "Host: test\r\n"
#define SEND    "POST /echo HTTP/1.1\r\n" HOST
#define CHUNKED SEND "Transfer-Encoding: chunked\r\n\r\n"

struct malformed {
    const char *name;
    int status;
    const char *bytes;
};

static const struct malformed cases[] = {
    {"garbage", 400, "\x16\x03\x01\x02"},
    {"an empty line twice", 400, "\r\n\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n"},
    {"no target", 400, "GET HTTP/1.1\r\n" HOST "\r\n"},
    {"no version", 400, "GET /hello\r\n" HOST "\r\n"},
    {"HTTP/0.9", 400, "GET /hello\r\n\r\n"},
    {"HTTP/2.0", 505, "GET /hello HTTP/2.0\r\n" HOST "\r\n"},
    {"HTTP/1.2", 505, "GET /hello HTTP/1.2\r\n" HOST "\r\n"},
    {"HTTP/1.10", 400, "GET /hello HTTP/1.10\r\n" HOST "\r\n"},
    {"lower-case protocol", 400, "GET /hello http/1.1\r\n" HOST "\r\n"},
    {"another protocol", 400, "GET /hello RTSP/1.0\r\n" HOST "\r\n"},
    {"HTTP/2 preface", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {"two spaces", 400, "GET  /hello HTTP/1.1\r\n" HOST "\r\n"},
    {"a space at the end", 400, "GET /hello HTTP/1.1 \r\n" HOST "\r\n"},
    {"a tab between", 400, "GET\t/hello HTTP/1.1\r\n" HOST "\r\n"},
    {"an unknown method", 501, "GETT /hello HTTP/1.1\r\n" HOST "\r\n"},
    {"a lower-case method", 501, "get /hello HTTP/1.1\r\n" HOST "\r\n"},
    {"CONNECT", 501, "CONNECT test:80 HTTP/1.1\r\n" HOST "\r\n"},
    {"a bad method", 400, "G\x01T /hello HTTP/1.1\r\n" HOST "\r\n"},
    {"bare LF after the request line", 400, "GET /hello HTTP/1.1\n" HOST "\r\n"},
    {"bare LF after a header", 400, "GET /hello HTTP/1.1\r\nHost: test\n\r\n"},
    {"bare LF at the end", 400, "GET /hello HTTP/1.1\r\n" HOST "\n"},
    {"bare CR in the request line", 400, "GET /hello\r HTTP/1.1\r\n" HOST "\r\n"},
    {"bare CR in a header", 400, "GET /hello HTTP/1.1\r\n" HOST "A: b\rc: d\r\n\r\n"},
    {"two CR", 400, "GET /hello HTTP/1.1\r\r\n" HOST "\r\n"},
    {"no Host", 400, "GET /hello HTTP/1.1\r\n\r\n"},
    {"two Hosts", 400, "GET /hello HTTP/1.1\r\n" HOST HOST "\r\n"},
    {"an empty Host", 400, "GET /hello HTTP/1.1\r\nHost:\r\n\r\n"},
    {"a Host with a path", 400, "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {"a Host with credentials", 400, "GET /hello HTTP/1.1\r\nHost: a@b\r\n\r\n"},
    {"a target with credentials", 400, "GET http://a@b/hello HTTP/1.1\r\n" HOST "\r\n"},
    {"a folded header", 400, "GET /hello HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n"},
    {"a folded first header", 400, "GET /hello HTTP/1.1\r\n A: b\r\n" HOST "\r\n"},
    {"a space before the colon", 400, "GET /hello HTTP/1.1\r\n" HOST "A : b\r\n\r\n"},
    {"a header without a colon", 400, "GET /hello HTTP/1.1\r\n" HOST "A\r\n\r\n"},
    {"an empty header name", 400, "GET /hello HTTP/1.1\r\n" HOST ": b\r\n\r\n"},
    {"a header name in brackets", 400, "GET /hello HTTP/1.1\r\n" HOST "(A): b\r\n\r\n"},
    {"a control character in a value", 400, "GET /hello HTTP/1.1\r\n" HOST "A: \x01\r\n\r\n"},
    {"DEL in a value", 400, "GET /hello HTTP/1.1\r\n" HOST "A: \x7F\r\n\r\n"},
    {"a fragment", 400, "GET /hello#part HTTP/1.1\r\n" HOST "\r\n"},
    {"raw UTF-8 in the target", 400, "GET /things/\xC3\xA4 HTTP/1.1\r\n" HOST "\r\n"},
    {"a target without a slash", 400, "GET hello HTTP/1.1\r\n" HOST "\r\n"},
    {"an asterisk", 400, "GET * HTTP/1.1\r\n" HOST "\r\n"},
    {"a short escape", 400, "GET /things/%4 HTTP/1.1\r\n" HOST "\r\n"},
    {"a lone percent", 400, "GET /things/100% HTTP/1.1\r\n" HOST "\r\n"},
    {"a bad escape", 400, "GET /things/%zz HTTP/1.1\r\n" HOST "\r\n"},
    {"an escaped NUL", 400, "GET /things/a%00b HTTP/1.1\r\n" HOST "\r\n"},
    {"escaped bytes that are no UTF-8", 400, "GET /things/%C3%28 HTTP/1.1\r\n" HOST "\r\n"},
    {"an overlong escape", 400, "GET /things/%C0%AF HTTP/1.1\r\n" HOST "\r\n"},
    {"dots", 400, "GET /files/../hello HTTP/1.1\r\n" HOST "\r\n"},
    {"escaped dots", 400, "GET /files/%2e%2E/hello HTTP/1.1\r\n" HOST "\r\n"},
    {"a bad escape in the query", 400, "GET /query?a=%f HTTP/1.1\r\n" HOST "\r\n"},
    {"a NUL in the query", 400, "GET /query?a=%00 HTTP/1.1\r\n" HOST "\r\n"},
    {"no UTF-8 in the query", 400, "GET /query?%ff=1 HTTP/1.1\r\n" HOST "\r\n"},
    {"a parameter without a name", 400, "GET /query?=1 HTTP/1.1\r\n" HOST "\r\n"},
    {"two equal lengths", 400, SEND "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"},
    {"two lengths", 400, SEND "Content-Length: 1\r\nContent-Length: 2\r\n\r\na"},
    {"a list of lengths", 400, SEND "Content-Length: 1, 1\r\n\r\na"},
    {"an empty length", 400, SEND "Content-Length:\r\n\r\n"},
    {"a signed length", 400, SEND "Content-Length: +1\r\n\r\na"},
    {"a negative length", 400, SEND "Content-Length: -1\r\n\r\na"},
    {"a hexadecimal length", 400, SEND "Content-Length: 0x1\r\n\r\na"},
    {"a length in words", 400, SEND "Content-Length: one\r\n\r\na"},
    {"a length with a space", 400, SEND "Content-Length: 1 1\r\n\r\na"},
    {"length and coding", 400,
     SEND "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"coding and length", 400,
     SEND "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"},
    {"an unknown coding", 501, SEND "Transfer-Encoding: gzip\r\n\r\na"},
    {"identity", 501, SEND "Transfer-Encoding: identity\r\n\r\na"},
    {"gzip, chunked", 501, SEND "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
    {"chunked, gzip", 400, SEND "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"},
    {"chunked twice", 400,
     SEND "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"xchunked", 501, SEND "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
    {"a vertical tab before chunked", 400,
     SEND "Transfer-Encoding: \x0B"
          "chunked\r\n\r\n"},
    {"chunks in HTTP/1.0", 400,
     "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"a chunk size that is no number", 400, CHUNKED "x\r\nhello\r\n0\r\n\r\n"},
    {"a chunk size with 0x", 400, CHUNKED "0x5\r\nhello\r\n0\r\n\r\n"},
    {"a negative chunk size", 400, CHUNKED "-5\r\nhello\r\n0\r\n\r\n"},
    {"an empty chunk size", 400, CHUNKED "\r\nhello\r\n0\r\n\r\n"},
    {"a chunk size that overflows", 400, CHUNKED "10000000000000005\r\nhello\r\n0\r\n\r\n"},
    {"a space after a chunk size", 400, CHUNKED "5 \r\nhello\r\n0\r\n\r\n"},
    {"bare LF after a chunk size", 400, CHUNKED "5\nhello\r\n0\r\n\r\n"},
    {"bare LF after a chunk", 400, CHUNKED "5\r\nhello\n0\r\n\r\n"},
    {"bare LF after the last chunk", 400, CHUNKED "5\r\nhello\r\n0\r\n\n"},
    {"a chunk longer than its size", 400, CHUNKED "5\r\nhellooo\r\n0\r\n\r\n"},
    {"bare LF in an extension", 400, CHUNKED "5;a\nb\r\nhello\r\n0\r\n\r\n"},
    {"bare CR in an extension", 400, CHUNKED "5;a=\"\r\"\r\nhello\r\n0\r\n\r\n"},
    {"a bad trailer", 400, CHUNKED "0\r\nA : b\r\n\r\n"},
    {"bare LF in a trailer", 400, CHUNKED "0\r\nA: b\n\r\n"},
};

static void the_server_goes_on_after(struct fixture *fixture)
{
    static const char request[] = "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n";
    char *answer = exchange(fixture, request, sizeof(request) - 1);

    assert_non_null(strstr(answer, "\r\n\r\nhello"));
    free(answer);
}

static void each_is_refused(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct client client = client_open(fixture);
        char status[32];

        (void)snprintf(status, sizeof(status), "HTTP/1.1 %d ", cases[i].status);
        client_send_text(&client, cases[i].bytes);
        client_expect_end(&client);
        if (strncmp(client.bytes, status, strlen(status)) != 0 ||
            client_count(&client, "\r\nContent-Length: ") != 1 ||
            client_count(&client, "Connection: close\r\n") != 1 ||
            client_count(&client, "application/problem+json") != 1)
            fail_msg("%s: expected one problem with status %d, but found:\n%s", cases[i].name,
                     cases[i].status, client.bytes);
        client_close(&client);
    }
    assert_int_equal(fixture->handled, 0);
    the_server_goes_on_after(fixture);
}

static void a_nul_in_the_head_is_refused(void **state)
{
    static const char in_value[] = "GET /hello HTTP/1.1\r\n" HOST "A: b\0c\r\n\r\n";
    static const char in_target[] = "GET /he\0llo HTTP/1.1\r\n" HOST "\r\n";
    char *answer = exchange(*state, in_value, sizeof(in_value) - 1);

    assert_int_equal(strncmp(answer, "HTTP/1.1 400 ", 13), 0);
    free(answer);
    answer = exchange(*state, in_target, sizeof(in_target) - 1);
    assert_int_equal(strncmp(answer, "HTTP/1.1 400 ", 13), 0);
    free(answer);
}

/* Whatever the pieces, the verdict is the same. */
static void pieces_change_nothing(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct client client = client_open(fixture);
        char status[32];

        (void)snprintf(status, sizeof(status), "HTTP/1.1 %d ", cases[i].status);
        for (const char *at = cases[i].bytes; *at != '\0' && !client.ended; at++)
            client_send(&client, at, 1);
        client_expect_end(&client);
        if (strncmp(client.bytes, status, strlen(status)) != 0)
            fail_msg("%s: expected status %d, but found:\n%s", cases[i].name, cases[i].status,
                     client.bytes);
        client_close(&client);
    }
}

static void earlier_requests_are_answered_first(void **state)
{
    struct fixture *fixture = *state;
    struct client client = client_open(fixture);

    client_send_text(&client, "GET /later HTTP/1.1\r\n" HOST "\r\nGET /hello HTTP/1.1\n\r\n"
                              "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    fixture_wait_deferred(fixture, 1);
    for (int i = 0; i < 5; i++)
        client_turn(&client);
    assert_int_equal(client.length, 0);
    http_reply_empty(fixture->deferred[0], 204);
    client_expect_end(&client);
    assert_int_equal(strncmp(client.bytes, "HTTP/1.1 204 ", 13), 0);
    assert_int_equal(client_count(&client, "HTTP/1.1 400 "), 1);
    assert_int_equal(fixture->handled, 1);
    client_close(&client);
}

/* A fixed seed: the same damage each time. Under sanitizers, surviving is the proof. */
static void damage_is_survived(void **state)
{
    static const char *const good[] = {
        "GET /query?a=%C3%A4&b=1 HTTP/1.1\r\n" HOST "Accept: */*\r\n\r\n",
        "POST /json HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\n{\"a\":[1]}",
        CHUNKED "5;x=y\r\nhello\r\n0\r\nT: u\r\n\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n",
        "GET http://test/things/1/parts/2 HTTP/1.1\r\n" HOST "Authorization: Basic YTpi\r\n\r\n",
    };
    static const char pieces[] = "\r\n \t:;,%/?&=\"'{}[]0159AfzHT\x01\x7F\x80\xFF";
    struct fixture *fixture = *state;
    unsigned seed = 815;

    for (int round = 0; round < 1500; round++) {
        struct client client = client_open(fixture);
        const char *source = good[round % (int)COUNT_OF(good)];
        size_t length = strlen(source);
        char bytes[256];

        memcpy(bytes, source, length);
        for (int change = 0; change < 1 + round % 3; change++) {
            seed = seed * 1103515245 + 12345;
            bytes[(seed >> 8) % length] = pieces[(seed >> 20) % (sizeof(pieces) - 1)];
        }
        client_send(&client, bytes, length / 2);
        client_send(&client, bytes + length / 2, length - length / 2);
        client_turn(&client);
        client_close(&client);
    }
    the_server_goes_on_after(fixture);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(each_is_refused),       WITH_SERVER(a_nul_in_the_head_is_refused),
        WITH_SERVER(pieces_change_nothing), WITH_SERVER(earlier_requests_are_answered_first),
        WITH_SERVER(damage_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
