/* A message to everybody who waits for it, a page at a time. */
#include "engine/api/message.h"

static const struct pg_statement seen_statement = {
    "api_message_seen",
    "INSERT INTO synergyflow_workflows.message_seen AS s (tenant_id, name, message_id, expires_at)"
    " VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, name, message_id)"
    " DO UPDATE SET expires_at = EXCLUDED.expires_at WHERE s.expires_at <= $5"};
static const struct pg_statement page_statement = {
    "api_message_page",
    "SELECT e.id, e.definition_id, e.element_id, e.definition_index FROM " RECEIVERS
    " AND (e.instance_id IS NULL) = $6 AND e.id > $7 AND e.created_at <= $8"
    " ORDER BY e.id LIMIT $9"};

static void more(struct api_fan *fan);

static void on_page(struct api_query *query)
{
    struct api_fan *fan = query->state;
    struct message *message = fan->state;
    const struct pg_result *rows = api_query_rows(query, 0);
    struct arena *arena = api_fan_arena(fan);

    for (uint32_t row = 0; row < pg_rows(rows); row++) {
        struct command *command = api_fan_add(fan);

        message->last = pg_value_uuid(rows, row, 0);
        command->variables = message->operation->variables;
        command->name = message->name;
        if (message->at_starts) {
            command->kind = COMMAND_START;
            command->business_key = message->business_key;
            command->definition_id = arena_copy(arena, pg_value_text(rows, row, 1));
            command->element = arena_copy(arena, pg_value_text(rows, row, 2));
            command->definition = (uint32_t)pg_value_int(rows, row, 3);
        } else {
            command->kind = COMMAND_STEP;
            command->step = BPMN_RECEIVE_MESSAGE;
            command->address = ADDRESS_SUBSCRIPTION;
            command->target = message->last;
        }
    }
    if (pg_rows(rows) < API_FAN_PAGE) {
        fan->is_last = message->at_starts;
        message->at_starts = true;
        message->last = (struct uuid){0};
    }
    api_fan_go(fan);
}

static void more(struct api_fan *fan)
{
    struct message *message = fan->state;
    struct api_query *query = api_query_new(fan->api, fan->request, on_page);
    struct pg_call *call = api_query_add(query, &page_statement);

    query->state = fan;
    query->operation = fan->operation;
    pg_text(call, message->name);
    pg_text(call, message->tenant);
    pg_text(call, message->key);
    pg_text(call, message->business_key);
    pg_uuid(call, message->has_instance ? &message->instance_id : NULL);
    pg_bool(call, message->at_starts);
    pg_uuid(call, &message->last);
    pg_timestamp(call, message->now_us);
    pg_int8(call, API_FAN_PAGE);
    api_query_run(query);
}

static void on_all(struct api_fan *fan)
{
    struct message *message = fan->state;
    json_t *body;

    if (fan->failed > 0) {
        api_operation_fail(message->operation, &fan->error);
        return;
    }
    body = json_object();
    json_put(body, "received", json_integer((json_int_t)fan->done));
    message_answer(message, 200, body);
}

static void run_all(struct message *message)
{
    struct api_fan *fan = api_fan_new(message->operation->api, message->operation->request);

    fan->operation = message->operation;
    fan->state = message;
    fan->more = more;
    fan->on_done = on_all;
    api_fan_run(fan);
}

static void on_seen(struct api_query *query)
{
    struct message *message = query->state;

    if (pg_affected(api_query_rows(query, 0)) == 0)
        message_answer_flag(message, 200, "duplicate");
    else
        run_all(message);
}

/* To many receivers there is no one transaction: the id is remembered first, so that nobody
 * receives the message twice. */
void message_route_to_all(struct message *message)
{
    struct api_operation *operation = message->operation;
    struct api_query *query = api_query_new(operation->api, operation->request, on_seen);
    struct pg_call *call;

    if (message->message_id == NULL) {
        run_all(message);
        return;
    }
    query->state = message;
    query->operation = operation;
    call = api_query_add(query, &seen_statement);
    pg_text(call, message->tenant);
    pg_text(call, message->name);
    pg_text(call, message->message_id);
    pg_timestamp(call, message->expires_us);
    pg_timestamp(call, message->now_us);
    api_query_run(query);
}
