/* What was understood, as JSON: for people, and for checks against an independent reader. */
#include "bpmn/reader/reader.h"

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text != NULL)
        (void)json_object_set_new(object, name, json_string(text));
}

static void set_expression(json_t *object, const char *name, const struct expression *expression)
{
    if (expression != NULL)
        set_text(object, name, expression_text(expression));
}

static json_t *describe_event(const struct bpmn_element *element)
{
    static const char *const kinds[] = {"none", "timer", "message", "error", "terminate"};
    static const char *const timers[] = {"timeDate", "timeDuration", "timeCycle"};
    json_t *event = json_pack("{s:s}", "kind", kinds[element->event]);

    if (element->timer != NULL)
        set_expression(event, timers[element->timer_kind], element->timer);
    set_expression(event, "messageName", element->message_name);
    set_text(event, "errorCode", element->error_code);
    set_text(event, "errorVariable", element->error_variable);
    return event;
}

static void describe_user_task(json_t *object, const struct bpmn_user_task *task)
{
    set_expression(object, "assignee", task->assignee);
    set_expression(object, "owner", task->owner);
    set_expression(object, "candidateUsers", task->candidate_users);
    set_expression(object, "candidateGroups", task->candidate_groups);
    set_expression(object, "dueDate", task->due_date);
    set_expression(object, "priority", task->priority);
    set_expression(object, "category", task->category);
    set_expression(object, "formKey", task->form_key);
}

static json_t *describe_element(const struct bpmn_model *model, const struct bpmn_element *element)
{
    static const char *const services[] = {"topic", "external-worker", "expression"};
    json_t *object = json_pack("{s:s, s:s, s:i, s:i}", "id", element->id, "type",
                               bpmn_element_type_name(element->type), "line", element->line,
                               "column", element->column);

    set_text(object, "name", element->name);
    set_text(object, "documentation", element->documentation);
    set_text(object, "scope",
             element->scope == BPMN_NONE ? model->process_id : model->elements[element->scope].id);
    if (element->event != BPMN_EVENT_NONE)
        (void)json_object_set_new(object, "event", describe_event(element));
    if (element->attached_to != BPMN_NONE) {
        set_text(object, "attachedTo", model->elements[element->attached_to].id);
        (void)json_object_set_new(object, "interrupting", json_boolean(element->interrupting));
    }
    if (element->default_flow != BPMN_NONE)
        set_text(object, "default", model->flows[element->default_flow].id);
    if (element->type == BPMN_SERVICE_TASK)
        set_text(object, "service", services[element->service]);
    set_expression(object, "topic", element->topic);
    set_expression(object, "expression", element->expression);
    set_text(object, "resultVariable", element->result_variable);
    describe_user_task(object, &element->user_task);
    return object;
}

static json_t *describe_flow(const struct bpmn_model *model, const struct bpmn_flow *flow)
{
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:i, s:i}", "id", flow->id, "source", model->elements[flow->source].id,
        "target", model->elements[flow->target].id, "line", flow->line, "column", flow->column);

    set_text(object, "name", flow->name);
    set_expression(object, "condition", flow->condition);
    return object;
}

static json_t *describe_model(const struct bpmn_model *model)
{
    json_t *elements = json_array();
    json_t *flows = json_array();
    json_t *counts = json_object();
    json_t *object;

    for (uint32_t i = 0; i < model->element_count; i++) {
        const char *type = bpmn_element_type_name(model->elements[i].type);
        json_int_t count = json_integer_value(json_object_get(counts, type));

        (void)json_array_append_new(elements, describe_element(model, &model->elements[i]));
        (void)json_object_set_new(counts, type, json_integer(count + 1));
    }
    for (uint32_t i = 0; i < model->flow_count; i++)
        (void)json_array_append_new(flows, describe_flow(model, &model->flows[i]));
    (void)json_object_set_new(counts, "sequenceFlow", json_integer((json_int_t)model->flow_count));
    object = json_pack("{s:s, s:i, s:o, s:o, s:o}", "id", model->process_id, "line", model->line,
                       "elements", elements, "flows", flows, "counts", counts);
    set_text(object, "name", model->name);
    set_text(object, "documentation", model->documentation);
    return object;
}

json_t *bpmn_document_describe(const struct bpmn_document *document)
{
    json_t *processes = json_array();

    for (uint32_t i = 0; i < document->model_count; i++)
        (void)json_array_append_new(processes, describe_model(&document->models[i]));
    return json_pack("{s:o}", "processes", processes);
}
