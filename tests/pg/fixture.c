/* See fixture.h. */
#include "tests/pg/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct test_database *database;
/* Callbacks stop it: what they tell may have come from a timer, before the loop waits for more. */
static uv_loop_t *running;

void open_pool(struct fixture *f, const char *conninfo, uint32_t connections, bool prepared,
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

void start(struct fixture *f, uint32_t connections, bool prepared)
{
    open_pool(f, test_database_conninfo(database), connections, prepared, 16);
}

void on_closed(void *context)
{
    ((struct fixture *)context)->closed = true;
    uv_stop(running);
}

void wait_for(struct fixture *f, const bool *done)
{
    running = &f->loop;
    while (!*done)
        (void)uv_run(&f->loop, UV_RUN_DEFAULT);
}

struct pg_batch *new_batch(struct fixture *f)
{
    assert_true(f->batch_count < COUNT_OF(f->batches));
    f->batches[f->batch_count] = pg_batch_new(f->arena);
    return f->batches[f->batch_count++];
}

void stop(struct fixture *f)
{
    for (uint32_t i = 0; i < f->batch_count; i++)
        pg_batch_free_results(f->batches[i]);
    pg_pool_close(f->pool, on_closed, f);
    wait_for(f, &f->closed);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    arena_free(f->arena);
}

void note(struct outcome *outcome, enum status status, const struct error *error)
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

void on_ready(struct pg_lease *lease, enum status status, const struct error *error)
{
    note(CONTAINER_OF(lease, struct outcome, lease), status, error);
}

void on_done(struct pg_lease *lease, struct pg_batch *batch, enum status status,
             const struct error *error)
{
    assert_non_null(batch);
    note(CONTAINER_OF(lease, struct outcome, lease), status, error);
}

void on_queried(void *context, struct pg_batch *batch, enum status status,
                const struct error *error)
{
    assert_non_null(batch);
    note(context, status, error);
}

enum status acquire(struct fixture *f, struct outcome *outcome, uint32_t timeout_ms)
{
    memset(outcome, 0, sizeof(*outcome));
    pg_acquire(f->pool, &outcome->lease, timeout_ms, on_ready);
    assert_false(outcome->done); /* never inside the call */
    wait_for(f, &outcome->done);
    return outcome->status;
}

enum status run(struct fixture *f, struct outcome *outcome, struct pg_batch *batch)
{
    outcome->done = false;
    pg_run(&outcome->lease, batch, on_done);
    assert_false(outcome->done);
    wait_for(f, &outcome->done);
    return outcome->status;
}

struct pg_batch *batch_of(struct fixture *f, ...)
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

enum status run_alone(struct fixture *f, struct pg_batch *batch, struct error *ret_error)
{
    struct outcome outcome;

    assert_int_equal(acquire(f, &outcome, LONG_MS), STATUS_OK);
    (void)run(f, &outcome, batch);
    pg_release(&outcome.lease);
    *ret_error = outcome.error;
    return outcome.status;
}

void must_run(struct fixture *f, struct pg_batch *batch)
{
    struct error error;

    if (run_alone(f, batch, &error) != STATUS_OK)
        fail_msg("%s", error.message);
}

int64_t number(struct fixture *f, const char *sql)
{
    struct pg_batch *batch = batch_of(f, sql, NULL);
    int64_t value;

    must_run(f, batch);
    value = pg_value_int(pg_batch_result(batch, 0), 0, 0);
    return value;
}

int make_database(void **state)
{
    (void)state;
    database = test_database_new(false);
    return 0;
}

int drop_database(void **state)
{
    (void)state;
    test_database_free(database);
    return 0;
}
