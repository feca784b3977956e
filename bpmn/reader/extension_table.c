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

#define SYNCHRONOUS "The activity runs in the transaction that reaches it."
#define NO_JAVA                                                                \
    "Java is not supported. Use synergyflow:topic for a module's handler, or " \
    "flowable:type=\"external-worker\" with flowable:topic for a worker."
#define NO_LISTENER "Use a service task with a topic where the listener would run."

static const struct extension_row rows[] = {
    READ("assignee", "userTask", "one user"),
    READ("owner", "userTask", "one user"),
    READ("candidateUsers", "userTask", "comma list, or an array"),
    READ("candidateGroups", "userTask", "comma list, or an array"),
    READ("dueDate", "userTask", "ISO 8601 date, or duration from the task's creation"),
    READ("priority", "userTask", "integer; 50 when absent"),
    READ("category", "userTask", "text"),
    READ("formKey", "userTask", "text, kept for the caller"),
    READ("type", "serviceTask", "external-worker (external in Camunda); no other"),
    READ("topic", "serviceTask", "of an external worker"),
    READ("expression", "serviceTask", "evaluated when the task is reached"),
    READ("resultVariable", "serviceTask, scriptTask", "receives the expression's value"),
    READ("resultVariableName", "serviceTask", "the same"),
    READ("errorVariableName", "errorEventDefinition", "receives the error's code"),
    READ("errorCodeVariable", "errorEventDefinition", "the same"),
    READ("messageExpression", "messageEventDefinition", "the message's name"),

    HARMLESS("exclusive", "activities"),
    HARMLESS("asyncLeaveExclusive", "activities"),
    HARMLESS("isEagerExecutionFetching", "process"),
    HARMLESS("isEagerExecutionFetch", "process"),
    HARMLESS("historyTimeToLive", "process"),
    HARMLESS("versionTag", "process"),
    HARMLESS("isStartableInTasklist", "process"),
    HARMLESS("sameDeployment", "userTask, startEvent"),
    HARMLESS("modelerTemplate", "any"),
    HARMLESS("modelerTemplateVersion", "any"),
    HARMLESS("modelerTemplateIcon", "any"),
    HARMLESS("diagramRelationId", "any"),
    HARMLESS("extensionId", "any"),

    WITHOUT_EFFECT("async", "any", SYNCHRONOUS),
    WITHOUT_EFFECT("asyncBefore", "any", SYNCHRONOUS),
    WITHOUT_EFFECT("asyncAfter", "any", SYNCHRONOUS),
    WITHOUT_EFFECT("asyncLeave", "any", SYNCHRONOUS),
    WITHOUT_EFFECT("candidateStarterUsers", "process", "Anyone who may call the API may start."),
    WITHOUT_EFFECT("candidateStarterGroups", "process", "Anyone who may call the API may start."),
    WITHOUT_EFFECT("initiator", "startEvent", "Pass the variable when you start an instance."),
    WITHOUT_EFFECT("formFieldValidation", "userTask, startEvent", "Forms are the caller's."),
    WITHOUT_EFFECT("followUpDate", "userTask", "Only the due date is kept."),
    WITHOUT_EFFECT("taskIdVariableName", "userTask", "The task is found by its instance."),
    WITHOUT_EFFECT("taskCompleterVariableName", "userTask", "Pass it when the task is completed."),
    WITHOUT_EFFECT("jobPriority", "any", "Jobs have no priority."),
    WITHOUT_EFFECT("taskPriority", "any", "External jobs have no priority."),
    WITHOUT_EFFECT("doNotIncludeVariables", "serviceTask", "Workers receive the variables."),
    WITHOUT_EFFECT("storeResultVariableAsTransient", "serviceTask", "The variable is stored."),
    WITHOUT_EFFECT("errorMessageVariable", "errorEventDefinition", "Only the code is kept."),
    WITHOUT_EFFECT("errorVariableTransient", "errorEventDefinition", "The variable is stored."),

    REFUSED("class", "serviceTask", NO_JAVA),
    REFUSED("delegateExpression", "serviceTask", NO_JAVA),
    REFUSED("skipExpression", "any", "Draw the way around with an exclusive gateway."),
    REFUSED("triggerable", "serviceTask", "Put a message catch event behind the task."),
    REFUSED("useLocalScopeForResultVariable", "serviceTask", "Use a sub-process for the variable."),
    REFUSED("errorVariableLocalScope", "errorEventDefinition",
            "The variable belongs to the scope of the event."),
    REFUSED("autoStoreVariables", "scriptTask", "A script is an expression: use resultVariable."),
    REFUSED("resource", "scriptTask, conditionExpression", "Write the expression into the file."),
    REFUSED("decisionRef", "any", "Decide with conditions on sequence flows."),
    REFUSED("businessCalendarName", "userTask, timerEventDefinition",
            "Times are those of the clock: write the duration so."),
    REFUSED("endDate", "timeCycle", "Write the end into the cycle: R/start/duration/end."),
    REFUSED(
        "terminateAll", "terminateEventDefinition",
        "Terminate ends the scope around it. Use a terminate end event at the process's level."),
    REFUSED("terminateMultiInstance", "terminateEventDefinition",
            "Multi-instance is not supported."),
    REFUSED("correlationKey", "messageEventDefinition", "Messages are correlated by execution."),
    REFUSED("formHandlerClass", "userTask, startEvent", "Java is not supported. Use formKey."),

    REFUSED_ELEMENT("executionListener", "any", NO_LISTENER),
    REFUSED_ELEMENT("taskListener", "userTask", NO_LISTENER),
    REFUSED_ELEMENT("eventListener", "process", "Events are delivered by the outbox."),
    REFUSED_ELEMENT("field", "serviceTask", "Pass values as variables."),
    REFUSED_ELEMENT("inputOutput", "any", "Use expressions over the variables."),
    REFUSED_ELEMENT("in", "any", "Variables are visible in every sub-process."),
    REFUSED_ELEMENT("out", "any", "Variables are visible in every sub-process."),
    REFUSED_ELEMENT("externalWorkerInParameter", "serviceTask", "Workers receive the variables."),
    REFUSED_ELEMENT("externalWorkerOutParameter", "serviceTask", "Workers set variables by name."),
    REFUSED_ELEMENT("mapException", "serviceTask", "Let the handler or worker name the error."),
    REFUSED_ELEMENT("errorEventDefinition", "serviceTask", "Let the worker name the error."),
    REFUSED_ELEMENT("connector", "any", "Use an external worker."),
    REFUSED_ELEMENT("customResource", "userTask", "Use candidateUsers and candidateGroups."),
    REFUSED_ELEMENT("eventType", "any", "Use a message."),
    REFUSED_ELEMENT("value", "dataObject", "Set the variable at start, or with a script task."),
    REFUSED_ELEMENT("failedJobRetryTimeCycle", "any", "Workers say the retries they want."),
};

const struct extension_row *extension_row(enum extension_kind kind, const char *name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].kind == kind && strcmp(rows[i].name, name) == 0)
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
