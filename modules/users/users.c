/* The users module: its descriptor. See README.md for what it keeps. */
#include "modules/users/users.h"

#include "modules/users/user.h"

static const struct operation *const operations[] = {
    &user_create,    &user_update,    &team_create,     &team_update,
    &member_add,     &member_end,     &rotation_set,    &item_create,
    &item_update,    &request_open,   &request_approve, &request_reject,
    &request_expire, &request_fulfil, &request_cancel,  NULL,
};

static enum status prepare(struct module_calls *calls, struct pg_batch *batch,
                           struct error *ret_error)
{
    (void)ret_error;
    return operation_prepare(operations, calls, batch);
}

static enum status finish(struct module_calls *calls, struct pg_batch *batch,
                          struct error *ret_error)
{
    (void)ret_error;
    return operation_finish(operations, calls, batch);
}

static const struct module_handler handlers[] = {
    {"users.create_user", prepare, finish},     {"users.update_user", prepare, finish},
    {"users.create_team", prepare, finish},     {"users.update_team", prepare, finish},
    {"users.add_member", prepare, finish},      {"users.end_member", prepare, finish},
    {"users.set_on_call", prepare, finish},     {"users.create_item", prepare, finish},
    {"users.update_item", prepare, finish},     {"users.open_request", prepare, finish},
    {"users.approve_request", prepare, finish}, {"users.reject_request", prepare, finish},
    {"users.expire_request", prepare, finish},  {"users.fulfil_request", prepare, finish},
    {"users.cancel_request", prepare, finish},
};

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/api/v1/users", user_route_list,
     "A page of users; the deactivated ones on demand", 0},
    {HTTP_POST_METHOD, "/api/v1/users", user_route_create, "Create a user", 0},
    {HTTP_GET_METHOD, "/api/v1/users/{userId}", user_route_get, "One user", 0},
    {HTTP_PATCH_METHOD, "/api/v1/users/{userId}", user_route_change,
     "Change, deactivate or reactivate a user", 0},
    {HTTP_GET_METHOD, "/api/v1/users/{userId}/memberships", user_route_memberships,
     "The teams of a user, past ones too", 0},
    {HTTP_GET_METHOD, "/api/v1/teams", team_route_list, "A page of teams", 0},
    {HTTP_POST_METHOD, "/api/v1/teams", team_route_create, "Create a team", 0},
    {HTTP_GET_METHOD, "/api/v1/teams/{teamId}", team_route_get, "One team", 0},
    {HTTP_PATCH_METHOD, "/api/v1/teams/{teamId}", team_route_change, "Change a team", 0},
    {HTTP_GET_METHOD, "/api/v1/teams/{teamId}/members", team_route_members,
     "Who is in a team, or was at a time", 0},
    {HTTP_POST_METHOD, "/api/v1/teams/{teamId}/members", team_route_add_member,
     "Add a user to a team", 0},
    {HTTP_DELETE_METHOD, "/api/v1/teams/{teamId}/members/{userId}", team_route_end_member,
     "End a membership; its history stays", 0},
    {HTTP_GET_METHOD, "/api/v1/teams/{teamId}/on-call", team_route_on_call,
     "Who of a team is on call, now or at a time", 0},
    {HTTP_PUT_METHOD, "/api/v1/teams/{teamId}/on-call", team_route_set_on_call,
     "From when on who of a team is on call", 0},
    {HTTP_GET_METHOD, "/api/v1/teams/{teamId}/on-call/rotations", team_route_rotations,
     "The on-call rotations of a team", 0},
    {HTTP_GET_METHOD, "/api/v1/catalogue-items", item_route_list, "A page of the service catalogue",
     0},
    {HTTP_POST_METHOD, "/api/v1/catalogue-items", item_route_create,
     "Add an item to the service catalogue", 0},
    {HTTP_GET_METHOD, "/api/v1/catalogue-items/{itemId}", item_route_get,
     "One item of the service catalogue", 0},
    {HTTP_PATCH_METHOD, "/api/v1/catalogue-items/{itemId}", item_route_change,
     "Change an item of the service catalogue", 0},
    {HTTP_GET_METHOD, "/api/v1/service-requests", request_route_list, "A page of service requests",
     0},
    {HTTP_POST_METHOD, "/api/v1/service-requests", request_route_open,
     "Order an item of the service catalogue", 0},
    {HTTP_GET_METHOD, "/api/v1/service-requests/{requestId}", request_route_get,
     "One service request", 0},
    {HTTP_PATCH_METHOD, "/api/v1/service-requests/{requestId}", request_route_change,
     "Approve, reject, fulfil or cancel a service request", 0},
};

extern const char service_request_bpmn[];
extern const size_t service_request_bpmn_length;

static const struct module_process processes[] = {
    {"service-request.bpmn", service_request_bpmn, &service_request_bpmn_length},
};

const struct module users_module = {
    .name = "users",
    .schema = "synergyflow_users",
    .role = "synergyflow_users",
    .handlers = handlers,
    .handler_count = COUNT_OF(handlers),
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .processes = processes,
    .process_count = COUNT_OF(processes),
};
