/* See fixture.h. */
#include "tests/command/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 64 * 1024 * 1024, LOOK_MS = 5 };

static const char setup_sql[] =
    "DO $$ BEGIN CREATE ROLE synergyflow_probe; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
    "CREATE SCHEMA probe;"
    "CREATE TABLE probe.done (n bigint NOT NULL CONSTRAINT not_thirteen CHECK (n <> 13),"
    " who text NOT NULL DEFAULT current_user);"
    "GRANT USAGE ON SCHEMA probe TO synergyflow_probe;"
    "GRANT INSERT, SELECT ON probe.done TO synergyflow_probe;"
    "GRANT synergyflow_probe TO synergyflow_engine;";

static const char probe_model[] =
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'"
    " xmlns:synergyflow='http://synergyflow.org/bpmn' targetNamespace='t'>"
    "<error id='caught' errorCode='CAUGHT'/>"
    "<process id='probe' isExecutable='true'><startEvent id='s'/>"
    "<sequenceFlow id='f1' sourceRef='s' targetRef='call'/>"
    "<serviceTask id='call' synergyflow:topic='probe.call'/>"
    "<boundaryEvent id='on_error' attachedToRef='call'><errorEventDefinition errorRef='caught'/>"
    "</boundaryEvent>"
    "<sequenceFlow id='f2' sourceRef='call' targetRef='work'/>"
    "<userTask id='work'/>"
    "<sequenceFlow id='f3' sourceRef='work' targetRef='again'/>"
    "<userTask id='again'/>"
    "<sequenceFlow id='f4' sourceRef='again' targetRef='e'/><endEvent id='e'/>"
    "<sequenceFlow id='f5' sourceRef='on_error' targetRef='caught_end'/>"
    "<endEvent id='caught_end'/></process></definitions>";

/* ---- the module ---- */

static const struct pg_statement insert_done = {
    "probe_insert_done", "INSERT INTO probe.done (n) SELECT unnest($1::bigint[])"};

static int64_t number_of(const struct module_call *call)
{
    return json_integer_value(json_object_get(call->variables, "n"));
}

static enum status call_prepare(struct module_calls *calls, struct pg_batch *batch,
                                struct error *ret_error)
{
    struct pg_array *numbers = pg_int8_array(pg_batch_add(batch, &insert_done));

    for (uint32_t i = 0; i < calls->count; i++) {
        if (number_of(&calls->items[i]) == 600)
            return error_set(ret_error, STATUS_INVALID, "Expected no 600.");
    }
    for (uint32_t i = 0; i < calls->count; i++)
        pg_add_int(numbers, number_of(&calls->items[i]));
    return STATUS_OK;
}

static enum status call_finish(struct module_calls *calls, struct pg_batch *batch,
                               struct error *ret_error)
{
    (void)ret_error;
    assert_int_equal(pg_affected(pg_batch_result(batch, 0)), calls->count);
    for (uint32_t i = 0; i < calls->count; i++) {
        struct module_call *call = &calls->items[i];
        char key[32];
        struct error error;

        if (number_of(call) == 404) {
            (void)error_set(&error, STATUS_NOT_FOUND, "Expected another number.");
            module_call_refuse(calls, call, &error);
            continue;
        }
        if (number_of(call) == 500 ||
            (call->element_id != NULL && strcmp(call->element_id, "throws") == 0)) {
            module_call_error(calls, call, "CAUGHT");
            continue;
        }
        (void)snprintf(key, sizeof(key), "N-%lld", (long long)number_of(call));
        module_call_set_business_key(calls, call, key);
        module_call_return(call, json_pack("{s:I}", "m", (json_int_t)number_of(call) + 1));
        module_publish(calls, call, "probe.Called", key,
                       json_pack("{s:I}", "n", (json_int_t)number_of(call)));
    }
    return STATUS_OK;
}

static const struct module_handler handlers[] = {{"probe.call", call_prepare, call_finish}};
static const struct module probe = {.name = "probe",
                                    .schema = "probe",
                                    .role = "synergyflow_probe",
                                    .handlers = handlers,
                                    .handler_count = 1};
static const struct module *const modules[] = {&probe};

/* ---- the parts ---- */

struct parts parts;

static void on_hang(uv_timer_t *timer)
{
    (void)timer;
    print_error("the test waited %d ms in vain\n", HANG_MS);
    abort();
}

static void on_published(void *context, uint32_t count)
{
    (void)context;
    parts.published += count;
}

static void on_deployed(struct deployment *deployment, enum status status,
                        const struct error *error)
{
    if (status != STATUS_OK)
        print_error("%s\n", error->message);
    assert_int_equal(status, STATUS_OK);
    assert_true(deployment->ret_definition_count > 0);
    uv_stop(&parts.loop);
}

void deploy(const char *model)
{
    struct deployment_resource resource = {"probe.bpmn", model, strlen(model)};
    struct deployment deployment = {
        .resources = &resource, .resource_count = 1, .on_done = on_deployed, .arena = parts.arena};

    deployment_create(parts.definitions, &parts.identity.source, &deployment);
    (void)uv_run(&parts.loop, UV_RUN_DEFAULT);
}

void build_queue(uint32_t lanes, uint32_t waiting_max, uint32_t wait_max_ms)
{
    struct command_queue_settings settings = {.loop = &parts.loop,
                                              .clock = parts.clock,
                                              .pool = parts.pool,
                                              .definitions = parts.definitions,
                                              .registry = &parts.registry,
                                              .ids = &parts.identity.source,
                                              .effects = parts.effects,
                                              .lanes = lanes,
                                              .batch_max = BATCH,
                                              .waiting_max = waiting_max,
                                              .wait_max_ms = wait_max_ms,
                                              .run_script = parts.run_script};

    parts.queue = command_queue_new(&settings);
}

static void build(const char *conninfo)
{
    struct pg_pool_settings pool = {.conninfo = conninfo, .connections = 4, .waiting_max = 100};

    parts.pool = pg_pool_new(&parts.loop, &pool);
    parts.definitions = definition_cache_new(&parts.loop, parts.pool);
    build_queue(1, 100, 0);
}

static void on_pool_closed(void *context)
{
    (void)context;
    uv_stop(&parts.loop);
}

static void take_apart(void)
{
    command_queue_free(parts.queue);
    definition_cache_free(parts.definitions);
    pg_pool_close(parts.pool, on_pool_closed, NULL);
    (void)uv_run(&parts.loop, UV_RUN_DEFAULT);
}

void connect_to(const char *conninfo)
{
    take_apart();
    build(conninfo);
}

int set_up(void **state)
{
    struct database_clock *clock = parts.clock;

    (void)state;
    memset(&parts, 0, sizeof(parts));
    parts.clock = clock;
    parts.database = test_database_new(true);
    (void)test_database_sql(parts.database, setup_sql);
    assert_int_equal(uv_loop_init(&parts.loop), 0);
    assert_int_equal(uv_timer_init(&parts.loop, &parts.hang), 0);
    assert_int_equal(uv_timer_start(&parts.hang, on_hang, HANG_MS, 0), 0);
    identity_init(&parts.identity);
    parts.registry.modules = modules;
    parts.registry.module_count = 1;
    parts.effects.events_published = on_published;
    parts.arena = arena_new(ARENA_BYTES);
    build(test_database_conninfo_as(parts.database, "synergyflow_engine"));
    deploy(probe_model);
    return 0;
}

int tear_down(void **state)
{
    (void)state;
    take_apart();
    uv_close((uv_handle_t *)&parts.hang, NULL);
    (void)uv_run(&parts.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&parts.loop), 0);
    arena_free(parts.arena);
    test_database_free(parts.database);
    return 0;
}

/* ---- commands ---- */

static void on_done(struct command *command, enum status status, const struct error *error)
{
    struct asked *asked = command->context;

    assert_false(asked->done);
    asked->done = true;
    asked->status = status;
    if (status != STATUS_OK) {
        asked->error = *error;
    } else {
        asked->instance_id = command->result->instance_id;
        asked->ended = command->result->status == BPMN_INSTANCE_COMPLETED;
        asked->answer = json_integer_value(json_object_get(command->result->variables, "m"));
        (void)snprintf(asked->business_key, sizeof(asked->business_key), "%s",
                       command->result->business_key != NULL ? command->result->business_key : "");
    }
    json_decref(asked->variables);
    if (--parts.pending == 0)
        uv_stop(&parts.loop);
}

void submit(struct asked *asked)
{
    struct error error;

    asked->command.variables = asked->variables;
    asked->command.on_done = on_done;
    asked->command.context = asked;
    parts.pending++;
    assert_int_equal(command_submit(parts.queue, &asked->command, &error), STATUS_OK);
}

void ask_start(struct asked *asked, int64_t n)
{
    memset(asked, 0, sizeof(*asked));
    asked->command.kind = COMMAND_START;
    asked->command.definition_key = "probe";
    asked->variables = json_pack("{s:I}", "n", (json_int_t)n);
    submit(asked);
}

void ask_complete(struct asked *asked, const char *key, const char *element)
{
    memset(asked, 0, sizeof(*asked));
    asked->command.kind = COMMAND_STEP;
    asked->command.step = BPMN_COMPLETE_TASK;
    asked->command.address = ADDRESS_BUSINESS_KEY;
    asked->command.business_key = key;
    asked->command.name = element;
    submit(asked);
}

void run(void)
{
    while (parts.pending > 0)
        (void)uv_run(&parts.loop, UV_RUN_DEFAULT);
}

struct look {
    uv_timer_t timer;
    bool (*condition)(void *context);
    void *context;
    bool done;
    bool closed;
};

static void on_look(uv_timer_t *timer)
{
    struct look *look = timer->data;

    look->done = look->condition(look->context);
    if (look->done)
        uv_stop(&parts.loop);
}

static void on_look_closed(uv_handle_t *timer)
{
    struct look *look = timer->data;

    look->closed = true;
    uv_stop(&parts.loop);
}

void run_until(bool (*condition)(void *context), void *context)
{
    struct look look = {.condition = condition, .context = context};

    assert_int_equal(uv_timer_init(&parts.loop, &look.timer), 0);
    look.timer.data = &look;
    assert_int_equal(uv_timer_start(&look.timer, on_look, LOOK_MS, LOOK_MS), 0);
    while (!look.done)
        (void)uv_run(&parts.loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&look.timer, on_look_closed);
    while (!look.closed)
        (void)uv_run(&parts.loop, UV_RUN_DEFAULT);
}
