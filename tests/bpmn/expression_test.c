/* JUEL expressions: values, coercions, errors, limits, and that no text crashes the parser or the
 * evaluation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"
#include "bpmn/expression/expression.h"

static const char variables_json[] =
    "{\"n\": 2, \"big\": 9223372036854775807, \"smallest\": -9223372036854775808, \"real\": 1.5,"
    " \"yes\": true, \"no\": false, \"nothing\": null, \"blank\": \"\", \"test\": \"banana\","
    " \"number\": \"42\", \"decimal\": \"2.5\", \"truth\": \"TRUE\", \"umlaut\": "
    "\"\\u00e4\\u00f6x\","
    " \"list\": [1, \"two\", 3.5, null, {\"deep\": [10, 20]}], \"emptyList\": [],"
    " \"order\": {\"total\": 99, \"customer\": {\"name\": \"Ada\"}, \"a b\": 1}, \"emptyMap\": {}}";

struct fixture {
    struct expression_scope scope; /* first: lookup() gets here from it */
    json_t *variables;
    struct arena *arena;
    struct error error;
};

static const json_t *lookup(const struct expression_scope *scope, const char *name)
{
    const struct fixture *fixture = (const struct fixture *)(const void *)scope;

    return json_object_get(fixture->variables, name);
}

static int setup(void **state)
{
    struct fixture *fixture = memory_zero(1, sizeof(*fixture));

    fixture->variables = json_loads(variables_json, 0, NULL);
    assert_non_null(fixture->variables);
    fixture->arena = arena_new(64 * 1024 * 1024);
    fixture->scope = (struct expression_scope){.lookup = lookup,
                                               .process_instance_id = "p-1",
                                               .execution_id = "e-1",
                                               .process_definition_id = "d-1",
                                               .activity_id = "work"};
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    json_decref(fixture->variables);
    arena_free(fixture->arena);
    memory_free(fixture);
    return 0;
}

static const struct expression *parse(struct fixture *fixture, const char *text,
                                      enum expression_mode mode)
{
    const struct expression *expression = NULL;

    error_clear(&fixture->error);
    if (expression_parse(fixture->arena, text, mode, &expression, &fixture->error) != STATUS_OK)
        fail_msg("%s: %s", text, fixture->error.message);
    return expression;
}

/* Expressions in condition mode without delimiters; results in JSON. */
static void assert_value(struct fixture *fixture, const char *text, const char *expected)
{
    const struct expression *expression = parse(fixture, text, EXPRESSION_CONDITION);
    json_t *wanted = json_loads(expected, JSON_DECODE_ANY, NULL);
    json_t *value = NULL;

    assert_non_null(wanted);
    if (expression_value(expression, &fixture->scope, &value, &fixture->error) != STATUS_OK)
        fail_msg("%s", fixture->error.message);
    if (!json_equal(value, wanted)) {
        char *found = json_dumps(value, JSON_ENCODE_ANY);

        print_error("%s gave %s instead of %s\n", text, found, expected);
        free(found);
        fail();
    }
    assert_int_equal(fixture->error.status, STATUS_OK);
    json_decref(value);
    json_decref(wanted);
}

static void assert_fails(struct fixture *fixture, const char *text, const char *sentence)
{
    const struct expression *expression = parse(fixture, text, EXPRESSION_CONDITION);
    json_t *value = NULL;

    if (expression_value(expression, &fixture->scope, &value, &fixture->error) != STATUS_FAILED)
        fail_msg("%s did not fail", text);
    /* It names the expression too, the beginning of a long one. */
    if (strstr(fixture->error.message, sentence) == NULL || fixture->error.message[0] != '\'' ||
        strncmp(fixture->error.message + 1, text, strlen(text) < 150 ? strlen(text) : 150) != 0)
        fail_msg("%s says '%s' instead of '%s'", text, fixture->error.message, sentence);
    assert_null(value);
}

struct expected {
    const char *text;
    const char *expected;
};

static void assert_values(struct fixture *fixture, const struct expected *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_value(fixture, cases[i].text, cases[i].expected);
}

static void assert_failures(struct fixture *fixture, const struct expected *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_fails(fixture, cases[i].text, cases[i].expected);
}

static void literals_and_precedence(void **state)
{
    static const struct expected cases[] = {
        {"1", "1"},
        {"1.5", "1.5"},
        {"2e3", "2000.0"},
        {"1.5E-1", "0.15"},
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
        {"list + 1", "Expected a number but found an array"},
        {"order * 2", "Expected a number but found an object"},
        {"big + 1", "fits 64 bits"},
        {"smallest - 1", "fits 64 bits"},
        {"-smallest", "fits 64 bits"},
        {"big * 2", "fits 64 bits"},
        {"1 / 0", "divisor other than zero"},
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
        {"n && true", "Expected a Boolean but found a whole number"},
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
        {"variables.n", "2"},
        {"variables.order.total + 1", "100"},
    };
    static const struct expected failures[] = {
        {"missing", "Expected a variable named 'missing' but there is none."},
        {"missing.x", "Expected a variable named 'missing'"},
        {"variables.missing", "Expected a variable named 'missing'"},
        {"test.size", "Expected an object with the property 'size' but found a text"},
        {"list.size", "found an array"},
        {"n[0]", "found a whole number with a whole number"},
        {"list['0']", "found an array with a text"},
        {"order[0]", "found an object with a whole number"},
        {"list[1.0]", "found an array with a real number"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(*state, failures, sizeof(failures) / sizeof(failures[0]));
}

static void methods_of_texts(void **state)
{
    static const struct expected cases[] = {
        {"test.contains(\"a\")", "true"},
        {"test.contains('x')", "false"},
        {"number.contains(4)", "true"},
        {"test.startsWith('ban')", "true"},
        {"test.startsWith('banana!')", "false"},
        {"test.endsWith('nana')", "true"},
        {"test.endsWith('xbanana')", "false"},
        {"test.length()", "6"},
        {"test.size()", "6"},
        {"umlaut.length()", "3"},
        {"test.isEmpty()", "false"},
        {"blank.isEmpty()", "true"},
        {"'aBc'.toUpperCase()", "\"ABC\""},
        {"'aBc'.toLowerCase()", "\"abc\""},
        {"umlaut.toUpperCase()", "\"\\u00e4\\u00f6X\""},
        {"'  a b\\t'.trim()", "\"a b\\\\t\""},
        {"' a '.trim().length()", "1"},
        {"'   '.trim()", "\"\""},
        {"test.substring(2)", "\"nana\""},
        {"test.substring(6)", "\"\""},
        {"test.substring(1, 3)", "\"an\""},
        {"umlaut.substring(1, 2)", "\"\\u00f6\""},
        {"test.indexOf('an')", "1"},
        {"test.lastIndexOf('an')", "3"},
        {"test.indexOf('x')", "-1"},
        {"test.lastIndexOf('x')", "-1"},
        {"test.lastIndexOf('')", "6"},
        {"umlaut.indexOf('x')", "2"},
        {"test.equals('banana')", "true"},
        {"number.equals(42)", "false"},
        {"test.equals(nothing)", "false"},
        {"test.equalsIgnoreCase('BANANA')", "true"},
        {"test.concat('!')", "\"banana!\""},
        {"test.toString()", "\"banana\""},
    };
    static const struct expected failures[] = {
        {"test.substring(7)", "from 0 to 6"},
        {"test.substring(-1)", "from 0 to 6"},
        {"test.substring(3, 2)", "from 0 to 6"},
        {"test.substring(0, 7)", "from 0 to 6"},
        {"test.substring(0, big)", "from 0 to 6"},
        {"test.substring('1')", "whole numbers as positions of substring but found a text"},
        {"test.substring()", "found 'substring' with 0 arguments"},
        {"test.reverse()", "Expected a method of a text but found 'reverse'"},
        {"test.reverse('a')", "Expected a method of a text but found 'reverse' with 1 argument."},
        {"test.contains()", "found 'contains' with 0 arguments"},
        {"test.contains('a', 'b')", "found 'contains' with 2 arguments"},
        {"test.contains(null)", "argument of 'contains' but found null"},
        {"test.get(0)", "Expected a method of a text but found 'get'"},
        {"nothing.length()", "Expected a value to call 'length' on but found null"},
        {"missing.length()", "Expected a variable named 'missing'"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(*state, failures, sizeof(failures) / sizeof(failures[0]));
}

static void methods_of_other_values(void **state)
{
    static const struct expected cases[] = {
        {"list.size()", "5"},
        {"list.length()", "5"},
        {"list.isEmpty()", "false"},
        {"emptyList.isEmpty()", "true"},
        {"list.contains('two')", "true"},
        {"list.contains(1)", "true"},
        {"list.contains(1.0)", "true"},
        {"list.contains('1')", "false"},
        {"list.contains(null)", "true"},
        {"emptyList.contains(null)", "false"},
        {"list.contains(list[4])", "true"},
        {"list.indexOf(3.5)", "2"},
        {"list.indexOf('x')", "-1"},
        {"list.get(1)", "\"two\""},
        {"order.size()", "3"},
        {"emptyMap.isEmpty()", "true"},
        {"order.containsKey('total')", "true"},
        {"order.has('x')", "false"},
        {"order.get('total')", "99"},
        {"order.get('x')", "null"},
        {"order.getOrDefault('x', 5)", "5"},
        {"order.getOrDefault('total', 5)", "99"},
        {"order.equals(order)", "true"},
        {"order.customer.toString()", "\"{\\\"name\\\":\\\"Ada\\\"}\""},
        {"n.equals(2)", "true"},
        {"n.toString().concat('nd')", "\"2nd\""},
        {"real.intValue()", "1"},
        {"real.longValue()", "1"},
        {"n.doubleValue()", "2.0"},
        {"yes.toString()", "\"true\""},
    };
    static const struct expected failures[] = {
        {"list.get(5)", "from 0 to below 5 but found 5"},
        {"list.get(-1)", "from 0 to below 5 but found -1"},
        {"list.get('0')", "whole number as index but found a text"},
        {"list.containsKey('a')", "Expected a method of an array but found 'containsKey'"},
        {"order.contains('a')", "Expected a method of an object but found 'contains'"},
        {"order.get(1)", "Expected a text as key"},
        {"order.get()", "with 0 arguments"},
        {"n.length()", "Expected a method of a whole number but found 'length'"},
        {"yes.length()", "Expected a method of a Boolean but found 'length'"},
        {"1e300.intValue()", "fits 64 bits"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(*state, failures, sizeof(failures) / sizeof(failures[0]));
}

static void functions_of_variables(void **state)
{
    static const struct expected cases[] = {
        {"variables:get(n)", "2"},
        {"vars:get('n')", "2"},
        {"var:get(missing)", "null"},
        {"variables:getOrDefault(missing, 'x')", "\"x\""},
        {"variables:getOrDefault(nothing, 1 + 1)", "2"},
        {"variables:getOrDefault(n, 'x')", "2"},
        {"variables:exists(n)", "true"},
        {"variables:exist(missing)", "false"},
        {"variables:exists(nothing)", "false"},
        {"variables:isEmpty(missing)", "true"},
        {"variables:empty(blank)", "true"},
        {"variables:isNotEmpty(list)", "true"},
        {"variables:notEmpty(emptyList)", "false"},
        {"variables:equals(n, 2)", "true"},
        {"variables:eq(test, 'banana')", "true"},
        {"variables:eq(n, 2.9)", "true"}, /* in the variable's own type */
        {"variables:eq(n, '2')", "false"},
        {"variables:eq(missing, 1)", "false"},
        {"variables:eq(missing, null)", "false"},
        {"variables:notEquals(n, 3)", "true"},
        {"variables:ne(n, 2)", "false"},
        {"variables:ne(missing, 1)", "false"},
        {"variables:lt(n, 3)", "true"},
        {"variables:lessThan(n, 2.5)", "false"},
        {"variables:lowerThan(missing, 3)", "false"},
        {"variables:lte(n, 2)", "true"},
        {"variables:lessThanOrEquals(n, 1)", "false"},
        {"variables:lowerThanOrEquals(real, 2)", "true"},
        {"variables:gt(n, 1)", "true"},
        {"variables:greaterThan(n, null)", "false"},
        {"variables:gte(n, 2)", "true"},
        {"variables:greaterThanOrEquals(n, 3)", "false"},
        {"variables:contains(test, 'ban', 'ana')", "true"},
        {"variables:contains(test, 'ban', 'x')", "false"},
        {"variables:contains(list, 1, 'two')", "true"},
        {"variables:contains(missing, 1)", "false"},
        {"variables:containsAny(list, 9, 'two')", "true"},
        {"variables:containsAny(list, 9, 8)", "false"},
        {"variables:containsAny(order, 'total')", "true"},
        {"variables:containsAny(n, 2)", "false"},
        {"yes ? var:get(n) : 1", "2"},
        {"vars:eq(n, 2) && !vars:exists(missing) ? 'a' : 'b'", "\"a\""},
        {"variables:eq ( n , 2 )", "true"},
    };
    static const struct expected failures[] = {
        {"variables:eq(n, missing)", "Expected a variable named 'missing'"},
        {"variables:getOrDefault(missing, missing)", "Expected a variable named 'missing'"},
    };
    struct fixture *fixture = *state;

    assert_values(fixture, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(fixture, failures, sizeof(failures) / sizeof(failures[0]));
    /* A variable may be called as a prefix is. */
    (void)json_object_set_new(fixture->variables, "var", json_integer(7));
    assert_value(fixture, "yes ? var : 1", "7");
    assert_value(fixture, "yes ? 1 : var", "1");
}

static void the_execution(void **state)
{
    static const struct expected cases[] = {
        {"execution.processInstanceId", "\"p-1\""},
        {"execution.id", "\"e-1\""},
        {"execution.processDefinitionId", "\"d-1\""},
        {"execution.currentActivityId", "\"work\""},
        {"execution.processInstanceBusinessKey", "null"},
        {"execution.getProcessInstanceId()", "\"p-1\""},
        {"execution.getCurrentActivityId()", "\"work\""},
        {"execution.getVariable('n')", "2"},
        {"execution.getVariable('missing')", "null"},
        {"execution.getVariable(test)", "null"},
        {"execution.hasVariable('n')", "true"},
        {"execution.hasVariable('missing')", "false"},
    };
    static const struct expected failures[] = {
        {"execution", "Expected a variable named 'execution'"},
        {"execution.color", "Expected a property of the execution"},
        {"execution.getColor()", "Expected a property of the execution"},
        {"execution.getVariable(n)", "Expected execution.getVariable('name')"},
        {"execution.setVariable('n', 1)", "found 'setVariable' with 2 arguments"},
    };
    struct fixture *fixture = *state;

    assert_values(fixture, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(fixture, failures, sizeof(failures) / sizeof(failures[0]));
    fixture->scope.business_key = "INC-1";
    assert_value(fixture, "execution.processInstanceBusinessKey", "\"INC-1\"");
    assert_value(fixture, "execution.businessKey", "\"INC-1\"");
    (void)json_object_set_new(fixture->variables, "execution", json_pack("{s:i}", "id", 5));
    assert_value(fixture, "execution.id", "5");
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
        {"n = 3", EXPRESSION_CONDITION, 3, "an operator or a value"},
        {"n & 3", EXPRESSION_CONDITION, 3, "an operator or a value"},
        {"n; 3", EXPRESSION_CONDITION, 2, "an operator or a value"},
        {"99999999999999999999", EXPRESSION_CONDITION, 1, "fits 64 bits"},
        {"1e999", EXPRESSION_CONDITION, 1, "fits 64 bits"},
        {"and", EXPRESSION_CONDITION, 1, "Expected a value"},
        {"n && empty", EXPRESSION_CONDITION, 11, "Expected a value"},
        {"f(1)", EXPRESSION_CONDITION, 2, "Expected an operator or the end"},
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
        TEST(literals_and_precedence),
        TEST(arithmetic_coerces),
        TEST(comparison_coerces),
        TEST(logic_coerces_and_stops_early),
        TEST(properties_and_indexes),
        TEST(methods_of_texts),
        TEST(methods_of_other_values),
        TEST(functions_of_variables),
        TEST(the_execution),
        TEST(templates),
        TEST(texts_of_values),
        TEST(conditions_have_to_be_boolean),
        TEST(syntax_errors_have_a_column),
        TEST(size_and_depth_are_limited),
        TEST(parsing_takes_memory_in_proportion),
        TEST(results_are_limited),
        TEST(errors_are_utf8),
        TEST(mutated_texts_do_not_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
