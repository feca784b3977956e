/* See sla.h: life, the book of documents, and the routes' table. */
#include "engine/sla/private.h"

#include "bpmn/base/memory.h"
#include "engine/base/log.h"

struct reading {
    struct sla_service *service;
    struct arena *arena;
};

static const struct pg_statement count_statement = {
    "sla_book_count", "SELECT count(*) FROM synergyflow_workflows.sla_document"};

int64_t sla_now_us(const struct sla_service *service)
{
    return database_clock_now_us(service->settings.clock);
}

void sla_service_ended(struct sla_service *service)
{
    void (*on_stopped)(void *context) = service->on_stopped;

    if (on_stopped == NULL || service->reading || service->firing || service->recalculating ||
        service->working > 0)
        return;
    service->on_stopped = NULL;
    on_stopped(service->stopped_context);
}

/* ---- the book ---- */

static void end_reading(struct reading *reading)
{
    struct sla_service *service = reading->service;

    arena_free(reading->arena);
    memory_free(reading);
    service->reading = false;
    sla_service_ended(service);
}

static void look_later(uv_timer_t *timer)
{
    sla_service_read_book(timer->data);
}

void sla_service_take_book(struct sla_service *service, const struct pg_result *rows)
{
    struct sla_book *book = NULL;
    struct error error;

    if (sla_book_read(rows, service->settings.timers->zones, &book, &error) != STATUS_OK) {
        log_error("sla.book", NULL, &error);
        return;
    }
    sla_book_release(service->book);
    service->book = book;
}

static void on_book(void *context, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    struct reading *reading = context;
    struct sla_service *service = reading->service;
    bool is_first = service->book == NULL;

    if (status == STATUS_OK)
        sla_service_take_book(service, pg_batch_result(batch, 0));
    else
        log_error("sla.book", NULL, error);
    end_reading(reading);
    if (service->stopping)
        return;
    if (service->book == NULL)
        (void)uv_timer_start(&service->look, look_later, SLA_LOOK_MS, 0);
    else if (is_first)
        sla_due_look(service);
}

static void on_counted(void *context, struct pg_batch *batch, enum status status,
                       const struct error *error)
{
    struct reading *reading = context;
    struct sla_service *service = reading->service;

    if (status != STATUS_OK)
        log_error("sla.book", NULL, error);
    /* Documents are only ever added. */
    if (status == STATUS_OK && !service->stopping &&
        pg_value_int(pg_batch_result(batch, 0), 0, 0) != service->book->document_count) {
        struct pg_batch *all;

        arena_clear(reading->arena);
        all = pg_batch_new(reading->arena);
        (void)pg_batch_add(all, &sla_book_statement);
        pg_query(service->settings.pool, all, SLA_TIMEOUT_MS, on_book, reading);
        return;
    }
    end_reading(reading);
}

void sla_service_read_book(struct sla_service *service)
{
    struct reading *reading;
    struct pg_batch *batch;

    if (!service->started || service->stopping || service->reading)
        return;
    service->reading = true;
    reading = memory_zero(1, sizeof(*reading));
    reading->service = service;
    reading->arena = arena_new(SLA_ARENA_BYTES);
    batch = pg_batch_new(reading->arena);
    (void)pg_batch_add(batch, service->book == NULL ? &sla_book_statement : &count_statement);
    pg_query(service->settings.pool, batch, SLA_TIMEOUT_MS,
             service->book == NULL ? on_book : on_counted, reading);
}

const struct calendar *sla_service_calendar(const struct sla_service *service, const char *name)
{
    int64_t now_us = sla_now_us(service);
    const struct calendar *found = NULL;
    struct sla_rating rating;
    struct error unused;

    if (service->book == NULL ||
        sla_book_rating(service->book, name, &rating, &unused) != STATUS_OK)
        return NULL;
    for (size_t i = 0; i < rating.count; i++) {
        if (found == NULL || rating.versions[i].valid_from_us <= now_us)
            found = rating.versions[i].calendar;
    }
    return found;
}

bool sla_service_has_instances(const struct sla_service *service)
{
    for (size_t i = 0; service->book != NULL && i < service->book->policy_count; i++) {
        if (service->book->policies[i]->applies_to == SLA_SUBJECT_PROCESS_INSTANCE)
            return true;
    }
    return false;
}

void sla_store_tell(const struct sla_store *store)
{
    const struct sla_settings *settings = &store->service->settings;

    if (store->has_jobs && settings->on_jobs != NULL)
        settings->on_jobs(settings->context);
    if (store->has_webhooks && settings->on_webhooks != NULL)
        settings->on_webhooks(settings->context);
    if (store->has_escalation)
        sla_service_wake(store->service, store->now_us);
}

/* ---- life ---- */

struct sla_service *sla_service_new(const struct sla_settings *settings)
{
    struct sla_service *service = memory_zero(1, sizeof(*service));
    int result = uv_timer_init(settings->loop, &service->look);

    INVARIANT(result == 0);
    service->settings = *settings;
    service->has_recalculation = true; /* one may have been left by a node that died */
    service->look.data = service;
    return service;
}

void sla_service_routes(struct sla_service *service, struct http_server *server)
{
    http_server_routes(server, sla_document_routes, sla_document_route_count, service);
    http_server_routes(server, sla_clock_routes, sla_clock_route_count, service);
    http_server_routes(server, sla_chain_routes, sla_chain_route_count, service);
    http_server_routes(server, sla_recalculation_routes, sla_recalculation_route_count, service);
}

void sla_service_start(struct sla_service *service)
{
    PRE(!service->started);
    service->started = true;
    sla_service_read_book(service);
}

void sla_service_stop(struct sla_service *service, void (*on_stopped)(void *context), void *context)
{
    PRE(!service->stopping);
    service->stopping = true;
    service->on_stopped = on_stopped;
    service->stopped_context = context;
    (void)uv_timer_stop(&service->look);
    sla_service_ended(service);
}

static void on_closed(uv_handle_t *handle)
{
    memory_free(handle->data);
}

void sla_service_free(struct sla_service *service)
{
    if (service == NULL)
        return;
    sla_book_release(service->book);
    uv_close((uv_handle_t *)&service->look, on_closed);
}
