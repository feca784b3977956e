/* Timers of processes that follow clocks: private to this folder; see round.h. */
#ifndef SYNERGYFLOW_SLA_BOUND_H
#define SYNERGYFLOW_SLA_BOUND_H

#include "bpmn/sla/point.h"
#include "engine/sla/private.h"
#include "engine/sla/round.h"

/* What events of instances have happened already in which cycles of clocks. */
struct bound_fired;
struct bound_firings {
    struct bound_fired *items; /* by clock, cycle and name */
};

/* $1 types, $2 ids of subjects: their timers, locked in order of id; what has fired. */
extern const struct pg_statement bound_timers_of;
extern const struct pg_statement bound_firings_of;

void bound_timer_read(struct arena *arena, const struct pg_result *rows, uint32_t row,
                      struct sla_bound_timer *ret_timer);
void bound_firings_add(struct arena *arena, const char *clock_id, int64_t cycle, const char *name,
                       struct bound_firings *firings);
void bound_firings_read(struct arena *arena, const struct pg_result *rows,
                        struct bound_firings *firings);
void bound_firings_clear(struct bound_firings *firings);
/* Works out when the timer is due by the newest clock of its target among `rows` (of one subject,
 * in order of their start); `moved` is set when that is another time than before. */
MUST_CHECK enum status bound_timer_look(struct arena *arena, const struct sla_book *book,
                                        const struct sla_row *rows, uint32_t row_count,
                                        const struct bound_firings *firings, int64_t now_us,
                                        struct sla_bound_timer *timer, struct error *ret_error);

#endif
