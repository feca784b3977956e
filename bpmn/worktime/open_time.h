/* A calendar's open time as one growing number: how much of it lies before an instant, and the
 * other way round. Everything in worktime.h is made of these. */
#ifndef SYNERGYFLOW_WORKTIME_OPEN_TIME_H
#define SYNERGYFLOW_WORKTIME_OPEN_TIME_H

#include "bpmn/worktime/calendar_private.h"
#include "bpmn/worktime/worktime.h"

/* Open microseconds from the beginning of the calendar's first year (before 1970) to `at_us`,
 * which is in the range of worktime.h or a microsecond before it. */
int64_t open_before_us(const struct calendar *calendar, int64_t at_us);

bool open_at(const struct calendar *calendar, int64_t at_us);

/* The instant, itself open, before which `open_us` of open time lie. False when that is not in the
 * years 1970 to 9999. */
MUST_CHECK bool open_find(const struct calendar *calendar, int64_t open_us, int64_t *ret_us);
/* The instant at which `open_us` of open time have passed: after, or at, an open one. */
MUST_CHECK bool open_find_end(const struct calendar *calendar, int64_t open_us, int64_t *ret_us);

/* The segment that `at_us`, which is open, is in. */
struct worktime_segment open_segment(const struct calendar *calendar, int64_t at_us);

/* The date of an instant in the calendar's zone. */
int64_t open_date(const struct calendar *calendar, int64_t at_us);

/* STATUS_INVALID at `field` unless the instant is in the years 1970 to 9999. */
MUST_CHECK enum status open_check(const char *field, int64_t at_us, struct error *error);
/* The calendar opens too seldom (forwards or backwards) for an answer. */
enum status open_never(const struct calendar *calendar, const char *field, bool forwards,
                       struct error *error);

#endif
