/* The outbox's life: partitions created, deliveries woken by commits and by the poll, stopped.
 *
 * Happy path
 *   - start: one row for each listener and partition, then every delivery looks for work
 *   - outbox_wake() after each commit that published; the poll every 5 s, and every minute a poll
 * that reads from position zero
 *
 * Failure modes
 *   - the database is away at start: the poll tries again
 *   - stop: no new round begins; on_stopped fires when the last round, query and handle have ended
 */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/outbox/internal.h"

static const struct pg_statement create_partitions = {
    "outbox_create_partitions",
    "INSERT INTO event_publication.listener_partition (listener_id, partition)"
    " SELECT l, p FROM unnest($1::text[]) AS l, generate_series(0, $2::integer - 1) AS p"
    " ON CONFLICT DO NOTHING"};

static const struct pg_statement count_backlog = {
    "outbox_count_backlog",
    "SELECT l.listener_id, (SELECT count(*) FROM (SELECT 1"
    "   FROM event_publication.event_publication p"
    "   WHERE p.listener_id = l.listener_id AND p.completion_date IS NULL AND p.dead_at IS NULL"
    "   LIMIT 100000) AS waiting)"
    " FROM unnest($1::text[]) AS l (listener_id)"};

static void add_listeners(const struct outbox *outbox, struct pg_call *call)
{
    struct pg_array *listeners = pg_text_array(call);

    for (uint32_t i = 0; i < outbox->delivery_count; i++)
        pg_add_text(listeners, outbox->deliveries[i].listener->id);
}

struct outbox *outbox_new(uv_loop_t *loop, struct pg_pool *pool, const struct registry *registry)
{
    struct outbox *outbox = memory_zero(1, sizeof *outbox);
    const struct module_listener *listener;
    const struct module *module;

    outbox->loop = loop;
    outbox->pool = pool;
    outbox->registry = registry;
    outbox->creating_arena = arena_new(OUTBOX_ARENA_BYTES);
    outbox->counting_arena = arena_new(OUTBOX_ARENA_BYTES);
    outbox->deleting_arena = arena_new(OUTBOX_ARENA_BYTES);
    while ((listener = registry_listener_at(registry, outbox->delivery_count, &module)) != NULL) {
        INVARIANT(outbox->delivery_count < OUTBOX_LISTENERS_MAX);
        delivery_init(&outbox->deliveries[outbox->delivery_count], outbox, module, listener);
        outbox->delivery_count++;
    }
    uv_timer_init(loop, &outbox->poll);
    uv_timer_init(loop, &outbox->retention);
    outbox->poll.data = outbox->retention.data = outbox;
    outbox->open_handles = outbox->delivery_count + 2;
    return outbox;
}

static void on_backlog(void *context, struct pg_batch *batch, enum status status,
                       const struct error *error)
{
    struct outbox *outbox = context;

    if (status != STATUS_OK)
        log_error("outbox.backlog", NULL, error);
    else {
        const struct pg_result *result = pg_batch_result(batch, 0);

        for (uint32_t i = 0; i < pg_rows(result); i++)
            outbox_metrics_backlog(pg_value_text(result, i, 0), pg_value_int(result, i, 1));
    }
    outbox->counting = false;
    outbox_settled(outbox);
}

static void read_backlog(struct outbox *outbox)
{
    if (outbox->counting)
        return;
    outbox->counting = true;
    arena_clear(outbox->counting_arena);
    struct pg_batch *batch = pg_batch_new(outbox->counting_arena);

    add_listeners(outbox, pg_batch_add(batch, &count_backlog));
    pg_query(outbox->pool, batch, OUTBOX_LEASE_MS, on_backlog, outbox);
}

static void on_partitions(void *context, struct pg_batch *batch, enum status status,
                          const struct error *error)
{
    struct outbox *outbox = context;

    (void)batch;
    outbox->creating = false;
    if (status != STATUS_OK)
        log_error("outbox.start", NULL, error); /* the poll tries again */
    else {
        outbox->started = true;
        outbox_wake(outbox);
    }
    outbox_settled(outbox);
}

static void create_missing_partitions(struct outbox *outbox)
{
    if (outbox->creating)
        return;
    outbox->creating = true;
    arena_clear(outbox->creating_arena);
    struct pg_batch *batch = pg_batch_new(outbox->creating_arena);
    struct pg_call *call = pg_batch_add(batch, &create_partitions);

    add_listeners(outbox, call);
    pg_int4(call, OUTBOX_PARTITIONS);
    pg_query(outbox->pool, batch, OUTBOX_LEASE_MS, on_partitions, outbox);
}

static void on_poll(uv_timer_t *timer)
{
    struct outbox *outbox = timer->data;

    if (!outbox->started) {
        create_missing_partitions(outbox);
        return;
    }
    if (++outbox->polls % OUTBOX_SWEEP_POLLS == 0) {
        for (uint32_t i = 0; i < outbox->delivery_count; i++)
            outbox->deliveries[i].sweep = true;
    }
    outbox_wake(outbox);
    read_backlog(outbox);
}

void outbox_start(struct outbox *outbox)
{
    PRE(!outbox->started && !outbox->stopping);
    for (uint32_t i = 0; i < outbox->delivery_count; i++)
        outbox->deliveries[i].sweep = true;
    create_missing_partitions(outbox);
    uv_timer_start(&outbox->poll, on_poll, OUTBOX_POLL_MS, OUTBOX_POLL_MS);
    uv_timer_start(&outbox->retention, outbox_on_retention, OUTBOX_RETENTION_MS,
                   OUTBOX_RETENTION_MS);
}

void outbox_wake(struct outbox *outbox)
{
    for (uint32_t i = 0; i < outbox->delivery_count; i++)
        delivery_wake(&outbox->deliveries[i]);
}

static bool is_idle(const struct outbox *outbox)
{
    for (uint32_t i = 0; i < outbox->delivery_count; i++) {
        if (outbox->deliveries[i].state != DELIVERY_IDLE)
            return false;
    }
    return !outbox->creating && !outbox->counting && !outbox->deleting;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct outbox *outbox = handle->data;

    if (--outbox->open_handles == 0)
        outbox->on_stopped(outbox->context);
}

static void on_retry_closed(uv_handle_t *handle)
{
    struct delivery *delivery = handle->data;

    handle->data = delivery->outbox;
    on_handle_closed(handle);
}

void outbox_settled(struct outbox *outbox)
{
    if (!outbox->stopping || !is_idle(outbox) || uv_is_closing((uv_handle_t *)&outbox->poll))
        return;
    uv_close((uv_handle_t *)&outbox->poll, on_handle_closed);
    uv_close((uv_handle_t *)&outbox->retention, on_handle_closed);
    for (uint32_t i = 0; i < outbox->delivery_count; i++)
        uv_close((uv_handle_t *)&outbox->deliveries[i].retry, on_retry_closed);
}

void outbox_stop(struct outbox *outbox, void (*on_stopped)(void *context), void *context)
{
    PRE(!outbox->stopping);
    outbox->stopping = true;
    outbox->on_stopped = on_stopped;
    outbox->context = context;
    outbox_settled(outbox); /* on_stopped comes from the loop: handles close there */
}

void outbox_free(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    PRE(outbox->open_handles == 0);
    arena_free(outbox->creating_arena);
    arena_free(outbox->counting_arena);
    arena_free(outbox->deleting_arena);
    memory_free(outbox);
}
