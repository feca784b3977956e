/* What the files of the HTTP server share. The route of a request:
 *
 *   connection.c  bytes come in; heads and bodies are cut, limits and turns kept, answers sent
 *   head.c        one head: our guard, then llhttp, then what the message means
 *   target.c      the request target: path segments and query, decoded
 *   router.c      the path to a row of the route table
 *   request.c     the request as routes see it
 *   json_body.c, json_field.c, multipart.c   what a body holds
 *   response.c    the answer as bytes; problem.c the answer to an error
 *   server.c      listening, the sweep over deadlines, drain and close */
#ifndef SYNERGYFLOW_HTTP_INTERNAL_H
#define SYNERGYFLOW_HTTP_INTERNAL_H

#include "bpmn/base/text.h"
#include "engine/base/identity.h"
#include "engine/http/server.h"

#include <llhttp.h>
#include <sys/queue.h>

enum {
    HTTP_TARGET_BYTES_MAX = 8192, /* RFC 9112, 3 recommends at least 8,000 */
    HTTP_HEADERS_MAX = 100,
    HTTP_QUERY_MAX = 64,
    HTTP_SEGMENTS_MAX = 24,
    HTTP_READ_BYTES = 64 * 1024,
    HTTP_OUTPUT_BYTES_MAX = 256 * 1024, /* unsent answers of one connection; then reading pauses */
    HTTP_FRAMING_BYTES_MAX = 16 * 1024, /* chunk extensions and trailers of one body */
    HTTP_KEPT_BYTES_MAX = 64 * 1024,    /* larger buffers are given back when they are empty */
    HTTP_REQUESTS_KEPT = 256,           /* idle request objects kept for reuse */
    HTTP_ARENA_BYTES = 64 * 1024 * 1024,
    HTTP_LINGER_TIMEOUT_MS = 2000,
    HTTP_SWEEP_INTERVAL_MS = 500,
    HTTP_LOG_INTERVAL_MS = 20,
    HTTP_METHODS = HTTP_DELETE_METHOD + 1,
    HTTP_DATE_BYTES = 40,
    HTTP_BACKLOG = 1024,
};

struct http_field {
    const char *name;
    const char *value;
};

/* A piece of the decoded path. */
struct http_segment {
    const char *text; /* in the decoded path, so not NUL-terminated */
    size_t length;
};

struct http_handler {
    const struct http_route *route; /* NULL: none */
    void *context;
};

struct http_request {
    LIST_ENTRY(http_request) all;       /* of the server, while in use */
    STAILQ_ENTRY(http_request) queue;   /* of the connection; of the server's spare ones */
    struct http_server *server;         /* NULL once the server is closed */
    struct http_connection *connection; /* NULL once the client is gone */
    struct arena *arena;
    struct http_handler handler;
    enum http_method method;
    const char *method_text;
    const char *target;
    const char *path;
    const char *host;
    const char *base_url;
    const char *correlation_id;
    int64_t began_us;
    struct http_segment segments[HTTP_SEGMENTS_MAX];
    uint32_t segment_count; /* may exceed the array: then only {name...} can match */
    struct http_field query[HTTP_QUERY_MAX];
    uint32_t query_count;
    struct http_field headers[HTTP_HEADERS_MAX];
    size_t value_lengths[HTTP_HEADERS_MAX]; /* while the head is parsed */
    size_t name_lengths[HTTP_HEADERS_MAX];
    uint32_t header_count;
    size_t target_length;
    size_t body_bytes_max;
    size_t body_received; /* also what is thrown away */
    size_t framing_bytes; /* of a chunked body: everything that is not its content */
    struct text body;
    struct text extra;  /* extra header lines of the answer */
    struct text answer; /* ready, but waiting for the answers before it */
    bool is_head;
    bool is_http_1_0;
    bool keep_alive;
    bool has_body;
    bool discards_body; /* the answer is known already: 404 or 405 */
    bool wants_continue;
    bool complete;
    bool answered;
    uint32_t allowed_methods; /* bits of enum http_method, for 405 */
    int refusal_status;       /* HTTP status when the request is refused before a route sees it */
    struct error refusal;
    void (*on_gone)(void *context); /* NULL: nobody asked */
    void *gone_context;
};

STAILQ_HEAD(http_request_queue, http_request);

/*                                                    ┌──── keep-alive ─────┐
 *                                                    ▼                     │
 *   accept ──► HEAD ── head says "body" ──► BODY ── complete ──► answer ───┤
 *               │ └────────── no body ────────────────────────────▲        │
 *               └── refused, "Connection: close", end of input ──► LAST ◄──┘
 *                                                                   │ all answered and sent
 *                       CLOSED ◄── client closes, or 2 s ── LINGER ◄┘
 *
 * LAST reads no more. LINGER has shut its sending side and throws away what still comes, because
 * closing over unread input would reset the connection and take the last answer with it. */
enum http_phase { HTTP_HEAD_PHASE, HTTP_BODY_PHASE, HTTP_LAST, HTTP_LINGER, HTTP_CLOSED };

struct http_connection {
    uv_tcp_t tcp;
    uv_write_t write;
    uv_shutdown_t shutdown;
    LIST_ENTRY(http_connection) all;
    TAILQ_ENTRY(http_connection) unsent;
    struct http_server *server;
    enum http_phase phase;
    struct http_request_queue requests; /* in the order of arrival */
    uint32_t request_count;
    struct http_request *receiving; /* the last one, until it is complete */
    llhttp_t parser;
    struct text input;   /* an unfinished head, or what waits while reading pauses */
    size_t scanned;      /* of input: known to hold no end of head */
    char last_byte;      /* of the body bytes read before */
    struct text output;  /* answers not handed to the kernel yet */
    struct text sending; /* the write under way */
    bool writing;
    bool reading;
    bool feeding; /* on_read is running: it flushes at its end */
    bool is_unsent;
    bool peer_ended;
    bool head_begun;     /* its deadline runs */
    bool skipped_line;   /* one empty line before a request is forgiven (RFC 9112, 2.2) */
    int64_t deadline_ms; /* of the head, the body or idleness; 0: none */
    int64_t write_deadline_ms;
    size_t write_left;
};

struct http_server {
    uv_loop_t *loop;
    uv_tcp_t listener;
    uv_prepare_t prepare; /* before the loop sleeps: answers that were given by timers */
    uv_check_t check;     /* after input: answers that were given by other connections' callbacks */
    uv_timer_t sweep;
    uint32_t handles; /* of the four above, not closed yet */
    bool listening;
    bool draining;
    bool closing;
    uint16_t port;
    struct identity_source identity;
    struct router *router;
    LIST_HEAD(, http_connection) connections;
    uint32_t connection_count;
    LIST_HEAD(, http_request) requests;
    uint32_t request_count;
    struct http_request_queue spare;
    uint32_t spare_count;
    TAILQ_HEAD(, http_connection) unsent;
    struct text scratch; /* a JSON answer while it is written */
    int64_t logged_ms;
    int64_t date_second;
    char date[HTTP_DATE_BYTES];
    void (*on_drained)(void *context);
    void *drained_context;
    void (*on_closed)(void *context);
    void *closed_context;
    char read_buffer[HTTP_READ_BYTES];
};

/* head.c. All take the head's bytes without copying them. */
enum http_head_scan { HTTP_HEAD_PARTIAL, HTTP_HEAD_WHOLE, HTTP_HEAD_BAD };
/* Looks for the empty line that ends a head; goes on at *scanned, which becomes the head's length
 * when it is whole. BAD fills the refusal: a limit or a line that does not end in CRLF. */
enum http_head_scan http_head_scan(const char *bytes, size_t length, size_t *scanned,
                                   int *ret_http_status, struct error *ret_error);
/* Reads a whole head into the request; false when request->refusal says why it is refused. */
bool http_head_read(struct http_connection *connection, struct http_request *request,
                    const char *bytes, size_t length);
extern const llhttp_settings_t http_parser_settings;

/* target.c: path and query of request->target, which is changed in place. */
MUST_CHECK enum status http_target_read(struct http_request *request, struct error *ret_error);
/* Decodes %XX (and '+' as a space if `plus`) in place; false on a bad escape, NUL or bad UTF-8. */
MUST_CHECK bool http_percent_decode(char *text, size_t length, bool plus, size_t *ret_length);

/* router.c */
struct router *router_new(void);
void router_free(struct router *router);
void router_add(struct router *router, const struct http_route *route, void *context);
const struct http_route *router_route_at(const struct router *router, uint32_t index);
/* Finds the handler of the request's method and path. False when there is none; then
 * request->allowed_methods has the methods that the path does have. */
bool router_find(const struct router *router, struct http_request *request);

/* request.c */
struct http_request *http_request_take(struct http_server *server);
void http_request_release(struct http_request *request);
void http_request_identify(struct http_request *request);

/* response.c */
void http_respond(struct http_request *request, int status, const char *content_type,
                  const char *bytes, size_t length);

/* problem.c: the answer to a request that no route has seen. */
void http_refuse(struct http_request *request);
const char *http_status_reason(int status);

/* connection.c */
void http_connection_accept(struct http_server *server);
void http_connection_close(struct http_connection *connection);
/* Sends what is ready and reads on when that was what it waited for. */
void http_connection_advance(struct http_connection *connection);
/* The request's answer stands in its connection's output or in request->answer. Releases it. */
void http_connection_answered(struct http_request *request);
/* Where the answer's bytes belong; NULL when the client is gone. */
struct text *http_connection_output(struct http_request *request);
/* Whether the request's answer is the last one of its connection. */
bool http_connection_ends_with(const struct http_request *request);
void http_connection_sweep(struct http_connection *connection, int64_t now_ms);
/* Draining: what is idle closes, what is at work answers with "Connection: close". */
void http_connection_drain(struct http_connection *connection);

/* server.c */
void http_server_sweep(struct http_server *server, int64_t now_ms);
void http_server_connection_gone(struct http_server *server);
const char *http_server_date(struct http_server *server);

#endif
