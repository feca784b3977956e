/* The rows of waits: tasks, timers, external jobs, event subscriptions.
 *
 * What was made and undone within the unit is never written, except tasks, which are their own
 * history. */
#include "engine/command/unit.h"

#include <string.h>

#define WORKFLOWS "synergyflow_workflows."

/* Candidate lists come as JSON arrays, since arrays of arrays cannot be unnested row by row. */
static const struct pg_statement insert_tasks = {
    "store_insert_tasks",
    "INSERT INTO " WORKFLOWS "task (id, instance_id, execution_id, definition_id, element_id, name,"
    " description, assignee, owner, candidate_users, candidate_groups, category, form_key, "
    "priority,"
    " due_at, created_at, status, ended_at, delete_reason)"
    " SELECT id, instance_id, execution_id, definition_id, element_id, name, description, assignee,"
    " owner, CASE WHEN users IS NOT NULL THEN ARRAY (SELECT jsonb_array_elements_text(users)) END,"
    " CASE WHEN groups IS NOT NULL THEN ARRAY (SELECT jsonb_array_elements_text(groups)) END,"
    " category, form_key, priority, due_at, created_at, status, ended_at, delete_reason"
    " FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[],"
    " $7::text[], $8::text[], $9::text[], $10::jsonb[], $11::jsonb[], $12::text[], $13::text[],"
    " $14::int[], $15::timestamptz[], $16::timestamptz[], $17::smallint[], $18::timestamptz[],"
    " $19::text[]) AS n (id, instance_id, execution_id, definition_id, element_id, name,"
    " description, assignee, owner, users, groups, category, form_key, priority, due_at,"
    " created_at, status, ended_at, delete_reason)"};
static const struct pg_statement close_tasks = {
    "store_close_tasks",
    "UPDATE " WORKFLOWS "task t SET status = n.status, ended_at = n.ended_at,"
    " delete_reason = n.reason"
    " FROM unnest($1::uuid[], $2::smallint[], $3::timestamptz[], $4::text[]) AS n (id, status,"
    " ended_at, reason) WHERE t.id = n.id"};

static const struct pg_statement insert_timers = {
    "store_insert_timers",
    "INSERT INTO " WORKFLOWS "timer (id, instance_id, execution_id, definition_id, element_id,"
    " due_at, repeat, created_at) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[],"
    " $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::timestamptz[])"};
static const struct pg_statement delete_timers = {
    "store_delete_timers", "DELETE FROM " WORKFLOWS "timer WHERE id = ANY ($1::uuid[])"};

static const struct pg_statement insert_jobs = {
    "store_insert_jobs",
    "INSERT INTO " WORKFLOWS "job (id, instance_id, execution_id, definition_id, element_id,"
    " element_name, kind, topic, created_at)"
    " SELECT id, instance_id, execution_id, definition_id, element_id, element_name, 1, topic,"
    " created_at FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], "
    "$6::text[],"
    " $7::text[], $8::timestamptz[]) AS n (id, instance_id, execution_id, definition_id, "
    "element_id,"
    " element_name, topic, created_at)"};
static const struct pg_statement delete_jobs = {
    "store_delete_jobs", "DELETE FROM " WORKFLOWS "job WHERE id = ANY ($1::uuid[])"};

static const struct pg_statement insert_subscriptions = {
    "store_insert_subscriptions",
    "INSERT INTO " WORKFLOWS "event_subscription (id, instance_id, execution_id, definition_id,"
    " element_id, event_type, event_name, created_at)"
    " SELECT id, instance_id, execution_id, definition_id, element_id, 'message', event_name,"
    " created_at FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], "
    "$6::text[],"
    " $7::timestamptz[]) AS n (id, instance_id, execution_id, definition_id, element_id, "
    "event_name,"
    " created_at)"};
static const struct pg_statement delete_subscriptions = {
    "store_delete_subscriptions",
    "DELETE FROM " WORKFLOWS "event_subscription WHERE id = ANY ($1::uuid[])"};

/* ---- waits: made, and made and undone ---- */

/* A wait that this unit made. */
struct made {
    UT_hash_handle hh;
    struct uuid id;
    const struct unit_instance *instance;
    const struct bpmn_change *change;
    const struct bpmn_change *closed; /* by this change of the same unit; NULL: it stays */
    struct made *next;
};

/* A wait of an earlier unit that this one closed. */
struct closed {
    const struct unit_instance *instance;
    const struct bpmn_change *change;
    struct closed *next;
};

struct waits {
    struct arena *arena;
    struct made *by_id;
    struct made *first_made;
    struct made **made_tail;
    struct closed *first_closed;
    struct closed **closed_tail;
};

static bool makes_wait(enum bpmn_change_kind kind)
{
    return kind == BPMN_CHANGE_TASK_CREATED || kind == BPMN_CHANGE_JOB_CREATED ||
           kind == BPMN_CHANGE_TIMER_ARMED || kind == BPMN_CHANGE_MESSAGE_AWAITED;
}

static bool closes_wait(enum bpmn_change_kind kind)
{
    switch (kind) {
    case BPMN_CHANGE_TASK_COMPLETED:
    case BPMN_CHANGE_TASK_CANCELLED:
    case BPMN_CHANGE_JOB_COMPLETED:
    case BPMN_CHANGE_JOB_CANCELLED:
    case BPMN_CHANGE_TIMER_FIRED:
    case BPMN_CHANGE_TIMER_CANCELLED:
    case BPMN_CHANGE_MESSAGE_RECEIVED:
    case BPMN_CHANGE_MESSAGE_CANCELLED:
        return true;
    default:
        return false;
    }
}

static void gather(struct waits *waits, const struct unit_instance *instance)
{
    for (uint32_t i = 0; i < instance->changes.count; i++) {
        const struct bpmn_change *change = &instance->changes.items[i];
        struct made *made = NULL;

        if (makes_wait(change->kind)) {
            made = arena_alloc(waits->arena, sizeof(*made));
            made->id = change->wait_id;
            made->instance = instance;
            made->change = change;
            HASH_ADD(hh, waits->by_id, id, sizeof(made->id), made);
            *waits->made_tail = made;
            waits->made_tail = &made->next;
        } else if (closes_wait(change->kind)) {
            HASH_FIND(hh, waits->by_id, &change->wait_id, sizeof(change->wait_id), made);
            if (made != NULL) {
                made->closed = change;
            } else {
                struct closed *closed = arena_alloc(waits->arena, sizeof(*closed));

                closed->instance = instance;
                closed->change = change;
                *waits->closed_tail = closed;
                waits->closed_tail = &closed->next;
            }
        }
    }
}

/* ---- rows ---- */

static const char *list_text(struct unit *unit, const char **items, uint32_t count)
{
    json_t *list;

    if (count == 0)
        return NULL;
    list = json_array();
    for (uint32_t i = 0; i < count; i++)
        (void)json_array_append_new(list, json_string(items[i]));
    return store_json_text(unit, list, true);
}

static void add_where(struct pg_array **a, const struct made *made)
{
    const struct unit_instance *instance = made->instance;

    pg_add_uuid(a[0], &made->id);
    pg_add_uuid(a[1], &instance->id);
    pg_add_uuid(a[2], &made->change->token_id);
    pg_add_text(a[3], instance->definition->id);
    pg_add_text(a[4], instance->instance.model->elements[made->change->element].id);
}

static void where_arrays(struct pg_array **a, struct pg_call *call)
{
    for (int i = 0; i < 3; i++)
        a[i] = pg_uuid_array(call);
    a[3] = pg_text_array(call);
    a[4] = pg_text_array(call);
}

static void store_new_tasks(struct unit *unit, struct pg_batch *batch, const struct waits *waits)
{
    struct pg_call *call = NULL;
    struct pg_array *a[19] = {NULL};

    for (const struct made *made = waits->first_made; made != NULL; made = made->next) {
        const struct bpmn_task_details *task = made->change->task;

        if (made->change->kind != BPMN_CHANGE_TASK_CREATED)
            continue;
        if (call == NULL) {
            call = pg_batch_add(batch, &insert_tasks);
            where_arrays(a, call);
            for (int i = 5; i < 9; i++)
                a[i] = pg_text_array(call);
            a[9] = pg_jsonb_array(call);
            a[10] = pg_jsonb_array(call);
            a[11] = pg_text_array(call);
            a[12] = pg_text_array(call);
            a[13] = pg_int4_array(call);
            a[14] = pg_timestamp_array(call);
            a[15] = pg_timestamp_array(call);
            a[16] = pg_int2_array(call);
            a[17] = pg_timestamp_array(call);
            a[18] = pg_text_array(call);
        }
        add_where(a, made);
        pg_add_text(a[5], task->name);
        pg_add_text(a[6], task->description);
        pg_add_text(a[7], task->assignee);
        pg_add_text(a[8], task->owner);
        pg_add_text(a[9], list_text(unit, task->candidate_users, task->candidate_user_count));
        pg_add_text(a[10], list_text(unit, task->candidate_groups, task->candidate_group_count));
        pg_add_text(a[11], task->category);
        pg_add_text(a[12], task->form_key);
        pg_add_int(a[13], task->priority);
        store_time_or_null(a[14], task->has_due ? task->due_us : 0);
        pg_add_timestamp(a[15], made->change->at_us);
        pg_add_int(a[16], made->closed == NULL                               ? 1
                          : made->closed->kind == BPMN_CHANGE_TASK_COMPLETED ? 2
                                                                             : 3);
        store_time_or_null(a[17], made->closed != NULL ? made->closed->at_us : 0);
        pg_add_text(a[18], made->closed != NULL ? made->closed->reason : NULL);
    }
}

static void store_closed_tasks(struct pg_batch *batch, const struct waits *waits)
{
    struct pg_call *call = NULL;
    struct pg_array *a[4] = {NULL};

    for (const struct closed *closed = waits->first_closed; closed != NULL; closed = closed->next) {
        const struct bpmn_change *change = closed->change;

        if (change->kind != BPMN_CHANGE_TASK_COMPLETED &&
            change->kind != BPMN_CHANGE_TASK_CANCELLED)
            continue;
        if (call == NULL) {
            call = pg_batch_add(batch, &close_tasks);
            a[0] = pg_uuid_array(call);
            a[1] = pg_int2_array(call);
            a[2] = pg_timestamp_array(call);
            a[3] = pg_text_array(call);
        }
        pg_add_uuid(a[0], &change->wait_id);
        pg_add_int(a[1], change->kind == BPMN_CHANGE_TASK_COMPLETED ? 2 : 3);
        pg_add_timestamp(a[2], change->at_us);
        pg_add_text(a[3], change->reason);
    }
}

static void store_new_timers(struct unit *unit, struct pg_batch *batch, const struct waits *waits)
{
    struct pg_call *call = NULL;
    struct pg_array *a[8] = {NULL};

    for (const struct made *made = waits->first_made; made != NULL; made = made->next) {
        if (made->change->kind != BPMN_CHANGE_TIMER_ARMED || made->closed != NULL)
            continue;
        if (call == NULL) {
            call = pg_batch_add(batch, &insert_timers);
            where_arrays(a, call);
            a[5] = pg_timestamp_array(call);
            a[6] = pg_text_array(call);
            a[7] = pg_timestamp_array(call);
        }
        add_where(a, made);
        pg_add_timestamp(a[5], made->change->due_us);
        pg_add_text(a[6], made->change->repeat);
        pg_add_timestamp(a[7], made->change->at_us);
        unit_timer_effect(unit, &made->id, &made->instance->id, made->change->due_us, true);
    }
}

static void store_new_jobs(struct unit *unit, struct pg_batch *batch, const struct waits *waits)
{
    struct pg_call *call = NULL;
    struct pg_array *a[8] = {NULL};

    for (const struct made *made = waits->first_made; made != NULL; made = made->next) {
        const struct bpmn_element *element =
            &made->instance->instance.model->elements[made->change->element];

        if (made->change->kind != BPMN_CHANGE_JOB_CREATED || made->closed != NULL)
            continue;
        if (call == NULL) {
            call = pg_batch_add(batch, &insert_jobs);
            where_arrays(a, call);
            a[5] = pg_text_array(call);
            a[6] = pg_text_array(call);
            a[7] = pg_timestamp_array(call);
        }
        add_where(a, made);
        pg_add_text(a[5], element->name);
        pg_add_text(a[6], made->change->name);
        pg_add_timestamp(a[7], made->change->at_us);
        unit->jobs_created++;
    }
}

static void store_new_subscriptions(struct pg_batch *batch, const struct waits *waits)
{
    struct pg_call *call = NULL;
    struct pg_array *a[7] = {NULL};

    for (const struct made *made = waits->first_made; made != NULL; made = made->next) {
        if (made->change->kind != BPMN_CHANGE_MESSAGE_AWAITED || made->closed != NULL)
            continue;
        if (call == NULL) {
            call = pg_batch_add(batch, &insert_subscriptions);
            where_arrays(a, call);
            a[5] = pg_text_array(call);
            a[6] = pg_timestamp_array(call);
        }
        add_where(a, made);
        pg_add_text(a[5], made->change->name);
        pg_add_timestamp(a[6], made->change->at_us);
    }
}

/* Rows of closed waits of one kind go by id. */
static void store_removals(struct unit *unit, struct pg_batch *batch, const struct waits *waits,
                           const struct pg_statement *statement, enum bpmn_change_kind done,
                           enum bpmn_change_kind cancelled)
{
    bool timers = done == BPMN_CHANGE_TIMER_FIRED;
    struct pg_array *ids = NULL;

    for (const struct closed *closed = waits->first_closed; closed != NULL; closed = closed->next) {
        const struct bpmn_change *change = closed->change;

        if (change->kind != done && change->kind != cancelled)
            continue;
        if (ids == NULL)
            ids = pg_uuid_array(pg_batch_add(batch, statement));
        pg_add_uuid(ids, &change->wait_id);
        if (timers)
            unit_timer_effect(unit, &change->wait_id, &closed->instance->id, change->due_us, false);
    }
    for (uint32_t i = 0; i < unit->item_count && timers; i++) {
        if (!unit->items[i].stale_timer)
            continue;
        if (ids == NULL)
            ids = pg_uuid_array(pg_batch_add(batch, statement));
        pg_add_uuid(ids, &unit->items[i].command->target);
    }
}

void unit_store_waits(struct unit *unit, struct pg_batch *batch)
{
    struct waits waits = {.arena = unit->arena};

    waits.made_tail = &waits.first_made;
    waits.closed_tail = &waits.first_closed;
    for (struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        if (unit_instance_is_dirty(instance))
            gather(&waits, instance);
    }
    store_new_tasks(unit, batch, &waits);
    store_closed_tasks(batch, &waits);
    store_removals(unit, batch, &waits, &delete_timers, BPMN_CHANGE_TIMER_FIRED,
                   BPMN_CHANGE_TIMER_CANCELLED);
    store_new_timers(unit, batch, &waits);
    store_removals(unit, batch, &waits, &delete_jobs, BPMN_CHANGE_JOB_COMPLETED,
                   BPMN_CHANGE_JOB_CANCELLED);
    store_new_jobs(unit, batch, &waits);
    store_removals(unit, batch, &waits, &delete_subscriptions, BPMN_CHANGE_MESSAGE_RECEIVED,
                   BPMN_CHANGE_MESSAGE_CANCELLED);
    store_new_subscriptions(batch, &waits);
    HASH_CLEAR(hh, waits.by_id);
}
