/* See bench_timers.h. */
#include "engine/cli/bench_timers.h"

#include "bpmn/base/text.h"
#include "engine/base/clock.h"
#include "engine/cli/bench_users.h"
#include "engine/cli/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    COMMITS = 300,
    USERS_PAUSE_MS = 20,
    POLL_US = 50 * 1000,
    PHASE_MAX_US = 180 * 1000 * 1000,
    HERD_BAR_PER_S = 8000, /* half load is half of this */
    LATENESS_VALUES = 4,   /* of the values that are measured, the first */
};

static const char model[] =
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='bench'"
    " xmlns:synergyflow='http://synergyflow.org/bpmn'>"
    "<process id='bench_timed' isExecutable='true'><startEvent id='start'/>"
    "<sequenceFlow id='f1' sourceRef='start' targetRef='wait'/>"
    "<intermediateCatchEvent id='wait'><timerEventDefinition><timeDate>2199-01-01T00:00:00Z"
    "</timeDate></timerEventDefinition></intermediateCatchEvent>"
    "<sequenceFlow id='f2' sourceRef='wait' targetRef='end'/><endEvent id='end'/></process>"
    "<process id='bench_noted' isExecutable='true'><startEvent id='start3'/>"
    "<sequenceFlow id='h1' sourceRef='start3' targetRef='wait3'/>"
    "<intermediateCatchEvent id='wait3'><timerEventDefinition><timeDate>2199-01-01T00:00:00Z"
    "</timeDate></timerEventDefinition></intermediateCatchEvent>"
    "<sequenceFlow id='h2' sourceRef='wait3' targetRef='note'/>"
    "<serviceTask id='note' synergyflow:topic='incidents.comment'/>"
    "<sequenceFlow id='h3' sourceRef='note' targetRef='end3'/><endEvent id='end3'/></process>"
    "<process id='bench_user' isExecutable='true'><startEvent id='start2'/>"
    "<sequenceFlow id='g1' sourceRef='start2' targetRef='work'/><userTask id='work'/>"
    "<boundaryEvent id='late' attachedToRef='work'><timerEventDefinition><timeDuration>P10D"
    "</timeDuration></timerEventDefinition></boundaryEvent>"
    "<sequenceFlow id='g2' sourceRef='late' targetRef='end2'/>"
    "<sequenceFlow id='g3' sourceRef='work' targetRef='end2'/><endEvent id='end2'/></process>"
    "</definitions>";

/* Ids in order of creation, as the engine makes them: $1 a number for the phase and kind, n the
 * row. */
#define ID(kind)                                                                         \
    "(lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint), 12, '0') || '7%03u8" kind \
    "00' || lpad(to_hex(n), 12, '0'))::uuid"

/* Copies of a process' template, due evenly over a span. Arguments: the process, three times the
 * phase, lead and span in microseconds, rows, the last row. */
static const char copy[] =
    "CREATE TEMP TABLE template AS SELECT i.*, t.id AS wait_id, t.element_id,"
    " t.execution_id AS token_id, (extract(epoch FROM t.due_at) * 1000000)::bigint AS due_us"
    " FROM synergyflow_workflows.process_instance i"
    " JOIN synergyflow_workflows.timer t ON t.instance_id = i.id"
    " WHERE i.definition_key = '%s' AND i.business_key = 'bench-template';"
    "CREATE TEMP TABLE rows AS SELECT n, " ID("0") " AS id, " ID("1") " AS token_id, " ID(
        "2") " AS wait_id, (extract(epoch FROM now()) * 1000000)::bigint + %" PRId64
             " + n::bigint * %" PRId64 " / %u AS due_us FROM generate_series(0, %u) AS n;"
             "INSERT INTO synergyflow_workflows.process_instance (id, definition_id, "
             "definition_key,"
             " status, revision, correlation_id, started_at, state, variables)"
             " SELECT r.id, t.definition_id, t.definition_key, 1, 1, t.correlation_id, now(),"
             " replace(replace(replace(replace(t.state::text, t.id::text, r.id::text),"
             "  t.token_id::text, r.token_id::text), t.wait_id::text, r.wait_id::text),"
             "  t.due_us::text, r.due_us::text)::jsonb, t.variables FROM rows r, template t"
             " ORDER BY r.n;"
             "INSERT INTO synergyflow_workflows.timer (id, instance_id, execution_id,"
             " definition_id, element_id, due_at, created_at) SELECT r.wait_id, r.id, r.token_id,"
             " t.definition_id, t.element_id, to_timestamp(r.due_us / 1000000.0), now()"
             " FROM rows r, template t ORDER BY r.n;"
             "DROP TABLE rows, template;";

/* ---- pieces ---- */

static enum status post(struct client *client, const char *path, json_t *body, json_t **ret_answer,
                        struct error *ret_error)
{
    enum status status = client_call(client, "POST", path, body, ret_answer, ret_error);

    json_decref(body);
    return status;
}

/* The instance that a phase's are copies of; `incident`: what its handler writes a comment to. */
static enum status start_template(struct client *client, const char *process, const char *incident,
                                  struct error *ret_error)
{
    json_t *answer = NULL;
    json_t *body =
        json_pack("{s:s, s:s, s:[{s:s, s:s}, {s:s, s:s}]}", "processDefinitionKey", process,
                  "businessKey", "bench-template", "variables", "name", "incidentId", "value",
                  incident, "name", "body", "value", "The time is up.");
    enum status status =
        post(client, "/process-api/runtime/process-instances", body, &answer, ret_error);

    json_decref(answer);
    return status;
}

static enum status deploy(struct client *client, const char *folder, struct error *ret_error)
{
    char path[PATH_MAX];
    json_t *answer = NULL;
    json_t *incident = NULL;
    FILE *file;
    enum status status;

    (void)snprintf(path, sizeof(path), "%s/bench.bpmn", folder);
    file = fopen(path, "w");
    if (file == NULL || fputs(model, file) < 0 || fclose(file) != 0)
        return error_set(ret_error, STATUS_FAILED, "The file '%.200s' cannot be written.", path);
    status = client_upload(client, "/process-api/repository/deployments", path, "bench.bpmn",
                           &answer, ret_error);
    json_decref(answer);
    if (status == STATUS_OK)
        status = post(client, "/api/v1/incidents", json_pack("{s:s}", "title", "Benchmark"),
                      &incident, ret_error);
    if (status == STATUS_OK)
        status = start_template(client, "bench_timed", "", ret_error);
    if (status == STATUS_OK)
        status =
            start_template(client, "bench_noted",
                           json_string_value(json_object_get(incident, "incidentId")), ret_error);
    json_decref(incident);
    return status;
}

/* What a commit costs here: everything else is to be read beside it. */
static enum status measure_commits(struct bench_engine *engine, json_t *report,
                                   struct error *ret_error)
{
    static double taken[COMMITS];
    json_t *object = json_object();
    enum status status = STATUS_OK;

    for (int i = 0; i < COMMITS && status == STATUS_OK; i++) {
        int64_t begun_us = clock_monotonic_us();

        status = bench_sql(engine, "SELECT pg_logical_emit_message(true, 'bench', 'commit')", NULL,
                           ret_error);
        taken[i] = (double)(clock_monotonic_us() - begun_us) / 1000.0;
        for (int at = i; at > 0 && taken[at] < taken[at - 1]; at--) {
            double other = taken[at];

            taken[at] = taken[at - 1];
            taken[at - 1] = other;
        }
    }
    (void)json_object_set_new(object, "p50", json_real(taken[COMMITS / 2]));
    (void)json_object_set_new(object, "p99", json_real(taken[COMMITS * 99 / 100]));
    (void)json_object_set_new(report, "commitMs", object);
    return status;
}

static double metric(struct client *client, const char *name)
{
    json_t *answer = NULL;
    struct error unused;
    const char *at;

    if (client_call(client, "GET", "/metrics", NULL, &answer, &unused) != STATUS_OK)
        return -1;
    json_decref(answer);
    at = strstr(client_text(client), name);
    return at != NULL ? strtod(at + strlen(name), NULL) : -1;
}

/* ---- a phase ---- */

struct phase {
    const char *name;
    const char *process;
    uint32_t number;
    uint32_t count;
    int64_t span_us;
};

static enum status insert(struct bench_engine *engine, const struct phase *phase,
                          int64_t *ret_due_us, struct error *ret_error)
{
    /* Time enough to insert them, and for a scan to find what did not come by way of a command. */
    int64_t lead_us = 7000000 + (int64_t)phase->count * 80;
    struct text sql = TEXT_INIT;
    enum status status;

    text_append_format(&sql, copy, phase->process, phase->number, phase->number, phase->number,
                       lead_us, phase->span_us, phase->count, phase->count - 1);
    *ret_due_us = clock_wall_us() + lead_us;
    status = bench_sql(engine, text_string(&sql), NULL, ret_error);
    text_deinit(&sql);
    return status;
}

static enum status wait_until_fired(struct bench_engine *engine, struct error *ret_error)
{
    int64_t begun_us = clock_monotonic_us();
    double left = 1;

    while (left > 0) {
        enum status status =
            bench_sql(engine,
                      "SELECT count(*) FROM (SELECT 1 FROM synergyflow_workflows.timer"
                      " WHERE due_at < now() + interval '1 day' LIMIT 1) AS t",
                      &left, ret_error);

        if (status != STATUS_OK)
            return status;
        if (left > 0 && clock_monotonic_us() - begun_us > PHASE_MAX_US)
            return error_set(ret_error, STATUS_TIMEOUT,
                             "Timers were still open three minutes after they were due.");
        (void)usleep(POLL_US);
    }
    return STATUS_OK;
}

#define FIRINGS                                                                   \
    "FROM (SELECT pg_xact_commit_timestamp(j.xmin) AS at,"                        \
    " to_timestamp((c->>'due')::bigint / 1000000.0) AS due"                       \
    " FROM synergyflow_workflows.journal j, jsonb_array_elements(j.changes) AS c" \
    " WHERE c->>'c' = 'timer-fired' AND j.at >= now() - interval '10 minutes'"    \
    " AND substr(j.instance_id::text, 15, 4) = '7%03u') AS f"

static enum status measure(struct bench_engine *engine, const struct phase *phase, json_t *object,
                           struct error *ret_error)
{
    static const struct {
        const char *name;
        const char *value;
    } values[] = {
        {"p50", "1000 * percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM at - due))"},
        {"p95",
         "1000 * percentile_disc(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM at - due))"},
        {"p99",
         "1000 * percentile_disc(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM at - due))"},
        {"max", "1000 * max(extract(epoch FROM at - due))"},
        {"early", "count(*) FILTER (WHERE at < due)"},
        {"fired", "count(*)"},
        {"perSecond", "count(*) / nullif(extract(epoch FROM max(at) - min(due)), 0)"},
    };
    json_t *lateness = json_object();
    enum status status = STATUS_OK;

    for (size_t i = 0; i < COUNT_OF(values) && status == STATUS_OK; i++) {
        struct text sql = TEXT_INIT;
        double value;

        text_append_format(&sql, "SELECT %s ", values[i].value);
        text_append_format(&sql, FIRINGS, phase->number);
        status = bench_sql(engine, text_string(&sql), &value, ret_error);
        text_deinit(&sql);
        (void)json_object_set_new(i < LATENESS_VALUES ? lateness : object, values[i].name,
                                  i == 4 || i == 5 ? json_integer((json_int_t)value)
                                                   : json_real(value));
    }
    (void)json_object_set_new(object, "latenessMs", lateness);
    return status;
}

static json_t *describe_users(const struct bench_latencies *users)
{
    return json_pack("{s:I, s:I, s:f, s:f, s:f, s:f, s:f}", "commands",
                     (json_int_t)users->count * 2, "failed", (json_int_t)users->failed, "armP50",
                     users->arm_p50, "armP99", users->arm_p99, "cancelP50", users->cancel_p50,
                     "cancelP99", users->cancel_p99, "max", users->max);
}

static enum status run_phase(struct bench_engine *engine, const struct phase *phase, json_t *phases,
                             struct error *ret_error)
{
    struct bench_users users;
    struct bench_latencies latencies;
    json_t *object =
        json_pack("{s:s, s:I}", "phase", phase->name, "timers", (json_int_t)phase->count);
    int64_t due_us = 0;
    int64_t wait_us;
    enum status status = insert(engine, phase, &due_us, ret_error);

    (void)json_array_append_new(phases, object);
    if (status != STATUS_OK)
        return status;
    wait_us = due_us - clock_wall_us() - 200000;
    if (wait_us < 0)
        return error_set(ret_error, STATUS_FAILED,
                         "The rows of phase '%s' took too long to insert: %lld ms too long.",
                         phase->name, (long long)(-wait_us / 1000));
    (void)usleep((useconds_t)wait_us);
    status = bench_users_begin(&users, engine->url, "bench_user", USERS_PAUSE_MS, ret_error);
    if (status != STATUS_OK)
        return status;
    status = wait_until_fired(engine, ret_error);
    latencies = bench_users_end(&users);
    (void)json_object_set_new(object, "usersMs", describe_users(&latencies));
    return status == STATUS_OK ? measure(engine, phase, object, ret_error) : status;
}

/* ---- the whole ---- */

/* Nobody waits for these: they stand in the table, weeks away. */
static enum status arm_others(struct bench_engine *engine, uint64_t count, struct error *ret_error)
{
    struct text sql = TEXT_INIT;
    enum status status;

    if (count == 0)
        return STATUS_OK;
    text_append_format(&sql,
                       "INSERT INTO synergyflow_workflows.timer (id, instance_id, execution_id,"
                       " definition_id, element_id, due_at, created_at)"
                       " SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'bench',"
                       " 'far', now() + interval '20 days' + n * interval '1 second', now()"
                       " FROM generate_series(1, %llu) AS n",
                       (unsigned long long)count);
    status = bench_sql(engine, text_string(&sql), NULL, ret_error);
    if (status == STATUS_OK)
        status = bench_sql(engine, "VACUUM ANALYZE synergyflow_workflows.timer", NULL, ret_error);
    if (status == STATUS_OK) /* what they cost to write is not what is measured */
        status = bench_sql(engine, "CHECKPOINT", NULL, ret_error);
    text_deinit(&sql);
    return status;
}

static void report_engine(struct bench_engine *engine, struct client *client, json_t *report)
{
    (void)json_object_set_new(report, "startMs", json_real((double)engine->started_us / 1000.0));
    (void)json_object_set_new(
        report, "peakMemoryMiB",
        json_real((double)bench_engine_memory(engine, true) / (1024.0 * 1024.0)));
    (void)json_object_set_new(report, "visitedInVain",
                              json_real(metric(client, "\nsynergyflow_timers_gone_total ")));
    (void)json_object_set_new(report, "failedFirings",
                              json_real(metric(client, "\nsynergyflow_timers_failed_total ")));
}

enum status bench_timers_run(struct bench_engine *engine, const char *folder,
                             const struct bench_timers *options, json_t **ret_report,
                             struct error *ret_error)
{
    const struct phase phases[] = {
        {"idle", "bench_timed", 1, options->idle_count, (int64_t)options->idle_count * 50000},
        {"half load", "bench_timed", 2, options->half_count,
         (int64_t)options->half_count * 1000000 / (HERD_BAR_PER_S / 2)},
        {"herd", "bench_timed", 3, options->herd_count, 1000000},
        {"with event", "bench_noted", 4, options->herd_count, 1000000},
    };
    json_t *report = json_object();
    json_t *list = json_array();
    struct client *client = NULL;
    enum status status = arm_others(engine, options->armed, ret_error);

    *ret_report = report;
    (void)json_object_set_new(report, "armedBeside", json_integer((json_int_t)options->armed));
    (void)json_object_set_new(report, "phases", list);
    if (status == STATUS_OK)
        status = bench_engine_start(engine, folder, ret_error);
    if (status == STATUS_OK)
        status = client_new(engine->url, &client, ret_error);
    if (status == STATUS_OK)
        status = deploy(client, folder, ret_error);
    if (status == STATUS_OK)
        status = measure_commits(engine, report, ret_error);
    for (size_t i = 0; i < COUNT_OF(phases) && status == STATUS_OK; i++) {
        if (phases[i].count > 0)
            status = run_phase(engine, &phases[i], list, ret_error);
    }
    if (status == STATUS_OK)
        report_engine(engine, client, report);
    client_free(client);
    return status;
}
