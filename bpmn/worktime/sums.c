/* Sums over days that answer "how much before this date" and "on which date does it pass that".
 *
 * Most days are as their day of the week says, and are summed up by multiplication. What is not is
 * written out for each year: dates with rules of their own, yearly holidays, days whose length the
 * zone changes. A year without dates of its own, after the last change that the zone's file writes
 * out, looks like every other year that begins on the same day of the week and has the same length
 * (and whose neighbours have): there are 28 such kinds at most, and they repeat every 400 years.
 * So a calendar needs some 100 years written out, whatever the distance asked for. */
#include "bpmn/worktime/calendar_private.h"
#include "bpmn/worktime/civil.h"

#include <string.h>

enum {
    CYCLE_YEARS = 400,
    KINDS = 7 * 8,
    YEAR_DAYS_MAX = 366,
    RULES_REACH_DAYS = 4 /* how far a date's windows may move */
};

struct preparing {
    struct arena *arena;
    struct calendar *calendar;
    const struct year_profile *kinds[KINDS];
    bool irregular[YEAR_DAYS_MAX];
};

/* ---- one year ---- */

static int64_t days_in_year(int64_t year)
{
    return civil_is_leap(year) ? 366 : 365;
}

static uint32_t first_rule_from(const struct calendar *calendar, int64_t day)
{
    uint32_t low = 0;
    uint32_t high = calendar->rule_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (calendar->rules[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void mark(struct preparing *preparing, int64_t year_begins, int64_t year_days,
                 int64_t from_day, int64_t to_day)
{
    for (int64_t day = from_day; day <= to_day; day++) {
        if (day >= year_begins && day < year_begins + year_days)
            preparing->irregular[day - year_begins] = true;
    }
}

/* The days that a change of the clocks touches: on which it happens by the clock before and after,
 * and into which windows move that begin or end in a gap. */
static void mark_changes(struct preparing *preparing, int64_t year_begins, int64_t year_days)
{
    const struct zone *zone = preparing->calendar->zone;
    int64_t end_us = (year_begins + year_days + RULES_REACH_DAYS) * CIVIL_DAY_US;
    int64_t change_us = (year_begins - RULES_REACH_DAYS) * CIVIL_DAY_US;

    while (zone_next_change(zone, change_us, &change_us) && change_us < end_us) {
        int64_t before_us = zone_to_local_us(zone, change_us - 1) + 1;
        int64_t after_us = zone_to_local_us(zone, change_us);
        int64_t first_us = before_us < after_us ? before_us : after_us;
        int64_t last_us = before_us < after_us ? after_us + (after_us - before_us) : before_us;

        mark(preparing, year_begins, year_days, civil_floor_divide(first_us, CIVIL_DAY_US),
             civil_floor_divide(last_us, CIVIL_DAY_US));
    }
}

static void mark_year(struct preparing *preparing, int64_t year)
{
    const struct calendar *calendar = preparing->calendar;
    int64_t begins = civil_days(year, 1, 1);
    int64_t days = days_in_year(year);
    uint32_t rule = first_rule_from(calendar, begins);

    memset(preparing->irregular, 0, sizeof(preparing->irregular));
    for (; rule < calendar->rule_count && calendar->rules[rule].day < begins + days; rule++)
        preparing->irregular[calendar->rules[rule].day - begins] = true;
    for (int32_t month = 1; month <= 12; month++) {
        for (int32_t day = 1; day <= civil_days_in_month(year, month); day++) {
            if (calendar->annual[month - 1][day - 1] != NULL)
                preparing->irregular[civil_days(year, month, day) - begins] = true;
        }
    }
    mark_changes(preparing, begins, days);
}

/* What `count` regular days from the day of the week `weekday` on sum up to. */
static uint32_t regular_sum(const struct calendar *calendar, enum measure measure, int32_t weekday,
                            int64_t count)
{
    const uint32_t *before = calendar->week_before[measure];

    return (uint32_t)(count / 7) * before[7] + before[weekday + count % 7] - before[weekday];
}

static void measure_day(const struct calendar *calendar, int64_t date, uint32_t ret_own[MEASURES])
{
    struct day day;
    int64_t seconds = 0;

    day_open(calendar, date, &day);
    for (uint32_t i = 0; i < day.count; i++)
        seconds += day.segments[i].to_s - day.segments[i].from_s;
    ret_own[MEASURE_OPEN_S] = (uint32_t)seconds;
    ret_own[MEASURE_DAYS] = seconds > 0 ? 1 : 0;
}

static const struct year_profile *write_out(struct preparing *preparing, int64_t year)
{
    const struct calendar *calendar = preparing->calendar;
    struct year_profile *profile = arena_alloc(preparing->arena, sizeof(*profile));
    struct irregular_day *days;
    int64_t begins = civil_days(year, 1, 1);
    int64_t year_days = days_in_year(year);
    int64_t next = 0; /* the first day not summed up yet */
    uint16_t count = 0;

    mark_year(preparing, year);
    for (int64_t day = 0; day < year_days; day++)
        count += preparing->irregular[day] ? 1 : 0;
    days = arena_array(preparing->arena, count, sizeof(*days));
    for (int64_t day = 0; day <= year_days; day++) {
        struct irregular_day *irregular = &days[profile->count];

        if (day < year_days && !preparing->irregular[day])
            continue;
        for (enum measure measure = 0; measure < MEASURES; measure++) {
            profile->total[measure] +=
                regular_sum(calendar, measure, civil_weekday(begins + next), day - next);
        }
        next = day + 1;
        if (day == year_days)
            break;
        irregular->day = (uint16_t)day;
        memcpy(irregular->before, profile->total, sizeof(irregular->before));
        measure_day(calendar, begins + day, irregular->own);
        for (enum measure measure = 0; measure < MEASURES; measure++)
            profile->total[measure] += irregular->own[measure];
        profile->count++;
    }
    POST(profile->count == count);
    profile->days = days;
    return profile;
}

/* ---- all years ---- */

static bool has_rules(const struct calendar *calendar, int64_t year)
{
    uint32_t rule = first_rule_from(calendar, civil_days(year, 1, 1) - RULES_REACH_DAYS);

    return rule < calendar->rule_count && calendar->rules[rule].day < civil_days(year + 1, 1, 1);
}

/* The first year that no transition of the zone's file reaches. */
static int64_t zone_regular_year(const struct zone *zone)
{
    int64_t from_us = zone_regular_from_us(zone);

    if (from_us < 0)
        return CALENDAR_FIRST_YEAR;
    if (from_us >= civil_days(CALENDAR_LAST_YEAR, 1, 1) * CIVIL_DAY_US)
        return CALENDAR_LAST_YEAR + 1;
    return civil_date_of(from_us / CIVIL_DAY_US).year + 2;
}

static const struct year_profile *profile_of(struct preparing *preparing, int64_t year,
                                             int64_t regular_year)
{
    int kind;

    if (year < regular_year || has_rules(preparing->calendar, year))
        return write_out(preparing, year);
    kind = civil_weekday(civil_days(year, 1, 1)) * 8 + (civil_is_leap(year - 1) ? 4 : 0) +
           (civil_is_leap(year) ? 2 : 0) + (civil_is_leap(year + 1) ? 1 : 0);
    if (preparing->kinds[kind] == NULL)
        preparing->kinds[kind] = write_out(preparing, year);
    return preparing->kinds[kind];
}

static void sum_up_week(struct calendar *calendar)
{
    for (int i = 0; i < 14; i++) {
        uint32_t seconds = windows_seconds(&calendar->week[i % 7]);

        calendar->week_before[MEASURE_OPEN_S][i + 1] =
            calendar->week_before[MEASURE_OPEN_S][i] + seconds;
        calendar->week_before[MEASURE_DAYS][i + 1] =
            calendar->week_before[MEASURE_DAYS][i] + (seconds > 0 ? 1 : 0);
    }
}

void sums_prepare(struct arena *arena, struct calendar *calendar)
{
    struct preparing preparing = {.arena = arena, .calendar = calendar};
    int64_t regular_year = zone_regular_year(calendar->zone);
    int64_t cycle_year = regular_year;
    int64_t end_year;
    struct year_sum *rows;
    uint32_t count;

    sum_up_week(calendar);
    if (calendar->rule_count > 0) {
        int64_t last = calendar->rules[calendar->rule_count - 1].day + RULES_REACH_DAYS;

        if (cycle_year <= civil_date_of(last).year)
            cycle_year = civil_date_of(last).year + 1;
    }
    end_year = cycle_year + CYCLE_YEARS;
    if (end_year > CALENDAR_LAST_YEAR + 1)
        end_year = CALENDAR_LAST_YEAR + 1;
    count = (uint32_t)(end_year - CALENDAR_FIRST_YEAR);
    rows = arena_array(arena, count + 1, sizeof(*rows));
    for (uint32_t i = 0; i < count; i++) {
        rows[i].profile = profile_of(&preparing, CALENDAR_FIRST_YEAR + i, regular_year);
        for (enum measure measure = 0; measure < MEASURES; measure++) {
            rows[i + 1].before[measure] = rows[i].before[measure] + rows[i].profile->total[measure];
        }
    }
    calendar->sums = (struct year_sums){.first_year = CALENDAR_FIRST_YEAR,
                                        .count = count,
                                        .cycle_row = (uint32_t)(cycle_year - CALENDAR_FIRST_YEAR),
                                        .rows = rows};
}

/* ---- looking up ---- */

static int64_t cycle_sum(const struct year_sums *sums, enum measure measure)
{
    INVARIANT(sums->count == sums->cycle_row + CYCLE_YEARS);
    return sums->rows[sums->count].before[measure] - sums->rows[sums->cycle_row].before[measure];
}

int64_t sums_before(const struct calendar *calendar, enum measure measure, int64_t date)
{
    const struct year_sums *sums = &calendar->sums;
    int64_t year = civil_date_of(date).year;
    int64_t row = year - sums->first_year;
    uint16_t day = (uint16_t)(date - civil_days(year, 1, 1));
    const struct year_profile *profile;
    int64_t sum = 0;
    uint32_t low = 0;
    uint32_t high;
    uint16_t next = 0;

    PRE(row >= 0 && year <= CALENDAR_LAST_YEAR);
    if (row >= sums->count) {
        int64_t cycles = (row - sums->cycle_row) / CYCLE_YEARS;

        sum = cycles * cycle_sum(sums, measure);
        row -= cycles * CYCLE_YEARS;
    }
    profile = sums->rows[row].profile;
    sum += sums->rows[row].before[measure];
    high = profile->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (profile->days[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0) {
        const struct irregular_day *irregular = &profile->days[low - 1];

        sum += irregular->before[measure] + irregular->own[measure];
        next = (uint16_t)(irregular->day + 1);
    }
    return sum + regular_sum(calendar, measure, civil_weekday(date - (day - next)), day - next);
}

/* The day of a year in which the year's sum passes `rest`, which it does. */
static int64_t find_in_year(const struct calendar *calendar, enum measure measure,
                            const struct year_profile *profile, int64_t year_begins, uint32_t rest,
                            int64_t *ret_rest)
{
    const uint32_t *before = calendar->week_before[measure];
    uint32_t low = 0;
    uint32_t high = profile->count;
    int64_t date = year_begins;
    int32_t weekday;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (profile->days[middle].before[measure] <= rest)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0) {
        const struct irregular_day *irregular = &profile->days[low - 1];

        date += irregular->day;
        rest -= irregular->before[measure];
        if (rest < irregular->own[measure]) {
            *ret_rest = rest;
            return date;
        }
        rest -= irregular->own[measure];
        date++;
    }
    INVARIANT(before[7] > 0);
    date += (int64_t)(rest / before[7]) * 7;
    rest %= before[7];
    for (weekday = civil_weekday(date); rest >= before[weekday + 1] - before[weekday];
         weekday = (weekday + 1) % 7) {
        rest -= before[weekday + 1] - before[weekday];
        date++;
    }
    *ret_rest = rest;
    return date;
}

bool sums_find(const struct calendar *calendar, enum measure measure, int64_t value,
               int64_t *ret_date, int64_t *ret_rest)
{
    const struct year_sums *sums = &calendar->sums;
    const struct year_sum *rows = sums->rows;
    uint32_t low = 0;
    uint32_t high = sums->count;
    int64_t cycles = 0;
    int64_t year;

    PRE(value >= 0);
    if (value >= rows[sums->count].before[measure]) {
        if (sums->first_year + sums->count > CALENDAR_LAST_YEAR || cycle_sum(sums, measure) == 0)
            return false;
        cycles = (value - rows[sums->count].before[measure]) / cycle_sum(sums, measure) + 1;
        value -= cycles * cycle_sum(sums, measure);
    }
    /* The last row whose sum is not more than the value. */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (rows[middle].before[measure] <= value)
            low = middle;
        else
            high = middle;
    }
    year = sums->first_year + low + cycles * CYCLE_YEARS;
    if (year > CALENDAR_LAST_YEAR)
        return false;
    *ret_date = find_in_year(calendar, measure, rows[low].profile, civil_days(year, 1, 1),
                             (uint32_t)(value - rows[low].before[measure]), ret_rest);
    return true;
}
