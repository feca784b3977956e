/* JUEL expressions: syntax errors, limits, and that no text crashes the parser or the evaluation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"
#include "tests/bpmn/expression_fixture.h"

static void syntax_errors_have_a_column(void **state)
{
    static const struct {
        const char *text;
        enum expression_mode mode;
        int column;
        const char *sentence;
    } cases[] = {
        {"", EXPRESSION_CONDITION, 1, "Expected a value at character 1 but found the end"},
        {"  ", EXPRESSION_CONDITION, 3, "Expected a value"},
        {"n <", EXPRESSION_CONDITION, 4, "Expected a value at character 4"},
        {"n < < 3", EXPRESSION_CONDITION, 5, "Expected a value at character 5 but found '<'"},
        {"n 3", EXPRESSION_CONDITION, 3, "Expected an operator or the end"},
        {"(n", EXPRESSION_CONDITION, 3, "Expected ')'"},
        {"n)", EXPRESSION_CONDITION, 2, "Expected an operator or the end"},
        {"n ? 1", EXPRESSION_CONDITION, 6, "Expected ':'"},
        {"list[1", EXPRESSION_CONDITION, 7, "Expected ']'"},
        {"list.", EXPRESSION_CONDITION, 6, "Expected a property's name"},
        {"list.1", EXPRESSION_CONDITION, 6, "Expected a property's name"},
        {"'abc", EXPRESSION_CONDITION, 1, "ends with its quote"},
        {"'abc\\'", EXPRESSION_CONDITION, 1, "ends with its quote"},
        {"'it''", EXPRESSION_CONDITION, 5, "ends with its quote"},
        {"n = 3", EXPRESSION_CONDITION, 3, "Expected '==', which compares"},
        {"${test = 'a'}", EXPRESSION_TEMPLATE, 8, "at character 8 but found '='"},
        {"n & 3", EXPRESSION_CONDITION, 3, "Expected '&&'"},
        {"n | 3", EXPRESSION_CONDITION, 3, "Expected '||'"},
        {"n; 3", EXPRESSION_CONDITION, 2, "an operator or a value"},
        {"99999999999999999999", EXPRESSION_CONDITION, 1, "fits 64 bits"},
        {"1e999", EXPRESSION_CONDITION, 1, "fits 64 bits"},
        {"and", EXPRESSION_CONDITION, 1, "Expected a value"},
        {"n && empty", EXPRESSION_CONDITION, 11, "Expected a value"},
        {"f(1)", EXPRESSION_CONDITION, 1, "Expected a function with its arguments"},
        {"1 + round()", EXPRESSION_CONDITION, 5, "Expected a function with its arguments"},
        {"n(1)", EXPRESSION_CONDITION, 1, "Expected a function"},
        {"date:foo(n)", EXPRESSION_CONDITION, 6, "Expected a function of dates"},
        {"date:format()", EXPRESSION_CONDITION, 6, "Expected a function of dates"},
        {"date:plusDays(n)", EXPRESSION_CONDITION, 6, "Expected a function of dates"},
        {"1.00000000000000000000000000000000001", EXPRESSION_CONDITION, 1, "at most 34 digits"},
        {"test.contains('a'", EXPRESSION_CONDITION, 18, "Expected ',' or ')'"},
        {"test.contains(,)", EXPRESSION_CONDITION, 15, "Expected a value"},
        {"variables:foo(n)", EXPRESSION_CONDITION, 11, "Expected a function of variables"},
        {"variables:eq(n)", EXPRESSION_CONDITION, 11, "Expected a function of variables"},
        {"variables:get()", EXPRESSION_CONDITION, 11, "Expected a function of variables"},
        {"variables:get(1)", EXPRESSION_CONDITION, 11, "a variable's name as first argument"},
        {"\xC3\xA4\xC3\xB6 <", EXPRESSION_CONDITION, 5, "at character 5"},
        {"${n", EXPRESSION_CONDITION, 4, "Expected '}'"},
        {"  ${n +}", EXPRESSION_CONDITION, 8, "Expected a value at character 8 but found '}'"},
        {"${n} x", EXPRESSION_CONDITION, 0, "Expected a condition to be one expression"},
        {"${n}${n}", EXPRESSION_CONDITION, 0, "found 2 parts"},
        {"x${", EXPRESSION_TEMPLATE, 4, "Expected a value"},
        {"x${}", EXPRESSION_TEMPLATE, 4, "Expected a value at character 4 but found '}'"},
        {"x${n", EXPRESSION_TEMPLATE, 5, "Expected '}'"},
        {"x${n n}", EXPRESSION_TEMPLATE, 6, "Expected an operator or '}'"},
        {"${'a}", EXPRESSION_TEMPLATE, 3, "ends with its quote"},
        {"${n} #{n}", EXPRESSION_TEMPLATE, 0, "Expected either ${\xE2\x80\xA6} or #{"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct expression *expression = NULL;
        struct error *error = &fixture->error;

        error_clear(error);
        if (expression_parse(fixture->arena, cases[i].text, cases[i].mode, &expression, error) !=
            STATUS_INVALID)
            fail_msg("'%s' was not refused", cases[i].text);
        assert_null(expression);
        if (error->column != cases[i].column || strstr(error->message, cases[i].sentence) == NULL)
            fail_msg("'%s': column %d instead of %d, or not '%s' in: %s", cases[i].text,
                     error->column, cases[i].column, cases[i].sentence, error->message);
        assert_int_equal(error->line, 0);
    }
}

static char *repeated(struct arena *arena, const char *before, const char *link, size_t count,
                      const char *middle, const char *after)
{
    struct text text = TEXT_INIT;
    char *copy;

    text_append(&text, before);
    for (size_t i = 0; i < count; i++)
        text_append(&text, link);
    text_append(&text, middle);
    for (size_t i = 0; i < count; i++)
        text_append(&text, after);
    copy = arena_copy(arena, text_string(&text));
    text_deinit(&text);
    return copy;
}

static enum status try_parse(struct fixture *fixture, const char *text)
{
    const struct expression *expression = NULL;

    error_clear(&fixture->error);
    return expression_parse(fixture->arena, text, EXPRESSION_CONDITION, &expression,
                            &fixture->error);
}

static void size_and_depth_are_limited(void **state)
{
    static const struct {
        const char *before;
        const char *link;
        size_t good;
        size_t bad;
        const char *middle;
        const char *after;
    } cases[] = {
        {"", "(", 90, 101, "1", ")"},
        {"", "-", 90, 101, "1", ""},
        {"", "!", 90, 5000, "yes", ""},
        {"", "list[", 90, 101, "0", "]"},
        {"", "yes ? ", 90, 101, "1", " : 2"},
        {"", "yes ? 1 : ", 90, 101, "2", ""},
        {"", "test.concat(", 90, 101, "test", ")"},
        {"1", "+1", 990, 1001, "", ""},
        {"yes", "&&yes", 990, 1001, "", ""},
        {"order", ".a", 990, 1001, "", ""},
        {"list", "[0]", 990, 1001, "", ""},
        {"test", ".trim()", 990, 1001, "", ""},
        {"", "trim(", 90, 101, "test", ")"},
        {"", "date:format(", 90, 101, "now()", ")"},
        {"max(1", ",1", 15, 16, ")", ""},
        {"test.trim(1", ",1", 15, 16, ")", ""},
        {"variables:contains(n", ",1", 15, 16, ")", ""},
    };
    struct fixture *fixture = *state;
    json_t *value = NULL;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *good = repeated(fixture->arena, cases[i].before, cases[i].link, cases[i].good,
                                    cases[i].middle, cases[i].after);
        const char *bad = repeated(fixture->arena, cases[i].before, cases[i].link, cases[i].bad,
                                   cases[i].middle, cases[i].after);

        if (try_parse(fixture, good) != STATUS_OK)
            fail_msg("case %zu: %s", i, fixture->error.message);
        /* It has to be evaluable as well, with whatever result. */
        if (expression_value(parse(fixture, good, EXPRESSION_CONDITION), &fixture->scope, &value,
                             &fixture->error) == STATUS_OK)
            json_decref(value);
        if (try_parse(fixture, bad) != STATUS_INVALID)
            fail_msg("case %zu was not refused", i);
    }
    assert_int_equal(try_parse(fixture, repeated(fixture->arena, "", "(", 5400, "1", ")")),
                     STATUS_INVALID);
    assert_int_equal(try_parse(fixture, repeated(fixture->arena, "'", "x", 16 * 1024 - 2, "'", "")),
                     STATUS_OK);
    assert_int_equal(try_parse(fixture, repeated(fixture->arena, "'", "x", 16 * 1024 - 1, "'", "")),
                     STATUS_INVALID);
    assert_non_null(strstr(fixture->error.message, "at most 16384 bytes"));
}

/* Many small literals must not cost the square of the text. */
static void parsing_takes_memory_in_proportion(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = arena_new(64 * 1024 * 1024);
    const struct expression *expression = NULL;
    const char *text = repeated(fixture->arena, "", "${''}", 3200, "", "");

    assert_int_equal(
        expression_parse(arena, text, EXPRESSION_TEMPLATE, &expression, &fixture->error),
        STATUS_OK);
    assert_true(arena_used_bytes(arena) < 4 * 1024 * 1024);
    arena_free(arena);
}

static void results_are_limited(void **state)
{
    struct fixture *fixture = *state;
    size_t length = 600 * 1024;
    char *bytes = memory_alloc(length);
    const struct expression *expression;
    const char *text = NULL;

    memset(bytes, 'x', length);
    (void)json_object_set_new(fixture->variables, "long", json_stringn(bytes, length));
    memory_free(bytes);
    assert_value(fixture, "long.length()", "614400");
    assert_value(fixture, "long == long.concat('')", "true");
    assert_fails(fixture, "long.concat(long)", "texts of at most 1048576 bytes");
    assert_fails(fixture,
                 "long.trim() == 'a' || long.trim() == 'b' || long.trim() == 'c' || "
                 "long.trim() == 'd' || long.trim() == 'e' || long.trim() == 'f' || "
                 "long.trim() == 'g' || long.trim() == 'h' || long.trim() == 'i' || "
                 "long.trim() == 'j' || long.trim() == 'k' || long.trim() == 'l' || "
                 "long.trim() == 'm' || long.trim() == 'n' || long.trim() == 'o' || "
                 "long.trim() == 'p' || long.trim() == 'q'",
                 "together");
    expression = parse(fixture, "${long}${long}", EXPRESSION_TEMPLATE);
    assert_int_equal(
        expression_string(expression, &fixture->scope, fixture->arena, &text, &fixture->error),
        STATUS_FAILED);
    assert_non_null(strstr(fixture->error.message, "at most 1048576 bytes"));
    assert_null(text);
}

static void errors_are_utf8(void **state)
{
    struct fixture *fixture = *state;

    for (size_t padding = 0; padding < 4; padding++) {
        const char *text = repeated(fixture->arena, padding == 0 ? "" : &"xxx"[3 - padding],
                                    "\xE2\x82\xAC", 120, "", "");

        assert_fails(fixture, text, "Expected a variable named");
        assert_true(text_is_utf8(fixture->error.message, strlen(fixture->error.message)));
    }
    for (size_t padding = 0; padding < 4; padding++) {
        const char *text = repeated(fixture->arena, "'", "\xE2\x82\xAC", 60 + padding, "' + 1", "");
        const struct expression *expression = parse(fixture, text, EXPRESSION_CONDITION);
        json_t *value = NULL;

        assert_int_equal(expression_value(expression, &fixture->scope, &value, &fixture->error),
                         STATUS_FAILED);
        assert_true(text_is_utf8(fixture->error.message, strlen(fixture->error.message)));
        assert_int_equal(try_parse(fixture, repeated(fixture->arena, "1 ",
                                                     &"xxx\xE2\x82\xAC"[padding % 3], 90, "", "")),
                         STATUS_INVALID);
        assert_true(text_is_utf8(fixture->error.message, strlen(fixture->error.message)));
    }
}

/* Deterministic stand-in for a fuzzer: seeds with pieces cut, doubled, swapped and replaced. */
static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void mutate(char *text, size_t size, uint32_t *seed)
{
    static const char *const pieces[] = {
        "${",   "#{",  "}",    "(",    ")",  "[",   "]",
        "'",    "\"",  "\\",   ".",    "..", ":",   "?",
        "-",    "!",   "&&",   "or",   "==", "not", "empty",
        "null", "1e9", "\xC3", "\xFF", "%",  "/0",  "9223372036854775807",
        ",",    " "};
    size_t length = strlen(text);
    size_t at = length == 0 ? 0 : next_random(seed) % length;

    switch (next_random(seed) % 5) {
    case 0: /* cut the rest */
        text[at] = '\0';
        break;
    case 1: /* drop some */
        if (length > 0)
            memmove(text + at, text + at + 1, length - at);
        break;
    case 2: /* replace one byte by any but NUL */
        if (length > 0)
            text[at] = (char)(next_random(seed) % 255 + 1);
        break;
    case 3: { /* repeat the rest */
        size_t extra = length - at;

        if (length + extra < size) {
            memmove(text + length, text + at, extra);
            text[length + extra] = '\0';
        }
        break;
    }
    default: { /* insert a piece */
        const char *piece = pieces[next_random(seed) % (sizeof(pieces) / sizeof(pieces[0]))];

        if (length + strlen(piece) < size) {
            memmove(text + at + strlen(piece), text + at, length - at + 1);
            memcpy(text + at, piece, strlen(piece));
        }
        break;
    }
    }
}

static void try_everything(struct fixture *fixture, struct arena *arena, const char *text,
                           enum expression_mode mode, unsigned *ret_parsed, unsigned *ret_evaluated)
{
    const struct expression *expression = NULL;
    struct error error = {0};
    json_t *value = NULL;
    const char *string = NULL;
    bool truth = false;
    enum status status = expression_parse(arena, text, mode, &expression, &error);

    if (status != STATUS_OK) {
        assert_int_equal(status, STATUS_INVALID);
        assert_int_equal(strncmp(error.message, "Expected", 8), 0);
        return;
    }
    ++*ret_parsed;
    status = expression_value(expression, &fixture->scope, &value, &error);
    assert_true(status == STATUS_OK || status == STATUS_FAILED);
    if (status == STATUS_OK) {
        ++*ret_evaluated;
        assert_non_null(value);
        json_decref(value);
    }
    status = expression_string(expression, &fixture->scope, arena, &string, &error);
    assert_true(status == STATUS_OK || status == STATUS_FAILED);
    status = expression_condition(expression, &fixture->scope, &truth, &error);
    assert_true(status == STATUS_OK || status == STATUS_FAILED);
}

static void mutated_texts_do_not_crash(void **state)
{
    static const char *const seeds[] = {
        "${n < 3 && test.contains('a') || !empty list}",
        "Task ${order.customer.name} of ${execution.processInstanceId}",
        "${variables:getOrDefault(missing, list[4].deep[1] * -2.5e3)}",
        "n > 1 ? (yes ? 'a' : \"b\") : order['a b'] % 3 div 4",
        "#{test.substring(1, 3).toUpperCase().concat(umlaut)}",
        "${vars:containsAny(list, 1, 'two', null) and not (big + 1 == smallest)}",
        "${now().plusDays(n).format('dd.MM.yyyy') >= date:addDuration(today(), 'P1DT2H')}",
        "round(sum(list[4].deep) * 0.19, 2) / 3e-7 % 1.5 - max(1, n, -0.1)",
        "test.split('a').join('-').matches('[a-z-]{2,9}(n|\\d)*') ? order.keySet() : test.size",
    };
    struct fixture *fixture = *state;
    uint32_t seed = 20261123;
    unsigned parsed = 0;
    unsigned evaluated = 0;
    struct arena *arena = arena_new(64 * 1024 * 1024);

    for (size_t i = 0; i < 6000; i++) {
        char text[512];
        unsigned count = 1 + next_random(&seed) % 4;

        (void)snprintf(text, sizeof(text), "%s", seeds[i % (sizeof(seeds) / sizeof(seeds[0]))]);
        for (unsigned j = 0; j < count; j++)
            mutate(text, sizeof(text), &seed);
        try_everything(fixture, arena, text, EXPRESSION_TEMPLATE, &parsed, &evaluated);
        try_everything(fixture, arena, text, EXPRESSION_CONDITION, &parsed, &evaluated);
        arena_clear(arena);
    }
    arena_free(arena);
    /* Mutations that all end as syntax errors would test little. */
    assert_true(parsed > 600);
    assert_true(evaluated > 200);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(syntax_errors_have_a_column),
        TEST(size_and_depth_are_limited),
        TEST(parsing_takes_memory_in_proportion),
        TEST(results_are_limited),
        TEST(errors_are_utf8),
        TEST(mutated_texts_do_not_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
