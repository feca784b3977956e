/* See iso8601.h. The calendar is the proleptic Gregorian one, in integer arithmetic. */
#include "bpmn/iso8601.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
#define DAY_US    (INT64_C(86400) * SECOND_US)

enum {
    YEAR_MIN = 1,
    YEAR_MAX = 9999,
    COUNT_MAX = 1000000000,
    BUSINESS_DAYS_MAX = 1000000,
    REPEAT_TEXT_MAX = 160,
    OFFSET_HOURS_MAX = 18
};

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days since 1970-01-01: years counted from March, so that the leap day is a year's last. */
static int64_t days_from_date(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static void date_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;

    *ret_day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2 ? 1 : 0);
}

/* The range that can be written: from the first microsecond of the year 1 to the last of 9999. */
static bool is_representable(int64_t us)
{
    return us >= days_from_date(YEAR_MIN, 1, 1) * DAY_US &&
           us < days_from_date(YEAR_MAX + 1, 1, 1) * DAY_US;
}

/* The day an instant is in, and the time since that day began; any 64 bits are fine. */
static int64_t split_instant(int64_t us, int64_t *ret_time_us)
{
    int64_t time_us = us % DAY_US;

    *ret_time_us = time_us < 0 ? time_us + DAY_US : time_us;
    return us / DAY_US - (time_us < 0 ? 1 : 0);
}

/* ---- reading ---- */

/* How many bytes of `text` an error shows: whole characters only. */
static int shown(const char *text)
{
    int length = (int)strnlen(text, 80);

    if (text[length] != '\0') {
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--;
    }
    return length;
}

static bool read_digits(const char **at, int count, int *ret_number)
{
    int number = 0;

    for (int i = 0; i < count; i++) {
        char c = (*at)[i];

        if (c < '0' || c > '9')
            return false;
        number = number * 10 + (c - '0');
    }
    *at += count;
    *ret_number = number;
    return true;
}

/* Digits behind '.' or ',': microseconds, more than six are cut. At least one. */
static bool read_fraction(const char **at, int64_t *ret_us)
{
    int64_t scale = SECOND_US / 10;
    int64_t us = 0;
    const char *from = *at;

    for (; **at >= '0' && **at <= '9'; (*at)++) {
        us += (**at - '0') * scale;
        scale /= 10;
    }
    *ret_us = us;
    return *at > from;
}

static bool read_offset(const char **at, int64_t *ret_seconds)
{
    int hours;
    int minutes = 0;
    int sign;

    *ret_seconds = 0;
    if (**at == 'Z') {
        (*at)++;
        return true;
    }
    if (**at != '+' && **at != '-')
        return true;
    sign = **at == '-' ? -1 : 1;
    (*at)++;
    if (!read_digits(at, 2, &hours))
        return false;
    if (**at == ':' || (**at >= '0' && **at <= '9')) {
        if (**at == ':')
            (*at)++;
        if (!read_digits(at, 2, &minutes))
            return false;
    }
    *ret_seconds = sign * (hours * INT64_C(3600) + minutes * INT64_C(60));
    return hours <= OFFSET_HOURS_MAX && minutes <= 59;
}

static bool read_time(const char **at, int64_t *ret_us)
{
    int hour;
    int minute;
    int second = 0;
    int64_t fraction_us = 0;

    if (!read_digits(at, 2, &hour) || **at != ':')
        return false;
    (*at)++;
    if (!read_digits(at, 2, &minute))
        return false;
    if (**at == ':') {
        (*at)++;
        if (!read_digits(at, 2, &second))
            return false;
        if (**at == '.' || **at == ',') {
            (*at)++;
            if (!read_fraction(at, &fraction_us))
                return false;
        }
    }
    if (hour > 24 || minute > 59 || second > 59 ||
        (hour == 24 && (minute > 0 || second > 0 || fraction_us > 0)))
        return false;
    *ret_us = (hour * INT64_C(3600) + minute * 60 + second) * SECOND_US + fraction_us;
    return true;
}

static bool read_instant(const char *text, int64_t *ret_us, bool *ret_has_offset)
{
    const char *at = text;
    int year;
    int month;
    int day;
    int64_t time_us = 0;
    int64_t offset_s = 0;
    int64_t us;

    if (!read_digits(&at, 4, &year) || *at++ != '-' || !read_digits(&at, 2, &month) ||
        *at++ != '-' || !read_digits(&at, 2, &day))
        return false;
    if (year < YEAR_MIN || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *ret_has_offset = false;
    if (*at == 'T') {
        at++;
        if (!read_time(&at, &time_us))
            return false;
        *ret_has_offset = *at != '\0';
        if (!read_offset(&at, &offset_s))
            return false;
    }
    if (*at != '\0')
        return false;
    us = days_from_date(year, month, day) * DAY_US + time_us - offset_s * SECOND_US;
    if (!is_representable(us))
        return false;
    *ret_us = us;
    return true;
}

enum status iso8601_parse_instant(const char *text, int64_t *ret_us, struct error *ret_error)
{
    bool has_offset;

    return iso8601_parse_local(text, ret_us, &has_offset, ret_error);
}

enum status iso8601_parse_local(const char *text, int64_t *ret_us, bool *ret_has_offset,
                                struct error *ret_error)
{
    if (read_instant(text, ret_us, ret_has_offset))
        return STATUS_OK;
    return error_set(ret_error, STATUS_INVALID,
                     "Expected an ISO 8601 date such as 2026-11-23T08:30:00Z but found '%.*s'.",
                     shown(text), text);
}

static enum status bad_duration(const char *text, struct error *ret_error)
{
    return error_set(ret_error, STATUS_INVALID,
                     "Expected an ISO 8601 duration such as PT4H30M or P2D but found '%.*s'.",
                     shown(text), text);
}

enum duration_part {
    PART_NONE = -1,
    PART_YEARS,
    PART_MONTHS,
    PART_WEEKS,
    PART_DAYS,
    PART_HOURS,
    PART_MINUTES,
    PART_SECONDS
};

static int part_of(char letter, bool in_time)
{
    static const char date_letters[] = "YMWD";
    static const char time_letters[] = "HMS";
    const char *found =
        letter != '\0' ? strchr(in_time ? time_letters : date_letters, letter) : NULL;

    if (found == NULL)
        return PART_NONE;
    return in_time ? PART_HOURS + (int)(found - time_letters) : (int)(found - date_letters);
}

static bool add_time(struct iso8601_duration *duration, int64_t number, int64_t unit_us)
{
    int64_t us;

    return !__builtin_mul_overflow(number, unit_us, &us) &&
           !__builtin_add_overflow(duration->time_us, us, &duration->time_us);
}

/* False when the number is too large for its part. */
static bool store_part(struct iso8601_duration *duration, int part, int64_t number)
{
    int32_t *const date_parts[] = {&duration->years, &duration->months, &duration->weeks,
                                   &duration->days};

    switch (part) {
    case PART_HOURS:
        return add_time(duration, number, 3600 * SECOND_US);
    case PART_MINUTES:
        return add_time(duration, number, 60 * SECOND_US);
    case PART_SECONDS:
        return add_time(duration, number, SECOND_US);
    default:
        *date_parts[part] = (int32_t)number;
        return number <= INT32_MAX;
    }
}

/* At most eighteen digits, so that the number fits. */
static bool read_number(const char **at, int64_t *ret_number)
{
    int digits = 0;

    *ret_number = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        if (++digits > 18)
            return false;
        *ret_number = *ret_number * 10 + (**at - '0');
    }
    return digits > 0;
}

/* One number with its letter; the parts have to come in order. */
static bool read_part(const char **at, bool in_time, int *last, struct iso8601_duration *duration)
{
    int64_t number;
    int64_t fraction_us = 0;
    bool has_fraction = false;
    int part;

    if (!read_number(at, &number))
        return false;
    if (**at == '.' || **at == ',') {
        has_fraction = true;
        (*at)++;
        if (!read_fraction(at, &fraction_us))
            return false;
    }
    if (!in_time && !has_fraction && (*at)[0] == 'B' && (*at)[1] == 'D' && *last == PART_NONE) {
        *at += 2;
        *last = PART_DAYS;
        duration->business_days = (int32_t)number;
        return number <= BUSINESS_DAYS_MAX;
    }
    part = part_of(**at, in_time);
    if (part <= *last || (has_fraction && part != PART_SECONDS))
        return false;
    (*at)++;
    *last = part;
    return store_part(duration, part, number) && add_time(duration, fraction_us, 1);
}

enum status iso8601_parse_duration(const char *text, struct iso8601_duration *ret_duration,
                                   struct error *ret_error)
{
    struct iso8601_duration duration = {0};
    const char *at = text;
    bool in_time = false;
    int last = PART_NONE;

    if (*at == '-')
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a duration that is not negative but found '%.*s'.", shown(text),
                         text);
    if (*at++ != 'P')
        return bad_duration(text, ret_error);
    while (*at != '\0') {
        if (*at == 'T' && !in_time) {
            in_time = true;
            at++;
        }
        if (!read_part(&at, in_time, &last, &duration))
            return bad_duration(text, ret_error);
    }
    if (last == PART_NONE)
        return bad_duration(text, ret_error);
    *ret_duration = duration;
    return STATUS_OK;
}

/* ---- repeating intervals ---- */

static enum status bad_repeat(const char *text, struct error *ret_error)
{
    return error_set(ret_error, STATUS_INVALID,
                     "Expected a repeating interval such as R3/PT10H or "
                     "R/2026-01-01T08:00:00Z/P1D but found '%.*s'.",
                     shown(text), text);
}

/* [start/]duration[/end], or start/end. */
static enum status read_interval(char *parts, struct iso8601_repeat *repeat,
                                 struct error *ret_error)
{
    bool has_duration = false;
    bool has_offset = false;
    char *next;

    for (char *part = parts; part != NULL; part = next) {
        enum status status;

        next = strchr(part, '/');
        if (next != NULL)
            *next++ = '\0';
        if (part[0] == 'P' || part[0] == '-') {
            if (has_duration || repeat->has_end)
                return error_set(ret_error, STATUS_INVALID,
                                 "Expected one duration, in front of the end.");
            has_duration = true;
            status = iso8601_parse_duration(part, &repeat->duration, ret_error);
        } else if (!has_duration && !repeat->has_start) {
            repeat->has_start = true;
            status = iso8601_parse_local(part, &repeat->start_us, &has_offset, ret_error);
            repeat->start_is_local = !has_offset;
        } else if (!repeat->has_end) {
            repeat->has_end = true;
            status = iso8601_parse_local(part, &repeat->end_us, &has_offset, ret_error);
            repeat->end_is_local = !has_offset;
        } else {
            status =
                error_set(ret_error, STATUS_INVALID, "Expected at most one start and one end.");
        }
        if (status != STATUS_OK)
            return status;
    }
    if (repeat->has_start && repeat->has_end && repeat->end_us <= repeat->start_us)
        return error_set(ret_error, STATUS_INVALID, "Expected the end to come after the start.");
    if (has_duration)
        return STATUS_OK;
    if (!repeat->has_end)
        return error_set(ret_error, STATUS_INVALID, "Expected a duration, or a start and an end.");
    repeat->duration.time_us = repeat->end_us - repeat->start_us;
    repeat->has_end = false;
    return STATUS_OK;
}

enum status iso8601_parse_repeat(const char *text, struct iso8601_repeat *ret_repeat,
                                 struct error *ret_error)
{
    struct iso8601_repeat repeat = {.count = -1};
    char copy[REPEAT_TEXT_MAX];
    const char *at = text + 1;

    if (text[0] != 'R' || strlen(text) >= sizeof(copy))
        return bad_repeat(text, ret_error);
    if (*at != '/' && (!read_number(&at, &repeat.count) || repeat.count > COUNT_MAX))
        return bad_repeat(text, ret_error);
    if (*at != '/')
        return bad_repeat(text, ret_error);
    (void)strcpy(copy, at + 1);
    if (read_interval(copy, &repeat, ret_error) != STATUS_OK)
        return error_prefix(ret_error, "The repeating interval '%s'", text);
    if (iso8601_duration_is_zero(&repeat.duration))
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a repeating interval with a duration above zero but found "
                         "'%.*s'.",
                         shown(text), text);
    *ret_repeat = repeat;
    return STATUS_OK;
}

/* ---- arithmetic ---- */

bool iso8601_duration_is_zero(const struct iso8601_duration *duration)
{
    return duration->years == 0 && duration->months == 0 && duration->weeks == 0 &&
           duration->days == 0 && duration->business_days == 0 && duration->time_us == 0;
}

enum status iso8601_add(int64_t start_us, const struct iso8601_duration *duration, int64_t *ret_us,
                        struct error *ret_error)
{
    int64_t time_us;
    int64_t days = split_instant(start_us, &time_us);
    int64_t year;
    int64_t months;
    int64_t result;
    int month;
    int day;
    int last_day;

    PRE(duration->years >= 0 && duration->months >= 0 && duration->weeks >= 0 &&
        duration->days >= 0 && duration->time_us >= 0);
    if (duration->business_days != 0)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a calendar beside business days (nBD), which says which days "
                         "those are.");
    if (!is_representable(start_us))
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a start in the years 1 to 9999 but it is outside.");
    date_from_days(days, &year, &month, &day);
    months = year * 12 + (month - 1) + duration->years * INT64_C(12) + duration->months;
    year = months / 12;
    month = (int)(months % 12) + 1;
    if (year > YEAR_MAX)
        goto out_of_range;
    last_day = days_in_month(year, month);
    days = days_from_date(year, month, day < last_day ? day : last_day) +
           duration->weeks * INT64_C(7) + duration->days;
    if (days >= days_from_date(YEAR_MAX + 1, 1, 1))
        goto out_of_range;
    if (__builtin_add_overflow(days * DAY_US + time_us, duration->time_us, &result) ||
        !is_representable(result))
        goto out_of_range;
    *ret_us = result;
    return STATUS_OK;
out_of_range:
    return error_set(ret_error, STATUS_INVALID,
                     "Expected a date up to the year 9999 but the duration leads past it; use a "
                     "shorter one.");
}

/* ---- writing ---- */

static char *format(int64_t us, bool micro, char ret_text[ISO8601_INSTANT_BYTES])
{
    int64_t time_us;
    int64_t days = split_instant(us, &time_us);
    int64_t seconds = time_us / SECOND_US;
    int64_t year;
    int month;
    int day;

    date_from_days(days, &year, &month, &day);
    (void)snprintf(ret_text, ISO8601_INSTANT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%0*dZ",
                   (int)(year % 10000), month % 100, day % 100, (int)(seconds / 3600) % 100,
                   (int)(seconds / 60 % 60), (int)(seconds % 60), micro ? 6 : 3,
                   (int)(micro ? time_us % SECOND_US : time_us % SECOND_US / 1000));
    return ret_text;
}

char *iso8601_format_instant(int64_t us, char ret_text[ISO8601_INSTANT_BYTES])
{
    return format(us, false, ret_text);
}

char *iso8601_format_instant_us(int64_t us, char ret_text[ISO8601_INSTANT_BYTES])
{
    return format(us, true, ret_text);
}
