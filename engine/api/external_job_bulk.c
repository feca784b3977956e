/* POST /external-job-api/acquire/jobs/complete (ours): many jobs of one worker in one request. Each
 * is completed by itself: the answer counts what became of them. */
#include "engine/api/external_job.h"

enum { JOBS_MAX = 1000 };

static void no_more(struct api_fan *fan)
{
    fan->is_last = true;
    api_fan_go(fan);
}

static void on_completed(struct api_fan *fan)
{
    json_t *body = json_object();

    json_put(body, "completed", json_integer((json_int_t)fan->done));
    json_put(body, "missed", json_integer((json_int_t)fan->missed));
    json_put(body, "failed", json_integer((json_int_t)fan->failed));
    json_put_text(body, "exception", fan->failed > 0 ? fan->error.message : NULL);
    api_operation_clear(fan->operation);
    http_reply_json(fan->request, 200, body);
}

/* One entry, {"jobId", "variables"}; the variables are kept in `kept`. */
static enum status read_job(const json_t *entry, struct uuid *ret_id, json_t *kept,
                            const json_t **ret_variables, struct error *ret_error)
{
    static const char *const known[] = {"jobId", "variables", NULL};
    const char *id = NULL;
    json_t *variables = NULL;
    enum status status;

    if (!json_is_object(entry))
        return error_set_field(ret_error, STATUS_INVALID, "jobs",
                               "Expected each entry of 'jobs' to be an object with jobId.");
    status = json_only_fields(entry, known, ret_error);
    if (status == STATUS_OK)
        status = json_field_required_text(entry, "jobId", &id, ret_error);
    if (status == STATUS_OK && !uuid_parse(id, ret_id))
        status = error_set(ret_error, STATUS_NOT_FOUND,
                           "Could not find an external worker job with id '%.200s'.", id);
    if (status == STATUS_OK)
        status = api_variables_read(json_object_get(entry, "variables"), "variables", &variables,
                                    ret_error);
    if (status == STATUS_OK) {
        *ret_variables = variables;
        (void)json_array_append_new(kept, variables);
    }
    return status;
}

static enum status read_jobs(struct api_fan *fan, const char *worker, struct error *ret_error)
{
    const json_t *jobs = json_object_get(fan->operation->body, "jobs");
    enum status status = STATUS_OK;
    const json_t *entry;
    size_t i;

    if (!json_is_array(jobs) || json_array_size(jobs) == 0 || json_array_size(jobs) > JOBS_MAX)
        return error_set_field(ret_error, STATUS_INVALID, "jobs",
                               "Expected 'jobs' to be an array of 1 to %d entries.", JOBS_MAX);
    json_array_foreach (jobs, i, entry) {
        const json_t *variables = NULL;
        struct command *command;
        struct uuid id;

        status = read_job(entry, &id, fan->operation->value, &variables, ret_error);
        if (status != STATUS_OK)
            return status;
        command = api_fan_add(fan);
        command->kind = COMMAND_STEP;
        command->step = BPMN_COMPLETE_JOB;
        command->address = ADDRESS_JOB;
        command->target = id;
        command->worker_id = worker;
        command->variables = variables;
    }
    return status;
}

static void complete_many(void *context, struct http_request *request)
{
    static const char *const known[] = {"workerId", "jobs", NULL};
    struct api_operation *operation = api_operation_new(context, request);
    struct api_fan *fan = api_fan_new(context, request);
    const char *worker = NULL;
    struct error error = {0};
    enum status status;

    if (!api_operation_body(operation, false, known))
        return;
    operation->value = json_array();
    fan->operation = operation;
    fan->more = no_more;
    fan->on_done = on_completed;
    status = api_worker(operation->body, &worker, &error);
    if (status == STATUS_OK)
        status = read_jobs(fan, worker, &error);
    if (status != STATUS_OK)
        api_fan_fail(fan, &error);
    else
        api_fan_run(fan);
}

static const struct http_route routes[] = {
    {HTTP_POST_METHOD, "/external-job-api/acquire/jobs/complete", complete_many,
     "Complete many External Worker Jobs", 0},
};
const struct api_routes external_job_bulk_routes = {routes, COUNT_OF(routes)};
