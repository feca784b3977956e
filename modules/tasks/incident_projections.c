/* The listener that keeps incident_projections: what the incidents module said.
 *
 * A row carries the position of the event it came from, so that an older event never overwrites a
 * newer one, whatever is delivered again. */
#include "modules/tasks/task.h"

static const struct pg_statement upsert_incidents = {
    "tasks_upsert_incident_projections",
    "INSERT INTO synergyflow_tasks.incident_projections AS t"
    " (incident_id, incident_title, status, priority, assigned_to, last_updated, last_position)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],"
    "   $6::timestamptz[], $7::bigint[])"
    " ON CONFLICT (incident_id) DO UPDATE SET incident_title = EXCLUDED.incident_title,"
    "   status = EXCLUDED.status, priority = EXCLUDED.priority,"
    "   assigned_to = EXCLUDED.assigned_to, last_updated = EXCLUDED.last_updated,"
    "   last_position = EXCLUDED.last_position"
    " WHERE t.last_position < EXCLUDED.last_position"};

static const char *fact(const struct module_event *event, const char *name)
{
    return json_string_value(json_object_get(event->payload, name));
}

/* Whether a later event of this batch is about the same incident. */
static bool is_overtaken(const json_t *last_of, const struct module_event *event)
{
    return json_integer_value(json_object_get(last_of, event->aggregate_id)) != event->position;
}

static enum status project_incidents(struct module_events *events, struct pg_batch *batch,
                                     struct error *ret_error)
{
    struct pg_call *call = pg_batch_add(batch, &upsert_incidents);
    struct pg_array *incident_ids = pg_text_array(call);
    struct pg_array *titles = pg_text_array(call);
    struct pg_array *statuses = pg_text_array(call);
    struct pg_array *priorities = pg_text_array(call);
    struct pg_array *assignees = pg_text_array(call);
    struct pg_array *times = pg_timestamp_array(call);
    struct pg_array *positions = pg_int8_array(call);
    json_t *last_of = json_object();

    (void)ret_error;
    for (uint32_t i = 0; i < events->count; i++)
        json_object_set_new(last_of, events->items[i].aggregate_id,
                            json_integer(events->items[i].position));
    for (uint32_t i = 0; i < events->count; i++) {
        const struct module_event *event = &events->items[i];

        if (is_overtaken(last_of, event))
            continue;
        pg_add_text(incident_ids, event->aggregate_id);
        pg_add_text(titles, fact(event, "title"));
        pg_add_text(statuses, fact(event, "status"));
        pg_add_text(priorities, fact(event, "priority"));
        pg_add_text(assignees, fact(event, "assignedTo"));
        pg_add_timestamp(times, event->published_at_us);
        pg_add_int(positions, event->position);
    }
    json_decref(last_of);
    return STATUS_OK;
}

static const char *const incident_events[] = {
    "incidents.IncidentOpened",    "incidents.IncidentUpdated",
    "incidents.IncidentEscalated", "incidents.IncidentResolved",
    "incidents.IncidentReopened",  "incidents.IncidentClosed",
    "incidents.IncidentCancelled", NULL};

const struct module_listener task_listeners[TASK_LISTENERS] = {
    {TASK_INCIDENTS_LISTENER, incident_events, project_incidents},
};
