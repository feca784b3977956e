/* POST requests to other systems, on the loop: libcurl's multi interface on libuv.
 *
 * No redirects, no proxy from the environment, certificates checked, HTTP/1.1 or 2, at most
 * SENDER_ANSWER_MAX bytes of answer, an end to every wait. */
#ifndef SYNERGYFLOW_WEBHOOK_SENDER_H
#define SYNERGYFLOW_WEBHOOK_SENDER_H

#include "bpmn/base/status.h"

#include <uv.h>

enum {
    SENDER_CONNECT_MS = 5000,
    SENDER_TIMEOUT_MS = 15000,
    SENDER_ANSWER_MAX = 64 * 1024,
    SENDER_HEADERS_MAX = 8,
};

struct sender;

struct sender_request {
    const char *url;
    const char *body;
    const char *headers[SENDER_HEADERS_MAX]; /* "name: value"; ends with NULL */
    /* Fires once, in the loop. `error` is set when there was no answer. */
    void (*on_done)(struct sender_request *request, long status_code, const struct error *error);

    /* private to sender.c */
    struct sender *sender;
    void *easy;
    void *list;
    size_t received;
    char reason[256];
    struct sender_request *next;
    struct sender_request **link;
};

struct sender *sender_new(uv_loop_t *loop, bool allow_http, bool allow_private);
/* Texts and the request are borrowed until on_done. */
void sender_post(struct sender *sender, struct sender_request *request);
/* Ends every request with an error, at once. */
void sender_cancel_all(struct sender *sender);
/* When nothing is under way; the memory goes with the loop's next turns. */
void sender_free(struct sender *sender);

#endif
