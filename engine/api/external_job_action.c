/* The ends of an external worker job: complete, bpmnError and bpmnEscalation step the instance
 * (commands); fail and unacquire only change the job's row. Another worker than the lock's holder
 * gets 403. */
#include "engine/api/external_job.h"

#include "engine/base/clock.h"

static const char *const noun = "an external worker job";

/* ---- commands ------------------------------------------------------------------------------ */

static struct api_operation *job_operation(const struct api_settings *api,
                                           struct http_request *request,
                                           enum bpmn_command_kind step, const char *const *known)
{
    struct api_operation *operation = api_operation_new(api, request);
    struct error error = {0};

    if (!api_id(request, "jobId", noun, &operation->command.target) ||
        !api_operation_body(operation, false, known))
        return NULL;
    if (api_worker(operation->body, &operation->command.worker_id, &error) != STATUS_OK) {
        api_operation_fail(operation, &error);
        return NULL;
    }
    if (!api_operation_variables(operation, "variables"))
        return NULL;
    operation->command.kind = COMMAND_STEP;
    operation->command.step = step;
    operation->command.address = ADDRESS_JOB;
    operation->on_done = api_operation_no_content;
    return operation;
}

static void complete(void *context, struct http_request *request)
{
    static const char *const known[] = {"workerId", "variables", NULL};
    struct api_operation *operation = job_operation(context, request, BPMN_COMPLETE_JOB, known);

    if (operation != NULL)
        api_operation_submit(operation);
}

/* The body's `field` becomes the command's name. An explicit null, which Flowable's clients send
 * for an event without a code, is the empty code: what catches everything catches it. */
static void submit_with_code(struct api_operation *operation, const char *field)
{
    struct error error = {0};

    if (json_is_null(json_object_get(operation->body, field)))
        operation->command.name = "";
    else if (json_field_required_text(operation->body, field, &operation->command.name, &error) !=
             STATUS_OK) {
        api_operation_fail(operation, &error);
        return;
    }
    api_operation_submit(operation);
}

static void bpmn_error(void *context, struct http_request *request)
{
    static const char *const known[] = {"workerId", "errorCode", "errorMessage", "variables", NULL};
    struct api_operation *operation = job_operation(context, request, BPMN_JOB_ERROR, known);
    struct error error = {0};

    if (operation == NULL)
        return;
    if (json_field_text(operation->body, "errorMessage", &operation->command.reason, &error) !=
        STATUS_OK)
        api_operation_fail(operation, &error);
    else
        submit_with_code(operation, "errorCode");
}

/* Ours: the job stays the worker's unless an interrupting boundary event catches the escalation. */
static void bpmn_escalation(void *context, struct http_request *request)
{
    static const char *const known[] = {"workerId", "escalationCode", "variables", NULL};
    struct api_operation *operation = job_operation(context, request, BPMN_JOB_ESCALATION, known);

    if (operation != NULL)
        submit_with_code(operation, "escalationCode");
}

/* ---- the row ------------------------------------------------------------------------------- */

static const struct pg_statement holder_statement = {
    "api_job_holder",
    "SELECT lock_owner FROM synergyflow_workflows.job WHERE id = $1 AND kind = 1 FOR UPDATE"};
/* Without a number of retries one less than before; none left: only an operator gives new ones. */
static const struct pg_statement fail_statement = {
    "api_job_fail",
    "UPDATE synergyflow_workflows.job SET lock_owner = NULL, lock_expires_at = NULL,"
    " retries = COALESCE($3::integer, GREATEST(retries - 1, 0)), due_at = $4::timestamptz,"
    " error_message = $5, error_details = $6"
    " WHERE id = $1 AND kind = 1 AND lock_owner = $2"};
static const struct pg_statement unacquire_statement = {
    "api_job_unacquire",
    "UPDATE synergyflow_workflows.job SET lock_owner = NULL, lock_expires_at = NULL"
    " WHERE id = $1 AND kind = 1 AND lock_owner = $2"};
static const struct pg_statement unacquire_all_statement = {
    "api_jobs_unacquire",
    "UPDATE synergyflow_workflows.job SET lock_owner = NULL, lock_expires_at = NULL"
    " WHERE kind = 1 AND lock_owner = $1 AND ($2::text IS NULL OR tenant_id = $2)"};

static void on_changed(struct api_query *query)
{
    const struct pg_result *holder = api_query_rows(query, 0);
    const char *job = http_param(query->request, "jobId");

    if (pg_rows(holder) == 0)
        api_not_found(query->request, noun, job);
    else if (pg_affected(api_query_rows(query, 1)) == 0)
        api_refuse(
            query->request, STATUS_FORBIDDEN,
            "Expected job '%s' to be locked by worker '%.200s', but %s.", job, query->subject,
            pg_is_null(holder, 0, 0) ? "nobody holds its lock" : "another worker holds its lock");
    else {
        job_waiters_wake(query->api->waiters);
        http_reply_empty(query->request, 204);
    }
}

/* Reads the worker and begins the batch; NULL when it was refused. The body is the caller's. */
static struct api_query *job_query(const struct api_settings *api, struct http_request *request,
                                   const struct uuid *id, const json_t *body,
                                   const char *const *known, struct error *ret_error)
{
    struct api_query *query = api_query_new(api, request, on_changed);
    const char *worker = NULL;

    if (json_only_fields(body, known, ret_error) != STATUS_OK ||
        api_worker(body, &worker, ret_error) != STATUS_OK)
        return NULL;
    query->subject = arena_copy(http_arena(request), worker);
    pg_uuid(api_query_add(query, &holder_statement), id);
    return query;
}

static enum status give_failure(struct pg_call *call, const json_t *body, struct error *ret_error)
{
    const json_t *timeout = json_object_get(body, "retryTimeout");
    const char *message = NULL, *details = NULL;
    int64_t retries = -1, due_us = 0;
    enum status status = json_field_int(body, "retries", -1, 0, INT32_MAX, &retries, ret_error);

    if (status == STATUS_OK && timeout != NULL && !json_is_null(timeout))
        status = api_duration(body, "retryTimeout", clock_wall_us(), &due_us, ret_error);
    if (status == STATUS_OK)
        status = json_field_text(body, "errorMessage", &message, ret_error);
    if (status == STATUS_OK)
        status = json_field_text(body, "errorDetails", &details, ret_error);
    if (status != STATUS_OK)
        return status;
    if (retries >= 0)
        pg_int4(call, (int32_t)retries);
    else
        pg_null(call);
    if (due_us != 0)
        pg_timestamp(call, due_us);
    else
        pg_null(call);
    pg_text(call, message);
    pg_text(call, details);
    return STATUS_OK;
}

static void fail(void *context, struct http_request *request)
{
    static const char *const known[] = {"workerId", "errorMessage", "errorDetails",
                                        "retries",  "retryTimeout", NULL};
    struct error error = {0};
    json_t *body = NULL;
    struct api_query *query = NULL;
    struct pg_call *call;
    struct uuid id;
    enum status status;

    if (!api_id(request, "jobId", noun, &id))
        return;
    status = http_json_object(request, false, &body, &error);
    if (status == STATUS_OK) {
        query = job_query(context, request, &id, body, known, &error);
        status = query == NULL ? error.status : STATUS_OK;
    }
    if (status == STATUS_OK) {
        call = api_query_add(query, &fail_statement);
        pg_uuid(call, &id);
        pg_text(call, query->subject);
        status = give_failure(call, body, &error);
    }
    json_decref(body);
    if (status != STATUS_OK)
        http_reply_error(request, &error);
    else
        api_query_run(query);
}

static void unacquire(void *context, struct http_request *request)
{
    static const char *const known[] = {"workerId", NULL};
    struct error error = {0};
    json_t *body = NULL;
    struct api_query *query = NULL;
    struct pg_call *call;
    struct uuid id;

    if (!api_id(request, "jobId", noun, &id))
        return;
    if (http_json_object(request, false, &body, &error) == STATUS_OK)
        query = job_query(context, request, &id, body, known, &error);
    json_decref(body);
    if (query == NULL) {
        http_reply_error(request, &error);
        return;
    }
    call = api_query_add(query, &unacquire_statement);
    pg_uuid(call, &id);
    pg_text(call, query->subject);
    api_query_run(query);
}

static void on_unacquired_all(struct api_query *query)
{
    job_waiters_wake(query->api->waiters);
    http_reply_empty(query->request, 204);
}

static void unacquire_all(void *context, struct http_request *request)
{
    static const char *const known[] = {"workerId", "tenantId", NULL};
    struct api_operation *operation = api_operation_new(context, request);
    struct api_query *query = api_query_new(context, request, on_unacquired_all);
    const char *worker = NULL, *tenant = NULL;
    struct error error = {0};
    struct pg_call *call;

    if (!api_operation_body(operation, false, known))
        return;
    if (api_worker(operation->body, &worker, &error) != STATUS_OK ||
        json_field_text(operation->body, "tenantId", &tenant, &error) != STATUS_OK) {
        api_operation_fail(operation, &error);
        return;
    }
    call = api_query_add(query, &unacquire_all_statement);
    pg_text(call, worker);
    pg_text(call, tenant);
    api_operation_clear(operation);
    api_query_run(query);
}

static const struct http_route routes[] = {
    {HTTP_POST_METHOD, "/external-job-api/acquire/jobs/{jobId}/complete", complete,
     "Complete an External Worker Job", 0},
    {HTTP_POST_METHOD, "/external-job-api/acquire/jobs/{jobId}/bpmnError", bpmn_error,
     "Complete an External Worker Job with a BPMN Error", 0},
    {HTTP_POST_METHOD, "/external-job-api/acquire/jobs/{jobId}/bpmnEscalation", bpmn_escalation,
     "Throw a BPMN escalation from an External Worker Job", 0},
    {HTTP_POST_METHOD, "/external-job-api/acquire/jobs/{jobId}/fail", fail,
     "Fail an External Worker Job", 0},
    {HTTP_POST_METHOD, "/external-job-api/unacquire/jobs", unacquire_all,
     "Unacquire External Worker Jobs", 0},
    {HTTP_POST_METHOD, "/external-job-api/unacquire/jobs/{jobId}", unacquire,
     "Unacquire an External Worker Job", 0},
};
const struct api_routes external_job_action_routes = {routes, COUNT_OF(routes)};
