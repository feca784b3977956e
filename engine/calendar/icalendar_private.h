/* Between the files that read iCalendar: a file being read, and times in it. */
#ifndef SYNERGYFLOW_CALENDAR_ICALENDAR_PRIVATE_H
#define SYNERGYFLOW_CALENDAR_ICALENDAR_PRIVATE_H

#include "engine/calendar/icalendar.h"

#include <libical/ical.h>

struct icalendar_reading {
    const struct icalendar_request *request;
    icalcomponent *root;
    json_t *entries;
    uint32_t occurrences;     /* written out so far */
    uint32_t recurring;       /* rules so far */
    uint32_t years_looked_at; /* by libical, behind the days asked for */
    struct error *error;
};

/* The clock that a property's times are read on. */
struct icalendar_clock {
    bool is_date;
    const struct zone *zone; /* also for UTC, and for times without a zone */
    icaltimezone *described; /* by the file itself, when `zone` is NULL */
};

/* One occurrence: dates [first_day, last_day], or instants [from_s, to_s). */
struct icalendar_occurrence {
    bool is_date;
    int64_t first_day;
    int64_t last_day;
    int64_t from_s; /* UTC */
    int64_t to_s;
    char key[32]; /* its own date or time, as RECURRENCE-ID says it */
};

/* STATUS_INVALID about the event `component` (its UID is added). */
enum status icalendar_wrong(struct icalendar_reading *reading, icalcomponent *component,
                            const char *format, ...) PRINTF_LIKE(3, 4);

/* The UID of an event, or of the first one it is in; "" when it has none. */
const char *icalendar_uid(icalcomponent *component);

/* The clock of a DTSTART, RECURRENCE-ID, RDATE, EXDATE …. */
MUST_CHECK enum status icalendar_clock_of(struct icalendar_reading *reading,
                                          icalcomponent *component, icalproperty *property,
                                          struct icaltimetype time,
                                          struct icalendar_clock *ret_clock);
/* An instant in seconds since 1970; of a date, its day times 86,400. */
int64_t icalendar_seconds(const struct icalendar_clock *clock, struct icaltimetype time);
/* `20261208` or `20261208T080000Z`. */
void icalendar_key(bool is_date, int64_t seconds, char ret_key[32]);

/* Calls `use` for each occurrence of an event (or of AVAILABLE) that touches the days asked for.
 * Those that `excluded` names by their key (a JSON object; may be NULL) are left out. */
MUST_CHECK enum status icalendar_expand(
    struct icalendar_reading *reading, icalcomponent *component, const json_t *excluded,
    enum status (*use)(void *context, const struct icalendar_occurrence *at), void *context);

/* Whether the event has a rule or further dates. */
bool icalendar_recurs(icalcomponent *component);

/* Add the entries of all events, and of all availability. */
MUST_CHECK enum status icalendar_events(struct icalendar_reading *reading);
MUST_CHECK enum status icalendar_availability(struct icalendar_reading *reading);

/* An entry, with the source. Takes nothing but copies. */
json_t *icalendar_entry(const struct icalendar_reading *reading, const char *kind, int64_t day);
/* A text for a document: at most CALENDAR_TEXT_MAX bytes, whole characters. */
json_t *icalendar_text(const char *text);
/* A local time of the calendar's zone as a day and a second of it. */
int64_t icalendar_local(const struct icalendar_reading *reading, int64_t utc_s,
                        int32_t *ret_second);

#endif
