/* Fields of a JSON object with their types checked. Errors say what was expected, what was found
 * and in which field, in the words of someone who writes JSON. */
#include "engine/http/request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FOUND_BYTES = 64, KNOWN_BYTES = 512 };

/* What stands there, short enough for a sentence. Texts are not quoted: they may be secrets. */
static const char *found(const json_t *value, char to[FOUND_BYTES])
{
    if (json_is_integer(value))
        (void)snprintf(to, FOUND_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        (void)snprintf(to, FOUND_BYTES, "%.10g", json_real_value(value));
    else
        (void)snprintf(to, FOUND_BYTES, "%s",
                       json_is_string(value)    ? "a string"
                       : json_is_object(value)  ? "an object"
                       : json_is_array(value)   ? "an array"
                       : json_is_boolean(value) ? "a Boolean"
                                                : "null");
    return to;
}

static enum status refuse(struct error *error, const char *name, const char *expected,
                          const json_t *value)
{
    char text[FOUND_BYTES];

    return error_set_field(error, STATUS_INVALID, name,
                           "Expected field '%.100s' as %s, but found %s.", name, expected,
                           found(value, text));
}

/* The field's value, NULL when it is absent or null. */
static const json_t *field(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_null(value) ? NULL : value;
}

enum status json_field_text(const json_t *object, const char *name, const char **ret_text,
                            struct error *ret_error)
{
    const json_t *value = field(object, name);

    if (value != NULL && !json_is_string(value))
        return refuse(ret_error, name, "a string", value);
    *ret_text = json_string_value(value);
    return STATUS_OK;
}

enum status json_field_required_text(const json_t *object, const char *name, const char **ret_text,
                                     struct error *ret_error)
{
    const char *text = NULL;
    enum status status = json_field_text(object, name, &text, ret_error);

    if (status != STATUS_OK)
        return status;
    if (text == NULL || text[0] == '\0')
        return error_set_field(ret_error, STATUS_INVALID, name,
                               "Expected field '%.100s' as a string, but it is %s.", name,
                               text == NULL ? "missing" : "empty");
    *ret_text = text;
    return STATUS_OK;
}

enum status json_field_int(const json_t *object, const char *name, int64_t absent, int64_t minimum,
                           int64_t maximum, int64_t *ret_value, struct error *ret_error)
{
    const json_t *value = field(object, name);
    int64_t number;

    if (value == NULL) {
        *ret_value = absent;
        return STATUS_OK;
    }
    if (!json_is_integer(value))
        return refuse(ret_error, name, "an integer", value);
    number = json_integer_value(value);
    if (number < minimum || number > maximum)
        return error_set_field(ret_error, STATUS_INVALID, name,
                               "Expected field '%.100s' as an integer from %" PRId64 " to %" PRId64
                               ", but found %" PRId64 ".",
                               name, minimum, maximum, number);
    *ret_value = number;
    return STATUS_OK;
}

enum status json_field_bool(const json_t *object, const char *name, bool absent, bool *ret_value,
                            struct error *ret_error)
{
    const json_t *value = field(object, name);

    if (value != NULL && !json_is_boolean(value))
        return refuse(ret_error, name, "true or false", value);
    *ret_value = value != NULL ? json_is_true(value) : absent;
    return STATUS_OK;
}

static bool is_known(const char *const *known, const char *name)
{
    while (*known != NULL && strcmp(*known, name) != 0)
        known++;
    return *known != NULL;
}

static void list_names(const char *const *known, char to[KNOWN_BYTES])
{
    size_t length = 0;

    to[0] = '\0';
    for (; *known != NULL && length < KNOWN_BYTES; known++)
        length += (size_t)snprintf(to + length, KNOWN_BYTES - length, "%s%s",
                                   length > 0 ? ", " : "", *known);
}

enum status json_only_fields(const json_t *object, const char *const *known,
                             struct error *ret_error)
{
    const char *name;
    json_t *value;
    char names[KNOWN_BYTES];

    json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
        if (!is_known(known, name)) {
            list_names(known, names);
            return error_set_field(ret_error, STATUS_INVALID, name,
                                   "Expected only the fields %s, but found '%.100s'.", names, name);
        }
    }
    return STATUS_OK;
}
