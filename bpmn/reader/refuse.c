/* Elements that the model has no place for: refused with what to do instead. */
#include "bpmn/reader/draft.h"

#include <string.h>

void refuse_element(struct draft *draft, const xmlNode *node, const struct element_row *row,
                    const char *shown_id)
{
    const char *id = xml_attribute(draft->arena, node, "id");
    struct named *named;

    if (row == NULL)
        finding_add(draft->findings, BPMN_ERROR, "unknown-element", shown_id, node,
                    "Expected an element of BPMN 2.0 but found <%.60s>.", xml_name(node));
    else if (row->handling == ELEMENT_REFUSED)
        finding_add(draft->findings, BPMN_ERROR, "unsupported-element", shown_id, node,
                    "<%s> is not supported. %s", row->name, row->note);
    else
        finding_add(draft->findings, BPMN_ERROR, "misplaced-element", shown_id, node,
                    "Expected no <%s> inside <%.60s>: BPMN 2.0 does not allow it there.", row->name,
                    xml_name(node->parent));
    if (id != NULL && name_find(*draft->names, id) == NULL && name_add(draft, id, node, &named))
        named->is_refused = true;
}

/* Data associations draw; with a transformation or an assignment they would also compute. */
static void check_data(struct draft *draft, const xmlNode *node, const char *id)
{
    static const char *const computing[] = {"assignment", "transformation"};

    for (size_t i = 0; i < COUNT_OF(computing); i++) {
        const xmlNode *child = xml_child(node, computing[i]);

        if (child != NULL)
            finding_add(draft->findings, BPMN_ERROR, "unsupported-element", id, child,
                        "<%s> is not supported in a data association. Set the variable with a "
                        "script task.",
                        computing[i]);
    }
}

/* Roles that BPMN leaves open: a designer may think that they assign somebody. */
static void check_role(struct draft *draft, const xmlNode *node, const char *id)
{
    if (xml_is(node, "performer") || xml_is(node, "resourceRole"))
        finding_add(draft->findings, BPMN_WARNING, "role-without-effect", id, node,
                    "This <%s> assigns nobody: use <humanPerformer> or <potentialOwner>.",
                    xml_name(node));
}

void check_documentation(struct draft *draft, const xmlNode *node, const char *id)
{
    check_data(draft, node, id);
    check_role(draft, node, id);
}

/* Which elements may be read as a part of this one. */
static bool belongs(const xmlNode *child, const xmlNode *parent)
{
    static const struct {
        const char *child;
        const char *parent;
    } places[] = {
        {"script", "scriptTask"}, {"potentialOwner", "userTask"}, {"humanPerformer", "userTask"}};
    static const char event[] = "Event";
    size_t length = strlen(xml_name(parent));

    if (xml_is(child, "documentation") || xml_is(child, "extensionElements") ||
        xml_is(child, "incoming") || xml_is(child, "outgoing"))
        return true;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        if (xml_is(child, places[i].child))
            return xml_is(parent, places[i].parent);
    }
    return strstr(xml_name(child), "EventDefinition") != NULL && length > sizeof(event) - 1 &&
           strcmp(xml_name(parent) + length - (sizeof(event) - 1), event) == 0;
}

void check_children(struct draft *draft, const struct draft_element *draft_element)
{
    const char *id = draft_element->element.id;
    const xmlNode *child = xml_children(draft_element->node);

    for (; child != NULL; child = xml_next(child)) {
        const struct element_row *row;

        /* read_event() speaks of references to definitions. */
        if (!xml_is_bpmn(child) || xml_is(child, "eventDefinitionRef"))
            continue;
        row = element_row(xml_name(child));
        if (row == NULL || row->handling == ELEMENT_REFUSED ||
            (row->handling != ELEMENT_DOCUMENTATION && !belongs(child, draft_element->node)))
            refuse_element(draft, child, row, id);
        check_documentation(draft, child, id);
    }
    extension_check(draft, draft_element->node, id);
}
