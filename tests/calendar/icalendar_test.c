/* iCalendar feeds: what becomes of events, recurrences and availability; importing twice; what is
 * refused, and how fast; holidays exported. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/worktime/civil.h"
#include "engine/calendar/calendar_import.h"
#include "engine/calendar/icalendar.h"
#include "tests/worktime/fixture.h"

static int64_t day(const char *date)
{
    int64_t days = 0;

    assert_true(civil_parse_date(date, &days));
    return days;
}

/* A file of these components, lines ended by '\n' or "\r\n" alike. */
static char *file_of(const char *components)
{
    size_t size = strlen(components) + 100;
    char *text = malloc(size);

    (void)snprintf(text, size,
                   "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//t//t//EN\n%sEND:VCALENDAR\n",
                   components);
    return text;
}

static enum status read_file(const char *components, json_t **ret_entries, struct error *error)
{
    struct icalendar_request request = {.source = "feed",
                                        .zone = fixture_zone("Europe/Vienna"),
                                        .zones = fixture_zones(),
                                        .from_day = day("2025-01-01"),
                                        .to_day = day("2027-12-31")};
    char *text = file_of(components);
    enum status status = icalendar_read(text, strlen(text), &request, ret_entries, error);

    free(text);
    return status;
}

static json_t *entries_of(const char *components)
{
    struct error error = {0};
    json_t *entries = NULL;

    if (read_file(components, &entries, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    return entries;
}

/* Each entry as a short text: kind, when, name, UID. */
static void assert_entries(const char *components, const char *expected)
{
    static char text[65536];
    json_t *entries = entries_of(components);
    const json_t *entry;
    size_t length = 0;
    size_t i;

    text[0] = '\0';
    json_array_foreach (entries, i, entry) {
        static const char *const members[] = {"kind", "date", "day", "from", "to", "name", "uid"};

        assert_string_equal(json_string_value(json_object_get(entry, "source")), "feed");
        for (size_t m = 0; m < sizeof(members) / sizeof(members[0]); m++) {
            const char *value = json_string_value(json_object_get(entry, members[m]));

            if (value != NULL)
                length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s",
                                           m == 0 ? "" : " ", value);
        }
        if (json_object_get(entry, "windows") != NULL) {
            const json_t *window;
            size_t w;

            json_array_foreach (json_object_get(entry, "windows"), w, window) {
                length += (size_t)snprintf(text + length, sizeof(text) - length, " %s-%s",
                                           json_string_value(json_object_get(window, "from")),
                                           json_string_value(json_object_get(window, "to")));
            }
        }
        length += (size_t)snprintf(text + length, sizeof(text) - length, "\n");
    }
    json_decref(entries);
    assert_string_equal(text, expected);
}

#define EVENT(body) "BEGIN:VEVENT\nDTSTAMP:20250101T000000Z\n" body "\nEND:VEVENT\n"

/* ---- events ---- */

static void events_of_whole_days_are_holidays(void **state)
{
    (void)state;
    assert_entries(EVENT("UID:a\nDTSTART;VALUE=DATE:20261208\nSUMMARY:Feast\\, of\n  all")
                       EVENT("UID:b\nDTSTART;VALUE=DATE:20260803\nDTEND;VALUE=DATE:20260815")
                           EVENT("UID:c\nDTSTART;VALUE=DATE:20260601\nDURATION:P2D") EVENT(
                               "UID:d\nDTSTART;VALUE=DATE:20260901\nDTEND;VALUE=DATE:20260901")
                               EVENT("UID:before\nDTSTART;VALUE=DATE:20241231")
                                   EVENT("UID:after\nDTSTART;VALUE=DATE:20280101")
                                       EVENT("UID:gone\nDTSTART;VALUE=DATE:20260707\n"
                                             "STATUS:CANCELLED"),
                   "holiday 2026-06-01 2026-06-02 c\n"
                   "holiday 2026-08-03 2026-08-14 b\n"
                   "holiday 2026-09-01 d\n"
                   "holiday 2026-12-08 Feast, of all a\n");
}

static void events_with_times_are_breaks_in_the_calendars_zone(void **state)
{
    (void)state;
    assert_entries(
        EVENT("UID:a\nDTSTART:20260302T090000Z\nDTEND:20260302T100000Z")
            EVENT("UID:b\nDTSTART;TZID=America/New_York:20260303T040000\nDURATION:PT90M")
                EVENT("UID:c\nDTSTART:20260304T080000\nDTEND:20260304T090000")
                    EVENT("UID:d\nDTSTART:20260305T220000Z\nDTEND:20260307T030000Z")
                        EVENT("UID:free\nDTSTART:20260308T090000Z\nDTEND:20260308T100000Z\n"
                              "TRANSP:TRANSPARENT") EVENT("UID:moment\nDTSTART:20260309T090000Z")
                            EVENT("UID:e\nDTSTART;TZID=/example.org/Europe/"
                                  "London:20260310T090000\nDURATION:PT1H"),
        "break 2026-03-02 10:00 11:00 a\n"
        "break 2026-03-03 10:00 11:30 b\n"
        "break 2026-03-04 08:00 09:00 c\n"
        "break 2026-03-05 23:00 24:00 d\n"
        "break 2026-03-06 00:00 24:00 d\n"
        "break 2026-03-07 00:00 04:00 d\n"
        "break 2026-03-10 10:00 11:00 e\n");
}

static void a_zone_may_be_described_by_the_file(void **state)
{
    (void)state;
    assert_entries("BEGIN:VTIMEZONE\nTZID:Own Time\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
                   "TZOFFSETFROM:+0300\nTZOFFSETTO:+0300\nEND:STANDARD\nEND:VTIMEZONE\n" EVENT(
                       "UID:a\nDTSTART;TZID=Own Time:20260302T120000\nDURATION:PT1H"),
                   "break 2026-03-02 10:00 11:00 a\n");
}

/* ---- recurrences ---- */

static void recurrences_are_written_out(void **state)
{
    (void)state;
    assert_entries(EVENT("UID:y\nDTSTART;VALUE=DATE:19901225\nRRULE:FREQ=YEARLY\nSUMMARY:X"),
                   "holiday 2025-12-25 X y#20251225\nholiday 2026-12-25 X y#20261225\n"
                   "holiday 2027-12-25 X y#20271225\n");
    /* Thanksgiving, with one left out, one moved, one called off, one more. */
    assert_entries(
        EVENT("UID:t\nDTSTART;VALUE=DATE:20201126\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH\n"
              "EXDATE;VALUE=DATE:20251127\nRDATE;VALUE=DATE:20260101,20260102")
            EVENT("UID:t\nRECURRENCE-ID;VALUE=DATE:20261126\nDTSTART;VALUE=DATE:20261127\n"
                  "SUMMARY:Moved")
                EVENT("UID:t\nRECURRENCE-ID;VALUE=DATE:20260102\nDTSTART;VALUE=DATE:20260102\n"
                      "STATUS:CANCELLED"),
        "holiday 2026-01-01 t#20260101\n"
        "holiday 2026-11-27 Moved t#20261126\n"
        "holiday 2027-11-25 t#20271125\n");
    /* On the event's own clock: an hour earlier in Vienna while only New York has changed. */
    assert_entries(EVENT("UID:w\nDTSTART;TZID=America/New_York:20260302T040000\nDTEND;TZID=America/"
                         "New_York:20260302T050000\nRRULE:FREQ=WEEKLY;UNTIL=20260323T080000Z\n"
                         "EXDATE;TZID=America/New_York:20260316T040000"),
                   "break 2026-03-02 10:00 11:00 w#20260302T090000Z\n"
                   "break 2026-03-09 09:00 10:00 w#20260309T080000Z\n"
                   "break 2026-03-23 09:00 10:00 w#20260323T080000Z\n");
    assert_entries(
        EVENT("UID:p\nDTSTART:20260302T090000Z\nDTEND:20260302T100000Z\n"
              "RDATE;VALUE=PERIOD:20260303T090000Z/20260303T120000Z,20260304T090000Z/PT30M"),
        "break 2026-03-02 10:00 11:00 p#20260302T090000Z\n"
        "break 2026-03-03 10:00 13:00 p#20260303T090000Z\n"
        "break 2026-03-04 10:00 10:30 p#20260304T090000Z\n");
}

static void of_two_with_one_uid_the_newest_counts(void **state)
{
    (void)state;
    assert_entries(EVENT("UID:a\nSEQUENCE:1\nDTSTART;VALUE=DATE:20260101\nSUMMARY:Old")
                       EVENT("UID:a\nSEQUENCE:3\nDTSTART;VALUE=DATE:20260103\nSUMMARY:New")
                           EVENT("UID:a\nSEQUENCE:2\nDTSTART;VALUE=DATE:20260102\nSUMMARY:Older"),
                   "holiday 2026-01-03 New a\n");
}

/* ---- availability ---- */

#define AVAILABLE(body) "BEGIN:AVAILABLE\nDTSTAMP:20250101T000000Z\n" body "\nEND:AVAILABLE\n"
#define AVAILABILITY(body) \
    "BEGIN:VAVAILABILITY\nUID:v\nDTSTAMP:20250101T000000Z\n" body "END:VAVAILABILITY\n"

static void availability_without_limits_is_the_week(void **state)
{
    (void)state;
    assert_entries(
        AVAILABILITY(AVAILABLE("UID:m\nDTSTART;TZID=Europe/Vienna:20260105T080000\nDTEND;TZID="
                               "Europe/Vienna:20260105T120000\nRRULE:FREQ=WEEKLY;BYDAY=MO,FR")
                         AVAILABLE("UID:n\nDTSTART;TZID=Europe/Vienna:20260105T130000\nDURATION:"
                                   "PT4H\nRRULE:FREQ=WEEKLY")),
        "week fri 08:00-12:00\nweek mon 08:00-12:00 13:00-17:00\n");
}

static void availability_with_limits_is_shifts(void **state)
{
    (void)state;
    assert_entries(
        AVAILABILITY("DTSTART;TZID=Europe/Vienna:20260105T000000\nDTEND;TZID=Europe/"
                     "Vienna:20260109T000000\nPRIORITY:5\n" AVAILABLE(
                         "UID:m\nDTSTART;TZID=Europe/Vienna:20260105T090000\nDTEND;TZID=Europe/"
                         "Vienna:20260105T170000\nRRULE:FREQ=DAILY\nEXDATE;TZID=Europe/"
                         "Vienna:20260107T090000"))
            AVAILABILITY(
                "DTSTART;VALUE=DATE:20260108\nDTEND;VALUE=DATE:20260109\nPRIORITY:1\n" AVAILABLE(
                    "UID:o\nDTSTART:20260107T210000Z\nDTEND:20260108T050000Z")
                    AVAILABLE("UID:p\nDTSTART:20260108T040000Z\nDTEND:20260108T060000Z")),
        "break 2026-01-07 00:00 24:00 unavailable#2026-01-07\n"
        "shift 2026-01-05 09:00-17:00\n"
        "shift 2026-01-06 09:00-17:00\n"
        "shift 2026-01-08 00:00-07:00\n");
}

/* ---- refused ---- */

static void assert_refused(const char *components, enum status expected, const char *part)
{
    struct error error = {0};
    json_t *entries = NULL;

    if (read_file(components, &entries, &error) != expected)
        fail_msg("%.200s: %s", components, error.message);
    if (strstr(error.message, part) == NULL)
        fail_msg("%s", error.message);
    assert_string_equal(error.field, "ics");
}

static void wrong_files_are_refused(void **state)
{
    struct icalendar_request request = {.source = "feed",
                                        .zone = zone_utc(),
                                        .zones = fixture_zones(),
                                        .to_day = day("2027-12-31")};
    struct error error = {0};
    json_t *entries = NULL;

    (void)state;
    assert_refused(EVENT("DTSTART;VALUE=DATE:20260101\nSUMMARY:Nameless"), STATUS_INVALID, "UID");
    assert_refused(EVENT("UID:a\nSUMMARY:When"), STATUS_INVALID, "'a' has no DTSTART");
    assert_refused(EVENT("UID:a\nDTSTART;VALUE=DATE:20260231"), STATUS_INVALID, "DTSTART");
    assert_refused(EVENT("UID:a\nDTSTART:20260101T000000Z\nDTEND:20250101T000000Z"), STATUS_INVALID,
                   "ends before it begins");
    assert_refused(EVENT("UID:a\nDTSTART:20260101T000000Z\nDTEND;VALUE=DATE:20260102"),
                   STATUS_INVALID, "DTEND");
    assert_refused(EVENT("UID:a\nDTSTART;TZID=Mars/Base:20260101T000000"), STATUS_INVALID,
                   "Mars/Base");
    assert_refused(EVENT("UID:a\nDTSTART;VALUE=DATE:20260101\nRRULE:FREQ=SOMETIMES"),
                   STATUS_INVALID, "RRULE");
    assert_refused(EVENT("UID:a\nDTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY\n")
                       EVENT("UID:a\nRECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20270101\n"
                             "DTSTART;VALUE=DATE:20270102"),
                   STATUS_INVALID, "RANGE");
    assert_int_equal(icalendar_read("hello", 5, &request, &entries, &error), STATUS_TOO_LARGE);
    assert_string_equal(error.field, "to");
    request.from_day = day("2025-01-01");
    assert_int_equal(icalendar_read("hello", 5, &request, &entries, &error), STATUS_INVALID);
    assert_int_equal(icalendar_read("", 0, &request, &entries, &error), STATUS_INVALID);
    assert_int_equal(icalendar_read("\xff\xfe", 2, &request, &entries, &error), STATUS_INVALID);
    assert_int_equal(icalendar_read("BEGIN:VCALENDAR\0x", 17, &request, &entries, &error),
                     STATUS_INVALID);
}

/* `head`, then `count` times `part`, then `tail`. */
static char *many(const char *head, const char *part, int count, const char *tail)
{
    size_t size = strlen(head) + (strlen(part) + 12) * (size_t)count + strlen(tail) + 1;
    char *text = malloc(size);
    size_t length = (size_t)snprintf(text, size, "%s", head);

    for (int i = 0; i < count; i++) {
        const char *place = strchr(part, '#');

        if (place == NULL)
            length += (size_t)snprintf(text + length, size - length, "%s", part);
        else
            length += (size_t)snprintf(text + length, size - length, "%.*s%d%s",
                                       (int)(place - part), part, i, place + 1);
    }
    (void)snprintf(text + length, size - length, "%s", tail);
    return text;
}

static void assert_many_refused(char *components, enum status expected, const char *part)
{
    assert_refused(components, expected, part);
    free(components);
}

/* Each of these would be a million, or for ever. */
static void what_grows_without_end_is_refused_at_once(void **state)
{
    (void)state;
    assert_refused(EVENT("UID:a\nDTSTART:20260101T000000Z\nRRULE:FREQ=SECONDLY;COUNT=1000000"),
                   STATUS_INVALID, "more often than daily");
    assert_refused(EVENT("UID:a\nDTSTART:20260101T000000Z\nRRULE:FREQ=DAILY;BYSECOND=1,2,3"),
                   STATUS_INVALID, "more often than daily");
    assert_refused(EVENT("UID:a\nDTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;COUNT=1000000"),
                   STATUS_TOO_LARGE, "COUNT=1000000");
    assert_many_refused(many("BEGIN:VEVENT\nUID:a\nDTSTART;VALUE=DATE:20260101\nRDATE;VALUE=DATE:",
                             "20260102,", 100000, "20260103\nEND:VEVENT\n"),
                        STATUS_TOO_LARGE, "dates in RDATE");
    assert_many_refused(
        many("", "BEGIN:VEVENT\nUID:#\nDTSTART;VALUE=DATE:20260101\nEND:VEVENT\n", 20001, ""),
        STATUS_TOO_LARGE, "components");
    assert_many_refused(many("",
                             "BEGIN:VEVENT\nUID:#\nDTSTART;VALUE=DATE:20250101\nRRULE:FREQ=DAILY\n"
                             "END:VEVENT\n",
                             30, ""),
                        STATUS_TOO_LARGE, "occurrences");
    assert_many_refused(many("",
                             "BEGIN:VEVENT\nUID:#\nDTSTART;VALUE=DATE:20250101\n"
                             "RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=SA\nEND:VEVENT\n",
                             1000, ""),
                        STATUS_INVALID, "hardly ever or never");
    assert_many_refused(many("BEGIN:VEVENT\nUID:a\nDTSTART;VALUE=DATE:20260101\nDESCRIPTION:",
                             "0123456789", 450000, "\nEND:VEVENT\n"),
                        STATUS_TOO_LARGE, "bytes");
}

/* ---- importing ---- */

struct imported {
    json_t *document;
    json_t *difference;
};

static struct imported import_into(const json_t *document, const char *components)
{
    struct imported imported;
    json_t *entries = entries_of(components);
    struct calendar_import import = {.document = document,
                                     .entries = entries,
                                     .source = "feed",
                                     .from_day = day("2025-01-01"),
                                     .to_day = day("2027-12-31")};

    calendar_import(&import, &imported.document, &imported.difference);
    json_decref(entries);
    return imported;
}

static json_t *canonical(const json_t *document)
{
    struct arena *arena = arena_new(1 << 24);
    const struct calendar *calendar = NULL;
    struct error error = {0};
    json_t *written;

    if (calendar_read(arena, document, fixture_zones(), &calendar, &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
    written = calendar_write(calendar);
    arena_free(arena);
    return written;
}

static void assert_counts(const json_t *difference, size_t added, size_t changed, size_t removed,
                          int unchanged)
{
    assert_int_equal(json_array_size(json_object_get(difference, "added")), added);
    assert_int_equal(json_array_size(json_object_get(difference, "changed")), changed);
    assert_int_equal(json_array_size(json_object_get(difference, "removed")), removed);
    assert_int_equal(json_integer_value(json_object_get(difference, "unchanged")), unchanged);
    assert_int_equal(calendar_import_changes(difference), added + changed + removed > 0);
}

static void imported_free(struct imported *imported)
{
    json_decref(imported->document);
    json_decref(imported->difference);
}

#define OFFICE                                                                               \
    "{'name': 'Office', 'version': 4, 'timezone': 'Europe/Vienna', 'week': {'mon': "         \
    "[['08:00', '17:00']]}, 'shifts': {'2026-01-05': [['10:00', '12:00']]}, 'holidays': "    \
    "['2026-05-01', {'date': '2026-12-08', 'name': 'Other', 'source': 'other feed', 'uid': " \
    "'a'}, {'date': '2020-01-01', 'name': 'Long ago', 'source': 'feed', 'uid': 'old'}]}"

static void importing_twice_changes_nothing(void **state)
{
    static const char feed[] = EVENT("UID:a\nDTSTART;VALUE=DATE:20260106\nSUMMARY:Epiphany")
        EVENT("UID:b\nDTSTART:20260302T090000Z\nDTEND:20260303T100000Z\nSUMMARY:Move")
            AVAILABILITY("DTSTART;VALUE=DATE:20260202\nDTEND;VALUE=DATE:20260203\n" AVAILABLE(
                "UID:m\nDTSTART:20260202T080000\nDTEND:20260202T090000"));
    json_t *document = fixture_json(OFFICE);
    struct imported first = import_into(document, feed);
    json_t *once = canonical(first.document);
    struct imported second = import_into(once, feed);
    json_t *twice = canonical(second.document);

    (void)state;
    assert_counts(first.difference, 4, 0, 0, 0);
    assert_int_equal(json_integer_value(json_object_get(first.document, "version")), 5);
    assert_counts(second.difference, 0, 0, 0, 4);
    assert_true(json_equal(once, twice));
    /* What others say, and what lies outside the days asked for, stays. */
    assert_int_equal(json_array_size(json_object_get(twice, "holidays")), 4);
    json_decref(document);
    json_decref(once);
    json_decref(twice);
    imported_free(&first);
    imported_free(&second);
}

static void what_the_feed_changes_changes(void **state)
{
    json_t *document = fixture_json(OFFICE);
    struct imported first =
        import_into(document, EVENT("UID:a\nDTSTART;VALUE=DATE:20260106\nSUMMARY:Epiphany")
                                  EVENT("UID:b\nDTSTART;VALUE=DATE:20260107")
                                      EVENT("UID:c\nDTSTART;VALUE=DATE:20260108"));
    struct imported second =
        import_into(first.document, EVENT("UID:a\nDTSTART;VALUE=DATE:20260106\nSUMMARY:Renamed")
                                        EVENT("UID:c\nDTSTART;VALUE=DATE:20260109")
                                            EVENT("UID:d\nDTSTART;VALUE=DATE:20260110"));
    const json_t *change = json_array_get(json_object_get(second.difference, "changed"), 0);
    struct imported third = import_into(second.document, "");

    (void)state;
    assert_counts(second.difference, 1, 2, 1, 0);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(change, "before"), "name")), "Epiphany");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(change, "after"), "name")), "Renamed");
    assert_counts(third.difference, 0, 0, 3, 0);
    assert_int_equal(json_integer_value(json_object_get(third.document, "version")), 7);
    /* Ours, the other feed's, and the one of long ago. */
    assert_int_equal(json_array_size(json_object_get(third.document, "holidays")), 3);
    imported_free(&first);
    imported_free(&second);
    imported_free(&third);
    json_decref(document);
}

static void a_day_that_was_switched_off_stays_off(void **state)
{
    static const char feed[] = EVENT("UID:a\nDTSTART;VALUE=DATE:20260105\nSUMMARY:Monday off");
    json_t *document = fixture_json(
        "{'timezone': 'Europe/Vienna', 'week': {'mon': [['08:00', '17:00']]}, 'holidays': "
        "[{'date': "
        "'2026-01-05', 'name': 'Monday off', 'source': 'feed', 'uid': 'a', 'enabled': false}]}");
    struct imported same = import_into(document, feed);
    struct imported renamed =
        import_into(document, EVENT("UID:a\nDTSTART;VALUE=DATE:20260112\nSUMMARY:Next Monday"));
    const json_t *holiday = json_array_get(json_object_get(renamed.document, "holidays"), 0);

    (void)state;
    assert_counts(same.difference, 0, 0, 0, 1);
    assert_counts(renamed.difference, 0, 1, 0, 0);
    assert_true(json_is_false(json_object_get(holiday, "enabled")));
    imported_free(&same);
    imported_free(&renamed);
    json_decref(document);
}

static void shifts_of_people_are_not_replaced(void **state)
{
    json_t *document = fixture_json(OFFICE);
    struct imported imported = import_into(
        document,
        AVAILABILITY("DTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260106\n" AVAILABLE(
            "UID:m\nDTSTART:20260105T080000\nDTEND:20260105T090000"))
            AVAILABILITY(AVAILABLE("UID:w\nDTSTART:20260105T080000\nDTEND:20260105T090000\n"
                                   "RRULE:FREQ=WEEKLY;BYDAY=MO,TU")));

    (void)state;
    assert_counts(imported.difference, 1, 0, 0, 0);
    assert_int_equal(json_array_size(json_object_get(imported.difference, "overruled")), 2);
    assert_non_null(json_object_get(json_object_get(imported.document, "week"), "tue"));
    imported_free(&imported);
    json_decref(document);
}

/* ---- exporting ---- */

static void holidays_are_exported_and_come_back(void **state)
{
    json_t *document = fixture_json(
        "{'name': 'Office', 'timezone': 'UTC', 'week': {'mon': [['08:00', '17:00']]}, 'holidays': "
        "['2026-05-01', {'date': '2026-08-03', 'to': '2026-08-14', 'name': 'Closed; all, of it', "
        "'uid': 'x@y'}, {'date': '2026-06-01', 'enabled': false}], 'annual_holidays': "
        "[{'date': '12-25', 'name': 'Christmas'}, '02-29']}");
    struct icalendar_request request = {.source = "copy",
                                        .zone = zone_utc(),
                                        .zones = fixture_zones(),
                                        .from_day = day("2026-01-01"),
                                        .to_day = day("2028-12-31")};
    struct text text = TEXT_INIT;
    struct text again = TEXT_INIT;
    struct error error = {0};
    json_t *entries = NULL;

    (void)state;
    icalendar_write(document, fixture_instant("2026-01-01T00:00:00Z"), &text);
    icalendar_write(document, fixture_instant("2026-01-01T00:00:00Z"), &again);
    assert_string_equal(text_string(&text), text_string(&again));
    assert_non_null(strstr(text_string(&text), "RRULE:FREQ=YEARLY"));
    assert_non_null(strstr(text_string(&text), "DTSTAMP:20260101T000000Z"));
    assert_null(strstr(text_string(&text), "20260601"));
    assert_int_equal(icalendar_read(text_string(&text), text.length, &request, &entries, &error),
                     STATUS_OK);
    /* 1 May, the closed days, three Christmases, one leap day. */
    assert_int_equal(json_array_size(entries), 6);
    assert_string_equal(json_string_value(json_object_get(json_array_get(entries, 1), "name")),
                        "Closed; all, of it");
    assert_string_equal(json_string_value(json_object_get(json_array_get(entries, 1), "to")),
                        "2026-08-14");
    json_decref(entries);
    json_decref(document);
    text_deinit(&text);
    text_deinit(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_whole_days_are_holidays),
        cmocka_unit_test(events_with_times_are_breaks_in_the_calendars_zone),
        cmocka_unit_test(a_zone_may_be_described_by_the_file),
        cmocka_unit_test(recurrences_are_written_out),
        cmocka_unit_test(of_two_with_one_uid_the_newest_counts),
        cmocka_unit_test(availability_without_limits_is_the_week),
        cmocka_unit_test(availability_with_limits_is_shifts),
        cmocka_unit_test(wrong_files_are_refused),
        cmocka_unit_test(what_grows_without_end_is_refused_at_once),
        cmocka_unit_test(importing_twice_changes_nothing),
        cmocka_unit_test(what_the_feed_changes_changes),
        cmocka_unit_test(a_day_that_was_switched_off_stays_off),
        cmocka_unit_test(shifts_of_people_are_not_replaced),
        cmocka_unit_test(holidays_are_exported_and_come_back),
    };

    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
