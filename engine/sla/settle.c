/* See settle.h, and engine/module.h for what modules may do. */
#include "engine/sla/settle.h"

#include "engine/audit/actor.h"

#include <string.h>

void module_subject_publish(struct module_subjects *subjects, const struct module_subject *subject,
                            const char *type, const char *aggregate_id, json_t *payload)
{
    PRE(json_is_object(payload));
    if (subjects->event_count == subjects->event_capacity) {
        uint32_t capacity = subjects->event_capacity > 0 ? 2 * subjects->event_capacity : 8;

        subjects->events = arena_grow(subjects->arena, subjects->events, subjects->event_count,
                                      capacity, sizeof(*subjects->events));
        subjects->event_capacity = capacity;
    }
    subjects->events[subjects->event_count++] =
        (struct module_event){.id = uuid_next(subjects->ids),
                              .type = arena_copy(subjects->arena, type),
                              .aggregate_id = arena_copy(subjects->arena, aggregate_id),
                              .payload = payload,
                              .correlation_id = subject->correlation_id,
                              .published_at_us = subjects->now_us};
}

const struct module_clock *module_subject_clock(const struct module_subject *subject,
                                                const char *target)
{
    for (uint32_t i = subject->clock_count; i > 0; i--) {
        if (strcmp(subject->clocks[i - 1].target, target) == 0)
            return &subject->clocks[i - 1];
    }
    return NULL;
}

/* Those of one type, in order. */
static void gather(const struct settling *settling, const char *type,
                   struct module_subjects *subjects)
{
    *subjects = (struct module_subjects){
        .now_us = settling->now_us, .arena = settling->arena, .ids = settling->ids};
    subjects->items = arena_array(settling->arena, settling->count, sizeof(*subjects->items));
    for (uint32_t i = 0; i < settling->count; i++) {
        if (strcmp(settling->items[i].type, type) == 0)
            subjects->items[subjects->count++] = settling->items[i];
    }
}

static void take_events(struct settling *settling, const struct module_subjects *subjects)
{
    uint32_t count = settling->event_count + subjects->event_count;

    if (subjects->event_count == 0)
        return;
    settling->events = arena_grow(settling->arena, settling->events, settling->event_count, count,
                                  sizeof(*settling->events));
    memcpy(settling->events + settling->event_count, subjects->events,
           subjects->event_count * sizeof(*subjects->events));
    settling->event_count = count;
}

/* The audit trail finds whose row it is by the subject's key, which is called after its type. */
static void act(const struct module_subjects *subjects, const char *type, const char *role,
                struct pg_batch *batch)
{
    char *column = arena_format(subjects->arena, "%s_id", type);
    struct audit_claim *claims =
        arena_array(subjects->arena, subjects->count, sizeof(struct audit_claim));

    for (char *at = column; *at != '\0'; at++)
        *at = *at == '-' ? '_' : *at;
    for (uint32_t i = 0; i < subjects->count; i++) {
        const struct module_subject *subject = &subjects->items[i];

        claims[i] = (struct audit_claim){
            .value = subject->id,
            .actor = {.user = subject->actor, .correlation_id = subject->correlation_id}};
    }
    audit_act_by_row(batch, role, column, claims, subjects->count, false);
}

static enum status settle_type(struct settling *settling, const char *type, struct pg_batch *batch,
                               bool *ret_has_role, struct error *ret_error)
{
    const struct module *module = NULL;
    const struct module_subject_type *subject_type =
        registry_subject_type(settling->registry, type, &module);
    struct module_subjects subjects;
    struct pg_batch *own;
    enum status status;

    if (subject_type == NULL)
        return STATUS_OK;
    own = pg_batch_new(settling->arena);
    gather(settling, type, &subjects);
    status = subject_type->settle(&subjects, own, ret_error);
    take_events(settling, &subjects);
    if (status != STATUS_OK)
        return error_prefix(ret_error, "module %s", module->name);
    if (pg_batch_count(own) > 0) {
        act(&subjects, type, module->role, batch);
        pg_batch_join(batch, own);
        *ret_has_role = true;
    }
    return STATUS_OK;
}

/* Was the type met before `index`? */
static bool is_done(const struct settling *settling, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(settling->items[i].type, settling->items[index].type) == 0)
            return true;
    }
    return false;
}

enum status sla_settle(struct settling *settling, struct pg_batch *batch, struct error *ret_error)
{
    bool has_role = false;
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < settling->count && status == STATUS_OK; i++) {
        if (!is_done(settling, i))
            status = settle_type(settling, settling->items[i].type, batch, &has_role, ret_error);
    }
    if (has_role)
        audit_act_no_more(batch);
    return status;
}
