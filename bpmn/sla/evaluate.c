/* See evaluate.h. First the policy is chosen, then each clock gets its steps, then targets without
 * a clock may start one. */
#include "bpmn/sla/evaluate.h"

#include "bpmn/iso8601.h"

#include <string.h>

enum { PROBLEMS_MAX = 50 };

struct evaluation {
    struct arena *arena;
    const struct sla_subject *subject;
    int64_t now_us;
    struct sla_decision *decision;
    struct sla_step *steps;
    const char **problems;
};

const char *sla_step_name(enum sla_step_kind kind)
{
    static const char *const names[] = {
#define SLA_STEP_TEXT(name, json) json,
        SLA_STEPS(SLA_STEP_TEXT)
#undef SLA_STEP_TEXT
    };

    PRE((size_t)kind < COUNT_OF(names));
    return names[kind];
}

/* ---- conditions ---- */

static void add_problem(struct evaluation *evaluation, const char *where, const char *message)
{
    if (evaluation->decision->problem_count == PROBLEMS_MAX)
        return;
    evaluation->problems[evaluation->decision->problem_count++] =
        arena_format(evaluation->arena, "%.300s: %.500s", where, message);
}

/* False when it is not given, and when it fails: that is reported. */
static bool holds(struct evaluation *evaluation, const struct expression *expression,
                  const json_t *fields)
{
    struct error error = {0};
    bool value = false;

    if (expression == NULL || fields == NULL)
        return false;
    if (sla_condition(expression, fields, evaluation->now_us, &value, &error) == STATUS_OK)
        return value;
    add_problem(evaluation, expression_text(expression), error.message);
    return false;
}

static bool is_paused(struct evaluation *evaluation, const struct sla_conditions *conditions,
                      const json_t *fields, bool was_paused)
{
    bool pause = holds(evaluation, conditions->pause, fields);

    if (conditions->resume == NULL)
        return pause;
    if (holds(evaluation, conditions->resume, fields))
        return false;
    return pause || was_paused;
}

static struct sla_cause why(const struct evaluation *evaluation, const char *what,
                            const char *detail)
{
    const struct sla_cause *cause = &evaluation->subject->why;
    bool has_cause = cause->cause != NULL && cause->cause[0] != '\0';

    return (struct sla_cause){.cause = arena_format(evaluation->arena, "%s%s%s: %.400s",
                                                    has_cause ? cause->cause : "",
                                                    has_cause ? "; " : "", what, detail),
                              .actor = cause->actor};
}

static struct sla_step *add_step(struct evaluation *evaluation, enum sla_step_kind kind,
                                 size_t clock, const struct sla_target *target, const char *detail)
{
    struct sla_step *step = &evaluation->steps[evaluation->decision->step_count++];

    *step = (struct sla_step){.kind = kind,
                              .clock = clock,
                              .target = target,
                              .at_us = evaluation->now_us,
                              .why = why(evaluation, sla_step_name(kind), detail)};
    return step;
}

/* ---- the policy ---- */

static const struct sla_policy *choose(struct evaluation *evaluation,
                                       const struct sla_policy *const *policies, size_t count,
                                       const json_t *fields, struct sla_candidate *candidates)
{
    const struct sla_policy *chosen = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct sla_policy *policy = policies[i];
        const char *reason;

        if (policy->applies_to != evaluation->subject->type)
            reason = arena_format(evaluation->arena, "is for subjects of type %s",
                                  sla_subject_type_name(policy->applies_to));
        else if (chosen != NULL)
            reason = arena_format(evaluation->arena, "is behind '%s', which matches", chosen->id);
        else if (holds(evaluation, policy->match, fields)) {
            chosen = policy;
            reason = arena_format(evaluation->arena, "match is true: %s",
                                  expression_text(policy->match));
        } else
            reason = arena_format(evaluation->arena, "match is not true: %s",
                                  expression_text(policy->match));
        if (candidates != NULL)
            candidates[i] = (struct sla_candidate){
                .policy = policy, .chosen = policy == chosen, .reason = reason};
    }
    return chosen;
}

/* ---- the target ---- */

/* The target as it is for this subject: a field of it may give the duration. */
static const struct sla_target *for_subject(struct evaluation *evaluation,
                                            const struct sla_target *target)
{
    const json_t *json = json_object_get(evaluation->subject->fields, target->duration_from);
    struct sla_target *own;
    struct sla_duration duration;
    struct error error = {0};

    if (target->duration_from[0] == '\0' || json == NULL || json_is_null(json))
        return target;
    if (!json_is_string(json) ||
        sla_duration_read(json_string_value(json), false, target->duration_from, &duration,
                          &error) != STATUS_OK) {
        add_problem(evaluation, target->duration_from,
                    "Expected a duration such as PT8H or P2BD but found something else; the "
                    "policy's counts.");
        return target;
    }
    own = arena_alloc(evaluation->arena, sizeof(*own));
    *own = *target;
    own->duration = duration;
    return own;
}

static bool must_retarget(const struct sla_clock *clock, const struct sla_policy *policy,
                          const struct sla_target *target)
{
    return strcmp(clock->policy_id, policy->id) != 0 || clock->policy_version != policy->version ||
           !sla_duration_equal(&clock->duration, &target->duration);
}

static const char *why_retarget(struct evaluation *evaluation, const struct sla_clock *clock,
                                const struct sla_policy *policy, const struct sla_target *target)
{
    if (strcmp(clock->policy_id, policy->id) == 0 && clock->policy_version == policy->version)
        return arena_format(evaluation->arena, "the subject's %s", target->duration_from);
    return arena_format(evaluation->arena, "policy '%s' version %lld", policy->id,
                        (long long)policy->version);
}

/* ---- clocks that are there ---- */

static void step_open(struct evaluation *evaluation, const struct sla_clock *clock, size_t index)
{
    const struct sla_policy *policy = evaluation->decision->policy;
    const struct sla_target *target =
        policy != NULL ? sla_policy_target(policy, clock->target) : NULL;
    const json_t *fields = evaluation->subject->fields;
    const struct sla_conditions *conditions;
    bool paused;

    if (target == NULL) {
        (void)add_step(evaluation, SLA_STEP_CANCEL, index, NULL,
                       policy == NULL ? "no policy applies any more"
                                      : "the policy that applies has no such target");
        return;
    }
    target = for_subject(evaluation, target);
    conditions = &target->conditions;
    if (must_retarget(clock, policy, target))
        (void)add_step(evaluation, SLA_STEP_RETARGET, index, target,
                       why_retarget(evaluation, clock, policy, target));
    if (holds(evaluation, conditions->cancel, fields)) {
        (void)add_step(evaluation, SLA_STEP_CANCEL, index, target,
                       expression_text(conditions->cancel));
        return;
    }
    if (holds(evaluation, conditions->stop, fields)) {
        (void)add_step(evaluation, SLA_STEP_STOP, index, target, expression_text(conditions->stop));
        return;
    }
    paused = is_paused(evaluation, conditions, fields, clock->state == SLA_PAUSED);
    if (paused && clock->state == SLA_RUNNING)
        (void)add_step(evaluation, SLA_STEP_PAUSE, index, target,
                       expression_text(conditions->pause));
    if (!paused && clock->state == SLA_PAUSED)
        (void)add_step(evaluation, SLA_STEP_RESUME, index, target,
                       conditions->resume != NULL ? expression_text(conditions->resume)
                       : conditions->pause != NULL
                           ? arena_format(evaluation->arena, "no longer %s",
                                          expression_text(conditions->pause))
                           : "the policy has no pause");
    if (evaluation->subject->old_fields != NULL && holds(evaluation, conditions->reset, fields) &&
        !holds(evaluation, conditions->reset, evaluation->subject->old_fields))
        (void)add_step(evaluation, SLA_STEP_RESET, index, target,
                       expression_text(conditions->reset));
}

/* ---- start ---- */

static int64_t start_at(struct evaluation *evaluation, const struct sla_target *target)
{
    const json_t *json = json_object_get(evaluation->subject->fields, target->start_from);
    struct error error = {0};
    int64_t at_us = 0;

    if (target->start_from[0] == '\0' || json == NULL || json_is_null(json))
        return evaluation->now_us;
    if (!json_is_string(json) ||
        iso8601_parse_instant(json_string_value(json), &at_us, &error) != STATUS_OK ||
        at_us < WORKTIME_MIN_US) {
        add_problem(evaluation, target->start_from,
                    "Expected a date and time since 1970 to start from but found something else; "
                    "the clock starts now.");
        return evaluation->now_us;
    }
    return at_us < evaluation->now_us ? at_us : evaluation->now_us;
}

/* What would have paused the clock since its start, by the past states of the subject. */
static void find_pauses(struct evaluation *evaluation, const struct sla_target *target,
                        struct sla_start *start)
{
    const struct sla_subject *subject = evaluation->subject;
    struct worktime_pause *pauses =
        arena_array(evaluation->arena, subject->history_count + 1, sizeof(*pauses));
    bool paused = false;
    int64_t since_us = start->at_us;
    bool was_paused;

    for (size_t i = 0; i < subject->history_count; i++) {
        const struct sla_past *past = &subject->history[i];

        if (past->at_us >= evaluation->now_us)
            break;
        was_paused = paused;
        paused = is_paused(evaluation, &target->conditions, past->fields, paused);
        if (paused && !was_paused)
            since_us = past->at_us;
        if (!paused && was_paused)
            pauses[start->pause_count++] =
                (struct worktime_pause){.from_us = since_us, .to_us = past->at_us};
    }
    was_paused = paused;
    paused = is_paused(evaluation, &target->conditions, subject->fields, paused);
    if (was_paused && !paused)
        pauses[start->pause_count++] =
            (struct worktime_pause){.from_us = since_us, .to_us = evaluation->now_us};
    start->paused = paused;
    start->paused_since_us = was_paused ? since_us : evaluation->now_us;
    start->pauses = pauses;
}

static bool can_start(struct evaluation *evaluation, const struct sla_target *target,
                      const json_t *fields)
{
    return holds(evaluation, target->conditions.start, fields) &&
           !holds(evaluation, target->conditions.stop, fields) &&
           !holds(evaluation, target->conditions.cancel, fields);
}

static void step_start(struct evaluation *evaluation, const struct sla_target *target)
{
    struct sla_step *step =
        add_step(evaluation, SLA_STEP_START, 0, target, expression_text(target->conditions.start));

    step->at_us = start_at(evaluation, target);
    step->start = (struct sla_start){.id = "",
                                     .subject_id = evaluation->subject->id,
                                     .policy = evaluation->decision->policy,
                                     .target = target,
                                     .at_us = step->at_us,
                                     .now_us = evaluation->now_us,
                                     .why = step->why};
    find_pauses(evaluation, target, &step->start);
}

/* A stopped clock goes on when its stop became false again: not because somebody stopped it by
 * hand. */
static void step_stopped(struct evaluation *evaluation, const struct sla_clock *clock, size_t index,
                         const struct sla_target *target)
{
    const struct sla_policy *policy = evaluation->decision->policy;

    if (!holds(evaluation, target->conditions.stop, evaluation->subject->old_fields) ||
        !can_start(evaluation, target, evaluation->subject->fields))
        return;
    (void)add_step(
        evaluation, SLA_STEP_REOPEN, index, target,
        arena_format(evaluation->arena, "no longer %s", expression_text(target->conditions.stop)));
    if (must_retarget(clock, policy, target))
        (void)add_step(evaluation, SLA_STEP_RETARGET, index, target,
                       why_retarget(evaluation, clock, policy, target));
    if (is_paused(evaluation, &target->conditions, evaluation->subject->fields, false))
        (void)add_step(evaluation, SLA_STEP_PAUSE, index, target,
                       expression_text(target->conditions.pause));
}

static void step_target(struct evaluation *evaluation, const struct sla_policy *old_policy,
                        const struct sla_target *target, struct sla_clock *const *clocks,
                        size_t clock_count)
{
    const json_t *old_fields = evaluation->subject->old_fields;
    const struct sla_target *old_target =
        old_policy != NULL ? sla_policy_target(old_policy, target->name) : NULL;
    size_t last = clock_count;

    for (size_t i = 0; i < clock_count; i++) {
        if (strcmp(clocks[i]->target, target->name) == 0)
            last = i;
        if (strcmp(clocks[i]->target, target->name) == 0 && sla_clock_is_open(clocks[i]))
            return;
    }
    if (last < clock_count && clocks[last]->state == SLA_STOPPED) {
        step_stopped(evaluation, clocks[last], last, for_subject(evaluation, target));
        return;
    }
    /* One that was cancelled starts anew when it newly may: not because somebody cancelled it by
     * hand. */
    if (last < clock_count && old_target != NULL && can_start(evaluation, old_target, old_fields))
        return;
    if (can_start(evaluation, target, evaluation->subject->fields))
        step_start(evaluation, for_subject(evaluation, target));
}

enum status sla_evaluate(struct arena *arena, const struct sla_policy *const *policies,
                         size_t policy_count, const struct sla_subject *subject,
                         struct sla_clock *const *clocks, size_t clock_count, int64_t now_us,
                         struct sla_decision *ret_decision, struct error *ret_error)
{
    struct evaluation evaluation = {
        .arena = arena, .subject = subject, .now_us = now_us, .decision = ret_decision};
    struct sla_candidate *candidates;
    const struct sla_policy *old_policy = NULL;

    if (policy_count > SLA_POLICIES_MAX || subject->history_count > SLA_HISTORY_MAX ||
        clock_count > SLA_CLOCK_RECORDS_MAX)
        return error_set(ret_error, STATUS_TOO_LARGE,
                         "Expected at most %d policies, %d past states and %d clocks.",
                         SLA_POLICIES_MAX, SLA_HISTORY_MAX, SLA_CLOCK_RECORDS_MAX);
    if (now_us < WORKTIME_MIN_US || now_us >= WORKTIME_MAX_US || !json_is_object(subject->fields))
        return error_set_field(
            ret_error, STATUS_INVALID, "fields",
            "Expected an object of fields and a time of the years 1970 to 9999.");
    *ret_decision = (struct sla_decision){0};
    candidates = arena_array(arena, policy_count, sizeof(*candidates));
    evaluation.problems = arena_array(arena, PROBLEMS_MAX, sizeof(char *));
    /* At most three steps for each clock that is there, and one for each target. */
    evaluation.steps =
        arena_array(arena, clock_count * 4 + SLA_TARGETS_MAX * 4, sizeof(*evaluation.steps));
    ret_decision->policy = choose(&evaluation, policies, policy_count, subject->fields, candidates);
    ret_decision->candidates = candidates;
    ret_decision->candidate_count = policy_count;
    if (subject->old_fields != NULL)
        old_policy = choose(&evaluation, policies, policy_count, subject->old_fields, NULL);
    for (size_t i = 0; i < clock_count; i++) {
        if (sla_clock_is_open(clocks[i]))
            step_open(&evaluation, clocks[i], i);
    }
    for (size_t i = 0; ret_decision->policy != NULL && i < ret_decision->policy->target_count; i++)
        step_target(&evaluation, old_policy, &ret_decision->policy->targets[i], clocks,
                    clock_count);
    ret_decision->steps = evaluation.steps;
    ret_decision->problems = evaluation.problems;
    return STATUS_OK;
}

enum status sla_step_apply(struct arena *arena, const struct sla_decision *decision,
                           const struct sla_step *step, const char *id, struct sla_clock *clock,
                           const struct sla_rating *rating, int64_t now_us,
                           struct sla_clock **ret_clock, struct error *ret_error)
{
    struct sla_start start = step->start;

    PRE(step->kind == SLA_STEP_START || clock != NULL);
    *ret_clock = clock;
    switch (step->kind) {
    case SLA_STEP_START:
        start.id = id;
        return sla_clock_start(arena, &start, ret_clock, ret_error);
    case SLA_STEP_PAUSE:
        return sla_clock_pause(clock, now_us, step->why, ret_error);
    case SLA_STEP_RESUME:
        return sla_clock_resume(clock, now_us, step->why, ret_error);
    case SLA_STEP_STOP:
        return sla_clock_stop(clock, now_us, step->why, rating, ret_error);
    case SLA_STEP_CANCEL:
        return sla_clock_cancel(clock, now_us, step->why, rating, ret_error);
    case SLA_STEP_RESET:
        return sla_clock_reset(clock, now_us, step->why, ret_error);
    case SLA_STEP_RETARGET:
        return sla_clock_retarget(clock, now_us, decision->policy, step->target, step->why,
                                  ret_error);
    case SLA_STEP_REOPEN:
        return sla_clock_reopen(clock, now_us, step->target->reopen, step->why, ret_error);
    }
    UNREACHABLE();
}
