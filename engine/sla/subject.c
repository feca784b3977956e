/* PUT /api/v1/sla/subjects/{type}/{id}: the subject's fields have changed. One transaction: the
 * subject is locked, its clocks are read, bpmn/sla decides, and what follows is stored. */
#include "engine/sla/private.h"

#include "bpmn/base/memory.h"
#include "bpmn/iso8601.h"
#include "engine/outbox/outbox.h"

#include <string.h>

struct change {
    struct pg_lease lease;
    struct sla_service *service;
    struct http_request *request;
    struct sla_book *book;
    struct arena *arena; /* the request's */
    struct pg_batch *batch;
    enum sla_subject_type type;
    const char *id;
    json_t *body;
    json_t *given; /* fields; borrowed from body */
    json_t *old_fields;
    json_t *fields;
    const char *actor;
    const char *cause;
    struct sla_past *history;
    size_t history_count;
    struct sla_row *rows;
    size_t row_count;
    struct sla_decision decision;
    struct sla_store store;
};

static const struct pg_statement begin = {"sla_begin", "BEGIN ISOLATION LEVEL READ COMMITTED"};
static const struct pg_statement commit = {"sla_commit", "COMMIT"};
static const struct pg_statement lock_subject = {
    "sla_lock_subject",
    "INSERT INTO synergyflow_workflows.sla_subject AS s (type, id, fields, changed_at)"
    " VALUES ($1, $2, '{}', clock_timestamp()) ON CONFLICT (tenant_id, type, id)"
    " DO UPDATE SET changed_at = clock_timestamp()"
    " RETURNING fields::text, xmax = 0, changed_at"};
static const struct pg_statement read_changes = {
    "sla_read_changes", "SELECT at, fields::text FROM synergyflow_workflows.sla_change"
                        " WHERE type = $1 AND subject_id = $2 ORDER BY at, id LIMIT $3"};
static const struct pg_statement store_subject = {
    "sla_store_subject", "UPDATE synergyflow_workflows.sla_subject SET fields = $3"
                         " WHERE type = $1 AND id = $2"};
static const struct pg_statement store_change = {
    "sla_store_change",
    "INSERT INTO synergyflow_workflows.sla_change (id, type, subject_id, at, actor, fields)"
    " VALUES ($1, $2, $3, $4, $5, $6)"};

/* ---- ways out ---- */

/* The answer comes after this, and is the last thing: the request's memory goes with it. */
static struct http_request *end(struct change *change)
{
    struct sla_service *service = change->service;
    struct http_request *request = change->request;

    for (size_t i = 0; i < change->history_count; i++)
        json_decref((json_t *)(uintptr_t)change->history[i].fields);
    json_decref(change->old_fields);
    json_decref(change->fields);
    json_decref(change->body);
    for (uint32_t i = 0; i < change->store.event_count; i++)
        json_decref(change->store.events[i].payload);
    sla_book_release(change->book);
    service->working--;
    sla_service_ended(service);
    return request;
}

static void fail(struct change *change, const struct error *error)
{
    struct error copy = *error;

    if (change->lease.connection != NULL)
        pg_release(&change->lease);
    http_reply_error(end(change), &copy);
}

static json_t *describe_decision(const struct change *change)
{
    json_t *looked = json_array();
    json_t *steps = json_array();
    json_t *problems = json_array();

    for (size_t i = 0; i < change->decision.candidate_count; i++) {
        const struct sla_candidate *candidate = &change->decision.candidates[i];

        (void)json_array_append_new(
            looked, json_pack("{s:s, s:I, s:b, s:s}", "policy", candidate->policy->id, "version",
                              (json_int_t)candidate->policy->version, "chosen", candidate->chosen,
                              "reason", candidate->reason));
    }
    for (size_t i = 0; i < change->decision.step_count; i++) {
        const struct sla_step *step = &change->decision.steps[i];

        (void)json_array_append_new(
            steps,
            json_pack("{s:s, s:s?, s:s}", "step", sla_step_name(step->kind), "target",
                      step->target != NULL ? step->target->name : NULL, "cause", step->why.cause));
    }
    for (size_t i = 0; i < change->decision.problem_count; i++)
        (void)json_array_append_new(problems, json_string(change->decision.problems[i]));
    return json_pack("{s:s?, s:o, s:o, s:o}", "policy",
                     change->decision.policy != NULL ? change->decision.policy->id : NULL,
                     "considered", looked, "steps", steps, "problems", problems);
}

static void answer(struct change *change)
{
    json_t *clocks = json_array();
    json_t *answered;
    struct error error;

    for (size_t i = 0; i < change->row_count; i++) {
        json_t *one = NULL;

        if (sla_row_describe(change->book, &change->rows[i], change->store.now_us, false, &one,
                             &error) == STATUS_OK)
            (void)json_array_append_new(clocks, one);
    }
    answered = json_pack("{s:s, s:s, s:O, s:o, s:o}", "subjectType",
                         sla_subject_type_name(change->type), "subjectId", change->id, "fields",
                         change->fields, "why", describe_decision(change), "clocks", clocks);
    http_reply_json(end(change), 200, answered);
}

/* ---- the second round: what was decided ---- */

static void on_stored(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct change *change = CONTAINER_OF(lease, struct change, lease);
    struct sla_service *service = change->service;

    if (status != STATUS_OK) {
        pg_batch_free_results(batch);
        fail(change, error);
        return;
    }
    pg_batch_free_results(batch);
    pg_release(lease);
    if (change->store.event_count > 0 && service->settings.on_published != NULL)
        service->settings.on_published(service->settings.context);
    sla_due_look(service); /* there may be an earlier threshold now */
    answer(change);
}

static enum status take_step(struct change *change, const struct sla_step *step,
                             struct error *ret_error)
{
    struct sla_row *row = step->kind == SLA_STEP_START ? NULL : &change->rows[step->clock];
    struct uuid id = row != NULL ? row->id : uuid_next(change->service->settings.ids);
    const char *calendar = row != NULL ? row->clock->calendar : step->target->calendar;
    struct sla_clock *clock = NULL;
    struct sla_rating rating;
    char text[UUID_TEXT_BYTES];
    enum status status = sla_book_rating(change->book, calendar, &rating, ret_error);

    if (status == STATUS_OK)
        status = sla_step_apply(change->arena, &change->decision, step,
                                arena_copy(change->arena, uuid_format(&id, text)),
                                row != NULL ? row->clock : NULL, &rating, change->store.now_us,
                                &clock, ret_error);
    if (status != STATUS_OK)
        return status;
    if (row == NULL) {
        if (change->row_count == SLA_CLOCKS_MAX)
            return error_set(ret_error, STATUS_TOO_LARGE,
                             "Expected at most %d clocks of one subject.", SLA_CLOCKS_MAX);
        row = &change->rows[change->row_count++];
        *row = (struct sla_row){.id = id, .type = change->type, .clock = clock, .is_new = true};
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

/* Who owns the subject from now on: by whom the time is broken down. */
static enum status mark(struct change *change, struct error *ret_error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < change->row_count && status == STATUS_OK; i++) {
        struct sla_row *row = &change->rows[i];
        size_t before = row->clock->mark_count;

        if (!sla_clock_is_open(row->clock))
            continue;
        status = sla_clock_mark(row->clock, change->store.now_us,
                                text_field(change->fields, "assignmentGroup"),
                                text_field(change->fields, "assignedTo"),
                                text_field(change->fields, "status"), ret_error);
        row->changed = row->changed || row->clock->mark_count != before;
    }
    return status;
}

static void store_facts(struct change *change)
{
    struct pg_call *call = pg_batch_add(change->store.batch, &store_subject);
    struct uuid id = uuid_next(change->service->settings.ids);
    char *text = json_dumps(change->fields, JSON_COMPACT);

    INVARIANT(text != NULL);
    pg_text(call, sla_subject_type_name(change->type));
    pg_text(call, change->id);
    pg_jsonb(call, text);
    call = pg_batch_add(change->store.batch, &store_change);
    pg_uuid(call, &id);
    pg_text(call, sla_subject_type_name(change->type));
    pg_text(call, change->id);
    pg_timestamp(call, change->store.now_us);
    pg_text(call, change->actor);
    pg_jsonb(call, text);
    memory_free(text);
}

/* They are kept with every change. */
static enum status check_fields(const struct change *change, struct error *ret_error)
{
    size_t length = json_dumpb(change->fields, NULL, 0, JSON_COMPACT);

    if (json_object_size(change->fields) <= SLA_FIELDS_MAX && length <= SLA_FIELDS_BYTES_MAX)
        return STATUS_OK;
    return error_set_field(ret_error, STATUS_TOO_LARGE, "fields",
                           "Expected at most %d fields and %d bytes of a subject, those that its "
                           "policies look at, but it has %zu and %zu.",
                           SLA_FIELDS_MAX, SLA_FIELDS_BYTES_MAX, json_object_size(change->fields),
                           length);
}

/* A transaction has room for so many statements; nobody has so many clocks on one subject. */
static enum status check_room(const struct change *change, struct error *ret_error)
{
    if (pg_batch_count(change->store.batch) < SLA_STATEMENTS_MAX)
        return STATUS_OK;
    return error_set(ret_error, STATUS_TOO_LARGE,
                     "Expected what fires with one change to fit into one transaction but it does "
                     "not.");
}

static enum status decide(struct change *change, struct error *ret_error)
{
    struct sla_clock **clocks = arena_array(change->arena, change->row_count + 1, sizeof(*clocks));
    struct sla_subject subject = {.type = change->type,
                                  .id = change->id,
                                  .old_fields = change->old_fields,
                                  .fields = change->fields,
                                  .history = change->history,
                                  .history_count = change->history_count,
                                  .why = {change->cause, change->actor}};
    enum status status = STATUS_OK;

    for (size_t i = 0; i < change->row_count; i++)
        clocks[i] = change->rows[i].clock;
    status =
        sla_evaluate(change->arena, change->book->in_force, change->book->in_force_count, &subject,
                     clocks, change->row_count, change->store.now_us, &change->decision, ret_error);
    for (size_t i = 0; i < change->decision.step_count && status == STATUS_OK; i++)
        status = take_step(change, &change->decision.steps[i], ret_error);
    if (status == STATUS_OK)
        status = mark(change, ret_error);
    for (size_t i = 0; i < change->row_count && status == STATUS_OK; i++) {
        status = check_room(change, ret_error);
        if (status == STATUS_OK && change->rows[i].changed)
            status = sla_row_look(&change->store, &change->rows[i], ret_error);
        if (status == STATUS_OK && change->rows[i].changed)
            sla_row_store(&change->store, &change->rows[i]);
    }
    return status;
}

/* ---- the first round: what there is ---- */

static enum status read_rows(struct change *change, const struct pg_batch *batch,
                             struct error *ret_error)
{
    const struct pg_result *subject = pg_batch_result(batch, 1);
    const struct pg_result *clocks = pg_batch_result(batch, 2);
    const struct pg_result *changes = pg_batch_result(batch, 3);
    const char *name;
    json_t *value;
    enum status status = STATUS_OK;

    change->store.now_us = pg_value_timestamp(subject, 0, 2);
    change->fields = json_loads(pg_value_text(subject, 0, 0), 0, NULL);
    if (change->fields == NULL)
        return error_set(ret_error, STATUS_INTERNAL, "The subject's stored fields are no JSON.");
    if (!pg_value_bool(subject, 0, 1))
        change->old_fields = json_deep_copy(change->fields);
    json_object_foreach (change->given, name, value) {
        if (json_is_null(value))
            (void)json_object_del(change->fields, name);
        else
            (void)json_object_set(change->fields, name, value);
    }
    change->rows = arena_array(change->arena, SLA_CLOCKS_MAX, sizeof(*change->rows));
    for (uint32_t i = 0; i < pg_rows(clocks) && i < SLA_CLOCKS_MAX && status == STATUS_OK; i++)
        status =
            sla_row_read(change->arena, clocks, i, &change->rows[change->row_count++], ret_error);
    change->history = arena_array(change->arena, pg_rows(changes) + 1, sizeof(*change->history));
    for (uint32_t i = 0; i < pg_rows(changes); i++) {
        struct sla_past *past = &change->history[change->history_count];

        past->at_us = pg_value_timestamp(changes, i, 0);
        past->fields = json_loads(pg_value_text(changes, i, 1), 0, NULL);
        change->history_count += past->fields != NULL;
    }
    return status;
}

static void on_read(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    struct change *change = CONTAINER_OF(lease, struct change, lease);
    struct sla_service *service = change->service;
    struct error own;

    if (status == STATUS_OK) {
        status = read_rows(change, batch, &own);
        error = &own;
    }
    pg_batch_free_results(batch);
    if (status != STATUS_OK) {
        fail(change, error);
        return;
    }
    change->store.service = service;
    change->store.book = change->book;
    change->store.arena = change->arena;
    change->store.correlation_id = http_correlation_id(change->request);
    change->store.batch = pg_batch_new(change->arena);
    store_facts(change);
    if (check_fields(change, &own) != STATUS_OK || decide(change, &own) != STATUS_OK) {
        fail(change, &own);
        return;
    }
    if (change->store.event_count > 0)
        (void)outbox_add(change->store.batch, service->settings.registry, change->store.events,
                         change->store.event_count, service->settings.ids);
    (void)pg_batch_add(change->store.batch, &commit);
    pg_run(lease, change->store.batch, on_stored); /* suspended: until on_stored */
}

static void on_ready(struct pg_lease *lease, enum status status, const struct error *error)
{
    struct change *change = CONTAINER_OF(lease, struct change, lease);
    const char *type = sla_subject_type_name(change->type);
    struct pg_call *call;

    if (status != STATUS_OK) {
        fail(change, error);
        return;
    }
    change->batch = pg_batch_new(change->arena);
    (void)pg_batch_add(change->batch, &begin);
    call = pg_batch_add(change->batch, &lock_subject);
    pg_text(call, type);
    pg_text(call, change->id);
    call = pg_batch_add(change->batch, &sla_rows_of_subject);
    pg_text(call, type);
    pg_text(call, change->id);
    call = pg_batch_add(change->batch, &read_changes);
    pg_text(call, type);
    pg_text(call, change->id);
    pg_int8(call, SLA_CHANGES_MAX);
    pg_run(lease, change->batch, on_read); /* suspended: until on_read */
}

/* ---- the request ---- */

static enum status read_request(struct change *change, struct error *ret_error)
{
    static const char *const known[] = {"fields", "actor", "cause", NULL};
    const char *type = http_param(change->request, "type");
    enum status status = http_json_object(change->request, false, &change->body, ret_error);

    if (status == STATUS_OK)
        status = json_only_fields(change->body, known, ret_error);
    if (status == STATUS_OK)
        status = json_field_text(change->body, "actor", &change->actor, ret_error);
    if (status == STATUS_OK)
        status = json_field_text(change->body, "cause", &change->cause, ret_error);
    if (status != STATUS_OK)
        return status;
    change->given = json_object_get(change->body, "fields");
    if (!json_is_object(change->given))
        return error_set_field(ret_error, STATUS_INVALID, "fields",
                               "Expected 'fields' to be an object with the fields that changed.");
    if (!sla_subject_type_of(type, &change->type))
        return error_set(ret_error, STATUS_NOT_FOUND,
                         "Expected a type of subject: incident, change, task or process-instance, "
                         "but found '%.60s'.",
                         type);
    if (strlen(change->id) > SLA_TEXT_MAX)
        return error_set(ret_error, STATUS_INVALID, "Expected an id of at most %d bytes.",
                         SLA_TEXT_MAX);
    if (change->actor == NULL)
        change->actor = http_user(change->request) != NULL ? http_user(change->request) : "";
    if (change->cause == NULL)
        change->cause = "";
    return STATUS_OK;
}

void sla_subject_route(void *context, struct http_request *request)
{
    struct sla_service *service = context;
    struct change *change = arena_alloc(http_arena(request), sizeof(*change));
    struct error error = {0};

    *change = (struct change){.service = service,
                              .request = request,
                              .arena = http_arena(request),
                              .id = http_param(request, "id")};
    if (service->book == NULL) {
        error_set(&error, STATUS_UNAVAILABLE, "The SLA documents are being read: try again.");
        http_reply_error(request, &error);
        return;
    }
    if (read_request(change, &error) != STATUS_OK) {
        json_decref(change->body);
        http_reply_error(request, &error);
        return;
    }
    change->book = sla_book_hold(service->book);
    service->working++;
    pg_acquire(service->settings.pool, &change->lease, SLA_TIMEOUT_MS, on_ready);
}
