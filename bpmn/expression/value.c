/* Values: to and from JSON, and their coercions to Booleans and text as JUEL in Flowable has them
 * (design: flowable.md, section 3). */
#include "bpmn/expression/private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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

struct value value_of_json(const json_t *json)
{
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
    return value->kind == VALUE_INTEGER || value->kind == VALUE_REAL;
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
    if (left->kind != right->kind && value_is_number(left) && value_is_number(right))
        return left->kind == VALUE_REAL ? left->real == (double)right->integer
                                        : (double)left->integer == right->real;
    if (left->kind != right->kind)
        return false;
    switch (left->kind) {
    case VALUE_NULL:
        return true;
    case VALUE_BOOLEAN:
        return left->boolean == right->boolean;
    case VALUE_INTEGER:
        return left->integer == right->integer;
    case VALUE_REAL:
        return left->real == right->real;
    case VALUE_TEXT:
        return strcmp(left->text, right->text) == 0;
    case VALUE_JSON:
        return json_equal(left->json, right->json) == 1;
    }
    UNREACHABLE();
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
    char *room;
    enum status status = evaluation_room(evaluation, length, &room);

    if (status == STATUS_OK)
        *ret_text = memcpy(room, bytes, length);
    return status;
}

static enum status integer_to_text(struct evaluation *evaluation, int64_t integer,
                                   const char **ret_text)
{
    char digits[24];

    (void)snprintf(digits, sizeof(digits), "%" PRId64, integer);
    return copy_text(evaluation, digits, strlen(digits), ret_text);
}

/* The shortest digits that read back as the same number, and always a sign of being real. */
static enum status real_to_text(struct evaluation *evaluation, double real, const char **ret_text)
{
    char digits[32];

    for (int precision = 15; precision <= 17; precision++) {
        (void)snprintf(digits, sizeof(digits), "%.*g", precision, real);
        if (strtod(digits, NULL) == real)
            break;
    }
    if (strpbrk(digits, ".e") == NULL)
        (void)strcat(digits, ".0");
    return copy_text(evaluation, digits, strlen(digits), ret_text);
}

static enum status json_to_text(struct evaluation *evaluation, const json_t *json,
                                const char **ret_text)
{
    size_t length = json_dumpb(json, NULL, 0, JSON_COMPACT);
    char *room;
    size_t written;
    enum status status;

    if (length == 0)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected an array or object that can be written as text but it cannot.");
    status = evaluation_room(evaluation, length, &room);
    if (status != STATUS_OK)
        return status;
    written = json_dumpb(json, room, length, JSON_COMPACT);
    INVARIANT(written == length);
    *ret_text = room;
    return STATUS_OK;
}

enum status value_to_text(struct evaluation *evaluation, const struct value *value,
                          const char **ret_text)
{
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
        return integer_to_text(evaluation, value->integer, ret_text);
    case VALUE_REAL:
        return real_to_text(evaluation, value->real, ret_text);
    case VALUE_JSON:
        return json_to_text(evaluation, value->json, ret_text);
    }
    UNREACHABLE();
}
