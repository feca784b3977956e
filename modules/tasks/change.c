/* tasks.update and tasks.complete: one set-based statement for all calls of a unit of work.
 *
 * The rows are locked first by a statement of its own; the next one sees them as the last holder
 * left them. Several calls about one task run one after the other, in rounds; nearly always there
 * is one. */
#include "modules/tasks/task.h"

#include <string.h>

static const struct pg_statement lock_tasks = {
    "tasks_lock", "SELECT 1 FROM synergyflow_tasks.tasks WHERE task_id = ANY ($1)"
                  " ORDER BY task_id FOR UPDATE"};

/* NULL keeps, '' clears. */
static const struct pg_statement change_tasks = {
    "tasks_change",
    "WITH input AS ("
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],"
    "   $7::bigint[]) WITH ORDINALITY AS i (task_id, title, description, status, assigned_to,"
    "   allowed_from, expected_version, n)),"
    " before AS ("
    " SELECT i.*, t.status AS old_status, t.version AS old_version"
    " FROM input i LEFT JOIN synergyflow_tasks.tasks t USING (task_id)),"
    " changed AS ("
    " UPDATE synergyflow_tasks.tasks t SET"
    "   title = COALESCE(b.title, t.title),"
    "   description = NULLIF(COALESCE(b.description, t.description), ''),"
    "   status = COALESCE(b.status, t.status),"
    "   assigned_to = NULLIF(COALESCE(b.assigned_to, t.assigned_to), ''),"
    "   completed_at = CASE WHEN b.status IN ('DONE', 'CANCELLED') THEN $8 ELSE t.completed_at END,"
    "   updated_at = $8, version = t.version + 1"
    " FROM before b WHERE t.task_id = b.task_id"
    "   AND b.old_status = ANY (string_to_array(b.allowed_from, ','))"
    "   AND (b.expected_version < 0 OR b.expected_version = b.old_version)"
    " RETURNING b.n, " TASK_COLUMNS ")"
    " SELECT b.old_status, b.old_version, t.n, " TASK_COLUMNS
    " FROM before b LEFT JOIN changed t USING (n) ORDER BY b.n"};

enum { COLUMN_OLD_STATUS, COLUMN_OLD_VERSION, COLUMN_CHANGED, COLUMN_TASK };

/* Of a call, from prepare to finish. */
struct task_change {
    const char *task_id;
    struct task_fields fields;
    const char *allowed_from;
    int64_t expected_version; /* -1: any */
    bool completes;           /* a step of a process: what is done already stays so */
    uint32_t round;
    uint32_t row;
};

static enum status read_update(struct module_calls *calls, struct module_call *call,
                               struct task_change *change, struct error *ret_error)
{
    const json_t *fields = json_object_get(call->variables, "change");
    const json_t *expected = json_object_get(call->variables, "expectedVersion");
    enum status status =
        json_field_required_text(call->variables, "taskId", &change->task_id, ret_error);

    if (status == STATUS_OK)
        status = task_fields_read(fields, &change->fields, ret_error);
    if (status == STATUS_OK && change->fields.status != NULL)
        status = task_state_check(change->fields.status, ret_error);
    if (status != STATUS_OK)
        return status;
    if (json_is_integer(expected))
        change->expected_version = json_integer_value(expected);
    change->allowed_from = change->fields.status == NULL
                               ? task_states_open
                               : task_states_before(calls->arena, change->fields.status);
    return STATUS_OK;
}

static enum status read_completion(struct module_calls *calls, struct module_call *call,
                                   struct task_change *change, struct error *ret_error)
{
    const char *outcome = json_string_value(json_object_get(call->variables, "outcome"));
    enum status status =
        json_field_required_text(call->variables, "taskId", &change->task_id, ret_error);

    (void)calls;
    change->fields.status =
        outcome != NULL && strcmp(outcome, "cancel") == 0 ? "CANCELLED" : "DONE";
    change->allowed_from = task_states_open;
    change->completes = true;
    return status;
}

static void add_rounds(struct module_calls *calls, struct pg_batch *batch, uint32_t rounds)
{
    struct pg_array *locked = pg_text_array(pg_batch_add(batch, &lock_tasks));

    for (uint32_t round = 0; round < rounds; round++) {
        struct pg_call *call = pg_batch_add(batch, &change_tasks);
        struct pg_array *ids = pg_text_array(call);
        struct pg_array *titles = pg_text_array(call);
        struct pg_array *descriptions = pg_text_array(call);
        struct pg_array *statuses = pg_text_array(call);
        struct pg_array *assignees = pg_text_array(call);
        struct pg_array *allowed = pg_text_array(call);
        struct pg_array *versions = pg_int8_array(call);

        pg_timestamp(call, calls->now_us);
        for (uint32_t i = 0; i < calls->count; i++) {
            struct task_change *change = calls->items[i].state;

            if (calls->items[i].ret_failure != NULL || change->round != round)
                continue;
            change->row = pg_array_count(ids);
            pg_add_text(locked, change->task_id);
            pg_add_text(ids, change->task_id);
            pg_add_text(titles, change->fields.title);
            pg_add_text(descriptions, change->fields.description);
            pg_add_text(statuses, change->fields.status);
            pg_add_text(assignees, change->fields.assigned_to);
            pg_add_text(allowed, change->allowed_from);
            pg_add_int(versions, change->expected_version);
        }
    }
}

static enum status prepare(struct module_calls *calls, struct pg_batch *batch,
                           enum status (*read)(struct module_calls *calls, struct module_call *call,
                                               struct task_change *change, struct error *ret_error))
{
    uint32_t rounds = 0;

    for (uint32_t i = 0; i < calls->count; i++) {
        struct task_change *change = arena_alloc(calls->arena, sizeof *change);
        struct error error;

        change->expected_version = -1;
        calls->items[i].state = change;
        error_clear(&error);
        if (read(calls, &calls->items[i], change, &error) != STATUS_OK) {
            module_call_refuse(calls, &calls->items[i], &error);
            continue;
        }
        for (uint32_t j = 0; j < i; j++) {
            const struct task_change *earlier = calls->items[j].state;

            if (calls->items[j].ret_failure == NULL &&
                strcmp(earlier->task_id, change->task_id) == 0)
                change->round = earlier->round + 1;
        }
        if (change->round >= rounds)
            rounds = change->round + 1;
    }
    if (rounds > 0)
        add_rounds(calls, batch, rounds);
    return STATUS_OK;
}

/* Why the row was not changed. */
static void refuse(struct module_calls *calls, struct module_call *call,
                   const struct task_change *change, const struct pg_result *result)
{
    struct error error;

    error_clear(&error);
    if (pg_is_null(result, change->row, COLUMN_OLD_STATUS)) {
        error_set_field(&error, STATUS_NOT_FOUND, "taskId",
                        "Expected a task \"%.60s\" but there is none.", change->task_id);
    } else if (change->expected_version >= 0 &&
               change->expected_version != pg_value_int(result, change->row, COLUMN_OLD_VERSION)) {
        error_set_field(&error, STATUS_CONFLICT, "version",
                        "Expected %s to be at version %lld but it is at %lld: read it again.",
                        change->task_id, (long long)change->expected_version,
                        (long long)pg_value_int(result, change->row, COLUMN_OLD_VERSION));
    } else {
        const char *from = pg_value_text(result, change->row, COLUMN_OLD_STATUS);
        const char *next = task_states_after(from);

        if (next[0] == '\0')
            error_set_field(&error, STATUS_CONFLICT, "status",
                            "Expected a task that is still open but %s is %s, and that is final.",
                            change->task_id, from);
        else
            error_set_field(&error, STATUS_CONFLICT, "status",
                            "Expected a state that may follow %s but %s was asked for: %s may "
                            "become %s.",
                            from, change->fields.status, change->task_id, next);
    }
    module_call_refuse(calls, call, &error);
}

static void finish_call(struct module_calls *calls, struct module_call *call,
                        const struct pg_result *result, const char *event_type)
{
    const struct task_change *change = call->state;
    bool changed = !pg_is_null(result, change->row, COLUMN_CHANGED);

    if (!changed && change->completes && !pg_is_null(result, change->row, COLUMN_OLD_STATUS))
        return; /* somebody has finished it before: nothing to say */
    if (!changed) {
        refuse(calls, call, change, result);
        return;
    }
    json_t *task = task_json(result, change->row, COLUMN_TASK);

    task_publish(calls, call, event_type, task);
    if (uuid_is_zero(&call->instance_id))
        module_call_return(call, task);
    else
        json_decref(task);
}

static void finish(struct module_calls *calls, struct pg_batch *batch, const char *event_type)
{
    for (uint32_t i = 0; i < calls->count; i++) {
        const struct task_change *change = calls->items[i].state;

        if (calls->items[i].ret_failure == NULL)
            finish_call(calls, &calls->items[i], pg_batch_result(batch, 1 + change->round),
                        event_type);
    }
}

static enum status update_prepare(struct module_calls *calls, struct pg_batch *batch,
                                  struct error *ret_error)
{
    (void)ret_error;
    return prepare(calls, batch, read_update);
}

static enum status update_finish(struct module_calls *calls, struct pg_batch *batch,
                                 struct error *ret_error)
{
    (void)ret_error;
    finish(calls, batch, "tasks.TaskUpdated");
    return STATUS_OK;
}

static enum status complete_prepare(struct module_calls *calls, struct pg_batch *batch,
                                    struct error *ret_error)
{
    (void)ret_error;
    return prepare(calls, batch, read_completion);
}

static enum status complete_finish(struct module_calls *calls, struct pg_batch *batch,
                                   struct error *ret_error)
{
    (void)ret_error;
    finish(calls, batch, "tasks.TaskCompleted");
    return STATUS_OK;
}

const struct module_handler task_handlers[TASK_HANDLERS] = {
    {"tasks.create", task_create_prepare, task_create_finish},
    {"tasks.update", update_prepare, update_finish},
    {"tasks.complete", complete_prepare, complete_finish},
};
