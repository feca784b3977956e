/* Requests that are an operation: the body becomes its input, its object the answer. */
#include "engine/module.h"

#include <string.h>

enum { KNOWN_MAX = 32 };

struct operation_request {
    struct http_request *request;
    const struct operation *operation;
    const char *collection;
    int http_status;
};

static bool is_read(const struct operation_field *field)
{
    return field->kind != OPERATION_USER && field->kind != OPERATION_INSTANCE;
}

/* What a caller may say: "change.title" as title, and not what the path says. */
static void known_fields(const struct operation *operation, const char *parameter,
                         const char *ret_known[KNOWN_MAX + 1])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < operation->field_count; i++) {
        const char *dot = strrchr(operation->fields[i].name, '.');
        const char *name = dot == NULL ? operation->fields[i].name : dot + 1;

        if (!is_read(&operation->fields[i]) || (parameter != NULL && strcmp(parameter, name) == 0))
            continue;
        INVARIANT(count < KNOWN_MAX);
        ret_known[count++] = name;
    }
    ret_known[count] = NULL;
}

static const struct operation_field *field_of(const struct operation *operation, const char *name)
{
    for (uint32_t i = 0; i < operation->field_count; i++) {
        const char *dot = strrchr(operation->fields[i].name, '.');

        if (is_read(&operation->fields[i]) &&
            strcmp(dot == NULL ? operation->fields[i].name : dot + 1, name) == 0)
            return &operation->fields[i];
    }
    return NULL;
}

/* Each field to the place where the operation reads it. */
static json_t *place(const struct operation *operation, json_t *body)
{
    json_t *input = json_object();
    json_t *change = json_object();
    const char *name;
    json_t *value;

    json_object_foreach (body, name, value) {
        const struct operation_field *field = field_of(operation, name);
        bool is_change = field != NULL && strchr(field->name, '.') != NULL;

        json_object_set(is_change ? change : input, name, value);
    }
    json_object_set_new(input, "change", change);
    return input;
}

enum status operation_input_read(struct http_request *request, const struct operation *operation,
                                 const char *parameter, json_t **ret_input, struct error *ret_error)
{
    const char *known[KNOWN_MAX + 1];
    int64_t version = -1;
    json_t *body = NULL;
    enum status status;

    known_fields(operation, parameter, known);
    *ret_input = NULL;
    status = http_json_object(request, false, &body, ret_error);
    if (status == STATUS_OK)
        status = json_only_fields(body, known, ret_error);
    if (status == STATUS_OK && json_object_size(body) == 0)
        status = error_set(ret_error, STATUS_INVALID,
                           "Expected at least one field but the object is empty.");
    if (status == STATUS_OK)
        status = module_expected_version(request, body, &version, ret_error);
    if (status != STATUS_OK) {
        json_decref(body);
        return status;
    }
    if (version >= 0 && field_of(operation, "expectedVersion") != NULL)
        json_object_set_new(body, "expectedVersion", json_integer(version));
    if (parameter != NULL)
        json_object_set_new(body, parameter, json_string(http_param(request, parameter)));
    *ret_input = place(operation, body);
    json_decref(body);
    return STATUS_OK;
}

/* An object that shows more than its version tells of is never answered with a 304. */
static void reply(struct http_request *request, const struct operation_object *object, json_t *json,
                  int http_status, const char *collection, bool shows_more)
{
    const json_t *version = json_object_get(json, "version");

    if (http_status == 201 && collection != NULL)
        http_reply_header(request, "Location",
                          arena_format(http_arena(request), "%s/%s", collection,
                                       json_string_value(json_object_get(json, object->facts[0]))));
    if (json_is_integer(version) && !shows_more) {
        module_reply_versioned(request, http_status, json, json_integer_value(version));
        return;
    }
    if (json_is_integer(version))
        http_reply_header(
            request, "ETag",
            arena_format(http_arena(request), "\"%lld\"", (long long)json_integer_value(version)));
    http_reply_json(request, http_status, json);
}

static void on_run(void *context, const struct module_result *result, enum status status,
                   const struct error *error)
{
    const struct operation_request *own = context;

    if (status != STATUS_OK)
        module_reply_refusal(own->request, error);
    else
        reply(own->request, own->operation->object, json_deep_copy(result->variables),
              own->http_status, own->collection, false);
}

void operation_serve(struct module_host *host, struct http_request *request,
                     const struct operation *operation, json_t *input, int http_status,
                     const char *collection)
{
    struct operation_request *own = arena_alloc(http_arena(request), sizeof *own);
    struct error error;

    own->request = request;
    own->operation = operation;
    own->collection = collection;
    own->http_status = http_status;
    error_clear(&error);
    if (operation_check(operation, input, &error) != STATUS_OK) {
        json_decref(input);
        http_reply_error(request, &error);
        return;
    }
    module_run(host, request, operation->topic, input, on_run,
               own); /* suspended: until it has committed */
}

/* A request while its query runs; in the request's arena. */
struct operation_query {
    struct http_request *request;
    const struct operation_read *read;
    const char *key;
    const char *collection;
    int http_status;
};

static enum status check_found(const struct operation_query *query, struct pg_batch *batch,
                               struct error *ret_error)
{
    if (pg_rows(pg_batch_result(batch, 0)) > 0)
        return STATUS_OK;
    return error_set_field(ret_error, STATUS_NOT_FOUND, query->read->key,
                           "Expected %s \"%.100s\" but there is none.", query->read->what,
                           query->key);
}

static void on_read(void *context, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    const struct operation_query *query = context;
    struct error missing;

    error_clear(&missing);
    if (status == STATUS_OK && (status = check_found(query, batch, &missing)) != STATUS_OK)
        error = &missing;
    if (status != STATUS_OK)
        http_reply_error(query->request, error);
    else
        reply(query->request, query->read->object,
              operation_json(query->read->object, pg_batch_result(batch, 0), 0, 0),
              query->http_status, query->collection, query->read->shows_more);
}

static struct operation_query *query_of(struct http_request *request,
                                        const struct operation_read *read, const char *key,
                                        struct pg_batch *batch)
{
    struct operation_query *query = arena_alloc(http_arena(request), sizeof *query);

    query->request = request;
    query->read = read;
    query->key = arena_copy(http_arena(request), key);
    pg_text(pg_batch_add(batch, read->statement), key);
    return query;
}

void operation_reply(struct module_host *host, struct http_request *request,
                     const struct operation_read *read, const char *key, int http_status,
                     const char *collection)
{
    struct pg_batch *batch = pg_batch_new(http_arena(request));
    struct operation_query *query = query_of(request, read, key, batch);

    query->http_status = http_status;
    query->collection = collection;
    module_query(host, batch, on_read, query); /* suspended: until the row is read */
}
