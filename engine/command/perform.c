/* Steps: each command against its instance in memory. A command that fails leaves its instance as
 * it was; whether it can simply be left out of the transaction depends on whether a handler already
 * ran SQL for it. */
#include "engine/command/unit.h"

#include "bpmn/iso8601.h"

#include <string.h>

/* ---- one step ---- */

void unit_ask_split(struct unit *unit, const struct error *reason)
{
    unit->must_split = true;
    unit->split_reason = *reason;
}

/* Calls that the new changes ask for and that still wait. */
static void gather_calls(struct unit *unit, struct unit_item *item, struct unit_instance *instance,
                         uint32_t from)
{
    for (uint32_t i = from; i < instance->changes.count; i++) {
        const struct bpmn_change *change = &instance->changes.items[i];

        if (change->kind != BPMN_CHANGE_HANDLER_CALLED ||
            bpmn_instance_waiting(&instance->instance, &change->wait_id, NULL, NULL) == NULL)
            continue;
        unit_call_handler(unit, item, instance, &change->wait_id, change->name,
                          instance->instance.model->elements[change->element].id,
                          &change->token_id);
    }
}

enum status unit_step(struct unit *unit, struct unit_item *item, struct unit_instance *instance,
                      const struct bpmn_command *command, struct error *ret_error)
{
    struct bpmn_env env = {.now_us = unit->now_us,
                           .timers = unit->queue->settings.timers,
                           .ids = unit->queue->settings.ids,
                           .arena = unit->arena,
                           .run_script = unit->queue->settings.run_script,
                           .context = unit->queue->settings.script_context};
    uint32_t from = instance->changes.count;
    enum status status =
        bpmn_step(&env, &instance->instance, command, &instance->changes, ret_error);

    if (status == STATUS_OK && arena_over_limit(unit->arena))
        status = error_set(ret_error, STATUS_TOO_LARGE,
                           "Expected the command to fit %d bytes of memory but it needs more.",
                           LIMIT_UNIT_ARENA_BYTES);
    if (status == STATUS_TOO_LARGE && unit->item_count > 1) {
        /* The memory is the whole unit's: whose fault it is shows when they run apart. */
        unit_ask_split(unit, ret_error);
        return STATUS_OK;
    }
    if (status != STATUS_OK)
        return status;
    instance->stepped = true;
    gather_calls(unit, item, instance, from);
    unit_list_to_follow(unit, instance);
    return STATUS_OK;
}

enum status unit_ready_instance(struct unit *unit, struct unit_instance *instance,
                                struct error *ret_error)
{
    return instance->instance.scope_count == 0 ? unit_build_instance(unit, instance, ret_error)
                                               : STATUS_OK;
}

/* ---- what a command means for its instance ---- */

static enum status not_found(const struct command *command, struct error *ret_error)
{
    static const char *const nouns[] = {
        "a process instance", "a task", "a job", "a timer", "an execution", "an event subscription",
        "a process instance"};
    char id[UUID_TEXT_BYTES];

    if (command->address == ADDRESS_BUSINESS_KEY)
        return error_set(ret_error, STATUS_NOT_FOUND,
                         "Expected a running instance with the business key '%.100s' but there is "
                         "none.",
                         command->business_key);
    return error_set(ret_error, STATUS_NOT_FOUND, "Could not find %s with id '%s'.",
                     nouns[command->address], uuid_format(&command->target, id));
}

/* A user task named by its element: the newest token that waits there. */
static bool find_task_at(struct unit_instance *instance, const char *element_id,
                         struct uuid *ret_task)
{
    for (uint32_t s = instance->instance.scope_count; s > 0; s--) {
        const struct bpmn_scope *scope = &instance->instance.scopes[s - 1];

        for (uint32_t t = scope->token_count; t > 0 && !scope->removed; t--) {
            const struct bpmn_token *token = &scope->tokens[t - 1];

            if (strcmp(instance->instance.model->elements[token->element].id, element_id) != 0)
                continue;
            for (uint32_t w = 0; w < token->wait_count; w++) {
                if (token->waits[w].kind == BPMN_WAIT_TASK) {
                    *ret_task = token->waits[w].id;
                    return true;
                }
            }
        }
    }
    return false;
}

/* A message or signal to one execution: its subscription of that name. */
static bool find_subscription(struct unit_instance *instance, const struct uuid *execution,
                              enum bpmn_wait_kind kind, const char *name,
                              struct uuid *ret_subscription)
{
    struct bpmn_token *token = bpmn_instance_token(&instance->instance, execution, NULL);

    for (uint32_t w = 0; token != NULL && w < token->wait_count; w++) {
        if (token->waits[w].kind == kind && strcmp(token->waits[w].name, name) == 0) {
            *ret_subscription = token->waits[w].id;
            return true;
        }
    }
    return false;
}

static enum status translate(const struct unit_item *item, struct bpmn_command *ret_step,
                             struct error *ret_error)
{
    const struct command *command = item->command;
    bool is_event = command->step == BPMN_RECEIVE_MESSAGE || command->step == BPMN_RECEIVE_SIGNAL;
    struct bpmn_command step = {.kind = command->step,
                                .name = command->name,
                                .reason = command->reason,
                                .user = command->user,
                                .variables = command->variables,
                                .local = command->local,
                                .value = command->value,
                                .early = command->early,
                                .due_us = command->due_us,
                                .from_us = command->from_us};

    switch (command->address) {
    case ADDRESS_TASK:
    case ADDRESS_JOB:
    case ADDRESS_TIMER:
    case ADDRESS_SUBSCRIPTION:
        step.target = command->target;
        break;
    case ADDRESS_EXECUTION:
        if (is_event && uuid_equal(&command->target, &item->instance->id))
            break; /* the instance itself: whoever in it waits */
        if (is_event && !find_subscription(item->instance, &command->target,
                                           command->step == BPMN_RECEIVE_MESSAGE ? BPMN_WAIT_MESSAGE
                                                                                 : BPMN_WAIT_SIGNAL,
                                           command->name, &step.target))
            return error_set(ret_error, STATUS_CONFLICT,
                             "Expected the execution to wait for the %s '%.100s' but it does not.",
                             command->step == BPMN_RECEIVE_MESSAGE ? "message" : "signal",
                             command->name);
        if (!is_event)
            step.target = command->target;
        break;
    case ADDRESS_BUSINESS_KEY:
        if (command->step == BPMN_COMPLETE_TASK &&
            !find_task_at(item->instance, command->name, &step.target))
            return error_set(ret_error, STATUS_CONFLICT,
                             "Expected an open task at '%.100s' but the instance has none.",
                             command->name);
        break;
    case ADDRESS_INSTANCE:
        break;
    }
    *ret_step = step;
    return STATUS_OK;
}

static enum status check_item(const struct unit_item *item, struct error *ret_error)
{
    const struct command *command = item->command;
    char id[UUID_TEXT_BYTES];
    char at[ISO8601_INSTANT_BYTES];

    if (!item->found)
        return not_found(command, ret_error);
    (void)uuid_format(&command->target, id);
    if (item->task_closed)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected task '%s' to be open but it was closed at %s.", id,
                         iso8601_format_instant(item->task_closed_us, at));
    if (item->worker_mismatch)
        return error_set(ret_error, STATUS_FORBIDDEN,
                         "Expected job '%s' to be locked by worker '%.100s' but it is not.", id,
                         command->worker_id);
    if (item->instance->instance.status != BPMN_INSTANCE_ACTIVE &&
        command->address == ADDRESS_TIMER)
        return not_found(command, ret_error);
    if (item->instance->instance.status != BPMN_INSTANCE_ACTIVE)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected process instance '%s' to be active but it has ended.",
                         uuid_format(&item->instance->id, id));
    if (item->instance->suspended && command->step != BPMN_TERMINATE)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected process instance '%s' to be active but it is suspended.",
                         uuid_format(&item->instance->id, id));
    if (item->instance->definition == NULL)
        return error_set(ret_error, STATUS_INTERNAL,
                         "Expected the definition '%.200s' of the instance but it is gone.",
                         item->instance->definition_id);
    if (command->kind == COMMAND_STEP && command->step == BPMN_TERMINATE &&
        !uuid_is_zero(&item->instance->instance.caller_id))
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected a process instance that was started by a caller but '%s' was "
                         "called by another instance, which waits for it: delete that one.",
                         uuid_format(&item->instance->id, id));
    return STATUS_OK;
}

/* ---- commands ---- */

/* What is left in memory is half of something. */
static void drop_changes(struct unit_instance *instance, uint32_t kept)
{
    instance->changes.count = kept;
    instance->spoiled = true;
}

/* A failed step leaves a half-changed instance: the copy made before takes its place. */
static enum status step_or_restore(struct unit *unit, struct unit_item *item,
                                   const struct bpmn_command *step, struct error *ret_error)
{
    struct unit_instance *instance = item->instance;
    struct bpmn_instance before = {0};
    uint32_t changes = instance->changes.count;
    /* A copy of a large one costs more than the rare failure, after which all run apart. */
    bool shared = instance->item_count > 1;
    bool has_copy = shared && instance->instance.scope_count < LIMIT_RESIDENT_SCOPES_MIN;
    enum status status;

    if (has_copy)
        bpmn_instance_clone(&instance->instance, &before, unit->arena);
    status = unit_step(unit, item, instance, step, ret_error);
    if (status == STATUS_OK)
        status = unit_follow(unit, item, instance, ret_error);
    if (!has_copy) {
        /* A command that was turned away has touched nothing. */
        bool touched = status != STATUS_OK && instance->changes.count != changes;

        if (touched && shared)
            unit_ask_split(unit, ret_error);
        if (touched)
            drop_changes(instance, changes);
        return status;
    }
    if (status == STATUS_OK) {
        bpmn_instance_clear(&before);
    } else {
        bpmn_instance_clear(&instance->instance);
        instance->instance = before;
        instance->changes.count = changes;
        instance->seen = changes;
    }
    return status;
}

/* A command that failed after it went on in other instances cannot be taken back alone. */
static enum status fail_shared(struct unit *unit, struct unit_item *item, enum status status,
                               const struct error *error)
{
    if (status == STATUS_OK || unit->must_split)
        return status;
    if (unit->item_count > 1 && item->touched_others) {
        unit_ask_split(unit, error);
        return status;
    }
    /* Alone: nothing of this unit is kept but that the command failed. */
    for (struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        if (instance->item == item || (unit->item_count == 1 && instance->changes.count > 0))
            drop_changes(instance, 0);
    }
    /* A process that it calls is being loaded. */
    if (status == STATUS_BUSY)
        item->state = ITEM_RETRY;
    return status;
}

/* The timer is worked out as the newest version says. */
static enum status find_newest(struct unit *unit, const struct command *command,
                               struct bpmn_command *step, struct error *ret_error)
{
    const struct definition *definition =
        definition_latest(unit->queue->settings.definitions, command->definition_key);

    if (definition == NULL)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected process '%.200s' to have a deployed version but it has none.",
                         command->definition_key);
    step->model = definition->model;
    return STATUS_OK;
}

/* A timer that follows a clock is due when the clock says so. */
static enum status ask_clock(struct unit *unit, struct unit_item *item, struct bpmn_command *step,
                             struct error *ret_error)
{
    struct bpmn_wait *wait = NULL;
    bool is_due = false;

    if (bpmn_instance_waiting(&item->instance->instance, &step->target, NULL, &wait) == NULL ||
        wait->due_us != BPMN_TIMER_BY_CLOCK_US)
        return STATUS_OK;
    if (!item->command->by_clock) {
        /* Nobody had said so: the next load reads the clock. */
        item->command->by_clock = true;
        item->state = ITEM_RETRY;
        return error_set(ret_error, STATUS_BUSY, "The timer's clock has to be read first.");
    }
    if (unit_clock_says(unit, item, unit_loaded_clocks(unit), &is_due, ret_error) != STATUS_OK)
        return ret_error->status;
    step->early = is_due;
    return STATUS_OK;
}

static enum status perform_step(struct unit *unit, struct unit_item *item, struct error *ret_error)
{
    struct bpmn_command step;
    char id[UUID_TEXT_BYTES];
    enum status status = check_item(item, ret_error);

    if (status == STATUS_OK)
        status = unit_ready_instance(unit, item->instance, ret_error);
    if (status == STATUS_OK)
        status = translate(item, &step, ret_error);
    if (status == STATUS_OK && step.kind == BPMN_TRIGGER_TIMER && !step.early) {
        status = ask_clock(unit, item, &step, ret_error);
        if (status != STATUS_OK)
            return status;
    }
    if (status == STATUS_OK && item->command->newest)
        status = find_newest(unit, item->command, &step, ret_error);
    if (status == STATUS_OK)
        status = unit_step_item(unit, item, &step, ret_error);
    if (status == STATUS_NOT_FOUND && item->command->address == ADDRESS_TIMER)
        item->stale_timer = true;
    /* Its row said open, but another command was faster. */
    if (status == STATUS_NOT_FOUND && item->found && item->command->address == ADDRESS_TASK)
        status = error_set(ret_error, STATUS_CONFLICT,
                           "Expected task '%s' to be open but it has just been closed.",
                           uuid_format(&item->command->target, id));
    return status;
}

enum status unit_step_item(struct unit *unit, struct unit_item *item,
                           const struct bpmn_command *step, struct error *ret_error)
{
    enum status status = step_or_restore(unit, item, step, ret_error);

    return fail_shared(unit, item, status, ret_error);
}

enum status unit_new_instance(struct unit *unit, const struct definition *definition,
                              const struct uuid *id, const char *business_key,
                              struct unit_instance **ret_instance, struct error *ret_error)
{
    struct unit_instance *instance;

    if (definition->suspended)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected the process definition '%.200s' to be active but it is "
                         "suspended.",
                         definition->id);
    instance = unit_add_instance(unit, id);
    instance->is_new = true;
    instance->definition = definition;
    definition_pin(unit->queue->settings.definitions, definition);
    instance->definition_id = arena_copy(unit->arena, definition->id);
    bpmn_instance_init(&instance->instance, unit->arena, definition->model, id, definition->id,
                       business_key);
    *ret_instance = instance;
    return STATUS_OK;
}

enum status unit_start_item(struct unit *unit, struct unit_item *item,
                            const struct definition *definition, const char *business_key,
                            const struct bpmn_command *step, struct error *ret_error)
{
    struct uuid id = uuid_next(unit->queue->settings.ids);
    struct unit_instance *instance = NULL;
    enum status status =
        unit_new_instance(unit, definition, &id, business_key, &instance, ret_error);

    if (status != STATUS_OK)
        return status;
    instance->item = item;
    instance->instance_name = item->command->instance_name;
    instance->start_user = item->command->user;
    instance->correlation_id = item->command->correlation_id;
    item->instance = instance;
    item->instance_id = id;
    status = unit_step(unit, item, instance, step, ret_error);
    if (status == STATUS_OK)
        status = unit_follow(unit, item, instance, ret_error);
    return fail_shared(unit, item, status, ret_error);
}

static enum status perform_start(struct unit *unit, struct unit_item *item, struct error *ret_error)
{
    const struct command *command = item->command;
    struct definition_cache *cache = unit->queue->settings.definitions;
    const struct definition *definition = command->definition_id != NULL
                                              ? definition_by_id(cache, command->definition_id)
                                              : definition_latest(cache, command->definition_key);
    struct bpmn_command step = {.kind = BPMN_START,
                                .element = command->element,
                                .definition = command->definition,
                                .user = command->user,
                                .variables = command->variables};

    if (definition == NULL)
        return error_set_field(
            ret_error, STATUS_INVALID,
            command->definition_id != NULL ? "processDefinitionId" : "processDefinitionKey",
            "Expected a deployed process definition with the %s '%.200s' but there is none.",
            command->definition_id != NULL ? "id" : "key",
            command->definition_id != NULL ? command->definition_id : command->definition_key);
    return unit_start_item(unit, item, definition, command->business_key, &step, ret_error);
}

/* An instance that a command has just suspended takes no step but its end. */
static enum status perform_switch(struct unit_item *item, struct error *ret_error)
{
    struct unit_instance *instance = item->instance;
    bool suspend = item->command->kind == COMMAND_SUSPEND;
    char id[UUID_TEXT_BYTES];

    if (!item->found)
        return not_found(item->command, ret_error);
    if (instance->instance.status != BPMN_INSTANCE_ACTIVE)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected process instance '%s' to be active but it has ended.",
                         uuid_format(&instance->id, id));
    if (instance->suspended == suspend)
        return error_set(ret_error, STATUS_CONFLICT, "Process instance '%s' is %s already.",
                         uuid_format(&instance->id, id), suspend ? "suspended" : "active");
    instance->suspended = suspend;
    instance->switched = true;
    return STATUS_OK;
}

/* The instance is written with everything it has. */
static enum status unit_ready_if_known(struct unit *unit, struct unit_item *item,
                                       struct error *ret_error)
{
    if (item->instance->definition == NULL)
        return error_set(ret_error, STATUS_INTERNAL,
                         "Expected the definition '%.200s' of the instance but it is gone.",
                         item->instance->definition_id);
    return unit_ready_instance(unit, item->instance, ret_error);
}

void unit_step_items(struct unit *unit)
{
    for (uint32_t i = 0; i < unit->item_count && !unit->must_split; i++) {
        struct unit_item *item = &unit->items[i];
        enum status status = STATUS_OK;

        if (item->state != ITEM_WAITING)
            continue;
        switch (item->command->kind) {
        case COMMAND_START:
            status = perform_start(unit, item, &item->error);
            break;
        case COMMAND_STEP:
            status = perform_step(unit, item, &item->error);
            break;
        case COMMAND_JOB:
            status = unit_perform_job(unit, item, &item->error);
            break;
        case COMMAND_SUSPEND:
        case COMMAND_ACTIVATE:
            status = item->found ? unit_ready_if_known(unit, item, &item->error) : STATUS_OK;
            if (status == STATUS_OK)
                status = perform_switch(item, &item->error);
            break;
        case COMMAND_MODULE: {
            static const struct uuid none;

            unit_call_handler(unit, item, NULL, &none, item->command->name, NULL, &none);
            break;
        }
        }
        if (item->state == ITEM_WAITING)
            item->state = status == STATUS_OK ? ITEM_STEPPED : ITEM_FAILED;
    }
}
