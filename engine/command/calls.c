/* Instances that call instances, within one unit of work: a call activity starts an instance of
 * another process in the same transaction, and what ends that instance carries its caller on.
 *
 * What a step did is followed up from a list, one instance after the other, so that calls in a loop
 * do not grow the stack. An instance that was called in an earlier unit and is to end now is not at
 * hand: a job ends it. */
#include "engine/command/unit.h"

#include <string.h>

/* ---- which definition is called ---------------------------------------------------------------
 */

static const char *reference_of(struct unit *unit, const struct definition *caller,
                                const struct bpmn_call_details *call)
{
    char deployment[UUID_TEXT_BYTES];

    switch (call->binding) {
    case BPMN_BINDING_DEPLOYMENT:
        return arena_format(unit->arena, "%s\ndeployment\n%s", call->key,
                            uuid_format(&caller->deployment_id, deployment));
    case BPMN_BINDING_VERSION:
        return arena_format(unit->arena, "%s\nversion\n%s", call->key,
                            call->version != NULL ? call->version : "");
    case BPMN_BINDING_VERSION_TAG:
        return arena_format(unit->arena, "%s\ntag\n%s", call->key,
                            call->version != NULL ? call->version : "");
    case BPMN_BINDING_LATEST:
    case BPMN_BINDING_ID:
        break;
    }
    return call->key;
}

static const struct definition *find_called(struct unit *unit, const char *reference,
                                            enum bpmn_binding binding)
{
    struct definition_cache *cache = unit->queue->settings.definitions;

    if (binding == BPMN_BINDING_ID)
        return definition_by_id(cache, reference);
    if (binding == BPMN_BINDING_LATEST)
        return definition_latest(cache, reference);
    return definition_bound(cache, reference);
}

static void on_called_loaded(void *context, enum status status, const struct error *error)
{
    (void)context; /* the command that needs it looks again */
    (void)status;
    (void)error;
}

/* One whose name is known only now may have to be loaded: the command is tried again after that. */
static enum status load_called(struct unit *unit, struct unit_item *item, const char *reference,
                               enum bpmn_binding binding, struct error *ret_error)
{
    struct definition_cache *cache = unit->queue->settings.definitions;
    bool by_id = binding == BPMN_BINDING_ID;

    if (item->command->attempts > 0)
        return error_set(ret_error, STATUS_FAILED,
                         "Expected a deployed process '%.*s' for a call activity but there is "
                         "none%s.",
                         (int)strcspn(reference, "\n"), reference,
                         strchr(reference, '\n') != NULL ? " of that version, tag or deployment"
                                                         : "");
    definition_load(cache, &reference, by_id ? 1 : 0, &reference, by_id ? 0 : 1, on_called_loaded,
                    NULL);
    return error_set(ret_error, STATUS_BUSY, "The called process '%.200s' is being loaded.",
                     reference);
}

void unit_wanted_calls(struct unit *unit, const struct bpmn_model *model, const char **keys,
                       uint32_t *count, uint32_t capacity)
{
    for (uint32_t i = 0; i < model->element_count; i++) {
        const struct bpmn_element *element = &model->elements[i];
        const char *key;

        if (element->type != BPMN_CALL_ACTIVITY || *count >= capacity ||
            element->call.binding != BPMN_BINDING_LATEST ||
            !expression_is_literal(element->call.called_element))
            continue;
        key = expression_text(element->call.called_element);
        if (find_called(unit, key, BPMN_BINDING_LATEST) == NULL)
            keys[(*count)++] = key;
    }
}

/* ---- starting and ending what is called
 * ---------------------------------------------------------- */

static enum status start_called(struct unit *unit, struct unit_item *item,
                                struct unit_instance *caller, const struct bpmn_change *change,
                                struct error *ret_error)
{
    const struct bpmn_call_details *call = change->call;
    const char *reference = reference_of(unit, caller->definition, call);
    const struct definition *definition = find_called(unit, reference, call->binding);
    struct bpmn_command step = {.kind = BPMN_START, .variables = call->variables};
    struct unit_instance *called;
    enum status status;

    if (definition == NULL) {
        status = load_called(unit, item, reference, call->binding, ret_error);
        (void)error_at(ret_error, caller->instance.model->elements[change->element].id, 0, 0);
        return status;
    }
    status = unit_new_instance(unit, definition, &change->wait_id, call->business_key, &called,
                               ret_error);
    if (status != STATUS_OK)
        return status;
    called->instance.caller_id = caller->id;
    called->root_id = uuid_is_zero(&caller->root_id) ? caller->id : caller->root_id;
    called->item = item;
    called->instance_name = call->instance_name;
    called->start_user = caller->start_user;
    called->correlation_id = item->command->correlation_id != NULL ? item->command->correlation_id
                                                                   : caller->correlation_id;
    return unit_step(unit, item, called, &step, ret_error);
}

/* Its caller has no use for it any more. */
static enum status end_called(struct unit *unit, struct unit_item *item,
                              const struct bpmn_change *change, struct error *ret_error)
{
    struct unit_instance *called = unit_find_instance(unit, &change->wait_id);
    struct bpmn_command step = {.kind = BPMN_TERMINATE,
                                .reason =
                                    change->reason != NULL ? change->reason : "its caller went on"};

    if (called == NULL || !called->is_new || called->instance.status != BPMN_INSTANCE_ACTIVE)
        return STATUS_OK; /* one of an earlier unit is ended by a job: store_jobs.c */
    called->end_told = true;
    return unit_step(unit, item, called, &step, ret_error);
}

/* ---- going back to the caller
 * --------------------------------------------------------------------- */

static enum status tell_caller(struct unit *unit, struct unit_item *item,
                               struct unit_instance *called, const struct bpmn_command *step,
                               struct error *ret_error)
{
    struct unit_instance *caller = unit_find_instance(unit, &called->instance.caller_id);
    enum status status;

    /* A caller that has ended, or has gone on without it, does not want to know. */
    if (caller == NULL || caller->instance.status != BPMN_INSTANCE_ACTIVE)
        return STATUS_OK;
    if (caller->definition == NULL)
        return error_set(ret_error, STATUS_INTERNAL,
                         "Expected the definition '%.200s' of the calling instance but it is gone.",
                         caller->definition_id);
    status = unit_ready_instance(unit, caller, ret_error);
    if (status != STATUS_OK ||
        bpmn_instance_waiting(&caller->instance, &called->id, NULL, NULL) == NULL)
        return status;
    if (caller != item->instance)
        item->touched_others = true;
    return unit_step(unit, item, caller, step, ret_error);
}

static enum status follow_end(struct unit *unit, struct unit_item *item,
                              struct unit_instance *called, struct error *ret_error)
{
    struct bpmn_command step = {.kind = BPMN_CALL_COMPLETED, .target = called->id};

    if (uuid_is_zero(&called->instance.caller_id) || called->end_told ||
        called->instance.status == BPMN_INSTANCE_ACTIVE)
        return STATUS_OK;
    called->end_told = true;
    if (called->instance.error_code != NULL) {
        step.kind = BPMN_CALL_ERROR;
        step.name = called->instance.error_code;
        step.reason = called->instance.delete_reason;
    } else {
        step.variables = bpmn_instance_root(&called->instance)->variables;
    }
    return tell_caller(unit, item, called, &step, ret_error);
}

/* ---- following up
 * ----------------------------------------------------------------------------------- */

static enum status follow_change(struct unit *unit, struct unit_item *item,
                                 struct unit_instance *instance, uint32_t index,
                                 struct error *ret_error)
{
    struct bpmn_change change = instance->changes.items[index];
    struct bpmn_command escalated = {
        .kind = BPMN_CALL_ESCALATED, .target = instance->id, .name = change.name};

    switch (change.kind) {
    case BPMN_CHANGE_CALL_STARTED:
        if (bpmn_instance_waiting(&instance->instance, &change.wait_id, NULL, NULL) == NULL)
            return STATUS_OK; /* interrupted in the same step */
        return start_called(unit, item, instance, &change, ret_error);
    case BPMN_CHANGE_CALL_CANCELLED:
        return end_called(unit, item, &change, ret_error);
    case BPMN_CHANGE_ESCALATION_THROWN:
        if (change.index == 0 || uuid_is_zero(&instance->instance.caller_id))
            return STATUS_OK;
        return tell_caller(unit, item, instance, &escalated, ret_error);
    default:
        return STATUS_OK;
    }
}

static enum status follow_one(struct unit *unit, struct unit_item *item,
                              struct unit_instance *instance, struct error *ret_error)
{
    enum status status = STATUS_OK;

    while (instance->seen < instance->changes.count && status == STATUS_OK)
        status = follow_change(unit, item, instance, instance->seen++, ret_error);
    return status == STATUS_OK ? follow_end(unit, item, instance, ret_error) : status;
}

static void list(struct unit *unit, struct unit_instance *instance)
{
    if (instance->is_listed)
        return;
    instance->is_listed = true;
    instance->next_to_follow = NULL;
    *unit->follow_tail = instance;
    unit->follow_tail = &instance->next_to_follow;
}

static struct unit_instance *next(struct unit *unit)
{
    struct unit_instance *instance = unit->first_to_follow;

    unit->first_to_follow = instance->next_to_follow;
    if (unit->first_to_follow == NULL)
        unit->follow_tail = &unit->first_to_follow;
    instance->is_listed = false;
    return instance;
}

void unit_list_to_follow(struct unit *unit, struct unit_instance *instance)
{
    list(unit, instance);
}

enum status unit_follow(struct unit *unit, struct unit_item *item, struct unit_instance *instance,
                        struct error *ret_error)
{
    enum status status = STATUS_OK;

    list(unit, instance);
    while (unit->first_to_follow != NULL && status == STATUS_OK) {
        if (unit->followed++ > LIMIT_FOLLOWED)
            status = error_set(ret_error, STATUS_FAILED,
                               "Expected a wait state after at most %d instances that call each "
                               "other: the processes loop.",
                               LIMIT_FOLLOWED);
        else
            status = follow_one(unit, item, next(unit), ret_error);
    }
    while (unit->first_to_follow != NULL)
        (void)next(unit);
    return status;
}
