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

enum bpmn_wait_kind {
    BPMN_WAIT_TASK,    /* a user task; id = task id */
    BPMN_WAIT_JOB,     /* external work; id = job id */
    BPMN_WAIT_HANDLER, /* a module's handler is being called in this very transaction; never stored
                        */
    BPMN_WAIT_TIMER,   /* id = timer id */
    BPMN_WAIT_MESSAGE, /* id = event subscription id */
};

struct bpmn_wait {
    enum bpmn_wait_kind kind;
    struct uuid id;
    uint32_t element;     /* the token's own element, or the boundary event that waits */
    int64_t due_us;       /* timers */
    const char *name;     /* messages: the name waited for */
    const char *repeat;   /* timers: the cycle with its start written into it, NULL when once */
    int64_t repeats_left; /* timers: firings still to come after this one; -1 unbounded */
};

struct bpmn_token {
    struct uuid id;
    uint32_t element;
    int64_t started_us;
    struct uuid child_scope; /* sub-process: its scope; zero otherwise */
    struct bpmn_wait *waits;
    uint32_t wait_count;
    uint32_t wait_capacity;
};

/* A flow on which `count` tokens wait at a parallel gateway. */
struct bpmn_arrival {
    uint32_t flow;
    uint32_t count;
};

struct bpmn_scope {
    struct uuid id;        /* the root scope has the instance's id */
    struct uuid parent_id; /* zero for the root */
    struct uuid token_id;  /* the sub-process' token in the parent scope; zero for the root */
    uint32_t element;      /* the sub-process, BPMN_NONE for the root */
    json_t *variables;     /* an object, owned */
    struct bpmn_token *tokens;
    uint32_t token_count;
    uint32_t token_capacity;
    struct bpmn_arrival *arrivals;
    uint32_t arrival_count;
    uint32_t arrival_capacity;
    bool is_new; /* since the last bpmn_instance_saved(): what the store has to write */
    bool state_changed;
    bool variables_changed;
    bool removed; /* closed; kept in the array until saved so that its row can be deleted */
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
    enum bpmn_instance_status status;
    int64_t started_us;
    int64_t ended_us;
    const char *end_element_id; /* end event (or element without a way out) reached last; NULL until
                                   ended */
    const char *delete_reason;  /* NULL unless terminated */
    struct bpmn_scope *scopes;  /* scopes[0] is the root */
    uint32_t scope_count;
    uint32_t scope_capacity;

    /* private to bpmn/step */
    json_t *replaced;      /* values that were overwritten since the last save: records still borrow
                              them; NULL when none */
    uint32_t recent_scope; /* where the last look-up ended, tried first */
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

/* Stored form. State: {"tokens":[…],"arrivals":{…}} with element ids, readable by people; the
 * same text loads again under any version of the model that still has the elements. */
json_t *bpmn_scope_state(const struct bpmn_instance *instance, const struct bpmn_scope *scope);
/* Adds one stored scope (the root first: parent and token zero, element_id NULL). Variables and
 * state are borrowed. STATUS_INTERNAL when the stored text does not fit the model. */
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
/* The token that waits for `wait_id` (task, job, timer or subscription), NULL when none does. */
struct bpmn_token *bpmn_instance_waiting(struct bpmn_instance *instance, const struct uuid *wait_id,
                                         struct bpmn_scope **ret_scope,
                                         struct bpmn_wait **ret_wait);
/* A variable as seen from a scope: its own, then its parents'. Borrowed, NULL when there is none.
 */
const json_t *bpmn_instance_variable(const struct bpmn_instance *instance,
                                     const struct bpmn_scope *scope, const char *name);

#endif
