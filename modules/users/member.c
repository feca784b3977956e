/* users.add_member and users.end_member: who is in which team, from when to when. A user may be in
 * several teams, and in one team several times, one after the other. */
#include "modules/users/user.h"

#include <string.h>

static const struct operation_column columns[] = {
    {"teamId", COLUMN_TEXT}, {"userId", COLUMN_TEXT},       {"from", COLUMN_INSTANT},
    {"to", COLUMN_INSTANT},  {"addedBy", COLUMN_TEXT},      {"endedBy", COLUMN_TEXT},
    {"paused", COLUMN_FLAG}, {"membershipId", COLUMN_TEXT},
};

static const char *const facts[] = {"teamId", "userId", "from", "to", NULL};

const struct operation_object member_object = {columns, COUNT_OF(columns), facts};

static const struct pg_statement add_members = {
    "users_add_members",
    "WITH input AS MATERIALIZED ("
    " SELECT i.team_id, i.user_id, COALESCE(NULLIF(i.valid_from, '')::timestamptz, $6) AS"
    "   valid_from, NULLIF(i.valid_to, '')::timestamptz AS valid_to, i.who, i.n"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY"
    "   AS i (team_id, user_id, valid_from, valid_to, who, n)),"
    " judged AS MATERIALIZED ("
    " SELECT i.*, CASE"
    "   WHEN m.team_id IS NULL THEN 'missing'"
    "   WHEN NOT m.active THEN 'inactive'"
    "   WHEN p.active IS NOT TRUE THEN 'user'"
    "   WHEN i.valid_to <= i.valid_from THEN 'order'"
    "   WHEN EXISTS (SELECT FROM synergyflow_users.team_members o WHERE o.team_id = i.team_id"
    "     AND o.user_id = i.user_id AND o.valid_from < COALESCE(i.valid_to, 'infinity')"
    "     AND COALESCE(o.valid_to, 'infinity') > i.valid_from) THEN 'overlap' END AS why"
    " FROM input i LEFT JOIN synergyflow_users.teams m USING (team_id)"
    "   LEFT JOIN synergyflow_users.users p USING (user_id)),"
    " inserted AS ("
    " INSERT INTO synergyflow_users.team_members AS t (team_id, user_id, valid_from, valid_to,"
    "   added_by)"
    " SELECT j.team_id, j.user_id, j.valid_from, j.valid_to, j.who FROM judged j"
    " WHERE j.why IS NULL RETURNING " MEMBER_COLUMNS ")"
    " SELECT j.why, NULL, " MEMBER_COLUMNS
    " FROM judged j LEFT JOIN inserted t USING (team_id, user_id) ORDER BY j.n"};

/* Ends the membership that holds at that time; their default team is theirs no longer. */
static const struct pg_statement end_members = {
    "users_end_members",
    "WITH input AS MATERIALIZED ("
    " SELECT i.team_id, i.user_id, COALESCE(NULLIF(i.ends_at, '')::timestamptz, $5) AS ends_at,"
    "   i.who, i.n"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY"
    "   AS i (team_id, user_id, ends_at, who, n)),"
    " ended AS ("
    " UPDATE synergyflow_users.team_members t SET valid_to = i.ends_at, ended_by = i.who"
    " FROM input i WHERE t.team_id = i.team_id AND t.user_id = i.user_id"
    "   AND t.valid_from <= i.ends_at AND (t.valid_to IS NULL OR t.valid_to > i.ends_at)"
    " RETURNING " MEMBER_COLUMNS "),"
    " left_team AS ("
    " UPDATE synergyflow_users.users u SET team_id = NULL, updated_at = $5,"
    "   version = u.version + 1"
    " FROM ended t WHERE u.user_id = t.user_id AND u.team_id = t.team_id AND t.valid_to <= $5)"
    " SELECT CASE WHEN t.team_id IS NULL THEN 'missing' END, NULL, " MEMBER_COLUMNS
    " FROM input i LEFT JOIN ended t USING (team_id, user_id) ORDER BY i.n"};

static enum status refuse(const struct module_call *call, const char *why, const char *found,
                          struct error *ret_error)
{
    const char *team_id = operation_text(call->variables, "teamId");
    const char *user_id = operation_text(call->variables, "userId");

    (void)found;
    if (strcmp(call->topic, "users.end_member") == 0)
        return error_set_field(ret_error, STATUS_NOT_FOUND, "userId",
                               "Expected \"%.100s\" to be in the team %.100s at that time but they "
                               "are not.",
                               user_id, team_id);
    if (strcmp(why, "missing") == 0)
        return error_set_field(ret_error, STATUS_NOT_FOUND, "teamId",
                               "Expected a team \"%.100s\" but there is none.", team_id);
    if (strcmp(why, "inactive") == 0)
        return error_set_field(ret_error, STATUS_CONFLICT, "teamId",
                               "Expected an active team but %.100s is deactivated.", team_id);
    if (strcmp(why, "user") == 0)
        return error_set_field(ret_error, STATUS_INVALID, "userId",
                               "Expected an active user but there is no \"%.100s\".", user_id);
    if (strcmp(why, "order") == 0)
        return error_set_field(ret_error, STATUS_INVALID, "to",
                               "Expected 'to' to be after 'from' but it is not.");
    return error_set_field(ret_error, STATUS_CONFLICT, "userId",
                           "Expected a time in which %.100s is not in the team %.100s but they are "
                           "in it for some of that time.",
                           user_id, team_id);
}

static const struct operation_field add_fields[] = {
    {"teamId", OPERATION_ID, .required = true},  {"userId", OPERATION_ID, .required = true},
    {.name = "from", .kind = OPERATION_INSTANT}, {.name = "to", .kind = OPERATION_INSTANT},
    {.name = "", .kind = OPERATION_USER},
};

static const struct operation_field end_fields[] = {
    {"teamId", OPERATION_ID, .required = true},
    {"userId", OPERATION_ID, .required = true},
    {.name = "at", .kind = OPERATION_INSTANT},
    {.name = "", .kind = OPERATION_USER},
};

const struct operation member_add = {
    .topic = "users.add_member",
    .fields = add_fields,
    .field_count = COUNT_OF(add_fields),
    .lock = &user_lock,
    .statement = &add_members,
    .object = &member_object,
    .event = "users.MemberAdded",
    .refuse = refuse,
};

const struct operation member_end = {
    .topic = "users.end_member",
    .fields = end_fields,
    .field_count = COUNT_OF(end_fields),
    .lock = &user_lock,
    .statement = &end_members,
    .object = &member_object,
    .event = "users.MemberEnded",
    .refuse = refuse,
};
