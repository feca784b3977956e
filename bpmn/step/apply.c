/* The applier: the only code that changes an instance while it runs.
 *
 * Every change is applied in the moment it is recorded, so whoever reads the instance during a
 * step sees the state after all records so far. Each row of the table is one kind of change. */
#include "bpmn/step/apply.h"

#include <string.h>

const json_t *bpmn_instance_keep(struct bpmn_instance *instance, json_t *value)
{
    int result;

    INVARIANT(value != NULL);
    if (instance->replaced == NULL)
        instance->replaced = json_array();
    result = json_array_append_new(instance->replaced, value);
    INVARIANT(result == 0);
    return value;
}

static struct bpmn_scope *changed_scope(struct bpmn_instance *instance,
                                        const struct bpmn_change *change)
{
    struct bpmn_scope *scope = bpmn_instance_scope(instance, &change->scope_id);

    INVARIANT(scope != NULL);
    bpmn_instance_touch(instance, scope);
    return scope;
}

static struct bpmn_token *changed_token(struct bpmn_instance *instance,
                                        const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);
    struct bpmn_token *token = bpmn_scope_token(scope, &change->token_id);

    INVARIANT(token != NULL);
    scope->state_changed = true;
    return token;
}

static void apply_started(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    PRE(instance->status == BPMN_INSTANCE_NEW);
    instance->status = BPMN_INSTANCE_ACTIVE;
    instance->started_us = change->at_us;
}

/* A finished instance leaves nothing behind: its tokens are gone already, tokens that waited at a
 * gateway which can no longer join go now. */
static void apply_ended(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *root = bpmn_instance_root(instance);

    bpmn_instance_touch(instance, root);
    PRE(instance->status == BPMN_INSTANCE_ACTIVE);
    PRE(root->token_count == 0);
    instance->status = change->kind == BPMN_CHANGE_INSTANCE_COMPLETED ? BPMN_INSTANCE_COMPLETED
                                                                      : BPMN_INSTANCE_TERMINATED;
    instance->ended_us = change->at_us;
    instance->end_element_id =
        change->element == BPMN_NONE ? NULL : instance->model->elements[change->element].id;
    instance->delete_reason = arena_copy(instance->arena, change->reason);
    instance->error_code = arena_copy(instance->arena, change->name);
    root->arrival_count = 0;
    json_decref(root->compensable);
    root->compensable = NULL;
    root->state_changed = true;
}

static void add_token(struct bpmn_instance *instance, const struct bpmn_change *change,
                      enum bpmn_token_state state)
{
    struct bpmn_scope *scope = changed_scope(instance, change);
    struct bpmn_token *token = bpmn_scope_add_token(scope, instance->arena);

    token->id = change->token_id;
    token->element = change->element;
    token->state = state;
    token->started_us = change->at_us;
    scope->listener_count += state == BPMN_TOKEN_LISTENING;
    scope->state_changed = true;
    bpmn_instance_index_id(instance, scope, &token->id);
}

static void apply_activated(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    add_token(instance, change, BPMN_TOKEN_ACTIVE);
}

static void apply_entered(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    add_token(instance, change, BPMN_TOKEN_BODY);
}

static void apply_listening(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    add_token(instance, change, BPMN_TOKEN_LISTENING);
}

static void apply_parked(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    add_token(instance, change,
              strcmp(change->name, "before") == 0 ? BPMN_TOKEN_BEFORE : BPMN_TOKEN_AFTER);
}

static bool is_listener_call(const struct bpmn_wait *wait)
{
    return wait->kind == BPMN_WAIT_HANDLER && wait->listener != 0;
}

static void apply_left(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);
    struct bpmn_token *token = changed_token(instance, change);
    uint32_t after;

    PRE(uuid_is_zero(&token->child_scope));
    /* Only a handler's call may go with its token. */
    for (uint32_t i = 0; i < token->wait_count; i++)
        instance->listener_calls -= is_listener_call(&token->waits[i]);
    scope->listener_count -= token->state == BPMN_TOKEN_LISTENING;
    scope->token_count--;
    after = scope->token_count - (uint32_t)(token - scope->tokens);
    memmove(token, token + 1, after * sizeof(*token));
}

/* Records of what happened that change no state of their own. */
static void apply_nothing(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    (void)change;
    PRE(instance->status == BPMN_INSTANCE_ACTIVE);
}

static void apply_arrived(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);

    bpmn_scope_add_arrivals(scope, instance->arena, change->flow, 1);
    scope->state_changed = true;
}

static void apply_joined(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);
    const struct bpmn_element *gateway = &instance->model->elements[change->element];

    for (uint32_t i = 0; i < gateway->incoming_count; i++) {
        if (bpmn_scope_arrivals(scope, gateway->incoming[i]) > 0)
            bpmn_scope_add_arrivals(scope, instance->arena, gateway->incoming[i], -1);
    }
    scope->state_changed = true;
}

static void apply_consumed(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);

    bpmn_scope_add_arrivals(scope, instance->arena, change->flow, -1);
    if (change->kind == BPMN_CHANGE_HELD)
        bpmn_scope_hold(scope, instance->arena, change->flow, true);
    scope->state_changed = true;
}

static void apply_reset(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);
    const struct bpmn_element *gateway = &instance->model->elements[change->element];

    for (uint32_t i = 0; i < gateway->incoming_count; i++)
        bpmn_scope_hold(scope, instance->arena, gateway->incoming[i], false);
    scope->state_changed = true;
}

static void apply_swept(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);

    scope->arrival_count = 0;
    scope->epoch++;
    scope->state_changed = true;
}

static void apply_scope_opened(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *parent = bpmn_instance_scope(instance, &change->parent_id);
    struct bpmn_scope *scope;

    INVARIANT(parent != NULL);
    bpmn_instance_touch(instance, parent);
    if (uuid_is_zero(&change->token_id)) {
        parent->child_count++;
        if (change->scope_kind == BPMN_SCOPE_ITERATION)
            parent->progress.started++;
    } else {
        struct bpmn_token *token = bpmn_scope_token(parent, &change->token_id);

        INVARIANT(token != NULL);
        token->child_scope = change->scope_id;
    }
    parent->state_changed = true;
    scope = bpmn_instance_add_scope(instance);
    scope->kind = change->scope_kind;
    scope->id = change->scope_id;
    scope->parent_id = change->parent_id;
    scope->token_id = change->token_id;
    scope->element = change->element;
    scope->index = change->index;
    scope->variables = json_object();
    bpmn_instance_touch(instance, scope);
    scope->is_new = true;
    bpmn_instance_index_scope(instance, instance->scope_count - 1);
}

static void apply_planned(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);

    scope->progress.total = change->index;
    scope->items = json_incref((json_t *)change->value);
    scope->state_changed = true;
}

static void apply_stepped_on(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);

    scope->progress.started++;
    scope->state_changed = true;
}

/* A list of a scope that may be shared with a clone: copied before it is changed. */
static json_t *own_list(json_t **list)
{
    if (*list == NULL) {
        *list = json_array();
    } else if ((*list)->refcount > 1) {
        json_t *copy = json_copy(*list);

        json_decref(*list);
        *list = copy;
    }
    return *list;
}

static void append(json_t *list, const json_t *value)
{
    int result = json_array_append(list, (json_t *)value);

    INVARIANT(result == 0);
}

static void apply_gathered(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);

    PRE(scope->kind == BPMN_SCOPE_ITERATION && scope->gathered == NULL);
    append(own_list(&scope->gathered), change->value);
    scope->state_changed = true;
}

/* What an instance gathers stays in its own scope, so that no list grows with every one that
 * completes. */
static void apply_retired(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);
    struct bpmn_scope *parent = &instance->scopes[scope->parent];

    PRE(scope->kind == BPMN_SCOPE_ITERATION && scope->token_count == 0 && scope->child_count == 0);
    INVARIANT(parent->child_count > 0);
    bpmn_instance_touch(instance, parent);
    scope->retired = true;
    scope->state_changed = true;
    (void)bpmn_instance_keep(instance, scope->variables); /* records borrow from them */
    scope->variables = json_object();
    scope->variables_changed = true;
    parent->child_count--;
    parent->progress.completed++;
    parent->state_changed = true;
}

/* The instances that were kept for their output go with their body. */
static void remove_retired(struct bpmn_instance *instance, const struct bpmn_scope *body)
{
    uint32_t parent = (uint32_t)(body - instance->scopes);

    if (body->kind != BPMN_SCOPE_BODY ||
        instance->model->elements[body->element].loop.output_collection == NULL)
        return;
    for (uint32_t i = parent + 1; i < instance->scope_count; i++) {
        struct bpmn_scope *scope = &instance->scopes[i];

        if (scope->removed || !scope->retired || scope->parent != parent)
            continue;
        bpmn_instance_touch(instance, scope);
        scope->removed = true;
    }
}

static void apply_scope_closed(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);
    struct bpmn_scope *parent = &instance->scopes[scope->parent];

    PRE(scope->token_count == 0 && scope->child_count == 0);
    bpmn_instance_touch(instance, parent);
    remove_retired(instance, scope);
    scope->removed = true;
    scope->arrival_count = 0;
    if (uuid_is_zero(&scope->token_id)) {
        INVARIANT(parent->child_count > 0);
        parent->child_count--;
        if (scope->kind == BPMN_SCOPE_ITERATION && change->reason == NULL)
            parent->progress.completed++;
    } else {
        struct bpmn_token *token = bpmn_scope_token(parent, &scope->token_id);

        INVARIANT(token != NULL);
        memset(&token->child_scope, 0, sizeof(token->child_scope));
    }
    parent->state_changed = true;
}

static void apply_remembered(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);

    append(own_list(&scope->compensable), change->value);
    scope->state_changed = true;
}

/* Takes one record out of a list; whoever points at it still may. */
static void take_out(struct bpmn_instance *instance, json_t **list, size_t index)
{
    json_t *own = own_list(list);
    int result;

    INVARIANT(index < json_array_size(own));
    (void)bpmn_instance_keep(instance, json_incref(json_array_get(own, index)));
    result = json_array_remove(own, index);
    INVARIANT(result == 0);
    if (json_array_size(own) == 0) {
        json_decref(own);
        *list = NULL;
    }
}

static void apply_recalled(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);

    take_out(instance, &scope->compensable, (size_t)change->index);
    scope->state_changed = true;
}

static void apply_queued(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);
    const json_t *record;
    size_t i;

    json_array_foreach (change->value, i, record) {
        append(own_list(&scope->queue), record);
    }
    scope->state_changed = true;
}

static void apply_dequeued(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);

    take_out(instance, &scope->queue, json_array_size(scope->queue) - 1);
    scope->state_changed = true;
}

static void apply_business_key(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    PRE(instance->business_key == NULL);
    instance->business_key = arena_copy(instance->arena, change->name);
}

/* Copy on write: a clone, or whoever loaded the scope, may share the object. An overwritten value
 * is kept until the instance is saved, because an earlier record may point at it. */
static json_t *own_variables(struct bpmn_instance *instance, struct bpmn_scope *scope,
                             const char *name)
{
    json_t *old;

    PRE(name != NULL);
    if (scope->variables->refcount > 1) {
        json_t *copy = json_copy(scope->variables);

        json_decref(scope->variables);
        scope->variables = copy;
    }
    old = json_object_get(scope->variables, name);
    if (old != NULL)
        (void)bpmn_instance_keep(instance, json_incref(old));
    scope->variables_changed = true;
    return scope->variables;
}

static void apply_variable(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    json_t *variables = own_variables(instance, changed_scope(instance, change), change->name);
    /* Values are never changed in place, so that sharing one needs only a reference. */
    int result = json_object_set_nocheck(variables, change->name, (json_t *)change->value);

    INVARIANT(result == 0);
}

static void apply_variable_removed(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    json_t *variables = own_variables(instance, changed_scope(instance, change), change->name);

    (void)json_object_del(variables, change->name);
}

static void apply_wait_began(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_token *token = changed_token(instance, change);
    struct bpmn_wait *wait = bpmn_token_add_wait(token, instance->arena);

    if (!bpmn_change_begins(change->kind, &wait->kind))
        UNREACHABLE();
    wait->id = change->wait_id;
    bpmn_instance_index_id(instance, bpmn_instance_scope(instance, &change->scope_id), &wait->id);
    wait->element = change->element;
    wait->definition = change->definition;
    wait->due_us = change->due_us;
    /* Copied: the instance may outlive the step's arena. */
    wait->repeat = arena_copy(instance->arena, change->repeat);
    wait->repeats_left = change->repeats_left;
    if (wait->kind == BPMN_WAIT_MESSAGE || wait->kind == BPMN_WAIT_SIGNAL)
        wait->name = arena_copy(instance->arena, change->name);
    wait->key = arena_copy(instance->arena, change->key);
    if (wait->kind == BPMN_WAIT_HANDLER) {
        wait->listener = (uint32_t)change->index;
        wait->flow = change->flow;
        instance->listener_calls += wait->listener != 0;
    }
    instance->condition_count += wait->kind == BPMN_WAIT_CONDITION;
}

static uint32_t wait_position(const struct bpmn_token *token, const struct uuid *wait_id)
{
    uint32_t at = 0;

    while (at < token->wait_count && !uuid_equal(&token->waits[at].id, wait_id))
        at++;
    INVARIANT(at < token->wait_count);
    return at;
}

static void apply_wait_ended(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_token *token = changed_token(instance, change);
    uint32_t at = wait_position(token, &change->wait_id);

    instance->condition_count -= token->waits[at].kind == BPMN_WAIT_CONDITION;
    instance->listener_calls -= is_listener_call(&token->waits[at]);
    token->wait_count--;
    memmove(&token->waits[at], &token->waits[at + 1],
            (token->wait_count - at) * sizeof(*token->waits));
}

static void apply_condition_seen(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_token *token = changed_token(instance, change);

    token->waits[wait_position(token, &change->wait_id)].was_true = change->index != 0;
}

static void (*const appliers[])(struct bpmn_instance *, const struct bpmn_change *) = {
    [BPMN_CHANGE_INSTANCE_STARTED] = apply_started,
    [BPMN_CHANGE_INSTANCE_COMPLETED] = apply_ended,
    [BPMN_CHANGE_INSTANCE_TERMINATED] = apply_ended,
    [BPMN_CHANGE_BUSINESS_KEY_SET] = apply_business_key,
    [BPMN_CHANGE_ELEMENT_ACTIVATED] = apply_activated,
    [BPMN_CHANGE_ELEMENT_COMPLETED] = apply_left,
    [BPMN_CHANGE_ELEMENT_TERMINATED] = apply_left,
    [BPMN_CHANGE_BODY_ENTERED] = apply_entered,
    [BPMN_CHANGE_BODY_LEFT] = apply_left,
    [BPMN_CHANGE_LISTENING] = apply_listening,
    [BPMN_CHANGE_DEAF] = apply_left,
    [BPMN_CHANGE_PARKED] = apply_parked,
    [BPMN_CHANGE_UNPARKED] = apply_left,
    [BPMN_CHANGE_FLOW_TAKEN] = apply_nothing,
    [BPMN_CHANGE_ARRIVED] = apply_arrived,
    [BPMN_CHANGE_JOINED] = apply_joined,
    [BPMN_CHANGE_CONSUMED] = apply_consumed,
    [BPMN_CHANGE_HELD] = apply_consumed,
    [BPMN_CHANGE_RESET] = apply_reset,
    [BPMN_CHANGE_SWEPT] = apply_swept,
    [BPMN_CHANGE_SCOPE_OPENED] = apply_scope_opened,
    [BPMN_CHANGE_SCOPE_CLOSED] = apply_scope_closed,
    [BPMN_CHANGE_PLANNED] = apply_planned,
    [BPMN_CHANGE_STEPPED_ON] = apply_stepped_on,
    [BPMN_CHANGE_GATHERED] = apply_gathered,
    [BPMN_CHANGE_RETIRED] = apply_retired,
    [BPMN_CHANGE_REMEMBERED] = apply_remembered,
    [BPMN_CHANGE_RECALLED] = apply_recalled,
    [BPMN_CHANGE_QUEUED] = apply_queued,
    [BPMN_CHANGE_DEQUEUED] = apply_dequeued,
    [BPMN_CHANGE_VARIABLE_SET] = apply_variable,
    [BPMN_CHANGE_VARIABLE_REMOVED] = apply_variable_removed,
    [BPMN_CHANGE_CONDITION_SEEN] = apply_condition_seen,
    [BPMN_CHANGE_MESSAGE_THROWN] = apply_nothing,
    [BPMN_CHANGE_SIGNAL_THROWN] = apply_nothing,
    [BPMN_CHANGE_ERROR_THROWN] = apply_nothing,
    [BPMN_CHANGE_ERROR_CAUGHT] = apply_nothing,
    [BPMN_CHANGE_ESCALATION_THROWN] = apply_nothing,
    [BPMN_CHANGE_ESCALATION_CAUGHT] = apply_nothing,
};

void bpmn_apply(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    enum bpmn_wait_kind wait;

    PRE((unsigned)change->kind < COUNT_OF(appliers));
    if (appliers[change->kind] != NULL) {
        appliers[change->kind](instance, change);
    } else if (bpmn_change_begins(change->kind, &wait)) {
        apply_wait_began(instance, change);
    } else {
        INVARIANT(bpmn_change_ends(change->kind));
        apply_wait_ended(instance, change);
    }
}
