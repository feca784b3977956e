/* Handler calls: gathered by topic, prepared into one pipeline under each module's role, answered,
 * and stepped on; rounds until nobody waits. */
#include "engine/audit/actor.h"
#include "engine/command/unit.h"

#include <string.h>

void unit_call_handler(struct unit *unit, struct unit_item *item, struct unit_instance *instance,
                       const struct uuid *wait_id, const char *topic, const char *element_id,
                       const struct uuid *execution_id)
{
    struct unit_call *call = arena_alloc(unit->arena, sizeof(*call));

    call->item = item;
    call->instance = instance;
    call->wait_id = *wait_id;
    call->topic = topic;
    call->element_id = element_id;
    call->execution_id = *execution_id;
    *unit->calls_tail = call;
    unit->calls_tail = &call->next;
}

bool unit_has_calls(const struct unit *unit)
{
    return unit->calls != NULL;
}

/* ---- what handlers may do (engine/module.h) ---- */

void module_call_return(struct module_call *call, json_t *variables)
{
    json_decref(call->ret_variables);
    call->ret_variables = variables;
}

void module_call_error(struct module_calls *calls, struct module_call *call, const char *code)
{
    call->ret_error_code = arena_copy(calls->arena, code);
}

void module_call_refuse(struct module_calls *calls, struct module_call *call,
                        const struct error *error)
{
    PRE(error->status != STATUS_OK);
    call->ret_failure = arena_alloc(calls->arena, sizeof(*call->ret_failure));
    *call->ret_failure = *error;
}

void module_call_set_business_key(struct module_calls *calls, struct module_call *call,
                                  const char *business_key)
{
    call->ret_business_key = arena_copy(calls->arena, business_key);
}

void module_publish(struct module_calls *calls, const struct module_call *call, const char *type,
                    const char *aggregate_id, json_t *payload)
{
    struct module_event *event;

    PRE(json_is_object(payload));
    if (calls->event_count == calls->event_capacity) {
        uint32_t capacity = calls->event_capacity > 0 ? 2 * calls->event_capacity : 8;

        calls->events = arena_grow(calls->arena, calls->events, calls->event_count, capacity,
                                   sizeof(*calls->events));
        calls->event_capacity = capacity;
    }
    event = &calls->events[calls->event_count++];
    event->id = uuid_next(calls->ids);
    event->type = arena_copy(calls->arena, type);
    event->aggregate_id = arena_copy(calls->arena, aggregate_id);
    event->payload = payload;
    event->correlation_id = call->correlation_id;
    event->published_at_us = calls->now_us;
}

void module_subject_changed(struct module_calls *calls, const struct module_call *call,
                            const char *type, const char *id, json_t *fields, const char *cause,
                            void *context)
{
    PRE(json_is_object(fields));
    if (calls->change_count == calls->change_capacity) {
        uint32_t capacity = calls->change_capacity > 0 ? 2 * calls->change_capacity : 8;

        calls->changes = arena_grow(calls->arena, calls->changes, calls->change_count, capacity,
                                    sizeof(*calls->changes));
        calls->change_capacity = capacity;
    }
    calls->changes[calls->change_count++] =
        (struct module_subject_change){.type = arena_copy(calls->arena, type),
                                       .id = arena_copy(calls->arena, id),
                                       .fields = fields,
                                       .cause = arena_copy(calls->arena, cause),
                                       .actor = call->user != NULL ? call->user : "",
                                       .correlation_id = call->correlation_id,
                                       .context = context};
}

/* ---- one round ---- */

/* Everything that the call's scope can see: the root's variables, overlaid by nested scopes'. */
static const json_t *visible_variables(struct unit_instance *instance, const struct uuid *wait_id,
                                       json_t **ret_owned)
{
    struct bpmn_instance *running = &instance->instance;
    struct bpmn_scope *scope = NULL;
    const struct bpmn_scope *chain[400]; /* BPMN_DEPTH_MAX sub-processes, loops around each */
    uint32_t depth = 0;

    *ret_owned = NULL;
    if (bpmn_instance_waiting(running, wait_id, &scope, NULL) == NULL ||
        uuid_is_zero(&scope->parent_id))
        return bpmn_instance_root(running)->variables;
    while (scope != NULL && depth < COUNT_OF(chain)) {
        chain[depth++] = scope;
        scope = scope->parent == BPMN_NONE ? NULL : &running->scopes[scope->parent];
    }
    *ret_owned = json_object();
    while (depth > 0)
        (void)json_object_update(*ret_owned, chain[--depth]->variables);
    return *ret_owned;
}

static void fill_call(struct unit *unit, struct unit_call *source, struct module_call *call)
{
    const struct command *command = source->item->command;
    struct unit_instance *instance = source->instance;
    json_t *owned = NULL;

    call->topic = source->topic;
    call->id = uuid_next(unit->queue->settings.ids);
    call->element_id = source->element_id;
    call->execution_id = source->execution_id;
    call->user = command->user;
    call->correlation_id = command->correlation_id;
    if (command->kind == COMMAND_MODULE) {
        call->variables = command->variables;
    } else {
        call->instance_id = instance->id;
        call->business_key = instance->instance.business_key;
        call->variables = visible_variables(instance, &source->wait_id, &owned);
        if (call->correlation_id == NULL)
            call->correlation_id = instance->correlation_id;
        source->owned_variables = owned;
    }
    if (call->correlation_id == NULL) {
        char *text = arena_alloc(unit->arena, UUID_TEXT_BYTES);

        call->correlation_id = uuid_format(&call->id, text);
    }
}

static void forget_calls(struct unit *unit)
{
    unit->calls = NULL;
    unit->calls_tail = &unit->calls;
}

static bool fail_item(struct unit_item *item, const struct error *error)
{
    item->state = ITEM_FAILED;
    item->blamed = true;
    item->error = *error;
    return false;
}

/* A handler failed as a whole. Whose call it was is known when all are one command's; else they
 * run apart. */
static bool fail_group(struct unit *unit, const struct call_group *group, struct error *error)
{
    struct unit_item *first = group->sources[0]->item;

    (void)error_prefix(error, "the handler of %s", group->handler->topic);
    for (uint32_t i = 1; i < group->calls.count; i++) {
        if (group->sources[i]->item != first) {
            unit_ask_split(unit, error);
            return false;
        }
    }
    return fail_item(first, error);
}

/* An error that another call threw may have ended the activity meanwhile. */
static bool is_over(const struct unit_call *call)
{
    return call->instance != NULL &&
           bpmn_instance_waiting(&call->instance->instance, &call->wait_id, NULL, NULL) == NULL;
}

static bool no_handler(struct unit_call *call)
{
    struct error error;

    (void)error_set(&error, STATUS_FAILED,
                    "Expected a module that hosts the topic '%.100s' but there is none.",
                    call->topic);
    if (call->element_id != NULL)
        (void)error_at(&error, call->element_id, 0, 0);
    return fail_item(call->item, &error);
}

/* Into the group that it fits; ret_full: there is none, and no room for another. */
static bool group_call(struct unit *unit, struct unit_call *call, bool *ret_full)
{
    const struct module *module = NULL;
    const struct module_handler *handler =
        registry_handler(unit->queue->settings.registry, call->topic, &module);
    struct module_call filled = {0};

    *ret_full = false;
    if (handler == NULL)
        return no_handler(call);
    fill_call(unit, call, &filled);
    if (!unit_group_call(unit, module, handler, &filled, call)) {
        json_decref(call->owned_variables);
        call->owned_variables = NULL;
        *ret_full = true;
    }
    return true;
}

static bool group_calls(struct unit *unit)
{
    bool fine = true;
    bool full = false;

    for (uint32_t i = 0; i < LIMIT_CALLS_A_ROUND && unit->calls != NULL; i++) {
        struct unit_call *call = unit->calls;

        if (!is_over(call))
            fine = group_call(unit, call, &full) && fine;
        if (full)
            break;
        unit->calls = call->next;
    }
    if (unit->calls == NULL)
        forget_calls(unit);
    return fine;
}

static bool prepare_group(struct unit *unit, struct call_group *group, struct pg_batch *batch)
{
    struct pg_batch *own = pg_batch_new(unit->arena);
    struct error error;
    enum status status;

    status = group->handler->prepare(&group->calls, own, &error);
    if (status != STATUS_OK)
        return fail_group(unit, group, &error);
    group->batch = own;
    unit_act_for_group(unit, group, batch);
    pg_batch_join(batch, own);
    return true;
}

bool unit_prepare_calls(struct unit *unit, struct pg_batch *batch)
{
    bool fine = true;

    unit->groups = NULL;
    if (++unit->rounds > LIMIT_HANDLER_ROUNDS) {
        struct error error;

        (void)error_set(&error, STATUS_FAILED,
                        "Expected a wait state after at most %d handler calls in a row: the model "
                        "loops.",
                        LIMIT_HANDLER_ROUNDS);
        return fail_item(unit->calls->item, &error);
    }
    fine = group_calls(unit);
    for (struct call_group *group = unit->groups; group != NULL && fine; group = group->next)
        fine = prepare_group(unit, group, batch);
    if (fine)
        audit_act_no_more(batch);
    return fine;
}

/* ---- answers ---- */

static void take_events(struct unit *unit, const struct module_calls *calls)
{
    uint32_t count = unit->event_count + calls->event_count;

    if (calls->event_count == 0)
        return;
    if (count > unit->event_capacity) {
        uint32_t capacity = 2 * count;

        unit->events = arena_grow(unit->arena, unit->events, unit->event_count, capacity,
                                  sizeof(*unit->events));
        unit->event_capacity = capacity;
    }
    memcpy(unit->events + unit->event_count, calls->events,
           calls->event_count * sizeof(*calls->events));
    unit->event_count = count;
}

static void take_changes(struct unit *unit, const struct module_calls *calls)
{
    for (uint32_t i = 0; i < calls->change_count; i++)
        unit_add_subject(unit, &calls->changes[i]);
}

static bool answer_call(struct unit *unit, struct unit_call *source, struct module_call *call)
{
    struct unit_item *item = source->item;
    struct bpmn_command step = {.kind = BPMN_HANDLER_RETURNED, .target = source->wait_id};
    struct error error;

    if (call->ret_failure != NULL)
        return fail_item(item, call->ret_failure);
    if (item->command->kind == COMMAND_MODULE) {
        if (call->ret_error_code != NULL) {
            (void)error_set(&error, STATUS_CONFLICT, "The handler of %s refused: %.200s.",
                            call->topic, call->ret_error_code);
            return fail_item(item, &error);
        }
        item->answer = json_incref(call->ret_variables);
        return true;
    }
    if (is_over(source))
        return true;
    if (call->ret_error_code != NULL) {
        step.kind = BPMN_HANDLER_ERROR;
        step.name = call->ret_error_code;
    } else {
        step.variables = call->ret_variables;
        step.name = call->ret_business_key;
    }
    if (unit_step(unit, item, source->instance, &step, &error) != STATUS_OK ||
        unit_follow(unit, item, source->instance, &error) != STATUS_OK)
        return fail_item(item, &error);
    return true;
}

static bool finish_group(struct unit *unit, struct call_group *group)
{
    struct error error;
    bool fine = true;

    if (group->handler->finish != NULL &&
        group->handler->finish(&group->calls, group->batch, &error) != STATUS_OK)
        return fail_group(unit, group, &error);
    take_events(unit, &group->calls);
    take_changes(unit, &group->calls);
    for (uint32_t i = 0; i < group->calls.count; i++)
        fine = answer_call(unit, group->sources[i], &group->calls.items[i]) && fine;
    return fine;
}

static void release_group(struct call_group *group, bool with_events, bool with_changes)
{
    for (uint32_t i = 0; i < group->calls.count; i++) {
        json_decref(group->calls.items[i].ret_variables);
        json_decref(group->sources[i]->owned_variables);
        group->calls.items[i].ret_variables = NULL;
        group->sources[i]->owned_variables = NULL;
    }
    for (uint32_t i = 0; i < group->calls.event_count && with_events; i++)
        json_decref(group->calls.events[i].payload);
    for (uint32_t i = 0; i < group->calls.change_count && with_changes; i++)
        json_decref(group->calls.changes[i].fields);
}

bool unit_finish_calls(struct unit *unit)
{
    bool fine = true;

    for (struct call_group *group = unit->groups; group != NULL; group = group->next) {
        uint32_t taken = unit->event_count;
        uint32_t changed = unit->subject_count;

        if (fine)
            fine = finish_group(unit, group);
        /* What the unit did not take is released here. */
        release_group(group, unit->event_count == taken, unit->subject_count == changed);
    }
    unit->groups = NULL;
    return fine;
}

void unit_drop_calls(struct unit *unit)
{
    for (struct call_group *group = unit->groups; group != NULL; group = group->next)
        release_group(group, true, true);
    unit->groups = NULL;
    forget_calls(unit);
}
