/* Writing articles over REST.
 *
 *   POST    a draft: a direct call of knowledge.create
 *   PATCH   a state that is a step of the review process becomes that step; so does the validity of
 *           a published article, which is a timer there. Everything else is a direct call.
 *
 * A state that cannot follow is refused before a command is made, naming those that can; the
 * handler checks again under the row's lock. */
#include "modules/knowledge/article.h"

#include <string.h>

static const struct pg_statement read_state = {
    "knowledge_read_state",
    "SELECT status FROM synergyflow_knowledge.articles WHERE article_id = $1"};

static const char process_key[] = "knowledge-review";

/* A request while its commands run; in the request's arena. */
struct article_write {
    struct module_host *host;
    struct http_request *request;
    const char *article_id;
    const char *wanted; /* "" when the state stays */
    json_t *change;     /* owned until on_state has made a command of it */
};

static void on_stepped(void *context, const struct module_result *result, enum status status,
                       const struct error *error)
{
    struct article_write *write = context;

    (void)result;
    if (status != STATUS_OK)
        module_reply_refusal(write->request, error);
    else
        article_reply(write->host, write->request, write->article_id, 200);
}

static json_t *input_of(const struct article_write *write)
{
    return json_pack("{s:s, s:O}", "articleId", write->article_id, "change", write->change);
}

static json_t *decision_of(const struct article_write *write, const char *decision)
{
    return json_pack("{s:s, s:O}", "decision", decision, "change", write->change);
}

static void review(struct article_write *write, const char *decision)
{
    module_complete(write->host, write->request, process_key, write->article_id, "review",
                    decision_of(write, decision), on_stepped, write);
}

static void decide(struct article_write *write, const char *decision)
{
    module_message(write->host, write->request, process_key, write->article_id,
                   "knowledge.decision", decision_of(write, decision), on_stepped, write);
}

static void run(struct article_write *write, const struct operation *operation)
{
    module_run(write->host, write->request, operation->topic, input_of(write), on_stepped, write);
}

static const char *decision_for(const char *wanted)
{
    return strcmp(wanted, "DRAFT") == 0      ? "revise"
           : strcmp(wanted, "OUTDATED") == 0 ? "outdate"
                                             : "retire";
}

/* Which command brings the article from its state to the one that is wanted. */
static void step(struct article_write *write, const char *from)
{
    bool is_published = strcmp(from, "PUBLISHED") == 0;

    if (write->wanted[0] == '\0' && is_published &&
        json_object_get(write->change, "validUntil") != NULL)
        decide(write, "extend");
    else if (write->wanted[0] == '\0')
        run(write, &article_update);
    else if (is_published)
        decide(write, decision_for(write->wanted));
    else if (strcmp(from, "REVIEW") == 0)
        review(write, strcmp(write->wanted, "PUBLISHED") == 0 ? "approve" : "reject");
    else if (strcmp(write->wanted, "REVIEW") == 0)
        module_start(write->host, write->request, process_key, NULL, input_of(write), on_stepped,
                     write);
    else
        run(write, strcmp(write->wanted, "DRAFT") == 0 ? &article_revise : &article_retire);
}

static enum status check_state(const struct article_write *write, const struct pg_result *result,
                               struct error *ret_error)
{
    if (pg_rows(result) == 0)
        return error_set_field(ret_error, STATUS_NOT_FOUND, "articleId",
                               "Expected an article \"%.60s\" but there is none.",
                               write->article_id);
    if (write->wanted[0] == '\0')
        return STATUS_OK;
    return article_state_check(write->article_id, pg_value_text(result, 0, 0), write->wanted,
                               ret_error);
}

static void on_state(void *context, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct article_write *write = context;
    /* The answer, if it is given at once, ends the request and `write` with it. */
    json_t *change = write->change;
    struct error refusal;

    error_clear(&refusal);
    if (status == STATUS_OK) {
        status = check_state(write, pg_batch_result(batch, 0), &refusal);
        error = &refusal;
    }
    if (status != STATUS_OK)
        http_reply_error(write->request, error);
    else
        step(write, pg_value_text(pg_batch_result(batch, 0), 0, 0)); /* suspended: until it has
                                                                         committed */
    json_decref(change);
}

/* What goes with a change of state, and what does with a change of fields. */
#define WITH_A_STATE                                                                         \
    {.name = "articleId", .kind = OPERATION_ID, .required = true},                           \
        {.name = "change.comment", .kind = OPERATION_TEXT, .maximum = ARTICLE_COMMENT_MAX},  \
        {.name = "change.expectedVersion", .kind = OPERATION_NUMBER, .maximum = INT64_MAX},  \
        {.name = "change.reviewer", .kind = OPERATION_TEXT, .maximum = ARTICLE_NAME_MAX},    \
        {.name = "change.reviewGroup", .kind = OPERATION_TEXT, .maximum = ARTICLE_NAME_MAX}, \
        {.name = "change.reviewWithin",                                                      \
         .kind = OPERATION_DURATION,                                                         \
         .minimum = 1,                                                                       \
         .maximum = 366 * 86400},                                                            \
        {.name = "change.validUntil", .kind = OPERATION_INSTANT},                            \
    {                                                                                        \
        .name = "status", .kind = OPERATION_NAME, .names = article_states                    \
    }
#define WITHOUT_A_STATE                                                                       \
    {.name = "change.title",                                                                  \
     .kind = OPERATION_TEXT,                                                                  \
     .filled = true,                                                                          \
     .maximum = ARTICLE_TITLE_MAX},                                                           \
        {.name = "change.summary", .kind = OPERATION_TEXT, .maximum = ARTICLE_SUMMARY_MAX},   \
        {.name = "change.body", .kind = OPERATION_TEXT, .maximum = ARTICLE_BODY_MAX},         \
        {.name = "change.keywords", .kind = OPERATION_TEXT, .maximum = ARTICLE_KEYWORDS_MAX}, \
    {                                                                                         \
        .name = "change.category", .kind = OPERATION_TEXT, .maximum = ARTICLE_NAME_MAX        \
    }

static const struct operation_field all_fields[] = {WITH_A_STATE, WITHOUT_A_STATE};
enum { FIELDS_WITH_A_STATE = 8 };

static const struct operation everything = {.fields = all_fields,
                                            .field_count = COUNT_OF(all_fields)};

/* One request changes the state or the text: a step of the process and an edit are two commands. */
static enum status check_together(const json_t *change, const char *wanted, struct error *ret_error)
{
    for (uint32_t i = FIELDS_WITH_A_STATE; wanted[0] != '\0' && i < COUNT_OF(all_fields); i++) {
        const char *name = strrchr(all_fields[i].name, '.') + 1;

        if (json_object_get(change, name) != NULL)
            return error_set_field(ret_error, STATUS_INVALID, name,
                                   "Expected %s in a change of its own but found it together with "
                                   "status.",
                                   name);
    }
    static const char *const of_states[] = {"comment", "reviewWithin"};

    for (size_t i = 0; wanted[0] == '\0' && i < COUNT_OF(of_states); i++) {
        if (json_object_get(change, of_states[i]) != NULL)
            return error_set_field(
                ret_error, STATUS_INVALID, of_states[i],
                "Expected %s together with the status that it is about but found "
                "no status.",
                of_states[i]);
    }
    return STATUS_OK;
}

static enum status read_change(struct article_write *write, struct error *ret_error)
{
    json_t *input;
    enum status status =
        operation_input_read(write->request, &everything, "articleId", &input, ret_error);

    if (status == STATUS_OK)
        status = operation_check(&everything, input, ret_error);
    if (status == STATUS_OK)
        status = check_together(json_object_get(input, "change"), operation_text(input, "status"),
                                ret_error);
    if (status == STATUS_OK) {
        write->wanted = arena_copy(http_arena(write->request), operation_text(input, "status"));
        write->change = json_incref(json_object_get(input, "change"));
    }
    json_decref(input);
    return status;
}

void article_route_change(void *context, struct http_request *request)
{
    struct arena *arena = http_arena(request);
    struct article_write *write = arena_alloc(arena, sizeof *write);
    struct pg_batch *batch = pg_batch_new(arena);
    struct error error;

    error_clear(&error);
    write->host = context;
    write->request = request;
    write->article_id = http_param(request, "articleId");
    if (read_change(write, &error) != STATUS_OK) {
        http_reply_error(request, &error);
        return;
    }
    pg_text(pg_batch_add(batch, &read_state), write->article_id);
    module_query(context, batch, on_state, write); /* suspended: until the state is known */
}

void article_route_create(void *context, struct http_request *request)
{
    json_t *input;
    struct error error;

    error_clear(&error);
    if (operation_input_read(request, &article_create, NULL, &input, &error) != STATUS_OK)
        http_reply_error(request, &error);
    else
        operation_serve(context, request, &article_create, input, 201,
                        "/api/v1/articles"); /* suspended: until it has committed */
}

void article_route_rate(void *context, struct http_request *request)
{
    json_t *input;
    struct error error;

    error_clear(&error);
    if (operation_input_read(request, &article_rate, "articleId", &input, &error) != STATUS_OK)
        http_reply_error(request, &error);
    else
        operation_serve(context, request, &article_rate, input, 200,
                        NULL); /* suspended: until it has committed */
}

static void serve_link(struct module_host *host, struct http_request *request,
                       const struct operation *operation)
{
    json_t *input = json_pack("{s:s, s:s}", "articleId", http_param(request, "articleId"),
                              "incidentId", http_param(request, "incidentId"));

    operation_serve(host, request, operation, input, 200,
                    NULL); /* suspended: until it has committed */
}

void article_route_link(void *context, struct http_request *request)
{
    serve_link(context, request, &article_link);
}

void article_route_unlink(void *context, struct http_request *request)
{
    serve_link(context, request, &article_unlink);
}
