/* See worktime_steps.h. */
#include "engine/cli/worktime_steps.h"

#include "bpmn/iso8601.h"
#include "bpmn/worktime/civil.h"

#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

/* `2026-11-23T08:30:00Z`, with a fraction only where there is one. */
json_t *worktime_json_instant(int64_t us)
{
    char text[ISO8601_INSTANT_BYTES];
    char *point;

    (void)iso8601_format_instant_us(us, text);
    point = strchr(text, '.');
    if (us % CIVIL_SECOND_US == 0 && point != NULL)
        (void)strcpy(point, "Z");
    return json_string(text);
}

json_t *worktime_json_seconds(int64_t us)
{
    return us % CIVIL_SECOND_US == 0 ? json_integer(us / CIVIL_SECOND_US)
                                     : json_real((double)us / 1e6);
}

void worktime_put(json_t *result, const char *member, json_t *value)
{
    (void)json_object_set_new(result, member, value);
}

/* ---- shared steps ---- */

/* `duration_us` forwards, or backwards when it is negative. */
enum status worktime_move(const struct worktime_case *input, int64_t start_us, int64_t duration_us,
                          int64_t *ret_us, struct error *error)
{
    if (duration_us < 0) {
        return worktime_subtract(input->calendar, start_us, -duration_us, input->pauses,
                                 input->pause_count, ret_us, error);
    }
    return worktime_add(input->calendar, start_us, duration_us, input->pauses, input->pause_count,
                        ret_us, error);
}

enum status worktime_move_days(const struct worktime_case *input, int64_t start_us, int64_t days,
                               int64_t *ret_us, struct error *error)
{
    if (days < 0) {
        return worktime_subtract_business_days(input->calendar, start_us, (uint32_t)-days, ret_us,
                                               error);
    }
    return worktime_add_business_days(input->calendar, start_us, (uint32_t)days, ret_us, error);
}

/* `P2BD`. */
static bool is_business_days(const char *text, int64_t *ret_days)
{
    char *end;

    if (text == NULL || text[0] != 'P' || text[1] < '0' || text[1] > '9' || strlen(text) > 12)
        return false;
    *ret_days = strtoll(text + 1, &end, 10);
    return strcmp(end, "BD") == 0;
}

static bool has_days(const struct worktime_case *input)
{
    int64_t ignored;

    return json_object_get(input->json, "days") != NULL ||
           is_business_days(json_string_value(json_object_get(input->json, "duration")), &ignored);
}

/* Days, then what pauses take from the working time until there. */
enum status worktime_move_case_days(const struct worktime_case *input, int64_t start_us,
                                    int64_t *ret_us, struct error *error)
{
    const json_t *json = json_object_get(input->json, "days");
    bool to_end = json_is_true(json_object_get(input->json, "end_of_working_day"));
    int64_t days = 0;
    int64_t work_us = 0;
    enum status status = STATUS_OK;

    if (json != NULL ||
        !is_business_days(json_string_value(json_object_get(input->json, "duration")), &days))
        status = worktime_case_whole(json, "days", to_end ? 0 : -WORKTIME_DAYS_MAX,
                                     WORKTIME_DAYS_MAX, &days, error);
    if (status != STATUS_OK)
        return status;
    status = to_end ? worktime_end_of_business_day(input->calendar, start_us, (uint32_t)days,
                                                   ret_us, error)
                    : worktime_move_days(input, start_us, days, ret_us, error);
    if (status != STATUS_OK || input->pause_count == 0 || *ret_us <= start_us)
        return status;
    status = worktime_between(input->calendar, start_us, *ret_us, NULL, 0, &work_us, error);
    return status == STATUS_OK ? worktime_move(input, start_us, work_us, ret_us, error) : status;
}

enum status worktime_deadline(const struct worktime_case *input, int64_t start_us, int64_t *ret_us,
                              struct error *error)
{
    int64_t duration_us = 0;
    enum status status;

    if (has_days(input))
        return worktime_move_case_days(input, start_us, ret_us, error);
    status = worktime_case_duration(input, &duration_us, error);
    return status == STATUS_OK ? worktime_move(input, start_us, duration_us, ret_us, error)
                               : status;
}
