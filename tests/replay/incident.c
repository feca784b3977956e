/* See incident.h. The log jumps where the domain has a path: New → Resolved goes through In
 * Progress; a Closed that is reopened later in the log counts as Resolved, since Closed never
 * reopens; "-100" changes nothing. */
#include "tests/replay/incident.h"

#include "bpmn/base/check.h"
#include "bpmn/base/memory.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

const char *incident_status_name(enum incident_status status)
{
    static const char *const names[] = {"", "NEW", "IN_PROGRESS", "ON_HOLD", "RESOLVED", "CLOSED"};

    return names[status];
}

const char *incident_priority_name(int priority)
{
    static const char *const names[] = {"CRITICAL", "HIGH", "MEDIUM", "LOW", "PLANNING"};

    return names[priority >= 1 && priority <= 5 ? priority - 1 : 2];
}

const char *incident_hold_reason(enum log_state state)
{
    switch (state) {
    case LOG_STATE_AWAITING_VENDOR:
        return "AWAITING_VENDOR";
    case LOG_STATE_AWAITING_PROBLEM:
        return "AWAITING_PROBLEM";
    case LOG_STATE_AWAITING_EVIDENCE:
        return "AWAITING_EVIDENCE";
    default:
        return "AWAITING_CALLER";
    }
}

bool incident_add_row(struct incident *incident, const struct log_row *row)
{
    if (incident->row_count == incident->row_capacity) {
        incident->row_capacity = incident->row_capacity > 0 ? 2 * incident->row_capacity : 4;
        incident->rows =
            memory_resize(incident->rows, incident->row_capacity * sizeof(struct log_row *));
    }
    incident->rows[incident->row_count++] = row;
    return true;
}

static enum incident_status wanted_status(const struct incident *incident,
                                          const struct log_row *row)
{
    switch (row->state) {
    case LOG_STATE_ACTIVE:
        return INCIDENT_IN_PROGRESS;
    case LOG_STATE_AWAITING_USER:
    case LOG_STATE_AWAITING_VENDOR:
    case LOG_STATE_AWAITING_PROBLEM:
    case LOG_STATE_AWAITING_EVIDENCE:
        return INCIDENT_ON_HOLD;
    case LOG_STATE_RESOLVED:
        return INCIDENT_RESOLVED;
    case LOG_STATE_CLOSED:
        return row->last ? INCIDENT_CLOSED : INCIDENT_RESOLVED;
    case LOG_STATE_NEW: /* once left, New does not come back */
    case LOG_STATE_UNKNOWN:
        break;
    }
    return incident->status;
}

/* One legal transition nearer to `wanted`. */
static enum incident_status next_status(const struct incident *incident,
                                        enum incident_status wanted, const struct log_row *row)
{
    switch (incident->status) {
    case INCIDENT_NEW:
        return INCIDENT_IN_PROGRESS;
    case INCIDENT_IN_PROGRESS:
        return wanted == INCIDENT_ON_HOLD ? INCIDENT_ON_HOLD : INCIDENT_RESOLVED;
    case INCIDENT_ON_HOLD:
        (void)row;
        return INCIDENT_IN_PROGRESS;
    case INCIDENT_RESOLVED:
        return wanted == INCIDENT_CLOSED ? INCIDENT_CLOSED : INCIDENT_IN_PROGRESS;
    case INCIDENT_CLOSED:
    case INCIDENT_NONE:
        break;
    }
    return incident->status;
}

static void open_request(struct incident *incident, const struct log_row *row, char *ret_body,
                         size_t body_size)
{
    (void)snprintf(incident->number, sizeof(incident->number), "%s", row->number);
    incident->priority = row->priority;
    /* Where the log has no group, the domain gives its default. */
    (void)snprintf(incident->assignment_group, sizeof(incident->assignment_group), "%s",
                   row->assignment_group[0] != '\0' ? row->assignment_group : "service-desk");
    (void)snprintf(incident->assigned_to, sizeof(incident->assigned_to), "%s", row->assigned_to);
    (void)snprintf(ret_body, body_size,
                   "{\"title\":\"Incident %s\",\"priority\":\"%s\",\"caller\":\"%s\"%s%s%s%s%s%s}",
                   row->number, incident_priority_name(row->priority), row->caller,
                   row->assigned_to[0] != '\0' ? ",\"assignedTo\":\"" : "", row->assigned_to,
                   row->assigned_to[0] != '\0' ? "\"" : "",
                   row->assignment_group[0] != '\0' ? ",\"assignmentGroup\":\"" : "",
                   row->assignment_group, row->assignment_group[0] != '\0' ? "\"" : "");
    incident->asked = INCIDENT_NEW;
}

/* Assignment and priority as one PATCH, when the row changed them. */
static bool fields_request(struct incident *incident, const struct log_row *row, char *ret_body,
                           size_t body_size)
{
    bool priority = row->priority != incident->priority;
    bool assigned =
        row->assigned_to[0] != '\0' && strcmp(row->assigned_to, incident->assigned_to) != 0;
    bool group = row->assignment_group[0] != '\0' &&
                 strcmp(row->assignment_group, incident->assignment_group) != 0;

    if (incident->fields_sent || incident->status == INCIDENT_CLOSED ||
        (!priority && !assigned && !group))
        return false;
    (void)snprintf(ret_body, body_size, "{\"priority\":\"%s\"%s%s%s%s%s%s}",
                   incident_priority_name(row->priority), assigned ? ",\"assignedTo\":\"" : "",
                   assigned ? row->assigned_to : "", assigned ? "\"" : "",
                   group ? ",\"assignmentGroup\":\"" : "", group ? row->assignment_group : "",
                   group ? "\"" : "");
    incident->priority = row->priority;
    if (assigned)
        (void)snprintf(incident->assigned_to, sizeof(incident->assigned_to), "%s",
                       row->assigned_to);
    if (group)
        (void)snprintf(incident->assignment_group, sizeof(incident->assignment_group), "%s",
                       row->assignment_group);
    incident->asked = incident->status;
    return true;
}

static bool status_request(struct incident *incident, const struct log_row *row, char *ret_body,
                           size_t body_size)
{
    enum incident_status wanted = wanted_status(incident, row);
    bool other_hold = wanted == INCIDENT_ON_HOLD && incident->status == INCIDENT_ON_HOLD &&
                      incident->hold != row->state;

    if (incident->status == INCIDENT_CLOSED || (incident->status == wanted && !other_hold))
        return false;
    incident->asked = next_status(incident, wanted, row);
    if (incident->asked == INCIDENT_ON_HOLD) {
        incident->hold = row->state;
        (void)snprintf(ret_body, body_size, "{\"status\":\"ON_HOLD\",\"holdReason\":\"%s\"}",
                       incident_hold_reason(row->state));
    } else if (incident->asked == INCIDENT_RESOLVED) {
        (void)snprintf(ret_body, body_size,
                       "{\"status\":\"RESOLVED\",\"resolution\":\"as in the log\"}");
    } else {
        (void)snprintf(ret_body, body_size, "{\"status\":\"%s\"}",
                       incident_status_name(incident->asked));
    }
    return true;
}

bool incident_next_request(struct incident *incident, const char **ret_method, char *ret_path,
                           size_t path_size, char *ret_body, size_t body_size)
{
    const struct log_row *row;

    PRE(incident->row_next < incident->row_count);
    row = incident->rows[incident->row_next];
    if (incident->status == INCIDENT_NONE) {
        *ret_method = "POST";
        (void)snprintf(ret_path, path_size, "/api/v1/incidents");
        open_request(incident, row, ret_body, body_size);
        return true;
    }
    *ret_method = "PATCH";
    (void)snprintf(ret_path, path_size, "/api/v1/incidents/%s", incident->id);
    if (fields_request(incident, row, ret_body, body_size)) {
        incident->fields_sent = true;
        return true;
    }
    return status_request(incident, row, ret_body, body_size);
}

bool incident_answered(struct incident *incident, int http_status, const char *body, size_t length)
{
    json_t *answer = json_loadb(body, length, 0, NULL);
    const char *id = json_string_value(json_object_get(answer, "incidentId"));
    const char *status = json_string_value(json_object_get(answer, "status"));
    bool fine = (http_status == 200 || http_status == 201) && id != NULL && status != NULL &&
                strcmp(status, incident_status_name(incident->asked)) == 0;

    if (fine) {
        if (incident->status == INCIDENT_RESOLVED && incident->asked == INCIDENT_IN_PROGRESS)
            incident->reopened++;
        (void)snprintf(incident->id, sizeof(incident->id), "%s", id);
        incident->status = incident->asked;
    }
    json_decref(answer);
    return fine;
}

bool incident_row_done(struct incident *incident)
{
    incident->row_next++;
    incident->fields_sent = false;
    return incident->row_next < incident->row_count;
}

void incident_deinit(struct incident *incident)
{
    memory_free(incident->rows);
    incident->rows = NULL;
}
