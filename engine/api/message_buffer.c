/* /process-api/runtime/messages (ours): the messages that came before their receivers. */
#include "engine/api/internal.h"

enum {
    COLUMN_ID,
    COLUMN_NAME,
    COLUMN_KEY,
    COLUMN_BUSINESS_KEY,
    COLUMN_MESSAGE_ID,
    COLUMN_RECEIVED,
    COLUMN_EXPIRES,
    COLUMN_TENANT,
    COLUMN_VARIABLES,
};

static json_t *represent(const struct api_row *row)
{
    json_t *object = json_object();
    json_t *variables = row_json(row, COLUMN_VARIABLES);

    row_text(row, object, "id", COLUMN_ID);
    row_url(row, object, "url", "/process-api/runtime/messages/", COLUMN_ID);
    row_text(row, object, "name", COLUMN_NAME);
    row_text(row, object, "correlationKey", COLUMN_KEY);
    row_text(row, object, "businessKey", COLUMN_BUSINESS_KEY);
    row_text(row, object, "messageId", COLUMN_MESSAGE_ID);
    row_time(row, object, "received", COLUMN_RECEIVED);
    row_time(row, object, "expires", COLUMN_EXPIRES);
    json_put(object, "variables", api_variables(variables, NULL));
    row_text(row, object, "tenantId", COLUMN_TENANT);
    json_decref(variables);
    return object;
}

static const struct list_filter filters[] = {
    {"id", LIST_UUID, "m.id = ?", NULL, NULL},
    {"name", LIST_TEXT, "m.name = ?", NULL, NULL},
    {"nameLike", LIST_LIKE, "m.name LIKE ?", NULL, NULL},
    {"correlationKey", LIST_TEXT, "m.correlation_key = ?", NULL, NULL},
    {"businessKey", LIST_TEXT, "m.business_key = ?", NULL, NULL},
    {"messageId", LIST_TEXT, "m.message_id = ?", NULL, NULL},
    {"receivedBefore", LIST_TIME, "m.received_at < ?", NULL, NULL},
    {"receivedAfter", LIST_TIME, "m.received_at > ?", NULL, NULL},
    {"includeVariables", LIST_INCLUDE, NULL, NULL, NULL},
    {"tenantId", LIST_TEXT, "m.tenant_id = ?", NULL, NULL},
};
static const struct list_sort sorts[] = {
    {"id", "m.id"},
    {"name", "m.name"},
    {"received", "m.received_at"},
    {"expires", "m.expires_at"},
    {"tenantId", "m.tenant_id"},
};
static const struct list list = {
    .columns = "m.id::text, m.name, m.correlation_key, m.business_key, m.message_id,"
               " m.received_at, m.expires_at, m.tenant_id",
    .include = "m.variables",
    .from = "synergyflow_workflows.message_buffer m",
    .where = "m.expires_at > now()",
    .tie = "m.id",
    .filters = filters,
    .filter_count = COUNT_OF(filters),
    .sorts = sorts,
    .sort_count = COUNT_OF(sorts),
    .represent = represent,
    .noun = "a message",
};

static const struct pg_statement delete_statement = {
    "api_message_delete", "DELETE FROM synergyflow_workflows.message_buffer WHERE id = $1"};

static void get_list(void *context, struct http_request *request)
{
    list_answer(context, request, &list);
}

static void get_one(void *context, struct http_request *request)
{
    struct uuid id;

    if (api_id(request, "messageId", list.noun, &id))
        list_answer_one(context, request, &list, "m.id = $1", &id);
}

static void on_deleted(struct api_query *query)
{
    if (pg_affected(api_query_rows(query, 0)) == 0)
        api_not_found(query->request, list.noun, query->subject);
    else
        http_reply_empty(query->request, 204);
}

static void delete_one(void *context, struct http_request *request)
{
    struct api_query *query = api_query_new(context, request, on_deleted);
    struct uuid id;

    if (!api_id(request, "messageId", list.noun, &id))
        return;
    query->subject = http_param(request, "messageId");
    pg_uuid(api_query_add(query, &delete_statement), &id);
    api_query_run(query);
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/runtime/messages", get_list,
     "List messages that nobody has received yet", 0},
    {HTTP_GET_METHOD, "/process-api/runtime/messages/{messageId}", get_one,
     "Get a message that nobody has received yet", 0},
    {HTTP_DELETE_METHOD, "/process-api/runtime/messages/{messageId}", delete_one,
     "Discard a message that nobody has received yet", 0},
};
const struct api_routes message_buffer_routes = {routes, COUNT_OF(routes)};
