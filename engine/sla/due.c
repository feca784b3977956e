/* Thresholds that are due: the clocks are locked, what is due fires, and each says when to look
 * again. Other nodes skip what is locked here. */
#include "engine/sla/private.h"

#include "bpmn/base/memory.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "engine/outbox/outbox.h"

struct due {
    struct pg_lease lease;
    struct sla_service *service;
    struct sla_book *book;
    struct arena *arena;
    struct sla_row *rows;
    uint32_t row_count;
    int64_t next_us; /* of a clock that is not due yet; 0: none */
    struct sla_store store;
    struct sla_moves moves;
};

static const struct pg_statement begin = {"sla_due_begin", "BEGIN ISOLATION LEVEL READ COMMITTED"};
static const struct pg_statement commit = {"sla_due_commit", "COMMIT"};
static const struct pg_statement lock_due = {
    "sla_lock_due", "SELECT " SLA_ROW_COLUMNS ", clock_timestamp(), next_due_at, deadline_at"
                    " FROM synergyflow_workflows.sla_clock WHERE next_due_at <= clock_timestamp()"
                    " ORDER BY next_due_at, id LIMIT $1 FOR UPDATE SKIP LOCKED"};
static const struct pg_statement find_next = {
    "sla_find_next", "SELECT least((SELECT min(next_due_at) FROM synergyflow_workflows.sla_clock"
                     "  WHERE next_due_at IS NOT NULL), (SELECT min(next_due_at)"
                     "  FROM synergyflow_workflows.sla_escalation WHERE next_due_at IS NOT NULL))"};

static struct metric metrics[] = {
    {.name = "synergyflow_sla_lateness_seconds",
     .help = "From a threshold's due time to the transaction that fired it",
     .type = METRIC_HISTOGRAM,
     .bounds = metric_latency_bounds},
};

static void look_again(uv_timer_t *timer)
{
    sla_due_look(timer->data);
}

static void sleep_until(struct sla_service *service, int64_t next_us)
{
    int64_t now_us = sla_now_us(service);
    int64_t wait_ms = SLA_LOOK_MS;
    int64_t until_ms;

    if (service->wanted_us != 0 && (next_us == 0 || service->wanted_us < next_us))
        next_us = service->wanted_us;
    service->wanted_us = 0;
    until_ms = (next_us - now_us + 999) / 1000;
    if (next_us != 0 && until_ms < wait_ms)
        wait_ms = until_ms < 1 ? 1 : until_ms;
    service->look_us = now_us + wait_ms * 1000;
    if (!service->stopping)
        (void)uv_timer_start(&service->look, look_again, (uint64_t)wait_ms, 0);
}

void sla_service_wake(struct sla_service *service, int64_t due_us)
{
    if (due_us == 0 || service->stopping || !service->started)
        return;
    if (service->wanted_us == 0 || due_us < service->wanted_us)
        service->wanted_us = due_us;
    if (!service->firing && service->look_us != 0 && due_us < service->look_us)
        sleep_until(service, due_us);
}

static void end(struct due *due, const struct error *error)
{
    struct sla_service *service = due->service;
    int64_t next_us = due->next_us;

    if (error != NULL)
        log_error("sla.due", NULL, error);
    if (due->lease.connection != NULL)
        pg_release(&due->lease);
    for (uint32_t i = 0; i < due->store.event_count; i++)
        json_decref(due->store.events[i].payload);
    sla_book_release(due->book);
    arena_free(due->arena);
    memory_free(due);
    service->firing = false;
    sla_recalculations_look(service);
    sleep_until(service, next_us);
    sla_service_ended(service);
}

static void on_fired(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct due *due = CONTAINER_OF(lease, struct due, lease);
    struct sla_service *service = due->service;
    const struct pg_result *next;

    if (status != STATUS_OK) {
        pg_batch_free_results(batch);
        end(due, error);
        return;
    }
    next = pg_batch_result(batch, pg_batch_count(batch) - 1);
    if (pg_rows(next) > 0 && !pg_is_null(next, 0, 0))
        due->next_us = pg_value_timestamp(next, 0, 0);
    pg_batch_free_results(batch);
    if (due->store.event_count > 0 && service->settings.on_published != NULL)
        service->settings.on_published(service->settings.context);
    sla_tell_moved(service, due->moves.moved);
    sla_store_tell(&due->store);
    end(due, NULL);
}

/* A clock that cannot be worked out stays as it is, and is looked at with the next change: it must
 * not hold up the others. */
static void look_at(struct due *due, const struct pg_result *rows, uint32_t at)
{
    struct sla_row *row = &due->rows[due->row_count];
    struct error error = {0};
    int64_t due_us = pg_value_timestamp(rows, at, 4);
    enum status status = sla_row_read(due->arena, rows, at, row, &error);

    if (status == STATUS_OK)
        status = sla_row_look(&due->store, row, &error);
    if (status != STATUS_OK) {
        log_error("sla.clock", NULL, &error);
        return;
    }
    if (row->changed)
        metric_observe(&metrics[0], (double)(due->store.now_us - due_us) / 1e6);
    /* A calendar has changed. */
    if (row->deadline_us != (pg_is_null(rows, at, 5) ? 0 : pg_value_timestamp(rows, at, 5)))
        sla_moves_add(&due->moves, row);
    due->row_count++;
}

static void store(struct due *due)
{
    sla_rows_store(&due->store, due->rows, due->row_count);
    sla_rows_store_derived(&due->store, due->rows, due->row_count);
    if (due->store.event_count > 0)
        (void)outbox_add(due->store.batch, due->service->settings.registry, due->store.events,
                         due->store.event_count, due->service->settings.ids);
    (void)pg_batch_add(due->store.batch, &commit);
    (void)pg_batch_add(due->store.batch, &find_next);
    pg_run(&due->lease, due->store.batch, on_fired); /* suspended: until on_fired */
}

/* What follows the clocks whose deadline moved. */
static void on_moves_read(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                          const struct error *error)
{
    struct due *due = CONTAINER_OF(lease, struct due, lease);
    struct error own;

    if (status == STATUS_OK) {
        status = sla_moves_decide(&due->moves, batch, &own);
        error = &own;
    }
    pg_batch_free_results(batch);
    if (status == STATUS_OK)
        store(due);
    else
        end(due, error);
}

static void on_locked(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct due *due = CONTAINER_OF(lease, struct due, lease);
    const struct pg_result *rows;

    if (status != STATUS_OK) {
        pg_batch_free_results(batch);
        end(due, error);
        return;
    }
    rows = pg_batch_result(batch, 1);
    due->rows = arena_array(due->arena, pg_rows(rows) + 1, sizeof(*due->rows));
    sla_moves_init(&due->moves, &due->store, pg_rows(rows));
    due->store.batch = pg_batch_new(due->arena);
    /* Those that there is no room for are due in the next round. */
    for (uint32_t i = 0; i < pg_rows(rows) && pg_batch_count(due->store.batch) < SLA_STATEMENTS_MAX;
         i++) {
        due->store.now_us = pg_value_timestamp(rows, i, 3);
        look_at(due, rows, i);
    }
    sla_chains_look(&due->store, pg_batch_result(batch, 2));
    pg_batch_free_results(batch);
    if (due->moves.count == 0) {
        store(due);
        return;
    }
    batch = pg_batch_new(due->arena);
    sla_moves_read(&due->moves, batch);
    pg_run(lease, batch, on_moves_read); /* suspended: until on_moves_read */
}

static void on_ready(struct pg_lease *lease, enum status status, const struct error *error)
{
    struct due *due = CONTAINER_OF(lease, struct due, lease);
    struct pg_batch *batch;

    if (status != STATUS_OK) {
        end(due, error);
        return;
    }
    batch = pg_batch_new(due->arena);
    (void)pg_batch_add(batch, &begin);
    pg_int8(pg_batch_add(batch, &lock_due), SLA_DUE_BATCH);
    sla_chains_lock(batch);
    pg_run(lease, batch, on_locked); /* suspended: until on_locked */
}

void sla_due_look(struct sla_service *service)
{
    struct due *due;

    if (!service->started || service->stopping || service->firing || service->book == NULL)
        return;
    metric_register(&metrics[0]);
    sla_service_read_book(service); /* other nodes' documents */
    service->firing = true;
    (void)uv_timer_stop(&service->look);
    due = memory_zero(1, sizeof(*due));
    due->service = service;
    due->book = sla_book_hold(service->book);
    due->arena = arena_new(SLA_ARENA_BYTES);
    due->store.service = service;
    due->store.book = due->book;
    due->store.arena = due->arena;
    pg_acquire(service->settings.pool, &due->lease, SLA_TIMEOUT_MS, on_ready);
}
