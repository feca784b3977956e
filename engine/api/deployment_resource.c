/* /process-api/repository/deployments/{id}/resources and …/resourcedata: what a deployment holds.
 */
#include "engine/api/internal.h"

#include "bpmn/base/text.h"

#include <string.h>
#include <strings.h>

static const struct pg_statement deployment_statement = {
    "api_deployment_exists", "SELECT 1 FROM synergyflow_workflows.deployment WHERE id = $1"};
static const struct pg_statement names_statement = {
    "api_deployment_resources",
    "SELECT r.name, EXISTS (SELECT 1 FROM synergyflow_workflows.process_definition d"
    "                        WHERE d.deployment_id = r.deployment_id AND d.resource_name = r.name)"
    "  FROM synergyflow_workflows.deployment_resource r WHERE r.deployment_id = $1"
    " ORDER BY r.name"};
static const struct pg_statement name_statement = {
    "api_deployment_resource",
    "SELECT r.name, EXISTS (SELECT 1 FROM synergyflow_workflows.process_definition d"
    "                        WHERE d.deployment_id = r.deployment_id AND d.resource_name = r.name)"
    "  FROM synergyflow_workflows.deployment_resource r WHERE r.deployment_id = $1 AND r.name = "
    "$2"};
static const struct pg_statement content_statement = {
    "api_deployment_content", "SELECT name, content FROM synergyflow_workflows.deployment_resource"
                              " WHERE deployment_id = $1 AND name = $2"};

static const char *media_type(const char *name)
{
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {
        {".bpmn", "text/xml"},     {".xml", "text/xml"},          {".png", "image/png"},
        {".svg", "image/svg+xml"}, {".json", "application/json"}, {".txt", "text/plain"},
        {".html", "text/plain"},
    };
    size_t length = strlen(name);

    for (size_t i = 0; i < COUNT_OF(types); i++) {
        size_t ending = strlen(types[i].ending);

        if (length >= ending && strcasecmp(name + length - ending, types[i].ending) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

static json_t *represent(struct http_request *request, const struct pg_result *rows, uint32_t row)
{
    const char *deployment = http_param(request, "deploymentId");
    const char *name = pg_value_text(rows, row, 0);
    bool is_definition = pg_value_bool(rows, row, 1);
    const char *base = api_url(request, "/process-api/repository/deployments/", deployment, "");
    const char *escaped = api_url(request, "/", name, "") + strlen(http_base_url(request)) + 1;
    struct arena *arena = http_arena(request);
    json_t *object = json_object();

    json_put_text(object, "id", name);
    json_put_text(object, "url", arena_format(arena, "%s/resources/%s", base, escaped));
    json_put_text(object, "contentUrl", arena_format(arena, "%s/resourcedata/%s", base, escaped));
    json_put_text(object, "mediaType", media_type(name));
    json_put_text(object, "type", is_definition ? "processDefinition" : "resource");
    return object;
}

static void on_names(struct api_query *query)
{
    const struct pg_result *rows = api_query_rows(query, 1);
    json_t *array;

    if (pg_rows(api_query_rows(query, 0)) == 0) {
        api_not_found(query->request, "a deployment", query->subject);
        return;
    }
    array = json_array();
    for (uint32_t row = 0; row < pg_rows(rows); row++)
        (void)json_array_append_new(array, represent(query->request, rows, row));
    http_reply_json(query->request, 200, array);
}

static void get_list(void *context, struct http_request *request)
{
    struct api_query *query = api_query_new(context, request, on_names);
    struct uuid id;

    if (!api_id(request, "deploymentId", "a deployment", &id))
        return;
    query->subject = http_param(request, "deploymentId");
    pg_uuid(api_query_add(query, &deployment_statement), &id);
    pg_uuid(api_query_add(query, &names_statement), &id);
    api_query_run(query);
}

/* Both single answers: 404 for the deployment, then for the resource. */
static bool found(struct api_query *query)
{
    if (pg_rows(api_query_rows(query, 0)) == 0)
        api_not_found(query->request, "a deployment", query->subject);
    else if (pg_rows(api_query_rows(query, 1)) == 0)
        api_refuse(query->request, STATUS_NOT_FOUND,
                   "Could not find a resource with name '%.200s' in deployment '%s'.",
                   http_param(query->request, "name"), query->subject);
    else
        return true;
    return false;
}

static void on_name(struct api_query *query)
{
    if (found(query))
        http_reply_json(query->request, 200,
                        represent(query->request, api_query_rows(query, 1), 0));
}

static void on_content(struct api_query *query)
{
    const struct pg_result *rows;
    const void *bytes;
    size_t length;

    if (!found(query))
        return;
    rows = api_query_rows(query, 1);
    bytes = pg_value_bytes(rows, 0, 1, &length);
    http_reply_bytes(query->request, 200, media_type(pg_value_text(rows, 0, 0)), bytes, length);
}

static void get_resource(const struct api_settings *api, struct http_request *request,
                         const struct pg_statement *statement,
                         void (*on_rows)(struct api_query *query))
{
    struct api_query *query = api_query_new(api, request, on_rows);
    const char *name = http_param(request, "name");
    struct pg_call *call;
    struct uuid id;

    if (!api_id(request, "deploymentId", "a deployment", &id))
        return;
    if (!text_is_utf8(name, strlen(name))) {
        api_refuse(request, STATUS_NOT_FOUND, "Could not find a resource whose name is no UTF-8.");
        return;
    }
    query->subject = http_param(request, "deploymentId");
    pg_uuid(api_query_add(query, &deployment_statement), &id);
    call = api_query_add(query, statement);
    pg_uuid(call, &id);
    pg_text(call, name);
    api_query_run(query);
}

static void get_one(void *context, struct http_request *request)
{
    get_resource(context, request, &name_statement, on_name);
}

static void get_data(void *context, struct http_request *request)
{
    get_resource(context, request, &content_statement, on_content);
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/repository/deployments/{deploymentId}/resources", get_list,
     "List resources in a deployment", 0},
    {HTTP_GET_METHOD, "/process-api/repository/deployments/{deploymentId}/resources/{name...}",
     get_one, "Get a deployment resource", 0},
    {HTTP_GET_METHOD, "/process-api/repository/deployments/{deploymentId}/resourcedata/{name...}",
     get_data, "Get a deployment resource content", 0},
};
const struct api_routes deployment_resource_routes = {routes, COUNT_OF(routes)};
