/* The command queue alone, without HTTP: how many instances a second the engine and PostgreSQL
 * carry from start to end.
 *   command_bench [SECONDS] [IN_FLIGHT] [PREPARED]
 * The database is a fresh one on the cluster that SYNERGYFLOW_TEST_PG names (its user a
 * superuser), or on the tests' private cluster; whether that one syncs its commits is printed. */
#include "engine/base/identity.h"
#include "engine/base/log.h"
#include "engine/command/command.h"
#include "tests/bench/models.h"
#include "tests/support/postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IN_FLIGHT_MAX = 4096, ARENA_BYTES = 16 * 1024 * 1024, CONNECTIONS = 4 };

struct bench;

/* One caller: asks, and asks again when it is answered. */
struct caller {
    struct command command;
    struct bench *bench;
    char key[32];
    bool started; /* the instance waits at its task */
};

struct bench {
    uv_loop_t loop;
    uv_timer_t end;
    struct identity_source identity;
    struct registry registry;
    struct pg_pool *pool;
    struct definition_cache *definitions;
    struct command_queue *queue;
    struct caller *callers;
    unsigned in_flight;
    json_t *variables;
    bool with_task;
    bool over;
    unsigned pending;
    uint64_t ended;
    uint64_t serial;
};

static void fail(const char *what, const struct error *error)
{
    (void)fprintf(stderr, "command_bench: %s: %s\n", what, error->message);
    exit(1);
}

static void ask(struct caller *caller);

static void on_done(struct command *command, enum status status, const struct error *error)
{
    struct caller *caller = command->context;
    struct bench *bench = caller->bench;

    if (status != STATUS_OK)
        fail("a command failed", error);
    bench->pending--;
    if (command->result->status == BPMN_INSTANCE_COMPLETED)
        bench->ended++;
    caller->started = bench->with_task && !caller->started;
    if (!bench->over)
        ask(caller);
    else if (bench->pending == 0)
        uv_stop(&bench->loop);
}

static void ask(struct caller *caller)
{
    struct bench *bench = caller->bench;
    struct error error;

    memset(&caller->command, 0, sizeof(caller->command));
    caller->command.on_done = on_done;
    caller->command.context = caller;
    if (caller->started) {
        caller->command.kind = COMMAND_STEP;
        caller->command.step = BPMN_COMPLETE_TASK;
        caller->command.address = ADDRESS_BUSINESS_KEY;
        caller->command.name = "work";
    } else {
        (void)snprintf(caller->key, sizeof(caller->key), "B-%llu",
                       (unsigned long long)++bench->serial);
        caller->command.kind = COMMAND_START;
        caller->command.definition_key = bench->with_task ? "bench_task" : "bench_automatic";
        caller->command.variables = bench->variables;
    }
    caller->command.business_key = caller->key;
    bench->pending++;
    if (command_submit(bench->queue, &caller->command, &error) != STATUS_OK)
        fail("a command was refused", &error);
}

static void on_end(uv_timer_t *timer)
{
    struct bench *bench = timer->data;

    bench->over = true;
}

static void run(struct bench *bench, const char *title, bool with_task, double seconds)
{
    uint64_t begun_ns = uv_hrtime();
    double took;

    bench->with_task = with_task;
    bench->over = false;
    bench->ended = 0;
    (void)uv_timer_start(&bench->end, on_end, (uint64_t)(seconds * 1000), 0);
    for (unsigned i = 0; i < bench->in_flight; i++) {
        bench->callers[i].bench = bench;
        bench->callers[i].started = false;
        ask(&bench->callers[i]);
    }
    while (bench->pending > 0)
        (void)uv_run(&bench->loop, UV_RUN_DEFAULT);
    took = (double)(uv_hrtime() - begun_ns) / 1e9;
    printf("%-44s %4u in flight %9.0f instances/s\n", title, bench->in_flight,
           (double)bench->ended / took);
    (void)fflush(stdout);
}

static void on_deployed(struct deployment *deployment, enum status status,
                        const struct error *error)
{
    struct bench *bench = deployment->context;

    if (status != STATUS_OK)
        fail("deploying", error);
    uv_stop(&bench->loop);
}

static void deploy(struct bench *bench)
{
    static const struct deployment_resource resources[] = {
        {"automatic.bpmn", BENCH_AUTOMATIC, sizeof(BENCH_AUTOMATIC) - 1},
        {"task.bpmn", BENCH_TASK, sizeof(BENCH_TASK) - 1},
    };
    struct deployment deployment = {.resources = resources,
                                    .resource_count = COUNT_OF(resources),
                                    .on_done = on_deployed,
                                    .context = bench,
                                    .arena = arena_new(ARENA_BYTES)};

    deployment_create(bench->definitions, &bench->identity.source, &deployment);
    (void)uv_run(&bench->loop, UV_RUN_DEFAULT);
    arena_free(deployment.arena);
}

static void build(struct bench *bench, struct test_database *database, bool prepared)
{
    struct pg_pool_settings pool = {.conninfo =
                                        test_database_conninfo_as(database, "synergyflow_engine"),
                                    .connections = CONNECTIONS,
                                    .prepared_statements = prepared,
                                    .waiting_max = CONNECTIONS};
    struct command_queue_settings queue = {.loop = &bench->loop,
                                           .registry = &bench->registry,
                                           .ids = &bench->identity.source,
                                           .lanes = COMMAND_LANES_DEFAULT,
                                           .batch_max = COMMAND_BATCH_DEFAULT,
                                           .waiting_max = COMMAND_WAITING_DEFAULT};

    (void)uv_loop_init(&bench->loop);
    (void)uv_timer_init(&bench->loop, &bench->end);
    bench->end.data = bench;
    identity_init(&bench->identity);
    bench->pool = pg_pool_new(&bench->loop, &pool);
    bench->definitions = definition_cache_new(&bench->loop, bench->pool);
    queue.pool = bench->pool;
    queue.definitions = bench->definitions;
    bench->queue = command_queue_new(&queue);
    bench->callers = calloc(bench->in_flight, sizeof(*bench->callers));
    if (bench->callers == NULL)
        abort();
    bench->variables = json_pack("{s:i}", "amount", 21);
}

static void take_apart(struct bench *bench)
{
    command_queue_free(bench->queue);
    definition_cache_free(bench->definitions);
    pg_pool_close(bench->pool, NULL, NULL);
    uv_close((uv_handle_t *)&bench->end, NULL);
    (void)uv_run(&bench->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&bench->loop);
    json_decref(bench->variables);
    free(bench->callers);
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    double seconds = argc > 1 ? atof(argv[1]) : 3.0;
    int in_flight = argc > 2 ? atoi(argv[2]) : 256;
    struct test_database *database;

    if (seconds <= 0 || in_flight < 1 || in_flight > IN_FLIGHT_MAX) {
        (void)fprintf(stderr, "usage: command_bench [SECONDS] [IN_FLIGHT, 1 to %d] [PREPARED]\n",
                      IN_FLIGHT_MAX);
        return 2;
    }
    log_set_level(LOG_WARNING);
    bench.in_flight = (unsigned)in_flight;
    database = test_database_new(true);
    printf("fsync=%s ", test_database_sql(database, "SHOW fsync"));
    printf("synchronous_commit=%s\n", test_database_sql(database, "SHOW synchronous_commit"));
    build(&bench, database, argc > 3);
    deploy(&bench);
    run(&bench, "start to end of five automatic steps", false, seconds);
    run(&bench, "start, complete one user task", true, seconds);
    take_apart(&bench);
    test_database_free(database);
    return 0;
}
