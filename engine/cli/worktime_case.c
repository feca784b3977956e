/* See worktime_case.h: reading a case, and answering it. */
#include "engine/cli/worktime_case.h"

#include "bpmn/base/memory.h"
#include "bpmn/iso8601.h"
#include "bpmn/worktime/civil.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALENDAR_ARENA_BYTES = 64 * 1024 * 1024, SHOWN_BYTES = 60 };

/* Longer than the range of dates: no use for more, and safe to add up. */
#define SECONDS_MAX INT64_C(1000000000000)

/* ---- values ---- */

static enum status expected(struct error *error, const char *field, const char *what,
                            const json_t *found)
{
    char *text = found != NULL ? json_dumps(found, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    enum status status =
        error_set_field(error, STATUS_INVALID, field, "Expected %s but found %.*s.", what,
                        SHOWN_BYTES, text != NULL ? text : "nothing");

    free(text);
    return status;
}

static bool is_local(const char *text)
{
    const char *time = strchr(text, 'T');

    return time == NULL || strpbrk(time, "Zz+-") == NULL;
}

static enum status read_instant(const struct zone *zone, const json_t *json, const char *field,
                                int64_t *ret_us, struct error *error)
{
    const char *text = json_string_value(json);
    struct error ignored;
    int64_t us = 0;

    if (text == NULL || iso8601_parse_instant(text, &us, &ignored) != STATUS_OK)
        return expected(error, field, "a moment such as \"2026-11-23T08:30:00Z\"", json);
    *ret_us = is_local(text) ? zone_to_utc_us(zone, us, NULL) : us;
    return STATUS_OK;
}

enum status worktime_case_instant(const struct worktime_case *input, const char *name,
                                  int64_t *ret_us, struct error *ret_error)
{
    return read_instant(input->zone, json_object_get(input->json, name), name, ret_us, ret_error);
}

static bool is_given(const json_t *json)
{
    return json != NULL && !json_is_null(json);
}

enum status worktime_case_start(const struct worktime_case *input, int64_t *ret_us,
                                struct error *ret_error)
{
    const json_t *start = json_object_get(input->json, "start");
    const json_t *local = json_object_get(input->json, "start_local");

    if (!is_given(start) && is_given(local))
        return read_instant(input->zone, local, "start_local", ret_us, ret_error);
    return read_instant(input->zone, start, "start", ret_us, ret_error);
}

enum status worktime_case_seconds(const json_t *number, const char *field, int64_t *ret_us,
                                  struct error *ret_error)
{
    if (json_is_integer(number) && llabs(json_integer_value(number)) <= SECONDS_MAX) {
        *ret_us = json_integer_value(number) * CIVIL_SECOND_US;
        return STATUS_OK;
    }
    if (json_is_real(number) && fabs(json_real_value(number)) <= (double)SECONDS_MAX) {
        *ret_us = llround(json_real_value(number) * 1e6);
        return STATUS_OK;
    }
    return expected(ret_error, field, "a number of seconds", number);
}

enum status worktime_case_whole(const json_t *number, const char *field, int64_t least,
                                int64_t most, int64_t *ret_number, struct error *ret_error)
{
    char what[96];

    if (json_is_integer(number) && json_integer_value(number) >= least &&
        json_integer_value(number) <= most) {
        *ret_number = json_integer_value(number);
        return STATUS_OK;
    }
    (void)snprintf(what, sizeof(what), "a whole number from %lld to %lld", (long long)least,
                   (long long)most);
    return expected(ret_error, field, what, number);
}

enum status worktime_case_duration(const struct worktime_case *input, int64_t *ret_us,
                                   struct error *ret_error)
{
    const json_t *micro = json_object_get(input->json, "duration_us");
    const json_t *text = json_object_get(input->json, "duration");
    struct iso8601_duration duration;

    if (is_given(micro)) {
        return worktime_case_whole(micro, "duration_us", -SECONDS_MAX * CIVIL_SECOND_US,
                                   SECONDS_MAX * CIVIL_SECOND_US, ret_us, ret_error);
    }
    if (!is_given(text)) {
        return worktime_case_seconds(json_object_get(input->json, "duration_s"), "duration_s",
                                     ret_us, ret_error);
    }
    if (!json_is_string(text) ||
        iso8601_parse_duration(json_string_value(text), &duration, ret_error) != STATUS_OK ||
        duration.years > 0 || duration.months > 0 || duration.weeks > 0 || duration.days > 0) {
        return expected(ret_error, "duration",
                        "working time such as \"PT8H30M\" (days of work are \"days\")", text);
    }
    *ret_us = duration.time_us;
    return STATUS_OK;
}

/* ---- pauses ---- */

static enum status read_pause(const struct worktime_case *input, const json_t *json, size_t place,
                              struct worktime_pause *pause, struct error *error)
{
    bool is_pair = json_is_array(json) && json_array_size(json) == 2;
    const json_t *from = is_pair ? json_array_get(json, 0) : json_object_get(json, "from");
    const json_t *to = is_pair ? json_array_get(json, 1) : json_object_get(json, "to");
    char field[ERROR_FIELD_MAX];
    enum status status;

    (void)snprintf(field, sizeof(field), "pauses[%zu].from", place);
    status = read_instant(input->zone, from, field, &pause->from_us, error);
    if (status != STATUS_OK)
        return status;
    (void)snprintf(field, sizeof(field), "pauses[%zu].to", place);
    /* A pause that goes on. */
    pause->to_us = WORKTIME_MAX_US;
    return is_given(to) ? read_instant(input->zone, to, field, &pause->to_us, error) : STATUS_OK;
}

static enum status read_pauses(struct worktime_case *input, struct error *error)
{
    const json_t *pauses = json_object_get(input->json, "pauses");
    size_t count = json_array_size(pauses);

    if (!is_given(pauses))
        return STATUS_OK;
    if (!json_is_array(pauses))
        return expected(error, "pauses", "a list of {\"from\": …, \"to\": …}", pauses);
    if (count > WORKTIME_PAUSES_MAX) {
        return error_set_field(error, STATUS_TOO_LARGE, "pauses",
                               "Expected at most %d pauses but found %zu.", WORKTIME_PAUSES_MAX,
                               count);
    }
    input->pauses = memory_zero(count + 1, sizeof(*input->pauses));
    for (size_t i = 0; i < count; i++) {
        enum status status =
            read_pause(input, json_array_get(pauses, i), i, &input->pauses[i], error);

        if (status != STATUS_OK)
            return status;
    }
    input->pause_count = count;
    return STATUS_OK;
}

/* ---- the calendar ---- */

static enum status prefix_field(struct error *error)
{
    char field[ERROR_FIELD_MAX];

    (void)snprintf(field, sizeof(field), "calendar%s%.100s", error->field[0] != '\0' ? "." : "",
                   error->field);
    (void)snprintf(error->field, sizeof(error->field), "%s", field);
    return error->status;
}

/* Whether the calendar that is kept is the one of `document`, with the zone as it is now. */
static bool is_kept(const struct worktime_calendars *calendars, const char *document)
{
    const struct zone_source *zones = calendars->zones;
    const struct zone *zone;
    const struct zone *now;
    struct error ignored;

    if (calendars->document == NULL || strcmp(calendars->document, document) != 0)
        return false;
    zone = calendar_zone(calendars->calendar);
    return zones->load(zones->context, zone_name(zone), &now, &ignored) == STATUS_OK && now == zone;
}

static void forget(struct worktime_calendars *calendars)
{
    arena_free(calendars->arena);
    free(calendars->document);
    calendars->arena = NULL;
    calendars->document = NULL;
    calendars->calendar = NULL;
}

static enum status load_calendar(struct worktime_calendars *calendars, const json_t *json,
                                 struct error *error)
{
    char *document = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    enum status status;

    if (document == NULL)
        return expected(error, "calendar", "a calendar that is nested less deeply", NULL);
    if (is_kept(calendars, document)) {
        free(document);
        return STATUS_OK;
    }
    forget(calendars);
    calendars->arena = arena_new(CALENDAR_ARENA_BYTES);
    status = calendar_read(calendars->arena, json, calendars->zones, &calendars->calendar, error);
    if (status == STATUS_OK) {
        calendars->document = document;
        return STATUS_OK;
    }
    free(document);
    forget(calendars);
    return prefix_field(error);
}

/* A calendar without a zone takes the case's. */
static json_t *with_zone(const json_t *calendar, const json_t *timezone)
{
    json_t *copy;

    if (!json_is_object(calendar) || !json_is_string(timezone) ||
        is_given(json_object_get(calendar, "timezone")))
        return json_incref((json_t *)calendar);
    copy = json_copy((json_t *)calendar);
    (void)json_object_set(copy, "timezone", (json_t *)timezone);
    return copy;
}

static enum status find_calendar(struct worktime_calendars *calendars, struct worktime_case *input,
                                 struct error *error)
{
    const json_t *given = json_object_get(input->json, "calendar");
    const json_t *timezone = json_object_get(input->json, "timezone");
    enum status status = STATUS_OK;
    bool in_start = false;

    if (!is_given(given))
        given = calendars->common;
    if (is_given(given)) {
        json_t *calendar = with_zone(given, timezone);

        status = load_calendar(calendars, calendar, error);
        json_decref(calendar);
        if (status != STATUS_OK)
            return status;
        input->calendar = calendars->calendar;
        input->zone = calendar_zone(input->calendar);
    }
    /* `start_local` is what clocks in the case's own zone show; so are times of a case without a
     * calendar. Others are in the calendar's zone. */
    in_start = !is_given(json_object_get(input->json, "start")) &&
               is_given(json_object_get(input->json, "start_local"));
    if (json_is_string(timezone) && (input->calendar == NULL || in_start))
        status = calendars->zones->load(calendars->zones->context, json_string_value(timezone),
                                        &input->zone, error);
    return status;
}

void worktime_calendars_deinit(struct worktime_calendars *calendars)
{
    forget(calendars);
}

/* ---- answering ---- */

static json_t *new_result(const json_t *json)
{
    json_t *result = json_object();
    json_t *id = json_object_get(json, "id");

    if (id != NULL)
        (void)json_object_set(result, "id", id);
    return result;
}

json_t *worktime_case_refuse(const json_t *json, uint64_t number, const struct error *error)
{
    json_t *result = new_result(json);

    if (json_object_get(result, "id") == NULL)
        (void)json_object_set_new(result, "case", json_integer((json_int_t)number));
    (void)json_object_set_new(result, "error",
                              json_pack("{s:s, s:s, s:s}", "status", status_name(error->status),
                                        "field", error->field, "message", error->message));
    return result;
}

static enum status answer(struct worktime_calendars *calendars, const json_t *json, json_t *result,
                          struct error *error)
{
    struct worktime_case input = {.json = json, .zone = zone_utc()};
    enum status status;

    if (!json_is_object(json))
        return expected(error, "", "a case, a JSON object", json);
    status = find_calendar(calendars, &input, error);
    if (status == STATUS_OK)
        status = read_pauses(&input, error);
    if (status == STATUS_OK)
        status = worktime_run(&input, result, error);
    memory_free(input.pauses);
    return status;
}

bool worktime_case_answer(struct worktime_calendars *calendars, const json_t *json, uint64_t number,
                          json_t **ret_result)
{
    struct error error = {0};
    json_t *result = new_result(json);
    const json_t *wanted = json_object_get(json, "expected");
    bool wants_error = json_object_get(wanted, "error") != NULL;
    bool ok = answer(calendars, json, result, &error) == STATUS_OK;

    if (!ok) {
        json_decref(result);
        result = worktime_case_refuse(json, number, &error);
    }
    if (json_is_object(wanted)) {
        ok = wants_error ? !ok : ok && worktime_matches(wanted, result);
        (void)json_object_set_new(result, "ok", json_boolean(ok));
    }
    *ret_result = result;
    return ok;
}
