/* See windows.h. */
#include "bpmn/worktime/windows.h"

#include "bpmn/worktime/civil.h"

#include <string.h>

bool windows_add(struct window_list *list, int32_t from_s, int32_t to_s)
{
    PRE(from_s >= 0 && from_s < to_s && to_s <= CIVIL_DAY_S);
    if (list->count >= WINDOWS_ROOM)
        return false;
    list->items[list->count++] = (struct window){from_s, to_s};
    return true;
}

bool windows_add_all(struct window_list *list, const struct windows *more)
{
    for (uint32_t i = 0; i < more->count; i++) {
        if (!windows_add(list, more->items[i].from_s, more->items[i].to_s))
            return false;
    }
    return true;
}

void windows_order(struct window_list *list)
{
    uint32_t kept = 0;

    for (uint32_t i = 1; i < list->count; i++) {
        struct window window = list->items[i];
        uint32_t at = i;

        for (; at > 0 && list->items[at - 1].from_s > window.from_s; at--)
            list->items[at] = list->items[at - 1];
        list->items[at] = window;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        struct window window = list->items[i];

        if (kept > 0 && list->items[kept - 1].to_s >= window.from_s) {
            if (list->items[kept - 1].to_s < window.to_s)
                list->items[kept - 1].to_s = window.to_s;
        } else {
            list->items[kept++] = window;
        }
    }
    list->count = kept;
}

bool windows_subtract(struct window_list *list, const struct window_list *breaks)
{
    struct window_list rest = {.count = 0};

    for (uint32_t i = 0; i < list->count; i++) {
        struct window window = list->items[i];

        for (uint32_t j = 0; j < breaks->count && window.from_s < window.to_s; j++) {
            const struct window *pause = &breaks->items[j];

            if (pause->to_s <= window.from_s || pause->from_s >= window.to_s)
                continue;
            if (pause->from_s > window.from_s && !windows_add(&rest, window.from_s, pause->from_s))
                return false;
            window.from_s = pause->to_s;
        }
        if (window.from_s < window.to_s && !windows_add(&rest, window.from_s, window.to_s))
            return false;
    }
    *list = rest;
    return true;
}

bool windows_overlap(const struct window_list *list, int32_t from_s, int32_t to_s)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->items[i].from_s < to_s && from_s < list->items[i].to_s)
            return true;
    }
    return false;
}

struct windows windows_keep(struct arena *arena, const struct window_list *list)
{
    struct window *items = arena_array(arena, list->count, sizeof(*items));

    if (list->count > 0)
        memcpy(items, list->items, list->count * sizeof(*items));
    return (struct windows){list->count, items};
}

uint32_t windows_seconds(const struct windows *windows)
{
    uint32_t seconds = 0;

    for (uint32_t i = 0; i < windows->count; i++)
        seconds += (uint32_t)(windows->items[i].to_s - windows->items[i].from_s);
    return seconds;
}
