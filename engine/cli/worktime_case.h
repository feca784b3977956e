/* One case of `synergyflow worktime`: a JSON object that names a calendar, an operation and its
 * arguments (docs/working-time.md lists them), and the answer as another JSON object. */
#ifndef SYNERGYFLOW_CLI_WORKTIME_CASE_H
#define SYNERGYFLOW_CLI_WORKTIME_CASE_H

#include "bpmn/base/status.h"
#include "bpmn/worktime/worktime.h"

#include <jansson.h>

/* The calendars of the last cases are kept, since cases in a row mostly share one. */
struct worktime_calendars {
    const struct zone_source *zones;
    const json_t *common; /* of cases without one; may be NULL */
    struct arena *arena;
    char *document; /* of the calendar that is kept, compact */
    const struct calendar *calendar;
};

/* What the operations need of a case. */
struct worktime_case {
    const json_t *json;
    const struct calendar *calendar; /* NULL when the case has none and needs none */
    const struct zone *zone;         /* that local times of the case are in */
    struct worktime_pause *pauses;   /* memory_free() */
    size_t pause_count;
};

/* The instant in member `name` (an ISO 8601 text; without Z or an offset in the case's zone). */
MUST_CHECK enum status worktime_case_instant(const struct worktime_case *input, const char *name,
                                             int64_t *ret_us, struct error *ret_error);
/* The case's start: `start`, else `start_local` in the case's own `timezone`, else in the
 * calendar's zone. */
MUST_CHECK enum status worktime_case_start(const struct worktime_case *input, int64_t *ret_us,
                                           struct error *ret_error);
/* `duration_us`, `duration_s` (may have a fraction) or `duration` ("PT8H30M"); may be negative. */
MUST_CHECK enum status worktime_case_duration(const struct worktime_case *input, int64_t *ret_us,
                                              struct error *ret_error);
/* Member `name`, a number of seconds, as microseconds. */
MUST_CHECK enum status worktime_case_seconds(const json_t *number, const char *field,
                                             int64_t *ret_us, struct error *ret_error);
/* A whole number from `least` to `most`. */
MUST_CHECK enum status worktime_case_whole(const json_t *number, const char *field, int64_t least,
                                           int64_t most, int64_t *ret_number,
                                           struct error *ret_error);

/* Answers a case. `ret_result` is always set and the caller's: the answer, or {"error": …}; with
 * the case's `id`, and with `ok` when the case says what is `expected`. `number` names cases
 * without an id in errors. Returns false when there was an error, or something else than expected.
 */
bool worktime_case_answer(struct worktime_calendars *calendars, const json_t *json, uint64_t number,
                          json_t **ret_result);
/* The answer to what is not even JSON. */
json_t *worktime_case_refuse(const json_t *json, uint64_t number, const struct error *error);

/* The operations; adds members to `result`. */
MUST_CHECK enum status worktime_run(const struct worktime_case *input, json_t *result,
                                    struct error *ret_error);

/* Whether `actual` has every member of `expected`, instants compared as instants. */
bool worktime_matches(const json_t *expected, const json_t *actual);

void worktime_calendars_deinit(struct worktime_calendars *calendars);

#endif
