/* Windows of a day, in seconds since midnight on the wall clock, and what can be done with lists of
 * them. A list in order holds windows that neither overlap nor touch. */
#ifndef SYNERGYFLOW_WORKTIME_WINDOWS_H
#define SYNERGYFLOW_WORKTIME_WINDOWS_H

#include "bpmn/base/arena.h"
#include "bpmn/worktime/calendar.h"

#include <stdint.h>

struct window {
    int32_t from_s;
    int32_t to_s; /* at most 86400, after from_s */
};

/* Enough for every step of putting a day together: own windows, those of the night before, and the
 * pieces that breaks leave. */
enum { WINDOWS_ROOM = 4 * CALENDAR_WINDOWS_MAX };

struct window_list {
    uint32_t count;
    struct window items[WINDOWS_ROOM];
};

/* A list in order that lives in an arena. */
struct windows {
    uint32_t count;
    const struct window *items;
};

/* False when there is no room. */
MUST_CHECK bool windows_add(struct window_list *list, int32_t from_s, int32_t to_s);
MUST_CHECK bool windows_add_all(struct window_list *list, const struct windows *more);
/* Sorts, and joins what overlaps or touches. */
void windows_order(struct window_list *list);
/* Takes `breaks` out of `list`, both in order. False when there is no room for the pieces. */
MUST_CHECK bool windows_subtract(struct window_list *list, const struct window_list *breaks);
/* Whether [from_s, to_s) overlaps a window of the list (touching is fine). */
bool windows_overlap(const struct window_list *list, int32_t from_s, int32_t to_s);
struct windows windows_keep(struct arena *arena, const struct window_list *list);
uint32_t windows_seconds(const struct windows *windows);

#endif
