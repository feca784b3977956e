/* See message_sweep.h. */
#include "engine/timer/message_sweep.h"

#define WORKFLOWS "synergyflow_workflows."

enum { MESSAGES_A_SWEEP = 1000 };

static const struct pg_statement expire_messages = {
    "sweep_expire_messages", "DELETE FROM " WORKFLOWS "message_buffer WHERE expires_at <= $1"};
static const struct pg_statement expire_ids = {
    "sweep_expire_ids", "DELETE FROM " WORKFLOWS "message_seen WHERE expires_at <= $1"};
/* One receiver for each of the oldest messages, one message for each receiver; locked rows are
 * somebody else's at this moment. */
static const struct pg_statement deliver = {
    "sweep_deliver",
    "WITH kept AS (SELECT * FROM " WORKFLOWS "message_buffer WHERE expires_at > $1"
    "  ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED),"
    " target AS (SELECT DISTINCT ON (s.subscription) b.*, s.* FROM kept b CROSS JOIN LATERAL ("
    "   SELECT e.id AS subscription, e.instance_id, e.execution_id, e.definition_id, e.element_id"
    "   FROM " WORKFLOWS "event_subscription e"
    "   JOIN " WORKFLOWS "process_instance p ON p.id = e.instance_id"
    "   WHERE e.event_type = 'message' AND e.event_name = b.name AND NOT e.claimed"
    "    AND (e.correlation_key IS NULL OR e.correlation_key = b.correlation_key)"
    "    AND (b.business_key IS NULL OR p.business_key IS NULL OR p.business_key = b.business_key)"
    "   ORDER BY e.correlation_key IS NULL, p.business_key IS NULL, e.id"
    "   LIMIT 1 FOR UPDATE OF e SKIP LOCKED) s ORDER BY s.subscription, b.id),"
    " claimed AS (UPDATE " WORKFLOWS "event_subscription s SET claimed = true FROM target t"
    "  WHERE s.id = t.subscription),"
    " taken AS (DELETE FROM " WORKFLOWS "message_buffer b USING target t WHERE b.id = t.id)"
    " INSERT INTO " WORKFLOWS "job (id, instance_id, execution_id, definition_id, element_id, kind,"
    "  topic, payload, created_at, due_at)"
    " SELECT t.id, t.instance_id, t.execution_id, t.definition_id, t.element_id, 5, t.name,"
    "  jsonb_build_object('variables', t.variables, 'subscription', t.subscription, 'key',"
    "  t.correlation_key, 'businessKey', t.business_key), $1, $1 FROM target t"
    " RETURNING id, instance_id, due_at"};

void message_sweep_add(struct pg_batch *batch, int64_t now_us, uint32_t *ret_index)
{
    struct pg_call *call;

    pg_timestamp(pg_batch_add(batch, &expire_messages), now_us);
    pg_timestamp(pg_batch_add(batch, &expire_ids), now_us);
    *ret_index = pg_batch_count(batch);
    call = pg_batch_add(batch, &deliver);
    pg_timestamp(call, now_us);
    pg_int8(call, MESSAGES_A_SWEEP);
}
