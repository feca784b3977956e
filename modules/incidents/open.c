/* incidents.open: draws the number, stores the incident, tells the process what it needs to know.
 */
#include "modules/incidents/incident.h"

/* So that no parent becomes somebody's child meanwhile. */
static const struct pg_statement lock_parents = {
    "incidents_lock_parents", "SELECT 1 FROM synergyflow_incidents.incidents"
                              " WHERE incident_id = ANY ($1) ORDER BY incident_id FOR UPDATE"};

/* Numbers are drawn for what will be stored only, in the order of the calls. */
static const struct pg_statement insert_incidents = {
    "incidents_insert",
    "WITH judged AS MATERIALIZED ("
    " SELECT i.*, CASE WHEN i.impact > 0 THEN COALESCE(m.priority, " INCIDENT_DEFAULT_PRIORITY(
        "i.impact",
        "i.urgency") ") END AS matrix_priority,"
                     "   CASE WHEN i.parent_id IS NOT NULL AND p.incident_id IS NULL THEN 'parent'"
                     "     WHEN p.parent_id IS NOT NULL THEN 'grandparent'"
                     "     WHEN i.impact > 0 AND i.priority_reason IS NULL AND i.priority <> "
                     "COALESCE(m.priority,"
                     "       " INCIDENT_DEFAULT_PRIORITY(
                         "i.impact",
                         "i.urgency") ") THEN 'reason' END AS refusal"
                                      " FROM unnest($1::text[], $2::text[], $3::text[], "
                                      "$4::text[], $5::text[], $6::text[],"
                                      "   $7::text[], $8::text[], $9::text[], $10::text[], "
                                      "$11::text[], $12::bigint[],"
                                      "   $13::bigint[], $14::bigint[], $15::uuid[]) WITH "
                                      "ORDINALITY"
                                      "   AS i (title, description, category, subcategory, "
                                      "service, caller, assignment_group,"
                                      "   assigned_to, parent_id, priority, priority_reason, "
                                      "impact, urgency, target_us,"
                                      "   process_instance_id, n)"
                                      " LEFT JOIN synergyflow_incidents.priority_matrix m"
                                      "   ON m.impact = i.impact AND m.urgency = i.urgency"
                                      " LEFT JOIN synergyflow_incidents.incidents p ON "
                                      "p.incident_id = i.parent_id),"
                                      " numbered AS MATERIALIZED ("
                                      " SELECT j.*, 'INC-' || "
                                      "nextval('synergyflow_incidents.incident_number') AS "
                                      "incident_id"
                                      " FROM (SELECT * FROM judged WHERE refusal IS NULL ORDER BY "
                                      "n) j),"
                                      " inserted AS ("
                                      " INSERT INTO synergyflow_incidents.incidents AS t "
                                      "(incident_id, title, description, status,"
                                      "   priority, priority_reason, impact, urgency, category, "
                                      "subcategory, service, caller,"
                                      "   assignment_group, assigned_to, parent_id, sla_target, "
                                      "process_instance_id, created_at,"
                                      "   updated_at)"
                                      " SELECT i.incident_id, i.title, NULLIF(i.description, ''), "
                                      "'NEW',"
                                      /* nobody said: below the middle, above the last */
                                      "   COALESCE(i.priority, i.matrix_priority, 'LOW'),"
                                      "   CASE WHEN i.priority IS DISTINCT FROM i.matrix_priority "
                                      "THEN i.priority_reason END,"
                                      "   NULLIF(i.impact, 0), NULLIF(i.urgency, 0), "
                                      "NULLIF(i.category, ''),"
                                      "   NULLIF(i.subcategory, ''), NULLIF(i.service, ''), "
                                      "NULLIF(i.caller, ''),"
                                      "   i.assignment_group, NULLIF(i.assigned_to, ''), "
                                      "i.parent_id,"
                                      "   NULLIF(i.target_us, 0) * interval '1 microsecond', "
                                      "i.process_instance_id, $16, $16"
                                      " FROM numbered i ORDER BY i.n"
                                      " RETURNING " INCIDENT_COLUMNS ")"
                                      " SELECT j.refusal, j.matrix_priority, " INCIDENT_COLUMNS
                                      " FROM judged j LEFT JOIN numbered d USING (n) LEFT JOIN "
                                      "inserted t USING (incident_id)"
                                      " ORDER BY j.n"};

enum { RESULT_LOCKED, RESULT_OPENED };
enum { COLUMN_REFUSAL, COLUMN_MATRIX_PRIORITY, COLUMN_INCIDENT };

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
        if (opening->fields.parent_id != NULL && opening->fields.parent_id[0] == '\0')
            opening->fields.parent_id = NULL;
        opening->row = rows++;
    }
    return rows;
}

enum status incident_open_prepare(struct module_calls *calls, struct pg_batch *batch,
                                  struct error *ret_error)
{
    static const size_t texts[] = {
        offsetof(struct incident_opening, fields.title),
        offsetof(struct incident_opening, fields.description),
        offsetof(struct incident_opening, fields.category),
        offsetof(struct incident_opening, fields.subcategory),
        offsetof(struct incident_opening, fields.service),
        offsetof(struct incident_opening, fields.caller),
        offsetof(struct incident_opening, fields.assignment_group),
        offsetof(struct incident_opening, fields.assigned_to),
        offsetof(struct incident_opening, fields.parent_id),
        offsetof(struct incident_opening, fields.priority),
        offsetof(struct incident_opening, fields.priority_reason),
    };

    (void)ret_error;
    if (read_openings(calls) == 0)
        return STATUS_OK;
    add_texts(calls, pg_batch_add(batch, &lock_parents),
              offsetof(struct incident_opening, fields.parent_id));
    struct pg_call *insert = pg_batch_add(batch, &insert_incidents);

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        add_texts(calls, insert, texts[i]);
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
static json_t *process_variables(const struct incident_fields *fields, const json_t *incident)
{
    json_t *variables = json_object();

    json_object_set(variables, "incidentId", json_object_get(incident, "incidentId"));
    json_object_set(variables, "status", json_object_get(incident, "status"));
    json_object_set(variables, "priority", json_object_get(incident, "priority"));
    json_object_set(variables, "assignmentGroup", json_object_get(incident, "assignmentGroup"));
    json_object_set(variables, "assignedTo", json_object_get(incident, "assignedTo"));
    json_object_set_new(variables, "closeAfter", json_string(fields->close_after));
    /* A message's variables go to the nearest scope that has them: the root has them from the
     * start. */
    json_object_set_new(variables, "outcome", json_string(""));
    json_object_set_new(variables, "decision", json_string(""));
    json_object_set_new(variables, "change", json_null());
    return variables;
}

static void refuse(struct module_calls *calls, struct module_call *call,
                   const struct incident_opening *opening, const struct pg_result *result)
{
    struct error error;

    incident_refusal(pg_value_text(result, opening->row, COLUMN_REFUSAL), "this incident",
                     opening->fields.parent_id,
                     pg_value_text(result, opening->row, COLUMN_MATRIX_PRIORITY), &error);
    module_call_refuse(calls, call, &error);
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
        const struct pg_result *result = pg_batch_result(batch, RESULT_OPENED);

        if (!pg_is_null(result, opening->row, COLUMN_REFUSAL)) {
            refuse(calls, call, opening, result);
            continue;
        }
        json_t *incident = incident_json(result, opening->row, COLUMN_INCIDENT);
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
        module_call_return(call, process_variables(&opening->fields, incident));
        json_decref(incident);
    }
    return STATUS_OK;
}
