/* What only the database can tell about a caller's fields, as sentences. */
#include "modules/incidents/incident.h"

#include <string.h>

void incident_refusal(const char *refusal, const char *incident_id, const char *parent_id,
                      const char *matrix_priority, struct error *ret_error)
{
    error_clear(ret_error);
    if (strcmp(refusal, "reason") == 0)
        error_set_field(ret_error, STATUS_INVALID, "priorityReason",
                        "Expected a priorityReason, for the impact and urgency of %s give %s and "
                        "another priority was asked for.",
                        incident_id, matrix_priority);
    else if (strcmp(refusal, "hold") == 0)
        error_set_field(ret_error, STATUS_INVALID, "holdReason",
                        "Expected a holdReason with ON_HOLD, one of AWAITING_CALLER, "
                        "AWAITING_CHANGE, AWAITING_PROBLEM, AWAITING_VENDOR, AWAITING_EVIDENCE, "
                        "but there is none.");
    else if (strcmp(refusal, "not held") == 0)
        error_set_field(ret_error, STATUS_INVALID, "holdReason",
                        "Expected a holdReason only of an incident ON_HOLD, but %s is not held: "
                        "give the status with it.",
                        incident_id);
    else if (strcmp(refusal, "parent") == 0)
        error_set_field(ret_error, STATUS_INVALID, "parentId",
                        "Expected parentId to be another incident but there is no \"%.60s\".",
                        parent_id);
    else if (strcmp(refusal, "self") == 0)
        error_set_field(ret_error, STATUS_INVALID, "parentId",
                        "Expected parentId to be another incident but found %s itself.",
                        incident_id);
    else if (strcmp(refusal, "grandparent") == 0)
        error_set_field(ret_error, STATUS_CONFLICT, "parentId",
                        "Expected a parent without a parent of its own but %.60s has one: make it "
                        "the parent instead.",
                        parent_id);
    else
        error_set_field(ret_error, STATUS_CONFLICT, "parentId",
                        "Expected an incident without children but %s has some: they would be "
                        "grandchildren of %.60s.",
                        incident_id, parent_id);
}
