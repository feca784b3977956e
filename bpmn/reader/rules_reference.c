/* Rules on references that nothing else in the reader follows: associations, data, pools, services,
 * and the repetitions of what sequence flows say. */
#include "bpmn/reader/draft.h"

#include <string.h>

enum { KINDS_MAX = 4 };

/* Attributes, and the kinds of elements that they may name; no kind: any. */
static const struct {
    const char *element;
    const char *attribute;
    const char *kinds[KINDS_MAX];
} attributes[] = {
    {"association", "sourceRef", {NULL}},
    {"association", "targetRef", {NULL}},
    {"participant", "processRef", {"process"}},
    {"dataObjectReference", "dataObjectRef", {"dataObject"}},
    {"dataStoreReference", "dataStoreRef", {"dataStore"}},
    {"serviceTask", "operationRef", {"operation"}},
    {"sendTask", "operationRef", {"operation"}},
    {"receiveTask", "operationRef", {"operation"}},
    {"messageFlow", "messageRef", {"message"}},
    {"correlationSubscription", "correlationKeyRef", {"correlationKey"}},
};

/* The same for elements that hold a reference as text. */
static const struct {
    const char *element;
    const char *kinds[KINDS_MAX];
} texts[] = {
    {"inMessageRef", {"message"}},       {"outMessageRef", {"message"}},
    {"operationRef", {"operation"}},     {"correlationPropertyRef", {"correlationProperty"}},
    {"participantRef", {"participant"}},
};

static bool is_of_kind(const xmlNode *node, const char *const kinds[KINDS_MAX])
{
    for (size_t i = 0; i < KINDS_MAX && kinds[i] != NULL; i++) {
        if (xml_is(node, kinds[i]))
            return true;
    }
    return kinds[0] == NULL;
}

/* A prefix may be that of another file, which an <import> brings in. */
static bool is_foreign(const struct draft *draft, const char *reference)
{
    return strchr(reference, ':') != NULL && xml_child(draft->file->root, "import") != NULL;
}

static const char *shown_id(struct draft *draft, const xmlNode *node)
{
    const char *id = NULL;

    for (; id == NULL && node != NULL && node->type == XML_ELEMENT_NODE; node = node->parent)
        id = xml_attribute(draft->arena, node, "id");
    return id;
}

static void check(struct draft *draft, const xmlNode *node, const char *what, const char *reference,
                  const char *const kinds[KINDS_MAX])
{
    const struct named *named = name_refer(draft, reference);

    if (named == NULL && !is_foreign(draft, reference))
        finding_add(draft->findings, BPMN_ERROR, "reference", shown_id(draft, node), node,
                    "Expected %s to name a <%s> of the file but '%.100s' names nothing.", what,
                    kinds[0] != NULL ? kinds[0] : "flow element or artifact", reference);
    else if (named != NULL && !is_of_kind(named->node, kinds))
        finding_add(draft->findings, BPMN_ERROR, "reference", shown_id(draft, node), node,
                    "Expected %s to name a <%s> of the file but '%.100s' is a <%.60s>.", what,
                    kinds[0], reference, xml_name(named->node));
}

static void check_attributes(struct draft *draft, const xmlNode *node)
{
    for (size_t i = 0; i < COUNT_OF(attributes); i++) {
        const char *reference;

        if (!xml_is(node, attributes[i].element))
            continue;
        reference = xml_attribute(draft->arena, node, attributes[i].attribute);
        if (reference != NULL && reference[0] != '\0')
            check(draft, node, attributes[i].attribute, reference, attributes[i].kinds);
    }
}

static void check_text(struct draft *draft, const xmlNode *node)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *reference;

        if (!xml_is(node, texts[i].element))
            continue;
        reference = xml_text(draft->arena, node);
        if (reference != NULL)
            check(draft, node, texts[i].element, reference, texts[i].kinds);
    }
}

/* What a tool repeats: the flows count by their own ends, lanes not at all. */
static void check_repetition(struct draft *draft, const xmlNode *node)
{
    const char *end = xml_is(node, "incoming")   ? "targetRef"
                      : xml_is(node, "outgoing") ? "sourceRef"
                                                 : NULL;
    const char *reference;
    const char *owner;
    const struct named *named;

    if (end == NULL && !xml_is(node, "flowNodeRef"))
        return;
    reference = xml_text(draft->arena, node);
    named = name_refer(draft, reference);
    owner = end != NULL ? xml_attribute(draft->arena, node->parent, "id") : NULL;
    if (named != NULL && named->is_refused)
        return;
    if (named == NULL || (end != NULL && (owner == NULL || !xml_is(named->node, "sequenceFlow"))))
        finding_add(draft->findings, BPMN_WARNING, "stale-reference", shown_id(draft, node), node,
                    "This <%s> names no %s: '%.100s'.", xml_name(node),
                    end != NULL ? "sequence flow" : "element", reference != NULL ? reference : "");
    else if (end != NULL) {
        const char *there = name_local(xml_attribute(draft->arena, named->node, end));

        if (there == NULL || strcmp(there, owner) != 0)
            finding_add(draft->findings, BPMN_WARNING, "stale-reference", owner, node,
                        "This <%s> names the flow '%.100s', whose %s is another element.",
                        xml_name(node), reference, end);
    }
}

/* Processes check themselves: what is wrong with a drawing is nobody's concern. */
static const xmlNode *next_checked(const xmlNode *root, const xmlNode *node)
{
    while (node != root && xml_is(node, "process") && xml_next(node) != NULL) {
        node = xml_next(node);
        if (!xml_is(node, "process"))
            return node;
    }
    if (node != root && xml_is(node, "process"))
        return NULL;
    return xml_following(root, node);
}

void check_references(struct draft *draft, const xmlNode *root)
{
    for (const xmlNode *node = root; node != NULL; node = next_checked(root, node)) {
        if (!xml_is_bpmn(node) || (node != root && xml_is(node, "process")))
            continue;
        check_attributes(draft, node);
        check_text(draft, node);
        check_repetition(draft, node);
    }
}
