/* POST /process-api/runtime/conditions (ours): starts every definition whose conditional start
 * event is true of the given variables, each once for this request. */
#include "engine/api/internal.h"

#include "engine/base/clock.h"

#include <string.h>

/* A page of start events, until their models are in memory. */
struct page {
    struct api_fan *fan;
    struct uuid last;
    uint32_t count;
    const char **definition_ids;
    const char **element_ids;
    uint32_t *definitions;
};

struct condition_scope {
    struct expression_scope scope;
    const json_t *variables;
};

static const struct pg_statement starts_statement = {
    "api_condition_starts",
    "SELECT e.id, e.definition_id, e.element_id, e.definition_index"
    "  FROM synergyflow_workflows.event_subscription e"
    "  JOIN synergyflow_workflows.process_definition d ON d.id = e.definition_id"
    " WHERE e.event_type = 'conditional' AND e.instance_id IS NULL AND e.id > $1"
    " AND NOT d.suspended ORDER BY e.id LIMIT $2"};

static const json_t *lookup(const struct expression_scope *scope, const char *name)
{
    return json_object_get(CONTAINER_OF(scope, struct condition_scope, scope)->variables, name);
}

/* A condition that cannot be evaluated with these variables is not true of them. */
static bool holds(const struct definition *definition, const char *element_id, uint32_t index,
                  const json_t *variables)
{
    const struct bpmn_element *element =
        definition != NULL ? bpmn_model_element(definition->model, element_id) : NULL;
    const struct expression *condition = element != NULL && index < element->events.count
                                             ? element->events.items[index].condition
                                             : NULL;
    struct condition_scope scope = {.scope = {.lookup = lookup, .now_us = clock_wall_us()},
                                    .variables = variables};
    struct error error;
    bool value = false;

    return condition != NULL &&
           expression_condition(condition, &scope.scope, &value, &error) == STATUS_OK && value;
}

static void on_loaded(void *context, enum status status, const struct error *error)
{
    struct page *page = context;
    struct api_fan *fan = page->fan;

    if (status != STATUS_OK) {
        api_fan_fail(fan, error);
        return;
    }
    for (uint32_t i = 0; i < page->count; i++) {
        const struct definition *definition =
            definition_by_id(fan->api->definitions, page->definition_ids[i]);
        struct command *command;

        if (!holds(definition, page->element_ids[i], page->definitions[i],
                   fan->operation->variables))
            continue;
        command = api_fan_add(fan);
        command->kind = COMMAND_START;
        command->definition_id = page->definition_ids[i];
        command->element = page->element_ids[i];
        command->definition = page->definitions[i];
        command->business_key = fan->operation->command.business_key;
        command->variables = fan->operation->variables;
    }
    api_fan_go(fan);
}

static void on_page(struct api_query *query)
{
    struct page *page = query->state;
    struct api_fan *fan = page->fan;
    const struct pg_result *rows = api_query_rows(query, 0);
    struct arena *arena = api_fan_arena(fan);
    const char **missing = arena_array(arena, pg_rows(rows) + 1, sizeof(char *));
    uint32_t missing_count = 0;

    page->count = pg_rows(rows);
    page->definition_ids = arena_array(arena, page->count + 1, sizeof(char *));
    page->element_ids = arena_array(arena, page->count + 1, sizeof(char *));
    page->definitions = arena_array(arena, page->count + 1, sizeof(uint32_t));
    for (uint32_t row = 0; row < page->count; row++) {
        page->last = pg_value_uuid(rows, row, 0);
        page->definition_ids[row] = arena_copy(arena, pg_value_text(rows, row, 1));
        page->element_ids[row] = arena_copy(arena, pg_value_text(rows, row, 2));
        page->definitions[row] = (uint32_t)pg_value_int(rows, row, 3);
        if (definition_by_id(fan->api->definitions, page->definition_ids[row]) == NULL)
            missing[missing_count++] = page->definition_ids[row];
    }
    fan->is_last = page->count < API_FAN_PAGE;
    if (missing_count == 0)
        on_loaded(page, STATUS_OK, NULL);
    else
        definition_load(fan->api->definitions, missing, missing_count, NULL, 0, on_loaded, page);
    /* suspended: until their models are there */
}

static void more(struct api_fan *fan)
{
    struct page *page = fan->state;
    struct api_query *query = api_query_new(fan->api, fan->request, on_page);
    struct pg_call *call = api_query_add(query, &starts_statement);

    query->state = page;
    query->operation = fan->operation;
    pg_uuid(call, &page->last);
    pg_int8(call, API_FAN_PAGE);
    api_query_run(query);
}

static void on_done(struct api_fan *fan)
{
    json_t *body;

    if (fan->failed > 0) {
        api_operation_fail(fan->operation, &fan->error);
        return;
    }
    body = json_object();
    json_put(body, "started", json_integer((json_int_t)fan->done));
    api_operation_clear(fan->operation);
    http_reply_json(fan->request, 200, body);
}

static void post(void *context, struct http_request *request)
{
    static const char *const known[] = {"variables", "businessKey", NULL};
    struct api_operation *operation = api_operation_new(context, request);
    struct api_fan *fan = api_fan_new(context, request);
    struct page *page = arena_alloc(http_arena(request), sizeof(*page));
    struct error error = {0};

    if (!api_operation_body(operation, false, known))
        return;
    if (api_variables_any(json_object_get(operation->body, "variables"), "variables",
                          &operation->variables, &error) != STATUS_OK ||
        json_field_text(operation->body, "businessKey", &operation->command.business_key, &error) !=
            STATUS_OK) {
        api_operation_fail(operation, &error);
        return;
    }
    page->fan = fan;
    fan->operation = operation;
    fan->state = page;
    fan->more = more;
    fan->on_done = on_done;
    api_fan_run(fan);
}

static const struct http_route routes[] = {
    {HTTP_POST_METHOD, "/process-api/runtime/conditions", post,
     "Start the definitions whose conditional start events hold", 0},
};
const struct api_routes condition_routes = {routes, COUNT_OF(routes)};
