/* POST /api/v1/sla/recalculate: all open clocks of a scope are worked out again, by the newest
 * versions of their policies and calendars, with a report of what each was before and is after.
 *
 *   asked for ─► a batch of subjects: lock, decide, store (a dry run: only the report) ─► … ─► done
 *
 * Batches are transactions of their own, which also move where the next one begins: user commands
 * wait for one batch at most, and any node goes on where another one ended. */
#include "engine/sla/private.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"
#include "bpmn/iso8601.h"
#include "engine/base/log.h"
#include "engine/outbox/outbox.h"
#include "engine/sla/round.h"
#include "engine/sla/settle.h"

#include <stdio.h>
#include <string.h>

enum { SUBJECTS_A_BATCH = 200, REPORT_PAGE = 1000 };

/* One batch under way. */
struct batch_run {
    struct pg_lease lease;
    struct sla_service *service;
    struct arena *arena;
    struct sla_round *round;
    struct uuid id;
    bool dry_run;
    bool is_last;
    int64_t first_row; /* of the report */
    json_t *no_fields;
    struct module_event *events;
    uint32_t event_count;
    struct settling settling;
};

static const struct pg_statement begin = {"sla_recalculations_begin",
                                          "BEGIN ISOLATION LEVEL READ COMMITTED"};
static const struct pg_statement commit = {"sla_recalculations_commit", "COMMIT"};
static const struct pg_statement lock_running = {
    "sla_recalculation_lock",
    "SELECT id, policy, calendar, started_from, dry_run, done_type, done_id, clock_count"
    " + failed_count FROM synergyflow_workflows.sla_recalculation WHERE state = 'running'"
    " ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED"};
static const struct pg_statement find_subjects = {
    "sla_recalculation_subjects",
    "SELECT DISTINCT subject_type, subject_id FROM synergyflow_workflows.sla_clock"
    " WHERE closed_at IS NULL AND (subject_type, subject_id) > ($1, $2)"
    " AND ($3 = '' OR policy_id = $3) AND ($4 = '' OR calendar = $4)"
    " AND ($5::timestamptz IS NULL OR started_at >= $5) ORDER BY 1, 2 LIMIT $6"};
static const struct pg_statement add_rows = {
    "sla_recalculation_rows",
    "INSERT INTO synergyflow_workflows.sla_recalculation_clock (recalculation_id, n, clock_id,"
    " subject_type, subject_id, target, policy_before, policy_after, deadline_before,"
    " deadline_after, breached_at_before, breached_at_after, moved, problem)"
    " SELECT $1, $2 + r.n, r.clock_id, r.subject_type, r.subject_id, r.target, r.policy_before,"
    " r.policy_after, r.deadline_before, r.deadline_after, r.breached_before, r.breached_after,"
    " r.moved, r.problem FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],"
    " $8::text[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[],"
    " $13::boolean[], $14::text[]) WITH ORDINALITY AS r (clock_id, subject_type, subject_id,"
    " target, policy_before, policy_after, deadline_before, deadline_after, breached_before,"
    " breached_after, moved, problem, n)"};
static const struct pg_statement note_progress = {
    "sla_recalculation_progress",
    "UPDATE synergyflow_workflows.sla_recalculation SET done_type = $2, done_id = $3,"
    " subject_count = subject_count + $4, clock_count = clock_count + $5,"
    " moved_count = moved_count + $6, failed_count = failed_count + $7,"
    " state = CASE WHEN $8 THEN 'done' ELSE state END,"
    " finished_at = CASE WHEN $8 THEN clock_timestamp() END WHERE id = $1"};
static const struct pg_statement ask_statement = {
    "sla_recalculation_ask",
    "INSERT INTO synergyflow_workflows.sla_recalculation (id, policy, calendar, started_from,"
    " dry_run, state, requested_by, requested_at) VALUES ($1, $2, $3, $4, $5, 'running', $6,"
    " clock_timestamp()) ON CONFLICT DO NOTHING RETURNING id"};
#define COLUMNS                                                                             \
    "id::text, policy, calendar, started_from, dry_run, state, requested_by, requested_at," \
    " finished_at, subject_count, clock_count, moved_count, failed_count"
static const struct pg_statement list_statement = {
    "sla_recalculation_list", "SELECT " COLUMNS " FROM synergyflow_workflows.sla_recalculation"
                              " ORDER BY requested_at DESC LIMIT 200"};
static const struct pg_statement get_statement = {
    "sla_recalculation_get",
    "SELECT " COLUMNS " FROM synergyflow_workflows.sla_recalculation WHERE id = $1"};
static const struct pg_statement report_statement = {
    "sla_recalculation_report",
    "SELECT n, clock_id::text, subject_type, subject_id, target, policy_before, policy_after,"
    " deadline_before, deadline_after, breached_at_before, breached_at_after, moved, problem"
    " FROM synergyflow_workflows.sla_recalculation_clock WHERE recalculation_id = $1 AND n > $2"
    " AND (moved OR NOT $3) ORDER BY n LIMIT $4"};

/* ---- a batch ---- */

static void end(struct batch_run *run, const struct error *error, bool again)
{
    struct sla_service *service = run->service;

    if (error != NULL)
        log_error("sla.recalculate", NULL, error);
    if (run->lease.connection != NULL)
        pg_release(&run->lease);
    for (uint32_t i = 0; i < run->event_count; i++)
        json_decref(run->events[i].payload);
    for (uint32_t i = 0; i < run->settling.event_count; i++)
        json_decref(run->settling.events[i].payload);
    sla_round_free(run->round);
    json_decref(run->no_fields);
    arena_free(run->arena);
    memory_free(run);
    service->recalculating = false;
    if (again)
        sla_recalculations_look(service);
    sla_service_ended(service);
}

static void on_stored(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct batch_run *run = CONTAINER_OF(lease, struct batch_run, lease);
    struct sla_service *service = run->service;

    pg_batch_free_results(batch);
    if (status != STATUS_OK) {
        end(run, error, false);
        return;
    }
    if (run->event_count + run->settling.event_count > 0 && service->settings.on_published != NULL)
        service->settings.on_published(service->settings.context);
    if (run->round != NULL && !run->dry_run) {
        sla_tell_moved(service, sla_round_moved(run->round));
        sla_round_tell(run->round);
        sla_service_wake(service, sla_round_next_due(run->round));
    }
    service->has_recalculation = true;
    end(run, NULL, true);
}

static void add_time(struct pg_array *array, int64_t us)
{
    if (us == 0)
        pg_add_null(array);
    else
        pg_add_timestamp(array, us);
}

struct report {
    struct pg_array *a[12];
    int64_t clocks;
    int64_t moved;
    int64_t failed;
};

static void report_begin(struct batch_run *run, struct pg_batch *batch, struct report *report)
{
    struct pg_call *call = pg_batch_add(batch, &add_rows);

    *report = (struct report){0};
    pg_uuid(call, &run->id);
    pg_int8(call, run->first_row);
    report->a[0] = pg_uuid_array(call);
    for (int i = 1; i < 6; i++)
        report->a[i] = pg_text_array(call);
    for (int i = 6; i < 10; i++)
        report->a[i] = pg_timestamp_array(call);
    report->a[10] = pg_bool_array(call);
    report->a[11] = pg_text_array(call);
}

static const char *policy_text(struct arena *arena, const char *id, int64_t version)
{
    return arena_format(arena, "%s %lld", id, (long long)version);
}

/* Those that were open, in the scope or beside it on the same subject. */
static void report_row(struct batch_run *run, struct report *report,
                       const struct module_subject *subject, const struct sla_row *row)
{
    bool moved = row->before.deadline_us != row->deadline_us ||
                 row->before.breached_at_us != row->breached_at_us;

    if (!row->before.is_open)
        return;
    pg_add_uuid(report->a[0], &row->id);
    pg_add_text(report->a[1], subject->type);
    pg_add_text(report->a[2], subject->id);
    pg_add_text(report->a[3], row->clock->target);
    pg_add_text(report->a[4],
                policy_text(run->arena, row->before.policy, row->before.policy_version));
    pg_add_text(report->a[5],
                policy_text(run->arena, row->clock->policy_id, row->clock->policy_version));
    add_time(report->a[6], row->before.deadline_us);
    add_time(report->a[7], row->deadline_us);
    add_time(report->a[8], row->before.breached_at_us);
    add_time(report->a[9], row->breached_at_us);
    pg_add_bool(report->a[10], moved);
    pg_add_text(report->a[11], NULL);
    report->clocks++;
    report->moved += moved;
}

static void report_problem(struct report *report, const struct module_subject *subject,
                           const struct error *error)
{
    pg_add_uuid(report->a[0], NULL);
    pg_add_text(report->a[1], subject->type);
    pg_add_text(report->a[2], subject->id);
    for (int i = 3; i < 6; i++)
        pg_add_text(report->a[i], "");
    for (int i = 6; i < 10; i++)
        pg_add_null(report->a[i]);
    pg_add_bool(report->a[10], false);
    pg_add_text(report->a[11], error->message);
    report->failed++;
}

static void progress(struct batch_run *run, struct pg_batch *batch,
                     const struct module_subject *last, uint32_t subjects,
                     const struct report *report)
{
    struct pg_call *call = pg_batch_add(batch, &note_progress);

    pg_uuid(call, &run->id);
    pg_text(call, last != NULL ? last->type : "");
    pg_text(call, last != NULL ? last->id : "");
    pg_int8(call, subjects);
    pg_int8(call, report->clocks);
    pg_int8(call, report->moved);
    pg_int8(call, report->failed);
    pg_bool(call, run->is_last);
}

static void finish_batch(struct batch_run *run, struct pg_batch *store)
{
    const struct sla_settings *settings = &run->service->settings;

    if (run->event_count > 0 && !run->dry_run)
        (void)outbox_add(store, settings->registry, run->events, run->event_count, settings->ids);
    if (run->settling.event_count > 0 && !run->dry_run)
        (void)outbox_add(store, settings->registry, run->settling.events, run->settling.event_count,
                         settings->ids);
    (void)pg_batch_add(store, &commit);
    pg_run(&run->lease, store, on_stored); /* suspended: until on_stored */
}

/* The modules that own them hear of it, in order. */
static enum status settle(struct batch_run *run, struct pg_batch *store, struct error *ret_error)
{
    uint32_t count = sla_round_count(run->round);

    run->settling = (struct settling){.registry = run->service->settings.registry,
                                      .arena = run->arena,
                                      .ids = run->service->settings.ids,
                                      .now_us = sla_now_us(run->service)};
    run->settling.items = arena_array(run->arena, count, sizeof(*run->settling.items));
    for (uint32_t i = 0; i < count; i++) {
        struct module_subject *subject = &run->settling.items[run->settling.count];
        uint32_t rows = 0;
        const struct sla_row *row = sla_round_rows_at(run->round, i, &rows, subject);
        bool moved = false;

        for (uint32_t r = 0; r < rows; r++)
            moved = moved || row[r].before.deadline_us != row[r].deadline_us;
        run->settling.count += moved;
    }
    return sla_settle(&run->settling, store, ret_error);
}

static void on_read(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    struct batch_run *run = CONTAINER_OF(lease, struct batch_run, lease);
    struct pg_batch *store = pg_batch_new(run->arena);
    struct pg_batch *kept = run->dry_run ? pg_batch_new(run->arena) : store;
    uint32_t count = sla_round_count(run->round);
    struct module_subject last = {0};
    struct report report;
    struct error own = {0};
    uint32_t rows = 0;

    if (status != STATUS_OK) {
        pg_batch_free_results(batch);
        end(run, error, false);
        return;
    }
    status = sla_round_decide(run->round, batch, store, &own);
    run->events = sla_round_take_events(run->round, &run->event_count);
    if (status == STATUS_OK)
        status = settle(run, store, &own);
    pg_batch_free_results(batch);
    if (status != STATUS_OK && count > 1) {
        /* Who is it? The transaction is rolled back, and they are taken one by one. */
        run->service->recalculates_singly = true;
        end(run, NULL, true);
        return;
    }
    (void)sla_round_rows_at(run->round, count - 1, &rows, &last);
    if (status != STATUS_OK)
        kept = pg_batch_new(run->arena); /* nothing of it but why */
    report_begin(run, kept, &report);
    if (status != STATUS_OK)
        report_problem(&report, &last, &own);
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        struct module_subject subject = {0};
        const struct sla_row *row = sla_round_rows_at(run->round, i, &rows, &subject);

        for (uint32_t r = 0; r < rows; r++)
            report_row(run, &report, &subject, &row[r]);
    }
    run->dry_run = run->dry_run || status != STATUS_OK;
    progress(run, kept, &last, count, &report);
    finish_batch(run, kept);
}

static void on_subjects(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                        const struct error *error)
{
    static const struct report nothing;
    struct batch_run *run = CONTAINER_OF(lease, struct batch_run, lease);
    const struct pg_result *rows;
    struct pg_batch *next;
    struct error own;

    if (status == STATUS_OK)
        status = sla_round_new(run->service, run->arena, &run->round, &own);
    else
        own = *error;
    if (status != STATUS_OK) {
        pg_batch_free_results(batch);
        end(run, &own, false);
        return;
    }
    rows = pg_batch_result(batch, 0);
    next = pg_batch_new(run->arena);
    if (pg_rows(rows) == 0) {
        pg_batch_free_results(batch);
        run->is_last = true;
        run->service->recalculates_singly = false;
        progress(run, next, NULL, 0, &nothing);
        finish_batch(run, next);
        return;
    }
    run->no_fields = json_object();
    for (uint32_t i = 0; i < pg_rows(rows) && status == STATUS_OK; i++) {
        struct sla_subject_change change = {.type =
                                                arena_copy(run->arena, pg_value_text(rows, i, 0)),
                                            .id = arena_copy(run->arena, pg_value_text(rows, i, 1)),
                                            .fields = run->no_fields,
                                            .actor = "",
                                            .cause = "recalculated",
                                            .recalculates = true};

        status = sla_round_change(run->round, &change, &own);
    }
    pg_batch_free_results(batch);
    if (status != STATUS_OK) {
        end(run, &own, false);
        return;
    }
    sla_round_read(run->round, next);
    pg_run(lease, next, on_read); /* suspended: until on_read */
}

static void on_locked(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct batch_run *run = CONTAINER_OF(lease, struct batch_run, lease);
    const struct pg_result *rows;
    struct pg_batch *next;
    struct pg_call *call;

    if (status != STATUS_OK) {
        pg_batch_free_results(batch);
        end(run, error, false);
        return;
    }
    rows = pg_batch_result(batch, 1);
    if (pg_rows(rows) == 0) {
        pg_batch_free_results(batch);
        run->service->has_recalculation = false;
        end(run, NULL, false);
        return;
    }
    run->id = pg_value_uuid(rows, 0, 0);
    run->dry_run = pg_value_bool(rows, 0, 4);
    run->first_row = pg_value_int(rows, 0, 7);
    next = pg_batch_new(run->arena);
    call = pg_batch_add(next, &find_subjects);
    pg_text(call, pg_value_text(rows, 0, 5));
    pg_text(call, pg_value_text(rows, 0, 6));
    pg_text(call, pg_value_text(rows, 0, 1));
    pg_text(call, pg_value_text(rows, 0, 2));
    if (pg_is_null(rows, 0, 3))
        pg_null(call);
    else
        pg_timestamp(call, pg_value_timestamp(rows, 0, 3));
    pg_int8(call, run->service->recalculates_singly ? 1 : SUBJECTS_A_BATCH);
    pg_batch_free_results(batch);
    pg_run(lease, next, on_subjects); /* suspended: until on_subjects */
}

static void on_ready(struct pg_lease *lease, enum status status, const struct error *error)
{
    struct batch_run *run = CONTAINER_OF(lease, struct batch_run, lease);
    struct pg_batch *batch;

    if (status != STATUS_OK) {
        end(run, error, false);
        return;
    }
    batch = pg_batch_new(run->arena);
    (void)pg_batch_add(batch, &begin);
    (void)pg_batch_add(batch, &lock_running);
    pg_run(lease, batch, on_locked); /* suspended: until on_locked */
}

void sla_recalculations_look(struct sla_service *service)
{
    struct batch_run *run;

    if (!service->started || service->stopping || service->recalculating || service->book == NULL ||
        !service->has_recalculation)
        return;
    service->recalculating = true;
    run = memory_zero(1, sizeof(*run));
    run->service = service;
    run->arena = arena_new(SLA_ARENA_BYTES);
    pg_acquire(service->settings.pool, &run->lease, SLA_TIMEOUT_MS, on_ready);
}

/* ---- routes ---- */

struct request {
    struct sla_service *service;
    struct http_request *http;
    struct uuid id;
    bool as_csv;
};

static struct request *request_new(struct sla_service *service, struct http_request *http)
{
    struct request *request = arena_alloc(http_arena(http), sizeof(*request));

    *request = (struct request){.service = service, .http = http};
    service->working++;
    return request;
}

/* The answer is the last thing: the request's memory goes with it. */
static struct http_request *ended(struct request *request)
{
    struct http_request *http = request->http;

    request->service->working--;
    sla_service_ended(request->service);
    return http;
}

static json_t *time_at(const struct pg_result *rows, uint32_t row, uint32_t column)
{
    return pg_is_null(rows, row, column) ? json_null()
                                         : sla_instant(pg_value_timestamp(rows, row, column));
}

static json_t *describe(const struct pg_result *rows, uint32_t row)
{
    return json_pack(
        "{s:s, s:s, s:s, s:o, s:b, s:s, s:s?, s:o, s:o, s:I, s:I, s:I, s:I}", "id",
        pg_value_text(rows, row, 0), "policy", pg_value_text(rows, row, 1), "calendar",
        pg_value_text(rows, row, 2), "startedFrom", time_at(rows, row, 3), "dryRun",
        pg_value_bool(rows, row, 4), "state", pg_value_text(rows, row, 5), "requestedBy",
        pg_value_text_or_null(rows, row, 6), "requestedAt", time_at(rows, row, 7), "finishedAt",
        time_at(rows, row, 8), "subjects", (json_int_t)pg_value_int(rows, row, 9), "clocks",
        (json_int_t)pg_value_int(rows, row, 10), "moved", (json_int_t)pg_value_int(rows, row, 11),
        "failed", (json_int_t)pg_value_int(rows, row, 12));
}

static json_t *describe_clock(const struct pg_result *rows, uint32_t row)
{
    return json_pack(
        "{s:I, s:s?, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:s?}", "n",
        (json_int_t)pg_value_int(rows, row, 0), "clockId", pg_value_text_or_null(rows, row, 1),
        "subjectType", pg_value_text(rows, row, 2), "subjectId", pg_value_text(rows, row, 3),
        "target", pg_value_text(rows, row, 4), "policyBefore", pg_value_text(rows, row, 5),
        "policyAfter", pg_value_text(rows, row, 6), "deadlineBefore", time_at(rows, row, 7),
        "deadlineAfter", time_at(rows, row, 8), "breachedAtBefore", time_at(rows, row, 9),
        "breachedAtAfter", time_at(rows, row, 10), "moved", pg_value_bool(rows, row, 11), "problem",
        pg_value_text_or_null(rows, row, 12));
}

static void append_csv(struct text *csv, const struct pg_result *rows)
{
    text_append(csv, "n,subjectType,subjectId,target,policyBefore,policyAfter,deadlineBefore,"
                     "deadlineAfter,breachedAtBefore,breachedAtAfter,moved,problem\r\n");
    for (uint32_t i = 0; i < pg_rows(rows); i++) {
        json_t *row = describe_clock(rows, i);
        const char *name;
        json_t *value;
        bool first = true;

        json_object_foreach (row, name, value) {
            char *text = json_dumps(value, JSON_ENCODE_ANY);

            if (strcmp(name, "clockId") == 0) {
                memory_free(text);
                continue;
            }
            text_append_format(csv, "%s%s", first ? "" : ",",
                               text == NULL || json_is_null(value) ? "" : text);
            memory_free(text);
            first = false;
        }
        text_append(csv, "\r\n");
        json_decref(row);
    }
}

static void on_report(void *context, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct request *request = context;
    const struct pg_result *rows;
    struct text csv = TEXT_INIT;
    json_t *answer;
    json_t *clocks;
    struct error own;

    if (status == STATUS_OK && pg_rows(pg_batch_result(batch, 0)) == 0) {
        status =
            error_set(&own, STATUS_NOT_FOUND, "Could not find a recalculation with id '%.60s'.",
                      http_param(request->http, "id"));
        error = &own;
    }
    if (status != STATUS_OK) {
        http_reply_error(ended(request), error);
        return;
    }
    rows = pg_batch_result(batch, 1);
    if (request->as_csv) {
        append_csv(&csv, rows);
        http_reply_bytes(ended(request), 200, "text/csv;charset=UTF-8", text_string(&csv),
                         csv.length);
        text_deinit(&csv);
        return;
    }
    clocks = json_array();
    for (uint32_t i = 0; i < pg_rows(rows); i++)
        (void)json_array_append_new(clocks, describe_clock(rows, i));
    answer = describe(pg_batch_result(batch, 0), 0);
    (void)json_object_set_new(answer, "data", clocks);
    (void)json_object_set_new(answer, "next",
                              pg_rows(rows) == REPORT_PAGE ? json_integer((json_int_t)pg_value_int(
                                                                 rows, pg_rows(rows) - 1, 0))
                                                           : json_null());
    http_reply_json(ended(request), 200, answer);
}

/* ?after=: the last `n` that the caller has; ?moved=true: only those; ?format=csv. */
static void get_report(void *context, struct http_request *http)
{
    struct request *request = request_new(context, http);
    struct pg_batch *batch = pg_batch_new(http_arena(http));
    const char *format = http_query(http, "format");
    const char *after = http_query(http, "after");
    const char *moved = http_query(http, "moved");
    long long after_n = 0;
    struct pg_call *call;
    struct error error;
    char rest;

    request->as_csv = format != NULL && strcmp(format, "csv") == 0;
    if (!uuid_parse(http_param(http, "id"), &request->id)) {
        error_set(&error, STATUS_NOT_FOUND, "Could not find a recalculation with id '%.60s'.",
                  http_param(http, "id"));
        http_reply_error(ended(request), &error);
        return;
    }
    if (after != NULL && (strlen(after) > 18 || sscanf(after, "%lld%c", &after_n, &rest) != 1)) {
        error_set_field(&error, STATUS_INVALID, "after",
                        "Expected after to be a row's number but found \"%.40s\".", after);
        http_reply_error(ended(request), &error);
        return;
    }
    pg_uuid(pg_batch_add(batch, &get_statement), &request->id);
    call = pg_batch_add(batch, &report_statement);
    pg_uuid(call, &request->id);
    pg_int8(call, after_n);
    pg_bool(call, moved != NULL && strcmp(moved, "true") == 0);
    pg_int8(call, REPORT_PAGE);
    pg_query(request->service->settings.pool, batch, SLA_TIMEOUT_MS, on_report, request);
}

static void on_listed(void *context, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct request *request = context;
    const struct pg_result *rows;
    json_t *data;

    if (status != STATUS_OK) {
        http_reply_error(ended(request), error);
        return;
    }
    rows = pg_batch_result(batch, 0);
    data = json_array();
    for (uint32_t i = 0; i < pg_rows(rows); i++)
        (void)json_array_append_new(data, describe(rows, i));
    http_reply_json(
        ended(request), 200,
        json_pack("{s:o, s:I}", "data", data, "total", (json_int_t)json_array_size(data)));
}

static void get_list(void *context, struct http_request *http)
{
    struct request *request = request_new(context, http);
    struct pg_batch *batch = pg_batch_new(http_arena(http));

    (void)pg_batch_add(batch, &list_statement);
    pg_query(request->service->settings.pool, batch, SLA_TIMEOUT_MS, on_listed, request);
}

static void on_asked(void *context, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct request *request = context;
    struct sla_service *service = request->service;
    char id[UUID_TEXT_BYTES];
    struct error own;

    if (status == STATUS_OK && pg_rows(pg_batch_result(batch, 0)) == 0) {
        status =
            error_set(&own, STATUS_CONFLICT,
                      "Expected no recalculation of this scope under way but there is one: see "
                      "/api/v1/sla/recalculations.");
        error = &own;
    }
    if (status != STATUS_OK) {
        http_reply_error(ended(request), error);
        return;
    }
    service->has_recalculation = true;
    http_reply_json(
        ended(request), 202,
        json_pack("{s:s, s:s}", "id", uuid_format(&request->id, id), "state", "running"));
    sla_recalculations_look(service);
}

static enum status read_body(const json_t *body, struct pg_call *call, const struct uuid *id,
                             const char *user, struct error *ret_error)
{
    static const char *const known[] = {"policy", "calendar", "startedFrom", "dryRun", NULL};
    const char *policy = NULL;
    const char *calendar = NULL;
    const char *from = NULL;
    int64_t from_us = 0;
    bool dry_run = false;
    enum status status = json_only_fields(body, known, ret_error);

    if (status == STATUS_OK)
        status = json_field_text(body, "policy", &policy, ret_error);
    if (status == STATUS_OK)
        status = json_field_text(body, "calendar", &calendar, ret_error);
    if (status == STATUS_OK)
        status = json_field_text(body, "startedFrom", &from, ret_error);
    if (status == STATUS_OK)
        status = json_field_bool(body, "dryRun", false, &dry_run, ret_error);
    if (status == STATUS_OK && from != NULL)
        status = iso8601_parse_instant(from, &from_us, ret_error);
    if (status != STATUS_OK)
        return status;
    pg_uuid(call, id);
    pg_text(call, policy != NULL ? policy : "");
    pg_text(call, calendar != NULL ? calendar : "");
    if (from != NULL)
        pg_timestamp(call, from_us);
    else
        pg_null(call);
    pg_bool(call, dry_run);
    pg_text(call, user);
    return STATUS_OK;
}

static void post_recalculate(void *context, struct http_request *http)
{
    struct request *request = request_new(context, http);
    struct pg_batch *batch = pg_batch_new(http_arena(http));
    json_t *body = NULL;
    struct error error = {0};
    enum status status = http_json_object(http, true, &body, &error);

    request->id = uuid_next(request->service->settings.ids);
    if (status == STATUS_OK)
        status = read_body(body, pg_batch_add(batch, &ask_statement), &request->id, http_user(http),
                           &error);
    json_decref(body);
    if (status == STATUS_OK)
        pg_query(request->service->settings.pool, batch, SLA_TIMEOUT_MS, on_asked, request);
    else
        http_reply_error(ended(request), &error);
}

#define SLA "/api/v1/sla/"

const struct http_route sla_recalculation_routes[] = {
    {HTTP_POST_METHOD, SLA "recalculate", post_recalculate,
     "Work out all open clocks of a policy or calendar again", 0},
    {HTTP_GET_METHOD, SLA "recalculations", get_list, "Recalculations, the newest first", 0},
    {HTTP_GET_METHOD, SLA "recalculations/{id}", get_report,
     "What a recalculation moved; ?after=, ?moved=true, ?format=csv", 0},
};
const size_t sla_recalculation_route_count = COUNT_OF(sla_recalculation_routes);
