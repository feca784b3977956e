/* The outbox against a real PostgreSQL: order, effectively once, poisoned events, crash leftovers.
 */
#include "engine/base/clock.h"
#include "engine/base/identity.h"
#include "engine/outbox/outbox.h"
#include "tests/support/postgres.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HANG_MS = 60000, ARENA_BYTES = 64 * 1024 * 1024 };

/* The listening module: it notes what it sees, in the order in which it sees it. */
static const char setup_sql[] =
    "DO $$ BEGIN CREATE ROLE synergyflow_probe; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
    "CREATE SCHEMA probe;"
    "CREATE TABLE probe.seen (line bigint GENERATED ALWAYS AS IDENTITY, aggregate_id text NOT NULL,"
    " number bigint NOT NULL CONSTRAINT not_poisoned CHECK (number >= 0),"
    " who text NOT NULL DEFAULT current_user);"
    "GRANT USAGE ON SCHEMA probe TO synergyflow_probe;"
    "GRANT INSERT, SELECT ON probe.seen TO synergyflow_probe;"
    "GRANT synergyflow_probe TO synergyflow_engine;";

static const struct pg_statement insert_seen = {
    "probe_insert_seen", "INSERT INTO probe.seen (aggregate_id, number)"
                         " SELECT a, n FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY"
                         " AS s (a, n, o) ORDER BY o"};

static enum status probe_prepare(struct module_events *events, struct pg_batch *batch,
                                 struct error *ret_error)
{
    struct pg_call *call = pg_batch_add(batch, &insert_seen);
    struct pg_array *aggregates = pg_text_array(call);
    struct pg_array *numbers = pg_int8_array(call);

    (void)ret_error;
    for (uint32_t i = 0; i < events->count; i++) {
        pg_add_text(aggregates, events->items[i].aggregate_id);
        pg_add_int(numbers,
                   json_integer_value(json_object_get(events->items[i].payload, "number")));
    }
    return STATUS_OK;
}

static const char *const probe_types[] = {"probe.Counted", NULL};
static const struct module_listener probe_listeners[] = {
    {"probe.seen", probe_types, probe_prepare},
};
static const struct module probe_module = {
    .name = "probe",
    .schema = "probe",
    .role = "synergyflow_probe",
    .listeners = probe_listeners,
    .listener_count = 1,
};
static const struct module *const probe_modules[] = {&probe_module};
static const struct registry registry = {probe_modules, 1};

struct fixture {
    uv_loop_t loop;
    uv_timer_t hang;
    struct test_database *database;
    struct pg_pool *pool;
    struct outbox *outbox;
    struct identity_source identity;
    struct arena *arena;
    bool answered;
    bool stopped;
};

static void on_hang(uv_timer_t *timer)
{
    (void)timer;
    fprintf(stderr, "nothing came of it within %d s\n", HANG_MS / 1000);
    abort();
}

static int start(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    uv_loop_init(&fixture->loop);
    uv_timer_init(&fixture->loop, &fixture->hang);
    uv_timer_start(&fixture->hang, on_hang, HANG_MS, 0);
    fixture->database = test_database_new(true);
    test_database_sql(fixture->database, setup_sql);
    struct pg_pool_settings pool = {
        .conninfo = test_database_conninfo_as(fixture->database, "synergyflow_engine"),
        .connections = 4,
        .prepared_statements = true,
        .waiting_max = 100,
    };

    fixture->pool = pg_pool_new(&fixture->loop, &pool);
    fixture->outbox = outbox_new(&fixture->loop, fixture->pool, &registry);
    identity_init(&fixture->identity);
    fixture->arena = arena_new(ARENA_BYTES);
    *state = fixture;
    return 0;
}

static void on_stopped(void *context)
{
    struct fixture *fixture = context;

    fixture->stopped = true;
}

static void on_closed(void *context)
{
    struct fixture *fixture = context;

    uv_close((uv_handle_t *)&fixture->hang, NULL);
}

static int stop(void **state)
{
    struct fixture *fixture = *state;

    outbox_stop(fixture->outbox, on_stopped, fixture);
    while (!fixture->stopped)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    outbox_free(fixture->outbox);
    pg_pool_close(fixture->pool, on_closed, fixture);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    arena_free(fixture->arena);
    test_database_free(fixture->database);
    free(fixture);
    return 0;
}

static void on_answered(void *context, struct pg_batch *batch, enum status status,
                        const struct error *error)
{
    struct fixture *fixture = context;

    (void)batch;
    if (status != STATUS_OK)
        fail_msg("%s", error->message);
    fixture->answered = true;
}

/* Publishes numbers first … first + count - 1 in one transaction, spread over some aggregates. */
static void publish(struct fixture *fixture, const char *type, int64_t first, uint32_t count,
                    uint32_t aggregates, int64_t poisoned)
{
    struct module_event *events = arena_array(fixture->arena, count, sizeof *events);
    struct pg_batch *batch = pg_batch_new(fixture->arena);

    for (uint32_t i = 0; i < count; i++) {
        int64_t number = first + i;

        events[i].id = uuid_next(&fixture->identity.source);
        events[i].type = type;
        events[i].aggregate_id =
            arena_format(fixture->arena, "A-%u", (unsigned)(number % aggregates));
        events[i].payload =
            json_pack("{s:I}", "number", (json_int_t)(number == poisoned ? -1 : number));
        events[i].correlation_id = "test";
        events[i].published_at_us = clock_wall_us();
    }
    assert_int_equal(outbox_add(batch, &registry, events, count, &fixture->identity.source),
                     strcmp(type, "probe.Counted") == 0 ? count : 0);
    for (uint32_t i = 0; i < count; i++)
        json_decref(events[i].payload);
    fixture->answered = false;
    pg_query(fixture->pool, batch, 10000, on_answered, fixture);
    while (!fixture->answered)
        uv_run(&fixture->loop, UV_RUN_ONCE);
}

static int64_t number_of(struct fixture *fixture, const char *sql)
{
    return strtoll(test_database_sql(fixture->database, sql), NULL, 10);
}

static void run_until(struct fixture *fixture, const char *sql, int64_t expected)
{
    while (number_of(fixture, sql) != expected)
        uv_run(&fixture->loop, UV_RUN_ONCE);
}

static const char seen_sql[] = "SELECT count(*) FROM probe.seen";
static const char waiting_sql[] =
    "SELECT count(*) FROM event_publication.event_publication WHERE completion_date IS NULL";
/* Of two sightings of an aggregate the later one must have the higher number. */
static const char inversions_sql[] =
    "SELECT count(*) FROM (SELECT number < lag(number) OVER (PARTITION BY aggregate_id ORDER BY"
    " line) AS inverted FROM probe.seen) AS pairs WHERE inverted";

static void keeps_the_order_of_each_aggregate(void **state)
{
    struct fixture *fixture = *state;

    outbox_start(fixture->outbox);
    for (int64_t first = 0; first < 3000; first += 750) {
        publish(fixture, "probe.Counted", first, 750, 13, -1);
        outbox_wake(fixture->outbox);
    }
    run_until(fixture, waiting_sql, 0);
    assert_int_equal(number_of(fixture, seen_sql), 3000);
    assert_int_equal(number_of(fixture, inversions_sql), 0);
    assert_int_equal(number_of(fixture, "SELECT count(DISTINCT number) FROM probe.seen"), 3000);
    assert_int_equal(number_of(fixture, "SELECT count(*) FROM event_publication.processed_events"),
                     3000);
    assert_int_equal(
        number_of(fixture, "SELECT count(*) FROM probe.seen WHERE who <> 'synergyflow_probe'"), 0);
}

static void delivers_again_without_effect(void **state)
{
    struct fixture *fixture = *state;

    outbox_start(fixture->outbox);
    publish(fixture, "probe.Counted", 0, 100, 7, -1);
    outbox_wake(fixture->outbox);
    run_until(fixture, waiting_sql, 0);
    /* as if the completion had been lost: the proof of processing is what counts */
    test_database_sql(fixture->database,
                      "UPDATE event_publication.event_publication SET completion_date = NULL");
    outbox_wake(fixture->outbox);
    run_until(fixture, waiting_sql, 0);
    assert_int_equal(number_of(fixture, seen_sql), 100);
}

static void a_poisoned_event_holds_up_its_aggregate_only(void **state)
{
    struct fixture *fixture = *state;

    outbox_start(fixture->outbox);
    /* number 33 belongs to A-3: 3, 13 and 23 go, 33 and the six after it wait */
    publish(fixture, "probe.Counted", 0, 100, 10, 33);
    outbox_wake(fixture->outbox);
    run_until(fixture, waiting_sql, 7);
    assert_int_equal(number_of(fixture, seen_sql), 93);
    assert_int_equal(
        number_of(fixture, "SELECT count(*) FROM probe.seen WHERE aggregate_id = 'A-3'"), 3);
    run_until(fixture,
              "SELECT attempts FROM event_publication.event_publication"
              " WHERE serialized_event LIKE '%-1%' AND next_attempt_at > now()"
              " AND last_error LIKE '%not_poisoned%'",
              1);
    /* the fault is mended and the wait is over */
    test_database_sql(fixture->database,
                      "ALTER TABLE probe.seen DROP CONSTRAINT not_poisoned;"
                      "UPDATE event_publication.event_publication SET next_attempt_at = now()"
                      " WHERE next_attempt_at IS NOT NULL");
    outbox_wake(fixture->outbox);
    run_until(fixture, waiting_sql, 0);
    assert_int_equal(number_of(fixture, seen_sql), 100);
    assert_string_equal(
        test_database_sql(fixture->database,
                          "SELECT string_agg(number::text, ' ' ORDER BY line) FROM probe.seen"
                          " WHERE aggregate_id = 'A-3'"),
        "3 13 23 -1 43 53 63 73 83 93");
}

static void gives_up_after_the_last_attempt(void **state)
{
    struct fixture *fixture = *state;

    outbox_start(fixture->outbox);
    publish(fixture, "probe.Counted", 0, 30, 10, 3);
    test_database_sql(fixture->database,
                      "UPDATE event_publication.event_publication SET attempts = 5,"
                      " next_attempt_at = now() WHERE serialized_event LIKE '%-1%'");
    outbox_wake(fixture->outbox);
    run_until(fixture, waiting_sql, 1); /* the dead letter; its aggregate goes on without it */
    assert_int_equal(number_of(fixture, seen_sql), 29);
    assert_int_equal(number_of(fixture, "SELECT count(*) FROM event_publication.event_publication"
                                        " WHERE dead_at IS NOT NULL AND attempts = 6"
                                        " AND serialized_event LIKE '%-1%' AND last_error <> ''"),
                     1);
}

static void each_attempt_waits_twice_as_long(void **state)
{
    struct fixture *fixture = *state;
    char sql[256];

    outbox_start(fixture->outbox);
    publish(fixture, "probe.Counted", 0, 1, 1, 0);
    for (int attempt = 1; attempt <= 5; attempt++) {
        outbox_wake(fixture->outbox);
        snprintf(sql, sizeof sql,
                 "SELECT round(extract(epoch FROM next_attempt_at - now()) / %d + 0.05)"
                 " FROM event_publication.event_publication WHERE attempts = %d",
                 1 << attempt, attempt);
        run_until(fixture, sql, 1);
        test_database_sql(fixture->database,
                          "UPDATE event_publication.event_publication SET next_attempt_at = now()");
    }
}

/* What a crashed node has left: rows that nobody announces. */
static void finds_what_nobody_announced(void **state)
{
    struct fixture *fixture = *state;

    publish(fixture, "probe.Counted", 0, 20, 5, -1);
    outbox_start(fixture->outbox);
    run_until(fixture, waiting_sql, 0);
    publish(fixture, "probe.Counted", 20, 20, 5, -1);
    run_until(fixture, waiting_sql, 0); /* the poll */
    /* by now what the first round saw is the lower bound of reading */
    assert_int_equal(
        number_of(fixture, "SELECT min(read_from) FROM event_publication.listener_partition"), 20);
    assert_int_equal(number_of(fixture, seen_sql), 40);
    assert_int_equal(number_of(fixture, inversions_sql), 0);
}

static void an_event_without_listener_is_complete_at_once(void **state)
{
    struct fixture *fixture = *state;

    outbox_start(fixture->outbox);
    publish(fixture, "probe.Unheard", 0, 5, 5, -1);
    assert_int_equal(number_of(fixture,
                               "SELECT count(*) FROM event_publication.event_publication"
                               " WHERE listener_id = '' AND completion_date = publication_date"),
                     5);
}

/* An event that is not JSON any more is blamed, and nothing else. */
static void a_stored_event_that_cannot_be_read_is_set_aside(void **state)
{
    struct fixture *fixture = *state;

    publish(fixture, "probe.Counted", 0, 50, 10, -1);
    test_database_sql(fixture->database, "UPDATE event_publication.event_publication"
                                         " SET serialized_event = '{' WHERE serialized_event"
                                         " = '{\"number\":7}'");
    outbox_start(fixture->outbox);
    run_until(fixture, waiting_sql, 5); /* 7, 17, 27, 37, 47 */
    assert_int_equal(number_of(fixture, seen_sql), 45);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_the_order_of_each_aggregate, start, stop),
        cmocka_unit_test_setup_teardown(delivers_again_without_effect, start, stop),
        cmocka_unit_test_setup_teardown(a_poisoned_event_holds_up_its_aggregate_only, start, stop),
        cmocka_unit_test_setup_teardown(gives_up_after_the_last_attempt, start, stop),
        cmocka_unit_test_setup_teardown(each_attempt_waits_twice_as_long, start, stop),
        cmocka_unit_test_setup_teardown(finds_what_nobody_announced, start, stop),
        cmocka_unit_test_setup_teardown(an_event_without_listener_is_complete_at_once, start, stop),
        cmocka_unit_test_setup_teardown(a_stored_event_that_cannot_be_read_is_set_aside, start,
                                        stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
