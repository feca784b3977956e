/* Process definitions in memory: parsed once, shared by every instance.
 *
 * The database is the truth; this is a bounded cache of it. A definition in use is pinned. What
 * another node deployed is seen at the next look-up of its id, and within a second by key. */
#ifndef SYNERGYFLOW_DEFINITION_H
#define SYNERGYFLOW_DEFINITION_H

#include "bpmn/model.h"
#include "bpmn/reader/reader.h"
#include "bpmn/timer/timer_place.h"
#include "engine/definition/topic_check.h"
#include "engine/pg/pool.h"

struct definition {
    const char *id; /* key:version:uuid */
    const char *key;
    int32_t version;
    const char *name; /* NULL when none */
    bool suspended;
    struct uuid deployment_id;
    const struct bpmn_model *model;
};

struct definition_cache;

enum { DEFINITION_CACHE_MAX = 1000 };

struct definition_cache *definition_cache_new(uv_loop_t *loop, struct pg_pool *pool);
/* NULL is fine. Stops the refresh timer; the memory goes from the loop, once loads and deployments
 * under way have ended, so run the loop until it is empty. */
void definition_cache_free(struct definition_cache *cache);

/* Who is told of the timers that start processes, when a deployment has stored them. */
void definition_watch_start_timers(struct definition_cache *cache,
                                   void (*on_start_timer)(void *context, const struct uuid *id,
                                                          int64_t due_us),
                                   void *context);

/* The zones and calendars that timers may name; must outlive the cache. NULL: none are known. */
void definition_timer_sources(struct definition_cache *cache, const struct timer_sources *timers);

/* What is in memory now; NULL when it has to be loaded (or does not exist). Borrowed until the next
 * return to the loop; pin it to keep it longer. */
const struct definition *definition_by_id(struct definition_cache *cache, const char *id);
/* The latest version of a key. */
const struct definition *definition_latest(struct definition_cache *cache, const char *key);
/* A version named by a reference "KEY\nversion\nNUMBER", "KEY\ntag\nTAG" or
 * "KEY\ndeployment\nID"; the highest when several fit. NULL when it has to be loaded. */
const struct definition *definition_bound(struct definition_cache *cache, const char *reference);
void definition_pin(struct definition_cache *cache, const struct definition *definition);
void definition_unpin(struct definition_cache *cache, const struct definition *definition);

/* Loads definitions by id and the latest by key, or by a reference as above (either may be NULL/0),
 * then calls back from the loop; afterwards definition_by_id / definition_latest answer for all
 * that exist. */
void definition_load(struct definition_cache *cache, const char *const *ids, uint32_t id_count,
                     const char *const *keys, uint32_t key_count,
                     void (*on_loaded)(void *context, enum status status,
                                       const struct error *error),
                     void *context);
/* Forgets a deployment's definitions (it was deleted). */
void definition_forget(struct definition_cache *cache, const struct uuid *deployment_id);
/* What has just been committed; other nodes see it within a second. */
void definition_set_suspended(struct definition_cache *cache, const char *id, bool suspended);

/* ---- deployment ---------------------------------------------------------------------------- */

struct deployment_resource {
    const char *name;
    const char *bytes;
    size_t length;
};

/* Parses every .bpmn / .bpmn20.xml / .xml resource (on libuv's pool), then stores deployment,
 * resources and new versions of each process in one transaction. Embed in the caller's request;
 * inputs are borrowed until on_done. On a model at fault: STATUS_INVALID with `findings`. */
struct deployment {
    const char *name; /* NULL: the first resource's name */
    const char *category;
    const char *key;
    const char *tenant_id; /* NULL: '' */
    const struct deployment_resource *resources;
    uint32_t resource_count;
    bool only_if_changed; /* nothing is stored when the newest deployment of `name` has equal
                             resources */
    struct topic_hosts hosts;
    void (*on_done)(struct deployment *deployment, enum status status, const struct error *error);
    void *context;

    /* answers, valid in on_done */
    struct arena *arena; /* set by the caller: answers live there */
    struct uuid ret_id;
    int64_t ret_deployed_at_us;
    const char **ret_definition_ids;
    uint32_t ret_definition_count;
    const char *ret_resource; /* the resource that the findings are about */
    struct bpmn_findings findings;
    void *state; /* private */
};

/* Whether a resource of this name is read as BPMN (.bpmn, .xml). */
bool deployment_is_bpmn(const char *resource_name);
void deployment_create(struct definition_cache *cache, struct uuid_source *ids,
                       struct deployment *deployment);

#endif
