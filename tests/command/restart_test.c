/* The server itself stopped at once (as by a crash) and started again, with commands in flight:
 * none is lost, none happens twice. On a cluster of its own, since nobody else's may be stopped. */
#include "tests/command/fixture.h"

#include <libpq-fe.h>
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

static bool hangs_in_commit(void *context)
{
    (void)context;
    return strcmp(test_database_sql(parts.database, "SELECT count(*) FROM pg_locks WHERE NOT"
                                                    " granted AND locktype = 'advisory'"),
                  "0") != 0;
}

/* PostgreSQL gives the id of a transaction that a crash has swallowed to the next one, so that
 * pg_xact_status() speaks of a stranger. */
static void crash_in_commit(struct asked *asked, bool strangers)
{
    PGconn *holder;

    (void)test_database_sql(parts.database, "ALTER SYSTEM SET wal_writer_delay = '10s'");
    (void)test_database_sql(parts.database, "SELECT pg_reload_conf()");
    (void)test_database_sql(
        parts.database,
        "CREATE TABLE probe.stranger (n int);"
        "CREATE FUNCTION probe.wait() RETURNS trigger LANGUAGE plpgsql AS $$"
        "BEGIN PERFORM pg_advisory_xact_lock(77); RETURN NULL; END $$;"
        "CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON event_publication.event_publication"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION probe.wait();"
        "GRANT USAGE ON SCHEMA probe TO synergyflow_engine");
    (void)test_database_sql(parts.database, "CHECKPOINT");
    holder = PQconnectdb(test_database_conninfo(parts.database));
    PQclear(PQexec(holder, "SELECT pg_advisory_lock(77)"));
    assert_int_equal(PQstatus(holder), CONNECTION_OK);
    if (asked->command.kind == COMMAND_MODULE)
        submit(asked);
    else
        ask_start(asked, 7);
    run_until(hangs_in_commit, NULL);
    test_cluster_stop(cluster);
    test_cluster_start(cluster);
    for (int i = 0; i < 20 && strangers; i++)
        (void)test_database_sql(parts.database, "INSERT INTO probe.stranger VALUES (1)");
    PQfinish(holder);
    run();
    assert_int_equal(asked->status, STATUS_OK);
    assert_sql("SELECT count(*) FROM probe.done", "1");
    assert_sql("SELECT count(*) FROM event_publication.event_publication", "1");
}

static void a_strangers_commit_is_not_taken_for_ours(void **state)
{
    struct asked asked = {0};

    (void)state;
    crash_in_commit(&asked, true);
    assert_sql("SELECT count(*) FROM synergyflow_workflows.process_instance", "1");
}

static void a_strangers_commit_is_not_taken_for_a_modules(void **state)
{
    struct asked asked = {.command = {.kind = COMMAND_MODULE, .name = "probe.call"}};

    (void)state;
    asked.variables = json_pack("{s:i}", "n", 7);
    crash_in_commit(&asked, true);
}

/* Not yet given to anybody: "in the future". */
static void a_transaction_that_a_crash_swallowed_runs_again(void **state)
{
    struct asked asked = {.command = {.kind = COMMAND_MODULE, .name = "probe.call"}};

    (void)state;
    asked.variables = json_pack("{s:i}", "n", 7);
    crash_in_commit(&asked, false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_lanes, tear_down_lanes)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(starts_survive_restarts_of_the_server),
        TEST(steps_survive_a_restart_of_the_server),
        TEST(a_strangers_commit_is_not_taken_for_ours),
        TEST(a_strangers_commit_is_not_taken_for_a_modules),
        TEST(a_transaction_that_a_crash_swallowed_runs_again),
    };
    int result;

    cluster = test_cluster_new();
    (void)setenv("SYNERGYFLOW_TEST_PG", test_cluster_conninfo(cluster), 1);
    result = cmocka_run_group_tests(tests, NULL, NULL);
    test_cluster_free(cluster);
    return result;
}
