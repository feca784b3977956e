/* What units leave to be done in units of their own. */
#include "bpmn/scenario/world_private.h"

#include <string.h>

void world_jobs_init(struct world_jobs *jobs)
{
    jobs->first = NULL;
    jobs->tail = &jobs->first;
}

void world_jobs_clear(struct world_jobs *jobs)
{
    for (struct world_job *job = jobs->first; job != NULL; job = job->next)
        json_decref(job->variables);
    world_jobs_init(jobs);
}

void world_jobs_append(struct world_jobs *jobs, struct world_job *job)
{
    job->next = NULL;
    *jobs->tail = job;
    jobs->tail = &job->next;
}

struct world_job *world_jobs_add(struct world *world, struct world_jobs *jobs)
{
    struct world_job *job = arena_alloc(world->arena, sizeof(*job));

    world_jobs_append(jobs, job);
    return job;
}

struct world_job *world_jobs_take(struct world_jobs *jobs)
{
    struct world_job *job = jobs->first;

    if (job == NULL)
        return NULL;
    jobs->first = job->next;
    if (jobs->first == NULL)
        jobs->tail = &jobs->first;
    return job;
}

static struct world_job *note(struct world *world, struct world_instance *instance,
                              const struct bpmn_change *change, enum world_job_kind kind)
{
    struct world_job *job = world_jobs_add(world, &world->jobs);

    job->kind = kind;
    job->instance = instance;
    job->wait_id = change->wait_id;
    job->element = &instance->definition->model->elements[change->element];
    return job;
}

static void note_question(struct world *world, struct world_instance *instance,
                          const struct bpmn_change *change, enum bpmn_wait_kind kind)
{
    struct world_job *job = note(world, instance, change, JOB_ASK);

    job->question = (struct world_question){
        .kind = kind,
        .instance = instance,
        .element_id = job->element->id,
        .topic = kind == BPMN_WAIT_JOB ? arena_copy(world->arena, change->name) : NULL};
}

static void note_message(struct world *world, struct world_instance *instance,
                         const struct bpmn_change *change)
{
    struct world_job *job = note(world, instance, change, JOB_MESSAGE);

    job->name = arena_copy(world->arena, change->name);
    job->key = arena_copy(world->arena, change->key);
    if (change->key == NULL)
        job->business_key = arena_copy(world->arena, instance->instance.business_key);
    job->variables = json_incref((json_t *)change->value);
    job->expires_us = world->now_us + WORLD_MESSAGE_LIFE_S * INT64_C(1000000);
}

void world_jobs_note(struct world *world, struct world_instance *instance,
                     const struct bpmn_change *change)
{
    switch (change->kind) {
    case BPMN_CHANGE_ASYNC_SCHEDULED:
        (void)note(world, instance, change, JOB_CONTINUE);
        break;
    case BPMN_CHANGE_JOB_CREATED:
        note_question(world, instance, change, BPMN_WAIT_JOB);
        break;
    case BPMN_CHANGE_SCRIPT_DEFERRED:
        note_question(world, instance, change, BPMN_WAIT_SCRIPT);
        break;
    case BPMN_CHANGE_MESSAGE_THROWN:
        note_message(world, instance, change);
        break;
    case BPMN_CHANGE_SIGNAL_THROWN:
        if (change->index == 0)
            world_list_signal(world, instance, change->name, change->value);
        break;
    case BPMN_CHANGE_MESSAGE_AWAITED:
        world->look_in_buffer = true;
        break;
    default:
        break;
    }
}

static bool is_open(struct world_job *job)
{
    return job->instance->instance.status == BPMN_INSTANCE_ACTIVE &&
           bpmn_instance_waiting(&job->instance->instance, &job->wait_id, NULL, NULL) != NULL;
}

static enum status ask(struct world *world, struct world_job *job, struct error *ret_error)
{
    struct world_answer answer = {0};
    bool is_answered = false;
    enum status status = STATUS_OK;

    if (world->callbacks.answer != NULL)
        status = world->callbacks.answer(world->callbacks.context, &job->question, &is_answered,
                                         &answer, ret_error);
    if (status == STATUS_OK && !is_answered && job->question.kind == BPMN_WAIT_SCRIPT)
        return error_set(ret_error, STATUS_FAILED,
                         "Expected a script that ends soon but it takes too long; make it "
                         "shorter, or give it a mock.");
    if (status != STATUS_OK || !is_answered)
        return status;
    world_unit_begin(world);
    status = world_unit_give_answer(world, job->instance, job->question.kind, &job->wait_id,
                                    &answer, ret_error);
    if (status == STATUS_OK)
        status = world_unit_follow(world, ret_error);
    return world_unit_end(world, status, ret_error);
}

static enum status run(struct world *world, struct world_job *job, struct error *ret_error)
{
    struct bpmn_command command = {
        .target = job->wait_id, .name = job->name, .variables = job->variables};

    switch (job->kind) {
    case JOB_CONTINUE:
        command.kind = BPMN_CONTINUE;
        return is_open(job) ? world_unit_run(world, job->instance, &command, ret_error) : STATUS_OK;
    case JOB_SIGNAL:
        command.kind = BPMN_RECEIVE_SIGNAL;
        return is_open(job) ? world_unit_run(world, job->instance, &command, ret_error) : STATUS_OK;
    case JOB_ASK:
        return is_open(job) ? ask(world, job, ret_error) : STATUS_OK;
    case JOB_MESSAGE:
        return world_route(world, job, ret_error);
    case JOB_START:
        command = (struct bpmn_command){.kind = BPMN_START,
                                        .element = job->start->element->id,
                                        .definition = job->start->index,
                                        .variables = job->variables};
        return world_unit_run_start(world, job->start->definition, job->business_key, &command,
                                    ret_error);
    }
    UNREACHABLE();
}

/* One that fails stays as it is, for a retry. */
enum status world_job_run(struct world *world, struct world_job *job, struct error *ret_error)
{
    enum status status = run(world, job, ret_error);

    if (status == STATUS_OK) {
        json_decref(job->variables);
        job->variables = NULL;
        return STATUS_OK;
    }
    if (ret_error->element_id[0] == '\0' && job->element != NULL)
        (void)error_at(ret_error, job->element->id, job->element->line, job->element->column);
    world_jobs_append(&world->failed, job);
    return status;
}
