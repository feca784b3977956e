/* Service, send and business rule tasks: who does the work. Receive tasks: the message they wait
 * for. */
#include "bpmn/reader/draft.h"

#include <string.h>

const char *read_result_variable(struct draft *draft, const xmlNode *node)
{
    const char *name = extension_attribute(draft->arena, node, "resultVariable");

    return name != NULL ? name : extension_attribute(draft->arena, node, "resultVariableName");
}

static bool is_external(const char *type)
{
    return type != NULL && (strcmp(type, "external-worker") == 0 || strcmp(type, "external") == 0);
}

/* extension_check() refuses it and says what to use: one finding is enough. */
static bool names_java(struct draft *draft, const xmlNode *node)
{
    static const char *const names[] = {"class", "delegateExpression", "decisionRef", "rules"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *value = extension_attribute(draft->arena, node, names[i]);

        if (value != NULL && strcmp(value, "false") != 0)
            return true;
    }
    return false;
}

/* Standard BPMN names no implementation that exists here: the task is offered to workers under the
 * name of its operation, its implementation, or its id. */
static void offer(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_element *element = &draft_element->element;
    const xmlNode *node = draft_element->details;
    const char *reference = xml_attribute(draft->arena, node, "operationRef");
    const xmlNode *operation = name_shared(draft, reference, "operation");
    const char *topic = operation != NULL ? xml_attribute(draft->arena, operation, "name") : NULL;

    if (topic == NULL || topic[0] == '\0')
        topic = xml_attribute(draft->arena, node, "implementation");
    if (topic == NULL || topic[0] == '\0' || strncmp(topic, "##", 2) == 0)
        topic = element->id;
    element->service = BPMN_SERVICE_EXTERNAL_WORKER;
    element->topic =
        draft_expression(draft, topic, EXPRESSION_TEMPLATE, "topic", element->id, node);
    finding_add(draft->findings, BPMN_WARNING, "service-task-implementation", element->id,
                draft_element->node,
                "This task does not say what it runs: it is offered to external workers under the "
                "topic '%.100s'. Use synergyflow:topic for a module's handler, "
                "flowable:type=\"external-worker\" with flowable:topic for a worker, or "
                "flowable:expression.",
                topic);
}

static void read_worker(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_element *element = &draft_element->element;
    const xmlNode *node = draft_element->details;
    const char *topic = extension_attribute(draft->arena, node, "topic");
    struct mapping_list in = {0};
    struct mapping_list out = {0};

    element->service = BPMN_SERVICE_EXTERNAL_WORKER;
    if (topic == NULL)
        finding_add(draft->findings, BPMN_ERROR, "service-task-topic", element->id, node,
                    "Expected an external worker's task to have a topic: add "
                    "flowable:topic=\"…\".");
    element->topic =
        draft_expression(draft, topic, EXPRESSION_TEMPLATE, "topic", element->id, node);
    element->hide_variables = extension_is_true(draft->arena, node, "doNotIncludeVariables", false);
    read_parameters(draft, node, "externalWorkerInParameter", element->id, &in);
    read_parameters(draft, node, "externalWorkerOutParameter", element->id, &out);
    element->worker_in = mapping_done(&in);
    element->worker_out = mapping_done(&out);
}

/* False when the task does not say who does it. */
static bool read_implementation(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_element *element = &draft_element->element;
    const xmlNode *node = draft_element->details;
    const char *type = extension_attribute(draft->arena, node, "type");
    const char *topic = own_attribute(draft->arena, node, "topic");
    const char *expression = extension_attribute(draft->arena, node, "expression");
    struct mapping_list fields = {0};

    element->result_variable = read_result_variable(draft, node);
    element->result_local =
        extension_is_true(draft->arena, node, "useLocalScopeForResultVariable", false);
    element->triggerable = extension_is_true(draft->arena, node, "triggerable", false);
    read_fields(draft, node, element->id, &fields);
    element->fields = mapping_done(&fields);
    if (topic != NULL) {
        element->service = BPMN_SERVICE_TOPIC;
        element->topic =
            draft_expression(draft, topic, EXPRESSION_TEMPLATE, "topic", element->id, node);
    } else if (is_external(type)) {
        read_worker(draft, draft_element);
    } else if (type != NULL) {
        finding_add(draft->findings, BPMN_ERROR, "service-task-type", element->id, node,
                    "Expected the type external-worker but found '%.60s'. Use synergyflow:topic "
                    "for a module's handler, flowable:type=\"external-worker\" with flowable:topic "
                    "for a worker, or flowable:expression.",
                    type);
    } else if (expression != NULL) {
        element->service = BPMN_SERVICE_EXPRESSION;
        element->expression = draft_expression(draft, expression, EXPRESSION_TEMPLATE, "expression",
                                               element->id, node);
    } else {
        return names_java(draft, node);
    }
    return true;
}

void read_service_task(struct draft *draft, struct draft_element *draft_element)
{
    if (!read_implementation(draft, draft_element))
        offer(draft, draft_element);
}

/* The message of a task, by its messageRef, its operation, or a message flow; false: none. */
static bool read_task_message(struct draft *draft, struct draft_element *draft_element, bool throws)
{
    const xmlNode *node = draft_element->details;
    const char *reference = xml_attribute(draft->arena, node, "messageRef");
    const xmlNode *operation =
        name_shared(draft, xml_attribute(draft->arena, node, "operationRef"), "operation");
    const xmlNode *message =
        operation != NULL ? xml_child(operation, throws ? "inMessageRef" : "outMessageRef") : NULL;
    struct bpmn_event_definition *event;

    if ((reference == NULL || reference[0] == '\0') && message != NULL)
        reference = xml_text(draft->arena, message);
    event = arena_alloc(draft->arena, sizeof(*event));
    event->kind = BPMN_EVENT_MESSAGE;
    event->activity = BPMN_NONE;
    event->line = xml_line(node);
    event->column = xml_column(node);
    if (!read_message(draft, draft_element, reference, throws, node, event))
        return false;
    draft_element->element.events = (struct bpmn_events){event, event->name != NULL};
    return true;
}

void read_send_task(struct draft *draft, struct draft_element *draft_element)
{
    if (read_implementation(draft, draft_element) || read_task_message(draft, draft_element, true))
        return;
    offer(draft, draft_element);
}

void read_receive_task(struct draft *draft, struct draft_element *draft_element)
{
    draft_element->element.instantiate =
        xml_is_true(draft->arena, draft_element->details, "instantiate", false);
    (void)read_task_message(draft, draft_element, false);
}
