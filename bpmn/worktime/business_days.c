/* Business days: dates on which anything is open, counted. */
#include "bpmn/worktime/civil.h"
#include "bpmn/worktime/open_time.h"

static enum status no_such_day(const struct calendar *calendar, bool forwards, struct error *error)
{
    return open_never(calendar, "days", forwards, error);
}

/* The n-th working day after `date` (n from 1 on). */
static bool day_after(const struct calendar *calendar, int64_t date, uint32_t days,
                      int64_t *ret_date)
{
    int64_t rest;

    return sums_find(calendar, MEASURE_DAYS,
                     sums_before(calendar, MEASURE_DAYS, date + 1) + days - 1, ret_date, &rest);
}

/* The n-th working day before `date` (n from 1 on). */
static bool day_before(const struct calendar *calendar, int64_t date, uint32_t days,
                       int64_t *ret_date)
{
    int64_t place = sums_before(calendar, MEASURE_DAYS, date) - days;
    int64_t rest;

    return place >= 0 && sums_find(calendar, MEASURE_DAYS, place, ret_date, &rest);
}

/* The wall-clock time of `at_us` on another date. */
static int64_t same_time_us(const struct calendar *calendar, int64_t at_us, int64_t date)
{
    int64_t local_us = zone_to_local_us(calendar->zone, at_us);

    local_us -= civil_floor_divide(local_us, CIVIL_DAY_US) * CIVIL_DAY_US;
    return zone_to_utc_us(calendar->zone, date * CIVIL_DAY_US + local_us, NULL);
}

/* Within hours, closing time included: nothing has to move. */
static bool settled(const struct calendar *calendar, int64_t at_us)
{
    return open_at(calendar, at_us) || open_at(calendar, at_us - 1);
}

static bool in_range(int64_t at_us)
{
    return at_us >= WORKTIME_MIN_US && at_us <= WORKTIME_MAX_US;
}

enum status worktime_add_business_days(const struct calendar *calendar, int64_t start_us,
                                       uint32_t days, int64_t *ret_us, struct error *ret_error)
{
    enum status status = open_check("start", start_us, ret_error);
    int64_t at_us = start_us;
    int64_t date;

    if (status != STATUS_OK)
        return status;
    if (days > 0) {
        if (!day_after(calendar, open_date(calendar, start_us), days, &date))
            return no_such_day(calendar, true, ret_error);
        at_us = same_time_us(calendar, start_us, date);
    }
    if (!in_range(at_us) || (!settled(calendar, at_us) &&
                             !open_find(calendar, open_before_us(calendar, at_us), &at_us)))
        return no_such_day(calendar, true, ret_error);
    *ret_us = at_us;
    return STATUS_OK;
}

enum status worktime_subtract_business_days(const struct calendar *calendar, int64_t start_us,
                                            uint32_t days, int64_t *ret_us, struct error *ret_error)
{
    enum status status = open_check("start", start_us, ret_error);
    int64_t at_us = start_us;
    int64_t date;

    if (status != STATUS_OK)
        return status;
    if (days > 0) {
        if (!day_before(calendar, open_date(calendar, start_us), days, &date))
            return no_such_day(calendar, false, ret_error);
        at_us = same_time_us(calendar, start_us, date);
    }
    if (!in_range(at_us) || (!settled(calendar, at_us) &&
                             !open_find_end(calendar, open_before_us(calendar, at_us), &at_us)))
        return no_such_day(calendar, false, ret_error);
    *ret_us = at_us;
    return STATUS_OK;
}

enum status worktime_end_of_business_day(const struct calendar *calendar, int64_t start_us,
                                         uint32_t days, int64_t *ret_us, struct error *ret_error)
{
    enum status status = open_check("start", start_us, ret_error);
    int64_t date;
    struct day day = {.count = 0};

    if (status != STATUS_OK)
        return status;
    date = open_date(calendar, start_us);
    if (days == 0)
        day_open(calendar, date, &day);
    if (day.count == 0 || day.segments[day.count - 1].to_s * CIVIL_SECOND_US < start_us) {
        if (!day_after(calendar, date, days == 0 ? 1 : days, &date))
            return no_such_day(calendar, true, ret_error);
        day_open(calendar, date, &day);
    }
    INVARIANT(day.count > 0);
    if (!in_range(day.segments[day.count - 1].to_s * CIVIL_SECOND_US))
        return no_such_day(calendar, true, ret_error);
    *ret_us = day.segments[day.count - 1].to_s * CIVIL_SECOND_US;
    return STATUS_OK;
}

enum status worktime_end_of_day(const struct calendar *calendar, int64_t start_us, int64_t *ret_us,
                                struct error *ret_error)
{
    return worktime_end_of_business_day(calendar, start_us, 0, ret_us, ret_error);
}
