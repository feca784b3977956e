/* A non-blocking HTTP/1.1 keep-alive client on libuv for load generators: a fixed set of
 * connections to one loopback server, one request in flight on each. */
#ifndef SYNERGYFLOW_LOAD_CLIENT_H
#define SYNERGYFLOW_LOAD_CLIENT_H

#include "bpmn/base/text.h"

#include <llhttp.h>
#include <uv.h>

struct load_client;

/* One connection. `context` belongs to the user. */
struct load_connection {
    struct load_client *client;
    uv_tcp_t socket;
    uv_connect_t connecting;
    uv_write_t writing;
    llhttp_t parser;
    struct text out;
    struct text body;
    char in[64 * 1024];
    bool connected;
    bool busy;
    int64_t sent_us;
    void (*on_answer)(struct load_connection *connection, int status, const char *body,
                      size_t length);
    void *context;
};

struct load_client {
    uv_loop_t *loop;
    unsigned port;
    unsigned count;
    struct load_connection *connections;
    void (*on_connected)(struct load_client *client); /* when all are up */
    void (*on_lost)(struct load_connection *connection, const char *why);
    unsigned connected;
    void *context;
};

/* Opens `count` connections to 127.0.0.1:`port`; set on_connected and on_lost before. */
void load_client_open(struct load_client *client, uv_loop_t *loop, unsigned port, unsigned count);
/* Sends a request on an idle connection; `body` NULL for none. `on_answer` fires once (or on_lost).
 */
void load_send(struct load_connection *connection, const char *method, const char *path,
               const char *body,
               void (*on_answer)(struct load_connection *connection, int status, const char *body,
                                 size_t length));
/* Sends the connection's last request once more (its answer was "try again"). */
void load_resend(struct load_connection *connection);
void load_client_close(struct load_client *client);

#endif
