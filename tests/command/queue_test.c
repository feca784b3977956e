/* The queue: who goes first, what a drain waits for, and commands that have no instance. */
#include "tests/command/fixture.h"

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- fairness ---- */

/* A command that remembers as which it was answered. */
struct turn {
    struct command command;
    uint32_t answered_as; /* 1, 2, … */
};

static uint32_t answers;
static uint32_t answers_wanted;

static void on_turn(struct command *command, enum status status, const struct error *error)
{
    struct turn *turn = command->context;

    (void)error;
    assert_int_equal(turn->answered_as, 0);
    assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
    turn->answered_as = ++answers;
    if (answers == answers_wanted)
        uv_stop(&parts.loop);
}

static void submit_turn(struct turn *turn)
{
    struct error error;

    turn->command.on_done = on_turn;
    turn->command.context = turn;
    assert_int_equal(command_submit(parts.queue, &turn->command, &error), STATUS_OK);
}

/* A timer that nobody has: answered in its turn, with nothing to do. */
static void submit_timer(struct turn *turn, uint8_t number)
{
    memset(turn, 0, sizeof(*turn));
    turn->command.kind = COMMAND_STEP;
    turn->command.step = BPMN_TRIGGER_TIMER;
    turn->command.address = ADDRESS_TIMER;
    turn->command.target.bytes[15] = number;
    turn->command.instance_id.bytes[15] = number;
    submit_turn(turn);
}

static void submit_caller(struct turn *turn)
{
    memset(turn, 0, sizeof(*turn));
    turn->command.kind = COMMAND_STEP;
    turn->command.step = BPMN_TERMINATE;
    turn->command.address = ADDRESS_INSTANCE;
    turn->command.target.bytes[0] = 1;
    submit_turn(turn);
}

enum { HERD = 40, CALLERS = 4 };

/* `callers` come when the herd waits already; the answer is the last place of one of them. */
static uint32_t last_caller_behind_a_herd(uint32_t batch_max)
{
    struct command_queue *first = parts.queue;
    struct command_queue_settings settings = {.loop = &parts.loop,
                                              .pool = parts.pool,
                                              .definitions = parts.definitions,
                                              .registry = &parts.registry,
                                              .ids = &parts.identity.source,
                                              .lanes = 1,
                                              .batch_max = batch_max,
                                              .waiting_max = 100};
    struct turn timers[HERD];
    struct turn callers[CALLERS];
    uint32_t last = 0;

    parts.queue = command_queue_new(&settings);
    answers = 0;
    answers_wanted = HERD + CALLERS;
    for (uint8_t i = 0; i < HERD; i++)
        submit_timer(&timers[i], (uint8_t)(i + 1));
    for (int i = 0; i < CALLERS; i++)
        submit_caller(&callers[i]);
    while (answers < answers_wanted)
        (void)uv_run(&parts.loop, UV_RUN_DEFAULT);
    for (int i = 0; i < CALLERS; i++) {
        if (callers[i].answered_as > last)
            last = callers[i].answered_as;
    }
    command_queue_free(first);
    return last;
}

static void a_herd_of_timers_gets_half_of_a_batch(void **state)
{
    (void)state;
    assert_true(last_caller_behind_a_herd(BATCH) <= BATCH);
}

/* What cannot be halved is shared by turns. */
static void a_herd_of_timers_gets_every_other_batch_of_one(void **state)
{
    (void)state;
    assert_true(last_caller_behind_a_herd(1) <= 2 * CALLERS);
}

static void an_odd_batch_is_shared_as_well(void **state)
{
    (void)state;
    assert_true(last_caller_behind_a_herd(3) <= 3 * 3); /* 2, 1 and 2 callers, or 1, 2 and 1 */
}

/* ---- draining ---- */

static void on_drained(void *context)
{
    (*(uint32_t *)context)++;
    uv_stop(&parts.loop);
}

static void an_idle_queue_is_drained_at_once(void **state)
{
    uint32_t drained = 0;

    (void)state;
    command_queue_drain(parts.queue, on_drained, &drained);
    assert_int_equal(drained, 1);
}

static bool was_put_back(void *context)
{
    const struct asked *asked = context;

    return asked->command.attempts > 0;
}

static void never(struct command *command, enum status status, const struct error *error)
{
    (void)command;
    (void)status;
    (void)error;
    fail_msg("answered although it was refused");
}

/* Also for one that waits for an instance which somebody else holds. */
static void a_drain_waits_for_every_command(void **state)
{
    PGconn *holder = PQconnectdb(test_database_conninfo(parts.database));
    struct command late = {.kind = COMMAND_START, .definition_key = "probe", .on_done = never};
    struct asked started;
    struct asked held;
    struct asked queued;
    struct error error;
    uint32_t drained = 0;

    (void)state;
    ask_start(&started, 1);
    run();
    PQclear(PQexec(holder, "BEGIN; SELECT id FROM synergyflow_workflows.process_instance"
                           " FOR UPDATE"));
    assert_int_equal(PQtransactionStatus(holder), PQTRANS_INTRANS);
    ask_complete(&held, "N-1", "work");
    run_until(was_put_back, &held);
    ask_start(&queued, 2);
    command_queue_drain(parts.queue, on_drained, &drained);
    assert_int_equal(command_submit(parts.queue, &late, &error), STATUS_BUSY);
    assert_non_null(strstr(error.message, "stopping"));
    while (!queued.done)
        (void)uv_run(&parts.loop, UV_RUN_ONCE);
    assert_int_equal(drained, 0);
    assert_int_equal(command_queue_waiting(parts.queue), 1);
    PQfinish(holder);
    while (drained == 0)
        (void)uv_run(&parts.loop, UV_RUN_DEFAULT);
    assert_int_equal(drained, 1);
    assert_int_equal(queued.status, STATUS_OK);
    assert_int_equal(held.status, STATUS_OK);
    assert_int_equal(command_queue_waiting(parts.queue), 0);
}

/* ---- commands for a module, without an instance ---- */

static void ask_module(struct asked *asked, const char *topic, int64_t n)
{
    memset(asked, 0, sizeof(*asked));
    asked->command.kind = COMMAND_MODULE;
    asked->command.name = topic;
    asked->variables = json_pack("{s:I}", "n", (json_int_t)n);
    submit(asked);
}

static void a_module_is_asked_directly(void **state)
{
    struct asked asked[6];

    (void)state;
    ask_module(&asked[0], "probe.call", 1);
    ask_module(&asked[1], "probe.call", 404);
    ask_module(&asked[2], "probe.call", 13);
    ask_module(&asked[3], "probe.call", 500);
    ask_module(&asked[4], "nobody.hosts", 5);
    ask_start(&asked[5], 6);
    run();
    assert_int_equal(asked[0].status, STATUS_OK);
    assert_int_equal(asked[0].answer, 2);
    assert_int_equal(asked[1].status, STATUS_NOT_FOUND);
    assert_string_equal(asked[1].error.message, "Expected another number.");
    assert_int_equal(asked[2].status, STATUS_FAILED);
    assert_non_null(strstr(asked[2].error.message, "not_thirteen"));
    assert_int_equal(asked[3].status, STATUS_CONFLICT);
    assert_non_null(strstr(asked[3].error.message, "CAUGHT"));
    assert_int_equal(asked[4].status, STATUS_FAILED);
    assert_non_null(strstr(asked[4].error.message, "'nobody.hosts'"));
    assert_int_equal(asked[5].status, STATUS_OK);
    assert_sql("SELECT string_agg(format('%s %s', n, who), ',' ORDER BY n) FROM probe.done",
               "1 synergyflow_probe,6 synergyflow_probe");
    assert_sql("SELECT count(*) FROM event_publication.event_publication", "2");
    assert_sql("SELECT count(*) FROM synergyflow_workflows.process_instance", "1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_herd_of_timers_gets_half_of_a_batch),
        TEST(a_herd_of_timers_gets_every_other_batch_of_one),
        TEST(an_odd_batch_is_shared_as_well),
        TEST(an_idle_queue_is_drained_at_once),
        TEST(a_drain_waits_for_every_command),
        TEST(a_module_is_asked_directly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
