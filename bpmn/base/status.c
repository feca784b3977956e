#include "bpmn/base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int http;
    const char *title;
    const char *name;
} status_table[] = {
#define STATUS_ROW(name, http, title) [STATUS_##name] = {http, title, #name},
    STATUS_CODES(STATUS_ROW)
#undef STATUS_ROW
};

int status_http(enum status status)
{
    PRE((unsigned)status < COUNT_OF(status_table));
    return status_table[status].http;
}

const char *status_title(enum status status)
{
    PRE((unsigned)status < COUNT_OF(status_table));
    return status_table[status].title;
}

const char *status_name(enum status status)
{
    PRE((unsigned)status < COUNT_OF(status_table));
    return status_table[status].name;
}

void error_clear(struct error *error)
{
    memset(error, 0, sizeof(*error));
}

/* snprintf may cut inside a multi-byte character; step back to its first byte and drop it. */
static void cut_at_character(char *text, size_t size)
{
    size_t length = strlen(text);
    size_t start = length;

    if (length + 1 < size)
        return;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start > 0 && (unsigned char)text[start - 1] >= 0xC0)
        text[start - 1] = '\0';
}

static void copy_text(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size - 1);

    memcpy(to, from, length);
    to[length] = '\0';
    cut_at_character(to, size);
}

enum status error_set(struct error *error, enum status status, const char *format, ...)
{
    va_list arguments;

    PRE(status != STATUS_OK);
    error_clear(error);
    error->status = status;
    va_start(arguments, format);
    (void)vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    cut_at_character(error->message, sizeof(error->message));
    return status;
}

enum status error_set_field(struct error *error, enum status status, const char *field,
                            const char *format, ...)
{
    va_list arguments;

    PRE(status != STATUS_OK);
    error_clear(error);
    error->status = status;
    va_start(arguments, format);
    (void)vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    cut_at_character(error->message, sizeof(error->message));
    copy_text(error->field, sizeof(error->field), field);
    return status;
}

enum status error_at(struct error *error, const char *element_id, int line, int column)
{
    if (element_id != NULL)
        copy_text(error->element_id, sizeof(error->element_id), element_id);
    error->line = line;
    error->column = column;
    return error->status;
}

enum status error_prefix(struct error *error, const char *format, ...)
{
    char prefix[ERROR_MESSAGE_MAX];
    char whole[2 * ERROR_MESSAGE_MAX + 3];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(prefix, sizeof(prefix), format, arguments);
    va_end(arguments);
    (void)snprintf(whole, sizeof(whole), "%s: %s", prefix, error->message);
    copy_text(error->message, sizeof(error->message), whole);
    return error->status;
}
