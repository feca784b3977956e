/* Flowable's variable objects ⇄ JSON values.
 *
 * A variable is stored as the JSON value it is; the type name of an answer is deduced from it, and
 * the type name of a request is checked against the value. Dates travel as ISO 8601 text. */
#include "engine/api/internal.h"

#include "bpmn/iso8601.h"

#include <string.h>

enum { VARIABLE_NAME_MAX = 255, VARIABLES_MAX = 10000 };

static const char *type_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
        return json_integer_value(value) >= INT32_MIN && json_integer_value(value) <= INT32_MAX
                   ? "integer"
                   : "long";
    case JSON_REAL:
        return "double";
    case JSON_TRUE:
    case JSON_FALSE:
        return "boolean";
    case JSON_NULL:
        return "null";
    case JSON_OBJECT:
    case JSON_ARRAY:
        return "json";
    }
    UNREACHABLE();
}

json_t *api_variable(const char *name, const json_t *value, const char *scope)
{
    json_t *object = json_object();

    json_put_text(object, "name", name);
    json_put_text(object, "type", type_of(value));
    json_put(object, "value", json_deep_copy(value));
    if (scope != NULL)
        json_put_text(object, "scope", scope);
    return object;
}

json_t *api_variables(const json_t *variables, const char *scope)
{
    json_t *array = json_array();
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)variables, name, value)
        (void)json_array_append_new(array, api_variable(name, value, scope));
    return array;
}

static bool is_whole(const json_t *value, int64_t minimum, int64_t maximum)
{
    return json_is_integer(value) && json_integer_value(value) >= minimum &&
           json_integer_value(value) <= maximum;
}

static bool is_instant(const json_t *value)
{
    struct error ignored;
    int64_t at_us;

    return json_is_string(value) &&
           iso8601_parse_instant(json_string_value(value), &at_us, &ignored) == STATUS_OK;
}

/* NULL when the value fits the type, else what was expected; "" when the type is not known. */
static const char *expected_of(const char *type, const json_t *value)
{
    struct uuid id;

    if (strcmp(type, "json") == 0 || json_is_null(value))
        return NULL;
    if (strcmp(type, "string") == 0)
        return json_is_string(value) ? NULL : "a text";
    if (strcmp(type, "integer") == 0)
        return is_whole(value, INT32_MIN, INT32_MAX) ? NULL : "a whole number of 32 bits";
    if (strcmp(type, "short") == 0)
        return is_whole(value, INT16_MIN, INT16_MAX) ? NULL : "a whole number of 16 bits";
    if (strcmp(type, "long") == 0 || strcmp(type, "bigInteger") == 0)
        return json_is_integer(value) ? NULL : "a whole number of 64 bits";
    if (strcmp(type, "double") == 0 || strcmp(type, "bigDecimal") == 0)
        return json_is_number(value) ? NULL : "a number";
    if (strcmp(type, "boolean") == 0)
        return json_is_boolean(value) ? NULL : "true or false";
    if (strcmp(type, "date") == 0 || strcmp(type, "instant") == 0 ||
        strcmp(type, "localDate") == 0 || strcmp(type, "localDateTime") == 0)
        return is_instant(value) ? NULL : "an ISO 8601 date such as 2026-11-23T08:00:00Z";
    if (strcmp(type, "uuid") == 0)
        return json_is_string(value) && uuid_parse(json_string_value(value), &id) ? NULL : "a UUID";
    return "";
}

static enum status check_type(const char *name, const char *type, const json_t *value,
                              struct error *ret_error)
{
    const char *expected =
        type != NULL && strcmp(type, "null") != 0 ? expected_of(type, value) : NULL;

    if (expected == NULL)
        return STATUS_OK;
    if (expected[0] == '\0')
        return error_set_field(
            ret_error, STATUS_INVALID, "type",
            "Expected variable '%s' to have one of the types string, integer, short, long, double, "
            "boolean, date, instant, localDate, localDateTime, uuid, bigDecimal, bigInteger or "
            "json, but found '%.60s'.",
            name, type);
    return error_set_field(ret_error, STATUS_INVALID, name,
                           "Expected variable '%s' of type %s to be %s, but found %s.", name, type,
                           expected, type_of(value));
}

enum status api_variable_read(const json_t *object, const char *field, json_t *variables,
                              struct error *ret_error)
{
    static const char *const known[] = {"name", "type", "value", "valueUrl", "scope", NULL};
    const char *name, *type, *scope;
    json_t *value = json_object_get(object, "value");
    enum status status;

    if (!json_is_object(object))
        return error_set_field(ret_error, STATUS_INVALID, field,
                               "Expected each entry of '%s' to be an object with name and value.",
                               field);
    status = json_only_fields(object, known, ret_error);
    if (status == STATUS_OK)
        status = json_field_required_text(object, "name", &name, ret_error);
    if (status == STATUS_OK)
        status = json_field_text(object, "type", &type, ret_error);
    if (status == STATUS_OK)
        status = json_field_text(object, "scope", &scope, ret_error);
    if (status != STATUS_OK)
        return status;
    if (name[0] == '\0' || strlen(name) > VARIABLE_NAME_MAX)
        return error_set_field(ret_error, STATUS_INVALID, field,
                               "Expected a variable name of 1 to %d bytes in '%s'.",
                               VARIABLE_NAME_MAX, field);
    if (scope != NULL && strcmp(scope, "global") != 0 && strcmp(scope, "local") != 0)
        return error_set_field(ret_error, STATUS_INVALID, "scope",
                               "Expected the scope of variable '%s' to be global or local, but "
                               "found '%.60s'.",
                               name, scope);
    if (json_object_get(variables, name) != NULL)
        return error_set_field(ret_error, STATUS_INVALID, field,
                               "Expected each variable once in '%s', but '%s' came twice.", field,
                               name);
    status = check_type(name, type, value != NULL ? value : json_null(), ret_error);
    if (status == STATUS_OK)
        json_put(variables, name, value != NULL ? json_incref(value) : json_null());
    return status;
}

enum status api_variables_read(const json_t *array, const char *field, json_t **ret_variables,
                               struct error *ret_error)
{
    json_t *variables = json_object();
    enum status status = STATUS_OK;
    json_t *object;
    size_t i;

    if (array != NULL && !json_is_null(array) && !json_is_array(array))
        status = error_set_field(ret_error, STATUS_INVALID, field,
                                 "Expected '%s' to be an array of variable objects.", field);
    else if (json_array_size(array) > VARIABLES_MAX)
        status = error_set_field(ret_error, STATUS_INVALID, field,
                                 "Expected at most %d variables in '%s'.", VARIABLES_MAX, field);
    json_array_foreach (array, i, object) {
        if (status == STATUS_OK)
            status = api_variable_read(object, field, variables, ret_error);
    }
    if (status != STATUS_OK) {
        json_decref(variables);
        return status;
    }
    *ret_variables = variables;
    return STATUS_OK;
}

/* Names and values, as they are. */
static enum status read_object(const json_t *object, const char *field, struct error *ret_error)
{
    const char *name;
    json_t *value;

    if (json_object_size(object) > VARIABLES_MAX)
        return error_set_field(ret_error, STATUS_INVALID, field,
                               "Expected at most %d variables in '%s'.", VARIABLES_MAX, field);
    json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
        if (name[0] == '\0' || strlen(name) > VARIABLE_NAME_MAX)
            return error_set_field(ret_error, STATUS_INVALID, field,
                                   "Expected a variable name of 1 to %d bytes in '%s'.",
                                   VARIABLE_NAME_MAX, field);
    }
    return STATUS_OK;
}

enum status api_variables_any(const json_t *value, const char *field, json_t **ret_variables,
                              struct error *ret_error)
{
    enum status status;

    if (!json_is_object(value))
        return api_variables_read(value, field, ret_variables, ret_error);
    status = read_object(value, field, ret_error);
    if (status == STATUS_OK)
        *ret_variables = json_deep_copy(value);
    return status;
}
