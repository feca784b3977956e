/* /process-api/history/historic-task-instances: open, completed and cancelled tasks. */
#include "engine/api/internal.h"

enum {
    COLUMN_ID,
    COLUMN_OWNER,
    COLUMN_ASSIGNEE,
    COLUMN_NAME,
    COLUMN_DESCRIPTION,
    COLUMN_CREATED,
    COLUMN_ENDED,
    COLUMN_CLAIMED,
    COLUMN_DUE,
    COLUMN_PRIORITY,
    COLUMN_REASON,
    COLUMN_ELEMENT,
    COLUMN_TENANT,
    COLUMN_CATEGORY,
    COLUMN_FORM,
    COLUMN_EXECUTION,
    COLUMN_INSTANCE,
    COLUMN_DEFINITION,
    COLUMN_VARIABLES,
};

static json_t *represent(const struct api_row *row)
{
    json_t *object = json_object();
    json_t *variables = row_json(row, COLUMN_VARIABLES);

    row_text(row, object, "id", COLUMN_ID);
    row_url(row, object, "url", "/process-api/history/historic-task-instances/", COLUMN_ID);
    row_text(row, object, "name", COLUMN_NAME);
    row_text(row, object, "description", COLUMN_DESCRIPTION);
    row_text(row, object, "owner", COLUMN_OWNER);
    row_text(row, object, "assignee", COLUMN_ASSIGNEE);
    row_time(row, object, "startTime", COLUMN_CREATED);
    row_time(row, object, "endTime", COLUMN_ENDED);
    row_time(row, object, "claimTime", COLUMN_CLAIMED);
    row_duration(row, object, "durationInMillis", COLUMN_CREATED, COLUMN_ENDED);
    row_duration(row, object, "workTimeInMillis", COLUMN_CLAIMED, COLUMN_ENDED);
    row_text(row, object, "deleteReason", COLUMN_REASON);
    row_time(row, object, "dueDate", COLUMN_DUE);
    row_int(row, object, "priority", COLUMN_PRIORITY);
    row_text(row, object, "taskDefinitionKey", COLUMN_ELEMENT);
    row_text(row, object, "category", COLUMN_CATEGORY);
    row_text(row, object, "formKey", COLUMN_FORM);
    json_put(object, "parentTaskId", json_null());
    row_text(row, object, "executionId", COLUMN_EXECUTION);
    row_text(row, object, "processInstanceId", COLUMN_INSTANCE);
    row_url(row, object, "processInstanceUrl", "/process-api/history/historic-process-instances/",
            COLUMN_INSTANCE);
    row_text(row, object, "processDefinitionId", COLUMN_DEFINITION);
    row_url(row, object, "processDefinitionUrl", "/process-api/repository/process-definitions/",
            COLUMN_DEFINITION);
    json_put(object, "variables", api_variables(variables, "global"));
    row_text(row, object, "tenantId", COLUMN_TENANT);
    json_decref(variables);
    return object;
}

static const struct list_filter filters[] = {
    {"taskId", LIST_UUID, "t.id = ?", NULL, NULL},
    {"processInstanceId", LIST_UUID, "t.instance_id = ?", NULL, NULL},
    {"processBusinessKey", LIST_TEXT, "i.business_key = ?", NULL, NULL},
    {"processBusinessKeyLike", LIST_LIKE, "i.business_key LIKE ?", NULL, NULL},
    {"processDefinitionId", LIST_TEXT, "t.definition_id = ?", NULL, NULL},
    {"processDefinitionKey", LIST_TEXT, "i.definition_key = ?", NULL, NULL},
    {"executionId", LIST_UUID, "t.execution_id = ?", NULL, NULL},
    {"taskName", LIST_TEXT, "t.name = ?", NULL, NULL},
    {"taskNameLike", LIST_LIKE, "t.name LIKE ?", NULL, NULL},
    {"taskDescription", LIST_TEXT, "t.description = ?", NULL, NULL},
    {"taskDefinitionKey", LIST_TEXT, "t.element_id = ?", NULL, NULL},
    {"taskCategory", LIST_TEXT, "t.category = ?", NULL, NULL},
    {"taskDeleteReason", LIST_TEXT, "t.delete_reason = ?", NULL, NULL},
    {"taskAssignee", LIST_TEXT, "t.assignee = ?", NULL, NULL},
    {"taskAssigneeLike", LIST_LIKE, "t.assignee LIKE ?", NULL, NULL},
    {"taskOwner", LIST_TEXT, "t.owner = ?", NULL, NULL},
    {"taskInvolvedUser", LIST_TEXT, "t.assignee = ? OR t.owner = ?", NULL, NULL},
    {"taskPriority", LIST_INT, "t.priority = ?", NULL, NULL},
    {"taskMinPriority", LIST_INT, "t.priority >= ?", NULL, NULL},
    {"taskMaxPriority", LIST_INT, "t.priority <= ?", NULL, NULL},
    {"finished", LIST_FLAG, "t.status > 1", "t.status = 1", NULL},
    {"processFinished", LIST_FLAG, "i.status >= 3", "i.status < 3", NULL},
    {"dueDateAfter", LIST_TIME, "t.due_at > ?", NULL, NULL},
    {"dueDateBefore", LIST_TIME, "t.due_at < ?", NULL, NULL},
    {"withoutDueDate", LIST_FLAG, "t.due_at IS NULL", NULL, NULL},
    {"taskCreatedAfter", LIST_TIME, "t.created_at > ?", NULL, NULL},
    {"taskCreatedBefore", LIST_TIME, "t.created_at < ?", NULL, NULL},
    {"taskCompletedAfter", LIST_TIME, "t.ended_at > ?", NULL, NULL},
    {"taskCompletedBefore", LIST_TIME, "t.ended_at < ?", NULL, NULL},
    {"includeTaskLocalVariables", LIST_FLAG, NULL, NULL, NULL}, /* there are none */
    {"includeProcessVariables", LIST_INCLUDE, NULL, NULL, NULL},
    {"processVariables", LIST_VARIABLES, "i.variables @> ?", "NOT i.variables @> ?", NULL},
    {"tenantId", LIST_TEXT, "t.tenant_id = ?", NULL, NULL},
    {"withoutTenantId", LIST_FLAG, "t.tenant_id = ''", NULL, NULL},
};
static const struct list_sort sorts[] = {
    {"taskInstanceId", "t.id"},
    {"name", "t.name"},
    {"description", "t.description"},
    {"startTime", "t.created_at"},
    {"start", "t.created_at"},
    {"endTime", "t.ended_at"},
    {"end", "t.ended_at"},
    {"duration", "t.ended_at - t.created_at"},
    {"dueDate", "t.due_at"},
    {"priority", "t.priority"},
    {"assignee", "t.assignee"},
    {"owner", "t.owner"},
    {"deleteReason", "t.delete_reason"},
    {"executionId", "t.execution_id"},
    {"processInstanceId", "t.instance_id"},
    {"processDefinitionId", "t.definition_id"},
    {"taskDefinitionKey", "t.element_id"},
    {"tenantId", "t.tenant_id"},
};
static const struct list list = {
    .columns = "t.id::text, t.owner, t.assignee, t.name, t.description, t.created_at, t.ended_at,"
               " t.claimed_at, t.due_at, t.priority, t.delete_reason, t.element_id, t.tenant_id,"
               " t.category, t.form_key, t.execution_id::text, t.instance_id::text,"
               " t.definition_id",
    .include = "i.variables",
    .from = "synergyflow_workflows.task t"
            " LEFT JOIN synergyflow_workflows.process_instance i ON i.id = t.instance_id",
    .where = "true",
    .tie = "t.id",
    .filters = filters,
    .filter_count = COUNT_OF(filters),
    .sorts = sorts,
    .sort_count = COUNT_OF(sorts),
    .represent = represent,
    .noun = "a historic task instance",
};

static void get_list(void *context, struct http_request *request)
{
    list_answer(context, request, &list);
}

static void post_query(void *context, struct http_request *request)
{
    list_answer_body(context, request, &list);
}

static void get_one(void *context, struct http_request *request)
{
    struct uuid id;

    if (api_id(request, "taskId", list.noun, &id))
        list_answer_one(context, request, &list, "t.id = $1", &id);
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/history/historic-task-instances", get_list,
     "List historic task instances", 0},
    {HTTP_GET_METHOD, "/process-api/history/historic-task-instances/{taskId}", get_one,
     "Get a single historic task instance", 0},
    {HTTP_POST_METHOD, "/process-api/query/historic-task-instances", post_query,
     "Query for historic task instances", 0},
};
const struct api_routes historic_task_instance_routes = {routes, COUNT_OF(routes)};
