/* The end of the server: what is at work is finished, what is idle closed, and who is slow gets a
 * deadline. */
#include "engine/http/internal.h"
#include "tests/http/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOST      "Host: test:80\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"
#define HALF_A_BODY \
    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nab"

static void note_drained(void *context)
{
    ((struct fixture *)context)->drained = true;
}

static void drain_finishes_what_is_at_work(void **state)
{
    struct fixture *fixture = *state;
    struct client idle = client_open(fixture);
    struct client working = client_open(fixture);
    struct client gone = client_open(fixture);

    client_send_text(&idle, GET("/hello"));
    client_expect(&idle, "hello", 1);
    client_send_text(&working, GET("/later"));
    client_send_text(&gone, GET("/later"));
    fixture_wait_deferred(fixture, 2);
    client_reset(&gone);
    http_server_drain(fixture->server, note_drained, fixture);
    client_expect_end(&idle);
    assert_false(fixture->drained);
    http_reply_bytes(fixture->deferred[0], 200, "text/plain", "last", 4);
    client_expect(&working, "last", 1);
    assert_int_equal(client_count(&working, "Connection: close\r\n"), 1);
    client_expect_end(&working);
    client_close(&working);
    for (int i = 0; i < 5; i++)
        fixture_turn(fixture);
    assert_false(fixture->drained); /* one without a client is still at work */
    http_reply_empty(fixture->deferred[1], 204);
    for (int i = 0; i < 1000 && !fixture->drained; i++)
        fixture_turn(fixture);
    assert_true(fixture->drained);
    client_close(&idle);
}

static void drain_of_an_idle_server_ends_too(void **state)
{
    struct fixture *fixture = *state;

    http_server_drain(fixture->server, note_drained, fixture);
    assert_false(fixture->drained);
    for (int i = 0; i < 10 && !fixture->drained; i++)
        fixture_turn(fixture);
    assert_true(fixture->drained);
}

static void wait_until_drained(struct fixture *fixture)
{
    for (int i = 0; i < 1000 && !fixture->drained; i++)
        fixture_turn(fixture);
    assert_true(fixture->drained);
}

static void drain_does_not_wait_long_for_bodies(void **state)
{
    struct fixture *fixture = *state;
    struct client stuck = client_open(fixture);
    struct client late = client_open(fixture);
    int64_t now_ms;

    client_send_text(&stuck, HALF_A_BODY);
    client_send_text(&late, HALF_A_BODY);
    client_expect(&stuck, "100 Continue", 1);
    client_expect(&late, "100 Continue", 1);
    now_ms = (int64_t)uv_now(&fixture->loop);
    http_server_drain(fixture->server, note_drained, fixture);
    http_server_sweep(fixture->server, now_ms + HTTP_DRAIN_TIMEOUT_MS - 1);
    client_send_text(&late, "cde");
    client_expect(&late, "abcde", 1);
    assert_int_equal(client_count(&late, "Connection: close\r\n"), 1);
    client_expect_end(&late);
    client_close(&late);
    assert_int_equal(client_count(&stuck, "408"), 0);
    assert_false(fixture->drained);
    http_server_sweep(fixture->server, now_ms + HTTP_DRAIN_TIMEOUT_MS + 1000);
    client_expect(&stuck, "HTTP/1.1 408 Request Timeout", 1);
    client_expect(&stuck, "the server is stopping", 2);
    client_expect_end(&stuck);
    client_close(&stuck);
    wait_until_drained(fixture);
}

static void drain_does_not_wait_long_for_readers(void **state)
{
    struct fixture *fixture = *state;
    struct client reader = client_open(fixture);
    struct client other = client_open(fixture);
    int64_t now_ms;

    /* Far more than the sockets hold, and nothing is read. */
    for (int i = 0; i < 16; i++)
        client_send_text(&reader, GET("/large"));
    client_send_text(&other, GET("/hello"));
    client_expect(&other, "hello", 1);
    now_ms = (int64_t)uv_now(&fixture->loop);
    http_server_drain(fixture->server, note_drained, fixture);
    client_expect_end(&other);
    client_close(&other);
    assert_false(fixture->drained);
    /* The first notes how far the client is, the second that it stayed there. */
    http_server_sweep(fixture->server, now_ms);
    http_server_sweep(fixture->server, now_ms + HTTP_DRAIN_TIMEOUT_MS + 1000);
    wait_until_drained(fixture);
    client_close(&reader);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(drain_finishes_what_is_at_work),
        WITH_SERVER(drain_of_an_idle_server_ends_too),
        WITH_SERVER(drain_does_not_wait_long_for_bodies),
        WITH_SERVER(drain_does_not_wait_long_for_readers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
