/* Private to bpmn/step: what an element kind brings (one row of hooks in elements.c) and the
 * mechanics that all of them share.
 *
 * A token's life: a move puts it to an element (arrive) → ELEMENT_ACTIVATED → activate() → it
 * waits, or step_leave() → ELEMENT_COMPLETED → leave() chooses the flows → moves to their targets.
 * While it waits, a command calls trigger(); anything that interrupts it goes through
 * step_terminate(). Between two moves hold ids and indices, never pointers into the instance: every
 * record may move its arrays. */
#ifndef SYNERGYFLOW_STEP_ELEMENT_H
#define SYNERGYFLOW_STEP_ELEMENT_H

#include "bpmn/step/apply.h"
#include "bpmn/step/step.h"

/* One item of the work list: a token on its way to an element. */
struct move {
    uint32_t scope; /* index: scopes leave the array only when the instance is saved */
    uint32_t element;
    uint32_t flow; /* BPMN_NONE: it starts there (start event, boundary event) */
};

/* An active token, named so that it survives changes of the instance. */
struct place {
    uint32_t scope;
    struct uuid token;
    const struct bpmn_element *element;
};

/* One bpmn_step() under way. */
struct step {
    const struct bpmn_env *env;
    const struct bpmn_model *model;
    struct bpmn_instance *instance;
    struct bpmn_changes *changes;
    const char *instance_id; /* as text, for expressions */
    struct move *moves;      /* the work list: first in, first out */
    uint32_t move_head;
    uint32_t move_count;
    uint32_t move_capacity;
    uint32_t moves_made;
    uint32_t *in_flight; /* moves in the list, by scope index */
    uint32_t in_flight_capacity;
    uint32_t end_element; /* where the last path of the root scope ended */
};

struct element_hooks {
    /* A token comes in. False: it waits at the element (a join) and nothing is activated. NULL:
     * true. */
    bool (*arrive)(struct step *step, const struct move *move);
    /* The token has just become active. Possible actions: begin waits, open a scope, leave, throw.
     */
    enum status (*activate)(struct step *step, const struct place *at, struct error *ret_error);
    /* The token has left: take outgoing flows. */
    enum status (*leave)(struct step *step, const struct place *at, struct error *ret_error);
    /* What this element waited for (`wait`, a copy) has come; the command was checked, its
     * variables are set. `at` is the waiting token, for a boundary event its activity's. NULL:
     * never waits. */
    enum status (*trigger)(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                           struct error *ret_error);
};

const struct element_hooks *element_hooks(enum bpmn_element_type type);

/* ---- work_list.c ---------------------------------------------------------------------------- */

void step_enqueue(struct step *step, uint32_t scope, uint32_t element, uint32_t flow);
/* Carries out moves until none is left or the instance has ended. */
MUST_CHECK enum status step_run(struct step *step, struct error *ret_error);
/* Closes the scope if nothing is left in it, and then the ones around it as far as they are empty.
 */
MUST_CHECK enum status step_close_empty(struct step *step, uint32_t scope, struct error *ret_error);
/* Closes a sub-process' scope, which has no tokens, and leaves the sub-process. */
MUST_CHECK enum status step_close_scope(struct step *step, uint32_t scope, struct error *ret_error);

/* ---- lifecycle.c ---------------------------------------------------------------------------- */

/* A change about `at` with everything else empty. */
struct bpmn_change step_change(const struct step *step, enum bpmn_change_kind kind,
                               const struct place *at);
/* Appends the change and applies it. */
void step_record(struct step *step, const struct bpmn_change *change);
/* Records the activation; the new token's place. */
struct place step_activate(struct step *step, const struct move *move);
/* Cancels what still waits, completes the token and takes the outgoing flows. */
MUST_CHECK enum status step_leave(struct step *step, const struct place *at,
                                  struct error *ret_error);
/* Ends a token and, innermost first, everything inside it. */
void step_terminate(struct step *step, uint32_t scope, const struct uuid *token_id,
                    const char *reason);
void step_terminate_all(struct step *step, uint32_t scope, const char *reason);
/* Begins a wait: completes `change` (kind, texts and times set by the caller) with a new id. */
void step_wait(struct step *step, struct bpmn_change *change);
/* Ends a wait by the record that says how. */
void step_wait_over(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                    enum bpmn_change_kind kind);
/* NULL when the token is gone. */
struct bpmn_token *step_token(struct step *step, const struct place *at);
/* The sub-process' token around a nested scope. */
struct place step_owner(struct step *step, uint32_t scope);
bool step_is_root(const struct step *step, uint32_t scope);

/* ---- flows.c: the two ways out of an element ------------------------------------------------- */

/* Every flow; conditions are ignored (parallel gateway). */
MUST_CHECK enum status flows_take_all(struct step *step, const struct place *at,
                                      struct error *ret_error);
/* Every flow without a condition or with a true one, in parallel; the default flow when no
 * condition was true (activities and events). */
MUST_CHECK enum status flows_take_true(struct step *step, const struct place *at,
                                       struct error *ret_error);
/* The first flow with a true condition, else the default (exclusive gateway). */
MUST_CHECK enum status flows_take_first(struct step *step, const struct place *at,
                                        struct error *ret_error);

/* ---- evaluate.c: expressions as seen from a token -------------------------------------------- */

/* `what` names the expression in errors ("assignee"). A failure is STATUS_FAILED at the element. */
MUST_CHECK enum status evaluate_value(struct step *step, const struct place *at,
                                      const struct expression *expression, const char *what,
                                      json_t **ret_value, struct error *ret_error);
MUST_CHECK enum status evaluate_text(struct step *step, const struct place *at,
                                     const struct expression *expression, const char *what,
                                     const char **ret_text, struct error *ret_error);
MUST_CHECK enum status evaluate_condition(struct step *step, const struct place *at,
                                          const struct bpmn_flow *flow, bool *ret_true,
                                          struct error *ret_error);
/* Turns any error into STATUS_FAILED at the element, prefixed by what was being worked out. */
enum status evaluate_failed(const struct bpmn_element *element, const char *what,
                            struct error *error);

/* ---- variables.c ----------------------------------------------------------------------------- */

/* Sets a variable in the nearest scope that has it, else in the root scope. An equal value is no
 * change. `value` is borrowed. */
void variables_set(struct step *step, uint32_t scope, const char *name, const json_t *value);
/* Exactly in this scope. */
void variables_set_local(struct step *step, uint32_t scope, const char *name, const json_t *value);
/* All of an object by variables_set(); NULL is none. */
void variables_merge(struct step *step, uint32_t scope, const json_t *object);

/* ---- timer.c, boundary_event.c, throw.c ------------------------------------------------------ */

/* Arms `event`'s timer (the token's own, or of a boundary event of its activity). */
MUST_CHECK enum status timer_arm(struct step *step, const struct place *at,
                                 const struct bpmn_element *event, struct error *ret_error);
/* Arms the next firing of a cycle, if one is left. */
MUST_CHECK enum status timer_repeat(struct step *step, const struct place *at,
                                    const struct bpmn_wait *fired, struct error *ret_error);
/* Arms the timers on the border of an activity that has begun to wait. */
MUST_CHECK enum status boundary_arm(struct step *step, const struct place *at,
                                    struct error *ret_error);
/* A BPMN error from `at` (whose token may be gone already). `code` may be "" for none. */
void error_throw(struct step *step, const struct place *at, const char *code);

/* ---- the element kinds ----------------------------------------------------------------------- */

extern const struct element_hooks start_event_hooks;
extern const struct element_hooks end_event_hooks;
extern const struct element_hooks catch_event_hooks;
extern const struct element_hooks boundary_event_hooks;
extern const struct element_hooks user_task_hooks;
extern const struct element_hooks service_task_hooks;
extern const struct element_hooks script_task_hooks;
extern const struct element_hooks pass_through_hooks;
extern const struct element_hooks exclusive_gateway_hooks;
extern const struct element_hooks parallel_gateway_hooks;
extern const struct element_hooks sub_process_hooks;

#endif
