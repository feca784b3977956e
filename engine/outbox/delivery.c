/* Delivers events to one listener, a round (one transaction) at a time.
 *
 * Happy path
 *   - woken by a commit of this node, by the poll or by its own retry
 *   - lease a connection, lock the listener's partitions, read up to 500 waiting events in order
 *   - run the listener's statements, mark the events processed and completed, COMMIT
 *   - go on at once while the batch was full or something was published meanwhile
 *
 * Failure modes
 *   - nothing waits: roll back (no commit record, so nothing to flush)
 *   - another node holds some partitions: look again in 50 ms, it may have read before our commit
 *   - the database is in trouble (connection, deadlock, shutdown): look again in a second; blames
 * no event
 *   - the listener fails: half the batch is tried, until one event is left; that one waits 2, 4, 8,
 * 16, 32 s, then it is a dead letter; its aggregate waits with it, the others go on
 *   - COMMIT in doubt: the next round reads the truth
 */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/outbox/internal.h"

#include <string.h>

static void delivery_tick(struct delivery *delivery);

static void on_retry(uv_timer_t *timer)
{
    delivery_wake(timer->data);
}

void delivery_init(struct delivery *delivery, struct outbox *outbox, const struct module *module,
                   const struct module_listener *listener)
{
    *delivery = (struct delivery){
        .outbox = outbox,
        .module = module,
        .listener = listener,
        .batch_limit = OUTBOX_BATCH_MAX,
    };
    uv_timer_init(outbox->loop, &delivery->retry);
    delivery->retry.data = delivery;
}

static void retry_in(struct delivery *delivery, uint64_t delay_ms)
{
    uint64_t due_ms = uv_timer_get_due_in(&delivery->retry);

    if (delivery->outbox->stopping)
        return;
    if (uv_is_active((uv_handle_t *)&delivery->retry) && due_ms <= delay_ms)
        return;
    uv_timer_start(&delivery->retry, on_retry, delay_ms, 0);
}

static void on_leased(struct pg_lease *lease, enum status status, const struct error *error)
{
    struct delivery *delivery = CONTAINER_OF(lease, struct delivery, lease);

    delivery->status = status;
    if (status != STATUS_OK)
        delivery->error = *error;
    delivery_tick(delivery);
}

static void on_batch(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct delivery *delivery = CONTAINER_OF(lease, struct delivery, lease);

    INVARIANT(batch == delivery->batch);
    delivery->status = status;
    if (status != STATUS_OK)
        delivery->error = *error;
    delivery_tick(delivery);
}

static void run_batch(struct delivery *delivery, struct pg_batch *batch, enum delivery_state state)
{
    pg_batch_free_results(delivery->batch);
    delivery->batch = batch;
    delivery->state = state;
    pg_run(&delivery->lease, batch, on_batch);
}

static void lease_connection(struct delivery *delivery, enum delivery_state state)
{
    delivery->state = state;
    pg_acquire(delivery->outbox->pool, &delivery->lease, OUTBOX_LEASE_MS, on_leased);
}

/* Gives the connection back, which rolls back what is not committed. */
static void release(struct delivery *delivery)
{
    pg_batch_free_results(delivery->batch);
    delivery->batch = NULL;
    pg_release(&delivery->lease);
}

/* The one end of every round. */
static void finish(struct delivery *delivery)
{
    bool again = delivery->again;

    delivery_clear_rows(delivery);
    arena_free(delivery->arena);
    delivery->arena = NULL;
    delivery->state = DELIVERY_IDLE;
    delivery->again = false;
    if (again && !delivery->outbox->stopping)
        delivery_wake(delivery);
    else
        outbox_settled(delivery->outbox);
}

/* Trouble that is no event's fault. */
static void finish_in_trouble(struct delivery *delivery)
{
    log_error("outbox.trouble", NULL, &delivery->error);
    delivery->again = false;
    retry_in(delivery, OUTBOX_TROUBLE_MS);
    finish(delivery);
}

/* SQLSTATE classes that say nothing about the events: lost connection, deadlock or serialization,
 * out of resources, operator intervention, system error. */
static bool is_trouble(const struct delivery *delivery)
{
    static const char *const classes[] = {"08", "40", "53", "57", "58"};

    if (delivery->status != STATUS_FAILED)
        return true;
    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        if (strncmp(pg_failed_sqlstate(delivery->batch), classes[i], 2) == 0)
            return true;
    }
    return false;
}

/* Looks for the poisoned event by halving; blames the one that fails alone. */
static void listener_failed(struct delivery *delivery)
{
    release(delivery);
    if (delivery->row_count > 1) {
        delivery->batch_limit = delivery->row_count / 2;
        delivery->again = true;
        finish(delivery);
        return;
    }
    lease_connection(delivery, DELIVERY_MARKING);
}

static void on_read(struct delivery *delivery)
{
    int64_t now_us = clock_wall_us();
    struct pg_batch *batch;
    enum status status = delivery_read_rows(delivery, now_us, &delivery->error);

    if (delivery->row_count < delivery->batch_limit)
        delivery->sweep = false;
    if (delivery->row_count == 0) {
        release(delivery);
        if (delivery->partition_count < OUTBOX_PARTITIONS)
            retry_in(delivery, OUTBOX_SHARED_MS);
        finish(delivery);
        return;
    }
    if (status == STATUS_OK)
        status = delivery_apply_batch(delivery, now_us, &batch, &delivery->error);
    if (status != STATUS_OK) {
        listener_failed(delivery);
        return;
    }
    run_batch(delivery, batch, DELIVERY_APPLYING);
}

static void on_applied(struct delivery *delivery)
{
    int64_t now_us = clock_wall_us();

    release(delivery);
    for (uint32_t i = 0; i < delivery->row_count; i++)
        outbox_metrics_delivered(delivery->listener->id,
                                 now_us - delivery->rows[i].published_at_us);
    if (delivery->row_count >= delivery->batch_limit)
        delivery->again = true;
    delivery->batch_limit *= 2;
    if (delivery->batch_limit > OUTBOX_BATCH_MAX)
        delivery->batch_limit = OUTBOX_BATCH_MAX;
    if (delivery->partition_count < OUTBOX_PARTITIONS)
        retry_in(delivery, OUTBOX_SHARED_MS);
    finish(delivery);
}

/* A connection for the mark has come, or the mark has been made. */
static void on_marking(struct delivery *delivery)
{
    char event_id[UUID_TEXT_BYTES];
    uint64_t wait_ms;

    if (delivery->batch != NULL) {
        release(delivery);
        delivery->again = true;
        finish(delivery);
        return;
    }
    struct pg_batch *batch = delivery_mark_batch(delivery, clock_wall_us(), &wait_ms);

    log_event(wait_ms > 0 ? LOG_WARNING : LOG_ERROR,
              wait_ms > 0 ? "outbox.retry" : "outbox.deadLetter", "listener", 's',
              delivery->listener->id, "eventId", 's',
              uuid_format(&delivery->rows[0].event.id, event_id), "correlationId", 's',
              delivery->rows[0].event.correlation_id, "waitMs", 'i', (int64_t)wait_ms, "error", 's',
              delivery->error.message, NULL);
    if (wait_ms > 0)
        retry_in(delivery, wait_ms);
    else
        outbox_metrics_dead();
    delivery->batch_limit = OUTBOX_BATCH_MAX;
    run_batch(delivery, batch, DELIVERY_MARKING);
}

static void tick_failed(struct delivery *delivery)
{
    bool leased = delivery->batch != NULL;

    if (leased && delivery->state == DELIVERY_APPLYING && !is_trouble(delivery)) {
        listener_failed(delivery);
        return;
    }
    if (leased)
        release(delivery);
    finish_in_trouble(delivery);
}

static void delivery_tick(struct delivery *delivery)
{
    if (delivery->status != STATUS_OK) {
        tick_failed(delivery);
        return;
    }
    switch (delivery->state) {
    case DELIVERY_LEASING:
        run_batch(delivery, delivery_lock_batch(delivery), DELIVERY_LOCKING);
        return; /* suspended: until the partitions are locked */
    case DELIVERY_LOCKING:
        delivery_read_locks(delivery);
        run_batch(delivery, delivery_read_batch(delivery, clock_wall_us()), DELIVERY_READING);
        return; /* suspended: until the events are read */
    case DELIVERY_READING:
        on_read(delivery);
        return;
    case DELIVERY_APPLYING:
        on_applied(delivery);
        return;
    case DELIVERY_MARKING:
        on_marking(delivery);
        return;
    case DELIVERY_IDLE:
        break;
    }
    UNREACHABLE();
}

void delivery_wake(struct delivery *delivery)
{
    if (delivery->outbox->stopping || !delivery->outbox->started)
        return;
    if (delivery->state != DELIVERY_IDLE) {
        delivery->again = true;
        return;
    }
    delivery->arena = arena_new(OUTBOX_ARENA_BYTES);
    lease_connection(delivery, DELIVERY_LEASING); /* suspended: until there is a connection */
}
