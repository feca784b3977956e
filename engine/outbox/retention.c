/* Old rows leave in small statements, each a transaction of its own, so that no lock lasts.
 *
 * Proofs of processing are kept for 30 days, completed publications for 7; dead letters stay until
 * an operator has decided. Ids are UUIDv7, so the primary key finds old publications without an
 * index on their completion. */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/outbox/internal.h"

static const struct pg_statement delete_processed = {
    "outbox_delete_processed",
    "DELETE FROM event_publication.processed_events WHERE idempotency_key IN ("
    " SELECT idempotency_key FROM event_publication.processed_events"
    " WHERE processed_at < $1 ORDER BY processed_at LIMIT $2)"};

static const struct pg_statement delete_completed = {
    "outbox_delete_completed", "DELETE FROM event_publication.event_publication WHERE id IN ("
                               " SELECT id FROM event_publication.event_publication"
                               " WHERE id < $1 AND completion_date < $2 ORDER BY id LIMIT $3)"};

static int64_t days_before(int64_t now_us, int days)
{
    return now_us - days * INT64_C(86400) * 1000000;
}

static void on_deleted(void *context, struct pg_batch *batch, enum status status,
                       const struct error *error)
{
    struct outbox *outbox = context;
    bool more = false;

    if (status != STATUS_OK)
        log_error("outbox.retention", NULL, error); /* the next hour tries again */
    for (uint32_t i = 0; status == STATUS_OK && i < pg_batch_count(batch); i++)
        more |= pg_affected(pg_batch_result(batch, i)) == OUTBOX_RETENTION_BATCH;
    outbox->deleting = false;
    if (more && !outbox->stopping)
        uv_timer_start(&outbox->retention, outbox_on_retention, OUTBOX_RETENTION_PAUSE_MS,
                       OUTBOX_RETENTION_MS);
    outbox_settled(outbox);
}

void outbox_on_retention(uv_timer_t *timer)
{
    struct outbox *outbox = timer->data;
    static const uint8_t no_random[10];
    int64_t now_us = clock_wall_us();
    int64_t completed_before_us = days_before(now_us, OUTBOX_KEEP_COMPLETED_DAYS);
    struct uuid id_before = uuid_v7(completed_before_us / 1000, no_random);

    if (outbox->deleting)
        return;
    outbox->deleting = true;
    arena_clear(outbox->deleting_arena);
    struct pg_batch *batch = pg_batch_new(outbox->deleting_arena);
    struct pg_call *processed = pg_batch_add(batch, &delete_processed);
    struct pg_call *completed = pg_batch_add(batch, &delete_completed);

    pg_timestamp(processed, days_before(now_us, OUTBOX_KEEP_PROCESSED_DAYS));
    pg_int8(processed, OUTBOX_RETENTION_BATCH);
    pg_uuid(completed, &id_before);
    pg_timestamp(completed, completed_before_us);
    pg_int8(completed, OUTBOX_RETENTION_BATCH);
    pg_query(outbox->pool, batch, OUTBOX_LEASE_MS, on_deleted, outbox);
}
