/* An operator moves an instance: tokens are taken away here and put down there. */
#include "bpmn/step/element.h"

#include <string.h>

static enum status unknown(const struct step *step, const char *id, const char *what,
                           struct error *ret_error)
{
    return error_set(ret_error, STATUS_INVALID,
                     "Expected '%.200s' to be %s of process '%s' but it is not.", id, what,
                     step->model->process_id);
}

/* The scope in which an element of `container` can run. It is opened, with those around it, when it
 * is not there: as if a token had entered the sub-process, but for where it starts. As deep as the
 * model nests. */
static enum status scope_for(struct step *step, uint32_t container, uint32_t *ret_scope,
                             struct error *ret_error)
{
    struct bpmn_instance *instance = step->instance;
    const struct bpmn_element *element;
    struct place at;
    uint32_t outer;
    enum status status;

    *ret_scope = 0;
    if (container == BPMN_NONE)
        return STATUS_OK;
    for (uint32_t i = 0; i < instance->scope_count; i++) {
        if (!instance->scopes[i].removed && instance->scopes[i].kind == BPMN_SCOPE_SUB_PROCESS &&
            instance->scopes[i].element == container) {
            *ret_scope = i;
            return STATUS_OK;
        }
    }
    element = &step->model->elements[container];
    status = scope_for(step, element->scope, &outer, ret_error);
    if (status != STATUS_OK)
        return status;
    at = step_new_token(step, BPMN_CHANGE_ELEMENT_ACTIVATED, outer, container, BPMN_NONE, NULL);
    *ret_scope = step_open_scope(step, BPMN_SCOPE_SUB_PROCESS, outer, container, &at.token, 0);
    status = variables_declare(step, *ret_scope, element->container, ret_error);
    if (status == STATUS_OK)
        status = event_sub_processes_listen(step, *ret_scope, element->container, ret_error);
    return status == STATUS_OK ? boundary_arm(step, &at, ret_error) : status;
}

static enum status start_one(struct step *step, const char *id, struct error *ret_error)
{
    const struct bpmn_element *element = bpmn_model_element(step->model, id);
    uint32_t scope;
    enum status status;

    if (element == NULL || element->type == BPMN_BOUNDARY_EVENT)
        return unknown(step, id, "an activity, gateway or event", ret_error);
    status = scope_for(step, element->scope, &scope, ret_error);
    if (status == STATUS_OK)
        step_enqueue(step, scope, element->index, BPMN_NONE);
    return status;
}

static bool is_meant(const struct step *step, const struct bpmn_token *token, const char *id,
                     const struct uuid *token_id)
{
    if (token->state == BPMN_TOKEN_LISTENING)
        return false;
    return uuid_equal(&token->id, token_id) ||
           strcmp(step->model->elements[token->element].id, id) == 0;
}

/* The next token that an id means, the outermost first: what is inside goes with it. */
static bool find(struct step *step, const char *id, const struct uuid *token_id,
                 struct place *ret_at)
{
    for (uint32_t i = 0; i < step->instance->scope_count; i++) {
        const struct bpmn_scope *scope = &step->instance->scopes[i];

        for (uint32_t j = 0; !scope->removed && j < scope->token_count; j++) {
            if (!is_meant(step, &scope->tokens[j], id, token_id))
                continue;
            *ret_at = (struct place){.scope = i,
                                     .token = scope->tokens[j].id,
                                     .element = &step->model->elements[scope->tokens[j].element]};
            return true;
        }
    }
    return false;
}

/* A sub-process out of which the last token was taken goes too: it has not completed. */
static void end_empty(struct step *step, uint32_t scope, const char *reason)
{
    while (!step_is_root(step, scope) && !step->instance->scopes[scope].removed) {
        const struct bpmn_scope *at = &step->instance->scopes[scope];
        struct place owner;

        if (at->token_count > at->listener_count || at->child_count > 0 ||
            step_in_flight(step, scope) > 0)
            return;
        if (!step_owner(step, scope, &owner))
            return;
        step_terminate(step, owner.scope, &owner.token, reason);
        scope = owner.scope;
    }
}

static enum status cancel_one(struct step *step, const char *id, struct error *ret_error)
{
    static const char reason[] = "moved by an operator";
    struct uuid token_id;
    struct place at;
    bool any = false;

    if (!uuid_parse(id, &token_id))
        memset(&token_id, 0, sizeof(token_id));
    while (find(step, id, &token_id, &at)) {
        any = true;
        step_terminate(step, at.scope, &at.token, reason);
        end_empty(step, at.scope, reason);
    }
    if (any)
        return STATUS_OK;
    return error_set(ret_error, STATUS_CONFLICT,
                     "Expected '%.200s' to be active in process instance %s but it is not.", id,
                     step->instance_id);
}

/* First down, then away: a scope that gets a new token is not left in between. Tokens that are put
 * down are still on their way, so that none of them is taken away again. */
enum status change_state(struct step *step, const struct bpmn_command *command,
                         struct error *ret_error)
{
    const json_t *item;
    size_t i;
    enum status status = STATUS_OK;

    json_array_foreach (json_object_get(command->value, "start"), i, item) {
        if (status == STATUS_OK)
            status = start_one(step, json_string_value(item), ret_error);
    }
    json_array_foreach (json_object_get(command->value, "cancel"), i, item) {
        if (status == STATUS_OK)
            status = cancel_one(step, json_string_value(item), ret_error);
    }
    if (status == STATUS_OK)
        status = step_close_empty(step, 0, ret_error);
    return status == STATUS_OK ? step_run(step, ret_error) : status;
}
