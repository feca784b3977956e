/* When timers are due, and the next firing of a cycle: pure arithmetic over ISO 8601 texts.
 *
 * A cycle keeps to the grid that its start and duration span: each firing is counted from the due
 * date of the last one, never from when it was noticed; grid points that have passed meanwhile are
 * skipped. `R3/…` fires exactly three times. */
#ifndef SYNERGYFLOW_TIMER_PLAN_H
#define SYNERGYFLOW_TIMER_PLAN_H

#include "bpmn/model.h"

struct timer_plan {
    bool never; /* no firing is left */
    int64_t due_us;
    const char *repeat;   /* the cycle with its start written into it; NULL when once */
    int64_t repeats_left; /* firings after this one; -1 unbounded */
};

/* `text` is the evaluated timer. A timer that does not repeat takes a cycle's first firing only.
 * Texts of the plan live in `arena`. */
MUST_CHECK enum status timer_plan(enum bpmn_timer_kind kind, const char *text, bool repeats,
                                  int64_t now_us, struct arena *arena, struct timer_plan *ret_plan,
                                  struct error *ret_error);
/* After the firing that was due at `due_us`; `never` when it was the last. */
MUST_CHECK enum status timer_plan_next(const char *repeat, int64_t repeats_left, int64_t due_us,
                                       int64_t now_us, struct timer_plan *ret_plan,
                                       struct error *ret_error);

#endif
