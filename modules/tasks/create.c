/* tasks.create: draws the number and stores the task; in a process it becomes `taskId`. */
#include "modules/tasks/task.h"

static const struct pg_statement insert_tasks = {
    "tasks_insert",
    "WITH input AS MATERIALIZED ("
    " SELECT i.*, 'TSK-' || nextval('synergyflow_tasks.task_number') AS task_id"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY"
    "   AS i (title, description, assigned_to, incident_id, n)),"
    " inserted AS ("
    " INSERT INTO synergyflow_tasks.tasks AS t (task_id, title, description, status, assigned_to,"
    "   incident_id, created_at, updated_at)"
    " SELECT i.task_id, i.title, NULLIF(i.description, ''), 'OPEN', NULLIF(i.assigned_to, ''),"
    "   NULLIF(i.incident_id, ''), $5, $5"
    " FROM input i ORDER BY i.n RETURNING " TASK_COLUMNS ")"
    " SELECT " TASK_COLUMNS " FROM input i JOIN inserted t USING (task_id) ORDER BY i.n"};

/* Of a call, from prepare to finish. */
struct task_creation {
    struct task_fields fields;
    uint32_t row;
};

static enum status read_creation(struct module_calls *calls, struct module_call *call,
                                 struct task_creation *creation, struct error *ret_error)
{
    struct task_fields *fields = &creation->fields;
    enum status status = task_fields_read(call->variables, fields, ret_error);

    if (status != STATUS_OK)
        return status;
    if (fields->title == NULL)
        return error_set_field(ret_error, STATUS_INVALID, "title",
                               "Expected title to say what is to be done but it is missing.");
    if (uuid_is_zero(&call->instance_id))
        return STATUS_OK;
    /* The title, description and assignee of a process are its subject's. */
    fields->description = NULL;
    if (fields->incident_id != NULL)
        fields->title = arena_format(calls->arena, "%s: %s", fields->incident_id, fields->title);
    return STATUS_OK;
}

enum status task_create_prepare(struct module_calls *calls, struct pg_batch *batch,
                                struct error *ret_error)
{
    struct pg_call *insert = pg_batch_add(batch, &insert_tasks);
    struct pg_array *titles = pg_text_array(insert);
    struct pg_array *descriptions = pg_text_array(insert);
    struct pg_array *assignees = pg_text_array(insert);
    struct pg_array *incidents = pg_text_array(insert);
    uint32_t rows = 0;

    (void)ret_error;
    pg_timestamp(insert, calls->now_us);
    for (uint32_t i = 0; i < calls->count; i++) {
        struct task_creation *creation = arena_alloc(calls->arena, sizeof *creation);
        struct error error;

        calls->items[i].state = creation;
        error_clear(&error);
        if (read_creation(calls, &calls->items[i], creation, &error) != STATUS_OK) {
            module_call_refuse(calls, &calls->items[i], &error);
            continue;
        }
        creation->row = rows++;
        pg_add_text(titles, creation->fields.title);
        pg_add_text(descriptions, creation->fields.description);
        pg_add_text(assignees, creation->fields.assigned_to);
        pg_add_text(incidents, creation->fields.incident_id);
    }
    return STATUS_OK;
}

enum status task_create_finish(struct module_calls *calls, struct pg_batch *batch,
                               struct error *ret_error)
{
    (void)ret_error;
    for (uint32_t i = 0; i < calls->count; i++) {
        struct module_call *call = &calls->items[i];
        const struct task_creation *creation = call->state;

        if (call->ret_failure != NULL)
            continue;
        json_t *task = task_json(pg_batch_result(batch, 0), creation->row, 0);

        task_publish(calls, call, "tasks.TaskCreated", task);
        if (uuid_is_zero(&call->instance_id)) {
            module_call_return(call, task);
            continue;
        }
        module_call_return(call, json_pack("{s:O}", "taskId", json_object_get(task, "taskId")));
        json_decref(task);
    }
    return STATUS_OK;
}
