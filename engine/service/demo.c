/* See demo.h. */
#include "engine/service/demo.h"

#include "bpmn/base/memory.h"
#include "engine/base/log.h"

#include <jansson.h>

static const struct {
    const char *title;
    const char *priority;
    const char *group;
} demo_incidents[] = {
    {"E-mail is down for the whole Vienna office", "CRITICAL", "messaging"},
    {"VPN drops every ten minutes", "HIGH", "network"},
    {"Printer on floor 3 prints blank pages", "LOW", "service-desk"},
    {"New colleague cannot log in to the time sheet", "MEDIUM", "service-desk"},
    {"Old laptop should be collected", "PLANNING", "service-desk"},
};

enum { DEMO_ARENA_BYTES = 64 * 1024, DEMO_TIMEOUT_MS = 10000 };

struct demo {
    struct service *service;
    struct arena *arena;
    struct command commands[COUNT_OF(demo_incidents)];
    uint32_t pending;
};

static void demo_free(struct demo *demo)
{
    arena_free(demo->arena);
    memory_free(demo);
}

static void on_opened(struct command *command, enum status status, const struct error *error)
{
    struct demo *demo = command->context;

    if (status != STATUS_OK)
        log_error("demo.failed", command->correlation_id, error);
    json_decref((json_t *)command->variables);
    if (--demo->pending == 0)
        demo_free(demo);
}

static void open_incident(struct demo *demo, uint32_t index)
{
    struct command *command = &demo->commands[index];
    struct error error = {0};

    command->kind = COMMAND_START;
    command->definition_key = "incident";
    command->user = "demo";
    command->correlation_id = "demo-data";
    command->variables = json_pack("{s:s, s:s, s:s, s:s}", "title", demo_incidents[index].title,
                                   "priority", demo_incidents[index].priority, "assignmentGroup",
                                   demo_incidents[index].group, "caller", "demo");
    command->on_done = on_opened;
    command->context = demo;
    demo->pending++;
    if (command_submit(service_commands(demo->service), command, &error) != STATUS_OK)
        on_opened(command, error.status, &error);
}

static void on_counted(void *context, struct pg_batch *batch, enum status status,
                       const struct error *error)
{
    struct demo *demo = context;

    if (status != STATUS_OK) {
        log_error("demo.failed", "demo-data", error);
        demo_free(demo);
        return;
    }
    if (pg_value_bool(pg_batch_result(batch, 0), 0, 0)) {
        demo_free(demo);
        return;
    }
    demo->pending++; /* so that an answer at once cannot free what the loop still uses */
    for (uint32_t i = 0; i < COUNT_OF(demo_incidents); i++)
        open_incident(demo, i);
    if (--demo->pending == 0)
        demo_free(demo);
}

void demo_begin(struct service *service)
{
    static const struct pg_statement any_instance = {
        "demo_any_instance", "SELECT EXISTS (SELECT FROM synergyflow_workflows.process_instance)"};
    struct demo *demo = memory_zero(1, sizeof(*demo));
    struct pg_batch *batch;

    demo->service = service;
    demo->arena = arena_new(DEMO_ARENA_BYTES);
    batch = pg_batch_new(demo->arena);
    (void)pg_batch_add(batch, &any_instance);
    pg_query(service_pool(service), batch, DEMO_TIMEOUT_MS, on_counted, demo);
}
