/* Nodes that share one database's timers, and the database's clock that they go by.
 *
 * This program's wall clock can be set wrong (the linker wraps clock_wall_us): what counts is what
 * PostgreSQL's clock says. */
#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/timer/timer_service.h"
#include "tests/command/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { KEYS = 20000, TIMERS = 120 };

int64_t __real_clock_wall_us(void);
int64_t __wrap_clock_wall_us(void);

static int64_t wall_error_us;

int64_t __wrap_clock_wall_us(void)
{
    return __real_clock_wall_us() + wall_error_us;
}

static uint64_t seed = 20261123;

static uint64_t draw(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

/* ---- the clock ---- */

/* Whatever the delays: never ahead, and not further behind than the best answer and the drift say.
 */
static void the_estimate_is_never_ahead(void **state)
{
    struct database_clock clock = {0};
    int64_t offset_us = 77 * INT64_C(1000000);
    int64_t now_us = 1000;
    int64_t best_us = INT64_MAX;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        int64_t sent_us = now_us;
        int64_t there_us = sent_us + (int64_t)draw(i % 100 == 0 ? 50 : 20000);
        int64_t received_us = there_us + (int64_t)draw(i % 100 == 0 ? 50 : 20000);

        database_clock_sample(&clock, sent_us, there_us + offset_us, received_us);
        best_us = i % 100 == 0 ? received_us - sent_us : best_us;
        now_us = received_us + (int64_t)draw(5000);
        assert_true(database_clock_at_least_us(&clock, now_us) <= now_us + offset_us);
        /* a hundred answers take up to five seconds */
        assert_true(database_clock_at_least_us(&clock, now_us) >=
                    now_us + offset_us - best_us - 5 * 600 - 200);
        assert_true(database_clock_uncertainty_us(&clock, now_us) <= best_us + 5 * 600 + 200);
    }
    assert_int_equal(clock.jumps, 0);
}

static void clocks_that_drift_are_followed(void **state)
{
    struct database_clock clock = {0};
    double rate = 1.0 - 300e-6; /* the database's clock is slow */

    (void)state;
    for (int64_t now_us = 0; now_us < 600 * INT64_C(1000000); now_us += 500000) {
        int64_t database_us = (int64_t)((double)now_us * rate);

        database_clock_sample(&clock, now_us - 100, database_us, now_us + 100);
        assert_true(database_clock_at_least_us(&clock, now_us + 400000) <=
                    (int64_t)((double)(now_us + 400000) * rate));
    }
    assert_int_equal(clock.jumps, 0);
}

static void a_clock_that_is_set_back_is_noticed(void **state)
{
    struct database_clock clock = {0};

    (void)state;
    database_clock_sample(&clock, 1000, 5001000, 1100);
    assert_int_equal(database_clock_at_least_us(&clock, 1100), 5001000);
    database_clock_sample(&clock, 2000, 4002000, 2100);
    assert_int_equal(clock.jumps, 1);
    assert_int_equal(database_clock_at_least_us(&clock, 2100), 4002000);
}

/* ---- shares ---- */

static void fill(struct uuid *uuid)
{
    for (size_t i = 0; i < sizeof(uuid->bytes); i++)
        uuid->bytes[i] = (uint8_t)draw(256);
}

static uint32_t owner_of(const struct uuid *nodes, uint32_t count, const struct uuid *key)
{
    uint32_t owner = UINT32_MAX;

    for (uint32_t n = 0; n < count; n++) {
        struct uuid others[NODES_MAX];
        uint32_t other_count = 0;

        for (uint32_t i = 0; i < count; i++) {
            if (i != n)
                others[other_count++] = nodes[i];
        }
        if (!nodes_draws_highest(&nodes[n], others, other_count, key))
            continue;
        assert_int_equal(owner, UINT32_MAX);
        owner = n;
    }
    assert_int_not_equal(owner, UINT32_MAX);
    return owner;
}

static void each_instance_has_one_owner_and_shares_are_even(void **state)
{
    struct uuid nodes[5];
    uint32_t shares[5] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(nodes); i++)
        fill(&nodes[i]);
    for (int i = 0; i < KEYS; i++) {
        struct uuid key;
        uint32_t owner;

        fill(&key);
        owner = owner_of(nodes, 5, &key);
        shares[owner]++;
        if (owner != 4)
            assert_int_equal(owner_of(nodes, 4, &key),
                             owner); /* one that leaves moves only its own */
    }
    for (size_t i = 0; i < COUNT_OF(shares); i++)
        assert_in_range(shares[i], KEYS / 5 * 9 / 10, KEYS / 5 * 11 / 10);
}

/* ---- over a database ---- */

struct node {
    struct database_clock clock;
    struct nodes *nodes;
    struct timer_service *timers;
    bool known;
    bool left;
};

static struct node nodes[2];
static struct database_clock queue_clock;

static void on_changed(void *context)
{
    struct node *node = context;

    if (node->timers != NULL)
        timer_service_nodes_changed(node->timers);
}

static void on_known(void *context)
{
    *(bool *)context = true;
}

static bool is_set(void *context)
{
    return *(bool *)context;
}

static void join(struct node *node, const char *name)
{
    memset(node, 0, sizeof(*node));
    node->nodes = nodes_new(&(struct nodes_settings){.loop = &parts.loop,
                                                     .pool = parts.pool,
                                                     .clock = &node->clock,
                                                     .id = uuid_next(&parts.identity.source),
                                                     .name = name,
                                                     .on_changed = on_changed,
                                                     .context = node});
    nodes_start(node->nodes, on_known, &node->known);
    run_until(is_set, &node->known);
}

static void begin_timers(struct node *node)
{
    struct timer_service_settings settings = {.loop = &parts.loop,
                                              .pool = parts.pool,
                                              .look_ahead_ms = 60000,
                                              .scan_interval_ms = 500,
                                              .in_memory_max = 1000,
                                              .in_flight_max = 64,
                                              .clock = &node->clock,
                                              .nodes = node->nodes};

    node->timers = timer_service_new(&settings);
    timer_service_start(node->timers, parts.queue);
}

static void leave(struct node *node)
{
    bool stopped = false;

    if (node->timers != NULL) {
        timer_service_stop(node->timers, on_known, &stopped);
        run_until(is_set, &stopped);
        timer_service_free(node->timers);
        node->timers = NULL;
    }
    if (node->nodes != NULL) {
        nodes_stop(node->nodes, on_known, &node->left);
        run_until(is_set, &node->left);
        nodes_free(node->nodes);
        node->nodes = NULL;
    }
}

/* The truth about each firing is what the database's clock shows when the row goes. */
static const char truth[] =
    "CREATE TABLE synergyflow_workflows.truth (id uuid, margin interval);"
    "GRANT INSERT ON synergyflow_workflows.truth TO PUBLIC;"
    "CREATE FUNCTION synergyflow_workflows.witness() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN INSERT INTO synergyflow_workflows.truth VALUES (OLD.id, clock_timestamp() -"
    " OLD.due_at); RETURN OLD; END';"
    "CREATE TRIGGER witness BEFORE DELETE ON synergyflow_workflows.timer FOR EACH ROW EXECUTE"
    " FUNCTION synergyflow_workflows.witness()";

static int set_up_nodes(void **state)
{
    static const char model[] =
        "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='t'>"
        "<process id='timed' isExecutable='true'><startEvent id='s'/>"
        "<sequenceFlow id='f1' sourceRef='s' targetRef='wait'/>"
        "<intermediateCatchEvent id='wait'><timerEventDefinition><timeDate>${due}</timeDate>"
        "</timerEventDefinition></intermediateCatchEvent>"
        "<sequenceFlow id='f2' sourceRef='wait' targetRef='e'/><endEvent id='e'/>"
        "</process></definitions>";
    int result;

    memset(&queue_clock, 0, sizeof(queue_clock));
    parts.clock = &queue_clock;
    result = set_up(state);
    deploy(model);
    (void)test_database_sql(parts.database, truth);
    return result;
}

static int tear_down_nodes(void **state)
{
    wall_error_us = 0;
    for (size_t i = 0; i < COUNT_OF(nodes); i++)
        leave(&nodes[i]);
    parts.clock = NULL;
    return tear_down(state);
}

/* By the real clock, which is the database's here. */
static void ask_timed(struct asked *asked, int64_t after_us)
{
    char due[ISO8601_INSTANT_BYTES];

    memset(asked, 0, sizeof(*asked));
    asked->command.kind = COMMAND_START;
    asked->command.definition_key = "timed";
    asked->variables = json_pack("{s:s}", "due",
                                 iso8601_format_instant_us(__real_clock_wall_us() + after_us, due));
    submit(asked);
}

static bool all_ended(void *context)
{
    return strcmp(test_database_sql(parts.database,
                                    "SELECT count(*) FROM synergyflow_workflows.process_instance"
                                    " WHERE status = 3"),
                  context) == 0;
}

static void skewed(int64_t error_us)
{
    struct asked asked[20];
    char count[] = "20";

    wall_error_us = error_us;
    join(&nodes[0], "one");
    begin_timers(&nodes[0]);
    for (size_t i = 0; i < COUNT_OF(asked); i++)
        ask_timed(&asked[i], 300000 + (int64_t)(i % 7) * 11000);
    run();
    run_until(all_ended, count);
    assert_sql("SELECT count(*) FROM synergyflow_workflows.truth", "20");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.truth WHERE margin < interval '0'", "0");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.journal j,"
               " jsonb_array_elements(j.changes) c WHERE c->>'c' = 'timer-fired'"
               " AND (c->>'at')::bigint < (c->>'due')::bigint",
               "0");
    leave(&nodes[0]);
}

static void a_node_whose_clock_is_ahead_fires_nothing_early(void **state)
{
    (void)state;
    skewed(10 * INT64_C(1000000));
}

/* And one that is behind, by an hour, does not make anybody wait for it. */
static void a_node_whose_clock_is_behind_fires_on_time(void **state)
{
    (void)state;
    skewed(-3600 * INT64_C(1000000));
}

static void a_jump_of_the_wall_clock_changes_nothing(void **state)
{
    struct asked asked[10];
    char count[] = "10";

    (void)state;
    join(&nodes[0], "one");
    begin_timers(&nodes[0]);
    for (size_t i = 0; i < COUNT_OF(asked); i++)
        ask_timed(&asked[i], 400000);
    run();
    wall_error_us = 86400 * INT64_C(1000000);
    run_until(all_ended, count);
    assert_sql("SELECT count(*) FROM synergyflow_workflows.truth WHERE margin < interval '0'", "0");
}

static bool sees_two(void *context)
{
    (void)context;
    return nodes_count(nodes[0].nodes) == 2 && nodes_count(nodes[1].nodes) == 2;
}

static bool is_alone(void *context)
{
    return nodes_count(((struct node *)context)->nodes) == 1;
}

static void nodes_see_each_other_come_and_go(void **state)
{
    (void)state;
    join(&nodes[0], "one");
    assert_int_equal(nodes_count(nodes[0].nodes), 1);
    join(&nodes[1], "two");
    run_until(sees_two, NULL);
    leave(&nodes[1]);
    run_until(is_alone, &nodes[0]);
    assert_true(nodes_changed_within(nodes[0].nodes, 60000));
    /* One that died leaves a row, and who comes back in its place replaces it. */
    (void)test_database_sql(parts.database,
                            "INSERT INTO synergyflow_workflows.engine_node VALUES"
                            " (gen_random_uuid(), 'two', now(), clock_timestamp())");
    join(&nodes[1], "two");
    assert_int_equal(nodes_count(nodes[1].nodes), 2);
    assert_sql("SELECT count(*) FROM synergyflow_workflows.engine_node", "2");
}

static double gone(void)
{
    static const char name[] = "\nsynergyflow_timers_gone_total ";
    struct text page = TEXT_INIT;
    const char *at;
    double value;

    metrics_write(&page);
    at = strstr(text_string(&page), name);
    assert_non_null(at);
    value = strtod(at + sizeof(name) - 1, NULL);
    text_deinit(&page);
    return value;
}

/* Timers that were armed long ago, due while both are there: each is looked at by one of them. */
static void two_nodes_visit_each_timer_once(void **state)
{
    struct asked asked[TIMERS];
    char count[16];
    double before;

    (void)state;
    snprintf(count, sizeof(count), "%d", TIMERS);
    for (size_t i = 0; i < TIMERS; i++) {
        ask_timed(&asked[i], 20 * INT64_C(1000000));
        run();
    }
    join(&nodes[0], "one");
    join(&nodes[1], "two");
    run_until(sees_two, NULL);
    (void)test_database_sql(parts.database,
                            "UPDATE synergyflow_workflows.timer SET created_at = now() - interval"
                            " '1 day'");
    /* The row says when; the state, which the step checks, has to agree. */
    (void)test_database_sql(
        parts.database,
        "UPDATE synergyflow_workflows.process_instance SET state = replace(state::text, ("
        " SELECT (extract(epoch FROM due_at) * 1000000)::bigint::text FROM"
        " synergyflow_workflows.timer t WHERE t.instance_id = process_instance.id),"
        " (extract(epoch FROM now() + interval '1.5 seconds') * 1000000)::bigint::text)::jsonb;"
        "UPDATE synergyflow_workflows.timer SET due_at = now() + interval '1.5 seconds'");
    begin_timers(&nodes[0]);
    begin_timers(&nodes[1]);
    before = gone();
    run_until(all_ended, count);
    assert_true(gone() - before < 0.5);
    assert_sql("SELECT count(*) FROM synergyflow_workflows.truth WHERE margin < interval '0'", "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_estimate_is_never_ahead),
        cmocka_unit_test(clocks_that_drift_are_followed),
        cmocka_unit_test(a_clock_that_is_set_back_is_noticed),
        cmocka_unit_test(each_instance_has_one_owner_and_shares_are_even),
        cmocka_unit_test_setup_teardown(a_node_whose_clock_is_ahead_fires_nothing_early,
                                        set_up_nodes, tear_down_nodes),
        cmocka_unit_test_setup_teardown(a_node_whose_clock_is_behind_fires_on_time, set_up_nodes,
                                        tear_down_nodes),
        cmocka_unit_test_setup_teardown(a_jump_of_the_wall_clock_changes_nothing, set_up_nodes,
                                        tear_down_nodes),
        cmocka_unit_test_setup_teardown(nodes_see_each_other_come_and_go, set_up_nodes,
                                        tear_down_nodes),
        cmocka_unit_test_setup_teardown(two_nodes_visit_each_timer_once, set_up_nodes,
                                        tear_down_nodes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
