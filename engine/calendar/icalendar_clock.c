/* The clocks that times in iCalendar files are read on. What a local time is as an instant is our
 * own zones' business, so that all working time follows one set of rules; libical's come in only
 * for zones that a file describes itself. */
#include "bpmn/worktime/civil.h"
#include "engine/calendar/icalendar_private.h"

#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400 };

static bool load(struct icalendar_reading *reading, const char *name, const struct zone **ret_zone)
{
    const struct zone_source *zones = reading->request->zones;
    struct error ignored;

    return zones->load(zones->context, name, ret_zone, &ignored) == STATUS_OK;
}

/* `Europe/Vienna`, also behind a prefix such as `/freeassociation.sourceforge.net/`. */
static bool find_zone(struct icalendar_reading *reading, const char *name,
                      const struct zone **ret_zone)
{
    if (load(reading, name, ret_zone))
        return true;
    for (const char *at = strchr(name, '/'); at != NULL; at = strchr(at + 1, '/')) {
        if (strchr(at + 1, '/') != NULL && load(reading, at + 1, ret_zone))
            return true;
    }
    return false;
}

enum status icalendar_clock_of(struct icalendar_reading *reading, icalcomponent *component,
                               icalproperty *property, struct icaltimetype time,
                               struct icalendar_clock *ret_clock)
{
    icalparameter *parameter = icalproperty_get_first_parameter(property, ICAL_TZID_PARAMETER);
    const char *name = parameter != NULL ? icalparameter_get_tzid(parameter) : NULL;

    *ret_clock =
        (struct icalendar_clock){.is_date = time.is_date != 0, .zone = reading->request->zone};
    if (time.is_date)
        return STATUS_OK;
    if (icaltime_is_utc(time)) {
        ret_clock->zone = zone_utc();
        return STATUS_OK;
    }
    if (name == NULL || find_zone(reading, name, &ret_clock->zone))
        return STATUS_OK;
    ret_clock->zone = NULL;
    for (icalcomponent *in = icalcomponent_get_parent(component); in != NULL;
         in = icalcomponent_get_parent(in)) {
        ret_clock->described = icalcomponent_get_timezone(in, name);
        if (ret_clock->described != NULL)
            return STATUS_OK;
    }
    return icalendar_wrong(reading, component,
                           "has the time zone '%.64s', which neither the system's time zone data "
                           "nor a VTIMEZONE of the file knows",
                           name);
}

int64_t icalendar_seconds(const struct icalendar_clock *clock, struct icaltimetype time)
{
    int64_t day = civil_days(time.year, time.month, time.day);
    int64_t local_s;
    int is_daylight;

    if (clock->is_date)
        return day * DAY_S;
    local_s = day * DAY_S + time.hour * 3600 + time.minute * 60 + time.second;
    if (clock->zone == NULL)
        return local_s - icaltimezone_get_utc_offset(clock->described, &time, &is_daylight);
    return civil_floor_divide(zone_to_utc_us(clock->zone, local_s * CIVIL_SECOND_US, NULL),
                              CIVIL_SECOND_US);
}

void icalendar_key(bool is_date, int64_t seconds, char ret_key[32])
{
    int64_t day = civil_floor_divide(seconds, DAY_S);
    int32_t second = (int32_t)(seconds - day * DAY_S);
    struct civil_date date = civil_date_of(day);
    int length = snprintf(ret_key, 32, "%04d%02d%02d", date.year, date.month, date.day);

    if (!is_date)
        (void)snprintf(ret_key + length, (size_t)(32 - length), "T%02d%02d%02dZ", second / 3600,
                       second / 60 % 60, second % 60);
}

int64_t icalendar_local(const struct icalendar_reading *reading, int64_t utc_s, int32_t *ret_second)
{
    int64_t local_s = civil_floor_divide(
        zone_to_local_us(reading->request->zone, utc_s * CIVIL_SECOND_US), CIVIL_SECOND_US);
    int64_t day = civil_floor_divide(local_s, DAY_S);

    *ret_second = (int32_t)(local_s - day * DAY_S);
    return day;
}
