/* Signals over real HTTP: to one execution, to everybody, to start events, as jobs. */
#include "tests/api/api_case.h"

#include <stdio.h>
#include <string.h>

#define SIGNALS    "/process-api/runtime/signals"
#define EXECUTIONS "/process-api/runtime/executions"
#define HISTORY    "/process-api/history/historic-process-instances"

static const char waiting[] = "<startEvent id='start'/>" FLOW(
    "f1", "start", "wait") "<intermediateCatchEvent id='wait'><signalEventDefinition"
                           " signalRef='go'/></intermediateCatchEvent>" FLOW(
                               "f2", "wait", "end") "<endEvent id='end'/>";
static const char started[] =
    "<startEvent id='start'><signalEventDefinition signalRef='begin'/></startEvent>" FLOW(
        "f1", "start", "work") "<userTask id='work'/>" FLOW("f2", "work",
                                                            "end") "<endEvent id='end'/>";

static int deploy(void **state)
{
    if (api_setup(state) != 0)
        return -1;
    api_deploy_with("waiting", "<signal id='go' name='go'/>", waiting);
    api_deploy_with("started", "<signal id='begin' name='begin'/>", started);
    return 0;
}

static int64_t running(const char *key)
{
    json_t *answer = api_call(
        200, "GET", path_of("/process-api/runtime/process-instances?processDefinitionKey=%s", key),
        NULL);
    int64_t total = int_of(answer, "total");

    json_decref(answer);
    return total;
}

static void a_signal_reaches_everybody_who_waits(void **state)
{
    json_t *answer;
    char first[64];

    (void)state;
    (void)snprintf(first, sizeof(first), "%s", api_start("waiting", ""));
    for (int i = 0; i < 4; i++)
        (void)api_start("waiting", "");
    assert_int_equal(running("waiting"), 5);
    answer = api_call(
        200, "GET", "/process-api/runtime/event-subscriptions?eventType=signal&eventName=go", NULL);
    assert_int_equal(int_of(answer, "total"), 5);
    json_decref(answer);
    json_decref(api_call(204, "POST", SIGNALS,
                         "{\"signalName\":\"go\",\"variables\":[{\"name\":\"n\",\"value\":7}]}"));
    assert_int_equal(running("waiting"), 0);
    answer = api_call(200, "GET",
                      path_of(HISTORY "?processInstanceId=%s"
                                      "&includeProcessVariables=true",
                              first),
                      NULL);
    assert_int_equal(
        int_of(json_array_get(json_object_get(first_of(answer), "variables"), 0), "value"), 7);
    json_decref(answer);
    json_decref(api_call(204, "POST", SIGNALS, "{\"signalName\":\"go\"}")); /* to nobody */
}

static void more_receivers_than_a_page_get_it(void **state)
{
    (void)state;
    for (int i = 0; i < 1020; i++)
        (void)api_start("waiting", "");
    json_decref(api_call(204, "POST", SIGNALS, "{\"signalName\":\"go\"}"));
    assert_int_equal(running("waiting"), 0);
}

static void a_signal_reaches_one_execution(void **state)
{
    json_t *answer;
    char path[160];
    char body[256];

    (void)state;
    (void)api_start("waiting", "");
    (void)api_start("waiting", "");
    answer = api_call(200, "GET", EXECUTIONS "?signalEventSubscriptionName=go", NULL);
    assert_int_equal(int_of(answer, "total"), 2);
    (void)snprintf(body, sizeof(body), "{\"signalName\":\"go\",\"executionId\":\"%s\"}",
                   text_of(first_of(answer), "id"));
    (void)snprintf(path, sizeof(path), EXECUTIONS "/%s",
                   text_of(json_array_get(json_object_get(answer, "data"), 1), "id"));
    json_decref(answer);
    api_expect_error(404, "POST", SIGNALS,
                     "{\"signalName\":\"go\",\"executionId\":"
                     "\"00000000-0000-7000-8000-000000000000\"}",
                     "", NULL);
    json_decref(api_call(204, "POST", SIGNALS, body));
    assert_int_equal(running("waiting"), 1);
    api_expect_error(409, "PUT", path,
                     "{\"action\":\"signalEventReceived\",\"signalName\":\"other\"}", "Expected",
                     NULL);
    json_decref(
        api_call(204, "PUT", path, "{\"action\":\"signalEventReceived\",\"signalName\":\"go\"}"));
    assert_int_equal(running("waiting"), 0);
}

static void a_signal_starts_definitions(void **state)
{
    json_t *answer =
        api_call(200, "GET", "/process-api/runtime/event-subscriptions?eventName=begin", NULL);
    char definition[160];

    (void)state;
    assert_int_equal(int_of(answer, "total"), 1);
    assert_true(json_is_null(json_object_get(first_of(answer), "processInstanceId")));
    (void)snprintf(definition, sizeof(definition), "/process-api/repository/process-definitions/%s",
                   text_of(first_of(answer), "processDefinitionId"));
    json_decref(answer);
    json_decref(api_call(204, "POST", SIGNALS, "{\"signalName\":\"begin\"}"));
    assert_int_equal(running("started"), 1);
    json_decref(api_call(204, "PUT", EXECUTIONS,
                         "{\"action\":\"signalEventReceived\",\"signalName\":\"begin\"}"));
    assert_int_equal(running("started"), 2);
    json_decref(api_call(200, "PUT", definition, "{\"action\":\"suspend\"}"));
    json_decref(api_call(204, "POST", SIGNALS, "{\"signalName\":\"begin\"}"));
    assert_int_equal(running("started"), 2);
    json_decref(api_call(200, "PUT", definition, "{\"action\":\"activate\"}"));
}

static void async_makes_jobs(void **state)
{
    json_t *answer;
    char path[160];

    (void)state;
    (void)api_start("waiting", "");
    json_decref(api_call(202, "POST", SIGNALS,
                         "{\"signalName\":\"go\",\"async\":true,\"variables\":[{\"name\":\"n\","
                         "\"value\":1}]}"));
    answer = api_call(200, "GET", "/process-api/management/jobs?handlerType=signal-event", NULL);
    assert_int_equal(int_of(answer, "total"), 1);
    (void)snprintf(path, sizeof(path), "/process-api/management/jobs/%s",
                   text_of(first_of(answer), "id"));
    json_decref(answer);
    json_decref(api_call(204, "POST", path, "{\"action\":\"execute\"}"));
    assert_int_equal(running("waiting"), 0);
    api_expect_error(404, "POST", path, "{\"action\":\"execute\"}", "Could not find a job", NULL);
}

static void bad_signals_are_refused(void **state)
{
    (void)state;
    api_expect_error(400, "POST", SIGNALS, "{}", "signalName", "signalName");
    api_expect_error(400, "POST", SIGNALS, "{\"signalName\":\"\"}", "empty", "signalName");
    api_expect_error(400, "POST", SIGNALS, "{\"signalName\":\"go\",\"async\":1}", "async", "async");
    api_expect_error(400, "POST", SIGNALS, "{\"signalName\":\"go\",\"colour\":1}", "colour", NULL);
    api_expect_error(400, "PUT", EXECUTIONS, "{\"action\":\"trigger\",\"signalName\":\"go\"}",
                     "signalEventReceived", "action");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_reaches_everybody_who_waits),
        cmocka_unit_test(more_receivers_than_a_page_get_it),
        cmocka_unit_test(a_signal_reaches_one_execution),
        cmocka_unit_test(a_signal_starts_definitions),
        cmocka_unit_test(async_makes_jobs),
        cmocka_unit_test(bad_signals_are_refused),
    };

    return cmocka_run_group_tests(tests, deploy, api_teardown);
}
