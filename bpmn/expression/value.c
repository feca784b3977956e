/* Values and their coercions, as JUEL in Flowable has them (design: flowable.md, section 3). */
#include "bpmn/expression/private.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct value value_of_json(const json_t *json)
{
    struct value value = {0};

    switch (json_typeof(json)) {
    case JSON_NULL:
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        value.kind = VALUE_BOOLEAN;
        value.boolean = json_is_true(json);
        break;
    case JSON_INTEGER:
        value.kind = VALUE_INTEGER;
        value.integer = (int64_t)json_integer_value(json);
        break;
    case JSON_REAL:
        value.kind = VALUE_REAL;
        value.real = json_real_value(json);
        break;
    case JSON_STRING:
        value.kind = VALUE_TEXT;
        value.text = json_string_value(json);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        value.kind = VALUE_JSON;
        value.json = json;
        break;
    }
    return value;
}

json_t *value_to_json(const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
        return json_null();
    case VALUE_BOOLEAN:
        return json_boolean(value->boolean);
    case VALUE_INTEGER:
        return json_integer(value->integer);
    case VALUE_REAL:
        return isfinite(value->real) ? json_real(value->real) : NULL;
    case VALUE_TEXT:
        return json_string(value->text);
    case VALUE_JSON:
        return json_incref((json_t *)value->json);
    }
    UNREACHABLE();
}

const char *value_kind_name(const struct value *value)
{
    static const char *const names[] = {"null",          "a Boolean", "a whole number",
                                        "a real number", "a text",    "an object or array"};

    return names[value->kind];
}

bool value_is_empty(const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
        return true;
    case VALUE_TEXT:
        return value->text[0] == '\0';
    case VALUE_JSON:
        return json_array_size(value->json) + json_object_size(value->json) == 0;
    default:
        return false;
    }
}

/* null and "" are false, a text is true when it says so, anything else but a Boolean is an error.
 */
enum status value_to_boolean(struct evaluation *evaluation, const struct value *value,
                             bool *ret_boolean)
{
    switch (value->kind) {
    case VALUE_NULL:
        *ret_boolean = false;
        return STATUS_OK;
    case VALUE_BOOLEAN:
        *ret_boolean = value->boolean;
        return STATUS_OK;
    case VALUE_TEXT:
        *ret_boolean = strcmp(value->text, "true") == 0;
        return STATUS_OK;
    default:
        return error_set(evaluation->error, STATUS_FAILED, "Expected a Boolean but found %s.",
                         value_kind_name(value));
    }
}

enum status value_to_text(struct evaluation *evaluation, const struct value *value,
                          const char **ret_text)
{
    struct arena *arena = evaluation_arena(evaluation);
    char *dumped;
    json_t *json;

    switch (value->kind) {
    case VALUE_NULL:
        *ret_text = NULL;
        return STATUS_OK;
    case VALUE_BOOLEAN:
        *ret_text = value->boolean ? "true" : "false";
        return STATUS_OK;
    case VALUE_INTEGER:
        *ret_text = arena_format(arena, "%" PRId64, value->integer);
        return STATUS_OK;
    case VALUE_TEXT:
        *ret_text = value->text;
        return STATUS_OK;
    case VALUE_REAL:
    case VALUE_JSON:
        break;
    }
    json = value_to_json(value);
    dumped = json != NULL ? json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    json_decref(json);
    if (dumped == NULL)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a value that can be written as text but found %s.",
                         value_kind_name(value));
    *ret_text = arena_copy(arena, dumped);
    free(dumped);
    return STATUS_OK;
}

/* Texts that hold numbers count as numbers; null and "" count as zero. */
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
        *ret_number = (struct value){.kind = VALUE_INTEGER};
        return STATUS_OK;
    case VALUE_TEXT:
        errno = 0;
        *ret_number = (struct value){.kind = VALUE_INTEGER,
                                     .integer = (int64_t)strtoll(value->text, &end, 10)};
        if (*end == '\0' && errno == 0)
            return STATUS_OK;
        errno = 0;
        *ret_number = (struct value){.kind = VALUE_REAL, .real = strtod(value->text, &end)};
        if (*end == '\0' && errno == 0 && isfinite(ret_number->real))
            return STATUS_OK;
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a number but found the text '%.60s'.", value->text);
    default:
        return error_set(evaluation->error, STATUS_FAILED, "Expected a number but found %s.",
                         value_kind_name(value));
    }
}

static double as_real(const struct value *number)
{
    return number->kind == VALUE_REAL ? number->real : (double)number->integer;
}

static enum status overflow(struct evaluation *evaluation)
{
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected a result that fits 64 bits but the whole numbers overflow.");
}

static enum status integer_arithmetic(struct evaluation *evaluation, enum operator operation,
                                      int64_t left, int64_t right, struct value *ret_value)
{
    int64_t result = 0;
    bool overflowed = false;

    switch (operation) {
    case OPERATOR_ADD:
        overflowed = __builtin_add_overflow(left, right, &result);
        break;
    case OPERATOR_SUBTRACT:
        overflowed = __builtin_sub_overflow(left, right, &result);
        break;
    case OPERATOR_MULTIPLY:
        overflowed = __builtin_mul_overflow(left, right, &result);
        break;
    case OPERATOR_MODULO:
        if (right == 0)
            return error_set(evaluation->error, STATUS_FAILED,
                             "Expected a divisor other than zero.");
        result = right == -1 ? 0 : left % right;
        break;
    default:
        UNREACHABLE();
    }
    if (overflowed)
        return overflow(evaluation);
    *ret_value = (struct value){.kind = VALUE_INTEGER, .integer = result};
    return STATUS_OK;
}

enum status value_arithmetic(struct evaluation *evaluation, enum operator operation,
                             const struct value *left, const struct value *right,
                             struct value *ret_value)
{
    struct value a;
    struct value b;
    double result = 0;
    enum status status = to_number(evaluation, left, &a);

    if (status == STATUS_OK)
        status = to_number(evaluation, right, &b);
    if (status != STATUS_OK)
        return status;
    if (a.kind == VALUE_INTEGER && b.kind == VALUE_INTEGER && operation != OPERATOR_DIVIDE)
        return integer_arithmetic(evaluation, operation, a.integer, b.integer, ret_value);
    if ((operation == OPERATOR_DIVIDE || operation == OPERATOR_MODULO) && as_real(&b) == 0)
        return error_set(evaluation->error, STATUS_FAILED, "Expected a divisor other than zero.");
    switch (operation) {
    case OPERATOR_ADD:
        result = as_real(&a) + as_real(&b);
        break;
    case OPERATOR_SUBTRACT:
        result = as_real(&a) - as_real(&b);
        break;
    case OPERATOR_MULTIPLY:
        result = as_real(&a) * as_real(&b);
        break;
    case OPERATOR_DIVIDE:
        result = as_real(&a) / as_real(&b);
        break;
    case OPERATOR_MODULO:
        result = fmod(as_real(&a), as_real(&b));
        break;
    default:
        UNREACHABLE();
    }
    if (!isfinite(result))
        return error_set(evaluation->error, STATUS_FAILED, "Expected a finite number as result.");
    *ret_value = (struct value){.kind = VALUE_REAL, .real = result};
    return STATUS_OK;
}

static bool holds(enum operator operation, int order)
{
    switch (operation) {
    case OPERATOR_EQUAL:
        return order == 0;
    case OPERATOR_NOT_EQUAL:
        return order != 0;
    case OPERATOR_LESS:
        return order < 0;
    case OPERATOR_LESS_EQUAL:
        return order <= 0;
    case OPERATOR_GREATER:
        return order > 0;
    case OPERATOR_GREATER_EQUAL:
        return order >= 0;
    default:
        UNREACHABLE();
    }
}

static int order_numbers(const struct value *a, const struct value *b)
{
    if (a->kind == VALUE_INTEGER && b->kind == VALUE_INTEGER)
        return (a->integer > b->integer) - (a->integer < b->integer);
    return (as_real(a) > as_real(b)) - (as_real(a) < as_real(b));
}

static bool is_number(const struct value *value)
{
    return value->kind == VALUE_INTEGER || value->kind == VALUE_REAL;
}

/* The first that applies: numbers, Booleans (equality only), texts, JSON (equality only). */
enum status value_compare(struct evaluation *evaluation, enum operator operation,
                          const struct value *left, const struct value *right, bool *ret_boolean)
{
    bool equality = operation == OPERATOR_EQUAL || operation == OPERATOR_NOT_EQUAL;
    struct value a;
    struct value b;
    const char *left_text;
    const char *right_text;
    enum status status;

    if (left->kind == VALUE_NULL || right->kind == VALUE_NULL) {
        bool both = left->kind == right->kind;

        *ret_boolean = operation == OPERATOR_EQUAL       ? both
                       : operation == OPERATOR_NOT_EQUAL ? !both
                                                         : false;
        return STATUS_OK;
    }
    if (is_number(left) || is_number(right)) {
        status = to_number(evaluation, left, &a);
        if (status == STATUS_OK)
            status = to_number(evaluation, right, &b);
        if (status == STATUS_OK)
            *ret_boolean = holds(operation, order_numbers(&a, &b));
        return status;
    }
    if (equality && (left->kind == VALUE_BOOLEAN || right->kind == VALUE_BOOLEAN)) {
        bool x = false;
        bool y = false;

        status = value_to_boolean(evaluation, left, &x);
        if (status == STATUS_OK)
            status = value_to_boolean(evaluation, right, &y);
        *ret_boolean = holds(operation, x == y ? 0 : 1);
        return status;
    }
    if (equality && left->kind == VALUE_JSON && right->kind == VALUE_JSON) {
        *ret_boolean = holds(operation, json_equal(left->json, right->json) ? 0 : 1);
        return STATUS_OK;
    }
    if (left->kind != VALUE_TEXT && right->kind != VALUE_TEXT)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected values that can be compared but found %s and %s.",
                         value_kind_name(left), value_kind_name(right));
    status = value_to_text(evaluation, left, &left_text);
    if (status == STATUS_OK)
        status = value_to_text(evaluation, right, &right_text);
    if (status == STATUS_OK)
        *ret_boolean = holds(operation, strcmp(left_text, right_text));
    return status;
}
