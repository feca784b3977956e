/* What can be called: methods of texts, arrays, objects and the execution, and Flowable's
 * `variables:` functions. */
#include "bpmn/expression/private.h"

#include <string.h>

static struct value of_boolean(bool truth)
{
    return (struct value){.kind = VALUE_BOOLEAN, .boolean = truth};
}

static struct value of_integer(int64_t integer)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = integer};
}

static struct value of_text(const char *text)
{
    return (struct value){.kind = VALUE_TEXT, .text = text};
}

static enum status unknown_method(struct evaluation *evaluation, const struct node *node,
                                  const struct value *target)
{
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected a method of %s with %u arguments but found '%.60s'.",
                     value_kind_name(target), node->argument_count, node->text);
}

static char *change_case(struct arena *arena, const char *text, bool upper)
{
    char *copy = arena_copy(arena, text);

    for (char *at = copy; *at != '\0'; at++) {
        if (upper && *at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
        else if (!upper && *at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    }
    return copy;
}

static char *trimmed(struct arena *arena, const char *text)
{
    size_t length;

    text += strspn(text, " \t\r\n");
    length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        length--;
    return arena_copy_bytes(arena, text, length);
}

/* Positions count characters, not bytes. */
static size_t character_count(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static const char *character_at(const char *text, size_t position)
{
    while (*text != '\0' && position > 0) {
        for (text++; ((unsigned char)*text & 0xC0) == 0x80;)
            text++;
        position--;
    }
    return text;
}

static enum status substring(struct evaluation *evaluation, const struct node *node,
                             const char *text, const struct value *arguments,
                             struct value *ret_value)
{
    int64_t length = (int64_t)character_count(text);
    int64_t from = arguments[0].integer;
    int64_t to = node->argument_count == 2 ? arguments[1].integer : length;
    const char *begin;

    if (arguments[0].kind != VALUE_INTEGER ||
        (node->argument_count == 2 && arguments[1].kind != VALUE_INTEGER) || from < 0 ||
        to < from || to > length)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected substring positions within the text of %lld characters.",
                         (long long)length);
    begin = character_at(text, (size_t)from);
    *ret_value =
        of_text(arena_copy_bytes(evaluation_arena(evaluation), begin,
                                 (size_t)(character_at(begin, (size_t)(to - from)) - begin)));
    return STATUS_OK;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static enum status text_method(struct evaluation *evaluation, const struct node *node,
                               const struct value *target, const struct value *arguments,
                               struct value *ret_value)
{
    const char *text = target->text;
    const char *name = node->text;
    const char *other = NULL;
    uint32_t count = node->argument_count;
    struct arena *arena = evaluation_arena(evaluation);

    if (strcmp(name, "substring") == 0 && (count == 1 || count == 2))
        return substring(evaluation, node, text, arguments, ret_value);
    if (count == 0) {
        if (strcmp(name, "length") == 0 || strcmp(name, "size") == 0)
            *ret_value = of_integer((int64_t)character_count(text));
        else if (strcmp(name, "isEmpty") == 0)
            *ret_value = of_boolean(text[0] == '\0');
        else if (strcmp(name, "toLowerCase") == 0 || strcmp(name, "toUpperCase") == 0)
            *ret_value = of_text(change_case(arena, text, name[2] == 'U'));
        else if (strcmp(name, "trim") == 0)
            *ret_value = of_text(trimmed(arena, text));
        else if (strcmp(name, "toString") == 0)
            *ret_value = *target;
        else
            return unknown_method(evaluation, node, target);
        return STATUS_OK;
    }
    if (count == 1) {
        enum status status = value_to_text(evaluation, &arguments[0], &other);

        if (status != STATUS_OK)
            return status;
    }
    if (other == NULL)
        return unknown_method(evaluation, node, target);
    if (strcmp(name, "contains") == 0)
        *ret_value = of_boolean(strstr(text, other) != NULL);
    else if (strcmp(name, "startsWith") == 0)
        *ret_value = of_boolean(strncmp(text, other, strlen(other)) == 0);
    else if (strcmp(name, "endsWith") == 0)
        *ret_value = of_boolean(ends_with(text, other));
    else if (strcmp(name, "equals") == 0)
        *ret_value = of_boolean(arguments[0].kind == VALUE_TEXT && strcmp(text, other) == 0);
    else if (strcmp(name, "equalsIgnoreCase") == 0)
        *ret_value = of_boolean(
            strcmp(change_case(arena, text, false), change_case(arena, other, false)) == 0);
    else if (strcmp(name, "concat") == 0)
        *ret_value = of_text(arena_format(arena, "%s%s", text, other));
    else if (strcmp(name, "indexOf") == 0) {
        const char *found = strstr(text, other);

        *ret_value = of_integer(found == NULL ? -1
                                              : (int64_t)character_count(arena_copy_bytes(
                                                    arena, text, (size_t)(found - text))));
    } else
        return unknown_method(evaluation, node, target);
    return STATUS_OK;
}

static enum status array_contains(struct evaluation *evaluation, const json_t *array,
                                  const struct value *wanted, bool *ret_found)
{
    json_t *json = value_to_json(wanted);
    size_t index;
    const json_t *item;

    (void)evaluation;
    *ret_found = false;
    json_array_foreach (array, index, item) {
        if (json != NULL && json_equal(item, json)) {
            *ret_found = true;
            break;
        }
    }
    json_decref(json);
    return STATUS_OK;
}

static enum status json_method(struct evaluation *evaluation, const struct node *node,
                               const struct value *target, const struct value *arguments,
                               struct value *ret_value)
{
    const json_t *json = target->json;
    const char *name = node->text;
    bool found = false;

    if (node->argument_count == 0 && strcmp(name, "size") == 0) {
        *ret_value = of_integer((int64_t)(json_array_size(json) + json_object_size(json)));
        return STATUS_OK;
    }
    if (node->argument_count == 0 && strcmp(name, "isEmpty") == 0) {
        *ret_value = of_boolean(value_is_empty(target));
        return STATUS_OK;
    }
    if (node->argument_count != 1)
        return unknown_method(evaluation, node, target);
    if (json_is_array(json) && strcmp(name, "contains") == 0) {
        enum status status = array_contains(evaluation, json, &arguments[0], &found);

        *ret_value = of_boolean(found);
        return status;
    }
    if (json_is_array(json) && strcmp(name, "get") == 0 && arguments[0].kind == VALUE_INTEGER) {
        const json_t *item =
            arguments[0].integer < 0 ? NULL : json_array_get(json, (size_t)arguments[0].integer);

        if (item == NULL)
            return error_set(evaluation->error, STATUS_FAILED,
                             "Expected an index below %zu but found %lld.", json_array_size(json),
                             (long long)arguments[0].integer);
        *ret_value = value_of_json(item);
        return STATUS_OK;
    }
    if (json_is_object(json) && arguments[0].kind == VALUE_TEXT) {
        const json_t *member = json_object_get(json, arguments[0].text);

        if (strcmp(name, "containsKey") == 0 || strcmp(name, "has") == 0)
            *ret_value = of_boolean(member != NULL);
        else if (strcmp(name, "get") == 0)
            *ret_value = member != NULL ? value_of_json(member) : (struct value){0};
        else
            return unknown_method(evaluation, node, target);
        return STATUS_OK;
    }
    return unknown_method(evaluation, node, target);
}

static enum status execution_method(struct evaluation *evaluation, const struct node *node,
                                    const struct value *arguments, struct value *ret_value)
{
    const json_t *found;

    if (node->argument_count == 1 && arguments[0].kind == VALUE_TEXT) {
        found = evaluation->scope->lookup(evaluation->scope, arguments[0].text);
        if (strcmp(node->text, "getVariable") == 0) {
            *ret_value = found != NULL ? value_of_json(found) : (struct value){0};
            return STATUS_OK;
        }
        if (strcmp(node->text, "hasVariable") == 0) {
            *ret_value = of_boolean(found != NULL);
            return STATUS_OK;
        }
    }
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected execution.getVariable('name') or execution.hasVariable('name') but "
                     "found '%.60s'.",
                     node->text);
}

enum status call_method(struct evaluation *evaluation, const struct node *node,
                        const struct value *target, const struct value *arguments,
                        struct value *ret_value)
{
    if (target == NULL)
        return execution_method(evaluation, node, arguments, ret_value);
    if (target->kind == VALUE_TEXT)
        return text_method(evaluation, node, target, arguments, ret_value);
    if (target->kind == VALUE_JSON)
        return json_method(evaluation, node, target, arguments, ret_value);
    return unknown_method(evaluation, node, target);
}

/* ---- variables:…(name, …) ---- */

/* The first argument names a variable, as a text or unquoted; an absent one is null. */
static enum status variable_argument(struct evaluation *evaluation, const struct node *node,
                                     struct value *ret_value)
{
    const char *name = NULL;
    const json_t *found;

    if (node->argument_count > 0) {
        const struct node *first = node->arguments[0];

        if (first->kind == NODE_NAME)
            name = first->text;
        else if (first->kind == NODE_LITERAL && first->literal.kind == VALUE_TEXT)
            name = first->literal.text;
    }
    if (name == NULL)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected variables:%s to get a variable's name first.", node->text);
    found = evaluation->scope->lookup(evaluation->scope, name);
    *ret_value = found != NULL ? value_of_json(found) : (struct value){0};
    return STATUS_OK;
}

static const struct {
    const char *names[4];
    enum operator operation;
} comparisons[] = {
    {{"equals", "eq"}, OPERATOR_EQUAL},
    {{"notEquals", "ne"}, OPERATOR_NOT_EQUAL},
    {{"lowerThan", "lessThan", "lt"}, OPERATOR_LESS},
    {{"lowerThanOrEquals", "lessThanOrEquals", "lte"}, OPERATOR_LESS_EQUAL},
    {{"greaterThan", "gt"}, OPERATOR_GREATER},
    {{"greaterThanOrEquals", "gte"}, OPERATOR_GREATER_EQUAL},
};

static bool is_one_of(const char *text, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count && names[i] != NULL; i++) {
        if (strcmp(text, names[i]) == 0)
            return true;
    }
    return false;
}

static enum status contains_function(struct evaluation *evaluation, const struct node *node,
                                     const struct value *variable, bool any,
                                     struct value *ret_value)
{
    uint32_t hits = 0;

    for (uint32_t i = 1; i < node->argument_count; i++) {
        struct value wanted;
        const char *text;
        bool found = false;
        enum status status = evaluate(evaluation, node->arguments[i], &wanted);

        if (status == STATUS_OK && variable->kind == VALUE_TEXT) {
            status = value_to_text(evaluation, &wanted, &text);
            found = status == STATUS_OK && text != NULL && strstr(variable->text, text) != NULL;
        } else if (status == STATUS_OK && variable->kind == VALUE_JSON) {
            status = array_contains(evaluation, variable->json, &wanted, &found);
        }
        if (status != STATUS_OK)
            return status;
        hits += found;
    }
    *ret_value = of_boolean(any ? hits > 0 : hits > 0 && hits == node->argument_count - 1);
    return STATUS_OK;
}

enum status call_function(struct evaluation *evaluation, const struct node *node,
                          struct value *ret_value)
{
    static const char *const empty_names[] = {"isEmpty", "empty"};
    static const char *const not_empty_names[] = {"isNotEmpty", "notEmpty"};
    static const char *const exists_names[] = {"exists", "exist"};
    const char *name = node->text;
    struct value variable;
    struct value other;
    bool truth = false;
    enum status status = variable_argument(evaluation, node, &variable);

    if (status != STATUS_OK)
        return status;
    if (strcmp(name, "contains") == 0 || strcmp(name, "containsAny") == 0)
        return contains_function(evaluation, node, &variable, name[8] != '\0', ret_value);
    if (node->argument_count == 1) {
        if (strcmp(name, "get") == 0)
            *ret_value = variable;
        else if (is_one_of(name, empty_names, COUNT_OF(empty_names)))
            *ret_value = of_boolean(value_is_empty(&variable));
        else if (is_one_of(name, not_empty_names, COUNT_OF(not_empty_names)))
            *ret_value = of_boolean(!value_is_empty(&variable));
        else if (is_one_of(name, exists_names, COUNT_OF(exists_names)))
            *ret_value = of_boolean(variable.kind != VALUE_NULL);
        else
            goto unknown;
        return STATUS_OK;
    }
    if (node->argument_count != 2)
        goto unknown;
    status = evaluate(evaluation, node->arguments[1], &other);
    if (status != STATUS_OK)
        return status;
    if (strcmp(name, "getOrDefault") == 0) {
        *ret_value = variable.kind != VALUE_NULL ? variable : other;
        return STATUS_OK;
    }
    for (size_t i = 0; i < COUNT_OF(comparisons); i++) {
        if (!is_one_of(name, comparisons[i].names, COUNT_OF(comparisons[i].names)))
            continue;
        if (variable.kind != VALUE_NULL && other.kind != VALUE_NULL)
            status = value_compare(evaluation, comparisons[i].operation, &variable, &other, &truth);
        *ret_value = of_boolean(truth);
        return status;
    }
unknown:
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected a function of variables: but found '%.60s' with %u arguments.", name,
                     node->argument_count);
}
