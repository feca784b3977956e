/* Attributes and elements of the dialects: flowable, activiti and camunda mean the same; ours come
 * from http://synergyflow.org/bpmn. */
#include "bpmn/reader/draft.h"

#include <string.h>

static const char own_namespace[] = "http://synergyflow.org/bpmn";

static const char *const dialects[] = {
    "http://flowable.org/bpmn",
    "http://activiti.org/bpmn",
    "http://camunda.org/schema/1.0/bpmn",
};

const char *extension_attribute(struct arena *arena, const xmlNode *node, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < COUNT_OF(dialects) && value == NULL; i++)
        value = xml_attribute_ns(arena, node, dialects[i], name);
    return value;
}

const char *own_attribute(struct arena *arena, const xmlNode *node, const char *name)
{
    return xml_attribute_ns(arena, node, own_namespace, name);
}

static bool is_dialect(const xmlNode *node)
{
    for (size_t i = 0; i < COUNT_OF(dialects); i++) {
        if (node->ns != NULL && strcmp((const char *)node->ns->href, dialects[i]) == 0)
            return true;
    }
    return false;
}

/* Known elements that would change what happens; the others are kept by the file and ignored. */
static const char *const refused[] = {
    "executionListener", "taskListener", "eventListener", "inputOutput", "in", "out", "field",
    "mapException",      "connector"};

void extension_check(struct draft *draft, const xmlNode *node, const char *id)
{
    const xmlNode *extensions = xml_child(node, "extensionElements");
    const xmlNode *child = extensions != NULL ? xml_children(extensions) : NULL;
    static const char *const asynchronous[] = {"async", "asyncBefore", "asyncAfter", "asyncLeave"};

    for (; child != NULL; child = xml_next(child)) {
        for (size_t i = 0; i < COUNT_OF(refused) && is_dialect(child); i++) {
            if (strcmp(xml_name(child), refused[i]) == 0)
                finding_add(draft->findings, BPMN_ERROR, "unsupported-extension", id, child,
                            "Expected no <%s> here: it is not executed. Use service tasks with a "
                            "topic, and variables.",
                            refused[i]);
        }
    }
    for (size_t i = 0; i < COUNT_OF(asynchronous); i++) {
        const char *value = extension_attribute(draft->arena, node, asynchronous[i]);

        if (value != NULL && strcmp(value, "true") == 0)
            finding_add(draft->findings, BPMN_WARNING, "synchronous", id, node,
                        "The attribute %s=\"true\" has no effect: the activity runs in the "
                        "transaction that reaches it.",
                        asynchronous[i]);
    }
}

const struct expression *draft_expression(struct draft *draft, const char *text,
                                          enum expression_mode mode, const char *what,
                                          const char *id, const xmlNode *node)
{
    const struct expression *expression = NULL;
    struct error error = {0};

    if (text == NULL)
        return NULL;
    if (expression_parse(draft->arena, text, mode, &expression, &error) == STATUS_OK)
        return expression;
    finding_add(draft->findings, BPMN_ERROR, "expression-syntax", id, node, "%s '%.200s': %s", what,
                text, error.message);
    return NULL;
}
