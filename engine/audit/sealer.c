/* See sealer.h.
 *
 * Happy path
 *   - lease a connection, try the lock, read the last seal
 *   - read the rows that its snapshot did not see and the present one does, in order
 *   - in the loop's pool: hash them, make the tree, chain the root with the current key
 *   - store the seal, COMMIT; in the pool: remember it as the head of the chain
 *   - look again at once while there was more than a seal takes, else in AUDIT_SEAL_MS
 *
 * Failure modes
 *   - another node holds the lock, or there is nothing to seal: roll back, look again later
 *   - another node stored a seal of this number first: the number is a primary key; look again
 *   - the database or a key is away: look again in a second; rows wait, they are not lost
 *   - the chain is not the one that this node has seen: it says so and seals nothing until an
 *     operator has looked (docs/audit.md); rows are still recorded
 *   - the node dies: its transaction ends with it, and another node goes on */
#include "engine/audit/sealer.h"

#include "bpmn/base/memory.h"
#include "engine/audit/rows.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"

#include <string.h>

enum {
    LEASE_MS = 5000,
    ARENA_BYTES = 64 * 1024 * 1024,
    COLUMN_BEFORE = AUDIT_ROW_COLUMN_COUNT, /* bytes of values before this row */
    COLUMN_CANDIDATES,
    COLUMN_SNAPSHOT,
};

/*   IDLE ─► LEASING ─► ASKING ─► READING ─► HASHING ─► STORING ─► TELLING ─► IDLE
 * Waits in LEASING for a connection, in ASKING, READING and STORING for the database, in HASHING
 * and TELLING for the pool. Every one of them may end in IDLE. */
enum sealer_state {
    SEALER_IDLE,
    SEALER_LEASING,
    SEALER_ASKING,
    SEALER_READING,
    SEALER_HASHING,
    SEALER_STORING,
    SEALER_TELLING,
};

struct audit_sealer {
    uv_loop_t *loop;
    struct pg_pool *pool;
    struct audit_keys *keys;     /* the pool's while it works, else the loop's */
    struct audit_hasher *hasher; /* the same */
    struct audit_head head;      /* the newest seal that this node knows */
    enum sealer_state state;
    uv_timer_t timer;
    uv_work_t work;
    struct pg_lease lease;
    struct pg_batch *batch;
    struct arena *arena; /* of one round */
    struct audit_seal last;
    struct audit_seal seal;
    int64_t oldest_us; /* of the rows being sealed */
    enum status status;
    struct error error;
    int64_t trouble_told_us; /* monotonic */
    bool started;
    bool stopping;
    void (*on_stopped)(void *context);
    void *stopped_context;
};

static struct metric metrics[] = {
    {.name = "synergyflow_audit_seals_total",
     .help = "Seals over the audit trail that this node made",
     .type = METRIC_COUNTER},
    {.name = "synergyflow_audit_sealed_rows_total",
     .help = "Rows of the audit trail that this node sealed",
     .type = METRIC_COUNTER},
    {.name = "synergyflow_audit_seal_age_seconds",
     .help = "From a change to its seal, of the oldest row of each seal",
     .type = METRIC_HISTOGRAM,
     .bounds = metric_latency_bounds},
    {.name = "synergyflow_audit_chain_trouble",
     .help = "1 while the chain of seals is not the one that this node has seen",
     .type = METRIC_GAUGE},
};

enum { SEALS, SEALED_ROWS, SEAL_AGE, CHAIN_TROUBLE };

#define AUDIT "synergyflow_audit."

static const struct pg_statement begin = {"audit_begin", "BEGIN"};
static const struct pg_statement commit = {"audit_commit", "COMMIT"};
/* Any fixed number does that no other lock of ours has. */
static const struct pg_statement try_lock = {"audit_try_lock",
                                             "SELECT pg_try_advisory_xact_lock(7305814290411)"};
static const struct pg_statement read_last = {"audit_read_last",
                                              "SELECT " AUDIT_SEAL_COLUMNS " FROM " AUDIT
                                              "audit_seals s ORDER BY s.seal_id DESC LIMIT 1"};
static const struct pg_statement read_known = {"audit_read_known",
                                               "SELECT " AUDIT_SEAL_COLUMNS " FROM " AUDIT
                                               "audit_seals s WHERE s.seal_id = $1"};
/* $1 transactions that were open at the snapshot before, $2 from where on it saw none, $3 the
 * snapshot of which a part has been sealed (NULL: all that is visible) up to ($4, $5), $6 rows, $7
 * bytes. Values of more than two kilobytes may be compressed, so their length is asked for. */
static const struct pg_statement read_rows = {
    "audit_read_rows",
    "WITH due AS MATERIALIZED ("
    " (SELECT * FROM " AUDIT "audit_events WHERE transaction_id = ANY ($1::text[]::xid8[])"
    "   AND (transaction_id, event_id) > ($4::text::xid8, $5::bigint)"
    "   AND ($3::text IS NULL OR pg_visible_in_snapshot(transaction_id, $3::text::pg_snapshot))"
    "  ORDER BY transaction_id, event_id LIMIT $6)"
    " UNION ALL"
    " (SELECT * FROM " AUDIT "audit_events WHERE transaction_id >= $2::text::xid8"
    "   AND (transaction_id, event_id) > ($4::text::xid8, $5::bigint)"
    "   AND transaction_id < coalesce(pg_snapshot_xmax($3::text::pg_snapshot)::text,"
    "     '18446744073709551615')::xid8"
    "   AND ($3::text IS NULL OR pg_visible_in_snapshot(transaction_id, $3::text::pg_snapshot))"
    "  ORDER BY transaction_id, event_id LIMIT $6)"
    " ORDER BY transaction_id, event_id LIMIT $6),"
    " sized AS (SELECT d.*, count(*) OVER () AS candidates,"
    "   sum(CASE WHEN pg_column_size(d.old_values) > 2000 THEN octet_length(d.old_values::text)"
    "            ELSE coalesce(pg_column_size(d.old_values), 0) END"
    "     + CASE WHEN pg_column_size(d.new_values) > 2000 THEN octet_length(d.new_values::text)"
    "            ELSE coalesce(pg_column_size(d.new_values), 0) END)"
    "   OVER (ORDER BY d.transaction_id, d.event_id ROWS BETWEEN UNBOUNDED PRECEDING"
    "     AND 1 PRECEDING) AS bytes_before FROM due d)"
    " SELECT " AUDIT_ROW_COLUMNS ", coalesce(e.bytes_before, 0)::bigint, e.candidates,"
    "   pg_current_snapshot()::text"
    " FROM sized e WHERE coalesce(e.bytes_before, 0) < $7::bigint"
    " ORDER BY e.transaction_id, e.event_id"};
static const struct pg_statement store = {
    "audit_store_seal",
    "INSERT INTO " AUDIT "audit_seals (seal_id, sealed_at, snapshot, is_last, row_count,"
    " last_transaction, last_event, leaves, root, key_id, chain) VALUES ($1, $2,"
    " $3::text::pg_snapshot, $4, $5::bigint, $6::text::xid8, $7, $8, $9, $10, $11)"};
static const struct pg_statement ask_unwatched = {"audit_unwatched", "SELECT " AUDIT "unwatched()"};

static void tick(struct audit_sealer *sealer);

/* ---- ends ---- */

static void maybe_stopped(struct audit_sealer *sealer)
{
    void (*on_stopped)(void *context) = sealer->on_stopped;

    if (on_stopped == NULL || sealer->state != SEALER_IDLE)
        return;
    sealer->on_stopped = NULL;
    on_stopped(sealer->stopped_context);
}

static void on_timer(uv_timer_t *timer)
{
    struct audit_sealer *sealer = timer->data;

    sealer->status = STATUS_OK;
    tick(sealer);
}

/* The one end of every round. Giving the connection back rolls back what is not committed. */
static void finish(struct audit_sealer *sealer, uint64_t again_ms)
{
    if (sealer->batch != NULL) {
        pg_batch_free_results(sealer->batch);
        sealer->batch = NULL;
        pg_release(&sealer->lease);
    }
    arena_free(sealer->arena);
    sealer->arena = NULL;
    sealer->state = SEALER_IDLE;
    if (sealer->stopping)
        maybe_stopped(sealer);
    else
        (void)uv_timer_start(&sealer->timer, on_timer, again_ms, 0);
}

/* Told at once, and then once a minute while it lasts. */
static void finish_in_trouble(struct audit_sealer *sealer)
{
    int64_t now_us = clock_monotonic_us();

    if (sealer->trouble_told_us == 0 || now_us - sealer->trouble_told_us > 60 * 1000000) {
        sealer->trouble_told_us = now_us;
        log_error("audit.trouble", NULL, &sealer->error);
    }
    finish(sealer, AUDIT_TROUBLE_MS);
}

/* ---- waits ---- */

static void on_leased(struct pg_lease *lease, enum status status, const struct error *error)
{
    struct audit_sealer *sealer = CONTAINER_OF(lease, struct audit_sealer, lease);

    sealer->status = status;
    if (status != STATUS_OK)
        sealer->error = *error;
    tick(sealer);
}

static void on_batch(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct audit_sealer *sealer = CONTAINER_OF(lease, struct audit_sealer, lease);

    INVARIANT(batch == sealer->batch);
    sealer->status = status;
    if (status != STATUS_OK)
        sealer->error = *error;
    tick(sealer);
}

static void run_batch(struct audit_sealer *sealer, struct pg_batch *batch, enum sealer_state state)
{
    pg_batch_free_results(sealer->batch);
    sealer->batch = batch;
    sealer->state = state;
    pg_run(&sealer->lease, batch, on_batch);
}

static void on_worked(uv_work_t *work, int cancelled)
{
    struct audit_sealer *sealer = work->data;

    INVARIANT(cancelled == 0); /* nobody cancels it */
    tick(sealer);
}

static void run_work(struct audit_sealer *sealer, void (*in_pool)(uv_work_t *work),
                     enum sealer_state state)
{
    int result;

    sealer->state = state;
    sealer->work.data = sealer;
    result = uv_queue_work(sealer->loop, &sealer->work, in_pool, on_worked);
    INVARIANT(result == 0);
}

/* ---- ASKING ---- */

static struct pg_batch *ask_batch(struct audit_sealer *sealer)
{
    struct pg_batch *batch = pg_batch_new(sealer->arena);

    pg_batch_add(batch, &begin);
    pg_batch_add(batch, &try_lock);
    pg_batch_add(batch, &read_last);
    pg_int8(pg_batch_add(batch, &read_known), sealer->head.seal_id);
    return batch;
}

/* A chain that has lost what this node has seen is not to be continued: that would hide it. */
static enum status check_head(struct audit_sealer *sealer, const struct pg_result *last,
                              const struct pg_result *known)
{
    const struct audit_head *head = &sealer->head;
    struct audit_seal seal = {0};

    if (head->seal_id == 0)
        return STATUS_OK;
    if (pg_rows(known) == 1)
        audit_seal_read(known, 0, &seal);
    if (pg_rows(known) == 1 && memcmp(seal.chain, head->chain, sizeof(seal.chain)) == 0)
        return STATUS_OK;
    return error_set(&sealer->error, STATUS_FAILED,
                     "Expected the chain of seals to hold seal %lld as this node has seen it but "
                     "%s: nothing is sealed until `synergyflow audit verify` has been looked at.",
                     (long long)head->seal_id,
                     pg_rows(known) == 1  ? "it is another"
                     : pg_rows(last) == 0 ? "there is none at all"
                                          : "the chain ends before it");
}

static void on_asked(struct audit_sealer *sealer)
{
    const struct pg_result *last = pg_batch_result(sealer->batch, 2);
    struct audit_snapshot before = {0};
    struct pg_batch *batch;
    struct pg_call *call;
    struct pg_array *late;
    bool goes_on;

    if (!pg_value_bool(pg_batch_result(sealer->batch, 1), 0, 0)) {
        finish(sealer, AUDIT_SEAL_MS); /* another node seals */
        return;
    }
    sealer->status = check_head(sealer, last, pg_batch_result(sealer->batch, 3));
    metric_set(&metrics[CHAIN_TROUBLE], sealer->status != STATUS_OK);
    sealer->last = (struct audit_seal){.snapshot = "0:0:", .is_last = true};
    if (pg_rows(last) == 1) {
        audit_seal_read(last, 0, &sealer->last);
        sealer->last.snapshot = arena_copy(sealer->arena, sealer->last.snapshot);
    }
    goes_on = !sealer->last.is_last;
    if (sealer->status == STATUS_OK && !goes_on)
        sealer->status =
            audit_snapshot_parse(sealer->last.snapshot, sealer->arena, &before, &sealer->error);
    if (sealer->status != STATUS_OK) {
        finish_in_trouble(sealer);
        return;
    }
    batch = pg_batch_new(sealer->arena);
    call = pg_batch_add(batch, &read_rows);
    late = pg_text_array(call);
    for (uint32_t i = 0; i < before.open_count; i++)
        pg_add_text(late, arena_format(sealer->arena, "%llu", (unsigned long long)before.open[i]));
    pg_text(call, arena_format(sealer->arena, "%llu", (unsigned long long)before.limit));
    pg_text(call, goes_on ? sealer->last.snapshot : NULL);
    pg_text(call, arena_format(sealer->arena, "%llu",
                               goes_on ? (unsigned long long)sealer->last.last_transaction : 0ULL));
    pg_int8(call, goes_on ? sealer->last.last_event : 0);
    pg_int8(call, AUDIT_SEAL_ROWS_MAX + 1);
    pg_int8(call, AUDIT_SEAL_BYTES_MAX);
    run_batch(sealer, batch, SEALER_READING);
}

/* ---- READING, HASHING ---- */

/* In the pool: the loop does not touch what this does meanwhile. */
static void hash_in_pool(uv_work_t *work)
{
    struct audit_sealer *sealer = work->data;
    const struct pg_result *rows = pg_batch_result(sealer->batch, 0);
    struct audit_seal *seal = &sealer->seal;
    uint8_t *leaves = arena_array(sealer->arena, (size_t)seal->row_count, (size_t)AUDIT_LEAF_BYTES);
    const struct audit_key *key;
    struct audit_row row;

    sealer->status = audit_keys_current(sealer->keys, &key, &sealer->error);
    if (sealer->status != STATUS_OK)
        return;
    sealer->oldest_us = INT64_MAX;
    for (uint32_t i = 0; i < (uint32_t)seal->row_count; i++) {
        audit_row_read(rows, i, &row);
        audit_hash_row(sealer->hasher, &row, leaves + (size_t)i * AUDIT_LEAF_BYTES);
        if (row.occurred_at_us < sealer->oldest_us)
            sealer->oldest_us = row.occurred_at_us;
    }
    seal->leaves = leaves;
    seal->key_id = key->id;
    seal->last_transaction = row.transaction_id;
    seal->last_event = row.event_id;
    seal->sealed_at_us = clock_wall_us();
    audit_root(sealer->hasher, leaves, seal->row_count, seal->root);
    audit_chain(key, seal, sealer->last.chain, seal->chain);
}

static void on_read(struct audit_sealer *sealer)
{
    const struct pg_result *rows = pg_batch_result(sealer->batch, 0);
    uint32_t count = pg_rows(rows);
    uint32_t sealed = count > AUDIT_SEAL_ROWS_MAX ? AUDIT_SEAL_ROWS_MAX : count;

    if (count == 0 && sealer->last.is_last) {
        finish(sealer, AUDIT_SEAL_MS);
        return;
    }
    if (count == 0) {
        sealer->status = error_set(&sealer->error, STATUS_FAILED,
                                   "Expected more rows after seal %lld, of the snapshot %.100s, "
                                   "but there is none: `synergyflow audit verify` names it.",
                                   (long long)sealer->last.seal_id, sealer->last.snapshot);
        finish_in_trouble(sealer);
        return;
    }
    sealer->seal = (struct audit_seal){
        .seal_id = sealer->last.seal_id + 1,
        .snapshot =
            sealer->last.is_last ? pg_value_text(rows, 0, COLUMN_SNAPSHOT) : sealer->last.snapshot,
        .is_last = pg_value_int(rows, 0, COLUMN_CANDIDATES) <= (int64_t)sealed,
        .row_count = sealed,
    };
    sealer->seal.snapshot = arena_copy(sealer->arena, sealer->seal.snapshot);
    run_work(sealer, hash_in_pool, SEALER_HASHING);
}

/* ---- STORING, TELLING ---- */

static struct pg_batch *store_batch(struct audit_sealer *sealer)
{
    const struct audit_seal *seal = &sealer->seal;
    struct pg_batch *batch = pg_batch_new(sealer->arena);
    struct pg_call *call = pg_batch_add(batch, &store);

    pg_int8(call, seal->seal_id);
    pg_timestamp(call, seal->sealed_at_us);
    pg_text(call, seal->snapshot);
    pg_bool(call, seal->is_last);
    pg_int8(call, seal->row_count);
    pg_text(call, arena_format(sealer->arena, "%llu", (unsigned long long)seal->last_transaction));
    pg_int8(call, seal->last_event);
    pg_bytes(call, seal->leaves, (size_t)seal->row_count * AUDIT_LEAF_BYTES);
    pg_bytes(call, seal->root, sizeof(seal->root));
    pg_text(call, seal->key_id);
    pg_bytes(call, seal->chain, sizeof(seal->chain));
    pg_batch_add(batch, &commit);
    return batch;
}

static void tell_in_pool(uv_work_t *work)
{
    struct audit_sealer *sealer = work->data;

    sealer->status = audit_keys_write_head(sealer->keys, &sealer->head, &sealer->error);
}

static void on_stored(struct audit_sealer *sealer)
{
    metric_add(&metrics[SEALS], 1);
    metric_add(&metrics[SEALED_ROWS], (double)sealer->seal.row_count);
    metric_observe(&metrics[SEAL_AGE],
                   (double)(sealer->seal.sealed_at_us - sealer->oldest_us) / 1e6);
    sealer->head.seal_id = sealer->seal.seal_id;
    memcpy(sealer->head.chain, sealer->seal.chain, sizeof(sealer->head.chain));
    sealer->trouble_told_us = 0;
    run_work(sealer, tell_in_pool, SEALER_TELLING);
}

/* ---- the route ---- */

static void tick_failed(struct audit_sealer *sealer)
{
    bool was_first =
        sealer->state == SEALER_STORING && strcmp(pg_failed_sqlstate(sealer->batch), "23505") == 0;

    if (was_first)
        finish(sealer, AUDIT_SEAL_MS); /* another node took the number */
    else
        finish_in_trouble(sealer);
}

static void tick(struct audit_sealer *sealer)
{
    if (sealer->status != STATUS_OK) {
        tick_failed(sealer);
        return;
    }
    switch (sealer->state) {
    case SEALER_IDLE:
        sealer->arena = arena_new(ARENA_BYTES);
        sealer->state = SEALER_LEASING;
        pg_acquire(sealer->pool, &sealer->lease, LEASE_MS, on_leased);
        return; /* suspended: until there is a connection */
    case SEALER_LEASING:
        run_batch(sealer, ask_batch(sealer), SEALER_ASKING);
        return; /* suspended: until the last seal is read */
    case SEALER_ASKING:
        on_asked(sealer);
        return; /* suspended: until the rows are read */
    case SEALER_READING:
        on_read(sealer);
        return; /* suspended: until they are hashed */
    case SEALER_HASHING:
        run_batch(sealer, store_batch(sealer), SEALER_STORING);
        return; /* suspended: until the seal is committed */
    case SEALER_STORING:
        on_stored(sealer);
        return; /* suspended: until the head is on the disk */
    case SEALER_TELLING:
        finish(sealer, sealer->seal.is_last ? AUDIT_SEAL_MS : 0);
        return;
    }
    UNREACHABLE();
}

/* ---- life ---- */

enum status audit_sealer_new(uv_loop_t *loop, const char *folder, struct audit_sealer **ret_sealer,
                             struct error *ret_error)
{
    struct audit_sealer *sealer;
    struct audit_keys *keys;
    struct audit_head head;
    int result;

    if (audit_keys_open(folder, &keys, ret_error) != STATUS_OK)
        return ret_error->status;
    if (audit_keys_read_head(keys, &head, ret_error) != STATUS_OK) {
        audit_keys_free(keys);
        return ret_error->status;
    }
    sealer = memory_zero(1, sizeof(*sealer));
    sealer->loop = loop;
    sealer->keys = keys;
    sealer->head = head;
    sealer->hasher = audit_hasher_new();
    result = uv_timer_init(loop, &sealer->timer);
    INVARIANT(result == 0);
    sealer->timer.data = sealer;
    for (size_t i = 0; i < COUNT_OF(metrics); i++)
        metric_register(&metrics[i]);
    *ret_sealer = sealer;
    return STATUS_OK;
}

static void on_unwatched(void *context, struct pg_batch *batch, enum status status,
                         const struct error *error)
{
    struct arena *arena = context;

    if (status != STATUS_OK) {
        log_error("audit.unwatched", NULL, error);
    } else {
        for (uint32_t i = 0; i < pg_rows(pg_batch_result(batch, 0)); i++)
            log_event(LOG_ERROR, "audit.unwatched", "table", 's',
                      pg_value_text(pg_batch_result(batch, 0), i, 0), NULL);
    }
    arena_free(arena);
}

void audit_sealer_start(struct audit_sealer *sealer, struct pg_pool *pool)
{
    struct arena *arena = arena_new(1024 * 1024);
    struct pg_batch *batch = pg_batch_new(arena);

    PRE(!sealer->started);
    sealer->started = true;
    sealer->pool = pool;
    pg_batch_add(batch, &ask_unwatched);
    pg_query(sealer->pool, batch, LEASE_MS, on_unwatched, arena);
    (void)uv_timer_start(&sealer->timer, on_timer, 0, 0);
}

void audit_sealer_stop(struct audit_sealer *sealer, void (*on_stopped)(void *context),
                       void *context)
{
    PRE(!sealer->stopping);
    sealer->stopping = true;
    sealer->on_stopped = on_stopped;
    sealer->stopped_context = context;
    (void)uv_timer_stop(&sealer->timer);
    maybe_stopped(sealer);
}

static void on_closed(uv_handle_t *handle)
{
    struct audit_sealer *sealer = handle->data;

    audit_keys_free(sealer->keys);
    audit_hasher_free(sealer->hasher);
    memory_free(sealer);
}

void audit_sealer_free(struct audit_sealer *sealer)
{
    if (sealer == NULL)
        return;
    INVARIANT(sealer->state == SEALER_IDLE);
    uv_close((uv_handle_t *)&sealer->timer, on_closed);
}
