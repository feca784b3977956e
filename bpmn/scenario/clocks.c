/* See clocks.h. */
#include "bpmn/scenario/clocks.h"

#include "bpmn/sla/evaluate.h"
#include "bpmn/sla/point.h"

#include <string.h>

struct subject {
    struct subject *next;
    enum sla_subject_type type;
    const char *id;
    json_t *fields;
    bool is_known; /* something was said of it */
    struct sla_clock **clocks;
    size_t clock_count;
    size_t clock_capacity;
};

/* A timer that follows a clock. */
struct bound {
    struct bound *next;
    struct uuid id;
    const char *name; /* of its event and instance */
    const char *subject_type;
    const char *subject_id;
    const char *target;
    const char *threshold;
    int64_t since_us;
    int64_t due_us;
};

/* It has happened in a cycle of a clock. */
struct fired {
    struct fired *next;
    const struct sla_clock *clock;
    size_t cycle;
    const char *name;
};

struct pending {
    struct pending *next;
    const json_t *change;
};

struct world_clocks {
    struct arena *arena;
    const struct world_sla *sla; /* NULL: none */
    struct subject *subjects;
    struct bound *bound;
    struct fired *fired;
    struct pending *pending;
    struct pending **pending_tail;
    uint32_t clock_number;
};

struct world_clocks *world_clocks_new(struct arena *arena, const struct world_sla *sla)
{
    struct world_clocks *clocks = arena_alloc(arena, sizeof(*clocks));

    clocks->arena = arena;
    clocks->sla = sla;
    clocks->pending_tail = &clocks->pending;
    return clocks;
}

void world_clocks_free(struct world_clocks *clocks)
{
    for (struct subject *subject = clocks->subjects; subject != NULL; subject = subject->next)
        json_decref(subject->fields);
}

/* ---- subjects ---- */

static struct subject *subject_of(struct world_clocks *clocks, enum sla_subject_type type,
                                  const char *id)
{
    struct subject *subject = clocks->subjects;

    while (subject != NULL && (subject->type != type || strcmp(subject->id, id) != 0))
        subject = subject->next;
    if (subject != NULL)
        return subject;
    subject = arena_alloc(clocks->arena, sizeof(*subject));
    subject->type = type;
    subject->id = arena_copy(clocks->arena, id);
    subject->fields = json_object();
    subject->next = clocks->subjects;
    clocks->subjects = subject;
    return subject;
}

static enum status rating_of(const struct world_clocks *clocks, const char *calendar,
                             struct sla_rating *ret_rating, struct error *ret_error)
{
    for (size_t i = 0; i < clocks->sla->calendar_count; i++) {
        if (strcmp(calendar_name(clocks->sla->calendars[i].calendar), calendar) == 0) {
            *ret_rating = (struct sla_rating){.versions = &clocks->sla->calendars[i], .count = 1};
            return STATUS_OK;
        }
    }
    return error_set(ret_error, STATUS_NOT_FOUND,
                     "Expected \"sla\" of the test to name a file with the calendar '%.100s' but "
                     "none of them has it.",
                     calendar);
}

static enum status take_step(struct world_clocks *clocks, struct subject *subject,
                             const struct sla_decision *decision, const struct sla_step *step,
                             int64_t now_us, struct error *ret_error)
{
    bool starts = step->kind == SLA_STEP_START;
    struct sla_clock *clock = starts ? NULL : subject->clocks[step->clock];
    const char *id = arena_format(clocks->arena, "clock-%u", ++clocks->clock_number);
    struct sla_rating rating;
    enum status status = rating_of(clocks, clock != NULL ? clock->calendar : step->target->calendar,
                                   &rating, ret_error);

    if (status == STATUS_OK)
        status = sla_step_apply(clocks->arena, decision, step, id, clock, &rating, now_us, &clock,
                                ret_error);
    if (status != STATUS_OK || !starts)
        return status;
    if (subject->clock_count == subject->clock_capacity) {
        size_t capacity = 2 * subject->clock_capacity + 4;

        subject->clocks = arena_grow(clocks->arena, subject->clocks, (uint32_t)subject->clock_count,
                                     (uint32_t)capacity, sizeof(*subject->clocks));
        subject->clock_capacity = capacity;
    }
    subject->clocks[subject->clock_count++] = clock;
    return STATUS_OK;
}

static enum status change_subject(struct world_clocks *clocks, struct subject *subject,
                                  const json_t *fields, int64_t now_us, struct error *ret_error)
{
    json_t *before = json_deep_copy(subject->fields);
    struct sla_subject described = {.type = subject->type,
                                    .id = subject->id,
                                    .old_fields = subject->is_known ? before : NULL,
                                    .why = {"", ""}};
    struct sla_decision decision = {0};
    enum status status;
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)fields, name, value) {
        if (json_is_null(value))
            (void)json_object_del(subject->fields, name);
        else
            (void)json_object_set(subject->fields, name, value);
    }
    described.fields = subject->fields;
    subject->is_known = true;
    status =
        sla_evaluate(clocks->arena, clocks->sla->policies, clocks->sla->policy_count, &described,
                     subject->clocks, subject->clock_count, now_us, &decision, ret_error);
    for (size_t i = 0; status == STATUS_OK && i < decision.step_count; i++)
        status = take_step(clocks, subject, &decision, &decision.steps[i], now_us, ret_error);
    if (status == STATUS_OK && decision.problem_count > 0)
        status =
            error_set(ret_error, STATUS_FAILED, "A condition of policy '%.100s': %.300s",
                      decision.policy != NULL ? decision.policy->id : "", decision.problems[0]);
    json_decref(before);
    return status;
}

void world_clocks_pend(struct world_clocks *clocks, const json_t *change)
{
    struct pending *pending = arena_alloc(clocks->arena, sizeof(*pending));

    pending->change = change;
    *clocks->pending_tail = pending;
    clocks->pending_tail = &pending->next;
}

void world_clocks_drop(struct world_clocks *clocks)
{
    clocks->pending = NULL;
    clocks->pending_tail = &clocks->pending;
}

static enum status apply(struct world_clocks *clocks, const json_t *change, int64_t now_us,
                         struct error *ret_error)
{
    const char *type = json_string_value(json_object_get(change, "subject"));
    enum sla_subject_type kind;

    if (clocks->sla == NULL)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected \"sla\" of the test document to name policies and calendars "
                         "but there are none.");
    if (!sla_subject_type_of(type, &kind))
        return error_set(ret_error, STATUS_INVALID,
                         "Expected \"subject\" to be incident, change, task or process-instance "
                         "but found '%.60s'.",
                         type);
    return change_subject(
        clocks, subject_of(clocks, kind, json_string_value(json_object_get(change, "id"))),
        json_object_get(change, "fields"), now_us, ret_error);
}

enum status world_clocks_apply(struct world_clocks *clocks, int64_t now_us, struct error *ret_error)
{
    enum status status = STATUS_OK;

    for (struct pending *pending = clocks->pending; pending != NULL && status == STATUS_OK;
         pending = pending->next)
        status = apply(clocks, pending->change, now_us, ret_error);
    world_clocks_drop(clocks);
    return status;
}

/* ---- instances ---- */

static bool has_policies(const struct world_clocks *clocks, enum sla_subject_type type)
{
    for (size_t i = 0; clocks->sla != NULL && i < clocks->sla->policy_count; i++) {
        if (clocks->sla->policies[i]->applies_to == type)
            return true;
    }
    return false;
}

static const char *state_of(const struct bpmn_instance *instance)
{
    if (instance->status == BPMN_INSTANCE_COMPLETED)
        return "COMPLETED";
    return instance->status == BPMN_INSTANCE_TERMINATED ? "TERMINATED" : "ACTIVE";
}

enum status world_clocks_instance(struct world_clocks *clocks,
                                  const struct world_instance *instance, int64_t now_us,
                                  struct error *ret_error)
{
    const struct bpmn_instance *running = &instance->instance;
    char started[ISO8601_INSTANT_BYTES];
    char id[UUID_TEXT_BYTES];
    struct subject *subject;
    enum status status = STATUS_OK;
    json_t *fields;

    if (!has_policies(clocks, SLA_SUBJECT_PROCESS_INSTANCE))
        return STATUS_OK;
    subject = subject_of(clocks, SLA_SUBJECT_PROCESS_INSTANCE, uuid_format(&running->id, id));
    fields = json_pack("{s:s, s:s, s:s, s:s?, s:O}", "state", state_of(running), "definitionKey",
                       running->model->process_id, "startedAt",
                       iso8601_format_instant_us(running->started_us, started), "businessKey",
                       running->business_key, "variables", running->scopes[0].variables);
    if (!subject->is_known || !json_equal(fields, subject->fields))
        status = change_subject(clocks, subject, fields, now_us, ret_error);
    json_decref(fields);
    return status;
}

/* ---- timers ---- */

static void forget(struct world_clocks *clocks, const struct uuid *id)
{
    struct bound **at = &clocks->bound;

    while (*at != NULL && !uuid_equal(&(*at)->id, id))
        at = &(*at)->next;
    if (*at != NULL)
        *at = (*at)->next;
}

static const struct sla_clock *clock_of(struct world_clocks *clocks, const struct bound *bound)
{
    const struct sla_clock *found = NULL;
    enum sla_subject_type type;
    const struct subject *subject;

    if (!sla_subject_type_of(bound->subject_type, &type))
        return NULL;
    subject = subject_of(clocks, type, bound->subject_id);
    for (size_t i = 0; i < subject->clock_count; i++) {
        if (strcmp(subject->clocks[i]->target, bound->target) == 0)
            found = subject->clocks[i];
    }
    return found;
}

/* It happened because the clock said so: once in the cycle. */
static void note_fired(struct world_clocks *clocks, const struct uuid *id)
{
    for (const struct bound *bound = clocks->bound; bound != NULL; bound = bound->next) {
        const struct sla_clock *clock = clock_of(clocks, bound);

        if (uuid_equal(&bound->id, id) && clock != NULL) {
            struct fired *fired = arena_alloc(clocks->arena, sizeof(*fired));

            fired->clock = clock;
            fired->cycle = clock->cycle_count;
            fired->name = bound->name;
            fired->next = clocks->fired;
            clocks->fired = fired;
        }
    }
}

static bool has_fired(const struct world_clocks *clocks, const struct sla_clock *clock,
                      const char *name)
{
    for (const struct fired *fired = clocks->fired; fired != NULL; fired = fired->next) {
        if (fired->clock == clock && fired->cycle == clock->cycle_count &&
            strcmp(fired->name, name) == 0)
            return true;
    }
    return false;
}

static void note_armed(struct world_clocks *clocks, const struct world_instance *instance,
                       const struct bpmn_change *change)
{
    struct bound *bound = arena_alloc(clocks->arena, sizeof(*bound));
    const struct bpmn_clock_binding *clock = change->clock;

    bound->id = change->wait_id;
    bound->name =
        arena_format(clocks->arena, "%s %u",
                     instance->definition->model->elements[change->element].id, instance->number);
    bound->subject_type = clock->subject_type;
    bound->subject_id = arena_copy(clocks->arena, clock->subject_id);
    bound->target = arena_copy(clocks->arena, clock->target);
    bound->threshold = arena_copy(clocks->arena, clock->threshold);
    bound->since_us = change->at_us;
    bound->due_us = SLA_OPEN_US;
    bound->next = clocks->bound;
    clocks->bound = bound;
}

void world_clocks_note(struct world_clocks *clocks, const struct world_instance *instance,
                       const struct bpmn_change *change)
{
    switch (change->kind) {
    case BPMN_CHANGE_TIMER_ARMED:
        if (change->clock != NULL)
            note_armed(clocks, instance, change);
        break;
    case BPMN_CHANGE_TIMER_FIRED:
        if (change->due_us == BPMN_TIMER_BY_CLOCK_US)
            note_fired(clocks, &change->wait_id);
        forget(clocks, &change->wait_id);
        break;
    case BPMN_CHANGE_TIMER_CANCELLED:
        forget(clocks, &change->wait_id);
        break;
    default:
        break;
    }
}

static enum status look(struct world_clocks *clocks, struct bound *bound, int64_t now_us,
                        struct error *ret_error)
{
    const struct sla_clock *clock = clock_of(clocks, bound);
    struct sla_rating rating;
    struct sla_point point;
    bool has_due = false;
    int64_t due_us = 0;

    bound->due_us = SLA_OPEN_US;
    if (clock == NULL || has_fired(clocks, clock, bound->name))
        return STATUS_OK;
    if (sla_point_read(bound->threshold, &point, ret_error) != STATUS_OK ||
        rating_of(clocks, clock->calendar, &rating, ret_error) != STATUS_OK ||
        sla_point_due(clocks->arena, clock, &point, &rating, now_us, bound->since_us, &has_due,
                      &due_us, ret_error) != STATUS_OK)
        return ret_error->status;
    if (has_due)
        bound->due_us = due_us;
    return STATUS_OK;
}

enum status world_clocks_look(struct world_clocks *clocks, int64_t now_us, struct error *ret_error)
{
    enum status status = STATUS_OK;

    for (struct bound *bound = clocks->bound; bound != NULL && status == STATUS_OK;
         bound = bound->next)
        status = look(clocks, bound, now_us, ret_error);
    return status;
}

int64_t world_clocks_due_us(const struct world_clocks *clocks, const struct uuid *timer_id)
{
    for (const struct bound *bound = clocks->bound; bound != NULL; bound = bound->next) {
        if (uuid_equal(&bound->id, timer_id))
            return bound->due_us;
    }
    return SLA_OPEN_US;
}

/* ---- as expectations see them ---- */

static json_t *describe(const struct subject *subject, const struct sla_clock *clock,
                        const struct sla_figures *figures)
{
    char deadline[ISO8601_INSTANT_BYTES];

    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s?, s:b, s:I, s:i}", "subject",
        sla_subject_type_name(subject->type), "id", subject->id, "target", clock->target, "state",
        sla_clock_state_name(figures->state), "deadline",
        figures->deadline_floats ? NULL : iso8601_format_instant(figures->deadline_us, deadline),
        "breached", figures->breached, "elapsedSeconds",
        (json_int_t)(figures->elapsed_us / 1000000), "cycle", (int)figures->cycle);
}

json_t *world_clocks_describe(const struct world_clocks *clocks, int64_t now_us)
{
    json_t *found = json_array();
    struct sla_figures figures;
    struct sla_rating rating;
    struct error error;

    for (const struct subject *subject = clocks->subjects; subject != NULL;
         subject = subject->next) {
        for (size_t i = 0; i < subject->clock_count; i++) {
            const struct sla_clock *clock = subject->clocks[i];

            if (rating_of(clocks, clock->calendar, &rating, &error) == STATUS_OK &&
                sla_clock_figures(clock, &rating, now_us, &figures, &error) == STATUS_OK)
                (void)json_array_append_new(found, describe(subject, clock, &figures));
        }
    }
    return found;
}
