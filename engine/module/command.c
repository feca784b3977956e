/* A module's commands: each becomes one struct command in the queue of units of work.
 *
 * Happy path
 *   - filled from the request (correlation id, user), submitted, answered after COMMIT
 *
 * Failure modes
 *   - the queue is full: on_done gets STATUS_BUSY from the loop, never inside the call
 *   - the command is refused or fails: on_done gets its status and sentence */
#include "engine/module/host_private.h"

struct host_command {
    struct command command;
    struct module_host *host;
    json_t *variables; /* owned */
    module_on_done *on_done;
    void *context;
    uv_timer_t turn; /* only to come back from the loop when the queue is full */
    struct error refusal;
};

static void finish(struct host_command *own, const struct module_result *result, enum status status,
                   const struct error *error)
{
    own->host->under_way--;
    own->on_done(own->context, result, status, error);
    json_decref(own->variables);
    memory_free(own);
}

static void on_command(struct command *command, enum status status, const struct error *error)
{
    struct host_command *own = command->context;
    struct module_result result = {0};

    if (status != STATUS_OK) {
        finish(own, NULL, status, error);
        return;
    }
    result.instance_id = command->result->instance_id;
    result.business_key = command->result->business_key;
    result.variables = command->result->variables;
    result.ended = command->result->status == BPMN_INSTANCE_COMPLETED ||
                   command->result->status == BPMN_INSTANCE_TERMINATED;
    finish(own, &result, STATUS_OK, NULL);
}

static void on_turn(uv_handle_t *handle)
{
    struct host_command *own = handle->data;

    finish(own, NULL, own->refusal.status, &own->refusal);
}

static struct host_command *command_of(struct module_host *host, struct http_request *request,
                                       enum command_kind kind, json_t *variables)
{
    struct host_command *own = memory_zero(1, sizeof *own);

    own->host = host;
    own->variables = variables;
    own->command.kind = kind;
    own->command.variables = variables;
    own->command.user = http_user(request);
    own->command.correlation_id = http_correlation_id(request);
    own->command.on_done = on_command;
    own->command.context = own;
    return own;
}

static void submit(struct host_command *own, module_on_done *on_done, void *context)
{
    struct module_host *host = own->host;

    own->on_done = on_done;
    own->context = context;
    host->under_way++;
    if (command_submit(host->settings.commands, &own->command, &own->refusal) == STATUS_OK)
        return; /* suspended: until the unit of work has committed or failed */
    uv_timer_init(host->settings.loop, &own->turn);
    own->turn.data = own;
    uv_close((uv_handle_t *)&own->turn, on_turn); /* suspended: until the loop's next turn */
}

void module_start(struct module_host *host, struct http_request *request, const char *process_key,
                  const char *business_key, json_t *variables, module_on_done *on_done,
                  void *context)
{
    struct host_command *own = command_of(host, request, COMMAND_START, variables);

    own->command.definition_key = process_key;
    own->command.business_key = business_key;
    submit(own, on_done, context);
}

void module_complete(struct module_host *host, struct http_request *request,
                     const char *process_key, const char *business_key, const char *element_id,
                     json_t *variables, module_on_done *on_done, void *context)
{
    struct host_command *own = command_of(host, request, COMMAND_STEP, variables);

    own->command.step = BPMN_COMPLETE_TASK;
    own->command.address = ADDRESS_BUSINESS_KEY;
    own->command.definition_key = process_key;
    own->command.business_key = business_key;
    own->command.name = element_id;
    submit(own, on_done, context);
}

void module_message(struct module_host *host, struct http_request *request, const char *process_key,
                    const char *business_key, const char *message, json_t *variables,
                    module_on_done *on_done, void *context)
{
    struct host_command *own = command_of(host, request, COMMAND_STEP, variables);

    own->command.step = BPMN_RECEIVE_MESSAGE;
    own->command.address = ADDRESS_BUSINESS_KEY;
    own->command.definition_key = process_key;
    own->command.business_key = business_key;
    own->command.name = message;
    submit(own, on_done, context);
}

void module_run(struct module_host *host, struct http_request *request, const char *topic,
                json_t *input, module_on_done *on_done, void *context)
{
    struct host_command *own = command_of(host, request, COMMAND_MODULE, input);

    own->command.name = topic;
    submit(own, on_done, context);
}
