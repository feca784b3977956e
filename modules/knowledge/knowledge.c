/* The knowledge module: its descriptor. See README.md for the route of an article. */
#include "modules/knowledge/knowledge.h"

#include "modules/knowledge/article.h"

static const struct operation *const operations[] = {
    &article_create,   &article_update, &article_extend,  &article_submit, &article_publish,
    &article_return,   &article_revise, &article_outdate, &article_retire, &article_remind,
    &article_escalate, &article_rate,   &article_link,    &article_unlink, NULL,
};

static enum status prepare(struct module_calls *calls, struct pg_batch *batch,
                           struct error *ret_error)
{
    (void)ret_error;
    return operation_prepare(operations, calls, batch);
}

static enum status finish(struct module_calls *calls, struct pg_batch *batch,
                          struct error *ret_error)
{
    (void)ret_error;
    return operation_finish(operations, calls, batch);
}

static const struct module_handler handlers[] = {
    {"knowledge.create", prepare, finish},   {"knowledge.update", prepare, finish},
    {"knowledge.extend", prepare, finish},   {"knowledge.submit", prepare, finish},
    {"knowledge.publish", prepare, finish},  {"knowledge.return", prepare, finish},
    {"knowledge.revise", prepare, finish},   {"knowledge.outdate", prepare, finish},
    {"knowledge.retire", prepare, finish},   {"knowledge.remind", prepare, finish},
    {"knowledge.escalate", prepare, finish}, {"knowledge.rate", prepare, finish},
    {"knowledge.link", prepare, finish},     {"knowledge.unlink", prepare, finish},
};

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/api/v1/articles", article_route_list, "A page of knowledge articles", 0},
    {HTTP_POST_METHOD, "/api/v1/articles", article_route_create, "Begin an article", 0},
    {HTTP_GET_METHOD, "/api/v1/articles/search", article_route_search,
     "Articles by their text, best first, with what was found", 0},
    {HTTP_GET_METHOD, "/api/v1/articles/{articleId}", article_route_get, "One article", 0},
    {HTTP_PATCH_METHOD, "/api/v1/articles/{articleId}", article_route_change,
     "Change an article's state or fields", 0},
    {HTTP_GET_METHOD, "/api/v1/articles/{articleId}/versions", article_route_versions,
     "The versions of an article", 0},
    {HTTP_GET_METHOD, "/api/v1/articles/{articleId}/versions/{version}", article_route_version,
     "One version of an article, with its text", 0},
    {HTTP_GET_METHOD, "/api/v1/articles/{articleId}/ratings", article_route_ratings,
     "What readers think of an article", 0},
    {HTTP_PUT_METHOD, "/api/v1/articles/{articleId}/rating", article_route_rate,
     "The caller's rating of an article, and whether it helped", 0},
    {HTTP_GET_METHOD, "/api/v1/articles/{articleId}/incidents", article_route_incidents,
     "The incidents that an article was used for", 0},
    {HTTP_PUT_METHOD, "/api/v1/articles/{articleId}/incidents/{incidentId}", article_route_link,
     "The article was used for this incident", 0},
    {HTTP_DELETE_METHOD, "/api/v1/articles/{articleId}/incidents/{incidentId}",
     article_route_unlink, "The article was not used for this incident after all", 0},
};

extern const char knowledge_review_bpmn[];
extern const size_t knowledge_review_bpmn_length;

static const struct module_process processes[] = {
    {"knowledge-review.bpmn", knowledge_review_bpmn, &knowledge_review_bpmn_length},
};

const struct module knowledge_module = {
    .name = "knowledge",
    .schema = "synergyflow_knowledge",
    .role = "synergyflow_knowledge",
    .handlers = handlers,
    .handler_count = COUNT_OF(handlers),
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .processes = processes,
    .process_count = COUNT_OF(processes),
};
