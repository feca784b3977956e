/* More at once than the engine admits: 503 with Retry-After, and nothing else bad. */
#include "tests/support/http_client.h"
#include "tests/support/program.h"
#include "tests/system/load.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

enum { ASKERS = 8, ASKS = 40 };

static struct test_database *database;
static struct program program;

static int start(void **state)
{
    (void)state;
    database = test_database_new(true);
    program_serve(&program, engine_conninfo(database), "SYNERGYFLOW_WAITING_MAX=1");
    load_deploy(program.port);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    test_database_free(database);
    return 0;
}

struct asker {
    pthread_t thread;
    unsigned started;
    unsigned refused;
    unsigned wrong;
};

/* Raw, for the header counts. */
static void ask(struct asker *asker)
{
    static const char body[] = "{\"processDefinitionKey\":\"automatic\",\"variables\":"
                               "[{\"name\":\"n\",\"value\":1}]}";
    char request[512];
    char *answer;

    (void)snprintf(request, sizeof(request),
                   "POST /process-api/runtime/process-instances HTTP/1.1\r\nHost: a\r\n"
                   "Connection: close\r\nContent-Type: application/json\r\n"
                   "Content-Length: %zu\r\n\r\n%s",
                   strlen(body), body);
    answer = http_raw(program.port, request, strlen(request));
    if (answer != NULL && strncmp(answer, "HTTP/1.1 201 ", 13) == 0)
        asker->started++;
    else if (answer != NULL && strncmp(answer, "HTTP/1.1 503 ", 13) == 0 &&
             strcasestr(answer, "\r\nRetry-After: 1\r\n") != NULL &&
             strstr(answer, "application/problem+json") != NULL)
        asker->refused++;
    else
        asker->wrong++;
    free(answer);
}

static void *ask_often(void *context)
{
    for (int i = 0; i < ASKS; i++)
        ask(context);
    return NULL;
}

static void more_than_is_admitted_is_refused_until_later(void **state)
{
    struct asker askers[ASKERS] = {{0}};
    struct asker total = {0};
    char expected[16];

    (void)state;
    for (int i = 0; i < ASKERS; i++)
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_often, &askers[i]), 0);
    for (int i = 0; i < ASKERS; i++) {
        assert_int_equal(pthread_join(askers[i].thread, NULL), 0);
        total.started += askers[i].started;
        total.refused += askers[i].refused;
        total.wrong += askers[i].wrong;
    }
    assert_int_equal(total.wrong, 0);
    assert_true(total.started > 0);
    assert_true(total.refused > 0);
    (void)snprintf(expected, sizeof(expected), "%u", total.started);
    assert_string_equal(
        test_database_sql(database, "SELECT count(*) FROM synergyflow_workflows.process_instance"),
        expected);
}

/* Deliveries and timers are refused as requests are, and try again by themselves. */
static void events_and_timers_get_through_in_the_end(void **state)
{
    struct load *load;

    (void)state;
    start_timed(program.port, 5);
    load = load_begin(program.port);
    assert_true(load_wait(load, 80));
    load_end(load);
    assert_true(load->refused > 0);
    assert_int_equal(load->lost, 0);
    assert_kept(database, load);
    load_free(load);
    assert_eventually(database,
                      "SELECT count(*) FROM synergyflow_workflows.process_instance WHERE "
                      "definition_key = 'timed' AND status = 3",
                      "5");
    assert_reconciled(database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_is_admitted_is_refused_until_later),
        cmocka_unit_test(events_and_timers_get_through_in_the_end),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
