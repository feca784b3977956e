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
}

void variables_set(struct step *step, uint32_t scope, const char *name, const json_t *value)
{
    while (!step_is_root(step, scope) &&
           json_object_get(step->instance->scopes[scope].variables, name) == NULL)
        scope = step_owner(step, scope).scope;
    variables_set_local(step, scope, name, value);
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
