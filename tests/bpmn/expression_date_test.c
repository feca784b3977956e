/* JUEL expressions: dates are ISO 8601 texts, and the only clock is the scope's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/bpmn/expression_fixture.h"

static int setup_clock(void **state)
{
    struct fixture *fixture;
    int failed = setup(state);

    fixture = *state;
    fixture->scope.now_us =
        INT64_C(1795608000123456); /* 2026-11-25T12:00:00.123456Z, a Wednesday */
    (void)json_object_set_new(fixture->variables, "due", json_string("2026-11-25T14:00:00+01:00"));
    (void)json_object_set_new(fixture->variables, "day", json_string("2028-02-29"));
    (void)json_object_set_new(fixture->variables, "millis", json_integer(1795608000123));
    return failed;
}

static void the_clock(void **state)
{
    static const struct expected cases[] = {
        {"now()", "\"2026-11-25T12:00:00.123Z\""},
        {"date:now()", "\"2026-11-25T12:00:00.123Z\""},
        {"dateTime()", "\"2026-11-25T12:00:00.123Z\""},
        {"today()", "\"2026-11-25\""},
        {"date:today()", "\"2026-11-25\""},
        {"now().toLocalDate() == today()", "true"},
        {"date:format(now())", "\"2026-11-25T12:00:00.123Z\""},
        {"date:format(millis)", "\"2026-11-25T12:00:00.123Z\""},
        {"now().getTime()", "1795608000123"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
}

static void adding(void **state)
{
    static const struct expected cases[] = {
        {"now().plusDays(2)", "\"2026-11-27T12:00:00.123Z\""},
        {"now().minusDays(25)", "\"2026-10-31T12:00:00.123Z\""},
        {"now().plusHours(12)", "\"2026-11-26T00:00:00.123Z\""},
        {"now().plusMinutes(-1).plusSeconds(30)", "\"2026-11-25T11:59:30.123Z\""},
        {"now().plusWeeks(n)", "\"2026-12-09T12:00:00.123Z\""},
        {"today().plusDays(7)", "\"2026-12-02\""},
        {"today().plusHours(7)", "\"2026-11-25T07:00:00.000Z\""},
        {"day.plusYears(1)", "\"2029-02-28\""},
        {"day.minusMonths(12)", "\"2027-02-28\""},
        {"day.plusMonths(1)", "\"2028-03-29\""},
        {"'2026-01-31'.plusMonths(1)", "\"2026-02-28\""},
        {"'2026-01-15T10:00:00Z'.minusMonths(1)", "\"2025-12-15T10:00:00.000Z\""},
        {"due.plus('PT4H')", "\"2026-11-25T17:00:00.000Z\""},
        {"due.minus('P1DT13H')", "\"2026-11-24T00:00:00.000Z\""},
        {"day.plus('P1M')", "\"2028-03-29\""},
        {"day.minus('P1Y')", "\"2027-02-28\""},
        {"date:addDuration(due, 'PT4H')", "\"2026-11-25T17:00:00.000Z\""},
        {"date:subtractDuration(today(), 'P1W')", "\"2026-11-18\""},
        {"date:plusDays(millis, 1)", "\"2026-11-26T12:00:00.123Z\""},
    };
    static const struct expected failures[] = {
        {"'9999-12-31'.plusDays(1)", "in the years 1 to 9999"},
        {"'0001-01-01'.minusMonths(1)", "in the years 1 to 9999"},
        {"now().plusDays(big)", "in the years 1 to 9999"},
        {"now().minusMonths(smallest)", "in the years 1 to 9999"},
        {"now().plusYears(1000000000)", "in the years 1 to 9999"},
        {"now().plus('4 hours')", "a duration such as PT4H or P2D as argument of 'plus'"},
        {"now().plusDays('2')", "whole number as argument 1 of 'plusDays' but found a text"},
        {"test.plusDays(1)", "Expected a date such as 2026-11-23"},
        {"'2026-02-30'.plusDays(1)", "found the text '2026-02-30'"},
        {"date:format(yes)", "Expected a date such as 2026-11-23T10:00:00Z but found a Boolean"},
        {"date:format(big)", "Expected a date"},
        {"now().plusDays()", "found 'plusDays' with 0 arguments"},
        {"n.plusDays(1)", "Expected a method of a whole number but found 'plusDays'"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(*state, failures, sizeof(failures) / sizeof(failures[0]));
}

static void comparing(void **state)
{
    static const struct expected cases[] = {
        {"now() < due", "true"}, /* 12:00:00.123Z and 13:00Z */
        {"due > now().plusHours(1)", "false"},
        {"due == '2026-11-25T13:00:00.000Z'", "true"},
        {"due != '2026-11-25T13:00Z'", "false"},
        {"due.equals('2026-11-25T13:00:00Z')", "false"}, /* equals compares texts */
        {"day > today()", "true"},
        {"'2026-11-25' == '2026-11-25T00:00:00Z'", "true"},
        {"'2026-11-25T10:00:00Z' < '2026-11-25T10:00:00.5Z'", "true"},
        {"'2026-02-30' < '2026-02-31'", "true"}, /* no dates: texts */
        {"'2026-11-25 x' < '2026-11-25 y'", "true"},
        {"due.isAfter(now())", "true"},
        {"due.isBefore(now())", "false"},
        {"due.isEqual('2026-11-25T13:00:00Z')", "true"},
        {"date:secondsBetween(now(), now().plusMinutes(2))", "120"},
        {"date:daysBetween(today(), '2026-12-25')", "30"},
        {"date:hoursBetween(day, today()) < 0", "true"},
        {"due.minutesBetween('2026-11-25T13:01:59Z')", "1"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
}

static void fields_and_formats(void **state)
{
    static const struct expected cases[] = {
        {"now().getYear()", "2026"},
        {"now().getMonthValue()", "11"},
        {"now().getDayOfMonth()", "25"},
        {"now().getHour()", "12"},
        {"due.getMinute()", "0"},
        {"now().getSecond()", "0"},
        {"now().getDayOfWeek()", "\"WEDNESDAY\""},
        {"'1969-12-31'.getDayOfWeek()", "\"WEDNESDAY\""},
        {"'1970-01-01'.getDayOfWeek()", "\"THURSDAY\""},
        {"now().format('dd.MM.yyyy HH:mm:ss.SSS')", "\"25.11.2026 12:00:00.123\""},
        {"date:format(day, 'd.M.yy')", "\"29.2.28\""},
        {"date:format(day, \"yyyy-MM-dd'T'HH''mm\")", "\"2028-02-29T00'00\""},
        {"due.toInstant()", "\"2026-11-25T13:00:00.000Z\""},
        {"day.toInstant()", "\"2028-02-29T00:00:00.000Z\""},
    };
    static const struct expected failures[] = {
        {"now().format('EEEE')", "Expected a date pattern of yyyy"},
        {"now().format('ddd')", "but found 'ddd'"},
        {"now().format(nothing)", "argument of 'format' but found null"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(*state, failures, sizeof(failures) / sizeof(failures[0]));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup_clock, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_clock),
        TEST(adding),
        TEST(comparing),
        TEST(fields_and_formats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
