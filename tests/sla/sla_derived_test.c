/* Calendar versions, who the time belongs to, escalation chains and simulation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/sla/escalation.h"
#include "bpmn/sla/simulate.h"
#include "tests/worktime/fixture.h"

#define HOUR (INT64_C(3600) * 1000000)
#define DAY(hours) \
    "{'timezone': 'UTC', 'week': {'mon': [" hours "], 'tue': [" hours "], 'wed': [" hours "]}}"
#define POLICY                                                                                \
    "{'id': 'p', 'version': 1, 'applies_to': 'incident', 'targets': [{'name': 'resolution', " \
    "'duration': 'PT4H', 'calendar': 'office', 'conditions': {'stop': 'done'}}], "            \
    "'escalations': [{'id': 'c', 'levels': [{'delay': 'PT0S', 'recipients': {'users': ['a', " \
    "'b', 'a']}, 'action': {'type': 'event', 'name': 'e'}}, {'delay': 'PT9H', 'action': "     \
    "{'type': 'raise_priority', 'by': 2}}]}]}"

static const struct sla_cause nobody = {.cause = "test", .actor = ""};

static const struct sla_policy *policy_of(struct arena *arena)
{
    const struct sla_policy *policy = NULL;
    struct error error = {0};
    json_t *json = fixture_json(POLICY);

    if (sla_policy_read(arena, json, &policy, &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
    json_decref(json);
    return policy;
}

static struct sla_clock *start(struct arena *arena, const struct sla_policy *policy, const char *at)
{
    struct sla_clock *clock = NULL;
    struct error error = {0};
    struct sla_start given = {.id = "c",
                              .subject_id = "s",
                              .policy = policy,
                              .target = &policy->targets[0],
                              .at_us = fixture_instant(at),
                              .now_us = fixture_instant(at),
                              .why = nobody};

    assert_int_equal(sla_clock_start(arena, &given, &clock, &error), STATUS_OK);
    return clock;
}

/* Monday 23 November: open 08 to 16; from Tuesday on 08 to 10. */
static void each_interval_is_rated_by_the_version_valid_in_it(void **state)
{
    struct arena *arena = arena_new(16 * 1024 * 1024);
    struct sla_calendar_version versions[] = {
        {.version = 1, .calendar = fixture_calendar(DAY("['08:00', '16:00']"))},
        {.version = 2,
         .valid_from_us = fixture_instant("2026-11-24T00:00:00Z"),
         .calendar = fixture_calendar(DAY("['08:00', '10:00']"))}};
    struct sla_rating rating = {.versions = versions, .count = 2};
    struct sla_clock *clock = start(arena, policy_of(arena), "2026-11-23T14:00:00Z");
    struct sla_figures figures;
    struct error error = {0};
    int64_t now_us = fixture_instant("2026-11-24T12:00:00Z");

    (void)state;
    assert_int_equal(sla_clock_figures(clock, &rating, now_us, &figures, &error), STATUS_OK);
    assert_true(figures.elapsed_us == 4 * HOUR);
    assert_false(figures.breached);
    fixture_assert_instant(figures.deadline_us, "2026-11-24T10:00:00Z");
    /* "Rate all again": Monday counts under version 2 too. */
    assert_int_equal(sla_clock_recalculate(clock, now_us, 2, &error), STATUS_OK);
    assert_int_equal(sla_clock_figures(clock, &rating, now_us, &figures, &error), STATUS_OK);
    assert_true(figures.elapsed_us == 2 * HOUR);
    fixture_assert_instant(figures.deadline_us, "2026-11-25T10:00:00Z");
    assert_int_equal(sla_clock_stop(clock, now_us, nobody, &rating, &error), STATUS_OK);
    assert_int_equal(sla_clock_recalculate(clock, now_us, 1, &error), STATUS_CONFLICT);
    arena_free(arena);
}

static void time_belongs_to_who_owned_the_subject(void **state)
{
    struct arena *arena = arena_new(16 * 1024 * 1024);
    struct sla_calendar_version version = {.version = 1,
                                           .calendar = fixture_calendar(DAY("['08:00', '16:00']"))};
    struct sla_rating rating = {.versions = &version, .count = 1};
    struct sla_clock *clock = start(arena, policy_of(arena), "2026-11-23T08:00:00Z");
    const struct sla_share *shares = NULL;
    struct error error = {0};
    size_t count = 0;

    (void)state;
    assert_int_equal(sla_clock_mark(clock, fixture_instant("2026-11-23T09:00:00Z"), "net", "anna",
                                    "NEW", &error),
                     STATUS_OK);
    assert_int_equal(
        sla_clock_mark(clock, fixture_instant("2026-11-23T12:00:00Z"), "db", "ben", "NEW", &error),
        STATUS_OK);
    assert_int_equal(sla_clock_breakdown(arena, clock, &rating,
                                         fixture_instant("2026-11-24T09:00:00Z"), SLA_BY_GROUP,
                                         &shares, &count, &error),
                     STATUS_OK);
    assert_int_equal(count, 3);
    assert_string_equal(shares[0].name, "");
    assert_true(shares[0].elapsed_us == HOUR);
    assert_string_equal(shares[1].name, "net");
    assert_true(shares[1].elapsed_us == 3 * HOUR);
    assert_true(shares[2].elapsed_us == 5 * HOUR);
    arena_free(arena);
}

static void an_escalation_ends_when_acknowledged(void **state)
{
    struct arena *arena = arena_new(16 * 1024 * 1024);
    struct sla_calendar_version version = {.version = 1,
                                           .calendar = fixture_calendar(DAY("['08:00', '16:00']"))};
    struct sla_rating rating = {.versions = &version, .count = 1};
    const struct sla_chain *chain = &policy_of(arena)->chains[0];
    struct sla_escalation escalation =
        sla_escalation_start(chain, fixture_instant("2026-11-23T14:00:00Z"));
    struct sla_level_due due;
    struct error error = {0};
    size_t count = 0;

    (void)state;
    assert_int_equal(sla_escalation_next(&escalation, chain, &rating, &due, &error), STATUS_OK);
    fixture_assert_instant(due.due_us, "2026-11-23T14:00:00Z");
    (void)sla_level_users(arena, &chain->levels[0], NULL, due.due_us, &count);
    assert_int_equal(count, 2);
    assert_int_equal(sla_escalation_fired(&escalation, chain, 0, &error), STATUS_OK);
    assert_int_equal(sla_escalation_fired(&escalation, chain, 0, &error), STATUS_CONFLICT);
    assert_int_equal(sla_escalation_next(&escalation, chain, &rating, &due, &error), STATUS_OK);
    fixture_assert_instant(due.due_us, "2026-11-24T15:00:00Z");
    assert_int_equal(sla_escalation_acknowledge(&escalation, due.due_us, "anna", &error),
                     STATUS_OK);
    assert_int_equal(sla_escalation_next(&escalation, chain, &rating, &due, &error), STATUS_OK);
    assert_false(due.has_due);
    assert_int_equal(sla_escalation_acknowledge(&escalation, due.due_us, "ben", &error),
                     STATUS_CONFLICT);
    arena_free(arena);
}

static enum status find_calendar(void *context, const char *name, struct sla_rating *ret_rating,
                                 struct error *ret_error)
{
    if (strcmp(name, "office") != 0)
        return error_set(ret_error, STATUS_NOT_FOUND, "There is no calendar '%s'.", name);
    *ret_rating = *(const struct sla_rating *)context;
    return STATUS_OK;
}

static void a_simulation_counts_met_breached_and_open(void **state)
{
    static const char *const lines[] = {
        "{'subject': '1', 'at': '2026-11-23T08:00:00Z', 'fields': {'done': false}}",
        "{'subject': '2', 'at': '2026-11-23T08:00:00Z', 'fields': {'done': false}}",
        "{'subject': '1', 'at': '2026-11-23T12:00:00Z', 'fields': {'done': true}}",
        "{'subject': '2', 'at': '2026-11-23T12:00:01Z', 'fields': {'done': true}}",
        "{'subject': '3', 'at': '2026-11-23T15:00:00Z', 'fields': {'done': false}}"};
    struct arena *arena = arena_new(16 * 1024 * 1024);
    struct sla_calendar_version version = {.version = 1,
                                           .calendar = fixture_calendar(DAY("['08:00', '16:00']"))};
    struct sla_rating rating = {.versions = &version, .count = 1};
    struct sla_calendars calendars = {.context = &rating, .find = find_calendar};
    const struct sla_policy *policy = policy_of(arena);
    struct sla_simulation *simulation =
        sla_simulation_new(SLA_SUBJECT_INCIDENT, &policy, 1, &calendars);
    const struct sla_tally *tallies = NULL;
    struct error error = {0};
    size_t count = 0;
    json_t *json;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        json = fixture_json(lines[i]);
        if (sla_simulation_take(simulation, json, &error) != STATUS_OK)
            fail_msg("%s: %s", error.field, error.message);
        json_decref(json);
    }
    json = fixture_json(lines[0]);
    assert_int_equal(sla_simulation_take(simulation, json, &error), STATUS_INVALID);
    json_decref(json);
    assert_int_equal(sla_simulation_report(simulation, fixture_instant("2026-11-24T08:00:00Z"),
                                           &tallies, &count, &error),
                     STATUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(tallies[0].met, 1);
    assert_int_equal(tallies[0].breached, 1);
    assert_int_equal(tallies[0].open, 1);
    sla_simulation_free(simulation);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_interval_is_rated_by_the_version_valid_in_it),
        cmocka_unit_test(time_belongs_to_who_owned_the_subject),
        cmocka_unit_test(an_escalation_ends_when_acknowledged),
        cmocka_unit_test(a_simulation_counts_met_breached_and_open),
    };

    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
