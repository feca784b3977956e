/* Who is in a team and who is on call, now or at a time, over REST. */
#include "modules/users/user.h"

#include <string.h>

static const struct pg_statement read_team = {
    "users_read_team_for_members", "SELECT 1 FROM synergyflow_users.teams t WHERE t.team_id = $1"};

static const struct pg_statement read_members = {
    "users_read_members",
    "SELECT " MEMBER_COLUMNS " FROM synergyflow_users.team_members t"
    " WHERE t.team_id = $1 AND t.valid_from <= $2 AND COALESCE(t.valid_to, 'infinity') > $2"
    " ORDER BY t.user_id LIMIT $3"};

/* The rotation that holds at $2 and the shift in it. The shift ends early where another rotation
 * starts. When clocks go back an hour is there twice; the shift before the first never is. */
static const struct pg_statement read_shift = {
    "users_read_shift",
    "WITH rotation AS ("
    " SELECT r.*, $2 AT TIME ZONE r.time_zone AS at_local,"
    "   r.starts_at AT TIME ZONE r.time_zone AS starts_local"
    " FROM synergyflow_users.on_call_rotations r"
    " WHERE r.team_id = $1 AND r.starts_at <= $2 ORDER BY r.starts_at DESC LIMIT 1),"
    " turned AS ("
    " SELECT r.*, GREATEST(0, floor(extract(epoch FROM r.at_local - r.starts_local)"
    "   / extract(epoch FROM r.shift)))::bigint AS turn"
    " FROM rotation r)"
    " SELECT t.time_zone, (t.starts_local + t.turn * t.shift) AT TIME ZONE t.time_zone,"
    "   LEAST((t.starts_local + (t.turn + 1) * t.shift) AT TIME ZONE t.time_zone,"
    "     (SELECT min(n.starts_at) FROM synergyflow_users.on_call_rotations n"
    "       WHERE n.team_id = $1 AND n.starts_at > $2)),"
    "   t.turn % cardinality(t.user_ids)"
    " FROM turned t"};

/* The people of that rotation in its order who were in the team at $2, whoever's turn it is
 * first: whoever is not in the team is passed over. */
static const struct pg_statement read_order = {
    "users_read_on_call_order",
    "WITH rotation AS ("
    " SELECT r.*, GREATEST(0, floor(extract(epoch FROM ($2 AT TIME ZONE r.time_zone)"
    "   - (r.starts_at AT TIME ZONE r.time_zone)) / extract(epoch FROM r.shift)))::bigint AS turn"
    " FROM synergyflow_users.on_call_rotations r"
    " WHERE r.team_id = $1 AND r.starts_at <= $2 ORDER BY r.starts_at DESC LIMIT 1)"
    " SELECT u.user_id, u.name, u.email, u.phone"
    " FROM rotation r CROSS JOIN LATERAL unnest(r.user_ids) WITH ORDINALITY AS l (user_id, place)"
    "   JOIN synergyflow_users.users u ON u.user_id = l.user_id"
    " WHERE EXISTS (SELECT FROM synergyflow_users.team_members m WHERE m.team_id = $1"
    "   AND m.user_id = l.user_id AND m.valid_from <= $2 AND COALESCE(m.valid_to, 'infinity') > $2)"
    " ORDER BY (l.place - 1 - r.turn % cardinality(r.user_ids) + cardinality(r.user_ids))"
    "   % cardinality(r.user_ids)"};

static const struct operation_column person_columns[] = {
    {"userId", COLUMN_TEXT},
    {"name", COLUMN_TEXT},
    {"email", COLUMN_TEXT},
    {"phone", COLUMN_TEXT},
};

static const struct operation_object person_object = {person_columns, COUNT_OF(person_columns),
                                                      NULL};

/* A request while its query runs; in the request's arena. */
struct team_read {
    struct http_request *request;
    const char *team_id;
    int64_t at_us;
};

static enum status read_at(struct http_request *request, int64_t *ret_at_us,
                           struct error *ret_error)
{
    const char *name;
    const char *value;
    struct error reason;

    *ret_at_us = module_now_us();
    for (uint32_t i = 0; http_query_at(request, i, &name, &value); i++) {
        if (strcmp(name, "at") != 0)
            return error_set_field(ret_error, STATUS_INVALID, name,
                                   "Expected the parameter at, or none, but found \"%.40s\".",
                                   name);
        error_clear(&reason);
        if (iso8601_parse_instant(value, ret_at_us, &reason) != STATUS_OK)
            return error_set_field(ret_error, STATUS_INVALID, "at", "%s", reason.message);
    }
    return STATUS_OK;
}

/* Whether the team is there; else the request has been answered. */
static bool is_found(const struct team_read *read, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct error missing;

    if (status != STATUS_OK) {
        http_reply_error(read->request, error);
        return false;
    }
    if (pg_rows(pg_batch_result(batch, 0)) > 0)
        return true;
    error_clear(&missing);
    error_set_field(&missing, STATUS_NOT_FOUND, "teamId",
                    "Expected a team \"%.100s\" but there is none.", read->team_id);
    http_reply_error(read->request, &missing);
    return false;
}

static json_t *rows_json(const struct operation_object *object, const struct pg_result *rows)
{
    json_t *data = json_array();

    for (uint32_t i = 0; i < pg_rows(rows); i++)
        json_array_append_new(data, operation_json(object, rows, i, 0));
    return data;
}

static json_t *instant_json(int64_t us)
{
    char text[ISO8601_INSTANT_BYTES];

    return json_string(iso8601_format_instant(us, text));
}

static void on_members(void *context, struct pg_batch *batch, enum status status,
                       const struct error *error)
{
    const struct team_read *read = context;

    if (!is_found(read, batch, status, error))
        return;
    json_t *data = rows_json(&member_object, pg_batch_result(batch, 1));

    http_reply_json(read->request, 200,
                    json_pack("{s:o, s:I, s:o}", "data", data, "size",
                              (json_int_t)json_array_size(data), "at", instant_json(read->at_us)));
}

/* {"teamId", "at", "onCall": who or null, "shift": its times or null, "next": the others in turn}
 */
static void on_shift(void *context, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    const struct team_read *read = context;

    if (!is_found(read, batch, status, error))
        return;
    const struct pg_result *shift = pg_batch_result(batch, 1);
    json_t *order = rows_json(&person_object, pg_batch_result(batch, 2));
    json_t *first =
        json_array_size(order) > 0 ? json_incref(json_array_get(order, 0)) : json_null();
    json_t *times = json_null();

    if (json_array_size(order) > 0)
        json_array_remove(order, 0);
    if (pg_rows(shift) > 0)
        times = json_pack("{s:s, s:o, s:o}", "timeZone", pg_value_text(shift, 0, 0), "from",
                          instant_json(pg_value_timestamp(shift, 0, 1)), "to",
                          instant_json(pg_value_timestamp(shift, 0, 2)));
    http_reply_json(read->request, 200,
                    json_pack("{s:s, s:o, s:o, s:o, s:o}", "teamId", read->team_id, "at",
                              instant_json(read->at_us), "onCall", first, "shift", times, "next",
                              order));
}

/* The batch with the team itself; NULL when the request has been answered with an error. */
static struct pg_batch *batch_of(struct http_request *request, struct team_read **ret_read)
{
    struct team_read *read = arena_alloc(http_arena(request), sizeof *read);
    struct pg_batch *batch = pg_batch_new(http_arena(request));
    struct error error;

    error_clear(&error);
    read->request = request;
    read->team_id = http_param(request, "teamId");
    if (read_at(request, &read->at_us, &error) != STATUS_OK) {
        http_reply_error(request, &error);
        return NULL;
    }
    pg_text(pg_batch_add(batch, &read_team), read->team_id);
    *ret_read = read;
    return batch;
}

static struct pg_call *add_at(struct pg_batch *batch, const struct pg_statement *statement,
                              const struct team_read *read)
{
    struct pg_call *call = pg_batch_add(batch, statement);

    pg_text(call, read->team_id);
    pg_timestamp(call, read->at_us);
    return call;
}

void team_route_members(void *context, struct http_request *request)
{
    struct team_read *read;
    struct pg_batch *batch = batch_of(request, &read);

    if (batch == NULL)
        return;
    pg_int8(add_at(batch, &read_members, read), USER_MEMBERS_MAX);
    module_query(context, batch, on_members, read); /* suspended: until the rows are read */
}

void team_route_on_call(void *context, struct http_request *request)
{
    struct team_read *read;
    struct pg_batch *batch = batch_of(request, &read);

    if (batch == NULL)
        return;
    (void)add_at(batch, &read_shift, read);
    (void)add_at(batch, &read_order, read);
    module_query(context, batch, on_shift, read); /* suspended: until the rows are read */
}

static void serve(struct module_host *host, struct http_request *request,
                  const struct operation *operation, int http_status)
{
    json_t *input;
    struct error error;

    error_clear(&error);
    if (operation_input_read(request, operation, "teamId", &input, &error) != STATUS_OK)
        http_reply_error(request, &error);
    else
        operation_serve(host, request, operation, input, http_status,
                        NULL); /* suspended: until it has committed */
}

void team_route_add_member(void *context, struct http_request *request)
{
    serve(context, request, &member_add, 201);
}

void team_route_set_on_call(void *context, struct http_request *request)
{
    serve(context, request, &rotation_set, 200);
}

void team_route_end_member(void *context, struct http_request *request)
{
    int64_t at_us;
    struct error error;

    error_clear(&error);
    if (read_at(request, &at_us, &error) != STATUS_OK) {
        http_reply_error(request, &error);
        return;
    }
    json_t *input = json_pack("{s:s, s:s, s:s?}", "teamId", http_param(request, "teamId"), "userId",
                              http_param(request, "userId"), "at", http_query(request, "at"));

    operation_serve(context, request, &member_end, input, 200,
                    NULL); /* suspended: until it has committed */
}
