/* One unit of work at a time on each lane; see the diagram in unit.h.
 *
 * Happy path: connection → load → definitions → step → (handlers → step)* → clocks that it means
 * something for → store and COMMIT in one pipeline → effects.
 * Failure modes, all ended in unit_end.c: a command that does not fit (answered, the others go on);
 * a handler that refuses (answered; the others run again without it); SQL that fails (a unit of one
 * is answered, a larger one is split in halves); the database away (commands wait, bounded); a
 * connection lost during COMMIT (in doubt: nobody is answered until it is known). */
#include "engine/command/unit.h"

#include "engine/base/clock.h"
#include "engine/base/log.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    unsigned moves;
} state_table[] = {
#define UNIT_ROW(state, to) [UNIT_##state] = {#state, to},
    UNIT_STATES(UNIT_ROW)
#undef UNIT_ROW
};

static void load_callers(struct unit *unit);
static void define(struct unit *unit);
static void perform(struct unit *unit);
static void call_or_store(struct unit *unit);
static void store(struct unit *unit);

static struct unit *unit_of(struct pg_lease *lease)
{
    return CONTAINER_OF(lease, struct unit, lease);
}

void unit_init(struct unit *unit, struct command_queue *queue)
{
    int result;

    unit->queue = queue;
    unit->arena = arena_new(LIMIT_UNIT_ARENA_BYTES);
    unit->calls_tail = &unit->calls;
    unit->follow_tail = &unit->first_to_follow;
    unit->routed_messages = unit->routed_signals = unit->matched_buffer = -1;
    result = uv_timer_init(queue->settings.loop, &unit->timer);
    INVARIANT(result == 0);
    unit->timer.data = unit;
}

void unit_move(struct unit *unit, enum unit_state state)
{
    INVARIANT((state_table[unit->state].moves & (1u << state)) != 0);
    unit->state = state;
}

const char *unit_state_name(const struct unit *unit)
{
    return state_table[unit->state].name;
}

/* ---- stages ---- */

static void remember_transaction(struct unit *unit, const struct pg_batch *batch)
{
    if (unit->transaction_id[0] == '\0' && unit->begun)
        (void)snprintf(unit->transaction_id, sizeof(unit->transaction_id), "%s",
                       pg_value_text(pg_batch_result(batch, unit->transaction_index), 0, 0));
}

/* The transaction's first words tell the time, too: a clock that was set back is noticed before any
 * timer fires by it. */
static void read_clock(struct unit *unit, const struct pg_batch *batch)
{
    if (unit->queue->settings.clock != NULL)
        database_clock_sample(
            unit->queue->settings.clock, unit->sent_us,
            pg_value_timestamp(pg_batch_result(batch, unit->transaction_index), 0, 1),
            clock_monotonic_us());
}

static void on_loaded(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct unit *unit = unit_of(lease);

    if (status != STATUS_OK) {
        unit_failed(unit, batch, status, error);
        return;
    }
    remember_transaction(unit, batch);
    read_clock(unit, batch);
    unit_loaded(unit);
    load_callers(unit);
}

static void on_callers_loaded(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                              const struct error *error)
{
    struct unit *unit = unit_of(lease);

    if (status != STATUS_OK) {
        unit_failed(unit, batch, status, error);
        return;
    }
    unit_callers_loaded(unit);
    load_callers(unit);
}

/* An instance that was called may end with this unit: then its caller goes on. */
static void load_callers(struct unit *unit)
{
    struct pg_batch *batch = pg_batch_new(unit->arena);
    struct callers_loaded *loaded;

    if (!unit_load_callers(unit, batch)) {
        define(unit);
        return;
    }
    loaded = arena_alloc(unit->arena, sizeof(*loaded));
    loaded->batch = unit->callers_batch = batch;
    loaded->next = unit->callers;
    unit->callers = loaded;
    unit_move(unit, UNIT_LOADING);
    pg_run(&unit->lease, batch, on_callers_loaded); /* suspended: until on_callers_loaded */
}

static void load(struct unit *unit)
{
    unit_move(unit, UNIT_LOADING);
    unit->load_batch = pg_batch_new(unit->arena);
    unit_begin_transaction(unit, unit->load_batch);
    unit_load(unit, unit->load_batch);
    unit->sent_us = clock_monotonic_us();
    pg_run(&unit->lease, unit->load_batch, on_loaded); /* suspended: until on_loaded */
}

static void on_defined(void *context, enum status status, const struct error *error)
{
    struct unit *unit = context;

    if (status == STATUS_UNAVAILABLE || status == STATUS_BUSY || status == STATUS_TIMEOUT) {
        unit_unavailable(unit, error);
        return;
    }
    /* What was loaded may call others. A definition that could not be loaded is reported by the
     * command that needs it. */
    define(unit);
}

enum { DEFINING_ROUNDS_MAX = 20 };

static void define(struct unit *unit)
{
    const char **ids;
    const char **keys;
    uint32_t id_count;
    uint32_t key_count;

    unit_wanted_definitions(unit, &ids, &id_count, &keys, &key_count);
    if (id_count + key_count == 0 || unit->defining_rounds++ >= DEFINING_ROUNDS_MAX ||
        (unit->defining_rounds > 1 && id_count + key_count >= unit->defining_wanted)) {
        perform(unit);
        return;
    }
    unit->defining_wanted = id_count + key_count;
    unit_move(unit, UNIT_DEFINING);
    definition_load(unit->queue->settings.definitions, ids, id_count, keys, key_count, on_defined,
                    unit); /* suspended: until on_defined */
}

/* The batch has to be split, or an item failed whose SQL is in the transaction already. */
static void undo(struct unit *unit)
{
    if (unit->must_split)
        unit_split(unit, &unit->split_reason);
    else
        unit_run_again(unit);
}

static void on_called(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct unit *unit = unit_of(lease);
    bool fine;

    if (status != STATUS_OK) {
        unit_failed(unit, batch, status, error);
        return;
    }
    remember_transaction(unit, batch);
    unit_move(unit, UNIT_STEPPING);
    fine = unit_finish_calls(unit);
    pg_batch_free_results(batch);
    unit->batch = NULL;
    if (!fine || unit->must_split)
        undo(unit);
    else
        call_or_store(unit);
}

/* Only one command can be blamed; several are tried apart. */
static void fail_rating(struct unit *unit, const struct error *error)
{
    if (error->status == STATUS_UNAVAILABLE) {
        unit_unavailable(unit, error);
        return;
    }
    if (unit->item_count == 1) {
        unit->items[0].state = ITEM_FAILED;
        unit->items[0].blamed = true;
        unit->items[0].error = *error;
    } else {
        unit_ask_split(unit, error);
    }
    undo(unit);
}

static void on_rated(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct unit *unit = unit_of(lease);

    if (status != STATUS_OK) {
        unit_failed(unit, batch, status, error);
        return;
    }
    remember_transaction(unit, batch);
    unit->round_batch = batch;
    unit->batch = NULL;
    store(unit);
}

/* All steps are made: what they mean for SLA clocks is next. */
static void rate(struct unit *unit)
{
    bool reads = false;
    struct error error;

    unit->batch = pg_batch_new(unit->arena);
    if (unit_rate(unit, unit->batch, &reads, &error) != STATUS_OK) {
        fail_rating(unit, &error);
    } else if (reads) {
        unit_move(unit, UNIT_RATING);
        pg_run(&unit->lease, unit->batch, on_rated); /* suspended: until on_rated */
    } else {
        store(unit);
    }
}

static void call_or_store(struct unit *unit)
{
    if (!unit_has_calls(unit)) {
        rate(unit);
        return;
    }
    unit->batch = pg_batch_new(unit->arena);
    unit_begin_transaction(unit, unit->batch);
    if (!unit_prepare_calls(unit, unit->batch)) {
        undo(unit);
        return;
    }
    unit_move(unit, UNIT_CALLING);
    pg_run(&unit->lease, unit->batch, on_called); /* suspended: until on_called */
}

static void perform(struct unit *unit)
{
    unit_move(unit, UNIT_STEPPING);
    unit->now_us = database_clock_now_us(unit->queue->settings.clock);
    unit_pin_definitions(unit);
    unit_step_items(unit);
    if (unit->must_split)
        undo(unit);
    else
        call_or_store(unit);
}

static void on_stored(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct unit *unit = unit_of(lease);
    struct error wrong;

    if (status == STATUS_UNAVAILABLE && pg_lease_is_lost(lease)) {
        log_event(LOG_WARNING, "unit.in_doubt", "transactionId", 's', unit->transaction_id,
                  "reason", 's', error->message, NULL);
        unit_release(unit);
        pg_batch_free_results(batch);
        unit->batch = NULL;
        unit_move(unit, UNIT_IN_DOUBT);
        unit_in_doubt(unit);
        return;
    }
    if (status != STATUS_OK) {
        unit_failed(unit, batch, status, error);
        return;
    }
    observe_commit(clock_monotonic_us() - unit->storing_us);
    if (unit_check_stored(unit, &wrong) != STATUS_OK)
        log_error("unit.revision", NULL, &wrong);
    unit_committed(unit);
}

static void store(struct unit *unit)
{
    struct error error;

    if (!unit_has_changes(unit)) {
        /* Nothing to keep: no COMMIT is needed; the connection rolls back what was begun. */
        unit_committed(unit);
        return;
    }
    unit->batch = pg_batch_new(unit->arena);
    unit_begin_transaction(unit, unit->batch);
    if (unit_settle(unit, unit->batch, &error) != STATUS_OK) {
        fail_rating(unit, &error);
        return;
    }
    unit_store(unit, unit->batch);
    unit_move(unit, UNIT_STORING);
    unit->storing_us = clock_monotonic_us();
    pg_run(&unit->lease, unit->batch, on_stored); /* suspended: until on_stored */
}

static void on_ready(struct pg_lease *lease, enum status status, const struct error *error)
{
    struct unit *unit = unit_of(lease);

    if (status != STATUS_OK) {
        unit_unavailable(unit, error);
        return;
    }
    unit->leased = true;
    if (unit_needs_load(unit))
        load(unit);
    else
        define(unit);
}

void unit_run(struct unit *unit, struct command **commands, uint32_t count)
{
    PRE(unit->state == UNIT_IDLE && count > 0);
    unit->items = arena_array(unit->arena, count, sizeof(*unit->items));
    unit->item_count = count;
    for (uint32_t i = 0; i < count; i++)
        unit->items[i].command = commands[i];
    unit->started_us = clock_monotonic_us();
    unit_move(unit, UNIT_ACQUIRING);
    memset(&unit->lease, 0, sizeof(unit->lease));
    pg_acquire(unit->queue->settings.pool, &unit->lease, unit_patience_ms(unit),
               on_ready); /* suspended: until on_ready */
}
