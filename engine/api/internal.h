/* What the files of the API share: queries, rows as JSON, commands, variables. */
#ifndef SYNERGYFLOW_API_INTERNAL_H
#define SYNERGYFLOW_API_INTERNAL_H

#include "engine/api/api.h"

struct api_operation;

enum { API_QUERY_TIMEOUT_MS = 10000 };

/* ---- queries (query.c) --------------------------------------------------------------------- */

/* A batch on behalf of a request; in the request's arena. A failure is answered here. */
struct api_query {
    const struct api_settings *api;
    struct http_request *request;
    struct pg_batch *batch;
    void (*on_rows)(struct api_query *query); /* must answer, or go on waiting */
    /* the noun's own: what it is about, for sentences and the next step */
    const char *subject;
    void *state;
    struct api_operation *operation; /* let go of when the query fails; NULL: none */
};

struct api_query *api_query_new(const struct api_settings *api, struct http_request *request,
                                void (*on_rows)(struct api_query *query));
struct pg_call *api_query_add(struct api_query *query, const struct pg_statement *statement);
const struct pg_result *api_query_rows(const struct api_query *query, uint32_t index);
void api_query_run(struct api_query *query);
/* A fresh batch for a second round; the first one's results stay until on_rows returns. */
void api_query_again(struct api_query *query, void (*on_rows)(struct api_query *query));

/* Answers with an error made on the spot. */
void api_refuse(struct http_request *request, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);
void api_refuse_field(struct http_request *request, const char *field, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* A path parameter that must be a UUID: anything else names nothing, which is a 404 with Flowable's
 * sentence ("Could not find a task with id '444'."); false when that was answered. */
bool api_id(struct http_request *request, const char *param, const char *noun, struct uuid *ret_id);
void api_not_found(struct http_request *request, const char *noun, const char *id);
/* A query parameter that is true or false; false when it was refused (answered). */
bool api_flag(struct http_request *request, const char *name, bool absent, bool *ret_value);

/* ---- rows as JSON (row.c) ------------------------------------------------------------------ */

struct api_row {
    const struct api_settings *api;
    struct http_request *request;
    const struct pg_result *rows;
    uint32_t row;
};

void row_text(const struct api_row *row, json_t *object, const char *name, uint32_t column);
void row_int(const struct api_row *row, json_t *object, const char *name, uint32_t column);
void row_bool(const struct api_row *row, json_t *object, const char *name, uint32_t column);
void row_time(const struct api_row *row, json_t *object, const char *name, uint32_t column);
/* Milliseconds from one timestamp column to another; null unless both are there. */
void row_duration(const struct api_row *row, json_t *object, const char *name, uint32_t from,
                  uint32_t to);
/* `name`: base URL, path, and the column's id; null when the column is. */
void row_url(const struct api_row *row, json_t *object, const char *name, const char *path,
             uint32_t column);
json_t *row_json(const struct api_row *row, uint32_t column); /* of a jsonb column; new reference */

json_t *api_time(int64_t at_us);
/* Base URL, path, the id percent-encoded, suffix; in the request's arena. */
const char *api_url(struct http_request *request, const char *path, const char *id,
                    const char *suffix);
void json_put(json_t *object, const char *name, json_t *value);         /* steals */
void json_put_text(json_t *object, const char *name, const char *text); /* NULL gives null */

/* ---- lists (list.c) ------------------------------------------------------------------------ */

enum list_kind {
    LIST_TEXT, /* '?' in the fragment stands for the parameter */
    LIST_LIKE, /* a pattern with % and _ */
    LIST_UUID, /* a text that is no UUID matches nothing */
    LIST_INT,
    LIST_TIME,
    LIST_FLAG,      /* true: sql, false: sql_false */
    LIST_TEXTS,     /* comma list, or an array in a body: = ANY(?) */
    LIST_VARIABLES, /* in a body: [{name, value, operation}], '?' is {"name":value} */
    LIST_INCLUDE,   /* true: adds the list's include column */
    LIST_SWITCH,    /* true: drops the `also` conditions */
};

struct list_filter {
    const char *name;
    enum list_kind kind;
    const char *sql;
    const char *sql_false; /* LIST_FLAG; NULL adds nothing */
    const char *also;      /* one more condition, unless a LIST_SWITCH is true */
};

struct list_sort {
    const char *name;
    const char *sql;
};

/* A list as a table: what a file has to say about its noun. */
struct list {
    const char *columns;
    const char *include; /* the last column when a LIST_INCLUDE is true, else NULL::jsonb */
    const char *from;
    const char *where;
    const char *tie; /* last sort key: makes the order total */
    const struct list_filter *filters;
    uint32_t filter_count;
    const struct list_sort *sorts; /* the first is the default */
    uint32_t sort_count;
    json_t *(*represent)(const struct api_row *row);
    const char *noun; /* "a task", for 404s */
};

enum { LIST_SIZE_DEFAULT = 10, LIST_SIZE_MAX = 10000, LIST_BOUND_MAX = 48 };

/* GET with a query, and POST /query/… with the same names in a JSON object. */
void list_answer(const struct api_settings *api, struct http_request *request,
                 const struct list *list);
void list_answer_body(const struct api_settings *api, struct http_request *request,
                      const struct list *list);
/* One row by a text or uuid condition such as "t.id = $1"; 404 when there is none. */
void list_answer_one(const struct api_settings *api, struct http_request *request,
                     const struct list *list, const char *condition, const struct uuid *id);
void list_answer_one_text(const struct api_settings *api, struct http_request *request,
                          const struct list *list, const char *condition, const char *id);
/* The statement behind these, for answers after a change. `condition` uses $1. */
struct pg_statement list_one_statement(struct arena *arena, const struct list *list,
                                       const char *condition, bool include);

/* list_input.c: what was asked for, checked. */
struct list_bound {
    enum list_kind kind;
    const char *text;
    int64_t number; /* also times */
    struct uuid id;
    const char **texts;
    uint32_t text_count;
};

struct list_asked {
    const struct list *list;
    struct arena *arena;
    struct list_bound bound[LIST_BOUND_MAX];
    uint32_t bound_count;
    const char **conditions;
    uint32_t condition_count;
    const struct list_sort *sort;
    bool descending;
    bool include;
    bool switched;
    int64_t start;
    int64_t size;
};

MUST_CHECK enum status list_read_query(struct list_asked *asked, struct http_request *request,
                                       struct error *ret_error);
MUST_CHECK enum status list_read_body(struct list_asked *asked, const json_t *body,
                                      struct error *ret_error);

/* ---- commands (operation.c) ---------------------------------------------------------------- */

/* A command on behalf of a request; in the request's arena. */
struct api_operation {
    struct command command;
    const struct api_settings *api;
    struct http_request *request;
    json_t *body;                                     /* owned */
    json_t *variables;                                /* owned; the command borrows it */
    json_t *value;                                    /* likewise */
    void (*on_done)(struct api_operation *operation); /* after COMMIT; must answer */
    /* Another answer than the error itself; NULL when not needed. */
    void (*on_failed)(struct api_operation *operation, const struct error *error);
    bool flag;  /* the noun's own */
    void *noun; /* likewise */
};

struct api_operation *api_operation_new(const struct api_settings *api,
                                        struct http_request *request);
/* Reads the body as an object with `known` fields only; answers and gives false otherwise. */
bool api_operation_body(struct api_operation *operation, bool allow_empty,
                        const char *const *known);
/* `field` of the body, an array of variable objects, becomes the command's variables. */
bool api_operation_variables(struct api_operation *operation, const char *field);
/* More of them from another field; a name that both have is refused. */
bool api_operation_more_variables(struct api_operation *operation, const char *field);
/* Fields of Flowable's that carry a meaning which is not supported: refused unless null or empty.
 */
bool api_operation_unsupported(struct api_operation *operation, const char *const *fields);
/* Answers with the error and lets go of the operation. */
void api_operation_fail(struct api_operation *operation, const struct error *error);
/* Lets go of what it owns; before or after the answer. */
void api_operation_clear(struct api_operation *operation);
void api_operation_submit(struct api_operation *operation);
/* Reads a change-state body ({cancelActivityIds, startActivityIds}) and submits; the address and
 * the target are set. `execution` (NULL: none named) is cancelled when no activity is. */
void api_change_state(struct api_operation *operation, const char *execution);
/* on_done for plain answers. */
void api_operation_no_content(struct api_operation *operation); /* 204 */
void api_operation_ok(struct api_operation *operation);         /* 200, empty */

/* on_failed: 404 or 409 with what became of the target (explain.c). */
void api_operation_explain_instance(struct api_operation *operation, const struct error *error);
void api_operation_explain_task(struct api_operation *operation, const struct error *error);
/* 409 from a row of (3 completed or 4 cancelled, ended_at, delete_reason). */
void api_refuse_ended(struct http_request *request, const char *word, const char *id,
                      const struct pg_result *rows);

/* ---- many commands (fan.c) ------------------------------------------------------------------ */

enum { API_FAN_PAGE = 1000 };

/* Commands for many instances on behalf of one request, a page at a time, a bounded number of them
 * under way at once. In the request's arena; pages have arenas of their own. */
struct api_fan {
    const struct api_settings *api;
    struct http_request *request;
    /* Reads the next page: adds commands with api_fan_add() and calls api_fan_go() then. */
    void (*more)(struct api_fan *fan);
    void (*on_done)(struct api_fan *fan); /* must answer */
    void *state;                          /* the noun's own */
    struct api_operation *operation;      /* let go of when the fan fails; NULL: none */
    bool is_last;                         /* set by `more`: there is no further page */
    uint64_t done;                        /* commands that were carried out … */
    uint64_t missed;                      /* … whose target was gone or closed meanwhile … */
    uint64_t failed;                      /* … that failed, the first one with `error` */
    struct error error;
    /* private */
    struct arena *page;
    struct fan_item *first;
    struct fan_item **tail;
    uint32_t in_flight;
};

struct api_fan *api_fan_new(const struct api_settings *api, struct http_request *request);
/* Where the commands' texts and the page's query may live. */
struct arena *api_fan_arena(struct api_fan *fan);
/* A zeroed command with user and correlation id set; `on_done` is the fan's. */
struct command *api_fan_add(struct api_fan *fan);
void api_fan_go(struct api_fan *fan);
/* Begins with the first page. */
void api_fan_run(struct api_fan *fan);
/* Ends the request with an error instead of the next page. */
void api_fan_fail(struct api_fan *fan, const struct error *error);

/* Rows of (job id, instance id, due time): whoever runs jobs is told. */
void api_jobs_added(const struct api_settings *api, const struct pg_result *rows);

/* ---- variables (variable.c) ---------------------------------------------------------------- */

/* Flowable's variable object; `scope` NULL leaves it out. */
json_t *api_variable(const char *name, const json_t *value, const char *scope);
/* All members of an object as an array of variable objects; NULL gives an empty one. */
json_t *api_variables(const json_t *variables, const char *scope);
/* The other way: an array of variable objects → an object. Names `field` in errors. */
MUST_CHECK enum status api_variables_read(const json_t *array, const char *field,
                                          json_t **ret_variables, struct error *ret_error);
/* Either form: an array of variable objects, or an object of names and values. NULL, null: none. */
MUST_CHECK enum status api_variables_any(const json_t *value, const char *field,
                                         json_t **ret_variables, struct error *ret_error);
/* One variable object. */
MUST_CHECK enum status api_variable_read(const json_t *object, const char *field, json_t *variables,
                                         struct error *ret_error);

/* SQL: the variables of the nested scopes around row `alias` (instance_id, execution_id), outermost
 * first, as one jsonb array; NULL when it is in the root scope. */
#define API_SCOPE_VARIABLES(alias)                                                             \
    "(WITH RECURSIVE around AS ("                                                              \
    "SELECT s.parent_scope_id, s.variables, 0 AS depth FROM synergyflow_workflows.scope s"     \
    " WHERE s.instance_id = " alias ".instance_id AND s.state @> jsonb_build_object('tokens'," \
    " jsonb_build_array(jsonb_build_object('id', " alias ".execution_id::text)))"              \
    " UNION ALL SELECT p.parent_scope_id, p.variables, a.depth + 1 FROM around a"              \
    " JOIN synergyflow_workflows.scope p ON p.id = a.parent_scope_id)"                         \
    " SELECT jsonb_agg(variables ORDER BY depth DESC) FROM around)"
/* Both columns merged: the nearest scope wins. New reference. */
json_t *api_visible_variables(const struct api_row *row, uint32_t root, uint32_t scopes);

/* SQL: the instance that execution $1 (itself, a token or a scope) belongs to; NULL when there is
 * none. What waits by name is found by an index, other tokens by going through the states. */
#define API_EXECUTION_INSTANCE                                                       \
    "coalesce((SELECT id FROM synergyflow_workflows.process_instance"                \
    "   WHERE id = $1 AND status < 3),"                                              \
    " (SELECT instance_id FROM synergyflow_workflows.event_subscription"             \
    "   WHERE execution_id = $1 LIMIT 1),"                                           \
    " (SELECT instance_id FROM synergyflow_workflows.scope WHERE id = $1),"          \
    " (SELECT i.id FROM synergyflow_workflows.process_instance i WHERE i.status < 3" \
    "   AND i.state @> jsonb_build_object('tokens', jsonb_build_array("              \
    "   jsonb_build_object('id', $1::uuid::text))) LIMIT 1),"                        \
    " (SELECT s.instance_id FROM synergyflow_workflows.scope s"                      \
    "   WHERE s.state @> jsonb_build_object('tokens', jsonb_build_array("            \
    "   jsonb_build_object('id', $1::uuid::text))) LIMIT 1))"

/* ---- routes of the nouns ------------------------------------------------------------------- */

struct api_routes {
    const struct http_route *routes;
    uint32_t count;
};

extern const struct api_routes deployment_routes;
extern const struct api_routes deployment_resource_routes;
extern const struct api_routes deployment_delete_routes;
extern const struct api_routes process_definition_routes;
extern const struct api_routes process_definition_action_routes;
extern const struct api_routes process_instance_routes;
extern const struct api_routes process_start_routes;
extern const struct api_routes process_action_routes;
extern const struct api_routes scope_variable_routes;
extern const struct api_routes signal_routes;
extern const struct api_routes condition_routes;
extern const struct api_routes message_routes;
extern const struct api_routes message_buffer_routes;
extern const struct list task_list;
extern const struct api_routes task_routes;
extern const struct api_routes task_action_routes;
extern const struct api_routes execution_routes;
extern const struct api_routes event_subscription_routes;
extern const struct api_routes operator_action_routes;
extern const struct api_routes timer_action_routes;
extern const struct api_routes execution_action_routes;
extern const struct api_routes job_routes;
extern const struct api_routes job_action_routes;
extern const struct api_routes job_dead_routes;
extern const struct api_routes historic_process_instance_routes;
extern const struct api_routes historic_activity_instance_routes;
extern const struct api_routes historic_variable_instance_routes;
extern const struct api_routes historic_task_instance_routes;
extern const struct api_routes external_job_routes;
extern const struct api_routes external_job_action_routes;
extern const struct api_routes external_job_bulk_routes;
extern const struct api_routes engine_routes;

#endif
