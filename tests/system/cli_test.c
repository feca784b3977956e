/* The command line as a person or a script meets it: help, exit codes, output. */
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
    return http_upload(program.port, "/process-api/repository/deployments", "conditional.bpmn",
                       conditional, NULL) == 201
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
    static const char *const commands[] = {"serve",   "dev",   "migrate", "lint",  "deploy",
                                           "start",   "list",  "timers",  "bench", "sla",
                                           "inspect", "trace", "test"};

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
    assert_int_equal(run(NULL, NULL, NULL, NULL, NULL, NULL), 2);
    assert_int_equal(run("lint", NULL, NULL, NULL, NULL, NULL), 2);
    assert_int_equal(run("trace", NULL, NULL, NULL, NULL, NULL), 2);
    assert_int_equal(run("list", "nothing", NULL, NULL, NULL, NULL), 2);
    assert_int_equal(run("list", "tasks", "-o", "sentences", NULL, NULL), 2);
    assert_non_null(strstr(output, "text|json"));
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
    assert_int_equal(run("lint", bad, "-o", "text", NULL, NULL), 1);
    assert_non_null(strstr(output, bad));
    assert_non_null(strstr(output, ": error: "));
    assert_int_equal(run("lint", bad, good, "-o", "text", NULL), 1);
    assert_int_equal(run("lint", "/nonexistent.bpmn", NULL, NULL, NULL, NULL), 1);
    assert_int_equal(run("inspect", "/nonexistent.bpmn", NULL, NULL, NULL, NULL), 1);
    assert_int_equal(run("lint", bad, "-o", "json", NULL, NULL), 1);
    list = json_loads(output, 0, NULL);
    assert_string_equal(text_of(json_array_get(list, 0), "severity"), "error");
    assert_string_not_equal(text_of(json_array_get(list, 0), "rule"), "");
    json_decref(list);
    assert_int_equal(run("lint", bad, "-o", "sarif", NULL, NULL), 1);
    list = json_loads(output, 0, NULL);
    assert_string_equal(text_of(list, "version"), "2.1.0");
    assert_string_equal(
        text_of(
            json_array_get(
                json_object_get(json_array_get(json_object_get(list, "runs"), 0), "results"), 0),
            "ruleId"),
        "process-empty");
    json_decref(list);
    assert_int_equal(run("inspect", bad, "-o", "json", NULL, NULL), 0);
    assert_non_null(strstr(output, "\"executable\": true"));
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
    assert_int_equal(run("list", "tasks", "--url", url, "-o", "json"), 0);
    answer = json_loads(output, 0, NULL);
    assert_non_null(answer);
    json_decref(answer);
    assert_int_equal(run("trace", id, "--url", url, "-o", "json"), 0);
    answer = json_loads(output, 0, NULL);
    assert_non_null(answer);
    json_decref(answer);
    assert_int_equal(run("start", "unheard-of", "--url", url, NULL, NULL), 1);
    assert_non_null(strstr(output, "unheard-of"));
    assert_int_equal(run("start", "conditional", "--url", url, NULL, NULL), 1);
    assert_non_null(strstr(output, "'amount'"));
    assert_int_equal(run("trace", "01a2089d-5766-7000-a7f4-83aee7dd747d", "--url", url, NULL, NULL),
                     1);
    assert_int_equal(run("deploy", "/nonexistent.bpmn", "--url", url, NULL, NULL), 1);
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

/* The settings of a `serve` that cannot be started; each is told before anything else is done. */
static void serve_says_what_is_missing(void **state)
{
    char port[16];

    (void)state;
    (void)snprintf(port, sizeof(port), "%u", program.port);
    (void)unsetenv("SYNERGYFLOW_DATABASE");
    assert_int_equal(run("serve", NULL, NULL, NULL, NULL, NULL), 1);
    assert_non_null(strstr(output, "SYNERGYFLOW_DATABASE"));
    (void)setenv("SYNERGYFLOW_DATABASE", test_database_conninfo_as(database, "synergyflow_engine"),
                 1);
    (void)setenv("SYNERGYFLOW_PORT", "seventy", 1);
    assert_int_equal(run("serve", NULL, NULL, NULL, NULL, NULL), 1);
    assert_non_null(strstr(output, "SYNERGYFLOW_PORT"));
    (void)setenv("SYNERGYFLOW_PORT", "0", 1);
    (void)setenv("SYNERGYFLOW_LANES", "3", 1);
    (void)setenv("SYNERGYFLOW_CONNECTIONS", "4", 1); /* a unit could wait for itself */
    assert_int_equal(run("serve", NULL, NULL, NULL, NULL, NULL), 1);
    assert_non_null(strstr(output, "SYNERGYFLOW_LANES"));
    (void)unsetenv("SYNERGYFLOW_LANES");
    (void)unsetenv("SYNERGYFLOW_CONNECTIONS");
    (void)setenv("SYNERGYFLOW_PORT", port, 1);
    assert_int_equal(run("serve", NULL, NULL, NULL, NULL, NULL), 3);
    assert_non_null(strstr(output, "address already in use"));
    (void)unsetenv("SYNERGYFLOW_PORT");
    (void)unsetenv("SYNERGYFLOW_DATABASE");
}

static void serve_wants_a_migrated_database(void **state)
{
    struct test_database *fresh = test_database_new(false);

    (void)state;
    (void)setenv("SYNERGYFLOW_DATABASE", test_database_conninfo(fresh), 1);
    (void)setenv("SYNERGYFLOW_PORT", "0", 1);
    assert_int_equal(run("serve", NULL, NULL, NULL, NULL, NULL), 1);
    assert_non_null(strstr(output, "synergyflow migrate"));
    (void)unsetenv("SYNERGYFLOW_PORT");
    (void)unsetenv("SYNERGYFLOW_DATABASE");
    test_database_free(fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_explains_itself),
        cmocka_unit_test(lint_and_inspect_read_files),
        cmocka_unit_test(deploy_start_list_inspect_and_trace_talk_to_the_engine),
        cmocka_unit_test(migrate_reports_and_validates),
        cmocka_unit_test(serve_says_what_is_missing),
        cmocka_unit_test(serve_wants_a_migrated_database),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
