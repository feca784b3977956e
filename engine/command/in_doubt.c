/* A connection that died during COMMIT: did it happen?
 *
 * The transaction's id is known when anything came back before the last pipeline. Then
 * pg_xact_status() tells whether it still runs, and its "aborted", and an id of the future, mean
 * that nothing was kept. Its "committed" does not suffice: when the server crashed, an id of which
 * nothing had reached the disk is given to another transaction, and the status is that one's. Only
 * a row of the unit's own can say yes.
 *
 * A unit of starts alone sends everything in one pipeline, so its id may be unknown. It, and one
 * whose steps seem committed, asks for a journal row of its own by inserting it again in a
 * transaction that is rolled back: the insert waits for a lost transaction that still runs, and
 * only a primary takes it. A conflict means that somebody wrote this revision; the time in the row
 * tells who. Direct calls of modules have their events to be known by; without any, "committed" is
 * no proof and their callers are told so.
 *
 * Asking has an end, so that callers and a graceful stop do not hang on a database that stays away:
 * what was committed is then found by the scans of timers and outbox. */
#include "engine/command/unit.h"

#include "engine/base/clock.h"

#include <string.h>

static const struct pg_statement status_of = {"unit_transaction_status",
                                              "SELECT pg_xact_status($1::text::xid8)"};
static const struct pg_statement probe = {
    "unit_probe_journal",
    "INSERT INTO synergyflow_workflows.journal (instance_id, sequence, at, changes)"
    " VALUES ($1, $2, now(), '[]') ON CONFLICT DO NOTHING"};
static const struct pg_statement written_by = {"unit_journal_is_ours",
                                               "SELECT at = $3 FROM synergyflow_workflows.journal"
                                               " WHERE instance_id = $1 AND sequence = $2"};
/* A publication's id is younger than its event's, so that the primary key leads there. */
static const struct pg_statement find_event = {
    "unit_find_event", "SELECT EXISTS (SELECT FROM event_publication.event_publication"
                       " WHERE id >= $1 AND event_id = $1)"};
static const struct pg_statement begin = {"doubt_begin", "BEGIN ISOLATION LEVEL READ COMMITTED"};
/* A lost session that the server has not noticed yet may hold the row for long. */
static const struct pg_statement be_brief = {"doubt_lock_timeout",
                                             "SELECT set_config('lock_timeout', '500ms', true)"};
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

static void on_found(void *context, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct unit *unit = context;

    (void)error;
    if (status != STATUS_OK)
        ask_later(unit);
    else if (pg_value_bool(pg_batch_result(batch, 0), 0, 0))
        unit_committed(unit);
    else
        unit_run_again(unit);
}

static void ask_for_event(struct unit *unit)
{
    struct pg_batch *batch = pg_batch_new(unit->arena);

    pg_uuid(pg_batch_add(batch, &find_event), &unit->events[0].id);
    pg_query(unit->queue->settings.pool, batch, patience_ms(unit), on_found, unit);
}

enum { DOUBT_BEGIN, DOUBT_BE_BRIEF, DOUBT_PROBE, DOUBT_WRITTEN_BY, DOUBT_ROLLBACK };

static void on_probed(void *context, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct unit *unit = context;
    const struct pg_result *row;

    (void)error;
    if (status != STATUS_OK) {
        ask_later(unit);
        return;
    }
    row = pg_batch_result(batch, DOUBT_WRITTEN_BY);
    if (pg_affected(pg_batch_result(batch, DOUBT_PROBE)) > 0)
        unit_run_again(unit); /* nobody had written it */
    else if (pg_rows(row) == 0)
        ask_later(unit); /* whoever wrote it removed it just now */
    else if (pg_value_bool(row, 0, 0))
        unit_committed(unit);
    else
        unit_run_again(unit); /* another unit wrote this revision, so ours did not */
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

static void ask_for_journal(struct unit *unit, const struct unit_instance *changed)
{
    struct pg_batch *batch = pg_batch_new(unit->arena);
    struct pg_call *call;

    (void)pg_batch_add(batch, &begin);
    (void)pg_batch_add(batch, &be_brief);
    call = pg_batch_add(batch, &probe);
    pg_uuid(call, &changed->id);
    pg_int8(call, changed->revision + 1);
    call = pg_batch_add(batch, &written_by);
    pg_uuid(call, &changed->id);
    pg_int8(call, changed->revision + 1);
    pg_timestamp(call, unit->now_us);
    (void)pg_batch_add(batch, &rollback);
    pg_query(unit->queue->settings.pool, batch, patience_ms(unit), on_probed, unit);
}

/* The answer of a server that crashed and has not given the id to another transaction yet. */
static const char in_the_future[] = "22023";

static void on_status(void *context, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct unit *unit = context;
    const struct unit_instance *changed = any_changed(unit);
    const char *text;

    (void)error;
    if (status != STATUS_OK) {
        if (strcmp(pg_failed_sqlstate(batch), in_the_future) == 0)
            unit_run_again(unit);
        else
            ask_later(unit);
        return;
    }
    text = pg_value_text(pg_batch_result(batch, 0), 0, 0);
    if (strcmp(text, "aborted") == 0)
        unit_run_again(unit);
    else if (strcmp(text, "in progress") == 0)
        ask_later(unit);
    else if (strcmp(text, "committed") == 0 && changed != NULL)
        ask_for_journal(unit, changed);
    else if (strcmp(text, "committed") == 0 && unit->event_count > 0)
        ask_for_event(unit);
    else
        unit_doubt_unanswered(unit);
}

static void ask(struct unit *unit)
{
    const struct unit_instance *changed = any_changed(unit);
    struct pg_batch *batch;

    if (unit->transaction_id[0] != '\0') {
        batch = pg_batch_new(unit->arena);
        pg_text(pg_batch_add(batch, &status_of), unit->transaction_id);
        pg_query(unit->queue->settings.pool, batch, patience_ms(unit), on_status, unit);
        return;
    }
    /* Handlers run in an earlier pipeline, so a unit without an id has only steps. */
    INVARIANT(changed != NULL);
    ask_for_journal(unit, changed);
}

void unit_in_doubt(struct unit *unit)
{
    unit->doubt_until_us = clock_monotonic_us() + queue_command_wait_us(unit->queue);
    ask_later(unit);
}
