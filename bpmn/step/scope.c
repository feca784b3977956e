/* What a scope holds: tokens with their waits, and the flows on which tokens wait at a join. */
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

uint32_t bpmn_scope_arrival_position(const struct bpmn_scope *scope, uint32_t flow)
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

/* NULL when nothing is known of this flow. */
static const struct bpmn_arrival *arrival(const struct bpmn_scope *scope, uint32_t flow)
{
    uint32_t at = bpmn_scope_arrival_position(scope, flow);

    return at < scope->arrival_count && scope->arrivals[at].flow == flow ? &scope->arrivals[at]
                                                                         : NULL;
}

uint32_t bpmn_scope_arrivals(const struct bpmn_scope *scope, uint32_t flow)
{
    const struct bpmn_arrival *found = arrival(scope, flow);

    return found != NULL ? found->count : 0;
}

bool bpmn_scope_holds(const struct bpmn_scope *scope, uint32_t flow)
{
    const struct bpmn_arrival *found = arrival(scope, flow);

    return found != NULL && found->taken;
}

/* The entry of a flow, made when there is none. */
static struct bpmn_arrival *arrival_slot(struct bpmn_scope *scope, struct arena *arena,
                                         uint32_t flow)
{
    uint32_t at = bpmn_scope_arrival_position(scope, flow);
    struct bpmn_arrival *slot;

    if (at < scope->arrival_count && scope->arrivals[at].flow == flow)
        return &scope->arrivals[at];
    if (scope->arrival_count == scope->arrival_capacity) {
        uint32_t capacity = scope->arrival_capacity == 0 ? 2 : 2 * scope->arrival_capacity;

        scope->arrivals = arena_grow(arena, scope->arrivals, scope->arrival_count, capacity,
                                     sizeof(*scope->arrivals));
        scope->arrival_capacity = capacity;
    }
    slot = &scope->arrivals[at];
    memmove(slot + 1, slot, (scope->arrival_count - at) * sizeof(*slot));
    scope->arrival_count++;
    *slot = (struct bpmn_arrival){.flow = flow};
    return slot;
}

static void drop_if_empty(struct bpmn_scope *scope, struct bpmn_arrival *slot)
{
    uint32_t at = (uint32_t)(slot - scope->arrivals);

    if (slot->count > 0 || slot->taken)
        return;
    scope->arrival_count--;
    memmove(slot, slot + 1, (scope->arrival_count - at) * sizeof(*slot));
}

void bpmn_scope_add_arrivals(struct bpmn_scope *scope, struct arena *arena, uint32_t flow,
                             int32_t count)
{
    struct bpmn_arrival *slot = arrival_slot(scope, arena, flow);

    INVARIANT((int64_t)slot->count + count >= 0);
    slot->count = (uint32_t)((int64_t)slot->count + count);
    drop_if_empty(scope, slot);
}

void bpmn_scope_hold(struct bpmn_scope *scope, struct arena *arena, uint32_t flow, bool held)
{
    struct bpmn_arrival *slot = arrival_slot(scope, arena, flow);

    slot->taken = held;
    drop_if_empty(scope, slot);
}
