/* SLA policies: versioned documents that say which subjects get which clocks.
 *
 * docs/sla.md describes every field of the JSON. A policy applies to one type of subject, is chosen
 * when its `match` is true (the lowest `order` first), and gives targets. Conditions are JUEL
 * expressions over the subject's fields; a field that the subject does not have is null. Reading
 * refuses what is malformed; what is well-formed but cannot work is the linter's (lint.h). */
#ifndef SYNERGYFLOW_SLA_POLICY_H
#define SYNERGYFLOW_SLA_POLICY_H

#include "bpmn/base/arena.h"
#include "bpmn/base/status.h"
#include "bpmn/expression/expression.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SLA_TEXT_MAX = 256,                        /* bytes of an id, a name, a field */
    SLA_POLICIES_MAX = 1000,                   /* in one set */
    SLA_TARGETS_MAX = 16,                      /* of a policy */
    SLA_THRESHOLDS_MAX = 64,                   /* of a target */
    SLA_ACTIONS_MAX = 16,                      /* of a threshold */
    SLA_CHAINS_MAX = 16,                       /* of a policy */
    SLA_LEVELS_MAX = 32,                       /* of a chain */
    SLA_RECIPIENTS_MAX = 64,                   /* users (or teams) of a level */
    SLA_PAYLOAD_MAX = 8 * 1024,                /* bytes of an action's payload as JSON */
    SLA_PERCENT_MAX_THOUSANDTHS = 1000 * 1000, /* 1000 % */
};

/* Ten years: no target, offset or delay is longer, so that sums stay far from the year 9999. */
#define SLA_DURATION_MAX_US (INT64_C(3660) * 86400 * 1000000)

/* Three units that are never mixed. */
enum sla_unit {
    SLA_WORKING_TIME,  /* `PT8H`, `PT24H`: time inside the calendar's windows */
    SLA_BUSINESS_DAYS, /* `P2BD`: the same wall-clock time on the n-th working day */
    SLA_END_OF_DAY     /* closing time of the n-th working day, 0: of the same */
};

struct sla_duration {
    enum sla_unit unit;
    int64_t time_us; /* of SLA_WORKING_TIME */
    uint32_t days;   /* of the two others */
};

enum sla_subject_type {
    SLA_SUBJECT_INCIDENT,
    SLA_SUBJECT_CHANGE,
    SLA_SUBJECT_TASK,
    SLA_SUBJECT_PROCESS_INSTANCE
};
enum sla_kind { SLA_KIND_SLA, SLA_KIND_OLA, SLA_KIND_SUPPLIER };
enum sla_late { SLA_LATE_FIRE, SLA_LATE_SUPPRESS };
enum sla_reopen {
    SLA_REOPEN_RESUME,    /* runs on as if it had never stopped: the closed time counts */
    SLA_REOPEN_NEW_CYCLE, /* counts from zero, thresholds fire anew */
    SLA_REOPEN_PAUSE      /* runs on; the closed time is a pause */
};

/* X(constant, JSON name, member that says what, or NULL) */
#define SLA_ACTIONS(X)                           \
    X(EVENT, "event", "name")                    \
    X(MESSAGE, "message", "name")                \
    X(SIGNAL, "signal", "name")                  \
    X(START_PROCESS, "start_process", "process") \
    X(ESCALATE, "escalate", "chain")             \
    X(REASSIGN_TEAM, "reassign_team", "team")    \
    X(REASSIGN_USER, "reassign_user", "user")    \
    X(RAISE_PRIORITY, "raise_priority", NULL)    \
    X(WEBHOOK, "webhook", "url")

enum sla_action_kind {
#define SLA_ACTION_ENUM(name, json, member) SLA_ACTION_##name,
    SLA_ACTIONS(SLA_ACTION_ENUM)
#undef SLA_ACTION_ENUM
};

struct sla_action {
    enum sla_action_kind kind;
    const char *what;    /* event, message or signal name, process key, chain id, team, user or URL;
                            "" for RAISE_PRIORITY */
    int32_t by;          /* of RAISE_PRIORITY: how many steps more urgent, 1 to 4 */
    const char *payload; /* JSON object as text to send along, or "" */
};

struct sla_threshold {
    const char *id;
    bool is_percent;
    int64_t percent_thousandths; /* 75.5 % is 75500; at least 1 */
    int64_t offset_us;           /* working time after the target, negative: before it */
    const struct sla_action *actions;
    size_t action_count;
};

/* NULL: not given. */
struct sla_conditions {
    const struct expression *start; /* never NULL: `true` when not given */
    const struct expression *pause;
    const struct expression *resume; /* not given: when `pause` is false again */
    const struct expression *stop;
    const struct expression *cancel;
    const struct expression *reset; /* when it becomes true */
};

struct sla_target {
    const char *name; /* response, resolution, … */
    enum sla_kind kind;
    struct sla_duration duration;
    const char *calendar;      /* name; "" when not given (the linter refuses that) */
    const char *start_from;    /* field with the instant of a retroactive start, or "" */
    const char *duration_from; /* field with a duration for this one subject, or "" */
    enum sla_late late;        /* thresholds that are already passed when a clock starts or moves */
    enum sla_reopen reopen;
    bool refire_after_retarget;
    bool overrun; /* thresholds past the target come due */
    struct sla_conditions conditions;
    const struct sla_threshold *thresholds;
    size_t threshold_count;
};

struct sla_recipients {
    const char *const *users;
    size_t user_count;
    const char *const *teams;
    size_t team_count;
    const char *on_call; /* schedule's name, or "" */
};

struct sla_level {
    int64_t delay_us; /* after the level before (the first: after the chain's start) */
    struct sla_recipients recipients;
    struct sla_action action;
};

struct sla_chain {
    const char *id;
    bool working_time; /* delays count in the target's calendar; else wall time */
    const struct sla_level *levels;
    size_t level_count;
};

struct sla_policy {
    const char *id;
    const char *name;
    int64_t version;
    enum sla_subject_type applies_to;
    int64_t order;
    const struct expression *match; /* never NULL: `true` when not given */
    const struct sla_target *targets;
    size_t target_count;
    const struct sla_chain *chains;
    size_t chain_count;
};

/* Reads one policy document into `arena`; the document may be released. STATUS_INVALID with the
 * path as field (`targets[1].thresholds[0].at`), what was expected and what was found: unknown
 * fields, wrong types, bad expressions, bad durations, thresholds out of range, references to a
 * chain that the policy does not have. STATUS_TOO_LARGE past the limits above. */
MUST_CHECK enum status sla_policy_read(struct arena *arena, const json_t *document,
                                       const struct sla_policy **ret_policy,
                                       struct error *ret_error);

/* A file: one policy, or `{"policies": […]}`. In order of `order`, then of the document. Paths
 * begin with `policies[n].` in the second form. */
MUST_CHECK enum status sla_policies_read(struct arena *arena, const json_t *document,
                                         const struct sla_policy *const **ret_policies,
                                         size_t *ret_count, struct error *ret_error);

/* NULL when there is none of that name. */
const struct sla_target *sla_policy_target(const struct sla_policy *policy, const char *name);
const struct sla_chain *sla_policy_chain(const struct sla_policy *policy, const char *id);
const struct sla_threshold *sla_target_threshold(const struct sla_target *target, const char *id);

/* The names as JSON has them: "incident", "process-instance"; "sla"; "webhook". */
const char *sla_subject_type_name(enum sla_subject_type type);
bool sla_subject_type_of(const char *name, enum sla_subject_type *ret_type);
const char *sla_kind_name(enum sla_kind kind);
const char *sla_action_name(enum sla_action_kind kind);

/* `PT8H`, `P2BD`, and with `end_of_day` the n-th working day's closing time (`text` NULL: the same
 * day's). Calendar days (`P1D`) and mixtures are refused with what to write instead. */
MUST_CHECK enum status sla_duration_read(const char *text, bool end_of_day, const char *field,
                                         struct sla_duration *ret_duration,
                                         struct error *ret_error);
enum { SLA_DURATION_BYTES = 48 };
/* `PT28800S`, `P2BD`, `P2BD end of day`; seconds with a fraction where there is one. */
char *sla_duration_format(const struct sla_duration *duration, char ret_text[SLA_DURATION_BYTES]);
bool sla_duration_equal(const struct sla_duration *left, const struct sla_duration *right);

/* A condition over the subject's fields (an object); a missing field is null. `now_us` is
 * what now() gives. STATUS_FAILED when it gives no Boolean. */
MUST_CHECK enum status sla_condition(const struct expression *expression, const json_t *fields,
                                     int64_t now_us, bool *ret_value, struct error *ret_error);

#endif
