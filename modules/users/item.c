/* users.create_item and users.update_item: the service catalogue, what may be ordered. */
#include "modules/users/user.h"

#include <stdio.h>
#include <string.h>

static const char *const approvals[] = {"NONE", "MANAGER", "TEAM", NULL};

static const struct operation_column columns[] = {
    {"itemId", COLUMN_TEXT},        {"name", COLUMN_TEXT},         {"description", COLUMN_TEXT},
    {"approval", COLUMN_TEXT},      {"approvalTeam", COLUMN_TEXT}, {"fulfilmentTeam", COLUMN_TEXT},
    {"approveWithin", COLUMN_TEXT}, {"fulfilWithin", COLUMN_TEXT}, {"active", COLUMN_FLAG},
    {"createdAt", COLUMN_INSTANT},  {"updatedAt", COLUMN_INSTANT}, {"version", COLUMN_NUMBER},
};

static const char *const facts[] = {"itemId",         "name",   "approval", "approvalTeam",
                                    "fulfilmentTeam", "active", "version",  NULL};

const struct operation_object item_object = {columns, COUNT_OF(columns), facts};

static const struct pg_statement lock_items = {
    "users_lock_items", "SELECT 1 FROM synergyflow_users.catalogue_items WHERE item_id = ANY ($1)"
                        " ORDER BY item_id FOR NO KEY UPDATE"};

/* Why an item with these values cannot be; `i` has the values as they would be. */
#define ITEM_JUDGEMENT                                                                    \
    "   WHEN i.approval = 'TEAM' AND COALESCE(i.approval_team, '') = '' THEN 'approval'"  \
    "   WHEN i.approval_team <> '' AND NOT EXISTS (SELECT FROM synergyflow_users.teams m" \
    "     WHERE m.team_id = i.approval_team AND m.active) THEN 'approval_team'"           \
    "   WHEN NOT EXISTS (SELECT FROM synergyflow_users.teams m"                           \
    "     WHERE m.team_id = i.fulfilment_team AND m.active) THEN 'fulfilment_team' END AS why"

static const struct pg_statement create_items = {
    "users_create_items",
    "WITH input AS MATERIALIZED ("
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],"
    "   $7::text[], $8::text[]) WITH ORDINALITY AS i (item_id, name, description, approval,"
    "   approval_team, fulfilment_team, approve_within, fulfil_within, n)),"
    " judged AS MATERIALIZED (SELECT i.*, CASE" ITEM_JUDGEMENT " FROM input i),"
    " inserted AS ("
    " INSERT INTO synergyflow_users.catalogue_items AS t (item_id, name, description, approval,"
    "   approval_team, fulfilment_team, approve_within, fulfil_within, created_at, updated_at)"
    " SELECT j.item_id, j.name, NULLIF(j.description, ''), j.approval,"
    "   CASE WHEN j.approval = 'TEAM' THEN j.approval_team END, j.fulfilment_team,"
    "   COALESCE(j.approve_within, 'P5D')::interval, COALESCE(j.fulfil_within, 'P5D')::interval,"
    "   $9, $9"
    " FROM judged j WHERE j.why IS NULL ORDER BY j.item_id ON CONFLICT DO NOTHING"
    " RETURNING " ITEM_COLUMNS ")"
    " SELECT CASE WHEN t.item_id IS NULL THEN COALESCE(j.why, 'taken') END, NULL, t.*"
    " FROM judged j LEFT JOIN inserted t USING (item_id) ORDER BY j.n"};

static const struct pg_statement update_items = {
    "users_update_items",
    "WITH input AS MATERIALIZED ("
    " SELECT i.item_id, COALESCE(i.name, o.name) AS name,"
    "   COALESCE(i.description, o.description) AS description,"
    "   COALESCE(i.approval, o.approval) AS approval,"
    "   COALESCE(i.approval_team, o.approval_team) AS approval_team,"
    "   COALESCE(i.fulfilment_team, o.fulfilment_team) AS fulfilment_team,"
    "   COALESCE(i.approve_within::interval, o.approve_within) AS approve_within,"
    "   COALESCE(i.fulfil_within::interval, o.fulfil_within) AS fulfil_within,"
    "   COALESCE(i.active, o.active) AS active, i.expected, i.n, o.version"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],"
    "   $7::text[], $8::text[], $9::boolean[], $10::bigint[]) WITH ORDINALITY AS i (item_id, name,"
    "   description, approval, approval_team, fulfilment_team, approve_within, fulfil_within,"
    "   active, expected, n)"
    "   LEFT JOIN synergyflow_users.catalogue_items o USING (item_id)),"
    " judged AS MATERIALIZED ("
    " SELECT i.*, CASE WHEN i.version IS NULL THEN 'missing'"
    "   WHEN i.expected <> i.version THEN 'version'" ITEM_JUDGEMENT " FROM input i),"
    " changed AS ("
    " UPDATE synergyflow_users.catalogue_items t SET name = j.name,"
    "   description = NULLIF(j.description, ''), approval = j.approval,"
    "   approval_team = CASE WHEN j.approval = 'TEAM' THEN j.approval_team END,"
    "   fulfilment_team = j.fulfilment_team, approve_within = j.approve_within,"
    "   fulfil_within = j.fulfil_within, active = j.active, updated_at = $11,"
    "   version = t.version + 1"
    " FROM judged j WHERE t.item_id = j.item_id AND j.why IS NULL RETURNING " ITEM_COLUMNS ")"
    " SELECT j.why, j.version::text, t.*"
    " FROM judged j LEFT JOIN changed t USING (item_id) ORDER BY j.n"};

static enum status refuse(const struct module_call *call, const char *why, const char *found,
                          struct error *ret_error)
{
    const json_t *input = call->variables;
    const char *id = operation_text(input, "itemId");
    bool creates = strcmp(call->topic, "users.create_item") == 0;

    if (strcmp(why, "missing") == 0)
        return error_set_field(ret_error, STATUS_NOT_FOUND, "itemId",
                               "Expected a catalogue item \"%.100s\" but there is none.", id);
    if (strcmp(why, "version") == 0)
        return user_refuse_version(call, id, "expectedVersion", found, ret_error);
    if (strcmp(why, "taken") == 0)
        return error_set_field(ret_error, STATUS_CONFLICT, "itemId",
                               "Expected an itemId that is free but \"%.100s\" is taken.", id);
    if (strcmp(why, "approval") == 0)
        return error_set_field(ret_error, STATUS_INVALID, "approvalTeam",
                               "Expected the team that approves, as approval is TEAM, but "
                               "approvalTeam is missing.");
    if (strcmp(why, "approval_team") == 0)
        return error_set_field(
            ret_error, STATUS_INVALID, "approvalTeam",
            "Expected an active team as approvalTeam but there is no \"%.100s\".",
            operation_text(input, creates ? "approvalTeam" : "change.approvalTeam"));
    return error_set_field(
        ret_error, STATUS_INVALID, "fulfilmentTeam",
        "Expected an active team as fulfilmentTeam but there is no \"%.100s\".",
        operation_text(input, creates ? "fulfilmentTeam" : "change.fulfilmentTeam"));
}

enum { WITHIN_SECONDS_MAX = 366 * 86400 };

static const struct operation_field create_fields[] = {
    {"itemId", OPERATION_ID, .required = true},
    {"name", OPERATION_TEXT, .required = true, .maximum = USER_NAME_MAX},
    {"description", OPERATION_TEXT, .maximum = USER_TEXT_MAX},
    {"approval", OPERATION_NAME, .required = true, .names = approvals},
    {.name = "approvalTeam", .kind = OPERATION_ID},
    {"fulfilmentTeam", OPERATION_ID, .required = true},
    {"approveWithin", OPERATION_DURATION, .minimum = 1, .maximum = WITHIN_SECONDS_MAX},
    {"fulfilWithin", OPERATION_DURATION, .minimum = 1, .maximum = WITHIN_SECONDS_MAX},
};

static const struct operation_field update_fields[] = {
    {"itemId", OPERATION_ID, .required = true},
    {"change.name", OPERATION_TEXT, .filled = true, .maximum = USER_NAME_MAX},
    {"change.description", OPERATION_TEXT, .maximum = USER_TEXT_MAX},
    {"change.approval", OPERATION_NAME, .names = approvals},
    {.name = "change.approvalTeam", .kind = OPERATION_ID},
    {.name = "change.fulfilmentTeam", .kind = OPERATION_ID},
    {"change.approveWithin", OPERATION_DURATION, .minimum = 1, .maximum = WITHIN_SECONDS_MAX},
    {"change.fulfilWithin", OPERATION_DURATION, .minimum = 1, .maximum = WITHIN_SECONDS_MAX},
    {.name = "change.active", .kind = OPERATION_FLAG},
    {"expectedVersion", OPERATION_NUMBER, .maximum = INT64_MAX},
};

const struct operation item_create = {
    .topic = "users.create_item",
    .fields = create_fields,
    .field_count = COUNT_OF(create_fields),
    .lock = &lock_items,
    .statement = &create_items,
    .object = &item_object,
    .event = "users.CatalogueItemCreated",
    .refuse = refuse,
};

const struct operation item_update = {
    .topic = "users.update_item",
    .fields = update_fields,
    .field_count = COUNT_OF(update_fields),
    .lock = &lock_items,
    .statement = &update_items,
    .object = &item_object,
    .event = "users.CatalogueItemUpdated",
    .refuse = refuse,
};
