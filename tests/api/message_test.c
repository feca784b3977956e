/* Messages over real HTTP: correlation, start events, the buffer, repeats. */
#include "tests/api/api_case.h"

#include <stdio.h>
#include <string.h>

#define MESSAGES  "/process-api/runtime/messages"
#define INSTANCES "/process-api/runtime/process-instances"

static const char ordering[] = "<startEvent id='start'/>" FLOW(
    "f1", "start", "paid") "<intermediateCatchEvent id='paid'><messageEventDefinition"
                           " messageRef='paid_message'/></intermediateCatchEvent>" FLOW(
                               "f2", "paid", "end") "<endEvent id='end'/>";
static const char keyed[] = "<startEvent id='start'/>" FLOW(
    "f1", "start",
    "done") "<intermediateCatchEvent id='done'><messageEventDefinition messageRef='done_m'"
            " flowable:correlationKey='${order}'/></intermediateCatchEvent>" FLOW(
                "f2", "done", "work") "<userTask id='work'/>" FLOW("f3", "work",
                                                                   "end") "<endEvent "
                                                                          "id='end'/>";
static const char opened[] =
    "<startEvent id='start'><messageEventDefinition messageRef='open'/></startEvent>" FLOW(
        "f1", "start", "work") "<userTask id='work'/>" FLOW("f2", "work",
                                                            "end") "<endEvent id='end'/>";
static const char failing[] = "<startEvent id='start'/>" FLOW(
    "f1", "start",
    "wait") "<intermediateCatchEvent id='wait'><messageEventDefinition messageRef='fail_m'/>"
            "</intermediateCatchEvent>" FLOW(
                "f2", "wait",
                "choose") "<exclusiveGateway "
                          "id='choose'/>"
                          "<sequenceFlow id='f3' sourceRef='choose' "
                          "targetRef='end'><conditionExpression>"
                          "${nowhere &gt; 1}</conditionExpression></sequenceFlow><endEvent "
                          "id='end'/>";

static int deploy(void **state)
{
    if (api_setup(state) != 0)
        return -1;
    api_deploy_with("ordering", "<message id='paid_message' name='paid'/>", ordering);
    api_deploy_with("keyed", "<message id='done_m' name='done'/>", keyed);
    api_deploy_with("opened", "<message id='open' name='open'/>", opened);
    api_deploy_with("failing", "<message id='fail_m' name='fail'/>", failing);
    return 0;
}

static int64_t total(const char *path)
{
    json_t *answer = api_call(200, "GET", path, NULL);
    int64_t count = int_of(answer, "total");

    json_decref(answer);
    return count;
}

static void expect_receiver(const char *body, const char *instance)
{
    json_t *answer = api_call(200, "POST", MESSAGES, body);

    assert_string_equal(text_of(answer, "processInstanceId"), instance);
    json_decref(answer);
}

static void expect_flag(int status, const char *body, const char *flag)
{
    json_t *answer = api_call(status, "POST", MESSAGES, body);

    assert_true(json_is_true(json_object_get(answer, flag)));
    json_decref(answer);
}

static void the_oldest_receiver_gets_it(void **state)
{
    char first[64], second[64];
    json_t *answer;

    (void)state;
    (void)snprintf(first, sizeof(first), "%s", api_start("ordering", ""));
    (void)snprintf(second, sizeof(second), "%s", api_start("ordering", ""));
    expect_receiver("{\"name\":\"paid\",\"variables\":{\"amount\":12}}", first);
    answer = api_call(200, "GET",
                      path_of("/process-api/history/historic-process-instances?"
                              "processInstanceId=%s&includeProcessVariables=true",
                              first),
                      NULL);
    assert_string_equal(text_of(first_of(answer), "endActivityId"), "end");
    assert_int_equal(
        int_of(json_array_get(json_object_get(first_of(answer), "variables"), 0), "value"), 12);
    json_decref(answer);
    expect_receiver("{\"name\":\"paid\",\"variables\":[{\"name\":\"amount\",\"value\":1}]}",
                    second);
    assert_int_equal(total("/process-api/management/jobs"), 0);
}

static void keys_choose_the_receiver(void **state)
{
    char one[64], two[64];

    (void)state;
    (void)snprintf(one, sizeof(one), "%s", api_start("ordering", "\"businessKey\":\"B-1\""));
    (void)snprintf(two, sizeof(two), "%s", api_start("ordering", "\"businessKey\":\"B-2\""));
    expect_receiver("{\"name\":\"paid\",\"businessKey\":\"B-2\"}", two);
    api_expect_error(409, "POST", MESSAGES,
                     path_of("{\"name\":\"paid\",\"processInstanceId\":\"%s\"}", two), "has ended",
                     NULL);
    expect_receiver(path_of("{\"name\":\"paid\",\"processInstanceId\":\"%s\"}", one), one);
    (void)snprintf(one, sizeof(one), "%s",
                   api_start("keyed", "\"variables\":[{\"name\":\"order\",\"value\":\"A\"}]"));
    (void)snprintf(two, sizeof(two), "%s",
                   api_start("keyed", "\"variables\":[{\"name\":\"order\",\"value\":\"B\"}]"));
    expect_receiver("{\"name\":\"done\",\"correlationKey\":\"B\"}", two);
    /* A given key never matches another one: this one waits for its receiver. */
    expect_flag(202, "{\"name\":\"done\",\"correlationKey\":\"C\"}", "buffered");
    expect_receiver("{\"name\":\"done\",\"correlationKey\":\"A\"}", one);
    api_expect_error(404, "POST", MESSAGES,
                     "{\"name\":\"paid\",\"processInstanceId\":"
                     "\"00000000-0000-7000-8000-000000000000\"}",
                     "Could not find", NULL);
}

static void a_message_waits_for_its_receiver(void **state)
{
    char path[160];
    json_t *answer;

    (void)state;
    expect_flag(202, "{\"name\":\"paid\",\"variables\":{\"early\":true}}", "buffered");
    answer = api_call(200, "GET", MESSAGES "?name=paid&includeVariables=true", NULL);
    assert_int_equal(int_of(answer, "total"), 1);
    assert_string_not_equal(text_of(first_of(answer), "expires"), "");
    (void)snprintf(path, sizeof(path), MESSAGES "/%s", text_of(first_of(answer), "id"));
    json_decref(answer);
    json_decref(api_call(200, "GET", path, NULL));
    (void)api_start("ordering", "");
    assert_int_equal(total(MESSAGES "?name=paid"), 0);
    answer = api_call(200, "GET", "/process-api/management/jobs?handlerType=message-event", NULL);
    assert_int_equal(int_of(answer, "total"), 1); /* nobody runs jobs here */
    json_decref(api_callf(
        204, "POST", path_of("/process-api/management/jobs/%s", text_of(first_of(answer), "id")),
        "{\"action\":\"execute\"}"));
    json_decref(answer);
    assert_int_equal(total(INSTANCES "?processDefinitionKey=ordering"), 0);
    api_expect_error(404, "GET", path, NULL, "Could not find a message", NULL);

    expect_flag(202, "{\"name\":\"paid\",\"timeToLive\":\"PT5M\"}", "buffered");
    answer = api_call(200, "GET", MESSAGES "?name=paid", NULL);
    (void)snprintf(path, sizeof(path), MESSAGES "/%s", text_of(first_of(answer), "id"));
    json_decref(answer);
    json_decref(api_call(204, "DELETE", path, NULL));
    api_expect_error(404, "DELETE", path, NULL, "Could not find a message", NULL);
    api_expect_error(404, "POST", MESSAGES, "{\"name\":\"paid\",\"timeToLive\":\"PT0S\"}",
                     "nobody does", NULL);
}

static void a_repeat_has_no_effect(void **state)
{
    char first[64];

    (void)state;
    (void)snprintf(first, sizeof(first), "%s", api_start("ordering", ""));
    expect_receiver("{\"name\":\"paid\",\"messageId\":\"m-1\"}", first);
    (void)api_start("ordering", "");
    expect_flag(200, "{\"name\":\"paid\",\"messageId\":\"m-1\"}", "duplicate");
    assert_int_equal(total(INSTANCES "?processDefinitionKey=ordering"), 1);
    json_decref(api_call(200, "POST", MESSAGES, "{\"name\":\"paid\",\"messageId\":\"m-2\"}"));
    assert_int_equal(total(INSTANCES "?processDefinitionKey=ordering"), 0);
    /* What was sent in vain may be sent again. */
    api_expect_error(404, "POST", MESSAGES,
                     "{\"name\":\"paid\",\"messageId\":\"m-3\",\"timeToLive\":\"PT0S\"}",
                     "nobody does", NULL);
    (void)api_start("ordering", "");
    json_decref(api_call(200, "POST", MESSAGES, "{\"name\":\"paid\",\"messageId\":\"m-3\"}"));
}

static void a_message_starts_a_process(void **state)
{
    json_t *answer = api_call(200, "POST", MESSAGES, "{\"name\":\"open\",\"businessKey\":\"K-9\"}");

    (void)state;
    assert_true(json_is_true(json_object_get(answer, "started")));
    json_decref(answer);
    assert_int_equal(total(INSTANCES "?processDefinitionKey=opened&businessKey=K-9"), 1);
    answer = api_call(201, "POST", INSTANCES,
                      "{\"message\":\"open\",\"businessKey\":\"K-10\",\"transientVariables\":"
                      "[{\"name\":\"n\",\"value\":3}],\"returnVariables\":true}");
    assert_string_equal(text_of(answer, "businessKey"), "K-10");
    assert_int_equal(int_of(json_array_get(json_object_get(answer, "variables"), 0), "value"), 3);
    json_decref(answer);
    api_expect_error(400, "POST", INSTANCES, "{\"message\":\"nobody\"}", "there is none",
                     "message");
    api_expect_error(400, "POST", INSTANCES,
                     "{\"message\":\"open\",\"processDefinitionKey\":\"opened\"}", "Only one",
                     NULL);
}

static void a_message_may_go_to_all(void **state)
{
    json_t *answer;

    (void)state;
    for (int i = 0; i < 3; i++)
        (void)api_start("ordering", "");
    answer =
        api_call(200, "POST", MESSAGES, "{\"name\":\"paid\",\"all\":true,\"messageId\":\"all-1\"}");
    assert_int_equal(int_of(answer, "received"), 3);
    json_decref(answer);
    expect_flag(200, "{\"name\":\"paid\",\"all\":true,\"messageId\":\"all-1\"}", "duplicate");
    assert_int_equal(total(INSTANCES "?processDefinitionKey=ordering"), 0);
}

/* The message is given back, and so is its id. */
static void a_receiver_that_fails_goes_on_waiting(void **state)
{
    char instance[64];

    (void)state;
    (void)snprintf(instance, sizeof(instance), "%s", api_start("failing", ""));
    for (int i = 0; i < 2; i++)
        api_expect_error(500, "POST", MESSAGES, "{\"name\":\"fail\",\"messageId\":\"f-1\"}",
                         "nowhere", NULL);
    assert_int_equal(total("/process-api/management/jobs"), 0);
    expect_receiver("{\"name\":\"fail\",\"messageId\":\"f-1\",\"variables\":{\"nowhere\":2}}",
                    instance);
}

static void bad_messages_are_refused(void **state)
{
    (void)state;
    api_expect_error(400, "POST", MESSAGES, "{}", "name", "name");
    api_expect_error(400, "POST", MESSAGES, "{\"name\":\"\"}", "empty", "name");
    api_expect_error(400, "POST", MESSAGES, "{\"name\":\"paid\",\"timeToLive\":\"soon\"}",
                     "ISO 8601", "timeToLive");
    api_expect_error(400, "POST", MESSAGES,
                     "{\"name\":\"paid\",\"correlationKeys\":{\"a\":1},\"correlationKey\":\"b\"}",
                     "correlationKey", "correlationKeys");
    api_expect_error(400, "POST", MESSAGES, "{\"name\":\"paid\",\"variables\":7}", "array",
                     "variables");
    api_expect_error(400, "POST", MESSAGES, "{\"name\":\"paid\",\"colour\":7}", "colour", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_receiver_gets_it),
        cmocka_unit_test(keys_choose_the_receiver),
        cmocka_unit_test(a_message_waits_for_its_receiver),
        cmocka_unit_test(a_repeat_has_no_effect),
        cmocka_unit_test(a_message_starts_a_process),
        cmocka_unit_test(a_message_may_go_to_all),
        cmocka_unit_test(a_receiver_that_fails_goes_on_waiting),
        cmocka_unit_test(bad_messages_are_refused),
    };

    return cmocka_run_group_tests(tests, deploy, api_teardown);
}
