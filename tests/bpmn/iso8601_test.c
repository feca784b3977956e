/* Dates, durations and repeating intervals: what is read, what is refused, and their arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/iso8601.h"

static int64_t instant(const char *text)
{
    struct error error = {0};
    int64_t us = 0;

    if (iso8601_parse_instant(text, &us, &error) != STATUS_OK)
        fail_msg("%s: %s", text, error.message);
    return us;
}

static void assert_instant(int64_t us, const char *expected)
{
    char text[ISO8601_INSTANT_BYTES];

    assert_string_equal(iso8601_format_instant_us(us, text), expected);
}

static struct iso8601_duration duration_of(const char *text)
{
    struct iso8601_duration duration = {0};
    struct error error = {0};

    if (iso8601_parse_duration(text, &duration, &error) != STATUS_OK)
        fail_msg("%s: %s", text, error.message);
    return duration;
}

static void assert_sum(const char *start, const char *duration, const char *expected)
{
    struct iso8601_duration parsed = duration_of(duration);
    struct error error = {0};
    int64_t us = 0;

    if (iso8601_add(instant(start), &parsed, &us, &error) != STATUS_OK)
        fail_msg("%s + %s: %s", start, duration, error.message);
    assert_instant(us, expected);
}

static void instants_are_read(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"1970-01-01", "1970-01-01T00:00:00.000000Z"},
        {"2026-11-23T11:33", "2026-11-23T11:33:00.000000Z"},
        {"2026-11-23T11:33Z", "2026-11-23T11:33:00.000000Z"},
        {"2026-11-23T11:33:05", "2026-11-23T11:33:05.000000Z"},
        {"2026-11-23T11:33:05Z", "2026-11-23T11:33:05.000000Z"},
        {"2026-11-23T11:33:05.1Z", "2026-11-23T11:33:05.100000Z"},
        {"2026-11-23T11:33:05.123456Z", "2026-11-23T11:33:05.123456Z"},
        {"2026-11-23T11:33:05.1234569999999999999999999Z", "2026-11-23T11:33:05.123456Z"},
        {"2026-11-23T11:33:05,25Z", "2026-11-23T11:33:05.250000Z"},
        {"2026-11-23T11:33:05+01:00", "2026-11-23T10:33:05.000000Z"},
        {"2026-11-23T11:33:05-0530", "2026-11-23T17:03:05.000000Z"},
        {"2026-11-23T11:33:05+02", "2026-11-23T09:33:05.000000Z"},
        {"2026-11-23T11:33+02:00", "2026-11-23T09:33:00.000000Z"},
        {"2026-11-23T11:33:05.5+00:00", "2026-11-23T11:33:05.500000Z"},
        {"2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000000Z"},
        {"2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00.000000Z"},
        {"2026-12-31T24:00:00Z", "2027-01-01T00:00:00.000000Z"},
        {"2024-02-29", "2024-02-29T00:00:00.000000Z"},
        {"2000-02-29", "2000-02-29T00:00:00.000000Z"},
        {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"},
        {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
        {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_instant(instant(cases[i].text), cases[i].expected);
    assert_int_equal(instant("1970-01-01T00:00:00.000001Z"), 1);
    assert_int_equal(instant("1969-12-31T23:59:59Z"), -1000000);
    assert_int_equal(instant("2026-11-23T08:30:00Z"), 1795422600LL * 1000000);
}

static void bad_instants_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        " ",
        "tomorrow",
        "2026",
        "2026-11",
        "20261123",
        "2026-1-1",
        "26-01-01",
        "02026-01-01",
        "-2026-01-01",
        "+2026-01-01",
        "0000-01-01",
        "2026-00-10",
        "2026-13-01",
        "2026-01-00",
        "2026-01-32",
        "2026-04-31",
        "2026-02-29",
        "1900-02-29",
        "2100-02-29",
        "2026-01-01T",
        "2026-01-01Z",
        "2026-01-01 10:00",
        "2026-01-01t10:00",
        "2026-01-01T10",
        "2026-01-01T10:0",
        "2026-01-01T1000",
        "2026-01-01T25:00",
        "2026-01-01T24:00:01",
        "2026-01-01T24:00:00.1",
        "2026-01-01T10:60",
        "2026-01-01T10:00:60",
        "2026-01-01T10:00:",
        "2026-01-01T10:00:00.",
        "2026-01-01T10:00:00.Z",
        "2026-01-01T10:00:00z",
        "2026-01-01T10:00:00ZZ",
        "2026-01-01T10:00:00+",
        "2026-01-01T10:00:00+1",
        "2026-01-01T10:00:00+01:",
        "2026-01-01T10:00:00+01:6",
        "2026-01-01T10:00:00+01:60",
        "2026-01-01T10:00:00+19:00",
        "2026-01-01T10:00:00+01:00Z",
        "2026-01-01T10:00:00 Z",
        "2026-01-01T-1:00:00",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "9999-12-31T24:00:00Z",
        "\xC3\xA4",
        "P1D",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};
        int64_t us = 42;

        if (iso8601_parse_instant(cases[i], &us, &error) != STATUS_INVALID)
            fail_msg("'%s' was not refused", cases[i]);
        assert_int_equal(us, 42);
        assert_non_null(strstr(error.message, "Expected an ISO 8601 date"));
        assert_non_null(strstr(error.message, cases[i]));
    }
}

static void durations_are_read(void **state)
{
    struct iso8601_duration duration = duration_of("P1Y2M3W4DT5H6M7.5S");

    (void)state;
    assert_int_equal(duration.years, 1);
    assert_int_equal(duration.months, 2);
    assert_int_equal(duration.weeks, 3);
    assert_int_equal(duration.days, 4);
    assert_int_equal(duration.time_us, ((5 * 60 + 6) * 60 + 7) * 1000000LL + 500000);
    assert_int_equal(duration_of("PT0.0000019S").time_us, 1);
    assert_int_equal(duration_of("PT1,5S").time_us, 1500000);
    assert_int_equal(duration_of("PT90M").time_us, 5400LL * 1000000);
    assert_int_equal(duration_of("PT3000000M").time_us, 180000000LL * 1000000);
    assert_int_equal(duration_of("P1M").months, 1);
    assert_int_equal(duration_of("P2147483647D").days, INT32_MAX);
    duration = duration_of("P0D");
    assert_true(iso8601_duration_is_zero(&duration));
    duration = duration_of("PT0.0000009S");
    assert_true(iso8601_duration_is_zero(&duration));
    duration = duration_of("PT0.000001S");
    assert_false(iso8601_duration_is_zero(&duration));
}

static void bad_durations_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "P",
        "PT",
        "P1",
        "P1DT",
        "1D",
        "D",
        "PD",
        "P-1D",
        "P+1D",
        "-P1D",
        "+P1D",
        "p1d",
        "P1d",
        "P1H",
        "P1S",
        "PT1D",
        "PT1Y",
        "P1D2D",
        "P1D1M",
        "P1M1Y",
        "PT1S1M",
        "PT1M1M",
        "PT1HT1M",
        "P1.5D",
        "P0.5Y",
        "PT1.5H",
        "PT1.5M",
        "PT1.S",
        "PT.5S",
        "PT1.5",
        "P1D ",
        " P1D",
        "P 1D",
        "P1D/P1D",
        "P2147483648D",
        "P9999999999Y",
        "PT9223372036855S",
        "PT9223372036854H",
        "PT2562047788H1000000M",
        "PT99999999999999999999S",
        "2026-01-01",
        "five days",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct iso8601_duration duration = {.days = 42};
        struct error error = {0};

        if (iso8601_parse_duration(cases[i], &duration, &error) != STATUS_INVALID)
            fail_msg("'%s' was not refused", cases[i]);
        assert_int_equal(duration.days, 42);
        assert_non_null(strstr(error.message, "Expected a"));
        assert_non_null(strstr(error.message, cases[i]));
    }
}

static void long_texts_are_cut_at_a_character_in_errors(void **state)
{
    char text[256];
    struct error error = {0};
    int64_t us;

    (void)state;
    memset(text, 'x', 79);
    (void)strcpy(text + 79, "\xC3\xA4\xC3\xA4");
    assert_int_equal(iso8601_parse_instant(text, &us, &error), STATUS_INVALID);
    text[79] = '\0';
    assert_non_null(strstr(error.message, text));
    assert_null(strchr(error.message, '\xC3'));
}

static void months_are_clamped_and_days_carried(void **state)
{
    (void)state;
    assert_sum("2026-01-31T10:00:00Z", "P1M", "2026-02-28T10:00:00.000000Z");
    assert_sum("2024-01-31T10:00:00Z", "P1M", "2024-02-29T10:00:00.000000Z");
    assert_sum("2026-01-31", "P2M", "2026-03-31T00:00:00.000000Z");
    assert_sum("2026-01-31", "P3M", "2026-04-30T00:00:00.000000Z");
    assert_sum("2024-02-29", "P1Y", "2025-02-28T00:00:00.000000Z");
    assert_sum("2024-02-29", "P4Y", "2028-02-29T00:00:00.000000Z");
    assert_sum("2096-02-29", "P4Y", "2100-02-28T00:00:00.000000Z");
    assert_sum("2026-11-30", "P3M", "2027-02-28T00:00:00.000000Z");
    assert_sum("2026-12-31", "P1M", "2027-01-31T00:00:00.000000Z");
    assert_sum("2026-10-31", "P1Y14M", "2028-12-31T00:00:00.000000Z");
    /* The month is added and clamped first, then the days, then the time. */
    assert_sum("2026-01-31T23:30:00Z", "P1M1DT1H", "2026-03-02T00:30:00.000000Z");
    assert_sum("2026-02-28", "P1D", "2026-03-01T00:00:00.000000Z");
    assert_sum("2024-02-28", "P1D", "2024-02-29T00:00:00.000000Z");
    assert_sum("2026-12-24", "P1W1D", "2027-01-01T00:00:00.000000Z");
    assert_sum("2026-01-01", "PT36H", "2026-01-02T12:00:00.000000Z");
    assert_sum("2026-01-01T00:00:00.9Z", "PT0.2S", "2026-01-01T00:00:01.100000Z");
    assert_sum("1969-12-31T23:59:59.5Z", "PT1S", "1970-01-01T00:00:00.500000Z");
    assert_sum("1960-01-31T01:00:00Z", "P1M", "1960-02-29T01:00:00.000000Z");
    assert_sum("2026-01-01", "P0D", "2026-01-01T00:00:00.000000Z");
    assert_sum("0001-01-01", "P9998Y11M30D", "9999-12-31T00:00:00.000000Z");
}

static void sums_past_the_calendar_are_refused(void **state)
{
    static const struct {
        const char *start;
        const char *duration;
    } cases[] = {
        {"9999-12-31T23:59:59.999999Z", "PT0.000001S"},
        {"9999-12-31", "P1D"},
        {"9999-12-31", "P1M"},
        {"9999-12-31", "P1Y"},
        {"2026-01-01", "P8000Y"},
        {"2026-01-01", "P2147483647Y2147483647M2147483647W2147483647D"},
        {"2026-01-01", "PT9223372036854S"},
        {"9999-01-01", "P2147483647DT9223372036854S"},
    };
    const struct iso8601_duration day = {.days = 1};
    struct error error = {0};
    int64_t us = 42;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct iso8601_duration duration = duration_of(cases[i].duration);

        if (iso8601_add(instant(cases[i].start), &duration, &us, &error) != STATUS_INVALID)
            fail_msg("%s + %s was not refused", cases[i].start, cases[i].duration);
        assert_non_null(strstr(error.message, "9999"));
        assert_int_equal(us, 42);
    }
    assert_int_equal(iso8601_add(INT64_MIN, &day, &us, &error), STATUS_INVALID);
    assert_int_equal(iso8601_add(INT64_MAX, &day, &us, &error), STATUS_INVALID);
    assert_int_equal(us, 42);
}

static void repeats_are_read(void **state)
{
    struct iso8601_repeat repeat;
    struct error error = {0};

    (void)state;
    assert_int_equal(iso8601_parse_repeat("R3/PT10H", &repeat, &error), STATUS_OK);
    assert_int_equal(repeat.count, 3);
    assert_false(repeat.has_start);
    assert_false(repeat.has_end);
    assert_int_equal(repeat.duration.time_us, 36000LL * 1000000);

    assert_int_equal(iso8601_parse_repeat("R/P1M", &repeat, &error), STATUS_OK);
    assert_int_equal(repeat.count, -1);
    assert_int_equal(repeat.duration.months, 1);

    assert_int_equal(iso8601_parse_repeat("R0/P1D", &repeat, &error), STATUS_OK);
    assert_int_equal(repeat.count, 0);

    assert_int_equal(
        iso8601_parse_repeat("R3/2026-01-01T00:00:00Z/PT10H/2027-01-01T00:00:00Z", &repeat, &error),
        STATUS_OK);
    assert_int_equal(repeat.count, 3);
    assert_true(repeat.has_start);
    assert_true(repeat.has_end);
    assert_int_equal(repeat.start_us, instant("2026-01-01"));
    assert_int_equal(repeat.end_us, instant("2027-01-01"));

    assert_int_equal(iso8601_parse_repeat("R/2026-01-01T08:00+01:00/P1D", &repeat, &error),
                     STATUS_OK);
    assert_true(repeat.has_start);
    assert_false(repeat.has_end);
    assert_int_equal(repeat.start_us, instant("2026-01-01T07:00Z"));

    assert_int_equal(iso8601_parse_repeat("R/P1D/2027-01-01", &repeat, &error), STATUS_OK);
    assert_false(repeat.has_start);
    assert_true(repeat.has_end);
    assert_int_equal(repeat.end_us, instant("2027-01-01"));

    assert_int_equal(iso8601_parse_repeat("R5/2026-01-01/2026-01-03", &repeat, &error), STATUS_OK);
    assert_int_equal(repeat.count, 5);
    assert_true(repeat.has_start);
    assert_false(repeat.has_end);
    assert_int_equal(repeat.duration.time_us, 2 * 86400LL * 1000000);
}

static void bad_repeats_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "R",
        "R3",
        "R/",
        "R3/",
        "/PT1H",
        "r3/PT1H",
        "3/PT1H",
        "PT1H",
        "R-1/PT1H",
        "R+1/PT1H",
        "R1.5/PT1H",
        "R1000000001/PT1H",
        "R99999999999999999999/PT1H",
        "Rx/PT1H",
        "R3 /PT1H",
        "R3/PT1H/",
        "R3//PT1H",
        "R3/PT1H/PT1H",
        "R3/-PT1H",
        "R3/PT0S",
        "R3/P0D",
        "R3/2026-01-01",
        "R3/2026-01-01/2026-01-01",
        "R3/2026-01-02/2026-01-01",
        "R3/2026-01-02/PT1H/2026-01-01",
        "R3/2026-01-01/2026-01-02/PT1H",
        "R3/2026-01-01/PT1H/2026-01-02/2026-01-03",
        "R3/2026-01-01/PT1H/PT1H/2026-01-03",
        "R3/2026-02-30/PT1H",
        "R3/PT1H/2026-02-30",
        "R3/PT1X",
    };
    char huge[4096];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct iso8601_repeat repeat = {.count = 42};
        struct error error = {0};

        if (iso8601_parse_repeat(cases[i], &repeat, &error) != STATUS_INVALID)
            fail_msg("'%s' was not refused", cases[i]);
        assert_int_equal(repeat.count, 42);
        assert_non_null(strstr(error.message, "xpected"));
        assert_non_null(strstr(error.message, cases[i]));
    }
    for (size_t i = 0; i < 2; i++) {
        struct iso8601_repeat repeat;
        struct error error = {0};

        memset(huge, i == 0 ? '/' : '1', sizeof(huge));
        huge[0] = 'R';
        huge[sizeof(huge) - 1] = '\0';
        assert_int_equal(iso8601_parse_repeat(huge, &repeat, &error), STATUS_INVALID);
    }
}

/* Each day of some years: formatted, read back, and one day after the last. */
static void every_day_round_trips(void **state)
{
    static const char *const starts[] = {"0001-01-01", "1599-12-01", "1899-12-01", "1968-01-01",
                                         "1999-01-01", "2023-12-01", "9997-12-01"};
    const struct iso8601_duration day = {.days = 1};

    (void)state;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        int64_t us = instant(starts[i]);

        for (int j = 0; j < 760; j++) {
            char text[ISO8601_INSTANT_BYTES];
            struct error error = {0};
            int64_t next = 0;

            assert_int_equal(instant(iso8601_format_instant_us(us, text)), us);
            assert_int_equal(iso8601_add(us, &day, &next, &error), STATUS_OK);
            assert_int_equal(next - us, 86400LL * 1000000);
            us = next;
        }
    }
}

static void milliseconds_are_written_downwards(void **state)
{
    char text[ISO8601_INSTANT_BYTES];

    (void)state;
    assert_string_equal(iso8601_format_instant(instant("2026-11-23T11:33:05.123999Z"), text),
                        "2026-11-23T11:33:05.123Z");
    assert_string_equal(iso8601_format_instant(-1, text), "1969-12-31T23:59:59.999Z");
    assert_string_equal(iso8601_format_instant(0, text), "1970-01-01T00:00:00.000Z");
    /* Out of the range: some text, no overflow. */
    assert_true(strlen(iso8601_format_instant_us(INT64_MIN, text)) < sizeof(text));
    assert_true(strlen(iso8601_format_instant_us(INT64_MAX, text)) < sizeof(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instants_are_read),
        cmocka_unit_test(bad_instants_are_refused),
        cmocka_unit_test(durations_are_read),
        cmocka_unit_test(bad_durations_are_refused),
        cmocka_unit_test(long_texts_are_cut_at_a_character_in_errors),
        cmocka_unit_test(months_are_clamped_and_days_carried),
        cmocka_unit_test(sums_past_the_calendar_are_refused),
        cmocka_unit_test(repeats_are_read),
        cmocka_unit_test(bad_repeats_are_refused),
        cmocka_unit_test(every_day_round_trips),
        cmocka_unit_test(milliseconds_are_written_downwards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
