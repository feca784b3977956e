/* ISO 8601 dates, durations and repeating intervals, as BPMN timers use them.
 *
 * Instants are microseconds since 1970-01-01T00:00:00Z (`_us`). Calendar parts of a duration
 * (years, months, weeks, days) are resolved against a start instant in UTC; the day of the month
 * is clamped (31 January + P1M = 28 or 29 February). Pure: no clock, no time zone database. */
#ifndef SYNERGYFLOW_ISO8601_H
#define SYNERGYFLOW_ISO8601_H

#include "bpmn/base/status.h"

#include <stddef.h>
#include <stdint.h>

/* Representable range: years 1 to 9999. */
struct iso8601_duration {
    int32_t years;
    int32_t months;
    int32_t weeks;
    int32_t days;
    int32_t
        business_days; /* ours, `P2BD`: working days of a calendar; in place of all other days */
    int64_t time_us;   /* hours, minutes, seconds together */
};

/* `R3/2026-01-01T00:00:00Z/PT10H/2027-01-01T00:00:00Z`: every part but R may be absent (start,
 * end); exactly one duration, or start and end: the duration is then the time between them, and
 * nothing ends the repetition (`has_end` is false). The end comes after the start. */
struct iso8601_repeat {
    int64_t count; /* -1: unbounded */
    bool has_start;
    bool has_end;
    bool start_is_local; /* written without an offset: as in UTC here */
    bool end_is_local;
    int64_t start_us;
    int64_t end_us;
    struct iso8601_duration duration;
};

/* Accepts `YYYY-MM-DD`, `YYYY-MM-DDThh:mm[:ss[.f…]]` (a comma for the point is fine) with `Z`,
 * `±hh:mm`, `±hhmm`, `±hh` or nothing (UTC). Refuses impossible dates. Digits behind the
 * microseconds are dropped. */
MUST_CHECK enum status iso8601_parse_instant(const char *text, int64_t *ret_us,
                                             struct error *ret_error);
/* The same, and whether it has an offset; without one `ret_us` is the local time, as if in UTC. */
MUST_CHECK enum status iso8601_parse_local(const char *text, int64_t *ret_us, bool *ret_has_offset,
                                           struct error *ret_error);
/* `P[nY][nM][nW][nD][T[nH][nM][nS]]`, or `PnBD[T…]`, a fraction only in the seconds; at least one
 * part; negative durations are refused. */
MUST_CHECK enum status iso8601_parse_duration(const char *text,
                                              struct iso8601_duration *ret_duration,
                                              struct error *ret_error);
MUST_CHECK enum status iso8601_parse_repeat(const char *text, struct iso8601_repeat *ret_repeat,
                                            struct error *ret_error);

/* start + duration (no part of it negative); STATUS_INVALID past the year 9999, and for business
 * days, which need a calendar. */
MUST_CHECK enum status iso8601_add(int64_t start_us, const struct iso8601_duration *duration,
                                   int64_t *ret_us, struct error *ret_error);
bool iso8601_duration_is_zero(const struct iso8601_duration *duration);

/* `2026-11-23T11:33:05.123Z` (milliseconds, as Flowable answers). Returns `ret_text`. */
enum { ISO8601_INSTANT_BYTES = 40 };
char *iso8601_format_instant(int64_t us, char ret_text[ISO8601_INSTANT_BYTES]);
/* The same with microseconds, `2026-11-23T11:33:05.123456Z`. */
char *iso8601_format_instant_us(int64_t us, char ret_text[ISO8601_INSTANT_BYTES]);

#endif
