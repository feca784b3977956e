/* Availability (RFC 7953): a VAVAILABILITY says that its time is busy but for what its AVAILABLE
 * components say. Where it has no limits and all of them repeat every week, that is the calendar's
 * week; otherwise each date it covers has windows of its own. Of several, the one with the higher
 * priority counts (1 is the highest, 0 and none the lowest), date by date. */
#include "bpmn/base/memory.h"
#include "bpmn/worktime/civil.h"
#include "engine/calendar/icalendar_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400, AVAILABILITIES_MAX = 50 };

static const char *const weekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* A VAVAILABILITY, and the dates it covers. */
struct availability {
    icalcomponent *component;
    int priority; /* 1 to 9, 10 when none is given */
    bool has_limits;
    int64_t first_day;
    int64_t last_day;
    json_t *days; /* what becomes of it: date (or day of the week) to windows */
    struct icalendar_reading *reading;
    icalcomponent *slot; /* the AVAILABLE being read */
};

/* ---- windows ---- */

static void add_window(struct availability *availability, const char *day, int32_t from_s,
                       int32_t to_s)
{
    json_t *windows = json_object_get(availability->days, day);
    const char *name = icalcomponent_get_summary(availability->slot);
    char from[CIVIL_TIME_BYTES];
    char to[CIVIL_TIME_BYTES];
    json_t *window =
        json_pack("{s:s, s:s, s:s}", "from", civil_format_time(from_s, from), "to",
                  civil_format_time(to_s, to), "source", availability->reading->request->source);
    char uid[ICALENDAR_UID_MAX + 1];

    if (name != NULL && name[0] != '\0' && strlen(name) <= CALENDAR_TEXT_MAX)
        (void)json_object_set_new(window, "name", json_string(name));
    (void)snprintf(uid, sizeof(uid), "%.200s", icalendar_uid(availability->slot));
    (void)json_object_set_new(window, "uid", json_string(uid));
    if (windows == NULL) {
        windows = json_array();
        (void)json_object_set_new(availability->days, day, windows);
    }
    (void)json_array_append_new(windows, window);
}

static int by_start(const void *left, const void *right)
{
    const json_t *a = *(const json_t *const *)left;
    const json_t *b = *(const json_t *const *)right;

    return strcmp(json_string_value(json_object_get(a, "from")),
                  json_string_value(json_object_get(b, "from")));
}

/* In order, and joined where they overlap, since a calendar's windows may not. */
static json_t *tidy(const json_t *windows)
{
    size_t count = json_array_size(windows);
    json_t **list = memory_zero(count + 1, sizeof(json_t *));
    json_t *result = json_array();

    for (size_t i = 0; i < count; i++)
        list[i] = json_array_get(windows, i);
    qsort(list, count, sizeof(json_t *), by_start);
    for (size_t i = 0; i < count; i++) {
        json_t *last = json_array_get(result, json_array_size(result) - 1);
        json_t *to = json_object_get(list[i], "to");

        if (last == NULL || strcmp(json_string_value(json_object_get(last, "to")),
                                   json_string_value(json_object_get(list[i], "from"))) < 0)
            (void)json_array_append(result, list[i]);
        else if (strcmp(json_string_value(json_object_get(last, "to")), json_string_value(to)) < 0)
            (void)json_object_set(last, "to", to);
    }
    memory_free(list);
    return result;
}

/* ---- weeks ---- */

/* `FREQ=WEEKLY` for ever, on days of the week, and nothing else. */
static bool is_plain_week(icalcomponent *slot)
{
    icalproperty *property = icalcomponent_get_first_property(slot, ICAL_RRULE_PROPERTY);
    struct icalrecurrencetype rule;

    if (property == NULL || icalcomponent_count_properties(slot, ICAL_RRULE_PROPERTY) != 1 ||
        icalcomponent_get_first_property(slot, ICAL_RDATE_PROPERTY) != NULL ||
        icalcomponent_get_first_property(slot, ICAL_EXDATE_PROPERTY) != NULL)
        return false;
    rule = icalproperty_get_rrule(property);
    return rule.freq == ICAL_WEEKLY_RECURRENCE && rule.interval == 1 && rule.count == 0 &&
           icaltime_is_null_time(rule.until) && rule.by_month[0] == ICAL_RECURRENCE_ARRAY_MAX &&
           rule.by_hour[0] == ICAL_RECURRENCE_ARRAY_MAX &&
           rule.by_minute[0] == ICAL_RECURRENCE_ARRAY_MAX &&
           rule.by_second[0] == ICAL_RECURRENCE_ARRAY_MAX &&
           rule.by_set_pos[0] == ICAL_RECURRENCE_ARRAY_MAX;
}

/* The times of day of a slot whose clock is the calendar's own; false for another clock, on which
 * the week may lie elsewhere each half of the year. */
static bool read_times(struct availability *availability, int32_t *ret_from_s, int32_t *ret_to_s,
                       int32_t *ret_weekday)
{
    icalproperty *property =
        icalcomponent_get_first_property(availability->slot, ICAL_DTSTART_PROPERTY);
    struct icaltimetype start;
    struct icaltimetype end = icalcomponent_get_dtend(availability->slot);
    struct icalendar_clock clock;
    struct error *error = availability->reading->error;
    struct error kept = *error;
    int64_t day;
    int64_t last;

    if (property == NULL)
        return false;
    start = icalproperty_get_dtstart(property);
    if (start.is_date || icaltime_is_null_time(end) ||
        icalendar_clock_of(availability->reading, availability->slot, property, start, &clock) !=
            STATUS_OK ||
        clock.zone != availability->reading->request->zone) {
        *error = kept;
        return false;
    }
    day = civil_days(start.year, start.month, start.day);
    last = civil_days(end.year, end.month, end.day);
    *ret_from_s = start.hour * 3600 + start.minute * 60 + start.second;
    *ret_to_s = end.hour * 3600 + end.minute * 60 + end.second;
    *ret_weekday = civil_weekday(day);
    if (last == day + 1 && *ret_to_s == 0) {
        *ret_to_s = DAY_S;
        return true;
    }
    return last == day && *ret_from_s < *ret_to_s;
}

static bool add_slot_to_week(struct availability *availability)
{
    icalproperty *property;
    struct icalrecurrencetype rule;
    int32_t from_s;
    int32_t to_s;
    int32_t weekday;

    if (!is_plain_week(availability->slot) || !read_times(availability, &from_s, &to_s, &weekday))
        return false;
    property = icalcomponent_get_first_property(availability->slot, ICAL_RRULE_PROPERTY);
    rule = icalproperty_get_rrule(property);
    if (rule.by_day[0] == ICAL_RECURRENCE_ARRAY_MAX)
        add_window(availability, weekdays[weekday], from_s, to_s);
    for (int i = 0; i < ICAL_BY_DAY_SIZE && rule.by_day[i] != ICAL_RECURRENCE_ARRAY_MAX; i++) {
        /* ICAL_SUNDAY_WEEKDAY is 1. */
        int place = (int)icalrecurrencetype_day_day_of_week(rule.by_day[i]);

        if (place < 1 || place > 7 || icalrecurrencetype_day_position(rule.by_day[i]) != 0)
            return false;
        add_window(availability, weekdays[(place + 5) % 7], from_s, to_s);
    }
    return true;
}

static bool read_week(struct availability *availability)
{
    icalcompiter iterator =
        icalcomponent_begin_component(availability->component, ICAL_XAVAILABLE_COMPONENT);

    if (availability->has_limits || icalcompiter_deref(&iterator) == NULL)
        return false;
    for (availability->slot = icalcompiter_deref(&iterator); availability->slot != NULL;
         availability->slot = icalcompiter_next(&iterator)) {
        if (!add_slot_to_week(availability)) {
            (void)json_object_clear(availability->days);
            return false;
        }
    }
    return true;
}

/* ---- dates ---- */

static enum status use_slot(void *context, const struct icalendar_occurrence *at)
{
    struct availability *availability = context;
    int32_t from_s = 0;
    int32_t end_s = 0;
    int64_t day = at->first_day;
    int64_t last = at->last_day;

    if (at->is_date) {
        last++;
    } else {
        day = icalendar_local(availability->reading, at->from_s, &from_s);
        last = icalendar_local(availability->reading, at->to_s, &end_s);
    }
    for (; day < last || (day == last && from_s < end_s); day++) {
        char date[CIVIL_DATE_BYTES];

        if (day >= availability->first_day && day <= availability->last_day)
            add_window(availability, civil_format_date(day, date), from_s,
                       day < last ? DAY_S : end_s);
        from_s = 0;
    }
    return STATUS_OK;
}

static enum status read_dates(struct availability *availability)
{
    icalcompiter iterator =
        icalcomponent_begin_component(availability->component, ICAL_XAVAILABLE_COMPONENT);
    enum status status = STATUS_OK;

    for (int64_t day = availability->first_day; day <= availability->last_day; day++) {
        char date[CIVIL_DATE_BYTES];

        (void)json_object_set_new(availability->days, civil_format_date(day, date), json_array());
    }
    for (availability->slot = icalcompiter_deref(&iterator);
         availability->slot != NULL && status == STATUS_OK;
         availability->slot = icalcompiter_next(&iterator))
        status = icalendar_expand(availability->reading, availability->slot, NULL, use_slot,
                                  availability);
    return status;
}

/* ---- all of them ---- */

/* The dates from DTSTART to DTEND, those that it covers in part included, within those asked for.
 */
static enum status read_limits(struct availability *availability)
{
    struct icalendar_reading *reading = availability->reading;
    icalcomponent *component = availability->component;
    icalproperty *start = icalcomponent_get_first_property(component, ICAL_DTSTART_PROPERTY);
    icalproperty *end = icalcomponent_get_first_property(component, ICAL_DTEND_PROPERTY);
    icalproperty *priority = icalcomponent_get_first_property(component, ICAL_PRIORITY_PROPERTY);
    struct icalendar_clock clock;
    enum status status;
    int32_t second;

    availability->priority = priority != NULL ? icalproperty_get_priority(priority) : 0;
    if (availability->priority < 1 || availability->priority > 9)
        availability->priority = 10;
    availability->first_day = reading->request->from_day;
    availability->last_day = reading->request->to_day;
    availability->has_limits = start != NULL || end != NULL;
    if (icalcomponent_get_first_property(component, ICAL_DURATION_PROPERTY) != NULL)
        return icalendar_wrong(reading, component, "has a DURATION; use DTEND");
    if (start != NULL) {
        struct icaltimetype time = icalproperty_get_dtstart(start);
        int64_t day;

        status = icalendar_clock_of(reading, component, start, time, &clock);
        if (status != STATUS_OK)
            return status;
        day = clock.is_date ? civil_days(time.year, time.month, time.day)
                            : icalendar_local(reading, icalendar_seconds(&clock, time), &second);
        if (day > availability->first_day)
            availability->first_day = day;
    }
    if (end != NULL) {
        struct icaltimetype time = icalproperty_get_dtend(end);
        int64_t day;

        status = icalendar_clock_of(reading, component, end, time, &clock);
        if (status != STATUS_OK)
            return status;
        day = clock.is_date
                  ? civil_days(time.year, time.month, time.day) - 1
                  : icalendar_local(reading, icalendar_seconds(&clock, time) - 1, &second);
        if (day < availability->last_day)
            availability->last_day = day;
    }
    return STATUS_OK;
}

static int by_priority(const void *left, const void *right)
{
    const struct availability *a = left;
    const struct availability *b = right;

    return b->priority - a->priority;
}

/* Later ones, of higher priority, take the place of earlier ones. */
static void merge(json_t *days, const struct availability *availability)
{
    const char *day;
    json_t *windows;

    json_object_foreach (availability->days, day, windows)
        (void)json_object_set_new(days, day, tidy(windows));
}

static void add_entries(struct icalendar_reading *reading, const json_t *days)
{
    const char *day;
    json_t *windows;

    json_object_foreach ((json_t *)days, day, windows) {
        bool is_date = day[0] >= '0' && day[0] <= '9';

        if (json_array_size(windows) == 0) {
            /* An empty shift could not say where it comes from. */
            (void)json_array_append_new(
                reading->entries, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s+}", "kind", "break",
                                            "date", day, "from", "00:00", "to", "24:00", "source",
                                            reading->request->source, "uid", "unavailable#", day));
            continue;
        }
        (void)json_array_append_new(
            reading->entries, json_pack("{s:s, s:s, s:O, s:s}", "kind", is_date ? "shift" : "week",
                                        is_date ? "date" : "day", day, "windows", windows, "source",
                                        reading->request->source));
    }
}

static enum status gather(struct icalendar_reading *reading, icalcomponent *in, int depth,
                          struct availability *list, uint32_t *count)
{
    icalcompiter iterator = icalcomponent_begin_component(in, ICAL_ANY_COMPONENT);
    enum status status = STATUS_OK;

    for (icalcomponent *component = icalcompiter_deref(&iterator);
         component != NULL && status == STATUS_OK; component = icalcompiter_next(&iterator)) {
        icalcomponent_kind kind = icalcomponent_isa(component);

        if ((kind == ICAL_VCALENDAR_COMPONENT || kind == ICAL_XROOT_COMPONENT) && depth < 4)
            status = gather(reading, component, depth + 1, list, count);
        if (kind != ICAL_VAVAILABILITY_COMPONENT || status != STATUS_OK)
            continue;
        if (*count == AVAILABILITIES_MAX)
            return icalendar_wrong(reading, component, "is one of more than 50 VAVAILABILITY");
        list[*count] = (struct availability){
            .component = component, .reading = reading, .days = json_object()};
        (*count)++;
        status = read_limits(&list[*count - 1]);
    }
    return status;
}

enum status icalendar_availability(struct icalendar_reading *reading)
{
    struct availability list[AVAILABILITIES_MAX];
    uint32_t count = 0;
    json_t *days = json_object();
    enum status status = gather(reading, reading->root, 0, list, &count);

    qsort(list, count, sizeof(list[0]), by_priority);
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        if (!read_week(&list[i]))
            status = read_dates(&list[i]);
        if (status == STATUS_OK)
            merge(days, &list[i]);
    }
    if (status == STATUS_OK)
        add_entries(reading, days);
    for (uint32_t i = 0; i < count; i++)
        json_decref(list[i].days);
    json_decref(days);
    return status;
}
