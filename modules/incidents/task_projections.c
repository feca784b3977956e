/* The listener that keeps task_projections: what the tasks module said about work on incidents.
 *
 * A row carries the position of the event it came from, so that an older event never overwrites a
 * newer one, whatever is delivered again. */
#include "modules/incidents/incident.h"

#include <string.h>

static const struct pg_statement upsert_tasks = {
    "incidents_upsert_task_projections",
    "INSERT INTO synergyflow_incidents.task_projections AS t"
    " (task_id, task_title, incident_id, status, assigned_to, last_updated, last_position)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],"
    "   $6::timestamptz[], $7::bigint[])"
    " ON CONFLICT (task_id) DO UPDATE SET task_title = EXCLUDED.task_title,"
    "   incident_id = EXCLUDED.incident_id, status = EXCLUDED.status,"
    "   assigned_to = EXCLUDED.assigned_to, last_updated = EXCLUDED.last_updated,"
    "   last_position = EXCLUDED.last_position"
    " WHERE t.last_position < EXCLUDED.last_position"};

static const char *fact(const struct module_event *event, const char *name)
{
    return json_string_value(json_object_get(event->payload, name));
}

/* Whether a later event of this batch is about the same task. */
static bool is_overtaken(const json_t *last_of, const struct module_event *event)
{
    return json_integer_value(json_object_get(last_of, event->aggregate_id)) != event->position;
}

static enum status project_tasks(struct module_events *events, struct pg_batch *batch,
                                 struct error *ret_error)
{
    struct pg_call *call = pg_batch_add(batch, &upsert_tasks);
    struct pg_array *task_ids = pg_text_array(call);
    struct pg_array *titles = pg_text_array(call);
    struct pg_array *incident_ids = pg_text_array(call);
    struct pg_array *statuses = pg_text_array(call);
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

        if (fact(event, "incidentId") == NULL || is_overtaken(last_of, event))
            continue;
        pg_add_text(task_ids, event->aggregate_id);
        pg_add_text(titles, fact(event, "title"));
        pg_add_text(incident_ids, fact(event, "incidentId"));
        pg_add_text(statuses, fact(event, "status"));
        pg_add_text(assignees, fact(event, "assignedTo"));
        pg_add_timestamp(times, event->published_at_us);
        pg_add_int(positions, event->position);
    }
    json_decref(last_of);
    return STATUS_OK;
}

static const char *const task_events[] = {"tasks.TaskCreated", "tasks.TaskUpdated",
                                          "tasks.TaskCompleted", NULL};

const struct module_listener incident_listeners[INCIDENT_LISTENERS] = {
    {INCIDENT_TASKS_LISTENER, task_events, project_tasks},
};
