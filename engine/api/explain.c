/* Why a command found nothing to work on: an id that never was (404), or one whose time is over
 * (409), with a sentence that says what was expected. */
#include "engine/api/internal.h"

#include "bpmn/iso8601.h"

struct explanation {
    struct api_operation *operation;
    struct error error; /* of the command */
    const char *noun;
    const char *word; /* "task" */
    char id[UUID_TEXT_BYTES];
};

static const struct pg_statement instance_statement = {
    "api_explain_instance",
    "SELECT status, ended_at, delete_reason FROM synergyflow_workflows.process_instance"
    " WHERE id = $1"};
/* In the instance's numbers: 3 completed, 4 ended by something else. */
static const struct pg_statement task_statement = {
    "api_explain_task",
    "SELECT status + 1, ended_at, delete_reason FROM synergyflow_workflows.task WHERE id = $1"};

void api_refuse_ended(struct http_request *request, const char *word, const char *id,
                      const struct pg_result *rows)
{
    bool completed = pg_value_int(rows, 0, 0) == 3;
    const char *reason = pg_value_text(rows, 0, 2);
    char at[ISO8601_INSTANT_BYTES];

    iso8601_format_instant(pg_value_timestamp(rows, 0, 1), at);
    api_refuse(request, STATUS_CONFLICT,
               "Expected %s '%s' to be open, but it was %s at %s%s%.200s%s.", word, id,
               completed ? "completed" : "cancelled", at, reason[0] != '\0' ? " (" : "", reason,
               reason[0] != '\0' ? ")" : "");
}

static void on_explained(struct api_query *query)
{
    struct explanation *explanation = query->state;
    struct api_operation *operation = explanation->operation;
    const struct pg_result *rows = api_query_rows(query, 0);

    api_operation_clear(operation);
    if (pg_rows(rows) == 0)
        api_not_found(operation->request, explanation->noun, explanation->id);
    else if (pg_value_int(rows, 0, 0) >= 3)
        api_refuse_ended(operation->request, explanation->word, explanation->id, rows);
    else
        http_reply_error(operation->request, &explanation->error);
}

static void explain(struct api_operation *operation, const struct error *error, const char *noun,
                    const char *word, const struct pg_statement *statement)
{
    struct explanation *explanation;
    struct api_query *query;

    if (error->status != STATUS_NOT_FOUND && error->status != STATUS_CONFLICT) {
        api_operation_fail(operation, error);
        return;
    }
    explanation = arena_alloc(http_arena(operation->request), sizeof(*explanation));
    *explanation = (struct explanation){operation, *error, noun, word, ""};
    uuid_format(&operation->command.target, explanation->id);
    query = api_query_new(operation->api, operation->request, on_explained);
    query->state = explanation;
    pg_uuid(api_query_add(query, statement), &operation->command.target);
    api_operation_clear(operation); /* only the command's target was needed */
    api_query_run(query);
}

void api_operation_explain_instance(struct api_operation *operation, const struct error *error)
{
    explain(operation, error, "a process instance", "process instance", &instance_statement);
}

void api_operation_explain_task(struct api_operation *operation, const struct error *error)
{
    explain(operation, error, "a task", "task", &task_statement);
}
