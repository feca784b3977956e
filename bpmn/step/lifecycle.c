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

bool step_is_inner(const struct step *step, uint32_t scope, const struct bpmn_element *element)
{
    const struct bpmn_scope *at = &step->instance->scopes[scope];

    return at->kind == BPMN_SCOPE_ITERATION && at->element == element->index;
}

/* An iteration's token is that of the body around it. */
bool step_owner(struct step *step, uint32_t scope, struct place *ret_owner)
{
    const struct bpmn_scope *inner = &step->instance->scopes[scope];

    PRE(!step_is_root(step, scope));
    if (inner->kind == BPMN_SCOPE_ITERATION)
        inner = &step->instance->scopes[inner->parent];
    ret_owner->scope = inner->parent;
    ret_owner->token = inner->token_id;
    ret_owner->element = &step->model->elements[inner->element];
    return !uuid_is_zero(&inner->token_id);
}

struct place step_new_token(struct step *step, enum bpmn_change_kind kind, uint32_t scope,
                            uint32_t element, uint32_t flow, const char *name)
{
    struct place at = {.scope = scope,
                       .token = uuid_next(step->env->ids),
                       .element = &step->model->elements[element]};
    struct bpmn_change change = step_change(step, kind, &at);

    change.flow = flow;
    change.name = name;
    step_record(step, &change);
    return at;
}

const json_t *step_keep(struct step *step, json_t *value)
{
    return bpmn_instance_keep(step->instance, value);
}

/* ---- scopes ---------------------------------------------------------------------------------- */

uint32_t step_open_scope(struct step *step, enum bpmn_scope_kind kind, uint32_t parent,
                         uint32_t element, const struct uuid *token, int64_t index)
{
    struct bpmn_change change = step_change(step, BPMN_CHANGE_SCOPE_OPENED, NULL);

    change.scope_id = uuid_next(step->env->ids);
    change.scope_kind = kind;
    change.parent_id = step->instance->scopes[parent].id;
    change.element = element;
    change.index = index;
    if (token != NULL)
        change.token_id = *token;
    step_record(step, &change);
    return step->instance->scope_count - 1;
}

void step_close(struct step *step, uint32_t scope, const char *reason)
{
    const struct bpmn_scope *at = &step->instance->scopes[scope];
    struct bpmn_change change = step_change(step, BPMN_CHANGE_SCOPE_CLOSED, NULL);

    change.scope_id = at->id;
    change.token_id = at->token_id;
    change.element = at->element;
    change.reason = reason;
    step_record(step, &change);
}

/* ---- waits ----------------------------------------------------------------------------------- */

void step_wait(struct step *step, struct bpmn_change *change)
{
    if (uuid_is_zero(&change->wait_id))
        change->wait_id = uuid_next(step->env->ids);
    step_record(step, change);
}

static struct bpmn_change about_wait(struct step *step, const struct place *at,
                                     const struct bpmn_wait *wait, enum bpmn_change_kind kind)
{
    struct bpmn_change change = step_change(step, kind, at);

    change.wait_id = wait->id;
    change.element = wait->element;
    change.definition = wait->definition;
    change.due_us = wait->due_us;
    return change;
}

void step_wait_over(struct step *step, const struct place *at, const struct bpmn_wait *wait)
{
    struct bpmn_change change = about_wait(step, at, wait, bpmn_wait_changes(wait->kind)->over);

    change.name = wait->name;
    step_record(step, &change);
}

void step_cancel_wait(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                      const char *reason)
{
    struct bpmn_change change =
        about_wait(step, at, wait, bpmn_wait_changes(wait->kind)->cancelled);

    if (wait->kind == BPMN_WAIT_TASK || wait->kind == BPMN_WAIT_CALL)
        change.reason = reason;
    step_record(step, &change);
}

/* A handler's call needs no cancelling: it is part of this transaction and goes with its token. */
static void cancel_waits(struct step *step, const struct place *at, const char *reason)
{
    const struct bpmn_token *token = step_token(step, at);
    uint32_t kept = 0;

    while (kept < token->wait_count) {
        struct bpmn_wait wait = token->waits[kept];

        if (wait.kind == BPMN_WAIT_HANDLER)
            kept++;
        else
            step_cancel_wait(step, at, &wait, reason);
    }
}

/* ---- leaving --------------------------------------------------------------------------------- */

/* Remembers where the process ended: at an end event, or where a path has no way out. */
static void note_end(struct step *step, const struct place *at)
{
    if (step_is_root(step, at->scope) && at->element->outgoing_count == 0 &&
        at->element->type != BPMN_EVENT_SUB_PROCESS)
        step->end_element = at->element->index;
}

enum status step_go_on(struct step *step, const struct place *at, struct error *ret_error)
{
    uint32_t times = at->element->completion_quantity > 0 ? at->element->completion_quantity : 1;
    bool ends;
    enum status status = ad_hoc_completed(step, at->scope, &ends, ret_error);

    for (uint32_t i = 0; i < times && status == STATUS_OK && !ends; i++)
        status = element_hooks(at->element->type)->leave(step, at, ret_error);
    return status;
}

/* A job takes the token out of the element, in a transaction of its own. */
static enum status park_after(struct step *step, const struct place *at, struct error *ret_error)
{
    struct place parked =
        step_new_token(step, BPMN_CHANGE_PARKED, at->scope, at->element->index, BPMN_NONE, "after");
    struct bpmn_change wait = step_change(step, BPMN_CHANGE_ASYNC_SCHEDULED, &parked);

    enum status status = evaluate_priority(step, &parked, &wait.index, ret_error);

    wait.name = "after";
    if (status == STATUS_OK)
        step_wait(step, &wait);
    return status;
}

static bool is_body(struct step *step, const struct place *at)
{
    return step_token(step, at)->state == BPMN_TOKEN_BODY;
}

/* The record of an activity that can be undone; a loop's instances made theirs already. */
static void remember(struct step *step, const struct place *at, bool was_body)
{
    if (at->element->compensable && !was_body && !bpmn_is_sub_process(at->element->type))
        compensation_remember(step, at, NULL, NULL);
}

enum status step_leave(struct step *step, const struct place *at, struct error *ret_error)
{
    bool waits = false;
    enum status status = STATUS_OK;

    cancel_waits(step, at, NULL);
    if (!is_body(step, at))
        status = listeners_tell(step, at, BPMN_LISTEN_END, 0, &waits, ret_error);
    return status == STATUS_OK && !waits ? step_complete(step, at, ret_error) : status;
}

enum status step_complete(struct step *step, const struct place *at, struct error *ret_error)
{
    bool was_body = is_body(step, at);
    struct bpmn_change change =
        step_change(step, was_body ? BPMN_CHANGE_BODY_LEFT : BPMN_CHANGE_ELEMENT_COMPLETED, at);

    change.started_us = step_token(step, at)->started_us;
    step_record(step, &change);
    remember(step, at, was_body);
    if (step_is_inner(step, at->scope, at->element))
        return STATUS_OK; /* the body goes on when its scope has become empty */
    note_end(step, at);
    if (at->element->async_after)
        return park_after(step, at, ret_error);
    return step_go_on(step, at, ret_error);
}

/* ---- termination ------------------------------------------------------------------------------
 */

static enum bpmn_change_kind end_of(enum bpmn_token_state state)
{
    static const enum bpmn_change_kind kinds[] = {
        [BPMN_TOKEN_ACTIVE] = BPMN_CHANGE_ELEMENT_TERMINATED,
        [BPMN_TOKEN_BODY] = BPMN_CHANGE_BODY_LEFT,
        [BPMN_TOKEN_LISTENING] = BPMN_CHANGE_DEAF,
        [BPMN_TOKEN_BEFORE] = BPMN_CHANGE_UNPARKED,
        [BPMN_TOKEN_AFTER] = BPMN_CHANGE_UNPARKED,
    };

    return kinds[state];
}

static void terminate_scope(struct step *step, uint32_t scope, const struct uuid *kept,
                            const char *reason);

/* As deep as scopes are nested in the model, which the reader limits. */
static void terminate_token(struct step *step, const struct place *at, const char *reason)
{
    const struct bpmn_token *token = step_token(step, at);
    struct bpmn_change change = step_change(step, end_of(token->state), at);

    change.started_us = token->started_us;
    if (token->state != BPMN_TOKEN_LISTENING)
        change.reason = reason;
    if (!uuid_is_zero(&token->child_scope)) {
        uint32_t inner = (uint32_t)(bpmn_instance_scope(step->instance, &token->child_scope) -
                                    step->instance->scopes);

        terminate_scope(step, inner, NULL, reason);
        step_close(step, inner, reason);
    }
    cancel_waits(step, at, reason);
    step_record(step, &change);
}

/* The newest first: the order of termination is the reverse of activation. One token may be kept.
 */
static void terminate_scope(struct step *step, uint32_t scope, const struct uuid *kept,
                            const char *reason)
{
    struct bpmn_instance *instance = step->instance;

    for (uint32_t i = instance->scope_count;
         i > scope + 1 && instance->scopes[scope].child_count > 0; i--) {
        const struct bpmn_scope *inner = &instance->scopes[i - 1];

        if (inner->removed || inner->retired || inner->parent != scope ||
            !uuid_is_zero(&inner->token_id))
            continue;
        terminate_scope(step, i - 1, NULL, reason);
        step_close(step, i - 1, reason != NULL ? reason : "");
    }
    for (uint32_t i = instance->scopes[scope].token_count; i > 0; i--) {
        const struct bpmn_token *token = &instance->scopes[scope].tokens[i - 1];
        struct place at = {
            .scope = scope, .token = token->id, .element = &step->model->elements[token->element]};

        if (kept == NULL || !uuid_equal(&token->id, kept))
            terminate_token(step, &at, reason);
    }
}

void step_terminate(struct step *step, uint32_t scope, const struct uuid *token_id,
                    const char *reason)
{
    struct place at = {.scope = scope, .token = *token_id};

    at.element = &step->model->elements[step_token(step, &at)->element];
    terminate_token(step, &at, reason);
}

/* Tokens on their way and at joins go as well. */
void step_terminate_others(struct step *step, uint32_t scope, const struct uuid *kept,
                           const char *reason)
{
    struct bpmn_change swept = step_change(step, BPMN_CHANGE_SWEPT, NULL);

    terminate_scope(step, scope, kept, reason);
    swept.scope_id = step->instance->scopes[scope].id;
    if (step->instance->scopes[scope].arrival_count > 0 || step_in_flight(step, scope) > 0)
        step_record(step, &swept);
}

void step_terminate_all(struct step *step, uint32_t scope, const char *reason)
{
    step_terminate_others(step, scope, NULL, reason);
}
