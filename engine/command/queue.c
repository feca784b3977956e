/* Admission and order: callers in one line, timers in another, halves of failed batches in front.
 * Units start from the loop, so that what is submitted in one turn of it becomes one batch. */
#include "engine/command/unit.h"

#include "bpmn/base/memory.h"
#include "engine/base/clock.h"

#include <string.h>

static void kick(struct command_queue *queue);

struct command_queue *command_queue_new(const struct command_queue_settings *settings)
{
    struct command_queue *queue = memory_zero(1, sizeof(*queue));
    int result;

    PRE(settings->lanes > 0 && settings->batch_max > 0);
    queue->settings = *settings;
    if (queue->settings.wait_max_ms == 0)
        queue->settings.wait_max_ms = LIMIT_COMMAND_WAIT_MS;
    queue->residents = residents_new(settings->definitions);
    queue->lanes = memory_zero(settings->lanes, sizeof(*queue->lanes));
    for (uint32_t i = 0; i < settings->lanes; i++)
        unit_init(&queue->lanes[i], queue);
    result = uv_timer_init(settings->loop, &queue->retry);
    INVARIANT(result == 0);
    result = uv_idle_init(settings->loop, &queue->kick);
    INVARIANT(result == 0);
    queue->retry.data = queue->kick.data = queue;
    return queue;
}

uint32_t command_queue_waiting(const struct command_queue *queue)
{
    return queue->waiting;
}

/* What the engine asks of itself: a herd of it leaves callers their half. */
static bool is_timer(const struct command *command)
{
    return command->kind == COMMAND_JOB ||
           (command->kind == COMMAND_STEP && command->step == BPMN_TRIGGER_TIMER);
}

static void append(struct command_queue *queue, struct command *command)
{
    struct command **first = is_timer(command) ? &queue->first_timer : &queue->first;
    struct command **last = is_timer(command) ? &queue->last_timer : &queue->last;

    command->next = NULL;
    if (*first == NULL)
        *first = command;
    else
        (*last)->next = command;
    *last = command;
}

static void prepend(struct command_queue *queue, struct command *command)
{
    struct command **first = is_timer(command) ? &queue->first_timer : &queue->first;
    struct command **last = is_timer(command) ? &queue->last_timer : &queue->last;

    command->next = *first;
    if (*first == NULL)
        *last = command;
    *first = command;
}

enum status command_submit(struct command_queue *queue, struct command *command,
                           struct error *ret_error)
{
    PRE(command->on_done != NULL);
    if (queue->draining)
        return error_set(ret_error, STATUS_BUSY, "The engine is stopping: try another node.");
    if (queue->waiting >= queue->settings.waiting_max)
        return error_set(ret_error, STATUS_BUSY,
                         "The engine has %u commands waiting, which is its limit: try again soon.",
                         queue->settings.waiting_max);
    command->submitted_us = clock_monotonic_us();
    command->attempts = command->deadlocks = 0;
    queue->waiting++;
    append(queue, command);
    kick(queue);
    return STATUS_OK;
}

/* ---- what comes back ---- */

static void on_retry(uv_timer_t *timer)
{
    struct command_queue *queue = timer->data;
    struct command *reversed = NULL;

    /* The last goes in front first, so that they keep their order. */
    while (queue->first_retry != NULL) {
        struct command *command = queue->first_retry;

        queue->first_retry = command->next;
        command->next = reversed;
        reversed = command;
    }
    queue->last_retry = NULL;
    while (reversed != NULL) {
        struct command *command = reversed;

        reversed = command->next;
        prepend(queue, command);
    }
    kick(queue);
}

void queue_again(struct command_queue *queue, struct command *command)
{
    prepend(queue, command);
    kick(queue);
}

/* An eighth of the time that it has waited already, within the limits. */
static uint64_t retry_delay_ms(const struct command_queue *queue, const struct command *command)
{
    int64_t delay_ms = (clock_monotonic_us() - command->submitted_us) / 8000;

    if (delay_ms > LIMIT_RETRY_MAX_MS || pg_pool_open(queue->settings.pool) == 0)
        return LIMIT_RETRY_MAX_MS;
    return delay_ms < LIMIT_RETRY_MS ? LIMIT_RETRY_MS : (uint64_t)delay_ms;
}

void queue_later(struct command_queue *queue, struct command *command)
{
    uint64_t delay_ms = retry_delay_ms(queue, command);
    int result;

    command->next = NULL;
    if (queue->first_retry == NULL)
        queue->first_retry = command;
    else
        queue->last_retry->next = command;
    queue->last_retry = command;
    if (uv_is_active((uv_handle_t *)&queue->retry) &&
        uv_timer_get_due_in(&queue->retry) <= delay_ms)
        return;
    result = uv_timer_start(&queue->retry, on_retry, delay_ms, 0);
    INVARIANT(result == 0);
}

int64_t queue_command_wait_us(const struct command_queue *queue)
{
    return (int64_t)queue->settings.wait_max_ms * 1000;
}

static void push_split(struct command_queue *queue, struct command **commands, uint32_t count)
{
    struct batch_split *split = memory_alloc(sizeof(*split) + count * sizeof(*commands));

    split->count = count;
    memcpy(split->commands, commands, count * sizeof(*commands));
    split->next = queue->splits;
    queue->splits = split;
}

void queue_split(struct command_queue *queue, struct command **commands, uint32_t count)
{
    uint32_t half = count / 2;

    PRE(count > 0);
    push_split(queue, commands + half, count - half);
    if (half > 0)
        push_split(queue, commands, half);
    kick(queue);
}

void queue_finish(struct command_queue *queue, struct command *command, enum status status,
                  const struct error *error, const struct command_result *result,
                  const struct uuid *instance_id, const char *correlation_id)
{
    observe_command(command, status, error, instance_id, correlation_id,
                    clock_monotonic_us() - command->submitted_us);
    queue->waiting--;
    command->result = result;
    command->on_done(command, status, error);
}

/* ---- batches ---- */

static struct command *take(struct command **first, struct command **last)
{
    struct command *command = *first;

    *first = command->next;
    if (*first == NULL)
        *last = NULL;
    command->next = NULL;
    return command;
}

static uint32_t gather(struct command_queue *queue, struct command **ret_commands)
{
    uint32_t limit = queue->settings.batch_max;
    uint32_t timers = limit;
    uint32_t count = 0;
    struct batch_split *split = queue->splits;

    if (split != NULL) {
        queue->splits = split->next;
        count = split->count;
        memcpy(ret_commands, split->commands, count * sizeof(*ret_commands));
        memory_free(split);
        return count;
    }
    if (queue->first != NULL) {
        /* The odd place goes round, so that callers get some even of batches of one. */
        timers = (limit + (queue->odd_is_timers ? 1 : 0)) / 2;
        queue->odd_is_timers = !queue->odd_is_timers;
    }
    while (queue->first_timer != NULL && count < timers)
        ret_commands[count++] = take(&queue->first_timer, &queue->last_timer);
    while (queue->first != NULL && count < limit)
        ret_commands[count++] = take(&queue->first, &queue->last);
    return count;
}

static struct unit *idle_lane(struct command_queue *queue)
{
    for (uint32_t i = 0; i < queue->settings.lanes; i++) {
        if (queue->lanes[i].state == UNIT_IDLE)
            return &queue->lanes[i];
    }
    return NULL;
}

static void check_drained(struct command_queue *queue)
{
    void (*on_drained)(void *context) = queue->on_drained;

    if (!queue->draining || queue->waiting > 0 || on_drained == NULL)
        return;
    for (uint32_t i = 0; i < queue->settings.lanes; i++) {
        if (queue->lanes[i].state != UNIT_IDLE)
            return;
    }
    queue->on_drained = NULL;
    on_drained(queue->drained_context);
}

static void on_kick(uv_idle_t *idle)
{
    struct command_queue *queue = idle->data;
    struct command *commands[1024];
    struct unit *lane;
    uint32_t count;

    (void)uv_idle_stop(&queue->kick);
    observe_waiting(queue->waiting);
    PRE(queue->settings.batch_max <= COUNT_OF(commands));
    while ((lane = idle_lane(queue)) != NULL && (count = gather(queue, commands)) > 0)
        unit_run(lane, commands, count);
}

static void kick(struct command_queue *queue)
{
    int result = uv_idle_start(&queue->kick, on_kick);

    INVARIANT(result == 0);
}

void queue_unit_done(struct command_queue *queue)
{
    observe_waiting(queue->waiting);
    if (queue->first != NULL || queue->first_timer != NULL || queue->splits != NULL)
        kick(queue);
    check_drained(queue);
}

void command_queue_drain(struct command_queue *queue, void (*on_drained)(void *context),
                         void *context)
{
    PRE(!queue->draining);
    queue->draining = true;
    queue->on_drained = on_drained;
    queue->drained_context = context;
    check_drained(queue);
}

/* ---- end: the handles close on the loop, the memory goes with the last of them ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct command_queue *queue = handle->data;

    if (--queue->handles > 0)
        return;
    memory_free(queue->lanes);
    memory_free(queue);
}

static void on_unit_closed(uv_handle_t *handle)
{
    struct unit *unit = handle->data;

    arena_free(unit->arena);
    text_deinit(&unit->json);
    handle->data = unit->queue;
    on_handle_closed(handle);
}

void command_queue_free(struct command_queue *queue)
{
    if (queue == NULL)
        return;
    PRE(queue->waiting == 0);
    residents_free(queue->residents);
    queue->handles = 2 + queue->settings.lanes;
    uv_close((uv_handle_t *)&queue->retry, on_handle_closed);
    uv_close((uv_handle_t *)&queue->kick, on_handle_closed);
    for (uint32_t i = 0; i < queue->settings.lanes; i++) {
        INVARIANT(queue->lanes[i].state == UNIT_IDLE);
        uv_close((uv_handle_t *)&queue->lanes[i].timer, on_unit_closed);
    }
}
