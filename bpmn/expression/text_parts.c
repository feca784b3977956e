/* Methods that take texts apart and put them together anew: charAt, replace, split, repeat,
 * matches. Java's replaceAll and split take regular expressions; here they take plain text, and a
 * pattern is refused with a sentence rather than taken for something else. */
#include "bpmn/base/text.h"
#include "bpmn/expression/private.h"

#include <string.h>

static enum status char_at(struct evaluation *evaluation, const struct call *call, const char *text,
                           struct value *ret_value)
{
    int64_t length = text_count_characters(text, text + strlen(text));
    int64_t position;
    const char *begin;
    enum status status = argument_integer(evaluation, call, 0, &position);

    if (status != STATUS_OK)
        return status;
    if (position < 0 || position >= length)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a position of charAt from 0 to below %lld but found %lld.",
                         (long long)length, (long long)position);
    begin = text_character_at(text, position);
    return evaluation_text(evaluation, begin, (size_t)(text_character_at(begin, 1) - begin),
                           ret_value);
}

static enum status index_from(struct evaluation *evaluation, const struct call *call,
                              const char *text, struct value *ret_value)
{
    const char *wanted;
    const char *found;
    int64_t from;
    enum status status = argument_text(evaluation, call, 0, &wanted);

    if (status == STATUS_OK)
        status = argument_integer(evaluation, call, 1, &from);
    if (status != STATUS_OK)
        return status;
    found = strstr(text_character_at(text, from), wanted);
    *ret_value = value_of_integer(found != NULL ? text_count_characters(text, found) : -1);
    return STATUS_OK;
}

static enum status repeat(struct evaluation *evaluation, const struct call *call, const char *text,
                          struct value *ret_value)
{
    size_t length = strlen(text);
    int64_t count;
    char *room;
    enum status status = argument_integer(evaluation, call, 0, &count);

    if (status != STATUS_OK)
        return status;
    if (count < 0)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a count of at least 0 for repeat but found %lld.",
                         (long long)count);
    if (length == 0)
        count = 0;
    if (length > 0 && (uint64_t)count > EXPRESSION_RESULT_MAX / length)
        length = EXPRESSION_RESULT_MAX + 1, count = 1; /* let the room say what is wrong */
    status = evaluation_room(evaluation, length * (size_t)count, &room);
    if (status != STATUS_OK)
        return status;
    for (int64_t i = 0; i < count; i++)
        memcpy(room + (size_t)i * length, text, length);
    *ret_value = value_of_text(room);
    return STATUS_OK;
}

/* A regular expression that stands for one text: `\\.` is a dot. False for any other. */
static enum status plain_pattern(struct evaluation *evaluation, const struct call *call,
                                 const char **ret_text)
{
    const char *pattern;
    char *plain;
    size_t length = 0;
    enum status status = argument_text(evaluation, call, 0, &pattern);

    if (status == STATUS_OK)
        status = evaluation_room(evaluation, strlen(pattern), &plain);
    if (status != STATUS_OK)
        return status;
    for (const char *at = pattern; *at != '\0'; at++) {
        bool escaped = at[0] == '\\' && at[1] != '\0' && strchr("\\.[]{}()*+?^$|-/", at[1]) != NULL;

        if (!escaped && strchr("\\.[]{}()*+?^$|", *at) != NULL)
            return error_set(evaluation->error, STATUS_FAILED,
                             "Expected plain text as first argument of '%s' but '%.*s' is a "
                             "pattern; use replace or split with plain text, or a script task.",
                             call->name, excerpt_length(pattern, 60), pattern);
        at += escaped;
        plain[length++] = *at;
    }
    plain[length] = '\0';
    *ret_text = plain;
    return STATUS_OK;
}

/* Java puts the new text between all characters when the old one is empty; nobody wants that. */
static enum status replace(struct evaluation *evaluation, const struct call *call, const char *text,
                           struct value *ret_value)
{
    struct text replaced = TEXT_INIT;
    const char *old = "";
    const char *new;
    const char *found;
    enum status status = call->method == METHOD_REPLACE ? argument_text(evaluation, call, 0, &old)
                                                        : plain_pattern(evaluation, call, &old);

    if (status == STATUS_OK)
        status = argument_text(evaluation, call, 1, &new);
    if (status != STATUS_OK)
        return status;
    if (old[0] == '\0')
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected the text to replace as first argument of '%s' but found an "
                         "empty one.",
                         call->name);
    while ((found = strstr(text, old)) != NULL && replaced.length <= EXPRESSION_RESULT_MAX) {
        text_append_bytes(&replaced, text, (size_t)(found - text));
        text_append(&replaced, new);
        text = found + strlen(old);
        if (call->method == METHOD_REPLACE_FIRST)
            break;
    }
    text_append(&replaced, text);
    status = evaluation_text(evaluation, text_string(&replaced), replaced.length, ret_value);
    text_deinit(&replaced);
    return status;
}

/* As in Java, empty texts at the end are dropped. */
static enum status split(struct evaluation *evaluation, const struct call *call, const char *text,
                         struct value *ret_value)
{
    json_t *parts = evaluation_array(evaluation);
    const char *separator;
    bool at_end = false;
    size_t size;
    enum status status = plain_pattern(evaluation, call, &separator);

    while (status == STATUS_OK && !at_end) {
        const char *found =
            separator[0] != '\0' ? strstr(text, separator) : text_character_at(text, 1);

        at_end = found == NULL || *found == '\0';
        if (found == NULL)
            found = text + strlen(text);
        status = evaluation_append(evaluation, parts, json_stringn(text, (size_t)(found - text)));
        text = found + strlen(separator);
    }
    size = json_array_size(parts);
    while (size > 1 && json_string_length(json_array_get(parts, size - 1)) == 0)
        (void)json_array_remove(parts, --size);
    if (status == STATUS_OK)
        *ret_value = value_of_json(parts);
    return status;
}

static enum status matches(struct evaluation *evaluation, const struct call *call, const char *text,
                           struct value *ret_value)
{
    const char *pattern;
    bool matched = false;
    enum status status = argument_text(evaluation, call, 0, &pattern);

    if (status == STATUS_OK)
        status = pattern_matches(evaluation, pattern, text, &matched);
    if (status == STATUS_OK)
        *ret_value = value_of_boolean(matched);
    return status;
}

enum status call_text_parts_method(struct evaluation *evaluation, const struct call *call,
                                   const struct value *target, struct value *ret_value)
{
    static const struct {
        enum method method;
        uint32_t count;
        enum status (*call)(struct evaluation *evaluation, const struct call *call,
                            const char *text, struct value *ret_value);
    } rows[] = {
        {METHOD_CHAR_AT, 1, char_at},       {METHOD_INDEX_OF, 2, index_from},
        {METHOD_MATCHES, 1, matches},       {METHOD_REPEAT, 1, repeat},
        {METHOD_REPLACE, 2, replace},       {METHOD_REPLACE_ALL, 2, replace},
        {METHOD_REPLACE_FIRST, 2, replace}, {METHOD_SPLIT, 1, split},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].method == call->method && rows[i].count == call->count)
            return rows[i].call(evaluation, call, target->text, ret_value);
    }
    return method_unknown(evaluation, call, target);
}
