/* Requests and replies ↔ frames. */
#include "engine/script/frame.h"

#include <string.h>

static void append_head(struct text *text, size_t length)
{
    char head[FRAME_HEAD_BYTES] = {(char)(length >> 24), (char)(length >> 16), (char)(length >> 8),
                                   (char)length};

    text_append_bytes(text, head, sizeof(head));
}

uint32_t frame_length(const char head[FRAME_HEAD_BYTES])
{
    const unsigned char *bytes = (const unsigned char *)head;

    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int append_dumped(const char *bytes, size_t length, void *text)
{
    text_append_bytes(text, bytes, length);
    return 0;
}

/* The head is written when the length is known. */
static void append_frame(struct text *text, json_t *json)
{
    size_t start = text->length;
    struct text head = TEXT_INIT;

    append_head(text, 0);
    (void)json_dump_callback(json, append_dumped, text, JSON_COMPACT);
    append_head(&head, text->length - start - FRAME_HEAD_BYTES);
    memcpy(text->bytes + start, head.bytes, FRAME_HEAD_BYTES);
    text_deinit(&head);
    json_decref(json);
}

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text != NULL)
        (void)json_object_set_new(object, name, json_string(text));
}

void frame_write_request(struct text *text, const char *source, const json_t *variables,
                         const struct script_context *context, size_t memory_bytes,
                         unsigned seconds)
{
    json_t *json = json_object();

    set_text(json, "source", source);
    set_text(json, "executionId", context->execution_id);
    set_text(json, "processInstanceId", context->process_instance_id);
    set_text(json, "businessKey", context->business_key);
    set_text(json, "processDefinitionId", context->process_definition_id);
    set_text(json, "activityId", context->activity_id);
    (void)json_object_set_new(json, "now", json_integer(context->now_us));
    (void)json_object_set_new(json, "store", json_boolean(context->store_assignments));
    (void)json_object_set_new(json, "memory", json_integer((json_int_t)memory_bytes));
    (void)json_object_set_new(json, "seconds", json_integer(seconds));
    if (variables != NULL)
        (void)json_object_set(json, "variables", (json_t *)variables);
    append_frame(text, json);
}

bool frame_read_request(const char *bytes, size_t length, struct frame_request *ret_request)
{
    json_t *json = json_loadb(bytes, length, 0, NULL);
    struct frame_request request = {
        .json = json,
        .source = json_string_value(json_object_get(json, "source")),
        .variables = json_object_get(json, "variables"),
        .context = {.execution_id = json_string_value(json_object_get(json, "executionId")),
                    .process_instance_id =
                        json_string_value(json_object_get(json, "processInstanceId")),
                    .business_key = json_string_value(json_object_get(json, "businessKey")),
                    .process_definition_id =
                        json_string_value(json_object_get(json, "processDefinitionId")),
                    .activity_id = json_string_value(json_object_get(json, "activityId")),
                    .now_us = json_integer_value(json_object_get(json, "now")),
                    .store_assignments = json_is_true(json_object_get(json, "store"))},
        .limits = {.memory_bytes = (size_t)json_integer_value(json_object_get(json, "memory"))},
        .seconds = (unsigned)json_integer_value(json_object_get(json, "seconds"))};

    if (request.source == NULL) {
        json_decref(json);
        return false;
    }
    *ret_request = request;
    return true;
}

void frame_write_reply(struct text *text, enum status status, const struct script_result *result,
                       const struct error *error)
{
    json_t *json = json_object();

    (void)json_object_set_new(json, "status", json_integer(status));
    if (status == STATUS_OK) {
        (void)json_object_set(json, "value", result->value);
        (void)json_object_set(json, "assignments", result->assignments);
        (void)json_object_set(json, "local", result->local_assignments);
        (void)json_object_set(json, "removed", result->removed);
        set_text(json, "bpmnErrorCode", result->bpmn_error_code);
        set_text(json, "bpmnErrorMessage", result->bpmn_error_message);
    } else {
        set_text(json, "message", error->message);
        (void)json_object_set_new(json, "line", json_integer(error->line));
        (void)json_object_set_new(json, "column", json_integer(error->column));
    }
    append_frame(text, json);
}

bool frame_read_reply(const char *bytes, size_t length, struct arena *arena,
                      enum status *ret_status, struct script_result *ret_result,
                      struct error *ret_error)
{
    json_t *json = json_loadb(bytes, length, 0, NULL);
    json_int_t status = json_integer_value(json_object_get(json, "status"));
    const char *message = json_string_value(json_object_get(json, "message"));
    struct script_result result = {
        .value = json_incref(json_object_get(json, "value")),
        .assignments = json_incref(json_object_get(json, "assignments")),
        .local_assignments = json_incref(json_object_get(json, "local")),
        .removed = json_incref(json_object_get(json, "removed")),
        .bpmn_error_code =
            arena_copy(arena, json_string_value(json_object_get(json, "bpmnErrorCode"))),
        .bpmn_error_message =
            arena_copy(arena, json_string_value(json_object_get(json, "bpmnErrorMessage")))};
    bool valid = json_is_integer(json_object_get(json, "status"));

    if (status == STATUS_OK)
        valid = valid && result.value != NULL && json_is_object(result.assignments) &&
                json_is_object(result.local_assignments) && json_is_array(result.removed);
    else
        valid = valid && message != NULL && status > STATUS_OK && status <= STATUS_TIMEOUT;
    if (valid && status != STATUS_OK) {
        (void)error_set(ret_error, (enum status)status, "%s", message);
        (void)error_at(ret_error, NULL, (int)json_integer_value(json_object_get(json, "line")),
                       (int)json_integer_value(json_object_get(json, "column")));
    }
    json_decref(json);
    if (!valid || status != STATUS_OK)
        script_result_deinit(&result);
    if (valid) {
        *ret_status = (enum status)status;
        *ret_result = result;
    }
    return valid;
}
