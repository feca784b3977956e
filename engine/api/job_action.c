/* What an operator does with jobs and timers: run one now, give it another time, discard it. Those
 * that were given up come back in job_dead.c.
 *
 * A timer's time stands in its row and in the state of its token, which the step checks: both
 * change in one transaction with a journal row and a new revision, the instance's row locked
 * first, as in every unit of work. */
#include "engine/api/job.h"

#include "bpmn/iso8601.h"
#include "engine/base/clock.h"

#include <string.h>

struct job_action {
    const struct api_settings *api;
    struct api_operation *operation; /* of an execution; NULL: none */
    const struct list *list;
    struct uuid id;
    struct uuid instance_id;
    int64_t due_us; /* the new time */
    int64_t was_due_us;
    bool executes;
};

/* The state with the timer's wait taken out of its token and put back, last, with its new time:
 * just as the records in the journal say it. */
#define STATE_WITH_DUE(state)                                                                      \
    "jsonb_set(" state ", '{tokens}', (SELECT jsonb_agg(CASE WHEN k->>'id' = m.execution_id::text" \
    " THEN jsonb_set(k, '{waits}', (SELECT jsonb_agg(CASE WHEN w->>'id' = m.id::text"              \
    "   THEN w || jsonb_build_object('due', $2::bigint) ELSE w END"                                \
    "   ORDER BY w->>'id' = m.id::text, wn)"                                                       \
    "   FROM jsonb_array_elements(k->'waits') WITH ORDINALITY AS x (w, wn)))"                      \
    " ELSE k END ORDER BY kn) FROM jsonb_array_elements(" state                                    \
    "->'tokens') WITH ORDINALITY AS y (k, kn)))"
#define HAS_TOKEN(state)                                                                \
    state " @> jsonb_build_object('tokens', jsonb_build_array(jsonb_build_object('id'," \
          " m.execution_id::text)))"

static const struct pg_statement known_statement = {
    "api_job_known",
    "SELECT kind, instance_id, due_at FROM synergyflow_workflows.job WHERE id = $1"
    " UNION ALL SELECT 0::smallint, instance_id, due_at FROM synergyflow_workflows.timer"
    " WHERE id = $1"};
static const struct pg_statement lock_statement = {
    "api_timer_lock",
    "SELECT i.id FROM synergyflow_workflows.process_instance i WHERE i.id ="
    " (SELECT m.instance_id FROM synergyflow_workflows.timer m WHERE m.id = $1) FOR UPDATE"};
static const struct pg_statement root_due_statement = {
    "api_timer_root_due",
    "UPDATE synergyflow_workflows.process_instance i SET revision = i.revision + 1, state ="
    " CASE WHEN " HAS_TOKEN("i.state") " THEN " STATE_WITH_DUE(
        "i.state") " ELSE i.state END"
                   " FROM synergyflow_workflows.timer m WHERE m.id = $1 AND i.id = m.instance_id"};
static const struct pg_statement scope_due_statement = {
    "api_timer_scope_due", "UPDATE synergyflow_workflows.scope s SET state = " STATE_WITH_DUE(
                               "s.state") " FROM synergyflow_workflows.timer m WHERE m.id = $1 AND "
                                          "s.instance_id = m.instance_id"
                                          " AND " HAS_TOKEN("s.state")};
static const struct pg_statement journal_statement = {
    "api_timer_journal",
    "INSERT INTO synergyflow_workflows.journal (instance_id, sequence, tenant_id, at, changes)"
    " SELECT i.id, i.revision, i.tenant_id, to_timestamp($2::bigint / 1000000.0),"
    "  jsonb_build_array(jsonb_build_object('c', 'timer-cancelled', 'at', $2::bigint, 'id',"
    "   m.execution_id, 'el', m.element_id, 'wait', m.id), jsonb_strip_nulls(jsonb_build_object("
    "   'c', 'timer-armed', 'at', $2::bigint, 'id', m.execution_id, 'el', m.element_id, 'wait',"
    "   m.id, 'due', w->'due', 'repeat', w->'repeat', 'left', w->'left', 'def', w->'def')))"
    " FROM synergyflow_workflows.timer m"
    " JOIN synergyflow_workflows.process_instance i ON i.id = m.instance_id"
    " CROSS JOIN LATERAL (SELECT i.state UNION ALL SELECT s.state"
    "   FROM synergyflow_workflows.scope s WHERE s.instance_id = i.id) AS t"
    " CROSS JOIN LATERAL jsonb_array_elements(t.state->'tokens') AS k"
    " CROSS JOIN LATERAL jsonb_array_elements(k->'waits') AS w"
    " WHERE m.id = $1 AND w->>'id' = m.id::text"};
static const struct pg_statement timer_due_statement = {
    "api_timer_due", "UPDATE synergyflow_workflows.timer SET due_at = $2, dead_at = NULL"
                     " WHERE id = $1"};
static const struct pg_statement job_due_statement = {
    "api_job_due", "UPDATE synergyflow_workflows.job SET due_at = $2, dead_at = NULL"
                   " WHERE id = $1 AND kind > 1"};
/* A message on its way is discarded, but its receiver goes on waiting for others. */
static const struct pg_statement delete_statement = {
    "api_job_delete",
    "WITH job AS (DELETE FROM synergyflow_workflows.job WHERE id = $1 RETURNING payload),"
    " timer AS (DELETE FROM synergyflow_workflows.timer WHERE id = $1 RETURNING 1)"
    " UPDATE synergyflow_workflows.event_subscription s SET claimed = false FROM job"
    " WHERE s.id = (job.payload->>'subscription')::uuid AND s.claimed"};

/* ---- who has to know ---- */

void job_tell(const struct api_settings *api, int64_t kind, const struct uuid *id,
              const struct uuid *instance_id, int64_t due_us)
{
    const struct command_effects *effects = api->effects;

    if (kind == KIND_EXTERNAL)
        job_waiters_wake(api->waiters);
    else if (effects != NULL && kind == KIND_TIMER && effects->timer_armed != NULL)
        effects->timer_armed(effects->context, id, instance_id, due_us);
    else if (effects != NULL && kind != KIND_TIMER && effects->job_added != NULL)
        effects->job_added(effects->context, id, instance_id, due_us);
}

static void tell_removed(const struct api_settings *api, const struct uuid *id, int64_t due_us)
{
    const struct command_effects *effects = api->effects;

    if (effects != NULL && effects->timer_removed != NULL)
        effects->timer_removed(effects->context, id, due_us);
}

/* ---- another time ---- */

static void on_trigger_failed(struct api_operation *operation, const struct error *error)
{
    api_operation_fail(operation, error);
}

static void run_timer(struct job_action *action)
{
    struct command *command = &action->operation->command;

    command->kind = COMMAND_STEP;
    command->step = BPMN_TRIGGER_TIMER;
    command->address = ADDRESS_TIMER;
    command->target = action->id;
    command->instance_id = action->instance_id;
    action->operation->on_done = api_operation_no_content;
    action->operation->on_failed = on_trigger_failed;
    api_operation_submit(action->operation);
}

static void on_due_set(struct api_query *query)
{
    struct job_action *action = query->state;
    struct api_operation *operation = action->operation;
    bool is_timer = pg_affected(api_query_rows(query, 4)) > 0;

    if (is_timer && action->executes) {
        run_timer(action);
        return;
    }
    tell_removed(action->api, &action->id, action->was_due_us);
    job_tell(action->api, is_timer ? KIND_TIMER : KIND_SCRIPT, &action->id, &action->instance_id,
             action->due_us);
    if (operation != NULL)
        api_operation_no_content(operation);
    else
        http_reply_empty(query->request, 204);
}

/* Sets when a timer or a job is due, now or later. */
static void set_due(struct api_query *query, struct job_action *action)
{
    static const struct pg_statement *const both[] = {&timer_due_statement, &job_due_statement};
    static const struct pg_statement *const states[] = {&root_due_statement, &scope_due_statement};
    struct pg_call *call;

    api_query_again(query, on_due_set);
    query->state = action;
    pg_uuid(api_query_add(query, &lock_statement), &action->id);
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        call = api_query_add(query, states[i]);
        pg_uuid(call, &action->id);
        pg_int8(call, action->due_us);
    }
    call = api_query_add(query, &journal_statement);
    pg_uuid(call, &action->id);
    pg_int8(call, clock_wall_us());
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        call = api_query_add(query, both[i]);
        pg_uuid(call, &action->id);
        pg_timestamp(call, action->due_us);
    }
    api_query_run(query); /* one transaction */
}

/* ---- jobs/{id}: execute ---- */

static void run_job(struct job_action *action)
{
    struct api_operation *operation = action->operation;

    operation->command.kind = COMMAND_JOB;
    operation->command.address = ADDRESS_JOB;
    operation->command.target = action->id;
    operation->on_done = api_operation_no_content;
    api_operation_submit(operation);
}

static void on_known(struct api_query *query)
{
    struct job_action *action = query->state;
    const struct pg_result *rows = api_query_rows(query, 0);
    int64_t kind = pg_rows(rows) > 0 ? pg_value_int(rows, 0, 0) : -1;
    struct error error = {0};

    if (kind < 0 || kind == KIND_EXTERNAL) {
        error_set(&error, kind < 0 ? STATUS_NOT_FOUND : STATUS_CONFLICT,
                  kind < 0 ? "Could not find a job with id '%.60s'."
                           : "Expected job '%.60s' to be the engine's own, but it is for external "
                             "workers, who acquire it at /external-job-api.",
                  query->subject);
        api_operation_fail(action->operation, &error);
        return;
    }
    action->instance_id = pg_value_uuid(rows, 0, 1);
    action->was_due_us = pg_value_timestamp(rows, 0, 2);
    /* A script runs beside the loop: whoever runs jobs starts it. */
    if (kind == KIND_SCRIPT || (kind == KIND_TIMER && action->was_due_us > action->due_us))
        set_due(query, action);
    else if (kind == KIND_TIMER)
        run_timer(action);
    else
        run_job(action);
}

bool job_read_action(struct api_operation *operation, const char *const *known,
                     const char **ret_action)
{
    struct error error = {0};

    if (!api_operation_body(operation, false, known))
        return false;
    if (json_field_required_text(operation->body, "action", ret_action, &error) == STATUS_OK)
        return true;
    api_operation_fail(operation, &error);
    return false;
}

void job_refuse_action(struct api_operation *operation, const char *expected, const char *action)
{
    struct error error;

    error_set_field(&error, STATUS_INVALID, "action",
                    "Invalid action: expected %s, but found '%.60s'.", expected, action);
    api_operation_fail(operation, &error);
}

static struct job_action *action_new(const struct api_settings *api, struct http_request *request)
{
    struct job_action *action = arena_alloc(http_arena(request), sizeof(*action));

    action->api = api;
    action->list = job_list_of(request);
    action->due_us = clock_wall_us();
    return action;
}

static void execute(void *context, struct http_request *request)
{
    static const char *const known[] = {"action", NULL};
    struct job_action *action = action_new(context, request);
    struct api_query *query = api_query_new(context, request, on_known);
    const char *name = NULL;

    action->operation = api_operation_new(context, request);
    action->executes = true;
    if (!api_id(request, "jobId", "a job", &action->id) ||
        !job_read_action(action->operation, known, &name))
        return;
    if (strcmp(name, "execute") != 0) {
        job_refuse_action(action->operation, "execute", name);
        return;
    }
    query->subject = http_param(request, "jobId");
    query->state = action;
    query->operation = action->operation;
    pg_uuid(api_query_add(query, &known_statement), &action->id);
    api_query_run(query);
}

/* ---- timer-jobs/{id}: move, reschedule; any list: delete ---- */

/* A first round: the row must be in the list that the path names. */
static void find_in_list(struct job_action *action, struct http_request *request,
                         void (*on_found)(struct api_query *query))
{
    struct api_query *query = api_query_new(action->api, request, on_found);
    struct pg_statement *one = arena_alloc(http_arena(request), sizeof(*one));

    *one = list_one_statement(http_arena(request), action->list, "j.id = $1", false);
    query->state = action;
    query->subject = http_param(request, "jobId");
    pg_uuid(api_query_add(query, one), &action->id);
    pg_uuid(api_query_add(query, &known_statement), &action->id);
    api_query_run(query);
}

/* False when it is not there: answered. */
static bool was_found(struct api_query *query)
{
    struct job_action *action = query->state;
    const struct pg_result *known = api_query_rows(query, 1);

    if (pg_rows(api_query_rows(query, 0)) == 0 || pg_rows(known) == 0) {
        api_not_found(query->request, action->list->noun, query->subject);
        return false;
    }
    action->instance_id = pg_value_uuid(known, 0, 1);
    action->was_due_us = pg_value_timestamp(known, 0, 2);
    return true;
}

static void on_timer_found(struct api_query *query)
{
    if (was_found(query))
        set_due(query, query->state);
}

static enum status read_due(struct job_action *action, const json_t *body, const char *name,
                            struct error *ret_error)
{
    const char *text = NULL;
    struct error inner = {0};
    enum status status;

    if (strcmp(name, "move") == 0)
        return STATUS_OK; /* now */
    status = json_field_required_text(body, "dueDate", &text, ret_error);
    if (status == STATUS_OK && iso8601_parse_instant(text, &action->due_us, &inner) != STATUS_OK)
        status =
            error_set_field(ret_error, STATUS_INVALID, "dueDate",
                            "Expected 'dueDate' to be an ISO 8601 date: %.500s", inner.message);
    return status;
}

static void post_timer(void *context, struct http_request *request)
{
    static const char *const known[] = {"action", "dueDate", NULL};
    struct job_action *action = action_new(context, request);
    struct api_operation *operation = api_operation_new(context, request);
    const char *name = NULL;
    struct error error = {0};

    if (!api_id(request, "jobId", action->list->noun, &action->id) ||
        !job_read_action(operation, known, &name))
        return;
    if (strcmp(name, "move") != 0 && strcmp(name, "reschedule") != 0) {
        job_refuse_action(operation, "move or reschedule", name);
    } else if (read_due(action, operation->body, name, &error) != STATUS_OK) {
        api_operation_fail(operation, &error);
    } else {
        api_operation_clear(operation);
        find_in_list(action, request, on_timer_found);
    }
}

static void on_deleted(struct api_query *query)
{
    struct job_action *action = query->state;

    tell_removed(action->api, &action->id, action->was_due_us);
    http_reply_empty(query->request, 204);
}

static void on_found_to_delete(struct api_query *query)
{
    struct job_action *action = query->state;

    if (!was_found(query))
        return;
    api_query_again(query, on_deleted);
    pg_uuid(api_query_add(query, &delete_statement), &action->id);
    api_query_run(query);
}

static void delete_one(void *context, struct http_request *request)
{
    struct job_action *action = action_new(context, request);

    if (api_id(request, "jobId", action->list->noun, &action->id))
        find_in_list(action, request, on_found_to_delete);
}

#define MANAGEMENT "/process-api/management/"

static const struct http_route routes[] = {
    {HTTP_POST_METHOD, MANAGEMENT "jobs/{jobId}", execute, "Execute a single job", 0},
    {HTTP_DELETE_METHOD, MANAGEMENT "jobs/{jobId}", delete_one, "Delete a job", 0},
    {HTTP_POST_METHOD, MANAGEMENT "timer-jobs/{jobId}", post_timer,
     "Execute a single job action (move or reschedule)", 0},
    {HTTP_DELETE_METHOD, MANAGEMENT "timer-jobs/{jobId}", delete_one, "Delete a timer job", 0},
    {HTTP_DELETE_METHOD, MANAGEMENT "deadletter-jobs/{jobId}", delete_one,
     "Delete a deadletter job", 0},
    {HTTP_DELETE_METHOD, MANAGEMENT "suspended-jobs/{jobId}", delete_one, "Delete a suspended job",
     0},
};
const struct api_routes job_action_routes = {routes, COUNT_OF(routes)};
