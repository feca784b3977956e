/* The interpreter: step(model, instance, command, now) → changes. Pure (no clock, no I/O, no
 * randomness: ids and time come in through the environment). Token semantics: OMG
 * formal/2011-01-03, chapter 13. */
#ifndef SYNERGYFLOW_STEP_H
#define SYNERGYFLOW_STEP_H

#include "bpmn/step/change.h"

/* More element activations than this in one step without a wait state: the model loops. */
enum { BPMN_STEP_MOVES_MAX = 100000 };

enum bpmn_command_kind {
    BPMN_START,           /* variables: initial ones */
    BPMN_COMPLETE_TASK,   /* target = task id; variables go to the nearest scope that has them, else
                             the root */
    BPMN_TRIGGER_TIMER,   /* target = timer id */
    BPMN_RECEIVE_MESSAGE, /* target = event subscription id, or zero: any token in the instance
                             waiting for `name` */
    BPMN_COMPLETE_JOB,    /* target = job id */
    BPMN_JOB_ERROR,       /* target = job id, name = BPMN error code */
    BPMN_HANDLER_RETURNED, /* target = handler call id; name = the business key that it gives, or
                              NULL */
    BPMN_HANDLER_ERROR,    /* target = handler call id, name = BPMN error code */
    BPMN_SET_VARIABLES,    /* target = scope id (set exactly there), zero = root, or token id (a
                              sub-process' token: its scope; another: nearest scope that has them) */
    BPMN_TERMINATE,        /* reason; the caller deletes the instance */
};

struct bpmn_command {
    enum bpmn_command_kind kind;
    struct uuid target;
    const char *name;
    const char *reason;
    const json_t *variables; /* an object or NULL; borrowed */
};

struct bpmn_env {
    int64_t now_us;
    struct uuid_source *ids;
    struct arena *arena; /* changes and scratch; lives at least as long as the instance's arena */
};

/* Advance one process instance by one command.
 *
 * The same arguments give the same changes. On STATUS_OK every change is appended to `changes`, in
 * order, and already applied to `instance`. STATUS_NOT_FOUND / STATUS_CONFLICT: the command does
 * not fit the state (“Expected … but …”); STATUS_FAILED: an expression failed, no flow could be
 * taken, the step did not come to a wait state; STATUS_TOO_LARGE: env->arena went over its limit. A
 * BPMN error that nothing catches is no failure: it ends the instance (INSTANCE_TERMINATED, the
 * reason says which error and where), and the records around it are kept. On any failure the
 * instance must be thrown away (use a clone, or load it again): it is then half-stepped. */
MUST_CHECK enum status bpmn_step(const struct bpmn_env *env, struct bpmn_instance *instance,
                                 const struct bpmn_command *command, struct bpmn_changes *changes,
                                 struct error *ret_error);

#endif
