/* Priorities, and what one incident's target looks like to its SLA clock. */
#include "modules/incidents/incident.h"

#include <string.h>

const char incident_close_after[] = "P3D";

static const char *const priorities[INCIDENT_PRIORITIES] = {"CRITICAL", "HIGH", "MEDIUM", "LOW",
                                                            "PLANNING"};

const char *incident_priority_name(int64_t priority)
{
    PRE(priority >= 1 && priority <= INCIDENT_PRIORITIES);
    return priorities[priority - 1];
}

enum status incident_priority_parse(const char *text, int64_t *ret_priority,
                                    struct error *ret_error)
{
    for (int64_t i = 0; i < INCIDENT_PRIORITIES; i++) {
        if (strcmp(priorities[i], text) == 0) {
            *ret_priority = i + 1;
            return STATUS_OK;
        }
    }
    return error_set_field(ret_error, STATUS_INVALID, "priority",
                           "Expected priority to be one of CRITICAL, HIGH, MEDIUM, LOW, PLANNING "
                           "but found \"%.40s\".",
                           text);
}

const char *incident_target_text(struct arena *arena, int64_t target_us)
{
    PRE(target_us > 0);
    if (target_us % 1000000 == 0)
        return arena_format(arena, "PT%lldS", (long long)(target_us / 1000000));
    return arena_format(arena, "PT%lld.%06lldS", (long long)(target_us / 1000000),
                        (long long)(target_us % 1000000));
}
