/* How a scope's state is stored: a small JSON object that people can read in the database.
 *
 *   {"kind": scope kind (left out: process or sub-process),
 *    "tokens": [{"id": …, "el": element id, "state": (left out: active), "started": us,
 *                "scope": child scope's id,
 *                "waits": [{"kind": "timer", "id": …, "el": boundary event, "def": its definition,
 *                           "due": us, "repeat": text, "left": firings after this one,
 *                           "name": message or signal, "key": correlation, "true": condition}]}],
 *    "arrivals": {flow id: tokens that wait there}, "held": [flow ids],
 *    "children": scopes inside that no token waits for, "index": which instance,
 *    "progress": {"total": …, "started": …, "completed": …}, "items": [what a loop goes over],
 *    "gathered": [outputs], "compensable": [records], "queue": [records]}
 *
 * What does not apply is left out ("el" of a wait when it is the token's own element). Elements and
 * flows are named by id, so the text loads under any version of the model that still has them. */
#include "bpmn/step/apply.h"

#include <string.h>

static const char *const wait_kind_names[] = {
#define WAIT_NAME(name, text) [BPMN_WAIT_##name] = text,
    BPMN_WAIT_KINDS(WAIT_NAME)
#undef WAIT_NAME
};

static const char *const token_state_names[] = {
#define TOKEN_NAME(name, text) [BPMN_TOKEN_##name] = text,
    BPMN_TOKEN_STATES(TOKEN_NAME)
#undef TOKEN_NAME
};

static const char *const scope_kind_names[] = {
#define SCOPE_NAME(name, text) [BPMN_SCOPE_##name] = text,
    BPMN_SCOPE_KINDS(SCOPE_NAME)
#undef SCOPE_NAME
};

/* The index of a name in a table; the table's size when it has no such name. */
static size_t find_name(const char *const *names, size_t count, const char *name)
{
    size_t index = 0;

    while (index < count && (name == NULL || strcmp(name, names[index]) != 0))
        index++;
    return index;
}

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
    if (wait->definition != 0)
        set_new(object, "def", json_integer((json_int_t)wait->definition));
    if (wait->was_true)
        set_new(object, "true", json_true());
    if (wait->kind == BPMN_WAIT_TIMER)
        set_new(object, "due", json_integer(wait->due_us));
    set_text(object, "repeat", wait->repeat);
    if (wait->repeat != NULL)
        set_new(object, "left", json_integer(wait->repeats_left));
    set_text(object, "name", wait->name);
    set_text(object, "key", wait->key);
    return object;
}

static json_t *token_json(const struct bpmn_model *model, const struct bpmn_token *token)
{
    json_t *object = json_object();

    set_uuid(object, "id", &token->id);
    set_text(object, "el", model->elements[token->element].id);
    if (token->state != BPMN_TOKEN_ACTIVE)
        set_text(object, "state", token_state_names[token->state]);
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

static void set_arrivals(json_t *state, const struct bpmn_model *model,
                         const struct bpmn_scope *scope)
{
    json_t *arrivals = json_object();
    json_t *held = json_array();

    for (uint32_t i = 0; i < scope->arrival_count; i++) {
        const struct bpmn_arrival *arrival = &scope->arrivals[i];
        const char *flow = model->flows[arrival->flow].id;

        if (arrival->count > 0)
            set_new(arrivals, flow, json_integer(arrival->count));
        if (arrival->taken)
            (void)json_array_append_new(held, json_string_nocheck(flow));
    }
    set_new(state, "arrivals", arrivals);
    if (json_array_size(held) > 0)
        set_new(state, "held", json_incref(held));
    json_decref(held);
}

static void set_list(json_t *state, const char *key, const json_t *list)
{
    if (list != NULL)
        set_new(state, key, json_incref((json_t *)list));
}

static void set_progress(json_t *state, const struct bpmn_scope *scope)
{
    const struct bpmn_progress *progress = &scope->progress;
    json_t *object;

    if (progress->total == 0 && progress->started == 0 && progress->completed == 0)
        return;
    object = json_object();
    set_new(object, "total", json_integer(progress->total));
    set_new(object, "started", json_integer(progress->started));
    set_new(object, "completed", json_integer(progress->completed));
    set_new(state, "progress", object);
}

json_t *bpmn_scope_state(const struct bpmn_instance *instance, const struct bpmn_scope *scope)
{
    json_t *state = json_object();
    json_t *tokens = json_array();

    if (scope->kind != BPMN_SCOPE_PROCESS && scope->kind != BPMN_SCOPE_SUB_PROCESS)
        set_text(state, "kind", scope_kind_names[scope->kind]);
    for (uint32_t i = 0; i < scope->token_count; i++) {
        int result = json_array_append_new(tokens, token_json(instance->model, &scope->tokens[i]));

        INVARIANT(result == 0);
    }
    set_new(state, "tokens", tokens);
    if (scope->arrival_count > 0)
        set_arrivals(state, instance->model, scope);
    if (scope->child_count > 0)
        set_new(state, "children", json_integer(scope->child_count));
    if (scope->index > 0)
        set_new(state, "index", json_integer(scope->index));
    set_progress(state, scope);
    set_list(state, "items", scope->items);
    set_list(state, "gathered", scope->gathered);
    set_list(state, "compensable", scope->compensable);
    set_list(state, "queue", scope->queue);
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
    size_t index = find_name(wait_kind_names, COUNT_OF(wait_kind_names), kind);

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
    wait->key = arena_copy(instance->arena, json_string_value(json_object_get(stored, "key")));
    wait->definition = (uint32_t)json_integer_value(json_object_get(stored, "def"));
    wait->was_true = json_is_true(json_object_get(stored, "true"));
    if ((wait->kind == BPMN_WAIT_MESSAGE || wait->kind == BPMN_WAIT_SIGNAL) && wait->name == NULL)
        return misfit(ret_error, "one of its tokens waits for a message without a name");
    if (wait->definition >= instance->model->elements[wait->element].events.count &&
        (wait->definition > 0 || wait->kind == BPMN_WAIT_CONDITION))
        return misfit(ret_error, "a token waits for an event that the definition does not have");
    instance->condition_count += wait->kind == BPMN_WAIT_CONDITION;
    return STATUS_OK;
}

static enum status load_token(struct bpmn_instance *instance, struct bpmn_scope *scope,
                              const json_t *stored, struct error *ret_error)
{
    struct bpmn_token *token = bpmn_scope_add_token(scope, instance->arena);
    const json_t *child = json_object_get(stored, "scope");
    const char *state = json_string_value(json_object_get(stored, "state"));
    size_t state_index = find_name(token_state_names, COUNT_OF(token_state_names), state);
    const json_t *wait;
    size_t i;

    if (!load_uuid(json_object_get(stored, "id"), &token->id))
        return misfit(ret_error, "one of its tokens has no id");
    if (!load_element(instance->model, json_object_get(stored, "el"), &token->element))
        return misfit(ret_error, "a token stands at an element that the definition does not have");
    if (state != NULL && state_index == COUNT_OF(token_state_names))
        return misfit(ret_error, "one of its tokens is in an unknown state");
    token->state = state != NULL ? (enum bpmn_token_state)state_index : BPMN_TOKEN_ACTIVE;
    scope->listener_count += token->state == BPMN_TOKEN_LISTENING;
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
                                 json_t *stored, const json_t *held, struct error *ret_error)
{
    const char *flow_id;
    json_t *count;
    const json_t *item;
    size_t i;

    json_object_foreach (stored, flow_id, count) {
        const struct bpmn_flow *flow = bpmn_model_flow(instance->model, flow_id);

        if (flow == NULL)
            return misfit(ret_error, "tokens wait on a flow that the definition does not have");
        if (json_integer_value(count) <= 0 || json_integer_value(count) >= INT32_MAX)
            return misfit(ret_error, "the number of tokens on a flow is not a positive integer");
        bpmn_scope_add_arrivals(scope, instance->arena, flow->index,
                                (int32_t)json_integer_value(count));
    }
    json_array_foreach (held, i, item) {
        const struct bpmn_flow *flow =
            json_is_string(item) ? bpmn_model_flow(instance->model, json_string_value(item)) : NULL;

        if (flow == NULL)
            return misfit(ret_error, "a gateway holds a flow that the definition does not have");
        bpmn_scope_hold(scope, instance->arena, flow->index, true);
    }
    return STATUS_OK;
}

/* A list of records, or nothing. */
static json_t *load_list(const json_t *state, const char *key)
{
    json_t *list = json_object_get(state, key);

    return json_is_array(list) ? json_incref(list) : NULL;
}

static enum status load_rest(struct bpmn_scope *scope, const json_t *state, struct error *ret_error)
{
    const json_t *progress = json_object_get(state, "progress");
    const char *kind = json_string_value(json_object_get(state, "kind"));
    size_t index = find_name(scope_kind_names, COUNT_OF(scope_kind_names), kind);
    json_int_t children = json_integer_value(json_object_get(state, "children"));

    if (kind != NULL && index == COUNT_OF(scope_kind_names))
        return misfit(ret_error, "it is of an unknown kind");
    scope->kind = kind != NULL                  ? (enum bpmn_scope_kind)index
                  : scope->element == BPMN_NONE ? BPMN_SCOPE_PROCESS
                                                : BPMN_SCOPE_SUB_PROCESS;
    if (children < 0 || children >= UINT32_MAX)
        return misfit(ret_error, "the number of scopes in it is none");
    scope->child_count = (uint32_t)children;
    scope->index = json_integer_value(json_object_get(state, "index"));
    scope->progress.total = json_integer_value(json_object_get(progress, "total"));
    scope->progress.started = json_integer_value(json_object_get(progress, "started"));
    scope->progress.completed = json_integer_value(json_object_get(progress, "completed"));
    scope->items = load_list(state, "items");
    scope->gathered = load_list(state, "gathered");
    scope->retired = scope->kind == BPMN_SCOPE_ITERATION && scope->gathered != NULL;
    scope->compensable = load_list(state, "compensable");
    scope->queue = load_list(state, "queue");
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
    scope->parent = BPMN_NONE;
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
    enum status status;
    uint32_t index;
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

        if (element == NULL)
            return misfit(ret_error, "the definition does not have its activity");
        if (bpmn_instance_scope(instance, parent_id) == NULL)
            return misfit(ret_error, "the scope around it has not been loaded");
        scope->element = element->index;
        index = instance->scope_count - 1;
        bpmn_instance_index_scope(instance, index);
        scope = &instance->scopes[index];
    }
    status = load_rest(scope, state, ret_error);
    if (status == STATUS_OK && scope->kind == BPMN_SCOPE_SUB_PROCESS &&
        instance->model->elements[scope->element].container == NULL)
        status = misfit(ret_error, "the definition does not have its sub-process");
    json_array_foreach (json_object_get(state, "tokens"), i, stored) {
        if (status == STATUS_OK)
            status = load_token(instance, scope, stored, ret_error);
    }
    if (status != STATUS_OK)
        return status;
    return load_arrivals(instance, scope, json_object_get(state, "arrivals"),
                         json_object_get(state, "held"), ret_error);
}
