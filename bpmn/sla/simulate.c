/* See simulate.h. Each subject is kept with its fields, its past and its clocks; what one change
 * needs for deciding is thrown away after it. */
#include "bpmn/sla/simulate.h"

#include "bpmn/base/memory.h"
#include "bpmn/iso8601.h"
#include "bpmn/sla/reading.h"

#include <string.h>

enum {
    PAST_MAX = 2000, /* changes of one subject */
    CLOCKS_MAX = 64, /* of one subject */
};
#define SIMULATION_BYTES_MAX ((size_t)2 * 1024 * 1024 * 1024)
#define DECISION_BYTES_MAX   ((size_t)64 * 1024 * 1024)

struct subject {
    char *id;
    json_t *fields;
    struct sla_past *past; /* owns its fields */
    size_t past_count;
    struct sla_clock *clocks[CLOCKS_MAX];
    size_t clock_count;
};

struct sla_simulation {
    enum sla_subject_type type;
    const struct sla_policy *const *policies;
    size_t policy_count;
    const struct sla_calendars *calendars;
    struct arena *arena;   /* clocks and tallies */
    struct arena *scratch; /* of one decision */
    json_t *index;         /* subject → place */
    struct subject **subjects;
    size_t subject_count;
    struct sla_tally tallies[SLA_SIMULATION_TARGETS_MAX];
    size_t tally_count;
};

struct sla_simulation *sla_simulation_new(enum sla_subject_type type,
                                          const struct sla_policy *const *policies, size_t count,
                                          const struct sla_calendars *calendars)
{
    struct sla_simulation *simulation = memory_zero(1, sizeof(*simulation));

    simulation->type = type;
    simulation->policies = policies;
    simulation->policy_count = count;
    simulation->calendars = calendars;
    simulation->arena = arena_new(SIMULATION_BYTES_MAX);
    simulation->scratch = arena_new(DECISION_BYTES_MAX);
    simulation->index = json_object();
    return simulation;
}

static void subject_free(struct subject *subject)
{
    for (size_t i = 0; i < subject->past_count; i++)
        json_decref((json_t *)subject->past[i].fields);
    json_decref(subject->fields);
    memory_free(subject->past);
    memory_free(subject->id);
    memory_free(subject);
}

void sla_simulation_free(struct sla_simulation *simulation)
{
    if (simulation == NULL)
        return;
    for (size_t i = 0; i < simulation->subject_count; i++)
        subject_free(simulation->subjects[i]);
    memory_free(simulation->subjects);
    json_decref(simulation->index);
    arena_free(simulation->scratch);
    arena_free(simulation->arena);
    memory_free(simulation);
}

static struct subject *find_subject(struct sla_simulation *simulation, const char *id)
{
    const json_t *place = json_object_get(simulation->index, id);

    return place != NULL ? simulation->subjects[json_integer_value(place)] : NULL;
}

static struct subject *add_subject(struct sla_simulation *simulation, const char *id)
{
    size_t count = simulation->subject_count;
    struct subject *subject = memory_zero(1, sizeof(*subject));

    if ((count & (count - 1)) == 0)
        simulation->subjects = memory_resize(simulation->subjects, (count == 0 ? 1 : count * 2) *
                                                                       sizeof(struct subject *));
    subject->id = memory_copy(id);
    simulation->subjects[simulation->subject_count++] = subject;
    (void)json_object_set_new(simulation->index, id, json_integer((json_int_t)count));
    return subject;
}

/* ---- one change ---- */

static enum status take_step(struct sla_simulation *simulation, struct subject *subject,
                             const struct sla_decision *decision, const struct sla_step *step,
                             int64_t at_us, struct error *ret_error)
{
    struct sla_clock *clock = step->kind == SLA_STEP_START ? NULL : subject->clocks[step->clock];
    const char *calendar = clock != NULL ? clock->calendar : step->target->calendar;
    struct sla_rating rating = {0};

    if (step->kind == SLA_STEP_START && subject->clock_count == CLOCKS_MAX)
        return error_set(ret_error, STATUS_TOO_LARGE, "Expected at most %d clocks of '%s'.",
                         CLOCKS_MAX, subject->id);
    if (simulation->calendars->find(simulation->calendars->context, calendar, &rating, ret_error) !=
            STATUS_OK ||
        sla_step_apply(simulation->arena, decision, step, "", clock, &rating, at_us, &clock,
                       ret_error) != STATUS_OK)
        return ret_error->status;
    if (step->kind == SLA_STEP_START)
        subject->clocks[subject->clock_count++] = clock;
    return STATUS_OK;
}

static enum status decide(struct sla_simulation *simulation, struct subject *subject,
                          const json_t *old_fields, int64_t at_us, struct error *ret_error)
{
    struct sla_decision decision;
    struct sla_subject question = {.type = simulation->type,
                                   .id = subject->id,
                                   .old_fields = old_fields,
                                   .fields = subject->fields,
                                   .history = subject->past,
                                   .history_count = subject->past_count,
                                   .why = {.cause = "", .actor = ""}};

    if (sla_evaluate(simulation->scratch, simulation->policies, simulation->policy_count, &question,
                     subject->clocks, subject->clock_count, at_us, &decision,
                     ret_error) != STATUS_OK)
        return ret_error->status;
    for (size_t i = 0; i < decision.step_count; i++) {
        if (take_step(simulation, subject, &decision, &decision.steps[i], at_us, ret_error) !=
            STATUS_OK)
            return ret_error->status;
    }
    return STATUS_OK;
}

static enum status check_change(struct sla_simulation *simulation, const json_t *change,
                                int64_t *ret_at_us, struct error *ret_error)
{
    static const char *const known[] = {"subject", "at", "fields", NULL};
    struct sla_reading reading = {.arena = simulation->scratch, .error = ret_error};
    const json_t *at = json_object_get(change, "at");
    const char *id = "";
    struct error error = {0};
    const struct subject *subject;

    if (sla_check_members(&reading, change, known) != STATUS_OK ||
        sla_read_text(&reading, change, "subject", true, &id) != STATUS_OK)
        return ret_error->status;
    if (!json_is_string(at) ||
        iso8601_parse_instant(json_string_value(at), ret_at_us, &error) != STATUS_OK ||
        *ret_at_us < WORKTIME_MIN_US)
        return sla_expected(&reading, "at", "a date and time since 1970", at);
    if (!json_is_object(json_object_get(change, "fields")))
        return sla_expected(&reading, "fields", "an object", json_object_get(change, "fields"));
    subject = find_subject(simulation, id);
    if (subject != NULL && subject->past[subject->past_count - 1].at_us > *ret_at_us)
        return sla_expected(&reading, "at", "a time not before the subject's last change", at);
    if (simulation->subject_count == SLA_SIMULATION_SUBJECTS_MAX ||
        (subject != NULL && subject->past_count == PAST_MAX) || arena_over_limit(simulation->arena))
        return sla_refuse(&reading, "subject", STATUS_TOO_LARGE,
                          "Expected fewer subjects or changes; simulate a shorter period.");
    return STATUS_OK;
}

enum status sla_simulation_take(struct sla_simulation *simulation, const json_t *change,
                                struct error *ret_error)
{
    const char *id = json_string_value(json_object_get(change, "subject"));
    struct subject *subject;
    const json_t *old_fields;
    const char *name;
    json_t *value;
    int64_t at_us = 0;

    arena_clear(simulation->scratch);
    if (check_change(simulation, change, &at_us, ret_error) != STATUS_OK)
        return ret_error->status;
    subject = find_subject(simulation, id);
    if (subject == NULL)
        subject = add_subject(simulation, id);
    old_fields = subject->past_count > 0 ? subject->past[subject->past_count - 1].fields : NULL;
    value = old_fields != NULL ? json_copy((json_t *)old_fields) : json_object();
    json_decref(subject->fields);
    subject->fields = value;
    json_object_foreach (json_object_get(change, "fields"), name, value)
        (void)json_object_set(subject->fields, name, value);
    if ((subject->past_count & (subject->past_count - 1)) == 0)
        subject->past =
            memory_resize(subject->past, (subject->past_count == 0 ? 1 : subject->past_count * 2) *
                                             sizeof(struct sla_past));
    subject->past[subject->past_count++] =
        (struct sla_past){.at_us = at_us, .fields = json_incref(subject->fields)};
    return decide(simulation, subject, old_fields, at_us, ret_error);
}

/* ---- the report ---- */

static struct sla_tally *tally_of(struct sla_simulation *simulation, const char *target)
{
    for (size_t i = 0; i < simulation->tally_count; i++) {
        if (strcmp(simulation->tallies[i].target, target) == 0)
            return &simulation->tallies[i];
    }
    if (simulation->tally_count == SLA_SIMULATION_TARGETS_MAX)
        return NULL;
    simulation->tallies[simulation->tally_count] = (struct sla_tally){.target = target};
    return &simulation->tallies[simulation->tally_count++];
}

static enum status count_clock(struct sla_simulation *simulation, const struct sla_clock *clock,
                               int64_t now_us, struct error *ret_error)
{
    struct sla_tally *tally = tally_of(simulation, clock->target);
    struct sla_rating rating = {0};
    struct sla_figures figures;

    if (tally == NULL)
        return error_set(ret_error, STATUS_TOO_LARGE, "Expected at most %d different targets.",
                         SLA_SIMULATION_TARGETS_MAX);
    if (simulation->calendars->find(simulation->calendars->context, clock->calendar, &rating,
                                    ret_error) != STATUS_OK ||
        sla_clock_figures(clock, &rating, now_us, &figures, ret_error) != STATUS_OK)
        return ret_error->status;
    if (clock->state == SLA_CANCELLED)
        tally->excluded++;
    else if (figures.breached)
        tally->breached++;
    else if (clock->state == SLA_STOPPED)
        tally->met++;
    else
        tally->open++;
    return STATUS_OK;
}

enum status sla_simulation_report(struct sla_simulation *simulation, int64_t now_us,
                                  const struct sla_tally **ret_tallies, size_t *ret_count,
                                  struct error *ret_error)
{
    simulation->tally_count = 0;
    for (size_t i = 0; i < simulation->subject_count; i++) {
        const struct subject *subject = simulation->subjects[i];

        for (size_t n = 0; n < subject->clock_count; n++) {
            if (count_clock(simulation, subject->clocks[n], now_us, ret_error) != STATUS_OK)
                return ret_error->status;
        }
    }
    *ret_tallies = simulation->tallies;
    *ret_count = simulation->tally_count;
    return STATUS_OK;
}
