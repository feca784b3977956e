/* Statements that fail, transactions over several batches, prepared statements. */
#include "tests/pg/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- failures ---- */

static void a_failed_statement_is_named_and_the_rest_is_skipped(void **state)
{
    static const struct pg_statement divide = {"test.divide", "SELECT 1 / $1::integer, $2::text"};
    struct fixture f;
    struct pg_batch *batch;
    struct pg_call *call;
    struct error error;

    (void)state;
    for (int prepared = 0; prepared < 2; prepared++) {
        start(&f, 1, prepared == 1);
        batch = batch_of(&f, "SELECT 41", NULL);
        call = pg_batch_add(batch, &divide);
        pg_int4(call, 0);
        pg_text(call, "a secret");
        call = pg_batch_add(batch, &divide);
        pg_int4(call, 1);
        pg_text(call, "a secret");
        assert_int_equal(run_alone(&f, batch, &error), STATUS_FAILED);
        assert_int_equal(pg_failed_statement(batch), 1);
        assert_string_equal(pg_failed_sqlstate(batch), "22012");
        assert_string_equal(error.message, "test.divide: division by zero (SQLSTATE 22012)");
        assert_int_equal(pg_value_int(pg_batch_result(batch, 0), 0, 0), 41);
        assert_int_equal(pg_rows(pg_batch_result(batch, 1)), 0);
        assert_int_equal(pg_rows(pg_batch_result(batch, 2)), 0);
        assert_int_equal(number(&f, "SELECT 42"), 42);
        assert_int_equal(pg_pool_open(f.pool), 1);
        stop(&f);
    }
}

static void a_syntax_error_is_the_statement_s(void **state)
{
    struct fixture f;
    struct pg_batch *batch;
    struct error error;

    (void)state;
    start(&f, 1, true);
    batch = batch_of(&f, "SELEKT 1", "SELECT 2", NULL);
    assert_int_equal(run_alone(&f, batch, &error), STATUS_FAILED);
    assert_int_equal(pg_failed_statement(batch), 0);
    assert_string_equal(pg_failed_sqlstate(batch), "42601");
    assert_non_null(strstr(error.message, "statement 1 of the batch: syntax error"));
    stop(&f);
}

static void a_deferred_constraint_fails_at_the_end(void **state)
{
    struct fixture f;
    struct pg_batch *batch;
    struct error error;

    (void)state;
    start(&f, 1, false);
    must_run(&f, batch_of(&f,
                          "CREATE TABLE IF NOT EXISTS deferred (id int UNIQUE DEFERRABLE INITIALLY "
                          "DEFERRED)",
                          NULL));
    batch =
        batch_of(&f, "INSERT INTO deferred VALUES (1)", "INSERT INTO deferred VALUES (1)", NULL);
    assert_int_equal(run_alone(&f, batch, &error), STATUS_FAILED);
    assert_string_equal(pg_failed_sqlstate(batch), "23505");
    assert_int_equal(pg_failed_statement(batch), 1);
    assert_int_equal(number(&f, "SELECT count(*) FROM deferred"), 0);
    stop(&f);
}

static void lack_of_resources_is_unavailable(void **state)
{
    struct fixture f;
    struct pg_batch *batch;
    struct error error;

    (void)state;
    start(&f, 1, false);
    batch = batch_of(
        &f, "DO $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$", NULL);
    assert_int_equal(run_alone(&f, batch, &error), STATUS_UNAVAILABLE);
    assert_string_equal(pg_failed_sqlstate(batch), "53100");
    assert_non_null(strstr(error.message, "no space left"));
    assert_int_equal(number(&f, "SELECT 1"), 1);
    stop(&f);
}

static void copy_is_refused_and_the_pool_recovers(void **state)
{
    struct fixture f;
    struct pg_batch *batch;
    struct error error;

    (void)state;
    start(&f, 1, false);
    batch = batch_of(&f, "COPY (SELECT 1) TO STDOUT", NULL);
    assert_int_not_equal(run_alone(&f, batch, &error), STATUS_OK);
    assert_int_equal(number(&f, "SELECT 1"), 1);
    stop(&f);
}

/* ---- transactions ---- */

static void release_rolls_back(void **state)
{
    struct fixture f;
    struct outcome outcome;
    struct pg_batch *batch;

    (void)state;
    start(&f, 1, false);
    must_run(&f, batch_of(&f, "DROP TABLE IF EXISTS rolled", "CREATE TABLE rolled (id int)", NULL));
    assert_int_equal(acquire(&f, &outcome, LONG_MS), STATUS_OK);
    batch = batch_of(&f, "BEGIN", "INSERT INTO rolled VALUES (1)", NULL);
    assert_int_equal(run(&f, &outcome, batch), STATUS_OK);
    pg_release(&outcome.lease); /* open */
    assert_int_equal(number(&f, "SELECT count(*) FROM rolled"), 0);

    assert_int_equal(acquire(&f, &outcome, LONG_MS), STATUS_OK);
    batch = batch_of(&f, "BEGIN", "INSERT INTO rolled VALUES (2)", "SELECT 1/0", "COMMIT", NULL);
    assert_int_equal(run(&f, &outcome, batch), STATUS_FAILED);
    assert_int_equal(pg_failed_statement(batch), 2);
    batch = batch_of(&f, "SELECT 1", NULL);
    assert_int_equal(run(&f, &outcome, batch), STATUS_FAILED);
    assert_string_equal(pg_failed_sqlstate(batch), "25P02");
    pg_release(&outcome.lease); /* aborted */
    assert_int_equal(number(&f, "SELECT count(*) FROM rolled"), 0);
    stop(&f);
}

static void a_transaction_may_span_batches(void **state)
{
    struct fixture f;
    struct outcome outcome;
    struct pg_batch *batch;

    (void)state;
    start(&f, 1, true);
    must_run(&f,
             batch_of(&f, "DROP TABLE IF EXISTS spanned", "CREATE TABLE spanned (id int)", NULL));
    assert_int_equal(acquire(&f, &outcome, LONG_MS), STATUS_OK);
    batch = batch_of(&f, "BEGIN", "INSERT INTO spanned VALUES (1)", NULL);
    assert_int_equal(run(&f, &outcome, batch), STATUS_OK);
    batch = batch_of(&f, "INSERT INTO spanned VALUES (2)", "COMMIT", NULL);
    assert_int_equal(run(&f, &outcome, batch), STATUS_OK);
    assert_int_equal(pg_affected(pg_batch_result(batch, 0)), 1);
    pg_release(&outcome.lease);
    assert_int_equal(number(&f, "SELECT count(*) FROM spanned"), 2);
    stop(&f);
}

/* ---- prepared statements ---- */

static int64_t prepared_count(struct fixture *f)
{
    return number(f, "SELECT count(*) FROM pg_prepared_statements");
}

static void statements_are_prepared_once_where_allowed(void **state)
{
    static const struct pg_statement add = {"test.add", "SELECT $1::integer + 1"};
    struct fixture f;

    (void)state;
    for (int prepared = 0; prepared < 2; prepared++) {
        start(&f, 1, prepared == 1);
        for (int round = 0; round < 3; round++) {
            struct pg_batch *batch = new_batch(&f);

            for (int i = 0; i < 3; i++)
                pg_int4(pg_batch_add(batch, &add), i);
            must_run(&f, batch);
            for (int i = 0; i < 3; i++)
                assert_int_equal(pg_value_int(pg_batch_result(batch, (uint32_t)i), 0, 0), i + 1);
        }
        assert_int_equal(prepared_count(&f), prepared);
        stop(&f);
    }
}

/* A prepare that failed is tried again; one that succeeded before a failure is kept; one that was
 * skipped because of an earlier failure is not believed in. */
static void a_failure_does_not_confuse_what_is_prepared(void **state)
{
    static const struct pg_statement early = {"test.early", "SELECT 10"};
    static const struct pg_statement late = {"test.late", "SELECT 30"};
    static const struct pg_statement table = {"test.table", "SELECT count(*) FROM not_yet_there"};
    struct fixture f;
    struct outcome outcome;
    struct pg_batch *batch;

    (void)state;
    start(&f, 1, true);
    must_run(&f, batch_of(&f, "DROP TABLE IF EXISTS not_yet_there", NULL));
    assert_int_equal(acquire(&f, &outcome, LONG_MS), STATUS_OK);
    batch = batch_of(&f, "BEGIN", NULL);
    (void)pg_batch_add(batch, &early);
    (void)pg_batch_add(batch, &table);
    (void)pg_batch_add(batch, &late);
    assert_int_equal(run(&f, &outcome, batch), STATUS_FAILED);
    assert_int_equal(pg_failed_statement(batch), 2);
    assert_string_equal(pg_failed_sqlstate(batch), "42P01");
    pg_release(&outcome.lease);
    assert_int_equal(prepared_count(&f), 1);

    batch = batch_of(&f, "CREATE TABLE not_yet_there ()", NULL);
    must_run(&f, batch);
    batch = new_batch(&f);
    (void)pg_batch_add(batch, &early);
    (void)pg_batch_add(batch, &table);
    (void)pg_batch_add(batch, &late);
    (void)pg_batch_add(batch, &late);
    must_run(&f, batch);
    assert_int_equal(pg_value_int(pg_batch_result(batch, 0), 0, 0), 10);
    assert_int_equal(pg_value_int(pg_batch_result(batch, 1), 0, 0), 0);
    assert_int_equal(pg_value_int(pg_batch_result(batch, 2), 0, 0), 30);
    assert_int_equal(pg_value_int(pg_batch_result(batch, 3), 0, 0), 30);
    assert_int_equal(prepared_count(&f), 3);
    stop(&f);
}

static void a_session_with_other_prepared_statements_is_replaced(void **state)
{
    static const struct pg_statement one = {"test.one", "SELECT 1"};
    struct fixture f;
    struct pg_batch *batch;
    struct error error;
    int64_t before;

    (void)state;
    start(&f, 1, true);
    before = number(&f, "SELECT pg_backend_pid()");
    batch = new_batch(&f);
    (void)pg_batch_add(batch, &one);
    must_run(&f, batch);
    must_run(&f, batch_of(&f, "DEALLOCATE ALL", NULL)); /* as a pooler's reset would */
    assert_int_equal(run_alone(&f, batch, &error), STATUS_FAILED);
    assert_string_equal(pg_failed_sqlstate(batch), "26000");
    must_run(&f, batch);
    assert_int_not_equal(number(&f, "SELECT pg_backend_pid()"), before);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_statement_is_named_and_the_rest_is_skipped),
        cmocka_unit_test(a_syntax_error_is_the_statement_s),
        cmocka_unit_test(a_deferred_constraint_fails_at_the_end),
        cmocka_unit_test(lack_of_resources_is_unavailable),
        cmocka_unit_test(copy_is_refused_and_the_pool_recovers),
        cmocka_unit_test(release_rolls_back),
        cmocka_unit_test(a_transaction_may_span_batches),
        cmocka_unit_test(statements_are_prepared_once_where_allowed),
        cmocka_unit_test(a_failure_does_not_confuse_what_is_prepared),
        cmocka_unit_test(a_session_with_other_prepared_statements_is_replaced),
    };

    return cmocka_run_group_tests(tests, make_database, drop_database);
}
