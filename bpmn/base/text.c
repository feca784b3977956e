#include "bpmn/base/text.h"

#include "bpmn/base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void text_deinit(struct text *text)
{
    memory_free(text->bytes);
    memset(text, 0, sizeof(*text));
}

void text_clear(struct text *text)
{
    text->length = 0;
    if (text->bytes != NULL)
        text->bytes[0] = '\0';
}

char *text_reserve(struct text *text, size_t extra)
{
    if (text->capacity - text->length < extra + 1) {
        size_t capacity = text->capacity > 0 ? text->capacity : 64;

        while (capacity - text->length < extra + 1)
            capacity *= 2;
        text->bytes = memory_resize(text->bytes, capacity);
        text->capacity = capacity;
    }
    return text->bytes + text->length;
}

void text_added(struct text *text, size_t length)
{
    PRE(text->length + length < text->capacity);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_append_bytes(struct text *text, const void *bytes, size_t length)
{
    char *to = text_reserve(text, length);

    if (length > 0)
        memcpy(to, bytes, length);
    text_added(text, length);
}

void text_append(struct text *text, const char *string)
{
    text_append_bytes(text, string, strlen(string));
}

void text_append_char(struct text *text, char character)
{
    text_append_bytes(text, &character, 1);
}

void text_append_format(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_list again;
    int length;

    va_start(arguments, format);
    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    INVARIANT(length >= 0);
    (void)vsnprintf(text_reserve(text, (size_t)length), (size_t)length + 1, format, again);
    va_end(again);
    text_added(text, (size_t)length);
}

const char *text_string(const struct text *text)
{
    return text->bytes != NULL ? text->bytes : "";
}

char *text_take(struct text *text)
{
    char *bytes = text->bytes != NULL ? text->bytes : memory_copy("");

    memset(text, 0, sizeof(*text));
    return bytes;
}

bool text_is_utf8(const char *bytes, size_t length)
{
    const unsigned char *at = (const unsigned char *)bytes;
    const unsigned char *end = at + length;

    while (at < end) {
        unsigned first = *at++;
        int more;
        unsigned low = 0x80;
        unsigned high = 0xBF;

        if (first < 0x80)
            continue;
        if (first >= 0xC2 && first <= 0xDF) {
            more = 1;
        } else if (first >= 0xE0 && first <= 0xEF) {
            more = 2;
            low = first == 0xE0 ? 0xA0 : 0x80;
            high = first == 0xED ? 0x9F : 0xBF;
        } else if (first >= 0xF0 && first <= 0xF4) {
            more = 3;
            low = first == 0xF0 ? 0x90 : 0x80;
            high = first == 0xF4 ? 0x8F : 0xBF;
        } else {
            return false;
        }
        if (end - at < more || at[0] < low || at[0] > high)
            return false;
        for (int i = 1; i < more; i++) {
            if (at[i] < 0x80 || at[i] > 0xBF)
                return false;
        }
        at += more;
    }
    return true;
}
