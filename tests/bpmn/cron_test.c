/* Cron expressions: what is read and refused, and the next moment against a count second by second.
 */
#include "bpmn/iso8601.h"
#include "bpmn/timer/cron.h"
#include "engine/zone/zone_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct zone_files *files;

static int open_zones(void **state)
{
    (void)state;
    files = zone_files_new(NULL, NULL);
    return 0;
}

static int close_zones(void **state)
{
    (void)state;
    zone_files_free(files);
    return 0;
}

static const struct zone *zone_of(const char *name)
{
    const struct zone_source *source = zone_files_source(files);
    const struct zone *zone = NULL;
    struct error error;

    if (name != NULL)
        assert_int_equal(source->load(source->context, name, &zone, &error), STATUS_OK);
    return zone;
}

/* ---- moments, by hand ---- */

struct moment {
    const char *cron;
    const char *zone;
    const char *after;
    const char *next[4]; /* one after the other; "never": none after those */
};

static const struct moment moments[] = {
    {"0 0 12 * * ?", NULL, "2026-11-23T12:00:00Z", {"2026-11-24T12:00:00Z"}},
    {"0 0/5 * * * ?",
     NULL,
     "2026-11-23T23:55:00Z",
     {"2026-11-24T00:00:00Z", "2026-11-24T00:05:00Z"}},
    {"*/20 59 23 31 12 ? 2026",
     NULL,
     "2026-01-01T00:00:00Z",
     {"2026-12-31T23:59:00Z", "2026-12-31T23:59:20Z", "2026-12-31T23:59:40Z", "never"}},
    {"0 15 10 ? * MON-FRI", NULL, "2026-11-20T10:15:00Z", {"2026-11-23T10:15:00Z"}},
    {"0 15 10 ? * 6L",
     NULL,
     "2026-11-01T00:00:00Z",
     {"2026-11-27T10:15:00Z", "2026-12-25T10:15:00Z"}},
    {"0 15 10 ? * 6#3",
     NULL,
     "2026-11-01T00:00:00Z",
     {"2026-11-20T10:15:00Z", "2026-12-18T10:15:00Z"}},
    {"0 15 10 ? * FRI#5", NULL, "2026-11-01T00:00:00Z", {"2027-01-29T10:15:00Z"}},
    {"0 0 0 L * ?", NULL, "2028-02-01T00:00:00Z", {"2028-02-29T00:00:00Z", "2028-03-31T00:00:00Z"}},
    {"0 0 0 L-2 * ?", NULL, "2026-02-01T00:00:00Z", {"2026-02-26T00:00:00Z"}},
    {"0 0 0 LW * ?",
     NULL,
     "2026-01-01T00:00:00Z",
     {"2026-01-30T00:00:00Z", "2026-02-27T00:00:00Z"}},
    {"0 0 0 15W * ?",
     NULL,
     "2026-08-01T00:00:00Z",
     {"2026-08-14T00:00:00Z", "2026-09-15T00:00:00Z"}},
    {"0 0 0 1W * ?", NULL, "2026-07-31T00:00:00Z", {"2026-08-03T00:00:00Z"}},
    {"0 0 0 29 2 ?",
     NULL,
     "2026-01-01T00:00:00Z",
     {"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}},
    {"0 0 22-2 * * *",
     NULL,
     "2026-01-01T02:00:00Z",
     {"2026-01-01T22:00:00Z", "2026-01-01T23:00:00Z", "2026-01-02T00:00:00Z"}},
    {"0 0 9 ? JAN,jul FRI-MON", NULL, "2026-01-05T10:00:00Z", {"2026-01-09T09:00:00Z"}},
    {"0 0 9 * * ?",
     "Europe/Berlin",
     "2026-03-28T09:00:00Z",
     {"2026-03-29T07:00:00Z", "2026-03-30T07:00:00Z"}},
    /* The night in which 02:30 does not exist, and the one in which it comes twice. */
    {"0 30 2 * * ?",
     "Europe/Berlin",
     "2026-03-28T12:00:00Z",
     {"2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"}},
    {"0 45 2,3 * * ?",
     "Europe/Berlin",
     "2026-03-28T12:00:00Z",
     {"2026-03-29T01:45:00Z", "2026-03-30T00:45:00Z"}},
    {"0 45,0 2,3 * * ?",
     "Europe/Berlin",
     "2026-03-28T12:00:00Z",
     {"2026-03-29T01:00:00Z", "2026-03-29T01:45:00Z", "2026-03-30T00:00:00Z"}},
    {"0 30 2 * * ?",
     "Europe/Berlin",
     "2026-10-24T12:00:00Z",
     {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
    {"0 0/30 * * * ?",
     "Europe/Berlin",
     "2026-10-25T00:30:00Z",
     {"2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"}},
    {"0 0/30 * * * ?",
     "Europe/Berlin",
     "2026-03-29T00:30:00Z",
     {"2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"}},
    {"0 15 0 * * ?",
     "Australia/Lord_Howe",
     "2026-04-04T00:00:00Z",
     {"2026-04-04T13:15:00Z", "2026-04-05T13:45:00Z"}},
};

static void moments_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(moments); i++) {
        const struct moment *moment = &moments[i];
        struct cron cron;
        struct error error;
        int64_t at_us;

        if (cron_parse(moment->cron, &cron, &error) != STATUS_OK)
            fail_msg("%s: %s", moment->cron, error.message);
        assert_int_equal(iso8601_parse_instant(moment->after, &at_us, &error), STATUS_OK);
        for (size_t j = 0; j < COUNT_OF(moment->next); j++) {
            char text[ISO8601_INSTANT_BYTES];
            int64_t wanted_us;

            if (moment->next[j] == NULL)
                break;
            if (strcmp(moment->next[j], "never") == 0) {
                assert_false(cron_next(&cron, zone_of(moment->zone), at_us, &at_us));
                break;
            }
            assert_int_equal(iso8601_parse_instant(moment->next[j], &wanted_us, &error), STATUS_OK);
            assert_true(cron_next(&cron, zone_of(moment->zone), at_us, &at_us));
            if (at_us != wanted_us)
                fail_msg("%s in %s: wanted %s, found %s", moment->cron,
                         moment->zone != NULL ? moment->zone : "UTC", moment->next[j],
                         iso8601_format_instant(at_us, text));
        }
    }
}

/* ---- against a count ---- */

static uint64_t seed = 20261123;

static unsigned draw(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed % below);
}

static void draw_field(char *text, size_t size, unsigned minimum, unsigned maximum)
{
    unsigned span = maximum - minimum + 1;
    unsigned a = minimum + draw(span);

    switch (draw(5)) {
    case 0:
        snprintf(text, size, "*");
        break;
    case 1:
        snprintf(text, size, "%u", a);
        break;
    case 2:
        snprintf(text, size, "%u,%u", a, minimum + draw(span));
        break;
    case 3:
        snprintf(text, size, "%u/%u", a, 1 + draw(span));
        break;
    default:
        snprintf(text, size, "%u-%u", a, a + draw(maximum - a + 1));
        break;
    }
}

static bool in_field(const char *text, unsigned minimum, unsigned maximum, unsigned value)
{
    unsigned a;
    unsigned b;

    (void)minimum;
    if (strcmp(text, "*") == 0)
        return true;
    if (sscanf(text, "%u/%u", &a, &b) == 2)
        return value >= a && value <= maximum && (value - a) % b == 0;
    if (sscanf(text, "%u-%u", &a, &b) == 2)
        return value >= a && value <= b;
    if (sscanf(text, "%u,%u", &a, &b) == 2)
        return value == a || value == b;
    return value == (unsigned)strtoul(text, NULL, 10);
}

/* Times of day, the second found by looking at each. */
static void random_times_agree_with_a_count(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        char second[32];
        char minute[32];
        char hour[32];
        char text[128];
        struct cron cron;
        struct error error;
        int64_t at_us = (INT64_C(1700000000) + draw(100000000)) * 1000000 + draw(1000000);
        int64_t found_us;
        int64_t s;

        draw_field(second, sizeof(second), 0, 59);
        draw_field(minute, sizeof(minute), 0, 59);
        draw_field(hour, sizeof(hour), 0, 23);
        snprintf(text, sizeof(text), "%s %s %s * * ?", second, minute, hour);
        assert_int_equal(cron_parse(text, &cron, &error), STATUS_OK);
        assert_true(cron_next(&cron, NULL, at_us, &found_us));
        for (s = at_us / 1000000 + 1; !in_field(second, 0, 59, (unsigned)(s % 60)) ||
                                      !in_field(minute, 0, 59, (unsigned)(s / 60 % 60)) ||
                                      !in_field(hour, 0, 23, (unsigned)(s / 3600 % 24));)
            s++;
        if (found_us != s * 1000000)
            fail_msg("%s after %lld: wanted %lld, found %lld", text, (long long)at_us, (long long)s,
                     (long long)(found_us / 1000000));
    }
}

/* In every zone moments follow each other without end, and each is one by the clock on the wall, or
 * was moved by a gap. */
static void moments_advance_in_every_zone(void **state)
{
    static const char *const zones[] = {"Europe/Berlin",       "America/New_York",
                                        "Australia/Lord_Howe", "Asia/Kathmandu",
                                        "America/Sao_Paulo",   "Africa/Casablanca"};

    (void)state;
    for (int i = 0; i < 200; i++) {
        const struct zone *zone = zone_of(zones[draw(COUNT_OF(zones))]);
        char minute[32];
        char hour[32];
        char text[128];
        struct cron cron;
        struct error error;
        int64_t at_us = (INT64_C(1760000000) + draw(30000000)) * 1000000;

        draw_field(minute, sizeof(minute), 0, 59);
        draw_field(hour, sizeof(hour), 0, 23);
        snprintf(text, sizeof(text), "0 %s %s * * ?", minute, hour);
        assert_int_equal(cron_parse(text, &cron, &error), STATUS_OK);
        for (int j = 0; j < 200; j++) {
            int64_t next_us;
            int64_t local_s;

            assert_true(cron_next(&cron, zone, at_us, &next_us));
            assert_true(next_us > at_us);
            local_s = zone_to_local_us(zone, next_us) / 1000000;
            if (!in_field(minute, 0, 59, (unsigned)(local_s / 60 % 60)) ||
                !in_field(hour, 0, 23, (unsigned)(local_s / 3600 % 24)))
                assert_true(zone_offset_s(zone, next_us) >
                            zone_offset_s(zone, next_us - INT64_C(3) * 3600 * 1000000));
            at_us = next_us;
        }
    }
}

/* ---- refused ---- */

static const struct {
    const char *text;
    const char *says;
} refused[] = {
    {"0 0 12 * *", "seconds in front"},
    {"0 0 12 * * ? 2026 8", "six or seven fields"},
    {"", "six or seven fields"},
    {"60 0 12 * * ?", "the second"},
    {"0 60 12 * * ?", "the minute"},
    {"0 0 24 * * ?", "the hour"},
    {"0 0 12 0 * ?", "day of the month"},
    {"0 0 12 32 * ?", "day of the month"},
    {"0 0 12 L-31 * ?", "day of the month"},
    {"0 0 12 * 13 ?", "the month"},
    {"0 0 12 * FOO ?", "the month"},
    {"0 0 12 ? * 8", "day of the week"},
    {"0 0 12 ? * 6#6", "day of the week"},
    {"0 0 12 ? * ?", "at most one"},
    {"0 0 12 1 * MON", "found both"},
    {"0 0/0 12 * * ?", "the minute"},
    {"0 0/61 12 * * ?", "the minute"},
    {"0 1,,2 12 * * ?", "the minute"},
    {"0 1- 12 * * ?", "the minute"},
    {"0 0 12 30 2 ?", "no date fulfils it"},
    {"0 0 12 29 2 ? 2027", "no date fulfils it"},
    {"0 0 12 * * ? 1969", "the year"},
    {"0 0 12 * * ? 2030-2020", "the year"},
    {"-1 0 12 * * ?", "the second"},
    {"99999999999999999999 0 12 * * ?", "the second"},
};

static void what_cannot_be_is_refused(void **state)
{
    char text[400];
    struct cron cron;
    struct error error;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_int_equal(cron_parse(refused[i].text, &cron, &error), STATUS_INVALID);
        if (strstr(error.message, refused[i].says) == NULL)
            fail_msg("%s: wanted '%s' in: %s", refused[i].text, refused[i].says, error.message);
    }
    memset(text, '1', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(cron_parse(text, &cron, &error), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_by_hand),
        cmocka_unit_test(random_times_agree_with_a_count),
        cmocka_unit_test(moments_advance_in_every_zone),
        cmocka_unit_test(what_cannot_be_is_refused),
    };

    return cmocka_run_group_tests(tests, open_zones, close_zones);
}
