/* Message flows: between pools only, from what sends to what receives. They also say which message
 * an event or task means that names none. */
#include "bpmn/reader/draft.h"

#include <string.h>

/* The name of the message that an end of a flow says it sends or receives, NULL when it says none.
 */
static const char *message_of_end(struct draft *draft, const xmlNode *node)
{
    const char *reference = xml_attribute(draft->arena, node, "messageRef");
    const xmlNode *message;
    const char *name;

    for (const xmlNode *child = xml_children(node); child != NULL && reference == NULL;
         child = xml_next(child)) {
        if (xml_is(child, "messageEventDefinition"))
            reference = xml_attribute(draft->arena, child, "messageRef");
    }
    message = name_node(draft, reference, "message");
    if (message == NULL)
        return NULL;
    name = xml_attribute(draft->arena, message, "name");
    return name != NULL && name[0] != '\0' ? name : xml_attribute(draft->arena, message, "id");
}

static void read_flow(struct draft *draft, const xmlNode *node, struct message_flow *flow)
{
    const xmlNode *message =
        name_node(draft, xml_attribute(draft->arena, node, "messageRef"), "message");
    struct named *source;
    struct named *target;

    flow->node = node;
    flow->id = xml_attribute(draft->arena, node, "id");
    flow->source_ref = name_local(xml_attribute(draft->arena, node, "sourceRef"));
    flow->target_ref = name_local(xml_attribute(draft->arena, node, "targetRef"));
    source = name_find(*draft->names, flow->source_ref);
    target = name_find(*draft->names, flow->target_ref);
    if (message != NULL)
        flow->message = xml_attribute(draft->arena, message, "name");
    if (flow->message == NULL && source != NULL && draft_share(draft, source->node))
        flow->message = message_of_end(draft, source->node);
    if (flow->message == NULL && target != NULL && draft_share(draft, target->node))
        flow->message = message_of_end(draft, target->node);
    if (flow->message == NULL)
        flow->message = flow->id;
    if (source != NULL && source->sends == NULL)
        source->sends = flow;
    if (target != NULL && target->receives == NULL)
        target->receives = flow;
}

/* The next child of a collaboration with this name; NULL `after`: the first. */
static const xmlNode *next_part(const xmlNode *root, const xmlNode *after, const char *name)
{
    const xmlNode *parent = after != NULL ? after->parent : xml_children(root);
    const xmlNode *node = after != NULL ? xml_next(after) : NULL;

    if (after == NULL && parent != NULL)
        node = xml_is(parent, "collaboration") ? xml_children(parent) : NULL;
    while (parent != NULL) {
        for (; node != NULL; node = xml_next(node)) {
            if (xml_is(node, name))
                return node;
        }
        parent = xml_next(parent);
        node = parent != NULL && xml_is(parent, "collaboration") ? xml_children(parent) : NULL;
    }
    return NULL;
}

static uint32_t count_parts(const xmlNode *root, const char *name)
{
    const xmlNode *node = NULL;
    uint32_t count = 0;

    while ((node = next_part(root, node, name)) != NULL)
        count++;
    return count;
}

void read_message_flows(struct draft *draft, const xmlNode *root)
{
    struct message_flow *flows =
        arena_array(draft->arena, count_parts(root, "messageFlow") + 1, sizeof(*flows));
    const xmlNode *node = NULL;

    draft->file->message_flows = flows;
    while ((node = next_part(root, node, "messageFlow")) != NULL && !draft_is_full(draft))
        read_flow(draft, node, &flows[draft->file->message_flow_count++]);
}

void describe_collaborations(struct draft *draft, struct bpmn_document *document)
{
    uint32_t count = draft->file->message_flow_count;
    struct bpmn_message_flow *flows = arena_array(draft->arena, count + 1, sizeof(*flows));
    struct bpmn_participant *participants;
    const xmlNode *node = NULL;

    for (uint32_t i = 0; i < count; i++) {
        const struct message_flow *flow = &draft->file->message_flows[i];

        flows[i] =
            (struct bpmn_message_flow){flow->id, xml_attribute(draft->arena, flow->node, "name"),
                                       flow->source_ref, flow->target_ref, flow->message};
    }
    document->message_flows = flows;
    document->message_flow_count = count;
    participants = arena_array(draft->arena, count_parts(draft->file->root, "participant") + 1,
                               sizeof(*participants));
    document->participants = participants;
    while ((node = next_part(draft->file->root, node, "participant")) != NULL)
        participants[document->participant_count++] = (struct bpmn_participant){
            xml_attribute(draft->arena, node, "id"), xml_attribute(draft->arena, node, "name"),
            name_local(xml_attribute(draft->arena, node, "processRef"))};
}

/* Which pool an end of a flow belongs to: its process, or the participant itself when that is a
 * black box. */
static const void *pool_of(struct draft *draft, const struct named *named)
{
    const xmlNode *process = NULL;

    if (xml_is(named->node, "participant"))
        process =
            name_node(draft, xml_attribute(draft->arena, named->node, "processRef"), "process");
    else
        for (process = named->node; process != NULL && !xml_is(process, "process");)
            process = process->parent != NULL && process->parent->type == XML_ELEMENT_NODE
                          ? process->parent
                          : NULL;
    return process != NULL ? process : named->node;
}

static bool has_message_or_nothing(const xmlNode *node)
{
    bool has_some = false;

    for (const xmlNode *child = xml_children(node); child != NULL; child = xml_next(child)) {
        if (xml_is(child, "messageEventDefinition") || xml_is(child, "eventDefinitionRef"))
            return true;
        has_some = has_some || is_definition(child);
    }
    return !has_some;
}

static bool can_be_end(const xmlNode *node, bool is_source)
{
    static const char *const sources[] = {"endEvent", "intermediateThrowEvent"};
    static const char *const targets[] = {"startEvent", "intermediateCatchEvent", "boundaryEvent"};
    const struct element_row *row = element_row(xml_name(node));
    const char *const *events = is_source ? sources : targets;
    size_t count = is_source ? COUNT_OF(sources) : COUNT_OF(targets);

    if (xml_is(node, "participant"))
        return true;
    if (row != NULL && row->handling == ELEMENT_EXECUTED && bpmn_is_activity(row->type))
        return true;
    for (size_t i = 0; i < count; i++) {
        if (xml_is(node, events[i]))
            return has_message_or_nothing(node);
    }
    return false;
}

static const struct named *check_end(struct draft *draft, const struct message_flow *flow,
                                     const char *reference, bool is_source)
{
    const struct named *named = name_find(*draft->names, reference);
    const char *attribute = is_source ? "sourceRef" : "targetRef";

    if (named == NULL) {
        finding_add(draft->findings, BPMN_ERROR, "message-flow-reference", flow->id, flow->node,
                    "Expected %s of a message flow to name a participant or an element but found "
                    "%s%.100s%s.",
                    attribute, reference != NULL ? "'" : "nothing",
                    reference != NULL ? reference : "", reference != NULL ? "'" : "");
        return NULL;
    }
    if (named->is_refused || !draft_share(draft, named->node))
        return NULL;
    if (!can_be_end(named->node, is_source)) {
        finding_add(draft->findings, BPMN_ERROR, "message-flow-end", flow->id, flow->node,
                    "Expected a message flow to %s a pool, an activity or %s message event but "
                    "'%.100s' is a <%.60s>.",
                    is_source ? "leave" : "reach", is_source ? "a throwing" : "a catching",
                    reference, xml_name(named->node));
        return NULL;
    }
    return named;
}

void check_message_flows(struct draft *draft)
{
    for (uint32_t i = 0; i < draft->file->message_flow_count; i++) {
        const struct message_flow *flow = &draft->file->message_flows[i];
        const struct named *source = check_end(draft, flow, flow->source_ref, true);
        const struct named *target = check_end(draft, flow, flow->target_ref, false);

        if (source != NULL && target != NULL && pool_of(draft, source) == pool_of(draft, target))
            finding_add(draft->findings, BPMN_ERROR, "message-flow-pool", flow->id, flow->node,
                        "Expected a message flow to lead to another pool but '%.100s' and '%.100s' "
                        "lie in the same one: draw a sequence flow.",
                        flow->source_ref, flow->target_ref);
    }
}
