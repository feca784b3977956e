/* Reading holidays, and asking for them. */
#include "bpmn/worktime/calendar_reading.h"
#include "bpmn/worktime/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status too_many(struct error *error, const char *field)
{
    return error_set_field(error, STATUS_TOO_LARGE, field,
                           "Expected at most %d days of holidays but found more.",
                           CALENDAR_HOLIDAYS_MAX);
}

/* The members of an entry that is an object; of one that is a text, just that. */
struct entry {
    const json_t *date;
    const json_t *to;
    bool enabled;
    struct calendar_holiday about;
};

static enum status read_member(struct calendar_reading *reading, const char *path,
                               const char *member, const json_t *value, bool annual,
                               struct entry *entry)
{
    const char *ignored;
    char field[ERROR_FIELD_MAX];

    (void)snprintf(field, sizeof(field), "%s.%.64s", path, member);
    if (strcmp(member, "date") == 0) {
        entry->date = value;
        return STATUS_OK;
    }
    if (strcmp(member, "to") == 0 && !annual) {
        entry->to = value;
        return STATUS_OK;
    }
    if (strcmp(member, "enabled") == 0) {
        if (!json_is_boolean(value))
            return calendar_expected(reading->error, field, "true or false", value);
        entry->enabled = json_is_true(value);
        return STATUS_OK;
    }
    if (strcmp(member, "name") == 0)
        return calendar_read_text(reading, field, value, &entry->about.name);
    if (strcmp(member, "source") == 0)
        return calendar_read_text(reading, field, value, &entry->about.source);
    if (strcmp(member, "uid") == 0)
        return calendar_read_text(reading, field, value, &ignored);
    return calendar_unknown(reading->error, path, member,
                            annual ? "date, name, source, uid and enabled"
                                   : "date, to, name, source, uid and enabled");
}

static enum status read_entry(struct calendar_reading *reading, const char *field,
                              const json_t *json, bool annual, struct entry *ret_entry)
{
    struct entry entry = {.enabled = true, .about = {.name = "", .source = "", .annual = annual}};
    const char *member;
    json_t *value;

    if (json_is_object(json)) {
        json_object_foreach ((json_t *)json, member, value) {
            enum status status = read_member(reading, field, member, value, annual, &entry);

            if (status != STATUS_OK)
                return status;
        }
    } else {
        entry.date = json;
    }
    if (entry.date == NULL) {
        return error_set_field(reading->error, STATUS_INVALID, field,
                               "Expected the holiday to have a date but it has none.");
    }
    *ret_entry = entry;
    return STATUS_OK;
}

/* Room for one more in `holidays`, which doubles. */
static enum status add_day(struct calendar_reading *reading, const char *field, int64_t day,
                           uint32_t order, const struct calendar_holiday *about)
{
    struct calendar *calendar = reading->calendar;
    uint32_t count = calendar->holiday_count;
    struct dated_holiday *holidays = (struct dated_holiday *)calendar->holidays;

    if (count >= CALENDAR_HOLIDAYS_MAX)
        return too_many(reading->error, field);
    if (count == 0 || (count >= 16 && (count & (count - 1)) == 0)) {
        holidays = arena_grow(reading->arena, holidays, count, count == 0 ? 16 : 2 * count,
                              sizeof(*holidays));
        calendar->holidays = holidays;
    }
    holidays[calendar->holiday_count++] = (struct dated_holiday){day, order, about};
    return STATUS_OK;
}

static const struct calendar_holiday *keep(struct calendar_reading *reading,
                                           const struct entry *entry)
{
    struct calendar_holiday *about = arena_alloc(reading->arena, sizeof(*about));

    *about = entry->about;
    return about;
}

static enum status read_dated(struct calendar_reading *reading, const char *field,
                              const json_t *json, uint32_t order)
{
    struct entry entry = {0};
    enum status status = read_entry(reading, field, json, false, &entry);
    const struct calendar_holiday *about;
    int64_t first = 0;
    int64_t last;

    if (status == STATUS_OK)
        status = calendar_read_date(reading->error, field, entry.date, &first);
    last = first;
    if (status == STATUS_OK && entry.to != NULL)
        status = calendar_read_date(reading->error, field, entry.to, &last);
    if (status != STATUS_OK)
        return status;
    if (last < first) {
        return error_set_field(reading->error, STATUS_INVALID, field,
                               "Expected the holiday to end on or after its first day but '%s' is "
                               "before '%s'.",
                               json_string_value(entry.to), json_string_value(entry.date));
    }
    if (last - first >= CALENDAR_HOLIDAYS_MAX)
        return too_many(reading->error, field);
    if (!entry.enabled)
        return STATUS_OK;
    about = keep(reading, &entry);
    for (int64_t day = first; day <= last && status == STATUS_OK; day++)
        status = add_day(reading, field, day, order, about);
    return status;
}

static enum status read_annual(struct calendar_reading *reading, const char *field,
                               const json_t *json)
{
    struct entry entry = {0};
    enum status status = read_entry(reading, field, json, true, &entry);
    const struct calendar_holiday **place;
    int32_t month;
    int32_t day;

    if (status != STATUS_OK)
        return status;
    if (!json_is_string(entry.date) ||
        !civil_parse_month_day(json_string_value(entry.date), &month, &day))
        return calendar_expected(reading->error, field, "a month and day such as \"12-25\"",
                                 entry.date);
    place = &reading->calendar->annual[month - 1][day - 1];
    if (entry.enabled && *place == NULL)
        *place = keep(reading, &entry);
    return STATUS_OK;
}

static int by_day(const void *left, const void *right)
{
    const struct dated_holiday *a = left;
    const struct dated_holiday *b = right;

    if (a->day != b->day)
        return a->day < b->day ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

static enum status check_list(struct error *error, const char *field, const json_t *list)
{
    if (list != NULL && !json_is_array(list))
        return calendar_expected(error, field, "a list of dates", list);
    return json_array_size(list) > CALENDAR_HOLIDAYS_MAX ? too_many(error, field) : STATUS_OK;
}

enum status calendar_read_holidays(struct calendar_reading *reading, const json_t *holidays,
                                   const json_t *annual)
{
    enum status status = check_list(reading->error, "holidays", holidays);
    struct calendar *calendar = reading->calendar;
    char field[ERROR_FIELD_MAX];

    if (status == STATUS_OK)
        status = check_list(reading->error, "annual_holidays", annual);
    for (size_t i = 0; i < json_array_size(holidays) && status == STATUS_OK; i++) {
        (void)snprintf(field, sizeof(field), "holidays[%zu]", i);
        status = read_dated(reading, field, json_array_get(holidays, i), (uint32_t)i);
    }
    for (size_t i = 0; i < json_array_size(annual) && status == STATUS_OK; i++) {
        (void)snprintf(field, sizeof(field), "annual_holidays[%zu]", i);
        status = read_annual(reading, field, json_array_get(annual, i));
    }
    if (status == STATUS_OK && calendar->holiday_count > 1) {
        qsort((struct dated_holiday *)calendar->holidays, calendar->holiday_count,
              sizeof(*calendar->holidays), by_day);
    }
    return status;
}

bool calendar_is_holiday(const struct calendar *calendar, int64_t day,
                         struct calendar_holiday *ret_holiday)
{
    const struct calendar_holiday *about;
    struct civil_date date = civil_date_of(day);
    uint32_t low = 0;
    uint32_t high = calendar->holiday_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (calendar->holidays[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < calendar->holiday_count && calendar->holidays[low].day == day)
        about = calendar->holidays[low].about;
    else
        about = calendar->annual[date.month - 1][date.day - 1];
    if (about != NULL && ret_holiday != NULL)
        *ret_holiday = *about;
    return about != NULL;
}
