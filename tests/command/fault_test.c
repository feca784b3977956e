/* Units of work under faults: connections cut before, during and after COMMIT, a database that is
 * away or full, instances that others hold, deadlocks. What was answered is so, exactly once. */
#include "tests/command/fixture.h"
#include "tests/command/proxy.h"

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SHORT_WAIT_MS = 300 };

/* Without a handler: a start is BEGIN, its writes and COMMIT in one pipeline. */
static const char plain_model[] =
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='t'>"
    "<process id='plain' isExecutable='true'><startEvent id='s'/>"
    "<sequenceFlow id='f1' sourceRef='s' targetRef='work'/><userTask id='work'/>"
    "<sequenceFlow id='f2' sourceRef='work' targetRef='e'/><endEvent id='e'/>"
    "</process></definitions>";

/* Counts the journal rows that were written, also by transactions that were lost. */
static const char count_writes[] =
    "CREATE SEQUENCE probe.writes; GRANT USAGE ON SCHEMA probe TO synergyflow_engine;"
    "GRANT USAGE ON SEQUENCE probe.writes TO synergyflow_engine;"
    "CREATE FUNCTION probe.count() RETURNS trigger LANGUAGE plpgsql AS $$"
    "BEGIN PERFORM nextval('probe.writes'); RETURN NULL; END $$;"
    "CREATE TRIGGER count AFTER INSERT ON synergyflow_workflows.journal"
    " FOR EACH ROW EXECUTE FUNCTION probe.count();";

static struct proxy *proxy;

static int set_up_proxied(void **state)
{
    int result = set_up(state);

    deploy(plain_model);
    proxy = proxy_new(&parts.loop, test_database_conninfo_as(parts.database, "synergyflow_engine"));
    connect_to(proxy_conninfo(proxy));
    return result;
}

static int tear_down_proxied(void **state)
{
    proxy_free(proxy);
    proxy = NULL;
    return tear_down(state);
}

static void ask_plain(struct asked *asked, const char *business_key)
{
    memset(asked, 0, sizeof(*asked));
    asked->command.kind = COMMAND_START;
    asked->command.definition_key = "plain";
    asked->command.business_key = business_key;
    submit(asked);
}

/* Everything is connected and in memory by now, so that only the fault takes time. */
static void lose_patience(void)
{
    command_queue_free(parts.queue);
    build_queue(1, 100, SHORT_WAIT_MS);
}

static void assert_written(const char *times)
{
    assert_sql("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM probe.writes", times);
}

/* ---- COMMITs in doubt ---- */

static bool is_away(void *context)
{
    (void)context;
    return pg_pool_open(parts.pool) == 0;
}

/* The transaction's id never came back: its journal row tells. */
static void a_start_that_was_committed_unheard_is_answered(void **state)
{
    struct asked asked[2];

    (void)state;
    ask_plain(&asked[0], "warm"); /* the definition is in memory now */
    run();
    (void)test_database_sql(parts.database, count_writes);
    proxy_cut_answer_to(proxy, "COMMIT", false);
    ask_plain(&asked[1], "unheard");
    run();
    assert_int_equal(proxy_cuts(proxy), 1);
    assert_int_equal(asked[1].status, STATUS_OK);
    assert_string_equal(asked[1].business_key, "unheard");
    assert_written("1");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.process_instance", "2");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.journal", "2");
}

/* Its id is known since the load: pg_xact_status tells, and its journal row bears it out. */
static void a_step_that_was_committed_unheard_is_answered(void **state)
{
    struct asked started;
    struct asked asked;

    (void)state;
    ask_plain(&started, "one");
    run();
    (void)test_database_sql(parts.database, count_writes);
    proxy_cut_answer_to(proxy, "COMMIT", false);
    ask_complete(&asked, "one", "work");
    run();
    assert_int_equal(proxy_cuts(proxy), 1);
    assert_int_equal(asked.status, STATUS_OK);
    assert_true(asked.ended);
    assert_written("1");
    assert_sql("SELECT revision FROM synergyflow_workflows.process_instance", "2");
}

/* What a handler wrote and published is in the same transaction. */
static void a_handlers_work_that_was_committed_unheard_is_kept_once(void **state)
{
    struct asked asked;

    (void)state;
    proxy_cut_answer_to(proxy, "COMMIT", false);
    ask_start(&asked, 7);
    run();
    assert_int_equal(proxy_cuts(proxy), 1);
    assert_int_equal(asked.status, STATUS_OK);
    assert_sql("SELECT count(*) FROM probe.done", "1");
    assert_sql("SELECT count(*) FROM event_publication.event_publication", "1");
}

static bool commit_hangs(void *context)
{
    (void)context;
    return strcmp(test_database_sql(parts.database,
                                    "SELECT count(*) FROM pg_stat_activity WHERE datname ="
                                    " current_database() AND wait_event = 'advisory'"),
                  "0") != 0;
}

static bool was_asked(void *context)
{
    (void)context;
    return strcmp(test_database_sql(parts.database,
                                    "SELECT count(*) FROM pg_stat_activity WHERE datname ="
                                    " current_database() AND pid <> pg_backend_pid()"
                                    " AND query LIKE 'SELECT pg_xact_status%'"),
                  "0") != 0;
}

/* The lost session has not noticed and is still at its COMMIT: that is waited for. */
static void a_commit_that_goes_on_unheard_is_waited_for(void **state)
{
    PGconn *holder = PQconnectdb(test_database_conninfo(parts.database));
    struct asked asked;

    (void)state;
    (void)test_database_sql(
        parts.database,
        "CREATE FUNCTION probe.wait() RETURNS trigger LANGUAGE plpgsql AS $$"
        "BEGIN PERFORM pg_advisory_xact_lock(78); RETURN NULL; END $$;"
        "CREATE TRIGGER wait BEFORE INSERT ON synergyflow_workflows.process_instance"
        " FOR EACH STATEMENT EXECUTE FUNCTION probe.wait();"
        "GRANT USAGE ON SCHEMA probe TO synergyflow_engine");
    PQclear(PQexec(holder, "SELECT pg_advisory_lock(78)"));
    ask_start(&asked, 7);
    run_until(commit_hangs, NULL); /* before its first row: no journal row is there to meet */
    proxy_close(proxy);
    run_until(is_away, NULL);
    proxy_open(proxy);
    run_until(was_asked, NULL);
    assert_false(asked.done);
    PQfinish(holder);
    run();
    assert_int_equal(asked.status, STATUS_OK);
    assert_sql("SELECT count(*) FROM probe.done", "1");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.process_instance", "1");
}

/* Without an instance there is no journal row: the event tells. */
static void a_modules_work_that_was_committed_unheard_is_kept_once(void **state)
{
    struct asked asked = {.command = {.kind = COMMAND_MODULE, .name = "probe.call"}};

    (void)state;
    asked.variables = json_pack("{s:i}", "n", 7);
    proxy_cut_answer_to(proxy, "COMMIT", false);
    submit(&asked);
    run();
    assert_int_equal(proxy_cuts(proxy), 1);
    assert_int_equal(asked.status, STATUS_OK);
    assert_int_equal(asked.answer, 8);
    assert_sql("SELECT count(*) FROM probe.done", "1");
    assert_sql("SELECT count(*) FROM event_publication.event_publication", "1");
}

static bool is_silent(void *context)
{
    (void)context;
    return proxy_is_silent(proxy);
}

static bool others_can_have_it(void *context)
{
    (void)context;
    return strcmp(test_database_sql(parts.database,
                                    "SELECT count(*) FROM (SELECT FROM"
                                    " synergyflow_workflows.process_instance FOR UPDATE SKIP"
                                    " LOCKED) free"),
                  "1") == 0;
}

/* Frozen, or cut off without a word, in the middle of a transaction: PostgreSQL ends it, so that
 * other nodes get at what it had locked. Back again, the engine tries anew. */
static void what_a_silent_engine_had_locked_is_set_free(void **state)
{
    struct asked started;
    struct asked asked;

    (void)state;
    ask_plain(&started, "one");
    run();
    proxy_silence_after(proxy, "FOR UPDATE SKIP LOCKED");
    ask_complete(&asked, "one", "work");
    run_until(is_silent, NULL);
    assert_false(others_can_have_it(NULL));
    run_until(others_can_have_it, NULL);
    assert_sql("SELECT revision FROM synergyflow_workflows.process_instance", "1");
    proxy_resume(proxy);
    run();
    assert_int_equal(asked.status, STATUS_OK);
    assert_sql("SELECT revision FROM synergyflow_workflows.process_instance", "2");
}

/* Lost before COMMIT: it runs again, and only that counts. */
static void a_connection_lost_while_loading_is_tried_again(void **state)
{
    struct asked started;
    struct asked asked;

    (void)state;
    ask_plain(&started, "one");
    run();
    proxy_cut_answer_to(proxy, "FOR UPDATE SKIP LOCKED", false);
    ask_complete(&asked, "one", "work");
    run();
    assert_int_equal(proxy_cuts(proxy), 1);
    assert_int_equal(asked.status, STATUS_OK);
    assert_sql("SELECT revision FROM synergyflow_workflows.process_instance", "2");
}

/* The server process died in its COMMIT: aborted, and run again. */
static void a_commit_that_did_not_happen_runs_again(void **state)
{
    struct asked asked;

    (void)state;
    (void)test_database_sql(
        parts.database,
        "CREATE SEQUENCE probe.kills; GRANT USAGE ON SEQUENCE probe.kills TO synergyflow_engine;"
        "GRANT USAGE ON SCHEMA probe TO synergyflow_engine;"
        "CREATE FUNCTION probe.kill() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$"
        "BEGIN IF nextval('probe.kills') = 1 THEN"
        " PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END $$;"
        "CREATE CONSTRAINT TRIGGER kill AFTER INSERT ON synergyflow_workflows.journal"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION probe.kill();");
    ask_start(&asked, 1);
    run();
    assert_int_equal(asked.status, STATUS_OK);
    assert_sql("SELECT last_value FROM probe.kills", "2");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.process_instance", "1");
    assert_sql("SELECT count(*) FROM probe.done", "1");
}

/* Nobody can be asked: the caller hears that it is unknown, not that it failed. */
static void a_doubt_that_nobody_settles_is_told(void **state)
{
    struct asked asked[2];

    (void)state;
    ask_plain(&asked[0], "warm");
    run();
    lose_patience();
    proxy_cut_answer_to(proxy, "COMMIT", true);
    ask_plain(&asked[1], "unknown");
    run();
    assert_int_equal(asked[1].status, STATUS_UNAVAILABLE);
    assert_non_null(strstr(asked[1].error.message, "could not say whether it happened"));
    assert_sql("SELECT count(*) FROM synergyflow_workflows.process_instance", "2");
    proxy_open(proxy);
    connect_to(proxy_conninfo(proxy));
    ask_plain(&asked[0], "after");
    run();
    assert_int_equal(asked[0].status, STATUS_OK);
}

/* ---- a database that is away, or full ---- */

static void commands_wait_for_the_database(void **state)
{
    struct asked started;
    struct asked asked[2];

    (void)state;
    ask_start(&started, 1);
    run();
    proxy_close(proxy);
    ask_complete(&asked[0], "N-1", "work");
    ask_complete(&asked[1], "N-1", "again");
    run_until(is_away, NULL);
    proxy_open(proxy);
    run();
    assert_int_equal(asked[0].status, STATUS_OK);
    assert_int_equal(asked[1].status, STATUS_OK);
    assert_true(asked[1].ended);
}

static void a_database_that_stays_away_is_reported(void **state)
{
    struct asked asked;

    (void)state;
    lose_patience();
    proxy_close(proxy);
    ask_plain(&asked, "never");
    run();
    assert_int_equal(asked.status, STATUS_UNAVAILABLE);
    assert_sql("SELECT count(*) FROM synergyflow_workflows.process_instance", "0");
}

/* Raises `code` in the first `times` writes. */
static void fail_writes(const char *code, const char *times)
{
    char sql[1024];

    (void)snprintf(sql, sizeof(sql),
                   "CREATE SEQUENCE probe.tries; GRANT USAGE ON SCHEMA probe TO synergyflow_engine;"
                   "GRANT USAGE ON SEQUENCE probe.tries TO synergyflow_engine;"
                   "CREATE FUNCTION probe.fail() RETURNS trigger LANGUAGE plpgsql AS $$"
                   "BEGIN IF nextval('probe.tries') <= %s THEN"
                   " RAISE EXCEPTION 'on purpose' USING ERRCODE = '%s'; END IF; RETURN NEW; END $$;"
                   "CREATE TRIGGER fail BEFORE INSERT ON synergyflow_workflows.journal"
                   " FOR EACH ROW EXECUTE FUNCTION probe.fail();",
                   times, code);
    (void)test_database_sql(parts.database, sql);
}

/* The connection is well and nothing was kept, so there is no doubt, and it is tried again. */
static void a_full_disk_is_waited_out(void **state)
{
    struct asked asked;

    (void)state;
    fail_writes("53100", "2");
    ask_plain(&asked, "one");
    run();
    assert_int_equal(asked.status, STATUS_OK);
    assert_sql("SELECT last_value FROM probe.tries", "3");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.journal", "1");
}

/* What waited runs in the order in which it came: the other way round, both would be refused. */
static void what_waited_keeps_its_order(void **state)
{
    struct asked started;
    struct asked asked[2];

    (void)state;
    ask_start(&started, 1);
    run();
    fail_writes("53100", "3");
    ask_complete(&asked[0], "N-1", "work");
    ask_complete(&asked[1], "N-1", "again");
    run();
    assert_int_equal(asked[0].status, STATUS_OK);
    assert_int_equal(asked[1].status, STATUS_OK);
    assert_true(asked[1].ended);
    assert_sql("SELECT last_value FROM probe.tries", "4");
}

static void a_disk_that_stays_full_is_reported(void **state)
{
    struct asked asked;

    (void)state;
    ask_plain(&asked, "warm");
    run();
    lose_patience();
    fail_writes("53100", "1000000");
    ask_plain(&asked, "one");
    run();
    assert_int_equal(asked.status, STATUS_UNAVAILABLE);
    assert_non_null(strstr(asked.error.message, "on purpose (SQLSTATE 53100)"));
    assert_sql("SELECT count(*) FROM synergyflow_workflows.process_instance", "1");
}

static void a_deadlock_is_tried_again(void **state)
{
    struct asked asked[3];

    (void)state;
    fail_writes("40P01", "3");
    for (int i = 0; i < 3; i++)
        ask_plain(&asked[i], "one");
    run();
    for (int i = 0; i < 3; i++)
        assert_int_equal(asked[i].status, STATUS_OK);
    assert_sql("SELECT count(*) FROM synergyflow_workflows.journal", "3");
}

static void deadlocks_without_end_are_a_failure(void **state)
{
    struct asked asked[3];

    (void)state;
    fail_writes("40P01", "1000000");
    for (int i = 0; i < 3; i++)
        ask_plain(&asked[i], "one");
    run();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(asked[i].status, STATUS_FAILED);
        assert_non_null(strstr(asked[i].error.message, "40P01"));
    }
}

/* ---- instances that others hold ---- */

static PGconn *hold_instances(void)
{
    PGconn *holder = PQconnectdb(test_database_conninfo(parts.database));
    PGresult *result;

    assert_int_equal(PQstatus(holder), CONNECTION_OK);
    result = PQexec(holder, "BEGIN; SELECT id FROM synergyflow_workflows.process_instance"
                            " FOR UPDATE");
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    PQclear(result);
    return holder;
}

static bool was_tried(void *context)
{
    const struct asked *asked = context;

    return asked->command.attempts >= 3;
}

/* A batch never waits for a lock: the command goes back, its neighbours go on. */
static void an_instance_held_elsewhere_is_waited_for(void **state)
{
    struct asked started;
    struct asked held;
    struct asked other;
    PGconn *holder;

    (void)state;
    ask_start(&started, 1);
    run();
    holder = hold_instances();
    ask_complete(&held, "N-1", "work");
    ask_start(&other, 2);
    run_until(was_tried, &held);
    assert_true(other.done);
    assert_false(held.done);
    PQfinish(holder);
    run();
    assert_int_equal(held.status, STATUS_OK);
    assert_int_equal(other.status, STATUS_OK);
}

static void an_instance_held_for_ever_is_reported(void **state)
{
    struct asked started;
    struct asked asked;
    PGconn *holder;

    (void)state;
    ask_start(&started, 1);
    run();
    lose_patience();
    holder = hold_instances();
    ask_complete(&asked, "N-1", "work");
    run();
    assert_int_equal(asked.status, STATUS_BUSY);
    assert_non_null(strstr(asked.error.message, "another transaction holds it"));
    PQclear(PQexec(holder, "ROLLBACK"));
    PQfinish(holder);
    ask_complete(&asked, "N-1", "work");
    run();
    assert_int_equal(asked.status, STATUS_OK);
}

#define PROXIED(name) cmocka_unit_test_setup_teardown(name, set_up_proxied, tear_down_proxied)
#define DIRECT(name)  cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROXIED(a_start_that_was_committed_unheard_is_answered),
        PROXIED(a_step_that_was_committed_unheard_is_answered),
        PROXIED(a_handlers_work_that_was_committed_unheard_is_kept_once),
        PROXIED(a_commit_that_goes_on_unheard_is_waited_for),
        PROXIED(a_modules_work_that_was_committed_unheard_is_kept_once),
        PROXIED(what_a_silent_engine_had_locked_is_set_free),
        PROXIED(a_connection_lost_while_loading_is_tried_again),
        DIRECT(a_commit_that_did_not_happen_runs_again),
        PROXIED(a_doubt_that_nobody_settles_is_told),
        PROXIED(commands_wait_for_the_database),
        PROXIED(a_database_that_stays_away_is_reported),
        PROXIED(a_full_disk_is_waited_out),
        PROXIED(what_waited_keeps_its_order),
        PROXIED(a_disk_that_stays_full_is_reported),
        PROXIED(a_deadlock_is_tried_again),
        PROXIED(deadlocks_without_end_are_a_failure),
        DIRECT(an_instance_held_elsewhere_is_waited_for),
        DIRECT(an_instance_held_for_ever_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
