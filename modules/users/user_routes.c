/* Users and teams over REST: one read, created, changed. */
#include "modules/users/user.h"

static const struct pg_statement read_user = {
    "users_read", "SELECT " USER_COLUMNS " FROM synergyflow_users.users t WHERE t.user_id = $1"};
static const struct pg_statement read_team = {
    "users_read_team",
    "SELECT " TEAM_COLUMNS " FROM synergyflow_users.teams t WHERE t.team_id = $1"};
static const struct operation_read user = {&read_user, &user_object, "userId", "a user", false};
static const struct operation_read team = {&read_team, &team_object, "teamId", "a team", false};

/* Reads the body and runs the operation, or says what is wrong with it. */
static void serve(struct module_host *host, struct http_request *request,
                  const struct operation *operation, const char *parameter, int http_status,
                  const char *collection)
{
    json_t *input;
    struct error error;

    error_clear(&error);
    if (operation_input_read(request, operation, parameter, &input, &error) != STATUS_OK)
        http_reply_error(request, &error);
    else
        operation_serve(host, request, operation, input, http_status,
                        collection); /* suspended: until it has committed */
}

void user_route_get(void *context, struct http_request *request)
{
    operation_reply(context, request, &user, http_param(request, "userId"), 200, NULL);
}

void user_route_create(void *context, struct http_request *request)
{
    serve(context, request, &user_create, NULL, 201, "/api/v1/users");
}

void user_route_change(void *context, struct http_request *request)
{
    serve(context, request, &user_update, "userId", 200, NULL);
}

void team_route_get(void *context, struct http_request *request)
{
    operation_reply(context, request, &team, http_param(request, "teamId"), 200, NULL);
}

void team_route_create(void *context, struct http_request *request)
{
    serve(context, request, &team_create, NULL, 201, "/api/v1/teams");
}

void team_route_change(void *context, struct http_request *request)
{
    serve(context, request, &team_update, "teamId", 200, NULL);
}
