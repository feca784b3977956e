/* Any bytes as a TZif file. What is accepted has to be a zone that makes sense: days follow each
 * other, instants come back from local time, and working time in it adds up. */
#include "bpmn/worktime/civil.h"
#include "bpmn/worktime/worktime.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES = 64 * 1024 * 1024 };

static const char document[] =
    "{\"timezone\": \"Fuzz\", \"week\": {\"mon\": [[\"00:15\", \"02:45\"], [\"22:00\", \"06:00\"]],"
    "\"wed\": [[\"00:00\", \"24:00\"]], \"sat\": [[\"23:00\", \"23:30\"]]}, \"annual_holidays\": "
    "[\"01-01\"]}";

static void check(bool holds)
{
    if (!holds)
        abort();
}

static enum status load(void *context, const char *name, const struct zone **ret_zone,
                        struct error *ret_error)
{
    (void)name;
    (void)ret_error;
    *ret_zone = context;
    return STATUS_OK;
}

static void check_days(const struct zone *zone, int64_t date)
{
    int64_t begins_us = zone_reaches_us(zone, date * CIVIL_DAY_US);

    for (int i = 0; i < 4; i++) {
        int64_t ends_us = zone_reaches_us(zone, (date + i + 1) * CIVIL_DAY_US);

        check(ends_us >= begins_us);
        begins_us = ends_us;
    }
}

static void check_instant(const struct zone *zone, int64_t utc_us)
{
    int64_t local_us = zone_to_local_us(zone, utc_us);
    int64_t next_us;
    enum zone_local kind;
    int64_t back_us = zone_to_utc_us(zone, local_us, &kind);

    check(abs(zone_offset_s(zone, utc_us)) <= 2 * ZONE_OFFSET_S_MAX);
    check(kind == ZONE_LOCAL_AMBIGUOUS ? back_us <= utc_us : back_us == utc_us);
    check(zone_reaches_us(zone, local_us) <= utc_us);
    if (zone_next_change(zone, utc_us, &next_us)) {
        check(next_us > utc_us);
        check(zone_offset_s(zone, next_us - 1) != zone_offset_s(zone, next_us));
    }
}

static void check_work(const struct calendar *calendar, int64_t start_us, int64_t duration_us)
{
    struct error error = {0};
    int64_t end_us;
    int64_t passed_us = 0;

    if (worktime_add(calendar, start_us, duration_us, NULL, 0, &end_us, &error) != STATUS_OK)
        return;
    check(worktime_between(calendar, start_us, end_us, NULL, 0, &passed_us, &error) == STATUS_OK);
    check(passed_us == duration_us);
    check(worktime_subtract(calendar, end_us, duration_us, NULL, 0, &start_us, &error) ==
          STATUS_OK);
    check(worktime_between(calendar, start_us, end_us, NULL, 0, &passed_us, &error) == STATUS_OK);
    check(passed_us == duration_us);
}

static void check_zone(struct arena *arena, const struct zone *zone)
{
    struct zone_source zones = {.context = (void *)(uintptr_t)zone, .load = load};
    json_t *json = json_loads(document, 0, NULL);
    const struct calendar *calendar = NULL;
    struct error error = {0};
    int64_t at_us = 0;

    if (calendar_read(arena, json, &zones, &calendar, &error) != STATUS_OK)
        calendar = NULL;
    json_decref(json);
    for (int i = 0; i < 40; i++) {
        check_days(zone, at_us / CIVIL_DAY_US);
        check_instant(zone, at_us);
        check_instant(zone, at_us + 1);
        if (calendar != NULL) {
            check_work(calendar, at_us, 1 + i * INT64_C(7777777777));
            check_work(calendar, at_us, 1 + i * INT64_C(777777777777));
        }
        if (!zone_next_change(zone, at_us, &at_us))
            at_us += INT64_C(123456789012345);
        if (at_us < 0)
            at_us = 0;
        if (at_us > WORKTIME_MAX_US - CIVIL_DAY_US)
            break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    const struct zone *zone = NULL;
    struct error error = {0};

    if (zone_parse(arena, "Fuzz", data, size, &zone, &error) == STATUS_OK)
        check_zone(arena, zone);
    else
        check(error.message[0] != '\0' && error.field[0] != '\0');
    arena_free(arena);
    return 0;
}
