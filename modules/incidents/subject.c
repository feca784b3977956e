/* An incident and its SLA clocks: what the policies may look at goes out, the deadline comes back.
 * incidents.sla_deadline is derived from the clock in every transaction that moves it. */
#include "modules/incidents/incident.h"

/* The rows of a unit of work are its own already; those of other transactions that somebody holds
 * are settled by him. */
static const struct pg_statement store_deadlines = {
    "incidents_store_deadlines",
    "UPDATE synergyflow_incidents.incidents t SET sla_deadline = n.deadline"
    " FROM (SELECT u.incident_id, u.deadline FROM unnest($1::text[], $2::timestamptz[])"
    "   AS u (incident_id, deadline) JOIN synergyflow_incidents.incidents i USING (incident_id)"
    "   WHERE i.sla_deadline IS DISTINCT FROM u.deadline FOR UPDATE OF i SKIP LOCKED) n"
    " WHERE t.incident_id = n.incident_id"};

/* What waits for the deadline. */
struct incident_told {
    json_t *payload;
    json_t *answer;
};

void incident_changed(struct module_calls *calls, const struct module_call *call,
                      const json_t *incident, int64_t target_us, json_t *payload, json_t *answer)
{
    static const char *const names[] = {"status",     "holdReason", "impact",
                                        "urgency",    "category",   "caller",
                                        "assignedTo", "createdAt",  "assignmentGroup"};
    const char *incident_id = json_string_value(json_object_get(incident, "incidentId"));
    const char *name = json_string_value(json_object_get(incident, "priority"));
    struct incident_told *told = arena_alloc(calls->arena, sizeof *told);
    json_t *fields = json_object();
    int64_t priority = INCIDENT_PRIORITIES;
    struct error error;

    (void)!incident_priority_parse(name, &priority, &error);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        json_object_set(fields, names[i], json_object_get(incident, names[i]));
    json_object_set_new(fields, "priority", json_integer(priority));
    if (target_us > 0)
        json_object_set_new(fields, "slaTarget",
                            json_string(incident_target_text(calls->arena, target_us)));
    told->payload = payload;
    told->answer = answer;
    module_subject_changed(calls, call, INCIDENT_SUBJECT, incident_id, fields, "", told);
}

static void complete(const struct incident_told *told, int64_t deadline_us)
{
    char text[ISO8601_INSTANT_BYTES];
    json_t *deadline =
        deadline_us == 0 ? json_null() : json_string(iso8601_format_instant(deadline_us, text));

    json_object_set(told->payload, "slaDeadline", deadline);
    if (told->answer != NULL)
        json_object_set(told->answer, "slaDeadline", deadline);
    json_decref(deadline);
}

/* Something else than the incident moved its clock: a calendar, a recalculation. */
static void publish_move(struct module_subjects *subjects, const struct module_subject *subject,
                         int64_t deadline_us)
{
    struct incident_told told = {.payload = json_pack("{s:s}", "incidentId", subject->id)};

    complete(&told, deadline_us);
    module_subject_publish(subjects, subject, "incidents.IncidentDeadlineMoved", subject->id,
                           told.payload);
}

enum status incident_settle(struct module_subjects *subjects, struct pg_batch *batch,
                            struct error *ret_error)
{
    struct pg_call *call = pg_batch_add(batch, &store_deadlines);
    struct pg_array *ids = pg_text_array(call);
    struct pg_array *deadlines = pg_timestamp_array(call);

    (void)ret_error;
    for (uint32_t i = 0; i < subjects->count; i++) {
        const struct module_subject *subject = &subjects->items[i];
        const struct module_clock *clock = module_subject_clock(subject, INCIDENT_RESOLUTION);
        int64_t deadline_us = clock == NULL ? 0 : clock->deadline_us;

        pg_add_text(ids, subject->id);
        if (deadline_us == 0)
            pg_add_null(deadlines);
        else
            pg_add_timestamp(deadlines, deadline_us);
        if (subject->context != NULL)
            complete(subject->context, deadline_us);
        else
            publish_move(subjects, subject, deadline_us);
    }
    return STATUS_OK;
}
