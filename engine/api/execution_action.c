/* PUT /process-api/runtime/executions/{id}: trigger it, or hand it a message or a signal; POST
 * …/change-state: put it elsewhere. */
#include "engine/api/execution.h"

#include <string.h>

static const char *const noun = "an execution";

/* ---- what it is afterwards ---- */

static void on_represented(struct api_query *query)
{
    struct api_row row = {query->api, query->request, api_query_rows(query, 0), 0};

    if (pg_rows(row.rows) == 0)
        http_reply_empty(query->request, 204); /* it has moved on and ended */
    else
        http_reply_json(query->request, 200, execution_list.represent(&row));
}

static void on_received(struct api_operation *operation)
{
    struct http_request *request = operation->request;
    struct api_query *query = api_query_new(operation->api, request, on_represented);
    struct pg_statement *one = arena_alloc(http_arena(request), sizeof(*one));
    struct pg_call *call;

    *one = list_one_statement(http_arena(request), &execution_list,
                              "e.id = $1 AND e.instance_id = $2", false);
    call = api_query_add(query, one);
    pg_uuid(call, &operation->command.target);
    pg_uuid(call, &operation->command.result->instance_id);
    api_operation_clear(operation);
    api_query_run(query);
}

/* ---- where it is ---- */

static const struct pg_statement instance_statement = {"api_execution_instance",
                                                       "SELECT " API_EXECUTION_INSTANCE};

/* Most executions are named by no row: their instance has to be found before the command. */
static void find_instance(struct api_operation *operation,
                          void (*on_found)(struct api_query *query))
{
    struct api_query *query = api_query_new(operation->api, operation->request, on_found);

    query->operation = operation;
    pg_uuid(api_query_add(query, &instance_statement), &operation->command.target);
    api_query_run(query);
}

static bool was_found(struct api_query *query)
{
    const struct pg_result *rows = api_query_rows(query, 0);
    struct error error;

    if (!pg_is_null(rows, 0, 0)) {
        query->operation->command.instance_id = pg_value_uuid(rows, 0, 0);
        return true;
    }
    error_set(&error, STATUS_NOT_FOUND, "Could not find %s with id '%.200s'.", noun,
              http_param(query->request, "executionId"));
    api_operation_fail(query->operation, &error);
    return false;
}

static void on_found(struct api_query *query)
{
    if (was_found(query))
        api_operation_submit(query->operation);
}

/* ---- PUT ---- */

struct action {
    const char *name;
    enum bpmn_command_kind step;
    const char *field; /* that names the event; NULL: none */
};

static const struct action *find_action(const char *name)
{
    static const struct action actions[] = {
        {"trigger", BPMN_TRIGGER, NULL},
        {"signal", BPMN_TRIGGER, NULL},
        {"signalEventReceived", BPMN_RECEIVE_SIGNAL, "signalName"},
        {"messageEventReceived", BPMN_RECEIVE_MESSAGE, "messageName"},
    };

    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    }
    return NULL;
}

static enum status read_action(struct api_operation *operation, struct error *ret_error)
{
    const struct action *action;
    const char *name = NULL;
    enum status status = json_field_required_text(operation->body, "action", &name, ret_error);

    if (status != STATUS_OK)
        return status;
    action = find_action(name);
    if (action == NULL)
        return error_set_field(ret_error, STATUS_INVALID, "action",
                               "Invalid action: expected trigger, signal, signalEventReceived or "
                               "messageEventReceived, but found '%.60s'.",
                               name);
    operation->command.step = action->step;
    return action->field == NULL ? STATUS_OK
                                 : json_field_required_text(operation->body, action->field,
                                                            &operation->command.name, ret_error);
}

static void put_one(void *context, struct http_request *request)
{
    static const char *const known[] = {"action",    "messageName",        "signalName",
                                        "variables", "transientVariables", NULL};
    struct api_operation *operation = api_operation_new(context, request);
    struct error error = {0};

    if (!api_id(request, "executionId", noun, &operation->command.target) ||
        !api_operation_body(operation, false, known))
        return;
    if (read_action(operation, &error) != STATUS_OK) {
        api_operation_fail(operation, &error);
        return;
    }
    if (!api_operation_variables(operation, "variables") ||
        !api_operation_more_variables(operation, "transientVariables"))
        return;
    operation->command.kind = COMMAND_STEP;
    operation->command.address = ADDRESS_EXECUTION;
    operation->on_done = on_received;
    find_instance(operation, on_found);
}

/* ---- POST …/change-state ---- */

static void on_to_change(struct api_query *query)
{
    struct api_operation *operation = query->operation;
    const char *id = http_param(query->request, "executionId");

    if (!was_found(query))
        return;
    /* An instance itself is not cancelled: only the activities that are named. */
    api_change_state(operation,
                     uuid_equal(&operation->command.instance_id, &operation->command.target) ? NULL
                                                                                             : id);
}

static void change_state(void *context, struct http_request *request)
{
    struct api_operation *operation = api_operation_new(context, request);

    if (!api_id(request, "executionId", noun, &operation->command.target))
        return;
    operation->command.address = ADDRESS_EXECUTION;
    find_instance(operation, on_to_change);
}

static const struct http_route routes[] = {
    {HTTP_PUT_METHOD, "/process-api/runtime/executions/{executionId}", put_one,
     "Execute an action on an execution", 0},
    {HTTP_POST_METHOD, "/process-api/runtime/executions/{executionId}/change-state", change_state,
     "Change the state of an execution", 0},
};
const struct api_routes execution_action_routes = {routes, COUNT_OF(routes)};
