/* Set-based handlers from a table: the fields that a topic reads, one statement for all its calls,
 * and what becomes of each row.
 *
 * Route of an operation: every call's fields are checked and put into arrays ($1, $2, … in the
 * order of `fields`, then $n the time); the statement unnests them WITH ORDINALITY and gives one
 * row a call, in that order. Its first column is NULL, or a word that says why the call is refused;
 * the second may say what was found; the others are the object as it is now, by `columns`. What was
 * not refused is published and answered.
 *
 * Calls about the same object (its key is the first field) run in rounds, one statement each,
 * after a statement that locks the rows of all of them in order; nearly always there is one. */
#ifndef SYNERGYFLOW_MODULE_OPERATION_H
#define SYNERGYFLOW_MODULE_OPERATION_H

#include "bpmn/base/status.h"
#include "engine/pg/batch.h"

#include <jansson.h>

struct http_request;
struct module_call;
struct module_calls;
struct module_host;

/* The type of a field's array is in brackets; a field that is not given is a NULL in it. */
enum operation_field_kind {
    OPERATION_TEXT,     /* [text] at most `maximum` characters; "" clears the field */
    OPERATION_ID,       /* [text] a name that can stand in an address */
    OPERATION_NAME,     /* [text] one of `names` */
    OPERATION_NUMBER,   /* [bigint] from `minimum` to `maximum` */
    OPERATION_FLAG,     /* [boolean] */
    OPERATION_INSTANT,  /* [text] an ISO 8601 instant, or "" which clears it */
    OPERATION_DURATION, /* [text] an ISO 8601 duration of weeks, days and time, `minimum` seconds
                           or more */
    OPERATION_LIST,     /* [jsonb] an array of 1 to `maximum` names as OPERATION_ID */
    OPERATION_USER,     /* [text] not read: who asked, "engine" when nobody did */
    OPERATION_INSTANCE, /* [uuid] not read: the process instance */
};

struct operation_field {
    const char *name; /* in the input; "change.name": of its object `change` */
    enum operation_field_kind kind;
    bool required; /* and filled */
    bool filled;   /* of texts: not blank where it is given */
    int64_t minimum;
    int64_t maximum;
    const char *const *names; /* NULL-terminated */
};

/* What a column holds, which is how JSON shows it. */
enum operation_column_kind {
    COLUMN_TEXT,
    COLUMN_NUMBER,
    COLUMN_FLOAT,
    COLUMN_FLAG,
    COLUMN_INSTANT,
    COLUMN_JSON, /* json or jsonb */
};

struct operation_column {
    const char *name;
    enum operation_column_kind kind;
};

struct operation_object {
    const struct operation_column *columns;
    uint32_t column_count;
    const char *const *facts; /* what events carry, NULL-terminated; the first is the aggregate */
};

struct operation {
    const char *topic;
    const struct operation_field *fields;
    uint32_t field_count;
    const struct pg_statement *lock; /* $1 text[]: the keys. NULL: every call is about its own */
    const struct pg_statement *statement;
    const struct operation_object *object;
    const char *event; /* NULL: none */
    /* Which event instead, by what the row's second column says; NULL when there is but one. */
    const char *(*event_of)(const char *found);
    /* Further checks of a call whose fields are right one by one; NULL when there are none. */
    enum status (*check)(const struct module_call *call, struct error *ret_error);
    /* The sentence for a refused call: `why` and `found` are the row's first columns. */
    enum status (*refuse)(const struct module_call *call, const char *why, const char *found,
                          struct error *ret_error);
    /* What a process gets; NULL: nothing. A direct call gets the object. New reference. */
    json_t *(*answer)(struct module_calls *calls, struct module_call *call, const json_t *object);
};

/* For module_handler: the operation of the table (NULL-terminated) whose topic the calls have. */
enum status operation_prepare(const struct operation *const *operations, struct module_calls *calls,
                              struct pg_batch *batch);
enum status operation_finish(const struct operation *const *operations, struct module_calls *calls,
                             struct pg_batch *batch);

/* Checks the fields of an input as the handler will: for routes, before a command is made.
 * STATUS_INVALID names the field. */
MUST_CHECK enum status operation_check(const struct operation *operation, const json_t *input,
                                       struct error *ret_error);
/* A row as JSON, from `first` on. New reference. */
json_t *operation_json(const struct operation_object *object, const struct pg_result *result,
                       uint32_t row, uint32_t first);
/* A field of a call's input; a "change.name" too. NULL when it is not given. Borrowed. */
const json_t *operation_input(const json_t *input, const char *name);
/* The same where it is a text, else "". */
const char *operation_text(const json_t *input, const char *name);

/* ---- routes that are an operation, or read its object ---- */

/* The input of an operation from a request: the body's fields (in `change` where the operation has
 * such), the path's parameter of that name (may be NULL), and If-Match as expectedVersion. Fields
 * that the operation does not read are refused, and an empty body. The caller owns *ret_input, also
 * after a failure (it may be NULL). */
MUST_CHECK enum status operation_input_read(struct http_request *request,
                                            const struct operation *operation,
                                            const char *parameter, json_t **ret_input,
                                            struct error *ret_error);
/* Runs it and answers with the object and its ETag; steals `input`. A 201 has the Location
 * `collection`/id, the id being the object's first fact. */
void operation_serve(struct module_host *host, struct http_request *request,
                     const struct operation *operation, json_t *input, int http_status,
                     const char *collection);

/* What a route reads by one key. */
struct operation_read {
    const struct pg_statement *statement; /* $1 text: the key */
    const struct operation_object *object;
    const char *key;  /* the field that a 404 names */
    const char *what; /* "a user" */
    bool shows_more;  /* than its version tells of: no 304 */
};

/* Answers with the object and its ETag, or 404. */
void operation_reply(struct module_host *host, struct http_request *request,
                     const struct operation_read *read, const char *key, int http_status,
                     const char *collection);

#endif
