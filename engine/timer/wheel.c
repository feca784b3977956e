/* See wheel.h. */
#include "engine/timer/wheel.h"

#include "bpmn/base/memory.h"

#include <inttypes.h>
#include <uthash.h>

enum order { EARLIEST_FIRST, LATEST_FIRST, ORDER_COUNT };

/* Entries are allocated one by one so that the index and both heaps may point at them. */
struct entry {
    struct wheel_timer timer;
    uint32_t place[ORDER_COUNT]; /* in each heap */
    UT_hash_handle hh;
};

struct wheel {
    struct entry **heaps[ORDER_COUNT];
    struct entry *by_id;
    uint32_t count;
    uint32_t capacity;
    uint32_t timers_max;
};

struct wheel *wheel_new(uint32_t timers_max)
{
    struct wheel *wheel = memory_zero(1, sizeof(*wheel));

    PRE(timers_max > 0);
    wheel->timers_max = timers_max;
    return wheel;
}

void wheel_free(struct wheel *wheel)
{
    if (wheel == NULL)
        return;
    HASH_CLEAR(hh, wheel->by_id);
    for (uint32_t i = 0; i < wheel->count; i++)
        memory_free(wheel->heaps[EARLIEST_FIRST][i]);
    memory_free(wheel->heaps[EARLIEST_FIRST]);
    memory_free(wheel->heaps[LATEST_FIRST]);
    memory_free(wheel);
}

/* ---- one heap ---- */

static bool is_before(enum order order, const struct entry *a, const struct entry *b)
{
    const struct entry *first = order == EARLIEST_FIRST ? a : b;
    const struct entry *second = order == EARLIEST_FIRST ? b : a;

    if (first->timer.due_us != second->timer.due_us)
        return first->timer.due_us < second->timer.due_us;
    return uuid_compare(&first->timer.id, &second->timer.id) < 0;
}

static void place(struct wheel *wheel, enum order order, struct entry *entry, uint32_t at)
{
    wheel->heaps[order][at] = entry;
    entry->place[order] = at;
}

static void rise(struct wheel *wheel, enum order order, struct entry *entry)
{
    struct entry **heap = wheel->heaps[order];
    uint32_t at = entry->place[order];

    while (at > 0 && is_before(order, entry, heap[(at - 1) / 2])) {
        place(wheel, order, heap[(at - 1) / 2], at);
        at = (at - 1) / 2;
    }
    place(wheel, order, entry, at);
}

static void sink(struct wheel *wheel, enum order order, struct entry *entry)
{
    struct entry **heap = wheel->heaps[order];
    uint32_t at = entry->place[order];

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= wheel->count)
            break;
        if (child + 1 < wheel->count && is_before(order, heap[child + 1], heap[child]))
            child++;
        if (!is_before(order, heap[child], entry))
            break;
        place(wheel, order, heap[child], at);
        at = child;
    }
    place(wheel, order, entry, at);
}

/* ---- all of them together ---- */

static struct entry *find(const struct wheel *wheel, const struct uuid *id)
{
    struct entry *entry = NULL;

    HASH_FIND(hh, wheel->by_id, id, sizeof(*id), entry);
    return entry;
}

static void take_out(struct wheel *wheel, struct entry *entry)
{
    wheel->count--;
    HASH_DEL(wheel->by_id, entry);
    for (enum order order = EARLIEST_FIRST; order < ORDER_COUNT; order++) {
        struct entry *last = wheel->heaps[order][wheel->count];

        if (last == entry)
            continue;
        place(wheel, order, last, entry->place[order]);
        rise(wheel, order, last);
        sink(wheel, order, last);
    }
    memory_free(entry);
}

static void make_room(struct wheel *wheel)
{
    if (wheel->count < wheel->capacity)
        return;
    wheel->capacity = wheel->capacity > 0 ? 2 * wheel->capacity : 64;
    for (enum order order = EARLIEST_FIRST; order < ORDER_COUNT; order++)
        wheel->heaps[order] =
            memory_resize(wheel->heaps[order], wheel->capacity * sizeof(struct entry *));
}

bool wheel_add(struct wheel *wheel, const struct wheel_timer *timer)
{
    struct entry *entry;

    if (find(wheel, &timer->id) != NULL)
        return false;
    if (wheel->count == wheel->timers_max) {
        struct entry *latest = wheel->heaps[LATEST_FIRST][0];

        if (timer->due_us >= latest->timer.due_us)
            return false;
        take_out(wheel, latest);
    }
    make_room(wheel);
    entry = memory_zero(1, sizeof(*entry));
    entry->timer = *timer;
    HASH_ADD(hh, wheel->by_id, timer.id, sizeof(entry->timer.id), entry);
    wheel->count++;
    for (enum order order = EARLIEST_FIRST; order < ORDER_COUNT; order++) {
        place(wheel, order, entry, wheel->count - 1);
        rise(wheel, order, entry);
    }
    return true;
}

bool wheel_remove(struct wheel *wheel, const struct uuid *id)
{
    struct entry *entry = find(wheel, id);

    if (entry == NULL)
        return false;
    take_out(wheel, entry);
    return true;
}

const struct wheel_timer *wheel_find(const struct wheel *wheel, const struct uuid *id)
{
    const struct entry *entry = find(wheel, id);

    return entry != NULL ? &entry->timer : NULL;
}

uint32_t wheel_count(const struct wheel *wheel)
{
    return wheel->count;
}

bool wheel_next(const struct wheel *wheel, int64_t *ret_due_us)
{
    if (wheel->count == 0)
        return false;
    *ret_due_us = wheel->heaps[EARLIEST_FIRST][0]->timer.due_us;
    return true;
}

bool wheel_pop(struct wheel *wheel, int64_t now_us, struct wheel_timer *ret_timer)
{
    struct entry *entry;

    if (wheel->count == 0)
        return false;
    entry = wheel->heaps[EARLIEST_FIRST][0];
    if (entry->timer.due_us > now_us)
        return false;
    *ret_timer = entry->timer;
    take_out(wheel, entry);
    return true;
}

void wheel_validate(const struct wheel *wheel)
{
    INVARIANT(HASH_COUNT(wheel->by_id) == wheel->count);
    INVARIANT(wheel->count <= wheel->timers_max);
    for (enum order order = EARLIEST_FIRST; order < ORDER_COUNT; order++) {
        struct entry **heap = wheel->heaps[order];

        for (uint32_t i = 0; i < wheel->count; i++) {
            INVARIANT(heap[i]->place[order] == i);
            INVARIANT(i == 0 || !is_before(order, heap[i], heap[(i - 1) / 2]));
            INVARIANT(find(wheel, &heap[i]->timer.id) == heap[i]);
        }
    }
}

void wheel_dump(const struct wheel *wheel, struct text *text)
{
    for (uint32_t i = 0; i < wheel->count; i++) {
        const struct wheel_timer *timer = &wheel->heaps[EARLIEST_FIRST][i]->timer;
        char id[UUID_TEXT_BYTES];

        text_append_format(text, "%s due %" PRId64 "\n", uuid_format(&timer->id, id),
                           timer->due_us);
    }
}
