/* See point.h. */
#include "bpmn/sla/point.h"

#include "bpmn/sla/reading.h"

#include <string.h>

enum status sla_point_read(const char *text, struct sla_point *ret_point, struct error *ret_error)
{
    struct sla_duration duration = {0};
    struct error error = {0};

    *ret_point = (struct sla_point){.is_percent = strchr(text, '%') != NULL};
    if (ret_point->is_percent ? sla_percent_read(text, &ret_point->percent_thousandths)
                              : sla_duration_read(text + (text[0] == '-' || text[0] == '+'), false,
                                                  "", &duration, &error) == STATUS_OK &&
                                    duration.unit == SLA_WORKING_TIME) {
        ret_point->offset_us = text[0] == '-' ? -duration.time_us : duration.time_us;
        return STATUS_OK;
    }
    return error_set(ret_error, STATUS_INVALID, "Expected %s but found \"%.60s\".",
                     sla_point_expected, text);
}

enum status sla_point_due(struct arena *arena, const struct sla_clock *clock,
                          const struct sla_point *point, const struct sla_rating *rating,
                          int64_t now_us, int64_t since_us, bool *ret_has_due, int64_t *ret_due_us,
                          struct error *ret_error)
{
    const struct sla_threshold threshold = {.id = "",
                                            .is_percent = point->is_percent,
                                            .percent_thousandths = point->percent_thousandths,
                                            .offset_us = point->offset_us};
    const struct sla_target target = {.name = clock->target,
                                      .duration = clock->duration,
                                      .late = SLA_LATE_FIRE,
                                      .overrun = true,
                                      .thresholds = &threshold,
                                      .threshold_count = 1};
    const struct sla_threshold_due *row = NULL;

    if (sla_clock_thresholds(arena, clock, &target, rating, now_us, &row, ret_error) != STATUS_OK)
        return ret_error->status;
    /* A clock that is over counts only for those who waited when it got there. */
    *ret_has_due = row->has_due && (sla_clock_is_open(clock) || row->due_us >= since_us);
    *ret_due_us = row->due_us;
    return STATUS_OK;
}
