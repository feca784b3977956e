/* Dates: ISO 8601 texts, a day (`2026-11-23`) or an instant (`2026-11-23T10:00:00.000Z`). They are
 * texts because variables are JSON; methods and functions give texts of the same form again, so
 * that timers and due dates can read them. Calendar arithmetic is in UTC, with the day of the month
 * clamped. */
#include "bpmn/expression/private.h"
#include "bpmn/iso8601.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

struct date {
    int64_t us;
    bool is_day; /* without a time */
};

/* ---- reading and writing ---- */

bool text_may_be_date(const char *text)
{
    static const char form[] = "dddd-dd-dd";

    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    }
    return text[10] == '\0' || text[10] == 'T';
}

bool dates_compare(const char *left, const char *right, int *ret_order)
{
    struct error ignored;
    int64_t a;
    int64_t b;

    if (iso8601_parse_instant(left, &a, &ignored) != STATUS_OK ||
        iso8601_parse_instant(right, &b, &ignored) != STATUS_OK)
        return false;
    *ret_order = (a > b) - (a < b);
    return true;
}

/* A text, or milliseconds since 1970 as Java counts. */
static enum status read_date(struct evaluation *evaluation, const struct value *value,
                             struct date *ret_date)
{
    struct date date = {0};
    char text[ISO8601_INSTANT_BYTES];
    struct error ignored;

    if (value->kind == VALUE_INTEGER && !__builtin_mul_overflow(value->integer, 1000, &date.us) &&
        llabs(date.us) < INT64_C(366) * 9999 * DAY_US &&
        iso8601_parse_instant(iso8601_format_instant(date.us, text), &date.us, &ignored) ==
            STATUS_OK) {
        *ret_date = date;
        return STATUS_OK;
    }
    if (value->kind == VALUE_TEXT && text_may_be_date(value->text) &&
        iso8601_parse_instant(value->text, &date.us, &ignored) == STATUS_OK) {
        date.is_day = value->text[10] == '\0';
        *ret_date = date;
        return STATUS_OK;
    }
    if (value->kind == VALUE_TEXT)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a date such as 2026-11-23 or 2026-11-23T10:00:00Z but found the "
                         "text '%.*s'.",
                         excerpt_length(value->text, 60), value->text);
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected a date such as 2026-11-23T10:00:00Z but found %s.",
                     value_kind_name(value));
}

static enum status write_date(struct evaluation *evaluation, const struct date *date,
                              struct value *ret_value)
{
    char text[ISO8601_INSTANT_BYTES];

    (void)iso8601_format_instant(date->us, text);
    if (date->is_day && date->us % DAY_US == 0)
        text[10] = '\0';
    return evaluation_text(evaluation, text, strlen(text), ret_value);
}

/* ---- calendar ---- */

struct fields {
    int64_t year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
    int microsecond;
    int64_t time_us; /* since the day began */
};

static int read_digits(const char *text, int count)
{
    int number = 0;

    for (int i = 0; i < count; i++)
        number = number * 10 + (text[i] - '0');
    return number;
}

static struct fields fields_of(int64_t us)
{
    char text[ISO8601_INSTANT_BYTES];
    struct fields fields;

    (void)iso8601_format_instant_us(us, text);
    fields = (struct fields){.year = read_digits(text, 4),
                             .month = read_digits(text + 5, 2),
                             .day = read_digits(text + 8, 2),
                             .hour = read_digits(text + 11, 2),
                             .minute = read_digits(text + 14, 2),
                             .second = read_digits(text + 17, 2),
                             .microsecond = read_digits(text + 20, 6)};
    fields.time_us = fields.hour * HOUR_US + fields.minute * MINUTE_US + fields.second * SECOND_US +
                     fields.microsecond;
    return fields;
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

static bool add_months(int64_t *us, int64_t months)
{
    struct fields fields = fields_of(*us);
    char text[ISO8601_INSTANT_BYTES];
    struct error ignored;
    int64_t total;
    int64_t day_us;
    int last;

    if (months < -12 * 9999 || months > 12 * 9999)
        return false;
    total = fields.year * 12 + fields.month - 1 + months;
    if (total < 12 || total >= 12 * 10000)
        return false;
    fields.year = total / 12;
    fields.month = (int)(total % 12) + 1;
    last = days_in_month(fields.year, fields.month);
    (void)snprintf(text, sizeof(text), "%04d-%02d-%02d", (int)fields.year, fields.month,
                   fields.day < last ? fields.day : last);
    if (iso8601_parse_instant(text, &day_us, &ignored) != STATUS_OK)
        return false;
    *us = day_us + fields.time_us;
    return true;
}

static enum status shift(struct evaluation *evaluation, struct date date, int64_t months,
                         int64_t time_us, struct value *ret_value)
{
    struct error ignored;
    char text[ISO8601_INSTANT_BYTES];
    const int64_t reach_us = INT64_C(366) * 10000 * DAY_US;
    bool fits = time_us > -reach_us && time_us < reach_us && add_months(&date.us, months);
    int64_t parsed_us;

    if (fits) {
        date.us += time_us;
        fits = date.us > -reach_us && date.us < reach_us &&
               iso8601_parse_instant(iso8601_format_instant_us(date.us, text), &parsed_us,
                                     &ignored) == STATUS_OK &&
               parsed_us == date.us;
    }
    if (!fits)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a date in the years 1 to 9999 as result but it is outside.");
    return write_date(evaluation, &date, ret_value);
}

/* ---- what methods do ---- */

enum date_verb {
    DATE_PLUS,
    DATE_MINUS,
    DATE_PLUS_DURATION,
    DATE_MINUS_DURATION,
    DATE_BEFORE,
    DATE_AFTER,
    DATE_SAME,
    DATE_BETWEEN,
    DATE_FIELD,
    DATE_MILLISECONDS,
    DATE_FORMAT,
    DATE_DAY,
    DATE_INSTANT,
};

/* `unit_us` 0: months, so many as `months` says. */
static const struct date_method {
    const char *name;
    enum date_verb verb;
    uint32_t count;
    int months;
    int64_t unit_us;
} date_methods[] = {
    {"plusYears", DATE_PLUS, 1, 12, 0},
    {"plusMonths", DATE_PLUS, 1, 1, 0},
    {"plusWeeks", DATE_PLUS, 1, 0, 7 * DAY_US},
    {"plusDays", DATE_PLUS, 1, 0, DAY_US},
    {"plusHours", DATE_PLUS, 1, 0, HOUR_US},
    {"plusMinutes", DATE_PLUS, 1, 0, MINUTE_US},
    {"plusSeconds", DATE_PLUS, 1, 0, SECOND_US},
    {"plusMillis", DATE_PLUS, 1, 0, 1000},
    {"minusYears", DATE_MINUS, 1, 12, 0},
    {"minusMonths", DATE_MINUS, 1, 1, 0},
    {"minusWeeks", DATE_MINUS, 1, 0, 7 * DAY_US},
    {"minusDays", DATE_MINUS, 1, 0, DAY_US},
    {"minusHours", DATE_MINUS, 1, 0, HOUR_US},
    {"minusMinutes", DATE_MINUS, 1, 0, MINUTE_US},
    {"minusSeconds", DATE_MINUS, 1, 0, SECOND_US},
    {"minusMillis", DATE_MINUS, 1, 0, 1000},
    {"plus", DATE_PLUS_DURATION, 1, 0, 0},
    {"plusDuration", DATE_PLUS_DURATION, 1, 0, 0},
    {"addDuration", DATE_PLUS_DURATION, 1, 0, 0},
    {"minus", DATE_MINUS_DURATION, 1, 0, 0},
    {"minusDuration", DATE_MINUS_DURATION, 1, 0, 0},
    {"subtractDuration", DATE_MINUS_DURATION, 1, 0, 0},
    {"isBefore", DATE_BEFORE, 1, 0, 0},
    {"before", DATE_BEFORE, 1, 0, 0},
    {"isAfter", DATE_AFTER, 1, 0, 0},
    {"after", DATE_AFTER, 1, 0, 0},
    {"isEqual", DATE_SAME, 1, 0, 0},
    {"millisBetween", DATE_BETWEEN, 1, 0, 1000},
    {"secondsBetween", DATE_BETWEEN, 1, 0, SECOND_US},
    {"minutesBetween", DATE_BETWEEN, 1, 0, MINUTE_US},
    {"hoursBetween", DATE_BETWEEN, 1, 0, HOUR_US},
    {"daysBetween", DATE_BETWEEN, 1, 0, DAY_US},
    {"getYear", DATE_FIELD, 0, 0, 0},
    {"getMonthValue", DATE_FIELD, 0, 1, 0},
    {"getDayOfMonth", DATE_FIELD, 0, 2, 0},
    {"getHour", DATE_FIELD, 0, 3, 0},
    {"getMinute", DATE_FIELD, 0, 4, 0},
    {"getSecond", DATE_FIELD, 0, 5, 0},
    {"getDayOfWeek", DATE_FIELD, 0, 6, 0},
    {"getTime", DATE_MILLISECONDS, 0, 0, 0},
    {"toEpochMilli", DATE_MILLISECONDS, 0, 0, 0},
    {"format", DATE_FORMAT, 1, 0, 0},
    {"format", DATE_INSTANT, 0, 0, 0},
    {"toInstant", DATE_INSTANT, 0, 0, 0},
    {"toLocalDate", DATE_DAY, 0, 0, 0},
};

bool is_date_method(const char *name, uint32_t argument_count)
{
    for (size_t i = 0; i < COUNT_OF(date_methods); i++) {
        if (strcmp(date_methods[i].name, name) == 0 &&
            (argument_count == DATE_ANY_COUNT || argument_count == date_methods[i].count))
            return true;
    }
    return false;
}

static enum status plus(struct evaluation *evaluation, const struct call *call,
                        const struct date_method *method, struct date date, struct value *ret_value)
{
    int sign = method->verb == DATE_MINUS ? -1 : 1;
    const int64_t count_max = INT64_C(400) * 1000 * 1000 * 1000 * 1000; /* past any date */
    int64_t count;
    int64_t time_us;
    enum status status = argument_integer(evaluation, call, 0, &count);

    if (status != STATUS_OK)
        return status;
    if (count > count_max || count < -count_max ||
        __builtin_mul_overflow(count, method->unit_us, &time_us))
        time_us = INT64_MAX;
    if (method->unit_us == 0 && time_us == 0)
        return shift(evaluation, date, sign * count * method->months, 0, ret_value);
    return shift(evaluation, date, 0, sign * time_us, ret_value);
}

static enum status plus_duration(struct evaluation *evaluation, const struct call *call,
                                 const struct date_method *method, struct date date,
                                 struct value *ret_value)
{
    int sign = method->verb == DATE_MINUS_DURATION ? -1 : 1;
    struct iso8601_duration duration;
    struct error parse_error;
    const char *text;
    int64_t days;
    int64_t time_us;
    enum status status = argument_text(evaluation, call, 0, &text);

    if (status != STATUS_OK)
        return status;
    if (iso8601_parse_duration(text, &duration, &parse_error) != STATUS_OK)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a duration such as PT4H or P2D as argument of '%s' but found "
                         "'%.*s'.",
                         call->name, excerpt_length(text, 60), text);
    days = duration.weeks * INT64_C(7) + duration.days;
    if (__builtin_mul_overflow(days, DAY_US, &time_us) ||
        __builtin_add_overflow(time_us, duration.time_us, &time_us))
        time_us = INT64_MAX;
    return shift(evaluation, date, sign * (duration.years * INT64_C(12) + duration.months),
                 sign * time_us, ret_value);
}

static enum status compare(struct evaluation *evaluation, const struct call *call,
                           const struct date_method *method, const struct date *date,
                           struct value *ret_value)
{
    struct date other;
    enum status status = read_date(evaluation, &call->arguments[0], &other);

    if (status != STATUS_OK)
        return status;
    if (method->verb == DATE_BETWEEN)
        *ret_value = value_of_integer((other.us - date->us) / method->unit_us);
    else if (method->verb == DATE_SAME)
        *ret_value = value_of_boolean(date->us == other.us);
    else
        *ret_value = value_of_boolean(method->verb == DATE_BEFORE ? date->us < other.us
                                                                  : date->us > other.us);
    return STATUS_OK;
}

static struct value field(const struct date_method *method, const struct date *date)
{
    static const char *const days[] = {"THURSDAY", "FRIDAY",  "SATURDAY", "SUNDAY",
                                       "MONDAY",   "TUESDAY", "WEDNESDAY"}; /* 1970-01-01 first */
    struct fields fields = fields_of(date->us);
    const int64_t values[] = {fields.year, fields.month,  fields.day,
                              fields.hour, fields.minute, fields.second};
    int64_t day = (date->us - fields.time_us) / DAY_US % 7;

    if (method->months == (int)COUNT_OF(values))
        return value_of_text(days[day < 0 ? day + 7 : day]);
    return value_of_integer(values[method->months]);
}

/* One run of equal letters of a pattern; false when it means nothing here. */
static bool format_letters(const struct fields *fields, char letter, size_t count, char *to,
                           size_t size)
{
    static const char letters[] = "yuMdHmsS";
    const int values[] = {
        (int)fields->year, (int)fields->year, fields->month,  fields->day,
        fields->hour,      fields->minute,    fields->second, fields->microsecond / 1000};
    const char *found = strchr(letters, letter);

    if (found == NULL || count > 4)
        return false;
    if ((letter == 'y' || letter == 'u') && count == 2)
        (void)snprintf(to, size, "%02d", (int)(fields->year % 100));
    else if (letter == 'S')
        (void)snprintf(to, size, "%03d", values[7]);
    else
        (void)snprintf(to, size, "%0*d", (int)count, values[found - letters]);
    return letter == 'y' || letter == 'u' || (letter == 'S' ? count == 3 : count <= 2);
}

/* `'…'` in a pattern is literal. Returns how many bytes of the pattern it takes. */
static size_t format_quoted(const char *pattern, char *to, size_t *length)
{
    size_t at = 1;

    if (pattern[1] == '\'') {
        to[(*length)++] = '\'';
        return 2;
    }
    while (pattern[at] != '\0' && pattern[at] != '\'')
        to[(*length)++] = pattern[at++];
    return pattern[at] == '\'' ? at + 1 : at;
}

static enum status format(struct evaluation *evaluation, const struct call *call,
                          const struct date *date, struct value *ret_value)
{
    enum { PATTERN_MAX = 100, FIELD_BYTES = 16 };
    struct fields fields = fields_of(date->us);
    char text[PATTERN_MAX * FIELD_BYTES];
    size_t length = 0;
    const char *pattern;
    enum status status = argument_text(evaluation, call, 0, &pattern);

    if (status != STATUS_OK)
        return status;
    if (strlen(pattern) > PATTERN_MAX)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a date pattern of at most %d bytes.", PATTERN_MAX);
    for (const char *at = pattern; *at != '\0';) {
        bool is_letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
        size_t count = 1;

        if (*at == '\'') {
            at += format_quoted(at, text, &length);
            continue;
        }
        while (is_letter && at[count] == *at)
            count++;
        if (!is_letter)
            text[length++] = *at;
        else if (format_letters(&fields, *at, count, text + length, FIELD_BYTES))
            length += strlen(text + length);
        else
            return error_set(evaluation->error, STATUS_FAILED,
                             "Expected a date pattern of yyyy, MM, dd, HH, mm, ss, SSS and literal "
                             "text in '…' but found '%.*s' in '%s'.",
                             (int)count, at, pattern);
        at += count;
    }
    return evaluation_text(evaluation, text, length, ret_value);
}

enum status call_date_method(struct evaluation *evaluation, const struct call *call,
                             const struct value *target, struct value *ret_value)
{
    const struct date_method *method = NULL;
    struct date date;
    enum status status;

    for (size_t i = 0; i < COUNT_OF(date_methods) && method == NULL; i++) {
        if (date_methods[i].count == call->count && strcmp(date_methods[i].name, call->name) == 0)
            method = &date_methods[i];
    }
    if (method == NULL)
        return method_unknown(evaluation, call, target);
    status = read_date(evaluation, target, &date);
    if (status != STATUS_OK)
        return status;
    switch (method->verb) {
    case DATE_PLUS:
    case DATE_MINUS:
        return plus(evaluation, call, method, date, ret_value);
    case DATE_PLUS_DURATION:
    case DATE_MINUS_DURATION:
        return plus_duration(evaluation, call, method, date, ret_value);
    case DATE_BEFORE:
    case DATE_AFTER:
    case DATE_SAME:
    case DATE_BETWEEN:
        return compare(evaluation, call, method, &date, ret_value);
    case DATE_FIELD:
        *ret_value = field(method, &date);
        return STATUS_OK;
    case DATE_MILLISECONDS:
        *ret_value = value_of_integer(date.us / 1000);
        return STATUS_OK;
    case DATE_FORMAT:
        return format(evaluation, call, &date, ret_value);
    case DATE_DAY:
        date = (struct date){.us = date.us - fields_of(date.us).time_us, .is_day = true};
        return write_date(evaluation, &date, ret_value);
    case DATE_INSTANT:
        date.is_day = false;
        return write_date(evaluation, &date, ret_value);
    }
    UNREACHABLE();
}

enum status date_now(struct evaluation *evaluation, const struct call *call,
                     struct value *ret_value)
{
    struct date now = {.us = evaluation->scope->now_us};

    (void)call;
    return write_date(evaluation, &now, ret_value);
}

enum status date_today(struct evaluation *evaluation, const struct call *call,
                       struct value *ret_value)
{
    int64_t now_us = evaluation->scope->now_us;
    struct date today = {.us = now_us - fields_of(now_us).time_us, .is_day = true};

    (void)call;
    return write_date(evaluation, &today, ret_value);
}
