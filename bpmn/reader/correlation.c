/* Correlation properties: which values of a message say whose it is. */
#include "bpmn/reader/draft.h"

#include <string.h>

/* So many values need not agree for anybody. */
enum { RETRIEVALS_MAX = 100 };

static void add_retrieval(struct draft *draft, struct named *message, const xmlNode *property,
                          const xmlNode *path)
{
    struct retrieval **end = &message->retrievals;
    struct retrieval *retrieval = arena_alloc(draft->arena, sizeof(*retrieval));
    int count = 0;

    for (; *end != NULL; end = &(*end)->next)
        count++;
    if (count == RETRIEVALS_MAX) {
        finding_add(draft->findings, BPMN_ERROR, "correlation", message->id, property,
                    "Expected a message to be correlated by %d properties at most.",
                    RETRIEVALS_MAX);
        return;
    }
    retrieval->property = property;
    retrieval->path = path;
    *end = retrieval;
}

static void collect_property(struct draft *draft, const xmlNode *property)
{
    for (const xmlNode *child = xml_children(property); child != NULL; child = xml_next(child)) {
        struct named *message;
        const xmlNode *path = xml_child(child, "messagePath");

        if (!xml_is(child, "correlationPropertyRetrievalExpression"))
            continue;
        message = name_refer(draft, xml_attribute(draft->arena, child, "messageRef"));
        if (message == NULL || path == NULL || !xml_is(message->node, "message")) {
            finding_add(draft->findings, BPMN_ERROR, "correlation",
                        xml_attribute(draft->arena, property, "id"), child,
                        "Expected a correlationPropertyRetrievalExpression to have a messageRef to "
                        "a <message> and a messagePath.");
            continue;
        }
        add_retrieval(draft, message, property, path);
    }
}

void collect_correlations(struct draft *draft, const xmlNode *root)
{
    for (const xmlNode *node = xml_children(root); node != NULL; node = xml_next(node)) {
        if (xml_is(node, "correlationProperty"))
            collect_property(draft, node);
    }
}

/* The instance's side: the bindings in the process's correlationSubscriptions. */
void collect_subscriptions(struct draft *draft)
{
    for (const xmlNode *node = xml_children(draft->node); node != NULL; node = xml_next(node)) {
        const xmlNode *binding =
            xml_is(node, "correlationSubscription") ? xml_children(node) : NULL;

        for (; binding != NULL; binding = xml_next(binding)) {
            const char *reference = xml_attribute(draft->arena, binding, "correlationPropertyRef");
            struct named *property = name_refer(draft, reference);
            const xmlNode *path = xml_child(binding, "dataPath");

            if (!xml_is(binding, "correlationPropertyBinding"))
                continue;
            if (property == NULL || path == NULL ||
                !xml_is(property->node, "correlationProperty")) {
                finding_add(draft->findings, BPMN_ERROR, "correlation", draft->model->process_id,
                            binding,
                            "Expected a correlationPropertyBinding to have a "
                            "correlationPropertyRef to a <correlationProperty> and a dataPath.");
                continue;
            }
            property->data_path = path;
            property->data_process = draft->process;
        }
    }
}

void read_correlations(struct draft *draft, const struct named *message,
                       struct bpmn_event_definition *definition)
{
    struct bpmn_correlation *items;
    uint32_t count = 0;

    for (const struct retrieval *at = message->retrievals; at != NULL; at = at->next)
        count++;
    if (count == 0)
        return;
    items = arena_array(draft->arena, count, sizeof(*items));
    for (const struct retrieval *at = message->retrievals; at != NULL && !draft_is_full(draft);
         at = at->next) {
        struct bpmn_correlation *item = &items[definition->correlation_count];
        const char *id = xml_attribute(draft->arena, at->property, "id");
        const char *name = xml_attribute(draft->arena, at->property, "name");
        const struct named *property = name_find(*draft->names, id);

        item->name = name != NULL && name[0] != '\0' ? name : id;
        item->message_path = draft_formal(draft, at->path, "messagePath", id);
        if (property != NULL && property->data_process == draft->process)
            item->data_path = draft_formal(draft, property->data_path, "dataPath", id);
        definition->correlation_count += item->name != NULL && item->message_path != NULL;
    }
    definition->correlations = items;
}
