/* What the model says of each part of the executable language: one row a snippet, with what the
 * description of one of its elements must hold. */
#include "tests/bpmn/reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FLOW(id, from, to) "<sequenceFlow id='" id "' sourceRef='" from "' targetRef='" to "'/>"
#define TO_X               "<startEvent id='s'/>" FLOW("f", "s", "x")
#define EXTENDED(inside)   "<extensionElements>" inside "</extensionElements>"
#define MULTI(attributes, inside)                                   \
    "<multiInstanceLoopCharacteristics " attributes ">" inside "</" \
    "multiInstanceLoopCharacteristics>"
#define IO(inside) "<ioSpecification>" inside "<inputSet/><outputSet/></ioSpecification>"
#define DATA_IN(from, to)                                                                \
    "<dataInputAssociation><sourceRef>" from "</sourceRef><targetRef>" to "</targetRef>" \
    "</dataInputAssociation>"
#define DATA_OUT(from, to)                                                                \
    "<dataOutputAssociation><sourceRef>" from "</sourceRef><targetRef>" to "</targetRef>" \
    "</dataOutputAssociation>"
#define LISTENER(inside) EXTENDED("<flowable:executionListener " inside "/>")

static const struct description_row tasks[] = {
    {TO_X "<serviceTask id='x' synergyflow:topic='incidents.open'/>", "x",
     "{'service':'topic','topic':'incidents.open'}"},
    {TO_X "<serviceTask id='x' camunda:type='external' camunda:topic='ship' "
          "camunda:taskPriority='${p}' activiti:doNotIncludeVariables='true'/>",
     "x", "{'service':'external-worker','topic':'ship','jobPriority':'${p}','hideVariables':true}"},
    {TO_X "<serviceTask id='x' flowable:type='external-worker' flowable:topic='t'>" EXTENDED(
         "<flowable:externalWorkerInParameter source='a' target='b'/>"
         "<flowable:externalWorkerInParameter sourceExpression='${a + 1}' target='c'/>"
         "<flowable:externalWorkerOutParameter source='r' target='d'/>") "</serviceTask>",
     "x",
     "{'workerIn':[{'source':'a','target':'b'},{'sourceExpression':'${a + 1}','target':'c'}],"
     "'workerOut':[{'source':'r','target':'d'}]}"},
    {TO_X "<serviceTask id='x' flowable:expression='${a * 2}' flowable:resultVariableName='b' "
          "flowable:useLocalScopeForResultVariable='true' flowable:triggerable='true'>" EXTENDED(
              "<flowable:field name='f' stringValue='v'/><flowable:field name='g'>"
              "<flowable:expression>${a}</flowable:expression></flowable:field>") "</serviceTask>",
     "x",
     "{'service':'expression','expression':'${a * 2}','resultVariable':'b','resultLocal':true,"
     "'triggerable':true,'fields':[{'sourceExpression':'v','target':'f'},"
     "{'sourceExpression':'${a}','target':'g'}]}"},
    {TO_X "<serviceTask id='x'/>", "x", "{'service':'external-worker','topic':'x'}"},
    {TO_X "<serviceTask id='x' implementation='##WebService'/>", "x",
     "{'service':'external-worker','topic':'x'}"},
    {TO_X "<businessRuleTask id='x' flowable:expression='${a > 1}' flowable:resultVariable='b'/>",
     "x", "{'type':'businessRuleTask','service':'expression','resultVariable':'b'}"},
    {TO_X "<sendTask id='x' messageRef='m'/>", "x",
     "{'service':null,'events':[{'kind':'message','name':'paid','reference':'m'}]}"},
    {TO_X "<sendTask id='x' flowable:expression='${1}'/>", "x",
     "{'service':'expression','events':null}"},
    {TO_X "<sendTask id='x'/>", "x", "{'service':'external-worker','topic':'x'}"},
    {TO_X "<receiveTask id='x' messageRef='m' flowable:correlationKey='${k}'/>", "x",
     "{'events':[{'kind':'message','name':'paid','correlationKey':'${k}'}]}"},
    {TO_X "<receiveTask id='x'/>", "x", "{'events':null,'instantiate':null}"},
    {"<receiveTask id='x' instantiate='true' messageRef='m'/><task id='y'/>" FLOW("f", "x", "y"),
     "x", "{'instantiate':true}"},
    {TO_X "<scriptTask id='x' scriptFormat='JavaScript' flowable:autoStoreVariables='false' "
          "flowable:resultVariable='r'><script>a = 1;</script></scriptTask>",
     "x",
     "{'service':'javascript','script':'a = 1;','keepsPrivate':true,'resultVariable':'r',"
     "'expression':null}"},
    {TO_X "<scriptTask id='x'><script>a + 1</script></scriptTask>", "x",
     "{'service':'expression','expression':'a + 1','keepsPrivate':null}"},
    {TO_X "<scriptTask id='x'><script>if (a) { b = 1 }</script></scriptTask>", "x",
     "{'service':'javascript','script':'if (a) { b = 1 }'}"},
    {TO_X "<scriptTask id='x'><script/></scriptTask>", "x", "{'service':null}"},
    {TO_X "<userTask id='x' name='n ${a}' flowable:taskIdVariableName='t' "
          "flowable:taskCompleterVariableName='c' flowable:businessCalendarName='desk' "
          "flowable:dueDate='PT4H' flowable:skipExpression='${skip}'>"
          "<documentation>d ${a}</documentation></userTask>",
     "x",
     "{'taskIdVariable':'t','taskCompleterVariable':'c','calendar':'desk','dueDate':'PT4H',"
     "'documentation':'d ${a}','skipExpression':'${skip}'}"},
    {TO_X
     "<task id='x' startQuantity='2' completionQuantity='3' flowable:async='true' "
     "flowable:exclusive='false' camunda:asyncAfter='true' camunda:jobPriority='5'>" EXTENDED(
         "<flowable:failedJobRetryTimeCycle>R5/PT7M</flowable:failedJobRetryTimeCycle>") "</task>",
     "x",
     "{'startQuantity':2,'completionQuantity':3,'asyncBefore':true,'asyncAfter':true,"
     "'nonExclusive':true,'jobPriority':'5','retryCycle':'R5/PT7M'}"},
    {TO_X "<task id='x'/>", "x",
     "{'asyncBefore':null,'nonExclusive':null,'startQuantity':null,'retryCycle':null}"},
};

static const struct description_row calls[] = {
    {TO_X
     "<callActivity id='x' calledElement='ns:called' flowable:inheritVariables='true' "
     "flowable:businessKey='${k}' flowable:idVariableName='child' "
     "flowable:processInstanceName='n' flowable:useLocalScopeForOutParameters='true'>" EXTENDED(
         "<flowable:in source='a' target='b'/><flowable:in sourceExpression='${c}' "
         "targetExpression='${d}'/><flowable:out source='r' target='s'/>") "</callActivity>",
     "x",
     "{'calledElement':'called','binding':'latest','inheritVariables':true,'businessKey':'${k}',"
     "'idVariable':'child','processInstanceName':'n','localOut':true,"
     "'in':[{'source':'a','target':'b'},{'sourceExpression':'${c}','targetExpression':'${d}'}],"
     "'out':[{'source':'r','target':'s'}]}"},
    {TO_X "<callActivity id='x' calledElement='${a ? b : c}' "
          "camunda:calledElementBinding='deployment'>" EXTENDED(
              "<camunda:in variables='all'/><camunda:in businessKey='#{k}'/>"
              "<camunda:out variables='all'/>") "</callActivity>",
     "x",
     "{'calledElement':'${a ? b : c}','binding':'deployment','inheritVariables':true,"
     "'businessKey':'#{k}','in':null,'out':[{'all':true}]}"},
    {TO_X "<callActivity id='x' calledElement='q' camunda:calledElementBinding='version' "
          "camunda:calledElementVersion='3'/>",
     "x", "{'binding':'version','version':'3'}"},
    {TO_X "<callActivity id='x' calledElement='q' camunda:calledElementBinding='versionTag' "
          "camunda:calledElementVersionTag='${tag}'/>",
     "x", "{'binding':'versionTag','version':'${tag}'}"},
    {TO_X "<callActivity id='x' calledElement='q:1:2' flowable:calledElementType='id'/>", "x",
     "{'binding':'id'}"},
    {TO_X "<callActivity id='x' calledElement='q' flowable:sameDeployment='true' "
          "flowable:inheritBusinessKey='true'/>",
     "x", "{'binding':'deployment','inheritBusinessKey':true}"},
    {"<dataObject id='d1' name='order'/><dataObject id='d2'/>" TO_X
     "<callActivity id='x' calledElement='q'>" IO(
         "<dataInput id='i1' name='given'/><dataInput id='i2'/><dataOutput id='o1' name='made'/>")
         DATA_IN("d1", "i1") DATA_IN("d2", "i2") DATA_OUT("o1", "d1") "</callActivity>",
     "x",
     "{'in':[{'source':'order','target':'given'},{'source':'d2','target':'d2'}],"
     "'out':[{'source':'made','target':'order'}],'inputs':null,'outputs':null}"},
};

static const struct description_row loops[] = {
    {TO_X "<task id='x'><standardLoopCharacteristics testBefore='true' loopMaximum='5'>"
          "<loopCondition>n &lt; 3</loopCondition></standardLoopCharacteristics></task>",
     "x", "{'loop':{'kind':'standard','testBefore':true,'loopMaximum':5,'loopCondition':'n < 3'}}"},
    {TO_X "<task id='x'><standardLoopCharacteristics/></task>", "x",
     "{'loop':{'kind':'standard','testBefore':null,'loopMaximum':null,'loopCondition':null}}"},
    {TO_X
     "<task id='x'>" MULTI("isSequential='true'", "<loopCardinality>${n}</loopCardinality>"
                                                  "<completionCondition>nrOfCompletedInstances == 2"
                                                  "</completionCondition>") "</task>",
     "x",
     "{'loop':{'kind':'sequential','loopCardinality':'${n}',"
     "'completionCondition':'nrOfCompletedInstances == 2'}}"},
    {TO_X "<task id='x'>" MULTI("flowable:collection='${list}' flowable:elementVariable='e' "
                                "flowable:elementIndexVariable='i'",
                                "") "</task>",
     "x",
     "{'loop':{'kind':'parallel','collection':'${list}','elementVariable':'e',"
     "'elementIndexVariable':'i'}}"},
    {TO_X
     "<task id='x'>" MULTI("camunda:collection='list' camunda:elementVariable='e'", "") "</task>",
     "x", "{'loop':{'collection':'list','elementVariable':'e'}}"},
    {"<dataObject id='d1' name='orders'/><dataObjectReference id='r1' dataObjectRef='d1'/>"
     "<dataObject id='d2' name='results'/>" TO_X "<task id='x'>" IO(
         "<dataInput id='i1' name='all'/><dataOutput id='o1' name='made'/>") DATA_IN("r1", "i1")
         DATA_OUT("o1", "d2") MULTI("", "<loopDataInputRef>i1</loopDataInputRef>"
                                        "<loopDataOutputRef>o1</loopDataOutputRef>"
                                        "<inputDataItem id='item1' name='order'/>"
                                        "<outputDataItem id='item2' name='result'/>") "</task>",
     "x",
     "{'inputs':null,'outputs':null,'loop':{'collection':'orders','elementVariable':'order',"
     "'outputItem':'result','outputCollection':'results'}}"},
    {"<property id='d1' name='orders'/>" TO_X "<task id='x'>" MULTI(
         "", "<loopDataInputRef>d1</loopDataInputRef><inputDataItem id='item'/>") "</task>",
     "x", "{'loop':{'collection':'orders','elementVariable':'item'}}"},
    {TO_X "<task id='x'>" MULTI("behavior='One' oneBehaviorEventRef='root_signal'",
                                "<loopCardinality>3</loopCardinality>") "</task>",
     "x", "{'loop':{'behavior':'One','event':{'kind':'signal','name':'alarm'}}}"},
    {TO_X "<task id='x'>" MULTI("behavior='None' noneBehaviorEventRef='root_signal'",
                                "<loopCardinality>3</loopCardinality>") "</task>",
     "x", "{'loop':{'behavior':'None','event':{'kind':'signal'}}}"},
    {TO_X "<task id='x'>" MULTI(
         "behavior='Complex'",
         "<loopCardinality>3</loopCardinality><complexBehaviorDefinition><condition>"
         "nrOfCompletedInstances == 1</condition><event><escalationEventDefinition "
         "escalationRef='esc'/></event></complexBehaviorDefinition>") "</task>",
     "x",
     "{'loop':{'behavior':'Complex','complex':[{'condition':'nrOfCompletedInstances == 1',"
     "'event':{'kind':'escalation','code':'C'}}]}}"},
};

static const struct description_row data[] = {
    {"<dataObject id='d1' name='order'/><dataStoreReference id='store'/>" TO_X "<task id='x'>" IO(
         "<dataInput id='i1' name='order'/><dataInput "
         "id='i2'/><dataInput id='i3' name='other'/>"
         "<dataOutput id='o1' name='answer'/>") DATA_IN("d1", "i1") DATA_IN("d1", "i2")
         DATA_IN("d1", "i3") DATA_IN("store", "i3") DATA_OUT("o1", "d1") "</task>",
     "x",
     "{'inputs':[{'source':'order','target':'other'}],"
     "'outputs':[{'source':'answer','target':'order'}]}"},
    {"<dataObject id='d1' name='order'/><dataObjectReference id='r1' "
     "dataObjectRef='d1'/>" TO_X
     "<task id='x'><property id='P1' name='__targetRef_placeholder'/>" DATA_IN(
         "r1", "P1") "<dataOutputAssociation><targetRef>r1</targetRef></"
                     "dataOutputAssociation>"
                     "</task>",
     "x", "{'inputs':null,'outputs':null}"},
    {TO_X "<task id='x'><property id='P1' name='own'/></task>", "x",
     "{'inputs':[{'sourceExpression':'null','target':'own'}]}"},
    {"<dataObject id='d1' name='order'/>" TO_X
     "<task id='x'>" IO("<dataInput id='i1' name='total'/><dataOutput id='o1' "
                        "name='answer'/>") "<dataInputAssociation><sourceRef>d1</"
                                           "sourceRef><targetRef>i1</"
                                           "targetRef><transformation>"
                                           "order.total * "
                                           "2</transformation></"
                                           "dataInputAssociation><dataInputAssociation>"
                                           "<targetRef>i1"
                                           "</targetRef><assignment><from>order.id + "
                                           "1</from><to>${i1}</to></"
                                           "assignment><assignment>"
                                           "<from>bpmn:getDataObject('d1')</"
                                           "from><to>getDataInput('i1')</to></"
                                           "assignment>"
                                           "</"
                                           "dataInputAssociation><"
                                           "dataOutputAssociation><sourceRef>o1</"
                                           "sourceRef><targetRef>d1"
                                           "</targetRef><assignment><from>answer</"
                                           "from><to>getDataObject('order')</to></"
                                           "assignment>"
                                           "</dataOutputAssociation></task>",
     "x",
     "{'inputs':[{'sourceExpression':'order.total * 2','target':'total'},"
     "{'sourceExpression':'order.id + "
     "1','target':'total'},{'source':'order','target':'total'}],"
     "'outputs':[{'sourceExpression':'answer','target':'order'}]}"},
    {TO_X "<task id='x'>" EXTENDED(
         "<camunda:inputOutput><camunda:inputParameter "
         "name='a'>${b}</camunda:inputParameter>"
         "<camunda:inputParameter name='c'/><camunda:inputParameter "
         "name='d'><camunda:script "
         "scriptFormat='juel'>1 + 1</camunda:script></camunda:inputParameter>"
         "<camunda:outputParameter name='e'>text ${f}</camunda:outputParameter>"
         "</camunda:inputOutput>") "</task>",
     "x",
     "{'inputs':[{'sourceExpression':'${b}','target':'a'},"
     "{'sourceExpression':'${null}','target':'c'},{'sourceExpression':'1 + "
     "1','target':'d'}],"
     "'outputs':[{'sourceExpression':'text ${f}','target':'e'}]}"},
    {TO_X "<subProcess id='x'><dataObject id='d1' name='order'>" EXTENDED(
         "<flowable:value>none</flowable:value>") "</dataObject><dataObject id='d2' "
                                                  "itemSubjectRef='xsd:int'>" EXTENDED(
                                                      "<flowable:value>12</"
                                                      "flowable:value>") "</"
                                                                         "dataObject><"
                                                                         "property "
                                                                         "id='P' "
                                                                         "name='own'/"
                                                                         "><task "
                                                                         "id='y'/></"
                                                                         "subProcess>",
     "x",
     "{'data':[{'name':'order','initial':'none'},{'name':'d2','initial':'12'},{'name':'"
     "own',"
     "'initial':null}]}"},
};

static const struct description_row others[] = {
    {TO_X "<task id='x'>" LISTENER(
         "event='end' expression='${execution.setVariable(\"a\", 1)}'") "</task>",
     "x", "{'listeners':[{'event':'end','expression':'${execution.setVariable(\\\"a\\\", 1)}'}]}"},
    {TO_X "<userTask id='x'>" EXTENDED("<activiti:taskListener event='all' "
                                       "synergyflow:topic='t.${n}'/>") "</userTask>",
     "x",
     "{'listeners':[{'event':'create','topic':'t.${n}'},{'event':'assignment','topic':'t.${n}'},"
     "{'event':'complete','topic':'t.${n}'}]}"},
    {TO_X "<userTask id='x'>" EXTENDED(
         "<activiti:taskListener event='all' expression='${1}'/><camunda:executionListener "
         "event='start'><camunda:script scriptFormat='javascript'>a = 1</camunda:script>"
         "</camunda:executionListener>") "</userTask>",
     "x",
     "{'listeners':[{'event':'start','script':'a = 1'},{'event':'create'},{'event':'assignment'},"
     "{'event':'complete'},{'event':'delete'}]}"},
    {TO_X "<complexGateway id='x' default='g'><activationCondition>activationCount >= 2"
          "</activationCondition></complexGateway><task id='y'/>" FLOW("g", "x", "y"),
     "x", "{'activationCondition':'activationCount >= 2','default':'g'}"},
    {"<eventBasedGateway id='x' instantiate='true' eventGatewayType='Parallel'/><receiveTask "
     "id='a' messageRef='m'/><receiveTask id='b' messageRef='m_nameless'/>" FLOW("f", "x", "a")
         FLOW("g", "x", "b"),
     "x", "{'instantiate':true,'parallelEvents':true}"},
    {TO_X "<adHocSubProcess id='x' ordering='Sequential' cancelRemainingInstances='false'>"
          "<task id='a'/><completionCondition>${done}</completionCondition></adHocSubProcess>",
     "x",
     "{'type':'adHocSubProcess','ordering':'Sequential','cancelRemainingInstances':false,"
     "'completionCondition':'${done}'}"},
    {TO_X "<adHocSubProcess id='x'><task id='a'/></adHocSubProcess>", "x",
     "{'ordering':'Parallel','cancelRemainingInstances':true,'completionCondition':null}"},
    {TO_X "<transaction id='x'><task id='a'/></transaction>", "x", "{'type':'transaction'}"},
    {TO_X "<task id='x'/><subProcess id='v' triggeredByEvent='1'><startEvent id='t' "
          "isInterrupting='false'><signalEventDefinition signalRef='sig'/></startEvent>"
          "<task id='y'/>" FLOW("g", "t", "y") "</subProcess>",
     "v", "{'type':'subProcess','triggeredByEvent':true}"},
};

static void test_tasks(void **state)
{
    (void)state;
    check_descriptions(tasks, COUNT_OF(tasks));
}

static void test_calls(void **state)
{
    (void)state;
    check_descriptions(calls, COUNT_OF(calls));
}

static void test_loops(void **state)
{
    (void)state;
    check_descriptions(loops, COUNT_OF(loops));
}

static void test_data(void **state)
{
    (void)state;
    check_descriptions(data, COUNT_OF(data));
}

static void test_others(void **state)
{
    (void)state;
    check_descriptions(others, COUNT_OF(others));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tasks), cmocka_unit_test(test_calls),  cmocka_unit_test(test_loops),
        cmocka_unit_test(test_data),  cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
