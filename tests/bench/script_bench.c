/* Scripts by themselves: on the caller's thread, and through the worker processes.
 *   script_bench [SECONDS]
 * Prints runs a second of three scripts, what the most expensive permitted script takes, and round
 * trips a second with 1 and with 64 requests in flight. */
#include "engine/base/clock.h"
#include "engine/script/script_pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const scripts[] = {
    "total = price * quantity",
    "let sum = 0; for (const line of order.lines) sum += line.price * line.count;\n"
    "order.total = sum; execution.setVariable('big', sum > 100);",
    "const open = order.lines.filter(l => l.count > 1).map(({name, count}) => `${name}: ${count}`);"
    "\nsummary = open.join(', ').toUpperCase();",
};

static const char *const endless[] = {
    "while (true) {}",
    "o = {}; for (var i = 0;; i++) o['k' + i] = i",
    "s = 'x'.repeat(200000); for (;;) s.length + s.charAt(199999)",
    "for (;;) JSON.parse(JSON.stringify(order))",
};

static const struct script_context context = {.process_instance_id = "bench",
                                              .store_assignments = true};
static int64_t seconds;
static json_t *variables;

static void fail(const char *what, const struct error *error)
{
    (void)fprintf(stderr, "script_bench: %s: %s\n", what, error->message);
    exit(1);
}

static void run_here(const char *source)
{
    static const struct script_limits limits = {SCRIPT_STEPS_DEFAULT, SCRIPT_MEMORY_DEFAULT};
    struct arena *arena = arena_new(16 * 1024 * 1024);
    int64_t start = clock_monotonic_us();
    int64_t end = start + seconds * 1000000;
    unsigned count = 0;

    while (clock_monotonic_us() < end) {
        struct script_result result;
        struct error error;

        if (script_run(source, variables, &context, &limits, arena, &result, &error) != STATUS_OK)
            fail(source, &error);
        script_result_deinit(&result);
        arena_clear(arena);
        count++;
    }
    arena_free(arena);
    (void)printf("%9.0f scripts/s on the thread: %.40s…\n",
                 count / ((double)(clock_monotonic_us() - start) / 1e6), source);
}

static void run_to_the_end(const char *source)
{
    static const struct script_limits limits = {SCRIPT_STEPS_DEFAULT, SCRIPT_MEMORY_DEFAULT};
    struct arena *arena = arena_new(16 * 1024 * 1024);
    struct script_result result;
    struct error error;
    int64_t start = clock_monotonic_us();
    enum status status = script_run(source, variables, &context, &limits, arena, &result, &error);

    (void)printf("%9.1f ms until %s: %s\n", (double)(clock_monotonic_us() - start) / 1000,
                 status_name(status), source);
    if (status == STATUS_OK)
        script_result_deinit(&result);
    arena_free(arena);
}

struct flight {
    struct script_pool *pool;
    uv_timer_t end;
    bool over;
    unsigned count;
    unsigned under_way;
};

static void ask(struct flight *flight, struct script_request *request);

static void on_done(struct script_request *request, enum status status,
                    const struct script_result *result, const struct error *error)
{
    struct flight *flight = request->data;

    (void)result;
    if (status != STATUS_OK)
        fail("a worker", error);
    flight->count++;
    flight->under_way--;
    if (!flight->over)
        ask(flight, request);
    else if (flight->under_way == 0)
        script_pool_close(flight->pool, NULL, NULL);
}

static void ask(struct flight *flight, struct script_request *request)
{
    struct error error;

    *request = (struct script_request){.source = scripts[1],
                                       .variables = variables,
                                       .context = context,
                                       .on_done = on_done,
                                       .data = flight};
    if (script_pool_submit(flight->pool, request, &error) != STATUS_OK)
        fail("submit", &error);
    flight->under_way++;
}

static void on_end(uv_timer_t *timer)
{
    struct flight *flight = timer->data;

    flight->over = true;
    uv_close((uv_handle_t *)timer, NULL);
}

static void run_in_workers(unsigned in_flight)
{
    struct script_request *requests = calloc(in_flight, sizeof(*requests));
    struct flight flight = {0};
    uv_loop_t loop;

    if (requests == NULL || uv_loop_init(&loop) != 0)
        exit(1);
    flight.pool = script_pool_new(&loop, &(struct script_pool_options){.argument = "worker"});
    (void)uv_timer_init(&loop, &flight.end);
    flight.end.data = &flight;
    (void)uv_timer_start(&flight.end, on_end, (uint64_t)seconds * 1000, 0);
    for (unsigned i = 0; i < in_flight; i++)
        ask(&flight, &requests[i]);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
    free(requests);
    (void)printf("%9.0f round trips/s through 2 workers, %u in flight\n",
                 flight.count / (double)seconds, in_flight);
}

int main(int count, char **arguments)
{
    if (count > 1 && strcmp(arguments[1], "worker") == 0)
        return script_worker_main();
    seconds = count > 1 ? atoi(arguments[1]) : 2;
    variables = json_loads("{\"price\": 19.99, \"quantity\": 3, \"order\": {\"id\": 1, \"lines\": ["
                           "{\"name\": \"a\", \"price\": 2.5, \"count\": 4},"
                           "{\"name\": \"b\", \"price\": 10, \"count\": 1},"
                           "{\"name\": \"c\", \"price\": 99.9, \"count\": 2}]}}",
                           0, NULL);
    for (size_t i = 0; i < COUNT_OF(scripts); i++)
        run_here(scripts[i]);
    for (size_t i = 0; i < COUNT_OF(endless); i++)
        run_to_the_end(endless[i]);
    run_in_workers(1);
    run_in_workers(64);
    json_decref(variables);
    return 0;
}
