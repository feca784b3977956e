/* /process-api/runtime/event-subscriptions: which executions wait for which message, signal or
 * condition, and which definitions start with one (those have no execution and no instance). */
#include "engine/api/internal.h"

enum {
    COLUMN_ID,
    COLUMN_TYPE,
    COLUMN_NAME,
    COLUMN_ELEMENT,
    COLUMN_EXECUTION,
    COLUMN_INSTANCE,
    COLUMN_DEFINITION,
    COLUMN_CREATED,
    COLUMN_TENANT,
    COLUMN_KEY,
    COLUMN_CLAIMED,
};

static json_t *represent(const struct api_row *row)
{
    json_t *object = json_object();

    row_text(row, object, "id", COLUMN_ID);
    row_url(row, object, "url", "/process-api/runtime/event-subscriptions/", COLUMN_ID);
    row_text(row, object, "eventType", COLUMN_TYPE);
    row_text(row, object, "eventName", COLUMN_NAME);
    row_text(row, object, "activityId", COLUMN_ELEMENT);
    row_text(row, object, "executionId", COLUMN_EXECUTION);
    row_url(row, object, "executionUrl", "/process-api/runtime/executions/", COLUMN_EXECUTION);
    row_text(row, object, "processInstanceId", COLUMN_INSTANCE);
    row_url(row, object, "processInstanceUrl", "/process-api/runtime/process-instances/",
            COLUMN_INSTANCE);
    row_text(row, object, "processDefinitionId", COLUMN_DEFINITION);
    row_url(row, object, "processDefinitionUrl", "/process-api/repository/process-definitions/",
            COLUMN_DEFINITION);
    row_time(row, object, "created", COLUMN_CREATED);
    json_put(object, "configuration", json_null());
    row_text(row, object, "correlationKey", COLUMN_KEY);
    row_bool(row, object, "claimed", COLUMN_CLAIMED); /* a message is on its way to it */
    row_text(row, object, "tenantId", COLUMN_TENANT);
    return object;
}

static const struct list_filter filters[] = {
    {"id", LIST_UUID, "s.id = ?", NULL, NULL},
    {"eventType", LIST_TEXT, "s.event_type = ?", NULL, NULL},
    {"eventName", LIST_TEXT, "s.event_name = ?", NULL, NULL},
    {"activityId", LIST_TEXT, "s.element_id = ?", NULL, NULL},
    {"executionId", LIST_UUID, "s.execution_id = ?", NULL, NULL},
    {"processInstanceId", LIST_UUID, "s.instance_id = ?", NULL, NULL},
    {"processDefinitionId", LIST_TEXT, "s.definition_id = ?", NULL, NULL},
    {"withoutProcessInstanceId", LIST_FLAG, "s.instance_id IS NULL", "s.instance_id IS NOT NULL",
     NULL},
    {"eventTypes", LIST_TEXTS, "s.event_type = ANY(?)", NULL, NULL},
    {"correlationKey", LIST_TEXT, "s.correlation_key = ?", NULL, NULL},
    {"processDefinitionKey", LIST_TEXT,
     "s.definition_id IN (SELECT d.id FROM synergyflow_workflows.process_definition d"
     " WHERE d.key = ?)",
     NULL, NULL},
    {"createdBefore", LIST_TIME, "s.created_at < ?", NULL, NULL},
    {"createdAfter", LIST_TIME, "s.created_at > ?", NULL, NULL},
    {"tenantId", LIST_TEXT, "s.tenant_id = ?", NULL, NULL},
    {"withoutTenantId", LIST_FLAG, "s.tenant_id = ''", NULL, NULL},
};
static const struct list_sort sorts[] = {
    {"id", "s.id"},
    {"created", "s.created_at"},
    {"executionId", "s.execution_id"},
    {"processInstanceId", "s.instance_id"},
    {"processDefinitionId", "s.definition_id"},
    {"tenantId", "s.tenant_id"},
};
static const struct list list = {
    .columns = "s.id::text, s.event_type, s.event_name, s.element_id, s.execution_id::text,"
               " s.instance_id::text, s.definition_id, s.created_at, s.tenant_id,"
               " s.correlation_key, s.claimed",
    .from = "synergyflow_workflows.event_subscription s",
    .where = "true",
    .tie = "s.id",
    .filters = filters,
    .filter_count = COUNT_OF(filters),
    .sorts = sorts,
    .sort_count = COUNT_OF(sorts),
    .represent = represent,
    .noun = "an event subscription",
};

static void get_list(void *context, struct http_request *request)
{
    list_answer(context, request, &list);
}

static void get_one(void *context, struct http_request *request)
{
    struct uuid id;

    if (api_id(request, "eventSubscriptionId", list.noun, &id))
        list_answer_one(context, request, &list, "s.id = $1", &id);
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/runtime/event-subscriptions", get_list,
     "List of event subscriptions", 0},
    {HTTP_GET_METHOD, "/process-api/runtime/event-subscriptions/{eventSubscriptionId}", get_one,
     "Get a single event subscription", 0},
};
const struct api_routes event_subscription_routes = {routes, COUNT_OF(routes)};
