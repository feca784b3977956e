/* The API in the real program: jobs and timers that run by themselves, workers that wait, the end.
 */
#include "tests/support/http_client.h"
#include "tests/support/postgres.h"
#include "tests/support/program.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ACQUIRE "/external-job-api/acquire/jobs"

static const char model[] =
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'"
    " xmlns:flowable='http://flowable.org/bpmn' targetNamespace='t'>"
    "<message id='m' name='go'/><process id='work' isExecutable='true'><startEvent id='s'/>"
    "<sequenceFlow id='f1' sourceRef='s' targetRef='timer'/>"
    "<intermediateCatchEvent id='timer'><timerEventDefinition><timeDuration>P1D</timeDuration>"
    "</timerEventDefinition></intermediateCatchEvent>"
    "<sequenceFlow id='f2' sourceRef='timer' targetRef='dig'/>"
    "<serviceTask id='dig' flowable:async='true' flowable:type='external-worker'"
    " flowable:topic='dig'/><sequenceFlow id='f3' sourceRef='dig' targetRef='wait'/>"
    "<intermediateCatchEvent id='wait'><messageEventDefinition messageRef='m'/>"
    "</intermediateCatchEvent><sequenceFlow id='f4' sourceRef='wait' targetRef='e'/>"
    "<endEvent id='e'/></process></definitions>";

static struct test_database *database;
static struct program program;
static char instance[64];

static json_t *call(int expected, const char *method, const char *path, const char *body)
{
    json_t *answer = NULL;

    assert_int_equal(http_call(program.port, method, path, body, &answer), expected);
    return answer;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

static int set_up(void **state)
{
    json_t *answer = NULL;

    (void)state;
    database = test_database_new(true);
    program_serve(&program, test_database_conninfo(database), NULL);
    assert_int_equal(http_upload(program.port, "/process-api/repository/deployments",
                                 "work.bpmn20.xml", model, &answer),
                     201);
    json_decref(answer);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_database_free(database);
    return 0;
}

struct worker {
    pthread_t thread;
    int status;
    json_t *answer;
};

static void *wait_for_jobs(void *argument)
{
    struct worker *worker = argument;

    worker->status = http_call(program.port, "POST", ACQUIRE,
                               "{\"topic\":\"dig\",\"lockDuration\":\"PT10M\",\"workerId\":\"w\","
                               "\"timeout\":25000}",
                               &worker->answer);
    return NULL;
}

static void begin(struct worker *worker)
{
    *worker = (struct worker){.status = 0};
    assert_int_equal(pthread_create(&worker->thread, NULL, wait_for_jobs, worker), 0);
}

/* A timer moved to now fires, its process goes on in a job, and the worker that waits gets the
 * work. */
static void what_is_moved_runs_by_itself(void **state)
{
    struct worker worker;
    char path[160];
    json_t *answer = call(201, "POST", "/process-api/runtime/process-instances",
                          "{\"processDefinitionKey\":\"work\"}");

    (void)state;
    (void)snprintf(instance, sizeof(instance), "%s", text_of(answer, "id"));
    json_decref(answer);
    begin(&worker);
    answer = call(200, "GET", "/process-api/management/timer-jobs", NULL);
    (void)snprintf(path, sizeof(path), "/process-api/management/timer-jobs/%s",
                   text_of(json_array_get(json_object_get(answer, "data"), 0), "id"));
    json_decref(answer);
    json_decref(call(204, "POST", path, "{\"action\":\"move\"}"));
    (void)pthread_join(worker.thread, NULL);
    assert_int_equal(worker.status, 200);
    assert_int_equal(json_array_size(worker.answer), 1);
    (void)snprintf(path, sizeof(path), ACQUIRE "/%s/complete",
                   text_of(json_array_get(worker.answer, 0), "id"));
    json_decref(worker.answer);
    json_decref(call(204, "POST", path, "{\"workerId\":\"w\"}"));
}

static bool has_ended(void *context)
{
    char path[200];
    json_t *answer = NULL;
    bool ended;

    (void)context;
    (void)snprintf(path, sizeof(path), "/process-api/runtime/process-instances/%s", instance);
    ended = http_call(program.port, "GET", path, NULL, &answer) == 404;
    json_decref(answer);
    return ended;
}

static void a_message_delivers_itself(void **state)
{
    json_t *answer =
        call(200, "POST", "/process-api/runtime/messages", "{\"name\":\"go\",\"messageId\":\"1\"}");

    (void)state;
    assert_string_equal(text_of(answer, "processInstanceId"), instance);
    json_decref(answer);
    assert_true(wait_until(has_ended, NULL));
}

/* The end of the program answers who waits, and does not wait for their time. */
static void workers_that_wait_do_not_hold_up_the_end(void **state)
{
    struct worker worker;

    (void)state;
    begin(&worker);
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    (void)pthread_join(worker.thread, NULL);
    assert_true(worker.status == 200 || worker.status == 0); /* it may have come too late */
    assert_int_equal(json_array_size(worker.answer), 0);
    json_decref(worker.answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_moved_runs_by_itself),
        cmocka_unit_test(a_message_delivers_itself),
        cmocka_unit_test(workers_that_wait_do_not_hold_up_the_end),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
