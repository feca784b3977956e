/* /process-api/runtime/process-instances and their variables over real HTTP and PostgreSQL. */
#include "tests/api/api_case.h"

#include <stdio.h>
#include <string.h>

#define INSTANCES "/process-api/runtime/process-instances"
#define NO_ID     "00000000-0000-7000-8000-000000000000"
#define TITLE     "\"variables\":[{\"name\":\"title\",\"value\":\"a\"}]"

static void setup_models(void)
{
    static bool done;

    if (done)
        return;
    done = true;
    api_deploy("one_task", ONE_TASK);
    api_deploy("straight", "<startEvent id='s'/>" FLOW("f", "s", "e") "<endEvent id='e'/>");
    api_deploy("wrong_condition",
               "<startEvent id='s'/>" FLOW(
                   "f", "s",
                   "x") "<exclusiveGateway id='x'/>"
                        "<sequenceFlow id='g' sourceRef='x' targetRef='e'>"
                        "<conditionExpression>${missing > 1}</conditionExpression></sequenceFlow>"
                        "<endEvent id='e'/>");
}

static void start_answers_with_the_instance(void **state)
{
    json_t *answer;
    json_t *got;

    (void)state;
    setup_models();
    answer = api_call(201, "POST", INSTANCES,
                      "{\"processDefinitionKey\":\"one_task\",\"businessKey\":\"INC-1\","
                      "\"name\":\"First\",\"returnVariables\":true,"
                      "\"variables\":[{\"name\":\"title\",\"type\":\"string\",\"value\":\"a\"},"
                      "{\"name\":\"n\",\"value\":5}]}");
    assert_string_equal(text_of(answer, "businessKey"), "INC-1");
    assert_string_equal(text_of(answer, "name"), "First");
    assert_true(json_is_false(json_object_get(answer, "ended")));
    assert_true(strncmp(text_of(answer, "processDefinitionId"), "one_task:1:", 11) == 0);
    assert_string_equal(text_of(answer, "processDefinitionName"), "Process one_task");
    assert_int_equal(json_array_size(json_object_get(answer, "variables")), 2);
    got = api_call(200, "GET", path_of(INSTANCES "/%s", text_of(answer, "id")), NULL);
    assert_string_equal(text_of(got, "businessKey"), "INC-1");
    assert_string_equal(text_of(got, "name"), "First");
    assert_string_equal(text_of(got, "startTime"), text_of(answer, "startTime"));
    assert_string_equal(text_of(got, "url"), text_of(answer, "url"));
    json_decref(got);
    json_decref(answer);
}

static void a_process_without_waits_has_ended_at_once(void **state)
{
    json_t *answer;

    (void)state;
    setup_models();
    answer = api_call(201, "POST", INSTANCES, "{\"processDefinitionKey\":\"straight\"}");
    assert_true(json_is_true(json_object_get(answer, "ended")));
    assert_true(json_is_true(json_object_get(answer, "completed")));
    api_expect_error(404, "GET", path_of(INSTANCES "/%s", text_of(answer, "id")), NULL,
                     "Could not find a process instance", NULL);
    json_decref(answer);
}

static void a_start_that_cannot_be_is_refused(void **state)
{
    (void)state;
    setup_models();
    api_expect_error(400, "POST", INSTANCES, "{\"processDefinitionKey\":\"nowhere\"}",
                     "No process definition found for key 'nowhere'", "processDefinitionKey");
    api_expect_error(400, "POST", INSTANCES, "{\"processDefinitionId\":\"a:1:b\"}",
                     "No process definition found for id 'a:1:b'", "processDefinitionId");
    api_expect_error(400, "POST", INSTANCES, "{}", "neither", NULL);
    api_expect_error(400, "POST", INSTANCES,
                     "{\"processDefinitionKey\":\"one_task\",\"processDefinitionId\":\"x\"}",
                     "Only one of", NULL);
    api_expect_error(400, "POST", INSTANCES, "{\"message\":\"m\"}", "there is none", "message");
    api_expect_error(400, "POST", INSTANCES, "[]", "object", NULL);
    api_expect_error(400, "POST", INSTANCES, "{\"processDefinitionKey\":", "line", NULL);
    api_expect_error(400, "POST", INSTANCES, "{\"processDefinitionKey\":7}", "processDefinitionKey",
                     "processDefinitionKey");
    api_expect_error(400, "POST", INSTANCES,
                     "{\"processDefinitionKey\":\"one_task\",\"colour\":\"red\"}", "colour", NULL);
    api_expect_error(400, "POST", INSTANCES,
                     "{\"processDefinitionKey\":\"one_task\",\"variables\":{}}", "array",
                     "variables");
    api_expect_error(400, "POST", INSTANCES,
                     "{\"processDefinitionKey\":\"one_task\",\"variables\":[{\"value\":1}]}",
                     "name", "name");
    api_expect_error(400, "POST", INSTANCES,
                     "{\"processDefinitionKey\":\"one_task\",\"variables\":"
                     "[{\"name\":\"n\",\"type\":\"integer\",\"value\":\"x\"}]}",
                     "32 bits", "n");
    api_expect_error(400, "POST", INSTANCES,
                     "{\"processDefinitionKey\":\"one_task\",\"variables\":"
                     "[{\"name\":\"n\",\"type\":\"serializable\",\"value\":\"x\"}]}",
                     "serializable", "type");
    api_expect_error(400, "POST", INSTANCES,
                     "{\"processDefinitionKey\":\"one_task\",\"variables\":"
                     "[{\"name\":\"n\",\"value\":1},{\"name\":\"n\",\"value\":2}]}",
                     "twice", "variables");
    /* Meaningless forms of unsupported fields do no harm. */
    json_decref(api_call(201, "POST", INSTANCES,
                         "{\"processDefinitionKey\":\"straight\",\"message\":null,"
                         "\"tenantId\":\"\",\"transientVariables\":[]}"));
}

static void a_condition_on_a_missing_variable_names_it(void **state)
{
    (void)state;
    setup_models();
    api_expect_error(500, "POST", INSTANCES, "{\"processDefinitionKey\":\"wrong_condition\"}",
                     "missing", NULL);
}

static void lists_filter_and_page(void **state)
{
    json_t *answer;

    (void)state;
    setup_models();
    for (int i = 0; i < 3; i++)
        (void)api_start("one_task", "\"businessKey\":\"LIST\"," TITLE);
    answer = api_call(200, "GET", INSTANCES "?businessKey=LIST", NULL);
    assert_int_equal(int_of(answer, "total"), 3);
    assert_int_equal(int_of(answer, "size"), 3);
    assert_int_equal(int_of(answer, "start"), 0);
    assert_string_equal(text_of(answer, "sort"), "id");
    assert_string_equal(text_of(answer, "order"), "asc");
    assert_int_equal(json_array_size(json_object_get(first_of(answer), "variables")), 0);
    json_decref(answer);
    answer = api_call(200, "GET", INSTANCES "?businessKey=LIST&size=2", NULL);
    assert_int_equal(int_of(answer, "total"), 3);
    assert_int_equal(int_of(answer, "size"), 2);
    json_decref(answer);
    answer = api_call(200, "GET", INSTANCES "?businessKey=LIST&size=2&start=2", NULL);
    assert_int_equal(int_of(answer, "total"), 3);
    assert_int_equal(int_of(answer, "size"), 1);
    json_decref(answer);
    answer = api_call(200, "GET", INSTANCES "?businessKey=LIST&start=9", NULL);
    assert_int_equal(int_of(answer, "total"), 3);
    assert_int_equal(int_of(answer, "size"), 0);
    json_decref(answer);
    answer = api_call(200, "GET", INSTANCES "?businessKey=LIST&includeProcessVariables=true", NULL);
    assert_string_equal(
        text_of(json_array_get(json_object_get(first_of(answer), "variables"), 0), "name"),
        "title");
    json_decref(answer);
    answer = api_call(200, "GET", INSTANCES "?id=no-uuid", NULL);
    assert_int_equal(int_of(answer, "total"), 0);
    json_decref(answer);
    answer =
        api_call(200, "POST", "/process-api/query/process-instances",
                 "{\"businessKey\":\"LIST\",\"processDefinitionKey\":\"one_task\",\"size\":1,"
                 "\"variables\":[{\"name\":\"title\",\"operation\":\"equals\",\"value\":\"a\"}]"
                 "}");
    assert_int_equal(int_of(answer, "total"), 3);
    json_decref(answer);
    answer = api_call(200, "POST", "/process-api/query/process-instances",
                      "{\"businessKey\":\"LIST\","
                      "\"variables\":[{\"name\":\"title\",\"operation\":\"notEquals\",\"value\":"
                      "\"a\"}]}");
    assert_int_equal(int_of(answer, "total"), 0);
    json_decref(answer);
}

static void bad_list_parameters_are_named(void **state)
{
    (void)state;
    api_expect_error(400, "GET", INSTANCES "?colour=red", NULL, "processDefinitionKey", "colour");
    api_expect_error(400, "GET", INSTANCES "?sort=colour", NULL, "startTime", "sort");
    api_expect_error(400, "GET", INSTANCES "?order=up", NULL, "asc or desc", "order");
    api_expect_error(400, "GET", INSTANCES "?size=-1", NULL, "whole number", "size");
    api_expect_error(400, "GET", INSTANCES "?size=1000000", NULL, "10000", "size");
    api_expect_error(400, "GET", INSTANCES "?start=x", NULL, "whole number", "start");
    api_expect_error(400, "GET", INSTANCES "?suspended=perhaps", NULL, "true or false",
                     "suspended");
    api_expect_error(400, "GET", INSTANCES "?startedBefore=soon", NULL, "ISO 8601",
                     "startedBefore");
    api_expect_error(400, "GET", INSTANCES "?nameLike=%25%5C", NULL, "backslash", "nameLike");
    api_expect_error(400, "POST", "/process-api/query/process-instances", "{\"size\":\"5\"}",
                     "whole number", "size");
    api_expect_error(400, "POST", "/process-api/query/process-instances", "{\"businessKey\":5}",
                     "a text", "businessKey");
    api_expect_error(400, "POST", "/process-api/query/process-instances", "{\"suspended\":\"no\"}",
                     "true or false", "suspended");
    api_expect_error(400, "POST", "/process-api/query/process-instances", "{\"colour\":1}",
                     "no parameter 'colour'", "colour");
    api_expect_error(400, "POST", "/process-api/query/process-instances",
                     "{\"variables\":[{\"name\":\"n\",\"operation\":\"like\",\"value\":\"x\"}]}",
                     "notEquals", "operation");
}

static void delete_ends_an_instance_once(void **state)
{
    char path[160];
    char id[64];
    json_t *answer;

    (void)state;
    setup_models();
    (void)snprintf(id, sizeof(id), "%s", api_start("one_task", TITLE));
    (void)snprintf(path, sizeof(path), INSTANCES "/%s?deleteReason=a%%20mistake", id);
    json_decref(api_call(204, "DELETE", path, NULL));
    api_expect_error(404, "GET", path_of(INSTANCES "/%s", id), NULL, "Could not find", NULL);
    api_expect_error(409, "DELETE", path, NULL, "a mistake", NULL);
    answer = api_call(200, "GET", path_of("/process-api/history/historic-process-instances/%s", id),
                      NULL);
    assert_string_equal(text_of(answer, "deleteReason"), "a mistake");
    json_decref(answer);
    api_expect_error(404, "DELETE", INSTANCES "/" NO_ID, NULL,
                     "Could not find a process instance with id '" NO_ID "'", NULL);
    api_expect_error(404, "DELETE", INSTANCES "/444", NULL,
                     "Could not find a process instance with id '444'", NULL);
    api_expect_error(404, "GET", INSTANCES "/444", NULL, "'444'", NULL);
}

static void variables_are_read_and_written(void **state)
{
    char path[160];
    json_t *answer;

    (void)state;
    setup_models();
    (void)snprintf(path, sizeof(path), INSTANCES "/%s/variables", api_start("one_task", TITLE));
    json_decref(api_call(201, "POST", path,
                         "[{\"name\":\"whole\",\"value\":7},{\"name\":\"big\",\"type\":\"long\","
                         "\"value\":5000000000},{\"name\":\"real\",\"value\":1.5},"
                         "{\"name\":\"yes\",\"value\":true},{\"name\":\"map\",\"value\":{\"a\":1}},"
                         "{\"name\":\"nothing\",\"value\":null}]"));
    api_expect_error(409, "POST", path, "[{\"name\":\"whole\",\"value\":8}]", "already present",
                     "whole");
    answer = api_call(201, "PUT", path, "[{\"name\":\"whole\",\"value\":8}]");
    assert_int_equal(int_of(json_array_get(answer, 0), "value"), 8);
    json_decref(answer);
    answer = api_call(200, "GET", path_of("%s/whole", path), NULL);
    assert_int_equal(int_of(answer, "value"), 8);
    assert_string_equal(text_of(answer, "type"), "integer");
    assert_string_equal(text_of(answer, "scope"), "local");
    json_decref(answer);
    answer = api_call(200, "GET", path_of("%s/big", path), NULL);
    assert_string_equal(text_of(answer, "type"), "long");
    json_decref(answer);
    answer = api_call(200, "PUT", path_of("%s/real", path), "{\"value\":2.5,\"type\":\"double\"}");
    assert_string_equal(text_of(answer, "type"), "double");
    json_decref(answer);
    answer = api_call(200, "GET", path, NULL);
    assert_int_equal(json_array_size(answer), 7);
    json_decref(answer);
    api_expect_error(404, "GET", path_of("%s/unknown", path), NULL, "variable with name 'unknown'",
                     NULL);
    api_expect_error(400, "PUT", path_of("%s/real", path), "{\"name\":\"other\",\"value\":1}",
                     "as in the path", "name");
    api_expect_error(400, "POST", path, "{}", "array", NULL);
    api_expect_error(400, "POST", path, "[]", "at least one", NULL);
    api_expect_error(400, "POST", path, "[1]", "object", NULL);
    api_expect_error(400, "PUT", path, "[{", "line", NULL);
    api_expect_error(404, "GET", INSTANCES "/" NO_ID "/variables", NULL, "Could not find", NULL);
    api_expect_error(404, "PUT", INSTANCES "/" NO_ID "/variables", "[{\"name\":\"a\",\"value\":1}]",
                     "Could not find", NULL);
    api_expect_error(404, "POST", INSTANCES "/" NO_ID "/variables",
                     "[{\"name\":\"a\",\"value\":1}]", "Could not find", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_answers_with_the_instance),
        cmocka_unit_test(a_process_without_waits_has_ended_at_once),
        cmocka_unit_test(a_start_that_cannot_be_is_refused),
        cmocka_unit_test(a_condition_on_a_missing_variable_names_it),
        cmocka_unit_test(lists_filter_and_page),
        cmocka_unit_test(bad_list_parameters_are_named),
        cmocka_unit_test(delete_ends_an_instance_once),
        cmocka_unit_test(variables_are_read_and_written),
    };

    return cmocka_run_group_tests(tests, api_setup, api_teardown);
}
