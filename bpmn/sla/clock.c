/* See clock.h: the commands. Each checks everything before it changes anything. */
#include "bpmn/sla/clock_private.h"

#include <string.h>

static const char *const state_names[] = {"running", "paused", "stopped", "cancelled"};

const char *sla_clock_state_name(enum sla_clock_state state)
{
    PRE((size_t)state < COUNT_OF(state_names));
    return state_names[state];
}

int32_t sla_clock_cycle(const struct sla_clock *clock)
{
    PRE(clock->cycle_count > 0);
    return (int32_t)clock->cycle_count;
}

int32_t sla_clock_generation(const struct sla_clock *clock)
{
    int32_t generation = 0;

    for (size_t i = 1; i < clock->target_count; i++) {
        if (clock->targets[i].cycle == sla_clock_cycle(clock) &&
            clock->targets[i - 1].cycle == clock->targets[i].cycle &&
            !sla_duration_equal(&clock->targets[i - 1].duration, &clock->targets[i].duration))
            generation++;
    }
    return generation;
}

struct sla_rating sla_clock_rating(const struct sla_clock *clock, const struct sla_rating *rating)
{
    struct sla_rating own = *rating;

    own.floor_version = clock->floor_version;
    return own;
}

/* ---- growing; powers of two, so that no capacity needs storing ---- */

static void *grown(struct arena *arena, void *items, size_t count, size_t size)
{
    if (count > 0 && (count & (count - 1)) != 0)
        return items;
    return arena_grow(arena, items, count, count == 0 ? 1 : count * 2, size);
}

static struct sla_cause copied(struct arena *arena, struct sla_cause why)
{
    return (struct sla_cause){.cause = arena_copy(arena, why.cause != NULL ? why.cause : ""),
                              .actor = arena_copy(arena, why.actor != NULL ? why.actor : "")};
}

static void add_interval(struct sla_clock *clock, bool running, int64_t from_us, int64_t to_us,
                         struct sla_cause why)
{
    clock->intervals =
        grown(clock->arena, clock->intervals, clock->interval_count, sizeof(*clock->intervals));
    clock->intervals[clock->interval_count++] =
        (struct sla_interval){.running = running,
                              .cycle = sla_clock_cycle(clock),
                              .from_us = from_us,
                              .to_us = to_us,
                              .why = copied(clock->arena, why)};
}

static void add_cycle(struct sla_clock *clock, int64_t from_us, int64_t recorded_us,
                      struct sla_cause why)
{
    clock->cycles = grown(clock->arena, clock->cycles, clock->cycle_count, sizeof(*clock->cycles));
    clock->cycles[clock->cycle_count++] = (struct sla_cycle){.from_us = from_us,
                                                             .to_us = SLA_OPEN_US,
                                                             .recorded_us = recorded_us,
                                                             .why = copied(clock->arena, why)};
}

/* The target in force, as a record of now. */
static void add_target(struct sla_clock *clock, int64_t at_us, struct sla_cause why)
{
    clock->targets =
        grown(clock->arena, clock->targets, clock->target_count, sizeof(*clock->targets));
    clock->targets[clock->target_count++] =
        (struct sla_target_change){.at_us = at_us,
                                   .cycle = sla_clock_cycle(clock),
                                   .policy_id = clock->policy_id,
                                   .policy_version = clock->policy_version,
                                   .duration = clock->duration,
                                   .why = copied(clock->arena, why)};
}

static struct sla_interval *last_interval(struct sla_clock *clock)
{
    PRE(clock->interval_count > 0);
    return &clock->intervals[clock->interval_count - 1];
}

/* ---- what every command asks ---- */

static enum status check(const struct sla_clock *clock, int64_t at_us, bool allowed,
                         const char *expected, struct error *ret_error)
{
    if (!allowed)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected the clock '%s' to be %s but it is %s.", clock->target, expected,
                         sla_clock_state_name(clock->state));
    if (at_us < clock->changed_us || at_us >= WORKTIME_MAX_US)
        return error_set_field(ret_error, STATUS_INVALID, "at",
                               "Expected a time not before the last change of the clock '%s' but "
                               "found an earlier one (or one past the year 9999).",
                               clock->target);
    if (clock->interval_count + 2 > SLA_CLOCK_RECORDS_MAX ||
        clock->target_count + 1 > SLA_CLOCK_RECORDS_MAX)
        return error_set(ret_error, STATUS_TOO_LARGE,
                         "Expected at most %d changes of the clock '%s'; something switches it to "
                         "and fro.",
                         SLA_CLOCK_RECORDS_MAX, clock->target);
    return STATUS_OK;
}

/* ---- start ---- */

static enum status check_start(const struct sla_start *start, struct error *ret_error)
{
    int64_t end_us = WORKTIME_MIN_US;

    if (start->at_us < WORKTIME_MIN_US || start->now_us >= WORKTIME_MAX_US ||
        start->at_us > start->now_us)
        return error_set_field(ret_error, STATUS_INVALID, "start_from",
                               "Expected a start in the years 1970 to 9999 and not in the future "
                               "but found another time.");
    if (start->pause_count > SLA_CLOCK_RECORDS_MAX / 4)
        return error_set_field(ret_error, STATUS_TOO_LARGE, "pauses",
                               "Expected at most %d earlier pauses but found %zu.",
                               SLA_CLOCK_RECORDS_MAX / 4, start->pause_count);
    for (size_t i = 0; i < start->pause_count; i++) {
        if (start->pauses[i].from_us < end_us || start->pauses[i].to_us < start->pauses[i].from_us)
            return error_set_field(ret_error, STATUS_INVALID, "pauses",
                                   "Expected pauses in order, none overlapping, but pause %zu is "
                                   "not.",
                                   i);
        end_us = start->pauses[i].to_us;
    }
    return STATUS_OK;
}

/* Running and paused intervals from the start until now. */
static void add_past(struct sla_clock *clock, const struct sla_start *start)
{
    int64_t at_us = start->at_us;
    int64_t end_us = start->now_us;

    if (start->paused)
        end_us = start->paused_since_us < at_us ? at_us : start->paused_since_us;
    if (end_us > start->now_us)
        end_us = start->now_us;
    for (size_t i = 0; i < start->pause_count; i++) {
        int64_t from_us = start->pauses[i].from_us > at_us ? start->pauses[i].from_us : at_us;
        int64_t to_us = start->pauses[i].to_us < end_us ? start->pauses[i].to_us : end_us;

        if (to_us <= from_us)
            continue;
        if (from_us > at_us)
            add_interval(clock, true, at_us, from_us, start->why);
        add_interval(clock, false, from_us, to_us, start->why);
        at_us = to_us;
    }
    if (!start->paused) {
        add_interval(clock, true, at_us, SLA_OPEN_US, start->why);
        return;
    }
    if (end_us > at_us)
        add_interval(clock, true, at_us, end_us, start->why);
    add_interval(clock, false, end_us, SLA_OPEN_US, start->why);
}

enum status sla_clock_start(struct arena *arena, const struct sla_start *start,
                            struct sla_clock **ret_clock, struct error *ret_error)
{
    struct sla_clock *clock;

    if (check_start(start, ret_error) != STATUS_OK)
        return ret_error->status;
    clock = arena_alloc(arena, sizeof(*clock));
    *clock = (struct sla_clock){.arena = arena,
                                .id = arena_copy(arena, start->id),
                                .subject_id = arena_copy(arena, start->subject_id),
                                .policy_id = arena_copy(arena, start->policy->id),
                                .policy_version = start->policy->version,
                                .target = arena_copy(arena, start->target->name),
                                .calendar = arena_copy(arena, start->target->calendar),
                                .duration = start->target->duration,
                                .state = start->paused ? SLA_PAUSED : SLA_RUNNING,
                                .changed_us = start->now_us,
                                .moved_us = start->now_us};
    add_cycle(clock, start->at_us, start->now_us, start->why);
    add_target(clock, start->at_us, start->why);
    add_past(clock, start);
    *ret_clock = clock;
    return STATUS_OK;
}

/* ---- pause, resume ---- */

static enum status turn(struct sla_clock *clock, int64_t at_us, bool running, struct sla_cause why,
                        struct error *ret_error)
{
    if (check(clock, at_us, clock->state == (running ? SLA_PAUSED : SLA_RUNNING),
              running ? "paused" : "running", ret_error) != STATUS_OK)
        return ret_error->status;
    last_interval(clock)->to_us = at_us;
    add_interval(clock, running, at_us, SLA_OPEN_US, why);
    clock->state = running ? SLA_RUNNING : SLA_PAUSED;
    clock->changed_us = at_us;
    return STATUS_OK;
}

enum status sla_clock_pause(struct sla_clock *clock, int64_t at_us, struct sla_cause why,
                            struct error *ret_error)
{
    return turn(clock, at_us, false, why, ret_error);
}

enum status sla_clock_resume(struct sla_clock *clock, int64_t at_us, struct sla_cause why,
                             struct error *ret_error)
{
    return turn(clock, at_us, true, why, ret_error);
}

/* ---- stop, cancel ---- */

static enum status close_clock(struct sla_clock *clock, int64_t at_us, enum sla_clock_state state,
                               struct sla_cause why, const struct sla_rating *rating,
                               struct error *ret_error)
{
    struct sla_figures figures;

    if (check(clock, at_us, sla_clock_is_open(clock), "running or paused", ret_error) !=
            STATUS_OK ||
        sla_clock_figures(clock, rating, at_us, &figures, ret_error) != STATUS_OK)
        return ret_error->status;
    last_interval(clock)->to_us = at_us;
    clock->cycles[clock->cycle_count - 1].to_us = at_us;
    /* Why it ended stands with an interval of no length. */
    add_interval(clock, false, at_us, at_us, why);
    clock->state = state;
    clock->changed_us = at_us;
    figures.state = state;
    figures.end_us = at_us;
    figures.deadline_floats = false;
    if (!figures.breached)
        figures.breached_at_us = SLA_OPEN_US;
    clock->frozen = figures;
    return STATUS_OK;
}

enum status sla_clock_stop(struct sla_clock *clock, int64_t at_us, struct sla_cause why,
                           const struct sla_rating *rating, struct error *ret_error)
{
    return close_clock(clock, at_us, SLA_STOPPED, why, rating, ret_error);
}

enum status sla_clock_cancel(struct sla_clock *clock, int64_t at_us, struct sla_cause why,
                             const struct sla_rating *rating, struct error *ret_error)
{
    return close_clock(clock, at_us, SLA_CANCELLED, why, rating, ret_error);
}

/* ---- reset, reopen ---- */

static void next_cycle(struct sla_clock *clock, int64_t at_us, bool running, struct sla_cause why)
{
    clock->cycles[clock->cycle_count - 1].to_us =
        clock->cycles[clock->cycle_count - 1].to_us < at_us
            ? clock->cycles[clock->cycle_count - 1].to_us
            : at_us;
    add_cycle(clock, at_us, at_us, why);
    add_target(clock, at_us, why);
    add_interval(clock, running, at_us, SLA_OPEN_US, why);
}

enum status sla_clock_reset(struct sla_clock *clock, int64_t at_us, struct sla_cause why,
                            struct error *ret_error)
{
    if (check(clock, at_us, sla_clock_is_open(clock), "running or paused", ret_error) != STATUS_OK)
        return ret_error->status;
    last_interval(clock)->to_us = at_us;
    next_cycle(clock, at_us, clock->state == SLA_RUNNING, why);
    clock->changed_us = at_us;
    return STATUS_OK;
}

enum status sla_clock_reopen(struct sla_clock *clock, int64_t at_us, enum sla_reopen how,
                             struct sla_cause why, struct error *ret_error)
{
    int64_t closed_us;

    if (check(clock, at_us, clock->state == SLA_STOPPED, "stopped", ret_error) != STATUS_OK)
        return ret_error->status;
    closed_us = clock->changed_us;
    clock->state = SLA_RUNNING;
    clock->changed_us = at_us;
    clock->frozen = (struct sla_figures){0};
    if (how == SLA_REOPEN_NEW_CYCLE) {
        next_cycle(clock, at_us, true, why);
        return STATUS_OK;
    }
    clock->cycles[clock->cycle_count - 1].to_us = SLA_OPEN_US;
    if (how == SLA_REOPEN_PAUSE) {
        add_interval(clock, false, closed_us, at_us, why);
        add_interval(clock, true, at_us, SLA_OPEN_US, why);
    } else {
        add_interval(clock, true, closed_us, SLA_OPEN_US, why);
        clock->moved_us = at_us;
    }
    return STATUS_OK;
}

/* ---- re-target, recalculate, marks, fired thresholds ---- */

enum status sla_clock_retarget(struct sla_clock *clock, int64_t at_us,
                               const struct sla_policy *policy, const struct sla_target *target,
                               struct sla_cause why, struct error *ret_error)
{
    PRE(strcmp(target->name, clock->target) == 0);
    if (check(clock, at_us, sla_clock_is_open(clock), "running or paused", ret_error) != STATUS_OK)
        return ret_error->status;
    clock->policy_id = arena_copy(clock->arena, policy->id);
    clock->policy_version = policy->version;
    /* A version number means nothing in another calendar. */
    if (strcmp(clock->calendar, target->calendar) != 0)
        clock->floor_version = 0;
    clock->calendar = arena_copy(clock->arena, target->calendar);
    clock->duration = target->duration;
    clock->changed_us = at_us;
    clock->moved_us = at_us;
    add_target(clock, at_us, why);
    return STATUS_OK;
}

enum status sla_clock_recalculate(struct sla_clock *clock, int64_t at_us, int64_t version,
                                  struct error *ret_error)
{
    if (check(clock, at_us, sla_clock_is_open(clock), "running or paused", ret_error) != STATUS_OK)
        return ret_error->status;
    clock->floor_version = version;
    clock->changed_us = at_us;
    clock->moved_us = at_us;
    return STATUS_OK;
}

enum status sla_clock_mark(struct sla_clock *clock, int64_t at_us, const char *group,
                           const char *person, const char *state, struct error *ret_error)
{
    const struct sla_mark *last =
        clock->mark_count > 0 ? &clock->marks[clock->mark_count - 1] : NULL;

    if (last != NULL && at_us < last->at_us)
        return error_set_field(ret_error, STATUS_INVALID, "at",
                               "Expected a time not before the last mark of the clock '%s' but "
                               "found an earlier one.",
                               clock->target);
    if (last != NULL && strcmp(last->group, group) == 0 && strcmp(last->person, person) == 0 &&
        strcmp(last->state, state) == 0)
        return STATUS_OK;
    if (clock->mark_count == SLA_CLOCK_RECORDS_MAX)
        return error_set(ret_error, STATUS_TOO_LARGE,
                         "Expected at most %d owners of the clock '%s'.", SLA_CLOCK_RECORDS_MAX,
                         clock->target);
    clock->marks = grown(clock->arena, clock->marks, clock->mark_count, sizeof(*clock->marks));
    clock->marks[clock->mark_count++] =
        (struct sla_mark){.at_us = at_us,
                          .group = arena_copy(clock->arena, group),
                          .person = arena_copy(clock->arena, person),
                          .state = arena_copy(clock->arena, state)};
    return STATUS_OK;
}

enum status sla_clock_fire(struct sla_clock *clock, const struct sla_threshold_due *row,
                           int64_t now_us, struct error *ret_error)
{
    const char *id = row->threshold->id;

    for (size_t i = 0; i < clock->fired_count; i++) {
        if (clock->fired[i].cycle == row->cycle && clock->fired[i].generation == row->generation &&
            strcmp(clock->fired[i].threshold, id) == 0)
            return error_set(
                ret_error, STATUS_CONFLICT,
                "Expected the threshold '%s' not to have fired in cycle %d but it has.", id,
                row->cycle);
    }
    if (row->state != SLA_THRESHOLD_DUE)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected the threshold '%s' to be due but it is not.", id);
    if (clock->fired_count == SLA_CLOCK_RECORDS_MAX)
        return error_set(ret_error, STATUS_TOO_LARGE,
                         "Expected at most %d fired thresholds of the clock '%s'.",
                         SLA_CLOCK_RECORDS_MAX, clock->target);
    clock->fired = grown(clock->arena, clock->fired, clock->fired_count, sizeof(*clock->fired));
    clock->fired[clock->fired_count++] =
        (struct sla_fired){.threshold = arena_copy(clock->arena, id),
                           .cycle = row->cycle,
                           .generation = row->generation,
                           .due_us = row->due_us,
                           .fired_us = now_us,
                           .late_by_design = row->late_by_design};
    return STATUS_OK;
}
