/* JUEL expressions: operators, coercions, access, templates and conditions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/bpmn/expression_fixture.h"

static void literals_and_precedence(void **state)
{
    static const struct expected cases[] = {
        {"1", "1"},
        {"1.5", "1.5"},
        {"2e3", "2000.0"},
        {"1.5E-1", "0.15"},
        {".5 + (.5)", "1.0"},
        {"9223372036854775807", "9223372036854775807"},
        {"true", "true"},
        {"false", "false"},
        {"null", "null"},
        {"\"it's\"", "\"it's\""},
        {"'it\\'s \\\"so\\\" \\\\ \\n'", "\"it's \\\"so\\\" \\\\ \\\\n\""},
        {"'a}b'", "\"a}b\""},
        {"1 + 2 * 3", "7"},
        {"(1 + 2) * 3", "9"},
        {"10 - 2 - 3", "5"},
        {"-n * 3", "-6"},
        {"- - 2", "2"},
        {"7 % 4 * 2", "6"},
        {"1 + 1 < 3 == true", "true"},
        {"true || false && false", "true"},
        {"!true || true", "true"},
        {"not empty test && n > 1", "true"},
        {"n > 1 ? 'a' : 'b'", "\"a\""},
        {"n > 5 ? 'a' : n > 1 ? 'b' : 'c'", "\"b\""},
        {"no ? n : real", "1.5"},
        {" \t\n1\r\n+ 1 ", "2"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
}

static void arithmetic_coerces(void **state)
{
    static const struct expected cases[] = {
        {"n + 1", "3"},           {"n + 1.5", "3.5"},     {"number + 1", "43"},
        {"decimal * 2", "5.0"},   {"nothing + 1", "1"},   {"nothing + nothing", "0"},
        {"blank + 1", "1"},       {"10 / 4", "2.5"},      {"10 / 5", "2.0"},
        {"10 div 5", "2.0"},      {"10 % 4", "2"},        {"10 mod 4", "2"},
        {"-7 % 3", "-1"},         {"7.5 % 2", "1.5"},     {"big - 1", "9223372036854775806"},
        {"big + smallest", "-1"}, {"smallest % -1", "0"}, {"-big", "-9223372036854775807"},
    };
    static const struct expected failures[] = {
        {"'a' + 1", "Expected a number but found the text 'a'"},
        {"yes + 1", "Expected a number but found a Boolean"},
        {"list + 1", "Expected a number but found an array for 'list'."},
        {"1 + n * order.customer", "found an object for 'order.customer'."},
        {"(n + 1) * (order['customer'] )", "found an object for 'order['customer']'."},
        {"-test", "found the text 'banana' for 'test'."},
        {"order * 2", "Expected a number but found an object"},
        {"big + 1", "fits 64 bits"},
        {"smallest - 1", "fits 64 bits"},
        {"-smallest", "fits 64 bits"},
        {"big * 2", "fits 64 bits"},
        {"1 / 0", "divisor other than zero"},
        {"n % (n - 2)", "Expected a divisor other than zero but found zero for 'n - 2'."},
        {"1.5 / 0.0", "divisor other than zero"},
        {"1 % 0", "divisor other than zero"},
        {"1.5 % 0", "divisor other than zero"},
        {"1e308 * 10", "finite number"},
        {"' 5' + 1", "found the text ' 5'"},
        {"'0x10' + 1", "found the text '0x10'"},
        {"'nan' + 1", "found the text 'nan'"},
        {"'inf' + 1", "found the text 'inf'"},
        {"'-' + 1", "found the text '-'"},
        {"'1e999' + 1", "found the text '1e999'"},
        {"'99999999999999999999' + 1", "found the text '99999999999999999999'"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(*state, failures, sizeof(failures) / sizeof(failures[0]));
}

static void comparison_coerces(void **state)
{
    static const struct expected cases[] = {
        {"n < 3", "true"},
        {"n lt 3", "true"},
        {"n <= 2", "true"},
        {"n le 1", "false"},
        {"n > 2", "false"},
        {"n gt 1", "true"},
        {"n >= 2", "true"},
        {"n ge 3", "false"},
        {"n == 2", "true"},
        {"n eq 2.0", "true"},
        {"n != 2", "false"},
        {"n ne 3", "true"},
        {"number == 42", "true"},
        {"42 == '42'", "true"},
        {"number < 100", "true"},
        {"number < '5'", "true"}, /* two texts compare as texts */
        {"'b' > 'a'", "true"},
        {"test == 'banana'", "true"},
        {"big == 9223372036854775806", "false"},
        {"yes == true", "true"},
        {"yes == 'true'", "true"},
        {"truth == true", "true"},
        {"no == ''", "true"},
        {"no != 'true'", "true"},
        {"nothing == null", "true"},
        {"nothing != null", "false"},
        {"n == null", "false"},
        {"null != n", "true"},
        {"nothing < 1", "false"},
        {"nothing >= 0", "false"},
        {"1 > null", "false"},
        {"null <= null", "false"},
        {"list == list", "true"},
        {"order != emptyMap", "true"},
        {"emptyList == '[]'", "true"},
    };
    static const struct expected failures[] = {
        {"n < 'abc'", "Expected a number but found the text 'abc'"},
        {"n < test.trim()", "found the text 'banana' for 'test.trim()'."},
        {"n == yes", "Expected a number but found a Boolean"},
        {"list < order", "have an order but found an array and an object"},
        {"yes < no", "have an order"},
        {"yes == list", "Expected a Boolean but found an array"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(*state, failures, sizeof(failures) / sizeof(failures[0]));
}

static void logic_coerces_and_stops_early(void **state)
{
    static const struct expected cases[] = {
        {"true and false", "false"},    {"true or missing", "true"},
        {"false && missing", "false"},  {"yes || missing > 1", "true"},
        {"nothing || blank", "false"},  {"truth && 'true'", "true"},
        {"not 'yes'", "true"},          {"!nothing", "true"},
        {"empty nothing", "true"},      {"empty blank", "true"},
        {"empty emptyList", "true"},    {"empty emptyMap", "true"},
        {"empty list", "false"},        {"empty 0", "false"},
        {"empty ''", "true"},           {"truth ? 1 : missing", "1"},
        {"nothing ? missing : 2", "2"},
    };
    static const struct expected failures[] = {
        {"n && true", "Expected a Boolean but found a whole number for 'n'."},
        {"yes && (n + 1)", "found a whole number for 'n + 1'."},
        {"not order.total", "found a whole number for 'order.total'."},
        {"true && 1.5", "Expected a Boolean but found a real number"},
        {"!list", "Expected a Boolean but found an array"},
        {"order ? 1 : 2", "Expected a Boolean but found an object"},
        {"empty missing", "Expected a variable named 'missing'"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(*state, failures, sizeof(failures) / sizeof(failures[0]));
}

static void properties_and_indexes(void **state)
{
    static const struct expected cases[] = {
        {"order.total", "99"},
        {"order['total']", "99"},
        {"order[\"a b\"]", "1"},
        {"order.customer.name", "\"Ada\""},
        {"order.customer", "{\"name\": \"Ada\"}"},
        {"order['customer'].name", "\"Ada\""},
        {"list[0]", "1"},
        {"list[n - 1]", "\"two\""},
        {"list[4].deep[1]", "20"},
        {"list[-1].deep[-2]", "10"},
        {"list[5]", "null"},
        {"list[-6]", "null"},
        {"list[big]", "null"},
        {"list[smallest]", "null"},
        {"order.missing", "null"},
        {"order['missing']", "null"},
        {"order.missing.deeper", "null"},
        {"nothing['x']", "null"},
        {"list[3]", "null"},
        {"test.length", "6"},
        {"test.size", "6"},
        {"blank.empty", "true"},
        {"list.size", "5"},
        {"list.length - 1", "4"},
        {"list.empty", "false"},
        {"order.size", "null"}, /* an object's member */
        {"variables.n", "2"},
        {"variables.order.total + 1", "100"},
    };
    static const struct expected failures[] = {
        {"missing", "Expected a variable named 'missing' but there is none."},
        {"missing.x", "Expected a variable named 'missing'"},
        {"variables.missing", "Expected a variable named 'missing'"},
        {"test.name", "Expected an object with the property 'name' but found a text"},
        {"list.name", "found an array"},
        {"n.size", "found a whole number"},
        {"n[0]", "found a whole number with a whole number"},
        {"list['0']", "found an array with a text"},
        {"order[0]", "found an object with a whole number"},
        {"list[1.0]", "found an array with a real number"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(*state, failures, sizeof(failures) / sizeof(failures[0]));
}

static void templates(void **state)
{
    static const struct {
        const char *text;
        const char *expected; /* as JSON; a text's bytes are the string's too */
        bool is_literal;
    } cases[] = {
        {"", "\"\"", true},
        {"plain text", "\"plain text\"", true},
        {"costs 5$ } { #1", "\"costs 5$ } { #1\"", true},
        {"\\${n} and \\#{n} \\ $", "\"${n} and #{n} \\\\ $\"", true},
        {"${n}", "2", false},
        {"#{n}", "2", false},
        {"${ order }", "{\"total\": 99, \"customer\": {\"name\": \"Ada\"}, \"a b\": 1}", false},
        {"Task ${n}", "\"Task 2\"", false},
        {"${n} ", "\"2 \"", false},
        {"${n}${test}#", "\"2banana#\"", false},
        {"#{n}-#{real}-#{yes}", "\"2-1.5-true\"", false},
        {"[${nothing}]", "\"[]\"", false},
        {"<${list}>", "\"<[1,\\\"two\\\",3.5,null,{\\\"deep\\\":[10,20]}]>\"", false},
        {"${'a}b'}!", "\"a}b!\"", false},
        {"${\"${n}\"}", "\"${n}\"", false},
        {"x${0.1}y${1e100}", "\"x0.1y1e+100\"", false},
        {"x${10/5}", "\"x2.0\"", false},
        {"x${1/3}", "\"x0.3333333333333333\"", false},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct expression *expression = parse(fixture, cases[i].text, EXPRESSION_TEMPLATE);
        json_t *wanted = json_loads(cases[i].expected, JSON_DECODE_ANY, NULL);
        json_t *value = NULL;
        const char *text = NULL;

        assert_non_null(wanted);
        assert_string_equal(expression_text(expression), cases[i].text);
        assert_int_equal(expression_is_literal(expression), cases[i].is_literal);
        if (expression_value(expression, &fixture->scope, &value, &fixture->error) != STATUS_OK)
            fail_msg("%s", fixture->error.message);
        if (!json_equal(value, wanted))
            fail_msg("%s gave %s instead of %s", cases[i].text, json_string_value(value),
                     cases[i].expected);
        assert_int_equal(
            expression_string(expression, &fixture->scope, fixture->arena, &text, &fixture->error),
            STATUS_OK);
        if (json_is_string(wanted))
            assert_string_equal(text, json_string_value(wanted));
        json_decref(value);
        json_decref(wanted);
    }
}

static void texts_of_values(void **state)
{
    static const struct expected cases[] = {
        {"${n}", "2"},          {"${smallest}", "-9223372036854775808"},
        {"${real}", "1.5"},     {"${2.0}", "2.0"},
        {"${yes}", "true"},     {"${test}", "banana"},
        {"${emptyList}", "[]"}, {"${order.customer}", "{\"name\":\"Ada\"}"},
        {"${nothing}", NULL},   {"${order.missing}", NULL},
        {"${1e22}", "1e+22"},   {"${123456789012345680.0}", "1.2345678901234568e+17"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct expression *expression = parse(fixture, cases[i].text, EXPRESSION_TEMPLATE);
        const char *text = "untouched";

        assert_int_equal(
            expression_string(expression, &fixture->scope, fixture->arena, &text, &fixture->error),
            STATUS_OK);
        if (cases[i].expected == NULL)
            assert_null(text);
        else
            assert_string_equal(text, cases[i].expected);
    }
}

static void conditions_have_to_be_boolean(void **state)
{
    static const struct {
        const char *text;
        int expected; /* -1: fails */
    } cases[] = {
        {"${n < 3}", 1},  {" \n${n < 3}\t ", 1},
        {"#{n > 3}", 0},  {"n < 3", 1},
        {" n > 3 ", 0},   {"test.contains(\"a\")", 1},
        {"yes", 1},       {"${no}", 0},
        {"${truth}", -1}, {"'true'", -1},
        {"${1}", -1},     {"nothing", -1},
        {"${order}", -1}, {"list", -1},
        {"missing", -1},  {"${missing > 5}", -1},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct expression *expression = parse(fixture, cases[i].text, EXPRESSION_CONDITION);
        bool truth = cases[i].expected != 1;
        bool before = truth;
        enum status status =
            expression_condition(expression, &fixture->scope, &truth, &fixture->error);

        if (cases[i].expected < 0) {
            assert_int_equal(status, STATUS_FAILED);
            assert_int_equal(truth, before);
            assert_non_null(strstr(fixture->error.message, "Expected"));
        } else {
            if (status != STATUS_OK)
                fail_msg("%s", fixture->error.message);
            assert_int_equal(truth, cases[i].expected);
        }
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(literals_and_precedence), TEST(arithmetic_coerces),
        TEST(comparison_coerces),      TEST(logic_coerces_and_stops_early),
        TEST(properties_and_indexes),  TEST(templates),
        TEST(texts_of_values),         TEST(conditions_have_to_be_boolean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
