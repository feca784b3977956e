/* What a policy document is refused for, and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/sla/policy.h"
#include "tests/worktime/fixture.h"

#define HEAD            "{'id': 'p', 'version': 1, 'applies_to': 'task', "
#define TARGET(more)    HEAD "'targets': [{'name': 'a', 'duration': 'PT1H'}, {'name': 'b', " more "}]}"
#define THRESHOLD(more) TARGET("'duration': 'PT1H', 'thresholds': [{'id': 'x', " more "}]")

static void each_fault_is_refused_with_its_path(void **state)
{
    static const struct {
        const char *text;
        const char *path;
    } cases[] = {
        {"[]", ""},
        {"{'id': 'p', 'applies_to': 'task'}", "version"},
        {"{'id': 'p', 'version': 0, 'applies_to': 'task'}", "version"},
        {"{'id': 'p', 'version': 1, 'applies_to': 'cat'}", "applies_to"},
        {HEAD "'targets': []}", "targets"},
        {HEAD "'colour': 1}", "colour"},
        {HEAD "'match': 'a ==', 'targets': []}", "match"},
        {TARGET("'duration': 'P1D'"), "targets[1].duration"},
        {TARGET("'duration': '-PT1H'"), "targets[1].duration"},
        {TARGET("'duration': 'PT1H', 'end_of_day': true"), "targets[1].duration"},
        {TARGET("'duration': 'PT1H', 'kind': 'x'"), "targets[1].kind"},
        {TARGET("'duration': 'PT1H', 'conditions': {'stop': '('}"), "targets[1].conditions.stop"},
        {TARGET("'duration': 'PT1H', 'conditions': {'halt': 'a'}"), "targets[1].conditions.halt"},
        {THRESHOLD("'at': '0%'"), "targets[1].thresholds[0].at"},
        {THRESHOLD("'at': '1000.001%'"), "targets[1].thresholds[0].at"},
        {THRESHOLD("'at': '-5%'"), "targets[1].thresholds[0].at"},
        {THRESHOLD("'at': 75"), "targets[1].thresholds[0].at"},
        {THRESHOLD("'at': '-P1BD'"), "targets[1].thresholds[0].at"},
        {THRESHOLD("'at': '75%', 'actions': [{'type': 'event'}]"),
         "targets[1].thresholds[0].actions[0].name"},
        {THRESHOLD("'at': '75%', 'actions': [{'type': 'escalate', 'chain': 'c'}]"),
         "targets[1].thresholds[0].actions[0].chain"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena *arena = arena_new(1024 * 1024);
        const struct sla_policy *policy = NULL;
        struct error error = {0};
        json_t *json = fixture_json(cases[i].text);

        assert_int_equal(sla_policy_read(arena, json, &policy, &error), STATUS_INVALID);
        assert_string_equal(error.field, cases[i].path);
        assert_true(error.message[0] != '\0');
        json_decref(json);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_fault_is_refused_with_its_path)};

    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
