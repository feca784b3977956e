/* See wheel.h. */
#include "engine/timer/wheel.h"

#include "bpmn/base/memory.h"

#include <inttypes.h>
#include <uthash.h>

/* Entries are allocated one by one so that the index may point at them. */
struct entry {
    struct wheel_timer timer;
    uint32_t place; /* in the heap */
    UT_hash_handle hh;
};

struct wheel {
    struct entry **heap;
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
        memory_free(wheel->heap[i]);
    memory_free(wheel->heap);
    memory_free(wheel);
}

static bool is_before(const struct entry *a, const struct entry *b)
{
    if (a->timer.due_us != b->timer.due_us)
        return a->timer.due_us < b->timer.due_us;
    return uuid_compare(&a->timer.id, &b->timer.id) < 0;
}

static void place(struct wheel *wheel, struct entry *entry, uint32_t at)
{
    wheel->heap[at] = entry;
    entry->place = at;
}

static void rise(struct wheel *wheel, struct entry *entry)
{
    uint32_t at = entry->place;

    while (at > 0 && is_before(entry, wheel->heap[(at - 1) / 2])) {
        place(wheel, wheel->heap[(at - 1) / 2], at);
        at = (at - 1) / 2;
    }
    place(wheel, entry, at);
}

static void sink(struct wheel *wheel, struct entry *entry)
{
    uint32_t at = entry->place;

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= wheel->count)
            break;
        if (child + 1 < wheel->count && is_before(wheel->heap[child + 1], wheel->heap[child]))
            child++;
        if (!is_before(wheel->heap[child], entry))
            break;
        place(wheel, wheel->heap[child], at);
        at = child;
    }
    place(wheel, entry, at);
}

static struct entry *find(const struct wheel *wheel, const struct uuid *id)
{
    struct entry *entry = NULL;

    HASH_FIND(hh, wheel->by_id, id, sizeof(*id), entry);
    return entry;
}

static void take_out(struct wheel *wheel, struct entry *entry)
{
    struct entry *last = wheel->heap[--wheel->count];

    HASH_DEL(wheel->by_id, entry);
    if (last != entry) {
        place(wheel, last, entry->place);
        rise(wheel, last);
        sink(wheel, last);
    }
}

/* The latest timer is among the leaves, the second half of the heap. Only a full wheel looks. */
static struct entry *latest(const struct wheel *wheel)
{
    struct entry *found = wheel->heap[wheel->count / 2];

    for (uint32_t i = wheel->count / 2 + 1; i < wheel->count; i++) {
        if (is_before(found, wheel->heap[i]))
            found = wheel->heap[i];
    }
    return found;
}

bool wheel_add(struct wheel *wheel, const struct wheel_timer *timer)
{
    struct entry *entry;

    if (find(wheel, &timer->id) != NULL)
        return false;
    if (wheel->count == wheel->timers_max) {
        struct entry *last = latest(wheel);

        if (timer->due_us >= last->timer.due_us)
            return false;
        take_out(wheel, last);
        memory_free(last);
    }
    if (wheel->count == wheel->capacity) {
        wheel->capacity = wheel->capacity > 0 ? 2 * wheel->capacity : 64;
        wheel->heap = memory_resize(wheel->heap, wheel->capacity * sizeof(struct entry *));
    }
    entry = memory_zero(1, sizeof(*entry));
    entry->timer = *timer;
    HASH_ADD(hh, wheel->by_id, timer.id, sizeof(entry->timer.id), entry);
    place(wheel, entry, wheel->count++);
    rise(wheel, entry);
    return true;
}

bool wheel_remove(struct wheel *wheel, const struct uuid *id)
{
    struct entry *entry = find(wheel, id);

    if (entry == NULL)
        return false;
    take_out(wheel, entry);
    memory_free(entry);
    return true;
}

bool wheel_has(const struct wheel *wheel, const struct uuid *id)
{
    return find(wheel, id) != NULL;
}

uint32_t wheel_count(const struct wheel *wheel)
{
    return wheel->count;
}

bool wheel_next(const struct wheel *wheel, int64_t *ret_due_us)
{
    if (wheel->count == 0)
        return false;
    *ret_due_us = wheel->heap[0]->timer.due_us;
    return true;
}

bool wheel_pop(struct wheel *wheel, int64_t now_us, struct wheel_timer *ret_timer)
{
    struct entry *entry;

    if (wheel->count == 0 || wheel->heap[0]->timer.due_us > now_us)
        return false;
    entry = wheel->heap[0];
    *ret_timer = entry->timer;
    take_out(wheel, entry);
    memory_free(entry);
    return true;
}

void wheel_validate(const struct wheel *wheel)
{
    INVARIANT(HASH_COUNT(wheel->by_id) == wheel->count);
    INVARIANT(wheel->count <= wheel->timers_max);
    for (uint32_t i = 0; i < wheel->count; i++) {
        INVARIANT(wheel->heap[i]->place == i);
        INVARIANT(i == 0 || !is_before(wheel->heap[i], wheel->heap[(i - 1) / 2]));
        INVARIANT(find(wheel, &wheel->heap[i]->timer.id) == wheel->heap[i]);
    }
}

void wheel_dump(const struct wheel *wheel, struct text *text)
{
    for (uint32_t i = 0; i < wheel->count; i++) {
        char id[UUID_TEXT_BYTES];

        text_append_format(text, "%s due %" PRId64 "\n", uuid_format(&wheel->heap[i]->timer.id, id),
                           wheel->heap[i]->timer.due_us);
    }
}
