/* See world.h: making a world, and looking at it. */
#include "bpmn/scenario/world_private.h"

#include "bpmn/base/memory.h"
#include "bpmn/sla/clock.h"

#include <string.h>

/* Ids in order: the same test gives the same ids. */
static void next_id(struct uuid_source *source, struct uuid *ret_uuid)
{
    struct world_ids *ids = CONTAINER_OF(source, struct world_ids, source);
    uint64_t value = ++ids->count;

    memset(ret_uuid, 0, sizeof(*ret_uuid));
    for (int i = 0; i < 8; i++)
        ret_uuid->bytes[15 - i] = (uint8_t)(value >> (8 * i));
}

struct world *world_new(int64_t now_us, const struct world_callbacks *callbacks)
{
    struct world *world = memory_zero(1, sizeof(*world));

    world->callbacks = *callbacks;
    world->now_us = now_us;
    world->arena = arena_new(WORLD_ARENA_BYTES);
    world->ids.source.next = next_id;
    world->clocks = world_clocks_new(world->arena, callbacks->sla);
    world_jobs_init(&world->jobs);
    world_jobs_init(&world->failed);
    world_jobs_init(&world->buffered);
    return world;
}

void world_free(struct world *world)
{
    if (world == NULL)
        return;
    PRE(world->unit.arena == NULL);
    for (uint32_t i = 0; i < world->instance_count; i++) {
        bpmn_instance_clear(&world->instances[i]->instance);
        arena_free(world->instances[i]->arena);
    }
    for (uint32_t i = 0; i < world->task_count; i++)
        json_decref(world->tasks[i].details);
    world_clocks_free(world->clocks);
    world_jobs_clear(&world->jobs);
    world_jobs_clear(&world->failed);
    world_jobs_clear(&world->buffered);
    arena_free(world->arena);
    memory_free(world);
}

void world_add(struct world *world, const struct bpmn_document *document)
{
    for (uint32_t i = 0; i < document->model_count; i++) {
        struct world_definition *definition = arena_alloc(world->arena, sizeof(*definition));
        const struct bpmn_model *model = &document->models[i];
        const struct world_definition *before = world_latest(world, model->process_id);

        definition->model = model;
        definition->document = document;
        definition->version = before != NULL ? before->version + 1 : 1;
        definition->id = arena_format(world->arena, "%s:%u:%u", model->process_id,
                                      definition->version, world->definition_count + 1);
        if (world->definition_count == world->definition_capacity) {
            uint32_t capacity = 2 * world->definition_capacity + 8;

            world->definitions =
                arena_grow(world->arena, world->definitions, world->definition_count, capacity,
                           sizeof(struct world_definition *));
            world->definition_capacity = capacity;
        }
        world->definitions[world->definition_count++] = definition;
    }
}

enum status world_open(struct world *world, struct error *ret_error)
{
    enum status status = world_read_starts(world, ret_error);

    world_begin_step(world);
    return status == STATUS_OK ? world_settle(world, STATUS_OK, ret_error) : status;
}

int64_t world_now_us(const struct world *world)
{
    return world->now_us;
}

const struct world_definition *world_latest(const struct world *world, const char *key)
{
    for (uint32_t i = world->definition_count; i > 0; i--) {
        if (strcmp(world->definitions[i - 1]->model->process_id, key) == 0)
            return world->definitions[i - 1];
    }
    return NULL;
}

const struct world_definition *world_definition_at(const struct world *world, uint32_t index)
{
    return index < world->definition_count ? world->definitions[index] : NULL;
}

struct world_instance *world_instance_at(const struct world *world, uint32_t index)
{
    return index < world->instance_count ? world->instances[index] : NULL;
}

struct world_start *world_start_at(const struct world *world, uint32_t index)
{
    return index < world->start_count ? &world->starts[index] : NULL;
}

const struct world_task *world_task_at(const struct world *world, uint32_t index)
{
    return index < world->task_count ? &world->tasks[index] : NULL;
}

const char *world_buffered_at(const struct world *world, uint32_t index)
{
    for (const struct world_job *job = world->buffered.first; job != NULL; job = job->next) {
        if (job->expires_us > world->now_us && index-- == 0)
            return job->name;
    }
    return NULL;
}

static bool visit_token(struct world_wait *at, bool (*visit)(void *, const struct world_wait *),
                        void *context)
{
    for (uint32_t i = 0; i < at->token->wait_count; i++) {
        at->wait = &at->token->waits[i];
        if (!visit(context, at))
            return false;
    }
    return true;
}

void world_visit_waits(const struct world *world,
                       bool (*visit)(void *context, const struct world_wait *wait), void *context)
{
    for (uint32_t i = 0; i < world->instance_count; i++) {
        struct world_wait at = {.instance = world->instances[i]};
        const struct bpmn_instance *instance = &at.instance->instance;

        for (uint32_t s = 0; s < instance->scope_count; s++) {
            at.scope = &instance->scopes[s];
            for (uint32_t t = 0; t < at.scope->token_count; t++) {
                at.token = &at.scope->tokens[t];
                if (!visit_token(&at, visit, context))
                    return;
            }
        }
    }
}

bool world_timer_due(const struct world *world, const struct bpmn_wait *wait, int64_t *ret_due_us)
{
    *ret_due_us = wait->due_us == BPMN_TIMER_BY_CLOCK_US
                      ? world_clocks_due_us(world->clocks, &wait->id)
                      : wait->due_us;
    return *ret_due_us != SLA_OPEN_US;
}

json_t *world_describe_clocks(const struct world *world)
{
    return world_clocks_describe(world->clocks, world->now_us);
}
