/* Timers due soon, the earliest first: a binary heap with an index by id, and a second heap with
 * the latest first, so that a full wheel knows at once what to push out. Pure: time is an argument,
 * and it waits for nothing. Ties are broken by id (UUIDv7: the order of creation). */
#ifndef SYNERGYFLOW_WHEEL_H
#define SYNERGYFLOW_WHEEL_H

#include "bpmn/base/text.h"
#include "bpmn/base/uuid.h"

#include <stdint.h>

struct wheel;

/* Which table the row stands in, and who takes it when it is due. */
enum wheel_kind {
    WHEEL_TIMER, /* of a process */
    WHEEL_JOB,   /* of the engine's own */
    WHEEL_KINDS,
};

struct wheel_timer {
    struct uuid id;
    struct uuid instance_id;
    int64_t due_us;     /* when to take it out */
    int64_t promise_us; /* when it should have fired; before due_us when an attempt was put off */
    bool after_restart; /* found by the first scan and overdue then */
    bool taken_over;    /* of another node, which has let it pass */
    bool by_clock;      /* it follows an SLA clock */
    bool by_share;      /* ours as long as the instance is in this node's share */
    enum wheel_kind kind;
};

struct wheel *wheel_new(uint32_t timers_max);
void wheel_free(struct wheel *wheel); /* NULL is fine */

/* False when it is there already, or when the wheel is full and this one is not due before the
 * latest (which it otherwise pushes out: the database still has it). O(log n). */
bool wheel_add(struct wheel *wheel, const struct wheel_timer *timer);
/* False when it is not there. O(log n). */
bool wheel_remove(struct wheel *wheel, const struct uuid *id);
/* The timer as it was added; NULL when it is not there. Valid until the wheel changes. */
const struct wheel_timer *wheel_find(const struct wheel *wheel, const struct uuid *id);
uint32_t wheel_count(const struct wheel *wheel);
/* When the earliest is due; false when the wheel is empty. */
bool wheel_next(const struct wheel *wheel, int64_t *ret_due_us);
/* Takes the earliest timer that is due at `now_us`; false when none is. */
bool wheel_pop(struct wheel *wheel, int64_t now_us, struct wheel_timer *ret_timer);

/* Asserts the invariants of both heaps and of the index. O(n). */
void wheel_validate(const struct wheel *wheel);
/* One line a timer, in heap order. */
void wheel_dump(const struct wheel *wheel, struct text *text);

#endif
