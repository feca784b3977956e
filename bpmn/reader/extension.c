/* Attributes and elements of the dialects: flowable, activiti and camunda mean the same; ours come
 * from a namespace of our own. What becomes of each is in extension_table.c. */
#include "bpmn/reader/draft.h"

#include <string.h>

static const char *const own_namespaces[] = {"http://synergyflow.org/bpmn"};

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
    return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *own_attribute(struct arena *arena, const xmlNode *node, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < COUNT_OF(own_namespaces) && value == NULL; i++)
        value = xml_attribute_ns(arena, node, own_namespaces[i], name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool is_among(const xmlNs *namespace, const char *const *uris, size_t count)
{
    for (size_t i = 0; i < count && namespace != NULL; i++) {
        if (strcmp((const char *)namespace->href, uris[i]) == 0)
            return true;
    }
    return false;
}

static void check_attribute(struct draft *draft, const xmlNode *node, const xmlAttr *attribute,
                            const char *id)
{
    const char *name = (const char *)attribute->name;
    const struct extension_row *row = extension_row(EXTENSION_ATTRIBUTE, name);
    const char *value =
        xml_attribute_ns(draft->arena, node, (const char *)attribute->ns->href, name);

    if (row == NULL)
        finding_add(draft->findings, BPMN_WARNING, "unknown-attribute", id, node,
                    "The attribute %.60s is not known here and has no effect.", name);
    else if (value == NULL || value[0] == '\0' || strcmp(value, "false") == 0)
        return;
    else if (row->handling == EXTENSION_WITHOUT_EFFECT)
        finding_add(draft->findings, BPMN_WARNING, "attribute-without-effect", id, node,
                    "The attribute %s is not supported yet and has no effect. %s", name, row->note);
    else if (row->handling == EXTENSION_REFUSED)
        finding_add(draft->findings, BPMN_ERROR, "unsupported-attribute", id, node,
                    "The attribute %s is not supported. %s", name, row->note);
}

/* Attributes of BPMN itself that would change what happens. */
static void check_standard(struct draft *draft, const xmlNode *node, const char *id)
{
    static const char *const quantities[] = {"startQuantity", "completionQuantity"};

    if (xml_is_true(draft->arena, node, "isForCompensation", false))
        finding_add(draft->findings, BPMN_ERROR, "unsupported-attribute", id, node,
                    "Compensation is not supported. Draw the undoing steps behind an error "
                    "boundary event.");
    for (size_t i = 0; i < COUNT_OF(quantities); i++) {
        const char *value = xml_attribute(draft->arena, node, quantities[i]);

        if (value != NULL && strcmp(value, "1") != 0)
            finding_add(draft->findings, BPMN_ERROR, "unsupported-attribute", id, node,
                        "Expected %s to be 1 but found '%.60s': other quantities are not "
                        "supported.",
                        quantities[i], value);
    }
}

void extension_check(struct draft *draft, const xmlNode *node, const char *id)
{
    const xmlNode *extensions = xml_child(node, "extensionElements");
    const xmlNode *child = extensions != NULL ? xml_children(extensions) : NULL;

    for (; child != NULL; child = xml_next(child)) {
        const struct extension_row *row = is_among(child->ns, dialects, COUNT_OF(dialects))
                                              ? extension_row(EXTENSION_ELEMENT, xml_name(child))
                                              : NULL;

        if (row != NULL)
            finding_add(draft->findings, BPMN_ERROR, "unsupported-extension", id, child,
                        "The extension element <%s> is not supported. %s", row->name, row->note);
    }
    for (const xmlAttr *attribute = node->properties; attribute != NULL;
         attribute = attribute->next) {
        if (is_among(attribute->ns, dialects, COUNT_OF(dialects)))
            check_attribute(draft, node, attribute, id);
        else if (is_among(attribute->ns, own_namespaces, COUNT_OF(own_namespaces)) &&
                 !(strcmp((const char *)attribute->name, "topic") == 0 &&
                   xml_is(node, "serviceTask")))
            finding_add(draft->findings, BPMN_ERROR, "unsupported-attribute", id, node,
                        "Expected no synergyflow:%.60s here: only service tasks have "
                        "synergyflow:topic.",
                        (const char *)attribute->name);
    }
    check_standard(draft, node, id);
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
    finding_add(draft->findings, BPMN_ERROR, "expression-syntax", id, node, "In the %s: %s", what,
                error.message);
    return NULL;
}
