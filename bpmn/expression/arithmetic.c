/* Arithmetic and comparison with the coercions of JUEL in Flowable (design: flowable.md, section
 * 3). Whole numbers are exact, what does not fit 64 bits is an error; other numbers are decimal, so
 * that 0.1 + 0.2 is 0.3. */
#include "bpmn/expression/private.h"

#include <string.h>

/* Digits and a sign alone make a whole number; one that does not fit 64 bits is none, as a real
 * number would lose digits. */
static bool read_number(const char *text, struct value *ret_number)
{
    size_t length = strlen(text);
    struct decimal decimal;
    int64_t integer;

    if (length == 0) {
        *ret_number = value_of_integer(0);
        return true;
    }
    if (text[length - 1] == '.' || text[strspn(text, "+-")] == '.' ||
        !decimal_parse(text, length, &decimal))
        return false;
    *ret_number = value_of_decimal(&decimal);
    if (strpbrk(text, ".eE") != NULL)
        return true;
    if (!decimal_to_integer(&decimal, ROUND_DOWN, &integer))
        return false;
    *ret_number = value_of_integer(integer);
    return true;
}

enum status value_to_number(struct evaluation *evaluation, const struct value *value,
                            struct value *ret_number)
{
    switch (value->kind) {
    case VALUE_INTEGER:
    case VALUE_REAL:
    case VALUE_DECIMAL:
        *ret_number = *value;
        return STATUS_OK;
    case VALUE_NULL:
        *ret_number = value_of_integer(0);
        return STATUS_OK;
    case VALUE_TEXT:
        if (read_number(value->text, ret_number))
            return STATUS_OK;
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a number but found the text '%.*s'.",
                         excerpt_length(value->text, 60), value->text);
    default:
        return error_set(evaluation->error, STATUS_FAILED, "Expected a number but found %s.",
                         value_kind_name(value));
    }
}

struct decimal number_to_decimal(const struct value *number)
{
    switch (number->kind) {
    case VALUE_INTEGER:
        return decimal_of_integer(number->integer);
    case VALUE_REAL:
        return decimal_of_real(number->real);
    case VALUE_DECIMAL:
        return number->decimal;
    default:
        UNREACHABLE();
    }
}

enum status value_to_integer(struct evaluation *evaluation, const struct value *number,
                             enum decimal_rounding rounding, int64_t *ret_integer)
{
    struct decimal decimal;

    if (number->kind == VALUE_INTEGER) {
        *ret_integer = number->integer;
        return STATUS_OK;
    }
    decimal = number_to_decimal(number);
    if (decimal_to_integer(&decimal, rounding, ret_integer))
        return STATUS_OK;
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected a number that fits 64 bits but found %g.",
                     decimal_to_real(&decimal));
}

/* Two doubles, and a double and a small whole number, compare as they are; anything else as
 * decimals, where nothing is rounded. */
int numbers_compare(const struct value *left, const struct value *right)
{
    const int64_t exact = INT64_C(1) << 53; /* whole numbers up to here are all doubles */
    struct decimal a;
    struct decimal b;

    if (left->kind == VALUE_INTEGER && right->kind == VALUE_INTEGER)
        return (left->integer > right->integer) - (left->integer < right->integer);
    if (left->kind == VALUE_REAL && right->kind == VALUE_REAL)
        return (left->real > right->real) - (left->real < right->real);
    if (left->kind == VALUE_REAL && right->kind == VALUE_INTEGER && right->integer > -exact &&
        right->integer < exact)
        return (left->real > (double)right->integer) - (left->real < (double)right->integer);
    if (left->kind == VALUE_INTEGER && right->kind == VALUE_REAL)
        return -numbers_compare(right, left);
    a = number_to_decimal(left);
    b = number_to_decimal(right);
    return decimal_compare(&a, &b);
}

/* Both sides of an operation as numbers; a failure notes the side. */
static enum status to_numbers(struct evaluation *evaluation, const struct value *left,
                              const struct value *right, struct value *ret_left,
                              struct value *ret_right)
{
    enum status status = value_to_number(evaluation, left, ret_left);

    evaluation->fault = status == STATUS_OK ? FAULT_NONE : FAULT_LEFT;
    if (status != STATUS_OK)
        return status;
    status = value_to_number(evaluation, right, ret_right);
    if (status != STATUS_OK)
        evaluation->fault = FAULT_RIGHT;
    return status;
}

static enum status divisor_is_zero(struct evaluation *evaluation)
{
    evaluation->fault = FAULT_RIGHT;
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

static enum status decimal_arithmetic(struct evaluation *evaluation, enum operation operation,
                                      const struct decimal *left, const struct decimal *right,
                                      struct value *ret_value)
{
    struct decimal negated = *right;
    struct decimal result = {0};
    bool fits = true;

    if ((operation == OPERATION_DIVIDE || operation == OPERATION_MODULO) && decimal_is_zero(right))
        return divisor_is_zero(evaluation);
    switch (operation) {
    case OPERATION_ADD:
        fits = decimal_add(left, right, &result);
        break;
    case OPERATION_SUBTRACT:
        negated.negative = !right->negative;
        fits = decimal_add(left, &negated, &result);
        break;
    case OPERATION_MULTIPLY:
        fits = decimal_multiply(left, right, &result);
        break;
    case OPERATION_DIVIDE:
        fits = decimal_divide(left, right, &result);
        break;
    case OPERATION_MODULO:
        result = decimal_remainder(left, right);
        break;
    default:
        UNREACHABLE();
    }
    if (!fits)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a finite number as result but %g and %g give none.",
                         decimal_to_real(left), decimal_to_real(right));
    *ret_value = value_of_decimal(&result);
    return STATUS_OK;
}

enum status value_arithmetic(struct evaluation *evaluation, enum operation operation,
                             const struct value *left, const struct value *right,
                             struct value *ret_value)
{
    struct value a;
    struct value b;
    struct decimal x;
    struct decimal y;
    enum status status = to_numbers(evaluation, left, right, &a, &b);

    if (status != STATUS_OK)
        return status;
    if (a.kind == VALUE_INTEGER && b.kind == VALUE_INTEGER && operation != OPERATION_DIVIDE)
        return integer_arithmetic(evaluation, operation, a.integer, b.integer, ret_value);
    x = number_to_decimal(&a);
    y = number_to_decimal(&b);
    return decimal_arithmetic(evaluation, operation, &x, &y, ret_value);
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
    enum status status = to_numbers(evaluation, left, right, &a, &b);

    if (status == STATUS_OK)
        *ret_boolean = holds(operation, numbers_compare(&a, &b));
    return status;
}

static enum status compare_booleans(struct evaluation *evaluation, enum operation operation,
                                    const struct value *left, const struct value *right,
                                    bool *ret_boolean)
{
    bool a;
    bool b;
    enum status status = value_to_boolean(evaluation, left, &a);

    evaluation->fault = status == STATUS_OK ? FAULT_NONE : FAULT_LEFT;
    if (status != STATUS_OK)
        return status;
    status = value_to_boolean(evaluation, right, &b);
    if (status == STATUS_OK)
        *ret_boolean = holds(operation, a != b);
    else
        evaluation->fault = FAULT_RIGHT;
    return status;
}

/* Dates compare as instants: `10:00Z` is `12:00+02:00`, and fractions of seconds may be left out.
 */
static enum status compare_texts(struct evaluation *evaluation, enum operation operation,
                                 const struct value *left, const struct value *right,
                                 bool *ret_boolean)
{
    const char *a;
    const char *b;
    int order;
    enum status status = value_to_text(evaluation, left, &a);

    if (status == STATUS_OK)
        status = value_to_text(evaluation, right, &b);
    if (status != STATUS_OK)
        return status;
    if (!text_may_be_date(a) || !text_may_be_date(b) || !dates_compare(a, b, &order))
        order = strcmp(a, b);
    *ret_boolean = holds(operation, order);
    return STATUS_OK;
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
