/* PUT /process-api/repository/process-definitions/{id}: suspend and activate, with its instances
 * when that is asked for. */
#include "engine/api/process_definition.h"

#include <string.h>

static const char *const noun = "a process definition";

struct switching {
    const char *definition_id;
    bool suspend;
    bool with_instances;
    struct uuid last; /* of the page before */
};

static const struct pg_statement lock_statement = {
    "api_definition_suspended",
    "SELECT suspended FROM synergyflow_workflows.process_definition WHERE id = $1 FOR UPDATE"};
static const struct pg_statement suspend_statement = {
    "api_definition_suspend",
    "UPDATE synergyflow_workflows.process_definition SET suspended = $2 WHERE id = $1"};
static const struct pg_statement instances_statement = {
    "api_definition_instances",
    "SELECT id FROM synergyflow_workflows.process_instance"
    " WHERE definition_id = $1 AND status = $2 AND id > $3 ORDER BY id LIMIT $4"};

static void on_represented(struct api_query *query)
{
    struct api_row row = {query->api, query->request, api_query_rows(query, 0), 0};

    if (pg_rows(row.rows) == 0)
        api_not_found(query->request, noun, query->subject);
    else
        http_reply_json(query->request, 200, process_definition_list.represent(&row));
}

static void answer_definition(const struct api_settings *api, struct http_request *request)
{
    struct api_query *query = api_query_new(api, request, on_represented);
    struct pg_statement *one = arena_alloc(http_arena(request), sizeof(*one));

    *one = list_one_statement(http_arena(request), &process_definition_list, "d.id = $1", false);
    query->subject = http_param(request, "processDefinitionId");
    pg_text(api_query_add(query, one), query->subject);
    api_query_run(query);
    /* suspended: until the row is read again */
}

/* ---- its instances ---- */

static void on_page(struct api_query *query)
{
    struct api_fan *fan = query->state;
    struct switching *switching = fan->state;
    const struct pg_result *rows = api_query_rows(query, 0);

    for (uint32_t row = 0; row < pg_rows(rows); row++) {
        struct command *command = api_fan_add(fan);

        switching->last = pg_value_uuid(rows, row, 0);
        command->kind = switching->suspend ? COMMAND_SUSPEND : COMMAND_ACTIVATE;
        command->address = ADDRESS_INSTANCE;
        command->target = switching->last;
    }
    fan->is_last = pg_rows(rows) < API_FAN_PAGE;
    api_fan_go(fan);
}

static void more(struct api_fan *fan)
{
    struct switching *switching = fan->state;
    struct api_query *query = api_query_new(fan->api, fan->request, on_page);
    struct pg_call *call = api_query_add(query, &instances_statement);

    query->state = fan;
    pg_text(call, switching->definition_id);
    pg_int2(call, switching->suspend ? 1 : 2);
    pg_uuid(call, &switching->last);
    pg_int8(call, API_FAN_PAGE);
    api_query_run(query);
}

static void on_instances_switched(struct api_fan *fan)
{
    if (fan->failed > 0)
        http_reply_error(fan->request, &fan->error);
    else
        answer_definition(fan->api, fan->request);
}

static void switch_instances(struct api_query *query)
{
    struct api_fan *fan = api_fan_new(query->api, query->request);

    fan->state = query->state;
    fan->more = more;
    fan->on_done = on_instances_switched;
    api_fan_run(fan);
}

/* ---- the definition ---- */

static void on_suspended(struct api_query *query)
{
    const struct pg_result *before = api_query_rows(query, 0);
    const struct switching *switching = query->state;

    if (pg_rows(before) == 0) {
        api_not_found(query->request, noun, query->subject);
        return;
    }
    if (pg_value_bool(before, 0, 0) == switching->suspend) {
        api_refuse(query->request, STATUS_CONFLICT,
                   "Expected process definition '%s' to be %s, but it is already %s.",
                   query->subject, switching->suspend ? "active" : "suspended",
                   switching->suspend ? "suspended" : "active");
        return;
    }
    definition_set_suspended(query->api->definitions, query->subject, switching->suspend);
    if (switching->with_instances)
        switch_instances(query);
    else
        answer_definition(query->api, query->request);
}

static bool read_action(struct http_request *request, struct switching *switching)
{
    static const char *const known[] = {"action", "includeProcessInstances", "date", "category",
                                        NULL};
    struct error error = {0};
    json_t *body = NULL;
    const char *action = NULL;
    enum status status = http_json_object(request, false, &body, &error);

    if (status == STATUS_OK)
        status = json_only_fields(body, known, &error);
    if (status == STATUS_OK)
        status = json_field_required_text(body, "action", &action, &error);
    if (status == STATUS_OK)
        status = json_field_bool(body, "includeProcessInstances", false, &switching->with_instances,
                                 &error);
    if (status == STATUS_OK && strcmp(action, "suspend") != 0 && strcmp(action, "activate") != 0)
        status = error_set_field(&error, STATUS_INVALID, "action",
                                 "Invalid action: expected suspend or activate, but found '%.60s'.",
                                 action);
    for (const char *const *field = &known[2]; status == STATUS_OK && *field != NULL; field++) {
        const json_t *value = json_object_get(body, *field);

        if (value != NULL && !json_is_null(value))
            status = error_set_field(&error, STATUS_INVALID, *field,
                                     "The field '%s' is not supported here; leave it out.", *field);
    }
    if (status == STATUS_OK)
        switching->suspend = strcmp(action, "suspend") == 0;
    else
        http_reply_error(request, &error);
    json_decref(body);
    return status == STATUS_OK;
}

static void put_one(void *context, struct http_request *request)
{
    struct api_query *query = api_query_new(context, request, on_suspended);
    struct switching *switching = arena_alloc(http_arena(request), sizeof(*switching));
    struct pg_call *call;

    query->subject = process_definition_id(request);
    if (query->subject == NULL || !read_action(request, switching))
        return;
    switching->definition_id = query->subject;
    query->state = switching;
    pg_text(api_query_add(query, &lock_statement), query->subject);
    call = api_query_add(query, &suspend_statement);
    pg_text(call, query->subject);
    pg_bool(call, switching->suspend);
    api_query_run(query); /* one transaction: the lock holds until the update */
}

static const struct http_route routes[] = {
    {HTTP_PUT_METHOD, "/process-api/repository/process-definitions/{processDefinitionId}", put_one,
     "Suspend or activate a process definition", 0},
};
const struct api_routes process_definition_action_routes = {routes, COUNT_OF(routes)};
