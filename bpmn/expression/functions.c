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
    struct decimal decimal;
    int64_t integer;

    if (variable->kind != VALUE_INTEGER || !value_is_number(other))
        return;
    decimal = number_to_decimal(other);
    if (decimal_to_integer(&decimal, ROUND_DOWN, &integer))
        *other = value_of_integer(integer);
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

/* The text's bytes, with the sign set and padding of RFC 4648. */
static enum status base64(struct evaluation *evaluation, const struct node *node,
                          const struct value *variable, struct value *ret_value)
{
    static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *text;
    size_t length;
    char *room;
    enum status status = value_to_text(evaluation, variable, &text);

    (void)node;
    if (status == STATUS_OK && text == NULL)
        *ret_value = (struct value){0};
    if (status != STATUS_OK || text == NULL)
        return status;
    length = strlen(text);
    status = evaluation_room(evaluation, (length + 2) / 3 * 4, &room);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0, to = 0; i < length; i += 3) {
        size_t rest = length - i;
        unsigned bits = (unsigned char)text[i] << 16U |
                        (rest > 1 ? (unsigned char)text[i + 1] << 8U : 0) |
                        (rest > 2 ? (unsigned char)text[i + 2] : 0);

        room[to++] = signs[bits >> 18 & 63];
        room[to++] = signs[bits >> 12 & 63];
        room[to++] = rest > 1 ? signs[bits >> 6 & 63] : '=';
        room[to++] = rest > 2 ? signs[bits & 63] : '=';
    }
    *ret_value = value_of_text(room);
    return STATUS_OK;
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
    {{"base64"}, 1, 1, base64, 0},
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
    struct value variable = value_of_json(found);

    return node->function->call(evaluation, node, &variable, ret_value);
}
