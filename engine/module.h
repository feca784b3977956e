/* The public module header: all that a domain module may include.
 *
 * A module is one descriptor: its schema and database role, its task handlers (by topic), its event
 * listeners and its routes. Handlers run inside the workflow's own transaction under the module's
 * role; what they write, what they publish and the workflow's progress commit together or not at
 * all. Listeners run in transactions of their own, at least once, made effectively once by the
 * engine through processed_events. */
#ifndef SYNERGYFLOW_MODULE_H
#define SYNERGYFLOW_MODULE_H

#include "bpmn/base/arena.h"
#include "bpmn/base/memory.h"
#include "bpmn/base/status.h"
#include "bpmn/base/text.h"
#include "bpmn/base/uuid.h"
#include "bpmn/iso8601.h"
#include "engine/http/request.h"
#include "engine/http/server.h"
#include "engine/module/operation.h"
#include "engine/module/resource.h"
#include "engine/pg/batch.h"

#include <jansson.h>

/* ---- task handlers ------------------------------------------------------------------------- */

/* One waiting call of a topic. Everything is borrowed for the duration of prepare and finish. */
struct module_call {
    const char *topic;
    struct uuid id;          /* this call; a retried transaction calls with a new one */
    struct uuid instance_id; /* zero for a direct call (module_run) */
    struct uuid execution_id;
    const char *business_key;   /* NULL when none */
    const char *element_id;     /* the service task; NULL for a direct call */
    const char *correlation_id; /* never NULL */
    const char *user;           /* who asked, NULL when a timer did */
    const json_t *variables;    /* all visible variables, or the direct call's input */
    void *state;                /* the handler's own, from prepare to finish */

    /* the answer: set by the functions below; a call left alone returns no variables */
    json_t *ret_variables;
    const char *ret_error_code;
    const char *ret_business_key;
    struct error *ret_failure;
};

/* All waiting calls of one topic in this unit of work, answered by one set-based statement each. */
struct module_calls {
    struct module_call *items;
    uint32_t count;
    int64_t now_us;
    struct arena *arena; /* lives until the unit of work has committed */
    struct uuid_source *ids;
    struct module_event *events; /* what module_publish() gathered */
    uint32_t event_count;
    uint32_t event_capacity;
    struct module_subject_change *changes; /* what module_subject_changed() gathered */
    uint32_t change_count;
    uint32_t change_capacity;
};

struct module_handler {
    const char *topic;
    /* Adds the statements for all calls to `batch` (may add none). A failure fails the unit of
     * work. */
    enum status (*prepare)(struct module_calls *calls, struct pg_batch *batch,
                           struct error *ret_error);
    /* Reads the results, answers each call, publishes events. NULL when prepare did everything. */
    enum status (*finish)(struct module_calls *calls, struct pg_batch *batch,
                          struct error *ret_error);
};

/* Output variables of a call; steals `variables` (an object). */
void module_call_return(struct module_call *call, json_t *variables);
/* A BPMN error: the process can catch it with a boundary event. Domain refusals belong here only
 * when the process is meant to react. */
void module_call_error(struct module_calls *calls, struct module_call *call, const char *code);
/* The call is refused: the caller's command fails with this status and sentence (e.g. NOT_FOUND,
 * CONFLICT, INVALID); nothing of the command is kept, its neighbours are untouched. */
void module_call_refuse(struct module_calls *calls, struct module_call *call,
                        const struct error *error);
/* Gives the process instance its business key, once (e.g. the number the module has just drawn). */
void module_call_set_business_key(struct module_calls *calls, struct module_call *call,
                                  const char *business_key);

/* ---- events -------------------------------------------------------------------------------- */

struct module_event {
    struct uuid id;
    const char *type;         /* such as "incidents.IncidentOpened" */
    const char *aggregate_id; /* order is kept for each aggregate */
    json_t *payload;          /* an object */
    const char *correlation_id;
    int64_t published_at_us;
    int64_t position; /* listeners only: publication order */
};

/* Publishes in the transaction of `call`; steals `payload`, to which the engine adds nothing. */
void module_publish(struct module_calls *calls, const struct module_call *call, const char *type,
                    const char *aggregate_id, json_t *payload);

/* ---- subjects with SLA clocks --------------------------------------------------------------- */

/* What a handler says of a subject (an incident, a change, a task) that it has changed. */
struct module_subject_change {
    const char *type;
    const char *id;
    json_t *fields;
    const char *cause;
    const char *actor;
    const char *correlation_id;
    void *context;
};

/* The subject's fields, those that policies may look at, have changed in the transaction of `call`:
 * its SLA clocks start, pause, move or stop with it. Steals `fields`; a field that is null is
 * removed. When all handlers are done the module's `settle` hears what the clocks say, with
 * `context`, whether there are policies or not. Events that were published and answers that were
 * given before are stored and sent after that: `settle` may complete their JSON. */
void module_subject_changed(struct module_calls *calls, const struct module_call *call,
                            const char *type, const char *id, json_t *fields, const char *cause,
                            void *context);

/* One clock of a subject. */
struct module_clock {
    const char *target;     /* resolution, response, … */
    const char *state;      /* running, paused, stopped, cancelled */
    int64_t deadline_us;    /* 0: it floats, since the clock is paused, or was cancelled */
    int64_t breached_at_us; /* when it was or will be as things stand; 0: not */
};

struct module_subject {
    const char *type;
    const char *id;
    const struct module_clock *clocks; /* in order of their start: the newest of a target is the
                                          last */
    uint32_t clock_count;
    void *context;     /* of module_subject_changed(); NULL: something else moved the clocks */
    const char *actor; /* who changed it; NULL: nobody but the engine */
    const char *correlation_id;
};

struct module_subjects {
    struct module_subject *items; /* one for each change */
    uint32_t count;
    int64_t now_us;
    struct arena *arena;
    struct uuid_source *ids;
    struct module_event *events; /* what module_subject_publish() gathered */
    uint32_t event_count;
    uint32_t event_capacity;
};

/* In a transaction that moved clocks, under the module's role. Rows of subjects without a context
 * must be updated with SKIP LOCKED: whoever holds one is about to settle it too. */
struct module_subject_type {
    const char *type;
    enum status (*settle)(struct module_subjects *subjects, struct pg_batch *batch,
                          struct error *ret_error);
};

/* Publishes in this transaction; steals `payload`. */
void module_subject_publish(struct module_subjects *subjects, const struct module_subject *subject,
                            const char *type, const char *aggregate_id, json_t *payload);
/* The newest clock of a target; NULL: there is none. */
const struct module_clock *module_subject_clock(const struct module_subject *subject,
                                                const char *target);

struct module_events {
    struct module_event *items; /* in publication order; none was processed before */
    uint32_t count;
    int64_t now_us;
    struct arena *arena;
};

struct module_listener {
    const char *id;                 /* stable, such as "tasks.incident_projections" */
    const char *const *event_types; /* NULL-terminated */
    /* Adds the projection's statements, run under the module's role in the listener's transaction.
     */
    enum status (*prepare)(struct module_events *events, struct pg_batch *batch,
                           struct error *ret_error);
};

/* ---- routes and queries -------------------------------------------------------------------- */

/* What a module's routes get as context. */
struct module_host;
struct module;

/* Runs a batch in one transaction under the module's role and gives the results back. The batch's
 * arena must live until then (a request's arena does). Results are freed after on_done. */
void module_query(struct module_host *host, struct pg_batch *batch,
                  void (*on_done)(void *context, struct pg_batch *batch, enum status status,
                                  const struct error *error),
                  void *context);

/* What came of a command; borrowed during on_done. */
struct module_result {
    struct uuid instance_id;
    const char *business_key;
    const json_t *variables; /* the instance's root variables, or the direct call's answer */
    bool ended;
};

/* The one function type that is named: every command of a route takes it. */
typedef void module_on_done(void *context, const struct module_result *result, enum status status,
                            const struct error *error);

/* Starts the latest version of a process. `variables` is stolen. `request` gives correlation id and
 * user. */
void module_start(struct module_host *host, struct http_request *request, const char *process_key,
                  const char *business_key, json_t *variables, module_on_done *on_done,
                  void *context);
/* Completes the open user task at `element_id` of the running instance with this business key. */
void module_complete(struct module_host *host, struct http_request *request,
                     const char *process_key, const char *business_key, const char *element_id,
                     json_t *variables, module_on_done *on_done, void *context);
/* Gives a message to the running instance with this business key. */
void module_message(struct module_host *host, struct http_request *request, const char *process_key,
                    const char *business_key, const char *message, json_t *variables,
                    module_on_done *on_done, void *context);
/* Calls a handler of this module directly, without a process, as a unit of work of its own. */
void module_run(struct module_host *host, struct http_request *request, const char *topic,
                json_t *input, module_on_done *on_done, void *context);

/* Freshness of a listener's projection: add to the batch that reads the projection (two statements
 * at most), then read with the index that was returned. The badge:
 * {"status":"GREEN|YELLOW|RED","lagMs":…}; lag is how far the projection is behind what was
 * published. New reference. */
uint32_t module_freshness_add(struct pg_batch *batch, const char *listener_id);
json_t *module_freshness(const struct pg_batch *batch, uint32_t index, int64_t now_us);
int64_t module_now_us(void);

struct module_process {
    const char *resource_name; /* "incident.bpmn" */
    const char *bytes;         /* compiled in by the build */
    const size_t *length;
};

/* A policy or calendar, stored at start-up when it is new or changed, and never over one that
 * somebody has put. */
struct module_document {
    const char *kind; /* policy, calendar */
    const char *bytes;
    const size_t *length;
};

/* Whose a changed row is, when calls of several users travel in one statement: every row that the
 * topic's statements change has in `column` what the call has: its instance_id for
 * "process_instance_id", else its text variable of the same name ("incidentId" for "incident_id").
 * Of a topic without such a row of the table, calls of different users never share a statement. */
struct module_attribution {
    const char *topic;
    const char *column;
};

struct module {
    const char *name; /* "incidents" */
    const char *schema;
    const char *role;
    const struct module_handler *handlers;
    uint32_t handler_count;
    const struct module_listener *listeners;
    uint32_t listener_count;
    const struct http_route *routes; /* handled with a struct module_host * as context */
    uint32_t route_count;
    const struct module_process *processes; /* deployed at start-up when changed */
    uint32_t process_count;
    const struct module_subject_type *subjects;
    uint32_t subject_count;
    const struct module_document *documents; /* calendars before the policies that name them */
    uint32_t document_count;
    const struct module_attribution *attributions; /* for the audit trail */
    uint32_t attribution_count;
};

/* Every module of the program; modules/modules.c. */
extern const struct module *const all_modules[];
extern const uint32_t all_module_count;

#endif
