/* The applier: the only code that changes an instance while it runs.
 *
 * Every change is applied in the moment it is recorded, so whoever reads the instance during a
 * step sees the state after all records so far. Each row of the table is one kind of change. */
#include "bpmn/step/apply.h"

#include <string.h>

struct bpmn_token *bpmn_scope_add_token(struct bpmn_scope *scope, struct arena *arena)
{
    struct bpmn_token *token;

    if (scope->token_count == scope->token_capacity) {
        uint32_t capacity = scope->token_capacity == 0 ? 2 : 2 * scope->token_capacity;

        scope->tokens =
            arena_grow(arena, scope->tokens, scope->token_count, capacity, sizeof(*scope->tokens));
        scope->token_capacity = capacity;
    }
    token = &scope->tokens[scope->token_count++];
    memset(token, 0, sizeof(*token));
    return token;
}

struct bpmn_wait *bpmn_token_add_wait(struct bpmn_token *token, struct arena *arena)
{
    struct bpmn_wait *wait;

    if (token->wait_count == token->wait_capacity) {
        uint32_t capacity = token->wait_capacity == 0 ? 1 : 2 * token->wait_capacity;

        token->waits =
            arena_grow(arena, token->waits, token->wait_count, capacity, sizeof(*token->waits));
        token->wait_capacity = capacity;
    }
    wait = &token->waits[token->wait_count++];
    memset(wait, 0, sizeof(*wait));
    return wait;
}

/* Where `flow` is or belongs among the sorted arrivals. */
static uint32_t arrival_position(const struct bpmn_scope *scope, uint32_t flow)
{
    uint32_t low = 0;
    uint32_t high = scope->arrival_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (scope->arrivals[middle].flow < flow)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t bpmn_scope_arrivals(const struct bpmn_scope *scope, uint32_t flow)
{
    uint32_t at = arrival_position(scope, flow);

    return at < scope->arrival_count && scope->arrivals[at].flow == flow ? scope->arrivals[at].count
                                                                         : 0;
}

void bpmn_scope_set_arrivals(struct bpmn_scope *scope, struct arena *arena, uint32_t flow,
                             uint32_t count)
{
    uint32_t at = arrival_position(scope, flow);
    bool present = at < scope->arrival_count && scope->arrivals[at].flow == flow;
    struct bpmn_arrival *slot;

    if (!present && count == 0)
        return;
    if (!present && scope->arrival_count == scope->arrival_capacity) {
        uint32_t capacity = scope->arrival_capacity == 0 ? 2 : 2 * scope->arrival_capacity;

        scope->arrivals = arena_grow(arena, scope->arrivals, scope->arrival_count, capacity,
                                     sizeof(*scope->arrivals));
        scope->arrival_capacity = capacity;
    }
    slot = &scope->arrivals[at];
    if (count == 0) {
        scope->arrival_count--;
        memmove(slot, slot + 1, (scope->arrival_count - at) * sizeof(*slot));
        return;
    }
    if (!present) {
        memmove(slot + 1, slot, (scope->arrival_count - at) * sizeof(*slot));
        scope->arrival_count++;
        slot->flow = flow;
    }
    slot->count = count;
}

static struct bpmn_scope *changed_scope(struct bpmn_instance *instance,
                                        const struct bpmn_change *change)
{
    struct bpmn_scope *scope = bpmn_instance_scope(instance, &change->scope_id);

    INVARIANT(scope != NULL);
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

    PRE(instance->status == BPMN_INSTANCE_ACTIVE);
    PRE(root->token_count == 0);
    instance->status = change->kind == BPMN_CHANGE_INSTANCE_COMPLETED ? BPMN_INSTANCE_COMPLETED
                                                                      : BPMN_INSTANCE_TERMINATED;
    instance->ended_us = change->at_us;
    instance->end_element_id =
        change->element == BPMN_NONE ? NULL : instance->model->elements[change->element].id;
    instance->delete_reason = arena_copy(instance->arena, change->reason);
    if (root->arrival_count > 0) {
        root->arrival_count = 0;
        root->state_changed = true;
    }
}

static void apply_activated(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);
    struct bpmn_token *token = bpmn_scope_add_token(scope, instance->arena);

    token->id = change->token_id;
    token->element = change->element;
    token->started_us = change->at_us;
    scope->state_changed = true;
}

static void apply_left(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);
    struct bpmn_token *token = changed_token(instance, change);
    uint32_t after;

    PRE(uuid_is_zero(&token->child_scope));
    scope->token_count--;
    after = scope->token_count - (uint32_t)(token - scope->tokens);
    memmove(token, token + 1, after * sizeof(*token));
}

static void apply_nothing(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    PRE(instance->status == BPMN_INSTANCE_ACTIVE);
    PRE(change->kind == BPMN_CHANGE_FLOW_TAKEN || change->kind == BPMN_CHANGE_ERROR_THROWN ||
        change->kind == BPMN_CHANGE_ERROR_CAUGHT);
}

static void apply_arrived(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);

    bpmn_scope_set_arrivals(scope, instance->arena, change->flow,
                            bpmn_scope_arrivals(scope, change->flow) + 1);
    scope->state_changed = true;
}

static void apply_joined(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);
    const struct bpmn_element *gateway = &instance->model->elements[change->element];

    for (uint32_t i = 0; i < gateway->incoming_count; i++) {
        uint32_t flow = gateway->incoming[i];
        uint32_t waiting = bpmn_scope_arrivals(scope, flow);

        INVARIANT(waiting > 0);
        bpmn_scope_set_arrivals(scope, instance->arena, flow, waiting - 1);
    }
    scope->state_changed = true;
}

/* The parent is the scope that has the sub-process' token. */
static void apply_scope_opened(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *parent = NULL;
    struct bpmn_token *token = bpmn_instance_token(instance, &change->token_id, &parent);
    struct bpmn_scope *scope;
    struct uuid parent_id;

    INVARIANT(token != NULL && parent != NULL);
    token->child_scope = change->scope_id;
    parent->state_changed = true;
    parent_id = parent->id;
    scope = bpmn_instance_add_scope(instance);
    scope->id = change->scope_id;
    scope->parent_id = parent_id;
    scope->token_id = change->token_id;
    scope->element = change->element;
    scope->variables = json_object();
    scope->is_new = true;
}

static void apply_scope_closed(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);
    struct bpmn_scope *parent = bpmn_instance_scope(instance, &scope->parent_id);
    struct bpmn_token *token;

    PRE(scope->token_count == 0);
    INVARIANT(parent != NULL);
    scope->removed = true;
    scope->arrival_count = 0;
    token = bpmn_scope_token(parent, &scope->token_id);
    INVARIANT(token != NULL);
    memset(&token->child_scope, 0, sizeof(token->child_scope));
    parent->state_changed = true;
}

/* Copy on write: a clone, or whoever loaded the scope, may share the object. An overwritten value
 * is kept until the instance is saved, because an earlier record may point at it. */
static void apply_business_key(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    PRE(instance->business_key == NULL);
    instance->business_key = arena_copy(instance->arena, change->name);
}

static void apply_variable(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_scope *scope = changed_scope(instance, change);
    json_t *old;
    int result;

    PRE(change->name != NULL && change->value != NULL);
    if (scope->variables->refcount > 1) {
        json_t *copy = json_copy(scope->variables);

        json_decref(scope->variables);
        scope->variables = copy;
    }
    old = json_object_get(scope->variables, change->name);
    if (old != NULL) {
        if (instance->replaced == NULL)
            instance->replaced = json_array();
        result = json_array_append(instance->replaced, old);
        INVARIANT(result == 0);
    }
    /* Values are never changed in place, so that sharing one needs only a reference. */
    result = json_object_set_nocheck(scope->variables, change->name, (json_t *)change->value);
    INVARIANT(result == 0);
    scope->variables_changed = true;
}

static enum bpmn_wait_kind wait_kind(enum bpmn_change_kind kind)
{
    switch (kind) {
    case BPMN_CHANGE_TASK_CREATED:
        return BPMN_WAIT_TASK;
    case BPMN_CHANGE_JOB_CREATED:
        return BPMN_WAIT_JOB;
    case BPMN_CHANGE_HANDLER_CALLED:
        return BPMN_WAIT_HANDLER;
    case BPMN_CHANGE_TIMER_ARMED:
        return BPMN_WAIT_TIMER;
    case BPMN_CHANGE_MESSAGE_AWAITED:
        return BPMN_WAIT_MESSAGE;
    default:
        UNREACHABLE();
    }
}

static void apply_wait_began(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_token *token = changed_token(instance, change);
    struct bpmn_wait *wait = bpmn_token_add_wait(token, instance->arena);

    wait->kind = wait_kind(change->kind);
    wait->id = change->wait_id;
    wait->element = change->element;
    wait->due_us = change->due_us;
    wait->repeat = change->repeat;
    wait->repeats_left = change->repeats_left;
    wait->name = change->kind == BPMN_CHANGE_MESSAGE_AWAITED ? change->name : NULL;
}

static void apply_wait_ended(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    struct bpmn_token *token = changed_token(instance, change);
    uint32_t at = 0;

    while (at < token->wait_count && !uuid_equal(&token->waits[at].id, &change->wait_id))
        at++;
    INVARIANT(at < token->wait_count);
    token->wait_count--;
    memmove(&token->waits[at], &token->waits[at + 1],
            (token->wait_count - at) * sizeof(*token->waits));
}

static void (*const appliers[])(struct bpmn_instance *, const struct bpmn_change *) = {
    [BPMN_CHANGE_INSTANCE_STARTED] = apply_started,
    [BPMN_CHANGE_INSTANCE_COMPLETED] = apply_ended,
    [BPMN_CHANGE_INSTANCE_TERMINATED] = apply_ended,
    [BPMN_CHANGE_BUSINESS_KEY_SET] = apply_business_key,
    [BPMN_CHANGE_ELEMENT_ACTIVATED] = apply_activated,
    [BPMN_CHANGE_ELEMENT_COMPLETED] = apply_left,
    [BPMN_CHANGE_ELEMENT_TERMINATED] = apply_left,
    [BPMN_CHANGE_FLOW_TAKEN] = apply_nothing,
    [BPMN_CHANGE_ARRIVED] = apply_arrived,
    [BPMN_CHANGE_JOINED] = apply_joined,
    [BPMN_CHANGE_SCOPE_OPENED] = apply_scope_opened,
    [BPMN_CHANGE_SCOPE_CLOSED] = apply_scope_closed,
    [BPMN_CHANGE_VARIABLE_SET] = apply_variable,
    [BPMN_CHANGE_TASK_CREATED] = apply_wait_began,
    [BPMN_CHANGE_TASK_COMPLETED] = apply_wait_ended,
    [BPMN_CHANGE_TASK_CANCELLED] = apply_wait_ended,
    [BPMN_CHANGE_JOB_CREATED] = apply_wait_began,
    [BPMN_CHANGE_JOB_COMPLETED] = apply_wait_ended,
    [BPMN_CHANGE_JOB_CANCELLED] = apply_wait_ended,
    [BPMN_CHANGE_HANDLER_CALLED] = apply_wait_began,
    [BPMN_CHANGE_HANDLER_RETURNED] = apply_wait_ended,
    [BPMN_CHANGE_TIMER_ARMED] = apply_wait_began,
    [BPMN_CHANGE_TIMER_FIRED] = apply_wait_ended,
    [BPMN_CHANGE_TIMER_CANCELLED] = apply_wait_ended,
    [BPMN_CHANGE_MESSAGE_AWAITED] = apply_wait_began,
    [BPMN_CHANGE_MESSAGE_RECEIVED] = apply_wait_ended,
    [BPMN_CHANGE_MESSAGE_CANCELLED] = apply_wait_ended,
    [BPMN_CHANGE_ERROR_THROWN] = apply_nothing,
    [BPMN_CHANGE_ERROR_CAUGHT] = apply_nothing,
};

void bpmn_apply(struct bpmn_instance *instance, const struct bpmn_change *change)
{
    PRE((unsigned)change->kind < COUNT_OF(appliers));
    appliers[change->kind](instance, change);
}
