/* What a list was asked for: paging, order and filters, from a query or from a JSON object, checked
 * against the list's table. Values become parameters; SQL comes from the table alone. */
#include "engine/api/internal.h"

#include "bpmn/base/text.h"
#include "bpmn/iso8601.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const paging[] = {"start", "size", "sort", "order"};

static void begin(struct list_asked *asked)
{
    /* Each filter adds two conditions at most. */
    asked->conditions = arena_array(asked->arena, (size_t)LIST_BOUND_MAX * 4, sizeof(char *));
    asked->sort = &asked->list->sorts[0];
    asked->size = LIST_SIZE_DEFAULT;
}

static const struct list_filter *find_filter(const struct list *list, const char *name)
{
    for (uint32_t i = 0; i < list->filter_count; i++) {
        if (strcmp(list->filters[i].name, name) == 0)
            return &list->filters[i];
    }
    return NULL;
}

static enum status refuse_unknown(const struct list *list, const char *name,
                                  struct error *ret_error)
{
    struct text known = TEXT_INIT;
    enum status status;

    for (uint32_t i = 0; i < list->filter_count; i++)
        text_append_format(&known, "%s, ", list->filters[i].name);
    status = error_set_field(ret_error, STATUS_INVALID, name,
                             "There is no parameter '%.100s' here. Known are start, size, sort, "
                             "order, %s and no others.",
                             name, text_string(&known));
    text_deinit(&known);
    return status;
}

static enum status parse_whole(const char *name, const char *text, int64_t minimum, int64_t maximum,
                               int64_t *ret_value, struct error *ret_error)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (text[0] == '\0' || *end != '\0' || errno != 0 || value < minimum || value > maximum ||
        strchr(" \t\n\r\v\f", text[0]) != NULL)
        return error_set_field(ret_error, STATUS_INVALID, name,
                               "Expected '%s' to be a whole number from %lld to %lld, but found "
                               "'%.100s'.",
                               name, (long long)minimum, (long long)maximum, text);
    *ret_value = value;
    return STATUS_OK;
}

static enum status read_sort(struct list_asked *asked, const char *text, struct error *ret_error)
{
    const struct list *list = asked->list;
    struct text known = TEXT_INIT;
    enum status status;

    for (uint32_t i = 0; i < list->sort_count; i++) {
        if (strcmp(list->sorts[i].name, text) == 0) {
            asked->sort = &list->sorts[i];
            text_deinit(&known);
            return STATUS_OK;
        }
        text_append_format(&known, "%s%s", i > 0 ? ", " : "", list->sorts[i].name);
    }
    status = error_set_field(ret_error, STATUS_INVALID, "sort",
                             "Expected 'sort' to be one of %s, but found '%.100s'.",
                             text_string(&known), text);
    text_deinit(&known);
    return status;
}

static enum status read_paging(struct list_asked *asked, const char *name, const char *text,
                               struct error *ret_error)
{
    if (strcmp(name, "start") == 0)
        return parse_whole(name, text, 0, INT32_MAX, &asked->start, ret_error);
    if (strcmp(name, "size") == 0)
        return parse_whole(name, text, 0, LIST_SIZE_MAX, &asked->size, ret_error);
    if (strcmp(name, "sort") == 0)
        return read_sort(asked, text, ret_error);
    if (strcmp(text, "asc") != 0 && strcmp(text, "desc") != 0)
        return error_set_field(ret_error, STATUS_INVALID, "order",
                               "Expected 'order' to be asc or desc, but found '%.100s'.", text);
    asked->descending = strcmp(text, "desc") == 0;
    return STATUS_OK;
}

/* ---- conditions ---------------------------------------------------------------------------- */

static void add_condition(struct list_asked *asked, const char *sql)
{
    for (uint32_t i = 0; i < asked->condition_count; i++) {
        if (asked->conditions[i] == sql)
            return; /* an `also` that several filters share */
    }
    INVARIANT(asked->condition_count < LIST_BOUND_MAX * 4);
    asked->conditions[asked->condition_count++] = sql;
}

/* The fragment with every '?' replaced by the number of the parameter just bound. */
static void add_bound(struct list_asked *asked, const char *sql, const struct list_bound *bound)
{
    struct text text = TEXT_INIT;

    INVARIANT(asked->bound_count < LIST_BOUND_MAX);
    asked->bound[asked->bound_count++] = *bound;
    for (; *sql != '\0'; sql++) {
        if (*sql == '?')
            text_append_format(&text, "$%u", asked->bound_count);
        else
            text_append_char(&text, *sql);
    }
    add_condition(asked, arena_copy(asked->arena, text_string(&text)));
    text_deinit(&text);
}

/* PostgreSQL refuses a pattern that ends in the middle of an escape. */
static bool is_pattern(const char *text)
{
    size_t backslashes = 0;
    size_t length = strlen(text);

    while (backslashes < length && text[length - 1 - backslashes] == '\\')
        backslashes++;
    return backslashes % 2 == 0;
}

static enum status read_flag(struct list_asked *asked, const struct list_filter *filter,
                             const char *text, struct error *ret_error)
{
    bool value = strcmp(text, "true") == 0;

    if (!value && strcmp(text, "false") != 0)
        return error_set_field(ret_error, STATUS_INVALID, filter->name,
                               "Expected '%s' to be true or false, but found '%.100s'.",
                               filter->name, text);
    if (filter->kind == LIST_INCLUDE)
        asked->include = asked->include || value;
    else if (filter->kind == LIST_SWITCH)
        asked->switched = value;
    else if (value && filter->sql != NULL)
        add_condition(asked, filter->sql);
    else if (!value && filter->sql_false != NULL)
        add_condition(asked, filter->sql_false);
    return STATUS_OK;
}

static void split(struct list_asked *asked, const char *text, struct list_bound *bound)
{
    size_t parts = 1;

    for (const char *at = text; *at != '\0'; at++)
        parts += *at == ',';
    bound->texts = arena_array(asked->arena, parts, sizeof(char *));
    for (;;) {
        size_t length = strcspn(text, ",");

        bound->texts[bound->text_count++] = arena_copy_bytes(asked->arena, text, length);
        if (text[length] == '\0')
            return;
        text += length + 1;
    }
}

/* Text in the bound's type. */
static enum status take_value(struct list_asked *asked, const struct list_filter *filter,
                              const char *text, struct list_bound *bound, bool *ret_nothing,
                              struct error *ret_error)
{
    struct error inner = {0};

    bound->text = arena_copy(asked->arena, text);
    switch (filter->kind) {
    case LIST_LIKE:
        if (!is_pattern(text))
            return error_set_field(ret_error, STATUS_INVALID, filter->name,
                                   "Expected '%s' not to end with a single backslash, which "
                                   "escapes nothing.",
                                   filter->name);
        return STATUS_OK;
    case LIST_UUID:
        *ret_nothing = !uuid_parse(text, &bound->id);
        return STATUS_OK;
    case LIST_INT:
        return parse_whole(filter->name, text, INT32_MIN, INT32_MAX, &bound->number, ret_error);
    case LIST_TIME:
        if (iso8601_parse_instant(text, &bound->number, &inner) != STATUS_OK)
            return error_set_field(ret_error, STATUS_INVALID, filter->name,
                                   "Expected '%s' to be an ISO 8601 date: %s", filter->name,
                                   inner.message);
        return STATUS_OK;
    case LIST_TEXTS:
        split(asked, text, bound);
        return STATUS_OK;
    default:
        return STATUS_OK;
    }
}

static enum status check_room(const struct list_asked *asked, struct error *ret_error)
{
    if (asked->bound_count < LIST_BOUND_MAX)
        return STATUS_OK;
    return error_set(ret_error, STATUS_INVALID, "Expected at most %d conditions in one query.",
                     LIST_BOUND_MAX);
}

static enum status read_filter(struct list_asked *asked, const struct list_filter *filter,
                               const char *text, struct error *ret_error)
{
    struct list_bound bound = {.kind = filter->kind};
    bool nothing = false;
    enum status status = check_room(asked, ret_error);

    if (status != STATUS_OK)
        return status;
    if (!text_is_utf8(text, strlen(text)))
        return error_set_field(ret_error, STATUS_INVALID, filter->name,
                               "Expected '%s' to be UTF-8.", filter->name);
    if (filter->also != NULL && !asked->switched)
        add_condition(asked, filter->also);
    if (filter->kind == LIST_FLAG || filter->kind == LIST_INCLUDE || filter->kind == LIST_SWITCH)
        return read_flag(asked, filter, text, ret_error);
    if (filter->kind == LIST_VARIABLES)
        return error_set_field(ret_error, STATUS_INVALID, filter->name,
                               "Conditions on variables go into the body of POST /query/….");
    status = take_value(asked, filter, text, &bound, &nothing, ret_error);
    if (status != STATUS_OK)
        return status;
    if (nothing)
        add_condition(asked, "false");
    else
        add_bound(asked, filter->sql, &bound);
    return STATUS_OK;
}

static bool is_paging(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(paging); i++) {
        if (strcmp(name, paging[i]) == 0)
            return true;
    }
    return false;
}

static enum status read_text(struct list_asked *asked, const char *name, const char *text,
                             struct error *ret_error)
{
    const struct list_filter *filter = find_filter(asked->list, name);

    if (is_paging(name))
        return read_paging(asked, name, text, ret_error);
    if (filter == NULL)
        return refuse_unknown(asked->list, name, ret_error);
    return read_filter(asked, filter, text, ret_error);
}

enum status list_read_query(struct list_asked *asked, struct http_request *request,
                            struct error *ret_error)
{
    enum status status = STATUS_OK;
    const char *name;
    const char *text;

    begin(asked);
    for (uint32_t i = 0; i < asked->list->filter_count; i++) {
        const struct list_filter *filter = &asked->list->filters[i];

        /* Switches first: they decide what other filters add. */
        text = filter->kind == LIST_SWITCH ? http_query(request, filter->name) : NULL;
        if (text != NULL && status == STATUS_OK)
            status = read_flag(asked, filter, text, ret_error);
    }
    for (uint32_t i = 0; status == STATUS_OK && http_query_at(request, i, &name, &text); i++)
        status = read_text(asked, name, text, ret_error);
    return status;
}

/* ---- JSON bodies --------------------------------------------------------------------------- */

static enum status read_texts(struct list_asked *asked, const struct list_filter *filter,
                              const json_t *array, struct error *ret_error)
{
    struct list_bound bound = {.kind = LIST_TEXTS, .text_count = 0};
    enum status status = check_room(asked, ret_error);
    size_t i;
    json_t *value;

    if (status != STATUS_OK)
        return status;
    bound.texts = arena_array(asked->arena, json_array_size(array) + 1, sizeof(char *));
    json_array_foreach (array, i, value) {
        if (!json_is_string(value))
            return error_set_field(ret_error, STATUS_INVALID, filter->name,
                                   "Expected '%s' to be an array of texts.", filter->name);
        bound.texts[bound.text_count++] = arena_copy(asked->arena, json_string_value(value));
    }
    if (filter->also != NULL && !asked->switched)
        add_condition(asked, filter->also);
    add_bound(asked, filter->sql, &bound);
    return STATUS_OK;
}

static enum status read_variable(struct list_asked *asked, const struct list_filter *filter,
                                 const json_t *object, struct error *ret_error)
{
    static const char *const known[] = {"name", "value", "operation", "type", NULL};
    struct list_bound bound = {.kind = LIST_VARIABLES};
    const char *name;
    const char *operation;
    json_t *pair;
    char *text;
    enum status status = check_room(asked, ret_error);

    if (status == STATUS_OK && !json_is_object(object))
        status = error_set_field(ret_error, STATUS_INVALID, filter->name,
                                 "Expected each entry of '%s' to be an object.", filter->name);
    if (status == STATUS_OK)
        status = json_only_fields(object, known, ret_error);
    if (status == STATUS_OK)
        status = json_field_required_text(object, "name", &name, ret_error);
    if (status == STATUS_OK)
        status = json_field_required_text(object, "operation", &operation, ret_error);
    if (status != STATUS_OK)
        return status;
    if (strcmp(operation, "equals") != 0 && strcmp(operation, "notEquals") != 0)
        return error_set_field(ret_error, STATUS_INVALID, "operation",
                               "Expected the operation to be equals or notEquals, but found "
                               "'%.60s'; others are not supported.",
                               operation);
    pair = json_object();
    json_put(pair, name,
             json_object_get(object, "value") != NULL
                 ? json_incref(json_object_get(object, "value"))
                 : json_null());
    text = json_dumps(pair, JSON_COMPACT);
    json_decref(pair);
    bound.text = arena_copy(asked->arena, text);
    free(text); /* jansson's */
    add_bound(asked, operation[0] == 'e' ? filter->sql : filter->sql_false, &bound);
    return STATUS_OK;
}

static enum status read_variables(struct list_asked *asked, const struct list_filter *filter,
                                  const json_t *array, struct error *ret_error)
{
    enum status status = STATUS_OK;
    size_t i;
    json_t *object;

    if (!json_is_array(array))
        return error_set_field(ret_error, STATUS_INVALID, filter->name,
                               "Expected '%s' to be an array of {name, operation, value}.",
                               filter->name);
    json_array_foreach (array, i, object) {
        if (status == STATUS_OK)
            status = read_variable(asked, filter, object, ret_error);
    }
    return status;
}

static enum status read_member(struct list_asked *asked, const char *name, const json_t *value,
                               struct error *ret_error)
{
    const struct list_filter *filter = find_filter(asked->list, name);
    bool wants_number = filter != NULL ? filter->kind == LIST_INT
                                       : strcmp(name, "start") == 0 || strcmp(name, "size") == 0;
    bool wants_flag =
        filter != NULL &&
        (filter->kind == LIST_FLAG || filter->kind == LIST_INCLUDE || filter->kind == LIST_SWITCH);

    if (filter == NULL && !is_paging(name))
        return refuse_unknown(asked->list, name, ret_error);
    if (json_is_null(value))
        return STATUS_OK;
    if (filter != NULL && filter->kind == LIST_VARIABLES)
        return read_variables(asked, filter, value, ret_error);
    if (filter != NULL && filter->kind == LIST_TEXTS && json_is_array(value))
        return read_texts(asked, filter, value, ret_error);
    if (wants_number ? !json_is_integer(value)
        : wants_flag ? !json_is_boolean(value)
                     : !json_is_string(value))
        return error_set_field(ret_error, STATUS_INVALID, name, "Expected '%s' to be %s.", name,
                               wants_number ? "a whole number"
                               : wants_flag ? "true or false"
                                            : "a text");
    if (json_is_integer(value))
        return read_text(asked, name,
                         arena_format(asked->arena, "%lld", (long long)json_integer_value(value)),
                         ret_error);
    if (json_is_boolean(value))
        return read_text(asked, name, json_is_true(value) ? "true" : "false", ret_error);
    return read_text(asked, name, json_string_value(value), ret_error);
}

enum status list_read_body(struct list_asked *asked, const json_t *body, struct error *ret_error)
{
    enum status status = STATUS_OK;
    const char *name;
    json_t *value;

    begin(asked);
    for (uint32_t i = 0; i < asked->list->filter_count; i++) {
        const struct list_filter *filter = &asked->list->filters[i];

        if (filter->kind == LIST_SWITCH && status == STATUS_OK &&
            json_object_get(body, filter->name) != NULL)
            status =
                read_member(asked, filter->name, json_object_get(body, filter->name), ret_error);
    }
    json_object_foreach ((json_t *)(uintptr_t)body, name, value) {
        if (status == STATUS_OK)
            status = read_member(asked, name, value, ret_error);
    }
    return status;
}
