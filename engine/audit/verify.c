/* See verify.h.
 *
 * Happy path
 *   - where the range begins: the seal before it, and the snapshot before that one's
 *   - a chunk: some seals with their leaves, then the rows that their snapshots see and the one
 *     before did not; the chunk ends with a snapshot, or is a part of a single one
 *   - in the pool: seals and rows are held against each other, while the next chunk is read
 *   - the last seal is held against the folder's head
 *
 * Failure modes
 *   - the first fault ends it: the verdict names it
 *   - the database fails: on_done gets its error, nothing is known */
#include "engine/audit/verify.h"

#include "bpmn/base/memory.h"
#include "engine/audit/rows.h"

#include <string.h>

#define AUDIT "synergyflow_audit."

enum {
    QUERY_MS = 60000,
    ARENA_BYTES = 256 * 1024 * 1024,
    COLUMN_LEAVES = 10,
    START_BEFORE = 0,
    START_BASE,
    START_KNOWN,
    START_RANGE,
};

/* The first seal of the range that begins at $1. */
#define FIRST_SEAL                                                                                \
    "(SELECT f.seal_id FROM " AUDIT "audit_seals f WHERE f.sealed_at >= $1 ORDER BY f.sealed_at," \
    " f.seal_id LIMIT 1)"

static const struct pg_statement start_before = {
    "audit_verify_before", "SELECT " AUDIT_SEAL_COLUMNS " FROM " AUDIT
                           "audit_seals s WHERE s.seal_id = " FIRST_SEAL " - 1"};
static const struct pg_statement start_base = {
    "audit_verify_base", "SELECT " AUDIT_SEAL_COLUMNS " FROM " AUDIT "audit_seals s"
                         " WHERE s.seal_id < " FIRST_SEAL " AND s.is_last"
                         " ORDER BY s.seal_id DESC LIMIT 1"};
static const struct pg_statement start_known = {"audit_verify_known",
                                                "SELECT " AUDIT_SEAL_COLUMNS " FROM " AUDIT
                                                "audit_seals s WHERE s.seal_id = $1"};
/* $2: the range ends before it. Clocks of nodes differ; the seals between its ends belong to it. */
static const struct pg_statement start_range = {
    "audit_verify_range", "SELECT " FIRST_SEAL ", (SELECT l.seal_id FROM " AUDIT "audit_seals l"
                          " WHERE l.sealed_at < $2 ORDER BY l.sealed_at DESC, l.seal_id DESC"
                          " LIMIT 1)"};
/* $1 the seal before, $2 the last, $3 seals, $4 rows. */
static const struct pg_statement read_seals = {
    "audit_verify_seals",
    "SELECT " AUDIT_SEAL_COLUMNS ", s.leaves FROM ("
    " SELECT n.*, sum(n.row_count) OVER (ORDER BY n.seal_id) - n.row_count AS rows_before FROM ("
    "  SELECT * FROM " AUDIT "audit_seals WHERE seal_id > $1 AND seal_id <= $2"
    "  ORDER BY seal_id LIMIT $3) AS n) AS s"
    " WHERE s.rows_before < $4 ORDER BY s.seal_id"};
/* $1 open at the snapshot before, or from where on it saw none, $2 below this, $3 the chunk's last
 * snapshot, and of a part of one snapshot what it begins after ($4, $5) and ends with ($6, $7;
 * NULL: no end). */
#define IN_CHUNK                                                           \
    " AND pg_visible_in_snapshot(e.transaction_id, $3::text::pg_snapshot)" \
    " AND (e.transaction_id, e.event_id) > ($4::text::xid8, $5::bigint)"   \
    " AND ($6::text IS NULL OR (e.transaction_id, e.event_id) <= ($6::text::xid8, $7::bigint))"
static const struct pg_statement read_late = {
    "audit_verify_late",
    "SELECT " AUDIT_ROW_COLUMNS " FROM " AUDIT "audit_events e"
    " WHERE e.transaction_id = ANY ($1::text[]::xid8[])"
    " AND e.transaction_id < $2::text::xid8" IN_CHUNK " ORDER BY e.transaction_id, e.event_id"};
static const struct pg_statement read_rows = {
    "audit_verify_rows",
    "SELECT " AUDIT_ROW_COLUMNS " FROM " AUDIT "audit_events e"
    " WHERE e.transaction_id >= $1::text::xid8"
    " AND e.transaction_id < $2::text::xid8" IN_CHUNK " ORDER BY e.transaction_id, e.event_id"};

struct chunk {
    struct audit_verification *owner;
    struct arena *arena;
    struct pg_batch *seal_batch;
    struct pg_batch *row_batch;
    struct audit_seal *seals;
    struct audit_snapshot *snapshots; /* of each seal */
    uint32_t seal_count;
    struct audit_row **rows; /* of each seal, in order */
    int64_t *row_counts;
    struct pg_lease lease;
    struct audit_snapshot base; /* of the first seal's snapshot */
    enum status status;         /* of the pool's work */
    struct error error;
    enum { CHUNK_EMPTY, CHUNK_LOADING, CHUNK_LOADED, CHUNK_CHECKING } state;
};

/* Where the next chunk begins: after this seal, which ended at (transaction, event) of its snapshot
 * unless that was done, and after the snapshot `base`. */
struct place {
    int64_t seal_id;
    bool is_last;
    uint64_t last_transaction;
    int64_t last_event;
    char *base; /* owned */
};

struct audit_verification {
    struct audit_verify_settings settings;
    struct audit_hasher *hasher;
    struct audit_verdict verdict;
    struct audit_head known;
    bool known_is_other; /* in the database */
    struct chunk chunks[2];
    struct chunk *loading; /* NULL: none */
    struct chunk *loaded;  /* waits for the pool */
    struct place place;
    int64_t last_seal; /* of the range */
    bool at_end;       /* no more seals */
    uv_work_t work;
    struct chunk *checking;
    struct arena *arena; /* of the start */
    enum status status;
    struct error error;
};

static void proceed(struct audit_verification *verification);

/* ---- ends ---- */

static void clear_chunk(struct chunk *chunk)
{
    pg_batch_free_results(chunk->seal_batch);
    pg_batch_free_results(chunk->row_batch);
    arena_free(chunk->arena);
    *chunk = (struct chunk){.owner = chunk->owner};
}

static void finish(struct audit_verification *verification)
{
    struct audit_verify_settings settings = verification->settings;

    settings.on_done(settings.context, &verification->verdict, verification->status,
                     &verification->error);
    clear_chunk(&verification->chunks[0]);
    clear_chunk(&verification->chunks[1]);
    audit_hasher_free(verification->hasher);
    memory_free(verification->place.base);
    memory_free(verification);
}

/* The verdict is the pool's while it works. */
static bool is_over(const struct audit_verification *verification)
{
    return verification->status != STATUS_OK ||
           (verification->checking == NULL && verification->verdict.fault != AUDIT_INTACT);
}

static void fail(struct audit_verification *verification, enum status status,
                 const struct error *error)
{
    if (verification->status != STATUS_OK)
        return;
    verification->status = status;
    verification->error = *error;
}

/* ---- a chunk is checked in the pool ---- */

/* The first snapshot that sees it, and of that one's seals the first that ends there or later. */
static uint32_t seal_of(const struct chunk *chunk, const struct audit_row *row)
{
    uint32_t low = 0;
    uint32_t high = chunk->seal_count - 1;

    /* Snapshots see ever more; who was open in one may be open in the next ones. */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (audit_snapshot_sees(&chunk->snapshots[middle], row->transaction_id))
            high = middle;
        else
            low = middle + 1;
    }
    while (low + 1 < chunk->seal_count && !chunk->seals[low].is_last &&
           (row->transaction_id > chunk->seals[low].last_transaction ||
            (row->transaction_id == chunk->seals[low].last_transaction &&
             row->event_id > chunk->seals[low].last_event)))
        low++;
    return low;
}

static void share_out(struct chunk *chunk)
{
    const struct pg_result *results[] = {pg_batch_result(chunk->row_batch, 0),
                                         pg_batch_result(chunk->row_batch, 1)};
    uint32_t total = pg_rows(results[0]) + pg_rows(results[1]);
    struct audit_row *rows = arena_array(chunk->arena, total + 1, sizeof(*rows));
    uint32_t *seals = arena_array(chunk->arena, total + 1, sizeof(*seals));
    struct audit_row *room = arena_array(chunk->arena, total + 1, sizeof(*room));
    uint32_t count = 0;

    chunk->rows = arena_array(chunk->arena, chunk->seal_count, sizeof(struct audit_row *));
    chunk->row_counts = arena_array(chunk->arena, chunk->seal_count, sizeof(int64_t));
    for (size_t r = 0; r < COUNT_OF(results); r++) {
        for (uint32_t i = 0; i < pg_rows(results[r]); i++, count++) {
            audit_row_read(results[r], i, &rows[count]);
            seals[count] = seal_of(chunk, &rows[count]);
            chunk->row_counts[seals[count]]++;
        }
    }
    for (uint32_t s = 0; s < chunk->seal_count; s++) {
        chunk->rows[s] = room;
        room += chunk->row_counts[s];
        chunk->row_counts[s] = 0;
    }
    for (uint32_t i = 0; i < total; i++)
        chunk->rows[seals[i]][chunk->row_counts[seals[i]]++] = rows[i];
}

static void check_in_pool(uv_work_t *work)
{
    struct audit_verification *verification = work->data;
    const struct audit_verify_settings *settings = &verification->settings;
    struct chunk *chunk = verification->checking;
    struct audit_verdict *verdict = &verification->verdict;

    share_out(chunk);
    for (uint32_t i = 0; i < chunk->seal_count; i++) {
        const struct audit_seal *seal = &chunk->seals[i];
        uint8_t before[AUDIT_HASH_BYTES];

        memcpy(before, verdict->head.chain, sizeof(before));
        if (!audit_check_seal(verification->hasher, settings->keys, seal, verdict) ||
            !audit_check_rows(verification->hasher, seal, chunk->rows[i], chunk->row_counts[i],
                              verdict))
            return;
        if (settings->on_seal != NULL) {
            chunk->status = settings->on_seal(settings->context, seal, before, chunk->rows[i],
                                              chunk->row_counts[i], &chunk->error);
            if (chunk->status != STATUS_OK)
                return;
        }
    }
}

static void on_checked(uv_work_t *work, int cancelled)
{
    struct audit_verification *verification = work->data;

    INVARIANT(cancelled == 0); /* nobody cancels it */
    if (verification->checking->status != STATUS_OK)
        fail(verification, verification->checking->status, &verification->checking->error);
    clear_chunk(verification->checking);
    verification->checking = NULL;
    proceed(verification);
}

static void start_checking(struct audit_verification *verification)
{
    int result;

    verification->checking = verification->loaded;
    verification->loaded = NULL;
    verification->checking->state = CHUNK_CHECKING;
    verification->work.data = verification;
    result =
        uv_queue_work(verification->settings.loop, &verification->work, check_in_pool, on_checked);
    INVARIANT(result == 0);
}

/* ---- a chunk is loaded ---- */

/* Loaded, or there is nothing more: the one end of every load. */
static void end_load(struct chunk *chunk, enum status status, const struct error *error)
{
    struct audit_verification *verification = chunk->owner;

    verification->loading = NULL;
    if (status == STATUS_OK && chunk->seal_count > 0) {
        chunk->state = CHUNK_LOADED;
        verification->loaded = chunk;
    } else {
        clear_chunk(chunk);
        verification->at_end = true;
    }
    if (status != STATUS_OK)
        fail(verification, status, error);
    proceed(verification);
}

static void on_rows(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    (void)batch;
    pg_release(lease);
    end_load(CONTAINER_OF(lease, struct chunk, lease), status, error);
}

/* Some seals with one snapshot, or all seals of some snapshots. */
static uint32_t seals_together(const struct chunk *chunk, const struct place *place)
{
    uint32_t whole = 0;
    uint32_t first = 0;

    while (first + 1 < chunk->seal_count && !chunk->seals[first].is_last)
        first++;
    for (uint32_t i = 0; i < chunk->seal_count; i++) {
        if (chunk->seals[i].is_last)
            whole = i + 1;
    }
    return !place->is_last || whole == 0 ? first + 1 : whole;
}

static enum status read_chunk_seals(struct chunk *chunk, struct error *ret_error)
{
    const struct pg_result *result = pg_batch_result(chunk->seal_batch, 0);

    chunk->seal_count = pg_rows(result);
    chunk->seals = arena_array(chunk->arena, chunk->seal_count + 1, sizeof(*chunk->seals));
    chunk->snapshots = arena_array(chunk->arena, chunk->seal_count + 1, sizeof(*chunk->snapshots));
    for (uint32_t i = 0; i < chunk->seal_count; i++) {
        size_t length;
        const uint8_t *leaves = pg_value_bytes(result, i, COLUMN_LEAVES, &length);
        enum status status;

        audit_seal_read(result, i, &chunk->seals[i]);
        if (length == (size_t)chunk->seals[i].row_count * AUDIT_LEAF_BYTES)
            chunk->seals[i].leaves = leaves;
        status = audit_snapshot_parse(chunk->seals[i].snapshot, chunk->arena, &chunk->snapshots[i],
                                      ret_error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static const char *number(struct arena *arena, uint64_t value)
{
    return arena_format(arena, "%llu", (unsigned long long)value);
}

static void add_bounds(const struct chunk *chunk, const struct place *place, struct pg_call *call)
{
    const struct audit_seal *last = &chunk->seals[chunk->seal_count - 1];

    pg_text(call, last->snapshot);
    pg_text(call, number(chunk->arena, place->is_last ? 0 : place->last_transaction));
    pg_int8(call, place->is_last ? 0 : place->last_event);
    pg_text(call, last->is_last ? NULL : number(chunk->arena, last->last_transaction));
    pg_int8(call, last->is_last ? 0 : last->last_event);
}

static void read_chunk_rows(struct chunk *chunk)
{
    const struct audit_snapshot *base = &chunk->base;
    struct place *place = &chunk->owner->place;
    const struct audit_seal *last = &chunk->seals[chunk->seal_count - 1];
    const struct audit_snapshot *limit = &chunk->snapshots[chunk->seal_count - 1];
    struct pg_call *call;
    struct pg_array *open;

    chunk->row_batch = pg_batch_new(chunk->arena);
    call = pg_batch_add(chunk->row_batch, &read_late);
    open = pg_text_array(call);
    for (uint32_t i = 0; i < base->open_count; i++)
        pg_add_text(open, number(chunk->arena, base->open[i]));
    pg_text(call, number(chunk->arena, base->limit));
    add_bounds(chunk, place, call);
    call = pg_batch_add(chunk->row_batch, &read_rows);
    pg_text(call, number(chunk->arena, base->limit));
    pg_text(call, number(chunk->arena, limit->limit));
    add_bounds(chunk, place, call);
    place->seal_id = last->seal_id;
    place->is_last = last->is_last;
    place->last_transaction = last->last_transaction;
    place->last_event = last->last_event;
    if (last->is_last) {
        memory_free(place->base);
        place->base = memory_copy(last->snapshot);
    }
    pg_run(&chunk->lease, chunk->row_batch, on_rows); /* suspended: until the rows are read */
}

static void on_seals(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct chunk *chunk = CONTAINER_OF(lease, struct chunk, lease);
    struct audit_verification *verification = chunk->owner;
    struct error own = {0};

    (void)batch;
    if (status == STATUS_OK) {
        error = &own;
        status = read_chunk_seals(chunk, &own);
    }
    if (status == STATUS_OK)
        status = audit_snapshot_parse(verification->place.base, chunk->arena, &chunk->base, &own);
    if (status != STATUS_OK || chunk->seal_count == 0) {
        pg_release(lease);
        end_load(chunk, status, error);
        return;
    }
    chunk->seal_count = seals_together(chunk, &verification->place);
    read_chunk_rows(chunk);
}

static void on_leased(struct pg_lease *lease, enum status status, const struct error *error)
{
    struct chunk *chunk = CONTAINER_OF(lease, struct chunk, lease);
    const struct audit_verification *verification = chunk->owner;
    struct pg_call *call;

    if (status != STATUS_OK) {
        end_load(chunk, status, error);
        return;
    }
    chunk->seal_batch = pg_batch_new(chunk->arena);
    call = pg_batch_add(chunk->seal_batch, &read_seals);
    pg_int8(call, verification->place.seal_id);
    pg_int8(call, verification->last_seal);
    pg_int8(call, AUDIT_CHUNK_SEALS);
    pg_int8(call, AUDIT_CHUNK_ROWS);
    pg_run(lease, chunk->seal_batch, on_seals); /* suspended: until the seals are read */
}

static struct chunk *empty_chunk(struct audit_verification *verification)
{
    for (size_t i = 0; i < COUNT_OF(verification->chunks); i++) {
        if (verification->chunks[i].state == CHUNK_EMPTY)
            return &verification->chunks[i];
    }
    return NULL;
}

static void start_loading(struct audit_verification *verification, struct chunk *chunk)
{
    verification->loading = chunk;
    chunk->state = CHUNK_LOADING;
    chunk->arena = arena_new(ARENA_BYTES);
    pg_acquire(verification->settings.pool, &chunk->lease, QUERY_MS, on_leased);
}

/* ---- the route ---- */

/* A chain whose end is gone is intact as far as it goes; only who saw more knows better. */
static void check_head(struct audit_verification *verification)
{
    const struct audit_head *known = &verification->known;
    const struct audit_head *last = &verification->verdict.head;

    if (verification->settings.to_us < AUDIT_TO_THE_END || is_over(verification))
        return;
    if (known->seal_id > last->seal_id)
        (void)audit_found(&verification->verdict, AUDIT_CHAIN_CUT, last->seal_id + 1, 0,
                          "The chain ends with seal %lld, but the engine with these keys has seen "
                          "seal %lld: its end was cut off.",
                          (long long)last->seal_id, (long long)known->seal_id);
    else if (verification->known_is_other)
        (void)audit_found(&verification->verdict, AUDIT_CHAIN_CUT, known->seal_id, 0,
                          "The chain has another seal %lld than the engine with these keys has "
                          "seen: its end was cut off and made anew.",
                          (long long)known->seal_id);
}

static void proceed(struct audit_verification *verification)
{
    struct chunk *empty = empty_chunk(verification);

    if (verification->loaded != NULL && verification->checking == NULL && !is_over(verification))
        start_checking(verification);
    if (verification->loading == NULL && verification->loaded == NULL && empty != NULL &&
        !verification->at_end && !is_over(verification))
        start_loading(verification, empty);
    if (verification->loading == NULL && verification->checking == NULL &&
        (verification->loaded == NULL || is_over(verification))) {
        check_head(verification);
        finish(verification);
    }
}

/* ---- the start ---- */

static void take_start(struct audit_verification *verification, const struct pg_batch *batch)
{
    const struct pg_result *before = pg_batch_result(batch, START_BEFORE);
    const struct pg_result *base = pg_batch_result(batch, START_BASE);
    const struct pg_result *known = pg_batch_result(batch, START_KNOWN);
    const struct pg_result *range = pg_batch_result(batch, START_RANGE);
    struct place *place = &verification->place;
    struct audit_seal seal;

    if (pg_rows(known) == 1) {
        audit_seal_read(known, 0, &seal);
        verification->known_is_other =
            memcmp(seal.chain, verification->known.chain, sizeof(seal.chain)) != 0;
    }
    verification->at_end = pg_is_null(range, 0, 0);
    verification->last_seal =
        verification->settings.to_us >= AUDIT_TO_THE_END ? INT64_MAX : pg_value_int(range, 0, 1);
    *place = (struct place){.is_last = true};
    if (pg_rows(before) == 1) {
        audit_seal_read(before, 0, &seal);
        place->seal_id = seal.seal_id;
        place->is_last = seal.is_last;
        place->last_transaction = seal.last_transaction;
        place->last_event = seal.last_event;
        verification->verdict.head.seal_id = seal.seal_id;
        memcpy(verification->verdict.head.chain, seal.chain, sizeof(seal.chain));
    }
    if (pg_rows(base) == 1)
        audit_seal_read(base, 0, &seal);
    place->base = memory_copy(pg_rows(base) == 1 ? seal.snapshot : "0:0:");
}

static void on_start(void *context, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct audit_verification *verification = context;

    if (status == STATUS_OK)
        take_start(verification, batch);
    else
        fail(verification, status, error);
    arena_free(verification->arena);
    verification->arena = NULL;
    proceed(verification);
}

void audit_verify(const struct audit_verify_settings *settings)
{
    struct audit_verification *verification = memory_zero(1, sizeof(*verification));
    struct pg_batch *batch;
    struct pg_call *call;

    PRE(settings->to_us > 0);
    verification->settings = *settings;
    verification->known = settings->known;
    verification->hasher = audit_hasher_new();
    for (size_t i = 0; i < COUNT_OF(verification->chunks); i++)
        verification->chunks[i].owner = verification;
    verification->arena = arena_new(1024 * 1024);
    batch = pg_batch_new(verification->arena);
    pg_timestamp(pg_batch_add(batch, &start_before), settings->from_us);
    pg_timestamp(pg_batch_add(batch, &start_base), settings->from_us);
    call = pg_batch_add(batch, &start_known);
    pg_int8(call, verification->known.seal_id);
    call = pg_batch_add(batch, &start_range);
    pg_timestamp(call, settings->from_us);
    pg_timestamp(call, settings->to_us);
    pg_query(settings->pool, batch, QUERY_MS, on_start, verification);
}
