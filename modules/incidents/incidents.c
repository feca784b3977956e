/* The incidents module: its descriptor. See README.md for the route of an incident. */
#include "modules/incidents/incidents.h"

#include "modules/incidents/incident.h"

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/api/v1/incidents", incident_route_list, "A page of incidents", 0},
    {HTTP_POST_METHOD, "/api/v1/incidents", incident_route_open, "Open an incident", 0},
    {HTTP_GET_METHOD, "/api/v1/incidents/{incidentId}", incident_route_get,
     "One incident with its tasks and their freshness", 0},
    {HTTP_PATCH_METHOD, "/api/v1/incidents/{incidentId}", incident_route_change,
     "Change an incident's state or fields", 0},
    {HTTP_GET_METHOD, "/api/v1/incidents/{incidentId}/comments", incident_route_comments,
     "The comments of an incident", 0},
    {HTTP_POST_METHOD, "/api/v1/incidents/{incidentId}/comments", incident_route_comment,
     "Comment on an incident", 0},
};

extern const char incident_bpmn[];
extern const size_t incident_bpmn_length;

static const struct module_process processes[] = {
    {"incident.bpmn", incident_bpmn, &incident_bpmn_length},
};

extern const char around_the_clock_calendar_json[];
extern const size_t around_the_clock_calendar_json_length;
extern const char incident_policies_json[];
extern const size_t incident_policies_json_length;

static const struct module_document documents[] = {
    {"calendar", around_the_clock_calendar_json, &around_the_clock_calendar_json_length},
    {"policy", incident_policies_json, &incident_policies_json_length},
};

static const struct module_subject_type subjects[] = {{INCIDENT_SUBJECT, incident_settle}};

/* For the audit trail: an incident is opened by its process, and later goes by its number. */
static const struct module_attribution attributions[] = {
    {"incidents.open", "process_instance_id"}, {"incidents.escalate", "incident_id"},
    {"incidents.resolve", "incident_id"},      {"incidents.reopen", "incident_id"},
    {"incidents.close", "incident_id"},        {"incidents.cancel", "incident_id"},
    {"incidents.update", "incident_id"},       {"incidents.comment", "incident_id"},
};

const struct module incidents_module = {
    .name = "incidents",
    .schema = "synergyflow_incidents",
    .role = "synergyflow_incidents",
    .handlers = incident_handlers,
    .handler_count = INCIDENT_HANDLERS,
    .listeners = incident_listeners,
    .listener_count = INCIDENT_LISTENERS,
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .processes = processes,
    .process_count = COUNT_OF(processes),
    .subjects = subjects,
    .subject_count = COUNT_OF(subjects),
    .documents = documents,
    .document_count = COUNT_OF(documents),
    .attributions = attributions,
    .attribution_count = COUNT_OF(attributions),
};
