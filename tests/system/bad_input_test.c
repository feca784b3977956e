/* Bad input over HTTP: refused with a problem that says what was expected, and the server goes on.
 */
#include "tests/support/http_client.h"
#include "tests/support/postgres.h"
#include "tests/support/program.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct test_database *database;
static struct program program;

static const char deployments[] = "/process-api/repository/deployments";
static const char instances[] = "/process-api/runtime/process-instances";

#define HEAD "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='t'>"

static const char conditional[] =
    HEAD "<process id='conditional' isExecutable='true'>\n<startEvent id='s'/>\n"
         "<sequenceFlow id='f1' sourceRef='s' targetRef='g'/>\n"
         "<exclusiveGateway id='g'/>\n"
         "<sequenceFlow id='f2' sourceRef='g' targetRef='e'>\n"
         "<conditionExpression>${amount &gt; 1}</conditionExpression></sequenceFlow>\n"
         "<userTask id='e'/></process></definitions>";

static int start(void **state)
{
    (void)state;
    database = test_database_new(true);
    program_serve(&program, test_database_conninfo_as(database, "synergyflow_engine"), NULL);
    return http_upload(program.port, deployments, "conditional.bpmn", conditional, NULL) == 201
               ? 0
               : -1;
}

static int stop(void **state)
{
    (void)state;
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    test_database_free(database);
    return 0;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

/* A problem as RFC 9457 has it, with Flowable's members; and the server goes on. By address, since
 * the call that fills the problem is an argument too. */
static void assert_problem(int status, int expected, json_t *const *at)
{
    const json_t *problem = *at;

    if (status != expected)
        print_error("HTTP %d: %s\n", status, text_of(problem, "detail"));
    assert_int_equal(status, expected);
    assert_int_equal(json_integer_value(json_object_get(problem, "status")), expected);
    assert_string_not_equal(text_of(problem, "type"), "");
    assert_string_not_equal(text_of(problem, "title"), "");
    assert_string_not_equal(text_of(problem, "detail"), "");
    assert_string_equal(text_of(problem, "detail"), text_of(problem, "exception"));
    assert_string_not_equal(text_of(problem, "message"), "");
    assert_string_not_equal(text_of(problem, "correlationId"), "");
    assert_int_equal(http_call(program.port, "GET", "/livez", NULL, NULL), 200);
}

static void refused_model(const char *content, int expected)
{
    json_t *problem = NULL;

    assert_problem(http_upload(program.port, deployments, "bad.bpmn", content, &problem), expected,
                   &problem);
    if (expected == 400)
        assert_true(json_integer_value(json_object_get(problem, "line")) > 0);
    json_decref(problem);
}

static char *repeated(const char *text, size_t times, const char *end)
{
    size_t length = strlen(text);
    char *whole = malloc(length * times + strlen(end) + 1);

    assert_non_null(whole);
    for (size_t i = 0; i < times; i++)
        memcpy(whole + i * length, text, length);
    (void)strcpy(whole + length * times, end);
    return whole;
}

static void bad_models_are_refused_with_their_place(void **state)
{
    char *deep = repeated("<a>", 200000, "");
    char *huge = repeated("                ", 17 * 65536, "<a/>");

    (void)state;
    refused_model("<definitions><unclosed></definitions>", 400);
    refused_model("not xml at all", 400);
    refused_model("<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
                  "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]><x>&c;</x>",
                  400);
    refused_model(HEAD "<process id='p'><startEvent id='s'/><callActivity id='c'/></process>"
                       "</definitions>",
                  400);
    refused_model(HEAD "<process id='p' isExecutable='true'><startEvent id='s'/>"
                       "<sequenceFlow id='f' sourceRef='s' targetRef='g'/>"
                       "<exclusiveGateway id='g'/><sequenceFlow id='x' sourceRef='g' "
                       "targetRef='e'><conditionExpression>${unclosed</conditionExpression>"
                       "</sequenceFlow><endEvent id='e'/></process></definitions>",
                  400);
    refused_model("", 400);
    refused_model(deep, 413);
    refused_model(huge, 413);
    free(deep);
    free(huge);
}

static void a_finding_names_element_and_line(void **state)
{
    json_t *problem = NULL;

    (void)state;
    assert_problem(http_upload(program.port, deployments, "bad.bpmn",
                               HEAD "\n<process id='p' isExecutable='true'>\n<startEvent id='s'/>\n"
                                    "<sequenceFlow id='f' sourceRef='s' targetRef='nowhere'/>\n"
                                    "</process></definitions>",
                               &problem),
                   400, &problem);
    assert_string_equal(text_of(problem, "elementId"), "f");
    assert_int_equal(json_integer_value(json_object_get(problem, "line")), 4);
    assert_non_null(strstr(text_of(problem, "detail"), "'nowhere'"));
    json_decref(problem);
}

/* What is not supported is named too. */
static void an_unsupported_element_is_named(void **state)
{
    json_t *problem = NULL;

    (void)state;
    assert_problem(http_upload(program.port, deployments, "bad.bpmn",
                               HEAD "\n<process id='p' isExecutable='true'>\n<startEvent id='s'/>\n"
                                    "<sequenceFlow id='f' sourceRef='s' targetRef='c'/>\n"
                                    "<choreographyTask id='c' initiatingParticipantRef='q'/>\n"
                                    "</process></definitions>",
                               &problem),
                   400, &problem);
    assert_string_equal(text_of(problem, "elementId"), "c");
    assert_int_equal(json_integer_value(json_object_get(problem, "line")), 5);
    assert_non_null(strstr(text_of(problem, "detail"), "choreographyTask"));
    json_decref(problem);
}

static void bad_bodies_are_refused(void **state)
{
    static const struct {
        const char *body;
        int status;
    } bodies[] = {
        {"[1,2]", 400},
        {"{\"processDefinitionKey\":", 400},
        {"{\"processDefinitionKey\":7}", 400},
        {"{\"processDefinitionKey\":\"conditional\",\"surprise\":1}", 400},
        {"{\"processDefinitionKey\":\"unheard-of\"}", 400},
        {"{}", 400},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        json_t *problem = NULL;

        assert_problem(http_call(program.port, "POST", instances, bodies[i].body, &problem),
                       bodies[i].status, &problem);
        json_decref(problem);
    }
}

static void refused(const char *method, const char *path, const char *body, int expected,
                    const char *says)
{
    json_t *problem = NULL;

    assert_problem(http_call(program.port, method, path, body, &problem), expected, &problem);
    if (strstr(text_of(problem, "detail"), says) == NULL)
        print_error("%s %s: %s\n", method, path, text_of(problem, "detail"));
    assert_non_null(strstr(text_of(problem, "detail"), says));
    json_decref(problem);
}

static void bad_bodies_of_the_domain_are_refused(void **state)
{
    static const char incidents[] = "/api/v1/incidents";
    char *deep = repeated("[", 100000, "");
    char *huge = repeated("                ", 5 * 65536, "{}");
    char *long_title = repeated("x", 4000, "\"}");
    char *title = malloc(5000);

    (void)state;
    assert_non_null(title);
    (void)snprintf(title, 5000, "{\"title\":\"%s", long_title);
    refused("POST", incidents, "[]", 400, "object");
    refused("POST", incidents, "7", 400, "object");
    refused("POST", incidents, "", 400, "Expected");
    refused("POST", incidents, "{\"title\":7}", 400, "title");
    refused("POST", incidents, "{\"title\":\"x\",\"surprise\":1}", 400, "surprise");
    refused("POST", incidents, "{\"title\":\"x\",\"title\":\"y\"}", 400, "already");
    refused("POST", incidents, "{\"title\":\"x\",\"priority\":\"PURPLE\"}", 400, "PURPLE");
    refused("POST", incidents, "{\"priority\":\"LOW\"}", 400, "title");
    refused("POST", incidents, "{\"title\":\"\xFF\xFE\"}", 400, "UTF-8");
    refused("POST", incidents, "{\"title\":\"a\\u0000b\"}", 400, "u0000");
    refused("POST", incidents, title, 400, "title");
    refused("POST", incidents, deep, 400, "nested");
    refused("POST", incidents, huge, 413, "bytes");
    free(deep);
    free(huge);
    free(long_title);
    free(title);
    assert_string_equal(
        test_database_sql(database, "SELECT count(*) FROM synergyflow_incidents.incidents"), "0");
}

static void wrong_states_of_an_incident_are_told(void **state)
{
    json_t *answer = NULL;
    char path[96];

    (void)state;
    assert_int_equal(
        http_call(program.port, "POST", "/api/v1/incidents", "{\"title\":\"x\"}", &answer), 201);
    (void)snprintf(path, sizeof(path), "/api/v1/incidents/%s", text_of(answer, "incidentId"));
    json_decref(answer);
    refused("PATCH", path, "{\"status\":\"CLOSED\"}", 409,
            "Expected a state that may follow NEW but");
    refused("PATCH", path, "{\"status\":\"NONSENSE\"}", 400, "NONSENSE");
    refused("PATCH", path, "{\"surprise\":1}", 400, "surprise");
    refused("PATCH", path, "[]", 400, "object");
    refused("PATCH", path, "{}", 400, "at least one field");
    refused("DELETE", path, NULL, 405, "Expected");
    refused("GET", "/api/v1/incidents/INC-NONE", NULL, 404, "INC-NONE");
    refused("PATCH", "/api/v1/incidents/INC-NONE", "{\"title\":\"y\"}", 404, "INC-NONE");
    refused("GET", "/nowhere", NULL, 404, "/nowhere");
}

static void unknown_ids_are_told(void **state)
{
    static const char *const paths[] = {
        "/process-api/runtime/process-instances/",          "/process-api/runtime/executions/",
        "/process-api/history/historic-process-instances/", "/process-api/repository/deployments/",
        "/process-api/repository/process-definitions/",     "/process-api/management/timer-jobs/",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char path[160];

        (void)snprintf(path, sizeof(path), "%s%s", paths[i],
                       "01a2089d-5766-7000-a7f4-83aee7dd747d");
        refused("GET", path, NULL, 404, "01a2089d-5766-7000-a7f4-83aee7dd747d");
        (void)snprintf(path, sizeof(path), "%s%s", paths[i], "no-id-at-all");
        refused("GET", path, NULL, 404, "no-id-at-all");
    }
}

static void wrong_states_of_a_task_are_told(void **state)
{
    static const char unknown[] = "01a2089d-5766-7000-a7f4-83aee7dd747d";
    json_t *answer = NULL;
    json_t *tasks = NULL;
    char path[160];
    char list[160];

    (void)state;
    (void)snprintf(path, sizeof(path), "/process-api/runtime/tasks/%s", unknown);
    assert_problem(http_call(program.port, "GET", path, NULL, &answer), 404, &answer);
    json_decref(answer);
    assert_problem(http_call(program.port, "POST", path, "{\"action\":\"complete\"}", &answer), 404,
                   &answer);
    json_decref(answer);
    assert_int_equal(http_call(program.port, "POST", instances,
                               "{\"processDefinitionKey\":\"conditional\",\"variables\":[{\"name\":"
                               "\"amount\",\"value\":5}]}",
                               &answer),
                     201);
    (void)snprintf(list, sizeof(list), "/process-api/runtime/tasks?processInstanceId=%s",
                   text_of(answer, "id"));
    json_decref(answer);
    assert_int_equal(http_call(program.port, "GET", list, NULL, &tasks), 200);
    (void)snprintf(path, sizeof(path), "/process-api/runtime/tasks/%s",
                   text_of(json_array_get(json_object_get(tasks, "data"), 0), "id"));
    json_decref(tasks);
    assert_int_equal(http_call(program.port, "POST", path, "{\"action\":\"complete\"}", NULL), 200);
    assert_problem(http_call(program.port, "POST", path, "{\"action\":\"complete\"}", &answer), 409,
                   &answer);
    assert_non_null(strstr(text_of(answer, "detail"), "Expected"));
    json_decref(answer);
}

static void a_condition_without_its_variable_names_flow_and_line(void **state)
{
    json_t *problem = NULL;
    char before[32];

    (void)state;
    (void)snprintf(
        before, sizeof(before), "%s",
        test_database_sql(database, "SELECT count(*) FROM synergyflow_workflows.process_instance"));
    assert_problem(http_call(program.port, "POST", instances,
                             "{\"processDefinitionKey\":\"conditional\"}", &problem),
                   500, &problem);
    assert_string_equal(text_of(problem, "elementId"), "f2");
    assert_int_equal(json_integer_value(json_object_get(problem, "line")), 5);
    assert_non_null(strstr(text_of(problem, "detail"), "'amount'"));
    json_decref(problem);
    assert_string_equal(
        test_database_sql(database, "SELECT count(*) FROM synergyflow_workflows.process_instance"),
        before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_models_are_refused_with_their_place),
        cmocka_unit_test(a_finding_names_element_and_line),
        cmocka_unit_test(an_unsupported_element_is_named),
        cmocka_unit_test(bad_bodies_are_refused),
        cmocka_unit_test(bad_bodies_of_the_domain_are_refused),
        cmocka_unit_test(wrong_states_of_an_incident_are_told),
        cmocka_unit_test(unknown_ids_are_told),
        cmocka_unit_test(wrong_states_of_a_task_are_told),
        cmocka_unit_test(a_condition_without_its_variable_names_flow_and_line),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
