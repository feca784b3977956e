/* The engines that share one database, and which of them an instance's timers belong to.
 *
 * Each writes a row every second (table engine_node) and reads the others'. Who has been silent for
 * three seconds counts as dead. An instance belongs to the live node that draws the highest number
 * for it (rendezvous hashing: D. G. Thaler, C. V. Ravishankar, "Using name-based mappings to
 * increase hit rates", 1998): when a node comes or goes only its own share moves. That spreads the
 * work, and no more: a timer takes effect once because its row is deleted once, whoever thinks it
 * owns it.
 *
 * The same question tells what time the database has. */
#ifndef SYNERGYFLOW_NODES_H
#define SYNERGYFLOW_NODES_H

#include "bpmn/base/uuid.h"
#include "engine/pg/database_clock.h"
#include "engine/pg/pool.h"

struct nodes;

enum { NODES_BEAT_MS = 1000, NODES_SILENT_MS = 3000, NODES_MAX = 64 };

struct nodes_settings {
    uv_loop_t *loop;
    struct pg_pool *pool;
    struct database_clock *clock; /* gets a sample with each beat */
    struct uuid id;               /* of this run of the engine */
    const char *name; /* of this place, such as host and port: who comes back under it replaces who
                         was there; borrowed */
    /* Nodes have come or gone. */
    void (*on_changed)(void *context);
    void *context;
};

struct nodes *nodes_new(const struct nodes_settings *settings);
/* `on_first` fires once, when the first beat has been answered. */
void nodes_start(struct nodes *nodes, void (*on_first)(void *context), void *context);
/* Live ones, this one among them; 1 as long as no other is known, or when `nodes` is NULL. */
uint32_t nodes_count(const struct nodes *nodes);
/* True also when `nodes` is NULL: then this one is alone. */
bool nodes_owns(const struct nodes *nodes, const struct uuid *key);
/* Has the share of this node changed within the last `ms`? */
bool nodes_changed_within(const struct nodes *nodes, uint32_t ms);
/* The row goes, so that the others need not wait until it is silent; then on_stopped fires. */
void nodes_stop(struct nodes *nodes, void (*on_stopped)(void *context), void *context);
void nodes_free(struct nodes *nodes); /* after stop, or never started; NULL is fine */

/* The rule, pure: does `self` draw the highest number for `key` among itself and `others`? */
bool nodes_draws_highest(const struct uuid *self, const struct uuid *others, uint32_t count,
                         const struct uuid *key);

#endif
