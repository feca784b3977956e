/* BPMN errors and escalations: from where they are thrown outwards to the innermost that catches
 * them. On the way, for each scope: its event sub-processes, then the events on the border of the
 * activity around it. */
#include "bpmn/step/element.h"

#include <string.h>

struct thrown {
    enum bpmn_event_kind kind;
    const char *code;
    const char *message;
};

/* Does this event catch it, by its code or because it catches everything? */
static bool catches(const struct bpmn_element *event, const struct thrown *thrown, bool exact,
                    uint32_t *ret_definition)
{
    for (uint32_t i = 0; i < event->events.count; i++) {
        const struct bpmn_event_definition *definition = &event->events.items[i];

        if (definition->kind != thrown->kind || (definition->code != NULL) != exact)
            continue;
        if (!exact || strcmp(definition->code, thrown->code) == 0) {
            *ret_definition = i;
            return true;
        }
    }
    return false;
}

/* In one place the exact code comes first, then one that catches every error. */
static const struct bpmn_element *catching_boundary(const struct step *step,
                                                    const struct bpmn_element *activity,
                                                    const struct thrown *thrown,
                                                    uint32_t *ret_definition)
{
    for (int exact = 1; exact >= 0; exact--) {
        for (uint32_t i = 0; i < activity->boundary_count; i++) {
            const struct bpmn_element *event = &step->model->elements[activity->boundary[i]];

            if (catches(event, thrown, exact != 0, ret_definition))
                return event;
        }
    }
    return NULL;
}

static const struct bpmn_element *catching_start(const struct step *step, uint32_t scope,
                                                 const struct thrown *thrown,
                                                 uint32_t *ret_definition)
{
    const struct bpmn_scope *at = &step->instance->scopes[scope];
    const struct bpmn_container *container = &step->model->container;

    if (at->kind == BPMN_SCOPE_SUB_PROCESS)
        container = step->model->elements[at->element].container;
    else if (at->kind != BPMN_SCOPE_PROCESS)
        return NULL;
    for (int exact = 1; exact >= 0; exact--) {
        for (uint32_t i = 0; i < container->event_sub_processes.count; i++) {
            const struct bpmn_container *inside =
                step->model->elements[container->event_sub_processes.items[i]].container;

            for (uint32_t j = 0; j < inside->starts.count; j++) {
                const struct bpmn_element *start = &step->model->elements[inside->starts.items[j]];

                if (catches(start, thrown, exact != 0, ret_definition))
                    return start;
            }
        }
    }
    return NULL;
}

static void set_text(struct step *step, uint32_t scope, const char *name, const char *text,
                     bool local)
{
    json_t *value;

    if (name == NULL)
        return;
    value = text != NULL ? json_string(text) : json_null();
    if (value == NULL)
        value = json_null();
    if (local)
        variables_set_local(step, scope, name, value);
    else
        variables_set(step, scope, name, value);
    json_decref(value);
}

static void record_caught(struct step *step, const struct place *at,
                          const struct bpmn_element *event, const struct thrown *thrown)
{
    struct bpmn_change change = step_change(
        step,
        thrown->kind == BPMN_EVENT_ERROR ? BPMN_CHANGE_ERROR_CAUGHT : BPMN_CHANGE_ESCALATION_CAUGHT,
        at);

    change.element = event->index;
    change.name = thrown->code;
    step_record(step, &change);
}

/* The event takes over in `at`'s scope: a boundary event on the activity `at`, or the start event
 * of an event sub-process there. An error always interrupts: it leaves nothing to go on with. */
static void caught(struct step *step, const struct place *at, const struct bpmn_element *event,
                   uint32_t index, const struct thrown *thrown)
{
    const struct bpmn_event_definition *definition = &event->events.items[index];
    bool interrupts = thrown->kind == BPMN_EVENT_ERROR || event->interrupting;
    const char *reason = arena_format(step->env->arena, "%s '%s' caught by '%s'",
                                      bpmn_event_kind_name(thrown->kind), thrown->code, event->id);

    record_caught(step, at, event, thrown);
    if (interrupts && event->type == BPMN_BOUNDARY_EVENT)
        step_terminate(step, at->scope, &at->token, reason);
    else if (interrupts)
        step_terminate_all(step, at->scope, reason);
    set_text(step, at->scope, definition->code_variable, thrown->code,
             definition->code_variable_local);
    set_text(step, at->scope, definition->message_variable, thrown->message,
             definition->code_variable_local);
    if (event->type == BPMN_BOUNDARY_EVENT)
        step_enqueue(step, at->scope, event->index, BPMN_NONE);
    else
        event_sub_process_start(step, at->scope, &step->model->elements[event->scope], index);
}

/* Looks for who catches it. False: nobody in this instance does. */
static bool search(struct step *step, const struct place *from, const struct thrown *thrown)
{
    struct place at = *from;
    bool has_token = true;

    for (;;) {
        const struct bpmn_element *event = NULL;
        bool inner = has_token && step_is_inner(step, at.scope, at.element);
        uint32_t definition = 0;

        if (has_token && !inner)
            event = catching_boundary(step, at.element, thrown, &definition);
        /* What an event sub-process throws is not caught by its neighbours. */
        if (event == NULL && at.element->type != BPMN_EVENT_SUB_PROCESS)
            event = catching_start(step, at.scope, thrown, &definition);
        if (event != NULL) {
            caught(step, &at, event, definition, thrown);
            return true;
        }
        if (step_is_root(step, at.scope))
            return false;
        has_token = step_owner(step, at.scope, &at);
    }
}

/* BPMN leaves an uncaught error undefined. Here it ends the instance: whatever else runs in it is
 * terminated, and the instance says why; a call activity that waits for it hears of the error. */
static void end_instance(struct step *step, const struct place *thrower, const char *code)
{
    struct bpmn_change ended = step_change(step, BPMN_CHANGE_INSTANCE_TERMINATED, NULL);

    ended.reason = arena_format(step->env->arena, "uncaught BPMN error '%s' thrown by '%s'", code,
                                thrower->element->id);
    ended.name = code;
    if (thrower->element->type == BPMN_END_EVENT)
        ended.element = thrower->element->index;
    step_terminate_all(step, 0, ended.reason);
    step_record(step, &ended);
}

enum status error_throw(struct step *step, const struct place *at, const char *code,
                        const char *message, struct error *ret_error)
{
    struct bpmn_change change = step_change(step, BPMN_CHANGE_ERROR_THROWN, at);
    struct thrown thrown = {.kind = BPMN_EVENT_ERROR};

    (void)ret_error; /* what nobody catches ends the instance: no failure */
    PRE(code != NULL);
    thrown.code = arena_copy(step->env->arena, code);
    thrown.message = arena_copy(step->env->arena, message);
    change.name = thrown.code;
    step_record(step, &change);
    if (!search(step, at, &thrown))
        end_instance(step, at, thrown.code);
    return STATUS_OK;
}

enum status escalation_throw(struct step *step, const struct place *at, const char *code,
                             struct error *ret_error)
{
    struct bpmn_change change = step_change(step, BPMN_CHANGE_ESCALATION_THROWN, at);
    struct thrown thrown = {.kind = BPMN_EVENT_ESCALATION};
    uint32_t index = step->changes->count;

    (void)ret_error;
    thrown.code = arena_copy(step->env->arena, code);
    change.name = thrown.code;
    step_record(step, &change);
    /* BPMN 10.4: an escalation that nobody catches is lost, and the flow goes on; a call activity
     * around this instance may catch it. */
    if (!search(step, at, &thrown))
        step->changes->items[index].index = 1;
    return STATUS_OK;
}
