/* Private to bpmn/scenario: what a world consists of, and the stations of a unit of work.
 *
 * The route of a command: world_unit_begin → _step → _follow (calls.c) → _end, which keeps
 * what came of it and lists jobs (jobs.c); world_settle carries those and due timers out. */
#ifndef SYNERGYFLOW_SCENARIO_WORLD_PRIVATE_H
#define SYNERGYFLOW_SCENARIO_WORLD_PRIVATE_H

#include "bpmn/scenario/clocks.h"
#include "bpmn/scenario/world.h"

enum world_job_kind {
    JOB_CONTINUE, /* an asynchronous continuation */
    JOB_ASK,      /* an external worker's job, or a script that takes long */
    JOB_SIGNAL,   /* to one who waited when it was thrown */
    JOB_MESSAGE,  /* looks for its receiver */
    JOB_START,    /* a process starts by an event */
};

/* Something to be done in a unit of its own; lives in the world's arena. */
struct world_job {
    struct world_job *next;
    enum world_job_kind kind;
    struct world_instance *instance; /* NULL: not about one */
    struct uuid wait_id;
    const struct bpmn_element *element; /* where it comes from; NULL: from outside */
    struct world_question question;
    const struct world_start *start;
    const char *name; /* signal, message */
    const char *key;
    const char *business_key;
    json_t *variables; /* owned; NULL: none */
    int64_t expires_us;
};

struct world_jobs {
    struct world_job *first;
    struct world_job **tail;
};

/* An id of a message that was seen. */
struct world_seen {
    struct world_seen *next;
    const char *name;
    const char *id;
    int64_t expires_us;
};

/* Up to where in the unit's changes they are those of this instance. */
struct world_segment {
    struct world_instance *instance;
    uint32_t to;
};

struct world_unit {
    struct arena *arena;
    struct bpmn_changes changes;
    struct world_segment *segments;
    uint32_t segment_count;
    uint32_t segment_capacity;
    struct world_instance **touched;
    uint32_t touched_count;
    uint32_t touched_capacity;
    uint32_t seen;     /* changes that have been followed up */
    uint32_t followed; /* calls and answers */
    uint32_t instances_before;
};

struct world_ids {
    struct uuid_source source;
    uint64_t count;
};

struct world {
    struct world_callbacks callbacks;
    struct arena *arena;
    int64_t now_us;
    struct world_ids ids;
    struct world_definition **definitions;
    uint32_t definition_count;
    uint32_t definition_capacity;
    struct world_instance **instances;
    uint32_t instance_count;
    uint32_t instance_capacity;
    struct world_start *starts;
    uint32_t start_count;
    uint32_t start_capacity;
    struct world_task *tasks;
    uint32_t task_count;
    uint32_t task_capacity;
    struct world_jobs jobs;     /* to do now */
    struct world_jobs failed;   /* until somebody retries */
    struct world_jobs buffered; /* messages without a receiver */
    struct world_seen *seen;
    struct uuid *dead_timers; /* their firing failed */
    uint32_t dead_count;
    uint32_t dead_capacity;
    struct world_clocks *clocks;
    bool look_in_buffer; /* somebody has begun to wait for a message */
    uint32_t units_left; /* of the step under way */
    struct world_unit unit;
};

/* ---- unit.c ---- */

void world_unit_begin(struct world *world);
/* One step of an instance in the unit. */
MUST_CHECK enum status world_unit_step(struct world *world, struct world_instance *instance,
                                       const struct bpmn_command *command, struct error *ret_error);
/* The instance as the unit under way sees it. */
struct bpmn_instance *world_unit_instance(struct world_instance *instance);
/* Likewise, to be changed. */
struct bpmn_instance *world_unit_touch(struct world *world, struct world_instance *instance);
MUST_CHECK enum status world_unit_new_instance(struct world *world,
                                               const struct world_definition *definition,
                                               const struct uuid *id, const char *business_key,
                                               struct world_instance **ret_instance,
                                               struct error *ret_error);
/* Keeps what the unit did when `status` is STATUS_OK, else takes it back; returns `status`, or why
 * it could not be kept. */
MUST_CHECK enum status world_unit_end(struct world *world, enum status status,
                                      struct error *ret_error);
/* One step and all that belongs to it. */
MUST_CHECK enum status world_unit_run(struct world *world, struct world_instance *instance,
                                      const struct bpmn_command *command, struct error *ret_error);
MUST_CHECK enum status world_unit_run_start(struct world *world,
                                            const struct world_definition *definition,
                                            const char *business_key,
                                            const struct bpmn_command *command,
                                            struct error *ret_error);
/* The instance that the change at this index is about; `segment` is kept between calls, from 0. */
struct world_instance *world_unit_owner(const struct world_unit *unit, uint32_t change,
                                        uint32_t *segment);

/* ---- calls.c ---- */

MUST_CHECK enum status world_unit_follow(struct world *world, struct error *ret_error);
MUST_CHECK enum status world_unit_give_answer(struct world *world, struct world_instance *instance,
                                              enum bpmn_wait_kind kind, const struct uuid *wait_id,
                                              const struct world_answer *answer,
                                              struct error *ret_error);

/* ---- jobs.c ---- */

void world_jobs_init(struct world_jobs *jobs);
void world_jobs_clear(struct world_jobs *jobs);
/* What a change that is now certain asks for. */
void world_jobs_note(struct world *world, struct world_instance *instance,
                     const struct bpmn_change *change);
MUST_CHECK enum status world_job_run(struct world *world, struct world_job *job,
                                     struct error *ret_error);
/* A zeroed one at the end of the list. */
struct world_job *world_jobs_add(struct world *world, struct world_jobs *jobs);
void world_jobs_append(struct world_jobs *jobs, struct world_job *job);
struct world_job *world_jobs_take(struct world_jobs *jobs);

/* ---- events.c: messages and signals ---- */

/* Everybody who waits now, but the one who threw it. */
void world_list_signal(struct world *world, const struct world_instance *thrower, const char *name,
                       const json_t *variables);
/* To whoever waits, or what it starts, or (a copy) into the buffer. */
MUST_CHECK enum status world_route(struct world *world, const struct world_job *message,
                                   struct error *ret_error);
/* Kept messages for those who wait now; false when there was none. */
bool world_look_in_buffer(struct world *world, enum status *ret_status, struct error *ret_error);
void world_forget_expired(struct world *world);

/* ---- clock.c ---- */

/* Jobs and due timers, until nothing is left to do now. `status` is what was before: the first
 * failure is the result. */
MUST_CHECK enum status world_settle(struct world *world, enum status status,
                                    struct error *ret_error);
/* Begins a step: it may take its full number of units. */
void world_begin_step(struct world *world);

/* ---- starts.c ---- */

MUST_CHECK enum status world_read_starts(struct world *world, struct error *ret_error);

#endif
