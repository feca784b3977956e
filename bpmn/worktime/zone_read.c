/* TZif files (RFC 8536 section 3): a header and data with 32-bit times, and from version 2 on the
 * same again with 64-bit times and a footer. Only the best of them is used. */
#include "bpmn/worktime/zone_private.h"

#include <string.h>

enum { HEADER_BYTES = 44, TYPE_BYTES = 6, TYPES_MAX = 256 };

/* A header's counts, in the order of the file. */
struct counts {
    uint32_t is_utc;
    uint32_t is_standard;
    uint32_t leap;
    uint32_t times;
    uint32_t types;
    uint32_t characters;
};

struct reading {
    const char *name;
    const unsigned char *bytes;
    size_t size;
    struct error *error;
};

static uint32_t read_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int32_t read_i32(const unsigned char *at)
{
    uint32_t bits = read_u32(at);
    int32_t number;

    memcpy(&number, &bits, sizeof(number));
    return number;
}

static int64_t read_i64(const unsigned char *at)
{
    uint64_t bits = (uint64_t)read_u32(at) << 32 | read_u32(at + 4);
    int64_t number;

    memcpy(&number, &bits, sizeof(number));
    return number;
}

static enum status refuse(const struct reading *reading, const char *what)
{
    return error_set_field(reading->error, STATUS_INVALID, "timezone",
                           "Expected the time zone data of '%.80s' to be a TZif file (RFC 8536) "
                           "but %s.",
                           reading->name, what);
}

/* The header at `offset`; its data has to lie within the file. */
static enum status read_header(const struct reading *reading, size_t offset, size_t time_bytes,
                               struct counts *ret_counts, size_t *ret_data_bytes)
{
    const unsigned char *at = reading->bytes + offset;
    struct counts counts;
    uint64_t bytes;

    if (reading->size < offset || reading->size - offset < HEADER_BYTES ||
        memcmp(at, "TZif", 4) != 0)
        return refuse(reading, "its header is missing");
    counts = (struct counts){read_u32(at + 20), read_u32(at + 24), read_u32(at + 28),
                             read_u32(at + 32), read_u32(at + 36), read_u32(at + 40)};
    bytes = (uint64_t)counts.times * (time_bytes + 1) + (uint64_t)counts.types * TYPE_BYTES +
            counts.characters + (uint64_t)counts.leap * (time_bytes + 4) + counts.is_standard +
            counts.is_utc;
    if (bytes > reading->size - offset - HEADER_BYTES)
        return refuse(reading, "it ends before its data does");
    *ret_counts = counts;
    *ret_data_bytes = (size_t)bytes;
    return STATUS_OK;
}

/* Times ascend, types exist, offsets are possible. */
static enum status read_data(struct arena *arena, const struct reading *reading, size_t offset,
                             size_t time_bytes, const struct counts *counts, struct zone *zone)
{
    const unsigned char *times = reading->bytes + offset;
    const unsigned char *indexes = times + counts->times * time_bytes;
    const unsigned char *types = indexes + counts->times;
    int64_t *at_s = arena_array(arena, counts->times + 1, sizeof(*at_s));
    int32_t *offset_s = arena_array(arena, counts->times + 1, sizeof(*offset_s));
    int64_t before = INT64_MIN;

    for (uint32_t i = 0; i < counts->types; i++) {
        int32_t seconds = read_i32(types + i * TYPE_BYTES);

        if (seconds < -ZONE_OFFSET_S_MAX || seconds > ZONE_OFFSET_S_MAX)
            return refuse(reading, "an offset is more than 26 hours");
    }
    zone->first_offset_s = read_i32(types);
    zone->regular_from_s = INT64_MIN;
    for (uint32_t i = 0; i < counts->times; i++) {
        int64_t time = time_bytes == 8 ? read_i64(times + i * 8) : read_i32(times + i * 4);
        int32_t seconds;
        int32_t seconds_before = zone->count > 0 ? offset_s[zone->count - 1] : zone->first_offset_s;

        if (i > 0 && time <= before)
            return refuse(reading, "its transitions are out of order");
        before = time;
        if (indexes[i] >= counts->types)
            return refuse(reading, "a transition leads to a kind of local time that is not there");
        zone->regular_from_s = time;
        seconds = read_i32(types + indexes[i] * TYPE_BYTES);
        if (seconds == seconds_before)
            continue;
        at_s[zone->count] = time;
        offset_s[zone->count++] = seconds;
    }
    zone->at_s = at_s;
    zone->offset_s = offset_s;
    return STATUS_OK;
}

/* `\n` rule `\n` behind the 64-bit data; an empty one means that nobody knows. */
static enum status read_footer(const struct reading *reading, size_t offset, struct zone *zone)
{
    const char *from = (const char *)reading->bytes + offset;
    const char *end;
    char text[ZONE_RULE_TEXT_MAX];

    if (offset >= reading->size || *from != '\n' ||
        (end = memchr(from + 1, '\n', reading->size - offset - 1)) == NULL)
        return refuse(reading, "its footer is missing");
    if (end - from - 1 >= ZONE_RULE_TEXT_MAX)
        return refuse(reading, "its footer is too long");
    memcpy(text, from + 1, (size_t)(end - from - 1));
    text[end - from - 1] = '\0';
    if (strlen(text) != (size_t)(end - from - 1) ||
        (text[0] != '\0' && !zone_rule_parse(text, &zone->rule)))
        return refuse(reading, "its footer is no POSIX TZ string");
    zone->has_rule = text[0] != '\0';
    return STATUS_OK;
}

/* The rule counts from the last transition in the file on, and may (although it should not)
 * disagree with it: then that is when the offset changes to the rule's. There is room for one more
 * change. */
static void join_rule(struct zone *zone)
{
    int64_t from_s = zone->regular_from_s;
    int32_t offset_s = zone_rule_offset_s(&zone->rule, from_s);

    if (zone->count > 0 && zone->at_s[zone->count - 1] == from_s)
        zone->count--;
    if (offset_s == (zone->count > 0 ? zone->offset_s[zone->count - 1] : zone->first_offset_s))
        return;
    zone->at_s[zone->count] = from_s;
    zone->offset_s[zone->count++] = offset_s;
}

static enum status read_zone(struct arena *arena, const struct reading *reading, struct zone *zone)
{
    struct counts counts;
    size_t time_bytes = 4;
    size_t offset = 0;
    size_t bytes;
    enum status status = read_header(reading, offset, time_bytes, &counts, &bytes);

    if (status != STATUS_OK)
        return status;
    if (reading->bytes[4] != '\0') {
        if (reading->bytes[4] < '2' || reading->bytes[4] > '9')
            return refuse(reading, "its version is not known");
        offset = HEADER_BYTES + bytes;
        time_bytes = 8;
        status = read_header(reading, offset, time_bytes, &counts, &bytes);
        if (status != STATUS_OK)
            return status;
    }
    if (counts.types < 1 || counts.types > TYPES_MAX)
        return refuse(reading, "it has no kind of local time, or more than 256");
    if (counts.leap > 0)
        return refuse(reading, "it counts leap seconds; use the zone's name without 'right/'");
    if (counts.times > ZONE_TRANSITIONS_MAX) {
        return error_set_field(reading->error, STATUS_TOO_LARGE, "timezone",
                               "Expected the time zone data of '%.80s' to have at most %d "
                               "transitions but found %u.",
                               reading->name, ZONE_TRANSITIONS_MAX, counts.times);
    }
    status = read_data(arena, reading, offset + HEADER_BYTES, time_bytes, &counts, zone);
    if (status != STATUS_OK || time_bytes == 4)
        return status;
    status = read_footer(reading, offset + HEADER_BYTES + bytes, zone);
    if (status == STATUS_OK && zone->has_rule && zone->regular_from_s != INT64_MIN)
        join_rule(zone);
    return status;
}

enum status zone_parse(struct arena *arena, const char *name, const void *bytes, size_t size,
                       const struct zone **ret_zone, struct error *ret_error)
{
    struct reading reading = {.name = name, .bytes = bytes, .size = size, .error = ret_error};
    struct zone *zone = arena_alloc(arena, sizeof(*zone));
    enum status status;

    PRE(bytes != NULL || size == 0);
    if (size > ZONE_BYTES_MAX) {
        return error_set_field(ret_error, STATUS_TOO_LARGE, "timezone",
                               "Expected the time zone data of '%.80s' to have at most %d bytes "
                               "but found %zu.",
                               name, ZONE_BYTES_MAX, size);
    }
    status = read_zone(arena, &reading, zone);
    if (status != STATUS_OK)
        return status;
    zone->name = arena_copy(arena, name);
    *ret_zone = zone;
    return STATUS_OK;
}
