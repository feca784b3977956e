/* See zone.h: what a zone's clocks show, and when they showed it. */
#include "bpmn/worktime/zone.h"

#include "bpmn/worktime/civil.h"
#include "bpmn/worktime/zone_private.h"

/* Local times of an instant lie within this many seconds of it. */
enum { NEAR_S = ZONE_OFFSET_S_MAX + 1 };

static const struct zone utc = {.name = "UTC", .regular_from_s = INT64_MIN};

/* A stretch of time with one offset, up to `to_s` (INT64_MAX: for ever). */
struct stretch {
    int64_t to_s;
    int32_t offset_s;
    int32_t offset_after_s;
};

const struct zone *zone_utc(void)
{
    return &utc;
}

const char *zone_name(const struct zone *zone)
{
    return zone->name;
}

int64_t zone_regular_from_us(const struct zone *zone)
{
    /* tzdata begins some files with a transition at the beginning of time. */
    if (zone->regular_from_s < INT64_MIN / CIVIL_SECOND_US)
        return INT64_MIN;
    if (zone->regular_from_s > INT64_MAX / CIVIL_SECOND_US)
        return INT64_MAX;
    return zone->regular_from_s * CIVIL_SECOND_US;
}

/* How many of the changes that are written out lie at or before `at_s`. */
static uint32_t changes_until(const struct zone *zone, int64_t at_s)
{
    uint32_t low = 0;
    uint32_t high = zone->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (zone->at_s[middle] <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool rule_counts(const struct zone *zone, int64_t at_s)
{
    return zone->has_rule && at_s >= zone->regular_from_s;
}

static int32_t offset_at(const struct zone *zone, int64_t at_s)
{
    uint32_t passed;

    if (rule_counts(zone, at_s))
        return zone_rule_offset_s(&zone->rule, at_s);
    passed = changes_until(zone, at_s);
    return passed == 0 ? zone->first_offset_s : zone->offset_s[passed - 1];
}

/* The rule's first change after `at_s` to another offset than `offset_s`. */
static bool next_by_rule(const struct zone *zone, int64_t at_s, int32_t offset_s,
                         struct zone_rule_change *ret_change)
{
    struct zone_rule_change changes[ZONE_RULE_CHANGES];

    if (!zone->rule.has_summer)
        return false;
    zone_rule_changes(
        &zone->rule,
        civil_date_of(civil_floor_divide(at_s + zone->rule.standard_s, CIVIL_DAY_S)).year, changes);
    for (int i = 0; i < ZONE_RULE_CHANGES; i++) {
        if (changes[i].at_s > at_s && changes[i].offset_s != offset_s) {
            *ret_change = changes[i];
            return true;
        }
    }
    return false;
}

/* The stretch that `at_s` is in. */
static struct stretch stretch_at(const struct zone *zone, int64_t at_s)
{
    struct stretch stretch = {.to_s = INT64_MAX};
    struct zone_rule_change change;
    uint32_t passed;

    if (rule_counts(zone, at_s)) {
        stretch.offset_s = zone_rule_offset_s(&zone->rule, at_s);
    } else {
        passed = changes_until(zone, at_s);
        stretch.offset_s = passed == 0 ? zone->first_offset_s : zone->offset_s[passed - 1];
        if (passed < zone->count) {
            stretch.to_s = zone->at_s[passed];
            stretch.offset_after_s = zone->offset_s[passed];
            return stretch;
        }
        if (!zone->has_rule)
            return stretch;
        /* The last change was before the rule begins to count. */
        if (zone->regular_from_s > at_s)
            at_s = zone->regular_from_s;
    }
    if (next_by_rule(zone, at_s, stretch.offset_s, &change)) {
        stretch.to_s = change.at_s;
        stretch.offset_after_s = change.offset_s;
    }
    return stretch;
}

int32_t zone_offset_s(const struct zone *zone, int64_t utc_us)
{
    return offset_at(zone, civil_floor_divide(utc_us, CIVIL_SECOND_US));
}

int64_t zone_to_local_us(const struct zone *zone, int64_t utc_us)
{
    return utc_us + zone_offset_s(zone, utc_us) * CIVIL_SECOND_US;
}

bool zone_next_change(const struct zone *zone, int64_t utc_us, int64_t *ret_utc_us)
{
    int64_t at_s = civil_floor_divide(utc_us, CIVIL_SECOND_US);
    struct stretch stretch = stretch_at(zone, at_s);

    if (stretch.to_s >= civil_days(10000, 1, 1) * CIVIL_DAY_S)
        return false;
    *ret_utc_us = stretch.to_s * CIVIL_SECOND_US;
    return true;
}

/* The first stretch in which the clocks reach `local_s`: it holds that local time, or its end is a
 * gap that does. `ret_utc_s` is the instant by the offset of that stretch. */
static struct stretch find_local(const struct zone *zone, int64_t local_s, int64_t *ret_utc_s)
{
    struct stretch stretch = stretch_at(zone, local_s - NEAR_S);

    while (stretch.to_s != INT64_MAX && local_s - stretch.offset_s >= stretch.to_s &&
           local_s - stretch.offset_after_s >= stretch.to_s)
        stretch = stretch_at(zone, stretch.to_s);
    *ret_utc_s = local_s - stretch.offset_s;
    return stretch;
}

static bool in_gap(const struct stretch *stretch, int64_t utc_s)
{
    return utc_s >= stretch->to_s;
}

/* Whether clocks show `local_s` again after the stretch that `utc_s` is in. */
static bool comes_again(const struct zone *zone, int64_t local_s, struct stretch stretch)
{
    while (stretch.to_s <= local_s + NEAR_S) {
        int64_t from_s = stretch.to_s;

        stretch = stretch_at(zone, from_s);
        if (local_s - stretch.offset_s >= from_s && local_s - stretch.offset_s < stretch.to_s)
            return true;
    }
    return false;
}

int64_t zone_to_utc_us(const struct zone *zone, int64_t local_us, enum zone_local *ret_kind)
{
    int64_t local_s = civil_floor_divide(local_us, CIVIL_SECOND_US);
    int64_t utc_s;
    struct stretch stretch = find_local(zone, local_s, &utc_s);

    if (ret_kind != NULL) {
        *ret_kind = in_gap(&stretch, utc_s)               ? ZONE_LOCAL_GAP
                    : comes_again(zone, local_s, stretch) ? ZONE_LOCAL_AMBIGUOUS
                                                          : ZONE_LOCAL_UNIQUE;
    }
    return local_us - stretch.offset_s * CIVIL_SECOND_US;
}

int64_t zone_reaches_us(const struct zone *zone, int64_t local_us)
{
    int64_t local_s = civil_floor_divide(local_us, CIVIL_SECOND_US);
    int64_t utc_s;
    struct stretch stretch = find_local(zone, local_s, &utc_s);

    if (in_gap(&stretch, utc_s))
        return stretch.to_s * CIVIL_SECOND_US;
    return local_us - stretch.offset_s * CIVIL_SECOND_US;
}
