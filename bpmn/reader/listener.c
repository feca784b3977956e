/* Execution and task listeners: expressions, or scripts. */
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
    const xmlNode *script = extension_next(xml_children(node), "script");
    const char *format = NULL;

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
    finding_add(draft->findings, BPMN_ERROR, "unsupported-extension", id, node,
                "Expected <%.60s> to have an expression, or a script in JavaScript%s%.60s%s. For a "
                "module's handler use a service task with synergyflow:topic where the listener "
                "would run.",
                xml_name(node), format != NULL ? ", but found '" : "", format != NULL ? format : "",
                format != NULL ? "'" : "");
    return false;
}

static void add_listener(struct draft *draft, const xmlNode *node, bool is_task, const char *id,
                         struct bpmn_listener *items, uint32_t *count)
{
    const char *event = xml_attribute(draft->arena, node, "event");
    struct bpmn_listener listener = {0};
    bool is_known = false;

    if (event == NULL || event[0] == '\0')
        event = is_task                                        ? "create"
                : xml_is(node->parent->parent, "sequenceFlow") ? "take"
                                                               : "start";
    if (!read_work(draft, node, id, &listener))
        return;
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        if (events[i].is_task != is_task ||
            (strcmp(event, events[i].name) != 0 && !(is_task && strcmp(event, "all") == 0)))
            continue;
        listener.event = events[i].event;
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
