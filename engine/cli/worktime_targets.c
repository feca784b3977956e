/* The operations of `synergyflow worktime` that are about targets of service levels: thresholds,
 * deadlines under pauses with an escalation, deadlines whose target was changed. */
#include "bpmn/worktime/civil.h"
#include "engine/cli/worktime_steps.h"

#include <math.h>
#include <string.h>

enum { PERCENT_MAX = 1000 };

/* A part of the target, in working time. */
enum status worktime_run_threshold(const struct worktime_case *input, int64_t start_us,
                                   json_t *result, struct error *error)
{
    const json_t *percent = json_object_get(input->json, "percent");
    int64_t duration_us = 0;
    int64_t us = 0;
    enum status status = worktime_case_duration(input, &duration_us, error);

    if (status != STATUS_OK)
        return status;
    if (!json_is_number(percent) || json_number_value(percent) < 0 ||
        json_number_value(percent) > PERCENT_MAX) {
        return error_set_field(error, STATUS_INVALID, "percent",
                               "Expected a threshold of 0 to %d percent.", PERCENT_MAX);
    }
    /* Millionths of a percent, so that everything after is whole numbers. */
    duration_us =
        (int64_t)((__int128)duration_us * llround(json_number_value(percent) * 1e6) / 100000000);
    status = worktime_move(input, start_us, duration_us, &us, error);
    if (status == STATUS_OK)
        worktime_put(result, "time", worktime_json_instant(us));
    return status;
}

static enum status escalate(const struct worktime_case *input, int64_t deadline_us, int64_t *ret_us,
                            struct error *error)
{
    const json_t *escalation = json_object_get(input->json, "escalation");
    const char *unit = json_string_value(json_object_get(escalation, "unit"));
    const json_t *number = json_object_get(escalation, "n");
    int64_t amount = 0;
    enum status status;

    if (unit != NULL && strcmp(unit, "working_days") == 0) {
        status = worktime_case_whole(number, "escalation.n", -WORKTIME_DAYS_MAX, WORKTIME_DAYS_MAX,
                                     &amount, error);
        return status == STATUS_OK ? worktime_move_days(input, deadline_us, amount, ret_us, error)
                                   : status;
    }
    if (unit == NULL || strcmp(unit, "seconds") != 0) {
        return error_set_field(error, STATUS_INVALID, "escalation.unit",
                               "Expected \"seconds\" or \"working_days\".");
    }
    status = worktime_case_seconds(number, "escalation.n", &amount, error);
    return status == STATUS_OK ? worktime_move(input, deadline_us, amount, ret_us, error) : status;
}

/* Working time that the pauses take away. */
static enum status waiting(const struct worktime_case *input, int64_t start_us, int64_t *ret_us,
                           struct error *error)
{
    int64_t end_us = start_us;
    int64_t all_us = 0;
    int64_t work_us = 0;
    enum status status;

    for (size_t i = 0; i < input->pause_count; i++)
        end_us = input->pauses[i].to_us > end_us ? input->pauses[i].to_us : end_us;
    status = worktime_between(input->calendar, start_us, end_us, NULL, 0, &all_us, error);
    if (status == STATUS_OK)
        status = worktime_between(input->calendar, start_us, end_us, input->pauses,
                                  input->pause_count, &work_us, error);
    *ret_us = all_us - work_us;
    return status;
}

enum status worktime_run_sla_deadline(const struct worktime_case *input, int64_t start_us,
                                      json_t *result, struct error *error)
{
    int64_t deadline_us = 0;
    int64_t waiting_us = 0;
    int64_t us = 0;
    enum status status = worktime_deadline(input, start_us, &deadline_us, error);

    if (status == STATUS_OK)
        status = waiting(input, start_us, &waiting_us, error);
    if (status == STATUS_OK && json_object_get(input->json, "escalation") != NULL)
        status = escalate(input, deadline_us, &us, error);
    if (status != STATUS_OK)
        return status;
    worktime_put(result, "time", worktime_json_instant(deadline_us));
    worktime_put(result, "waiting_s", worktime_json_seconds(waiting_us));
    if (json_object_get(input->json, "escalation") != NULL)
        worktime_put(result, "escalation_time", worktime_json_instant(us));
    return STATUS_OK;
}

/* Elapsed time and pauses stay: the new deadline is the start plus the new target. */
enum status worktime_run_sla_retarget(const struct worktime_case *input, int64_t start_us,
                                      json_t *result, struct error *error)
{
    int64_t old_us = 0;
    int64_t before_us = 0;
    int64_t us = 0;
    enum status status = worktime_case_seconds(json_object_get(input->json, "old_duration_s"),
                                               "old_duration_s", &old_us, error);

    if (status == STATUS_OK)
        status = worktime_move(input, start_us, old_us, &before_us, error);
    if (status == STATUS_OK)
        status = worktime_deadline(input, start_us, &us, error);
    if (status != STATUS_OK)
        return status;
    worktime_put(result, "time", worktime_json_instant(us));
    worktime_put(result, "before", json_pack("{s:o}", "time", worktime_json_instant(before_us)));
    return status;
}
