/* See reader_places.h. */
#include "tests/bpmn/reader_places.h"

#define TIMER "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
#define THROW(inside) \
    AROUND("<intermediateThrowEvent\n  id='x'>\n" inside "</intermediateThrowEvent>\n")
#define CATCH_AT(mark, inside) \
    AROUND(mark "<intermediateCatchEvent\n  id='x'>\n" inside "</intermediateCatchEvent>\n")
#define LINK(id, mark)                                                         \
    mark "<intermediateCatchEvent id='" id "'><linkEventDefinition name='l'/>" \
         "</intermediateCatchEvent>" FLOW("f" id, id, "e")
#define MESSAGE_FLOW(from, to) \
    "<messageFlow id='f9' sourceRef='" from "' targetRef='" to "'/></collaboration>"
#define POOLS(flow)                                                                  \
    HEAD "<collaboration id='c'><participant id='own' processRef='p'/><participant " \
         "id='other'/>" flow                                                         \
         "<process id='p'>" ENDS FLOW("f1", "s", "x") "<task id='x'/>" FLOW("f2", "x", "e") CLOSE

const struct place places[] = {
    {"xml", "", "<a>\n<b>\n </c>@</a>"},
    {"not-bpmn", "", "<!-- <a> -->\n\n @<html\n/>"},
    {"no-executable-process", "",
     "<?xml version='1.0'?>\n@<d:definitions\n"
     " xmlns:d='http://www.omg.org/spec/BPMN/20100524/MODEL'/>"},
    {"process-id", "a:b", HEAD "  @<process id='a:b'>" SIMPLE CLOSE},
    {"process-empty", "p", HEAD "@<process\n\nid='p'>" CLOSE},
    {"reference", "a",
     OPEN SIMPLE "\n @<association id='a' sourceRef='s' targetRef='gone'/>" CLOSE},
    {"stale-reference", "x", AROUND("<task id='x'>\n @<incoming>gone</incoming></task>")},
    {"id-missing", "", OPEN SIMPLE "\t@<task/>" CLOSE},
    {"duplicate-id", "s", OPEN SIMPLE "@<endEvent\n id='s'/>" CLOSE},
    {"unknown-element", "x", AROUND("<task id='x'>\n@<wait/></task>\n")},
    {"unsupported-element", "x", AROUND("<!-- \xC3\xA9 --> @<choreographyTask\nid='x'/>")},
    {"misplaced-element", "x", AROUND("<task id='x'>\n@<script/></task>\n")},
    {"unsupported-attribute", "x", AROUND("@<serviceTask\n flowable:class='J'\n id='x'/>")},
    {"unsupported-extension", "x",
     AROUND("<task id='x'><extensionElements>\n   @<activiti:executionListener/>"
            "</extensionElements></task>")},
    {"attribute-without-effect", "x", AROUND("@<userTask id='x'\nflowable:formRef='true'/>")},
    {"unknown-attribute", "x", AROUND(" @<userTask id='x' flowable:asignee='kim'/>")},
    {"expression-syntax", "f",
     OPEN ENDS "<sequenceFlow id='f' sourceRef='s' targetRef='e'>\n"
               " @<conditionExpression>${a ==}</conditionExpression></sequenceFlow>" CLOSE},
    {"nothing-starts", "p", HEAD "@<process id='p'><task id='t'/>" FLOW("f", "t", "t") CLOSE},
    {"nothing-starts", "x",
     AROUND("\n@<subProcess id='x' triggeredByEvent='true'>\n<task id='t'/></subProcess>")},
    {"start-event-missing", "p",
     HEAD "@<process id='p'><task id='t'/><endEvent id='e'/>" FLOW("f", "t", "e") CLOSE},
    {"start-event-trigger", "t",
     AROUND("<subProcess id='x'>\n@<startEvent id='t'>" TIMER
            "</startEvent><endEvent id='u'/>" FLOW("g", "t", "u") "</subProcess>")},
    {"sub-process-empty", "x", AROUND("\n @<subProcess id='x'/>")},
    {"end-event-missing", "p",
     HEAD "@<process id='p'><startEvent id='s'/><task id='t'/>" FLOW("f", "s", "t") CLOSE},
    {"implicit-end", "t",
     OPEN ENDS "<parallelGateway id='x'/>" FLOW("f1", "s", "x") FLOW("f2", "x", "e")
         FLOW("f3", "x", "t") "\n@<task id='t'/>" CLOSE},
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
               " language='groovy'>a then b</conditionExpression></sequenceFlow>" CLOSE},
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
    {"event-definition-position", "x",
     AROUND("\n @<intermediateThrowEvent id='x'>" TIMER "</intermediateThrowEvent>")},
    {"event-definition-reference", "x", CATCH("\n @<eventDefinitionRef>m</eventDefinitionRef>")},
    {"timer-definition", "x", CATCH("@<timerEventDefinition/>")},
    {"timer-clock", "x",
     AROUND("<intermediateCatchEvent id='x'>\n@<timerEventDefinition "
            "xmlns:s='http://synergyflow.org/bpmn' s:clock='a'/>"
            "</intermediateCatchEvent>")},
    {"timer-syntax", "x",
     CATCH(
         "<timerEventDefinition>\n  @<timeDuration\n>soon</timeDuration></timerEventDefinition>")},
    {"timer-syntax", "x",
     CATCH("<timerEventDefinition>@<timeCycle>R3/PT0S</timeCycle></timerEventDefinition>")},
    {"message-reference", "x", CATCH("@<messageEventDefinition messageRef='s'/>")},
    {"message-name", "x", CATCH(" @<messageEventDefinition/>")},
    {"signal-reference", "x", CATCH(" @<signalEventDefinition signalRef='m'/>")},
    {"error-reference", "x",
     BOUNDARY("<boundaryEvent id='x' attachedToRef='t'>\n @<errorEventDefinition errorRef='m'/>"
              "</boundaryEvent>")},
    {"escalation-reference", "x",
     BOUNDARY("<boundaryEvent id='x' attachedToRef='t'>\n @<escalationEventDefinition "
              "escalationRef='gone'/></boundaryEvent>")},
    {"event-condition", "x", CATCH("\n @<conditionalEventDefinition/>")},
    {"timer-past", "x",
     CATCH("<timerEventDefinition>\n@<timeDate>1999-12-31</timeDate></timerEventDefinition>")},
    {"correlation", "p",
     OPEN SIMPLE "<correlationSubscription id='c'>\n @<correlationPropertyBinding "
                 "correlationPropertyRef='m'/></correlationSubscription>" CLOSE},
    {"link-name", "x", THROW("\n  @<linkEventDefinition/>")},
    {"link-target", "x",
     OPEN ENDS FLOW("f1", "s", "x") "\n @<intermediateThrowEvent id='x'><linkEventDefinition "
                                    "name='l'/></intermediateThrowEvent>" CLOSE},
    {"link-catch", "y", OPEN SIMPLE LINK("x", "") LINK("y", "@") CLOSE},
    {"link-unused", "x", OPEN SIMPLE LINK("x", "@") CLOSE},
    {"link-flows", "x", CATCH_AT("@", "<linkEventDefinition name='l'/>")},
    {"cancel-place", "x",
     OPEN "<startEvent id='s'/>" FLOW("f", "s", "x") "\n@<endEvent id='x'>"
                                                     "<cancelEventDefinition/></endEvent>" CLOSE},
    {"compensation-reference", "x", THROW("\n  @<compensateEventDefinition activityRef='s'/>")},
    {"compensation-handler", "x",
     OPEN ENDS "<task id='t'/>" FLOW("f1", "s", "t") FLOW(
         "f2", "t", "e") "\n @<boundaryEvent id='x' "
                         "attachedToRef='t'><compensateEventDefinition/></boundaryEvent>" CLOSE},
    {"compensation-handler-flows", "x", AROUND("\n@<task id='x' isForCompensation='true'/>")},
    {"compensation-unhandled", "x",
     OPEN ENDS "<task id='t'/>" FLOW("f0", "s", "t") FLOW("f1", "t", "x")
         FLOW("f2", "x",
              "e") "\n@<intermediateThrowEvent id='x'><compensateEventDefinition activityRef='t'/>"
                   "</intermediateThrowEvent>" CLOSE},
    {"event-sub-process-flows", "x",
     AROUND("\n@<subProcess id='x' triggeredByEvent='true'><startEvent id='t'>" TIMER
            "</startEvent><endEvent id='u'/>" FLOW("g", "t", "u") "</subProcess>")},
    {"ad-hoc-events", "t",
     AROUND("<adHocSubProcess id='x'><task id='a'/>" FLOW("g", "a", "t") "\n@<endEvent id='t'/>"
                                                                         "</adHocSubProcess>")},
    {"message-flow-reference", "f9", POOLS("\n @" MESSAGE_FLOW("other", "gone"))},
    {"message-flow-end", "f9", POOLS("\n @" MESSAGE_FLOW("other", "e"))},
    {"message-flow-pool", "f9", POOLS("\n @" MESSAGE_FLOW("x", "x"))},
    {"multi-instance", "x", AROUND("<task id='x'>\n @<multiInstanceLoopCharacteristics/></task>")},
    {"loop-kind", "x",
     AROUND("<task id='x'><standardLoopCharacteristics/>\n @<multiInstanceLoopCharacteristics>"
            "<loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics></task>")},
    {"loop-maximum", "x",
     AROUND("<task id='x'>\n @<standardLoopCharacteristics loopMaximum='-1'/></task>")},
    {"loop-data", "x",
     AROUND("<task id='x'>\n @<multiInstanceLoopCharacteristics><loopCardinality>2"
            "</loopCardinality><loopDataOutputRef>m</loopDataOutputRef>"
            "</multiInstanceLoopCharacteristics></task>")},
    {"loop-data-variable", "x",
     AROUND("<task id='x'>\n @<multiInstanceLoopCharacteristics><loopDataInputRef>m"
            "</loopDataInputRef></multiInstanceLoopCharacteristics></task>")},
    {"loop-behaviour", "x",
     AROUND("<task id='x'>\n @<multiInstanceLoopCharacteristics behavior='Any'><loopCardinality>3"
            "</loopCardinality></multiInstanceLoopCharacteristics></task>")},
    {"quantity", "x", AROUND("\n @<task id='x' startQuantity='0'/>")},
    {"called-element", "x", AROUND("\n @<callActivity id='x'/>")},
    {"call-binding", "x",
     AROUND("\n @<callActivity id='x' calledElement='q' flowable:calledElementType='any'/>")},
    {"parameter", "x",
     AROUND("<callActivity id='x' calledElement='q'><extensionElements>\n@<flowable:in/>"
            "</extensionElements></callActivity>")},
    {"data-reference", "x",
     AROUND("<task id='x'>\n @<dataInputAssociation><sourceRef>gone</sourceRef>"
            "</dataInputAssociation></task>")},
    {"data-assignment", "x",
     AROUND("<task id='x'><dataInputAssociation>\n @<assignment/></dataInputAssociation></task>")},
    {"listener-event", "x",
     AROUND("<task id='x'><extensionElements>\n @<flowable:executionListener event='no' "
            "expression='${1}'/></extensionElements></task>")},
    {"listener-topic", "x",
     AROUND("<userTask id='x'><extensionElements>\n @<flowable:taskListener event='delete' "
            "xmlns:s='http://synergyflow.org/bpmn' s:topic='t'/></extensionElements></userTask>")},
    {"service-task-type", "x", AROUND("\n\n @<serviceTask id='x' flowable:type='mail'/>")},
    {"unused-definition", "n", HEAD "\n @<signal id='n'/><process id='p'>" SIMPLE CLOSE},
    {"expression-language", "f",
     OPEN ENDS "<sequenceFlow id='f' sourceRef='s' targetRef='e'>\n@<conditionExpression"
               " language='feel'>a</conditionExpression></sequenceFlow>" CLOSE},
    {"condition-only-flow", "f", OPEN ENDS "\n@" IF("f", "s", "e") CLOSE},
    {"gateway-direction", "x",
     AROUND("\n @<exclusiveGateway id='x' gatewayDirection='Diverging'/>")},
    {"gateway-pointless", "x", AROUND("\n @<exclusiveGateway id='x'/>")},
    {"event-gateway", "x", AROUND("\n @<eventBasedGateway id='x'/>")},
    {"parallel-join-of-alternatives", "y",
     OPEN ENDS "<exclusiveGateway id='x'/>" FLOW("f1", "s", "x") IF("f2", "x", "y")
         FLOW("f3", "x", "y") "\n@<parallelGateway id='y'/>" FLOW("f4", "y", "e") CLOSE},
    {"default-flow-place", "x", AROUND("\n @<parallelGateway id='x' default='f2'/>")},
    {"instantiate-incoming", "x",
     AROUND("\n @<receiveTask id='x' instantiate='true'/>" FLOW("f3", "x", "x"))},
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

const size_t place_count = sizeof(places) / sizeof(places[0]);
