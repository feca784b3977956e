/* multipart/form-data (RFC 7578): the body cut at its boundary, each part's headers read. Nothing
 * is copied but the few texts; a part's bytes stay where they are in the body. */
#include "engine/http/internal.h"

#include <string.h>
#include <strings.h>

enum { BOUNDARY_MAX = 70, PART_HEAD_BYTES_MAX = 8192 };

struct cutter {
    struct http_request *request;
    const char *mark; /* CR LF "--" boundary */
    size_t mark_length;
    const char *at;
    const char *end;
    struct http_part *parts;
    uint32_t count;
};

static enum status malformed(struct error *error, const char *expected)
{
    return error_set(error, STATUS_INVALID,
                     "Expected a multipart/form-data body with %s, but found none.", expected);
}

static bool is_space(char character)
{
    return character == ' ' || character == '\t';
}

/* Finds `; name=value` after a header's first word. Quoted values lose their quotes and the
 * backslashes before quotes and backslashes (browsers leave other backslashes alone). False when
 * the parameter is absent or malformed. */
static bool parameter(struct arena *arena, const char *header, const char *name, char **ret_value)
{
    const char *at = header + strcspn(header, ";");
    size_t name_length = strlen(name);
    char *value = arena_alloc(arena, strlen(at) + 1); /* one for all that are tried */

    while (*at == ';') {
        const char *begin;
        size_t length = 0;
        bool wanted;

        for (at++; is_space(*at); at++)
            continue;
        begin = at;
        at += strcspn(at, "=; \t");
        wanted = (size_t)(at - begin) == name_length && strncasecmp(begin, name, name_length) == 0;
        if (*at != '=') {
            at += strcspn(at, ";");
            continue;
        }
        at++;
        if (*at == '"') {
            for (at++; *at != '"' && *at != '\0'; at++) {
                if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
                    at++;
                value[length++] = *at;
            }
            if (*at != '"')
                return false;
            at++;
        } else {
            while (*at != '\0' && *at != ';' && !is_space(*at))
                value[length++] = *at++;
        }
        if (wanted) {
            value[length] = '\0';
            *ret_value = value;
            return true;
        }
        at += strcspn(at, ";");
    }
    return false;
}

/* filename*=UTF-8''percent-encoded (RFC 8187). RFC 7578 forbids it, some clients send it. */
static bool extended_name(struct arena *arena, const char *header, char **ret_name)
{
    char *value;
    char *text;
    size_t length;

    if (!parameter(arena, header, "filename*", &value) || strncasecmp(value, "UTF-8'", 6) != 0)
        return false;
    text = strchr(value + 6, '\'');
    if (text == NULL || !http_percent_decode(text + 1, strlen(text + 1), false, &length))
        return false;
    text[1 + length] = '\0';
    *ret_name = text + 1;
    return true;
}

static enum status read_disposition(struct cutter *cutter, const char *header,
                                    struct http_part *part, struct error *ret_error)
{
    struct arena *arena = cutter->request->arena;
    char *name;
    char *file_name;

    if (strncasecmp(header, "form-data", 9) != 0 || !parameter(arena, header, "name", &name) ||
        !text_is_utf8(name, strlen(name)))
        return malformed(ret_error, "\"Content-Disposition: form-data; name=…\" in each part");
    part->name = name;
    if (extended_name(arena, header, &file_name) ||
        parameter(arena, header, "filename", &file_name)) {
        if (!text_is_utf8(file_name, strlen(file_name)))
            return malformed(ret_error, "file names in UTF-8");
        part->file_name = file_name;
    }
    return STATUS_OK;
}

static enum status read_line(struct cutter *cutter, const char *line, size_t length,
                             struct http_part *part, struct error *ret_error)
{
    const char *colon = memchr(line, ':', length);
    size_t name_length = colon != NULL ? (size_t)(colon - line) : 0;
    const char *value;
    char *copy;

    if (colon == NULL || memchr(line, '\0', length) != NULL)
        return malformed(ret_error, "header lines \"Name: value\" in each part");
    for (value = colon + 1; value < line + length && is_space(*value); value++)
        continue;
    copy = arena_copy_bytes(cutter->request->arena, value, (size_t)(line + length - value));
    if (name_length == 19 && strncasecmp(line, "Content-Disposition", 19) == 0)
        return read_disposition(cutter, copy, part, ret_error);
    if (name_length == 12 && strncasecmp(line, "Content-Type", 12) == 0)
        part->content_type = copy;
    return STATUS_OK;
}

/* A part's headers up to the empty line; leaves `at` on its first byte. */
static enum status read_head(struct cutter *cutter, struct http_part *part, struct error *ret_error)
{
    const char *head = cutter->at;

    for (;;) {
        const char *line = cutter->at;
        const char *end = memmem(line, (size_t)(cutter->end - line), "\r\n", 2);
        enum status status;

        if (end == NULL || end - head > PART_HEAD_BYTES_MAX)
            return malformed(ret_error, "headers of at most 8 KiB and an empty line in each part");
        cutter->at = end + 2;
        if (end == line)
            break;
        status = read_line(cutter, line, (size_t)(end - line), part, ret_error);
        if (status != STATUS_OK)
            return status;
    }
    if (part->name == NULL)
        return malformed(ret_error, "\"Content-Disposition: form-data; name=…\" in each part");
    return STATUS_OK;
}

/* After a boundary: 1 a part follows, 0 it was the last, -1 neither. */
static int after_boundary(struct cutter *cutter)
{
    if (cutter->end - cutter->at >= 2 && memcmp(cutter->at, "--", 2) == 0)
        return 0;
    while (cutter->at < cutter->end && is_space(*cutter->at))
        cutter->at++;
    if (cutter->end - cutter->at < 2 || memcmp(cutter->at, "\r\n", 2) != 0)
        return -1;
    cutter->at += 2;
    return 1;
}

static enum status cut(struct cutter *cutter, struct error *ret_error)
{
    const char *found;
    int more;

    /* The first boundary may stand at the very beginning, without the line end before it. */
    if ((size_t)(cutter->end - cutter->at) >= cutter->mark_length - 2 &&
        memcmp(cutter->at, cutter->mark + 2, cutter->mark_length - 2) == 0) {
        cutter->at += cutter->mark_length - 2;
    } else {
        found = memmem(cutter->at, (size_t)(cutter->end - cutter->at), cutter->mark,
                       cutter->mark_length);
        if (found == NULL)
            return malformed(ret_error, "the boundary that Content-Type names");
        cutter->at = found + cutter->mark_length;
    }
    while ((more = after_boundary(cutter)) == 1) {
        struct http_part *part;
        enum status status;

        if (cutter->count == HTTP_PARTS_MAX)
            return error_set(ret_error, STATUS_INVALID,
                             "Expected at most %d parts in the body, but found more.",
                             HTTP_PARTS_MAX);
        part = &cutter->parts[cutter->count++];
        status = read_head(cutter, part, ret_error);
        if (status != STATUS_OK)
            return status;
        if (part->content_type == NULL)
            part->content_type = "text/plain";
        part->bytes = cutter->at;
        /* An empty part may end with the line end that ended its head. */
        found = memmem(cutter->at - 2, (size_t)(cutter->end - cutter->at) + 2, cutter->mark,
                       cutter->mark_length);
        if (found == NULL)
            return malformed(ret_error, "a boundary after each part");
        part->length = found > cutter->at ? (size_t)(found - cutter->at) : 0;
        cutter->at = found + cutter->mark_length;
    }
    return more == 0 ? STATUS_OK : malformed(ret_error, "a line end or \"--\" after each boundary");
}

enum status http_multipart(struct http_request *request, struct http_part **ret_parts,
                           uint32_t *ret_count, struct error *ret_error)
{
    const char *content_type = http_header(request, "content-type");
    struct cutter cutter = {.request = request};
    char *boundary;
    size_t length;
    enum status status;

    if (content_type == NULL || strncasecmp(content_type, "multipart/form-data", 19) != 0 ||
        (content_type[19] != '\0' && content_type[19] != ';' && !is_space(content_type[19])))
        return error_set_field(ret_error, STATUS_UNSUPPORTED_MEDIA, "Content-Type",
                               "Expected Content-Type multipart/form-data, but found %s%.64s%s.",
                               content_type != NULL ? "'" : "",
                               content_type != NULL ? content_type : "none",
                               content_type != NULL ? "'" : "");
    if (!parameter(request->arena, content_type, "boundary", &boundary) || boundary[0] == '\0' ||
        strlen(boundary) > BOUNDARY_MAX)
        return error_set_field(ret_error, STATUS_INVALID, "Content-Type",
                               "Expected multipart/form-data with a boundary of 1 to %d "
                               "characters, but found none.",
                               BOUNDARY_MAX);
    cutter.mark = arena_format(request->arena, "\r\n--%s", boundary);
    cutter.mark_length = strlen(cutter.mark);
    cutter.at = http_body(request, &length);
    cutter.end = cutter.at + length;
    cutter.parts = arena_array(request->arena, HTTP_PARTS_MAX, sizeof(*cutter.parts));
    status = cut(&cutter, ret_error);
    if (status != STATUS_OK)
        return status;
    *ret_parts = cutter.parts;
    *ret_count = cutter.count;
    return STATUS_OK;
}
