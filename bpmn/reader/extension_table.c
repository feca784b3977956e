/* What becomes of the attributes and extension elements of the dialects. See table.h. */
#include "bpmn/reader/table.h"

#include <string.h>

#define READ(name, where, note)                                \
    {                                                          \
        name, EXTENSION_ATTRIBUTE, EXTENSION_READ, where, note \
    }
#define HARMLESS(name, where)                                    \
    {                                                            \
        name, EXTENSION_ATTRIBUTE, EXTENSION_HARMLESS, where, "" \
    }
#define WITHOUT_EFFECT(name, where, note)                                \
    {                                                                    \
        name, EXTENSION_ATTRIBUTE, EXTENSION_WITHOUT_EFFECT, where, note \
    }
#define REFUSED(name, where, note)                                \
    {                                                             \
        name, EXTENSION_ATTRIBUTE, EXTENSION_REFUSED, where, note \
    }
#define REFUSED_ELEMENT(name, where, note)                      \
    {                                                           \
        name, EXTENSION_ELEMENT, EXTENSION_REFUSED, where, note \
    }

#define READ_ELEMENT(name, where, note)                      \
    {                                                        \
        name, EXTENSION_ELEMENT, EXTENSION_READ, where, note \
    }
#define HARMLESS_ELEMENT(name, where)                          \
    {                                                          \
        name, EXTENSION_ELEMENT, EXTENSION_HARMLESS, where, "" \
    }

#define NO_JAVA                                                                \
    "Java is not supported. Use synergyflow:topic for a module's handler, or " \
    "flowable:type=\"external-worker\" with flowable:topic for a worker."
#define NO_DECISION "Decide with an expression, or with conditions on sequence flows."

static const struct extension_row rows[] = {
    READ("assignee", "userTask", "one user"),
    READ("owner", "userTask", "one user"),
    READ("candidateUsers", "userTask", "comma list, or an array"),
    READ("candidateGroups", "userTask", "comma list, or an array"),
    READ("dueDate", "userTask", "ISO 8601 date, or duration from the task's creation"),
    READ("businessCalendarName", "userTask, timerEventDefinition", "durations count in its hours"),
    READ("calendar", "userTask, timerEventDefinition", "the same (synergyflow:calendar)"),
    READ("priority", "userTask", "integer; 50 when absent"),
    READ("category", "userTask", "text"),
    READ("formKey", "userTask", "text, kept for the caller"),
    READ("taskIdVariableName", "userTask", "receives the task's id"),
    READ("taskCompleterVariableName", "userTask", "receives who completed it"),
    READ("initiator", "startEvent", "receives the user that starts the instance"),
    READ("type", "serviceTask, sendTask, businessRuleTask",
         "external-worker (external in Camunda); no other"),
    READ("topic", "serviceTask, sendTask, businessRuleTask",
         "of an external worker; synergyflow:topic names a module's handler"),
    READ("expression", "serviceTask, sendTask, businessRuleTask",
         "evaluated when the task is reached"),
    READ("resultVariable", "serviceTask, scriptTask, businessRuleTask",
         "receives the expression's value"),
    READ("resultVariableName", "serviceTask", "the same"),
    READ("useLocalScopeForResultVariable", "serviceTask", "the variable belongs to the task"),
    READ("triggerable", "serviceTask", "waits for a trigger after its work"),
    READ("doNotIncludeVariables", "serviceTask", "the worker is given none"),
    READ("autoStoreVariables", "scriptTask", "false: assignments in the script are not stored"),
    READ("skipExpression", "activities, sequenceFlow",
         "with _FLOWABLE_SKIP_EXPRESSION_ENABLED true: passed by when true"),
    READ("async", "any, signalEventDefinition", "a job continues before it"),
    READ("asyncBefore", "any", "the same"),
    READ("asyncLeave", "any", "a job continues behind it"),
    READ("asyncAfter", "any", "the same"),
    READ("exclusive", "any", "its jobs: one at a time in an instance; true when absent"),
    READ("jobPriority", "any", "of its jobs; an expression"),
    READ("taskPriority", "serviceTask", "of the external worker's job"),
    READ("calledElementType", "callActivity", "key or id"),
    READ("timeZone", "process, userTask, timerEventDefinition",
         "IANA zone of dates and days (synergyflow:timeZone)"),
    READ("endOfDay", "timerEventDefinition",
         "at closing time of the calendar's day (synergyflow:endOfDay)"),
    READ("clock", "timerEventDefinition",
         "instead of a time: the SLA target whose clock it follows (synergyflow:clock)"),
    READ("threshold", "timerEventDefinition",
         "how far the clock has to be: 75%, -PT30M, PT1H (synergyflow:threshold)"),
    READ("clockSubject", "timerEventDefinition",
         "whose clock: incident, change, task, process-instance (the default)"),
    READ("clockSubjectId", "timerEventDefinition",
         "its id; the business key when absent, of a process instance its own"),
    READ("calledElementBinding", "callActivity", "latest, deployment, version or versionTag"),
    READ("calledElementVersion", "callActivity", "with the binding version"),
    READ("calledElementVersionTag", "callActivity", "with the binding versionTag"),
    READ("sameDeployment", "callActivity, userTask, startEvent",
         "of a call: the definition of the caller's deployment"),
    READ("inheritVariables", "callActivity", "every variable goes in"),
    READ("businessKey", "callActivity", "of the called instance"),
    READ("inheritBusinessKey", "callActivity", "the called instance has the caller's"),
    READ("processInstanceName", "callActivity", "of the called instance"),
    READ("idVariableName", "callActivity", "receives the called instance's id"),
    READ("useLocalScopeForOutParameters", "callActivity",
         "out parameters stay in the activity's scope"),
    READ("collection", "multiInstanceLoopCharacteristics", "an expression, or a variable's name"),
    READ("elementVariable", "multiInstanceLoopCharacteristics", "receives the element"),
    READ("elementIndexVariable", "multiInstanceLoopCharacteristics", "receives the index"),
    READ("errorVariableName", "errorEventDefinition", "receives the error's code"),
    READ("errorCodeVariable", "errorEventDefinition", "the same"),
    READ("errorMessageVariable", "errorEventDefinition", "receives the error's message"),
    READ("errorVariableLocalScope", "errorEventDefinition", "the variable belongs to the scope"),
    READ("escalationCodeVariable", "escalationEventDefinition", "receives the escalation's code"),
    READ("messageExpression", "messageEventDefinition", "the message's name"),
    READ("correlationKey", "messageEventDefinition, sendTask, receiveTask",
         "what both sides must have in common"),
    READ("signalExpression", "signalEventDefinition", "the signal's name"),
    READ("scope", "signal", "processInstance: not beyond the instance; global when absent"),
    READ("endDate", "timeCycle", "the end of the cycle"),
    READ("terminateAll", "terminateEventDefinition", "ends the whole instance"),
    READ("versionTag", "process", "what calls can be bound to"),

    HARMLESS("asyncLeaveExclusive", "activities"),
    HARMLESS("isEagerExecutionFetching", "process"),
    HARMLESS("isEagerExecutionFetch", "process"),
    HARMLESS("historyTimeToLive", "process"),
    HARMLESS("isStartableInTasklist", "process"),
    HARMLESS("fallbackToDefaultTenant", "callActivity"),
    HARMLESS("noWaitStatesAsyncLeave", "multiInstanceLoopCharacteristics"),
    HARMLESS("parallelInSameTransaction", "serviceTask"),
    HARMLESS("modelerTemplate", "any"),
    HARMLESS("modelerTemplateVersion", "any"),
    HARMLESS("modelerTemplateIcon", "any"),
    HARMLESS("diagramRelationId", "any"),
    HARMLESS("extensionId", "any"),

    WITHOUT_EFFECT("candidateStarterUsers", "process", "Anyone who may call the API may start."),
    WITHOUT_EFFECT("candidateStarterGroups", "process", "Anyone who may call the API may start."),
    WITHOUT_EFFECT("formFieldValidation", "userTask, startEvent", "Forms are the caller's."),
    WITHOUT_EFFECT("formRef", "userTask, startEvent", "Forms are the caller's: use formKey."),
    WITHOUT_EFFECT("formRefBinding", "userTask, startEvent", "Forms are the caller's."),
    WITHOUT_EFFECT("formRefVersion", "userTask, startEvent", "Forms are the caller's."),
    WITHOUT_EFFECT("followUpDate", "userTask", "Only the due date is kept."),
    WITHOUT_EFFECT("completeAsync", "callActivity", "Use asyncLeave for a job behind the call."),
    WITHOUT_EFFECT("storeResultVariableAsTransient", "serviceTask", "The variable is stored."),
    WITHOUT_EFFECT("errorVariableTransient", "errorEventDefinition", "The variable is stored."),
    WITHOUT_EFFECT("calledElementTenantId", "callActivity", "A call stays in its tenant."),
    WITHOUT_EFFECT("variableName", "conditionalEventDefinition",
                   "Conditions are looked at on every change in scope."),
    WITHOUT_EFFECT("variableEvents", "conditionalEventDefinition",
                   "Conditions are looked at on every change in scope."),

    REFUSED("class", "serviceTask, sendTask, businessRuleTask", NO_JAVA),
    REFUSED("delegateExpression", "serviceTask, sendTask, businessRuleTask", NO_JAVA),
    REFUSED("resource", "scriptTask, conditionExpression", "Write the text into the file."),
    REFUSED("decisionRef", "businessRuleTask", NO_DECISION),
    REFUSED("rules", "businessRuleTask", NO_DECISION),
    REFUSED("caseRef", "callActivity", "Cases are not executed: call a process."),
    REFUSED("variableMappingClass", "callActivity", "Java is not supported. Use in and out."),
    REFUSED("variableMappingDelegateExpression", "callActivity",
            "Java is not supported. Use in and out."),
    REFUSED("terminateMultiInstance", "terminateEventDefinition",
            "Use a completionCondition on the multi-instance activity."),
    REFUSED("formHandlerClass", "userTask, startEvent", "Java is not supported. Use formKey."),

    READ_ELEMENT("executionListener", "any",
                 "expression, script in JavaScript, or synergyflow:topic; no Java"),
    READ_ELEMENT("taskListener", "userTask",
                 "expression, script in JavaScript, or synergyflow:topic; no Java"),
    READ_ELEMENT("field", "serviceTask, sendTask, businessRuleTask",
                 "given to the topic's handler beside the variables"),
    READ_ELEMENT("inputOutput", "activities", "texts and expressions; no lists, maps and scripts"),
    READ_ELEMENT("in", "callActivity, signal and message events", "source → target"),
    READ_ELEMENT("out", "callActivity, signal and message events", "source → target"),
    READ_ELEMENT("externalWorkerInParameter", "serviceTask", "what the worker is given"),
    READ_ELEMENT("externalWorkerOutParameter", "serviceTask", "what is taken over from it"),
    READ_ELEMENT("value", "dataObject", "its initial value"),
    READ_ELEMENT("collection", "multiInstanceLoopCharacteristics", "an expression"),
    READ_ELEMENT("failedJobRetryTimeCycle", "any", "R5/PT7M, or PT10S,PT1M"),

    HARMLESS_ELEMENT("properties", "any"),
    HARMLESS_ELEMENT("formProperty", "userTask, startEvent"),
    HARMLESS_ELEMENT("formData", "userTask, startEvent"),

    REFUSED_ELEMENT("eventListener", "process", "Events are delivered by the outbox."),
    REFUSED_ELEMENT("variableAggregation", "multiInstanceLoopCharacteristics",
                    "Use loopDataOutputRef with an outputDataItem."),
    REFUSED_ELEMENT("mapException", "serviceTask", "Let the handler or worker name the error."),
    REFUSED_ELEMENT("errorEventDefinition", "serviceTask", "Let the worker name the error."),
    REFUSED_ELEMENT("connector", "any", "Use an external worker."),
    REFUSED_ELEMENT("customResource", "userTask", "Use candidateUsers and candidateGroups."),
    REFUSED_ELEMENT("eventType", "any", "Use a message."),
    REFUSED_ELEMENT("variableListenerEventDefinition", "any", "Use a conditional event."),
};

const struct extension_row *extension_row(enum extension_kind kind, const char *name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].kind == kind && rows[i].name[0] == name[0] && strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    return NULL;
}

const struct extension_row *extension_row_at(uint32_t index)
{
    return index < COUNT_OF(rows) ? &rows[index] : NULL;
}

const char *extension_handling_name(enum extension_handling handling)
{
    static const char *const names[] = {"supported", "harmless", "no effect (warning)", "refused"};

    return names[handling];
}
