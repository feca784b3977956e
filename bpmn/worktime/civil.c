/* See civil.h. */
#include "bpmn/worktime/civil.h"

#include <stdio.h>
#include <string.h>

int64_t civil_floor_divide(int64_t number, int64_t by)
{
    PRE(by > 0);
    return number / by - (number % by < 0 ? 1 : 0);
}

bool civil_is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int32_t civil_days_in_month(int64_t year, int32_t month)
{
    static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    PRE(month >= 1 && month <= 12);
    return month == 2 && civil_is_leap(year) ? 29 : days[month - 1];
}

/* Years are counted from March, so that the leap day is a year's last; 400 of them are an era of
 * 146,097 days. */
int64_t civil_days(int64_t year, int32_t month, int32_t day)
{
    int64_t march_year = month <= 2 ? year - 1 : year;
    int64_t era = civil_floor_divide(march_year, 400);
    int64_t year_of_era = march_year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

struct civil_date civil_date_of(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = civil_floor_divide(shifted, 146097);
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    struct civil_date date = {
        .day = (int32_t)(day_of_year - (153 * month + 2) / 5 + 1),
        .month = (int32_t)(month < 10 ? month + 3 : month - 9),
    };

    date.year = (int32_t)(year_of_era + era * 400 + (date.month <= 2 ? 1 : 0));
    return date;
}

int32_t civil_weekday(int64_t days)
{
    /* 1970-01-01 was a Thursday. */
    int64_t shifted = days + 3;

    return (int32_t)(shifted - civil_floor_divide(shifted, 7) * 7);
}

int64_t civil_to_local_us(const struct civil *civil)
{
    int64_t days = civil_days(civil->date.year, civil->date.month, civil->date.day);

    return (days * CIVIL_DAY_S + civil->second_of_day) * CIVIL_SECOND_US + civil->microsecond;
}

struct civil civil_of_local_us(int64_t local_us)
{
    int64_t days = civil_floor_divide(local_us, CIVIL_DAY_US);
    int64_t time_us = local_us - days * CIVIL_DAY_US;

    return (struct civil){.date = civil_date_of(days),
                          .second_of_day = (int32_t)(time_us / CIVIL_SECOND_US),
                          .microsecond = (int32_t)(time_us % CIVIL_SECOND_US)};
}

/* `count` digits of `text`, or -1. */
static int32_t digits(const char *text, int count)
{
    int32_t number = 0;

    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

bool civil_parse_month_day(const char *text, int32_t *ret_month, int32_t *ret_day)
{
    int32_t month;
    int32_t day;

    if (strlen(text) != 5 || text[2] != '-')
        return false;
    month = digits(text, 2);
    day = digits(text + 3, 2);
    if (month < 1 || month > 12 || day < 1 || day > civil_days_in_month(2000, month))
        return false;
    *ret_month = month;
    *ret_day = day;
    return true;
}

bool civil_parse_date(const char *text, int64_t *ret_days)
{
    int32_t year;
    int32_t month;
    int32_t day;

    if (strlen(text) != 10 || text[4] != '-')
        return false;
    year = digits(text, 4);
    if (year < 1 || !civil_parse_month_day(text + 5, &month, &day) ||
        day > civil_days_in_month(year, month))
        return false;
    *ret_days = civil_days(year, month, day);
    return true;
}

bool civil_parse_time(const char *text, int32_t *ret_second_of_day)
{
    size_t length = strlen(text);
    int32_t hour;
    int32_t minute;
    int32_t second = 0;

    if ((length != 5 && length != 8) || text[2] != ':' || (length == 8 && text[5] != ':'))
        return false;
    hour = digits(text, 2);
    minute = digits(text + 3, 2);
    if (length == 8)
        second = digits(text + 6, 2);
    if (hour < 0 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return false;
    if (hour > 24 || (hour == 24 && (minute > 0 || second > 0)))
        return false;
    *ret_second_of_day = hour * 3600 + minute * 60 + second;
    return true;
}

char *civil_format_date(int64_t days, char ret_text[CIVIL_DATE_BYTES])
{
    struct civil_date date = civil_date_of(days);

    (void)snprintf(ret_text, CIVIL_DATE_BYTES, "%04d-%02d-%02d", date.year, date.month, date.day);
    return ret_text;
}

char *civil_format_time(int32_t second_of_day, char ret_text[CIVIL_TIME_BYTES])
{
    int32_t hour = second_of_day / 3600 % 100;
    int32_t minute = second_of_day / 60 % 60;
    int32_t second = second_of_day % 60;

    if (second != 0)
        (void)snprintf(ret_text, CIVIL_TIME_BYTES, "%02d:%02d:%02d", hour, minute, second);
    else
        (void)snprintf(ret_text, CIVIL_TIME_BYTES, "%02d:%02d", hour, minute);
    return ret_text;
}
