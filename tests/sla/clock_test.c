/* The rules of SLA clocks, what people complain about in other systems, and random histories
 * against counting second by second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/sla/evaluate.h"
#include "tests/worktime/fixture.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)
#define OFFICE                                                                                \
    "{'timezone': 'Europe/Berlin', 'week': {'mon': [['08:00', '18:00']], 'tue': [['08:00', "  \
    "'18:00']], 'wed': [['08:00', '18:00']], 'thu': [['08:00', '18:00']], 'fri': [['08:00', " \
    "'18:00']]}}"
#define POLICY(id, match, duration, more)                                                        \
    "{'id': '" id "', 'version': 1, 'applies_to': 'incident', 'match': '" match                  \
    "', 'targets': [{'name': 'resolution', 'duration': '" duration                               \
    "', 'calendar': 'office', " more                                                             \
    "'conditions': {'pause': 'state == \"HOLD\"', 'stop': 'state == \"DONE\"'}, 'thresholds': [" \
    "{'id': 'warn', 'at': '75%'}, {'id': 'missed', 'at': '100%'}]}]}"

static const struct sla_cause nobody = {.cause = "test", .actor = ""};

struct world {
    struct arena *arena;
    struct sla_calendar_version version;
    struct sla_rating rating;
    const struct sla_policy *policies[2];
    struct sla_clock *clocks[8];
    size_t clock_count;
    json_t *fields;
};

/* Quotes inside conditions: fixture_json() turns ' into ", so they are written as JSON escapes. */
static const struct sla_policy *policy_of(struct arena *arena, const char *text)
{
    char buffer[4096];
    size_t length = 0;
    struct error error = {0};
    const struct sla_policy *policy = NULL;
    json_t *json;

    for (; *text != '\0' && length < sizeof(buffer) - 3; text++) {
        if (*text == '"')
            buffer[length++] = '\\';
        buffer[length++] = *text == '\'' ? '"' : *text;
    }
    buffer[length] = '\0';
    json = json_loads(buffer, 0, NULL);
    assert_non_null(json);
    if (sla_policy_read(arena, json, &policy, &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
    json_decref(json);
    return policy;
}

static void world_init(struct world *world, const char *first, const char *second)
{
    *world = (struct world){.arena = arena_new(64 * 1024 * 1024)};
    world->version =
        (struct sla_calendar_version){.version = 1, .calendar = fixture_calendar(OFFICE)};
    world->rating = (struct sla_rating){.versions = &world->version, .count = 1};
    world->policies[0] = policy_of(world->arena, first);
    world->policies[1] = policy_of(world->arena, second);
}

static void world_deinit(struct world *world)
{
    json_decref(world->fields);
    arena_free(world->arena);
}

/* The subject changes: evaluates and applies. Returns how many steps there were. */
static size_t change(struct world *world, const char *at, const char *fields)
{
    json_t *json = fixture_json(fields);
    struct sla_decision decision;
    struct error error = {0};
    struct sla_subject subject = {.type = SLA_SUBJECT_INCIDENT,
                                  .id = "INC-1",
                                  .old_fields = world->fields,
                                  .fields = json,
                                  .why = {.cause = "", .actor = "anna"}};
    int64_t now_us = fixture_instant(at);

    if (sla_evaluate(world->arena, world->policies, 2, &subject, world->clocks, world->clock_count,
                     now_us, &decision, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    assert_int_equal(decision.problem_count, 0);
    for (size_t i = 0; i < decision.step_count; i++) {
        const struct sla_step *step = &decision.steps[i];
        struct sla_clock *clock = step->kind == SLA_STEP_START ? NULL : world->clocks[step->clock];

        if (sla_step_apply(world->arena, &decision, step, "c1", clock, &world->rating, now_us,
                           &clock, &error) != STATUS_OK)
            fail_msg("%s", error.message);
        if (step->kind == SLA_STEP_START)
            world->clocks[world->clock_count++] = clock;
    }
    json_decref(world->fields);
    world->fields = json;
    return decision.step_count;
}

static struct sla_figures figures(struct world *world, const char *at)
{
    struct sla_figures result;
    struct error error = {0};

    if (sla_clock_figures(world->clocks[0], &world->rating, fixture_instant(at), &result, &error) !=
        STATUS_OK)
        fail_msg("%s", error.message);
    return result;
}

static struct sla_threshold_due threshold(struct world *world, const char *at, size_t index)
{
    const struct sla_threshold_due *rows = NULL;
    struct error error = {0};
    const struct sla_policy *policy =
        strcmp(world->clocks[0]->policy_id, world->policies[0]->id) == 0 ? world->policies[0]
                                                                         : world->policies[1];

    if (sla_clock_thresholds(world->arena, world->clocks[0], &policy->targets[0], &world->rating,
                             fixture_instant(at), &rows, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    return rows[index];
}

static void fire(struct world *world, const char *at, size_t index)
{
    struct sla_threshold_due row = threshold(world, at, index);
    struct error error = {0};

    assert_int_equal(row.state, SLA_THRESHOLD_DUE);
    assert_int_equal(sla_clock_fire(world->clocks[0], &row, fixture_instant(at), &error),
                     STATUS_OK);
    assert_int_equal(sla_clock_fire(world->clocks[0], &row, fixture_instant(at), &error),
                     STATUS_CONFLICT);
}

#define P1 POLICY("p1", "priority == 1", "PT4H", "")
#define P2 POLICY("p2", "priority == 2", "PT8H", "")

/* Monday, 23 November 2026; Berlin is UTC+1. */
static void a_pause_survives_a_priority_change(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, P1, P2);
    assert_int_equal(change(&world, "2026-11-23T08:00:00Z", "{'priority': 2, 'state': 'NEW'}"), 1);
    change(&world, "2026-11-23T09:00:00Z", "{'priority': 2, 'state': 'HOLD'}");
    change(&world, "2026-11-23T10:00:00Z", "{'priority': 1, 'state': 'HOLD'}");
    assert_int_equal(world.clocks[0]->state, SLA_PAUSED);
    change(&world, "2026-11-23T11:00:00Z", "{'priority': 1, 'state': 'NEW'}");
    assert_true(figures(&world, "2026-11-23T12:00:00Z").elapsed_us == 2 * HOUR);
    assert_true(figures(&world, "2026-11-23T12:00:00Z").paused_us == 2 * HOUR);
    fixture_assert_instant(figures(&world, "2026-11-23T12:00:00Z").deadline_us,
                           "2026-11-23T14:00:00Z");
    fixture_assert_instant(figures(&world, "2026-11-23T12:00:00Z").original_deadline_us,
                           "2026-11-23T16:00:00Z");
    world_deinit(&world);
}

static void a_weekend_is_no_pause(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, P1, P2);
    change(&world, "2026-11-20T16:00:00Z", "{'priority': 2, 'state': 'NEW'}");
    change(&world, "2026-11-20T16:30:00Z", "{'priority': 2, 'state': 'HOLD'}");
    change(&world, "2026-11-23T07:30:00Z", "{'priority': 2, 'state': 'NEW'}");
    assert_true(figures(&world, "2026-11-23T07:30:00Z").paused_us == HOUR);
    assert_true(figures(&world, "2026-11-23T07:30:00Z").elapsed_us == HOUR / 2);
    fixture_assert_instant(figures(&world, "2026-11-23T07:30:00Z").deadline_us,
                           "2026-11-23T15:00:00Z");
    world_deinit(&world);
}

static void a_threshold_fires_once_and_never_at_night(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, P1, P2);
    change(&world, "2026-11-23T16:00:00Z", "{'priority': 2, 'state': 'NEW'}");
    fixture_assert_instant(threshold(&world, "2026-11-23T16:00:00Z", 0).due_us,
                           "2026-11-24T12:00:00Z");
    assert_int_equal(threshold(&world, "2026-11-24T11:59:59Z", 0).state, SLA_THRESHOLD_WAITING);
    fire(&world, "2026-11-24T12:00:00Z", 0);
    assert_int_equal(threshold(&world, "2026-11-24T13:00:00Z", 0).state, SLA_THRESHOLD_FIRED);
    /* Shorter: the one that fired stays fired, the other is due at once and late by design. */
    change(&world, "2026-11-24T13:00:00Z", "{'priority': 1, 'state': 'NEW'}");
    assert_int_equal(threshold(&world, "2026-11-24T13:00:00Z", 0).state, SLA_THRESHOLD_FIRED);
    assert_int_equal(threshold(&world, "2026-11-24T13:00:00Z", 1).state, SLA_THRESHOLD_DUE);
    assert_true(threshold(&world, "2026-11-24T13:00:00Z", 1).late_by_design);
    world_deinit(&world);
}

static void a_paused_clock_promises_no_threshold(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, P1, P2);
    change(&world, "2026-11-23T08:00:00Z", "{'priority': 2, 'state': 'HOLD'}");
    assert_int_equal(world.clocks[0]->state, SLA_PAUSED);
    assert_false(threshold(&world, "2026-11-24T08:00:00Z", 0).has_due);
    assert_true(figures(&world, "2026-11-24T08:00:00Z").deadline_floats);
    world_deinit(&world);
}

static void a_breach_is_more_than_the_target(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, P1, P2);
    change(&world, "2026-11-23T13:00:00Z", "{'priority': 1, 'state': 'NEW'}");
    assert_false(figures(&world, "2026-11-24T07:00:00Z").breached);
    assert_true(figures(&world, "2026-11-24T07:00:01Z").breached);
    assert_true(figures(&world, "2026-11-24T07:00:01Z").breached_at_us ==
                fixture_instant("2026-11-24T07:00:00Z") + 1);
    assert_true(figures(&world, "2026-11-24T07:00:01Z").overrun_us == SECOND);
    world_deinit(&world);
}

/* A closed clock keeps its figures whatever happens to policies and calendars; an open one takes
 * the new version. */
static void a_policy_edit_reaches_open_clocks_and_no_closed_ones(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, P1, P2);
    change(&world, "2026-11-23T08:00:00Z", "{'priority': 1, 'state': 'NEW'}");
    world.policies[0] = policy_of(world.arena, POLICY("p1b", "priority == 1", "PT6H", ""));
    change(&world, "2026-11-23T09:00:00Z", "{'priority': 1, 'state': 'NEW', 'x': 1}");
    assert_true(figures(&world, "2026-11-23T09:00:00Z").target_us == 6 * HOUR);
    change(&world, "2026-11-23T10:00:00Z", "{'priority': 1, 'state': 'DONE'}");
    world.version.calendar =
        fixture_calendar("{'timezone': 'UTC', 'week': {'sun': [['00:00', '24:00']]}}");
    assert_true(figures(&world, "2026-11-25T09:00:00Z").elapsed_us == 2 * HOUR);
    assert_int_equal(change(&world, "2026-11-23T11:00:00Z", "{'priority': 2, 'state': 'DONE'}"), 0);
    world_deinit(&world);
}

/* Beirut puts its clocks forward at midnight; 24:00 and 00:00 are one moment. */
static void no_minute_is_lost_at_midnight(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, P1, P2);
    world.version.calendar = fixture_calendar(
        "{'timezone': 'Asia/Beirut', 'week': {'sat': [['00:00', '24:00']], 'sun': [['00:00', "
        "'24:00']], 'mon': [['00:00', '24:00']]}}");
    change(&world, "2026-03-28T10:00:30Z", "{'priority': 1, 'state': 'NEW'}");
    assert_true(figures(&world, "2026-03-29T10:00:31Z").elapsed_us == 24 * HOUR + SECOND);
    world_deinit(&world);
}

#define SIDED(id, match, paused_while)                                            \
    "{'id': '" id "', 'version': 1, 'applies_to': 'incident', 'match': '" match   \
    "', 'targets': [{'name': 'reply', 'duration': 'PT4H', 'calendar': 'office', " \
    "'conditions': {'start': 'true', 'pause': '" paused_while "'}}]}"

/* The clock of the next reply runs while it is our turn, and that of the caller's answer while it
 * is the caller's: each stands while the other one runs. */
static void a_next_reply_clock_runs_on_our_side_only(void **state)
{
    static const struct {
        const char *policy;
        int64_t elapsed_us;
    } sides[] = {
        {SIDED("ours", "true", "turn == \"CALLER\""), 45 * SECOND},
        {SIDED("callers", "true", "turn == \"OURS\""), 4 * HOUR - 30 * SECOND},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sides); i++) {
        struct world world;

        world_init(&world, sides[i].policy, P2);
        change(&world, "2026-11-23T08:00:00Z", "{'turn': 'OURS'}");
        change(&world, "2026-11-23T08:00:30Z", "{'turn': 'CALLER'}");
        change(&world, "2026-11-23T12:00:00Z", "{'turn': 'OURS'}");
        assert_true(figures(&world, "2026-11-23T12:00:15Z").elapsed_us == sides[i].elapsed_us);
        world_deinit(&world);
    }
}

#define TARGETS(id, targets)                                                             \
    "{'id': '" id "', 'version': 1, 'applies_to': 'incident', 'match': 'priority == 1'," \
    " 'targets': [" targets "]}"

/* Response, resolution and a supplier's: each stops and pauses by conditions of its own. */
static void several_clocks_run_on_one_subject(void **state)
{
    struct world world;

    (void)state;
    world_init(&world,
               TARGETS("p1", "{'name': 'response', 'duration': 'PT1H', 'calendar': 'office', "
                             "'conditions': {'stop': 'state != \"NEW\"'}}, "
                             "{'name': 'resolution', 'duration': 'PT8H', 'calendar': 'office', "
                             "'conditions': {'stop': 'state == \"DONE\"'}}, "
                             "{'name': 'repair', 'kind': 'supplier', 'duration': 'P2BD', "
                             "'calendar': 'office', 'conditions': {'start': 'state == \"VENDOR\"', "
                             "'cancel': 'state == \"DONE\"'}}"),
               P2);
    change(&world, "2026-11-23T08:00:00Z", "{'priority': 1, 'state': 'NEW'}");
    assert_int_equal(world.clock_count, 2);
    change(&world, "2026-11-23T08:30:00Z", "{'priority': 1, 'state': 'VENDOR'}");
    assert_int_equal(world.clock_count, 3);
    assert_int_equal(world.clocks[0]->state, SLA_STOPPED);
    assert_int_equal(world.clocks[1]->state, SLA_RUNNING);
    assert_int_equal(world.clocks[2]->state, SLA_RUNNING);
    change(&world, "2026-11-23T10:00:00Z", "{'priority': 1, 'state': 'DONE'}");
    assert_int_equal(world.clocks[1]->state, SLA_STOPPED);
    assert_int_equal(world.clocks[2]->state, SLA_CANCELLED);
    assert_true(world.clocks[0]->frozen.elapsed_us == HOUR / 2);
    assert_true(world.clocks[1]->frozen.elapsed_us == 2 * HOUR);
    world_deinit(&world);
}

/* A reset begins a cycle from zero, when its condition becomes true and not while it stays so. */
static void a_reset_counts_from_zero_once(void **state)
{
    struct world world;

    (void)state;
    world_init(&world,
               TARGETS("p1", "{'name': 'reply', 'duration': 'PT4H', 'calendar': 'office', "
                             "'conditions': {'reset': 'replied'}}"),
               P2);
    change(&world, "2026-11-23T08:00:00Z", "{'priority': 1, 'replied': false}");
    change(&world, "2026-11-23T10:00:00Z", "{'priority': 1, 'replied': true}");
    change(&world, "2026-11-23T10:30:00Z", "{'priority': 1, 'replied': true, 'more': 1}");
    assert_true(figures(&world, "2026-11-23T11:00:00Z").elapsed_us == HOUR);
    assert_int_equal(figures(&world, "2026-11-23T11:00:00Z").cycle, 2);
    world_deinit(&world);
}

/* Friday noon: two business days later is Tuesday noon, its end Tuesday evening; a pause of an hour
 * moves both by an hour of working time. */
static void days_have_deadlines_of_their_own(void **state)
{
    static const struct {
        const char *target;
        const char *deadline;
        const char *moved;
    } cases[] = {
        {"'duration': 'P2BD'", "2026-11-24T11:00:00Z", "2026-11-24T12:00:00Z"},
        {"'duration': 'P2BD', 'end_of_day': true", "2026-11-24T17:00:00Z", "2026-11-25T08:00:00Z"},
        {"'end_of_day': true", "2026-11-20T17:00:00Z", "2026-11-23T08:00:00Z"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct world world;
        char policy[1024];

        (void)snprintf(policy, sizeof(policy),
                       TARGETS("p1", "{'name': 'r', 'calendar': 'office', %s, 'conditions': "
                                     "{'pause': 'state == \"HOLD\"'}}"),
                       cases[i].target);
        world_init(&world, policy, P2);
        change(&world, "2026-11-20T11:00:00Z", "{'priority': 1, 'state': 'NEW'}");
        assert_true(figures(&world, "2026-11-20T12:00:00Z").deadline_us ==
                    fixture_instant(cases[i].deadline));
        change(&world, "2026-11-20T13:00:00Z", "{'priority': 1, 'state': 'HOLD'}");
        change(&world, "2026-11-20T14:00:00Z", "{'priority': 1, 'state': 'NEW'}");
        assert_true(figures(&world, "2026-11-20T14:00:00Z").deadline_us ==
                    fixture_instant(cases[i].moved));
        world_deinit(&world);
    }
}

static void reopening_follows_the_policy(void **state)
{
    static const struct {
        const char *policy;
        int64_t elapsed_us;
        int32_t cycle;
    } cases[] = {
        {POLICY("p1", "priority == 1", "PT4H", "'reopen': 'pause', "), 2 * HOUR, 1},
        {POLICY("p1", "priority == 1", "PT4H", "'reopen': 'resume', "), 4 * HOUR, 1},
        {POLICY("p1", "priority == 1", "PT4H", "'reopen': 'new_cycle', "), HOUR, 2},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct world world;

        world_init(&world, cases[i].policy, P2);
        change(&world, "2026-11-23T08:00:00Z", "{'priority': 1, 'state': 'NEW'}");
        change(&world, "2026-11-23T09:00:00Z", "{'priority': 1, 'state': 'DONE'}");
        change(&world, "2026-11-23T11:00:00Z", "{'priority': 1, 'state': 'NEW'}");
        assert_true(figures(&world, "2026-11-23T12:00:00Z").elapsed_us == cases[i].elapsed_us);
        assert_int_equal(figures(&world, "2026-11-23T12:00:00Z").cycle, cases[i].cycle);
        world_deinit(&world);
    }
}

static void a_retroactive_start_is_late_by_design_or_silent(void **state)
{
    static const char *const lates[] = {
        POLICY("p1", "priority == 1", "PT4H", "'start_from': 'created', "),
        POLICY("p1", "priority == 1", "PT4H", "'start_from': 'created', 'late': 'suppress', ")};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world world;

        world_init(&world, lates[i], P2);
        change(&world, "2026-11-23T12:00:00Z",
               "{'priority': 1, 'state': 'NEW', 'created': '2026-11-23T08:30:00Z'}");
        assert_int_equal(threshold(&world, "2026-11-23T12:00:00Z", 0).state,
                         i == 0 ? SLA_THRESHOLD_DUE : SLA_THRESHOLD_SUPPRESSED);
        assert_int_equal(threshold(&world, "2026-11-23T12:00:00Z", 1).state, SLA_THRESHOLD_WAITING);
        world_deinit(&world);
    }
}

static void days_are_three_units(void **state)
{
    static const char *const refused[] = {"P1D", "P1W", "P1BDT2H", "-PT1H", "PT1H2BD", "x", "P1M"};
    struct sla_duration duration;
    struct error error = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_int_equal(sla_duration_read(refused[i], false, "d", &duration, &error),
                         STATUS_INVALID);
    assert_int_equal(sla_duration_read("PT24H", false, "d", &duration, &error), STATUS_OK);
    assert_int_equal(duration.unit, SLA_WORKING_TIME);
    assert_int_equal(sla_duration_read("P2BD", false, "d", &duration, &error), STATUS_OK);
    assert_int_equal(duration.unit, SLA_BUSINESS_DAYS);
    assert_int_equal(sla_duration_read(NULL, true, "d", &duration, &error), STATUS_OK);
    assert_int_equal(duration.unit, SLA_END_OF_DAY);
    assert_int_equal(sla_duration_read("PT2H", true, "d", &duration, &error), STATUS_INVALID);
}

/* Random pauses over three weeks; a second counts when the office is open and nothing pauses. What
 * is stored and read again gives the same figures. */
static void random_histories_agree_with_counting(void **state)
{
    int64_t start_us = fixture_instant("2026-10-19T06:00:00Z");
    unsigned seed = 20261123;

    (void)state;
    for (int round = 0; round < 20; round++) {
        struct world world;
        struct sla_clock *copy = NULL;
        struct error error = {0};
        struct sla_figures result;
        struct sla_start start;
        int64_t at_us = start_us;
        int64_t counted = 0;
        int64_t reached_us = 0;
        json_t *json;

        world_init(&world, P1, P2);
        start = (struct sla_start){.id = "c",
                                   .subject_id = "s",
                                   .policy = world.policies[0],
                                   .target = &world.policies[0]->targets[0],
                                   .at_us = start_us,
                                   .now_us = start_us,
                                   .why = nobody};
        assert_int_equal(sla_clock_start(world.arena, &start, &world.clocks[0], &error), STATUS_OK);
        for (int i = 0; i < 12; i++) {
            bool running = i % 2 == 0;
            int64_t length = 1 + rand_r(&seed) % 90000;

            for (int64_t s = 0; s < length; s++) {
                if (running && worktime_is_open(world.version.calendar, at_us + s * SECOND) &&
                    ++counted == 4 * 3600)
                    reached_us = at_us + (s + 1) * SECOND;
            }
            at_us += length * SECOND;
            assert_int_equal(running ? sla_clock_pause(world.clocks[0], at_us, nobody, &error)
                                     : sla_clock_resume(world.clocks[0], at_us, nobody, &error),
                             STATUS_OK);
        }
        json = sla_clock_write(world.clocks[0]);
        if (sla_clock_read(world.arena, json, &copy, &error) != STATUS_OK)
            fail_msg("%s: %s", error.field, error.message);
        json_decref(json);
        assert_int_equal(sla_clock_figures(copy, &world.rating, at_us, &result, &error), STATUS_OK);
        assert_true(result.elapsed_us == counted * SECOND);
        assert_true(result.breached == (counted > 4 * 3600));
        if (counted >= 4 * 3600)
            assert_true(result.deadline_us == reached_us);
        world_deinit(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_survives_a_priority_change),
        cmocka_unit_test(a_weekend_is_no_pause),
        cmocka_unit_test(a_threshold_fires_once_and_never_at_night),
        cmocka_unit_test(a_paused_clock_promises_no_threshold),
        cmocka_unit_test(a_breach_is_more_than_the_target),
        cmocka_unit_test(a_policy_edit_reaches_open_clocks_and_no_closed_ones),
        cmocka_unit_test(no_minute_is_lost_at_midnight),
        cmocka_unit_test(a_next_reply_clock_runs_on_our_side_only),
        cmocka_unit_test(several_clocks_run_on_one_subject),
        cmocka_unit_test(a_reset_counts_from_zero_once),
        cmocka_unit_test(days_have_deadlines_of_their_own),
        cmocka_unit_test(reopening_follows_the_policy),
        cmocka_unit_test(a_retroactive_start_is_late_by_design_or_silent),
        cmocka_unit_test(days_are_three_units),
        cmocka_unit_test(random_histories_agree_with_counting),
    };

    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
