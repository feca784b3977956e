/* The names of migrations and their order, as Flyway reads them. */
#include "engine/migrate/migrate_private.h"

#include "bpmn/base/memory.h"

#include <string.h>
#include <strings.h>

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

bool migration_version_is_valid(const char *version)
{
    size_t length = strlen(version);
    bool after_digit = false;

    if (length == 0 || length > VERSION_MAX)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_digit(version[i]) && (version[i] != '.' || !after_digit))
            return false;
        after_digit = is_digit(version[i]);
    }
    return after_digit;
}

/* Takes the next part off `*at`, without leading zeros; its length in `ret_length`. */
static const char *next_part(const char **at, size_t *ret_length)
{
    const char *start;

    while (**at == '0')
        (*at)++;
    start = *at;
    while (is_digit(**at))
        (*at)++;
    *ret_length = (size_t)(*at - start);
    if (**at == '.')
        (*at)++;
    return start;
}

int migration_version_compare(const char *a, const char *b)
{
    while (*a != '\0' || *b != '\0') {
        size_t a_length;
        size_t b_length;
        const char *a_part = next_part(&a, &a_length);
        const char *b_part = next_part(&b, &b_length);
        int order;

        if (a_length != b_length)
            return a_length < b_length ? -1 : 1;
        order = memcmp(a_part, b_part, a_length);
        if (order != 0)
            return order;
    }
    return 0;
}

static void replace(char *text, char from, char to)
{
    for (; *text != '\0'; text++) {
        if (*text == from)
            *text = to;
    }
}

/* The history keeps 200 characters: the first 197 and an ellipsis. */
static char *shorten(char *description)
{
    char *at = description;
    char *cut = NULL;
    size_t characters = 0;

    for (; *at != '\0'; at++) {
        if (((unsigned char)*at & 0xC0) == 0x80)
            continue;
        if (characters++ == DESCRIPTION_MAX - 3)
            cut = at;
    }
    if (characters > DESCRIPTION_MAX && cut != NULL)
        memcpy(cut, "...", 4);
    return description;
}

enum status migration_name_parse(const char *name, char **ret_version, char **ret_description,
                                 struct error *ret_error)
{
    size_t length = strlen(name);
    char *version;
    char *description;

    if (name[0] != 'V' || length < 5 || strcasecmp(name + length - 4, ".sql") != 0)
        return error_set(ret_error, STATUS_INVALID,
                         "%s: expected a name such as V012__add_something.sql; only versioned "
                         "migrations are applied",
                         name);
    version = memory_copy(name + 1);
    version[length - 5] = '\0';
    description = strstr(version, "__");
    if (description != NULL) {
        *description = '\0';
        description += 2;
    } else {
        description = version + strlen(version);
    }
    replace(version, '_', '.');
    if (!migration_version_is_valid(version)) {
        error_set(ret_error, STATUS_INVALID,
                  "%s: expected a version of numbers after V, such as 012 or 1_2, but found '%s'",
                  name, version);
        memory_free(version);
        return ret_error->status;
    }
    replace(description, '_', ' ');
    *ret_description = shorten(memory_copy(description));
    *ret_version = memory_copy(version);
    memory_free(version);
    return STATUS_OK;
}
