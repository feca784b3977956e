/* Clocks from rows and to rows, and thresholds that fire. */
#include "engine/sla/private.h"

#include "bpmn/base/memory.h"
#include "bpmn/iso8601.h"
#include "engine/module.h"

#include <string.h>

#define CLOCK_ARRAYS                                                                           \
    "unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[],"         \
    " $7::text[], $8::text[], $9::jsonb[], $10::timestamptz[], $11::timestamptz[],"            \
    " $12::timestamptz[], $13::timestamptz[], $14::timestamptz[], $15::text[], $16::text[])"   \
    " AS n (id, subject_type, subject_id, policy_id, policy_version, target, calendar, state," \
    " clock, started_at, closed_at, deadline_at, breached_at, next_due_at, team, priority)"
static const struct pg_statement insert_clocks = {
    "sla_insert_clocks",
    "INSERT INTO synergyflow_workflows.sla_clock (id, subject_type, subject_id, policy_id,"
    " policy_version, target, calendar, state, clock, started_at, closed_at, deadline_at,"
    " breached_at, next_due_at, team, priority) SELECT * FROM " CLOCK_ARRAYS};
static const struct pg_statement update_clocks = {
    "sla_update_clocks",
    "UPDATE synergyflow_workflows.sla_clock c SET policy_id = n.policy_id,"
    " policy_version = n.policy_version, calendar = n.calendar, state = n.state, clock = n.clock,"
    " started_at = n.started_at, closed_at = n.closed_at, deadline_at = n.deadline_at,"
    " breached_at = n.breached_at, next_due_at = n.next_due_at, team = coalesce(n.team, c.team),"
    " priority = coalesce(n.priority, c.priority) FROM " CLOCK_ARRAYS " WHERE c.id = n.id"};
static const struct pg_statement update_derived = {
    "sla_update_derived",
    "UPDATE synergyflow_workflows.sla_clock c SET deadline_at = n.deadline_at,"
    " breached_at = n.breached_at, next_due_at = n.next_due_at FROM unnest($1::uuid[],"
    " $2::timestamptz[], $3::timestamptz[], $4::timestamptz[]) AS n (id, deadline_at, breached_at,"
    " next_due_at) WHERE c.id = n.id"};
static const struct pg_statement insert_firing = {
    "sla_insert_firing",
    "INSERT INTO synergyflow_workflows.sla_firing (id, clock_id, threshold, cycle, generation,"
    " due_at, fired_at, late_by_design, actions) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
enum { COLUMN_ID, COLUMN_TYPE, COLUMN_CLOCK };

enum status sla_row_read(struct arena *arena, const struct pg_result *rows, uint32_t row,
                         struct sla_row *ret_row, struct error *ret_error)
{
    json_t *document = json_loads(pg_value_text(rows, row, COLUMN_CLOCK), 0, NULL);
    enum status status;

    *ret_row = (struct sla_row){.id = pg_value_uuid(rows, row, COLUMN_ID)};
    if (document == NULL ||
        !sla_subject_type_of(pg_value_text(rows, row, COLUMN_TYPE), &ret_row->type)) {
        json_decref(document);
        return error_set(ret_error, STATUS_INTERNAL, "A stored SLA clock cannot be read.");
    }
    status = sla_clock_read(arena, document, &ret_row->clock, ret_error);
    json_decref(document);
    return status;
}

/* ---- firing ---- */

/* What each action does stands in its row: nobody has to guess later. */
static void act(struct sla_store *store, const struct sla_row *row,
                const struct sla_threshold_due *due, const struct sla_action *action,
                json_t *outcomes)
{
    json_t *facts = sla_action_facts(row, action, due->threshold->id, due->due_us, store->now_us);

    (void)json_object_set_new(facts, "lateByDesign", json_boolean(due->late_by_design));
    (void)json_array_append_new(outcomes, sla_act(store, row, action, due->threshold->id, facts));
}

static enum status fire(struct sla_store *store, struct sla_row *row,
                        const struct sla_threshold_due *due, struct error *ret_error)
{
    struct uuid id = uuid_next(store->service->settings.ids);
    json_t *outcomes = json_array();
    struct pg_call *call;
    char *text;
    enum status status = sla_clock_fire(row->clock, due, store->now_us, ret_error);

    for (size_t i = 0; i < due->threshold->action_count && status == STATUS_OK; i++)
        act(store, row, due, &due->threshold->actions[i], outcomes);
    text = json_dumps(outcomes, JSON_COMPACT);
    INVARIANT(text != NULL);
    json_decref(outcomes);
    if (status == STATUS_OK) {
        call = pg_batch_add(store->batch, &insert_firing);
        pg_uuid(call, &id);
        pg_uuid(call, &row->id);
        pg_text(call, due->threshold->id);
        pg_int4(call, due->cycle);
        pg_int4(call, due->generation);
        pg_timestamp(call, due->due_us);
        pg_timestamp(call, store->now_us);
        pg_bool(call, due->late_by_design);
        pg_jsonb(call, text);
        row->changed = true;
    }
    memory_free(text);
    return status;
}

enum status sla_row_look(struct sla_store *store, struct sla_row *row, struct error *ret_error)
{
    const struct sla_target *target = sla_row_target(store->book, row);
    const struct sla_threshold_due *rows = NULL;
    struct sla_rating rating;
    enum status status = sla_book_rating(store->book, row->clock->calendar, &rating, ret_error);

    row->next_due_us = 0;
    if (status == STATUS_OK && target == NULL)
        status = error_set(ret_error, STATUS_INTERNAL,
                           "Expected version %lld of policy '%s' with the target '%s' but it is "
                           "gone.",
                           (long long)row->clock->policy_version, row->clock->policy_id,
                           row->clock->target);
    if (status == STATUS_OK)
        status = sla_clock_thresholds(store->arena, row->clock, target, &rating, store->now_us,
                                      &rows, ret_error);
    for (size_t i = 0; status == STATUS_OK && i < target->threshold_count; i++) {
        if (rows[i].state == SLA_THRESHOLD_DUE)
            status = fire(store, row, &rows[i], ret_error);
        else if (rows[i].state == SLA_THRESHOLD_WAITING && rows[i].has_due &&
                 (row->next_due_us == 0 || rows[i].due_us < row->next_due_us))
            row->next_due_us = rows[i].due_us;
    }
    if (status == STATUS_OK)
        status = sla_clock_figures(row->clock, &rating, store->now_us, &row->figures, ret_error);
    if (status != STATUS_OK)
        return status;
    row->deadline_us = row->figures.deadline_floats ? 0 : row->figures.deadline_us;
    row->breached_at_us =
        row->figures.breached_at_us == SLA_OPEN_US ? 0 : row->figures.breached_at_us;
    return STATUS_OK;
}

/* ---- to rows ---- */

static char *row_text(const struct sla_row *row)
{
    json_t *document = sla_clock_write(row->clock);
    char *text = json_dumps(document, JSON_COMPACT);

    INVARIANT(text != NULL);
    json_decref(document);
    return text;
}

static void add_time_or_null(struct pg_array *array, int64_t us)
{
    if (us == 0 || us == SLA_OPEN_US)
        pg_add_null(array);
    else
        pg_add_timestamp(array, us);
}

/* Those that are new, or those that were there. */
static void store_rows(struct sla_store *store, const struct sla_row *rows, uint32_t count,
                       bool is_new)
{
    struct pg_call *call = NULL;
    struct pg_array *a[16] = {NULL};

    for (uint32_t i = 0; i < count; i++) {
        const struct sla_clock *clock = rows[i].clock;
        const struct sla_figures *figures = &rows[i].figures;
        char *text;

        if (!rows[i].changed || rows[i].is_new != is_new)
            continue;
        if (call == NULL) {
            call = pg_batch_add(store->batch, is_new ? &insert_clocks : &update_clocks);
            a[0] = pg_uuid_array(call);
            for (int n = 1; n < 4; n++)
                a[n] = pg_text_array(call);
            a[4] = pg_int8_array(call);
            for (int n = 5; n < 8; n++)
                a[n] = pg_text_array(call);
            a[8] = pg_jsonb_array(call);
            for (int n = 9; n < 14; n++)
                a[n] = pg_timestamp_array(call);
            for (int n = 14; n < 16; n++)
                a[n] = pg_text_array(call);
        }
        text = row_text(&rows[i]);
        pg_add_uuid(a[0], &rows[i].id);
        pg_add_text(a[1], sla_subject_type_name(rows[i].type));
        pg_add_text(a[2], clock->subject_id);
        pg_add_text(a[3], clock->policy_id);
        pg_add_int(a[4], clock->policy_version);
        pg_add_text(a[5], clock->target);
        pg_add_text(a[6], clock->calendar);
        pg_add_text(a[7], sla_clock_state_name(clock->state));
        pg_add_text(a[8], text);
        pg_add_timestamp(a[9], figures->start_us);
        add_time_or_null(a[10], sla_clock_is_open(clock) ? 0 : figures->end_us);
        add_time_or_null(a[11], rows[i].deadline_us);
        add_time_or_null(a[12], figures->breached_at_us);
        add_time_or_null(a[13], rows[i].next_due_us);
        pg_add_text(a[14], rows[i].team);
        pg_add_text(a[15], rows[i].priority);
        memory_free(text);
    }
}

void sla_rows_store(struct sla_store *store, const struct sla_row *rows, uint32_t count)
{
    store_rows(store, rows, count, true);
    store_rows(store, rows, count, false);
}

void sla_rows_store_derived(struct sla_store *store, const struct sla_row *rows, uint32_t count)
{
    struct pg_call *call = NULL;
    struct pg_array *ids = NULL;
    struct pg_array *times[3] = {NULL};

    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].changed)
            continue;
        if (call == NULL) {
            call = pg_batch_add(store->batch, &update_derived);
            ids = pg_uuid_array(call);
            for (size_t t = 0; t < COUNT_OF(times); t++)
                times[t] = pg_timestamp_array(call);
        }
        pg_add_uuid(ids, &rows[i].id);
        add_time_or_null(times[0], rows[i].deadline_us);
        add_time_or_null(times[1], rows[i].figures.breached_at_us);
        add_time_or_null(times[2], rows[i].next_due_us);
    }
}

/* ---- for modules ---- */

void sla_rows_for_module(struct arena *arena, const struct sla_row *rows, uint32_t count,
                         struct module_subject *ret_subject)
{
    struct module_clock *clocks = arena_array(arena, count, sizeof(*clocks));

    for (uint32_t i = 0; i < count; i++)
        clocks[i] = (struct module_clock){
            .target = rows[i].clock->target,
            .state = sla_clock_state_name(rows[i].clock->state),
            .deadline_us = rows[i].clock->state == SLA_CANCELLED ? 0 : rows[i].deadline_us,
            .breached_at_us = rows[i].breached_at_us};
    ret_subject->clocks = clocks;
    ret_subject->clock_count = count;
}
