/* The definition cache from the inside; for the files of this folder and their tests.
 *
 * definition_cache.c   table, least-recently-used order, pins
 * definition_load.c    rounds: what is asked for and missing is read and parsed together
 * definition_refresh.c once a second: which keys have a newer version, what is suspended
 * deployment.c         parse → check → one transaction → into the cache
 */
#ifndef SYNERGYFLOW_DEFINITION_CACHE_H
#define SYNERGYFLOW_DEFINITION_CACHE_H

#include "engine/definition/definition.h"

enum { DEFINITION_BUCKETS = 2048, DEFINITION_QUERY_TIMEOUT_MS = 10000 };

/* A parsed file; each process in it is a definition of its own. */
struct shared_document {
    struct bpmn_document *document; /* owned */
    uint32_t references;
};

struct entry {
    struct definition definition; /* texts owned by the entry */
    struct shared_document *document;
    struct entry *next_by_id; /* hash chains */
    struct entry *next_by_key;
    struct entry *newer; /* least-recently-used list */
    struct entry *older;
    uint32_t pins;
    bool is_latest; /* of its key, as far as this node knows */
    bool forgotten; /* out of the table; freed with the last pin */
};

struct load; /* definition_load.c */

struct definition_cache {
    struct pg_pool *pool;
    struct entry *by_id[DEFINITION_BUCKETS];
    struct entry *by_key[DEFINITION_BUCKETS];
    struct entry *newest;
    struct entry *oldest;
    uint32_t count;
    uint32_t limit; /* DEFINITION_CACHE_MAX, fewer in tests */
    uv_loop_t *loop;
    uv_timer_t start_round; /* so that loads that need no query answer from the loop, too */
    uv_timer_t refresh;
    bool refreshing;
    bool suspension_changed; /* since the refresh under way began: its answer is too old */
    int64_t seen_us;         /* deployments up to here are known */
    struct load *waiting;
    struct load **waiting_end;
    bool round_active;
    void (*on_start_timer)(void *context, const struct uuid *id, int64_t due_us);
    void *start_timer_context;
    const struct timer_sources *timers; /* NULL: no zones and calendars */
    uint32_t holds;                     /* handles and operations that still point here */
    bool closing;
};

/* What a new entry is made of; everything is copied but the document, which gains a reference. */
struct definition_facts {
    const char *id;
    const char *key;
    int32_t version;
    const char *name;
    bool suspended;
    struct uuid deployment_id;
};

struct shared_document *shared_document_new(struct bpmn_document *document); /* takes it over */
void shared_document_release(struct shared_document *document);              /* NULL is fine */

/* Adds a definition (or finds it). NULL when the document has no process of that key. */
struct entry *cache_insert(struct definition_cache *cache, const struct definition_facts *facts,
                           struct shared_document *document);
struct entry *cache_find(struct definition_cache *cache, const char *id);
/* From now on `id` answers definition_latest(key); an older one known so far no longer does. */
void cache_mark_latest(struct definition_cache *cache, const char *id, const char *key,
                       int32_t version);
/* Brings the count under the limit again; pinned definitions stay. */
void cache_evict(struct definition_cache *cache);

/* Operations that point to the cache keep it until they end. */
void cache_hold(struct definition_cache *cache);
void cache_unhold(struct definition_cache *cache);

void load_round_start(uv_timer_t *timer);
void refresh_start(struct definition_cache *cache);

/* One file to be read, on libuv's pool when it is big. */
enum { PARSE_ON_LOOP_BYTES_MAX = 64 * 1024 };
struct parse {
    const char *bytes; /* borrowed until done */
    size_t length;
    struct bpmn_document *document; /* on STATUS_OK; the taker sets it to NULL */
    struct bpmn_findings findings;
    enum status status;
    struct error error;
};

void parse_init(struct parse *parse, struct arena *arena, const char *bytes, size_t length);
void parse_run(struct parse *parse); /* on any thread */

#endif
