/* /process-api/management/timer-jobs: the armed timers. */
#include "engine/api/internal.h"

enum {
    COLUMN_ID,
    COLUMN_INSTANCE,
    COLUMN_DEFINITION,
    COLUMN_EXECUTION,
    COLUMN_ELEMENT,
    COLUMN_RETRIES,
    COLUMN_ERROR,
    COLUMN_DUE,
    COLUMN_CREATED,
    COLUMN_TENANT,
};

static json_t *represent(const struct api_row *row)
{
    json_t *object = json_object();

    row_text(row, object, "id", COLUMN_ID);
    row_url(row, object, "url", "/process-api/management/timer-jobs/", COLUMN_ID);
    row_text(row, object, "correlationId", COLUMN_ID);
    row_text(row, object, "processInstanceId", COLUMN_INSTANCE);
    row_url(row, object, "processInstanceUrl", "/process-api/runtime/process-instances/",
            COLUMN_INSTANCE);
    row_text(row, object, "processDefinitionId", COLUMN_DEFINITION);
    row_url(row, object, "processDefinitionUrl", "/process-api/repository/process-definitions/",
            COLUMN_DEFINITION);
    row_text(row, object, "executionId", COLUMN_EXECUTION);
    row_url(row, object, "executionUrl", "/process-api/runtime/executions/", COLUMN_EXECUTION);
    row_text(row, object, "elementId", COLUMN_ELEMENT);
    json_put(object, "elementName", json_null());
    json_put_text(object, "handlerType", "trigger-timer");
    row_int(row, object, "retries", COLUMN_RETRIES);
    row_text(row, object, "exceptionMessage", COLUMN_ERROR);
    row_time(row, object, "dueDate", COLUMN_DUE);
    row_time(row, object, "createTime", COLUMN_CREATED);
    json_put(object, "lockOwner", json_null());
    json_put(object, "lockExpirationTime", json_null());
    row_text(row, object, "tenantId", COLUMN_TENANT);
    return object;
}

static const struct list_filter filters[] = {
    {"id", LIST_UUID, "m.id = ?", NULL, NULL},
    {"processInstanceId", LIST_UUID, "m.instance_id = ?", NULL, NULL},
    {"withoutProcessInstanceId", LIST_FLAG, "false", NULL, NULL},
    {"executionId", LIST_UUID, "m.execution_id = ?", NULL, NULL},
    {"processDefinitionId", LIST_TEXT, "m.definition_id = ?", NULL, NULL},
    {"elementId", LIST_TEXT, "m.element_id = ?", NULL, NULL},
    {"executable", LIST_FLAG, "m.due_at <= now()", NULL, NULL},
    {"timersOnly", LIST_FLAG, NULL, NULL, NULL}, /* all of them are */
    {"messagesOnly", LIST_FLAG, "false", NULL, NULL},
    {"withException", LIST_FLAG, "m.last_error IS NOT NULL", NULL, NULL},
    {"exceptionMessage", LIST_TEXT, "m.last_error = ?", NULL, NULL},
    {"dueBefore", LIST_TIME, "m.due_at < ?", NULL, NULL},
    {"dueAfter", LIST_TIME, "m.due_at > ?", NULL, NULL},
    {"tenantId", LIST_TEXT, "m.tenant_id = ?", NULL, NULL},
    {"tenantIdLike", LIST_LIKE, "m.tenant_id LIKE ?", NULL, NULL},
    {"withoutTenantId", LIST_FLAG, "m.tenant_id = ''", NULL, NULL},
};
static const struct list_sort sorts[] = {
    {"id", "m.id"},
    {"dueDate", "m.due_at"},
    {"createTime", "m.created_at"},
    {"executionId", "m.execution_id"},
    {"processInstanceId", "m.instance_id"},
    {"retries", "m.attempts"},
    {"tenantId", "m.tenant_id"},
};
static const struct list list = {
    /* Flowable gives a timer three tries; ours go on, so one is always left. */
    .columns = "m.id::text, m.instance_id::text, m.definition_id, m.execution_id::text,"
               " m.element_id, GREATEST(3 - m.attempts, 1), m.last_error, m.due_at, m.created_at,"
               " m.tenant_id",
    .from = "synergyflow_workflows.timer m",
    .where = "true",
    .tie = "m.id",
    .filters = filters,
    .filter_count = COUNT_OF(filters),
    .sorts = sorts,
    .sort_count = COUNT_OF(sorts),
    .represent = represent,
    .noun = "a timer job",
};

static void get_list(void *context, struct http_request *request)
{
    list_answer(context, request, &list);
}

static void get_one(void *context, struct http_request *request)
{
    struct uuid id;

    if (api_id(request, "jobId", list.noun, &id))
        list_answer_one(context, request, &list, "m.id = $1", &id);
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/management/timer-jobs", get_list, "List timer jobs", 0},
    {HTTP_GET_METHOD, "/process-api/management/timer-jobs/{jobId}", get_one,
     "Get a single timer job", 0},
};
const struct api_routes timer_job_routes = {routes, COUNT_OF(routes)};
