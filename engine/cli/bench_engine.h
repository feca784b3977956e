/* What a benchmark runs against: a private PostgreSQL cluster, and this program's `serve` on it as
 * a process of its own, so that its memory and its start can be measured and that the measuring
 * does not take its time. */
#ifndef SYNERGYFLOW_CLI_BENCH_ENGINE_H
#define SYNERGYFLOW_CLI_BENCH_ENGINE_H

#include "engine/service/cluster.h"

#include <libpq-fe.h>
#include <stdint.h>
#include <sys/types.h>

struct bench_engine {
    struct cluster cluster;
    PGconn *connection; /* as the database's owner */
    pid_t process;      /* 0 when it does not run */
    unsigned port;
    char url[64];
    int64_t started_us; /* from exec to the first "ready" */
};

/* The cluster with commit timestamps switched on, the schema, and a connection. */
MUST_CHECK enum status bench_engine_prepare(struct bench_engine *engine, const char *folder,
                                            struct error *ret_error);
/* Starts `serve` and waits (bounded: 60 s) until it is ready. Its log goes to engine.log in
 * `folder`. */
MUST_CHECK enum status bench_engine_start(struct bench_engine *engine, const char *folder,
                                          struct error *ret_error);
/* Graceful stop of the engine; waits for it. */
void bench_engine_stop(struct bench_engine *engine);
/* Everything. */
void bench_engine_end(struct bench_engine *engine);
/* Resident memory, bytes: now, or the most so far. 0 when it is not known. */
int64_t bench_engine_memory(const struct bench_engine *engine, bool peak);
/* Runs statements. The first value of the last one's first row, as a number; 0 when there is none.
 */
MUST_CHECK enum status bench_sql(struct bench_engine *engine, const char *sql, double *ret_value,
                                 struct error *ret_error);

#endif
