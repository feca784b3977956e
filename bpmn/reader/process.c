/* The flow elements of a process and of its sub-processes. */
#include "bpmn/reader/draft.h"

#include <string.h>
#include <strings.h>

static struct draft_element *add_element(struct draft *draft)
{
    struct draft_element *draft_element;

    if (draft->element_count == draft->element_capacity) {
        uint32_t capacity = draft->element_capacity > 0 ? 2 * draft->element_capacity : 32;

        draft->elements = arena_grow(draft->arena, draft->elements, draft->element_count, capacity,
                                     sizeof(*draft->elements));
        draft->element_capacity = capacity;
    }
    draft_element = &draft->elements[draft->element_count];
    draft_element->element.index = draft->element_count++;
    return draft_element;
}

static struct draft_flow *add_flow(struct draft *draft)
{
    struct draft_flow *draft_flow;

    if (draft->flow_count == draft->flow_capacity) {
        uint32_t capacity = draft->flow_capacity > 0 ? 2 * draft->flow_capacity : 32;

        draft->flows = arena_grow(draft->arena, draft->flows, draft->flow_count, capacity,
                                  sizeof(*draft->flows));
        draft->flow_capacity = capacity;
    }
    draft_flow = &draft->flows[draft->flow_count];
    draft_flow->flow.index = draft->flow_count++;
    return draft_flow;
}

static bool too_many(struct draft *draft, const xmlNode *node)
{
    if (*draft->file_count < BPMN_ELEMENTS_MAX) {
        ++*draft->file_count;
        return false;
    }
    /* Said once: from then on the count stands past the limit. */
    if (*draft->file_count == BPMN_ELEMENTS_MAX) {
        ++*draft->file_count;
        finding_add(draft->findings, BPMN_ERROR, "too-many-elements", "", node,
                    "Expected at most %d elements and flows in a file but found more.",
                    BPMN_ELEMENTS_MAX);
    }
    return true;
}

/* An id, or a finding and NULL. */
static const char *read_id(struct draft *draft, const xmlNode *node)
{
    const char *id = xml_attribute(draft->arena, node, "id");

    if (id == NULL || id[0] == '\0' || strlen(id) >= ERROR_ELEMENT_MAX) {
        finding_add(draft->findings, BPMN_ERROR, "id-missing", id, node,
                    "Expected <%s> to have an id of 1 to %d characters.", xml_name(node),
                    ERROR_ELEMENT_MAX - 1);
        draft->has_refused = true;
        return NULL;
    }
    return id;
}

static const struct expression *read_condition(struct draft *draft, const char *id,
                                               const xmlNode *node)
{
    const xmlNode *condition = xml_child(node, "conditionExpression");
    const char *language;
    const char *text;

    if (condition == NULL)
        return NULL;
    language = xml_attribute(draft->arena, condition, "language");
    text = xml_text(draft->arena, condition);
    if (language != NULL && strcasecmp(language, "juel") != 0 && strcasecmp(language, "uel") != 0 &&
        strcasecmp(language, "expression") != 0) {
        finding_add(draft->findings, BPMN_ERROR, "condition-language", id, condition,
                    "Expected a condition in JUEL but found the language '%.100s'.", language);
        return NULL;
    }
    if (text == NULL) {
        finding_add(draft->findings, BPMN_WARNING, "condition-empty", id, condition,
                    "This condition is empty: the flow is taken as if it had none.");
        return NULL;
    }
    return draft_expression(draft, text, EXPRESSION_CONDITION, "condition", id, condition);
}

static void read_flow(struct draft *draft, const xmlNode *node, uint32_t scope)
{
    const char *id = read_id(draft, node);
    struct draft_flow *draft_flow;
    struct named *named;

    if (id == NULL || too_many(draft, node) || !name_add(draft, id, node, &named))
        return;
    draft_flow = add_flow(draft);
    named->is_flow = true;
    named->index = draft_flow->flow.index;
    draft_flow->node = node;
    draft_flow->scope = scope;
    draft_flow->flow.id = id;
    draft_flow->flow.name = xml_attribute(draft->arena, node, "name");
    draft_flow->flow.line = xml_line(node);
    draft_flow->flow.column = xml_column(node);
    draft_flow->source_ref = name_local(xml_attribute(draft->arena, node, "sourceRef"));
    draft_flow->target_ref = name_local(xml_attribute(draft->arena, node, "targetRef"));
    draft_flow->flow.condition = read_condition(draft, id, node);
    draft_flow->has_condition = xml_child(node, "conditionExpression") != NULL;
    extension_check(draft, node, id);
}

static void read_container(struct draft *draft, const xmlNode *container, uint32_t scope);

/* The growing array may move while a sub-process is read: only the index is kept. */
static void read_sub_process(struct draft *draft, uint32_t index)
{
    const xmlNode *node = draft->elements[index].node;

    if (xml_is_true(draft->arena, node, "triggeredByEvent", false)) {
        draft->has_refused = true;
        finding_add(draft->findings, BPMN_ERROR, "unsupported-element",
                    draft->elements[index].element.id, node,
                    "Expected an embedded sub-process but found an event sub-process, which is not "
                    "supported. Use boundary events.");
        return;
    }
    read_container(draft, node, index);
}

static void read_details(struct draft *draft, uint32_t index)
{
    struct draft_element *draft_element = &draft->elements[index];

    switch (draft_element->element.type) {
    case BPMN_START_EVENT:
    case BPMN_END_EVENT:
    case BPMN_INTERMEDIATE_CATCH_EVENT:
    case BPMN_BOUNDARY_EVENT:
        read_event(draft, draft_element);
        break;
    case BPMN_USER_TASK:
        read_user_task(draft, draft_element);
        break;
    case BPMN_SERVICE_TASK:
        read_service_task(draft, draft_element);
        break;
    case BPMN_SCRIPT_TASK:
        read_script_task(draft, draft_element);
        break;
    case BPMN_SUB_PROCESS:
        read_sub_process(draft, index);
        return;
    case BPMN_MANUAL_TASK:
    case BPMN_TASK:
    case BPMN_EXCLUSIVE_GATEWAY:
    case BPMN_PARALLEL_GATEWAY:
        break;
    }
    check_children(draft, draft_element);
}

static void read_element(struct draft *draft, const xmlNode *node, enum bpmn_element_type type,
                         uint32_t scope)
{
    const char *id = read_id(draft, node);
    const xmlNode *documentation = xml_child(node, "documentation");
    struct draft_element *draft_element;
    struct bpmn_element *element;
    struct named *named;

    if (id == NULL || too_many(draft, node) || !name_add(draft, id, node, &named))
        return;
    draft_element = add_element(draft);
    element = &draft_element->element;
    named->is_element = true;
    named->index = element->index;
    draft_element->node = node;
    draft_element->default_ref = name_local(xml_attribute(draft->arena, node, "default"));
    element->type = type;
    element->id = id;
    element->name = xml_attribute(draft->arena, node, "name");
    element->documentation = documentation != NULL ? xml_text(draft->arena, documentation) : NULL;
    element->line = xml_line(node);
    element->column = xml_column(node);
    element->scope = scope;
    element->default_flow = BPMN_NONE;
    element->start_event = BPMN_NONE;
    element->attached_to = BPMN_NONE;
    read_details(draft, element->index);
}

static bool is_part_of_container(const xmlNode *node)
{
    return xml_is(node, "sequenceFlow") || xml_is(node, "documentation") ||
           xml_is(node, "extensionElements") || xml_is(node, "incoming") ||
           xml_is(node, "outgoing") || xml_is(node, "potentialOwner") ||
           xml_is(node, "humanPerformer");
}

static void read_child(struct draft *draft, const xmlNode *node, const char *container_id,
                       uint32_t scope)
{
    const struct element_row *row = element_row(xml_name(node));
    const char *id = xml_attribute(draft->arena, node, "id");

    if (row != NULL && row->handling == ELEMENT_EXECUTED) {
        read_element(draft, node, row->type, scope);
    } else if (row != NULL && row->handling == ELEMENT_DOCUMENTATION) {
        check_documentation(draft, node, id != NULL ? id : container_id);
        extension_check(draft, node, id != NULL ? id : container_id);
    } else if (row == NULL || row->handling == ELEMENT_REFUSED || !is_part_of_container(node)) {
        draft->has_refused = true;
        refuse_element(draft, node, row, id != NULL ? id : container_id);
    } else if (xml_is(node, "sequenceFlow")) {
        read_flow(draft, node, scope);
    }
}

static void read_container(struct draft *draft, const xmlNode *container, uint32_t scope)
{
    const char *container_id = xml_attribute(draft->arena, container, "id");

    extension_check(draft, container, container_id);
    for (const xmlNode *node = xml_children(container); node != NULL; node = xml_next(node)) {
        if (xml_is_bpmn(node))
            read_child(draft, node, container_id, scope);
    }
}

void read_process(struct draft *draft)
{
    read_container(draft, draft->node, BPMN_NONE);
}
