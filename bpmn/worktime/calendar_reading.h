/* Between the files that read calendar documents: what is known of a document so far. */
#ifndef SYNERGYFLOW_WORKTIME_CALENDAR_READING_H
#define SYNERGYFLOW_WORKTIME_CALENDAR_READING_H

#include "bpmn/worktime/calendar_private.h"

/* Windows of a date: on it, and what of them lies after midnight. */
struct dated_windows {
    int64_t day;
    struct windows own;
    struct windows after_midnight;
};

struct dated_list {
    uint32_t count;
    struct dated_windows *items; /* by day */
};

struct calendar_reading {
    struct arena *arena;
    struct error *error;
    struct calendar *calendar;
    struct windows week[7];        /* as it stands, before breaks */
    struct windows week_breaks[7]; /* those of each week */
    struct dated_list shifts;
    struct dated_list breaks;
};

extern const char *const calendar_weekdays[7]; /* "mon" to "sun" */

/* STATUS_INVALID at `field`: "Expected … but found …", with the value as JSON, cut short. */
MUST_CHECK enum status calendar_expected(struct error *error, const char *field,
                                         const char *expected, const json_t *found);
/* A text of at most CALENDAR_TEXT_MAX bytes, or "" when there is none. */
MUST_CHECK enum status calendar_read_text(struct calendar_reading *reading, const char *field,
                                          const json_t *json, const char **ret_text);
/* A date of the years 1970 to 9999. */
MUST_CHECK enum status calendar_read_date(struct error *error, const char *field,
                                          const json_t *json, int64_t *ret_day);
/* `member` stands in no document: refused with what is known. */
MUST_CHECK enum status calendar_unknown(struct error *error, const char *path, const char *member,
                                        const char *known);

/* One window: two times, or an object with from, to, name, source and uid. It may end at or before
 * its start, on the next day; it is never empty. */
MUST_CHECK enum status calendar_read_window(struct error *error, const char *field,
                                            const json_t *json, int32_t *ret_from_s,
                                            int32_t *ret_to_s);

/* The documents' `week`, `shifts` and `breaks`; NULL when absent. */
MUST_CHECK enum status calendar_read_week(struct calendar_reading *reading, const json_t *week);
MUST_CHECK enum status calendar_read_shifts(struct calendar_reading *reading, const char *field,
                                            const json_t *shifts);
MUST_CHECK enum status calendar_read_breaks(struct calendar_reading *reading, const json_t *breaks);

/* `holidays` and `annual_holidays`, into the calendar. */
MUST_CHECK enum status calendar_read_holidays(struct calendar_reading *reading,
                                              const json_t *holidays, const json_t *annual);

/* Puts together what is open on each day of the week and on each date of its own. */
MUST_CHECK enum status calendar_assemble(struct calendar_reading *reading);

#endif
