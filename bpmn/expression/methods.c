/* `x.name(…)` on arrays, objects, numbers and the execution; those of texts are in text_methods.c.
 * A method that is not in the table is an error when it is called, as the value's type decides. */
#include "bpmn/expression/private.h"

#include <string.h>

static const struct {
    const char *name;
    enum method method;
} methods[] = {
    {"concat", METHOD_CONCAT},
    {"contains", METHOD_CONTAINS},
    {"containsKey", METHOD_CONTAINS_KEY},
    {"doubleValue", METHOD_DOUBLE_VALUE},
    {"endsWith", METHOD_ENDS_WITH},
    {"equals", METHOD_EQUALS},
    {"equalsIgnoreCase", METHOD_EQUALS_IGNORE_CASE},
    {"get", METHOD_GET},
    {"getOrDefault", METHOD_GET_OR_DEFAULT},
    {"has", METHOD_CONTAINS_KEY},
    {"indexOf", METHOD_INDEX_OF},
    {"intValue", METHOD_INT_VALUE},
    {"isEmpty", METHOD_IS_EMPTY},
    {"lastIndexOf", METHOD_LAST_INDEX_OF},
    {"length", METHOD_SIZE},
    {"longValue", METHOD_INT_VALUE},
    {"size", METHOD_SIZE},
    {"startsWith", METHOD_STARTS_WITH},
    {"substring", METHOD_SUBSTRING},
    {"toLowerCase", METHOD_TO_LOWER_CASE},
    {"toString", METHOD_TO_STRING},
    {"toUpperCase", METHOD_TO_UPPER_CASE},
    {"trim", METHOD_TRIM},
};

enum method method_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (strcmp(methods[i].name, name) == 0)
            return methods[i].method;
    }
    return METHOD_UNKNOWN;
}

enum status method_unknown(struct evaluation *evaluation, const struct node *node,
                           const struct value *target)
{
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected a method of %s but found '%.*s' with %u argument%s.",
                     value_kind_name(target), excerpt_length(node->text, 60), node->text,
                     node->argument_count, node->argument_count == 1 ? "" : "s");
}

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

static enum status array_method(struct evaluation *evaluation, const struct node *node,
                                const struct value *target, const struct value *argument,
                                struct value *ret_value)
{
    int64_t index;

    if (node->argument_count != 1)
        return method_unknown(evaluation, node, target);
    switch (node->method) {
    case METHOD_CONTAINS:
        *ret_value = value_of_boolean(array_contains(target->json, argument, &index));
        return STATUS_OK;
    case METHOD_INDEX_OF:
        (void)array_contains(target->json, argument, &index);
        *ret_value = value_of_integer(index);
        return STATUS_OK;
    case METHOD_GET:
        if (argument->kind != VALUE_INTEGER)
            return error_set(evaluation->error, STATUS_FAILED,
                             "Expected a whole number as index but found %s.",
                             value_kind_name(argument));
        if (argument->integer < 0 || argument->integer >= (int64_t)json_array_size(target->json))
            return error_set(evaluation->error, STATUS_FAILED,
                             "Expected an index from 0 to below %zu but found %lld.",
                             json_array_size(target->json), (long long)argument->integer);
        *ret_value = value_of_json(json_array_get(target->json, (size_t)argument->integer));
        return STATUS_OK;
    default:
        return method_unknown(evaluation, node, target);
    }
}

static enum status object_method(struct evaluation *evaluation, const struct node *node,
                                 const struct value *target, const struct value *arguments,
                                 struct value *ret_value)
{
    bool has_default = node->method == METHOD_GET_OR_DEFAULT && node->argument_count == 2;
    const json_t *member;

    if (!has_default && node->argument_count != 1)
        return method_unknown(evaluation, node, target);
    if (arguments[0].kind != VALUE_TEXT)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a text as key of an object but found %s.",
                         value_kind_name(&arguments[0]));
    member = json_object_get(target->json, arguments[0].text);
    if (has_default)
        *ret_value = member != NULL ? value_of_json(member) : arguments[1];
    else if (node->method == METHOD_GET)
        *ret_value = member != NULL ? value_of_json(member) : (struct value){0};
    else if (node->method == METHOD_CONTAINS_KEY)
        *ret_value = value_of_boolean(member != NULL);
    else
        return method_unknown(evaluation, node, target);
    return STATUS_OK;
}

static enum status number_method(struct evaluation *evaluation, const struct node *node,
                                 const struct value *target, struct value *ret_value)
{
    const double limit = 9223372036854775808.0;

    if (node->argument_count != 0 ||
        (node->method != METHOD_INT_VALUE && node->method != METHOD_DOUBLE_VALUE))
        return method_unknown(evaluation, node, target);
    *ret_value = *target;
    if (node->method == METHOD_DOUBLE_VALUE && target->kind == VALUE_INTEGER)
        *ret_value = (struct value){.kind = VALUE_REAL, .real = (double)target->integer};
    if (node->method == METHOD_INT_VALUE && target->kind == VALUE_REAL) {
        if (!(target->real >= -limit && target->real < limit))
            return error_set(evaluation->error, STATUS_FAILED,
                             "Expected a number that fits 64 bits but found %g.", target->real);
        *ret_value = value_of_integer((int64_t)target->real);
    }
    return STATUS_OK;
}

enum status call_method(struct evaluation *evaluation, const struct node *node,
                        const struct value *target, const struct value *arguments,
                        struct value *ret_value)
{
    const char *text;
    enum status status;

    if (target->kind == VALUE_NULL)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a value to call '%.*s' on but found null.",
                         excerpt_length(node->text, 60), node->text);
    if (node->method == METHOD_EQUALS && node->argument_count == 1) {
        *ret_value = value_of_boolean(value_equals(target, &arguments[0]));
        return STATUS_OK;
    }
    if (node->method == METHOD_TO_STRING && node->argument_count == 0) {
        status = value_to_text(evaluation, target, &text);
        if (status == STATUS_OK)
            *ret_value = value_of_text(text);
        return status;
    }
    if (target->kind == VALUE_TEXT)
        return call_text_method(evaluation, node, target, arguments, ret_value);
    if (value_is_number(target))
        return number_method(evaluation, node, target, ret_value);
    if (target->kind != VALUE_JSON)
        return method_unknown(evaluation, node, target);
    if (node->argument_count == 0 && node->method == METHOD_SIZE) {
        *ret_value = value_of_integer(
            (int64_t)(json_array_size(target->json) + json_object_size(target->json)));
        return STATUS_OK;
    }
    if (node->argument_count == 0 && node->method == METHOD_IS_EMPTY) {
        *ret_value = value_of_boolean(value_is_empty(target));
        return STATUS_OK;
    }
    if (json_is_array(target->json))
        return array_method(evaluation, node, target, &arguments[0], ret_value);
    return object_method(evaluation, node, target, arguments, ret_value);
}

/* ---- execution: what Flowable's delegate execution offers ---- */

enum status execution_property(struct evaluation *evaluation, const char *name,
                               struct value *ret_value)
{
    const struct expression_scope *scope = evaluation->scope;
    const struct {
        const char *name;
        const char *text;
    } properties[] = {
        {"id", scope->execution_id},
        {"processInstanceId", scope->process_instance_id},
        {"processInstanceBusinessKey", scope->business_key},
        {"businessKey", scope->business_key},
        {"processDefinitionId", scope->process_definition_id},
        {"currentActivityId", scope->activity_id},
    };

    for (size_t i = 0; i < COUNT_OF(properties); i++) {
        if (strcmp(properties[i].name, name) == 0) {
            *ret_value = value_of_text(properties[i].text);
            return STATUS_OK;
        }
    }
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected a property of the execution (id, processInstanceId, "
                     "processInstanceBusinessKey, businessKey, processDefinitionId, "
                     "currentActivityId) but found '%.*s'.",
                     excerpt_length(name, 60), name);
}

enum status call_execution_method(struct evaluation *evaluation, const struct node *node,
                                  const struct value *arguments, struct value *ret_value)
{
    const char *name = node->text;
    bool gets = strcmp(name, "getVariable") == 0;

    if (node->argument_count == 1 && arguments[0].kind == VALUE_TEXT &&
        (gets || strcmp(name, "hasVariable") == 0)) {
        const json_t *found = evaluation->scope->lookup(evaluation->scope, arguments[0].text);

        if (!gets)
            *ret_value = value_of_boolean(found != NULL);
        else
            *ret_value = found != NULL ? value_of_json(found) : (struct value){0};
        return STATUS_OK;
    }
    /* getBusinessKey() is the property businessKey. */
    if (node->argument_count == 0 && strncmp(name, "get", 3) == 0 && name[3] >= 'A' &&
        name[3] <= 'Z' && strlen(name) < 60) {
        char property[64];

        (void)strcpy(property, name + 3);
        property[0] = (char)(property[0] - 'A' + 'a');
        return execution_property(evaluation, property, ret_value);
    }
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected execution.getVariable('name') or execution.hasVariable('name') but "
                     "found '%.*s' with %u argument%s.",
                     excerpt_length(name, 60), name, node->argument_count,
                     node->argument_count == 1 ? "" : "s");
}
