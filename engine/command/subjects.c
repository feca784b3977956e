/* Subjects of SLA clocks that the unit changed: incidents, changes and tasks by the word of their
 * modules, process instances by themselves. Their clocks move in the unit's transaction
 * (engine/sla/round.h), then the modules hear of it. */
#include "engine/command/unit.h"

#include "bpmn/iso8601.h"
#include "engine/sla/settle.h"

#include <string.h>

enum { VARIABLES_MAX = 400, VARIABLE_BYTES_MAX = 1000 };

static const char process_instance[] = "process-instance";

void unit_add_subject(struct unit *unit, const struct module_subject_change *change)
{
    if (unit->subject_count == unit->subject_capacity) {
        uint32_t capacity = unit->subject_capacity > 0 ? 2 * unit->subject_capacity : 16;

        unit->subjects = arena_grow(unit->arena, unit->subjects, unit->subject_count, capacity,
                                    sizeof(*unit->subjects));
        unit->subject_capacity = capacity;
    }
    unit->subjects[unit->subject_count++] = *change;
}

void unit_drop_subjects(struct unit *unit)
{
    for (uint32_t i = 0; i < unit->subject_count; i++)
        json_decref(unit->subjects[i].fields);
    unit_forget_bindings(unit);
    sla_round_free(unit->round);
    pg_batch_free_results(unit->round_batch);
    unit->subjects = NULL;
    unit->subject_count = unit->subject_capacity = 0;
    unit->round = NULL;
    unit->round_batch = NULL;
}

/* ---- process instances ---- */

static const char *state_of(const struct unit_instance *instance)
{
    switch (instance->instance.status) {
    case BPMN_INSTANCE_COMPLETED:
        return "COMPLETED";
    case BPMN_INSTANCE_TERMINATED:
        return "TERMINATED";
    case BPMN_INSTANCE_NEW:
    case BPMN_INSTANCE_ACTIVE:
        break;
    }
    return instance->suspended ? "SUSPENDED" : "ACTIVE";
}

/* What a condition can look at: texts of reasonable length, numbers, Booleans. */
static json_t *plain_variables(const json_t *variables)
{
    json_t *plain = json_object();
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)variables, name, value) {
        if (json_object_size(plain) == VARIABLES_MAX)
            break;
        if (!json_is_object(value) && !json_is_array(value) &&
            (!json_is_string(value) || json_string_length(value) <= VARIABLE_BYTES_MAX))
            (void)json_object_set(plain, name, value);
    }
    return plain;
}

static void add_instance(struct unit *unit, struct unit_instance *instance)
{
    struct bpmn_instance *running = &instance->instance;
    char started[ISO8601_INSTANT_BYTES];
    char id[UUID_TEXT_BYTES];
    struct module_subject_change change = {
        .type = process_instance,
        .id = arena_copy(unit->arena, uuid_format(&instance->id, id)),
        .cause = "",
        .actor = instance->item != NULL && instance->item->command != NULL &&
                         instance->item->command->user != NULL
                     ? instance->item->command->user
                     : "",
        .correlation_id = instance->correlation_id};

    change.fields = json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:o}", "state", state_of(instance),
                              "definitionKey", instance->definition->key, "startedAt",
                              iso8601_format_instant_us(running->started_us, started),
                              "businessKey", running->business_key, "name", instance->instance_name,
                              "startUser", instance->start_user, "variables",
                              plain_variables(bpmn_instance_root(running)->variables));
    /* Only a start knows these; later they stay as they were. */
    if (!instance->is_new) {
        (void)json_object_del(change.fields, "name");
        (void)json_object_del(change.fields, "startUser");
    }
    unit_add_subject(unit, &change);
}

static void add_instances(struct unit *unit)
{
    for (struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        if (unit_instance_is_dirty(instance))
            add_instance(unit, instance);
    }
}

/* ---- the round ---- */

static enum status add_changes(struct unit *unit, struct error *ret_error)
{
    for (uint32_t i = 0; i < unit->subject_count; i++) {
        const struct module_subject_change *change = &unit->subjects[i];
        struct sla_subject_change given = {.type = change->type,
                                           .id = change->id,
                                           .fields = change->fields,
                                           .actor = change->actor,
                                           .cause = change->cause,
                                           .correlation_id = change->correlation_id,
                                           .only_if_changed = change->type == process_instance};

        if (sla_round_concerns(unit->round, change->type) &&
            sla_round_change(unit->round, &given, ret_error) != STATUS_OK)
            return ret_error->status;
    }
    return STATUS_OK;
}

enum status unit_rate(struct unit *unit, struct pg_batch *batch, bool *ret_reads,
                      struct error *ret_error)
{
    struct sla_service *sla = unit->queue->settings.sla;

    *ret_reads = false;
    if (sla == NULL ||
        (!unit_find_bindings(unit) && unit->subject_count == 0 && !sla_service_has_instances(sla)))
        return STATUS_OK;
    if (sla_round_new(sla, unit->arena, &unit->round, ret_error) != STATUS_OK)
        return ret_error->status;
    if (sla_round_concerns(unit->round, process_instance))
        add_instances(unit);
    if (add_changes(unit, ret_error) != STATUS_OK || unit_bind_timers(unit, ret_error) != STATUS_OK)
        return ret_error->status;
    if (sla_round_is_empty(unit->round))
        return STATUS_OK;
    unit_begin_transaction(unit, batch);
    sla_round_read(unit->round, batch);
    *ret_reads = true;
    return STATUS_OK;
}

/* ---- what it means ---- */

static void take_events(struct unit *unit, const struct module_event *events, uint32_t count)
{
    if (count == 0)
        return;
    if (unit->event_count + count > unit->event_capacity) {
        uint32_t capacity = 2 * (unit->event_count + count);

        unit->events = arena_grow(unit->arena, unit->events, unit->event_count, capacity,
                                  sizeof(*unit->events));
        unit->event_capacity = capacity;
    }
    memcpy(unit->events + unit->event_count, events, count * sizeof(*events));
    unit->event_count += count;
}

static enum status settle_modules(struct unit *unit, struct pg_batch *batch,
                                  struct error *ret_error)
{
    struct settling settling = {.registry = unit->queue->settings.registry,
                                .arena = unit->arena,
                                .ids = unit->queue->settings.ids,
                                .now_us = unit->now_us};
    enum status status;

    settling.items = arena_array(unit->arena, unit->subject_count, sizeof(*settling.items));
    for (uint32_t i = 0; i < unit->subject_count; i++) {
        const struct module_subject_change *change = &unit->subjects[i];
        struct module_subject *subject = &settling.items[settling.count++];

        *subject = (struct module_subject){.type = change->type,
                                           .id = change->id,
                                           .context = change->context,
                                           .actor = change->actor[0] != '\0' ? change->actor : NULL,
                                           .correlation_id = change->correlation_id};
        if (unit->round != NULL)
            sla_round_describe(unit->round, change->type, change->id, subject);
    }
    status = sla_settle(&settling, batch, ret_error);
    take_events(unit, settling.events, settling.event_count);
    return status;
}

enum status unit_settle(struct unit *unit, struct pg_batch *batch, struct error *ret_error)
{
    struct module_event *events;
    uint32_t count = 0;
    enum status status = STATUS_OK;

    if (unit->round_batch != NULL) {
        status = sla_round_decide(unit->round, unit->round_batch, batch, ret_error);
        events = sla_round_take_events(unit->round, &count);
        take_events(unit, events, count);
    }
    if (status == STATUS_OK && unit->subject_count > 0)
        status = settle_modules(unit, batch, ret_error);
    return status;
}

void unit_rated_effects(struct unit *unit)
{
    if (unit->round_batch == NULL)
        return;
    sla_tell_moved(unit->queue->settings.sla, sla_round_moved(unit->round));
    sla_round_tell(unit->round);
    sla_service_wake(unit->queue->settings.sla, sla_round_next_due(unit->round));
}
