/* POST /process-api/runtime/messages (ours): a message finds its receiver by name, correlation key
 * and business key. What it says is read here; where it goes is in message_route.c. */
#include "engine/api/message.h"

#include "bpmn/iso8601.h"
#include "engine/base/clock.h"

#include <stdlib.h>
#include <string.h>

enum { MESSAGE_TEXT_MAX = 255, MESSAGE_KEY_MAX = 4096 };

void message_answer(struct message *message, int status, json_t *body)
{
    struct http_request *request = message->operation->request;

    api_operation_clear(message->operation);
    http_reply_json(request, status, body);
}

void message_answer_flag(struct message *message, int status, const char *name)
{
    json_t *body = json_object();

    json_put(body, name, json_true());
    message_answer(message, status, body);
}

static enum status read_text(const json_t *body, const char *field, size_t max,
                             const char **ret_text, struct error *ret_error)
{
    enum status status = json_field_text(body, field, ret_text, ret_error);

    if (status == STATUS_OK && *ret_text != NULL && strlen(*ret_text) > max)
        status = error_set_field(ret_error, STATUS_INVALID, field,
                                 "Expected '%s' to have at most %zu bytes.", field, max);
    return status;
}

/* One key as text, or several values: then their compact JSON with sorted names is the key. */
static enum status read_key(struct message *message, const json_t *body, struct error *ret_error)
{
    const json_t *keys = json_object_get(body, "correlationKeys");
    enum status status =
        read_text(body, "correlationKey", MESSAGE_KEY_MAX, &message->key, ret_error);
    char *text;

    if (status != STATUS_OK || keys == NULL || json_is_null(keys))
        return status;
    if (!json_is_object(keys) || message->key != NULL)
        return error_set_field(ret_error, STATUS_INVALID, "correlationKeys",
                               "Expected 'correlationKeys' to be an object, and no "
                               "'correlationKey' beside it.");
    text = json_dumps(keys, JSON_COMPACT | JSON_SORT_KEYS);
    if (strlen(text) > MESSAGE_KEY_MAX)
        status = error_set_field(ret_error, STATUS_INVALID, "correlationKeys",
                                 "Expected 'correlationKeys' to have at most %d bytes.",
                                 MESSAGE_KEY_MAX);
    message->key = arena_copy(http_arena(message->operation->request), text);
    free(text); /* jansson's */
    return status;
}

static enum status read_life(struct message *message, const json_t *body, struct error *ret_error)
{
    const char *text = "PT1H";
    const char *given = NULL;
    struct iso8601_duration duration;
    struct error inner = {0};
    enum status status = json_field_text(body, "timeToLive", &given, ret_error);

    if (status != STATUS_OK)
        return status;
    if (given != NULL)
        text = given;
    message->now_us = clock_wall_us();
    if (iso8601_parse_duration(text, &duration, &inner) != STATUS_OK ||
        iso8601_add(message->now_us, &duration, &message->expires_us, &inner) != STATUS_OK)
        return error_set_field(ret_error, STATUS_INVALID, "timeToLive",
                               "Expected 'timeToLive' to be an ISO 8601 duration such as PT1H: "
                               "%.500s",
                               inner.message);
    return STATUS_OK;
}

static enum status read_instance(struct message *message, const json_t *body,
                                 struct error *ret_error)
{
    const char *text = NULL;
    enum status status = json_field_text(body, "processInstanceId", &text, ret_error);

    if (status != STATUS_OK || text == NULL)
        return status;
    message->has_instance = true;
    if (uuid_parse(text, &message->instance_id))
        return STATUS_OK;
    return error_set(ret_error, STATUS_NOT_FOUND,
                     "Could not find a process instance with id '%.200s'.", text);
}

static enum status read_variables(struct message *message, const json_t *body,
                                  struct error *ret_error)
{
    struct api_operation *operation = message->operation;
    enum status status = api_variables_any(json_object_get(body, "variables"), "variables",
                                           &operation->variables, ret_error);
    char *text;

    if (status != STATUS_OK)
        return status;
    text = json_dumps(operation->variables, JSON_COMPACT);
    message->variables = arena_copy(http_arena(operation->request), text);
    free(text); /* jansson's */
    return STATUS_OK;
}

static enum status read_message(struct message *message, const json_t *body,
                                struct error *ret_error)
{
    enum status status = json_field_required_text(body, "name", &message->name, ret_error);

    if (status == STATUS_OK)
        status = read_text(body, "name", MESSAGE_TEXT_MAX, &message->name, ret_error);
    if (status == STATUS_OK)
        status = read_text(body, "messageId", MESSAGE_TEXT_MAX, &message->message_id, ret_error);
    if (status == STATUS_OK)
        status =
            read_text(body, "businessKey", MESSAGE_TEXT_MAX, &message->business_key, ret_error);
    if (status == STATUS_OK)
        status = read_text(body, "tenantId", MESSAGE_TEXT_MAX, &message->tenant, ret_error);
    if (message->tenant == NULL)
        message->tenant = "";
    if (status == STATUS_OK)
        status = read_key(message, body, ret_error);
    if (status == STATUS_OK)
        status = read_life(message, body, ret_error);
    if (status == STATUS_OK)
        status = read_instance(message, body, ret_error);
    if (status == STATUS_OK)
        status = json_field_bool(body, "all", false, &message->all, ret_error);
    if (status == STATUS_OK)
        status = read_variables(message, body, ret_error);
    return status;
}

static void post(void *context, struct http_request *request)
{
    static const char *const known[] = {
        "name",      "correlationKey", "correlationKeys", "businessKey", "processInstanceId",
        "variables", "messageId",      "timeToLive",      "all",         "tenantId",
        NULL};
    struct message *message = arena_alloc(http_arena(request), sizeof(*message));
    struct error error = {0};

    message->operation = api_operation_new(context, request);
    if (!api_operation_body(message->operation, false, known))
        return;
    if (read_message(message, message->operation->body, &error) != STATUS_OK)
        api_operation_fail(message->operation, &error);
    else if (message->all)
        message_route_to_all(message);
    else
        message_route(message);
}

static const struct http_route routes[] = {
    {HTTP_POST_METHOD, "/process-api/runtime/messages", post,
     "Send a message to whoever waits for it", 0},
};
const struct api_routes message_routes = {routes, COUNT_OF(routes)};
