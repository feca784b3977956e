/* Any text as a calendar's document. What is accepted comes back the same from its canonical form,
 * and working time in it adds up; what is refused says why. */
#include "bpmn/worktime/civil.h"
#include "bpmn/worktime/worktime.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES = 64 * 1024 * 1024, INPUT_MAX = 64 * 1024 };

static void check(bool holds)
{
    if (!holds)
        abort();
}

static enum status load(void *context, const char *name, const struct zone **ret_zone,
                        struct error *ret_error)
{
    (void)context;
    (void)name;
    (void)ret_error;
    *ret_zone = zone_utc();
    return STATUS_OK;
}

static const struct zone_source zones = {.load = load};

static void check_work(const struct calendar *calendar, int64_t start_us, int64_t duration_us)
{
    struct error error = {0};
    int64_t end_us = 0;
    int64_t passed_us = 0;

    if (worktime_add(calendar, start_us, duration_us, NULL, 0, &end_us, &error) != STATUS_OK) {
        check(error.message[0] != '\0');
        return;
    }
    check(worktime_between(calendar, start_us, end_us, NULL, 0, &passed_us, &error) == STATUS_OK);
    check(passed_us == duration_us);
    if (worktime_next_open(calendar, start_us, &end_us, &error) == STATUS_OK)
        check(worktime_is_open(calendar, end_us));
    if (worktime_add_business_days(calendar, start_us, 3, &end_us, &error) == STATUS_OK)
        check(end_us >= start_us);
    if (worktime_end_of_day(calendar, start_us, &end_us, &error) == STATUS_OK)
        check(end_us >= start_us);
}

static void check_calendar(const struct calendar *calendar)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    json_t *written = calendar_write(calendar);
    const struct calendar *again = NULL;
    struct error error = {0};
    json_t *written_again;

    check(calendar_read(arena, written, &zones, &again, &error) == STATUS_OK);
    written_again = calendar_write(again);
    check(json_equal(written, written_again));
    json_decref(written_again);
    json_decref(written);
    arena_free(arena);
    for (int64_t i = 0; i < 8; i++) {
        check_work(calendar, i * INT64_C(250000000000123), 1 + i * INT64_C(3600000000));
        check_work(calendar, i * INT64_C(31556952000000000), 1 + i * INT64_C(77777777777777));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena;
    const struct calendar *calendar = NULL;
    struct error error = {0};
    json_t *document;

    if (size > INPUT_MAX)
        return 0;
    document = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
    if (document == NULL)
        return 0;
    arena = arena_new(ARENA_BYTES);
    if (calendar_read(arena, document, &zones, &calendar, &error) == STATUS_OK)
        check_calendar(calendar);
    else
        check(error.message[0] != '\0');
    json_decref(document);
    arena_free(arena);
    return 0;
}
