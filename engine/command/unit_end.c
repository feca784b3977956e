/* Every way out of a unit of work: committed, rolled back (and then again, split, or answered with
 * the error), or in a doubt that nobody can settle.
 *
 * After a rollback a command hears its own failure only if that failure is certain: one that came
 * from the state which another command of the same unit had made in memory is worked out again. */
#include "engine/command/unit.h"

#include "engine/audit/actor.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"

#include <string.h>

void unit_release(struct unit *unit)
{
    if (!unit->leased)
        return;
    unit->leased = false;
    pg_release(&unit->lease);
}

/* What is in memory of an instance stays there only when it is what has been committed. */
static void release_instance(struct unit *unit, struct unit_instance *instance)
{
    struct residents *residents = unit->queue->residents;
    bool built = instance->instance.scope_count > 0;
    bool dirty = unit_instance_is_dirty(instance);

    if (instance->resident != NULL && !built) {
        instance->resident->in_use = false; /* nobody needed it */
        return;
    }
    if (built && unit->committed && !instance->spoiled &&
        resident_keep(residents, instance->resident, &instance->instance, instance->definition,
                      instance->revision + (dirty ? 1 : 0)))
        return;
    bpmn_instance_clear(&instance->instance);
    if (instance->resident != NULL)
        resident_forget(residents, instance->resident);
}

static void forget(struct unit *unit)
{
    struct definition_cache *cache = unit->queue->settings.definitions;

    for (struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        release_instance(unit, instance);
        if (instance->definition != NULL)
            definition_unpin(cache, instance->definition);
    }
    HASH_CLEAR(hh, unit->instances);
    unit_drop_calls(unit);
    unit_drop_subjects(unit);
    for (uint32_t i = 0; i < unit->event_count; i++)
        json_decref(unit->events[i].payload);
    for (uint32_t i = 0; i < unit->item_count; i++) {
        json_decref(unit->items[i].answer);
        if (unit->items[i].job != NULL)
            json_decref(unit->items[i].job->payload);
        if (unit->items[i].script != NULL)
            json_decref((json_t *)unit->items[i].script->variables);
    }
    for (struct callers_loaded *callers = unit->callers; callers != NULL; callers = callers->next)
        pg_batch_free_results(callers->batch);
    unit->callers = NULL;
    unit->callers_batch = NULL;
    unit->callers_rounds = unit->defining_rounds = unit->defining_wanted = 0;
    unit->first_to_follow = NULL;
    unit->follow_tail = &unit->first_to_follow;
    unit->followed = 0;
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
    unit->routed_messages = unit->routed_signals = unit->matched_buffer = -1;
    unit->expected_updates = 0;
    unit->begun = false;
    unit->committed = false;
    unit->must_split = false;
    unit->transaction_id[0] = '\0';
    arena_clear(unit->arena);
}

/* ---- answers ---- */

static void answer(struct unit *unit, struct unit_item *item)
{
    const char *correlation_id = item->command->correlation_id;
    struct command *command = item->command;

    if (correlation_id == NULL && item->instance != NULL)
        correlation_id = item->instance->correlation_id;
    item->command = NULL;
    queue_finish(unit->queue, command, item->error.status, &item->error, NULL, &item->instance_id,
                 correlation_id);
}

static void answer_failed(struct unit *unit)
{
    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (unit->items[i].state == ITEM_FAILED && unit->items[i].command != NULL)
            answer(unit, &unit->items[i]);
    }
}

/* A failure that stands although what the unit did is undone. */
static bool is_certain(const struct unit_item *item)
{
    return item->state == ITEM_FAILED &&
           (item->blamed || item->instance == NULL || item->instance->item_count <= 1);
}

static void answer_certain(struct unit *unit)
{
    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (unit->items[i].command != NULL && is_certain(&unit->items[i]))
            answer(unit, &unit->items[i]);
    }
}

/* Waiting has an end: the caller is told what it waited for. */
static void later_or_never(struct unit *unit, struct unit_item *item)
{
    struct command *command = item->command;
    char id[UUID_TEXT_BYTES];

    if (clock_monotonic_us() - command->submitted_us < queue_command_wait_us(unit->queue)) {
        command->attempts++;
        item->command = NULL;
        queue_later(unit->queue, command);
        return;
    }
    if (item->error.status == STATUS_OK)
        (void)error_set(&item->error, STATUS_BUSY,
                        "Expected process instance '%s' to be free within %u ms but another "
                        "transaction holds it: try again later.",
                        uuid_format(&item->instance_id, id), unit->queue->settings.wait_max_ms);
    answer(unit, item);
}

static void finish(struct unit *unit)
{
    struct command_queue *queue = unit->queue;

    for (uint32_t i = 0; i < unit->item_count; i++) {
        struct unit_item *item = &unit->items[i];

        INVARIANT(item->command == NULL || item->state == ITEM_RETRY);
        if (item->command != NULL)
            later_or_never(unit, item);
    }
    unit_release(unit);
    forget(unit);
    unit_move(unit, UNIT_IDLE);
    queue_unit_done(queue);
}

uint32_t unit_patience_ms(const struct unit *unit)
{
    int64_t now_us = clock_monotonic_us();
    int64_t least_us = queue_command_wait_us(unit->queue);

    for (uint32_t i = 0; i < unit->item_count; i++) {
        int64_t left_us =
            unit->items[i].command->submitted_us + queue_command_wait_us(unit->queue) - now_us;

        if (left_us < least_us)
            least_us = left_us;
    }
    return least_us > 1000 ? (uint32_t)(least_us / 1000) : 1;
}

/* ---- ends ---- */

void unit_committed(struct unit *unit)
{
    unit_move(unit, UNIT_COMMITTED);
    unit->committed = true;
    observe_unit(unit->item_count, clock_monotonic_us() - unit->started_us);
    unit_thrown_effects(unit);
    unit_release(unit);
    unit_rated_effects(unit);
    unit_apply_effects(unit);
    answer_failed(unit);
    finish(unit);
}

void unit_run_again(struct unit *unit)
{
    unit_move(unit, UNIT_ROLLED_BACK);
    answer_certain(unit);
    /* Backwards, so that what goes in front of the line keeps its order. */
    for (uint32_t i = unit->item_count; i > 0; i--) {
        struct unit_item *item = &unit->items[i - 1];

        if (item->command == NULL || item->state == ITEM_RETRY)
            continue;
        item->command->attempts++;
        queue_again(unit->queue, item->command);
        item->command = NULL;
    }
    finish(unit);
}

void unit_split(struct unit *unit, const struct error *reason)
{
    struct command **commands = arena_array(unit->arena, unit->item_count, sizeof(*commands));
    uint32_t count = 0;

    unit_move(unit, UNIT_ROLLED_BACK);
    answer_certain(unit);
    for (uint32_t i = 0; i < unit->item_count; i++) {
        struct unit_item *item = &unit->items[i];

        if (item->command == NULL || item->state == ITEM_RETRY)
            continue;
        commands[count++] = item->command;
        item->command = NULL;
    }
    if (count > 0) {
        log_event(LOG_WARNING, "unit.split", "commands", 'i', (int64_t)count, "reason", 's',
                  reason->message, NULL);
        queue_split(unit->queue, commands, count);
    }
    finish(unit);
}

/* SQL failed: one command gets the blame, several are split until one is left. */
static void poisoned(struct unit *unit, const struct error *error)
{
    struct unit_item *only = NULL;
    uint32_t count = 0;

    for (uint32_t i = 0; i < unit->item_count; i++) {
        struct unit_item *item = &unit->items[i];

        if (item->state != ITEM_RETRY && !is_certain(item)) {
            only = item;
            count++;
        }
    }
    if (count == 1) {
        only->state = ITEM_FAILED;
        only->blamed = true;
        only->error = *error;
        unit_run_again(unit);
    } else {
        unit_split(unit, error);
    }
}

void unit_unavailable(struct unit *unit, const struct error *error)
{
    bool is_first = false;
    struct error copy = *error;

    copy.status = STATUS_UNAVAILABLE;
    for (uint32_t i = 0; i < unit->item_count; i++) {
        struct unit_item *item = &unit->items[i];

        if (item->command == NULL || is_certain(item))
            continue;
        is_first = is_first || item->command->attempts == 0;
        item->state = ITEM_RETRY;
        item->error = copy;
    }
    if (is_first)
        log_event(LOG_WARNING, "unit.unavailable", "state", 's', unit_state_name(unit), "commands",
                  'i', (int64_t)unit->item_count, "reason", 's', copy.message, NULL);
    unit_run_again(unit);
}

/* Deadlocks and serialization failures are nobody's fault, unless they go on. */
static bool is_transient(struct unit *unit, const struct pg_batch *batch)
{
    const char *state = pg_failed_sqlstate(batch);

    if (strcmp(state, "40001") != 0 && strcmp(state, "40P01") != 0)
        return false;
    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (++unit->items[i].command->deadlocks > LIMIT_TRANSIENT_ATTEMPTS)
            return false;
    }
    return true;
}

/* A statement for several users' calls changed a row that none of them had claimed: in the next
 * unit each call has statements of its own, and the audit trail says whose the row is. */
static bool is_unclaimed(struct unit *unit, const struct pg_batch *batch)
{
    if (strcmp(pg_failed_sqlstate(batch), AUDIT_UNCLAIMED) != 0)
        return false;
    for (uint32_t i = 0; i < unit->item_count; i++)
        unit->items[i].command->apart = true;
    return true;
}

void unit_failed(struct unit *unit, const struct pg_batch *batch, enum status status,
                 const struct error *error)
{
    struct error copy = *error;

    unit_drop_calls(unit);
    if (status == STATUS_UNAVAILABLE)
        unit_unavailable(unit, &copy);
    else if (is_transient(unit, batch) || is_unclaimed(unit, batch))
        unit_run_again(unit);
    else
        poisoned(unit, &copy);
}

void unit_doubt_unanswered(struct unit *unit)
{
    for (uint32_t i = 0; i < unit->item_count; i++) {
        struct unit_item *item = &unit->items[i];

        if (item->state != ITEM_STEPPED)
            continue;
        item->state = ITEM_FAILED;
        (void)error_set(&item->error, STATUS_UNAVAILABLE,
                        "The connection was lost during COMMIT and PostgreSQL could not say "
                        "whether it happened: look before you try again.");
    }
    answer_failed(unit);
    finish(unit);
}
