/* See encoding.h. */
#include "bpmn/reader/encoding.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { ENCODING_NAME_MAX = 40 };

static bool begins_with(const char *bytes, size_t length, const char *start, size_t start_length)
{
    return length >= start_length && memcmp(bytes, start, start_length) == 0;
}

static void append_character(struct text *text, uint32_t code)
{
    if (code < 0x80) {
        text_append_char(text, (char)code);
    } else if (code < 0x800) {
        text_append_char(text, (char)(0xC0 | code >> 6));
        text_append_char(text, (char)(0x80 | (code & 0x3F)));
    } else if (code < 0x10000) {
        text_append_char(text, (char)(0xE0 | code >> 12));
        text_append_char(text, (char)(0x80 | (code >> 6 & 0x3F)));
        text_append_char(text, (char)(0x80 | (code & 0x3F)));
    } else {
        text_append_char(text, (char)(0xF0 | code >> 18));
        text_append_char(text, (char)(0x80 | (code >> 12 & 0x3F)));
        text_append_char(text, (char)(0x80 | (code >> 6 & 0x3F)));
        text_append_char(text, (char)(0x80 | (code & 0x3F)));
    }
}

static uint32_t unit_at(const char *bytes, bool is_big)
{
    uint32_t first = (unsigned char)bytes[0];
    uint32_t second = (unsigned char)bytes[1];

    return is_big ? first << 8 | second : second << 8 | first;
}

static enum status convert_utf16(const char *bytes, size_t length, bool is_big, struct text *text,
                                 struct error *ret_error)
{
    size_t at = 0;

    while (at + 2 <= length) {
        uint32_t code = unit_at(bytes + at, is_big);

        at += 2;
        if (code >= 0xD800 && code < 0xDC00 && at + 2 <= length) {
            uint32_t low = unit_at(bytes + at, is_big);

            if (low < 0xDC00 || low > 0xDFFF)
                break;
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            at += 2;
        } else if (code >= 0xD800 && code < 0xE000) {
            at -= 2;
            break;
        }
        if (code != 0xFEFF || at > 2)
            append_character(text, code);
    }
    if (at == length)
        return STATUS_OK;
    return error_set(ret_error, STATUS_INVALID,
                     "Expected UTF-16 throughout but the bytes from offset %zu on are none.", at);
}

/* The encoding that the XML declaration names, "" when there is none. */
static void declared_encoding(const char *bytes, size_t length, char ret_name[ENCODING_NAME_MAX])
{
    const char *end = memmem(bytes, length, "?>", 2);
    const char *at = end != NULL ? memmem(bytes, (size_t)(end - bytes), "encoding", 8) : NULL;
    size_t count = 0;

    ret_name[0] = '\0';
    if (at == NULL || !begins_with(bytes, length, "<?xml", 5))
        return;
    at += 8;
    while (at < end && strchr(" \t\r\n=\"'", *at) != NULL)
        at++;
    while (at < end && strchr(" \t\r\n\"'", *at) == NULL && count + 1 < ENCODING_NAME_MAX)
        ret_name[count++] = *at++;
    ret_name[count] = '\0';
}

static bool is_known(const char *name)
{
    static const char *const starts[] = {"utf-8", "utf8",        "utf-16",  "us-ascii",
                                         "ascii", "iso-8859-",   "iso8859", "iso_8859",
                                         "latin", "windows-125", "cp125"};

    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        if (strncasecmp(name, starts[i], strlen(starts[i])) == 0)
            return true;
    }
    return name[0] == '\0';
}

static enum status check_narrow(const char *bytes, size_t length, struct error *ret_error)
{
    char name[ENCODING_NAME_MAX];
    size_t blank = 0;

    if (begins_with(bytes, length, "\xEF\xBB\xBF", 3)) {
        bytes += 3;
        length -= 3;
    }
    while (blank < length && strchr(" \t\r\n", bytes[blank]) != NULL && bytes[blank] != '\0')
        blank++;
    if (blank == length || bytes[blank] != '<') {
        (void)error_set(ret_error, STATUS_INVALID,
                        "Expected a BPMN file in XML, which begins with '<', but %s.",
                        blank == length ? "the file is empty" : "this one begins otherwise");
        return error_at(ret_error, NULL, 1, 1);
    }
    declared_encoding(bytes, length, name);
    if (is_known(name))
        return STATUS_OK;
    (void)error_set(ret_error, STATUS_INVALID,
                    "Expected the encoding UTF-8, UTF-16, US-ASCII, ISO-8859 or windows-125x but "
                    "found '%s'. Save the file as UTF-8.",
                    text_is_utf8(name, strlen(name)) ? name : "an unreadable name");
    return error_at(ret_error, NULL, 1, 1);
}

/* Some tools write UTF-8 and say UTF-16: what the text was in their memory. */
static bool is_mislabelled(const char *bytes, size_t length)
{
    char name[ENCODING_NAME_MAX];

    declared_encoding(bytes, length, name);
    return strncasecmp(name, "utf-16", strlen("utf-16")) == 0 && text_is_utf8(bytes, length);
}

enum status encoding_convert(const char *bytes, size_t length, struct text *converted,
                             const char **ret_encoding, struct error *ret_error)
{
    bool is_big =
        begins_with(bytes, length, "\xFE\xFF", 2) || begins_with(bytes, length, "\0<\0", 3);
    bool is_little =
        begins_with(bytes, length, "\xFF\xFE", 2) ||
        (begins_with(bytes, length, "<\0", 2) && !begins_with(bytes, length, "<\0\0", 3));
    enum status status;

    if (!is_big && !is_little) {
        status = check_narrow(bytes, length, ret_error);
        if (status == STATUS_OK && is_mislabelled(bytes, length)) {
            text_append_bytes(converted, bytes, length);
            *ret_encoding = "UTF-8";
        }
        return status;
    }
    status = convert_utf16(bytes, length, is_big, converted, ret_error);
    if (status != STATUS_OK)
        return error_at(ret_error, NULL, 1, 1);
    *ret_encoding = "UTF-8";
    return STATUS_OK;
}
