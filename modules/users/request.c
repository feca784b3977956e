/* The steps of a service request: opened, approved or rejected, fulfilled, cancelled.
 *
 * Who approves is decided when it is opened: the manager of whom it is for, or the item's team.
 * Without an active manager the team that fulfils decides. Nobody approves what they ordered, or
 * what is for them. */
#include "modules/users/user.h"

#include <string.h>

static const struct operation_column columns[] = {
    {"requestId", COLUMN_TEXT},
    {"itemId", COLUMN_TEXT},
    {"status", COLUMN_TEXT},
    {"requestedBy", COLUMN_TEXT},
    {"requestedFor", COLUMN_TEXT},
    {"details", COLUMN_TEXT},
    {"approver", COLUMN_TEXT},
    {"approvalTeam", COLUMN_TEXT},
    {"fulfilmentTeam", COLUMN_TEXT},
    {"dueAt", COLUMN_INSTANT},
    {"decidedBy", COLUMN_TEXT},
    {"decidedAt", COLUMN_INSTANT},
    {"comment", COLUMN_TEXT},
    {"endedAt", COLUMN_INSTANT},
    {"processInstanceId", COLUMN_TEXT},
    {"createdAt", COLUMN_INSTANT},
    {"updatedAt", COLUMN_INSTANT},
    {"version", COLUMN_NUMBER},
    {"itemName", COLUMN_TEXT},
    {"approveWithin", COLUMN_TEXT},
};

static const char *const facts[] = {
    "requestId", "itemId",       "status",         "requestedBy", "requestedFor",
    "approver",  "approvalTeam", "fulfilmentTeam", "dueAt",       "version",
    NULL};

/* What is stored, and of the item what the process needs to know. */
const struct operation_object request_object = {columns, COUNT_OF(columns), facts};

static const struct pg_statement open_requests = {
    "users_open_requests",
    "WITH input AS MATERIALIZED ("
    " SELECT i.item_id, COALESCE(NULLIF(i.requested_for, ''), i.who) AS requested_for, i.details,"
    "   i.who, i.instance_id, i.n"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[]) WITH ORDINALITY"
    "   AS i (item_id, requested_for, details, who, instance_id, n)),"
    " people AS MATERIALIZED ("
    " SELECT u.user_id, m.user_id AS manager_id"
    " FROM synergyflow_users.users u LEFT JOIN synergyflow_users.users m"
    "   ON m.user_id = u.manager_id AND m.active"
    " WHERE u.user_id IN (SELECT i.requested_for FROM input i) AND u.active),"
    " judged AS MATERIALIZED ("
    " SELECT i.*, o.approval, o.fulfilment_team, o.fulfil_within,"
    "   CASE WHEN o.approval = 'MANAGER' AND p.manager_id <> i.who THEN p.manager_id END"
    "     AS approver,"
    "   CASE WHEN o.approval = 'TEAM' THEN o.approval_team"
    "     WHEN o.approval = 'MANAGER' AND (p.manager_id IS NULL OR p.manager_id = i.who)"
    "     THEN o.fulfilment_team END AS approval_team,"
    "   CASE WHEN o.item_id IS NULL THEN 'item' WHEN NOT o.active THEN 'inactive'"
    "     WHEN p.user_id IS NULL THEN 'for' END AS why"
    " FROM input i LEFT JOIN synergyflow_users.catalogue_items o USING (item_id)"
    "   LEFT JOIN people p ON p.user_id = i.requested_for),"
    " numbered AS MATERIALIZED ("
    " SELECT j.*, 'REQ-' || nextval('synergyflow_users.request_number') AS request_id"
    " FROM judged j WHERE j.why IS NULL ORDER BY j.n),"
    " inserted AS ("
    " INSERT INTO synergyflow_users.service_requests AS t (request_id, item_id, status,"
    "   requested_by, requested_for, details, approver, approval_team, fulfilment_team, due_at,"
    "   process_instance_id, created_at, updated_at)"
    " SELECT j.request_id, j.item_id,"
    "   CASE WHEN j.approval = 'NONE' THEN 'APPROVED' ELSE 'AWAITING_APPROVAL' END, j.who,"
    "   j.requested_for, NULLIF(j.details, ''), j.approver, j.approval_team, j.fulfilment_team,"
    "   CASE WHEN j.approval = 'NONE' THEN $6 + j.fulfil_within END, j.instance_id, $6, $6"
    " FROM numbered j RETURNING " REQUEST_COLUMNS ")"
    " SELECT j.why, j.requested_for, " REQUEST_COLUMNS ", " ITEM_OF_REQUEST
    " FROM judged j LEFT JOIN numbered r USING (n)"
    "   LEFT JOIN inserted t ON t.request_id = r.request_id"
    "   LEFT JOIN synergyflow_users.catalogue_items o ON o.item_id = j.item_id ORDER BY j.n"};

static const struct pg_statement lock_requests = {
    "users_lock_requests",
    "SELECT 1 FROM synergyflow_users.service_requests WHERE request_id = ANY ($1)"
    " ORDER BY request_id FOR NO KEY UPDATE"};

/* $1 request, $2 comment, $3 the version that the caller has seen, $4 who, $5 now. */
#define MOVE_REQUESTS(to, from, self, set)                                                    \
    "WITH input AS MATERIALIZED ("                                                            \
    " SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) WITH ORDINALITY" \
    "   AS i (request_id, comment, expected, who, n)),"                                       \
    " judged AS MATERIALIZED ("                                                               \
    " SELECT i.*, CASE WHEN i.expected <> r.version THEN r.version::text ELSE r.status END"   \
    "   AS found, CASE"                                                                       \
    "   WHEN r.request_id IS NULL THEN 'missing' WHEN i.expected <> r.version THEN 'version'" \
    "   WHEN r.status NOT IN (" from ") THEN 'state'"                                         \
    "   WHEN " self " THEN 'self' END AS why"                                                 \
    " FROM input i LEFT JOIN synergyflow_users.service_requests r USING (request_id)),"       \
    " changed AS ("                                                                           \
    " UPDATE synergyflow_users.service_requests t SET status = '" to "', " set ","            \
    "   comment = COALESCE(NULLIF(j.comment, ''), t.comment), updated_at = $5,"               \
    "   version = t.version + 1"                                                              \
    " FROM judged j WHERE t.request_id = j.request_id AND j.why IS NULL"                      \
    " RETURNING " REQUEST_COLUMNS ")"                                                         \
    " SELECT j.why, j.found, " REQUEST_COLUMNS ", " ITEM_OF_REQUEST                           \
    " FROM judged j LEFT JOIN changed t USING (request_id)"                                   \
    "   LEFT JOIN synergyflow_users.catalogue_items o ON o.item_id = t.item_id ORDER BY j.n"

static const struct pg_statement approve_requests = {
    "users_approve_requests",
    MOVE_REQUESTS("APPROVED", "'AWAITING_APPROVAL'",
                  "i.who <> 'engine' AND i.who IN (r.requested_by, r.requested_for)",
                  "decided_by = j.who, decided_at = $5, due_at = $5 + (SELECT c.fulfil_within"
                  " FROM synergyflow_users.catalogue_items c WHERE c.item_id = t.item_id)")};
static const struct pg_statement reject_requests = {
    "users_reject_requests", MOVE_REQUESTS("REJECTED", "'AWAITING_APPROVAL'", "false",
                                           "decided_by = j.who, decided_at = $5, ended_at = $5")};
static const struct pg_statement expire_requests = {
    "users_expire_requests",
    MOVE_REQUESTS("REJECTED", "'AWAITING_APPROVAL'", "false",
                  "decided_by = 'engine', decided_at = $5, ended_at = $5")};
static const struct pg_statement fulfil_requests = {
    "users_fulfil_requests", MOVE_REQUESTS("FULFILLED", "'APPROVED'", "false", "ended_at = $5")};
static const struct pg_statement cancel_requests = {
    "users_cancel_requests",
    MOVE_REQUESTS("CANCELLED", "'AWAITING_APPROVAL', 'APPROVED'", "false", "ended_at = $5")};

static const char *target_of(const char *topic)
{
    return strcmp(topic, "users.approve_request") == 0  ? "APPROVED"
           : strcmp(topic, "users.fulfil_request") == 0 ? "FULFILLED"
           : strcmp(topic, "users.cancel_request") == 0 ? "CANCELLED"
                                                        : "REJECTED";
}

static enum status refuse(const struct module_call *call, const char *why, const char *found,
                          struct error *ret_error)
{
    const json_t *input = call->variables;
    const char *id = operation_text(input, "requestId");

    if (strcmp(why, "item") == 0)
        return error_set_field(ret_error, STATUS_INVALID, "itemId",
                               "Expected an item of the catalogue but there is no \"%.100s\".",
                               operation_text(input, "itemId"));
    if (strcmp(why, "inactive") == 0)
        return error_set_field(ret_error, STATUS_CONFLICT, "itemId",
                               "Expected an item that can be ordered but %.100s is deactivated.",
                               operation_text(input, "itemId"));
    if (strcmp(why, "for") == 0)
        return error_set_field(ret_error, STATUS_INVALID, "requestedFor",
                               "Expected an active user whom the request is for but there is no "
                               "\"%.100s\".",
                               found);
    if (strcmp(why, "missing") == 0)
        return error_set_field(ret_error, STATUS_NOT_FOUND, "requestId",
                               "Expected a service request \"%.60s\" but there is none.", id);
    if (strcmp(why, "version") == 0)
        return user_refuse_version(call, id, "change.expectedVersion", found, ret_error);
    if (strcmp(why, "self") == 0)
        return error_set_field(ret_error, STATUS_FORBIDDEN, "status",
                               "Expected somebody else to approve %.60s: whoever ordered it, and "
                               "whom it is for, may not.",
                               id);
    return request_state_check(id, found, target_of(call->topic), ret_error);
}

/* The process' names, conditions, candidates and timers read these. tasks.create takes title. */
static json_t *answer_opened(struct module_calls *calls, struct module_call *call,
                             const json_t *request)
{
    const char *id = json_string_value(json_object_get(request, "requestId"));
    const char *item = json_string_value(json_object_get(request, "itemName"));
    bool approved = strcmp(json_string_value(json_object_get(request, "status")), "APPROVED") == 0;
    json_t *variables =
        json_pack("{s:s, s:O, s:o, s:b, s:n, s:s, s:s, s:s, s:n}", "requestId", id, "status",
                  json_object_get(request, "status"), "title", json_sprintf("%s: %s", id, item),
                  "needsApproval", !approved, "assignedTo", "decision", "", "taskId", "", "outcome",
                  "", "change");

    static const char *const copied[] = {"approver", "approvalTeam", "fulfilmentTeam",
                                         "approveWithin"};

    for (size_t i = 0; i < COUNT_OF(copied); i++)
        json_object_set(variables, copied[i], json_object_get(request, copied[i]));
    module_call_set_business_key(calls, call, id);
    return variables;
}

/* What was asked for has been done: a later step must not do it again. tasks.complete cancels the
 * work item of what is cancelled. */
static json_t *answer_moved(struct module_calls *calls, struct module_call *call,
                            const json_t *request)
{
    const char *outcome = strcmp(call->topic, "users.cancel_request") == 0 ? "cancel" : "";

    (void)calls;
    return json_pack("{s:O, s:s, s:n}", "status", json_object_get(request, "status"), "outcome",
                     outcome, "change");
}

static const struct operation_field open_fields[] = {
    {"itemId", OPERATION_ID, .required = true},
    {.name = "requestedFor", .kind = OPERATION_ID},
    {"details", OPERATION_TEXT, .maximum = USER_TEXT_MAX},
    {.name = "", .kind = OPERATION_USER},
    {.name = "", .kind = OPERATION_INSTANCE},
};

static const struct operation_field move_fields[] = {
    {"requestId", OPERATION_ID, .required = true},
    {"change.comment", OPERATION_TEXT, .maximum = USER_TEXT_MAX},
    {"change.expectedVersion", OPERATION_NUMBER, .maximum = INT64_MAX},
    {.name = "", .kind = OPERATION_USER},
};

const struct operation request_open = {
    .topic = "users.open_request",
    .fields = open_fields,
    .field_count = COUNT_OF(open_fields),
    .statement = &open_requests,
    .object = &request_object,
    .event = "users.ServiceRequestOpened",
    .refuse = refuse,
    .answer = answer_opened,
};

#define REQUEST_MOVE(name, steps, happened)       \
    const struct operation request_##name = {     \
        .topic = "users." #name "_request",       \
        .fields = move_fields,                    \
        .field_count = COUNT_OF(move_fields),     \
        .lock = &lock_requests,                   \
        .statement = &(steps),                    \
        .object = &request_object,                \
        .event = "users.ServiceRequest" happened, \
        .refuse = refuse,                         \
        .answer = answer_moved,                   \
    }

REQUEST_MOVE(approve, approve_requests, "Approved");
REQUEST_MOVE(reject, reject_requests, "Rejected");
REQUEST_MOVE(expire, expire_requests, "Rejected");
REQUEST_MOVE(fulfil, fulfil_requests, "Fulfilled");
REQUEST_MOVE(cancel, cancel_requests, "Cancelled");
