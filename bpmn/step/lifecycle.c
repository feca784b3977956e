/* The life of a token, the same for every element: activation, waits, leaving, termination. */
#include "bpmn/step/element.h"

struct bpmn_change step_change(const struct step *step, enum bpmn_change_kind kind,
                               const struct place *at)
{
    struct bpmn_change change = {
        .kind = kind, .at_us = step->env->now_us, .element = BPMN_NONE, .flow = BPMN_NONE};

    if (at != NULL) {
        change.scope_id = step->instance->scopes[at->scope].id;
        change.token_id = at->token;
        change.element = at->element->index;
    }
    return change;
}

void step_record(struct step *step, const struct bpmn_change *change)
{
    bpmn_changes_add(step->changes, change);
    bpmn_apply(step->instance, change);
}

bool step_is_root(const struct step *step, uint32_t scope)
{
    return uuid_is_zero(&step->instance->scopes[scope].parent_id);
}

struct bpmn_token *step_token(struct step *step, const struct place *at)
{
    struct bpmn_scope *scope = &step->instance->scopes[at->scope];

    return scope->removed ? NULL : bpmn_scope_token(scope, &at->token);
}

struct place step_owner(struct step *step, uint32_t scope)
{
    const struct bpmn_scope *inner = &step->instance->scopes[scope];
    const struct bpmn_scope *parent = bpmn_instance_scope(step->instance, &inner->parent_id);
    struct place owner;

    PRE(!step_is_root(step, scope));
    INVARIANT(parent != NULL);
    owner.scope = (uint32_t)(parent - step->instance->scopes);
    owner.token = inner->token_id;
    owner.element = &step->model->elements[inner->element];
    return owner;
}

struct place step_activate(struct step *step, const struct move *move)
{
    struct place at = {.scope = move->scope,
                       .token = uuid_next(step->env->ids),
                       .element = &step->model->elements[move->element]};
    struct bpmn_change change = step_change(step, BPMN_CHANGE_ELEMENT_ACTIVATED, &at);

    change.flow = move->flow;
    step_record(step, &change);
    return at;
}

void step_wait(struct step *step, struct bpmn_change *change)
{
    change->wait_id = uuid_next(step->env->ids);
    step_record(step, change);
}

void step_wait_over(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                    enum bpmn_change_kind kind)
{
    struct bpmn_change change = step_change(step, kind, at);

    change.wait_id = wait->id;
    change.element = wait->element;
    change.due_us = wait->due_us;
    change.name = wait->name;
    step_record(step, &change);
}

/* A handler's call needs no cancelling: it is part of this transaction and goes with its token. It
 * is always alone, because no boundary is armed while it lasts. */
static void cancel_waits(struct step *step, const struct place *at, const char *reason)
{
    static const enum bpmn_change_kind cancelled[] = {
        [BPMN_WAIT_TASK] = BPMN_CHANGE_TASK_CANCELLED,
        [BPMN_WAIT_JOB] = BPMN_CHANGE_JOB_CANCELLED,
        [BPMN_WAIT_TIMER] = BPMN_CHANGE_TIMER_CANCELLED,
        [BPMN_WAIT_MESSAGE] = BPMN_CHANGE_MESSAGE_CANCELLED,
    };
    struct bpmn_token *token = step_token(step, at);

    while (token->wait_count > 0 && token->waits[0].kind != BPMN_WAIT_HANDLER) {
        const struct bpmn_wait *wait = &token->waits[0];
        struct bpmn_change change = step_change(step, cancelled[wait->kind], at);

        change.wait_id = wait->id;
        change.element = wait->element;
        if (wait->kind == BPMN_WAIT_TASK)
            change.reason = reason;
        change.due_us = wait->due_us;
        step_record(step, &change);
    }
}

/* Remembers where the process ended: at an end event, or where a path has no way out. */
static void note_end(struct step *step, const struct place *at)
{
    if (step_is_root(step, at->scope) && at->element->outgoing_count == 0)
        step->end_element = at->element->index;
}

enum status step_leave(struct step *step, const struct place *at, struct error *ret_error)
{
    struct bpmn_change change = step_change(step, BPMN_CHANGE_ELEMENT_COMPLETED, at);

    cancel_waits(step, at, NULL);
    change.started_us = step_token(step, at)->started_us;
    step_record(step, &change);
    note_end(step, at);
    return element_hooks(at->element->type)->leave(step, at, ret_error);
}

static void terminate_one(struct step *step, const struct place *at, const char *reason)
{
    struct bpmn_change change = step_change(step, BPMN_CHANGE_ELEMENT_TERMINATED, at);

    cancel_waits(step, at, reason);
    change.started_us = step_token(step, at)->started_us;
    change.reason = reason;
    step_record(step, &change);
}

/* The newest token of a scope: the order of termination is the reverse of activation. */
static struct place newest(struct step *step, uint32_t scope)
{
    const struct bpmn_scope *in = &step->instance->scopes[scope];
    const struct bpmn_token *token = &in->tokens[in->token_count - 1];
    struct place at = {
        .scope = scope, .token = token->id, .element = &step->model->elements[token->element]};

    return at;
}

void step_terminate(struct step *step, uint32_t scope, const struct uuid *token_id,
                    const char *reason)
{
    struct place at = {.scope = scope, .token = *token_id};
    bool done = false;

    at.element = &step->model->elements[step_token(step, &at)->element];
    while (!done) {
        const struct bpmn_token *token = step_token(step, &at);

        if (!uuid_is_zero(&token->child_scope)) {
            struct bpmn_scope *inner = bpmn_instance_scope(step->instance, &token->child_scope);
            struct bpmn_change closed = step_change(step, BPMN_CHANGE_SCOPE_CLOSED, &at);

            INVARIANT(inner != NULL);
            if (inner->token_count > 0) {
                at = newest(step, (uint32_t)(inner - step->instance->scopes));
                continue;
            }
            closed.scope_id = inner->id;
            step_record(step, &closed);
        }
        terminate_one(step, &at, reason);
        done = at.scope == scope && uuid_equal(&at.token, token_id);
        if (!done) {
            at = step->instance->scopes[at.scope].token_count > 0 ? newest(step, at.scope)
                                                                  : step_owner(step, at.scope);
        }
    }
}

void step_terminate_all(struct step *step, uint32_t scope, const char *reason)
{
    while (step->instance->scopes[scope].token_count > 0) {
        struct uuid token_id = newest(step, scope).token;

        step_terminate(step, scope, &token_id, reason);
    }
}
