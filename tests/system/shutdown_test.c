/* A graceful stop: what is in flight is answered and committed, what is idle does not hold it up.
 * Leak checks of the program's own end count here: they make its exit code. */
#include "tests/support/http_client.h"
#include "tests/support/program.h"
#include "tests/system/load.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct test_database *database;
static struct program program;

static int start(void **state)
{
    (void)state;
    database = test_database_new(true);
    program_serve(&program, engine_conninfo(database), NULL);
    load_deploy(program.port);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    test_database_free(database);
    return 0;
}

static void end_with(int number)
{
    program_signal(&program, number);
    assert_int_equal(program_wait(&program), 0);
}

static void start_again(void)
{
    program_serve(&program, engine_conninfo(database), NULL);
}

static unsigned started(const struct load *load)
{
    unsigned count = 0;

    for (int i = 0; i < LOAD_CALLERS; i++) {
        for (unsigned n = 0; n < load->callers[i].round_count; n++) {
            count += load->callers[i].rounds[n].automatic[0] != '\0';
            count += load->callers[i].rounds[n].approval[0] != '\0';
            count += load->callers[i].rounds[n].incident[0] != '\0';
        }
    }
    return count;
}

static void stopped_under_load_it_answers_what_is_in_flight(void **state)
{
    struct load *load = load_begin(program.port);
    char expected[16];

    (void)state;
    assert_true(load_wait(load, 60));
    end_with(SIGTERM);
    load_end(load);
    assert_kept(database, load);
    /* Nothing was committed without an answer. */
    (void)snprintf(expected, sizeof(expected), "%u", started(load));
    assert_string_equal(
        test_database_sql(database, "SELECT count(*) FROM synergyflow_workflows.process_instance"),
        expected);
    load_free(load);
    start_again();
    assert_reconciled(database);
}

static void idle_it_ends_on_either_signal(void **state)
{
    (void)state;
    end_with(SIGTERM);
    start_again();
    end_with(SIGINT);
    start_again();
}

static int open_with(const char *bytes)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)program.port)};
    int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(handle, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(handle, bytes, strlen(bytes), MSG_NOSIGNAL), (ssize_t)strlen(bytes));
    return handle;
}

static void connections_that_say_nothing_do_not_hold_it_up(void **state)
{
    char answer[16];
    int silent = open_with("");
    int half_a_head = open_with("GET /livez HT");
    int half_a_body =
        open_with("POST /api/v1/incidents HTTP/1.1\r\nHost: a\r\nContent-Type: "
                  "application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n{");
    int kept_alive = open_with("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");

    (void)state;
    assert_true(recv(half_a_body, answer, sizeof(answer), 0) > 0); /* 100 Continue */
    assert_true(recv(kept_alive, answer, sizeof(answer), 0) > 0);
    end_with(SIGTERM);
    (void)close(silent);
    (void)close(half_a_head);
    (void)close(half_a_body);
    (void)close(kept_alive);
    start_again();
}

static void timers_armed_before_fire_after_the_next_start(void **state)
{
    (void)state;
    start_timed(program.port, 10);
    end_with(SIGTERM);
    start_again();
    assert_eventually(database,
                      "SELECT count(*) FROM synergyflow_workflows.process_instance WHERE "
                      "definition_key = 'timed' AND status = 3",
                      "10");
    end_with(SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopped_under_load_it_answers_what_is_in_flight),
        cmocka_unit_test(idle_it_ends_on_either_signal),
        cmocka_unit_test(connections_that_say_nothing_do_not_hold_it_up),
        cmocka_unit_test(timers_armed_before_fire_after_the_next_start),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
