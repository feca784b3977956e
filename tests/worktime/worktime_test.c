/* The rules of working time one by one, ranges and limits, and that sums over decades are the sums
 * of their days. (Random calendars against counting: brute_force_test.c.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/worktime/calendar_private.h"
#include "bpmn/worktime/civil.h"
#include "tests/worktime/fixture.h"
#include "tests/worktime/world.h"

#define HOUR_US (INT64_C(3600) * CIVIL_SECOND_US)
#define OFFICE                                                                              \
    "'week': {'mon': [['09:00', '17:00']], 'tue': [['09:00', '17:00']], 'wed': [['09:00', " \
    "'17:00']], 'thu': [['09:00', '17:00']], 'fri': [['09:00', '17:00']]}"
#define BERLIN "'timezone': 'Europe/Berlin', "

static int64_t add(const struct calendar *calendar, const char *start, int64_t duration_us)
{
    struct error error = {0};
    int64_t us = 0;

    if (worktime_add(calendar, fixture_instant(start), duration_us, NULL, 0, &us, &error) !=
        STATUS_OK)
        fail_msg("%s", error.message);
    return us;
}

static int64_t subtract(const struct calendar *calendar, const char *start, int64_t duration_us)
{
    struct error error = {0};
    int64_t us = 0;

    if (worktime_subtract(calendar, fixture_instant(start), duration_us, NULL, 0, &us, &error) !=
        STATUS_OK)
        fail_msg("%s", error.message);
    return us;
}

static int64_t between(const struct calendar *calendar, const char *from, const char *to)
{
    struct error error = {0};
    int64_t us = 0;

    if (worktime_between(calendar, fixture_instant(from), fixture_instant(to), NULL, 0, &us,
                         &error) != STATUS_OK)
        fail_msg("%s", error.message);
    return us;
}

/* ---- windows ---- */

static void a_duration_that_fits_ends_at_closing_time(void **state)
{
    const struct calendar *calendar = fixture_calendar("{" BERLIN OFFICE "}");

    (void)state;
    fixture_assert_instant(add(calendar, "2025-06-06T07:00:00Z", 8 * HOUR_US),
                           "2025-06-06T15:00:00Z");
    fixture_assert_instant(add(calendar, "2025-06-06T07:00:00Z", 8 * HOUR_US + 1),
                           "2025-06-09T07:00:00.000001Z");
    fixture_assert_instant(subtract(calendar, "2025-06-09T15:00:00Z", 8 * HOUR_US),
                           "2025-06-09T07:00:00Z");
    fixture_assert_instant(subtract(calendar, "2025-06-09T15:00:00Z", 8 * HOUR_US + 1),
                           "2025-06-06T14:59:59.999999Z");
}

static void nothing_at_all_moves_to_open_time_only(void **state)
{
    const struct calendar *calendar = fixture_calendar("{" BERLIN OFFICE "}");

    (void)state;
    fixture_assert_instant(add(calendar, "2025-06-06T12:34:56.789Z", 0),
                           "2025-06-06T12:34:56.789Z");
    fixture_assert_instant(add(calendar, "2025-06-06T15:00:00Z", 0), "2025-06-09T07:00:00Z");
    fixture_assert_instant(add(calendar, "2025-06-07T12:00:00Z", 0), "2025-06-09T07:00:00Z");
    fixture_assert_instant(subtract(calendar, "2025-06-07T12:00:00Z", 0), "2025-06-06T15:00:00Z");
    fixture_assert_instant(subtract(calendar, "2025-06-06T15:00:00Z", 0), "2025-06-06T15:00:00Z");
    fixture_assert_instant(subtract(calendar, "2025-06-06T07:00:00Z", 0), "2025-06-06T07:00:00Z");
    assert_true(worktime_is_open(calendar, fixture_instant("2025-06-06T07:00:00Z")));
    assert_false(worktime_is_open(calendar, fixture_instant("2025-06-06T15:00:00Z")));
    assert_true(worktime_is_open(calendar, fixture_instant("2025-06-06T14:59:59.999999Z")));
}

static void nights_belong_to_the_date_they_are_in(void **state)
{
    const struct calendar *calendar = fixture_calendar(
        "{" BERLIN "'week': {'fri': [['22:00', '06:00']]}, 'holidays': ['2025-06-14'],"
        " 'shifts': {'2025-06-20': [], '2025-06-27': [['20:00', '02:00']]}}");

    (void)state;
    assert_int_equal(between(calendar, "2025-06-06T12:00:00Z", "2025-06-07T12:00:00Z"),
                     8 * HOUR_US);
    /* Saturday is a holiday. */
    assert_int_equal(between(calendar, "2025-06-13T12:00:00Z", "2025-06-14T12:00:00Z"),
                     2 * HOUR_US);
    /* Friday's shift replaces Friday only. */
    assert_int_equal(between(calendar, "2025-06-20T12:00:00Z", "2025-06-21T12:00:00Z"),
                     6 * HOUR_US);
    /* A shift's night joins what Saturday has. */
    assert_int_equal(between(calendar, "2025-06-27T12:00:00Z", "2025-06-28T12:00:00Z"),
                     10 * HOUR_US);
}

static void holiday_then_shift_then_week_day(void **state)
{
    const struct calendar *calendar = fixture_calendar(
        "{'timezone': 'UTC', " OFFICE
        ", 'shifts': {'2025-06-09': [['10:00', '12:00']], '2025-06-10': [['10:00', '12:00']],"
        " '2025-06-14': [['10:00', '12:00']]}, 'holidays': ['2025-06-10'],"
        " 'annual_holidays': ['06-14'],"
        " 'breaks': {'2025-06-11': [['08:00', '10:00'], ['09:30', '11:00']],"
        "            'thu': [['12:00', '13:00']], '2025-06-09': [['11:00', '11:15']]}}");

    (void)state;
    assert_int_equal(between(calendar, "2025-06-09", "2025-06-10"), 2 * HOUR_US - HOUR_US / 4);
    assert_int_equal(between(calendar, "2025-06-10", "2025-06-11"), 0);
    assert_int_equal(between(calendar, "2025-06-11", "2025-06-12"), 6 * HOUR_US);
    assert_int_equal(between(calendar, "2025-06-12", "2025-06-13"), 7 * HOUR_US);
    assert_int_equal(between(calendar, "2025-06-13", "2025-06-14"), 8 * HOUR_US);
    /* A yearly holiday goes before a shift too. */
    assert_int_equal(between(calendar, "2025-06-14", "2025-06-15"), 0);
}

static void clocks_that_change_count_real_time(void **state)
{
    const struct calendar *always = fixture_calendar(
        "{" BERLIN "'week': {'mon': [['00:00', '24:00']], 'tue': [['00:00', '24:00']], 'wed': "
        "[['00:00', '24:00']], 'thu': [['00:00', '24:00']], 'fri': [['00:00', '24:00']], 'sat': "
        "[['00:00', '24:00']], 'sun': [['00:00', '24:00']]}}");
    const struct calendar *early = fixture_calendar("{" BERLIN "'week': {'sun': [['02:00', "
                                                    "'04:00']]}}");
    const struct calendar *apia = fixture_calendar("{'timezone': 'Pacific/Apia', " OFFICE "}");

    (void)state;
    assert_int_equal(between(always, "1999-12-31", "2101-01-01"),
                     fixture_instant("2101-01-01") - fixture_instant("1999-12-31"));
    assert_int_equal(between(early, "2025-03-30", "2025-03-31"), HOUR_US);
    assert_int_equal(between(early, "2025-10-26", "2025-10-27"), 3 * HOUR_US);
    /* 30 December 2011 did not exist there: Friday is missing. */
    assert_int_equal(between(apia, "2011-12-29T10:00:00Z", "2011-12-31T10:00:00Z"), 8 * HOUR_US);
}

/* ---- pauses ---- */

static void pauses_are_cut_out(void **state)
{
    const struct calendar *calendar = fixture_calendar("{'timezone': 'UTC', " OFFICE "}");
    const struct worktime_pause pauses[] = {
        /* In no order; overlapping; over a night; before the start; empty; at the very end. */
        {fixture_instant("2025-06-03T16:00:00Z"), fixture_instant("2025-06-04T10:00:00Z")},
        {fixture_instant("2025-06-03T10:00:00Z"), fixture_instant("2025-06-03T10:00:30Z")},
        {fixture_instant("2025-06-03T10:00:10Z"), fixture_instant("2025-06-03T10:01:00Z")},
        {fixture_instant("2025-06-01T00:00:00Z"), fixture_instant("2025-06-03T09:30:00Z")},
        {fixture_instant("2025-06-03T12:00:00Z"), fixture_instant("2025-06-03T12:00:00Z")},
        {fixture_instant("2025-06-07T00:00:00Z"), fixture_instant("2025-06-08T00:00:00Z")},
    };
    struct error error = {0};
    int64_t us = 0;

    (void)state;
    assert_int_equal(worktime_between(calendar, fixture_instant("2025-06-03"),
                                      fixture_instant("2025-06-05"), pauses, 6, &us, &error),
                     STATUS_OK);
    assert_int_equal(us, 16 * HOUR_US - HOUR_US / 2 - HOUR_US / 60 - 2 * HOUR_US);
    assert_int_equal(worktime_add(calendar, fixture_instant("2025-06-03T09:00:00Z"), 8 * HOUR_US,
                                  pauses, 6, &us, &error),
                     STATUS_OK);
    fixture_assert_instant(us, "2025-06-04T11:31:00Z");
    assert_int_equal(worktime_subtract(calendar, us, 8 * HOUR_US, pauses, 6, &us, &error),
                     STATUS_OK);
    fixture_assert_instant(us, "2025-06-03T09:30:00Z");
    /* Fits exactly before a pause: ends where the pause begins. */
    assert_int_equal(worktime_add(calendar, fixture_instant("2025-06-03T15:00:00Z"), HOUR_US,
                                  pauses, 1, &us, &error),
                     STATUS_OK);
    fixture_assert_instant(us, "2025-06-03T16:00:00Z");
    /* Nothing at all, in a pause. */
    assert_int_equal(
        worktime_add(calendar, fixture_instant("2025-06-03T16:30:00Z"), 0, pauses, 1, &us, &error),
        STATUS_OK);
    fixture_assert_instant(us, "2025-06-04T10:00:00Z");
    assert_int_equal(worktime_subtract(calendar, fixture_instant("2025-06-03T16:30:00Z"), 0, pauses,
                                       1, &us, &error),
                     STATUS_OK);
    fixture_assert_instant(us, "2025-06-03T16:00:00Z");
}

static void pauses_that_cannot_be_are_refused(void **state)
{
    const struct calendar *calendar = fixture_calendar("{'timezone': 'UTC', " OFFICE "}");
    const struct worktime_pause backwards[] = {{5, 6}, {7, 6}};
    const struct worktime_pause early = {-1, 6};
    const struct worktime_pause absurd = {INT64_MAX, INT64_MIN};
    const struct worktime_pause for_ever = {0, WORKTIME_MAX_US};
    struct error error = {0};
    int64_t us = 0;

    (void)state;
    assert_int_equal(worktime_add(calendar, 0, 1, backwards, 2, &us, &error), STATUS_INVALID);
    assert_string_equal(error.field, "pauses[1]");
    assert_int_equal(worktime_between(calendar, 0, 1, &early, 1, &us, &error), STATUS_INVALID);
    assert_string_equal(error.field, "pauses[0]");
    assert_int_equal(worktime_subtract(calendar, 0, 1, &absurd, 1, &us, &error), STATUS_INVALID);
    assert_int_equal(worktime_add(calendar, 0, 1, &early, WORKTIME_PAUSES_MAX + 1, &us, &error),
                     STATUS_TOO_LARGE);
    assert_int_equal(worktime_add(calendar, 0, 1, &for_ever, 1, &us, &error), STATUS_INVALID);
    assert_string_equal(error.field, "duration");
}

/* ---- business days ---- */

static void assert_days(const struct calendar *calendar, const char *start, int days,
                        const char *expected)
{
    struct error error = {0};
    int64_t us = 0;
    enum status status = days >= 0
                             ? worktime_add_business_days(calendar, fixture_instant(start),
                                                          (uint32_t)days, &us, &error)
                             : worktime_subtract_business_days(calendar, fixture_instant(start),
                                                               (uint32_t)-days, &us, &error);

    assert_int_equal(status, STATUS_OK);
    fixture_assert_instant(us, expected);
}

static void assert_end(const struct calendar *calendar, const char *start, uint32_t days,
                       const char *expected)
{
    struct error error = {0};
    int64_t us = 0;

    assert_int_equal(
        worktime_end_of_business_day(calendar, fixture_instant(start), days, &us, &error),
        STATUS_OK);
    fixture_assert_instant(us, expected);
}

static void business_days_keep_the_time_of_day(void **state)
{
    const struct calendar *calendar =
        fixture_calendar("{" BERLIN OFFICE ", 'holidays': ['2025-06-09']}");
    const struct calendar *early = fixture_calendar(
        "{" BERLIN "'week': {'sat': [['01:00', '06:00']], 'sun': [['01:00', '06:00']]}}");

    (void)state;
    assert_days(calendar, "2025-06-04T10:00:00Z", 1, "2025-06-05T10:00:00Z");
    assert_days(calendar, "2025-06-06T10:00:00Z", 1, "2025-06-10T10:00:00Z");
    assert_days(calendar, "2025-06-07T10:00:00Z", 1, "2025-06-10T10:00:00Z");
    assert_days(calendar, "2025-06-10T10:00:00Z", -1, "2025-06-06T10:00:00Z");
    assert_days(calendar, "2025-06-07T10:00:00Z", -5, "2025-06-02T10:00:00Z");
    /* Over the change of the clocks: the same time on the clock, in the gap an hour later. */
    assert_days(calendar, "2025-03-28T10:00:00Z", 1, "2025-03-31T09:00:00Z");
    assert_days(early, "2025-03-29T01:30:00Z", 1, "2025-03-30T01:30:00Z");
    /* Outside hours: the next, or previous, open moment; closing time stays. */
    assert_days(calendar, "2025-06-04T20:00:00Z", 1, "2025-06-06T07:00:00Z");
    assert_days(calendar, "2025-06-04T04:00:00Z", 1, "2025-06-05T07:00:00Z");
    assert_days(calendar, "2025-06-04T15:00:00Z", 1, "2025-06-05T15:00:00Z");
    assert_days(calendar, "2025-06-05T20:00:00Z", -1, "2025-06-04T15:00:00Z");
    assert_days(calendar, "2025-06-05T04:00:00Z", -1, "2025-06-03T15:00:00Z");
    /* No days at all. */
    assert_days(calendar, "2025-06-04T10:00:00Z", 0, "2025-06-04T10:00:00Z");
    assert_days(calendar, "2025-06-07T10:00:00Z", 0, "2025-06-10T07:00:00Z");
    assert_days(calendar, "2025-06-04T10:00:00Z", 2600, "2035-05-24T10:00:00Z");
    assert_end(calendar, "2025-06-04T10:00:00Z", 0, "2025-06-04T15:00:00Z");
    assert_end(calendar, "2025-06-04T15:00:00Z", 0, "2025-06-04T15:00:00Z");
    assert_end(calendar, "2025-06-04T15:00:00.000001Z", 0, "2025-06-05T15:00:00Z");
    assert_end(calendar, "2025-06-07T10:00:00Z", 0, "2025-06-10T15:00:00Z");
    assert_end(calendar, "2025-06-05T20:00:00Z", 1, "2025-06-06T15:00:00Z");
    assert_end(calendar, "2025-06-06T10:00:00Z", 2, "2025-06-11T15:00:00Z");
}

/* ---- ranges ---- */

static void what_is_out_of_range_is_refused(void **state)
{
    const struct calendar *calendar = fixture_calendar("{'timezone': 'UTC', " OFFICE "}");
    struct worktime_segment segment;
    struct error error = {0};
    int64_t us = 0;
    size_t count = 0;

    (void)state;
    assert_int_equal(worktime_add(calendar, -1, 1, NULL, 0, &us, &error), STATUS_INVALID);
    assert_string_equal(error.field, "start");
    assert_int_equal(worktime_add(calendar, WORKTIME_MAX_US + 1, 1, NULL, 0, &us, &error),
                     STATUS_INVALID);
    assert_int_equal(worktime_add(calendar, 0, -1, NULL, 0, &us, &error), STATUS_INVALID);
    assert_string_equal(error.field, "duration");
    assert_int_equal(worktime_subtract(calendar, 0, -1, NULL, 0, &us, &error), STATUS_INVALID);
    assert_int_equal(worktime_between(calendar, 0, INT64_MAX, NULL, 0, &us, &error),
                     STATUS_INVALID);
    assert_string_equal(error.field, "end");
    assert_int_equal(worktime_add(calendar, 0, INT64_MAX, NULL, 0, &us, &error), STATUS_INVALID);
    assert_string_equal(error.field, "duration");
    assert_int_equal(worktime_subtract(calendar, 0, 1, NULL, 0, &us, &error), STATUS_INVALID);
    assert_int_equal(worktime_add_business_days(calendar, 0, UINT32_MAX, &us, &error),
                     STATUS_INVALID);
    assert_string_equal(error.field, "days");
    assert_int_equal(worktime_subtract_business_days(calendar, 0, 1, &us, &error), STATUS_INVALID);
    assert_int_equal(worktime_end_of_business_day(calendar, 0, UINT32_MAX, &us, &error),
                     STATUS_INVALID);
    assert_int_equal(worktime_next_open(calendar, INT64_MIN, &us, &error), STATUS_INVALID);
    assert_int_equal(worktime_previous_open(calendar, 0, &us, &error), STATUS_INVALID);
    assert_int_equal(worktime_segments(calendar, -1, 5, &segment, 1, &count, &error),
                     STATUS_INVALID);
    assert_false(worktime_is_open(calendar, -1));
    assert_false(worktime_is_open(calendar, INT64_MAX));
    /* The last working second there is. */
    assert_int_equal(subtract(calendar, "9999-12-31T23:59:59Z", CIVIL_SECOND_US),
                     fixture_instant("9999-12-31T16:59:59Z"));
    assert_int_equal(add(calendar, "1970-01-01T00:00:00Z", CIVIL_SECOND_US),
                     fixture_instant("1970-01-01T09:00:01Z"));
}

static void a_calendar_that_never_opens_again_answers_at_once(void **state)
{
    const struct calendar *calendar = fixture_calendar(
        "{" BERLIN "'shifts': {'2025-06-07': [['10:00', '12:00']], '9999-12-31': [['23:00', "
        "'24:00']]}}");
    struct error error = {0};
    int64_t us = 0;

    (void)state;
    fixture_assert_instant(add(calendar, "2025-01-01", 2 * HOUR_US), "2025-06-07T10:00:00Z");
    fixture_assert_instant(add(calendar, "2025-01-01", 2 * HOUR_US + 1),
                           "9999-12-31T22:00:00.000001Z");
    assert_int_equal(worktime_add(calendar, 0, 4 * HOUR_US, NULL, 0, &us, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "not enough working time"));
    assert_int_equal(
        worktime_next_open(calendar, fixture_instant("9999-12-31T23:00:00Z"), &us, &error),
        STATUS_INVALID);
    assert_int_equal(worktime_add_business_days(calendar, 0, 3, &us, &error), STATUS_INVALID);
    assert_int_equal(
        worktime_subtract(calendar, fixture_instant("2025-06-07"), 0, NULL, 0, &us, &error),
        STATUS_INVALID);
}

/* ---- sums ---- */

static const char *const zones[] = {"Europe/Berlin", "America/New_York",  "Australia/Lord_Howe",
                                    "UTC",           "Africa/Casablanca", "Pacific/Apia",
                                    "Asia/Gaza",     "America/Santiago"};

/* The prepared sums are those of the days, everywhere up to the year 10000. */
static void sums_are_those_of_the_days(void **state)
{
    uint64_t seed = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        struct world_calendar made;
        struct arena *arena = arena_new(1 << 24);
        const struct calendar *calendar = NULL;
        struct error error = {0};
        json_t *document;

        world_make_calendar(&seed, zones[i], civil_days(1985 + 40 * (int64_t)i, 6, 1), &made);
        document = world_document(&made);
        assert_int_equal(calendar_read(arena, document, fixture_zones(), &calendar, &error),
                         STATUS_OK);
        for (int stretch = 0; stretch < 6; stretch++) {
            int64_t date = civil_days(stretch < 3 ? 1970 + world_below(&seed, 130)
                                                  : 1970 + world_below(&seed, 8000),
                                      1, 1) +
                           world_below(&seed, 300);
            int64_t open = sums_before(calendar, MEASURE_OPEN_S, date);
            int64_t days = sums_before(calendar, MEASURE_DAYS, date);

            for (int n = 0; n < 500; n++, date++) {
                struct day day;
                int64_t found;
                int64_t rest;

                day_open(calendar, date, &day);
                assert_int_equal(sums_before(calendar, MEASURE_OPEN_S, date), open);
                assert_int_equal(sums_before(calendar, MEASURE_DAYS, date), days);
                if (day.count > 0) {
                    assert_true(sums_find(calendar, MEASURE_DAYS, days, &found, &rest));
                    assert_int_equal(found, date);
                    assert_true(sums_find(calendar, MEASURE_OPEN_S, open, &found, &rest));
                    assert_int_equal(found, date);
                    assert_int_equal(rest, 0);
                }
                for (uint32_t s = 0; s < day.count; s++)
                    open += day.segments[s].to_s - day.segments[s].from_s;
                days += day.count > 0 ? 1 : 0;
            }
        }
        json_decref(document);
        arena_free(arena);
    }
}

/* between() takes back what add() gave, over any distance. */
static void what_was_added_is_between(void **state)
{
    const struct calendar *calendar = fixture_calendar(
        "{" BERLIN OFFICE ", 'annual_holidays': ['01-01', '12-25'], 'holidays': ['2025-06-09']}");
    uint64_t seed = 11;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        int64_t start_us = (int64_t)(world_random(&seed) % (uint64_t)WORKTIME_MAX_US);
        int64_t duration_us = 1 + (int64_t)(world_random(&seed) % (uint64_t)(200000 * HOUR_US));
        struct error error = {0};
        int64_t end_us = 0;
        int64_t back_us = 0;

        if (worktime_add(calendar, start_us, duration_us, NULL, 0, &end_us, &error) != STATUS_OK)
            continue;
        assert_int_equal(worktime_between(calendar, start_us, end_us, NULL, 0, &back_us, &error),
                         STATUS_OK);
        assert_int_equal(back_us, duration_us);
        assert_int_equal(
            worktime_subtract(calendar, end_us, duration_us, NULL, 0, &back_us, &error), STATUS_OK);
        assert_int_equal(worktime_between(calendar, back_us, end_us, NULL, 0, &back_us, &error),
                         STATUS_OK);
        assert_int_equal(back_us, duration_us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_duration_that_fits_ends_at_closing_time),
        cmocka_unit_test(nothing_at_all_moves_to_open_time_only),
        cmocka_unit_test(nights_belong_to_the_date_they_are_in),
        cmocka_unit_test(holiday_then_shift_then_week_day),
        cmocka_unit_test(clocks_that_change_count_real_time),
        cmocka_unit_test(pauses_are_cut_out),
        cmocka_unit_test(pauses_that_cannot_be_are_refused),
        cmocka_unit_test(business_days_keep_the_time_of_day),
        cmocka_unit_test(what_is_out_of_range_is_refused),
        cmocka_unit_test(a_calendar_that_never_opens_again_answers_at_once),
        cmocka_unit_test(sums_are_those_of_the_days),
        cmocka_unit_test(what_was_added_is_between),
    };

    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
