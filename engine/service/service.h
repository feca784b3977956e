/* The service: composition root of everything that waits, and its life cycle.
 *
 *   new → start (processes deployed, outbox and timers running, listening) → ready
 *       → stop (no new requests; what is in flight is finished and committed) → stopped
 *
 * Route of a request through the files: engine/http → engine/api or a module's routes →
 * engine/command → bpmn/step, handlers → engine/pg → COMMIT → effects → engine/outbox → listeners.
 */
#ifndef SYNERGYFLOW_SERVICE_H
#define SYNERGYFLOW_SERVICE_H

#include "engine/command/command.h"
#include "engine/service/settings.h"

struct service;

/* Builds all parts; opens no port yet. `settings` and its texts must stay until service_free. Fails
 * when a calendar that it is given cannot be read. */
MUST_CHECK enum status service_new(uv_loop_t *loop, const struct settings *settings,
                                   struct service **ret_service, struct error *ret_error);
/* `on_started` fires from the loop once the service listens, or with what prevented it. */
void service_start(struct service *service,
                   void (*on_started)(void *context, enum status status, const struct error *error),
                   void *context);
uint16_t service_port(const struct service *service);
/* Graceful stop; `on_stopped` fires when everything is committed and closed. Twice is fine. */
void service_stop(struct service *service, void (*on_stopped)(void *context), void *context);
/* After on_stopped. The parts' handles close on the loop: run it once more before closing it. */
void service_free(struct service *service);
/* For commands of the program itself (demo data). */
struct command_queue *service_commands(struct service *service);
struct pg_pool *service_pool(struct service *service);

#endif
