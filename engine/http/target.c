/* The request target: cut into path segments and query parameters and decoded, each on its own, so
 * that an escaped slash or ampersand stays part of its value. Works in place: decoding shrinks. */
#include "engine/http/internal.h"

#include <string.h>
#include <strings.h>

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

bool http_percent_decode(char *text, size_t length, bool plus, size_t *ret_length)
{
    size_t to = 0;

    for (size_t from = 0; from < length; from++) {
        char character = text[from];

        if (character == '%') {
            int high = length - from > 2 ? hex_value(text[from + 1]) : -1;
            int low = length - from > 2 ? hex_value(text[from + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            character = (char)(high * 16 + low);
            from += 2;
            if (character == '\0')
                return false;
        } else if (character == '+' && plus) {
            character = ' ';
        }
        text[to++] = character;
    }
    *ret_length = to;
    return text_is_utf8(text, to);
}

static enum status refuse_path(struct error *error, const char *what)
{
    return error_set_field(error, STATUS_INVALID, "path",
                           "Expected a path of UTF-8 text with correct %%XX escapes, but found %s.",
                           what);
}

/* "http://authority/path": the authority counts as the host (RFC 9112, 3.2.2). Returns where the
 * path or query begins, NULL when the target has neither form. */
static char *skip_authority(struct http_request *request, char *target)
{
    char *authority;
    size_t length;

    if (target[0] == '/')
        return target;
    if (strncasecmp(target, "http://", 7) == 0)
        authority = target + 7;
    else if (strncasecmp(target, "https://", 8) == 0)
        authority = target + 8;
    else
        return NULL;
    length = strcspn(authority, "/?");
    request->host = arena_copy_bytes(request->arena, authority, length);
    return authority + length;
}

static bool is_dots(const char *text, size_t length)
{
    return (length == 1 && text[0] == '.') || (length == 2 && text[0] == '.' && text[1] == '.');
}

static enum status read_path(struct http_request *request, char *path, size_t length,
                             struct error *ret_error)
{
    char *end = path + length;
    char *from = path;
    char *to = path;

    request->path = path;
    while (from < end) {
        char *segment_end = memchr(from + 1, '/', (size_t)(end - from - 1));
        size_t raw_length;
        size_t decoded;

        PRE(*from == '/');
        if (segment_end == NULL)
            segment_end = end;
        raw_length = (size_t)(segment_end - from - 1);
        if (to != from)
            memmove(to, from, raw_length + 1);
        if (!http_percent_decode(to + 1, raw_length, false, &decoded))
            return refuse_path(ret_error, "a bad escape, a NUL or bytes that are no UTF-8");
        if (is_dots(to + 1, decoded))
            return refuse_path(ret_error, "a segment \".\" or \"..\"");
        if (request->segment_count < HTTP_SEGMENTS_MAX)
            request->segments[request->segment_count] = (struct http_segment){to + 1, decoded};
        request->segment_count++;
        to += decoded + 1;
        from = segment_end;
    }
    *to = '\0';
    return STATUS_OK;
}

static enum status read_pair(struct http_request *request, char *pair, size_t length,
                             struct error *ret_error)
{
    char *equals = memchr(pair, '=', length);
    size_t name_length = equals != NULL ? (size_t)(equals - pair) : length;
    char *value = equals != NULL ? equals + 1 : pair + length;
    size_t value_length = (size_t)(pair + length - value);

    if (name_length == 0)
        return error_set_field(ret_error, STATUS_INVALID, "query",
                               "Expected query parameters as name=value, but found one without a "
                               "name.");
    if (request->query_count == HTTP_QUERY_MAX)
        return error_set_field(ret_error, STATUS_INVALID, "query",
                               "Expected at most %d query parameters, but found more.",
                               HTTP_QUERY_MAX);
    if (!http_percent_decode(pair, name_length, true, &name_length) ||
        !http_percent_decode(value, value_length, true, &value_length))
        return error_set_field(ret_error, STATUS_INVALID, "query",
                               "Expected query parameters of UTF-8 text with correct %%XX escapes, "
                               "but the %u. has a bad escape, a NUL or bytes that are no UTF-8.",
                               request->query_count + 1);
    pair[name_length] = '\0';
    value[value_length] = '\0';
    request->query[request->query_count++] = (struct http_field){pair, value};
    return STATUS_OK;
}

static enum status read_query(struct http_request *request, char *query, struct error *ret_error)
{
    enum status status = STATUS_OK;

    while (status == STATUS_OK && query != NULL) {
        char *next = strchr(query, '&');
        size_t length = next != NULL ? (size_t)(next - query) : strlen(query);

        if (length > 0) {
            query[length] = '\0';
            status = read_pair(request, query, length, ret_error);
        }
        query = next != NULL ? next + 1 : NULL;
    }
    return status;
}

enum status http_target_read(struct http_request *request, struct error *ret_error)
{
    char *path = skip_authority(request, (char *)(uintptr_t)request->target);
    char *query;
    enum status status;

    if (path == NULL)
        return error_set_field(
            ret_error, STATUS_INVALID, "path",
            "Expected a request target that begins with '/', but found '%.100s'.", request->target);
    query = strchr(path, '?');
    if (query != NULL)
        *query++ = '\0';
    if (*path == '\0')
        path = arena_copy(request->arena, "/");
    status = read_path(request, path, strlen(path), ret_error);
    if (status == STATUS_OK)
        status = read_query(request, query, ret_error);
    return status;
}
