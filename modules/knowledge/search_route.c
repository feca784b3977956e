/* GET /api/v1/articles/search: articles by their text, best first, with rank and what was found.
 *
 * Words as a reader types them: `printer -scanner "paper jam"`. The page is found and ranked first;
 * only what is answered has its text read for the headline. */
#include "modules/knowledge/article.h"

#include <string.h>

/* $1 words, $2 status, $3 category, $4 how many, $5 how many to leave out */
static const struct pg_statement search_articles = {
    "knowledge_search",
    "SELECT t.article_id, t.title, t.summary, t.category, t.status, t.current_version,"
    "   t.published_version, t.updated_at, t.rating_count,"
    "   round(t.rating_sum / NULLIF(t.rating_count, 0)::numeric, 2)::float8, t.helpful_count,"
    "   f.rank, ts_headline('english', left(t.title || ' ... ' || COALESCE(t.summary, '') ||"
    "     ' ... ' || t.body, 20000), websearch_to_tsquery('english', $1),"
    "     'StartSel=\"**\", StopSel=\"**\", MaxFragments=2, MaxWords=25, MinWords=8')"
    " FROM synergyflow_knowledge.find_articles($1, $2, $3, $4::int, $5::int) AS f"
    "   JOIN synergyflow_knowledge.articles t USING (article_id)"
    " ORDER BY f.rank DESC, t.article_id"};

static const struct operation_column columns[] = {
    {"articleId", COLUMN_TEXT},        {"title", COLUMN_TEXT},
    {"summary", COLUMN_TEXT},          {"category", COLUMN_TEXT},
    {"status", COLUMN_TEXT},           {"currentVersion", COLUMN_TEXT},
    {"publishedVersion", COLUMN_TEXT}, {"updatedAt", COLUMN_INSTANT},
    {"ratingCount", COLUMN_NUMBER},    {"ratingAverage", COLUMN_FLOAT},
    {"helpfulCount", COLUMN_NUMBER},   {"rank", COLUMN_FLOAT},
    {"headline", COLUMN_TEXT},
};

static const struct operation_object found_object = {columns, COUNT_OF(columns), NULL};

/* The parameters as an input, so that they are checked as fields are. */
static const struct operation_field fields[] = {
    {.name = "q", .kind = OPERATION_TEXT, .required = true, .maximum = ARTICLE_SEARCH_MAX},
    {.name = "status", .kind = OPERATION_NAME, .names = article_states},
    {.name = "category", .kind = OPERATION_TEXT, .maximum = ARTICLE_NAME_MAX},
    {.name = "start", .kind = OPERATION_NUMBER, .maximum = 2000},
    {.name = "size", .kind = OPERATION_NUMBER, .minimum = 1, .maximum = ARTICLE_FOUND_MAX},
};

static const struct operation shape = {.fields = fields, .field_count = COUNT_OF(fields)};

enum { FOUND_DEFAULT = 20, DIGITS_MAX = 9 };

static json_t *number_or_text(const char *text)
{
    int64_t value = 0;
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > DIGITS_MAX || text[digits] != '\0')
        return json_string(text);
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (text[i] - '0');
    return json_integer(value);
}

static enum status read_parameters(struct http_request *request, json_t *input,
                                   struct error *ret_error)
{
    const char *name;
    const char *value;

    for (uint32_t i = 0; http_query_at(request, i, &name, &value); i++) {
        bool is_number = strcmp(name, "start") == 0 || strcmp(name, "size") == 0;

        json_object_set_new(input, name, is_number ? number_or_text(value) : json_string(value));
    }
    static const char *const known[] = {"q", "status", "category", "start", "size", NULL};
    enum status status = json_only_fields(input, known, ret_error);

    return status != STATUS_OK ? status : operation_check(&shape, input, ret_error);
}

static void on_found(void *context, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct http_request *request = context;

    if (status != STATUS_OK) {
        http_reply_error(request, error);
        return;
    }
    const struct pg_result *rows = pg_batch_result(batch, 0);
    json_t *data = json_array();

    for (uint32_t i = 0; i < pg_rows(rows); i++)
        json_array_append_new(data, operation_json(&found_object, rows, i, 0));
    http_reply_json(
        request, 200,
        json_pack("{s:o, s:I}", "data", data, "size", (json_int_t)json_array_size(data)));
}

static int64_t number_of(const json_t *input, const char *name, int64_t absent)
{
    const json_t *value = operation_input(input, name);

    return value == NULL ? absent : json_integer_value(value);
}

void article_route_search(void *context, struct http_request *request)
{
    struct pg_batch *batch = pg_batch_new(http_arena(request));
    json_t *input = json_object();
    struct error error;

    error_clear(&error);
    if (read_parameters(request, input, &error) != STATUS_OK) {
        json_decref(input);
        http_reply_error(request, &error);
        return;
    }
    struct pg_call *call = pg_batch_add(batch, &search_articles);

    pg_text(call, operation_text(input, "q"));
    pg_text(call, json_string_value(operation_input(input, "status")));
    pg_text(call, json_string_value(operation_input(input, "category")));
    pg_int8(call, number_of(input, "size", FOUND_DEFAULT));
    pg_int8(call, number_of(input, "start", 0));
    json_decref(input);
    module_query(context, batch, on_found, request); /* suspended: until the page is read */
}
