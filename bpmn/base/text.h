/* A growing text buffer on the heap, always NUL-terminated. */
#ifndef SYNERGYFLOW_BASE_TEXT_H
#define SYNERGYFLOW_BASE_TEXT_H

#include "bpmn/base/check.h"

#include <stddef.h>

struct text {
    char *bytes; /* NULL until the first append; text_string() never returns NULL */
    size_t length;
    size_t capacity;
};

#define TEXT_INIT \
    {             \
        0         \
    }

void text_deinit(struct text *text);
void text_clear(struct text *text); /* keeps the memory */
void text_append(struct text *text, const char *string);
void text_append_bytes(struct text *text, const void *bytes, size_t length);
void text_append_char(struct text *text, char character);
void text_append_format(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
/* Room for `extra` more bytes; returns where to write them. Follow with text_added(). */
char *text_reserve(struct text *text, size_t extra);
void text_added(struct text *text, size_t length);
const char *text_string(const struct text *text);
/* Hands the bytes to the caller (memory_free()) and empties the buffer. */
char *text_take(struct text *text);

/* Whether `length` bytes are valid UTF-8 (RFC 3629: no overlong forms, no surrogates). */
bool text_is_utf8(const char *bytes, size_t length);

#endif
