/* Links: a throwing one goes on at the catching one of the same name in its container. */
#include "bpmn/reader/draft.h"

#include <stdlib.h>
#include <string.h>

/* A catching link, in an order in which its name can be looked up. */
struct catch
{
    const char *name;
    uint32_t scope;
    uint32_t element;
};

static int compare(const void *left, const void *right)
{
    const struct catch *a = left;
    const struct catch *b = right;
    int order = (a->scope > b->scope) - (a->scope < b->scope);

    return order != 0 ? order : strcmp(a->name, b->name);
}

static const struct bpmn_event_definition *link_of(const struct draft *draft, uint32_t index,
                                                   enum bpmn_element_type type)
{
    const struct bpmn_element *element = &draft->elements[index].element;
    const struct bpmn_event_definition *link =
        element->type == type ? bpmn_element_event(element, BPMN_EVENT_LINK) : NULL;

    return link != NULL && link->link != NULL ? link : NULL;
}

static void resolve_throw(struct draft *draft, struct draft_element *thrown, const char *name,
                          const struct catch *catches, uint32_t count, bool *is_used)
{
    struct catch wanted = {.name = name, .scope = thrown->element.scope};
    const struct catch *found =
        count > 0 ? bsearch(&wanted, catches, count, sizeof(*catches), compare) : NULL;

    if (found != NULL) {
        thrown->element.link_target = found->element;
        is_used[found->element] = true;
        return;
    }
    finding_add(draft->findings, BPMN_ERROR, "link-target", thrown->element.id, thrown->node,
                "Expected a catching link of the name '%.100s' in the same process or sub-process "
                "but found none.",
                name);
}

/* Names that are caught twice, and those that nobody throws. */
static void check_catches(struct draft *draft, const struct catch *catches, uint32_t count,
                          const bool *is_used)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct draft_element *caught = &draft->elements[catches[i].element];

        if (i > 0 && compare(&catches[i - 1], &catches[i]) == 0)
            finding_add(draft->findings, BPMN_ERROR, "link-catch", caught->element.id, caught->node,
                        "Expected one catching link of the name '%.100s' here but '%.100s' is one "
                        "too.",
                        catches[i].name, draft->elements[catches[i - 1].element].element.id);
        else if (!is_used[catches[i].element] &&
                 !(i + 1 < count && compare(&catches[i], &catches[i + 1]) == 0))
            finding_add(draft->findings, BPMN_WARNING, "link-unused", caught->element.id,
                        caught->node, "No link of the name '%.100s' is thrown here.",
                        catches[i].name);
    }
}

void resolve_links(struct draft *draft)
{
    struct catch *catches = arena_array(draft->arena, draft->element_count + 1, sizeof(*catches));
    bool *is_used = arena_array(draft->arena, draft->element_count + 1, sizeof(bool));
    uint32_t count = 0;

    for (uint32_t i = 0; i < draft->element_count; i++) {
        const struct bpmn_event_definition *link = link_of(draft, i, BPMN_INTERMEDIATE_CATCH_EVENT);

        if (link != NULL)
            catches[count++] = (struct catch){link->link, draft->elements[i].element.scope, i};
    }
    if (count > 1)
        qsort(catches, count, sizeof(*catches), compare);
    for (uint32_t i = 0; i < draft->element_count; i++) {
        const struct bpmn_event_definition *link = link_of(draft, i, BPMN_INTERMEDIATE_THROW_EVENT);

        if (link != NULL)
            resolve_throw(draft, &draft->elements[i], link->link, catches, count, is_used);
    }
    check_catches(draft, catches, count, is_used);
}
