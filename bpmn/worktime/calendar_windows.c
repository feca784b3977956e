/* Reading windows: of the week, of shifts, of breaks. A window that goes on after midnight is split
 * there; the second part belongs to the next day as if it had been written there. */
#include "bpmn/worktime/calendar_reading.h"
#include "bpmn/worktime/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400 };

const char *const calendar_weekdays[7] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* ---- one window ---- */

static enum status read_end(struct error *error, const char *field, const json_t *json,
                            int32_t *ret_second)
{
    const char *text = json_string_value(json);

    if (text == NULL || !civil_parse_time(text, ret_second))
        return calendar_expected(error, field, "a time such as \"08:30\" or \"24:00\"", json);
    return STATUS_OK;
}

static enum status check_members(struct error *error, const char *field, const json_t *json)
{
    const char *member;
    json_t *value;

    json_object_foreach ((json_t *)json, member, value) {
        if (strcmp(member, "from") == 0 || strcmp(member, "to") == 0)
            continue;
        if (strcmp(member, "name") != 0 && strcmp(member, "source") != 0 &&
            strcmp(member, "uid") != 0)
            return calendar_unknown(error, field, member, "from, to, name, source and uid");
        if (!json_is_string(value) || json_string_length(value) > CALENDAR_TEXT_MAX)
            return calendar_expected(error, field, "a text of at most 256 bytes", value);
    }
    return STATUS_OK;
}

enum status calendar_read_window(struct error *error, const char *field, const json_t *json,
                                 int32_t *ret_from_s, int32_t *ret_to_s)
{
    const json_t *from =
        json_is_array(json) ? json_array_get(json, 0) : json_object_get(json, "from");
    const json_t *to = json_is_array(json) ? json_array_get(json, 1) : json_object_get(json, "to");
    int32_t from_s = 0;
    int32_t to_s = 0;
    enum status status;

    if (from == NULL || to == NULL || (json_is_array(json) && json_array_size(json) != 2)) {
        return calendar_expected(error, field,
                                 "a window such as [\"08:00\", \"17:00\"] or {\"from\": "
                                 "\"08:00\", \"to\": \"17:00\"}",
                                 json);
    }
    status = json_is_object(json) ? check_members(error, field, json) : STATUS_OK;
    if (status == STATUS_OK)
        status = read_end(error, field, from, &from_s);
    if (status == STATUS_OK)
        status = read_end(error, field, to, &to_s);
    if (status != STATUS_OK)
        return status;
    if (from_s == to_s || from_s == DAY_S) {
        return error_set_field(error, STATUS_INVALID, field,
                               "Expected a window that lasts some time but '%s' to '%s' is empty; "
                               "a whole day is 00:00 to 24:00.",
                               json_string_value(from), json_string_value(to));
    }
    *ret_from_s = from_s;
    *ret_to_s = to_s;
    return STATUS_OK;
}

/* ---- lists of windows ---- */

static enum status too_many(struct error *error, const char *field)
{
    return error_set_field(error, STATUS_TOO_LARGE, field,
                           "Expected at most %d windows in a day but found more.",
                           CALENDAR_WINDOWS_MAX);
}

static enum status add(struct error *error, const char *field, bool may_overlap,
                       struct window_list *list, int32_t from_s, int32_t to_s)
{
    char from[CIVIL_TIME_BYTES];
    char to[CIVIL_TIME_BYTES];

    if (!may_overlap && windows_overlap(list, from_s, to_s)) {
        return error_set_field(error, STATUS_INVALID, field,
                               "Expected the windows of a day not to overlap but %s to %s is in "
                               "another one already (a window that ends after midnight goes on "
                               "in the next day).",
                               civil_format_time(from_s, from), civil_format_time(to_s, to));
    }
    if (list->count >= CALENDAR_WINDOWS_MAX || !windows_add(list, from_s, to_s))
        return too_many(error, field);
    return STATUS_OK;
}

/* The windows of one day; what lies after midnight goes to `after`. */
static enum status read_list(struct error *error, const char *path, const json_t *json,
                             bool may_overlap, struct window_list *own, struct window_list *after)
{
    const json_t *item;
    size_t i;

    if (!json_is_array(json))
        return calendar_expected(error, path, "a list of windows such as [[\"08:00\", \"17:00\"]]",
                                 json);
    json_array_foreach ((json_t *)json, i, item) {
        char field[ERROR_FIELD_MAX];
        int32_t from_s = 0;
        int32_t to_s = 0;
        enum status status;

        (void)snprintf(field, sizeof(field), "%s[%zu]", path, i);
        status = calendar_read_window(error, field, item, &from_s, &to_s);
        if (status == STATUS_OK)
            status = add(error, field, may_overlap, own, from_s, to_s > from_s ? to_s : DAY_S);
        if (status == STATUS_OK && to_s < from_s && to_s > 0)
            status = add(error, field, may_overlap, after, 0, to_s);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static int weekday_of(const char *name)
{
    for (int i = 0; i < 7; i++) {
        if (strcmp(name, calendar_weekdays[i]) == 0)
            return i;
    }
    return -1;
}

/* ---- the week ---- */

/* The seven days of `json` that are there, with the nights that end in them. */
static enum status read_weekdays(struct calendar_reading *reading, const char *path,
                                 const json_t *json, bool may_overlap, struct windows ret_week[7])
{
    struct window_list days[7] = {0};

    for (int i = 0; i < 7; i++) {
        const json_t *list = json_object_get(json, calendar_weekdays[i]);
        char field[ERROR_FIELD_MAX];
        enum status status;

        (void)snprintf(field, sizeof(field), "%s.%s", path, calendar_weekdays[i]);
        if (list == NULL)
            continue;
        status = read_list(reading->error, field, list, may_overlap, &days[i], &days[(i + 1) % 7]);
        if (status != STATUS_OK)
            return status;
    }
    for (int i = 0; i < 7; i++) {
        windows_order(&days[i]);
        ret_week[i] = windows_keep(reading->arena, &days[i]);
    }
    return STATUS_OK;
}

enum status calendar_read_week(struct calendar_reading *reading, const json_t *week)
{
    const char *member;
    json_t *value;

    if (week == NULL)
        return STATUS_OK;
    if (!json_is_object(week))
        return calendar_expected(reading->error, "week", "an object with the days mon to sun",
                                 week);
    json_object_foreach ((json_t *)week, member, value) {
        if (weekday_of(member) < 0)
            return calendar_unknown(reading->error, "week", member,
                                    "mon, tue, wed, thu, fri, sat and sun");
    }
    return read_weekdays(reading, "week", week, false, reading->week);
}

/* ---- dates ---- */

static int by_day(const void *left, const void *right)
{
    const struct dated_windows *a = left;
    const struct dated_windows *b = right;

    return (a->day > b->day) - (a->day < b->day);
}

static enum status read_dated(struct calendar_reading *reading, const char *path,
                              const char *member, const json_t *value, bool may_overlap,
                              struct dated_list *list)
{
    struct dated_windows *dated = &list->items[list->count];
    struct window_list own = {.count = 0};
    struct window_list after = {.count = 0};
    char field[ERROR_FIELD_MAX];
    json_t *key = json_string(member);
    enum status status = calendar_read_date(reading->error, path, key, &dated->day);

    json_decref(key);
    if (status != STATUS_OK)
        return status;
    (void)snprintf(field, sizeof(field), "%s.%s", path, member);
    status = read_list(reading->error, field, value, may_overlap, &own, &after);
    if (status != STATUS_OK)
        return status;
    windows_order(&own);
    windows_order(&after);
    dated->own = windows_keep(reading->arena, &own);
    dated->after_midnight = windows_keep(reading->arena, &after);
    list->count++;
    return STATUS_OK;
}

/* The members of `json` that are dates. */
static enum status read_dates(struct calendar_reading *reading, const char *path,
                              const json_t *json, bool weekdays_too, bool may_overlap,
                              struct dated_list *list)
{
    const char *member;
    json_t *value;

    if (json_object_size(json) > CALENDAR_DAYS_MAX) {
        return error_set_field(reading->error, STATUS_TOO_LARGE, path,
                               "Expected at most %d dates but found %zu.", CALENDAR_DAYS_MAX,
                               json_object_size(json));
    }
    list->items = arena_array(reading->arena, json_object_size(json), sizeof(*list->items));
    json_object_foreach ((json_t *)json, member, value) {
        enum status status = STATUS_OK;

        if (!weekdays_too || weekday_of(member) < 0)
            status = read_dated(reading, path, member, value, may_overlap, list);
        if (status != STATUS_OK)
            return status;
    }
    if (list->count > 1)
        qsort(list->items, list->count, sizeof(*list->items), by_day);
    return STATUS_OK;
}

enum status calendar_read_shifts(struct calendar_reading *reading, const char *field,
                                 const json_t *shifts)
{
    if (shifts == NULL)
        return STATUS_OK;
    if (!json_is_object(shifts)) {
        return calendar_expected(
            reading->error, field,
            "an object from dates to lists of windows such as {\"2026-12-24\": "
            "[[\"08:00\", \"12:00\"]]}",
            shifts);
    }
    return read_dates(reading, field, shifts, false, false, &reading->shifts);
}

enum status calendar_read_breaks(struct calendar_reading *reading, const json_t *breaks)
{
    enum status status;

    if (breaks == NULL)
        return STATUS_OK;
    if (!json_is_object(breaks)) {
        return calendar_expected(reading->error, "breaks",
                                 "an object from dates or days of the week to lists of windows",
                                 breaks);
    }
    status = read_weekdays(reading, "breaks", breaks, true, reading->week_breaks);
    if (status != STATUS_OK)
        return status;
    return read_dates(reading, "breaks", breaks, true, true, &reading->breaks);
}
