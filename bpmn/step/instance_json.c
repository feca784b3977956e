/* How a scope's state is stored: a small JSON object that people can read in the database.
 *
 *   {"tokens": [{"id": …, "el": element id, "started": us, "scope": child scope's id,
 *                "waits": [{"kind": "timer", "id": …, "el": boundary event, "due": us,
 *                           "repeat": text, "left": firings after this one, "name": message}]}],
 *    "arrivals": {flow id: tokens that wait there}}
 *
 * What does not apply is left out ("el" of a wait when it is the token's own element). Elements and
 * flows are named by id, so the text loads under any version of the model that still has them. */
#include "bpmn/step/apply.h"

#include <string.h>

static const char *const wait_kind_names[] = {
    [BPMN_WAIT_TASK] = "task",   [BPMN_WAIT_JOB] = "job",         [BPMN_WAIT_HANDLER] = "handler",
    [BPMN_WAIT_TIMER] = "timer", [BPMN_WAIT_MESSAGE] = "message",
};

static void set_new(json_t *object, const char *key, json_t *value)
{
    int result = json_object_set_new_nocheck(object, key, value);

    INVARIANT(result == 0);
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL)
        set_new(object, key, json_string_nocheck(text));
}

static void set_uuid(json_t *object, const char *key, const struct uuid *id)
{
    char text[UUID_TEXT_BYTES];

    set_new(object, key, json_string_nocheck(uuid_format(id, text)));
}

static json_t *wait_json(const struct bpmn_model *model, const struct bpmn_token *token,
                         const struct bpmn_wait *wait)
{
    json_t *object = json_object();

    PRE(wait->kind != BPMN_WAIT_HANDLER); /* answered in the transaction that called it */
    set_text(object, "kind", wait_kind_names[wait->kind]);
    set_uuid(object, "id", &wait->id);
    if (wait->element != token->element)
        set_text(object, "el", model->elements[wait->element].id);
    if (wait->kind == BPMN_WAIT_TIMER)
        set_new(object, "due", json_integer(wait->due_us));
    set_text(object, "repeat", wait->repeat);
    if (wait->repeat != NULL)
        set_new(object, "left", json_integer(wait->repeats_left));
    set_text(object, "name", wait->name);
    return object;
}

static json_t *token_json(const struct bpmn_model *model, const struct bpmn_token *token)
{
    json_t *object = json_object();

    set_uuid(object, "id", &token->id);
    set_text(object, "el", model->elements[token->element].id);
    set_new(object, "started", json_integer(token->started_us));
    if (!uuid_is_zero(&token->child_scope))
        set_uuid(object, "scope", &token->child_scope);
    if (token->wait_count > 0) {
        json_t *waits = json_array();

        for (uint32_t i = 0; i < token->wait_count; i++) {
            int result = json_array_append_new(waits, wait_json(model, token, &token->waits[i]));

            INVARIANT(result == 0);
        }
        set_new(object, "waits", waits);
    }
    return object;
}

json_t *bpmn_scope_state(const struct bpmn_instance *instance, const struct bpmn_scope *scope)
{
    json_t *state = json_object();
    json_t *tokens = json_array();

    for (uint32_t i = 0; i < scope->token_count; i++) {
        int result = json_array_append_new(tokens, token_json(instance->model, &scope->tokens[i]));

        INVARIANT(result == 0);
    }
    set_new(state, "tokens", tokens);
    if (scope->arrival_count > 0) {
        json_t *arrivals = json_object();

        for (uint32_t i = 0; i < scope->arrival_count; i++) {
            set_new(arrivals, instance->model->flows[scope->arrivals[i].flow].id,
                    json_integer(scope->arrivals[i].count));
        }
        set_new(state, "arrivals", arrivals);
    }
    return state;
}

/* ---- loading: a stored text is data, so everything about it is checked ----------------------- */

static enum status misfit(struct error *error, const char *what)
{
    return error_set(error, STATUS_INTERNAL,
                     "Expected the stored state of a scope to fit its process definition but %s.",
                     what);
}

static bool load_element(const struct bpmn_model *model, const json_t *value, uint32_t *ret_index)
{
    const char *id = json_string_value(value);
    const struct bpmn_element *element = id != NULL ? bpmn_model_element(model, id) : NULL;

    if (element == NULL)
        return false;
    *ret_index = element->index;
    return true;
}

static bool load_uuid(const json_t *value, struct uuid *ret_id)
{
    const char *text = json_string_value(value);

    return text != NULL && uuid_parse(text, ret_id);
}

static enum status load_wait(struct bpmn_instance *instance, struct bpmn_token *token,
                             const json_t *stored, struct error *ret_error)
{
    struct bpmn_wait *wait = bpmn_token_add_wait(token, instance->arena);
    const char *kind = json_string_value(json_object_get(stored, "kind"));
    const json_t *element = json_object_get(stored, "el");
    size_t index = 0;

    while (index < COUNT_OF(wait_kind_names) &&
           (kind == NULL || strcmp(kind, wait_kind_names[index]) != 0))
        index++;
    if (index == COUNT_OF(wait_kind_names) || index == BPMN_WAIT_HANDLER)
        return misfit(ret_error, "one of its tokens waits for something of an unknown kind");
    wait->kind = (enum bpmn_wait_kind)index;
    if (!load_uuid(json_object_get(stored, "id"), &wait->id))
        return misfit(ret_error, "one of its tokens waits for something without an id");
    wait->element = token->element;
    if (element != NULL && !load_element(instance->model, element, &wait->element))
        return misfit(ret_error, "it names a boundary event that the definition does not have");
    wait->due_us = json_integer_value(json_object_get(stored, "due"));
    wait->repeat =
        arena_copy(instance->arena, json_string_value(json_object_get(stored, "repeat")));
    wait->repeats_left = json_integer_value(json_object_get(stored, "left"));
    wait->name = arena_copy(instance->arena, json_string_value(json_object_get(stored, "name")));
    if (wait->kind == BPMN_WAIT_MESSAGE && wait->name == NULL)
        return misfit(ret_error, "one of its tokens waits for a message without a name");
    return STATUS_OK;
}

static enum status load_token(struct bpmn_instance *instance, struct bpmn_scope *scope,
                              const json_t *stored, struct error *ret_error)
{
    struct bpmn_token *token = bpmn_scope_add_token(scope, instance->arena);
    const json_t *child = json_object_get(stored, "scope");
    const json_t *wait;
    size_t i;

    if (!load_uuid(json_object_get(stored, "id"), &token->id))
        return misfit(ret_error, "one of its tokens has no id");
    if (!load_element(instance->model, json_object_get(stored, "el"), &token->element))
        return misfit(ret_error, "a token stands at an element that the definition does not have");
    token->started_us = json_integer_value(json_object_get(stored, "started"));
    if (child != NULL && !load_uuid(child, &token->child_scope))
        return misfit(ret_error, "a sub-process' token names a scope that is not an id");
    json_array_foreach (json_object_get(stored, "waits"), i, wait) {
        enum status status = load_wait(instance, token, wait, ret_error);

        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status load_arrivals(struct bpmn_instance *instance, struct bpmn_scope *scope,
                                 json_t *stored, struct error *ret_error)
{
    const char *flow_id;
    json_t *count;

    json_object_foreach (stored, flow_id, count) {
        const struct bpmn_flow *flow = bpmn_model_flow(instance->model, flow_id);

        if (flow == NULL)
            return misfit(ret_error, "tokens wait on a flow that the definition does not have");
        if (json_integer_value(count) <= 0 || json_integer_value(count) >= UINT32_MAX)
            return misfit(ret_error, "the number of tokens on a flow is not a positive integer");
        bpmn_scope_set_arrivals(scope, instance->arena, flow->index,
                                (uint32_t)json_integer_value(count));
    }
    return STATUS_OK;
}

/* The root takes the place of the empty one that bpmn_instance_init() made. */
static struct bpmn_scope *scope_to_load(struct bpmn_instance *instance, bool root)
{
    struct bpmn_scope *scope;

    if (!root)
        return bpmn_instance_add_scope(instance);
    PRE(instance->scope_count == 1);
    scope = &instance->scopes[0];
    json_decref(scope->variables);
    memset(scope, 0, sizeof(*scope));
    if (instance->status == BPMN_INSTANCE_NEW)
        instance->status = BPMN_INSTANCE_ACTIVE;
    return scope;
}

enum status bpmn_instance_load_scope(struct bpmn_instance *instance, const struct uuid *id,
                                     const struct uuid *parent_id, const struct uuid *token_id,
                                     const char *element_id, const json_t *state,
                                     const json_t *variables, struct error *ret_error)
{
    struct bpmn_scope *scope = scope_to_load(instance, element_id == NULL);
    const json_t *stored;
    size_t i;

    scope->id = *id;
    scope->parent_id = *parent_id;
    scope->token_id = *token_id;
    scope->element = BPMN_NONE;
    if (!json_is_object(variables) || !json_is_object(state)) {
        scope->variables = json_object();
        return misfit(ret_error, "its state or its variables are not a JSON object");
    }
    scope->variables = json_incref((json_t *)variables); /* copied before the first change */
    if (element_id != NULL) {
        const struct bpmn_element *element = bpmn_model_element(instance->model, element_id);

        if (element == NULL || element->type != BPMN_SUB_PROCESS)
            return misfit(ret_error, "the definition does not have its sub-process");
        if (bpmn_instance_scope(instance, parent_id) == NULL)
            return misfit(ret_error, "the scope around it has not been loaded");
        scope->element = element->index;
    }
    json_array_foreach (json_object_get(state, "tokens"), i, stored) {
        enum status status = load_token(instance, scope, stored, ret_error);

        if (status != STATUS_OK)
            return status;
    }
    return load_arrivals(instance, scope, json_object_get(state, "arrivals"), ret_error);
}
