/* SLA clocks on PostgreSQL: documents, subjects, clocks, and thresholds that fire.
 *
 *   subject changes ─► lock the subject ─► bpmn/sla decides ─► clocks, firings, events ─► COMMIT
 *   the next threshold is due ─► lock the clocks ─► what is due fires ─► the same ─► COMMIT
 *
 * A threshold fires in the transaction that records it under a unique key, together with its events
 * and messages: exactly once, by the database's clock, whoever else looks (SKIP LOCKED). */
#ifndef SYNERGYFLOW_SLA_H
#define SYNERGYFLOW_SLA_H

#include "bpmn/timer/timer_place.h"
#include "engine/http/server.h"
#include "engine/pg/database_clock.h"
#include "engine/pg/pool.h"
#include "engine/registry/registry.h"

struct sla_service;

struct sla_settings {
    uv_loop_t *loop;
    struct pg_pool *pool;
    struct uuid_source *ids;
    const struct registry *registry;
    const struct timer_sources *timers;  /* its zones are those of calendars */
    const struct database_clock *clock;  /* NULL: this node's wall clock */
    void (*on_published)(void *context); /* events are in the outbox */
    void (*on_jobs)(void *context);      /* jobs of the engine are stored, due now; NULL is fine */
    void (*on_webhooks)(void *context);  /* likewise deliveries */
    /* A timer of a process follows a clock that moved; due_us SLA_OPEN_US: it floats. NULL is fine.
     */
    void (*on_timer_moved)(void *context, const struct uuid *id, const struct uuid *instance_id,
                           int64_t due_us);
    void *context;
};

struct sla_service *sla_service_new(const struct sla_settings *settings);
/* The routes under /api/v1/sla; before http_server_listen(). */
void sla_service_routes(struct sla_service *service, struct http_server *server);
/* The version of a stored calendar that is valid now, until the next return to the loop; NULL:
 * there is none of that name, or the documents have not been read yet. */
const struct calendar *sla_service_calendar(const struct sla_service *service, const char *name);
/* Is there a policy for process instances? */
bool sla_service_has_instances(const struct sla_service *service);
/* Somebody has armed a threshold that is due then; 0: nothing. */
void sla_service_wake(struct sla_service *service, int64_t due_us);
struct sla_bound_timer;
/* After COMMIT: timers of processes that are due at another time now. */
void sla_tell_moved(const struct sla_service *service, const struct sla_bound_timer *first);
/* Reads the documents, then fires what is due. */
void sla_service_start(struct sla_service *service);
/* Nothing begins after this; on_stopped fires when what is under way has ended. */
void sla_service_stop(struct sla_service *service, void (*on_stopped)(void *context),
                      void *context);
void sla_service_free(struct sla_service *service); /* after stop, or never started; NULL is fine */

#endif
