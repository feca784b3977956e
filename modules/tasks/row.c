/* A task's row as JSON: what REST answers and what events carry. */
#include "modules/tasks/task.h"

enum { COLUMNS = 10 };

json_t *task_json(const struct pg_result *result, uint32_t row, uint32_t column)
{
    static const struct {
        const char *name;
        char type; /* t text, m moment, n number */
    } columns[COLUMNS] = {
        {"taskId", 't'},      {"title", 't'},      {"description", 't'}, {"status", 't'},
        {"assignedTo", 't'},  {"incidentId", 't'}, {"createdAt", 'm'},   {"updatedAt", 'm'},
        {"completedAt", 'm'}, {"version", 'n'},
    };
    json_t *task = json_object();

    for (uint32_t i = 0; i < COLUMNS; i++) {
        char moment[ISO8601_INSTANT_BYTES];
        json_t *value;

        if (pg_is_null(result, row, column + i))
            value = json_null();
        else if (columns[i].type == 't')
            value = json_string(pg_value_text(result, row, column + i));
        else if (columns[i].type == 'n')
            value = json_integer(pg_value_int(result, row, column + i));
        else
            value = json_string(
                iso8601_format_instant(pg_value_timestamp(result, row, column + i), moment));
        json_object_set_new(task, columns[i].name, value);
    }
    return task;
}

void task_publish(struct module_calls *calls, const struct module_call *call, const char *type,
                  const json_t *task)
{
    static const char *const facts[] = {"taskId",     "title",      "status",
                                        "assignedTo", "incidentId", "version"};
    json_t *payload = json_object();

    for (uint32_t i = 0; i < COUNT_OF(facts); i++)
        json_object_set(payload, facts[i], json_object_get(task, facts[i]));
    json_object_set_new(payload, "correlationId", json_string(call->correlation_id));
    module_publish(calls, call, type, json_string_value(json_object_get(payload, "taskId")),
                   payload);
}
