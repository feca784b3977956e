/* SLA clocks within somebody else's transaction: subjects have changed, timers of processes are
 * bound to clocks, and what that means commits with it or not at all.
 *
 *   changes, bindings ─► read (locks) ─► decide ─► statements, events, moved timers
 *
 * Subjects are locked in order of type and id; clocks and bound timers after them. */
#ifndef SYNERGYFLOW_SLA_ROUND_H
#define SYNERGYFLOW_SLA_ROUND_H

#include "bpmn/sla/evaluate.h"
#include "engine/module.h"
#include "engine/sla/sla.h"

struct sla_round;

/* Texts and `fields` are borrowed until the round is over. */
struct sla_subject_change {
    const char *type; /* incident, change, task, process-instance */
    const char *id;
    const json_t *fields; /* those that changed; null removes one */
    const char *actor;    /* "" for nobody */
    const char *cause;
    const char *correlation_id; /* of what is published; may be NULL */
    bool only_if_changed;       /* nothing is looked at when all fields are as they were */
    bool recalculates;          /* the newest calendars also rate what was before them */
};

/* A timer of a process: a row of `timer` with a clock. */
struct sla_bound_timer {
    struct uuid id;
    struct uuid instance_id;
    const char *element_id;
    const char *subject_type;
    const char *subject_id;
    const char *target;
    const char *threshold;
    int64_t since_us; /* armed then */
    int64_t due_us;   /* SLA_OPEN_US: it floats */
    bool retries;     /* it has failed before */
    bool moved;       /* by this round */
    struct sla_bound_timer *next;
};

/* STATUS_UNAVAILABLE while the documents are being read. The round lives in `arena`. */
MUST_CHECK enum status sla_round_new(struct sla_service *service, struct arena *arena,
                                     struct sla_round **ret_round, struct error *ret_error);
/* Is there any policy for subjects of the type? */
bool sla_round_concerns(const struct sla_round *round, const char *type);
/* STATUS_INVALID: no such type, an id that is too long. */
MUST_CHECK enum status sla_round_change(struct sla_round *round,
                                        const struct sla_subject_change *change,
                                        struct error *ret_error);
/* A timer that this transaction stores: sla_round_decide() gives it its `due_us`. */
MUST_CHECK enum status sla_round_bind(struct sla_round *round, struct sla_bound_timer *timer,
                                      struct error *ret_error);
/* A bound timer fires in this transaction. The struct follows below. */
struct sla_bound_firing;
void sla_round_fired(struct sla_round *round, const struct sla_bound_firing *firing);
bool sla_round_is_empty(const struct sla_round *round);
/* Adds the statements that lock and read. */
void sla_round_read(struct sla_round *round, struct pg_batch *batch);
/* With the results of `read`: works out what has to happen and adds the statements to `store`. */
MUST_CHECK enum status sla_round_decide(struct sla_round *round, const struct pg_batch *read,
                                        struct pg_batch *store, struct error *ret_error);
/* After that: what to publish (the payloads belong to the caller from then on), … */
struct module_event *sla_round_take_events(struct sla_round *round, uint32_t *ret_count);
/* … the rows of bound timers that moved, … */
const struct sla_bound_timer *sla_round_moved(const struct sla_round *round);
/* … who has to know (after COMMIT), … */
void sla_round_tell(const struct sla_round *round);
/* … when the first threshold of a clock that moved is due (0: none is), … */
int64_t sla_round_next_due(const struct sla_round *round);
/* … and the clocks of a subject, for its module; none when nothing is known of it. */
void sla_round_describe(const struct sla_round *round, const char *type, const char *id,
                        struct module_subject *ret_subject);
/* What was decided for the one subject of the round, and its clocks: a PUT answers with them. */
const struct sla_decision *sla_round_decision(const struct sla_round *round);
/* After the last of the above, whether it committed or not. NULL is fine. */
void sla_round_free(struct sla_round *round);

/* ---- a bound timer whose time has come ---- */

/* That an event of an instance has happened in a cycle of a clock: it does so once. */
struct sla_bound_firing {
    struct uuid clock_id;
    const char *threshold; /* "timer ELEMENT INSTANCE" */
    int32_t cycle;
    int64_t due_us;
};

/* Reads what the clocks of these timers say: a row for each that has one. Results of the statement
 * go to sla_bound_look(). */
struct pg_array *sla_bound_read(struct pg_batch *batch);
/* Row `row`: the timer with its true due time, and what has to be recorded when it fires. */
MUST_CHECK enum status sla_bound_look(struct sla_service *service, struct arena *arena,
                                      const struct pg_result *rows, uint32_t row, int64_t now_us,
                                      struct sla_bound_timer *ret_timer,
                                      struct sla_bound_firing *ret_firing, struct error *ret_error);
/* Statements of the transaction in which they fire, or get their true due time. */
void sla_bound_store_firings(struct pg_batch *batch, struct uuid_source *ids,
                             const struct sla_bound_firing *firings, uint32_t count,
                             int64_t now_us);
void sla_bound_store_due(struct pg_batch *batch, const struct sla_bound_timer *first);

#endif
