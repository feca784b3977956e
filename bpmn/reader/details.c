/* What each element says, once every id of the file is known. */
#include "bpmn/reader/draft.h"

#include <stdlib.h>
#include <string.h>

static uint32_t read_quantity(struct draft *draft, const struct draft_element *draft_element,
                              const char *name)
{
    const char *text = xml_attribute(draft->arena, draft_element->node, name);
    char *end;
    long value;

    if (text == NULL)
        return 1;
    value = strtol(text, &end, 10);
    if (end != text && end[strspn(end, " \t\r\n")] == '\0' && value >= 1 && value <= INT32_MAX)
        return (uint32_t)value;
    finding_add(draft->findings, BPMN_ERROR, "quantity", draft_element->element.id,
                draft_element->node, "Expected %s to be an integer from 1 but found '%.60s'.", name,
                text);
    return 1;
}

/* The data of a task that sends or receives a message is the message's. */
static void read_message_data(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_element *element = &draft_element->element;
    struct bpmn_event_definition *event =
        (struct bpmn_event_definition *)(uintptr_t)element->events.items;
    struct mapping_list list = {0};

    read_parameters(draft, draft_element->node, "in", element->id, &list);
    read_parameters(draft, draft_element->node, "out", element->id, &list);
    if (element->type == BPMN_SEND_TASK)
        read_input_associations(draft, draft_element->node, element->id,
                                loop_reference(draft, draft_element->node, "loopDataInputRef"),
                                ASSOCIATION_SENT, &list);
    else
        read_output_associations(draft, draft_element->node, element->id,
                                 loop_reference(draft, draft_element->node, "loopDataOutputRef"),
                                 ASSOCIATION_CAUGHT, &list);
    event->payload = mapping_done(&list);
}

/* Properties of a task are variables of its own; those of sub-processes are in their containers. */
static void read_properties(struct draft *draft, const struct draft_element *draft_element,
                            struct mapping_list *inputs)
{
    const xmlNode *child = xml_children(draft_element->node);

    for (; child != NULL && !bpmn_is_sub_process(draft_element->element.type);
         child = xml_next(child)) {
        struct bpmn_mapping mapping = {0};

        if (!xml_is(child, "property"))
            continue;
        /* One without a name is where a drawn association ends. */
        mapping.target = data_name(draft, xml_attribute(draft->arena, child, "id"));
        mapping.source = draft_expression(draft, "null", EXPRESSION_CONDITION, "property",
                                          draft_element->element.id, child);
        if (mapping.target != NULL && mapping.source != NULL)
            mapping_add(draft, inputs, &mapping);
    }
}

/* Data associations; those of calls and messages are read with them. */
static void read_data_flow(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_element *element = &draft_element->element;
    const xmlNode *node = draft_element->node;
    struct mapping_list inputs = {0};
    struct mapping_list outputs = {0};
    bool has_message = element->events.count > 0;

    read_properties(draft, draft_element, &inputs);
    read_input_output(draft, node, "inputParameter", element->id, &inputs);
    read_input_output(draft, node, "outputParameter", element->id, &outputs);
    if (has_message)
        read_message_data(draft, draft_element);
    if (element->type != BPMN_CALL_ACTIVITY && !(has_message && element->type == BPMN_SEND_TASK))
        read_input_associations(draft, node, element->id,
                                loop_reference(draft, node, "loopDataInputRef"), ASSOCIATION_DRAWN,
                                &inputs);
    if (element->type != BPMN_CALL_ACTIVITY && !(has_message && element->type == BPMN_RECEIVE_TASK))
        read_output_associations(draft, node, element->id,
                                 loop_reference(draft, node, "loopDataOutputRef"),
                                 ASSOCIATION_DRAWN, &outputs);
    element->inputs = mapping_done(&inputs);
    element->outputs = mapping_done(&outputs);
}

static void read_ad_hoc(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_element *element = &draft_element->element;
    const xmlNode *node = draft_element->node;
    const xmlNode *completion = xml_child(node, "completionCondition");
    const char *ordering = xml_attribute(draft->arena, node, "ordering");

    element->sequential = ordering != NULL && strcmp(ordering, "Sequential") == 0;
    element->cancel_remaining = xml_is_true(draft->arena, node, "cancelRemainingInstances", true);
    if (completion != NULL)
        element->completion = draft_formal(draft, completion, "completionCondition", element->id);
}

static void read_gateway(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_element *element = &draft_element->element;
    const xmlNode *node = draft_element->node;
    const char *type = xml_attribute(draft->arena, node, "eventGatewayType");
    const xmlNode *activation = xml_child(node, "activationCondition");

    if (element->type == BPMN_EVENT_BASED_GATEWAY) {
        element->instantiate = xml_is_true(draft->arena, node, "instantiate", false);
        element->parallel_events = type != NULL && strcmp(type, "Parallel") == 0;
    }
    if (element->type == BPMN_COMPLEX_GATEWAY && activation != NULL)
        element->activation = draft_formal(draft, activation, "activationCondition", element->id);
}

static void read_activity(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_element *element = &draft_element->element;
    const xmlNode *node = draft_element->node;

    element->for_compensation = xml_is_true(draft->arena, node, "isForCompensation", false);
    element->start_quantity = read_quantity(draft, draft_element, "startQuantity");
    element->completion_quantity = read_quantity(draft, draft_element, "completionQuantity");
    element->skip =
        draft_expression(draft, extension_attribute(draft->arena, node, "skipExpression"),
                         EXPRESSION_TEMPLATE, "skipExpression", element->id, node);
    read_loop(draft, draft_element);
    read_data_flow(draft, draft_element);
}

static void read_kind(struct draft *draft, struct draft_element *draft_element)
{
    switch (draft_element->element.type) {
    case BPMN_START_EVENT:
    case BPMN_END_EVENT:
    case BPMN_INTERMEDIATE_CATCH_EVENT:
    case BPMN_INTERMEDIATE_THROW_EVENT:
    case BPMN_BOUNDARY_EVENT:
        read_event(draft, draft_element);
        break;
    case BPMN_USER_TASK:
        read_user_task(draft, draft_element);
        break;
    case BPMN_SERVICE_TASK:
    case BPMN_BUSINESS_RULE_TASK:
        read_service_task(draft, draft_element);
        break;
    case BPMN_SEND_TASK:
        read_send_task(draft, draft_element);
        break;
    case BPMN_RECEIVE_TASK:
        read_receive_task(draft, draft_element);
        break;
    case BPMN_SCRIPT_TASK:
        read_script_task(draft, draft_element);
        break;
    case BPMN_CALL_ACTIVITY:
        read_call(draft, draft_element);
        break;
    case BPMN_AD_HOC_SUB_PROCESS:
        read_ad_hoc(draft, draft_element);
        break;
    case BPMN_EXCLUSIVE_GATEWAY:
    case BPMN_PARALLEL_GATEWAY:
    case BPMN_INCLUSIVE_GATEWAY:
    case BPMN_EVENT_BASED_GATEWAY:
    case BPMN_COMPLEX_GATEWAY:
        read_gateway(draft, draft_element);
        break;
    case BPMN_TASK:
    case BPMN_MANUAL_TASK:
    case BPMN_SUB_PROCESS:
    case BPMN_EVENT_SUB_PROCESS:
    case BPMN_TRANSACTION:
        break;
    }
}

void read_details(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_element *element = &draft_element->element;

    read_kind(draft, draft_element);
    if (bpmn_is_activity(element->type))
        read_activity(draft, draft_element);
    read_job(draft, draft_element);
    read_listeners(draft, draft_element->node, element->id, &element->listeners);
    if (draft_element->details != draft_element->node)
        extension_check(draft, draft_element->details, element->id);
    if (bpmn_is_sub_process(element->type))
        extension_check(draft, draft_element->node, element->id);
    else
        check_children(draft, draft_element);
}

static const struct expression *read_condition(struct draft *draft, const char *id,
                                               const xmlNode *node)
{
    const xmlNode *condition = xml_child(node, "conditionExpression");

    if (condition == NULL)
        return NULL;
    extension_check(draft, condition, id);
    if (xml_text(draft->arena, condition) == NULL) {
        if (extension_attribute(draft->arena, condition, "resource") == NULL)
            finding_add(draft->findings, BPMN_WARNING, "condition-empty", id, condition,
                        "This condition is empty: the flow is taken as if it had none.");
        return NULL;
    }
    return draft_formal(draft, condition, "condition", id);
}

void read_flow_details(struct draft *draft, struct draft_flow *draft_flow)
{
    struct bpmn_flow *flow = &draft_flow->flow;
    const xmlNode *node = draft_flow->node;

    flow->condition = read_condition(draft, flow->id, node);
    flow->skip = draft_expression(draft, extension_attribute(draft->arena, node, "skipExpression"),
                                  EXPRESSION_TEMPLATE, "skipExpression", flow->id, node);
    read_listeners(draft, node, flow->id, &flow->listeners);
    extension_check(draft, node, flow->id);
}
