/* JSON as text: the shortest digits that read back, escapes, bounded depth. */
#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/base/json.h"

static void reals_are_short(void **state)
{
    static const struct {
        double real;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-2.5, "-2.5"},
        {0.1, "0.1"},
        {0.3, "0.3"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {99.95, "99.95"},
        {1234567.89, "1234567.89"},
        {100.0, "100.0"},
        {1e15, "1000000000000000.0"},
        {1e16, "10000000000000000.0"},
        {1e17, "1e+17"},
        {1e22, "1e+22"},
        {1e23, "1e+23"},
        {1e100, "1e+100"},
        {1.5e-5, "0.000015"},
        {1.5e-6, "1.5e-6"},
        {123456789012345680.0, "1.2345678901234568e+17"},
        {9007199254740993.0, "9007199254740992.0"},
        {5.684341886080802e-14,
         "5.684341886080802e-14"}, /* a power of two: 17 digits by rounding */
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {5e-324, "5e-324"},
        {-1.5e-323, "-1.5e-323"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {9.5367431640625e-7, "9.5367431640625e-7"},
    };
    char text[JSON_NUMBER_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(json_format_real(cases[i].real, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
        assert_true(strtod(text, NULL) == cases[i].real);
    }
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Any bits, and numbers as people write them: they read back, and with no digit to spare. */
static void reals_read_back(void **state)
{
    uint64_t seed = 20261123;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t bits = next_random(&seed);
        char text[JSON_NUMBER_BYTES];
        double real;
        int exponent;
        uint64_t digits;

        if (i % 2 == 0)
            memcpy(&real, &bits, sizeof(real));
        else
            real = (double)(bits % 100000000) / 100;
        if (!(real >= -DBL_MAX && real <= DBL_MAX))
            continue;
        (void)json_format_real(real, text);
        assert_true(strtod(text, NULL) == real);
        digits = json_real_digits(real, &exponent);
        assert_true(digits % 10 != 0 || digits == 0);
        /* With its last digit rounded away it has to be another number. */
        if (digits >= 10) {
            char shorter[64];

            for (uint64_t up = 0; up <= 1; up++) {
                (void)snprintf(shorter, sizeof(shorter), "%s%llue%d", real < 0 ? "-" : "",
                               (unsigned long long)(digits / 10 + up), exponent + 1);
                assert_true(strtod(shorter, NULL) != real);
            }
        }
    }
}

static void assert_written(const char *source, const char *expected)
{
    json_t *json = json_loads(source, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    struct text text = TEXT_INIT;

    assert_non_null(json);
    text_append(&text, ">");
    assert_true(json_write(&text, json));
    assert_string_equal(text_string(&text) + 1, expected);
    text_deinit(&text);
    json_decref(json);
}

static void values_of_every_kind(void **state)
{
    (void)state;
    assert_written("null", "null");
    assert_written(" true", "true");
    assert_written("false", "false");
    assert_written("0", "0");
    assert_written("-9223372036854775808", "-9223372036854775808");
    assert_written("9223372036854775807", "9223372036854775807");
    assert_written("0.30", "0.3");
    assert_written("\"\"", "\"\"");
    assert_written("\"a\\u00e4\\ud83d\\ude00\\/\"", "\"a\xC3\xA4\xF0\x9F\x98\x80/\"");
    assert_written("\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001F\\u0000x\\u007f\"",
                   "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\\u0000x\x7f\"");
    assert_written("[]", "[]");
    assert_written("{ }", "{}");
    assert_written("[1, [2.50, {}], \"x\"]", "[1,[2.5,{}],\"x\"]");
    assert_written("{\"z\": 1, \"a\\n\": {\"b\": [null]}, \"\": 0.1}",
                   "{\"z\":1,\"a\\n\":{\"b\":[null]},\"\":0.1}");
}

static json_t *nested(unsigned depth)
{
    json_t *json = json_array();

    for (unsigned i = 1; i < depth; i++) {
        json_t *outer = json_array();

        (void)json_array_append_new(outer, json);
        json = outer;
    }
    return json;
}

static void depth_is_bounded(void **state)
{
    struct text text = TEXT_INIT;
    json_t *good = nested(JSON_DEPTH_MAX);
    json_t *bad = nested(JSON_DEPTH_MAX + 1);

    (void)state;
    assert_false(json_write(&text, bad));
    assert_string_equal(text_string(&text), "");
    text_append(&text, "before");
    assert_false(json_write(&text, bad));
    assert_string_equal(text_string(&text), "before");
    text_clear(&text);
    assert_true(json_write(&text, good));
    assert_int_equal(text.length, 2 * JSON_DEPTH_MAX);
    text_deinit(&text);
    json_decref(good);
    json_decref(bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reals_are_short),
        cmocka_unit_test(reals_read_back),
        cmocka_unit_test(values_of_every_kind),
        cmocka_unit_test(depth_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
