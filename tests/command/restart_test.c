/* The server itself stopped at once (as by a crash) and started again, with commands in flight:
 * none is lost, none happens twice. On a cluster of its own, since nobody else's may be stopped. */
#include "tests/command/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { COMMANDS = 60, ROUNDS = 4 };

static struct test_cluster *cluster;

static uint32_t wanted;

static bool fewer_are_pending(void *context)
{
    (void)context;
    return parts.pending <= wanted;
}

static bool is_away(void *context)
{
    (void)context;
    return pg_pool_open(parts.pool) == 0;
}

/* Some are answered, some in flight, most wait; the server is gone for as long as the pool needs to
 * see it. */
static void stop_and_start_meanwhile(void)
{
    wanted = parts.pending - parts.pending / 4;
    run_until(fewer_are_pending, NULL);
    test_cluster_stop(cluster);
    run_until(is_away, NULL);
    test_cluster_start(cluster);
}

static struct command_queue *first;

/* Two lanes, so that one may be in doubt while the other goes on. */
static int set_up_lanes(void **state)
{
    int result = set_up(state);

    first = parts.queue;
    build_queue(2, COMMANDS, 0);
    return result;
}

static int tear_down_lanes(void **state)
{
    command_queue_free(first);
    return tear_down(state);
}

static void starts_survive_restarts_of_the_server(void **state)
{
    struct asked asked[COMMANDS];

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < COMMANDS; i++)
            ask_start(&asked[i], 1000 + round * COMMANDS + i);
        stop_and_start_meanwhile();
        run();
        for (int i = 0; i < COMMANDS; i++)
            assert_int_equal(asked[i].status, STATUS_OK);
    }
    assert_sql("SELECT format('%s %s', count(*), count(DISTINCT n)) FROM probe.done", "240 240");
    assert_sql("SELECT format('%s %s', count(*), count(DISTINCT business_key))"
               " FROM synergyflow_workflows.process_instance",
               "240 240");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.journal", "240");
    assert_sql("SELECT count(*) FROM event_publication.event_publication", "240");
}

static void steps_survive_a_restart_of_the_server(void **state)
{
    struct asked asked[COMMANDS];

    (void)state;
    for (int i = 0; i < COMMANDS; i++)
        ask_start(&asked[i], 1000 + i);
    run();
    for (int i = 0; i < COMMANDS; i++) {
        char *key = arena_copy(parts.arena, asked[i].business_key);

        ask_complete(&asked[i], key, "work");
    }
    stop_and_start_meanwhile();
    run();
    for (int i = 0; i < COMMANDS; i++)
        assert_int_equal(asked[i].status, STATUS_OK);
    assert_sql("SELECT string_agg(DISTINCT revision::text, ',')"
               " FROM synergyflow_workflows.process_instance",
               "2");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.journal", "120");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.task"
               " WHERE status = 1 AND element_id = 'again'",
               "60");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_lanes, tear_down_lanes)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(starts_survive_restarts_of_the_server),
        TEST(steps_survive_a_restart_of_the_server),
    };
    int result;

    cluster = test_cluster_new();
    (void)setenv("SYNERGYFLOW_TEST_PG", test_cluster_conninfo(cluster), 1);
    result = cmocka_run_group_tests(tests, NULL, NULL);
    test_cluster_free(cluster);
    return result;
}
