/* Commands: everything that changes a process instance goes through here.
 *
 *   submit → queue → UNIT OF WORK (load → step → handlers → store → COMMIT) → effects → on_done
 *
 * One command at a time for each root instance; what gathers while a commit is in flight becomes
 * the next batch. on_done fires from the loop, only after COMMIT (or once it is certain that
 * nothing was kept), exactly once. */
#ifndef SYNERGYFLOW_COMMAND_H
#define SYNERGYFLOW_COMMAND_H

#include "bpmn/step/step.h"
#include "engine/definition/definition.h"
#include "engine/pg/database_clock.h"
#include "engine/pg/pool.h"
#include "engine/registry/registry.h"
#include "engine/sla/sla.h"

enum command_kind {
    COMMAND_START, /* a new instance */
    COMMAND_STEP,  /* a bpmn_command for an existing one */
    COMMAND_JOB, /* a job of the engine's own (target = its id): what it asks for, and its row goes
                  */
    COMMAND_SUSPEND, /* an instance (target): no step but its end until it is activated */
    COMMAND_ACTIVATE,
    COMMAND_MODULE, /* a module's handler without an instance; `name` = topic, `variables` = input
                     */
};

/* How a COMMAND_STEP names its instance. */
enum command_address {
    ADDRESS_INSTANCE,     /* target = instance id */
    ADDRESS_TASK,         /* target = task id */
    ADDRESS_JOB,          /* target = job id */
    ADDRESS_TIMER,        /* target = timer id; instance_id is known too */
    ADDRESS_EXECUTION,    /* target = id of a token or scope, or the instance id; with
                             BPMN_RECEIVE_MESSAGE and BPMN_RECEIVE_SIGNAL the token's subscription of
                             `name` */
    ADDRESS_SUBSCRIPTION, /* target = event subscription id */
    ADDRESS_BUSINESS_KEY, /* business_key (and definition_key when not NULL) of an active instance
                           */
};

struct command_result {
    struct uuid instance_id;
    const struct definition *definition; /* NULL for COMMAND_MODULE */
    const char *business_key;
    enum bpmn_instance_status status;
    int64_t started_us;
    int64_t ended_us;
    const json_t *variables; /* root variables after the step, or the handler's answer; borrowed */
    /* A job that runs a script: nothing has been done yet; whoever runs it hands in
     * BPMN_SCRIPT_RETURNED or BPMN_SCRIPT_ERROR (address ADDRESS_JOB). Borrowed. */
    const struct bpmn_script *script;
};

/* What an operator did: a row of `operator_action` in the command's own transaction. */
struct command_audit {
    const char *action; /* "timer.reschedule" */
    const char *reason; /* in the operator's words; NULL: none given */
    const char *element_id;
    const json_t *details; /* an object; borrowed */
};

/* Embed it in the caller's request; texts and `variables` are borrowed until on_done. Zero it
 * first. */
struct command {
    enum command_kind kind;
    enum bpmn_command_kind step;
    enum command_address address;
    struct uuid target;
    struct uuid instance_id;    /* when known beforehand (timers), else zero */
    const char *definition_id;  /* start: exactly this version, or … */
    const char *definition_key; /* … the latest of this key */
    const char *element;        /* start: id of the event that triggers it; NULL: the plain start */
    uint32_t definition;        /* … and which of its event definitions */
    const char *business_key;
    const char *instance_name;
    const char
        *name; /* message name; BPMN error code; topic; COMPLETE_TASK by business key: element id */
    const char *reason;
    const char *user;           /* who asks; NULL: the engine itself */
    const char *worker_id;      /* job commands: must hold the lock, else STATUS_FORBIDDEN */
    const char *tenant_id;      /* NULL: '' */
    const char *correlation_id; /* NULL: the instance's own */
    const json_t *variables;
    const json_t *local;               /* BPMN_SCRIPT_RETURNED */
    const json_t *value;               /* BPMN_SCRIPT_RETURNED, BPMN_CHANGE_STATE */
    bool early;                        /* BPMN_TRIGGER_TIMER: now, due or not */
    bool by_clock;                     /* BPMN_TRIGGER_TIMER: it follows an SLA clock */
    int64_t due_us;                    /* BPMN_MOVE_TIMER: the new time; 0: worked out again … */
    int64_t from_us;                   /* … as if it had been armed then … */
    bool newest;                       /* … from the newest version of `definition_key` */
    const struct command_audit *audit; /* NULL: nobody has to account for it */
    void (*on_done)(struct command *command, enum status status, const struct error *error);
    void *context;
    const struct command_result *result; /* during on_done, when STATUS_OK */

    /* private to engine/command */
    struct command *next;
    int64_t submitted_us; /* monotonic */
    uint32_t attempts;    /* units of work that came to nothing through no fault of its own … */
    uint32_t deadlocks;   /* … and how many of these ended in a deadlock or the like */
    bool apart;           /* its handlers' statements are for nobody else's calls */
};

/* What happens after COMMIT, wired by engine/service. Any may be NULL. */
struct command_effects {
    void *context;
    void (*timer_armed)(void *context, const struct uuid *id, const struct uuid *instance_id,
                        int64_t due_us);
    /* The same of one that follows an SLA clock; it may have been armed before. */
    void (*timer_bound)(void *context, const struct uuid *id, const struct uuid *instance_id,
                        int64_t due_us);
    void (*timer_removed)(void *context, const struct uuid *id, int64_t due_us);
    void (*events_published)(void *context, uint32_t count);
    void (*jobs_created)(void *context, uint32_t count); /* for external workers */
    /* A job of the engine's own that is due now. `instance_id` is zero for one that starts. */
    void (*job_added)(void *context, const struct uuid *id, const struct uuid *instance_id,
                      int64_t due_us);
};

struct command_queue_settings {
    uv_loop_t *loop;
    struct pg_pool *pool;
    struct database_clock *clock; /* what time it is in a step; NULL: this node's wall clock */
    struct definition_cache *definitions;
    const struct registry *registry;
    struct uuid_source *ids;
    const struct timer_sources *timers; /* zones and calendars; NULL: there are none */
    struct sla_service *sla;            /* SLA clocks of what changes; NULL: there are none */
    struct command_effects effects;
    uint32_t
        lanes; /* units of work that may be under way at once; 2 keeps engine and database busy */
    uint32_t batch_max;   /* commands in one unit of work */
    uint32_t waiting_max; /* commands that may wait; more get STATUS_BUSY */
    uint32_t wait_max_ms; /* for a held instance or an absent database; 0: LIMIT_COMMAND_WAIT_MS */
    /* Runs a script within a step (bpmn/step/step.h); NULL: none can be run. */
    enum status (*run_script)(const struct bpmn_env *env, const struct bpmn_script *script,
                              struct bpmn_script_result *ret_result, struct error *ret_error);
    void *script_context;
};

enum { COMMAND_LANES_DEFAULT = 2, COMMAND_BATCH_DEFAULT = 128, COMMAND_WAITING_DEFAULT = 4096 };

struct command_queue;

struct command_queue *command_queue_new(const struct command_queue_settings *settings);
/* STATUS_BUSY when the queue is full (on_done is then not called). Timer commands (step ==
 * BPMN_TRIGGER_TIMER) and jobs wait in a line of their own and get at most half of a batch while
 * callers wait. */
MUST_CHECK enum status command_submit(struct command_queue *queue, struct command *command,
                                      struct error *ret_error);
uint32_t command_queue_waiting(const struct command_queue *queue);
/* Refuses new commands, finishes the waiting ones, then fires on_drained. */
void command_queue_drain(struct command_queue *queue, void (*on_drained)(void *context),
                         void *context);
void command_queue_free(struct command_queue *queue); /* only when drained; NULL is fine */

#endif
