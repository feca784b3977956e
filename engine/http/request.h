/* One HTTP request and its answer, as routes see them.
 *
 * A route gets the whole request (body read, within limits) and answers exactly once, at once or
 * later; until then the request and its arena stay, even if the client has gone. After the answer
 * the request must not be touched. */
#ifndef SYNERGYFLOW_HTTP_REQUEST_H
#define SYNERGYFLOW_HTTP_REQUEST_H

#include "bpmn/base/arena.h"
#include "bpmn/base/status.h"

#include <jansson.h>
#include <stdint.h>

enum http_method {
    HTTP_GET_METHOD,
    HTTP_POST_METHOD,
    HTTP_PUT_METHOD,
    HTTP_PATCH_METHOD,
    HTTP_DELETE_METHOD
};

struct http_request;

/* The request's arena: freed after the answer has been sent. */
struct arena *http_arena(struct http_request *request);
const char *http_path(const struct http_request *request); /* decoded, without the query */
/* "http://host:port" as the client named us, for `url` fields. */
const char *http_base_url(struct http_request *request);
bool http_is_read(const struct http_request *request); /* GET, or HEAD answered as one */
/* A {name} of the route's pattern, decoded; the program's fault if the pattern has none. */
const char *http_param(const struct http_request *request, const char *name);
/* A query parameter, decoded; NULL when absent. Empty names and bad escapes were refused before. */
const char *http_query(const struct http_request *request, const char *name);
/* The n-th query parameter, for unknown-parameter checks; false past the last. */
bool http_query_at(const struct http_request *request, uint32_t index, const char **ret_name,
                   const char **ret_value);
/* A header by lower-case name, the first of several; NULL when absent. */
const char *http_header(const struct http_request *request, const char *name);
const char *http_body(const struct http_request *request, size_t *ret_length);
/* From X-Correlation-Id when it is a sane token, else made here; goes into logs, events, answers.
 */
const char *http_correlation_id(const struct http_request *request);
/* The user name of HTTP Basic credentials (not verified yet), NULL when absent. */
const char *http_user(const struct http_request *request);

/* Parses the body as a JSON object (UTF-8, depth and size limited). An empty body gives an empty
 * object if `allow_empty`. The caller owns *ret_object. Errors name line and column. A body whose
 * Content-Type says that it is no JSON gives STATUS_UNSUPPORTED_MEDIA. */
MUST_CHECK enum status http_json_object(struct http_request *request, bool allow_empty,
                                        json_t **ret_object, struct error *ret_error);

/* Fields of a JSON object: absent or null gives `absent` (NULL, or the number given). A wrong type
 * is STATUS_INVALID that names the field, what was expected and what was found. */
MUST_CHECK enum status json_field_text(const json_t *object, const char *name,
                                       const char **ret_text, struct error *ret_error);
MUST_CHECK enum status json_field_required_text(const json_t *object, const char *name,
                                                const char **ret_text, struct error *ret_error);
MUST_CHECK enum status json_field_int(const json_t *object, const char *name, int64_t absent,
                                      int64_t minimum, int64_t maximum, int64_t *ret_value,
                                      struct error *ret_error);
MUST_CHECK enum status json_field_bool(const json_t *object, const char *name, bool absent,
                                       bool *ret_value, struct error *ret_error);
/* Refuses fields that are not in `known` (NULL-terminated), naming the field and the known ones. */
MUST_CHECK enum status json_only_fields(const json_t *object, const char *const *known,
                                        struct error *ret_error);

/* One part of a multipart/form-data body; pointers borrow from the body or the arena. */
struct http_part {
    const char *name;
    const char *file_name; /* NULL when it is not a file */
    const char *content_type;
    const char *bytes;
    size_t length;
};
/* Splits the body; STATUS_UNSUPPORTED_MEDIA unless it is multipart/form-data, STATUS_INVALID when
 * it is malformed or has more than HTTP_PARTS_MAX parts. */
enum { HTTP_PARTS_MAX = 64 };
MUST_CHECK enum status http_multipart(struct http_request *request, struct http_part **ret_parts,
                                      uint32_t *ret_count, struct error *ret_error);

/* For answers that take their time: fires once, from the loop, when the client has closed its
 * connection or its sending side before it was answered. The route may answer in it, and must
 * answer all the same. Not called when the request has been answered. */
void http_on_gone(struct http_request *request, void (*on_gone)(void *context), void *context);

/* The answers. Each consumes the request. */
void http_reply_json(struct http_request *request, int status, json_t *body); /* steals `body` */
void http_reply_bytes(struct http_request *request, int status, const char *content_type,
                      const void *bytes, size_t length); /* copied */
void http_reply_empty(struct http_request *request, int status);
/* RFC 9457 problem: type, title, status, detail, instance, correlationId, and Flowable's `message`
 * (title) and `exception` (detail); `field`, `elementId`, `line`, `column`, `currentVersion` where
 * set; 503 with Retry-After. */
void http_reply_error(struct http_request *request, const struct error *error);
/* The same with an extra member (e.g. "findings"); steals `value`. */
void http_reply_problem(struct http_request *request, const struct error *error, const char *member,
                        json_t *value);
/* Before the answer: an extra header of it (copied). */
void http_reply_header(struct http_request *request, const char *name, const char *value);

#endif
