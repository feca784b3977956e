/* See world.h. */
#include "tests/worktime/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 86400 };

static const char *const weekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* ---- chance ---- */

uint64_t world_random(uint64_t *seed)
{
    uint64_t x = *seed += UINT64_C(0x9E3779B97F4A7C15);

    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

int world_below(uint64_t *seed, int limit)
{
    return (int)(world_random(seed) % (uint64_t)limit);
}

/* A time of day, mostly a half hour, now and then to the second. */
static int some_time(uint64_t *seed)
{
    int kind = world_below(seed, 10);

    if (kind < 6)
        return world_below(seed, 48) * 1800;
    return kind < 9 ? world_below(seed, 1440) * 60 : world_below(seed, DAY_S);
}

static int by_number(const void *left, const void *right)
{
    return *(const int *)left - *(const int *)right;
}

/* Windows that do not overlap and that leave the first and last hours to nights. */
static void some_windows(uint64_t *seed, struct world_list *list, bool may_be_night)
{
    int times[6];
    int count = 1 + world_below(seed, 3);

    for (int i = 0; i < 2 * count; i++)
        times[i] = 8 * 3600 + some_time(seed) % (12 * 3600);
    qsort(times, (size_t)(2 * count), sizeof(times[0]), by_number);
    list->count = 0;
    for (int i = 0; i < count; i++) {
        if (times[2 * i] < times[2 * i + 1])
            list->windows[list->count++] = (struct world_window){times[2 * i], times[2 * i + 1]};
    }
    if (may_be_night && world_below(seed, 2) == 0) {
        list->windows[list->count++] = (struct world_window){
            20 * 3600 + world_below(seed, 8) * 1800, world_below(seed, 15) * 1800};
    }
}

/* A week of whole days, of early mornings (in which clocks change), or of ordinary hours. */
static void some_week(uint64_t *seed, struct world_calendar *calendar)
{
    int kind = world_below(seed, 4);

    for (int i = 0; i < 7; i++) {
        struct world_list *day = &calendar->week[i];

        if (kind == 0) {
            *day = (struct world_list){.count = 1, .windows = {{0, DAY_S}}};
        } else if (kind == 1) {
            int from = world_below(seed, 7) * 1800;

            *day = (struct world_list){
                .count = 2,
                .windows = {{from, from + 900 + world_below(seed, 5400)}, {22 * 3600, DAY_S}}};
        } else if (world_below(seed, 5) > 0) {
            some_windows(seed, day, true);
        }
    }
}

void world_make_calendar(uint64_t *seed, const char *zone, int64_t day,
                         struct world_calendar *calendar)
{
    *calendar = (struct world_calendar){.zone = zone};
    some_week(seed, calendar);
    for (int i = world_below(seed, 6); i > 0; i--) {
        struct world_list *shift = &calendar->shifts[calendar->shift_count];

        shift->day =
            (calendar->shift_count > 0 ? shift[-1].day + 1 : day - 2) + world_below(seed, 4);
        some_windows(seed, shift, true);
        calendar->shift_count++;
    }
    for (int i = world_below(seed, 5); i > 0; i--) {
        struct world_list *pause = &calendar->breaks[calendar->break_count];

        pause->day =
            (calendar->break_count > 0 ? pause[-1].day + 1 : day - 2) + world_below(seed, 5);
        some_windows(seed, pause, true);
        calendar->break_count++;
    }
    if (world_below(seed, 3) == 0)
        some_windows(seed, &calendar->week_breaks[world_below(seed, 7)], true);
    for (int i = world_below(seed, 4); i > 0; i--)
        calendar->holidays[calendar->holiday_count++] = day + world_below(seed, WORLD_DAYS);
    for (int i = world_below(seed, 3); i > 0; i--) {
        calendar->annual[calendar->annual_count][0] = 1 + world_below(seed, 12);
        calendar->annual[calendar->annual_count++][1] = 1 + world_below(seed, 28);
    }
}

/* ---- the document ---- */

static void date_text(int64_t day, char text[16])
{
    time_t at = (time_t)(day * DAY_S);
    struct tm date;

    (void)gmtime_r(&at, &date);
    (void)strftime(text, 16, "%Y-%m-%d", &date);
}

static json_t *list_json(const struct world_list *list)
{
    json_t *json = json_array();

    for (int i = 0; i < list->count; i++) {
        char from[32];
        char to[32];
        int from_s = list->windows[i].from_s;
        int to_s = list->windows[i].to_s;

        (void)snprintf(from, sizeof(from), "%02d:%02d:%02d", from_s / 3600, from_s / 60 % 60,
                       from_s % 60);
        (void)snprintf(to, sizeof(to), "%02d:%02d:%02d", to_s / 3600, to_s / 60 % 60, to_s % 60);
        (void)json_array_append_new(json, json_pack("[s, s]", from, to));
    }
    return json;
}

json_t *world_document(const struct world_calendar *calendar)
{
    json_t *document =
        json_pack("{s:s, s:s, s:{}, s:{}, s:{}, s:[], s:[]}", "name", "random", "timezone",
                  calendar->zone, "week", "shifts", "breaks", "holidays", "annual_holidays");
    char text[16];

    for (int i = 0; i < 7; i++) {
        (void)json_object_set_new(json_object_get(document, "week"), weekdays[i],
                                  list_json(&calendar->week[i]));
        if (calendar->week_breaks[i].count > 0)
            (void)json_object_set_new(json_object_get(document, "breaks"), weekdays[i],
                                      list_json(&calendar->week_breaks[i]));
    }
    for (int i = 0; i < calendar->shift_count; i++) {
        date_text(calendar->shifts[i].day, text);
        (void)json_object_set_new(json_object_get(document, "shifts"), text,
                                  list_json(&calendar->shifts[i]));
    }
    for (int i = 0; i < calendar->break_count; i++) {
        date_text(calendar->breaks[i].day, text);
        (void)json_object_set_new(json_object_get(document, "breaks"), text,
                                  list_json(&calendar->breaks[i]));
    }
    for (int i = 0; i < calendar->holiday_count; i++) {
        date_text(calendar->holidays[i], text);
        (void)json_array_append_new(json_object_get(document, "holidays"), json_string(text));
    }
    for (int i = 0; i < calendar->annual_count; i++) {
        (void)snprintf(text, sizeof(text), "%02d-%02d", calendar->annual[i][0] % 100,
                       calendar->annual[i][1] % 100);
        (void)json_array_append_new(json_object_get(document, "annual_holidays"),
                                    json_string(text));
    }
    return document;
}

/* ---- days, as a wall clock shows them ---- */

static void paint(unsigned char *day, const struct world_list *list, bool night, unsigned char with)
{
    for (int i = 0; i < list->count; i++) {
        int from_s = list->windows[i].from_s;
        int to_s = list->windows[i].to_s;

        if (to_s > from_s && !night)
            memset(day + from_s, with, (size_t)(to_s - from_s));
        else if (to_s <= from_s && !night)
            memset(day + from_s, with, (size_t)(DAY_S - from_s));
        else if (to_s <= from_s && night)
            memset(day, with, (size_t)to_s);
    }
}

static const struct world_list *dated(const struct world_list *lists, int count, int64_t day)
{
    static const struct world_list none = {.count = 0};

    for (int i = 0; i < count; i++) {
        if (lists[i].day == day)
            return &lists[i];
    }
    return &none;
}

static bool is_holiday(const struct world_calendar *calendar, int64_t day)
{
    time_t at = (time_t)(day * DAY_S);
    struct tm date;

    (void)gmtime_r(&at, &date);
    for (int i = 0; i < calendar->annual_count; i++) {
        if (calendar->annual[i][0] == date.tm_mon + 1 && calendar->annual[i][1] == date.tm_mday)
            return true;
    }
    for (int i = 0; i < calendar->holiday_count; i++) {
        if (calendar->holidays[i] == day)
            return true;
    }
    return false;
}

/* A byte for each second of the date. */
static void wall_day(const struct world_calendar *calendar, int64_t day, unsigned char *seconds)
{
    int weekday = (int)(((day + 3) % 7 + 7) % 7);
    int before = (weekday + 6) % 7;
    const struct world_list *shift = dated(calendar->shifts, calendar->shift_count, day);

    memset(seconds, 0, DAY_S);
    if (is_holiday(calendar, day))
        return;
    if (shift->count > 0) {
        paint(seconds, shift, false, 1);
    } else {
        bool has_own = false;

        for (int i = 0; i < calendar->shift_count; i++)
            has_own = has_own || calendar->shifts[i].day == day;
        if (!has_own) {
            paint(seconds, &calendar->week[weekday], false, 1);
            paint(seconds, &calendar->week[before], true, 1);
        }
    }
    paint(seconds, dated(calendar->shifts, calendar->shift_count, day - 1), true, 1);
    paint(seconds, &calendar->week_breaks[weekday], false, 0);
    paint(seconds, &calendar->week_breaks[before], true, 0);
    paint(seconds, dated(calendar->breaks, calendar->break_count, day), false, 0);
    paint(seconds, dated(calendar->breaks, calendar->break_count, day - 1), true, 0);
}

/* ---- time ---- */

/* The first second whose local time is at least `local_s`. */
static int64_t first_reaching(const struct world *world, int64_t local_s)
{
    int64_t at = local_s - world->from_s - 27 * 3600;

    if (at < 0)
        at = 0;
    while (at < WORLD_SECONDS && world->local_s[at] < local_s)
        at++;
    return at;
}

/* Where in `world` a wall-clock time lies: its first occurrence; in a gap, later by the gap. */
static int64_t place_of(const struct world *world, int64_t local_s)
{
    int64_t at = first_reaching(world, local_s);

    if (at > 0 && at < WORLD_SECONDS && world->local_s[at] != local_s)
        at += local_s - (world->local_s[at - 1] + 1);
    return at < WORLD_SECONDS ? at : WORLD_SECONDS;
}

static void open_date(struct world *world, int64_t day, const unsigned char *seconds)
{
    int from = 0;

    if (first_reaching(world, day * DAY_S) == first_reaching(world, (day + 1) * DAY_S))
        return; /* the zone has no such date */
    while (from < DAY_S) {
        int to;

        while (from < DAY_S && seconds[from] == 0)
            from++;
        to = from;
        while (to < DAY_S && seconds[to] != 0)
            to++;
        if (from < to) {
            int64_t begins = place_of(world, day * DAY_S + from);
            int64_t ends = place_of(world, day * DAY_S + to);

            if (begins < ends)
                memset(world->open + begins, 1, (size_t)(ends - begins));
        }
        from = to;
    }
}

void world_init(struct world *world, const struct world_calendar *calendar, int64_t from_s)
{
    unsigned char *seconds = malloc(DAY_S);
    int64_t first_day = from_s / DAY_S;

    world->from_s = from_s;
    world->local_s = malloc(WORLD_SECONDS * sizeof(*world->local_s));
    world->open = calloc(WORLD_SECONDS, 1);
    world->pause = calloc(WORLD_SECONDS, 1);
    (void)setenv("TZ", calendar->zone, 1);
    tzset();
    /* Offsets change at whole minutes in the years that tests look at. */
    for (int64_t minute = 0; minute < WORLD_SECONDS; minute += 60) {
        time_t at = (time_t)(from_s + minute);
        struct tm local;

        (void)localtime_r(&at, &local);
        for (int64_t i = 0; i < 60; i++)
            world->local_s[minute + i] = from_s + minute + i + local.tm_gmtoff;
    }
    for (int64_t day = first_day - 2; day < first_day + WORLD_DAYS + 2; day++) {
        wall_day(calendar, day, seconds);
        open_date(world, day, seconds);
    }
    free(seconds);
}

void world_deinit(struct world *world)
{
    free(world->local_s);
    free(world->open);
    free(world->pause);
}
