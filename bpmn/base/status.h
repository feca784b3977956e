/* Status codes and the one error record that every layer fills or prefixes.
 *
 * A function that can fail returns `enum status` and takes `struct error *ret_error` last (it may
 * not be NULL). On STATUS_OK the error is untouched. Only the edge (HTTP answer, CLI, log line)
 * prints an error, once. */
#ifndef SYNERGYFLOW_BASE_STATUS_H
#define SYNERGYFLOW_BASE_STATUS_H

#include "bpmn/base/check.h"

#include <stdint.h>

/* X(name, HTTP status, title as Flowable's `message` field has it) */
#define STATUS_CODES(X)                                                                       \
    X(OK, 200, "OK")                                                                          \
    X(INVALID, 400, "Bad request") /* the caller's input is wrong */                          \
    X(FORBIDDEN, 403, "Forbidden") /* e.g. another worker holds the lock */                   \
    X(NOT_FOUND, 404, "Not found") /* no such object */                                       \
    X(METHOD_NOT_ALLOWED, 405, "Method not allowed")                                          \
    X(CONFLICT, 409, "Conflict")           /* the object is in another state than expected */ \
    X(STALE, 412, "Precondition failed")   /* If-Match named a version that has gone */       \
    X(TOO_LARGE, 413, "Content too large") /* a limit in engine/limits.h or the reader */     \
    X(UNSUPPORTED_MEDIA, 415, "Content is not supported")                                     \
    X(FAILED, 500, "Internal server error")    /* a handler or an expression failed */        \
    X(INTERNAL, 500, "Internal server error")  /* the engine's own fault */                   \
    X(BUSY, 503, "Service unavailable")        /* bounded admission: try again later */       \
    X(UNAVAILABLE, 503, "Service unavailable") /* the database cannot be reached */           \
    X(TIMEOUT, 504, "Gateway timeout")

enum status {
#define STATUS_ENUM(name, http, title) STATUS_##name,
    STATUS_CODES(STATUS_ENUM)
#undef STATUS_ENUM
};

enum { ERROR_MESSAGE_MAX = 768, ERROR_FIELD_MAX = 128, ERROR_ELEMENT_MAX = 256 };

struct error {
    enum status status;
    char message[ERROR_MESSAGE_MAX];    /* a sentence: what was expected, what was found */
    char field[ERROR_FIELD_MAX];        /* input field at fault, "" when none */
    char element_id[ERROR_ELEMENT_MAX]; /* BPMN element at fault, "" when none */
    int line;                           /* 1-based line in the model file, 0 when none */
    int column;                         /* 1-based column, 0 when none */
    int64_t current_version; /* of what was found, where another was expected; 0 when none */
};

/* HTTP status of a code, its title, and its name such as "NOT_FOUND". */
int status_http(enum status status);
const char *status_title(enum status status);
const char *status_name(enum status status);

/* Resets to "no error". */
void error_clear(struct error *error);

/* Fills `error` from scratch (other fields cleared) and returns `status`. Too long a message is cut
 * at a UTF-8 character boundary. */
enum status error_set(struct error *error, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The same with the input field at fault. */
enum status error_set_field(struct error *error, enum status status, const char *field,
                            const char *format, ...) PRINTF_LIKE(4, 5);

/* Adds where in a model the fault lies; `element_id` may be NULL. Returns error->status. */
enum status error_at(struct error *error, const char *element_id, int line, int column);

/* Puts "prefix: " before the message. Returns error->status. */
enum status error_prefix(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
