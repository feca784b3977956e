/* The body as a JSON object. jansson parses; before that the nesting is measured, because whoever
 * walks a value later does so recursively. */
#include "engine/http/internal.h"

#include <string.h>
#include <strings.h>

enum { JSON_DEPTH_MAX = 100, TYPE_NAME_MAX = 64 };

static const char *type_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a Boolean";
    case JSON_NULL:
        break;
    }
    return "null";
}

/* False with the place where the nesting grows too deep. Texts are skipped, nothing is judged. */
static bool check_depth(const char *bytes, size_t length, int *ret_line, int *ret_column)
{
    int depth = 0;
    int line = 1;
    int column = 0;
    bool in_text = false;

    for (size_t i = 0; i < length; i++) {
        char character = bytes[i];

        if (((unsigned char)character & 0xC0) != 0x80)
            column++;
        if (character == '\n') {
            line++;
            column = 0;
        } else if (in_text && character == '\\') {
            i++; /* what is escaped ends no text */
            column++;
        } else if (character == '"') {
            in_text = !in_text;
        } else if (!in_text && (character == '{' || character == '[') && ++depth > JSON_DEPTH_MAX) {
            *ret_line = line;
            *ret_column = column;
            return false;
        } else if (!in_text && (character == '}' || character == ']')) {
            depth--;
        }
    }
    return true;
}

static enum status refuse_at(struct error *error, const char *what, int line, int column)
{
    (void)error_set(error, STATUS_INVALID,
                    "Expected a JSON object in the body, but at line %d, column %d found %s.", line,
                    column, what);
    return error_at(error, NULL, line, column);
}

static enum status refuse_json(struct error *error, const json_error_t *at)
{
    switch (json_error_code(at)) {
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return refuse_at(error, "a text with the character \\u0000, which cannot be stored",
                         at->line, at->column);
    case json_error_duplicate_key:
        return refuse_at(error, "a field that the object has already", at->line, at->column);
    case json_error_invalid_utf8:
        return refuse_at(error, "bytes that are no UTF-8", at->line, at->column);
    case json_error_numeric_overflow:
        return refuse_at(error, "a number that is out of range", at->line, at->column);
    case json_error_premature_end_of_input:
        return refuse_at(error, "its end too early", at->line, at->column);
    case json_error_end_of_input_expected:
        return refuse_at(error, "more text after it", at->line, at->column);
    default:
        return refuse_at(error, at->text, at->line, at->column);
    }
}

/* application/json or application/….+json; who sends none is believed. A form from another site's
 * page cannot claim to be JSON without the browser asking first, so this also keeps forms out. */
static bool is_json(const char *content_type)
{
    size_t length;

    if (content_type == NULL || content_type[0] == '\0')
        return true;
    length = strcspn(content_type, "; \t");
    return (length == 16 && strncasecmp(content_type, "application/json", 16) == 0) ||
           (length > 5 && strncasecmp(content_type + length - 5, "+json", 5) == 0);
}

enum status http_json_object(struct http_request *request, bool allow_empty, json_t **ret_object,
                             struct error *ret_error)
{
    size_t length;
    const char *bytes = http_body(request, &length);
    const char *content_type = http_header(request, "content-type");
    json_error_t at;
    json_t *value;
    int line = 0;
    int column = 0;

    if (length == 0 && !allow_empty)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a JSON object in the body, but the body is empty.");
    if (length == 0) {
        *ret_object = json_object();
        return STATUS_OK;
    }
    if (!is_json(content_type))
        return error_set_field(ret_error, STATUS_UNSUPPORTED_MEDIA, "Content-Type",
                               "Expected Content-Type application/json, but found '%.*s'.",
                               TYPE_NAME_MAX, content_type);
    if (!check_depth(bytes, length, &line, &column))
        return refuse_at(ret_error, "values nested more than 100 deep", line, column);
    value = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &at);
    if (value == NULL)
        return refuse_json(ret_error, &at);
    if (!json_is_object(value)) {
        enum status status =
            error_set(ret_error, STATUS_INVALID,
                      "Expected a JSON object in the body, but found %s.", type_of(value));

        json_decref(value);
        return status;
    }
    *ret_object = value;
    return STATUS_OK;
}
