/* See bound.h and round.h. */
#include "engine/sla/bound.h"

#include <stdio.h>
#include <string.h>
#include <uthash.h>

struct bound_fired {
    UT_hash_handle hh;
    const char *key;
};

/* One that waits for its next attempt keeps that time; one that is dead stays so. */
#define TIMER_COLUMNS                                                              \
    "t.id, t.instance_id, t.element_id, t.clock_subject_type, t.clock_subject_id," \
    " t.clock_target, t.clock_threshold, t.created_at,"                            \
    " CASE WHEN isfinite(t.due_at) THEN t.due_at END, t.attempts > 0"

const struct pg_statement bound_timers_of = {
    "sla_bound_timers",
    "SELECT " TIMER_COLUMNS " FROM (SELECT DISTINCT type, id"
    "  FROM unnest($1::text[], $2::text[]) AS u (type, id)) n"
    " JOIN synergyflow_workflows.timer t ON t.clock_subject_type = n.type"
    "  AND t.clock_subject_id = n.id WHERE t.dead_at IS NULL ORDER BY t.id FOR UPDATE OF t"};
const struct pg_statement bound_firings_of = {
    "sla_bound_firings",
    "SELECT f.clock_id::text, f.cycle, f.threshold FROM unnest($1::text[], $2::text[])"
    " AS n (type, id) JOIN synergyflow_workflows.sla_clock c ON c.subject_type = n.type"
    "  AND c.subject_id = n.id JOIN synergyflow_workflows.sla_firing f ON f.clock_id = c.id"
    " WHERE f.threshold LIKE 'timer %'"};
/* The newest clock of the subject's target; what has fired only of this event and instance. */
static const struct pg_statement look_statement = {
    "sla_bound_look",
    "SELECT " TIMER_COLUMNS ", c.id, c.subject_type, c.clock::text,"
    " (SELECT max(f.cycle) FROM synergyflow_workflows.sla_firing f WHERE f.clock_id = c.id"
    "   AND f.threshold = 'timer ' || t.element_id || ' ' || t.instance_id)"
    " FROM synergyflow_workflows.timer t CROSS JOIN LATERAL (SELECT id, subject_type, clock"
    "  FROM synergyflow_workflows.sla_clock WHERE subject_type = t.clock_subject_type"
    "  AND subject_id = t.clock_subject_id AND target = t.clock_target"
    "  ORDER BY started_at DESC, id DESC LIMIT 1) c WHERE t.id = ANY ($1::uuid[])"};
static const struct pg_statement insert_firings = {
    "sla_bound_insert_firings",
    "INSERT INTO synergyflow_workflows.sla_firing (id, clock_id, threshold, cycle, generation,"
    " due_at, fired_at, late_by_design, actions) SELECT id, clock_id, threshold, cycle, 0, due_at,"
    " $6, false, '[{\"action\": \"timer\", \"outcome\": \"fired\"}]'"
    " FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::timestamptz[])"
    " AS n (id, clock_id, threshold, cycle, due_at) ON CONFLICT DO NOTHING"};
static const struct pg_statement store_due = {
    "sla_bound_store_due",
    "UPDATE synergyflow_workflows.timer t SET due_at = coalesce(n.due_at, 'infinity'),"
    " attempts = 0, last_error = NULL FROM unnest($1::uuid[], $2::timestamptz[]) AS n (id, due_at)"
    " WHERE t.id = n.id"};

enum {
    COLUMN_ID,
    COLUMN_INSTANCE,
    COLUMN_ELEMENT,
    COLUMN_TYPE,
    COLUMN_SUBJECT,
    COLUMN_TARGET,
    COLUMN_THRESHOLD,
    COLUMN_SINCE,
    COLUMN_DUE,
    COLUMN_RETRIES,
    COLUMN_CLOCK,
    COLUMN_FIRED_CYCLE = COLUMN_CLOCK + 3
};

/* ---- names ---- */

static const char *name_of(struct arena *arena, const struct sla_bound_timer *timer)
{
    char text[UUID_TEXT_BYTES];

    return arena_format(arena, "timer %s %s", timer->element_id,
                        uuid_format(&timer->instance_id, text));
}

static const char *key_of(struct arena *arena, const char *clock_id, int64_t cycle,
                          const char *name)
{
    return arena_format(arena, "%s %lld %s", clock_id, (long long)cycle, name);
}

/* ---- reading ---- */

void bound_timer_read(struct arena *arena, const struct pg_result *rows, uint32_t row,
                      struct sla_bound_timer *ret_timer)
{
    *ret_timer = (struct sla_bound_timer){
        .id = pg_value_uuid(rows, row, COLUMN_ID),
        .instance_id = pg_value_uuid(rows, row, COLUMN_INSTANCE),
        .element_id = arena_copy(arena, pg_value_text(rows, row, COLUMN_ELEMENT)),
        .subject_type = arena_copy(arena, pg_value_text(rows, row, COLUMN_TYPE)),
        .subject_id = arena_copy(arena, pg_value_text(rows, row, COLUMN_SUBJECT)),
        .target = arena_copy(arena, pg_value_text(rows, row, COLUMN_TARGET)),
        .threshold = arena_copy(arena, pg_value_text(rows, row, COLUMN_THRESHOLD)),
        .since_us = pg_value_timestamp(rows, row, COLUMN_SINCE),
        .due_us = pg_is_null(rows, row, COLUMN_DUE) ? SLA_OPEN_US
                                                    : pg_value_timestamp(rows, row, COLUMN_DUE),
        .retries = pg_value_bool(rows, row, COLUMN_RETRIES)};
}

void bound_firings_add(struct arena *arena, const char *clock_id, int64_t cycle, const char *name,
                       struct bound_firings *firings)
{
    struct bound_fired *fired = arena_alloc(arena, sizeof(*fired));
    struct bound_fired *known = NULL;

    fired->key = key_of(arena, clock_id, cycle, name);
    HASH_FIND_STR(firings->items, fired->key, known);
    if (known == NULL)
        HASH_ADD_KEYPTR(hh, firings->items, fired->key, strlen(fired->key), fired);
}

void bound_firings_read(struct arena *arena, const struct pg_result *rows,
                        struct bound_firings *firings)
{
    for (uint32_t i = 0; i < pg_rows(rows); i++)
        bound_firings_add(arena, pg_value_text(rows, i, 0), pg_value_int(rows, i, 1),
                          pg_value_text(rows, i, 2), firings);
}

void bound_firings_clear(struct bound_firings *firings)
{
    HASH_CLEAR(hh, firings->items);
}

/* ---- when it is due ---- */

static enum status due_of(struct arena *arena, const struct sla_book *book,
                          const struct sla_clock *clock, const struct sla_bound_timer *timer,
                          int64_t now_us, int64_t *ret_due_us, struct error *ret_error)
{
    struct sla_rating rating;
    struct sla_point point;
    bool has_due = false;
    int64_t due_us = 0;

    if (sla_point_read(timer->threshold, &point, ret_error) != STATUS_OK ||
        sla_book_rating(book, clock->calendar, &rating, ret_error) != STATUS_OK ||
        sla_point_due(arena, clock, &point, &rating, now_us, timer->since_us, &has_due, &due_us,
                      ret_error) != STATUS_OK)
        return ret_error->status;
    *ret_due_us = has_due ? due_us : SLA_OPEN_US;
    return STATUS_OK;
}

enum status bound_timer_look(struct arena *arena, const struct sla_book *book,
                             const struct sla_row *rows, uint32_t row_count,
                             const struct bound_firings *firings, int64_t now_us,
                             struct sla_bound_timer *timer, struct error *ret_error)
{
    const struct sla_clock *clock = NULL;
    const struct bound_fired *fired = NULL;
    int64_t before_us = timer->due_us;
    const char *key;

    for (uint32_t i = 0; i < row_count; i++) {
        if (strcmp(rows[i].clock->target, timer->target) == 0)
            clock = rows[i].clock;
    }
    timer->due_us = SLA_OPEN_US;
    if (clock != NULL) {
        key = key_of(arena, clock->id, clock->cycle_count, name_of(arena, timer));
        HASH_FIND_STR(firings->items, key, fired);
    }
    if (clock != NULL && fired == NULL &&
        due_of(arena, book, clock, timer, now_us, &timer->due_us, ret_error) != STATUS_OK)
        return ret_error->status;
    if (timer->retries && timer->due_us <= now_us)
        timer->due_us = before_us; /* it has failed, and is tried again then */
    timer->moved = timer->due_us != before_us;
    return STATUS_OK;
}

/* ---- firing ---- */

struct pg_array *sla_bound_read(struct pg_batch *batch)
{
    return pg_uuid_array(pg_batch_add(batch, &look_statement));
}

enum status sla_bound_look(struct sla_service *service, struct arena *arena,
                           const struct pg_result *rows, uint32_t row, int64_t now_us,
                           struct sla_bound_timer *ret_timer, struct sla_bound_firing *ret_firing,
                           struct error *ret_error)
{
    struct sla_clock *clock = NULL;
    json_t *document;
    enum status status;

    if (service->book == NULL)
        return error_set(ret_error, STATUS_UNAVAILABLE,
                         "The SLA documents are being read: try again.");
    bound_timer_read(arena, rows, row, ret_timer);
    document = json_loads(pg_value_text(rows, row, COLUMN_CLOCK + 2), 0, NULL);
    if (document == NULL)
        return error_set(ret_error, STATUS_INTERNAL, "A stored SLA clock cannot be read.");
    status = sla_clock_read(arena, document, &clock, ret_error);
    json_decref(document);
    if (status != STATUS_OK)
        return status;
    *ret_firing = (struct sla_bound_firing){.clock_id = pg_value_uuid(rows, row, COLUMN_CLOCK),
                                            .threshold = name_of(arena, ret_timer),
                                            .cycle = (int32_t)clock->cycle_count};
    if (!pg_is_null(rows, row, COLUMN_FIRED_CYCLE) &&
        pg_value_int(rows, row, COLUMN_FIRED_CYCLE) >= (int64_t)clock->cycle_count) {
        ret_timer->due_us = SLA_OPEN_US;
        return STATUS_OK;
    }
    status = due_of(arena, service->book, clock, ret_timer, now_us, &ret_timer->due_us, ret_error);
    ret_firing->due_us = ret_timer->due_us;
    return status;
}

void sla_bound_store_firings(struct pg_batch *batch, struct uuid_source *ids,
                             const struct sla_bound_firing *firings, uint32_t count, int64_t now_us)
{
    struct pg_call *call;
    struct pg_array *a[5];

    if (count == 0)
        return;
    call = pg_batch_add(batch, &insert_firings);
    a[0] = pg_uuid_array(call);
    a[1] = pg_uuid_array(call);
    a[2] = pg_text_array(call);
    a[3] = pg_int4_array(call);
    a[4] = pg_timestamp_array(call);
    pg_timestamp(call, now_us);
    for (uint32_t i = 0; i < count; i++) {
        struct uuid id = uuid_next(ids);

        pg_add_uuid(a[0], &id);
        pg_add_uuid(a[1], &firings[i].clock_id);
        pg_add_text(a[2], firings[i].threshold);
        pg_add_int(a[3], firings[i].cycle);
        pg_add_timestamp(a[4], firings[i].due_us);
    }
}

void sla_bound_store_due(struct pg_batch *batch, const struct sla_bound_timer *first)
{
    struct pg_array *ids = NULL;
    struct pg_array *times = NULL;

    for (const struct sla_bound_timer *timer = first; timer != NULL; timer = timer->next) {
        if (ids == NULL) {
            struct pg_call *call = pg_batch_add(batch, &store_due);

            ids = pg_uuid_array(call);
            times = pg_timestamp_array(call);
        }
        pg_add_uuid(ids, &timer->id);
        if (timer->due_us == SLA_OPEN_US)
            pg_add_null(times);
        else
            pg_add_timestamp(times, timer->due_us);
    }
}
