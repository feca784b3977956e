/* Opening and changing incidents over REST.
 *
 *   POST    starts the incident process; its first step stores the incident
 *   PATCH   a state that is a step of the process becomes that step (work completed, decision
 * given); everything else is a direct call of incidents.update
 *
 * A state that cannot follow is refused before a command is made, naming those that can; the
 * handler checks again under the row's lock. */
#include "modules/incidents/incident.h"

#include <string.h>

static const struct pg_statement read_state = {
    "incidents_read_state",
    "SELECT status, version FROM synergyflow_incidents.incidents WHERE incident_id = $1"};

static const char process_key[] = "incident";

/* A request while its commands run; in the request's arena. */
struct incident_write {
    struct module_host *host;
    struct http_request *request;
    const char *incident_id;
    json_t *change; /* owned until it is handed to a command */
    enum incident_state wanted;
    int64_t expected_version;
};

static void on_opened(void *context, const struct module_result *result, enum status status,
                      const struct error *error)
{
    struct incident_write *write = context;

    if (status != STATUS_OK) {
        module_reply_refusal(write->request, error);
        return;
    }
    incident_reply(write->host, write->request,
                   arena_copy(http_arena(write->request), result->business_key), 201);
}

void incident_route_open(void *context, struct http_request *request)
{
    struct incident_write *write = arena_alloc(http_arena(request), sizeof *write);
    struct incident_fields fields;
    struct error error;
    json_t *body = NULL;
    enum status status;

    error_clear(&error);
    write->host = context;
    write->request = request;
    status = http_json_object(request, false, &body, &error);
    if (status == STATUS_OK)
        status = json_only_fields(body, incident_open_fields, &error);
    if (status == STATUS_OK)
        status = incident_fields_open(body, &fields, &error);
    if (status != STATUS_OK) {
        json_decref(body);
        http_reply_error(request, &error);
        return;
    }
    module_start(write->host, request, process_key, NULL, body, on_opened,
                 write); /* suspended: until the incident is stored */
}

/* A step of the process has been taken. */
static void on_stepped(void *context, const struct module_result *result, enum status status,
                       const struct error *error)
{
    struct incident_write *write = context;

    (void)result;
    if (status != STATUS_OK)
        module_reply_refusal(write->request, error);
    else
        incident_reply(write->host, write->request, write->incident_id, 200);
}

/* The handler answered with the incident itself. */
static void on_updated(void *context, const struct module_result *result, enum status status,
                       const struct error *error)
{
    struct incident_write *write = context;

    if (status != STATUS_OK) {
        module_reply_refusal(write->request, error);
        return;
    }
    module_reply_versioned(write->request, 200, json_deep_copy(result->variables),
                           json_integer_value(json_object_get(result->variables, "version")));
}

static json_t *take_change(struct incident_write *write)
{
    json_t *change = write->change;

    write->change = NULL;
    return change;
}

static void update(struct incident_write *write)
{
    json_t *input =
        json_pack("{s:s, s:o}", "incidentId", write->incident_id, "change", take_change(write));

    module_run(write->host, write->request, "incidents.update", input, on_updated, write);
}

static void complete_work(struct incident_write *write, const char *outcome)
{
    json_t *variables = json_pack("{s:s, s:o}", "outcome", outcome, "change", take_change(write));

    module_complete(write->host, write->request, process_key, write->incident_id, "work", variables,
                    on_stepped, write);
}

static void decide(struct incident_write *write, const char *decision)
{
    json_t *variables = json_pack("{s:s, s:o}", "decision", decision, "change", take_change(write));

    module_message(write->host, write->request, process_key, write->incident_id,
                   "incident.decision", variables, on_stepped, write);
}

/* Which command brings the incident from its state to the one that is wanted. */
static void step(struct incident_write *write, enum incident_state from)
{
    if (from == write->wanted)
        json_object_del(write->change, "status");
    if (from == write->wanted)
        update(write);
    else if (write->wanted == INCIDENT_RESOLVED)
        complete_work(write, "resolve");
    else if (write->wanted == INCIDENT_CANCELLED)
        complete_work(write, "cancel");
    else if (write->wanted == INCIDENT_CLOSED)
        decide(write, "close");
    else if (from == INCIDENT_RESOLVED)
        decide(write, "reopen");
    else
        update(write);
}

static enum status check_state(const struct incident_write *write, const struct pg_result *result,
                               enum incident_state *ret_from, struct error *ret_error)
{
    enum status status;

    if (pg_rows(result) == 0)
        return error_set_field(ret_error, STATUS_NOT_FOUND, "incidentId",
                               "Expected an incident \"%.60s\" but there is none.",
                               write->incident_id);
    status = incident_state_parse(pg_value_text(result, 0, 0), "status", ret_from, ret_error);
    if (status != STATUS_OK)
        return status;
    if (write->expected_version >= 0 && write->expected_version != pg_value_int(result, 0, 1))
        return module_version_refusal(ret_error, write->incident_id, write->expected_version,
                                      pg_value_int(result, 0, 1));
    return incident_state_check(write->incident_id, *ret_from, write->wanted, ret_error);
}

static void on_state(void *context, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct incident_write *write = context;
    enum incident_state from = INCIDENT_NEW;
    struct error refusal;

    error_clear(&refusal);
    if (status == STATUS_OK) {
        status = check_state(write, pg_batch_result(batch, 0), &from, &refusal);
        error = &refusal;
    }
    if (status != STATUS_OK) {
        json_decref(take_change(write));
        module_reply_refusal(write->request, error);
        return;
    }
    step(write, from); /* suspended: until the command has committed */
}

static enum status read_change(struct incident_write *write, const char **ret_status,
                               struct error *ret_error)
{
    struct incident_fields fields;
    enum status status = http_json_object(write->request, false, &write->change, ret_error);

    if (status == STATUS_OK)
        status = json_only_fields(write->change, incident_change_fields, ret_error);
    if (status == STATUS_OK)
        status = incident_fields_change(write->change, &fields, ret_error);
    if (status == STATUS_OK)
        status = json_field_text(write->change, "status", ret_status, ret_error);
    if (status == STATUS_OK && *ret_status != NULL)
        status = incident_state_parse(*ret_status, "status", &write->wanted, ret_error);
    if (status == STATUS_OK)
        status = module_expected_version(write->request, write->change, &write->expected_version,
                                         ret_error);
    if (status == STATUS_OK)
        json_object_del(write->change, "expectedVersion");
    if (status == STATUS_OK && json_object_size(write->change) == 0)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected at least one field to change but the object is empty.");
    /* the handler checks it again under the row's lock, whichever step of the process it is */
    if (status == STATUS_OK && write->expected_version >= 0)
        json_object_set_new(write->change, "expectedVersion",
                            json_integer(write->expected_version));
    return status;
}

void incident_route_change(void *context, struct http_request *request)
{
    struct arena *arena = http_arena(request);
    struct incident_write *write = arena_alloc(arena, sizeof *write);
    const char *status_text = NULL;
    struct error error;

    error_clear(&error);
    write->host = context;
    write->request = request;
    write->incident_id = http_param(request, "incidentId");
    if (read_change(write, &status_text, &error) != STATUS_OK) {
        json_decref(write->change);
        http_reply_error(request, &error);
        return;
    }
    if (status_text == NULL || write->wanted == INCIDENT_ON_HOLD) {
        update(write); /* suspended: until the change has committed */
        return;
    }
    struct pg_batch *batch = pg_batch_new(arena);

    pg_text(pg_batch_add(batch, &read_state), write->incident_id);
    module_query(write->host, batch, on_state, write); /* suspended: until the state is known */
}

static void on_commented(void *context, const struct module_result *result, enum status status,
                         const struct error *error)
{
    struct incident_write *write = context;

    if (status != STATUS_OK)
        module_reply_refusal(write->request, error);
    else
        http_reply_json(write->request, 201, json_deep_copy(result->variables));
}

void incident_route_comment(void *context, struct http_request *request)
{
    static const char *const known[] = {"body", NULL};
    struct incident_write *write = arena_alloc(http_arena(request), sizeof *write);
    const char *text;
    struct error error;
    json_t *body = NULL;
    enum status status;

    error_clear(&error);
    write->host = context;
    write->request = request;
    write->incident_id = http_param(request, "incidentId");
    status = http_json_object(request, false, &body, &error);
    if (status == STATUS_OK)
        status = json_only_fields(body, known, &error);
    if (status == STATUS_OK)
        status = json_field_required_text(body, "body", &text, &error);
    if (status != STATUS_OK) {
        json_decref(body);
        http_reply_error(request, &error);
        return;
    }
    json_object_set_new(body, "incidentId", json_string(write->incident_id));
    module_run(write->host, request, "incidents.comment", body, on_commented,
               write); /* suspended: until the comment is stored */
}
