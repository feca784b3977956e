/* JUEL expressions: functions without a prefix, and the methods by which designers of Java's
 * processes know texts, numbers, arrays and objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/base/memory.h"
#include "tests/bpmn/expression_fixture.h"

static void common_functions(void **state)
{
    static const struct expected cases[] = {
        {"abs(-3)", "3"},
        {"abs(-2.5)", "2.5"},
        {"min(3, 1, 2)", "1"},
        {"max(1, 2.5)", "2.5"},
        {"max(list[4].deep)", "20"},
        {"min('3', 4)", "3"},
        {"sum(1, 2.5)", "3.5"},
        {"sum(list[4].deep)", "30"},
        {"sum(emptyList)", "0"},
        {"number('42') + 1", "43"},
        {"string(42)", "\"42\""},
        {"string(nothing)", "\"\""},
        {"concat('a', 1, nothing, true)", "\"a1true\""},
        {"coalesce(nothing, null, n, 5)", "2"},
        {"coalesce(nothing)", "null"},
        {"isEmpty(blank)", "true"},
        {"isEmpty(nothing)", "true"},
        {"isNotEmpty(list)", "true"},
        {"size(list)", "5"},
        {"length(test)", "6"},
        {"count(order)", "3"},
        {"upper('aB')", "\"AB\""},
        {"lower('aB')", "\"ab\""},
        {"trim(' a ')", "\"a\""},
        {"substring(test, 2)", "\"nana\""},
        {"substring(test, 0, 3)", "\"ban\""},
        {"contains(list, 'two')", "true"},
        {"contains(test, 'x')", "false"},
        {"startsWith(test, 'ban') && endsWith(test, 'na')", "true"},
        {"indexOf(test, 'n')", "2"},
        {"replace(test, 'na', '-')", "\"ba--\""},
        {"join(split('a,b,c', ','), '+')", "\"a+b+c\""},
        {"matches(test, '[a-z]+')", "true"},
        {"yes ? max(1, 2) : min(1, 2)", "2"},
        {"variables:base64(test)", "\"YmFuYW5h\""},
        {"variables:base64(number)", "\"NDI=\""},
        {"variables:base64(n)", "\"Mg==\""},
        {"variables:base64(missing)", "null"},
    };
    static const struct expected failures[] = {
        {"min(emptyList)", "at least one number for min but found an empty array"},
        {"max(1, 'x')", "Expected a number but found the text 'x'"},
        {"upper(n)", "Expected a method of a whole number but found 'upper'"},
        {"order.none.size()", "to call 'size' on but found null for 'order.none'."},
        {"size(nothing)", "Expected a value to call 'size' on but found null"},
        {"abs(test)", "Expected a method of a text but found 'abs'"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(*state, failures, sizeof(failures) / sizeof(failures[0]));
}

static void more_methods_of_texts(void **state)
{
    static const struct expected cases[] = {
        {"blank.isBlank()", "true"},
        {"' \\t'.isBlank()", "false"}, /* a backslash is no blank */
        {"test.isBlank()", "false"},
        {"' a '.strip()", "\"a\""},
        {"' a '.stripLeading()", "\"a \""},
        {"' a '.stripTrailing()", "\" a\""},
        {"test.charAt(0)", "\"b\""},
        {"umlaut.charAt(1)", "\"\\u00f6\""},
        {"test.charAt(0) == 'b'", "true"},
        {"test.indexOf('an', 2)", "3"},
        {"test.indexOf('an', 4)", "-1"},
        {"test.indexOf('b', -5)", "0"},
        {"test.indexOf('b', big)", "-1"},
        {"test.replace('an', 'AN')", "\"bANANa\""},
        {"test.replace('x', 'y')", "\"banana\""},
        {"test.replaceAll('an', '-')", "\"b--a\""},
        {"'a.b.c'.replaceAll('\\\\.', '-')", "\"a-b-c\""},
        {"test.replaceFirst('an', '')", "\"bana\""},
        {"'a,b,,c,,'.split(',')", "[\"a\", \"b\", \"\", \"c\"]"},
        {"'a|b'.split('\\\\|')[1]", "\"b\""},
        {"'abc'.split('')", "[\"a\", \"b\", \"c\"]"},
        {"blank.split(',')", "[\"\"]"},
        {"'a;b'.split(';').size()", "2"},
        {"'ab'.repeat(3)", "\"ababab\""},
        {"'ab'.repeat(0)", "\"\""},
        {"blank.repeat(big)", "\"\""},
        {"test.compareTo('apple')", "1"},
        {"test.compareTo('cherry')", "-1"},
        {"test.compareToIgnoreCase('BANANA')", "0"},
        {"test.asText()", "\"banana\""},
    };
    static const struct expected failures[] = {
        {"test.charAt(6)", "from 0 to below 6 but found 6"},
        {"test.charAt('0')", "whole number as argument 1 of 'charAt' but found a text"},
        {"test.replace('', 'x')", "the text to replace as first argument"},
        {"test.replaceAll('[a-z]', '')", "'[a-z]' is a pattern"},
        {"test.split('.')", "'.' is a pattern"},
        {"test.split('\\\\s')", "is a pattern"},
        {"test.repeat(-1)", "at least 0 for repeat"},
        {"test.repeat(big)", "at most 1048576 bytes"},
        {"test.hashCode()", "Expected a method of a text but found 'hashCode'"},
        {"test.remove(1)", "Expected a method of a text but found 'remove'"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(*state, failures, sizeof(failures) / sizeof(failures[0]));
}

static void methods_of_numbers(void **state)
{
    static const struct expected cases[] = {
        {"n.add(1.5)", "3.5"},      {"n.subtract(3)", "-1"},   {"real.multiply(n)", "3.0"},
        {"real.divide(3)", "0.5"},  {"n.remainder(2)", "0"},   {"real.negate()", "-1.5"},
        {"(-5).abs()", "5"},        {"n.compareTo(2.0)", "0"}, {"n.compareTo(3)", "-1"},
        {"real.compareTo(1)", "1"}, {"n.asLong()", "2"},       {"n.floatValue()", "2.0"},
    };
    static const struct expected failures[] = {
        {"n.add('x')", "Expected a number but found the text 'x'"},
        {"n.divide(0)", "divisor other than zero"},
        {"n.add(1, 2)", "Expected a method of a whole number but found 'add' with 2 arguments"},
        {"n.put(1)", "Expected a method of a whole number but found 'put'"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(*state, failures, sizeof(failures) / sizeof(failures[0]));
}

static void methods_of_collections(void **state)
{
    static const struct expected cases[] = {
        {"list.getFirst()", "1"},
        {"list.getLast().deep[0]", "10"},
        {"list.lastIndexOf(null)", "3"},
        {"list.lastIndexOf('x')", "-1"},
        {"list.containsAll(list.subList(1, 3))", "true"},
        {"list[4].deep.containsAll(list)", "false"},
        {"list.subList(1, 3)", "[\"two\", 3.5]"},
        {"list.subList(4)", "[{\"deep\": [10, 20]}]"},
        {"list.subList(5, 5)", "[]"},
        {"list[4].deep.join(' and ')", "\"10 and 20\""},
        {"emptyList.join(',')", "\"\""},
        {"order.keySet()", "[\"total\", \"customer\", \"a b\"]"},
        {"order.keys().contains('total')", "true"},
        {"order.values()", "[99, {\"name\": \"Ada\"}, 1]"},
        {"order.values().contains(99)", "true"},
        {"order.containsValue(1)", "true"},
        {"order.containsValue('1')", "false"},
        {"order.path('customer').get('name')", "\"Ada\""},
        {"emptyMap.keySet()", "[]"},
    };
    static const struct expected failures[] = {
        {"list.add(1)", "'add' would change an array; compute the new value in a script task"},
        {"list.remove(0)", "'remove' would change an array"},
        {"list.clear()", "'clear' would change an array"},
        {"order.put('a', 1)", "'put' would change an object"},
        {"order.remove('a')", "'remove' would change an object"},
        {"emptyList.getFirst()", "from 0 to below 0"},
        {"list.subList(2, 1)", "from 0 to 5"},
        {"list.subList('a')", "whole number as argument 1 of 'subList'"},
        {"list.containsAll(1)", "Expected an array as argument of 'containsAll'"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(*state, failures, sizeof(failures) / sizeof(failures[0]));
}

static void patterns(void **state)
{
    static const struct {
        const char *pattern;
        const char *text;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"abc", "abc", true},
        {"abc", "abcd", false}, /* all of the text */
        {"a.c",
         "a\xC3\xA4"
         "c",
         true},
        {"a.c", "a\nc", false},
        {"a*", "", true},
        {"a*b+c?", "aabb", true},
        {"a+", "", false},
        {"(ab|cd)+", "abcdab", true},
        {"(ab|cd)+", "abc", false},
        {"(?:a|b|)c", "c", true},
        {"a|b|cd", "cd", true},
        {"a{2}", "aa", true},
        {"a{2}", "aaa", false},
        {"a{2,}", "aaaaa", true},
        {"a{2,}", "a", false},
        {"a{1,3}b", "aaab", true},
        {"a{1,3}b", "aaaab", false},
        {"a{0,2}", "", true},
        {"a{0,2}", "aa", true},
        {"a{0,2}", "aaa", false},
        {"a{0}b", "b", true},
        {"(a{2}){3}", "aaaaaa", true},
        {"(a{2}){3}", "aaaaaaa", false},
        {"a+?b*?", "aab", true},
        {"[a-c]+", "abcba", true},
        {"[a-c]+", "abd", false},
        {"[^a-c]+", "xyz", true},
        {"[^a-c]", "a", false},
        {"[\\d.,-]+", "1.234,5-", true},
        {"[\\]]", "]", true},
        {"[a-]+", "a-", true},
        {"[\xC3\xA4-\xC3\xBC]", "\xC3\xB6", true},
        {"[\\\\a]+", "a\\", true},
        {"\\[\\d]", "[7]", true},
        {"\\d{3}-\\d{4}", "555-1234", true},
        {"\\d{3}-\\d{4}", "555-123", false},
        {"\\w+\\s\\w+", "hello world", true},
        {"\\D\\W\\S", "a.b", true},
        {"^a$", "a", true},
        {"^a$|b", "b", true},
        {"a^b", "ab", false},
        {".+@.+\\.[a-z]{2,}", "ada@example.org", true},
        {".+@.+\\.[a-z]{2,}", "ada.example.org", false},
        {"(a+)+b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", false},
        {"(a*)*", "aaaa", true},
        {"((a?){30}){30}", "aaa", false}, /* too large: see below */
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i + 1 < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)json_object_set_new(fixture->variables, "p", json_string(cases[i].pattern));
        (void)json_object_set_new(fixture->variables, "t", json_string(cases[i].text));
        assert_value(fixture, "t.matches(p)", cases[i].matches ? "true" : "false");
    }
}

static void patterns_that_are_refused(void **state)
{
    static const char *const refused[] = {
        "(",     ")",   "a)",  "(a",  "[",    "[a",     "[]",      "[a-z&&[b]]",
        "*",     "a**", "a++", "a{1", "a{x}", "a{2,1}", "a{1001}", "(?i)a",
        "(?=a)", "\\b", "\\1", "\\",  "[\\",  "[\\b]",  "\\p{L}",  "((a?){40}){40}",
    };
    struct fixture *fixture = *state;
    char deep[128] = {0};

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        (void)json_object_set_new(fixture->variables, "p", json_string(refused[i]));
        assert_fails(fixture, "test.matches(p)", "of the pattern");
    }
    memset(deep, '(', 40);
    (void)json_object_set_new(fixture->variables, "p", json_string(deep));
    assert_fails(fixture, "test.matches(p)", "at most 30 groups");
}

/* The work is bounded, whatever the pattern and the text. */
static void patterns_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    size_t length = 900 * 1000;
    char *bytes = memory_alloc(length);

    memset(bytes, 'a', length);
    (void)json_object_set_new(fixture->variables, "long", json_stringn(bytes, length));
    memory_free(bytes);
    assert_value(fixture, "long.matches('[a-z]+')", "true");
    assert_fails(fixture, "long.matches('(.*a){50}b')", "matching takes too long");
}

static void arrays_are_limited(void **state)
{
    struct fixture *fixture = *state;
    size_t length = 100 * 1000;
    char *bytes = memory_alloc(length);

    memset(bytes, ',', length);
    bytes[length - 1] = 'x';
    (void)json_object_set_new(fixture->variables, "commas", json_stringn(bytes, length));
    memory_free(bytes);
    assert_value(fixture, "commas.split(',').size()", "100000");
    assert_fails(fixture, "commas.split(',') == commas.split(',')",
                 "arrays of at most 100000 items together");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(common_functions),
        TEST(more_methods_of_texts),
        TEST(methods_of_numbers),
        TEST(methods_of_collections),
        TEST(patterns),
        TEST(patterns_that_are_refused),
        TEST(patterns_are_bounded),
        TEST(arrays_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
