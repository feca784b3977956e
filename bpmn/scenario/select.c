/* Which instances and which waits a step or an expectation is about. */
#include "bpmn/scenario/private.h"

#include <stdlib.h>
#include <string.h>

enum { WAITS_MAX = 60000 };

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool matches(const struct world_instance *instance, const char *process,
                    const char *business_key)
{
    const char *key = instance->instance.business_key;

    if (process != NULL && strcmp(instance->definition->model->process_id, process) != 0)
        return false;
    return business_key == NULL || (key != NULL && strcmp(key, business_key) == 0);
}

bool select_fits(const struct run *run, const json_t *in, const struct world_instance *instance)
{
    const json_t *number = json_object_get(in, "number");
    const char *process = text_of(in, "process");
    const char *business_key = text_of(in, "businessKey");
    json_int_t before = 0;

    if (!matches(instance, process, business_key))
        return false;
    if (number == NULL)
        return true;
    for (uint32_t i = 0; i < instance->number; i++)
        before += matches(world_instance_at(run->world, i), process, business_key);
    return before == json_integer_value(number);
}

struct world_instance *select_one(const struct run *run, const json_t *in)
{
    const char *process = in == NULL ? run->test->process : NULL;
    struct world_instance *first = NULL;
    struct world_instance *instance;

    for (uint32_t i = 0; (instance = world_instance_at(run->world, i)) != NULL; i++) {
        if (!select_fits(run, in, instance) || !matches(instance, process, NULL))
            continue;
        if (instance->instance.status == BPMN_INSTANCE_ACTIVE)
            return instance;
        if (first == NULL)
            first = instance;
    }
    return first;
}

enum status select_active(const struct run *run, const json_t *in,
                          struct world_instance **ret_instance, struct error *ret_error)
{
    struct world_instance *instance = select_one(run, in);

    if (instance == NULL)
        return error_set(ret_error, STATUS_NOT_FOUND,
                         "Expected a process instance%s but there is none.",
                         in != NULL ? " as described by \"in\"" : "");
    *ret_instance = instance;
    return STATUS_OK;
}

/* ---- active elements ---- */

struct id_list {
    const struct run *run;
    const json_t *in;
    json_t *ids;
};

/* A body stands around its instances, and a listener has not begun: neither is active by itself. */
static void add_tokens(struct id_list *list, const struct bpmn_scope *scope,
                       const struct bpmn_model *model)
{
    for (uint32_t i = 0; i < scope->token_count; i++) {
        const struct bpmn_token *token = &scope->tokens[i];

        if (token->state != BPMN_TOKEN_BODY && token->state != BPMN_TOKEN_LISTENING)
            (void)json_array_append_new(list->ids, json_string(model->elements[token->element].id));
    }
}

json_t *select_active_ids(const struct run *run, const json_t *in)
{
    struct id_list list = {run, in, json_array()};
    const struct world_instance *instance;

    for (uint32_t i = 0; (instance = world_instance_at(run->world, i)) != NULL; i++) {
        if (!select_fits(run, in, instance))
            continue;
        for (uint32_t s = 0; s < instance->instance.scope_count; s++)
            add_tokens(&list, &instance->instance.scopes[s], instance->definition->model);
    }
    return list.ids;
}

/* Tokens that wait for others, by flow: they are not active, but nothing has ended either. */
json_t *select_waiting_flows(const struct run *run, const json_t *in)
{
    json_t *flows = json_array();
    const struct world_instance *instance;

    for (uint32_t i = 0; (instance = world_instance_at(run->world, i)) != NULL; i++) {
        for (uint32_t s = 0; s < instance->instance.scope_count; s++) {
            const struct bpmn_scope *scope = &instance->instance.scopes[s];

            for (uint32_t a = 0; a < scope->arrival_count && select_fits(run, in, instance); a++)
                (void)json_array_append_new(
                    flows,
                    json_string(instance->definition->model->flows[scope->arrivals[a].flow].id));
        }
    }
    return flows;
}

/* ---- waits ---- */

struct wait_list {
    const struct run *run;
    const json_t *in;
    const char *element_id;
    unsigned kinds;
    struct world_wait *items;
    uint32_t count;
    uint32_t capacity;
};

static bool collect(void *context, const struct world_wait *at)
{
    struct wait_list *list = context;
    const struct bpmn_model *model = at->instance->definition->model;

    if ((list->kinds & 1U << at->wait->kind) == 0 ||
        strcmp(model->elements[at->wait->element].id, list->element_id) != 0 ||
        !select_fits(list->run, list->in, at->instance))
        return true;
    if (list->count == list->capacity) {
        uint32_t capacity = 2 * list->capacity + 8;

        list->items =
            arena_grow(list->run->arena, list->items, list->count, capacity, sizeof(*list->items));
        list->capacity = capacity;
    }
    list->items[list->count++] = *at;
    return list->count < WAITS_MAX;
}

static int compare(const void *a, const void *b)
{
    const struct world_wait *first = a;
    const struct world_wait *second = b;

    return uuid_compare(&first->wait->id, &second->wait->id);
}

bool select_knows_element(const struct run *run, const char *element_id)
{
    const struct world_definition *definition;

    for (uint32_t i = 0; (definition = world_definition_at(run->world, i)) != NULL; i++) {
        if (bpmn_model_element(definition->model, element_id) != NULL)
            return true;
    }
    return false;
}

/* A name that is worked out while it runs may be any. */
static bool may_be(const struct expression *expression, const char *name)
{
    return expression != NULL &&
           (!expression_is_literal(expression) || strcmp(expression_text(expression), name) == 0);
}

static bool listeners_know(const struct bpmn_listeners *listeners, const char *name)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        if (may_be(listeners->items[i].topic, name))
            return true;
    }
    return false;
}

static bool model_knows(const struct bpmn_model *model, const char *name)
{
    for (uint32_t i = 0; i < model->element_count; i++) {
        const struct bpmn_element *element = &model->elements[i];

        if (may_be(element->topic, name) || listeners_know(&element->listeners, name) ||
            (element->type == BPMN_CALL_ACTIVITY && may_be(element->call.called_element, name)))
            return true;
    }
    for (uint32_t i = 0; i < model->flow_count; i++) {
        if (listeners_know(&model->flows[i].listeners, name))
            return true;
    }
    return listeners_know(&model->listeners, name);
}

bool select_knows_question(const struct run *run, const char *name)
{
    const struct world_definition *definition;

    if (select_knows_element(run, name))
        return true;
    for (uint32_t i = 0; (definition = world_definition_at(run->world, i)) != NULL; i++) {
        if (model_knows(definition->model, name))
            return true;
    }
    return false;
}

static enum status nothing_waits(const struct wait_list *list, const char *purpose,
                                 struct error *ret_error)
{
    json_t *ids = select_active_ids(list->run, list->in);
    char *active = json_dumps(ids, JSON_COMPACT);
    enum status status;

    if (!select_knows_element(list->run, list->element_id))
        status = error_set(ret_error, STATUS_NOT_FOUND,
                           "Expected '%.100s' to be an element of the test's processes but none "
                           "has it.",
                           list->element_id);
    else if (list->count > 0)
        status = error_set(ret_error, STATUS_CONFLICT,
                           "Expected more of '%.100s' to wait %s but there are only %u (indexes "
                           "begin at 0).",
                           list->element_id, purpose, list->count);
    else
        status = error_set(ret_error, STATUS_CONFLICT,
                           "Expected '%.100s' to wait %s but it does not. Active are %.400s.",
                           list->element_id, purpose, active);
    free(active); /* jansson's */
    json_decref(ids);
    return status;
}

enum status select_wait(const struct run *run, const json_t *in, const char *element_id,
                        unsigned kinds, int64_t index, const char *purpose,
                        struct world_wait *ret_wait, struct error *ret_error)
{
    struct wait_list list = {.run = run, .in = in, .element_id = element_id, .kinds = kinds};

    world_visit_waits(run->world, collect, &list);
    if (index >= (int64_t)list.count)
        return nothing_waits(&list, purpose, ret_error);
    qsort(list.items, list.count, sizeof(*list.items), compare);
    *ret_wait = list.items[index];
    return STATUS_OK;
}
