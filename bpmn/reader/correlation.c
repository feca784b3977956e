/* Correlation properties: which values of a message say whose it is. */
#include "bpmn/reader/draft.h"

#include <string.h>

/* Where the property's value lies in messages of this id, NULL when they do not carry it. */
static const struct expression *message_path(struct draft *draft, const xmlNode *property,
                                             const char *message_id)
{
    for (const xmlNode *child = xml_children(property); child != NULL; child = xml_next(child)) {
        const char *reference;
        const xmlNode *path;

        if (!xml_is(child, "correlationPropertyRetrievalExpression"))
            continue;
        reference = name_local(xml_attribute(draft->arena, child, "messageRef"));
        path = xml_child(child, "messagePath");
        if (reference != NULL && strcmp(reference, message_id) == 0 && path != NULL)
            return draft_formal(draft, path, "messagePath",
                                xml_attribute(draft->arena, property, "id"));
    }
    return NULL;
}

/* The instance's side: a binding in the process's correlationSubscription. */
static const struct expression *data_path(struct draft *draft, const char *property_id)
{
    for (const xmlNode *node = xml_children(draft->node); node != NULL; node = xml_next(node)) {
        const xmlNode *binding =
            xml_is(node, "correlationSubscription") ? xml_children(node) : NULL;

        for (; binding != NULL; binding = xml_next(binding)) {
            const char *reference =
                name_local(xml_attribute(draft->arena, binding, "correlationPropertyRef"));
            const xmlNode *path = xml_child(binding, "dataPath");

            if (reference != NULL && strcmp(reference, property_id) == 0 && path != NULL)
                return draft_formal(draft, path, "dataPath", property_id);
        }
    }
    return NULL;
}

void read_correlations(struct draft *draft, const char *message_id,
                       struct bpmn_event_definition *definition)
{
    struct bpmn_correlation *items;
    uint32_t count = 0;

    for (const xmlNode *node = xml_children(draft->file->root); node != NULL; node = xml_next(node))
        count += xml_is(node, "correlationProperty");
    if (count == 0)
        return;
    items = arena_array(draft->arena, count, sizeof(*items));
    count = 0;
    for (const xmlNode *node = xml_children(draft->file->root); node != NULL;
         node = xml_next(node)) {
        const struct expression *path;
        const char *id;
        const char *name;

        if (!xml_is(node, "correlationProperty"))
            continue;
        path = message_path(draft, node, message_id);
        id = xml_attribute(draft->arena, node, "id");
        name = xml_attribute(draft->arena, node, "name");
        if (path == NULL || id == NULL)
            continue;
        items[count].name = name != NULL && name[0] != '\0' ? name : id;
        items[count].message_path = path;
        items[count++].data_path = data_path(draft, id);
    }
    definition->correlations = items;
    definition->correlation_count = count;
}
