/* "The subject changed": which policy applies, why, and what that means for the subject's clocks.
 *
 * Conditions are levels over the new fields; only `reset` acts when it becomes true (false on the
 * old fields, true on the new). At one instant the order is stop, pause, resume, reset, start; when
 * `pause` and `resume` are both true the clock runs. A condition that fails to evaluate counts as
 * false and is reported. */
#ifndef SYNERGYFLOW_SLA_EVALUATE_H
#define SYNERGYFLOW_SLA_EVALUATE_H

#include "bpmn/sla/clock.h"

enum { SLA_HISTORY_MAX = 100000 }; /* past states of one subject */

/* The fields from `at_us` on. */
struct sla_past {
    int64_t at_us;
    const json_t *fields;
};

struct sla_subject {
    enum sla_subject_type type;
    const char *id;
    const json_t *old_fields; /* NULL: the subject is new */
    const json_t *fields;
    const struct sla_past *history; /* in order, for pauses of retroactive starts; may be NULL */
    size_t history_count;
    struct sla_cause why; /* actor; `cause` is put before the condition's text */
};

/* X(constant, JSON name) */
#define SLA_STEPS(X)        \
    X(START, "start")       \
    X(PAUSE, "pause")       \
    X(RESUME, "resume")     \
    X(STOP, "stop")         \
    X(CANCEL, "cancel")     \
    X(RESET, "reset")       \
    X(RETARGET, "retarget") \
    X(REOPEN, "reopen")

enum sla_step_kind {
#define SLA_STEP_ENUM(name, json) SLA_STEP_##name,
    SLA_STEPS(SLA_STEP_ENUM)
#undef SLA_STEP_ENUM
};

struct sla_step {
    enum sla_step_kind kind;
    size_t clock;                    /* index into the clocks given; of START: unused */
    const struct sla_target *target; /* of the policy that is chosen now; NULL for CANCEL without */
    int64_t at_us;                   /* of START: when it counts from; else now */
    struct sla_start start;          /* of START, complete but for `id` */
    struct sla_cause why;
};

/* A policy that was looked at. */
struct sla_candidate {
    const struct sla_policy *policy;
    bool chosen;
    const char *reason; /* "match is true: priority == 1", "is for changes", "is behind the one
                           chosen", … */
};

struct sla_decision {
    const struct sla_policy *policy; /* NULL: none applies */
    const struct sla_candidate *candidates;
    size_t candidate_count;
    const struct sla_step *steps; /* in the order to take them */
    size_t step_count;
    const char *const *problems; /* conditions that failed, as sentences */
    size_t problem_count;
};

/* Decides; changes nothing. `policies` are ordered (sla_policies_read) and of the versions in
 * force; `clocks` are all of the subject's, closed ones too. The decision lives in `arena` and
 * borrows from the arguments. */
MUST_CHECK enum status sla_evaluate(struct arena *arena, const struct sla_policy *const *policies,
                                    size_t policy_count, const struct sla_subject *subject,
                                    struct sla_clock *const *clocks, size_t clock_count,
                                    int64_t now_us, struct sla_decision *ret_decision,
                                    struct error *ret_error);

/* Takes one step. START makes the clock in `arena` with `id`; `clock` is the step's otherwise.
 * `rating` is of the clock's calendar. *ret_clock is the clock. */
MUST_CHECK enum status sla_step_apply(struct arena *arena, const struct sla_decision *decision,
                                      const struct sla_step *step, const char *id,
                                      struct sla_clock *clock, const struct sla_rating *rating,
                                      int64_t now_us, struct sla_clock **ret_clock,
                                      struct error *ret_error);

const char *sla_step_name(enum sla_step_kind kind);

#endif
