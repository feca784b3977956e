/* What goes on between instances, over a real PostgreSQL: calls, thrown messages and signals,
 * events that start processes, continuations, scripts that take long, and what is given up. */
#include "engine/base/clock.h"
#include "engine/timer/timer_service.h"
#include "tests/command/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MODEL(content)                                                          \
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'"          \
    " xmlns:flowable='http://flowable.org/bpmn' targetNamespace='t'>"           \
    "<message id='m' name='hello'/><signal id='g' name='alarm'/><error id='x' " \
    "errorCode='X'/>" content "</definitions>"
#define PROCESS(id, content) "<process id='" id "' isExecutable='true'>" content "</process>"
#define FLOW(id, from, to)   "<sequenceFlow id='" id "' sourceRef='" from "' targetRef='" to "'/>"

/* The called process waits, or not, or throws. */
static const char calls[] = MODEL(
    PROCESS("caller",
            "<startEvent id='s'/>" FLOW(
                "f1", "s", "c") "<callActivity id='c' "
                                "calledElement='${which}'/>" FLOW(
                                    "f2", "c", "t") "<userTask id='t'/>"
                                                    "<boundaryEvent id='b' "
                                                    "attachedToRef='c'><"
                                                    "errorEventDefinition errorRef='x'/>"
                                                    "</boundaryEvent>" FLOW(
                                                        "f3", "b", "failed") "<userTask "
                                                                             "id='failed'/>")
        PROCESS("quick", "<startEvent id='qs'/>" FLOW("q1", "qs", "qe") "<endEvent id='qe'/>")
            PROCESS("slow", "<startEvent id='ws'/>" FLOW("w1", "ws", "wt") "<userTask id='wt'/>")
                PROCESS(
                    "broken",
                    "<startEvent id='bs'/>" FLOW("b1", "bs", "bt") "<userTask id='bt'/>" FLOW(
                        "b2", "bt",
                        "be") "<endEvent id='be'><errorEventDefinition errorRef='x'/></endEvent>"));

static const char events[] = MODEL(
    PROCESS("thrower",
            "<startEvent id='s'/>" FLOW(
                "f1", "s",
                "a") "<intermediateThrowEvent id='a'><signalEventDefinition signalRef='g'/>"
                     "</intermediateThrowEvent>" FLOW("f2", "a",
                                                      "b") "<sendTask id='b' messageRef='m'/>")
        PROCESS("receiver",
                "<startEvent id='rs'/>" FLOW(
                    "r1", "rs",
                    "rr") "<receiveTask id='rr' messageRef='m'/>" FLOW("r2", "rr",
                                                                       "rt") "<userTask id='rt'/>")
            PROCESS(
                "listener",
                "<startEvent id='ls'/>" FLOW(
                    "l1", "ls",
                    "lc") "<intermediateCatchEvent id='lc'><signalEventDefinition signalRef='g'/>"
                          "</intermediateCatchEvent>" FLOW("l2", "lc", "lt") "<userTask id='lt'/>")
                PROCESS(
                    "woken",
                    "<startEvent id='os'><signalEventDefinition signalRef='g'/></startEvent>" FLOW(
                        "o1", "os", "ot") "<userTask id='ot'/>"));

static const char cycle[] = MODEL(PROCESS(
    "cycle", "<startEvent id='s'><timerEventDefinition><timeCycle>R2/PT0.05S</timeCycle>"
             "</timerEventDefinition></startEvent>" FLOW("f1", "s", "t") "<userTask id='t'/>"));

/* The second version starts by nothing of its own. */
static const char cycle_no_more[] =
    MODEL(PROCESS("cycle", "<startEvent id='s'/>" FLOW("f1", "s", "t") "<userTask id='t'/>"));
static const char cycle_far_off[] = MODEL(PROCESS(
    "cycle", "<startEvent id='s'><timerEventDefinition><timeCycle>R/PT1H</timeCycle>"
             "</timerEventDefinition></startEvent>" FLOW("f1", "s", "t") "<userTask id='t'/>"));

/* Fails as long as `ready` is no variable; retried at once, twice. */
static const char continued[] = MODEL(PROCESS(
    "continued",
    "<startEvent id='s'/>" FLOW(
        "f1", "s",
        "work") "<serviceTask id='work' flowable:async='true' flowable:expression='${ready}'>"
                "<extensionElements><flowable:failedJobRetryTimeCycle>R2/PT0.01S"
                "</flowable:failedJobRetryTimeCycle></extensionElements></serviceTask>" FLOW(
                    "f2", "work", "t") "<userTask id='t'/>"));

static const char endless[] = MODEL(
    PROCESS("endless",
            "<startEvent id='s'/>" FLOW(
                "f1", "s",
                "js") "<scriptTask id='js' scriptFormat='javascript'><script>"
                      "for (var i = 0; i &lt; rounds; i++) { sum = i }</script></scriptTask>" FLOW(
                          "f2", "js", "t") "<userTask id='t'/>"));

static const char many[] = MODEL(PROCESS(
    "many",
    "<startEvent id='s'/>" FLOW(
        "f1", "s",
        "t") "<userTask "
             "id='t'><multiInstanceLoopCharacteristics><loopCardinality>100</loopCardinality>"
             "</multiInstanceLoopCharacteristics></userTask>" FLOW("f2", "t",
                                                                   "e") "<endEvent id='e'/>"));

static struct timer_service *timers;
static struct script_pool *scripts;
static enum status (*script_runner)(const struct bpmn_env *env, const struct bpmn_script *script,
                                    struct bpmn_script_result *ret_result, struct error *ret_error);

static void on_armed(void *context, const struct uuid *id, const struct uuid *instance_id,
                     int64_t due_us)
{
    (void)context;
    timer_service_armed(timers, id, instance_id, due_us);
}

static void on_job(void *context, const struct uuid *id, const struct uuid *instance_id,
                   int64_t due_us)
{
    (void)context;
    timer_service_job(timers, id, instance_id, due_us);
}

static int set_up_jobs(void **state)
{
    const struct script_pool_options options = {.program = getenv("SYNERGYFLOW_PROGRAM"),
                                                .wall_ms = 2000};
    int result = set_up(state);

    parts.run_script = script_runner;
    parts.effects.timer_armed = on_armed;
    parts.effects.job_added = on_job;
    connect_to(test_database_conninfo_as(parts.database, "synergyflow_engine"));
    scripts = script_pool_new(&parts.loop, &options);
    timers = timer_service_new(&(struct timer_service_settings){.loop = &parts.loop,
                                                                .pool = parts.pool,
                                                                .look_ahead_ms = 60000,
                                                                .scan_interval_ms = 50,
                                                                .in_memory_max = 1000,
                                                                .in_flight_max = 16,
                                                                .scripts = scripts});
    timer_service_start(timers, parts.queue);
    return result;
}

static void on_stopped(void *context)
{
    *(bool *)context = true;
}

static bool is_set(void *context)
{
    return *(bool *)context;
}

static int tear_down_jobs(void **state)
{
    bool stopped = false;
    bool closed = false;

    timer_service_stop(timers, on_stopped, &stopped);
    run_until(is_set, &stopped);
    timer_service_free(timers);
    timers = NULL;
    script_pool_close(scripts, on_stopped, &closed);
    run_until(is_set, &closed);
    return tear_down(state);
}

struct expectation {
    const char *sql;
    const char *expected;
};

static bool holds(void *context)
{
    const struct expectation *expectation = context;

    return strcmp(test_database_sql(parts.database, expectation->sql), expectation->expected) == 0;
}

static void run_until_sql(const char *sql, const char *expected)
{
    struct expectation expectation = {sql, expected};

    run_until(holds, &expectation);
}

/* Takes over `variables`; the answer is in *asked. */
static void start(struct asked *asked, const char *key, json_t *variables)
{
    memset(asked, 0, sizeof(*asked));
    asked->command.kind = COMMAND_START;
    asked->command.definition_key = key;
    asked->variables = variables;
    submit(asked);
    run();
    if (asked->status != STATUS_OK)
        print_error("%s\n", asked->error.message);
    assert_int_equal(asked->status, STATUS_OK);
}

static enum status instance_command(struct asked *asked, enum command_kind kind,
                                    enum bpmn_command_kind step, const struct uuid *instance_id)
{
    memset(asked, 0, sizeof(*asked));
    asked->command.kind = kind;
    asked->command.step = step;
    asked->command.address = ADDRESS_INSTANCE;
    asked->command.target = *instance_id;
    asked->command.reason = "no longer needed";
    submit(asked);
    run();
    return asked->status;
}

static enum status complete_task_at(struct asked *asked, const char *element)
{
    char sql[200];

    memset(asked, 0, sizeof(*asked));
    (void)snprintf(
        sql, sizeof(sql),
        "SELECT id FROM synergyflow_workflows.task WHERE status = 1 AND element_id = '%s'"
        " ORDER BY id LIMIT 1",
        element);
    asked->command.kind = COMMAND_STEP;
    asked->command.step = BPMN_COMPLETE_TASK;
    asked->command.address = ADDRESS_TASK;
    assert_true(uuid_parse(test_database_sql(parts.database, sql), &asked->command.target));
    submit(asked);
    run();
    return asked->status;
}

static const char open_tasks[] =
    "SELECT coalesce(string_agg(element_id, ' ' ORDER BY element_id), '')"
    " FROM synergyflow_workflows.task WHERE status = 1";
static const char jobs_left[] = "SELECT count(*) FROM synergyflow_workflows.job";

/* ---- calls --------------------------------------------------------------------------------------
 */

static json_t *which(const char *key)
{
    return json_pack("{s:s}", "which", key);
}

static void a_call_that_does_not_wait_is_one_transaction(void **state)
{
    struct asked asked;

    (void)state;
    deploy(calls);
    start(&asked, "caller", which("quick"));
    assert_sql(open_tasks, "t");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.process_instance c"
               " JOIN synergyflow_workflows.process_instance p ON p.id = c.caller_id"
               " WHERE c.status = 3 AND c.root_id = p.id AND p.revision = 1",
               "1");
}

static void the_end_of_a_called_instance_carries_its_caller_on(void **state)
{
    struct asked asked;

    (void)state;
    deploy(calls);
    start(&asked, "caller", which("slow"));
    assert_sql(open_tasks, "wt");
    assert_int_equal(complete_task_at(&asked, "wt"), STATUS_OK);
    assert_sql(open_tasks, "t");
    /* Both in the same transaction. */
    assert_sql("SELECT count(DISTINCT xmin::text) FROM synergyflow_workflows.process_instance",
               "1");
}

static void an_error_that_a_called_instance_does_not_catch_reaches_its_caller(void **state)
{
    struct asked asked;

    (void)state;
    deploy(calls);
    start(&asked, "caller", which("broken"));
    assert_int_equal(complete_task_at(&asked, "bt"), STATUS_OK);
    assert_sql(open_tasks, "failed");
    assert_sql("SELECT status FROM synergyflow_workflows.process_instance"
               " WHERE caller_id IS NOT NULL",
               "4");
}

static void a_called_instance_ends_with_its_caller_and_not_before(void **state)
{
    struct uuid caller;
    struct uuid called;
    struct asked asked;

    (void)state;
    deploy(calls);
    start(&asked, "caller", which("slow"));
    caller = asked.instance_id;
    assert_true(uuid_parse(test_database_sql(parts.database,
                                             "SELECT id FROM synergyflow_workflows.process_instance"
                                             " WHERE caller_id IS NOT NULL"),
                           &called));
    assert_int_equal(instance_command(&asked, COMMAND_STEP, BPMN_TERMINATE, &called),
                     STATUS_CONFLICT);
    assert_int_equal(instance_command(&asked, COMMAND_STEP, BPMN_TERMINATE, &caller), STATUS_OK);
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.process_instance WHERE status = 4",
                  "2");
    assert_sql(open_tasks, "");
    run_until_sql(jobs_left, "0");
}

static void a_call_of_nothing_is_refused_with_its_element(void **state)
{
    struct asked asked = {0};

    (void)state;
    deploy(calls);
    asked.command.kind = COMMAND_START;
    asked.command.definition_key = "caller";
    asked.variables = which("nowhere");
    submit(&asked);
    run();
    assert_int_equal(asked.status, STATUS_FAILED);
    assert_non_null(strstr(asked.error.message, "nowhere"));
    assert_string_equal(asked.error.element_id, "c");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.process_instance", "0");
}

/* ---- messages and signals
 * ------------------------------------------------------------------------ */

static void what_is_thrown_reaches_everybody_who_waits_and_nobody_else(void **state)
{
    struct asked asked;

    (void)state;
    deploy(events);
    start(&asked, "receiver", NULL);
    start(&asked, "receiver", NULL);
    start(&asked, "listener", NULL);
    start(&asked, "listener", NULL);
    start(&asked, "thrower", NULL);
    start(&asked, "listener", NULL); /* too late */
    run_until_sql(open_tasks, "lt lt ot rt");
    run_until_sql(jobs_left, "0");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.event_subscription"
               " WHERE instance_id IS NOT NULL",
               "2"); /* one message, one signal are still waited for */
}

static void a_message_that_comes_too_early_is_kept_for_its_receiver(void **state)
{
    struct asked asked;

    (void)state;
    deploy(events);
    start(&asked, "thrower", NULL);
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.message_buffer", "1");
    start(&asked, "receiver", NULL);
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.task WHERE element_id = 'rt'", "1");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.message_buffer", "0");
}

/* Neither saw the other: both were stored at the same moment. The scan brings them together. */
static void a_message_and_its_receiver_that_missed_each_other_are_brought_together(void **state)
{
    struct asked asked;

    (void)state;
    deploy(events);
    start(&asked, "receiver", NULL);
    (void)test_database_sql(parts.database,
                            "INSERT INTO synergyflow_workflows.message_buffer (id, name, variables,"
                            " received_at, expires_at) VALUES (gen_random_uuid(), 'hello', '{}',"
                            " now(), now() + interval '1 hour'), (gen_random_uuid(), 'hello', '{}',"
                            " now(), now() - interval '1 second')");
    run_until_sql(open_tasks, "rt");
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.message_buffer", "0");
    run_until_sql(jobs_left, "0");
}

/* Its receiver went away between the throw and the delivery: it goes on looking. */
static void a_message_whose_receiver_is_gone_finds_another(void **state)
{
    struct asked asked;
    struct uuid gone;

    (void)state;
    deploy(events);
    start(&asked, "receiver", NULL);
    gone = asked.instance_id;
    (void)test_database_sql(parts.database,
                            "INSERT INTO synergyflow_workflows.job (id, instance_id, execution_id,"
                            " definition_id, element_id, kind, topic, payload, created_at, due_at)"
                            " SELECT gen_random_uuid(), instance_id, execution_id, definition_id,"
                            " element_id, 5, 'hello', jsonb_build_object('variables',"
                            " '{\"n\": 1}'::jsonb, 'subscription', gen_random_uuid()), now(),"
                            " now() FROM synergyflow_workflows.event_subscription"
                            " WHERE instance_id IS NOT NULL");
    run_until_sql(open_tasks, "rt");
    assert_int_equal(instance_command(&asked, COMMAND_STEP, BPMN_TERMINATE, &gone), STATUS_OK);
    run_until_sql(jobs_left, "0");
}

/* ---- starts
 * ----------------------------------------------------------------------------------------- */

static void a_cycle_starts_as_many_instances_as_it_says(void **state)
{
    (void)state;
    deploy(cycle);
    run_until_sql(open_tasks, "t t");
    run_until_sql(jobs_left, "0");
}

static void a_new_version_takes_the_place_of_the_old_ones_starts(void **state)
{
    (void)state;
    deploy(cycle_far_off);
    assert_sql(jobs_left, "1");
    deploy(cycle_far_off);
    assert_sql(jobs_left, "1");
    deploy(cycle_no_more);
    assert_sql(jobs_left, "0");
}

/* ---- jobs that fail
 * ----------------------------------------------------------------------------------- */

static void a_continuation_is_tried_as_often_as_it_says_and_then_left_to_people(void **state)
{
    struct asked asked;
    struct uuid instance;

    (void)state;
    deploy(continued);
    start(&asked, "continued", NULL);
    instance = asked.instance_id;
    run_until_sql("SELECT format('%s %s', attempts, dead_at IS NOT NULL)"
                  " FROM synergyflow_workflows.job",
                  "2 t");
    assert_sql("SELECT error_message LIKE '%ready%' FROM synergyflow_workflows.job", "t");
    assert_sql("SELECT format('%s %s', status, revision)"
               " FROM synergyflow_workflows.process_instance",
               "1 1");
    memset(&asked, 0, sizeof(asked));
    asked.command.kind = COMMAND_STEP;
    asked.command.step = BPMN_SET_VARIABLES;
    asked.command.address = ADDRESS_INSTANCE;
    asked.command.target = instance;
    asked.variables = json_pack("{s:b}", "ready", 1);
    submit(&asked);
    run();
    (void)test_database_sql(parts.database, "UPDATE synergyflow_workflows.job SET attempts = 0,"
                                            " dead_at = NULL, due_at = now()");
    run_until_sql(open_tasks, "t");
    assert_sql(jobs_left, "0");
}

static void a_suspended_instance_takes_no_step_until_it_is_activated(void **state)
{
    struct asked asked;
    struct uuid instance;

    (void)state;
    deploy(calls);
    start(&asked, "slow", NULL);
    instance = asked.instance_id;
    assert_int_equal(instance_command(&asked, COMMAND_SUSPEND, BPMN_START, &instance), STATUS_OK);
    assert_int_equal(instance_command(&asked, COMMAND_SUSPEND, BPMN_START, &instance),
                     STATUS_CONFLICT);
    assert_int_equal(complete_task_at(&asked, "wt"), STATUS_CONFLICT);
    assert_sql("SELECT status FROM synergyflow_workflows.process_instance", "2");
    assert_int_equal(instance_command(&asked, COMMAND_ACTIVATE, BPMN_START, &instance), STATUS_OK);
    assert_int_equal(complete_task_at(&asked, "wt"), STATUS_OK);
    assert_sql("SELECT status FROM synergyflow_workflows.process_instance", "3");
}

/* ---- scripts
 * -------------------------------------------------------------------------------------------- */

static enum status no_script_here(const struct bpmn_env *env, const struct bpmn_script *script,
                                  struct bpmn_script_result *ret_result, struct error *ret_error)
{
    (void)env;
    (void)script;
    (void)ret_error;
    *ret_result = (struct bpmn_script_result){.deferred = true};
    return STATUS_OK;
}

static void a_script_that_takes_long_runs_outside_and_comes_back(void **state)
{
    struct asked asked;

    (void)state;
    deploy(endless);
    start(&asked, "endless", json_pack("{s:i, s:i}", "rounds", 1000, "sum", 0));
    run_until_sql(open_tasks, "t");
    assert_sql("SELECT variables ->> 'sum' FROM synergyflow_workflows.process_instance", "999");
    assert_sql(jobs_left, "0");
}

static void a_script_without_end_becomes_an_incident_and_nobody_else_notices(void **state)
{
    struct asked asked;

    (void)state;
    deploy(endless);
    deploy(calls);
    start(&asked, "endless", json_pack("{s:i, s:i}", "rounds", 2000000000, "sum", 0));
    (void)test_database_sql(parts.database,
                            "UPDATE synergyflow_workflows.job SET retry_cycle = 'R1/PT1S'");
    start(&asked, "slow", NULL);
    assert_sql(open_tasks, "wt");
    run_until_sql("SELECT dead_at IS NOT NULL FROM synergyflow_workflows.job", "t");
    assert_sql("SELECT error_message LIKE '%2000 ms%' FROM synergyflow_workflows.job", "t");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.process_instance WHERE status = 1", "2");
}

/* ---- large instances
 * ------------------------------------------------------------------------------------- */

static void a_large_instance_stays_in_memory_only_as_long_as_it_is_the_stored_one(void **state)
{
    struct asked asked;

    (void)state;
    deploy(many);
    start(&asked, "many", NULL);
    for (int i = 0; i < 99; i++) {
        assert_int_equal(complete_task_at(&asked, "t"), STATUS_OK);
        /* As if another node had been there. */
        if (i == 50)
            (void)test_database_sql(parts.database,
                                    "UPDATE synergyflow_workflows.process_instance SET revision ="
                                    " revision + 10, variables = '{\"seen\": true}'");
    }
    assert_sql("SELECT format('%s %s', status, revision)"
               " FROM synergyflow_workflows.process_instance",
               "1 110");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.scope", "2");
    assert_int_equal(complete_task_at(&asked, "t"), STATUS_OK);
    assert_sql("SELECT format('%s %s', status, variables ->> 'seen')"
               " FROM synergyflow_workflows.process_instance",
               "3 true");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.scope", "0");
}

static int set_up_scripts(void **state)
{
    script_runner = no_script_here;
    return set_up_jobs(state);
}

static int tear_down_scripts(void **state)
{
    script_runner = NULL;
    return tear_down_jobs(state);
}

#define CASE(name)        cmocka_unit_test_setup_teardown(name, set_up_jobs, tear_down_jobs)
#define SCRIPT_CASE(name) cmocka_unit_test_setup_teardown(name, set_up_scripts, tear_down_scripts)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_call_that_does_not_wait_is_one_transaction),
        CASE(the_end_of_a_called_instance_carries_its_caller_on),
        CASE(an_error_that_a_called_instance_does_not_catch_reaches_its_caller),
        CASE(a_called_instance_ends_with_its_caller_and_not_before),
        CASE(a_call_of_nothing_is_refused_with_its_element),
        CASE(what_is_thrown_reaches_everybody_who_waits_and_nobody_else),
        CASE(a_message_that_comes_too_early_is_kept_for_its_receiver),
        CASE(a_message_and_its_receiver_that_missed_each_other_are_brought_together),
        CASE(a_message_whose_receiver_is_gone_finds_another),
        CASE(a_cycle_starts_as_many_instances_as_it_says),
        CASE(a_new_version_takes_the_place_of_the_old_ones_starts),
        CASE(a_continuation_is_tried_as_often_as_it_says_and_then_left_to_people),
        CASE(a_suspended_instance_takes_no_step_until_it_is_activated),
        SCRIPT_CASE(a_script_that_takes_long_runs_outside_and_comes_back),
        SCRIPT_CASE(a_script_without_end_becomes_an_incident_and_nobody_else_notices),
        CASE(a_large_instance_stays_in_memory_only_as_long_as_it_is_the_stored_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
