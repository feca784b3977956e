/* The PostgreSQL driver against a real server: values, failures, transactions, lost connections. */
#include "engine/pg/pool.h"

#include "bpmn/base/memory.h"
#include "tests/support/postgres.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LONG_MS = 20000 };

/* One database for all tests of this program; each makes the tables it needs. */
static struct test_database *database;
/* Callbacks stop it: what they tell may have come from a timer, before the loop waits for more. */
static uv_loop_t *running;

struct fixture {
    uv_loop_t loop;
    struct pg_pool *pool;
    struct arena *arena;
    struct pg_batch *batches[32]; /* whose results are freed at the end */
    uint32_t batch_count;
    bool closed;
};

struct outcome {
    struct pg_lease lease;
    bool done;
    enum status status;
    struct error error;
};

static void open_pool(struct fixture *f, const char *conninfo, uint32_t connections, bool prepared,
                      uint32_t waiting_max)
{
    struct pg_pool_settings settings = {.conninfo = conninfo,
                                        .connections = connections,
                                        .prepared_statements = prepared,
                                        .waiting_max = waiting_max};

    memset(f, 0, sizeof(*f));
    assert_int_equal(uv_loop_init(&f->loop), 0);
    f->pool = pg_pool_new(&f->loop, &settings);
    f->arena = arena_new(64 * 1024 * 1024);
}

static void start(struct fixture *f, uint32_t connections, bool prepared)
{
    open_pool(f, test_database_conninfo(database), connections, prepared, 16);
}

static void on_closed(void *context)
{
    ((struct fixture *)context)->closed = true;
    uv_stop(running);
}

static void wait_for(struct fixture *f, const bool *done)
{
    running = &f->loop;
    while (!*done)
        (void)uv_run(&f->loop, UV_RUN_DEFAULT);
}

static struct pg_batch *new_batch(struct fixture *f)
{
    assert_true(f->batch_count < COUNT_OF(f->batches));
    f->batches[f->batch_count] = pg_batch_new(f->arena);
    return f->batches[f->batch_count++];
}

static void stop(struct fixture *f)
{
    for (uint32_t i = 0; i < f->batch_count; i++)
        pg_batch_free_results(f->batches[i]);
    pg_pool_close(f->pool, on_closed, f);
    wait_for(f, &f->closed);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    arena_free(f->arena);
}

static void note(struct outcome *outcome, enum status status, const struct error *error)
{
    assert_false(outcome->done);
    outcome->done = true;
    uv_stop(running);
    outcome->status = status;
    error_clear(&outcome->error);
    if (status == STATUS_OK)
        assert_null(error);
    else
        outcome->error = *error;
    if (status != STATUS_OK)
        assert_int_equal(error->status, status);
}

static void on_ready(struct pg_lease *lease, enum status status, const struct error *error)
{
    note(CONTAINER_OF(lease, struct outcome, lease), status, error);
}

static void on_done(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    assert_non_null(batch);
    note(CONTAINER_OF(lease, struct outcome, lease), status, error);
}

static void on_queried(void *context, struct pg_batch *batch, enum status status,
                       const struct error *error)
{
    assert_non_null(batch);
    note(context, status, error);
}

static enum status acquire(struct fixture *f, struct outcome *outcome, uint32_t timeout_ms)
{
    memset(outcome, 0, sizeof(*outcome));
    pg_acquire(f->pool, &outcome->lease, timeout_ms, on_ready);
    assert_false(outcome->done); /* never inside the call */
    wait_for(f, &outcome->done);
    return outcome->status;
}

static enum status run(struct fixture *f, struct outcome *outcome, struct pg_batch *batch)
{
    outcome->done = false;
    pg_run(&outcome->lease, batch, on_done);
    assert_false(outcome->done);
    wait_for(f, &outcome->done);
    return outcome->status;
}

/* Adds statements without parameters, one for each text up to NULL. */
static struct pg_batch *batch_of(struct fixture *f, ...)
{
    struct pg_batch *batch = new_batch(f);
    va_list arguments;
    const char *sql;

    va_start(arguments, f);
    while ((sql = va_arg(arguments, const char *)) != NULL) {
        struct pg_statement *statement = arena_alloc(f->arena, sizeof(*statement));

        statement->sql = sql;
        (void)pg_batch_add(batch, statement);
    }
    va_end(arguments);
    return batch;
}

/* Runs one batch on a lease of its own and gives it back. */
static enum status run_alone(struct fixture *f, struct pg_batch *batch, struct error *ret_error)
{
    struct outcome outcome;

    assert_int_equal(acquire(f, &outcome, LONG_MS), STATUS_OK);
    (void)run(f, &outcome, batch);
    pg_release(&outcome.lease);
    *ret_error = outcome.error;
    return outcome.status;
}

static void must_run(struct fixture *f, struct pg_batch *batch)
{
    struct error error;

    if (run_alone(f, batch, &error) != STATUS_OK)
        fail_msg("%s", error.message);
}

static int64_t number(struct fixture *f, const char *sql)
{
    struct pg_batch *batch = batch_of(f, sql, NULL);
    int64_t value;

    must_run(f, batch);
    value = pg_value_int(pg_batch_result(batch, 0), 0, 0);
    return value;
}

/* ---- values ---- */

static const struct pg_statement echo_values = {
    "test.echo", "SELECT $1::text, $2::bytea, $3::uuid, $4::bigint, $5::integer, $6::smallint, "
                 "$7::double precision, $8::boolean, $9::timestamptz, $10::jsonb, $11::integer"};

static void values_make_the_round_trip_in_mode(bool prepared)
{
    static const struct uuid id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255}};
    struct fixture f;
    struct pg_batch *batch;
    struct pg_call *call;
    const struct pg_result *r;
    struct uuid got;
    size_t length;

    start(&f, 1, prepared);
    batch = new_batch(&f);
    call = pg_batch_add(batch, &echo_values);
    pg_text(call, "Grüße 😀 '\"\\");
    pg_bytes(call, "a\0b", 3);
    pg_uuid(call, &id);
    pg_int8(call, INT64_MIN);
    pg_int4(call, INT32_MIN);
    pg_int2(call, INT16_MIN);
    pg_float8(call, DBL_MIN);
    pg_bool(call, true);
    pg_timestamp(call, INT64_C(1700000000123456));
    pg_jsonb(call, "{\"a\": [1, 2]}");
    pg_null(call);
    call = pg_batch_add(batch, &echo_values);
    pg_text(call, NULL);
    pg_bytes(call, "", 0);
    pg_uuid(call, NULL);
    pg_int8(call, INT64_MAX);
    pg_int4(call, INT32_MAX);
    pg_int2(call, INT16_MAX);
    pg_float8(call, -0.5);
    pg_bool(call, false);
    pg_timestamp(call, -1);
    pg_jsonb(call, NULL);
    pg_int4(call, 7); /* where the call before had a NULL of unknown type */
    must_run(&f, batch);

    r = pg_batch_result(batch, 0);
    assert_int_equal(pg_rows(r), 1);
    assert_int_equal(pg_columns(r), 11);
    assert_string_equal(pg_value_text(r, 0, 0), "Grüße 😀 '\"\\");
    assert_memory_equal(pg_value_bytes(r, 0, 1, &length), "a\0b", 3);
    assert_int_equal(length, 3);
    got = pg_value_uuid(r, 0, 2);
    assert_true(uuid_equal(&got, &id));
    assert_true(pg_value_int(r, 0, 3) == INT64_MIN);
    assert_int_equal(pg_value_int(r, 0, 4), INT32_MIN);
    assert_int_equal(pg_value_int(r, 0, 5), INT16_MIN);
    assert_true(pg_value_float(r, 0, 6) == DBL_MIN);
    assert_true(pg_value_bool(r, 0, 7));
    assert_int_equal(pg_value_int(r, 0, 7), 1);
    assert_true(pg_value_timestamp(r, 0, 8) == INT64_C(1700000000123456));
    assert_string_equal(pg_value_text(r, 0, 9), "{\"a\": [1, 2]}");
    assert_true(pg_is_null(r, 0, 10));
    assert_int_equal(pg_value_int(r, 0, 10), 0);

    r = pg_batch_result(batch, 1);
    assert_true(pg_is_null(r, 0, 0));
    assert_string_equal(pg_value_text(r, 0, 0), "");
    assert_null(pg_value_text_or_null(r, 0, 0));
    (void)pg_value_bytes(r, 0, 1, &length);
    assert_int_equal(length, 0);
    assert_false(pg_is_null(r, 0, 1));
    got = pg_value_uuid(r, 0, 2);
    assert_true(uuid_is_zero(&got));
    assert_true(pg_value_int(r, 0, 3) == INT64_MAX);
    assert_true(pg_value_float(r, 0, 6) == -0.5);
    assert_false(pg_value_bool(r, 0, 7));
    assert_true(pg_value_timestamp(r, 0, 8) == -1);
    assert_null(pg_value_text_or_null(r, 0, 9));
    assert_int_equal(pg_value_int(r, 0, 10), 7);
    stop(&f);
}

static void values_make_the_round_trip(void **state)
{
    (void)state;
    values_make_the_round_trip_in_mode(false);
    values_make_the_round_trip_in_mode(true);
}

static void infinite_timestamps_are_the_ends_of_the_range(void **state)
{
    static const struct pg_statement compare = {
        NULL, "SELECT $1::timestamptz = 'infinity', $2::timestamptz = '-infinity', "
              "'infinity'::timestamptz, '-infinity'::timestamptz"};
    struct fixture f;
    struct pg_batch *batch;
    struct pg_call *call;

    (void)state;
    start(&f, 1, false);
    batch = new_batch(&f);
    call = pg_batch_add(batch, &compare);
    pg_timestamp(call, INT64_MAX);
    pg_timestamp(call, INT64_MIN);
    must_run(&f, batch);
    assert_true(pg_value_bool(pg_batch_result(batch, 0), 0, 0));
    assert_true(pg_value_bool(pg_batch_result(batch, 0), 0, 1));
    assert_true(pg_value_timestamp(pg_batch_result(batch, 0), 0, 2) == INT64_MAX);
    assert_true(pg_value_timestamp(pg_batch_result(batch, 0), 0, 3) == INT64_MIN);
    stop(&f);
}

static void arrays_feed_unnest(void **state)
{
    static const struct pg_statement unnest_all = {
        "test.unnest", "SELECT t, u, b8, b4, b2, o, w, j, x FROM unnest($1::text[], $2::uuid[], "
                       "$3::bigint[], $4::integer[], $5::smallint[], $6::boolean[], "
                       "$7::timestamptz[], $8::jsonb[], $9::bytea[]) AS "
                       "q(t, u, b8, b4, b2, o, w, j, x)"};
    enum { ROWS = 500 };
    struct fixture f;
    struct pg_batch *batch;
    struct pg_call *call;
    struct pg_array *a[9];
    const struct pg_result *r;
    char text[32];

    (void)state;
    start(&f, 1, true);
    batch = new_batch(&f);
    call = pg_batch_add(batch, &unnest_all);
    a[0] = pg_text_array(call);
    a[1] = pg_uuid_array(call);
    a[2] = pg_int8_array(call);
    a[3] = pg_int4_array(call);
    a[4] = pg_int2_array(call);
    a[5] = pg_bool_array(call);
    a[6] = pg_timestamp_array(call);
    a[7] = pg_jsonb_array(call);
    a[8] = pg_bytes_array(call);
    for (int i = 0; i < ROWS; i++) {
        struct uuid id = {{(uint8_t)i, (uint8_t)(i >> 8)}};

        (void)snprintf(text, sizeof(text), "text %d", i);
        pg_add_text(a[0], i % 2 == 0 ? text : NULL);
        pg_add_uuid(a[1], i % 3 == 0 ? NULL : &id);
        pg_add_int(a[2], INT64_MAX - i);
        pg_add_int(a[3], -i);
        pg_add_int(a[4], i);
        pg_add_bool(a[5], i % 2 == 0);
        pg_add_timestamp(a[6], INT64_C(1000000) * i);
        pg_add_text(a[7], i % 2 == 0 ? "{\"n\": 1}" : "null");
        pg_add_bytes(a[8], text, (size_t)(i % 4));
    }
    pg_add_null(a[8]);
    assert_int_equal(pg_array_count(a[0]), ROWS);
    assert_int_equal(pg_array_count(a[8]), ROWS + 1);
    must_run(&f, batch);
    r = pg_batch_result(batch, 0);
    assert_int_equal(pg_rows(r), ROWS + 1);
    assert_int_equal(pg_affected(r), ROWS + 1);
    for (uint32_t i = 0; i < ROWS; i++) {
        struct uuid id = pg_value_uuid(r, i, 1);
        size_t length;

        (void)snprintf(text, sizeof(text), "text %u", i);
        assert_string_equal(pg_value_text(r, i, 0), i % 2 == 0 ? text : "");
        assert_int_equal(pg_is_null(r, i, 0), i % 2 != 0);
        assert_int_equal(pg_is_null(r, i, 1), i % 3 == 0);
        assert_int_equal(id.bytes[0] + 256 * id.bytes[1], i % 3 == 0 ? 0 : i);
        assert_true(pg_value_int(r, i, 2) == INT64_MAX - (int64_t)i);
        assert_int_equal(pg_value_int(r, i, 3), -(int64_t)i);
        assert_int_equal(pg_value_int(r, i, 4), i);
        assert_int_equal(pg_value_bool(r, i, 5), i % 2 == 0);
        assert_int_equal(pg_value_timestamp(r, i, 6), INT64_C(1000000) * i);
        assert_string_equal(pg_value_text(r, i, 7), i % 2 == 0 ? "{\"n\": 1}" : "null");
        (void)pg_value_bytes(r, i, 8, &length);
        assert_int_equal(length, i % 4);
    }
    assert_true(pg_is_null(r, ROWS, 8));
    stop(&f);
}

static void text_arrays_are_read(void **state)
{
    struct fixture f;
    struct pg_batch *batch;
    const struct pg_result *r;
    const char **items;
    uint32_t count;

    (void)state;
    start(&f, 1, false);
    batch = batch_of(
        &f, "SELECT ARRAY['a', NULL, 'longer', '']::text[], '{}'::text[], NULL::text[]", NULL);
    must_run(&f, batch);
    r = pg_batch_result(batch, 0);
    items = pg_value_text_array(r, 0, 0, f.arena, &count);
    assert_int_equal(count, 4);
    assert_string_equal(items[0], "a");
    assert_null(items[1]);
    assert_string_equal(items[2], "longer");
    assert_string_equal(items[3], "");
    (void)pg_value_text_array(r, 0, 1, f.arena, &count);
    assert_int_equal(count, 0);
    (void)pg_value_text_array(r, 0, 2, f.arena, &count);
    assert_int_equal(count, 0);
    stop(&f);
}

static void an_empty_array_and_an_empty_batch_are_fine(void **state)
{
    static const struct pg_statement unnest = {NULL, "SELECT unnest($1::int[])"};
    struct fixture f;
    struct pg_batch *batch;

    (void)state;
    start(&f, 1, false);
    batch = new_batch(&f);
    must_run(&f, batch);
    (void)pg_int4_array(pg_batch_add(batch, &unnest));
    must_run(&f, batch);
    assert_int_equal(pg_rows(pg_batch_result(batch, 0)), 0);
    stop(&f);
}

/* ---- large pipelines ---- */

static void a_pipeline_larger_than_every_buffer_goes_through(void **state)
{
    static const struct pg_statement echo = {"test.large", "SELECT $1::text"};
    struct fixture f;
    struct pg_batch *batch;
    char *large = memory_alloc(4001);

    (void)state;
    memset(large, 'x', 4000);
    large[4000] = '\0';
    start(&f, 1, true);
    batch = new_batch(&f);
    for (int i = 0; i < PG_BATCH_STATEMENTS_MAX; i++)
        pg_text(pg_batch_add(batch, &echo), large);
    must_run(&f, batch);
    for (uint32_t i = 0; i < PG_BATCH_STATEMENTS_MAX; i++)
        assert_int_equal(strlen(pg_value_text(pg_batch_result(batch, i), 0, 0)), 4000);
    memory_free(large);
    stop(&f);
}

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

static int make_database(void **state)
{
    (void)state;
    database = test_database_new(false);
    return 0;
}

static int drop_database(void **state)
{
    (void)state;
    test_database_free(database);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_make_the_round_trip),
        cmocka_unit_test(infinite_timestamps_are_the_ends_of_the_range),
        cmocka_unit_test(arrays_feed_unnest),
        cmocka_unit_test(text_arrays_are_read),
        cmocka_unit_test(an_empty_array_and_an_empty_batch_are_fine),
        cmocka_unit_test(a_pipeline_larger_than_every_buffer_goes_through),
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
