/* incidents.open: draws the number, stores the incident, tells the process what it needs to know.
 */
#include "modules/incidents/incident.h"

static const struct pg_statement insert_incidents = {
    "incidents_insert",
    "WITH input AS MATERIALIZED ("
    " SELECT i.*, 'INC-' || nextval('synergyflow_incidents.incident_number') AS incident_id"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],"
    "   $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::uuid[]) WITH ORDINALITY"
    "   AS i (title, description, category, caller, assignment_group, assigned_to, priority, "
    "impact,"
    "   urgency, target_us, process_instance_id, n)),"
    " inserted AS ("
    " INSERT INTO synergyflow_incidents.incidents AS t (incident_id, title, description, status,"
    "   priority, impact, urgency, category, caller, assignment_group, assigned_to,"
    "   sla_target, process_instance_id, created_at, updated_at)"
    " SELECT i.incident_id, i.title, NULLIF(i.description, ''), 'NEW', i.priority,"
    "   NULLIF(i.impact, 0), NULLIF(i.urgency, 0), NULLIF(i.category, ''), NULLIF(i.caller, ''),"
    "   i.assignment_group, NULLIF(i.assigned_to, ''),"
    "   NULLIF(i.target_us, 0) * interval '1 microsecond',"
    "   i.process_instance_id, $12, $12"
    " FROM input i ORDER BY i.n"
    " RETURNING " INCIDENT_COLUMNS ")"
    " SELECT " INCIDENT_COLUMNS " FROM input i JOIN inserted t USING (incident_id) ORDER BY i.n"};

/* Of a call, from prepare to finish. */
struct incident_opening {
    struct incident_fields fields;
    uint32_t row;
};

static void add_texts(struct module_calls *calls, struct pg_call *insert, size_t offset)
{
    struct pg_array *column = pg_text_array(insert);

    for (uint32_t i = 0; i < calls->count; i++) {
        const char *opening = calls->items[i].state;

        if (calls->items[i].ret_failure == NULL)
            pg_add_text(column, *(const char *const *)(opening + offset));
    }
}

static void add_numbers(struct module_calls *calls, struct pg_call *insert, size_t offset)
{
    struct pg_array *column = pg_int8_array(insert);

    for (uint32_t i = 0; i < calls->count; i++) {
        const char *opening = calls->items[i].state;

        if (calls->items[i].ret_failure == NULL)
            pg_add_int(column, *(const int64_t *)(opening + offset));
    }
}

static uint32_t read_openings(struct module_calls *calls)
{
    uint32_t rows = 0;

    for (uint32_t i = 0; i < calls->count; i++) {
        struct module_call *call = &calls->items[i];
        struct incident_opening *opening = arena_alloc(calls->arena, sizeof *opening);
        struct error error;

        call->state = opening;
        error_clear(&error);
        if (incident_fields_open(call->variables, &opening->fields, &error) != STATUS_OK) {
            module_call_refuse(calls, call, &error);
            continue;
        }
        if (opening->fields.assignment_group == NULL || opening->fields.assignment_group[0] == '\0')
            opening->fields.assignment_group = "service-desk";
        opening->row = rows++;
    }
    return rows;
}

enum status incident_open_prepare(struct module_calls *calls, struct pg_batch *batch,
                                  struct error *ret_error)
{
    (void)ret_error;
    if (read_openings(calls) == 0)
        return STATUS_OK;
    struct pg_call *insert = pg_batch_add(batch, &insert_incidents);

    add_texts(calls, insert, offsetof(struct incident_opening, fields.title));
    add_texts(calls, insert, offsetof(struct incident_opening, fields.description));
    add_texts(calls, insert, offsetof(struct incident_opening, fields.category));
    add_texts(calls, insert, offsetof(struct incident_opening, fields.caller));
    add_texts(calls, insert, offsetof(struct incident_opening, fields.assignment_group));
    add_texts(calls, insert, offsetof(struct incident_opening, fields.assigned_to));
    add_texts(calls, insert, offsetof(struct incident_opening, fields.priority_name));
    add_numbers(calls, insert, offsetof(struct incident_opening, fields.impact));
    add_numbers(calls, insert, offsetof(struct incident_opening, fields.urgency));
    add_numbers(calls, insert, offsetof(struct incident_opening, fields.target_us));

    struct pg_array *instances = pg_uuid_array(insert);

    for (uint32_t i = 0; i < calls->count; i++) {
        const struct module_call *call = &calls->items[i];

        if (call->ret_failure != NULL)
            continue;
        pg_add_uuid(instances, uuid_is_zero(&call->instance_id) ? NULL : &call->instance_id);
    }
    pg_timestamp(insert, calls->now_us);
    return STATUS_OK;
}

/* The process' conditions, candidate groups and timers read these. */
static json_t *process_variables(struct arena *arena, const struct incident_fields *fields,
                                 const json_t *incident)
{
    json_t *variables = json_object();
    int64_t target_us =
        fields->target_us > 0 ? fields->target_us : incident_target_us(fields->priority);

    json_object_set(variables, "incidentId", json_object_get(incident, "incidentId"));
    json_object_set(variables, "status", json_object_get(incident, "status"));
    json_object_set(variables, "priority", json_object_get(incident, "priority"));
    json_object_set(variables, "assignmentGroup", json_object_get(incident, "assignmentGroup"));
    json_object_set(variables, "assignedTo", json_object_get(incident, "assignedTo"));
    json_object_set_new(variables, "sla50",
                        json_string(incident_target_text(arena, target_us, 50)));
    json_object_set_new(variables, "sla75",
                        json_string(incident_target_text(arena, target_us, 75)));
    json_object_set_new(variables, "sla100",
                        json_string(incident_target_text(arena, target_us, 100)));
    json_object_set_new(variables, "closeAfter", json_string(fields->close_after));
    /* A message's variables go to the nearest scope that has them: the root has them from the
     * start. */
    json_object_set_new(variables, "outcome", json_string(""));
    json_object_set_new(variables, "decision", json_string(""));
    json_object_set_new(variables, "change", json_null());
    return variables;
}

enum status incident_open_finish(struct module_calls *calls, struct pg_batch *batch,
                                 struct error *ret_error)
{
    (void)ret_error;
    for (uint32_t i = 0; i < calls->count; i++) {
        struct module_call *call = &calls->items[i];
        const struct incident_opening *opening = call->state;

        if (call->ret_failure != NULL)
            continue;
        json_t *incident = incident_json(pg_batch_result(batch, 0), opening->row, 0);

        json_t *payload =
            incident_publish(calls, call, "incidents.IncidentOpened", incident, NULL, NULL);
        bool is_direct = uuid_is_zero(&call->instance_id);

        incident_changed(calls, call, incident, opening->fields.target_us, payload,
                         is_direct ? incident : NULL);
        if (is_direct) {
            module_call_return(call, incident);
            continue;
        }
        module_call_set_business_key(calls, call,
                                     json_string_value(json_object_get(incident, "incidentId")));
        module_call_return(call, process_variables(calls->arena, &opening->fields, incident));
        json_decref(incident);
    }
    return STATUS_OK;
}
