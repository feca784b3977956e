/* Events: all of their definitions, in place or by reference, and the data that goes with them. */
#include "bpmn/reader/draft.h"

#include <string.h>

/* What variables go along (throw) or are taken over (catch): what the event says … */
static void read_element_payload(struct draft *draft, const struct draft_element *draft_element,
                                 struct mapping_list *list)
{
    const struct bpmn_element *element = &draft_element->element;
    bool is_thrown =
        element->type == BPMN_END_EVENT || element->type == BPMN_INTERMEDIATE_THROW_EVENT;

    /* On both sides of a dialect: `in` for what is thrown, `out` (or `in`) for what is caught. */
    read_parameters(draft, draft_element->node, "in", element->id, list);
    read_parameters(draft, draft_element->node, "out", element->id, list);
    if (is_thrown)
        read_input_associations(draft, draft_element->node, element->id, NULL, ASSOCIATION_SENT,
                                list);
    else
        read_output_associations(draft, draft_element->node, element->id, NULL, ASSOCIATION_CAUGHT,
                                 list);
}

/* … or its definition. */
static void read_payload(struct draft *draft, const struct draft_element *draft_element,
                         const xmlNode *definition, const struct mapping_list *of_element,
                         struct bpmn_event_definition *event)
{
    struct mapping_list list = {0};

    read_parameters(draft, definition, "in", draft_element->element.id, &list);
    read_parameters(draft, definition, "out", draft_element->element.id, &list);
    for (uint32_t i = 0; i < of_element->count && list.count > 0; i++)
        mapping_add(draft, &list, &of_element->items[i]);
    event->payload = mapping_done(list.count > 0 ? &list : of_element);
}

static uint32_t count_definitions(const xmlNode *node)
{
    uint32_t count = 0;

    for (const xmlNode *child = xml_children(node); child != NULL; child = xml_next(child))
        count += is_definition(child) || xml_is(child, "eventDefinitionRef");
    return count;
}

/* The definition that a child is or names; NULL (and a finding) when it names none. */
static const xmlNode *definition_of(struct draft *draft, const struct draft_element *draft_element,
                                    const xmlNode *child)
{
    const char *reference;
    const struct named *named;

    if (!xml_is(child, "eventDefinitionRef"))
        return child;
    reference = xml_text(draft->arena, child);
    named = name_refer(draft, reference);
    if (named != NULL && is_definition(named->node))
        return draft_share(draft, named->node) ? named->node : NULL;
    finding_add(draft->findings, BPMN_ERROR, "event-definition-reference",
                draft_element->element.id, child,
                "Expected eventDefinitionRef to name an event definition of the file but '%.100s' "
                "does not.",
                reference != NULL ? reference : "");
    return NULL;
}

static void read_definitions(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_element *element = &draft_element->element;
    const xmlNode *child = xml_children(draft_element->node);
    struct mapping_list payload = {0};
    struct bpmn_event_definition *items =
        arena_array(draft->arena, count_definitions(draft_element->node) + 1, sizeof(*items));

    element->events.items = items;
    read_element_payload(draft, draft_element, &payload);
    for (; child != NULL && !draft_is_full(draft); child = xml_next(child)) {
        const xmlNode *definition;

        if (!is_definition(child) && !xml_is(child, "eventDefinitionRef"))
            continue;
        definition = definition_of(draft, draft_element, child);
        if (definition == NULL ||
            !read_definition(draft, draft_element, definition, &items[element->events.count]))
            continue;
        read_payload(draft, draft_element, definition, &payload, &items[element->events.count]);
        element->events.count++;
    }
}

void read_event(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_element *element = &draft_element->element;
    const xmlNode *node = draft_element->node;

    read_definitions(draft, draft_element);
    element->parallel_multiple = xml_is_true(draft->arena, node, "parallelMultiple", false);
    if (element->type == BPMN_START_EVENT) {
        element->interrupting = xml_is_true(draft->arena, node, "isInterrupting", true);
        if (extension_attribute(draft->arena, node, "initiator") != NULL)
            draft->model->initiator_variable = extension_attribute(draft->arena, node, "initiator");
    }
    if (element->type == BPMN_BOUNDARY_EVENT) {
        element->interrupting = xml_is_true(draft->arena, node, "cancelActivity", true);
        draft_element->attached_ref =
            name_local(xml_attribute(draft->arena, node, "attachedToRef"));
    }
}
