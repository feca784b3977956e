/* Zones: what clocks show, against glibc; local times in gaps and repeated hours; files that are
 * none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "bpmn/worktime/civil.h"
#include "tests/worktime/fixture.h"
#include "tests/worktime/world.h"

/* ---- against glibc ---- */

static const char *const names[] = {
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/St_Johns",
    "Asia/Tehran",
    "Europe/Dublin",
    "America/Nuuk",
    "Africa/Monrovia",
    "Antarctica/Troll",
    "Pacific/Kiritimati",
    "Asia/Gaza",
    "America/Santiago",
    "Etc/GMT+12",
    "Europe/London",
    "UTC",
    "Asia/Kolkata",
};

static void offsets_are_those_of_glibc(void **state)
{
    uint64_t seed = 20261123;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct zone *zone = fixture_zone(names[i]);

        (void)setenv("TZ", names[i], 1);
        tzset();
        for (int round = 0; round < 2000; round++) {
            /* 1930 to 2060, and some up to the year 9999. */
            time_t at = round % 4 == 0
                            ? (time_t)(world_random(&seed) % UINT64_C(253402300800))
                            : (time_t)(world_random(&seed) % UINT64_C(4102444800)) - 1262304000;
            struct tm local;

            (void)localtime_r(&at, &local);
            if (zone_offset_s(zone, at * CIVIL_SECOND_US) != local.tm_gmtoff)
                fail_msg("%s at %lld: %d, glibc has %ld", names[i], (long long)at,
                         zone_offset_s(zone, at * CIVIL_SECOND_US), local.tm_gmtoff);
        }
    }
}

/* Every change is where the offset does change, and none is missed. */
static void changes_are_those_of_the_offset(void **state)
{
    int64_t end_us = fixture_instant("2120-01-01T00:00:00Z");

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct zone *zone = fixture_zone(names[i]);
        int64_t at_us = fixture_instant("1890-01-01T00:00:00Z");
        int64_t next_us;

        while (zone_next_change(zone, at_us, &next_us) && next_us < end_us) {
            assert_true(next_us > at_us);
            assert_int_equal(zone_offset_s(zone, at_us), zone_offset_s(zone, next_us - 1));
            assert_int_not_equal(zone_offset_s(zone, next_us - 1), zone_offset_s(zone, next_us));
            assert_int_equal(zone_to_local_us(zone, next_us),
                             next_us + zone_offset_s(zone, next_us) * CIVIL_SECOND_US);
            at_us = next_us;
        }
    }
}

/* ---- local times ---- */

static void assert_local(const char *name, const char *local, const char *utc,
                         enum zone_local expected)
{
    const struct zone *zone = fixture_zone(name);
    enum zone_local kind = ZONE_LOCAL_UNIQUE;

    fixture_assert_instant(zone_to_utc_us(zone, fixture_instant(local), &kind), utc);
    assert_int_equal(kind, expected);
}

static void local_times_become_instants(void **state)
{
    (void)state;
    assert_local("Europe/Berlin", "2025-06-01T12:00:00", "2025-06-01T10:00:00Z", ZONE_LOCAL_UNIQUE);
    assert_local("Europe/Berlin", "2025-03-30T02:00:00", "2025-03-30T01:00:00Z", ZONE_LOCAL_GAP);
    assert_local("Europe/Berlin", "2025-03-30T02:30:00", "2025-03-30T01:30:00Z", ZONE_LOCAL_GAP);
    assert_local("Europe/Berlin", "2025-03-30T03:00:00", "2025-03-30T01:00:00Z", ZONE_LOCAL_UNIQUE);
    assert_local("Europe/Berlin", "2025-10-26T02:00:00", "2025-10-26T00:00:00Z",
                 ZONE_LOCAL_AMBIGUOUS);
    assert_local("Europe/Berlin", "2025-10-26T02:59:59.999999", "2025-10-26T00:59:59.999999Z",
                 ZONE_LOCAL_AMBIGUOUS);
    assert_local("Europe/Berlin", "2025-10-26T03:00:00", "2025-10-26T02:00:00Z", ZONE_LOCAL_UNIQUE);
    assert_local("Europe/Berlin", "2025-10-26T01:59:59", "2025-10-25T23:59:59Z", ZONE_LOCAL_UNIQUE);
    assert_local("America/Los_Angeles", "2014-11-02T01:30", "2014-11-02T08:30:00Z",
                 ZONE_LOCAL_AMBIGUOUS);
    assert_local("Australia/Lord_Howe", "2025-04-06T01:45", "2025-04-05T14:45:00Z",
                 ZONE_LOCAL_AMBIGUOUS);
    assert_local("Australia/Lord_Howe", "2025-10-05T02:15", "2025-10-04T15:45:00Z", ZONE_LOCAL_GAP);
    assert_local("Pacific/Apia", "2011-12-30T09:00", "2011-12-30T19:00:00Z", ZONE_LOCAL_GAP);
    assert_local("Europe/Berlin", "2300-07-01T12:00", "2300-07-01T10:00:00Z", ZONE_LOCAL_UNIQUE);
    assert_local("Europe/Berlin", "9999-12-31T23:59:59", "9999-12-31T22:59:59Z", ZONE_LOCAL_UNIQUE);
}

static void days_begin_when_they_are_reached(void **state)
{
    const struct zone *sao_paulo = fixture_zone("America/Sao_Paulo");
    const struct zone *apia = fixture_zone("Pacific/Apia");

    (void)state;
    fixture_assert_instant(zone_reaches_us(sao_paulo, fixture_instant("2015-10-18")),
                           "2015-10-18T03:00:00Z");
    fixture_assert_instant(zone_reaches_us(sao_paulo, fixture_instant("2015-10-18T00:30")),
                           "2015-10-18T03:00:00Z");
    fixture_assert_instant(zone_reaches_us(apia, fixture_instant("2011-12-30")),
                           "2011-12-30T10:00:00Z");
    fixture_assert_instant(zone_reaches_us(apia, fixture_instant("2011-12-31")),
                           "2011-12-30T10:00:00Z");
    fixture_assert_instant(zone_reaches_us(apia, fixture_instant("2011-12-29")),
                           "2011-12-29T10:00:00Z");
}

/* ---- files ---- */

/* A TZif file with two versions' blocks; `v1` alone when there is no footer. */
struct file {
    unsigned char bytes[4096];
    size_t size;
};

static void put_u32(struct file *file, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        file->bytes[file->size++] = (unsigned char)(number >> shift);
}

static void put_u64(struct file *file, uint64_t number)
{
    put_u32(file, (uint32_t)(number >> 32));
    put_u32(file, (uint32_t)number);
}

static void put_header(struct file *file, char version, uint32_t leap, uint32_t times,
                       uint32_t types)
{
    memcpy(file->bytes + file->size, "TZif", 4);
    file->bytes[file->size + 4] = (unsigned char)version;
    memset(file->bytes + file->size + 5, 0, 15);
    file->size += 20;
    put_u32(file, 0);
    put_u32(file, 0);
    put_u32(file, leap);
    put_u32(file, times);
    put_u32(file, types);
    put_u32(file, 4);
}

/* One change, at `at_s`, from UTC to `offset_s`. */
static void put_data(struct file *file, bool wide, int64_t at_s, int32_t offset_s)
{
    if (wide)
        put_u64(file, (uint64_t)at_s);
    else
        put_u32(file, (uint32_t)at_s);
    file->bytes[file->size++] = 1;
    put_u32(file, 0);
    file->bytes[file->size++] = 0;
    file->bytes[file->size++] = 0;
    put_u32(file, (uint32_t)offset_s);
    file->bytes[file->size++] = 0;
    file->bytes[file->size++] = 0;
    memcpy(file->bytes + file->size, "ABC", 4);
    file->size += 4;
}

static struct file make_file(const char *footer)
{
    struct file file = {.size = 0};

    put_header(&file, footer != NULL ? '2' : '\0', 0, 1, 2);
    put_data(&file, false, 1000000000, 3600);
    if (footer != NULL) {
        put_header(&file, '2', 0, 1, 2);
        put_data(&file, true, 1000000000, 3600);
        memcpy(file.bytes + file.size, footer, strlen(footer));
        file.size += strlen(footer);
    }
    return file;
}

static void files_of_both_kinds_are_read(void **state)
{
    static const struct {
        const char *footer;
        const char *moment;
        int32_t offset_s;
    } cases[] = {
        {NULL, "2001-09-09T01:46:39Z", 0},
        {NULL, "2001-09-09T01:46:40Z", 3600},
        {NULL, "2100-07-01T00:00:00Z", 3600},
        {"\n\n", "2100-07-01T00:00:00Z", 3600},
        {"\nCET-1CEST,M3.5.0,M10.5.0/3\n", "2100-07-01T00:00:00Z", 7200},
        {"\nCET-1CEST,M3.5.0,M10.5.0/3\n", "2100-03-28T00:59:59Z", 3600},
        {"\nCET-1CEST,M3.5.0,M10.5.0/3\n", "2100-03-28T01:00:00Z", 7200},
        {"\n<+0330>-3:30\n", "2100-07-01T00:00:00Z", 12600},
        /* Day counts, with and without leap days: 1 March is J60 and, in a leap year, 60. */
        {"\nA0BBB,J60/0,J300/0\n", "2001-09-10T00:00:00Z", 0},
        {"\nAAA0BBB,J60/0,J300/0\n", "2104-02-29T23:59:59Z", 0},
        {"\nAAA0BBB,J60/0,J300/0\n", "2104-03-01T00:00:00Z", 3600},
        {"\nAAA0BBB,60/0,300/0\n", "2104-03-01T00:00:00Z", 3600},
        {"\nAAA0BBB,60/0,300/0\n", "2105-03-01T23:59:59Z", 0},
        {"\nAAA0BBB,60/0,300/0\n", "2105-03-02T00:00:00Z", 3600},
        /* Summer time all year long. */
        {"\nXXX3EDT4,0/0,J365/23\n", "2100-01-01T05:00:00Z", -14400},
        {"\nXXX3EDT4,0/0,J365/23\n", "2100-12-31T23:59:59Z", -14400},
        /* Ireland: "summer" is what is an hour back in winter. */
        {"\nIST-1GMT0,M10.5.0,M3.5.0/1\n", "2100-07-01T00:00:00Z", 3600},
        {"\nIST-1GMT0,M10.5.0,M3.5.0/1\n", "2100-12-01T00:00:00Z", 0},
        /* Times of day may lie days away. */
        {"\n<-02>2<-01>,M3.5.0/-1,M10.5.0/0\n", "2100-03-28T00:59:59Z", -7200},
        {"\n<-02>2<-01>,M3.5.0/-1,M10.5.0/0\n", "2100-03-28T01:00:00Z", -3600},
    };
    struct arena *arena = arena_new(1 << 20);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct file file = make_file(cases[i].footer);
        const struct zone *zone = NULL;
        struct error error = {0};
        enum status status = zone_parse(arena, "Test/Zone", file.bytes, file.size, &zone, &error);

        /* A name of one letter is refused. */
        if (cases[i].footer != NULL && strncmp(cases[i].footer, "\nA0", 3) == 0) {
            assert_int_equal(status, STATUS_INVALID);
            continue;
        }
        assert_int_equal(status, STATUS_OK);
        if (zone_offset_s(zone, fixture_instant(cases[i].moment)) != cases[i].offset_s)
            fail_msg("%s at %s: %d", cases[i].footer, cases[i].moment,
                     zone_offset_s(zone, fixture_instant(cases[i].moment)));
    }
    arena_free(arena);
}

static void refuse(struct arena *arena, const void *bytes, size_t size, enum status expected,
                   const char *part)
{
    const struct zone *zone = NULL;
    struct error error = {0};

    assert_int_equal(zone_parse(arena, "Test/Zone", bytes, size, &zone, &error), expected);
    assert_string_equal(error.field, "timezone");
    if (strstr(error.message, part) == NULL || strstr(error.message, "Test/Zone") == NULL)
        fail_msg("%s", error.message);
}

static void files_that_are_none_are_refused(void **state)
{
    static unsigned char large[ZONE_BYTES_MAX + 1];
    struct arena *arena = arena_new(1 << 20);
    struct file file = make_file("\nUTC0\n");
    struct file other;

    (void)state;
    refuse(arena, "", 0, STATUS_INVALID, "header is missing");
    refuse(arena, "#!/bin/sh and some more text that is no zone", 44, STATUS_INVALID, "header");
    refuse(arena, large, sizeof(large), STATUS_TOO_LARGE, "bytes");
    /* Cut anywhere, it is refused, and nothing is read outside. */
    for (size_t size = 0; size < file.size; size++) {
        unsigned char *cut = malloc(size + 1);
        const struct zone *zone;
        struct error error = {0};

        memcpy(cut, file.bytes, size);
        assert_int_equal(zone_parse(arena, "Test/Zone", cut, size, &zone, &error), STATUS_INVALID);
        free(cut);
    }
    other = file;
    other.bytes[4] = 'x';
    refuse(arena, other.bytes, other.size, STATUS_INVALID, "version");
    other = make_file("\nUTC\n");
    refuse(arena, other.bytes, other.size, STATUS_INVALID, "POSIX");
    other = make_file("\nCET-1CEST,M13.5.0,M10.5.0/3\n");
    refuse(arena, other.bytes, other.size, STATUS_INVALID, "POSIX");
    other = make_file("\nCET-1CEST\n");
    refuse(arena, other.bytes, other.size, STATUS_INVALID, "POSIX");
    other = (struct file){.size = 0};
    put_header(&other, '\0', 0, 1, 2);
    put_data(&other, false, 1000000000, 100000);
    refuse(arena, other.bytes, other.size, STATUS_INVALID, "26 hours");
    other = (struct file){.size = 0};
    put_header(&other, '\0', 1, 0, 1);
    other.size += 6 + 4 + 8;
    refuse(arena, other.bytes, other.size, STATUS_INVALID, "leap seconds");
    other = (struct file){.size = 0};
    put_header(&other, '\0', 0, 1, 0);
    other.size += 5 + 4;
    refuse(arena, other.bytes, other.size, STATUS_INVALID, "kind of local time");
    other = make_file(NULL);
    other.bytes[44 + 4] = 7;
    refuse(arena, other.bytes, other.size, STATUS_INVALID, "not there");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_those_of_glibc),
        cmocka_unit_test(changes_are_those_of_the_offset),
        cmocka_unit_test(local_times_become_instants),
        cmocka_unit_test(days_begin_when_they_are_reached),
        cmocka_unit_test(files_of_both_kinds_are_read),
        cmocka_unit_test(files_that_are_none_are_refused),
    };

    return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
