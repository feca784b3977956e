/* The outbox: events stored with the change that caused them, delivered to listeners after COMMIT.
 *
 * For each listener: publication order within an aggregate, at least once, effectively once by
 * processed_events written in the listener's own transaction. A poll every 5 s finds what a crashed
 * node left. */
#ifndef SYNERGYFLOW_OUTBOX_H
#define SYNERGYFLOW_OUTBOX_H

#include "engine/pg/pool.h"
#include "engine/registry/registry.h"

struct outbox;

/* Adds the INSERT of these events to a unit of work's batch: one row for each listener of each
 * event. Events without a listener are stored once with listener_id '' and completed at once.
 * Returns the number of rows that wait for a listener. */
uint32_t outbox_add(struct pg_batch *batch, const struct registry *registry,
                    const struct module_event *events, uint32_t count, struct uuid_source *ids);

struct outbox *outbox_new(uv_loop_t *loop, struct pg_pool *pool, const struct registry *registry);
/* Creates missing listener partitions, then begins to deliver. */
void outbox_start(struct outbox *outbox);
/* Something was published by this node. */
void outbox_wake(struct outbox *outbox);
/* Finishes the deliveries that are under way. */
void outbox_stop(struct outbox *outbox, void (*on_stopped)(void *context), void *context);
void outbox_free(struct outbox *outbox); /* after stop; NULL is fine */

#endif
