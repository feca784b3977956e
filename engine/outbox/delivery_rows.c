/* The statements of a delivery and what they return.
 *
 *   1  BEGIN, lock the listener's partitions (those that no other node holds)
 *   2  read what waits, by position: a statement of its own, so that its snapshot is younger than
 * the locks; in one statement it could see rows as waiting that the last holder has completed 3
 * under the module's role the projection, then proof of processing, completion, COMMIT
 */
#include "engine/audit/actor.h"
#include "engine/outbox/internal.h"

#include "engine/limits.h"

#include <string.h>

static const struct pg_statement begin = {"outbox_begin", "BEGIN"};
static const struct pg_statement commit = {"outbox_commit", "COMMIT"};

/* A node that is frozen keeps its partitions only until the server ends its session. */
static const struct pg_statement be_prompt = {
    "outbox_idle_timeout", "SELECT set_config('idle_in_transaction_session_timeout', $1, true)"};

static const struct pg_statement lock_partitions = {
    "outbox_lock_partitions",
    "SELECT partition, read_from FROM event_publication.listener_partition"
    " WHERE listener_id = $1 FOR UPDATE SKIP LOCKED"};

/* An aggregate with an event that waits for its next attempt waits as a whole; the others go on.
 * Each partition gives its first rows from the index, so that a long backlog costs no more than a
 * short one. */
static const struct pg_statement read_waiting = {
    "outbox_read_waiting",
    "SELECT w.id, w.event_id, w.event_type, w.aggregate_id, w.serialized_event,"
    "       w.publication_date, w.correlation_id, w.position, w.attempts,"
    "       e.idempotency_key IS NOT NULL"
    " FROM (SELECT p.* FROM unnest($2::smallint[]) AS k (partition) CROSS JOIN LATERAL ("
    "         SELECT * FROM event_publication.event_publication p"
    "         WHERE p.listener_id = $1 AND p.partition = k.partition AND p.position >= $3"
    "           AND p.completion_date IS NULL AND p.dead_at IS NULL"
    "           AND p.aggregate_id <> ALL (ARRAY("
    "                 SELECT r.aggregate_id FROM event_publication.event_publication r"
    "                 WHERE r.listener_id = $1 AND r.next_attempt_at > $4"
    "                   AND r.completion_date IS NULL AND r.dead_at IS NULL))"
    "         ORDER BY p.position LIMIT $5) p"
    "       ORDER BY p.position LIMIT $5) w"
    " LEFT JOIN event_publication.processed_events e"
    "        ON e.idempotency_key = w.listener_id || ':' || w.event_id"
    " ORDER BY w.position"};

static const struct pg_statement insert_processed = {
    "outbox_insert_processed",
    "INSERT INTO event_publication.processed_events (idempotency_key, processed_at)"
    " SELECT k, $2 FROM unnest($1::text[]) AS k ON CONFLICT DO NOTHING"};

static const struct pg_statement complete = {
    "outbox_complete", "UPDATE event_publication.event_publication"
                       " SET completion_date = $2, next_attempt_at = NULL WHERE id = ANY ($1)"};

static const struct pg_statement advance = {
    "outbox_advance",
    "UPDATE event_publication.listener_partition l"
    " SET read_from = LEAST($3, COALESCE((SELECT min(p.position)"
    "       FROM event_publication.event_publication p"
    "       WHERE p.listener_id = $1 AND p.partition = l.partition AND p.position >= l.read_from"
    "         AND p.completion_date IS NULL AND p.dead_at IS NULL), $3))"
    " WHERE l.listener_id = $1 AND l.partition = ANY ($2) AND l.read_from < $3"};

static const struct pg_statement mark = {
    "outbox_mark", "UPDATE event_publication.event_publication"
                   " SET attempts = $2, next_attempt_at = $3, dead_at = $4, last_error = $5"
                   " WHERE id = $1 AND completion_date IS NULL"};

static void add_partitions(const struct delivery *delivery, struct pg_call *call)
{
    struct pg_array *partitions = pg_int2_array(call);

    for (uint32_t i = 0; i < delivery->partition_count; i++)
        pg_add_int(partitions, delivery->partitions[i]);
}

struct pg_batch *delivery_lock_batch(struct delivery *delivery)
{
    struct pg_batch *batch = pg_batch_new(delivery->arena);

    pg_batch_add(batch, &begin);
    pg_text(pg_batch_add(batch, &lock_partitions), delivery->listener->id);
    pg_text(pg_batch_add(batch, &be_prompt),
            arena_format(delivery->arena, "%d", LIMIT_IDLE_IN_TRANSACTION_MS));
    return batch;
}

void delivery_read_locks(struct delivery *delivery)
{
    const struct pg_result *result = pg_batch_result(delivery->batch, 1);
    uint32_t rows = pg_rows(result);

    delivery->partition_count = 0;
    delivery->read_from = INT64_MAX;
    for (uint32_t i = 0; i < rows && i < OUTBOX_PARTITIONS; i++) {
        int64_t read_from = pg_value_int(result, i, 1);

        delivery->partitions[delivery->partition_count++] = (int32_t)pg_value_int(result, i, 0);
        if (read_from < delivery->read_from)
            delivery->read_from = read_from;
    }
    if (delivery->sweep)
        delivery->read_from = 0;
}

struct pg_batch *delivery_read_batch(struct delivery *delivery, int64_t now_us)
{
    struct pg_batch *batch = pg_batch_new(delivery->arena);
    struct pg_call *call = pg_batch_add(batch, &read_waiting);

    pg_text(call, delivery->listener->id);
    add_partitions(delivery, call);
    pg_int8(call, delivery->read_from);
    pg_timestamp(call, now_us);
    pg_int8(call, delivery->batch_limit);
    return batch;
}

static enum status read_row(struct delivery *delivery, const struct pg_result *result,
                            uint32_t index, struct error *ret_error)
{
    struct delivery_row *row = &delivery->rows[index];
    struct module_event *event = &row->event;
    char event_id[UUID_TEXT_BYTES];
    json_error_t fault;

    row->id = pg_value_uuid(result, index, 0);
    event->id = pg_value_uuid(result, index, 1);
    event->type = arena_copy(delivery->arena, pg_value_text(result, index, 2));
    event->aggregate_id = arena_copy(delivery->arena, pg_value_text(result, index, 3));
    event->published_at_us = row->published_at_us = pg_value_timestamp(result, index, 5);
    event->correlation_id = arena_copy(delivery->arena, pg_value_text(result, index, 6));
    event->position = pg_value_int(result, index, 7);
    row->attempts = pg_value_int(result, index, 8);
    row->processed = pg_value_bool(result, index, 9);
    row->key = arena_format(delivery->arena, "%s:%s", delivery->listener->id,
                            uuid_format(&event->id, event_id));
    event->payload = json_loads(pg_value_text(result, index, 4), 0, &fault);
    if (!json_is_object(event->payload))
        return error_set(ret_error, STATUS_FAILED,
                         "Expected the stored event %s (%s) to be a JSON object but %s.", event_id,
                         event->type,
                         event->payload == NULL ? fault.text : "it is another JSON value");
    return STATUS_OK;
}

enum status delivery_read_rows(struct delivery *delivery, int64_t now_us, struct error *ret_error)
{
    const struct pg_result *result = pg_batch_result(delivery->batch, 0);
    uint32_t count = pg_rows(result);

    delivery->rows = arena_array(delivery->arena, count + 1, sizeof *delivery->rows);
    delivery->events.items =
        arena_array(delivery->arena, count + 1, sizeof *delivery->events.items);
    delivery->events.now_us = now_us;
    delivery->events.arena = delivery->arena;
    delivery->row_count = count; /* all of them, so that a fault in one is found by halving */
    for (uint32_t i = 0; i < count; i++) {
        enum status status = read_row(delivery, result, i, ret_error);

        if (status != STATUS_OK)
            return status;
        if (!delivery->rows[i].processed)
            delivery->events.items[delivery->events.count++] = delivery->rows[i].event;
    }
    return STATUS_OK;
}

/* Every few seconds the lower bound of reading rises to the checkpoint before: what had been seen
 * by then. A transaction that drew its positions earlier and commits later than that is found by
 * the sweep. */
static void add_advance(struct delivery *delivery, struct pg_batch *batch, int64_t now_us)
{
    int64_t last = delivery->rows[delivery->row_count - 1].event.position;

    if (last > delivery->seen_position)
        delivery->seen_position = last;
    if (now_us - delivery->checkpoint_at_us < OUTBOX_CHECKPOINT_MS * INT64_C(1000))
        return;
    if (delivery->checkpoint > 0) {
        struct pg_call *call = pg_batch_add(batch, &advance);

        pg_text(call, delivery->listener->id);
        add_partitions(delivery, call);
        pg_int8(call, delivery->checkpoint);
    }
    delivery->checkpoint = delivery->seen_position;
    delivery->checkpoint_at_us = now_us;
}

/* A projection's rows have their aggregates' ids for keys: so the audit trail finds the correlation
 * ids. What the engine projects it does in its own name. */
static void act(const struct delivery *delivery, struct pg_batch *batch)
{
    uint32_t count = delivery->events.count;
    struct audit_claim *claims = arena_array(delivery->arena, count, sizeof *claims);

    for (uint32_t i = 0; i < count; i++) {
        claims[i].value = delivery->events.items[i].aggregate_id;
        claims[i].actor.correlation_id = delivery->events.items[i].correlation_id;
    }
    audit_act_by_row(batch, delivery->module->role, "", claims, count, false);
}

enum status delivery_apply_batch(struct delivery *delivery, int64_t now_us,
                                 struct pg_batch **ret_batch, struct error *ret_error)
{
    struct pg_batch *batch = pg_batch_new(delivery->arena);

    PRE(delivery->row_count > 0);
    if (delivery->events.count > 0) {
        enum status status;

        act(delivery, batch);
        status = delivery->listener->prepare(&delivery->events, batch, ret_error);
        if (status != STATUS_OK)
            return error_prefix(ret_error, "listener %s", delivery->listener->id);
        audit_act_no_more(batch);
    }
    struct pg_call *processed = pg_batch_add(batch, &insert_processed);
    struct pg_array *keys = pg_text_array(processed);
    struct pg_call *completed = pg_batch_add(batch, &complete);
    struct pg_array *ids = pg_uuid_array(completed);

    pg_timestamp(processed, now_us);
    pg_timestamp(completed, now_us);
    for (uint32_t i = 0; i < delivery->row_count; i++) {
        if (!delivery->rows[i].processed)
            pg_add_text(keys, delivery->rows[i].key);
        pg_add_uuid(ids, &delivery->rows[i].id);
    }
    add_advance(delivery, batch, now_us);
    pg_batch_add(batch, &commit);
    *ret_batch = batch;
    return STATUS_OK;
}

struct pg_batch *delivery_mark_batch(struct delivery *delivery, int64_t now_us,
                                     uint64_t *ret_wait_ms)
{
    const struct delivery_row *row = &delivery->rows[0];
    int64_t attempts = row->attempts + 1;
    bool dead = attempts >= OUTBOX_ATTEMPTS_MAX;
    uint64_t wait_ms = dead ? 0 : UINT64_C(1000) << attempts;
    struct pg_batch *batch = pg_batch_new(delivery->arena);
    struct pg_call *call = pg_batch_add(batch, &mark);

    PRE(delivery->row_count == 1);
    pg_uuid(call, &row->id);
    pg_int2(call, (int16_t)attempts);
    if (dead)
        pg_null(call);
    else
        pg_timestamp(call, now_us + (int64_t)wait_ms * 1000);
    if (dead)
        pg_timestamp(call, now_us);
    else
        pg_null(call);
    pg_text(call, delivery->error.message);
    *ret_wait_ms = wait_ms;
    return batch;
}

void delivery_clear_rows(struct delivery *delivery)
{
    for (uint32_t i = 0; i < delivery->row_count; i++)
        json_decref(delivery->rows[i].event.payload);
    delivery->row_count = 0;
    delivery->events.count = 0;
}
