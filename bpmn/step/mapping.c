/* Values that go from one place to another: data associations, parameters, payloads. */
#include "bpmn/step/element.h"

static void put(json_t *values, const char *name, json_t *value)
{
    int result = json_object_set_new_nocheck(values, name, value);

    INVARIANT(result == 0);
}

static void put_all(struct step *step, const struct view *view, json_t *values)
{
    json_t *all = view->only != NULL ? json_incref((json_t *)view->only)
                                     : variables_visible(step, view->scope);
    int result = json_object_update(values, all);

    INVARIANT(result == 0);
    json_decref(all);
}

static json_t *source_variable(struct step *step, const struct view *view, const char *name)
{
    const json_t *value = json_object_get(view->overlay, name);

    if (value == NULL && view->only != NULL)
        value = json_object_get(view->only, name);
    else if (value == NULL)
        value = bpmn_instance_variable(step->instance, &step->instance->scopes[view->scope], name);
    return value != NULL ? json_incref((json_t *)value) : json_null();
}

/* Unknown variables are null here: data that does not exist yet is no error (BPMN 10.3: an
 * association whose source is empty just does not fill its target). */
static enum status map_one(struct step *step, const struct view *view,
                           const struct bpmn_element *element, const struct bpmn_mapping *mapping,
                           json_t *values, struct error *ret_error)
{
    const char *target = mapping->target;
    struct view lenient = *view;
    json_t *name = NULL;
    json_t *value = NULL;
    enum status status = STATUS_OK;

    lenient.missing_is_null = true;
    if (mapping->all) {
        put_all(step, view, values);
        return STATUS_OK;
    }
    if (mapping->target_expression != NULL) {
        status = evaluate_in(step, &lenient, element, mapping->target_expression,
                             "target of a mapping", &name, ret_error);
        target = json_string_value(name);
        if (status == STATUS_OK && (target == NULL || target[0] == '\0')) {
            error_set(ret_error, STATUS_FAILED, "Expected the name of a variable.");
            status = evaluate_failed(element, "target of a mapping", ret_error);
        }
    }
    if (status == STATUS_OK && mapping->source != NULL)
        status = evaluate_in(step, &lenient, element, mapping->source, "source of a mapping",
                             &value, ret_error);
    else if (status == STATUS_OK)
        value = source_variable(step, view, mapping->source_variable);
    if (status == STATUS_OK)
        put(values, target, value);
    json_decref(name);
    return status;
}

enum status mapping_values(struct step *step, const struct view *view,
                           const struct bpmn_element *element, const struct bpmn_mappings *mappings,
                           const json_t **ret_values, struct error *ret_error)
{
    json_t *values = json_object();
    enum status status = STATUS_OK;

    *ret_values = step_keep(step, values);
    for (uint32_t i = 0; i < mappings->count && status == STATUS_OK; i++)
        status = map_one(step, view, element, &mappings->items[i], values, ret_error);
    return status;
}
