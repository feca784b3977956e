/* The handlers that change an incident: what each asks for, what it answers, what it publishes. */
#include "modules/incidents/incident.h"

#include <stdio.h>
#include <string.h>

/* What a process may rely on after each step, and what it hands on. */
static void refuse_input(struct module_calls *calls, struct module_call *call, const char *sentence)
{
    struct error error;

    error_clear(&error);
    error_set(&error, STATUS_INVALID, "%s: %s", call->topic, sentence);
    module_call_refuse(calls, call, &error);
}

/* A zeroed change about the call's incident; false when the call had to be refused. */
static bool begin_change(struct module_calls *calls, struct module_call *call,
                         struct incident_change **ret_change)
{
    struct incident_change *change = arena_alloc(calls->arena, sizeof *change);
    const json_t *wanted = json_object_get(call->variables, "change");
    const char *incident_id = json_string_value(json_object_get(call->variables, "incidentId"));
    struct error error;

    change->incident_id = "";
    change->expected_version = -1;
    call->state = change;
    *ret_change = change;
    if (incident_id == NULL) {
        refuse_input(calls, call, "expected the variable incidentId but there is none.");
        return false;
    }
    change->incident_id = incident_id;
    error_clear(&error);
    if (incident_fields_change(wanted, &change->fields, &error) != STATUS_OK ||
        json_field_int(wanted, "expectedVersion", -1, 0, INT64_MAX, &change->expected_version,
                       &error) != STATUS_OK) {
        module_call_refuse(calls, call, &error);
        return false;
    }
    return true;
}

static void move_all(struct module_calls *calls, struct pg_batch *batch, enum incident_state to,
                     const char *allowed_from)
{
    for (uint32_t i = 0; i < calls->count; i++) {
        struct incident_change *change;

        if (!begin_change(calls, &calls->items[i], &change))
            continue;
        change->status = incident_state_name(to);
        change->allowed_from = allowed_from;
        change->reopen = to == INCIDENT_IN_PROGRESS;
    }
    incident_changes_add(calls, batch);
}

/* Publishes and answers; `answer` gives a process' variables, a direct call gets the incident. */
static void finish_all(struct module_calls *calls, struct pg_batch *batch, const char *event_type,
                       json_t *(*answer)(struct module_calls *calls,
                                         const struct incident_change *change))
{
    incident_changes_read(calls, batch);
    for (uint32_t i = 0; i < calls->count; i++) {
        struct module_call *call = &calls->items[i];
        struct incident_change *change = call->state;
        json_t *extra = NULL;
        json_t *payload;

        if (call->ret_failure != NULL)
            continue;
        if (change->escalation > 0)
            extra = json_integer(change->escalation);
        payload = incident_publish(calls, call, event_type, change->incident, "percent", extra);
        incident_changed(calls, call, change->incident, change->fields.target_us, payload,
                         uuid_is_zero(&call->instance_id) ? change->incident : NULL);
        if (uuid_is_zero(&call->instance_id)) {
            module_call_return(call, change->incident);
        } else {
            module_call_return(call, answer(calls, change));
            json_decref(change->incident);
        }
        change->incident = NULL;
    }
}

/* The change has been applied: a later step must not apply it again. */
static json_t *answer_status(struct module_calls *calls, const struct incident_change *change)
{
    (void)calls;
    return json_pack("{s:O, s:n}", "status", json_object_get(change->incident, "status"), "change");
}

static enum status resolve_prepare(struct module_calls *calls, struct pg_batch *batch,
                                   struct error *ret_error)
{
    (void)ret_error;
    move_all(calls, batch, INCIDENT_RESOLVED,
             incident_states_before(calls->arena, INCIDENT_RESOLVED));
    return STATUS_OK;
}

static enum status resolve_finish(struct module_calls *calls, struct pg_batch *batch,
                                  struct error *ret_error)
{
    (void)ret_error;
    finish_all(calls, batch, "incidents.IncidentResolved", answer_status);
    return STATUS_OK;
}

static enum status close_prepare(struct module_calls *calls, struct pg_batch *batch,
                                 struct error *ret_error)
{
    (void)ret_error;
    move_all(calls, batch, INCIDENT_CLOSED, incident_states_before(calls->arena, INCIDENT_CLOSED));
    return STATUS_OK;
}

static enum status close_finish(struct module_calls *calls, struct pg_batch *batch,
                                struct error *ret_error)
{
    (void)ret_error;
    finish_all(calls, batch, "incidents.IncidentClosed", answer_status);
    return STATUS_OK;
}

static enum status cancel_prepare(struct module_calls *calls, struct pg_batch *batch,
                                  struct error *ret_error)
{
    (void)ret_error;
    move_all(calls, batch, INCIDENT_CANCELLED,
             incident_states_before(calls->arena, INCIDENT_CANCELLED));
    return STATUS_OK;
}

static enum status cancel_finish(struct module_calls *calls, struct pg_batch *batch,
                                 struct error *ret_error)
{
    (void)ret_error;
    finish_all(calls, batch, "incidents.IncidentCancelled", answer_status);
    return STATUS_OK;
}

/* Back to work from Resolved: a new cycle of the SLA begins, with the target of the priority as it
 * is now; the timers of the process are armed again from these durations. */
static enum status reopen_prepare(struct module_calls *calls, struct pg_batch *batch,
                                  struct error *ret_error)
{
    (void)ret_error;
    move_all(calls, batch, INCIDENT_IN_PROGRESS, incident_state_name(INCIDENT_RESOLVED));
    return STATUS_OK;
}

static json_t *answer_reopened(struct module_calls *calls, const struct incident_change *change)
{
    const char *deadline_text = json_string_value(json_object_get(change->incident, "slaDeadline"));
    struct error error;
    int64_t deadline_us = calls->now_us;

    if (iso8601_parse_instant(deadline_text, &deadline_us, &error) != STATUS_OK ||
        deadline_us < calls->now_us)
        deadline_us = calls->now_us;
    int64_t target_us = deadline_us - calls->now_us;

    return json_pack("{s:O, s:O, s:n, s:s, s:s, s:s, s:s}", "status",
                     json_object_get(change->incident, "status"), "assignedTo",
                     json_object_get(change->incident, "assignedTo"), "change", "decision", "",
                     "sla50", incident_target_text(calls->arena, target_us, 50), "sla75",
                     incident_target_text(calls->arena, target_us, 75), "sla100",
                     incident_target_text(calls->arena, target_us, 100));
}

static enum status reopen_finish(struct module_calls *calls, struct pg_batch *batch,
                                 struct error *ret_error)
{
    (void)ret_error;
    finish_all(calls, batch, "incidents.IncidentReopened", answer_reopened);
    return STATUS_OK;
}

/* The percentage is in the element's id (escalate_50), or in the direct call's `percent`. */
static int64_t escalation_percent(const struct module_call *call)
{
    static const struct {
        const char *element_id;
        int64_t percent;
    } levels[] = {{"escalate_50", 50}, {"escalate_75", 75}, {"escalate_100", 100}};

    for (size_t i = 0; call->element_id != NULL && i < COUNT_OF(levels); i++) {
        if (strcmp(levels[i].element_id, call->element_id) == 0)
            return levels[i].percent;
    }
    return json_integer_value(json_object_get(call->variables, "percent"));
}

static enum status escalate_prepare(struct module_calls *calls, struct pg_batch *batch,
                                    struct error *ret_error)
{
    (void)ret_error;
    for (uint32_t i = 0; i < calls->count; i++) {
        struct module_call *call = &calls->items[i];
        struct incident_change *change;

        if (!begin_change(calls, call, &change))
            continue;
        change->fields = (struct incident_fields){0}; /* a timer changes no field */
        change->allowed_from = incident_states_open;
        change->escalation = escalation_percent(call);
        if (change->escalation < 1 || change->escalation > 1000) {
            refuse_input(calls, call,
                         "expected the service task's id to be escalate_50, escalate_75 or "
                         "escalate_100, or the variable percent to be from 1 to 1000.");
            continue;
        }
        change->worklog = arena_format(calls->arena, "%lld%% of the time to resolve has passed.",
                                       (long long)change->escalation);
    }
    incident_changes_add(calls, batch);
    return STATUS_OK;
}

static json_t *answer_nothing(struct module_calls *calls, const struct incident_change *change)
{
    (void)calls;
    (void)change;
    return json_object();
}

static enum status escalate_finish(struct module_calls *calls, struct pg_batch *batch,
                                   struct error *ret_error)
{
    (void)ret_error;
    finish_all(calls, batch, "incidents.IncidentEscalated", answer_nothing);
    return STATUS_OK;
}

/* A change of fields, and of state where no step of the process stands between. */
static enum status update_prepare(struct module_calls *calls, struct pg_batch *batch,
                                  struct error *ret_error)
{
    (void)ret_error;
    for (uint32_t i = 0; i < calls->count; i++) {
        struct module_call *call = &calls->items[i];
        const char *status_text = json_string_value(
            json_object_get(json_object_get(call->variables, "change"), "status"));
        struct incident_change *change;
        enum incident_state to;
        struct error error;

        if (!begin_change(calls, call, &change))
            continue;
        change->allowed_from = incident_states_open;
        if (status_text == NULL)
            continue;
        error_clear(&error);
        if (incident_state_parse(status_text, "status", &to, &error) != STATUS_OK) {
            module_call_refuse(calls, call, &error);
            continue;
        }
        if (to != INCIDENT_IN_PROGRESS && to != INCIDENT_ON_HOLD) {
            refuse_input(calls, call,
                         "expected the status IN_PROGRESS or ON_HOLD; the others are steps of the "
                         "incident process.");
            continue;
        }
        change->status = incident_state_name(to);
        change->allowed_from = to == INCIDENT_IN_PROGRESS
                                   ? "NEW,ON_HOLD,IN_PROGRESS"
                                   : incident_states_before(calls->arena, to);
    }
    incident_changes_add(calls, batch);
    return STATUS_OK;
}

static enum status update_finish(struct module_calls *calls, struct pg_batch *batch,
                                 struct error *ret_error)
{
    (void)ret_error;
    finish_all(calls, batch, "incidents.IncidentUpdated", answer_status);
    return STATUS_OK;
}

const struct module_handler incident_handlers[INCIDENT_HANDLERS] = {
    {"incidents.open", incident_open_prepare, incident_open_finish},
    {"incidents.escalate", escalate_prepare, escalate_finish},
    {"incidents.resolve", resolve_prepare, resolve_finish},
    {"incidents.reopen", reopen_prepare, reopen_finish},
    {"incidents.close", close_prepare, close_finish},
    {"incidents.cancel", cancel_prepare, cancel_finish},
    {"incidents.update", update_prepare, update_finish},
    {"incidents.comment", incident_comment_prepare, incident_comment_finish},
};
