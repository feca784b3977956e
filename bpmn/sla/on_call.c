/* See on_call.h. */
#include "bpmn/sla/on_call.h"

#include "bpmn/iso8601.h"
#include "bpmn/sla/reading.h"

#include <string.h>

#define SECOND_US INT64_C(1000000)
enum { DAY_S = 86400 };

struct window {
    bool days[7]; /* from Monday */
    int32_t from_s;
    int32_t to_s; /* at or before from_s: on the next day */
    const char *recipient;
};

struct override {
    int64_t from_us;
    int64_t to_us;
    const char *recipient;
};

struct on_call_schedule {
    const char *name;
    const struct zone *zone;
    struct window *windows;
    size_t window_count;
    struct override *overrides;
    size_t override_count;
    const char *otherwise;
};

/* `08:30`, `24:00`. */
static enum status read_clock_time(struct sla_reading *reading, const json_t *object,
                                   const char *member, int32_t max_s, int32_t *ret_s)
{
    const json_t *json = json_object_get(object, member);
    const char *text = json_string_value(json);
    int32_t seconds = -1;

    if (text != NULL && strlen(text) == 5 && text[2] == ':' && strspn(text, "0123456789:") == 5 &&
        strchr(text, ':') == text + 2 && text[3] != ':' && text[4] != ':' && text[3] < '6')
        seconds = ((text[0] - '0') * 10 + text[1] - '0') * 3600 +
                  ((text[3] - '0') * 10 + text[4] - '0') * 60;
    if (seconds < 0 || seconds > max_s)
        return sla_expected(reading, member, "a time of day such as \"08:30\"", json);
    *ret_s = seconds;
    return STATUS_OK;
}

static enum status read_days(struct sla_reading *reading, const json_t *object,
                             struct window *window)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    const json_t *array = NULL;

    if (sla_read_array(reading, object, "days", 7, &array) != STATUS_OK)
        return reading->error->status;
    for (size_t day = 0; day < 7; day++)
        window->days[day] = array == NULL;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *text = json_string_value(json_array_get(array, i));
        size_t day = 0;

        while (day < 7 && (text == NULL || strcmp(text, names[day]) != 0))
            day++;
        if (day == 7)
            return sla_expected(reading, "days", "week days such as \"mon\"", array);
        window->days[day] = true;
    }
    return STATUS_OK;
}

static enum status read_windows(struct sla_reading *reading, const json_t *document,
                                struct on_call_schedule *schedule)
{
    static const char *const known[] = {"days", "from", "to", "recipient", NULL};
    const json_t *array = NULL;

    if (sla_read_array(reading, document, "windows", ON_CALL_WINDOWS_MAX, &array) != STATUS_OK)
        return reading->error->status;
    schedule->window_count = json_array_size(array);
    schedule->windows =
        arena_array(reading->arena, schedule->window_count, sizeof(*schedule->windows));
    for (size_t i = 0; i < schedule->window_count; i++) {
        const json_t *json = json_array_get(array, i);
        struct window *window = &schedule->windows[i];
        size_t length = sla_path_enter(reading, "windows", i);

        if (sla_check_members(reading, json, known) != STATUS_OK ||
            read_days(reading, json, window) != STATUS_OK ||
            read_clock_time(reading, json, "from", DAY_S - 60, &window->from_s) != STATUS_OK ||
            read_clock_time(reading, json, "to", DAY_S, &window->to_s) != STATUS_OK ||
            sla_read_text(reading, json, "recipient", true, &window->recipient) != STATUS_OK)
            return reading->error->status;
        if (window->from_s == window->to_s)
            return sla_expected(reading, "to", "another time than from",
                                json_object_get(json, "to"));
        sla_path_leave(reading, length);
    }
    return STATUS_OK;
}

static enum status read_instant(struct sla_reading *reading, const json_t *object,
                                const char *member, int64_t *ret_us)
{
    const json_t *json = json_object_get(object, member);
    struct error error = {0};

    if (!json_is_string(json) ||
        iso8601_parse_instant(json_string_value(json), ret_us, &error) != STATUS_OK)
        return sla_expected(reading, member,
                            "a date and time such as \"2026-12-24T08:00:00+01:00\"", json);
    return STATUS_OK;
}

static enum status read_overrides(struct sla_reading *reading, const json_t *document,
                                  struct on_call_schedule *schedule)
{
    static const char *const known[] = {"from", "to", "recipient", NULL};
    const json_t *array = NULL;

    if (sla_read_array(reading, document, "overrides", ON_CALL_OVERRIDES_MAX, &array) != STATUS_OK)
        return reading->error->status;
    schedule->override_count = json_array_size(array);
    schedule->overrides =
        arena_array(reading->arena, schedule->override_count, sizeof(*schedule->overrides));
    for (size_t i = 0; i < schedule->override_count; i++) {
        const json_t *json = json_array_get(array, i);
        struct override *item = &schedule->overrides[i];
        size_t length = sla_path_enter(reading, "overrides", i);

        if (sla_check_members(reading, json, known) != STATUS_OK ||
            read_instant(reading, json, "from", &item->from_us) != STATUS_OK ||
            read_instant(reading, json, "to", &item->to_us) != STATUS_OK ||
            sla_read_text(reading, json, "recipient", true, &item->recipient) != STATUS_OK)
            return reading->error->status;
        if (item->to_us <= item->from_us)
            return sla_expected(reading, "to", "an end after the start",
                                json_object_get(json, "to"));
        sla_path_leave(reading, length);
    }
    return STATUS_OK;
}

enum status on_call_read(struct arena *arena, const json_t *document,
                         const struct zone_source *zones,
                         const struct on_call_schedule **ret_schedule, struct error *ret_error)
{
    static const char *const known[] = {"name",      "timezone", "windows",
                                        "overrides", "default",  NULL};
    struct sla_reading reading = {.arena = arena, .error = ret_error};
    struct on_call_schedule *schedule = arena_alloc(arena, sizeof(*schedule));
    const char *zone = "";
    struct error error = {0};

    if (sla_check_members(&reading, document, known) != STATUS_OK ||
        sla_read_text(&reading, document, "name", true, &schedule->name) != STATUS_OK ||
        sla_read_text(&reading, document, "timezone", true, &zone) != STATUS_OK)
        return ret_error->status;
    if (zones->load(zones->context, zone, &schedule->zone, &error) != STATUS_OK)
        return sla_refuse(&reading, "timezone", STATUS_INVALID, error.message);
    if (read_windows(&reading, document, schedule) != STATUS_OK ||
        read_overrides(&reading, document, schedule) != STATUS_OK ||
        sla_read_text(&reading, document, "default", false, &schedule->otherwise) != STATUS_OK)
        return ret_error->status;
    *ret_schedule = schedule;
    return STATUS_OK;
}

const char *on_call_name(const struct on_call_schedule *schedule)
{
    return schedule->name;
}

static bool covers(const struct window *window, int weekday, int32_t second)
{
    int before = (weekday + 6) % 7;

    if (window->from_s < window->to_s)
        return window->days[weekday] && second >= window->from_s && second < window->to_s;
    return (window->days[weekday] && second >= window->from_s) ||
           (window->days[before] && second < window->to_s);
}

const char *on_call_at(const struct on_call_schedule *schedule, int64_t now_us)
{
    int64_t local_us = zone_to_local_us(schedule->zone, now_us);
    int64_t local_s = local_us / SECOND_US - (local_us % SECOND_US < 0);
    int64_t day = local_s / DAY_S - (local_s % DAY_S < 0);
    /* 1970-01-01 was a Thursday. */
    int weekday = (int)(((day + 3) % 7 + 7) % 7);

    for (size_t i = 0; i < schedule->override_count; i++) {
        if (now_us >= schedule->overrides[i].from_us && now_us < schedule->overrides[i].to_us)
            return schedule->overrides[i].recipient;
    }
    for (size_t i = 0; i < schedule->window_count; i++) {
        if (covers(&schedule->windows[i], weekday, (int32_t)(local_s - day * DAY_S)))
            return schedule->windows[i].recipient;
    }
    return schedule->otherwise;
}
