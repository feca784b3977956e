/* Timers under chaos: nodes killed, frozen past the grace and woken, cut from the database, and the
 * database itself restarted, at times that a seed chooses, while callers start instances, complete
 * tasks and move timers. When all is over, each timer has had exactly one effect: in the journal,
 * in the variables, in the tables of the modules and in their events.
 *
 * SYNERGYFLOW_CHAOS_SEED repeats a run's plan (which process wins a race does not repeat);
 * _NODES (2 to 10), _SECONDS, _FREEZE_MS and _CUT_MS make it longer and harder (docs/chaos.md). */
#include "tests/chaos/callers.h"
#include "tests/chaos/network.h"
#include "tests/chaos/plan.h"
#include "tests/chaos/truth.h"
#include "tests/support/http_client.h"
#include "tests/support/program.h"
#include "tests/system/load.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

/* Nodes find each other's timers by their scans: often here, so that they meet. */
#define SCAN_SETTING "SYNERGYFLOW_TIMER_SCAN_MS"
#define SCAN_MS      "400"

enum { SETTLE_TRIES = 4 }; /* waits of 30 s */

struct chaos {
    struct chaos_settings settings;
    struct chaos_shared *shared;
    struct test_cluster *cluster;
    struct test_database *database;
    struct program nodes[CHAOS_NODES_MAX];
    pid_t network;
    pid_t callers[CHAOS_CALLERS_MAX];
    unsigned caller_count;
    long long first_ms; /* monotonic: when the plan began */
    long long began_ms; /* and when it would have, without what took longer than planned */
    int64_t began_us;   /* wall */
};

static struct chaos chaos;

static long long now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t wall_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static uint64_t setting(const char *name, uint64_t fallback, uint64_t min, uint64_t max)
{
    const char *text = getenv(name);
    uint64_t value = text != NULL && text[0] != '\0' ? strtoull(text, NULL, 0) : fallback;

    if (value < min || value > max) {
        (void)fprintf(stderr, "chaos: expected %s from %llu to %llu but found '%s'\n", name,
                      (unsigned long long)min, (unsigned long long)max, text);
        exit(1);
    }
    return value;
}

static void read_settings(struct chaos_settings *settings)
{
    uint64_t seed = 0;

    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        seed = (uint64_t)now_ms();
    settings->seed = setting("SYNERGYFLOW_CHAOS_SEED", seed, 0, UINT64_MAX);
    settings->nodes = (unsigned)setting("SYNERGYFLOW_CHAOS_NODES", 3, 2, CHAOS_NODES_MAX);
    settings->seconds = (unsigned)setting("SYNERGYFLOW_CHAOS_SECONDS", 14, 1, 36000);
    settings->freeze_ms = (unsigned)setting("SYNERGYFLOW_CHAOS_FREEZE_MS", 4000, 1, 600000);
    settings->cut_ms = (unsigned)setting("SYNERGYFLOW_CHAOS_CUT_MS", 2500, 1, 600000);
    print_message("chaos: SYNERGYFLOW_CHAOS_SEED=0x%llx, %u nodes, faults for %u s\n",
                  (unsigned long long)settings->seed, settings->nodes, settings->seconds);
}

/* ---- the parts ---- */

static bool network_is_ready(void *context)
{
    (void)context;
    return chaos.shared->network_ready;
}

static void serve(unsigned node)
{
    program_serve(&chaos.nodes[node], chaos.shared->conninfos[node], NULL);
    chaos.shared->ports[node] = chaos.nodes[node].port;
}

static int start(void **state)
{
    (void)state;
    read_settings(&chaos.settings);
    (void)setenv(SCAN_SETTING, SCAN_MS, 1);
    chaos.shared = mmap(NULL, sizeof(*chaos.shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (chaos.shared == MAP_FAILED)
        return -1;
    /* A cluster of our own, for it is stopped; the database is made in it. */
    chaos.cluster = test_cluster_new();
    (void)setenv("SYNERGYFLOW_TEST_PG", test_cluster_conninfo(chaos.cluster), 1);
    chaos.database = test_database_new(true);
    chaos.network =
        network_start(chaos.shared, chaos.settings.nodes, engine_conninfo(chaos.database));
    assert_true(wait_until(network_is_ready, NULL));
    for (unsigned i = 0; i < chaos.settings.nodes; i++)
        serve(i);
    callers_deploy(chaos.nodes[0].port);
    chaos.caller_count = CHAOS_CALLERS_A_NODE * chaos.settings.nodes;
    for (unsigned i = 0; i < chaos.caller_count; i++)
        chaos.callers[i] = caller_start(chaos.shared, &chaos.settings, i);
    return 0;
}

static int stop(void **state)
{
    int result = 0;

    (void)state;
    for (unsigned i = 0; i < chaos.caller_count; i++) {
        if (chaos.callers[i] > 0) { /* the test failed before it waited for it */
            (void)kill(chaos.callers[i], SIGKILL);
            (void)waitpid(chaos.callers[i], NULL, 0);
        }
    }
    for (unsigned i = 0; i < chaos.settings.nodes; i++) {
        if (chaos.nodes[i].process > 0) {
            program_signal(&chaos.nodes[i], SIGCONT);
            program_signal(&chaos.nodes[i], SIGTERM);
            if (program_wait(&chaos.nodes[i]) != 0)
                result = -1;
        }
    }
    network_stop(chaos.network);
    test_database_free(chaos.database);
    test_cluster_free(chaos.cluster);
    (void)munmap(chaos.shared, sizeof(*chaos.shared));
    return result;
}

/* ---- faults ---- */

static void set_wire(unsigned node, enum wire_state state)
{
    chaos.shared->wires[node] = (int)state;
}

static void restart_database(unsigned away_ms)
{
    test_cluster_stop(chaos.cluster);
    (void)poll(NULL, 0, (int)away_ms);
    test_cluster_start(chaos.cluster);
}

static void kill_node(unsigned node)
{
    program_signal(&chaos.nodes[node], SIGKILL);
    chaos.shared->ports[node] = 0;
    /* 128 + SIGKILL, or it has ended before: a crash is what is looked for. */
    assert_int_equal(program_wait(&chaos.nodes[node]), 128 + SIGKILL);
}

static void do_event(const struct plan_event *event)
{
    print_message("%9.3f s  ", (double)(now_ms() - chaos.first_ms) / 1000);
    if (event->kind == FAULT_DATABASE)
        print_message("%s, away for %u ms\n", plan_word(event), event->lasts_ms);
    else
        print_message("node %u: %s\n", event->node, plan_word(event));
    switch (event->kind) {
    case FAULT_KILL:
        if (event->ends)
            serve(event->node);
        else
            kill_node(event->node);
        break;
    case FAULT_FREEZE:
        program_signal(&chaos.nodes[event->node], event->ends ? SIGCONT : SIGSTOP);
        break;
    case FAULT_CUT:
        set_wire(event->node, event->ends ? WIRE_OPEN : WIRE_CUT);
        break;
    case FAULT_SILENCE:
        set_wire(event->node, event->ends ? WIRE_OPEN : WIRE_SILENT);
        break;
    default:
        restart_database(event->lasts_ms);
        break;
    }
}

static void run_plan(void)
{
    struct plan *plan = plan_new(&chaos.settings);

    chaos.began_ms = chaos.first_ms = now_ms();
    chaos.began_us = wall_us();
    for (unsigned i = 0; i < plan->count; i++) {
        long long wait_ms = chaos.began_ms + plan->events[i].at_ms - now_ms();

        /* What a start or a restart took longer than planned puts off all that comes. */
        if (wait_ms > 0)
            (void)poll(NULL, 0, (int)wait_ms);
        else
            chaos.began_ms -= wait_ms;
        do_event(&plan->events[i]);
    }
    plan_free(plan);
}

/* ---- the end ---- */

static void end_callers(void)
{
    unsigned wrong = 0;

    chaos.shared->stop = true;
    for (unsigned i = 0; i < chaos.caller_count; i++) {
        const struct chaos_caller *caller = &chaos.shared->callers[i];
        int result = 0;

        assert_int_equal(waitpid(chaos.callers[i], &result, 0), chaos.callers[i]);
        chaos.callers[i] = 0;
        assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
        print_message("caller %u: %u rounds, %u refused, %u without answer\n", i,
                      caller->round_count, caller->refused, caller->lost);
        wrong += caller->wrong;
    }
    assert_int_equal(wrong, 0);
}

/* Timers that nobody came to move are fired by an operator. */
static void fire_the_far_ones(void)
{
    static const char next[] =
        "SELECT id FROM synergyflow_workflows.timer WHERE due_at BETWEEN now() + interval"
        " '1 hour' AND now() + interval '2 days' LIMIT 1";
    char path[128];

    for (;;) {
        const char *id = test_database_sql(chaos.database, next);

        if (id[0] == '\0')
            return;
        (void)snprintf(path, sizeof(path), "/process-api/management/timer-jobs/%s", id);
        assert_in_range(
            http_call(chaos.nodes[0].port, "POST", path, "{\"action\":\"execute\"}", NULL), 200,
            204);
    }
}

static bool is_settled(void *context)
{
    (void)context;
    return strcmp(test_database_sql(chaos.database, truth_unsettled), "0") == 0;
}

static void settle(void)
{
    fire_the_far_ones();
    for (int i = 0; i < SETTLE_TRIES; i++) {
        if (wait_until(is_settled, NULL))
            return;
    }
    /* The rules tell what it is that did not come to its end. */
    print_error("chaos: %s timers, jobs or instances have not come to their end\n",
                test_database_sql(chaos.database, truth_unsettled));
}

static void each_timer_takes_effect_once(void **state)
{
    (void)state;
    run_plan();
    end_callers();
    settle();
    truth_store(chaos.database, chaos.shared, chaos.caller_count);
    assert_int_equal(truth_broken(chaos.database, chaos.began_us), 0);
    assert_reconciled(chaos.database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_timer_takes_effect_once),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
