/* The rows of what executions wait for by name: messages, signals, conditions, triggers. A message
 * that came before its receiver is handed over as soon as that is stored. */
#include "engine/command/unit.h"

#define WORKFLOWS "synergyflow_workflows."

static const struct pg_statement insert_subscriptions = {
    "store_insert_subscriptions",
    "INSERT INTO " WORKFLOWS "event_subscription (id, instance_id, execution_id, definition_id,"
    " element_id, event_type, event_name, created_at, definition_index, correlation_key)"
    " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[],"
    " $7::text[], $8::timestamptz[], $9::smallint[], $10::text[])"};
static const struct pg_statement delete_subscriptions = {
    "store_delete_subscriptions",
    "DELETE FROM " WORKFLOWS "event_subscription WHERE id = ANY ($1::uuid[])"};

/* Messages that wait for these new subscriptions: one each, the oldest first. Deleting the row is
 * what makes a message ours when two look at it. */
static const struct pg_statement match_buffer = {
    "store_match_buffer",
    "WITH matched AS (SELECT DISTINCT ON (b.id) b.id AS message, s.*"
    "  FROM (SELECT DISTINCT ON (f.id) f.id, f.message FROM ("
    "    SELECT e.id, m.id AS message FROM " WORKFLOWS "event_subscription e"
    "    JOIN " WORKFLOWS "process_instance p ON p.id = e.instance_id"
    "    CROSS JOIN LATERAL (SELECT b.id FROM " WORKFLOWS "message_buffer b"
    "      WHERE b.name = e.event_name AND b.expires_at > $2"
    "      AND (e.correlation_key IS NULL OR e.correlation_key = b.correlation_key)"
    "      AND (b.business_key IS NULL OR p.business_key IS NULL"
    "           OR p.business_key = b.business_key) ORDER BY b.id LIMIT 1) m"
    "    WHERE e.id = ANY ($1::uuid[]) AND NOT e.claimed) f ORDER BY f.id) x"
    "  JOIN " WORKFLOWS "message_buffer b ON b.id = x.message"
    "  JOIN " WORKFLOWS "event_subscription s ON s.id = x.id ORDER BY b.id, s.id),"
    " taken AS (DELETE FROM " WORKFLOWS "message_buffer b USING matched m WHERE b.id = m.message"
    "  RETURNING b.id, b.name, b.correlation_key, b.business_key, b.variables, m.id AS "
    "subscription,"
    "  m.instance_id, m.execution_id, m.definition_id, m.element_id),"
    " claimed AS (UPDATE " WORKFLOWS "event_subscription s SET claimed = true FROM taken t"
    "  WHERE s.id = t.subscription)"
    " INSERT INTO " WORKFLOWS "job (id, instance_id, execution_id, definition_id, element_id, kind,"
    "  topic, payload, created_at, due_at)"
    " SELECT t.id, t.instance_id, t.execution_id, t.definition_id, t.element_id, 5, t.name,"
    "  jsonb_build_object('variables', t.variables, 'subscription', t.subscription, 'key',"
    "  t.correlation_key, 'businessKey', t.business_key), $2, $2 FROM taken t"
    " RETURNING id, instance_id, due_at"};

static const char *type_of(enum bpmn_change_kind kind)
{
    switch (kind) {
    case BPMN_CHANGE_MESSAGE_AWAITED:
        return "message";
    case BPMN_CHANGE_SIGNAL_AWAITED:
        return "signal";
    case BPMN_CHANGE_CONDITION_AWAITED:
        return "conditional";
    case BPMN_CHANGE_TRIGGER_AWAITED:
        return "trigger";
    default:
        return NULL;
    }
}

static void add_one(struct pg_array **a, const struct made_wait *made)
{
    const struct bpmn_change *change = made->change;

    store_where(a, made);
    pg_add_text(a[5], type_of(change->kind));
    pg_add_text(a[6], change->name != NULL ? change->name : "");
    pg_add_timestamp(a[7], change->at_us);
    pg_add_int(a[8], change->definition);
    pg_add_text(a[9], change->key);
}

static void store_new(struct unit *unit, struct pg_batch *batch, const struct waits *waits)
{
    struct pg_call *call = NULL;
    struct pg_array *a[10] = {NULL};
    bool any_message = false;

    for (const struct made_wait *made = waits->first_made; made != NULL; made = made->next) {
        if (type_of(made->change->kind) == NULL || made->closed != NULL)
            continue;
        if (call == NULL) {
            call = pg_batch_add(batch, &insert_subscriptions);
            store_where_arrays(a, call);
            a[5] = pg_text_array(call);
            a[6] = pg_text_array(call);
            a[7] = pg_timestamp_array(call);
            a[8] = pg_int2_array(call);
            a[9] = pg_text_array(call);
        }
        add_one(a, made);
        any_message = any_message || made->change->kind == BPMN_CHANGE_MESSAGE_AWAITED;
    }
    if (!any_message)
        return;
    unit->matched_buffer = (int32_t)pg_batch_count(batch);
    call = pg_batch_add(batch, &match_buffer);
    a[0] = pg_uuid_array(call);
    for (const struct made_wait *made = waits->first_made; made != NULL; made = made->next) {
        if (made->change->kind == BPMN_CHANGE_MESSAGE_AWAITED && made->closed == NULL)
            pg_add_uuid(a[0], &made->id);
    }
    pg_timestamp(call, unit->now_us);
}

void unit_store_subscriptions(struct unit *unit, struct pg_batch *batch, const struct waits *waits)
{
    static const enum bpmn_wait_kind kinds[] = {BPMN_WAIT_MESSAGE, BPMN_WAIT_SIGNAL,
                                                BPMN_WAIT_CONDITION, BPMN_WAIT_TRIGGER};

    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        store_removals(unit, batch, waits, &delete_subscriptions, kinds[i]);
    store_new(unit, batch, waits);
}
