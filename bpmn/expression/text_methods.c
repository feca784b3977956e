/* Methods of texts. Positions count characters, not bytes; upper and lower case are those of ASCII,
 * because other letters' depend on a language. */
#include "bpmn/expression/private.h"

#include <string.h>
#include <strings.h>

static const char blanks[] = " \t\r\n";

static bool is_first_byte(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

int64_t text_count_characters(const char *text, const char *end)
{
    int64_t count = 0;

    for (; text < end; text++)
        count += is_first_byte(*text);
    return count;
}

const char *text_character_at(const char *text, int64_t position)
{
    for (; *text != '\0' && position > 0; position--) {
        for (text++; !is_first_byte(*text);)
            text++;
    }
    return text;
}

static enum status substring(struct evaluation *evaluation, const struct call *call,
                             const char *text, struct value *ret_value)
{
    int64_t length = text_count_characters(text, text + strlen(text));
    int64_t from;
    int64_t to = length;
    const char *begin;

    for (uint32_t i = 0; i < call->count; i++) {
        if (call->arguments[i].kind != VALUE_INTEGER)
            return error_set(evaluation->error, STATUS_FAILED,
                             "Expected whole numbers as positions of substring but found %s.",
                             value_kind_name(&call->arguments[i]));
    }
    from = call->arguments[0].integer;
    if (call->count == 2)
        to = call->arguments[1].integer;
    if (from < 0 || to < from || to > length)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected positions of substring from 0 to %lld, the first not behind the "
                         "second, but found %lld and %lld.",
                         (long long)length, (long long)from, (long long)to);
    begin = text_character_at(text, from);
    return evaluation_text(evaluation, begin, (size_t)(text_character_at(begin, to - from) - begin),
                           ret_value);
}

static enum status change_case(struct evaluation *evaluation, const char *text, bool upper,
                               struct value *ret_value)
{
    size_t length = strlen(text);
    char *room;
    enum status status = evaluation_room(evaluation, length, &room);

    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];

        if (upper && c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        else if (!upper && c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        room[i] = c;
    }
    *ret_value = value_of_text(room);
    return STATUS_OK;
}

static enum status trim(struct evaluation *evaluation, const char *text, enum method method,
                        struct value *ret_value)
{
    size_t length;

    if (method != METHOD_STRIP_TRAILING)
        text += strspn(text, blanks);
    length = strlen(text);
    while (method != METHOD_STRIP_LEADING && length > 0 && strchr(blanks, text[length - 1]) != NULL)
        length--;
    return evaluation_text(evaluation, text, length, ret_value);
}

static enum status concat(struct evaluation *evaluation, const char *left, const char *right,
                          struct value *ret_value)
{
    size_t left_length = strlen(left);
    size_t right_length = strlen(right);
    char *room;
    enum status status = evaluation_room(evaluation, left_length + right_length, &room);

    if (status != STATUS_OK)
        return status;
    memcpy(room, left, left_length);
    memcpy(room + left_length, right, right_length);
    *ret_value = value_of_text(room);
    return STATUS_OK;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static int64_t index_of(const char *text, const char *wanted, bool last)
{
    const char *found = strstr(text, wanted);

    if (found == NULL)
        return -1;
    if (last) {
        found = text + strlen(text) - strlen(wanted);
        while (strncmp(found, wanted, strlen(wanted)) != 0)
            found--;
    }
    return text_count_characters(text, found);
}

static enum status call_without_argument(struct evaluation *evaluation, const struct call *call,
                                         const struct value *target, struct value *ret_value)
{
    const char *text = target->text;

    switch (call->method) {
    case METHOD_SIZE:
        *ret_value = value_of_integer(text_count_characters(text, text + strlen(text)));
        return STATUS_OK;
    case METHOD_IS_EMPTY:
        *ret_value = value_of_boolean(text[0] == '\0');
        return STATUS_OK;
    case METHOD_IS_BLANK:
        *ret_value = value_of_boolean(text[strspn(text, blanks)] == '\0');
        return STATUS_OK;
    case METHOD_TO_LOWER_CASE:
    case METHOD_TO_UPPER_CASE:
        return change_case(evaluation, text, call->method == METHOD_TO_UPPER_CASE, ret_value);
    case METHOD_TRIM:
    case METHOD_STRIP_LEADING:
    case METHOD_STRIP_TRAILING:
        return trim(evaluation, text, call->method, ret_value);
    default:
        return call_text_parts_method(evaluation, call, target, ret_value);
    }
}

/* Java's compareTo gives a distance; its sign is all that anybody uses. */
static struct value sign_of(int order)
{
    return value_of_integer((order > 0) - (order < 0));
}

static enum status call_with_text(struct evaluation *evaluation, const struct call *call,
                                  const struct value *target, struct value *ret_value)
{
    const char *text = target->text;
    const char *other;
    enum status status = argument_text(evaluation, call, 0, &other);

    if (status != STATUS_OK)
        return status;
    switch (call->method) {
    case METHOD_CONTAINS:
        *ret_value = value_of_boolean(strstr(text, other) != NULL);
        return STATUS_OK;
    case METHOD_STARTS_WITH:
        *ret_value = value_of_boolean(strncmp(text, other, strlen(other)) == 0);
        return STATUS_OK;
    case METHOD_ENDS_WITH:
        *ret_value = value_of_boolean(ends_with(text, other));
        return STATUS_OK;
    case METHOD_EQUALS_IGNORE_CASE:
        *ret_value = value_of_boolean(strcasecmp(text, other) == 0);
        return STATUS_OK;
    case METHOD_COMPARE_TO:
        *ret_value = sign_of(strcmp(text, other));
        return STATUS_OK;
    case METHOD_COMPARE_TO_IGNORE_CASE:
        *ret_value = sign_of(strcasecmp(text, other));
        return STATUS_OK;
    case METHOD_INDEX_OF:
    case METHOD_LAST_INDEX_OF:
        *ret_value = value_of_integer(index_of(text, other, call->method == METHOD_LAST_INDEX_OF));
        return STATUS_OK;
    case METHOD_CONCAT:
        return concat(evaluation, text, other, ret_value);
    default:
        UNREACHABLE();
    }
}

enum status call_text_method(struct evaluation *evaluation, const struct call *call,
                             const struct value *target, struct value *ret_value)
{
    if (call->method == METHOD_DATE)
        return call_date_method(evaluation, call, target, ret_value);
    if (call->method == METHOD_SUBSTRING && (call->count == 1 || call->count == 2))
        return substring(evaluation, call, target->text, ret_value);
    if (call->count == 0)
        return call_without_argument(evaluation, call, target, ret_value);
    switch (call->count == 1 ? call->method : METHOD_UNKNOWN) {
    case METHOD_CONTAINS:
    case METHOD_STARTS_WITH:
    case METHOD_ENDS_WITH:
    case METHOD_EQUALS_IGNORE_CASE:
    case METHOD_COMPARE_TO:
    case METHOD_COMPARE_TO_IGNORE_CASE:
    case METHOD_INDEX_OF:
    case METHOD_LAST_INDEX_OF:
    case METHOD_CONCAT:
        return call_with_text(evaluation, call, target, ret_value);
    default:
        return call_text_parts_method(evaluation, call, target, ret_value);
    }
}
