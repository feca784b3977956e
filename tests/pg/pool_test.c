/* Connections that are lost, leases that wait, and the pool's end. */
#include "tests/pg/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- lost connections ---- */

static int64_t backend(struct fixture *f, struct outcome *outcome)
{
    struct pg_batch *batch = batch_of(f, "SELECT pg_backend_pid()", NULL);
    int64_t pid;

    assert_int_equal(run(f, outcome, batch), STATUS_OK);
    pid = pg_value_int(pg_batch_result(batch, 0), 0, 0);
    return pid;
}

static void terminate(int64_t pid)
{
    char sql[96];

    (void)snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%d, 10000)", (int)pid);
    assert_string_equal(test_database_sql(database, sql), "t");
}

static void a_connection_lost_while_leased_is_reported_and_replaced(void **state)
{
    struct fixture f;
    struct outcome outcome;
    int64_t pid;

    (void)state;
    start(&f, 1, true);
    assert_int_equal(acquire(&f, &outcome, LONG_MS), STATUS_OK);
    pid = backend(&f, &outcome);
    terminate(pid);
    assert_int_equal(run(&f, &outcome, batch_of(&f, "SELECT 1", NULL)), STATUS_UNAVAILABLE);
    assert_true(outcome.error.message[0] != '\0');
    /* Until it is released it stays lost, however often it is used. */
    assert_int_equal(run(&f, &outcome, batch_of(&f, "SELECT 1", NULL)), STATUS_UNAVAILABLE);
    assert_int_equal(pg_pool_open(f.pool), 0);
    pg_release(&outcome.lease);
    assert_int_not_equal(number(&f, "SELECT pg_backend_pid()"), pid);
    stop(&f);
}

static void a_connection_lost_while_running_is_reported(void **state)
{
    struct fixture f;
    struct outcome outcome;
    struct pg_batch *batch;

    (void)state;
    start(&f, 1, false);
    assert_int_equal(acquire(&f, &outcome, LONG_MS), STATUS_OK);
    batch = batch_of(&f, "SELECT 5", "SELECT pg_sleep(600)", NULL);
    outcome.done = false;
    pg_run(&outcome.lease, batch, on_done);
    while (
        strcmp(test_database_sql(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                           "WHERE query = 'SELECT pg_sleep(600)' AND state = "
                                           "'active' AND datname = current_database()"),
               "t") != 0)
        continue;
    wait_for(&f, &outcome.done);
    assert_int_equal(outcome.status, STATUS_UNAVAILABLE);
    assert_int_equal(pg_failed_statement(batch), 1);
    assert_string_equal(pg_failed_sqlstate(batch), "57P01");
    pg_release(&outcome.lease);
    assert_int_equal(number(&f, "SELECT 1"), 1);
    stop(&f);
}

static void idle_connections_that_are_lost_come_back(void **state)
{
    struct fixture f;
    int64_t pid;

    (void)state;
    start(&f, 1, false);
    pid = number(&f, "SELECT pg_backend_pid()");
    terminate(pid);
    while (pg_pool_open(f.pool) == 1)
        uv_run(&f.loop, UV_RUN_ONCE);
    while (pg_pool_open(f.pool) == 0)
        uv_run(&f.loop, UV_RUN_ONCE);
    assert_int_not_equal(number(&f, "SELECT pg_backend_pid()"), pid);
    stop(&f);
}

static void the_pool_reconnects_when_the_server_is_back(void **state)
{
    struct test_cluster *cluster = test_cluster_new();
    struct fixture f;
    struct outcome outcome;
    struct outcome waiting = {.done = false};

    (void)state;
    open_pool(&f, test_cluster_conninfo(cluster), 2, true, 8);
    assert_int_equal(number(&f, "SELECT 1"), 1);
    assert_int_equal(acquire(&f, &outcome, LONG_MS), STATUS_OK);
    test_cluster_stop(cluster);
    assert_int_equal(run(&f, &outcome, batch_of(&f, "SELECT 1", NULL)), STATUS_UNAVAILABLE);
    pg_release(&outcome.lease);
    while (pg_pool_open(f.pool) > 0)
        uv_run(&f.loop, UV_RUN_ONCE);
    assert_int_equal(acquire(&f, &outcome, 20), STATUS_UNAVAILABLE);
    assert_non_null(strstr(outcome.error.message, "PostgreSQL cannot be reached: "));
    pg_acquire(f.pool, &waiting.lease, 10 * 60 * 1000, on_ready);
    test_cluster_start(cluster);
    wait_for(&f, &waiting.done);
    assert_int_equal(waiting.status, STATUS_OK);
    pg_release(&waiting.lease);
    assert_int_equal(number(&f, "SELECT 2"), 2);
    stop(&f);
    test_cluster_free(cluster);
}

static void an_unreadable_connection_string_is_not_quoted(void **state)
{
    struct fixture f;
    struct outcome outcome;

    (void)state;
    open_pool(&f, "password=hunter2 hunter3", 1, false, 1);
    assert_int_equal(acquire(&f, &outcome, 1), STATUS_UNAVAILABLE);
    assert_null(strstr(outcome.error.message, "hunter"));
    stop(&f);
}

/* ---- waiting ---- */

static void waiting_is_bounded_in_number_and_time(void **state)
{
    struct fixture f;
    struct outcome holder;
    struct outcome patient = {.done = false};
    struct outcome hasty = {.done = false};
    struct outcome refused = {.done = false};

    (void)state;
    open_pool(&f, test_database_conninfo(database), 1, false, 2);
    assert_int_equal(acquire(&f, &holder, LONG_MS), STATUS_OK);
    assert_int_equal(pg_pool_leased(f.pool), 1);
    pg_acquire(f.pool, &patient.lease, LONG_MS, on_ready);
    pg_acquire(f.pool, &hasty.lease, 1, on_ready);
    pg_acquire(f.pool, &refused.lease, LONG_MS, on_ready);
    assert_int_equal(pg_pool_waiting(f.pool), 2);
    assert_false(refused.done);
    wait_for(&f, &refused.done);
    assert_int_equal(refused.status, STATUS_BUSY);
    wait_for(&f, &hasty.done);
    assert_int_equal(hasty.status, STATUS_TIMEOUT);
    assert_false(patient.done);
    assert_int_equal(pg_pool_waiting(f.pool), 1);
    pg_release(&holder.lease);
    assert_false(patient.done);
    wait_for(&f, &patient.done);
    assert_int_equal(patient.status, STATUS_OK);
    pg_release(&patient.lease);
    assert_int_equal(pg_pool_leased(f.pool), 0);
    stop(&f);
}

static void leases_are_given_in_order(void **state)
{
    enum { WAITERS = 10 };
    struct fixture f;
    struct outcome holder;
    struct outcome waiters[WAITERS];

    (void)state;
    start(&f, 1, false);
    assert_int_equal(acquire(&f, &holder, LONG_MS), STATUS_OK);
    memset(waiters, 0, sizeof(waiters));
    for (int i = 0; i < WAITERS; i++)
        pg_acquire(f.pool, &waiters[i].lease, LONG_MS, on_ready);
    pg_release(&holder.lease);
    for (int i = 0; i < WAITERS; i++) {
        wait_for(&f, &waiters[i].done);
        assert_int_equal(waiters[i].status, STATUS_OK);
        assert_true(i + 1 == WAITERS || !waiters[i + 1].done);
        pg_release(&waiters[i].lease);
    }
    stop(&f);
}

static void closing_tells_everyone(void **state)
{
    struct fixture f;
    struct outcome holder;
    struct outcome waiting = {.done = false};

    (void)state;
    start(&f, 1, false);
    assert_int_equal(acquire(&f, &holder, LONG_MS), STATUS_OK);
    pg_acquire(f.pool, &waiting.lease, LONG_MS, on_ready);
    holder.done = false;
    pg_run(&holder.lease, batch_of(&f, "SELECT pg_sleep(600)", NULL), on_done);
    pg_pool_close(f.pool, on_closed, &f);
    assert_false(holder.done);
    assert_false(waiting.done);
    wait_for(&f, &holder.done);
    assert_int_equal(holder.status, STATUS_UNAVAILABLE);
    wait_for(&f, &waiting.done);
    assert_int_equal(waiting.status, STATUS_UNAVAILABLE);
    uv_run(&f.loop, UV_RUN_NOWAIT);
    assert_false(f.closed); /* not while a lease is out */
    pg_release(&holder.lease);
    wait_for(&f, &f.closed);
    assert_int_equal(uv_loop_close(&f.loop), 0);
    pg_batch_free_results(f.batches[0]);
    arena_free(f.arena);
    (void)test_database_sql(database,
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                            "query = 'SELECT pg_sleep(600)' AND state = 'active'");
}

/* ---- pg_query ---- */

static void on_queried_freeing(void *context, struct pg_batch *batch, enum status status,
                               const struct error *error)
{
    struct fixture *f = context;

    assert_int_equal(status, STATUS_OK);
    assert_null(error);
    assert_int_equal(pg_value_int(pg_batch_result(batch, 0), 0, 0), 3);
    f->batch_count = 0;
    arena_free(f->arena);
    f->arena = NULL;
    on_closed(f);
}

static void a_query_may_free_its_arena_when_done(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, 2, false);
    pg_query(f.pool, batch_of(&f, "SELECT 3", NULL), LONG_MS, on_queried_freeing, &f);
    assert_false(f.closed);
    wait_for(&f, &f.closed);
    f.closed = false;
    stop(&f);
}

static void a_query_reports_its_failure(void **state)
{
    struct fixture f;
    struct outcome outcome = {.done = false};

    (void)state;
    start(&f, 1, false);
    pg_query(f.pool, batch_of(&f, "SELECT 1/0", NULL), LONG_MS, on_queried, &outcome);
    wait_for(&f, &outcome.done);
    assert_int_equal(outcome.status, STATUS_FAILED);
    outcome.done = false;
    pg_query(f.pool, batch_of(&f, "SELECT 1", NULL), LONG_MS, on_queried, &outcome);
    wait_for(&f, &outcome.done);
    assert_int_equal(outcome.status, STATUS_OK);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_lost_while_leased_is_reported_and_replaced),
        cmocka_unit_test(a_connection_lost_while_running_is_reported),
        cmocka_unit_test(idle_connections_that_are_lost_come_back),
        cmocka_unit_test(the_pool_reconnects_when_the_server_is_back),
        cmocka_unit_test(an_unreadable_connection_string_is_not_quoted),
        cmocka_unit_test(waiting_is_bounded_in_number_and_time),
        cmocka_unit_test(leases_are_given_in_order),
        cmocka_unit_test(closing_tells_everyone),
        cmocka_unit_test(a_query_may_free_its_arena_when_done),
        cmocka_unit_test(a_query_reports_its_failure),
    };

    return cmocka_run_group_tests(tests, make_database, drop_database);
}
