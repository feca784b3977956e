/* See resident.h. */
#include "engine/command/resident.h"

#include "bpmn/base/memory.h"
#include "engine/limits.h"

struct residents {
    struct definition_cache *definitions;
    struct resident *by_id;
    struct resident *newest;
    struct resident *oldest;
    uint32_t scopes; /* of all */
};

struct residents *residents_new(struct definition_cache *definitions)
{
    struct residents *residents = memory_zero(1, sizeof(*residents));

    residents->definitions = definitions;
    return residents;
}

static void unlink_one(struct residents *residents, struct resident *resident)
{
    if (resident->newer != NULL)
        resident->newer->older = resident->older;
    else
        residents->newest = resident->older;
    if (resident->older != NULL)
        resident->older->newer = resident->newer;
    else
        residents->oldest = resident->newer;
    resident->newer = resident->older = NULL;
}

static void link_newest(struct residents *residents, struct resident *resident)
{
    resident->older = residents->newest;
    if (residents->newest != NULL)
        residents->newest->newer = resident;
    else
        residents->oldest = resident;
    residents->newest = resident;
}

void resident_forget(struct residents *residents, struct resident *resident)
{
    HASH_DEL(residents->by_id, resident);
    unlink_one(residents, resident);
    residents->scopes -= resident->scopes;
    definition_unpin(residents->definitions, resident->definition);
    arena_free(resident->arena);
    memory_free(resident);
}

static void drop(struct residents *residents, struct resident *resident)
{
    PRE(!resident->in_use);
    bpmn_instance_clear(&resident->instance);
    resident_forget(residents, resident);
}

void residents_free(struct residents *residents)
{
    if (residents == NULL)
        return;
    while (residents->newest != NULL)
        drop(residents, residents->newest);
    memory_free(residents);
}

void residents_each(const struct residents *residents,
                    void (*on_each)(void *context, const struct uuid *id), void *context)
{
    for (const struct resident *resident = residents->newest; resident != NULL;
         resident = resident->older) {
        if (!resident->in_use)
            on_each(context, &resident->id);
    }
}

struct resident *resident_take(struct residents *residents, const struct uuid *id, int64_t revision,
                               bool *ret_stale)
{
    struct resident *resident = NULL;

    *ret_stale = false;
    HASH_FIND(hh, residents->by_id, id, sizeof(*id), resident);
    if (resident == NULL || resident->in_use)
        return NULL;
    if (resident->revision != revision) {
        *ret_stale = true; /* another node was here */
        drop(residents, resident);
        return NULL;
    }
    resident->in_use = true;
    return resident;
}

static struct resident *make(struct residents *residents, struct bpmn_instance *instance,
                             const struct definition *definition)
{
    struct resident *resident = memory_zero(1, sizeof(*resident));

    resident->id = instance->id;
    resident->arena = arena_new(LIMIT_UNIT_ARENA_BYTES);
    resident->definition = definition;
    definition_pin(residents->definitions, definition);
    bpmn_instance_clone(instance, &resident->instance, resident->arena);
    bpmn_instance_own_texts(&resident->instance);
    bpmn_instance_clear(instance);
    HASH_ADD(hh, residents->by_id, id, sizeof(resident->id), resident);
    link_newest(residents, resident);
    return resident;
}

/* The arena only grows while the instance is here; past this it is read anew. */
static bool is_worn(const struct resident *resident)
{
    return arena_used_bytes(resident->arena) > LIMIT_UNIT_ARENA_BYTES / 2;
}

bool resident_keep(struct residents *residents, struct resident *resident,
                   struct bpmn_instance *instance, const struct definition *definition,
                   int64_t revision)
{
    uint32_t scopes;

    bpmn_instance_saved(instance);
    scopes = instance->scope_count;
    if (instance->status != BPMN_INSTANCE_ACTIVE || scopes < LIMIT_RESIDENT_SCOPES_MIN ||
        scopes > LIMIT_RESIDENT_SCOPES || (resident != NULL && is_worn(resident)))
        return false;
    if (resident == NULL) {
        resident = make(residents, instance, definition);
    } else {
        resident->instance = *instance;
        residents->scopes -= resident->scopes;
        unlink_one(residents, resident);
        link_newest(residents, resident);
    }
    resident->in_use = false;
    resident->revision = revision;
    resident->scopes = scopes;
    residents->scopes += scopes;
    for (struct resident *old = residents->oldest;
         old != NULL && residents->scopes > LIMIT_RESIDENT_SCOPES;) {
        struct resident *next = old->newer;

        if (!old->in_use && old != resident)
            drop(residents, old);
        old = next;
    }
    return true;
}
