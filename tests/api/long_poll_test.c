/* Long polling of external workers: a request that finds no job waits for one. */
#include "tests/api/api_case.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACQUIRE   "/external-job-api/acquire/jobs"
#define INSTANCES "/process-api/runtime/process-instances"

enum { WORKERS = 12 };

static const char process[] = "<startEvent id='start'/>" FLOW(
    "f1", "start", "pay") "<serviceTask id='pay' flowable:type='external-worker'"
                          " flowable:topic='pay'/>" FLOW("f2", "pay", "end") "<endEvent id='end'/>";

static int deploy(void **state)
{
    if (api_setup(state) != 0)
        return -1;
    api_deploy("paying", process);
    return 0;
}

struct worker {
    pthread_t thread;
    int number;
    int status;
    json_t *answer;
};

static void *wait_for_jobs(void *argument)
{
    struct worker *worker = argument;
    char body[256];

    (void)snprintf(body, sizeof(body),
                   "{\"topic\":\"pay\",\"lockDuration\":\"PT10M\",\"workerId\":\"w%d\","
                   "\"timeout\":60000}",
                   worker->number);
    worker->status = http_call(api_port(), "POST", ACQUIRE, body, &worker->answer);
    return NULL;
}

static void begin(struct worker *worker, int number)
{
    worker->number = number;
    worker->answer = NULL;
    assert_int_equal(pthread_create(&worker->thread, NULL, wait_for_jobs, worker), 0);
}

static void expect_one_job(struct worker *worker, char id[64])
{
    (void)pthread_join(worker->thread, NULL);
    assert_int_equal(worker->status, 200);
    assert_int_equal(json_array_size(worker->answer), 1);
    (void)snprintf(id, 64, "%s", text_of(json_array_get(worker->answer, 0), "id"));
    json_decref(worker->answer);
}

static void complete(const char *id, int worker)
{
    json_decref(api_callf(204, "POST", path_of(ACQUIRE "/%s/complete", id),
                          "{\"workerId\":\"w%d\"}", worker));
}

static void a_worker_waits_for_a_job(void **state)
{
    struct worker worker;
    char id[64];

    (void)state;
    begin(&worker, 1);
    (void)api_start("paying", "");
    expect_one_job(&worker, id);
    complete(id, 1);
}

/* One job each, none twice. */
static void many_workers_share_what_comes(void **state)
{
    struct worker workers[WORKERS];
    char ids[WORKERS][64];

    (void)state;
    for (int i = 0; i < WORKERS; i++)
        begin(&workers[i], i);
    for (int i = 0; i < WORKERS; i++)
        (void)api_start("paying", "");
    for (int i = 0; i < WORKERS; i++) {
        expect_one_job(&workers[i], ids[i]);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(ids[i], ids[k]);
    }
    for (int i = 0; i < WORKERS; i++)
        complete(ids[i], i);
}

static void the_time_ends(void **state)
{
    json_t *answer = api_call(200, "POST", ACQUIRE,
                              "{\"topic\":\"pay\",\"lockDuration\":\"PT1M\",\"workerId\":\"w\","
                              "\"timeout\":1}");

    (void)state;
    assert_true(json_is_array(answer));
    assert_int_equal(json_array_size(answer), 0);
    json_decref(answer);
    api_expect_error(400, "POST", ACQUIRE,
                     "{\"topic\":\"pay\",\"lockDuration\":\"PT1M\",\"workerId\":\"w\","
                     "\"timeout\":-1}",
                     "timeout", "timeout");
    api_expect_error(400, "POST", ACQUIRE,
                     "{\"topic\":\"pay\",\"lockDuration\":\"P20Y\",\"workerId\":\"w\"}", "days",
                     "lockDuration");
}

/* A job that becomes free by being given back wakes too. */
static void a_job_that_is_given_back_goes_to_who_waits(void **state)
{
    struct worker worker;
    char id[64];
    json_t *answer;

    (void)state;
    (void)api_start("paying", "");
    answer = api_call(200, "POST", ACQUIRE,
                      "{\"topic\":\"pay\",\"lockDuration\":\"PT1M\",\"workerId\":\"other\"}");
    assert_int_equal(json_array_size(answer), 1);
    (void)snprintf(id, sizeof(id), "%s", text_of(json_array_get(answer, 0), "id"));
    json_decref(answer);
    begin(&worker, 2);
    json_decref(api_call(204, "POST", path_of("/external-job-api/unacquire/jobs/%s", id),
                         "{\"workerId\":\"other\"}"));
    expect_one_job(&worker, id);
    complete(id, 2);
}

/* Sends a request that waits, and goes away. */
static void ask_and_leave(void)
{
    static const char body[] = "{\"topic\":\"pay\",\"lockDuration\":\"PT10M\",\"workerId\":"
                               "\"gone\"}";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)api_port())};
    char text[512];
    int length;
    int client = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(client >= 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
    length = snprintf(text, sizeof(text),
                      "POST " ACQUIRE " HTTP/1.1\r\nHost: here\r\nPrefer: wait=60\r\n"
                      "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                      strlen(body), body);
    assert_int_equal(write(client, text, (size_t)length), length);
    (void)close(client);
}

static void a_worker_that_left_holds_nothing(void **state)
{
    struct worker worker;
    char id[64];

    (void)state;
    for (int i = 0; i < 5; i++)
        ask_and_leave();
    (void)api_start("paying", "");
    begin(&worker, 3);
    expect_one_job(&worker, id); /* at once, or as soon as it has been given back */
    complete(id, 3);
}

static void suspended_instances_hand_out_nothing(void **state)
{
    struct worker worker;
    char path[160];
    char id[64];
    json_t *answer;

    (void)state;
    (void)snprintf(path, sizeof(path), INSTANCES "/%s", api_start("paying", ""));
    json_decref(api_call(200, "PUT", path, "{\"action\":\"suspend\"}"));
    answer = api_call(200, "POST", ACQUIRE,
                      "{\"topic\":\"pay\",\"lockDuration\":\"PT1M\",\"workerId\":\"w\"}");
    assert_int_equal(json_array_size(answer), 0);
    json_decref(answer);
    begin(&worker, 4);
    json_decref(api_call(200, "PUT", path, "{\"action\":\"activate\"}"));
    expect_one_job(&worker, id);
    complete(id, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_waits_for_a_job),
        cmocka_unit_test(many_workers_share_what_comes),
        cmocka_unit_test(the_time_ends),
        cmocka_unit_test(a_job_that_is_given_back_goes_to_who_waits),
        cmocka_unit_test(a_worker_that_left_holds_nothing),
        cmocka_unit_test(suspended_instances_hand_out_nothing),
    };

    return cmocka_run_group_tests(tests, deploy, api_teardown);
}
