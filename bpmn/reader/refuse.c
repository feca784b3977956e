/* Elements that the model has no place for: refused with what to do instead. */
#include "bpmn/reader/draft.h"

#include <string.h>

void refuse_element(struct draft *draft, const xmlNode *node, const struct element_row *row,
                    const char *shown_id)
{
    struct named *named = name_find(*draft->names, xml_attribute(draft->arena, node, "id"));

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
    if (named != NULL && named->node == node && !draft->is_ignored)
        named->is_refused = true;
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
    check_role(draft, node, id);
}

enum parent { OF_ANY, OF_ACTIVITY, OF_EVENT, OF_DATA, OF_ONE };

/* Where parts of flow elements belong. */
static const struct {
    const char *child;
    enum parent parent;
    const char *name; /* OF_ONE */
} places[] = {
    {"documentation", OF_ANY, NULL},
    {"extensionElements", OF_ANY, NULL},
    {"incoming", OF_ANY, NULL},
    {"outgoing", OF_ANY, NULL},
    {"property", OF_DATA, NULL},
    {"ioSpecification", OF_ACTIVITY, NULL},
    {"dataInputAssociation", OF_DATA, NULL},
    {"dataOutputAssociation", OF_DATA, NULL},
    {"dataInput", OF_EVENT, NULL},
    {"dataOutput", OF_EVENT, NULL},
    {"potentialOwner", OF_ACTIVITY, NULL},
    {"humanPerformer", OF_ACTIVITY, NULL},
    {"multiInstanceLoopCharacteristics", OF_ACTIVITY, NULL},
    {"standardLoopCharacteristics", OF_ACTIVITY, NULL},
    {"eventDefinitionRef", OF_EVENT, NULL},
    {"script", OF_ONE, "scriptTask"},
    {"activationCondition", OF_ONE, "complexGateway"},
};

static bool is_activity_node(const xmlNode *node)
{
    const struct element_row *row = element_row(xml_name(node));

    return row != NULL && row->handling == ELEMENT_EXECUTED && bpmn_is_activity(row->type);
}

static bool is_event_node(const xmlNode *node)
{
    const struct element_row *row = element_row(xml_name(node));

    return row != NULL && row->handling == ELEMENT_EXECUTED && bpmn_is_event(row->type);
}

/* Which elements may be read as a part of this one. */
static bool belongs(const xmlNode *child, const xmlNode *parent)
{
    if (is_definition(child))
        return is_event_node(parent);
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        if (!xml_is(child, places[i].child))
            continue;
        switch (places[i].parent) {
        case OF_ANY:
            return true;
        case OF_ACTIVITY:
            return is_activity_node(parent);
        case OF_EVENT:
            return is_event_node(parent);
        case OF_DATA:
            return is_activity_node(parent) || is_event_node(parent);
        case OF_ONE:
            return xml_is(parent, places[i].name);
        }
    }
    return false;
}

void check_children(struct draft *draft, const struct draft_element *draft_element)
{
    const char *id = draft_element->element.id;
    const xmlNode *child = xml_children(draft_element->node);

    for (; child != NULL; child = xml_next(child)) {
        const struct element_row *row;

        if (!xml_is_bpmn(child))
            continue;
        row = element_row(xml_name(child));
        if (row == NULL || row->handling == ELEMENT_REFUSED ||
            (row->handling != ELEMENT_DOCUMENTATION && !belongs(child, draft_element->node)))
            refuse_element(draft, child, row, id);
        check_documentation(draft, child, id);
    }
    extension_check(draft, draft_element->node, id);
}
