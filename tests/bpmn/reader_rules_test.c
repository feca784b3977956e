/* What is refused or warned about: one row a rule, with the element that the finding names. */
#include "tests/bpmn/reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A start event and a flow to 'x'; the body gives x. */
#define TO_X "<startEvent id='s'/><sequenceFlow id='f' sourceRef='s' targetRef='x'/>"
#define TIMER(kind, text) \
    "<timerEventDefinition><" kind ">" text "</" kind "></timerEventDefinition>"
#define CATCH(inside) TO_X "<intermediateCatchEvent id='x'>" inside "</intermediateCatchEvent>"
#define HOST          "<startEvent id='s'/><sequenceFlow id='f' sourceRef='s' targetRef='h'/><task id='h'/>"
#define BOUNDARY(inside)                                                      \
    HOST "<boundaryEvent id='x' attachedToRef='h'>" inside "</boundaryEvent>" \
         "<sequenceFlow id='g' sourceRef='x' targetRef='h'/>"
#define GATEWAY(attributes) \
    TO_X "<exclusiveGateway id='x' " attributes "/><task id='a'/><task id='b'/>"
#define CONDITION(text) "<conditionExpression>" text "</conditionExpression>"

/* `element` and `words` (of the message) may be NULL: not looked at. */
struct row {
    const char *body;
    const char *rule;
    const char *element;
    const char *words;
};

static const struct row refused[] = {
    /* elements */
    {TO_X "<inclusiveGateway id='x'/>", "unsupported-element", "x", "exclusive or parallel"},
    {TO_X "<complexGateway id='x'/>", "unsupported-element", "x", NULL},
    {TO_X "<eventBasedGateway id='x'/>", "unsupported-element", "x", NULL},
    {TO_X "<callActivity id='x'/>", "unsupported-element", "x", "embedded sub-process"},
    {TO_X "<sendTask id='x'/>", "unsupported-element", "x", "topic"},
    {TO_X "<receiveTask id='x'/>", "unsupported-element", "x", "message catch event"},
    {TO_X "<businessRuleTask id='x'/>", "unsupported-element", "x", NULL},
    {TO_X "<adHocSubProcess id='x'/>", "unsupported-element", "x", NULL},
    {TO_X "<transaction id='x'/>", "unsupported-element", "x", NULL},
    {TO_X "<intermediateThrowEvent id='x'/>", "unsupported-element", "x", NULL},
    {TO_X "<subProcess id='x' triggeredByEvent='true'/>", "unsupported-element", "x", NULL},
    {TO_X "<subProcess id='x' triggeredByEvent='1'/>", "unsupported-element", "x", NULL},
    {TO_X "<task id='x'><multiInstanceLoopCharacteristics/></task>", "unsupported-element", "x",
     "multiInstance"},
    {TO_X "<task id='x'><standardLoopCharacteristics/></task>", "unsupported-element", "x", NULL},
    {TO_X "<subProcess id='x'><standardLoopCharacteristics/><startEvent id='y'/><task id='z'/>"
          "<sequenceFlow id='g' sourceRef='y' targetRef='z'/></subProcess>",
     "unsupported-element", "x", NULL},
    {TO_X "<robotTask id='x'/>", "unknown-element", "x", "robotTask"},
    {TO_X "<task id='x'><robot/></task>", "unknown-element", "x", NULL},
    {TO_X "<task id='x'><startEvent id='y'/></task>", "misplaced-element", "x", "startEvent"},
    {TO_X "<task id='x'><timerEventDefinition/></task>", "misplaced-element", "x", NULL},
    {TO_X "<task id='x'/><process id='q'/>", "misplaced-element", "q", NULL},
    {TO_X "<task id='x'><dataInputAssociation><assignment/></dataInputAssociation></task>",
     "unsupported-element", "x", "assignment"},

    /* event definitions */
    {CATCH("<signalEventDefinition/>"), "unsupported-element", "x", "message"},
    {CATCH("<conditionalEventDefinition/>"), "unsupported-element", "x", NULL},
    {CATCH("<linkEventDefinition/>"), "unsupported-element", "x", NULL},
    {CATCH("<errorEventDefinition errorRef='e'/>"), "unsupported-element", "x",
     "timer or a message"},
    {CATCH("<eventDefinitionRef>t</eventDefinitionRef>"), "unsupported-element", "x", NULL},
    {CATCH(""), "event-definition-missing", "x", NULL},
    {CATCH(TIMER("timeDuration", "PT1H") TIMER("timeDuration", "PT2H")),
     "multiple-event-definitions", "x", "2"},
    {"<startEvent id='s'><messageEventDefinition messageRef='m'/></startEvent>"
     "<sequenceFlow id='f' sourceRef='s' targetRef='x'/><task id='x'/>",
     "unsupported-element", "s", NULL},
    {"<startEvent id='s'>" TIMER(
         "timeDuration", "PT1H") "</startEvent>"
                                 "<sequenceFlow id='f' sourceRef='s' targetRef='x'/><task id='x'/>",
     "unsupported-element", "s", NULL},
    {BOUNDARY("<messageEventDefinition messageRef='m'/>"), "unsupported-element", "x",
     "timer or an error"},
    {BOUNDARY("<escalationEventDefinition/>"), "unsupported-element", "x", NULL},
    {BOUNDARY("<compensateEventDefinition/>"), "unsupported-element", "x", NULL},
    {BOUNDARY("<cancelEventDefinition/>"), "unsupported-element", "x", NULL},
    {BOUNDARY(""), "event-definition-missing", "x", NULL},
    {TO_X "<endEvent id='x'><messageEventDefinition messageRef='m'/></endEvent>",
     "unsupported-element", "x", "terminate"},
    {TO_X "<endEvent id='x'><errorEventDefinition/></endEvent>", "error-code", "x", "errorRef"},
    {TO_X "<endEvent id='x'><errorEventDefinition errorRef='e_codeless'/></endEvent>", "error-code",
     "x", "errorCode"},
    {CATCH("<messageEventDefinition messageRef='m_nameless'/>"), "message-name", "x", NULL},
    {CATCH("<messageEventDefinition/>"), "message-name", "x", NULL},
    {CATCH("<messageEventDefinition messageRef='gone'/>"), "message-reference", "x", "gone"},
    {CATCH("<messageEventDefinition messageRef='e'/>"), "message-reference", "x", NULL},

    /* timers */
    {CATCH("<timerEventDefinition/>"), "timer-definition", "x", NULL},
    {CATCH(TIMER("timeDuration", "")), "timer-definition", "x", NULL},
    {CATCH("<timerEventDefinition><timeDate>2027-01-01</timeDate><timeDuration>PT1H</timeDuration>"
           "</timerEventDefinition>"),
     "timer-definition", "x", "2"},
    {CATCH(TIMER("timeDuration", "1 hour")), "timer-syntax", "x", NULL},
    {CATCH(TIMER("timeDate", "2027-02-30")), "timer-syntax", "x", NULL},
    {CATCH(TIMER("timeCycle", "R3/1 hour")), "timer-syntax", "x", NULL},
    {CATCH(TIMER("timeDuration", "${")), "expression-syntax", "x", NULL},
    {CATCH("<timerEventDefinition flowable:businessCalendarName='desk'><timeDuration>PT1H"
           "</timeDuration></timerEventDefinition>"),
     "unsupported-attribute", "x", "businessCalendarName"},
    {CATCH("<timerEventDefinition><timeCycle flowable:endDate='2027-01-01'>R/PT1H</timeCycle>"
           "</timerEventDefinition>"),
     "unsupported-attribute", "x", "endDate"},

    /* tasks */
    {TO_X "<serviceTask id='x'/>", "service-task-implementation", "x", "synergyflow:topic"},
    {TO_X "<serviceTask id='x' synergyflow:topic=''/>", "service-task-implementation", "x", NULL},
    {TO_X "<serviceTask id='x' flowable:class=''/>", "service-task-implementation", "x", NULL},
    {TO_X "<serviceTask id='x' flowable:class='false'/>", "service-task-implementation", "x", NULL},
    {TO_X "<serviceTask id='x' flowable:type='mail'/>", "service-task-implementation", "x", "mail"},
    {TO_X "<serviceTask id='x' flowable:topic='t'/>", "service-task-implementation", "x", NULL},
    {TO_X "<serviceTask id='x' flowable:type='external-worker'/>", "service-task-topic", "x",
     "flowable:topic"},
    {TO_X "<serviceTask id='x' flowable:class='org.example.Work'/>", "unsupported-attribute", "x",
     "Java"},
    {TO_X "<serviceTask id='x' activiti:delegateExpression='${bean}'/>", "unsupported-attribute",
     "x", "synergyflow:topic"},
    {TO_X "<serviceTask id='x' synergyflow:topic='t' camunda:class='Work'/>",
     "unsupported-attribute", "x", "class"},
    {TO_X "<serviceTask id='x' synergyflow:topic='t' flowable:triggerable='true'/>",
     "unsupported-attribute", "x", "triggerable"},
    {TO_X "<userTask id='x' synergyflow:topic='t'/>", "unsupported-attribute", "x", NULL},
    {TO_X "<task id='x' isForCompensation='true'/>", "unsupported-attribute", "x", NULL},
    {TO_X "<task id='x' startQuantity='2'/>", "unsupported-attribute", "x", "startQuantity"},
    {TO_X "<task id='x' flowable:skipExpression='${true}'/>", "unsupported-attribute", "x", NULL},
    {TO_X "<scriptTask id='x' scriptFormat='javascript'><script>1</script></scriptTask>",
     "script-format", "x", "javascript"},
    {TO_X "<scriptTask id='x'/>", "script-empty", "x", NULL},
    {TO_X "<scriptTask id='x'><script>1 +</script></scriptTask>", "expression-syntax", "x", NULL},
    {TO_X "<userTask id='x' flowable:assignee='${'/>", "expression-syntax", "x", "assignee"},
    {TO_X "<userTask id='x' name='a ${'/>", "expression-syntax", "x", "name"},
    {TO_X "<userTask id='x' flowable:dueDate='soon'/>", "timer-syntax", "x", NULL},
    {TO_X "<userTask id='x' flowable:priority='high'/>", "priority", "x", "high"},
    {TO_X "<userTask id='x'><extensionElements><flowable:taskListener event='create' class='L'/>"
          "</extensionElements></userTask>",
     "unsupported-extension", "x", "taskListener"},
    {TO_X "<task id='x'/><extensionElements><camunda:executionListener event='start' class='L'/>"
          "</extensionElements>",
     "unsupported-extension", "p", "executionListener"},
    {"<startEvent id='s'/><task id='x'/><sequenceFlow id='f' sourceRef='s' targetRef='x'>"
     "<extensionElements><activiti:executionListener class='L'/></extensionElements>"
     "</sequenceFlow>",
     "unsupported-extension", "f", NULL},
    {TO_X "<task id='x'/><dataObject id='d'><extensionElements><flowable:value>1</flowable:value>"
          "</extensionElements></dataObject>",
     "unsupported-extension", "d", NULL},

    /* structure */
    {"", "process-empty", "p", NULL},
    {"<task id='x'/>", "start-event-missing", "p", NULL},
    {TO_X "<subProcess id='x'><task id='y'/></subProcess>", "start-event-missing", "x", NULL},
    {"<startEvent id='s'/><startEvent id='t'/><task id='x'/>"
     "<sequenceFlow id='f' sourceRef='s' targetRef='x'/>"
     "<sequenceFlow id='g' sourceRef='t' targetRef='x'/>",
     "several-start-events", "t", "'s'"},
    {TO_X "<task id='x'/><task id='x'/>", "duplicate-id", "x", NULL},
    {TO_X "<task id='x'/><task id='f'/>", "duplicate-id", "f", NULL},
    {TO_X "<task id='x'/><task id='m'/>", "duplicate-id", "m", NULL},
    {TO_X "<task id='x'/><task id='p'/>", "duplicate-id", "p", NULL},
    {TO_X "<task id='x'/><task/>", "id-missing", "", NULL},
    {TO_X, "sequence-flow-reference", "f", "targetRef"},
    {TO_X "<task id='x'/><sequenceFlow id='g' sourceRef='gone' targetRef='x'/>",
     "sequence-flow-reference", "g", "sourceRef"},
    {TO_X "<task id='x'/><sequenceFlow id='g' targetRef='x'/>", "sequence-flow-reference", "g",
     "nothing"},
    {TO_X "<task id='x'/><sequenceFlow id='g' sourceRef='x' targetRef='f'/>",
     "sequence-flow-reference", "g", NULL},
    {TO_X "<subProcess id='x'><startEvent id='y'/><task id='z'/>"
          "<sequenceFlow id='g' sourceRef='y' targetRef='z'/></subProcess>"
          "<sequenceFlow id='h' sourceRef='x' targetRef='z'/>",
     "sequence-flow-scope", "h", NULL},
    {TO_X "<task id='x'/><sequenceFlow id='g' sourceRef='x' targetRef='s'/>",
     "start-event-incoming", "s", NULL},
    {"<startEvent id='s'/><task id='x'/>", "start-event-outgoing", "s", NULL},
    {TO_X "<endEvent id='x'/><task id='y'/><sequenceFlow id='g' sourceRef='x' targetRef='y'/>",
     "end-event-outgoing", "x", NULL},
    {BOUNDARY(TIMER("timeDuration", "PT1H")) "<sequenceFlow id='i' sourceRef='h' targetRef='x'/>",
     "boundary-event-incoming", "x", NULL},
    {HOST
     "<boundaryEvent id='x' attachedToRef='h'>" TIMER("timeDuration", "PT1H") "</boundaryEvent>",
     "boundary-event-outgoing", "x", NULL},
    {HOST "<boundaryEvent id='x' attachedToRef='s'>" TIMER(
         "timeDuration",
         "PT1H") "</boundaryEvent><sequenceFlow id='g' sourceRef='x' targetRef='h'/>",
     "boundary-attachment", "x", "'s'"},
    {HOST "<boundaryEvent id='x'>" TIMER(
         "timeDuration",
         "PT1H") "</boundaryEvent><sequenceFlow id='g' sourceRef='x' targetRef='h'/>",
     "boundary-attachment", "x", NULL},
    {HOST
     "<subProcess id='u'><startEvent id='y'/><task id='z'/>"
     "<sequenceFlow id='i' sourceRef='y' targetRef='z'/><boundaryEvent id='x' "
     "attachedToRef='h'>" TIMER(
         "timeDuration", "PT1H") "</boundaryEvent>"
                                 "<sequenceFlow id='g' sourceRef='x' targetRef='z'/></subProcess>"
                                 "<sequenceFlow id='j' sourceRef='h' targetRef='u'/>",
     "boundary-attachment", "x", NULL},
    {TO_X "<exclusiveGateway id='x'/>", "gateway-outgoing", "x", NULL},
    {TO_X "<task id='x' default='f'/>", "default-flow", "x", "'f'"},
    {TO_X "<task id='x' default='gone'/>", "default-flow", "x", "'gone'"},

    /* conditions */
    {GATEWAY("") "<sequenceFlow id='g' sourceRef='x' targetRef='a'>" CONDITION(
         "${a ==}") "</sequenceFlow>",
     "expression-syntax", "g", "condition"},
    {GATEWAY("") "<sequenceFlow id='g' sourceRef='x' targetRef='a'><conditionExpression "
                 "language='javascript'>a</conditionExpression></sequenceFlow>",
     "condition-language", "g", "javascript"},
    {GATEWAY("") "<sequenceFlow id='g' sourceRef='x' targetRef='a'><conditionExpression "
                 "language='sequel'>a</conditionExpression></sequenceFlow>",
     "condition-language", "g", NULL},
};

static const struct row warned[] = {
    {TO_X "<task id='x' flowable:async='true'/>", "attribute-without-effect", "x", "async"},
    {TO_X "<task id='x' camunda:asyncBefore='true'/>", "attribute-without-effect", "x", NULL},
    {TO_X "<task id='x' flowable:somethingNew='1'/>", "unknown-attribute", "x", "somethingNew"},
    {TO_X "<task id='x'/><task id='y'/>", "unreachable-element", "y", NULL},
    {TO_X "<userTask id='x'><potentialOwner/></userTask>", "owner-without-expression", "x", NULL},
    {TO_X "<userTask id='x'><performer/></userTask>", "role-without-effect", "x", "performer"},
    {TO_X "<parallelGateway id='x'/><task id='a'/><sequenceFlow id='g' sourceRef='x' "
          "targetRef='a'>" CONDITION("${a}") "</sequenceFlow>",
     "condition-ignored", "g", NULL},
    {GATEWAY("default='g'") "<sequenceFlow id='g' sourceRef='x' targetRef='a'>" CONDITION(
         "${a}") "</sequenceFlow><sequenceFlow id='h' sourceRef='x' "
                 "targetRef='b'>" CONDITION("${b}") "</sequenceFlow>",
     "default-flow-condition", "g", NULL},
    {GATEWAY("") "<sequenceFlow id='g' sourceRef='x' targetRef='a'>" CONDITION(
         "${a}") "</sequenceFlow><sequenceFlow id='h' sourceRef='x' "
                 "targetRef='b'>" CONDITION("${b}") "</sequenceFlow>",
     "default-flow-missing", "x", NULL},
    {GATEWAY("") "<sequenceFlow id='g' sourceRef='x' targetRef='a'/>"
                 "<sequenceFlow id='h' sourceRef='x' targetRef='b'>" CONDITION(
                     "${b}") "</sequenceFlow>",
     "flow-without-condition", "g", NULL},
    {GATEWAY("") "<sequenceFlow id='g' sourceRef='x' targetRef='a'><conditionExpression/>"
                 "</sequenceFlow>",
     "condition-empty", "g", NULL},
};

/* Nothing to say: what looks like the rows above but is right. */
static const char *const accepted[] = {
    TO_X "<task id='x' flowable:async='false' isForCompensation='false' startQuantity='1'/>",
    TO_X
    "<task id='x' other:async='true'><extensionElements><other:in/></extensionElements></task>",
    TO_X "<serviceTask id='x' synergyflow:topic='t' flowable:triggerable='false'/>",
    TO_X "<scriptTask id='x' scriptFormat='expression'><script>${1 + 1}</script></scriptTask>",
    TO_X "<scriptTask id='x'><script>'text'</script></scriptTask>",
    TO_X "<userTask id='x' flowable:assignee='' flowable:dueDate='${due}' "
         "flowable:priority='${priority}'/>",
    TO_X "<endEvent id='x'><errorEventDefinition errorRef='SOME_CODE'/></endEvent>",
    CATCH("<messageEventDefinition flowable:messageExpression='${name}'/>"),
    CATCH(TIMER("timeCycle", "R3/PT10H")),
    CATCH(TIMER("timeDate", "2028-02-29")),
    CATCH(TIMER("timeDuration", "${when}")),
    BOUNDARY("<errorEventDefinition/>"),
    GATEWAY("") "<sequenceFlow id='g' sourceRef='x' targetRef='a'>" CONDITION(
        "${a}") "</sequenceFlow><sequenceFlow id='h' sourceRef='x' targetRef='b'/>",
    GATEWAY("default='h'") "<sequenceFlow id='g' sourceRef='x' targetRef='a'>" CONDITION(
        "a") "</sequenceFlow><sequenceFlow id='h' sourceRef='x' targetRef='b'/>",
};

static void check_row(const struct row *row, enum bpmn_severity severity)
{
    char *text = process_with(row->body);
    struct reading *reading = reading_of_text(text);
    const struct bpmn_finding *finding = reading_finding(reading, row->rule);

    if (finding == NULL || finding->severity != severity ||
        (row->element != NULL && strcmp(finding->element_id, row->element) != 0) ||
        (row->words != NULL && strstr(finding->message, row->words) == NULL) ||
        (severity == BPMN_WARNING && reading->status != STATUS_OK)) {
        print_error("wanted %s on '%s' (%s) for\n  %s\n", row->rule, row->element,
                    row->words != NULL ? row->words : "", row->body);
        for (uint32_t i = 0; i < reading->findings.count; i++)
            print_error("  found %s on '%s': %s\n", reading->findings.items[i].rule,
                        reading->findings.items[i].element_id, reading->findings.items[i].message);
        fail();
    }
    reading_free(reading);
    free(text);
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        check_row(&refused[i], BPMN_ERROR);
}

static void test_warned(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(warned); i++)
        check_row(&warned[i], BPMN_WARNING);
}

static void test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        char *text = process_with(accepted[i]);
        struct reading *reading = reading_of_text(text);

        if (reading->findings.count > 0)
            print_error("%s\n  %s: %s\n", accepted[i], reading->findings.items[0].rule,
                        reading->findings.items[0].message);
        assert_int_equal(reading->findings.count, 0);
        reading_free(reading);
        free(text);
    }
}

/* One finding for what is wrong, none for what follows from it. */
static void test_no_cascade(void **state)
{
    static const char *const bodies[] = {
        TO_X "<inclusiveGateway id='x'/><task id='y'/>"
             "<sequenceFlow id='g' sourceRef='x' targetRef='y'/>",
        "<startEvent id='s'/><sequenceFlow id='f' sourceRef='s' targetRef='gone'/>",
        TO_X "<transaction id='x'/><boundaryEvent id='b' attachedToRef='x'>"
             "<errorEventDefinition/></boundaryEvent><task id='y'/>"
             "<sequenceFlow id='g' sourceRef='b' targetRef='y'/>",
        TO_X "<serviceTask id='x' flowable:class='Work'/>",
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
        (void)fprintf(stream, "<task id='w%d' flowable:async='true'/>", i);
    (void)fprintf(stream, "<sendTask id='last'/>");
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
