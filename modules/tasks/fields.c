/* What callers may say about a task, checked once for REST, processes and direct calls. */
#include "modules/tasks/task.h"

#include <string.h>

const char *const task_create_fields[] = {"title", "description", "assignedTo", "incidentId", NULL};
const char *const task_change_fields[] = {"title", "description", "assignedTo", "status", NULL};

enum status task_fields_read(const json_t *object, struct task_fields *ret_fields,
                             struct error *ret_error)
{
    struct task_fields fields = {0};
    const struct {
        const char *name;
        size_t bytes_max;
        const char **ret_text;
    } texts[] = {
        {"title", TASK_TITLE_MAX, &fields.title},
        {"description", TASK_TEXT_MAX, &fields.description},
        {"status", TASK_NAME_MAX, &fields.status},
        {"assignedTo", TASK_NAME_MAX, &fields.assigned_to},
        {"incidentId", TASK_NAME_MAX, &fields.incident_id},
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *name = texts[i].name;
        enum status status = json_field_text(object, name, texts[i].ret_text, ret_error);

        if (status != STATUS_OK)
            return status;
        if (*texts[i].ret_text != NULL && strlen(*texts[i].ret_text) > texts[i].bytes_max)
            return error_set_field(ret_error, STATUS_INVALID, name,
                                   "Expected %s to have at most %zu bytes but it has %zu.", name,
                                   texts[i].bytes_max, strlen(*texts[i].ret_text));
    }
    if (fields.title != NULL && fields.title[strspn(fields.title, " \t\r\n")] == '\0')
        return error_set_field(ret_error, STATUS_INVALID, "title",
                               "Expected title to say what is to be done but it is empty.");
    *ret_fields = fields;
    return STATUS_OK;
}
