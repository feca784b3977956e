/* Execution and task listeners: expressions, scripts, or the handlers of modules. */
#include "bpmn/reader/draft.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    bool is_task;
    enum bpmn_listener_event event;
} events[] = {
    {"start", false, BPMN_LISTEN_START},
    {"end", false, BPMN_LISTEN_END},
    {"take", false, BPMN_LISTEN_TAKE},
    {"create", true, BPMN_LISTEN_CREATE},
    {"assignment", true, BPMN_LISTEN_ASSIGNMENT},
    {"complete", true, BPMN_LISTEN_COMPLETE},
    {"delete", true, BPMN_LISTEN_DELETE},
};

/* What it runs; false (and a finding) when that does not exist here. */
static bool read_work(struct draft *draft, const xmlNode *node, const char *id,
                      struct bpmn_listener *listener)
{
    const char *text = xml_attribute(draft->arena, node, "expression");
    const char *topic = own_attribute(draft->arena, node, "topic");
    const xmlNode *script = extension_next(xml_children(node), "script");
    const char *format = NULL;

    if (topic != NULL && topic[0] != '\0') {
        listener->topic = draft_expression(draft, topic, EXPRESSION_TEMPLATE, "topic", id, node);
        return listener->topic != NULL;
    }
    if (script != NULL && xml_text(draft->arena, script) != NULL) {
        format = xml_attribute(draft->arena, script, "scriptFormat");
        if (format == NULL)
            format = xml_attribute(draft->arena, script, "language");
        text = xml_text(draft->arena, script);
        if (format == NULL || is_juel(format)) {
            listener->expression =
                draft_expression(draft, text, EXPRESSION_CONDITION, "listener", id, node);
            return true;
        }
        if (strcasestr(format, "javascript") != NULL || strcasestr(format, "ecmascript") != NULL) {
            listener->script = text;
            return true;
        }
    } else if (text != NULL && text[0] != '\0') {
        listener->expression =
            draft_expression(draft, text, EXPRESSION_TEMPLATE, "listener", id, node);
        return true;
    }
    finding_add(
        draft->findings, BPMN_ERROR, "unsupported-extension", id, node,
        "Expected <%.60s> to have an expression, a script in JavaScript, or synergyflow:topic "
        "for a module's handler%s%.60s%s.",
        xml_name(node), format != NULL ? ", but found '" : "", format != NULL ? format : "",
        format != NULL ? "'" : "");
    return false;
}

/* A task that is deleted may be one of thousands that go at once, with nobody to wait for. */
static void refuse_delete(struct draft *draft, const xmlNode *node, const char *id, bool is_all)
{
    if (!is_all)
        finding_add(draft->findings, BPMN_ERROR, "listener-topic", id, node,
                    "Expected no synergyflow:topic on a listener to 'delete', which no module can "
                    "be called for: listen to 'complete', or use a boundary event.");
}

/* Which of an element's events a module's handler can be called for. */
void check_listeners(struct draft *draft, const struct draft_element *draft_element)
{
    const struct bpmn_element *element = &draft_element->element;
    bool ends_all = element->type == BPMN_EVENT_BASED_GATEWAY ||
                    bpmn_element_event(element, BPMN_EVENT_ERROR) != NULL ||
                    bpmn_element_event(element, BPMN_EVENT_TERMINATE) != NULL ||
                    bpmn_element_event(element, BPMN_EVENT_CANCEL) != NULL;

    if (element->type != BPMN_END_EVENT && element->type != BPMN_EVENT_BASED_GATEWAY)
        return;
    for (uint32_t i = 0; i < element->listeners.count; i++) {
        if (ends_all && element->listeners.items[i].topic != NULL &&
            element->listeners.items[i].event == BPMN_LISTEN_END)
            finding_add(draft->findings, BPMN_ERROR, "listener-topic", element->id,
                        draft_element->node,
                        "Expected no synergyflow:topic on a listener to the end of this element, "
                        "which what it does ends as well: listen to its start.");
    }
}

static void add_listener(struct draft *draft, const xmlNode *node, bool is_task, const char *id,
                         struct bpmn_listener *items, uint32_t *count)
{
    const char *event = xml_attribute(draft->arena, node, "event");
    struct bpmn_listener listener = {0};
    bool is_known = false;
    bool is_all;

    if (event == NULL || event[0] == '\0')
        event = is_task                                        ? "create"
                : xml_is(node->parent->parent, "sequenceFlow") ? "take"
                                                               : "start";
    if (!read_work(draft, node, id, &listener))
        return;
    is_all = is_task && strcmp(event, "all") == 0;
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        if (events[i].is_task != is_task || (strcmp(event, events[i].name) != 0 && !is_all))
            continue;
        listener.event = events[i].event;
        if (listener.topic != NULL && listener.event == BPMN_LISTEN_DELETE) {
            refuse_delete(draft, node, id, is_all);
            return;
        }
        items[(*count)++] = listener;
        is_known = true;
    }
    if (!is_known)
        finding_add(draft->findings, BPMN_ERROR, "listener-event", id, node,
                    "Expected the event of a listener to be %s but found '%.60s'.",
                    is_task ? "create, assignment, complete, delete or all" : "start, end or take",
                    event);
}

void read_listeners(struct draft *draft, const xmlNode *parent, const char *id,
                    struct bpmn_listeners *ret_listeners)
{
    static const char *const names[] = {"executionListener", "taskListener"};
    struct bpmn_listener *items;
    uint32_t count = 0;

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        for (const xmlNode *node = extension_child(parent, names[i]); node != NULL;
             node = extension_next(xml_next(node), names[i]))
            count++;
    }
    if (count == 0)
        return;
    /* "all" is every event of a task. */
    items = arena_array(draft->arena, (size_t)count * COUNT_OF(events), sizeof(*items));
    count = 0;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        for (const xmlNode *node = extension_child(parent, names[i]); node != NULL;
             node = extension_next(xml_next(node), names[i]))
            add_listener(draft, node, i == 1, id, items, &count);
    }
    *ret_listeners = (struct bpmn_listeners){items, count};
}
