/* Working time under a calendar that has versions: every moment is rated by the version that is
 * valid in it.
 *
 * A version is valid from its `valid_from_us` until the next one's; the first one also before. */
#ifndef SYNERGYFLOW_SLA_RATING_H
#define SYNERGYFLOW_SLA_RATING_H

#include "bpmn/sla/policy.h"
#include "bpmn/worktime/worktime.h"

enum { SLA_CALENDAR_VERSIONS_MAX = 10000 };

struct sla_calendar_version {
    int64_t version;
    int64_t valid_from_us;
    const struct calendar *calendar;
};

/* One calendar's versions; ordered by `valid_from_us` (ties: the later one counts), at least one.
 * `floor_version`: that version also rates everything before it ("rate all again"); 0: none. */
struct sla_rating {
    const struct sla_calendar_version *versions;
    size_t count;
    int64_t floor_version;
};

/* As worktime_between() and worktime_add(), over versions. Pauses are ordered and do not overlap.
 */
MUST_CHECK enum status sla_rating_between(const struct sla_rating *rating, int64_t from_us,
                                          int64_t to_us, int64_t *ret_duration_us,
                                          struct error *ret_error);
MUST_CHECK enum status sla_rating_add(const struct sla_rating *rating, int64_t start_us,
                                      int64_t duration_us, const struct worktime_pause *pauses,
                                      size_t pause_count, int64_t *ret_us, struct error *ret_error);
/* The working time that a target has when it starts at `start_us`: business days and ends of day
 * become the working time until the moment they name, without pauses. */
MUST_CHECK enum status sla_rating_resolve(const struct sla_rating *rating, int64_t start_us,
                                          const struct sla_duration *duration,
                                          int64_t *ret_duration_us, struct error *ret_error);
bool sla_rating_is_open(const struct sla_rating *rating, int64_t at_us);

#endif
