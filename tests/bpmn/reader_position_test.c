/* Every rule that a finding can name: a model that breaks it, and where the finding then stands. */
#include "tests/bpmn/reader_places.h"
#include "tests/bpmn/reading.h"

#include "bpmn/base/text.h"
#include "bpmn/reader/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The model without its mark; free() it. */
static char *take_mark(const char *marked, int *ret_line, int *ret_column)
{
    char *model = strdup(marked);
    char *mark;

    assert_non_null(model);
    mark = strchr(model, '@');
    assert_non_null(mark);
    *ret_line = 1;
    *ret_column = 1;
    for (const char *at = model; at < mark; at++) {
        *ret_column += (*at & 0xC0) != 0x80;
        if (*at == '\n') {
            ++*ret_line;
            *ret_column = 1;
        }
    }
    memmove(mark, mark + 1, strlen(mark));
    return model;
}

static bool is_found(const struct reading *reading, const struct place *place, int line, int column)
{
    for (uint32_t i = 0; i < reading->findings.count; i++) {
        const struct bpmn_finding *finding = &reading->findings.items[i];

        if (strcmp(finding->rule, place->rule) == 0 && finding->line == line &&
            finding->column == column && strcmp(finding->element_id, place->element) == 0)
            return true;
    }
    return false;
}

static void test_places(void **state)
{
    bool is_right = true;

    (void)state;
    for (size_t i = 0; i < place_count; i++) {
        int line;
        int column;
        char *model = take_mark(places[i].model, &line, &column);
        struct reading *reading = reading_of_text(model);

        if (!is_found(reading, &places[i], line, column)) {
            is_right = false;
            print_error("wanted %s on '%s' at %d:%d in\n%s", places[i].rule, places[i].element,
                        line, column, model);
            for (uint32_t j = 0; j < reading->findings.count; j++) {
                const struct bpmn_finding *finding = &reading->findings.items[j];

                print_error("found %s on '%s' at %d:%d: %s\n", finding->rule, finding->element_id,
                            finding->line, finding->column, finding->message);
            }
        }
        assert_int_equal(reading->status == STATUS_OK, !rule_row(places[i].rule)->is_error);
        reading_free(reading);
        free(model);
    }
    assert_true(is_right);
}

/* Scripts and topics are looked at by whoever has the script engine and the modules;
 * reader_input_test has the one model that has too many elements. */
static bool is_shown_elsewhere(const char *rule)
{
    static const char *const rules[] = {"too-many-elements", "script-syntax", "topic-unknown",
                                        "timer-place"};
    bool is_one = false;

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        is_one = is_one || strcmp(rule, rules[i]) == 0;
    return is_one;
}

static void test_each_rule_has_a_place(void **state)
{
    bool is_whole = true;
    uint32_t index = 0;

    (void)state;
    for (const struct rule_row *row = rule_row_at(0); row != NULL; row = rule_row_at(++index)) {
        bool has_place = is_shown_elsewhere(row->name);

        assert_ptr_equal(rule_row(row->name), row);
        for (size_t i = 0; i < place_count; i++)
            has_place = has_place || strcmp(places[i].rule, row->name) == 0;
        if (!has_place)
            print_error("no model breaks the rule %s\n", row->name);
        is_whole = is_whole && has_place;
    }
    assert_true(is_whole);
    assert_null(rule_row("no-such-rule"));
}

/* A syntax error names the element's place and, in the sentence, the expression's character. */
static void test_expression_character(void **state)
{
    struct reading *reading = reading_of_text(
        OPEN ENDS "<sequenceFlow id='f' sourceRef='s' targetRef='e'><conditionExpression>"
                  "${a == ,}</conditionExpression></sequenceFlow>" CLOSE);

    (void)state;
    assert_int_equal(reading->findings.error_count, 1);
    assert_non_null(strstr(reading_finding(reading, "expression-syntax")->message, "character 8"));
    reading_free(reading);
}

/* Quotes, comments, CDATA and instructions that hold angle brackets do not shift any place. */
static void test_places_behind_brackets(void **state)
{
    struct reading *reading = reading_of_text(
        OPEN
        "\t<documentation>\xC3\xA9\xE2\x82\xAC &lt;a> <![CDATA[<a>\n</b>]]></documentation> "
        "<startEvent\n\n id='s' name='>\"'/><?pi <a> ?> <!-- <a> --> <endEvent\r\n id='e'/>\r\n"
        " " FLOW("f", "s", "e") CLOSE);

    (void)state;
    assert_int_equal(reading->status, STATUS_OK);
    assert_int_equal(reading->document->models[0].line, 6);
    assert_int_equal(reading->document->models[0].elements[0].line, 8);
    assert_int_equal(reading->document->models[0].elements[0].column, 25);
    assert_int_equal(reading->document->models[0].elements[1].line, 10);
    assert_int_equal(reading->document->models[0].elements[1].column, 45);
    assert_int_equal(reading->document->models[0].flows[0].line, 12);
    assert_int_equal(reading->document->models[0].flows[0].column, 2);
    reading_free(reading);
}

/* ---- what would cost minutes ---- */

static void append_many(struct text *text, const char *start, size_t count, const char *end)
{
    for (size_t i = 0; i < count; i++)
        text_append_format(text, "%s%zu%s", start, i, end);
}

static void check_too_large(struct text *text, const char *words)
{
    struct reading *reading = reading_new(text_string(text), text->length);

    assert_int_equal(reading->status, STATUS_TOO_LARGE);
    assert_non_null(strstr(reading->error.message, words));
    reading_free(reading);
    text_deinit(text);
}

/* After a fault libxml2 reads on: tags that only it sees must not be large ones. */
static void test_hidden_attributes(void **state)
{
    static const char *const starts[] = {"<a><1 \"",    "<a><?1 ",     "<a><!x \"",
                                         "<a><?p \001", "<a><!--\001", "<a b='"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        struct text text = TEXT_INIT;

        text_append(&text, starts[i]);
        text_append(&text, "<b ");
        append_many(&text, "x", 2000, " =\n'' ");
        check_too_large(&text, "attributes");
    }
}

static void test_namespaces(void **state)
{
    struct text text = TEXT_INIT;

    (void)state;
    for (int depth = 0; depth < 20; depth++) {
        text_append_format(&text, "<a xmlns:z='z'");
        append_many(&text, depth % 2 == 0 ? " xmlns:e" : " xmlns:o", 900, "='u'");
        text_append(&text, ">");
    }
    append_many(&text, "<z:b", 30000, "/>");
    check_too_large(&text, "namespaces");
}

/* An entity of each kind, more of them than the depth limit: still a document type. */
static void test_many_entities(void **state)
{
    struct text text = TEXT_INIT;
    struct reading *reading;

    (void)state;
    text_append(&text, "<?xml version='1.0'?>\n<!DOCTYPE a [\n");
    for (int i = 1; i < 500; i++)
        text_append_format(&text, "<!ENTITY e%d '&e%d;&e%d;'>\n", i, i - 1, i - 1);
    text_append(&text, "]>\n<a>&e499;</a>");
    reading = reading_new(text_string(&text), text.length);
    assert_int_equal(reading->status, STATUS_INVALID);
    assert_non_null(strstr(reading->error.message, "DOCTYPE"));
    assert_int_equal(reading->error.line, 2);
    reading_free(reading);
    text_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_each_rule_has_a_place),
        cmocka_unit_test(test_expression_character),
        cmocka_unit_test(test_places_behind_brackets),
        cmocka_unit_test(test_hidden_attributes),
        cmocka_unit_test(test_namespaces),
        cmocka_unit_test(test_many_entities),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
