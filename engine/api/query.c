/* A batch of statements on behalf of a request, and the short answers that many nouns give. */
#include "engine/api/internal.h"

#include <stdio.h>
#include <string.h>

struct api_query *api_query_new(const struct api_settings *api, struct http_request *request,
                                void (*on_rows)(struct api_query *query))
{
    struct api_query *query = arena_alloc(http_arena(request), sizeof(*query));

    *query = (struct api_query){.api = api,
                                .request = request,
                                .batch = pg_batch_new(http_arena(request)),
                                .on_rows = on_rows};
    return query;
}

struct pg_call *api_query_add(struct api_query *query, const struct pg_statement *statement)
{
    return pg_batch_add(query->batch, statement);
}

const struct pg_result *api_query_rows(const struct api_query *query, uint32_t index)
{
    return pg_batch_result(query->batch, index);
}

void api_query_again(struct api_query *query, void (*on_rows)(struct api_query *query))
{
    query->batch = pg_batch_new(http_arena(query->request));
    query->on_rows = on_rows;
}

static void on_done(void *context, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    struct api_query *query = context;

    PRE(batch == query->batch);
    if (status == STATUS_OK)
        query->on_rows(query);
    else if (query->operation != NULL)
        api_operation_fail(query->operation, error);
    else
        http_reply_error(query->request, error);
}

void api_query_run(struct api_query *query)
{
    pg_query(query->api->pool, query->batch, API_QUERY_TIMEOUT_MS, on_done, query);
}

void api_refuse(struct http_request *request, enum status status, const char *format, ...)
{
    struct error error;
    char message[ERROR_MESSAGE_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    error_set(&error, status, "%s", message);
    http_reply_error(request, &error);
}

void api_refuse_field(struct http_request *request, const char *field, const char *format, ...)
{
    struct error error;
    char message[ERROR_MESSAGE_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    error_set_field(&error, STATUS_INVALID, field, "%s", message);
    http_reply_error(request, &error);
}

void api_not_found(struct http_request *request, const char *noun, const char *id)
{
    api_refuse(request, STATUS_NOT_FOUND, "Could not find %s with id '%.200s'.", noun, id);
}

bool api_id(struct http_request *request, const char *param, const char *noun, struct uuid *ret_id)
{
    const char *text = http_param(request, param);

    if (uuid_parse(text, ret_id))
        return true;
    api_not_found(request, noun, text);
    return false;
}

bool api_flag(struct http_request *request, const char *name, bool absent, bool *ret_value)
{
    const char *text = http_query(request, name);

    if (text == NULL)
        *ret_value = absent;
    else if (strcmp(text, "true") == 0)
        *ret_value = true;
    else if (strcmp(text, "false") == 0)
        *ret_value = false;
    else {
        api_refuse_field(request, name, "Expected '%s' to be true or false, but found '%.100s'.",
                         name, text);
        return false;
    }
    return true;
}
