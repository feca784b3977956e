/* What is open on one day, in UTC.
 *
 * A date's windows become instants by the zone's rules (zone_to_utc_us()). Next to a change of the
 * clocks they may come to lie on each other, or move into the next day, when they begin or end in a
 * gap: open time is the union of them all, and a day takes the part that lies between its beginning
 * and the next day's. So days never share a second and never miss one. */
#include "bpmn/worktime/calendar_private.h"
#include "bpmn/worktime/civil.h"

/* A window in a gap moves forward by at most twice the largest offset. */
enum { DAYS_REACHED = 3 };

struct windows day_windows(const struct calendar *calendar, int64_t date)
{
    uint32_t low = 0;
    uint32_t high = calendar->rule_count;
    struct civil_date civil;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (calendar->rules[middle].day < date)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < calendar->rule_count && calendar->rules[low].day == date)
        return calendar->rules[low].open;
    civil = civil_date_of(date);
    if (calendar->annual[civil.month - 1][civil.day - 1] != NULL)
        return (struct windows){0};
    return calendar->week[civil_weekday(date)];
}

static int64_t begins_s(const struct zone *zone, int64_t date)
{
    return civil_floor_divide(zone_reaches_us(zone, date * CIVIL_DAY_US), CIVIL_SECOND_US);
}

static void add_segment(struct day *day, int64_t from_s, int64_t to_s)
{
    INVARIANT(day->count < DAY_SEGMENTS_MAX);
    day->segments[day->count++] = (struct day_segment){from_s, to_s};
}

static int64_t instant_s(const struct zone *zone, int64_t date, int32_t second_of_day)
{
    int64_t local_us = date * CIVIL_DAY_US + second_of_day * CIVIL_SECOND_US;

    return zone_to_utc_us(zone, local_us, NULL) / CIVIL_SECOND_US;
}

/* The windows of `date` as far as they lie in `day`. */
static void add_windows(const struct calendar *calendar, int64_t date, struct day *day)
{
    struct windows windows = day_windows(calendar, date);

    for (uint32_t i = 0; i < windows.count; i++) {
        int64_t from_s = instant_s(calendar->zone, date, windows.items[i].from_s);
        int64_t to_s = instant_s(calendar->zone, date, windows.items[i].to_s);

        from_s = from_s < day->from_s ? day->from_s : from_s;
        to_s = to_s > day->to_s ? day->to_s : to_s;
        if (from_s < to_s)
            add_segment(day, from_s, to_s);
    }
}

static void put_in_order(struct day *day)
{
    uint32_t kept = 0;

    for (uint32_t i = 1; i < day->count; i++) {
        struct day_segment segment = day->segments[i];
        uint32_t at = i;

        for (; at > 0 && day->segments[at - 1].from_s > segment.from_s; at--)
            day->segments[at] = day->segments[at - 1];
        day->segments[at] = segment;
    }
    for (uint32_t i = 0; i < day->count; i++) {
        struct day_segment segment = day->segments[i];

        if (kept > 0 && day->segments[kept - 1].to_s >= segment.from_s) {
            if (day->segments[kept - 1].to_s < segment.to_s)
                day->segments[kept - 1].to_s = segment.to_s;
        } else {
            day->segments[kept++] = segment;
        }
    }
    day->count = kept;
}

/* Whether the offset stays as it is from three days before the date until its end. */
static bool is_quiet(const struct zone *zone, const struct day *day)
{
    int64_t change_us;
    int64_t before_us = (day->from_s - DAYS_REACHED * CIVIL_DAY_S) * CIVIL_SECOND_US;

    return !zone_next_change(zone, before_us, &change_us) ||
           change_us > day->to_s * CIVIL_SECOND_US;
}

void day_open(const struct calendar *calendar, int64_t date, struct day *ret_day)
{
    const struct zone *zone = calendar->zone;

    ret_day->count = 0;
    ret_day->from_s = begins_s(zone, date);
    ret_day->to_s = begins_s(zone, date + 1);
    if (is_quiet(zone, ret_day)) {
        struct windows windows = day_windows(calendar, date);

        for (uint32_t i = 0; i < windows.count; i++)
            add_segment(ret_day, ret_day->from_s + windows.items[i].from_s,
                        ret_day->from_s + windows.items[i].to_s);
        return;
    }
    if (ret_day->from_s == ret_day->to_s)
        return;
    for (int64_t back = DAYS_REACHED; back >= 0; back--) {
        /* A date that the zone skipped is no working day. */
        if (begins_s(zone, date - back) < begins_s(zone, date - back + 1))
            add_windows(calendar, date - back, ret_day);
    }
    put_in_order(ret_day);
}
