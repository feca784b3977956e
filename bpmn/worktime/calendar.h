/* Working-time calendars: when people work, in the wall-clock time of one IANA zone.
 *
 * A calendar is read from a JSON document (docs/working-time.md describes every field):
 *
 *   {
 *     "name": "Vienna office", "version": 3, "timezone": "Europe/Vienna",
 *     "week": {"mon": [["08:00", "12:00"], ["13:00", "17:00"]], …, "fri": [["22:00", "06:00"]]},
 *     "shifts": {"2026-12-24": [["08:00", "12:00"]]},          instead of that date's week day
 *     "breaks": {"2026-03-02": [["10:00", "11:00"]], "wed": [["12:00", "12:30"]]},   subtracted
 *     "holidays": ["2026-01-06", {"date": "2026-12-08", "name": "…", "source": "…"}],
 *     "annual_holidays": ["01-01", {"date": "12-25", "name": "Christmas Day"}]
 *   }
 *
 * Precedence: holiday, then shift, then week day; breaks subtract from what is left. Windows are
 * half-open; one that ends at or before its start goes on after midnight, where it belongs to the
 * next date. Reading also prepares the sums that make worktime.h fast, so a calendar is never
 * changed afterwards: a changed document is another version. */
#ifndef SYNERGYFLOW_WORKTIME_CALENDAR_H
#define SYNERGYFLOW_WORKTIME_CALENDAR_H

#include "bpmn/base/arena.h"
#include "bpmn/base/status.h"
#include "bpmn/worktime/zone.h"

#include <jansson.h>
#include <stdint.h>

enum {
    CALENDAR_TEXT_MAX = 256,       /* characters of a name, source or id */
    CALENDAR_DAYS_MAX = 20000,     /* dates with a holiday, shift or break of their own */
    CALENDAR_HOLIDAYS_MAX = 20000, /* entries of `holidays` and `annual_holidays` together */
    CALENDAR_WINDOWS_MAX = 96      /* windows (or breaks) of one day */
};

struct calendar;

/* Why a date is free. The texts are "" when the document has none, and live as the calendar. */
struct calendar_holiday {
    const char *name;
    const char *source;
    bool annual;
};

/* Reads a calendar into `arena`. The zone comes from `zones` and has to outlive the calendar; the
 * document is copied and may be released.
 *
 * STATUS_INVALID with the field's path (`week.mon[1]`, `holidays[3].date`) and the reason: a field
 * that is not known, a zone that does not exist, a window of no length, windows of a day that
 * overlap, a date outside the years 1970 to 9999 or that does not exist, a calendar in which
 * nothing is ever open. STATUS_TOO_LARGE past the limits above. */
MUST_CHECK enum status calendar_read(struct arena *arena, const json_t *document,
                                     const struct zone_source *zones,
                                     const struct calendar **ret_calendar, struct error *ret_error);

/* The document in its canonical form: every field spelled one way, dates in order, entries with
 * their names and sources. Reading it again gives the same calendar. The caller owns the result. */
json_t *calendar_write(const struct calendar *calendar);

const char *calendar_name(const struct calendar *calendar); /* "" when it has none */
int64_t calendar_version(const struct calendar *calendar);  /* 1 when the document says nothing */
/* The zone the calendar was read with. When its source's `load` gives another pointer for the same
 * name, the system's data changed: read the calendar again. */
const struct zone *calendar_zone(const struct calendar *calendar);

/* Whether the date (days since 1970-01-01, in the calendar's zone) is a holiday that is not
 * switched off; `ret_holiday` may be NULL, and is the first of the document when there are more. */
bool calendar_is_holiday(const struct calendar *calendar, int64_t day,
                         struct calendar_holiday *ret_holiday);

#endif
