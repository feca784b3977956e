/* The steps that change an article's state. Each keeps a version: 0.1, 0.2 … and, published, the
 * next whole number. And the two that only remember that a reviewer was reminded, or passed over.
 */
#include "modules/knowledge/article.h"

#include <string.h>

#define NEXT_MINOR                                    \
    "split_part(t.current_version, '.', 1) || '.' ||" \
    " (split_part(t.current_version, '.', 2)::bigint + 1)"
#define NEXT_WHOLE "(split_part(t.current_version, '.', 1)::bigint + 1) || '.0'"

/* $1 article, $2 comment, $3 the version that the caller has seen, $4 who, $5 the instance,
 * $6 reviewer, $7 review group, $8 time to review, $9 validity, $10 now. `why` is a further reason
 * for a refusal (of the article o and the input i), `set` what else the step stores. */
#define MOVE_ARTICLES(to, from, next, why, set)                                                   \
    "WITH input AS MATERIALIZED ("                                                                \
    " SELECT i.*, NULLIF(i.valid_until, '')::timestamptz AS valid_at"                             \
    " FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::uuid[], $6::text[],"      \
    "   $7::text[], $8::text[], $9::text[]) WITH ORDINALITY AS i (article_id, comment, expected," \
    "   who, instance_id, reviewer, review_group, within, valid_until, n)),"                      \
    " judged AS MATERIALIZED ("                                                                   \
    " SELECT i.*, CASE WHEN i.expected <> o.version THEN o.version::text ELSE o.status END"       \
    "   AS found, CASE WHEN o.article_id IS NULL THEN 'missing'"                                  \
    "   WHEN i.expected <> o.version THEN 'version'"                                              \
    "   WHEN o.status NOT IN (" from ") THEN 'state' " why " END AS why"                          \
    " FROM input i LEFT JOIN synergyflow_knowledge.articles o USING (article_id)),"               \
    " changed AS ("                                                                               \
    " UPDATE synergyflow_knowledge.articles t SET status = '" to "', current_version = " next "," \
    "   " set ", updated_at = $10, version = t.version + 1"                                       \
    " FROM judged j WHERE t.article_id = j.article_id AND j.why IS NULL"                          \
    " RETURNING " ARTICLE_COLUMNS "),"                                                            \
    " kept AS ("                                                                                  \
    " INSERT INTO synergyflow_knowledge.article_versions (article_id, version, status, title,"    \
    "   summary, body, author, comment, created_at)"                                              \
    " SELECT t.article_id, t.current_version, t.status, t.title, t.summary, t.body, j.who,"       \
    "   NULLIF(j.comment, ''), $10"                                                               \
    " FROM changed t JOIN judged j USING (article_id))"                                           \
    " SELECT j.why, j.found, t.*"                                                                 \
    " FROM judged j LEFT JOIN changed t USING (article_id) ORDER BY j.n"

#define REVIEW_OVER \
    "review_due_at = NULL, review_comment = COALESCE(NULLIF(j.comment, ''), t.review_comment)"

static const struct pg_statement submit_articles = {
    "knowledge_submit",
    MOVE_ARTICLES("REVIEW", "'DRAFT', 'OUTDATED'", NEXT_MINOR,
                  "WHEN btrim(o.body) = '' THEN 'empty' WHEN i.valid_at <= $10 THEN 'past'",
                  "submitted_by = j.who, process_instance_id = j.instance_id,"
                  " reviewer = NULLIF(COALESCE(j.reviewer, t.reviewer), ''),"
                  " review_group = NULLIF(COALESCE(j.review_group, t.review_group), ''),"
                  " review_due_at = $10 + COALESCE(j.within, 'P5D')::interval,"
                  " review_reminded_at = NULL, review_escalated_at = NULL, review_comment = NULL,"
                  " valid_until = CASE WHEN j.valid_at IS NOT NULL THEN j.valid_at"
                  "   WHEN t.valid_until > $10 THEN t.valid_until END")};
static const struct pg_statement publish_articles = {
    "knowledge_publish",
    MOVE_ARTICLES("PUBLISHED", "'REVIEW'", NEXT_WHOLE,
                  "WHEN i.valid_at <= $10 THEN 'past'"
                  " WHEN i.who <> 'engine' AND i.who IN (o.author, o.submitted_by) THEN 'self'",
                  "published_version = " NEXT_WHOLE ", published_at = $10,"
                  " valid_until = COALESCE(j.valid_at, CASE WHEN t.valid_until > $10"
                  "   THEN t.valid_until END, $10 + interval '1 year'), " REVIEW_OVER)};
static const struct pg_statement return_articles = {
    "knowledge_return",
    MOVE_ARTICLES("DRAFT", "'REVIEW'", NEXT_MINOR,
                  "WHEN btrim(COALESCE(i.comment, '')) = '' THEN 'comment'", REVIEW_OVER)};
static const struct pg_statement revise_articles = {
    "knowledge_revise",
    MOVE_ARTICLES("DRAFT", "'PUBLISHED', 'OUTDATED'", NEXT_MINOR, "", "submitted_by = NULL")};
static const struct pg_statement outdate_articles = {
    "knowledge_outdate", MOVE_ARTICLES("OUTDATED", "'PUBLISHED'", NEXT_MINOR, "",
                                       "valid_until = LEAST(t.valid_until, $10)")};
static const struct pg_statement retire_articles = {
    "knowledge_retire", MOVE_ARTICLES("RETIRED", "'DRAFT', 'PUBLISHED', 'OUTDATED'", NEXT_MINOR, "",
                                      "valid_until = LEAST(t.valid_until, $10)")};

#define NOTE_REVIEWS(column)                                                          \
    "WITH input AS MATERIALIZED ("                                                    \
    " SELECT * FROM unnest($1::text[]) WITH ORDINALITY AS i (article_id, n)),"        \
    " changed AS ("                                                                   \
    " UPDATE synergyflow_knowledge.articles t SET " column " = $2, updated_at = $2,"  \
    "   version = t.version + 1"                                                      \
    " FROM input i WHERE t.article_id = i.article_id AND t.status = 'REVIEW'"         \
    " RETURNING " ARTICLE_COLUMNS ")"                                                 \
    " SELECT CASE WHEN o.article_id IS NULL THEN 'missing' WHEN t.article_id IS NULL" \
    "   THEN 'state' END, o.status, t.*"                                              \
    " FROM input i LEFT JOIN synergyflow_knowledge.articles o USING (article_id)"     \
    "   LEFT JOIN changed t USING (article_id) ORDER BY i.n"

static const struct pg_statement remind_reviews = {"knowledge_remind",
                                                   NOTE_REVIEWS("review_reminded_at")};
static const struct pg_statement escalate_reviews = {"knowledge_escalate",
                                                     NOTE_REVIEWS("review_escalated_at")};

enum { REVIEW_SECONDS_MAX = 366 * 86400 };

/* Seconds until the review is due, halved for the reminder. */
static json_t *answer_submitted(struct module_calls *calls, struct module_call *call,
                                const json_t *article)
{
    const char *due_text = json_string_value(json_object_get(article, "reviewDueAt"));
    int64_t due_us = calls->now_us;
    struct error unused;

    error_clear(&unused);
    if (iso8601_parse_instant(due_text, &due_us, &unused) != STATUS_OK || due_us < calls->now_us)
        due_us = calls->now_us;
    double within_s = (double)(due_us - calls->now_us) / 1e6;
    json_t *variables = json_pack(
        "{s:o, s:o, s:s, s:n}", "reviewWithin",
        json_string(arena_format(calls->arena, "PT%.3fS", within_s)), "remindAfter",
        json_string(arena_format(calls->arena, "PT%.3fS", within_s / 2)), "decision", "", "change");
    static const char *const copied[] = {"articleId", "title",       "status",    "author",
                                         "reviewer",  "reviewGroup", "validUntil"};

    for (size_t i = 0; i < COUNT_OF(copied); i++)
        json_object_set(variables, copied[i], json_object_get(article, copied[i]));
    module_call_set_business_key(calls, call,
                                 json_string_value(json_object_get(article, "articleId")));
    return variables;
}

/* What was asked for has been done: a later step must not do it again. */
static json_t *answer_moved(struct module_calls *calls, struct module_call *call,
                            const json_t *article)
{
    (void)calls;
    (void)call;
    return json_pack("{s:O, s:O, s:s, s:n}", "status", json_object_get(article, "status"),
                     "validUntil", json_object_get(article, "validUntil"), "decision", "",
                     "change");
}

static const struct operation_field move_fields[] = {
    {"articleId", OPERATION_ID, .required = true},
    {"change.comment", OPERATION_TEXT, .maximum = ARTICLE_COMMENT_MAX},
    {"change.expectedVersion", OPERATION_NUMBER, .maximum = INT64_MAX},
    {.name = "", .kind = OPERATION_USER},
    {.name = "", .kind = OPERATION_INSTANCE},
    {"change.reviewer", OPERATION_TEXT, .maximum = ARTICLE_NAME_MAX},
    {"change.reviewGroup", OPERATION_TEXT, .maximum = ARTICLE_NAME_MAX},
    {"change.reviewWithin", OPERATION_DURATION, .minimum = 1, .maximum = REVIEW_SECONDS_MAX},
    {.name = "change.validUntil", .kind = OPERATION_INSTANT},
};

static const struct operation_field note_fields[] = {
    {"articleId", OPERATION_ID, .required = true},
};

#define ARTICLE_STEP(name, sql, takes, happened, gives) \
    const struct operation article_##name = {           \
        .topic = "knowledge." #name,                    \
        .fields = (takes),                              \
        .field_count = COUNT_OF(takes),                 \
        .lock = &article_lock,                          \
        .statement = &(sql),                            \
        .object = &article_object,                      \
        .event = "knowledge." happened,                 \
        .refuse = article_refuse,                       \
        .answer = (gives),                              \
    }

ARTICLE_STEP(submit, submit_articles, move_fields, "ArticleSubmitted", answer_submitted);
ARTICLE_STEP(publish, publish_articles, move_fields, "ArticlePublished", answer_moved);
ARTICLE_STEP(return, return_articles, move_fields, "ArticleReturned", answer_moved);
ARTICLE_STEP(revise, revise_articles, move_fields, "ArticleRevised", answer_moved);
ARTICLE_STEP(outdate, outdate_articles, move_fields, "ArticleOutdated", answer_moved);
ARTICLE_STEP(retire, retire_articles, move_fields, "ArticleRetired", answer_moved);
ARTICLE_STEP(remind, remind_reviews, note_fields, "ReviewReminded", NULL);
ARTICLE_STEP(escalate, escalate_reviews, note_fields, "ReviewEscalated", NULL);
