/* /api/v1/sla/policies and /calendars: documents are put, checked, kept as versions;
 * /api/v1/sla/lint checks without keeping. */
#include "engine/sla/private.h"

#include "bpmn/base/memory.h"
#include "bpmn/iso8601.h"

#include <string.h>

/* A document on its way in, or out. */
struct request {
    struct sla_service *service;
    struct http_request *request;
    const char *kind; /* "policy" or "calendar" */
    const char *name;
    struct pg_batch *batch;
};

/* The newest version stays when it says the same. */
static const struct pg_statement put_statement = {
    "sla_put_document",
    "WITH newest AS (SELECT version, document FROM synergyflow_workflows.sla_document"
    "   WHERE kind = $1 AND name = $2 ORDER BY version DESC LIMIT 1),"
    " next AS (SELECT coalesce((SELECT version FROM newest), 0) + 1 AS version),"
    " added AS (INSERT INTO synergyflow_workflows.sla_document (id, kind, name, version,"
    "   valid_from, document, created_at, created_by) SELECT $3, $1, $2, next.version,"
    "   coalesce($4, now()), jsonb_set($5::jsonb, '{version}', to_jsonb(next.version)), now(), $6"
    "   FROM next WHERE NOT EXISTS (SELECT 1 FROM newest"
    "    WHERE newest.document - 'version' = $5::jsonb - 'version') RETURNING version)"
    " SELECT version, true FROM added UNION ALL SELECT version, false FROM newest"
    "  WHERE NOT EXISTS (SELECT 1 FROM added)"};
/* A calendar has changed: everything that counts by it is looked at again. */
static const struct pg_statement touch_clocks = {
    "sla_touch_clocks", "UPDATE synergyflow_workflows.sla_clock SET next_due_at = clock_timestamp()"
                        " WHERE calendar = $2 AND closed_at IS NULL AND $1 = 'calendar'"};
static const struct pg_statement get_statement = {
    "sla_get_document", "SELECT version, valid_from, created_at, created_by, document::text"
                        " FROM synergyflow_workflows.sla_document WHERE kind = $1 AND name = $2"
                        " ORDER BY version DESC LIMIT 1000"};
static const struct pg_statement list_statement = {
    "sla_list_documents",
    "SELECT DISTINCT ON (name) version, valid_from, created_at, created_by, document::text"
    " FROM synergyflow_workflows.sla_document WHERE kind = $1 ORDER BY name, version DESC"
    " LIMIT 1000"};

static json_t *describe(const struct pg_result *rows, uint32_t row)
{
    char valid_from[ISO8601_INSTANT_BYTES];
    char created[ISO8601_INSTANT_BYTES];

    return json_pack("{s:I, s:s, s:s, s:s?, s:o}", "version",
                     (json_int_t)pg_value_int(rows, row, 0), "validFrom",
                     iso8601_format_instant(pg_value_timestamp(rows, row, 1), valid_from),
                     "createdAt", iso8601_format_instant(pg_value_timestamp(rows, row, 2), created),
                     "createdBy", pg_value_text_or_null(rows, row, 3), "document",
                     json_loads(pg_value_text(rows, row, 4), 0, NULL));
}

static struct request *request_new(struct sla_service *service, struct http_request *http,
                                   const char *kind)
{
    struct request *request = arena_alloc(http_arena(http), sizeof(*request));

    *request = (struct request){.service = service, .request = http, .kind = kind};
    request->batch = pg_batch_new(http_arena(http));
    service->working++;
    return request;
}

static void run(struct request *request,
                void (*on_done)(void *context, struct pg_batch *batch, enum status status,
                                const struct error *error))
{
    pg_query(request->service->settings.pool, request->batch, SLA_TIMEOUT_MS, on_done, request);
}

/* The answer is the last thing: the request's memory goes with it. */
static struct http_request *ended(struct request *request)
{
    struct http_request *http = request->request;

    request->service->working--;
    sla_service_ended(request->service);
    return http;
}

/* ---- reading ---- */

static void on_listed(void *context, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct request *request = context;
    const struct pg_result *rows;
    json_t *data = json_array();
    struct error none;

    if (status != STATUS_OK) {
        json_decref(data);
        http_reply_error(ended(request), error);
        return;
    }
    rows = pg_batch_result(batch, 0);
    for (uint32_t i = 0; i < pg_rows(rows); i++)
        (void)json_array_append_new(data, describe(rows, i));
    if (request->name != NULL && pg_rows(rows) == 0) {
        json_decref(data);
        error_set(&none, STATUS_NOT_FOUND, "Could not find a %s with the name '%.100s'.",
                  request->kind, request->name);
        http_reply_error(ended(request), &none);
    } else {
        http_reply_json(
            ended(request), 200,
            json_pack("{s:o, s:I}", "data", data, "total", (json_int_t)json_array_size(data)));
    }
}

static void list(struct sla_service *service, struct http_request *http, const char *kind)
{
    struct request *request = request_new(service, http, kind);

    pg_text(pg_batch_add(request->batch, &list_statement), kind);
    run(request, on_listed);
}

static void get(struct sla_service *service, struct http_request *http, const char *kind)
{
    struct request *request = request_new(service, http, kind);
    struct pg_call *call = pg_batch_add(request->batch, &get_statement);

    request->name = http_param(http, "name");
    pg_text(call, kind);
    pg_text(call, request->name);
    run(request, on_listed);
}

/* ---- checking ---- */

static json_t *describe_findings(const struct sla_findings *findings)
{
    json_t *array = json_array();

    for (size_t i = 0; i < findings->count; i++) {
        const struct sla_finding *finding = &findings->items[i];

        (void)json_array_append_new(array,
                                    json_pack("{s:s, s:s, s:s, s:s, s:s}", "severity",
                                              finding->is_error ? "error" : "warning", "rule",
                                              finding->rule, "policy", finding->policy_id, "path",
                                              finding->path, "message", finding->message));
    }
    return array;
}

/* The policies that would be in force with this one. */
static enum status lint(const struct sla_service *service, struct arena *arena, json_t *document,
                        struct sla_findings *findings, const struct sla_policy **ret_policy,
                        struct error *ret_error)
{
    const struct sla_book *book = service->book;
    const struct sla_policy **set = arena_array(arena, book->in_force_count + 1, sizeof(*set));
    struct sla_lint_world world = {.context = (void *)(uintptr_t)book,
                                   .has_calendar = sla_book_has_calendar,
                                   .has_on_call = sla_book_has_schedule};
    size_t count = 0;
    bool placed = false;
    enum status status;

    findings->arena = arena;
    /* The number of a version is given when it is stored. */
    if (json_object_get(document, "version") == NULL)
        (void)json_object_set_new(document, "version", json_integer(1));
    status = sla_policy_read(arena, document, ret_policy, ret_error);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < book->in_force_count; i++) {
        if (strcmp(book->in_force[i]->id, (*ret_policy)->id) == 0)
            continue;
        if (!placed && book->in_force[i]->order > (*ret_policy)->order) {
            set[count++] = *ret_policy;
            placed = true;
        }
        set[count++] = book->in_force[i];
    }
    if (!placed)
        set[count++] = *ret_policy;
    if (sla_lint(set, count, &world, findings))
        return STATUS_OK;
    return error_set(ret_error, STATUS_INVALID,
                     "Expected a policy that can work, but %zu of its definitions cannot; see "
                     "findings.",
                     findings->error_count);
}

static bool is_ready(struct sla_service *service, struct http_request *http)
{
    struct error error;

    if (service->book != NULL)
        return true;
    error_set(&error, STATUS_UNAVAILABLE, "The SLA documents are being read: try again.");
    http_reply_error(http, &error);
    return false;
}

static void post_lint(void *context, struct http_request *http)
{
    struct sla_service *service = context;
    struct sla_findings *findings = arena_alloc(http_arena(http), sizeof(*findings));
    const struct sla_policy *policy = NULL;
    json_t *document = NULL;
    struct error error = {0};

    *findings = (struct sla_findings){0};
    if (!is_ready(service, http))
        return;
    if (http_json_object(http, false, &document, &error) == STATUS_OK &&
        (lint(service, http_arena(http), document, findings, &policy, &error) == STATUS_OK ||
         findings->count > 0))
        http_reply_json(http, 200,
                        json_pack("{s:b, s:o}", "usable", findings->error_count == 0, "findings",
                                  describe_findings(findings)));
    else
        http_reply_error(http, &error);
    json_decref(document);
}

/* ---- keeping ---- */

static void on_put(void *context, struct pg_batch *batch, enum status status,
                   const struct error *error)
{
    struct request *request = context;
    const struct pg_result *rows;
    json_t *answer;
    bool added;

    if (status != STATUS_OK) {
        http_reply_error(ended(request), error);
        return;
    }
    rows = pg_batch_result(batch, 0);
    added = pg_value_bool(rows, 0, 1);
    /* Whoever has the answer can go on with what he has put. */
    sla_service_take_book(request->service, pg_batch_result(batch, 2));
    sla_due_look(request->service);
    answer = json_pack("{s:s, s:I, s:b, s:I}", "name", request->name, "version",
                       (json_int_t)pg_value_int(rows, 0, 0), "isNew", added, "clocksLookedAtAgain",
                       (json_int_t)(added ? pg_affected(pg_batch_result(batch, 1)) : 0));
    http_reply_json(ended(request), added ? 201 : 200, answer);
}

static void keep(struct sla_service *service, struct http_request *http, const char *kind,
                 const json_t *document, int64_t valid_from_us)
{
    struct request *request = request_new(service, http, kind);
    struct pg_call *call = pg_batch_add(request->batch, &put_statement);
    struct uuid id = uuid_next(service->settings.ids);
    char *text = json_dumps(document, JSON_COMPACT);

    INVARIANT(text != NULL);
    request->name = http_param(http, "name");
    pg_text(call, kind);
    pg_text(call, request->name);
    pg_uuid(call, &id);
    if (valid_from_us != 0)
        pg_timestamp(call, valid_from_us);
    else
        pg_null(call);
    pg_jsonb(call, text);
    pg_text(call, http_user(http));
    call = pg_batch_add(request->batch, &touch_clocks);
    pg_text(call, kind);
    pg_text(call, request->name);
    (void)pg_batch_add(request->batch, &sla_book_statement);
    memory_free(text);
    run(request, on_put);
}

static enum status check_name(struct http_request *http, const char *given, const char *field,
                              struct error *ret_error)
{
    if (strcmp(given, http_param(http, "name")) == 0)
        return STATUS_OK;
    return error_set_field(ret_error, STATUS_INVALID, field,
                           "Expected the document's %s to be the one of the path, '%.100s', but "
                           "found '%.100s'.",
                           field, http_param(http, "name"), given);
}

static void put_policy(void *context, struct http_request *http)
{
    struct sla_service *service = context;
    struct sla_findings *findings = arena_alloc(http_arena(http), sizeof(*findings));
    const struct sla_policy *policy = NULL;
    json_t *document = NULL;
    struct error error = {0};
    enum status status;

    *findings = (struct sla_findings){0};
    if (!is_ready(service, http))
        return;
    status = http_json_object(http, false, &document, &error);
    if (status == STATUS_OK)
        status = lint(service, http_arena(http), document, findings, &policy, &error);
    if (status == STATUS_OK)
        status = check_name(http, policy->id, "id", &error);
    if (status == STATUS_OK)
        keep(service, http, "policy", document, 0);
    else if (findings->count > 0)
        http_reply_problem(http, &error, "findings", describe_findings(findings));
    else
        http_reply_error(http, &error);
    json_decref(document);
}

static void put_calendar(void *context, struct http_request *http)
{
    struct sla_service *service = context;
    const struct calendar *calendar = NULL;
    const char *valid_from = http_query(http, "validFrom");
    json_t *document = NULL;
    struct error error = {0};
    int64_t valid_from_us = 0;
    enum status status = http_json_object(http, false, &document, &error);

    if (status == STATUS_OK && valid_from != NULL)
        status = iso8601_parse_instant(valid_from, &valid_from_us, &error);
    if (status == STATUS_OK && valid_from != NULL && valid_from_us <= 0)
        status = error_set_field(&error, STATUS_INVALID, "validFrom",
                                 "Expected a date after 1970-01-01 but found '%.60s'.", valid_from);
    if (status == STATUS_OK)
        status = calendar_read(http_arena(http), document, service->settings.timers->zones,
                               &calendar, &error);
    if (status == STATUS_OK)
        status = check_name(http, calendar_name(calendar), "name", &error);
    if (status == STATUS_OK)
        keep(service, http, "calendar", document, valid_from_us);
    else
        http_reply_error(http, &error);
    json_decref(document);
}

static void put_schedule(void *context, struct http_request *http)
{
    struct sla_service *service = context;
    const struct on_call_schedule *schedule = NULL;
    json_t *document = NULL;
    struct error error = {0};
    enum status status = http_json_object(http, false, &document, &error);

    if (status == STATUS_OK)
        status = on_call_read(http_arena(http), document, service->settings.timers->zones,
                              &schedule, &error);
    if (status == STATUS_OK)
        status = check_name(http, on_call_name(schedule), "name", &error);
    if (status == STATUS_OK)
        keep(service, http, "on_call", document, 0);
    else
        http_reply_error(http, &error);
    json_decref(document);
}

/* Who is on call, now or `at` a time. */
static void get_on_call(void *context, struct http_request *http)
{
    struct sla_service *service = context;
    const char *at = http_query(http, "at");
    const struct on_call_schedule *schedule;
    int64_t at_us = sla_now_us(service);
    char text[ISO8601_INSTANT_BYTES];
    struct error error = {0};

    if (!is_ready(service, http))
        return;
    schedule = sla_book_schedule(service->book, http_param(http, "name"));
    if (schedule == NULL)
        error_set(&error, STATUS_NOT_FOUND, "Could not find an on-call schedule '%.100s'.",
                  http_param(http, "name"));
    else if (at != NULL && iso8601_parse_instant(at, &at_us, &error) != STATUS_OK)
        (void)error_prefix(&error, "at");
    if (error.status != STATUS_OK)
        http_reply_error(http, &error);
    else
        http_reply_json(http, 200,
                        json_pack("{s:s, s:s, s:s}", "name", on_call_name(schedule), "at",
                                  iso8601_format_instant(at_us, text), "onCall",
                                  on_call_at(schedule, at_us)));
}

static void list_schedules(void *context, struct http_request *http)
{
    list(context, http, "on_call");
}

static void get_schedule(void *context, struct http_request *http)
{
    get(context, http, "on_call");
}

static void list_policies(void *context, struct http_request *http)
{
    list(context, http, "policy");
}

static void list_calendars(void *context, struct http_request *http)
{
    list(context, http, "calendar");
}

static void get_policy(void *context, struct http_request *http)
{
    get(context, http, "policy");
}

static void get_calendar(void *context, struct http_request *http)
{
    get(context, http, "calendar");
}

#define SLA "/api/v1/sla/"

const struct http_route sla_document_routes[] = {
    {HTTP_GET_METHOD, SLA "policies", list_policies, "List SLA policies in force", 0},
    {HTTP_GET_METHOD, SLA "policies/{name}", get_policy, "The versions of an SLA policy", 0},
    {HTTP_PUT_METHOD, SLA "policies/{name}", put_policy, "Store an SLA policy as a new version", 0},
    {HTTP_GET_METHOD, SLA "calendars", list_calendars, "List calendars of working time", 0},
    {HTTP_GET_METHOD, SLA "calendars/{name}", get_calendar, "The versions of a calendar", 0},
    {HTTP_PUT_METHOD, SLA "calendars/{name}", put_calendar, "Store a calendar as a new version", 0},
    {HTTP_GET_METHOD, SLA "on-call", list_schedules, "List on-call schedules", 0},
    {HTTP_GET_METHOD, SLA "on-call/{name}", get_schedule, "The versions of an on-call schedule", 0},
    {HTTP_PUT_METHOD, SLA "on-call/{name}", put_schedule,
     "Store an on-call schedule as a new version", 0},
    {HTTP_GET_METHOD, SLA "on-call/{name}/now", get_on_call, "Who is on call; ?at= a time", 0},
    {HTTP_POST_METHOD, SLA "lint", post_lint, "Say why an SLA policy cannot work", 0},
};
const size_t sla_document_route_count = COUNT_OF(sla_document_routes);
