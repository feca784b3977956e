/* The interpreter: step(model, instance, command, now) → changes. Pure (no clock, no I/O, no
 * randomness: ids, time and the script engine come in through the environment). Token semantics:
 * OMG formal/2011-01-03, chapter 13. */
#ifndef SYNERGYFLOW_STEP_H
#define SYNERGYFLOW_STEP_H

#include "bpmn/step/change.h"
#include "bpmn/timer/timer_place.h"

/* More element activations than this in one step without a wait state: the model loops. */
enum { BPMN_STEP_MOVES_MAX = 100000 };
/* Instances of one multi-instance activity. */
enum { BPMN_LOOP_INSTANCES_MAX = 50000 };

enum bpmn_command_kind {
    BPMN_START, /* variables: initial ones. element: id of the event (or event gateway's event, or
                   receive task) that triggers it, NULL: the plain start; definition: which of its
                   event definitions; key, payload as with RECEIVE_MESSAGE */
    BPMN_COMPLETE_TASK, /* target = task id; variables go to the nearest scope that has them, else
                           the root; user: who completes it */
    BPMN_TRIGGER_TIMER, /* target = timer id; early: it need not be due */
    BPMN_MOVE_TIMER, /* target = timer id; due_us: its new time; 0: worked out again, as if it had
                        been armed at from_us, from its definition or, with `model`, from the
                        timer of the same event there */
    BPMN_RECEIVE_MESSAGE,  /* target = event subscription id, or zero: any token in the instance
                              waiting for `name` */
    BPMN_RECEIVE_SIGNAL,   /* target = event subscription id, or zero: every token in the instance
                              waiting for `name` */
    BPMN_COMPLETE_JOB,     /* target = job id */
    BPMN_JOB_ERROR,        /* target = job id, name = BPMN error code, reason = its message */
    BPMN_JOB_ESCALATION,   /* target = job id, name = escalation code; the job stays */
    BPMN_HANDLER_RETURNED, /* target = handler call id; name = the business key that it gives, or
                              NULL */
    BPMN_HANDLER_ERROR,    /* target = handler call id, name = BPMN error code */
    BPMN_SCRIPT_RETURNED,  /* target = wait id; variables = what it assigned, local = in the token's
                              own scope, value = its value */
    BPMN_SCRIPT_ERROR,     /* target = wait id, name = BPMN error code */
    BPMN_CALL_COMPLETED,   /* target = the called instance's id; variables = its root's */
    BPMN_CALL_ERROR,       /* likewise; name = BPMN error code that nothing in it caught */
    BPMN_CALL_ESCALATED,   /* likewise; name = escalation code; the call goes on */
    BPMN_CONTINUE,         /* target = id of an asynchronous continuation */
    BPMN_TRIGGER,          /* target = token id that waits to be triggered */
    BPMN_SET_VARIABLES,    /* target = scope id (set exactly there), zero = root, or token id (a
                              sub-process' token: its scope; another: nearest scope that has them) */
    BPMN_REMOVE_VARIABLES, /* likewise; variables: an object whose names count */
    BPMN_LOOK_AT_CONDITIONS,
    BPMN_CHANGE_STATE, /* value = {"cancel":[element or token ids],"start":[element ids]} */
    BPMN_TERMINATE,    /* reason; the caller deletes the instance */
};

struct bpmn_command {
    enum bpmn_command_kind kind;
    struct uuid target;
    const char *element;
    uint32_t definition;
    const char *name;
    const char *reason;
    const char *user;
    const json_t *variables; /* an object or NULL; borrowed */
    const json_t *local;     /* likewise */
    const json_t *value;     /* anything or NULL; borrowed */
    bool early;
    int64_t due_us;
    int64_t from_us;
    const struct bpmn_model *model;
};

/* What a script is given, and what comes of it. */
struct bpmn_script {
    const char *source;
    const json_t *variables; /* everything that it can see */
    bool keeps_private;      /* what it assigns is not stored */
    const char *instance_id;
    const char *execution_id;
    const char *business_key;
    const char *definition_id;
    const char *element_id;
};

struct bpmn_script_result {
    json_t *value;          /* new reference, or NULL */
    json_t *assigned;       /* an object: variables to set; new reference, or NULL */
    json_t *local;          /* likewise, in the scope of the token */
    json_t *removed;        /* an array of names of variables to remove; new reference, or NULL */
    const char *error_code; /* a BPMN error that it threw; NULL: none */
    bool deferred;          /* it takes longer than a step may: nothing was done */
};

struct bpmn_env {
    int64_t now_us;
    struct uuid_source *ids;
    struct arena *arena; /* changes and scratch; lives at least as long as the instance's arena */
    /* Runs JavaScript, a pure function of its arguments. NULL: there is no script engine. */
    enum status (*run_script)(const struct bpmn_env *env, const struct bpmn_script *script,
                              struct bpmn_script_result *ret_result, struct error *ret_error);
    void *context;                      /* of run_script */
    const struct timer_sources *timers; /* zones and calendars by name; NULL: there are none */
};

/* Advance one process instance by one command.
 *
 * The same arguments give the same changes. On STATUS_OK every change is appended to `changes`, in
 * order, and already applied to `instance`. STATUS_NOT_FOUND / STATUS_CONFLICT: the command does
 * not fit the state (“Expected … but …”); STATUS_FAILED: an expression failed, no flow could be
 * taken, the step did not come to a wait state; STATUS_TOO_LARGE: env->arena went over its limit. A
 * BPMN error that nothing catches is no failure: it ends the instance (INSTANCE_TERMINATED, the
 * reason says which error and where, the code is kept for a caller), and the records around it are
 * kept. On any failure the instance must be thrown away (use a clone, or load it again): it is then
 * half-stepped. */
MUST_CHECK enum status bpmn_step(const struct bpmn_env *env, struct bpmn_instance *instance,
                                 const struct bpmn_command *command, struct bpmn_changes *changes,
                                 struct error *ret_error);

#endif
