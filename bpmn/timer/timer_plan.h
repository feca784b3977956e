/* When timers are due, and the next firing of a cycle: pure arithmetic over ISO 8601 texts and cron
 * expressions.
 *
 * A cycle keeps to its grid: each firing is counted from the due date of the last one, never from
 * when it was noticed. What was missed while nothing ran: a cycle with a number of firings (`R3/…`)
 * makes up for each of them; one without an end to its number, and a cron expression, goes on with
 * the next point of the grid that is still to come. */
#ifndef SYNERGYFLOW_TIMER_PLAN_H
#define SYNERGYFLOW_TIMER_PLAN_H

#include "bpmn/model.h"
#include "bpmn/timer/timer_place.h"

struct timer_plan {
    bool never; /* no firing is left */
    int64_t due_us;
    const char *repeat;   /* the cycle with its start written into it; NULL when once */
    int64_t repeats_left; /* firings after this one; -1 unbounded */
};

/* `text` is the evaluated timer. A timer that does not repeat takes a cycle's first firing only.
 * Texts of the plan live in `arena`. */
MUST_CHECK enum status timer_plan(enum bpmn_timer_kind kind, const char *text, bool repeats,
                                  const struct timer_place *place, int64_t now_us,
                                  struct arena *arena, struct timer_plan *ret_plan,
                                  struct error *ret_error);
/* After the firing that was due at `due_us`; `never` when it was the last. */
MUST_CHECK enum status timer_plan_next(const char *repeat, int64_t repeats_left,
                                       const struct timer_place *place, int64_t due_us,
                                       int64_t now_us, struct timer_plan *ret_plan,
                                       struct error *ret_error);
/* A date, or a duration from `now_us`: the due date of a task. */
MUST_CHECK enum status timer_plan_due(const char *text, const struct timer_place *place,
                                      int64_t now_us, int64_t *ret_due_us, struct error *ret_error);
/* What can be said of a timer's text before it runs: STATUS_INVALID with what is wrong; units are
 * held against whether it has a calendar. */
MUST_CHECK enum status timer_plan_check(enum bpmn_timer_kind kind, const char *text,
                                        bool has_calendar, struct error *ret_error);

#endif
