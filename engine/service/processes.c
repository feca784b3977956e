/* See processes.h. */
#include "engine/service/processes.h"

#include "bpmn/base/memory.h"
#include "engine/api/api.h"
#include "engine/base/clock.h"

#include <string.h>

/* The database is asked in short tries, so that a stop need not wait for the last of them. */
enum { PROCESSES_ARENA_BYTES = 64 * 1024 * 1024, TRY_MS = 1000 };

struct process_deployer {
    struct pg_pool *pool;
    struct definition_cache *definitions;
    const struct registry *registry;
    struct uuid_source *ids;
    uint32_t timeout_ms;
    int64_t deadline_us;
    bool stopping;
    uint32_t module;  /* which one is being deployed … */
    uint32_t process; /* … and which of its processes */
    struct arena *arena;
    struct deployment deployment;
    struct deployment_resource resource;
    void (*on_done)(void *context, enum status status, const struct error *error);
    void *context;
};

struct process_deployer *process_deployer_new(struct pg_pool *pool,
                                              struct definition_cache *definitions,
                                              const struct registry *registry,
                                              struct uuid_source *ids, uint32_t timeout_ms)
{
    struct process_deployer *deployer = memory_zero(1, sizeof(*deployer));

    deployer->pool = pool;
    deployer->definitions = definitions;
    deployer->registry = registry;
    deployer->ids = ids;
    deployer->timeout_ms = timeout_ms;
    deployer->arena = arena_new(PROCESSES_ARENA_BYTES);
    return deployer;
}

static void deploy_next(struct process_deployer *deployer);

static void on_deployed(struct deployment *deployment, enum status status,
                        const struct error *error)
{
    struct process_deployer *deployer = deployment->context;
    struct error own;

    if (status != STATUS_OK) {
        own = *error;
        (void)error_prefix(&own, "the shipped process %s", deployer->resource.name);
        deployer->on_done(deployer->context, status, &own);
        return;
    }
    deployer->process++;
    deploy_next(deployer);
}

static void deploy_next(struct process_deployer *deployer)
{
    const struct module *module;
    const struct module_process *process;

    while (deployer->module < deployer->registry->module_count &&
           deployer->process >= deployer->registry->modules[deployer->module]->process_count) {
        deployer->module++;
        deployer->process = 0;
    }
    if (deployer->module == deployer->registry->module_count) {
        deployer->on_done(deployer->context, STATUS_OK, NULL);
        return;
    }
    module = deployer->registry->modules[deployer->module];
    process = &module->processes[deployer->process];
    memset(&deployer->deployment, 0, sizeof(deployer->deployment));
    deployer->resource.name = process->resource_name;
    deployer->resource.bytes = process->bytes;
    deployer->resource.length = *process->length;
    deployer->deployment.name =
        arena_format(deployer->arena, "%s/%s", module->name, process->resource_name);
    deployer->deployment.resources = &deployer->resource;
    deployer->deployment.resource_count = 1;
    deployer->deployment.only_if_changed = true;
    deployer->deployment.hosts =
        (struct topic_hosts){api_hosts_topic, (void *)(uintptr_t)deployer->registry};
    deployer->deployment.arena = deployer->arena;
    deployer->deployment.on_done = on_deployed;
    deployer->deployment.context = deployer;
    deployment_create(deployer->definitions, deployer->ids, &deployer->deployment);
}

static void ask(struct process_deployer *deployer);

/* The pool opens connections by itself; asking for anything waits until one is up. */
static void on_database(void *context, struct pg_batch *batch, enum status status,
                        const struct error *error)
{
    struct process_deployer *deployer = context;
    struct error own;

    if ((status == STATUS_UNAVAILABLE || status == STATUS_TIMEOUT) && !deployer->stopping &&
        clock_monotonic_us() < deployer->deadline_us) {
        ask(deployer);
        return;
    }
    if (status != STATUS_OK) {
        own = *error;
        (void)error_prefix(&own, "the database at start-up");
        deployer->on_done(deployer->context, STATUS_UNAVAILABLE, &own);
        return;
    }
    if (pg_rows(pg_batch_result(batch, 0)) == 0 ||
        !pg_value_bool(pg_batch_result(batch, 0), 0, 0)) {
        (void)error_set(&own, STATUS_CONFLICT,
                        "Expected the schema synergyflow_workflows but the database has none: run "
                        "`synergyflow migrate`.");
        deployer->on_done(deployer->context, STATUS_CONFLICT, &own);
        return;
    }
    deploy_next(deployer);
}

static void ask(struct process_deployer *deployer)
{
    static const struct pg_statement schema_exists = {
        "processes_schema_exists", "SELECT to_regnamespace('synergyflow_workflows') IS NOT NULL"};
    struct pg_batch *batch = pg_batch_new(deployer->arena);

    (void)pg_batch_add(batch, &schema_exists);
    pg_query(deployer->pool, batch, TRY_MS, on_database, deployer);
}

void process_deployer_run(struct process_deployer *deployer,
                          void (*on_done)(void *context, enum status status,
                                          const struct error *error),
                          void *context)
{
    deployer->on_done = on_done;
    deployer->context = context;
    deployer->deadline_us = clock_monotonic_us() + (int64_t)deployer->timeout_ms * 1000;
    ask(deployer);
}

void process_deployer_stop(struct process_deployer *deployer)
{
    deployer->stopping = true;
}

void process_deployer_free(struct process_deployer *deployer)
{
    if (deployer == NULL)
        return;
    arena_free(deployer->arena);
    memory_free(deployer);
}
