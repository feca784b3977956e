/* Random calendars around changes of the clocks, in ten zones: every answer of the library against
 * a count second by second (world.h), and the invariants of working time. Seeds are fixed;
 * SYNERGYFLOW_SEED gives another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/iso8601.h"
#include "bpmn/worktime/worktime.h"
#include "engine/zone/zone_files.h"
#include "tests/worktime/world.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US    (86400 * SECOND_US)

enum { ROUNDS = 4, QUESTIONS = 12, PAUSES_MAX = 6, MARGIN_DAYS = 4 };

static struct zone_files *zones;

struct round {
    const char *name; /* for messages */
    uint64_t seed;
    struct world world;
    struct arena *arena;
    const struct calendar *calendar;
    struct worktime_pause pauses[PAUSES_MAX];
    size_t pause_count;
};

/* A moment around which clocks change, or that is worth a look. */
struct place {
    const char *zone;
    const char *moment;
};

static const struct place places[] = {
    {"Europe/Berlin", "2025-03-30T01:00:00Z"},
    {"Europe/Berlin", "2025-10-26T01:00:00Z"},
    {"Europe/Berlin", "2051-10-29T01:00:00Z"},
    {"America/New_York", "2025-03-09T07:00:00Z"},
    {"America/New_York", "2190-11-07T06:00:00Z"},
    {"Australia/Lord_Howe", "2025-04-05T15:00:00Z"},
    {"Australia/Lord_Howe", "2025-10-04T15:30:00Z"},
    {"Asia/Kathmandu", "1985-12-31T18:30:00Z"},
    {"America/Sao_Paulo", "2015-02-22T02:00:00Z"},
    {"America/Sao_Paulo", "2015-10-18T03:00:00Z"},
    {"Pacific/Apia", "2011-12-30T10:00:00Z"},
    {"Africa/Casablanca", "2025-02-23T02:00:00Z"},
    {"Africa/Casablanca", "2025-04-06T02:00:00Z"},
    {"America/St_Johns", "2006-10-29T02:31:00Z"},
    {"America/Nuuk", "2024-03-31T01:00:00Z"},
    {"Asia/Tehran", "2015-09-21T19:30:00Z"},
    {"UTC", "2024-02-29T12:00:00Z"},
    {"Pacific/Kwajalein", "1993-08-21T12:00:00Z"},
};

static int64_t instant(const char *text)
{
    struct error error = {0};
    int64_t us = 0;

    if (iso8601_parse_instant(text, &us, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    return us;
}

/* ---- by counting ---- */

static bool counts_at(const struct round *round, int64_t second)
{
    return round->world.open[second] != 0 && round->world.pause[second] == 0;
}

/* Microseconds of working time in [from, to), offsets in the world. */
static int64_t count(const struct round *round, int64_t from_us, int64_t to_us)
{
    int64_t sum_us = 0;

    for (int64_t second = from_us / SECOND_US; second * SECOND_US < to_us; second++) {
        int64_t begins_us = second * SECOND_US < from_us ? from_us : second * SECOND_US;
        int64_t ends_us = (second + 1) * SECOND_US > to_us ? to_us : (second + 1) * SECOND_US;

        if (counts_at(round, second))
            sum_us += ends_us - begins_us;
    }
    return sum_us;
}

/* Where `duration_us` end; -1 when not in the world. */
static int64_t count_forwards(const struct round *round, int64_t from_us, int64_t duration_us)
{
    for (int64_t second = from_us / SECOND_US; second < WORLD_SECONDS; second++) {
        int64_t begins_us = second * SECOND_US < from_us ? from_us : second * SECOND_US;
        int64_t left_us = (second + 1) * SECOND_US - begins_us;

        if (!counts_at(round, second))
            continue;
        if (duration_us <= left_us)
            return begins_us + duration_us;
        duration_us -= left_us;
    }
    return -1;
}

static int64_t count_backwards(const struct round *round, int64_t to_us, int64_t duration_us)
{
    for (int64_t second = (to_us - 1) / SECOND_US; second >= 0; second--) {
        int64_t ends_us = (second + 1) * SECOND_US > to_us ? to_us : (second + 1) * SECOND_US;
        int64_t left_us = ends_us - second * SECOND_US;

        if (!counts_at(round, second))
            continue;
        if (duration_us <= left_us)
            return ends_us - duration_us;
        duration_us -= left_us;
    }
    return -1;
}

/* ---- by the library ---- */

static int64_t base_us(const struct round *round)
{
    return round->world.from_s * SECOND_US;
}

static int64_t between(const struct round *round, int64_t from_us, int64_t to_us)
{
    struct error error = {0};
    int64_t us = 0;

    if (worktime_between(round->calendar, base_us(round) + from_us, base_us(round) + to_us,
                         round->pauses, round->pause_count, &us, &error) != STATUS_OK)
        fail_msg("%s, seed %llu: %s", round->name, (unsigned long long)round->seed, error.message);
    return us;
}

static int64_t add(const struct round *round, int64_t from_us, int64_t duration_us)
{
    struct error error = {0};
    int64_t us = 0;

    if (worktime_add(round->calendar, base_us(round) + from_us, duration_us, round->pauses,
                     round->pause_count, &us, &error) != STATUS_OK)
        fail_msg("%s, seed %llu: %s", round->name, (unsigned long long)round->seed, error.message);
    return us - base_us(round);
}

static int64_t subtract(const struct round *round, int64_t from_us, int64_t duration_us)
{
    struct error error = {0};
    int64_t us = 0;

    if (worktime_subtract(round->calendar, base_us(round) + from_us, duration_us, round->pauses,
                          round->pause_count, &us, &error) != STATUS_OK)
        fail_msg("%s, seed %llu: %s", round->name, (unsigned long long)round->seed, error.message);
    return us - base_us(round);
}

static void same(const struct round *round, const char *what, int64_t actual, int64_t expected)
{
    if (actual != expected)
        fail_msg("%s, seed %llu: %s is %lld us but counting gives %lld us", round->name,
                 (unsigned long long)round->seed, what, (long long)actual, (long long)expected);
}

/* ---- rounds ---- */

static void make_pauses(struct round *round, uint64_t *seed)
{
    round->pause_count = (size_t)world_below(seed, PAUSES_MAX);
    for (size_t i = 0; i < round->pause_count; i++) {
        int64_t from_s = world_below(seed, WORLD_SECONDS - 1);
        int64_t to_s = from_s + world_below(seed, i % 2 == 0 ? 86400 : 300);

        if (to_s > WORLD_SECONDS)
            to_s = WORLD_SECONDS;
        round->pauses[i] = (struct worktime_pause){base_us(round) + from_s * SECOND_US,
                                                   base_us(round) + to_s * SECOND_US};
        memset(round->world.pause + from_s, 1, (size_t)(to_s - from_s));
    }
}

/* A moment in the middle of the world, mostly a whole second, often a boundary of open time. */
static int64_t some_moment(const struct round *round, uint64_t *seed)
{
    int64_t second =
        MARGIN_DAYS * 86400 + world_below(seed, WORLD_SECONDS - 2 * MARGIN_DAYS * 86400);

    if (world_below(seed, 3) == 0) {
        while (second < WORLD_SECONDS - MARGIN_DAYS * 86400 &&
               round->world.open[second] == round->world.open[second - 1])
            second++;
        return second * SECOND_US;
    }
    return second * SECOND_US + (world_below(seed, 3) == 0 ? world_below(seed, 1000000) : 0);
}

static void ask(const struct round *round, uint64_t *seed)
{
    int64_t a = some_moment(round, seed);
    int64_t b = some_moment(round, seed);
    int64_t c = some_moment(round, seed);
    int64_t low = a < b ? a : b;
    int64_t high = a < b ? b : a;
    int64_t duration_us;
    int64_t expected;

    same(round, "between", between(round, low, high), count(round, low, high));
    same(round, "between backwards", between(round, high, low), 0);
    if (low <= c && c <= high)
        same(round, "between in two parts", between(round, low, c) + between(round, c, high),
             between(round, low, high));
    same(round, "open", worktime_is_open(round->calendar, base_us(round) + a) ? 1 : 0,
         round->world.open[a / SECOND_US]);
    duration_us = world_below(seed, 2) == 0
                      ? count(round, low, high)
                      : (int64_t)(world_random(seed) % (uint64_t)(5 * DAY_US));
    expected = duration_us > 0 ? count_forwards(round, a, duration_us) : -1;
    if (expected >= 0) {
        int64_t sum = add(round, a, duration_us);

        same(round, "add", sum, expected);
        same(round, "between what was added", between(round, a, sum), duration_us);
        assert_true(add(round, a, duration_us + 1) > sum);
        assert_true(add(round, a + 1, duration_us) >= sum);
    }
    expected = duration_us > 0 ? count_backwards(round, a, duration_us) : -1;
    if (expected >= 0)
        same(round, "subtract", subtract(round, a, duration_us), expected);
}

/* No duration: the next and the previous open moments, with and without pauses. */
static void ask_nothing(const struct round *round, uint64_t *seed)
{
    int64_t a = some_moment(round, seed);
    int64_t second = a / SECOND_US;

    while (second < WORLD_SECONDS && !counts_at(round, second))
        second++;
    if (second < WORLD_SECONDS)
        same(round, "next open", add(round, a, 0), second * SECOND_US > a ? second * SECOND_US : a);
    if (counts_at(round, a / SECOND_US)) {
        same(round, "previous open", subtract(round, a, 0), a);
        return;
    }
    second = (a - 1) / SECOND_US;
    while (second >= 0 && !counts_at(round, second))
        second--;
    if (second >= 0)
        same(round, "previous open", subtract(round, a, 0), (second + 1) * SECOND_US);
}

/* Every stretch that is open, in order. */
static void ask_segments(const struct round *round)
{
    static struct worktime_segment segments[2000];
    struct error error = {0};
    size_t found = 0;
    size_t place = 0;
    int64_t second = MARGIN_DAYS * 86400;
    int64_t end = WORLD_SECONDS - MARGIN_DAYS * 86400;

    assert_int_equal(worktime_segments(round->calendar, base_us(round) + second * SECOND_US,
                                       base_us(round) + end * SECOND_US, segments, 2000, &found,
                                       &error),
                     STATUS_OK);
    while (second < end) {
        int64_t from;

        while (second < end && round->world.open[second] == 0)
            second++;
        from = second;
        while (second < end && round->world.open[second] != 0)
            second++;
        if (from == second)
            break;
        assert_true(place < found);
        same(round, "a segment's beginning", segments[place].from_us - base_us(round),
             from * SECOND_US);
        same(round, "a segment's end", segments[place].to_us - base_us(round), second * SECOND_US);
        place++;
    }
    assert_int_equal(place, found);
}

static void run_round(const struct place *place, uint64_t seed)
{
    uint64_t chance = seed;
    int64_t from_s = instant(place->moment) / SECOND_US / 86400 * 86400 - 10 * 86400 -
                     world_below(&chance, 4) * 86400;
    struct round round = {.name = place->zone, .seed = seed};
    struct world_calendar calendar;
    struct error error = {0};
    json_t *document;
    enum status status;

    world_make_calendar(&chance, place->zone, from_s / 86400, &calendar);
    document = world_document(&calendar);
    round.arena = arena_new(1 << 24);
    status =
        calendar_read(round.arena, document, zone_files_source(zones), &round.calendar, &error);
    if (status != STATUS_OK)
        fail_msg("%s, seed %llu: %s: %s", place->zone, (unsigned long long)seed, error.field,
                 error.message);
    world_init(&round.world, &calendar, from_s);
    ask_segments(&round);
    for (int i = 0; i < QUESTIONS; i++) {
        if (i == QUESTIONS / 3)
            make_pauses(&round, &chance);
        ask(&round, &chance);
        ask_nothing(&round, &chance);
    }
    world_deinit(&round.world);
    json_decref(document);
    arena_free(round.arena);
}

static void answers_are_what_counting_gives(void **state)
{
    const char *text = getenv("SYNERGYFLOW_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 20261123;

    (void)state;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        for (uint64_t round = 0; round < ROUNDS; round++)
            run_round(&places[i], seed + 1000 * i + round);
    }
}

static int start(void **state)
{
    (void)state;
    zones = zone_files_new(NULL, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    zone_files_free(zones);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_what_counting_gives),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
