/* Values: to and from JSON, and their coercions to Booleans and text as JUEL in Flowable has them
 * (design: flowable.md, section 3). */
#include "bpmn/expression/private.h"

#include "bpmn/base/json.h"
#include "bpmn/base/text.h"

#include <math.h>
#include <string.h>
#include <strings.h>

struct value value_of_boolean(bool boolean)
{
    return (struct value){.kind = VALUE_BOOLEAN, .boolean = boolean};
}

struct value value_of_integer(int64_t integer)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = integer};
}

struct value value_of_text(const char *text)
{
    return (struct value){.kind = text != NULL ? VALUE_TEXT : VALUE_NULL, .text = text};
}

struct value value_of_decimal(const struct decimal *decimal)
{
    return (struct value){.kind = VALUE_DECIMAL, .decimal = *decimal};
}

struct value value_of_json(const json_t *json)
{
    if (json == NULL)
        return (struct value){0};
    switch (json_typeof(json)) {
    case JSON_NULL:
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        return value_of_boolean(json_is_true(json));
    case JSON_INTEGER:
        return value_of_integer((int64_t)json_integer_value(json));
    case JSON_REAL:
        return (struct value){.kind = VALUE_REAL, .real = json_real_value(json)};
    case JSON_STRING:
        return value_of_text(json_string_value(json));
    case JSON_ARRAY:
    case JSON_OBJECT:
        return (struct value){.kind = VALUE_JSON, .json = json};
    }
    return (struct value){0};
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
        return json_real(value->real);
    case VALUE_DECIMAL:
        return json_real(decimal_to_real(&value->decimal));
    case VALUE_TEXT:
        return json_string(value->text);
    case VALUE_JSON:
        /* Variables are replaced, never changed in place: sharing is safe. */
        return json_incref((json_t *)value->json);
    }
    UNREACHABLE();
}

const char *value_kind_name(const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
        return "null";
    case VALUE_BOOLEAN:
        return "a Boolean";
    case VALUE_INTEGER:
        return "a whole number";
    case VALUE_REAL:
    case VALUE_DECIMAL:
        return "a real number";
    case VALUE_TEXT:
        return "a text";
    case VALUE_JSON:
        return json_is_array(value->json) ? "an array" : "an object";
    }
    UNREACHABLE();
}

bool value_is_number(const struct value *value)
{
    return value->kind == VALUE_INTEGER || value->kind == VALUE_REAL ||
           value->kind == VALUE_DECIMAL;
}

bool value_is_array(const struct value *value)
{
    return value->kind == VALUE_JSON && json_is_array(value->json);
}

bool value_is_object(const struct value *value)
{
    return value->kind == VALUE_JSON && json_is_object(value->json);
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

bool value_equals(const struct value *left, const struct value *right)
{
    if (value_is_number(left) && value_is_number(right))
        return numbers_compare(left, right) == 0;
    if (left->kind != right->kind)
        return false;
    switch (left->kind) {
    case VALUE_NULL:
        return true;
    case VALUE_BOOLEAN:
        return left->boolean == right->boolean;
    case VALUE_TEXT:
        return strcmp(left->text, right->text) == 0;
    case VALUE_JSON:
        return json_equal(left->json, right->json) == 1;
    default:
        UNREACHABLE();
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
        *ret_boolean = strcasecmp(value->text, "true") == 0;
        return STATUS_OK;
    default:
        return error_set(evaluation->error, STATUS_FAILED, "Expected a Boolean but found %s.",
                         value_kind_name(value));
    }
}

static enum status copy_text(struct evaluation *evaluation, const char *bytes, size_t length,
                             const char **ret_text)
{
    struct value copy;
    enum status status = evaluation_text(evaluation, bytes, length, &copy);

    if (status == STATUS_OK)
        *ret_text = copy.text;
    return status;
}

static enum status real_to_text(struct evaluation *evaluation, double real, const char **ret_text)
{
    char digits[JSON_NUMBER_BYTES];

    if (!isfinite(real))
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a finite number but found one that is too large.");
    return copy_text(evaluation, digits, json_format_real(real, digits), ret_text);
}

static enum status json_to_text(struct evaluation *evaluation, const json_t *json,
                                const char **ret_text)
{
    struct text text = TEXT_INIT;
    enum status status;

    if (json_write(&text, json))
        status = copy_text(evaluation, text_string(&text), text.length, ret_text);
    else
        status = error_set(evaluation->error, STATUS_FAILED,
                           "Expected an array or object of at most %d levels as text but found "
                           "one with more.",
                           JSON_DEPTH_MAX);
    text_deinit(&text);
    return status;
}

enum status value_to_text(struct evaluation *evaluation, const struct value *value,
                          const char **ret_text)
{
    char digits[JSON_NUMBER_BYTES];

    switch (value->kind) {
    case VALUE_NULL:
        *ret_text = NULL;
        return STATUS_OK;
    case VALUE_BOOLEAN:
        *ret_text = value->boolean ? "true" : "false";
        return STATUS_OK;
    case VALUE_TEXT:
        *ret_text = value->text;
        return STATUS_OK;
    case VALUE_INTEGER:
        return copy_text(evaluation, digits, json_format_integer(value->integer, digits), ret_text);
    case VALUE_REAL:
        return real_to_text(evaluation, value->real, ret_text);
    case VALUE_DECIMAL:
        return real_to_text(evaluation, decimal_to_real(&value->decimal), ret_text);
    case VALUE_JSON:
        return json_to_text(evaluation, value->json, ret_text);
    }
    UNREACHABLE();
}
