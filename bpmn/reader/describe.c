/* What was understood, as JSON: for people, and for checks against an independent reader. */
#include "bpmn/reader/describe.h"

#include "bpmn/reader/reader.h"

void describe_text(json_t *object, const char *name, const char *text)
{
    if (text != NULL)
        (void)json_object_set_new(object, name, json_string(text));
}

void describe_flag(json_t *object, const char *name, bool value)
{
    if (value)
        (void)json_object_set_new(object, name, json_true());
}

void describe_expression(json_t *object, const char *name, const struct expression *expression)
{
    if (expression != NULL)
        describe_text(object, name, expression_text(expression));
}

void describe_mappings(json_t *object, const char *name, const struct bpmn_mappings *mappings)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < mappings->count; i++) {
        const struct bpmn_mapping *mapping = &mappings->items[i];
        json_t *one = json_object();

        describe_flag(one, "all", mapping->all);
        describe_expression(one, "sourceExpression", mapping->source);
        describe_text(one, "source", mapping->source_variable);
        describe_text(one, "target", mapping->target);
        describe_expression(one, "targetExpression", mapping->target_expression);
        (void)json_array_append_new(list, one);
    }
    if (mappings->count > 0)
        (void)json_object_set(object, name, list);
    json_decref(list);
}

void describe_listeners(json_t *object, const struct bpmn_listeners *listeners)
{
    static const char *const events[] = {"start",      "end",      "take",  "create",
                                         "assignment", "complete", "delete"};
    json_t *list = json_array();

    for (uint32_t i = 0; i < listeners->count; i++) {
        const struct bpmn_listener *listener = &listeners->items[i];
        json_t *one = json_pack("{s:s}", "event", events[listener->event]);

        describe_expression(one, "expression", listener->expression);
        describe_text(one, "script", listener->script);
        describe_expression(one, "topic", listener->topic);
        (void)json_array_append_new(list, one);
    }
    if (listeners->count > 0)
        (void)json_object_set(object, "listeners", list);
    json_decref(list);
}

json_t *describe_data(const struct bpmn_container *container)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < container->data_count; i++) {
        json_t *one = json_object();

        describe_text(one, "name", container->data[i].name);
        describe_expression(one, "initial", container->data[i].initial);
        (void)json_array_append_new(list, one);
    }
    return list;
}

/* The end of a flow that could not be resolved is left out. */
static void describe_end(json_t *object, const char *name, const struct bpmn_model *model,
                         uint32_t index)
{
    if (index != BPMN_NONE)
        describe_text(object, name, model->elements[index].id);
}

static json_t *describe_flow(const struct bpmn_model *model, const struct bpmn_flow *flow)
{
    json_t *object =
        json_pack("{s:s, s:i, s:i}", "id", flow->id, "line", flow->line, "column", flow->column);

    describe_end(object, "source", model, flow->source);
    describe_end(object, "target", model, flow->target);
    describe_text(object, "name", flow->name);
    describe_expression(object, "condition", flow->condition);
    describe_expression(object, "skipExpression", flow->skip);
    describe_listeners(object, &flow->listeners);
    return object;
}

static json_t *describe_model(const struct bpmn_model *model, bool is_executable)
{
    json_t *elements = json_array();
    json_t *flows = json_array();
    json_t *counts = json_object();
    json_t *object = json_object();

    for (uint32_t i = 0; i < model->element_count; i++) {
        const char *type = describe_type(&model->elements[i]);
        json_int_t count = json_integer_value(json_object_get(counts, type));

        (void)json_array_append_new(elements, describe_element(model, &model->elements[i]));
        (void)json_object_set_new(counts, type, json_integer(count + 1));
    }
    for (uint32_t i = 0; i < model->flow_count; i++)
        (void)json_array_append_new(flows, describe_flow(model, &model->flows[i]));
    (void)json_object_set_new(counts, "sequenceFlow", json_integer((json_int_t)model->flow_count));
    describe_text(object, "id", model->process_id);
    describe_text(object, "name", model->name);
    describe_text(object, "documentation", model->documentation);
    describe_text(object, "versionTag", model->version_tag);
    describe_text(object, "initiatorVariable", model->initiator_variable);
    describe_listeners(object, &model->listeners);
    (void)json_object_update_new(
        object, json_pack("{s:i, s:b, s:o, s:o, s:o, s:o}", "line", model->line, "executable",
                          is_executable, "elements", elements, "flows", flows, "data",
                          describe_data(&model->container), "counts", counts));
    return object;
}

static json_t *describe_participants(const struct bpmn_document *document)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < document->participant_count; i++) {
        json_t *one = json_object();

        describe_text(one, "id", document->participants[i].id);
        describe_text(one, "name", document->participants[i].name);
        describe_text(one, "process", document->participants[i].process);
        (void)json_array_append_new(list, one);
    }
    return list;
}

static json_t *describe_message_flows(const struct bpmn_document *document)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < document->message_flow_count; i++) {
        json_t *one = json_object();

        describe_text(one, "id", document->message_flows[i].id);
        describe_text(one, "name", document->message_flows[i].name);
        describe_text(one, "source", document->message_flows[i].source);
        describe_text(one, "target", document->message_flows[i].target);
        describe_text(one, "message", document->message_flows[i].message);
        (void)json_array_append_new(list, one);
    }
    return list;
}

json_t *bpmn_document_describe(const struct bpmn_document *document)
{
    json_t *processes = json_array();

    for (uint32_t i = 0; i < document->model_count; i++)
        (void)json_array_append_new(processes, describe_model(&document->models[i], true));
    for (uint32_t i = 0; i < document->drawing_count; i++)
        (void)json_array_append_new(processes, describe_model(&document->drawings[i], false));
    return json_pack("{s:o, s:o, s:o}", "processes", processes, "participants",
                     describe_participants(document), "messageFlows",
                     describe_message_flows(document));
}
