/* iCalendar (RFC 5545, availability RFC 7953) in and out of working-time calendars, by libical.
 *
 * What a feed says becomes *entries*, JSON objects that say what a calendar's document would say:
 *
 *   {"kind": "holiday", "date": "2026-12-08", "to": "2026-12-09", "name": …, "source": …, "uid": …}
 *   {"kind": "break",   "date": "2026-03-02", "from": "10:00", "to": "11:00", "name": …, …}
 *   {"kind": "shift",   "date": "2026-03-07", "windows": [{"from": …, "to": …, "source": …}, …]}
 *   {"kind": "week",    "day": "mon",         "windows": [ … ]}
 *
 * Events that last all day are holidays, events with times are breaks (those that block no time,
 * TRANSP:TRANSPARENT, are left out), availability is shifts, or the week where it repeats every
 * week without an end. Recurrences (RRULE, RDATE, EXDATE, RECURRENCE-ID) are written out over the
 * days asked for. Cancelled events are not there. Each entry has its event's UID; an occurrence of
 * a recurring event adds `#` and its own date or time. calendar_import() merges them. */
#ifndef SYNERGYFLOW_CALENDAR_ICALENDAR_H
#define SYNERGYFLOW_CALENDAR_ICALENDAR_H

#include "bpmn/base/text.h"
#include "bpmn/worktime/calendar.h"

#include <jansson.h>
#include <stdint.h>

enum {
    ICALENDAR_BYTES_MAX = 4 * 1024 * 1024, /* of a file; a country's holidays have some 50 KB */
    ICALENDAR_COMPONENTS_MAX = 20000,
    ICALENDAR_RECURRING_MAX = 2000,    /* events with a rule */
    ICALENDAR_OCCURRENCES_MAX = 20000, /* in all */
    ICALENDAR_UID_MAX = 200,           /* characters */
    ICALENDAR_DAYS_MAX = 366 * 50      /* asked for at once */
};

struct icalendar_request {
    const char *source;              /* what entries are marked with */
    const struct zone *zone;         /* the calendar's */
    const struct zone_source *zones; /* for events in other zones */
    int64_t from_day;                /* first and last day (since 1970-01-01) to write out */
    int64_t to_day;
};

/* Reads a file. On STATUS_OK the caller owns `ret_entries`, a list in order of kind, date and uid.
 * STATUS_INVALID with field "ics" and the event's UID in the message: no iCalendar, an event
 * without UID or DTSTART, a time zone nobody knows, a rule that repeats more often than daily.
 * STATUS_TOO_LARGE past the limits above, before anything is written out. */
MUST_CHECK enum status icalendar_read(const char *bytes, size_t length,
                                      const struct icalendar_request *request, json_t **ret_entries,
                                      struct error *ret_error);

/* Appends the holidays of a calendar's document (that calendar_read() accepts) that are not
 * switched off as VEVENTs that last all day, yearly ones with a rule. `now_us` is their DTSTAMP. */
void icalendar_write(const json_t *document, int64_t now_us, struct text *ret_text);

#endif
