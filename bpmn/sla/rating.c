/* See rating.h. Version i rates [from(i), from(i + 1)); the first one that counts also rates what
 * was before it, the last one everything after. */
#include "bpmn/sla/rating.h"

static size_t first_version(const struct sla_rating *rating)
{
    if (rating->floor_version != 0) {
        for (size_t i = rating->count; i-- > 0;) {
            if (rating->versions[i].version == rating->floor_version)
                return i;
        }
    }
    return 0;
}

/* Where version `index` begins and ends to count. */
static int64_t counts_from(const struct sla_rating *rating, size_t first, size_t index)
{
    return index == first ? WORKTIME_MIN_US : rating->versions[index].valid_from_us;
}

static int64_t counts_to(const struct sla_rating *rating, size_t index)
{
    return index + 1 < rating->count ? rating->versions[index + 1].valid_from_us : WORKTIME_MAX_US;
}

static int64_t later(int64_t left, int64_t right)
{
    return left > right ? left : right;
}

static int64_t earlier(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

enum status sla_rating_between(const struct sla_rating *rating, int64_t from_us, int64_t to_us,
                               int64_t *ret_duration_us, struct error *ret_error)
{
    size_t first = first_version(rating);
    int64_t sum = 0;

    PRE(rating->count > 0);
    for (size_t i = first; i < rating->count; i++) {
        int64_t from = i == first ? from_us : later(from_us, counts_from(rating, first, i));
        int64_t to = i + 1 == rating->count ? to_us : earlier(to_us, counts_to(rating, i));
        int64_t part = 0;

        if (from >= to)
            continue;
        if (worktime_between(rating->versions[i].calendar, from, to, NULL, 0, &part, ret_error) !=
            STATUS_OK)
            return ret_error->status;
        sum += part;
    }
    *ret_duration_us = sum;
    return STATUS_OK;
}

enum status sla_rating_add(const struct sla_rating *rating, int64_t start_us, int64_t duration_us,
                           const struct worktime_pause *pauses, size_t pause_count, int64_t *ret_us,
                           struct error *ret_error)
{
    size_t first = first_version(rating);
    int64_t left_us = duration_us;

    PRE(rating->count > 0);
    for (size_t i = first; i < rating->count; i++) {
        const struct calendar *calendar = rating->versions[i].calendar;
        int64_t from = i == first ? start_us : later(start_us, counts_from(rating, first, i));
        int64_t to = counts_to(rating, i);
        bool is_last = i + 1 == rating->count;
        int64_t part = 0;
        int64_t reached = 0;

        if (!is_last) {
            if (from >= to)
                continue;
            if (worktime_between(calendar, from, to, pauses, pause_count, &part, ret_error) !=
                STATUS_OK)
                return ret_error->status;
            if (part < left_us) {
                left_us -= part;
                continue;
            }
        }
        if (worktime_add(calendar, from, left_us, pauses, pause_count, &reached, ret_error) !=
            STATUS_OK)
            return ret_error->status;
        /* Nothing left to count, and the next open moment belongs to the next version. */
        if (!is_last && reached > to)
            continue;
        *ret_us = reached;
        return STATUS_OK;
    }
    UNREACHABLE();
}

static enum status days_end(const struct calendar *calendar, int64_t start_us,
                            const struct sla_duration *duration, int64_t *ret_us,
                            struct error *ret_error)
{
    if (duration->unit == SLA_END_OF_DAY)
        return worktime_end_of_business_day(calendar, start_us, duration->days, ret_us, ret_error);
    return worktime_add_business_days(calendar, start_us, duration->days, ret_us, ret_error);
}

enum status sla_rating_resolve(const struct sla_rating *rating, int64_t start_us,
                               const struct sla_duration *duration, int64_t *ret_duration_us,
                               struct error *ret_error)
{
    int64_t end_us = 0;

    PRE(rating->count > 0);
    if (duration->unit == SLA_WORKING_TIME) {
        *ret_duration_us = duration->time_us;
        return STATUS_OK;
    }
    /* Days are counted by the version that is valid when they are over. */
    for (size_t i = first_version(rating); i < rating->count; i++) {
        bool is_last = i + 1 == rating->count;

        if (!is_last && counts_to(rating, i) <= start_us)
            continue;
        if (days_end(rating->versions[i].calendar, start_us, duration, &end_us, ret_error) !=
            STATUS_OK)
            return ret_error->status;
        if (is_last || end_us < counts_to(rating, i))
            break;
    }
    return sla_rating_between(rating, start_us, end_us, ret_duration_us, ret_error);
}

bool sla_rating_is_open(const struct sla_rating *rating, int64_t at_us)
{
    size_t first = first_version(rating);
    size_t index = first;

    PRE(rating->count > 0);
    for (size_t i = first + 1; i < rating->count; i++) {
        if (rating->versions[i].valid_from_us <= at_us)
            index = i;
    }
    return worktime_is_open(rating->versions[index].calendar, at_us);
}
