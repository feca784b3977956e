/* /external-job-api over real HTTP and PostgreSQL. */
#include "tests/api/api_case.h"

#include <stdio.h>
#include <string.h>

#define ACQUIRE "/external-job-api/acquire/jobs"
#define JOBS    "/external-job-api/jobs"
#define NO_ID   "00000000-0000-7000-8000-000000000000"

static const char process[] = "<startEvent id='start'/>" FLOW(
    "f1", "start",
    "pay") "<serviceTask id='pay' name='Pay' flowable:type='external-worker' flowable:topic='pay'/>"
           "<boundaryEvent id='refused' attachedToRef='pay'><errorEventDefinition errorRef='no'/>"
           "</boundaryEvent>" FLOW("f2", "pay", "end") "<endEvent id='end'/>" FLOW(
               "f3", "refused",
               "look") "<userTask id='look' name='Look'/>" FLOW("f4", "look",
                                                                "end2") "<endEvent id='end2'/>";

static char instance[64];
static char job[64];

static const char lock_body[] =
    "{\"topic\":\"pay\",\"lockDuration\":\"PT10M\",\"workerId\":\"w1\"}";

/* A fresh instance; every job of earlier ones is gone. */
static int start_one(void **state)
{
    static bool deployed;
    json_t *answer;

    (void)state;
    if (!deployed)
        api_deploy_with("paying", "<error id='no' errorCode='NO'/>", process);
    deployed = true;
    if (instance[0] != '\0')
        (void)http_call(api_port(), "DELETE",
                        path_of("/process-api/runtime/process-instances/%s", instance), NULL, NULL);
    (void)snprintf(instance, sizeof(instance), "%s",
                   api_start("paying", "\"variables\":[{\"name\":\"amount\",\"value\":9}]"));
    answer = api_call(200, "GET", path_of(JOBS "?processInstanceId=%s", instance), NULL);
    assert_int_equal(int_of(answer, "total"), 1);
    assert_string_equal(text_of(first_of(answer), "elementId"), "pay");
    assert_string_equal(text_of(first_of(answer), "elementName"), "Pay");
    (void)snprintf(job, sizeof(job), "%s", text_of(first_of(answer), "id"));
    json_decref(answer);
    return 0;
}

static void lock(void)
{
    json_t *answer = api_call(200, "POST", ACQUIRE, lock_body);

    assert_int_equal(json_array_size(answer), 1);
    json_decref(answer);
}

static void acquiring_locks_and_shows_variables(void **state)
{
    json_t *answer = api_call(200, "POST", ACQUIRE, lock_body);
    const json_t *first = json_array_get(answer, 0);

    (void)state;
    assert_int_equal(json_array_size(answer), 1);
    assert_string_equal(text_of(first, "id"), job);
    assert_string_equal(text_of(first, "processInstanceId"), instance);
    assert_string_equal(text_of(first, "lockOwner"), "w1");
    assert_string_not_equal(text_of(first, "lockExpirationTime"), "");
    assert_int_equal(int_of(json_array_get(json_object_get(first, "variables"), 0), "value"), 9);
    json_decref(answer);
    answer = api_call(200, "POST", ACQUIRE,
                      "{\"topic\":\"pay\",\"lockDuration\":\"PT1M\",\"workerId\":\"w2\","
                      "\"numberOfTasks\":10}");
    assert_int_equal(json_array_size(answer), 0);
    json_decref(answer);
    answer = api_call(200, "GET", path_of(JOBS "/%s", job), NULL);
    assert_string_equal(text_of(answer, "lockOwner"), "w1");
    json_decref(answer);
    answer =
        api_call(200, "GET", path_of(JOBS "?processInstanceId=%s&unlocked=true", instance), NULL);
    assert_int_equal(int_of(answer, "total"), 0);
    json_decref(answer);
}

static void an_expired_lock_is_anyones(void **state)
{
    json_t *answer;

    (void)state;
    lock();
    (void)test_database_sql(api_database(),
                            "UPDATE synergyflow_workflows.job SET lock_expires_at = now() -"
                            " interval '1 second'");
    answer = api_call(200, "POST", ACQUIRE,
                      "{\"topic\":\"pay\",\"lockDuration\":\"PT1M\",\"workerId\":\"w2\"}");
    assert_int_equal(json_array_size(answer), 1);
    assert_string_equal(text_of(json_array_get(answer, 0), "lockOwner"), "w2");
    json_decref(answer);
}

static void completing_goes_on(void **state)
{
    char path[160];

    (void)state;
    lock();
    (void)snprintf(path, sizeof(path), ACQUIRE "/%s/complete", job);
    api_expect_error(403, "POST", path, "{\"workerId\":\"w2\"}", "", NULL);
    api_expect_error(400, "POST", path, "{}", "workerId", "workerId");
    api_expect_error(400, "POST", path, "{\"workerId\":\"w1\",\"colour\":1}", "colour", NULL);
    json_decref(
        api_call(204, "POST", path,
                 "{\"workerId\":\"w1\",\"variables\":[{\"name\":\"paid\",\"value\":true}]}"));
    api_expect_error(404, "POST", path, "{\"workerId\":\"w1\"}", "", NULL);
    api_expect_error(404, "GET", path_of(JOBS "/%s", job), NULL,
                     "Could not find an external worker job", NULL);
    {
        json_t *answer =
            api_call(200, "GET",
                     path_of("/process-api/history/historic-process-instances/%s", instance), NULL);

        assert_string_equal(text_of(answer, "endActivityId"), "end");
        json_decref(answer);
    }
}

static void a_bpmn_error_takes_the_boundary_event(void **state)
{
    json_t *answer;
    char path[160];

    (void)state;
    lock();
    (void)snprintf(path, sizeof(path), ACQUIRE "/%s/bpmnError", job);
    api_expect_error(400, "POST", path, "{\"workerId\":\"w1\"}", "errorCode", "errorCode");
    api_expect_error(403, "POST", path, "{\"workerId\":\"w2\",\"errorCode\":\"NO\"}", "", NULL);
    json_decref(api_call(204, "POST", path, "{\"workerId\":\"w1\",\"errorCode\":\"NO\"}"));
    answer = api_call(200, "GET",
                      path_of("/process-api/runtime/tasks?processInstanceId=%s", instance), NULL);
    assert_string_equal(text_of(first_of(answer), "taskDefinitionKey"), "look");
    json_decref(answer);
}

static void failing_gives_the_job_back_until_no_try_is_left(void **state)
{
    json_t *answer;
    char path[160];

    (void)state;
    lock();
    (void)snprintf(path, sizeof(path), ACQUIRE "/%s/fail", job);
    api_expect_error(403, "POST", path, "{\"workerId\":\"w2\"}", "another worker", NULL);
    api_expect_error(400, "POST", path, "{\"workerId\":\"w1\",\"retryTimeout\":\"soon\"}",
                     "ISO 8601", "retryTimeout");
    api_expect_error(400, "POST", path, "{\"workerId\":\"w1\",\"retries\":-5}", "retries",
                     "retries");
    json_decref(api_call(204, "POST", path,
                         "{\"workerId\":\"w1\",\"errorMessage\":\"no line\",\"errorDetails\":"
                         "\"trace\"}"));
    answer = api_call(200, "GET", path_of(JOBS "/%s", job), NULL);
    assert_int_equal(int_of(answer, "retries"), 2);
    assert_string_equal(text_of(answer, "exceptionMessage"), "no line");
    assert_true(json_is_null(json_object_get(answer, "lockOwner")));
    json_decref(answer);
    api_expect_error(403, "POST", path, "{\"workerId\":\"w1\"}", "nobody", NULL);
    lock();
    json_decref(api_call(204, "POST", path,
                         "{\"workerId\":\"w1\",\"retries\":5,\"retryTimeout\":\"PT1H\"}"));
    answer = api_call(200, "POST", ACQUIRE, lock_body); /* waits for its time */
    assert_int_equal(json_array_size(answer), 0);
    json_decref(answer);
    (void)test_database_sql(api_database(), "UPDATE synergyflow_workflows.job SET due_at = NULL");
    lock();
    json_decref(api_call(204, "POST", path, "{\"workerId\":\"w1\",\"retries\":0}"));
    answer = api_call(200, "POST", ACQUIRE, lock_body); /* no try left */
    assert_int_equal(json_array_size(answer), 0);
    json_decref(answer);
    api_expect_error(404, "POST", ACQUIRE "/" NO_ID "/fail", "{\"workerId\":\"w1\"}",
                     "Could not find", NULL);
}

static void unacquiring_frees_one_or_all(void **state)
{
    char path[160];

    (void)state;
    lock();
    (void)snprintf(path, sizeof(path), "/external-job-api/unacquire/jobs/%s", job);
    api_expect_error(403, "POST", path, "{\"workerId\":\"w2\"}", "another worker", NULL);
    api_expect_error(400, "POST", path, "{\"workerId\":7}", "workerId", "workerId");
    json_decref(api_call(204, "POST", path, "{\"workerId\":\"w1\"}"));
    lock();
    json_decref(api_call(204, "POST", "/external-job-api/unacquire/jobs", "{\"workerId\":\"w2\"}"));
    api_expect_error(400, "POST", "/external-job-api/unacquire/jobs", "{}", "workerId", "workerId");
    json_decref(api_call(204, "POST", "/external-job-api/unacquire/jobs", "{\"workerId\":\"w1\"}"));
    lock();
    api_expect_error(404, "POST", "/external-job-api/unacquire/jobs/" NO_ID,
                     "{\"workerId\":\"w1\"}", "Could not find", NULL);
}

static void many_are_completed_at_once(void **state)
{
    json_t *answer;
    char body[512];

    (void)state;
    lock();
    (void)snprintf(body, sizeof(body),
                   "{\"workerId\":\"w1\",\"jobs\":[{\"jobId\":\"%s\",\"variables\":"
                   "[{\"name\":\"paid\",\"value\":true}]},{\"jobId\":\"" NO_ID "\"}]}",
                   job);
    answer = api_call(200, "POST", ACQUIRE "/complete", body);
    assert_int_equal(int_of(answer, "completed"), 1);
    assert_int_equal(int_of(answer, "missed"), 1);
    assert_int_equal(int_of(answer, "failed"), 0);
    json_decref(answer);
    api_expect_error(400, "POST", ACQUIRE "/complete", "{\"workerId\":\"w1\"}", "jobs", "jobs");
    api_expect_error(404, "POST", ACQUIRE "/complete",
                     "{\"workerId\":\"w1\",\"jobs\":[{\"jobId\":\"444\"}]}", "'444'", NULL);
}

/* What the model lets a worker see, the order of priorities, and an error without a code. */
static void the_model_says_what_a_worker_gets(void **state)
{
    static const char seen[] = "<startEvent id='start'/>" FLOW(
        "f0", "start", "fork") "<parallelGateway id='fork'/>" FLOW("f1", "fork", "low")
        FLOW("f2", "fork",
             "high") "<serviceTask id='low' flowable:type='external-worker' flowable:topic='seen'>"
                     "<extensionElements><flowable:externalWorkerInParameter source='amount' "
                     "target='sum'/>"
                     "</extensionElements></serviceTask>"
                     "<serviceTask id='high' flowable:type='external-worker' flowable:topic='seen'"
                     " flowable:jobPriority='9' flowable:doNotIncludeVariables='true'/>"
                     "<boundaryEvent id='any' "
                     "attachedToRef='high'><errorEventDefinition/></boundaryEvent>" FLOW(
                         "f3", "low", "end") FLOW("f4", "high", "end")
                         FLOW("f5", "any", "look") "<endEvent id='end'/><userTask id='look'/>";
    json_t *answer;
    const json_t *first, *second;
    char path[160];

    (void)state;
    api_deploy("seen", seen);
    (void)api_start("seen", "\"variables\":[{\"name\":\"amount\",\"value\":9}]");
    answer = api_call(200, "POST", ACQUIRE,
                      "{\"topic\":\"seen\",\"lockDuration\":\"PT10M\",\"workerId\":\"w1\","
                      "\"numberOfTasks\":5}");
    assert_int_equal(json_array_size(answer), 2);
    first = json_array_get(answer, 0);
    second = json_array_get(answer, 1);
    assert_string_equal(text_of(first, "elementId"), "high");
    assert_int_equal(int_of(first, "priority"), 9);
    assert_int_equal(json_array_size(json_object_get(first, "variables")), 0);
    assert_int_equal(json_array_size(json_object_get(second, "variables")), 1);
    second = json_array_get(json_object_get(second, "variables"), 0);
    assert_string_equal(text_of(second, "name"), "sum");
    assert_int_equal(int_of(second, "value"), 9);
    (void)snprintf(path, sizeof(path), ACQUIRE "/%s/bpmnError", text_of(first, "id"));
    json_decref(answer);
    json_decref(api_call(204, "POST", path, "{\"workerId\":\"w1\",\"errorCode\":null}"));
    answer = api_call(200, "GET",
                      "/process-api/runtime/tasks?taskDefinitionKey=look&"
                      "processDefinitionKey=seen",
                      NULL);
    assert_int_equal(int_of(answer, "total"), 1);
    json_decref(answer);
}

/* The job goes on unless what catches the escalation interrupts it. */
static void a_worker_escalates(void **state)
{
    static const char slow[] = "<startEvent id='start'/>" FLOW(
        "f1", "start", "dig") "<serviceTask id='dig' flowable:type='external-worker'"
                              " flowable:topic='dig'/><boundaryEvent id='help'"
                              " attachedToRef='dig' cancelActivity='false'>"
                              "<escalationEventDefinition escalationRef='help_escalation'/>"
                              "</boundaryEvent>" FLOW("f2", "dig", "end")
                                  FLOW("f3", "help",
                                       "assist") "<endEvent id='end'/><userTask id='assist'/>";
    json_t *answer;
    char path[160];

    (void)state;
    api_deploy_with("digging", "<escalation id='help_escalation' escalationCode='HELP'/>", slow);
    (void)api_start("digging", "");
    answer = api_call(200, "POST", ACQUIRE,
                      "{\"topic\":\"dig\",\"lockDuration\":\"PT10M\",\"workerId\":\"w1\"}");
    (void)snprintf(path, sizeof(path), ACQUIRE "/%s", text_of(json_array_get(answer, 0), "id"));
    json_decref(answer);
    json_decref(api_call(204, "POST", path_of("%s/bpmnEscalation", path),
                         "{\"workerId\":\"w1\",\"escalationCode\":\"HELP\"}"));
    answer = api_call(200, "GET", "/process-api/runtime/tasks?taskDefinitionKey=assist", NULL);
    assert_int_equal(int_of(answer, "total"), 1);
    json_decref(answer);
    json_decref(api_call(204, "POST", path_of("%s/complete", path), "{\"workerId\":\"w1\"}"));
}

static void a_bad_acquire_is_refused(void **state)
{
    (void)state;
    api_expect_error(400, "POST", ACQUIRE, "{}", "topic", "topic");
    api_expect_error(400, "POST", ACQUIRE, "{\"topic\":\"pay\"}", "workerId", "workerId");
    api_expect_error(400, "POST", ACQUIRE, "{\"topic\":\"pay\",\"workerId\":\"w\"}", "lockDuration",
                     "lockDuration");
    api_expect_error(400, "POST", ACQUIRE,
                     "{\"topic\":\"pay\",\"workerId\":\"w\",\"lockDuration\":\"5\"}", "ISO 8601",
                     "lockDuration");
    api_expect_error(400, "POST", ACQUIRE,
                     "{\"topic\":\"pay\",\"workerId\":\"w\",\"lockDuration\":\"PT1M\","
                     "\"numberOfTasks\":1001}",
                     "numberOfTasks", "numberOfTasks");
    api_expect_error(400, "POST", ACQUIRE,
                     "{\"topic\":\"pay\",\"workerId\":\"w\",\"lockDuration\":\"PT1M\","
                     "\"scopeType\":\"cmmn\"}",
                     "bpmn", "scopeType");
    api_expect_error(404, "GET", JOBS "/444", NULL, "'444'", NULL);
    api_expect_error(404, "POST", ACQUIRE "/444/complete", "{\"workerId\":\"w\"}", "'444'", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(acquiring_locks_and_shows_variables, start_one),
        cmocka_unit_test_setup(an_expired_lock_is_anyones, start_one),
        cmocka_unit_test_setup(completing_goes_on, start_one),
        cmocka_unit_test_setup(a_bpmn_error_takes_the_boundary_event, start_one),
        cmocka_unit_test_setup(failing_gives_the_job_back_until_no_try_is_left, start_one),
        cmocka_unit_test_setup(unacquiring_frees_one_or_all, start_one),
        cmocka_unit_test_setup(many_are_completed_at_once, start_one),
        cmocka_unit_test(the_model_says_what_a_worker_gets),
        cmocka_unit_test(a_worker_escalates),
        cmocka_unit_test_setup(a_bad_acquire_is_refused, start_one),
    };

    return cmocka_run_group_tests(tests, api_setup, api_teardown);
}
