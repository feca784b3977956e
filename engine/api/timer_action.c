/* What an operator does with one armed timer: fire it now, give it another time, have its time
 * worked out again. The row tells which instance it belongs to; a command of that instance does the
 * rest, so that state, row, journal and the operator's own row change together. Jobs whose time is
 * still to come stand in the same list and are moved by job_action.c. */
#include "engine/api/job.h"

#include "bpmn/iso8601.h"
#include "engine/base/clock.h"

#include <string.h>

/* X(name in requests, name in the rows of operators) */
#define ACTIONS(X)                               \
    X(MOVE, "move", "move")                      \
    X(RESCHEDULE, "reschedule", "reschedule")    \
    X(RECALCULATE, "recalculate", "recalculate") \
    X(EXECUTE, "execute", "fire")

enum action {
#define ACTION_ENUM(name, request, row) ACTION_##name,
    ACTIONS(ACTION_ENUM)
#undef ACTION_ENUM
        ACTION_COUNT,
};

struct timer_action {
    struct job_change change;
    enum action action;
    const char *from;       /* recalculate: "now" or "creation" */
    const char *definition; /* recalculate: "own" or "newest" */
    json_t *details;        /* of the operator's row; owned */
    struct command_audit audit;
};

static const struct pg_statement find_statement = {
    "api_timer_find",
    "SELECT m.instance_id, m.due_at, m.element_id, m.created_at, d.key"
    " FROM synergyflow_workflows.timer m JOIN synergyflow_workflows.process_definition d"
    "  ON d.id = m.definition_id WHERE m.id = $1 AND m.dead_at IS NULL"};

enum { COLUMN_INSTANCE, COLUMN_DUE, COLUMN_ELEMENT, COLUMN_CREATED, COLUMN_KEY };

/* ---- what was asked for ---- */

static enum status read_due(struct timer_action *action, const json_t *body,
                            struct error *ret_error)
{
    const char *text = NULL;
    struct iso8601_duration duration;
    struct error inner = {0};
    enum status status = json_field_required_text(body, "dueDate", &text, ret_error);

    if (status != STATUS_OK)
        return status;
    if (text[0] == 'P') {
        status = iso8601_parse_duration(text, &duration, &inner);
        if (status == STATUS_OK)
            status = iso8601_add(clock_wall_us(), &duration, &action->change.due_us, &inner);
    } else {
        status = iso8601_parse_instant(text, &action->change.due_us, &inner);
        if (status == STATUS_OK && action->change.due_us <= 0)
            status = error_set(&inner, STATUS_INVALID,
                               "Expected a date after 1970-01-01 but found '%.60s'.", text);
    }
    return status == STATUS_OK
               ? STATUS_OK
               : error_set_field(ret_error, STATUS_INVALID, "dueDate",
                                 "Expected 'dueDate' to be an ISO 8601 date, or a duration from "
                                 "now: %.500s",
                                 inner.message);
}

/* One of two words; the first is meant when the field is absent. */
static enum status read_choice(const json_t *body, const char *field, const char *first,
                               const char *second, const char **ret_word, struct error *ret_error)
{
    enum status status = json_field_text(body, field, ret_word, ret_error);

    if (status != STATUS_OK)
        return status;
    if (*ret_word == NULL)
        *ret_word = first;
    if (strcmp(*ret_word, first) == 0 || strcmp(*ret_word, second) == 0)
        return STATUS_OK;
    return error_set_field(ret_error, STATUS_INVALID, field,
                           "Expected '%s' to be '%s' or '%s' but found '%.60s'.", field, first,
                           second, *ret_word);
}

/* A field that another action has is refused: it would be without effect. */
static enum status check_fields(const struct timer_action *action, const json_t *body,
                                struct error *ret_error)
{
    static const struct {
        const char *field;
        enum action action;
    } fields[] = {{"dueDate", ACTION_RESCHEDULE},
                  {"from", ACTION_RECALCULATE},
                  {"definition", ACTION_RECALCULATE}};

    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        if (json_object_get(body, fields[i].field) != NULL && action->action != fields[i].action)
            return error_set_field(ret_error, STATUS_INVALID, fields[i].field,
                                   "Expected no '%s' with this action: leave it out.",
                                   fields[i].field);
    }
    return STATUS_OK;
}

static enum status read_action(struct timer_action *action, const json_t *body,
                               struct error *ret_error)
{
    enum status status = check_fields(action, body, ret_error);

    if (status == STATUS_OK)
        status = json_field_text(body, "reason", &action->change.reason, ret_error);
    if (status == STATUS_OK && action->change.reason != NULL &&
        strlen(action->change.reason) > JOB_REASON_MAX)
        status = error_set_field(ret_error, STATUS_INVALID, "reason",
                                 "Expected 'reason' to have at most %d bytes but it has %zu.",
                                 JOB_REASON_MAX, strlen(action->change.reason));
    if (status == STATUS_OK && action->action == ACTION_RESCHEDULE)
        status = read_due(action, body, ret_error);
    if (status == STATUS_OK && action->action == ACTION_RECALCULATE) {
        status = read_choice(body, "from", "now", "creation", &action->from, ret_error);
        if (status == STATUS_OK)
            status =
                read_choice(body, "definition", "own", "newest", &action->definition, ret_error);
    }
    return status;
}

/* ---- carried out ---- */

static void finish(struct timer_action *action)
{
    json_decref(action->details);
    action->details = NULL;
}

static void on_done(struct api_operation *operation)
{
    struct timer_action *action = operation->noun;

    finish(action);
    if (action->action != ACTION_RECALCULATE) {
        api_operation_no_content(operation);
        return;
    }
    api_operation_clear(operation);
    list_answer_one(operation->api, operation->request, action->change.list, "j.id = $1",
                    &action->change.id);
}

static void on_failed(struct api_operation *operation, const struct error *error)
{
    finish(operation->noun);
    api_operation_fail(operation, error);
}

static void submit(struct timer_action *action, const struct pg_result *rows)
{
    static const char *const names[] = {
#define ACTION_ROW(name, request, row) [ACTION_##name] = "timer." row,
        ACTIONS(ACTION_ROW)
#undef ACTION_ROW
    };
    struct api_operation *operation = action->change.operation;
    struct command *command = &operation->command;
    struct arena *arena = http_arena(operation->request);

    action->details = json_object();
    if (action->action == ACTION_RECALCULATE) {
        json_put_text(action->details, "from", action->from);
        json_put_text(action->details, "definition", action->definition);
    }
    action->audit = (struct command_audit){
        .action = names[action->action],
        .reason = action->change.reason,
        .element_id = arena_copy(arena, pg_value_text(rows, 0, COLUMN_ELEMENT)),
        .details = action->details};
    command->kind = COMMAND_STEP;
    command->step = action->action == ACTION_EXECUTE ? BPMN_TRIGGER_TIMER : BPMN_MOVE_TIMER;
    command->early = true;
    command->address = ADDRESS_TIMER;
    command->target = action->change.id;
    command->instance_id = pg_value_uuid(rows, 0, COLUMN_INSTANCE);
    command->audit = &action->audit;
    if (action->action == ACTION_RECALCULATE) {
        command->from_us = strcmp(action->from, "creation") == 0
                               ? pg_value_timestamp(rows, 0, COLUMN_CREATED)
                               : clock_wall_us();
        command->newest = strcmp(action->definition, "newest") == 0;
        command->definition_key = arena_copy(arena, pg_value_text(rows, 0, COLUMN_KEY));
    } else {
        command->due_us = action->change.due_us;
    }
    operation->noun = action;
    operation->on_done = on_done;
    operation->on_failed = on_failed;
    api_operation_submit(operation);
}

/* A job whose time is still to come: only its row knows when. */
static void move_job(struct timer_action *action, struct api_query *query)
{
    if (action->action == ACTION_MOVE || action->action == ACTION_RESCHEDULE) {
        job_move(query, &action->change);
        return;
    }
    api_operation_clear(action->change.operation);
    api_refuse_field(
        query->request, "action",
        "Expected an armed timer but '%.60s' is a job that waits for its time: move or "
        "reschedule it, or execute it at /process-api/management/jobs.",
        query->subject);
}

static void on_found(struct api_query *query)
{
    struct timer_action *action = query->state;

    if (pg_rows(api_query_rows(query, 0)) == 0) {
        api_operation_clear(action->change.operation);
        api_not_found(query->request, action->change.list->noun, query->subject);
        return;
    }
    if (pg_rows(api_query_rows(query, 1)) > 0)
        submit(action, api_query_rows(query, 1));
    else
        move_job(action, query);
}

static void post_timer(void *context, struct http_request *request)
{
    static const char *const known[] = {"action", "dueDate", "from", "definition", "reason", NULL};
    static const char *const words[] = {
#define ACTION_WORD(name, request, row) [ACTION_##name] = request,
        ACTIONS(ACTION_WORD)
#undef ACTION_WORD
    };
    struct timer_action *action = arena_alloc(http_arena(request), sizeof(*action));
    struct api_operation *operation = api_operation_new(context, request);
    struct api_query *query = api_query_new(context, request, on_found);
    struct pg_statement *one = arena_alloc(http_arena(request), sizeof(*one));
    const char *word = NULL;
    struct error error = {0};

    *action = (struct timer_action){.change = job_change_new(context, request, operation)};
    if (!api_id(request, "jobId", action->change.list->noun, &action->change.id) ||
        !job_read_action(operation, known, &word))
        return;
    while (action->action < ACTION_COUNT && strcmp(word, words[action->action]) != 0)
        action->action++;
    if (action->action == ACTION_COUNT) {
        job_refuse_action(operation, "move, reschedule, recalculate or execute", word);
        return;
    }
    if (read_action(action, operation->body, &error) != STATUS_OK) {
        api_operation_fail(operation, &error);
        return;
    }
    *one = list_one_statement(http_arena(request), action->change.list, "j.id = $1", false);
    query->state = action;
    query->operation = operation;
    query->subject = http_param(request, "jobId");
    pg_uuid(api_query_add(query, one), &action->change.id);
    pg_uuid(api_query_add(query, &find_statement), &action->change.id);
    api_query_run(query);
}

static const struct http_route routes[] = {
    {HTTP_POST_METHOD, "/process-api/management/timer-jobs/{jobId}", post_timer,
     "Execute a single job action (move, reschedule, recalculate or execute)", 0},
};
const struct api_routes timer_action_routes = {routes, COUNT_OF(routes)};
