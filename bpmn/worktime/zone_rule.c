/* See zone_rule.h. */
#include "bpmn/worktime/zone_rule.h"

#include "bpmn/worktime/civil.h"

#include <string.h>

/* ---- reading ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* `CET` or `<+0330>`: three characters at least. */
static bool read_name(const char **at)
{
    const char *from = *at;

    if (**at == '<') {
        for ((*at)++; is_digit(**at) || is_letter(**at) || **at == '+' || **at == '-'; (*at)++)
            continue;
        if (**at != '>')
            return false;
        (*at)++;
        return *at - from >= 5;
    }
    while (is_letter(**at))
        (*at)++;
    return *at - from >= 3;
}

static bool read_number(const char **at, int32_t max, int32_t *ret_number)
{
    int32_t number = 0;

    if (!is_digit(**at))
        return false;
    for (; is_digit(**at); (*at)++) {
        number = number * 10 + (**at - '0');
        if (number > max)
            return false;
    }
    *ret_number = number;
    return true;
}

/* `[+-]hh[:mm[:ss]]`, seconds. */
static bool read_time(const char **at, int32_t hours_max, int32_t *ret_seconds)
{
    int32_t sign = **at == '-' ? -1 : 1;
    int32_t hours;
    int32_t minutes = 0;
    int32_t seconds = 0;

    if (**at == '-' || **at == '+')
        (*at)++;
    if (!read_number(at, hours_max, &hours))
        return false;
    if (**at == ':') {
        (*at)++;
        if (!read_number(at, 59, &minutes))
            return false;
        if (**at == ':') {
            (*at)++;
            if (!read_number(at, 59, &seconds))
                return false;
        }
    }
    *ret_seconds = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

static bool read_date(const char **at, struct zone_rule_date *date)
{
    *date = (struct zone_rule_date){.time_s = 2 * 3600};
    if (**at == 'M') {
        date->kind = ZONE_RULE_WEEKDAY;
        (*at)++;
        if (!read_number(at, 12, &date->month) || date->month < 1 || *(*at)++ != '.' ||
            !read_number(at, 5, &date->week) || date->week < 1 || *(*at)++ != '.' ||
            !read_number(at, 6, &date->day))
            return false;
    } else if (**at == 'J') {
        date->kind = ZONE_RULE_JULIAN;
        (*at)++;
        if (!read_number(at, 365, &date->day) || date->day < 1)
            return false;
    } else {
        date->kind = ZONE_RULE_ZERO_DAY;
        if (!read_number(at, 365, &date->day))
            return false;
    }
    if (**at == '/') {
        (*at)++;
        return read_time(at, 167, &date->time_s);
    }
    return true;
}

bool zone_rule_parse(const char *text, struct zone_rule *ret_rule)
{
    struct zone_rule rule = {0};
    const char *at = text;

    if (!read_name(&at) || !read_time(&at, 25, &rule.standard_s))
        return false;
    /* POSIX counts the other way round: CET-1 is one hour ahead of UTC. */
    rule.standard_s = -rule.standard_s;
    if (*at != '\0') {
        rule.has_summer = true;
        rule.summer_s = rule.standard_s + 3600;
        if (!read_name(&at))
            return false;
        if (*at != ',') {
            if (!read_time(&at, 25, &rule.summer_s))
                return false;
            rule.summer_s = -rule.summer_s;
        }
        if (*at++ != ',' || !read_date(&at, &rule.start) || *at++ != ',' ||
            !read_date(&at, &rule.end) || *at != '\0')
            return false;
    }
    *ret_rule = rule;
    return true;
}

/* ---- applying ---- */

static int64_t day_of(const struct zone_rule_date *date, int64_t year)
{
    int64_t first;
    int64_t day;

    if (date->kind == ZONE_RULE_ZERO_DAY)
        return civil_days(year, 1, 1) + date->day;
    if (date->kind == ZONE_RULE_JULIAN) {
        /* 60 is 1 March in every year. */
        return civil_days(year, 1, 1) + date->day - 1 +
               (date->day >= 60 && civil_is_leap(year) ? 1 : 0);
    }
    first = civil_days(year, date->month, 1);
    /* The rule's Sunday is 0, ours is 6. */
    day = first + ((date->day + 6) % 7 - civil_weekday(first) + 7) % 7 + (date->week - 1) * 7;
    return day >= first + civil_days_in_month(year, date->month) ? day - 7 : day;
}

static void put_in_order(struct zone_rule_change *changes, int count)
{
    for (int i = 1; i < count; i++) {
        for (int j = i; j > 0 && changes[j].at_s < changes[j - 1].at_s; j--) {
            struct zone_rule_change swap = changes[j];

            changes[j] = changes[j - 1];
            changes[j - 1] = swap;
        }
    }
}

void zone_rule_changes(const struct zone_rule *rule, int64_t year,
                       struct zone_rule_change ret_changes[ZONE_RULE_CHANGES])
{
    PRE(rule->has_summer);
    for (int i = 0; i < ZONE_RULE_CHANGES / 2; i++) {
        int64_t start_s = day_of(&rule->start, year + i - 1) * CIVIL_DAY_S + rule->start.time_s;
        int64_t end_s = day_of(&rule->end, year + i - 1) * CIVIL_DAY_S + rule->end.time_s;

        ret_changes[2 * i] = (struct zone_rule_change){end_s - rule->summer_s, rule->standard_s};
        ret_changes[2 * i + 1] =
            (struct zone_rule_change){start_s - rule->standard_s, rule->summer_s};
    }
    put_in_order(ret_changes, ZONE_RULE_CHANGES);
    /* Where summer time lasts all year, one year's end is the next one's start, and summer wins. */
    for (int i = 1; i < ZONE_RULE_CHANGES; i++) {
        if (ret_changes[i].at_s == ret_changes[i - 1].at_s)
            ret_changes[i - 1].offset_s = ret_changes[i].offset_s = rule->summer_s;
    }
}

int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t at_s)
{
    struct zone_rule_change changes[ZONE_RULE_CHANGES];
    int64_t year;
    int i = ZONE_RULE_CHANGES - 1;

    if (!rule->has_summer)
        return rule->standard_s;
    year = civil_date_of(civil_floor_divide(at_s + rule->standard_s, CIVIL_DAY_S)).year;
    zone_rule_changes(rule, year, changes);
    while (i > 0 && changes[i].at_s > at_s)
        i--;
    return changes[i].offset_s;
}
