/* The rules that findings name. See table.h. */
#include "bpmn/reader/table.h"

#include <string.h>

static const struct rule_row rows[] = {
    {"xml", true, "The file is well-formed XML in a known encoding, within the limits."},
    {"not-bpmn", true, "The root is <definitions> in the namespace of BPMN 2.0."},
    {"no-executable-process", true, "The file has 1 to 1000 executable processes."},
    {"too-many-elements", true, "A file has at most 50000 elements and flows."},
    {"process-id", true, "A process has an id of 1 to 200 characters without ':'."},
    {"process-empty", true, "A process has elements."},
    {"id-missing", true, "Elements and sequence flows have an id of 1 to 255 characters."},
    {"duplicate-id", true, "An id is used once in a file."},
    {"unknown-element", true, "Elements in BPMN's namespace are elements of BPMN 2.0."},
    {"unsupported-element", true, "Elements and event definitions are among those executed."},
    {"misplaced-element", true, "An element stands where BPMN 2.0 allows it."},
    {"unsupported-attribute", true, "An attribute that would change what happens is supported."},
    {"unsupported-extension", true, "No extension element of a dialect would change what happens."},
    {"attribute-without-effect", false, "An attribute of a dialect has an effect here."},
    {"unknown-attribute", false, "An attribute of a dialect is a known one."},
    {"expression-syntax", true, "Expressions can be parsed; the message says at which character."},
    {"start-event-missing", true, "A process and each sub-process has a start event."},
    {"several-start-events", true, "A process and each sub-process has one start event only."},
    {"start-event-incoming", true, "No sequence flow leads to a start event."},
    {"start-event-outgoing", true, "A start event has an outgoing sequence flow."},
    {"end-event-outgoing", true, "No sequence flow leaves an end event."},
    {"boundary-event-incoming", true, "No sequence flow leads to a boundary event."},
    {"boundary-event-outgoing", true, "A boundary event has an outgoing sequence flow."},
    {"boundary-attachment", true, "attachedToRef names an activity beside the boundary event."},
    {"gateway-outgoing", true, "An exclusive gateway has an outgoing sequence flow."},
    {"sequence-flow-reference", true, "sourceRef and targetRef name elements of the process."},
    {"sequence-flow-scope", true, "A sequence flow stays in its process or sub-process."},
    {"condition-language", true, "A condition is written in JUEL."},
    {"condition-empty", false, "A conditionExpression has a text."},
    {"condition-ignored", false, "Flows out of a parallel gateway have no condition."},
    {"default-flow", true, "The default flow of an element leaves that element."},
    {"default-flow-condition", false, "A default flow has no condition."},
    {"default-flow-missing", false, "An exclusive gateway with conditions only has a default."},
    {"flow-without-condition", false, "No unconditional flow hides those behind it."},
    {"unreachable-element", false, "A path leads from the start event to each element."},
    {"event-definition-missing", true, "Catching and boundary events say what they wait for."},
    {"multiple-event-definitions", true, "An event has one event definition at most."},
    {"timer-definition", true, "A timer has one of timeDate, timeDuration and timeCycle."},
    {"timer-syntax", true, "Timers and due dates without expressions are ISO 8601."},
    {"message-reference", true, "messageRef names a <message> of the file."},
    {"message-name", true, "A message that is waited for has a name."},
    {"error-code", true, "An error that is thrown or caught by reference has an errorCode."},
    {"service-task-implementation", true, "A service task says what it runs."},
    {"service-task-topic", true, "An external worker's task has a topic."},
    {"script-format", true, "A script task's format is juel, expression or absent."},
    {"script-empty", true, "A script task has a <script> with an expression."},
    {"priority", true, "A user task's priority without an expression is an integer."},
    {"owner-without-expression", false, "A potentialOwner or humanPerformer names somebody."},
    {"role-without-effect", false, "Roles are humanPerformer or potentialOwner."},
};

const struct rule_row *rule_row(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    return NULL;
}

const struct rule_row *rule_row_at(uint32_t index)
{
    return index < COUNT_OF(rows) ? &rows[index] : NULL;
}
