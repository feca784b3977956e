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
    [BPMN_MOVE_TIMER] = {BPMN_WAIT_TIMER, "timer"},
    [BPMN_RECEIVE_MESSAGE] = {BPMN_WAIT_MESSAGE, "event subscription"},
    [BPMN_RECEIVE_SIGNAL] = {BPMN_WAIT_SIGNAL, "event subscription"},
    [BPMN_COMPLETE_JOB] = {BPMN_WAIT_JOB, "job"},
    [BPMN_JOB_ERROR] = {BPMN_WAIT_JOB, "job"},
    [BPMN_JOB_ESCALATION] = {BPMN_WAIT_JOB, "job"},
    [BPMN_HANDLER_RETURNED] = {BPMN_WAIT_HANDLER, "handler call"},
    [BPMN_HANDLER_ERROR] = {BPMN_WAIT_HANDLER, "handler call"},
    [BPMN_SCRIPT_RETURNED] = {BPMN_WAIT_SCRIPT, "script"},
    [BPMN_SCRIPT_ERROR] = {BPMN_WAIT_SCRIPT, "script"},
    [BPMN_CALL_COMPLETED] = {BPMN_WAIT_CALL, "call of process instance"},
    [BPMN_CALL_ERROR] = {BPMN_WAIT_CALL, "call of process instance"},
    [BPMN_CALL_ESCALATED] = {BPMN_WAIT_CALL, "call of process instance"},
    [BPMN_CONTINUE] = {BPMN_WAIT_CONTINUATION, "job"},
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

static enum status cannot_start(const struct step *step, const char *element,
                                struct error *ret_error)
{
    if (element == NULL)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected process '%s' to have a none start event but it has none: start "
                         "it by its message, signal or timer.",
                         step->model->process_id);
    return error_set(ret_error, STATUS_CONFLICT,
                     "Expected '%s' to start process '%s' but it does not.", element,
                     step->model->process_id);
}

/* The gateway that an event stands behind, when that gateway starts the process. */
static const struct bpmn_element *starting_gateway(const struct step *step,
                                                   const struct bpmn_element *event)
{
    const struct bpmn_element *source;

    if (event->incoming_count != 1)
        return NULL;
    source = &step->model->elements[step->model->flows[event->incoming[0]].source];
    return source->type == BPMN_EVENT_BASED_GATEWAY && source->instantiate ? source : NULL;
}

/* By an event that has happened: a start event, one behind a gateway, a receive task. */
static enum status start_triggered(struct step *step, const struct bpmn_command *command,
                                   struct error *ret_error)
{
    const struct bpmn_element *event = bpmn_model_element(step->model, command->element);
    const struct bpmn_element *gateway = event != NULL ? starting_gateway(step, event) : NULL;
    enum status status;

    if (event == NULL || event->scope != BPMN_NONE ||
        !(event->type == BPMN_START_EVENT || gateway != NULL ||
          (event->type == BPMN_RECEIVE_TASK && event->instantiate)))
        return cannot_start(step, command->element, ret_error);
    status = event_take_payload(step, 0, event, command->definition, command->variables, ret_error);
    if (gateway != NULL)
        step_enqueue_triggered(step, 0, gateway->index, BPMN_NONE, event->index);
    else
        step_enqueue_triggered(step, 0, event->index, BPMN_NONE, command->definition);
    return status;
}

static enum status start_plain(struct step *step, const struct bpmn_command *command,
                               struct error *ret_error)
{
    const struct bpmn_index_list *starts = &step->model->container.starts;

    if (starts->count == 0)
        return cannot_start(step, NULL, ret_error);
    variables_merge(step, 0, command->variables);
    for (uint32_t i = 0; i < starts->count; i++)
        step_enqueue(step, 0, starts->items[i], BPMN_NONE);
    return STATUS_OK;
}

static enum status start(struct step *step, const struct bpmn_command *command,
                         struct error *ret_error)
{
    struct bpmn_change started = step_change(step, BPMN_CHANGE_INSTANCE_STARTED, NULL);
    struct telling telling = {.listeners = &step->model->listeners, .event = BPMN_LISTEN_START};
    uint32_t called = 0;
    enum status status = check_status(step, BPMN_INSTANCE_NEW, ret_error);

    if (status != STATUS_OK)
        return status;
    started.scope_id = step->instance->id;
    step_record(step, &started);
    if (step->model->initiator_variable != NULL)
        variables_set_text(step, 0, step->model->initiator_variable, command->user);
    status = command->element != NULL ? start_triggered(step, command, ret_error)
                                      : start_plain(step, command, ret_error);
    if (status == STATUS_OK)
        status = variables_declare(step, 0, &step->model->container, ret_error);
    if (status == STATUS_OK)
        status = listeners_run(step, NULL, &telling, &called, ret_error);
    if (called != 0)
        step->moves[step->move_head].begins = true;
    if (status == STATUS_OK)
        status = event_sub_processes_listen(step, 0, &step->model->container, ret_error);
    return status == STATUS_OK ? step_run(step, ret_error) : status;
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

    if (command->kind == BPMN_TRIGGER_TIMER && !command->early &&
        wait->due_us == BPMN_TIMER_BY_CLOCK_US)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected the clock that timer '%s' follows to say that it is due.",
                         event_id);
    if (command->kind == BPMN_TRIGGER_TIMER && !command->early && step->env->now_us < wait->due_us)
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

/* What came along goes where it belongs. */
static enum status take_variables(struct step *step, const struct bpmn_command *command,
                                  const struct place *at, const struct bpmn_wait *wait,
                                  struct error *ret_error)
{
    const struct bpmn_element *event = &step->model->elements[wait->element];
    struct view view = {.scope = at->scope, .at = at, .only = command->variables};
    const json_t *values = NULL;
    enum status status;

    switch (wait->kind) {
    case BPMN_WAIT_MESSAGE:
    case BPMN_WAIT_SIGNAL:
        return event_take_payload(step, at->scope, event, wait->definition, command->variables,
                                  ret_error);
    case BPMN_WAIT_CALL:
        return STATUS_OK; /* call_activity.c takes what the model asks for */
    case BPMN_WAIT_JOB:
        if (event->worker_out.count == 0 || command->variables == NULL)
            break;
        status = mapping_values(step, &view, event, &event->worker_out, &values, ret_error);
        if (status == STATUS_OK)
            variables_merge(step, at->scope, values);
        return status;
    default:
        break;
    }
    script_take(step, at->scope, command->variables, command->local);
    return STATUS_OK;
}

/* A flow, or the process itself, is no activity that an error could leave. */
static enum status cannot_throw(const struct step *step, const struct place *at,
                                const struct bpmn_wait *wait, const char *code,
                                struct error *ret_error)
{
    error_set(ret_error, STATUS_FAILED,
              "Expected the handler that listens to %s '%.100s' to return but it threw the BPMN "
              "error '%.100s', which nothing can catch there; throw it in a task.",
              wait->flow != BPMN_NONE ? "flow" : "process",
              wait->flow != BPMN_NONE ? step->model->flows[wait->flow].id : step->model->process_id,
              code);
    return error_at(ret_error, at->element->id, at->element->line, at->element->column);
}

static enum status carry_on(struct step *step, const struct bpmn_command *command,
                            const struct place *at, const struct bpmn_wait *wait,
                            struct error *ret_error)
{
    switch (command->kind) {
    case BPMN_JOB_ERROR:
    case BPMN_HANDLER_ERROR:
    case BPMN_SCRIPT_ERROR:
    case BPMN_CALL_ERROR:
        PRE(command->name != NULL);
        if (wait->listener != 0 && step_token(step, at)->state != BPMN_TOKEN_ACTIVE)
            return cannot_throw(step, at, wait, command->name, ret_error);
        return error_throw(step, at, command->name, command->reason, ret_error);
    case BPMN_MOVE_TIMER:
        return timer_move(step, at, wait, ret_error);
    case BPMN_JOB_ESCALATION:
    case BPMN_CALL_ESCALATED:
        PRE(command->name != NULL);
        return escalation_throw(step, at, command->name, ret_error);
    default:
        return element_trigger(step, at, wait, ret_error);
    }
}

/* Every command about something that a token waits for. */
static enum status answer_wait(struct step *step, const struct bpmn_command *command,
                               struct error *ret_error)
{
    bool by_name = command->kind == BPMN_RECEIVE_MESSAGE && uuid_is_zero(&command->target);
    struct bpmn_wait wait;
    struct place at;
    enum status status = by_name ? find_by_name(step, command, &at, &wait, ret_error)
                                 : find_by_id(step, command, &at, &wait, ret_error);

    if (status == STATUS_OK)
        status = check_wait(step, command, &wait, ret_error);
    if (status == STATUS_OK)
        status = take_variables(step, command, &at, &wait, ret_error);
    if (status != STATUS_OK)
        return status;
    if (command->kind == BPMN_HANDLER_RETURNED && command->name != NULL)
        set_business_key(step, command->name);
    status = carry_on(step, command, &at, &wait, ret_error);
    if (status == STATUS_OK)
        status = step_close_empty(step, at.scope, ret_error);
    return status == STATUS_OK ? step_run(step, ret_error) : status;
}

/* Everybody in the instance who waits for it. */
static enum status receive_signal(struct step *step, const struct bpmn_command *command,
                                  struct error *ret_error)
{
    uint32_t count = 0;
    enum status status;

    PRE(command->name != NULL);
    status = signal_deliver(step, command->name, command->variables, &count, ret_error);
    if (status == STATUS_OK && count == 0)
        return error_set(ret_error, STATUS_NOT_FOUND,
                         "Expected process instance %s to wait for signal '%s' but it does not.",
                         step->instance_id, command->name);
    return status == STATUS_OK ? step_run(step, ret_error) : status;
}

/* Somebody says that what a token waits for, without any more precise word for it, is done. */
static enum status trigger_token(struct step *step, const struct bpmn_command *command,
                                 struct error *ret_error)
{
    struct bpmn_scope *scope = NULL;
    const struct bpmn_token *token = bpmn_instance_token(step->instance, &command->target, &scope);
    struct bpmn_wait wait;
    struct place at;
    uint32_t i = 0;
    char target[UUID_TEXT_BYTES];
    enum status status;

    while (token != NULL && i < token->wait_count && token->waits[i].kind != BPMN_WAIT_TRIGGER)
        i++;
    if (token == NULL || i == token->wait_count)
        return error_set(ret_error, token == NULL ? STATUS_NOT_FOUND : STATUS_CONFLICT,
                         "Expected execution %s to wait for a trigger in process instance %s but "
                         "it %s.",
                         uuid_format(&command->target, target), step->instance_id,
                         token == NULL ? "is not active" : "waits for something else");
    wait = token->waits[i];
    at.scope = (uint32_t)(scope - step->instance->scopes);
    at.token = token->id;
    at.element = &step->model->elements[token->element];
    variables_merge(step, at.scope, command->variables);
    status = element_trigger(step, &at, &wait, ret_error);
    if (status == STATUS_OK)
        status = step_close_empty(step, at.scope, ret_error);
    return status == STATUS_OK ? step_run(step, ret_error) : status;
}

/* Where the variables of a command about an execution go: a scope, and whether exactly there. */
static enum status find_home(struct step *step, const struct bpmn_command *command,
                             uint32_t *ret_scope, bool *ret_exact, struct error *ret_error)
{
    struct bpmn_instance *instance = step->instance;
    struct bpmn_scope *scope = uuid_is_zero(&command->target)
                                   ? bpmn_instance_root(instance)
                                   : bpmn_instance_scope(instance, &command->target);
    const struct bpmn_token *token = NULL;
    char target[UUID_TEXT_BYTES];

    *ret_exact = scope != NULL;
    if (scope == NULL) {
        token = bpmn_instance_token(instance, &command->target, &scope);
        if (token == NULL)
            return error_set(ret_error, STATUS_NOT_FOUND,
                             "Expected execution %s to be active in process instance %s but it is "
                             "not.",
                             uuid_format(&command->target, target), step->instance_id);
        if (!uuid_is_zero(&token->child_scope)) {
            scope = bpmn_instance_scope(instance, &token->child_scope);
            INVARIANT(scope != NULL);
            *ret_exact = true;
        }
    }
    *ret_scope = (uint32_t)(scope - instance->scopes);
    return STATUS_OK;
}

/* An ad-hoc sub-process in which nothing runs may be complete now. */
static enum status look_at_ad_hoc(struct step *step, struct error *ret_error)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < step->instance->scope_count && status == STATUS_OK; i++) {
        const struct bpmn_scope *scope = &step->instance->scopes[i];

        if (!scope->removed && scope->kind == BPMN_SCOPE_SUB_PROCESS &&
            step->model->elements[scope->element].type == BPMN_AD_HOC_SUB_PROCESS)
            status = step_close_empty(step, i, ret_error);
    }
    return status;
}

static enum status set_variables(struct step *step, const struct bpmn_command *command,
                                 struct error *ret_error)
{
    const char *name;
    json_t *value;
    uint32_t scope = 0;
    bool exact = false;
    enum status status = find_home(step, command, &scope, &exact, ret_error);

    if (status != STATUS_OK)
        return status;
    json_object_foreach ((json_t *)command->variables, name, value) {
        if (command->kind == BPMN_REMOVE_VARIABLES)
            variables_remove(step, scope, name);
        else if (exact)
            variables_set_local(step, scope, name, value);
        else
            variables_set(step, scope, name, value);
    }
    status = look_at_ad_hoc(step, ret_error);
    return status == STATUS_OK ? step_run(step, ret_error) : status;
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
    case BPMN_REMOVE_VARIABLES:
        return set_variables(step, command, ret_error);
    case BPMN_LOOK_AT_CONDITIONS:
        step->look_at_conditions = true;
        return step_run(step, ret_error);
    case BPMN_CHANGE_STATE:
        return change_state(step, command, ret_error);
    case BPMN_TRIGGER:
        return trigger_token(step, command, ret_error);
    case BPMN_TERMINATE:
        terminate(step, command);
        return STATUS_OK;
    case BPMN_RECEIVE_SIGNAL:
        if (uuid_is_zero(&command->target))
            return receive_signal(step, command, ret_error);
        return answer_wait(step, command, ret_error);
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
                        .command = command,
                        .end_element = BPMN_NONE};

    PRE(env->ids != NULL && env->arena != NULL);
    PRE(command->variables == NULL || json_is_object(command->variables));
    step.instance_id = uuid_format(&instance->id, instance_id);
    return dispatch(&step, command, ret_error);
}
