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
    " due_at, repeat, created_at, retry_cycle) SELECT * FROM unnest($1::uuid[], $2::uuid[],"
    " $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::timestamptz[],"
    " $9::text[])"};
static const struct pg_statement insert_bound_timers = {
    "store_insert_bound_timers",
    "INSERT INTO " WORKFLOWS "timer (id, instance_id, execution_id, definition_id, element_id,"
    " due_at, created_at, retry_cycle, clock_subject_type, clock_subject_id, clock_target,"
    " clock_threshold) SELECT id, instance_id, execution_id, definition_id, element_id,"
    " coalesce(due_at, 'infinity'), created_at, retry_cycle, subject_type, subject_id, target,"
    " threshold FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[],"
    " $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[], $10::text[], $11::text[],"
    " $12::text[]) AS n (id, instance_id, execution_id, definition_id, element_id, due_at,"
    " created_at, retry_cycle, subject_type, subject_id, target, threshold)"};
/* Whatever went wrong at the old time is forgotten; a timer with a time of its own follows no
 * clock. */
static const struct pg_statement move_timers = {
    "store_move_timers",
    "UPDATE " WORKFLOWS "timer t SET due_at = coalesce(n.due_at, 'infinity'), repeat = n.repeat,"
    " attempts = 0, last_error = NULL, dead_at = NULL, clock_subject_type = n.subject_type,"
    " clock_subject_id = n.subject_id, clock_target = n.target, clock_threshold = n.threshold"
    " FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[],"
    " $7::text[]) AS n (id, due_at, repeat, subject_type, subject_id, target, threshold)"
    " WHERE t.id = n.id"};
static const struct pg_statement delete_timers = {
    "store_delete_timers", "DELETE FROM " WORKFLOWS "timer WHERE id = ANY ($1::uuid[])"};

/* ---- waits: made, and made and undone ---- */

/* Handler calls are answered in the transaction that makes them, called instances have rows of
 * their own. */
static bool makes_wait(enum bpmn_change_kind kind)
{
    enum bpmn_wait_kind wait;

    return bpmn_change_begins(kind, &wait) && wait != BPMN_WAIT_HANDLER && wait != BPMN_WAIT_CALL;
}

static bool closes_wait(enum bpmn_change_kind kind)
{
    return bpmn_change_ends(kind) && kind != BPMN_CHANGE_HANDLER_RETURNED &&
           kind != BPMN_CHANGE_CALL_COMPLETED && kind != BPMN_CHANGE_CALL_CANCELLED;
}

/* A timer that is taken down and armed again under its id was moved. Operators do that one by one.
 */
static void note_move(const struct waits *waits, struct made_wait *made)
{
    if (made->change->kind != BPMN_CHANGE_TIMER_ARMED)
        return;
    for (struct closed_wait *closed = waits->first_closed; closed != NULL && !made->moved;
         closed = closed->next) {
        if (uuid_equal(&closed->change->wait_id, &made->id))
            made->moved = closed->moved = true;
    }
}

static void gather(struct waits *waits, const struct unit_instance *instance, bool moves)
{
    for (uint32_t i = 0; i < instance->changes.count; i++) {
        const struct bpmn_change *change = &instance->changes.items[i];
        struct made_wait *made = NULL;

        if (makes_wait(change->kind)) {
            made = arena_alloc(waits->arena, sizeof(*made));
            made->id = change->wait_id;
            made->instance = instance;
            made->change = change;
            HASH_ADD(hh, waits->by_id, id, sizeof(made->id), made);
            *waits->made_tail = made;
            waits->made_tail = &made->next;
            if (moves)
                note_move(waits, made);
        } else if (closes_wait(change->kind)) {
            HASH_FIND(hh, waits->by_id, &change->wait_id, sizeof(change->wait_id), made);
            if (made != NULL) {
                made->closed = change;
            } else {
                struct closed_wait *closed = arena_alloc(waits->arena, sizeof(*closed));

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

void store_where(struct pg_array **a, const struct made_wait *made)
{
    const struct unit_instance *instance = made->instance;

    pg_add_uuid(a[0], &made->id);
    pg_add_uuid(a[1], &instance->id);
    pg_add_uuid(a[2], &made->change->token_id);
    pg_add_text(a[3], instance->definition->id);
    pg_add_text(a[4], instance->instance.model->elements[made->change->element].id);
}

void store_where_arrays(struct pg_array **a, struct pg_call *call)
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

    for (const struct made_wait *made = waits->first_made; made != NULL; made = made->next) {
        const struct bpmn_task_details *task = made->change->task;

        if (made->change->kind != BPMN_CHANGE_TASK_CREATED)
            continue;
        if (call == NULL) {
            call = pg_batch_add(batch, &insert_tasks);
            store_where_arrays(a, call);
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
        store_where(a, made);
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

    for (const struct closed_wait *closed = waits->first_closed; closed != NULL;
         closed = closed->next) {
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

/* A boundary timer's failures are retried as its own element says, or its activity. */
static const char *retry_cycle_of(const struct made_wait *made)
{
    const struct bpmn_element *element =
        &made->instance->instance.model->elements[made->change->element];

    if (element->retry_cycle == NULL && element->attached_to != BPMN_NONE)
        return made->instance->instance.model->elements[element->attached_to].retry_cycle;
    return element->retry_cycle;
}

static void store_new_timers(struct unit *unit, struct pg_batch *batch, const struct waits *waits)
{
    struct pg_call *call = NULL;
    struct pg_array *a[9] = {NULL};

    for (const struct made_wait *made = waits->first_made; made != NULL; made = made->next) {
        if (made->change->kind != BPMN_CHANGE_TIMER_ARMED || made->closed != NULL || made->moved ||
            made->change->clock != NULL)
            continue;
        if (call == NULL) {
            call = pg_batch_add(batch, &insert_timers);
            store_where_arrays(a, call);
            a[5] = pg_timestamp_array(call);
            a[6] = pg_text_array(call);
            a[7] = pg_timestamp_array(call);
            a[8] = pg_text_array(call);
        }
        store_where(a, made);
        pg_add_timestamp(a[5], made->change->due_us);
        pg_add_text(a[6], made->change->repeat);
        pg_add_timestamp(a[7], made->change->at_us);
        pg_add_text(a[8], retry_cycle_of(made));
        unit_timer_effect(unit, &made->id, &made->instance->id, made->change->due_us, true);
    }
}

/* Four columns: which clock the timer follows, if any. */
static void add_clock(struct pg_array **a, const struct bpmn_clock_binding *clock)
{
    pg_add_text(a[0], clock != NULL ? clock->subject_type : NULL);
    pg_add_text(a[1], clock != NULL ? clock->subject_id : NULL);
    pg_add_text(a[2], clock != NULL ? clock->target : NULL);
    pg_add_text(a[3], clock != NULL ? clock->threshold : NULL);
}

/* When it is due, by itself or by its clock, and who has to know. */
static void add_due(struct unit *unit, struct pg_array *array, const struct made_wait *made)
{
    int64_t due_us = made->change->due_us;

    if (made->change->clock == NULL) {
        pg_add_timestamp(array, due_us);
        unit_timer_effect(unit, &made->id, &made->instance->id, due_us, true);
        return;
    }
    due_us = unit_bound_due_us(unit, &made->id);
    if (due_us == SLA_OPEN_US) {
        pg_add_null(array);
        return;
    }
    pg_add_timestamp(array, due_us);
    unit_bound_effect(unit, &made->id, &made->instance->id, due_us);
}

static void store_bound_timers(struct unit *unit, struct pg_batch *batch, const struct waits *waits)
{
    struct pg_call *call = NULL;
    struct pg_array *a[12] = {NULL};

    for (const struct made_wait *made = waits->first_made; made != NULL; made = made->next) {
        if (made->change->kind != BPMN_CHANGE_TIMER_ARMED || made->closed != NULL || made->moved ||
            made->change->clock == NULL)
            continue;
        if (call == NULL) {
            call = pg_batch_add(batch, &insert_bound_timers);
            store_where_arrays(a, call);
            a[5] = pg_timestamp_array(call);
            a[6] = pg_timestamp_array(call);
            for (int i = 7; i < 12; i++)
                a[i] = pg_text_array(call);
        }
        store_where(a, made);
        add_due(unit, a[5], made);
        pg_add_timestamp(a[6], made->change->at_us);
        pg_add_text(a[7], retry_cycle_of(made));
        add_clock(a + 8, made->change->clock);
    }
}

static void store_moved_timers(struct unit *unit, struct pg_batch *batch, const struct waits *waits)
{
    struct pg_call *call = NULL;
    struct pg_array *a[7] = {NULL};

    for (const struct made_wait *made = waits->first_made; made != NULL; made = made->next) {
        if (!made->moved || made->closed != NULL)
            continue;
        if (call == NULL) {
            call = pg_batch_add(batch, &move_timers);
            a[0] = pg_uuid_array(call);
            a[1] = pg_timestamp_array(call);
            for (int i = 2; i < 7; i++)
                a[i] = pg_text_array(call);
        }
        pg_add_uuid(a[0], &made->id);
        add_due(unit, a[1], made);
        pg_add_text(a[2], made->change->repeat);
        add_clock(a + 3, made->change->clock);
    }
}

void store_removals(struct unit *unit, struct pg_batch *batch, const struct waits *waits,
                    const struct pg_statement *statement, enum bpmn_wait_kind kind)
{
    const struct bpmn_wait_changes *kinds = bpmn_wait_changes(kind);
    bool timers = kind == BPMN_WAIT_TIMER;
    struct pg_array *ids = NULL;

    for (const struct closed_wait *closed = waits->first_closed; closed != NULL;
         closed = closed->next) {
        const struct bpmn_change *change = closed->change;

        if (change->kind != kinds->over && change->kind != kinds->cancelled)
            continue;
        if (ids == NULL && !closed->moved)
            ids = pg_uuid_array(pg_batch_add(batch, statement));
        if (!closed->moved)
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
    bool moves = false;

    waits.made_tail = &waits.first_made;
    waits.closed_tail = &waits.first_closed;
    for (uint32_t i = 0; i < unit->item_count; i++)
        moves = moves || unit->items[i].command->step == BPMN_MOVE_TIMER;
    for (struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        if (unit_instance_is_dirty(instance))
            gather(&waits, instance, moves);
    }
    store_new_tasks(unit, batch, &waits);
    store_closed_tasks(batch, &waits);
    store_removals(unit, batch, &waits, &delete_timers, BPMN_WAIT_TIMER);
    store_moved_timers(unit, batch, &waits);
    store_new_timers(unit, batch, &waits);
    store_bound_timers(unit, batch, &waits);
    unit_store_jobs(unit, batch, &waits);
    unit_store_subscriptions(unit, batch, &waits);
    HASH_CLEAR(hh, waits.by_id);
}
