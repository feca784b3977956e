/* On-call schedules: who is called at a time of day.
 *
 *   {"name": "network", "timezone": "Europe/Berlin",
 *    "windows": [{"days": ["mon", "fri"], "from": "08:00", "to": "18:00", "recipient": "anna"}],
 *    "overrides": [{"from": "2026-12-24T00:00:00+01:00", "to": "…", "recipient": "ben"}],
 *    "default": "duty-manager"}
 *
 * Windows are wall-clock time in the zone, [from, to), overnight ones (22:00 to 06:00) belong to
 * the day they begin on; `24:00` is allowed; no `days`: every day. Overrides come first, then
 * windows in order, then the default. */
#ifndef SYNERGYFLOW_SLA_ON_CALL_H
#define SYNERGYFLOW_SLA_ON_CALL_H

#include "bpmn/base/arena.h"
#include "bpmn/base/status.h"
#include "bpmn/worktime/zone.h"

#include <jansson.h>
#include <stdint.h>

enum { ON_CALL_WINDOWS_MAX = 1000, ON_CALL_OVERRIDES_MAX = 10000 };

struct on_call_schedule;

/* STATUS_INVALID with the path; the zone has to outlive the schedule. */
MUST_CHECK enum status on_call_read(struct arena *arena, const json_t *document,
                                    const struct zone_source *zones,
                                    const struct on_call_schedule **ret_schedule,
                                    struct error *ret_error);
const char *on_call_name(const struct on_call_schedule *schedule);
/* Who is on call, "" for nobody; lives as the schedule. */
const char *on_call_at(const struct on_call_schedule *schedule, int64_t now_us);

#endif
