/* /process-api/management over real HTTP: the four lists, running, moving, discarding. Nobody runs
 * jobs or timers in this test but its calls. */
#include "tests/api/api_case.h"

#include <stdio.h>
#include <string.h>

#define MANAGEMENT "/process-api/management/"
#define INSTANCES  "/process-api/runtime/process-instances"
#define NO_ID      "00000000-0000-7000-8000-000000000000"

static const char process[] = "<startEvent id='start'/>" FLOW(
    "f1", "start", "work") "<userTask id='work' name='Work' flowable:async='true'/>"
                           "<boundaryEvent id='late' attachedToRef='work' "
                           "cancelActivity='false'><timerEventDefinition>"
                           "<timeDuration>P1D</timeDuration></timerEventDefinition></"
                           "boundaryEvent>" FLOW("f2", "work", "end") "<endEvent id='end'/>" FLOW(
                               "f3", "late",
                               "tell") "<userTask id='tell'/>" FLOW("f4", "tell",
                                                                    "end2") "<endEvent id='end2'/>";
static const char external[] = "<startEvent id='start'/>" FLOW(
    "f1", "start", "pay") "<serviceTask id='pay' flowable:type='external-worker'"
                          " flowable:topic='pay'/>" FLOW("f2", "pay", "end") "<endEvent id='end'/>";

static char instance[64];
static char id[64];

static int deploy(void **state)
{
    if (api_setup(state) != 0)
        return -1;
    api_deploy("working", process);
    api_deploy("paying", external);
    return 0;
}

static int start_one(void **state)
{
    (void)state;
    (void)snprintf(instance, sizeof(instance), "%s", api_start("working", ""));
    return 0;
}

/* How many of the instance's are in a list; the first one's id goes to `id`. */
static int64_t count_in(const char *list)
{
    json_t *answer =
        api_call(200, "GET", path_of(MANAGEMENT "%s?processInstanceId=%s", list, instance), NULL);
    int64_t total = int_of(answer, "total");

    if (total > 0)
        (void)snprintf(id, sizeof(id), "%s", text_of(first_of(answer), "id"));
    json_decref(answer);
    return total;
}

static int64_t tasks(void)
{
    json_t *answer = api_call(
        200, "GET", path_of("/process-api/runtime/tasks?processInstanceId=%s", instance), NULL);
    int64_t total = int_of(answer, "total");

    json_decref(answer);
    return total;
}

static void act(int status, const char *list, const char *body)
{
    json_decref(api_call(status, "POST", path_of(MANAGEMENT "%s/%s", list, id), body));
}

static void sql(const char *text)
{
    (void)test_database_sql(api_database(), text);
}

/* Runs the continuation in front of the task. */
static void enter(void)
{
    assert_int_equal(count_in("jobs"), 1);
    act(204, "jobs", "{\"action\":\"execute\"}");
    assert_int_equal(tasks(), 1);
}

static void a_job_is_run_now(void **state)
{
    json_t *answer;

    (void)state;
    assert_int_equal(tasks(), 0);
    assert_int_equal(count_in("jobs"), 1);
    answer = api_call(200, "GET", path_of(MANAGEMENT "jobs/%s", id), NULL);
    assert_string_equal(text_of(answer, "elementId"), "work");
    assert_string_equal(text_of(answer, "handlerType"), "async-continuation");
    assert_int_equal(int_of(answer, "retries"), 3);
    json_decref(answer);
    api_expect_error(404, "GET", path_of(MANAGEMENT "jobs/%s/exception-stacktrace", id), NULL,
                     "does not have an exception", NULL);
    api_expect_error(400, "POST", path_of(MANAGEMENT "jobs/%s", id), "{\"action\":\"run\"}",
                     "expected execute", "action");
    enter();
    assert_int_equal(count_in("jobs"), 0);
    api_expect_error(404, "POST", MANAGEMENT "jobs/" NO_ID, "{\"action\":\"execute\"}",
                     "Could not find a job", NULL);
}

static void a_timer_is_given_another_time(void **state)
{
    json_t *answer;

    (void)state;
    enter();
    assert_int_equal(count_in("timer-jobs"), 1);
    act(204, "timer-jobs", "{\"action\":\"reschedule\",\"dueDate\":\"2100-01-01T00:00:00Z\"}");
    answer = api_call(200, "GET", path_of(MANAGEMENT "timer-jobs/%s", id), NULL);
    assert_string_equal(text_of(answer, "dueDate"), "2100-01-01T00:00:00.000Z");
    assert_string_equal(text_of(answer, "handlerType"), "trigger-timer");
    json_decref(answer);
    api_expect_error(400, "POST", path_of(MANAGEMENT "timer-jobs/%s", id),
                     "{\"action\":\"reschedule\",\"dueDate\":\"soon\"}", "ISO 8601", "dueDate");
    api_expect_error(404, "POST", MANAGEMENT "timer-jobs/" NO_ID, "{\"action\":\"move\"}",
                     "Could not find a timer job", NULL);
    act(204, "timer-jobs", "{\"action\":\"move\"}");
    answer = api_call(
        200, "GET", path_of(MANAGEMENT "timer-jobs?processInstanceId=%s&executable=true", instance),
        NULL);
    assert_int_equal(int_of(answer, "total"), 1);
    json_decref(answer);
    act(204, "jobs", "{\"action\":\"execute\"}");
    assert_int_equal(tasks(), 2);
}

/* The operator's rows of the timer `id`, the newest first: { action: count }. */
static void expect_action(const char *action, const char *field, const char *value)
{
    json_t *answer = api_call(
        200, "GET", path_of(MANAGEMENT "operator-actions?jobId=%s&sort=time&order=desc", id), NULL);
    const json_t *newest = json_array_get(json_object_get(answer, "data"), 0);
    const json_t *details = json_object_get(newest, "details");
    const char *found = json_string_value(json_object_get(newest, field));

    if (found == NULL)
        found = json_string_value(json_object_get(details, field));
    assert_string_equal(text_of(newest, "action"), action);
    assert_non_null(found);
    assert_string_equal(found, value);
    json_decref(answer);
}

static void operators_account_for_what_they_do(void **state)
{
    json_t *answer;
    json_t *again;

    (void)state;
    enter();
    assert_int_equal(count_in("timer-jobs"), 1);
    act(204, "timer-jobs",
        "{\"action\":\"reschedule\",\"dueDate\":\"2100-01-01T00:00:00Z\",\"reason\":\"later\"}");
    expect_action("timer.reschedule", "dueDate", "2100-01-01T00:00:00.000000Z");
    expect_action("timer.reschedule", "reason", "later");
    answer = api_call(200, "POST", path_of(MANAGEMENT "timer-jobs/%s", id),
                      "{\"action\":\"recalculate\",\"from\":\"creation\",\"reason\":\"back\"}");
    expect_action("timer.recalculate", "previousDueDate", "2100-01-01T00:00:00.000000Z");
    expect_action("timer.recalculate", "from", "creation");
    again = api_call(200, "POST", path_of(MANAGEMENT "timer-jobs/%s", id),
                     "{\"action\":\"recalculate\",\"from\":\"creation\","
                     "\"definition\":\"newest\"}");
    assert_string_equal(text_of(again, "dueDate"), text_of(answer, "dueDate"));
    assert_string_equal(text_of(again, "createTime"), text_of(answer, "createTime"));
    json_decref(answer);
    json_decref(again);
    act(204, "timer-jobs", "{\"action\":\"reschedule\",\"dueDate\":\"P30D\"}");
    api_expect_error(400, "POST", path_of(MANAGEMENT "timer-jobs/%s", id),
                     "{\"action\":\"move\",\"dueDate\":\"P30D\"}", "leave it out", "dueDate");
    api_expect_error(400, "POST", path_of(MANAGEMENT "timer-jobs/%s", id),
                     "{\"action\":\"recalculate\",\"from\":\"then\"}", "creation", "from");
    api_expect_error(400, "POST", path_of(MANAGEMENT "timer-jobs/%s", id),
                     "{\"action\":\"reschedule\",\"dueDate\":\"1969-01-01T00:00:00Z\"}", "1970",
                     "dueDate");
    act(204, "timer-jobs", "{\"action\":\"execute\",\"reason\":\"now\"}");
    expect_action("timer.fire", "reason", "now");
    assert_int_equal(tasks(), 2);
    api_expect_error(404, "POST", path_of(MANAGEMENT "timer-jobs/%s", id),
                     "{\"action\":\"execute\"}", "Could not find a timer job", NULL);
    assert_string_equal(
        test_database_sql(api_database(),
                          "SELECT has_table_privilege('synergyflow_engine',"
                          " 'synergyflow_workflows.operator_action', 'UPDATE')::text"),
        "false");
}

/* One that is not due fires all the same, and the instance goes on from what is stored. */
static void a_timer_is_run_before_its_time(void **state)
{
    (void)state;
    enter();
    assert_int_equal(count_in("timer-jobs"), 1);
    act(204, "jobs", "{\"action\":\"execute\"}");
    assert_int_equal(tasks(), 2);
    assert_int_equal(count_in("timer-jobs"), 0);
}

static void the_dead_come_back(void **state)
{
    json_t *answer;
    const json_t *incident;

    (void)state;
    sql("UPDATE synergyflow_workflows.job SET dead_at = now(), due_at = 'infinity', attempts = 3,"
        " error_message = 'no line', error_details = 'no line at all' WHERE kind = 2");
    assert_int_equal(count_in("jobs"), 0);
    assert_int_equal(count_in("deadletter-jobs"), 1);
    answer = api_call(200, "GET", path_of(MANAGEMENT "deadletter-jobs/%s", id), NULL);
    assert_int_equal(int_of(answer, "retries"), 0);
    assert_string_equal(text_of(answer, "exceptionMessage"), "no line");
    assert_true(json_is_null(json_object_get(answer, "dueDate")));
    json_decref(answer);
    assert_int_equal(http_call(api_port(), "GET",
                               path_of(MANAGEMENT "deadletter-jobs/%s/exception-stacktrace", id),
                               NULL, NULL),
                     200);
    answer = api_call(200, "GET", path_of(INSTANCES "/%s", instance), NULL);
    assert_int_equal(int_of(answer, "incidentCount"), 1);
    json_decref(answer);
    answer = api_call(200, "GET", path_of(INSTANCES "/%s/incidents", instance), NULL);
    incident = json_array_get(answer, 0);
    assert_string_equal(text_of(incident, "activityId"), "work");
    assert_string_equal(text_of(incident, "message"), "no line");
    assert_string_equal(text_of(incident, "type"), "failedJob");
    assert_string_not_equal(text_of(incident, "time"), "");
    json_decref(answer);
    api_expect_error(404, "GET", INSTANCES "/" NO_ID "/incidents", NULL, "Could not find", NULL);
    api_expect_error(404, "POST", MANAGEMENT "deadletter-jobs/" NO_ID, "{\"action\":\"move\"}",
                     "Could not find a deadletter job", NULL);
    api_expect_error(400, "POST", path_of(MANAGEMENT "deadletter-jobs/%s", id),
                     "{\"action\":\"moveToHistoryJob\"}", "expected move", "action");
    act(204, "deadletter-jobs", "{\"action\":\"move\"}");
    assert_int_equal(count_in("deadletter-jobs"), 0);
    enter();
}

static void many_dead_come_back_together_or_not_at_all(void **state)
{
    char body[400];

    (void)state;
    enter();
    sql("UPDATE synergyflow_workflows.timer SET dead_at = now(), due_at = 'infinity',"
        " last_error = 'late'");
    assert_int_equal(count_in("deadletter-jobs"), 1);
    (void)snprintf(body, sizeof(body), "{\"action\":\"move\",\"jobIds\":[\"%s\",\"" NO_ID "\"]}",
                   id);
    api_expect_error(404, "POST", MANAGEMENT "deadletter-jobs", body, "all of the", NULL);
    assert_int_equal(count_in("deadletter-jobs"), 1);
    (void)snprintf(body, sizeof(body), "{\"action\":\"move\",\"jobIds\":[\"%s\",\"%s\"]}", id, id);
    json_decref(api_call(204, "POST", MANAGEMENT "deadletter-jobs", body));
    assert_int_equal(count_in("deadletter-jobs"), 0);
    assert_int_equal(count_in("timer-jobs"), 1);
    api_expect_error(400, "POST", MANAGEMENT "deadletter-jobs", "{\"action\":\"move\"}", "jobIds",
                     "jobIds");
}

static void external_work_without_a_try_is_dead(void **state)
{
    json_t *answer;

    (void)state;
    (void)snprintf(instance, sizeof(instance), "%s", api_start("paying", ""));
    assert_int_equal(count_in("jobs"), 0);
    sql("UPDATE synergyflow_workflows.job SET retries = 0, error_message = 'broken'"
        " WHERE kind = 1");
    assert_int_equal(count_in("deadletter-jobs"), 1);
    api_expect_error(409, "POST", path_of(MANAGEMENT "jobs/%s", id), "{\"action\":\"execute\"}",
                     "external workers", NULL);
    act(204, "deadletter-jobs", "{\"action\":\"move\",\"retries\":2}");
    answer = api_call(200, "GET", path_of("/external-job-api/jobs/%s", id), NULL);
    assert_int_equal(int_of(answer, "retries"), 2);
    json_decref(answer);
}

static void suspended_instances_have_suspended_jobs(void **state)
{
    (void)state;
    json_decref(
        api_call(200, "PUT", path_of(INSTANCES "/%s", instance), "{\"action\":\"suspend\"}"));
    assert_int_equal(count_in("jobs"), 0);
    assert_int_equal(count_in("suspended-jobs"), 1);
    api_expect_error(409, "POST", path_of(MANAGEMENT "jobs/%s", id), "{\"action\":\"execute\"}",
                     "suspended", NULL);
    json_decref(
        api_call(200, "PUT", path_of(INSTANCES "/%s", instance), "{\"action\":\"activate\"}"));
    assert_int_equal(count_in("suspended-jobs"), 0);
    enter();
}

static void a_job_is_discarded(void **state)
{
    (void)state;
    assert_int_equal(count_in("jobs"), 1);
    api_expect_error(404, "DELETE", path_of(MANAGEMENT "timer-jobs/%s", id), NULL,
                     "Could not find a timer job", NULL);
    json_decref(api_call(204, "DELETE", path_of(MANAGEMENT "jobs/%s", id), NULL));
    assert_int_equal(count_in("jobs"), 0);
    api_expect_error(404, "DELETE", path_of(MANAGEMENT "jobs/%s", id), NULL, "Could not find a job",
                     NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_job_is_run_now, start_one),
        cmocka_unit_test_setup(a_timer_is_given_another_time, start_one),
        cmocka_unit_test_setup(operators_account_for_what_they_do, start_one),
        cmocka_unit_test_setup(a_timer_is_run_before_its_time, start_one),
        cmocka_unit_test_setup(the_dead_come_back, start_one),
        cmocka_unit_test_setup(many_dead_come_back_together_or_not_at_all, start_one),
        cmocka_unit_test_setup(external_work_without_a_try_is_dead, start_one),
        cmocka_unit_test_setup(suspended_instances_have_suspended_jobs, start_one),
        cmocka_unit_test_setup(a_job_is_discarded, start_one),
    };

    return cmocka_run_group_tests(tests, deploy, api_teardown);
}
