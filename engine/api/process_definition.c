/* /process-api/repository/process-definitions: list, one, its XML, its model. Suspended and
 * activated in process_definition_action.c. */
#include "engine/api/process_definition.h"

#include "bpmn/base/text.h"

#include <string.h>

static const char *const noun = "a process definition";

enum {
    COLUMN_ID,
    COLUMN_KEY,
    COLUMN_VERSION,
    COLUMN_NAME,
    COLUMN_DESCRIPTION,
    COLUMN_TENANT,
    COLUMN_DEPLOYMENT,
    COLUMN_RESOURCE,
    COLUMN_CATEGORY,
    COLUMN_DIAGRAM,
    COLUMN_SUSPENDED,
};

static json_t *represent(const struct api_row *row)
{
    json_t *object = json_object();
    const char *deployment = pg_value_text(row->rows, row->row, COLUMN_DEPLOYMENT);
    const char *deployment_url =
        api_url(row->request, "/process-api/repository/deployments/", deployment, "");
    const char *resource_url =
        api_url(row->request,
                arena_format(http_arena(row->request),
                             "/process-api/repository/deployments/%s/resources/", deployment),
                pg_value_text(row->rows, row->row, COLUMN_RESOURCE), "");

    row_text(row, object, "id", COLUMN_ID);
    row_url(row, object, "url", "/process-api/repository/process-definitions/", COLUMN_ID);
    row_text(row, object, "key", COLUMN_KEY);
    row_int(row, object, "version", COLUMN_VERSION);
    row_text(row, object, "name", COLUMN_NAME);
    row_text(row, object, "description", COLUMN_DESCRIPTION);
    row_text(row, object, "tenantId", COLUMN_TENANT);
    row_text(row, object, "deploymentId", COLUMN_DEPLOYMENT);
    json_put_text(object, "deploymentUrl", deployment_url);
    json_put_text(object, "resource", resource_url);
    json_put(object, "diagramResource", json_null());
    row_text(row, object, "category", COLUMN_CATEGORY);
    row_bool(row, object, "graphicalNotationDefined", COLUMN_DIAGRAM);
    row_bool(row, object, "suspended", COLUMN_SUSPENDED);
    json_put(object, "startFormDefined", json_false());
    return object;
}

static const struct list_filter filters[] = {
    {"version", LIST_INT, "d.version = ?", NULL, NULL},
    {"name", LIST_TEXT, "d.name = ?", NULL, NULL},
    {"nameLike", LIST_LIKE, "d.name LIKE ?", NULL, NULL},
    {"key", LIST_TEXT, "d.key = ?", NULL, NULL},
    {"keyLike", LIST_LIKE, "d.key LIKE ?", NULL, NULL},
    {"resourceName", LIST_TEXT, "d.resource_name = ?", NULL, NULL},
    {"resourceNameLike", LIST_LIKE, "d.resource_name LIKE ?", NULL, NULL},
    {"category", LIST_TEXT, "d.category = ?", NULL, NULL},
    {"categoryLike", LIST_LIKE, "d.category LIKE ?", NULL, NULL},
    {"categoryNotEquals", LIST_TEXT, "d.category IS DISTINCT FROM ?", NULL, NULL},
    {"deploymentId", LIST_UUID, "d.deployment_id = ?", NULL, NULL},
    {"latest", LIST_FLAG,
     "d.version = (SELECT max(l.version) FROM synergyflow_workflows.process_definition l"
     " WHERE l.tenant_id = d.tenant_id AND l.key = d.key)",
     NULL, NULL},
    {"suspended", LIST_FLAG, "d.suspended", "NOT d.suspended", NULL},
    {"tenantId", LIST_TEXT, "d.tenant_id = ?", NULL, NULL},
};
static const struct list_sort sorts[] = {
    {"name", "d.name"},
    {"id", "d.id"},
    {"key", "d.key"},
    {"category", "d.category"},
    {"deploymentId", "d.deployment_id"},
    {"version", "d.version"},
    {"tenantId", "d.tenant_id"},
};
const struct list process_definition_list = {
    .columns = "d.id, d.key, d.version, d.name, d.description, d.tenant_id, d.deployment_id::text,"
               " d.resource_name, d.category, d.has_diagram, d.suspended",
    .from = "synergyflow_workflows.process_definition d",
    .where = "true",
    .tie = "d.id",
    .filters = filters,
    .filter_count = COUNT_OF(filters),
    .sorts = sorts,
    .sort_count = COUNT_OF(sorts),
    .represent = represent,
    .noun = "a process definition",
};

static const struct pg_statement content_statement = {
    "api_definition_content",
    "SELECT r.content FROM synergyflow_workflows.process_definition d"
    "  JOIN synergyflow_workflows.deployment_resource r"
    "    ON r.deployment_id = d.deployment_id AND r.name = d.resource_name WHERE d.id = $1"};
static void get_list(void *context, struct http_request *request)
{
    list_answer(context, request, &process_definition_list);
}

static void get_one(void *context, struct http_request *request)
{
    list_answer_one_text(context, request, &process_definition_list, "d.id = $1",
                         http_param(request, "processDefinitionId"));
}

const char *process_definition_id(struct http_request *request)
{
    const char *id = http_param(request, "processDefinitionId");

    if (text_is_utf8(id, strlen(id)))
        return id;
    api_refuse(request, STATUS_NOT_FOUND, "Could not find %s whose id is no UTF-8.", noun);
    return NULL;
}

static void on_content(struct api_query *query)
{
    const struct pg_result *rows = api_query_rows(query, 0);
    const void *bytes;
    size_t length;

    if (pg_rows(rows) == 0) {
        api_not_found(query->request, noun, query->subject);
        return;
    }
    bytes = pg_value_bytes(rows, 0, 0, &length);
    http_reply_bytes(query->request, 200, "text/xml", bytes, length);
}

static void get_data(void *context, struct http_request *request)
{
    struct api_query *query = api_query_new(context, request, on_content);

    query->subject = process_definition_id(request);
    if (query->subject == NULL)
        return;
    pg_text(api_query_add(query, &content_statement), query->subject);
    api_query_run(query);
}

/* ---- model --------------------------------------------------------------------------------- */

static void on_model(void *context, enum status status, const struct error *error)
{
    struct api_query *query = context;
    const struct definition *definition;
    struct bpmn_document document;

    if (status != STATUS_OK) {
        http_reply_error(query->request, error);
        return;
    }
    definition = definition_by_id(query->api->definitions, query->subject);
    if (definition == NULL) {
        api_not_found(query->request, noun, query->subject);
        return;
    }
    document = (struct bpmn_document){.models = definition->model, .model_count = 1};
    http_reply_json(query->request, 200, bpmn_document_describe(&document));
}

static void get_model(void *context, struct http_request *request)
{
    struct api_query *query = api_query_new(context, request, NULL);

    query->subject = process_definition_id(request);
    if (query->subject != NULL)
        definition_load(query->api->definitions, &query->subject, 1, NULL, 0, on_model, query);
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/repository/process-definitions", get_list,
     "List process definitions", 0},
    {HTTP_GET_METHOD, "/process-api/repository/process-definitions/{processDefinitionId}", get_one,
     "Get a process definition", 0},
    {HTTP_GET_METHOD,
     "/process-api/repository/process-definitions/{processDefinitionId}/resourcedata", get_data,
     "Get a process definition resource content", 0},
    {HTTP_GET_METHOD, "/process-api/repository/process-definitions/{processDefinitionId}/model",
     get_model, "Get a process definition BPMN model", 0},
};
const struct api_routes process_definition_routes = {routes, COUNT_OF(routes)};
