/* See worktime.h. */
#include "bpmn/worktime/worktime.h"

#include "bpmn/worktime/open_time.h"
#include "bpmn/worktime/pauses.h"

#include <inttypes.h>

/* ---- adding ---- */

/* No duration: the next moment that is open and not paused. */
static bool next_unpaused(const struct calendar *calendar, const struct pauses *pauses,
                          int64_t at_us, int64_t *ret_us)
{
    for (;;) {
        const struct worktime_pause *pause;

        if (!open_at(calendar, at_us) &&
            !open_find(calendar, open_before_us(calendar, at_us), &at_us))
            return false;
        pause = pauses_at(pauses, at_us);
        if (pause == NULL)
            break;
        at_us = pause->to_us;
    }
    *ret_us = at_us;
    return true;
}

static bool add(const struct calendar *calendar, const struct pauses *pauses, int64_t start_us,
                int64_t duration_us, int64_t *ret_us)
{
    int64_t before_us = open_before_us(calendar, start_us);
    int64_t end_us;

    for (size_t i = 0; i < pauses->count; i++) {
        const struct worktime_pause *pause = &pauses->items[i];
        int64_t until_us;

        if (pause->to_us <= start_us)
            continue;
        until_us = pause->from_us > start_us ? open_before_us(calendar, pause->from_us) : before_us;
        if (duration_us <= until_us - before_us)
            break;
        duration_us -= until_us - before_us;
        start_us = pause->to_us;
        before_us = open_before_us(calendar, start_us);
    }
    return !__builtin_add_overflow(before_us, duration_us, &end_us) &&
           open_find_end(calendar, end_us, ret_us);
}

/* ---- subtracting ---- */

/* No duration, backwards: the moment itself, else the last one at which open time that is not
 * paused ended. */
static bool previous_unpaused(const struct calendar *calendar, const struct pauses *pauses,
                              int64_t at_us, int64_t *ret_us)
{
    if (open_at(calendar, at_us) && pauses_at(pauses, at_us) == NULL) {
        *ret_us = at_us;
        return true;
    }
    for (;;) {
        const struct worktime_pause *pause = pauses_at(pauses, at_us);

        if (pause != NULL)
            at_us = pause->from_us;
        if (!open_find_end(calendar, open_before_us(calendar, at_us), &at_us))
            return false;
        pause = pauses_at(pauses, at_us - 1);
        if (pause == NULL)
            break;
        at_us = pause->from_us;
    }
    *ret_us = at_us;
    return true;
}

static bool subtract(const struct calendar *calendar, const struct pauses *pauses, int64_t start_us,
                     int64_t duration_us, int64_t *ret_us)
{
    int64_t before_us = open_before_us(calendar, start_us);

    for (size_t i = pauses->count; i-- > 0;) {
        const struct worktime_pause *pause = &pauses->items[i];
        int64_t since_us;

        if (pause->from_us >= start_us)
            continue;
        since_us = pause->to_us < start_us ? open_before_us(calendar, pause->to_us) : before_us;
        if (duration_us <= before_us - since_us)
            break;
        duration_us -= before_us - since_us;
        start_us = pause->from_us;
        before_us = open_before_us(calendar, start_us);
    }
    return duration_us <= before_us && open_find(calendar, before_us - duration_us, ret_us);
}

/* ---- the interface ---- */

static enum status check_duration(int64_t duration_us, struct error *error)
{
    if (duration_us >= 0)
        return STATUS_OK;
    return error_set_field(error, STATUS_INVALID, "duration",
                           "Expected a duration of 0 or more but found %" PRId64 " microseconds.",
                           duration_us);
}

enum status worktime_add(const struct calendar *calendar, int64_t start_us, int64_t duration_us,
                         const struct worktime_pause *pauses, size_t pause_count, int64_t *ret_us,
                         struct error *ret_error)
{
    struct pauses merged;
    int64_t result_us = 0;
    bool found;
    enum status status = open_check("start", start_us, ret_error);

    if (status == STATUS_OK)
        status = check_duration(duration_us, ret_error);
    if (status == STATUS_OK)
        status = pauses_init(&merged, pauses, pause_count, ret_error);
    if (status != STATUS_OK)
        return status;
    found = duration_us == 0 ? next_unpaused(calendar, &merged, start_us, &result_us)
                             : add(calendar, &merged, start_us, duration_us, &result_us);
    pauses_deinit(&merged);
    if (!found)
        return open_never(calendar, "duration", true, ret_error);
    POST(result_us >= start_us);
    *ret_us = result_us;
    return STATUS_OK;
}

enum status worktime_subtract(const struct calendar *calendar, int64_t start_us,
                              int64_t duration_us, const struct worktime_pause *pauses,
                              size_t pause_count, int64_t *ret_us, struct error *ret_error)
{
    struct pauses merged;
    int64_t result_us = 0;
    bool found;
    enum status status = open_check("start", start_us, ret_error);

    if (status == STATUS_OK)
        status = check_duration(duration_us, ret_error);
    if (status == STATUS_OK)
        status = pauses_init(&merged, pauses, pause_count, ret_error);
    if (status != STATUS_OK)
        return status;
    found = duration_us == 0 ? previous_unpaused(calendar, &merged, start_us, &result_us)
                             : subtract(calendar, &merged, start_us, duration_us, &result_us);
    pauses_deinit(&merged);
    if (!found)
        return open_never(calendar, "duration", false, ret_error);
    POST(result_us <= start_us);
    *ret_us = result_us;
    return STATUS_OK;
}

enum status worktime_between(const struct calendar *calendar, int64_t from_us, int64_t to_us,
                             const struct worktime_pause *pauses, size_t pause_count,
                             int64_t *ret_duration_us, struct error *ret_error)
{
    struct pauses merged;
    int64_t duration_us = 0;
    enum status status = open_check("start", from_us, ret_error);

    if (status == STATUS_OK)
        status = open_check("end", to_us, ret_error);
    if (status == STATUS_OK)
        status = pauses_init(&merged, pauses, pause_count, ret_error);
    if (status != STATUS_OK)
        return status;
    if (from_us < to_us)
        duration_us = open_before_us(calendar, to_us) - open_before_us(calendar, from_us);
    for (size_t i = 0; i < merged.count; i++) {
        int64_t begun_us = merged.items[i].from_us > from_us ? merged.items[i].from_us : from_us;
        int64_t ended_us = merged.items[i].to_us < to_us ? merged.items[i].to_us : to_us;

        if (begun_us < ended_us)
            duration_us -= open_before_us(calendar, ended_us) - open_before_us(calendar, begun_us);
    }
    pauses_deinit(&merged);
    POST(duration_us >= 0);
    *ret_duration_us = duration_us;
    return STATUS_OK;
}

enum status worktime_next_open(const struct calendar *calendar, int64_t at_us, int64_t *ret_us,
                               struct error *ret_error)
{
    return worktime_add(calendar, at_us, 0, NULL, 0, ret_us, ret_error);
}

enum status worktime_previous_open(const struct calendar *calendar, int64_t at_us, int64_t *ret_us,
                                   struct error *ret_error)
{
    return worktime_subtract(calendar, at_us, 0, NULL, 0, ret_us, ret_error);
}

bool worktime_is_open(const struct calendar *calendar, int64_t at_us)
{
    return at_us >= WORKTIME_MIN_US && at_us <= WORKTIME_MAX_US && open_at(calendar, at_us);
}

/* ---- segments ---- */

/* How far everything is open from `from_us` on, at most to `to_us`. Within a day that is a look; a
 * stretch over many days is halved, since open time since `from_us` is all time exactly as long as
 * nothing closes. */
static int64_t open_until(const struct calendar *calendar, int64_t from_us, int64_t to_us)
{
    int64_t before_us = open_before_us(calendar, from_us);
    int64_t open_us = open_segment(calendar, from_us).to_us;
    int64_t step_us = to_us;

    if (open_us >= to_us)
        return to_us;
    if (!open_at(calendar, open_us))
        return open_us;
    /* Open up to `open_us`, not up to `step_us` unless that is the end. */
    while (step_us - open_us > 1) {
        int64_t middle_us = open_us + (step_us - open_us) / 2;

        if (open_before_us(calendar, middle_us) - before_us == middle_us - from_us)
            open_us = middle_us;
        else
            step_us = middle_us;
    }
    return open_before_us(calendar, to_us) - before_us == to_us - from_us ? to_us : open_us;
}

enum status worktime_segments(const struct calendar *calendar, int64_t from_us, int64_t to_us,
                              struct worktime_segment *ret_segments, size_t segments_max,
                              size_t *ret_count, struct error *ret_error)
{
    enum status status = open_check("start", from_us, ret_error);
    size_t count = 0;

    if (status == STATUS_OK)
        status = open_check("end", to_us, ret_error);
    if (status != STATUS_OK)
        return status;
    while (count < segments_max && from_us < to_us) {
        if (!open_at(calendar, from_us) &&
            !open_find(calendar, open_before_us(calendar, from_us), &from_us))
            break;
        if (from_us >= to_us)
            break;
        ret_segments[count].from_us = from_us;
        from_us = open_until(calendar, from_us, to_us);
        ret_segments[count++].to_us = from_us;
    }
    *ret_count = count;
    return STATUS_OK;
}
