/* Loading definitions that are not in memory, in rounds.
 *
 * Happy path: definition_load() queues; a round takes everything queued, asks the database once for
 * what is missing, parses (small files here, big ones on libuv's pool), fills the cache and calls
 * everybody back. What is asked for meanwhile waits for the next round, so that the same
 * definition is never read twice at the same time.
 * Failure modes: the query fails: every load of the round gets its status. A stored file cannot be
 * read any more: logged, and the definition stays unknown. */
#include "engine/definition/cache.h"

#include "engine/base/log.h"

#include <string.h>

enum { LOAD_ARENA_BYTES = 1024 * 1024 };

struct load {
    struct load *next;
    struct arena *arena; /* the load itself and its texts */
    const char **ids;
    const char **keys;
    uint32_t id_count;
    uint32_t key_count;
    void (*on_loaded)(void *context, enum status status, const struct error *error);
    void *context;
};

/* A row that was found; `file` is its index in the round's files. */
struct found {
    struct definition_facts facts;
    bool is_latest;
    uint32_t file;
};

struct round {
    struct definition_cache *cache;
    struct arena *arena;
    struct load *loads;
    struct found *found;
    uint32_t found_count;
    struct parse *files;
    const char **file_names; /* deployment and resource, to share one parse */
    uint32_t file_count;
    uv_work_t work;
};

static const struct pg_statement load_statement = {
    "definition_load",
    "SELECT d.id, d.key, d.version, d.name, d.suspended, d.deployment_id, d.resource_name,"
    "       r.content, w.latest"
    "  FROM (SELECT i AS id, false AS latest FROM unnest($1::text[]) AS i"
    "        UNION ALL"
    "        SELECT (SELECT l.id FROM synergyflow_workflows.process_definition l"
    "                 WHERE l.tenant_id = '' AND l.key = k ORDER BY l.version DESC LIMIT 1), true"
    "          FROM unnest($2::text[]) AS k"
    "        UNION ALL"
    "        SELECT (SELECT l.id FROM synergyflow_workflows.process_definition l"
    "                 WHERE l.tenant_id = '' AND l.key = split_part(b, E'\\n', 1)"
    "                   AND CASE split_part(b, E'\\n', 2)"
    "                       WHEN 'version' THEN l.version::text = split_part(b, E'\\n', 3)"
    "                       WHEN 'tag' THEN l.version_tag = split_part(b, E'\\n', 3)"
    "                       ELSE l.deployment_id::text = split_part(b, E'\\n', 3) END"
    "                 ORDER BY l.version DESC LIMIT 1), false"
    "          FROM unnest($3::text[]) AS b) AS w"
    "  JOIN synergyflow_workflows.process_definition d ON d.id = w.id"
    "  JOIN synergyflow_workflows.deployment_resource r"
    "    ON r.deployment_id = d.deployment_id AND r.name = d.resource_name"};

static void answer_loads(struct load *loads, enum status status, const struct error *error)
{
    while (loads != NULL) {
        struct load *load = loads;

        loads = load->next;
        load->on_loaded(load->context, status, error);
        arena_free(load->arena);
    }
}

static void schedule_round(struct definition_cache *cache)
{
    if (!cache->round_active && cache->waiting != NULL)
        uv_timer_start(&cache->start_round, load_round_start, 0, 0);
}

static void round_finish(struct round *round, enum status status, const struct error *error)
{
    struct definition_cache *cache = round->cache;

    cache->round_active = false;
    answer_loads(round->loads, status, error);
    arena_free(round->arena);
    if (cache->closing && cache->waiting != NULL)
        load_round_start(&cache->start_round);
    else if (!cache->closing)
        schedule_round(cache);
    cache_unhold(cache);
}

static void fill_cache(struct round *round)
{
    struct definition_cache *cache = round->cache;
    struct shared_document **documents =
        arena_array(round->arena, round->file_count + 1, sizeof(struct shared_document *));

    for (uint32_t i = 0; i < round->file_count; i++) {
        if (round->files[i].status == STATUS_OK)
            documents[i] = shared_document_new(round->files[i].document);
    }
    for (uint32_t i = 0; i < round->found_count; i++) {
        const struct found *found = &round->found[i];
        const struct parse *file = &round->files[found->file];

        if (file->status != STATUS_OK) {
            log_error("definition.unreadable", NULL, &file->error);
            continue;
        }
        if (cache_insert(cache, &found->facts, documents[found->file]) == NULL)
            log_event(LOG_ERROR, "definition.process_missing", "definitionId", 's', found->facts.id,
                      NULL);
        else if (found->is_latest)
            cache_mark_latest(cache, found->facts.id, found->facts.key, found->facts.version);
    }
    for (uint32_t i = 0; i < round->file_count; i++)
        shared_document_release(documents[i]);
    cache_evict(cache);
}

static void parse_all(uv_work_t *work)
{
    struct round *round = work->data;

    for (uint32_t i = 0; i < round->file_count; i++)
        parse_run(&round->files[i]);
}

static void on_parsed(uv_work_t *work, int uv_status)
{
    struct round *round = work->data;

    INVARIANT(uv_status == 0); /* this work is never cancelled */
    fill_cache(round);
    round_finish(round, STATUS_OK, NULL);
}

/* The index of the file of a row; its bytes are copied, since results go when the query is done. */
static uint32_t file_of(struct round *round, const struct pg_result *rows, uint32_t row)
{
    char deployment[UUID_TEXT_BYTES];
    struct uuid id = pg_value_uuid(rows, row, 5);
    const char *name = arena_format(round->arena, "%s/%s", uuid_format(&id, deployment),
                                    pg_value_text(rows, row, 6));
    size_t length;
    const void *bytes = pg_value_bytes(rows, row, 7, &length);

    for (uint32_t i = 0; i < round->file_count; i++) {
        if (strcmp(round->file_names[i], name) == 0)
            return i;
    }
    round->file_names[round->file_count] = name;
    parse_init(&round->files[round->file_count], round->arena,
               arena_copy_bytes(round->arena, bytes, length), length);
    return round->file_count++;
}

static void take_rows(struct round *round, const struct pg_result *rows)
{
    uint32_t count = pg_rows(rows);

    round->found = arena_array(round->arena, count + 1, sizeof(*round->found));
    round->files = arena_array(round->arena, count + 1, sizeof(*round->files));
    round->file_names = arena_array(round->arena, count + 1, sizeof(*round->file_names));
    for (uint32_t row = 0; row < count; row++) {
        struct found *found = &round->found[round->found_count++];

        found->facts = (struct definition_facts){
            .id = arena_copy(round->arena, pg_value_text(rows, row, 0)),
            .key = arena_copy(round->arena, pg_value_text(rows, row, 1)),
            .version = (int32_t)pg_value_int(rows, row, 2),
            .name = arena_copy(round->arena, pg_value_text_or_null(rows, row, 3)),
            .suspended = pg_value_bool(rows, row, 4),
            .deployment_id = pg_value_uuid(rows, row, 5)};
        found->is_latest = pg_value_bool(rows, row, 8);
        found->file = file_of(round, rows, row);
    }
}

static void on_rows(void *context, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    struct round *round = context;
    size_t bytes = 0;

    if (status != STATUS_OK) {
        round_finish(round, status, error);
        return;
    }
    take_rows(round, pg_batch_result(batch, 0));
    for (uint32_t i = 0; i < round->file_count; i++)
        bytes += round->files[i].length;
    round->work.data = round;
    if (bytes > PARSE_ON_LOOP_BYTES_MAX) {
        uv_queue_work(round->cache->loop, &round->work, parse_all, on_parsed);
        return; /* suspended: until the files are parsed */
    }
    parse_all(&round->work);
    on_parsed(&round->work, 0);
}

/* Adds to the query what is asked for and not in memory; false when all of it is. */
static bool add_missing(struct definition_cache *cache, const struct load *loads,
                        struct pg_call *call)
{
    struct pg_array *ids = pg_text_array(call);
    struct pg_array *keys;
    struct pg_array *bound;

    for (const struct load *load = loads; load != NULL; load = load->next) {
        for (uint32_t i = 0; i < load->id_count; i++) {
            if (cache_find(cache, load->ids[i]) == NULL)
                pg_add_text(ids, load->ids[i]);
        }
    }
    keys = pg_text_array(call);
    for (const struct load *load = loads; load != NULL; load = load->next) {
        for (uint32_t i = 0; i < load->key_count; i++) {
            if (strchr(load->keys[i], '\n') == NULL &&
                definition_latest(cache, load->keys[i]) == NULL)
                pg_add_text(keys, load->keys[i]);
        }
    }
    bound = pg_text_array(call);
    for (const struct load *load = loads; load != NULL; load = load->next) {
        for (uint32_t i = 0; i < load->key_count; i++) {
            if (strchr(load->keys[i], '\n') != NULL &&
                definition_bound(cache, load->keys[i]) == NULL)
                pg_add_text(bound, load->keys[i]);
        }
    }
    return pg_array_count(ids) + pg_array_count(keys) + pg_array_count(bound) > 0;
}

void load_round_start(uv_timer_t *timer)
{
    struct definition_cache *cache = timer->data;
    struct arena *arena;
    struct round *round;
    struct pg_batch *batch;

    if (cache->round_active || cache->waiting == NULL)
        return;
    arena = arena_new(LOAD_ARENA_BYTES);
    round = arena_alloc(arena, sizeof(*round));
    *round = (struct round){.cache = cache, .arena = arena, .loads = cache->waiting};
    cache->waiting = NULL;
    cache->waiting_end = &cache->waiting;
    cache->round_active = true;
    cache_hold(cache);
    batch = pg_batch_new(arena);
    if (!add_missing(cache, round->loads, pg_batch_add(batch, &load_statement))) {
        round_finish(round, STATUS_OK, NULL);
        return;
    }
    pg_query(cache->pool, batch, DEFINITION_QUERY_TIMEOUT_MS, on_rows, round);
}

static const char **copy_texts(struct arena *arena, const char *const *texts, uint32_t count)
{
    const char **copies = arena_array(arena, (size_t)count + 1, sizeof(*copies));

    for (uint32_t i = 0; i < count; i++)
        copies[i] = arena_copy(arena, texts[i]);
    return copies;
}

void definition_load(struct definition_cache *cache, const char *const *ids, uint32_t id_count,
                     const char *const *keys, uint32_t key_count,
                     void (*on_loaded)(void *context, enum status status,
                                       const struct error *error),
                     void *context)
{
    struct arena *arena = arena_new(LOAD_ARENA_BYTES);
    struct load *load = arena_alloc(arena, sizeof(*load));

    PRE(!cache->closing);
    *load = (struct load){.arena = arena,
                          .ids = copy_texts(arena, ids, id_count),
                          .keys = copy_texts(arena, keys, key_count),
                          .id_count = id_count,
                          .key_count = key_count,
                          .on_loaded = on_loaded,
                          .context = context};
    *cache->waiting_end = load;
    cache->waiting_end = &load->next;
    schedule_round(cache);
}
