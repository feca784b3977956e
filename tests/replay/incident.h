/* One incident of the log: where the domain stands, and which request brings it to the log's next
 * state by the domain's own transitions. */
#ifndef SYNERGYFLOW_REPLAY_INCIDENT_H
#define SYNERGYFLOW_REPLAY_INCIDENT_H

#include "tests/replay/event_log.h"

#include <stddef.h>

enum incident_status {
    INCIDENT_NONE,
    INCIDENT_NEW,
    INCIDENT_IN_PROGRESS,
    INCIDENT_ON_HOLD,
    INCIDENT_RESOLVED,
    INCIDENT_CLOSED,
};

struct incident {
    char number[12]; /* of the log */
    char id[24];     /* of the domain, INC-… */
    enum incident_status status;
    enum incident_status asked; /* what the request in flight leads to */
    enum log_state hold;        /* why on hold */
    int priority;
    char assigned_to[16];
    char assignment_group[16];
    const struct log_row **rows; /* waiting, in time order */
    uint32_t row_count;
    uint32_t row_capacity;
    uint32_t row_next;
    bool fields_sent;
    bool busy;
    uint32_t reopened;
};

/* Returns true: the row waits for its turn. */
bool incident_add_row(struct incident *incident, const struct log_row *row);
/* The next request of the current row; false when the row is done. */
bool incident_next_request(struct incident *incident, const char **ret_method, char *ret_path,
                           size_t path_size, char *ret_body, size_t body_size);
/* Takes the answer in; false when it is not what it should be. */
bool incident_answered(struct incident *incident, int http_status, const char *body, size_t length);
/* Leaves the current row; true when another one waits. */
bool incident_row_done(struct incident *incident);
void incident_deinit(struct incident *incident);

/* The domain's words. */
const char *incident_status_name(enum incident_status status);
const char *incident_priority_name(int priority);
const char *incident_hold_reason(enum log_state state);

#endif
