/* POST /api/v1/sla/clocks/{id}/recalculate: "rate all again". The newest version of the clock's
 * calendar also rates what was before it; the answer has the figures before and after. Closed
 * clocks stay as they are. */
#include "engine/sla/private.h"

#include "bpmn/base/memory.h"
#include "engine/outbox/outbox.h"

struct recalculation {
    struct pg_lease lease;
    struct sla_service *service;
    struct http_request *request;
    struct sla_book *book;
    struct uuid id;
    struct sla_row row;
    struct sla_store store;
    struct sla_moves moves;
    json_t *before;
    json_t *after;
};

static const struct pg_statement begin = {"sla_recalculate_begin",
                                          "BEGIN ISOLATION LEVEL READ COMMITTED"};
static const struct pg_statement commit = {"sla_recalculate_commit", "COMMIT"};
static const struct pg_statement lock_clock = {
    "sla_lock_clock", "SELECT " SLA_ROW_COLUMNS ", clock_timestamp()"
                      " FROM synergyflow_workflows.sla_clock WHERE id = $1 FOR UPDATE"};

static struct http_request *end(struct recalculation *work)
{
    struct sla_service *service = work->service;
    struct http_request *request = work->request;

    for (uint32_t i = 0; i < work->store.event_count; i++)
        json_decref(work->store.events[i].payload);
    json_decref(work->before);
    json_decref(work->after);
    sla_book_release(work->book);
    service->working--;
    sla_service_ended(service);
    return request;
}

static void fail(struct recalculation *work, const struct error *error)
{
    struct error copy = *error;

    if (work->lease.connection != NULL)
        pg_release(&work->lease);
    http_reply_error(end(work), &copy);
}

static void on_stored(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct recalculation *work = CONTAINER_OF(lease, struct recalculation, lease);
    struct sla_service *service = work->service;
    json_t *answer;

    pg_batch_free_results(batch);
    if (status != STATUS_OK) {
        fail(work, error);
        return;
    }
    pg_release(lease);
    if (work->store.event_count > 0 && service->settings.on_published != NULL)
        service->settings.on_published(service->settings.context);
    sla_tell_moved(service, work->moves.moved);
    sla_store_tell(&work->store);
    sla_due_look(service);
    answer = json_pack("{s:O, s:O}", "before", work->before, "after", work->after);
    http_reply_json(end(work), 200, answer);
}

static enum status recalculate(struct recalculation *work, const struct pg_result *rows,
                               struct error *ret_error)
{
    struct sla_rating rating;
    enum status status;

    if (pg_rows(rows) == 0)
        return error_set(ret_error, STATUS_NOT_FOUND, "Could not find an SLA clock with id '%s'.",
                         http_param(work->request, "id"));
    work->store.now_us = pg_value_timestamp(rows, 0, 3);
    status = sla_row_read(work->store.arena, rows, 0, &work->row, ret_error);
    if (status == STATUS_OK)
        status = sla_row_describe(work->book, &work->row, work->store.now_us, false, &work->before,
                                  ret_error);
    if (status == STATUS_OK)
        status = sla_book_rating(work->book, work->row.clock->calendar, &rating, ret_error);
    if (status == STATUS_OK)
        status = sla_clock_recalculate(work->row.clock, work->store.now_us,
                                       rating.versions[rating.count - 1].version, ret_error);
    if (status == STATUS_OK)
        status = sla_row_look(&work->store, &work->row, ret_error);
    if (status == STATUS_OK)
        status = sla_row_describe(work->book, &work->row, work->store.now_us, false, &work->after,
                                  ret_error);
    return status;
}

/* The timers that follow the clock, and what else its subject has, are read. */
static void on_moves_read(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                          const struct error *error)
{
    struct recalculation *work = CONTAINER_OF(lease, struct recalculation, lease);
    struct error own;

    if (status == STATUS_OK) {
        status = sla_moves_decide(&work->moves, batch, &own);
        error = &own;
    }
    pg_batch_free_results(batch);
    if (status != STATUS_OK) {
        fail(work, error);
        return;
    }
    work->row.changed = true;
    sla_rows_store(&work->store, &work->row, 1);
    if (work->store.event_count > 0)
        (void)outbox_add(work->store.batch, work->service->settings.registry, work->store.events,
                         work->store.event_count, work->service->settings.ids);
    (void)pg_batch_add(work->store.batch, &commit);
    pg_run(lease, work->store.batch, on_stored); /* suspended: until on_stored */
}

static void on_read(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    struct recalculation *work = CONTAINER_OF(lease, struct recalculation, lease);
    struct pg_batch *more = pg_batch_new(work->store.arena);
    struct error own;

    work->store.batch = pg_batch_new(work->store.arena);
    if (status == STATUS_OK) {
        status = recalculate(work, pg_batch_result(batch, 1), &own);
        error = &own;
    }
    pg_batch_free_results(batch);
    if (status != STATUS_OK) {
        fail(work, error);
        return;
    }
    sla_moves_init(&work->moves, &work->store, 1);
    sla_moves_add(&work->moves, &work->row);
    sla_moves_read(&work->moves, more);
    pg_run(lease, more, on_moves_read); /* suspended: until on_moves_read */
}

static void on_ready(struct pg_lease *lease, enum status status, const struct error *error)
{
    struct recalculation *work = CONTAINER_OF(lease, struct recalculation, lease);
    struct pg_batch *batch;

    if (status != STATUS_OK) {
        fail(work, error);
        return;
    }
    batch = pg_batch_new(work->store.arena);
    (void)pg_batch_add(batch, &begin);
    pg_uuid(pg_batch_add(batch, &lock_clock), &work->id);
    pg_run(lease, batch, on_read); /* suspended: until on_read */
}

void sla_recalculate_route(void *context, struct http_request *request)
{
    struct sla_service *service = context;
    struct recalculation *work = arena_alloc(http_arena(request), sizeof(*work));
    struct error error;

    *work = (struct recalculation){.service = service, .request = request};
    if (service->book == NULL) {
        error_set(&error, STATUS_UNAVAILABLE, "The SLA documents are being read: try again.");
        http_reply_error(request, &error);
        return;
    }
    if (!uuid_parse(http_param(request, "id"), &work->id)) {
        error_set(&error, STATUS_NOT_FOUND, "Could not find an SLA clock with id '%.60s'.",
                  http_param(request, "id"));
        http_reply_error(request, &error);
        return;
    }
    work->book = sla_book_hold(service->book);
    work->store = (struct sla_store){.service = service,
                                     .book = work->book,
                                     .arena = http_arena(request),
                                     .correlation_id = http_correlation_id(request)};
    service->working++;
    pg_acquire(service->settings.pool, &work->lease, SLA_TIMEOUT_MS, on_ready);
}
