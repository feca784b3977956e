/* Clocks as callers see them: figures, and why. */
#include "engine/sla/private.h"

#include "bpmn/iso8601.h"

json_t *sla_instant(int64_t us)
{
    char text[ISO8601_INSTANT_BYTES];

    return us == 0 || us == SLA_OPEN_US ? json_null()
                                        : json_string(iso8601_format_instant_us(us, text));
}

const struct sla_target *sla_row_target(const struct sla_book *book, const struct sla_row *row)
{
    const struct sla_policy *policy =
        sla_book_policy(book, row->clock->policy_id, row->clock->policy_version);

    return policy != NULL ? sla_policy_target(policy, row->clock->target) : NULL;
}

static void put(json_t *object, const char *name, json_t *value)
{
    int result = json_object_set_new(object, name, value);

    INVARIANT(result == 0);
}

static json_t *seconds(int64_t us)
{
    return us % 1000000 == 0 ? json_integer(us / 1000000) : json_real((double)us / 1e6);
}

static json_t *describe_intervals(const struct sla_clock *clock)
{
    json_t *list = json_array();

    for (size_t i = 0; i < clock->interval_count; i++) {
        const struct sla_interval *interval = &clock->intervals[i];

        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:i, s:o, s:o, s:s, s:s}", "state",
                      interval->running ? "running" : "paused", "cycle", (int)interval->cycle,
                      "from", sla_instant(interval->from_us), "to", sla_instant(interval->to_us),
                      "cause", interval->why.cause, "actor", interval->why.actor));
    }
    return list;
}

static json_t *describe_targets(const struct sla_clock *clock)
{
    json_t *list = json_array();

    for (size_t i = 0; i < clock->target_count; i++) {
        const struct sla_target_change *change = &clock->targets[i];
        char text[SLA_DURATION_BYTES];

        (void)json_array_append_new(
            list,
            json_pack("{s:o, s:s, s:I, s:s, s:s, s:s}", "at", sla_instant(change->at_us), "policy",
                      change->policy_id, "policyVersion", (json_int_t)change->policy_version,
                      "duration", sla_duration_format(&change->duration, text), "cause",
                      change->why.cause, "actor", change->why.actor));
    }
    return list;
}

static enum status describe_thresholds(const struct sla_book *book, const struct sla_row *row,
                                       const struct sla_rating *rating, int64_t now_us,
                                       json_t *list, struct error *ret_error)
{
    static const char *const states[] = {"waiting", "due", "fired", "suppressed"};
    const struct sla_target *target = sla_row_target(book, row);
    const struct sla_threshold_due *rows = NULL;
    enum status status;

    if (target == NULL)
        return STATUS_OK;
    status = sla_clock_thresholds(row->clock->arena, row->clock, target, rating, now_us, &rows,
                                  ret_error);
    for (size_t i = 0; status == STATUS_OK && i < target->threshold_count; i++) {
        bool fired = rows[i].state == SLA_THRESHOLD_FIRED;

        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:o, s:o, s:o, s:b}", "id", rows[i].threshold->id, "state",
                      states[rows[i].state], "dueAt",
                      rows[i].has_due || fired ? sla_instant(rows[i].due_us) : json_null(),
                      "firedAt", fired ? sla_instant(rows[i].fired_us) : json_null(), "lateMs",
                      fired ? json_real((double)(rows[i].fired_us - rows[i].due_us) / 1e3)
                            : json_null(),
                      "lateByDesign", rows[i].late_by_design));
    }
    return status;
}

static enum status describe_shares(const struct sla_row *row, const struct sla_rating *rating,
                                   int64_t now_us, json_t *object, struct error *ret_error)
{
    static const char *const names[] = {"byGroup", "byPerson", "byState"};
    enum status status = STATUS_OK;

    for (int dimension = SLA_BY_GROUP; dimension <= SLA_BY_STATE && status == STATUS_OK;
         dimension++) {
        const struct sla_share *shares = NULL;
        size_t count = 0;
        json_t *list = json_array();

        status = sla_clock_breakdown(row->clock->arena, row->clock, rating, now_us,
                                     (enum sla_dimension)dimension, &shares, &count, ret_error);
        for (size_t i = 0; i < count && status == STATUS_OK; i++)
            (void)json_array_append_new(
                list, json_pack("{s:s, s:o, s:o}", "name", shares[i].name, "elapsedSeconds",
                                seconds(shares[i].elapsed_us), "elapsedWallSeconds",
                                seconds(shares[i].elapsed_wall_us)));
        (void)json_object_set_new(object, names[dimension], list);
    }
    return status;
}

enum status sla_row_describe(const struct sla_book *book, const struct sla_row *row, int64_t now_us,
                             bool why, json_t **ret_object, struct error *ret_error)
{
    const struct sla_clock *clock = row->clock;
    struct sla_figures figures;
    struct sla_rating rating;
    json_t *object;
    json_t *thresholds = json_array();
    enum status status = sla_book_rating(book, clock->calendar, &rating, ret_error);

    if (status == STATUS_OK)
        status = sla_clock_figures(clock, &rating, now_us, &figures, ret_error);
    if (status == STATUS_OK)
        status = describe_thresholds(book, row, &rating, now_us, thresholds, ret_error);
    if (status != STATUS_OK) {
        json_decref(thresholds);
        return status;
    }
    object =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:i, s:o, s:o}", "id", clock->id,
                  "subjectType", sla_subject_type_name(row->type), "subjectId", clock->subject_id,
                  "policy", clock->policy_id, "policyVersion", (json_int_t)clock->policy_version,
                  "target", clock->target, "calendar", clock->calendar, "state",
                  sla_clock_state_name(figures.state), "cycle", (int)figures.cycle, "startedAt",
                  sla_instant(figures.start_us), "closedAt", sla_instant(figures.end_us));
    put(object, "targetSeconds", seconds(figures.target_us));
    put(object, "elapsedSeconds", seconds(figures.elapsed_us));
    put(object, "elapsedWallSeconds", seconds(figures.elapsed_wall_us));
    put(object, "pausedSeconds", seconds(figures.paused_us));
    put(object, "pausedWallSeconds", seconds(figures.paused_wall_us));
    put(object, "remainingSeconds", seconds(figures.remaining_us));
    put(object, "percent", json_real((double)figures.percent_thousandths / 1000.0));
    put(object, "deadline", sla_instant(figures.deadline_us));
    put(object, "deadlineFloats", json_boolean(figures.deadline_floats));
    put(object, "originalDeadline", sla_instant(figures.original_deadline_us));
    put(object, "breached", json_boolean(figures.breached));
    put(object, "breachedAt", figures.breached ? sla_instant(figures.breached_at_us) : json_null());
    put(object, "overrunSeconds", seconds(figures.overrun_us));
    put(object, "thresholds", thresholds);
    if (why) {
        put(object, "intervals", describe_intervals(clock));
        put(object, "targets", describe_targets(clock));
        status = describe_shares(row, &rating, now_us, object, ret_error);
    }
    if (status == STATUS_OK)
        *ret_object = object;
    else
        json_decref(object);
    return status;
}
