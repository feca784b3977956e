/* The lists of this module over REST: users, teams, the catalogue, service requests, and what
 * belongs to one user or team. */
#include "modules/users/user.h"

#include <string.h>

static const char *const roles[] = {"REQUESTER",     "AGENT",  "MANAGER",
                                    "ADMINISTRATOR", "SYSTEM", NULL};
static const char *const activities[] = {"ACTIVE", "DEACTIVATED", "ALL", NULL};

static json_t *user_row(const struct pg_result *result, uint32_t row, uint32_t column)
{
    return operation_json(&user_object, result, row, column);
}

static json_t *team_row(const struct pg_result *result, uint32_t row, uint32_t column)
{
    return operation_json(&team_object, result, row, column);
}

static json_t *member_row(const struct pg_result *result, uint32_t row, uint32_t column)
{
    return operation_json(&member_object, result, row, column);
}

static json_t *rotation_row(const struct pg_result *result, uint32_t row, uint32_t column)
{
    return operation_json(&rotation_object, result, row, column);
}

static json_t *item_row(const struct pg_result *result, uint32_t row, uint32_t column)
{
    return operation_json(&item_object, result, row, column);
}

static json_t *request_row(const struct pg_result *result, uint32_t row, uint32_t column)
{
    return operation_json(&request_object, result, row, column);
}

/* Texts that begin with the parameter, as the index on the key has them. */
#define BEGINS_WITH(key) key " >= lower($%u) AND " key " < lower($%u) || U&'\\+10FFFF'"

#define ACTIVITY \
    "CASE $%u WHEN 'ACTIVE' THEN t.active WHEN 'DEACTIVATED' THEN NOT t.active ELSE true END"

static const struct module_filter user_filters[] = {
    {.name = "show", .kind = MODULE_FILTER_NAME, .condition = ACTIVITY, .names = activities},
    {.name = "role", .kind = MODULE_FILTER_NAME, .condition = "t.role = $%u", .names = roles},
    {.name = "name", .kind = MODULE_FILTER_TEXT, .condition = BEGINS_WITH("t.name_key")},
    {.name = "email", .kind = MODULE_FILTER_TEXT, .condition = "t.email_key = lower($%u)"},
    {.name = "managerId", .kind = MODULE_FILTER_TEXT, .condition = "t.manager_id = $%u"},
    {.name = "teamId",
     .kind = MODULE_FILTER_TEXT,
     .condition = "t.user_id IN (SELECT m.user_id FROM synergyflow_users.team_members m"
                  " WHERE m.team_id = $%u AND m.valid_from <= now()"
                  " AND COALESCE(m.valid_to, 'infinity') > now())"},
    {.name = "created", .kind = MODULE_FILTER_INSTANT, .condition = "t.created_at"},
};

static const struct module_sort user_sorts[] = {
    {.name = "name", .expression = "t.name_key", .type = MODULE_VALUE_TEXT},
    {.name = "createdAt", .expression = "t.created_at", .type = MODULE_VALUE_INSTANT},
    {.name = "userId", .expression = "t.user_id", .type = MODULE_VALUE_TEXT},
};

#define USER_LIST(rows)                                                                           \
    {                                                                                             \
        .from = rows, .columns = USER_COLUMNS, .key = "t.user_id", .key_type = MODULE_VALUE_TEXT, \
        .filters = user_filters, .filter_count = COUNT_OF(user_filters), .sorts = user_sorts,     \
        .sort_count = COUNT_OF(user_sorts), .default_sort = "name", .default_order = "asc",       \
        .row = user_row,                                                                          \
    }

static const struct module_list all_users = USER_LIST("synergyflow_users.users t");
static const struct module_list active_users =
    USER_LIST("(SELECT * FROM synergyflow_users.users WHERE active) t");

/* The deactivated ones only when they are asked for. */
void user_route_list(void *context, struct http_request *request)
{
    module_list_reply(context, request,
                      http_query(request, "show") == NULL ? &active_users : &all_users);
}

static const struct module_filter team_filters[] = {
    {.name = "show", .kind = MODULE_FILTER_NAME, .condition = ACTIVITY, .names = activities},
    {.name = "name", .kind = MODULE_FILTER_TEXT, .condition = BEGINS_WITH("t.name_key")},
    {.name = "managerId", .kind = MODULE_FILTER_TEXT, .condition = "t.manager_id = $%u"},
};

static const struct module_sort team_sorts[] = {
    {.name = "name", .expression = "t.name_key", .type = MODULE_VALUE_TEXT},
    {.name = "createdAt", .expression = "t.created_at", .type = MODULE_VALUE_INSTANT},
    {.name = "teamId", .expression = "t.team_id", .type = MODULE_VALUE_TEXT},
};

#define TEAM_LIST(rows)                                                                           \
    {                                                                                             \
        .from = rows, .columns = TEAM_COLUMNS, .key = "t.team_id", .key_type = MODULE_VALUE_TEXT, \
        .filters = team_filters, .filter_count = COUNT_OF(team_filters), .sorts = team_sorts,     \
        .sort_count = COUNT_OF(team_sorts), .default_sort = "name", .default_order = "asc",       \
        .row = team_row,                                                                          \
    }

static const struct module_list all_teams = TEAM_LIST("synergyflow_users.teams t");
static const struct module_list active_teams =
    TEAM_LIST("(SELECT * FROM synergyflow_users.teams WHERE active) t");

void team_route_list(void *context, struct http_request *request)
{
    module_list_reply(context, request,
                      http_query(request, "show") == NULL ? &active_teams : &all_teams);
}

static const struct module_sort member_sorts[] = {
    {.name = "from", .expression = "t.valid_from", .type = MODULE_VALUE_INSTANT},
    {.name = "to", .expression = "t.valid_to", .type = MODULE_VALUE_INSTANT, .nullable = true},
};

static const struct module_list memberships = {
    .from = "synergyflow_users.team_members t",
    .columns = MEMBER_COLUMNS,
    .key = "t.membership_id",
    .key_type = MODULE_VALUE_UUID,
    .sorts = member_sorts,
    .sort_count = COUNT_OF(member_sorts),
    .default_sort = "from",
    .default_order = "desc",
    .row = member_row,
    .within = "t.user_id = $%u",
    .within_param = "userId",
    .within_exists = "SELECT 1 FROM synergyflow_users.users WHERE user_id = $1",
    .within_noun = "a user",
};

void user_route_memberships(void *context, struct http_request *request)
{
    module_list_reply(context, request, &memberships);
}

static const struct module_sort rotation_sorts[] = {
    {.name = "startsAt", .expression = "t.starts_at", .type = MODULE_VALUE_INSTANT},
};

static const struct module_list rotations = {
    .from = "synergyflow_users.on_call_rotations t",
    .columns = ROTATION_COLUMNS,
    .key = "t.rotation_id",
    .key_type = MODULE_VALUE_UUID,
    .sorts = rotation_sorts,
    .sort_count = COUNT_OF(rotation_sorts),
    .default_sort = "startsAt",
    .default_order = "desc",
    .row = rotation_row,
    .within = "t.team_id = $%u",
    .within_param = "teamId",
    .within_exists = "SELECT 1 FROM synergyflow_users.teams WHERE team_id = $1",
    .within_noun = "a team",
};

void team_route_rotations(void *context, struct http_request *request)
{
    module_list_reply(context, request, &rotations);
}

static const struct module_filter item_filters[] = {
    {.name = "active",
     .kind = MODULE_FILTER_BOOLEAN,
     .condition = "t.active",
     .otherwise = "NOT t.active"},
    {.name = "approvalTeam", .kind = MODULE_FILTER_TEXT, .condition = "t.approval_team = $%u"},
    {.name = "fulfilmentTeam", .kind = MODULE_FILTER_TEXT, .condition = "t.fulfilment_team = $%u"},
};

static const struct module_sort item_sorts[] = {
    {.name = "name", .expression = "t.name", .type = MODULE_VALUE_TEXT},
    {.name = "itemId", .expression = "t.item_id", .type = MODULE_VALUE_TEXT},
};

static const struct module_list items = {
    .from = "synergyflow_users.catalogue_items t",
    .columns = ITEM_COLUMNS,
    .key = "t.item_id",
    .key_type = MODULE_VALUE_TEXT,
    .filters = item_filters,
    .filter_count = COUNT_OF(item_filters),
    .sorts = item_sorts,
    .sort_count = COUNT_OF(item_sorts),
    .default_sort = "name",
    .default_order = "asc",
    .row = item_row,
};

void item_route_list(void *context, struct http_request *request)
{
    module_list_reply(context, request, &items);
}

static const struct module_filter request_filters[] = {
    {.name = "status",
     .kind = MODULE_FILTER_NAME,
     .condition = "t.status = $%u",
     .names = request_states},
    {.name = "itemId", .kind = MODULE_FILTER_TEXT, .condition = "t.item_id = $%u"},
    {.name = "requestedBy", .kind = MODULE_FILTER_TEXT, .condition = "t.requested_by = $%u"},
    {.name = "requestedFor", .kind = MODULE_FILTER_TEXT, .condition = "t.requested_for = $%u"},
    {.name = "approver", .kind = MODULE_FILTER_TEXT, .condition = "t.approver = $%u"},
    {.name = "approvalTeam", .kind = MODULE_FILTER_TEXT, .condition = "t.approval_team = $%u"},
    {.name = "fulfilmentTeam", .kind = MODULE_FILTER_TEXT, .condition = "t.fulfilment_team = $%u"},
    {.name = "created", .kind = MODULE_FILTER_INSTANT, .condition = "t.created_at"},
    {.name = "due", .kind = MODULE_FILTER_INSTANT, .condition = "t.due_at"},
};

static const struct module_sort request_sorts[] = {
    {.name = "createdAt", .expression = "t.created_at", .type = MODULE_VALUE_INSTANT},
    {.name = "dueAt", .expression = "t.due_at", .type = MODULE_VALUE_INSTANT, .nullable = true},
    {.name = "requestId", .expression = "t.request_id", .type = MODULE_VALUE_TEXT},
};

static const struct module_list requests = {
    .from = "synergyflow_users.service_requests t JOIN synergyflow_users.catalogue_items o"
            " ON o.item_id = t.item_id",
    .columns = REQUEST_COLUMNS ", " ITEM_OF_REQUEST,
    .key = "t.request_id",
    .key_type = MODULE_VALUE_TEXT,
    .filters = request_filters,
    .filter_count = COUNT_OF(request_filters),
    .sorts = request_sorts,
    .sort_count = COUNT_OF(request_sorts),
    .default_sort = "createdAt",
    .default_order = "desc",
    .row = request_row,
};

void request_route_list(void *context, struct http_request *request)
{
    module_list_reply(context, request, &requests);
}
