/* The workflow API in Flowable's REST dialect: /process-api and /external-job-api.
 *
 * Route of a request: engine/http → one file here for each noun → a list or a row straight from
 * PostgreSQL (list.c), or a command (operation.c) → engine/command → answer after COMMIT. */
#ifndef SYNERGYFLOW_API_H
#define SYNERGYFLOW_API_H

#include "engine/command/command.h"
#include "engine/http/server.h"

struct job_waiters;

/* What the API stands on; borrowed, must stay until the server is closed. */
struct api_settings {
    uv_loop_t *loop;
    struct pg_pool *pool;
    struct definition_cache *definitions;
    struct command_queue *commands;
    struct uuid_source *ids;
    const struct registry *registry;
    /* Workers that wait for jobs. NULL: whoever asks is answered at once. */
    struct job_waiters *waiters;
    /* Told after the API itself has made jobs or changed when timers and jobs are due: timer_armed,
     * timer_removed, job_added. NULL: the scans of the timers and the jobs find that later. */
    const struct command_effects *effects;
};

/* Adds every route; before http_server_listen(). */
void api_register(struct http_server *server, const struct api_settings *settings);

/* ---- long polling of external workers (job_waiters.c) ----
 *
 * Part of the settings, so made before the routes are. The effect jobs_created wakes it. Order of
 * an end: drain it before the server, close it after the server. */
struct job_waiters *job_waiters_new(uv_loop_t *loop, struct pg_pool *pool,
                                    struct definition_cache *definitions);
/* There may be new work. */
void job_waiters_wake(struct job_waiters *waiters);
/* Answers everybody who waits; from now on nobody does. */
void job_waiters_drain(struct job_waiters *waiters);
/* Lets go of its timer; the memory goes from the loop. NULL is fine. */
void job_waiters_close(struct job_waiters *waiters);

/* The `hosts` of a deployment, with a struct registry as context. */
bool api_hosts_topic(void *registry, const char *topic);

#endif
