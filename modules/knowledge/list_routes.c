/* The lists of this module over REST: articles, without their text; and the versions, votes and
 * incidents of one. */
#include "modules/knowledge/article.h"

static const struct operation_column article_columns[] = {
    {"articleId", COLUMN_TEXT},        {"title", COLUMN_TEXT},
    {"summary", COLUMN_TEXT},          {"keywords", COLUMN_TEXT},
    {"category", COLUMN_TEXT},         {"status", COLUMN_TEXT},
    {"author", COLUMN_TEXT},           {"currentVersion", COLUMN_TEXT},
    {"publishedVersion", COLUMN_TEXT}, {"reviewer", COLUMN_TEXT},
    {"reviewGroup", COLUMN_TEXT},      {"reviewDueAt", COLUMN_INSTANT},
    {"validUntil", COLUMN_INSTANT},    {"publishedAt", COLUMN_INSTANT},
    {"createdAt", COLUMN_INSTANT},     {"updatedAt", COLUMN_INSTANT},
    {"ratingCount", COLUMN_NUMBER},    {"ratingAverage", COLUMN_FLOAT},
    {"helpfulCount", COLUMN_NUMBER},   {"unhelpfulCount", COLUMN_NUMBER},
    {"useCount", COLUMN_NUMBER},       {"version", COLUMN_NUMBER},
};

#define LISTED_COLUMNS                                                                       \
    "t.article_id, t.title, t.summary, t.keywords, t.category, t.status, t.author,"          \
    " t.current_version, t.published_version, t.reviewer, t.review_group, t.review_due_at,"  \
    " t.valid_until, t.published_at, t.created_at, t.updated_at, t.rating_count,"            \
    " round(t.rating_sum / NULLIF(t.rating_count, 0)::numeric, 2)::float8, t.helpful_count," \
    " t.unhelpful_count, t.use_count, t.version"

static const struct operation_column version_columns[] = {
    {"version", COLUMN_TEXT}, {"status", COLUMN_TEXT},  {"title", COLUMN_TEXT},
    {"author", COLUMN_TEXT},  {"comment", COLUMN_TEXT}, {"createdAt", COLUMN_INSTANT},
};

static const struct operation_column rating_columns[] = {
    {"userId", COLUMN_TEXT},  {"rating", COLUMN_NUMBER},   {"helpful", COLUMN_FLAG},
    {"comment", COLUMN_TEXT}, {"ratedAt", COLUMN_INSTANT},
};

static const struct operation_column incident_columns[] = {
    {"incidentId", COLUMN_TEXT},
    {"linkedBy", COLUMN_TEXT},
    {"linkedAt", COLUMN_INSTANT},
};

static const struct operation_object listed = {article_columns, COUNT_OF(article_columns), NULL};
static const struct operation_object version_object = {version_columns, COUNT_OF(version_columns),
                                                       NULL};
static const struct operation_object rating_object = {rating_columns, COUNT_OF(rating_columns),
                                                      NULL};
static const struct operation_object incident_object = {incident_columns,
                                                        COUNT_OF(incident_columns), NULL};

static json_t *article_row(const struct pg_result *result, uint32_t row, uint32_t column)
{
    return operation_json(&listed, result, row, column);
}

static json_t *version_row(const struct pg_result *result, uint32_t row, uint32_t column)
{
    return operation_json(&version_object, result, row, column);
}

static json_t *rating_row(const struct pg_result *result, uint32_t row, uint32_t column)
{
    return operation_json(&rating_object, result, row, column);
}

static json_t *incident_row(const struct pg_result *result, uint32_t row, uint32_t column)
{
    return operation_json(&incident_object, result, row, column);
}

static const struct module_filter article_filters[] = {
    {.name = "status",
     .kind = MODULE_FILTER_NAME,
     .condition = "t.status = $%u",
     .names = article_states},
    {.name = "category", .kind = MODULE_FILTER_TEXT, .condition = "t.category = $%u"},
    {.name = "author", .kind = MODULE_FILTER_TEXT, .condition = "t.author = $%u"},
    {.name = "reviewer", .kind = MODULE_FILTER_TEXT, .condition = "t.reviewer = $%u"},
    {.name = "reviewGroup", .kind = MODULE_FILTER_TEXT, .condition = "t.review_group = $%u"},
    {.name = "incidentId",
     .kind = MODULE_FILTER_TEXT,
     .condition = "t.article_id IN (SELECT l.article_id"
                  " FROM synergyflow_knowledge.article_incidents l WHERE l.incident_id = $%u)"},
    {.name = "text",
     .kind = MODULE_FILTER_SEARCH,
     .condition = "t.article_id IN (SELECT f.article_id"
                  " FROM synergyflow_knowledge.find_articles($%u, NULL, NULL, 2000, 0) f)"},
    {.name = "created", .kind = MODULE_FILTER_INSTANT, .condition = "t.created_at"},
    {.name = "updated", .kind = MODULE_FILTER_INSTANT, .condition = "t.updated_at"},
    {.name = "validUntil", .kind = MODULE_FILTER_INSTANT, .condition = "t.valid_until"},
};

static const struct module_sort article_sorts[] = {
    {.name = "createdAt", .expression = "t.created_at", .type = MODULE_VALUE_INSTANT},
    {.name = "updatedAt", .expression = "t.updated_at", .type = MODULE_VALUE_INSTANT},
    {.name = "title", .expression = "t.title", .type = MODULE_VALUE_TEXT},
    {.name = "validUntil",
     .expression = "t.valid_until",
     .type = MODULE_VALUE_INSTANT,
     .nullable = true},
    {.name = "rating",
     .expression = "(t.rating_sum * 1000::bigint / NULLIF(t.rating_count, 0))",
     .type = MODULE_VALUE_NUMBER,
     .nullable = true},
    {.name = "useCount", .expression = "t.use_count", .type = MODULE_VALUE_NUMBER},
};

static const struct module_list articles = {
    .from = "synergyflow_knowledge.articles t",
    .columns = LISTED_COLUMNS,
    .key = "t.article_id",
    .key_type = MODULE_VALUE_TEXT,
    .filters = article_filters,
    .filter_count = COUNT_OF(article_filters),
    .sorts = article_sorts,
    .sort_count = COUNT_OF(article_sorts),
    .default_sort = "createdAt",
    .default_order = "desc",
    .row = article_row,
};

void article_route_list(void *context, struct http_request *request)
{
    module_list_reply(context, request, &articles);
}

#define WITHIN_AN_ARTICLE                                                                  \
    .within = "t.article_id = $%u", .within_param = "articleId",                           \
    .within_exists = "SELECT 1 FROM synergyflow_knowledge.articles WHERE article_id = $1", \
    .within_noun = "an article"

/* In order of their numbers: 1.10 comes after 1.9. */
static const struct module_sort version_sorts[] = {
    {.name = "version",
     .expression = "(split_part(t.version, '.', 1)::bigint * 1000000"
                   " + split_part(t.version, '.', 2)::bigint)",
     .type = MODULE_VALUE_NUMBER},
};

static const struct module_list versions = {
    .from = "synergyflow_knowledge.article_versions t",
    .columns = "t.version, t.status, t.title, t.author, t.comment, t.created_at",
    .key = "t.version",
    .key_type = MODULE_VALUE_TEXT,
    .sorts = version_sorts,
    .sort_count = COUNT_OF(version_sorts),
    .default_sort = "version",
    .default_order = "desc",
    .row = version_row,
    WITHIN_AN_ARTICLE,
};

void article_route_versions(void *context, struct http_request *request)
{
    module_list_reply(context, request, &versions);
}

static const struct module_filter rating_filters[] = {
    {.name = "rating",
     .kind = MODULE_FILTER_NUMBER,
     .condition = "t.rating = $%u",
     .minimum = 1,
     .maximum = 5},
    {.name = "helpful",
     .kind = MODULE_FILTER_BOOLEAN,
     .condition = "t.helpful",
     .otherwise = "NOT t.helpful"},
};

static const struct module_sort rating_sorts[] = {
    {.name = "ratedAt", .expression = "t.rated_at", .type = MODULE_VALUE_INSTANT},
};

static const struct module_list ratings = {
    .from = "synergyflow_knowledge.article_ratings t",
    .columns = "t.user_id, t.rating, t.helpful, t.comment, t.rated_at",
    .key = "t.user_id",
    .key_type = MODULE_VALUE_TEXT,
    .filters = rating_filters,
    .filter_count = COUNT_OF(rating_filters),
    .sorts = rating_sorts,
    .sort_count = COUNT_OF(rating_sorts),
    .default_sort = "ratedAt",
    .default_order = "desc",
    .row = rating_row,
    WITHIN_AN_ARTICLE,
};

void article_route_ratings(void *context, struct http_request *request)
{
    module_list_reply(context, request, &ratings);
}

static const struct module_sort incident_sorts[] = {
    {.name = "linkedAt", .expression = "t.linked_at", .type = MODULE_VALUE_INSTANT},
};

static const struct module_list incidents = {
    .from = "synergyflow_knowledge.article_incidents t",
    .columns = "t.incident_id, t.linked_by, t.linked_at",
    .key = "t.incident_id",
    .key_type = MODULE_VALUE_TEXT,
    .sorts = incident_sorts,
    .sort_count = COUNT_OF(incident_sorts),
    .default_sort = "linkedAt",
    .default_order = "desc",
    .row = incident_row,
    WITHIN_AN_ARTICLE,
};

void article_route_incidents(void *context, struct http_request *request)
{
    module_list_reply(context, request, &incidents);
}
