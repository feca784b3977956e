/* HTTP/1.1 on libuv: llhttp parses, this folder bounds, routes and answers.
 *
 * Keep-alive, pipelining (answers in request order), chunked bodies, Expect: 100-continue. Limits:
 * head 32 KiB, body per route or the default, connections, time to send a head and a body, idle
 * time. Requests that could be read two ways (bare CR, conflicting lengths, Transfer-Encoding with
 * Content-Length) are refused with 400 and the connection closed (RFC 9112, 6.1 and 11.2). */
#ifndef SYNERGYFLOW_HTTP_SERVER_H
#define SYNERGYFLOW_HTTP_SERVER_H

#include "engine/http/request.h"

#include <uv.h>

struct http_server;

/* A row of the route table. Pattern: literal segments and {name} segments, "/a/{id}/b"; a last
 * segment {name...} takes the rest. */
struct http_route {
    enum http_method method;
    const char *pattern;
    void (*handle)(void *context, struct http_request *request);
    const char *summary;   /* one line for the API's description */
    size_t body_bytes_max; /* 0: HTTP_BODY_BYTES_DEFAULT */
};

enum {
    HTTP_HEAD_BYTES_MAX = 32 * 1024,
    HTTP_BODY_BYTES_DEFAULT = 4 * 1024 * 1024,
    HTTP_CONNECTIONS_MAX = 4096,
    HTTP_HEAD_TIMEOUT_MS = 20000,
    HTTP_BODY_TIMEOUT_MS = 120000,
    HTTP_IDLE_TIMEOUT_MS = 120000,
    HTTP_DRAIN_TIMEOUT_MS = 5000, /* for bodies half received and answers not read, in a drain */
    HTTP_PIPELINE_MAX = 64, /* requests of one connection being worked on; then reading pauses */
};

struct http_server *http_server_new(uv_loop_t *loop);
/* Adds `count` routes that share `context`; before http_server_listen(). Static storage. */
void http_server_routes(struct http_server *server, const struct http_route *routes, uint32_t count,
                        void *context);
/* Listens; port 0 picks a free one (see http_server_port). The error names address and port. */
MUST_CHECK enum status http_server_listen(struct http_server *server, const char *address,
                                          uint16_t port, struct error *ret_error);
uint16_t http_server_port(const struct http_server *server);
/* Stops accepting, finishes requests that are being worked on, closes idle connections, gives slow
 * clients HTTP_DRAIN_TIMEOUT_MS, then fires `on_drained`. */
void http_server_drain(struct http_server *server, void (*on_drained)(void *context),
                       void *context);
/* Closes whatever is left and frees the server from the loop; then `on_closed`. */
void http_server_close(struct http_server *server, void (*on_closed)(void *context), void *context);
/* Every route, for documentation and tests. */
const struct http_route *http_server_route_at(const struct http_server *server, uint32_t index);

#endif
