/* The interpreter's entry: a command is checked against the instance, its first effect recorded,
 * and the work list does the rest. The route: step.c → an element's hooks (elements.c) → flows.c →
 * work_list.c → … → apply.c. */
#include "bpmn/step/element.h"

#include <inttypes.h>
#include <string.h>

/* What a command expects to find under its target. */
struct expectation {
    enum bpmn_wait_kind kind;
    const char *noun;
};

static const struct expectation expectations[] = {
    [BPMN_COMPLETE_TASK] = {BPMN_WAIT_TASK, "task"},
    [BPMN_TRIGGER_TIMER] = {BPMN_WAIT_TIMER, "timer"},
    [BPMN_RECEIVE_MESSAGE] = {BPMN_WAIT_MESSAGE, "event subscription"},
    [BPMN_COMPLETE_JOB] = {BPMN_WAIT_JOB, "job"},
    [BPMN_JOB_ERROR] = {BPMN_WAIT_JOB, "job"},
    [BPMN_HANDLER_RETURNED] = {BPMN_WAIT_HANDLER, "handler call"},
    [BPMN_HANDLER_ERROR] = {BPMN_WAIT_HANDLER, "handler call"},
};

static const char *const status_words[] = {
    [BPMN_INSTANCE_NEW] = "not started yet",
    [BPMN_INSTANCE_ACTIVE] = "active",
    [BPMN_INSTANCE_COMPLETED] = "completed",
    [BPMN_INSTANCE_TERMINATED] = "terminated",
};

static enum status check_status(const struct step *step, enum bpmn_instance_status expected,
                                struct error *ret_error)
{
    if (step->instance->status == expected)
        return STATUS_OK;
    return error_set(ret_error, STATUS_CONFLICT,
                     "Expected process instance %s to be %s but it is %s.", step->instance_id,
                     status_words[expected], status_words[step->instance->status]);
}

static enum status start(struct step *step, const struct bpmn_command *command,
                         struct error *ret_error)
{
    struct bpmn_change started = step_change(step, BPMN_CHANGE_INSTANCE_STARTED, NULL);
    enum status status = check_status(step, BPMN_INSTANCE_NEW, ret_error);

    if (status != STATUS_OK)
        return status;
    started.scope_id = step->instance->id;
    step_record(step, &started);
    variables_merge(step, 0, command->variables);
    step_enqueue(step, 0, step->model->start_event, BPMN_NONE);
    return step_run(step, ret_error);
}

/* The first token, in the order of scopes and activation, that waits for a message of this name. */
static bool find_message(struct step *step, const char *name, struct place *ret_at,
                         struct bpmn_wait *ret_wait)
{
    struct bpmn_instance *instance = step->instance;

    for (uint32_t i = 0; i < instance->scope_count; i++) {
        const struct bpmn_scope *scope = &instance->scopes[i];

        for (uint32_t j = 0; !scope->removed && j < scope->token_count; j++) {
            const struct bpmn_token *token = &scope->tokens[j];

            for (uint32_t k = 0; k < token->wait_count; k++) {
                const struct bpmn_wait *wait = &token->waits[k];

                if (wait->kind != BPMN_WAIT_MESSAGE || strcmp(wait->name, name) != 0)
                    continue;
                ret_at->scope = i;
                ret_at->token = token->id;
                ret_at->element = &step->model->elements[token->element];
                *ret_wait = *wait;
                return true;
            }
        }
    }
    return false;
}

static enum status find_by_name(struct step *step, const struct bpmn_command *command,
                                struct place *ret_at, struct bpmn_wait *ret_wait,
                                struct error *ret_error)
{
    PRE(command->name != NULL);
    if (find_message(step, command->name, ret_at, ret_wait))
        return STATUS_OK;
    return error_set(ret_error, STATUS_NOT_FOUND,
                     "Expected process instance %s to wait for message '%s' but it does not; the "
                     "message came too early or too late.",
                     step->instance_id, command->name);
}

static enum status find_by_id(struct step *step, const struct bpmn_command *command,
                              struct place *ret_at, struct bpmn_wait *ret_wait,
                              struct error *ret_error)
{
    const struct expectation *expected = &expectations[command->kind];
    struct bpmn_scope *scope = NULL;
    struct bpmn_wait *wait = NULL;
    struct bpmn_token *token =
        bpmn_instance_waiting(step->instance, &command->target, &scope, &wait);
    char target[UUID_TEXT_BYTES];

    uuid_format(&command->target, target);
    if (token == NULL)
        return error_set(ret_error, STATUS_NOT_FOUND,
                         "Expected %s %s to be open in process instance %s but it is not; it was "
                         "completed or cancelled before, or never existed.",
                         expected->noun, target, step->instance_id);
    if (wait->kind != expected->kind)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected %s to be a %s but '%s' waits for something else under this id.",
                         target, expected->noun, step->model->elements[wait->element].id);
    ret_at->scope = (uint32_t)(scope - step->instance->scopes);
    ret_at->token = token->id;
    ret_at->element = &step->model->elements[token->element];
    *ret_wait = *wait;
    return STATUS_OK;
}

/* What only one kind of wait has to fulfil. */
static enum status check_wait(const struct step *step, const struct bpmn_command *command,
                              const struct bpmn_wait *wait, struct error *ret_error)
{
    const char *event_id = step->model->elements[wait->element].id;
    char due[ISO8601_INSTANT_BYTES];
    char now[ISO8601_INSTANT_BYTES];

    if (command->kind == BPMN_TRIGGER_TIMER && step->env->now_us < wait->due_us)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected timer '%s' to be due but it is due at %s and now it is %s.",
                         event_id, iso8601_format_instant_us(wait->due_us, due),
                         iso8601_format_instant_us(step->env->now_us, now));
    if (command->kind == BPMN_RECEIVE_MESSAGE && command->name != NULL &&
        strcmp(command->name, wait->name) != 0)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected '%s' to wait for message '%s' but it waits for '%s'.", event_id,
                         command->name, wait->name);
    return STATUS_OK;
}

/* A business key is given once: whoever knows the instance by it keeps finding it. */
static void set_business_key(struct step *step, const char *business_key)
{
    struct bpmn_change given = step_change(step, BPMN_CHANGE_BUSINESS_KEY_SET, NULL);

    if (step->instance->business_key != NULL)
        return;
    given.name = business_key;
    step_record(step, &given);
}

/* Every command about something that a token waits for. */
static enum status answer_wait(struct step *step, const struct bpmn_command *command,
                               struct error *ret_error)
{
    bool by_name = command->kind == BPMN_RECEIVE_MESSAGE && uuid_is_zero(&command->target);
    const struct bpmn_element *event;
    struct bpmn_wait wait;
    struct place at;
    enum status status = by_name ? find_by_name(step, command, &at, &wait, ret_error)
                                 : find_by_id(step, command, &at, &wait, ret_error);

    if (status == STATUS_OK)
        status = check_wait(step, command, &wait, ret_error);
    if (status != STATUS_OK)
        return status;
    variables_merge(step, at.scope, command->variables);
    if (command->kind == BPMN_HANDLER_RETURNED && command->name != NULL)
        set_business_key(step, command->name);
    if (command->kind == BPMN_JOB_ERROR || command->kind == BPMN_HANDLER_ERROR) {
        PRE(command->name != NULL);
        error_throw(step, &at, command->name);
    } else {
        event = &step->model->elements[wait.element];
        status = element_hooks(event->type)->trigger(step, &at, &wait, ret_error);
    }
    if (status == STATUS_OK)
        status = step_close_empty(step, at.scope, ret_error);
    return status == STATUS_OK ? step_run(step, ret_error) : status;
}

static enum status set_variables(struct step *step, const struct bpmn_command *command,
                                 struct error *ret_error)
{
    bool to_root = uuid_is_zero(&command->target);
    struct bpmn_scope *scope = to_root ? bpmn_instance_root(step->instance)
                                       : bpmn_instance_scope(step->instance, &command->target);
    const struct bpmn_token *token = NULL;
    char target[UUID_TEXT_BYTES];
    const char *name;
    json_t *value;
    uint32_t index;

    if (scope == NULL) {
        token = bpmn_instance_token(step->instance, &command->target, &scope);
        if (token == NULL)
            return error_set(ret_error, STATUS_NOT_FOUND,
                             "Expected execution %s to be active in process instance %s but it is "
                             "not.",
                             uuid_format(&command->target, target), step->instance_id);
        if (!uuid_is_zero(&token->child_scope)) {
            scope = bpmn_instance_scope(step->instance, &token->child_scope);
            INVARIANT(scope != NULL);
            token = NULL;
        }
    }
    index = (uint32_t)(scope - step->instance->scopes);
    if (token != NULL) {
        variables_merge(step, index, command->variables);
        return STATUS_OK;
    }
    json_object_foreach ((json_t *)command->variables, name, value) {
        variables_set_local(step, index, name, value);
    }
    return STATUS_OK;
}

static void terminate(struct step *step, const struct bpmn_command *command)
{
    struct bpmn_change ended = step_change(step, BPMN_CHANGE_INSTANCE_TERMINATED, NULL);

    ended.reason = arena_copy(step->env->arena, command->reason);
    step_terminate_all(step, 0, ended.reason);
    step_record(step, &ended);
}

static enum status dispatch(struct step *step, const struct bpmn_command *command,
                            struct error *ret_error)
{
    enum status status;

    if (command->kind == BPMN_START)
        return start(step, command, ret_error);
    status = check_status(step, BPMN_INSTANCE_ACTIVE, ret_error);
    if (status != STATUS_OK)
        return status;
    switch (command->kind) {
    case BPMN_SET_VARIABLES:
        return set_variables(step, command, ret_error);
    case BPMN_TERMINATE:
        terminate(step, command);
        return STATUS_OK;
    default:
        return answer_wait(step, command, ret_error);
    }
}

enum status bpmn_step(const struct bpmn_env *env, struct bpmn_instance *instance,
                      const struct bpmn_command *command, struct bpmn_changes *changes,
                      struct error *ret_error)
{
    char instance_id[UUID_TEXT_BYTES];
    struct step step = {.env = env,
                        .model = instance->model,
                        .instance = instance,
                        .changes = changes,
                        .end_element = BPMN_NONE};

    PRE(env->ids != NULL && env->arena != NULL);
    PRE(command->variables == NULL || json_is_object(command->variables));
    step.instance_id = uuid_format(&instance->id, instance_id);
    return dispatch(&step, command, ret_error);
}
