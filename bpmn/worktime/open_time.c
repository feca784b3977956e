/* See open_time.h. */
#include "bpmn/worktime/open_time.h"

#include "bpmn/worktime/civil.h"

int64_t open_date(const struct calendar *calendar, int64_t at_us)
{
    return civil_floor_divide(zone_to_local_us(calendar->zone, at_us), CIVIL_DAY_US);
}

/* The day that an instant is in. That is the date its clocks show, but for the hour before midnight
 * that is repeated after midnight was reached once: it belongs to the day begun already. */
static int64_t find_day(const struct calendar *calendar, int64_t at_us, struct day *ret_day)
{
    int64_t at_s = civil_floor_divide(at_us, CIVIL_SECOND_US);
    int64_t date = open_date(calendar, at_us);

    day_open(calendar, date, ret_day);
    while (at_s >= ret_day->to_s)
        day_open(calendar, ++date, ret_day);
    while (at_s < ret_day->from_s)
        day_open(calendar, --date, ret_day);
    return date;
}

int64_t open_before_us(const struct calendar *calendar, int64_t at_us)
{
    struct day day;
    int64_t date = find_day(calendar, at_us, &day);
    int64_t sum_us = sums_before(calendar, MEASURE_OPEN_S, date) * CIVIL_SECOND_US;

    for (uint32_t i = 0; i < day.count; i++) {
        int64_t from_us = day.segments[i].from_s * CIVIL_SECOND_US;
        int64_t to_us = day.segments[i].to_s * CIVIL_SECOND_US;

        if (at_us <= from_us)
            break;
        sum_us += (at_us < to_us ? at_us : to_us) - from_us;
    }
    return sum_us;
}

bool open_at(const struct calendar *calendar, int64_t at_us)
{
    struct day day;

    (void)find_day(calendar, at_us, &day);
    for (uint32_t i = 0; i < day.count; i++) {
        if (at_us < day.segments[i].to_s * CIVIL_SECOND_US)
            return at_us >= day.segments[i].from_s * CIVIL_SECOND_US;
    }
    return false;
}

struct worktime_segment open_segment(const struct calendar *calendar, int64_t at_us)
{
    struct day day;
    uint32_t i = 0;

    (void)find_day(calendar, at_us, &day);
    while (i < day.count && at_us >= day.segments[i].to_s * CIVIL_SECOND_US)
        i++;
    PRE(i < day.count && at_us >= day.segments[i].from_s * CIVIL_SECOND_US);
    return (struct worktime_segment){day.segments[i].from_s * CIVIL_SECOND_US,
                                     day.segments[i].to_s * CIVIL_SECOND_US};
}

bool open_find(const struct calendar *calendar, int64_t open_us, int64_t *ret_us)
{
    struct day day;
    int64_t date;
    int64_t rest_s;
    int64_t at_us;
    uint32_t i = 0;

    if (open_us < 0 ||
        !sums_find(calendar, MEASURE_OPEN_S, open_us / CIVIL_SECOND_US, &date, &rest_s))
        return false;
    day_open(calendar, date, &day);
    while (i < day.count && rest_s >= day.segments[i].to_s - day.segments[i].from_s) {
        rest_s -= day.segments[i].to_s - day.segments[i].from_s;
        i++;
    }
    INVARIANT(i < day.count);
    at_us = (day.segments[i].from_s + rest_s) * CIVIL_SECOND_US + open_us % CIVIL_SECOND_US;
    if (at_us < WORKTIME_MIN_US || at_us > WORKTIME_MAX_US)
        return false;
    *ret_us = at_us;
    return true;
}

bool open_find_end(const struct calendar *calendar, int64_t open_us, int64_t *ret_us)
{
    int64_t last_us; /* the last open microsecond before it */

    if (!open_find(calendar, open_us - 1, &last_us) || last_us == WORKTIME_MAX_US)
        return false;
    *ret_us = last_us + 1;
    return true;
}

enum status open_check(const char *field, int64_t at_us, struct error *error)
{
    if (at_us >= WORKTIME_MIN_US && at_us <= WORKTIME_MAX_US)
        return STATUS_OK;
    return error_set_field(error, STATUS_INVALID, field,
                           "Expected a moment in the years 1970 to 9999 but it is %s.",
                           at_us < WORKTIME_MIN_US ? "before" : "after");
}

enum status open_never(const struct calendar *calendar, const char *field, bool forwards,
                       struct error *error)
{
    return error_set_field(error, STATUS_INVALID, field,
                           "Expected an answer in the years 1970 to 9999 but calendar '%.64s' has "
                           "not enough working time %s.",
                           calendar->name, forwards ? "until the end of 9999" : "since 1970");
}
