/* Creating and changing tasks over REST: direct calls of the module's own handlers. */
#include "modules/tasks/task.h"

#include <stdlib.h>
#include <string.h>

/* A request while its command runs; in the request's arena. */
struct task_write {
    struct http_request *request;
    int status; /* of a good answer */
};

static void on_written(void *context, const struct module_result *result, enum status status,
                       const struct error *error)
{
    const struct task_write *write = context;

    if (status != STATUS_OK) {
        http_reply_error(write->request, error);
        return;
    }
    struct arena *arena = http_arena(write->request);
    const char *task_id = json_string_value(json_object_get(result->variables, "taskId"));

    http_reply_header(
        write->request, "ETag",
        arena_format(arena, "\"%lld\"",
                     (long long)json_integer_value(json_object_get(result->variables, "version"))));
    if (write->status == 201)
        http_reply_header(write->request, "Location",
                          arena_format(arena, "/api/v1/tasks/%s", task_id));
    http_reply_json(write->request, write->status, json_deep_copy(result->variables));
}

static struct task_write *write_of(struct http_request *request, int status)
{
    struct task_write *write = arena_alloc(http_arena(request), sizeof *write);

    write->request = request;
    write->status = status;
    return write;
}

void task_route_create(void *context, struct http_request *request)
{
    struct task_fields fields;
    struct error error;
    json_t *body = NULL;
    enum status status;

    error_clear(&error);
    status = http_json_object(request, false, &body, &error);
    if (status == STATUS_OK)
        status = json_only_fields(body, task_create_fields, &error);
    if (status == STATUS_OK)
        status = task_fields_read(body, &fields, &error);
    if (status == STATUS_OK && fields.title == NULL)
        status = error_set_field(&error, STATUS_INVALID, "title",
                                 "Expected title to say what is to be done but it is missing.");
    if (status != STATUS_OK) {
        json_decref(body);
        http_reply_error(request, &error);
        return;
    }
    module_run(context, request, "tasks.create", body, on_written,
               write_of(request, 201)); /* suspended: until the task is stored */
}

/* If-Match: "7", W/"7" or *. */
static enum status add_expected_version(struct http_request *request, json_t *input,
                                        struct error *ret_error)
{
    const char *text = http_header(request, "if-match");

    if (text == NULL || strcmp(text, "*") == 0)
        return STATUS_OK;
    if (strncmp(text, "W/", 2) == 0)
        text += 2;
    if (text[0] == '"' && text[1] >= '0' && text[1] <= '9') {
        char *end;
        int64_t version = strtoll(text + 1, &end, 10);

        if (strcmp(end, "\"") == 0) {
            json_object_set_new(input, "expectedVersion", json_integer(version));
            return STATUS_OK;
        }
    }
    return error_set_field(ret_error, STATUS_INVALID, "If-Match",
                           "Expected If-Match to be the ETag of an earlier answer, such as \"3\" "
                           "in quotes, but found %.40s.",
                           text);
}

void task_route_change(void *context, struct http_request *request)
{
    struct task_fields fields;
    struct error error;
    json_t *change = NULL;
    json_t *input;
    enum status status;

    error_clear(&error);
    status = http_json_object(request, false, &change, &error);
    input = json_pack("{s:s, s:O?}", "taskId", http_param(request, "taskId"), "change", change);
    json_decref(change);
    if (status == STATUS_OK)
        status = json_only_fields(change, task_change_fields, &error);
    if (status == STATUS_OK)
        status = task_fields_read(change, &fields, &error);
    if (status == STATUS_OK && fields.status != NULL)
        status = task_state_check(fields.status, &error);
    if (status == STATUS_OK)
        status = add_expected_version(request, input, &error);
    if (status == STATUS_OK && json_object_size(change) == 0)
        status = error_set(&error, STATUS_INVALID,
                           "Expected at least one field to change but the object is empty.");
    if (status != STATUS_OK) {
        json_decref(input);
        http_reply_error(request, &error);
        return;
    }
    module_run(context, request, "tasks.update", input, on_written,
               write_of(request, 200)); /* suspended: until the change has committed */
}
