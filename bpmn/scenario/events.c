/* Messages and signals between instances, with the precedence of the service
 * (engine/command/throw.c): an instance before a start event, the exact correlation key before
 * none, the same business key before none, the oldest first. */
#include "bpmn/scenario/world_private.h"

#include <string.h>

/* ---- signals ---- */

struct broadcast {
    struct world *world;
    const struct world_instance *thrower;
    const char *name;
    const json_t *variables;
};

static struct world_job *list_signal(const struct broadcast *broadcast, enum world_job_kind kind)
{
    struct world_job *job = world_jobs_add(broadcast->world, &broadcast->world->jobs);

    job->kind = kind;
    job->name = arena_copy(broadcast->world->arena, broadcast->name);
    job->variables = json_incref((json_t *)broadcast->variables);
    return job;
}

static bool list_receiver(void *context, const struct world_wait *at)
{
    const struct broadcast *broadcast = context;
    struct world_job *job;

    if (at->wait->kind != BPMN_WAIT_SIGNAL || at->instance == broadcast->thrower ||
        strcmp(at->wait->name, broadcast->name) != 0)
        return true;
    job = list_signal(broadcast, JOB_SIGNAL);
    job->instance = at->instance;
    job->wait_id = at->wait->id;
    job->element = &at->instance->definition->model->elements[at->wait->element];
    return true;
}

void world_list_signal(struct world *world, const struct world_instance *thrower, const char *name,
                       const json_t *variables)
{
    struct broadcast broadcast = {world, thrower, name, variables};

    world_visit_waits(world, list_receiver, &broadcast);
    for (uint32_t i = 0; i < world->start_count; i++) {
        const struct world_start *start = &world->starts[i];

        if (start->event->kind == BPMN_EVENT_SIGNAL && strcmp(start->name, name) == 0) {
            struct world_job *job = list_signal(&broadcast, JOB_START);

            job->start = start;
            job->element = start->element;
        }
    }
}

enum status world_broadcast(struct world *world, const char *name, const json_t *variables,
                            struct error *ret_error)
{
    world_begin_step(world);
    world_list_signal(world, NULL, name, variables);
    return world_settle(world, STATUS_OK, ret_error);
}

/* ---- messages ---- */

struct search {
    const struct world_job *message;
    struct world_wait best;
    int best_rank; /* the smallest is the best */
};

static bool look_at_receiver(void *context, const struct world_wait *at)
{
    struct search *search = context;
    const struct world_job *message = search->message;
    const char *key = at->wait->key;
    const char *business_key = at->instance->instance.business_key;
    int rank = (key == NULL ? 2 : 0) + (business_key == NULL ? 1 : 0);

    if (at->wait->kind != BPMN_WAIT_MESSAGE || strcmp(at->wait->name, message->name) != 0)
        return true;
    if (key != NULL && (message->key == NULL || strcmp(key, message->key) != 0))
        return true;
    if (message->business_key != NULL && business_key != NULL &&
        strcmp(message->business_key, business_key) != 0)
        return true;
    if (search->best.wait == NULL || rank < search->best_rank ||
        (rank == search->best_rank && uuid_compare(&at->wait->id, &search->best.wait->id) < 0)) {
        search->best = *at;
        search->best_rank = rank;
    }
    return true;
}

static enum status deliver(struct world *world, const struct world_job *message,
                           bool *ret_delivered, struct error *ret_error)
{
    struct search search = {.message = message};
    struct bpmn_command command = {
        .kind = BPMN_RECEIVE_MESSAGE, .name = message->name, .variables = message->variables};

    world_visit_waits(world, look_at_receiver, &search);
    *ret_delivered = search.best.wait != NULL;
    if (!*ret_delivered)
        return STATUS_OK;
    command.target = search.best.wait->id;
    return world_unit_run(world, search.best.instance, &command, ret_error);
}

static const struct world_start *find_start(const struct world *world, const char *name)
{
    for (uint32_t i = 0; i < world->start_count; i++) {
        const struct world_start *start = &world->starts[i];

        if (start->event->kind == BPMN_EVENT_MESSAGE && strcmp(start->name, name) == 0)
            return start;
    }
    return NULL;
}

enum status world_route(struct world *world, const struct world_job *message,
                        struct error *ret_error)
{
    const struct world_start *start;
    struct world_job *kept;
    bool is_delivered;
    enum status status = deliver(world, message, &is_delivered, ret_error);

    if (status != STATUS_OK || is_delivered)
        return status;
    start = find_start(world, message->name);
    if (start != NULL) {
        struct bpmn_command command = {.kind = BPMN_START,
                                       .element = start->element->id,
                                       .definition = start->index,
                                       .variables = message->variables};

        return world_unit_run_start(world, start->definition, message->business_key, &command,
                                    ret_error);
    }
    if (message->expires_us <= world->now_us)
        return error_set(ret_error, STATUS_NOT_FOUND,
                         "Expected somebody to wait for the message '%.200s' with these keys, but "
                         "nobody does, and it has no time to live.",
                         message->name);
    kept = arena_alloc(world->arena, sizeof(*kept));
    *kept = *message;
    json_incref(kept->variables);
    world_jobs_append(&world->buffered, kept);
    return STATUS_OK;
}

void world_forget_expired(struct world *world)
{
    struct world_jobs all = world->buffered;
    struct world_job *job;

    if (all.first == NULL)
        return;
    world_jobs_init(&world->buffered);
    while ((job = world_jobs_take(&all)) != NULL) {
        if (job->expires_us > world->now_us)
            world_jobs_append(&world->buffered, job);
        else
            json_decref(job->variables);
    }
}

bool world_look_in_buffer(struct world *world, enum status *ret_status, struct error *ret_error)
{
    struct world_jobs all = world->buffered;
    struct world_job *job;
    bool is_delivered = false;

    world_jobs_init(&world->buffered);
    while ((job = world_jobs_take(&all)) != NULL) {
        if (!is_delivered && job->expires_us > world->now_us) {
            *ret_status = deliver(world, job, &is_delivered, ret_error);
            if (is_delivered) {
                json_decref(job->variables);
                continue;
            }
        }
        world_jobs_append(&world->buffered, job);
    }
    return is_delivered;
}

/* The same id again, while it is remembered. */
static bool was_seen(struct world *world, const struct world_message *message)
{
    for (struct world_seen *seen = world->seen; seen != NULL; seen = seen->next) {
        if (seen->expires_us > world->now_us && strcmp(seen->name, message->name) == 0 &&
            strcmp(seen->id, message->id) == 0)
            return true;
    }
    return false;
}

static void remember(struct world *world, const struct world_message *message)
{
    struct world_seen *seen = arena_alloc(world->arena, sizeof(*seen));

    seen->name = arena_copy(world->arena, message->name);
    seen->id = arena_copy(world->arena, message->id);
    seen->expires_us = world->now_us + message->life_us;
    seen->next = world->seen;
    world->seen = seen;
}

enum status world_send(struct world *world, const struct world_message *message,
                       struct error *ret_error)
{
    struct world_job job = {.kind = JOB_MESSAGE,
                            .name = arena_copy(world->arena, message->name),
                            .key = arena_copy(world->arena, message->key),
                            .business_key = arena_copy(world->arena, message->business_key),
                            .variables = (json_t *)message->variables,
                            .expires_us = world->now_us + message->life_us};
    enum status status;

    world_begin_step(world);
    if (message->id != NULL && was_seen(world, message))
        return STATUS_OK;
    status = world_route(world, &job, ret_error);
    /* One that failed may be sent again. */
    if (status == STATUS_OK && message->id != NULL)
        remember(world, message);
    return world_settle(world, status, ret_error);
}
