/* Cron expressions with seconds, as Quartz has them and Flowable takes them in timeCycle.
 *
 *   second minute hour day-of-month month day-of-week [year]
 *   0-59   0-59   0-23 1-31 ? L LW L-n nW   1-12 JAN-DEC   1-7 SUN-SAT ? nL n#k   1970-2199
 *
 * Each field is a list of values, ranges `a-b` (which may wrap: FRI-MON), steps (`a/n`, `a-b/n`,
 * and the same after a star), or a star. 1 is Sunday. One of the two day fields is `?`; a star
 * beside a restricted one counts as `?`. Pure. */
#ifndef SYNERGYFLOW_CRON_H
#define SYNERGYFLOW_CRON_H

#include "bpmn/worktime/zone.h"

#include <stdbool.h>
#include <stdint.h>

enum { CRON_YEAR_MIN = 1970, CRON_YEAR_MAX = 2199, CRON_TEXT_MAX = 200 };

struct cron {
    uint64_t seconds; /* bit n: n is in the list */
    uint64_t minutes;
    uint64_t hours;
    uint64_t months;
    uint64_t days;     /* of the month; 0 and nothing below: any day */
    uint64_t weekdays; /* bit 1 is Sunday; 0 and nothing below: any */
    int last_day;      /* L: 1; L-n: n + 1; 0: not asked for */
    int near_day;      /* nW: the working day (Monday to Friday) next to day n; LW: 32; 0: not */
    int last_weekday;  /* nL: the last such day of the month; 0: not asked for */
    int nth_weekday;   /* n#k: weekday n … */
    int nth;           /* … the k-th */
    uint64_t years[4]; /* bit n: CRON_YEAR_MIN + n */
};

/* Refuses what it cannot read, with the field and what was expected there, and an expression that
 * no moment fulfils. Five fields are refused with the hint that seconds come first. */
MUST_CHECK enum status cron_parse(const char *text, struct cron *ret_cron, struct error *ret_error);
/* The first moment after `after_us` in the zone (NULL: UTC). False: there is none before the year
 * 2200. A time that daylight saving skips moves forward by the gap; one that happens twice counts
 * once, the first time, but an expression for every hour goes on through both. */
MUST_CHECK bool cron_next(const struct cron *cron, const struct zone *zone, int64_t after_us,
                          int64_t *ret_us);

#endif
