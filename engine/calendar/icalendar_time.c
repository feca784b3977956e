/* Times in iCalendar files, and the occurrences of events.
 *
 * libical expands the rules on a clock without a zone; what such a time is as an instant is our own
 * zones' business, so that all working time follows one set of rules. */
#include "bpmn/worktime/civil.h"
#include "engine/calendar/icalendar_private.h"

#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400, EVENT_DAYS_MAX = 3660 };

/* ---- clocks ---- */

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

/* ---- occurrences ---- */

/* An event being expanded. */
struct expansion {
    struct icalendar_reading *reading;
    icalcomponent *component;
    struct icaltimetype start; /* without a zone */
    struct icalendar_clock clock;
    int64_t length_s;
    json_t *excluded; /* keys */
    json_t *seen;     /* keys, since an RDATE may repeat what the rule gives */
    enum status (*use)(void *context, const struct icalendar_occurrence *at);
    void *context;
};

static bool is_possible(struct icaltimetype time)
{
    return !icaltime_is_null_time(time) && time.year >= 1 && time.year <= 9999 && time.month >= 1 &&
           time.month <= 12 && time.day >= 1 &&
           time.day <= civil_days_in_month(time.year, time.month) && time.hour >= 0 &&
           time.hour <= 23 && time.minute >= 0 && time.minute <= 59 && time.second >= 0 &&
           time.second <= 60;
}

static struct icaltimetype without_zone(struct icaltimetype time)
{
    time.zone = NULL;
    time.is_daylight = 0;
    return time;
}

static struct icaltimetype time_of_day(int64_t day)
{
    struct civil_date date = civil_date_of(day);
    struct icaltimetype time = icaltime_null_time();

    time.year = date.year;
    time.month = date.month;
    time.day = date.day;
    return time;
}

/* How long the event lasts: DTEND, else DURATION, else a day or nothing. */
static enum status read_length(struct expansion *expansion, int64_t start_s)
{
    icalcomponent *component = expansion->component;
    icalproperty *end = icalcomponent_get_first_property(component, ICAL_DTEND_PROPERTY);
    icalproperty *duration = icalcomponent_get_first_property(component, ICAL_DURATION_PROPERTY);
    int64_t length_s = expansion->clock.is_date ? DAY_S : 0;
    struct icalendar_clock clock;

    if (end != NULL) {
        struct icaltimetype time = icalproperty_get_dtend(end);
        enum status status;

        if (!is_possible(time) || (time.is_date != 0) != expansion->clock.is_date)
            return icalendar_wrong(expansion->reading, component,
                                   "has a DTEND that is no time of the kind of its DTSTART");
        status = icalendar_clock_of(expansion->reading, component, end, time, &clock);
        if (status != STATUS_OK)
            return status;
        length_s = icalendar_seconds(&clock, time) - start_s;
        /* An end on the first day itself is written by some; it means that day. */
        if (length_s == 0 && clock.is_date)
            length_s = DAY_S;
    } else if (duration != NULL) {
        length_s = icaldurationtype_as_int(icalproperty_get_duration(duration));
    }
    if (length_s < 0 || length_s > (int64_t)EVENT_DAYS_MAX * DAY_S)
        return icalendar_wrong(expansion->reading, component,
                               "ends before it begins, or lasts more than ten years");
    expansion->length_s = length_s;
    return STATUS_OK;
}

static enum status use_occurrence(struct expansion *expansion, int64_t start_s, bool is_date,
                                  int64_t length_s)
{
    struct icalendar_reading *reading = expansion->reading;
    struct icalendar_occurrence at = {.is_date = is_date,
                                      .from_s = start_s,
                                      .to_s = start_s + length_s,
                                      .first_day = civil_floor_divide(start_s, DAY_S)};
    int32_t ignored;

    icalendar_key(is_date, start_s, at.key);
    if (is_date)
        at.last_day = at.first_day + (length_s + DAY_S - 1) / DAY_S - 1;
    else
        at.first_day = icalendar_local(reading, start_s, &ignored);
    if (!is_date)
        at.last_day = icalendar_local(reading, start_s + length_s, &ignored);
    if (at.last_day < reading->request->from_day || at.first_day > reading->request->to_day ||
        json_object_get(expansion->excluded, at.key) != NULL ||
        json_object_get(expansion->seen, at.key) != NULL)
        return STATUS_OK;
    if (reading->occurrences >= ICALENDAR_OCCURRENCES_MAX) {
        return error_set_field(
            reading->error, STATUS_TOO_LARGE, "ics",
            "Expected at most %d occurrences of events in the days asked for but "
            "event '%.100s' leads to more.",
            ICALENDAR_OCCURRENCES_MAX, icalendar_uid(expansion->component));
    }
    reading->occurrences++;
    (void)json_object_set_new(expansion->seen, at.key, json_true());
    return expansion->use(expansion->context, &at);
}

/* EXDATE: the keys of what does not happen. */
static enum status read_exceptions(struct expansion *expansion)
{
    icalcomponent *component = expansion->component;

    for (icalproperty *property = icalcomponent_get_first_property(component, ICAL_EXDATE_PROPERTY);
         property != NULL;
         property = icalcomponent_get_next_property(component, ICAL_EXDATE_PROPERTY)) {
        struct icaltimetype time = icalproperty_get_exdate(property);
        struct icalendar_clock clock;
        char key[32];
        enum status status;

        if (!is_possible(time))
            return icalendar_wrong(expansion->reading, component, "has an EXDATE that is no time");
        status = icalendar_clock_of(expansion->reading, component, property, time, &clock);
        if (status != STATUS_OK)
            return status;
        icalendar_key(clock.is_date, icalendar_seconds(&clock, time), key);
        (void)json_object_set_new(expansion->excluded, key, json_true());
        /* A date excludes what begins on it, whatever the time. */
        if (clock.is_date && !expansion->clock.is_date) {
            time.hour = expansion->start.hour;
            time.minute = expansion->start.minute;
            time.second = expansion->start.second;
            icalendar_key(false, icalendar_seconds(&expansion->clock, time), key);
            (void)json_object_set_new(expansion->excluded, key, json_true());
        }
    }
    return STATUS_OK;
}

/* RDATE: dates, times, or periods with a length of their own. */
static enum status use_dates(struct expansion *expansion)
{
    icalcomponent *component = expansion->component;
    enum status status = STATUS_OK;

    for (icalproperty *property = icalcomponent_get_first_property(component, ICAL_RDATE_PROPERTY);
         property != NULL && status == STATUS_OK;
         property = icalcomponent_get_next_property(component, ICAL_RDATE_PROPERTY)) {
        struct icaldatetimeperiodtype value = icalproperty_get_rdate(property);
        bool is_period = icaltime_is_null_time(value.time);
        struct icaltimetype time = is_period ? value.period.start : value.time;
        struct icalendar_clock clock;
        int64_t length_s = expansion->length_s;
        int64_t start_s;

        if (!is_possible(time))
            return icalendar_wrong(expansion->reading, component, "has an RDATE that is no time");
        status = icalendar_clock_of(expansion->reading, component, property, time, &clock);
        if (status != STATUS_OK)
            return status;
        start_s = icalendar_seconds(&clock, time);
        if (is_period && !icaltime_is_null_time(value.period.end))
            length_s = icalendar_seconds(&clock, value.period.end) - start_s;
        else if (is_period)
            length_s = icaldurationtype_as_int(value.period.duration);
        if (length_s < 0 || length_s > (int64_t)EVENT_DAYS_MAX * DAY_S)
            return icalendar_wrong(expansion->reading, component,
                                   "has an RDATE that ends before it begins");
        status = use_occurrence(expansion, start_s, clock.is_date, length_s);
    }
    return status;
}

/* UNTIL is an instant; the rule is expanded on the event's own clock. */
static void until_on_clock(const struct icalendar_clock *clock, struct icalrecurrencetype *rule)
{
    int64_t local_s;
    struct icaltimetype until = rule->until;
    int64_t day;

    if (icaltime_is_null_time(until))
        return;
    if (!until.is_date && icaltime_is_utc(until) && clock->zone != NULL) {
        struct icalendar_clock utc = {.zone = zone_utc()};

        local_s = civil_floor_divide(
            zone_to_local_us(clock->zone, icalendar_seconds(&utc, until) * CIVIL_SECOND_US),
            CIVIL_SECOND_US);
        day = civil_floor_divide(local_s, DAY_S);
        until = time_of_day(day);
        until.hour = (int)((local_s - day * DAY_S) / 3600);
        until.minute = (int)((local_s - day * DAY_S) / 60 % 60);
        until.second = (int)(local_s % 60);
    } else if (until.is_date && !clock->is_date) {
        until.is_date = 0;
        until.hour = 23;
        until.minute = 59;
        until.second = 59;
    }
    if (clock->is_date) {
        until.is_date = 1;
        until.hour = until.minute = until.second = 0;
    }
    rule->until = without_zone(until);
}

static enum status check_rule(struct expansion *expansion, const struct icalrecurrencetype *rule)
{
    struct icalendar_reading *reading = expansion->reading;

    if (rule->freq != ICAL_DAILY_RECURRENCE && rule->freq != ICAL_WEEKLY_RECURRENCE &&
        rule->freq != ICAL_MONTHLY_RECURRENCE && rule->freq != ICAL_YEARLY_RECURRENCE)
        return icalendar_wrong(reading, expansion->component,
                               "has a rule (RRULE) that repeats more often than daily, or not at "
                               "all");
    if (rule->by_hour[0] != ICAL_RECURRENCE_ARRAY_MAX ||
        rule->by_minute[0] != ICAL_RECURRENCE_ARRAY_MAX ||
        rule->by_second[0] != ICAL_RECURRENCE_ARRAY_MAX)
        return icalendar_wrong(
            reading, expansion->component,
            "has a rule (RRULE) with BYHOUR, BYMINUTE or BYSECOND, which repeats "
            "more often than daily");
    if (rule->count > ICALENDAR_OCCURRENCES_MAX) {
        return error_set_field(reading->error, STATUS_TOO_LARGE, "ics",
                               "Expected a rule with at most %d occurrences but event '%.100s' has "
                               "COUNT=%d.",
                               ICALENDAR_OCCURRENCES_MAX, icalendar_uid(expansion->component),
                               rule->count);
    }
    if (++reading->recurring > ICALENDAR_RECURRING_MAX) {
        return error_set_field(reading->error, STATUS_TOO_LARGE, "ics",
                               "Expected at most %d events that recur by a rule but found more.",
                               ICALENDAR_RECURRING_MAX);
    }
    return STATUS_OK;
}

/* The occurrences of one rule, from a little before the days asked for to a little after. */
static enum status use_rule(struct expansion *expansion, struct icalrecurrencetype rule)
{
    const struct icalendar_request *request = expansion->reading->request;
    int64_t start_day =
        civil_days(expansion->start.year, expansion->start.month, expansion->start.day);
    int64_t skip_to = request->from_day - expansion->length_s / DAY_S - 3;
    struct icaltimetype time;
    icalrecur_iterator *iterator;
    enum status status = check_rule(expansion, &rule);

    if (status != STATUS_OK)
        return status;
    until_on_clock(&expansion->clock, &rule);
    iterator = icalrecur_iterator_new(rule, expansion->start);
    if (iterator == NULL)
        return icalendar_wrong(expansion->reading, expansion->component,
                               "has a rule (RRULE) that cannot be followed");
    if (rule.count == 0 && start_day < skip_to) {
        time = time_of_day(skip_to);
        time.is_date = expansion->start.is_date;
        (void)icalrecur_iterator_set_start(iterator, time);
    }
    while (status == STATUS_OK) {
        time = icalrecur_iterator_next(iterator);
        if (icaltime_is_null_time(time) ||
            civil_days(time.year, time.month, time.day) > request->to_day + 3)
            break;
        time.is_date = expansion->clock.is_date ? 1 : 0;
        status = use_occurrence(expansion, icalendar_seconds(&expansion->clock, time),
                                expansion->clock.is_date, expansion->length_s);
    }
    icalrecur_iterator_free(iterator);
    return status;
}

static enum status use_rules(struct expansion *expansion)
{
    enum status status = STATUS_OK;

    for (icalproperty *property =
             icalcomponent_get_first_property(expansion->component, ICAL_RRULE_PROPERTY);
         property != NULL && status == STATUS_OK;
         property = icalcomponent_get_next_property(expansion->component, ICAL_RRULE_PROPERTY))
        status = use_rule(expansion, icalproperty_get_rrule(property));
    return status;
}

bool icalendar_recurs(icalcomponent *component)
{
    return icalcomponent_get_first_property(component, ICAL_RRULE_PROPERTY) != NULL ||
           icalcomponent_get_first_property(component, ICAL_RDATE_PROPERTY) != NULL;
}

enum status icalendar_expand(
    struct icalendar_reading *reading, icalcomponent *component, const json_t *excluded,
    enum status (*use)(void *context, const struct icalendar_occurrence *at), void *context)
{
    icalproperty *property = icalcomponent_get_first_property(component, ICAL_DTSTART_PROPERTY);
    struct expansion expansion = {
        .reading = reading, .component = component, .use = use, .context = context};
    int64_t start_s = 0;
    enum status status;

    if (property == NULL || !is_possible(icalproperty_get_dtstart(property)))
        return icalendar_wrong(reading, component, "has no DTSTART, or one that is no time");
    expansion.start = icalproperty_get_dtstart(property);
    status = icalendar_clock_of(reading, component, property, expansion.start, &expansion.clock);
    if (status == STATUS_OK) {
        start_s = icalendar_seconds(&expansion.clock, expansion.start);
        expansion.start = without_zone(expansion.start);
        status = read_length(&expansion, start_s);
    }
    if (status != STATUS_OK)
        return status;
    expansion.excluded = excluded != NULL ? json_copy((json_t *)excluded) : json_object();
    expansion.seen = json_object();
    status = read_exceptions(&expansion);
    if (status == STATUS_OK)
        status = use_rules(&expansion);
    if (status == STATUS_OK)
        status = use_dates(&expansion);
    /* The first is one of the rule's, or the only one (RFC 5545 section 3.8.5.3). */
    if (status == STATUS_OK)
        status = use_occurrence(&expansion, start_s, expansion.clock.is_date, expansion.length_s);
    json_decref(expansion.excluded);
    json_decref(expansion.seen);
    return status;
}
