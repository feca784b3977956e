/* The service catalogue over REST: one item read, added, changed. */
#include "modules/users/user.h"

static const struct pg_statement read_item = {
    "users_read_item",
    "SELECT " ITEM_COLUMNS " FROM synergyflow_users.catalogue_items t WHERE t.item_id = $1"};

static const struct operation_read item = {&read_item, &item_object, "itemId", "a catalogue item",
                                           false};

static void serve(struct module_host *host, struct http_request *request,
                  const struct operation *operation, const char *parameter, int http_status)
{
    json_t *input;
    struct error error;

    error_clear(&error);
    if (operation_input_read(request, operation, parameter, &input, &error) != STATUS_OK)
        http_reply_error(request, &error);
    else
        operation_serve(host, request, operation, input, http_status,
                        "/api/v1/catalogue-items"); /* suspended: until it has committed */
}

void item_route_get(void *context, struct http_request *request)
{
    operation_reply(context, request, &item, http_param(request, "itemId"), 200, NULL);
}

void item_route_create(void *context, struct http_request *request)
{
    serve(context, request, &item_create, NULL, 201);
}

void item_route_change(void *context, struct http_request *request)
{
    serve(context, request, &item_update, "itemId", 200);
}
