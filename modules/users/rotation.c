/* users.set_on_call: from when on which members of a team are on call, in which order.
 *
 * A rotation holds until the next one starts, and one that has started is never changed: who was on
 * call last month stays answerable. */
#include "modules/users/user.h"

#include <string.h>

static const struct operation_column columns[] = {
    {"teamId", COLUMN_TEXT},    {"startsAt", COLUMN_INSTANT}, {"timeZone", COLUMN_TEXT},
    {"shift", COLUMN_TEXT},     {"userIds", COLUMN_JSON},     {"createdAt", COLUMN_INSTANT},
    {"createdBy", COLUMN_TEXT},
};

static const char *const facts[] = {"teamId", "startsAt", "timeZone", "shift", "userIds", NULL};

const struct operation_object rotation_object = {columns, COUNT_OF(columns), facts};

/* Somebody in the list must be in the team when the rotation starts. */
static const struct pg_statement set_rotations = {
    "users_set_rotations",
    "WITH input AS MATERIALIZED ("
    " SELECT i.team_id, NULLIF(i.starts_at, '')::timestamptz AS starts_at, i.time_zone,"
    "   i.shift::interval AS shift, i.who, i.n,"
    "   ARRAY (SELECT jsonb_array_elements_text(i.user_ids)) AS user_ids"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::text[])"
    "   WITH ORDINALITY AS i (team_id, starts_at, time_zone, shift, user_ids, who, n)),"
    " checked AS MATERIALIZED ("
    " SELECT i.*, o.team_id IS NULL AS is_missing,"
    "   (SELECT max(r.starts_at) FROM synergyflow_users.on_call_rotations r"
    "     WHERE r.team_id = i.team_id) AS latest,"
    "   (SELECT l.user_id FROM unnest(i.user_ids) WITH ORDINALITY AS l (user_id, place)"
    "     WHERE NOT EXISTS (SELECT FROM synergyflow_users.team_members m"
    "       WHERE m.team_id = i.team_id AND m.user_id = l.user_id AND m.valid_from <= i.starts_at"
    "         AND COALESCE(m.valid_to, 'infinity') > i.starts_at)"
    "     ORDER BY l.place LIMIT 1) AS stranger"
    " FROM input i LEFT JOIN synergyflow_users.teams o USING (team_id)),"
    " judged AS MATERIALIZED ("
    " SELECT c.*, CASE"
    "   WHEN c.is_missing THEN 'missing'"
    "   WHEN c.starts_at IS NULL THEN 'start'"
    "   WHEN NOT synergyflow_users.is_time_zone(c.time_zone) THEN 'zone'"
    "   WHEN c.stranger IS NOT NULL THEN 'stranger'"
    "   WHEN c.starts_at <= c.latest AND c.starts_at <= $7 THEN 'later' END AS why"
    " FROM checked c),"
    " stored AS ("
    " INSERT INTO synergyflow_users.on_call_rotations AS t (team_id, starts_at, time_zone, shift,"
    "   user_ids, created_at, created_by)"
    " SELECT j.team_id, j.starts_at, j.time_zone, j.shift, j.user_ids, $7, j.who"
    " FROM judged j WHERE j.why IS NULL"
    " ON CONFLICT (tenant_id, team_id, starts_at) DO UPDATE SET time_zone = EXCLUDED.time_zone,"
    "   shift = EXCLUDED.shift, user_ids = EXCLUDED.user_ids, created_at = EXCLUDED.created_at,"
    "   created_by = EXCLUDED.created_by"
    " RETURNING " ROTATION_COLUMNS ")"
    " SELECT j.why, j.stranger, t.*"
    " FROM judged j LEFT JOIN stored t USING (team_id) ORDER BY j.n"};

static enum status refuse(const struct module_call *call, const char *why, const char *found,
                          struct error *ret_error)
{
    const char *team_id = operation_text(call->variables, "teamId");

    if (strcmp(why, "missing") == 0)
        return error_set_field(ret_error, STATUS_NOT_FOUND, "teamId",
                               "Expected a team \"%.100s\" but there is none.", team_id);
    if (strcmp(why, "start") == 0)
        return error_set_field(ret_error, STATUS_INVALID, "startsAt",
                               "Expected startsAt to say from when on the rotation holds but it is "
                               "empty.");
    if (strcmp(why, "zone") == 0)
        return error_set_field(ret_error, STATUS_INVALID, "timeZone",
                               "Expected a time zone such as Europe/Berlin or UTC but found "
                               "\"%.60s\".",
                               operation_text(call->variables, "timeZone"));
    if (strcmp(why, "stranger") == 0)
        return error_set_field(ret_error, STATUS_INVALID, "userIds",
                               "Expected users who are in the team %.100s when the rotation starts "
                               "but \"%.100s\" is not.",
                               team_id, found);
    return error_set_field(ret_error, STATUS_CONFLICT, "startsAt",
                           "Expected a start in the future, or after the start of every other "
                           "rotation of %.100s, so that the past stays as it was.",
                           team_id);
}

enum { SHIFT_SECONDS_MIN = 3600, SHIFT_SECONDS_MAX = 366 * 86400 };

static const struct operation_field fields[] = {
    {"teamId", OPERATION_ID, .required = true},
    {"startsAt", OPERATION_INSTANT, .required = true},
    {"timeZone", OPERATION_TEXT, .required = true, .maximum = USER_ZONE_MAX},
    {"shift", OPERATION_DURATION, .required = true, .minimum = SHIFT_SECONDS_MIN,
     .maximum = SHIFT_SECONDS_MAX},
    {"userIds", OPERATION_LIST, .required = true, .maximum = USER_ROTATION_MAX},
    {.name = "", .kind = OPERATION_USER},
};

const struct operation rotation_set = {
    .topic = "users.set_on_call",
    .fields = fields,
    .field_count = COUNT_OF(fields),
    .lock = &user_lock,
    .statement = &set_rotations,
    .object = &rotation_object,
    .event = "users.OnCallChanged",
    .refuse = refuse,
};
