/* Holidays as iCalendar. */
#include "bpmn/worktime/civil.h"
#include "engine/calendar/icalendar.h"

#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct icaltimetype date_of(int64_t day)
{
    struct civil_date date = civil_date_of(day);
    struct icaltimetype time = icaltime_null_date();

    time.year = date.year;
    time.month = date.month;
    time.day = date.day;
    return time;
}

static struct icaltimetype stamp(int64_t now_us)
{
    struct civil now = civil_of_local_us(now_us);
    struct icaltimetype time = icaltime_null_time();

    time.year = now.date.year;
    time.month = now.date.month;
    time.day = now.date.day;
    time.hour = now.second_of_day / 3600;
    time.minute = now.second_of_day / 60 % 60;
    time.second = now.second_of_day % 60;
    time.zone = icaltimezone_get_utc_timezone();
    return time;
}

/* An entry without a UID has one made of what tells it apart, the same at every export. */
static void make_uid(const json_t *document, const char *date, char *ret_uid, size_t size)
{
    const char *name = json_string_value(json_object_get(document, "name"));
    uint64_t hash = UINT64_C(14695981039346656037);

    for (const char *at = name != NULL ? name : ""; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    (void)snprintf(ret_uid, size, "holiday-%s-%016llx@synergyflow", date, (unsigned long long)hash);
}

static void add_event(icalcomponent *calendar, const json_t *document, const json_t *entry,
                      bool annual, int64_t now_us)
{
    bool is_text = json_is_string(entry);
    const char *date = json_string_value(is_text ? entry : json_object_get(entry, "date"));
    const char *to = json_string_value(json_object_get(entry, "to"));
    const char *name = json_string_value(json_object_get(entry, "name"));
    const char *uid = json_string_value(json_object_get(entry, "uid"));
    icalcomponent *event;
    char made[96];
    int64_t first = 0;
    int64_t last = 0;
    int32_t month = 1;
    int32_t day = 1;

    if (json_is_false(json_object_get(entry, "enabled")))
        return;
    if (annual) {
        if (!civil_parse_month_day(date, &month, &day))
            return;
        /* 1972 is the first year that has every day. */
        first = last = civil_days(1972, month, day);
    } else if (!civil_parse_date(date, &first) ||
               !civil_parse_date(to != NULL ? to : date, &last)) {
        return;
    }
    make_uid(document, date, made, sizeof(made));
    event = icalcomponent_new_vevent();
    icalcomponent_add_property(event, icalproperty_new_uid(uid != NULL ? uid : made));
    icalcomponent_add_property(event, icalproperty_new_dtstamp(stamp(now_us)));
    icalcomponent_add_property(event, icalproperty_new_dtstart(date_of(first)));
    icalcomponent_add_property(event, icalproperty_new_dtend(date_of(last + 1)));
    icalcomponent_add_property(
        event, icalproperty_new_summary(name != NULL && name[0] != '\0' ? name : "Holiday"));
    icalcomponent_add_property(event, icalproperty_new_transp(ICAL_TRANSP_TRANSPARENT));
    if (annual)
        icalcomponent_add_property(
            event, icalproperty_new_rrule(icalrecurrencetype_from_string("FREQ=YEARLY")));
    icalcomponent_add_component(calendar, event);
}

static void add_events(icalcomponent *calendar, const json_t *document, const char *member,
                       int64_t now_us)
{
    const json_t *list = json_object_get(document, member);
    const json_t *entry;
    size_t i;

    json_array_foreach ((json_t *)list, i, entry)
        add_event(calendar, document, entry, strcmp(member, "annual_holidays") == 0, now_us);
}

void icalendar_write(const json_t *document, int64_t now_us, struct text *ret_text)
{
    icalcomponent *calendar = icalcomponent_new(ICAL_VCALENDAR_COMPONENT);
    const char *name = json_string_value(json_object_get(document, "name"));
    char *text;

    icalcomponent_add_property(calendar, icalproperty_new_version("2.0"));
    icalcomponent_add_property(calendar, icalproperty_new_prodid("-//SynergyFlow//Calendar//EN"));
    if (name != NULL && name[0] != '\0') {
        icalproperty *property = icalproperty_new_x(name);

        icalproperty_set_x_name(property, "X-WR-CALNAME");
        icalcomponent_add_property(calendar, property);
    }
    add_events(calendar, document, "holidays", now_us);
    add_events(calendar, document, "annual_holidays", now_us);
    text = icalcomponent_as_ical_string_r(calendar);
    text_append(ret_text, text);
    free(text);
    icalcomponent_free(calendar);
}
