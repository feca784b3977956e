/* One unit of work at a time on each lane; see the diagram in unit.h.
 *
 * Happy path: connection → load → definitions → step → (handlers → step)* → store and COMMIT in one
 * pipeline → effects.
 * Failure modes: a command that does not fit (answered, the others go on); a handler that refuses
 * (answered; the others run again without it); SQL that fails (a unit of one is answered, a larger
 * one is split in halves); the database away (commands wait, bounded); a connection lost during
 * COMMIT (in doubt: nobody is answered until it is known). */
#include "engine/command/unit.h"

#include "engine/base/clock.h"
#include "engine/base/log.h"

#include <stdio.h>
#include <string.h>

static void on_ready(struct pg_lease *lease, enum status status, const struct error *error);
static void define(struct unit *unit);
static void perform(struct unit *unit);
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
    result = uv_timer_init(queue->settings.loop, &unit->timer);
    INVARIANT(result == 0);
    unit->timer.data = unit;
}

/* ---- ends ---- */

static void release(struct unit *unit)
{
    if (!unit->leased)
        return;
    unit->leased = false;
    pg_release(&unit->lease);
}

static void forget(struct unit *unit)
{
    struct definition_cache *cache = unit->queue->settings.definitions;

    for (struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        bpmn_instance_clear(&instance->instance);
        if (instance->definition != NULL)
            definition_unpin(cache, instance->definition);
    }
    HASH_CLEAR(hh, unit->instances);
    unit_drop_calls(unit);
    for (uint32_t i = 0; i < unit->event_count; i++)
        json_decref(unit->events[i].payload);
    for (uint32_t i = 0; i < unit->item_count; i++)
        json_decref(unit->items[i].answer);
    pg_batch_free_results(unit->load_batch);
    pg_batch_free_results(unit->batch);
    unit->first_instance = NULL;
    unit->load_batch = unit->batch = NULL;
    unit->events = NULL;
    unit->event_count = unit->event_capacity = 0;
    unit->timer_effects = NULL;
    unit->timer_effect_count = unit->timer_effect_capacity = 0;
    unit->items = NULL;
    unit->item_count = 0;
    unit->rounds = 0;
    unit->jobs_created = unit->publications = 0;
    unit->expected_updates = 0;
    unit->begun = false;
    unit->transaction_id[0] = '\0';
    arena_clear(unit->arena);
}

static void answer_failed(struct unit *unit)
{
    for (uint32_t i = 0; i < unit->item_count; i++) {
        struct unit_item *item = &unit->items[i];

        if (item->state == ITEM_FAILED && item->command != NULL) {
            queue_finish(unit->queue, item->command, item->error.status, &item->error, NULL);
            item->command = NULL;
        }
    }
}

static void finish(struct unit *unit)
{
    struct command_queue *queue = unit->queue;

    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (unit->items[i].command != NULL && unit->items[i].state == ITEM_RETRY)
            queue_again(queue, unit->items[i].command, true);
        else
            INVARIANT(unit->items[i].command == NULL);
    }
    release(unit);
    forget(unit);
    unit->state = UNIT_IDLE;
    queue_unit_done(queue);
}

void unit_committed(struct unit *unit)
{
    observe_unit(unit->item_count, clock_monotonic_us() - unit->started_us);
    release(unit);
    unit_apply_effects(unit);
    answer_failed(unit);
    finish(unit);
}

/* Nothing was kept: the commands that did not fail by themselves run once more. */
void unit_run_again(struct unit *unit)
{
    answer_failed(unit);
    for (uint32_t i = unit->item_count; i > 0; i--) {
        struct unit_item *item = &unit->items[i - 1];

        if (item->command == NULL)
            continue;
        queue_again(unit->queue, item->command, item->state == ITEM_RETRY);
        item->command = NULL;
    }
    finish(unit);
}

void unit_doubt_unanswered(struct unit *unit)
{
    struct error error;

    (void)error_set(&error, STATUS_UNAVAILABLE,
                    "The connection was lost during COMMIT and PostgreSQL no longer knows whether "
                    "it happened: look before you try again.");
    for (uint32_t i = 0; i < unit->item_count; i++) {
        unit->items[i].state = ITEM_FAILED;
        unit->items[i].error = error;
    }
    answer_failed(unit);
    finish(unit);
}

/* The database is away: commands wait for it, each until its own deadline. */
static void unavailable(struct unit *unit, const struct error *error)
{
    int64_t now_us = clock_monotonic_us();

    for (uint32_t i = 0; i < unit->item_count; i++) {
        struct unit_item *item = &unit->items[i];

        if (item->state == ITEM_FAILED)
            continue;
        if (now_us - item->command->submitted_us < LIMIT_COMMAND_WAIT_MS * INT64_C(1000)) {
            item->state = ITEM_RETRY;
        } else {
            item->state = ITEM_FAILED;
            item->error = *error;
        }
    }
    unit_run_again(unit);
}

static bool is_transient(const struct pg_batch *batch)
{
    const char *state = pg_failed_sqlstate(batch);

    return strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0;
}

/* SQL failed: one command gets the blame, several are split until one is left. */
static void poisoned(struct unit *unit, const struct pg_batch *batch, const struct error *error)
{
    struct command **commands = arena_array(unit->arena, unit->item_count, sizeof(*commands));
    uint32_t count = 0;

    if (is_transient(batch)) {
        unit_run_again(unit);
        return;
    }
    answer_failed(unit);
    for (uint32_t i = 0; i < unit->item_count; i++) {
        struct unit_item *item = &unit->items[i];

        if (item->command == NULL || item->state == ITEM_RETRY)
            continue;
        commands[count++] = item->command;
    }
    if (count == 1) {
        queue_finish(unit->queue, commands[0], error->status, error, NULL);
    } else if (count > 1) {
        log_event(LOG_WARNING, "unit.split", "commands", 'i', (int64_t)count, "reason", 's',
                  error->message, NULL);
        queue_split(unit->queue, commands, count);
    }
    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (unit->items[i].state != ITEM_RETRY)
            unit->items[i].command = NULL;
    }
    finish(unit);
}

/* One decision for every pipeline that failed outside a COMMIT. */
static void failed(struct unit *unit, const struct pg_batch *batch, enum status status,
                   const struct error *error)
{
    struct error copy = *error;

    unit_drop_calls(unit);
    if (status == STATUS_UNAVAILABLE)
        unavailable(unit, &copy);
    else
        poisoned(unit, batch, &copy);
}

/* ---- stages ---- */

static void remember_transaction(struct unit *unit, const struct pg_batch *batch)
{
    if (unit->transaction_id[0] == '\0' && unit->begun)
        (void)snprintf(unit->transaction_id, sizeof(unit->transaction_id), "%s",
                       pg_value_text(pg_batch_result(batch, unit->transaction_index), 0, 0));
}

static void on_loaded(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct unit *unit = unit_of(lease);

    if (status != STATUS_OK) {
        failed(unit, batch, status, error);
        return;
    }
    remember_transaction(unit, batch);
    unit_loaded(unit);
    define(unit);
}

static void load(struct unit *unit)
{
    unit->state = UNIT_LOADING;
    unit->load_batch = pg_batch_new(unit->arena);
    unit_begin_transaction(unit, unit->load_batch);
    unit_load(unit, unit->load_batch);
    pg_run(&unit->lease, unit->load_batch, on_loaded); /* suspended: until on_loaded */
}

static void on_defined(void *context, enum status status, const struct error *error)
{
    struct unit *unit = context;

    if (status == STATUS_UNAVAILABLE || status == STATUS_BUSY || status == STATUS_TIMEOUT) {
        struct error copy = *error;

        unavailable(unit, &copy);
        return;
    }
    /* A definition that could not be loaded is reported by the command that needs it. */
    perform(unit);
}

static void define(struct unit *unit)
{
    const char **ids;
    const char **keys;
    uint32_t id_count;
    uint32_t key_count;

    unit_wanted_definitions(unit, &ids, &id_count, &keys, &key_count);
    if (id_count + key_count == 0) {
        perform(unit);
        return;
    }
    unit->state = UNIT_DEFINING;
    definition_load(unit->queue->settings.definitions, ids, id_count, keys, key_count, on_defined,
                    unit); /* suspended: until on_defined */
}

static void on_called(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct unit *unit = unit_of(lease);
    bool fine;

    if (status != STATUS_OK) {
        failed(unit, batch, status, error);
        return;
    }
    remember_transaction(unit, batch);
    fine = unit_finish_calls(unit);
    pg_batch_free_results(batch);
    unit->batch = NULL;
    if (!fine)
        unit_run_again(unit);
    else if (unit_has_calls(unit))
        perform(unit);
    else
        store(unit);
}

/* Steps what is new, then calls the handlers that wait, or stores. */
static void perform(struct unit *unit)
{
    if (unit->rounds == 0) {
        unit->now_us = clock_wall_us();
        unit_pin_definitions(unit);
        unit_step_items(unit);
    }
    if (!unit_has_calls(unit)) {
        store(unit);
        return;
    }
    unit->state = UNIT_CALLING;
    unit->batch = pg_batch_new(unit->arena);
    unit_begin_transaction(unit, unit->batch);
    if (!unit_prepare_calls(unit, unit->batch)) {
        unit_drop_calls(unit);
        unit_run_again(unit);
        return;
    }
    pg_run(&unit->lease, unit->batch, on_called); /* suspended: until on_called */
}

static void on_stored(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct unit *unit = unit_of(lease);
    struct error wrong;

    if (status == STATUS_UNAVAILABLE) {
        log_event(LOG_WARNING, "unit.in_doubt", "transactionId", 's', unit->transaction_id,
                  "reason", 's', error->message, NULL);
        release(unit);
        pg_batch_free_results(batch);
        unit->batch = NULL;
        unit_in_doubt(unit);
        return;
    }
    if (status != STATUS_OK) {
        failed(unit, batch, status, error);
        return;
    }
    if (unit_check_stored(unit, &wrong) != STATUS_OK)
        log_error("unit.revision", NULL, &wrong);
    unit_committed(unit);
}

static void store(struct unit *unit)
{
    if (!unit_has_changes(unit)) {
        /* Nothing to keep: no COMMIT is needed; the connection rolls back what was begun. */
        release(unit);
        unit_apply_effects(unit);
        answer_failed(unit);
        finish(unit);
        return;
    }
    unit->state = UNIT_STORING;
    unit->batch = pg_batch_new(unit->arena);
    unit_begin_transaction(unit, unit->batch);
    unit_store(unit, unit->batch);
    pg_run(&unit->lease, unit->batch, on_stored); /* suspended: until on_stored */
}

static void on_ready(struct pg_lease *lease, enum status status, const struct error *error)
{
    struct unit *unit = unit_of(lease);

    if (status != STATUS_OK) {
        struct error copy = *error;

        copy.status = STATUS_UNAVAILABLE;
        unavailable(unit, &copy);
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
    unit->state = UNIT_ACQUIRING;
    memset(&unit->lease, 0, sizeof(unit->lease));
    pg_acquire(unit->queue->settings.pool, &unit->lease, LIMIT_COMMAND_WAIT_MS,
               on_ready); /* suspended: until on_ready */
}
