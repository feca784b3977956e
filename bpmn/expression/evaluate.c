/* Tree → value. Reads only the scope that is passed in. */
#include "bpmn/expression/private.h"

#include <string.h>

static enum status at_node(struct evaluation *evaluation, const struct node *node,
                           enum status status)
{
    if (status != STATUS_OK && evaluation->error->column == 0)
        evaluation->error->column = node->column;
    return status;
}

static enum status evaluate_name(struct evaluation *evaluation, const struct node *node,
                                 struct value *ret_value)
{
    const json_t *found = evaluation->scope->lookup(evaluation->scope, node->text);

    if (found != NULL) {
        *ret_value = value_of_json(found);
        return STATUS_OK;
    }
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected a variable named '%.100s' but there is none.", node->text);
}

/* `execution.…`: what Flowable's delegate execution offers. */
static bool execution_property(struct evaluation *evaluation, const char *name,
                               struct value *ret_value)
{
    const struct expression_scope *scope = evaluation->scope;
    const struct {
        const char *name;
        const char *text;
    } properties[] = {
        {"id", scope->execution_id},
        {"processInstanceId", scope->process_instance_id},
        {"rootProcessInstanceId", scope->process_instance_id},
        {"processInstanceBusinessKey", scope->business_key},
        {"businessKey", scope->business_key},
        {"processDefinitionId", scope->process_definition_id},
        {"currentActivityId", scope->activity_id},
    };

    for (size_t i = 0; i < COUNT_OF(properties); i++) {
        if (strcmp(properties[i].name, name) == 0) {
            *ret_value = properties[i].text != NULL
                             ? (struct value){.kind = VALUE_TEXT, .text = properties[i].text}
                             : (struct value){0};
            return true;
        }
    }
    return false;
}

static bool names(const struct node *node, const char *name)
{
    return node->kind == NODE_NAME && strcmp(node->text, name) == 0;
}

static enum status evaluate_property(struct evaluation *evaluation, const struct node *node,
                                     struct value *ret_value)
{
    struct value target;
    const json_t *member;
    enum status status;

    if (evaluation->scope->lookup(evaluation->scope,
                                  node->left->kind == NODE_NAME ? node->left->text : "") == NULL) {
        if (names(node->left, "execution")) {
            if (execution_property(evaluation, node->text, ret_value))
                return STATUS_OK;
            return error_set(evaluation->error, STATUS_FAILED,
                             "Expected a property of the execution but found '%.60s'.", node->text);
        }
        if (names(node->left, "variables"))
            return evaluate_name(evaluation, node, ret_value);
    }
    status = evaluate(evaluation, node->left, &target);
    if (status != STATUS_OK)
        return status;
    if (target.kind != VALUE_JSON || !json_is_object(target.json))
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected an object with the property '%.60s' but found %s.", node->text,
                         value_kind_name(&target));
    member = json_object_get(target.json, node->text);
    if (member == NULL)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected the object to have the property '%.60s' but it has not.",
                         node->text);
    *ret_value = value_of_json(member);
    return STATUS_OK;
}

static enum status evaluate_index(struct evaluation *evaluation, const struct node *node,
                                  struct value *ret_value)
{
    struct value target;
    struct value index;
    const json_t *member = NULL;
    enum status status = evaluate(evaluation, node->left, &target);

    if (status == STATUS_OK)
        status = evaluate(evaluation, node->right, &index);
    if (status != STATUS_OK)
        return status;
    if (target.kind == VALUE_JSON && json_is_object(target.json) && index.kind == VALUE_TEXT)
        member = json_object_get(target.json, index.text);
    else if (target.kind == VALUE_JSON && json_is_array(target.json) &&
             index.kind == VALUE_INTEGER && index.integer >= 0)
        member = json_array_get(target.json, (size_t)index.integer);
    else
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected an array with a number, or an object with a text, in [ ] but "
                         "found %s with %s.",
                         value_kind_name(&target), value_kind_name(&index));
    if (member == NULL)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected the index in [ ] to exist but it does not.");
    *ret_value = value_of_json(member);
    return STATUS_OK;
}

static enum status evaluate_method(struct evaluation *evaluation, const struct node *node,
                                   struct value *ret_value)
{
    struct value target = {0};
    struct value arguments[EXPRESSION_ARGUMENTS_MAX];
    bool on_execution = names(node->left, "execution") &&
                        evaluation->scope->lookup(evaluation->scope, "execution") == NULL;
    enum status status = on_execution ? STATUS_OK : evaluate(evaluation, node->left, &target);

    for (uint32_t i = 0; i < node->argument_count && status == STATUS_OK; i++)
        status = evaluate(evaluation, node->arguments[i], &arguments[i]);
    if (status != STATUS_OK)
        return status;
    return call_method(evaluation, node, on_execution ? NULL : &target, arguments, ret_value);
}

static enum status evaluate_unary(struct evaluation *evaluation, const struct node *node,
                                  struct value *ret_value)
{
    struct value operand;
    bool truth;
    enum status status = evaluate(evaluation, node->left, &operand);

    if (status != STATUS_OK)
        return status;
    if (node->operation == OPERATOR_NEGATE) {
        struct value zero = {.kind = VALUE_INTEGER};

        return value_arithmetic(evaluation, OPERATOR_SUBTRACT, &zero, &operand, ret_value);
    }
    if (node->operation == OPERATOR_EMPTY) {
        truth = value_is_empty(&operand);
    } else {
        status = value_to_boolean(evaluation, &operand, &truth);
        truth = !truth;
    }
    *ret_value = (struct value){.kind = VALUE_BOOLEAN, .boolean = truth};
    return status;
}

static enum status evaluate_binary(struct evaluation *evaluation, const struct node *node,
                                   struct value *ret_value)
{
    struct value left;
    struct value right;
    bool truth = false;
    enum status status = evaluate(evaluation, node->left, &left);

    if (status != STATUS_OK)
        return status;
    if (node->operation == OPERATOR_AND || node->operation == OPERATOR_OR) {
        status = value_to_boolean(evaluation, &left, &truth);
        if (status == STATUS_OK && truth == (node->operation == OPERATOR_AND)) {
            status = evaluate(evaluation, node->right, &right);
            if (status == STATUS_OK)
                status = value_to_boolean(evaluation, &right, &truth);
        }
        *ret_value = (struct value){.kind = VALUE_BOOLEAN, .boolean = truth};
        return status;
    }
    status = evaluate(evaluation, node->right, &right);
    if (status != STATUS_OK)
        return status;
    if (node->operation < OPERATOR_LESS)
        return value_arithmetic(evaluation, node->operation, &left, &right, ret_value);
    status = value_compare(evaluation, node->operation, &left, &right, &truth);
    *ret_value = (struct value){.kind = VALUE_BOOLEAN, .boolean = truth};
    return status;
}

static enum status evaluate_choice(struct evaluation *evaluation, const struct node *node,
                                   struct value *ret_value)
{
    struct value condition;
    bool truth = false;
    enum status status = evaluate(evaluation, node->left, &condition);

    if (status == STATUS_OK)
        status = value_to_boolean(evaluation, &condition, &truth);
    if (status != STATUS_OK)
        return status;
    return evaluate(evaluation, truth ? node->right : node->third, ret_value);
}

enum status evaluate(struct evaluation *evaluation, const struct node *node,
                     struct value *ret_value)
{
    enum status status = STATUS_OK;

    switch (node->kind) {
    case NODE_LITERAL:
        *ret_value = node->literal;
        break;
    case NODE_NAME:
        status = evaluate_name(evaluation, node, ret_value);
        break;
    case NODE_PROPERTY:
        status = evaluate_property(evaluation, node, ret_value);
        break;
    case NODE_INDEX:
        status = evaluate_index(evaluation, node, ret_value);
        break;
    case NODE_METHOD:
        status = evaluate_method(evaluation, node, ret_value);
        break;
    case NODE_FUNCTION:
        status = call_function(evaluation, node, ret_value);
        break;
    case NODE_UNARY:
        status = evaluate_unary(evaluation, node, ret_value);
        break;
    case NODE_BINARY:
        status = evaluate_binary(evaluation, node, ret_value);
        break;
    case NODE_CHOICE:
        status = evaluate_choice(evaluation, node, ret_value);
        break;
    }
    return at_node(evaluation, node, status);
}
