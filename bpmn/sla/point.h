/* A point on a clock that something beside its policy waits for: a timer of a process, which names
 * the clock and the point (docs/sla.md, "Timers of processes"). */
#ifndef SYNERGYFLOW_SLA_POINT_H
#define SYNERGYFLOW_SLA_POINT_H

#include "bpmn/sla/clock.h"

struct sla_point {
    bool is_percent;
    int64_t percent_thousandths; /* as in struct sla_threshold */
    int64_t offset_us;
};

/* `75%`, `-PT30M`, `PT1H`: as a threshold's `at`. STATUS_INVALID: "Expected … but found …". */
MUST_CHECK enum status sla_point_read(const char *text, struct sla_point *ret_point,
                                      struct error *ret_error);
/* When the clock reaches it, for somebody who waits since `since_us`; `ret_has_due` false: not as
 * things stand (it is paused, or was over before). In the past when it has been reached already.
 * `arena` is for scratch. */
MUST_CHECK enum status sla_point_due(struct arena *arena, const struct sla_clock *clock,
                                     const struct sla_point *point, const struct sla_rating *rating,
                                     int64_t now_us, int64_t since_us, bool *ret_has_due,
                                     int64_t *ret_due_us, struct error *ret_error);

#endif
