/* Attributes and elements of the dialects: flowable, activiti and camunda mean the same; ours come
 * from a namespace of our own. What becomes of each is in extension_table.c. */
#include "bpmn/reader/draft.h"

#include <string.h>
#include <strings.h>

static const char own_namespace[] = "http://synergyflow.org/bpmn";

static const char *const dialects[] = {
    own_namespace,
    "http://flowable.org/bpmn",
    "http://activiti.org/bpmn",
    "http://camunda.org/schema/1.0/bpmn",
};

const char *extension_attribute(struct arena *arena, const xmlNode *node, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < COUNT_OF(dialects) && value == NULL && node->properties != NULL; i++)
        value = xml_attribute_ns(arena, node, dialects[i], name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *own_attribute(struct arena *arena, const xmlNode *node, const char *name)
{
    const char *value = xml_attribute_ns(arena, node, own_namespace, name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

bool extension_is_true(struct arena *arena, const xmlNode *node, const char *name, bool when_absent)
{
    const char *value = extension_attribute(arena, node, name);

    return value == NULL ? when_absent : strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
}

static bool is_among(const xmlNs *namespace, const char *const *uris, size_t count)
{
    for (size_t i = 0; i < count && namespace != NULL; i++) {
        if (strcmp((const char *)namespace->href, uris[i]) == 0)
            return true;
    }
    return false;
}

static bool is_flow_element(const xmlNode *node, bool wants_activity)
{
    const struct element_row *row = element_row(xml_name(node));

    return row != NULL && row->handling == ELEMENT_EXECUTED &&
           (!wants_activity || bpmn_is_activity(row->type));
}

/* One word of a row's places: "any" flow element, the "activities", or an element's name. The
 * attributes of a task are those of a global task of its kind too. */
static bool is_place(const xmlNode *node, const char *word, size_t length)
{
    static const char global[] = "global";
    const char *name = xml_name(node);

    if (length == 3 && strncmp(word, "any", length) == 0)
        return is_flow_element(node, false);
    if (length == 10 && strncmp(word, "activities", length) == 0)
        return is_flow_element(node, true);
    if (strncmp(name, global, sizeof(global) - 1) == 0)
        return strncasecmp(name + sizeof(global) - 1, word, length) == 0 &&
               name[sizeof(global) - 1 + length] == '\0';
    return strncmp(name, word, length) == 0 && name[length] == '\0';
}

static bool is_among_places(const xmlNode *node, const char *places)
{
    while (*places != '\0') {
        size_t length = strcspn(places, ", ;");

        if (length > 0 && is_place(node, places, length))
            return true;
        places += length;
        places += strspn(places, ", ;");
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
    else if (row->handling == EXTENSION_READ && !is_among_places(node, row->where))
        finding_add(draft->findings, BPMN_WARNING, "attribute-without-effect", id, node,
                    "The attribute %s has no effect on <%.60s>, only on %s.", name, xml_name(node),
                    row->where);
    else if (row->handling == EXTENSION_WITHOUT_EFFECT)
        finding_add(draft->findings, BPMN_WARNING, "attribute-without-effect", id, node,
                    "The attribute %s has no effect. %s", name, row->note);
    else if (row->handling == EXTENSION_REFUSED)
        finding_add(draft->findings, BPMN_ERROR, "unsupported-attribute", id, node,
                    "The attribute %s is not supported. %s", name, row->note);
}

static bool is_dialect(const xmlNode *node)
{
    return is_among(node->ns, dialects, COUNT_OF(dialects));
}

const xmlNode *extension_next(const xmlNode *node, const char *name)
{
    for (node = xml_element(node); node != NULL; node = xml_next(node)) {
        if (is_dialect(node) && strcmp(xml_name(node), name) == 0)
            return node;
    }
    return NULL;
}

const xmlNode *extension_child(const xmlNode *parent, const char *name)
{
    const xmlNode *extensions = xml_child(parent, "extensionElements");

    return extensions != NULL ? extension_next(xml_children(extensions), name) : NULL;
}

void extension_check(struct draft *draft, const xmlNode *node, const char *id)
{
    const xmlNode *extensions = xml_child(node, "extensionElements");
    const xmlNode *child = extensions != NULL ? xml_children(extensions) : NULL;

    for (; child != NULL; child = xml_next(child)) {
        const struct extension_row *row =
            is_dialect(child) ? extension_row(EXTENSION_ELEMENT, xml_name(child)) : NULL;

        if (row != NULL && row->handling == EXTENSION_REFUSED)
            finding_add(draft->findings, BPMN_ERROR, "unsupported-extension", id, child,
                        "The extension element <%s> is not supported. %s", row->name, row->note);
        else if (row != NULL && row->handling == EXTENSION_WITHOUT_EFFECT)
            finding_add(draft->findings, BPMN_WARNING, "attribute-without-effect", id, child,
                        "The extension element <%s> has no effect. %s", row->name, row->note);
    }
    for (const xmlAttr *attribute = node->properties; attribute != NULL;
         attribute = attribute->next) {
        if (is_among(attribute->ns, dialects, COUNT_OF(dialects)))
            check_attribute(draft, node, attribute, id);
    }
}
