/* A message to one receiver.
 *
 * Happy path
 *   - one statement does it all or nothing: the message's id is remembered, the receiver chosen and
 *     claimed, and a job made that delivers; when nobody waits, the message is kept for its time;
 *   - the job is carried out at once, and the answer tells who received it.
 * Failure modes
 *   - the id has been seen: nothing happens, and the answer says so;
 *   - the receiver went away meanwhile: the job's unit of work sends the message on;
 *   - the receiver's step fails: the message is taken back, id included, and the answer is why;
 *   - the engine is busy, or ends in between: the job stays and is carried out later. */
#include "engine/api/message.h"

enum {
    /* Until whoever runs jobs sees to it when this request did not come to that. */
    MESSAGE_GRACE_US = 30 * 1000000,
};

/* An instance before a start event, the exact key before none, the oldest first. */
static const struct pg_statement route_statement = {
    "api_message_route",
    "WITH seen AS (INSERT INTO synergyflow_workflows.message_seen AS s"
    "   (tenant_id, name, message_id, expires_at) SELECT $2, $1, $6, $9 WHERE $6::text IS NOT NULL"
    "   ON CONFLICT (tenant_id, name, message_id) DO UPDATE SET expires_at = EXCLUDED.expires_at"
    "   WHERE s.expires_at <= $8 RETURNING 1),"
    " fresh AS (SELECT 1 WHERE $6::text IS NULL OR EXISTS (SELECT 1 FROM seen)),"
    " target AS MATERIALIZED (SELECT e.id, e.instance_id, e.execution_id, e.definition_id,"
    "   e.element_id, e.definition_index FROM " RECEIVERS "   AND EXISTS (SELECT 1 FROM fresh)"
    "   ORDER BY e.instance_id IS NULL, e.correlation_key IS NULL, e.id"
    "   LIMIT 1 FOR UPDATE OF e SKIP LOCKED),"
    " claimed AS (UPDATE synergyflow_workflows.event_subscription s SET claimed = true"
    "   FROM target t WHERE s.id = t.id AND t.instance_id IS NOT NULL),"
    " kept AS (INSERT INTO synergyflow_workflows.message_buffer (id, tenant_id, name,"
    "   correlation_key, business_key, message_id, variables, received_at, expires_at)"
    "   SELECT $7, $2, $1, $3, $4, $6, $10, $8, $9 FROM fresh"
    "   WHERE $5 IS NULL AND $9 > $8 AND NOT EXISTS (SELECT 1 FROM target) RETURNING 1),"
    " made AS (INSERT INTO synergyflow_workflows.job (id, tenant_id, instance_id, execution_id,"
    "   definition_id, element_id, kind, topic, payload, created_at, due_at)"
    "   SELECT $7, $2, t.instance_id, t.execution_id, t.definition_id, t.element_id,"
    "   CASE WHEN t.instance_id IS NULL THEN 6 ELSE 5 END, $1, jsonb_build_object('variables',"
    "   $10::jsonb, 'subscription', t.id, 'definition', t.definition_index, 'key', $3::text,"
    "   'businessKey', $4::text), $8, $11::timestamptz FROM target t)"
    " SELECT EXISTS (SELECT 1 FROM fresh), EXISTS (SELECT 1 FROM kept), t.id,"
    "   t.instance_id::text, t.execution_id::text FROM (SELECT 1) AS one"
    "   LEFT JOIN target t ON true"};
static const struct pg_statement instance_statement = {
    "api_message_instance",
    "SELECT status FROM synergyflow_workflows.process_instance WHERE id = $1"};
/* The same message may be sent again. */
static const struct pg_statement forget_statement = {
    "api_message_forget", "DELETE FROM synergyflow_workflows.message_seen"
                          " WHERE tenant_id = $1 AND name = $2 AND message_id = $3"};
static const struct pg_statement take_back_statement = {
    "api_message_take_back",
    "WITH gone AS (DELETE FROM synergyflow_workflows.job WHERE id = $1 RETURNING 1)"
    " UPDATE synergyflow_workflows.event_subscription SET claimed = false"
    " WHERE id = $2 AND EXISTS (SELECT 1 FROM gone)"};
struct failure {
    struct message *message;
    struct error error;
};

static void on_taken_back(struct api_query *query)
{
    const struct failure *failure = query->state;

    http_reply_error(query->request, &failure->error);
}

/* Whether it can be taken back or not: the first error is the answer. */
static void take_back(struct message *message, const struct error *error)
{
    struct api_operation *operation = message->operation;
    struct api_query *query = api_query_new(operation->api, operation->request, on_taken_back);
    struct failure *failure = arena_alloc(http_arena(operation->request), sizeof(*failure));
    struct pg_call *call;

    *failure = (struct failure){message, *error};
    query->state = failure;
    call = api_query_add(query, &take_back_statement);
    pg_uuid(call, &message->id);
    pg_uuid(call, &message->subscription);
    if (message->message_id != NULL) {
        call = api_query_add(query, &forget_statement);
        pg_text(call, message->tenant);
        pg_text(call, message->name);
        pg_text(call, message->message_id);
    }
    api_operation_clear(operation);
    api_query_run(query);
}

/* ---- one receiver ---- */

static void on_delivered(struct api_operation *operation)
{
    struct message *message = operation->command.context;
    const struct command_result *result = operation->command.result;
    json_t *body = json_object();
    char id[UUID_TEXT_BYTES];

    uuid_format(&result->instance_id, id);
    json_put_text(body, "processInstanceId", id);
    json_put_text(body, "processInstanceUrl",
                  api_url(operation->request, "/process-api/runtime/process-instances/", id, ""));
    json_put_text(body, "processDefinitionId",
                  result->definition != NULL ? result->definition->id : NULL);
    json_put_text(body, "executionId", operation->command.name);
    json_put(body, "started", json_boolean(operation->command.name == NULL));
    message_answer(message, 200, body);
}

static void on_undelivered(struct api_operation *operation, const struct error *error)
{
    struct message *message = operation->command.context;

    switch (error->status) {
    case STATUS_NOT_FOUND: /* the receiver has gone: the message goes on looking, or waits */
        message_answer_flag(message, 202, "buffered");
        break;
    case STATUS_BUSY:
    case STATUS_UNAVAILABLE:
    case STATUS_TIMEOUT: /* its job stays */
        message_answer_flag(message, 202, "queued");
        break;
    default:
        take_back(message, error);
        break;
    }
}

static void refuse_instance(struct message *message, const struct pg_result *rows)
{
    char id[UUID_TEXT_BYTES];
    struct error error;

    uuid_format(&message->instance_id, id);
    if (pg_rows(rows) == 0)
        error_set(&error, STATUS_NOT_FOUND, "Could not find a process instance with id '%s'.", id);
    else
        error_set(&error, STATUS_CONFLICT,
                  "Expected process instance '%s' to wait for the message '%.100s' with this key, "
                  "but it %s.",
                  id, message->name,
                  pg_value_int(rows, 0, 0) == 1   ? "does not"
                  : pg_value_int(rows, 0, 0) == 2 ? "is suspended"
                                                  : "has ended");
    take_back(message, &error);
}

static void on_routed(struct api_query *query)
{
    struct message *message = query->state;
    struct api_operation *operation = message->operation;
    const struct pg_result *rows = api_query_rows(query, 0);
    struct error error = {0};

    if (!pg_value_bool(rows, 0, 0)) {
        message_answer_flag(message, 200, "duplicate");
    } else if (pg_value_bool(rows, 0, 1)) {
        message_answer_flag(message, 202, "buffered");
    } else if (pg_is_null(rows, 0, 2) && message->has_instance) {
        refuse_instance(message, api_query_rows(query, 1));
    } else if (pg_is_null(rows, 0, 2)) {
        error_set(&error, STATUS_NOT_FOUND,
                  "Expected somebody to wait for the message '%.100s' with these keys, but nobody "
                  "does, and it has no time to live.",
                  message->name);
        take_back(message, &error);
    } else {
        message->subscription = pg_value_uuid(rows, 0, 2);
        operation->command.kind = COMMAND_JOB;
        operation->command.address = ADDRESS_JOB;
        operation->command.target = message->id;
        operation->command.context = message;
        operation->command.name =
            arena_copy(http_arena(operation->request), pg_value_text_or_null(rows, 0, 4));
        operation->on_done = on_delivered;
        operation->on_failed = on_undelivered;
        api_operation_submit(operation);
    }
}

void message_route(struct message *message)
{
    struct api_operation *operation = message->operation;
    struct api_query *query = api_query_new(operation->api, operation->request, on_routed);
    struct pg_call *call = api_query_add(query, &route_statement);

    message->id = uuid_next(operation->api->ids);
    query->state = message;
    query->operation = operation;
    pg_text(call, message->name);
    pg_text(call, message->tenant);
    pg_text(call, message->key);
    pg_text(call, message->business_key);
    pg_uuid(call, message->has_instance ? &message->instance_id : NULL);
    pg_text(call, message->message_id);
    pg_uuid(call, &message->id);
    pg_timestamp(call, message->now_us);
    pg_timestamp(call, message->expires_us);
    pg_jsonb(call, message->variables);
    pg_timestamp(call, message->now_us + MESSAGE_GRACE_US);
    pg_uuid(api_query_add(query, &instance_statement), &message->instance_id);
    api_query_run(query);
    /* suspended: until its way is stored */
}
