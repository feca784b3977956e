/* POST /process-api/runtime/signals: to one execution, or to everybody who waits for it and every
 * definition that it starts. PUT /process-api/runtime/executions is Flowable's older form of it.
 *
 * Happy path (to everybody)
 *   - pages of instances that waited when the request came, one command each, then pages of start
 *     events, one start each; the answer comes when all have been carried out;
 *   - async: one statement makes a job for each receiver, and whoever runs jobs is told.
 * Failure modes
 *   - a receiver that vanished meanwhile, or is suspended, is none;
 *   - others that fail do not keep the rest from it; the answer is then the first failure. */
#include "engine/api/internal.h"

#include "engine/base/clock.h"

#include <stdlib.h>
#include <string.h>

enum { SIGNAL_NAME_MAX = 255 };

struct broadcast {
    struct api_operation *operation;
    struct api_fan *fan;
    const char *name;
    const char *tenant;
    int64_t at_us;
    bool at_starts; /* the instances have been gone through */
    struct uuid last;
};

/* Keyset pages: what one page does cannot move the next one. */
static const struct pg_statement instances_statement = {
    "api_signal_instances",
    "SELECT DISTINCT e.instance_id FROM synergyflow_workflows.event_subscription e"
    " JOIN synergyflow_workflows.process_instance p ON p.id = e.instance_id AND p.status = 1"
    " WHERE e.event_type = 'signal' AND e.event_name = $1 AND e.instance_id > $2"
    " AND e.created_at <= $3 AND ($4::text IS NULL OR e.tenant_id = $4)"
    " ORDER BY e.instance_id LIMIT $5"};
static const struct pg_statement starts_statement = {
    "api_signal_starts",
    "SELECT e.id, e.definition_id, e.element_id, e.definition_index"
    "  FROM synergyflow_workflows.event_subscription e"
    "  JOIN synergyflow_workflows.process_definition d ON d.id = e.definition_id"
    " WHERE e.event_type = 'signal' AND e.event_name = $1 AND e.instance_id IS NULL"
    " AND e.id > $2 AND e.created_at <= $3 AND ($4::text IS NULL OR e.tenant_id = $4)"
    " AND NOT d.suspended ORDER BY e.id LIMIT $5"};
static const struct pg_statement jobs_statement = {
    "api_signal_jobs",
    "INSERT INTO synergyflow_workflows.job (id, tenant_id, instance_id, execution_id,"
    "  definition_id, element_id, kind, topic, payload, created_at, due_at)"
    " SELECT gen_random_uuid(), e.tenant_id, e.instance_id, e.execution_id, e.definition_id,"
    "  e.element_id, CASE WHEN e.instance_id IS NULL THEN 6 ELSE 4 END, e.event_name,"
    "  jsonb_build_object('variables', $2::jsonb, 'subscription', e.id, 'definition',"
    "  e.definition_index), $3, $3"
    " FROM synergyflow_workflows.event_subscription e"
    " LEFT JOIN synergyflow_workflows.process_instance p ON p.id = e.instance_id"
    " LEFT JOIN synergyflow_workflows.process_definition d ON d.id = e.definition_id"
    " WHERE e.event_type = 'signal' AND e.event_name = $1"
    " AND (e.instance_id IS NULL AND NOT d.suspended OR p.status = 1)"
    " AND ($4::text IS NULL OR e.tenant_id = $4) RETURNING id, instance_id, due_at"};

static void more(struct api_fan *fan);

/* ---- to everybody ---- */

static void on_page(struct api_query *query)
{
    struct broadcast *broadcast = query->state;
    struct api_fan *fan = broadcast->fan;
    const struct pg_result *rows = api_query_rows(query, 0);
    struct arena *arena = api_fan_arena(fan);

    for (uint32_t row = 0; row < pg_rows(rows); row++) {
        struct command *command = api_fan_add(fan);

        broadcast->last = pg_value_uuid(rows, row, 0);
        command->variables = broadcast->operation->variables;
        if (broadcast->at_starts) {
            command->kind = COMMAND_START;
            command->definition_id = arena_copy(arena, pg_value_text(rows, row, 1));
            command->element = arena_copy(arena, pg_value_text(rows, row, 2));
            command->definition = (uint32_t)pg_value_int(rows, row, 3);
        } else {
            command->kind = COMMAND_STEP;
            command->step = BPMN_RECEIVE_SIGNAL;
            command->address = ADDRESS_INSTANCE;
            command->target = broadcast->last;
            command->name = broadcast->name;
        }
    }
    if (pg_rows(rows) < API_FAN_PAGE) {
        fan->is_last = broadcast->at_starts;
        broadcast->at_starts = true;
        broadcast->last = (struct uuid){0};
    }
    api_fan_go(fan);
}

static void more(struct api_fan *fan)
{
    struct broadcast *broadcast = fan->state;
    struct api_query *query = api_query_new(fan->api, fan->request, on_page);
    struct pg_call *call =
        api_query_add(query, broadcast->at_starts ? &starts_statement : &instances_statement);

    query->state = broadcast;
    query->operation = broadcast->operation;
    pg_text(call, broadcast->name);
    pg_uuid(call, &broadcast->last);
    pg_timestamp(call, broadcast->at_us);
    pg_text(call, broadcast->tenant);
    pg_int8(call, API_FAN_PAGE);
    api_query_run(query);
    /* suspended: until the page is read */
}

static void on_broadcast(struct api_fan *fan)
{
    api_operation_clear(fan->operation);
    if (fan->failed > 0)
        http_reply_error(fan->request, &fan->error);
    else
        http_reply_empty(fan->request, 204);
}

static void broadcast(struct api_operation *operation, const char *tenant)
{
    struct broadcast *state = arena_alloc(http_arena(operation->request), sizeof(*state));
    struct api_fan *fan = api_fan_new(operation->api, operation->request);

    *state = (struct broadcast){.operation = operation,
                                .fan = fan,
                                .name = operation->command.name,
                                .tenant = tenant,
                                .at_us = clock_wall_us()};
    fan->state = state;
    fan->operation = operation;
    fan->more = more;
    fan->on_done = on_broadcast;
    api_fan_run(fan);
}

static void on_scheduled(struct api_query *query)
{
    api_jobs_added(query->api, api_query_rows(query, 0));
    http_reply_empty(query->request, 202);
}

static void schedule(struct api_operation *operation, const char *tenant)
{
    struct api_query *query = api_query_new(operation->api, operation->request, on_scheduled);
    struct pg_call *call = api_query_add(query, &jobs_statement);
    char *variables = json_dumps(operation->variables, JSON_COMPACT);

    pg_text(call, operation->command.name);
    pg_jsonb(call, variables);
    pg_timestamp(call, clock_wall_us());
    pg_text(call, tenant);
    free(variables); /* jansson's */
    api_operation_clear(operation);
    api_query_run(query);
}

/* ---- requests ---- */

/* The fields that both routes have; false when it was answered. */
static bool read_signal(struct api_operation *operation, const char **ret_tenant, bool *ret_async)
{
    struct command *command = &operation->command;
    struct error error = {0};
    enum status status =
        json_field_required_text(operation->body, "signalName", &command->name, &error);

    if (status == STATUS_OK && strlen(command->name) > SIGNAL_NAME_MAX)
        status =
            error_set_field(&error, STATUS_INVALID, "signalName",
                            "Expected 'signalName' to have at most %d bytes.", SIGNAL_NAME_MAX);
    if (status == STATUS_OK)
        status = json_field_text(operation->body, "tenantId", ret_tenant, &error);
    if (status == STATUS_OK)
        status = json_field_bool(operation->body, "async", false, ret_async, &error);
    if (status != STATUS_OK)
        api_operation_fail(operation, &error);
    return status == STATUS_OK && api_operation_variables(operation, "variables");
}

static void post(void *context, struct http_request *request)
{
    static const char *const known[] = {"signalName", "executionId", "async",
                                        "variables",  "tenantId",    NULL};
    struct api_operation *operation = api_operation_new(context, request);
    const char *tenant = NULL, *execution = NULL;
    bool async = false;
    struct error error = {0};

    if (!api_operation_body(operation, false, known) || !read_signal(operation, &tenant, &async))
        return;
    if (json_field_text(operation->body, "executionId", &execution, &error) != STATUS_OK) {
        api_operation_fail(operation, &error);
    } else if (execution != NULL && !uuid_parse(execution, &operation->command.target)) {
        error_set(&error, STATUS_NOT_FOUND, "Could not find an execution with id '%.200s'.",
                  execution);
        api_operation_fail(operation, &error);
    } else if (execution != NULL) {
        operation->command.kind = COMMAND_STEP;
        operation->command.step = BPMN_RECEIVE_SIGNAL;
        operation->command.address = ADDRESS_EXECUTION;
        operation->on_done = api_operation_no_content;
        api_operation_submit(operation);
    } else if (async) {
        schedule(operation, tenant);
    } else {
        broadcast(operation, tenant);
    }
}

static void put_executions(void *context, struct http_request *request)
{
    static const char *const known[] = {"action", "signalName", "variables", NULL};
    struct api_operation *operation = api_operation_new(context, request);
    const char *action = NULL, *tenant = NULL;
    bool async = false;
    struct error error = {0};

    if (!api_operation_body(operation, false, known))
        return;
    if (json_field_required_text(operation->body, "action", &action, &error) == STATUS_OK &&
        strcmp(action, "signalEventReceived") != 0)
        error_set_field(&error, STATUS_INVALID, "action",
                        "Invalid action: expected signalEventReceived, but found '%.60s'.", action);
    if (error.status != STATUS_OK)
        api_operation_fail(operation, &error);
    else if (read_signal(operation, &tenant, &async))
        broadcast(operation, tenant);
}

static const struct http_route routes[] = {
    {HTTP_POST_METHOD, "/process-api/runtime/signals", post, "Signal event received", 0},
    {HTTP_PUT_METHOD, "/process-api/runtime/executions", put_executions, "Signal event received",
     0},
};
const struct api_routes signal_routes = {routes, COUNT_OF(routes)};
