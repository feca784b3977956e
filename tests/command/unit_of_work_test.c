/* Units of work against a real PostgreSQL. */
#include "bpmn/base/text.h"
#include "engine/limits.h"
#include "tests/command/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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

/* A handler that fails as a whole says nothing about whose call it was: they run apart. */
static void a_handlers_failure_is_its_callers_alone(void **state)
{
    static const int64_t numbers[BATCH] = {1, 2, 3, 600, 5, 6, 7, 8};
    struct asked asked[BATCH];

    (void)state;
    for (int i = 0; i < BATCH; i++)
        ask_start(&asked[i], numbers[i]);
    run();
    for (int i = 0; i < BATCH; i++)
        assert_int_equal(asked[i].status, numbers[i] == 600 ? STATUS_INVALID : STATUS_OK);
    assert_string_equal(asked[3].error.message, "the handler of probe.call: Expected no 600.");
    assert_sql("SELECT string_agg(n::text, ',' ORDER BY n) FROM probe.done", "1,2,3,5,6,7,8");
}

/* The second was refused because the first had completed the task, which then came to nothing. */
static void a_refusal_by_what_was_undone_is_worked_out_again(void **state)
{
    struct asked started;
    struct asked first = {0};
    struct asked second;

    (void)state;
    ask_start(&started, 1);
    run();
    (void)test_database_sql(
        parts.database,
        "ALTER TABLE synergyflow_workflows.process_instance ADD CONSTRAINT no_poison"
        " CHECK (NOT variables ? 'poison')");
    first.variables = json_pack("{s:b}", "poison", 1);
    first.command.kind = COMMAND_STEP;
    first.command.step = BPMN_COMPLETE_TASK;
    first.command.address = ADDRESS_BUSINESS_KEY;
    first.command.business_key = "N-1";
    first.command.name = "work";
    submit(&first);
    ask_complete(&second, "N-1", "work");
    run();
    assert_int_equal(first.status, STATUS_FAILED);
    assert_non_null(strstr(first.error.message, "no_poison"));
    assert_int_equal(second.status, STATUS_OK);
    assert_sql("SELECT element_id FROM synergyflow_workflows.task WHERE status = 1", "again");
}

static void ask_complete_id(struct asked *asked, const struct uuid *task_id)
{
    memset(asked, 0, sizeof(*asked));
    asked->command.kind = COMMAND_STEP;
    asked->command.step = BPMN_COMPLETE_TASK;
    asked->command.address = ADDRESS_TASK;
    asked->command.target = *task_id;
    submit(asked);
}

static void a_task_is_completed_once(void **state)
{
    struct asked started;
    struct asked asked[3];
    struct uuid task_id;
    struct uuid unknown = {{1, 2, 3}};

    (void)state;
    ask_start(&started, 1);
    run();
    assert_true(uuid_parse(
        test_database_sql(parts.database, "SELECT id FROM synergyflow_workflows.task"), &task_id));
    ask_complete_id(&asked[0], &task_id);
    ask_complete_id(&asked[1], &task_id); /* in the same unit */
    run();
    ask_complete_id(&asked[2], &task_id); /* after the commit */
    run();
    assert_int_equal(asked[0].status, STATUS_OK);
    assert_int_equal(asked[1].status, STATUS_CONFLICT);
    assert_int_equal(asked[2].status, STATUS_CONFLICT);
    assert_non_null(strstr(asked[2].error.message, "to be open but it was closed at 20"));
    ask_complete_id(&asked[0], &unknown);
    run();
    assert_int_equal(asked[0].status, STATUS_NOT_FOUND);
    assert_sql("SELECT revision FROM synergyflow_workflows.process_instance", "2");
}

/* Nothing of an instance is in the queue: another one goes on with it. */
static void another_queue_goes_on_with_the_instances(void **state)
{
    struct asked started;
    struct asked asked;

    (void)state;
    ask_start(&started, 1);
    run();
    connect_to(test_database_conninfo_as(parts.database, "synergyflow_engine"));
    ask_complete(&asked, "N-1", "work");
    run();
    assert_int_equal(asked.status, STATUS_OK);
    ask_complete(&asked, "N-1", "again");
    run();
    assert_true(asked.ended);
    assert_sql("SELECT string_agg(sequence::text, ',' ORDER BY sequence)"
               " FROM synergyflow_workflows.journal",
               "1,2,3");
}

/* Two lanes that meet at one instance take turns. */
static void lanes_do_not_share_an_instance(void **state)
{
    struct command_queue *first = parts.queue;
    struct asked started;
    struct asked asked[5 * BATCH];

    (void)state;
    build_queue(4, 100, 0);
    ask_start(&started, 1);
    run();
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        memset(&asked[i], 0, sizeof(asked[i]));
        asked[i].command.kind = COMMAND_STEP;
        asked[i].command.step = BPMN_SET_VARIABLES;
        asked[i].command.address = ADDRESS_INSTANCE;
        asked[i].command.target = started.instance_id;
        asked[i].variables = json_pack("{s:i}", "v", (int)i);
        submit(&asked[i]);
    }
    run();
    for (size_t i = 0; i < COUNT_OF(asked); i++)
        assert_int_equal(asked[i].status, STATUS_OK);
    /* Each was applied: every value is in the journal once. */
    assert_sql("SELECT count(DISTINCT c->'value') FROM synergyflow_workflows.journal j,"
               " jsonb_array_elements(j.changes) c WHERE c->>'c' = 'variable' AND c->>'var' = 'v'",
               "40");
    assert_sql("SELECT p.revision - count(*) FROM synergyflow_workflows.process_instance p JOIN"
               " synergyflow_workflows.journal j ON j.instance_id = p.id GROUP BY p.id",
               "0");
    command_queue_free(first);
}

/* a → b beside an element that throws: b was asked for when the error ended them all. */
static const char race_model[] =
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'"
    " xmlns:synergyflow='http://synergyflow.org/bpmn' targetNamespace='t'>"
    "<error id='caught' errorCode='CAUGHT'/>"
    "<process id='race' isExecutable='true'><startEvent id='s'/>"
    "<sequenceFlow id='f1' sourceRef='s' targetRef='inside'/>"
    "<subProcess id='inside'><startEvent id='is'/>"
    "<sequenceFlow id='i1' sourceRef='is' targetRef='split'/><parallelGateway id='split'/>"
    "<sequenceFlow id='i2' sourceRef='split' targetRef='a'/>"
    "<sequenceFlow id='i3' sourceRef='split' targetRef='throws'/>"
    "<serviceTask id='a' synergyflow:topic='probe.call'/>"
    "<sequenceFlow id='i4' sourceRef='a' targetRef='b'/>"
    "<serviceTask id='b' synergyflow:topic='probe.call'/>"
    "<serviceTask id='throws' synergyflow:topic='probe.call'/></subProcess>"
    "<boundaryEvent id='on_error' attachedToRef='inside'><errorEventDefinition errorRef='caught'/>"
    "</boundaryEvent>"
    "<sequenceFlow id='f2' sourceRef='on_error' targetRef='work'/><userTask id='work'/>"
    "<sequenceFlow id='f3' sourceRef='inside' targetRef='e'/><endEvent id='e'/>"
    "</process></definitions>";

static void ask_process(struct asked *asked, const char *key)
{
    memset(asked, 0, sizeof(*asked));
    asked->command.kind = COMMAND_START;
    asked->command.definition_key = key;
    asked->variables = json_pack("{s:i}", "n", 1);
    submit(asked);
}

static void a_call_that_an_error_overtook_is_not_made(void **state)
{
    struct asked asked;

    (void)state;
    deploy(race_model);
    ask_process(&asked, "race");
    run();
    assert_int_equal(asked.status, STATUS_OK);
    assert_sql("SELECT count(*) FROM probe.done", "2"); /* a, and the one that threw */
    assert_sql("SELECT element_id FROM synergyflow_workflows.task WHERE status = 1", "work");
}

/* More calls at once than one pipeline carries. */
static void a_very_wide_process_calls_in_rounds(void **state)
{
    enum { BRANCHES = LIMIT_CALLS_A_ROUND + 10 };
    struct text xml = TEXT_INIT;
    struct asked asked;
    char expected[16];

    (void)state;
    text_append(&xml, "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'"
                      " xmlns:synergyflow='http://synergyflow.org/bpmn' targetNamespace='t'>"
                      "<process id='wide' isExecutable='true'><startEvent id='s'/>"
                      "<sequenceFlow id='f' sourceRef='s' targetRef='split'/>"
                      "<parallelGateway id='split'/><parallelGateway id='join'/>"
                      "<sequenceFlow id='g' sourceRef='join' targetRef='e'/><endEvent id='e'/>");
    for (int i = 0; i < BRANCHES; i++)
        text_append_format(&xml,
                           "<sequenceFlow id='i%d' sourceRef='split' targetRef='t%d'/>"
                           "<serviceTask id='t%d' synergyflow:topic='probe.call'/>"
                           "<sequenceFlow id='o%d' sourceRef='t%d' targetRef='join'/>",
                           i, i, i, i, i);
    text_append(&xml, "</process></definitions>");
    deploy(text_string(&xml));
    text_deinit(&xml);
    ask_process(&asked, "wide");
    run();
    assert_int_equal(asked.status, STATUS_OK);
    assert_true(asked.ended);
    (void)snprintf(expected, sizeof(expected), "%d", BRANCHES);
    assert_sql("SELECT count(*) FROM probe.done", expected);
}

static void never(struct command *command, enum status status, const struct error *error)
{
    (void)command;
    (void)status;
    (void)error;
    fail_msg("answered although it was refused");
}

static void a_full_queue_says_busy(void **state)
{
    struct command_queue *first = parts.queue;
    struct asked asked[2];
    struct asked refused = {0};
    struct error error;

    (void)state;
    build_queue(1, 2, 0);
    ask_start(&asked[0], 1);
    ask_start(&asked[1], 2);
    refused.command.kind = COMMAND_START;
    refused.command.definition_key = "probe";
    refused.command.on_done = never;
    assert_int_equal(command_submit(parts.queue, &refused.command, &error), STATUS_BUSY);
    run();
    assert_int_equal(asked[0].status, STATUS_OK);
    assert_int_equal(asked[1].status, STATUS_OK);
    command_queue_free(first);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_start_steps_calls_and_commits_in_one),
        TEST(a_poisoned_command_fails_alone),
        TEST(a_refusal_keeps_nothing_of_its_command),
        TEST(a_handlers_bpmn_error_is_caught_by_the_process),
        TEST(several_commands_of_one_instance_share_a_unit),
        TEST(unknown_and_ended_instances_are_told_apart),
        TEST(a_handlers_failure_is_its_callers_alone),
        TEST(a_refusal_by_what_was_undone_is_worked_out_again),
        TEST(a_task_is_completed_once),
        TEST(another_queue_goes_on_with_the_instances),
        TEST(lanes_do_not_share_an_instance),
        TEST(a_call_that_an_error_overtook_is_not_made),
        TEST(a_very_wide_process_calls_in_rounds),
        TEST(a_full_queue_says_busy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
