/* References → indices: flows' ends, defaults, boundary events, start events. */
#include "bpmn/reader/draft.h"

#include <string.h>

static bool resolve_end(struct draft *draft, const struct draft_flow *draft_flow,
                        const char *reference, const char *attribute, uint32_t *ret_index)
{
    const struct draft_element *end = draft_find(draft, reference);

    *ret_index = BPMN_NONE;
    if (draft_is_refused(draft, reference))
        return false;
    if (end == NULL) {
        finding_add(draft->findings, BPMN_ERROR, "sequence-flow-reference", draft_flow->flow.id,
                    draft_flow->node,
                    "Expected %s to name an element of this process but found %s%.100s%s.",
                    attribute, reference != NULL ? "'" : "nothing",
                    reference != NULL ? reference : "", reference != NULL ? "'" : "");
        return false;
    }
    if (end->element.scope != draft_flow->scope) {
        finding_add(draft->findings, BPMN_ERROR, "sequence-flow-scope", draft_flow->flow.id,
                    draft_flow->node,
                    "Expected a sequence flow to stay in its sub-process but %s '%.100s' lies in "
                    "another one.",
                    attribute, reference);
        return false;
    }
    *ret_index = end->element.index;
    return true;
}

static void resolve_flows(struct draft *draft)
{
    for (uint32_t i = 0; i < draft->flow_count; i++) {
        struct draft_flow *draft_flow = &draft->flows[i];

        bool has_source = resolve_end(draft, draft_flow, draft_flow->source_ref, "sourceRef",
                                      &draft_flow->flow.source);
        bool has_target = resolve_end(draft, draft_flow, draft_flow->target_ref, "targetRef",
                                      &draft_flow->flow.target);

        if (!has_source || !has_target) {
            draft->has_refused = true;
        } else {
            draft->elements[draft_flow->flow.source].element.outgoing_count++;
            draft->elements[draft_flow->flow.target].element.incoming_count++;
        }
    }
}

/* Lists of flow indices in document order, with the counts that resolve_flows() found. */
static void link_flows(struct draft *draft)
{
    uint32_t **outgoing = arena_array(draft->arena, draft->element_count + 1, sizeof(uint32_t *));
    uint32_t **incoming = arena_array(draft->arena, draft->element_count + 1, sizeof(uint32_t *));

    for (uint32_t i = 0; i < draft->element_count; i++) {
        struct bpmn_element *element = &draft->elements[i].element;

        outgoing[i] = arena_array(draft->arena, element->outgoing_count, sizeof(uint32_t));
        incoming[i] = arena_array(draft->arena, element->incoming_count, sizeof(uint32_t));
        element->outgoing = outgoing[i];
        element->incoming = incoming[i];
    }
    for (uint32_t i = 0; i < draft->flow_count; i++) {
        const struct bpmn_flow *flow = &draft->flows[i].flow;

        if (flow->source == BPMN_NONE || flow->target == BPMN_NONE)
            continue;
        *outgoing[flow->source]++ = i;
        *incoming[flow->target]++ = i;
    }
}

static void resolve_default(struct draft *draft, struct draft_element *draft_element)
{
    const struct named *named = name_find(*draft->names, draft_element->default_ref);

    if (draft_element->default_ref == NULL)
        return;
    if (named == NULL || !named->is_flow || named->process != draft->process ||
        draft->flows[named->index].flow.source != draft_element->element.index) {
        finding_add(draft->findings, BPMN_ERROR, "default-flow", draft_element->element.id,
                    draft_element->node,
                    "Expected the default flow '%.100s' to leave this element but it does not.",
                    draft_element->default_ref);
        return;
    }
    draft_element->element.default_flow = named->index;
    if (draft->flows[named->index].flow.condition != NULL)
        finding_add(draft->findings, BPMN_WARNING, "default-flow-condition",
                    draft->flows[named->index].flow.id, draft->flows[named->index].node,
                    "The condition of a default flow is not evaluated.");
}

static void attach(struct draft *draft, struct draft_element *draft_element)
{
    struct draft_element *host = draft_find(draft, draft_element->attached_ref);
    uint32_t *boundary;

    if (draft_is_refused(draft, draft_element->attached_ref))
        return;
    if (host == NULL || !bpmn_is_activity(host->element.type) ||
        host->element.type == BPMN_EVENT_SUB_PROCESS ||
        host->element.scope != draft_element->element.scope) {
        finding_add(draft->findings, BPMN_ERROR, "boundary-attachment", draft_element->element.id,
                    draft_element->node,
                    "Expected attachedToRef to name an activity beside this boundary event but "
                    "found '%.100s'.",
                    draft_element->attached_ref != NULL ? draft_element->attached_ref : "");
        return;
    }
    draft_element->element.attached_to = host->element.index;
    if (host->element.boundary_count == host->boundary_capacity) {
        uint32_t capacity = host->boundary_capacity > 0 ? 2 * host->boundary_capacity : 4;

        host->element.boundary =
            arena_grow(draft->arena, host->element.boundary, host->element.boundary_count, capacity,
                       sizeof(uint32_t));
        host->boundary_capacity = capacity;
    }
    boundary = (uint32_t *)(uintptr_t)host->element.boundary;
    boundary[host->element.boundary_count++] = draft_element->element.index;
}

void resolve_process(struct draft *draft)
{
    resolve_flows(draft);
    link_flows(draft);
    for (uint32_t i = 0; i < draft->element_count; i++) {
        resolve_default(draft, &draft->elements[i]);
        if (draft->elements[i].element.type == BPMN_BOUNDARY_EVENT)
            attach(draft, &draft->elements[i]);
    }
}

void finish_model(struct draft *draft)
{
    struct bpmn_model *model = draft->model;
    struct bpmn_element *elements =
        arena_array(draft->arena, draft->element_count, sizeof(*elements));
    struct bpmn_flow *flows = arena_array(draft->arena, draft->flow_count, sizeof(*flows));

    for (uint32_t i = 0; i < draft->element_count; i++)
        elements[i] = draft->elements[i].element;
    for (uint32_t i = 0; i < draft->flow_count; i++)
        flows[i] = draft->flows[i].flow;
    model->elements = elements;
    model->element_count = draft->element_count;
    model->flows = flows;
    model->flow_count = draft->flow_count;
    bpmn_model_index(model, draft->arena);
}
