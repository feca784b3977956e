/* The operations of `synergyflow worktime`, each a row of the table at the end. */
#include "bpmn/base/memory.h"
#include "bpmn/iso8601.h"
#include "bpmn/worktime/civil.h"
#include "engine/cli/worktime_case.h"
#include "engine/cli/worktime_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEGMENTS_MAX = 10000, SEGMENTS_USUAL = 10 };

/* ---- the operations ---- */

static enum status run_add(const struct worktime_case *input, int64_t start_us, json_t *result,
                           struct error *error)
{
    int64_t us = 0;
    enum status status = worktime_deadline(input, start_us, &us, error);

    if (status == STATUS_OK)
        worktime_put(result, "time", worktime_json_instant(us));
    return status;
}

static enum status run_subtract(const struct worktime_case *input, int64_t start_us, json_t *result,
                                struct error *error)
{
    int64_t duration_us = 0;
    int64_t us = 0;
    enum status status = worktime_case_duration(input, &duration_us, error);

    /* Nothing at all goes back too: to the previous open moment. */
    if (status == STATUS_OK) {
        status = duration_us < 0 ? worktime_move(input, start_us, -duration_us, &us, error)
                                 : worktime_subtract(input->calendar, start_us, duration_us,
                                                     input->pauses, input->pause_count, &us, error);
    }
    if (status == STATUS_OK)
        worktime_put(result, "time", worktime_json_instant(us));
    return status;
}

static enum status run_between(const struct worktime_case *input, int64_t start_us, json_t *result,
                               struct error *error)
{
    int64_t end_us = 0;
    int64_t us = 0;
    enum status status = worktime_case_instant(input, "end", &end_us, error);

    if (status == STATUS_OK)
        status = worktime_between(input->calendar, start_us, end_us, input->pauses,
                                  input->pause_count, &us, error);
    if (status != STATUS_OK)
        return status;
    worktime_put(result, "seconds", worktime_json_seconds(us));
    worktime_put(result, "duration_us", json_integer(us));
    worktime_put(result, "minutes", json_integer(us / (60 * CIVIL_SECOND_US)));
    worktime_put(result, "actual_seconds",
                 worktime_json_seconds(end_us > start_us ? end_us - start_us : 0));
    return STATUS_OK;
}

static enum status run_add_days(const struct worktime_case *input, int64_t start_us, json_t *result,
                                struct error *error)
{
    int64_t us = 0;
    enum status status = worktime_move_case_days(input, start_us, &us, error);

    if (status == STATUS_OK)
        worktime_put(result, "time", worktime_json_instant(us));
    return status;
}

/* Fits, when the date stays the same. */
static enum status run_add_in_day(const struct worktime_case *input, int64_t start_us,
                                  json_t *result, struct error *error)
{
    const struct zone *zone = calendar_zone(input->calendar);
    int64_t duration_us = 0;
    int64_t us = 0;
    bool fits;
    enum status status = worktime_case_duration(input, &duration_us, error);

    if (status == STATUS_OK)
        status = worktime_move(input, start_us, duration_us, &us, error);
    if (status != STATUS_OK)
        return status;
    /* Closing time may be 24:00, which is the next date's midnight. */
    fits = civil_floor_divide(zone_to_local_us(zone, us - (us > start_us ? 1 : 0)), CIVIL_DAY_US) ==
           civil_floor_divide(zone_to_local_us(zone, start_us), CIVIL_DAY_US);
    worktime_put(result, "fits", json_boolean(fits));
    if (fits)
        worktime_put(result, "time", worktime_json_instant(us));
    return STATUS_OK;
}

static enum status run_next_open(const struct worktime_case *input, int64_t start_us,
                                 json_t *result, struct error *error)
{
    int64_t us = 0;
    enum status status =
        worktime_add(input->calendar, start_us, 0, input->pauses, input->pause_count, &us, error);

    if (status == STATUS_OK)
        worktime_put(result, "time", worktime_json_instant(us));
    return status;
}

static enum status run_previous_open(const struct worktime_case *input, int64_t start_us,
                                     json_t *result, struct error *error)
{
    int64_t us = 0;
    enum status status = worktime_subtract(input->calendar, start_us, 0, input->pauses,
                                           input->pause_count, &us, error);

    if (status == STATUS_OK)
        worktime_put(result, "time", worktime_json_instant(us));
    return status;
}

static enum status in_range(int64_t us, struct error *error)
{
    if (us >= WORKTIME_MIN_US && us <= WORKTIME_MAX_US)
        return STATUS_OK;
    return error_set_field(error, STATUS_INVALID, "start",
                           "Expected a moment in the years 1970 to 9999.");
}

static enum status run_is_open(const struct worktime_case *input, int64_t start_us, json_t *result,
                               struct error *error)
{
    enum status status = in_range(start_us, error);

    if (status == STATUS_OK)
        worktime_put(result, "open", json_boolean(worktime_is_open(input->calendar, start_us)));
    return status;
}

static enum status run_is_holiday(const struct worktime_case *input, int64_t start_us,
                                  json_t *result, struct error *error)
{
    struct calendar_holiday holiday = {.name = "", .source = ""};
    enum status status = in_range(start_us, error);
    bool found;

    if (status != STATUS_OK)
        return status;
    found = calendar_is_holiday(
        input->calendar,
        civil_floor_divide(zone_to_local_us(calendar_zone(input->calendar), start_us),
                           CIVIL_DAY_US),
        &holiday);
    worktime_put(result, "holiday", json_boolean(found));
    if (holiday.name[0] != '\0')
        worktime_put(result, "name", json_string(holiday.name));
    if (holiday.source[0] != '\0')
        worktime_put(result, "source", json_string(holiday.source));
    return STATUS_OK;
}

static enum status run_end_of_day(const struct worktime_case *input, int64_t start_us,
                                  json_t *result, struct error *error)
{
    const json_t *json = json_object_get(input->json, "days");
    int64_t days = 0;
    int64_t us = 0;
    enum status status = json != NULL
                             ? worktime_case_whole(json, "days", 0, WORKTIME_DAYS_MAX, &days, error)
                             : STATUS_OK;

    if (status == STATUS_OK)
        status =
            worktime_end_of_business_day(input->calendar, start_us, (uint32_t)days, &us, error);
    if (status == STATUS_OK)
        worktime_put(result, "time", worktime_json_instant(us));
    return status;
}

static enum status run_segments(const struct worktime_case *input, int64_t start_us, json_t *result,
                                struct error *error)
{
    const json_t *json = json_object_get(input->json, "count");
    bool has_end = json_object_get(input->json, "end") != NULL;
    int64_t count = has_end ? SEGMENTS_MAX : SEGMENTS_USUAL;
    int64_t end_us = WORKTIME_MAX_US;
    struct worktime_segment *segments;
    json_t *list = json_array();
    size_t found = 0;
    enum status status = json != NULL
                             ? worktime_case_whole(json, "count", 1, SEGMENTS_MAX, &count, error)
                             : STATUS_OK;

    if (status == STATUS_OK && has_end)
        status = worktime_case_instant(input, "end", &end_us, error);
    segments = memory_zero((size_t)count, sizeof(*segments));
    if (status == STATUS_OK)
        status = worktime_segments(input->calendar, start_us, end_us, segments, (size_t)count,
                                   &found, error);
    for (size_t i = 0; i < found; i++) {
        (void)json_array_append_new(list,
                                    json_pack("[o, o]", worktime_json_instant(segments[i].from_us),
                                              worktime_json_instant(segments[i].to_us)));
    }
    memory_free(segments);
    if (status == STATUS_OK)
        worktime_put(result, "segments", list);
    else
        json_decref(list);
    return status;
}

/* The zone of the case turns local times into instants before anything else happens. */
static enum status run_local_to_utc(const struct worktime_case *input, int64_t start_us,
                                    json_t *result, struct error *error)
{
    static const char *const kinds[] = {"unique", "gap", "ambiguous"};
    const json_t *text = json_object_get(input->json, "start_local");
    enum zone_local kind = ZONE_LOCAL_UNIQUE;
    struct error ignored;
    int64_t local_us = 0;

    (void)error;
    if (json_is_string(text) &&
        iso8601_parse_instant(json_string_value(text), &local_us, &ignored) == STATUS_OK)
        (void)zone_to_utc_us(input->zone, local_us, &kind);
    worktime_put(result, "time", worktime_json_instant(start_us));
    worktime_put(result, "kind", json_string(kinds[kind]));
    return STATUS_OK;
}

/* ---- the table ---- */

static const struct {
    const char *name;
    enum status (*run)(const struct worktime_case *input, int64_t start_us, json_t *result,
                       struct error *error);
    bool needs_no_calendar;
} operations[] = {
    {"add", run_add, false},
    {"subtract", run_subtract, false},
    {"between", run_between, false},
    {"next_open", run_next_open, false},
    {"prev_open", run_previous_open, false},
    {"previous_open", run_previous_open, false},
    {"is_open", run_is_open, false},
    {"is_holiday", run_is_holiday, false},
    {"add_days", run_add_days, false},
    {"add_business_days", run_add_days, false},
    {"add_in_day", run_add_in_day, false},
    {"end_of_day", run_end_of_day, false},
    {"segments", run_segments, false},
    {"threshold", worktime_run_threshold, false},
    {"sla_deadline", worktime_run_sla_deadline, false},
    {"sla_retarget", worktime_run_sla_retarget, false},
    {"local_to_utc", run_local_to_utc, true},
};

static enum status unknown(const char *name, struct error *error)
{
    char known[512] = "";
    size_t length = 0;

    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        length += (size_t)snprintf(known + length, sizeof(known) - length, "%s%s",
                                   i == 0 ? "" : ", ", operations[i].name);
    }
    return error_set_field(error, STATUS_INVALID, "op", "Expected one of %s but found '%.60s'.",
                           known, name != NULL ? name : "");
}

enum status worktime_run(const struct worktime_case *input, json_t *result, struct error *ret_error)
{
    const char *name = json_string_value(json_object_get(input->json, "op"));
    int64_t start_us = 0;
    size_t i = 0;
    enum status status;

    while (name != NULL && i < COUNT_OF(operations) && strcmp(operations[i].name, name) != 0)
        i++;
    if (name == NULL || i == COUNT_OF(operations))
        return unknown(name, ret_error);
    if (input->calendar == NULL && !operations[i].needs_no_calendar) {
        return error_set_field(ret_error, STATUS_INVALID, "calendar",
                               "Expected the case to have a calendar but it has none.");
    }
    status = worktime_case_start(input, &start_us, ret_error);
    return status == STATUS_OK ? operations[i].run(input, start_us, result, ret_error) : status;
}
