/* A running process instance in memory: a tree of scopes, each with its variables, its tokens and
 * its gateways' waiting flows.
 *
 * A token is an active activity or event (Zeebe's "active element instance", Flowable's execution);
 * what it waits for is listed in its waits, so that nothing else needs loading to step it. Only
 * apply.c changes an instance. Memory: arrays live in the instance's arena; JSON values are
 * reference-counted and released by bpmn_instance_clear(). */
#ifndef SYNERGYFLOW_INSTANCE_H
#define SYNERGYFLOW_INSTANCE_H

#include "bpmn/base/arena.h"
#include "bpmn/base/uuid.h"
#include "bpmn/model.h"

#include <jansson.h>

/* X(name, text in the stored state) */
#define BPMN_WAIT_KINDS(X)                                                                    \
    X(TASK, "task")           /* a user task; id = task id */                                 \
    X(JOB, "job")             /* external work; id = job id */                                \
    X(HANDLER, "handler")     /* a module's handler is being called in this very transaction; \
                                 never stored */                                              \
    X(TIMER, "timer")         /* id = timer id */                                             \
    X(MESSAGE, "message")     /* id = event subscription id */                                \
    X(SIGNAL, "signal")       /* likewise */                                                  \
    X(CONDITION, "condition") /* likewise */                                                  \
    X(CALL, "call")           /* another instance; id = its id */                             \
    X(CONTINUATION, "async")  /* a job goes on from here in a transaction of its own */       \
    X(SCRIPT, "script")       /* a job runs a script that takes longer than a step may */     \
    X(TRIGGER, "trigger")     /* anybody who triggers the execution */

enum bpmn_wait_kind {
#define BPMN_WAIT_ENUM(name, text) BPMN_WAIT_##name,
    BPMN_WAIT_KINDS(BPMN_WAIT_ENUM)
#undef BPMN_WAIT_ENUM
};

/* When a timer is due that follows an SLA clock: the clock says so, from outside. */
#define BPMN_TIMER_BY_CLOCK_US INT64_MAX

struct bpmn_wait {
    enum bpmn_wait_kind kind;
    struct uuid id;
    uint32_t element;     /* the token's own element, or the boundary event (start event of an event
                             sub-process, target of an event gateway) that waits */
    uint32_t definition;  /* which of that element's event definitions */
    int64_t due_us;       /* timers; BPMN_TIMER_BY_CLOCK_US */
    const char *name;     /* messages, signals: the name waited for */
    const char *key;      /* messages: the correlation key, NULL when any will do */
    const char *repeat;   /* timers: the cycle with its start written into it, NULL when once */
    int64_t repeats_left; /* timers: firings still to come after this one; -1 unbounded */
    bool was_true;        /* conditions: at the last look */
    uint32_t
        listener;  /* handlers: position + 1 of the listener that asked, 0: the element itself */
    uint32_t flow; /* handlers: the flow whose listener asked, BPMN_NONE: none's */
};

/* X(name, text in the stored state) */
#define BPMN_TOKEN_STATES(X)                                                                     \
    X(ACTIVE, "active")                                                                          \
    X(BODY, "body")           /* around the instances of a loop, or around an activity's data */ \
    X(LISTENING, "listening") /* holds the waits of an event sub-process that may start */       \
    X(BEFORE, "before")       /* on its way in, until a job goes on */                           \
    X(AFTER, "after")         /* on its way out, until a job goes on */

enum bpmn_token_state {
#define BPMN_TOKEN_ENUM(name, text) BPMN_TOKEN_##name,
    BPMN_TOKEN_STATES(BPMN_TOKEN_ENUM)
#undef BPMN_TOKEN_ENUM
};

struct bpmn_token {
    struct uuid id;
    uint32_t element;
    enum bpmn_token_state state;
    int64_t started_us;
    struct uuid child_scope; /* the scope that it waits for; zero otherwise */
    struct bpmn_wait *waits;
    uint32_t wait_count;
    uint32_t wait_capacity;
};

/* A flow on which `count` tokens wait: at a joining gateway, or at an activity that needs several.
 */
struct bpmn_arrival {
    uint32_t flow;
    uint32_t count;
    bool taken; /* a complex gateway that waits for its reset has had its token from here */
};

/* X(name, text in the stored state) */
#define BPMN_SCOPE_KINDS(X)                                                                 \
    X(PROCESS, "process")           /* the root */                                          \
    X(SUB_PROCESS, "sub-process")   /* of any kind */                                       \
    X(BODY, "body")                 /* holds the instances of a loop; one without a loop */ \
    X(ITERATION, "iteration")       /* one instance of an activity, with its own data */    \
    X(COMPENSATION, "compensation") /* undoes what `queue` lists, the last entry first */

enum bpmn_scope_kind {
#define BPMN_SCOPE_ENUM(name, text) BPMN_SCOPE_##name,
    BPMN_SCOPE_KINDS(BPMN_SCOPE_ENUM)
#undef BPMN_SCOPE_ENUM
};

/* Of a body, and of an ad-hoc sub-process (started). */
struct bpmn_progress {
    int64_t total; /* instances planned; -1: as long as a condition holds */
    int64_t started;
    int64_t completed;
};

struct bpmn_scope {
    enum bpmn_scope_kind kind;
    struct uuid id;        /* the root scope has the instance's id */
    struct uuid parent_id; /* zero for the root */
    struct uuid
        token_id;      /* the token in the parent scope that waits for this one; zero: none does */
    uint32_t element;  /* the sub-process or activity, BPMN_NONE for the root */
    json_t *variables; /* an object, owned */
    struct bpmn_token *tokens;
    uint32_t token_count;
    uint32_t token_capacity;
    uint32_t listener_count; /* tokens that only listen: they do not keep the scope open */
    struct bpmn_arrival *arrivals;
    uint32_t arrival_count;
    uint32_t arrival_capacity;
    uint32_t child_count; /* scopes inside that no token here waits for */
    struct bpmn_progress progress;
    int64_t index;    /* iterations: from 0 */
    json_t *items;    /* sequential loop over a collection: the collection; NULL otherwise */
    json_t *gathered; /* iteration: its output, an array of one; NULL until there is one */
    bool retired;     /* an iteration that is done, and kept for its output until the loop is */
    json_t
        *compensable; /* what was completed here and can be undone: compensation.c; NULL: nothing */
    json_t *queue;    /* compensation: what is still to be undone; NULL: nothing */
    bool is_new;      /* since the last bpmn_instance_saved(): what the store has to write */
    bool state_changed;
    bool variables_changed;
    bool removed; /* closed; kept until saved so that its row can be deleted. One that is new as
                     well has no row: its place in the array is free */

    /* private to bpmn/step */
    bool touched;       /* in the instance's list */
    uint32_t parent;    /* index of the scope around it, BPMN_NONE for the root */
    uint32_t epoch;     /* tokens on their way into an interrupted scope are of an earlier one */
    uint32_t in_flight; /* of a step under way: tokens on their way into it */
};

/* Where a token or a wait is: one slot of a table by id. */
struct bpmn_home {
    uint32_t tag; /* of the id */
    uint32_t scope;
};

enum bpmn_instance_status {
    BPMN_INSTANCE_NEW,
    BPMN_INSTANCE_ACTIVE,
    BPMN_INSTANCE_COMPLETED,
    BPMN_INSTANCE_TERMINATED, /* deleted by a caller, or ended by an uncaught BPMN error */
};

struct bpmn_instance {
    struct arena *arena;            /* borrowed */
    const struct bpmn_model *model; /* borrowed */
    struct uuid id;
    const char *definition_id; /* "key:version:uuid" */
    const char *business_key;  /* NULL when none */
    struct uuid caller_id;     /* the instance whose call activity started this one; zero: none */
    enum bpmn_instance_status status;
    int64_t started_us;
    int64_t ended_us;
    const char *end_element_id; /* end event (or element without a way out) reached last; NULL until
                                   ended */
    const char *delete_reason;  /* NULL unless terminated */
    const char *error_code;     /* a BPMN error that nothing caught ended it; NULL otherwise */
    struct bpmn_scope *scopes;  /* scopes[0] is the root */
    uint32_t scope_count;
    uint32_t scope_capacity;

    /* private to bpmn/step */
    json_t *replaced;       /* values that were overwritten since the last save: records still
                               borrow them; NULL when none */
    uint32_t recent_scope;  /* where the last look-up ended, tried first */
    uint32_t *scopes_by_id; /* open addressing, scope_slots a power of two; NULL while few */
    uint32_t scope_slots;
    struct bpmn_home *homes; /* of tokens and waits: likewise; NULL until somebody asks */
    uint32_t home_slots;
    uint32_t home_count; /* slots that were used, also for what is gone */
    uint32_t *touched;   /* scopes that have changed since the last save */
    uint32_t touched_count;
    uint32_t touched_capacity;
    uint32_t gone_count;      /* scopes whose place in the array is free */
    uint32_t condition_count; /* waits for conditions, over all scopes */
    uint32_t listener_calls;  /* of modules that listen, not yet answered */
};

/* A new, empty instance for a start command. Texts are copied into `arena`. */
void bpmn_instance_init(struct bpmn_instance *instance, struct arena *arena,
                        const struct bpmn_model *model, const struct uuid *id,
                        const char *definition_id, const char *business_key);
/* Releases JSON references; the arrays go with the arena. */
void bpmn_instance_clear(struct bpmn_instance *instance);
/* A deep enough copy to go back to (arrays copied, JSON values shared copy-on-write: apply.c never
 * changes a variables object that is shared). Clear it like any instance. */
void bpmn_instance_clone(const struct bpmn_instance *from, struct bpmn_instance *ret_copy,
                         struct arena *arena);

/* Copies the texts that the instance's waits borrow into its own arena, for one that outlives the
 * step's. */
void bpmn_instance_own_texts(struct bpmn_instance *instance);

/* Stored form. State: {"kind":…,"tokens":[…],"arrivals":{…},…} with element ids, readable by
 * people; the same text loads again under any version of the model that still has the elements. */
json_t *bpmn_scope_state(const struct bpmn_instance *instance, const struct bpmn_scope *scope);
/* Adds one stored scope (the root first, then each after the one around it: ids are in the order of
 * creation; root: parent and token zero, element_id NULL). Variables and state are borrowed.
 * STATUS_INTERNAL when the stored text does not fit the model. */
MUST_CHECK enum status bpmn_instance_load_scope(struct bpmn_instance *instance,
                                                const struct uuid *id, const struct uuid *parent_id,
                                                const struct uuid *token_id, const char *element_id,
                                                const json_t *state, const json_t *variables,
                                                struct error *ret_error);
/* After storing: forgets removed scopes, resets the dirty marks. */
void bpmn_instance_saved(struct bpmn_instance *instance);

struct bpmn_scope *bpmn_instance_root(struct bpmn_instance *instance);
struct bpmn_scope *bpmn_instance_scope(struct bpmn_instance *instance, const struct uuid *id);
/* NULL when there is no such token. `ret_scope` may be NULL. */
struct bpmn_token *bpmn_instance_token(struct bpmn_instance *instance, const struct uuid *id,
                                       struct bpmn_scope **ret_scope);
/* The token that waits for `wait_id` (task, job, timer or subscription), NULL when none does. In a
 * large instance both look-ups go by a table, which the first of them makes. */
struct bpmn_token *bpmn_instance_waiting(struct bpmn_instance *instance, const struct uuid *wait_id,
                                         struct bpmn_scope **ret_scope,
                                         struct bpmn_wait **ret_wait);
/* A variable as seen from a scope: its own, then its parents'. Borrowed, NULL when there is none.
 */
const json_t *bpmn_instance_variable(const struct bpmn_instance *instance,
                                     const struct bpmn_scope *scope, const char *name);

#endif
