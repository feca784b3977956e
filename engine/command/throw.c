/* Messages and signals that instances throw to others: settled by the statements that store the
 * throw, so that whoever waits at that moment receives it, and nobody later. Each delivery is a
 * job: the receiver takes it in a transaction of its own, exactly once. */
#include "engine/command/unit.h"

#define WORKFLOWS "synergyflow_workflows."

/* One receiver for each message: in an instance before one that would start, the exact correlation
 * key before one that takes any, the same business key before one without, the oldest first. One
 * that nobody waits for is kept for a while. */
static const struct pg_statement route_messages = {
    "throw_route_messages",
    "WITH thrown AS (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[],"
    "  $5::jsonb[]) AS n (id, name, key, business, variables)),"
    " target AS (SELECT t.*, s.subscription, s.instance_id, s.execution_id, s.definition_id,"
    "   s.element_id, s.definition_index FROM thrown t CROSS JOIN LATERAL ("
    "   SELECT e.id AS subscription, e.instance_id, e.execution_id, e.definition_id, e.element_id,"
    "    e.definition_index FROM " WORKFLOWS "event_subscription e"
    "   LEFT JOIN " WORKFLOWS "process_instance p ON p.id = e.instance_id"
    "   WHERE e.event_type = 'message' AND e.event_name = t.name AND NOT e.claimed"
    "    AND (e.correlation_key IS NULL OR e.correlation_key = t.key)"
    "    AND (t.business IS NULL OR p.business_key IS NULL OR p.business_key = t.business)"
    "   ORDER BY e.instance_id IS NULL, e.correlation_key IS NULL, p.business_key IS NULL, e.id"
    "   LIMIT 1 FOR UPDATE OF e SKIP LOCKED) s),"
    " chosen AS (SELECT DISTINCT ON (CASE WHEN instance_id IS NULL THEN id ELSE subscription END) *"
    "   FROM target ORDER BY CASE WHEN instance_id IS NULL THEN id ELSE subscription END, id),"
    " claimed AS (UPDATE " WORKFLOWS "event_subscription s SET claimed = true FROM chosen c"
    "   WHERE s.id = c.subscription AND c.instance_id IS NOT NULL),"
    " kept AS (INSERT INTO " WORKFLOWS "message_buffer (id, name, correlation_key, business_key,"
    "   variables, received_at, expires_at) SELECT t.id, t.name, t.key, t.business, t.variables, "
    "$6,"
    "   $6::timestamptz + $7 * interval '1 second' FROM thrown t"
    "   WHERE NOT EXISTS (SELECT 1 FROM chosen c WHERE c.id = t.id))"
    " INSERT INTO " WORKFLOWS "job (id, instance_id, execution_id, definition_id, element_id, kind,"
    "  topic, payload, created_at, due_at)"
    " SELECT c.id, c.instance_id, c.execution_id, c.definition_id, c.element_id,"
    "  CASE WHEN c.instance_id IS NULL THEN 6 ELSE 5 END, c.name,"
    "  jsonb_build_object('variables', c.variables, 'subscription', c.subscription, 'definition',"
    "  c.definition_index, 'key', c.key, 'businessKey', c.business), $6, $6 FROM chosen c"
    " RETURNING id, instance_id, due_at"};

/* Everybody else who waits: the throwing instance had it in its own step. */
static const struct pg_statement route_signals = {
    "throw_route_signals",
    "INSERT INTO " WORKFLOWS "job (id, instance_id, execution_id, definition_id, element_id, kind,"
    "  topic, payload, created_at, due_at)"
    " SELECT gen_random_uuid(), e.instance_id, e.execution_id, e.definition_id, e.element_id,"
    "  CASE WHEN e.instance_id IS NULL THEN 6 ELSE 4 END, t.name, jsonb_build_object('variables',"
    "  t.variables, 'subscription', e.id, 'definition', e.definition_index), $4, $4"
    " FROM unnest($1::uuid[], $2::text[], $3::jsonb[]) AS t (source, name, variables)"
    " JOIN " WORKFLOWS "event_subscription e ON e.event_type = 'signal' AND e.event_name = t.name"
    "  AND e.instance_id IS DISTINCT FROM t.source AND e.created_at <= $4"
    " RETURNING id, instance_id, due_at"};

struct message_arrays {
    struct pg_call *call;
    struct pg_array *id;
    struct pg_array *name;
    struct pg_array *key;
    struct pg_array *business;
    struct pg_array *variables;
};

static void add_message(struct unit *unit, struct pg_batch *batch, struct message_arrays *a,
                        const char *name, const char *key, const char *business,
                        const json_t *variables)
{
    struct uuid id = uuid_next(unit->queue->settings.ids);

    if (a->call == NULL) {
        unit->routed_messages = (int32_t)pg_batch_count(batch);
        a->call = pg_batch_add(batch, &route_messages);
        a->id = pg_uuid_array(a->call);
        a->name = pg_text_array(a->call);
        a->key = pg_text_array(a->call);
        a->business = pg_text_array(a->call);
        a->variables = pg_jsonb_array(a->call);
    }
    pg_add_uuid(a->id, &id);
    pg_add_text(a->name, name);
    pg_add_text(a->key, key);
    pg_add_text(a->business, business);
    pg_add_text(a->variables, store_json_text(unit, (json_t *)variables, false));
}

/* The receiver of a message has gone away meanwhile: the message goes on looking. */
static void add_rerouted(struct unit *unit, struct pg_batch *batch, struct message_arrays *a)
{
    for (uint32_t i = 0; i < unit->item_count; i++) {
        const struct unit_job *job = unit->items[i].job;
        const json_t *payload = job != NULL ? job->payload : NULL;

        if (unit->items[i].reroutes && json_is_object(json_object_get(payload, "variables")))
            add_message(unit, batch, a, job->name,
                        json_string_value(json_object_get(payload, "key")),
                        json_string_value(json_object_get(payload, "businessKey")),
                        json_object_get(payload, "variables"));
    }
}

static void store_messages(struct unit *unit, struct pg_batch *batch)
{
    struct message_arrays a = {0};

    for (const struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        for (uint32_t i = 0; unit_instance_is_dirty(instance) && i < instance->changes.count; i++) {
            const struct bpmn_change *change = &instance->changes.items[i];

            if (change->kind == BPMN_CHANGE_MESSAGE_THROWN)
                add_message(unit, batch, &a, change->name, change->key,
                            change->key == NULL ? instance->instance.business_key : NULL,
                            change->value);
        }
    }
    add_rerouted(unit, batch, &a);
    if (a.call == NULL)
        return;
    pg_timestamp(a.call, unit->now_us);
    pg_int8(a.call, LIMIT_MESSAGE_LIFE_S);
}

static void store_signals(struct unit *unit, struct pg_batch *batch)
{
    struct pg_call *call = NULL;
    struct pg_array *a[3] = {NULL};

    for (const struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        for (uint32_t i = 0; unit_instance_is_dirty(instance) && i < instance->changes.count; i++) {
            const struct bpmn_change *change = &instance->changes.items[i];

            if (change->kind != BPMN_CHANGE_SIGNAL_THROWN || change->index != 0)
                continue;
            if (call == NULL) {
                unit->routed_signals = (int32_t)pg_batch_count(batch);
                call = pg_batch_add(batch, &route_signals);
                a[0] = pg_uuid_array(call);
                a[1] = pg_text_array(call);
                a[2] = pg_jsonb_array(call);
            }
            pg_add_uuid(a[0], &instance->id);
            pg_add_text(a[1], change->name);
            pg_add_text(a[2], store_json_text(unit, (json_t *)change->value, false));
        }
    }
    if (call != NULL)
        pg_timestamp(call, unit->now_us);
}

/* After the subscriptions of this unit are stored: a message may be for one of them. */
void unit_store_thrown(struct unit *unit, struct pg_batch *batch)
{
    store_messages(unit, batch);
    store_signals(unit, batch);
}

static void add_effects(struct unit *unit, int32_t statement)
{
    static const struct uuid none;
    const struct pg_result *rows;

    /* After a doubt about the COMMIT the answers are gone: the scan finds the jobs. */
    if (statement < 0 || unit->batch == NULL)
        return;
    rows = pg_batch_result(unit->batch, (uint32_t)statement);
    for (uint32_t row = 0; row < pg_rows(rows); row++) {
        struct uuid id = pg_value_uuid(rows, row, 0);
        struct uuid instance_id = pg_is_null(rows, row, 1) ? none : pg_value_uuid(rows, row, 1);

        unit_job_effect(unit, &id, &instance_id, pg_value_timestamp(rows, row, 2));
    }
}

void unit_thrown_effects(struct unit *unit)
{
    add_effects(unit, unit->routed_messages);
    add_effects(unit, unit->routed_signals);
    add_effects(unit, unit->matched_buffer);
}
