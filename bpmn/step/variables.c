/* Setting variables: where they belong, and only when they change. */
#include "bpmn/step/element.h"

void variables_set_local(struct step *step, uint32_t scope, const char *name, const json_t *value)
{
    const struct bpmn_scope *at = &step->instance->scopes[scope];
    const json_t *old = json_object_get(at->variables, name);
    struct bpmn_change change = step_change(step, BPMN_CHANGE_VARIABLE_SET, NULL);

    PRE(!at->removed);
    if (old != NULL && json_equal(old, value))
        return;
    change.scope_id = at->id;
    change.element = at->element;
    change.name = arena_copy(step->env->arena, name);
    change.value = value;
    step_record(step, &change);
    step->look_at_conditions = true;
}

/* The nearest scope that has it, else the root. */
static uint32_t home_of(const struct step *step, uint32_t scope, const char *name)
{
    const struct bpmn_instance *instance = step->instance;

    while (instance->scopes[scope].parent != BPMN_NONE &&
           json_object_get(instance->scopes[scope].variables, name) == NULL)
        scope = instance->scopes[scope].parent;
    return scope;
}

void variables_set(struct step *step, uint32_t scope, const char *name, const json_t *value)
{
    variables_set_local(step, home_of(step, scope, name), name, value);
}

void variables_set_text(struct step *step, uint32_t scope, const char *name, const char *text)
{
    json_t *value = text != NULL ? json_string(text) : json_null();

    if (value == NULL) /* not UTF-8: no text */
        value = json_null();
    variables_set(step, scope, name, value);
    json_decref(value);
}

void variables_remove(struct step *step, uint32_t scope, const char *name)
{
    const struct bpmn_scope *at;
    struct bpmn_change change = step_change(step, BPMN_CHANGE_VARIABLE_REMOVED, NULL);

    scope = home_of(step, scope, name);
    at = &step->instance->scopes[scope];
    if (json_object_get(at->variables, name) == NULL)
        return;
    change.scope_id = at->id;
    change.element = at->element;
    change.name = arena_copy(step->env->arena, name);
    step_record(step, &change);
    step->look_at_conditions = true;
}

void variables_merge(struct step *step, uint32_t scope, const json_t *object)
{
    const char *name;
    json_t *value;

    PRE(object == NULL || json_is_object(object));
    json_object_foreach ((json_t *)object, name, value) {
        variables_set(step, scope, name, value);
    }
}

json_t *variables_visible(const struct step *step, uint32_t scope)
{
    const struct bpmn_instance *instance = step->instance;
    json_t *visible = json_copy(instance->scopes[scope].variables);

    while (instance->scopes[scope].parent != BPMN_NONE) {
        int result;

        scope = instance->scopes[scope].parent;
        result = json_object_update_missing(visible, instance->scopes[scope].variables);
        INVARIANT(result == 0);
    }
    return visible;
}

/* BPMN 10.3, data objects and properties: they live as long as the process or sub-process that has
 * them. */
enum status variables_declare(struct step *step, uint32_t scope,
                              const struct bpmn_container *container, struct error *ret_error)
{
    for (uint32_t i = 0; i < container->data_count; i++) {
        const struct bpmn_data *data = &container->data[i];
        const struct bpmn_scope *at = &step->instance->scopes[scope];
        uint32_t element = at->element != BPMN_NONE ? at->element : 0;
        struct view view = {.scope = scope, .missing_is_null = true};
        json_t *value = NULL;
        enum status status;

        if (json_object_get(at->variables, data->name) != NULL)
            continue;
        if (data->initial != NULL) {
            status = evaluate_in(step, &view, &step->model->elements[element], data->initial,
                                 "initial value", &value, ret_error);
            if (status != STATUS_OK)
                return status;
        }
        variables_set_local(step, scope, data->name, value != NULL ? value : json_null());
        json_decref(value);
    }
    return STATUS_OK;
}
