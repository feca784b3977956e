/* Timers, and the engine's own jobs, which are due at once: the database's rows are the truth, an
 * in-memory wheel holds those due soon.
 *
 * Armed timers enter at commit (timer_service_armed); a scan at start and every few seconds finds
 * the rest. The loop sleeps until the earliest. A due timer becomes a BPMN_TRIGGER_TIMER command;
 * the unit of work that fires it deletes its row, so it takes effect exactly once. Never early, by
 * the database's clock.
 *
 * Several nodes share them (nodes.h): what falls due soon after it was armed is fired by the node
 * that armed it, the rest by the node that the instance belongs to. Whatever has been due for two
 * seconds is anybody's. A job becomes a COMMAND_JOB in the same way. What fails is tried again by
 * its element's retry cycle
 * ("R5/PT7M", "PT10S,PT1M"; three attempts, 2 and 4 s apart, by default) and is then dead: its row
 * stays for an operator. */
#ifndef SYNERGYFLOW_TIMER_SERVICE_H
#define SYNERGYFLOW_TIMER_SERVICE_H

#include "engine/command/command.h"
#include "engine/script/script_pool.h"
#include "engine/timer/nodes.h"

struct timer_service;

struct timer_service_settings {
    uv_loop_t *loop;
    struct pg_pool *pool;
    uint32_t look_ahead_ms;             /* timers due later stay in the database only */
    uint32_t scan_interval_ms;          /* the backstop */
    uint32_t in_memory_max;             /* timers held at once */
    uint32_t in_flight_max;             /* trigger commands submitted and not yet answered */
    struct script_pool *scripts;        /* runs the scripts of jobs; NULL: they fail */
    const struct database_clock *clock; /* NULL: this node's wall clock */
    const struct nodes *nodes;          /* who shares the work; NULL: nobody */
};

struct timer_service *timer_service_new(const struct timer_service_settings *settings);
/* Starts the first scan; due timers go to `queue`. */
void timer_service_start(struct timer_service *service, struct command_queue *queue);
/* Other nodes have come or gone: a scan finds what is ours now. */
void timer_service_nodes_changed(struct timer_service *service);
/* Jobs were stored by somebody who does not know which: a scan finds them. */
void timer_service_look(struct timer_service *service);
/* Effects of a commit. */
void timer_service_armed(struct timer_service *service, const struct uuid *id,
                         const struct uuid *instance_id, int64_t due_us);
/* One that follows an SLA clock: armed, or due at another time than before. */
void timer_service_bound(struct timer_service *service, const struct uuid *id,
                         const struct uuid *instance_id, int64_t due_us);
/* A job of the engine's own; `instance_id` is zero for one that starts an instance. */
void timer_service_job(struct timer_service *service, const struct uuid *id,
                       const struct uuid *instance_id, int64_t due_us);
void timer_service_removed(struct timer_service *service, const struct uuid *id, int64_t due_us);
/* No more commands are submitted after this; on_stopped fires when those in flight have been
 * answered. */
void timer_service_stop(struct timer_service *service, void (*on_stopped)(void *context),
                        void *context);
void timer_service_free(struct timer_service *service); /* after stop; NULL is fine */

#endif
