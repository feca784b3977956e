/* Events: their one definition, where it is allowed, and what it refers to. */
#include "bpmn/reader/draft.h"

#include <string.h>

static bool is_definition(const xmlNode *node)
{
    size_t length = strlen(xml_name(node));
    static const char ending[] = "EventDefinition";

    return xml_is_bpmn(node) && length > sizeof(ending) - 1 &&
           strcmp(xml_name(node) + length - (sizeof(ending) - 1), ending) == 0;
}

void check_due_date(struct draft *draft, const struct expression *expression, const char *id,
                    const xmlNode *node)
{
    struct iso8601_duration duration;
    struct error error = {0};
    int64_t instant_us;
    const char *text;
    enum status status;

    if (expression == NULL || !expression_is_literal(expression))
        return;
    text = expression_text(expression);
    status = text[0] == 'P' ? iso8601_parse_duration(text, &duration, &error)
                            : iso8601_parse_instant(text, &instant_us, &error);
    if (status != STATUS_OK)
        finding_add(draft->findings, BPMN_ERROR, "timer-syntax", id, node, "%s", error.message);
}

static void check_literal_timer(struct draft *draft, const struct bpmn_element *element,
                                const xmlNode *node)
{
    const char *text = expression_text(element->timer);
    struct iso8601_duration duration;
    struct iso8601_repeat repeat;
    struct error error = {0};
    enum status status;

    if (element->timer_kind == BPMN_TIMER_DATE) {
        check_due_date(draft, element->timer, element->id, node);
        return;
    }
    if (!expression_is_literal(element->timer))
        return;
    status = element->timer_kind == BPMN_TIMER_CYCLE
                 ? iso8601_parse_repeat(text, &repeat, &error)
                 : iso8601_parse_duration(text, &duration, &error);
    if (status != STATUS_OK)
        finding_add(draft->findings, BPMN_ERROR, "timer-syntax", element->id, node, "%s",
                    error.message);
}

static void read_timer(struct draft *draft, struct draft_element *draft_element,
                       const xmlNode *definition)
{
    static const struct {
        const char *name;
        enum bpmn_timer_kind kind;
    } kinds[] = {{"timeDate", BPMN_TIMER_DATE},
                 {"timeDuration", BPMN_TIMER_DURATION},
                 {"timeCycle", BPMN_TIMER_CYCLE}};
    struct bpmn_element *element = &draft_element->element;
    const xmlNode *found = NULL;
    unsigned count = 0;

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const xmlNode *child = xml_child(definition, kinds[i].name);

        if (child != NULL) {
            extension_check(draft, child, element->id);
            found = child;
            element->timer_kind = kinds[i].kind;
            count++;
        }
    }
    if (count != 1 || xml_text(draft->arena, found) == NULL) {
        finding_add(draft->findings, BPMN_ERROR, "timer-definition", element->id, definition,
                    "Expected exactly one of timeDate, timeDuration and timeCycle with a value but "
                    "found %u.",
                    count == 1 ? 0 : count);
        return;
    }
    element->timer = draft_expression(draft, xml_text(draft->arena, found), EXPRESSION_TEMPLATE,
                                      xml_name(found), element->id, found);
    if (element->timer != NULL)
        check_literal_timer(draft, element, found);
}

static void read_message(struct draft *draft, struct draft_element *draft_element,
                         const xmlNode *definition)
{
    struct bpmn_element *element = &draft_element->element;
    const char *reference = xml_attribute(draft->arena, definition, "messageRef");
    struct named *named = name_find(*draft->names, name_local(reference));
    const char *name = NULL;

    if (reference == NULL) {
        name = extension_attribute(draft->arena, definition, "messageExpression");
    } else if (named == NULL || !xml_is(named->node, "message")) {
        finding_add(draft->findings, BPMN_ERROR, "message-reference", element->id, definition,
                    "Expected messageRef to name a <message> of the file but '%.100s' does not.",
                    reference);
        return;
    } else {
        name = xml_attribute(draft->arena, named->node, "name");
    }
    if (name == NULL || name[0] == '\0') {
        finding_add(draft->findings, BPMN_ERROR, "message-name", element->id, definition,
                    "Expected a message with a name: callers send it by that name.");
        return;
    }
    element->message_name =
        draft_expression(draft, name, EXPRESSION_TEMPLATE, "message name", element->id, definition);
}

static void read_error(struct draft *draft, struct draft_element *draft_element,
                       const xmlNode *definition)
{
    struct bpmn_element *element = &draft_element->element;
    const char *reference = xml_attribute(draft->arena, definition, "errorRef");
    struct named *named = name_find(*draft->names, name_local(reference));

    element->error_variable = extension_attribute(draft->arena, definition, "errorVariableName");
    if (element->error_variable == NULL)
        element->error_variable =
            extension_attribute(draft->arena, definition, "errorCodeVariable");
    if (reference == NULL || reference[0] == '\0') {
        if (element->type == BPMN_END_EVENT)
            finding_add(draft->findings, BPMN_ERROR, "error-code", element->id, definition,
                        "Expected an error end event to name the error that it throws: add "
                        "errorRef.");
        return;
    }
    /* As in Flowable, a reference that names no <error> is the code itself. */
    element->error_code = named != NULL && xml_is(named->node, "error")
                              ? xml_attribute(draft->arena, named->node, "errorCode")
                              : reference;
    if (element->error_code == NULL || element->error_code[0] == '\0')
        finding_add(draft->findings, BPMN_ERROR, "error-code", element->id, named->node,
                    "Expected the error '%.100s' to have an errorCode: errors are caught by it.",
                    named->id);
}

/* Which definitions an event may have. */
static bool is_allowed(enum bpmn_element_type type, enum bpmn_event_kind kind)
{
    switch (type) {
    case BPMN_END_EVENT:
        return kind == BPMN_EVENT_ERROR || kind == BPMN_EVENT_TERMINATE;
    case BPMN_INTERMEDIATE_CATCH_EVENT:
        return kind == BPMN_EVENT_TIMER || kind == BPMN_EVENT_MESSAGE;
    case BPMN_BOUNDARY_EVENT:
        return kind == BPMN_EVENT_TIMER || kind == BPMN_EVENT_ERROR;
    default:
        return false;
    }
}

static const char *allowed_text(enum bpmn_element_type type)
{
    switch (type) {
    case BPMN_END_EVENT:
        return "none, error or terminate";
    case BPMN_INTERMEDIATE_CATCH_EVENT:
        return "a timer or a message";
    case BPMN_BOUNDARY_EVENT:
        return "a timer or an error";
    default:
        return "no event definition";
    }
}

static void read_definition(struct draft *draft, struct draft_element *draft_element,
                            const xmlNode *definition)
{
    static const struct {
        const char *name;
        enum bpmn_event_kind kind;
        void (*read)(struct draft *draft, struct draft_element *draft_element,
                     const xmlNode *definition);
    } definitions[] = {
        {"timerEventDefinition", BPMN_EVENT_TIMER, read_timer},
        {"messageEventDefinition", BPMN_EVENT_MESSAGE, read_message},
        {"errorEventDefinition", BPMN_EVENT_ERROR, read_error},
        {"terminateEventDefinition", BPMN_EVENT_TERMINATE, NULL},
    };
    struct bpmn_element *element = &draft_element->element;

    for (size_t i = 0; i < COUNT_OF(definitions); i++) {
        if (!xml_is(definition, definitions[i].name))
            continue;
        element->event = definitions[i].kind;
        extension_check(draft, definition, element->id);
        if (!is_allowed(element->type, element->event)) {
            finding_add(draft->findings, BPMN_ERROR, "unsupported-element", element->id, definition,
                        "Expected %s on this %s but found <%s>.", allowed_text(element->type),
                        bpmn_element_type_name(element->type), definitions[i].name);
        } else if (definitions[i].read != NULL) {
            definitions[i].read(draft, draft_element, definition);
        }
        return;
    }
    /* The others are refused by check_children(). */
}

void read_event(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_element *element = &draft_element->element;
    const xmlNode *child = xml_children(draft_element->node);
    unsigned count = 0;

    for (; child != NULL; child = xml_next(child)) {
        if (xml_is(child, "eventDefinitionRef")) {
            finding_add(draft->findings, BPMN_ERROR, "unsupported-element", element->id, child,
                        "Expected the event's definition inside the event but found a reference.");
            count++;
        }
        if (is_definition(child) && ++count == 1)
            read_definition(draft, draft_element, child);
    }
    if (count > 1)
        finding_add(draft->findings, BPMN_ERROR, "multiple-event-definitions", element->id,
                    draft_element->node, "Expected at most one event definition but found %u.",
                    count);
    if (count == 0 &&
        (element->type == BPMN_INTERMEDIATE_CATCH_EVENT || element->type == BPMN_BOUNDARY_EVENT))
        finding_add(draft->findings, BPMN_ERROR, "event-definition-missing", element->id,
                    draft_element->node, "Expected %s in this %s but found none.",
                    allowed_text(element->type), bpmn_element_type_name(element->type));
    if (element->type == BPMN_BOUNDARY_EVENT) {
        /* An error leaves nothing to go on with: always interrupting. */
        element->interrupting =
            element->event == BPMN_EVENT_ERROR ||
            xml_is_true(draft->arena, draft_element->node, "cancelActivity", true);
        draft_element->attached_ref =
            name_local(xml_attribute(draft->arena, draft_element->node, "attachedToRef"));
    }
}
