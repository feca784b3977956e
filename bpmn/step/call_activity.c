/* Call activity: an instance of another process, with variables of its own. */
#include "bpmn/step/element.h"

static enum status variables_in(struct step *step, const struct place *at,
                                const json_t **ret_variables, struct error *ret_error)
{
    const struct bpmn_call *call = &at->element->call;
    struct view view = {.scope = at->scope, .at = at};
    const json_t *mapped = NULL;
    json_t *variables;
    enum status status = mapping_values(step, &view, at->element, &call->in, &mapped, ret_error);
    int result;

    if (status != STATUS_OK)
        return status;
    /* A call that says nothing about data lets all of it be seen; nothing comes back unasked. */
    if (!call->inherit_variables && call->in.count > 0) {
        *ret_variables = mapped;
        return STATUS_OK;
    }
    variables = variables_visible(step, at->scope);
    *ret_variables = step_keep(step, variables);
    result = json_object_update(variables, (json_t *)mapped);
    INVARIANT(result == 0);
    return STATUS_OK;
}

static enum status evaluate_details(struct step *step, const struct place *at,
                                    struct bpmn_call_details *details, struct error *ret_error)
{
    const struct bpmn_call *call = &at->element->call;
    enum status status =
        evaluate_name(step, at, call->called_element, "called element", &details->key, ret_error);

    details->binding = call->binding;
    if (call->inherit_business_key)
        details->business_key = step->instance->business_key;
    if (status == STATUS_OK)
        status = evaluate_optional(step, at, call->version, "called version", &details->version,
                                   ret_error);
    if (status == STATUS_OK)
        status = evaluate_optional(step, at, call->business_key, "business key",
                                   &details->business_key, ret_error);
    if (status == STATUS_OK)
        status = evaluate_optional(step, at, call->instance_name, "instance name",
                                   &details->instance_name, ret_error);
    if (status == STATUS_OK)
        status = variables_in(step, at, &details->variables, ret_error);
    return status;
}

/* BPMN 13.2, call activity: on activation the called process is instantiated. Next: trigger() when
 * that instance has completed. */
static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    struct bpmn_call_details *details = arena_alloc(step->env->arena, sizeof(*details));
    struct bpmn_change started = step_change(step, BPMN_CHANGE_CALL_STARTED, at);
    char id[UUID_TEXT_BYTES];
    enum status status = evaluate_details(step, at, details, ret_error);

    (void)move;
    if (status != STATUS_OK)
        return status;
    started.wait_id = uuid_next(step->env->ids);
    started.name = details->key;
    started.call = details;
    if (at->element->call.id_variable != NULL)
        variables_set_text(step, at->scope, at->element->call.id_variable,
                           uuid_format(&started.wait_id, id));
    step_wait(step, &started);
    return STATUS_OK;
}

/* The called instance is done: what was asked for comes back. */
static enum status trigger(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                           struct error *ret_error)
{
    json_t *none = json_object();
    const json_t *result = step->command->variables;
    struct view view = {.scope = at->scope,
                        .at = at,
                        .only = result != NULL ? result : step_keep(step, json_incref(none))};
    const json_t *values = NULL;
    const char *name;
    json_t *value;
    enum status status =
        mapping_values(step, &view, at->element, &at->element->call.out, &values, ret_error);

    json_decref(none);
    if (status != STATUS_OK)
        return status;
    step_wait_over(step, at, wait);
    json_object_foreach ((json_t *)values, name, value) {
        if (at->element->call.local_out)
            variables_set_local(step, at->scope, name, value);
        else
            variables_set(step, at->scope, name, value);
    }
    return step_leave(step, at, ret_error);
}

const struct element_hooks call_activity_hooks = {
    .activate = activate,
    .leave = flows_take_true,
    .trigger = trigger,
};
