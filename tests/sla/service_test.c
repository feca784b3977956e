/* SLA clocks end to end: the real program, a real PostgreSQL, REST. */
#include "tests/support/http_client.h"
#include "tests/support/postgres.h"
#include "tests/support/program.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { HANG_S = 30 };

static struct test_database *database;
static struct program program;

static const char calendar[] = "{\"name\":\"always\",\"timezone\":\"Europe/Berlin\",\"week\":{"
                               "\"mon\":[[\"00:00\",\"24:00\"]],\"tue\":[[\"00:00\",\"24:00\"]],"
                               "\"wed\":[[\"00:00\",\"24:00\"]],"
                               "\"thu\":[[\"00:00\",\"24:00\"]],\"fri\":[[\"00:00\",\"24:00\"]],"
                               "\"sat\":[[\"00:00\",\"24:00\"]],"
                               "\"sun\":[[\"00:00\",\"24:00\"]]}}";

/* `duration` of the urgent ones; others have a day. */
#define POLICY(id, order, match, duration)                                                         \
    "{\"id\":\"" id "\",\"name\":\"" id "\",\"applies_to\":\"incident\",\"order\":" order          \
    ",\"match\":\"" match "\",\"targets\":[{\"name\":\"resolution\",\"duration\":\"" duration      \
    "\",\"calendar\":\"always\",\"conditions\":{\"start\":\"status != 'RESOLVED'\","               \
    "\"pause\":\"status == 'ON_HOLD'\",\"stop\":\"status == 'RESOLVED'\"},\"thresholds\":["        \
    "{\"id\":\"half\",\"at\":\"50%\",\"actions\":[{\"type\":\"event\",\"name\":\"test.Half\"}]},"  \
    "{\"id\":\"breach\",\"at\":\"100%\",\"actions\":[{\"type\":\"message\",\"name\":\"breached\"}" \
    "]}"                                                                                           \
    "]}]}"

static int call(const char *method, const char *path, const char *body, json_t **ret_answer)
{
    return http_call(program.port, method, path, body, ret_answer);
}

static void expect(int status, const char *method, const char *path, const char *body)
{
    json_t *answer = NULL;
    int found = call(method, path, body, &answer);

    if (found != status) {
        char *text = json_dumps(answer, JSON_ENCODE_ANY);

        print_error("%s %s: %s\n", method, path, text != NULL ? text : "");
        free(text);
    }
    json_decref(answer);
    assert_int_equal(found, status);
}

static int start(void **state)
{
    (void)state;
    database = test_database_new(true);
    program_serve(&program, test_database_conninfo_as(database, "synergyflow_engine"), NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    test_database_free(database);
    return 0;
}

static json_t *clock_of(const char *subject)
{
    char path[128];
    json_t *answer = NULL;
    json_t *clock;

    snprintf(path, sizeof(path), "/api/v1/sla/subjects/incident/%s", subject);
    assert_int_equal(call("GET", path, NULL, &answer), 200);
    clock = json_incref(json_array_get(json_object_get(answer, "data"), 0));
    json_decref(answer);
    return clock;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

static void run_until_sql(const char *sql, const char *expected)
{
    time_t until = time(NULL) + HANG_S;

    while (strcmp(test_database_sql(database, sql), expected) != 0) {
        assert_true(time(NULL) < until);
        usleep(10000);
    }
}

/* ---- tests ---- */

static void documents_are_checked_and_versioned(void **state)
{
    json_t *answer = NULL;

    (void)state;
    expect(201, "PUT", "/api/v1/sla/calendars/always", calendar);
    expect(200, "PUT", "/api/v1/sla/calendars/always", calendar);
    expect(400, "PUT", "/api/v1/sla/calendars/other", calendar);
    expect(400, "PUT", "/api/v1/sla/calendars/empty",
           "{\"name\":\"empty\",\"timezone\":\"Europe/Berlin\",\"week\":{}}");
    expect(400, "PUT", "/api/v1/sla/calendars/lost",
           "{\"name\":\"lost\",\"timezone\":\"Europe/Atlantis\",\"week\":{\"mon\":[[\"08:00\","
           "\"12:00\"]]}}");
    assert_int_equal(call("GET", "/api/v1/sla/calendars/always", NULL, &answer), 200);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 1);
    json_decref(answer);
    expect(404, "GET", "/api/v1/sla/calendars/never", NULL);
    expect(400, "PUT", "/api/v1/sla/policies/bad", "{\"id\":\"bad\",\"targets\":5}");
}

static void a_threshold_fires_once_and_on_time(void **state)
{
    json_t *clock;
    const json_t *firings;

    (void)state;
    expect(201, "PUT", "/api/v1/sla/calendars/always", calendar);
    expect(201, "PUT", "/api/v1/sla/policies/urgent",
           POLICY("urgent", "1", "priority == 1", "PT2S"));
    expect(200, "PUT", "/api/v1/sla/subjects/incident/INC-1",
           "{\"fields\":{\"priority\":1,\"status\":\"NEW\"},\"actor\":\"kim\"}");
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.sla_firing", "2");
    run_until_sql("SELECT count(*) FROM event_publication.event_publication WHERE event_type ="
                  " 'test.Half'",
                  "1");
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.message_buffer WHERE name ="
                  " 'breached' AND business_key = 'INC-1'",
                  "1");
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.sla_firing WHERE fired_at < due_at",
                  "0");
    clock = clock_of("INC-1");
    assert_string_equal(text_of(clock, "state"), "running");
    assert_true(json_is_true(json_object_get(clock, "breached")));
    firings = json_object_get(clock, "firings");
    assert_int_equal(json_array_size(firings), 2);
    assert_string_equal(text_of(json_array_get(firings, 0), "threshold"), "half");
    json_decref(clock);
    expect(200, "PUT", "/api/v1/sla/subjects/incident/INC-1",
           "{\"fields\":{\"status\":\"RESOLVED\"}}");
    clock = clock_of("INC-1");
    assert_string_equal(text_of(clock, "state"), "stopped");
    json_decref(clock);
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.sla_firing", "2");
}

/* A pause holds the thresholds back; a change of priority gives another target and keeps the time.
 */
static void pauses_and_new_targets_keep_what_has_elapsed(void **state)
{
    json_t *clock;

    (void)state;
    expect(201, "PUT", "/api/v1/sla/calendars/always", calendar);
    expect(201, "PUT", "/api/v1/sla/policies/urgent",
           POLICY("urgent", "1", "priority == 1", "PT2S"));
    expect(201, "PUT", "/api/v1/sla/policies/normal",
           POLICY("normal", "2", "priority == 3", "PT24H"));
    expect(200, "PUT", "/api/v1/sla/subjects/incident/INC-2",
           "{\"fields\":{\"priority\":3,\"status\":\"NEW\"}}");
    expect(200, "PUT", "/api/v1/sla/subjects/incident/INC-2",
           "{\"fields\":{\"status\":\"ON_HOLD\"}}");
    clock = clock_of("INC-2");
    assert_string_equal(text_of(clock, "state"), "paused");
    assert_string_equal(text_of(clock, "policy"), "normal");
    assert_true(json_is_true(json_object_get(clock, "deadlineFloats")));
    json_decref(clock);
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.sla_clock WHERE next_due_at IS NULL",
                  "1");
    expect(200, "PUT", "/api/v1/sla/subjects/incident/INC-2",
           "{\"fields\":{\"status\":\"IN_PROGRESS\",\"priority\":1}}");
    clock = clock_of("INC-2");
    assert_string_equal(text_of(clock, "policy"), "urgent");
    assert_int_equal(json_array_size(json_object_get(clock, "targets")), 2);
    assert_int_equal(json_array_size(json_object_get(clock, "intervals")), 3);
    json_decref(clock);
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.sla_firing", "2");
    run_until_sql("SELECT count(*) FROM (SELECT 1 FROM synergyflow_workflows.sla_firing GROUP BY"
                  " clock_id, threshold HAVING count(*) > 1) AS twice",
                  "0");
}

/* A holiday that was forgotten counts from now on, and for all of the clock when somebody says so.
 */
static void a_clock_is_rated_again_when_asked(void **state)
{
    json_t *clock;
    json_t *answer = NULL;
    char path[128];

    (void)state;
    expect(201, "PUT", "/api/v1/sla/calendars/always", calendar);
    expect(201, "PUT", "/api/v1/sla/policies/normal",
           POLICY("normal", "1", "priority == 3", "PT24H"));
    expect(200, "PUT", "/api/v1/sla/subjects/incident/INC-3",
           "{\"fields\":{\"priority\":3,\"status\":\"NEW\"}}");
    expect(201, "PUT", "/api/v1/sla/calendars/always",
           "{\"name\":\"always\",\"timezone\":\"UTC\",\"week\":{\"mon\":[[\"00:00\",\"24:00\"]]}}");
    clock = clock_of("INC-3");
    snprintf(path, sizeof(path), "/api/v1/sla/clocks/%s/recalculate", text_of(clock, "id"));
    json_decref(clock);
    assert_int_equal(call("POST", path, NULL, &answer), 200);
    assert_non_null(json_object_get(json_object_get(answer, "before"), "deadline"));
    assert_non_null(json_object_get(json_object_get(answer, "after"), "deadline"));
    json_decref(answer);
    expect(200, "PUT", "/api/v1/sla/subjects/incident/INC-3",
           "{\"fields\":{\"status\":\"RESOLVED\"}}");
    expect(409, "POST", path, NULL);
    expect(404, "POST", "/api/v1/sla/clocks/00000000-0000-0000-0000-000000000000/recalculate",
           NULL);
}

#define TIMED(calendar)                                                                        \
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='t' "    \
    "xmlns:synergyflow='http://synergyflow.org/bpmn'><process id='timed' isExecutable='true'>" \
    "<startEvent id='s'/><sequenceFlow id='f' sourceRef='s' targetRef='w'/>"                   \
    "<intermediateCatchEvent id='w'><timerEventDefinition synergyflow:calendar='" calendar     \
    "'><timeDuration>PT1S</timeDuration></timerEventDefinition></intermediateCatchEvent>"      \
    "<sequenceFlow id='g' sourceRef='w' targetRef='e'/><endEvent id='e'/></process></definitions>"

/* The same calendars count for timers of processes. */
static void timers_find_stored_calendars(void **state)
{
    json_t *answer = NULL;

    (void)state;
    expect(201, "PUT", "/api/v1/sla/calendars/always", calendar);
    assert_int_equal(http_upload(program.port, "/process-api/repository/deployments", "t.bpmn",
                                 TIMED("never"), &answer),
                     400);
    assert_string_equal(text_of(answer, "elementId"), "w");
    json_decref(answer);
    assert_int_equal(http_upload(program.port, "/process-api/repository/deployments", "t.bpmn",
                                 TIMED("always"), NULL),
                     201);
    expect(201, "POST", "/process-api/runtime/process-instances",
           "{\"processDefinitionKey\":\"timed\"}");
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.process_instance WHERE definition_key"
                  " = 'timed' AND status = 3",
                  "1");
}

/* Many at once: a policy that changed reaches open clocks, with a report; closed ones are frozen.
 */
static void all_clocks_of_a_policy_are_worked_out_again(void **state)
{
    json_t *answer = NULL;
    char path[256];
    char id[64];

    (void)state;
    expect(201, "PUT", "/api/v1/sla/calendars/always", calendar);
    expect(201, "PUT", "/api/v1/sla/policies/normal",
           POLICY("normal", "1", "priority == 3", "PT24H"));
    expect(200, "PUT", "/api/v1/sla/subjects/incident/INC-9",
           "{\"fields\":{\"priority\":3,\"status\":\"RESOLVED\"}}");
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "/api/v1/sla/subjects/incident/INC-%d", i);
        expect(200, "PUT", path,
               "{\"fields\":{\"priority\":3,\"status\":\"NEW\",\"assignmentGroup\":\"=desk\"}}");
    }
    expect(200, "PUT", path, "{\"fields\":{\"status\":\"RESOLVED\"}}"); /* INC-2 */
    expect(201, "PUT", "/api/v1/sla/policies/normal",
           POLICY("normal", "1", "priority == 3", "PT48H"));
    expect(400, "POST", "/api/v1/sla/recalculate", "{\"policy\":5}");
    assert_int_equal(
        call("POST", "/api/v1/sla/recalculate", "{\"policy\":\"normal\",\"dryRun\":true}", &answer),
        202);
    snprintf(id, sizeof(id), "%s", text_of(answer, "id"));
    json_decref(answer);
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.sla_recalculation"
                  " WHERE state = 'done' AND dry_run AND clock_count = 2 AND moved_count = 2",
                  "1");
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.sla_clock WHERE deadline_at"
                  " > now() + interval '47 hours'",
                  "0");
    snprintf(path, sizeof(path), "/api/v1/sla/recalculations/%s", id);
    assert_int_equal(call("GET", path, NULL, &answer), 200);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 2);
    assert_string_equal(text_of(json_array_get(json_object_get(answer, "data"), 0), "policyAfter"),
                        "normal 2");
    json_decref(answer);
    expect(202, "POST", "/api/v1/sla/recalculate", "{\"calendar\":\"always\"}");
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.sla_clock WHERE deadline_at"
                  " > now() + interval '47 hours' AND state = 'running'",
                  "2");
    assert_int_equal(call("GET", "/api/v1/sla/recalculations", NULL, &answer), 200);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 2);
    json_decref(answer);
    assert_int_equal(call("GET",
                          "/api/v1/sla/attainment?by=team,priority,period&period=quarter"
                          "&zone=Europe/Berlin&policy=normal",
                          NULL, &answer),
                     200);
    const json_t *row = json_array_get(json_object_get(answer, "data"), 0);

    assert_string_equal(text_of(row, "team"), "=desk");
    assert_string_equal(text_of(row, "priority"), "3");
    assert_int_equal(json_integer_value(json_object_get(row, "met")), 1);
    assert_int_equal(json_integer_value(json_object_get(row, "open")), 2);
    json_decref(answer);
    expect(200, "GET", "/api/v1/sla/attainment?by=team&format=csv", NULL);
    expect(400, "GET", "/api/v1/sla/attainment?by=colour", NULL);
    expect(400, "GET", "/api/v1/sla/attainment?period=moon", NULL);
    expect(400, "GET", "/api/v1/sla/attainment?zone=Europe/Atlantis", NULL);
    expect(404, "GET", "/api/v1/sla/recalculations/nothing", NULL);
}

/* A process instance is a subject by itself; its timers follow its own clock. */
static void instances_have_clocks_of_their_own(void **state)
{
    static const char process[] =
        "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='t' "
        "xmlns:synergyflow='http://synergyflow.org/bpmn'><process id='watched' "
        "isExecutable='true'><startEvent id='s'/><sequenceFlow id='f' sourceRef='s' "
        "targetRef='w'/><userTask id='w'/><boundaryEvent id='late' attachedToRef='w'>"
        "<timerEventDefinition synergyflow:clock='total' synergyflow:threshold='50%'/>"
        "</boundaryEvent><sequenceFlow id='g' sourceRef='late' targetRef='e'/><endEvent "
        "id='e'/></process></definitions>";

    (void)state;
    expect(201, "PUT", "/api/v1/sla/calendars/always", calendar);
    expect(
        201, "PUT", "/api/v1/sla/policies/watched",
        "{\"id\":\"watched\",\"applies_to\":\"process-instance\",\"match\":\"definitionKey == "
        "'watched' && variables.big\",\"targets\":[{\"name\":\"total\",\"duration\":\"PT1S\","
        "\"calendar\":\"always\",\"start_from\":\"startedAt\",\"conditions\":{\"start\":\"state == "
        "'ACTIVE'\",\"stop\":\"state == 'COMPLETED'\",\"cancel\":\"state == 'TERMINATED'\"}}]}");
    assert_int_equal(
        http_upload(program.port, "/process-api/repository/deployments", "w.bpmn", process, NULL),
        201);
    expect(201, "POST", "/process-api/runtime/process-instances",
           "{\"processDefinitionKey\":\"watched\",\"variables\":[{\"name\":\"big\",\"value\":false}"
           "]}");
    expect(
        201, "POST", "/process-api/runtime/process-instances",
        "{\"processDefinitionKey\":\"watched\",\"variables\":[{\"name\":\"big\",\"value\":true}]}");
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.process_instance WHERE definition_key"
                  " = 'watched' AND status = 3 AND ended_at >= started_at + interval '0.5 s'",
                  "1");
    run_until_sql("SELECT string_agg(state, ',') FROM synergyflow_workflows.sla_clock", "stopped");
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.sla_firing"
                  " WHERE threshold LIKE 'timer late %'",
                  "1");
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.timer WHERE due_at = 'infinity'",
                  "1"); /* of the small one, which has no clock */
}

static void bad_input_names_the_field(void **state)
{
    static char large[100000];
    json_t *answer = NULL;

    (void)state;
    expect(201, "PUT", "/api/v1/sla/calendars/always", calendar);
    expect(400, "PUT", "/api/v1/sla/subjects/incident/X", "{\"fields\":5}");
    expect(400, "PUT", "/api/v1/sla/subjects/incident/X", "{\"fields\":{},\"more\":1}");
    expect(404, "PUT", "/api/v1/sla/subjects/elephant/X", "{\"fields\":{}}");
    expect(400, "PUT", "/api/v1/sla/calendars/always?validFrom=1960-01-01", calendar);
    memset(large, 'y', sizeof(large));
    (void)memcpy(large, "{\"fields\":{\"a\":\"", 16);
    (void)strcpy(large + sizeof(large) - 4, "\"}}");
    expect(413, "PUT", "/api/v1/sla/subjects/incident/X", large);
    expect(404, "GET", "/api/v1/sla/clocks/nothing", NULL);
    expect(400, "GET", "/api/v1/sla/attainment?from=yesterday", NULL);
    expect(200, "GET", "/api/v1/sla/attainment", NULL);
    assert_int_equal(
        call("POST", "/api/v1/sla/lint", POLICY("p", "1", "priority == 1", "-PT2S"), &answer), 400);
    assert_non_null(strstr(text_of(answer, "field"), "targets[0]"));
    json_decref(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(documents_are_checked_and_versioned, start, stop),
        cmocka_unit_test_setup_teardown(a_threshold_fires_once_and_on_time, start, stop),
        cmocka_unit_test_setup_teardown(pauses_and_new_targets_keep_what_has_elapsed, start, stop),
        cmocka_unit_test_setup_teardown(a_clock_is_rated_again_when_asked, start, stop),
        cmocka_unit_test_setup_teardown(timers_find_stored_calendars, start, stop),
        cmocka_unit_test_setup_teardown(all_clocks_of_a_policy_are_worked_out_again, start, stop),
        cmocka_unit_test_setup_teardown(instances_have_clocks_of_their_own, start, stop),
        cmocka_unit_test_setup_teardown(bad_input_names_the_field, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
