/* A flow element as JSON: everything that the model has on it. */
#include "bpmn/reader/describe.h"

static void set(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value);
}

/* "-1" says nothing, other numbers do. */
static void describe_number(json_t *object, const char *name, int64_t value, int64_t usual)
{
    if (value != usual)
        set(object, name, json_integer(value));
}

static void describe_reference(json_t *object, const char *name, const struct bpmn_model *model,
                               uint32_t index)
{
    if (index != BPMN_NONE)
        describe_text(object, name, model->elements[index].id);
}

const char *describe_type(const struct bpmn_element *element)
{
    if (element->type == BPMN_EVENT_SUB_PROCESS)
        return bpmn_element_type_name(BPMN_SUB_PROCESS);
    return bpmn_element_type_name(element->global_task != NULL ? BPMN_CALL_ACTIVITY
                                                               : element->type);
}

static void describe_events(json_t *object, const struct bpmn_model *model,
                            const struct bpmn_element *element)
{
    json_t *events = json_array();

    for (uint32_t i = 0; i < element->events.count; i++)
        (void)json_array_append_new(events, describe_event(model, &element->events.items[i]));
    if (bpmn_is_event(element->type) || element->events.count > 0)
        (void)json_object_set(object, "events", events);
    json_decref(events);
    describe_flag(object, "parallelMultiple", element->parallel_multiple);
    describe_reference(object, "linkTarget", model, element->link_target);
}

static void describe_user_task(json_t *object, const struct bpmn_user_task *task)
{
    describe_expression(object, "assignee", task->assignee);
    describe_expression(object, "owner", task->owner);
    describe_expression(object, "candidateUsers", task->candidate_users);
    describe_expression(object, "candidateGroups", task->candidate_groups);
    describe_expression(object, "dueDate", task->due_date);
    describe_text(object, "calendar", task->calendar);
    describe_expression(object, "priority", task->priority);
    describe_expression(object, "category", task->category);
    describe_expression(object, "formKey", task->form_key);
    describe_text(object, "taskIdVariable", task->task_id_variable);
    describe_text(object, "taskCompleterVariable", task->task_completer_variable);
}

static void describe_call(json_t *object, const struct bpmn_call *call)
{
    static const char *const bindings[] = {"latest", "deployment", "version", "versionTag", "id"};

    describe_expression(object, "calledElement", call->called_element);
    set(object, "binding", json_string(bindings[call->binding]));
    describe_expression(object, "version", call->version);
    describe_mappings(object, "in", &call->in);
    describe_mappings(object, "out", &call->out);
    describe_flag(object, "inheritVariables", call->inherit_variables);
    describe_expression(object, "businessKey", call->business_key);
    describe_flag(object, "inheritBusinessKey", call->inherit_business_key);
    describe_expression(object, "processInstanceName", call->instance_name);
    describe_text(object, "idVariable", call->id_variable);
    describe_flag(object, "localOut", call->local_out);
}

static void describe_behaviour(json_t *object, const struct bpmn_model *model,
                               const struct bpmn_loop *loop)
{
    static const char *const behaviours[] = {"All", "None", "One", "Complex"};
    json_t *complexes = json_array();

    if (loop->behaviour != BPMN_BEHAVIOUR_ALL)
        set(object, "behavior", json_string(behaviours[loop->behaviour]));
    if (loop->event != NULL)
        set(object, "event", describe_event(model, loop->event));
    for (uint32_t i = 0; i < loop->complex_count; i++) {
        json_t *one = json_object();

        describe_expression(one, "condition", loop->complex[i].condition);
        set(one, "event", describe_event(model, &loop->complex[i].event));
        (void)json_array_append_new(complexes, one);
    }
    if (loop->complex_count > 0)
        (void)json_object_set(object, "complex", complexes);
    json_decref(complexes);
}

static void describe_loop(json_t *object, const struct bpmn_model *model,
                          const struct bpmn_loop *loop)
{
    static const char *const kinds[] = {"none", "standard", "sequential", "parallel"};
    json_t *description;

    if (loop->kind == BPMN_LOOP_NONE)
        return;
    description = json_pack("{s:s}", "kind", kinds[loop->kind]);
    describe_flag(description, "testBefore", loop->test_before);
    describe_number(description, "loopMaximum", loop->maximum, -1);
    describe_expression(description, "loopCondition", loop->condition);
    describe_expression(description, "loopCardinality", loop->cardinality);
    describe_expression(description, "collection", loop->collection);
    describe_text(description, "collection", loop->collection_variable);
    describe_text(description, "elementVariable", loop->element_variable);
    describe_text(description, "elementIndexVariable", loop->index_variable);
    describe_expression(description, "completionCondition", loop->completion);
    describe_text(description, "outputItem", loop->output_item);
    describe_text(description, "outputCollection", loop->output_collection);
    describe_behaviour(description, model, loop);
    set(object, "loop", description);
}

static void describe_service(json_t *object, const struct bpmn_element *element)
{
    static const char *const services[] = {"none", "topic", "external-worker", "expression",
                                           "javascript"};

    if (element->service != BPMN_SERVICE_NONE)
        set(object, "service", json_string(services[element->service]));
    describe_expression(object, "topic", element->topic);
    describe_expression(object, "expression", element->expression);
    describe_text(object, "script", element->script);
    describe_flag(object, "keepsPrivate", element->script_keeps_private);
    describe_text(object, "resultVariable", element->result_variable);
    describe_flag(object, "resultLocal", element->result_local);
    describe_flag(object, "hideVariables", element->hide_variables);
    describe_mappings(object, "workerIn", &element->worker_in);
    describe_mappings(object, "workerOut", &element->worker_out);
    describe_mappings(object, "fields", &element->fields);
    describe_flag(object, "triggerable", element->triggerable);
}

static void describe_activity(json_t *object, const struct bpmn_model *model,
                              const struct bpmn_element *element)
{
    describe_flag(object, "isForCompensation", element->for_compensation);
    describe_reference(object, "compensationHandler", model,
                       element->compensation_boundary != BPMN_NONE
                           ? model->elements[element->compensation_boundary].compensation_handler
                           : BPMN_NONE);
    describe_number(object, "startQuantity", element->start_quantity, 1);
    describe_number(object, "completionQuantity", element->completion_quantity, 1);
    describe_loop(object, model, &element->loop);
    describe_mappings(object, "inputs", &element->inputs);
    describe_mappings(object, "outputs", &element->outputs);
    describe_expression(object, "skipExpression", element->skip);
    describe_service(object, element);
    describe_user_task(object, &element->user_task);
    if (element->type == BPMN_CALL_ACTIVITY)
        describe_call(object, &element->call);
    if (element->global_task != NULL) {
        describe_text(object, "calledElement", element->global_task);
        describe_text(object, "taskType", bpmn_element_type_name(element->type));
    }
    if (element->type == BPMN_AD_HOC_SUB_PROCESS) {
        set(object, "ordering", json_string(element->sequential ? "Sequential" : "Parallel"));
        set(object, "cancelRemainingInstances", json_boolean(element->cancel_remaining));
        describe_expression(object, "completionCondition", element->completion);
    }
    describe_flag(object, "triggeredByEvent", element->type == BPMN_EVENT_SUB_PROCESS);
    if (element->container != NULL && element->container->data_count > 0)
        set(object, "data", describe_data(element->container));
}

json_t *describe_element(const struct bpmn_model *model, const struct bpmn_element *element)
{
    json_t *object =
        json_pack("{s:s, s:s, s:i, s:i}", "id", element->id, "type", describe_type(element), "line",
                  element->line, "column", element->column);
    const char *scope =
        element->scope == BPMN_NONE ? model->process_id : model->elements[element->scope].id;
    bool is_event_start = element->type == BPMN_START_EVENT && element->scope != BPMN_NONE &&
                          model->elements[element->scope].type == BPMN_EVENT_SUB_PROCESS;

    describe_text(object, "name", element->name);
    describe_text(object, "documentation", element->documentation);
    describe_text(object, "scope", scope);
    describe_events(object, model, element);
    describe_reference(object, "attachedTo", model, element->attached_to);
    if (element->type == BPMN_BOUNDARY_EVENT || is_event_start)
        set(object, "interrupting", json_boolean(element->interrupting));
    describe_reference(object, "compensationHandler", model, element->compensation_handler);
    if (element->default_flow != BPMN_NONE)
        describe_text(object, "default", model->flows[element->default_flow].id);
    describe_flag(object, "instantiate", element->instantiate);
    describe_flag(object, "parallelEvents", element->parallel_events);
    describe_expression(object, "activationCondition", element->activation);
    describe_activity(object, model, element);
    describe_listeners(object, &element->listeners);
    describe_flag(object, "asyncBefore", element->async_before);
    describe_flag(object, "asyncAfter", element->async_after);
    describe_flag(object, "nonExclusive", !element->exclusive);
    describe_expression(object, "jobPriority", element->job_priority);
    describe_text(object, "retryCycle", element->retry_cycle);
    return object;
}
