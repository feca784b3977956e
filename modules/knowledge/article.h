/* What the files of this module share: the article, its states, its operations. */
#ifndef SYNERGYFLOW_ARTICLE_H
#define SYNERGYFLOW_ARTICLE_H

#include "engine/module.h"

enum {
    ARTICLE_TITLE_MAX = 200,
    ARTICLE_SUMMARY_MAX = 2000,
    ARTICLE_KEYWORDS_MAX = 1000,
    ARTICLE_BODY_MAX = 200000,
    ARTICLE_COMMENT_MAX = 10000,
    ARTICLE_NAME_MAX = 200,
    ARTICLE_SEARCH_MAX = 400,  /* of a query, in characters */
    ARTICLE_FOUND_MAX = 100,   /* of one page of a search */
    ARTICLE_RELATED_MAX = 500, /* versions, votes, incidents of one answer */
};

/* ---- state.c ---- */

/* X(name, the states that may follow) */
#define ARTICLE_STATES(X)                    \
    X(DRAFT, "REVIEW, RETIRED")              \
    X(REVIEW, "DRAFT, PUBLISHED")            \
    X(PUBLISHED, "DRAFT, OUTDATED, RETIRED") \
    X(OUTDATED, "DRAFT, REVIEW, RETIRED")    \
    X(RETIRED, "")

extern const char *const article_states[]; /* NULL-terminated */
/* STATUS_INVALID with the list of states. */
MUST_CHECK enum status article_state_parse(const char *text, struct error *ret_error);
/* STATUS_CONFLICT that names the states that may follow. */
MUST_CHECK enum status article_state_check(const char *article_id, const char *from, const char *to,
                                           struct error *ret_error);

/* ---- article.c ---- */

/* Every column, from alias t. */
#define ARTICLE_COLUMNS                                                                      \
    "t.article_id, t.title, t.summary, t.body, t.keywords, t.category, t.status, t.author,"  \
    " t.current_version, t.published_version, t.reviewer, t.review_group, t.submitted_by,"   \
    " t.review_due_at, t.review_reminded_at, t.review_escalated_at, t.review_comment,"       \
    " t.valid_until, t.published_at, t.created_at, t.updated_at, t.rating_count,"            \
    " round(t.rating_sum / NULLIF(t.rating_count, 0)::numeric, 2)::float8, t.helpful_count," \
    " t.unhelpful_count, t.use_count, t.process_instance_id::text, t.version"

extern const struct operation_object article_object;
extern const struct pg_statement article_lock;
/* The sentences for every operation on an article. */
enum status article_refuse(const struct module_call *call, const char *why, const char *found,
                           struct error *ret_error);

/* ---- operations, each in its own file ---- */

extern const struct operation article_create;
extern const struct operation article_update;
extern const struct operation article_extend;
extern const struct operation article_submit;
extern const struct operation article_publish;
extern const struct operation article_return;
extern const struct operation article_revise;
extern const struct operation article_outdate;
extern const struct operation article_retire;
extern const struct operation article_remind;
extern const struct operation article_escalate;
extern const struct operation article_rate;
extern const struct operation article_link;
extern const struct operation article_unlink;

/* ---- routes ---- */

void article_route_list(void *context, struct http_request *request);
void article_route_search(void *context, struct http_request *request);
void article_route_get(void *context, struct http_request *request);
void article_route_create(void *context, struct http_request *request);
void article_route_change(void *context, struct http_request *request);
void article_route_versions(void *context, struct http_request *request);
void article_route_version(void *context, struct http_request *request);
void article_route_ratings(void *context, struct http_request *request);
void article_route_rate(void *context, struct http_request *request);
void article_route_incidents(void *context, struct http_request *request);
void article_route_link(void *context, struct http_request *request);
void article_route_unlink(void *context, struct http_request *request);
/* Reads the article and answers with it. */
void article_reply(struct module_host *host, struct http_request *request, const char *article_id,
                   int status);

#endif
