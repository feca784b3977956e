/* The table of parsed definitions: by id, by key, and in order of use. See definition.h. */
#include "engine/definition/cache.h"

#include "bpmn/base/memory.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static uint32_t bucket_of(const char *text)
{
    uint32_t hash = 2166136261U; /* FNV-1a */

    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619U;
    return hash % DEFINITION_BUCKETS;
}

struct shared_document *shared_document_new(struct bpmn_document *document)
{
    struct shared_document *shared = memory_zero(1, sizeof(*shared));

    PRE(document != NULL);
    shared->document = document;
    shared->references = 1;
    return shared;
}

void shared_document_release(struct shared_document *document)
{
    if (document == NULL)
        return;
    PRE(document->references > 0);
    if (--document->references > 0)
        return;
    bpmn_document_free(document->document);
    memory_free(document);
}

void cache_hold(struct definition_cache *cache)
{
    cache->holds++;
}

static void entry_free(struct entry *entry)
{
    PRE(entry->pins == 0);
    shared_document_release(entry->document);
    memory_free((void *)entry->definition.id);
    memory_free((void *)entry->definition.key);
    memory_free((void *)entry->definition.name);
    memory_free(entry);
}

static void unlink_used(struct definition_cache *cache, struct entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &cache->oldest) = entry->newer;
    entry->newer = entry->older = NULL;
}

static void link_newest(struct definition_cache *cache, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void touch(struct definition_cache *cache, struct entry *entry)
{
    if (cache->newest == entry)
        return;
    unlink_used(cache, entry);
    link_newest(cache, entry);
}

/* Out of the table; the memory goes at once, or with the last pin. */
static void remove_entry(struct definition_cache *cache, struct entry *entry)
{
    struct entry **link = &cache->by_id[bucket_of(entry->definition.id)];

    PRE(!entry->forgotten);
    while (*link != entry)
        link = &(*link)->next_by_id;
    *link = entry->next_by_id;
    link = &cache->by_key[bucket_of(entry->definition.key)];
    while (*link != entry)
        link = &(*link)->next_by_key;
    *link = entry->next_by_key;
    unlink_used(cache, entry);
    cache->count--;
    entry->forgotten = true;
    if (entry->pins == 0)
        entry_free(entry);
}

struct entry *cache_find(struct definition_cache *cache, const char *id)
{
    struct entry *entry = cache->by_id[bucket_of(id)];

    while (entry != NULL && strcmp(entry->definition.id, id) != 0)
        entry = entry->next_by_id;
    return entry;
}

static const struct bpmn_model *model_of(const struct bpmn_document *document, const char *key)
{
    for (uint32_t i = 0; i < document->model_count; i++) {
        if (strcmp(document->models[i].process_id, key) == 0)
            return &document->models[i];
    }
    return NULL;
}

struct entry *cache_insert(struct definition_cache *cache, const struct definition_facts *facts,
                           struct shared_document *document)
{
    struct entry *entry = cache_find(cache, facts->id);
    const struct bpmn_model *model;
    struct entry **link;

    if (entry != NULL) {
        entry->definition.suspended = facts->suspended;
        touch(cache, entry);
        return entry;
    }
    model = model_of(document->document, facts->key);
    if (model == NULL)
        return NULL;
    entry = memory_zero(1, sizeof(*entry));
    entry->definition = (struct definition){.id = memory_copy(facts->id),
                                            .key = memory_copy(facts->key),
                                            .version = facts->version,
                                            .name = memory_copy(facts->name),
                                            .suspended = facts->suspended,
                                            .deployment_id = facts->deployment_id,
                                            .model = model};
    entry->document = document;
    document->references++;
    link = &cache->by_id[bucket_of(facts->id)];
    entry->next_by_id = *link;
    *link = entry;
    link = &cache->by_key[bucket_of(facts->key)];
    entry->next_by_key = *link;
    *link = entry;
    link_newest(cache, entry);
    cache->count++;
    return entry;
}

void cache_mark_latest(struct definition_cache *cache, const char *id, const char *key,
                       int32_t version)
{
    struct entry *first = cache->by_key[bucket_of(key)];

    /* What was read may be older than what this node has deployed since. */
    for (struct entry *entry = first; entry != NULL; entry = entry->next_by_key) {
        if (entry->is_latest && entry->definition.version > version &&
            strcmp(entry->definition.key, key) == 0)
            return;
    }
    for (struct entry *entry = first; entry != NULL; entry = entry->next_by_key) {
        if (strcmp(entry->definition.key, key) != 0)
            continue;
        if (strcmp(entry->definition.id, id) == 0)
            entry->is_latest = true;
        else if (entry->definition.version < version)
            entry->is_latest = false;
    }
}

void cache_evict(struct definition_cache *cache)
{
    struct entry *entry = cache->oldest;

    while (entry != NULL && cache->count > cache->limit) {
        struct entry *newer = entry->newer;

        if (entry->pins == 0)
            remove_entry(cache, entry);
        entry = newer;
    }
}

const struct definition *definition_by_id(struct definition_cache *cache, const char *id)
{
    struct entry *entry = cache_find(cache, id);

    if (entry == NULL)
        return NULL;
    touch(cache, entry);
    return &entry->definition;
}

const struct definition *definition_latest(struct definition_cache *cache, const char *key)
{
    struct entry *entry = cache->by_key[bucket_of(key)];

    while (entry != NULL && !(entry->is_latest && strcmp(entry->definition.key, key) == 0))
        entry = entry->next_by_key;
    if (entry == NULL)
        return NULL;
    touch(cache, entry);
    return &entry->definition;
}

void definition_timer_sources(struct definition_cache *cache, const struct timer_sources *timers)
{
    cache->timers = timers;
}

void definition_watch_start_timers(struct definition_cache *cache,
                                   void (*on_start_timer)(void *context, const struct uuid *id,
                                                          int64_t due_us),
                                   void *context)
{
    cache->on_start_timer = on_start_timer;
    cache->start_timer_context = context;
}

static bool fits(const struct definition *definition, const char *reference)
{
    size_t key = strlen(definition->key);
    char deployment[UUID_TEXT_BYTES];
    const char *kind;
    const char *value;

    if (strncmp(reference, definition->key, key) != 0 || reference[key] != '\n')
        return false;
    kind = reference + key + 1;
    value = strchr(kind, '\n');
    if (value == NULL)
        return false;
    value++;
    if (strncmp(kind, "version\n", 8) == 0)
        return atoll(value) == definition->version;
    if (strncmp(kind, "tag\n", 4) == 0)
        return definition->model->version_tag != NULL &&
               strcmp(definition->model->version_tag, value) == 0;
    return strcmp(uuid_format(&definition->deployment_id, deployment), value) == 0;
}

const struct definition *definition_bound(struct definition_cache *cache, const char *reference)
{
    struct entry *best = NULL;

    for (struct entry *entry = cache->newest; entry != NULL; entry = entry->older) {
        if (!entry->forgotten && fits(&entry->definition, reference) &&
            (best == NULL || entry->definition.version > best->definition.version))
            best = entry;
    }
    if (best == NULL)
        return NULL;
    touch(cache, best);
    return &best->definition;
}

void definition_pin(struct definition_cache *cache, const struct definition *definition)
{
    struct entry *entry = CONTAINER_OF(definition, struct entry, definition);

    PRE(cache != NULL);
    entry->pins++;
}

void definition_unpin(struct definition_cache *cache, const struct definition *definition)
{
    struct entry *entry = CONTAINER_OF(definition, struct entry, definition);

    PRE(cache != NULL && entry->pins > 0);
    if (--entry->pins == 0 && entry->forgotten)
        entry_free(entry);
}

void definition_forget(struct definition_cache *cache, const struct uuid *deployment_id)
{
    struct entry *entry = cache->newest;

    while (entry != NULL) {
        struct entry *older = entry->older;

        if (uuid_equal(&entry->definition.deployment_id, deployment_id))
            remove_entry(cache, entry);
        entry = older;
    }
}

void definition_set_suspended(struct definition_cache *cache, const char *id, bool suspended)
{
    struct entry *entry = cache_find(cache, id);

    cache->suspension_changed = true;
    if (entry != NULL)
        entry->definition.suspended = suspended;
}

struct definition_cache *definition_cache_new(uv_loop_t *loop, struct pg_pool *pool)
{
    struct definition_cache *cache = memory_zero(1, sizeof(*cache));

    cache->pool = pool;
    cache->loop = loop;
    cache->limit = DEFINITION_CACHE_MAX;
    cache->waiting_end = &cache->waiting;
    (void)uv_timer_init(loop, &cache->start_round); /* always 0 */
    (void)uv_timer_init(loop, &cache->refresh);
    cache->start_round.data = cache;
    cache->refresh.data = cache;
    cache->holds = 2; /* the two handles */
    refresh_start(cache);
    return cache;
}

void cache_unhold(struct definition_cache *cache)
{
    PRE(cache->holds > 0);
    if (--cache->holds > 0)
        return;
    INVARIANT(cache->closing && cache->waiting == NULL);
    while (cache->newest != NULL)
        remove_entry(cache, cache->newest);
    memory_free(cache);
}

static void on_handle_closed(uv_handle_t *handle)
{
    cache_unhold(handle->data);
}

void definition_cache_free(struct definition_cache *cache)
{
    if (cache == NULL)
        return;
    PRE(!cache->closing);
    cache->closing = true;
    if (cache->waiting != NULL && !cache->round_active) {
        /* Loads that nobody has begun yet begin now, so that each is answered. */
        uv_timer_stop(&cache->start_round);
        load_round_start(&cache->start_round);
    }
    uv_close((uv_handle_t *)&cache->start_round, on_handle_closed);
    uv_close((uv_handle_t *)&cache->refresh, on_handle_closed);
}
