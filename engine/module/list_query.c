/* The parameters of a list request: which there are, what they hold, where the page begins. */
#include "engine/module/cursor.h"
#include "engine/module/list_private.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBER_DIGITS_MAX = 18 };

/* PostgreSQL and RFC 3339 both know the years 1 to 9999. */
static const int64_t INSTANT_MIN_US = INT64_C(-62135596800) * 1000000;
static const int64_t INSTANT_MAX_US = INT64_C(253402300800) * 1000000 - 1;

static const char *const page_parameters[] = {"sort", "order", "size", "start", "cursor"};

/* Whether `name` is `filter` or, of an instant, one of its ends. */
static bool is_filter(const struct module_filter *filter, const char *name)
{
    size_t length = strlen(filter->name);

    if (filter->kind != MODULE_FILTER_INSTANT)
        return strcmp(filter->name, name) == 0;
    return strncmp(filter->name, name, length) == 0 &&
           (strcmp(name + length, "From") == 0 || strcmp(name + length, "To") == 0);
}

static bool is_known(const struct module_list *list, const char *name)
{
    for (uint32_t i = 0; i < list->filter_count; i++) {
        if (is_filter(&list->filters[i], name))
            return true;
    }
    for (size_t i = 0; i < COUNT_OF(page_parameters); i++) {
        if (strcmp(page_parameters[i], name) == 0)
            return true;
    }
    return false;
}

static enum status refuse_name(const struct list_query *query, const char *name,
                               struct error *ret_error)
{
    const char *known = "";

    for (uint32_t i = 0; i < query->list->filter_count; i++) {
        const struct module_filter *filter = &query->list->filters[i];

        known =
            filter->kind == MODULE_FILTER_INSTANT
                ? arena_format(query->arena, "%s%sFrom, %sTo, ", known, filter->name, filter->name)
                : arena_format(query->arena, "%s%s, ", known, filter->name);
    }
    return error_set_field(ret_error, STATUS_INVALID, name,
                           "Expected the parameters %.600ssort, order, size, start or cursor but "
                           "found \"%.40s\".",
                           known, name);
}

/* Every parameter is known and given once. */
static enum status check_names(const struct list_query *query, struct error *ret_error)
{
    const char *name;
    const char *value;

    for (uint32_t i = 0; http_query_at(query->request, i, &name, &value); i++) {
        const char *earlier;

        if (!is_known(query->list, name))
            return refuse_name(query, name, ret_error);
        for (uint32_t j = 0; j < i && http_query_at(query->request, j, &earlier, &value); j++) {
            if (strcmp(earlier, name) == 0)
                return error_set_field(ret_error, STATUS_INVALID, name,
                                       "Expected the parameter %.40s once but found it again.",
                                       name);
        }
    }
    return STATUS_OK;
}

static enum status parse_number(const char *name, const char *text, int64_t minimum,
                                int64_t maximum, int64_t *ret_number, struct error *ret_error)
{
    const char *digits = text + (text[0] == '-');
    size_t length = strspn(digits, "0123456789");
    int64_t number = length > 0 && length <= NUMBER_DIGITS_MAX ? strtoll(text, NULL, 10) : 0;

    if (length == 0 || length > NUMBER_DIGITS_MAX || digits[length] != '\0' || number < minimum ||
        number > maximum)
        return error_set_field(ret_error, STATUS_INVALID, name,
                               "Expected %s to be a whole number from %lld to %lld but found "
                               "\"%.40s\".",
                               name, (long long)minimum, (long long)maximum, text);
    *ret_number = number;
    return STATUS_OK;
}

static struct list_value *add_value(struct list_query *query, enum module_value_type type)
{
    struct list_value *value = &query->values[query->value_count++];

    INVARIANT(query->value_count <= COUNT_OF(query->values));
    value->type = type;
    return value;
}

/* Every "$%u" of the condition becomes the number of the value that was added last. */
static void add_condition(struct list_query *query, const char *condition)
{
    const char *sign;

    query->where = arena_format(query->arena, "%s AND (", query->where);
    while ((sign = strstr(condition, "$%u")) != NULL) {
        query->where = arena_format(query->arena, "%s%.*s$%u", query->where,
                                    (int)(sign - condition), condition, query->value_count);
        condition = sign + strlen("$%u");
    }
    query->where = arena_format(query->arena, "%s%s)", query->where, condition);
}

/* One end of a span of time. */
static enum status read_instant(struct list_query *query, const struct module_filter *filter,
                                const char *end, const char *operator, struct error * ret_error)
{
    const char *name = arena_format(query->arena, "%s%s", filter->name, end);
    const char *text = http_query(query->request, name);
    int64_t instant_us;
    enum status status;

    query->digest = cursor_digest(query->digest, text == NULL ? "" : text);
    if (text == NULL)
        return STATUS_OK;
    status = iso8601_parse_instant(text, &instant_us, ret_error);
    if (status != STATUS_OK || instant_us < INSTANT_MIN_US || instant_us > INSTANT_MAX_US)
        return error_set_field(ret_error, STATUS_INVALID, name,
                               "Expected %s to be an instant such as 2026-07-01T08:00:00Z but "
                               "found \"%.40s\".",
                               name, text);
    add_value(query, MODULE_VALUE_INSTANT)->number = instant_us;
    add_condition(
        query, arena_format(query->arena, "%s %s $%%u::timestamptz", filter->condition, operator));
    return STATUS_OK;
}

static bool has_word(const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
            (byte >= 'A' && byte <= 'Z'))
            return true;
    }
    return false;
}

static enum status read_boolean(struct list_query *query, const struct module_filter *filter,
                                const char *text, struct error *ret_error)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return error_set_field(ret_error, STATUS_INVALID, filter->name,
                               "Expected %s to be true or false but found \"%.40s\".", filter->name,
                               text);
    add_condition(query, strcmp(text, "true") == 0 ? filter->condition : filter->otherwise);
    return STATUS_OK;
}

static enum status read_text(struct list_query *query, const struct module_filter *filter,
                             const char *text, struct error *ret_error)
{
    uint32_t index;
    enum status status =
        filter->kind == MODULE_FILTER_NAME
            ? module_check_name(filter->name, text, filter->names, &index, ret_error)
            : module_check_text(filter->name, text, 1, MODULE_FILTER_TEXT_MAX, ret_error);

    if (status != STATUS_OK)
        return status;
    if (filter->kind == MODULE_FILTER_SEARCH && !has_word(text))
        return error_set_field(ret_error, STATUS_INVALID, filter->name,
                               "Expected %s to have a word to search for but found \"%.40s\".",
                               filter->name, text);
    add_value(query, MODULE_VALUE_TEXT)->text = text;
    add_condition(query, filter->condition);
    return STATUS_OK;
}

static enum status read_filter(struct list_query *query, const struct module_filter *filter,
                               struct error *ret_error)
{
    const char *text = http_query(query->request, filter->name);
    int64_t number;
    enum status status;

    if (filter->kind == MODULE_FILTER_INSTANT) {
        status = read_instant(query, filter, "From", ">=", ret_error);
        return status == STATUS_OK ? read_instant(query, filter, "To", "<", ret_error) : status;
    }
    query->digest = cursor_digest(query->digest, text == NULL ? "" : text);
    if (text == NULL)
        return STATUS_OK;
    if (filter->kind == MODULE_FILTER_BOOLEAN)
        return read_boolean(query, filter, text, ret_error);
    if (filter->kind != MODULE_FILTER_NUMBER)
        return read_text(query, filter, text, ret_error);
    status = parse_number(filter->name, text, filter->minimum, filter->maximum, &number, ret_error);
    if (status != STATUS_OK)
        return status;
    add_value(query, MODULE_VALUE_NUMBER)->number = number;
    add_condition(query, filter->condition);
    return STATUS_OK;
}

static enum status read_filters(struct list_query *query, struct error *ret_error)
{
    const struct module_list *list = query->list;

    PRE(list->filter_count <= MODULE_LIST_FILTERS_MAX);
    query->where = "true";
    query->digest = cursor_digest(CURSOR_DIGEST_START, http_path(query->request));
    if (list->within != NULL) {
        add_value(query, MODULE_VALUE_TEXT)->text = http_param(query->request, list->within_param);
        add_condition(query, list->within);
    }
    for (uint32_t i = 0; i < list->filter_count; i++) {
        enum status status = read_filter(query, &list->filters[i], ret_error);

        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status read_order(struct list_query *query, const char *sort, const char *order,
                              struct error *ret_error)
{
    static const char *const orders[] = {"asc", "desc", NULL};
    const struct module_list *list = query->list;
    const char *names[MODULE_LIST_FILTERS_MAX + 1] = {NULL};
    uint32_t index = 0;
    enum status status;

    PRE(list->sort_count <= MODULE_LIST_FILTERS_MAX);
    for (uint32_t i = 0; i < list->sort_count; i++)
        names[i] = list->sorts[i].name;
    status = module_check_name("sort", sort, names, &index, ret_error);
    if (status != STATUS_OK)
        return status;
    query->sort = &list->sorts[index];
    status = module_check_name("order", order, orders, &index, ret_error);
    query->is_descending = index == 1;
    return status;
}

/* Whether the cursor's value is one of this type; `ret_value` gets it. */
static bool take_value(const json_t *value, enum module_value_type type, struct arena *arena,
                       struct list_value *ret_value)
{
    struct uuid id;

    ret_value->type = type;
    ret_value->text = arena_copy(arena, json_string_value(value));
    ret_value->number = json_integer_value(value);
    switch (type) {
    case MODULE_VALUE_TEXT:
        return json_is_string(value);
    case MODULE_VALUE_UUID:
        return json_is_string(value) && uuid_parse(ret_value->text, &id);
    case MODULE_VALUE_NUMBER:
        return json_is_integer(value);
    case MODULE_VALUE_INSTANT:
        return json_is_integer(value) && ret_value->number >= INSTANT_MIN_US &&
               ret_value->number <= INSTANT_MAX_US;
    }
    return false;
}

static enum status take_cursor(struct list_query *query, const struct cursor *cursor,
                               struct error *ret_error)
{
    const char *sort = http_query(query->request, "sort");
    const char *order = http_query(query->request, "order");
    enum status status;

    if ((sort != NULL && strcmp(sort, cursor->sort) != 0) ||
        (order != NULL && strcmp(order, cursor->order) != 0))
        return error_set_field(ret_error, STATUS_INVALID, "cursor",
                               "Expected a cursor of this order but found one of sort=%.40s and "
                               "order=%.40s: begin again without a cursor.",
                               cursor->sort, cursor->order);
    if ((uint64_t)cursor->digest != query->digest)
        return error_set_field(ret_error, STATUS_INVALID, "cursor",
                               "Expected a cursor of this list with the same filters but found one "
                               "of another request: begin again without a cursor.");
    status = read_order(query, cursor->sort, cursor->order, ret_error);
    if (status != STATUS_OK)
        return status;
    query->has_cursor = true;
    query->after_null = json_is_null(cursor->value);
    if (!take_value(cursor->key, query->list->key_type, query->arena, &query->after_key) ||
        (query->after_null
             ? !query->sort->nullable
             : !take_value(cursor->value, query->sort->type, query->arena, &query->after_value)))
        return error_set_field(ret_error, STATUS_INVALID, "cursor",
                               "Expected cursor to be the \"next\" of an earlier page but found "
                               "one with other values.");
    return STATUS_OK;
}

static enum status read_cursor(struct list_query *query, const char *text, struct error *ret_error)
{
    struct cursor cursor;
    json_t *owner = NULL;
    enum status status;

    if (http_query(query->request, "start") != NULL)
        return error_set_field(ret_error, STATUS_INVALID, "start",
                               "Expected either start or cursor but found both.");
    status = cursor_read(text, query->arena, &cursor, &owner, ret_error);
    if (status == STATUS_OK)
        status = take_cursor(query, &cursor, ret_error);
    json_decref(owner);
    return status;
}

static const char *given(const struct list_query *query, const char *name, const char *otherwise)
{
    const char *text = http_query(query->request, name);

    return text == NULL ? otherwise : text;
}

enum status list_query_read(struct list_query *query, struct error *ret_error)
{
    const char *cursor = http_query(query->request, "cursor");
    const char *size_default = arena_format(query->arena, "%d", MODULE_PAGE_DEFAULT);
    enum status status = check_names(query, ret_error);

    if (status == STATUS_OK)
        status = read_filters(query, ret_error);
    if (status == STATUS_OK)
        status = parse_number("size", given(query, "size", size_default), 1, MODULE_PAGE_MAX,
                              &query->size, ret_error);
    if (status == STATUS_OK && cursor != NULL)
        return read_cursor(query, cursor, ret_error);
    if (status == STATUS_OK)
        status = parse_number("start", given(query, "start", "0"), 0, MODULE_LIST_START_MAX,
                              &query->start, ret_error);
    if (status == STATUS_OK)
        status = read_order(query, given(query, "sort", query->list->default_sort),
                            given(query, "order", query->list->default_order), ret_error);
    return status;
}
