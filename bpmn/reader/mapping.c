/* Parameters of the dialects: what goes in and out of calls, workers, signals and activities. */
#include "bpmn/reader/draft.h"

#include <string.h>

void mapping_add(struct draft *draft, struct mapping_list *list, const struct bpmn_mapping *mapping)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity > 0 ? 2 * list->capacity : 4;

        list->items =
            arena_grow(draft->arena, list->items, list->count, capacity, sizeof(*list->items));
        list->capacity = capacity;
    }
    list->items[list->count++] = *mapping;
}

struct bpmn_mappings mapping_done(const struct mapping_list *list)
{
    return (struct bpmn_mappings){list->items, list->count};
}

static const char *plain(struct draft *draft, const xmlNode *node, const char *name)
{
    const char *value = xml_attribute(draft->arena, node, name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* <in source|sourceExpression target|targetExpression/>, or <in variables="all"/>. */
static void read_parameter(struct draft *draft, const xmlNode *node, const char *id,
                           struct mapping_list *list)
{
    const char *all = plain(draft, node, "variables");
    struct bpmn_mapping mapping = {
        .all = all != NULL && strcmp(all, "all") == 0,
        .source = draft_expression(draft, plain(draft, node, "sourceExpression"),
                                   EXPRESSION_TEMPLATE, "sourceExpression", id, node),
        .source_variable = plain(draft, node, "source"),
        .target = plain(draft, node, "target"),
        .target_expression = draft_expression(draft, plain(draft, node, "targetExpression"),
                                              EXPRESSION_TEMPLATE, "targetExpression", id, node)};
    bool has_source =
        mapping.source_variable != NULL || plain(draft, node, "sourceExpression") != NULL;

    /* businessKey is the call's own (call.c). */
    if (plain(draft, node, "businessKey") != NULL)
        return;
    if (mapping.source != NULL)
        mapping.source_variable = NULL;
    if (!mapping.all && mapping.target == NULL && mapping.target_expression == NULL)
        mapping.target = mapping.source_variable;
    if (!mapping.all && (!has_source || (mapping.target == NULL &&
                                         plain(draft, node, "targetExpression") == NULL))) {
        finding_add(draft->findings, BPMN_ERROR, "parameter", id, node,
                    "Expected <%.60s> to have a source or sourceExpression and a target.",
                    xml_name(node));
        return;
    }
    if (mapping.all)
        mapping.source_variable = mapping.target = NULL;
    mapping_add(draft, list, &mapping);
}

void read_parameters(struct draft *draft, const xmlNode *parent, const char *name, const char *id,
                     struct mapping_list *list)
{
    for (const xmlNode *node = extension_child(parent, name); node != NULL;
         node = extension_next(xml_next(node), name))
        read_parameter(draft, node, id, list);
}

/* <field name="…" stringValue="…"/>, expression="…", or a child of either name. */
void read_fields(struct draft *draft, const xmlNode *parent, const char *id,
                 struct mapping_list *list)
{
    static const char *const forms[] = {"stringValue", "expression", "string"};

    for (const xmlNode *node = extension_child(parent, "field"); node != NULL;
         node = extension_next(xml_next(node), "field")) {
        struct bpmn_mapping mapping = {.target = plain(draft, node, "name")};
        const char *text = NULL;

        for (size_t i = 0; i < COUNT_OF(forms) && text == NULL; i++) {
            const xmlNode *child = extension_next(xml_children(node), forms[i]);

            text = plain(draft, node, forms[i]);
            if (text == NULL && child != NULL)
                text = xml_text(draft->arena, child);
        }
        if (mapping.target == NULL) {
            finding_add(draft->findings, BPMN_ERROR, "parameter", id, node,
                        "Expected a <field> to have a name.");
            continue;
        }
        mapping.source = draft_expression(draft, text != NULL ? text : "", EXPRESSION_TEMPLATE,
                                          "field", id, node);
        if (mapping.source != NULL)
            mapping_add(draft, list, &mapping);
    }
}

/* The value of a camunda:inputParameter: text, or a script that is an expression. */
static const struct expression *parameter_value(struct draft *draft, const xmlNode *node,
                                                const char *id)
{
    const xmlNode *inside = xml_children(node);
    const char *text = xml_text(draft->arena, node);
    const char *format;

    if (inside == NULL)
        return draft_expression(draft, text != NULL ? text : "${null}", EXPRESSION_TEMPLATE,
                                "parameter", id, node);
    format = xml_attribute(draft->arena, inside, "scriptFormat");
    if (strcmp(xml_name(inside), "script") == 0 && (format == NULL || is_juel(format)))
        return draft_expression(draft, text != NULL ? text : "null", EXPRESSION_CONDITION,
                                "parameter", id, node);
    finding_add(draft->findings, BPMN_ERROR, "unsupported-extension", id, inside,
                "<%.60s> is not supported as the value of a parameter. Use an expression, or set "
                "the variable with a script task in JavaScript before.",
                xml_name(inside));
    return NULL;
}

void read_input_output(struct draft *draft, const xmlNode *parent, const char *name, const char *id,
                       struct mapping_list *list)
{
    const xmlNode *whole = extension_child(parent, "inputOutput");
    const xmlNode *node = whole != NULL ? extension_next(xml_children(whole), name) : NULL;

    for (; node != NULL; node = extension_next(xml_next(node), name)) {
        struct bpmn_mapping mapping = {.target = plain(draft, node, "name"),
                                       .source = parameter_value(draft, node, id)};

        if (mapping.target == NULL)
            finding_add(draft->findings, BPMN_ERROR, "parameter", id, node,
                        "Expected <%s> to have a name.", name);
        else if (mapping.source != NULL)
            mapping_add(draft, list, &mapping);
    }
}
