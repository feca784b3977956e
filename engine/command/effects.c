/* After COMMIT, in order: answers, timers, listeners, workers. Dropped on rollback. */
#include "engine/command/unit.h"

static struct timer_effect *add_effect(struct unit *unit, const struct uuid *id,
                                       const struct uuid *instance_id, int64_t due_us)
{
    struct timer_effect *effect;

    if (unit->timer_effect_count == unit->timer_effect_capacity) {
        uint32_t capacity = unit->timer_effect_capacity > 0 ? 2 * unit->timer_effect_capacity : 16;

        unit->timer_effects = arena_grow(unit->arena, unit->timer_effects, unit->timer_effect_count,
                                         capacity, sizeof(*unit->timer_effects));
        unit->timer_effect_capacity = capacity;
    }
    effect = &unit->timer_effects[unit->timer_effect_count++];
    effect->id = *id;
    effect->instance_id = *instance_id;
    effect->due_us = due_us;
    return effect;
}

void unit_timer_effect(struct unit *unit, const struct uuid *id, const struct uuid *instance_id,
                       int64_t due_us, bool armed)
{
    add_effect(unit, id, instance_id, due_us)->armed = armed;
}

void unit_bound_effect(struct unit *unit, const struct uuid *id, const struct uuid *instance_id,
                       int64_t due_us)
{
    struct timer_effect *effect = add_effect(unit, id, instance_id, due_us);

    effect->armed = true;
    effect->by_clock = true;
}

void unit_job_effect(struct unit *unit, const struct uuid *id, const struct uuid *instance_id,
                     int64_t due_us)
{
    add_effect(unit, id, instance_id, due_us)->is_job = true;
}

static void answer(struct unit *unit, struct unit_item *item)
{
    struct command_result result = {0};
    struct command *command = item->command;
    const char *correlation_id = command->correlation_id;
    struct unit_instance *instance = item->instance;

    if (command->kind == COMMAND_MODULE) {
        result.variables = item->answer;
    } else if (instance != NULL) {
        result.instance_id = instance->id;
        result.script = item->script;
        result.definition = instance->definition;
        result.business_key = instance->instance.business_key;
        result.status = instance->instance.status;
        result.started_us = instance->instance.started_us;
        result.ended_us = instance->instance.ended_us;
        result.variables = bpmn_instance_root(&instance->instance)->variables;
        if (correlation_id == NULL)
            correlation_id = instance->correlation_id;
    }
    item->command = NULL;
    queue_finish(unit->queue, command, STATUS_OK, NULL, &result, &result.instance_id,
                 correlation_id);
}

void unit_apply_effects(struct unit *unit)
{
    const struct command_effects *effects = &unit->queue->settings.effects;

    for (uint32_t i = 0; i < unit->timer_effect_count; i++) {
        const struct timer_effect *effect = &unit->timer_effects[i];

        if (effect->is_job) {
            if (effects->job_added != NULL)
                effects->job_added(effects->context, &effect->id, &effect->instance_id,
                                   effect->due_us);
        } else if (effect->by_clock) {
            if (effects->timer_bound != NULL)
                effects->timer_bound(effects->context, &effect->id, &effect->instance_id,
                                     effect->due_us);
        } else if (effect->armed && effects->timer_armed != NULL)
            effects->timer_armed(effects->context, &effect->id, &effect->instance_id,
                                 effect->due_us);
        else if (!effect->armed && effects->timer_removed != NULL)
            effects->timer_removed(effects->context, &effect->id, effect->due_us);
    }
    if (unit->publications > 0 && effects->events_published != NULL)
        effects->events_published(effects->context, unit->publications);
    if (unit->jobs_created > 0 && effects->jobs_created != NULL)
        effects->jobs_created(effects->context, unit->jobs_created);
    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (unit->items[i].state == ITEM_STEPPED)
            answer(unit, &unit->items[i]);
    }
}
