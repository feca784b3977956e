/* Errors as RFC 9457 problems, with Flowable's `message` and `exception` beside the standard
 * members, so that callers of either kind find what they look for. */
#include "engine/http/internal.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const char *http_status_reason(int status)
{
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Status";
}

/* Errors quote callers' texts, cut to a length in bytes: what is no UTF-8 becomes question marks.
 */
static json_t *repaired_string(const char *text)
{
    struct text repaired = TEXT_INIT;
    size_t left = strlen(text);
    json_t *value;

    while (left > 0) {
        size_t length = 1;

        while (length < 4 && length < left && !text_is_utf8(text, length))
            length++;
        if (text_is_utf8(text, length)) {
            text_append_bytes(&repaired, text, length);
        } else {
            text_append_char(&repaired, '?');
            length = 1;
        }
        text += length;
        left -= length;
    }
    value = json_stringn(text_string(&repaired), repaired.length);
    text_deinit(&repaired);
    return value;
}

static void put_text(json_t *object, const char *name, const char *text)
{
    json_t *value;

    if (text == NULL || text[0] == '\0')
        return;
    value = json_string(text);
    if (value == NULL)
        value = repaired_string(text);
    (void)json_object_set_new(object, name, value);
}

static void put_number(json_t *object, const char *name, int64_t number)
{
    if (number > 0)
        (void)json_object_set_new(object, name, json_integer(number));
}

static void reply(struct http_request *request, int status, const char *title,
                  const struct error *error, const char *member, json_t *value)
{
    json_t *problem = json_object();
    char *bytes;

    put_text(problem, "type", "about:blank");
    put_text(problem, "title", title);
    put_number(problem, "status", status);
    put_text(problem, "detail", error->message);
    put_text(problem, "instance", request->path);
    put_text(problem, "correlationId", request->correlation_id);
    put_text(problem, "message", title);
    put_text(problem, "exception", error->message);
    put_text(problem, "field", error->field);
    put_text(problem, "elementId", error->element_id);
    put_number(problem, "line", error->line);
    put_number(problem, "column", error->column);
    put_number(problem, "currentVersion", error->current_version);
    if (member != NULL)
        (void)json_object_set_new(problem, member, value);
    if (status == 503)
        http_reply_header(request, "Retry-After", "1");
    bytes = json_dumps(problem, JSON_COMPACT);
    INVARIANT(bytes != NULL);
    http_respond(request, status, "application/problem+json", bytes, strlen(bytes));
    free(bytes);
    json_decref(problem);
}

void http_reply_error(struct http_request *request, const struct error *error)
{
    http_reply_problem(request, error, NULL, NULL);
}

void http_reply_problem(struct http_request *request, const struct error *error, const char *member,
                        json_t *value)
{
    PRE(error->status != STATUS_OK);
    reply(request, status_http(error->status), status_title(error->status), error, member, value);
}

void http_refuse(struct http_request *request)
{
    static const enum status with_titles[] = {STATUS_INVALID, STATUS_NOT_FOUND,
                                              STATUS_METHOD_NOT_ALLOWED, STATUS_TOO_LARGE};
    const char *title = http_status_reason(request->refusal_status);

    if (request->correlation_id == NULL)
        http_request_identify(request);
    for (size_t i = 0; i < COUNT_OF(with_titles); i++) {
        if (status_http(with_titles[i]) == request->refusal_status)
            title = status_title(with_titles[i]);
    }
    reply(request, request->refusal_status, title, &request->refusal, NULL, NULL);
}
