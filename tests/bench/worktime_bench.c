/* Working-time arithmetic: what one answer costs, near and far, and what preparing a calendar
 * costs. build/bench/tests/worktime_bench [ROUNDS] Each figure is the median of eleven runs of
 * ROUNDS (20,000) different questions. */
#include "bpmn/worktime/worktime.h"
#include "engine/zone/zone_files.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOUR_US INT64_C(3600000000)
#define YEAR_US (INT64_C(8766) * HOUR_US)
#define START   INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */

enum { RUNS = 11, ARENA_BYTES = 64 * 1024 * 1024 };

static const char document[] =
    "{\"name\": \"bench\", \"timezone\": \"Europe/Berlin\", \"week\": {"
    "\"mon\": [[\"08:00\", \"12:00\"], [\"13:00\", \"17:00\"]],"
    "\"tue\": [[\"08:00\", \"12:00\"], [\"13:00\", \"17:00\"]],"
    "\"wed\": [[\"08:00\", \"12:00\"], [\"13:00\", \"17:00\"]],"
    "\"thu\": [[\"08:00\", \"12:00\"], [\"13:00\", \"17:00\"]],"
    "\"fri\": [[\"08:00\", \"12:00\"], [\"13:00\", \"17:00\"]]},"
    "\"annual_holidays\": [\"01-01\", \"05-01\", \"10-03\", \"12-24\", \"12-25\", \"12-26\"],"
    "\"holidays\": [\"2026-04-03\", \"2026-04-06\", \"2026-05-14\", \"2026-05-25\", "
    "\"2027-03-26\", \"2027-03-29\", \"2027-05-06\", \"2027-05-17\"],"
    "\"shifts\": {\"2026-06-06\": [[\"10:00\", \"14:00\"]]},"
    "\"breaks\": {\"2026-09-01\": [[\"10:00\", \"11:00\"]]}}";

static const struct calendar *calendar;
static int64_t checksum;

static double now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void fail(const struct error *error)
{
    (void)fprintf(stderr, "worktime_bench: %s: %s\n", error->field, error->message);
    exit(1);
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

static void keep(enum status status, int64_t us, const struct error *error)
{
    if (status != STATUS_OK)
        fail(error);
    checksum += us;
}

/* Every question is asked from another moment of some twenty years. */
static int64_t moment(int i)
{
    return START + i % 20000 * INT64_C(31556952) * 1000 + i;
}

static void add(int i, int64_t years, size_t pause_count, const struct worktime_pause *pauses)
{
    struct error error = {0};
    int64_t us = 0;

    /* A year of this calendar has some 2,000 hours of working time. */
    keep(
        worktime_add(calendar, moment(i), years * 2000 * HOUR_US, pauses, pause_count, &us, &error),
        us, &error);
}

static void between(int i, int64_t years, size_t pause_count, const struct worktime_pause *pauses)
{
    struct error error = {0};
    int64_t us = 0;

    keep(worktime_between(calendar, moment(i), moment(i) + years * YEAR_US, pauses, pause_count,
                          &us, &error),
         us, &error);
}

static void business_days(int i, int64_t years, size_t pause_count,
                          const struct worktime_pause *pauses)
{
    struct error error = {0};
    int64_t us = 0;

    (void)pause_count;
    (void)pauses;
    keep(worktime_add_business_days(calendar, moment(i), (uint32_t)years * 250, &us, &error), us,
         &error);
}

static void measure(const char *title, int rounds, int64_t years, size_t pause_count,
                    void (*ask)(int i, int64_t years, size_t pause_count,
                                const struct worktime_pause *pauses))
{
    static struct worktime_pause pauses[100];
    double runs[RUNS];

    for (size_t i = 0; i < pause_count; i++) {
        pauses[i].from_us = START + (int64_t)i * 30 * HOUR_US;
        pauses[i].to_us = pauses[i].from_us + 3 * HOUR_US;
    }
    for (int run = 0; run < RUNS; run++) {
        double started_us = now_us();

        for (int i = 0; i < rounds; i++)
            ask(i, years, pause_count, pauses);
        runs[run] = (now_us() - started_us) / rounds;
    }
    qsort(runs, RUNS, sizeof(runs[0]), by_size);
    printf("%-44s %8.2f us\n", title, runs[RUNS / 2]);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 20000;
    struct zone_files *zones = zone_files_new(NULL, NULL);
    json_t *json = json_loads(document, 0, NULL);
    struct arena *arena = arena_new(ARENA_BYTES);
    struct error error = {0};
    double runs[RUNS];

    for (int run = 0; run < RUNS; run++) {
        double started_us = now_us();

        arena_clear(arena);
        if (calendar_read(arena, json, zone_files_source(zones), &calendar, &error) != STATUS_OK)
            fail(&error);
        runs[run] = now_us() - started_us;
    }
    qsort(runs, RUNS, sizeof(runs[0]), by_size);
    printf("%-44s %8.2f us, %zu bytes\n", "calendar read and prepared", runs[RUNS / 2],
           arena_used_bytes(arena));
    measure("add, nothing (the next open moment)", rounds, 0, 0, add);
    measure("add, ten years", rounds, 10, 0, add);
    measure("add, ten years, 100 pauses", rounds / 20, 10, 100, add);
    measure("add, a thousand years", rounds, 1000, 0, add);
    measure("between, ten years", rounds, 10, 0, between);
    measure("between, a thousand years", rounds, 1000, 0, between);
    measure("2,500 business days", rounds, 10, 0, business_days);
    printf("(checksum %" PRId64 ")\n", checksum % 1000003);
    json_decref(json);
    arena_free(arena);
    zone_files_free(zones);
    return 0;
}
