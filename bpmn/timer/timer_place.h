/* Where a timer's days are counted: in a time zone, or in a calendar of working time.
 *
 * Without either, days, months and years are those of UTC. In a zone P1D keeps the wall-clock time
 * over a change of daylight saving. With a calendar PT8H is working time and P2BD business days;
 * plain days would be a third thing and are refused. Pure. */
#ifndef SYNERGYFLOW_TIMER_PLACE_H
#define SYNERGYFLOW_TIMER_PLACE_H

#include "bpmn/iso8601.h"
#include "bpmn/worktime/worktime.h"

/* Where calendars come from: `find` gives one that stays valid during the step, or STATUS_NOT_FOUND
 * with a sentence that names it. */
struct calendar_source {
    void *context;
    enum status (*find)(void *context, const char *name, const struct calendar **ret_calendar,
                        struct error *ret_error);
};

/* Either may be NULL: then names of that kind are unknown. */
struct timer_sources {
    const struct zone_source *zones;
    const struct calendar_source *calendars;
};

struct timer_place {
    const struct timer_sources *sources;
    const struct zone *zone;         /* NULL: UTC */
    const struct calendar *calendar; /* NULL: plain time */
    bool end_of_day; /* with a calendar: at closing time of the day that comes out */
};

/* By names, each NULL or a zone of the IANA database, a calendar. Flowable's own names for a
 * timer's kind ("duration", "dueDate", "cycle") are no calendars. */
MUST_CHECK enum status timer_place_find(const struct timer_sources *sources, const char *zone,
                                        const char *calendar, bool end_of_day,
                                        struct timer_place *ret_place, struct error *ret_error);
/* from + duration there. STATUS_INVALID: past the year 9999, a unit that does not go with the
 * place, a calendar that does not open again. */
MUST_CHECK enum status timer_place_add(const struct timer_place *place, int64_t from_us,
                                       const struct iso8601_duration *duration, int64_t *ret_us,
                                       struct error *ret_error);
/* The first of from + k·duration (k ≥ 1) after `after_us`, each counted from the one before. */
MUST_CHECK enum status timer_place_next(const struct timer_place *place, int64_t from_us,
                                        const struct iso8601_duration *duration, int64_t after_us,
                                        int64_t *ret_us, struct error *ret_error);
/* A date: with an offset, in a zone of its own (`2026-03-29T02:30:00[Europe/Berlin]`, RFC 9557), or
 * in the place's. An offset counts more than the zone beside it. */
MUST_CHECK enum status timer_place_instant(const struct timer_place *place, const char *text,
                                           int64_t *ret_us, struct error *ret_error);

#endif
