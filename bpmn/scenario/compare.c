/* See compare.h. */
#include "bpmn/scenario/compare.h"

#include "bpmn/iso8601.h"

#include <string.h>

bool compare_same(const json_t *expected, const json_t *found)
{
    const char *name;
    json_t *value;
    size_t i;

    if (json_is_null(expected))
        return found == NULL || json_is_null(found);
    if (json_is_number(expected) && json_is_number(found))
        return json_is_integer(expected) && json_is_integer(found)
                   ? json_integer_value(expected) == json_integer_value(found)
                   : json_number_value(expected) == json_number_value(found);
    if (json_is_object(expected) && json_is_object(found)) {
        json_object_foreach ((json_t *)expected, name, value) {
            if (json_object_get(found, name) == NULL ||
                !compare_same(value, json_object_get(found, name)))
                return false;
        }
        return json_object_size(expected) == json_object_size(found);
    }
    if (json_is_array(expected) && json_is_array(found)) {
        json_array_foreach (expected, i, value) {
            if (!compare_same(value, json_array_get(found, i)))
                return false;
        }
        return json_array_size(expected) == json_array_size(found);
    }
    return json_equal((json_t *)expected, (json_t *)found);
}

json_t *compare_without(const json_t *found, const json_t *expected)
{
    json_t *rest = json_copy((json_t *)found);
    const json_t *item;
    size_t i;

    json_array_foreach (expected, i, item) {
        size_t at = 0;

        while (at < json_array_size(rest) && !json_equal(json_array_get(rest, at), (json_t *)item))
            at++;
        if (at == json_array_size(rest)) {
            json_decref(rest);
            return NULL;
        }
        (void)json_array_remove(rest, at);
    }
    return rest;
}

static bool same_instant(const json_t *expected, const json_t *found)
{
    const char *texts[2] = {json_string_value(expected), json_string_value(found)};
    int64_t us[2];
    struct error error;

    for (int i = 0; i < 2; i++) {
        if (texts[i] == NULL || iso8601_parse_instant(texts[i], &us[i], &error) != STATUS_OK)
            return compare_same(expected, found);
    }
    return us[0] == us[1];
}

static bool is_instant(const char *name)
{
    return strcmp(name, "dueDate") == 0 || strcmp(name, "due") == 0 ||
           strcmp(name, "deadline") == 0;
}

bool compare_fits(const json_t *expected, const json_t *found)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)expected, name, value) {
        const json_t *is = json_object_get(found, name);

        if (is_instant(name) ? !same_instant(value, is) : !compare_same(value, is))
            return false;
    }
    return true;
}
