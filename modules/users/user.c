/* users.create_user and users.update_user: people, whom a team loses and gets back with them. */
#include "modules/users/user.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const roles[] = {"REQUESTER", "AGENT", "MANAGER", "ADMINISTRATOR", NULL};

static const struct operation_column columns[] = {
    {"userId", COLUMN_TEXT},       {"email", COLUMN_TEXT},        {"name", COLUMN_TEXT},
    {"role", COLUMN_TEXT},         {"teamId", COLUMN_TEXT},       {"phone", COLUMN_TEXT},
    {"managerId", COLUMN_TEXT},    {"active", COLUMN_FLAG},       {"deactivatedAt", COLUMN_INSTANT},
    {"createdAt", COLUMN_INSTANT}, {"updatedAt", COLUMN_INSTANT}, {"version", COLUMN_NUMBER},
};

static const char *const facts[] = {"userId",    "name",   "email",   "role", "teamId",
                                    "managerId", "active", "version", NULL};

const struct operation_object user_object = {columns, COUNT_OF(columns), facts};

/* One writer of a tenant's people and teams at a time. A unit of work may change users, teams and
 * memberships in any order, so that locks on their rows would deadlock; such changes are rare, and
 * a unit makes many of them under one lock. Nobody else waits: readers take no locks, and keys do
 * not change. The statement after it sees what the last holder committed. */
const struct pg_statement user_lock = {
    "users_lock",
    "SELECT 1 FROM pg_advisory_xact_lock(hashtextextended('synergyflow_users ' ||"
    "   coalesce(current_setting('app.tenant', true), ''), 0)) WHERE $1::text[] IS NOT NULL"};

static const struct pg_statement create_users = {
    "users_create",
    "WITH input AS MATERIALIZED ("
    " SELECT i.*, lower(i.email) AS email_key FROM unnest($1::text[], $2::text[], $3::text[],"
    "   $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) WITH ORDINALITY"
    "   AS i (user_id, email, name, role, team_id, phone, manager_id, who, n)),"
    " judged AS MATERIALIZED ("
    " SELECT i.*, CASE"
    "   WHEN EXISTS (SELECT FROM synergyflow_users.users u WHERE u.user_id = i.user_id)"
    "     THEN 'taken'"
    "   WHEN EXISTS (SELECT FROM synergyflow_users.users u WHERE u.email_key = i.email_key)"
    "     THEN 'email'"
    "   WHEN i.team_id <> '' AND NOT EXISTS (SELECT FROM synergyflow_users.teams m"
    "     WHERE m.team_id = i.team_id AND m.active) THEN 'team'"
    "   WHEN i.manager_id <> '' AND NOT EXISTS (SELECT FROM synergyflow_users.users u"
    "     WHERE u.user_id = i.manager_id AND u.active) THEN 'manager' END AS why"
    " FROM input i),"
    " inserted AS ("
    " INSERT INTO synergyflow_users.users AS t (user_id, email, name, role, team_id, phone,"
    "   manager_id, created_at, updated_at)"
    " SELECT j.user_id, j.email, j.name, COALESCE(j.role, 'REQUESTER'), NULLIF(j.team_id, ''),"
    "   NULLIF(j.phone, ''), NULLIF(j.manager_id, ''), $9, $9"
    " FROM judged j WHERE j.why IS NULL ORDER BY j.user_id ON CONFLICT DO NOTHING"
    " RETURNING " USER_COLUMNS "),"
    " joined AS ("
    " INSERT INTO synergyflow_users.team_members (team_id, user_id, valid_from, added_by)"
    " SELECT t.team_id, t.user_id, $9, j.who FROM inserted t JOIN judged j USING (user_id)"
    " WHERE t.team_id IS NOT NULL)"
    " SELECT CASE WHEN t.user_id IS NULL THEN COALESCE(j.why, 'email') END, NULL, " USER_COLUMNS
    " FROM judged j LEFT JOIN inserted t USING (user_id) ORDER BY j.n"};

/* Whoever is deactivated leaves the teams; whoever comes back is in them again, and between the two
 * is a gap that stays visible. */
static const struct pg_statement update_users = {
    "users_update",
    "WITH input AS MATERIALIZED ("
    " SELECT i.*, lower(i.email) AS email_key FROM unnest($1::text[], $2::text[], $3::text[],"
    "   $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[], $9::bigint[], $10::text[])"
    "   WITH ORDINALITY AS i (user_id, email, name, role, team_id, phone, manager_id, active,"
    "   expected, who, n)),"
    " judged AS MATERIALIZED ("
    " SELECT i.*, CASE WHEN i.expected <> o.version THEN o.version::text"
    "   WHEN o.active AND NOT i.active THEN 'deactivated'"
    "   WHEN NOT o.active AND i.active THEN 'reactivated' END AS found, CASE"
    "   WHEN o.user_id IS NULL THEN 'missing'"
    "   WHEN i.expected <> o.version THEN 'version'"
    "   WHEN o.role = 'SYSTEM' THEN 'system'"
    "   WHEN NOT o.active AND i.active IS NOT TRUE THEN 'inactive'"
    "   WHEN EXISTS (SELECT FROM synergyflow_users.users u WHERE u.email_key = i.email_key"
    "     AND u.user_id <> i.user_id) THEN 'email'"
    "   WHEN i.team_id <> '' AND NOT EXISTS (SELECT FROM synergyflow_users.teams m"
    "     WHERE m.team_id = i.team_id AND m.active) THEN 'team'"
    "   WHEN i.manager_id = i.user_id THEN 'self'"
    "   WHEN i.manager_id <> '' AND NOT EXISTS (SELECT FROM synergyflow_users.users u"
    "     WHERE u.user_id = i.manager_id AND u.active) THEN 'manager' END AS why"
    " FROM input i LEFT JOIN synergyflow_users.users o USING (user_id)),"
    " changed AS ("
    " UPDATE synergyflow_users.users t SET email = COALESCE(j.email, t.email),"
    "   name = COALESCE(j.name, t.name), role = COALESCE(j.role, t.role),"
    "   team_id = NULLIF(COALESCE(j.team_id, t.team_id), ''),"
    "   phone = NULLIF(COALESCE(j.phone, t.phone), ''),"
    "   manager_id = NULLIF(COALESCE(j.manager_id, t.manager_id), ''),"
    "   active = COALESCE(j.active, t.active),"
    "   deactivated_at = CASE WHEN NOT COALESCE(j.active, t.active) THEN $11 END,"
    "   updated_at = $11, version = t.version + 1"
    " FROM judged j WHERE t.user_id = j.user_id AND j.why IS NULL RETURNING " USER_COLUMNS "),"
    " paused AS ("
    " UPDATE synergyflow_users.team_members m SET valid_to = GREATEST($11, m.valid_from),"
    "   paused = m.valid_to IS NULL, ended_by = j.who"
    " FROM judged j WHERE j.why IS NULL AND NOT j.active AND m.user_id = j.user_id"
    "   AND (m.valid_to IS NULL OR m.valid_to > $11)),"
    " continued AS ("
    " UPDATE synergyflow_users.team_members m SET paused = false"
    " FROM judged j WHERE j.why IS NULL AND j.active AND m.user_id = j.user_id AND m.paused"
    " RETURNING m.team_id, m.user_id, j.who),"
    " joined AS ("
    " INSERT INTO synergyflow_users.team_members (team_id, user_id, valid_from, added_by)"
    " SELECT c.team_id, c.user_id, $11, c.who FROM continued c"
    " UNION SELECT j.team_id, j.user_id, $11, j.who FROM judged j"
    " WHERE j.why IS NULL AND j.team_id <> '' AND j.active IS NOT FALSE"
    "   AND NOT EXISTS (SELECT FROM synergyflow_users.team_members m WHERE m.team_id = j.team_id"
    "     AND m.user_id = j.user_id AND m.valid_from <= $11"
    "     AND (m.valid_to IS NULL OR m.valid_to > $11))"
    " ON CONFLICT DO NOTHING)"
    " SELECT j.why, j.found, " USER_COLUMNS
    " FROM judged j LEFT JOIN changed t USING (user_id) ORDER BY j.n"};

enum status user_refuse_version(const struct module_call *call, const char *id,
                                const char *expected, const char *found, struct error *ret_error)
{
    return module_version_refusal(ret_error, id,
                                  json_integer_value(operation_input(call->variables, expected)),
                                  strtoll(found, NULL, 10));
}

static enum status refuse(const struct module_call *call, const char *why, const char *found,
                          struct error *ret_error)
{
    const json_t *input = call->variables;
    const char *id = operation_text(input, "userId");
    const char *prefix = strcmp(call->topic, "users.create_user") == 0 ? "" : "change.";
    char name[32];

    if (strcmp(why, "missing") == 0)
        return error_set_field(ret_error, STATUS_NOT_FOUND, "userId",
                               "Expected a user \"%.100s\" but there is none.", id);
    if (strcmp(why, "version") == 0)
        return user_refuse_version(call, id, "expectedVersion", found, ret_error);
    if (strcmp(why, "system") == 0)
        return error_set_field(ret_error, STATUS_CONFLICT, "userId",
                               "Expected a person but %.100s is the engine's own user, which stays "
                               "as it is.",
                               id);
    if (strcmp(why, "inactive") == 0)
        return error_set_field(ret_error, STATUS_CONFLICT, "active",
                               "Expected an active user but %.100s is deactivated: set active to "
                               "true with the change.",
                               id);
    if (strcmp(why, "taken") == 0)
        return error_set_field(ret_error, STATUS_CONFLICT, "userId",
                               "Expected a userId that is free but \"%.100s\" is taken.", id);
    if (strcmp(why, "email") == 0)
        return error_set_field(ret_error, STATUS_CONFLICT, "email",
                               "Expected an email that nobody has but another user has it.");
    if (strcmp(why, "self") == 0)
        return error_set_field(ret_error, STATUS_INVALID, "managerId",
                               "Expected somebody else as manager but found %.100s themselves.",
                               id);
    if (strcmp(why, "team") == 0) {
        (void)snprintf(name, sizeof name, "%steamId", prefix);
        return error_set_field(ret_error, STATUS_INVALID, "teamId",
                               "Expected an active team but there is no \"%.100s\".",
                               operation_text(input, name));
    }
    (void)snprintf(name, sizeof name, "%smanagerId", prefix);
    return error_set_field(ret_error, STATUS_INVALID, "managerId",
                           "Expected an active user as manager but there is no \"%.100s\".",
                           operation_text(input, name));
}

/* One @ with something before it and a domain behind it; whether it exists, mail will tell. */
enum status user_email_check(const char *email, struct error *ret_error)
{
    const char *at = strchr(email, '@');

    if (at == NULL || at == email || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
        email[strcspn(email, " \t\r\n<>,;")] != '\0')
        return error_set_field(ret_error, STATUS_INVALID, "email",
                               "Expected email to be an address such as ann@example.org but found "
                               "\"%.60s\".",
                               email);
    return STATUS_OK;
}

static enum status check_create(const struct module_call *call, struct error *ret_error)
{
    return user_email_check(operation_text(call->variables, "email"), ret_error);
}

static enum status check_update(const struct module_call *call, struct error *ret_error)
{
    if (operation_input(call->variables, "change.email") == NULL)
        return STATUS_OK;
    return user_email_check(operation_text(call->variables, "change.email"), ret_error);
}

static const char *update_event(const char *found)
{
    return strcmp(found, "deactivated") == 0   ? "users.UserDeactivated"
           : strcmp(found, "reactivated") == 0 ? "users.UserReactivated"
                                               : "users.UserUpdated";
}

static const struct operation_field create_fields[] = {
    {"userId", OPERATION_ID, .required = true},
    {"email", OPERATION_TEXT, .required = true, .maximum = USER_EMAIL_MAX},
    {"name", OPERATION_TEXT, .required = true, .maximum = USER_NAME_MAX},
    {"role", OPERATION_NAME, .names = roles},
    {.name = "teamId", .kind = OPERATION_ID},
    {"phone", OPERATION_TEXT, .maximum = USER_PHONE_MAX},
    {.name = "managerId", .kind = OPERATION_ID},
    {.name = "", .kind = OPERATION_USER},
};

static const struct operation_field update_fields[] = {
    {"userId", OPERATION_ID, .required = true},
    {"change.email", OPERATION_TEXT, .filled = true, .maximum = USER_EMAIL_MAX},
    {"change.name", OPERATION_TEXT, .filled = true, .maximum = USER_NAME_MAX},
    {"change.role", OPERATION_NAME, .names = roles},
    {.name = "change.teamId", .kind = OPERATION_ID},
    {"change.phone", OPERATION_TEXT, .maximum = USER_PHONE_MAX},
    {.name = "change.managerId", .kind = OPERATION_ID},
    {.name = "change.active", .kind = OPERATION_FLAG},
    {"expectedVersion", OPERATION_NUMBER, .maximum = INT64_MAX},
    {.name = "", .kind = OPERATION_USER},
};

const struct operation user_create = {
    .topic = "users.create_user",
    .fields = create_fields,
    .field_count = COUNT_OF(create_fields),
    .lock = &user_lock,
    .statement = &create_users,
    .object = &user_object,
    .event = "users.UserCreated",
    .check = check_create,
    .refuse = refuse,
};

const struct operation user_update = {
    .topic = "users.update_user",
    .fields = update_fields,
    .field_count = COUNT_OF(update_fields),
    .lock = &user_lock,
    .statement = &update_users,
    .object = &user_object,
    .event_of = update_event,
    .check = check_update,
    .refuse = refuse,
};
