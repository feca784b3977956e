/* Webhooks: rows of webhook_delivery are sent as Standard Webhooks (github.com/standard-webhooks):
 * headers webhook-id, webhook-timestamp, webhook-signature (v1, HMAC-SHA256 over
 * "id.timestamp.body").
 *
 *   stored by a transaction ─► taken by one node (a lease) ─► POST ─► 2xx: delivered
 *                                                              └───► else: again later, at last
 * dead
 *
 * At least once, with the same webhook-id each time: a node that dies between the answer and its
 * note is the one way to send twice. Ten attempts over some eleven hours. */
#ifndef SYNERGYFLOW_WEBHOOK_SERVICE_H
#define SYNERGYFLOW_WEBHOOK_SERVICE_H

#include "engine/http/server.h"
#include "engine/pg/pool.h"

struct webhook_service;

struct webhook_settings {
    uv_loop_t *loop;
    struct pg_pool *pool;
    const char
        *secrets;    /* folder with a file for each host, or `default`; "": unsigned are refused */
    bool allow_http; /* http:// too */
    bool allow_private; /* addresses of loopback, private and link-local networks */
};

/* Borrowed texts outlive the service. */
struct webhook_service *webhook_service_new(const struct webhook_settings *settings);
/* /api/v1/webhooks/deliveries; before http_server_listen(). */
void webhook_service_routes(struct webhook_service *service, struct http_server *server);
void webhook_service_start(struct webhook_service *service);
/* There may be something to send. */
void webhook_service_wake(struct webhook_service *service);
/* Nothing begins after this; on_stopped fires when requests under way are given up (they stay to be
 * sent) and notes are written. */
void webhook_service_stop(struct webhook_service *service, void (*on_stopped)(void *context),
                          void *context);
void webhook_service_free(struct webhook_service *service); /* after stop; NULL is fine */

#endif
