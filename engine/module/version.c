/* Versions over HTTP: If-Match says what the caller has seen (RFC 9110, 13.1). Modules number the
 * versions of a row; the ETag is that number in quotes. */
#include "engine/module.h"

#include <stdlib.h>
#include <string.h>

/* The number of an entity tag such as "7" or W/"7", -1 when it is none of ours; `*ret_end` is
 * behind it. */
static int64_t tag_version(const char *text, const char **ret_end)
{
    char *end;
    int64_t version;

    if (strncmp(text, "W/", 2) == 0)
        text += 2;
    if (text[0] != '"' || text[1] < '0' || text[1] > '9' || strcspn(text + 1, "\"") > 18)
        return -1;
    version = strtoll(text + 1, &end, 10);
    *ret_end = end + 1;
    return *end == '"' ? version : -1;
}

enum status module_expected_version(struct http_request *request, const json_t *body,
                                    int64_t *ret_version, struct error *ret_error)
{
    const char *tag = http_header(request, "if-match");
    const char *end = "";
    int64_t version;

    if (tag == NULL)
        return json_field_int(body, "expectedVersion", -1, 0, INT64_MAX, ret_version, ret_error);
    if (strcmp(tag, "*") == 0) {
        *ret_version = -1;
        return STATUS_OK;
    }
    version = tag_version(tag, &end);
    if (version < 0 || *end != '\0')
        return error_set_field(ret_error, STATUS_INVALID, "If-Match",
                               "Expected If-Match to be the ETag of an earlier answer, such as "
                               "\"3\" in quotes, but found %.40s.",
                               tag);
    *ret_version = version;
    return STATUS_OK;
}

enum status module_version_refusal(struct error *error, const char *name, int64_t expected,
                                   int64_t current)
{
    PRE(current > 0);
    error_set_field(error, STATUS_CONFLICT, "version",
                    "Expected %.100s to be at version %lld but it is at %lld: read it again.", name,
                    (long long)expected, (long long)current);
    error->current_version = current;
    return STATUS_CONFLICT;
}

void module_reply_refusal(struct http_request *request, const struct error *error)
{
    struct error refusal = *error;

    if (error->status == STATUS_CONFLICT && error->current_version > 0 &&
        http_header(request, "if-match") != NULL)
        refusal.status = STATUS_STALE;
    http_reply_error(request, &refusal);
}

/* Whether If-None-Match, a list of entity tags or *, has this version. */
static bool has_version(const char *tags, int64_t version)
{
    while (*tags != '\0') {
        const char *end = tags + strcspn(tags, ",");

        if (tags[0] == '*' || tag_version(tags, &end) == version)
            return true;
        tags += strcspn(tags, ",");
        tags += strspn(tags, ", \t");
    }
    return false;
}

void module_reply_versioned(struct http_request *request, int status, json_t *body, int64_t version)
{
    const char *tags = http_header(request, "if-none-match");

    http_reply_header(request, "ETag",
                      arena_format(http_arena(request), "\"%lld\"", (long long)version));
    if (http_is_read(request) && tags != NULL && has_version(tags, version)) {
        json_decref(body);
        http_reply_empty(request, 304);
        return;
    }
    http_reply_json(request, status, body);
}
