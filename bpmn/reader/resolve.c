/* References → indices: flows' ends, defaults, boundary events, start events. */
#include "bpmn/reader/draft.h"

#include <string.h>

static struct draft_element *find_element(struct draft *draft, const char *id)
{
    const struct named *named = name_find(*draft->names, id);

    return named != NULL && named->is_element && named->process == draft->process
               ? &draft->elements[named->index]
               : NULL;
}

/* A refused element has its finding: what refers to it needs none. */
static bool is_refused(const struct draft *draft, const char *id)
{
    const struct named *named = name_find(*draft->names, id);

    return named != NULL && named->is_refused;
}

static bool resolve_end(struct draft *draft, const struct draft_flow *draft_flow,
                        const char *reference, const char *attribute, uint32_t *ret_index)
{
    const struct draft_element *end = find_element(draft, reference);

    *ret_index = BPMN_NONE;
    if (is_refused(draft, reference))
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

static bool is_activity(enum bpmn_element_type type)
{
    return type == BPMN_TASK || type == BPMN_USER_TASK || type == BPMN_SERVICE_TASK ||
           type == BPMN_SCRIPT_TASK || type == BPMN_MANUAL_TASK || type == BPMN_SUB_PROCESS;
}

static void attach(struct draft *draft, struct draft_element *draft_element)
{
    struct draft_element *host = find_element(draft, draft_element->attached_ref);
    uint32_t *boundary;

    if (is_refused(draft, draft_element->attached_ref))
        return;
    if (host == NULL || !is_activity(host->element.type) ||
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

static void resolve_starts(struct draft *draft, struct bpmn_model *model)
{
    model->start_event = BPMN_NONE;
    for (uint32_t i = 0; i < draft->element_count; i++) {
        const struct draft_element *start = &draft->elements[i];
        uint32_t *place;

        if (start->element.type != BPMN_START_EVENT)
            continue;
        place = start->element.scope == BPMN_NONE
                    ? &model->start_event
                    : &draft->elements[start->element.scope].element.start_event;
        if (*place != BPMN_NONE)
            finding_add(draft->findings, BPMN_ERROR, "several-start-events", start->element.id,
                        start->node, "Expected one start event here but '%.100s' is one already.",
                        draft->elements[*place].element.id);
        else
            *place = i;
    }
}

void resolve_process(struct draft *draft, struct bpmn_model *model)
{
    struct bpmn_element *elements;
    struct bpmn_flow *flows;

    resolve_flows(draft);
    link_flows(draft);
    for (uint32_t i = 0; i < draft->element_count; i++) {
        resolve_default(draft, &draft->elements[i]);
        if (draft->elements[i].element.type == BPMN_BOUNDARY_EVENT)
            attach(draft, &draft->elements[i]);
    }
    resolve_starts(draft, model);
    elements = arena_array(draft->arena, draft->element_count, sizeof(*elements));
    flows = arena_array(draft->arena, draft->flow_count, sizeof(*flows));
    for (uint32_t i = 0; i < draft->element_count; i++)
        elements[i] = draft->elements[i].element;
    for (uint32_t i = 0; i < draft->flow_count; i++)
        flows[i] = draft->flows[i].flow;
    model->elements = elements;
    model->element_count = draft->element_count;
    model->flows = flows;
    model->flow_count = draft->flow_count;
}
