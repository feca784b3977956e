/* bpmn_step() as a function: determinism, commands that do not fit, the memory bound; and the
 * journal's merging. What the elements do is in tests/trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/step/fixture.h"

static void the_same_arguments_give_the_same_changes(void **state)
{
    struct fixture one;
    struct fixture two;

    (void)state;
    fixture_open(&one, "terminate.bpmn");
    fixture_open(&two, "terminate.bpmn");
    assert_int_equal(fixture_step(&one, BPMN_START, NULL, NULL, "{\"a\": 1}"), STATUS_OK);
    assert_int_equal(fixture_step(&two, BPMN_START, NULL, NULL, "{\"a\": 1}"), STATUS_OK);
    assert_int_equal(one.changes.count, two.changes.count);
    for (uint32_t i = 0; i < one.changes.count; i++) {
        const struct bpmn_change *a = &one.changes.items[i];
        const struct bpmn_change *b = &two.changes.items[i];

        assert_string_equal(bpmn_change_text(a, one.model, one.arena),
                            bpmn_change_text(b, two.model, two.arena));
        assert_true(uuid_equal(&a->token_id, &b->token_id));
        assert_true(uuid_equal(&a->wait_id, &b->wait_id));
        assert_true(uuid_equal(&a->scope_id, &b->scope_id));
    }
    fixture_close(&one);
    fixture_close(&two);
}

static void a_target_of_another_kind_is_a_conflict(void **state)
{
    struct fixture fixture;
    struct uuid timer;
    struct uuid task;

    (void)state;
    fixture_open(&fixture, "approval.bpmn");
    assert_int_equal(fixture_step(&fixture, BPMN_START, NULL, NULL,
                                  "{\"customer\": \"Ada\", \"approver\": \"grace\"}"),
                     STATUS_OK);
    timer = fixture_wait(&fixture, BPMN_CHANGE_TIMER_ARMED);
    task = fixture_wait(&fixture, BPMN_CHANGE_TASK_CREATED);
    assert_int_equal(fixture_step(&fixture, BPMN_COMPLETE_TASK, &timer, NULL, NULL),
                     STATUS_CONFLICT);
    assert_non_null(strstr(fixture.error.message, "to be a task but 'sla'"));
    assert_int_equal(fixture_step(&fixture, BPMN_TRIGGER_TIMER, &task, NULL, NULL),
                     STATUS_CONFLICT);
    assert_int_equal(fixture_step(&fixture, BPMN_JOB_ERROR, &task, "CODE", NULL), STATUS_CONFLICT);
    assert_int_equal(fixture_step(&fixture, BPMN_HANDLER_RETURNED, &task, NULL, NULL),
                     STATUS_CONFLICT);
    /* Refused commands left no trace. */
    assert_int_equal(fixture_step(&fixture, BPMN_COMPLETE_TASK, &task, NULL, NULL), STATUS_OK);
    assert_int_equal(fixture.instance.status, BPMN_INSTANCE_COMPLETED);
    fixture_close(&fixture);
}

static void a_command_before_the_start_is_a_conflict(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, "approval.bpmn");
    assert_int_equal(fixture_step(&fixture, BPMN_SET_VARIABLES, NULL, NULL, "{}"), STATUS_CONFLICT);
    assert_non_null(strstr(fixture.error.message, "to be active but it is not started yet"));
    fixture_close(&fixture);
}

static void a_step_stops_at_the_memory_limit(void **state)
{
    struct fixture fixture;
    struct arena *small = arena_new(100000);
    struct arena *big;

    (void)state;
    fixture_open(&fixture, "explosion.bpmn");
    big = fixture.arena;
    fixture.arena = small;
    bpmn_changes_init(&fixture.changes, small);
    assert_int_equal(fixture_step(&fixture, BPMN_START, NULL, NULL, NULL), STATUS_TOO_LARGE);
    assert_string_not_equal(fixture.error.element_id, "");
    assert_true(fixture.error.line > 0);
    fixture.arena = big;
    arena_free(small);
    fixture_close(&fixture);
}

/* "kind element" of each record. */
static void assert_journal(const struct fixture *fixture, uint32_t from,
                           const char *const *expected)
{
    json_t *journal = bpmn_changes_journal(&fixture->changes, fixture->model, from);
    const json_t *record;
    size_t i;

    json_array_foreach (journal, i, record) {
        const char *element = json_string_value(json_object_get(record, "el"));
        const char *text =
            arena_format(fixture->arena, "%s %s", json_string_value(json_object_get(record, "c")),
                         element != NULL ? element : "-");

        assert_non_null(expected[i]);
        assert_string_equal(text, expected[i]);
    }
    assert_null(expected[i]);
    json_decref(journal);
}

static void a_handler_answered_at_once_is_one_record(void **state)
{
    static const char *const expected[] = {"instance-started -",
                                           "passed start",
                                           "activated both",
                                           "scope-opened both",
                                           "passed begin",
                                           "passed fork",
                                           "passed first",
                                           "passed second",
                                           "variable -",
                                           "arrived join",
                                           "variable -",
                                           "arrived join",
                                           "joined join",
                                           "passed join",
                                           "scope-closed both",
                                           "completed both",
                                           "passed end",
                                           "instance-completed end",
                                           NULL};
    struct fixture fixture;
    struct uuid second;
    struct uuid first;

    (void)state;
    fixture_open(&fixture, "handlers.bpmn");
    assert_int_equal(fixture_step(&fixture, BPMN_START, NULL, NULL, NULL), STATUS_OK);
    second = fixture_wait(&fixture, BPMN_CHANGE_HANDLER_CALLED);
    first = second;
    for (uint32_t i = 0; i < fixture.changes.count; i++) {
        if (fixture.changes.items[i].kind == BPMN_CHANGE_HANDLER_CALLED &&
            !uuid_equal(&fixture.changes.items[i].wait_id, &second))
            first = fixture.changes.items[i].wait_id;
    }
    assert_int_equal(fixture_step(&fixture, BPMN_HANDLER_RETURNED, &first, NULL, "{\"a\": 1}"),
                     STATUS_OK);
    assert_int_equal(fixture_step(&fixture, BPMN_HANDLER_RETURNED, &second, NULL, "{\"b\": 1}"),
                     STATUS_OK);
    assert_journal(&fixture, 0, expected);
    fixture_close(&fixture);
}

static void what_waited_in_between_stays_apart(void **state)
{
    static const char *const started[] = {"instance-started -",
                                          "variable -",
                                          "variable -",
                                          "passed start",
                                          "activated approve",
                                          "task-created approve",
                                          "timer-armed sla",
                                          "task-completed approve",
                                          "timer-cancelled sla",
                                          "completed approve",
                                          "passed approved",
                                          "instance-completed approved",
                                          NULL};
    struct fixture fixture;
    struct uuid task;
    uint32_t from;

    (void)state;
    fixture_open(&fixture, "approval.bpmn");
    assert_int_equal(fixture_step(&fixture, BPMN_START, NULL, NULL,
                                  "{\"customer\": \"Ada\", \"approver\": \"grace\"}"),
                     STATUS_OK);
    from = fixture.changes.count;
    task = fixture_wait(&fixture, BPMN_CHANGE_TASK_CREATED);
    assert_int_equal(fixture_step(&fixture, BPMN_COMPLETE_TASK, &task, NULL, NULL), STATUS_OK);
    assert_journal(&fixture, 0, started);
    assert_journal(&fixture, from, started + 7);
    assert_journal(&fixture, fixture.changes.count, started + 12);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_arguments_give_the_same_changes),
        cmocka_unit_test(a_target_of_another_kind_is_a_conflict),
        cmocka_unit_test(a_command_before_the_start_is_a_conflict),
        cmocka_unit_test(a_step_stops_at_the_memory_limit),
        cmocka_unit_test(a_handler_answered_at_once_is_one_record),
        cmocka_unit_test(what_waited_in_between_stays_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
