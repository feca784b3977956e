/* Calendar documents: what is refused and where, the canonical form, holidays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/worktime/civil.h"
#include "tests/worktime/fixture.h"

#define WEEK "'week': {'mon': [['09:00', '17:00']]}"

static void wrong_documents_are_refused_at_the_field(void **state)
{
    static const struct {
        const char *document;
        const char *field;
        const char *part; /* of the reason */
    } cases[] = {
        {"['x']", "", "a calendar, a JSON object"},
        {"{" WEEK "}", "timezone", "has none"},
        {"{'timezone': 5, " WEEK "}", "timezone", "but found 5"},
        {"{'timezone': 'Europe/Nowhere', " WEEK "}", "timezone", "'Europe/Nowhere'"},
        {"{'timezone': '../../etc/passwd', " WEEK "}", "timezone", "letters, digits"},
        {"{'timezone': 'UTC', 'colour': 1, " WEEK "}", "colour", "found 'colour'"},
        {"{'timezone': 'UTC', 'version': 0, " WEEK "}", "version", "from 1 on"},
        {"{'timezone': 'UTC', 'version': '2', " WEEK "}", "version", "but found \"2\""},
        {"{'timezone': 'UTC', 'name': 7, " WEEK "}", "name", "a text"},
        {"{'timezone': 'UTC'}", "week", "nothing ever is"},
        {"{'timezone': 'UTC', 'week': {}}", "week", "nothing ever is"},
        {"{'timezone': 'UTC', 'week': []}", "week", "the days mon to sun"},
        {"{'timezone': 'UTC', 'week': {'monday': []}}", "week.monday", "mon, tue"},
        {"{'timezone': 'UTC', 'week': {'mon': '9-5'}}", "week.mon", "a list of windows"},
        {"{'timezone': 'UTC', 'week': {'mon': [['09:00', '17:00'], '9']}}", "week.mon[1]",
         "a window such as"},
        {"{'timezone': 'UTC', 'week': {'mon': [['09:00']]}}", "week.mon[0]", "a window such as"},
        {"{'timezone': 'UTC', 'week': {'mon': [['09:00', '17:00', '18:00']]}}", "week.mon[0]",
         "a window such as"},
        {"{'timezone': 'UTC', 'week': {'mon': [['9:00', '17:00']]}}", "week.mon[0]", "a time"},
        {"{'timezone': 'UTC', 'week': {'mon': [['09:00', '24:01']]}}", "week.mon[0]", "\"24:01\""},
        {"{'timezone': 'UTC', 'week': {'mon': [['09:60', '17:00']]}}", "week.mon[0]", "\"09:60\""},
        {"{'timezone': 'UTC', 'week': {'mon': [['09:00', '09:00']]}}", "week.mon[0]", "is empty"},
        {"{'timezone': 'UTC', 'week': {'mon': [['00:00', '00:00']]}}", "week.mon[0]",
         "00:00 to 24:00"},
        {"{'timezone': 'UTC', 'week': {'mon': [['24:00', '08:00']]}}", "week.mon[0]", "is empty"},
        {"{'timezone': 'UTC', 'week': {'mon': [['09:00', '12:00'], ['11:00', '13:00']]}}",
         "week.mon[1]", "11:00 to 13:00"},
        {"{'timezone': 'UTC', 'week': {'mon': [['22:00', '06:00']], 'tue': [['05:00', '09:00']]}}",
         "week.tue[0]", "05:00 to 09:00"},
        {"{'timezone': 'UTC', 'week': {'sun': [['22:00', '06:00']], 'mon': [['05:00', '09:00']]}}",
         "week.sun[0]", "00:00 to 06:00"},
        {"{'timezone': 'UTC', 'week': {'mon': [{'from': '09:00', 'to': '17:00', 'x': 1}]}}",
         "week.mon[0].x", "from, to, name"},
        {"{'timezone': 'UTC', 'shifts': [1]}", "shifts", "an object from dates"},
        {"{'timezone': 'UTC', 'shifts': {'2025-02-30': [['09:00', '12:00']]}}", "shifts", "a date"},
        {"{'timezone': 'UTC', 'shifts': {'1969-12-31': [['09:00', '12:00']]}}", "shifts",
         "1970 to 9999"},
        {"{'timezone': 'UTC', 'shifts': {'10000-01-01': [['09:00', '12:00']]}}", "shifts",
         "a date"},
        {"{'timezone': 'UTC', 'shifts': {'2025-01-01': [['09:00', '12:00'], ['10:00', '11:00']]}}",
         "shifts.2025-01-01[1]", "10:00 to 11:00"},
        {"{'timezone': 'UTC', 'overrides': {'2025-01-01': 5}}", "overrides.2025-01-01", "a list"},
        {"{'timezone': 'UTC', 'shifts': {}, 'overrides': {}, " WEEK "}", "overrides", "found both"},
        {"{'timezone': 'UTC', 'breaks': {'friday': []}, " WEEK "}", "breaks", "a date"},
        {"{'timezone': 'UTC', 'breaks': {'2025-01-01': [['12:00', '12:00']]}, " WEEK "}",
         "breaks.2025-01-01[0]", "is empty"},
        {"{'timezone': 'UTC', 'breaks': {'mon': [['09:00', '17:00']]}, " WEEK "}", "week",
         "breaks cover all"},
        {"{'timezone': 'UTC', 'holidays': {}, " WEEK "}", "holidays", "a list of dates"},
        {"{'timezone': 'UTC', 'holidays': ['2025-13-01'], " WEEK "}", "holidays[0]", "a date"},
        {"{'timezone': 'UTC', 'holidays': ['2025-01-01', 5], " WEEK "}", "holidays[1]", "found 5"},
        {"{'timezone': 'UTC', 'holidays': [{'name': 'x'}], " WEEK "}", "holidays[0]", "has none"},
        {"{'timezone': 'UTC', 'holidays': [{'date': '2025-01-01', 'when': 1}], " WEEK "}",
         "holidays[0].when", "date, to"},
        {"{'timezone': 'UTC', 'holidays': [{'date': '2025-01-02', 'to': '2025-01-01'}], " WEEK "}",
         "holidays[0]", "before '2025-01-02'"},
        {"{'timezone': 'UTC', 'holidays': [{'date': '1970-01-01', 'to': '9999-12-31'}], " WEEK "}",
         "holidays[0]", "at most 20000"},
        {"{'timezone': 'UTC', 'holidays': [{'date': '2025-01-02', 'enabled': 1}], " WEEK "}",
         "holidays[0].enabled", "true or false"},
        {"{'timezone': 'UTC', 'annual_holidays': ['02-30'], " WEEK "}", "annual_holidays[0]",
         "a month and day"},
        {"{'timezone': 'UTC', 'annual_holidays': ['2025-01-01'], " WEEK "}", "annual_holidays[0]",
         "a month and day"},
        {"{'timezone': 'UTC', 'shifts': {'2025-01-01': [['09:00', '12:00']]}, 'holidays': "
         "['2025-01-01']}",
         "week", "nothing ever is"},
        {"{'timezone': 'Pacific/Apia', 'shifts': {'2011-12-30': [['09:00', '12:00']]}}", "week",
         "nothing ever is"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};

        if (fixture_read(cases[i].document, &error) == STATUS_OK)
            fail_msg("%s: was read", cases[i].document);
        if (strcmp(error.field, cases[i].field) != 0 ||
            strstr(error.message, cases[i].part) == NULL)
            fail_msg("%s: %s: %s", cases[i].document, error.field, error.message);
    }
}

/* Refused at once, whatever the numbers. */
static void too_much_is_refused(void **state)
{
    json_t *document = fixture_json("{'timezone': 'UTC', 'week': {'mon': []}, 'holidays': []}");
    json_t *windows = json_object_get(json_object_get(document, "week"), "mon");
    struct arena *arena = arena_new(1 << 26);
    const struct calendar *calendar;
    struct error error = {0};
    char from[16];
    char to[16];

    (void)state;
    for (int i = 0; i <= CALENDAR_WINDOWS_MAX; i++) {
        (void)snprintf(from, sizeof(from), "%02d:%02d:00", i / 6 % 24, i % 6 * 10);
        (void)snprintf(to, sizeof(to), "%02d:%02d:30", i / 6 % 24, i % 6 * 10);
        (void)json_array_append_new(windows, json_pack("[s, s]", from, to));
    }
    assert_int_equal(calendar_read(arena, document, fixture_zones(), &calendar, &error),
                     STATUS_TOO_LARGE);
    assert_string_equal(error.field, "week.mon[96]");
    (void)json_array_remove(windows, CALENDAR_WINDOWS_MAX);
    assert_int_equal(calendar_read(arena, document, fixture_zones(), &calendar, &error), STATUS_OK);
    for (int i = 0; i <= CALENDAR_HOLIDAYS_MAX; i++)
        (void)json_array_append_new(json_object_get(document, "holidays"),
                                    json_string("2025-01-01"));
    assert_int_equal(calendar_read(arena, document, fixture_zones(), &calendar, &error),
                     STATUS_TOO_LARGE);
    assert_string_equal(error.field, "holidays");
    json_decref(document);
    arena_free(arena);
}

static void the_canonical_form_is_one(void **state)
{
    const struct calendar *calendar = fixture_calendar(
        "{'overrides': {'2026-12-31': [], '2026-12-24': [{'from': '08:00:00', 'to': '12:00'}]},"
        " 'holidays': ['2026-05-01', {'source': 'feed', 'date': '2026-01-06', 'name': 'Epiphany',"
        "              'uid': 'u1', 'enabled': false}, {'date': '2026-01-01'}],"
        " 'annual_holidays': ['12-25', {'date': '01-01', 'name': 'New Year'}],"
        " 'breaks': {'2026-03-02': [['10:00', '11:00']], 'wed': [['12:00', '12:30']],"
        "            '2026-03-01': [{'from': '10:00', 'to': '11:00', 'name': 'Drill'}]},"
        " 'week': {'fri': [['22:00', '06:00']], 'mon': [['18:00', '00:00']], 'sun': []},"
        " 'timezone': 'Europe/Vienna', 'name': 'Office', 'version': 3, 'description': 'd'}");
    json_t *expected = fixture_json(
        "{'name': 'Office', 'version': 3, 'description': 'd', 'timezone': 'Europe/Vienna',"
        " 'week': {'mon': [['18:00', '24:00']], 'fri': [['22:00', '06:00']]},"
        " 'shifts': {'2026-12-24': [['08:00', '12:00']], '2026-12-31': []},"
        " 'breaks': {'wed': [['12:00', '12:30']],"
        "            '2026-03-01': [{'from': '10:00', 'to': '11:00', 'name': 'Drill'}],"
        "            '2026-03-02': [['10:00', '11:00']]},"
        " 'holidays': ['2026-01-01', {'date': '2026-01-06', 'name': 'Epiphany', 'source': 'feed',"
        "              'uid': 'u1', 'enabled': false}, '2026-05-01'],"
        " 'annual_holidays': [{'date': '01-01', 'name': 'New Year'}, '12-25']}");
    json_t *written = calendar_write(calendar);
    char *text = json_dumps(written, JSON_COMPACT);
    char *expected_text = json_dumps(expected, JSON_COMPACT);
    struct arena *arena = arena_new(1 << 24);
    const struct calendar *again = NULL;
    struct error error = {0};
    json_t *written_again;

    (void)state;
    /* As texts, so that the order of members counts. */
    assert_string_equal(text, expected_text);
    assert_int_equal(calendar_read(arena, written, fixture_zones(), &again, &error), STATUS_OK);
    written_again = calendar_write(again);
    assert_true(json_equal(written, written_again));
    assert_string_equal(calendar_name(again), "Office");
    assert_int_equal(calendar_version(again), 3);
    assert_string_equal(zone_name(calendar_zone(again)), "Europe/Vienna");
    json_decref(written_again);
    json_decref(written);
    json_decref(expected);
    free(text);
    free(expected_text);
    arena_free(arena);
}

static int64_t day(const char *date)
{
    int64_t days = 0;

    assert_true(civil_parse_date(date, &days));
    return days;
}

static void holidays_have_names_and_sources(void **state)
{
    const struct calendar *calendar = fixture_calendar(
        "{'timezone': 'UTC', " WEEK ", 'annual_holidays': [{'date': '12-25', 'name': 'Christmas'},"
        " {'date': '02-29', 'name': 'Leap day'}, {'date': '05-01', 'enabled': false}],"
        " 'holidays': [{'date': '2026-12-24', 'to': '2026-12-26', 'name': 'Closed',"
        " 'source': 'office'}, {'date': '2026-12-24', 'name': 'second'},"
        " {'date': '2026-06-01', 'name': 'Off', 'enabled': false}]}");
    struct calendar_holiday holiday = {0};

    (void)state;
    assert_true(calendar_is_holiday(calendar, day("2026-12-24"), &holiday));
    assert_string_equal(holiday.name, "Closed");
    assert_string_equal(holiday.source, "office");
    assert_false(holiday.annual);
    assert_true(calendar_is_holiday(calendar, day("2026-12-26"), &holiday));
    assert_false(calendar_is_holiday(calendar, day("2026-12-27"), NULL));
    assert_true(calendar_is_holiday(calendar, day("2027-12-25"), &holiday));
    assert_string_equal(holiday.name, "Christmas");
    assert_string_equal(holiday.source, "");
    assert_true(holiday.annual);
    assert_true(calendar_is_holiday(calendar, day("2028-02-29"), &holiday));
    assert_false(calendar_is_holiday(calendar, day("2027-03-01"), NULL));
    /* Switched off. */
    assert_false(calendar_is_holiday(calendar, day("2026-06-01"), NULL));
    assert_false(calendar_is_holiday(calendar, day("2026-05-01"), NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_documents_are_refused_at_the_field),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(the_canonical_form_is_one),
        cmocka_unit_test(holidays_have_names_and_sources),
    };

    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
