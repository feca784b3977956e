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
#define DOCUMENTATION(name)                        \
    {                                              \
        name, ELEMENT_DOCUMENTATION, BPMN_TASK, "" \
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
             "timer (interrupting and not), error (interrupting)"),
    EXECUTED("task", BPMN_TASK, "passes through"),
    EXECUTED("manualTask", BPMN_MANUAL_TASK, "passes through"),
    EXECUTED("userTask", BPMN_USER_TASK,
             "assignee, owner, candidates, due date, priority, category, form key"),
    EXECUTED("serviceTask", BPMN_SERVICE_TASK, "module topic, external worker, expression"),
    EXECUTED("scriptTask", BPMN_SCRIPT_TASK, "an expression (scriptFormat juel)"),
    EXECUTED("exclusiveGateway", BPMN_EXCLUSIVE_GATEWAY, "conditions and default flow"),
    EXECUTED("parallelGateway", BPMN_PARALLEL_GATEWAY, "fork and join"),
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
    STRUCTURE("error", "its errorCode is what is caught"),
    STRUCTURE("script", "of a script task"),
    STRUCTURE("documentation", "of the process and of user tasks"),
    STRUCTURE("extensionElements", "of known dialects; others are ignored"),
    STRUCTURE("incoming", "checked by the sequence flows themselves"),
    STRUCTURE("outgoing", "checked by the sequence flows themselves"),
    STRUCTURE("potentialOwner", "user(a), group(b) as candidates"),
    STRUCTURE("humanPerformer", "the assignee"),
    STRUCTURE("resourceAssignmentExpression", "of an owner or performer"),
    STRUCTURE("formalExpression", "of an owner or performer"),

    DOCUMENTATION("collaboration"),
    DOCUMENTATION("participant"),
    DOCUMENTATION("messageFlow"),
    DOCUMENTATION("laneSet"),
    DOCUMENTATION("lane"),
    DOCUMENTATION("textAnnotation"),
    DOCUMENTATION("association"),
    DOCUMENTATION("group"),
    DOCUMENTATION("category"),
    DOCUMENTATION("dataObject"),
    DOCUMENTATION("dataObjectReference"),
    DOCUMENTATION("dataStore"),
    DOCUMENTATION("dataStoreReference"),
    DOCUMENTATION("itemDefinition"),
    DOCUMENTATION("import"),
    DOCUMENTATION("interface"),
    DOCUMENTATION("operation"),
    DOCUMENTATION("resource"),
    DOCUMENTATION("partnerEntity"),
    DOCUMENTATION("partnerRole"),
    DOCUMENTATION("endPoint"),
    DOCUMENTATION("relationship"),
    DOCUMENTATION("signal"),
    DOCUMENTATION("escalation"),
    DOCUMENTATION("auditing"),
    DOCUMENTATION("monitoring"),
    DOCUMENTATION("performer"),
    DOCUMENTATION("rendering"),
    DOCUMENTATION("supportedInterfaceRef"),
    DOCUMENTATION("conversation"),
    DOCUMENTATION("choreography"),
    DOCUMENTATION("globalConversation"),
    DOCUMENTATION("extension"),

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
    REFUSED("ioSpecification", "Variables are visible to every activity of their scope."),
    REFUSED("dataInputAssociation", "Variables are visible to every activity of their scope."),
    REFUSED("dataOutputAssociation", "Variables are visible to every activity of their scope."),
    REFUSED("property", "Set the variable at start, or with a script task."),
    REFUSED("resourceRole", "Use potentialOwner or the assignment attributes."),
    REFUSED("correlationSubscription", "Messages are correlated by execution."),
    REFUSED("correlationProperty", "Messages are correlated by execution."),
    REFUSED("globalTask", "Use a task inside the process."),
    REFUSED("globalUserTask", "Use a user task inside the process."),
    REFUSED("globalManualTask", "Use a manual task inside the process."),
    REFUSED("globalScriptTask", "Use a script task inside the process."),
    REFUSED("globalBusinessRuleTask", "Use a service task inside the process."),
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
    static const char *const names[] = {"executed", "structure", "documentation", "refused"};

    return names[handling];
}
