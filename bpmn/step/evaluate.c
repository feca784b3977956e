/* Expressions as seen from a token: its scope's variables, then those around it. */
#include "bpmn/step/element.h"

#include <stdlib.h>

struct evaluation {
    struct expression_scope base;
    struct step *step;
    const struct view *view;
    json_t *counter; /* a built-in value that was made for this evaluation */
    char execution_id[UUID_TEXT_BYTES];
};

/* The counters of the loops around: they are no variables, so that nobody has to store them. */
static const json_t *find_counter(struct evaluation *evaluation, const char *name)
{
    const struct bpmn_instance *instance = evaluation->step->instance;
    uint32_t scope = evaluation->view->scope;

    for (; scope != BPMN_NONE; scope = instance->scopes[scope].parent) {
        json_t *value;

        if (instance->scopes[scope].kind != BPMN_SCOPE_BODY)
            continue;
        value = loop_counter(&instance->scopes[scope], name);
        if (value == NULL)
            return NULL;
        json_decref(evaluation->counter);
        evaluation->counter = value;
        return value;
    }
    return NULL;
}

static const json_t *lookup(const struct expression_scope *base, const char *name)
{
    struct evaluation *evaluation =
        CONTAINER_OF((struct expression_scope *)(uintptr_t)base, struct evaluation, base);
    const struct view *view = evaluation->view;
    const json_t *value = json_object_get(view->overlay, name);

    if (value == NULL && view->only != NULL)
        value = json_object_get(view->only, name);
    else if (value == NULL)
        value = bpmn_instance_variable(evaluation->step->instance,
                                       &evaluation->step->instance->scopes[view->scope], name);
    if (value == NULL && name[0] == 'n' && view->only == NULL)
        value = find_counter(evaluation, name);
    return value == NULL && view->missing_is_null ? json_null() : value;
}

static const json_t *lookup_local(const struct expression_scope *base, const char *name)
{
    const struct evaluation *evaluation = CONTAINER_OF(base, struct evaluation, base);

    return json_object_get(evaluation->step->instance->scopes[evaluation->view->scope].variables,
                           name);
}

static enum status assign(const struct expression_scope *base, const char *name,
                          const json_t *value, bool is_local, struct error *ret_error)
{
    const struct evaluation *evaluation = CONTAINER_OF(base, struct evaluation, base);
    struct step *step = evaluation->step;

    (void)ret_error; /* cannot fail; the signature is the callback's */
    if (value == NULL)
        variables_remove(step, evaluation->view->scope, name);
    else if (is_local)
        variables_set_local(step, evaluation->view->scope, name, value);
    else
        variables_set(step, evaluation->view->scope, name, value);
    return STATUS_OK;
}

static void evaluation_init(struct evaluation *evaluation, struct step *step,
                            const struct view *view)
{
    const struct place *at = view->at;
    const struct uuid *execution = at != NULL ? &at->token : &step->instance->id;

    *evaluation = (struct evaluation){.step = step, .view = view};
    evaluation->base.lookup = lookup;
    evaluation->base.lookup_local = lookup_local;
    evaluation->base.assign = view->only == NULL ? assign : NULL;
    evaluation->base.missing = view->missing;
    evaluation->base.task = view->task;
    evaluation->base.process_instance_id = step->instance_id;
    evaluation->base.execution_id = uuid_format(execution, evaluation->execution_id);
    evaluation->base.business_key = step->instance->business_key;
    evaluation->base.process_definition_id = step->instance->definition_id;
    evaluation->base.definition_key = step->model->process_id;
    evaluation->base.activity_id = at != NULL ? at->element->id : NULL;
    evaluation->base.activity_name = at != NULL ? at->element->name : NULL;
    evaluation->base.user = step->command->user;
    evaluation->base.now_us = step->env->now_us;
}

enum status evaluate_failed(const struct bpmn_element *element, const char *what,
                            struct error *error)
{
    error->status = STATUS_FAILED;
    error_prefix(error, "The %s of %s '%s'", what, bpmn_element_type_name(element->type),
                 element->id);
    return error_at(error, element->id, element->line, element->column);
}

enum status evaluate_in(struct step *step, const struct view *view,
                        const struct bpmn_element *element, const struct expression *expression,
                        const char *what, json_t **ret_value, struct error *ret_error)
{
    struct evaluation evaluation;
    enum status status;

    evaluation_init(&evaluation, step, view);
    status = expression_value(expression, &evaluation.base, ret_value, ret_error);
    json_decref(evaluation.counter);
    return status == STATUS_OK ? STATUS_OK : evaluate_failed(element, what, ret_error);
}

enum status evaluate_value(struct step *step, const struct place *at,
                           const struct expression *expression, const char *what,
                           json_t **ret_value, struct error *ret_error)
{
    struct view view = {.scope = at->scope, .at = at};

    return evaluate_in(step, &view, at->element, expression, what, ret_value, ret_error);
}

enum status evaluate_text(struct step *step, const struct place *at,
                          const struct expression *expression, const char *what,
                          const char **ret_text, struct error *ret_error)
{
    struct view view = {.scope = at->scope, .at = at};
    struct evaluation evaluation;
    enum status status;

    evaluation_init(&evaluation, step, &view);
    status = expression_string(expression, &evaluation.base, step->env->arena, ret_text, ret_error);
    json_decref(evaluation.counter);
    return status == STATUS_OK ? STATUS_OK : evaluate_failed(at->element, what, ret_error);
}

enum status evaluate_optional(struct step *step, const struct place *at,
                              const struct expression *expression, const char *what,
                              const char **ret_text, struct error *ret_error)
{
    const char *text = NULL;
    enum status status;

    if (expression == NULL)
        return STATUS_OK;
    status = evaluate_text(step, at, expression, what, &text, ret_error);
    if (status == STATUS_OK && text != NULL && text[0] != '\0')
        *ret_text = text;
    return status;
}

enum status evaluate_name(struct step *step, const struct place *at,
                          const struct expression *expression, const char *what,
                          const char **ret_text, struct error *ret_error)
{
    const char *text = NULL;
    enum status status = evaluate_optional(step, at, expression, what, &text, ret_error);

    if (status != STATUS_OK)
        return status;
    if (text == NULL) {
        error_set(ret_error, STATUS_FAILED, "Expected a name but it is empty.");
        return evaluate_failed(at->element, what, ret_error);
    }
    *ret_text = text;
    return STATUS_OK;
}

enum status evaluate_boolean(struct step *step, const struct view *view,
                             const struct bpmn_element *element,
                             const struct expression *expression, const char *what, bool *ret_true,
                             struct error *ret_error)
{
    struct evaluation evaluation;
    enum status status;

    evaluation_init(&evaluation, step, view);
    status = expression_condition(expression, &evaluation.base, ret_true, ret_error);
    json_decref(evaluation.counter);
    return status == STATUS_OK ? STATUS_OK : evaluate_failed(element, what, ret_error);
}

/* A condition belongs to its flow: that is the element and line its designer has to look at. */
enum status evaluate_condition(struct step *step, const struct place *at,
                               const struct bpmn_flow *flow, const json_t *overlay, bool *ret_true,
                               struct error *ret_error)
{
    struct view view = {.scope = at->scope, .at = at, .overlay = overlay};
    struct evaluation evaluation;
    enum status status;

    PRE(flow->condition != NULL);
    evaluation_init(&evaluation, step, &view);
    status = expression_condition(flow->condition, &evaluation.base, ret_true, ret_error);
    json_decref(evaluation.counter);
    if (status == STATUS_OK)
        return STATUS_OK;
    ret_error->status = STATUS_FAILED;
    error_prefix(ret_error, "The condition of flow '%s' out of '%s'", flow->id, at->element->id);
    return error_at(ret_error, flow->id, flow->line, flow->column);
}

enum status evaluate_priority(struct step *step, const struct place *at, int64_t *ret_priority,
                              struct error *ret_error)
{
    const char *text = NULL;
    char *end = NULL;
    long long priority;
    enum status status =
        evaluate_optional(step, at, at->element->job_priority, "job priority", &text, ret_error);

    *ret_priority = 0;
    if (status != STATUS_OK || text == NULL)
        return status;
    priority = strtoll(text, &end, 10);
    if (*end != '\0' || priority < INT32_MIN || priority > INT32_MAX) {
        error_set(ret_error, STATUS_FAILED, "Expected an integer but found '%.60s'.", text);
        return evaluate_failed(at->element, "job priority", ret_error);
    }
    *ret_priority = priority;
    return STATUS_OK;
}
