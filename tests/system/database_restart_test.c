/* PostgreSQL taken away under load and given back: the engine says so, loses nothing that it
 * acknowledged, and comes back by itself. */
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

#include <cmocka.h>

static struct test_cluster *cluster;
static struct test_database *database;
static struct program program;

/* A cluster of our own, for it is stopped; databases of this process are made in it. */
static int start(void **state)
{
    (void)state;
    cluster = test_cluster_new();
    (void)setenv("SYNERGYFLOW_TEST_PG", test_cluster_conninfo(cluster), 1);
    database = test_database_new(true);
    program_serve(&program, engine_conninfo(database), NULL);
    load_deploy(program.port);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    test_database_free(database);
    test_cluster_free(cluster);
    return 0;
}

static bool is_ready(void *context)
{
    (void)context;
    return http_call(program.port, "GET", "/readyz", NULL, NULL) == 200;
}

static bool is_not_ready(void *context)
{
    (void)context;
    return http_call(program.port, "GET", "/readyz", NULL, NULL) == 503;
}

/* A stop as in a crash, while commands are under way. Each request is answered. */
static void stopped_and_started_under_load_it_loses_nothing(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        struct load *load = load_begin(program.port);

        assert_true(load_wait(load, 60));
        test_cluster_stop(cluster);
        assert_true(wait_until(is_not_ready, NULL));
        assert_int_equal(http_call(program.port, "GET", "/livez", NULL, NULL), 200);
        test_cluster_start(cluster);
        assert_true(wait_until(is_ready, NULL));
        assert_true(load_wait(load, 20));
        load_end(load);
        assert_int_equal(load->lost, 0);
        assert_kept(database, load);
        assert_reconciled(database);
        load_free(load);
    }
}

/* Only the connections end, the server stays: commits in doubt are settled, most requests do not
 * notice. */
static void connections_cut_under_load_lose_nothing(void **state)
{
    struct load *load = load_begin(program.port);

    (void)state;
    for (int cut = 0; cut < 5; cut++) {
        assert_true(load_wait(load, 20));
        (void)test_database_sql(database,
                                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                                "WHERE usename = 'synergyflow_engine' AND datname = "
                                "current_database()");
    }
    assert_true(load_wait(load, 20));
    load_end(load);
    assert_int_equal(load->lost, 0);
    assert_kept(database, load);
    assert_reconciled(database);
    load_free(load);
}

static void timers_due_without_a_database_fire_once_when_it_is_back(void **state)
{
    (void)state;
    start_timed(program.port, 10);
    test_cluster_stop(cluster);
    assert_true(wait_until(is_not_ready, NULL));
    test_cluster_start(cluster);
    assert_true(wait_until(is_ready, NULL));
    assert_eventually(database,
                      "SELECT count(*) FROM synergyflow_workflows.process_instance WHERE "
                      "definition_key = 'timed' AND status = 3",
                      "10");
    assert_string_equal(test_database_sql(database,
                                          "SELECT count(*) FROM synergyflow_workflows.journal j, "
                                          "jsonb_array_elements(j.changes) c WHERE c->>'c' = "
                                          "'timer-fired'"),
                        "10");
}

/* Stopping does not wait for a database that is gone. */
static void it_stops_while_its_database_is_away(void **state)
{
    (void)state;
    test_cluster_stop(cluster);
    assert_true(wait_until(is_not_ready, NULL));
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    test_cluster_start(cluster);
    program_serve(&program, engine_conninfo(database), NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopped_and_started_under_load_it_loses_nothing),
        cmocka_unit_test(connections_cut_under_load_lose_nothing),
        cmocka_unit_test(timers_due_without_a_database_fire_once_when_it_is_back),
        cmocka_unit_test(it_stops_while_its_database_is_away),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
