/* Executions, messages, event subscriptions, timer jobs and history over real HTTP and PostgreSQL.
 */
#include "tests/api/api_case.h"

#include <stdio.h>
#include <string.h>

#define EXECUTIONS "/process-api/runtime/executions"
#define HISTORY    "/process-api/history/"
#define NO_ID      "00000000-0000-7000-8000-000000000000"

/* start → side by side: wait for a message, and a sub-process with a task and a timer on it → end.
 */
static const char process[] =
    "<startEvent id='start'/>" FLOW("f1", "start", "split") "<parallelGateway id='split'/>" FLOW(
        "f2", "split", "paid")
        FLOW("f3", "split",
             "sub") "<intermediateCatchEvent id='paid' name='Paid'><messageEventDefinition "
                    "messageRef='m'/>"
                    "</intermediateCatchEvent>" FLOW(
                        "f4", "paid", "join") "<subProcess "
                                              "id='sub'><startEvent "
                                              "id='sub_start'/>" FLOW("s1", "sub_start", "inner") "<userTask id='inner' name='Inner'/>" FLOW(
                                                  "s2", "inner",
                                                  "sub_end") "<endEvent "
                                                             "id='sub_end'/"
                                                             "></"
                                                             "subProcess"
                                                             ">" FLOW(
                                                                 "f5", "sub",
                                                                 "joi"
                                                                 "n") "<boundaryEvent id='late' "
                                                                      "attachedToRef='sub' "
                                                                      "cancelActivity='false'>"
                                                                      "<timerEventDefinition><"
                                                                      "timeDuration>PT8H</"
                                                                      "timeDuration></"
                                                                      "timerEventDefinition>"
                                                                      "</boundaryEvent>" FLOW(
                                                                          "f6", "late",
                                                                          "late_end") "<endEvent "
                                                                                      "id='late_"
                                                                                      "end'/>"
                                                                                      "<parallelGat"
                                                                                      "eway "
                                                                                      "id='join'/"
                                                                                      ">" FLOW(
                                                                                          "f7",
                                                                                          "join",
                                                                                          "end") "<"
                                                                                                 "e"
                                                                                                 "n"
                                                                                                 "d"
                                                                                                 "E"
                                                                                                 "v"
                                                                                                 "e"
                                                                                                 "n"
                                                                                                 "t"
                                                                                                 " "
                                                                                                 "i"
                                                                                                 "d"
                                                                                                 "="
                                                                                                 "'"
                                                                                                 "e"
                                                                                                 "n"
                                                                                                 "d"
                                                                                                 "'"
                                                                                                 "/"
                                                                                                 ">";

static char instance[64];

static int start_one(void **state)
{
    static bool deployed;

    (void)state;
    if (!deployed)
        api_deploy_with("waiting", "<message id='m' name='payment'/>", process);
    deployed = true;
    (void)snprintf(instance, sizeof(instance), "%s",
                   api_start("waiting", "\"variables\":[{\"name\":\"n\",\"value\":1}]"));
    return 0;
}

static json_t *list(const char *path, const char *filter)
{
    char whole[512];

    (void)snprintf(whole, sizeof(whole), "%s?processInstanceId=%s%s", path, instance, filter);
    return api_call(200, "GET", whole, NULL);
}

/* The id of the execution at an element. */
static void execution_at(const char *element, char ret_id[64])
{
    json_t *answer = list(EXECUTIONS, path_of("&activityId=%s", element));

    (void)snprintf(ret_id, 64, "%s", text_of(first_of(answer), "id"));
    json_decref(answer);
}

static void executions_are_the_active_elements(void **state)
{
    char inner[64], sub[64];
    json_t *answer = list(EXECUTIONS, "");

    (void)state;
    assert_int_equal(int_of(answer, "total"), 4); /* the instance, paid, sub, inner */
    json_decref(answer);
    answer = list(EXECUTIONS, "&childOnly=true");
    assert_int_equal(int_of(answer, "total"), 3);
    json_decref(answer);
    execution_at("inner", inner);
    execution_at("sub", sub);
    answer = api_call(200, "GET", path_of(EXECUTIONS "/%s", inner), NULL);
    assert_string_equal(text_of(answer, "parentId"), sub);
    assert_string_equal(text_of(answer, "activityId"), "inner");
    assert_string_equal(text_of(answer, "processInstanceId"), instance);
    json_decref(answer);
    answer = api_call(200, "GET", path_of(EXECUTIONS "/%s", instance), NULL);
    assert_true(json_is_null(json_object_get(answer, "parentId")));
    json_decref(answer);
    api_expect_error(404, "GET", EXECUTIONS "/" NO_ID, NULL, "Could not find an execution", NULL);
    api_expect_error(404, "GET", EXECUTIONS "/444", NULL, "'444'", NULL);
}

static void a_message_moves_its_execution_on(void **state)
{
    char id[64];
    json_t *answer = list("/process-api/runtime/event-subscriptions", "");

    (void)state;
    assert_int_equal(int_of(answer, "total"), 1);
    assert_string_equal(text_of(first_of(answer), "eventName"), "payment");
    assert_string_equal(text_of(first_of(answer), "eventType"), "message");
    assert_string_equal(text_of(first_of(answer), "activityId"), "paid");
    (void)snprintf(id, sizeof(id), "%s", text_of(first_of(answer), "id"));
    json_decref(answer);
    json_decref(
        api_call(200, "GET", path_of("/process-api/runtime/event-subscriptions/%s", id), NULL));

    answer = list(EXECUTIONS, "&messageEventSubscriptionName=payment");
    assert_int_equal(int_of(answer, "total"), 1);
    (void)snprintf(id, sizeof(id), "%s", text_of(first_of(answer), "id"));
    json_decref(answer);
    json_decref(api_call(204, "PUT", path_of(EXECUTIONS "/%s", id),
                         "{\"action\":\"messageEventReceived\",\"messageName\":\"payment\","
                         "\"variables\":[{\"name\":\"amount\",\"value\":12}]}"));
    answer = list(EXECUTIONS, "&activityId=paid");
    assert_int_equal(int_of(answer, "total"), 0);
    json_decref(answer);
    answer = api_call(
        200, "GET", path_of("/process-api/runtime/process-instances/%s/variables/amount", instance),
        NULL);
    assert_int_equal(int_of(answer, "value"), 12);
    json_decref(answer);
    answer = list("/process-api/runtime/event-subscriptions", "");
    assert_int_equal(int_of(answer, "total"), 0);
    json_decref(answer);
}

static void a_message_by_instance_id_finds_who_waits(void **state)
{
    json_t *answer = api_call(200, "PUT", path_of(EXECUTIONS "/%s", instance),
                              "{\"action\":\"messageEventReceived\",\"messageName\":\"payment\"}");

    (void)state;
    assert_string_equal(text_of(answer, "id"), instance);
    json_decref(answer);
}

static void bad_messages_are_refused(void **state)
{
    char path[160];
    char id[64];

    (void)state;
    execution_at("paid", id);
    (void)snprintf(path, sizeof(path), EXECUTIONS "/%s", id);
    api_expect_error(409, "PUT", path, "{\"action\":\"trigger\"}", "trigger", NULL);
    api_expect_error(400, "PUT", path, "{\"action\":\"jump\"}", "expected trigger", "action");
    api_expect_error(400, "PUT", path, "{}", "action", "action");
    api_expect_error(400, "PUT", path, "{\"action\":\"messageEventReceived\"}", "messageName",
                     "messageName");
    api_expect_error(400, "PUT", path,
                     "{\"action\":\"messageEventReceived\",\"messageName\":\"payment\","
                     "\"colour\":1}",
                     "colour", NULL);
    api_expect_error(409, "PUT", path,
                     "{\"action\":\"messageEventReceived\",\"messageName\":\"refund\"}", "Expected",
                     NULL);
    api_expect_error(404, "PUT", EXECUTIONS "/" NO_ID,
                     "{\"action\":\"messageEventReceived\",\"messageName\":\"payment\"}", "", NULL);
}

static void timers_are_listed(void **state)
{
    char id[64];
    json_t *answer = list("/process-api/management/timer-jobs", "");

    (void)state;
    assert_int_equal(int_of(answer, "total"), 1);
    assert_string_equal(text_of(first_of(answer), "elementId"), "late");
    assert_string_not_equal(text_of(first_of(answer), "dueDate"), "");
    (void)snprintf(id, sizeof(id), "%s", text_of(first_of(answer), "id"));
    json_decref(answer);
    answer = api_call(200, "GET", path_of("/process-api/management/timer-jobs/%s", id), NULL);
    assert_string_equal(text_of(answer, "id"), id);
    json_decref(answer);
    answer = list("/process-api/management/timer-jobs", "&executable=true");
    assert_int_equal(int_of(answer, "total"), 0);
    json_decref(answer);
    api_expect_error(404, "GET", "/process-api/management/timer-jobs/" NO_ID, NULL,
                     "Could not find a timer job", NULL);
}

static void complete_inner_task(void)
{
    json_t *answer = list("/process-api/runtime/tasks", "");
    char path[160];

    (void)snprintf(path, sizeof(path), "/process-api/runtime/tasks/%s",
                   text_of(first_of(answer), "id"));
    json_decref(answer);
    json_decref(api_call(200, "POST", path, "{\"action\":\"complete\"}"));
}

static void activities_are_paired_from_the_journal(void **state)
{
    json_t *answer = list(HISTORY "historic-activity-instances", "&finished=false");
    size_t i;
    json_t *activity;

    (void)state;
    assert_int_equal(int_of(answer, "total"), 3); /* paid, sub, inner */
    json_array_foreach (json_object_get(answer, "data"), i, activity)
        assert_true(json_is_null(json_object_get(activity, "endTime")));
    json_decref(answer);
    answer = list(HISTORY "historic-activity-instances", "&activityId=inner");
    assert_string_equal(text_of(first_of(answer), "activityType"), "userTask");
    assert_string_equal(text_of(first_of(answer), "activityName"), "Inner");
    assert_string_not_equal(text_of(first_of(answer), "taskId"), "");
    json_decref(answer);
    answer = list("/process-api/runtime/activity-instances", "&activityType=startEvent");
    assert_int_equal(int_of(answer, "total"), 2);
    json_decref(answer);

    complete_inner_task();
    json_decref(api_call(204, "PUT", path_of(EXECUTIONS "/%s", instance), /* it ends */
                         "{\"action\":\"messageEventReceived\",\"messageName\":\"payment\"}"));
    answer = list(HISTORY "historic-activity-instances", "&finished=false");
    assert_int_equal(int_of(answer, "total"), 0);
    json_decref(answer);
    answer = list(HISTORY "historic-activity-instances", "&size=100");
    assert_int_equal(int_of(answer, "total"), 9);
    assert_string_equal(text_of(first_of(answer), "activityId"), "start");
    json_array_foreach (json_object_get(answer, "data"), i, activity) {
        assert_string_not_equal(text_of(activity, "endTime"), "");
        assert_true(int_of(activity, "durationInMillis") >= 0);
    }
    json_decref(answer);
    answer = list("/process-api/runtime/activity-instances", "");
    assert_int_equal(int_of(answer, "total"), 0);
    json_decref(answer);
}

static void history_keeps_instances_tasks_and_variables(void **state)
{
    json_t *answer = list(HISTORY "historic-task-instances", "&finished=false");
    char path[160];

    (void)state;
    assert_int_equal(int_of(answer, "total"), 1);
    (void)snprintf(path, sizeof(path), HISTORY "historic-task-instances/%s",
                   text_of(first_of(answer), "id"));
    json_decref(answer);
    complete_inner_task();
    answer = api_call(200, "GET", path, NULL);
    assert_string_not_equal(text_of(answer, "endTime"), "");
    json_decref(answer);
    answer = list(HISTORY "historic-variable-instances", "");
    assert_int_equal(int_of(answer, "total"), 1);
    assert_string_equal(text_of(json_object_get(first_of(answer), "variable"), "name"), "n");
    assert_int_equal(int_of(json_object_get(first_of(answer), "variable"), "value"), 1);
    json_decref(answer);
    answer = list(HISTORY "historic-process-instances", "&finished=false");
    assert_int_equal(int_of(answer, "total"), 1);
    assert_string_equal(text_of(first_of(answer), "startActivityId"), "start");
    json_decref(answer);
    (void)snprintf(path, sizeof(path), HISTORY "historic-process-instances/%s", instance);
    api_expect_error(409, "DELETE", path, NULL, "to have ended", NULL);
    json_decref(api_call(204, "DELETE",
                         path_of("/process-api/runtime/process-instances/%s", instance), NULL));
    answer = list(HISTORY "historic-process-instances", "&finished=true");
    assert_int_equal(int_of(answer, "total"), 1);
    json_decref(answer);
    json_decref(api_call(204, "DELETE", path, NULL));
    api_expect_error(404, "GET", path, NULL, "Could not find a historic process instance", NULL);
    api_expect_error(404, "DELETE", path, NULL, "Could not find a historic process instance", NULL);
    answer = list(HISTORY "historic-activity-instances", "");
    assert_int_equal(int_of(answer, "total"), 0);
    json_decref(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(executions_are_the_active_elements, start_one),
        cmocka_unit_test_setup(a_message_moves_its_execution_on, start_one),
        cmocka_unit_test_setup(a_message_by_instance_id_finds_who_waits, start_one),
        cmocka_unit_test_setup(bad_messages_are_refused, start_one),
        cmocka_unit_test_setup(timers_are_listed, start_one),
        cmocka_unit_test_setup(activities_are_paired_from_the_journal, start_one),
        cmocka_unit_test_setup(history_keeps_instances_tasks_and_variables, start_one),
    };

    return cmocka_run_group_tests(tests, api_setup, api_teardown);
}
