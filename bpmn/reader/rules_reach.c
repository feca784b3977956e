/* Rules on paths: what no token comes to, where paths end, and definitions that nothing uses. */
#include "bpmn/reader/draft.h"

struct walk {
    struct draft *draft;
    bool *reached;
    uint32_t *stack;
    uint32_t depth;
};

static void mark(struct walk *walk, uint32_t index)
{
    if (index == BPMN_NONE || walk->reached[index])
        return;
    walk->reached[index] = true;
    walk->stack[walk->depth++] = index;
}

static void mark_container(struct walk *walk, const struct bpmn_container *container)
{
    for (uint32_t i = 0; i < container->starts.count; i++)
        mark(walk, container->starts.items[i]);
    for (uint32_t i = 0; i < container->triggered_starts.count; i++)
        mark(walk, container->triggered_starts.items[i]);
    for (uint32_t i = 0; i < container->event_sub_processes.count; i++)
        mark(walk, container->event_sub_processes.items[i]);
}

void check_reachable(struct draft *draft)
{
    struct walk walk = {
        .draft = draft,
        .reached = arena_array(draft->arena, draft->element_count + 1, sizeof(bool)),
        .stack = arena_array(draft->arena, draft->element_count + 1, sizeof(uint32_t))};

    mark_container(&walk, &draft->model->container);
    while (walk.depth > 0) {
        const struct bpmn_element *element = &draft->elements[walk.stack[--walk.depth]].element;

        for (uint32_t i = 0; i < element->outgoing_count; i++)
            mark(&walk, draft->flows[element->outgoing[i]].flow.target);
        for (uint32_t i = 0; i < element->boundary_count; i++)
            mark(&walk, element->boundary[i]);
        mark(&walk, element->link_target);
        mark(&walk, element->compensation_handler);
        if (element->container != NULL)
            mark_container(&walk, element->container);
    }
    for (uint32_t i = 0; i < draft->element_count; i++) {
        const struct bpmn_element *element = &draft->elements[i].element;

        /* What lies in something unreachable needs no word of its own. */
        if (!walk.reached[i] && (element->scope == BPMN_NONE || walk.reached[element->scope]))
            finding_add(draft->findings, BPMN_WARNING, "unreachable-element", element->id,
                        draft->elements[i].node, "No path from a start leads to this element%s.",
                        element->for_compensation ? ": no compensation event leads to it" : "");
    }
}

void check_unused(struct draft *draft)
{
    static const char *const kinds[] = {"message", "signal", "error", "escalation"};
    const xmlNode *root = draft->file->root;

    /* Operations refer to messages and errors too. */
    if (xml_child(root, "interface") != NULL)
        return;
    for (const xmlNode *node = xml_children(root); node != NULL; node = xml_next(node)) {
        const char *id = xml_attribute(draft->arena, node, "id");
        const struct named *named = name_find(*draft->names, id);

        for (size_t i = 0; i < COUNT_OF(kinds); i++) {
            if (xml_is(node, kinds[i]) && named != NULL && !named->is_used)
                finding_add(draft->findings, BPMN_WARNING, "unused-definition", id, node,
                            "Nothing refers to this <%s>.", kinds[i]);
        }
    }
}
