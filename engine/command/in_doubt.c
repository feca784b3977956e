/* A connection that died during COMMIT: did it happen?
 *
 * The transaction's id is known when anything came back before the last pipeline; pg_xact_status()
 * then tells. A unit of starts alone sends everything in one pipeline, so its id may be unknown:
 * then its own journal row is asked for by inserting it again in a transaction that is rolled back.
 * The insert waits for a lost transaction that still runs, and finds a conflict exactly if it
 * committed. Asking has an end, so that callers and a graceful stop do not hang on a database that
 * stays away: what was committed is then found by the scans of timers and outbox. */
#include "engine/command/unit.h"

#include "engine/base/clock.h"

#include <string.h>

static const struct pg_statement status_of = {"unit_transaction_status",
                                              "SELECT pg_xact_status($1::text::xid8)"};
static const struct pg_statement probe = {
    "unit_probe_journal",
    "INSERT INTO synergyflow_workflows.journal (instance_id, sequence, at, changes)"
    " VALUES ($1, $2, now(), '[]') ON CONFLICT DO NOTHING"};
static const struct pg_statement begin = {"doubt_begin", "BEGIN"};
static const struct pg_statement rollback = {"doubt_rollback", "ROLLBACK"};

static void ask(struct unit *unit);

static void on_timer(uv_timer_t *timer)
{
    ask(timer->data);
}

static void ask_later(struct unit *unit)
{
    int result;

    if (clock_monotonic_us() >= unit->doubt_until_us) {
        unit_doubt_unanswered(unit);
        return;
    }
    result = uv_timer_start(&unit->timer, on_timer, LIMIT_IN_DOUBT_MS, 0);
    INVARIANT(result == 0);
}

/* For a connection to ask on. */
static uint32_t patience_ms(const struct unit *unit)
{
    int64_t left_us = unit->doubt_until_us - clock_monotonic_us();

    return left_us > 1000 ? (uint32_t)(left_us / 1000) : 1;
}

static void on_status(void *context, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct unit *unit = context;
    const char *text;

    (void)error;
    if (status != STATUS_OK) {
        ask_later(unit);
        return;
    }
    text = pg_value_text(pg_batch_result(batch, 0), 0, 0);
    if (strcmp(text, "committed") == 0)
        unit_committed(unit);
    else if (strcmp(text, "aborted") == 0)
        unit_run_again(unit);
    else if (strcmp(text, "in progress") == 0)
        ask_later(unit);
    else
        unit_doubt_unanswered(unit);
}

static void on_probed(void *context, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct unit *unit = context;

    (void)error;
    if (status != STATUS_OK)
        ask_later(unit);
    else if (pg_affected(pg_batch_result(batch, 1)) == 0)
        unit_committed(unit);
    else
        unit_run_again(unit);
}

static const struct unit_instance *any_changed(const struct unit *unit)
{
    for (const struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        if (unit_instance_is_dirty(instance))
            return instance;
    }
    return NULL;
}

static void ask(struct unit *unit)
{
    struct pg_batch *batch = pg_batch_new(unit->arena);
    const struct unit_instance *changed = any_changed(unit);
    struct pg_call *call;

    if (unit->transaction_id[0] != '\0') {
        pg_text(pg_batch_add(batch, &status_of), unit->transaction_id);
        pg_query(unit->queue->settings.pool, batch, patience_ms(unit), on_status, unit);
        return;
    }
    /* Handlers run in an earlier pipeline, so a unit without an id has only steps. */
    INVARIANT(changed != NULL);
    (void)pg_batch_add(batch, &begin);
    call = pg_batch_add(batch, &probe);
    pg_uuid(call, &changed->id);
    pg_int8(call, changed->revision + 1);
    (void)pg_batch_add(batch, &rollback);
    pg_query(unit->queue->settings.pool, batch, patience_ms(unit), on_probed, unit);
}

void unit_in_doubt(struct unit *unit)
{
    unit->doubt_until_us = clock_monotonic_us() + queue_command_wait_us(unit->queue);
    ask_later(unit);
}
