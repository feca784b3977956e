/* Civil dates and times of the proleptic Gregorian calendar, without a zone.
 *
 * A local time is a count of microseconds (`local_us`) as a wall clock shows it: the microseconds
 * since 1970-01-01T00:00 on that clock. A day is a count of days since 1970-01-01. */
#ifndef SYNERGYFLOW_WORKTIME_CIVIL_H
#define SYNERGYFLOW_WORKTIME_CIVIL_H

#include "bpmn/base/check.h"

#include <stddef.h>
#include <stdint.h>

#define CIVIL_SECOND_US INT64_C(1000000)
#define CIVIL_DAY_S     INT64_C(86400)
#define CIVIL_DAY_US    (CIVIL_DAY_S * CIVIL_SECOND_US)

enum { CIVIL_DATE_BYTES = 24, CIVIL_TIME_BYTES = 16 };

struct civil_date {
    int32_t year;
    int32_t month; /* 1 to 12 */
    int32_t day;   /* 1 to 31 */
};

/* A wall clock's reading. */
struct civil {
    struct civil_date date;
    int32_t second_of_day; /* 0 to 86399 */
    int32_t microsecond;   /* 0 to 999999 */
};

bool civil_is_leap(int64_t year);
int32_t civil_days_in_month(int64_t year, int32_t month);
int64_t civil_days(int64_t year, int32_t month, int32_t day);
struct civil_date civil_date_of(int64_t days);
/* 0 is Monday, 6 is Sunday. */
int32_t civil_weekday(int64_t days);

int64_t civil_to_local_us(const struct civil *civil);
struct civil civil_of_local_us(int64_t local_us);

/* Floors, also of negative numbers. */
int64_t civil_floor_divide(int64_t number, int64_t by);

/* `YYYY-MM-DD` of a day that exists, years 0001 to 9999; nothing may follow. */
MUST_CHECK bool civil_parse_date(const char *text, int64_t *ret_days);
/* `MM-DD`, 29 February included. */
MUST_CHECK bool civil_parse_month_day(const char *text, int32_t *ret_month, int32_t *ret_day);
/* `HH:MM` or `HH:MM:SS`, also `24:00`; seconds since midnight. */
MUST_CHECK bool civil_parse_time(const char *text, int32_t *ret_second_of_day);

/* `2026-11-23`, and `09:00` or `09:00:30` or `24:00`. Return `ret_text`. */
char *civil_format_date(int64_t days, char ret_text[CIVIL_DATE_BYTES]);
char *civil_format_time(int32_t second_of_day, char ret_text[CIVIL_TIME_BYTES]);

#endif
