/* JUEL expressions: methods, the functions of variables, and the execution. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/bpmn/expression_fixture.h"

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
        {"execution.getVariable(n)", "Expected a method of the execution, such as getVariable"},
        {"execution.setVariable('n', 1)", "variables cannot be set here: 'n'"},
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

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(methods_of_texts),
        TEST(methods_of_other_values),
        TEST(functions_of_variables),
        TEST(the_execution),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
