/* What a calendar consists of, once read: the rules for dates, and the sums over them. */
#ifndef SYNERGYFLOW_WORKTIME_CALENDAR_PRIVATE_H
#define SYNERGYFLOW_WORKTIME_CALENDAR_PRIVATE_H

#include "bpmn/worktime/calendar.h"
#include "bpmn/worktime/windows.h"

/* A date of its own: what is open on it, everything considered. */
struct date_rule {
    int64_t day;
    struct windows open;
};

/* A date on which a holiday of the document lies that is not switched off; a range has a row for
 * each of its dates. */
struct dated_holiday {
    int64_t day;
    uint32_t order; /* place in the document */
    const struct calendar_holiday *about;
};

/* What is summed up over days: open seconds, and working days. */
enum measure { MEASURE_OPEN_S, MEASURE_DAYS, MEASURES };

/* A day of a year that is not as its day of the week: what it has, and what the year has before. */
struct irregular_day {
    uint16_t day; /* 0 is 1 January */
    uint32_t before[MEASURES];
    uint32_t own[MEASURES];
};

/* A year, or all years of one kind: its irregular days, ascending. */
struct year_profile {
    uint16_t count;
    const struct irregular_day *days;
    uint32_t total[MEASURES];
};

struct year_sum {
    int64_t before[MEASURES]; /* of all years before */
    const struct year_profile *profile;
};

/* Years `first_year` … each with a row, then one more row of which only `before` counts. From row
 * `cycle_row` on, the years are regular: they repeat every 400 years (the Gregorian calendar's
 * cycle, a whole number of weeks), and the rows end when one such cycle is complete. */
struct year_sums {
    int64_t first_year;
    uint32_t count;
    uint32_t cycle_row;
    const struct year_sum *rows;
};

struct calendar {
    const char *name;
    int64_t version;
    const struct zone *zone;
    const char *document; /* canonical, as compact JSON */
    struct windows week[7];
    /* week[] summed up from Monday on, over two weeks. */
    uint32_t week_before[MEASURES][15];
    uint32_t rule_count;
    const struct date_rule *rules; /* ascending */
    uint32_t holiday_count;
    const struct dated_holiday *holidays; /* by day, then order */
    const struct calendar_holiday *annual[12][31];
    struct year_sums sums;
};

enum {
    CALENDAR_FIRST_YEAR = 1969, /* local dates of the first and last instants lie just outside */
    CALENDAR_LAST_YEAR = 10000
};

/* Open time of one day, in seconds since 1970 in UTC: of the time from when the date begins in the
 * zone to when the next one does. Ascending, disjoint, not touching. */
enum { DAY_SEGMENTS_MAX = 4 * CALENDAR_WINDOWS_MAX };

struct day_segment {
    int64_t from_s;
    int64_t to_s;
};

struct day {
    int64_t from_s; /* equal to to_s: the zone skipped the date */
    int64_t to_s;
    uint32_t count;
    struct day_segment segments[DAY_SEGMENTS_MAX];
};

/* The windows of a date by the document's rules, whether the zone has the date or not. */
struct windows day_windows(const struct calendar *calendar, int64_t date);
void day_open(const struct calendar *calendar, int64_t date, struct day *ret_day);

/* Fills calendar->sums from everything else. */
void sums_prepare(struct arena *arena, struct calendar *calendar);
/* The sum over all days before `date`. */
int64_t sums_before(const struct calendar *calendar, enum measure measure, int64_t date);
/* The day in which the sum passes `value` (at least 0): the sum before it is not more, with the day
 * itself it is. False when no day up to the last year does. `ret_rest` is what the day adds up to
 * `value`. */
MUST_CHECK bool sums_find(const struct calendar *calendar, enum measure measure, int64_t value,
                          int64_t *ret_date, int64_t *ret_rest);

/* The canonical document of one that calendar_read() accepts. */
json_t *calendar_canonical(const json_t *document);

#endif
