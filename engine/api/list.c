/* Lists in Flowable's form {data, total, start, sort, order, size}, from a table of columns,
 * filters and sorts. total is counted apart only when the page is not the whole. */
#include "engine/api/internal.h"

#include "bpmn/base/text.h"

#include <string.h>

struct listing {
    struct api_query query;
    struct list_asked asked;
    json_t *data; /* owned while the count is under way */
};

static void give_parameters(struct pg_call *call, const struct list_asked *asked)
{
    for (uint32_t i = 0; i < asked->bound_count; i++) {
        const struct list_bound *bound = &asked->bound[i];
        struct pg_array *texts;

        switch (bound->kind) {
        case LIST_UUID:
            pg_uuid(call, &bound->id);
            break;
        case LIST_INT:
            pg_int4(call, (int32_t)bound->number);
            break;
        case LIST_TIME:
            pg_timestamp(call, bound->number);
            break;
        case LIST_VARIABLES:
            pg_jsonb(call, bound->text);
            break;
        case LIST_TEXTS:
            texts = pg_text_array(call);
            for (uint32_t t = 0; t < bound->text_count; t++)
                pg_add_text(texts, bound->texts[t]);
            break;
        default:
            pg_text(call, bound->text);
            break;
        }
    }
}

static void append_where(struct text *sql, const struct list_asked *asked)
{
    text_append_format(sql, " FROM %s WHERE (%s)", asked->list->from, asked->list->where);
    for (uint32_t i = 0; i < asked->condition_count; i++)
        text_append_format(sql, " AND (%s)", asked->conditions[i]);
}

static struct pg_statement take_statement(struct arena *arena, struct text *sql)
{
    struct pg_statement statement = {NULL, arena_copy(arena, text_string(sql))};

    text_deinit(sql);
    return statement;
}

static struct pg_statement page_statement(const struct list_asked *asked)
{
    const struct list *list = asked->list;
    const char *direction = asked->descending ? "DESC" : "ASC";
    struct text sql = TEXT_INIT;

    text_append_format(&sql, "SELECT %s, %s", list->columns,
                       asked->include && list->include != NULL ? list->include : "NULL::jsonb");
    append_where(&sql, asked);
    text_append_format(&sql, " ORDER BY %s %s, %s %s LIMIT %lld OFFSET %lld", asked->sort->sql,
                       direction, list->tie, direction, (long long)asked->size,
                       (long long)asked->start);
    return take_statement(asked->arena, &sql);
}

static struct pg_statement count_statement(const struct list_asked *asked)
{
    struct text sql = TEXT_INIT;

    text_append(&sql, "SELECT count(*)");
    append_where(&sql, asked);
    return take_statement(asked->arena, &sql);
}

static void answer(struct listing *listing, int64_t total)
{
    json_t *body = json_object();
    size_t size = json_array_size(listing->data);

    json_put(body, "data", listing->data);
    json_put(body, "total", json_integer(total));
    json_put(body, "start", json_integer(listing->asked.start));
    json_put_text(body, "sort", listing->asked.sort->name);
    json_put_text(body, "order", listing->asked.descending ? "desc" : "asc");
    json_put(body, "size", json_integer((json_int_t)size));
    http_reply_json(listing->query.request, 200, body);
}

static void on_count(void *context, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct listing *listing = context;

    if (status != STATUS_OK) {
        json_decref(listing->data);
        http_reply_error(listing->query.request, error);
        return;
    }
    answer(listing, pg_value_int(pg_batch_result(batch, 0), 0, 0));
}

static void on_page(struct api_query *query)
{
    struct listing *listing = query->state;
    const struct list_asked *asked = &listing->asked;
    struct api_row row = {.api = query->api, .request = query->request};
    struct pg_statement *count;
    struct pg_batch *batch;
    uint32_t rows;

    row.rows = api_query_rows(query, 0);
    rows = pg_rows(row.rows);
    listing->data = json_array();
    for (; row.row < rows; row.row++)
        (void)json_array_append_new(listing->data, asked->list->represent(&row));
    if (rows < asked->size && (rows > 0 || asked->start == 0)) {
        answer(listing, asked->start + rows);
        return;
    }
    count = arena_alloc(asked->arena, sizeof(*count));
    *count = count_statement(asked);
    batch = pg_batch_new(asked->arena);
    give_parameters(pg_batch_add(batch, count), asked);
    pg_query(query->api->pool, batch, API_QUERY_TIMEOUT_MS, on_count, listing);
    /* suspended: until the rows are counted */
}

static struct listing *listing_new(const struct api_settings *api, struct http_request *request,
                                   const struct list *list)
{
    struct listing *listing = arena_alloc(http_arena(request), sizeof(*listing));

    listing->query = *api_query_new(api, request, on_page);
    listing->query.state = listing;
    listing->asked.list = list;
    listing->asked.arena = http_arena(request);
    return listing;
}

static void run(struct listing *listing)
{
    struct pg_statement *page = arena_alloc(listing->asked.arena, sizeof(*page));

    *page = page_statement(&listing->asked);
    give_parameters(api_query_add(&listing->query, page), &listing->asked);
    api_query_run(&listing->query);
}

void list_answer(const struct api_settings *api, struct http_request *request,
                 const struct list *list)
{
    struct listing *listing = listing_new(api, request, list);
    struct error error = {0};

    if (list_read_query(&listing->asked, request, &error) != STATUS_OK)
        http_reply_error(request, &error);
    else
        run(listing);
}

void list_answer_body(const struct api_settings *api, struct http_request *request,
                      const struct list *list)
{
    struct listing *listing = listing_new(api, request, list);
    struct error error = {0};
    json_t *body = NULL;
    enum status status = http_json_object(request, true, &body, &error);

    if (status == STATUS_OK)
        status = list_read_body(&listing->asked, body, &error);
    json_decref(body);
    if (status != STATUS_OK)
        http_reply_error(request, &error);
    else
        run(listing);
}

struct pg_statement list_one_statement(struct arena *arena, const struct list *list,
                                       const char *condition, bool include)
{
    struct text sql = TEXT_INIT;

    text_append_format(&sql, "SELECT %s, %s FROM %s WHERE (%s) AND (%s)", list->columns,
                       include && list->include != NULL ? list->include : "NULL::jsonb", list->from,
                       list->where, condition);
    return take_statement(arena, &sql);
}

static void on_one(struct api_query *query)
{
    const struct list *list = query->state;
    struct api_row row = {query->api, query->request, api_query_rows(query, 0), 0};

    if (pg_rows(row.rows) == 0)
        api_not_found(query->request, list->noun, query->subject);
    else
        http_reply_json(query->request, 200, list->represent(&row));
}

static struct pg_call *one_query(const struct api_settings *api, struct http_request *request,
                                 const struct list *list, const char *condition,
                                 const char *subject, struct api_query **ret_query)
{
    struct pg_statement *statement = arena_alloc(http_arena(request), sizeof(*statement));
    struct api_query *query = api_query_new(api, request, on_one);

    *statement = list_one_statement(http_arena(request), list, condition, true);
    query->state = (void *)(uintptr_t)list;
    query->subject = subject;
    *ret_query = query;
    return api_query_add(query, statement);
}

void list_answer_one(const struct api_settings *api, struct http_request *request,
                     const struct list *list, const char *condition, const struct uuid *id)
{
    char text[UUID_TEXT_BYTES];
    struct api_query *query;

    pg_uuid(one_query(api, request, list, condition,
                      arena_copy(http_arena(request), uuid_format(id, text)), &query),
            id);
    api_query_run(query);
}

void list_answer_one_text(const struct api_settings *api, struct http_request *request,
                          const struct list *list, const char *condition, const char *id)
{
    struct api_query *query;

    if (!text_is_utf8(id, strlen(id))) {
        api_not_found(request, list->noun, id);
        return;
    }
    pg_text(one_query(api, request, list, condition, id, &query), id);
    api_query_run(query);
}
