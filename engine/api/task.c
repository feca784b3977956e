/* /process-api/runtime/tasks: list with Flowable's filters, and get. Changes are in task_action.c,
 * variables in scope_variable.c. */
#include "engine/api/internal.h"

enum {
    COLUMN_ID,
    COLUMN_OWNER,
    COLUMN_ASSIGNEE,
    COLUMN_NAME,
    COLUMN_DESCRIPTION,
    COLUMN_CREATED,
    COLUMN_DUE,
    COLUMN_PRIORITY,
    COLUMN_SUSPENDED,
    COLUMN_CLAIMED,
    COLUMN_ELEMENT,
    COLUMN_TENANT,
    COLUMN_CATEGORY,
    COLUMN_FORM,
    COLUMN_EXECUTION,
    COLUMN_INSTANCE,
    COLUMN_DEFINITION,
    COLUMN_VARIABLES,
};

/* Members that Flowable has and we never fill. */
static void put_absent(json_t *object)
{
    static const char *const names[] = {
        "delegationState", "scopeDefinitionId", "scopeId",       "subScopeId",
        "scopeType",       "parentTaskId",      "parentTaskUrl", "propagatedStageInstanceId"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        json_put(object, names[i], json_null());
}

static json_t *represent(const struct api_row *row)
{
    json_t *object = json_object();
    json_t *variables = row_json(row, COLUMN_VARIABLES);

    row_text(row, object, "id", COLUMN_ID);
    row_url(row, object, "url", "/process-api/runtime/tasks/", COLUMN_ID);
    row_text(row, object, "owner", COLUMN_OWNER);
    row_text(row, object, "assignee", COLUMN_ASSIGNEE);
    row_text(row, object, "name", COLUMN_NAME);
    row_text(row, object, "description", COLUMN_DESCRIPTION);
    row_time(row, object, "createTime", COLUMN_CREATED);
    row_time(row, object, "dueDate", COLUMN_DUE);
    row_int(row, object, "priority", COLUMN_PRIORITY);
    row_bool(row, object, "suspended", COLUMN_SUSPENDED);
    row_time(row, object, "claimTime", COLUMN_CLAIMED);
    row_text(row, object, "taskDefinitionKey", COLUMN_ELEMENT);
    row_text(row, object, "tenantId", COLUMN_TENANT);
    row_text(row, object, "category", COLUMN_CATEGORY);
    row_text(row, object, "formKey", COLUMN_FORM);
    row_text(row, object, "executionId", COLUMN_EXECUTION);
    row_url(row, object, "executionUrl", "/process-api/runtime/executions/", COLUMN_EXECUTION);
    row_text(row, object, "processInstanceId", COLUMN_INSTANCE);
    row_url(row, object, "processInstanceUrl", "/process-api/runtime/process-instances/",
            COLUMN_INSTANCE);
    row_text(row, object, "processDefinitionId", COLUMN_DEFINITION);
    row_url(row, object, "processDefinitionUrl", "/process-api/repository/process-definitions/",
            COLUMN_DEFINITION);
    json_put(object, "variables", api_variables(variables, "global"));
    put_absent(object);
    json_decref(variables);
    return object;
}

/* Candidates are asked for to find work that nobody has taken: unless ignoreAssignee=true. */
static const char unassigned[] = "t.assignee IS NULL";

static const struct list_filter filters[] = {
    {"taskId", LIST_UUID, "t.id = ?", NULL, NULL},
    {"name", LIST_TEXT, "t.name = ?", NULL, NULL},
    {"nameLike", LIST_LIKE, "t.name LIKE ?", NULL, NULL},
    {"nameLikeIgnoreCase", LIST_LIKE, "lower(t.name) LIKE lower(?)", NULL, NULL},
    {"description", LIST_TEXT, "t.description = ?", NULL, NULL},
    {"descriptionLike", LIST_LIKE, "t.description LIKE ?", NULL, NULL},
    {"priority", LIST_INT, "t.priority = ?", NULL, NULL},
    {"minimumPriority", LIST_INT, "t.priority >= ?", NULL, NULL},
    {"maximumPriority", LIST_INT, "t.priority <= ?", NULL, NULL},
    {"assignee", LIST_TEXT, "t.assignee = ?", NULL, NULL},
    {"assigneeLike", LIST_LIKE, "t.assignee LIKE ?", NULL, NULL},
    {"owner", LIST_TEXT, "t.owner = ?", NULL, NULL},
    {"ownerLike", LIST_LIKE, "t.owner LIKE ?", NULL, NULL},
    {"unassigned", LIST_FLAG, unassigned, "t.assignee IS NOT NULL", NULL},
    {"ignoreAssignee", LIST_SWITCH, NULL, NULL, NULL},
    {"candidateUser", LIST_TEXT, "? = ANY(t.candidate_users)", NULL, unassigned},
    {"candidateGroup", LIST_TEXT, "t.candidate_groups @> ARRAY[?]", NULL, unassigned},
    {"candidateGroups", LIST_TEXTS, "t.candidate_groups && ?", NULL, unassigned},
    {"candidateGroupIn", LIST_TEXTS, "t.candidate_groups && ?", NULL, unassigned},
    {"candidateOrAssigned", LIST_TEXT,
     "t.assignee = ? OR (t.assignee IS NULL AND ? = ANY(t.candidate_users))", NULL, NULL},
    {"involvedUser", LIST_TEXT, "t.assignee = ? OR t.owner = ? OR ? = ANY(t.candidate_users)", NULL,
     NULL},
    {"taskDefinitionKey", LIST_TEXT, "t.element_id = ?", NULL, NULL},
    {"taskDefinitionKeyLike", LIST_LIKE, "t.element_id LIKE ?", NULL, NULL},
    {"taskDefinitionKeys", LIST_TEXTS, "t.element_id = ANY(?)", NULL, NULL},
    {"processInstanceId", LIST_UUID, "t.instance_id = ?", NULL, NULL},
    {"processInstanceIdWithChildren", LIST_UUID,
     "t.instance_id IN (WITH RECURSIVE called AS (SELECT ?::uuid AS id UNION ALL"
     " SELECT c.id FROM synergyflow_workflows.process_instance c"
     " JOIN called ON c.caller_id = called.id) SELECT id FROM called)",
     NULL, NULL},
    {"rootProcessInstanceId", LIST_UUID, "coalesce(i.root_id, i.id) = ?", NULL, NULL},
    {"withoutProcessInstanceId", LIST_FLAG, "false", NULL, NULL},
    {"processInstanceBusinessKey", LIST_TEXT, "i.business_key = ?", NULL, NULL},
    {"processInstanceBusinessKeyLike", LIST_LIKE, "i.business_key LIKE ?", NULL, NULL},
    {"processDefinitionId", LIST_TEXT, "t.definition_id = ?", NULL, NULL},
    {"processDefinitionKey", LIST_TEXT, "i.definition_key = ?", NULL, NULL},
    {"processDefinitionKeyLike", LIST_LIKE, "i.definition_key LIKE ?", NULL, NULL},
    {"processDefinitionName", LIST_TEXT, "d.name = ?", NULL, NULL},
    {"processDefinitionNameLike", LIST_LIKE, "d.name LIKE ?", NULL, NULL},
    {"executionId", LIST_UUID, "t.execution_id = ?", NULL, NULL},
    {"createdOn", LIST_TIME, "date_trunc('milliseconds', t.created_at) = ?", NULL, NULL},
    {"createdBefore", LIST_TIME, "t.created_at < ?", NULL, NULL},
    {"createdAfter", LIST_TIME, "t.created_at > ?", NULL, NULL},
    {"dueDate", LIST_TIME, "date_trunc('milliseconds', t.due_at) = ?", NULL, NULL},
    {"dueOn", LIST_TIME, "date_trunc('milliseconds', t.due_at) = ?", NULL, NULL},
    {"dueBefore", LIST_TIME, "t.due_at < ?", NULL, NULL},
    {"dueAfter", LIST_TIME, "t.due_at > ?", NULL, NULL},
    {"withoutDueDate", LIST_FLAG, "t.due_at IS NULL", NULL, NULL},
    {"excludeSubTasks", LIST_FLAG, NULL, NULL, NULL}, /* there are none */
    {"active", LIST_FLAG, "i.status = 1", "i.status = 2", NULL},
    {"category", LIST_TEXT, "t.category = ?", NULL, NULL},
    {"categoryIn", LIST_TEXTS, "t.category = ANY(?)", NULL, NULL},
    {"categoryNotIn", LIST_TEXTS, "t.category <> ALL(?)", NULL, NULL},
    {"withoutCategory", LIST_FLAG, "t.category IS NULL", NULL, NULL},
    {"includeTaskLocalVariables", LIST_FLAG, NULL, NULL, NULL}, /* there are none */
    {"includeProcessVariables", LIST_INCLUDE, NULL, NULL, NULL},
    {"processInstanceVariables", LIST_VARIABLES, "i.variables @> ?", "NOT i.variables @> ?", NULL},
    {"tenantId", LIST_TEXT, "t.tenant_id = ?", NULL, NULL},
    {"tenantIdLike", LIST_LIKE, "t.tenant_id LIKE ?", NULL, NULL},
    {"withoutTenantId", LIST_FLAG, "t.tenant_id = ''", NULL, NULL},
};
static const struct list_sort sorts[] = {
    {"id", "t.id"},
    {"name", "t.name"},
    {"description", "t.description"},
    {"dueDate", "t.due_at"},
    {"createTime", "t.created_at"},
    {"priority", "t.priority"},
    {"executionId", "t.execution_id"},
    {"processInstanceId", "t.instance_id"},
    {"tenantId", "t.tenant_id"},
    {"assignee", "t.assignee"},
    {"owner", "t.owner"},
    {"category", "t.category"},
};
const struct list task_list = {
    .columns = "t.id::text, t.owner, t.assignee, t.name, t.description, t.created_at, t.due_at,"
               " t.priority, COALESCE(i.status = 2, false), t.claimed_at, t.element_id,"
               " t.tenant_id, t.category, t.form_key, t.execution_id::text, t.instance_id::text,"
               " t.definition_id",
    .include = "i.variables",
    .from = "synergyflow_workflows.task t"
            " LEFT JOIN synergyflow_workflows.process_instance i ON i.id = t.instance_id"
            " LEFT JOIN synergyflow_workflows.process_definition d ON d.id = t.definition_id",
    .where = "t.status = 1",
    .tie = "t.id",
    .filters = filters,
    .filter_count = COUNT_OF(filters),
    .sorts = sorts,
    .sort_count = COUNT_OF(sorts),
    .represent = represent,
    .noun = "a task",
};

static void get_list(void *context, struct http_request *request)
{
    list_answer(context, request, &task_list);
}

static void post_query(void *context, struct http_request *request)
{
    list_answer_body(context, request, &task_list);
}

static void get_one(void *context, struct http_request *request)
{
    struct uuid id;

    if (api_id(request, "taskId", "a task", &id))
        list_answer_one(context, request, &task_list, "t.id = $1", &id);
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/runtime/tasks", get_list, "List of tasks", 0},
    {HTTP_GET_METHOD, "/process-api/runtime/tasks/{taskId}", get_one, "Get a task", 0},
    {HTTP_POST_METHOD, "/process-api/query/tasks", post_query, "Query for tasks", 0},
};
const struct api_routes task_routes = {routes, COUNT_OF(routes)};
