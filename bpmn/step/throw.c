/* What throwing events, send tasks and multi-instance behaviours throw. */
#include "bpmn/step/element.h"

#include "bpmn/base/memory.h"

static enum status payload_of(struct step *step, const struct place *at,
                              const struct bpmn_event_definition *definition,
                              const json_t **ret_payload, struct error *ret_error)
{
    struct view view = {.scope = at->scope, .at = at};

    return mapping_values(step, &view, at->element, &definition->payload, ret_payload, ret_error);
}

/* The correlation of a message that is thrown: its key, or its correlation properties read from
 * what it carries, in the form that receivers are stored with. */
static enum status thrown_key(struct step *step, const struct place *at,
                              const struct bpmn_event_definition *definition, const json_t *payload,
                              const char **ret_key, struct error *ret_error)
{
    struct view view = {.scope = at->scope, .at = at, .missing_is_null = true};
    json_t *values;
    enum status status = STATUS_OK;
    char *text;

    if (definition->correlation_key != NULL)
        return evaluate_optional(step, at, definition->correlation_key, "correlation key", ret_key,
                                 ret_error);
    if (definition->correlation_count == 0)
        return STATUS_OK;
    values = json_object();
    for (uint32_t i = 0; i < definition->correlation_count && status == STATUS_OK; i++) {
        const struct bpmn_correlation *correlation = &definition->correlations[i];
        json_t *value = NULL;

        /* A message without a payload of its own speaks of the thrower's variables. */
        view.only = json_object_size(payload) > 0 ? payload : NULL;
        if (correlation->message_path != NULL)
            status = evaluate_in(step, &view, at->element, correlation->message_path,
                                 "correlation property", &value, ret_error);
        if (value != NULL)
            (void)json_object_set_new(values, correlation->name, value);
    }
    text = json_dumps(values, JSON_COMPACT | JSON_SORT_KEYS);
    INVARIANT(text != NULL);
    if (status == STATUS_OK && json_object_size(values) > 0)
        *ret_key = arena_copy(step->env->arena, text);
    memory_free(text);
    json_decref(values);
    return status;
}

/* Who receives it is settled outside of this instance. */
static enum status throw_message(struct step *step, const struct place *at,
                                 const struct bpmn_event_definition *definition,
                                 struct error *ret_error)
{
    struct bpmn_change thrown = step_change(step, BPMN_CHANGE_MESSAGE_THROWN, at);
    enum status status =
        evaluate_name(step, at, definition->name, "message name", &thrown.name, ret_error);

    if (status == STATUS_OK)
        status = payload_of(step, at, definition, &thrown.value, ret_error);
    if (status == STATUS_OK)
        status = thrown_key(step, at, definition, thrown.value, &thrown.key, ret_error);
    if (status == STATUS_OK)
        step_record(step, &thrown);
    return status;
}

/* BPMN 10.4, signals: broadcast to whoever waits at this moment; in this instance now, elsewhere by
 * whoever keeps the instances. */
static enum status throw_signal(struct step *step, const struct place *at,
                                const struct bpmn_event_definition *definition,
                                struct error *ret_error)
{
    struct bpmn_change thrown = step_change(step, BPMN_CHANGE_SIGNAL_THROWN, at);
    uint32_t count;
    enum status status =
        evaluate_name(step, at, definition->name, "signal name", &thrown.name, ret_error);

    if (status == STATUS_OK)
        status = payload_of(step, at, definition, &thrown.value, ret_error);
    if (status != STATUS_OK)
        return status;
    thrown.index = definition->instance_only;
    step_record(step, &thrown);
    return signal_deliver(step, thrown.name, thrown.value, &count, ret_error);
}

static enum status throw_escalation(struct step *step, const struct place *at,
                                    const struct bpmn_event_definition *definition,
                                    struct error *ret_error)
{
    const char *code = definition->code != NULL ? definition->code : "";
    enum status status = evaluate_optional(step, at, definition->code_expression, "escalation code",
                                           &code, ret_error);

    return status == STATUS_OK ? escalation_throw(step, at, code, ret_error) : status;
}

enum status throw_implicit(struct step *step, const struct place *at,
                           const struct bpmn_event_definition *definition, struct error *ret_error)
{
    switch (definition->kind) {
    case BPMN_EVENT_MESSAGE:
        return throw_message(step, at, definition, ret_error);
    case BPMN_EVENT_SIGNAL:
        return throw_signal(step, at, definition, ret_error);
    case BPMN_EVENT_ESCALATION:
        return throw_escalation(step, at, definition, ret_error);
    default:
        return STATUS_OK;
    }
}

/* What was thrown may have interrupted the scope that it was thrown in. An end event has no token
 * any more when it throws. */
static bool is_interrupted(struct step *step, const struct place *at, uint32_t epoch)
{
    const struct bpmn_scope *scope = &step->instance->scopes[at->scope];

    return step->instance->status != BPMN_INSTANCE_ACTIVE || scope->removed ||
           scope->epoch != epoch ||
           (at->element->type != BPMN_END_EVENT && step_token(step, at) == NULL);
}

enum status throw_events(struct step *step, const struct place *at, bool *ret_goes_on,
                         struct error *ret_error)
{
    const struct bpmn_events *events = &at->element->events;
    uint32_t epoch = step->instance->scopes[at->scope].epoch;
    enum status status = STATUS_OK;

    *ret_goes_on = true;
    for (uint32_t i = 0; i < events->count && status == STATUS_OK && *ret_goes_on; i++) {
        status = throw_implicit(step, at, &events->items[i], ret_error);
        *ret_goes_on = !is_interrupted(step, at, epoch);
    }
    /* What waits comes last, so that everything has been thrown. */
    for (uint32_t i = 0; i < events->count && status == STATUS_OK && *ret_goes_on; i++) {
        bool waits = false;

        if (events->items[i].kind != BPMN_EVENT_COMPENSATION)
            continue;
        status = compensation_throw(step, at, events->items[i].activity,
                                    events->items[i].wait_for_completion, &waits, ret_error);
        *ret_goes_on = !waits;
    }
    return status;
}
