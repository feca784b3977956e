/* What a case of `synergyflow worktime` expects, held against its answer. */
#include "bpmn/iso8601.h"
#include "engine/cli/worktime_case.h"

#include <string.h>

static bool same_text(const char *expected, const char *actual)
{
    struct error ignored;
    int64_t a;
    int64_t b;

    if (iso8601_parse_instant(expected, &a, &ignored) == STATUS_OK &&
        iso8601_parse_instant(actual, &b, &ignored) == STATUS_OK)
        return a == b;
    return strcmp(expected, actual) == 0;
}

bool worktime_matches(const json_t *expected, const json_t *actual)
{
    const char *member;
    json_t *value;
    size_t i;

    if (actual == NULL)
        return false;
    if (json_is_object(expected)) {
        json_object_foreach ((json_t *)expected, member, value) {
            if (!worktime_matches(value, json_object_get(actual, member)))
                return false;
        }
        return true;
    }
    if (json_is_array(expected)) {
        json_array_foreach ((json_t *)expected, i, value) {
            if (!worktime_matches(value, json_array_get(actual, i)))
                return false;
        }
        return json_array_size(expected) == json_array_size(actual);
    }
    if (json_is_string(expected))
        return json_is_string(actual) &&
               same_text(json_string_value(expected), json_string_value(actual));
    if (json_is_number(expected))
        return json_is_number(actual) && json_number_value(expected) == json_number_value(actual);
    return json_equal((json_t *)expected, (json_t *)actual);
}
