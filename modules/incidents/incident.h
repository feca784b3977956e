/* What the files of this module share: the incident, its states, its targets and its changes. */
#ifndef SYNERGYFLOW_INCIDENT_H
#define SYNERGYFLOW_INCIDENT_H

#include "engine/module.h"

enum {
    INCIDENT_TITLE_MAX = 200,
    INCIDENT_TEXT_MAX = 10000,
    INCIDENT_NAME_MAX = 200, /* users, groups, categories */
    INCIDENT_PRIORITIES = 5,
    INCIDENT_REASON_MAX = 1000,
    INCIDENT_WORKLOGS_SHOWN = 500, /* with the incident itself; the list has all */
    INCIDENT_WATCHERS_MAX = 200,   /* of one incident */
};

/* ---- states.c: New → In Progress ↔ On Hold → Resolved → Closed, Cancelled ---- */

/* X(name, the states that may follow) */
#define INCIDENT_STATES(X)                         \
    X(NEW, "IN_PROGRESS, RESOLVED, CANCELLED")     \
    X(IN_PROGRESS, "ON_HOLD, RESOLVED, CANCELLED") \
    X(ON_HOLD, "IN_PROGRESS, RESOLVED, CANCELLED") \
    X(RESOLVED, "IN_PROGRESS, CLOSED")             \
    X(CLOSED, "")                                  \
    X(CANCELLED, "")

enum incident_state {
#define INCIDENT_STATE_ENUM(name, next) INCIDENT_##name,
    INCIDENT_STATES(INCIDENT_STATE_ENUM)
#undef INCIDENT_STATE_ENUM
        INCIDENT_STATE_COUNT,
};

const char *incident_state_name(enum incident_state state);
/* STATUS_INVALID with the list of states. */
MUST_CHECK enum status incident_state_parse(const char *text, const char *field,
                                            enum incident_state *ret_state,
                                            struct error *ret_error);
/* STATUS_CONFLICT that names the states that may follow. */
MUST_CHECK enum status incident_state_check(const char *incident_id, enum incident_state from,
                                            enum incident_state to, struct error *ret_error);
/* The states from which `to` may follow, as a comma list in `arena`; a state may follow itself. */
const char *incident_states_before(struct arena *arena, enum incident_state to);
/* All states in which fields may change. */
extern const char incident_states_open[];

/* ---- sla.c ---- */

/* CRITICAL, HIGH, MEDIUM, LOW, PLANNING. */
const char *incident_priority_name(int64_t priority);
/* STATUS_INVALID with the list of priorities. */
MUST_CHECK enum status incident_priority_parse(const char *text, int64_t *ret_priority,
                                               struct error *ret_error);
/* As an ISO 8601 duration in seconds, in `arena`. */
const char *incident_target_text(struct arena *arena, int64_t target_us);
extern const char incident_close_after[];

/* ---- fields.c: what callers give ---- */

/* Of an incident that is opened, or of a change: NULL and 0 leave a field as it is, "" clears it.
 */
struct incident_fields {
    const char *title;
    const char *description;
    const char *category;
    const char *caller;
    const char *assignment_group;
    const char *assigned_to;
    const char *hold_reason;
    const char *resolution;
    const char *subcategory;
    const char *service;
    const char *parent_id;
    const char *is_major; /* "true", "false" */
    int64_t impact;
    int64_t urgency;
    const char *priority;        /* NULL: from impact and urgency, by the matrix */
    const char *priority_reason; /* why it is another than the matrix says */
    int64_t target_us; /* to resolve, instead of what the policy says; 0: as the policy says */
    const char *close_after;
};

/* Reads and checks the fields for opening; unknown ones are left alone here (a process has other
 * variables too). Texts are borrowed from `object`. */
MUST_CHECK enum status incident_fields_open(const json_t *object,
                                            struct incident_fields *ret_fields,
                                            struct error *ret_error);
MUST_CHECK enum status incident_fields_change(const json_t *object,
                                              struct incident_fields *ret_fields,
                                              struct error *ret_error);
/* The names a caller may use, NULL-terminated. */
extern const char *const incident_open_fields[];
extern const char *const incident_change_fields[];
extern const char *const incident_hold_reasons[];

/* ---- refusal.c: what the database found wrong ---- */

/* The default of the matrix, in SQL: of "impact" and "urgency" with this alias. */
#define INCIDENT_DEFAULT_PRIORITY(impact, urgency) \
    "('{CRITICAL,HIGH,MEDIUM,LOW,PLANNING}'::text[])[" impact " + " urgency " - 1]"

/* The sentence of a `refusal` column of open.c and change.c. */
void incident_refusal(const char *refusal, const char *incident_id, const char *parent_id,
                      const char *matrix_priority, struct error *ret_error);

/* ---- row.c: an incident as stored, as answered, as published ---- */

/* Every column, from alias t. */
#define INCIDENT_COLUMNS                                                                        \
    "t.incident_id, t.title, t.description, t.status, t.priority, t.impact, t.urgency,"         \
    " t.category, t.caller, t.assignment_group, t.assigned_to, t.hold_reason, t.resolution,"    \
    " t.sla_deadline, t.escalation_level, t.reopen_count, t.process_instance_id, t.created_at," \
    " t.updated_at, t.resolved_at, t.closed_at, t.version, t.subcategory, t.service,"           \
    " t.priority_reason, t.parent_id, t.is_major, t.reassignment_count"

/* The JSON of a row whose columns begin at `column`. New reference. */
json_t *incident_json(const struct pg_result *result, uint32_t row, uint32_t column);
/* Publishes `type` with this incident's facts as they are now; the payload is borrowed until the
 * incident is settled. */
json_t *incident_publish(struct module_calls *calls, const struct module_call *call,
                         const char *type, const json_t *incident, const char *extra_name,
                         json_t *extra);

/* ---- subject.c: the incident as a subject of SLA clocks ---- */

#define INCIDENT_SUBJECT    "incident"
#define INCIDENT_RESOLUTION "resolution" /* the target whose deadline is the incident's */

/* Tells the clocks what the incident is now. `payload` (of its event) and `answer` (NULL: none;
 * what the call returns) get the deadline that comes of it. */
void incident_changed(struct module_calls *calls, const struct module_call *call,
                      const json_t *incident, int64_t target_us, json_t *payload, json_t *answer);
enum status incident_settle(struct module_subjects *subjects, struct pg_batch *batch,
                            struct error *ret_error);

/* ---- change.c: every change of stored incidents ---- */

struct incident_change {
    const char *incident_id; /* "" while the call is refused */
    const char *status;      /* NULL: stays */
    const char *allowed_from;
    struct incident_fields fields;
    int64_t escalation; /* percent of the target, 0: none */
    bool reopen;
    int64_t expected_version; /* -1: any */
    const char *worklog;      /* NULL: none */

    /* the answer, after incident_changes_read() */
    json_t *incident; /* owned; NULL when refused */
    uint32_t round;
    uint32_t index;
};

/* Adds the statements. Each call's state is its struct incident_change; refused calls are skipped.
 */
void incident_changes_add(struct module_calls *calls, struct pg_batch *batch);
/* Fills in `incident`, or refuses the call with a sentence. */
void incident_changes_read(struct module_calls *calls, struct pg_batch *batch);

/* ---- handlers ---- */

enum { INCIDENT_HANDLERS = 8 };
extern const struct module_handler incident_handlers[INCIDENT_HANDLERS];
/* open.c and comment.c */
enum status incident_open_prepare(struct module_calls *calls, struct pg_batch *batch,
                                  struct error *ret_error);
enum status incident_open_finish(struct module_calls *calls, struct pg_batch *batch,
                                 struct error *ret_error);
enum status incident_comment_prepare(struct module_calls *calls, struct pg_batch *batch,
                                     struct error *ret_error);
enum status incident_comment_finish(struct module_calls *calls, struct pg_batch *batch,
                                    struct error *ret_error);

/* ---- listener and routes ---- */

enum { INCIDENT_LISTENERS = 1 };
extern const struct module_listener incident_listeners[INCIDENT_LISTENERS];
#define INCIDENT_TASKS_LISTENER "incidents.task_projections"

void incident_route_list(void *context, struct http_request *request);
void incident_route_get(void *context, struct http_request *request);
void incident_route_open(void *context, struct http_request *request);
void incident_route_change(void *context, struct http_request *request);
void incident_route_comments(void *context, struct http_request *request);
void incident_route_comment(void *context, struct http_request *request);
/* Reads the incident and answers with it. */
void incident_reply(struct module_host *host, struct http_request *request, const char *incident_id,
                    int status);

#endif
