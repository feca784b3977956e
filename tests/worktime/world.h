/* Working time counted second by second, by other means than the library: glibc's localtime_r() for
 * the zone, a byte for each second of a wall-clock day, a byte for each second of a stretch of
 * time. Random calendars come with it. */
#ifndef TESTS_WORKTIME_WORLD_H
#define TESTS_WORKTIME_WORLD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    WORLD_DAYS = 24,
    WORLD_SECONDS = WORLD_DAYS * 86400,
    WORLD_LISTS = 8, /* windows in a list */
    WORLD_DATED = 40
};

struct world_window {
    int from_s;
    int to_s; /* at or before from_s: on the next day */
};

struct world_list {
    int64_t day; /* of dated lists */
    int count;
    struct world_window windows[WORLD_LISTS];
};

/* A calendar in the test's own form. */
struct world_calendar {
    const char *zone;
    struct world_list week[7];
    struct world_list week_breaks[7];
    struct world_list shifts[WORLD_DATED];
    int shift_count;
    struct world_list breaks[WORLD_DATED];
    int break_count;
    int64_t holidays[WORLD_DATED];
    int holiday_count;
    int annual[4][2]; /* month, day */
    int annual_count;
};

/* Time from `from_s` on (UTC): what clocks show, and what is open. */
struct world {
    int64_t from_s;
    int64_t *local_s;     /* [WORLD_SECONDS] */
    unsigned char *open;  /* [WORLD_SECONDS] */
    unsigned char *pause; /* [WORLD_SECONDS] */
};

/* A small generator of numbers; the same seed gives the same calendars. */
uint64_t world_random(uint64_t *seed);
int world_below(uint64_t *seed, int limit);

/* A calendar whose dates of its own lie in the days around `day`. */
void world_make_calendar(uint64_t *seed, const char *zone, int64_t day,
                         struct world_calendar *calendar);
/* Its document; the caller releases it. */
json_t *world_document(const struct world_calendar *calendar);

void world_init(struct world *world, const struct world_calendar *calendar, int64_t from_s);
void world_deinit(struct world *world);

#endif
