/* Changes → rows: one unnest statement a table, only those that are needed.
 *
 * Here: instances, scopes, the journal, the outbox and the COMMIT; the rows of waits are in
 * store_waits.c. */
#include "bpmn/base/json.h"
#include "engine/command/unit.h"
#include "engine/outbox/outbox.h"

#include <string.h>

#define WORKFLOWS "synergyflow_workflows."

static const struct pg_statement insert_instances = {
    "store_insert_instances",
    "INSERT INTO " WORKFLOWS "process_instance (id, definition_id, definition_key, business_key,"
    " name, status, revision, start_user_id, correlation_id, started_at, ended_at, end_element_id,"
    " delete_reason, state, variables, caller_id, root_id)"
    " SELECT id, definition_id, definition_key, business_key, name, status, 1, start_user_id,"
    " correlation_id, started_at, ended_at, end_element_id, delete_reason, state, variables,"
    " caller_id, root_id"
    " FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::smallint[],"
    " $7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::text[],"
    " $13::jsonb[], $14::jsonb[], $15::uuid[], $16::uuid[]) AS n (id, definition_id,"
    " definition_key, business_key, name, status, start_user_id, correlation_id, started_at,"
    " ended_at, end_element_id, delete_reason, state, variables, caller_id, root_id)"};

/* The revision guards against a writer that our lock did not keep out: there is none by design. */
static const struct pg_statement update_instances = {
    "store_update_instances",
    "UPDATE " WORKFLOWS "process_instance p SET revision = n.revision + 1, status = n.status,"
    " business_key = coalesce(n.business_key, p.business_key), ended_at = n.ended_at,"
    " end_element_id = n.end_element_id, delete_reason = n.delete_reason,"
    " state = coalesce(n.state, p.state), variables = coalesce(n.variables, p.variables)"
    " FROM unnest($1::uuid[], $2::bigint[], $3::smallint[], $4::text[], $5::timestamptz[],"
    " $6::text[], $7::text[], $8::jsonb[], $9::jsonb[]) AS n (id, revision, status, business_key,"
    " ended_at, end_element_id, delete_reason, state, variables)"
    " WHERE p.id = n.id AND p.revision = n.revision"};

static const struct pg_statement insert_scopes = {
    "store_insert_scopes",
    "INSERT INTO " WORKFLOWS "scope (id, instance_id, parent_scope_id, execution_id, element_id,"
    " state, variables) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[],"
    " $5::text[], $6::jsonb[], $7::jsonb[])"};
static const struct pg_statement update_scopes = {
    "store_update_scopes",
    "UPDATE " WORKFLOWS "scope s SET state = coalesce(n.state, s.state),"
    " variables = coalesce(n.variables, s.variables)"
    " FROM unnest($1::uuid[], $2::jsonb[], $3::jsonb[]) AS n (id, state, variables)"
    " WHERE s.id = n.id"};
static const struct pg_statement delete_scopes = {
    "store_delete_scopes", "DELETE FROM " WORKFLOWS "scope WHERE id = ANY ($1::uuid[])"};
static const struct pg_statement insert_journal = {
    "store_insert_journal",
    "INSERT INTO " WORKFLOWS "journal (instance_id, sequence, at, changes)"
    " SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::jsonb[])"};

static const struct pg_statement commit = {"store_commit", "COMMIT"};

/* ---- what both files use ---- */

/* One buffer for all texts: it keeps its room from one to the next. Only the loop's thread stores.
 */
const char *store_json_text(struct unit *unit, json_t *json, bool steal)
{
    static struct text buffer = TEXT_INIT;
    const char *text;
    bool written;

    text_clear(&buffer);
    written = json_write(&buffer, json);
    INVARIANT(written); /* what was read is no deeper than what can be written */
    text = arena_copy_bytes(unit->arena, text_string(&buffer), buffer.length);
    if (steal)
        json_decref(json);
    return text;
}

bool unit_instance_is_dirty(const struct unit_instance *instance)
{
    return (instance->stepped && instance->changes.count > 0) || instance->switched;
}

void store_time_or_null(struct pg_array *array, int64_t us)
{
    if (us != 0)
        pg_add_timestamp(array, us);
    else
        pg_add_null(array);
}

void store_uuid_or_null(struct pg_array *array, const struct uuid *id)
{
    if (uuid_is_zero(id))
        pg_add_null(array);
    else
        pg_add_uuid(array, id);
}

/* ---- rows ---- */

static int64_t status_code(const struct unit_instance *instance)
{
    switch (instance->instance.status) {
    case BPMN_INSTANCE_COMPLETED:
        return 3;
    case BPMN_INSTANCE_TERMINATED:
        return 4;
    case BPMN_INSTANCE_NEW:
    case BPMN_INSTANCE_ACTIVE:
        break;
    }
    return instance->suspended ? 2 : 1;
}

bool unit_has_changes(const struct unit *unit)
{
    for (const struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        if (unit_instance_is_dirty(instance))
            return true;
    }
    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (unit->items[i].stale_timer || unit->items[i].job_done)
            return true;
    }
    return unit->event_count > 0 || unit->rounds > 0 || unit_has_corrections(unit);
}

static void store_new_instances(struct unit *unit, struct pg_batch *batch)
{
    struct pg_call *call = NULL;
    struct pg_array *a[16] = {NULL};

    for (struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        struct bpmn_instance *running = &instance->instance;

        if (!unit_instance_is_dirty(instance) || !instance->is_new)
            continue;
        if (call == NULL) {
            call = pg_batch_add(batch, &insert_instances);
            a[0] = pg_uuid_array(call);
            for (int i = 1; i < 5; i++)
                a[i] = pg_text_array(call);
            a[5] = pg_int2_array(call);
            a[6] = pg_text_array(call);
            a[7] = pg_text_array(call);
            a[8] = pg_timestamp_array(call);
            a[9] = pg_timestamp_array(call);
            a[10] = pg_text_array(call);
            a[11] = pg_text_array(call);
            a[12] = pg_jsonb_array(call);
            a[13] = pg_jsonb_array(call);
            a[14] = pg_uuid_array(call);
            a[15] = pg_uuid_array(call);
        }
        pg_add_uuid(a[0], &instance->id);
        pg_add_text(a[1], instance->definition->id);
        pg_add_text(a[2], instance->definition->key);
        pg_add_text(a[3], running->business_key);
        pg_add_text(a[4], instance->instance_name);
        pg_add_int(a[5], status_code(instance));
        pg_add_text(a[6], instance->start_user);
        pg_add_text(a[7], instance->correlation_id);
        pg_add_timestamp(a[8], running->started_us);
        store_time_or_null(a[9], running->ended_us);
        pg_add_text(a[10], running->end_element_id);
        pg_add_text(a[11], running->delete_reason);
        pg_add_text(a[12], store_json_text(
                               unit, bpmn_scope_state(running, bpmn_instance_root(running)), true));
        pg_add_text(a[13], store_json_text(unit, bpmn_instance_root(running)->variables, false));
        store_uuid_or_null(a[14], &running->caller_id);
        store_uuid_or_null(a[15], &instance->root_id);
    }
}

static void store_old_instances(struct unit *unit, struct pg_batch *batch)
{
    struct pg_call *call = NULL;
    struct pg_array *a[9] = {NULL};

    unit->expected_updates = 0;
    for (struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        struct bpmn_instance *running = &instance->instance;
        const struct bpmn_scope *root;

        if (!unit_instance_is_dirty(instance) || instance->is_new)
            continue;
        if (call == NULL) {
            unit->update_index = pg_batch_count(batch);
            call = pg_batch_add(batch, &update_instances);
            a[0] = pg_uuid_array(call);
            a[1] = pg_int8_array(call);
            a[2] = pg_int2_array(call);
            a[3] = pg_text_array(call);
            a[4] = pg_timestamp_array(call);
            a[5] = pg_text_array(call);
            a[6] = pg_text_array(call);
            a[7] = pg_jsonb_array(call);
            a[8] = pg_jsonb_array(call);
        }
        root = bpmn_instance_root(running);
        pg_add_uuid(a[0], &instance->id);
        pg_add_int(a[1], instance->revision);
        pg_add_int(a[2], status_code(instance));
        pg_add_text(a[3], running->business_key);
        store_time_or_null(a[4], running->ended_us);
        pg_add_text(a[5], running->end_element_id);
        pg_add_text(a[6], running->delete_reason);
        pg_add_text(a[7], root->state_changed
                              ? store_json_text(unit, bpmn_scope_state(running, root), true)
                              : NULL);
        pg_add_text(a[8],
                    root->variables_changed ? store_json_text(unit, root->variables, false) : NULL);
        unit->expected_updates++;
    }
}

static void store_scopes(struct unit *unit, struct pg_batch *batch)
{
    struct pg_call *insert = NULL;
    struct pg_call *update = NULL;
    struct pg_call *removal = NULL;
    struct pg_array *i[7] = {NULL};
    struct pg_array *u[3] = {NULL};
    struct pg_array *r = NULL;

    for (struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        struct bpmn_instance *running = &instance->instance;

        for (uint32_t s = 1; s < running->scope_count && unit_instance_is_dirty(instance); s++) {
            const struct bpmn_scope *scope = &running->scopes[s];

            if (scope->is_new && !scope->removed) {
                if (insert == NULL) {
                    insert = pg_batch_add(batch, &insert_scopes);
                    for (int n = 0; n < 4; n++)
                        i[n] = pg_uuid_array(insert);
                    i[4] = pg_text_array(insert);
                    i[5] = pg_jsonb_array(insert);
                    i[6] = pg_jsonb_array(insert);
                }
                pg_add_uuid(i[0], &scope->id);
                pg_add_uuid(i[1], &instance->id);
                pg_add_uuid(i[2], &scope->parent_id);
                pg_add_uuid(i[3], &scope->token_id);
                pg_add_text(i[4], running->model->elements[scope->element].id);
                pg_add_text(i[5], store_json_text(unit, bpmn_scope_state(running, scope), true));
                pg_add_text(i[6], store_json_text(unit, scope->variables, false));
            } else if (scope->removed && !scope->is_new) {
                if (removal == NULL) {
                    removal = pg_batch_add(batch, &delete_scopes);
                    r = pg_uuid_array(removal);
                }
                pg_add_uuid(r, &scope->id);
            } else if (!scope->removed && (scope->state_changed || scope->variables_changed)) {
                if (update == NULL) {
                    update = pg_batch_add(batch, &update_scopes);
                    u[0] = pg_uuid_array(update);
                    u[1] = pg_jsonb_array(update);
                    u[2] = pg_jsonb_array(update);
                }
                pg_add_uuid(u[0], &scope->id);
                pg_add_text(u[1],
                            scope->state_changed
                                ? store_json_text(unit, bpmn_scope_state(running, scope), true)
                                : NULL);
                pg_add_text(u[2], scope->variables_changed
                                      ? store_json_text(unit, scope->variables, false)
                                      : NULL);
            }
        }
    }
}

static void store_journal(struct unit *unit, struct pg_batch *batch)
{
    struct pg_call *call = NULL;
    struct pg_array *a[4] = {NULL};

    for (struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        json_t *journal;

        if (!unit_instance_is_dirty(instance))
            continue;
        if (call == NULL) {
            call = pg_batch_add(batch, &insert_journal);
            a[0] = pg_uuid_array(call);
            a[1] = pg_int8_array(call);
            a[2] = pg_timestamp_array(call);
            a[3] = pg_jsonb_array(call);
        }
        journal = bpmn_changes_journal(&instance->changes, instance->instance.model, 0);
        pg_add_uuid(a[0], &instance->id);
        pg_add_int(a[1], instance->revision + 1);
        pg_add_timestamp(a[2], unit->now_us);
        pg_add_text(a[3], store_json_text(unit, journal, true));
    }
}

void unit_store(struct unit *unit, struct pg_batch *batch)
{
    store_new_instances(unit, batch);
    store_old_instances(unit, batch);
    store_scopes(unit, batch);
    unit_store_waits(unit, batch);
    unit_store_clock_timers(unit, batch);
    unit_store_thrown(unit, batch);
    unit_store_actions(unit, batch);
    store_journal(unit, batch);
    unit->publications = outbox_add(batch, unit->queue->settings.registry, unit->events,
                                    unit->event_count, unit->queue->settings.ids);
    (void)pg_batch_add(batch, &commit);
}

enum status unit_check_stored(const struct unit *unit, struct error *ret_error)
{
    if (unit->expected_updates == 0 ||
        pg_affected(pg_batch_result(unit->batch, unit->update_index)) == unit->expected_updates)
        return STATUS_OK;
    return error_set(
        ret_error, STATUS_INTERNAL,
        "Expected every instance at the revision that was loaded but one had changed.");
}
