/* Event definitions that are waited for: how each begins to wait, and what comes with it. */
#include "bpmn/step/element.h"

#include "bpmn/base/memory.h"

#include <string.h>

/* ---- correlation ----------------------------------------------------------------------------- */

/* What this instance knows of a message's correlation properties, as text in an order that does not
 * depend on anything but their names; NULL when it lacks one: any message will do then. */
static enum status known_key(struct step *step, const struct place *at,
                             const struct bpmn_event_definition *definition, const char **ret_key,
                             struct error *ret_error)
{
    struct view view = {.scope = at->scope, .at = at, .missing_is_null = true};
    json_t *known = json_object();
    enum status status = STATUS_OK;
    bool complete = true;

    for (uint32_t i = 0; i < definition->correlation_count && status == STATUS_OK; i++) {
        const struct bpmn_correlation *correlation = &definition->correlations[i];
        json_t *value = NULL;

        if (correlation->data_path != NULL) {
            status = evaluate_in(step, &view, at->element, correlation->data_path,
                                 "correlation property", &value, ret_error);
        } else {
            value = json_incref((json_t *)bpmn_instance_variable(
                step->instance, &step->instance->scopes[at->scope], correlation->name));
        }
        complete = complete && value != NULL && !json_is_null(value);
        if (value != NULL)
            (void)json_object_set_new(known, correlation->name, value);
    }
    if (status == STATUS_OK && complete) {
        char *text = json_dumps(known, JSON_COMPACT | JSON_SORT_KEYS);

        INVARIANT(text != NULL);
        *ret_key = arena_copy(step->env->arena, text);
        memory_free(text);
    }
    json_decref(known);
    return status;
}

static enum status message_key(struct step *step, const struct place *at,
                               const struct bpmn_event_definition *definition, const char **ret_key,
                               struct error *ret_error)
{
    *ret_key = NULL;
    if (definition->correlation_key != NULL)
        return evaluate_optional(step, at, definition->correlation_key, "correlation key", ret_key,
                                 ret_error);
    if (definition->correlation_count > 0)
        return known_key(step, at, definition, ret_key, ret_error);
    return STATUS_OK;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static enum status await_name(struct step *step, const struct place *at,
                              const struct bpmn_element *event, uint32_t index,
                              struct error *ret_error)
{
    const struct bpmn_event_definition *definition = &event->events.items[index];
    bool message = definition->kind == BPMN_EVENT_MESSAGE;
    struct bpmn_change change =
        step_change(step, message ? BPMN_CHANGE_MESSAGE_AWAITED : BPMN_CHANGE_SIGNAL_AWAITED, at);
    struct place seen_from = *at;
    enum status status;

    seen_from.element = event; /* errors name the event, not the activity it is attached to */
    status = evaluate_name(step, &seen_from, definition->name,
                           message ? "message name" : "signal name", &change.name, ret_error);
    if (status == STATUS_OK && message)
        status = message_key(step, &seen_from, definition, &change.key, ret_error);
    if (status != STATUS_OK)
        return status;
    change.element = event->index;
    change.definition = index;
    step_wait(step, &change);
    return STATUS_OK;
}

static void await_condition(struct step *step, const struct place *at,
                            const struct bpmn_element *event, uint32_t index)
{
    struct bpmn_change change = step_change(step, BPMN_CHANGE_CONDITION_AWAITED, at);

    change.element = event->index;
    change.definition = index;
    step_wait(step, &change);
    step->look_at_conditions = true;
}

static enum status arm_one(struct step *step, const struct place *at,
                           const struct bpmn_element *event, uint32_t index,
                           struct error *ret_error)
{
    switch (event->events.items[index].kind) {
    case BPMN_EVENT_TIMER:
        return timer_arm(step, at, event, index, ret_error);
    case BPMN_EVENT_MESSAGE:
    case BPMN_EVENT_SIGNAL:
        return await_name(step, at, event, index, ret_error);
    case BPMN_EVENT_CONDITIONAL:
        await_condition(step, at, event, index);
        return STATUS_OK;
    default:
        return STATUS_OK; /* found by whoever throws it */
    }
}

enum status event_arm(struct step *step, const struct place *at, const struct bpmn_element *event,
                      uint32_t without, struct error *ret_error)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < event->events.count && status == STATUS_OK; i++) {
        if (i != without)
            status = arm_one(step, at, event, i, ret_error);
    }
    return status;
}

/* ---- happening ------------------------------------------------------------------------------- */

enum status event_answered(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                           bool *ret_happened, struct error *ret_error)
{
    const struct bpmn_element *event = &step->model->elements[wait->element];
    const struct bpmn_token *token;

    (void)ret_error; /* cannot fail today; listeners of events would */
    step_wait_over(step, at, wait);
    *ret_happened = true;
    if (!event->parallel_multiple)
        return STATUS_OK;
    /* BPMN 10.4, parallel multiple: all of its definitions are needed. */
    token = step_token(step, at);
    for (uint32_t i = 0; i < token->wait_count; i++) {
        if (token->waits[i].element == wait->element)
            *ret_happened = false;
    }
    return STATUS_OK;
}

enum status event_rearm(struct step *step, const struct place *at, const struct bpmn_element *event,
                        const struct bpmn_wait *wait, struct error *ret_error)
{
    enum status status;

    if (event->parallel_multiple)
        return event_arm(step, at, event, BPMN_NONE, ret_error);
    if (wait->kind == BPMN_WAIT_TIMER)
        return timer_repeat(step, at, wait, ret_error);
    status = arm_one(step, at, event, wait->definition, ret_error);
    if (status == STATUS_OK && wait->kind == BPMN_WAIT_CONDITION) {
        /* It is true now: next comes false, and then true again. */
        const struct bpmn_token *token = step_token(step, at);
        struct bpmn_change seen = step_change(step, BPMN_CHANGE_CONDITION_SEEN, at);

        seen.wait_id = token->waits[token->wait_count - 1].id;
        seen.element = event->index;
        seen.index = 1;
        step_record(step, &seen);
    }
    return status;
}

/* A property that the instance does not know yet is taken over from the first message. */
static enum status take_correlations(struct step *step, uint32_t scope,
                                     const struct bpmn_element *event,
                                     const struct bpmn_event_definition *definition,
                                     const json_t *payload, struct error *ret_error)
{
    struct view view = {.scope = scope, .only = payload, .missing_is_null = true};

    for (uint32_t i = 0; i < definition->correlation_count; i++) {
        const struct bpmn_correlation *correlation = &definition->correlations[i];
        const json_t *known = bpmn_instance_variable(step->instance, &step->instance->scopes[scope],
                                                     correlation->name);
        json_t *value = NULL;
        enum status status;

        if (correlation->data_path != NULL || correlation->message_path == NULL ||
            (known != NULL && !json_is_null(known)))
            continue;
        status = evaluate_in(step, &view, event, correlation->message_path, "correlation property",
                             &value, ret_error);
        if (status != STATUS_OK)
            return status;
        if (!json_is_null(value))
            variables_set(step, scope, correlation->name, value);
        json_decref(value);
    }
    return STATUS_OK;
}

enum status event_take_payload(struct step *step, uint32_t scope, const struct bpmn_element *event,
                               uint32_t definition, const json_t *payload, struct error *ret_error)
{
    const struct bpmn_event_definition *defined =
        definition < event->events.count ? &event->events.items[definition] : NULL;
    struct view view = {.scope = scope, .only = payload};
    const json_t *values = payload;
    enum status status = STATUS_OK;

    if (defined != NULL && defined->payload.count > 0) {
        json_t *none = payload == NULL ? json_object() : NULL;

        if (none != NULL)
            view.only = step_keep(step, none);
        status = mapping_values(step, &view, event, &defined->payload, &values, ret_error);
    }
    if (status != STATUS_OK)
        return status;
    variables_merge(step, scope, values);
    if (defined == NULL || payload == NULL)
        return STATUS_OK;
    return take_correlations(step, scope, event, defined, payload, ret_error);
}

/* The wait may be that of a boundary event, of an event sub-process, or of an event gateway's
 * target, on a token that stands elsewhere. */
enum status element_trigger(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                            struct error *ret_error)
{
    enum bpmn_element_type waiting = step->model->elements[wait->element].type;
    enum bpmn_element_type type =
        waiting == BPMN_BOUNDARY_EVENT || waiting == BPMN_START_EVENT ? waiting : at->element->type;

    if (wait->kind == BPMN_WAIT_HANDLER && wait->listener != 0)
        return listeners_answered(step, at, wait, ret_error);
    if (step_token(step, at)->state == BPMN_TOKEN_BEFORE) {
        struct bpmn_change unparked = step_change(step, BPMN_CHANGE_UNPARKED, at);

        step_wait_over(step, at, wait);
        step_record(step, &unparked);
        step_enqueue_resumed(step, at->scope, at->element->index);
        return STATUS_OK;
    }
    if (step_token(step, at)->state == BPMN_TOKEN_AFTER) {
        struct bpmn_change unparked = step_change(step, BPMN_CHANGE_UNPARKED, at);

        step_wait_over(step, at, wait);
        step_record(step, &unparked);
        return step_go_on(step, at, ret_error);
    }
    INVARIANT(element_hooks(type)->trigger != NULL);
    return element_hooks(type)->trigger(step, at, wait, ret_error);
}
