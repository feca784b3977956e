/* Finding tokens and waits by id. In a small instance by looking at everything; once there are many
 * scopes by a table from ids to scopes, made when somebody asks for the first time and kept up to
 * date by the applier. What is gone stays in the table until it is made anew: a look-up checks what
 * it finds. */
#include "bpmn/step/apply.h"

#include <string.h>

enum { SCOPES_SEARCHED = 32 };

/* From the end: the tokens that move are nearly always the newest. */
struct bpmn_token *bpmn_scope_token(struct bpmn_scope *scope, const struct uuid *id)
{
    for (uint32_t i = scope->token_count; i > 0; i--) {
        if (uuid_equal(&scope->tokens[i - 1].id, id))
            return &scope->tokens[i - 1];
    }
    return NULL;
}

static uint32_t tag_of(const struct uuid *id)
{
    uint32_t hash;

    memcpy(&hash, id->bytes + 12, sizeof(hash));
    return hash * 2654435761U;
}

static void put_home(struct bpmn_instance *instance, uint32_t scope, const struct uuid *id)
{
    uint32_t tag = tag_of(id);
    uint32_t slot = tag & (instance->home_slots - 1);

    while (instance->homes[slot].scope != BPMN_NONE)
        slot = (slot + 1) & (instance->home_slots - 1);
    instance->homes[slot] = (struct bpmn_home){.tag = tag, .scope = scope};
    instance->home_count++;
}

static uint32_t count_ids(const struct bpmn_instance *instance)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < instance->scope_count; i++) {
        const struct bpmn_scope *scope = &instance->scopes[i];

        count += scope->token_count;
        for (uint32_t j = 0; j < scope->token_count; j++)
            count += scope->tokens[j].wait_count;
    }
    return count;
}

static void index_ids(struct bpmn_instance *instance)
{
    uint32_t count = count_ids(instance);

    instance->home_slots = 64;
    while (instance->home_slots < 4 * count)
        instance->home_slots *= 2;
    instance->homes = arena_array(instance->arena, instance->home_slots, sizeof(*instance->homes));
    instance->home_count = 0;
    for (uint32_t slot = 0; slot < instance->home_slots; slot++)
        instance->homes[slot].scope = BPMN_NONE;
    for (uint32_t i = 0; i < instance->scope_count; i++) {
        const struct bpmn_scope *scope = &instance->scopes[i];

        for (uint32_t j = 0; j < scope->token_count; j++) {
            put_home(instance, i, &scope->tokens[j].id);
            for (uint32_t k = 0; k < scope->tokens[j].wait_count; k++)
                put_home(instance, i, &scope->tokens[j].waits[k].id);
        }
    }
}

void bpmn_instance_index_id(struct bpmn_instance *instance, const struct bpmn_scope *scope,
                            const struct uuid *id)
{
    if (instance->homes == NULL)
        return;
    /* Half of it is used, for the greater part by what is gone: made anew when it is needed. */
    if (2 * instance->home_count > instance->home_slots) {
        instance->homes = NULL;
        instance->home_slots = 0;
        return;
    }
    put_home(instance, (uint32_t)(scope - instance->scopes), id);
}

static struct bpmn_token *waiting_in(struct bpmn_scope *scope, const struct uuid *wait_id,
                                     struct bpmn_wait **ret_wait)
{
    for (uint32_t i = 0; i < scope->token_count; i++) {
        struct bpmn_token *token = &scope->tokens[i];

        for (uint32_t j = 0; j < token->wait_count; j++) {
            if (uuid_equal(&token->waits[j].id, wait_id)) {
                *ret_wait = &token->waits[j];
                return token;
            }
        }
    }
    return NULL;
}

/* `is_wait`: the token that has this wait, else the token itself. */
static struct bpmn_token *find_in(struct bpmn_scope *scope, const struct uuid *id, bool is_wait,
                                  struct bpmn_wait **ret_wait)
{
    if (scope->removed)
        return NULL;
    return is_wait ? waiting_in(scope, id, ret_wait) : bpmn_scope_token(scope, id);
}

static struct bpmn_token *find_id(struct bpmn_instance *instance, const struct uuid *id,
                                  bool is_wait, struct bpmn_scope **ret_scope,
                                  struct bpmn_wait **ret_wait)
{
    uint32_t tag = tag_of(id);

    if (instance->scope_count <= SCOPES_SEARCHED) {
        for (uint32_t i = 0; i < instance->scope_count; i++) {
            struct bpmn_token *token = find_in(&instance->scopes[i], id, is_wait, ret_wait);

            *ret_scope = &instance->scopes[i];
            if (token != NULL)
                return token;
        }
        return NULL;
    }
    if (instance->homes == NULL)
        index_ids(instance);
    for (uint32_t slot = tag & (instance->home_slots - 1); instance->homes[slot].scope != BPMN_NONE;
         slot = (slot + 1) & (instance->home_slots - 1)) {
        struct bpmn_token *token;

        if (instance->homes[slot].tag != tag)
            continue;
        *ret_scope = &instance->scopes[instance->homes[slot].scope];
        token = find_in(*ret_scope, id, is_wait, ret_wait);
        if (token != NULL)
            return token;
    }
    return NULL;
}

struct bpmn_token *bpmn_instance_token(struct bpmn_instance *instance, const struct uuid *id,
                                       struct bpmn_scope **ret_scope)
{
    struct bpmn_scope *scope = NULL;
    struct bpmn_wait *wait = NULL;
    struct bpmn_token *token = find_id(instance, id, false, &scope, &wait);

    if (token != NULL && ret_scope != NULL)
        *ret_scope = scope;
    return token;
}

struct bpmn_token *bpmn_instance_waiting(struct bpmn_instance *instance, const struct uuid *wait_id,
                                         struct bpmn_scope **ret_scope, struct bpmn_wait **ret_wait)
{
    struct bpmn_scope *scope = NULL;
    struct bpmn_wait *wait = NULL;
    struct bpmn_token *token = find_id(instance, wait_id, true, &scope, &wait);

    if (token == NULL)
        return NULL;
    if (ret_scope != NULL)
        *ret_scope = scope;
    if (ret_wait != NULL)
        *ret_wait = wait;
    return token;
}
