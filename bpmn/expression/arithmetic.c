/* Arithmetic and comparison with the coercions of JUEL in Flowable (design: flowable.md, section
 * 3). Whole numbers are exact: what does not fit 64 bits is an error. */
#include "bpmn/expression/private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* strtod() also reads blanks, hexadecimal, "nan" and "inf", which are no numbers here. */
static bool looks_like_number(const char *text)
{
    return text[strspn(text, "+-0123456789.eE")] == '\0';
}

/* A text that holds a number counts as that number; null and "" count as zero. */
static enum status to_number(struct evaluation *evaluation, const struct value *value,
                             struct value *ret_number)
{
    char *end;

    switch (value->kind) {
    case VALUE_INTEGER:
    case VALUE_REAL:
        *ret_number = *value;
        return STATUS_OK;
    case VALUE_NULL:
        *ret_number = value_of_integer(0);
        return STATUS_OK;
    case VALUE_TEXT:
        if (looks_like_number(value->text)) {
            errno = 0;
            *ret_number = value_of_integer((int64_t)strtoll(value->text, &end, 10));
            if (*end == '\0' && errno == 0)
                return STATUS_OK;
            if (*end == '\0')
                break; /* digits only, but too many: a real number would lose some */
            *ret_number = (struct value){.kind = VALUE_REAL, .real = strtod(value->text, &end)};
            if (*end == '\0' && end != value->text && isfinite(ret_number->real))
                return STATUS_OK;
        }
        break;
    default:
        return error_set(evaluation->error, STATUS_FAILED, "Expected a number but found %s.",
                         value_kind_name(value));
    }
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected a number but found the text '%.*s'.",
                     excerpt_length(value->text, 60), value->text);
}

static double as_real(const struct value *number)
{
    return number->kind == VALUE_REAL ? number->real : (double)number->integer;
}

static enum status divisor_is_zero(struct evaluation *evaluation)
{
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected a divisor other than zero but found zero.");
}

static enum status integer_arithmetic(struct evaluation *evaluation, enum operation operation,
                                      int64_t left, int64_t right, struct value *ret_value)
{
    int64_t result = 0;
    bool overflows = false;

    switch (operation) {
    case OPERATION_ADD:
        overflows = __builtin_add_overflow(left, right, &result);
        break;
    case OPERATION_SUBTRACT:
        overflows = __builtin_sub_overflow(left, right, &result);
        break;
    case OPERATION_MULTIPLY:
        overflows = __builtin_mul_overflow(left, right, &result);
        break;
    case OPERATION_MODULO:
        if (right == 0)
            return divisor_is_zero(evaluation);
        /* The smallest number divided by -1 would overflow in hardware. */
        result = right == -1 ? 0 : left % right;
        break;
    default:
        UNREACHABLE();
    }
    if (overflows)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a result that fits 64 bits but the whole numbers %lld and %lld "
                         "give more.",
                         (long long)left, (long long)right);
    *ret_value = value_of_integer(result);
    return STATUS_OK;
}

static enum status real_arithmetic(struct evaluation *evaluation, enum operation operation,
                                   double left, double right, struct value *ret_value)
{
    double result;

    switch (operation) {
    case OPERATION_ADD:
        result = left + right;
        break;
    case OPERATION_SUBTRACT:
        result = left - right;
        break;
    case OPERATION_MULTIPLY:
        result = left * right;
        break;
    case OPERATION_DIVIDE:
    case OPERATION_MODULO:
        if (right == 0)
            return divisor_is_zero(evaluation);
        result = operation == OPERATION_DIVIDE ? left / right : fmod(left, right);
        break;
    default:
        UNREACHABLE();
    }
    if (!isfinite(result))
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a finite number as result but %g and %g give none.", left,
                         right);
    *ret_value = (struct value){.kind = VALUE_REAL, .real = result};
    return STATUS_OK;
}

enum status value_arithmetic(struct evaluation *evaluation, enum operation operation,
                             const struct value *left, const struct value *right,
                             struct value *ret_value)
{
    struct value a;
    struct value b;
    enum status status = to_number(evaluation, left, &a);

    if (status == STATUS_OK)
        status = to_number(evaluation, right, &b);
    if (status != STATUS_OK)
        return status;
    if (a.kind == VALUE_INTEGER && b.kind == VALUE_INTEGER && operation != OPERATION_DIVIDE)
        return integer_arithmetic(evaluation, operation, a.integer, b.integer, ret_value);
    return real_arithmetic(evaluation, operation, as_real(&a), as_real(&b), ret_value);
}

static bool holds(enum operation operation, int order)
{
    switch (operation) {
    case OPERATION_EQUAL:
        return order == 0;
    case OPERATION_NOT_EQUAL:
        return order != 0;
    case OPERATION_LESS:
        return order < 0;
    case OPERATION_LESS_EQUAL:
        return order <= 0;
    case OPERATION_GREATER:
        return order > 0;
    case OPERATION_GREATER_EQUAL:
        return order >= 0;
    default:
        UNREACHABLE();
    }
}

static enum status compare_numbers(struct evaluation *evaluation, enum operation operation,
                                   const struct value *left, const struct value *right,
                                   bool *ret_boolean)
{
    struct value a;
    struct value b;
    int order;
    enum status status = to_number(evaluation, left, &a);

    if (status == STATUS_OK)
        status = to_number(evaluation, right, &b);
    if (status != STATUS_OK)
        return status;
    if (a.kind == VALUE_INTEGER && b.kind == VALUE_INTEGER)
        order = (a.integer > b.integer) - (a.integer < b.integer);
    else
        order = (as_real(&a) > as_real(&b)) - (as_real(&a) < as_real(&b));
    *ret_boolean = holds(operation, order);
    return STATUS_OK;
}

static enum status compare_booleans(struct evaluation *evaluation, enum operation operation,
                                    const struct value *left, const struct value *right,
                                    bool *ret_boolean)
{
    bool a;
    bool b;
    enum status status = value_to_boolean(evaluation, left, &a);

    if (status == STATUS_OK)
        status = value_to_boolean(evaluation, right, &b);
    if (status == STATUS_OK)
        *ret_boolean = holds(operation, a != b);
    return status;
}

static enum status compare_texts(struct evaluation *evaluation, enum operation operation,
                                 const struct value *left, const struct value *right,
                                 bool *ret_boolean)
{
    const char *a;
    const char *b;
    enum status status = value_to_text(evaluation, left, &a);

    if (status == STATUS_OK)
        status = value_to_text(evaluation, right, &b);
    if (status == STATUS_OK)
        *ret_boolean = holds(operation, strcmp(a, b));
    return status;
}

/* The first that applies: null, numbers, Booleans (equality only), texts, JSON (equality only). */
enum status value_compare(struct evaluation *evaluation, enum operation operation,
                          const struct value *left, const struct value *right, bool *ret_boolean)
{
    bool equality = operation == OPERATION_EQUAL || operation == OPERATION_NOT_EQUAL;

    if (left->kind == VALUE_NULL || right->kind == VALUE_NULL) {
        *ret_boolean = equality && holds(operation, left->kind != right->kind);
        return STATUS_OK;
    }
    if (value_is_number(left) || value_is_number(right))
        return compare_numbers(evaluation, operation, left, right, ret_boolean);
    if (equality && (left->kind == VALUE_BOOLEAN || right->kind == VALUE_BOOLEAN))
        return compare_booleans(evaluation, operation, left, right, ret_boolean);
    if (left->kind == VALUE_TEXT || right->kind == VALUE_TEXT)
        return compare_texts(evaluation, operation, left, right, ret_boolean);
    if (equality) {
        *ret_boolean = holds(operation, !value_equals(left, right));
        return STATUS_OK;
    }
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected values that have an order but found %s and %s.",
                     value_kind_name(left), value_kind_name(right));
}
