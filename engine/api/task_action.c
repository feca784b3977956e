/* POST and PUT /process-api/runtime/tasks/{id}: complete goes through a command; claim and the
 * task's own fields are one statement on its row. */
#include "engine/api/internal.h"

#include "bpmn/iso8601.h"

#include <string.h>

static const char *const noun = "a task";

/* ---- complete ------------------------------------------------------------------------------ */

static bool has_local_variables(const json_t *array)
{
    size_t i;
    json_t *variable;

    json_array_foreach (array, i, variable) {
        const char *scope = json_string_value(json_object_get(variable, "scope"));

        if (scope != NULL && strcmp(scope, "local") == 0)
            return true;
    }
    return false;
}

static void complete(struct api_operation *operation)
{
    static const char *const unsupported[] = {"transientVariables", "formDefinitionId", "outcome",
                                              "transientOutcome", NULL};
    struct error error;

    if (!api_operation_unsupported(operation, unsupported) ||
        !api_operation_variables(operation, "variables"))
        return;
    if (has_local_variables(json_object_get(operation->body, "variables"))) {
        error_set_field(&error, STATUS_INVALID, "scope",
                        "Variables that stay with the task are not supported; leave the scope out, "
                        "then they become the process instance's.");
        api_operation_fail(operation, &error);
        return;
    }
    operation->command.kind = COMMAND_STEP;
    operation->command.step = BPMN_COMPLETE_TASK;
    operation->command.address = ADDRESS_TASK;
    operation->on_done = api_operation_ok;
    operation->on_failed = api_operation_explain_task;
    api_operation_submit(operation);
}

/* ---- what became of a task that an UPDATE did not find -------------------------------------- */

/* The second statement of each update: the row as it is afterwards. */
static const struct pg_statement state_statement = {
    "api_task_state",
    "SELECT status + 1, ended_at, delete_reason, assignee FROM synergyflow_workflows.task"
    " WHERE id = $1"};

static void refuse_unchanged(struct api_query *query, const struct pg_result *state)
{
    if (pg_rows(state) == 0)
        api_not_found(query->request, noun, query->subject);
    else if (pg_value_int(state, 0, 0) >= 3)
        api_refuse_ended(query->request, "task", query->subject, state);
    else
        api_refuse(query->request, STATUS_CONFLICT,
                   "Task '%s' is already claimed by someone else: expected no assignee, but it is "
                   "'%.200s'.",
                   query->subject, pg_value_text(state, 0, 3));
}

/* ---- claim --------------------------------------------------------------------------------- */

static const struct pg_statement claim_statement = {
    "api_task_claim", "UPDATE synergyflow_workflows.task SET assignee = $2, claimed_at = now()"
                      " WHERE id = $1 AND status = 1 AND (assignee IS NULL OR assignee = $2)"};
static const struct pg_statement unclaim_statement = {
    "api_task_unclaim", "UPDATE synergyflow_workflows.task SET assignee = NULL, claimed_at = NULL"
                        " WHERE id = $1 AND status = 1"};

static void on_claimed(struct api_query *query)
{
    if (pg_affected(api_query_rows(query, 0)) > 0)
        http_reply_empty(query->request, 200);
    else
        refuse_unchanged(query, api_query_rows(query, 1));
}

static void claim(struct api_operation *operation, const struct uuid *id)
{
    struct http_request *request = operation->request;
    struct api_query *query = api_query_new(operation->api, request, on_claimed);
    const char *assignee = NULL;
    struct error error = {0};
    struct pg_call *call;

    if (json_field_text(operation->body, "assignee", &assignee, &error) != STATUS_OK) {
        api_operation_fail(operation, &error);
        return;
    }
    query->subject = http_param(request, "taskId");
    call = api_query_add(query, assignee != NULL ? &claim_statement : &unclaim_statement);
    pg_uuid(call, id);
    if (assignee != NULL)
        pg_text(call, assignee);
    pg_uuid(api_query_add(query, &state_statement), id);
    api_operation_clear(operation);
    api_query_run(query);
}

static void post_one(void *context, struct http_request *request)
{
    static const char *const known[] = {
        "action",           "assignee", "variables",        "transientVariables",
        "formDefinitionId", "outcome",  "transientOutcome", NULL};
    struct api_operation *operation = api_operation_new(context, request);
    const char *action = NULL;
    struct error error = {0};
    struct uuid id;

    if (!api_id(request, "taskId", noun, &id) || !api_operation_body(operation, false, known))
        return;
    if (json_field_required_text(operation->body, "action", &action, &error) != STATUS_OK) {
        api_operation_fail(operation, &error);
        return;
    }
    operation->command.target = id;
    if (strcmp(action, "complete") == 0) {
        complete(operation);
    } else if (strcmp(action, "claim") == 0) {
        claim(operation, &id);
    } else {
        bool known_action = strcmp(action, "delegate") == 0 || strcmp(action, "resolve") == 0;

        error_set_field(&error, STATUS_INVALID, "action",
                        known_action ? "The action '%.60s' is not supported; set the assignee and "
                                       "the owner with PUT, or use complete or claim."
                                     : "Invalid action: expected complete or claim, but found "
                                       "'%.60s'.",
                        action);
        api_operation_fail(operation, &error);
    }
}

/* ---- fields -------------------------------------------------------------------------------- */

/* Each field has a flag: whether the body names it, since null clears. */
static const struct pg_statement update_statement = {
    "api_task_update",
    "UPDATE synergyflow_workflows.task SET"
    " owner = CASE WHEN $2 THEN $3 ELSE owner END,"
    " claimed_at = CASE WHEN $4 AND $5::text IS NULL THEN NULL ELSE claimed_at END,"
    " assignee = CASE WHEN $4 THEN $5 ELSE assignee END,"
    " name = CASE WHEN $6 THEN $7 ELSE name END,"
    " description = CASE WHEN $8 THEN $9 ELSE description END,"
    " category = CASE WHEN $10 THEN $11 ELSE category END,"
    " form_key = CASE WHEN $12 THEN $13 ELSE form_key END,"
    " due_at = CASE WHEN $14 THEN $15::timestamptz ELSE due_at END,"
    " priority = CASE WHEN $16 THEN $17 ELSE priority END"
    " WHERE id = $1 AND status = 1"};

static void on_updated(struct api_query *query)
{
    struct api_row row = {query->api, query->request, api_query_rows(query, 1), 0};

    if (pg_affected(api_query_rows(query, 0)) > 0 && pg_rows(row.rows) > 0)
        http_reply_json(query->request, 200, task_list.represent(&row));
    else
        refuse_unchanged(query, api_query_rows(query, 2));
}

static enum status give_fields(struct pg_call *call, const json_t *body, struct error *ret_error)
{
    static const char *const texts[] = {"owner",       "assignee", "name",
                                        "description", "category", "formKey"};
    enum status status = STATUS_OK;
    const char *due = NULL;
    int64_t due_us = 0;
    int64_t priority = 0;

    for (size_t i = 0; i < COUNT_OF(texts) && status == STATUS_OK; i++) {
        const char *text = NULL;

        status = json_field_text(body, texts[i], &text, ret_error);
        pg_bool(call, json_object_get(body, texts[i]) != NULL);
        pg_text(call, text);
    }
    if (status == STATUS_OK)
        status = json_field_text(body, "dueDate", &due, ret_error);
    if (status == STATUS_OK && due != NULL &&
        iso8601_parse_instant(due, &due_us, ret_error) != STATUS_OK) {
        struct error inner = *ret_error;

        status =
            error_set_field(ret_error, STATUS_INVALID, "dueDate",
                            "Expected 'dueDate' to be an ISO 8601 date: %.500s", inner.message);
    }
    if (status == STATUS_OK)
        status = json_field_int(body, "priority", 0, INT32_MIN, INT32_MAX, &priority, ret_error);
    pg_bool(call, json_object_get(body, "dueDate") != NULL);
    if (due != NULL)
        pg_timestamp(call, due_us);
    else
        pg_null(call);
    /* A task always has a priority: null leaves it as it is. */
    pg_bool(call, json_is_integer(json_object_get(body, "priority")));
    pg_int4(call, (int32_t)priority);
    return status;
}

static void put_one(void *context, struct http_request *request)
{
    static const char *const known[] = {
        "owner",    "assignee",     "delegationState", "name",     "description", "dueDate",
        "priority", "parentTaskId", "category",        "tenantId", "formKey",     NULL};
    static const char *const unsupported[] = {"delegationState", "parentTaskId", "tenantId", NULL};
    struct api_operation *operation = api_operation_new(context, request);
    struct api_query *query = api_query_new(context, request, on_updated);
    struct pg_statement *one = arena_alloc(http_arena(request), sizeof(*one));
    struct error error = {0};
    struct pg_call *call;
    struct uuid id;

    if (!api_id(request, "taskId", noun, &id) || !api_operation_body(operation, false, known) ||
        !api_operation_unsupported(operation, unsupported))
        return;
    query->subject = http_param(request, "taskId");
    call = api_query_add(query, &update_statement);
    pg_uuid(call, &id);
    if (give_fields(call, operation->body, &error) != STATUS_OK) {
        api_operation_fail(operation, &error);
        return;
    }
    *one = list_one_statement(http_arena(request), &task_list, "t.id = $1", false);
    pg_uuid(api_query_add(query, one), &id);
    pg_uuid(api_query_add(query, &state_statement), &id);
    api_operation_clear(operation);
    api_query_run(query);
}

static const struct http_route routes[] = {
    {HTTP_POST_METHOD, "/process-api/runtime/tasks/{taskId}", post_one,
     "Tasks actions: complete, claim", 0},
    {HTTP_PUT_METHOD, "/process-api/runtime/tasks/{taskId}", put_one, "Update a task", 0},
};
const struct api_routes task_action_routes = {routes, COUNT_OF(routes)};
