/* The incident event log as rows in time order (shared/data/README.md says what the file holds). */
#ifndef SYNERGYFLOW_EVENT_LOG_H
#define SYNERGYFLOW_EVENT_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_state {
    LOG_STATE_UNKNOWN, /* "-100": a gap in the source system */
    LOG_STATE_NEW,
    LOG_STATE_ACTIVE,
    LOG_STATE_AWAITING_USER,
    LOG_STATE_AWAITING_VENDOR,
    LOG_STATE_AWAITING_PROBLEM,
    LOG_STATE_AWAITING_EVIDENCE,
    LOG_STATE_RESOLVED,
    LOG_STATE_CLOSED,
};

struct log_row {
    uint32_t incident; /* index */
    uint32_t order;    /* position in the file */
    int64_t at_min;    /* minutes since 2000-01-01 */
    enum log_state state;
    int priority; /* 1 … 5 */
    char number[12];
    char assigned_to[16];
    char assignment_group[16];
    char caller[16];
    bool last; /* of its incident, in time order */
};

struct event_log {
    struct log_row *rows; /* in time order; equal times keep the file's order */
    uint32_t row_count;
    uint32_t incident_count;
};

/* Reads the gzip file; at most `incidents_max` incidents (0: all). False (with a sentence on
 * standard error) when it cannot be read. */
bool event_log_read(const char *path, uint32_t incidents_max, struct event_log *ret_log);
void event_log_free(struct event_log *log);

#endif
