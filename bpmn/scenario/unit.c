/* One unit of work: steps on copies, which take the place of the instances when all went well. */
#include "bpmn/scenario/world_private.h"

#include "bpmn/base/memory.h"

#include <string.h>

void world_unit_begin(struct world *world)
{
    struct world_unit *unit = &world->unit;

    PRE(unit->arena == NULL);
    *unit = (struct world_unit){.arena = arena_new(WORLD_ARENA_BYTES),
                                .instances_before = world->instance_count};
    bpmn_changes_init(&unit->changes, unit->arena);
}

struct bpmn_instance *world_unit_instance(struct world_instance *instance)
{
    return instance->is_touched ? &instance->work : &instance->instance;
}

static void list_touched(struct world_unit *unit, struct world_instance *instance)
{
    if (unit->touched_count == unit->touched_capacity) {
        uint32_t capacity = 2 * unit->touched_capacity + 8;

        unit->touched = arena_grow(unit->arena, unit->touched, unit->touched_count, capacity,
                                   sizeof(struct world_instance *));
        unit->touched_capacity = capacity;
    }
    unit->touched[unit->touched_count++] = instance;
    instance->is_touched = true;
}

struct bpmn_instance *world_unit_touch(struct world *world, struct world_instance *instance)
{
    if (!instance->is_touched) {
        bpmn_instance_clone(&instance->instance, &instance->work, world->unit.arena);
        list_touched(&world->unit, instance);
    }
    return &instance->work;
}

static void add_segment(struct world_unit *unit, struct world_instance *instance)
{
    if (unit->segment_count == unit->segment_capacity) {
        uint32_t capacity = 2 * unit->segment_capacity + 8;

        unit->segments = arena_grow(unit->arena, unit->segments, unit->segment_count, capacity,
                                    sizeof(*unit->segments));
        unit->segment_capacity = capacity;
    }
    unit->segments[unit->segment_count++] =
        (struct world_segment){.instance = instance, .to = unit->changes.count};
}

struct world_instance *world_unit_owner(const struct world_unit *unit, uint32_t change,
                                        uint32_t *segment)
{
    while (unit->segments[*segment].to <= change)
        (*segment)++;
    return unit->segments[*segment].instance;
}

enum status world_unit_step(struct world *world, struct world_instance *instance,
                            const struct bpmn_command *command, struct error *ret_error)
{
    struct world_unit *unit = &world->unit;
    struct bpmn_env env = {.now_us = world->now_us,
                           .timers = world->callbacks.timers,
                           .ids = &world->ids.source,
                           .arena = unit->arena,
                           .run_script = world->callbacks.run_script,
                           .context = world->callbacks.script_context};
    enum status status =
        bpmn_step(&env, world_unit_touch(world, instance), command, &unit->changes, ret_error);

    if (status == STATUS_OK && arena_over_limit(unit->arena))
        return error_set(ret_error, STATUS_TOO_LARGE,
                         "Expected the step to fit %d bytes of memory but it needs more.",
                         WORLD_ARENA_BYTES);
    if (status == STATUS_OK)
        add_segment(unit, instance);
    return status;
}

enum status world_unit_new_instance(struct world *world, const struct world_definition *definition,
                                    const struct uuid *id, const char *business_key,
                                    struct world_instance **ret_instance, struct error *ret_error)
{
    struct world_instance *instance;

    if (world->instance_count == WORLD_INSTANCES_MAX)
        return error_set(ret_error, STATUS_TOO_LARGE,
                         "Expected at most %d process instances in a test but there are more.",
                         WORLD_INSTANCES_MAX);
    if (world->instance_count == world->instance_capacity) {
        uint32_t capacity = 2 * world->instance_capacity + 16;

        world->instances = arena_grow(world->arena, world->instances, world->instance_count,
                                      capacity, sizeof(*world->instances));
        world->instance_capacity = capacity;
    }
    instance = arena_alloc(world->arena, sizeof(*instance));
    instance->definition = definition;
    instance->number = world->instance_count;
    bpmn_instance_init(&instance->work, world->unit.arena, definition->model, id, definition->id,
                       business_key);
    list_touched(&world->unit, instance);
    world->instances[world->instance_count++] = instance;
    *ret_instance = instance;
    return STATUS_OK;
}

/* ---- the end ---- */

/* A handler's call is never stored: in the service it is answered in the same transaction. */
static bool is_called(const struct bpmn_instance *instance)
{
    for (uint32_t s = 0; s < instance->scope_count; s++) {
        const struct bpmn_scope *scope = &instance->scopes[s];

        for (uint32_t t = 0; !scope->removed && t < scope->token_count; t++) {
            for (uint32_t w = 0; w < scope->tokens[t].wait_count; w++) {
                if (scope->tokens[t].waits[w].kind == BPMN_WAIT_HANDLER)
                    return true;
            }
        }
    }
    return false;
}

static void copy(const struct bpmn_instance *from, struct bpmn_instance *to, struct arena *arena)
{
    bpmn_instance_clone(from, to, arena);
    bpmn_instance_own_texts(to);
    bpmn_instance_saved(to);
}

/* Through its stored form, as a service would that is started again. */
static enum status store_and_load(const struct bpmn_instance *from, struct bpmn_instance *to,
                                  struct arena *arena, struct error *ret_error)
{
    enum status status = STATUS_OK;

    bpmn_instance_init(to, arena, from->model, &from->id, from->definition_id, from->business_key);
    for (uint32_t i = 0; i < from->scope_count && status == STATUS_OK; i++) {
        const struct bpmn_scope *scope = &from->scopes[i];
        const char *element_id =
            scope->element == BPMN_NONE ? NULL : from->model->elements[scope->element].id;
        json_t *state;

        if (scope->removed)
            continue;
        state = bpmn_scope_state(from, scope);
        status = bpmn_instance_load_scope(to, &scope->id, &scope->parent_id, &scope->token_id,
                                          element_id, state, scope->variables, ret_error);
        json_decref(state);
    }
    bpmn_instance_saved(to);
    return status;
}

static enum status renew(struct bpmn_instance *work, struct bpmn_instance *ret_fresh,
                         struct arena *arena, struct error *ret_error)
{
    enum status status = STATUS_OK;

    if (is_called(work))
        copy(work, ret_fresh, arena);
    else
        status = store_and_load(work, ret_fresh, arena, ret_error);
    ret_fresh->caller_id = work->caller_id;
    ret_fresh->status = work->status;
    ret_fresh->started_us = work->started_us;
    ret_fresh->ended_us = work->ended_us;
    ret_fresh->end_element_id = work->end_element_id;
    ret_fresh->delete_reason = arena_copy(arena, work->delete_reason);
    ret_fresh->error_code = arena_copy(arena, work->error_code);
    return status;
}

/* What the touched instances have become; the work stays at hand until its changes are told. */
static enum status renew_all(struct world_unit *unit, struct error *ret_error)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < unit->touched_count && status == STATUS_OK; i++) {
        struct world_instance *instance = unit->touched[i];

        instance->fresh_arena = arena_new(WORLD_ARENA_BYTES);
        status = renew(&instance->work, &instance->fresh, instance->fresh_arena, ret_error);
    }
    return status;
}

static void drop(struct bpmn_instance *instance, struct arena **arena)
{
    if (*arena != NULL)
        bpmn_instance_clear(instance);
    arena_free(*arena);
    *arena = NULL;
}

/* What it was is dropped last: changes borrow texts of it. */
static void keep(struct world_instance *instance)
{
    struct bpmn_instance before = instance->instance;
    struct arena *arena = instance->arena;

    instance->instance = instance->fresh;
    instance->arena = instance->fresh_arena;
    instance->fresh = before;
    instance->fresh_arena = arena;
}

static json_t *list(const char **items, uint32_t count)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < count; i++)
        (void)json_array_append_new(array, json_string(items[i]));
    return array;
}

static json_t *describe_task(const struct bpmn_element *element,
                             const struct bpmn_task_details *task)
{
    char due[ISO8601_INSTANT_BYTES];

    return json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:i, s:o, s:o}", "element",
                     element->id, "name", task->name, "description", task->description, "assignee",
                     task->assignee, "owner", task->owner, "category", task->category, "formKey",
                     task->form_key, "dueDate",
                     task->has_due ? iso8601_format_instant(task->due_us, due) : NULL, "priority",
                     (int)task->priority, "candidateUsers",
                     list(task->candidate_users, task->candidate_user_count), "candidateGroups",
                     list(task->candidate_groups, task->candidate_group_count));
}

static void add_task(struct world *world, const struct world_instance *instance,
                     const struct bpmn_change *change)
{
    const struct bpmn_element *element = &instance->definition->model->elements[change->element];

    if (world->task_count == world->task_capacity) {
        uint32_t capacity = 2 * world->task_capacity + 16;

        world->tasks = arena_grow(world->arena, world->tasks, world->task_count, capacity,
                                  sizeof(*world->tasks));
        world->task_capacity = capacity;
    }
    world->tasks[world->task_count++] =
        (struct world_task){.id = change->wait_id,
                            .instance = instance,
                            .element = element,
                            .details = describe_task(element, change->task)};
}

static void remove_task(struct world *world, const struct uuid *id)
{
    uint32_t at = 0;

    while (at < world->task_count && !uuid_equal(&world->tasks[at].id, id))
        at++;
    INVARIANT(at < world->task_count);
    json_decref(world->tasks[at].details);
    world->task_count--;
    memmove(&world->tasks[at], &world->tasks[at + 1],
            (world->task_count - at) * sizeof(*world->tasks));
}

static void tell_changes(struct world *world)
{
    const struct world_unit *unit = &world->unit;
    uint32_t segment = 0;

    for (uint32_t i = 0; i < unit->changes.count; i++) {
        const struct bpmn_change *change = &unit->changes.items[i];
        struct world_instance *instance = world_unit_owner(unit, i, &segment);

        if (change->kind == BPMN_CHANGE_TASK_CREATED)
            add_task(world, instance, change);
        if (change->kind == BPMN_CHANGE_TASK_COMPLETED ||
            change->kind == BPMN_CHANGE_TASK_CANCELLED)
            remove_task(world, &change->wait_id);
        world_jobs_note(world, instance, change);
        world_clocks_note(world->clocks, instance, change);
        if (world->callbacks.on_change != NULL)
            world->callbacks.on_change(world->callbacks.context, instance, change);
    }
}

/* Instances are subjects, too; then timers that follow clocks are due anew. */
static enum status look_at_clocks(struct world *world, struct error *ret_error)
{
    const struct world_unit *unit = &world->unit;
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < unit->touched_count && status == STATUS_OK; i++)
        status = world_clocks_instance(world->clocks, unit->touched[i], world->now_us, ret_error);
    return status == STATUS_OK ? world_clocks_look(world->clocks, world->now_us, ret_error)
                               : status;
}

enum status world_unit_end(struct world *world, enum status status, struct error *ret_error)
{
    struct world_unit *unit = &world->unit;

    if (status == STATUS_OK)
        status = world_clocks_apply(world->clocks, world->now_us, ret_error);
    else
        world_clocks_drop(world->clocks);
    if (status == STATUS_OK)
        status = renew_all(unit, ret_error);
    for (uint32_t i = 0; i < unit->touched_count && status == STATUS_OK; i++)
        keep(unit->touched[i]);
    if (status == STATUS_OK) {
        tell_changes(world);
        status = look_at_clocks(world, ret_error);
    } else {
        world->instance_count = unit->instances_before;
    }
    for (uint32_t i = 0; i < unit->touched_count; i++) {
        struct world_instance *instance = unit->touched[i];

        drop(&instance->fresh, &instance->fresh_arena);
        bpmn_instance_clear(&instance->work);
        instance->is_touched = false;
    }
    arena_free(unit->arena);
    unit->arena = NULL;
    return status;
}

enum status world_unit_run(struct world *world, struct world_instance *instance,
                           const struct bpmn_command *command, struct error *ret_error)
{
    enum status status;

    world_unit_begin(world);
    status = world_unit_step(world, instance, command, ret_error);
    if (status == STATUS_OK)
        status = world_unit_follow(world, ret_error);
    return world_unit_end(world, status, ret_error);
}

enum status world_unit_run_start(struct world *world, const struct world_definition *definition,
                                 const char *business_key, const struct bpmn_command *command,
                                 struct error *ret_error)
{
    struct uuid id = uuid_next(&world->ids.source);
    struct world_instance *instance = NULL;
    enum status status;

    world_unit_begin(world);
    status = world_unit_new_instance(world, definition, &id, business_key, &instance, ret_error);
    if (status == STATUS_OK)
        status = world_unit_step(world, instance, command, ret_error);
    if (status == STATUS_OK)
        status = world_unit_follow(world, ret_error);
    return world_unit_end(world, status, ret_error);
}
