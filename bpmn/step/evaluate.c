/* Expressions as seen from a token: its scope's variables, then those around it. */
#include "bpmn/step/element.h"

struct evaluation {
    struct expression_scope base;
    const struct bpmn_instance *instance;
    const struct bpmn_scope *scope;
    char execution_id[UUID_TEXT_BYTES];
};

static const json_t *lookup(const struct expression_scope *base, const char *name)
{
    const struct evaluation *evaluation = CONTAINER_OF(base, struct evaluation, base);

    return bpmn_instance_variable(evaluation->instance, evaluation->scope, name);
}

static void evaluation_init(struct evaluation *evaluation, const struct step *step,
                            const struct place *at)
{
    evaluation->instance = step->instance;
    evaluation->scope = &step->instance->scopes[at->scope];
    evaluation->base.lookup = lookup;
    evaluation->base.process_instance_id = step->instance_id;
    evaluation->base.execution_id = uuid_format(&at->token, evaluation->execution_id);
    evaluation->base.business_key = step->instance->business_key;
    evaluation->base.process_definition_id = step->instance->definition_id;
    evaluation->base.activity_id = at->element->id;
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

enum status evaluate_value(struct step *step, const struct place *at,
                           const struct expression *expression, const char *what,
                           json_t **ret_value, struct error *ret_error)
{
    struct evaluation evaluation;
    enum status status;

    evaluation_init(&evaluation, step, at);
    status = expression_value(expression, &evaluation.base, ret_value, ret_error);
    return status == STATUS_OK ? STATUS_OK : evaluate_failed(at->element, what, ret_error);
}

enum status evaluate_text(struct step *step, const struct place *at,
                          const struct expression *expression, const char *what,
                          const char **ret_text, struct error *ret_error)
{
    struct evaluation evaluation;
    enum status status;

    evaluation_init(&evaluation, step, at);
    status = expression_string(expression, &evaluation.base, step->env->arena, ret_text, ret_error);
    return status == STATUS_OK ? STATUS_OK : evaluate_failed(at->element, what, ret_error);
}

/* A condition belongs to its flow: that is the element and line its designer has to look at. */
enum status evaluate_condition(struct step *step, const struct place *at,
                               const struct bpmn_flow *flow, bool *ret_true,
                               struct error *ret_error)
{
    struct evaluation evaluation;
    enum status status;

    PRE(flow->condition != NULL);
    evaluation_init(&evaluation, step, at);
    status = expression_condition(flow->condition, &evaluation.base, ret_true, ret_error);
    if (status == STATUS_OK)
        return STATUS_OK;
    ret_error->status = STATUS_FAILED;
    error_prefix(ret_error, "The condition of flow '%s' out of '%s'", flow->id, at->element->id);
    return error_at(ret_error, flow->id, flow->line, flow->column);
}
