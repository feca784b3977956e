/* Data objects, properties, inputs and outputs: each stands for a variable. */
#include "bpmn/reader/draft.h"

#include <string.h>

static bool is_data(const xmlNode *node)
{
    static const char *const names[] = {"dataObject",         "property",      "dataInput",
                                        "dataOutput",         "inputDataItem", "outputDataItem",
                                        "dataObjectReference"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (xml_is(node, names[i]))
            return true;
    }
    return false;
}

/* What a reference names; a dataObjectReference stands for its data object. */
static const xmlNode *find_data(struct draft *draft, const char *reference)
{
    const struct named *named = name_refer(draft, reference);
    const xmlNode *object;

    if (named == NULL || !is_data(named->node))
        return NULL;
    if (!xml_is(named->node, "dataObjectReference"))
        return named->node;
    object =
        name_node(draft, xml_attribute(draft->arena, named->node, "dataObjectRef"), "dataObject");
    return object != NULL ? object : named->node;
}

static const char *name_of(struct draft *draft, const xmlNode *node)
{
    const char *name = xml_attribute(draft->arena, node, "name");

    /* Where BPMN asks for a target and a drawing has none, bpmn.io writes a placeholder. */
    return name != NULL && name[0] != '\0' && strncmp(name, "__", 2) != 0 ? name : NULL;
}

const char *data_name(struct draft *draft, const char *reference)
{
    const xmlNode *node = find_data(draft, reference);

    return node != NULL ? name_of(draft, node) : NULL;
}

const char *data_variable(struct draft *draft, const char *reference)
{
    const xmlNode *node = find_data(draft, reference);
    const char *name = node != NULL ? name_of(draft, node) : NULL;

    return name != NULL || node == NULL ? name : xml_attribute(draft->arena, node, "id");
}

/* Values of these types are written as expressions write them; others are texts. */
static bool is_literal_type(struct draft *draft, const xmlNode *node)
{
    static const char *const types[] = {"int",   "integer", "long",    "short",
                                        "float", "double",  "decimal", "boolean"};
    const char *reference = xml_attribute(draft->arena, node, "itemSubjectRef");
    const xmlNode *item = name_node(draft, reference, "itemDefinition");
    const char *type = item != NULL ? xml_attribute(draft->arena, item, "structureRef") : reference;

    type = name_local(type);
    for (size_t i = 0; i < COUNT_OF(types) && type != NULL; i++) {
        if (strcasecmp(type, types[i]) == 0)
            return true;
    }
    return false;
}

void read_data(struct draft *draft, const xmlNode *node, uint32_t scope)
{
    const char *id = xml_attribute(draft->arena, node, "id");
    const char *name = name_of(draft, node);
    const xmlNode *value = extension_child(node, "value");
    const char *text = value != NULL ? xml_text(draft->arena, value) : NULL;
    struct draft_data *data;

    extension_check(draft, node, id);
    if (name == NULL)
        name = id;
    if (name == NULL || name[0] == '\0')
        return;
    if (draft->data_count == draft->data_capacity) {
        uint32_t capacity = draft->data_capacity > 0 ? 2 * draft->data_capacity : 8;

        draft->data = arena_grow(draft->arena, draft->data, draft->data_count, capacity,
                                 sizeof(*draft->data));
        draft->data_capacity = capacity;
    }
    data = &draft->data[draft->data_count++];
    data->node = node;
    data->scope = scope;
    data->data.name = name;
    data->data.initial = draft_expression(
        draft, text, is_literal_type(draft, node) ? EXPRESSION_CONDITION : EXPRESSION_TEMPLATE,
        "value", id, node);
}
