/* See calendar.h: a document's members, and what is open on each day, put together. */
#include "bpmn/base/json.h"
#include "bpmn/worktime/calendar_reading.h"
#include "bpmn/worktime/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_BYTES = 60 };

/* ---- values ---- */

enum status calendar_expected(struct error *error, const char *field, const char *expected,
                              const json_t *found)
{
    char *text = json_dumps(found, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    enum status status =
        error_set_field(error, STATUS_INVALID, field, "Expected %s but found %.*s%s.", expected,
                        SHOWN_BYTES, text != NULL ? text : "something else",
                        text != NULL && strlen(text) > SHOWN_BYTES ? "…" : "");

    free(text);
    return status;
}

enum status calendar_unknown(struct error *error, const char *path, const char *member,
                             const char *known)
{
    char field[ERROR_FIELD_MAX];

    (void)snprintf(field, sizeof(field), "%s%s%.64s", path, path[0] != '\0' ? "." : "", member);
    return error_set_field(error, STATUS_INVALID, field,
                           "Expected the fields %s but found '%.64s'.", known, member);
}

enum status calendar_read_text(struct calendar_reading *reading, const char *field,
                               const json_t *json, const char **ret_text)
{
    *ret_text = "";
    if (json == NULL)
        return STATUS_OK;
    if (!json_is_string(json) || json_string_length(json) > CALENDAR_TEXT_MAX)
        return calendar_expected(reading->error, field, "a text of at most 256 bytes", json);
    *ret_text = arena_copy(reading->arena, json_string_value(json));
    return STATUS_OK;
}

enum status calendar_read_date(struct error *error, const char *field, const json_t *json,
                               int64_t *ret_day)
{
    int64_t day = 0;

    if (!json_is_string(json) || !civil_parse_date(json_string_value(json), &day))
        return calendar_expected(error, field, "a date such as \"2026-12-24\"", json);
    if (day < 0)
        return calendar_expected(error, field, "a date of the years 1970 to 9999", json);
    *ret_day = day;
    return STATUS_OK;
}

/* ---- what is open on each day ---- */

static const struct dated_windows *dated(const struct dated_list *list, int64_t day)
{
    uint32_t low = 0;
    uint32_t high = list->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (list->items[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->count && list->items[low].day == day ? &list->items[low] : NULL;
}

static enum status too_many(struct error *error, const char *field, int64_t day)
{
    char date[CIVIL_DATE_BYTES];

    return error_set_field(error, STATUS_TOO_LARGE, field,
                           "Expected at most %d windows in a day but %s has more once its breaks "
                           "are taken out.",
                           CALENDAR_WINDOWS_MAX,
                           field[0] == 'w' ? "the week" : civil_format_date(day, date));
}

/* Takes `breaks` out of `open` and keeps what is left. */
static enum status finish(struct calendar_reading *reading, const char *field, int64_t day,
                          struct window_list *open, struct window_list *breaks,
                          struct windows *ret_windows)
{
    windows_order(open);
    windows_order(breaks);
    if (!windows_subtract(open, breaks) || open->count > CALENDAR_WINDOWS_MAX)
        return too_many(reading->error, field, day);
    *ret_windows = windows_keep(reading->arena, open);
    return STATUS_OK;
}

static enum status assemble_date(struct calendar_reading *reading, struct date_rule *rule)
{
    const struct dated_windows *shift = dated(&reading->shifts, rule->day);
    const struct dated_windows *night = dated(&reading->shifts, rule->day - 1);
    const struct dated_windows *pause = dated(&reading->breaks, rule->day);
    const struct dated_windows *night_pause = dated(&reading->breaks, rule->day - 1);
    int32_t weekday = civil_weekday(rule->day);
    struct window_list open = {.count = 0};
    struct window_list breaks = {.count = 0};

    if (calendar_is_holiday(reading->calendar, rule->day, NULL))
        return STATUS_OK;
    if (!windows_add_all(&open, shift != NULL ? &shift->own : &reading->week[weekday]) ||
        (night != NULL && !windows_add_all(&open, &night->after_midnight)) ||
        !windows_add_all(&breaks, &reading->week_breaks[weekday]) ||
        (pause != NULL && !windows_add_all(&breaks, &pause->own)) ||
        (night_pause != NULL && !windows_add_all(&breaks, &night_pause->after_midnight)))
        return too_many(reading->error, "breaks", rule->day);
    return finish(reading, "breaks", rule->day, &open, &breaks, &rule->open);
}

static int by_day(const void *left, const void *right)
{
    const struct date_rule *a = left;
    const struct date_rule *b = right;

    return (a->day > b->day) - (a->day < b->day);
}

static void add_dates(struct date_rule *rules, uint32_t *count, const struct dated_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        rules[(*count)++].day = list->items[i].day;
        if (list->items[i].after_midnight.count > 0)
            rules[(*count)++].day = list->items[i].day + 1;
    }
}

/* A rule for each date that anything is said about. */
static enum status assemble_dates(struct calendar_reading *reading)
{
    struct calendar *calendar = reading->calendar;
    uint32_t room = 2 * reading->shifts.count + 2 * reading->breaks.count + calendar->holiday_count;
    struct date_rule *rules = arena_array(reading->arena, room, sizeof(*rules));
    uint32_t count = 0;

    add_dates(rules, &count, &reading->shifts);
    add_dates(rules, &count, &reading->breaks);
    for (uint32_t i = 0; i < calendar->holiday_count; i++)
        rules[count++].day = calendar->holidays[i].day;
    if (count > 1)
        qsort(rules, count, sizeof(*rules), by_day);
    for (uint32_t i = 0; i < count; i++) {
        enum status status;

        if (i > 0 && rules[i].day == rules[i - 1].day)
            continue;
        rules[calendar->rule_count].day = rules[i].day;
        status = assemble_date(reading, &rules[calendar->rule_count]);
        if (status != STATUS_OK)
            return status;
        calendar->rule_count++;
    }
    calendar->rules = rules;
    return STATUS_OK;
}

enum status calendar_assemble(struct calendar_reading *reading)
{
    for (int i = 0; i < 7; i++) {
        struct window_list open = {.count = 0};
        struct window_list breaks = {.count = 0};
        enum status status;

        if (!windows_add_all(&open, &reading->week[i]) ||
            !windows_add_all(&breaks, &reading->week_breaks[i]))
            return too_many(reading->error, "week", 0);
        status = finish(reading, "week", 0, &open, &breaks, &reading->calendar->week[i]);
        if (status != STATUS_OK)
            return status;
    }
    return assemble_dates(reading);
}

/* ---- the document ---- */

static enum status check_members(struct error *error, const json_t *document)
{
    static const char *const known[] = {"name",     "version",        "description", "timezone",
                                        "week",     "shifts",         "overrides",   "breaks",
                                        "holidays", "annual_holidays"};
    const char *member;
    json_t *value;

    if (!json_is_object(document))
        return calendar_expected(error, "", "a calendar, a JSON object", document);
    json_object_foreach ((json_t *)document, member, value) {
        size_t i = 0;

        while (i < COUNT_OF(known) && strcmp(known[i], member) != 0)
            i++;
        if (i == COUNT_OF(known)) {
            return calendar_unknown(error, "", member,
                                    "name, version, description, timezone, week, shifts (or "
                                    "overrides), breaks, holidays and annual_holidays");
        }
    }
    if (json_object_get(document, "shifts") != NULL &&
        json_object_get(document, "overrides") != NULL) {
        return error_set_field(error, STATUS_INVALID, "overrides",
                               "Expected either shifts or overrides, which are the same, but found "
                               "both.");
    }
    return STATUS_OK;
}

static enum status read_head(struct calendar_reading *reading, const json_t *document,
                             const struct zone_source *zones)
{
    struct calendar *calendar = reading->calendar;
    const json_t *version = json_object_get(document, "version");
    const json_t *timezone = json_object_get(document, "timezone");
    const char *ignored;
    enum status status;

    status =
        calendar_read_text(reading, "name", json_object_get(document, "name"), &calendar->name);
    if (status == STATUS_OK) {
        status = calendar_read_text(reading, "description",
                                    json_object_get(document, "description"), &ignored);
    }
    if (status != STATUS_OK)
        return status;
    calendar->version = 1;
    if (version != NULL) {
        if (!json_is_integer(version) || json_integer_value(version) < 1)
            return calendar_expected(reading->error, "version", "a whole number from 1 on",
                                     version);
        calendar->version = json_integer_value(version);
    }
    if (timezone == NULL) {
        return error_set_field(reading->error, STATUS_INVALID, "timezone",
                               "Expected the calendar to have a time zone such as 'Europe/Vienna' "
                               "but it has none.");
    }
    if (!json_is_string(timezone))
        return calendar_expected(reading->error, "timezone",
                                 "the name of a time zone such as \"Europe/Vienna\"", timezone);
    status =
        zones->load(zones->context, json_string_value(timezone), &calendar->zone, reading->error);
    /* To the caller a zone that does not exist is a calendar that is wrong. */
    if (status == STATUS_NOT_FOUND)
        status = reading->error->status = STATUS_INVALID;
    return status;
}

static enum status read_rules(struct calendar_reading *reading, const json_t *document)
{
    const json_t *shifts = json_object_get(document, "shifts");
    const json_t *overrides = json_object_get(document, "overrides");
    enum status status = calendar_read_week(reading, json_object_get(document, "week"));

    if (status == STATUS_OK)
        status = calendar_read_shifts(reading, shifts != NULL ? "shifts" : "overrides",
                                      shifts != NULL ? shifts : overrides);
    if (status == STATUS_OK)
        status = calendar_read_breaks(reading, json_object_get(document, "breaks"));
    if (status == STATUS_OK)
        status = calendar_read_holidays(reading, json_object_get(document, "holidays"),
                                        json_object_get(document, "annual_holidays"));
    return status == STATUS_OK ? calendar_assemble(reading) : status;
}

static char *document_text(struct arena *arena, const json_t *document)
{
    json_t *canonical = calendar_canonical(document);
    struct text text = TEXT_INIT;
    char *copy;
    bool written = json_write(&text, canonical);

    INVARIANT(written);
    copy = arena_copy(arena, text_string(&text));
    text_deinit(&text);
    json_decref(canonical);
    return copy;
}

enum status calendar_read(struct arena *arena, const json_t *document,
                          const struct zone_source *zones, const struct calendar **ret_calendar,
                          struct error *ret_error)
{
    struct calendar *calendar = arena_alloc(arena, sizeof(*calendar));
    struct calendar_reading reading = {.arena = arena, .error = ret_error, .calendar = calendar};
    enum status status = check_members(ret_error, document);

    if (status == STATUS_OK)
        status = read_head(&reading, document, zones);
    if (status == STATUS_OK)
        status = read_rules(&reading, document);
    if (status != STATUS_OK)
        return status;
    sums_prepare(arena, calendar);
    if (sums_before(calendar, MEASURE_OPEN_S, civil_days(10000, 1, 1)) == 0) {
        return error_set_field(ret_error, STATUS_INVALID, "week",
                               "Expected a calendar in which something is open at some time but "
                               "nothing ever is: there are no windows, or holidays and breaks "
                               "cover all of them.");
    }
    calendar->document = document_text(arena, document);
    *ret_calendar = calendar;
    return STATUS_OK;
}

const char *calendar_name(const struct calendar *calendar)
{
    return calendar->name;
}

int64_t calendar_version(const struct calendar *calendar)
{
    return calendar->version;
}

const struct zone *calendar_zone(const struct calendar *calendar)
{
    return calendar->zone;
}
