/* A list's answer.
 *
 * Happy path
 *   - the parameters are read, the rows counted (up to a limit) and the page read in one batch
 *   - the page's last row becomes the cursor of the next one
 *
 * Failure modes
 *   - a parameter is wrong: 400, nothing is asked of the database
 *   - the thing that the rows are within does not exist: 404 */
#include "engine/module/cursor.h"
#include "engine/module/list_private.h"

enum { RESULT_COUNT, RESULT_PAGE, RESULT_WITHIN };

static json_t *value_at(const struct pg_result *result, uint32_t row, uint32_t column,
                        enum module_value_type type)
{
    char text[UUID_TEXT_BYTES];
    struct uuid id;

    if (pg_is_null(result, row, column))
        return json_null();
    switch (type) {
    case MODULE_VALUE_TEXT:
        return json_string(pg_value_text(result, row, column));
    case MODULE_VALUE_NUMBER:
        return json_integer(pg_value_int(result, row, column));
    case MODULE_VALUE_INSTANT:
        return json_integer(pg_value_timestamp(result, row, column));
    case MODULE_VALUE_UUID:
        id = pg_value_uuid(result, row, column);
        return json_string(uuid_format(&id, text));
    }
    return json_null();
}

/* The cursor behind a row. New reference. */
static json_t *cursor_after(const struct list_query *query, const struct pg_result *page,
                            uint32_t row)
{
    uint32_t columns = pg_columns(page);
    json_t *value = value_at(page, row, columns - 2, query->sort->type);
    json_t *key = value_at(page, row, columns - 1, query->list->key_type);
    struct cursor cursor = {
        .sort = query->sort->name,
        .order = query->is_descending ? "desc" : "asc",
        .digest = (int64_t)query->digest,
        .value = value,
        .key = key,
    };
    json_t *text = json_string(cursor_write(&cursor, query->arena));

    json_decref(value);
    json_decref(key);
    return text;
}

static json_t *answer(const struct list_query *query, struct pg_batch *batch)
{
    const struct pg_result *page = pg_batch_result(batch, RESULT_PAGE);
    int64_t counted = pg_value_int(pg_batch_result(batch, RESULT_COUNT), 0, 0);
    bool is_exact = counted <= MODULE_LIST_TOTAL_MAX;
    bool has_next = pg_rows(page) > query->size;
    uint32_t rows = has_next ? (uint32_t)query->size : pg_rows(page);
    json_t *data = json_array();
    json_t *body;

    for (uint32_t i = 0; i < rows; i++)
        json_array_append_new(data, query->list->row(page, i, 0));
    body = json_pack("{s:o, s:I, s:b, s:I, s:s, s:s, s:I, s:o}", "data", data, "total",
                     (json_int_t)(is_exact ? counted : MODULE_LIST_TOTAL_MAX), "totalIsExact",
                     is_exact, "start", (json_int_t)query->start, "sort", query->sort->name,
                     "order", query->is_descending ? "desc" : "asc", "size", (json_int_t)rows,
                     "next", has_next ? cursor_after(query, page, rows - 1) : json_null());
    if (query->list->listener_id != NULL)
        json_object_set_new(body, "freshness",
                            module_freshness(batch, query->freshness, module_now_us()));
    return body;
}

static void reply_nowhere(const struct list_query *query)
{
    struct error error;

    error_clear(&error);
    error_set_field(&error, STATUS_NOT_FOUND, query->list->within_param,
                    "Expected %s \"%.60s\" but there is none.", query->list->within_noun,
                    http_param(query->request, query->list->within_param));
    http_reply_error(query->request, &error);
}

static void on_read(void *context, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    const struct list_query *query = context;

    if (status != STATUS_OK)
        http_reply_error(query->request, error);
    else if (query->list->within != NULL && pg_rows(pg_batch_result(batch, RESULT_WITHIN)) == 0)
        reply_nowhere(query);
    else
        http_reply_json(query->request, 200, answer(query, batch));
}

static void add_within(const struct list_query *query, struct pg_batch *batch)
{
    struct pg_statement *statement = arena_alloc(query->arena, sizeof *statement);

    statement->sql = query->list->within_exists;
    pg_text(pg_batch_add(batch, statement), query->values[0].text);
}

void module_list_reply(struct module_host *host, struct http_request *request,
                       const struct module_list *list)
{
    struct arena *arena = http_arena(request);
    struct list_query *query = arena_alloc(arena, sizeof *query);
    struct pg_batch *batch = pg_batch_new(arena);
    struct error error;

    error_clear(&error);
    query->list = list;
    query->request = request;
    query->arena = arena;
    if (list_query_read(query, &error) != STATUS_OK) {
        http_reply_error(request, &error);
        return;
    }
    list_add_count(query, batch);
    list_add_page(query, batch);
    if (list->within != NULL)
        add_within(query, batch);
    if (list->listener_id != NULL)
        query->freshness = module_freshness_add(batch, list->listener_id);
    module_query(host, batch, on_read, query); /* suspended: until the page is read */
}
