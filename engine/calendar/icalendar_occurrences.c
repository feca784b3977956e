/* The occurrences of events: the first, those of rules (RRULE) and further dates (RDATE), without
 * the exceptions (EXDATE). libical expands rules, on a clock without a zone. */
#include "bpmn/base/memory.h"
#include "bpmn/worktime/civil.h"
#include "engine/calendar/icalendar_private.h"

enum {
    DAY_S = 86400,
    EVENT_DAYS_MAX = 3660,
    /* libical looks for the next occurrence through many years, month by month. A rule that never
     * gives one counts as the first number of years, and the second is what a file may cost. */
    YEARS_OF_NEVER = 1000,
    YEARS_LOOKED_AT_MAX = 3000,
};

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

/* The properties of one kind, in an array: libical keeps one place in a component, which any look
 * at another property moves. memory_free() it. */
static icalproperty **properties_of(icalcomponent *component, icalproperty_kind kind,
                                    size_t *ret_count)
{
    int count = icalcomponent_count_properties(component, kind);
    icalproperty **list = memory_zero((size_t)count + 1, sizeof(icalproperty *));
    size_t found = 0;

    for (icalproperty *property = icalcomponent_get_first_property(component, kind);
         property != NULL && found < (size_t)count;
         property = icalcomponent_get_next_property(component, kind))
        list[found++] = property;
    *ret_count = found;
    return list;
}

/* Calls `use` for each property of a kind. */
static enum status each_property(struct expansion *expansion, icalproperty_kind kind,
                                 enum status (*use)(struct expansion *expansion,
                                                    icalproperty *property))
{
    size_t count;
    icalproperty **list = properties_of(expansion->component, kind, &count);
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = use(expansion, list[i]);
    memory_free(list);
    return status;
}

/* EXDATE: the key of what does not happen. */
static enum status use_exception(struct expansion *expansion, icalproperty *property)
{
    struct icaltimetype time = icalproperty_get_exdate(property);
    struct icalendar_clock clock;
    char key[32];
    enum status status;

    if (!is_possible(time))
        return icalendar_wrong(expansion->reading, expansion->component,
                               "has an EXDATE that is no time");
    status = icalendar_clock_of(expansion->reading, expansion->component, property, time, &clock);
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
    return STATUS_OK;
}

/* RDATE: a date, a time, or a period with a length of its own. */
static enum status use_date(struct expansion *expansion, icalproperty *property)
{
    struct icalendar_reading *reading = expansion->reading;
    struct icaldatetimeperiodtype value = icalproperty_get_rdate(property);
    bool is_period = icaltime_is_null_time(value.time);
    struct icaltimetype time = is_period ? value.period.start : value.time;
    struct icalendar_clock clock;
    int64_t length_s = expansion->length_s;
    int64_t start_s;
    enum status status;

    if (!is_possible(time))
        return icalendar_wrong(reading, expansion->component, "has an RDATE that is no time");
    status = icalendar_clock_of(reading, expansion->component, property, time, &clock);
    if (status != STATUS_OK)
        return status;
    start_s = icalendar_seconds(&clock, time);
    if (is_period && is_possible(value.period.end))
        length_s = icalendar_seconds(&clock, value.period.end) - start_s;
    else if (is_period)
        length_s = icaldurationtype_as_int(value.period.duration);
    if (length_s < 0 || length_s > (int64_t)EVENT_DAYS_MAX * DAY_S)
        return icalendar_wrong(reading, expansion->component,
                               "has an RDATE that ends before it begins");
    return use_occurrence(expansion, start_s, clock.is_date, length_s);
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

/* Adds what it took libical to see that there is nothing more in the days asked for. */
static enum status count_years(struct expansion *expansion, struct icaltimetype next)
{
    struct icalendar_reading *reading = expansion->reading;

    if (icaltime_is_null_time(next))
        reading->years_looked_at += YEARS_OF_NEVER;
    else
        reading->years_looked_at +=
            (uint32_t)(next.year - civil_date_of(reading->request->to_day).year);
    if (reading->years_looked_at <= YEARS_LOOKED_AT_MAX)
        return STATUS_OK;
    return icalendar_wrong(reading, expansion->component,
                           "is one of too many with rules (RRULE) that give a date hardly ever or "
                           "never");
}

/* The occurrences of one rule, from a little before the days asked for to a little after. */
static enum status use_rule(struct expansion *expansion, icalproperty *property)
{
    struct icalrecurrencetype rule = icalproperty_get_rrule(property);
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
    if (!icaltime_is_null_time(rule.until) &&
        civil_days(rule.until.year, rule.until.month, rule.until.day) < skip_to)
        return STATUS_OK;
    iterator = icalrecur_iterator_new(rule, expansion->start);
    if (iterator == NULL)
        return icalendar_wrong(expansion->reading, expansion->component,
                               "has a rule (RRULE) that cannot be followed");
    if (rule.count == 0 && start_day < skip_to) {
        time = time_of_day(skip_to);
        time.is_date = expansion->start.is_date;
        (void)icalrecur_iterator_set_start(iterator, time);
    }
    for (bool is_first = true; status == STATUS_OK; is_first = false) {
        time = icalrecur_iterator_next(iterator);
        if (icaltime_is_null_time(time) ||
            civil_days(time.year, time.month, time.day) > request->to_day + 3) {
            if (is_first || !icaltime_is_null_time(time))
                status = count_years(expansion, time);
            break;
        }
        time.is_date = expansion->clock.is_date ? 1 : 0;
        status = use_occurrence(expansion, icalendar_seconds(&expansion->clock, time),
                                expansion->clock.is_date, expansion->length_s);
    }
    icalrecur_iterator_free(iterator);
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
    status = each_property(&expansion, ICAL_EXDATE_PROPERTY, use_exception);
    if (status == STATUS_OK)
        status = each_property(&expansion, ICAL_RRULE_PROPERTY, use_rule);
    if (status == STATUS_OK)
        status = each_property(&expansion, ICAL_RDATE_PROPERTY, use_date);
    /* The first is one of the rule's, or the only one (RFC 5545 section 3.8.5.3). */
    if (status == STATUS_OK)
        status = use_occurrence(&expansion, start_s, expansion.clock.is_date, expansion.length_s);
    json_decref(expansion.excluded);
    json_decref(expansion.seen);
    return status;
}
