/* The SLA clock of one subject and one target: what happened is stored, everything else is derived
 * from it on read.
 *
 *            pause           stop
 *   RUNNING ───────► PAUSED ───────► STOPPED ──reopen──► RUNNING
 *      ▲    ◄─────── resume              frozen figures
 *    start    stop, cancel ───────► CANCELLED              (for good)
 *
 * A clock keeps intervals (running or paused, each with cause and actor), cycles, changes of the
 * target, marks of who owned the subject, and what fired. Intervals follow each other without a gap
 * from a cycle's start to its end; the last one of an open clock is open. Arrays grow in the
 * clock's arena; texts are copied into it. Commands come in order of time: one that lies before the
 * last change is STATUS_INVALID; one that the state does not allow is STATUS_CONFLICT, "Expected …
 * but …". On failure the clock is as it was. */
#ifndef SYNERGYFLOW_SLA_CLOCK_H
#define SYNERGYFLOW_SLA_CLOCK_H

#include "bpmn/sla/rating.h"

#define SLA_OPEN_US WORKTIME_MAX_US /* the end of what goes on */

enum { SLA_CLOCK_RECORDS_MAX = 20000 }; /* intervals, or marks, or targets, or fired thresholds */

enum sla_clock_state { SLA_RUNNING, SLA_PAUSED, SLA_STOPPED, SLA_CANCELLED };

/* Why something happened, and who did it; texts are never NULL. */
struct sla_cause {
    const char *cause; /* "pause: state == 'ON_HOLD'" */
    const char *actor; /* user id, or "" */
};

struct sla_interval {
    bool running; /* else paused */
    int32_t cycle;
    int64_t from_us;
    int64_t to_us; /* SLA_OPEN_US: goes on */
    struct sla_cause why;
};

struct sla_cycle {
    int64_t from_us;
    int64_t to_us;       /* SLA_OPEN_US: goes on */
    int64_t recorded_us; /* when it was started; later than from_us: retroactively */
    struct sla_cause why;
};

/* The target in force from `at_us` on; the first one is the original. */
struct sla_target_change {
    int64_t at_us;
    int32_t cycle;
    const char *policy_id;
    int64_t policy_version;
    struct sla_duration duration;
    struct sla_cause why;
};

/* Who owned the subject from `at_us` on; "" for nobody. */
struct sla_mark {
    int64_t at_us;
    const char *group;
    const char *person;
    const char *state;
};

struct sla_fired {
    const char *threshold;
    int32_t cycle;
    int32_t generation; /* of the target: how often its duration had changed in the cycle */
    int64_t due_us;
    int64_t fired_us;
    bool late_by_design; /* was passed already when the clock started or moved */
};

/* Figures at an instant. Durations in µs; working time unless `_wall`. */
struct sla_figures {
    enum sla_clock_state state;
    int32_t cycle;
    int64_t start_us; /* of the cycle */
    int64_t end_us;   /* of a closed clock, else SLA_OPEN_US */
    int64_t target_us;
    int64_t original_target_us; /* of the first target of the cycle */
    int64_t elapsed_us;
    int64_t elapsed_wall_us;
    int64_t paused_us;
    int64_t paused_wall_us;
    int64_t remaining_us;        /* negative: overrun */
    int64_t remaining_wall_us;   /* until the deadline; negative past it */
    int64_t percent_thousandths; /* rounded down; for display, never for deciding */
    int64_t overrun_us;          /* 0 when not breached */
    /* While paused, as if it resumed at the instant asked for; `deadline_floats` is true then. */
    int64_t deadline_us;
    int64_t original_deadline_us; /* start + first target, without any pause */
    bool deadline_floats;
    bool breached; /* elapsed > target */
    /* First microsecond with elapsed > target: past when `breached`; else when it will be, and
     * SLA_OPEN_US while paused or closed. */
    int64_t breached_at_us;
};

struct sla_clock {
    struct arena *arena;
    const char *id;
    const char *subject_id;
    const char *policy_id; /* in force */
    int64_t policy_version;
    const char *target;           /* name */
    const char *calendar;         /* name */
    struct sla_duration duration; /* in force */
    enum sla_clock_state state;
    int64_t floor_version; /* see struct sla_rating */
    int64_t changed_us;    /* of the last command */
    int64_t moved_us;      /* of the last start, re-target or recalculation: thresholds due before
                              are late by design */
    struct sla_interval *intervals;
    size_t interval_count;
    struct sla_cycle *cycles; /* the last one is the current one */
    size_t cycle_count;
    struct sla_target_change *targets;
    size_t target_count;
    struct sla_mark *marks;
    size_t mark_count;
    struct sla_fired *fired;
    size_t fired_count;
    struct sla_figures frozen; /* of a closed clock */
};

struct sla_start {
    const char *id; /* of the clock */
    const char *subject_id;
    const struct sla_policy *policy;
    const struct sla_target *target;
    int64_t at_us;                       /* when it counts from */
    int64_t now_us;                      /* when it is started; not before at_us */
    bool paused;                         /* is paused now */
    int64_t paused_since_us;             /* from then on (at_us to now_us) */
    const struct worktime_pause *pauses; /* before that: ordered, none overlapping; clipped to
                                            [at_us, now_us) */
    size_t pause_count;
    struct sla_cause why;
};

/* Start, retroactively when at_us is before now_us. The clock lives in `arena`. */
MUST_CHECK enum status sla_clock_start(struct arena *arena, const struct sla_start *start,
                                       struct sla_clock **ret_clock, struct error *ret_error);
MUST_CHECK enum status sla_clock_pause(struct sla_clock *clock, int64_t at_us, struct sla_cause why,
                                       struct error *ret_error);
MUST_CHECK enum status sla_clock_resume(struct sla_clock *clock, int64_t at_us,
                                        struct sla_cause why, struct error *ret_error);
/* Freezes the figures, under `rating` (its floor_version is ignored: the clock's counts). */
MUST_CHECK enum status sla_clock_stop(struct sla_clock *clock, int64_t at_us, struct sla_cause why,
                                      const struct sla_rating *rating, struct error *ret_error);
MUST_CHECK enum status sla_clock_cancel(struct sla_clock *clock, int64_t at_us,
                                        struct sla_cause why, const struct sla_rating *rating,
                                        struct error *ret_error);
/* A new cycle, from zero; a paused clock stays paused. */
MUST_CHECK enum status sla_clock_reset(struct sla_clock *clock, int64_t at_us, struct sla_cause why,
                                       struct error *ret_error);
/* Elapsed time and pauses stay. The target may be another version's or another policy's; it keeps
 * its name. */
MUST_CHECK enum status sla_clock_retarget(struct sla_clock *clock, int64_t at_us,
                                          const struct sla_policy *policy,
                                          const struct sla_target *target, struct sla_cause why,
                                          struct error *ret_error);
/* "Rate all again": calendar version `version` also rates what was before it. Closed clocks are
 * frozen: STATUS_CONFLICT. Before and after are sla_clock_figures() around the call. */
MUST_CHECK enum status sla_clock_recalculate(struct sla_clock *clock, int64_t at_us,
                                             int64_t version, struct error *ret_error);
/* Of a stopped clock. */
MUST_CHECK enum status sla_clock_reopen(struct sla_clock *clock, int64_t at_us, enum sla_reopen how,
                                        struct sla_cause why, struct error *ret_error);
/* Who owns the subject from now on; nothing is added when that is as before. */
MUST_CHECK enum status sla_clock_mark(struct sla_clock *clock, int64_t at_us, const char *group,
                                      const char *person, const char *state,
                                      struct error *ret_error);

static inline bool sla_clock_is_open(const struct sla_clock *clock)
{
    return clock->state == SLA_RUNNING || clock->state == SLA_PAUSED;
}

/* Figures at `now_us`, not before the last change (else those of the last change). A closed clock
 * gives its frozen ones. STATUS_INVALID when the calendar has no such moment any more. */
MUST_CHECK enum status sla_clock_figures(const struct sla_clock *clock,
                                         const struct sla_rating *rating, int64_t now_us,
                                         struct sla_figures *ret_figures, struct error *ret_error);

enum sla_threshold_state {
    SLA_THRESHOLD_WAITING, /* will come due at due_us, or (has_due false) not as things stand */
    SLA_THRESHOLD_DUE,     /* has to fire now */
    SLA_THRESHOLD_FIRED,
    SLA_THRESHOLD_SUPPRESSED /* passed before the clock started or moved, and not wanted then */
};

struct sla_threshold_due {
    const struct sla_threshold *threshold;
    enum sla_threshold_state state;
    int32_t cycle;
    int32_t generation;
    int64_t at_working_us; /* of elapsed time */
    bool has_due;          /* false: paused, closed, or past a target without overrun */
    int64_t due_us;
    bool late_by_design;
    int64_t fired_us; /* of SLA_THRESHOLD_FIRED */
};

/* Every threshold of the target, in its order; `ret_rows` (in `arena`) has target->threshold_count.
 * The earliest `due_us` of a WAITING row that has one is when to look again. */
MUST_CHECK enum status sla_clock_thresholds(struct arena *arena, const struct sla_clock *clock,
                                            const struct sla_target *target,
                                            const struct sla_rating *rating, int64_t now_us,
                                            const struct sla_threshold_due **ret_rows,
                                            struct error *ret_error);
/* Records that a DUE row fired. STATUS_CONFLICT when it has fired already in this cycle. */
MUST_CHECK enum status sla_clock_fire(struct sla_clock *clock, const struct sla_threshold_due *row,
                                      int64_t now_us, struct error *ret_error);

enum sla_dimension { SLA_BY_GROUP, SLA_BY_PERSON, SLA_BY_STATE };

struct sla_share {
    const char *name; /* "" for nobody */
    int64_t elapsed_us;
    int64_t elapsed_wall_us;
};

/* Whose time ran, over the current cycle, in order of first appearance; the sums are those of the
 * figures. Rated as of now, also for closed clocks. */
MUST_CHECK enum status sla_clock_breakdown(struct arena *arena, const struct sla_clock *clock,
                                           const struct sla_rating *rating, int64_t now_us,
                                           enum sla_dimension dimension,
                                           const struct sla_share **ret_shares, size_t *ret_count,
                                           struct error *ret_error);

const char *sla_clock_state_name(enum sla_clock_state state); /* "running", … */

/* The whole clock as JSON, for storage; the caller owns it. Reading it gives the same clock;
 * STATUS_INVALID with the path for what no clock wrote. */
json_t *sla_clock_write(const struct sla_clock *clock);
MUST_CHECK enum status sla_clock_read(struct arena *arena, const json_t *document,
                                      struct sla_clock **ret_clock, struct error *ret_error);

#endif
