/* Tree → value. Reads only the scope that is passed in. */
#include "bpmn/expression/private.h"

#include <string.h>

/* Lets the error say which part of the expression has the wrong value. */
static enum status name_operand(struct evaluation *evaluation, const struct node *operand)
{
    char message[ERROR_MESSAGE_MAX];
    size_t length = strlen(evaluation->error->message);

    memcpy(message, evaluation->error->message, length + 1);
    if (length > 0 && message[length - 1] == '.')
        length--;
    return error_set(evaluation->error, STATUS_FAILED, "%.*s for '%.*s'.", (int)length, message,
                     excerpt_length_of(operand->source, operand->source_length, 60),
                     operand->source);
}

static enum status operand_to_boolean(struct evaluation *evaluation, const struct node *operand,
                                      const struct value *value, bool *ret_boolean)
{
    enum status status = value_to_boolean(evaluation, value, ret_boolean);

    return status == STATUS_OK ? STATUS_OK : name_operand(evaluation, operand);
}

static enum status evaluate_name(struct evaluation *evaluation, const char *name,
                                 struct value *ret_value)
{
    const json_t *found = evaluation->scope->lookup(evaluation->scope, name);

    if (found == NULL)
        return context_name(evaluation, name, ret_value) ? STATUS_OK
                                                         : variable_unknown(evaluation, name);
    *ret_value = value_of_json(found);
    return STATUS_OK;
}

/* What null or an object without that member has there is null, as in Flowable. */
static enum status evaluate_property(struct evaluation *evaluation, const struct node *node,
                                     struct value *ret_value)
{
    enum context_object object = context_object_of(evaluation, node->left);
    struct value target;
    enum status status;

    if (object != CONTEXT_NONE)
        return context_property(evaluation, object, node->text, ret_value);
    status = evaluate(evaluation, node->left, &target);
    if (status != STATUS_OK)
        return status;
    if (target.kind != VALUE_NULL && !value_is_object(&target))
        return value_property(evaluation, &target, node->text, ret_value);
    *ret_value =
        value_of_json(target.kind == VALUE_JSON ? json_object_get(target.json, node->text) : NULL);
    return STATUS_OK;
}

/* Negative numbers count from an array's end. */
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
    if (target.kind == VALUE_JSON && json_is_object(target.json) && index.kind == VALUE_TEXT) {
        member = json_object_get(target.json, index.text);
    } else if (target.kind == VALUE_JSON && json_is_array(target.json) &&
               index.kind == VALUE_INTEGER) {
        int64_t size = (int64_t)json_array_size(target.json);
        int64_t at = index.integer < 0 ? index.integer + size : index.integer;

        member = at >= 0 && at < size ? json_array_get(target.json, (size_t)at) : NULL;
    } else if (target.kind != VALUE_NULL) {
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected an array with a whole number, or an object with a text, in [ ] "
                         "but found %s with %s.",
                         value_kind_name(&target), value_kind_name(&index));
    }
    *ret_value = value_of_json(member);
    return STATUS_OK;
}

static enum status evaluate_method(struct evaluation *evaluation, const struct node *node,
                                   struct value *ret_value)
{
    struct value arguments[EXPRESSION_ARGUMENTS_MAX];
    struct call call = {.name = node->text,
                        .method = (enum method)node->method,
                        .count = node->argument_count,
                        .arguments = arguments};
    struct value target;
    enum context_object object = context_object_of(evaluation, node->left);
    enum status status =
        object != CONTEXT_NONE ? STATUS_OK : evaluate(evaluation, node->left, &target);

    for (uint32_t i = 0; i < node->argument_count && status == STATUS_OK; i++)
        status = evaluate(evaluation, node->arguments[i], &arguments[i]);
    if (status != STATUS_OK)
        return status;
    if (object != CONTEXT_NONE)
        return context_method(evaluation, object, &call, ret_value);
    status = call_method(evaluation, &call, &target, ret_value);
    return status != STATUS_OK && target.kind == VALUE_NULL ? name_operand(evaluation, node->left)
                                                            : status;
}

static enum status evaluate_unary(struct evaluation *evaluation, const struct node *node,
                                  struct value *ret_value)
{
    const struct value zero = {.kind = VALUE_INTEGER};
    struct value operand;
    bool truth;
    enum status status = evaluate(evaluation, node->left, &operand);

    if (status != STATUS_OK)
        return status;
    if (node->operation == OPERATION_NEGATE) {
        status = value_arithmetic(evaluation, OPERATION_SUBTRACT, &zero, &operand, ret_value);
        return status == STATUS_OK ? STATUS_OK : name_operand(evaluation, node->left);
    }
    if (node->operation == OPERATION_EMPTY) {
        *ret_value = value_of_boolean(value_is_empty(&operand));
        return STATUS_OK;
    }
    status = operand_to_boolean(evaluation, node->left, &operand, &truth);
    if (status == STATUS_OK)
        *ret_value = value_of_boolean(!truth);
    return status;
}

/* The right side is evaluated only when the left one leaves the answer open. */
static enum status evaluate_logic(struct evaluation *evaluation, const struct node *node,
                                  struct value *ret_value)
{
    struct value side;
    bool truth;
    enum status status = evaluate(evaluation, node->left, &side);

    if (status == STATUS_OK)
        status = operand_to_boolean(evaluation, node->left, &side, &truth);
    if (status == STATUS_OK && truth == (node->operation == OPERATION_AND)) {
        status = evaluate(evaluation, node->right, &side);
        if (status == STATUS_OK)
            status = operand_to_boolean(evaluation, node->right, &side, &truth);
    }
    if (status == STATUS_OK)
        *ret_value = value_of_boolean(truth);
    return status;
}

static enum status evaluate_binary(struct evaluation *evaluation, const struct node *node,
                                   struct value *ret_value)
{
    struct value left;
    struct value right;
    bool truth;
    enum status status;

    if (node->operation == OPERATION_AND || node->operation == OPERATION_OR)
        return evaluate_logic(evaluation, node, ret_value);
    status = evaluate(evaluation, node->left, &left);
    if (status == STATUS_OK)
        status = evaluate(evaluation, node->right, &right);
    if (status != STATUS_OK)
        return status;
    evaluation->fault = FAULT_NONE;
    if (node->operation < OPERATION_LESS) {
        status = value_arithmetic(evaluation, node->operation, &left, &right, ret_value);
    } else {
        status = value_compare(evaluation, node->operation, &left, &right, &truth);
        if (status == STATUS_OK)
            *ret_value = value_of_boolean(truth);
    }
    if (status != STATUS_OK && evaluation->fault != FAULT_NONE)
        return name_operand(evaluation, evaluation->fault == FAULT_LEFT ? node->left : node->right);
    return status;
}

static enum status evaluate_choice(struct evaluation *evaluation, const struct node *node,
                                   struct value *ret_value)
{
    struct value condition;
    bool truth;
    enum status status = evaluate(evaluation, node->left, &condition);

    if (status == STATUS_OK)
        status = operand_to_boolean(evaluation, node->left, &condition, &truth);
    if (status != STATUS_OK)
        return status;
    return evaluate(evaluation, truth ? node->right : node->third, ret_value);
}

enum status evaluate(struct evaluation *evaluation, const struct node *node,
                     struct value *ret_value)
{
    switch (node->kind) {
    case NODE_LITERAL:
        *ret_value = node->literal;
        return STATUS_OK;
    case NODE_NAME:
        return evaluate_name(evaluation, node->text, ret_value);
    case NODE_PROPERTY:
        return evaluate_property(evaluation, node, ret_value);
    case NODE_INDEX:
        return evaluate_index(evaluation, node, ret_value);
    case NODE_METHOD:
        return evaluate_method(evaluation, node, ret_value);
    case NODE_FUNCTION:
        return call_function(evaluation, node, ret_value);
    case NODE_CALL:
        return call_common_function(evaluation, node, ret_value);
    case NODE_UNARY:
        return evaluate_unary(evaluation, node, ret_value);
    case NODE_BINARY:
        return evaluate_binary(evaluation, node, ret_value);
    case NODE_CHOICE:
        return evaluate_choice(evaluation, node, ret_value);
    }
    UNREACHABLE();
}
