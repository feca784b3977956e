/* What modules ship for SLAs can be read and has nothing to complain about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/sla/lint.h"
#include "bpmn/sla/on_call.h"
#include "tests/worktime/fixture.h"

#define FOLDER SOURCE_FOLDER "/modules/incidents/sla/"

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

    if (json == NULL)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return json;
}

static bool is_shipped(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "service-desk") == 0;
}

static void the_incident_policy_has_no_findings(void **state)
{
    struct arena *arena = arena_new(16 * 1024 * 1024);
    struct sla_findings *findings = arena_alloc(arena, sizeof(*findings));
    struct sla_lint_world world = {.has_calendar = is_shipped, .has_on_call = is_shipped};
    const struct sla_policy *const *policies = NULL;
    struct error error = {0};
    size_t count = 0;
    json_t *json = load(FOLDER "incident.policies.json");

    (void)state;
    findings->arena = arena;
    if (sla_policies_read(arena, json, &policies, &count, &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
    assert_int_equal(count, 5);
    (void)sla_lint(policies, count, &world, findings);
    for (size_t i = 0; i < findings->count; i++)
        print_error("%s %s: %s\n", findings->items[i].policy_id, findings->items[i].path,
                    findings->items[i].message);
    assert_int_equal(findings->count, 0);
    json_decref(json);
    arena_free(arena);
}

static void the_calendar_and_the_schedule_can_be_read(void **state)
{
    struct arena *arena = arena_new(16 * 1024 * 1024);
    json_t *calendar_json = load(FOLDER "service-desk.calendar.json");
    json_t *schedule_json = load(FOLDER "service-desk.on-call.json");
    const struct calendar *calendar = NULL;
    const struct on_call_schedule *schedule = NULL;
    struct error error = {0};

    (void)state;
    if (calendar_read(arena, calendar_json, fixture_zones(), &calendar, &error) != STATUS_OK ||
        on_call_read(arena, schedule_json, fixture_zones(), &schedule, &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
    assert_false(worktime_is_open(calendar, fixture_instant("2026-12-25T10:00:00Z")));
    assert_true(worktime_is_open(calendar, fixture_instant("2026-12-28T10:00:00Z")));
    assert_string_equal(on_call_at(schedule, fixture_instant("2026-11-23T10:00:00Z")),
                        "service-desk-shift");
    assert_string_equal(on_call_at(schedule, fixture_instant("2026-11-23T17:00:00Z")),
                        "service-desk-standby");
    json_decref(calendar_json);
    json_decref(schedule_json);
    arena_free(arena);
}

/* Each rule that a broken policy meets, by name. */
static void a_policy_that_cannot_work_is_found(void **state)
{
    static const char text[] =
        "{'id': 'p', 'version': 1, 'applies_to': 'task', 'targets': ["
        "{'name': 'a', 'duration': 'PT0S', 'overrun': false, 'conditions': {'start': 'open', "
        "'pause': 'open', 'stop': 'false'}, 'thresholds': [{'id': 'x', 'at': '110%'}, "
        "{'id': 'x', 'at': '110%'}]}, {'name': 'a', 'duration': 'PT1H', 'calendar': 'none', "
        "'conditions': {'start': 'open && mine', 'stop': 'mine && open'}, 'thresholds': "
        "[{'id': 'y', 'at': '-PT2H'}]}], 'escalations': [{'id': 'c', 'levels': ["
        "{'delay': 'PT1H', 'action': {'type': 'event', 'name': 'e'}}, "
        "{'delay': 'PT0S', 'action': {'type': 'escalate', 'chain': 'c'}}]}]}";
    static const char *const rules[] = {"no-calendar",
                                        "unknown-calendar",
                                        "zero-target",
                                        "pause-inside-start",
                                        "stop-never",
                                        "stop-inside-start",
                                        "threshold-past-target",
                                        "duplicate-threshold",
                                        "threshold-before-start",
                                        "same-point",
                                        "duplicate-target",
                                        "no-action",
                                        "escalation-loop",
                                        "zero-delay",
                                        "no-recipient"};
    struct arena *arena = arena_new(16 * 1024 * 1024);
    struct sla_findings *findings = arena_alloc(arena, sizeof(*findings));
    struct sla_lint_world world = {.has_calendar = is_shipped, .has_on_call = is_shipped};
    const struct sla_policy *policy = NULL;
    struct error error = {0};
    json_t *json = fixture_json(text);

    (void)state;
    findings->arena = arena;
    if (sla_policy_read(arena, json, &policy, &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
    assert_false(sla_lint(&policy, 1, &world, findings));
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        size_t found = 0;

        for (size_t n = 0; n < findings->count; n++)
            found += strcmp(findings->items[n].rule, rules[i]) == 0;
        if (found == 0)
            fail_msg("the rule %s found nothing", rules[i]);
    }
    json_decref(json);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_incident_policy_has_no_findings),
        cmocka_unit_test(the_calendar_and_the_schedule_can_be_read),
        cmocka_unit_test(a_policy_that_cannot_work_is_found),
    };

    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
