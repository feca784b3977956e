/* Escalation chains: started by a threshold, level after level until somebody acknowledges, the
 * clock is over, or no level is left. A level fires in the transaction that records it under a
 * unique key; due times do not depend on when levels really fired (bpmn/sla/escalation.h). */
#include "engine/sla/private.h"

#include "bpmn/base/memory.h"
#include "engine/base/log.h"

#include <string.h>

static const struct pg_statement insert_chain = {
    "sla_insert_chain",
    "INSERT INTO synergyflow_workflows.sla_escalation (id, clock_id, subject_type, subject_id,"
    " policy_id, policy_version, chain, threshold, calendar, started_at, next_due_at, ended_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::timestamptz,"
    " CASE WHEN $11 IS NULL THEN $10 END)"};
static const struct pg_statement lock_chains = {
    "sla_lock_chains",
    "SELECT c.id, c.subject_type, c.clock::text, clock_timestamp(), e.id, e.chain, e.threshold,"
    " e.started_at, e.fired_levels, e.policy_id, e.policy_version, e.calendar"
    " FROM synergyflow_workflows.sla_escalation e"
    " JOIN synergyflow_workflows.sla_clock c ON c.id = e.clock_id"
    " WHERE e.next_due_at <= clock_timestamp() ORDER BY e.next_due_at, e.id LIMIT $1"
    " FOR UPDATE OF e SKIP LOCKED"};
static const struct pg_statement insert_level = {
    "sla_insert_level",
    "INSERT INTO synergyflow_workflows.sla_escalation_level (escalation_id, level, due_at,"
    " fired_at, recipients, action) VALUES ($1, $2, $3, $4, $5, $6)"};
static const struct pg_statement update_chain = {
    "sla_update_chain",
    "UPDATE synergyflow_workflows.sla_escalation SET fired_levels = $2,"
    " next_due_at = $3::timestamptz, ended_at = CASE WHEN $3 IS NULL THEN $4 END WHERE id = $1"};
static const struct pg_statement acknowledge_chain = {
    "sla_acknowledge_chain",
    "WITH before AS (SELECT id, acknowledged_by, ended_at FROM synergyflow_workflows.sla_escalation"
    "   WHERE id = $1 FOR UPDATE),"
    " done AS (UPDATE synergyflow_workflows.sla_escalation e SET acknowledged_at ="
    "   clock_timestamp(), acknowledged_by = $2, ended_at = clock_timestamp(), next_due_at = NULL"
    "   FROM before b WHERE e.id = b.id AND b.ended_at IS NULL RETURNING e.id)"
    " SELECT b.acknowledged_by, EXISTS (SELECT FROM done) FROM before b"};
#define CHAIN_COLUMNS                                                                            \
    "e.id::text, e.clock_id::text, e.subject_type, e.subject_id, e.policy_id, e.policy_version," \
    " e.chain, e.threshold, e.started_at, e.fired_levels, e.acknowledged_at,"                    \
    " e.acknowledged_by, e.ended_at, e.next_due_at, (SELECT coalesce(jsonb_agg("                 \
    "jsonb_build_object('level', l.level + 1, 'dueAt', l.due_at, 'firedAt', l.fired_at,"         \
    " 'recipients', l.recipients, 'action', l.action) ORDER BY l.level), '[]')::text"            \
    " FROM synergyflow_workflows.sla_escalation_level l WHERE l.escalation_id = e.id)"
static const struct pg_statement list_chains = {
    "sla_list_chains", "SELECT " CHAIN_COLUMNS " FROM synergyflow_workflows.sla_escalation e"
                       " WHERE ($1::text IS NULL OR e.subject_id = $1)"
                       " AND ($2 OR e.ended_at IS NULL) ORDER BY e.started_at DESC, e.id DESC"
                       " LIMIT 200"};

enum {
    COLUMN_ESCALATION = 4,
    COLUMN_CHAIN,
    COLUMN_THRESHOLD,
    COLUMN_STARTED,
    COLUMN_FIRED,
    COLUMN_POLICY,
    COLUMN_VERSION,
    COLUMN_CALENDAR
};

/* ---- when the next level is due ---- */

static enum status next_level(const struct sla_book *book, const struct sla_escalation *escalation,
                              const struct sla_chain *chain, const char *calendar,
                              struct sla_level_due *ret_due, struct error *ret_error)
{
    struct sla_rating rating;
    enum status status = sla_book_rating(book, calendar, &rating, ret_error);

    return status == STATUS_OK ? sla_escalation_next(escalation, chain, &rating, ret_due, ret_error)
                               : status;
}

static void add_due(struct pg_call *call, const struct sla_level_due *due)
{
    if (due->has_due)
        pg_timestamp(call, due->due_us);
    else
        pg_null(call);
}

void sla_chain_start(struct sla_store *store, const struct sla_row *row, const char *name,
                     const char *threshold, json_t *outcome)
{
    const struct sla_clock *clock = row->clock;
    const struct sla_policy *policy =
        sla_book_policy(store->book, clock->policy_id, clock->policy_version);
    const struct sla_chain *chain = policy != NULL ? sla_policy_chain(policy, name) : NULL;
    struct uuid id = uuid_next(store->service->settings.ids);
    struct sla_level_due due = {0};
    struct sla_escalation escalation;
    struct error error = {0};
    char text[UUID_TEXT_BYTES];
    struct pg_call *call;

    PRE(chain != NULL); /* a policy is read with its chains or not at all */
    escalation = sla_escalation_start(chain, store->now_us);
    if (next_level(store->book, &escalation, chain, clock->calendar, &due, &error) != STATUS_OK)
        log_error("sla.chain", NULL, &error);
    call = pg_batch_add(store->batch, &insert_chain);
    pg_uuid(call, &id);
    pg_uuid(call, &row->id);
    pg_text(call, sla_subject_type_name(row->type));
    pg_text(call, clock->subject_id);
    pg_text(call, clock->policy_id);
    pg_int8(call, clock->policy_version);
    pg_text(call, name);
    pg_text(call, threshold);
    pg_text(call, clock->calendar);
    pg_timestamp(call, store->now_us);
    add_due(call, &due);
    (void)json_object_set_new(outcome, "escalation", json_string(uuid_format(&id, text)));
    store->has_escalation = true;
}

/* ---- levels ---- */

void sla_chains_lock(struct pg_batch *batch)
{
    pg_int8(pg_batch_add(batch, &lock_chains), SLA_DUE_BATCH);
}

static json_t *describe_recipients(const struct sla_store *store, const struct sla_level *level)
{
    const struct sla_recipients *recipients = &level->recipients;
    const struct on_call_schedule *schedule =
        recipients->on_call[0] != '\0' ? sla_book_schedule(store->book, recipients->on_call) : NULL;
    json_t *users = json_array();
    json_t *teams = json_array();
    size_t count = 0;
    const char *const *names =
        sla_level_users(store->arena, level, schedule, store->now_us, &count);

    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(users, json_string(names[i]));
    for (size_t i = 0; i < recipients->team_count; i++)
        (void)json_array_append_new(teams, json_string(recipients->teams[i]));
    return json_pack("{s:o, s:o}", "users", users, "teams", teams);
}

static void add_json(struct pg_call *call, const json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);

    INVARIANT(text != NULL);
    pg_jsonb(call, text);
    memory_free(text);
}

static void fire_level(struct sla_store *store, const struct sla_row *row, const struct uuid *id,
                       const char *threshold, const struct sla_chain *chain,
                       const struct sla_level_due *due)
{
    const struct sla_level *level = &chain->levels[due->level];
    json_t *recipients = describe_recipients(store, level);
    json_t *facts = sla_action_facts(row, &level->action, threshold, due->due_us, store->now_us);
    char text[UUID_TEXT_BYTES];
    struct pg_call *call;
    json_t *outcome;

    (void)json_object_set_new(facts, "escalation", json_string(uuid_format(id, text)));
    (void)json_object_set_new(facts, "chain", json_string(chain->id));
    (void)json_object_set_new(facts, "level", json_integer(due->level + 1));
    (void)json_object_set(facts, "recipients", recipients);
    outcome = sla_act(store, row, &level->action, threshold, facts);
    call = pg_batch_add(store->batch, &insert_level);
    pg_uuid(call, id);
    pg_int4(call, due->level);
    pg_timestamp(call, due->due_us);
    pg_timestamp(call, store->now_us);
    add_json(call, recipients);
    add_json(call, outcome);
    json_decref(recipients);
    json_decref(outcome);
}

static void update(struct sla_store *store, const struct uuid *id, int32_t fired_levels,
                   const struct sla_level_due *due)
{
    struct pg_call *call = pg_batch_add(store->batch, &update_chain);

    pg_uuid(call, id);
    pg_int4(call, fired_levels);
    add_due(call, due);
    pg_timestamp(call, store->now_us);
}

static enum status look_at(struct sla_store *store, const struct pg_result *rows, uint32_t at,
                           struct error *ret_error)
{
    struct uuid id = pg_value_uuid(rows, at, COLUMN_ESCALATION);
    const char *calendar = pg_value_text(rows, at, COLUMN_CALENDAR);
    const char *threshold = arena_copy(store->arena, pg_value_text(rows, at, COLUMN_THRESHOLD));
    const struct sla_policy *policy =
        sla_book_policy(store->book, pg_value_text(rows, at, COLUMN_POLICY),
                        pg_value_int(rows, at, COLUMN_VERSION));
    const struct sla_chain *chain =
        policy != NULL ? sla_policy_chain(policy, pg_value_text(rows, at, COLUMN_CHAIN)) : NULL;
    struct sla_escalation escalation;
    struct sla_level_due due = {0};
    struct sla_row *row = arena_alloc(store->arena, sizeof(*row));
    enum status status;

    if (chain == NULL)
        return error_set(ret_error, STATUS_INTERNAL,
                         "Expected the escalation '%.100s' of policy '%.100s' but it is gone.",
                         pg_value_text(rows, at, COLUMN_CHAIN),
                         pg_value_text(rows, at, COLUMN_POLICY));
    status = sla_row_read(store->arena, rows, at, row, ret_error);
    escalation = sla_escalation_start(chain, pg_value_timestamp(rows, at, COLUMN_STARTED));
    escalation.fired_levels = (int32_t)pg_value_int(rows, at, COLUMN_FIRED);
    if (status == STATUS_OK && sla_clock_is_open(row->clock))
        status = next_level(store->book, &escalation, chain, calendar, &due, ret_error);
    if (status != STATUS_OK)
        return status;
    if (due.has_due && due.due_us <= store->now_us) {
        fire_level(store, row, &id, threshold, chain, &due);
        status = sla_escalation_fired(&escalation, chain, due.level, ret_error);
        if (status == STATUS_OK)
            status = next_level(store->book, &escalation, chain, calendar, &due, ret_error);
    }
    if (status == STATUS_OK)
        update(store, &id, escalation.fired_levels, &due);
    return status;
}

void sla_chains_look(struct sla_store *store, const struct pg_result *rows)
{
    static const struct sla_level_due none;

    for (uint32_t i = 0; i < pg_rows(rows) && pg_batch_count(store->batch) < SLA_STATEMENTS_MAX;
         i++) {
        struct uuid id = pg_value_uuid(rows, i, COLUMN_ESCALATION);
        struct error error = {0};

        store->now_us = pg_value_timestamp(rows, i, 3);
        if (look_at(store, rows, i, &error) == STATUS_OK)
            continue;
        log_error("sla.chain", NULL, &error);
        update(store, &id, (int32_t)pg_value_int(rows, i, COLUMN_FIRED), &none);
    }
}

/* ---- routes ---- */

struct request {
    struct sla_service *service;
    struct http_request *http;
};

static struct request *request_new(struct sla_service *service, struct http_request *http)
{
    struct request *request = arena_alloc(http_arena(http), sizeof(*request));

    *request = (struct request){service, http};
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
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:o, s:I, s:o, s:s?, s:o, s:o, s:o}", "id",
        pg_value_text(rows, row, 0), "clockId", pg_value_text(rows, row, 1), "subjectType",
        pg_value_text(rows, row, 2), "subjectId", pg_value_text(rows, row, 3), "policy",
        pg_value_text(rows, row, 4), "policyVersion", (json_int_t)pg_value_int(rows, row, 5),
        "chain", pg_value_text(rows, row, 6), "threshold", pg_value_text(rows, row, 7), "startedAt",
        time_at(rows, row, 8), "firedLevels", (json_int_t)pg_value_int(rows, row, 9),
        "acknowledgedAt", time_at(rows, row, 10), "acknowledgedBy",
        pg_value_text_or_null(rows, row, 11), "endedAt", time_at(rows, row, 12), "nextDueAt",
        time_at(rows, row, 13), "levels", json_loads(pg_value_text(rows, row, 14), 0, NULL));
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

static void get_chains(void *context, struct http_request *http)
{
    struct request *request = request_new(context, http);
    struct pg_batch *batch = pg_batch_new(http_arena(http));
    struct pg_call *call = pg_batch_add(batch, &list_chains);
    const char *open = http_query(http, "open");

    pg_text(call, http_query(http, "subjectId"));
    pg_bool(call, open != NULL && strcmp(open, "false") == 0);
    pg_query(request->service->settings.pool, batch, SLA_TIMEOUT_MS, on_listed, request);
}

static void on_acknowledged(void *context, struct pg_batch *batch, enum status status,
                            const struct error *error)
{
    struct request *request = context;
    const char *id = http_param(request->http, "id");
    struct error own = {0};

    if (status == STATUS_OK) {
        const struct pg_result *rows = pg_batch_result(batch, 0);

        error = &own;
        if (pg_rows(rows) == 0)
            status = error_set(&own, STATUS_NOT_FOUND,
                               "Could not find an escalation with id '%.60s'.", id);
        else if (!pg_value_bool(rows, 0, 1) && !pg_is_null(rows, 0, 0))
            status = error_set(&own, STATUS_CONFLICT,
                               "Expected the escalation not to be acknowledged but '%.100s' has "
                               "done so.",
                               pg_value_text(rows, 0, 0));
        else if (!pg_value_bool(rows, 0, 1))
            status = error_set(&own, STATUS_CONFLICT,
                               "Expected the escalation to go on but it has ended.");
    }
    if (status == STATUS_OK)
        http_reply_empty(ended(request), 204);
    else
        http_reply_error(ended(request), error);
}

static void post_acknowledge(void *context, struct http_request *http)
{
    struct request *request = request_new(context, http);
    struct pg_batch *batch = pg_batch_new(http_arena(http));
    const char *user = http_user(http);
    struct pg_call *call;
    struct error error;
    struct uuid id;

    if (!uuid_parse(http_param(http, "id"), &id)) {
        error_set(&error, STATUS_NOT_FOUND, "Could not find an escalation with id '%.60s'.",
                  http_param(http, "id"));
        http_reply_error(ended(request), &error);
        return;
    }
    call = pg_batch_add(batch, &acknowledge_chain);
    pg_uuid(call, &id);
    pg_text(call, user != NULL ? user : "");
    pg_query(request->service->settings.pool, batch, SLA_TIMEOUT_MS, on_acknowledged, request);
}

const struct http_route sla_chain_routes[] = {
    {HTTP_GET_METHOD, "/api/v1/sla/escalations", get_chains,
     "Escalation chains that go on; ?subjectId=, ?open=false: all", 0},
    {HTTP_POST_METHOD, "/api/v1/sla/escalations/{id}/acknowledge", post_acknowledge,
     "Somebody takes care: no further level fires", 0},
};
const size_t sla_chain_route_count = COUNT_OF(sla_chain_routes);
