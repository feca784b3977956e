/* Private to bpmn/step: what an element kind brings (one row of hooks in elements.c) and the
 * mechanics that all of them share.
 *
 * A token's life: a move puts it to an element (arrive) → ELEMENT_ACTIVATED → activate() → it
 * waits, or step_leave() → ELEMENT_COMPLETED → leave() chooses the flows → moves to their targets.
 * While it waits, a command calls trigger(); anything that interrupts it goes through
 * step_terminate(). Around a loop, or around an activity with data of its own, stands a body: a
 * token of its own that boundary events belong to, and scopes for the instances inside (loop.c).
 * Between two moves hold ids and indices, never pointers into the instance: every record may move
 * its arrays. */
#ifndef SYNERGYFLOW_STEP_ELEMENT_H
#define SYNERGYFLOW_STEP_ELEMENT_H

#include "bpmn/step/apply.h"
#include "bpmn/step/step.h"

/* One item of the work list: a token on its way to an element. */
struct move {
    uint32_t scope; /* index: scopes leave the array only when the instance is saved */
    uint32_t epoch; /* of the scope: an interruption sweeps the moves before it away */
    uint32_t element;
    uint32_t flow;       /* BPMN_NONE: it starts there (start event, boundary event), or stands for
                            all that a gateway has joined */
    bool triggered;      /* its event has happened already … */
    uint32_t definition; /* … by this definition */
    bool resumed;        /* a job has carried it on: not before another one again */
    bool told;           /* modules that listen to its flow, or to the process' start, know */
    bool begins;         /* the first one of the instance */
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
    const struct bpmn_command *command;
    const char *instance_id; /* as text, for expressions */
    struct move *moves;      /* the work list: first in, first out */
    uint32_t move_head;
    uint32_t move_count;
    uint32_t move_capacity;
    uint32_t moves_made;
    uint32_t end_element;    /* where the last path of the root scope ended */
    bool look_at_conditions; /* a variable has changed, or a condition has just been armed */
    bool end_told;           /* modules that listen to the process' end know */
};

struct element_hooks {
    /* A token comes in over a flow. *ret_enters, true before the call: false when it waits at the
     * element (a join) and nothing is activated. NULL: it enters. */
    enum status (*arrive)(struct step *step, const struct move *move, bool *ret_enters,
                          struct error *ret_error);
    /* The token has just become active. Possible actions: begin waits, open a scope, leave, throw.
     */
    enum status (*activate)(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error);
    /* The token has left: take outgoing flows. */
    enum status (*leave)(struct step *step, const struct place *at, struct error *ret_error);
    /* What this element waited for (`wait`, a copy) has come; the command was checked, its
     * variables are set. `at` is the waiting token: for a boundary event its activity's, for a
     * start event the listening one. NULL: never waits. */
    enum status (*trigger)(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                           struct error *ret_error);
};

const struct element_hooks *element_hooks(enum bpmn_element_type type);

/* ---- work_list.c: what happens next ---------------------------------------------------------- */

void step_enqueue(struct step *step, uint32_t scope, uint32_t element, uint32_t flow);
/* To an event that has happened already. */
void step_enqueue_triggered(struct step *step, uint32_t scope, uint32_t element, uint32_t flow,
                            uint32_t definition);
/* Past the job that it waited for. */
void step_enqueue_resumed(struct step *step, uint32_t scope, uint32_t element);
/* A move that stopped for a module's listener goes on; `event` is 0, or the definition that has
 * happened already + 1. */
void step_enqueue_told(struct step *step, uint32_t scope, uint32_t element, uint32_t flow,
                       uint32_t event);
/* What comes after the listeners to a token's start. */
MUST_CHECK enum status step_activate(struct step *step, const struct place *at, uint32_t event,
                                     struct error *ret_error);
/* How many tokens are on their way into a scope. */
uint32_t step_in_flight(const struct step *step, uint32_t scope);
/* Until every token waits or is gone. */
MUST_CHECK enum status step_run(struct step *step, struct error *ret_error);

/* ---- close.c: scopes that end ---------------------------------------------------------------- */

/* Ends the scope, and those around it, that nothing keeps open. */
MUST_CHECK enum status step_close_empty(struct step *step, uint32_t scope, struct error *ret_error);
/* Closes a scope in which nothing is left and leaves the activity around it. */
MUST_CHECK enum status step_close_scope(struct step *step, uint32_t scope, struct error *ret_error);

/* ---- lifecycle.c: the life of a token -------------------------------------------------------- */

/* A change of this kind, now; about `at` unless that is NULL. */
struct bpmn_change step_change(const struct step *step, enum bpmn_change_kind kind,
                               const struct place *at);
/* Appends the change and applies it. */
void step_record(struct step *step, const struct bpmn_change *change);
/* A new token by a record of this kind (ELEMENT_ACTIVATED, BODY_ENTERED …); its place. */
struct place step_new_token(struct step *step, enum bpmn_change_kind kind, uint32_t scope,
                            uint32_t element, uint32_t flow, const char *name);
/* Cancels what still waits, completes the token and takes the outgoing flows. */
MUST_CHECK enum status step_leave(struct step *step, const struct place *at,
                                  struct error *ret_error);
/* What comes after the listeners to a token's end. */
MUST_CHECK enum status step_complete(struct step *step, const struct place *at,
                                     struct error *ret_error);
/* After the record of completion: the ways out, or the job before them. */
MUST_CHECK enum status step_go_on(struct step *step, const struct place *at,
                                  struct error *ret_error);
/* Ends a token and, innermost first, everything inside it. */
void step_terminate(struct step *step, uint32_t scope, const struct uuid *token_id,
                    const char *reason);
/* Everything in a scope, which stays open. */
void step_terminate_all(struct step *step, uint32_t scope, const char *reason);
/* Likewise, but one token stays; NULL: none. */
void step_terminate_others(struct step *step, uint32_t scope, const struct uuid *kept,
                           const char *reason);
/* Begins a wait: completes `change` (kind, texts and times set by the caller) with a new id unless
 * it has one. */
void step_wait(struct step *step, struct bpmn_change *change);
/* Ends a wait that has been answered. */
void step_wait_over(struct step *step, const struct place *at, const struct bpmn_wait *wait);
void step_cancel_wait(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                      const char *reason);
/* NULL when the token is gone. */
struct bpmn_token *step_token(struct step *step, const struct place *at);
/* The token whose activity encloses a nested scope. False when no token does (a scope that undoes
 * without anybody waiting): `ret_owner` is then just the scope around it. */
bool step_owner(struct step *step, uint32_t scope, struct place *ret_owner);
bool step_is_root(const struct step *step, uint32_t scope);
/* Is this the activity inside a body, and not the body? */
bool step_is_inner(const struct step *step, uint32_t scope, const struct bpmn_element *element);
/* A new scope under `parent` (index); `token` may be NULL. Its index. */
uint32_t step_open_scope(struct step *step, enum bpmn_scope_kind kind, uint32_t parent,
                         uint32_t element, const struct uuid *token, int64_t index);
void step_close(struct step *step, uint32_t scope, const char *reason);
const json_t *step_keep(struct step *step, json_t *value);

/* ---- flows.c: the ways out of an element ----------------------------------------------------- */

/* Every flow; conditions are ignored (parallel gateway). */
MUST_CHECK enum status flows_take_all(struct step *step, const struct place *at,
                                      struct error *ret_error);
/* Every flow without a condition or with a true one, in parallel; the default flow when no
 * condition was true (activities, events, inclusive gateways). */
MUST_CHECK enum status flows_take_true(struct step *step, const struct place *at,
                                       struct error *ret_error);
/* The first flow with a true condition, else the default (exclusive gateway). */
MUST_CHECK enum status flows_take_first(struct step *step, const struct place *at,
                                        struct error *ret_error);
/* Records one flow as taken; the caller sends the token. */
MUST_CHECK enum status flows_record(struct step *step, const struct place *at, uint32_t flow,
                                    struct error *ret_error);

/* ---- evaluate.c: expressions as seen from a token -------------------------------------------- */

/* What an evaluation sees. */
struct view {
    uint32_t scope;
    const struct place *at; /* whose ids and names are shown; NULL: the instance's */
    const json_t *overlay;  /* values in front of every variable; NULL: none */
    const json_t *only;     /* these variables and no others (a message's, a called instance's) */
    const json_t *task;     /* of task listeners */
    bool missing_is_null;   /* an unknown variable is null (mappings) */
    bool *missing;          /* set when an unknown variable made it fail; NULL: not asked */
};

/* `what` names the expression in errors ("assignee"). A failure is STATUS_FAILED at the element. */
MUST_CHECK enum status evaluate_value(struct step *step, const struct place *at,
                                      const struct expression *expression, const char *what,
                                      json_t **ret_value, struct error *ret_error);
MUST_CHECK enum status evaluate_in(struct step *step, const struct view *view,
                                   const struct bpmn_element *element,
                                   const struct expression *expression, const char *what,
                                   json_t **ret_value, struct error *ret_error);
MUST_CHECK enum status evaluate_text(struct step *step, const struct place *at,
                                     const struct expression *expression, const char *what,
                                     const char **ret_text, struct error *ret_error);
/* Absent, null and empty are the same: *ret_text stays as it is. */
MUST_CHECK enum status evaluate_optional(struct step *step, const struct place *at,
                                         const struct expression *expression, const char *what,
                                         const char **ret_text, struct error *ret_error);
/* A name that must not be empty. */
MUST_CHECK enum status evaluate_name(struct step *step, const struct place *at,
                                     const struct expression *expression, const char *what,
                                     const char **ret_text, struct error *ret_error);
MUST_CHECK enum status evaluate_boolean(struct step *step, const struct view *view,
                                        const struct bpmn_element *element,
                                        const struct expression *expression, const char *what,
                                        bool *ret_true, struct error *ret_error);
/* Of the element's jobs; 0 when the model says none. */
MUST_CHECK enum status evaluate_priority(struct step *step, const struct place *at,
                                         int64_t *ret_priority, struct error *ret_error);
MUST_CHECK enum status evaluate_condition(struct step *step, const struct place *at,
                                          const struct bpmn_flow *flow, const json_t *overlay,
                                          bool *ret_true, struct error *ret_error);
/* Turns any error into STATUS_FAILED at the element, prefixed by what was being worked out. */
enum status evaluate_failed(const struct bpmn_element *element, const char *what,
                            struct error *error);

/* ---- variables.c, mapping.c ------------------------------------------------------------------ */

/* Sets a variable in the nearest scope that has it, else in the root scope. An equal value is no
 * change. `value` is borrowed. */
void variables_set(struct step *step, uint32_t scope, const char *name, const json_t *value);
/* Exactly in this scope. */
void variables_set_local(struct step *step, uint32_t scope, const char *name, const json_t *value);
void variables_set_text(struct step *step, uint32_t scope, const char *name, const char *text);
/* Takes it out of the nearest scope that has it. */
void variables_remove(struct step *step, uint32_t scope, const char *name);
/* All of an object by variables_set(); NULL is none. */
void variables_merge(struct step *step, uint32_t scope, const json_t *object);
/* Everything that a scope can see, the nearest value of each name. New reference. */
json_t *variables_visible(const struct step *step, uint32_t scope);
/* Data objects and properties that have no value yet get their initial one. */
MUST_CHECK enum status variables_declare(struct step *step, uint32_t scope,
                                         const struct bpmn_container *container,
                                         struct error *ret_error);

/* What a list of mappings gives, as seen by `view`: an object, kept with the instance. */
MUST_CHECK enum status mapping_values(struct step *step, const struct view *view,
                                      const struct bpmn_element *element,
                                      const struct bpmn_mappings *mappings,
                                      const json_t **ret_values, struct error *ret_error);

/* ---- timer.c, event.c, conditions.c -----------------------------------------------------------
 */

/* Arms one definition of `event`: a timer (the token's own, or of a boundary event of its activity
 * …). */
MUST_CHECK enum status timer_arm(struct step *step, const struct place *at,
                                 const struct bpmn_element *event, uint32_t definition,
                                 struct error *ret_error);
/* Arms the next firing of a cycle, if one is left. */
MUST_CHECK enum status timer_repeat(struct step *step, const struct place *at,
                                    const struct bpmn_wait *fired, struct error *ret_error);
/* What BPMN_MOVE_TIMER asks for: taken down and armed again under the same id. */
MUST_CHECK enum status timer_move(struct step *step, const struct place *at,
                                  const struct bpmn_wait *wait, struct error *ret_error);
/* Begins the waits of an event on the token `at`, but not that of `without` (BPMN_NONE: of all). */
MUST_CHECK enum status event_arm(struct step *step, const struct place *at,
                                 const struct bpmn_element *event, uint32_t without,
                                 struct error *ret_error);
/* The wait has been answered: its record, and what comes with the event goes into variables. True
 * in *ret_happened: the event as a whole has happened; false: it needs others too. */
MUST_CHECK enum status event_answered(struct step *step, const struct place *at,
                                      const struct bpmn_wait *wait, bool *ret_happened,
                                      struct error *ret_error);
/* An event that may happen again listens on after it has happened. */
MUST_CHECK enum status event_rearm(struct step *step, const struct place *at,
                                   const struct bpmn_element *event, const struct bpmn_wait *wait,
                                   struct error *ret_error);
/* What an event that happened brings along goes where the model says. */
MUST_CHECK enum status event_take_payload(struct step *step, uint32_t scope,
                                          const struct bpmn_element *event, uint32_t definition,
                                          const json_t *payload, struct error *ret_error);
/* Looks at the conditions that are waited for; true when one has been met and work was listed. */
MUST_CHECK enum status conditions_look(struct step *step, bool *ret_any, struct error *ret_error);
/* Passes what happened to the element that waited for it. */
MUST_CHECK enum status element_trigger(struct step *step, const struct place *at,
                                       const struct bpmn_wait *wait, struct error *ret_error);

/* ---- boundary_event.c, event_sub_process.c ----------------------------------------------------
 */

/* Arms the events on the border of an activity that has begun to wait. */
MUST_CHECK enum status boundary_arm(struct step *step, const struct place *at,
                                    struct error *ret_error);
/* Starts the path of a boundary event on the activity `at`. */
void boundary_happened(struct step *step, const struct place *at, const struct bpmn_element *event);
/* Listens for the event sub-processes of a scope that has just begun. */
MUST_CHECK enum status event_sub_processes_listen(struct step *step, uint32_t scope,
                                                  const struct bpmn_container *container,
                                                  struct error *ret_error);
/* Starts one in `scope`, by a definition of its start event. */
void event_sub_process_start(struct step *step, uint32_t scope,
                             const struct bpmn_element *sub_process, uint32_t definition);

/* ---- throw.c, error.c, signal.c ----------------------------------------------------------------
 */

/* Throws what a throwing event defines; *ret_goes_on: the token may leave now. */
MUST_CHECK enum status throw_events(struct step *step, const struct place *at, bool *ret_goes_on,
                                    struct error *ret_error);
/* One definition (also of a multi-instance behaviour); never waits. */
MUST_CHECK enum status throw_implicit(struct step *step, const struct place *at,
                                      const struct bpmn_event_definition *definition,
                                      struct error *ret_error);
/* A BPMN error from `at` (whose token may be gone already). `code` may be "" for none. */
MUST_CHECK enum status error_throw(struct step *step, const struct place *at, const char *code,
                                   const char *message, struct error *ret_error);
/* Likewise; nobody needs to catch it, and not all that catch it interrupt. */
MUST_CHECK enum status escalation_throw(struct step *step, const struct place *at, const char *code,
                                        struct error *ret_error);
/* Delivers a signal to everybody in this instance who waits for it now. */
MUST_CHECK enum status signal_deliver(struct step *step, const char *name, const json_t *payload,
                                      uint32_t *ret_count, struct error *ret_error);

/* ---- compensation.c, transaction.c ------------------------------------------------------------
 */

/* A completed activity leaves what is needed to undo it. `record` is what its inside left, NULL for
 * one without an inside. */
void compensation_remember(struct step *step, const struct place *at, json_t *inside,
                           const json_t *variables);
/* Of a scope that is about to close: its variables and what can be undone in it. */
json_t *compensation_inside(struct step *step, uint32_t scope);
/* What was completed inside the active sub-processes of a scope is remembered in that scope itself,
 * before they are ended: a transaction is undone as a whole. */
void compensation_salvage(struct step *step, uint32_t scope);
/* Undoes what was completed around `at` (all of it, or one activity), the last first. With
 * `wait`, the token waits until it is done: *ret_waits; when there is nothing to undo it does not.
 */
MUST_CHECK enum status compensation_throw(struct step *step, const struct place *at,
                                          uint32_t activity, bool wait, bool *ret_waits,
                                          struct error *ret_error);
/* A scope that undoes has nothing under way: the next, or it is done. */
MUST_CHECK enum status compensation_continue(struct step *step, uint32_t scope,
                                             struct error *ret_error);
MUST_CHECK enum status transaction_cancel(struct step *step, const struct place *at,
                                          struct error *ret_error);
/* All is undone: the transaction is left by its cancel boundary event. */
MUST_CHECK enum status transaction_cancelled(struct step *step, const struct place *at,
                                             struct error *ret_error);

/* ---- loop.c, ad_hoc.c, sub_process.c -----------------------------------------------------------
 */

/* Enters an activity with a body. */
MUST_CHECK enum status loop_enter(struct step *step, const struct move *move,
                                  struct error *ret_error);
/* An instance inside has nothing left to do. */
MUST_CHECK enum status loop_iteration_done(struct step *step, uint32_t scope,
                                           struct error *ret_error);
/* A built-in counter as seen from a body; NULL when `name` is none. New reference. */
json_t *loop_counter(const struct bpmn_scope *body, const char *name);
/* An ad-hoc sub-process in which nothing runs: *ret_done, or the next has been started. */
MUST_CHECK enum status ad_hoc_continue(struct step *step, uint32_t scope, bool *ret_done,
                                       struct error *ret_error);
/* An activity in a scope has completed. *ret_ends: that was an ad-hoc sub-process, and it ends now:
 * no flow is taken any more. */
MUST_CHECK enum status ad_hoc_completed(struct step *step, uint32_t scope, bool *ret_ends,
                                        struct error *ret_error);
/* Opens the scope of a sub-process and starts what is in it. */
MUST_CHECK enum status sub_process_open(struct step *step, const struct place *at,
                                        const struct move *move, struct error *ret_error);

/* ---- joins.c: gateways that wait for what can still come ----------------------------------------
 */

/* Lets go whoever waits for nothing any more; true when work was listed. */
MUST_CHECK enum status joins_look(struct step *step, bool *ret_any, struct error *ret_error);
/* Records a token that has come to a join. */
void joins_arrived(struct step *step, const struct move *move);
/* BPMN 13.3, inclusive gateway: is there a token, and can no other one still arrive? */
bool joins_is_complete(const struct step *step, uint32_t scope, const struct bpmn_element *gateway);
/* A complex gateway with tokens: one that waits for its start may start now, because tokens were
 * left over or data has changed; one that waits for its reset may be reset, when nothing more can
 * come. */
MUST_CHECK enum status complex_gateway_look(struct step *step, uint32_t scope,
                                            const struct bpmn_element *gateway, bool *ret_any,
                                            struct error *ret_error);

/* ---- listeners.c, script.c, change_state.c ------------------------------------------------------
 */

/* Whom an event is told, from which place in the list on. */
struct telling {
    const struct bpmn_listeners *listeners;
    enum bpmn_listener_event event;
    const json_t *task; /* task listeners: what they see as `task` */
    uint32_t from;
};

/* Runs listeners in the order of the model, as seen by `at` (NULL: the process). *ret_called: 0, or
 * position + 1 of the first one that is a module's, before which it stopped. */
MUST_CHECK enum status listeners_run(struct step *step, const struct place *at,
                                     const struct telling *telling, uint32_t *ret_called,
                                     struct error *ret_error);
/* What a token has to remember while a module's listener is called. */
struct listener_call {
    uint32_t called; /* of listeners_run() */
    uint32_t flow;   /* whose listener it is; BPMN_NONE: the element's or the process' */
    uint32_t event;  /* as in step_activate() */
    const char *key; /* task listeners: the task's id */
};
/* Calls it; the token at `at` waits for the answer. */
MUST_CHECK enum status listeners_call(struct step *step, const struct place *at,
                                      const struct bpmn_listeners *listeners,
                                      const struct listener_call *call, struct error *ret_error);
/* Both, for the element's own listeners. True in *ret_waits: a module's was called. */
MUST_CHECK enum status listeners_tell(struct step *step, const struct place *at,
                                      enum bpmn_listener_event event, uint32_t event_definition,
                                      bool *ret_waits, struct error *ret_error);
/* A token parked in front of the move's target calls the first module that listens to its flow, or
 * to the process' start; false in *ret_parked: none does. */
MUST_CHECK enum status listeners_park(struct step *step, const struct move *move, bool *ret_parked,
                                      struct error *ret_error);
/* The same at the end of the process. */
MUST_CHECK enum status listeners_end(struct step *step, bool *ret_parked, struct error *ret_error);
/* A module's listener has answered: the next ones, then what comes after them. */
MUST_CHECK enum status listeners_answered(struct step *step, const struct place *at,
                                          const struct bpmn_wait *wait, struct error *ret_error);
/* Has one been called that has not answered? */
bool listeners_pending(const struct step *step);
/* user_task.c: the listeners to a task, from a place on, and what follows. */
MUST_CHECK enum status user_task_tell_on(struct step *step, const struct place *at,
                                         const struct bpmn_wait *answered, struct error *ret_error);
/* Runs JavaScript. *ret_deferred: it needs longer than a step may take. */
MUST_CHECK enum status script_run_source(struct step *step, const struct place *at,
                                         const char *source, bool keeps_private, bool *ret_deferred,
                                         json_t **ret_value, const char **ret_error_code,
                                         struct error *ret_error);
/* Takes over what a script assigned. */
void script_take(struct step *step, uint32_t scope, const json_t *assigned, const json_t *local);
MUST_CHECK enum status change_state(struct step *step, const struct bpmn_command *command,
                                    struct error *ret_error);

/* ---- the element kinds ----------------------------------------------------------------------- */

extern const struct element_hooks start_event_hooks;
extern const struct element_hooks end_event_hooks;
extern const struct element_hooks catch_event_hooks;
extern const struct element_hooks throw_event_hooks;
extern const struct element_hooks boundary_event_hooks;
extern const struct element_hooks user_task_hooks;
extern const struct element_hooks service_task_hooks;
extern const struct element_hooks script_task_hooks;
extern const struct element_hooks send_task_hooks;
extern const struct element_hooks receive_task_hooks;
extern const struct element_hooks call_activity_hooks;
extern const struct element_hooks pass_through_hooks;
extern const struct element_hooks exclusive_gateway_hooks;
extern const struct element_hooks parallel_gateway_hooks;
extern const struct element_hooks inclusive_gateway_hooks;
extern const struct element_hooks event_based_gateway_hooks;
extern const struct element_hooks complex_gateway_hooks;
extern const struct element_hooks sub_process_hooks;

#endif
