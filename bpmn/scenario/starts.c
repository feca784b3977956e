/* What starts processes without a caller: the start events of the latest versions. */
#include "bpmn/scenario/world_private.h"

#include <string.h>

/* There are no variables before there is an instance. */
static const json_t *no_variable(const struct expression_scope *scope, const char *name)
{
    (void)scope;
    (void)name;
    return NULL;
}

static enum status evaluate(struct world *world, const struct world_start *start,
                            const struct expression *expression, const char *what,
                            const char **ret_text, struct error *ret_error)
{
    struct expression_scope scope = {.lookup = no_variable, .now_us = world->now_us};
    enum status status = expression_string(expression, &scope, world->arena, ret_text, ret_error);

    if (status == STATUS_OK && *ret_text == NULL)
        status = error_set(ret_error, STATUS_FAILED, "It is empty.");
    if (status == STATUS_OK)
        return STATUS_OK;
    (void)error_prefix(ret_error, "The %s of '%s', which starts the process", what,
                       start->element->id);
    return error_at(ret_error, start->element->id, start->element->line, start->element->column);
}

static enum status read_timer(struct world *world, struct world_start *start,
                              struct error *ret_error)
{
    const char *text = NULL;
    enum status status = evaluate(world, start, start->event->timer, "timer", &text, ret_error);

    if (status != STATUS_OK)
        return status;
    status =
        timer_place_find(world->callbacks.timers, start->event->time_zone, start->event->calendar,
                         start->event->end_of_day, &start->place, ret_error);
    if (status == STATUS_OK)
        status = timer_plan(start->event->timer_kind, text, true, &start->place, world->now_us,
                            world->arena, &start->plan, ret_error);
    if (status == STATUS_OK)
        return STATUS_OK;
    return error_at(ret_error, start->element->id, start->element->line, start->element->column);
}

static enum status read_start(struct world *world, struct world_start *start,
                              struct error *ret_error)
{
    switch (start->event->kind) {
    case BPMN_EVENT_MESSAGE:
    case BPMN_EVENT_SIGNAL:
        return evaluate(world, start, start->event->name, "name", &start->name, ret_error);
    case BPMN_EVENT_TIMER:
        return read_timer(world, start, ret_error);
    default:
        return STATUS_OK;
    }
}

static enum status add_element(struct world *world, const struct world_definition *definition,
                               const struct bpmn_element *element, struct error *ret_error)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < element->events.count && status == STATUS_OK; i++) {
        struct world_start start = {.definition = definition,
                                    .element = element,
                                    .index = i,
                                    .event = &element->events.items[i]};

        status = read_start(world, &start, ret_error);
        if (world->start_count == world->start_capacity) {
            uint32_t capacity = 2 * world->start_capacity + 8;

            world->starts = arena_grow(world->arena, world->starts, world->start_count, capacity,
                                       sizeof(*world->starts));
            world->start_capacity = capacity;
        }
        world->starts[world->start_count++] = start;
    }
    return status;
}

static enum status add_definition(struct world *world, const struct world_definition *definition,
                                  struct error *ret_error)
{
    const struct bpmn_model *model = definition->model;
    const struct bpmn_index_list *starts = &model->container.triggered_starts;
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < starts->count && status == STATUS_OK; i++) {
        const struct bpmn_element *element = &model->elements[starts->items[i]];

        if (element->type != BPMN_EVENT_BASED_GATEWAY) {
            status = add_element(world, definition, element, ret_error);
            continue;
        }
        for (uint32_t j = 0; j < element->outgoing_count && status == STATUS_OK; j++) {
            uint32_t target = model->flows[element->outgoing[j]].target;

            status = add_element(world, definition, &model->elements[target], ret_error);
        }
    }
    return status;
}

enum status world_read_starts(struct world *world, struct error *ret_error)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < world->definition_count && status == STATUS_OK; i++) {
        const struct world_definition *definition = world->definitions[i];

        if (world_latest(world, definition->model->process_id) == definition)
            status = add_definition(world, definition, ret_error);
    }
    return status;
}

/* ---- conditions, looked at on request ---- */

struct condition_scope {
    struct expression_scope scope;
    const json_t *variables;
};

static const json_t *lookup(const struct expression_scope *scope, const char *name)
{
    return json_object_get(CONTAINER_OF(scope, struct condition_scope, scope)->variables, name);
}

/* One that cannot be evaluated with these variables is not true of them. */
static bool holds(const struct world *world, const struct world_start *start,
                  const json_t *variables)
{
    struct condition_scope scope = {.scope = {.lookup = lookup, .now_us = world->now_us},
                                    .variables = variables};
    struct error error;
    bool value = false;

    return start->event->kind == BPMN_EVENT_CONDITIONAL && start->event->condition != NULL &&
           expression_condition(start->event->condition, &scope.scope, &value, &error) ==
               STATUS_OK &&
           value;
}

enum status world_look_at_starts(struct world *world, const char *business_key,
                                 const json_t *variables, struct error *ret_error)
{
    world_begin_step(world);
    for (uint32_t i = 0; i < world->start_count; i++) {
        struct world_start *start = &world->starts[i];
        struct world_job *job;

        if (!holds(world, start, variables))
            continue;
        job = world_jobs_add(world, &world->jobs);
        job->kind = JOB_START;
        job->start = start;
        job->element = start->element;
        job->business_key = arena_copy(world->arena, business_key);
        job->variables = json_incref((json_t *)variables);
    }
    return world_settle(world, STATUS_OK, ret_error);
}
