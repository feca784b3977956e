/* Limits: whatever a script does on the engine's own thread, it ends soon, and the next runs as if
 * nothing had been. */
#include "tests/script/fixture.h"
#include "tests/script/hostile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void hostile_scripts_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(hostile_scripts); i++) {
        struct script_case one;
        enum status status;

        script_case_init(&one);
        status = script_case_run(&one, hostile_scripts[i], NULL);
        if (status != STATUS_TIMEOUT && status != STATUS_TOO_LARGE && status != STATUS_FAILED)
            print_error("%s: %s\n", hostile_scripts[i], status_name(status));
        assert_true(status == STATUS_TIMEOUT || status == STATUS_TOO_LARGE ||
                    status == STATUS_FAILED);
        assert_true(strlen(one.error.message) > 10);
        script_case_deinit(&one);
        assert_script("[1, 2].map(v => v + x)", "{\"x\": 1}", "[2, 3]", "{}");
    }
}

static void limits_have_their_own_status(void **state)
{
    (void)state;
    assert_script_fails("while (true) {}", NULL, STATUS_TIMEOUT, 0, "50000 steps");
    assert_script_fails("s = 'x'; for (;;) s += s", NULL, STATUS_TOO_LARGE, 0, "memory");
    assert_script_fails("/(a+)+b/.test('aaaaaaaaaaaaaaaa')", NULL, STATUS_TIMEOUT, 0,
                        "regular expression");
    assert_script_fails("function f() { f() } f()", NULL, STATUS_FAILED, 0, "nested too deeply");
    /* Not to be caught. */
    assert_script_fails("try { for (;;) ; } catch (e) { x = 1 }", NULL, STATUS_TIMEOUT, 0, "steps");
}

static void steps_are_the_same_every_time(void **state)
{
    struct script_case one;
    uint64_t low = 1;
    uint64_t high = SCRIPT_STEPS_DEFAULT;

    (void)state;
    script_case_init(&one);
    while (low < high) {
        one.limits.steps_max = low + (high - low) / 2;
        if (script_case_run(&one, "t = 0; for (let i = 0; i < 100; i++) t += i; t", NULL) ==
            STATUS_OK)
            high = one.limits.steps_max;
        else
            low = one.limits.steps_max + 1;
    }
    assert_in_range(low, 100, 400);
    for (unsigned i = 0; i < 20; i++) {
        one.limits.steps_max = low;
        assert_int_equal(
            script_case_run(&one, "t = 0; for (let i = 0; i < 100; i++) t += i; t", NULL),
            STATUS_OK);
        one.limits.steps_max = low - 1;
        assert_int_equal(
            script_case_run(&one, "t = 0; for (let i = 0; i < 100; i++) t += i; t", NULL),
            STATUS_TIMEOUT);
    }
    script_case_deinit(&one);
}

static void garbage_is_no_memory(void **state)
{
    struct script_case one;

    (void)state;
    script_case_init(&one);
    one.limits.steps_max = 0;
    one.limits.memory_bytes = 2 * 1024 * 1024;
    /* Makes some 60 MB altogether. */
    assert_int_equal(script_case_run(&one,
                                     "let s; for (let i = 0; i < 20000; i++) "
                                     "{ s = ['x'.repeat(1000) + i, {i}]; } s[1].i",
                                     NULL),
                     STATUS_OK);
    assert_json_text(one.result.value, "19999");
    script_case_deinit(&one);
}

static void large_input_is_refused_or_carried(void **state)
{
    struct script_case one;
    json_t *deep = json_array();
    json_t *variables = json_object();
    char *source = malloc(SCRIPT_SOURCE_MAX + 2);

    (void)state;
    assert_non_null(source);
    memset(source, ' ', SCRIPT_SOURCE_MAX + 1);
    source[SCRIPT_SOURCE_MAX + 1] = '\0';
    assert_script_fails(source, NULL, STATUS_TOO_LARGE, 0, "at most 262144 bytes");
    memset(source, '(', SCRIPT_SOURCE_MAX);
    source[SCRIPT_SOURCE_MAX] = '\0';
    assert_script_fails(source, NULL, STATUS_INVALID, 1, "nested deeper");
    for (size_t i = 0; i < SCRIPT_SOURCE_MAX; i++)
        source[i] = i % 2 == 0 ? '1' : '+';
    assert_script_fails(source, NULL, STATUS_INVALID, 1, "too long");
    free(source);

    for (unsigned i = 0; i < 200; i++) {
        json_t *outer = json_array();

        (void)json_array_append_new(outer, deep);
        deep = outer;
    }
    (void)json_object_set_new(variables, "deep", deep);
    (void)json_object_set_new(variables, "x", json_integer(1));
    script_case_init(&one);
    assert_int_equal(
        script_run("x", variables, &one.context, &one.limits, one.arena, &one.result, &one.error),
        STATUS_OK);
    script_result_deinit(&one.result);
    assert_int_equal(script_run("deep", variables, &one.context, &one.limits, one.arena,
                                &one.result, &one.error),
                     STATUS_TOO_LARGE);
    script_case_deinit(&one);
    json_decref(variables);
}

/* Any bytes are a script or a syntax error. The seed is fixed: a failure comes again. */
static void broken_scripts_are_refused_cleanly(void **state)
{
    static const char *const pieces[] = {
        "function ", "f",      "(",       ")",       "{",      "}",      "[",       "]",
        "=>",        "=",      "...",     "let ",    "const ", "var ",   "x",       "`",
        "${",        "'",      "\"",      "/",       "*",      "1",      ".",       "?.",
        "??",        ",",      ";",       "\n",      "if ",    "else ",  "for ",    "of ",
        "in ",       "while ", "return ", "throw ",  "try ",   "catch ", "switch ", "case ",
        "default",   ":",      "new ",    "typeof ", "++",     "-",      "!",       "\\",
        "\xff",      "ü",      "async ",  "get "};
    uint64_t random = 1;

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        char source[256] = "";
        struct script_case one;
        struct error error;
        enum status checked;
        enum status ran;

        for (unsigned i = 0; i < 3 + round % 20; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407U;
            (void)strcat(source, pieces[(random >> 33) % COUNT_OF(pieces)]);
        }
        script_case_init(&one);
        one.limits.steps_max = 2000;
        checked = script_check(source, &error);
        ran = script_case_run(&one, source, NULL);
        if ((checked == STATUS_INVALID) != (ran == STATUS_INVALID))
            print_error("%s: checked %s, ran %s: %s\n", source, status_name(checked),
                        status_name(ran), one.error.message);
        assert_true((checked == STATUS_INVALID) == (ran == STATUS_INVALID));
        script_case_deinit(&one);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_scripts_end),
        cmocka_unit_test(limits_have_their_own_status),
        cmocka_unit_test(steps_are_the_same_every_time),
        cmocka_unit_test(garbage_is_no_memory),
        cmocka_unit_test(large_input_is_refused_or_carried),
        cmocka_unit_test(broken_scripts_are_refused_cleanly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
