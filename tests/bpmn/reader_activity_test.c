/* What is refused on activities: how they are implemented, extended, repeated and given data. */
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
#define TO_X             "<startEvent id='s'/>" FLOW("f", "s", "x")
#define EXTENDED(inside) "<extensionElements>" inside "</extensionElements>"
#define TASK(id)         "<task id='" id "'/>"
#define MULTI(inside) \
    "<multiInstanceLoopCharacteristics>" inside "</multiInstanceLoopCharacteristics>"

static const struct finding_row tasks[] = {
    {TO_X "<serviceTask id='x' flowable:type='mail'/>", "service-task-type", "x", "mail"},
    {TO_X "<serviceTask id='x' flowable:type='external-worker'/>", "service-task-topic", "x",
     "flowable:topic"},
    {TO_X "<serviceTask id='x' flowable:class='org.example.Work'/>", "unsupported-attribute", "x",
     "Java"},
    {TO_X "<serviceTask id='x' activiti:delegateExpression='${bean}'/>", "unsupported-attribute",
     "x", "synergyflow:topic"},
    {TO_X "<serviceTask id='x' synergyflow:topic='t' camunda:class='Work'/>",
     "unsupported-attribute", "x", "class"},
    {TO_X "<businessRuleTask id='x' camunda:decisionRef='d'/>", "unsupported-attribute", "x",
     "expression"},
    {TO_X "<businessRuleTask id='x' flowable:rules='r'/>", "unsupported-attribute", "x", NULL},
    {TO_X "<sendTask id='x' messageRef='gone'/>", "message-reference", "x", "gone"},
    {TO_X "<receiveTask id='x' messageRef='e'/>", "message-reference", "x", "'e'"},
    {TO_X "<task id='x' startQuantity='0'/>", "quantity", "x", "startQuantity"},
    {TO_X "<task id='x' completionQuantity='many'/>", "quantity", "x", "many"},
    {TO_X "<scriptTask id='x' scriptFormat='groovy'><script>1</script></scriptTask>",
     "script-format", "x", "groovy"},
    {TO_X "<scriptTask id='x' scriptFormat='juel'><script>1 +</script></scriptTask>",
     "expression-syntax", "x", NULL},
    {TO_X "<scriptTask id='x' camunda:resource='a.js'/>", "unsupported-attribute", "x", NULL},
    {TO_X "<userTask id='x' flowable:assignee='${'/>", "expression-syntax", "x", "assignee"},
    {TO_X "<userTask id='x' name='a ${'/>", "expression-syntax", "x", "name"},
    {TO_X "<userTask id='x' flowable:dueDate='soon'/>", "timer-syntax", "x", NULL},
    {TO_X "<userTask id='x' flowable:priority='high'/>", "priority", "x", "high"},
    {TO_X "<callActivity id='x'/>", "called-element", "x", NULL},
    {TO_X "<callActivity id='x' calledElement='q' camunda:calledElementBinding='version'/>",
     "call-binding", "x", "calledElementVersion"},
    {TO_X "<callActivity id='x' calledElement='q' camunda:calledElementBinding='newest'/>",
     "call-binding", "x", "newest"},
    {TO_X "<callActivity id='x' calledElement='q' flowable:calledElementType='case'/>",
     "call-binding", "x", "case"},
    {TO_X "<callActivity id='x' calledElement='q'>" EXTENDED(
         "<flowable:in target='a'/>") "</callActivity>",
     "parameter", "x", "source"},
    {TO_X "<callActivity id='x' camunda:caseRef='q'/>", "unsupported-attribute", "x", NULL},
};

static const struct finding_row extensions[] = {
    {TO_X "<userTask id='x'>" EXTENDED(
         "<flowable:taskListener event='create' class='L'/>") "</userTask>",
     "unsupported-extension", "x", "taskListener"},
    {TO_X "<task id='x'/>" EXTENDED("<camunda:executionListener event='start' class='L'/>"),
     "unsupported-extension", "p", "executionListener"},
    {TO_X TASK("x") "<task id='y'/><sequenceFlow id='g' sourceRef='x' targetRef='y'>" EXTENDED(
         "<activiti:executionListener delegateExpression='${l}'/>") "</sequenceFlow>",
     "unsupported-extension", "g", "synergyflow:topic"},
    {TO_X "<task id='x'>" EXTENDED("<flowable:executionListener event='start' "
                                   "flowable:topic='t'/>") "</task>",
     "unsupported-extension", "x", "synergyflow:topic"},
    {TO_X "<task id='x'>" EXTENDED("<flowable:executionListener event='start' "
                                   "synergyflow:topic='${'/>") "</task>",
     "expression-syntax", "x", "topic"},
    {TO_X "<userTask id='x'>" EXTENDED("<flowable:taskListener event='delete' "
                                       "synergyflow:topic='t'/>") "</userTask>",
     "listener-topic", "x", "complete"},
    {TO_X "<endEvent id='x'>" EXTENDED(
         "<flowable:executionListener event='end' synergyflow:topic='t'/>") "<terminateEventDefinit"
                                                                            "ion/></endEvent>",
     "listener-topic", "x", "start"},
    {TO_X "<task id='x'>" EXTENDED(
         "<flowable:executionListener event='begin' expression='${1}'/>") "</task>",
     "listener-event", "x", "begin"},
    {TO_X "<task id='x'>" EXTENDED("<camunda:executionListener event='start'><camunda:script "
                                   "scriptFormat='groovy'>1</camunda:script>"
                                   "</camunda:executionListener>") "</task>",
     "unsupported-extension", "x", "groovy"},
    {TO_X "<task id='x'>" EXTENDED("<camunda:inputOutput><camunda:inputParameter name='a'>"
                                   "<camunda:list/></camunda:inputParameter>"
                                   "</camunda:inputOutput>") "</task>",
     "unsupported-extension", "x", "<list>"},
    {TO_X "<task id='x'>" EXTENDED("<camunda:connector/>") "</task>", "unsupported-extension", "x",
     "external worker"},
    {TO_X "<task id='x'>" MULTI("<loopCardinality>3</loopCardinality>" EXTENDED(
         "<flowable:variableAggregation target='a'/>")) "</task>",
     "unsupported-extension", "x", "loopDataOutputRef"},
};

/* As Flowable's models write it. */
static const struct finding_row loop_warnings[] = {
    {TO_X "<task id='x'>" MULTI("<loopDataInputRef>gone</loopDataInputRef>") "</task>",
     "loop-data-variable", "x", "gone"},
};

static const struct finding_row loops[] = {
    {TO_X "<task id='x'>" MULTI("") "</task>", "multi-instance", "x", "loopCardinality"},
    {TO_X "<task id='x'>" MULTI("<loopCardinality>2</loopCardinality><loopDataOutputRef>d"
                                "</loopDataOutputRef>") "</task><dataObject id='d'/>",
     "loop-data", "x", "outputDataItem"},
    {TO_X "<task id='x'>" MULTI("<loopCardinality>3 +</loopCardinality>") "</task>",
     "expression-syntax", "x", "loopCardinality"},
    {TO_X "<task id='x'><multiInstanceLoopCharacteristics behavior='Some'><loopCardinality>3"
          "</loopCardinality></multiInstanceLoopCharacteristics></task>",
     "loop-behaviour", "x", "Some"},
    {TO_X "<task id='x'><multiInstanceLoopCharacteristics behavior='One' oneBehaviorEventRef='m'>"
          "<loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics></task>",
     "loop-behaviour", "x", "'m'"},
    {TO_X "<task id='x'><multiInstanceLoopCharacteristics behavior='Complex'><loopCardinality>3"
          "</loopCardinality><complexBehaviorDefinition><condition>true</condition>"
          "</complexBehaviorDefinition></multiInstanceLoopCharacteristics></task>",
     "loop-behaviour", "x", "complexBehaviorDefinition"},
    {TO_X "<task id='x'><standardLoopCharacteristics loopMaximum='0'/></task>", "loop-maximum", "x",
     "'0'"},
    {TO_X "<task id='x'><standardLoopCharacteristics/>" MULTI(
         "<loopCardinality>3</loopCardinality>") "</task>",
     "loop-kind", "x", NULL},
};

static const struct finding_row data[] = {
    {TO_X "<task id='x'><dataInputAssociation><sourceRef>gone</sourceRef></dataInputAssociation>"
          "</task>",
     "data-reference", "x", "gone"},
    {TO_X "<task id='x'><dataOutputAssociation><targetRef>gone</targetRef>"
          "</dataOutputAssociation></task>",
     "data-reference", "x", "targetRef"},
    {TO_X "<task id='x'><dataInputAssociation><assignment><from>1</from></assignment>"
          "</dataInputAssociation></task>",
     "data-assignment", "x", NULL},
    {TO_X "<task id='x'><dataInputAssociation><assignment><from>1 +</from><to>a</to></assignment>"
          "</dataInputAssociation></task>",
     "expression-syntax", "x", "assignment"},
    {TO_X TASK("x") "<correlationSubscription id='cs'><correlationPropertyBinding "
                    "correlationPropertyRef='gone'><dataPath>a</dataPath>"
                    "</correlationPropertyBinding></correlationSubscription>",
     "correlation", "p", NULL},
};

static void test_tasks(void **state)
{
    (void)state;
    check_findings(tasks, COUNT_OF(tasks), BPMN_ERROR);
}

static void test_extensions(void **state)
{
    (void)state;
    check_findings(extensions, COUNT_OF(extensions), BPMN_ERROR);
}

static void test_loops(void **state)
{
    (void)state;
    check_findings(loops, COUNT_OF(loops), BPMN_ERROR);
    check_findings(loop_warnings, sizeof(loop_warnings) / sizeof(loop_warnings[0]), BPMN_WARNING);
}

static void test_data(void **state)
{
    (void)state;
    check_findings(data, COUNT_OF(data), BPMN_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tasks),
        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_loops),
        cmocka_unit_test(test_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
