/* One field of an operation's input: found, checked, put into its array. */
#include "engine/module/operation_private.h"

#include "bpmn/iso8601.h"
#include "engine/http/request.h"
#include "engine/module.h"

#include <string.h>

enum { ID_CHARACTERS_MAX = 100 };

/* "change.title" is said to callers as title. */
static const char *last_name(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot == NULL ? name : dot + 1;
}

const json_t *operation_input(const json_t *input, const char *name)
{
    const json_t *value = input;
    const char *at = name;

    if (strncmp(name, "change.", strlen("change.")) == 0) {
        value = json_object_get(input, "change");
        at = last_name(name);
    }
    value = json_object_get(value, at);
    return json_is_null(value) ? NULL : value;
}

const char *operation_text(const json_t *input, const char *name)
{
    const char *text = json_string_value(operation_input(input, name));

    return text == NULL ? "" : text;
}

static enum status check_id(const char *name, const char *text, struct error *ret_error)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._@+-";
    size_t length = strlen(text);

    if (length == 0 || length > ID_CHARACTERS_MAX || text[strspn(text, allowed)] != '\0')
        return error_set_field(ret_error, STATUS_INVALID, name,
                               "Expected %s to be 1 to %d letters, digits or any of . _ @ + - but "
                               "found \"%.60s\".",
                               name, ID_CHARACTERS_MAX, text);
    return STATUS_OK;
}

static enum status check_instant(const char *name, const char *text, struct error *ret_error)
{
    struct error reason;
    int64_t us;

    error_clear(&reason);
    if (text[0] == '\0' || iso8601_parse_instant(text, &us, &reason) == STATUS_OK)
        return STATUS_OK;
    return error_set_field(ret_error, STATUS_INVALID, name, "%s", reason.message);
}

static enum status check_duration(const struct operation_field *field, const char *name,
                                  const char *text, struct error *ret_error)
{
    static const int64_t second_us = 1000000;
    static const int64_t day_s = 86400;
    struct iso8601_duration duration;
    struct error reason;

    error_clear(&reason);
    if (iso8601_parse_duration(text, &duration, &reason) != STATUS_OK)
        return error_set_field(ret_error, STATUS_INVALID, name, "%s", reason.message);
    int64_t seconds = (duration.weeks * 7LL + duration.days) * day_s + duration.time_us / second_us;

    if (duration.years != 0 || duration.months != 0 || duration.business_days != 0 ||
        seconds < field->minimum || seconds > field->maximum)
        return error_set_field(ret_error, STATUS_INVALID, name,
                               "Expected %s to be an ISO 8601 duration of weeks, days, hours and "
                               "minutes, of %lld to %lld seconds, but found \"%.40s\".",
                               name, (long long)field->minimum, (long long)field->maximum, text);
    return STATUS_OK;
}

static enum status check_list(const struct operation_field *field, const char *name,
                              const json_t *list, struct error *ret_error)
{
    if (!json_is_array(list))
        return error_set_field(ret_error, STATUS_INVALID, name,
                               "Expected %s to be an array of ids but it is none.", name);
    if (json_array_size(list) == 0 || json_array_size(list) > (size_t)field->maximum)
        return error_set_field(ret_error, STATUS_INVALID, name,
                               "Expected %s to have 1 to %lld ids but it has %zu.", name,
                               (long long)field->maximum, json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        enum status status =
            check_id(name, json_is_string(item) ? json_string_value(item) : "", ret_error);

        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status check_string(const struct operation_field *field, const char *name,
                                const char *text, struct error *ret_error)
{
    uint32_t index;

    switch (field->kind) {
    case OPERATION_TEXT:
        return module_check_text(name, text, field->required || field->filled ? 1 : 0,
                                 (uint32_t)field->maximum, ret_error);
    case OPERATION_INSTANT:
        return check_instant(name, text, ret_error);
    case OPERATION_DURATION:
        return check_duration(field, name, text, ret_error);
    case OPERATION_ID:
        return text[0] == '\0' && !field->required /* clears */
                   ? STATUS_OK
                   : check_id(name, text, ret_error);
    default:
        return module_check_name(name, text, field->names, &index, ret_error);
    }
}

static enum status check_typed(const struct operation_field *field, const json_t *input,
                               const char *name, const json_t *value, struct error *ret_error)
{
    const json_t *object = field->name == name ? input : json_object_get(input, "change");
    const char *text;
    int64_t number;
    bool flag;
    enum status status;

    switch (field->kind) {
    case OPERATION_NUMBER:
        return json_field_int(object, name, 0, field->minimum, field->maximum, &number, ret_error);
    case OPERATION_FLAG:
        return json_field_bool(object, name, false, &flag, ret_error);
    case OPERATION_LIST:
        return check_list(field, name, value, ret_error);
    default:
        status = json_field_text(object, name, &text, ret_error);
        return status != STATUS_OK ? status : check_string(field, name, text, ret_error);
    }
}

enum status operation_field_check(const struct operation_field *field, const json_t *input,
                                  struct error *ret_error)
{
    const char *name = last_name(field->name);
    const json_t *value;

    if (field->kind == OPERATION_USER || field->kind == OPERATION_INSTANCE)
        return STATUS_OK;
    value = operation_input(input, field->name);
    if (value != NULL)
        return check_typed(field, input, name, value, ret_error);
    if (field->required)
        return error_set_field(ret_error, STATUS_INVALID, name,
                               "Expected %s to be given but it is missing.", name);
    return STATUS_OK;
}

struct pg_array *operation_field_array(const struct operation_field *field, struct pg_call *call)
{
    switch (field->kind) {
    case OPERATION_NUMBER:
        return pg_int8_array(call);
    case OPERATION_FLAG:
        return pg_bool_array(call);
    case OPERATION_LIST:
        return pg_jsonb_array(call);
    case OPERATION_INSTANCE:
        return pg_uuid_array(call);
    default:
        return pg_text_array(call);
    }
}

static void add_instance(struct pg_array *array, const struct module_call *call)
{
    pg_add_uuid(array, uuid_is_zero(&call->instance_id) ? NULL : &call->instance_id);
}

static void add_list(struct pg_array *array, const json_t *list)
{
    char *text = json_dumps(list, JSON_COMPACT);

    INVARIANT(text != NULL);
    pg_add_text(array, text);
    memory_free(text);
}

/* "2026-01-01" is midnight in UTC here, whatever the session's time zone is. */
static void add_instant(struct pg_array *array, const char *text)
{
    char formatted[ISO8601_INSTANT_BYTES];
    struct error unused;
    int64_t us;

    error_clear(&unused);
    if (text[0] == '\0' || iso8601_parse_instant(text, &us, &unused) != STATUS_OK)
        pg_add_text(array, "");
    else
        pg_add_text(array, iso8601_format_instant_us(us, formatted));
}

void operation_field_add(const struct operation_field *field, const struct module_call *call,
                         struct pg_array *array)
{
    const json_t *value = operation_input(call->variables, field->name);

    if (field->kind == OPERATION_USER)
        pg_add_text(array, call->user == NULL ? "engine" : call->user);
    else if (field->kind == OPERATION_INSTANCE)
        add_instance(array, call);
    else if (value == NULL)
        pg_add_null(array);
    else if (field->kind == OPERATION_NUMBER)
        pg_add_int(array, json_integer_value(value));
    else if (field->kind == OPERATION_FLAG)
        pg_add_bool(array, json_is_true(value));
    else if (field->kind == OPERATION_LIST)
        add_list(array, value);
    else if (field->kind == OPERATION_INSTANT)
        add_instant(array, json_string_value(value));
    else
        pg_add_text(array, json_string_value(value));
}
