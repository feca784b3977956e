/* Arithmetic with working time: real elapsed time inside the open windows of a calendar.
 *
 * Instants are microseconds since 1970-01-01T00:00:00Z, durations microseconds; all exact, nothing
 * is ever rounded. Everything here is a look-up in sums that the calendar prepared: the cost does
 * not depend on how far apart two instants are.
 *
 * The rules (docs/working-time.md):
 * - Windows are half-open [start, end). A duration that fits exactly ends at closing time, not at
 *   the next opening; backwards, at opening time. No duration at all from a moment outside hours
 *   gives the next (backwards: the previous) open moment.
 * - Pauses are cut out of the windows: they count only where they overlap working time; their order
 *   does not matter, overlapping ones merge, parts outside what is looked at change nothing.
 * - Everything lies in the years 1970 to 9999 (UTC). Outside: STATUS_INVALID, field "start",
 *   "end" or "pauses[n]". When a calendar opens too seldom for an answer in that range (or never
 *   again): STATUS_INVALID with that reason, field "duration", at once. */
#ifndef SYNERGYFLOW_WORKTIME_WORKTIME_H
#define SYNERGYFLOW_WORKTIME_WORKTIME_H

#include "bpmn/worktime/calendar.h"

#include <stddef.h>
#include <stdint.h>

#define WORKTIME_MIN_US INT64_C(0)                  /* 1970-01-01T00:00:00Z */
#define WORKTIME_MAX_US INT64_C(253402300799999999) /* 9999-12-31T23:59:59.999999Z */

enum { WORKTIME_PAUSES_MAX = 100000 }; /* of one call; more are STATUS_TOO_LARGE */

/* [from, to): `to` not before `from` (else STATUS_INVALID). A pause that goes on has
 * WORKTIME_MAX_US as its end. */
struct worktime_pause {
    int64_t from_us;
    int64_t to_us;
};

/* A stretch of open time, [from, to). */
struct worktime_segment {
    int64_t from_us;
    int64_t to_us;
};

/* The earliest moment by which `duration_us` (not negative: STATUS_INVALID) of working time has
 * passed since `start_us`. */
MUST_CHECK enum status worktime_add(const struct calendar *calendar, int64_t start_us,
                                    int64_t duration_us, const struct worktime_pause *pauses,
                                    size_t pause_count, int64_t *ret_us, struct error *ret_error);

/* The latest moment from which `duration_us` (not negative) of working time passes until
 * `start_us`. */
MUST_CHECK enum status worktime_subtract(const struct calendar *calendar, int64_t start_us,
                                         int64_t duration_us, const struct worktime_pause *pauses,
                                         size_t pause_count, int64_t *ret_us,
                                         struct error *ret_error);

/* Working time in [from, to); 0 when `to_us` is not after `from_us`. */
MUST_CHECK enum status worktime_between(const struct calendar *calendar, int64_t from_us,
                                        int64_t to_us, const struct worktime_pause *pauses,
                                        size_t pause_count, int64_t *ret_duration_us,
                                        struct error *ret_error);

/* The same wall-clock time on the n-th working day (a date on which anything is open) after the
 * date of `start_us`; where that is outside hours (and not closing time itself), the next open
 * moment. 0 days: `start_us` itself under the same rule. */
MUST_CHECK enum status worktime_add_business_days(const struct calendar *calendar, int64_t start_us,
                                                  uint32_t days, int64_t *ret_us,
                                                  struct error *ret_error);

/* Backwards: the n-th working day before; outside hours the previous open moment. */
MUST_CHECK enum status worktime_subtract_business_days(const struct calendar *calendar,
                                                       int64_t start_us, uint32_t days,
                                                       int64_t *ret_us, struct error *ret_error);

/* Closing time: the end of the last window of the n-th working day after the date of `start_us`.
 * 0 days: of the date itself when its closing time is not before `start_us`, else of the next
 * working day. */
MUST_CHECK enum status worktime_end_of_business_day(const struct calendar *calendar,
                                                    int64_t start_us, uint32_t days,
                                                    int64_t *ret_us, struct error *ret_error);
/* The same with 0 days. */
MUST_CHECK enum status worktime_end_of_day(const struct calendar *calendar, int64_t start_us,
                                           int64_t *ret_us, struct error *ret_error);

/* `at_us` itself when it is open, else the next moment that is. */
MUST_CHECK enum status worktime_next_open(const struct calendar *calendar, int64_t at_us,
                                          int64_t *ret_us, struct error *ret_error);
/* `at_us` itself when it is open, else the last closing time that is not after it. */
MUST_CHECK enum status worktime_previous_open(const struct calendar *calendar, int64_t at_us,
                                              int64_t *ret_us, struct error *ret_error);
/* False outside the years 1970 to 9999. */
bool worktime_is_open(const struct calendar *calendar, int64_t at_us);

/* The open stretches of [from, to), in order, those that touch joined (also over midnight): at most
 * `segments_max` of them; `ret_count` says how many were written. */
MUST_CHECK enum status worktime_segments(const struct calendar *calendar, int64_t from_us,
                                         int64_t to_us, struct worktime_segment *ret_segments,
                                         size_t segments_max, size_t *ret_count,
                                         struct error *ret_error);

#endif
