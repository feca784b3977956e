/* How commands name what they mean: by ids of tasks, jobs, executions, instances and by business
 * keys; unknown, closed, held by another, or changing while they are read. */
#include "bpmn/base/check.h"
#include "tests/command/fixture.h"

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DEFINITIONS                                                    \
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'" \
    " xmlns:flowable='http://flowable.org/bpmn' targetNamespace='t'>"

static const char plain_model[] =
    DEFINITIONS "<process id='plain' isExecutable='true'><startEvent id='s'/>"
                "<sequenceFlow id='f1' sourceRef='s' targetRef='work'/><userTask id='work'/>"
                "<sequenceFlow id='f2' sourceRef='work' targetRef='e'/><endEvent id='e'/>"
                "</process></definitions>";

/* The same task in a scope of its own. */
static const char nested_model[] = DEFINITIONS
    "<process id='nested' isExecutable='true'><startEvent id='s'/>"
    "<sequenceFlow id='f1' sourceRef='s' targetRef='inside'/>"
    "<subProcess id='inside'><startEvent id='is'/>"
    "<sequenceFlow id='i1' sourceRef='is' targetRef='work'/><userTask id='work'/></subProcess>"
    "<sequenceFlow id='f2' sourceRef='inside' targetRef='e'/><endEvent id='e'/>"
    "</process></definitions>";

static const char job_model[] =
    DEFINITIONS "<process id='job' isExecutable='true'><startEvent id='s'/>"
                "<sequenceFlow id='f1' sourceRef='s' targetRef='pay'/>"
                "<serviceTask id='pay' flowable:type='external-worker' flowable:topic='pay'/>"
                "<sequenceFlow id='f2' sourceRef='pay' targetRef='e'/><endEvent id='e'/>"
                "</process></definitions>";

static void ask_start_of(struct asked *asked, const char *definition_key, const char *business_key)
{
    memset(asked, 0, sizeof(*asked));
    asked->command.kind = COMMAND_START;
    asked->command.definition_key = definition_key;
    asked->command.business_key = business_key;
    submit(asked);
}

static void ask_step(struct asked *asked, enum bpmn_command_kind step, enum command_address address,
                     const struct uuid *target)
{
    memset(asked, 0, sizeof(*asked));
    asked->command.kind = COMMAND_STEP;
    asked->command.step = step;
    asked->command.address = address;
    asked->command.target = *target;
    asked->command.instance_id = *target; /* of a timer */
    asked->command.name = "any";
    submit(asked);
}

/* ---- unknown, ended, suspended ---- */

static void what_is_unknown_is_said_to_be(void **state)
{
    static const struct {
        enum bpmn_command_kind step;
        enum command_address address;
        const char *noun;
    } cases[] = {
        {BPMN_TERMINATE, ADDRESS_INSTANCE, "a process instance with id"},
        {BPMN_SET_VARIABLES, ADDRESS_INSTANCE, "a process instance with id"},
        {BPMN_COMPLETE_TASK, ADDRESS_TASK, "a task with id"},
        {BPMN_COMPLETE_JOB, ADDRESS_JOB, "a job with id"},
        {BPMN_JOB_ERROR, ADDRESS_JOB, "a job with id"},
        {BPMN_TRIGGER_TIMER, ADDRESS_TIMER, "a timer with id"},
        {BPMN_RECEIVE_MESSAGE, ADDRESS_EXECUTION, "an execution with id"},
    };
    struct uuid unknown = {{1, 2, 3}};
    struct asked asked[COUNT_OF(cases)];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ask_step(&asked[i], cases[i].step, cases[i].address, &unknown);
    run();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(asked[i].status, STATUS_NOT_FOUND);
        assert_non_null(strstr(asked[i].error.message, cases[i].noun));
        assert_non_null(strstr(asked[i].error.message, "'01020300-"));
    }
}

static void an_ended_instance_is_left_alone(void **state)
{
    struct asked started;
    struct asked asked[3];

    (void)state;
    deploy(plain_model);
    ask_start_of(&started, "plain", "one");
    run();
    ask_step(&asked[0], BPMN_TERMINATE, ADDRESS_INSTANCE, &started.instance_id);
    ask_step(&asked[1], BPMN_SET_VARIABLES, ADDRESS_INSTANCE, &started.instance_id);
    run();
    ask_step(&asked[2], BPMN_TERMINATE, ADDRESS_INSTANCE, &started.instance_id);
    run();
    assert_int_equal(asked[0].status, STATUS_OK);
    for (int i = 1; i < 3; i++) {
        assert_int_equal(asked[i].status, STATUS_CONFLICT);
        assert_non_null(strstr(asked[i].error.message, "to be active but it has ended"));
    }
    assert_sql("SELECT format('%s %s', status, revision)"
               " FROM synergyflow_workflows.process_instance",
               "4 2");
}

static void a_suspended_instance_can_only_be_ended(void **state)
{
    struct asked started;
    struct asked asked;

    (void)state;
    deploy(plain_model);
    ask_start_of(&started, "plain", "one");
    run();
    (void)test_database_sql(parts.database,
                            "UPDATE synergyflow_workflows.process_instance SET status = 2");
    ask_complete(&asked, "one", "work");
    run();
    assert_int_equal(asked.status, STATUS_CONFLICT);
    assert_non_null(strstr(asked.error.message, "suspended"));
    assert_sql("SELECT revision FROM synergyflow_workflows.process_instance", "1");
    ask_step(&asked, BPMN_TERMINATE, ADDRESS_INSTANCE, &started.instance_id);
    run();
    assert_int_equal(asked.status, STATUS_OK);
    assert_sql("SELECT count(*) FROM synergyflow_workflows.task WHERE status = 1", "0");
}

/* ---- jobs ---- */

static void ask_job(struct asked *asked, const struct uuid *job_id, const char *worker_id)
{
    memset(asked, 0, sizeof(*asked));
    asked->command.kind = COMMAND_STEP;
    asked->command.step = BPMN_COMPLETE_JOB;
    asked->command.address = ADDRESS_JOB;
    asked->command.target = *job_id;
    asked->command.worker_id = worker_id;
    submit(asked);
    run();
}

/* A job is its lock's holder's: nobody else's, and not after the lock has run out. */
static void a_job_is_completed_by_its_worker_alone(void **state)
{
    static const char lock[] = "UPDATE synergyflow_workflows.job SET lock_owner = 'w1',"
                               " lock_expires_at = now() + interval '%s'";
    struct asked started;
    struct asked asked;
    struct uuid job_id;
    char sql[256];

    (void)state;
    deploy(job_model);
    ask_start_of(&started, "job", "one");
    run();
    assert_true(uuid_parse(
        test_database_sql(parts.database, "SELECT id FROM synergyflow_workflows.job"), &job_id));
    ask_job(&asked, &job_id, "w1"); /* nobody has it */
    assert_int_equal(asked.status, STATUS_FORBIDDEN);
    (void)snprintf(sql, sizeof(sql), lock, "-1 second");
    (void)test_database_sql(parts.database, sql);
    ask_job(&asked, &job_id, "w1");
    assert_int_equal(asked.status, STATUS_FORBIDDEN);
    (void)snprintf(sql, sizeof(sql), lock, "1 hour");
    (void)test_database_sql(parts.database, sql);
    ask_job(&asked, &job_id, "w2");
    assert_int_equal(asked.status, STATUS_FORBIDDEN);
    assert_non_null(strstr(asked.error.message, "to be locked by worker 'w2'"));
    assert_sql("SELECT revision FROM synergyflow_workflows.process_instance", "1");
    ask_job(&asked, &job_id, "w1");
    assert_int_equal(asked.status, STATUS_OK);
    assert_true(asked.ended);
    assert_sql("SELECT count(*) FROM synergyflow_workflows.job", "0");
    ask_job(&asked, &job_id, "w1");
    assert_int_equal(asked.status, STATUS_NOT_FOUND);
}

/* ---- business keys ---- */

static bool waits_for_scopes(void *context)
{
    (void)context;
    return strcmp(test_database_sql(parts.database,
                                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND"
                                    " relation = 'synergyflow_workflows.scope'::regclass"),
                  "0") != 0;
}

/* Between the lock of the newest instance and the reading of its scopes, another one takes over as
 * the newest: the first must not be taken for one without scopes. */
static void a_key_that_moves_on_while_it_is_read_is_read_again(void **state)
{
    PGconn *other = PQconnectdb(test_database_conninfo(parts.database));
    struct asked started[2];
    struct asked asked;

    (void)state;
    deploy(plain_model);
    deploy(nested_model);
    ask_start_of(&started[0], "nested", "key");
    run();
    ask_start_of(&started[1], "plain", "another");
    run();
    PQclear(PQexec(other, "BEGIN; LOCK TABLE synergyflow_workflows.scope"));
    ask_complete(&asked, "key", "work");
    run_until(waits_for_scopes, NULL);
    PQclear(PQexec(other, "UPDATE synergyflow_workflows.process_instance SET business_key = 'key'"
                          " WHERE business_key = 'another'; COMMIT"));
    assert_int_equal(PQtransactionStatus(other), PQTRANS_IDLE);
    PQfinish(other);
    run();
    assert_int_equal(asked.status, STATUS_OK);
    assert_memory_equal(&asked.instance_id, &started[1].instance_id, sizeof(struct uuid));
    assert_sql("SELECT string_agg(format('%s %s', definition_key, status), ',' ORDER BY id)"
               " FROM synergyflow_workflows.process_instance",
               "nested 1,plain 3");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.task WHERE status = 1", "1");
    ask_complete(&asked, "key", "work"); /* the only one that still runs */
    run();
    assert_int_equal(asked.status, STATUS_OK);
    assert_memory_equal(&asked.instance_id, &started[0].instance_id, sizeof(struct uuid));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_unknown_is_said_to_be),
        TEST(an_ended_instance_is_left_alone),
        TEST(a_suspended_instance_can_only_be_ended),
        TEST(a_job_is_completed_by_its_worker_alone),
        TEST(a_key_that_moves_on_while_it_is_read_is_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
