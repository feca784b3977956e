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
    EXECUTED("startEvent", BPMN_START_EVENT,
             "one without a trigger at most; with a trigger in processes and event sub-processes"),
    EXECUTED("endEvent", BPMN_END_EVENT, "see the table of events"),
    EXECUTED("intermediateCatchEvent", BPMN_INTERMEDIATE_CATCH_EVENT, "see the table of events"),
    EXECUTED("intermediateThrowEvent", BPMN_INTERMEDIATE_THROW_EVENT, "see the table of events"),
    EXECUTED("boundaryEvent", BPMN_BOUNDARY_EVENT, "see the table of events"),
    EXECUTED("task", BPMN_TASK, "passes through"),
    EXECUTED("manualTask", BPMN_MANUAL_TASK, "passes through"),
    EXECUTED("userTask", BPMN_USER_TASK,
             "assignee, owner, candidates, due date, priority, category, form key"),
    EXECUTED("serviceTask", BPMN_SERVICE_TASK,
             "module topic, external worker, expression; without any a worker's, under the name of "
             "its operation, its implementation or its id"),
    EXECUTED("scriptTask", BPMN_SCRIPT_TASK,
             "JavaScript, or an expression; without a scriptFormat whichever it is"),
    EXECUTED("sendTask", BPMN_SEND_TASK, "throws its message; or works like a service task"),
    EXECUTED("receiveTask", BPMN_RECEIVE_TASK,
             "waits for its message, or for a trigger; instantiate starts the process"),
    EXECUTED("businessRuleTask", BPMN_BUSINESS_RULE_TASK,
             "like a service task; decision tables are refused"),
    EXECUTED("callActivity", BPMN_CALL_ACTIVITY,
             "a process by key or id, or a global task of the file"),
    EXECUTED("exclusiveGateway", BPMN_EXCLUSIVE_GATEWAY,
             "conditions and default flow; without a true one or a default the instance fails"),
    EXECUTED("parallelGateway", BPMN_PARALLEL_GATEWAY,
             "fork and join; conditions are not evaluated"),
    EXECUTED("inclusiveGateway", BPMN_INCLUSIVE_GATEWAY,
             "every true condition; joins the tokens that can still arrive"),
    EXECUTED("eventBasedGateway", BPMN_EVENT_BASED_GATEWAY,
             "exclusive and parallel, instantiating too"),
    EXECUTED("complexGateway", BPMN_COMPLEX_GATEWAY, "activationCondition with activationCount"),
    EXECUTED("subProcess", BPMN_SUB_PROCESS,
             "embedded; with triggeredByEvent an event sub-process"),
    EXECUTED("transaction", BPMN_TRANSACTION, "cancel events undo it by compensation"),
    EXECUTED("adHocSubProcess", BPMN_AD_HOC_SUB_PROCESS,
             "parallel and sequential, completionCondition, cancelRemainingInstances"),

    STRUCTURE("definitions", "the file's root"),
    STRUCTURE("process", "isExecutable=\"false\" is documentation"),
    STRUCTURE("sequenceFlow", "conditions and default"),
    STRUCTURE("conditionExpression", "JUEL, with or without ${ }"),
    STRUCTURE("timerEventDefinition", "one of timeDate, timeDuration, timeCycle"),
    STRUCTURE("timeDate", "ISO 8601 date, or an expression"),
    STRUCTURE("timeDuration", "ISO 8601 duration, or an expression"),
    STRUCTURE("timeCycle", "ISO 8601 repeating interval, or an expression"),
    STRUCTURE("messageEventDefinition", "messageRef, operationRef, or a message flow"),
    STRUCTURE("signalEventDefinition", "signalRef"),
    STRUCTURE("errorEventDefinition", "without errorRef: catches every error"),
    STRUCTURE("escalationEventDefinition", "without escalationRef: catches every escalation"),
    STRUCTURE("compensateEventDefinition", "activityRef, waitForCompletion"),
    STRUCTURE("conditionalEventDefinition", "looked at on every change of variables"),
    STRUCTURE("cancelEventDefinition", "in and on transactions"),
    STRUCTURE("linkEventDefinition", "by its name, inside one process or sub-process"),
    STRUCTURE("terminateEventDefinition", "on end events"),
    STRUCTURE("eventDefinitionRef", "names an event definition of the file"),
    STRUCTURE("condition", "of a conditional event"),
    STRUCTURE("message", "its name is what callers send"),
    STRUCTURE("signal", "its name is what is broadcast"),
    STRUCTURE("error", "its errorCode is what is thrown and caught; else its name, or its id"),
    STRUCTURE("escalation", "its escalationCode; else its name, or its id"),
    STRUCTURE("script", "of a script task"),
    STRUCTURE("multiInstanceLoopCharacteristics",
              "cardinality or collection, completionCondition, behaviour, output"),
    STRUCTURE("standardLoopCharacteristics", "testBefore, loopMaximum, loopCondition"),
    STRUCTURE("loopCondition", "of a standard loop"),
    STRUCTURE("loopCardinality", "of a multi-instance activity"),
    STRUCTURE("loopDataInputRef", "the collection"),
    STRUCTURE("loopDataOutputRef", "receives what is gathered"),
    STRUCTURE("inputDataItem", "the variable of an instance"),
    STRUCTURE("outputDataItem", "the variable that is gathered"),
    STRUCTURE("completionCondition", "of multi-instance and ad-hoc sub-processes"),
    STRUCTURE("complexBehaviorDefinition", "condition and event"),
    STRUCTURE("event", "of a complexBehaviorDefinition"),
    STRUCTURE("implicitThrowEvent", "of a complexBehaviorDefinition"),
    STRUCTURE("activationCondition", "of a complex gateway"),
    STRUCTURE("collaboration", "its message flows"),
    STRUCTURE("participant", "a pool"),
    STRUCTURE("messageFlow", "between pools; names the message of events that name none"),
    STRUCTURE("association", "leads from a compensation event to its handler; else drawn"),
    STRUCTURE("dataObject", "a variable of its process or sub-process"),
    STRUCTURE("dataObjectReference", "stands for its data object"),
    STRUCTURE("property", "a variable of its process or sub-process"),
    STRUCTURE("ioSpecification", "names inputs and outputs"),
    STRUCTURE("dataInput", "a variable"),
    STRUCTURE("dataOutput", "a variable"),
    STRUCTURE("dataInputAssociation", "with transformation and assignments"),
    STRUCTURE("dataOutputAssociation", "with transformation and assignments"),
    STRUCTURE("transformation", "of a data association"),
    STRUCTURE("assignment", "of a data association"),
    STRUCTURE("from", "of an assignment"),
    STRUCTURE("to", "of an assignment"),
    STRUCTURE("sourceRef", "of a data association"),
    STRUCTURE("targetRef", "of a data association"),
    STRUCTURE("interface", "its operations"),
    STRUCTURE("operation", "its name is a topic; its messages"),
    STRUCTURE("operationRef", "of a message event definition"),
    STRUCTURE("inMessageRef", "of an operation"),
    STRUCTURE("outMessageRef", "of an operation"),
    STRUCTURE("itemDefinition", "its structureRef says how values are written"),
    STRUCTURE("correlationProperty", "what messages are correlated by"),
    STRUCTURE("correlationPropertyRetrievalExpression", "where a message has it"),
    STRUCTURE("messagePath", "of a retrieval expression"),
    STRUCTURE("correlationSubscription", "where an instance has it"),
    STRUCTURE("correlationPropertyBinding", "of a subscription"),
    STRUCTURE("dataPath", "of a binding"),
    STRUCTURE("globalTask", "what a call activity calls"),
    STRUCTURE("globalUserTask", "what a call activity calls"),
    STRUCTURE("globalManualTask", "what a call activity calls"),
    STRUCTURE("globalScriptTask", "what a call activity calls"),
    STRUCTURE("globalBusinessRuleTask", "what a call activity calls"),
    STRUCTURE("documentation", "of the process and of its elements"),
    STRUCTURE("extensionElements", "of known dialects; others are ignored"),
    STRUCTURE("incoming", "checked by the sequence flows themselves"),
    STRUCTURE("outgoing", "checked by the sequence flows themselves"),
    STRUCTURE("potentialOwner", "user(a), group(b) as candidates"),
    STRUCTURE("humanPerformer", "the assignee"),
    STRUCTURE("resourceAssignmentExpression", "of an owner or performer"),
    STRUCTURE("formalExpression", "of an owner or performer"),

    DOCUMENTATION("laneSet", ""),
    DOCUMENTATION("lane", ""),
    DOCUMENTATION("textAnnotation", ""),
    DOCUMENTATION("group", ""),
    DOCUMENTATION("category", ""),
    DOCUMENTATION("dataStore", ""),
    DOCUMENTATION("dataStoreReference", ""),
    DOCUMENTATION("import", ""),
    DOCUMENTATION("resource", "use users and groups"),
    DOCUMENTATION("partnerEntity", ""),
    DOCUMENTATION("partnerRole", ""),
    DOCUMENTATION("endPoint", ""),
    DOCUMENTATION("relationship", ""),
    DOCUMENTATION("auditing", ""),
    DOCUMENTATION("monitoring", ""),
    DOCUMENTATION("rendering", ""),
    DOCUMENTATION("supportedInterfaceRef", ""),
    DOCUMENTATION("conversation", ""),
    DOCUMENTATION("choreography", ""),
    DOCUMENTATION("extension", ""),
    DOCUMENTATION("performer", "a warning: use humanPerformer or potentialOwner"),
    DOCUMENTATION("resourceRole", "a warning: use humanPerformer or potentialOwner"),
    DOCUMENTATION("globalConversation", ""),
    DOCUMENTATION("globalChoreographyTask", ""),
    DOCUMENTATION("callConversation", ""),
    DOCUMENTATION("subConversation", ""),
    DOCUMENTATION("conversationLink", ""),
    DOCUMENTATION("conversationAssociation", ""),
    DOCUMENTATION("categoryValue", "of a group"),
    DOCUMENTATION("categoryValueRef", "of a flow element"),
    DOCUMENTATION("correlationKey", "its properties count by themselves"),
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
    DOCUMENTATION("eventDefinition", "abstract"),

    REFUSED("subChoreography", "Choreographies are not executed."),
    REFUSED("choreographyTask", "Choreographies are not executed."),
    REFUSED("callChoreography", "Choreographies are not executed."),
};

const struct element_row *element_row(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].name[0] == name[0] && strcmp(rows[i].name, name) == 0)
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
