/* Service requests over REST.
 *
 *   POST    starts the process service-request; its first step stores the request
 *   PATCH   {"status": …} takes the step of the process that leads there
 *
 * A state that cannot follow is refused before a command is made, naming those that can; the
 * handler checks again under the row's lock. */
#include "modules/users/user.h"

#include <string.h>

static const struct pg_statement read_request = {
    "users_read_request",
    "SELECT " REQUEST_COLUMNS ", " ITEM_OF_REQUEST
    " FROM synergyflow_users.service_requests t JOIN synergyflow_users.catalogue_items o"
    "   USING (item_id) WHERE t.request_id = $1"};

static const struct pg_statement read_state = {
    "users_read_request_state",
    "SELECT status FROM synergyflow_users.service_requests WHERE request_id = $1"};

static const struct operation_read one = {&read_request, &request_object, "requestId",
                                          "a service request", false};

static const char process_key[] = "service-request";
static const char collection[] = "/api/v1/service-requests";

/* A request while its commands run; in the request's arena. */
struct request_write {
    struct module_host *host;
    struct http_request *request;
    const char *request_id;
    const char *wanted;
    json_t *change; /* owned until it is handed to a command */
};

static struct request_write *write_of(struct module_host *host, struct http_request *request)
{
    struct request_write *write = arena_alloc(http_arena(request), sizeof *write);

    write->host = host;
    write->request = request;
    return write;
}

void request_route_get(void *context, struct http_request *request)
{
    operation_reply(context, request, &one, http_param(request, "requestId"), 200, NULL);
}

static void on_opened(void *context, const struct module_result *result, enum status status,
                      const struct error *error)
{
    struct request_write *write = context;

    if (status != STATUS_OK)
        http_reply_error(write->request, error);
    else
        operation_reply(write->host, write->request, &one, result->business_key, 201, collection);
}

void request_route_open(void *context, struct http_request *request)
{
    struct request_write *write = write_of(context, request);
    json_t *input;
    struct error error;

    error_clear(&error);
    if (operation_input_read(request, &request_open, NULL, &input, &error) != STATUS_OK ||
        operation_check(&request_open, input, &error) != STATUS_OK) {
        json_decref(input);
        http_reply_error(request, &error);
        return;
    }
    module_start(context, request, process_key, NULL, input, on_opened,
                 write); /* suspended: until the request is stored */
}

static void on_stepped(void *context, const struct module_result *result, enum status status,
                       const struct error *error)
{
    struct request_write *write = context;

    (void)result;
    if (status != STATUS_OK)
        module_reply_refusal(write->request, error);
    else
        operation_reply(write->host, write->request, &one, write->request_id, 200, NULL);
}

static void complete(struct request_write *write, const char *element_id, const char *decision)
{
    json_t *variables = json_pack("{s:s, s:O}", "decision", decision, "change", write->change);

    module_complete(write->host, write->request, process_key, write->request_id, element_id,
                    variables, on_stepped, write);
}

/* The step that leads to the state that is wanted. */
static void step(struct request_write *write)
{
    if (strcmp(write->wanted, "APPROVED") == 0)
        complete(write, "approve", "approve");
    else if (strcmp(write->wanted, "REJECTED") == 0)
        complete(write, "approve", "reject");
    else if (strcmp(write->wanted, "FULFILLED") == 0)
        complete(write, "fulfil", "");
    else
        module_message(write->host, write->request, process_key, write->request_id,
                       "service-request.cancelled", json_pack("{s:O}", "change", write->change),
                       on_stepped, write);
}

static void on_state(void *context, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct request_write *write = context;
    /* The answer, if it is given at once, ends the request and `write` with it. */
    json_t *change = write->change;
    struct error refusal;

    error_clear(&refusal);
    if (status == STATUS_OK) {
        error = &refusal;
        if (pg_rows(pg_batch_result(batch, 0)) == 0)
            status = error_set_field(&refusal, STATUS_NOT_FOUND, "requestId",
                                     "Expected a service request \"%.60s\" but there is none.",
                                     write->request_id);
        else
            status = request_state_check(write->request_id,
                                         pg_value_text(pg_batch_result(batch, 0), 0, 0),
                                         write->wanted, &refusal);
    }
    if (status != STATUS_OK)
        http_reply_error(write->request, error);
    else
        step(write); /* suspended: until the step has committed */
    json_decref(change);
}

/* The step's fields, and `status` beside them. */
static enum status read_change(struct request_write *write, struct error *ret_error)
{
    static const struct operation_field fields[] = {
        {.name = "requestId", .kind = OPERATION_ID, .required = true},
        {.name = "change.comment", .kind = OPERATION_TEXT, .maximum = USER_TEXT_MAX},
        {.name = "change.expectedVersion", .kind = OPERATION_NUMBER, .maximum = INT64_MAX},
        {.name = "status", .kind = OPERATION_NAME, .required = true, .names = request_states},
    };
    static const struct operation shape = {.fields = fields, .field_count = COUNT_OF(fields)};
    struct arena *arena = http_arena(write->request);
    json_t *input;
    enum status status =
        operation_input_read(write->request, &shape, "requestId", &input, ret_error);

    if (status == STATUS_OK)
        status = operation_check(&shape, input, ret_error);
    if (status == STATUS_OK) {
        write->request_id = http_param(write->request, "requestId");
        write->wanted = arena_copy(arena, operation_text(input, "status"));
        write->change = json_incref(json_object_get(input, "change"));
    }
    json_decref(input);
    return status;
}

void request_route_change(void *context, struct http_request *request)
{
    struct request_write *write = write_of(context, request);
    struct pg_batch *batch = pg_batch_new(http_arena(request));
    struct error error;

    error_clear(&error);
    if (read_change(write, &error) != STATUS_OK) {
        http_reply_error(request, &error);
        return;
    }
    pg_text(pg_batch_add(batch, &read_state), write->request_id);
    module_query(context, batch, on_state, write); /* suspended: until the state is known */
}
