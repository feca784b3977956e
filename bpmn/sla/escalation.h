/* A running escalation chain: level after level is due until somebody acknowledges.
 *
 * Due times do not depend on when levels really fired, so a late engine does not shift the chain;
 * a level whose time passed fires once. */
#ifndef SYNERGYFLOW_SLA_ESCALATION_H
#define SYNERGYFLOW_SLA_ESCALATION_H

#include "bpmn/sla/on_call.h"
#include "bpmn/sla/rating.h"

/* Plain data, to be stored as it is; `chain` says which one of the policy. */
struct sla_escalation {
    const char *chain;
    int64_t started_us;
    int32_t fired_levels;    /* how many levels have fired */
    int64_t acknowledged_us; /* SLA_NOT_ACKNOWLEDGED: not yet */
    const char *acknowledged_by;
};

#define SLA_NOT_ACKNOWLEDGED INT64_MIN

struct sla_level_due {
    bool has_due;  /* false: acknowledged, or no level is left */
    int32_t level; /* from 0 */
    int64_t due_us;
};

struct sla_escalation sla_escalation_start(const struct sla_chain *chain, int64_t at_us);
/* STATUS_CONFLICT when somebody has already; `by` is borrowed. */
MUST_CHECK enum status sla_escalation_acknowledge(struct sla_escalation *escalation, int64_t at_us,
                                                  const char *by, struct error *ret_error);
/* The next level and when. `rating` is needed for chains in working time, else may be NULL. */
MUST_CHECK enum status sla_escalation_next(const struct sla_escalation *escalation,
                                           const struct sla_chain *chain,
                                           const struct sla_rating *rating,
                                           struct sla_level_due *ret_due, struct error *ret_error);
/* Records that the next level fired. STATUS_CONFLICT when acknowledged, done, or `level` is not
 * the next one. */
MUST_CHECK enum status sla_escalation_fired(struct sla_escalation *escalation,
                                            const struct sla_chain *chain, int32_t level,
                                            struct error *ret_error);
/* Users of a level now: its own, then who is on call (`schedule` may be NULL: nobody), each once.
 * Teams are sla_level.recipients.teams. In `arena`. */
const char *const *sla_level_users(struct arena *arena, const struct sla_level *level,
                                   const struct on_call_schedule *schedule, int64_t now_us,
                                   size_t *ret_count);

json_t *sla_escalation_write(const struct sla_escalation *escalation);
MUST_CHECK enum status sla_escalation_read(struct arena *arena, const json_t *document,
                                           struct sla_escalation *ret_escalation,
                                           struct error *ret_error);

#endif
