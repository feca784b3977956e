/* See reading.h. */
#include "bpmn/sla/reading.h"

#include "bpmn/iso8601.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_BYTES = 60 };

size_t sla_path_enter(struct sla_reading *reading, const char *member, size_t index)
{
    size_t length = strlen(reading->path);
    size_t room = sizeof(reading->path) - length;
    const char *dot = length > 0 ? "." : "";

    if (index == SIZE_MAX)
        (void)snprintf(reading->path + length, room, "%s%s", dot, member);
    else
        (void)snprintf(reading->path + length, room, "%s%s[%zu]", dot, member, index);
    return length;
}

void sla_path_leave(struct sla_reading *reading, size_t length)
{
    PRE(length <= strlen(reading->path));
    reading->path[length] = '\0';
}

enum status sla_refuse(struct sla_reading *reading, const char *member, enum status status,
                       const char *message)
{
    char field[ERROR_FIELD_MAX];

    (void)snprintf(field, sizeof(field), "%.90s%s%.32s", reading->path,
                   reading->path[0] != '\0' && member[0] != '\0' ? "." : "", member);
    return error_set_field(reading->error, status, field, "%s", message);
}

enum status sla_expected(struct sla_reading *reading, const char *member, const char *expected,
                         const json_t *found)
{
    char *text = found == NULL
                     ? NULL
                     : json_dumps(found, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    char message[ERROR_MESSAGE_MAX];

    (void)snprintf(message, sizeof(message), "Expected %s but found %.*s%s.", expected, SHOWN_BYTES,
                   text != NULL ? text : "nothing",
                   text != NULL && strlen(text) > SHOWN_BYTES ? "..." : "");
    free(text);
    return sla_refuse(reading, member, STATUS_INVALID, message);
}

static bool is_known(const char *const *known, const char *name)
{
    for (; *known != NULL; known++) {
        if (strcmp(*known, name) == 0)
            return true;
    }
    return false;
}

enum status sla_check_members(struct sla_reading *reading, const json_t *object,
                              const char *const *known)
{
    const char *name;
    json_t *value;
    char message[ERROR_MESSAGE_MAX];
    size_t length = 0;

    if (!json_is_object(object))
        return sla_expected(reading, "", "an object", object);
    json_object_foreach ((json_t *)object, name, value) {
        (void)value;
        if (is_known(known, name))
            continue;
        length = (size_t)snprintf(message, sizeof(message), "Expected one of the fields");
        for (; *known != NULL && length < sizeof(message) - 128; known++)
            length += (size_t)snprintf(message + length, sizeof(message) - length, " %s", *known);
        (void)snprintf(message + length, sizeof(message) - length,
                       " but found '%.64s'; remove it or correct its name.", name);
        return sla_refuse(reading, name, STATUS_INVALID, message);
    }
    return STATUS_OK;
}

enum status sla_read_text(struct sla_reading *reading, const json_t *object, const char *member,
                          bool required, const char **ret_text)
{
    const json_t *json = json_object_get(object, member);

    if (json == NULL && !required) {
        *ret_text = "";
        return STATUS_OK;
    }
    if (!json_is_string(json) || json_string_length(json) == 0 ||
        json_string_length(json) > SLA_TEXT_MAX ||
        strlen(json_string_value(json)) != json_string_length(json))
        return sla_expected(reading, member, "a text of 1 to 256 bytes", json);
    *ret_text = arena_copy(reading->arena, json_string_value(json));
    return STATUS_OK;
}

enum status sla_read_integer(struct sla_reading *reading, const json_t *object, const char *member,
                             int64_t min, int64_t max, const int64_t *fallback,
                             int64_t *ret_integer)
{
    const json_t *json = json_object_get(object, member);
    char expected[96];

    if (json == NULL && fallback != NULL) {
        *ret_integer = *fallback;
        return STATUS_OK;
    }
    if (!json_is_integer(json) || json_integer_value(json) < min ||
        json_integer_value(json) > max) {
        (void)snprintf(expected, sizeof(expected), "a whole number from %lld to %lld",
                       (long long)min, (long long)max);
        return sla_expected(reading, member, expected, json);
    }
    *ret_integer = json_integer_value(json);
    return STATUS_OK;
}

enum status sla_read_flag(struct sla_reading *reading, const json_t *object, const char *member,
                          bool fallback, bool *ret_flag)
{
    const json_t *json = json_object_get(object, member);

    if (json != NULL && !json_is_boolean(json))
        return sla_expected(reading, member, "true or false", json);
    *ret_flag = json == NULL ? fallback : json_is_true(json);
    return STATUS_OK;
}

enum status sla_read_choice(struct sla_reading *reading, const json_t *object, const char *member,
                            const char *const *names, size_t count, int fallback, int *ret_index)
{
    const json_t *json = json_object_get(object, member);
    char expected[256];
    size_t length = 0;

    if (json == NULL && fallback >= 0) {
        *ret_index = fallback;
        return STATUS_OK;
    }
    for (size_t i = 0; i < count; i++) {
        if (json_is_string(json) && strcmp(json_string_value(json), names[i]) == 0) {
            *ret_index = (int)i;
            return STATUS_OK;
        }
    }
    length = (size_t)snprintf(expected, sizeof(expected), "one of");
    for (size_t i = 0; i < count && length < sizeof(expected); i++)
        length +=
            (size_t)snprintf(expected + length, sizeof(expected) - length, " \"%s\"", names[i]);
    return sla_expected(reading, member, expected, json);
}

enum status sla_read_array(struct sla_reading *reading, const json_t *object, const char *member,
                           size_t max, const json_t **ret_array)
{
    const json_t *json = json_object_get(object, member);
    char message[96];

    if (json != NULL && !json_is_array(json))
        return sla_expected(reading, member, "an array", json);
    if (json_array_size(json) > max) {
        (void)snprintf(message, sizeof(message), "Expected at most %zu entries but found %zu.", max,
                       json_array_size(json));
        return sla_refuse(reading, member, STATUS_TOO_LARGE, message);
    }
    *ret_array = json;
    return STATUS_OK;
}

enum status sla_read_condition(struct sla_reading *reading, const json_t *object,
                               const char *member, const char *fallback,
                               const struct expression **ret_expression)
{
    const json_t *json = json_object_get(object, member);
    const char *text = json_is_string(json) ? json_string_value(json) : fallback;
    struct error error = {0};
    char message[ERROR_MESSAGE_MAX];

    if (json == NULL && fallback == NULL) {
        *ret_expression = NULL;
        return STATUS_OK;
    }
    if (json != NULL && (!json_is_string(json) || json_string_length(json) == 0))
        return sla_expected(reading, member, "a condition such as \"${state == 'NEW'}\"", json);
    if (expression_parse(reading->arena, text, EXPRESSION_CONDITION, ret_expression, &error) ==
        STATUS_OK)
        return STATUS_OK;
    (void)snprintf(message, sizeof(message), "Expected a condition but %.600s (character %d).",
                   error.message, error.column);
    return sla_refuse(reading, member, STATUS_INVALID, message);
}

enum status sla_read_time(struct sla_reading *reading, const char *member, const char *text,
                          int64_t *ret_us)
{
    struct sla_duration duration;
    struct error error = {0};

    if (sla_duration_read(text, false, "", &duration, &error) != STATUS_OK)
        return sla_refuse(reading, member, error.status, error.message);
    if (duration.unit != SLA_WORKING_TIME)
        return sla_refuse(reading, member, STATUS_INVALID,
                          "Expected a duration such as PT30M but found business days; write hours "
                          "and minutes.");
    *ret_us = duration.time_us;
    return STATUS_OK;
}
