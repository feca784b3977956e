/* What the files of this module share: the task, its states, its changes. */
#ifndef SYNERGYFLOW_TASK_H
#define SYNERGYFLOW_TASK_H

#include "engine/module.h"

enum {
    TASK_TITLE_MAX = 300,
    TASK_TEXT_MAX = 10000,
    TASK_NAME_MAX = 200,
    TASK_PAGE_DEFAULT = 20,
    TASK_PAGE_MAX = 500,
};

/* ---- states.c ---- */

/* X(name, the states that may follow) */
#define TASK_STATES(X)                      \
    X(OPEN, "IN_PROGRESS, DONE, CANCELLED") \
    X(IN_PROGRESS, "OPEN, DONE, CANCELLED") \
    X(DONE, "")                             \
    X(CANCELLED, "")

extern const char task_states_open[];
/* STATUS_INVALID with the list of states. */
MUST_CHECK enum status task_state_check(const char *text, struct error *ret_error);
/* The states from which `to` may follow, `to` among them; `to` has been checked. */
const char *task_states_before(struct arena *arena, const char *to);
/* The states that may follow `from`, as a comma list; "" when it is final or unknown. */
const char *task_states_after(const char *from);

/* ---- fields.c ---- */

/* NULL leaves a field as it is, "" clears it. */
struct task_fields {
    const char *title;
    const char *description;
    const char *status;
    const char *assigned_to;
    const char *incident_id; /* only when created */
};

/* Reads and checks; texts are borrowed from `object`. */
MUST_CHECK enum status task_fields_read(const json_t *object, struct task_fields *ret_fields,
                                        struct error *ret_error);
extern const char *const task_create_fields[];
extern const char *const task_change_fields[];

/* ---- row.c ---- */

/* Every column, from alias t. */
#define TASK_COLUMNS                                                                           \
    "t.task_id, t.title, t.description, t.status, t.assigned_to, t.incident_id, t.created_at," \
    " t.updated_at, t.completed_at, t.version"

json_t *task_json(const struct pg_result *result, uint32_t row, uint32_t column);
void task_publish(struct module_calls *calls, const struct module_call *call, const char *type,
                  const json_t *task);

/* ---- handlers ---- */

enum { TASK_HANDLERS = 3 };
extern const struct module_handler task_handlers[TASK_HANDLERS];
enum status task_create_prepare(struct module_calls *calls, struct pg_batch *batch,
                                struct error *ret_error);
enum status task_create_finish(struct module_calls *calls, struct pg_batch *batch,
                               struct error *ret_error);

/* ---- listener and routes ---- */

enum { TASK_LISTENERS = 1 };
extern const struct module_listener task_listeners[TASK_LISTENERS];
#define TASK_INCIDENTS_LISTENER "tasks.incident_projections"

void task_route_list(void *context, struct http_request *request);
void task_route_get(void *context, struct http_request *request);
void task_route_create(void *context, struct http_request *request);
void task_route_change(void *context, struct http_request *request);

#endif
