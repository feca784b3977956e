/* What an operator does with jobs: run one now, give it another time, discard it. Timers are moved
 * in timer_action.c; those that were given up come back in job_dead.c. */
#include "engine/api/job.h"

#include "bpmn/iso8601.h"
#include "engine/base/clock.h"

#include <string.h>

static const struct pg_statement known_statement = {
    "api_job_known",
    "SELECT kind, instance_id, due_at FROM synergyflow_workflows.job WHERE id = $1"
    " UNION ALL SELECT 0::smallint, instance_id, due_at FROM synergyflow_workflows.timer"
    " WHERE id = $1"};
/* Moved, and accounted for, in one transaction. */
static const struct pg_statement due_statement = {
    "api_job_due",
    "WITH old AS (SELECT id, instance_id, element_id, due_at FROM synergyflow_workflows.job"
    "   WHERE id = $1 AND kind > 1 FOR UPDATE),"
    " moved AS (UPDATE synergyflow_workflows.job j SET due_at = $2, dead_at = NULL FROM old"
    "   WHERE j.id = old.id)"
    " INSERT INTO synergyflow_workflows.operator_action (id, at, actor, action, instance_id,"
    "  target_id, element_id, details, reason, correlation_id)"
    " SELECT $3, now(), $4, 'job.reschedule', instance_id, id, element_id, jsonb_build_object("
    "  'previousDueDate', due_at, 'dueDate', $2::timestamptz), $5, $6 FROM old"
    " RETURNING instance_id"};
/* A message on its way is discarded, but its receiver goes on waiting for others. */
static const struct pg_statement delete_statement = {
    "api_job_delete",
    "WITH job AS (DELETE FROM synergyflow_workflows.job WHERE id = $1"
    "   RETURNING id, instance_id, element_id, due_at, payload),"
    " timer AS (DELETE FROM synergyflow_workflows.timer WHERE id = $1"
    "   RETURNING id, instance_id, element_id, due_at),"
    " action AS (INSERT INTO synergyflow_workflows.operator_action (id, at, actor, action,"
    "   instance_id, target_id, element_id, details, correlation_id)"
    "  SELECT $2, now(), $3, action, instance_id, id, element_id,"
    "   jsonb_build_object('previousDueDate', due_at), $4 FROM"
    "   (SELECT 'job.delete' AS action, id, instance_id, element_id, due_at FROM job"
    "    UNION ALL SELECT 'timer.delete', id, instance_id, element_id, due_at FROM timer) AS gone)"
    " UPDATE synergyflow_workflows.event_subscription s SET claimed = false FROM job"
    " WHERE s.id = (job.payload->>'subscription')::uuid AND s.claimed"};

struct job_change job_change_new(const struct api_settings *api, struct http_request *request,
                                 struct api_operation *operation)
{
    return (struct job_change){.api = api,
                               .operation = operation,
                               .list = job_list_of(request),
                               .due_us = clock_wall_us()};
}

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

static void on_moved(struct api_query *query)
{
    struct job_change *change = query->state;
    const struct pg_result *rows = api_query_rows(query, 0);
    struct uuid instance_id = {0};

    if (pg_rows(rows) == 0) {
        api_operation_clear(change->operation);
        api_not_found(query->request, change->list->noun, query->subject);
        return;
    }
    if (!pg_is_null(rows, 0, 0))
        instance_id = pg_value_uuid(rows, 0, 0);
    tell_removed(change->api, &change->id, change->was_due_us);
    job_tell(change->api, KIND_SCRIPT, &change->id, &instance_id, change->due_us);
    api_operation_no_content(change->operation);
}

void job_move(struct api_query *query, struct job_change *change)
{
    struct uuid id = uuid_next(change->api->ids);
    struct pg_call *call;

    api_query_again(query, on_moved);
    query->state = change;
    call = api_query_add(query, &due_statement);
    pg_uuid(call, &change->id);
    pg_timestamp(call, change->due_us);
    pg_uuid(call, &id);
    pg_text(call, http_user(query->request));
    pg_text(call, change->reason);
    pg_text(call, http_correlation_id(query->request));
    api_query_run(query);
}

/* ---- jobs/{id}: execute ---- */

static void run(struct job_change *change, bool is_timer)
{
    static const struct command_audit fired = {.action = "timer.fire"};
    struct api_operation *operation = change->operation;
    struct command *command = &operation->command;

    command->target = change->id;
    if (is_timer) {
        command->kind = COMMAND_STEP;
        command->step = BPMN_TRIGGER_TIMER;
        command->early = true;
        command->address = ADDRESS_TIMER;
        command->instance_id = change->instance_id;
        command->audit = &fired;
    } else {
        command->kind = COMMAND_JOB;
        command->address = ADDRESS_JOB;
    }
    operation->on_done = api_operation_no_content;
    api_operation_submit(operation);
}

static void on_known(struct api_query *query)
{
    struct job_change *change = query->state;
    const struct pg_result *rows = api_query_rows(query, 0);
    int64_t kind = pg_rows(rows) > 0 ? pg_value_int(rows, 0, 0) : -1;
    struct error error = {0};

    if (kind < 0 || kind == KIND_EXTERNAL) {
        error_set(&error, kind < 0 ? STATUS_NOT_FOUND : STATUS_CONFLICT,
                  kind < 0 ? "Could not find a job with id '%.60s'."
                           : "Expected job '%.60s' to be the engine's own, but it is for external "
                             "workers, who acquire it at /external-job-api.",
                  query->subject);
        api_operation_fail(change->operation, &error);
        return;
    }
    change->instance_id = pg_value_uuid(rows, 0, 1);
    change->was_due_us = pg_value_timestamp(rows, 0, 2);
    /* A script runs beside the loop: whoever runs jobs starts it. */
    if (kind == KIND_SCRIPT)
        job_move(query, change);
    else
        run(change, kind == KIND_TIMER);
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

static struct job_change *new_change(const struct api_settings *api, struct http_request *request,
                                     struct api_operation *operation)
{
    struct job_change *change = arena_alloc(http_arena(request), sizeof(*change));

    *change = job_change_new(api, request, operation);
    return change;
}

static void execute(void *context, struct http_request *request)
{
    static const char *const known[] = {"action", NULL};
    struct api_operation *operation = api_operation_new(context, request);
    struct job_change *change = new_change(context, request, operation);
    struct api_query *query = api_query_new(context, request, on_known);
    const char *name = NULL;

    if (!api_id(request, "jobId", "a job", &change->id) ||
        !job_read_action(operation, known, &name))
        return;
    if (strcmp(name, "execute") != 0) {
        job_refuse_action(operation, "execute", name);
        return;
    }
    query->subject = http_param(request, "jobId");
    query->state = change;
    query->operation = operation;
    pg_uuid(api_query_add(query, &known_statement), &change->id);
    api_query_run(query);
}

/* ---- any list: delete ---- */

static void on_deleted(struct api_query *query)
{
    struct job_change *change = query->state;

    tell_removed(change->api, &change->id, change->was_due_us);
    http_reply_empty(query->request, 204);
}

static void on_found_to_delete(struct api_query *query)
{
    struct job_change *change = query->state;
    const struct pg_result *known = api_query_rows(query, 1);
    struct uuid id = uuid_next(change->api->ids);
    struct pg_call *call;

    /* The row must be in the list that the path names. */
    if (pg_rows(api_query_rows(query, 0)) == 0 || pg_rows(known) == 0) {
        api_not_found(query->request, change->list->noun, query->subject);
        return;
    }
    change->was_due_us = pg_value_timestamp(known, 0, 2);
    api_query_again(query, on_deleted);
    call = api_query_add(query, &delete_statement);
    pg_uuid(call, &change->id);
    pg_uuid(call, &id);
    pg_text(call, http_user(query->request));
    pg_text(call, http_correlation_id(query->request));
    api_query_run(query);
}

static void delete_one(void *context, struct http_request *request)
{
    struct job_change *change = new_change(context, request, NULL);
    struct api_query *query = api_query_new(context, request, on_found_to_delete);
    struct pg_statement *one = arena_alloc(http_arena(request), sizeof(*one));

    if (!api_id(request, "jobId", change->list->noun, &change->id))
        return;
    *one = list_one_statement(http_arena(request), change->list, "j.id = $1", false);
    query->state = change;
    query->subject = http_param(request, "jobId");
    pg_uuid(api_query_add(query, one), &change->id);
    pg_uuid(api_query_add(query, &known_statement), &change->id);
    api_query_run(query);
}

#define MANAGEMENT "/process-api/management/"

static const struct http_route routes[] = {
    {HTTP_POST_METHOD, MANAGEMENT "jobs/{jobId}", execute, "Execute a single job", 0},
    {HTTP_DELETE_METHOD, MANAGEMENT "jobs/{jobId}", delete_one, "Delete a job", 0},
    {HTTP_DELETE_METHOD, MANAGEMENT "timer-jobs/{jobId}", delete_one, "Delete a timer job", 0},
    {HTTP_DELETE_METHOD, MANAGEMENT "deadletter-jobs/{jobId}", delete_one,
     "Delete a deadletter job", 0},
    {HTTP_DELETE_METHOD, MANAGEMENT "suspended-jobs/{jobId}", delete_one, "Delete a suspended job",
     0},
};
const struct api_routes job_action_routes = {routes, COUNT_OF(routes)};
