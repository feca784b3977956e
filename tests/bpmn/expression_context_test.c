/* JUEL expressions: the execution, the task and what listeners may set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/bpmn/expression_fixture.h"

/* The scope's callbacks append here what they were asked for. */
static char record[512];

static void note(const char *what, const char *name, const json_t *value)
{
    char *text = value != NULL ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    size_t length = strlen(record);

    (void)snprintf(record + length, sizeof(record) - length, "%s %s=%s;", what, name,
                   text != NULL ? text : "-");
    free(text);
}

static enum status assign(const struct expression_scope *scope, const char *name,
                          const json_t *value, bool is_local, struct error *ret_error)
{
    (void)scope;
    if (strcmp(name, "forbidden") == 0)
        return error_set(ret_error, STATUS_CONFLICT, "Expected another name.");
    note(is_local ? "local" : "set", name, value);
    return STATUS_OK;
}

static enum status assign_task(const struct expression_scope *scope, const char *property,
                               const json_t *value, struct error *ret_error)
{
    (void)scope;
    (void)ret_error;
    note("task", property, value);
    return STATUS_OK;
}

static const json_t *lookup_local(const struct expression_scope *scope, const char *name)
{
    return strcmp(name, "n") == 0 ? scope->lookup(scope, name) : NULL;
}

static int setup_listener(void **state)
{
    struct fixture *fixture;
    int failed = setup(state);

    fixture = *state;
    fixture->scope.assign = assign;
    fixture->scope.assign_task = assign_task;
    fixture->scope.lookup_local = lookup_local;
    fixture->scope.task = json_pack("{s:s, s:s, s:s, s:i}", "id", "t-1", "name", "Approve",
                                    "assignee", "ada", "priority", 50);
    fixture->scope.event_name = "create";
    fixture->scope.definition_key = "order";
    fixture->scope.definition_version = 7;
    fixture->scope.tenant_id = "acme";
    fixture->scope.user = "kermit";
    fixture->scope.activity_name = "Do it";
    fixture->scope.parent_id = "e-0";
    fixture->scope.root_process_instance_id = "p-0";
    record[0] = '\0';
    return failed;
}

static int teardown_listener(void **state)
{
    struct fixture *fixture = *state;

    json_decref((json_t *)fixture->scope.task);
    return teardown(state);
}

static void properties(void **state)
{
    static const struct expected cases[] = {
        {"execution.processDefinitionKey", "\"order\""},
        {"execution.processDefinitionVersion", "7"},
        {"execution.tenantId", "\"acme\""},
        {"execution.eventName", "\"create\""},
        {"execution.currentActivityName", "\"Do it\""},
        {"execution.activityId", "\"work\""},
        {"execution.parentId", "\"e-0\""},
        {"execution.getRootProcessInstanceId()", "\"p-0\""},
        {"execution.superExecutionId", "null"},
        {"variableContainer.tenantId", "\"acme\""},
        {"authenticatedUserId", "\"kermit\""},
        {"currentTenantId", "\"acme\""},
        {"task.assignee", "\"ada\""},
        {"task.getAssignee()", "\"ada\""},
        {"task.priority > 10", "true"},
        {"task.owner", "null"},
        {"task.dueDate == null", "true"},
        {"task.eventName", "\"create\""},
        {"task.isSuspended()", "null"},
        {"task.getVariable('n')", "2"},
        {"task.getVariableLocal('test')", "null"},
        {"execution.getVariableLocal('n')", "2"},
        {"execution.hasVariableLocal('test')", "false"},
        {"execution.hasVariable('test')", "true"},
        {"task['name']", "\"Approve\""},
    };
    static const struct expected failures[] = {
        {"task.colour", "Expected a property of the task"},
        {"task.getColour()", "Expected a property of the task"},
        {"task.complete()", "Expected a method of the task"},
        {"execution.setAssignee('x')", "Expected a method of the execution"},
    };
    struct fixture *fixture = *state;

    assert_values(fixture, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(fixture, failures, sizeof(failures) / sizeof(failures[0]));
    /* A variable of the same name comes first. */
    (void)json_object_set_new(fixture->variables, "task", json_pack("{s:i}", "assignee", 5));
    (void)json_object_set_new(fixture->variables, "currentTenantId", json_integer(6));
    assert_value(fixture, "task.assignee", "5");
    assert_value(fixture, "currentTenantId", "6");
}

static void assignments(void **state)
{
    static const struct {
        const char *text;
        const char *recorded;
    } cases[] = {
        {"execution.setVariable('a', n + 1)", "set a=3;"},
        {"execution.setVariable(test, 'x')", "set banana=\"x\";"},
        {"execution.setVariable('a', 0.1 + 0.2)",
         "set a=0.29999999999999999;"}, /* jansson's form */
        {"execution.setVariable('a', null)", "set a=null;"},
        {"execution.setVariableLocal('a', list[4].deep)", "local a=[10,20];"},
        {"execution.removeVariable('a')", "set a=-;"},
        {"execution.removeVariableLocal('a')", "local a=-;"},
        {"execution.setVariables(order)",
         "set total=99;set customer={\"name\":\"Ada\"};set a b=1;"},
        {"variableContainer.setVariable('a', true)", "set a=true;"},
        {"task.setVariable('a', 1)", "set a=1;"},
        {"task.setVariableLocal('a', 1)", "local a=1;"},
        {"task.setAssignee('grace')", "task assignee=\"grace\";"},
        {"task.setAssignee(null)", "task assignee=null;"},
        {"task.setPriority(n)", "task priority=2;"},
        {"task.setDueDate('2026-12-24')", "task dueDate=\"2026-12-24\";"},
        {"task.addCandidateGroup('sales')", "task candidateGroup=\"sales\";"},
        {"yes ? task.setOwner('a') : task.setOwner('b')", "task owner=\"a\";"},
    };
    static const struct expected failures[] = {
        {"execution.setVariable('forbidden', 1)", "Expected another name."},
        {"execution.setVariable(1, 1)", "Expected a method of the execution"},
        {"execution.setVariable('a')", "Expected a method of the execution"},
        {"execution.setVariables(list)", "Expected a method of the execution"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        record[0] = '\0';
        assert_value(fixture, cases[i].text, "null");
        if (strcmp(record, cases[i].recorded) != 0)
            fail_msg("%s did '%s'", cases[i].text, record);
    }
    record[0] = '\0';
    assert_failures(fixture, failures, sizeof(failures) / sizeof(failures[0]));
    assert_string_equal(record, "");
}

static void without_callbacks_nothing_can_be_set(void **state)
{
    struct fixture *fixture = *state;

    fixture->scope.assign = NULL;
    fixture->scope.assign_task = NULL;
    assert_fails(fixture, "execution.setVariable('a', 1)", "variables cannot be set here: 'a'");
    assert_fails(fixture, "execution.removeVariable('a')", "variables cannot be set here");
    assert_fails(fixture, "task.setAssignee('a')", "the task cannot be changed here");
    assert_string_equal(record, "");
}

static void unknown_variables_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        bool missing;
    } cases[] = {
        {"missing > 3", true},           {"missing.x", true}, {"variables.missing", true},
        {"variables:eq(n, lost)", true}, {"1 / 0", false},    {"test + 1", false},
        {"task.colour", false},          {"test.x()", false},
    };
    struct fixture *fixture = *state;
    bool missing;

    fixture->scope.missing = &missing;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        missing = false;
        assert_fails(fixture, cases[i].text, "Expected");
        assert_int_equal(missing, cases[i].missing);
    }
    missing = false;
    assert_value(fixture, "execution.getVariable('missing')", "null");
    assert_value(fixture, "variables:exists(missing)", "false");
    assert_false(missing);
}

static void without_a_task_its_name_is_unknown(void **state)
{
    struct fixture *fixture = *state;

    assert_fails(fixture, "task.assignee", "Expected a variable named 'task'");
    assert_fails(fixture, "task.setAssignee('a')", "Expected a variable named 'task'");
    assert_value(fixture, "authenticatedUserId", "null");
    assert_value(fixture, "execution.tenantId", "null");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup_listener, teardown_listener)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(properties),
        TEST(assignments),
        TEST(without_callbacks_nothing_can_be_set),
        TEST(unknown_variables_are_told_apart),
        cmocka_unit_test_setup_teardown(without_a_task_its_name_is_unknown, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
