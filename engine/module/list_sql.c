/* The statements of a list. The text is put together from the module's fixed fragments; every value
 * travels as a parameter.
 *
 * A page after a cursor is a range of the index on (sort expression, key): a row comparison, which
 * PostgreSQL turns into the scan's start. NULLs are no part of that range; where the order has them
 * after it (or it after them) the page is the first rows of two ranges. */
#include "engine/module/list_private.h"

static const char *type_name(enum module_value_type type)
{
    static const char *const names[] = {
        [MODULE_VALUE_TEXT] = "text",
        [MODULE_VALUE_NUMBER] = "bigint",
        [MODULE_VALUE_INSTANT] = "timestamptz",
        [MODULE_VALUE_UUID] = "uuid",
    };

    return names[type];
}

static void add_value(struct pg_call *call, const struct list_value *value)
{
    struct uuid id = {0};

    switch (value->type) {
    case MODULE_VALUE_TEXT:
        pg_text(call, value->text);
        break;
    case MODULE_VALUE_NUMBER:
        pg_int8(call, value->number);
        break;
    case MODULE_VALUE_INSTANT:
        pg_timestamp(call, value->number);
        break;
    case MODULE_VALUE_UUID:
        (void)!uuid_parse(value->text, &id); /* it was when the cursor was read */
        pg_uuid(call, &id);
        break;
    }
}

static struct pg_call *add_statement(const struct list_query *query, struct pg_batch *batch,
                                     const char *sql)
{
    struct pg_statement *statement = arena_alloc(query->arena, sizeof *statement);
    struct pg_call *call;

    statement->sql = sql;
    call = pg_batch_add(batch, statement);
    for (uint32_t i = 0; i < query->value_count; i++)
        add_value(call, &query->values[i]);
    return call;
}

void list_add_count(const struct list_query *query, struct pg_batch *batch)
{
    /* Without a filter the key's index gives the rows; PostgreSQL might read the table instead. */
    const char *order =
        query->value_count > 0 ? "" : arena_format(query->arena, " ORDER BY %s", query->list->key);

    add_statement(query, batch,
                  arena_format(query->arena,
                               "SELECT count(*) FROM (SELECT 1 FROM %s WHERE %s%s LIMIT %d) c",
                               query->list->from, query->where, order, MODULE_LIST_TOTAL_MAX + 1));
}

/* "value order, key order" with its NULLs where an index has them. */
static const char *order_by(const struct list_query *query, const char *value, const char *key)
{
    return query->is_descending
               ? arena_format(query->arena, "%s DESC NULLS FIRST, %s DESC", value, key)
               : arena_format(query->arena, "%s ASC NULLS LAST, %s ASC", value, key);
}

/* The first rows of one range. */
static const char *select_range(const struct list_query *query, const char *range)
{
    const struct module_list *list = query->list;

    return arena_format(query->arena,
                        "SELECT %s, %s AS module_value, %s AS module_key FROM %s WHERE %s%s"
                        " ORDER BY %s LIMIT %lld OFFSET %lld",
                        list->columns, query->sort->expression, list->key, list->from, query->where,
                        range, order_by(query, query->sort->expression, list->key),
                        (long long)(query->size + 1), (long long)query->start);
}

static const char *select_two_ranges(const struct list_query *query, const char *first,
                                     const char *second)
{
    return arena_format(
        query->arena, "SELECT page.* FROM ((%s) UNION ALL (%s)) page ORDER BY %s LIMIT %lld",
        select_range(query, first), select_range(query, second),
        order_by(query, "page.module_value", "page.module_key"), (long long)(query->size + 1));
}

/* Behind a row whose sort value is NULL. */
static void add_page_after_null(const struct list_query *query, struct pg_batch *batch)
{
    const char *expression = query->sort->expression;
    const char *range = arena_format(query->arena, " AND %s IS NULL AND %s %s $%u::%s", expression,
                                     query->list->key, query->is_descending ? "<" : ">",
                                     query->value_count + 1, type_name(query->list->key_type));
    const char *sql =
        query->is_descending
            ? select_two_ranges(query, range,
                                arena_format(query->arena, " AND %s IS NOT NULL", expression))
            : select_range(query, range);

    add_value(add_statement(query, batch, sql), &query->after_key);
}

static void add_page_after_value(const struct list_query *query, struct pg_batch *batch)
{
    const char *expression = query->sort->expression;
    const char *range = arena_format(query->arena, " AND (%s, %s) %s ($%u::%s, $%u::%s)",
                                     expression, query->list->key, query->is_descending ? "<" : ">",
                                     query->value_count + 1, type_name(query->sort->type),
                                     query->value_count + 2, type_name(query->list->key_type));
    const char *sql =
        query->sort->nullable && !query->is_descending
            ? select_two_ranges(query, range,
                                arena_format(query->arena, " AND %s IS NULL", expression))
            : select_range(query, range);
    struct pg_call *call = add_statement(query, batch, sql);

    add_value(call, &query->after_value);
    add_value(call, &query->after_key);
}

void list_add_page(const struct list_query *query, struct pg_batch *batch)
{
    if (!query->has_cursor)
        add_statement(query, batch, select_range(query, ""));
    else if (query->after_null)
        add_page_after_null(query, batch);
    else
        add_page_after_value(query, batch);
}
