/* What belongs to a unit besides its first step: answers of handlers, and instances that call each
 * other. What was done is followed up from a list, so that calls in a loop do not grow the stack.
 */
#include "bpmn/scenario/world_private.h"

#include "bpmn/base/text.h"

#include <string.h>

/* How each question is answered; 0 (BPMN_START) when there is no such answer. */
struct replies {
    enum bpmn_command_kind done;
    enum bpmn_command_kind error;
    enum bpmn_command_kind escalation;
};

static const struct replies replies_of[] = {
    [BPMN_WAIT_HANDLER] = {BPMN_HANDLER_RETURNED, BPMN_HANDLER_ERROR, BPMN_START},
    [BPMN_WAIT_JOB] = {BPMN_COMPLETE_JOB, BPMN_JOB_ERROR, BPMN_JOB_ESCALATION},
    [BPMN_WAIT_SCRIPT] = {BPMN_SCRIPT_RETURNED, BPMN_SCRIPT_ERROR, BPMN_START},
    [BPMN_WAIT_CALL] = {BPMN_CALL_COMPLETED, BPMN_CALL_ERROR, BPMN_CALL_ESCALATED},
};

static bool is_open(struct world_instance *instance, const struct uuid *wait_id)
{
    struct bpmn_instance *now = world_unit_instance(instance);

    return now->status == BPMN_INSTANCE_ACTIVE &&
           bpmn_instance_waiting(now, wait_id, NULL, NULL) != NULL;
}

static enum status escalate(struct world *world, struct world_instance *instance,
                            enum bpmn_wait_kind kind, const struct uuid *wait_id,
                            const struct world_answer *answer, struct error *ret_error)
{
    struct bpmn_command command = {.kind = replies_of[kind].escalation,
                                   .target = *wait_id,
                                   .name = answer->escalation,
                                   .reason = answer->message};

    if (command.kind == BPMN_START)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected an external job or a called process to escalate but this is a "
                         "%s.",
                         kind == BPMN_WAIT_SCRIPT ? "script" : "module's task");
    return world_unit_step(world, instance, &command, ret_error);
}

enum status world_unit_give_answer(struct world *world, struct world_instance *instance,
                                   enum bpmn_wait_kind kind, const struct uuid *wait_id,
                                   const struct world_answer *answer, struct error *ret_error)
{
    struct bpmn_command command = {.kind = replies_of[kind].done, .target = *wait_id};
    enum status status;

    PRE(replies_of[kind].done != BPMN_START);
    if (answer->failure != NULL)
        return error_set(ret_error, STATUS_FAILED, "%s", answer->failure);
    if (answer->sla != NULL)
        world_clocks_pend(world->clocks, answer->sla);
    if (answer->escalation != NULL) {
        status = escalate(world, instance, kind, wait_id, answer, ret_error);
        /* It goes on, unless the answer says more, or the escalation has ended it. */
        if (status != STATUS_OK || (answer->variables == NULL && answer->error_code == NULL) ||
            !is_open(instance, wait_id))
            return status;
    }
    if (answer->error_code != NULL) {
        command.kind = replies_of[kind].error;
        command.name = answer->error_code;
        command.reason = answer->message;
    } else {
        command.variables = answer->variables;
        command.name = kind == BPMN_WAIT_HANDLER ? answer->business_key : NULL;
    }
    return world_unit_step(world, instance, &command, ret_error);
}

/* Asks whoever stands for the world around. */
static enum status ask(struct world *world, struct world_instance *instance,
                       const struct bpmn_change *change, enum bpmn_wait_kind kind,
                       const char *topic, bool *ret_answered, struct error *ret_error)
{
    const struct bpmn_element *element = &instance->definition->model->elements[change->element];
    struct world_question question = {.kind = kind,
                                      .instance = instance,
                                      .element_id = element->id,
                                      .topic = topic,
                                      .listens = change->kind == BPMN_CHANGE_HANDLER_CALLED &&
                                                 change->index != 0};
    struct world_answer answer = {0};
    enum status status = STATUS_OK;

    *ret_answered = false;
    if (world->callbacks.answer != NULL)
        status = world->callbacks.answer(world->callbacks.context, &question, ret_answered, &answer,
                                         ret_error);
    *ret_answered = *ret_answered || question.listens; /* without a mock it has nothing to say */
    if (status == STATUS_OK && *ret_answered)
        status =
            world_unit_give_answer(world, instance, kind, &change->wait_id, &answer, ret_error);
    if (status != STATUS_OK && ret_error->element_id[0] == '\0')
        return error_at(ret_error, element->id, element->line, element->column);
    return status;
}

/* ---- calls ---- */

static const struct world_definition *find_called(const struct world *world,
                                                  const struct world_instance *caller,
                                                  const struct bpmn_call_details *call)
{
    for (uint32_t i = world->definition_count; i > 0; i--) {
        const struct world_definition *definition = world->definitions[i - 1];
        const char *tag = definition->model->version_tag;
        struct text version = TEXT_INIT;
        bool fits = strcmp(definition->model->process_id, call->key) == 0;

        text_append_format(&version, "%u", definition->version);
        if (call->binding == BPMN_BINDING_ID)
            fits = strcmp(definition->id, call->key) == 0;
        else if (call->binding == BPMN_BINDING_DEPLOYMENT)
            fits = fits && definition->document == caller->definition->document;
        else if (call->binding == BPMN_BINDING_VERSION)
            fits =
                fits && call->version != NULL && strcmp(text_string(&version), call->version) == 0;
        else if (call->binding == BPMN_BINDING_VERSION_TAG)
            fits = fits && call->version != NULL && tag != NULL && strcmp(tag, call->version) == 0;
        text_deinit(&version);
        if (fits)
            return definition;
    }
    return NULL;
}

static enum status start_called(struct world *world, struct world_instance *caller,
                                const struct bpmn_change *change, struct error *ret_error)
{
    const struct bpmn_call_details *call = change->call;
    const struct bpmn_element *element = &caller->definition->model->elements[change->element];
    struct bpmn_command command = {.kind = BPMN_START, .variables = call->variables};
    const struct world_definition *definition;
    struct world_instance *called = NULL;
    bool is_answered = false;
    enum status status =
        ask(world, caller, change, BPMN_WAIT_CALL, call->key, &is_answered, ret_error);

    if (status != STATUS_OK || is_answered)
        return status;
    definition = find_called(world, caller, call);
    if (definition == NULL) {
        (void)error_set(ret_error, STATUS_FAILED,
                        "Expected a process '%.200s'%s%.100s for a call activity but the test has "
                        "none: add its file, or a mock for it.",
                        call->key, call->version != NULL ? " of version " : "",
                        call->version != NULL ? call->version : "");
        return error_at(ret_error, element->id, element->line, element->column);
    }
    status = world_unit_new_instance(world, definition, &change->wait_id, call->business_key,
                                     &called, ret_error);
    if (status != STATUS_OK)
        return status;
    called->work.caller_id = world_unit_instance(caller)->id;
    return world_unit_step(world, called, &command, ret_error);
}

static struct world_instance *find_instance(const struct world *world, const struct uuid *id)
{
    for (uint32_t i = world->instance_count; i > 0; i--) {
        if (uuid_equal(&world_unit_instance(world->instances[i - 1])->id, id))
            return world->instances[i - 1];
    }
    return NULL;
}

/* Its caller has no use for it any more. */
static enum status end_called(struct world *world, const struct bpmn_change *change,
                              struct error *ret_error)
{
    struct world_instance *called = find_instance(world, &change->wait_id);
    struct bpmn_command command = {.kind = BPMN_TERMINATE,
                                   .reason = change->reason != NULL ? change->reason
                                                                    : "its caller went on"};

    if (called == NULL || world_unit_instance(called)->status != BPMN_INSTANCE_ACTIVE)
        return STATUS_OK; /* a mock, or one that has ended */
    return world_unit_step(world, called, &command, ret_error);
}

/* A caller that has ended, or has gone on without it, does not want to know. */
static enum status tell_caller(struct world *world, struct world_instance *called,
                               const struct bpmn_command *command, struct error *ret_error)
{
    const struct uuid *caller_id = &world_unit_instance(called)->caller_id;
    struct world_instance *caller =
        uuid_is_zero(caller_id) ? NULL : find_instance(world, caller_id);

    if (caller == NULL || !is_open(caller, &command->target))
        return STATUS_OK;
    return world_unit_step(world, caller, command, ret_error);
}

static enum status follow_end(struct world *world, struct world_instance *called,
                              struct error *ret_error)
{
    struct bpmn_instance *instance = world_unit_instance(called);
    struct bpmn_command command = {.kind = BPMN_CALL_COMPLETED, .target = instance->id};

    if (instance->error_code != NULL) {
        command.kind = BPMN_CALL_ERROR;
        command.name = instance->error_code;
        command.reason = instance->delete_reason;
    } else {
        command.variables = bpmn_instance_root(instance)->variables;
    }
    return tell_caller(world, called, &command, ret_error);
}

/* ---- following up ---- */

static enum status follow(struct world *world, struct world_instance *instance,
                          const struct bpmn_change *change, struct error *ret_error)
{
    struct bpmn_command escalated = {.kind = BPMN_CALL_ESCALATED,
                                     .target = world_unit_instance(instance)->id,
                                     .name = change->name};
    bool is_answered;

    switch (change->kind) {
    case BPMN_CHANGE_HANDLER_CALLED:
        if (!is_open(instance, &change->wait_id))
            return STATUS_OK; /* interrupted in the same step */
        return ask(world, instance, change, BPMN_WAIT_HANDLER, change->name, &is_answered,
                   ret_error);
    case BPMN_CHANGE_CALL_STARTED:
        if (!is_open(instance, &change->wait_id))
            return STATUS_OK;
        return start_called(world, instance, change, ret_error);
    case BPMN_CHANGE_CALL_CANCELLED:
        return end_called(world, change, ret_error);
    case BPMN_CHANGE_ESCALATION_THROWN:
        return change->index != 0 ? tell_caller(world, instance, &escalated, ret_error) : STATUS_OK;
    case BPMN_CHANGE_INSTANCE_COMPLETED:
    case BPMN_CHANGE_INSTANCE_TERMINATED:
        return follow_end(world, instance, ret_error);
    default:
        return STATUS_OK;
    }
}

enum status world_unit_follow(struct world *world, struct error *ret_error)
{
    struct world_unit *unit = &world->unit;
    uint32_t segment = 0;
    enum status status = STATUS_OK;

    while (unit->seen < unit->changes.count && status == STATUS_OK) {
        /* A copy: the list moves while it grows. */
        struct bpmn_change change = unit->changes.items[unit->seen];
        struct world_instance *instance = world_unit_owner(unit, unit->seen++, &segment);
        uint32_t steps = unit->segment_count;

        status = follow(world, instance, &change, ret_error);
        unit->followed += unit->segment_count - steps;
        if (status == STATUS_OK && unit->followed > WORLD_FOLLOWED_MAX)
            status = error_set(ret_error, STATUS_FAILED,
                               "Expected a wait state after at most %d calls and answers: the "
                               "processes loop.",
                               WORLD_FOLLOWED_MAX);
    }
    return status;
}

enum status world_answer(struct world *world, const struct world_wait *wait,
                         const struct world_answer *answer, struct error *ret_error)
{
    struct uuid id = wait->wait->id;
    enum status status;

    world_begin_step(world);
    world_unit_begin(world);
    status =
        world_unit_give_answer(world, wait->instance, wait->wait->kind, &id, answer, ret_error);
    if (status == STATUS_OK)
        status = world_unit_follow(world, ret_error);
    return world_settle(world, world_unit_end(world, status, ret_error), ret_error);
}
