/* Reading over REST: an article, and one of its versions. */
#include "modules/knowledge/article.h"

static const struct pg_statement read_article = {
    "knowledge_read",
    "SELECT " ARTICLE_COLUMNS " FROM synergyflow_knowledge.articles t WHERE t.article_id = $1"};

static const struct pg_statement read_version = {
    "knowledge_read_version",
    "SELECT v.version, v.status, v.title, v.author, v.comment, v.created_at, v.summary, v.body"
    " FROM synergyflow_knowledge.article_versions v WHERE v.article_id = $1 AND v.version = $2"};

static const struct operation_column version_columns[] = {
    {"version", COLUMN_TEXT}, {"status", COLUMN_TEXT},  {"title", COLUMN_TEXT},
    {"author", COLUMN_TEXT},  {"comment", COLUMN_TEXT}, {"createdAt", COLUMN_INSTANT},
    {"summary", COLUMN_TEXT}, {"body", COLUMN_TEXT},
};

static const struct operation_object version_object = {version_columns, COUNT_OF(version_columns),
                                                       NULL};
/* What readers think of it is counted beside its version. */
static const struct operation_read article = {&read_article, &article_object, "articleId",
                                              "an article", true};

void article_reply(struct module_host *host, struct http_request *request, const char *article_id,
                   int status)
{
    operation_reply(host, request, &article, article_id, status, "/api/v1/articles");
}

void article_route_get(void *context, struct http_request *request)
{
    article_reply(context, request, http_param(request, "articleId"), 200);
}

/* A request while its query runs; in the request's arena. */
struct version_read {
    struct http_request *request;
    const char *article_id;
    const char *version;
};

static void on_version(void *context, struct pg_batch *batch, enum status status,
                       const struct error *error)
{
    const struct version_read *read = context;
    struct error missing;

    error_clear(&missing);
    if (status == STATUS_OK && pg_rows(pg_batch_result(batch, 0)) == 0) {
        status = error_set_field(&missing, STATUS_NOT_FOUND, "version",
                                 "Expected a version \"%.20s\" of an article \"%.60s\" but there "
                                 "is none.",
                                 read->version, read->article_id);
        error = &missing;
    }
    if (status != STATUS_OK)
        http_reply_error(read->request, error);
    else
        http_reply_json(read->request, 200,
                        operation_json(&version_object, pg_batch_result(batch, 0), 0, 0));
}

void article_route_version(void *context, struct http_request *request)
{
    struct version_read *read = arena_alloc(http_arena(request), sizeof *read);
    struct pg_batch *batch = pg_batch_new(http_arena(request));
    struct pg_call *call = pg_batch_add(batch, &read_version);

    read->request = request;
    read->article_id = http_param(request, "articleId");
    read->version = http_param(request, "version");
    pg_text(call, read->article_id);
    pg_text(call, read->version);
    module_query(context, batch, on_version, read); /* suspended: until the row is read */
}
