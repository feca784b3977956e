/* See timer_place.h. */
#include "bpmn/timer/timer_place.h"

#include <string.h>

enum { DATE_TEXT_MAX = 120 };

/* ---- names ---- */

static bool is_kind(const char *name)
{
    return strcmp(name, "duration") == 0 || strcmp(name, "dueDate") == 0 ||
           strcmp(name, "cycle") == 0;
}

static enum status find_zone(const struct timer_sources *sources, const char *name,
                             const struct zone **ret_zone, struct error *ret_error)
{
    if (sources == NULL || sources->zones == NULL)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected no time zone, since none are known here, but found '%.100s'.",
                         name);
    return sources->zones->load(sources->zones->context, name, ret_zone, ret_error);
}

enum status timer_place_find(const struct timer_sources *sources, const char *zone,
                             const char *calendar, bool end_of_day, struct timer_place *ret_place,
                             struct error *ret_error)
{
    struct timer_place place = {.sources = sources, .end_of_day = end_of_day};
    enum status status = STATUS_OK;

    if (zone != NULL)
        status = find_zone(sources, zone, &place.zone, ret_error);
    if (status == STATUS_OK && calendar != NULL && !is_kind(calendar)) {
        if (sources == NULL || sources->calendars == NULL)
            status = error_set(ret_error, STATUS_INVALID,
                               "Expected no calendar, since none are known here, but found "
                               "'%.100s'.",
                               calendar);
        else
            status = sources->calendars->find(sources->calendars->context, calendar,
                                              &place.calendar, ret_error);
    }
    if (status == STATUS_OK && end_of_day && place.calendar == NULL)
        status = error_set(ret_error, STATUS_INVALID,
                           "Expected a calendar beside endOfDay, which says when a day ends; name "
                           "one.");
    if (status == STATUS_OK)
        *ret_place = place;
    return status;
}

/* ---- arithmetic ---- */

static bool has_plain_days(const struct iso8601_duration *duration)
{
    return duration->years != 0 || duration->months != 0 || duration->weeks != 0 ||
           duration->days != 0;
}

static enum status add_working(const struct timer_place *place, int64_t from_us,
                               const struct iso8601_duration *duration, int64_t *ret_us,
                               struct error *ret_error)
{
    uint32_t days = (uint32_t)duration->business_days;
    enum status status = STATUS_OK;

    if (has_plain_days(duration))
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a duration of working time (PT8H) or business days (P2BD) with "
                         "a calendar but found days, weeks, months or years.");
    *ret_us = from_us;
    if (place->end_of_day && duration->time_us == 0)
        return worktime_end_of_business_day(place->calendar, from_us, days, ret_us, ret_error);
    if (days > 0 || duration->time_us == 0)
        status = worktime_add_business_days(place->calendar, from_us, days, ret_us, ret_error);
    if (status == STATUS_OK && duration->time_us > 0)
        status =
            worktime_add(place->calendar, *ret_us, duration->time_us, NULL, 0, ret_us, ret_error);
    if (status == STATUS_OK && place->end_of_day)
        status = worktime_end_of_day(place->calendar, *ret_us, ret_us, ret_error);
    return status;
}

enum status timer_place_add(const struct timer_place *place, int64_t from_us,
                            const struct iso8601_duration *duration, int64_t *ret_us,
                            struct error *ret_error)
{
    struct iso8601_duration days = *duration;
    int64_t local_us;
    enum status status;

    if (place->calendar != NULL)
        return add_working(place, from_us, duration, ret_us, ret_error);
    if (place->zone == NULL || !has_plain_days(duration))
        return iso8601_add(from_us, duration, ret_us, ret_error);
    /* Days by the clock on the wall, then time as it passes. */
    days.time_us = 0;
    status = iso8601_add(zone_to_local_us(place->zone, from_us), &days, &local_us, ret_error);
    if (status != STATUS_OK)
        return status;
    days = (struct iso8601_duration){.time_us = duration->time_us};
    return iso8601_add(zone_to_utc_us(place->zone, local_us, NULL), &days, ret_us, ret_error);
}

/* Where every step is as long as the last one, the steps that have passed are taken at once. */
static enum status skip(const struct timer_place *place, int64_t from_us,
                        const struct iso8601_duration *duration, int64_t after_us, int64_t *ret_us,
                        struct error *ret_error)
{
    int64_t passed_us = after_us - from_us;
    int64_t steps;
    enum status status = STATUS_OK;

    *ret_us = from_us;
    if (after_us <= from_us || duration->time_us == 0 || duration->business_days != 0 ||
        has_plain_days(duration) || place->end_of_day)
        return STATUS_OK;
    if (place->calendar != NULL)
        status =
            worktime_between(place->calendar, from_us, after_us, NULL, 0, &passed_us, ret_error);
    if (status != STATUS_OK)
        return status;
    steps = passed_us / duration->time_us;
    if (steps == 0)
        return STATUS_OK;
    if (place->calendar != NULL)
        return worktime_add(place->calendar, from_us, steps * duration->time_us, NULL, 0, ret_us,
                            ret_error);
    *ret_us = from_us + steps * duration->time_us;
    return STATUS_OK;
}

enum status timer_place_next(const struct timer_place *place, int64_t from_us,
                             const struct iso8601_duration *duration, int64_t after_us,
                             int64_t *ret_us, struct error *ret_error)
{
    int64_t due_us;
    enum status status = skip(place, from_us, duration, after_us, &due_us, ret_error);

    if (status != STATUS_OK)
        return status;
    if (due_us > after_us && due_us > from_us) {
        *ret_us = due_us;
        return STATUS_OK;
    }
    /* Days and months have different lengths; the years that can be written bound this loop. */
    do {
        int64_t last_us = due_us;

        status = timer_place_add(place, last_us, duration, &due_us, ret_error);
        if (status == STATUS_OK && due_us <= last_us)
            status = error_set(ret_error, STATUS_FAILED,
                               "Expected a cycle that gets ahead but it stays where it is.");
        if (status != STATUS_OK)
            return status;
    } while (due_us <= after_us);
    *ret_us = due_us;
    return STATUS_OK;
}

/* ---- dates ---- */

/* "…[Europe/Berlin]": the date without it, and the zone's name. False: there is none. */
static bool split_zone(const char *text, char ret_date[DATE_TEXT_MAX],
                       char ret_zone[ZONE_NAME_MAX + 1])
{
    const char *open = strchr(text, '[');
    size_t length = strlen(text);

    if (open == NULL || text[length - 1] != ']' || length >= DATE_TEXT_MAX ||
        (size_t)(text + length - 1 - (open + 1)) > ZONE_NAME_MAX)
        return false;
    memcpy(ret_date, text, (size_t)(open - text));
    ret_date[open - text] = '\0';
    memcpy(ret_zone, open + 1, (size_t)(text + length - 1 - (open + 1)));
    ret_zone[text + length - 1 - (open + 1)] = '\0';
    return true;
}

enum status timer_place_instant(const struct timer_place *place, const char *text, int64_t *ret_us,
                                struct error *ret_error)
{
    const struct zone *zone = place->zone;
    char date[DATE_TEXT_MAX];
    char name[ZONE_NAME_MAX + 1];
    bool has_offset = false;
    enum status status = STATUS_OK;

    if (split_zone(text, date, name)) {
        status = find_zone(place->sources, name, &zone, ret_error);
        text = date;
    } else if (place->calendar != NULL && zone == NULL) {
        zone = calendar_zone(place->calendar);
    }
    if (status == STATUS_OK)
        status = iso8601_parse_local(text, ret_us, &has_offset, ret_error);
    if (status != STATUS_OK)
        return status;
    if (!has_offset && zone != NULL)
        *ret_us = zone_to_utc_us(zone, *ret_us, NULL);
    if (place->end_of_day)
        return worktime_end_of_day(place->calendar, *ret_us, ret_us, ret_error);
    return STATUS_OK;
}
