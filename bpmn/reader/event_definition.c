/* One event definition: what it waits for or throws. Names and codes that a file leaves out are
 * those next to them (an error's name for its code, at last the id): both sides find each other. */
#include "bpmn/reader/draft.h"

#include <string.h>

bool is_definition(const xmlNode *node)
{
    static const char ending[] = "EventDefinition";
    size_t length = strlen(xml_name(node));

    return xml_is_bpmn(node) && length > sizeof(ending) - 1 &&
           strcmp(xml_name(node) + length - (sizeof(ending) - 1), ending) == 0;
}

static bool throws(const struct bpmn_element *element)
{
    return element->type == BPMN_END_EVENT || element->type == BPMN_INTERMEDIATE_THROW_EVENT ||
           element->type == BPMN_SEND_TASK || element->loop.kind != BPMN_LOOP_NONE;
}

static bool is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

/* The first of these attributes that says something, else the id. */
static const char *named_text(struct draft *draft, const xmlNode *node, const char *first,
                              const char *second)
{
    const char *text = xml_attribute(draft->arena, node, first);

    if (is_empty(text) && second != NULL)
        text = xml_attribute(draft->arena, node, second);
    return is_empty(text) ? xml_attribute(draft->arena, node, "id") : text;
}

bool read_message(struct draft *draft, const struct draft_element *draft_element,
                  const char *reference, bool is_thrown, const xmlNode *node,
                  struct bpmn_event_definition *ret_definition)
{
    const char *id = draft_element->element.id;
    const char *key = extension_attribute(draft->arena, node, "correlationKey");
    const struct named *self = name_find(*draft->names, id);
    const struct message_flow *flow =
        self == NULL ? NULL : (is_thrown ? self->sends : self->receives);
    const char *name = extension_attribute(draft->arena, node, "messageExpression");

    ret_definition->correlation_key =
        draft_expression(draft, key, EXPRESSION_TEMPLATE, "correlationKey", id, node);
    if (!is_empty(reference)) {
        const struct named *message = name_refer(draft, reference);

        if (message == NULL || !xml_is(message->node, "message")) {
            finding_add(draft->findings, BPMN_ERROR, "message-reference", id, node,
                        "Expected messageRef to name a <message> of the file but '%.100s' does "
                        "not.",
                        reference);
            return true;
        }
        ret_definition->reference = message->id;
        if (name == NULL)
            name = named_text(draft, message->node, "name", NULL);
        read_correlations(draft, message, ret_definition);
    } else if (name == NULL && flow != NULL) {
        name = flow->message;
    }
    if (is_empty(name))
        return false;
    ret_definition->name =
        draft_expression(draft, name, EXPRESSION_TEMPLATE, "message name", id, node);
    return true;
}

static void read_message_event(struct draft *draft, const struct draft_element *draft_element,
                               const xmlNode *node, struct bpmn_event_definition *definition)
{
    const struct bpmn_element *element = &draft_element->element;
    const xmlNode *operation_reference = xml_child(node, "operationRef");
    const char *reference = xml_attribute(draft->arena, node, "messageRef");

    if (extension_attribute(draft->arena, node, "type") != NULL ||
        extension_attribute(draft->arena, node, "expression") != NULL)
        finding_add(draft->findings, BPMN_ERROR, "unsupported-attribute", element->id, node,
                    "A message event has no implementation of its own. Use a send task for a "
                    "worker's work or an expression.");
    if (is_empty(reference) && operation_reference != NULL) {
        const xmlNode *operation =
            name_shared(draft, xml_text(draft->arena, operation_reference), "operation");
        const xmlNode *in = operation != NULL ? xml_child(operation, "inMessageRef") : NULL;

        reference = in != NULL ? xml_text(draft->arena, in) : NULL;
    }
    if (!read_message(draft, draft_element, reference, throws(element), node, definition))
        finding_add(draft->findings, BPMN_ERROR, "message-name", element->id, node,
                    "Expected a message: add a messageRef to a <message>, or draw a message "
                    "flow.");
}

static void read_signal(struct draft *draft, const struct draft_element *draft_element,
                        const xmlNode *node, struct bpmn_event_definition *definition)
{
    const char *id = draft_element->element.id;
    const char *reference = xml_attribute(draft->arena, node, "signalRef");
    const char *name = extension_attribute(draft->arena, node, "signalExpression");
    const xmlNode *signal = name_node(draft, reference, "signal");
    const char *scope;

    definition->async = extension_is_true(draft->arena, node, "async", false);
    if (!is_empty(reference) && signal == NULL) {
        finding_add(draft->findings, BPMN_ERROR, "signal-reference", id, node,
                    "Expected signalRef to name a <signal> of the file but '%.100s' does not.",
                    reference);
        return;
    }
    if (signal != NULL) {
        definition->reference = xml_attribute(draft->arena, signal, "id");
        if (name == NULL)
            name = named_text(draft, signal, "name", NULL);
        scope = extension_attribute(draft->arena, signal, "scope");
        definition->instance_only = scope != NULL && strcmp(scope, "processInstance") == 0;
    }
    if (is_empty(name)) {
        finding_add(draft->findings, BPMN_ERROR, "signal-reference", id, node,
                    "Expected a signal: add a signalRef to a <signal>.");
        return;
    }
    definition->name = draft_expression(draft, name, EXPRESSION_TEMPLATE, "signal name", id, node);
}

/* A code with ${…} is evaluated when it is thrown. */
static void set_code(struct draft *draft, const struct draft_element *draft_element,
                     const xmlNode *node, const char *code,
                     struct bpmn_event_definition *definition)
{
    definition->code = code;
    if (throws(&draft_element->element) &&
        (strstr(code, "${") != NULL || strstr(code, "#{") != NULL))
        definition->code_expression = draft_expression(draft, code, EXPRESSION_TEMPLATE, "code",
                                                       draft_element->element.id, node);
}

static void read_error(struct draft *draft, const struct draft_element *draft_element,
                       const xmlNode *node, struct bpmn_event_definition *definition)
{
    const char *reference = xml_attribute(draft->arena, node, "errorRef");
    const struct named *named = name_refer(draft, reference);

    definition->code_variable = extension_attribute(draft->arena, node, "errorVariableName");
    if (definition->code_variable == NULL)
        definition->code_variable = extension_attribute(draft->arena, node, "errorCodeVariable");
    definition->message_variable = extension_attribute(draft->arena, node, "errorMessageVariable");
    definition->code_variable_local =
        extension_is_true(draft->arena, node, "errorVariableLocalScope", false);
    if (is_empty(reference)) {
        if (throws(&draft_element->element))
            definition->code = "";
    } else if (named != NULL && xml_is(named->node, "error")) {
        definition->reference = named->id;
        set_code(draft, draft_element, node, named_text(draft, named->node, "errorCode", "name"),
                 definition);
    } else if (named == NULL) {
        /* As in Flowable, a reference that names nothing is the code itself. */
        set_code(draft, draft_element, node, reference, definition);
    } else {
        finding_add(draft->findings, BPMN_ERROR, "error-reference", draft_element->element.id, node,
                    "Expected errorRef to name an <error> of the file but '%.100s' is a <%.60s>.",
                    reference, xml_name(named->node));
    }
}

static void read_escalation(struct draft *draft, const struct draft_element *draft_element,
                            const xmlNode *node, struct bpmn_event_definition *definition)
{
    const char *reference = xml_attribute(draft->arena, node, "escalationRef");
    const xmlNode *escalation = name_node(draft, reference, "escalation");

    definition->code_variable = extension_attribute(draft->arena, node, "escalationCodeVariable");
    if (is_empty(reference)) {
        if (throws(&draft_element->element))
            definition->code = "";
    } else if (escalation != NULL) {
        definition->reference = xml_attribute(draft->arena, escalation, "id");
        set_code(draft, draft_element, node,
                 named_text(draft, escalation, "escalationCode", "name"), definition);
    } else {
        finding_add(draft->findings, BPMN_ERROR, "escalation-reference", draft_element->element.id,
                    node,
                    "Expected escalationRef to name an <escalation> of the file but '%.100s' does "
                    "not.",
                    reference);
    }
}

static void read_conditional(struct draft *draft, const struct draft_element *draft_element,
                             const xmlNode *node, struct bpmn_event_definition *definition)
{
    const char *id = draft_element->element.id;
    const xmlNode *condition = xml_child(node, "condition");

    if (condition == NULL || xml_text(draft->arena, condition) == NULL)
        finding_add(draft->findings, BPMN_ERROR, "event-condition", id, node,
                    "Expected a conditional event to have a condition.");
    else
        definition->condition = draft_formal(draft, condition, "condition", id);
}

static void read_compensation(struct draft *draft, const struct draft_element *draft_element,
                              const xmlNode *node, struct bpmn_event_definition *definition)
{
    const char *reference = xml_attribute(draft->arena, node, "activityRef");
    const struct draft_element *activity = draft_find(draft, name_local(reference));

    definition->wait_for_completion = xml_is_true(draft->arena, node, "waitForCompletion", true);
    if (is_empty(reference) || draft_is_refused(draft, name_local(reference)))
        return;
    if (activity == NULL || !bpmn_is_activity(activity->element.type))
        finding_add(draft->findings, BPMN_ERROR, "compensation-reference",
                    draft_element->element.id, node,
                    "Expected activityRef to name an activity of this process but '%.100s' does "
                    "not.",
                    reference);
    else
        definition->activity = activity->element.index;
}

static void read_link(struct draft *draft, const struct draft_element *draft_element,
                      const xmlNode *node, struct bpmn_event_definition *definition)
{
    const char *name = xml_attribute(draft->arena, node, "name");

    definition->link = is_empty(name) ? draft_element->element.name : name;
    if (is_empty(definition->link))
        finding_add(draft->findings, BPMN_ERROR, "link-name", draft_element->element.id, node,
                    "Expected a link to have a name: a throwing and a catching link of the same "
                    "name belong together.");
}

static void read_terminate(struct draft *draft, const struct draft_element *draft_element,
                           const xmlNode *node, struct bpmn_event_definition *definition)
{
    (void)draft_element; /* the signature is the table's */
    definition->terminate_all = extension_is_true(draft->arena, node, "terminateAll", false);
}

static void read_timer_event(struct draft *draft, const struct draft_element *draft_element,
                             const xmlNode *node, struct bpmn_event_definition *definition)
{
    read_timer(draft, draft_element->element.id, node, definition);
}

bool read_definition(struct draft *draft, const struct draft_element *draft_element,
                     const xmlNode *node, struct bpmn_event_definition *ret_definition)
{
    static void (*const readers[])(struct draft * draft, const struct draft_element *draft_element,
                                   const xmlNode *node,
                                   struct bpmn_event_definition *definition) = {
        [BPMN_EVENT_MESSAGE] = read_message_event,
        [BPMN_EVENT_TIMER] = read_timer_event,
        [BPMN_EVENT_SIGNAL] = read_signal,
        [BPMN_EVENT_ERROR] = read_error,
        [BPMN_EVENT_ESCALATION] = read_escalation,
        [BPMN_EVENT_COMPENSATION] = read_compensation,
        [BPMN_EVENT_CONDITIONAL] = read_conditional,
        [BPMN_EVENT_CANCEL] = NULL,
        [BPMN_EVENT_LINK] = read_link,
        [BPMN_EVENT_TERMINATE] = read_terminate,
    };
    static const char *const names[] = {
#define DEFINITION_NAME(name, text, xml) [BPMN_EVENT_##name] = xml,
        BPMN_EVENT_KINDS(DEFINITION_NAME)
#undef DEFINITION_NAME
    };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!xml_is(node, names[i]))
            continue;
        *ret_definition = (struct bpmn_event_definition){.kind = (enum bpmn_event_kind)i,
                                                         .line = xml_line(node),
                                                         .column = xml_column(node),
                                                         .activity = BPMN_NONE};
        extension_check(draft, node, draft_element->element.id);
        if (readers[i] != NULL)
            readers[i](draft, draft_element, node, ret_definition);
        return true;
    }
    return false;
}
