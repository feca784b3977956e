/* What moves instances and executions over real HTTP: suspend, rename, change-state, conditions,
 * deletion of many, variables of every noun, called instances. */
#include "tests/api/api_case.h"

#include <stdio.h>
#include <string.h>

#define INSTANCES  "/process-api/runtime/process-instances"
#define EXECUTIONS "/process-api/runtime/executions"
#define TASKS      "/process-api/runtime/tasks"
#define NO_ID      "00000000-0000-7000-8000-000000000000"

static const char two_steps[] =
    "<startEvent id='start'/>" FLOW("f1", "start", "one") "<userTask id='one'/>" FLOW(
        "f2", "one", "two") "<userTask id='two'/>" FLOW("f3", "two", "end") "<endEvent id='end'/>";
static const char nested[] = "<startEvent id='start'/>" FLOW(
    "f1", "start", "sub") "<subProcess id='sub'><startEvent "
                          "id='s'/>" FLOW("g1", "s", "inner") "<userTask id='inner'/>" FLOW(
                              "g2", "inner", "e") "<endEvent "
                                                  "id='e'/></"
                                                  "subProcess>" FLOW("f2", "sub",
                                                                     "end") "<endEvent id='end'/>";
static const char many[] = "<startEvent id='start'/>" FLOW(
    "f1", "start", "each") "<userTask id='each'><multiInstanceLoopCharacteristics>"
                           "<loopCardinality>3</loopCardinality>"
                           "</multiInstanceLoopCharacteristics></userTask>" FLOW(
                               "f2", "each", "end") "<endEvent id='end'/>";
static const char calling[] = "<startEvent id='start'/>" FLOW(
    "f1", "start", "call") "<callActivity id='call'"
                           " calledElement='two_steps'/>" FLOW("f2", "call",
                                                               "end") "<endEvent id='end'/>";
static const char receiving[] =
    "<startEvent id='start'/>" FLOW("f1", "start", "wait") "<receiveTask id='wait'/>" FLOW(
        "f2", "wait", "end") "<endEvent id='end'/>";
static const char conditional[] = "<startEvent id='start'/>" FLOW(
    "f1", "start", "wait") "<intermediateCatchEvent id='wait'><conditionalEventDefinition>"
                           "<condition>${n &gt; 3}</condition></conditionalEventDefinition>"
                           "</intermediateCatchEvent>" FLOW("f2", "wait",
                                                            "end") "<endEvent id='end'/>";

static const char started_by_condition[] =
    "<startEvent id='start'><conditionalEventDefinition><condition>${level &gt; 3}</condition>"
    "</conditionalEventDefinition></startEvent>" FLOW(
        "f1", "start", "work") "<userTask id='work'/>" FLOW("f2", "work",
                                                            "end") "<endEvent id='end'/>";

static int deploy(void **state)
{
    if (api_setup(state) != 0)
        return -1;
    api_deploy("two_steps", two_steps);
    api_deploy("nested", nested);
    api_deploy("many", many);
    api_deploy("calling", calling);
    api_deploy("receiving", receiving);
    api_deploy("conditional", conditional);
    api_deploy("started_by_condition", started_by_condition);
    return 0;
}

static char instance[64];

static void start(const char *key, const char *extra)
{
    (void)snprintf(instance, sizeof(instance), "%s", api_start(key, extra));
}

static json_t *list(const char *path, const char *more)
{
    return api_call(200, "GET", path_of("%s?processInstanceId=%s%s", path, instance, more), NULL);
}

static int64_t count(const char *path, const char *more)
{
    json_t *answer = list(path, more);
    int64_t total = int_of(answer, "total");

    json_decref(answer);
    return total;
}

static void id_of(const char *path, const char *more, char id[64])
{
    json_t *answer = list(path, more);

    (void)snprintf(id, 64, "%s", text_of(first_of(answer), "id"));
    json_decref(answer);
}

static void a_suspended_instance_stands_still(void **state)
{
    char path[160];
    char task[64];
    json_t *answer;

    (void)state;
    start("two_steps", "");
    id_of(TASKS, "", task);
    (void)snprintf(path, sizeof(path), INSTANCES "/%s", instance);
    answer = api_call(200, "PUT", path, "{\"action\":\"suspend\"}");
    assert_true(json_is_true(json_object_get(answer, "suspended")));
    json_decref(answer);
    api_expect_error(409, "PUT", path, "{\"action\":\"suspend\"}", "already", NULL);
    api_expect_error(409, "POST", path_of(TASKS "/%s", task), "{\"action\":\"complete\"}",
                     "suspended", NULL);
    assert_int_equal(count(TASKS, "&active=true"), 0);
    answer = api_call(200, "PUT", path, "{\"action\":\"activate\"}");
    assert_true(json_is_false(json_object_get(answer, "suspended")));
    json_decref(answer);
    json_decref(api_call(200, "POST", path_of(TASKS "/%s", task), "{\"action\":\"complete\"}"));
    api_expect_error(400, "PUT", path, "{\"action\":\"pause\"}", "suspend or activate", "action");
    api_expect_error(400, "PUT", path, "{}", "action", "action");
    api_expect_error(404, "PUT", INSTANCES "/" NO_ID, "{\"action\":\"suspend\"}", "Could not find",
                     NULL);
}

static void names_and_keys_are_changed(void **state)
{
    char path[160];
    char task[64];
    json_t *answer;

    (void)state;
    start("two_steps", "\"businessKey\":\"OLD\"");
    (void)snprintf(path, sizeof(path), INSTANCES "/%s", instance);
    answer = api_call(200, "PUT", path, "{\"name\":\"Mine\",\"businessKey\":\"NEW\"}");
    assert_string_equal(text_of(answer, "name"), "Mine");
    assert_string_equal(text_of(answer, "businessKey"), "NEW");
    json_decref(answer);
    /* The next step keeps it. */
    id_of(TASKS, "", task);
    json_decref(api_call(200, "POST", path_of(TASKS "/%s", task), "{\"action\":\"complete\"}"));
    answer = api_call(200, "GET", path, NULL);
    assert_string_equal(text_of(answer, "businessKey"), "NEW");
    json_decref(answer);
    api_expect_error(404, "PUT", INSTANCES "/" NO_ID, "{\"name\":\"x\"}", "Could not find", NULL);
}

static void an_instance_is_put_elsewhere(void **state)
{
    char path[160];
    char execution[64];

    (void)state;
    start("two_steps", "");
    (void)snprintf(path, sizeof(path), INSTANCES "/%s/change-state", instance);
    json_decref(api_call(200, "POST", path,
                         "{\"cancelActivityIds\":[\"one\"],\"startActivityIds\":[\"two\"]}"));
    assert_int_equal(count(TASKS, "&taskDefinitionKey=one"), 0);
    assert_int_equal(count(TASKS, "&taskDefinitionKey=two"), 1);
    api_expect_error(400, "POST", path, "{}", "both are empty", "startActivityIds");
    api_expect_error(400, "POST", path, "{\"startActivityIds\":[\"nowhere\"]}", "nowhere", NULL);
    id_of(EXECUTIONS, "&activityId=two", execution);
    json_decref(api_call(200, "POST", path_of(EXECUTIONS "/%s/change-state", execution),
                         "{\"startActivityIds\":[\"one\"]}"));
    assert_int_equal(count(TASKS, "&taskDefinitionKey=two"), 0);
    assert_int_equal(count(TASKS, "&taskDefinitionKey=one"), 1);
    api_expect_error(404, "POST", EXECUTIONS "/" NO_ID "/change-state",
                     "{\"startActivityIds\":[\"one\"]}", "Could not find an execution", NULL);
}

static void an_execution_is_triggered(void **state)
{
    char execution[64];

    (void)state;
    start("receiving", "");
    id_of(EXECUTIONS, "&activityId=wait", execution);
    json_decref(api_call(204, "PUT", path_of(EXECUTIONS "/%s", execution),
                         "{\"action\":\"trigger\",\"variables\":[{\"name\":\"n\",\"value\":1}],"
                         "\"transientVariables\":[{\"name\":\"m\",\"value\":2}]}"));
    assert_int_equal(count(EXECUTIONS, ""), 0);
}

static void conditions_are_looked_at(void **state)
{
    (void)state;
    start("conditional", "\"variables\":[{\"name\":\"n\",\"value\":1}]");
    json_decref(
        api_call(200, "POST", path_of(INSTANCES "/%s/evaluate-conditions", instance), NULL));
    assert_int_equal(count(EXECUTIONS, "&activityId=wait"), 1);
    assert_int_equal(count("/process-api/runtime/event-subscriptions", "&eventType=conditional"),
                     1);
    json_decref(
        api_call(200, "PUT", path_of(INSTANCES "/%s/variables/n", instance), "{\"value\":4}"));
    assert_int_equal(count(EXECUTIONS, ""), 0);
}

static void conditions_start_definitions(void **state)
{
    static const char path[] = "/process-api/runtime/conditions";
    json_t *answer = api_call(200, "POST", path, "{\"variables\":{\"level\":3}}");

    (void)state;
    assert_int_equal(int_of(answer, "started"), 0);
    json_decref(answer);
    answer = api_call(200, "POST", path, "{\"variables\":{}}");
    assert_int_equal(int_of(answer, "started"), 0);
    json_decref(answer);
    answer = api_call(200, "POST", path,
                      "{\"variables\":[{\"name\":\"level\",\"value\":4}],"
                      "\"businessKey\":\"HIGH\"}");
    assert_int_equal(int_of(answer, "started"), 1);
    json_decref(answer);
    answer = api_call(200, "GET", INSTANCES "?businessKey=HIGH", NULL);
    assert_int_equal(int_of(answer, "total"), 1);
    json_decref(answer);
    api_expect_error(400, "POST", path, "{\"variables\":7}", "array", "variables");
}

static void many_are_deleted(void **state)
{
    char first[64];

    (void)state;
    start("two_steps", "");
    (void)snprintf(first, sizeof(first), "%s", instance);
    start("two_steps", "");
    json_decref(api_callf(204, "POST", INSTANCES "/delete",
                          "{\"action\":\"delete\",\"instanceIds\":[\"%s\",\"%s\",\"" NO_ID
                          "\"],\"deleteReason\":\"enough\"}",
                          first, instance));
    api_expect_error(404, "GET", path_of(INSTANCES "/%s", first), NULL, "Could not find", NULL);
    api_expect_error(404, "GET", path_of(INSTANCES "/%s", instance), NULL, "Could not find", NULL);
    api_expect_error(400, "POST", INSTANCES "/delete", "{\"action\":\"delete\"}", "instanceIds",
                     "instanceIds");
    api_expect_error(400, "POST", INSTANCES "/delete",
                     "{\"action\":\"drop\",\"instanceIds\":[\"a\"]}", "delete or terminate",
                     "action");
}

static void variables_are_removed(void **state)
{
    char path[160];
    json_t *answer;

    (void)state;
    start("two_steps", "\"variables\":[{\"name\":\"a\",\"value\":1},{\"name\":\"b\",\"value\":2}]");
    (void)snprintf(path, sizeof(path), INSTANCES "/%s/variables/a", instance);
    json_decref(api_call(204, "DELETE", path, NULL));
    api_expect_error(404, "DELETE", path, NULL, "does not have a variable", NULL);
    (void)snprintf(path, sizeof(path), INSTANCES "/%s/variables", instance);
    answer = api_call(200, "GET", path, NULL);
    assert_int_equal(json_array_size(answer), 1);
    json_decref(answer);
    json_decref(api_call(204, "DELETE", path, NULL));
    answer = api_call(200, "GET", path, NULL);
    assert_int_equal(json_array_size(answer), 0);
    json_decref(answer);
}

static void executions_and_tasks_have_variables(void **state)
{
    char sub[64], task[64], path[160];
    json_t *answer;

    (void)state;
    start("nested", "\"variables\":[{\"name\":\"a\",\"value\":1}]");
    id_of(EXECUTIONS, "&activityId=sub", sub);
    id_of(TASKS, "", task);
    (void)snprintf(path, sizeof(path), EXECUTIONS "/%s/variables", sub);
    json_decref(api_call(201, "POST", path, "[{\"name\":\"inside\",\"value\":5}]"));
    answer = api_call(200, "GET", path_of("%s?scope=local", path), NULL);
    assert_int_equal(json_array_size(answer), 1);
    assert_string_equal(text_of(json_array_get(answer, 0), "name"), "inside");
    json_decref(answer);
    answer = api_call(200, "GET", path_of("%s/a", path), NULL);
    assert_string_equal(text_of(answer, "scope"), "global");
    json_decref(answer);
    /* The task in it sees both, and changes them where they are. */
    (void)snprintf(path, sizeof(path), TASKS "/%s/variables", task);
    answer = api_call(200, "GET", path, NULL);
    assert_int_equal(json_array_size(answer), 2);
    json_decref(answer);
    json_decref(api_call(200, "PUT", path_of("%s/inside", path), "{\"value\":6}"));
    api_expect_error(409, "POST", path, "[{\"name\":\"inside\",\"value\":7}]", "already present",
                     "inside");
    answer = api_call(200, "GET", path_of(EXECUTIONS "/%s/variables/inside", sub), NULL);
    assert_int_equal(int_of(answer, "value"), 6);
    assert_string_equal(text_of(answer, "scope"), "local");
    json_decref(answer);
    answer = api_call(200, "GET", path_of(INSTANCES "/%s/variables", instance), NULL);
    assert_int_equal(json_array_size(answer), 1);
    json_decref(answer);
    json_decref(api_call(204, "DELETE", path_of(EXECUTIONS "/%s/variables/inside", sub), NULL));
    api_expect_error(404, "GET", path_of(TASKS "/%s/variables/inside", task), NULL,
                     "does not have a variable", NULL);
    api_expect_error(404, "GET", EXECUTIONS "/" NO_ID "/variables", NULL, "Could not find", NULL);
    api_expect_error(400, "GET", path_of(EXECUTIONS "/%s/variables?scope=far", sub), NULL,
                     "local or global", "scope");
}

static void executions_show_what_is_inside(void **state)
{
    json_t *answer;
    char sub[64];

    (void)state;
    start("nested", "");
    id_of(EXECUTIONS, "&activityId=sub", sub);
    answer = list(EXECUTIONS, "&activityId=inner");
    assert_string_equal(text_of(first_of(answer), "parentId"), sub);
    json_decref(answer);
    answer = api_call(200, "GET", path_of(EXECUTIONS "/%s/activities", instance), NULL);
    assert_int_equal(json_array_size(answer), 2);
    assert_string_equal(json_string_value(json_array_get(answer, 0)), "inner");
    json_decref(answer);
    answer = api_call(200, "GET", path_of(EXECUTIONS "/%s/activities", sub), NULL);
    assert_int_equal(json_array_size(answer), 2);
    json_decref(answer);
    api_expect_error(404, "GET", EXECUTIONS "/" NO_ID "/activities", NULL, "Could not find", NULL);

    /* A loop: the instance, its body, and each iteration with its own token. */
    start("many", "");
    assert_int_equal(count(TASKS, ""), 3);
    assert_int_equal(count(EXECUTIONS, "&activityId=each&state=active"), 3);
    assert_int_equal(count(EXECUTIONS, "&activityId=each&state=body"), 1);
}

static void called_instances_know_their_callers(void **state)
{
    json_t *answer;
    char caller[64], called[64], token[64];

    (void)state;
    start("calling", "");
    (void)snprintf(caller, sizeof(caller), "%s", instance);
    id_of(EXECUTIONS, "&activityId=call", token);
    answer = api_call(200, "GET", path_of(INSTANCES "?superProcessInstanceId=%s", caller), NULL);
    assert_int_equal(int_of(answer, "total"), 1);
    assert_string_equal(text_of(first_of(answer), "superProcessInstanceId"), caller);
    assert_string_equal(text_of(first_of(answer), "rootProcessInstanceId"), caller);
    (void)snprintf(called, sizeof(called), "%s", text_of(first_of(answer), "id"));
    json_decref(answer);
    answer = api_call(200, "GET", path_of(INSTANCES "?subProcessInstanceId=%s", called), NULL);
    assert_string_equal(text_of(first_of(answer), "id"), caller);
    json_decref(answer);
    answer = api_call(200, "GET", path_of(EXECUTIONS "/%s", called), NULL);
    assert_string_equal(text_of(answer, "superExecutionId"), token);
    json_decref(answer);
    answer = api_call(200, "GET", path_of(TASKS "?processInstanceIdWithChildren=%s", caller), NULL);
    assert_int_equal(int_of(answer, "total"), 1);
    assert_string_equal(text_of(first_of(answer), "processInstanceId"), called);
    json_decref(answer);
    answer = api_call(200, "GET",
                      path_of("/process-api/history/historic-process-instances?"
                              "superProcessInstanceId=%s",
                              caller),
                      NULL);
    assert_int_equal(int_of(answer, "total"), 1);
    json_decref(answer);
}

static void a_definition_takes_its_instances_along(void **state)
{
    json_t *answer =
        api_call(200, "GET", "/process-api/repository/process-definitions?key=many", NULL);
    char path[200];

    (void)state;
    (void)snprintf(path, sizeof(path), "/process-api/repository/process-definitions/%s",
                   text_of(first_of(answer), "id"));
    json_decref(answer);
    start("many", "");
    json_decref(
        api_call(200, "PUT", path, "{\"action\":\"suspend\",\"includeProcessInstances\":true}"));
    answer = api_call(200, "GET", path_of(INSTANCES "/%s", instance), NULL);
    assert_true(json_is_true(json_object_get(answer, "suspended")));
    json_decref(answer);
    json_decref(
        api_call(200, "PUT", path, "{\"action\":\"activate\",\"includeProcessInstances\":true}"));
    answer = api_call(200, "GET", path_of(INSTANCES "/%s", instance), NULL);
    assert_true(json_is_false(json_object_get(answer, "suspended")));
    json_decref(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_suspended_instance_stands_still),
        cmocka_unit_test(names_and_keys_are_changed),
        cmocka_unit_test(an_instance_is_put_elsewhere),
        cmocka_unit_test(an_execution_is_triggered),
        cmocka_unit_test(conditions_are_looked_at),
        cmocka_unit_test(conditions_start_definitions),
        cmocka_unit_test(many_are_deleted),
        cmocka_unit_test(variables_are_removed),
        cmocka_unit_test(executions_and_tasks_have_variables),
        cmocka_unit_test(executions_show_what_is_inside),
        cmocka_unit_test(called_instances_know_their_callers),
        cmocka_unit_test(a_definition_takes_its_instances_along),
    };

    return cmocka_run_group_tests(tests, deploy, api_teardown);
}
