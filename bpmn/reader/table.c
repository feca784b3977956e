/* See table.h. */
#include "bpmn/reader/table.h"

#include <string.h>

#define EXECUTED(name, type, note)         \
    {                                      \
        name, ELEMENT_EXECUTED, type, note \
    }
#define STRUCTURE(name, note)                    \
    {                                            \
        name, ELEMENT_STRUCTURE, BPMN_TASK, note \
    }
#define DOCUMENTATION(name, note)                    \
    {                                                \
        name, ELEMENT_DOCUMENTATION, BPMN_TASK, note \
    }
#define REFUSED(name, note)                    \
    {                                          \
        name, ELEMENT_REFUSED, BPMN_TASK, note \
    }

static const struct element_row rows[] = {
    EXECUTED("startEvent", BPMN_START_EVENT, "none; one in a process and in each sub-process"),
    EXECUTED("endEvent", BPMN_END_EVENT, "none, terminate, error"),
    EXECUTED("intermediateCatchEvent", BPMN_INTERMEDIATE_CATCH_EVENT, "timer, message"),
    EXECUTED("boundaryEvent", BPMN_BOUNDARY_EVENT,
             "timer (interrupting and not), error (always interrupting)"),
    EXECUTED("task", BPMN_TASK, "passes through"),
    EXECUTED("manualTask", BPMN_MANUAL_TASK, "passes through"),
    EXECUTED("userTask", BPMN_USER_TASK,
             "assignee, owner, candidates, due date, priority, category, form key"),
    EXECUTED("serviceTask", BPMN_SERVICE_TASK, "module topic, external worker, expression"),
    EXECUTED("scriptTask", BPMN_SCRIPT_TASK,
             "an expression: scriptFormat juel, expression, or none"),
    EXECUTED("exclusiveGateway", BPMN_EXCLUSIVE_GATEWAY,
             "conditions and default flow; without a true one or a default the instance fails"),
    EXECUTED("parallelGateway", BPMN_PARALLEL_GATEWAY,
             "fork and join; conditions are not evaluated"),
    EXECUTED("subProcess", BPMN_SUB_PROCESS, "embedded"),

    STRUCTURE("definitions", "the file's root"),
    STRUCTURE("process", "isExecutable=\"false\" is documentation"),
    STRUCTURE("sequenceFlow", "conditions and default"),
    STRUCTURE("conditionExpression", "JUEL, with or without ${ }"),
    STRUCTURE("timerEventDefinition", "one of timeDate, timeDuration, timeCycle"),
    STRUCTURE("timeDate", "ISO 8601 date, or an expression"),
    STRUCTURE("timeDuration", "ISO 8601 duration, or an expression"),
    STRUCTURE("timeCycle", "ISO 8601 repeating interval, or an expression"),
    STRUCTURE("messageEventDefinition", "on intermediate catch events"),
    STRUCTURE("errorEventDefinition", "on boundary and end events"),
    STRUCTURE("terminateEventDefinition", "on end events"),
    STRUCTURE("message", "its name is what callers send"),
    STRUCTURE("error", "its errorCode is what is thrown and caught"),
    STRUCTURE("script", "of a script task"),
    STRUCTURE("documentation", "of the process and of its elements"),
    STRUCTURE("extensionElements", "of known dialects; others are ignored"),
    STRUCTURE("incoming", "checked by the sequence flows themselves"),
    STRUCTURE("outgoing", "checked by the sequence flows themselves"),
    STRUCTURE("potentialOwner", "user(a), group(b) as candidates"),
    STRUCTURE("humanPerformer", "the assignee"),
    STRUCTURE("resourceAssignmentExpression", "of an owner or performer"),
    STRUCTURE("formalExpression", "of an owner or performer"),

    DOCUMENTATION("collaboration", "pools"),
    DOCUMENTATION("participant", "a pool"),
    DOCUMENTATION("messageFlow", ""),
    DOCUMENTATION("laneSet", ""),
    DOCUMENTATION("lane", ""),
    DOCUMENTATION("textAnnotation", ""),
    DOCUMENTATION("association", ""),
    DOCUMENTATION("group", ""),
    DOCUMENTATION("category", ""),
    DOCUMENTATION("dataObject", "refused with a value of a dialect"),
    DOCUMENTATION("dataObjectReference", ""),
    DOCUMENTATION("dataStore", ""),
    DOCUMENTATION("dataStoreReference", ""),
    DOCUMENTATION("itemDefinition", ""),
    DOCUMENTATION("import", ""),
    DOCUMENTATION("interface", ""),
    DOCUMENTATION("operation", ""),
    DOCUMENTATION("resource", "use users and groups"),
    DOCUMENTATION("partnerEntity", ""),
    DOCUMENTATION("partnerRole", ""),
    DOCUMENTATION("endPoint", ""),
    DOCUMENTATION("relationship", ""),
    DOCUMENTATION("signal", "signal events are refused"),
    DOCUMENTATION("escalation", "escalation events are refused"),
    DOCUMENTATION("auditing", ""),
    DOCUMENTATION("monitoring", ""),
    DOCUMENTATION("rendering", ""),
    DOCUMENTATION("supportedInterfaceRef", ""),
    DOCUMENTATION("conversation", ""),
    DOCUMENTATION("choreography", ""),
    DOCUMENTATION("extension", ""),
    DOCUMENTATION("performer", "a warning: use humanPerformer or potentialOwner"),
    DOCUMENTATION("resourceRole", "a warning: use humanPerformer or potentialOwner"),
    DOCUMENTATION("globalTask", "only a call activity would use it"),
    DOCUMENTATION("globalUserTask", "only a call activity would use it"),
    DOCUMENTATION("globalManualTask", "only a call activity would use it"),
    DOCUMENTATION("globalScriptTask", "only a call activity would use it"),
    DOCUMENTATION("globalBusinessRuleTask", "only a call activity would use it"),
    DOCUMENTATION("globalConversation", ""),
    DOCUMENTATION("globalChoreographyTask", ""),
    DOCUMENTATION("callConversation", ""),
    DOCUMENTATION("subConversation", ""),
    DOCUMENTATION("conversationLink", ""),
    DOCUMENTATION("conversationAssociation", ""),
    DOCUMENTATION("categoryValue", "of a group"),
    DOCUMENTATION("correlationKey", "messages are correlated by execution"),
    DOCUMENTATION("dataInput", ""),
    DOCUMENTATION("dataOutput", ""),
    DOCUMENTATION("inputSet", ""),
    DOCUMENTATION("outputSet", ""),
    DOCUMENTATION("dataState", ""),
    DOCUMENTATION("ioBinding", ""),
    DOCUMENTATION("messageFlowAssociation", ""),
    DOCUMENTATION("participantAssociation", ""),
    DOCUMENTATION("participantMultiplicity", ""),
    DOCUMENTATION("resourceParameter", ""),
    DOCUMENTATION("supports", ""),
    DOCUMENTATION("text", "of a text annotation"),
    DOCUMENTATION("property", "a drawn data item"),
    DOCUMENTATION("ioSpecification", "variables are visible to every activity"),
    DOCUMENTATION("dataInputAssociation", "drawn; refused with an assignment or a transformation"),
    DOCUMENTATION("dataOutputAssociation", "drawn; refused with an assignment or a transformation"),
    DOCUMENTATION("correlationProperty", "messages are correlated by execution"),

    REFUSED("inclusiveGateway", "Use exclusive or parallel gateways."),
    REFUSED("complexGateway", "Use exclusive or parallel gateways."),
    REFUSED("eventBasedGateway",
            "Put a message catch event into a sub-process with a boundary timer."),
    REFUSED("callActivity", "Use an embedded sub-process."),
    REFUSED("transaction", "Use an embedded sub-process with error boundary events."),
    REFUSED("adHocSubProcess", "Use an embedded sub-process."),
    REFUSED("sendTask", "Use a service task with a topic."),
    REFUSED("receiveTask", "Use an intermediate message catch event."),
    REFUSED("businessRuleTask", "Use a service task with an expression."),
    REFUSED("intermediateThrowEvent", "Use a service task with a topic."),
    REFUSED("implicitThrowEvent", "Use a service task with a topic."),
    REFUSED("multiInstanceLoopCharacteristics", "Draw the repetition with gateways."),
    REFUSED("standardLoopCharacteristics", "Draw the loop with an exclusive gateway."),
    REFUSED("signalEventDefinition", "Use a message."),
    REFUSED("escalationEventDefinition", "Use a service task with a topic."),
    REFUSED("compensateEventDefinition", "Draw the undoing steps behind an error boundary event."),
    REFUSED("conditionalEventDefinition", "Use a message."),
    REFUSED("linkEventDefinition", "Draw the sequence flow."),
    REFUSED("cancelEventDefinition", "Use an error end event."),
    REFUSED("eventDefinition", "Use a timer, message, error or terminate event definition."),
    REFUSED("correlationSubscription", "Messages are correlated by execution."),
    REFUSED("eventDefinitionRef", "Put the event definition inside the event."),
    REFUSED("subChoreography", "Choreographies are not executed."),
    REFUSED("choreographyTask", "Choreographies are not executed."),
    REFUSED("callChoreography", "Choreographies are not executed."),
};

const struct element_row *element_row(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    return NULL;
}

const struct element_row *element_row_at(uint32_t index)
{
    return index < COUNT_OF(rows) ? &rows[index] : NULL;
}

const char *element_handling_name(enum element_handling handling)
{
    static const char *const names[] = {"supported", "part", "documentation", "refused"};

    return names[handling];
}
