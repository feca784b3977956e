/* See service.h.
 *
 * Start: wait for a database connection → deploy the modules' processes (only what changed) →
 * routes → listen → outbox and timers begin.
 * Stop: no new connections and requests → timers → commands → outbox → connections → parts freed.
 * Each stage waits for the one before, so that whatever was accepted is answered and committed. */
#include "engine/service/service.h"

#include "bpmn/base/memory.h"
#include "bpmn/sla/clock.h"
#include "engine/api/api.h"
#include "engine/audit/sealer.h"
#include "engine/base/identity.h"
#include "engine/base/log.h"
#include "engine/module/host.h"
#include "engine/outbox/outbox.h"
#include "engine/service/health.h"
#include "engine/service/processes.h"
#include "engine/service/scripts.h"
#include "engine/sla/install.h"
#include "engine/sla/sla.h"
#include "engine/timer/timer_service.h"
#include "engine/webhook/webhook_service.h"
#include "engine/zone/places.h"

#include <string.h>

enum {
    CONNECTIONS_WAITING_MAX = 10000,
    START_DATABASE_TIMEOUT_MS = 30000,
    NODE_NAME_BYTES = 320, /* a host's name, a port */
};

struct service {
    uv_loop_t *loop;
    const struct settings *settings;
    struct identity_source identity;
    struct registry registry;
    struct pg_pool *pool;
    struct definition_cache *definitions;
    struct command_queue *commands;
    struct places *places;
    struct calendar_source calendars; /* of the SLA documents, then of the folder */
    struct timer_sources timer_sources;
    struct database_clock clock;
    struct nodes *nodes;
    char node_name[NODE_NAME_BYTES];
    struct timer_service *timers;
    struct sla_service *sla;
    struct webhook_service *webhooks;
    struct script_pool *scripts;
    struct outbox *outbox;
    struct audit_sealer *sealer; /* NULL: this node has no keys */
    struct http_server *server;
    struct module_host **hosts;
    struct api_settings api; /* the routes' context */
    struct command_effects effects;
    struct health health;
    struct process_deployer *deployer;

    void (*on_started)(void *context, enum status status, const struct error *error);
    void *started_context;
    void (*on_stopped)(void *context);
    void *stopped_context;
    bool running; /* timers and outbox have begun */
    bool deploying;
    bool stopping;
};

/* ---- effects of a commit ---- */

static void on_timer_armed(void *context, const struct uuid *id, const struct uuid *instance_id,
                           int64_t due_us)
{
    struct service *service = context;

    timer_service_armed(service->timers, id, instance_id, due_us);
}

static void on_timer_bound(void *context, const struct uuid *id, const struct uuid *instance_id,
                           int64_t due_us)
{
    struct service *service = context;

    timer_service_bound(service->timers, id, instance_id, due_us);
}

static void on_timer_removed(void *context, const struct uuid *id, int64_t due_us)
{
    struct service *service = context;

    timer_service_removed(service->timers, id, due_us);
}

static void on_job_added(void *context, const struct uuid *id, const struct uuid *instance_id,
                         int64_t due_us)
{
    struct service *service = context;

    timer_service_job(service->timers, id, instance_id, due_us);
}

static void on_start_timer(void *context, const struct uuid *id, int64_t due_us)
{
    static const struct uuid none;
    struct service *service = context;

    timer_service_job(service->timers, id, &none, due_us);
}

static void on_events_published(void *context, uint32_t count)
{
    struct service *service = context;

    (void)count;
    outbox_wake(service->outbox);
}

static void on_jobs_created(void *context, uint32_t count)
{
    struct service *service = context;

    (void)count;
    job_waiters_wake(service->api.waiters);
}

/* ---- building ---- */

/* What timers find by name. */
static enum status find_calendar(void *context, const char *name,
                                 const struct calendar **ret_calendar, struct error *ret_error)
{
    const struct service *service = context;
    const struct calendar_source *folder = places_sources(service->places)->calendars;

    *ret_calendar = sla_service_calendar(service->sla, name);
    if (*ret_calendar != NULL)
        return STATUS_OK;
    if (folder != NULL)
        return folder->find(folder->context, name, ret_calendar, ret_error);
    return error_set(ret_error, STATUS_NOT_FOUND,
                     "Expected a calendar of working time that this engine knows but there is none "
                     "with the name '%.100s': PUT it to /api/v1/sla/calendars.",
                     name);
}

static void on_nodes_changed(void *context)
{
    struct service *service = context;

    timer_service_nodes_changed(service->timers);
}

static void build_nodes(struct service *service)
{
    char host[256] = "";
    size_t size = sizeof(host);

    if (uv_os_gethostname(host, &size) != 0)
        host[0] = '\0';
    /* Without a port of its own it cannot come back as the same one. */
    (void)snprintf(service->node_name, sizeof(service->node_name), "%s:%s%d", host,
                   service->settings->port != 0 ? "" : "process ",
                   service->settings->port != 0 ? (int)service->settings->port
                                                : (int)uv_os_getpid());
    service->nodes = nodes_new(&(struct nodes_settings){.loop = service->loop,
                                                        .pool = service->pool,
                                                        .clock = &service->clock,
                                                        .id = uuid_next(&service->identity.source),
                                                        .name = service->node_name,
                                                        .on_changed = on_nodes_changed,
                                                        .context = service});
}

static void on_sla_published(void *context)
{
    struct service *service = context;

    outbox_wake(service->outbox);
}

static void on_sla_jobs(void *context)
{
    struct service *service = context;

    timer_service_look(service->timers);
}

static void on_sla_webhooks(void *context)
{
    struct service *service = context;

    webhook_service_wake(service->webhooks);
}

static void on_sla_timer_moved(void *context, const struct uuid *id, const struct uuid *instance_id,
                               int64_t due_us)
{
    struct service *service = context;

    if (due_us != SLA_OPEN_US)
        timer_service_bound(service->timers, id, instance_id, due_us);
    else
        timer_service_removed(service->timers, id, due_us);
}

static void build_commands(struct service *service)
{
    const struct settings *settings = service->settings;
    struct command_queue_settings commands = {
        .loop = service->loop,
        .pool = service->pool,
        .clock = &service->clock,
        .timers = &service->timer_sources,
        .definitions = service->definitions,
        .registry = &service->registry,
        .ids = &service->identity.source,
        .effects = service->effects,
        .lanes = (uint32_t)settings->lanes,
        .batch_max = (uint32_t)settings->batch_max,
        .waiting_max = (uint32_t)settings->waiting_max,
        .run_script = scripts_run_in_step,
    };
    struct timer_service_settings timers = {
        .loop = service->loop,
        .pool = service->pool,
        .look_ahead_ms = (uint32_t)settings->timer_look_ahead_ms,
        .scan_interval_ms = (uint32_t)settings->timer_scan_ms,
        .in_memory_max = (uint32_t)settings->timers_in_memory,
        .in_flight_max = (uint32_t)settings->timers_in_flight,
        .clock = &service->clock,
    };

    service->sla = sla_service_new(&(struct sla_settings){.loop = service->loop,
                                                          .pool = service->pool,
                                                          .ids = &service->identity.source,
                                                          .registry = &service->registry,
                                                          .timers = places_sources(service->places),
                                                          .clock = &service->clock,
                                                          .on_published = on_sla_published,
                                                          .on_jobs = on_sla_jobs,
                                                          .on_webhooks = on_sla_webhooks,
                                                          .on_timer_moved = on_sla_timer_moved,
                                                          .context = service});
    commands.sla = service->sla;
    service->webhooks = webhook_service_new(
        &(struct webhook_settings){.loop = service->loop,
                                   .pool = service->pool,
                                   .secrets = settings->webhook_secrets,
                                   .allow_http = settings->webhook_http != 0,
                                   .allow_private = settings->webhook_private != 0});
    build_nodes(service);
    timers.nodes = service->nodes;
    service->scripts = script_pool_new(service->loop, &(struct script_pool_options){0});
    timers.scripts = service->scripts;
    service->commands = command_queue_new(&commands);
    service->timers = timer_service_new(&timers);
    definition_watch_start_timers(service->definitions, on_start_timer, service);
    definition_timer_sources(service->definitions, &service->timer_sources);
}

static void build_routes(struct service *service)
{
    service->api = (struct api_settings){
        .loop = service->loop,
        .pool = service->pool,
        .definitions = service->definitions,
        .commands = service->commands,
        .registry = &service->registry,
        .ids = &service->identity.source,
        .waiters = job_waiters_new(service->loop, service->pool, service->definitions),
        .effects = &service->effects,
    };

    health_register(service->server, &service->health);
    sla_service_routes(service->sla, service->server);
    webhook_service_routes(service->webhooks, service->server);
    api_register(service->server, &service->api);
    service->hosts = memory_zero(all_module_count, sizeof(struct module_host *));
    for (uint32_t i = 0; i < all_module_count; i++) {
        struct module_host_settings host = {
            .loop = service->loop,
            .pool = service->pool,
            .commands = service->commands,
            .registry = &service->registry,
            .ids = &service->identity.source,
            .module = all_modules[i],
        };

        service->hosts[i] = module_host_new(&host);
        module_host_routes(service->hosts[i], service->server);
    }
}

static enum status build_sealer(struct service *service, uv_loop_t *loop,
                                const struct settings *settings, struct error *ret_error)
{
    if (settings->audit_keys[0] == '\0') {
        log_event(LOG_WARNING, "audit.unsealed", "reason", 's',
                  "SYNERGYFLOW_AUDIT_KEYS is empty: this node seals nothing.", NULL);
        return STATUS_OK;
    }
    return audit_sealer_new(loop, settings->audit_keys, &service->sealer, ret_error);
}

enum status service_new(uv_loop_t *loop, const struct settings *settings,
                        struct service **ret_service, struct error *ret_error)
{
    struct service *service = memory_zero(1, sizeof(*service));
    struct pg_pool_settings pool = {
        .conninfo = settings->database,
        .connections = (uint32_t)settings->connections,
        .prepared_statements = settings->prepared_statements != 0,
        .waiting_max = CONNECTIONS_WAITING_MAX,
    };

    if (places_new(settings->calendars, &service->places, ret_error) != STATUS_OK) {
        memory_free(service);
        return ret_error->status;
    }
    if (build_sealer(service, loop, settings, ret_error) != STATUS_OK) {
        places_free(service->places);
        memory_free(service);
        return ret_error->status;
    }
    service->calendars = (struct calendar_source){service, find_calendar};
    service->timer_sources = (struct timer_sources){.zones = places_sources(service->places)->zones,
                                                    .calendars = &service->calendars};
    service->loop = loop;
    service->settings = settings;
    identity_init(&service->identity);
    service->registry.modules = all_modules;
    service->registry.module_count = all_module_count;
    service->pool = pg_pool_new(loop, &pool);
    service->definitions = definition_cache_new(loop, service->pool);
    service->server = http_server_new(loop);
    service->outbox = outbox_new(loop, service->pool, &service->registry);
    service->health.pool = service->pool;
    service->effects = (struct command_effects){.context = service,
                                                .timer_armed = on_timer_armed,
                                                .timer_bound = on_timer_bound,
                                                .timer_removed = on_timer_removed,
                                                .job_added = on_job_added,
                                                .jobs_created = on_jobs_created,
                                                .events_published = on_events_published};
    build_commands(service);
    build_routes(service);
    *ret_service = service;
    return STATUS_OK;
}

/* ---- start ---- */

static void started(struct service *service, enum status status, const struct error *error)
{
    if (status == STATUS_OK)
        log_event(LOG_INFO, "service.started", "port", 'i', (int64_t)service_port(service), NULL);
    service->on_started(service->started_context, status, error);
}

static void continue_stop(struct service *service);

/* The database's clock and the other nodes are known: timers can begin. */
static void on_nodes_known(void *context)
{
    struct service *service = context;

    timer_service_start(service->timers, service->commands);
    sla_service_start(service->sla);
    webhook_service_start(service->webhooks);
}

/* The documents of the modules are stored: the last step before there are callers. */
static void on_installed(void *context, enum status status, const struct error *error)
{
    struct service *service = context;
    struct error own;

    service->deploying = false;
    if (service->stopping) {
        continue_stop(service);
        return;
    }
    if (status == STATUS_OK) {
        status = http_server_listen(service->server, service->settings->address,
                                    (uint16_t)service->settings->port, &own);
        error = &own;
    }
    if (status != STATUS_OK) {
        started(service, status, error);
        return;
    }
    service->running = true;
    outbox_start(service->outbox);
    if (service->sealer != NULL)
        audit_sealer_start(service->sealer, service->pool);
    nodes_start(service->nodes, on_nodes_known, service);
    service->health.started = true;
    started(service, STATUS_OK, NULL);
}

static void on_processes_deployed(void *context, enum status status, const struct error *error)
{
    struct service *service = context;

    process_deployer_free(service->deployer);
    service->deployer = NULL;
    if (status != STATUS_OK || service->stopping)
        on_installed(service, status, error);
    else
        sla_install(service->pool, &service->registry, &service->identity.source, on_installed,
                    service);
}

void service_start(struct service *service,
                   void (*on_started)(void *context, enum status status, const struct error *error),
                   void *context)
{
    service->on_started = on_started;
    service->started_context = context;
    service->deploying = true;
    service->deployer =
        process_deployer_new(service->pool, service->definitions, &service->registry,
                             &service->identity.source, START_DATABASE_TIMEOUT_MS);
    process_deployer_run(service->deployer, on_processes_deployed, service);
}

uint16_t service_port(const struct service *service)
{
    return http_server_port(service->server);
}

struct command_queue *service_commands(struct service *service)
{
    return service->commands;
}

struct pg_pool *service_pool(struct service *service)
{
    return service->pool;
}

/* ---- stop ---- */

static void on_pool_closed(void *context)
{
    struct service *service = context;

    service->pool = NULL;
    log_event(LOG_INFO, "service.stopped", NULL);
    service->on_stopped(service->stopped_context);
}

static void on_server_closed(void *context)
{
    struct service *service = context;

    service->server = NULL;
    job_waiters_close(service->api.waiters);
    definition_cache_free(service->definitions);
    service->definitions = NULL;
    pg_pool_close(service->pool, on_pool_closed, service);
}

static void on_outbox_stopped(void *context)
{
    struct service *service = context;

    http_server_close(service->server, on_server_closed, service);
}

static void on_sealer_stopped(void *context)
{
    struct service *service = context;

    /* Also when it never began: its handles have to close. */
    outbox_stop(service->outbox, on_outbox_stopped, service);
}

static void on_commands_drained(void *context)
{
    struct service *service = context;

    if (service->sealer != NULL)
        audit_sealer_stop(service->sealer, on_sealer_stopped, service);
    else
        on_sealer_stopped(service);
}

static void on_scripts_closed(void *context)
{
    struct service *service = context;

    service->scripts = NULL;
    command_queue_drain(service->commands, on_commands_drained, service);
}

static void on_nodes_left(void *context)
{
    struct service *service = context;

    script_pool_close(service->scripts, on_scripts_closed, service);
}

static void on_sla_stopped(void *context)
{
    struct service *service = context;

    nodes_stop(service->nodes, on_nodes_left, service);
}

static void on_webhooks_stopped(void *context)
{
    struct service *service = context;

    sla_service_stop(service->sla, on_sla_stopped, service);
}

static void on_timers_stopped(void *context)
{
    struct service *service = context;

    webhook_service_stop(service->webhooks, on_webhooks_stopped, service);
}

static void on_server_drained(void *context)
{
    struct service *service = context;

    if (service->running)
        timer_service_stop(service->timers, on_timers_stopped, service);
    else
        on_timers_stopped(service);
}

static void continue_stop(struct service *service)
{
    job_waiters_drain(service->api.waiters);
    http_server_drain(service->server, on_server_drained, service);
}

void service_stop(struct service *service, void (*on_stopped)(void *context), void *context)
{
    PRE(!service->stopping);
    service->stopping = true;
    service->health.stopping = true;
    service->on_stopped = on_stopped;
    service->stopped_context = context;
    if (!service->deploying)
        continue_stop(service);
    else if (service->deployer != NULL)
        process_deployer_stop(service->deployer);
}

void service_free(struct service *service)
{
    if (service == NULL)
        return;
    PRE(service->pool == NULL);
    timer_service_free(service->timers);
    sla_service_free(service->sla);
    webhook_service_free(service->webhooks);
    nodes_free(service->nodes);
    command_queue_free(service->commands);
    places_free(service->places);
    outbox_free(service->outbox);
    audit_sealer_free(service->sealer);
    for (uint32_t i = 0; i < all_module_count; i++)
        module_host_free(service->hosts[i]);
    memory_free(service->hosts);
    memory_free(service);
}
