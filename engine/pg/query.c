/* Acquire, run and release in one: for everything that is a single batch.
 *
 * on_done is the natural place for a caller to free the arena in which the batch lives, so nothing
 * of the batch is touched after it: the results are taken from the batch and freed from here. */
#include "engine/pg/batch_private.h"
#include "engine/pg/pool.h"

#include "bpmn/base/memory.h"

#include <stddef.h>

struct pg_query_request {
    struct pg_lease lease;
    struct pg_batch *batch; /* borrowed */
    void (*on_done)(void *context, struct pg_batch *batch, enum status status,
                    const struct error *error);
    void *context;
};

static void query_finish(struct pg_query_request *request, enum status status,
                         const struct error *error)
{
    struct pg_results *results = request->batch->results;

    /* The calls still point at the results, but the batch does not own them any more. */
    request->batch->results = NULL;
    request->on_done(request->context, request->batch, status, error);
    if (results != NULL)
        pg_results_clear(results);
    memory_free(results);
    memory_free(request);
}

static void query_on_done(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                          const struct error *error)
{
    struct pg_query_request *request = CONTAINER_OF(lease, struct pg_query_request, lease);

    PRE(batch == request->batch);
    pg_release(lease);
    query_finish(request, status, error);
}

static void query_on_ready(struct pg_lease *lease, enum status status, const struct error *error)
{
    struct pg_query_request *request = CONTAINER_OF(lease, struct pg_query_request, lease);

    if (status == STATUS_OK)
        pg_run(lease, request->batch, query_on_done);
    else
        query_finish(request, status, error);
}

void pg_query(struct pg_pool *pool, struct pg_batch *batch, uint32_t timeout_ms,
              void (*on_done)(void *context, struct pg_batch *batch, enum status status,
                              const struct error *error),
              void *context)
{
    struct pg_query_request *request = memory_zero(1, sizeof(*request));

    request->batch = batch;
    request->on_done = on_done;
    request->context = context;
    pg_acquire(pool, &request->lease, timeout_ms, query_on_ready);
}
