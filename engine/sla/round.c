/* See round.h. Everything is set-based: one statement a table, however many subjects there are. */
#include "engine/sla/round.h"

#include "bpmn/base/memory.h"
#include "engine/sla/bound.h"
#include "engine/sla/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct change {
    struct sla_subject_change given;
    struct change *next;
};

struct subject {
    UT_hash_handle hh;
    const char *key; /* type and id */
    enum sla_subject_type type;
    const char *id;
    struct change *changes;
    struct change **changes_tail;
    struct sla_bound_timer *bindings; /* of this transaction */

    /* as read */
    bool is_new;
    int64_t now_us; /* when the lock was taken */
    json_t *fields;
    struct sla_past *history;
    size_t history_count;
    struct sla_row *rows;
    uint32_t row_count;
    uint32_t row_capacity;
    struct sla_bound_timer *timers;
    bool facts_changed;
};

struct sla_round {
    struct sla_service *service;
    struct sla_book *book;
    struct arena *arena;
    struct subject *subjects;
    struct subject **ordered;
    uint32_t count;
    uint32_t first; /* of the statements of sla_round_read() */
    struct bound_firings firings;
    struct sla_bound_timer *moved;
    struct sla_store store;
    struct sla_decision decision; /* the last one */
};

static const struct pg_statement lock_subjects = {
    "sla_lock_subjects",
    "INSERT INTO synergyflow_workflows.sla_subject AS s (type, id, fields, changed_at)"
    " SELECT n.type, n.id, '{}', clock_timestamp() FROM unnest($1::text[], $2::text[])"
    " AS n (type, id) ORDER BY n.type, n.id ON CONFLICT (tenant_id, type, id)"
    " DO UPDATE SET changed_at = clock_timestamp()"
    " RETURNING type, id, fields::text, xmax = 0, changed_at"};
static const struct pg_statement lock_clocks = {
    "sla_lock_clocks",
    "SELECT c.id, c.subject_type, c.clock::text, c.subject_id, c.next_due_at, c.deadline_at,"
    " c.breached_at, c.team, c.priority FROM unnest($1::text[], $2::text[]) AS n (type, id)"
    " JOIN synergyflow_workflows.sla_clock c ON c.subject_type = n.type AND c.subject_id = n.id"
    " ORDER BY c.subject_type, c.subject_id, c.started_at, c.id FOR UPDATE OF c"};
/* The past is for clocks that start; those of subjects that have a clock for each target do not. */
static const struct pg_statement read_history = {
    "sla_read_history",
    "SELECT n.type, n.id, h.at, h.fields::text FROM unnest($1::text[], $2::text[], $3::int[])"
    " AS n (type, id, targets) CROSS JOIN LATERAL (SELECT at, fields"
    "  FROM synergyflow_workflows.sla_change WHERE type = n.type AND subject_id = n.id"
    "  ORDER BY at, id LIMIT $4) h"
    " WHERE (SELECT count(DISTINCT c.target) FROM synergyflow_workflows.sla_clock c"
    "  WHERE c.subject_type = n.type AND c.subject_id = n.id) < n.targets"};
static const struct pg_statement store_subjects = {
    "sla_store_subjects",
    "UPDATE synergyflow_workflows.sla_subject s SET fields = n.fields"
    " FROM unnest($1::text[], $2::text[], $3::jsonb[]) AS n (type, id, fields)"
    " WHERE s.type = n.type AND s.id = n.id"};
static const struct pg_statement store_changes = {
    "sla_store_changes",
    "INSERT INTO synergyflow_workflows.sla_change (id, type, subject_id, at, actor, fields)"
    " SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[],"
    " $6::jsonb[])"};

enum { READ_SUBJECTS, READ_CLOCKS, READ_HISTORY, READ_TIMERS, READ_FIRINGS };

/* ---- what the round is about ---- */

enum status sla_round_new(struct sla_service *service, struct arena *arena,
                          struct sla_round **ret_round, struct error *ret_error)
{
    struct sla_round *round;

    if (service->book == NULL)
        return error_set(ret_error, STATUS_UNAVAILABLE,
                         "The SLA documents are being read: try again.");
    round = arena_alloc(arena, sizeof(*round));
    round->service = service;
    round->book = sla_book_hold(service->book);
    round->arena = arena;
    round->store = (struct sla_store){.service = service, .book = round->book, .arena = arena};
    *ret_round = round;
    return STATUS_OK;
}

bool sla_round_concerns(const struct sla_round *round, const char *type)
{
    enum sla_subject_type kind;

    for (size_t i = 0; sla_subject_type_of(type, &kind) && i < round->book->policy_count; i++) {
        if (round->book->policies[i]->applies_to == kind)
            return true;
    }
    return false;
}

static enum status find_subject(struct sla_round *round, const char *type, const char *id,
                                struct subject **ret_subject, struct error *ret_error)
{
    const char *key = arena_format(round->arena, "%s %s", type, id);
    struct subject *subject = NULL;
    enum sla_subject_type kind;

    if (!sla_subject_type_of(type, &kind))
        return error_set(ret_error, STATUS_NOT_FOUND,
                         "Expected a type of subject: incident, change, task or process-instance, "
                         "but found '%.60s'.",
                         type);
    if (id[0] == '\0' || strlen(id) > SLA_TEXT_MAX)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected the id of a subject to have 1 to %d bytes but found %zu.",
                         SLA_TEXT_MAX, strlen(id));
    HASH_FIND_STR(round->subjects, key, subject);
    if (subject == NULL) {
        subject = arena_alloc(round->arena, sizeof(*subject));
        subject->key = key;
        subject->type = kind;
        subject->id = arena_copy(round->arena, id);
        subject->changes_tail = &subject->changes;
        HASH_ADD_KEYPTR(hh, round->subjects, subject->key, strlen(subject->key), subject);
        round->count++;
    }
    *ret_subject = subject;
    return STATUS_OK;
}

enum status sla_round_change(struct sla_round *round, const struct sla_subject_change *given,
                             struct error *ret_error)
{
    struct subject *subject = NULL;
    struct change *change;

    if (find_subject(round, given->type, given->id, &subject, ret_error) != STATUS_OK)
        return ret_error->status;
    change = arena_alloc(round->arena, sizeof(*change));
    change->given = *given;
    *subject->changes_tail = change;
    subject->changes_tail = &change->next;
    return STATUS_OK;
}

enum status sla_round_bind(struct sla_round *round, struct sla_bound_timer *timer,
                           struct error *ret_error)
{
    struct subject *subject = NULL;

    if (find_subject(round, timer->subject_type, timer->subject_id, &subject, ret_error) !=
        STATUS_OK)
        return ret_error->status;
    timer->next = subject->bindings;
    subject->bindings = timer;
    return STATUS_OK;
}

void sla_round_fired(struct sla_round *round, const struct sla_bound_firing *firing)
{
    char clock_id[UUID_TEXT_BYTES];

    bound_firings_add(round->arena, uuid_format(&firing->clock_id, clock_id), firing->cycle,
                      firing->threshold, &round->firings);
}

bool sla_round_is_empty(const struct sla_round *round)
{
    return round->count == 0;
}

/* ---- reading ---- */

static int compare_subjects(const void *left, const void *right)
{
    const struct subject *a = *(struct subject *const *)left;
    const struct subject *b = *(struct subject *const *)right;

    return strcmp(a->key, b->key);
}

static struct pg_call *add_subjects(const struct sla_round *round, struct pg_batch *batch,
                                    const struct pg_statement *statement)
{
    struct pg_call *call = pg_batch_add(batch, statement);
    struct pg_array *types = pg_text_array(call);
    struct pg_array *ids = pg_text_array(call);

    for (uint32_t i = 0; i < round->count; i++) {
        pg_add_text(types, sla_subject_type_name(round->ordered[i]->type));
        pg_add_text(ids, round->ordered[i]->id);
    }
    return call;
}

/* The most targets that a subject of the type can have at a time. */
static int64_t targets_of(const struct sla_book *book, enum sla_subject_type type)
{
    size_t most = 0;

    for (size_t i = 0; i < book->in_force_count; i++) {
        if (book->in_force[i]->applies_to == type && book->in_force[i]->target_count > most)
            most = book->in_force[i]->target_count;
    }
    return (int64_t)most;
}

void sla_round_read(struct sla_round *round, struct pg_batch *batch)
{
    uint32_t n = 0;
    struct pg_call *call;
    struct pg_array *targets;

    round->ordered = arena_array(round->arena, round->count, sizeof(struct subject *));
    for (struct subject *subject = round->subjects; subject != NULL; subject = subject->hh.next)
        round->ordered[n++] = subject;
    qsort(round->ordered, n, sizeof(struct subject *), compare_subjects);
    round->first = pg_batch_count(batch);
    (void)add_subjects(round, batch, &lock_subjects);
    (void)add_subjects(round, batch, &lock_clocks);
    call = add_subjects(round, batch, &read_history);
    targets = pg_int4_array(call);
    for (uint32_t i = 0; i < round->count; i++)
        pg_add_int(targets, targets_of(round->book, round->ordered[i]->type));
    pg_int8(call, SLA_CHANGES_MAX);
    (void)add_subjects(round, batch, &bound_timers_of);
    (void)add_subjects(round, batch, &bound_firings_of);
}

static struct subject *subject_of(const struct sla_round *round, const char *type, const char *id)
{
    char key[32 + SLA_TEXT_MAX + 2];
    struct subject *subject = NULL;

    (void)snprintf(key, sizeof(key), "%s %s", type, id);
    HASH_FIND_STR(round->subjects, key, subject);
    return subject;
}

static enum status take_subjects(struct sla_round *round, const struct pg_result *rows,
                                 struct error *ret_error)
{
    for (uint32_t i = 0; i < pg_rows(rows); i++) {
        struct subject *subject =
            subject_of(round, pg_value_text(rows, i, 0), pg_value_text(rows, i, 1));

        INVARIANT(subject != NULL);
        subject->fields = json_loads(pg_value_text(rows, i, 2), 0, NULL);
        subject->now_us = pg_value_timestamp(rows, i, 4);
        if (subject->fields == NULL)
            return error_set(ret_error, STATUS_INTERNAL, "The stored fields of %s are no JSON.",
                             subject->key);
        /* One that only a timer has asked for has no fields yet. */
        subject->is_new = pg_value_bool(rows, i, 3) || json_object_size(subject->fields) == 0;
    }
    return STATUS_OK;
}

static struct sla_row *add_row(struct sla_round *round, struct subject *subject)
{
    if (subject->row_count == subject->row_capacity) {
        uint32_t capacity = subject->row_capacity == 0 ? 4 : 2 * subject->row_capacity;

        subject->rows = arena_grow(round->arena, subject->rows, subject->row_count, capacity,
                                   sizeof(*subject->rows));
        subject->row_capacity = capacity;
    }
    return &subject->rows[subject->row_count++];
}

static int64_t time_or_zero(const struct pg_result *rows, uint32_t row, uint32_t column)
{
    return pg_is_null(rows, row, column) ? 0 : pg_value_timestamp(rows, row, column);
}

static enum status take_clocks(struct sla_round *round, const struct pg_result *rows,
                               struct error *ret_error)
{
    for (uint32_t i = 0; i < pg_rows(rows); i++) {
        struct subject *subject =
            subject_of(round, pg_value_text(rows, i, 1), pg_value_text(rows, i, 3));
        struct sla_row *row;

        INVARIANT(subject != NULL);
        row = add_row(round, subject);
        if (sla_row_read(round->arena, rows, i, row, ret_error) != STATUS_OK)
            return ret_error->status;
        row->next_due_us = time_or_zero(rows, i, 4);
        row->deadline_us = time_or_zero(rows, i, 5);
        row->breached_at_us = time_or_zero(rows, i, 6);
        row->before = (struct sla_before){.is_open = sla_clock_is_open(row->clock),
                                          .deadline_us = row->deadline_us,
                                          .breached_at_us = row->breached_at_us,
                                          .policy = row->clock->policy_id,
                                          .policy_version = row->clock->policy_version};
        row->team = arena_copy(round->arena, pg_value_text(rows, i, 7));
        row->priority = arena_copy(round->arena, pg_value_text(rows, i, 8));
    }
    return STATUS_OK;
}

/* Rows are in order of the subject. */
static void take_history(struct sla_round *round, const struct pg_result *rows)
{
    for (uint32_t i = 0; i < pg_rows(rows); i++) {
        struct subject *subject =
            subject_of(round, pg_value_text(rows, i, 0), pg_value_text(rows, i, 1));
        struct sla_past *past;

        INVARIANT(subject != NULL);
        if (subject->history == NULL)
            subject->history = arena_array(
                round->arena, SLA_CHANGES_MAX < pg_rows(rows) ? SLA_CHANGES_MAX : pg_rows(rows) - i,
                sizeof(*subject->history));
        past = &subject->history[subject->history_count];
        past->at_us = pg_value_timestamp(rows, i, 2);
        past->fields = json_loads(pg_value_text(rows, i, 3), 0, NULL);
        subject->history_count += past->fields != NULL;
    }
}

static void take_timers(struct sla_round *round, const struct pg_result *rows)
{
    for (uint32_t i = 0; i < pg_rows(rows); i++) {
        struct sla_bound_timer *timer = arena_alloc(round->arena, sizeof(*timer));
        struct subject *subject;

        bound_timer_read(round->arena, rows, i, timer);
        subject = subject_of(round, timer->subject_type, timer->subject_id);
        INVARIANT(subject != NULL);
        timer->next = subject->timers;
        subject->timers = timer;
    }
}

/* ---- deciding ---- */

static enum status take_step(struct sla_round *round, struct subject *subject,
                             const struct sla_step *step, struct error *ret_error)
{
    struct sla_row *row = step->kind == SLA_STEP_START ? NULL : &subject->rows[step->clock];
    struct uuid id = row != NULL ? row->id : uuid_next(round->service->settings.ids);
    const char *calendar = row != NULL ? row->clock->calendar : step->target->calendar;
    struct sla_clock *clock = NULL;
    struct sla_rating rating;
    char text[UUID_TEXT_BYTES];
    enum status status = sla_book_rating(round->book, calendar, &rating, ret_error);

    if (status == STATUS_OK)
        status = sla_step_apply(
            round->arena, &round->decision, step, arena_copy(round->arena, uuid_format(&id, text)),
            row != NULL ? row->clock : NULL, &rating, subject->now_us, &clock, ret_error);
    if (status != STATUS_OK)
        return status;
    if (row == NULL) {
        if (subject->row_count >= SLA_CLOCKS_MAX)
            return error_set(ret_error, STATUS_TOO_LARGE,
                             "Expected at most %d clocks of one subject.", SLA_CLOCKS_MAX);
        row = add_row(round, subject);
        *row = (struct sla_row){.id = id, .type = subject->type, .clock = clock, .is_new = true};
    }
    row->clock = clock;
    row->changed = true;
    return STATUS_OK;
}

static const char *text_field(const json_t *fields, const char *name)
{
    const char *text = json_string_value(json_object_get(fields, name));

    return text != NULL ? text : "";
}

/* A field as people write it: numbers, too. */
static const char *plain_field(struct arena *arena, const json_t *fields, const char *name)
{
    const json_t *value = json_object_get(fields, name);

    if (json_is_integer(value))
        return arena_format(arena, "%lld", (long long)json_integer_value(value));
    return arena_copy(arena, text_field(fields, name));
}

/* What attainment is grouped by; it stays with a clock that has closed. */
static void take_owner(struct arena *arena, const struct subject *subject, struct sla_row *row)
{
    const char *team = plain_field(arena, subject->fields, "assignmentGroup");
    const char *priority = plain_field(arena, subject->fields, "priority");

    if (row->team != NULL && strcmp(row->team, team) == 0 && strcmp(row->priority, priority) == 0)
        return;
    row->team = team;
    row->priority = priority;
    row->changed = true;
}

/* Who owns the subject from now on: by whom the time is broken down. */
static enum status mark(struct arena *arena, struct subject *subject, struct error *ret_error)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < subject->row_count && status == STATUS_OK; i++) {
        struct sla_row *row = &subject->rows[i];
        size_t before = row->clock->mark_count;

        if (sla_clock_is_open(row->clock) || row->changed)
            take_owner(arena, subject, row);
        if (!sla_clock_is_open(row->clock))
            continue;
        status = sla_clock_mark(row->clock, subject->now_us,
                                text_field(subject->fields, "assignmentGroup"),
                                text_field(subject->fields, "assignedTo"),
                                text_field(subject->fields, "status"), ret_error);
        row->changed = row->changed || row->clock->mark_count != before;
    }
    return status;
}

/* They are kept with every change. */
static enum status check_fields(const struct subject *subject, struct error *ret_error)
{
    size_t length = json_dumpb(subject->fields, NULL, 0, JSON_COMPACT);

    if (json_object_size(subject->fields) <= SLA_FIELDS_MAX && length <= SLA_FIELDS_BYTES_MAX)
        return STATUS_OK;
    return error_set_field(ret_error, STATUS_TOO_LARGE, "fields",
                           "Expected at most %d fields and %d bytes of a subject, those that its "
                           "policies look at, but it has %zu and %zu.",
                           SLA_FIELDS_MAX, SLA_FIELDS_BYTES_MAX, json_object_size(subject->fields),
                           length);
}

/* A transaction has room for so many statements; nobody has so many clocks on one subject. */
static enum status check_room(const struct sla_round *round, struct error *ret_error)
{
    if (pg_batch_count(round->store.batch) < SLA_STATEMENTS_MAX)
        return STATUS_OK;
    return error_set(ret_error, STATUS_TOO_LARGE,
                     "Expected what fires with one change to fit into one transaction but it does "
                     "not.");
}

/* What was due before the change fires before it: a change of the target could take it for late. */
static enum status fire_due(struct sla_round *round, struct subject *subject,
                            struct error *ret_error)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < subject->row_count && status == STATUS_OK; i++) {
        struct sla_row *row = &subject->rows[i];

        if (row->next_due_us == 0 || row->next_due_us > subject->now_us)
            continue;
        status = check_room(round, ret_error);
        if (status == STATUS_OK)
            status = sla_row_look(&round->store, row, ret_error);
        row->changed = true;
    }
    return status;
}

static bool merge(struct subject *subject, const json_t *given)
{
    bool changed = false;
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)given, name, value) {
        json_t *before = json_object_get(subject->fields, name);

        if (json_is_null(value)) {
            changed = json_object_del(subject->fields, name) == 0 || changed;
        } else if (before == NULL || !json_equal(before, value)) {
            (void)json_object_set(subject->fields, name, value);
            changed = true;
        }
    }
    return changed;
}

/* "Rate all again": open clocks only, closed ones are frozen. */
static enum status recalculate(struct sla_round *round, struct subject *subject,
                               struct error *ret_error)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < subject->row_count && status == STATUS_OK; i++) {
        struct sla_row *row = &subject->rows[i];
        struct sla_rating rating;

        if (!sla_clock_is_open(row->clock))
            continue;
        status = sla_book_rating(round->book, row->clock->calendar, &rating, ret_error);
        if (status == STATUS_OK)
            status = sla_clock_recalculate(row->clock, subject->now_us,
                                           rating.versions[rating.count - 1].version, ret_error);
        row->changed = true;
    }
    return status;
}

static enum status decide(struct sla_round *round, struct subject *subject,
                          const json_t *old_fields, const struct sla_subject_change *change,
                          struct error *ret_error)
{
    struct sla_clock **clocks =
        arena_array(round->arena, subject->row_count + 1, sizeof(struct sla_clock *));
    struct sla_subject described = {.type = subject->type,
                                    .id = subject->id,
                                    .old_fields = old_fields,
                                    .fields = subject->fields,
                                    .history = subject->history,
                                    .history_count = subject->history_count,
                                    .why = {change->cause, change->actor}};
    enum status status = fire_due(round, subject, ret_error);

    for (uint32_t i = 0; i < subject->row_count; i++)
        clocks[i] = subject->rows[i].clock;
    if (status == STATUS_OK)
        status = sla_evaluate(round->arena, round->book->in_force, round->book->in_force_count,
                              &described, clocks, subject->row_count, subject->now_us,
                              &round->decision, ret_error);
    for (size_t i = 0; status == STATUS_OK && i < round->decision.step_count; i++)
        status = take_step(round, subject, &round->decision.steps[i], ret_error);
    if (status == STATUS_OK && change->recalculates)
        status = recalculate(round, subject, ret_error);
    if (status == STATUS_OK)
        status = mark(round->arena, subject, ret_error);
    for (uint32_t i = 0; i < subject->row_count && status == STATUS_OK; i++) {
        status = check_room(round, ret_error);
        if (status == STATUS_OK && subject->rows[i].changed)
            status = sla_row_look(&round->store, &subject->rows[i], ret_error);
    }
    return status;
}

/* The subject's state from now on, for clocks that start later and count from now. */
struct facts {
    struct pg_array *a[6];
};

static void store_change(struct sla_round *round, const struct subject *subject,
                         const struct sla_subject_change *change, struct facts *facts)
{
    struct uuid id = uuid_next(round->service->settings.ids);
    char *text = json_dumps(subject->fields, JSON_COMPACT);

    INVARIANT(text != NULL);
    if (facts->a[0] == NULL) {
        struct pg_call *call = pg_batch_add(round->store.batch, &store_changes);

        facts->a[0] = pg_uuid_array(call);
        facts->a[1] = pg_text_array(call);
        facts->a[2] = pg_text_array(call);
        facts->a[3] = pg_timestamp_array(call);
        facts->a[4] = pg_text_array(call);
        facts->a[5] = pg_jsonb_array(call);
    }
    pg_add_uuid(facts->a[0], &id);
    pg_add_text(facts->a[1], sla_subject_type_name(subject->type));
    pg_add_text(facts->a[2], subject->id);
    pg_add_timestamp(facts->a[3], subject->now_us);
    pg_add_text(facts->a[4], change->actor);
    pg_add_text(facts->a[5], text);
    memory_free(text);
}

static enum status take_change(struct sla_round *round, struct subject *subject,
                               const struct sla_subject_change *change, struct facts *facts,
                               struct error *ret_error)
{
    bool is_first = subject->is_new && !subject->facts_changed;
    json_t *before = is_first ? NULL : json_deep_copy(subject->fields);
    bool changed = merge(subject, change->fields);
    enum status status = STATUS_OK;

    round->store.now_us = subject->now_us;
    round->store.correlation_id = change->correlation_id;
    if (changed || is_first || !change->only_if_changed) {
        subject->facts_changed = subject->facts_changed || changed || is_first;
        status = check_fields(subject, ret_error);
        if (status == STATUS_OK)
            status = decide(round, subject, before, change, ret_error);
        if (status == STATUS_OK && (changed || is_first))
            store_change(round, subject, change, facts);
    }
    json_decref(before);
    return status;
}

static void store_facts(struct sla_round *round)
{
    struct pg_array *a[3] = {NULL};

    for (uint32_t i = 0; i < round->count; i++) {
        const struct subject *subject = round->ordered[i];
        char *text;

        if (!subject->facts_changed)
            continue;
        if (a[0] == NULL) {
            struct pg_call *call = pg_batch_add(round->store.batch, &store_subjects);

            a[0] = pg_text_array(call);
            a[1] = pg_text_array(call);
            a[2] = pg_jsonb_array(call);
        }
        text = json_dumps(subject->fields, JSON_COMPACT);
        INVARIANT(text != NULL);
        pg_add_text(a[0], sla_subject_type_name(subject->type));
        pg_add_text(a[1], subject->id);
        pg_add_text(a[2], text);
        memory_free(text);
    }
}

/* ---- bound timers ---- */

/* Those that were there get the due time that the clocks say now; those that moved are listed. */
static enum status move_timers(struct sla_round *round, struct subject *subject,
                               struct error *ret_error)
{
    struct sla_bound_timer *next;
    enum status status = STATUS_OK;

    for (struct sla_bound_timer *timer = subject->bindings; timer != NULL && status == STATUS_OK;
         timer = timer->next)
        status = bound_timer_look(round->arena, round->book, subject->rows, subject->row_count,
                                  &round->firings, subject->now_us, timer, ret_error);
    for (struct sla_bound_timer *timer = subject->timers; timer != NULL && status == STATUS_OK;
         timer = next) {
        next = timer->next;
        status = bound_timer_look(round->arena, round->book, subject->rows, subject->row_count,
                                  &round->firings, subject->now_us, timer, ret_error);
        if (status == STATUS_OK && timer->moved) {
            timer->next = round->moved;
            round->moved = timer;
        }
    }
    return status;
}

/* All rows of all subjects, in one array. */
static void store_clocks(struct sla_round *round)
{
    uint32_t count = 0;
    struct sla_row *rows;

    for (uint32_t i = 0; i < round->count; i++)
        count += round->ordered[i]->row_count;
    rows = arena_array(round->arena, count, sizeof(*rows));
    count = 0;
    for (uint32_t i = 0; i < round->count; i++) {
        if (round->ordered[i]->row_count > 0)
            memcpy(rows + count, round->ordered[i]->rows,
                   round->ordered[i]->row_count * sizeof(*rows));
        count += round->ordered[i]->row_count;
    }
    sla_rows_store(&round->store, rows, count);
}

enum status sla_round_decide(struct sla_round *round, const struct pg_batch *read,
                             struct pg_batch *store, struct error *ret_error)
{
    struct facts facts = {{NULL}};
    enum status status =
        take_subjects(round, pg_batch_result(read, round->first + READ_SUBJECTS), ret_error);

    round->store.batch = store;
    if (status == STATUS_OK)
        status = take_clocks(round, pg_batch_result(read, round->first + READ_CLOCKS), ret_error);
    if (status != STATUS_OK)
        return status;
    take_history(round, pg_batch_result(read, round->first + READ_HISTORY));
    take_timers(round, pg_batch_result(read, round->first + READ_TIMERS));
    bound_firings_read(round->arena, pg_batch_result(read, round->first + READ_FIRINGS),
                       &round->firings);
    for (uint32_t i = 0; i < round->count && status == STATUS_OK; i++) {
        struct subject *subject = round->ordered[i];

        for (struct change *change = subject->changes; change != NULL && status == STATUS_OK;
             change = change->next)
            status = take_change(round, subject, &change->given, &facts, ret_error);
        if (status == STATUS_OK)
            status = move_timers(round, subject, ret_error);
    }
    if (status != STATUS_OK)
        return status;
    store_facts(round);
    store_clocks(round);
    sla_bound_store_due(store, round->moved);
    return STATUS_OK;
}

/* ---- what came of it ---- */

struct module_event *sla_round_take_events(struct sla_round *round, uint32_t *ret_count)
{
    *ret_count = round->store.event_count;
    round->store.event_count = 0;
    return round->store.events;
}

const struct sla_bound_timer *sla_round_moved(const struct sla_round *round)
{
    return round->moved;
}

void sla_round_tell(const struct sla_round *round)
{
    sla_store_tell(&round->store);
}

int64_t sla_round_next_due(const struct sla_round *round)
{
    int64_t next_us = 0;

    for (uint32_t i = 0; i < round->count; i++) {
        const struct subject *subject = round->ordered[i];

        for (uint32_t r = 0; r < subject->row_count; r++) {
            int64_t due_us = subject->rows[r].next_due_us;

            if (subject->rows[r].changed && due_us != 0 && (next_us == 0 || due_us < next_us))
                next_us = due_us;
        }
    }
    return next_us;
}

void sla_round_describe(const struct sla_round *round, const char *type, const char *id,
                        struct module_subject *ret_subject)
{
    const struct subject *subject = subject_of(round, type, id);

    if (subject != NULL)
        sla_rows_for_module(round->arena, subject->rows, subject->row_count, ret_subject);
}

const struct sla_decision *sla_round_decision(const struct sla_round *round)
{
    return &round->decision;
}

const struct sla_row *sla_round_rows(const struct sla_round *round, uint32_t *ret_count,
                                     const json_t **ret_fields, int64_t *ret_now_us)
{
    PRE(round->count == 1);
    *ret_count = round->ordered[0]->row_count;
    *ret_fields = round->ordered[0]->fields;
    *ret_now_us = round->ordered[0]->now_us;
    return round->ordered[0]->rows;
}

uint32_t sla_round_count(const struct sla_round *round)
{
    return round->count;
}

const struct sla_row *sla_round_rows_at(const struct sla_round *round, uint32_t index,
                                        uint32_t *ret_count, struct module_subject *ret_subject)
{
    const struct subject *subject = round->ordered[index];

    ret_subject->type = sla_subject_type_name(subject->type);
    ret_subject->id = subject->id;
    sla_rows_for_module(round->arena, subject->rows, subject->row_count, ret_subject);
    *ret_count = subject->row_count;
    return subject->rows;
}

const struct sla_book *sla_round_book(const struct sla_round *round)
{
    return round->book;
}

void sla_round_free(struct sla_round *round)
{
    if (round == NULL)
        return;
    for (struct subject *subject = round->subjects; subject != NULL; subject = subject->hh.next) {
        for (size_t i = 0; i < subject->history_count; i++)
            json_decref((json_t *)(uintptr_t)subject->history[i].fields);
        json_decref(subject->fields);
    }
    for (uint32_t i = 0; i < round->store.event_count; i++)
        json_decref(round->store.events[i].payload);
    HASH_CLEAR(hh, round->subjects);
    bound_firings_clear(&round->firings);
    sla_book_release(round->book);
}
