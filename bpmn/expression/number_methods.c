/* Methods of numbers: Java's Number and BigDecimal. */
#include "bpmn/expression/private.h"

enum status number_round(struct evaluation *evaluation, const struct value *number, int64_t places,
                         enum decimal_rounding rounding, struct value *ret_value)
{
    struct decimal decimal = number_to_decimal(number);
    int64_t integer;
    enum status status;

    if (places < -DECIMAL_POWER_MAX || places > -DECIMAL_POWER_MIN)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a count of decimal places from %d to %d but found %lld.",
                         -DECIMAL_POWER_MAX, -DECIMAL_POWER_MIN, (long long)places);
    if (!decimal_round(&decimal, places, rounding, &decimal))
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a finite number as result of rounding %g.",
                         decimal_to_real(&decimal));
    *ret_value = value_of_decimal(&decimal);
    if (places > 0 && number->kind != VALUE_INTEGER)
        return STATUS_OK;
    status = value_to_integer(evaluation, ret_value, ROUND_DOWN, &integer);
    if (status == STATUS_OK)
        *ret_value = value_of_integer(integer);
    return status;
}

static bool find_operation(enum method method, enum operation *ret_operation)
{
    static const struct {
        enum method method;
        enum operation operation;
    } operations[] = {
        {METHOD_ADD, OPERATION_ADD},           {METHOD_SUBTRACT, OPERATION_SUBTRACT},
        {METHOD_MULTIPLY, OPERATION_MULTIPLY}, {METHOD_DIVIDE, OPERATION_DIVIDE},
        {METHOD_REMAINDER, OPERATION_MODULO},
    };

    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        if (operations[i].method == method) {
            *ret_operation = operations[i].operation;
            return true;
        }
    }
    return false;
}

static enum status call_without_argument(struct evaluation *evaluation, const struct call *call,
                                         const struct value *target, struct value *ret_value)
{
    const struct value zero = {.kind = VALUE_INTEGER};
    struct decimal decimal;
    int64_t integer;
    enum status status;

    switch (call->method) {
    case METHOD_INT_VALUE:
        status = value_to_integer(evaluation, target, ROUND_DOWN, &integer);
        if (status == STATUS_OK)
            *ret_value = value_of_integer(integer);
        return status;
    case METHOD_DOUBLE_VALUE:
        decimal = number_to_decimal(target);
        *ret_value = value_of_decimal(&decimal);
        return STATUS_OK;
    case METHOD_ABS:
        if (numbers_compare(target, &zero) >= 0) {
            *ret_value = *target;
            return STATUS_OK;
        }
        return value_arithmetic(evaluation, OPERATION_SUBTRACT, &zero, target, ret_value);
    case METHOD_NEGATE:
        return value_arithmetic(evaluation, OPERATION_SUBTRACT, &zero, target, ret_value);
    default:
        return method_unknown(evaluation, call, target);
    }
}

enum status call_number_method(struct evaluation *evaluation, const struct call *call,
                               const struct value *target, struct value *ret_value)
{
    enum operation operation;
    struct value other;
    int64_t places;
    int order;
    enum status status;

    if (call->count == 0)
        return call_without_argument(evaluation, call, target, ret_value);
    if (call->count != 1)
        return method_unknown(evaluation, call, target);
    if (find_operation(call->method, &operation))
        return value_arithmetic(evaluation, operation, target, &call->arguments[0], ret_value);
    if (call->method == METHOD_SET_SCALE) {
        status = argument_integer(evaluation, call, 0, &places);
        return status == STATUS_OK
                   ? number_round(evaluation, target, places, ROUND_HALF_UP, ret_value)
                   : status;
    }
    if (call->method != METHOD_COMPARE_TO)
        return method_unknown(evaluation, call, target);
    status = value_to_number(evaluation, &call->arguments[0], &other);
    if (status != STATUS_OK)
        return status;
    order = numbers_compare(target, &other);
    *ret_value = value_of_integer((order > 0) - (order < 0));
    return STATUS_OK;
}
