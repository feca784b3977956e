/* An article as stored, answered and published; the sentences in which a step is refused. */
#include "modules/knowledge/article.h"

#include <stdlib.h>
#include <string.h>

static const struct operation_column columns[] = {
    {"articleId", COLUMN_TEXT},
    {"title", COLUMN_TEXT},
    {"summary", COLUMN_TEXT},
    {"body", COLUMN_TEXT},
    {"keywords", COLUMN_TEXT},
    {"category", COLUMN_TEXT},
    {"status", COLUMN_TEXT},
    {"author", COLUMN_TEXT},
    {"currentVersion", COLUMN_TEXT},
    {"publishedVersion", COLUMN_TEXT},
    {"reviewer", COLUMN_TEXT},
    {"reviewGroup", COLUMN_TEXT},
    {"submittedBy", COLUMN_TEXT},
    {"reviewDueAt", COLUMN_INSTANT},
    {"reviewRemindedAt", COLUMN_INSTANT},
    {"reviewEscalatedAt", COLUMN_INSTANT},
    {"reviewComment", COLUMN_TEXT},
    {"validUntil", COLUMN_INSTANT},
    {"publishedAt", COLUMN_INSTANT},
    {"createdAt", COLUMN_INSTANT},
    {"updatedAt", COLUMN_INSTANT},
    {"ratingCount", COLUMN_NUMBER},
    {"ratingAverage", COLUMN_FLOAT},
    {"helpfulCount", COLUMN_NUMBER},
    {"unhelpfulCount", COLUMN_NUMBER},
    {"useCount", COLUMN_NUMBER},
    {"processInstanceId", COLUMN_TEXT},
    {"version", COLUMN_NUMBER},
};

/* The text stays out of events: it may be long, and whoever wants it asks for it. */
static const char *const facts[] = {"articleId",        "title",      "status",  "currentVersion",
                                    "publishedVersion", "category",   "author",  "reviewer",
                                    "reviewDueAt",      "validUntil", "version", NULL};

const struct operation_object article_object = {columns, COUNT_OF(columns), facts};

const struct pg_statement article_lock = {
    "knowledge_lock", "SELECT 1 FROM synergyflow_knowledge.articles WHERE article_id = ANY ($1)"
                      " ORDER BY article_id FOR NO KEY UPDATE"};

/* Which state a step leads to; "" when it changes none. */
static const char *target_of(const char *topic)
{
    static const struct {
        const char *topic;
        const char *target;
    } targets[] = {
        {"knowledge.submit", "REVIEW"},    {"knowledge.publish", "PUBLISHED"},
        {"knowledge.return", "DRAFT"},     {"knowledge.revise", "DRAFT"},
        {"knowledge.outdate", "OUTDATED"}, {"knowledge.retire", "RETIRED"},
    };

    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        if (strcmp(targets[i].topic, topic) == 0)
            return targets[i].target;
    }
    return "";
}

static enum status refuse_state(const char *topic, const char *id, const char *found,
                                struct error *ret_error)
{
    const char *target = target_of(topic);

    if (target[0] != '\0')
        return article_state_check(id, found, target, ret_error);
    if (strcmp(found, "RETIRED") == 0)
        return error_set_field(ret_error, STATUS_CONFLICT, "status",
                               "Expected an article that is still in use but %.40s is RETIRED, and "
                               "that is final.",
                               id);
    return error_set_field(ret_error, STATUS_CONFLICT, "status",
                           "Expected %.40s to be in REVIEW but it is %s.", id, found);
}

enum status article_refuse(const struct module_call *call, const char *why, const char *found,
                           struct error *ret_error)
{
    const char *id = operation_text(call->variables, "articleId");

    if (strcmp(why, "missing") == 0)
        return error_set_field(ret_error, STATUS_NOT_FOUND, "articleId",
                               "Expected an article \"%.60s\" but there is none.", id);
    if (strcmp(why, "version") == 0)
        return module_version_refusal(
            ret_error, id,
            json_integer_value(operation_input(call->variables, "change.expectedVersion")),
            strtoll(found, NULL, 10));
    if (strcmp(why, "text") == 0)
        return error_set_field(ret_error, STATUS_CONFLICT, "status",
                               "Expected a DRAFT, whose text may change, but %.60s is %s: begin a "
                               "new revision with the status DRAFT.",
                               id, found);
    if (strcmp(why, "past") == 0)
        return error_set_field(ret_error, STATUS_INVALID, "validUntil",
                               "Expected validUntil to be in the future but it has passed.");
    if (strcmp(why, "process") == 0)
        return error_set_field(ret_error, STATUS_CONFLICT, "validUntil",
                               "Expected an article that is not published: the validity of %.60s "
                               "is a step of its process.",
                               id);
    if (strcmp(why, "comment") == 0)
        return error_set_field(ret_error, STATUS_INVALID, "comment",
                               "Expected a comment that says why %.60s goes back to its author but "
                               "there is none.",
                               id);
    if (strcmp(why, "self") == 0)
        return error_set_field(
            ret_error, STATUS_FORBIDDEN, "status",
            "Expected somebody else to approve %.60s: whoever wrote or submitted "
            "it may not.",
            id);
    if (strcmp(why, "empty") == 0)
        return error_set_field(ret_error, STATUS_CONFLICT, "body",
                               "Expected a text to review but the body of %.60s is empty.", id);
    if (strcmp(why, "unpublished") == 0)
        return error_set_field(ret_error, STATUS_CONFLICT, "status",
                               "Expected an article that has been published but %.60s never was.",
                               id);
    if (strcmp(why, "unlinked") == 0)
        return error_set_field(ret_error, STATUS_NOT_FOUND, "incidentId",
                               "Expected %.60s to be used for the incident %.40s but it is not.",
                               id, operation_text(call->variables, "incidentId"));
    return refuse_state(call->topic, id, found, ret_error);
}
