/* What a script sees of its variables, and what becomes of what it does to them. */
#include "tests/script/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assignments_become_variables(void **state)
{
    (void)state;
    assert_script("x = x + 1", "{\"x\": 5}", "6", "{\"x\": 6}");
    assert_script("x++", "{\"x\": 5}", "5", "{\"x\": 6}");
    assert_script("y = 1; z = 'a'", NULL, "\"a\"", "{\"y\": 1, \"z\": \"a\"}");
    assert_script("total = price * quantity", "{\"price\": 2.5, \"quantity\": 4}", "10",
                  "{\"total\": 10}");
    assert_script("x = 5", "{\"x\": 5}", "5", "{}");
    assert_script("x = undefined; y = null", "{\"x\": 5}", NULL, "{\"x\": null, \"y\": null}");
    assert_script("größe = größe + 1; 变 = 2", "{\"größe\": 1}", "2", "{\"größe\": 2, \"变\": 2}");
    assert_script("'use strict'; y = 1", NULL, "1", "{\"y\": 1}");
}

static void changes_inside_are_written_back(void **state)
{
    (void)state;
    assert_script("order.total = 5", "{\"order\": {\"total\": 1, \"id\": 7}}", "5",
                  "{\"order\": {\"total\": 5, \"id\": 7}}");
    assert_script("list.push(1)", "{\"list\": [3]}", "2", "{\"list\": [3, 1]}");
    assert_script("a.b.c[0].d = true; delete a.e", "{\"a\": {\"b\": {\"c\": [{}]}, \"e\": 1}}",
                  "true", "{\"a\": {\"b\": {\"c\": [{\"d\": true}]}}}");
    assert_script("order.total", "{\"order\": {\"total\": 1}}", "1", "{}");
    assert_script("execution.getVariable('order').total = 5", "{\"order\": {\"total\": 1}}", "5",
                  "{\"order\": {\"total\": 5}}");
    assert_script("variables.order.total = 5", "{\"order\": {\"total\": 1}}", "5",
                  "{\"order\": {\"total\": 5}}");
}

static void declared_names_stay_private(void **state)
{
    (void)state;
    assert_script("var a = 1; let b = 2; const c = 3; function d() { return 4; } a + b + c + d()",
                  NULL, "10", "{}");
    assert_script("var x = x + 1; x", "{\"x\": 5}", "6", "{}");
    assert_script("let x = 1; x = 2; x", "{\"x\": 5}", "2", "{}");
    assert_script("function f() { var inner = 1; outer = 2; return inner; } f()", NULL, "1",
                  "{\"outer\": 2}");
    assert_script("var x = 1; execution.setVariable('x', 9); x", "{\"x\": 5}", "1", "{\"x\": 9}");
}

static void odd_names_are_reached_by_name(void **state)
{
    static const char variables[] = "{\"odd name\": 1, \"Date\": 2, \"if\": 3, \"execution\": 4}";

    (void)state;
    assert_script("variables['odd name'] + execution.getVariable('Date') + variables.if + "
                  "variables.execution",
                  variables, "10", "{}");
    assert_script("execution.setVariable('odd name', 7); variables.Date = 8; variables['if']++",
                  variables, "3", "{\"odd name\": 7, \"Date\": 8, \"if\": 4}");
    assert_script("typeof Date + typeof execution.getVariable('nothing')", variables,
                  "\"functionobject\"", "{}");
    assert_script("[variables.get('if'), 'if' in variables, 'no' in variables]", variables,
                  "[3, true, false]", "{}");
    assert_script("execution.getVariableNames().sort()", variables,
                  "[\"Date\", \"execution\", \"if\", \"odd name\"]", "{}");
}

static void execution_sets_and_removes(void **state)
{
    struct script_case one;

    (void)state;
    script_case_init(&one);
    assert_int_equal(
        script_case_run(&one,
                        "execution.setVariable('a', [1]); execution.setVariableLocal('b', 2); "
                        "execution.removeVariable('x'); execution.removeVariable('never'); "
                        "[execution.hasVariable('x'), execution.hasVariable('a'), a.length]",
                        "{\"x\": 1, \"b\": 2}"),
        STATUS_OK);
    assert_json_text(one.result.value, "[false, true, 1]");
    assert_json_text(one.result.assignments, "{\"a\": [1]}");
    assert_json_text(one.result.local_assignments, "{\"b\": 2}");
    assert_json_text(one.result.removed, "[\"x\"]");
    assert_int_equal(script_case_run(&one,
                                     "execution.removeVariable('x'); "
                                     "execution.setVariable('x', 3)",
                                     "{\"x\": 1}"),
                     STATUS_OK);
    assert_json_text(one.result.assignments, "{\"x\": 3}");
    assert_json_text(one.result.removed, "[]");
    script_case_deinit(&one);
}

static void nothing_is_stored_without_auto_store(void **state)
{
    struct script_case one;

    (void)state;
    script_case_init(&one);
    one.context.store_assignments = false;
    assert_int_equal(
        script_case_run(&one, "x = 2; y = 3; order.total = 5; execution.setVariable('z', x + y)",
                        "{\"x\": 1, \"order\": {}}"),
        STATUS_OK);
    assert_json_text(one.result.assignments, "{\"z\": 5}");
    script_case_deinit(&one);
}

static void the_context_is_there(void **state)
{
    struct script_case one;

    (void)state;
    assert_script("[execution.id, execution.getId(), execution.processInstanceId, "
                  "execution.getProcessInstanceId(), execution.businessKey, "
                  "execution.processInstanceBusinessKey, execution.getProcessDefinitionId(), "
                  "execution.currentActivityId]",
                  NULL,
                  "[\"execution-1\", \"execution-1\", \"instance-1\", \"instance-1\", \"key-1\", "
                  "\"key-1\", \"order:1:definition-1\", \"compute\"]",
                  "{}");
    script_case_init(&one);
    one.context = (struct script_context){0};
    assert_int_equal(script_case_run(&one, "[execution.id, execution.businessKey]", NULL),
                     STATUS_OK);
    assert_json_text(one.result.value, "[null, null]");
    script_case_deinit(&one);
}

static void values_have_a_json_form(void **state)
{
    (void)state;
    assert_script("d = new Date(0); e = {at: new Date()}", NULL, NULL,
                  "{\"d\": \"1970-01-01T00:00:00.000Z\", "
                  "\"e\": {\"at\": \"2026-08-01T08:00:00.123Z\"}}");
    assert_script("o = {u: undefined, f: function () {}, n: NaN, l: [undefined, Infinity]}", NULL,
                  "{\"n\": null, \"l\": [null, null]}",
                  "{\"o\": {\"n\": null, \"l\": [null, null]}}");
    assert_script("f = function () {}; g = 1", NULL, "1", "{\"g\": 1}");
    assert_script("function f() {} f", NULL, "null", "{}");
    assert_script("[new Number(1), new String('a'), new Boolean(false)]", NULL, "[1, \"a\", false]",
                  NULL);
    assert_script("o = {toJSON() { return [1]; }}", NULL, "[1]", "{\"o\": [1]}");
    assert_script("NaN", NULL, "null", "{}");
    assert_script("e = '\\ud83d' + '\\ude00'; e === '😀'", NULL, NULL, "{\"e\": \"😀\"}");
    assert_script_fails("n = 0 / 0", NULL, STATUS_FAILED, 0, "'n' is NaN");
    assert_script_fails("n = 1 / 0", NULL, STATUS_FAILED, 0, "'n' is infinite");
    assert_script_fails("d = new Date('no date')", NULL, STATUS_FAILED, 0, "invalid date");
    assert_script_fails("o = {}; o.o = o", NULL, STATUS_FAILED, 0, "contains itself");
    assert_script_fails("t = String.fromCharCode(0)", NULL, STATUS_FAILED, 0, "NUL");
    assert_script_fails("t = '\\ud83d'", NULL, STATUS_FAILED, 0, "half a character");
}

static void numbers_keep_their_digits(void **state)
{
    (void)state;
    assert_script("y = x + 1", "{\"x\": 9007199254740990}", "9007199254740991",
                  "{\"y\": 9007199254740991}");
    assert_script("copy = x; list.push(x); s = String(x)",
                  "{\"x\": 9223372036854775807, \"list\": [9007199254740993]}",
                  "\"9223372036854775807\"",
                  "{\"copy\": 9223372036854775807, \"s\": \"9223372036854775807\", "
                  "\"list\": [9007199254740993, 9223372036854775807]}");
    assert_script("order.total = 1; order.lines.shift(); 0",
                  "{\"order\": {\"id\": 9007199254740993, \"lines\": [1, -9223372036854775808]}}",
                  "0",
                  "{\"order\": {\"id\": 9007199254740993, \"total\": 1, "
                  "\"lines\": [-9223372036854775808]}}");
    assert_script("x > 9007199254740000 && x == x", "{\"x\": 9007199254740993}", "true", "{}");
    assert_script("y = 0.1 + 0.2; t = 'is ' + y; u = `${1.1 * 3}`", NULL, NULL,
                  "{\"y\": 0.30000000000000004, \"t\": \"is 0.30000000000000004\", "
                  "\"u\": \"3.3000000000000003\"}");
    assert_script("p = price; q = p * 2", "{\"price\": 19.99}", NULL,
                  "{\"p\": 19.99, \"q\": 39.98}");
    assert_script("order.a = 1", "{\"order\": {\"price\": 3.0, \"a\": 2}}", NULL,
                  "{\"order\": {\"price\": 3.0, \"a\": 1}}");
    assert_script("x = 0.30000000000000004; y = 1e21; z = 123456789012345678", NULL, NULL,
                  "{\"x\": 0.30000000000000004, \"y\": 1e21, \"z\": 1.2345678901234568e17}");
}

static void bpmn_errors_are_thrown(void **state)
{
    struct script_case one;

    (void)state;
    script_case_init(&one);
    assert_int_equal(
        script_case_run(&one, "x = 1; throw new BpmnError('NO_STOCK', 'sold out')", NULL),
        STATUS_OK);
    assert_string_equal(one.result.bpmn_error_code, "NO_STOCK");
    assert_string_equal(one.result.bpmn_error_message, "sold out");
    assert_json_text(one.result.assignments, "{}");
    assert_int_equal(script_case_run(&one, "(() => { throw BpmnError('E'); })()", NULL), STATUS_OK);
    assert_string_equal(one.result.bpmn_error_code, "E");
    assert_string_equal(one.result.bpmn_error_message, "");
    assert_int_equal(
        script_case_run(&one, "try { throw new BpmnError('E') } catch (e) { e.errorCode }", NULL),
        STATUS_OK);
    assert_null(one.result.bpmn_error_code);
    assert_json_text(one.result.value, "\"E\"");
    script_case_deinit(&one);
    assert_script_fails("new BpmnError()", NULL, STATUS_FAILED, 1, "error code");
}

static void other_errors_name_their_line(void **state)
{
    (void)state;
    assert_script_fails("var a = 1;\n\nthrow new Error('bad ' + a);", NULL, STATUS_FAILED, 3,
                        "Error: bad 1");
    assert_script_fails("\nthrow 'just a text'", NULL, STATUS_FAILED, 2, "just a text");
    assert_script_fails("\n\nnothing.here", NULL, STATUS_FAILED, 3,
                        "ReferenceError: 'nothing' is not defined");
    assert_script_fails("function f(o) {\n  return o.a.b;\n}\nf({})", NULL, STATUS_FAILED, 2,
                        "TypeError");
    assert_script_fails("let inner = [1].map(v => {\n  return v.a.b;\n});", NULL, STATUS_FAILED, 2,
                        "TypeError");
}

static void syntax_errors_have_a_place(void **state)
{
    static const struct {
        const char *source;
        int line;
        int column;
        const char *part;
    } cases[] = {
        {"x = ;", 1, 5, "Expected an expression but found ';'"},
        {"if (x {\n}", 1, 7, "Expected ')' but found '{'"},
        {"\n  let q =", 2, 10, "the end of the script"},
        {"x = 'abc", 1, 9, "closing quote"},
        {"const k = 1;\nk = 2", 2, 1, "constant"},
        {"let a; let a;", 1, 12, "declared twice"},
        {"class A {}", 1, 1, "'class' is not supported"},
        {"function* g() {}", 1, 9, "generator"},
        {"async function f() {}", 1, 7, "async"},
        {"import x from 'y'", 1, 1, "'import' is not supported"},
        {"with (a) {}", 1, 1, "'with' is not supported"},
        {"x = eval('1')", 1, 5, "'eval' is not supported"},
        {"return 1", 1, 1, "'return'"},
        {"break", 1, 1, "'break'"},
        {"x = 10n", 1, 7, "BigInt"},
        {"x = {a = 1}", 1, 6, "Expected ':'"},
        {"$$t = 1", 1, 1, "reserved"},
        {"x = {$$t}", 1, 9, "':'"},
        {"x = /a/u", 1, 8, "flags"},
        {"ä = @", 1, 5, "'@'"},
        {"1 = 2", 1, 1, "assign to"},
        {"x = `a${1", 1, 10, "'}'"},
        {"foo bar", 1, 5, "';'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error error;
        enum status status;

        error_clear(&error);
        status = script_check(cases[i].source, &error);
        if (status != STATUS_INVALID || error.line != cases[i].line ||
            error.column != cases[i].column || strstr(error.message, cases[i].part) == NULL)
            print_error("%s: %s %d:%d %s\n", cases[i].source, status_name(status), error.line,
                        error.column, error.message);
        assert_int_equal(status, STATUS_INVALID);
        assert_int_equal(error.line, cases[i].line);
        assert_int_equal(error.column, cases[i].column);
        assert_non_null(strstr(error.message, cases[i].part));
        assert_script_fails(cases[i].source, NULL, STATUS_INVALID, cases[i].line, cases[i].part);
    }
}

static void runs_are_deterministic_and_leave_nothing(void **state)
{
    struct script_case one;
    char *first;
    char *second;

    (void)state;
    script_case_init(&one);
    assert_int_equal(
        script_case_run(&one, "[Math.random(), Date.now(), new Date().getHours()]", NULL),
        STATUS_OK);
    first = json_dumps(one.result.value, 0);
    assert_int_equal(script_case_run(&one,
                                     "Array.prototype.map = 1; Object.prototype.leak = 1; "
                                     "String = null; this.kept = 1; Math.random()",
                                     NULL),
                     STATUS_OK);
    assert_int_equal(
        script_case_run(&one, "[Math.random(), Date.now(), new Date().getHours()]", NULL),
        STATUS_OK);
    second = json_dumps(one.result.value, 0);
    assert_string_equal(first, second);
    free(first);
    free(second);
    assert_int_equal(
        script_case_run(&one, "[typeof kept, ({}).leak, typeof String, [1].map(x => x)]", NULL),
        STATUS_OK);
    assert_json_text(one.result.value, "[\"undefined\", null, \"function\", [1]]");
    one.context.now_us++;
    assert_int_equal(script_case_run(&one, "Math.random()", NULL), STATUS_OK);
    first = json_dumps(one.result.value, JSON_ENCODE_ANY);
    one.context.now_us++;
    assert_int_equal(script_case_run(&one, "Math.random()", NULL), STATUS_OK);
    second = json_dumps(one.result.value, JSON_ENCODE_ANY);
    assert_string_not_equal(first, second);
    free(first);
    free(second);
    script_case_deinit(&one);
}

static void there_is_no_way_out(void **state)
{
    (void)state;
    assert_script("[typeof require, typeof process, typeof load, typeof java, typeof module]", NULL,
                  "[\"undefined\", \"undefined\", \"undefined\", \"undefined\", \"undefined\"]",
                  "{}");
    assert_script("console.log('a', {}); print(1); console.error(2)", NULL, "null", "{}");
    assert_script_fails("new Function('return 1')()", NULL, STATUS_FAILED, 1, "code from texts");
    assert_script_fails("(function () {}).constructor('return 1')()", NULL, STATUS_FAILED, 1,
                        "code from texts");
    assert_script_fails("this['ev' + 'al']('1')", NULL, STATUS_FAILED, 1, "TypeError");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assignments_become_variables),
        cmocka_unit_test(changes_inside_are_written_back),
        cmocka_unit_test(declared_names_stay_private),
        cmocka_unit_test(odd_names_are_reached_by_name),
        cmocka_unit_test(execution_sets_and_removes),
        cmocka_unit_test(nothing_is_stored_without_auto_store),
        cmocka_unit_test(the_context_is_there),
        cmocka_unit_test(values_have_a_json_form),
        cmocka_unit_test(numbers_keep_their_digits),
        cmocka_unit_test(bpmn_errors_are_thrown),
        cmocka_unit_test(other_errors_name_their_line),
        cmocka_unit_test(syntax_errors_have_a_place),
        cmocka_unit_test(runs_are_deterministic_and_leave_nothing),
        cmocka_unit_test(there_is_no_way_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
