/* The instance as a container: making, copying, finding, forgetting. What changes it while it runs
 * is apply.c; how it is stored is instance_json.c. */
#include "bpmn/step/instance.h"

#include "bpmn/step/apply.h"

#include <string.h>

void bpmn_instance_init(struct bpmn_instance *instance, struct arena *arena,
                        const struct bpmn_model *model, const struct uuid *id,
                        const char *definition_id, const char *business_key)
{
    struct bpmn_scope *root;

    PRE(arena != NULL && model != NULL);
    PRE(!uuid_is_zero(id));
    memset(instance, 0, sizeof(*instance));
    instance->arena = arena;
    instance->model = model;
    instance->id = *id;
    instance->definition_id = arena_copy(arena, definition_id);
    instance->business_key = arena_copy(arena, business_key);
    instance->status = BPMN_INSTANCE_NEW;
    root = bpmn_instance_add_scope(instance);
    root->id = *id;
    root->parent = BPMN_NONE;
    root->element = BPMN_NONE;
    root->variables = json_object();
    bpmn_instance_touch(instance, root);
    root->is_new = true;
}

static void release_scope(struct bpmn_scope *scope)
{
    json_decref(scope->variables);
    json_decref(scope->items);
    json_decref(scope->gathered);
    json_decref(scope->compensable);
    json_decref(scope->queue);
}

void bpmn_instance_clear(struct bpmn_instance *instance)
{
    for (uint32_t i = 0; i < instance->scope_count; i++)
        release_scope(&instance->scopes[i]);
    json_decref(instance->replaced);
    instance->scopes = NULL;
    instance->scope_count = 0;
    instance->scope_capacity = 0;
    instance->replaced = NULL;
    instance->recent_scope = 0;
    instance->scopes_by_id = NULL;
    instance->scope_slots = 0;
    instance->homes = NULL;
    instance->home_slots = 0;
    instance->home_count = 0;
    instance->touched = NULL;
    instance->touched_count = 0;
    instance->touched_capacity = 0;
    instance->gone_count = 0;
    instance->condition_count = 0;
    instance->listener_calls = 0;
}

static void copy_scope(const struct bpmn_scope *from, struct bpmn_scope *to, struct arena *arena)
{
    *to = *from;
    json_incref(to->variables);
    json_incref(to->items);
    json_incref(to->gathered);
    json_incref(to->compensable);
    json_incref(to->queue);
    to->tokens = arena_grow(arena, from->tokens, from->token_count, from->token_count,
                            sizeof(*from->tokens));
    to->token_capacity = from->token_count;
    for (uint32_t i = 0; i < to->token_count; i++) {
        struct bpmn_token *token = &to->tokens[i];

        token->waits = arena_grow(arena, token->waits, token->wait_count, token->wait_count,
                                  sizeof(*token->waits));
        token->wait_capacity = token->wait_count;
    }
    to->arrivals = arena_grow(arena, from->arrivals, from->arrival_count, from->arrival_count,
                              sizeof(*from->arrivals));
    to->arrival_capacity = from->arrival_count;
}

void bpmn_instance_clone(const struct bpmn_instance *from, struct bpmn_instance *ret_copy,
                         struct arena *arena)
{
    PRE(from->scope_count > 0);
    *ret_copy = *from;
    ret_copy->arena = arena;
    ret_copy->scopes = arena_array(arena, from->scope_count, sizeof(*from->scopes));
    ret_copy->scope_capacity = from->scope_count;
    for (uint32_t i = 0; i < from->scope_count; i++)
        copy_scope(&from->scopes[i], &ret_copy->scopes[i], arena);
    if (from->scope_slots > 0)
        ret_copy->scopes_by_id = arena_grow(arena, from->scopes_by_id, from->scope_slots,
                                            from->scope_slots, sizeof(*from->scopes_by_id));
    ret_copy->homes = NULL; /* made again when it is needed */
    ret_copy->home_slots = 0;
    ret_copy->touched = arena_grow(arena, from->touched, from->touched_count, from->touched_count,
                                   sizeof(*from->touched));
    ret_copy->touched_capacity = from->touched_count;
    /* Records made before the copy must stay readable whichever of the two is kept. */
    ret_copy->replaced = json_copy(from->replaced);
}

void bpmn_instance_own_texts(struct bpmn_instance *instance)
{
    instance->definition_id = arena_copy(instance->arena, instance->definition_id);
    instance->business_key = arena_copy(instance->arena, instance->business_key);
    for (uint32_t i = 0; i < instance->scope_count; i++) {
        for (uint32_t j = 0; j < instance->scopes[i].token_count; j++) {
            struct bpmn_token *token = &instance->scopes[i].tokens[j];

            for (uint32_t k = 0; k < token->wait_count; k++) {
                struct bpmn_wait *wait = &token->waits[k];

                wait->name = arena_copy(instance->arena, wait->name);
                wait->key = arena_copy(instance->arena, wait->key);
                wait->repeat = arena_copy(instance->arena, wait->repeat);
            }
        }
    }
}

/* ---- finding scopes: by a table of ids once there are many --------------------------------- */

enum { SCOPES_SEARCHED = 8, SCOPES_PACKED = 32 };

/* UUIDv7: the random bits are at the end. */
static uint32_t slot_of(const struct bpmn_instance *instance, const struct uuid *id)
{
    uint32_t hash;

    memcpy(&hash, id->bytes + 12, sizeof(hash));
    return (hash * 2654435761U) & (instance->scope_slots - 1);
}

static void fill_slot(struct bpmn_instance *instance, uint32_t index)
{
    uint32_t slot = slot_of(instance, &instance->scopes[index].id);

    while (instance->scopes_by_id[slot] != BPMN_NONE)
        slot = (slot + 1) & (instance->scope_slots - 1);
    instance->scopes_by_id[slot] = index;
}

static void fill_slots(struct bpmn_instance *instance)
{
    for (uint32_t slot = 0; slot < instance->scope_slots; slot++)
        instance->scopes_by_id[slot] = BPMN_NONE;
    for (uint32_t i = 0; i < instance->scope_count && instance->scope_slots > 0; i++)
        fill_slot(instance, i);
}

void bpmn_instance_index_scope(struct bpmn_instance *instance, uint32_t index)
{
    struct bpmn_scope *scope = &instance->scopes[index];
    const struct bpmn_scope *parent = bpmn_instance_scope(instance, &scope->parent_id);

    INVARIANT(parent != NULL);
    scope->parent = (uint32_t)(parent - instance->scopes);
    if (instance->scope_slots == 0 && instance->scope_count <= SCOPES_SEARCHED)
        return;
    if (2 * instance->scope_count > instance->scope_slots) {
        instance->scope_slots = 64;
        while (instance->scope_slots < 4 * instance->scope_count)
            instance->scope_slots *= 2;
        instance->scopes_by_id =
            arena_array(instance->arena, instance->scope_slots, sizeof(*instance->scopes_by_id));
        fill_slots(instance);
    } else {
        fill_slot(instance, index);
    }
}

/* ---- what the store has to write ----------------------------------------------------------- */

void bpmn_instance_touch(struct bpmn_instance *instance, struct bpmn_scope *scope)
{
    if (scope->touched)
        return;
    if (instance->touched_count == instance->touched_capacity) {
        uint32_t capacity = instance->touched_capacity == 0 ? 8 : 2 * instance->touched_capacity;

        instance->touched = arena_grow(instance->arena, instance->touched, instance->touched_count,
                                       capacity, sizeof(*instance->touched));
        instance->touched_capacity = capacity;
    }
    instance->touched[instance->touched_count++] = (uint32_t)(scope - instance->scopes);
    scope->touched = true;
}

/* A closed scope leaves a free place in the array. */
static void forget(struct bpmn_instance *instance, struct bpmn_scope *scope)
{
    release_scope(scope);
    scope->variables = NULL;
    scope->items = NULL;
    scope->gathered = NULL;
    scope->compensable = NULL;
    scope->queue = NULL;
    scope->is_new = true;
    instance->gone_count++;
}

/* Closes the gaps. */
static void pack(struct bpmn_instance *instance)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < instance->scope_count; i++) {
        if (!instance->scopes[i].removed)
            instance->scopes[kept++] = instance->scopes[i];
    }
    POST(kept > 0);
    instance->scope_count = kept;
    instance->gone_count = 0;
    instance->recent_scope = 0;
    instance->homes = NULL;
    instance->home_slots = 0;
    fill_slots(instance);
    for (uint32_t i = 1; i < kept; i++) {
        struct bpmn_scope *scope = &instance->scopes[i];

        scope->parent =
            (uint32_t)(bpmn_instance_scope(instance, &scope->parent_id) - instance->scopes);
    }
}

/* The work is in proportion to what has changed. */
void bpmn_instance_saved(struct bpmn_instance *instance)
{
    for (uint32_t i = 0; i < instance->touched_count; i++) {
        struct bpmn_scope *scope = &instance->scopes[instance->touched[i]];

        scope->touched = false;
        scope->is_new = false;
        scope->state_changed = false;
        scope->variables_changed = false;
        if (scope->removed)
            forget(instance, scope);
    }
    instance->touched_count = 0;
    if (instance->gone_count > 0 && (instance->scope_count <= SCOPES_PACKED ||
                                     2 * instance->gone_count > instance->scope_count))
        pack(instance);
    json_decref(instance->replaced);
    instance->replaced = NULL;
}

struct bpmn_scope *bpmn_instance_add_scope(struct bpmn_instance *instance)
{
    struct bpmn_scope *scope;

    if (instance->scope_count == instance->scope_capacity) {
        uint32_t capacity = instance->scope_capacity == 0 ? 1 : 2 * instance->scope_capacity;

        instance->scopes = arena_grow(instance->arena, instance->scopes, instance->scope_count,
                                      capacity, sizeof(*instance->scopes));
        instance->scope_capacity = capacity;
    }
    scope = &instance->scopes[instance->scope_count++];
    memset(scope, 0, sizeof(*scope));
    return scope;
}

struct bpmn_scope *bpmn_instance_root(struct bpmn_instance *instance)
{
    PRE(instance->scope_count > 0);
    return &instance->scopes[0];
}

static bool is_scope(const struct bpmn_instance *instance, uint32_t index, const struct uuid *id)
{
    return index < instance->scope_count && !instance->scopes[index].removed &&
           uuid_equal(&instance->scopes[index].id, id);
}

/* Index of a live scope, scope_count when there is none. A step works on one scope for a while and
 * then often on the next one. */
static uint32_t find_scope(const struct bpmn_instance *instance, const struct uuid *id)
{
    uint32_t recent = instance->recent_scope;
    uint32_t index = 0;

    if (is_scope(instance, recent, id))
        return recent;
    if (is_scope(instance, recent + 1, id))
        return recent + 1;
    if (instance->scope_slots > 0) {
        for (uint32_t slot = slot_of(instance, id); instance->scopes_by_id[slot] != BPMN_NONE;
             slot = (slot + 1) & (instance->scope_slots - 1)) {
            if (is_scope(instance, instance->scopes_by_id[slot], id))
                return instance->scopes_by_id[slot];
        }
        return instance->scope_count;
    }
    while (index < instance->scope_count && !is_scope(instance, index, id))
        index++;
    return index;
}

struct bpmn_scope *bpmn_instance_scope(struct bpmn_instance *instance, const struct uuid *id)
{
    uint32_t index = find_scope(instance, id);

    if (index == instance->scope_count)
        return NULL;
    if (index > 0)
        instance->recent_scope = index;
    return &instance->scopes[index];
}

const json_t *bpmn_instance_variable(const struct bpmn_instance *instance,
                                     const struct bpmn_scope *scope, const char *name)
{
    for (;;) {
        const json_t *value = json_object_get(scope->variables, name);

        if (value != NULL || scope->parent == BPMN_NONE)
            return value;
        scope = &instance->scopes[scope->parent];
    }
}
