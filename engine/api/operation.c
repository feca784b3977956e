/* A command on behalf of a request: body read and checked, command submitted, answer after COMMIT.
 */
#include "engine/api/internal.h"

#include <stddef.h>
#include <string.h>

struct api_operation *api_operation_new(const struct api_settings *api,
                                        struct http_request *request)
{
    struct api_operation *operation = arena_alloc(http_arena(request), sizeof(*operation));

    *operation = (struct api_operation){.api = api, .request = request};
    operation->command.user = http_user(request);
    operation->command.correlation_id = http_correlation_id(request);
    return operation;
}

void api_operation_clear(struct api_operation *operation)
{
    json_decref(operation->body);
    json_decref(operation->variables);
    json_decref(operation->value);
    operation->body = operation->variables = operation->value = NULL;
}

void api_operation_fail(struct api_operation *operation, const struct error *error)
{
    struct error copy = *error; /* may point into what is let go of */

    api_operation_clear(operation);
    http_reply_error(operation->request, &copy);
}

bool api_operation_body(struct api_operation *operation, bool allow_empty, const char *const *known)
{
    struct error error = {0};
    enum status status =
        http_json_object(operation->request, allow_empty, &operation->body, &error);

    if (status == STATUS_OK && known != NULL)
        status = json_only_fields(operation->body, known, &error);
    if (status != STATUS_OK)
        api_operation_fail(operation, &error);
    return status == STATUS_OK;
}

bool api_operation_variables(struct api_operation *operation, const char *field)
{
    struct error error = {0};

    if (api_variables_read(json_object_get(operation->body, field), field, &operation->variables,
                           &error) != STATUS_OK) {
        api_operation_fail(operation, &error);
        return false;
    }
    operation->command.variables = operation->variables;
    return true;
}

bool api_operation_more_variables(struct api_operation *operation, const char *field)
{
    struct error error = {0};
    json_t *more = NULL;
    const char *name;
    json_t *value;
    enum status status =
        api_variables_read(json_object_get(operation->body, field), field, &more, &error);

    json_object_foreach (more, name, value) {
        if (status == STATUS_OK && json_object_get(operation->variables, name) != NULL)
            status = error_set_field(&error, STATUS_INVALID, field,
                                     "Expected each variable once, but '%.200s' came twice.", name);
    }
    if (status == STATUS_OK)
        (void)json_object_update(operation->variables, more);
    json_decref(more);
    if (status != STATUS_OK)
        api_operation_fail(operation, &error);
    return status == STATUS_OK;
}

static bool carries_meaning(const json_t *value)
{
    return value != NULL && !json_is_null(value) && !json_is_false(value) &&
           !(json_is_array(value) && json_array_size(value) == 0) &&
           !(json_is_string(value) && json_string_length(value) == 0);
}

bool api_operation_unsupported(struct api_operation *operation, const char *const *fields)
{
    struct error error;

    for (; *fields != NULL; fields++) {
        if (!carries_meaning(json_object_get(operation->body, *fields)))
            continue;
        error_set_field(&error, STATUS_INVALID, *fields,
                        "The field '%s' is not supported here; leave it out.", *fields);
        api_operation_fail(operation, &error);
        return false;
    }
    return true;
}

static void on_command_done(struct command *command, enum status status, const struct error *error)
{
    struct api_operation *operation = CONTAINER_OF(command, struct api_operation, command);

    if (status == STATUS_OK)
        operation->on_done(operation);
    else if (operation->on_failed != NULL)
        operation->on_failed(operation, error);
    else
        api_operation_fail(operation, error);
}

void api_operation_submit(struct api_operation *operation)
{
    struct error error = {0};

    PRE(operation->on_done != NULL);
    operation->command.on_done = on_command_done;
    if (command_submit(operation->api->commands, &operation->command, &error) != STATUS_OK)
        on_command_done(&operation->command, error.status, &error);
    /* suspended: until the unit of work has committed */
}

void api_operation_no_content(struct api_operation *operation)
{
    api_operation_clear(operation);
    http_reply_empty(operation->request, 204);
}

void api_operation_ok(struct api_operation *operation)
{
    api_operation_clear(operation);
    http_reply_empty(operation->request, 200);
}
