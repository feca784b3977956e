/* What a threshold or a level of a chain sets going, in the transaction in which it fires: events
 * go to the outbox, messages to the buffer, signals and starts become jobs of the engine, webhooks
 * rows of their own. So each happens once, whatever crashes; what it came to stands in the firing's
 * row. */
#include "engine/sla/private.h"

#include "bpmn/base/memory.h"

/* A message to whoever waits with the subject's id as business key; it is kept for a day. */
static const struct pg_statement insert_message = {
    "sla_insert_message",
    "INSERT INTO synergyflow_workflows.message_buffer (id, name, business_key, variables,"
    " received_at, expires_at) VALUES ($1, $2, $3, $4, $5, $5 + interval '1 day')"};
/* A job for each who waits for the signal, and for each process that it starts. */
static const struct pg_statement insert_signal = {
    "sla_insert_signal",
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
    " AND (e.instance_id IS NULL AND NOT d.suspended OR p.status = 1)"};
/* The latest version when it runs; without one the job fails, and an operator sees it. */
static const struct pg_statement insert_start = {
    "sla_insert_start",
    "INSERT INTO synergyflow_workflows.job (id, definition_id, element_id, kind, topic, payload,"
    " created_at, due_at) VALUES ($1, '', '', 6, $2, $3, $4, $4)"};
static const struct pg_statement insert_delivery = {
    "sla_insert_delivery",
    "INSERT INTO synergyflow_workflows.webhook_delivery (id, url, event_type, payload, created_at,"
    " next_attempt_at) VALUES ($1, $2, $3, $4, $5, $5)"};

static void add_json(struct pg_call *call, const json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);

    INVARIANT(text != NULL);
    pg_jsonb(call, text);
    memory_free(text);
}

void sla_publish(struct sla_store *store, const char *type, const char *aggregate_id,
                 json_t *payload)
{
    if (store->event_count == store->event_capacity) {
        uint32_t capacity = store->event_capacity == 0 ? 8 : 2 * store->event_capacity;

        store->events = arena_grow(store->arena, store->events, store->event_count, capacity,
                                   sizeof(*store->events));
        store->event_capacity = capacity;
    }
    store->events[store->event_count++] =
        (struct module_event){.id = uuid_next(store->service->settings.ids),
                              .type = type,
                              .aggregate_id = aggregate_id,
                              .payload = payload,
                              .correlation_id = store->correlation_id,
                              .published_at_us = store->now_us};
}

static void send_message(struct sla_store *store, const char *subject_id, const char *name,
                         const json_t *variables)
{
    struct pg_call *call = pg_batch_add(store->batch, &insert_message);
    struct uuid id = uuid_next(store->service->settings.ids);

    pg_uuid(call, &id);
    pg_text(call, name);
    pg_text(call, subject_id);
    add_json(call, variables);
    pg_timestamp(call, store->now_us);
}

static void send_signal(struct sla_store *store, const char *name, const json_t *variables)
{
    struct pg_call *call = pg_batch_add(store->batch, &insert_signal);

    pg_text(call, name);
    add_json(call, variables);
    pg_timestamp(call, store->now_us);
    store->has_jobs = true;
}

static void start_process(struct sla_store *store, const char *subject_id, const char *key,
                          json_t *variables)
{
    struct pg_call *call = pg_batch_add(store->batch, &insert_start);
    struct uuid id = uuid_next(store->service->settings.ids);
    json_t *payload = json_pack("{s:O, s:s, s:i}", "variables", variables, "businessKey",
                                subject_id, "definition", 0);

    pg_uuid(call, &id);
    pg_text(call, key);
    add_json(call, payload);
    pg_timestamp(call, store->now_us);
    json_decref(payload);
    store->has_jobs = true;
}

static void send_webhook(struct sla_store *store, const char *url, const json_t *facts,
                         json_t *outcome)
{
    struct pg_call *call = pg_batch_add(store->batch, &insert_delivery);
    struct uuid id = uuid_next(store->service->settings.ids);
    char fired[ISO8601_INSTANT_BYTES];
    char text[UUID_TEXT_BYTES];
    json_t *payload = json_pack("{s:s, s:s, s:O}", "type", "sla.threshold", "timestamp",
                                iso8601_format_instant(store->now_us, fired), "data", facts);

    pg_uuid(call, &id);
    pg_text(call, url);
    pg_text(call, "sla.threshold");
    add_json(call, payload);
    pg_timestamp(call, store->now_us);
    json_decref(payload);
    (void)json_object_set_new(outcome, "delivery", json_string(uuid_format(&id, text)));
    store->has_webhooks = true;
}

json_t *sla_act(struct sla_store *store, const struct sla_row *row, const struct sla_action *action,
                const char *threshold, json_t *facts)
{
    const char *subject_id = row->clock->subject_id;
    json_t *variables = json_pack("{s:O}", "sla", facts);
    json_t *outcome =
        json_pack("{s:s, s:s}", "action", sla_action_name(action->kind), "what", action->what);
    const char *came_to = "published";

    switch (action->kind) {
    case SLA_ACTION_EVENT:
        sla_publish(store, arena_copy(store->arena, action->what), subject_id, json_incref(facts));
        break;
    case SLA_ACTION_MESSAGE:
        send_message(store, subject_id, action->what, variables);
        came_to = "sent";
        break;
    case SLA_ACTION_SIGNAL:
        send_signal(store, action->what, variables);
        came_to = "sent";
        break;
    case SLA_ACTION_START_PROCESS:
        start_process(store, subject_id, action->what, variables);
        came_to = "queued";
        break;
    case SLA_ACTION_ESCALATE:
        sla_chain_start(store, row, action->what, threshold, outcome);
        came_to = "started";
        break;
    case SLA_ACTION_WEBHOOK:
        send_webhook(store, action->what, facts, outcome);
        came_to = "queued";
        break;
    case SLA_ACTION_REASSIGN_TEAM:
    case SLA_ACTION_REASSIGN_USER:
    case SLA_ACTION_RAISE_PRIORITY:
        /* The module that owns the subject listens and does it. */
        sla_publish(store, "sla.ActionRequested", subject_id, json_incref(facts));
        came_to = "requested";
        break;
    }
    (void)json_object_set_new(outcome, "outcome", json_string(came_to));
    json_decref(variables);
    json_decref(facts);
    return outcome;
}

json_t *sla_action_facts(const struct sla_row *row, const struct sla_action *action,
                         const char *threshold, int64_t due_us, int64_t now_us)
{
    const struct sla_clock *clock = row->clock;
    json_t *payload = action->payload[0] != '\0' ? json_loads(action->payload, 0, NULL) : NULL;
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:o, s:o}", "clockId", clock->id,
        "subjectType", sla_subject_type_name(row->type), "subjectId", clock->subject_id, "policy",
        clock->policy_id, "policyVersion", (json_int_t)clock->policy_version, "target",
        clock->target, "threshold", threshold, "action", sla_action_name(action->kind), "what",
        action->what, "dueAt", sla_instant(due_us), "firedAt", sla_instant(now_us));

    if (action->kind == SLA_ACTION_RAISE_PRIORITY)
        (void)json_object_set_new(object, "by", json_integer(action->by));
    if (payload != NULL)
        (void)json_object_set_new(object, "payload", payload);
    return object;
}
