/* Time zones, from the bytes of a TZif file (RFC 8536, versions 1 to 4), with the rule in its
 * footer (a POSIX TZ string) for all time after the last transition that is written out.
 *
 * Pure: the bytes come from a `struct zone_source`, which somebody else provides (engine/zone reads
 * the system's tzdata). A zone never changes; a file that changed gives another zone object, so
 * whoever keeps what was computed with a zone compares the pointers to notice. */
#ifndef SYNERGYFLOW_WORKTIME_ZONE_H
#define SYNERGYFLOW_WORKTIME_ZONE_H

#include "bpmn/base/arena.h"
#include "bpmn/base/status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    ZONE_BYTES_MAX = 256 * 1024,  /* of a TZif file; the largest of tzdata has 4 KB */
    ZONE_TRANSITIONS_MAX = 10000, /* in a file; tzdata's largest has 236 */
    ZONE_NAME_MAX = 64,           /* characters of a name */
    ZONE_OFFSET_S_MAX = 26 * 3600 /* RFC 8536 section 3.2: offsets lie within 26 hours */
};

struct zone;

/* What a local time is in a zone. */
enum zone_local {
    ZONE_LOCAL_UNIQUE,
    ZONE_LOCAL_GAP,      /* clocks were put forward past it: it did not exist */
    ZONE_LOCAL_AMBIGUOUS /* clocks were put back: it happened twice */
};

/* Reads a zone into `arena`; `bytes` and `name` are copied. STATUS_INVALID with what is wrong: not
 * a TZif file, lengths that do not fit, transitions out of order, leap seconds (the "right/" files,
 * whose clock is not UTC), a footer that is no POSIX TZ string. STATUS_TOO_LARGE past the limits
 * above. */
MUST_CHECK enum status zone_parse(struct arena *arena, const char *name, const void *bytes,
                                  size_t size, const struct zone **ret_zone,
                                  struct error *ret_error);

/* UTC itself, always there. */
const struct zone *zone_utc(void);

const char *zone_name(const struct zone *zone);

/* Seconds that local time is ahead of UTC at that instant (negative west of Greenwich). Any instant
 * is fine: before the first transition the zone's first kind of local time counts. */
int32_t zone_offset_s(const struct zone *zone, int64_t utc_us);

/* What the zone's clocks show at an instant. */
int64_t zone_to_local_us(const struct zone *zone, int64_t utc_us);

/* The instant of a local time. A time in a gap moves forward by the gap (02:30 becomes 03:30); an
 * ambiguous one is its first occurrence. `ret_kind` says which it was and may be NULL. */
int64_t zone_to_utc_us(const struct zone *zone, int64_t local_us, enum zone_local *ret_kind);

/* The first instant at which the zone's local time is `local_us` or later: like zone_to_utc_us(),
 * but a time in a gap is the end of the gap. So this never falls when `local_us` grows, and a day
 * lasts from its 00:00 to the next day's; a day that a zone skipped lasts no time at all. */
int64_t zone_reaches_us(const struct zone *zone, int64_t local_us);

/* The first instant after `utc_us` at which the offset changes. False when it never changes again,
 * or not before the year 10000. */
MUST_CHECK bool zone_next_change(const struct zone *zone, int64_t utc_us, int64_t *ret_utc_us);

/* From this instant on, the offset of an instant depends on its place in the year and on the kind
 * of year alone (footer rule), and no transition is written out any more. INT64_MIN: always so. */
int64_t zone_regular_from_us(const struct zone *zone);

/* Where zones come from. `load` gives a zone that stays valid for as long as the source lives, the
 * same pointer for as long as the data behind the name is the same. STATUS_NOT_FOUND (or
 * STATUS_INVALID) with a sentence that names the zone when there is no such (readable) zone. */
struct zone_source {
    void *context;
    enum status (*load)(void *context, const char *name, const struct zone **ret_zone,
                        struct error *ret_error);
};

#endif
