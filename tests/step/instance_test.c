/* The instance as a container: copies, marks, and stored text that does not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/step/fixture.h"

static const struct uuid nothing;

static void bad_states_are_refused_with_a_sentence(void **state)
{
    static const char *const states[] = {
        "[]",
        "{\"tokens\":[{}]}",
        "{\"tokens\":[{\"id\":\"x\",\"el\":\"diagnose\"}]}",
        "{\"tokens\":[{\"id\":\"00000000-0000-0000-0000-000000000009\"}]}",
        "{\"tokens\":[{\"id\":\"00000000-0000-0000-0000-000000000009\",\"el\":\"gone\"}]}",
        "{\"tokens\":[{\"id\":\"00000000-0000-0000-0000-000000000009\",\"el\":\"close\","
        "\"scope\":7}]}",
        "{\"tokens\":[{\"id\":\"00000000-0000-0000-0000-000000000009\",\"el\":\"close\","
        "\"waits\":[{\"kind\":\"luck\"}]}]}",
        "{\"tokens\":[{\"id\":\"00000000-0000-0000-0000-000000000009\",\"el\":\"close\","
        "\"waits\":[{\"kind\":\"handler\",\"id\":\"00000000-0000-0000-0000-00000000000a\"}]}]}",
        "{\"tokens\":[{\"id\":\"00000000-0000-0000-0000-000000000009\",\"el\":\"close\","
        "\"waits\":[{\"kind\":\"task\"}]}]}",
        "{\"tokens\":[{\"id\":\"00000000-0000-0000-0000-000000000009\",\"el\":\"close\","
        "\"waits\":[{\"kind\":\"timer\",\"id\":\"00000000-0000-0000-0000-00000000000a\","
        "\"el\":\"gone\"}]}]}",
        "{\"tokens\":[{\"id\":\"00000000-0000-0000-0000-000000000009\",\"el\":\"close\","
        "\"waits\":[{\"kind\":\"message\",\"id\":\"00000000-0000-0000-0000-00000000000a\"}]}]}",
        "{\"tokens\":[],\"arrivals\":{\"gone\":1}}",
        "{\"tokens\":[],\"arrivals\":{\"s4\":0}}",
        "{\"tokens\":[],\"arrivals\":{\"s4\":\"many\"}}",
    };
    struct fixture fixture;
    json_t *variables = json_object();

    (void)state;
    fixture_open(&fixture, "sub_process.bpmn");
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        json_t *stored = json_loads(states[i], 0, NULL);
        struct bpmn_instance instance;

        assert_non_null(stored);
        bpmn_instance_init(&instance, fixture.arena, fixture.model, &fixture.instance.id,
                           "test:1:1", NULL);
        assert_int_equal(bpmn_instance_load_scope(&instance, &instance.id, &nothing, &nothing, NULL,
                                                  stored, variables, &fixture.error),
                         STATUS_INTERNAL);
        assert_non_null(strstr(fixture.error.message, "Expected the stored state"));
        bpmn_instance_clear(&instance);
        json_decref(stored);
    }
    json_decref(variables);
    fixture_close(&fixture);
}

static void a_nested_scope_needs_its_sub_process_and_its_parent(void **state)
{
    const struct uuid id = {{1}};
    const struct uuid stranger = {{2}};
    struct fixture fixture;
    json_t *stored = json_pack("{s:[]}", "tokens");
    json_t *variables = json_object();

    (void)state;
    fixture_open(&fixture, "sub_process.bpmn");
    assert_int_equal(bpmn_instance_load_scope(&fixture.instance, &id, &fixture.instance.id, &id,
                                              "close", stored, variables, &fixture.error),
                     STATUS_INTERNAL);
    assert_int_equal(bpmn_instance_load_scope(&fixture.instance, &id, &stranger, &id, "handle",
                                              stored, variables, &fixture.error),
                     STATUS_INTERNAL);
    json_decref(stored);
    json_decref(variables);
    fixture_close(&fixture);
}

static void variables_of_the_caller_are_copied_before_they_change(void **state)
{
    struct fixture fixture;
    json_t *stored = json_pack("{s:[]}", "tokens");
    json_t *variables = json_pack("{s:i}", "x", 1);

    (void)state;
    fixture_open(&fixture, "approval.bpmn");
    assert_int_equal(bpmn_instance_load_scope(&fixture.instance, &fixture.instance.id, &nothing,
                                              &nothing, NULL, stored, variables, &fixture.error),
                     STATUS_OK);
    assert_int_equal(fixture.instance.status, BPMN_INSTANCE_ACTIVE);
    assert_int_equal(fixture_step(&fixture, BPMN_SET_VARIABLES, NULL, NULL, "{\"x\": 2}"),
                     STATUS_OK);
    assert_int_equal(json_integer_value(json_object_get(variables, "x")), 1);
    assert_int_equal(json_integer_value(bpmn_instance_variable(
                         &fixture.instance, bpmn_instance_root(&fixture.instance), "x")),
                     2);
    json_decref(stored);
    json_decref(variables);
    fixture_close(&fixture);
}

static void records_keep_values_that_were_overwritten(void **state)
{
    struct fixture fixture;
    struct bpmn_instance before;
    uint32_t first;

    (void)state;
    fixture_open(&fixture, "open_end.bpmn");
    assert_int_equal(fixture_step(&fixture, BPMN_START, NULL, NULL, NULL), STATUS_OK);
    first = fixture.changes.count;
    assert_int_equal(fixture_step(&fixture, BPMN_SET_VARIABLES, NULL, NULL, "{\"x\": \"one\"}"),
                     STATUS_OK);
    assert_int_equal(fixture_step(&fixture, BPMN_SET_VARIABLES, NULL, NULL, "{\"x\": \"two\"}"),
                     STATUS_OK);
    /* Also when the instance is thrown away and its copy goes on. */
    bpmn_instance_clone(&fixture.instance, &before, fixture.arena);
    bpmn_instance_clear(&fixture.instance);
    fixture.instance = before;
    assert_string_equal(json_string_value(fixture.changes.items[first].value), "one");
    assert_string_equal(json_string_value(fixture.changes.items[first + 1].value), "two");
    fixture_close(&fixture);
}

static void an_equal_value_is_no_change(void **state)
{
    struct fixture fixture;
    uint32_t count;

    (void)state;
    fixture_open(&fixture, "open_end.bpmn");
    assert_int_equal(fixture_step(&fixture, BPMN_START, NULL, NULL, "{\"x\": [1, {\"y\": 2}]}"),
                     STATUS_OK);
    bpmn_instance_saved(&fixture.instance);
    count = fixture.changes.count;
    assert_int_equal(
        fixture_step(&fixture, BPMN_SET_VARIABLES, NULL, NULL, "{\"x\": [1, {\"y\": 2}]}"),
        STATUS_OK);
    assert_int_equal(fixture.changes.count, count);
    assert_false(bpmn_instance_root(&fixture.instance)->variables_changed);
    fixture_close(&fixture);
}

static void only_the_scope_that_changed_is_marked(void **state)
{
    struct fixture fixture;
    struct uuid task;
    struct bpmn_scope *root;
    struct bpmn_scope *inner;

    (void)state;
    fixture_open(&fixture, "sub_process.bpmn");
    assert_int_equal(fixture_step(&fixture, BPMN_START, NULL, NULL, NULL), STATUS_OK);
    assert_int_equal(fixture.instance.scope_count, 2);
    assert_true(fixture.instance.scopes[0].is_new && fixture.instance.scopes[1].is_new);
    bpmn_instance_saved(&fixture.instance);
    task = fixture_wait(&fixture, BPMN_CHANGE_TASK_CREATED);
    assert_int_equal(fixture_step(&fixture, BPMN_COMPLETE_TASK, &task, NULL, NULL), STATUS_OK);
    root = &fixture.instance.scopes[0];
    inner = &fixture.instance.scopes[1];
    assert_false(root->is_new || root->state_changed || root->variables_changed);
    assert_true(inner->state_changed);
    assert_false(inner->is_new || inner->variables_changed || inner->removed);
    fixture_close(&fixture);
}

static void a_closed_scope_stays_until_saved(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture, "sub_process.bpmn");
    assert_int_equal(fixture_step(&fixture, BPMN_START, NULL, NULL, NULL), STATUS_OK);
    bpmn_instance_saved(&fixture.instance);
    assert_int_equal(fixture_step(&fixture, BPMN_TERMINATE, NULL, "enough", NULL), STATUS_OK);
    assert_int_equal(fixture.instance.scope_count, 2);
    assert_true(fixture.instance.scopes[1].removed);
    assert_null(bpmn_instance_scope(&fixture.instance, &fixture.instance.scopes[1].id));
    bpmn_instance_saved(&fixture.instance);
    assert_int_equal(fixture.instance.scope_count, 1);
    assert_string_equal(fixture.instance.delete_reason, "enough");
    fixture_close(&fixture);
}

/* Past a few scopes tokens and waits are found by a table, closed scopes leave gaps, and from time
 * to time the gaps are closed. */
static void a_large_instance_finds_what_is_open(void **state)
{
    enum { COUNT = 300 };
    struct uuid waits[COUNT];
    struct fixture fixture;
    uint32_t count = 0;

    (void)state;
    fixture_open(&fixture, "loops/zero.bpmn");
    assert_int_equal(fixture_step(&fixture, BPMN_START, NULL, NULL, "{\"n\": 300}"), STATUS_OK);
    for (uint32_t i = 0; i < fixture.changes.count; i++) {
        if (fixture.changes.items[i].kind == BPMN_CHANGE_TASK_CREATED)
            waits[count++] = fixture.changes.items[i].wait_id;
    }
    assert_int_equal(count, COUNT);
    bpmn_instance_saved(&fixture.instance);
    for (uint32_t i = 0; i < COUNT - 1; i++) {
        uint32_t which = i * 7 % COUNT; /* each of them once */
        struct bpmn_scope *scope = NULL;
        struct bpmn_wait *wait = NULL;
        struct bpmn_token *token =
            bpmn_instance_waiting(&fixture.instance, &waits[which], &scope, &wait);

        assert_non_null(token);
        assert_true(uuid_equal(&wait->id, &waits[which]));
        assert_ptr_equal(bpmn_instance_token(&fixture.instance, &token->id, NULL), token);
        assert_int_equal(scope->index, which);
        assert_int_equal(fixture_step(&fixture, BPMN_COMPLETE_TASK, &waits[which], NULL, NULL),
                         STATUS_OK);
        /* Only what has changed: the body, and the instance that is gone. */
        assert_int_equal(fixture.instance.touched_count, 2);
        bpmn_instance_saved(&fixture.instance);
        assert_null(bpmn_instance_waiting(&fixture.instance, &waits[which], NULL, NULL));
    }
    assert_int_equal(fixture.instance.scope_count, 3); /* root, body, the last one */
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_states_are_refused_with_a_sentence),
        cmocka_unit_test(a_nested_scope_needs_its_sub_process_and_its_parent),
        cmocka_unit_test(variables_of_the_caller_are_copied_before_they_change),
        cmocka_unit_test(records_keep_values_that_were_overwritten),
        cmocka_unit_test(an_equal_value_is_no_change),
        cmocka_unit_test(only_the_scope_that_changed_is_marked),
        cmocka_unit_test(a_closed_scope_stays_until_saved),
        cmocka_unit_test(a_large_instance_finds_what_is_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
