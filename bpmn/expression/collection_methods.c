/* Methods of arrays and objects: what Java's List and Map offer to readers. */
#include "bpmn/base/text.h"
#include "bpmn/expression/private.h"

#include <string.h>

bool array_contains(const json_t *array, const struct value *wanted, int64_t *ret_index)
{
    size_t index;
    const json_t *item;

    json_array_foreach (array, index, item) {
        struct value value = value_of_json(item);

        if (value_equals(&value, wanted)) {
            *ret_index = (int64_t)index;
            return true;
        }
    }
    *ret_index = -1;
    return false;
}

/* ---- arrays ---- */

static enum status get_item(struct evaluation *evaluation, const struct value *target,
                            const struct value *argument, struct value *ret_value)
{
    size_t size = json_array_size(target->json);

    if (argument->kind != VALUE_INTEGER)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a whole number as index but found %s.",
                         value_kind_name(argument));
    if (argument->integer < 0 || argument->integer >= (int64_t)size)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected an index from 0 to below %zu but found %lld.", size,
                         (long long)argument->integer);
    *ret_value = value_of_json(json_array_get(target->json, (size_t)argument->integer));
    return STATUS_OK;
}

static enum status contains_all(struct evaluation *evaluation, const struct call *call,
                                const struct value *target, struct value *ret_value)
{
    const struct value *wanted = &call->arguments[0];
    size_t index;
    const json_t *item;
    int64_t found;

    if (!value_is_array(wanted))
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected an array as argument of 'containsAll' but found %s.",
                         value_kind_name(wanted));
    json_array_foreach (wanted->json, index, item) {
        struct value value = value_of_json(item);

        if (!array_contains(target->json, &value, &found)) {
            *ret_value = value_of_boolean(false);
            return STATUS_OK;
        }
    }
    *ret_value = value_of_boolean(true);
    return STATUS_OK;
}

static int64_t last_index_of(const json_t *array, const struct value *wanted)
{
    for (size_t i = json_array_size(array); i > 0; i--) {
        struct value value = value_of_json(json_array_get(array, i - 1));

        if (value_equals(&value, wanted))
            return (int64_t)i - 1;
    }
    return -1;
}

static enum status join(struct evaluation *evaluation, const struct call *call,
                        const struct value *target, struct value *ret_value)
{
    struct text joined = TEXT_INIT;
    const char *separator;
    size_t index;
    const json_t *item;
    enum status status = argument_text(evaluation, call, 0, &separator);

    json_array_foreach (target->json, index, item) {
        struct value value = value_of_json(item);
        const char *text = NULL;

        if (status == STATUS_OK)
            status = value_to_text(evaluation, &value, &text);
        if (status != STATUS_OK || joined.length > EXPRESSION_RESULT_MAX)
            break;
        if (index > 0)
            text_append(&joined, separator);
        text_append(&joined, text != NULL ? text : "");
    }
    if (status == STATUS_OK)
        status = evaluation_text(evaluation, text_string(&joined), joined.length, ret_value);
    text_deinit(&joined);
    return status;
}

static enum status sub_list(struct evaluation *evaluation, const struct call *call,
                            const struct value *target, struct value *ret_value)
{
    json_t *part = evaluation_array(evaluation);
    int64_t size = (int64_t)json_array_size(target->json);
    int64_t from;
    int64_t to = size;
    enum status status = argument_integer(evaluation, call, 0, &from);

    if (status == STATUS_OK && call->count == 2)
        status = argument_integer(evaluation, call, 1, &to);
    if (status == STATUS_OK && (from < 0 || to < from || to > size))
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected positions of '%s' from 0 to %lld, the first not behind the "
                         "second, but found %lld and %lld.",
                         call->name, (long long)size, (long long)from, (long long)to);
    for (int64_t i = from; status == STATUS_OK && i < to; i++)
        status = evaluation_append(evaluation, part,
                                   json_incref(json_array_get(target->json, (size_t)i)));
    if (status == STATUS_OK)
        *ret_value = value_of_json(part);
    return status;
}

static enum status array_method_with_one(struct evaluation *evaluation, const struct call *call,
                                         const struct value *target, struct value *ret_value)
{
    const struct value *argument = &call->arguments[0];
    int64_t index;

    switch (call->method) {
    case METHOD_CONTAINS:
        *ret_value = value_of_boolean(array_contains(target->json, argument, &index));
        return STATUS_OK;
    case METHOD_CONTAINS_ALL:
        return contains_all(evaluation, call, target, ret_value);
    case METHOD_INDEX_OF:
        (void)array_contains(target->json, argument, &index);
        *ret_value = value_of_integer(index);
        return STATUS_OK;
    case METHOD_LAST_INDEX_OF:
        *ret_value = value_of_integer(last_index_of(target->json, argument));
        return STATUS_OK;
    case METHOD_GET:
        return get_item(evaluation, target, argument, ret_value);
    case METHOD_JOIN:
        return join(evaluation, call, target, ret_value);
    case METHOD_SUB_LIST:
        return sub_list(evaluation, call, target, ret_value);
    default:
        return method_unknown(evaluation, call, target);
    }
}

static enum status array_method(struct evaluation *evaluation, const struct call *call,
                                const struct value *target, struct value *ret_value)
{
    struct value index = value_of_integer(0);

    if (call->count == 1)
        return array_method_with_one(evaluation, call, target, ret_value);
    if (call->count == 2 && call->method == METHOD_SUB_LIST)
        return sub_list(evaluation, call, target, ret_value);
    if (call->count == 0 && call->method == METHOD_GET_LAST)
        index.integer = (int64_t)json_array_size(target->json) - 1;
    else if (call->count != 0 || call->method != METHOD_GET_FIRST)
        return method_unknown(evaluation, call, target);
    return get_item(evaluation, target, &index, ret_value);
}

/* ---- objects ---- */

static enum status members(struct evaluation *evaluation, const struct call *call,
                           const struct value *target, struct value *ret_value)
{
    json_t *object = (json_t *)target->json; /* jansson's iterators only read */
    json_t *array = evaluation_array(evaluation);

    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        json_t *item = call->method == METHOD_KEY_SET ? json_string(json_object_iter_key(at))
                                                      : json_incref(json_object_iter_value(at));
        enum status status = evaluation_append(evaluation, array, item);

        if (status != STATUS_OK)
            return status;
    }
    *ret_value = value_of_json(array);
    return STATUS_OK;
}

static bool contains_value(const json_t *object, const struct value *wanted)
{
    json_t *all = (json_t *)object; /* jansson's iterators only read */

    for (void *at = json_object_iter(all); at != NULL; at = json_object_iter_next(all, at)) {
        struct value value = value_of_json(json_object_iter_value(at));

        if (value_equals(&value, wanted))
            return true;
    }
    return false;
}

static enum status object_method(struct evaluation *evaluation, const struct call *call,
                                 const struct value *target, struct value *ret_value)
{
    bool has_default = call->method == METHOD_GET_OR_DEFAULT && call->count == 2;
    const struct value *key = &call->arguments[0];
    const json_t *member;

    if (call->count == 0 && (call->method == METHOD_KEY_SET || call->method == METHOD_VALUES))
        return members(evaluation, call, target, ret_value);
    if ((!has_default && call->count != 1) || call->method == METHOD_MUTATION)
        return method_unknown(evaluation, call, target);
    if (call->method == METHOD_CONTAINS_VALUE) {
        *ret_value = value_of_boolean(contains_value(target->json, key));
        return STATUS_OK;
    }
    if (key->kind != VALUE_TEXT)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a text as key of an object but found %s.", value_kind_name(key));
    member = json_object_get(target->json, key->text);
    if (has_default)
        *ret_value = member != NULL ? value_of_json(member) : call->arguments[1];
    else if (call->method == METHOD_GET || call->method == METHOD_PATH)
        *ret_value = value_of_json(member);
    else if (call->method == METHOD_CONTAINS_KEY)
        *ret_value = value_of_boolean(member != NULL);
    else
        return method_unknown(evaluation, call, target);
    return STATUS_OK;
}

enum status call_collection_method(struct evaluation *evaluation, const struct call *call,
                                   const struct value *target, struct value *ret_value)
{
    if (call->count == 0 && call->method == METHOD_SIZE) {
        *ret_value = value_of_integer(
            (int64_t)(json_array_size(target->json) + json_object_size(target->json)));
        return STATUS_OK;
    }
    if (call->count == 0 && call->method == METHOD_IS_EMPTY) {
        *ret_value = value_of_boolean(value_is_empty(target));
        return STATUS_OK;
    }
    if (json_is_array(target->json))
        return array_method(evaluation, call, target, ret_value);
    return object_method(evaluation, call, target, ret_value);
}
