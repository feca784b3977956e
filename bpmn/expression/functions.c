/* Flowable's `variables:name(variable, …)`: they read a variable that may be absent, which counts
 * as null. Which function is meant is settled when the expression is parsed. */
#include "bpmn/expression/private.h"

#include <string.h>

struct function {
    const char *names[3];
    uint32_t arguments_min;
    uint32_t arguments_max;
    enum status (*call)(struct evaluation *evaluation, const struct node *node,
                        const struct value *variable, struct value *ret_value);
    enum operation operation; /* of a comparison */
};

static enum status get(struct evaluation *evaluation, const struct node *node,
                       const struct value *variable, struct value *ret_value)
{
    if (variable->kind == VALUE_NULL && node->argument_count == 2)
        return evaluate(evaluation, node->arguments[1], ret_value);
    *ret_value = *variable;
    return STATUS_OK;
}

static enum status exists(struct evaluation *evaluation, const struct node *node,
                          const struct value *variable, struct value *ret_value)
{
    (void)evaluation;
    (void)node;
    *ret_value = value_of_boolean(variable->kind != VALUE_NULL);
    return STATUS_OK;
}

static enum status is_empty(struct evaluation *evaluation, const struct node *node,
                            const struct value *variable, struct value *ret_value)
{
    (void)evaluation;
    (void)node;
    *ret_value = value_of_boolean(value_is_empty(variable));
    return STATUS_OK;
}

static enum status is_not_empty(struct evaluation *evaluation, const struct node *node,
                                const struct value *variable, struct value *ret_value)
{
    (void)evaluation;
    (void)node;
    *ret_value = value_of_boolean(!value_is_empty(variable));
    return STATUS_OK;
}

/* Numbers are compared in the variable's own type: a whole number and 1.5 compare with 1. */
static void take_type_of(const struct value *variable, struct value *other)
{
    const double limit = 9223372036854775808.0;

    if (variable->kind == VALUE_INTEGER && other->kind == VALUE_REAL && other->real >= -limit &&
        other->real < limit)
        *other = value_of_integer((int64_t)other->real);
}

/* Null on either side gives false, even for notEquals. */
static enum status compare(struct evaluation *evaluation, const struct node *node,
                           const struct value *variable, struct value *ret_value)
{
    enum operation operation = node->function->operation;
    bool equality = operation == OPERATION_EQUAL || operation == OPERATION_NOT_EQUAL;
    struct value other;
    bool truth = false;
    enum status status = evaluate(evaluation, node->arguments[1], &other);

    if (status != STATUS_OK)
        return status;
    if (variable->kind != VALUE_NULL && other.kind != VALUE_NULL) {
        take_type_of(variable, &other);
        if (equality)
            truth = value_equals(variable, &other) == (operation == OPERATION_EQUAL);
        else
            status = value_compare(evaluation, operation, variable, &other, &truth);
    }
    if (status == STATUS_OK)
        *ret_value = value_of_boolean(truth);
    return status;
}

static enum status has(struct evaluation *evaluation, const struct value *variable,
                       const struct value *wanted, bool *ret_found)
{
    const char *text;
    int64_t index;
    enum status status = STATUS_OK;

    *ret_found = false;
    if (variable->kind == VALUE_TEXT) {
        status = value_to_text(evaluation, wanted, &text);
        if (status == STATUS_OK)
            *ret_found = text != NULL && strstr(variable->text, text) != NULL;
    } else if (variable->kind == VALUE_JSON && json_is_array(variable->json)) {
        *ret_found = array_contains(variable->json, wanted, &index);
    } else if (variable->kind == VALUE_JSON && wanted->kind == VALUE_TEXT) {
        *ret_found = json_object_get(variable->json, wanted->text) != NULL;
    }
    return status;
}

static enum status count_found(struct evaluation *evaluation, const struct node *node,
                               const struct value *variable, uint32_t *ret_count)
{
    uint32_t count = 0;

    for (uint32_t i = 1; i < node->argument_count; i++) {
        struct value wanted;
        bool found = false;
        enum status status = evaluate(evaluation, node->arguments[i], &wanted);

        if (status == STATUS_OK)
            status = has(evaluation, variable, &wanted, &found);
        if (status != STATUS_OK)
            return status;
        count += found;
    }
    *ret_count = count;
    return STATUS_OK;
}

static enum status contains(struct evaluation *evaluation, const struct node *node,
                            const struct value *variable, struct value *ret_value)
{
    uint32_t count;
    enum status status = count_found(evaluation, node, variable, &count);

    if (status == STATUS_OK)
        *ret_value = value_of_boolean(count == node->argument_count - 1);
    return status;
}

static enum status contains_any(struct evaluation *evaluation, const struct node *node,
                                const struct value *variable, struct value *ret_value)
{
    uint32_t count;
    enum status status = count_found(evaluation, node, variable, &count);

    if (status == STATUS_OK)
        *ret_value = value_of_boolean(count > 0);
    return status;
}

static const struct function functions[] = {
    {{"get"}, 1, 1, get, 0},
    {{"getOrDefault"}, 2, 2, get, 0},
    {{"exists", "exist"}, 1, 1, exists, 0},
    {{"isEmpty", "empty"}, 1, 1, is_empty, 0},
    {{"isNotEmpty", "notEmpty"}, 1, 1, is_not_empty, 0},
    {{"equals", "eq"}, 2, 2, compare, OPERATION_EQUAL},
    {{"notEquals", "ne"}, 2, 2, compare, OPERATION_NOT_EQUAL},
    {{"lowerThan", "lessThan", "lt"}, 2, 2, compare, OPERATION_LESS},
    {{"lowerThanOrEquals", "lessThanOrEquals", "lte"}, 2, 2, compare, OPERATION_LESS_EQUAL},
    {{"greaterThan", "gt"}, 2, 2, compare, OPERATION_GREATER},
    {{"greaterThanOrEquals", "gte"}, 2, 2, compare, OPERATION_GREATER_EQUAL},
    {{"contains"}, 2, EXPRESSION_ARGUMENTS_MAX, contains, 0},
    {{"containsAny"}, 2, EXPRESSION_ARGUMENTS_MAX, contains_any, 0},
};

const struct function *function_find(const char *name, uint32_t argument_count)
{
    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        const struct function *function = &functions[i];

        if (argument_count < function->arguments_min || argument_count > function->arguments_max)
            continue;
        for (size_t j = 0; j < COUNT_OF(function->names) && function->names[j] != NULL; j++) {
            if (strcmp(function->names[j], name) == 0)
                return function;
        }
    }
    return NULL;
}

enum status call_function(struct evaluation *evaluation, const struct node *node,
                          struct value *ret_value)
{
    const json_t *found = evaluation->scope->lookup(evaluation->scope, node->text);
    struct value variable = found != NULL ? value_of_json(found) : (struct value){0};

    return node->function->call(evaluation, node, &variable, ret_value);
}
