/* What other nodes did: once a second, while anything is in memory, one small query tells which
 * keys have a newer version than the one known here and which definitions are suspended. */
#include "engine/definition/cache.h"

#include "engine/base/clock.h"

enum {
    REFRESH_INTERVAL_MS = 1000,
    REFRESH_ARENA_BYTES = 256 * 1024,
    /* A deployment's time is taken before its COMMIT: look back this far for late ones. */
    REFRESH_OVERLAP_US = 30 * 1000000,
};

struct refresh {
    struct definition_cache *cache;
    struct arena *arena;
    int64_t started_us;
};

static const struct pg_statement refresh_statement = {
    "definition_refresh",
    "SELECT d.id, d.key, d.version, d.suspended, p.deployed_at > $1 AND d.tenant_id = ''"
    "  FROM synergyflow_workflows.process_definition d"
    "  JOIN synergyflow_workflows.deployment p ON p.id = d.deployment_id"
    " WHERE d.suspended OR p.deployed_at > $1"};

static void apply_rows(struct definition_cache *cache, const struct pg_result *rows)
{
    bool suspension_known = !cache->suspension_changed;

    for (struct entry *entry = cache->newest; suspension_known && entry != NULL;
         entry = entry->older)
        entry->definition.suspended = false;
    for (uint32_t row = 0; row < pg_rows(rows); row++) {
        const char *id = pg_value_text(rows, row, 0);
        struct entry *entry = cache_find(cache, id);

        if (suspension_known && entry != NULL)
            entry->definition.suspended = pg_value_bool(rows, row, 3);
        if (pg_value_bool(rows, row, 4))
            cache_mark_latest(cache, id, pg_value_text(rows, row, 1),
                              (int32_t)pg_value_int(rows, row, 2));
    }
}

static void on_refreshed(void *context, struct pg_batch *batch, enum status status,
                         const struct error *error)
{
    struct refresh *refresh = context;
    struct definition_cache *cache = refresh->cache;

    (void)error; /* the pool reports lost connections; the next second tries again */
    if (status == STATUS_OK) {
        apply_rows(cache, pg_batch_result(batch, 0));
        cache->seen_us = refresh->started_us - REFRESH_OVERLAP_US;
    }
    cache->refreshing = false;
    arena_free(refresh->arena);
    cache_unhold(cache);
}

static void on_refresh_due(uv_timer_t *timer)
{
    struct definition_cache *cache = timer->data;
    struct arena *arena;
    struct refresh *refresh;
    struct pg_batch *batch;

    if (cache->refreshing || cache->count == 0)
        return;
    arena = arena_new(REFRESH_ARENA_BYTES);
    refresh = arena_alloc(arena, sizeof(*refresh));
    *refresh = (struct refresh){cache, arena, clock_wall_us()};
    batch = pg_batch_new(arena);
    pg_timestamp(pg_batch_add(batch, &refresh_statement), cache->seen_us);
    cache->refreshing = true;
    cache->suspension_changed = false;
    cache_hold(cache);
    pg_query(cache->pool, batch, DEFINITION_QUERY_TIMEOUT_MS, on_refreshed, refresh);
}

void refresh_start(struct definition_cache *cache)
{
    cache->seen_us = clock_wall_us() - REFRESH_OVERLAP_US;
    uv_timer_start(&cache->refresh, on_refresh_due, REFRESH_INTERVAL_MS, REFRESH_INTERVAL_MS);
    uv_unref((uv_handle_t *)&cache->refresh);
}
