/* Parameters and results in the binary formats, there and back; arrays; large pipelines. */
#include "bpmn/base/memory.h"
#include "tests/pg/fixture.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_make_the_round_trip),
        cmocka_unit_test(infinite_timestamps_are_the_ends_of_the_range),
        cmocka_unit_test(arrays_feed_unnest),
        cmocka_unit_test(text_arrays_are_read),
        cmocka_unit_test(an_empty_array_and_an_empty_batch_are_fine),
        cmocka_unit_test(a_pipeline_larger_than_every_buffer_goes_through),
    };

    return cmocka_run_group_tests(tests, make_database, drop_database);
}
