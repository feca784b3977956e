/* The whole program under faults: killed, stopped, and with its database taken away, under load.
 * Whatever was acknowledged is there afterwards, exactly once; everything reconciles. */
#include "tests/support/http_client.h"
#include "tests/support/postgres.h"
#include "tests/support/program.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CALLERS = 4, CALLS_MAX = 4000, ENOUGH_CALLS = 60 };

static const char automatic[] =
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'"
    " xmlns:flowable='http://flowable.org/bpmn' targetNamespace='t'>"
    "<process id='automatic' isExecutable='true'><startEvent id='s'/>"
    "<sequenceFlow id='f1' sourceRef='s' targetRef='t'/>"
    "<serviceTask id='t' flowable:expression='${n + 1}' flowable:resultVariable='m'/>"
    "<sequenceFlow id='f2' sourceRef='t' targetRef='e'/><endEvent id='e'/></process></definitions>";

static const char timed[] =
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='t'>"
    "<process id='timed' isExecutable='true'><startEvent id='s'/>"
    "<sequenceFlow id='f1' sourceRef='s' targetRef='w'/>"
    "<intermediateCatchEvent id='w'><timerEventDefinition><timeDuration>PT1S</timeDuration>"
    "</timerEventDefinition></intermediateCatchEvent>"
    "<sequenceFlow id='f2' sourceRef='w' targetRef='e'/><endEvent id='e'/></process></definitions>";

/* A thread that opens incidents and starts instances until it is told to stop; what was
 * acknowledged is kept. */
struct caller {
    pthread_t thread;
    unsigned port;
    volatile int *stop;
    char instances[CALLS_MAX][40];
    char incidents[CALLS_MAX][24];
    volatile unsigned instance_count;
    volatile unsigned incident_count;
    unsigned failures;
};

static void keep(json_t *answer, const char *member, char *to, size_t size)
{
    const char *text = json_string_value(json_object_get(answer, member));

    assert_non_null(text);
    (void)snprintf(to, size, "%s", text);
}

static void *call_until_stopped(void *context)
{
    struct caller *caller = context;

    while (*caller->stop == 0 && caller->instance_count < CALLS_MAX &&
           caller->incident_count < CALLS_MAX) {
        json_t *answer = NULL;
        int status = http_call(caller->port, "POST", "/process-api/runtime/process-instances",
                               "{\"processDefinitionKey\":\"automatic\",\"variables\":"
                               "[{\"name\":\"n\",\"value\":1}]}",
                               &answer);

        if (status == 201) {
            keep(answer, "id", caller->instances[caller->instance_count], 40);
            caller->instance_count++;
        } else {
            caller->failures++;
        }
        json_decref(answer);
        status = http_call(caller->port, "POST", "/api/v1/incidents",
                           "{\"title\":\"under load\",\"priority\":\"LOW\"}", &answer);
        if (status == 201) {
            keep(answer, "incidentId", caller->incidents[caller->incident_count], 24);
            caller->incident_count++;
        } else {
            caller->failures++;
        }
        json_decref(answer);
    }
    return NULL;
}

struct load {
    struct caller callers[CALLERS];
    volatile int stop;
};

static struct load *load_begin(unsigned port)
{
    struct load *load = calloc(1, sizeof(*load));

    assert_non_null(load);
    for (int i = 0; i < CALLERS; i++) {
        load->callers[i].port = port;
        load->callers[i].stop = &load->stop;
        assert_int_equal(
            pthread_create(&load->callers[i].thread, NULL, call_until_stopped, &load->callers[i]),
            0);
    }
    return load;
}

static unsigned acknowledged(const struct load *load)
{
    unsigned count = 0;

    for (int i = 0; i < CALLERS; i++)
        count += load->callers[i].instance_count + load->callers[i].incident_count;
    return count;
}

static bool has_enough(void *context)
{
    return acknowledged(context) >= ENOUGH_CALLS;
}

static void load_end(struct load *load)
{
    load->stop = 1;
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_join(load->callers[i].thread, NULL), 0);
}

/* ---- what has to hold ---- */

struct check {
    struct test_database *database;
    const char *sql;
    const char *expected;
};

static bool holds(void *context)
{
    const struct check *check = context;

    return strcmp(test_database_sql(check->database, check->sql), check->expected) == 0;
}

static void assert_eventually(struct test_database *database, const char *sql, const char *expected)
{
    struct check check = {database, sql, expected};

    if (!wait_until(holds, &check)) {
        print_error("%s\n  gives %s, expected %s\n", sql, test_database_sql(database, sql),
                    expected);
        fail();
    }
}

static void assert_acknowledged_kept(struct test_database *database, const struct load *load)
{
    for (int i = 0; i < CALLERS; i++) {
        const struct caller *caller = &load->callers[i];
        char sql[512];

        for (unsigned n = 0; n < caller->instance_count; n++) {
            (void)snprintf(sql, sizeof(sql),
                           "SELECT count(*) FROM synergyflow_workflows.process_instance WHERE id = "
                           "'%s' AND status = 3 AND variables->>'m' = '2'",
                           caller->instances[n]);
            assert_string_equal(test_database_sql(database, sql), "1");
        }
        for (unsigned n = 0; n < caller->incident_count; n++) {
            (void)snprintf(sql, sizeof(sql),
                           "SELECT count(*) FROM synergyflow_incidents.incidents i JOIN "
                           "synergyflow_workflows.process_instance p ON p.id = "
                           "i.process_instance_id AND p.business_key = i.incident_id AND p.status "
                           "= 1 WHERE i.incident_id = '%s'",
                           caller->incidents[n]);
            assert_string_equal(test_database_sql(database, sql), "1");
        }
    }
}

static void assert_reconciled(struct test_database *database)
{
    /* All or nothing: an incident without instance, or the other way round, is half a transaction.
     */
    assert_string_equal(
        test_database_sql(
            database, "SELECT count(*) FROM synergyflow_incidents.incidents i FULL JOIN (SELECT "
                      "* FROM synergyflow_workflows.process_instance WHERE definition_key = "
                      "'incident') p ON p.id = i.process_instance_id WHERE i.incident_id IS NULL "
                      "OR p.id IS NULL"),
        "0");
    assert_string_equal(
        test_database_sql(database,
                          "SELECT count(*) FROM synergyflow_workflows.process_instance p WHERE "
                          "p.revision <> (SELECT count(*) FROM synergyflow_workflows.journal j "
                          "WHERE j.instance_id = p.id)"),
        "0");
    assert_eventually(database,
                      "SELECT count(*) FROM event_publication.event_publication WHERE listener_id "
                      "<> '' AND completion_date IS NULL",
                      "0");
    assert_string_equal(
        test_database_sql(database,
                          "SELECT (SELECT count(*) FROM event_publication.event_publication WHERE "
                          "listener_id <> '') - (SELECT count(*) FROM "
                          "event_publication.processed_events)"),
        "0");
    assert_string_equal(
        test_database_sql(database,
                          "SELECT count(*) FROM synergyflow_incidents.incidents i FULL JOIN "
                          "synergyflow_tasks.incident_projections p USING (incident_id) WHERE "
                          "p.incident_id IS NULL OR i.incident_id IS NULL OR p.status <> i.status"),
        "0");
    assert_string_equal(
        test_database_sql(database,
                          "SELECT count(*) FROM synergyflow_workflows.timer t JOIN "
                          "synergyflow_workflows.process_instance p ON p.id = t.instance_id WHERE "
                          "p.status >= 3"),
        "0");
}

static void deploy(unsigned port)
{
    assert_int_equal(
        http_upload(port, "/process-api/repository/deployments", "automatic.bpmn", automatic, NULL),
        201);
    assert_int_equal(
        http_upload(port, "/process-api/repository/deployments", "timed.bpmn", timed, NULL), 201);
}

static const char *engine_conninfo(struct test_database *database)
{
    return test_database_conninfo_as(database, "synergyflow_engine");
}

/* ---- tests ---- */

static void killed_under_load_it_keeps_what_was_acknowledged(void **state)
{
    struct test_database *database = test_database_new(true);
    struct program program;

    (void)state;
    program_serve(&program, engine_conninfo(database), NULL);
    deploy(program.port);
    for (int round = 0; round < 2; round++) {
        struct load *load = load_begin(program.port);

        assert_true(wait_until(has_enough, load));
        program_signal(&program, SIGKILL);
        assert_int_equal(program_wait(&program), 128 + SIGKILL);
        load_end(load);
        program_serve(&program, engine_conninfo(database), NULL);
        assert_acknowledged_kept(database, load);
        assert_reconciled(database);
        free(load);
    }
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    test_database_free(database);
}

static void timers_due_while_it_is_down_fire_once_after_the_start(void **state)
{
    struct test_database *database = test_database_new(true);
    struct program program;

    (void)state;
    program_serve(&program, engine_conninfo(database), NULL);
    deploy(program.port);
    for (int i = 0; i < 20; i++)
        assert_int_equal(http_call(program.port, "POST", "/process-api/runtime/process-instances",
                                   "{\"processDefinitionKey\":\"timed\"}", NULL),
                         201);
    program_signal(&program, SIGKILL);
    assert_int_equal(program_wait(&program), 128 + SIGKILL);
    assert_eventually(database,
                      "SELECT count(*) FROM synergyflow_workflows.timer WHERE due_at > now()", "0");
    program_serve(&program, engine_conninfo(database), NULL);
    assert_eventually(database,
                      "SELECT count(*) FROM synergyflow_workflows.process_instance WHERE "
                      "definition_key = 'timed' AND status = 3",
                      "20");
    assert_string_equal(test_database_sql(database,
                                          "SELECT count(*) FROM synergyflow_workflows.journal j, "
                                          "jsonb_array_elements(j.changes) c WHERE c->>'c' = "
                                          "'timer-fired'"),
                        "20");
    assert_string_equal(
        test_database_sql(database, "SELECT count(*) FROM synergyflow_workflows.timer"), "0");
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    test_database_free(database);
}

static void stopped_under_load_it_answers_what_is_in_flight(void **state)
{
    struct test_database *database = test_database_new(true);
    struct program program;
    struct load *load;

    (void)state;
    program_serve(&program, engine_conninfo(database), NULL);
    deploy(program.port);
    load = load_begin(program.port);
    assert_true(wait_until(has_enough, load));
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    load_end(load);
    /* Nothing was committed that was not answered: a graceful stop finishes both. */
    assert_acknowledged_kept(database, load);
    {
        char expected[16];
        unsigned instances = 0;

        for (int i = 0; i < CALLERS; i++)
            instances += load->callers[i].instance_count;
        (void)snprintf(expected, sizeof(expected), "%u", instances);
        assert_string_equal(
            test_database_sql(database,
                              "SELECT count(*) FROM synergyflow_workflows.process_instance WHERE "
                              "definition_key = 'automatic'"),
            expected);
    }
    free(load);
    program_serve(&program, engine_conninfo(database), NULL);
    assert_reconciled(database);
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    test_database_free(database);
}

static bool is_ready(void *context)
{
    return http_call(*(unsigned *)context, "GET", "/readyz", NULL, NULL) == 200;
}

static bool is_not_ready(void *context)
{
    return http_call(*(unsigned *)context, "GET", "/readyz", NULL, NULL) == 503;
}

/* Every connection of the engine is ended by the server, again and again, as in a restart: commands
 * in flight are settled (in doubt or retried), and the engine reconnects by itself. */
static void connections_cut_under_load_lose_nothing(void **state)
{
    struct test_database *database = test_database_new(true);
    struct program program;
    struct load *load;
    unsigned before;

    (void)state;
    program_serve(&program, engine_conninfo(database), NULL);
    deploy(program.port);
    load = load_begin(program.port);
    for (int cut = 0; cut < 5; cut++) {
        assert_true(wait_until(has_enough, load));
        (void)test_database_sql(database,
                                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                                "WHERE usename = 'synergyflow_engine' AND datname = "
                                "current_database()");
        before = acknowledged(load);
        while (acknowledged(load) == before && load->callers[0].failures < CALLS_MAX)
            (void)wait_until(is_ready, &program.port);
    }
    load_end(load);
    assert_acknowledged_kept(database, load);
    assert_reconciled(database);
    free(load);
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    test_database_free(database);
}

/* The same as assert_acknowledged_kept(), asked over REST. */
static void assert_acknowledged_answered(unsigned port, const struct load *load)
{
    for (int i = 0; i < CALLERS; i++) {
        const struct caller *caller = &load->callers[i];
        char path[160];

        for (unsigned n = 0; n < caller->instance_count; n++) {
            json_t *answer = NULL;

            (void)snprintf(path, sizeof(path), "/process-api/history/historic-process-instances/%s",
                           caller->instances[n]);
            assert_int_equal(http_call(port, "GET", path, NULL, &answer), 200);
            assert_true(json_is_string(json_object_get(answer, "endTime")));
            json_decref(answer);
        }
        for (unsigned n = 0; n < caller->incident_count; n++) {
            (void)snprintf(path, sizeof(path), "/api/v1/incidents/%s", caller->incidents[n]);
            assert_int_equal(http_call(port, "GET", path, NULL, NULL), 200);
        }
    }
}

static void without_its_database_it_says_so_and_comes_back(void **state)
{
    struct test_cluster *cluster = test_cluster_new();
    struct program program;
    struct load *load;
    char conninfo[512];
    char administrator[512];
    char output[4096];
    char *at;

    (void)state;
    (void)snprintf(administrator, sizeof(administrator), "%s", test_cluster_conninfo(cluster));
    {
        const char *arguments[] = {"migrate", "--database", administrator, NULL};

        assert_int_equal(program_run(output, sizeof(output), arguments), 0);
    }
    (void)snprintf(conninfo, sizeof(conninfo), "%s", administrator);
    at = strstr(conninfo, "user=postgres");
    assert_non_null(at);
    (void)snprintf(conninfo, sizeof(conninfo), "%.*suser=synergyflow_engine%s",
                   (int)(at - conninfo - 0), administrator, at - conninfo + administrator + 13);
    program_serve(&program, conninfo, NULL);
    deploy(program.port);
    load = load_begin(program.port);
    assert_true(wait_until(has_enough, load));
    test_cluster_stop(cluster);
    assert_true(wait_until(is_not_ready, &program.port));
    assert_int_equal(http_call(program.port, "GET", "/livez", NULL, NULL), 200);
    test_cluster_start(cluster);
    assert_true(wait_until(is_ready, &program.port));
    load_end(load);
    assert_acknowledged_answered(program.port, load);
    free(load);
    assert_int_equal(http_call(program.port, "POST", "/process-api/runtime/process-instances",
                               "{\"processDefinitionKey\":\"automatic\",\"variables\":[{\"name\":"
                               "\"n\",\"value\":1}]}",
                               NULL),
                     201);
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    test_cluster_free(cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_under_load_it_keeps_what_was_acknowledged),
        cmocka_unit_test(timers_due_while_it_is_down_fire_once_after_the_start),
        cmocka_unit_test(stopped_under_load_it_answers_what_is_in_flight),
        cmocka_unit_test(connections_cut_under_load_lose_nothing),
        cmocka_unit_test(without_its_database_it_says_so_and_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
