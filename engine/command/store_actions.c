/* What operators did by hand: a row each, in the transaction that did it. */
#include "bpmn/iso8601.h"
#include "engine/command/unit.h"

static const struct pg_statement insert_actions = {
    "store_insert_actions",
    "INSERT INTO synergyflow_workflows.operator_action (id, at, actor, action, instance_id,"
    " target_id, element_id, details, reason, correlation_id) SELECT * FROM unnest($1::uuid[],"
    " $2::timestamptz[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::jsonb[],"
    " $9::text[], $10::text[])"};

static void put_time(json_t *details, const char *name, int64_t at_us)
{
    char text[ISO8601_INSTANT_BYTES];

    if (at_us == BPMN_TIMER_BY_CLOCK_US)
        (void)json_object_set_new(details, name, json_string("by its SLA clock"));
    else
        (void)json_object_set_new(details, name,
                                  json_string(iso8601_format_instant_us(at_us, text)));
}

/* When the timer was due, and is due now. */
static void put_changes(json_t *details, const struct unit_item *item)
{
    const struct bpmn_changes *changes = &item->instance->changes;

    for (uint32_t i = 0; i < changes->count; i++) {
        const struct bpmn_change *change = &changes->items[i];

        if (!uuid_equal(&change->wait_id, &item->command->target))
            continue;
        if (change->kind == BPMN_CHANGE_TIMER_ARMED)
            put_time(details, "dueDate", change->due_us);
        else if (change->kind == BPMN_CHANGE_TIMER_CANCELLED ||
                 change->kind == BPMN_CHANGE_TIMER_FIRED)
            put_time(details, "previousDueDate", change->due_us);
    }
}

static void store_one(struct unit *unit, struct pg_array **a, const struct unit_item *item)
{
    const struct command_audit *audit = item->command->audit;
    struct uuid id = uuid_next(unit->queue->settings.ids);
    json_t *details = audit->details != NULL ? json_deep_copy(audit->details) : json_object();

    put_changes(details, item);
    pg_add_uuid(a[0], &id);
    pg_add_timestamp(a[1], unit->now_us);
    pg_add_text(a[2], item->command->user);
    pg_add_text(a[3], audit->action);
    pg_add_uuid(a[4], &item->instance->id);
    pg_add_uuid(a[5], &item->command->target);
    pg_add_text(a[6], audit->element_id);
    pg_add_text(a[7], store_json_text(unit, details, true));
    pg_add_text(a[8], audit->reason);
    pg_add_text(a[9], item->command->correlation_id);
}

void unit_store_actions(struct unit *unit, struct pg_batch *batch)
{
    struct pg_call *call = NULL;
    struct pg_array *a[10] = {NULL};

    for (uint32_t i = 0; i < unit->item_count; i++) {
        const struct unit_item *item = &unit->items[i];

        if (item->command->audit == NULL || item->state != ITEM_STEPPED || item->instance == NULL)
            continue;
        if (call == NULL) {
            call = pg_batch_add(batch, &insert_actions);
            a[0] = pg_uuid_array(call);
            a[1] = pg_timestamp_array(call);
            a[2] = pg_text_array(call);
            a[3] = pg_text_array(call);
            a[4] = pg_uuid_array(call);
            a[5] = pg_uuid_array(call);
            a[6] = pg_text_array(call);
            a[7] = pg_jsonb_array(call);
            a[8] = pg_text_array(call);
            a[9] = pg_text_array(call);
        }
        store_one(unit, a, item);
    }
}
