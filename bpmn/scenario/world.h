/* A small engine without a database: processes, their instances and what goes on between them, on a
 * virtual clock. For tests of processes; everything that happens is decided by bpmn/step.
 *
 * A unit of work is one command and what belongs to its transaction: the answers of handlers, and
 * the instances that it calls. Jobs, messages, signals and timers are units of their own, carried
 * out one after the other until nothing is left to do at this moment. A unit that fails leaves
 * everything as it was. After each unit the instances that it touched are stored and loaded again,
 * as a service that is restarted between any two steps would do. */
#ifndef SYNERGYFLOW_SCENARIO_WORLD_H
#define SYNERGYFLOW_SCENARIO_WORLD_H

#include "bpmn/sla/policy.h"
#include "bpmn/sla/rating.h"
#include "bpmn/step/step.h"
#include "bpmn/timer/timer_plan.h"

enum {
    WORLD_INSTANCES_MAX = 20000,
    WORLD_FOLLOWED_MAX = 20000, /* calls and answers in one unit: the processes loop */
    WORLD_UNITS_MAX = 100000,   /* jobs and timers after one step: they never come to rest */
    WORLD_ARENA_BYTES = 256 * 1024 * 1024,
    WORLD_MESSAGE_LIFE_S = 3600, /* as in the service */
};

struct world;

/* Policies in order, and one version of each calendar that they name. */
struct world_sla {
    const struct sla_policy *const *policies;
    size_t policy_count;
    const struct sla_calendar_version *calendars;
    size_t calendar_count;
};

struct world_definition {
    const struct bpmn_model *model;
    const struct bpmn_document *document;
    const char *id; /* "key:version:number" */
    uint32_t version;
};

struct world_instance {
    const struct world_definition *definition;
    struct bpmn_instance instance; /* between two units */
    uint32_t number;               /* in the order of creation, from 0 */

    /* private to bpmn/scenario */
    struct arena *arena;
    struct bpmn_instance work; /* what the unit under way makes of it */
    bool is_touched;
    struct arena *fresh_arena;
    struct bpmn_instance fresh; /* the work, stored and loaded; then what was there before */
};

/* One thing that a token waits for. */
struct world_wait {
    struct world_instance *instance;
    const struct bpmn_scope *scope;
    const struct bpmn_token *token;
    const struct bpmn_wait *wait;
};

/* What starts a process without a caller. Conditions of start events are evaluated on request. */
struct world_start {
    const struct world_definition *definition;
    const struct bpmn_element *element;
    uint32_t index; /* which event definition of the element */
    const struct bpmn_event_definition *event;
    const char *name; /* message, signal */
    struct timer_plan plan;
    struct timer_place place;
    bool is_dead; /* its last firing failed */
};

/* Something that a process asks of the world around it. */
struct world_question {
    enum bpmn_wait_kind kind; /* HANDLER, JOB, SCRIPT, CALL */
    const struct world_instance *instance;
    const char *element_id;
    const char *topic; /* key of the called process; NULL for a script */
    bool listens;      /* beside the element, and not in its place */
};

struct world_answer {
    const json_t *variables; /* an object, or NULL */
    const char *business_key;
    const char *escalation; /* thrown first */
    const char *error_code; /* a BPMN error instead of an answer */
    const char *message;
    const char *failure; /* a technical one: the unit fails */
    const json_t *sla;   /* {"subject", "id", "fields"}: an SLA subject that has changed; or NULL */
};

/* An open user task. */
struct world_task {
    struct uuid id;
    const struct world_instance *instance;
    const struct bpmn_element *element;
    json_t *details; /* name, assignee, candidateGroups … as in tests; owned by the world */
};

struct world_message {
    const char *name;
    const char *key;          /* NULL: only those who take any */
    const char *business_key; /* NULL: every instance */
    const char *id;           /* NULL: not de-duplicated */
    const json_t *variables;  /* borrowed; NULL: none */
    int64_t life_us;
};

struct world_callbacks {
    enum status (*run_script)(const struct bpmn_env *env, const struct bpmn_script *script,
                              struct bpmn_script_result *ret_result, struct error *ret_error);
    void *script_context;
    const struct timer_sources *timers; /* NULL: no zones and calendars */
    const struct world_sla *sla;        /* NULL: no SLA clocks */
    /* *ret_answered stays false: the question stays open until somebody answers it by a command. */
    enum status (*answer)(void *context, const struct world_question *question, bool *ret_answered,
                          struct world_answer *ret_answer, struct error *ret_error);
    /* One change that is now certain, in order. Texts live until the call returns. */
    void (*on_change)(void *context, const struct world_instance *instance,
                      const struct bpmn_change *change);
    void *context; /* of `answer` and `on_change` */
};

/* The caller frees it with world_free(); documents stay the caller's and must outlive it. */
struct world *world_new(int64_t now_us, const struct world_callbacks *callbacks);
void world_free(struct world *world); /* NULL is fine */
/* Its processes; one with the key of an earlier one is the next version of it. */
void world_add(struct world *world, const struct bpmn_document *document);
/* After the last world_add(): what starts processes begins to listen, start timers are armed. */
MUST_CHECK enum status world_open(struct world *world, struct error *ret_error);

/* Each of these is one unit, and then everything that it causes. The first failure is the result,
 * but what does not depend on it goes on. */

/* The command's kind is BPMN_START. */
MUST_CHECK enum status world_start(struct world *world, const struct world_definition *definition,
                                   const char *business_key, const struct bpmn_command *command,
                                   struct error *ret_error);
MUST_CHECK enum status world_step(struct world *world, struct world_instance *instance,
                                  const struct bpmn_command *command, struct error *ret_error);
/* What `question`'s asker gets. The wait may be of any kind that a mock answers. */
MUST_CHECK enum status world_answer(struct world *world, const struct world_wait *wait,
                                    const struct world_answer *answer, struct error *ret_error);
MUST_CHECK enum status world_send(struct world *world, const struct world_message *message,
                                  struct error *ret_error);
MUST_CHECK enum status world_broadcast(struct world *world, const char *name,
                                       const json_t *variables, struct error *ret_error);
/* Processes whose conditional start event holds with these variables. */
MUST_CHECK enum status world_look_at_starts(struct world *world, const char *business_key,
                                            const json_t *variables, struct error *ret_error);
/* A subject of SLA clocks has changed: {"subject", "id", "fields"}. */
MUST_CHECK enum status world_change_subject(struct world *world, const json_t *change,
                                            struct error *ret_error);
/* Fires a timer now, due or not. */
MUST_CHECK enum status world_fire(struct world *world, const struct world_wait *timer,
                                  struct error *ret_error);
MUST_CHECK enum status world_fire_start(struct world *world, struct world_start *start,
                                        struct error *ret_error);
/* Again what failed before at this element: a job, or a timer. */
MUST_CHECK enum status world_retry(struct world *world, const char *element_id,
                                   struct error *ret_error);
/* Time passes: what becomes due happens at its own time, in the order of due dates. */
MUST_CHECK enum status world_pass_until(struct world *world, int64_t until_us,
                                        struct error *ret_error);

int64_t world_now_us(const struct world *world);
/* When a timer is due; false: it floats, since the clock that it follows does. */
bool world_timer_due(const struct world *world, const struct bpmn_wait *wait, int64_t *ret_due_us);
/* All SLA clocks: an array of objects; new reference. */
json_t *world_describe_clocks(const struct world *world);
/* The latest version, NULL when there is none. */
const struct world_definition *world_latest(const struct world *world, const char *key);
const struct world_definition *world_definition_at(const struct world *world, uint32_t index);
/* NULL past the last: for loops from 0. Instances that have ended stay. */
struct world_instance *world_instance_at(const struct world *world, uint32_t index);
struct world_start *world_start_at(const struct world *world, uint32_t index);
const struct world_task *world_task_at(const struct world *world, uint32_t index);
/* A message that nobody has taken yet; expired ones are gone. */
const char *world_buffered_at(const struct world *world, uint32_t index);

/* Calls `visit` for everything that active instances wait for, the oldest instance first; it
 * returns false to end the visit. */
void world_visit_waits(const struct world *world,
                       bool (*visit)(void *context, const struct world_wait *wait), void *context);

#endif
