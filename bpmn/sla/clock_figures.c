/* See clock.h: what is derived from a clock's intervals: figures, thresholds, shares. */
#include "bpmn/sla/clock_private.h"

#include "bpmn/base/memory.h"

#include <string.h>

/* ---- the course of the cycle ---- */

static int64_t cut(int64_t us, int64_t now_us)
{
    return us < now_us ? us : now_us;
}

static enum status add_up(struct sla_course *course, const struct sla_clock *clock,
                          struct error *ret_error)
{
    for (size_t i = 0; i < clock->interval_count; i++) {
        const struct sla_interval *interval = &clock->intervals[i];
        int64_t to_us = cut(interval->to_us, course->now_us);
        int64_t working_us = 0;

        if (interval->cycle != sla_clock_cycle(clock) || to_us <= interval->from_us)
            continue;
        if (sla_rating_between(&course->rating, interval->from_us, to_us, &working_us, ret_error) !=
            STATUS_OK)
            return ret_error->status;
        if (interval->running) {
            course->elapsed_us += working_us;
            course->elapsed_wall_us += to_us - interval->from_us;
        } else {
            course->paused_us += working_us;
            course->paused_wall_us += to_us - interval->from_us;
            course->pauses[course->pause_count++] =
                (struct worktime_pause){.from_us = interval->from_us, .to_us = to_us};
        }
    }
    return STATUS_OK;
}

enum status sla_course_init(struct sla_course *course, const struct sla_clock *clock,
                            const struct sla_rating *rating, int64_t now_us,
                            struct error *ret_error)
{
    const struct sla_cycle *cycle = &clock->cycles[clock->cycle_count - 1];

    *course = (struct sla_course){
        .rating = sla_clock_rating(clock, rating),
        .start_us = cycle->from_us,
        .now_us =
            now_us > clock->changed_us && sla_clock_is_open(clock) ? now_us : clock->changed_us,
        .pauses = memory_zero(clock->interval_count + 1, sizeof(struct worktime_pause))};
    if (sla_rating_resolve(&course->rating, course->start_us, &clock->duration, &course->target_us,
                           ret_error) != STATUS_OK ||
        add_up(course, clock, ret_error) != STATUS_OK) {
        sla_course_deinit(course);
        return ret_error->status;
    }
    return STATUS_OK;
}

void sla_course_deinit(struct sla_course *course)
{
    memory_free(course->pauses);
    course->pauses = NULL;
}

enum status sla_course_reach(const struct sla_course *course, int64_t elapsed_us, int64_t *ret_us,
                             struct error *ret_error)
{
    return sla_rating_add(&course->rating, course->start_us, elapsed_us, course->pauses,
                          course->pause_count, ret_us, ret_error);
}

/* ---- figures ---- */

static const struct sla_target_change *original_target(const struct sla_clock *clock)
{
    for (size_t i = 0; i < clock->target_count; i++) {
        if (clock->targets[i].cycle == sla_clock_cycle(clock))
            return &clock->targets[i];
    }
    UNREACHABLE();
}

static int64_t thousandths(int64_t elapsed_us, int64_t target_us)
{
    __int128 scaled = (__int128)elapsed_us * 100000;

    if (target_us == 0)
        return elapsed_us == 0 ? 0 : INT64_MAX;
    scaled /= target_us;
    return scaled > INT64_MAX ? INT64_MAX : (int64_t)scaled;
}

static enum status deadlines(const struct sla_course *course, const struct sla_clock *clock,
                             struct sla_figures *figures, struct error *ret_error)
{
    if (sla_course_reach(course, course->target_us, &figures->deadline_us, ret_error) !=
            STATUS_OK ||
        sla_rating_resolve(&course->rating, course->start_us, &original_target(clock)->duration,
                           &figures->original_target_us, ret_error) != STATUS_OK ||
        sla_rating_add(&course->rating, course->start_us, figures->original_target_us, NULL, 0,
                       &figures->original_deadline_us, ret_error) != STATUS_OK)
        return ret_error->status;
    figures->breached_at_us = SLA_OPEN_US;
    if (figures->breached || clock->state == SLA_RUNNING)
        return sla_course_reach(course, course->target_us + 1, &figures->breached_at_us, ret_error);
    return STATUS_OK;
}

enum status sla_clock_figures(const struct sla_clock *clock, const struct sla_rating *rating,
                              int64_t now_us, struct sla_figures *ret_figures,
                              struct error *ret_error)
{
    struct sla_figures figures;
    struct sla_course course;

    if (!sla_clock_is_open(clock)) {
        *ret_figures = clock->frozen;
        return STATUS_OK;
    }
    if (sla_course_init(&course, clock, rating, now_us, ret_error) != STATUS_OK)
        return ret_error->status;
    figures = (struct sla_figures){
        .state = clock->state,
        .cycle = sla_clock_cycle(clock),
        .start_us = course.start_us,
        .end_us = SLA_OPEN_US,
        .target_us = course.target_us,
        .elapsed_us = course.elapsed_us,
        .elapsed_wall_us = course.elapsed_wall_us,
        .paused_us = course.paused_us,
        .paused_wall_us = course.paused_wall_us,
        .remaining_us = course.target_us - course.elapsed_us,
        .percent_thousandths = thousandths(course.elapsed_us, course.target_us),
        .breached = course.elapsed_us > course.target_us,
        .deadline_floats = clock->state == SLA_PAUSED && course.elapsed_us < course.target_us};
    if (deadlines(&course, clock, &figures, ret_error) == STATUS_OK) {
        figures.overrun_us = figures.breached ? -figures.remaining_us : 0;
        figures.remaining_wall_us = figures.deadline_us - course.now_us;
        *ret_figures = figures;
        sla_course_deinit(&course);
        return STATUS_OK;
    }
    sla_course_deinit(&course);
    return ret_error->status;
}

/* ---- thresholds ---- */

/* Elapsed time at which a threshold lies; a percentage rounds up, so that it is never early. */
static int64_t threshold_at(const struct sla_threshold *threshold, int64_t target_us)
{
    int64_t at_us = target_us + threshold->offset_us;

    if (threshold->is_percent)
        at_us = (int64_t)(((__int128)target_us * threshold->percent_thousandths + 99999) / 100000);
    return at_us > 0 ? at_us : 0;
}

static const struct sla_fired *find_fired(const struct sla_clock *clock,
                                          const struct sla_target *target, const char *id)
{
    for (size_t i = clock->fired_count; i-- > 0;) {
        if (clock->fired[i].cycle == sla_clock_cycle(clock) &&
            strcmp(clock->fired[i].threshold, id) == 0 &&
            (!target->refire_after_retarget ||
             clock->fired[i].generation == sla_clock_generation(clock)))
            return &clock->fired[i];
    }
    return NULL;
}

/* Whether the threshold can come due at all, as things stand. */
static bool can_come(const struct sla_course *course, const struct sla_clock *clock,
                     const struct sla_target *target, int64_t at_us)
{
    if (clock->state == SLA_CANCELLED || (at_us > course->target_us && !target->overrun))
        return false;
    return clock->state == SLA_RUNNING || course->elapsed_us >= at_us;
}

static enum status plan(const struct sla_course *course, const struct sla_clock *clock,
                        const struct sla_target *target, struct sla_threshold_due *row,
                        struct error *ret_error)
{
    const struct sla_fired *fired = find_fired(clock, target, row->threshold->id);

    row->cycle = sla_clock_cycle(clock);
    row->generation = sla_clock_generation(clock);
    row->at_working_us = threshold_at(row->threshold, course->target_us);
    if (fired != NULL) {
        row->state = SLA_THRESHOLD_FIRED;
        row->generation = fired->generation;
        row->has_due = true;
        row->due_us = fired->due_us;
        row->fired_us = fired->fired_us;
        row->late_by_design = fired->late_by_design;
        return STATUS_OK;
    }
    row->state = SLA_THRESHOLD_WAITING;
    if (!can_come(course, clock, target, row->at_working_us))
        return STATUS_OK;
    if (sla_course_reach(course, row->at_working_us, &row->due_us, ret_error) != STATUS_OK)
        return ret_error->status;
    /* A stop at the very instant comes first. */
    if (!sla_clock_is_open(clock) && row->due_us >= course->now_us)
        return STATUS_OK;
    /* No time at all is reached at the next open moment, which a pause does not promise. */
    if (clock->state == SLA_PAUSED && row->due_us > course->now_us)
        return STATUS_OK;
    row->has_due = true;
    row->late_by_design = row->due_us < clock->moved_us;
    if (row->due_us <= course->now_us)
        row->state = row->late_by_design && target->late == SLA_LATE_SUPPRESS
                         ? SLA_THRESHOLD_SUPPRESSED
                         : SLA_THRESHOLD_DUE;
    return STATUS_OK;
}

enum status sla_clock_thresholds(struct arena *arena, const struct sla_clock *clock,
                                 const struct sla_target *target, const struct sla_rating *rating,
                                 int64_t now_us, const struct sla_threshold_due **ret_rows,
                                 struct error *ret_error)
{
    struct sla_threshold_due *rows = arena_array(arena, target->threshold_count, sizeof(*rows));
    enum status status = STATUS_OK;
    struct sla_course course;

    if (sla_course_init(&course, clock, rating, now_us, ret_error) != STATUS_OK)
        return ret_error->status;
    for (size_t i = 0; i < target->threshold_count && status == STATUS_OK; i++) {
        rows[i].threshold = &target->thresholds[i];
        status = plan(&course, clock, target, &rows[i], ret_error);
    }
    sla_course_deinit(&course);
    if (status == STATUS_OK)
        *ret_rows = rows;
    return status;
}

/* ---- shares ---- */

struct shares {
    struct arena *arena;
    struct sla_share *items;
    size_t count;
    size_t capacity;
};

static struct sla_share *share_of(struct shares *shares, const char *name)
{
    for (size_t i = 0; i < shares->count; i++) {
        if (strcmp(shares->items[i].name, name) == 0)
            return &shares->items[i];
    }
    if (shares->count == shares->capacity) {
        size_t capacity = shares->capacity == 0 ? 8 : shares->capacity * 2;

        shares->items = arena_grow(shares->arena, shares->items, shares->count, capacity,
                                   sizeof(*shares->items));
        shares->capacity = capacity;
    }
    shares->items[shares->count] = (struct sla_share){.name = name};
    return &shares->items[shares->count++];
}

static const char *owner(const struct sla_mark *mark, enum sla_dimension dimension)
{
    if (mark == NULL)
        return "";
    return dimension == SLA_BY_GROUP    ? mark->group
           : dimension == SLA_BY_PERSON ? mark->person
                                        : mark->state;
}

/* One running stretch, cut at the marks in it; what lies before the first mark is nobody's. */
static enum status share_out(struct shares *shares, const struct sla_clock *clock,
                             const struct sla_rating *rating, enum sla_dimension dimension,
                             int64_t from_us, int64_t to_us, struct error *ret_error)
{
    for (size_t i = 0; i <= clock->mark_count; i++) {
        const struct sla_mark *mark = i > 0 ? &clock->marks[i - 1] : NULL;
        int64_t begin = mark != NULL && mark->at_us > from_us ? mark->at_us : from_us;
        int64_t end = i < clock->mark_count ? cut(clock->marks[i].at_us, to_us) : to_us;
        int64_t working_us = 0;
        struct sla_share *share;

        if (begin >= end)
            continue;
        if (sla_rating_between(rating, begin, end, &working_us, ret_error) != STATUS_OK)
            return ret_error->status;
        share = share_of(shares, owner(mark, dimension));
        share->elapsed_us += working_us;
        share->elapsed_wall_us += end - begin;
    }
    return STATUS_OK;
}

enum status sla_clock_breakdown(struct arena *arena, const struct sla_clock *clock,
                                const struct sla_rating *rating, int64_t now_us,
                                enum sla_dimension dimension, const struct sla_share **ret_shares,
                                size_t *ret_count, struct error *ret_error)
{
    struct shares shares = {.arena = arena};
    struct sla_rating own = sla_clock_rating(clock, rating);
    int64_t end_us =
        now_us > clock->changed_us && sla_clock_is_open(clock) ? now_us : clock->changed_us;

    for (size_t i = 0; i < clock->interval_count; i++) {
        const struct sla_interval *interval = &clock->intervals[i];

        if (interval->running && interval->cycle == sla_clock_cycle(clock) &&
            share_out(&shares, clock, &own, dimension, interval->from_us,
                      cut(interval->to_us, end_us), ret_error) != STATUS_OK)
            return ret_error->status;
    }
    *ret_shares = shares.items;
    *ret_count = shares.count;
    return STATUS_OK;
}
