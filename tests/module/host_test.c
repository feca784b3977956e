/* A module's queries and freshness against a real PostgreSQL: the role is the border, results begin
 * at 0. */
#include "engine/module/host.h"
#include "tests/support/postgres.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 1024 * 1024 };

static const struct module incidents = {
    .name = "incidents",
    .schema = "synergyflow_incidents",
    .role = "synergyflow_incidents",
};

struct fixture {
    uv_loop_t loop;
    struct test_database *database;
    struct pg_pool *pool;
    struct module_host *host;
    struct arena *arena;
    bool answered;
    enum status status;
    char message[ERROR_MESSAGE_MAX];
    char texts[2][128];
    json_t *badge;
    uint32_t freshness;
    int64_t now_us;
};

static int start(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    uv_loop_init(&fixture->loop);
    fixture->database = test_database_new(true);

    struct pg_pool_settings pool = {
        .conninfo = test_database_conninfo_as(fixture->database, "synergyflow_engine"),
        .connections = 1,
        .prepared_statements = true,
        .waiting_max = 10,
    };

    fixture->pool = pg_pool_new(&fixture->loop, &pool);

    struct module_host_settings settings = {
        .loop = &fixture->loop,
        .pool = fixture->pool,
        .module = &incidents,
    };

    fixture->host = module_host_new(&settings);
    fixture->arena = arena_new(ARENA_BYTES);
    *state = fixture;
    return 0;
}

static void on_closed(void *context)
{
    (void)context;
}

static int stop(void **state)
{
    struct fixture *fixture = *state;

    module_host_free(fixture->host);
    pg_pool_close(fixture->pool, on_closed, fixture);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    arena_free(fixture->arena);
    test_database_free(fixture->database);
    free(fixture);
    return 0;
}

static void on_texts(void *context, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct fixture *fixture = context;

    fixture->answered = true;
    fixture->status = status;
    if (status != STATUS_OK)
        snprintf(fixture->message, sizeof fixture->message, "%s", error->message);
    for (uint32_t i = 0; status == STATUS_OK && i < pg_batch_count(batch) && i < 2; i++)
        snprintf(fixture->texts[i], sizeof fixture->texts[i], "%s",
                 pg_value_text(pg_batch_result(batch, i), 0, 0));
    arena_clear(fixture->arena); /* as an answered request's arena may be gone at once */
}

static void query(struct fixture *fixture, const char *first, const char *second)
{
    struct pg_batch *batch = pg_batch_new(fixture->arena);
    struct pg_statement *statements = arena_array(fixture->arena, 2, sizeof *statements);

    statements[0].sql = first;
    statements[1].sql = second;
    pg_batch_add(batch, &statements[0]);
    if (second != NULL)
        pg_batch_add(batch, &statements[1]);
    fixture->answered = false;
    module_query(fixture->host, batch, on_texts, fixture);
    while (!fixture->answered)
        uv_run(&fixture->loop, UV_RUN_ONCE);
}

static void on_user(void *context, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    struct fixture *fixture = context;

    if (status != STATUS_OK)
        fail_msg("%s", error->message);
    fixture->answered = true;
    snprintf(fixture->texts[0], sizeof fixture->texts[0], "%s",
             pg_value_text(pg_batch_result(batch, 0), 0, 0));
}

static void results_begin_at_zero_under_the_modules_role(void **state)
{
    struct fixture *fixture = *state;

    query(fixture, "SELECT current_user::text", "SELECT 'second'::text");
    assert_int_equal(fixture->status, STATUS_OK);
    assert_string_equal(fixture->texts[0], "synergyflow_incidents");
    assert_string_equal(fixture->texts[1], "second");
}

static void the_role_ends_with_the_transaction(void **state)
{
    static const struct pg_statement who = {NULL, "SELECT current_user::text"};
    struct fixture *fixture = *state;
    struct pg_batch *batch;

    query(fixture, "SELECT current_user::text", NULL);
    batch = pg_batch_new(fixture->arena);
    pg_batch_add(batch, &who);
    fixture->answered = false;
    pg_query(fixture->pool, batch, 5000, on_user, fixture); /* the same, only connection */
    while (!fixture->answered)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    assert_string_equal(fixture->texts[0], "synergyflow_engine");
}

static void another_modules_schema_is_closed(void **state)
{
    struct fixture *fixture = *state;

    query(fixture, "SELECT 'fine'::text", "SELECT task_id FROM synergyflow_tasks.tasks");
    assert_int_equal(fixture->status, STATUS_FAILED);
    assert_non_null(strstr(fixture->message, "permission denied"));
    /* the connection is good again */
    query(fixture, "SELECT 'again'::text", NULL);
    assert_int_equal(fixture->status, STATUS_OK);
    assert_string_equal(fixture->texts[0], "again");
}

static void on_badge(void *context, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct fixture *fixture = context;

    if (status != STATUS_OK)
        fail_msg("%s", error->message);
    fixture->answered = true;
    fixture->badge = module_freshness(batch, fixture->freshness, fixture->now_us);
}

/* The badge `lag_us` after the publication of what waits. */
static void expect_badge(struct fixture *fixture, int64_t lag_us, const char *status, int lag_ms)
{
    struct pg_batch *batch = pg_batch_new(fixture->arena);

    fixture->now_us = INT64_C(1767225600000000) + lag_us; /* 2026-01-01T00:00:00Z */
    fixture->freshness = module_freshness_add(batch, "test.listener");
    fixture->answered = false;
    module_query(fixture->host, batch, on_badge, fixture);
    while (!fixture->answered)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    assert_string_equal(json_string_value(json_object_get(fixture->badge, "status")), status);
    assert_int_equal(json_integer_value(json_object_get(fixture->badge, "lagMs")), lag_ms);
    json_decref(fixture->badge);
}

static void freshness_is_the_age_of_what_waits_longest(void **state)
{
    struct fixture *fixture = *state;

    test_database_sql(fixture->database,
                      "INSERT INTO event_publication.listener_partition (listener_id, partition)"
                      " SELECT 'test.listener', p FROM generate_series(0, 7) AS p");
    expect_badge(fixture, 5000000, "GREEN", 0);
    test_database_sql(fixture->database,
                      "INSERT INTO event_publication.event_publication (id, listener_id,"
                      " event_type, serialized_event, publication_date, event_id, aggregate_id,"
                      " partition) SELECT gen_random_uuid(), 'test.listener', 't', '{}',"
                      " '2026-01-01T00:00:00Z'::timestamptz + n * interval '1 hour',"
                      " gen_random_uuid(), 'a', n FROM generate_series(0, 3) AS n");
    expect_badge(fixture, 99999, "GREEN", 99);
    expect_badge(fixture, 100000, "YELLOW", 100);
    expect_badge(fixture, 500000, "YELLOW", 500);
    expect_badge(fixture, 501000, "RED", 501);
    test_database_sql(fixture->database,
                      "UPDATE event_publication.event_publication SET completion_date = now()");
    expect_badge(fixture, 501000, "GREEN", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(results_begin_at_zero_under_the_modules_role, start, stop),
        cmocka_unit_test_setup_teardown(the_role_ends_with_the_transaction, start, stop),
        cmocka_unit_test_setup_teardown(another_modules_schema_is_closed, start, stop),
        cmocka_unit_test_setup_teardown(freshness_is_the_age_of_what_waits_longest, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
