/* Virtual time: what is due happens in the order of due dates, ties in the order of creation; jobs
 * happen at once. */
#include "bpmn/scenario/world_private.h"

#include <string.h>

/* The next timer: of an instance, or of a start event. */
struct next_timer {
    const struct world *world;
    struct world_wait at; /* wait NULL: none */
    struct world_start *start;
    int64_t due_us;
};

static bool is_dead(const struct world *world, const struct uuid *id)
{
    for (uint32_t i = 0; i < world->dead_count; i++) {
        if (uuid_equal(&world->dead_timers[i], id))
            return true;
    }
    return false;
}

static bool look_at_timer(void *context, const struct world_wait *at)
{
    struct next_timer *next = context;
    int64_t due_us;

    if (at->wait->kind != BPMN_WAIT_TIMER || !world_timer_due(next->world, at->wait, &due_us) ||
        is_dead(next->world, &at->wait->id))
        return true;
    if ((next->at.wait == NULL && next->start == NULL) || due_us < next->due_us ||
        (next->at.wait != NULL && due_us == next->due_us &&
         uuid_compare(&at->wait->id, &next->at.wait->id) < 0)) {
        next->at = *at;
        next->start = NULL;
        next->due_us = due_us;
    }
    return true;
}

static bool find_next(struct world *world, int64_t until_us, struct next_timer *ret_next)
{
    *ret_next = (struct next_timer){.world = world};
    for (uint32_t i = 0; i < world->start_count; i++) {
        struct world_start *start = &world->starts[i];

        if (start->event->kind != BPMN_EVENT_TIMER || start->plan.never || start->is_dead)
            continue;
        if (ret_next->start == NULL || start->plan.due_us < ret_next->due_us) {
            ret_next->start = start;
            ret_next->due_us = start->plan.due_us;
        }
    }
    world_visit_waits(world, look_at_timer, ret_next);
    return (ret_next->at.wait != NULL || ret_next->start != NULL) && ret_next->due_us <= until_us;
}

static void add_dead(struct world *world, const struct uuid *id)
{
    if (is_dead(world, id))
        return;
    if (world->dead_count == world->dead_capacity) {
        uint32_t capacity = 2 * world->dead_capacity + 8;

        world->dead_timers = arena_grow(world->arena, world->dead_timers, world->dead_count,
                                        capacity, sizeof(*world->dead_timers));
        world->dead_capacity = capacity;
    }
    world->dead_timers[world->dead_count++] = *id;
}

/* Who waits for it, and where in the model, so that a failure can be found. */
static enum status fire(struct world *world, const struct world_wait *at, struct error *ret_error)
{
    struct bpmn_command command = {.kind = BPMN_TRIGGER_TIMER,
                                   .target = at->wait->id,
                                   .early = at->wait->due_us == BPMN_TIMER_BY_CLOCK_US};
    const struct bpmn_element *element =
        &at->instance->definition->model->elements[at->wait->element];
    enum status status = world_unit_run(world, at->instance, &command, ret_error);

    if (status == STATUS_OK)
        return STATUS_OK;
    add_dead(world, &command.target);
    if (ret_error->element_id[0] == '\0')
        (void)error_at(ret_error, element->id, element->line, element->column);
    return status;
}

static enum status fire_start(struct world *world, struct world_start *start,
                              struct error *ret_error)
{
    struct bpmn_command command = {
        .kind = BPMN_START, .element = start->element->id, .definition = start->index};
    enum status status = world_unit_run_start(world, start->definition, NULL, &command, ret_error);

    if (status != STATUS_OK) {
        start->is_dead = true;
        return status;
    }
    return timer_plan_next(start->plan.repeat, start->plan.repeats_left, &start->place,
                           start->plan.due_us, world->now_us, &start->plan, ret_error);
}

/* ---- settling ---- */

void world_begin_step(struct world *world)
{
    world->units_left = WORLD_UNITS_MAX;
}

static enum status spend_unit(struct world *world, struct error *ret_error)
{
    char now[ISO8601_INSTANT_BYTES];

    if (arena_over_limit(world->arena))
        return error_set(ret_error, STATUS_TOO_LARGE,
                         "Expected the case to fit %d bytes of memory but it needs more.",
                         WORLD_ARENA_BYTES);
    if (world->units_left > 0) {
        world->units_left--;
        return STATUS_OK;
    }
    return error_set(ret_error, STATUS_FAILED,
                     "Expected the processes to come to rest after at most %d timers and jobs in "
                     "one step but they go on; in the test it is %s. Advance in smaller steps, or "
                     "leave out the files whose timers are not tested.",
                     WORLD_UNITS_MAX, iso8601_format_instant(world->now_us, now));
}

/* One unit that can be done now; false when there is none. */
static bool do_next(struct world *world, enum status *ret_status, struct error *ret_error)
{
    struct world_job *job = world_jobs_take(&world->jobs);
    struct next_timer next;

    if (job != NULL) {
        *ret_status = world_job_run(world, job, ret_error);
        return true;
    }
    if (world->look_in_buffer) {
        world->look_in_buffer = world_look_in_buffer(world, ret_status, ret_error);
        return true;
    }
    if (!find_next(world, world->now_us, &next))
        return false;
    *ret_status = next.start != NULL ? fire_start(world, next.start, ret_error)
                                     : fire(world, &next.at, ret_error);
    return true;
}

enum status world_settle(struct world *world, enum status status, struct error *ret_error)
{
    enum status first = status;

    world_forget_expired(world);
    for (;;) {
        struct error error = {0};

        status = spend_unit(world, &error);
        if (status != STATUS_OK && first == STATUS_OK)
            *ret_error = error;
        if (status != STATUS_OK)
            return first == STATUS_OK ? status : first;
        if (!do_next(world, &status, &error))
            return first;
        if (status != STATUS_OK && first == STATUS_OK) {
            first = status;
            *ret_error = error;
        }
    }
}

/* ---- what a test does ---- */

enum status world_pass_until(struct world *world, int64_t until_us, struct error *ret_error)
{
    struct next_timer next;
    enum status status = STATUS_OK;

    PRE(until_us >= world->now_us);
    world_begin_step(world);
    while (world->units_left > 0 && find_next(world, until_us, &next)) {
        if (next.due_us > world->now_us)
            world->now_us = next.due_us;
        status = world_settle(world, status, ret_error);
    }
    if (world->units_left > 0)
        world->now_us = until_us;
    return world_settle(world, status, ret_error);
}

enum status world_start(struct world *world, const struct world_definition *definition,
                        const char *business_key, const struct bpmn_command *command,
                        struct error *ret_error)
{
    PRE(command->kind == BPMN_START);
    world_begin_step(world);
    return world_settle(world,
                        world_unit_run_start(world, definition, business_key, command, ret_error),
                        ret_error);
}

enum status world_step(struct world *world, struct world_instance *instance,
                       const struct bpmn_command *command, struct error *ret_error)
{
    world_begin_step(world);
    return world_settle(world, world_unit_run(world, instance, command, ret_error), ret_error);
}

enum status world_change_subject(struct world *world, const json_t *change, struct error *ret_error)
{
    enum status status;

    world_begin_step(world);
    world_clocks_pend(world->clocks, change);
    status = world_clocks_apply(world->clocks, world->now_us, ret_error);
    if (status == STATUS_OK)
        status = world_clocks_look(world->clocks, world->now_us, ret_error);
    return world_settle(world, status, ret_error);
}

/* As in the service, where "run it now" sets its due date to now. */
enum status world_fire(struct world *world, const struct world_wait *timer, struct error *ret_error)
{
    struct bpmn_command command = {.kind = BPMN_TRIGGER_TIMER, .target = timer->wait->id};
    struct bpmn_wait *wait = NULL;
    enum status status;

    world_begin_step(world);
    world_unit_begin(world);
    if (bpmn_instance_waiting(world_unit_touch(world, timer->instance), &command.target, NULL,
                              &wait) == NULL)
        UNREACHABLE();
    wait->due_us = world->now_us;
    status = world_unit_step(world, timer->instance, &command, ret_error);
    if (status == STATUS_OK)
        status = world_unit_follow(world, ret_error);
    return world_settle(world, world_unit_end(world, status, ret_error), ret_error);
}

enum status world_fire_start(struct world *world, struct world_start *start,
                             struct error *ret_error)
{
    world_begin_step(world);
    start->plan.due_us = world->now_us;
    return world_settle(world, fire_start(world, start, ret_error), ret_error);
}

/* ---- retrying ---- */

struct dead_timer {
    const struct world *world;
    const char *element_id;
    struct world_wait at; /* wait NULL: not found */
};

static bool look_at_dead(void *context, const struct world_wait *at)
{
    struct dead_timer *dead = context;
    const char *id = at->instance->definition->model->elements[at->wait->element].id;

    if (at->wait->kind != BPMN_WAIT_TIMER || strcmp(id, dead->element_id) != 0 ||
        !is_dead(dead->world, &at->wait->id))
        return true;
    dead->at = *at;
    return false;
}

static bool revive_timer(struct world *world, const char *element_id)
{
    struct dead_timer dead = {.world = world, .element_id = element_id};

    world_visit_waits(world, look_at_dead, &dead);
    for (uint32_t i = 0; dead.at.wait != NULL && i < world->dead_count; i++) {
        if (uuid_equal(&world->dead_timers[i], &dead.at.wait->id)) {
            world->dead_timers[i] = world->dead_timers[--world->dead_count];
            return true;
        }
    }
    for (uint32_t i = 0; i < world->start_count; i++) {
        struct world_start *start = &world->starts[i];

        if (start->is_dead && strcmp(start->element->id, element_id) == 0) {
            start->is_dead = false;
            return true;
        }
    }
    return false;
}

static bool revive_job(struct world *world, const char *element_id)
{
    struct world_jobs all = world->failed;
    struct world_job *job;
    bool is_found = false;

    world_jobs_init(&world->failed);
    while ((job = world_jobs_take(&all)) != NULL) {
        bool fits = !is_found && job->element != NULL && strcmp(job->element->id, element_id) == 0;

        world_jobs_append(fits ? &world->jobs : &world->failed, job);
        is_found = is_found || fits;
    }
    return is_found;
}

enum status world_retry(struct world *world, const char *element_id, struct error *ret_error)
{
    world_begin_step(world);
    if (!revive_job(world, element_id) && !revive_timer(world, element_id))
        return error_set(ret_error, STATUS_NOT_FOUND,
                         "Expected a job or a timer of '%.200s' to have failed but none has.",
                         element_id);
    return world_settle(world, STATUS_OK, ret_error);
}
