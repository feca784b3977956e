/* See timer_plan.h. */
#include "bpmn/timer/timer_plan.h"

#include "bpmn/timer/cron.h"

#include <string.h>

/* ---- cron ---- */

/* Whoever writes no blank did not mean a cron expression. */
static bool is_cron(const char *text)
{
    return text[0] != 'R' && strchr(text, ' ') != NULL;
}

struct cron_cycle {
    struct cron cron;
    bool has_end;
    int64_t end_us;
};

/* "0 0 8 ? * MON-FRI/2027-01-01": the expression, and when it ends. What follows a step's slash has
 * no '-' after four digits. */
static enum status parse_cron(const char *text, const struct timer_place *place,
                              struct cron_cycle *ret_cycle, struct error *ret_error)
{
    char expression[CRON_TEXT_MAX + 2];
    const char *slash = strrchr(text, '/');
    size_t length = strlen(text);
    enum status status = STATUS_OK;

    *ret_cycle = (struct cron_cycle){0};
    if (slash != NULL && strspn(slash + 1, "0123456789") == 4 && slash[5] == '-') {
        ret_cycle->has_end = true;
        length = (size_t)(slash - text);
        status = timer_place_instant(place, slash + 1, &ret_cycle->end_us, ret_error);
    }
    if (status != STATUS_OK)
        return status;
    if (length > CRON_TEXT_MAX)
        length = CRON_TEXT_MAX + 1; /* refused for its length */
    memcpy(expression, text, length);
    expression[length] = '\0';
    return cron_parse(expression, &ret_cycle->cron, ret_error);
}

static enum status plan_cron(const char *text, const struct timer_place *place, int64_t after_us,
                             struct timer_plan *plan, struct error *ret_error)
{
    const struct zone *zone = place->zone;
    struct cron_cycle cycle;
    enum status status = parse_cron(text, place, &cycle, ret_error);

    if (status != STATUS_OK)
        return status;
    if (zone == NULL && place->calendar != NULL)
        zone = calendar_zone(place->calendar);
    plan->never = !cron_next(&cycle.cron, zone, after_us, &plan->due_us) ||
                  (cycle.has_end && plan->due_us > cycle.end_us);
    plan->repeats_left = -1;
    return STATUS_OK;
}

/* ---- repeating intervals ---- */

static enum status parse_cycle(const char *text, const struct timer_place *place,
                               struct iso8601_repeat *ret_repeat, struct error *ret_error)
{
    enum status status = iso8601_parse_repeat(text, ret_repeat, ret_error);
    const struct zone *zone = place->zone;

    if (zone == NULL && place->calendar != NULL)
        zone = calendar_zone(place->calendar);
    if (status != STATUS_OK || zone == NULL)
        return status;
    if (ret_repeat->has_start && ret_repeat->start_is_local)
        ret_repeat->start_us = zone_to_utc_us(zone, ret_repeat->start_us, NULL);
    if (ret_repeat->has_end && ret_repeat->end_is_local)
        ret_repeat->end_us = zone_to_utc_us(zone, ret_repeat->end_us, NULL);
    return STATUS_OK;
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

static enum status plan_interval(const char *text, bool repeats, const struct timer_place *place,
                                 int64_t now_us, struct arena *arena, struct timer_plan *plan,
                                 struct error *ret_error)
{
    struct iso8601_repeat repeat;
    enum status status = parse_cycle(text, place, &repeat, ret_error);

    if (status != STATUS_OK)
        return status;
    if (repeat.has_start && repeat.start_us >= now_us) {
        plan->due_us = repeat.start_us;
    } else {
        status = timer_place_next(place, repeat.has_start ? repeat.start_us : now_us,
                                  &repeat.duration, now_us, &plan->due_us, ret_error);
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

/* ---- the plan ---- */

enum status timer_plan_due(const char *text, const struct timer_place *place, int64_t now_us,
                           int64_t *ret_due_us, struct error *ret_error)
{
    struct iso8601_duration duration;
    enum status status;

    if (text[0] != 'P' && text[0] != '-')
        return timer_place_instant(place, text, ret_due_us, ret_error);
    status = iso8601_parse_duration(text, &duration, ret_error);
    return status == STATUS_OK ? timer_place_add(place, now_us, &duration, ret_due_us, ret_error)
                               : status;
}

enum status timer_plan(enum bpmn_timer_kind kind, const char *text, bool repeats,
                       const struct timer_place *place, int64_t now_us, struct arena *arena,
                       struct timer_plan *ret_plan, struct error *ret_error)
{
    struct iso8601_duration duration;
    enum status status;

    *ret_plan = (struct timer_plan){0};
    if (kind == BPMN_TIMER_CYCLE && is_cron(text)) {
        ret_plan->repeat = repeats ? text : NULL;
        status = plan_cron(text, place, now_us, ret_plan, ret_error);
        if (!repeats)
            ret_plan->repeats_left = 0;
        return status;
    }
    if (kind == BPMN_TIMER_CYCLE)
        return plan_interval(text, repeats, place, now_us, arena, ret_plan, ret_error);
    if (kind == BPMN_TIMER_DATE)
        return timer_plan_due(text, place, now_us, &ret_plan->due_us, ret_error);
    status = iso8601_parse_duration(text, &duration, ret_error);
    return status == STATUS_OK
               ? timer_place_add(place, now_us, &duration, &ret_plan->due_us, ret_error)
               : status;
}

enum status timer_plan_next(const char *repeat, int64_t repeats_left,
                            const struct timer_place *place, int64_t due_us, int64_t now_us,
                            struct timer_plan *ret_plan, struct error *ret_error)
{
    struct iso8601_repeat cycle;
    struct error past_the_calendar;
    enum status status;

    *ret_plan = (struct timer_plan){.never = true, .repeat = repeat};
    if (repeat == NULL || repeats_left == 0)
        return STATUS_OK;
    if (is_cron(repeat))
        return plan_cron(repeat, place, due_us > now_us ? due_us : now_us, ret_plan, ret_error);
    status = parse_cycle(repeat, place, &cycle, ret_error);
    if (status != STATUS_OK)
        return status;
    /* A number of firings is owed, whenever; without one, those that were missed are over. */
    status = repeats_left > 0 ? timer_place_add(place, due_us, &cycle.duration, &ret_plan->due_us,
                                                &past_the_calendar)
                              : timer_place_next(place, due_us, &cycle.duration, now_us,
                                                 &ret_plan->due_us, &past_the_calendar);
    /* After the year 9999, or after its own end, a cycle is over. */
    if (status != STATUS_OK || (cycle.has_end && ret_plan->due_us > cycle.end_us))
        return STATUS_OK;
    ret_plan->never = false;
    ret_plan->repeats_left = repeats_left < 0 ? -1 : repeats_left - 1;
    return STATUS_OK;
}

/* ---- before it runs ---- */

static enum status check_units(const struct iso8601_duration *duration, bool has_calendar,
                               struct error *ret_error)
{
    if (!has_calendar && duration->business_days != 0)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a calendar beside business days (nBD): name it in "
                         "synergyflow:calendar.");
    if (has_calendar && (duration->years != 0 || duration->months != 0 || duration->weeks != 0 ||
                         duration->days != 0))
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a duration of working time (PT8H) or business days (P2BD) with "
                         "a calendar but found days, weeks, months or years.");
    return STATUS_OK;
}

static enum status check_date(const char *text, struct error *ret_error)
{
    const char *zone = strchr(text, '[');
    char date[64];
    bool has_offset;
    int64_t unused_us;

    if (zone == NULL || (size_t)(zone - text) >= sizeof(date) || text[strlen(text) - 1] != ']')
        return iso8601_parse_instant(text, &unused_us, ret_error);
    memcpy(date, text, (size_t)(zone - text));
    date[zone - text] = '\0';
    return iso8601_parse_local(date, &unused_us, &has_offset, ret_error);
}

enum status timer_plan_check(enum bpmn_timer_kind kind, const char *text, bool has_calendar,
                             struct error *ret_error)
{
    static const struct timer_place anywhere;
    struct iso8601_duration duration;
    struct iso8601_repeat repeat;
    struct cron_cycle cycle;
    enum status status;

    if (kind == BPMN_TIMER_CYCLE && is_cron(text))
        return parse_cron(text, &anywhere, &cycle, ret_error);
    if (kind == BPMN_TIMER_CYCLE) {
        status = iso8601_parse_repeat(text, &repeat, ret_error);
        duration = repeat.duration;
    } else if (kind == BPMN_TIMER_DATE && text[0] != 'P' && text[0] != '-') {
        return check_date(text, ret_error);
    } else {
        status = iso8601_parse_duration(text, &duration, ret_error);
    }
    return status == STATUS_OK ? check_units(&duration, has_calendar, ret_error) : status;
}
