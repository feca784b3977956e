/* Load generator: drives a running engine over HTTP keep-alive and counts completions.
 *
 *   load --port N automatic|task|parallel|timers [--connections C] [--count N]
 *
 * automatic  start → end of a five-step process: one request an instance
 * task       start, list and complete one user task: three requests an instance
 * parallel   starts one instance with N parallel user tasks, then completes each of them
 * timers     arms N timers due within one second, then waits until every instance has ended; the
 *            lateness comes from the engine's own histogram, and the end from its history */
#include "tests/bench/models.h"
#include "tests/support/load_client.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/uuid.h"
#include "bpmn/iso8601.h"
#include "engine/base/clock.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMER_LEAD_US = 3 * 1000 * 1000, TIMER_DEADLINE_US = 120 * 1000 * 1000 };

struct run {
    const char *scenario;
    struct load_client client;
    unsigned long wanted;
    unsigned long begun;
    unsigned long done;
    unsigned long refused;
    int64_t started_us;
    int64_t ended_us;
    int64_t due_us;
    int64_t *latencies_us; /* of whole instances */
    int64_t *instance_started_us;
    char (*tasks)[UUID_TEXT_BYTES]; /* parallel: what is to be completed */
    bool failed;
};

static struct run run;

static void fail(const char *what, int status, const char *body, size_t length)
{
    (void)fprintf(stderr, "load: %s: HTTP %d: %.*s\n", what, status, (int)length, body);
    exit(1);
}

static void begin(struct load_connection *connection);

static void finished(struct load_connection *connection)
{
    unsigned index = (unsigned)(connection - run.client.connections);

    run.latencies_us[run.done++] = clock_monotonic_us() - run.instance_started_us[index];
    if (run.done == run.wanted) {
        run.ended_us = clock_monotonic_us();
        uv_stop(run.client.loop);
        return;
    }
    begin(connection);
}

static void on_automatic(struct load_connection *connection, int status, const char *body,
                         size_t length)
{
    if (status == 503) { /* admission is bounded: try again */
        run.refused++;
        load_resend(connection);
        return;
    }
    if (status != 201 || memmem(body, length, "\"ended\":true", 12) == NULL)
        fail("start", status, body, length);
    finished(connection);
}

static void on_completed(struct load_connection *connection, int status, const char *body,
                         size_t length)
{
    if (status != 200)
        fail("complete", status, body, length);
    finished(connection);
}

/* The text value of "name":"…" at its first place in an answer. */
static bool find_text(const char *body, size_t length, const char *name, char *ret, size_t size)
{
    char pattern[64];
    const char *at;
    const char *end;

    (void)snprintf(pattern, sizeof(pattern), "\"%s\":\"", name);
    at = memmem(body, length, pattern, strlen(pattern));
    if (at == NULL)
        return false;
    at += strlen(pattern);
    end = memchr(at, '"', length - (size_t)(at - body));
    if (end == NULL || (size_t)(end - at) >= size)
        return false;
    memcpy(ret, at, (size_t)(end - at));
    ret[end - at] = '\0';
    return true;
}

static void on_listed(struct load_connection *connection, int status, const char *body,
                      size_t length)
{
    char id[64];
    char path[160];

    if (status != 200 || !find_text(body, length, "id", id, sizeof(id)))
        fail("list", status, body, length);
    (void)snprintf(path, sizeof(path), "/process-api/runtime/tasks/%s", id);
    load_send(connection, "POST", path, "{\"action\":\"complete\"}", on_completed);
}

static void on_task_started(struct load_connection *connection, int status, const char *body,
                            size_t length)
{
    char id[64];
    char path[160];

    if (status != 201 || !find_text(body, length, "id", id, sizeof(id)))
        fail("start", status, body, length);
    (void)snprintf(path, sizeof(path), "/process-api/runtime/tasks?processInstanceId=%s", id);
    load_send(connection, "GET", path, NULL, on_listed);
}

static void on_timer_started(struct load_connection *connection, int status, const char *body,
                             size_t length)
{
    if (status != 201)
        fail("start", status, body, length);
    finished(connection);
}

static void begin(struct load_connection *connection)
{
    char body[256];

    if (run.begun == run.wanted)
        return;
    run.instance_started_us[connection - run.client.connections] = clock_monotonic_us();
    run.begun++;
    if (strcmp(run.scenario, "automatic") == 0) {
        (void)snprintf(body, sizeof(body),
                       "{\"processDefinitionKey\":\"bench_automatic\",\"variables\":[{\"name\":"
                       "\"amount\",\"value\":%lu}]}",
                       run.begun % 100);
        load_send(connection, "POST", "/process-api/runtime/process-instances", body, on_automatic);
    } else if (strcmp(run.scenario, "parallel") == 0) {
        (void)snprintf(body, sizeof(body), "/process-api/runtime/tasks/%s",
                       run.tasks[run.begun - 1]);
        load_send(connection, "POST", body, "{\"action\":\"complete\"}", on_completed);
    } else if (strcmp(run.scenario, "task") == 0) {
        load_send(connection, "POST", "/process-api/runtime/process-instances",
                  "{\"processDefinitionKey\":\"bench_task\"}", on_task_started);
    } else {
        char due[ISO8601_INSTANT_BYTES];

        (void)iso8601_format_instant_us(run.due_us + (int64_t)(run.begun * 1000000ULL / run.wanted),
                                        due);
        (void)snprintf(body, sizeof(body),
                       "{\"processDefinitionKey\":\"bench_timer\",\"variables\":[{\"name\":\"due\","
                       "\"value\":\"%s\"}]}",
                       due);
        load_send(connection, "POST", "/process-api/runtime/process-instances", body,
                  on_timer_started);
    }
}

static void on_lost(struct load_connection *connection, const char *why)
{
    (void)connection;
    (void)fprintf(stderr, "load: connection lost: %s\n", why);
    exit(1);
}

/* ---- requests outside the measured part, one after the other ---- */

static struct text answer;
static int answer_status;

static void on_single(struct load_connection *connection, int status, const char *body,
                      size_t length)
{
    answer_status = status;
    text_clear(&answer);
    text_append_bytes(&answer, body, length);
    uv_stop(connection->client->loop);
}

static const char *call(const char *method, const char *path, const char *body)
{
    load_send(&run.client.connections[0], method, path, body, on_single);
    (void)uv_run(run.client.loop, UV_RUN_DEFAULT);
    return text_string(&answer);
}

static void deploy(const char *name, const char *model)
{
    struct text body = TEXT_INIT;
    struct load_connection *connection = &run.client.connections[0];
    uv_buf_t buffer;

    text_append_format(&body,
                       "--bench\r\nContent-Disposition: form-data; name=\"file\"; "
                       "filename=\"%s.bpmn\"\r\nContent-Type: text/xml\r\n\r\n%s\r\n--bench--\r\n",
                       name, model);
    text_clear(&connection->out);
    text_append_format(&connection->out,
                       "POST /process-api/repository/deployments HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                       "Content-Type: multipart/form-data; boundary=bench\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       body.length);
    text_append_bytes(&connection->out, body.bytes, body.length);
    text_deinit(&body);
    connection->busy = true;
    connection->on_answer = on_single;
    buffer = uv_buf_init(connection->out.bytes, (unsigned)connection->out.length);
    if (uv_try_write((uv_stream_t *)&connection->socket, &buffer, 1) != (int)buffer.len)
        fail("deploy", 0, "short write", 11);
    (void)uv_run(run.client.loop, UV_RUN_DEFAULT);
    if (answer_status != 201)
        fail("deploy", answer_status, text_string(&answer), answer.length);
}

/* One instance with all its tasks, and the ids of these. */
static void start_parallel(void)
{
    int64_t started_us = clock_monotonic_us();
    char instance[UUID_TEXT_BYTES];
    char text[256];
    unsigned long found = 0;

    (void)snprintf(text, sizeof(text),
                   "{\"processDefinitionKey\":\"bench_parallel\",\"variables\":[{\"name\":\"n\","
                   "\"value\":%lu}]}",
                   run.wanted);
    (void)call("POST", "/process-api/runtime/process-instances", text);
    if (answer_status != 201 ||
        !find_text(text_string(&answer), answer.length, "id", instance, sizeof(instance)))
        fail("start", answer_status, text_string(&answer), answer.length);
    (void)printf("parallel: one instance with %lu user tasks started in %.3f s\n", run.wanted,
                 (double)(clock_monotonic_us() - started_us) / 1e6);
    run.tasks = memory_zero(run.wanted, sizeof(*run.tasks));
    while (found < run.wanted) {
        unsigned long before = found;
        const char *at;

        (void)snprintf(text, sizeof(text),
                       "/process-api/runtime/tasks?processInstanceId=%s&size=1000&start=%lu",
                       instance, found);
        at = call("GET", text, NULL);
        while (found < run.wanted && (at = strstr(at, "{\"id\":\"")) != NULL) {
            at += strlen("{\"id\":\"");
            (void)snprintf(run.tasks[found++], UUID_TEXT_BYTES, "%s", at);
        }
        if (found == before)
            fail("list", answer_status, text_string(&answer), answer.length);
    }
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;

    return (*x > *y) - (*x < *y);
}

static double percentile_ms(double part)
{
    size_t index = (size_t)(part * (double)(run.done - 1));

    return (double)run.latencies_us[index] / 1000.0;
}

static void report(void)
{
    double seconds = (double)(run.ended_us - run.started_us) / 1e6;

    qsort(run.latencies_us, run.done, sizeof(int64_t), compare);
    (void)printf("%s: %lu instances in %.3f s = %.0f/s; %u connections; instance latency p50 %.2f "
                 "ms, p95 %.2f ms, p99 %.2f ms, max %.2f ms; refused with 503 and retried: %lu\n",
                 run.scenario, run.done, seconds, (double)run.done / seconds, run.client.count,
                 percentile_ms(0.5), percentile_ms(0.95), percentile_ms(0.99), percentile_ms(1.0),
                 run.refused);
}

/* Percentiles of the lateness as the bounds of the engine's histogram: "at most". */
static void print_lateness(const char *page)
{
    static const double parts[] = {0.5, 0.95, 0.99, 1.0};
    static const char bucket[] = "synergyflow_timer_lateness_seconds_bucket{path=\"on_time\",le=\"";
    static const char total[] = "synergyflow_timer_lateness_seconds_count{path=\"on_time\"} ";
    const char *found = strstr(page, total);
    double count = found != NULL ? strtod(found + strlen(total), NULL) : 0;

    (void)printf("timers: lateness");
    for (size_t i = 0; i < COUNT_OF(parts) && count > 0; i++) {
        for (const char *at = strstr(page, bucket); at != NULL; at = strstr(at + 1, bucket)) {
            const char *bound = at + strlen(bucket);
            const char *value = strchr(bound, ' ');

            if (value != NULL && strtod(value, NULL) >= parts[i] * count) {
                (void)printf("%s p%.0f <= %.1f ms", i > 0 ? "," : "", 100 * parts[i],
                             1000 * strtod(bound, NULL));
                break;
            }
        }
    }
    (void)printf(" (%.0f fired)\n", count);
}

/* Waits (bounded) until no instance of the timer process is open, then prints the lateness. */
static void wait_for_timers(void)
{
    int64_t deadline_us = clock_monotonic_us() + TIMER_DEADLINE_US;

    for (;;) {
        const char *text = call("GET",
                                "/process-api/runtime/process-instances?size=1"
                                "&processDefinitionKey=bench_timer",
                                NULL);

        if (strstr(text, "\"total\":0") != NULL)
            break;
        if (clock_monotonic_us() > deadline_us) {
            (void)fprintf(stderr, "load: timers: instances are still open: %.200s\n", text);
            exit(1);
        }
        uv_sleep(20);
    }
    (void)printf("timers: all %lu instances ended %.3f s after the first was due\n", run.wanted,
                 (double)(clock_wall_us() - run.due_us) / 1e6);
    print_lateness(call("GET", "/metrics", NULL));
}

static void on_connected(struct load_client *client)
{
    uv_stop(client->loop);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"port", required_argument, NULL, 'p'},
                                            {"connections", required_argument, NULL, 'c'},
                                            {"count", required_argument, NULL, 'n'},
                                            {0}};
    unsigned port = 8080;
    unsigned connections = 64;
    int option;

    run.wanted = 20000;
    while ((option = getopt_long(argc, argv, "p:c:n:", options, NULL)) != -1) {
        unsigned long value = optarg != NULL ? strtoul(optarg, NULL, 10) : 0;

        if (option == 'p')
            port = (unsigned)value;
        else if (option == 'c')
            connections = (unsigned)value;
        else if (option == 'n')
            run.wanted = value;
        else
            return 2;
    }
    if (optind + 1 != argc || run.wanted == 0 || connections == 0) {
        (void)fprintf(stderr, "usage: load --port N [--connections C] [--count N] "
                              "automatic|task|parallel|timers\n");
        return 2;
    }
    run.scenario = argv[optind];
    run.latencies_us = memory_zero(run.wanted, sizeof(int64_t));
    run.instance_started_us = memory_zero(connections, sizeof(int64_t));
    run.client.on_connected = on_connected;
    run.client.on_lost = on_lost;
    load_client_open(&run.client, uv_default_loop(), port, connections);
    (void)uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    deploy("bench_automatic", BENCH_AUTOMATIC);
    deploy("bench_task", BENCH_TASK);
    deploy("bench_timer", BENCH_TIMER);
    deploy("bench_parallel", BENCH_PARALLEL);
    if (strcmp(run.scenario, "parallel") == 0)
        start_parallel();
    run.due_us = clock_wall_us() + TIMER_LEAD_US + (int64_t)run.wanted * 200;
    run.started_us = clock_monotonic_us();
    for (unsigned i = 0; i < connections; i++)
        begin(&run.client.connections[i]);
    (void)uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    report();
    if (strcmp(run.scenario, "timers") == 0)
        wait_for_timers();
    text_deinit(&answer);
    load_client_close(&run.client);
    memory_free(run.latencies_us);
    memory_free(run.tasks);
    memory_free(run.instance_started_us);
    return 0;
}
