/* Conditional events: looked at when everything else has come to rest, whenever a variable has
 * changed; each happens when its condition turns from false to true (BPMN 10.4). */
#include "bpmn/step/element.h"

/* A condition over a variable that does not exist yet is not true yet. */
static enum status is_true(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                           bool *ret_true, struct error *ret_error)
{
    const struct bpmn_element *event = &step->model->elements[wait->element];
    bool missing = false;
    struct view view = {.scope = at->scope, .at = at, .missing = &missing};
    enum status status =
        evaluate_boolean(step, &view, event, event->events.items[wait->definition].condition,
                         "condition", ret_true, ret_error);

    if (status == STATUS_OK || !missing)
        return status;
    *ret_true = false;
    return STATUS_OK;
}

static void note(struct step *step, const struct place *at, const struct bpmn_wait *wait, bool now)
{
    struct bpmn_change seen = step_change(step, BPMN_CHANGE_CONDITION_SEEN, at);

    seen.wait_id = wait->id;
    seen.element = wait->element;
    seen.definition = wait->definition;
    seen.index = now;
    step_record(step, &seen);
}

/* One token's conditions; stops at the first that is met. */
static enum status look_at_token(struct step *step, const struct place *at, bool *ret_any,
                                 struct error *ret_error)
{
    for (uint32_t i = 0; i < step_token(step, at)->wait_count; i++) {
        struct bpmn_wait wait = step_token(step, at)->waits[i];
        bool now = false;
        enum status status;

        if (wait.kind != BPMN_WAIT_CONDITION)
            continue;
        status = is_true(step, at, &wait, &now, ret_error);
        if (status != STATUS_OK)
            return status;
        if (now == wait.was_true)
            continue;
        if (!now) {
            note(step, at, &wait, false);
            continue;
        }
        *ret_any = true;
        status = element_trigger(step, at, &wait, ret_error);
        return status == STATUS_OK ? step_close_empty(step, at->scope, ret_error) : status;
    }
    return STATUS_OK;
}

enum status conditions_look(struct step *step, bool *ret_any, struct error *ret_error)
{
    struct bpmn_instance *instance = step->instance;

    *ret_any = false;
    if (!step->look_at_conditions || instance->condition_count == 0)
        return STATUS_OK;
    for (uint32_t i = 0; i < instance->scope_count; i++) {
        for (uint32_t j = 0; !instance->scopes[i].removed && j < instance->scopes[i].token_count;
             j++) {
            const struct bpmn_token *token = &instance->scopes[i].tokens[j];
            struct place at = {
                .scope = i, .token = token->id, .element = &step->model->elements[token->element]};
            enum status status = look_at_token(step, &at, ret_any, ret_error);

            if (status != STATUS_OK || *ret_any)
                return status;
        }
    }
    step->look_at_conditions = false;
    return STATUS_OK;
}
