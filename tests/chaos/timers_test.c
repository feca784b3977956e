/* Timers through crashes, freezes, failovers and cuts: several nodes on one database are killed,
 * stopped and woken, PostgreSQL is taken away, one node's network is cut, and in the end each
 * firing is there exactly once, and none was early.
 *
 * The order of blows comes from a seed, which is printed:
 *
 *   SYNERGYFLOW_CHAOS_SEED=N      the same order again (default: a fixed one)
 *   SYNERGYFLOW_CHAOS_NODES=N     2 to 10 (default 3)
 *   SYNERGYFLOW_CHAOS_BLOWS=N     (default 14)
 *   SYNERGYFLOW_CHAOS_CUT_S=N     how long the network stays cut (default 3)
 */
#include "tests/command/proxy.h"
#include "tests/support/http_client.h"
#include "tests/support/postgres.h"
#include "tests/support/program.h"
#include "tests/system/load.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    NODES_MAX = 10,
    ONCE = 240,  /* instances with one timer */
    CYCLES = 40, /* instances with a cycle of CYCLE_FIRINGS */
    CYCLE_FIRINGS = 4,
    DRAIN_S = 90,
    FROZEN_MS = 3500, /* longer than a node may be silent, and than the grace */
};

#define MODEL                                                                                     \
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='chaos'>"   \
    "<process id='once' isExecutable='true'><startEvent id='s1'/>"                                \
    "<sequenceFlow id='f1' sourceRef='s1' targetRef='wait'/>"                                     \
    "<intermediateCatchEvent "                                                                    \
    "id='wait'><timerEventDefinition><timeDuration>${after}</timeDuration>"                       \
    "</timerEventDefinition></intermediateCatchEvent>"                                            \
    "<sequenceFlow id='f2' sourceRef='wait' targetRef='e1'/><endEvent id='e1'/></process>"        \
    "<process id='cycle' isExecutable='true'><startEvent id='s2'/>"                               \
    "<sequenceFlow id='g1' sourceRef='s2' targetRef='work'/><userTask id='work'/>"                \
    "<boundaryEvent id='tick' attachedToRef='work' cancelActivity='false'><timerEventDefinition>" \
    "<timeCycle>R4/PT2S</timeCycle></timerEventDefinition></boundaryEvent>"                       \
    "<sequenceFlow id='g2' sourceRef='tick' targetRef='ticked'/><endEvent id='ticked'/>"          \
    "<sequenceFlow id='g3' sourceRef='work' targetRef='e2'/><endEvent id='e2'/></process>"        \
    "</definitions>"

struct node {
    struct program program;
    const char *conninfo;
    bool frozen;
};

/* The network of the last node, on a thread of its own. */
static struct wire {
    uv_loop_t loop;
    uv_async_t changed;
    uv_thread_t thread;
    struct proxy *proxy;
    atomic_bool cut;
    atomic_bool ending;
} wire;

static struct test_cluster *cluster;
static struct test_database *database;
static struct node nodes[NODES_MAX];
static unsigned node_count;
static uint64_t seed;

static unsigned draw(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed % below);
}

static unsigned setting(const char *name, unsigned standard, unsigned minimum, unsigned maximum)
{
    const char *text = getenv(name);
    unsigned long value = text != NULL ? strtoul(text, NULL, 10) : standard;

    return value < minimum ? minimum : value > maximum ? maximum : (unsigned)value;
}

static void pause_ms(unsigned ms)
{
    (void)usleep(ms * 1000);
}

/* ---- the wire ---- */

static void on_changed(uv_async_t *async)
{
    (void)async;
    if (atomic_load(&wire.ending)) {
        proxy_free(wire.proxy);
        uv_close((uv_handle_t *)&wire.changed, NULL);
    } else if (atomic_load(&wire.cut)) {
        proxy_close(wire.proxy);
    } else {
        proxy_open(wire.proxy);
    }
}

static void run_wire(void *argument)
{
    (void)argument;
    (void)uv_run(&wire.loop, UV_RUN_DEFAULT);
}

static void begin_wire(void)
{
    assert_int_equal(uv_loop_init(&wire.loop), 0);
    assert_int_equal(uv_async_init(&wire.loop, &wire.changed, on_changed), 0);
    wire.proxy = proxy_new(&wire.loop, engine_conninfo(database));
    nodes[node_count - 1].conninfo = proxy_conninfo(wire.proxy);
    assert_int_equal(uv_thread_create(&wire.thread, run_wire, NULL), 0);
}

static void cut_wire(bool cut)
{
    atomic_store(&wire.cut, cut);
    (void)uv_async_send(&wire.changed);
}

static void end_wire(void)
{
    atomic_store(&wire.ending, true);
    (void)uv_async_send(&wire.changed);
    (void)uv_thread_join(&wire.thread);
    (void)uv_loop_close(&wire.loop);
}

/* ---- nodes ---- */

static void serve(struct node *node)
{
    program_serve(&node->program, node->conninfo, "SYNERGYFLOW_TIMER_SCAN_MS=1000");
    node->frozen = false;
}

static void wake_all(void)
{
    for (unsigned i = 0; i < node_count; i++) {
        if (nodes[i].frozen)
            program_signal(&nodes[i].program, SIGCONT);
        nodes[i].frozen = false;
    }
}

/* ---- blows ---- */

static void kill_one(void)
{
    struct node *node = &nodes[draw(node_count)];

    if (node->frozen)
        return;
    program_signal(&node->program, SIGKILL);
    (void)program_wait(&node->program);
    pause_ms(draw(600));
    serve(node);
}

static void freeze_one(void)
{
    struct node *node = &nodes[draw(node_count)];

    program_signal(&node->program, SIGSTOP);
    node->frozen = true;
    pause_ms(FROZEN_MS);
    wake_all();
}

static void restart_database(void)
{
    test_cluster_stop(cluster);
    pause_ms(200 + draw(800));
    test_cluster_start(cluster);
}

static void cut_network(void)
{
    cut_wire(true);
    pause_ms(1000 * setting("SYNERGYFLOW_CHAOS_CUT_S", 3, 1, 120));
    cut_wire(false);
}

static void drop_connections(void)
{
    (void)test_database_sql(database, "SELECT count(pg_terminate_backend(pid)) FROM"
                                      " pg_stat_activity WHERE usename = 'synergyflow_engine'");
}

static const struct {
    const char *name;
    void (*strike)(void);
    unsigned weight;
} blows[] = {
    {"kill -9", kill_one, 5},
    {"freeze", freeze_one, 2},
    {"restart PostgreSQL", restart_database, 2},
    {"cut the network", cut_network, 2},
    {"drop connections", drop_connections, 3},
};

static void strike_once(unsigned number)
{
    unsigned total = 0;
    unsigned at;

    for (size_t i = 0; i < sizeof blows / sizeof *blows; i++)
        total += blows[i].weight;
    at = draw(total);
    for (size_t i = 0; i < sizeof blows / sizeof *blows; i++) {
        if (at < blows[i].weight) {
            print_message("blow %u: %s\n", number, blows[i].name);
            blows[i].strike();
            return;
        }
        at -= blows[i].weight;
    }
}

/* ---- the truth ---- */

static void start_instances(void)
{
    char body[256];

    for (unsigned i = 0; i < ONCE; i++) {
        snprintf(body, sizeof(body),
                 "{\"processDefinitionKey\":\"once\",\"variables\":[{\"name\":\"after\",\"value\":"
                 "\"PT%u.%03uS\"}]}",
                 1 + draw(25), draw(1000));
        assert_int_equal(http_call(nodes[i % node_count].program.port, "POST",
                                   "/process-api/runtime/process-instances", body, NULL),
                         201);
    }
    for (unsigned i = 0; i < CYCLES; i++)
        assert_int_equal(http_call(nodes[i % node_count].program.port, "POST",
                                   "/process-api/runtime/process-instances",
                                   "{\"processDefinitionKey\":\"cycle\"}", NULL),
                         201);
}

static void wait_until_drained(void)
{
    time_t until = time(NULL) + DRAIN_S;

    while (strcmp(test_database_sql(database, "SELECT count(*) FROM synergyflow_workflows.timer"),
                  "0") != 0) {
        assert_true(time(NULL) < until);
        pause_ms(50);
    }
}

#define FIRINGS                                                                   \
    " FROM synergyflow_workflows.journal j, jsonb_array_elements(j.changes) AS c" \
    " WHERE c->>'c' = 'timer-fired'"

static void expect_sql(const char *sql, unsigned expected)
{
    char text[32];

    snprintf(text, sizeof(text), "%u", expected);
    assert_string_equal(test_database_sql(database, sql), text);
}

static void every_firing_takes_effect_once(void **state)
{
    unsigned count = setting("SYNERGYFLOW_CHAOS_BLOWS", 14, 1, 10000);

    (void)state;
    start_instances();
    for (unsigned i = 0; i < count; i++) {
        pause_ms(100 + draw(400));
        strike_once(i + 1);
    }
    wake_all();
    wait_until_drained();
    expect_sql("SELECT count(*) FROM synergyflow_workflows.process_instance WHERE status = 3",
               ONCE);
    expect_sql("SELECT count(*)" FIRINGS, ONCE + CYCLES * CYCLE_FIRINGS);
    expect_sql("SELECT count(*)" FIRINGS " AND (c->>'at')::bigint < (c->>'due')::bigint", 0);
    /* Each instance fires as often as its model says, at times of its own. */
    expect_sql(
        "SELECT count(*) FROM (SELECT j.instance_id, c->>'due' AS due, count(*) AS times" FIRINGS
        " GROUP BY 1, 2) AS f WHERE times <> 1",
        0);
    expect_sql("SELECT count(*) FROM (SELECT j.instance_id, count(*) AS times" FIRINGS
               " AND c->>'el' = 'tick' GROUP BY 1) AS f WHERE times <> 4",
               0);
    /* The journal of each instance is without a gap. */
    expect_sql("SELECT count(*) FROM (SELECT instance_id FROM synergyflow_workflows.journal"
               " GROUP BY 1 HAVING count(*) <> max(sequence)) AS broken",
               0);
}

static int start(void **state)
{
    (void)state;
    seed = setting("SYNERGYFLOW_CHAOS_SEED", 20261123, 1, UINT32_MAX);
    print_message("seed %" PRIu64 "\n", seed);
    node_count = setting("SYNERGYFLOW_CHAOS_NODES", 3, 2, NODES_MAX);
    cluster = test_cluster_new();
    (void)setenv("SYNERGYFLOW_TEST_PG", test_cluster_conninfo(cluster), 1);
    database = test_database_new(true);
    for (unsigned i = 0; i < node_count; i++)
        nodes[i].conninfo = engine_conninfo(database);
    begin_wire();
    for (unsigned i = 0; i < node_count; i++)
        serve(&nodes[i]);
    assert_int_equal(http_upload(nodes[0].program.port, "/process-api/repository/deployments",
                                 "chaos.bpmn", MODEL, NULL),
                     201);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    wake_all();
    for (unsigned i = 0; i < node_count; i++) {
        program_signal(&nodes[i].program, SIGTERM);
        assert_int_equal(program_wait(&nodes[i].program), 0);
    }
    end_wire();
    test_database_free(database);
    test_cluster_free(cluster);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_firing_takes_effect_once, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
