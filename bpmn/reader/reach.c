/* From where a token can reach an incoming flow of a joining gateway: a search against the
 * direction of the flows that does not pass the gateway itself. */
#include "bpmn/reader/draft.h"

/* Steps of all searches of a file's process: elements times flows into joining gateways. */
enum { REACH_WORK_MAX = 400 * 1000 * 1000 };

struct search {
    struct draft *draft;
    uint32_t *first_throw; /* for each catching link: a throwing one, BPMN_NONE without */
    uint32_t *next_throw;  /* for each throwing link: the next one of the same catch */
    uint32_t *stack;
    uint32_t depth;
    uint64_t *bits;
};

static void visit(struct search *search, uint32_t index, uint32_t gateway)
{
    if (index == BPMN_NONE || index == gateway ||
        (search->bits[index / 64] >> (index % 64) & 1) != 0)
        return;
    search->bits[index / 64] |= (uint64_t)1 << (index % 64);
    search->stack[search->depth++] = index;
}

static void find(struct search *search, uint32_t source, uint32_t gateway, bool over_boundary)
{
    visit(search, source, gateway);
    while (search->depth > 0) {
        uint32_t index = search->stack[--search->depth];
        const struct bpmn_element *element = &search->draft->elements[index].element;

        for (uint32_t i = 0; i < element->incoming_count; i++)
            visit(search, search->draft->flows[element->incoming[i]].flow.source, gateway);
        if (over_boundary)
            visit(search, element->attached_to, gateway);
        for (uint32_t thrown = search->first_throw[index]; thrown != BPMN_NONE;
             thrown = search->next_throw[thrown])
            visit(search, thrown, gateway);
    }
}

static void index_links(struct search *search)
{
    struct draft *draft = search->draft;

    for (uint32_t i = 0; i < draft->element_count; i++)
        search->first_throw[i] = search->next_throw[i] = BPMN_NONE;
    for (uint32_t i = 0; i < draft->element_count; i++) {
        uint32_t target = draft->elements[i].element.link_target;

        if (target != BPMN_NONE) {
            search->next_throw[i] = search->first_throw[target];
            search->first_throw[target] = i;
        }
    }
}

static bool joins(const struct bpmn_element *element)
{
    return (element->type == BPMN_INCLUSIVE_GATEWAY || element->type == BPMN_COMPLEX_GATEWAY) &&
           element->incoming_count > 1;
}

/* False (and a finding) when it would take too long. */
static bool is_affordable(struct draft *draft)
{
    uint64_t work = 0;

    for (uint32_t i = 0; i < draft->element_count; i++) {
        if (joins(&draft->elements[i].element))
            work += (uint64_t)draft->elements[i].element.incoming_count *
                    (draft->element_count + draft->flow_count);
    }
    if (work <= REACH_WORK_MAX)
        return true;
    finding_add(draft->findings, BPMN_ERROR, "too-many-elements", draft->model->process_id,
                draft->node,
                "Expected fewer inclusive and complex gateways: flows into them times elements and "
                "flows may be %d.",
                REACH_WORK_MAX);
    return false;
}

static const struct bpmn_element_set *find_all(struct search *search, uint32_t gateway,
                                               bool over_boundary)
{
    struct draft *draft = search->draft;
    const struct bpmn_element *element = &draft->elements[gateway].element;
    size_t words = (draft->element_count + 63) / 64;
    struct bpmn_element_set *sets =
        arena_array(draft->arena, element->incoming_count, sizeof(*sets));

    for (uint32_t i = 0; i < element->incoming_count; i++) {
        search->bits = arena_array(draft->arena, words, sizeof(uint64_t));
        find(search, draft->flows[element->incoming[i]].flow.source, gateway, over_boundary);
        sets[i].bits = search->bits;
    }
    return sets;
}

void resolve_reach(struct draft *draft)
{
    size_t count = (size_t)draft->element_count + 1;
    struct search search = {.draft = draft};

    if (!is_affordable(draft))
        return;
    search.first_throw = arena_array(draft->arena, count, sizeof(uint32_t));
    search.next_throw = arena_array(draft->arena, count, sizeof(uint32_t));
    search.stack = arena_array(draft->arena, count, sizeof(uint32_t));
    index_links(&search);
    for (uint32_t i = 0; i < draft->element_count; i++) {
        struct bpmn_element *element = &draft->elements[i].element;

        if (!joins(element))
            continue;
        element->reach = find_all(&search, i, true);
        element->flow_reach = find_all(&search, i, false);
    }
}
