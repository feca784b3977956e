/* A cursor is a JSON array in base64url (RFC 4648, 5) without padding. */
#include "engine/module/cursor.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char *encode(const char *bytes, size_t length, struct arena *arena)
{
    char *text = arena_alloc(arena, length / 3 * 4 + 5);
    char *to = text;

    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t group = (uint32_t)(unsigned char)bytes[i] << 16;

        if (left > 1)
            group |= (uint32_t)(unsigned char)bytes[i + 1] << 8;
        if (left > 2)
            group |= (unsigned char)bytes[i + 2];
        *to++ = alphabet[group >> 18];
        *to++ = alphabet[group >> 12 & 63];
        if (left > 1)
            *to++ = alphabet[group >> 6 & 63];
        if (left > 2)
            *to++ = alphabet[group & 63];
    }
    *to = '\0';
    return text;
}

/* False for a character outside the alphabet. */
static bool decode(const char *text, char *to, size_t *ret_length)
{
    uint32_t bits = 0;
    uint32_t held = 0;
    size_t length = 0;

    for (; *text != '\0'; text++) {
        const char *at = strchr(alphabet, *text);

        if (at == NULL)
            return false;
        bits = bits << 6 | (uint32_t)(at - alphabet);
        held += 6;
        if (held >= 8) {
            held -= 8;
            to[length++] = (char)(bits >> held & 0xFF);
        }
    }
    *ret_length = length;
    return true;
}

uint64_t cursor_digest(uint64_t digest, const char *text)
{
    do {
        digest = (digest ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    } while (*text++ != '\0');
    return digest;
}

const char *cursor_write(const struct cursor *cursor, struct arena *arena)
{
    json_t *array = json_pack("[s, s, I, O, O]", cursor->sort, cursor->order,
                              (json_int_t)cursor->digest, cursor->value, cursor->key);
    char *bytes;
    const char *text;

    INVARIANT(array != NULL);
    bytes = json_dumps(array, JSON_COMPACT);
    INVARIANT(bytes != NULL);
    text = encode(bytes, strlen(bytes), arena);
    free(bytes);
    json_decref(array);
    return text;
}

static bool is_value(const json_t *value)
{
    return json_is_string(value) || json_is_integer(value);
}

static bool unpack(const json_t *array, struct cursor *cursor)
{
    const json_t *digest = json_array_get(array, 2);

    if (json_array_size(array) != 5 || !json_is_integer(digest))
        return false;
    cursor->sort = json_string_value(json_array_get(array, 0));
    cursor->order = json_string_value(json_array_get(array, 1));
    cursor->digest = json_integer_value(digest);
    cursor->value = json_array_get(array, 3);
    cursor->key = json_array_get(array, 4);
    return cursor->sort != NULL && cursor->order != NULL && is_value(cursor->key) &&
           (json_is_null(cursor->value) || is_value(cursor->value));
}

enum status cursor_read(const char *text, struct arena *arena, struct cursor *ret_cursor,
                        json_t **ret_owner, struct error *ret_error)
{
    size_t length = strnlen(text, CURSOR_TEXT_MAX + 1);
    struct cursor cursor = {0};
    json_t *array = NULL;

    if (length <= CURSOR_TEXT_MAX) {
        char *bytes = arena_alloc(arena, length + 1);

        if (decode(text, bytes, &length))
            array = json_loadb(bytes, length, 0, NULL);
    }
    if (array == NULL || !unpack(array, &cursor)) {
        json_decref(array);
        return error_set_field(ret_error, STATUS_INVALID, "cursor",
                               "Expected cursor to be the \"next\" of an earlier page of this list "
                               "but found \"%.40s\".",
                               text);
    }
    *ret_cursor = cursor;
    *ret_owner = array;
    return STATUS_OK;
}
