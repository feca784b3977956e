/* users.create_team and users.update_team. A team that is no longer used is deactivated: it keeps
 * its members' history and takes no new ones. */
#include "modules/users/user.h"

#include <stdio.h>
#include <string.h>

static const struct operation_column columns[] = {
    {"teamId", COLUMN_TEXT},       {"name", COLUMN_TEXT},         {"description", COLUMN_TEXT},
    {"email", COLUMN_TEXT},        {"managerId", COLUMN_TEXT},    {"active", COLUMN_FLAG},
    {"createdAt", COLUMN_INSTANT}, {"updatedAt", COLUMN_INSTANT}, {"version", COLUMN_NUMBER},
};

static const char *const facts[] = {"teamId", "name",    "email", "managerId",
                                    "active", "version", NULL};

const struct operation_object team_object = {columns, COUNT_OF(columns), facts};

static const struct pg_statement create_teams = {
    "users_create_teams",
    "WITH input AS MATERIALIZED ("
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])"
    "   WITH ORDINALITY AS i (team_id, name, description, email, manager_id, n)),"
    " judged AS MATERIALIZED ("
    " SELECT i.*, CASE"
    "   WHEN i.manager_id <> '' AND NOT EXISTS (SELECT FROM synergyflow_users.users u"
    "     WHERE u.user_id = i.manager_id AND u.active) THEN 'manager' END AS why"
    " FROM input i),"
    " inserted AS ("
    " INSERT INTO synergyflow_users.teams AS t (team_id, name, description, email, manager_id,"
    "   created_at, updated_at)"
    " SELECT j.team_id, j.name, NULLIF(j.description, ''), NULLIF(j.email, ''),"
    "   NULLIF(j.manager_id, ''), $6, $6"
    " FROM judged j WHERE j.why IS NULL ORDER BY j.team_id ON CONFLICT DO NOTHING"
    " RETURNING " TEAM_COLUMNS ")"
    " SELECT CASE WHEN t.team_id IS NULL THEN COALESCE(j.why, 'taken') END, NULL, " TEAM_COLUMNS
    " FROM judged j LEFT JOIN inserted t USING (team_id) ORDER BY j.n"};

static const struct pg_statement update_teams = {
    "users_update_teams",
    "WITH input AS MATERIALIZED ("
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],"
    "   $6::boolean[], $7::bigint[]) WITH ORDINALITY"
    "   AS i (team_id, name, description, email, manager_id, active, expected, n)),"
    " judged AS MATERIALIZED ("
    " SELECT i.*, o.version::text AS found, CASE"
    "   WHEN o.team_id IS NULL THEN 'missing'"
    "   WHEN i.expected <> o.version THEN 'version'"
    "   WHEN i.manager_id <> '' AND NOT EXISTS (SELECT FROM synergyflow_users.users u"
    "     WHERE u.user_id = i.manager_id AND u.active) THEN 'manager' END AS why"
    " FROM input i LEFT JOIN synergyflow_users.teams o USING (team_id)),"
    " changed AS ("
    " UPDATE synergyflow_users.teams t SET name = COALESCE(j.name, t.name),"
    "   description = NULLIF(COALESCE(j.description, t.description), ''),"
    "   email = NULLIF(COALESCE(j.email, t.email), ''),"
    "   manager_id = NULLIF(COALESCE(j.manager_id, t.manager_id), ''),"
    "   active = COALESCE(j.active, t.active), updated_at = $8, version = t.version + 1"
    " FROM judged j WHERE t.team_id = j.team_id AND j.why IS NULL RETURNING " TEAM_COLUMNS ")"
    " SELECT j.why, j.found, " TEAM_COLUMNS
    " FROM judged j LEFT JOIN changed t USING (team_id) ORDER BY j.n"};

static enum status refuse(const struct module_call *call, const char *why, const char *found,
                          struct error *ret_error)
{
    const json_t *input = call->variables;
    const char *id = operation_text(input, "teamId");

    if (strcmp(why, "missing") == 0)
        return error_set_field(ret_error, STATUS_NOT_FOUND, "teamId",
                               "Expected a team \"%.100s\" but there is none.", id);
    if (strcmp(why, "version") == 0)
        return user_refuse_version(call, id, "expectedVersion", found, ret_error);
    if (strcmp(why, "taken") == 0)
        return error_set_field(ret_error, STATUS_CONFLICT, "teamId",
                               "Expected a teamId that is free but \"%.100s\" is taken.", id);
    return error_set_field(ret_error, STATUS_INVALID, "managerId",
                           "Expected an active user as manager but there is no \"%.100s\".",
                           operation_text(input, strcmp(call->topic, "users.create_team") == 0
                                                     ? "managerId"
                                                     : "change.managerId"));
}

static enum status check_create(const struct module_call *call, struct error *ret_error)
{
    const char *email = operation_text(call->variables, "email");

    return email[0] == '\0' ? STATUS_OK : user_email_check(email, ret_error);
}

static enum status check_update(const struct module_call *call, struct error *ret_error)
{
    const char *email = operation_text(call->variables, "change.email");

    return email[0] == '\0' ? STATUS_OK : user_email_check(email, ret_error);
}

static const struct operation_field create_fields[] = {
    {"teamId", OPERATION_ID, .required = true},
    {"name", OPERATION_TEXT, .required = true, .maximum = USER_NAME_MAX},
    {"description", OPERATION_TEXT, .maximum = USER_DESCRIPTION_MAX},
    {"email", OPERATION_TEXT, .maximum = USER_EMAIL_MAX},
    {.name = "managerId", .kind = OPERATION_ID},
};

static const struct operation_field update_fields[] = {
    {"teamId", OPERATION_ID, .required = true},
    {"change.name", OPERATION_TEXT, .filled = true, .maximum = USER_NAME_MAX},
    {"change.description", OPERATION_TEXT, .maximum = USER_DESCRIPTION_MAX},
    {"change.email", OPERATION_TEXT, .maximum = USER_EMAIL_MAX},
    {.name = "change.managerId", .kind = OPERATION_ID},
    {.name = "change.active", .kind = OPERATION_FLAG},
    {"expectedVersion", OPERATION_NUMBER, .maximum = INT64_MAX},
};

const struct operation team_create = {
    .topic = "users.create_team",
    .fields = create_fields,
    .field_count = COUNT_OF(create_fields),
    .lock = &user_lock,
    .statement = &create_teams,
    .object = &team_object,
    .event = "users.TeamCreated",
    .check = check_create,
    .refuse = refuse,
};

const struct operation team_update = {
    .topic = "users.update_team",
    .fields = update_fields,
    .field_count = COUNT_OF(update_fields),
    .lock = &user_lock,
    .statement = &update_teams,
    .object = &team_object,
    .event = "users.TeamUpdated",
    .check = check_update,
    .refuse = refuse,
};
