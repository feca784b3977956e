/* See fixture.h. */
#include "tests/worktime/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/base/memory.h"
#include "bpmn/iso8601.h"
#include "engine/zone/zone_files.h"

enum { ARENA_BYTES = 256 * 1024 * 1024 };

static struct zone_files *zones;
static struct arena *arena;

int fixture_start(void **state)
{
    (void)state;
    zones = zone_files_new(NULL, NULL);
    arena = arena_new(ARENA_BYTES);
    return 0;
}

int fixture_stop(void **state)
{
    (void)state;
    arena_free(arena);
    zone_files_free(zones);
    return 0;
}

const struct zone_source *fixture_zones(void)
{
    return zone_files_source(zones);
}

const struct zone *fixture_zone(const char *name)
{
    const struct zone_source *source = fixture_zones();
    const struct zone *zone = NULL;
    struct error error = {0};

    if (source->load(source->context, name, &zone, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    return zone;
}

json_t *fixture_json(const char *text)
{
    char *copy = memory_copy(text);
    json_error_t error;
    json_t *json;

    for (char *at = copy; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    json = json_loads(copy, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL)
        fail_msg("%s: %s", error.text, copy);
    memory_free(copy);
    return json;
}

enum status fixture_read(const char *text, struct error *ret_error)
{
    const struct calendar *calendar;
    json_t *document = fixture_json(text);
    enum status status = calendar_read(arena, document, fixture_zones(), &calendar, ret_error);

    json_decref(document);
    return status;
}

const struct calendar *fixture_calendar(const char *text)
{
    const struct calendar *calendar = NULL;
    struct error error = {0};
    json_t *document = fixture_json(text);

    if (calendar_read(arena, document, fixture_zones(), &calendar, &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
    json_decref(document);
    return calendar;
}

int64_t fixture_instant(const char *text)
{
    struct error error = {0};
    int64_t us = 0;

    if (iso8601_parse_instant(text, &us, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    return us;
}

void fixture_assert_instant(int64_t us, const char *expected)
{
    char text[ISO8601_INSTANT_BYTES];
    char wanted[ISO8601_INSTANT_BYTES];

    (void)iso8601_format_instant_us(fixture_instant(expected), wanted);
    assert_string_equal(iso8601_format_instant_us(us, text), wanted);
}
