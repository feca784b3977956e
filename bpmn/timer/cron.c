/* See cron.h. Days and times are found in local time, as if the zone had no gaps; what a gap or a
 * repeated hour does to them is decided at the end. */
#include "bpmn/timer/cron.h"

#include "bpmn/base/check.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECOND_US INT64_C(1000000)
#define DAY_US    (INT64_C(86400) * SECOND_US)

enum { NEAR_LAST = 32, HOURS = 24, GAP_LOOK_BACK_S = 3 * 3600 };

/* ---- reading ----------------------------------------------------------------------------------
 */

struct field {
    const char *name;
    int minimum;
    int maximum;
    const char *const *words; /* of the values from minimum on; NULL: none */
};

static const char *const months[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL",
                                     "AUG", "SEP", "OCT", "NOV", "DEC", NULL};
static const char *const weekdays[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", NULL};

enum { SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY, YEAR, FIELDS };

static const struct field fields[FIELDS] = {
    {"second", 0, 59, NULL},
    {"minute", 0, 59, NULL},
    {"hour", 0, 23, NULL},
    {"day of the month", 1, 31, NULL},
    {"month", 1, 12, months},
    {"day of the week", 1, 7, weekdays},
    {"year", CRON_YEAR_MIN, CRON_YEAR_MAX, NULL},
};

struct reading {
    const char *text; /* whole */
    const struct field *field;
    const char *part; /* the field's text */
    int length;
};

static enum status refuse(const struct reading *reading, struct error *ret_error)
{
    return error_set(ret_error, STATUS_INVALID,
                     "Expected the %s of the cron expression '%.100s' to be made of %d to %d%s but "
                     "found '%.*s'.",
                     reading->field->name, reading->text, reading->field->minimum,
                     reading->field->maximum,
                     reading->field == &fields[DAY]       ? ", *, ?, L, LW, L-n or nW"
                     : reading->field == &fields[WEEKDAY] ? " (SUN to SAT), *, ?, nL or n#k"
                     : reading->field == &fields[MONTH]   ? " (JAN to DEC) or *"
                                                          : " or *",
                     reading->length > 40 ? 40 : reading->length, reading->part);
}

/* A number or a word of the field. */
static bool read_value(const struct field *field, const char **at, int *ret_value)
{
    int value = 0;
    int digits = 0;

    for (int i = 0; field->words != NULL && field->words[i] != NULL; i++) {
        if (strncasecmp(*at, field->words[i], 3) == 0) {
            *at += 3;
            *ret_value = field->minimum + i;
            return true;
        }
    }
    for (; **at >= '0' && **at <= '9' && digits < 5; (*at)++, digits++)
        value = value * 10 + (**at - '0');
    *ret_value = value;
    return digits > 0 && digits < 5 && value >= field->minimum && value <= field->maximum;
}

static void set_bit(uint64_t *bits, int at)
{
    bits[at / 64] |= UINT64_C(1) << (at % 64);
}

/* One entry of a list: `*`, `a`, `a-b`, each with a step. `bits` counts from `base`. */
static bool read_entry(const struct field *field, const char **at, uint64_t *bits, int base)
{
    int first = field->minimum;
    int last = field->maximum;
    int step = 1;
    int size = field->maximum - field->minimum + 1;
    bool has_end = true;

    if (**at == '*') {
        (*at)++;
    } else {
        if (!read_value(field, at, &first))
            return false;
        has_end = **at == '-';
        last = first;
        if (has_end) {
            (*at)++;
            if (!read_value(field, at, &last))
                return false;
        }
    }
    if (**at == '/') {
        char *end;
        long number = strtol(*at + 1, &end, 10);

        if (!isdigit((unsigned char)(*at)[1]) || number < 1 || number > size)
            return false;
        *at = end;
        step = (int)number;
        if (!has_end)
            last = field->maximum;
    }
    if (last < first && field == &fields[YEAR])
        return false;
    if (last < first)
        last += size; /* FRI-MON */
    for (int value = first; value <= last; value += step)
        set_bit(bits, field->minimum + (value - field->minimum) % size - base);
    return true;
}

static enum status read_list(const struct reading *reading, uint64_t *bits, int base,
                             struct error *ret_error)
{
    const char *at = reading->part;
    const char *end = reading->part + reading->length;

    for (;;) {
        if (!read_entry(reading->field, &at, bits, base) || at > end)
            return refuse(reading, ret_error);
        if (at == end)
            return STATUS_OK;
        if (*at++ != ',')
            return refuse(reading, ret_error);
    }
}

static bool is_text(const struct reading *reading, const char *text)
{
    return (int)strlen(text) == reading->length &&
           strncasecmp(reading->part, text, strlen(text)) == 0;
}

/* L, LW, L-n, nW; false when it is none of them. */
static bool read_special_day(const struct reading *reading, struct cron *cron)
{
    const char *at = reading->part;
    int day;

    if (is_text(reading, "L")) {
        cron->last_day = 1;
    } else if (is_text(reading, "LW")) {
        cron->near_day = NEAR_LAST;
    } else if (reading->length > 2 && reading->length < 5 && toupper((unsigned char)at[0]) == 'L' &&
               at[1] == '-') {
        at += 2;
        if (!read_value(&fields[DAY], &at, &day) || at != reading->part + reading->length ||
            day > 30)
            return false;
        cron->last_day = day + 1;
    } else {
        if (!read_value(&fields[DAY], &at, &day) || toupper((unsigned char)*at) != 'W' ||
            at + 1 != reading->part + reading->length)
            return false;
        cron->near_day = day;
    }
    return true;
}

/* nL, n#k. */
static bool read_special_weekday(const struct reading *reading, struct cron *cron)
{
    const char *at = reading->part;
    const char *end = reading->part + reading->length;
    int weekday;

    if (is_text(reading, "L")) {
        set_bit(&cron->weekdays, 7); /* Quartz: the last day of the week */
        return true;
    }
    if (!read_value(&fields[WEEKDAY], &at, &weekday))
        return false;
    if (toupper((unsigned char)*at) == 'L' && at + 1 == end) {
        cron->last_weekday = weekday;
        return true;
    }
    if (*at != '#' || at + 2 != end || at[1] < '1' || at[1] > '5')
        return false;
    cron->nth_weekday = weekday;
    cron->nth = at[1] - '0';
    return true;
}

static bool is_any(const struct reading *reading)
{
    return is_text(reading, "?") || is_text(reading, "*");
}

static enum status read_days(const struct reading *day, const struct reading *weekday,
                             struct cron *cron, struct error *ret_error)
{
    if (is_text(day, "?") && is_text(weekday, "?"))
        return error_set(ret_error, STATUS_INVALID,
                         "Expected at most one of the two day fields of the cron expression "
                         "'%.100s' to be ?; write * for every day.",
                         day->text);
    if (!is_any(day) && !is_any(weekday))
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a day of the month or a day of the week in the cron expression "
                         "'%.100s' but found both; write ? for one of them.",
                         day->text);
    if (!is_any(day) && !read_special_day(day, cron)) {
        enum status status = read_list(day, &cron->days, 0, ret_error);

        if (status != STATUS_OK)
            return status;
    }
    if (!is_any(weekday) && !read_special_weekday(weekday, cron))
        return read_list(weekday, &cron->weekdays, 0, ret_error);
    return STATUS_OK;
}

static int split(const char *text, struct reading readings[FIELDS])
{
    int count = 0;
    const char *at = text;

    for (;;) {
        at += strspn(at, " \t");
        if (*at == '\0')
            return count;
        if (count == FIELDS)
            return FIELDS + 1;
        readings[count] = (struct reading){
            .text = text, .field = &fields[count], .part = at, .length = (int)strcspn(at, " \t")};
        at += readings[count++].length;
    }
}

enum status cron_parse(const char *text, struct cron *ret_cron, struct error *ret_error)
{
    struct reading readings[FIELDS];
    struct cron cron = {0};
    int count = strlen(text) > CRON_TEXT_MAX ? 0 : split(text, readings);
    int64_t first_us;
    enum status status;

    if (count == 5)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a cron expression with seconds in front, as Quartz has it, but "
                         "'%.100s' has five fields: write '0 %.100s' with ? for one of the days.",
                         text, text);
    if (count != 6 && count != FIELDS)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a cron expression of six or seven fields (second minute hour "
                         "day-of-month month day-of-week [year]) but found '%.100s'.",
                         text);
    status = read_list(&readings[SECOND], &cron.seconds, 0, ret_error);
    if (status == STATUS_OK)
        status = read_list(&readings[MINUTE], &cron.minutes, 0, ret_error);
    if (status == STATUS_OK)
        status = read_list(&readings[HOUR], &cron.hours, 0, ret_error);
    if (status == STATUS_OK)
        status = read_list(&readings[MONTH], &cron.months, 0, ret_error);
    if (status == STATUS_OK)
        status = read_days(&readings[DAY], &readings[WEEKDAY], &cron, ret_error);
    if (status == STATUS_OK && count == FIELDS)
        status = read_list(&readings[YEAR], cron.years, CRON_YEAR_MIN, ret_error);
    if (status != STATUS_OK)
        return status;
    if (count == 6)
        memset(cron.years, 0xFF, sizeof(cron.years));
    if (!cron_next(&cron, NULL, -1, &first_us))
        return error_set(ret_error, STATUS_INVALID,
                         "Expected the cron expression '%.100s' to come true at some time but no "
                         "date fulfils it.",
                         text);
    *ret_cron = cron;
    return STATUS_OK;
}

/* ---- days -------------------------------------------------------------------------------------
 */

static bool has(uint64_t bits, int at)
{
    return (bits >> at & 1) != 0;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* 1 is Sunday; `day_number` counts from 1970-01-01, a Thursday. */
static int weekday_of(int64_t day_number)
{
    return (int)((day_number + 4) % 7) + 1;
}

/* The day of the month that is Monday to Friday and nearest to `day`, without leaving the month. */
static int nearest_working_day(int day, int length, int64_t first_number)
{
    int weekday;

    if (day > length)
        day = length;
    weekday = weekday_of(first_number + day - 1);
    if (weekday == 7)
        return day > 1 ? day - 1 : day + 2;
    if (weekday == 1)
        return day < length ? day + 1 : day - 2;
    return day;
}

/* Does this day of a month whose first day is `first_number` fulfil the two day fields? */
static bool is_day(const struct cron *cron, int day, int length, int64_t first_number)
{
    int weekday = weekday_of(first_number + day - 1);

    if (cron->last_day != 0)
        return day == length - cron->last_day + 1;
    if (cron->near_day == NEAR_LAST)
        return day == nearest_working_day(length, length, first_number);
    if (cron->near_day != 0)
        return cron->near_day <= length &&
               day == nearest_working_day(cron->near_day, length, first_number);
    if (cron->last_weekday != 0)
        return weekday == cron->last_weekday && day + 7 > length;
    if (cron->nth_weekday != 0)
        return weekday == cron->nth_weekday && (day - 1) / 7 + 1 == cron->nth;
    if (cron->days != 0)
        return has(cron->days, day);
    return cron->weekdays == 0 || has(cron->weekdays, weekday);
}

static int64_t first_of_year(int year)
{
    int64_t y = year - 1;

    return y * 365 + y / 4 - y / 100 + y / 400 - 719162;
}

/* The first day from `day_number` on that fulfils everything but the time; -1: none. */
static int64_t next_day(const struct cron *cron, int64_t day_number)
{
    for (int year = CRON_YEAR_MIN; year <= CRON_YEAR_MAX; year++) {
        int64_t first = first_of_year(year);
        int64_t number = first;

        if (first_of_year(year + 1) <= day_number ||
            !has(cron->years[(year - CRON_YEAR_MIN) / 64], (year - CRON_YEAR_MIN) % 64))
            continue;
        for (int month = 1; month <= 12; month++) {
            int length = days_in(year, month);

            for (int day = 1; day <= length && has(cron->months, month); day++) {
                if (number + day - 1 >= day_number && is_day(cron, day, length, number))
                    return number + day - 1;
            }
            number += length;
        }
    }
    return -1;
}

/* The first time of day, in seconds, from `from_s` on; -1: none. */
static int32_t next_time(const struct cron *cron, int32_t from_s)
{
    for (int32_t hour = from_s / 3600; hour < 24; hour++) {
        if (!has(cron->hours, hour))
            continue;
        for (int32_t minute = hour == from_s / 3600 ? from_s / 60 % 60 : 0; minute < 60; minute++) {
            bool is_same = hour * 60 + minute == from_s / 60;

            if (!has(cron->minutes, minute))
                continue;
            for (int32_t second = is_same ? from_s % 60 : 0; second < 60; second++) {
                if (has(cron->seconds, second))
                    return hour * 3600 + minute * 60 + second;
            }
        }
    }
    return -1;
}

/* The first local time after `after_us`, as microseconds without a zone; INT64_MAX: none. */
static int64_t next_local(const struct cron *cron, int64_t after_us)
{
    int64_t from_us = after_us < 0 ? 0 : (after_us / SECOND_US + 1) * SECOND_US;
    int64_t asked = from_us / DAY_US;
    int64_t day = next_day(cron, asked);
    int32_t time_s;

    if (day == asked) {
        time_s = next_time(cron, (int32_t)(from_us % DAY_US / SECOND_US));
        if (time_s >= 0)
            return day * DAY_US + time_s * SECOND_US;
        day = next_day(cron, asked + 1);
    }
    if (day < 0)
        return INT64_MAX;
    time_s = next_time(cron, 0);
    INVARIANT(time_s >= 0);
    return day * DAY_US + time_s * SECOND_US;
}

/* ---- in a zone --------------------------------------------------------------------------------
 */

static int64_t earlier(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

/* What a gap moved past `after_us`: times that did not exist and are still to come. */
static int64_t next_moved(const struct cron *cron, const struct zone *zone, int64_t after_us)
{
    int64_t before_us = after_us - GAP_LOOK_BACK_S * SECOND_US;
    int64_t gap_us =
        (zone_offset_s(zone, after_us) - (int64_t)zone_offset_s(zone, before_us)) * SECOND_US;
    int64_t change_us;
    int64_t local_us;
    enum zone_local kind;

    if (gap_us <= 0 || !zone_next_change(zone, before_us, &change_us))
        return INT64_MAX;
    local_us = next_local(cron, zone_to_local_us(zone, after_us) - gap_us);
    if (local_us == INT64_MAX)
        return INT64_MAX;
    local_us = zone_to_utc_us(zone, local_us, &kind);
    return kind == ZONE_LOCAL_GAP && local_us > after_us ? local_us : INT64_MAX;
}

/* A local time and what follows it, until one is certain: those in a gap come later than they say,
 * and those that have happened once already do not count again. */
static int64_t next_fixed(const struct cron *cron, const struct zone *zone, int64_t after_us)
{
    int64_t found_us = INT64_MAX;
    int64_t local_us = zone_to_local_us(zone, after_us);

    for (;;) {
        enum zone_local kind;
        int64_t utc_us;

        local_us = next_local(cron, local_us);
        if (local_us == INT64_MAX)
            return found_us;
        utc_us = zone_to_utc_us(zone, local_us, &kind);
        if (utc_us > after_us)
            found_us = earlier(found_us, utc_us);
        if (utc_us > after_us && kind != ZONE_LOCAL_GAP)
            return found_us;
    }
}

/* By the clock that runs, through every change: an expression for every hour skips nothing and
 * repeats nothing that passes. */
static int64_t next_running(const struct cron *cron, const struct zone *zone, int64_t after_us)
{
    int64_t offset_us = (int64_t)zone_offset_s(zone, after_us) * SECOND_US;
    int64_t local_us = next_local(cron, after_us + offset_us);
    int64_t from_us = after_us;
    int64_t change_us;

    /* The first moment lies behind a change of the clock: looked for again from there on. */
    while (local_us != INT64_MAX && zone_next_change(zone, from_us, &change_us) &&
           local_us - offset_us >= change_us) {
        from_us = change_us;
        offset_us = (int64_t)zone_offset_s(zone, change_us) * SECOND_US;
        local_us = next_local(cron, change_us - 1 + offset_us);
    }
    return local_us != INT64_MAX ? local_us - offset_us : INT64_MAX;
}

bool cron_next(const struct cron *cron, const struct zone *zone, int64_t after_us, int64_t *ret_us)
{
    uint64_t every_hour = (UINT64_C(1) << HOURS) - 1;

    if (zone == NULL)
        zone = zone_utc();
    if ((cron->hours & every_hour) == every_hour)
        *ret_us = next_running(cron, zone, after_us);
    else
        *ret_us = earlier(next_fixed(cron, zone, after_us), next_moved(cron, zone, after_us));
    return *ret_us != INT64_MAX;
}
