/* Every change of a stored incident: one set-based statement for all calls of a unit of work.
 *
 * The rows are locked first, in order, by a statement of its own; the next one then sees them as
 * the last holder left them. Several calls about one incident run one after the other: each goes
 * into the first round that has no call about it yet; nearly always there is one round. */
#include "modules/incidents/incident.h"

#include <string.h>

static const struct pg_statement lock_incidents = {
    "incidents_lock", "SELECT 1 FROM synergyflow_incidents.incidents WHERE incident_id = ANY ($1)"
                      " ORDER BY incident_id FOR UPDATE"};

/* Texts: NULL keeps, '' clears. Numbers: 0 keeps. */
static const struct pg_statement change_incidents = {
    "incidents_change",
    "WITH input AS ("
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],"
    "   $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[],"
    "   $14::bigint[], $15::bigint[], $16::bigint[], $17::boolean[], $18::bigint[], $19::text[],"
    "   $20::uuid[], $21::text[]) WITH ORDINALITY AS i (incident_id, status, allowed_from, title,"
    "   description, category, caller, assignment_group, assigned_to, hold_reason, resolution,"
    "   priority, impact, urgency, target_us, escalation, reopen, expected_version, worklog,"
    "   worklog_id, author, n)),"
    " before AS ("
    " SELECT i.*, t.status AS old_status, t.version AS old_version"
    " FROM input i LEFT JOIN synergyflow_incidents.incidents t USING (incident_id)),"
    " changed AS ("
    " UPDATE synergyflow_incidents.incidents t SET"
    "   status = COALESCE(b.status, t.status),"
    "   title = COALESCE(b.title, t.title),"
    "   description = NULLIF(COALESCE(b.description, t.description), ''),"
    "   category = NULLIF(COALESCE(b.category, t.category), ''),"
    "   caller = NULLIF(COALESCE(b.caller, t.caller), ''),"
    "   assignment_group = NULLIF(COALESCE(b.assignment_group, t.assignment_group), ''),"
    "   assigned_to = NULLIF(COALESCE(b.assigned_to, t.assigned_to), ''),"
    "   hold_reason = NULLIF(COALESCE(b.hold_reason,"
    "     CASE WHEN b.status <> 'ON_HOLD' THEN '' ELSE t.hold_reason END), ''),"
    "   resolution = NULLIF(COALESCE(b.resolution, t.resolution), ''),"
    "   impact = COALESCE(NULLIF(b.impact, 0)::smallint, t.impact),"
    "   urgency = COALESCE(NULLIF(b.urgency, 0)::smallint, t.urgency),"
    "   priority = COALESCE(b.priority, t.priority),"
    "   sla_target = COALESCE(NULLIF(b.target_us, 0) * interval '1 microsecond', t.sla_target),"
    "   escalation_level = CASE WHEN b.reopen THEN 0"
    "     ELSE GREATEST(t.escalation_level, b.escalation::smallint) END,"
    "   reopen_count = t.reopen_count + b.reopen::integer,"
    "   resolved_at = CASE WHEN b.status = 'RESOLVED' THEN $22"
    "     WHEN b.status = 'IN_PROGRESS' THEN NULL ELSE t.resolved_at END,"
    "   closed_at = CASE WHEN b.status IN ('CLOSED', 'CANCELLED') THEN $22 ELSE t.closed_at END,"
    "   updated_at = $22, version = t.version + 1"
    " FROM before b"
    " WHERE t.incident_id = b.incident_id"
    "   AND b.old_status = ANY (string_to_array(b.allowed_from, ','))"
    "   AND (b.expected_version < 0 OR b.expected_version = b.old_version)"
    " RETURNING b.n, " INCIDENT_COLUMNS "),"
    " noted AS ("
    " INSERT INTO synergyflow_incidents.incident_worklogs"
    "   (worklog_id, incident_id, author, body, created_at)"
    " SELECT i.worklog_id, i.incident_id, i.author, i.worklog, $22 FROM changed c JOIN input i "
    "USING (n)"
    " WHERE i.worklog IS NOT NULL)"
    " SELECT b.old_status, b.old_version, t.n, " INCIDENT_COLUMNS
    " FROM before b LEFT JOIN changed t USING (n) ORDER BY b.n"};

enum { COLUMN_OLD_STATUS, COLUMN_OLD_VERSION, COLUMN_CHANGED, COLUMN_INCIDENT };

static bool is_refused(const struct module_call *call)
{
    return call->ret_failure != NULL;
}

/* The round of each call: how many calls before it are about the same incident. */
static uint32_t assign_rounds(struct module_calls *calls)
{
    uint32_t rounds = 0;

    for (uint32_t i = 0; i < calls->count; i++) {
        struct incident_change *change = calls->items[i].state;

        if (is_refused(&calls->items[i]))
            continue;
        for (uint32_t j = 0; j < i; j++) {
            const struct incident_change *earlier = calls->items[j].state;

            if (!is_refused(&calls->items[j]) &&
                strcmp(earlier->incident_id, change->incident_id) == 0)
                change->round = earlier->round + 1;
        }
        if (change->round >= rounds)
            rounds = change->round + 1;
    }
    return rounds;
}

static void add_lock(struct module_calls *calls, struct pg_batch *batch)
{
    struct pg_array *ids = pg_text_array(pg_batch_add(batch, &lock_incidents));

    for (uint32_t i = 0; i < calls->count; i++) {
        const struct incident_change *change = calls->items[i].state;

        if (!is_refused(&calls->items[i]))
            pg_add_text(ids, change->incident_id);
    }
}

static void add_text_column(struct pg_call *call, struct incident_change *const *changes,
                            uint32_t count, size_t offset)
{
    struct pg_array *column = pg_text_array(call);

    for (uint32_t i = 0; i < count; i++)
        pg_add_text(column, *(const char *const *)((const char *)changes[i] + offset));
}

static void add_number_column(struct pg_call *call, struct incident_change *const *changes,
                              uint32_t count, size_t offset)
{
    struct pg_array *column = pg_int8_array(call);

    for (uint32_t i = 0; i < count; i++)
        pg_add_int(column, *(const int64_t *)((const char *)changes[i] + offset));
}

static void add_round(struct module_calls *calls, struct pg_batch *batch,
                      struct incident_change *const *changes, const char *const *users,
                      uint32_t count)
{
    static const size_t texts[] = {
        offsetof(struct incident_change, incident_id),
        offsetof(struct incident_change, status),
        offsetof(struct incident_change, allowed_from),
        offsetof(struct incident_change, fields.title),
        offsetof(struct incident_change, fields.description),
        offsetof(struct incident_change, fields.category),
        offsetof(struct incident_change, fields.caller),
        offsetof(struct incident_change, fields.assignment_group),
        offsetof(struct incident_change, fields.assigned_to),
        offsetof(struct incident_change, fields.hold_reason),
        offsetof(struct incident_change, fields.resolution),
        offsetof(struct incident_change, fields.priority_name),
    };
    static const size_t numbers[] = {
        offsetof(struct incident_change, fields.impact),
        offsetof(struct incident_change, fields.urgency),
        offsetof(struct incident_change, fields.target_us),
        offsetof(struct incident_change, escalation),
    };
    struct pg_call *call = pg_batch_add(batch, &change_incidents);

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        add_text_column(call, changes, count, texts[i]);
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        add_number_column(call, changes, count, numbers[i]);

    struct pg_array *reopen = pg_bool_array(call);

    add_number_column(call, changes, count, offsetof(struct incident_change, expected_version));
    add_text_column(call, changes, count, offsetof(struct incident_change, worklog));

    struct pg_array *worklog_id = pg_uuid_array(call);
    struct pg_array *author = pg_text_array(call);

    for (uint32_t i = 0; i < count; i++) {
        struct uuid id = uuid_next(calls->ids);

        pg_add_bool(reopen, changes[i]->reopen);
        pg_add_uuid(worklog_id, &id);
        pg_add_text(author, users[i]);
    }
    pg_timestamp(call, calls->now_us);
}

void incident_changes_add(struct module_calls *calls, struct pg_batch *batch)
{
    uint32_t rounds = assign_rounds(calls);

    if (rounds == 0)
        return;
    add_lock(calls, batch);
    for (uint32_t round = 0; round < rounds; round++) {
        struct incident_change **changes =
            arena_array(calls->arena, calls->count, sizeof(struct incident_change *));
        const char **users = arena_array(calls->arena, calls->count, sizeof(const char *));
        uint32_t count = 0;

        for (uint32_t i = 0; i < calls->count; i++) {
            struct incident_change *change = calls->items[i].state;

            if (is_refused(&calls->items[i]) || change->round != round)
                continue;
            change->index = count;
            users[count] = calls->items[i].user == NULL ? "engine" : calls->items[i].user;
            changes[count++] = change;
        }
        add_round(calls, batch, changes, users, count);
    }
}

/* Why the row was not changed. */
static void refuse(struct module_calls *calls, struct module_call *call,
                   const struct incident_change *change, const struct pg_result *result)
{
    struct error error;
    enum incident_state from;
    enum incident_state to;

    error_clear(&error);
    if (pg_is_null(result, change->index, COLUMN_OLD_STATUS)) {
        error_set_field(&error, STATUS_NOT_FOUND, "incidentId",
                        "Expected an incident %s but there is none.", change->incident_id);
    } else if (change->expected_version >= 0 &&
               change->expected_version !=
                   pg_value_int(result, change->index, COLUMN_OLD_VERSION)) {
        module_version_refusal(&error, change->incident_id, change->expected_version,
                               pg_value_int(result, change->index, COLUMN_OLD_VERSION));
    } else {
        const char *status = pg_value_text(result, change->index, COLUMN_OLD_STATUS);

        error_set_field(&error, STATUS_CONFLICT, "status",
                        "Expected %s in one of the states %s but it is %s.", change->incident_id,
                        change->allowed_from, status);
        if (change->status != NULL &&
            incident_state_parse(status, "status", &from, &error) == STATUS_OK &&
            incident_state_parse(change->status, "status", &to, &error) == STATUS_OK)
            (void)!incident_state_check(change->incident_id, from, to, &error);
    }
    module_call_refuse(calls, call, &error);
}

void incident_changes_read(struct module_calls *calls, struct pg_batch *batch)
{
    for (uint32_t i = 0; i < calls->count; i++) {
        struct module_call *call = &calls->items[i];
        struct incident_change *change = call->state;

        if (is_refused(call))
            continue;
        const struct pg_result *result = pg_batch_result(batch, 1 + change->round);

        if (pg_is_null(result, change->index, COLUMN_CHANGED))
            refuse(calls, call, change, result);
        else
            change->incident = incident_json(result, change->index, COLUMN_INCIDENT);
    }
}
