/* A server and its clients in one thread: the clients' sockets do not block, and whoever waits for
 * something turns the server's loop until it has come or 10 s have passed. */
#ifndef SYNERGYFLOW_TESTS_HTTP_FIXTURE_H
#define SYNERGYFLOW_TESTS_HTTP_FIXTURE_H

#include "engine/http/server.h"

#include <stdbool.h>

enum { DEFERRED_MAX = 256 };

struct fixture {
    uv_loop_t loop;
    struct http_server *server;                  /* NULL once it is closed */
    struct http_request *deferred[DEFERRED_MAX]; /* what /later was asked */
    unsigned deferred_count;
    unsigned handled; /* requests that any route has seen */
    bool drained;
    bool closed;
};

/* Routes: /hello, /things/{id}, /things/{id}/parts/{part}, /things/special, /files/{name...},
 * /query, /echo (its body), /json, /later (waits in `deferred`), /large (1 MiB), /who. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);
void fixture_turn(struct fixture *fixture);
void fixture_close_server(struct fixture *fixture);
/* Turns until `deferred_count` is `count` or more. */
void fixture_wait_deferred(struct fixture *fixture, unsigned count);

struct client {
    struct fixture *fixture;
    int handle;
    char *bytes; /* everything received, NUL-terminated */
    size_t length;
    size_t capacity;
    bool ended; /* the server closed */
};

struct client client_open(struct fixture *fixture);
void client_close(struct client *client);
void client_reset(struct client *client); /* closes with RST */
/* Sends everything, turning the loop when the socket is full. */
void client_send(struct client *client, const char *bytes, size_t length);
void client_send_text(struct client *client, const char *text);
/* Waits until `text` has been received `times` times. */
void client_expect(struct client *client, const char *text, unsigned times);
void client_expect_end(struct client *client);
/* Receives what is there and turns the loop once. */
void client_turn(struct client *client);
unsigned client_count(const struct client *client, const char *text);
/* One exchange on a connection of its own, up to the server's close; free() the answer. */
char *exchange(struct fixture *fixture, const char *bytes, size_t length);

#endif
