/* See timer_plan.h. */
#include "bpmn/step/timer_plan.h"

#include <string.h>

/* The first point of the grid from + k·duration (k ≥ 1) after `after_us`. */
static enum status next_on_grid(int64_t from_us, const struct iso8601_duration *duration,
                                int64_t after_us, int64_t *ret_due_us, struct error *ret_error)
{
    int64_t due_us;
    enum status status = iso8601_add(from_us, duration, &due_us, ret_error);

    if (status != STATUS_OK)
        return status;
    INVARIANT(due_us > from_us);
    if (due_us <= after_us && duration->years == 0 && duration->months == 0) {
        int64_t period_us = due_us - from_us;

        due_us = from_us + ((after_us - from_us) / period_us + 1) * period_us;
    }
    /* Months have different lengths; the years that can be written bound this loop. */
    while (due_us <= after_us) {
        int64_t last_us = due_us;

        status = iso8601_add(last_us, duration, &due_us, ret_error);
        if (status != STATUS_OK)
            return status;
    }
    *ret_due_us = due_us;
    return STATUS_OK;
}

static enum status parse_cycle(const char *text, struct iso8601_repeat *ret_repeat,
                               struct error *ret_error)
{
    enum status status = iso8601_parse_repeat(text, ret_repeat, ret_error);

    if (status == STATUS_OK && iso8601_duration_is_zero(&ret_repeat->duration))
        return error_set(ret_error, STATUS_FAILED,
                         "Expected a cycle whose duration is longer than zero but found '%s'.",
                         text);
    return status;
}

/* "R3/PT10H" → "R3/2026-01-01T00:00:00.000000Z/PT10H". */
static const char *with_start(struct arena *arena, const char *text, int64_t now_us)
{
    char start[ISO8601_INSTANT_BYTES];
    const char *slash = strchr(text, '/');

    INVARIANT(slash != NULL); /* it was parsed as a repeating interval */
    return arena_format(arena, "%.*s/%s%s", (int)(slash - text), text,
                        iso8601_format_instant_us(now_us, start), slash);
}

static enum status plan_cycle(const char *text, bool repeats, int64_t now_us, struct arena *arena,
                              struct timer_plan *plan, struct error *ret_error)
{
    struct iso8601_repeat repeat;
    enum status status = parse_cycle(text, &repeat, ret_error);

    if (status != STATUS_OK)
        return status;
    if (repeat.has_start && repeat.start_us >= now_us) {
        plan->due_us = repeat.start_us;
    } else {
        status = next_on_grid(repeat.has_start ? repeat.start_us : now_us, &repeat.duration, now_us,
                              &plan->due_us, ret_error);
        if (status != STATUS_OK)
            return status;
    }
    plan->never = repeat.count == 0 || (repeat.has_end && plan->due_us > repeat.end_us);
    if (repeats) {
        plan->repeats_left = repeat.count < 0 ? -1 : repeat.count - 1;
        plan->repeat = repeat.has_start ? text : with_start(arena, text, now_us);
    }
    return STATUS_OK;
}

static enum status plan_once(enum bpmn_timer_kind kind, const char *text, int64_t now_us,
                             struct timer_plan *plan, struct error *ret_error)
{
    struct iso8601_duration duration;
    enum status status;

    if (kind == BPMN_TIMER_DATE && text[0] != 'P')
        return iso8601_parse_instant(text, &plan->due_us, ret_error);
    status = iso8601_parse_duration(text, &duration, ret_error);
    return status == STATUS_OK ? iso8601_add(now_us, &duration, &plan->due_us, ret_error) : status;
}

enum status timer_plan(enum bpmn_timer_kind kind, const char *text, bool repeats, int64_t now_us,
                       struct arena *arena, struct timer_plan *ret_plan, struct error *ret_error)
{
    *ret_plan = (struct timer_plan){0};
    return kind == BPMN_TIMER_CYCLE ? plan_cycle(text, repeats, now_us, arena, ret_plan, ret_error)
                                    : plan_once(kind, text, now_us, ret_plan, ret_error);
}

enum status timer_plan_next(const char *repeat, int64_t repeats_left, int64_t due_us,
                            int64_t now_us, struct timer_plan *ret_plan, struct error *ret_error)
{
    struct iso8601_repeat cycle;
    struct error past_the_calendar;
    enum status status;

    *ret_plan = (struct timer_plan){.never = true, .repeat = repeat};
    if (repeat == NULL || repeats_left == 0)
        return STATUS_OK;
    status = parse_cycle(repeat, &cycle, ret_error);
    if (status != STATUS_OK)
        return status;
    status = next_on_grid(due_us, &cycle.duration, now_us, &ret_plan->due_us, &past_the_calendar);
    /* After the year 9999, or after its own end, a cycle is over. */
    if (status != STATUS_OK || (cycle.has_end && ret_plan->due_us > cycle.end_us))
        return STATUS_OK;
    ret_plan->never = false;
    ret_plan->repeats_left = repeats_left < 0 ? -1 : repeats_left - 1;
    return STATUS_OK;
}
