/* Every rule that a finding can name: a model that breaks it, and where the finding then stands. */
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

#define HEAD                                                                                      \
    "<?xml version=\"1.0\"?>\n<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'\n" \
    " xmlns:flowable='http://flowable.org/bpmn'\n xmlns:activiti='http://activiti.org/bpmn'>\n"   \
    "<error id='codeless'/><message id='nameless'/>\n"
#define OPEN               HEAD "<process id='p'>\n"
#define CLOSE              "</process>\n</definitions>\n"
#define FLOW(id, from, to) "<sequenceFlow id='" id "' sourceRef='" from "' targetRef='" to "'/>\n"
#define IF(id, from, to)                                            \
    "<sequenceFlow id='" id "' sourceRef='" from "' targetRef='" to \
    "'><conditionExpression>${a}</conditionExpression></sequenceFlow>\n"
#define ENDS   "<startEvent id='s'/>\n<endEvent id='e'/>\n"
#define SIMPLE ENDS FLOW("f", "s", "e")
/* start → x → end; the model gives x. */
#define AROUND(x) OPEN ENDS FLOW("f1", "s", "x") x FLOW("f2", "x", "e") CLOSE
#define CATCH(inside) \
    AROUND("<intermediateCatchEvent\n  id='x'>\n" inside "</intermediateCatchEvent>\n")
#define BOUNDARY(inside) \
    OPEN ENDS "<task id='t'/>" FLOW("f1", "s", "t") inside FLOW("f3", "x", "e") CLOSE

/* '@' stands before the place of the finding and is taken out of the model. */
struct place {
    const char *rule;
    const char *element;
    const char *model;
};

static const struct place places[] = {
    {"xml", "", "<a>\n<b>\n </c>@</a>"},
    {"not-bpmn", "", "<!-- <a> -->\n\n @<html\n/>"},
    {"no-executable-process", "",
     "<?xml version='1.0'?>\n@<d:definitions\n"
     " xmlns:d='http://www.omg.org/spec/BPMN/20100524/MODEL'/>"},
    {"process-id", "a:b", HEAD "  @<process id='a:b'>" SIMPLE CLOSE},
    {"process-empty", "p", HEAD "@<process\n\nid='p'>" CLOSE},
    {"id-missing", "", OPEN SIMPLE "\t@<task/>" CLOSE},
    {"duplicate-id", "s", OPEN SIMPLE "@<endEvent\n id='s'/>" CLOSE},
    {"unknown-element", "x", AROUND("<task id='x'>\n@<wait/></task>\n")},
    {"unsupported-element", "x", AROUND("<!-- \xC3\xA9 --> @<inclusiveGateway\nid='x'/>")},
    {"unsupported-element", "x", CATCH("\n  @<signalEventDefinition\n/>")},
    {"misplaced-element", "x", AROUND("<task id='x'>\n@<script/></task>\n")},
    {"unsupported-attribute", "x", AROUND("@<serviceTask\n flowable:class='J'\n id='x'/>")},
    {"unsupported-extension", "x",
     AROUND("<task id='x'><extensionElements>\n   @<activiti:executionListener/>"
            "</extensionElements></task>")},
    {"attribute-without-effect", "x", AROUND("@<task id='x'\nflowable:async='true'/>")},
    {"unknown-attribute", "x", AROUND(" @<userTask id='x' flowable:asignee='kim'/>")},
    {"expression-syntax", "f",
     OPEN ENDS "<sequenceFlow id='f' sourceRef='s' targetRef='e'>\n"
               " @<conditionExpression>${a ==}</conditionExpression></sequenceFlow>" CLOSE},
    {"start-event-missing", "p", HEAD "@<process id='p'><task id='t'/>" CLOSE},
    {"start-event-missing", "x", AROUND("\n@<subProcess id='x'>\n<task id='t'/></subProcess>")},
    {"several-start-events", "s2",
     OPEN SIMPLE "@<startEvent id='s2'/>" FLOW("f2", "s2", "e") CLOSE},
    {"start-event-incoming", "s",
     OPEN "@<startEvent id='s'/><task id='t'/>" FLOW("f1", "s", "t") FLOW("f2", "t", "s") CLOSE},
    {"start-event-outgoing", "s", OPEN "   @<startEvent id='s'/>" CLOSE},
    {"end-event-outgoing", "e",
     OPEN "<startEvent id='s'/>@<endEvent id='e'/><task id='t'/>" FLOW("f1", "s", "e")
         FLOW("f2", "e", "t") CLOSE},
    {"boundary-event-incoming", "x",
     BOUNDARY(
         "@<boundaryEvent id='x' attachedToRef='t'><errorEventDefinition/></boundaryEvent>" FLOW(
             "f4", "t", "x"))},
    {"boundary-event-outgoing", "y",
     BOUNDARY("<task id='x'/>\n@<boundaryEvent id='y' attachedToRef='t'><errorEventDefinition/>"
              "</boundaryEvent>")},
    {"boundary-attachment", "x",
     BOUNDARY("@<boundaryEvent id='x' attachedToRef='e'><errorEventDefinition/></boundaryEvent>")},
    {"gateway-outgoing", "g",
     OPEN "<startEvent id='s'/>\n@<exclusiveGateway id='g'/>" FLOW("f", "s", "g") CLOSE},
    {"sequence-flow-reference", "f2", OPEN SIMPLE "@" FLOW("f2", "s", "nowhere") CLOSE},
    {"sequence-flow-scope", "f3",
     AROUND("<subProcess id='x'><startEvent id='i'/><task id='j'/>" FLOW(
         "k", "i", "j") "</subProcess>\n  @" FLOW("f3", "j", "e"))},
    {"condition-language", "f",
     OPEN ENDS "<sequenceFlow id='f' sourceRef='s' targetRef='e'>\n@<conditionExpression"
               " language='groovy'>a</conditionExpression></sequenceFlow>" CLOSE},
    {"condition-empty", "f",
     OPEN ENDS "<sequenceFlow id='f' sourceRef='s' targetRef='e'>\n@<conditionExpression"
               "> </conditionExpression></sequenceFlow>" CLOSE},
    {"condition-ignored", "f2",
     OPEN ENDS "<parallelGateway id='x'/>" FLOW("f1", "s", "x") "@" IF("f2", "x", "e") CLOSE},
    {"default-flow", "x", AROUND("@<exclusiveGateway id='x'\ndefault='f1'/>")},
    {"default-flow-condition", "f2",
     OPEN ENDS
     "<exclusiveGateway id='x' default='f2'/>" FLOW("f1", "s", "x") "\n@" IF("f2", "x", "e") CLOSE},
    {"default-flow-missing", "x",
     OPEN ENDS "\n@<exclusiveGateway id='x'/>" FLOW("f1", "s", "x") IF("f2", "x", "e")
         IF("f3", "x", "e") CLOSE},
    {"flow-without-condition", "f2",
     OPEN ENDS "<exclusiveGateway id='x'/>" FLOW("f1", "s", "x") "  @" FLOW("f2", "x", "e")
         IF("f3", "x", "e") CLOSE},
    {"unreachable-element", "t", OPEN SIMPLE "  @<task id='t'/>" CLOSE},
    {"event-definition-missing", "x", AROUND("@<intermediateCatchEvent\nid='x'/>")},
    {"multiple-event-definitions", "x",
     AROUND("@<intermediateCatchEvent id='x'><timerEventDefinition/><timerEventDefinition/>"
            "</intermediateCatchEvent>")},
    {"timer-definition", "x", CATCH("@<timerEventDefinition/>")},
    {"timer-syntax", "x",
     CATCH(
         "<timerEventDefinition>\n  @<timeDuration\n>soon</timeDuration></timerEventDefinition>")},
    {"timer-syntax", "x",
     CATCH("<timerEventDefinition>@<timeCycle>R3/PT0S</timeCycle></timerEventDefinition>")},
    {"message-reference", "x", CATCH("@<messageEventDefinition messageRef='s'/>")},
    {"message-name", "x", CATCH(" @<messageEventDefinition messageRef='nameless'/>")},
    {"error-code", "e",
     OPEN "<startEvent id='s'/><endEvent id='e'>\n@<errorEventDefinition/></endEvent>" FLOW(
         "f", "s", "e") CLOSE},
    {"service-task-implementation", "x", AROUND("\n\n @<serviceTask id='x'/>")},
    {"service-task-topic", "x",
     AROUND("\n\n @<serviceTask id='x' flowable:type='external-worker'/>")},
    {"script-format", "x", AROUND(" @<scriptTask id='x' scriptFormat='groovy'/>")},
    {"script-empty", "x", AROUND(" @<scriptTask\n\n\n\nid='x'><script/></scriptTask>")},
    {"priority", "x", AROUND("@<userTask id='x'\n\n flowable:priority='high'/>")},
    {"owner-without-expression", "x",
     AROUND("<userTask id='x'>\n\n @<potentialOwner/></userTask>")},
    {"role-without-effect", "x", AROUND("<userTask id='x'>\n\n @<performer/></userTask>")},
};

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
    for (size_t i = 0; i < COUNT_OF(places); i++) {
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

/* reader_input_test has the one model that has too many elements. */
static void test_each_rule_has_a_place(void **state)
{
    bool is_whole = true;
    uint32_t index = 0;

    (void)state;
    for (const struct rule_row *row = rule_row_at(0); row != NULL; row = rule_row_at(++index)) {
        bool has_place = strcmp(row->name, "too-many-elements") == 0;

        assert_ptr_equal(rule_row(row->name), row);
        for (size_t i = 0; i < COUNT_OF(places); i++)
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
    assert_int_equal(reading->findings.count, 1);
    assert_non_null(strstr(reading->findings.items[0].message, "character 8"));
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
