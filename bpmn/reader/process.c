/* The flow elements of a process and of its sub-processes: which there are and where. What each
 * of them says is read afterwards (details.c). */
#include "bpmn/reader/draft.h"

#include <string.h>

/* `items` with room for one more. */
#define ROOM(draft, items, count, capacity)                                                   \
    do {                                                                                      \
        if ((draft)->count == (draft)->capacity) {                                            \
            uint32_t more = (draft)->capacity > 0 ? 2 * (draft)->capacity : 32;               \
            (draft)->items = arena_grow((draft)->arena, (draft)->items, (draft)->count, more, \
                                        sizeof(*(draft)->items));                             \
            (draft)->capacity = more;                                                         \
        }                                                                                     \
    } while (0)

static bool too_many(struct draft *draft, const xmlNode *node)
{
    uint32_t *count = &draft->file->count;

    if (*count < BPMN_ELEMENTS_MAX) {
        ++*count;
        return false;
    }
    /* Said once: from then on the count stands past the limit. */
    if (*count == BPMN_ELEMENTS_MAX) {
        ++*count;
        finding_add(draft->findings, BPMN_ERROR, "too-many-elements", "", node,
                    "Expected at most %d elements and flows in a file but found more.",
                    BPMN_ELEMENTS_MAX);
    }
    return true;
}

/* An element's entry among the names, or a finding and NULL. */
static struct named *read_id(struct draft *draft, const xmlNode *node)
{
    const char *id = xml_attribute(draft->arena, node, "id");
    struct named *named;

    if (id == NULL || id[0] == '\0' || strlen(id) >= ERROR_ELEMENT_MAX) {
        finding_add(draft->findings, BPMN_ERROR, "id-missing", id, node,
                    "Expected <%s> to have an id of 1 to %d characters.", xml_name(node),
                    ERROR_ELEMENT_MAX - 1);
        draft->has_refused = true;
        return NULL;
    }
    named = name_find(*draft->names, id);
    /* Taken by another element: names.c has said so. */
    if (named == NULL || named->node != node) {
        draft->has_refused = true;
        return NULL;
    }
    return too_many(draft, node) ? NULL : named;
}

static void read_flow(struct draft *draft, const xmlNode *node, uint32_t scope)
{
    struct named *named = read_id(draft, node);
    struct draft_flow *draft_flow;

    if (named == NULL)
        return;
    ROOM(draft, flows, flow_count, flow_capacity);
    draft_flow = &draft->flows[draft->flow_count];
    draft_flow->flow.index = draft->flow_count++;
    named->is_flow = true;
    named->process = draft->process;
    named->index = draft_flow->flow.index;
    draft_flow->node = node;
    draft_flow->scope = scope;
    draft_flow->flow.id = named->id;
    draft_flow->flow.name = xml_attribute(draft->arena, node, "name");
    draft_flow->flow.line = xml_line(node);
    draft_flow->flow.column = xml_column(node);
    draft_flow->source_ref = name_local(xml_attribute(draft->arena, node, "sourceRef"));
    draft_flow->target_ref = name_local(xml_attribute(draft->arena, node, "targetRef"));
    draft_flow->has_condition = xml_child(node, "conditionExpression") != NULL;
}

static void read_association(struct draft *draft, const xmlNode *node)
{
    struct draft_association *association;

    ROOM(draft, associations, association_count, association_capacity);
    association = &draft->associations[draft->association_count++];
    association->source_ref = name_local(xml_attribute(draft->arena, node, "sourceRef"));
    association->target_ref = name_local(xml_attribute(draft->arena, node, "targetRef"));
    association->node = node;
}

static void read_container(struct draft *draft, const xmlNode *container, uint32_t scope);

static void start_element(struct draft *draft, struct draft_element *draft_element,
                          const struct named *named, enum bpmn_element_type type, uint32_t scope)
{
    struct bpmn_element *element = &draft_element->element;
    const xmlNode *node = named->node;
    const xmlNode *documentation = xml_child(node, "documentation");

    draft_element->node = node;
    draft_element->details = node;
    draft_element->default_ref = name_local(xml_attribute(draft->arena, node, "default"));
    element->type = type;
    element->id = named->id;
    element->name = xml_attribute(draft->arena, node, "name");
    element->documentation = documentation != NULL ? xml_text(draft->arena, documentation) : NULL;
    element->line = xml_line(node);
    element->column = xml_column(node);
    element->scope = scope;
    element->default_flow = BPMN_NONE;
    element->attached_to = BPMN_NONE;
    element->link_target = BPMN_NONE;
    element->compensation_boundary = BPMN_NONE;
    element->compensation_handler = BPMN_NONE;
    element->start_quantity = 1;
    element->completion_quantity = 1;
    element->loop.maximum = -1;
    if (type == BPMN_SUB_PROCESS && xml_is_true(draft->arena, node, "triggeredByEvent", false))
        element->type = BPMN_EVENT_SUB_PROCESS;
    if (type == BPMN_CALL_ACTIVITY &&
        find_global_task(draft, node, &draft_element->details, &element->type))
        element->global_task = xml_attribute(draft->arena, draft_element->details, "id");
}

static void read_element(struct draft *draft, const xmlNode *node, enum bpmn_element_type type,
                         uint32_t scope)
{
    struct named *named = read_id(draft, node);
    struct draft_element *draft_element;
    uint32_t index;

    if (named == NULL)
        return;
    ROOM(draft, elements, element_count, element_capacity);
    index = draft->element_count++;
    draft_element = &draft->elements[index];
    draft_element->element.index = index;
    named->is_element = true;
    named->process = draft->process;
    named->index = index;
    start_element(draft, draft_element, named, type, scope);
    /* The array may move while the inside is read. */
    if (bpmn_is_sub_process(type))
        read_container(draft, node, index);
}

/* Children that are read elsewhere, as parts of the container. */
static bool is_part_of_container(const xmlNode *node)
{
    static const char *const parts[] = {
        "sequenceFlow",
        "documentation",
        "extensionElements",
        "incoming",
        "outgoing",
        "potentialOwner",
        "humanPerformer",
        "property",
        "dataObject",
        "dataObjectReference",
        "ioSpecification",
        "dataInputAssociation",
        "dataOutputAssociation",
        "multiInstanceLoopCharacteristics",
        "standardLoopCharacteristics",
        "completionCondition",
        "correlationSubscription",
        "association",
    };

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (xml_is(node, parts[i]))
            return true;
    }
    return false;
}

static void read_child(struct draft *draft, const xmlNode *node, const char *container_id,
                       uint32_t scope)
{
    const struct element_row *row = element_row(xml_name(node));
    const char *id = xml_attribute(draft->arena, node, "id");

    if (row != NULL && row->handling == ELEMENT_EXECUTED) {
        read_element(draft, node, row->type, scope);
    } else if (xml_is(node, "sequenceFlow")) {
        read_flow(draft, node, scope);
    } else if (xml_is(node, "association")) {
        read_association(draft, node);
    } else if (xml_is(node, "dataObject") || xml_is(node, "property")) {
        read_data(draft, node, scope);
    } else if (row != NULL && row->handling == ELEMENT_DOCUMENTATION) {
        check_documentation(draft, node, id != NULL ? id : container_id);
        extension_check(draft, node, id != NULL ? id : container_id);
    } else if (row == NULL || row->handling == ELEMENT_REFUSED || !is_part_of_container(node)) {
        draft->has_refused = true;
        refuse_element(draft, node, row, id != NULL ? id : container_id);
    }
}

/* As deep as XML may be nested: BPMN_DEPTH_MAX. */
static void read_container(struct draft *draft, const xmlNode *container, uint32_t scope)
{
    const char *container_id = xml_attribute(draft->arena, container, "id");

    for (const xmlNode *node = xml_children(container); node != NULL; node = xml_next(node)) {
        if (xml_is_bpmn(node))
            read_child(draft, node, container_id, scope);
    }
}

void read_process(struct draft *draft)
{
    read_container(draft, draft->node, BPMN_NONE);
}
