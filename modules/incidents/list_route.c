/* GET /api/v1/incidents: which filters and orders there are. */
#include "modules/incidents/incident.h"

static const char *const states[] = {
#define INCIDENT_STATE_NAME(name, next) #name,
    INCIDENT_STATES(INCIDENT_STATE_NAME)
#undef INCIDENT_STATE_NAME
        NULL,
};
static const char *const priorities[] = {"CRITICAL", "HIGH", "MEDIUM", "LOW", "PLANNING", NULL};

static const struct module_filter filters[] = {
    {.name = "status", .kind = MODULE_FILTER_NAME, .condition = "t.status = $%u", .names = states},
    {.name = "priority",
     .kind = MODULE_FILTER_NAME,
     .condition = "t.priority = $%u",
     .names = priorities},
    {.name = "assignedTo", .kind = MODULE_FILTER_TEXT, .condition = "t.assigned_to = $%u"},
    {.name = "assignmentGroup",
     .kind = MODULE_FILTER_TEXT,
     .condition = "t.assignment_group = $%u"},
    {.name = "caller", .kind = MODULE_FILTER_TEXT, .condition = "t.caller = $%u"},
    {.name = "category", .kind = MODULE_FILTER_TEXT, .condition = "t.category = $%u"},
    {.name = "open",
     .kind = MODULE_FILTER_BOOLEAN,
     .condition = "t.status NOT IN ('CLOSED', 'CANCELLED')",
     .otherwise = "t.status IN ('CLOSED', 'CANCELLED')"},
    {.name = "createdAt", .kind = MODULE_FILTER_INSTANT, .condition = "t.created_at"},
    {.name = "slaDeadline", .kind = MODULE_FILTER_INSTANT, .condition = "t.sla_deadline"},
};

static const struct module_sort sorts[] = {
    {"createdAt", "t.created_at", MODULE_VALUE_INSTANT, false},
    {"updatedAt", "t.updated_at", MODULE_VALUE_INSTANT, false},
    {"priority", "array_position('{CRITICAL,HIGH,MEDIUM,LOW,PLANNING}'::text[], t.priority::text)",
     MODULE_VALUE_NUMBER, false},
    {"slaDeadline", "t.sla_deadline", MODULE_VALUE_INSTANT, true},
    {"status", "t.status", MODULE_VALUE_TEXT, false},
    {"incidentId", "t.incident_id", MODULE_VALUE_TEXT, false},
};

static const struct module_list incidents = {
    .from = "synergyflow_incidents.incidents t",
    .columns = INCIDENT_COLUMNS,
    .key = "t.incident_id",
    .key_type = MODULE_VALUE_TEXT,
    .filters = filters,
    .filter_count = COUNT_OF(filters),
    .sorts = sorts,
    .sort_count = COUNT_OF(sorts),
    .default_sort = "createdAt",
    .default_order = "desc",
    .row = incident_json,
};

void incident_route_list(void *context, struct http_request *request)
{
    module_list_reply(context, request, &incidents);
}
