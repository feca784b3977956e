/* See bench_users.h. */
#include "engine/cli/bench_users.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"
#include "engine/base/clock.h"
#include "engine/cli/client.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAMPLES_MAX = 100000 };

/* One pair, as it goes through the pipe: microseconds, -1 when it failed. */
struct sample {
    int32_t arm_us;
    int32_t cancel_us;
};

static volatile sig_atomic_t ending;

static void on_end(int signal)
{
    (void)signal;
    ending = 1;
}

/* Milliseconds that a call takes; -1 when it fails. */
static int32_t timed(struct client *client, const char *method, const char *path,
                     const json_t *body, json_t **ret_answer)
{
    int64_t begun_us = clock_monotonic_us();
    struct error error;

    if (client_call(client, method, path, body, ret_answer, &error) != STATUS_OK)
        return -1;
    return (int32_t)(clock_monotonic_us() - begun_us);
}

static struct sample work_once(struct client *client, const json_t *start)
{
    static const char complete[] = "{\"action\":\"complete\"}";
    struct sample sample = {-1, -1};
    struct text path = TEXT_INIT;
    json_t *answer = NULL;
    json_t *tasks = NULL;
    json_t *body = json_loads(complete, 0, NULL);
    const char *task;

    sample.arm_us = timed(client, "POST", "/process-api/runtime/process-instances", start, &answer);
    text_append_format(&path, "/process-api/runtime/tasks?processInstanceId=%s",
                       answer != NULL ? json_string_value(json_object_get(answer, "id")) : "");
    if (sample.arm_us >= 0 && timed(client, "GET", text_string(&path), NULL, &tasks) >= 0) {
        task = json_string_value(
            json_object_get(json_array_get(json_object_get(tasks, "data"), 0), "id"));
        text_clear(&path);
        text_append_format(&path, "/process-api/runtime/tasks/%s", task != NULL ? task : "");
        json_decref(answer);
        answer = NULL;
        sample.cancel_us = timed(client, "POST", text_string(&path), body, &answer);
    }
    json_decref(answer);
    json_decref(tasks);
    json_decref(body);
    text_deinit(&path);
    return sample;
}

static void work(const char *url, const char *definition_key, uint32_t pause_ms, int pipe)
{
    struct client *client = NULL;
    struct error error;
    json_t *start = json_pack("{s:s}", "processDefinitionKey", definition_key);

    (void)signal(SIGTERM, on_end);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (client_new(url, &client, &error) != STATUS_OK)
        _exit(1);
    while (!ending) {
        struct sample sample = work_once(client, start);

        if (write(pipe, &sample, sizeof(sample)) != (ssize_t)sizeof(sample))
            _exit(1);
        (void)usleep(pause_ms * 1000);
    }
    _exit(0);
}

enum status bench_users_begin(struct bench_users *users, const char *url,
                              const char *definition_key, uint32_t pause_ms,
                              struct error *ret_error)
{
    int ends[2];

    if (pipe(ends) != 0)
        return error_set(ret_error, STATUS_INTERNAL, "A pipe cannot be made.");
    (void)fcntl(ends[1], F_SETPIPE_SZ, 1024 * 1024); /* read at the end only */
    users->process = fork();
    if (users->process == 0) {
        (void)close(ends[0]);
        work(url, definition_key, pause_ms, ends[1]);
    }
    (void)close(ends[1]);
    users->pipe = ends[0];
    if (users->process > 0)
        return STATUS_OK;
    (void)close(ends[0]);
    return error_set(ret_error, STATUS_INTERNAL, "A process cannot be made.");
}

static int compare(const void *left, const void *right)
{
    int32_t a = *(const int32_t *)left;
    int32_t b = *(const int32_t *)right;

    return a < b ? -1 : a > b;
}

static double percentile_ms(int32_t *values, uint32_t count, double share)
{
    if (count == 0)
        return -1;
    return values[(uint32_t)((double)(count - 1) * share)] / 1000.0;
}

struct bench_latencies bench_users_end(struct bench_users *users)
{
    struct bench_latencies result = {.max = -1};
    int32_t *arms = memory_zero(SAMPLES_MAX, sizeof(*arms));
    int32_t *cancels = memory_zero(SAMPLES_MAX, sizeof(*cancels));
    struct sample sample;

    (void)kill(users->process, SIGTERM);
    while (result.count < SAMPLES_MAX &&
           read(users->pipe, &sample, sizeof(sample)) == (ssize_t)sizeof(sample)) {
        if (sample.arm_us < 0 || sample.cancel_us < 0) {
            result.failed++;
            continue;
        }
        arms[result.count] = sample.arm_us;
        cancels[result.count++] = sample.cancel_us;
    }
    (void)waitpid(users->process, NULL, 0);
    (void)close(users->pipe);
    qsort(arms, result.count, sizeof(*arms), compare);
    qsort(cancels, result.count, sizeof(*cancels), compare);
    result.arm_p50 = percentile_ms(arms, result.count, 0.5);
    result.arm_p99 = percentile_ms(arms, result.count, 0.99);
    result.cancel_p50 = percentile_ms(cancels, result.count, 0.5);
    result.cancel_p99 = percentile_ms(cancels, result.count, 0.99);
    result.max = percentile_ms(arms, result.count, 1);
    if (percentile_ms(cancels, result.count, 1) > result.max)
        result.max = percentile_ms(cancels, result.count, 1);
    memory_free(arms);
    memory_free(cancels);
    return result;
}
