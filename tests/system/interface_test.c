/* The program as its users meet it: bad input over HTTP, and the command line. */
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
#include <unistd.h>

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

static void unknown_ids_and_wrong_states_are_told(void **state)
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

/* ---- the command line ---- */

static char output[65536];

static int run(const char *a, const char *b, const char *c, const char *d, const char *e,
               const char *f)
{
    const char *arguments[] = {a, b, c, d, e, f, NULL};

    return program_run(output, sizeof(output), arguments);
}

static void write_file(char *path, const char *content)
{
    int handle = mkstemps(path, 5);

    assert_true(handle >= 0);
    assert_int_equal(write(handle, content, strlen(content)), (ssize_t)strlen(content));
    (void)close(handle);
}

static void every_command_explains_itself(void **state)
{
    static const char *const commands[] = {"serve", "dev",  "migrate", "lint", "deploy",
                                           "start", "list", "inspect", "trace"};

    (void)state;
    assert_int_equal(run("--help", NULL, NULL, NULL, NULL, NULL), 0);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        assert_non_null(strstr(output, commands[i]));
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        assert_int_equal(run(commands[i], "--help", NULL, NULL, NULL, NULL), 0);
        assert_non_null(strstr(output, "Usage: synergyflow"));
        assert_int_equal(run(commands[i], "--no-such-option", NULL, NULL, NULL, NULL), 2);
    }
    assert_int_equal(run("no-such-command", NULL, NULL, NULL, NULL, NULL), 2);
    assert_int_equal(run("list", "tasks", "--url", "http://127.0.0.1:1", NULL, NULL), 3);
}

static void lint_and_inspect_read_files(void **state)
{
    char good[] = "/tmp/synergyflow-good-XXXXXX.bpmn";
    char bad[] = "/tmp/synergyflow-bad-XXXXXX.bpmn";
    json_t *list;

    (void)state;
    write_file(good, conditional);
    write_file(bad, HEAD "<process id='p'/></definitions>");
    assert_int_equal(run("lint", good, "-o", "text", NULL, NULL), 0);
    assert_int_equal(run("lint", bad, "-o", "json", NULL, NULL), 1);
    list = json_loads(output, 0, NULL);
    assert_string_equal(text_of(json_array_get(list, 0), "severity"), "error");
    assert_string_not_equal(text_of(json_array_get(list, 0), "rule"), "");
    json_decref(list);
    assert_int_equal(run("inspect", good, "-o", "json", NULL, NULL), 0);
    list = json_loads(output, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(
                         json_array_get(json_object_get(list, "processes"), 0), "elements")),
                     3);
    json_decref(list);
    (void)unlink(good);
    (void)unlink(bad);
}

static void deploy_start_list_inspect_and_trace_talk_to_the_engine(void **state)
{
    char file[] = "/tmp/synergyflow-deploy-XXXXXX.bpmn";
    char url[64];
    char id[64];
    json_t *answer;

    (void)state;
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", program.port);
    write_file(file, conditional);
    assert_int_equal(run("deploy", file, "--url", url, "-o", "text"), 0);
    assert_non_null(strstr(output, "process conditional, version"));
    assert_int_equal(run("start", "conditional", "--url", url, "-v", "amount=3"), 0);
    answer = json_loads(output, 0, NULL);
    (void)snprintf(id, sizeof(id), "%s", text_of(answer, "id"));
    json_decref(answer);
    assert_int_equal(run("list", "instances", "--url", url, "-o", "text"), 0);
    assert_non_null(strstr(output, id));
    assert_int_equal(run("inspect", id, "--url", url, "-o", "text"), 0);
    assert_non_null(strstr(output, "amount = 3"));
    assert_int_equal(run("trace", id, "--url", url, "-o", "text"), 0);
    assert_non_null(strstr(output, "exclusiveGateway"));
    assert_int_equal(run("start", "unheard-of", "--url", url, NULL, NULL), 1);
    (void)unlink(file);
}

static void migrate_reports_and_validates(void **state)
{
    struct test_database *fresh = test_database_new(false);
    const char *conninfo = test_database_conninfo(fresh);

    (void)state;
    assert_int_equal(run("migrate", "--database", conninfo, "--validate", NULL, NULL), 1);
    assert_int_equal(run("migrate", "--database", conninfo, NULL, NULL, NULL), 0);
    assert_int_equal(run("migrate", "--database", conninfo, "--validate", NULL, NULL), 0);
    assert_int_equal(run("migrate", "--database", conninfo, "--info", "-o", "text"), 0);
    assert_non_null(strstr(output, "create workflows schema"));
    assert_int_equal(run("migrate", "--database", "host=/nowhere", NULL, NULL, NULL), 3);
    test_database_free(fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_models_are_refused_with_their_place),
        cmocka_unit_test(a_finding_names_element_and_line),
        cmocka_unit_test(bad_bodies_are_refused),
        cmocka_unit_test(unknown_ids_and_wrong_states_are_told),
        cmocka_unit_test(a_condition_without_its_variable_names_flow_and_line),
        cmocka_unit_test(every_command_explains_itself),
        cmocka_unit_test(lint_and_inspect_read_files),
        cmocka_unit_test(deploy_start_list_inspect_and_trace_talk_to_the_engine),
        cmocka_unit_test(migrate_reports_and_validates),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
