/* Non-blocking PostgreSQL connections on the libuv loop.
 *
 * Each connection has exactly one pipeline in flight (PgBouncer 1.18 mixes up transactions
 * otherwise). A lease is exclusive use of one connection, for one transaction: BEGIN … COMMIT may
 * span several batches. Lost connections are reopened by the pool itself with back-off; waiting
 * leases wait, bounded in number and time. Nothing here uses session state. */
#ifndef SYNERGYFLOW_PG_POOL_H
#define SYNERGYFLOW_PG_POOL_H

#include "engine/pg/batch.h"

#include <uv.h>

struct pg_pool;
struct pg_connection;

struct pg_pool_settings {
    const char *conninfo;     /* libpq connection string; never logged */
    uint32_t connections;     /* 1 … PG_CONNECTIONS_MAX */
    bool prepared_statements; /* only where no pooler, or one that supports them, is between */
    uint32_t waiting_max;     /* leases that may wait for a connection; more get STATUS_BUSY */
};

enum { PG_CONNECTIONS_MAX = 64 };

/* Exclusive use of one connection. Embed it in the request struct of the operation that needs it;
 * it must stay in place until pg_release(). */
struct pg_lease {
    struct pg_connection *connection; /* NULL while waiting */
    void (*on_ready)(struct pg_lease *lease, enum status status, const struct error *error);
    void (*on_done)(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                    const struct error *error);
    uint64_t deadline_ms; /* loop time after which waiting ends with STATUS_TIMEOUT */
    struct pg_lease *next;
    struct pg_lease *previous;
    bool waiting;
};

/* Opens no connection yet; they open on the loop at once and as needed. The texts in `settings` are
 * copied. */
struct pg_pool *pg_pool_new(uv_loop_t *loop, const struct pg_pool_settings *settings);
/* Closes everything; waiting leases get STATUS_UNAVAILABLE. `on_closed` fires from the loop. */
void pg_pool_close(struct pg_pool *pool, void (*on_closed)(void *context), void *context);

/* Asks for a connection. `on_ready` fires later, from the loop, never inside this call: STATUS_OK,
 * or STATUS_BUSY (too many waiting), STATUS_UNAVAILABLE (database down) or STATUS_TIMEOUT. After a
 * failure there is nothing to release. */
void pg_acquire(struct pg_pool *pool, struct pg_lease *lease, uint32_t timeout_ms,
                void (*on_ready)(struct pg_lease *lease, enum status status,
                                 const struct error *error));
/* Sends the whole batch as one pipeline and one Sync. `on_done` fires from the loop, once:
 *   STATUS_OK           every statement succeeded;
 *   STATUS_FAILED       a statement failed (see pg_failed_…); the others were skipped; if a
 *                       transaction was open it is now aborted: pg_release() rolls it back;
 *   STATUS_UNAVAILABLE  the connection was lost; whether a COMMIT in the batch happened is unknown.
 * An error message names the statement and PostgreSQL's own text. */
void pg_run(struct pg_lease *lease, struct pg_batch *batch,
            void (*on_done)(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                            const struct error *error));
/* After STATUS_UNAVAILABLE: whether the connection is gone. When it is not, the server refused the
 * statement for want of resources (disk full, out of memory), which is certain to have kept
 * nothing.
 */
bool pg_lease_is_lost(const struct pg_lease *lease);
/* Gives the connection back; an open or failed transaction is rolled back first. Not while a batch
 * runs. */
void pg_release(struct pg_lease *lease);

/* Which statement of the batch failed, and its five-character SQLSTATE ("" when none). */
uint32_t pg_failed_statement(const struct pg_batch *batch);
const char *pg_failed_sqlstate(const struct pg_batch *batch);

/* Acquire, run and release in one; `on_done` gets `context`. The batch outside a transaction is one
 * implicit transaction (one Sync). Results are freed after on_done returns, in which the caller may
 * free the batch's arena. */
void pg_query(struct pg_pool *pool, struct pg_batch *batch, uint32_t timeout_ms,
              void (*on_done)(void *context, struct pg_batch *batch, enum status status,
                              const struct error *error),
              void *context);

/* For readiness and metrics. */
uint32_t pg_pool_open(const struct pg_pool *pool);   /* connections that are up */
uint32_t pg_pool_leased(const struct pg_pool *pool); /* of these, in use */
uint32_t pg_pool_waiting(const struct pg_pool *pool);

#endif
