/* SLA clocks in a world (docs/testing-processes.md): subjects change by steps, mocks and instances,
 * their clocks follow the policies in virtual time, and timers that follow clocks are due when
 * these say so. Actions of thresholds are not carried out. Private to bpmn/scenario. */
#ifndef SYNERGYFLOW_SCENARIO_CLOCKS_H
#define SYNERGYFLOW_SCENARIO_CLOCKS_H

#include "bpmn/scenario/world.h"

struct world_clocks;

/* In the world's arena; `sla` NULL: no policies. */
struct world_clocks *world_clocks_new(struct arena *arena, const struct world_sla *sla);
void world_clocks_free(struct world_clocks *clocks);

/* {"subject", "id", "fields"} of a mock's answer, in the unit under way; borrowed until its end. */
void world_clocks_pend(struct world_clocks *clocks, const json_t *change);
/* The unit came to nothing. */
void world_clocks_drop(struct world_clocks *clocks);
/* The unit is about to be kept: what was pending happens. */
MUST_CHECK enum status world_clocks_apply(struct world_clocks *clocks, int64_t now_us,
                                          struct error *ret_error);
/* An instance after a unit, as a subject. */
MUST_CHECK enum status world_clocks_instance(struct world_clocks *clocks,
                                             const struct world_instance *instance, int64_t now_us,
                                             struct error *ret_error);
/* A change that is certain now: timers that follow clocks come, happen and go. */
void world_clocks_note(struct world_clocks *clocks, const struct world_instance *instance,
                       const struct bpmn_change *change);
/* After all that: when is each timer due? */
MUST_CHECK enum status world_clocks_look(struct world_clocks *clocks, int64_t now_us,
                                         struct error *ret_error);
/* SLA_OPEN_US: it floats. */
int64_t world_clocks_due_us(const struct world_clocks *clocks, const struct uuid *timer_id);
/* Every clock as expectations see it: an array, new reference. */
json_t *world_clocks_describe(const struct world_clocks *clocks, int64_t now_us);

#endif
