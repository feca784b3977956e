/* knowledge.create, knowledge.update and knowledge.extend: an article's text and what goes with it.
 *
 * The text may change in a DRAFT only, and the newest version's text with it; what is said about
 * the text (category, reviewer, validity …) may change until the article is retired. How long a
 * published article is valid is a timer of its process: knowledge.extend is the step for that. */
#include "modules/knowledge/article.h"

#include <string.h>

static const struct pg_statement create_articles = {
    "knowledge_create",
    "WITH input AS MATERIALIZED ("
    " SELECT i.*, NULLIF(i.valid_until, '')::timestamptz AS valid_at FROM unnest($1::text[],"
    "   $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],"
    "   $9::text[]) WITH ORDINALITY AS i (title, summary, body, keywords, category, reviewer,"
    "   review_group, valid_until, who, n)),"
    " numbered AS MATERIALIZED ("
    " SELECT i.*, 'KB-' || nextval('synergyflow_knowledge.article_number') AS article_id"
    " FROM input i WHERE i.valid_at IS NULL OR i.valid_at > $10 ORDER BY i.n),"
    " inserted AS ("
    " INSERT INTO synergyflow_knowledge.articles AS t (article_id, title, summary, body, keywords,"
    "   category, reviewer, review_group, valid_until, author, created_at, updated_at)"
    " SELECT i.article_id, i.title, NULLIF(i.summary, ''), COALESCE(i.body, ''),"
    "   NULLIF(i.keywords, ''), NULLIF(i.category, ''), NULLIF(i.reviewer, ''),"
    "   NULLIF(i.review_group, ''), i.valid_at, i.who, $10, $10"
    " FROM numbered i RETURNING " ARTICLE_COLUMNS "),"
    " kept AS ("
    " INSERT INTO synergyflow_knowledge.article_versions (article_id, version, status, title,"
    "   summary, body, author, created_at)"
    " SELECT t.article_id, t.current_version, t.status, t.title, t.summary, t.body, t.author, $10"
    " FROM inserted t)"
    " SELECT CASE WHEN t.article_id IS NULL THEN 'past' END, NULL, t.*"
    " FROM input i LEFT JOIN numbered r USING (n)"
    "   LEFT JOIN inserted t ON t.article_id = r.article_id ORDER BY i.n"};

static const struct pg_statement update_articles = {
    "knowledge_update",
    "WITH input AS MATERIALIZED ("
    " SELECT i.*, NULLIF(i.valid_until, '')::timestamptz AS valid_at FROM unnest($1::text[],"
    "   $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],"
    "   $9::text[], $10::bigint[], $11::uuid[]) WITH ORDINALITY AS i (article_id, title, summary,"
    "   body, keywords, category, reviewer, review_group, valid_until, expected, instance_id, n)),"
    " judged AS MATERIALIZED ("
    " SELECT i.*, CASE WHEN i.expected <> o.version THEN o.version::text ELSE o.status END AS "
    "found,"
    "   CASE WHEN o.article_id IS NULL THEN 'missing'"
    "   WHEN i.expected <> o.version THEN 'version'"
    "   WHEN o.status = 'RETIRED' THEN 'state'"
    "   WHEN o.status <> 'DRAFT' AND (i.title IS NOT NULL OR i.summary IS NOT NULL"
    "     OR i.body IS NOT NULL OR i.keywords IS NOT NULL) THEN 'text'"
    "   WHEN i.valid_at <= $12 OR (i.valid_until = '' AND o.status = 'PUBLISHED') THEN 'past'"
    "   WHEN i.valid_until IS NOT NULL AND o.status = 'PUBLISHED' AND i.instance_id IS NULL"
    "     THEN 'process' END AS why"
    " FROM input i LEFT JOIN synergyflow_knowledge.articles o USING (article_id)),"
    " changed AS ("
    " UPDATE synergyflow_knowledge.articles t SET title = COALESCE(j.title, t.title),"
    "   summary = NULLIF(COALESCE(j.summary, t.summary), ''), body = COALESCE(j.body, t.body),"
    "   keywords = NULLIF(COALESCE(j.keywords, t.keywords), ''),"
    "   category = NULLIF(COALESCE(j.category, t.category), ''),"
    "   reviewer = NULLIF(COALESCE(j.reviewer, t.reviewer), ''),"
    "   review_group = NULLIF(COALESCE(j.review_group, t.review_group), ''),"
    "   valid_until = CASE WHEN j.valid_until IS NULL THEN t.valid_until ELSE j.valid_at END,"
    "   updated_at = $12, version = t.version + 1"
    " FROM judged j WHERE t.article_id = j.article_id AND j.why IS NULL"
    " RETURNING " ARTICLE_COLUMNS "),"
    " kept AS ("
    " UPDATE synergyflow_knowledge.article_versions v SET title = t.title, summary = t.summary,"
    "   body = t.body"
    " FROM changed t WHERE t.status = 'DRAFT' AND v.article_id = t.article_id"
    "   AND v.version = t.current_version)"
    " SELECT j.why, j.found, t.*"
    " FROM judged j LEFT JOIN changed t USING (article_id) ORDER BY j.n"};

static const struct operation_field create_fields[] = {
    {"title", OPERATION_TEXT, .required = true, .maximum = ARTICLE_TITLE_MAX},
    {"summary", OPERATION_TEXT, .maximum = ARTICLE_SUMMARY_MAX},
    {"body", OPERATION_TEXT, .maximum = ARTICLE_BODY_MAX},
    {"keywords", OPERATION_TEXT, .maximum = ARTICLE_KEYWORDS_MAX},
    {"category", OPERATION_TEXT, .maximum = ARTICLE_NAME_MAX},
    {"reviewer", OPERATION_TEXT, .maximum = ARTICLE_NAME_MAX},
    {"reviewGroup", OPERATION_TEXT, .maximum = ARTICLE_NAME_MAX},
    {.name = "validUntil", .kind = OPERATION_INSTANT},
    {.name = "", .kind = OPERATION_USER},
};

static const struct operation_field update_fields[] = {
    {"articleId", OPERATION_ID, .required = true},
    {"change.title", OPERATION_TEXT, .filled = true, .maximum = ARTICLE_TITLE_MAX},
    {"change.summary", OPERATION_TEXT, .maximum = ARTICLE_SUMMARY_MAX},
    {"change.body", OPERATION_TEXT, .maximum = ARTICLE_BODY_MAX},
    {"change.keywords", OPERATION_TEXT, .maximum = ARTICLE_KEYWORDS_MAX},
    {"change.category", OPERATION_TEXT, .maximum = ARTICLE_NAME_MAX},
    {"change.reviewer", OPERATION_TEXT, .maximum = ARTICLE_NAME_MAX},
    {"change.reviewGroup", OPERATION_TEXT, .maximum = ARTICLE_NAME_MAX},
    {.name = "change.validUntil", .kind = OPERATION_INSTANT},
    {"change.expectedVersion", OPERATION_NUMBER, .maximum = INT64_MAX},
    {.name = "", .kind = OPERATION_INSTANCE},
};

/* The timer of the process is armed again with it. */
static json_t *answer_extended(struct module_calls *calls, struct module_call *call,
                               const json_t *article)
{
    (void)calls;
    (void)call;
    return json_pack("{s:O, s:s, s:n}", "validUntil", json_object_get(article, "validUntil"),
                     "decision", "", "change");
}

const struct operation article_create = {
    .topic = "knowledge.create",
    .fields = create_fields,
    .field_count = COUNT_OF(create_fields),
    .statement = &create_articles,
    .object = &article_object,
    .event = "knowledge.ArticleCreated",
    .refuse = article_refuse,
};

const struct operation article_update = {
    .topic = "knowledge.update",
    .fields = update_fields,
    .field_count = COUNT_OF(update_fields),
    .lock = &article_lock,
    .statement = &update_articles,
    .object = &article_object,
    .event = "knowledge.ArticleUpdated",
    .refuse = article_refuse,
};

const struct operation article_extend = {
    .topic = "knowledge.extend",
    .fields = update_fields,
    .field_count = COUNT_OF(update_fields),
    .lock = &article_lock,
    .statement = &update_articles,
    .object = &article_object,
    .event = "knowledge.ArticleUpdated",
    .refuse = article_refuse,
    .answer = answer_extended,
};
