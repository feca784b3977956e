/* Functions by a plain name, `round(x, 2)` or `now()`, and those of dates with their prefix,
 * `date:addDuration(x, 'PT4H')`. Most are a method of their first argument. Which function is meant
 * is settled when the expression is parsed. */
#include "bpmn/expression/private.h"

#include <string.h>

struct common_function {
    const char *names[4];
    uint32_t arguments_min;
    uint32_t arguments_max;
    /* NULL: the method of the first argument */
    enum status (*call)(struct evaluation *evaluation, const struct call *call,
                        struct value *ret_value);
    enum method method;
};

/* ---- numbers ---- */

static enum status extreme(struct evaluation *evaluation, const struct call *call,
                           struct value *ret_value)
{
    int wanted = strcmp(call->name, "max") == 0 ? 1 : -1;
    const struct value *list = &call->arguments[0];
    bool is_list = call->count == 1 && value_is_array(list);
    size_t count = is_list ? json_array_size(list->json) : call->count;
    struct value best = {0};

    if (count == 0)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected at least one number for %s but found an empty array.",
                         call->name);
    for (size_t i = 0; i < count; i++) {
        struct value item =
            is_list ? value_of_json(json_array_get(list->json, i)) : call->arguments[i];
        enum status status = value_to_number(evaluation, &item, &item);

        if (status != STATUS_OK)
            return status;
        if (i == 0 || numbers_compare(&item, &best) * wanted > 0)
            best = item;
    }
    *ret_value = best;
    return STATUS_OK;
}

static enum status sum(struct evaluation *evaluation, const struct call *call,
                       struct value *ret_value)
{
    const struct value *list = &call->arguments[0];
    bool is_list = call->count == 1 && value_is_array(list);
    size_t count = is_list ? json_array_size(list->json) : call->count;
    struct value total = value_of_integer(0);

    for (size_t i = 0; i < count; i++) {
        struct value item =
            is_list ? value_of_json(json_array_get(list->json, i)) : call->arguments[i];
        enum status status = value_arithmetic(evaluation, OPERATION_ADD, &total, &item, &total);

        if (status != STATUS_OK)
            return status;
    }
    *ret_value = total;
    return STATUS_OK;
}

static enum status rounding(struct evaluation *evaluation, const struct call *call,
                            struct value *ret_value)
{
    enum decimal_rounding mode = ROUND_HALF_UP;
    struct value number;
    int64_t places = 0;
    enum status status = value_to_number(evaluation, &call->arguments[0], &number);

    if (status == STATUS_OK && call->count == 2)
        status = argument_integer(evaluation, call, 1, &places);
    if (status != STATUS_OK)
        return status;
    if (call->name[0] == 'f')
        mode = ROUND_FLOOR;
    else if (call->name[0] == 'c')
        mode = ROUND_CEILING;
    return number_round(evaluation, &number, places, mode, ret_value);
}

static enum status to_number(struct evaluation *evaluation, const struct call *call,
                             struct value *ret_value)
{
    return value_to_number(evaluation, &call->arguments[0], ret_value);
}

/* ---- other values ---- */

static enum status to_string(struct evaluation *evaluation, const struct call *call,
                             struct value *ret_value)
{
    const char *text;
    enum status status = value_to_text(evaluation, &call->arguments[0], &text);

    if (status == STATUS_OK)
        *ret_value = value_of_text(text != NULL ? text : "");
    return status;
}

static enum status concat(struct evaluation *evaluation, const struct call *call,
                          struct value *ret_value)
{
    const char *texts[EXPRESSION_ARGUMENTS_MAX];
    size_t length = 0;
    char *room;
    enum status status;

    for (uint32_t i = 0; i < call->count; i++) {
        status = value_to_text(evaluation, &call->arguments[i], &texts[i]);
        if (status != STATUS_OK)
            return status;
        if (texts[i] == NULL)
            texts[i] = "";
        length += strlen(texts[i]);
    }
    status = evaluation_room(evaluation, length, &room);
    if (status != STATUS_OK)
        return status;
    *ret_value = value_of_text(room);
    for (uint32_t i = 0; i < call->count; i++) {
        size_t part = strlen(texts[i]);

        memcpy(room, texts[i], part);
        room += part;
    }
    return STATUS_OK;
}

/* The first argument that is not null. */
static enum status coalesce(struct evaluation *evaluation, const struct call *call,
                            struct value *ret_value)
{
    uint32_t i = 0;

    (void)evaluation;
    while (i + 1 < call->count && call->arguments[i].kind == VALUE_NULL)
        i++;
    *ret_value = call->arguments[i];
    return STATUS_OK;
}

/* null is as empty as "". */
static enum status is_empty(struct evaluation *evaluation, const struct call *call,
                            struct value *ret_value)
{
    (void)evaluation;
    *ret_value = value_of_boolean(value_is_empty(&call->arguments[0]) ==
                                  (strncmp(call->name, "is", 2) == 0 && call->name[2] == 'E'));
    return STATUS_OK;
}

static const struct common_function functions[] = {
    {{"abs"}, 1, 1, NULL, METHOD_ABS},
    {{"min", "max"}, 1, EXPRESSION_ARGUMENTS_MAX, extreme, 0},
    {{"sum"}, 1, EXPRESSION_ARGUMENTS_MAX, sum, 0},
    {{"round", "floor", "ceil", "ceiling"}, 1, 2, rounding, 0},
    {{"number"}, 1, 1, to_number, 0},
    {{"string"}, 1, 1, to_string, 0},
    {{"concat"}, 1, EXPRESSION_ARGUMENTS_MAX, concat, 0},
    {{"coalesce"}, 1, EXPRESSION_ARGUMENTS_MAX, coalesce, 0},
    {{"isEmpty", "isNotEmpty"}, 1, 1, is_empty, 0},
    {{"size", "length", "count"}, 1, 1, NULL, METHOD_SIZE},
    {{"upper", "upperCase", "toUpperCase"}, 1, 1, NULL, METHOD_TO_UPPER_CASE},
    {{"lower", "lowerCase", "toLowerCase"}, 1, 1, NULL, METHOD_TO_LOWER_CASE},
    {{"trim", "strip"}, 1, 1, NULL, METHOD_TRIM},
    {{"substring"}, 2, 3, NULL, METHOD_SUBSTRING},
    {{"contains"}, 2, 2, NULL, METHOD_CONTAINS},
    {{"startsWith"}, 2, 2, NULL, METHOD_STARTS_WITH},
    {{"endsWith"}, 2, 2, NULL, METHOD_ENDS_WITH},
    {{"indexOf"}, 2, 2, NULL, METHOD_INDEX_OF},
    {{"replace"}, 3, 3, NULL, METHOD_REPLACE},
    {{"split"}, 2, 2, NULL, METHOD_SPLIT},
    {{"join"}, 2, 2, NULL, METHOD_JOIN},
    {{"matches"}, 2, 2, NULL, METHOD_MATCHES},
};

/* With the prefix or without. */
static const struct common_function date_functions[] = {
    {{"now", "dateTime"}, 0, 0, date_now, 0},
    {{"today"}, 0, 0, date_today, 0},
};

/* Methods of dates with the date as first argument: the method's own table knows the names. Behind
 * the prefix `date:` only, as some names are common. */
static const struct common_function date_method_function = {{NULL}, 1, 3, NULL, METHOD_DATE};

static const struct common_function *find_in(const struct common_function *table, size_t count,
                                             const char *name, uint32_t argument_count)
{
    for (size_t i = 0; i < count; i++) {
        const struct common_function *function = &table[i];

        if (argument_count < function->arguments_min || argument_count > function->arguments_max)
            continue;
        for (size_t j = 0; j < COUNT_OF(function->names) && function->names[j] != NULL; j++) {
            if (strcmp(function->names[j], name) == 0)
                return function;
        }
    }
    return NULL;
}

const struct common_function *common_function_find(const char *name, bool is_date,
                                                   uint32_t argument_count)
{
    const struct common_function *function =
        find_in(date_functions, COUNT_OF(date_functions), name, argument_count);

    if (function != NULL)
        return function;
    if (!is_date)
        return find_in(functions, COUNT_OF(functions), name, argument_count);
    return argument_count > 0 && is_date_method(name, argument_count - 1) ? &date_method_function
                                                                          : NULL;
}

enum status call_common_function(struct evaluation *evaluation, const struct node *node,
                                 struct value *ret_value)
{
    struct value arguments[EXPRESSION_ARGUMENTS_MAX];
    struct call call = {.name = node->text, .count = node->argument_count, .arguments = arguments};
    const struct common_function *function = node->common;

    for (uint32_t i = 0; i < node->argument_count; i++) {
        enum status status = evaluate(evaluation, node->arguments[i], &arguments[i]);

        if (status != STATUS_OK)
            return status;
    }
    if (function->call != NULL)
        return function->call(evaluation, &call, ret_value);
    call.method = function->method;
    call.arguments++;
    call.count--;
    if (call.method == METHOD_DATE)
        return call_date_method(evaluation, &call, &arguments[0], ret_value);
    return call_method(evaluation, &call, &arguments[0], ret_value);
}
