/* Timers: when they are due, and the next firing of a cycle.
 *
 * A cycle keeps to the grid that its start and duration span: each firing is counted from the due
 * date of the last one, never from when it was noticed; grid points that have passed meanwhile are
 * skipped. `R3/…` fires exactly three times. Only events that interrupt nothing repeat (boundary
 * events, event sub-processes): the others can happen but once. */
#include "bpmn/step/element.h"

#include <string.h>

struct plan {
    uint32_t definition;
    bool never; /* no firing is left */
    int64_t due_us;
    const char *repeat;
    int64_t repeats_left;
};

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
static const char *with_start(struct step *step, const char *text)
{
    char start[ISO8601_INSTANT_BYTES];
    const char *slash = strchr(text, '/');

    INVARIANT(slash != NULL); /* it was parsed as a repeating interval */
    return arena_format(step->env->arena, "%.*s/%s%s", (int)(slash - text), text,
                        iso8601_format_instant_us(step->env->now_us, start), slash);
}

/* Can it happen again? A catch event's token goes on; an interrupting event ends what it is for. */
static bool may_repeat(const struct bpmn_element *event)
{
    return !event->interrupting &&
           (event->type == BPMN_BOUNDARY_EVENT || event->type == BPMN_START_EVENT);
}

static enum status plan_cycle(struct step *step, const struct bpmn_element *event, const char *text,
                              struct plan *plan, struct error *ret_error)
{
    int64_t now_us = step->env->now_us;
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
    if (may_repeat(event)) {
        plan->repeats_left = repeat.count < 0 ? -1 : repeat.count - 1;
        plan->repeat = repeat.has_start ? text : with_start(step, text);
    }
    return STATUS_OK;
}

static enum status plan_once(struct step *step, const struct bpmn_element *event, const char *text,
                             struct plan *plan, struct error *ret_error)
{
    struct iso8601_duration duration;
    enum status status;

    if (event->events.items[plan->definition].timer_kind == BPMN_TIMER_DATE && text[0] != 'P')
        return iso8601_parse_instant(text, &plan->due_us, ret_error);
    status = iso8601_parse_duration(text, &duration, ret_error);
    if (status != STATUS_OK)
        return status;
    return iso8601_add(step->env->now_us, &duration, &plan->due_us, ret_error);
}

static void arm(struct step *step, const struct place *at, const struct bpmn_element *event,
                const struct plan *plan)
{
    struct bpmn_change change = step_change(step, BPMN_CHANGE_TIMER_ARMED, at);

    change.element = event->index;
    change.definition = plan->definition;
    change.due_us = plan->due_us;
    change.repeat = plan->repeat;
    change.repeats_left = plan->repeats_left;
    step_wait(step, &change);
}

enum status timer_arm(struct step *step, const struct place *at, const struct bpmn_element *event,
                      uint32_t definition, struct error *ret_error)
{
    const struct bpmn_event_definition *defined = &event->events.items[definition];
    struct plan plan = {.definition = definition};
    const char *text = NULL;
    struct place seen_from = *at;
    enum status status;

    PRE(defined->kind == BPMN_EVENT_TIMER && defined->timer != NULL);
    seen_from.element = event; /* errors name the event, not the activity it is attached to */
    status = evaluate_text(step, &seen_from, defined->timer, "timer", &text, ret_error);
    if (status != STATUS_OK)
        return status;
    if (text == NULL)
        text = "";
    status = defined->timer_kind == BPMN_TIMER_CYCLE
                 ? plan_cycle(step, event, text, &plan, ret_error)
                 : plan_once(step, event, text, &plan, ret_error);
    if (status != STATUS_OK)
        return evaluate_failed(event, "timer", ret_error);
    if (plan.never) {
        /* A boundary event that can not happen any more is not armed. A token may not be stuck at
         * a catch event for ever: it goes on at once. */
        if (event->type == BPMN_BOUNDARY_EVENT || event->type == BPMN_START_EVENT)
            return STATUS_OK;
        plan.due_us = step->env->now_us;
    }
    arm(step, at, event, &plan);
    return STATUS_OK;
}

enum status timer_repeat(struct step *step, const struct place *at, const struct bpmn_wait *fired,
                         struct error *ret_error)
{
    const struct bpmn_element *event = &step->model->elements[fired->element];
    struct plan plan = {.definition = fired->definition, .repeat = fired->repeat};
    struct iso8601_repeat repeat;
    struct error past_the_calendar;
    enum status status;

    if (fired->repeat == NULL || fired->repeats_left == 0)
        return STATUS_OK;
    status = parse_cycle(fired->repeat, &repeat, ret_error);
    if (status != STATUS_OK)
        return evaluate_failed(event, "timer", ret_error);
    status = next_on_grid(fired->due_us, &repeat.duration, step->env->now_us, &plan.due_us,
                          &past_the_calendar);
    /* After the year 9999, or after its own end, a cycle is over. */
    if (status != STATUS_OK || (repeat.has_end && plan.due_us > repeat.end_us))
        return STATUS_OK;
    plan.repeats_left = fired->repeats_left < 0 ? -1 : fired->repeats_left - 1;
    arm(step, at, event, &plan);
    return STATUS_OK;
}
