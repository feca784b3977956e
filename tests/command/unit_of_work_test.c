/* Units of work against a real PostgreSQL, with a module of the test's own whose handlers insert,
 * fail, refuse and throw as their input says. */
#include "engine/base/identity.h"
#include "engine/command/command.h"
#include "tests/support/postgres.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HANG_MS = 30000, BATCH = 8, ARENA_BYTES = 64 * 1024 * 1024 };

static const char setup_sql[] =
    "DO $$ BEGIN CREATE ROLE synergyflow_probe; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
    "CREATE SCHEMA probe;"
    "CREATE TABLE probe.done (n bigint NOT NULL CONSTRAINT not_thirteen CHECK (n <> 13),"
    " who text NOT NULL DEFAULT current_user);"
    "GRANT USAGE ON SCHEMA probe TO synergyflow_probe;"
    "GRANT INSERT, SELECT ON probe.done TO synergyflow_probe;"
    "GRANT synergyflow_probe TO synergyflow_engine;";

static const char model[] =
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

/* 13 breaks a constraint, 404 is refused, 500 throws a BPMN error; others return n + 1. */
static enum status call_prepare(struct module_calls *calls, struct pg_batch *batch,
                                struct error *ret_error)
{
    struct pg_array *numbers = pg_int8_array(pg_batch_add(batch, &insert_done));

    (void)ret_error;
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
        if (number_of(call) == 500) {
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

struct parts {
    struct test_database *database;
    uv_loop_t loop;
    uv_timer_t hang;
    struct identity_source identity;
    struct registry registry;
    struct pg_pool *pool;
    struct definition_cache *definitions;
    struct command_queue *queue;
    struct arena *arena;
    uint32_t pending;
    uint32_t published;
};

static struct parts parts;

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
    assert_int_equal(deployment->ret_definition_count, 1);
    uv_stop(&parts.loop);
}

static void deploy(void)
{
    struct deployment_resource resource = {"probe.bpmn", model, sizeof(model) - 1};
    struct deployment deployment = {
        .resources = &resource, .resource_count = 1, .on_done = on_deployed, .arena = parts.arena};

    deployment_create(parts.definitions, &parts.identity.source, &deployment);
    (void)uv_run(&parts.loop, UV_RUN_DEFAULT);
}

static void build_queue(uint32_t lanes, uint32_t waiting_max)
{
    struct command_queue_settings settings = {.loop = &parts.loop,
                                              .pool = parts.pool,
                                              .definitions = parts.definitions,
                                              .registry = &parts.registry,
                                              .ids = &parts.identity.source,
                                              .effects = {.events_published = on_published},
                                              .lanes = lanes,
                                              .batch_max = BATCH,
                                              .waiting_max = waiting_max};

    parts.queue = command_queue_new(&settings);
}

static int set_up(void **state)
{
    struct pg_pool_settings pool = {.connections = 4, .waiting_max = 100};

    (void)state;
    memset(&parts, 0, sizeof(parts));
    parts.database = test_database_new(true);
    (void)test_database_sql(parts.database, setup_sql);
    assert_int_equal(uv_loop_init(&parts.loop), 0);
    assert_int_equal(uv_timer_init(&parts.loop, &parts.hang), 0);
    assert_int_equal(uv_timer_start(&parts.hang, on_hang, HANG_MS, 0), 0);
    identity_init(&parts.identity);
    parts.registry.modules = modules;
    parts.registry.module_count = 1;
    pool.conninfo = test_database_conninfo_as(parts.database, "synergyflow_engine");
    parts.pool = pg_pool_new(&parts.loop, &pool);
    parts.definitions = definition_cache_new(&parts.loop, parts.pool);
    parts.arena = arena_new(ARENA_BYTES);
    build_queue(1, 100);
    deploy();
    return 0;
}

static void on_pool_closed(void *context)
{
    (void)context;
    uv_close((uv_handle_t *)&parts.hang, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    command_queue_free(parts.queue);
    definition_cache_free(parts.definitions);
    pg_pool_close(parts.pool, on_pool_closed, NULL);
    (void)uv_run(&parts.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&parts.loop), 0);
    arena_free(parts.arena);
    test_database_free(parts.database);
    return 0;
}

/* ---- commands ---- */

struct asked {
    struct command command;
    json_t *variables;
    enum status status;
    struct error error;
    struct uuid instance_id;
    char business_key[32];
    bool ended;
    bool done;
};

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
        (void)snprintf(asked->business_key, sizeof(asked->business_key), "%s",
                       command->result->business_key != NULL ? command->result->business_key : "");
    }
    json_decref(asked->variables);
    if (--parts.pending == 0)
        uv_stop(&parts.loop);
}

static void submit(struct asked *asked)
{
    struct error error;

    asked->command.variables = asked->variables;
    asked->command.on_done = on_done;
    asked->command.context = asked;
    parts.pending++;
    assert_int_equal(command_submit(parts.queue, &asked->command, &error), STATUS_OK);
}

static void ask_start(struct asked *asked, int64_t n)
{
    memset(asked, 0, sizeof(*asked));
    asked->command.kind = COMMAND_START;
    asked->command.definition_key = "probe";
    asked->variables = json_pack("{s:I}", "n", (json_int_t)n);
    submit(asked);
}

static void ask_complete(struct asked *asked, const char *key, const char *element)
{
    memset(asked, 0, sizeof(*asked));
    asked->command.kind = COMMAND_STEP;
    asked->command.step = BPMN_COMPLETE_TASK;
    asked->command.address = ADDRESS_BUSINESS_KEY;
    asked->command.business_key = key;
    asked->command.name = element;
    submit(asked);
}

static void run(void)
{
    while (parts.pending > 0)
        (void)uv_run(&parts.loop, UV_RUN_DEFAULT);
}

#define assert_sql(sql, expected) \
    assert_string_equal(test_database_sql(parts.database, sql), expected)

/* ---- tests ---- */

static void a_start_steps_calls_and_commits_in_one(void **state)
{
    struct asked asked;

    (void)state;
    ask_start(&asked, 1);
    run();
    assert_int_equal(asked.status, STATUS_OK);
    assert_string_equal(asked.business_key, "N-1");
    assert_sql("SELECT format('%s %s', n, who) FROM probe.done", "1 synergyflow_probe");
    assert_sql("SELECT format('%s %s %s', business_key, revision, variables->>'m')"
               " FROM synergyflow_workflows.process_instance",
               "N-1 1 2");
    assert_sql("SELECT element_id FROM synergyflow_workflows.task WHERE status = 1", "work");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.journal", "1");
    assert_sql("SELECT c->>'key' FROM synergyflow_workflows.journal j,"
               " jsonb_array_elements(j.changes) c WHERE c->>'c' = 'business-key'",
               "N-1");
    assert_sql("SELECT event_type FROM event_publication.event_publication", "probe.Called");
    /* Nothing listens to it, so nobody is woken. */
    assert_int_equal(parts.published, 0);
}

static void a_poisoned_command_fails_alone(void **state)
{
    static const int64_t numbers[BATCH] = {1, 2, 13, 4, 5, 6, 7, 8};
    struct asked asked[BATCH];

    (void)state;
    for (int i = 0; i < BATCH; i++)
        ask_start(&asked[i], numbers[i]);
    run();
    for (int i = 0; i < BATCH; i++)
        assert_int_equal(asked[i].status, numbers[i] == 13 ? STATUS_FAILED : STATUS_OK);
    assert_non_null(strstr(asked[2].error.message, "not_thirteen"));
    assert_sql("SELECT string_agg(n::text, ',' ORDER BY n) FROM probe.done", "1,2,4,5,6,7,8");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.process_instance", "7");
    assert_sql("SELECT count(*) FROM event_publication.event_publication", "7");
}

static void a_refusal_keeps_nothing_of_its_command(void **state)
{
    struct asked asked[3];

    (void)state;
    ask_start(&asked[0], 1);
    ask_start(&asked[1], 404);
    ask_start(&asked[2], 3);
    run();
    assert_int_equal(asked[0].status, STATUS_OK);
    assert_int_equal(asked[1].status, STATUS_NOT_FOUND);
    assert_string_equal(asked[1].error.message, "Expected another number.");
    assert_int_equal(asked[2].status, STATUS_OK);
    assert_sql("SELECT string_agg(n::text, ',' ORDER BY n) FROM probe.done", "1,3");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.process_instance", "2");
}

static void a_handlers_bpmn_error_is_caught_by_the_process(void **state)
{
    struct asked asked;

    (void)state;
    ask_start(&asked, 500);
    run();
    assert_int_equal(asked.status, STATUS_OK);
    assert_true(asked.ended);
    assert_sql("SELECT end_element_id FROM synergyflow_workflows.process_instance", "caught_end");
}

static void several_commands_of_one_instance_share_a_unit(void **state)
{
    struct asked started;
    struct asked asked[4];

    (void)state;
    ask_start(&started, 1);
    run();
    ask_complete(&asked[0], "N-1", "again"); /* not yet there: fails, and harms nobody */
    ask_complete(&asked[1], "N-1", "work");
    ask_complete(&asked[2], "N-1", "work"); /* a double completion */
    ask_complete(&asked[3], "N-1", "again");
    run();
    assert_int_equal(asked[0].status, STATUS_CONFLICT);
    assert_int_equal(asked[1].status, STATUS_OK);
    assert_int_equal(asked[2].status, STATUS_CONFLICT);
    assert_int_equal(asked[3].status, STATUS_OK);
    assert_true(asked[3].ended);
    assert_sql("SELECT format('%s %s', status, revision)"
               " FROM synergyflow_workflows.process_instance",
               "3 2");
    assert_sql("SELECT string_agg(status::text, ',') FROM synergyflow_workflows.task", "2,2");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.journal", "2");
}

static void unknown_and_ended_instances_are_told_apart(void **state)
{
    struct asked asked;

    (void)state;
    ask_complete(&asked, "nobody", "work");
    run();
    assert_int_equal(asked.status, STATUS_NOT_FOUND);
    memset(&asked, 0, sizeof(asked));
    asked.command.kind = COMMAND_START;
    asked.command.definition_key = "unheard-of";
    submit(&asked);
    run();
    assert_int_equal(asked.status, STATUS_INVALID);
    assert_string_equal(asked.error.field, "processDefinitionKey");
}

static void on_unlock(uv_timer_t *timer)
{
    (void)test_database_sql(parts.database,
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                            "application_name = 'holder'");
    uv_close((uv_handle_t *)timer, NULL);
}

static void on_held(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    (void)lease;
    (void)error;
    assert_int_equal(status, STATUS_OK);
    pg_batch_free_results(batch);
    uv_stop(&parts.loop);
}

static void on_lease(struct pg_lease *lease, enum status status, const struct error *error)
{
    static const struct pg_statement begin = {NULL, "BEGIN"};
    static const struct pg_statement name = {NULL, "SET LOCAL application_name = 'holder'"};
    static const struct pg_statement hold = {
        NULL, "SELECT id FROM synergyflow_workflows.process_instance FOR UPDATE"};
    struct pg_batch *batch = pg_batch_new(parts.arena);

    (void)error;
    assert_int_equal(status, STATUS_OK);
    (void)pg_batch_add(batch, &begin);
    (void)pg_batch_add(batch, &name);
    (void)pg_batch_add(batch, &hold);
    pg_run(lease, batch, on_held);
}

/* A batch never waits for a lock: the command goes back and is tried until the other is done. */
static void an_instance_held_elsewhere_is_waited_for(void **state)
{
    struct pg_lease lease = {0};
    struct asked started;
    struct asked asked;
    uv_timer_t unlock;

    (void)state;
    ask_start(&started, 1);
    run();
    pg_acquire(parts.pool, &lease, HANG_MS, on_lease);
    (void)uv_run(&parts.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_timer_init(&parts.loop, &unlock), 0);
    assert_int_equal(uv_timer_start(&unlock, on_unlock, 50, 0), 0);
    ask_complete(&asked, "N-1", "work");
    run();
    assert_int_equal(asked.status, STATUS_OK);
    pg_release(&lease);
}

/* Connections that die under a unit, also during its COMMIT: in the end exactly one instance. */
static void a_lost_commit_happens_exactly_once(void **state)
{
    struct asked asked;

    (void)state;
    (void)test_database_sql(
        parts.database,
        "CREATE SEQUENCE probe.kills; GRANT USAGE ON SEQUENCE probe.kills TO synergyflow_engine;"
        "GRANT USAGE ON SCHEMA probe TO synergyflow_engine;"
        "CREATE FUNCTION probe.kill() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$"
        "BEGIN IF nextval('probe.kills') = 1 THEN"
        " PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END $$;"
        "CREATE CONSTRAINT TRIGGER kill AFTER INSERT ON synergyflow_workflows.journal"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION probe.kill();");
    ask_start(&asked, 1);
    run();
    assert_int_equal(asked.status, STATUS_OK);
    assert_sql("SELECT last_value FROM probe.kills", "2"); /* killed in the first COMMIT */
    assert_sql("SELECT count(*) FROM synergyflow_workflows.process_instance", "1");
    assert_sql("SELECT count(*) FROM probe.done", "1");
}

static void a_full_queue_says_busy(void **state)
{
    struct command_queue *first = parts.queue;
    struct asked asked[2];
    struct asked refused = {0};
    struct error error;

    (void)state;
    build_queue(1, 2);
    ask_start(&asked[0], 1);
    ask_start(&asked[1], 2);
    refused.command.kind = COMMAND_START;
    refused.command.definition_key = "probe";
    refused.command.on_done = on_done;
    assert_int_equal(command_submit(parts.queue, &refused.command, &error), STATUS_BUSY);
    run();
    assert_int_equal(asked[0].status, STATUS_OK);
    assert_int_equal(asked[1].status, STATUS_OK);
    command_queue_free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_start_steps_calls_and_commits_in_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_poisoned_command_fails_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_keeps_nothing_of_its_command, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_handlers_bpmn_error_is_caught_by_the_process, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(several_commands_of_one_instance_share_a_unit, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(unknown_and_ended_instances_are_told_apart, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_instance_held_elsewhere_is_waited_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_lost_commit_happens_exactly_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_queue_says_busy, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
