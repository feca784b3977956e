/* Priorities and their targets: the organisation's defaults. Working time is 24×7. */
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

int64_t incident_target_us(int64_t priority)
{
    static const int32_t hours[INCIDENT_PRIORITIES] = {4, 8, 24, 72, 120};

    PRE(priority >= 1 && priority <= INCIDENT_PRIORITIES);
    return hours[priority - 1] * INT64_C(3600) * 1000000;
}

const char *incident_target_text(struct arena *arena, int64_t target_us, int64_t percent)
{
    int64_t us = target_us / 100 * percent + target_us % 100 * percent / 100;

    PRE(us >= 0);
    if (us % 1000000 == 0)
        return arena_format(arena, "PT%lldS", (long long)(us / 1000000));
    return arena_format(arena, "PT%lld.%06lldS", (long long)(us / 1000000),
                        (long long)(us % 1000000));
}
