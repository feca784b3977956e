/* "What if": policies run over past subjects, on paper.
 *
 * A line of history is one change: {"subject": "INC-1", "at": "2026-01-05T09:00:00Z", "fields":
 * {…}}, where `fields` holds what changed (null clears) and the first line of a subject makes it.
 * Lines of a subject are in order of time; subjects may be mixed. Nothing outside is touched. */
#ifndef SYNERGYFLOW_SLA_SIMULATE_H
#define SYNERGYFLOW_SLA_SIMULATE_H

#include "bpmn/sla/evaluate.h"

enum {
    SLA_SIMULATION_SUBJECTS_MAX = 200000,
    SLA_SIMULATION_TARGETS_MAX = 256 /* different target names */
};

/* Where calendars come from: all versions of the calendar of that name; STATUS_NOT_FOUND. */
struct sla_calendars {
    void *context;
    enum status (*find)(void *context, const char *name, struct sla_rating *ret_rating,
                        struct error *ret_error);
};

struct sla_tally {
    const char *target;
    int64_t met;
    int64_t breached; /* also of clocks that are still open */
    int64_t open;     /* and not breached */
    int64_t excluded; /* cancelled */
};

struct sla_simulation;

/* `policies` are ordered and outlive the simulation, as `calendars` does. The caller frees. */
struct sla_simulation *sla_simulation_new(enum sla_subject_type type,
                                          const struct sla_policy *const *policies, size_t count,
                                          const struct sla_calendars *calendars);
void sla_simulation_free(struct sla_simulation *simulation); /* NULL is fine */
/* One line's value. STATUS_INVALID with the member at fault, or for a time before the subject's
 * last; nothing was taken then. After any other status the simulation can only be freed. */
MUST_CHECK enum status sla_simulation_take(struct sla_simulation *simulation, const json_t *change,
                                           struct error *ret_error);
/* Per target, as of `now_us`, in order of appearance. Run two simulations over the same lines for
 * before and after. The tallies live as the simulation. */
MUST_CHECK enum status sla_simulation_report(struct sla_simulation *simulation, int64_t now_us,
                                             const struct sla_tally **ret_tallies,
                                             size_t *ret_count, struct error *ret_error);

#endif
