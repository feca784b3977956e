/* Timers of processes that follow SLA clocks: when they are armed the clock says when they are due;
 * when their time has come the clock is asked again, since it may have moved meanwhile. What the
 * interpreter knows of them is only that they wait. */
#include "engine/command/unit.h"

#include <string.h>

/* One that this unit arms. */
struct unit_binding {
    UT_hash_handle hh;
    struct uuid id;
    struct sla_bound_timer timer;
};

/* ---- arming ---- */

enum status unit_bind_timers(struct unit *unit, struct error *ret_error)
{
    for (struct unit_binding *binding = unit->bindings; binding != NULL;
         binding = binding->hh.next) {
        if (sla_round_bind(unit->round, &binding->timer, ret_error) != STATUS_OK)
            return ret_error->status;
    }
    for (uint32_t i = 0; i < unit->firing_count; i++)
        sla_round_fired(unit->round, &unit->firings[i]);
    return STATUS_OK;
}

static void note_binding(struct unit *unit, const struct unit_instance *instance,
                         const struct bpmn_change *change)
{
    struct unit_binding *binding = arena_alloc(unit->arena, sizeof(*binding));

    binding->id = change->wait_id;
    binding->timer = (struct sla_bound_timer){
        .id = change->wait_id,
        .instance_id = instance->id,
        .element_id = instance->instance.model->elements[change->element].id,
        .subject_type = change->clock->subject_type,
        .subject_id = change->clock->subject_id,
        .target = change->clock->target,
        .threshold = change->clock->threshold,
        .since_us = change->at_us,
        .due_us = SLA_OPEN_US};
    HASH_ADD(hh, unit->bindings, id, sizeof(binding->id), binding);
}

bool unit_find_bindings(struct unit *unit)
{
    for (const struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        for (uint32_t i = 0; i < instance->changes.count; i++) {
            const struct bpmn_change *change = &instance->changes.items[i];

            if (change->kind == BPMN_CHANGE_TIMER_ARMED && change->clock != NULL)
                note_binding(unit, instance, change);
        }
    }
    return unit->bindings != NULL;
}

int64_t unit_bound_due_us(const struct unit *unit, const struct uuid *timer_id)
{
    struct unit_binding *binding = NULL;

    HASH_FIND(hh, unit->bindings, timer_id, sizeof(*timer_id), binding);
    return binding != NULL ? binding->timer.due_us : SLA_OPEN_US;
}

void unit_forget_bindings(struct unit *unit)
{
    HASH_CLEAR(hh, unit->bindings);
    unit->firings = NULL;
    unit->firing_count = unit->firing_capacity = 0;
    unit->corrections = NULL;
}

/* ---- firing ---- */

static bool asks_clock(const struct command *command)
{
    return command->kind == COMMAND_STEP && command->step == BPMN_TRIGGER_TIMER &&
           command->by_clock && !command->early;
}

bool unit_asks_clocks(const struct unit *unit)
{
    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (asks_clock(unit->items[i].command))
            return true;
    }
    return false;
}

void unit_ask_clocks(const struct unit *unit, struct pg_batch *batch)
{
    struct pg_array *ids = sla_bound_read(batch);

    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (asks_clock(unit->items[i].command))
            pg_add_uuid(ids, &unit->items[i].command->target);
    }
}

static void add_firing(struct unit *unit, const struct sla_bound_firing *firing)
{
    if (unit->firing_count == unit->firing_capacity) {
        uint32_t capacity = unit->firing_capacity > 0 ? 2 * unit->firing_capacity : 16;

        unit->firings = arena_grow(unit->arena, unit->firings, unit->firing_count, capacity,
                                   sizeof(*unit->firings));
        unit->firing_capacity = capacity;
    }
    unit->firings[unit->firing_count++] = *firing;
}

/* Its row said that it was due, its clock says something else: the row is put right. */
static void correct(struct unit *unit, const struct sla_bound_timer *timer)
{
    struct sla_bound_timer *kept = arena_alloc(unit->arena, sizeof(*kept));

    *kept = *timer;
    kept->next = unit->corrections;
    unit->corrections = kept;
}

enum status unit_clock_says(struct unit *unit, struct unit_item *item, const struct pg_result *rows,
                            bool *ret_is_due, struct error *ret_error)
{
    struct sla_service *sla = unit->queue->settings.sla;
    struct sla_bound_timer timer = {.id = item->command->target,
                                    .instance_id = item->command->instance_id,
                                    .due_us = SLA_OPEN_US};
    struct sla_bound_firing firing;

    *ret_is_due = false;
    for (uint32_t row = 0; sla != NULL && rows != NULL && row < pg_rows(rows); row++) {
        struct uuid id = pg_value_uuid(rows, row, 0);

        if (!uuid_equal(&id, &item->command->target))
            continue;
        if (sla_bound_look(sla, unit->arena, rows, row, unit->now_us, &timer, &firing, ret_error) !=
            STATUS_OK)
            return ret_error->status;
        *ret_is_due = timer.due_us <= unit->now_us;
    }
    if (*ret_is_due) {
        add_firing(unit, &firing);
        return STATUS_OK;
    }
    correct(unit, &timer);
    return error_set(ret_error, STATUS_NOT_FOUND,
                     "Expected the timer to be due by the clock that it follows but the clock has "
                     "moved.");
}

/* ---- storing ---- */

bool unit_has_corrections(const struct unit *unit)
{
    return unit->corrections != NULL;
}

void unit_store_clock_timers(struct unit *unit, struct pg_batch *batch)
{
    sla_bound_store_firings(batch, unit->queue->settings.ids, unit->firings, unit->firing_count,
                            unit->now_us);
    sla_bound_store_due(batch, unit->corrections);
    for (const struct sla_bound_timer *timer = unit->corrections; timer != NULL;
         timer = timer->next) {
        if (timer->due_us != SLA_OPEN_US)
            unit_bound_effect(unit, &timer->id, &timer->instance_id, timer->due_us);
    }
}
