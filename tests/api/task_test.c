/* /process-api/runtime/tasks over real HTTP and PostgreSQL. */
#include "tests/api/api_case.h"

#include <stdio.h>
#include <string.h>

#define TASKS "/process-api/runtime/tasks"
#define NO_ID "00000000-0000-7000-8000-000000000000"

static char instance[64];
static char task[64];

/* One instance with one open task for each test. */
static int open_task(void **state)
{
    static bool deployed;
    json_t *answer;

    (void)state;
    if (!deployed)
        api_deploy("one_task", ONE_TASK);
    deployed = true;
    (void)snprintf(instance, sizeof(instance), "%s",
                   api_start("one_task", "\"businessKey\":\"INC-7\",\"variables\":[{\"name\":"
                                         "\"title\",\"value\":\"printer\"}]"));
    answer = api_call(200, "GET", path_of(TASKS "?processInstanceId=%s", instance), NULL);
    assert_int_equal(int_of(answer, "total"), 1);
    (void)snprintf(task, sizeof(task), "%s", text_of(first_of(answer), "id"));
    json_decref(answer);
    return 0;
}

static void expect_count(const char *filter, int count)
{
    json_t *answer =
        api_call(200, "GET", path_of(TASKS "?processInstanceId=%s&%s", instance, filter), NULL);

    if (int_of(answer, "total") != count)
        print_message("%s\n", filter);
    assert_int_equal(int_of(answer, "total"), count);
    json_decref(answer);
}

static void a_task_shows_what_the_model_says(void **state)
{
    json_t *answer = api_call(200, "GET", path_of(TASKS "/%s", task), NULL);

    (void)state;
    assert_string_equal(text_of(answer, "name"), "Work on printer");
    assert_string_equal(text_of(answer, "taskDefinitionKey"), "work");
    assert_string_equal(text_of(answer, "processInstanceId"), instance);
    assert_int_equal(int_of(answer, "priority"), 70);
    assert_true(json_is_null(json_object_get(answer, "assignee")));
    assert_true(strncmp(text_of(answer, "processDefinitionId"), "one_task:1:", 11) == 0);
    assert_non_null(strstr(text_of(answer, "executionUrl"), text_of(answer, "executionId")));
    assert_string_equal(text_of(answer, "tenantId"), "");
    json_decref(answer);
    api_expect_error(404, "GET", TASKS "/444", NULL, "Could not find a task with id '444'.", NULL);
    api_expect_error(404, "GET", TASKS "/" NO_ID, NULL, "Could not find a task", NULL);
}

static void filters_find_it_or_not(void **state)
{
    (void)state;
    expect_count("name=Work%20on%20printer", 1);
    expect_count("name=Work", 0);
    expect_count("nameLike=Work%25", 1);
    expect_count("nameLikeIgnoreCase=WORK%25", 1);
    expect_count("unassigned=true", 1);
    expect_count("unassigned=false", 0);
    expect_count("assignee=kim", 0);
    expect_count("candidateUser=kim", 1);
    expect_count("candidateUser=lee", 0);
    expect_count("candidateGroup=desk", 1);
    expect_count("candidateGroup=day", 0);
    expect_count("candidateGroups=day,night", 1);
    expect_count("candidateOrAssigned=kim", 1);
    expect_count("taskDefinitionKey=work", 1);
    expect_count("taskDefinitionKeys=work,rest", 1);
    expect_count("processInstanceBusinessKey=INC-7", 1);
    expect_count("processInstanceBusinessKey=INC-8", 0);
    expect_count("processDefinitionKey=one_task", 1);
    expect_count("processDefinitionKey=two_tasks", 0);
    expect_count("priority=70", 1);
    expect_count("minimumPriority=71", 0);
    expect_count("maximumPriority=70", 1);
    expect_count("withoutDueDate=true", 1);
    expect_count("dueBefore=2100-01-01T00:00:00Z", 0);
    expect_count("createdBefore=2100-01-01T00:00:00Z", 1);
    expect_count("createdAfter=2100-01-01T00:00:00Z", 0);
    expect_count("active=true", 1);
    expect_count("active=false", 0);
    expect_count("withoutCategory=true", 1);
    api_expect_error(400, "GET", TASKS "?assigne=kim", NULL, "assignee", "assigne");
    api_expect_error(400, "GET", TASKS "?priority=high", NULL, "whole number", "priority");
    api_expect_error(400, "GET", TASKS "?processInstanceVariables=x", NULL, "POST /query",
                     "processInstanceVariables");
}

static void bodies_query_the_same(void **state)
{
    json_t *answer =
        api_callf(200, "POST", "/process-api/query/tasks",
                  "{\"processInstanceId\":\"%s\",\"candidateGroupIn\":[\"night\"],"
                  "\"unassigned\":true,\"minimumPriority\":60,\"includeProcessVariables\":true,"
                  "\"processInstanceVariables\":[{\"name\":\"title\",\"operation\":\"equals\","
                  "\"value\":\"printer\"}]}",
                  instance);
    const json_t *variable;

    (void)state;
    assert_int_equal(int_of(answer, "total"), 1);
    variable = json_array_get(json_object_get(first_of(answer), "variables"), 0);
    assert_string_equal(text_of(variable, "value"), "printer");
    assert_string_equal(text_of(variable, "scope"), "global");
    json_decref(answer);
    api_expect_error(400, "POST", "/process-api/query/tasks", "{\"candidateGroupIn\":[1]}",
                     "array of texts", "candidateGroupIn");
}

static void claiming_takes_it_from_others(void **state)
{
    char path[160];
    json_t *answer;

    (void)state;
    (void)snprintf(path, sizeof(path), TASKS "/%s", task);
    json_decref(api_call(200, "POST", path, "{\"action\":\"claim\",\"assignee\":\"kim\"}"));
    answer = api_call(200, "GET", path, NULL);
    assert_string_equal(text_of(answer, "assignee"), "kim");
    assert_string_not_equal(text_of(answer, "claimTime"), "");
    json_decref(answer);
    expect_count("candidateGroup=desk", 0);
    expect_count("candidateGroup=desk&ignoreAssignee=true", 1);
    expect_count("assignee=kim", 1);
    api_expect_error(409, "POST", path, "{\"action\":\"claim\",\"assignee\":\"lee\"}",
                     "already claimed", NULL);
    json_decref(api_call(200, "POST", path, "{\"action\":\"claim\",\"assignee\":\"kim\"}"));
    json_decref(api_call(200, "POST", path, "{\"action\":\"claim\"}"));
    expect_count("unassigned=true", 1);
    api_expect_error(404, "POST", TASKS "/" NO_ID, "{\"action\":\"claim\",\"assignee\":\"kim\"}",
                     "Could not find a task", NULL);
}

static void completing_moves_the_instance_on(void **state)
{
    char path[160];
    json_t *answer;

    (void)state;
    (void)snprintf(path, sizeof(path), TASKS "/%s", task);
    json_decref(api_call(200, "POST", path,
                         "{\"action\":\"complete\",\"variables\":[{\"name\":\"done\",\"value\":"
                         "true}]}"));
    answer = api_call(
        200, "GET", path_of("/process-api/history/historic-process-instances/%s", instance), NULL);
    assert_string_not_equal(text_of(answer, "endTime"), "");
    assert_string_equal(text_of(answer, "endActivityId"), "end");
    assert_int_equal(json_array_size(json_object_get(answer, "variables")), 2);
    json_decref(answer);
    api_expect_error(404, "GET", path, NULL, "Could not find a task", NULL);
    api_expect_error(409, "POST", path, "{\"action\":\"complete\"}", "it was completed at", NULL);
    api_expect_error(409, "POST", path, "{\"action\":\"claim\",\"assignee\":\"kim\"}",
                     "it was completed at", NULL);
    api_expect_error(409, "PUT", path, "{\"priority\":1}", "it was completed at", NULL);
    api_expect_error(404, "POST", TASKS "/" NO_ID, "{\"action\":\"complete\"}",
                     "Could not find a task with id '" NO_ID "'", NULL);
    api_expect_error(404, "POST", TASKS "/444", "{\"action\":\"complete\"}", "'444'", NULL);
}

static void bad_actions_are_refused(void **state)
{
    char path[160];

    (void)state;
    (void)snprintf(path, sizeof(path), TASKS "/%s", task);
    api_expect_error(400, "POST", path, "{}", "action", "action");
    api_expect_error(400, "POST", path, "{\"action\":\"eat\"}", "complete or claim", "action");
    api_expect_error(400, "POST", path, "{\"action\":\"delegate\"}", "not supported", "action");
    api_expect_error(400, "POST", path, "{\"action\":7}", "action", "action");
    api_expect_error(400, "POST", path, "{\"action\":\"complete\",\"colour\":1}", "colour", NULL);
    api_expect_error(400, "POST", path, "{\"action\":\"complete\",\"outcome\":\"yes\"}",
                     "not supported", "outcome");
    api_expect_error(400, "POST", path,
                     "{\"action\":\"complete\",\"variables\":[{\"name\":\"a\",\"value\":1,"
                     "\"scope\":\"local\"}]}",
                     "stay with the task", "scope");
    api_expect_error(400, "POST", path, "{\"action\":\"claim\",\"assignee\":5}", "assignee",
                     "assignee");
    api_expect_error(400, "POST", path, "[1]", "object", NULL);
    api_expect_error(400, "POST", path, "", "", NULL);
}

static void fields_are_changed_and_cleared(void **state)
{
    char path[160];
    json_t *answer;

    (void)state;
    (void)snprintf(path, sizeof(path), TASKS "/%s", task);
    answer = api_call(200, "PUT", path,
                      "{\"assignee\":\"lee\",\"owner\":\"max\",\"name\":\"New\",\"description\":"
                      "\"Long\",\"dueDate\":\"2030-01-02T03:04:05.678Z\",\"priority\":12,"
                      "\"category\":\"net\",\"formKey\":\"form\"}");
    assert_string_equal(text_of(answer, "assignee"), "lee");
    assert_string_equal(text_of(answer, "owner"), "max");
    assert_string_equal(text_of(answer, "name"), "New");
    assert_string_equal(text_of(answer, "description"), "Long");
    assert_string_equal(text_of(answer, "dueDate"), "2030-01-02T03:04:05.678Z");
    assert_int_equal(int_of(answer, "priority"), 12);
    assert_string_equal(text_of(answer, "category"), "net");
    assert_string_equal(text_of(answer, "formKey"), "form");
    json_decref(answer);
    expect_count("dueDate=2030-01-02T03:04:05.678Z", 1);
    expect_count("category=net", 1);
    expect_count("owner=max", 1);
    answer = api_call(200, "PUT", path, "{\"dueDate\":null,\"assignee\":null}");
    assert_true(json_is_null(json_object_get(answer, "dueDate")));
    assert_true(json_is_null(json_object_get(answer, "assignee")));
    assert_string_equal(text_of(answer, "owner"), "max");
    assert_int_equal(int_of(answer, "priority"), 12);
    json_decref(answer);
    api_expect_error(400, "PUT", path, "{\"dueDate\":\"soon\"}", "ISO 8601", "dueDate");
    api_expect_error(400, "PUT", path, "{\"priority\":\"high\"}", "priority", "priority");
    api_expect_error(400, "PUT", path, "{\"colour\":1}", "colour", NULL);
    api_expect_error(400, "PUT", path, "{\"parentTaskId\":\"x\"}", "not supported", "parentTaskId");
    api_expect_error(404, "PUT", TASKS "/" NO_ID, "{\"priority\":1}", "Could not find a task",
                     NULL);
}

static void a_task_sees_the_variables_around_it(void **state)
{
    json_t *answer = api_call(200, "GET", path_of(TASKS "/%s/variables", task), NULL);

    (void)state;
    assert_int_equal(json_array_size(answer), 1);
    assert_string_equal(text_of(json_array_get(answer, 0), "name"), "title");
    json_decref(answer);
    api_expect_error(404, "GET", TASKS "/" NO_ID "/variables", NULL, "Could not find a task", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_task_shows_what_the_model_says, open_task),
        cmocka_unit_test_setup(filters_find_it_or_not, open_task),
        cmocka_unit_test_setup(bodies_query_the_same, open_task),
        cmocka_unit_test_setup(claiming_takes_it_from_others, open_task),
        cmocka_unit_test_setup(completing_moves_the_instance_on, open_task),
        cmocka_unit_test_setup(bad_actions_are_refused, open_task),
        cmocka_unit_test_setup(fields_are_changed_and_cleared, open_task),
        cmocka_unit_test_setup(a_task_sees_the_variables_around_it, open_task),
    };

    return cmocka_run_group_tests(tests, api_setup, api_teardown);
}
