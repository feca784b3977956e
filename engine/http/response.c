/* The answer as bytes: status line, headers, body; and what is said about it in log and metrics. */
#include "engine/http/internal.h"

#include "bpmn/base/json.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"

#include <stdio.h>
#include <string.h>

enum { STATUS_CLASSES = 4, HEAD_BYTES = 512 };

#define REQUESTS_METRIC(class_name)                                                       \
    {                                                                                     \
        .name = "synergyflow_http_requests_total", .labels = "status=\"" class_name "\"", \
        .help = "HTTP requests answered, by class of status", .type = METRIC_COUNTER,     \
    }

static struct metric requests_by_class[STATUS_CLASSES] = {
    REQUESTS_METRIC("2xx"),
    REQUESTS_METRIC("3xx"),
    REQUESTS_METRIC("4xx"),
    REQUESTS_METRIC("5xx"),
};
static struct metric duration = {
    .name = "synergyflow_http_request_duration_seconds",
    .help = "Time from a request's head to its answer.",
    .type = METRIC_HISTOGRAM,
    .bounds = metric_latency_bounds,
};

static void observe(const struct http_request *request, int status)
{
    static bool registered;
    int64_t duration_us = clock_monotonic_us() - request->began_us;

    if (!registered) {
        for (int i = 0; i < STATUS_CLASSES; i++)
            metric_register(&requests_by_class[i]);
        metric_register(&duration);
        registered = true;
    }
    metric_add(&requests_by_class[status / 100 - 2], 1);
    metric_observe(&duration, (double)duration_us / 1e6);
    log_event(status >= 500 ? LOG_WARNING : LOG_INFO, "http.request", "method", 's',
              request->method_text, "path", 's', request->path, "status", 'i', (int64_t)status,
              "durationMs", 'f', (double)duration_us / 1e3, "correlationId", 's',
              request->correlation_id, NULL);
}

static char *put(char *to, const char *text)
{
    size_t length = strlen(text);

    memcpy(to, text, length);
    return to + length;
}

static char *put_number(char *to, size_t number)
{
    char digits[24];
    char *at = digits + sizeof(digits);

    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(to, at, (size_t)(digits + sizeof(digits) - at));
    return to + (digits + sizeof(digits) - at);
}

/* By hand, for printf would take longer than the rest of a small answer. */
static void write_head(struct text *text, const struct http_request *request, int status,
                       const char *content_type, size_t length)
{
    size_t type_length = content_type != NULL ? strlen(content_type) : 0;
    char *to = text_reserve(text, HEAD_BYTES + type_length + request->extra.length);
    char *begin = to;

    to = put(to, "HTTP/1.1 ");
    to = put_number(to, (size_t)status);
    to = put(to, " ");
    to = put(to, http_status_reason(status));
    to = put(to, "\r\nDate: ");
    to = put(to, http_server_date(request->server));
    if (content_type != NULL) {
        to = put(to, "\r\nContent-Type: ");
        to = put(to, content_type);
    }
    if (status != 204 && status != 304) {
        to = put(to, "\r\nContent-Length: ");
        to = put_number(to, length);
    }
    to = put(to, "\r\nX-Correlation-Id: ");
    to = put(to, request->correlation_id);
    if (http_connection_ends_with(request))
        to = put(to, "\r\nConnection: close");
    else if (request->is_http_1_0)
        to = put(to, "\r\nConnection: keep-alive");
    to = put(to, "\r\n");
    if (request->extra.length > 0)
        to = put(to, request->extra.bytes);
    to = put(to, "\r\n");
    text_added(text, (size_t)(to - begin));
}

void http_respond(struct http_request *request, int status, const char *content_type,
                  const char *bytes, size_t length)
{
    struct text *output = http_connection_output(request);

    PRE(!request->answered && status >= 200 && status <= 599);
    observe(request, status);
    if (output != NULL) {
        write_head(output, request, status, content_type, length);
        if (!request->is_head && status != 204 && status != 304)
            text_append_bytes(output, bytes, length);
    }
    http_connection_answered(request);
}

/* For a server that is closed already: somebody still has to own the bytes. */
static void respond_json(struct http_request *request, int status, const char *content_type,
                         const json_t *body)
{
    struct text own = TEXT_INIT;
    struct text *text = request->server != NULL ? &request->server->scratch : &own;

    PRE(body != NULL);
    text_clear(text);
    if (!json_write(text, body)) {
        log_event(LOG_ERROR, "http.answer_unwritable", "path", 's', request->path, "correlationId",
                  's', request->correlation_id, NULL);
        text_clear(text);
        text_append(text, "{\"title\":\"Internal server error\",\"status\":500}");
        status = 500;
        content_type = "application/problem+json";
    }
    http_respond(request, status, content_type, text_string(text), text->length);
    text_deinit(&own);
    if (text != &own && text->capacity > HTTP_KEPT_BYTES_MAX)
        text_deinit(text);
}

void http_reply_json(struct http_request *request, int status, json_t *body)
{
    respond_json(request, status, "application/json", body);
    json_decref(body);
}

void http_reply_bytes(struct http_request *request, int status, const char *content_type,
                      const void *bytes, size_t length)
{
    PRE(content_type != NULL && (bytes != NULL || length == 0));
    http_respond(request, status, content_type, bytes, length);
}

void http_reply_empty(struct http_request *request, int status)
{
    http_respond(request, status, NULL, "", 0);
}

/* Values may hold callers' text: what could begin another line becomes a question mark. */
void http_reply_header(struct http_request *request, const char *name, const char *value)
{
    size_t from;

    PRE(name[0] != '\0' && strpbrk(name, "\r\n: ") == NULL && !request->answered);
    text_append(&request->extra, name);
    text_append(&request->extra, ": ");
    from = request->extra.length;
    text_append(&request->extra, value);
    for (size_t i = from; i < request->extra.length; i++) {
        if ((unsigned char)request->extra.bytes[i] < 0x20 || request->extra.bytes[i] == 0x7F)
            request->extra.bytes[i] = '?';
    }
    text_append(&request->extra, "\r\n");
}
