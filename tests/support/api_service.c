/* See api_service.h.
 *
 * Stop: server drained → queue drained → server, cache and pool closed → the loop runs empty. */
#include "tests/support/api_service.h"

#include "bpmn/base/memory.h"
#include "engine/api/api.h"
#include "engine/base/identity.h"
#include "engine/base/log.h"

#include <stdio.h>
#include <stdlib.h>

struct api_service {
    const char *conninfo;
    uv_thread_t thread;
    uv_sem_t ready;
    uv_loop_t loop;
    uv_async_t stop;
    struct pg_pool *pool;
    struct http_server *server;
    struct identity_source ids;
    struct registry registry;
    struct api_settings api;
    unsigned port;
};

/* What a service's effects do that the API has a part in. */
static void on_jobs_created(void *context, uint32_t count)
{
    (void)count;
    job_waiters_wake(((struct api_service *)context)->api.waiters);
}

static void on_pool_closed(void *context)
{
    (void)context;
}

static void on_server_closed(void *context)
{
    struct api_service *service = context;

    command_queue_free(service->api.commands);
    definition_cache_free(service->api.definitions);
    job_waiters_close(service->api.waiters);
    pg_pool_close(service->pool, on_pool_closed, service);
    uv_close((uv_handle_t *)&service->stop, NULL);
}

static void on_queue_drained(void *context)
{
    struct api_service *service = context;

    http_server_close(service->server, on_server_closed, service);
}

static void on_server_drained(void *context)
{
    struct api_service *service = context;

    command_queue_drain(service->api.commands, on_queue_drained, service);
}

static void on_stop(uv_async_t *async)
{
    struct api_service *service = async->data;

    job_waiters_drain(service->api.waiters);
    http_server_drain(service->server, on_server_drained, service);
}

static void build(struct api_service *service)
{
    struct pg_pool_settings pool = {
        .conninfo = service->conninfo, .connections = 4, .waiting_max = 1000};
    struct command_queue_settings queue = {.loop = &service->loop,
                                           .registry = &service->registry,
                                           .lanes = COMMAND_LANES_DEFAULT,
                                           .batch_max = COMMAND_BATCH_DEFAULT,
                                           .waiting_max = COMMAND_WAITING_DEFAULT};

    identity_init(&service->ids);
    service->pool = pg_pool_new(&service->loop, &pool);
    service->api = (struct api_settings){
        .loop = &service->loop,
        .pool = service->pool,
        .definitions = definition_cache_new(&service->loop, service->pool),
        .ids = &service->ids.source,
        .registry = &service->registry,
    };
    queue.pool = service->pool;
    queue.definitions = service->api.definitions;
    queue.ids = service->api.ids;
    queue.effects = (struct command_effects){.context = service, .jobs_created = on_jobs_created};
    service->api.waiters = job_waiters_new(&service->loop, service->pool, service->api.definitions);
    service->api.commands = command_queue_new(&queue);
    service->server = http_server_new(&service->loop);
    api_register(service->server, &service->api);
}

static void run(void *argument)
{
    struct api_service *service = argument;
    struct error error = {0};

    (void)uv_loop_init(&service->loop);
    (void)uv_async_init(&service->loop, &service->stop, on_stop);
    service->stop.data = service;
    build(service);
    if (http_server_listen(service->server, "127.0.0.1", 0, &error) != STATUS_OK) {
        (void)fprintf(stderr, "api_service: %s\n", error.message);
        exit(1);
    }
    service->port = http_server_port(service->server);
    uv_sem_post(&service->ready);
    (void)uv_run(&service->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&service->loop) != 0) {
        (void)fprintf(stderr, "api_service: something still holds the loop\n");
        exit(1);
    }
}

struct api_service *api_service_start(struct test_database *database)
{
    struct api_service *service = memory_zero(1, sizeof(*service));

    log_set_level(LOG_ERROR);
    service->conninfo = test_database_conninfo(database);
    (void)uv_sem_init(&service->ready, 0);
    (void)uv_thread_create(&service->thread, run, service);
    uv_sem_wait(&service->ready);
    return service;
}

unsigned api_service_port(const struct api_service *service)
{
    return service->port;
}

void api_service_stop(struct api_service *service)
{
    (void)uv_async_send(&service->stop);
    (void)uv_thread_join(&service->thread);
    uv_sem_destroy(&service->ready);
    memory_free(service);
}
