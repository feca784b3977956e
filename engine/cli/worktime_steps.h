/* What several operations of `synergyflow worktime` do. */
#ifndef SYNERGYFLOW_CLI_WORKTIME_STEPS_H
#define SYNERGYFLOW_CLI_WORKTIME_STEPS_H

#include "engine/cli/worktime_case.h"

#define WORKTIME_DAYS_MAX INT64_C(4000000) /* more than 1970 to 9999 have */

/* `2026-11-23T08:30:00Z`, with a fraction only where there is one. */
json_t *worktime_json_instant(int64_t us);
json_t *worktime_json_seconds(int64_t us);
/* Adds a member to an answer; takes `value`. */
void worktime_put(json_t *result, const char *member, json_t *value);

/* `duration_us` of working time forwards, or backwards when it is negative, under the case's
 * pauses. */
MUST_CHECK enum status worktime_move(const struct worktime_case *input, int64_t start_us,
                                     int64_t duration_us, int64_t *ret_us, struct error *error);
/* Business days forwards, or backwards. */
MUST_CHECK enum status worktime_move_days(const struct worktime_case *input, int64_t start_us,
                                          int64_t days, int64_t *ret_us, struct error *error);
/* The case's days, then what its pauses take from the working time until there. */
MUST_CHECK enum status worktime_move_case_days(const struct worktime_case *input, int64_t start_us,
                                               int64_t *ret_us, struct error *error);
/* The case's target, days or a duration, from its start. */
MUST_CHECK enum status worktime_deadline(const struct worktime_case *input, int64_t start_us,
                                         int64_t *ret_us, struct error *error);

/* In worktime_targets.c. */
MUST_CHECK enum status worktime_run_threshold(const struct worktime_case *input, int64_t start_us,
                                              json_t *result, struct error *error);
MUST_CHECK enum status worktime_run_sla_deadline(const struct worktime_case *input,
                                                 int64_t start_us, json_t *result,
                                                 struct error *error);
MUST_CHECK enum status worktime_run_sla_retarget(const struct worktime_case *input,
                                                 int64_t start_us, json_t *result,
                                                 struct error *error);

#endif
