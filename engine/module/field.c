/* Checks of what callers write: lengths in characters, names of a fixed list. */
#include "engine/module.h"

#include <stdio.h>
#include <string.h>

enum { NAMES_BYTES = 512 };

/* UTF-8 was proven when the request was read: count the bytes that begin a character. */
static size_t characters(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

enum status module_check_text(const char *field, const char *text, uint32_t minimum,
                              uint32_t maximum, struct error *ret_error)
{
    size_t count = characters(text);

    PRE(minimum <= maximum);
    if (minimum > 0 && text[strspn(text, " \t\r\n")] == '\0')
        return error_set_field(ret_error, STATUS_INVALID, field,
                               "Expected %.100s to have %u to %u characters but it is empty.",
                               field, minimum, maximum);
    if (count < minimum || count > maximum)
        return error_set_field(ret_error, STATUS_INVALID, field,
                               "Expected %.100s to have %u to %u characters but it has %zu.", field,
                               minimum, maximum, count);
    return STATUS_OK;
}

enum status module_field_text(const json_t *object, const char *field, uint32_t minimum,
                              uint32_t maximum, const char **ret_text, struct error *ret_error)
{
    const char *text = NULL;
    enum status status = json_field_text(object, field, &text, ret_error);

    if (status == STATUS_OK && text != NULL)
        status = module_check_text(field, text, minimum, maximum, ret_error);
    if (status == STATUS_OK)
        *ret_text = text;
    return status;
}

enum status module_check_name(const char *field, const char *text, const char *const *names,
                              uint32_t *ret_index, struct error *ret_error)
{
    char list[NAMES_BYTES] = "";
    size_t length = 0;

    for (uint32_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], text) == 0) {
            *ret_index = i;
            return STATUS_OK;
        }
    }
    for (uint32_t i = 0; names[i] != NULL && length < sizeof list; i++)
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", i == 0 ? "" : ", ",
                                   names[i]);
    return error_set_field(ret_error, STATUS_INVALID, field,
                           "Expected %.100s to be one of %s but found \"%.40s\".", field, list,
                           text);
}

enum status module_field_name(const json_t *object, const char *field, const char *const *names,
                              const char **ret_name, struct error *ret_error)
{
    const char *text = NULL;
    uint32_t index = 0;
    enum status status = json_field_text(object, field, &text, ret_error);

    if (status == STATUS_OK && text != NULL)
        status = module_check_name(field, text, names, &index, ret_error);
    if (status == STATUS_OK)
        *ret_name = text;
    return status;
}
