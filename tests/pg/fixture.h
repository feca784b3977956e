/* What the driver's tests share: a pool on a loop of its own, and calls that wait for their answer.
 */
#ifndef SYNERGYFLOW_TESTS_PG_FIXTURE_H
#define SYNERGYFLOW_TESTS_PG_FIXTURE_H

#include "engine/pg/pool.h"
#include "tests/support/postgres.h"

enum { LONG_MS = 20000 };

/* One database for all tests of a program; each makes the tables it needs. */
extern struct test_database *database;

struct fixture {
    uv_loop_t loop;
    struct pg_pool *pool;
    struct arena *arena;
    struct pg_batch *batches[32]; /* whose results are freed at the end */
    uint32_t batch_count;
    bool closed;
};

struct outcome {
    struct pg_lease lease;
    bool done;
    enum status status;
    struct error error;
};

/* A pool and a loop of its own. */
void open_pool(struct fixture *f, const char *conninfo, uint32_t connections, bool prepared,
               uint32_t waiting_max);
/* The same on the test's database. */
void start(struct fixture *f, uint32_t connections, bool prepared);
/* Runs the loop until `done`. */
void wait_for(struct fixture *f, const bool *done);
/* Its results are freed by stop(). */
struct pg_batch *new_batch(struct fixture *f);
/* Closes and frees everything. */
void stop(struct fixture *f);
/* For callbacks: keeps what they were told, once, and stops the loop. */
void note(struct outcome *outcome, enum status status, const struct error *error);
/* Callbacks that note(); the lease is an outcome's, the context of on_queried an outcome. */
void on_ready(struct pg_lease *lease, enum status status, const struct error *error);
void on_done(struct pg_lease *lease, struct pg_batch *batch, enum status status,
             const struct error *error);
void on_queried(void *context, struct pg_batch *batch, enum status status,
                const struct error *error);
/* For pg_pool_close(), with the fixture as context. */
void on_closed(void *context);
/* Waits for a lease. */
enum status acquire(struct fixture *f, struct outcome *outcome, uint32_t timeout_ms);
/* Runs a batch on an outcome's lease and waits. */
enum status run(struct fixture *f, struct outcome *outcome, struct pg_batch *batch);
/* Adds statements without parameters, one for each text up to NULL. */
struct pg_batch *batch_of(struct fixture *f, ...);
/* Runs one batch on a lease of its own and gives it back. */
enum status run_alone(struct fixture *f, struct pg_batch *batch, struct error *ret_error);
void must_run(struct fixture *f, struct pg_batch *batch);
/* One number from SQL; the test ends when it fails. */
int64_t number(struct fixture *f, const char *sql);

/* Set-up and end of a group of tests. */
int make_database(void **state);
int drop_database(void **state);

#endif
