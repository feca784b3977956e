/* The unit of work and its parts, private to this folder. */
#ifndef SYNERGYFLOW_UNIT_H
#define SYNERGYFLOW_UNIT_H

#include "bpmn/base/text.h"
#include "engine/command/command.h"
#include "engine/limits.h"
#include "engine/sla/round.h"

#include <uthash.h>

#include "engine/command/resident.h"

/* One instance that the unit touches. */
struct unit_instance {
    UT_hash_handle hh;
    struct uuid id;
    bool is_new;
    bool stepped;
    bool has_scopes; /* its nested scopes were looked for */
    struct bpmn_instance instance;
    struct bpmn_changes changes;
    uint32_t seen;       /* changes that the unit has followed up already (calls.c) */
    struct uuid root_id; /* the outermost caller; zero: itself */
    const struct definition *definition; /* pinned */
    int64_t revision;                    /* stored; the commit writes the next one */
    bool suspended;
    bool spoiled;        /* a step failed half-way: it must be read again */
    bool switched;       /* suspended or activated by this unit */
    uint32_t item_count; /* commands of this unit for it */
    const char *definition_id;
    const struct pg_result *rows; /* where its row is, and at which index; not of new ones */
    uint32_t row;
    const struct pg_result *scope_rows;
    bool is_stale;                        /* what was in memory of it is of another revision */
    struct resident *resident;            /* it was in memory; NULL: it is built from its rows */
    const struct unit_item *item;         /* whose command started it; NULL for others */
    struct unit_instance *next_to_follow; /* calls.c */
    bool is_listed;
    bool end_told; /* to its caller */
    const char *instance_name;
    const char *start_user;
    const char *correlation_id;
    struct unit_instance *next;
};

enum item_state {
    ITEM_WAITING, /* to be stepped */
    ITEM_STEPPED, /* in the transaction */
    ITEM_FAILED,  /* `error` says why; nothing of it is in the transaction */
    ITEM_RETRY,   /* its instance is held elsewhere */
};

/* One command of the unit. */
struct unit_item {
    struct command *command;
    enum item_state state;
    struct error error;
    struct unit_instance *instance;
    struct uuid instance_id; /* resolved; zero when there is none */
    bool found;              /* the addressed row exists */
    bool worker_mismatch;
    bool task_closed;
    int64_t task_closed_us;
    bool blamed;    /* failed by a handler's word: whatever its neighbours do, this is the answer */
    json_t *answer; /* of a COMMAND_MODULE */
    bool stale_timer;           /* its row has to go */
    const struct unit_job *job; /* of a COMMAND_JOB: its row */
    bool job_done;              /* the row goes with this unit */
    bool reroutes;              /* the message's receiver is gone: another one is looked for */
    struct bpmn_script *script; /* the job asks for a script to be run, and is not done yet */
    bool touched_others;        /* a step of it went on in another instance */
};

/* What a row of `job` asks for. */
enum job_kind {
    JOB_EXTERNAL = 1,
    JOB_CONTINUATION = 2,
    JOB_SCRIPT = 3,
    JOB_SIGNAL = 4,
    JOB_MESSAGE = 5,
    JOB_START = 6,
    JOB_END = 7,
    JOB_START_TIMER = 8,
};

struct unit_job {
    enum job_kind kind;
    struct uuid id;
    struct uuid instance_id; /* zero for one that starts an instance */
    const char *definition_id;
    const char *element_id;
    const char *name; /* of the event */
    json_t *payload;  /* an object, owned by the unit */
    int64_t due_us;
};

/* A handler call that waits for its round. */
struct unit_call {
    struct unit_item *item;
    struct unit_instance *instance; /* NULL for a COMMAND_MODULE */
    struct uuid wait_id;            /* zero for a COMMAND_MODULE */
    const char *topic;
    const char *element_id;
    struct uuid execution_id;
    json_t *owned_variables; /* merged for the handler; released when its round ends */
    const char *row_value;   /* what its rows have in the topic's column; NULL: not known */
    struct unit_call *next;
};

/* The calls of one topic in one round that share statements. */
struct call_group {
    const struct module_handler *handler;
    const struct module *module;
    struct module_calls calls;
    struct unit_call **sources; /* the call behind calls.items[i] */
    uint32_t capacity;
    const char *column; /* that tells the calls' rows apart; NULL: there is none */
    bool is_shared;     /* by calls of several users or correlation ids */
    bool is_apart;      /* one of its calls has to go apart */
    struct pg_batch *batch;
    struct call_group *next;
};

/* The statements of the load, each sent only when a command needs it. */
enum load_statement {
    LOAD_TASKS,
    LOAD_JOBS,
    LOAD_EXECUTIONS,
    LOAD_BUSINESS_KEYS,
    LOAD_SUBSCRIPTIONS,
    LOAD_WORK,
    LOAD_EXISTING,
    LOAD_LOCKED,
    LOAD_SCOPES,
    LOAD_CLOCKS,
    LOAD_COUNT,
};

struct callers_loaded {
    struct pg_batch *batch;
    struct callers_loaded *next;
};

/* What a unit does after COMMIT. */
struct timer_effect {
    struct uuid id;
    struct uuid instance_id;
    int64_t due_us;
    bool armed;    /* else removed */
    bool by_clock; /* it follows an SLA clock */
    bool is_job;
};

#define TO(state) (1u << UNIT_##state)

/*
 *   IDLE ─► ACQUIRING ─► LOADING ─► DEFINING ─► STEPPING ⇄ CALLING
 *    ▲          │           │          │           │          │
 *    │          │           │          │           ▼          │
 *    │          │           │          │        STORING ──► IN_DOUBT
 *    │          ▼           ▼          ▼        │     │      │    │
 *    ├───── ROLLED_BACK ◄───┴──────────┴────────┘     ▼      │    │
 *    │          ▲                                 COMMITTED ◄┘    │
 *    │          └─────────────────────────────────────┼───────────┘
 *    └────────────────────────────────────────────────┘
 *
 * ACQUIRING    waits for a connection
 * LOADING      waits for the pipeline that reads and locks what the commands address
 * DEFINING     waits for definitions that are not in memory
 * STEPPING     waits for nothing
 * CALLING      waits for the pipeline of the handlers' statements
 * RATING       waits for the pipeline that locks and reads the SLA clocks of subjects that changed
 * STORING      waits for the pipeline that writes and commits
 * IN_DOUBT     waits until another connection tells whether the COMMIT happened
 * COMMITTED    effects and answers; also when there was nothing to keep
 * ROLLED_BACK  nothing was kept: commands run again, are split, or hear why they failed
 *
 * Left out of the drawing: LOADING and DEFINING are passed over when there is nothing to wait for,
 * and come back to themselves (the instances that called these; the processes that those call),
 * STEPPING, CALLING and RATING may roll back, STEPPING may have nothing to store, RATING is passed
 * over when no clock has to do with the unit, and a doubt that nobody can settle ends in IDLE. */
#define UNIT_STATES(X)                                                                    \
    X(IDLE, TO(ACQUIRING))                                                                \
    X(ACQUIRING, TO(LOADING) | TO(DEFINING) | TO(STEPPING) | TO(ROLLED_BACK))             \
    X(LOADING, TO(LOADING) | TO(DEFINING) | TO(STEPPING) | TO(ROLLED_BACK))               \
    X(DEFINING, TO(DEFINING) | TO(STEPPING) | TO(ROLLED_BACK))                            \
    X(STEPPING, TO(CALLING) | TO(RATING) | TO(STORING) | TO(COMMITTED) | TO(ROLLED_BACK)) \
    X(CALLING, TO(STEPPING) | TO(ROLLED_BACK))                                            \
    X(RATING, TO(STORING) | TO(ROLLED_BACK))                                              \
    X(STORING, TO(COMMITTED) | TO(IN_DOUBT) | TO(ROLLED_BACK))                            \
    X(IN_DOUBT, TO(COMMITTED) | TO(ROLLED_BACK) | TO(IDLE))                               \
    X(COMMITTED, TO(IDLE))                                                                \
    X(ROLLED_BACK, TO(IDLE))

enum unit_state {
#define UNIT_ENUM(name, moves) UNIT_##name,
    UNIT_STATES(UNIT_ENUM)
#undef UNIT_ENUM
};

struct unit {
    struct command_queue *queue;
    enum unit_state state;
    struct pg_lease lease;
    bool leased;
    bool begun;
    char transaction_id[32]; /* "" until known */
    uint32_t transaction_index;
    struct arena *arena;
    struct text json;               /* where JSON is written; keeps its room */
    struct pg_batch *batch;         /* in flight */
    struct pg_batch *load_batch;    /* what was loaded; its results stay until the unit ends */
    struct pg_batch *callers_batch; /* the same for the instances that called these: the last … */
    struct callers_loaded *callers; /* … and all of them */
    uint32_t callers_rounds;
    uint32_t defining_rounds;
    uint32_t defining_wanted; /* definitions that the last round asked for */
    struct unit_item *items;
    uint32_t item_count;
    struct unit_instance *instances; /* by id */
    struct unit_instance *first_instance;
    struct unit_call *calls;
    struct unit_call **calls_tail;
    struct call_group *groups;
    uint32_t rounds;
    struct unit_instance *first_to_follow; /* instances whose changes have not been followed up */
    struct unit_instance **follow_tail;
    uint32_t followed;
    struct module_event *events;
    uint32_t event_count;
    uint32_t event_capacity;
    struct module_subject_change *subjects; /* what handlers and steps changed; subjects.c */
    uint32_t subject_count;
    uint32_t subject_capacity;
    struct unit_binding *bindings; /* timers that follow clocks, armed by this unit; clock_timers.c
                                    */
    struct sla_bound_firing *firings; /* of such timers */
    uint32_t firing_count;
    uint32_t firing_capacity;
    struct sla_bound_timer *corrections; /* those whose rows were wrong */
    struct sla_round *round;             /* NULL: no clock has to do with this unit */
    struct pg_batch *round_batch;        /* what it has read */
    struct timer_effect *timer_effects;
    uint32_t timer_effect_count;
    uint32_t timer_effect_capacity;
    uint32_t jobs_created;
    int32_t routed_messages; /* index in batch of the statement that found receivers; -1: none */
    int32_t routed_signals;
    int32_t matched_buffer;
    uint32_t publications;
    int64_t started_us;         /* monotonic */
    int64_t now_us;             /* of this unit's steps, never later than the database's clock */
    int64_t sent_us;            /* monotonic: when the load left */
    int32_t loaded[LOAD_COUNT]; /* index in load_batch; -1: not asked for */
    uv_timer_t timer;           /* IN_DOUBT: ask again */
    int64_t doubt_until_us;     /* monotonic */
    int64_t storing_us;         /* monotonic: when the last pipeline left */
    bool committed;
    bool must_split; /* the batch as a whole failed for `split_reason` */
    struct error split_reason;
    uint32_t expected_updates;
    uint32_t update_index;
};

struct command_queue {
    struct command_queue_settings settings;
    struct unit *lanes;
    struct residents *residents;
    struct command *first; /* callers */
    struct command *last;
    struct command *first_timer;
    struct command *last_timer;
    struct command *first_retry; /* held elsewhere, or the database was away */
    struct command *last_retry;
    struct batch_split *splits; /* halves of poisoned batches, in front of everything */
    bool odd_is_timers;         /* who gets the odd place of the next batch that both want */
    uint32_t waiting;
    uv_timer_t retry;
    uv_idle_t kick; /* starts units from the loop, never inside command_submit() */
    bool draining;
    void (*on_drained)(void *context);
    void *drained_context;
    uint32_t handles;
};

/* Commands that have to run as a unit of their own: half of a batch that failed. */
struct batch_split {
    struct batch_split *next;
    uint32_t count;
    struct command *commands[];
};

/* unit_of_work.c */
void unit_run(struct unit *unit, struct command **commands, uint32_t count);
void unit_init(struct unit *unit, struct command_queue *queue);
/* The only writer of `state`. */
void unit_move(struct unit *unit, enum unit_state state);
const char *unit_state_name(const struct unit *unit);

/* unit_end.c: every way out of a unit of work. */
void unit_committed(struct unit *unit);
/* Nothing was kept: the commands that did not fail by themselves run once more. */
void unit_run_again(struct unit *unit);
/* Nothing was kept, and the commands cannot stay together. */
void unit_split(struct unit *unit, const struct error *reason);
/* The one decision about a pipeline that failed outside of a COMMIT. */
void unit_failed(struct unit *unit, const struct pg_batch *batch, enum status status,
                 const struct error *error);
/* The database is away: the commands wait for it, each until its own deadline. */
void unit_unavailable(struct unit *unit, const struct error *error);
void unit_doubt_unanswered(struct unit *unit);
void unit_release(struct unit *unit);
/* How long the command that waits longest may still wait. */
uint32_t unit_patience_ms(const struct unit *unit);

/* queue.c */
/* Back in front of its line, at once or after a while. */
void queue_again(struct command_queue *queue, struct command *command);
void queue_later(struct command_queue *queue, struct command *command);
/* As two units of their own, in order, in front of everything else. */
void queue_split(struct command_queue *queue, struct command **commands, uint32_t count);
void queue_unit_done(struct command_queue *queue);
void queue_finish(struct command_queue *queue, struct command *command, enum status status,
                  const struct error *error, const struct command_result *result,
                  const struct uuid *instance_id, const char *correlation_id);
int64_t queue_command_wait_us(const struct command_queue *queue);

/* load.c: the pipeline that reads what the unit's commands address, and what came of it. */
bool unit_needs_load(const struct unit *unit);
/* Adds BEGIN, once in a unit's transaction. */
void unit_begin_transaction(struct unit *unit, struct pg_batch *batch);
void unit_load(struct unit *unit, struct pg_batch *batch);
void unit_loaded(struct unit *unit);
/* The instances whose call activities wait for these; false: there are none to load. */
bool unit_load_callers(struct unit *unit, struct pg_batch *batch);
void unit_callers_loaded(struct unit *unit);
/* What was read of the clocks that timers follow; NULL: nothing was. */
const struct pg_result *unit_loaded_clocks(const struct unit *unit);
struct unit_instance *unit_find_instance(struct unit *unit, const struct uuid *id);
struct unit_instance *unit_add_instance(struct unit *unit, const struct uuid *id);
MUST_CHECK enum status unit_build_instance(struct unit *unit, struct unit_instance *instance,
                                           struct error *ret_error);
void unit_wanted_definitions(struct unit *unit, const char ***ret_ids, uint32_t *ret_id_count,
                             const char ***ret_keys, uint32_t *ret_key_count);
void unit_pin_definitions(struct unit *unit);

/* subjects.c: subjects of SLA clocks that the unit changed. */
/* Takes over `change->fields`. */
void unit_add_subject(struct unit *unit, const struct module_subject_change *change);
/* Adds what the clocks' round reads; `ret_reads` false: there is nothing to read. A failure is the
 * unit's. */
MUST_CHECK enum status unit_rate(struct unit *unit, struct pg_batch *batch, bool *ret_reads,
                                 struct error *ret_error);
/* With what was read: clocks, modules' words about them, and what they publish. */
MUST_CHECK enum status unit_settle(struct unit *unit, struct pg_batch *batch,
                                   struct error *ret_error);
/* After COMMIT. */
void unit_rated_effects(struct unit *unit);
void unit_drop_subjects(struct unit *unit);

/* clock_timers.c: timers of processes that follow SLA clocks. */
/* Notes those that the unit has armed; false: there are none. */
bool unit_find_bindings(struct unit *unit);
MUST_CHECK enum status unit_bind_timers(struct unit *unit, struct error *ret_error);
/* SLA_OPEN_US: it floats. */
int64_t unit_bound_due_us(const struct unit *unit, const struct uuid *timer_id);
void unit_forget_bindings(struct unit *unit);
bool unit_asks_clocks(const struct unit *unit);
void unit_ask_clocks(const struct unit *unit, struct pg_batch *batch);
/* Whether the clock, as loaded, says that the item's timer is due; else STATUS_NOT_FOUND. */
MUST_CHECK enum status unit_clock_says(struct unit *unit, struct unit_item *item,
                                       const struct pg_result *rows, bool *ret_is_due,
                                       struct error *ret_error);
bool unit_has_corrections(const struct unit *unit);
void unit_store_clock_timers(struct unit *unit, struct pg_batch *batch);

/* perform.c: steps of commands and of handlers' answers. */
void unit_step_items(struct unit *unit);
/* The instance's rows become an instance in memory, unless that has been done. */
MUST_CHECK enum status unit_ready_instance(struct unit *unit, struct unit_instance *instance,
                                           struct error *ret_error);
/* One step of a command's own instance, with all that follows from it. */
MUST_CHECK enum status unit_step_item(struct unit *unit, struct unit_item *item,
                                      const struct bpmn_command *step, struct error *ret_error);
/* Starts an instance for a command. */
MUST_CHECK enum status unit_start_item(struct unit *unit, struct unit_item *item,
                                       const struct definition *definition,
                                       const char *business_key, const struct bpmn_command *step,
                                       struct error *ret_error);
/* A new instance of a definition, not started yet. */
MUST_CHECK enum status unit_new_instance(struct unit *unit, const struct definition *definition,
                                         const struct uuid *id, const char *business_key,
                                         struct unit_instance **ret_instance,
                                         struct error *ret_error);
/* The unit cannot be carried out as a whole, for no single command's fault. */
void unit_ask_split(struct unit *unit, const struct error *reason);
MUST_CHECK enum status unit_step(struct unit *unit, struct unit_item *item,
                                 struct unit_instance *instance, const struct bpmn_command *command,
                                 struct error *ret_error);

/* handlers.c */
bool unit_has_calls(const struct unit *unit);
/* False: an item failed and the unit has to run again without it, or to be split. */
bool unit_prepare_calls(struct unit *unit, struct pg_batch *batch);
bool unit_finish_calls(struct unit *unit);
/* After a failure: releases what the round holds. */
void unit_drop_calls(struct unit *unit);
void unit_call_handler(struct unit *unit, struct unit_item *item, struct unit_instance *instance,
                       const struct uuid *wait_id, const char *topic, const char *element_id,
                       const struct uuid *execution_id);

/* call_groups.c: which calls share statements. */
/* False: there are as many groups as a round takes; the call waits for the next one. */
bool unit_group_call(struct unit *unit, const struct module *module,
                     const struct module_handler *handler, const struct module_call *call,
                     struct unit_call *source);
/* Adds the statement that takes the module's role in the name of those who called. */
void unit_act_for_group(struct unit *unit, const struct call_group *group, struct pg_batch *batch);

/* calls.c: instances that call instances. */
/* A step of it is to be followed up. */
void unit_list_to_follow(struct unit *unit, struct unit_instance *instance);
/* Carries what a step did on to the instances that it called or that called it. */
MUST_CHECK enum status unit_follow(struct unit *unit, struct unit_item *item,
                                   struct unit_instance *instance, struct error *ret_error);
/* The processes that a definition's call activities name, when they are not in memory. */
void unit_wanted_calls(struct unit *unit, const struct bpmn_model *model, const char **keys,
                       uint32_t *count, uint32_t capacity);

/* job.c: jobs of the engine's own. */
MUST_CHECK enum status unit_perform_job(struct unit *unit, struct unit_item *item,
                                        struct error *ret_error);

/* throw.c: messages and signals to other instances. */
void unit_store_thrown(struct unit *unit, struct pg_batch *batch);
/* Effects of the statements above, once they are answered. */
void unit_thrown_effects(struct unit *unit);

/* store.c */
bool unit_has_changes(const struct unit *unit);
void unit_store(struct unit *unit, struct pg_batch *batch);
MUST_CHECK enum status unit_check_stored(const struct unit *unit, struct error *ret_error);

/* What store_waits.c and store.c share. */
void unit_store_waits(struct unit *unit, struct pg_batch *batch);
bool unit_instance_is_dirty(const struct unit_instance *instance);
const char *store_json_text(struct unit *unit, json_t *json, bool steal); /* in the unit's arena */
void store_time_or_null(struct pg_array *array, int64_t us);
void store_uuid_or_null(struct pg_array *array, const struct uuid *id);
/* The waits that a unit made and those that it ended, over all its instances. */
struct made_wait {
    UT_hash_handle hh;
    struct uuid id;
    const struct unit_instance *instance;
    const struct bpmn_change *change;
    const struct bpmn_change *closed; /* by this change of the same unit; NULL: it stays */
    bool moved;                       /* a timer that was there before, and stays under its id */
    struct made_wait *next;
};

struct closed_wait {
    const struct unit_instance *instance;
    const struct bpmn_change *change;
    bool moved; /* likewise: its row is not deleted */
    struct closed_wait *next;
};

struct waits {
    struct arena *arena;
    struct made_wait *by_id;
    struct made_wait *first_made;
    struct made_wait **made_tail;
    struct closed_wait *first_closed;
    struct closed_wait **closed_tail;
};

/* The columns that say where a wait is: id, instance, execution, definition, element. */
void store_where_arrays(struct pg_array **a, struct pg_call *call);
void store_where(struct pg_array **a, const struct made_wait *made);
/* store_jobs.c: external work, and the engine's own jobs. */
void unit_store_jobs(struct unit *unit, struct pg_batch *batch, const struct waits *waits);
/* store_subscriptions.c */
void unit_store_subscriptions(struct unit *unit, struct pg_batch *batch, const struct waits *waits);
/* Rows of ended waits of one kind go by id: `statement` deletes them. */
void store_removals(struct unit *unit, struct pg_batch *batch, const struct waits *waits,
                    const struct pg_statement *statement, enum bpmn_wait_kind kind);

/* store_actions.c: what operators did. */
void unit_store_actions(struct unit *unit, struct pg_batch *batch);

/* effects.c */
void unit_apply_effects(struct unit *unit);
void unit_timer_effect(struct unit *unit, const struct uuid *id, const struct uuid *instance_id,
                       int64_t due_us, bool armed);
/* Armed, or due at another time than before. */
void unit_bound_effect(struct unit *unit, const struct uuid *id, const struct uuid *instance_id,
                       int64_t due_us);
void unit_job_effect(struct unit *unit, const struct uuid *id, const struct uuid *instance_id,
                     int64_t due_us);

/* in_doubt.c */
void unit_in_doubt(struct unit *unit);

/* observe.c */
void observe_command(const struct command *command, enum status status, const struct error *error,
                     const struct uuid *instance_id, const char *correlation_id,
                     int64_t duration_us);
void observe_unit(uint32_t size, int64_t duration_us);
void observe_commit(int64_t duration_us);
void observe_waiting(uint32_t count);

#endif
