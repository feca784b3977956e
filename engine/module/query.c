/* A module's queries: one transaction under the module's role, one pipeline.
 *
 * Happy path
 *   - the module's statements move between "set the role" and COMMIT, which no statement of theirs
 * can see
 *   - on_done reads the results; then they are freed
 *
 * Failure modes
 *   - no connection, a failed statement: on_done gets the error; what was open is rolled back */
#include "engine/module/host_private.h"

static const struct pg_statement begin = {"module_begin", "BEGIN"};
static const struct pg_statement commit = {"module_commit", "COMMIT"};
static const struct pg_statement set_role = {"module_set_role",
                                             "SELECT set_config('role', $1, true)"};

enum { QUERY_ARENA_BYTES = 16 * 1024 * 1024 };

struct module_query {
    struct module_host *host;
    struct arena *arena; /* of `wrapped`: results are freed after the request may have gone */
    struct pg_lease lease;
    struct pg_batch *batch;   /* the module's */
    struct pg_batch *wrapped; /* what travels */
    void (*on_done)(void *context, struct pg_batch *batch, enum status status,
                    const struct error *error);
    void *context;
};

static void finish(struct module_query *query, enum status status, const struct error *error)
{
    query->host->under_way--;
    query->on_done(query->context, query->batch, status, error);
    pg_batch_free_results(query->wrapped);
    arena_free(query->arena);
    memory_free(query);
}

static void on_ran(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                   const struct error *error)
{
    struct module_query *query = CONTAINER_OF(lease, struct module_query, lease);

    INVARIANT(batch == query->wrapped);
    pg_release(lease);
    finish(query, status, error);
}

static void on_leased(struct pg_lease *lease, enum status status, const struct error *error)
{
    struct module_query *query = CONTAINER_OF(lease, struct module_query, lease);

    if (status != STATUS_OK) {
        finish(query, status, error);
        return;
    }
    pg_run(lease, query->wrapped, on_ran); /* suspended: until the transaction has ended */
}

void module_query(struct module_host *host, struct pg_batch *batch,
                  void (*on_done)(void *context, struct pg_batch *batch, enum status status,
                                  const struct error *error),
                  void *context)
{
    struct module_query *query = memory_zero(1, sizeof *query);

    query->host = host;
    query->arena = arena_new(QUERY_ARENA_BYTES);
    query->batch = batch;
    query->on_done = on_done;
    query->context = context;
    query->wrapped = pg_batch_new(query->arena);
    pg_batch_add(query->wrapped, &begin);
    pg_text(pg_batch_add(query->wrapped, &set_role), host->settings.module->role);
    pg_batch_join(query->wrapped, batch);
    pg_batch_add(query->wrapped, &commit);
    host->under_way++;
    pg_acquire(host->settings.pool, &query->lease, MODULE_QUERY_WAIT_MS,
               on_leased); /* suspended: until there is a connection */
}
