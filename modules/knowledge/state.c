/* The article's states and moves. See article.h for the table. */
#include "modules/knowledge/article.h"

#include <string.h>

const char *const article_states[] = {
#define ARTICLE_STATE_NAME(name, next) #name,
    ARTICLE_STATES(ARTICLE_STATE_NAME)
#undef ARTICLE_STATE_NAME
        NULL};

static const char *const following[] = {
#define ARTICLE_STATE_NEXT(name, next) next,
    ARTICLE_STATES(ARTICLE_STATE_NEXT)
#undef ARTICLE_STATE_NEXT
};

enum status article_state_parse(const char *text, struct error *ret_error)
{
    for (size_t i = 0; article_states[i] != NULL; i++) {
        if (strcmp(article_states[i], text) == 0)
            return STATUS_OK;
    }
    return error_set_field(ret_error, STATUS_INVALID, "status",
                           "Expected status to be one of DRAFT, REVIEW, PUBLISHED, OUTDATED, "
                           "RETIRED but found \"%.40s\".",
                           text);
}

enum status article_state_check(const char *article_id, const char *from, const char *to,
                                struct error *ret_error)
{
    const char *next = "";

    for (size_t i = 0; article_states[i] != NULL; i++) {
        if (strcmp(article_states[i], from) == 0)
            next = following[i];
    }
    /* No name is part of another one. */
    if (strstr(next, to) != NULL)
        return STATUS_OK;
    if (next[0] == '\0')
        return error_set_field(ret_error, STATUS_CONFLICT, "status",
                               "Expected an article that is still in use but %.40s is %s, and that "
                               "is final.",
                               article_id, from);
    return error_set_field(ret_error, STATUS_CONFLICT, "status",
                           "Expected a state that may follow %s but %.40s was asked for: %.40s may "
                           "become %s.",
                           from, to, article_id, next);
}
