/* An event definition as JSON. */
#include "bpmn/reader/describe.h"

static void describe_correlations(json_t *object, const struct bpmn_event_definition *event)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < event->correlation_count; i++) {
        json_t *one = json_object();

        describe_text(one, "name", event->correlations[i].name);
        describe_expression(one, "messagePath", event->correlations[i].message_path);
        describe_expression(one, "dataPath", event->correlations[i].data_path);
        (void)json_array_append_new(list, one);
    }
    if (event->correlation_count > 0)
        (void)json_object_set(object, "correlations", list);
    json_decref(list);
}

json_t *describe_event(const struct bpmn_model *model, const struct bpmn_event_definition *event)
{
    static const char *const timers[] = {"timeDate", "timeDuration", "timeCycle"};
    json_t *object = json_pack("{s:s, s:i, s:i}", "kind", bpmn_event_kind_name(event->kind), "line",
                               event->line, "column", event->column);

    describe_expression(object, "name", event->name);
    describe_text(object, "reference", event->reference);
    describe_text(object, "name", event->link);
    describe_flag(object, "instanceOnly", event->instance_only);
    describe_flag(object, "async", event->async);
    if (event->kind == BPMN_EVENT_TIMER && event->clock == NULL)
        describe_expression(object, timers[event->timer_kind], event->timer);
    if (event->clock != NULL) {
        describe_expression(object, "clock", event->clock->target);
        describe_expression(object, "threshold", event->clock->threshold);
        describe_text(object, "clockSubject", event->clock->subject_type);
        describe_expression(object, "clockSubjectId", event->clock->subject_id);
    }
    describe_text(object, "calendar", event->calendar);
    describe_text(object, "timeZone", event->time_zone);
    describe_flag(object, "endOfDay", event->end_of_day);
    describe_text(object, "code", event->code);
    describe_text(object, "codeVariable", event->code_variable);
    describe_text(object, "messageVariable", event->message_variable);
    describe_expression(object, "condition", event->condition);
    if (event->activity != BPMN_NONE)
        describe_text(object, "activityRef", model->elements[event->activity].id);
    if (event->kind == BPMN_EVENT_COMPENSATION)
        (void)json_object_set_new(object, "waitForCompletion",
                                  json_boolean(event->wait_for_completion));
    describe_flag(object, "terminateAll", event->terminate_all);
    describe_expression(object, "correlationKey", event->correlation_key);
    describe_correlations(object, event);
    describe_mappings(object, "payload", &event->payload);
    return object;
}
