/* The timer service over a real PostgreSQL and a real queue: each timer takes effect exactly once,
 * whoever finds it, and none is lost when its effect fails. */
#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/timer/timer_service.h"
#include "tests/command/fixture.h"

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* `due` is when it fires; what follows fails as long as `ready` is no variable. */
static const char timed_model[] =
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'"
    " xmlns:flowable='http://flowable.org/bpmn' targetNamespace='t'>"
    "<process id='timed' isExecutable='true'><startEvent id='s'/>"
    "<sequenceFlow id='f1' sourceRef='s' targetRef='wait'/>"
    "<intermediateCatchEvent id='wait'><timerEventDefinition><timeDate>${due}</timeDate>"
    "</timerEventDefinition></intermediateCatchEvent>"
    "<sequenceFlow id='f2' sourceRef='wait' targetRef='use'/>"
    "<serviceTask id='use' flowable:expression='${ready}' flowable:resultVariable='used'/>"
    "<sequenceFlow id='f3' sourceRef='use' targetRef='e'/><endEvent id='e'/>"
    "</process></definitions>";

/* Three reminders while a task waits. */
static const char cycle_model[] =
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='t'>"
    "<process id='cycle' isExecutable='true'><startEvent id='s'/>"
    "<sequenceFlow id='f1' sourceRef='s' targetRef='work'/><userTask id='work'/>"
    "<boundaryEvent id='remind' attachedToRef='work' cancelActivity='false'>"
    "<timerEventDefinition><timeCycle>R3/PT0.05S</timeCycle></timerEventDefinition>"
    "</boundaryEvent>"
    "<sequenceFlow id='f2' sourceRef='remind' targetRef='reminded'/><endEvent id='reminded'/>"
    "<sequenceFlow id='f3' sourceRef='work' targetRef='e'/><endEvent id='e'/>"
    "</process></definitions>";

static struct timer_service *timers;

static void on_armed(void *context, const struct uuid *id, const struct uuid *instance_id,
                     int64_t due_us)
{
    (void)context;
    if (timers != NULL)
        timer_service_armed(timers, id, instance_id, due_us);
}

static void on_removed(void *context, const struct uuid *id, int64_t due_us)
{
    (void)context;
    if (timers != NULL)
        timer_service_removed(timers, id, due_us);
}

static int set_up_timed(void **state)
{
    int result = set_up(state);

    deploy(timed_model);
    deploy(cycle_model);
    parts.effects.timer_armed = on_armed;
    parts.effects.timer_removed = on_removed;
    connect_to(test_database_conninfo_as(parts.database, "synergyflow_engine"));
    return result;
}

static void start_timers(uint32_t in_memory_max, uint32_t scan_interval_ms)
{
    struct timer_service_settings settings = {.loop = &parts.loop,
                                              .pool = parts.pool,
                                              .look_ahead_ms = 60000,
                                              .scan_interval_ms = scan_interval_ms,
                                              .in_memory_max = in_memory_max,
                                              .in_flight_max = 4};

    timers = timer_service_new(&settings);
    timer_service_start(timers, parts.queue);
}

static void on_stopped(void *context)
{
    *(bool *)context = true;
}

static bool is_set(void *context)
{
    return *(bool *)context;
}

static void stop_timers(void)
{
    bool stopped = false;

    timer_service_stop(timers, on_stopped, &stopped);
    run_until(is_set, &stopped);
    timer_service_free(timers);
    timers = NULL;
}

static int tear_down_timed(void **state)
{
    if (timers != NULL)
        stop_timers();
    return tear_down(state);
}

static void ask_timed(struct asked *asked, int64_t due_us, bool ready)
{
    char due[ISO8601_INSTANT_BYTES];

    memset(asked, 0, sizeof(*asked));
    asked->command.kind = COMMAND_START;
    asked->command.definition_key = "timed";
    asked->variables = json_pack("{s:s}", "due", iso8601_format_instant_us(due_us, due));
    if (ready)
        (void)json_object_set_new(asked->variables, "ready", json_true());
    submit(asked);
}

struct expectation {
    const char *sql;
    const char *expected;
};

static bool holds(void *context)
{
    const struct expectation *expectation = context;

    return strcmp(test_database_sql(parts.database, expectation->sql), expectation->expected) == 0;
}

static void run_until_sql(const char *sql, const char *expected)
{
    struct expectation expectation = {sql, expected};

    run_until(holds, &expectation);
}

static const char ended[] =
    "SELECT count(*) FROM synergyflow_workflows.process_instance WHERE status = 3";
static const char fired[] = "SELECT count(*) FROM synergyflow_workflows.journal j,"
                            " jsonb_array_elements(j.changes) c WHERE c->>'c' = 'timer-fired'";
static const char early[] = "SELECT count(*) FROM synergyflow_workflows.journal j,"
                            " jsonb_array_elements(j.changes) c WHERE c->>'c' = 'timer-fired'"
                            " AND (c->>'at')::bigint < (c->>'due')::bigint";
static const char left[] = "SELECT count(*) FROM synergyflow_workflows.timer";

/* Firings that failed so far; one before its time is such, since the step refuses it. */
static double failed_firings(void)
{
    static const char name[] = "\nsynergyflow_timers_failed_total ";
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

/* ---- tests ---- */

static void an_armed_timer_fires_once_and_not_early(void **state)
{
    struct asked asked[20];
    double failed;

    (void)state;
    start_timers(100, 60000);
    failed = failed_firings();
    for (size_t i = 0; i < COUNT_OF(asked); i++)
        ask_timed(&asked[i], clock_wall_us() + 50000 + (int64_t)(i % 5) * 10000, true);
    run();
    run_until_sql(ended, "20");
    assert_sql(fired, "20");
    assert_sql(early, "0");
    assert_sql(left, "0");
    assert_true(failed_firings() - failed < 0.5);
}

/* Nobody was there when they were due. */
static void timers_that_fell_due_without_it_are_found(void **state)
{
    struct asked asked[20];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(asked); i++)
        ask_timed(&asked[i], clock_wall_us() - 1000000, true);
    run();
    assert_sql(left, "20");
    start_timers(100, 60000);
    run_until_sql(ended, "20");
    assert_sql(fired, "20");
    assert_sql(left, "0");
}

/* What memory does not hold is found by later scans. */
static void more_timers_than_memory_holds_all_fire(void **state)
{
    struct asked asked[30];

    (void)state;
    start_timers(2, 20);
    for (size_t i = 0; i < COUNT_OF(asked); i++)
        ask_timed(&asked[i], clock_wall_us() + 30000, true);
    run();
    run_until_sql(ended, "30");
    assert_sql(fired, "30");
    assert_sql(early, "0");
}

static void a_cycle_fires_as_often_as_it_says(void **state)
{
    struct asked asked = {0};

    (void)state;
    start_timers(100, 60000);
    asked.command.kind = COMMAND_START;
    asked.command.definition_key = "cycle";
    submit(&asked);
    run();
    run_until_sql(fired, "3");
    run_until_sql(left, "0");
    assert_sql(early, "0");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.task WHERE status = 1", "1");
    assert_sql("SELECT revision FROM synergyflow_workflows.process_instance", "4");
}

/* The instance stays as it was, the row says why and when it is tried again. */
static void a_timer_whose_effect_fails_is_put_off(void **state)
{
    struct asked started;
    struct asked corrected = {0};

    (void)state;
    start_timers(100, 60000);
    ask_timed(&started, clock_wall_us() - 1000, false);
    run();
    run_until_sql("SELECT attempts FROM synergyflow_workflows.timer", "1");
    assert_sql("SELECT last_error LIKE '%ready%' AND due_at > now()"
               " FROM synergyflow_workflows.timer",
               "t");
    assert_sql("SELECT format('%s %s', status, revision)"
               " FROM synergyflow_workflows.process_instance",
               "1 1");
    stop_timers();

    /* Corrected, and looked at by another node: it goes on from there. */
    corrected.command.kind = COMMAND_STEP;
    corrected.command.step = BPMN_SET_VARIABLES;
    corrected.command.address = ADDRESS_INSTANCE;
    corrected.command.target = started.instance_id;
    corrected.variables = json_pack("{s:b}", "ready", 1);
    submit(&corrected);
    run();
    assert_int_equal(corrected.status, STATUS_OK);
    (void)test_database_sql(parts.database,
                            "UPDATE synergyflow_workflows.timer SET due_at = now()");
    start_timers(100, 60000);
    run_until_sql(ended, "1");
    assert_sql(fired, "1");
    assert_sql(left, "0");
}

/* A row that its instance no longer waits for goes, and does nothing. */
static void a_stale_row_is_removed(void **state)
{
    struct asked asked;

    (void)state;
    ask_timed(&asked, clock_wall_us() + 3600 * INT64_C(1000000), true);
    run();
    (void)test_database_sql(
        parts.database,
        "INSERT INTO synergyflow_workflows.timer (id, instance_id, execution_id, definition_id,"
        " element_id, due_at, created_at) SELECT gen_random_uuid(), instance_id, execution_id,"
        " definition_id, element_id, now() - interval '1 hour', now()"
        " FROM synergyflow_workflows.timer UNION ALL SELECT gen_random_uuid(), gen_random_uuid(),"
        " execution_id, definition_id, element_id, now() - interval '1 hour', now()"
        " FROM synergyflow_workflows.timer");
    assert_sql(left, "3");
    start_timers(100, 60000);
    run_until_sql(left, "1");
    assert_sql("SELECT revision FROM synergyflow_workflows.process_instance", "1");
}

/* ---- a queue without room ---- */

static bool was_tried_often(void *context)
{
    const struct asked *asked = context;

    return asked->command.attempts >= 40;
}

/* A herd of due timers waits for a place, and meanwhile the loop does everything else: were it to
 * ask again and again, nothing would ever be read from the database. */
static void a_herd_that_waits_for_a_place_leaves_the_loop_alone(void **state)
{
    struct command_queue *first = parts.queue;
    struct asked timed;
    struct asked held;
    PGconn *holder;

    (void)state;
    ask_start(&held, 1);
    ask_timed(&timed, clock_wall_us() - 1000000, true);
    run();
    (void)test_database_sql(
        parts.database,
        "INSERT INTO synergyflow_workflows.timer (id, instance_id, execution_id, definition_id,"
        " element_id, due_at, created_at) SELECT gen_random_uuid(), gen_random_uuid(),"
        " execution_id, definition_id, element_id, now() - interval '1 minute', now()"
        " FROM synergyflow_workflows.timer, generate_series(1, 60000)");
    build_queue(1, 1, 0);
    holder = PQconnectdb(test_database_conninfo(parts.database));
    PQclear(PQexec(holder, "BEGIN; SELECT id FROM synergyflow_workflows.process_instance"
                           " FOR UPDATE"));
    assert_int_equal(PQtransactionStatus(holder), PQTRANS_INTRANS);
    ask_complete(&held, "N-1", "work"); /* takes the only place */
    start_timers(100000, 60000);
    run_until(was_tried_often, &held);
    (void)test_database_sql(parts.database, "DELETE FROM synergyflow_workflows.timer"
                                            " WHERE due_at < now() - interval '30 seconds'");
    stop_timers();
    PQfinish(holder);
    run();
    assert_int_equal(held.status, STATUS_OK);
    start_timers(100, 60000);
    run_until_sql(ended, "1");
    assert_sql(fired, "1");
    assert_sql(left, "0");
    stop_timers();
    command_queue_free(first);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_timed, tear_down_timed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_armed_timer_fires_once_and_not_early),
        TEST(timers_that_fell_due_without_it_are_found),
        TEST(more_timers_than_memory_holds_all_fire),
        TEST(a_cycle_fires_as_often_as_it_says),
        TEST(a_timer_whose_effect_fails_is_put_off),
        TEST(a_stale_row_is_removed),
        TEST(a_herd_that_waits_for_a_place_leaves_the_loop_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
