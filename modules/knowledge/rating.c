/* knowledge.rate, knowledge.link and knowledge.unlink: what readers think of an article, and which
 * incidents it was used for. Counted on the article in the same statement. */
#include "modules/knowledge/article.h"

#include <string.h>

static const struct operation_column rating_columns[] = {
    {"articleId", COLUMN_TEXT},      {"userId", COLUMN_TEXT},
    {"rating", COLUMN_NUMBER},       {"helpful", COLUMN_FLAG},
    {"comment", COLUMN_TEXT},        {"ratedAt", COLUMN_INSTANT},
    {"ratingCount", COLUMN_NUMBER},  {"ratingAverage", COLUMN_FLOAT},
    {"helpfulCount", COLUMN_NUMBER}, {"unhelpfulCount", COLUMN_NUMBER},
};

static const char *const rating_facts[] = {"articleId",    "userId",         "rating",
                                           "helpful",      "ratingCount",    "ratingAverage",
                                           "helpfulCount", "unhelpfulCount", NULL};

static const struct operation_object rating_object = {rating_columns, COUNT_OF(rating_columns),
                                                      rating_facts};

static const struct operation_column link_columns[] = {
    {"articleId", COLUMN_TEXT},   {"incidentId", COLUMN_TEXT}, {"linkedBy", COLUMN_TEXT},
    {"linkedAt", COLUMN_INSTANT}, {"useCount", COLUMN_NUMBER},
};

static const char *const link_facts[] = {"articleId", "incidentId", "useCount", NULL};

static const struct operation_object link_object = {link_columns, COUNT_OF(link_columns),
                                                    link_facts};

/* The version of the article stays: a vote is no change of its text, and must not get in the way of
 * whoever is editing it. */
static const struct pg_statement rate_articles = {
    "knowledge_rate",
    "WITH input AS MATERIALIZED ("
    " SELECT * FROM unnest($1::text[], $2::bigint[], $3::boolean[], $4::text[], $5::text[])"
    "   WITH ORDINALITY AS i (article_id, rating, helpful, comment, user_id, n)),"
    " judged AS MATERIALIZED ("
    " SELECT i.*, o.status AS found, CASE WHEN o.article_id IS NULL THEN 'missing'"
    "   WHEN o.published_version IS NULL THEN 'unpublished'"
    "   WHEN o.status = 'RETIRED' THEN 'state' END AS why"
    " FROM input i LEFT JOIN synergyflow_knowledge.articles o USING (article_id)),"
    " before AS MATERIALIZED ("
    " SELECT r.article_id, r.user_id, r.rating, r.helpful FROM judged j"
    "   JOIN synergyflow_knowledge.article_ratings r USING (article_id, user_id)),"
    " stored AS ("
    " INSERT INTO synergyflow_knowledge.article_ratings AS r (article_id, user_id, rating, helpful,"
    "   comment, rated_at)"
    " SELECT j.article_id, j.user_id, j.rating, j.helpful, NULLIF(j.comment, ''), $6"
    " FROM judged j WHERE j.why IS NULL"
    " ON CONFLICT (article_id, user_id) DO UPDATE SET"
    "   rating = COALESCE(EXCLUDED.rating, r.rating),"
    "   helpful = COALESCE(EXCLUDED.helpful, r.helpful),"
    "   comment = COALESCE(EXCLUDED.comment, r.comment), rated_at = EXCLUDED.rated_at"
    " RETURNING r.article_id, r.user_id, r.rating, r.helpful, r.comment, r.rated_at),"
    " counted AS ("
    " UPDATE synergyflow_knowledge.articles t SET"
    "   rating_count = t.rating_count + (s.rating IS NOT NULL)::int - (b.rating IS NOT NULL)::int,"
    "   rating_sum = t.rating_sum + COALESCE(s.rating, 0) - COALESCE(b.rating, 0),"
    "   helpful_count = t.helpful_count + (s.helpful IS TRUE)::int - (b.helpful IS TRUE)::int,"
    "   unhelpful_count = t.unhelpful_count + (s.helpful IS FALSE)::int"
    "     - (b.helpful IS FALSE)::int"
    " FROM stored s LEFT JOIN before b USING (article_id, user_id)"
    " WHERE t.article_id = s.article_id"
    " RETURNING t.article_id, t.rating_count, t.rating_sum, t.helpful_count, t.unhelpful_count)"
    " SELECT j.why, j.found, s.article_id, s.user_id, s.rating, s.helpful, s.comment, s.rated_at,"
    "   c.rating_count, round(c.rating_sum / NULLIF(c.rating_count, 0)::numeric, 2)::float8,"
    "   c.helpful_count, c.unhelpful_count"
    " FROM judged j LEFT JOIN stored s USING (article_id, user_id)"
    "   LEFT JOIN counted c ON c.article_id = s.article_id ORDER BY j.n"};

/* Once linked is linked: the second column tells whether it has just been. */
static const struct pg_statement link_articles = {
    "knowledge_link",
    "WITH input AS MATERIALIZED ("
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY"
    "   AS i (article_id, incident_id, who, n)),"
    " judged AS MATERIALIZED ("
    " SELECT i.*, CASE WHEN o.article_id IS NULL THEN 'missing'"
    "   WHEN o.published_version IS NULL THEN 'unpublished' END AS why, o.use_count"
    " FROM input i LEFT JOIN synergyflow_knowledge.articles o USING (article_id)),"
    " stored AS ("
    " INSERT INTO synergyflow_knowledge.article_incidents AS l (article_id, incident_id, linked_by,"
    "   linked_at)"
    " SELECT j.article_id, j.incident_id, j.who, $4 FROM judged j WHERE j.why IS NULL"
    " ON CONFLICT DO NOTHING"
    " RETURNING l.article_id, l.incident_id, l.linked_by, l.linked_at),"
    " counted AS ("
    " UPDATE synergyflow_knowledge.articles t SET use_count = t.use_count + 1"
    " FROM stored s WHERE t.article_id = s.article_id)"
    " SELECT j.why, CASE WHEN s.article_id IS NULL THEN 'known' END, j.article_id, j.incident_id,"
    "   COALESCE(s.linked_by, k.linked_by), COALESCE(s.linked_at, k.linked_at),"
    "   j.use_count + (s.article_id IS NOT NULL)::int"
    " FROM judged j LEFT JOIN stored s USING (article_id, incident_id)"
    "   LEFT JOIN synergyflow_knowledge.article_incidents k USING (article_id, incident_id)"
    " ORDER BY j.n"};

static const struct pg_statement unlink_articles = {
    "knowledge_unlink",
    "WITH input AS MATERIALIZED ("
    " SELECT * FROM unnest($1::text[], $2::text[]) WITH ORDINALITY"
    "   AS i (article_id, incident_id, n)),"
    " gone AS ("
    " DELETE FROM synergyflow_knowledge.article_incidents l USING input i"
    " WHERE l.article_id = i.article_id AND l.incident_id = i.incident_id"
    " RETURNING l.article_id, l.incident_id, l.linked_by, l.linked_at),"
    " counted AS ("
    " UPDATE synergyflow_knowledge.articles t SET use_count = t.use_count - 1"
    " FROM gone g WHERE t.article_id = g.article_id RETURNING t.article_id, t.use_count)"
    " SELECT CASE WHEN o.article_id IS NULL THEN 'missing' WHEN g.article_id IS NULL"
    "   THEN 'unlinked' END, o.status, i.article_id, i.incident_id, g.linked_by, $3::timestamptz,"
    "   c.use_count"
    " FROM input i LEFT JOIN synergyflow_knowledge.articles o USING (article_id)"
    "   LEFT JOIN gone g USING (article_id, incident_id)"
    "   LEFT JOIN counted c ON c.article_id = g.article_id ORDER BY i.n"};

static enum status check_vote(const struct module_call *call, struct error *ret_error)
{
    if (call->user == NULL)
        return error_set_field(
            ret_error, STATUS_FORBIDDEN, "userId",
            "Expected credentials that say whose vote it is but there are none.");
    if (operation_input(call->variables, "rating") == NULL &&
        operation_input(call->variables, "helpful") == NULL)
        return error_set_field(ret_error, STATUS_INVALID, "rating",
                               "Expected a rating from 1 to 5, or helpful, or both but found "
                               "neither.");
    return STATUS_OK;
}

static enum status check_incident(const struct module_call *call, struct error *ret_error)
{
    const char *id = operation_text(call->variables, "incidentId");
    size_t digits = strlen(id) > 4 ? strspn(id + 4, "0123456789") : 0;

    if (strncmp(id, "INC-", 4) == 0 && digits > 0 && digits <= 18 && id[4 + digits] == '\0')
        return STATUS_OK;
    return error_set_field(ret_error, STATUS_INVALID, "incidentId",
                           "Expected incidentId to be a number such as INC-1234 but found "
                           "\"%.40s\".",
                           id);
}

static const char *link_event(const char *found)
{
    return strcmp(found, "known") == 0 ? NULL : "knowledge.ArticleLinked";
}

static const struct operation_field rate_fields[] = {
    {"articleId", OPERATION_ID, .required = true},
    {"rating", OPERATION_NUMBER, .minimum = 1, .maximum = 5},
    {.name = "helpful", .kind = OPERATION_FLAG},
    {"comment", OPERATION_TEXT, .maximum = ARTICLE_COMMENT_MAX},
    {.name = "", .kind = OPERATION_USER},
};

static const struct operation_field link_fields[] = {
    {"articleId", OPERATION_ID, .required = true},
    {"incidentId", OPERATION_ID, .required = true},
    {.name = "", .kind = OPERATION_USER},
};

const struct operation article_rate = {
    .topic = "knowledge.rate",
    .fields = rate_fields,
    .field_count = COUNT_OF(rate_fields),
    .lock = &article_lock,
    .statement = &rate_articles,
    .object = &rating_object,
    .event = "knowledge.ArticleRated",
    .check = check_vote,
    .refuse = article_refuse,
};

const struct operation article_link = {
    .topic = "knowledge.link",
    .fields = link_fields,
    .field_count = COUNT_OF(link_fields),
    .lock = &article_lock,
    .statement = &link_articles,
    .object = &link_object,
    .event_of = link_event,
    .check = check_incident,
    .refuse = article_refuse,
};

const struct operation article_unlink = {
    .topic = "knowledge.unlink",
    .fields = link_fields,
    .field_count = 2,
    .lock = &article_lock,
    .statement = &unlink_articles,
    .object = &link_object,
    .event = "knowledge.ArticleUnlinked",
    .check = check_incident,
    .refuse = article_refuse,
};
