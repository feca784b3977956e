/* What is refused or warned about: one row a rule, with the element that the finding names. Events
 * and activities have files of their own. */
#include "tests/bpmn/reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FLOW(id, from, to) "<sequenceFlow id='" id "' sourceRef='" from "' targetRef='" to "'/>"
/* A start event and a flow to 'x'; the body gives x. */
#define TO_X "<startEvent id='s'/>" FLOW("f", "s", "x")
/* The same with an end behind it. */
#define ROUND_X  TO_X FLOW("zf", "x", "z") "<endEvent id='z'/>"
#define TASK(id) "<task id='" id "'/>"
#define GATEWAY(attributes) \
    TO_X "<exclusiveGateway id='x' " attributes "/><task id='a'/><task id='b'/>"
#define CONDITION(text) "<conditionExpression>" text "</conditionExpression>"
#define IF(id, from, to, text)                                      \
    "<sequenceFlow id='" id "' sourceRef='" from "' targetRef='" to \
    "'>" CONDITION(text) "</sequenceFlow>"
#define EXTENDED(inside) "<extensionElements>" inside "</extensionElements>"
#define TIMER            "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
#define CATCH(id, event) "<intermediateCatchEvent id='" id "'>" event "</intermediateCatchEvent>"
#define INSIDE(id) \
    "<startEvent id='" id "s'/>" FLOW(id "f", id "s", id "e") "<endEvent id='" id "e'/>"

static const struct finding_row elements[] = {
    {TO_X "<choreographyTask id='x'/>", "unsupported-element", "x", "Choreographies"},
    {TO_X "<robotTask id='x'/>", "unknown-element", "x", "robotTask"},
    {TO_X "<task id='x'><robot/></task>", "unknown-element", "x", NULL},
    {TO_X "<task id='x'><startEvent id='y'/></task>", "misplaced-element", "x", "startEvent"},
    {TO_X "<task id='x'>" TIMER "</task>", "misplaced-element", "x", NULL},
    {TO_X "<exclusiveGateway id='x'><standardLoopCharacteristics/></exclusiveGateway>",
     "misplaced-element", "x", NULL},
    {TO_X "<userTask id='x'><script>1</script></userTask>", "misplaced-element", "x", "script"},
    {TO_X "<task id='x'/><process id='q'/>", "misplaced-element", "q", NULL},
    {"", "process-empty", "p", NULL},
    {TO_X TASK("x") TASK("x"), "duplicate-id", "x", "line"},
    {TO_X TASK("x") TASK("f"), "duplicate-id", "f", NULL},
    {TO_X TASK("x") TASK("m"), "duplicate-id", "m", NULL},
    {TO_X TASK("x") TASK("p"), "duplicate-id", "p", NULL},
    {TO_X "<task id='x'/><task/>", "id-missing", "", NULL},
};

static const struct finding_row references[] = {
    {TO_X TASK("x") "<association id='a' sourceRef='gone' targetRef='x'/>", "reference", "a",
     "sourceRef"},
    {TO_X TASK("x") "<dataObjectReference id='r' dataObjectRef='gone'/>", "reference", "r",
     "dataObject"},
    {TO_X TASK("x") "<dataObjectReference id='r' dataObjectRef='x'/>", "reference", "r", "<task>"},
    {TO_X TASK("x") "<dataStoreReference id='r' dataStoreRef='gone'/>", "reference", "r",
     "dataStore"},
    {TO_X "<serviceTask id='x' operationRef='gone'/>", "reference", "x", "operation"},
    {TO_X "<subProcess id='x'>" INSIDE("i") "<association id='a' sourceRef='is' "
                                            "targetRef='gone'/></subProcess>",
     "reference", "a", "targetRef"},
};

static const struct finding_row structure[] = {
    {TASK("x") TASK("y") FLOW("f", "x", "y") FLOW("g", "y", "x"), "nothing-starts", "p", NULL},
    {TO_X "<subProcess id='x'>" TASK("a") TASK("b") FLOW("g", "a", "b")
         FLOW("h", "b", "a") "</subProcess>",
     "nothing-starts", "x", NULL},
    {"<startEvent id='s'/><startEvent id='t'/>" TASK("x") FLOW("f", "s", "x") FLOW("g", "t", "x"),
     "several-start-events", "t", "'s'"},
    {TO_X, "sequence-flow-reference", "f", "targetRef"},
    {TO_X TASK("x") FLOW("g", "gone", "x"), "sequence-flow-reference", "g", "sourceRef"},
    {TO_X TASK("x") "<sequenceFlow id='g' targetRef='x'/>", "sequence-flow-reference", "g",
     "nothing"},
    {TO_X TASK("x") FLOW("g", "x", "f"), "sequence-flow-reference", "g", NULL},
    {TO_X "<subProcess id='x'>" INSIDE("i") TASK("y") "</subProcess>" FLOW("h", "x", "y"),
     "sequence-flow-scope", "h", NULL},
    {TO_X "<task id='x'/>" FLOW("g", "x", "u1"), "sequence-flow-reference", "g", NULL},
    {TO_X TASK("x") FLOW("g", "x", "s"), "start-event-incoming", "s", NULL},
    {"<startEvent id='s'/>" TASK("x"), "start-event-outgoing", "s", NULL},
    {TO_X "<endEvent id='x'/>" TASK("y") FLOW("g", "x", "y"), "end-event-outgoing", "x", NULL},
    {TO_X "<task id='x' default='f'/>", "default-flow", "x", "'f'"},
    {TO_X "<task id='x' default='gone'/>", "default-flow", "x", "'gone'"},
    {TO_X "<parallelGateway id='x' default='g'/>" TASK("a") TASK("b") FLOW("g", "x", "a")
         FLOW("h", "x", "b"),
     "default-flow-place", "x", "parallelGateway"},
    {TO_X "<receiveTask id='x' instantiate='true'/>" FLOW("g", "x", "x"), "instantiate-incoming",
     "x", "2"},
    {TO_X TASK("x") "<receiveTask id='y' instantiate='true'/>" FLOW("g", "x", "y"),
     "instantiate-incoming", "y", "1"},
    {TO_X "<adHocSubProcess id='x'><startEvent id='y'/>" TASK("a")
         FLOW("g", "y", "a") "</adHocSubProcess>",
     "ad-hoc-events", "y", NULL},
    {TO_X "<adHocSubProcess id='x'>" TASK("a") "<endEvent id='y'/>" FLOW("g", "a",
                                                                         "y") "</adHocSubProcess>",
     "ad-hoc-events", "y", NULL},
    {TO_X TASK("x") "<task id='h' isForCompensation='true'/>" FLOW("g", "x", "h"),
     "compensation-handler-flows", "h", NULL},
};

static const struct finding_row gateways[] = {
    {TO_X "<exclusiveGateway id='x'/>", "gateway-outgoing", "x", NULL},
    {TO_X "<inclusiveGateway id='x'/>", "gateway-outgoing", "x", NULL},
    {TO_X "<complexGateway id='x'/>", "gateway-outgoing", "x", NULL},
    {GATEWAY("gatewayDirection='Converging'") FLOW("g", "x", "a") FLOW("h", "x", "b"),
     "gateway-direction", "x", "Converging"},
    {GATEWAY("gatewayDirection='Diverging'") FLOW("g", "x", "a"), "gateway-direction", "x",
     "Diverging"},
    {GATEWAY("gatewayDirection='Mixed'") FLOW("g", "x", "a") FLOW("h", "x", "b"),
     "gateway-direction", "x", "Mixed"},
    {TO_X "<eventBasedGateway id='x'/>" CATCH("a", TIMER) FLOW("g", "x", "a"), "event-gateway", "x",
     "two or more"},
    {TO_X "<eventBasedGateway id='x'/>" CATCH("a", TIMER) TASK("b") FLOW("g", "x", "a")
         FLOW("h", "x", "b"),
     "event-gateway", "x", "'b'"},
    {TO_X "<eventBasedGateway id='x'/>" CATCH("a", TIMER) CATCH("b", TIMER) FLOW("g", "x", "a")
         FLOW("h", "x", "b") FLOW("i", "a", "b"),
     "event-gateway", "x", "one incoming"},
    {TO_X "<eventBasedGateway id='x'/>" CATCH("a", TIMER) CATCH("b", TIMER) FLOW("g", "x", "a")
         IF("h", "x", "b", "true"),
     "event-gateway", "x", "no conditions"},
    {TO_X "<eventBasedGateway id='x'/><receiveTask id='a' messageRef='m'/>" CATCH(
         "b", "<messageEventDefinition messageRef='m'/>") FLOW("g", "x", "a") FLOW("h", "x", "b"),
     "event-gateway", "x", "not to both"},
    {TO_X "<eventBasedGateway id='x'/><receiveTask id='a' messageRef='m'/><boundaryEvent id='c' "
          "attachedToRef='a'>" TIMER "</boundaryEvent>" TASK("d") FLOW("i", "c", "d")
              CATCH("b", TIMER) FLOW("g", "x", "a") FLOW("h", "x", "b"),
     "event-gateway", "x", "no boundary"},
    {TO_X "<eventBasedGateway id='x' eventGatewayType='Parallel'/>" CATCH("a", TIMER)
         CATCH("b", TIMER) FLOW("g", "x", "a") FLOW("h", "x", "b"),
     "event-gateway", "x", "instantiate"},
    {GATEWAY("") IF("g", "x", "a", "${a ==}"), "expression-syntax", "g", "condition"},
    {GATEWAY("") "<sequenceFlow id='g' sourceRef='x' targetRef='a'><conditionExpression "
                 "language='javascript'>a.b = 1; a</conditionExpression></sequenceFlow>",
     "condition-language", "g", "javascript"},
    {GATEWAY("") "<sequenceFlow id='g' sourceRef='x' targetRef='a'><conditionExpression "
                 "language='sequel'>a then b</conditionExpression></sequenceFlow>",
     "condition-language", "g", NULL},
    {TO_X
     "<complexGateway id='x'><activationCondition>1 +</activationCondition></complexGateway>" TASK(
         "a") FLOW("g", "x", "a"),
     "expression-syntax", "x", "activationCondition"},
};

static const struct finding_row warned[] = {
    {TO_X "<serviceTask id='x'/>", "service-task-implementation", "x", "topic 'x'"},
    {TO_X "<serviceTask id='x' implementation='##WebService'/>", "service-task-implementation", "x",
     "topic 'x'"},
    {TO_X "<serviceTask id='x' implementation='ship'/>", "service-task-implementation", "x",
     "topic 'ship'"},
    {TO_X "<serviceTask id='x' synergyflow:topic=''/>", "service-task-implementation", "x", NULL},
    {TO_X "<sendTask id='x'/>", "service-task-implementation", "x", NULL},
    {TO_X "<businessRuleTask id='x'/>", "service-task-implementation", "x", NULL},
    {TO_X "<scriptTask id='x'/>", "script-empty", "x", NULL},
    {TO_X "<task id='x' flowable:somethingNew='1'/>", "unknown-attribute", "x", "somethingNew"},
    {TO_X "<userTask id='x' flowable:formFieldValidation='true'/>", "attribute-without-effect", "x",
     "formFieldValidation"},
    {TO_X "<task id='x' flowable:assignee='kim'/>", "attribute-without-effect", "x", "userTask"},
    {TO_X "<task id='x'><multiInstanceLoopCharacteristics camunda:asyncBefore='true'>"
          "<loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></task>",
     "attribute-without-effect", "x", "multiInstance"},
    {TO_X TASK("x") TASK("y"), "unreachable-element", "y", NULL},
    {TO_X TASK("x") "<task id='y' isForCompensation='true'/>", "unreachable-element", "y",
     "compensation"},
    {TO_X "<userTask id='x'><potentialOwner/></userTask>", "owner-without-expression", "x", NULL},
    {TO_X "<userTask id='x'><performer/></userTask>", "role-without-effect", "x", "performer"},
    {TO_X "<parallelGateway id='x'/>" TASK("a") TASK("b") FLOW("h", "x", "b")
         IF("g", "x", "a", "${a}"),
     "condition-ignored", "g", NULL},
    {GATEWAY("default='g'") IF("g", "x", "a", "${a}") IF("h", "x", "b", "${b}"),
     "default-flow-condition", "g", NULL},
    {GATEWAY("") IF("g", "x", "a", "${a}") IF("h", "x", "b", "${b}"), "default-flow-missing", "x",
     NULL},
    {GATEWAY("") FLOW("g", "x", "a") IF("h", "x", "b", "${b}"), "flow-without-condition", "g",
     NULL},
    {GATEWAY("") "<sequenceFlow id='g' sourceRef='x' targetRef='a'><conditionExpression/>"
                 "</sequenceFlow>",
     "condition-empty", "g", NULL},
    {GATEWAY("") "<sequenceFlow id='g' sourceRef='x' targetRef='a'><conditionExpression "
                 "language='http://www.w3.org/1999/XPath'>a == 1</conditionExpression>"
                 "</sequenceFlow>",
     "expression-language", "g", "XPath"},
    {TO_X TASK("x") TASK("y") IF("g", "x", "y", "${a}"), "condition-only-flow", "g", NULL},
    {GATEWAY("") FLOW("g", "x", "a"), "gateway-pointless", "x", NULL},
    {TO_X "<exclusiveGateway id='x'/>" TASK("a") TASK("b") FLOW("h", "x", "b") IF(
         "g", "x", "a", "${a}") "<parallelGateway id='j'/>" FLOW("i", "a", "j") FLOW("k", "b", "j"),
     "parallel-join-of-alternatives", "j", "'x'"},
    {TO_X TASK("x"), "end-event-missing", "p", NULL},
    {TASK("x") "<endEvent id='z'/>" FLOW("f", "x", "z"), "start-event-missing", "p", NULL},
    {TO_X "<parallelGateway id='x'/>" TASK("a") "<endEvent id='z'/>" FLOW("g", "x", "a")
         FLOW("h", "x", "z"),
     "implicit-end", "a", NULL},
    {TO_X "<subProcess id='x'/>", "sub-process-empty", "x", NULL},
    {TO_X "<task id='x'><incoming>gone</incoming></task>", "stale-reference", "x", "'gone'"},
    {TO_X "<task id='x'><outgoing>f</outgoing></task>", "stale-reference", "x", "sourceRef"},
    {TO_X "<task id='x'/><laneSet id='ls'><lane id='l'><flowNodeRef>gone</flowNodeRef></lane>"
          "</laneSet>",
     "stale-reference", "l", "flowNodeRef"},
};

/* Nothing to say: what looks like the rows above but is right. */
static const char *const accepted[] = {
    ROUND_X "<task id='x' flowable:async='false' isForCompensation='false' startQuantity='1'/>",
    ROUND_X "<task id='x' other:async='true'>" EXTENDED("<other:in/>") "</task>",
    ROUND_X "<serviceTask id='x' synergyflow:topic='t' flowable:triggerable='false'/>",
    ROUND_X "<scriptTask id='x' scriptFormat='expression'><script>${1 + 1}</script></scriptTask>",
    ROUND_X "<scriptTask id='x'><script>'text'</script></scriptTask>",
    ROUND_X "<scriptTask id='x'><script>var a = 1; b = a;</script></scriptTask>",
    ROUND_X "<userTask id='x' flowable:assignee='' flowable:dueDate='${due}' "
            "flowable:priority='${priority}'/>",
    ROUND_X "<receiveTask id='x'/>",
    ROUND_X "<receiveTask id='x' instantiate='true' messageRef='m'/>",
    ROUND_X "<task id='x'>" EXTENDED("<camunda:properties><camunda:property name='a' value='b'/>"
                                     "</camunda:properties>") "</task>",
    ROUND_X "<subProcess id='x'>" TASK("a") TASK("b") FLOW("g", "a", "b") "</subProcess>",
    TASK("x") TASK("y") FLOW("f", "x", "y"),
    GATEWAY("") IF("g", "x", "a", "${a}") FLOW("h", "x", "b") FLOW("i", "a", "z")
        FLOW("j", "b", "z") "<endEvent id='z'/>",
    GATEWAY("default='h' gatewayDirection='Diverging'") IF("g", "x", "a", "a") FLOW("h", "x", "b")
        FLOW("i", "a", "z") FLOW("j", "b", "z") "<endEvent id='z'/>",
    GATEWAY("") "<sequenceFlow id='g' sourceRef='x' targetRef='a'><conditionExpression "
                "language='JavaScript'>a === 1 &amp;&amp; b !== '==='</conditionExpression>"
                "</sequenceFlow>" FLOW("h", "x", "b") FLOW("i", "a", "z")
                    FLOW("j", "b", "z") "<endEvent id='z'/>",
    ROUND_X "<eventBasedGateway id='w'/><task id='x'/>" FLOW("v", "x", "w")
        CATCH("a", TIMER) "<receiveTask id='b' messageRef='m'/>" FLOW("g", "w", "a")
            FLOW("h", "w", "b") FLOW("i", "a", "z") FLOW("j", "b", "z"),
};

static void test_refused(void **state)
{
    (void)state;
    check_findings(elements, COUNT_OF(elements), BPMN_ERROR);
    check_findings(references, COUNT_OF(references), BPMN_ERROR);
    check_findings(structure, COUNT_OF(structure), BPMN_ERROR);
    check_findings(gateways, COUNT_OF(gateways), BPMN_ERROR);
}

static void test_warned(void **state)
{
    (void)state;
    check_findings(warned, COUNT_OF(warned), BPMN_WARNING);
}

static void test_accepted(void **state)
{
    (void)state;
    check_accepted(accepted, COUNT_OF(accepted));
}

/* One finding for what is wrong, none for what follows from it. */
static void test_no_cascade(void **state)
{
    static const char *const bodies[] = {
        TO_X "<choreographyTask id='x'/>" TASK("y") FLOW("g", "x", "y"),
        "<startEvent id='s'/>" FLOW("f", "s", "gone"),
        TO_X "<choreographyTask id='x'/><boundaryEvent id='b' attachedToRef='x'>"
             "<errorEventDefinition/></boundaryEvent>" TASK("y") FLOW("g", "b", "y"),
        ROUND_X "<serviceTask id='x' flowable:class='Work'/>",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        char *text = process_with(bodies[i]);
        struct reading *reading = reading_of_text(text);

        assert_int_equal(reading->findings.error_count, 1);
        assert_int_equal(reading->findings.count, 1);
        reading_free(reading);
        free(text);
    }
}

/* The first error is also the call's own, with its place. */
static void test_first_error(void **state)
{
    struct reading *reading = reading_of_file("refused.bpmn");

    (void)state;
    assert_int_equal(reading->status, STATUS_INVALID);
    assert_string_equal(reading->error.element_id, "approve");
    assert_int_equal(reading->error.line, 8);
    assert_int_equal(reading->error.column, 7);
    assert_int_equal(reading->findings.error_count, 3);
    assert_string_equal(reading->findings.items[1].element_id, "choose");
    assert_int_equal(reading->findings.items[1].line, 10);
    assert_string_equal(reading->findings.items[2].element_id, "f3");
    assert_int_equal(reading->findings.items[2].line, 13);
    assert_int_equal(reading->findings.items[2].column, 10);
    reading_free(reading);
}

enum { MANY = 150 };

/* More warnings than there is room for: the errors behind them are shown all the same. */
static void test_errors_push_warnings_out(void **state)
{
    char *body = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&body, &length);
    struct reading *reading;
    char *text;

    (void)state;
    (void)fprintf(stream, TO_X "<task id='x'/>");
    for (int i = 0; i < MANY; i++)
        (void)fprintf(stream, "<task id='w%d' flowable:somethingNew='true'/>", i);
    (void)fprintf(stream, "<choreographyTask id='last'/>");
    (void)fclose(stream);
    text = process_with(body);
    reading = reading_of_text(text);
    assert_int_equal(reading->findings.count, BPMN_FINDINGS_MAX);
    assert_int_equal(reading->findings.error_count, 1);
    assert_string_equal(reading_finding(reading, "unsupported-element")->element_id, "last");
    assert_string_equal(reading->error.element_id, "last");
    reading_free(reading);
    free(text);
    free(body);
}

static void test_process_ids(void **state)
{
    static const char *const processes[] = {"<process/>", "<process id=''/>",
                                            "<process id='a:b'/>"};
    static const char head[] = "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'>";

    (void)state;
    for (size_t i = 0; i < COUNT_OF(processes); i++) {
        char text[256];
        struct reading *reading;

        (void)snprintf(text, sizeof(text), "%s%s</definitions>", head, processes[i]);
        reading = reading_of_text(text);
        assert_non_null(reading_finding(reading, "process-id"));
        reading_free(reading);
    }
}

/* Ids of several processes of a file are one space, and flows do not cross. */
static void test_processes_apart(void **state)
{
    struct reading *reading = reading_of_text(
        "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'>"
        "<process id='p'>" TO_X "<task id='x'/></process>"
        "<process id='q'><startEvent id='t'/>"
        "<sequenceFlow id='g' sourceRef='t' targetRef='x'/></process></definitions>");

    (void)state;
    assert_string_equal(reading_finding(reading, "sequence-flow-reference")->element_id, "g");
    reading_free(reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_warned),
        cmocka_unit_test(test_accepted),    cmocka_unit_test(test_no_cascade),
        cmocka_unit_test(test_first_error), cmocka_unit_test(test_errors_push_warnings_out),
        cmocka_unit_test(test_process_ids), cmocka_unit_test(test_processes_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
