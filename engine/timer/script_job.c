/* See script_job.h.
 *
 * Happy path: submit to the pool → a worker answers → BPMN_SCRIPT_RETURNED (or BPMN_SCRIPT_ERROR
 * for a BPMN error that the script threw) → committed → on_done. Failure modes: the pool takes no
 * more, the script fails, runs into its limit or breaks its worker, the command fails: on_done with
 * the reason; the job's row is still there for another attempt. */
#include "engine/timer/script_job.h"

#include "bpmn/base/memory.h"
#include "engine/base/clock.h"

#include <string.h>

enum { SCRIPT_JOB_ARENA_BYTES = 64 * 1024 * 1024 };

struct script_job {
    struct arena *arena;
    struct command_queue *queue;
    struct script_request request;
    struct command command;
    json_t *assigned;
    json_t *local;
    json_t *value;
    void (*on_done)(void *context, enum status status, const struct error *error);
    void *context;
};

static void release(struct script_job *job)
{
    json_decref(job->assigned);
    json_decref(job->local);
    json_decref(job->value);
    arena_free(job->arena);
    memory_free(job);
}

static void finish(struct script_job *job, enum status status, const struct error *error)
{
    job->on_done(job->context, status, error);
    release(job);
}

static void on_answered(struct command *command, enum status status, const struct error *error)
{
    finish(command->context, status, error);
}

static void on_run(struct script_request *request, enum status status,
                   const struct script_result *result, const struct error *error)
{
    struct script_job *job = request->data;
    struct command *command = &job->command;
    struct error own;

    if (status != STATUS_OK) {
        /* Its time is up: that is the script's fault, and no reason to come back at once. */
        own = *error;
        if (status == STATUS_TIMEOUT)
            own.status = STATUS_FAILED;
        finish(job, own.status, &own);
        return;
    }
    job->assigned = json_incref(result->assignments);
    job->local = json_incref(result->local_assignments);
    job->value = json_incref(result->value);
    command->variables = json_object_size(job->assigned) > 0 ? job->assigned : NULL;
    command->local = json_object_size(job->local) > 0 ? job->local : NULL;
    command->value = job->value;
    command->step = BPMN_SCRIPT_RETURNED;
    if (result->bpmn_error_code != NULL) {
        command->step = BPMN_SCRIPT_ERROR;
        command->name = arena_copy(job->arena, result->bpmn_error_code);
        command->reason = arena_copy(job->arena, result->bpmn_error_message);
    }
    if (command_submit(job->queue, command, &own) != STATUS_OK)
        finish(job, own.status, &own);
}

enum status script_job_run(struct script_pool *pool, struct command_queue *queue,
                           const struct uuid *job_id, const struct bpmn_script *script,
                           void (*on_done)(void *context, enum status status,
                                           const struct error *error),
                           void *context, struct error *ret_error)
{
    struct script_job *job;
    enum status status;

    if (pool == NULL)
        return error_set(ret_error, STATUS_FAILED, "Expected a script engine but there is none.");
    job = memory_zero(1, sizeof(*job));
    job->arena = arena_new(SCRIPT_JOB_ARENA_BYTES);
    job->queue = queue;
    job->on_done = on_done;
    job->context = context;
    job->command = (struct command){.kind = COMMAND_STEP,
                                    .address = ADDRESS_JOB,
                                    .target = *job_id,
                                    .on_done = on_answered,
                                    .context = job};
    job->request =
        (struct script_request){.source = script->source,
                                .variables = script->variables,
                                .context = {.execution_id = script->execution_id,
                                            .process_instance_id = script->instance_id,
                                            .business_key = script->business_key,
                                            .process_definition_id = script->definition_id,
                                            .activity_id = script->element_id,
                                            .now_us = clock_wall_us(),
                                            .store_assignments = !script->keeps_private},
                                .on_done = on_run,
                                .data = job};
    status = script_pool_submit(pool, &job->request, ret_error);
    if (status != STATUS_OK)
        release(job);
    return status;
}
