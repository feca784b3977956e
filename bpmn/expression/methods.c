/* `x.name(…)` and `x.name`: which method a name means, and what all kinds of values share. A method
 * that the value does not have is an error when it is called, as the value's kind decides. */
#include "bpmn/expression/private.h"

#include <string.h>

static const struct {
    const char *name;
    enum method method;
} methods[] = {
    {"abs", METHOD_ABS},
    {"add", METHOD_ADD}, /* of numbers; of arrays a mutation */
    {"addAll", METHOD_MUTATION},
    {"append", METHOD_MUTATION},
    {"asDouble", METHOD_DOUBLE_VALUE},
    {"asInt", METHOD_INT_VALUE},
    {"asLong", METHOD_INT_VALUE},
    {"asText", METHOD_TO_STRING},
    {"charAt", METHOD_CHAR_AT},
    {"clear", METHOD_MUTATION},
    {"compareTo", METHOD_COMPARE_TO},
    {"compareToIgnoreCase", METHOD_COMPARE_TO_IGNORE_CASE},
    {"concat", METHOD_CONCAT},
    {"contains", METHOD_CONTAINS},
    {"containsAll", METHOD_CONTAINS_ALL},
    {"containsKey", METHOD_CONTAINS_KEY},
    {"containsValue", METHOD_CONTAINS_VALUE},
    {"delete", METHOD_MUTATION},
    {"divide", METHOD_DIVIDE},
    {"doubleValue", METHOD_DOUBLE_VALUE},
    {"endsWith", METHOD_ENDS_WITH},
    {"equals", METHOD_EQUALS},
    {"equalsIgnoreCase", METHOD_EQUALS_IGNORE_CASE},
    {"floatValue", METHOD_DOUBLE_VALUE},
    {"get", METHOD_GET},
    {"getFirst", METHOD_GET_FIRST},
    {"getLast", METHOD_GET_LAST},
    {"getOrDefault", METHOD_GET_OR_DEFAULT},
    {"has", METHOD_CONTAINS_KEY},
    {"indexOf", METHOD_INDEX_OF},
    {"insert", METHOD_MUTATION},
    {"intValue", METHOD_INT_VALUE},
    {"isBlank", METHOD_IS_BLANK},
    {"isEmpty", METHOD_IS_EMPTY},
    {"join", METHOD_JOIN},
    {"keySet", METHOD_KEY_SET},
    {"keys", METHOD_KEY_SET},
    {"lastIndexOf", METHOD_LAST_INDEX_OF},
    {"length", METHOD_SIZE},
    {"longValue", METHOD_INT_VALUE},
    {"matches", METHOD_MATCHES},
    {"multiply", METHOD_MULTIPLY},
    {"negate", METHOD_NEGATE},
    {"path", METHOD_PATH},
    {"pop", METHOD_MUTATION},
    {"push", METHOD_MUTATION},
    {"put", METHOD_MUTATION},
    {"putAll", METHOD_MUTATION},
    {"putIfAbsent", METHOD_MUTATION},
    {"remainder", METHOD_REMAINDER},
    {"remove", METHOD_MUTATION},
    {"removeAll", METHOD_MUTATION},
    {"repeat", METHOD_REPEAT},
    {"replace", METHOD_REPLACE},
    {"replaceAll", METHOD_REPLACE_ALL},
    {"replaceFirst", METHOD_REPLACE_FIRST},
    {"retainAll", METHOD_MUTATION},
    {"reverse", METHOD_MUTATION},
    {"set", METHOD_MUTATION},
    {"setScale", METHOD_SET_SCALE},
    {"size", METHOD_SIZE},
    {"sort", METHOD_MUTATION},
    {"split", METHOD_SPLIT},
    {"startsWith", METHOD_STARTS_WITH},
    {"strip", METHOD_TRIM},
    {"stripLeading", METHOD_STRIP_LEADING},
    {"stripTrailing", METHOD_STRIP_TRAILING},
    {"subList", METHOD_SUB_LIST},
    {"substring", METHOD_SUBSTRING},
    {"subtract", METHOD_SUBTRACT},
    {"textValue", METHOD_TO_STRING},
    {"toLowerCase", METHOD_TO_LOWER_CASE},
    {"toString", METHOD_TO_STRING},
    {"toUpperCase", METHOD_TO_UPPER_CASE},
    {"trim", METHOD_TRIM},
    {"values", METHOD_VALUES},
};

enum method method_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (strcmp(methods[i].name, name) == 0)
            return methods[i].method;
    }
    return is_date_method(name, DATE_ANY_COUNT) ? METHOD_DATE : METHOD_UNKNOWN;
}

enum status method_unknown(struct evaluation *evaluation, const struct call *call,
                           const struct value *target)
{
    bool mutates = call->method == METHOD_MUTATION || call->method == METHOD_ADD;

    if (mutates && target->kind == VALUE_JSON)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a method that only reads but '%.*s' would change %s; compute "
                         "the new value in a script task, or set the variable with "
                         "execution.setVariable('name', value).",
                         excerpt_length(call->name, 60), call->name, value_kind_name(target));
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected a method of %s but found '%.*s' with %u argument%s.",
                     value_kind_name(target), excerpt_length(call->name, 60), call->name,
                     call->count, call->count == 1 ? "" : "s");
}

enum status argument_integer(struct evaluation *evaluation, const struct call *call, uint32_t index,
                             int64_t *ret_integer)
{
    const struct value *argument = &call->arguments[index];

    if (argument->kind == VALUE_INTEGER) {
        *ret_integer = argument->integer;
        return STATUS_OK;
    }
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected a whole number as argument %u of '%.*s' but found %s.", index + 1,
                     excerpt_length(call->name, 60), call->name, value_kind_name(argument));
}

enum status argument_text(struct evaluation *evaluation, const struct call *call, uint32_t index,
                          const char **ret_text)
{
    const char *text;
    enum status status = value_to_text(evaluation, &call->arguments[index], &text);

    if (status != STATUS_OK)
        return status;
    if (text == NULL)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a text as argument of '%.*s' but found null.",
                         excerpt_length(call->name, 60), call->name);
    *ret_text = text;
    return STATUS_OK;
}

static enum status call_by_kind(struct evaluation *evaluation, const struct call *call,
                                const struct value *target, struct value *ret_value)
{
    switch (target->kind) {
    case VALUE_TEXT:
        return call_text_method(evaluation, call, target, ret_value);
    case VALUE_INTEGER:
    case VALUE_REAL:
    case VALUE_DECIMAL:
        return call_number_method(evaluation, call, target, ret_value);
    case VALUE_JSON:
        return call_collection_method(evaluation, call, target, ret_value);
    default:
        return method_unknown(evaluation, call, target);
    }
}

enum status call_method(struct evaluation *evaluation, const struct call *call,
                        const struct value *target, struct value *ret_value)
{
    const char *text;
    enum status status;

    if (target->kind == VALUE_NULL)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a value to call '%.*s' on but found null.",
                         excerpt_length(call->name, 60), call->name);
    if (call->method == METHOD_EQUALS && call->count == 1) {
        *ret_value = value_of_boolean(value_equals(target, &call->arguments[0]));
        return STATUS_OK;
    }
    if (call->method == METHOD_TO_STRING && call->count == 0) {
        status = value_to_text(evaluation, target, &text);
        if (status == STATUS_OK)
            *ret_value = value_of_text(text);
        return status;
    }
    return call_by_kind(evaluation, call, target, ret_value);
}

/* `text.length`, `list.size` and `list.empty`, without the parentheses. */
enum status value_property(struct evaluation *evaluation, const struct value *target,
                           const char *name, struct value *ret_value)
{
    struct call call = {.name = name};

    if (target->kind == VALUE_TEXT || value_is_array(target)) {
        if (strcmp(name, "size") == 0 || strcmp(name, "length") == 0)
            call.method = METHOD_SIZE;
        else if (strcmp(name, "empty") == 0)
            call.method = METHOD_IS_EMPTY;
        if (call.method != METHOD_UNKNOWN)
            return call_method(evaluation, &call, target, ret_value);
    }
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected an object with the property '%.*s' but found %s.",
                     excerpt_length(name, 60), name, value_kind_name(target));
}
