/* An incident's row as JSON: what REST answers and what events carry. */
#include "modules/incidents/incident.h"

static json_t *text_at(const struct pg_result *result, uint32_t row, uint32_t column)
{
    const char *text = pg_value_text_or_null(result, row, column);

    return text == NULL ? json_null() : json_string(text);
}

static json_t *number_at(const struct pg_result *result, uint32_t row, uint32_t column)
{
    if (pg_is_null(result, row, column))
        return json_null();
    return json_integer(pg_value_int(result, row, column));
}

static json_t *flag_at(const struct pg_result *result, uint32_t row, uint32_t column)
{
    return json_boolean(pg_value_bool(result, row, column));
}

static json_t *time_at(const struct pg_result *result, uint32_t row, uint32_t column)
{
    char text[ISO8601_INSTANT_BYTES];

    if (pg_is_null(result, row, column))
        return json_null();
    return json_string(iso8601_format_instant(pg_value_timestamp(result, row, column), text));
}

static json_t *uuid_at(const struct pg_result *result, uint32_t row, uint32_t column)
{
    char text[UUID_TEXT_BYTES];
    struct uuid id;

    if (pg_is_null(result, row, column))
        return json_null();
    id = pg_value_uuid(result, row, column);
    return json_string(uuid_format(&id, text));
}

json_t *incident_json(const struct pg_result *result, uint32_t row, uint32_t column)
{
    static const struct {
        const char *name;
        json_t *(*read)(const struct pg_result *result, uint32_t row, uint32_t column);
    } columns[] = {
        {"incidentId", text_at},
        {"title", text_at},
        {"description", text_at},
        {"status", text_at},
        {"priority", text_at},
        {"impact", number_at},
        {"urgency", number_at},
        {"category", text_at},
        {"caller", text_at},
        {"assignmentGroup", text_at},
        {"assignedTo", text_at},
        {"holdReason", text_at},
        {"resolution", text_at},
        {"slaDeadline", time_at},
        {"escalationLevel", number_at},
        {"reopenCount", number_at},
        {"processInstanceId", uuid_at},
        {"createdAt", time_at},
        {"updatedAt", time_at},
        {"resolvedAt", time_at},
        {"closedAt", time_at},
        {"version", number_at},
        {"subcategory", text_at},
        {"service", text_at},
        {"priorityReason", text_at},
        {"parentId", text_at},
        {"majorIncident", flag_at},
        {"reassignmentCount", number_at},
    };
    json_t *incident = json_object();

    for (uint32_t i = 0; i < COUNT_OF(columns); i++)
        json_object_set_new(incident, columns[i].name, columns[i].read(result, row, column + i));
    return incident;
}

json_t *incident_publish(struct module_calls *calls, const struct module_call *call,
                         const char *type, const json_t *incident, const char *extra_name,
                         json_t *extra)
{
    static const char *const facts[] = {
        "incidentId",        "title",           "status",      "priority",        "assignedTo",
        "slaDeadline",       "assignmentGroup", "reopenCount", "escalationLevel", "version",
        "reassignmentCount", "majorIncident",   "parentId",
    };
    json_t *payload = json_object();

    for (uint32_t i = 0; i < COUNT_OF(facts); i++)
        json_object_set(payload, facts[i], json_object_get(incident, facts[i]));
    json_object_set_new(payload, "correlationId", json_string(call->correlation_id));
    if (extra != NULL)
        json_object_set_new(payload, extra_name, extra);
    module_publish(calls, call, type, json_string_value(json_object_get(payload, "incidentId")),
                   payload);
    return payload;
}
