/* BPMN errors: from where they are thrown outwards to the innermost activity that catches them. */
#include "bpmn/step/element.h"

#include <string.h>

/* On one activity the exact code comes first, then a boundary event that catches every error. */
static const struct bpmn_element *catching(const struct step *step,
                                           const struct bpmn_element *activity, const char *code)
{
    const struct bpmn_element *any = NULL;

    for (uint32_t i = 0; i < activity->boundary_count; i++) {
        const struct bpmn_element *event = &step->model->elements[activity->boundary[i]];

        if (event->event != BPMN_EVENT_ERROR)
            continue;
        if (event->error_code == NULL)
            any = any == NULL ? event : any;
        else if (strcmp(event->error_code, code) == 0)
            return event;
    }
    return any;
}

/* BPMN leaves an uncaught error undefined. Here it ends the instance: whatever else runs in it is
 * terminated, and the instance says why. */
static void end_instance(struct step *step, const struct place *thrower, const char *code)
{
    struct bpmn_change ended = step_change(step, BPMN_CHANGE_INSTANCE_TERMINATED, NULL);

    ended.reason = arena_format(step->env->arena, "uncaught BPMN error '%s' thrown by '%s'", code,
                                thrower->element->id);
    if (thrower->element->type == BPMN_END_EVENT)
        ended.element = thrower->element->index;
    step_terminate_all(step, 0, ended.reason);
    step_record(step, &ended);
}

/* An error boundary event always interrupts its activity; the flow goes on from the event. */
static void caught(struct step *step, const struct place *activity,
                   const struct bpmn_element *boundary, const char *code)
{
    struct bpmn_change change = step_change(step, BPMN_CHANGE_ERROR_CAUGHT, activity);

    change.element = boundary->index;
    change.name = code;
    step_record(step, &change);
    step_terminate(step, activity->scope, &activity->token,
                   arena_format(step->env->arena, "error '%s' caught by '%s'", code, boundary->id));
    if (boundary->error_variable != NULL) {
        json_t *value = json_string(code);

        INVARIANT(value != NULL);
        variables_set(step, activity->scope, boundary->error_variable, value);
        json_decref(value);
    }
    step_enqueue(step, activity->scope, boundary->index, BPMN_NONE);
}

void error_throw(struct step *step, const struct place *at, const char *code)
{
    struct bpmn_change thrown = step_change(step, BPMN_CHANGE_ERROR_THROWN, at);
    struct place place = *at;

    PRE(code != NULL);
    code = arena_copy(step->env->arena, code);
    thrown.name = code;
    step_record(step, &thrown);
    for (;;) {
        const struct bpmn_element *boundary = catching(step, place.element, code);

        if (boundary != NULL) {
            caught(step, &place, boundary, code);
            return;
        }
        if (step_is_root(step, place.scope)) {
            end_instance(step, at, code);
            return;
        }
        place = step_owner(step, place.scope);
    }
}
