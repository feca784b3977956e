/* The rows of jobs: work for external workers, and the engine's own: continuations, scripts, the
 * ends of called instances. */
#include "bpmn/timer/timer_plan.h"
#include "engine/base/log.h"
#include "engine/command/unit.h"

#include <stdlib.h>

#define WORKFLOWS "synergyflow_workflows."

static const struct pg_statement insert_jobs = {
    "store_insert_jobs",
    "INSERT INTO " WORKFLOWS "job (id, instance_id, execution_id, definition_id, element_id,"
    " element_name, kind, topic, created_at, priority, retries, retry_cycle, due_at)"
    " SELECT id, instance_id, execution_id, definition_id, element_id, element_name, kind, topic,"
    " created_at, priority, retries, retry_cycle, due_at FROM unnest($1::uuid[], $2::uuid[],"
    " $3::uuid[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::text[],"
    " $9::timestamptz[], $10::int[], $11::int[], $12::text[], $13::timestamptz[])"
    " AS n (id, instance_id, execution_id, definition_id, element_id, element_name, kind, topic,"
    " created_at, priority, retries, retry_cycle, due_at)"};
static const struct pg_statement delete_jobs = {
    "store_delete_jobs", "DELETE FROM " WORKFLOWS "job WHERE id = ANY ($1::uuid[])"};
/* One job at most ends an instance: a second call that is cancelled finds it gone. */
static const struct pg_statement insert_ends = {
    "store_insert_ends",
    "INSERT INTO " WORKFLOWS "job (id, instance_id, execution_id, definition_id, element_id, kind,"
    " topic, created_at, due_at) SELECT id, instance_id, instance_id, definition_id, element_id, 7,"
    " reason, at, at FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[],"
    " $6::timestamptz[]) AS n (id, instance_id, definition_id, element_id, reason, at)"};

static const struct pg_statement insert_start_timer = {
    "store_insert_start_timer",
    "INSERT INTO " WORKFLOWS "job (id, definition_id, element_id, kind, topic, payload, created_at,"
    " due_at) VALUES ($1, $2, $3, 8, $4, $5::jsonb, $6, $7)"};

enum { RETRIES_DEFAULT = 3, PRIORITY_MS_MAX = 3600 * 1000 };

static const struct bpmn_element *element_of(const struct made_wait *made)
{
    return &made->instance->instance.model->elements[made->change->element];
}

/* "R5/PT7M" → 5. */
static int32_t retries_of(const struct bpmn_element *element)
{
    const char *cycle = element->retry_cycle;
    long count = cycle != NULL && cycle[0] == 'R' ? strtol(cycle + 1, NULL, 10) : 0;

    return count > 0 && count < 1000 ? (int32_t)count : RETRIES_DEFAULT;
}

static enum job_kind kind_of(const struct bpmn_change *change)
{
    switch (change->kind) {
    case BPMN_CHANGE_ASYNC_SCHEDULED:
        return JOB_CONTINUATION;
    case BPMN_CHANGE_SCRIPT_DEFERRED:
        return JOB_SCRIPT;
    default:
        return JOB_EXTERNAL;
    }
}

static bool is_job(const struct bpmn_change *change)
{
    return change->kind == BPMN_CHANGE_JOB_CREATED || change->kind == BPMN_CHANGE_ASYNC_SCHEDULED ||
           change->kind == BPMN_CHANGE_SCRIPT_DEFERRED;
}

/* Among jobs that are due, one of priority p comes as if it had been due p milliseconds earlier:
 * the important first, and nobody starves. */
static int64_t order_us(const struct made_wait *made, int32_t priority)
{
    int64_t earlier_ms = priority > PRIORITY_MS_MAX    ? PRIORITY_MS_MAX
                         : priority < -PRIORITY_MS_MAX ? -PRIORITY_MS_MAX
                                                       : priority;

    return made->change->at_us - (earlier_ms > 0 ? earlier_ms * 1000 : 0);
}

static void add_job(struct unit *unit, struct pg_array **a, const struct made_wait *made)
{
    const struct bpmn_element *element = element_of(made);
    enum job_kind kind = kind_of(made->change);
    int32_t priority = (int32_t)made->change->index;

    store_where(a, made);
    pg_add_text(a[5], element->name);
    pg_add_int(a[6], kind);
    pg_add_text(a[7], kind == JOB_EXTERNAL       ? made->change->name
                      : kind == JOB_CONTINUATION ? "async-continuation"
                                                 : "script");
    pg_add_timestamp(a[8], made->change->at_us);
    pg_add_int(a[9], priority);
    pg_add_int(a[10], retries_of(element));
    pg_add_text(a[11], element->retry_cycle);
    if (kind == JOB_EXTERNAL) {
        pg_add_null(a[12]);
        unit->jobs_created++;
        return;
    }
    pg_add_timestamp(a[12], order_us(made, priority));
    unit_job_effect(unit, &made->id, &made->instance->id, order_us(made, priority));
}

static void store_new_jobs(struct unit *unit, struct pg_batch *batch, const struct waits *waits)
{
    struct pg_call *call = NULL;
    struct pg_array *a[13] = {NULL};

    for (const struct made_wait *made = waits->first_made; made != NULL; made = made->next) {
        if (!is_job(made->change) || made->closed != NULL)
            continue;
        if (call == NULL) {
            call = pg_batch_add(batch, &insert_jobs);
            store_where_arrays(a, call);
            a[5] = pg_text_array(call);
            a[6] = pg_int2_array(call);
            a[7] = pg_text_array(call);
            a[8] = pg_timestamp_array(call);
            a[9] = pg_int4_array(call);
            a[10] = pg_int4_array(call);
            a[11] = pg_text_array(call);
            a[12] = pg_timestamp_array(call);
        }
        add_job(unit, a, made);
    }
}

/* Instances that were called in an earlier unit, and whose caller does not wait any more. */
static void store_ends(struct unit *unit, struct pg_batch *batch)
{
    struct pg_call *call = NULL;
    struct pg_array *a[6] = {NULL};

    for (const struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        for (uint32_t i = 0; unit_instance_is_dirty(instance) && i < instance->changes.count; i++) {
            const struct bpmn_change *change = &instance->changes.items[i];
            const struct unit_instance *called = NULL;
            struct uuid id;

            if (change->kind != BPMN_CHANGE_CALL_CANCELLED)
                continue;
            called = unit_find_instance(unit, &change->wait_id);
            if (called != NULL && called->instance.status != BPMN_INSTANCE_ACTIVE)
                continue;
            if (call == NULL) {
                call = pg_batch_add(batch, &insert_ends);
                a[0] = pg_uuid_array(call);
                a[1] = pg_uuid_array(call);
                for (int n = 2; n < 5; n++)
                    a[n] = pg_text_array(call);
                a[5] = pg_timestamp_array(call);
            }
            id = uuid_next(unit->queue->settings.ids);
            pg_add_uuid(a[0], &id);
            pg_add_uuid(a[1], &change->wait_id);
            pg_add_text(a[2], instance->definition->id);
            pg_add_text(a[3], instance->instance.model->elements[change->element].id);
            pg_add_text(a[4], change->reason != NULL ? change->reason : "its caller went on");
            pg_add_timestamp(a[5], change->at_us);
            unit_job_effect(unit, &id, &change->wait_id, change->at_us);
        }
    }
}

/* The jobs that this unit has carried out, and those that have become pointless. */
static void store_done_jobs(struct unit *unit, struct pg_batch *batch)
{
    struct pg_array *ids = NULL;

    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (!unit->items[i].job_done)
            continue;
        if (ids == NULL)
            ids = pg_uuid_array(pg_batch_add(batch, &delete_jobs));
        pg_add_uuid(ids, &unit->items[i].job->id);
    }
}

/* Where the days of a start timer are counted. */
static enum status start_place(const struct unit *unit, const struct unit_job *job,
                               struct timer_place *ret_place, struct error *ret_error)
{
    const struct definition *definition =
        definition_by_id(unit->queue->settings.definitions, job->definition_id);
    const struct bpmn_element *element =
        definition != NULL ? bpmn_model_element(definition->model, job->element_id) : NULL;
    const struct bpmn_event_definition *event =
        element != NULL ? bpmn_element_event(element, BPMN_EVENT_TIMER) : NULL;

    if (event == NULL)
        return timer_place_find(unit->queue->settings.timers, NULL, NULL, false, ret_place,
                                ret_error);
    return timer_place_find(unit->queue->settings.timers, event->time_zone, event->calendar,
                            event->end_of_day, ret_place, ret_error);
}

/* A cycle that starts instances goes on from its last due date. */
static void store_next_start(struct unit *unit, struct pg_batch *batch, const struct unit_job *job)
{
    static const struct uuid none;
    const char *repeat = json_string_value(json_object_get(job->payload, "repeat"));
    json_int_t left = json_integer_value(json_object_get(job->payload, "left"));
    struct timer_plan plan;
    struct timer_place place;
    struct error error;
    struct pg_call *call;
    struct uuid id;

    if (start_place(unit, job, &place, &error) != STATUS_OK ||
        timer_plan_next(repeat, left, &place, job->due_us, unit->now_us, &plan, &error) !=
            STATUS_OK) {
        log_error("timer.start_ended", NULL, &error);
        return;
    }
    if (plan.never)
        return;
    (void)json_object_set_new(job->payload, "left", json_integer(plan.repeats_left));
    id = uuid_next(unit->queue->settings.ids);
    call = pg_batch_add(batch, &insert_start_timer);
    pg_uuid(call, &id);
    pg_text(call, job->definition_id);
    pg_text(call, job->element_id);
    pg_text(call, job->name);
    pg_text(call, store_json_text(unit, job->payload, false));
    pg_timestamp(call, unit->now_us);
    pg_timestamp(call, plan.due_us);
    unit_job_effect(unit, &id, &none, plan.due_us);
}

static void store_next_starts(struct unit *unit, struct pg_batch *batch)
{
    for (uint32_t i = 0; i < unit->item_count; i++) {
        const struct unit_item *item = &unit->items[i];

        if (item->job != NULL && item->job_done && item->state == ITEM_STEPPED &&
            item->job->kind == JOB_START_TIMER)
            store_next_start(unit, batch, item->job);
    }
}

void unit_store_jobs(struct unit *unit, struct pg_batch *batch, const struct waits *waits)
{
    store_removals(unit, batch, waits, &delete_jobs, BPMN_WAIT_JOB);
    store_removals(unit, batch, waits, &delete_jobs, BPMN_WAIT_CONTINUATION);
    store_removals(unit, batch, waits, &delete_jobs, BPMN_WAIT_SCRIPT);
    store_done_jobs(unit, batch);
    store_new_jobs(unit, batch, waits);
    store_ends(unit, batch);
    store_next_starts(unit, batch);
}
