/* See private.h: calendars and recalculations move clocks without a change of their subjects. */
#include "engine/outbox/outbox.h"
#include "engine/sla/bound.h"
#include "engine/sla/settle.h"

#include <string.h>

/* All clocks of the subjects: the newest of a target counts. */
static const struct pg_statement read_clocks = {
    "sla_moves_clocks",
    "SELECT c.id, c.subject_type, c.clock::text, c.subject_id, c.deadline_at, c.breached_at"
    " FROM (SELECT DISTINCT type, id FROM unnest($1::text[], $2::text[]) AS u (type, id)) n"
    " JOIN synergyflow_workflows.sla_clock c ON c.subject_type = n.type AND c.subject_id = n.id"
    " ORDER BY c.subject_type, c.subject_id, c.started_at, c.id"};

enum { READ_CLOCKS, READ_TIMERS, READ_FIRINGS };

void sla_moves_init(struct sla_moves *moves, struct sla_store *store, uint32_t count)
{
    *moves = (struct sla_moves){.store = store};
    moves->rows = arena_array(store->arena, count, sizeof(*moves->rows));
}

void sla_moves_add(struct sla_moves *moves, const struct sla_row *row)
{
    moves->rows[moves->count++] = row;
}

void sla_moves_read(struct sla_moves *moves, struct pg_batch *batch)
{
    static const struct pg_statement *const statements[] = {&read_clocks, &bound_timers_of,
                                                            &bound_firings_of};

    moves->first = pg_batch_count(batch);
    for (size_t s = 0; s < COUNT_OF(statements); s++) {
        struct pg_call *call = pg_batch_add(batch, statements[s]);
        struct pg_array *types = pg_text_array(call);
        struct pg_array *ids = pg_text_array(call);

        for (uint32_t i = 0; i < moves->count; i++) {
            pg_add_text(types, sla_subject_type_name(moves->rows[i]->type));
            pg_add_text(ids, moves->rows[i]->clock->subject_id);
        }
    }
}

/* What this transaction has made of a clock; NULL: it is as it was read. */
static const struct sla_row *own_row(const struct sla_moves *moves, const struct uuid *id)
{
    for (uint32_t i = 0; i < moves->count; i++) {
        if (uuid_equal(&moves->rows[i]->id, id))
            return moves->rows[i];
    }
    return NULL;
}

/* The clocks of one subject, from `first` on; returns the first of the next one. */
static uint32_t subject_rows(const struct sla_moves *moves, const struct pg_result *rows,
                             uint32_t first, struct sla_row *ret_rows, uint32_t *ret_count,
                             enum status *ret_status, struct error *ret_error)
{
    uint32_t at = first;

    *ret_count = 0;
    for (; at < pg_rows(rows) &&
           strcmp(pg_value_text(rows, at, 1), pg_value_text(rows, first, 1)) == 0 &&
           strcmp(pg_value_text(rows, at, 3), pg_value_text(rows, first, 3)) == 0;
         at++) {
        struct uuid id = pg_value_uuid(rows, at, 0);
        const struct sla_row *own = own_row(moves, &id);
        struct sla_row *row = &ret_rows[(*ret_count)++];

        if (own != NULL) {
            *row = *own;
            continue;
        }
        *ret_status = sla_row_read(moves->store->arena, rows, at, row, ret_error);
        if (*ret_status != STATUS_OK)
            return at;
        row->deadline_us = pg_is_null(rows, at, 4) ? 0 : pg_value_timestamp(rows, at, 4);
        row->breached_at_us = pg_is_null(rows, at, 5) ? 0 : pg_value_timestamp(rows, at, 5);
    }
    return at;
}

static enum status move_timers(struct sla_moves *moves, const struct pg_result *timers,
                               const struct bound_firings *firings, const struct sla_row *rows,
                               uint32_t count, struct error *ret_error)
{
    struct sla_store *store = moves->store;

    for (uint32_t i = 0; i < pg_rows(timers); i++) {
        struct sla_bound_timer *timer;

        if (strcmp(pg_value_text(timers, i, 3), sla_subject_type_name(rows[0].type)) != 0 ||
            strcmp(pg_value_text(timers, i, 4), rows[0].clock->subject_id) != 0)
            continue;
        timer = arena_alloc(store->arena, sizeof(*timer));
        bound_timer_read(store->arena, timers, i, timer);
        if (bound_timer_look(store->arena, store->book, rows, count, firings, store->now_us, timer,
                             ret_error) != STATUS_OK)
            return ret_error->status;
        if (timer->moved) {
            timer->next = moves->moved;
            moves->moved = timer;
        }
    }
    return STATUS_OK;
}

static void add_events(struct sla_store *store, const struct settling *settling)
{
    uint32_t count = store->event_count + settling->event_count;

    if (settling->event_count == 0)
        return;
    store->events =
        arena_grow(store->arena, store->events, store->event_count, count, sizeof(*store->events));
    memcpy(store->events + store->event_count, settling->events,
           settling->event_count * sizeof(*settling->events));
    store->event_count = store->event_capacity = count;
}

enum status sla_moves_decide(struct sla_moves *moves, const struct pg_batch *read,
                             struct error *ret_error)
{
    struct sla_store *store = moves->store;
    const struct pg_result *clocks = pg_batch_result(read, moves->first + READ_CLOCKS);
    struct sla_row *rows = arena_array(store->arena, pg_rows(clocks), sizeof(*rows));
    struct bound_firings firings = {0};
    struct settling settling = {.registry = store->service->settings.registry,
                                .arena = store->arena,
                                .ids = store->service->settings.ids,
                                .now_us = store->now_us};
    enum status status = STATUS_OK;
    uint32_t count;

    settling.items = arena_array(store->arena, pg_rows(clocks), sizeof(*settling.items));
    bound_firings_read(store->arena, pg_batch_result(read, moves->first + READ_FIRINGS), &firings);
    for (uint32_t at = 0; at < pg_rows(clocks) && status == STATUS_OK;) {
        struct module_subject *subject = &settling.items[settling.count++];

        subject->type = arena_copy(store->arena, pg_value_text(clocks, at, 1));
        subject->id = arena_copy(store->arena, pg_value_text(clocks, at, 3));
        at = subject_rows(moves, clocks, at, rows, &count, &status, ret_error);
        if (status != STATUS_OK)
            break;
        sla_rows_for_module(store->arena, rows, count, subject);
        status = move_timers(moves, pg_batch_result(read, moves->first + READ_TIMERS), &firings,
                             rows, count, ret_error);
    }
    bound_firings_clear(&firings);
    if (status == STATUS_OK)
        status = sla_settle(&settling, store->batch, ret_error);
    add_events(store, &settling);
    if (status == STATUS_OK)
        sla_bound_store_due(store->batch, moves->moved);
    return status;
}

void sla_tell_moved(const struct sla_service *service, const struct sla_bound_timer *first)
{
    for (const struct sla_bound_timer *timer = first; timer != NULL; timer = timer->next) {
        if (service->settings.on_timer_moved != NULL)
            service->settings.on_timer_moved(service->settings.context, &timer->id,
                                             &timer->instance_id, timer->due_us);
    }
}
