/* What moves a running process instance as a whole: suspend and activate, name and business key,
 * change-state, a look at its conditions, and deletion of many. */
#include "engine/api/process_instance.h"

#include "engine/base/clock.h"

#include <string.h>

static const char *const noun = "a process instance";

enum { DELETE_MAX = 10000, TEXT_MAX = 255 };

/* ---- PUT ---- */

static const struct pg_statement update_statement = {
    "api_instance_update",
    "WITH changed AS (UPDATE synergyflow_workflows.process_instance SET"
    "   name = CASE WHEN $2 THEN $3 ELSE name END, revision = revision + 1,"
    "   business_key = CASE WHEN $4 THEN $5 ELSE business_key END"
    "   WHERE id = $1 AND status < 3 RETURNING id, revision, tenant_id)"
    " INSERT INTO synergyflow_workflows.journal (instance_id, sequence, tenant_id, at, changes)"
    " SELECT id, revision, tenant_id, to_timestamp($6::bigint / 1000000.0), CASE WHEN $4 AND"
    "   $5 IS NOT NULL THEN jsonb_build_array(jsonb_build_object('c', 'business-key', 'at',"
    "   $6::bigint, 'key', $5::text)) ELSE '[]'::jsonb END FROM changed"};

static void on_represented(struct api_query *query)
{
    uint32_t last = pg_batch_count(query->batch) - 1;
    struct api_row row = {query->api, query->request, api_query_rows(query, last), 0};

    if (pg_rows(row.rows) == 0)
        api_not_found(query->request, noun, http_param(query->request, "processInstanceId"));
    else
        http_reply_json(query->request, 200, process_instance_list.represent(&row));
}

/* The instance as it is now, after what the query does before. */
static void answer_instance(struct api_query *query, const struct uuid *id)
{
    struct pg_statement *one = arena_alloc(http_arena(query->request), sizeof(*one));

    *one =
        list_one_statement(http_arena(query->request), &process_instance_list, "i.id = $1", false);
    pg_uuid(api_query_add(query, one), id);
    api_query_run(query);
}

static void on_switched(struct api_operation *operation)
{
    struct api_query *query = api_query_new(operation->api, operation->request, on_represented);

    api_operation_clear(operation);
    answer_instance(query, &operation->command.target);
}

static void update(struct api_operation *operation)
{
    struct http_request *request = operation->request;
    struct api_query *query = api_query_new(operation->api, request, on_represented);
    static const char *const fields[] = {"name", "businessKey"};
    struct pg_call *call = api_query_add(query, &update_statement);
    struct error error = {0};

    pg_uuid(call, &operation->command.target);
    for (size_t i = 0; i < COUNT_OF(fields) && error.status == STATUS_OK; i++) {
        const char *text = NULL;

        if (json_field_text(operation->body, fields[i], &text, &error) == STATUS_OK &&
            text != NULL && strlen(text) > TEXT_MAX)
            error_set_field(&error, STATUS_INVALID, fields[i],
                            "Expected '%s' to have at most %d bytes.", fields[i], TEXT_MAX);
        pg_bool(call, json_object_get(operation->body, fields[i]) != NULL);
        pg_text(call, text);
    }
    pg_int8(call, clock_wall_us());
    if (error.status == STATUS_OK && json_object_size(operation->body) == 0)
        error_set_field(&error, STATUS_INVALID, "action",
                        "Expected an action (suspend or activate), a name or a businessKey, but "
                        "found none of them.");
    if (error.status != STATUS_OK) {
        api_operation_fail(operation, &error);
        return;
    }
    api_operation_clear(operation);
    answer_instance(query, &operation->command.target);
}

static void put_one(void *context, struct http_request *request)
{
    static const char *const known[] = {"action", "name", "businessKey", NULL};
    struct api_operation *operation = api_operation_new(context, request);
    const char *action = NULL;
    struct error error = {0};

    if (!api_id(request, "processInstanceId", noun, &operation->command.target) ||
        !api_operation_body(operation, false, known))
        return;
    if (json_field_text(operation->body, "action", &action, &error) != STATUS_OK) {
        api_operation_fail(operation, &error);
    } else if (action == NULL) {
        update(operation);
    } else if (strcmp(action, "suspend") != 0 && strcmp(action, "activate") != 0) {
        error_set_field(&error, STATUS_INVALID, "action",
                        "Invalid action: expected suspend or activate, but found '%.60s'.", action);
        api_operation_fail(operation, &error);
    } else {
        operation->command.kind = action[0] == 's' ? COMMAND_SUSPEND : COMMAND_ACTIVATE;
        operation->command.address = ADDRESS_INSTANCE;
        operation->on_done = on_switched;
        operation->on_failed = api_operation_explain_instance;
        api_operation_submit(operation);
    }
}

/* ---- POST …/change-state, …/evaluate-conditions ---- */

static void change_state(void *context, struct http_request *request)
{
    struct api_operation *operation = api_operation_new(context, request);

    if (!api_id(request, "processInstanceId", noun, &operation->command.target))
        return;
    operation->command.address = ADDRESS_INSTANCE;
    operation->on_failed = api_operation_explain_instance;
    api_change_state(operation, NULL);
}

static void evaluate_conditions(void *context, struct http_request *request)
{
    struct api_operation *operation = api_operation_new(context, request);

    if (!api_id(request, "processInstanceId", noun, &operation->command.target))
        return;
    operation->command.kind = COMMAND_STEP;
    operation->command.step = BPMN_LOOK_AT_CONDITIONS;
    operation->command.address = ADDRESS_INSTANCE;
    operation->on_done = api_operation_ok;
    operation->on_failed = api_operation_explain_instance;
    api_operation_submit(operation);
}

/* ---- POST …/delete ---- */

static void no_more(struct api_fan *fan)
{
    fan->is_last = true;
    api_fan_go(fan);
}

static void on_deleted(struct api_fan *fan)
{
    struct api_operation *operation = fan->operation;

    if (fan->failed > 0)
        api_operation_fail(operation, &fan->error);
    else
        api_operation_no_content(operation);
}

/* Those that exist are deleted; one that does not, or has ended, is what was wanted already. */
static void delete_many(void *context, struct http_request *request)
{
    static const char *const known[] = {"action", "instanceIds", "deleteReason", NULL};
    struct api_operation *operation = api_operation_new(context, request);
    struct api_fan *fan = api_fan_new(context, request);
    const char *action = NULL;
    const char *reason = NULL;
    const json_t *ids, *text;
    struct error error = {0};
    size_t i;

    if (!api_operation_body(operation, false, known))
        return;
    ids = json_object_get(operation->body, "instanceIds");
    if (json_field_required_text(operation->body, "action", &action, &error) == STATUS_OK &&
        strcmp(action, "delete") != 0 && strcmp(action, "terminate") != 0)
        error_set_field(&error, STATUS_INVALID, "action",
                        "Invalid action: expected delete or terminate, but found '%.60s'.", action);
    if (error.status == STATUS_OK)
        (void)!json_field_text(operation->body, "deleteReason", &reason, &error);
    if (error.status == STATUS_OK &&
        (!json_is_array(ids) || json_array_size(ids) == 0 || json_array_size(ids) > DELETE_MAX))
        error_set_field(&error, STATUS_INVALID, "instanceIds",
                        "Expected 'instanceIds' to be an array of 1 to %d ids.", DELETE_MAX);
    json_array_foreach (ids, i, text) {
        struct command *command;
        struct uuid id;

        if (error.status != STATUS_OK || !json_is_string(text) ||
            !uuid_parse(json_string_value(text), &id))
            continue;
        command = api_fan_add(fan);
        command->kind = COMMAND_STEP;
        command->step = BPMN_TERMINATE;
        command->address = ADDRESS_INSTANCE;
        command->target = id;
        command->reason = reason;
    }
    if (error.status != STATUS_OK) {
        api_operation_fail(operation, &error);
        return;
    }
    fan->operation = operation;
    fan->more = no_more;
    fan->on_done = on_deleted;
    api_fan_run(fan);
}

static const struct http_route routes[] = {
    {HTTP_PUT_METHOD, "/process-api/runtime/process-instances/{processInstanceId}", put_one,
     "Update a process instance: suspend, activate, name, businessKey", 0},
    {HTTP_POST_METHOD, "/process-api/runtime/process-instances/{processInstanceId}/change-state",
     change_state, "Change the state of a process instance", 0},
    {HTTP_POST_METHOD,
     "/process-api/runtime/process-instances/{processInstanceId}/evaluate-conditions",
     evaluate_conditions, "Evaluate the conditions of a process instance", 0},
    {HTTP_POST_METHOD, "/process-api/runtime/process-instances/delete", delete_many,
     "Bulk delete process instances", 0},
};
const struct api_routes process_action_routes = {routes, COUNT_OF(routes)};
