/* The body of change-state, for instances and for executions. */
#include "engine/api/internal.h"

enum { ACTIVITIES_MAX = 1000 };

/* A field that is an array of texts, one text, or absent. New reference. */
static enum status read_ids(const json_t *body, const char *field, json_t **ret_ids,
                            struct error *ret_error)
{
    const json_t *value = json_object_get(body, field);
    const json_t *text;
    json_t *ids = json_array();
    enum status status = STATUS_OK;
    size_t i;

    if (json_is_string(value))
        (void)json_array_append(ids, (json_t *)(uintptr_t)value);
    else if (value != NULL && !json_is_null(value) && !json_is_array(value))
        status = error_set_field(ret_error, STATUS_INVALID, field,
                                 "Expected '%s' to be an array of ids.", field);
    if (status == STATUS_OK && json_array_size(value) > ACTIVITIES_MAX)
        status = error_set_field(ret_error, STATUS_INVALID, field,
                                 "Expected at most %d ids in '%s'.", ACTIVITIES_MAX, field);
    json_array_foreach (value, i, text) {
        if (status == STATUS_OK && !json_is_string(text))
            status = error_set_field(ret_error, STATUS_INVALID, field,
                                     "Expected '%s' to be an array of ids.", field);
        if (status == STATUS_OK)
            (void)json_array_append(ids, (json_t *)(uintptr_t)text);
    }
    if (status != STATUS_OK)
        json_decref(ids);
    else
        *ret_ids = ids;
    return status;
}

void api_change_state(struct api_operation *operation, const char *execution)
{
    static const char *const known[] = {"cancelActivityIds", "startActivityIds", NULL};
    json_t *cancel = NULL;
    json_t *start = NULL;
    struct error error = {0};
    enum status status;

    if (!api_operation_body(operation, false, known))
        return;
    status = read_ids(operation->body, "cancelActivityIds", &cancel, &error);
    if (status == STATUS_OK)
        status = read_ids(operation->body, "startActivityIds", &start, &error);
    if (status == STATUS_OK && execution != NULL && json_array_size(cancel) == 0)
        (void)json_array_append_new(cancel, json_string(execution));
    if (status == STATUS_OK && json_array_size(cancel) == 0 && json_array_size(start) == 0)
        status = error_set_field(&error, STATUS_INVALID, "startActivityIds",
                                 "Expected cancelActivityIds or startActivityIds to name an "
                                 "activity, but both are empty.");
    operation->value = json_object();
    json_put(operation->value, "cancel", cancel != NULL ? cancel : json_array());
    json_put(operation->value, "start", start != NULL ? start : json_array());
    if (status != STATUS_OK) {
        api_operation_fail(operation, &error);
        return;
    }
    operation->command.kind = COMMAND_STEP;
    operation->command.step = BPMN_CHANGE_STATE;
    operation->command.value = operation->value;
    operation->on_done = api_operation_ok;
    api_operation_submit(operation);
}
