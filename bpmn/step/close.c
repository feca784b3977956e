/* Scopes that end: what keeps one open, and what each kind does when nothing does. */
#include "bpmn/step/element.h"

enum status step_close_scope(struct step *step, uint32_t scope, struct error *ret_error)
{
    bool compensable;
    struct place owner;
    json_t *inside = NULL;
    json_t *variables = NULL;

    if (!step_owner(step, scope, &owner))
        UNREACHABLE();
    step_terminate_all(step, scope, NULL); /* whoever only listened */
    compensable = owner.element->compensable && owner.element->type != BPMN_EVENT_SUB_PROCESS;
    if (compensable) {
        inside = compensation_inside(step, scope);
        variables = json_incref(step->instance->scopes[scope].variables);
    }
    step_close(step, scope, NULL);
    if (compensable)
        compensation_remember(step, &owner, inside, variables);
    json_decref(variables);
    return step_leave(step, &owner, ret_error);
}

static enum status complete_instance(struct step *step, struct error *ret_error)
{
    struct bpmn_change change = step_change(step, BPMN_CHANGE_INSTANCE_COMPLETED, NULL);
    bool parked = false;
    enum status status = listeners_end(step, &parked, ret_error);

    if (status != STATUS_OK || parked)
        return status;
    step_terminate_all(step, 0, NULL);
    change.element = step->end_element;
    step_record(step, &change);
    return STATUS_OK;
}

/* Nothing is left in it. *ret_closed: it may have closed, so that the one around it is looked at.
 */
static enum status close_one(struct step *step, uint32_t scope, bool *ret_closed,
                             struct error *ret_error)
{
    const struct bpmn_scope *at = &step->instance->scopes[scope];
    bool done = true;
    enum status status;

    *ret_closed = false;
    switch (at->kind) {
    case BPMN_SCOPE_PROCESS:
        return complete_instance(step, ret_error);
    case BPMN_SCOPE_SUB_PROCESS:
        *ret_closed = true;
        if (step->model->elements[at->element].type == BPMN_AD_HOC_SUB_PROCESS) {
            status = ad_hoc_continue(step, scope, &done, ret_error);
            *ret_closed = done;
            if (status != STATUS_OK || !done)
                return status;
        }
        return step_close_scope(step, scope, ret_error);
    case BPMN_SCOPE_ITERATION:
        *ret_closed = true;
        return loop_iteration_done(step, scope, ret_error);
    case BPMN_SCOPE_BODY:
        return STATUS_OK; /* its iterations say when it is over */
    case BPMN_SCOPE_COMPENSATION:
        status = compensation_continue(step, scope, ret_error);
        *ret_closed = step->instance->scopes[scope].removed;
        return status;
    }
    UNREACHABLE();
}

/* BPMN 13.2.2, state Completing: when nothing runs in a scope but event sub-processes, they come to
 * their end, and no new one starts. */
static void stop_listening(struct step *step, uint32_t scope)
{
    const struct bpmn_scope *at = &step->instance->scopes[scope];

    for (uint32_t i = 0; i < at->token_count; i++) {
        if (at->tokens[i].state != BPMN_TOKEN_LISTENING &&
            step->model->elements[at->tokens[i].element].type != BPMN_EVENT_SUB_PROCESS)
            return;
    }
    for (uint32_t i = at->token_count; i > 0; i--) {
        at = &step->instance->scopes[scope];
        if (at->tokens[i - 1].state == BPMN_TOKEN_LISTENING)
            step_terminate(step, scope, &at->tokens[i - 1].id, NULL);
    }
}

/* BPMN chapter 13: a process or sub-process completes when no token is left in it. Tokens that wait
 * at a join are left: such a scope waits. */
enum status step_close_empty(struct step *step, uint32_t scope, struct error *ret_error)
{
    while (step->instance->status == BPMN_INSTANCE_ACTIVE && scope != BPMN_NONE) {
        const struct bpmn_scope *at = &step->instance->scopes[scope];
        uint32_t parent = at->parent;
        bool closed = true;

        if (!at->removed && !at->retired) {
            enum status status;

            if (at->arrival_count > 0 || at->child_count > 0 || step_in_flight(step, scope) > 0)
                return STATUS_OK;
            if (at->token_count > at->listener_count) {
                if (at->listener_count > 0)
                    stop_listening(step, scope);
                return STATUS_OK;
            }
            status = close_one(step, scope, &closed, ret_error);
            if (status != STATUS_OK || !closed)
                return status;
        }
        scope = parent;
    }
    return STATUS_OK;
}
