/* /process-api/repository/deployments: files in, files out. */
#include "engine/api/internal.h"

#include "bpmn/base/text.h"
#include "engine/base/log.h"

#include <stddef.h>
#include <string.h>

enum { DEPLOYMENT_BODY_BYTES_MAX = 32 * 1024 * 1024 };

static const char *const noun = "a deployment";

enum { COLUMN_ID, COLUMN_NAME, COLUMN_TIME, COLUMN_CATEGORY, COLUMN_TENANT };

static json_t *represent(const struct api_row *row)
{
    json_t *object = json_object();

    row_text(row, object, "id", COLUMN_ID);
    row_text(row, object, "name", COLUMN_NAME);
    row_time(row, object, "deploymentTime", COLUMN_TIME);
    row_text(row, object, "category", COLUMN_CATEGORY);
    json_put(object, "parentDeploymentId", json_null());
    row_url(row, object, "url", "/process-api/repository/deployments/", COLUMN_ID);
    row_text(row, object, "tenantId", COLUMN_TENANT);
    return object;
}

static const struct list_filter filters[] = {
    {"name", LIST_TEXT, "p.name = ?", NULL, NULL},
    {"nameLike", LIST_LIKE, "p.name LIKE ?", NULL, NULL},
    {"key", LIST_TEXT, "p.key = ?", NULL, NULL},
    {"category", LIST_TEXT, "p.category = ?", NULL, NULL},
    {"categoryNotEquals", LIST_TEXT, "p.category IS DISTINCT FROM ?", NULL, NULL},
    {"tenantId", LIST_TEXT, "p.tenant_id = ?", NULL, NULL},
    {"tenantIdLike", LIST_LIKE, "p.tenant_id LIKE ?", NULL, NULL},
    {"withoutTenantId", LIST_FLAG, "p.tenant_id = ''", NULL, NULL},
};
static const struct list_sort sorts[] = {
    {"id", "p.id"},
    {"name", "p.name"},
    {"deployTime", "p.deployed_at"},
    {"tenantId", "p.tenant_id"},
};
static const struct list list = {
    .columns = "p.id::text, p.name, p.deployed_at, p.category, p.tenant_id",
    .from = "synergyflow_workflows.deployment p",
    .where = "true",
    .tie = "p.id",
    .filters = filters,
    .filter_count = COUNT_OF(filters),
    .sorts = sorts,
    .sort_count = COUNT_OF(sorts),
    .represent = represent,
    .noun = "a deployment",
};

static void get_list(void *context, struct http_request *request)
{
    list_answer(context, request, &list);
}

static void get_one(void *context, struct http_request *request)
{
    struct uuid id;

    if (api_id(request, "deploymentId", noun, &id))
        list_answer_one(context, request, &list, "p.id = $1", &id);
}

/* ---- create -------------------------------------------------------------------------------- */

struct creation {
    struct deployment deployment;
    const struct api_settings *api;
    struct http_request *request;
};

bool api_hosts_topic(void *context, const char *topic)
{
    return registry_handler(context, topic, NULL) != NULL;
}

static json_t *findings_json(const struct bpmn_findings *findings)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < findings->count; i++) {
        const struct bpmn_finding *finding = &findings->items[i];
        json_t *object = json_object();

        json_put_text(object, "severity", finding->severity == BPMN_ERROR ? "error" : "warning");
        json_put_text(object, "rule", finding->rule);
        json_put_text(object, "elementId", finding->element_id);
        json_put(object, "line", json_integer(finding->line));
        json_put(object, "column", json_integer(finding->column));
        json_put_text(object, "message", finding->message);
        (void)json_array_append_new(array, object);
    }
    return array;
}

static void on_deployed(struct deployment *deployment, enum status status,
                        const struct error *error)
{
    struct creation *creation = CONTAINER_OF(deployment, struct creation, deployment);
    char id[UUID_TEXT_BYTES];
    json_t *object;

    if (status != STATUS_OK) {
        if (deployment->findings.count > 0)
            http_reply_problem(creation->request, error, "findings",
                               findings_json(&deployment->findings));
        else
            http_reply_error(creation->request, error);
        return;
    }
    uuid_format(&deployment->ret_id, id);
    log_event(LOG_INFO, "deployment.created", "deploymentId", 's', id, "definitions", 'i',
              (int64_t)deployment->ret_definition_count, "correlationId", 's',
              http_correlation_id(creation->request), NULL);
    object = json_object();
    json_put_text(object, "id", id);
    json_put_text(object, "name", deployment->name);
    json_put(object, "deploymentTime", api_time(deployment->ret_deployed_at_us));
    json_put_text(object, "category", deployment->category);
    json_put(object, "parentDeploymentId", json_null());
    json_put_text(object, "url",
                  api_url(creation->request, "/process-api/repository/deployments/", id, ""));
    json_put_text(object, "tenantId", deployment->tenant_id != NULL ? deployment->tenant_id : "");
    http_reply_json(creation->request, 201, object);
}

/* The last part of a path as a browser or a script may send it. */
static const char *base_name(const char *path)
{
    const char *name = path;

    for (; *path != '\0'; path++) {
        if (*path == '/' || *path == '\\')
            name = path + 1;
    }
    return name;
}

/* From the form's fields, else from the query. */
static const char *setting(struct http_request *request, const struct http_part *parts,
                           uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (parts[i].file_name == NULL && parts[i].name != NULL && strcmp(parts[i].name, name) == 0)
            return arena_copy_bytes(http_arena(request), parts[i].bytes, parts[i].length);
    }
    return http_query(request, name);
}

static bool take_resources(struct creation *creation, const struct http_part *parts, uint32_t count)
{
    struct arena *arena = http_arena(creation->request);
    struct deployment_resource *resources =
        arena_array(arena, (size_t)count + 1, sizeof(*resources));
    struct deployment *deployment = &creation->deployment;
    bool has_bpmn = false;

    for (uint32_t i = 0; i < count; i++) {
        struct deployment_resource *resource = &resources[deployment->resource_count];

        if (parts[i].file_name == NULL)
            continue;
        *resource = (struct deployment_resource){base_name(parts[i].file_name), parts[i].bytes,
                                                 parts[i].length};
        if (!text_is_utf8(resource->name, strlen(resource->name))) {
            api_refuse(creation->request, STATUS_INVALID, "Expected file names in UTF-8.");
            return false;
        }
        deployment->resource_count++;
        has_bpmn = has_bpmn || deployment_is_bpmn(resource->name) ||
                   strstr(resource->name, ".zip") != NULL || strstr(resource->name, ".bar") != NULL;
    }
    deployment->resources = resources;
    if (deployment->resource_count == 0)
        api_refuse(creation->request, STATUS_INVALID,
                   "No file content was found in the request: expected a multipart/form-data part "
                   "with a file name that ends in .bpmn20.xml or .bpmn.");
    else if (!has_bpmn)
        api_refuse(creation->request, STATUS_INVALID,
                   "File must be of type .bpmn20.xml or .bpmn, but '%.200s' is not.",
                   resources[0].name);
    return has_bpmn;
}

static void create(void *context, struct http_request *request)
{
    const struct api_settings *api = context;
    struct arena *arena = http_arena(request);
    struct creation *creation = arena_alloc(arena, sizeof(*creation));
    struct http_part *parts = NULL;
    uint32_t count = 0;
    struct error error = {0};
    const char *fields[4];
    static const char *const names[] = {"deploymentName", "deploymentKey", "tenantId", "category"};

    *creation = (struct creation){.api = api, .request = request};
    if (http_multipart(request, &parts, &count, &error) != STATUS_OK) {
        http_reply_error(request, &error);
        return;
    }
    if (!take_resources(creation, parts, count))
        return;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        fields[i] = setting(request, parts, count, names[i]);
        if (fields[i] != NULL && !text_is_utf8(fields[i], strlen(fields[i]))) {
            api_refuse_field(request, names[i], "Expected '%s' to be UTF-8.", names[i]);
            return;
        }
    }
    creation->deployment.name = fields[0];
    if (fields[0] == NULL || fields[0][0] == '\0') {
        const char *file = creation->deployment.resources[0].name;
        size_t stem = strcspn(file, ".");

        creation->deployment.name = stem > 0 ? arena_copy_bytes(arena, file, stem) : file;
    }
    creation->deployment.key = fields[1];
    creation->deployment.tenant_id = fields[2];
    creation->deployment.category = fields[3];
    creation->deployment.hosts =
        (struct topic_hosts){api_hosts_topic, (void *)(uintptr_t)api->registry};
    creation->deployment.arena = arena;
    creation->deployment.on_done = on_deployed;
    deployment_create(api->definitions, api->ids, &creation->deployment);
    /* suspended: until the files are parsed and stored */
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/repository/deployments", get_list, "List deployments", 0},
    {HTTP_POST_METHOD, "/process-api/repository/deployments", create, "Create a new deployment",
     DEPLOYMENT_BODY_BYTES_MAX},
    {HTTP_GET_METHOD, "/process-api/repository/deployments/{deploymentId}", get_one,
     "Get a deployment", 0},
};
const struct api_routes deployment_routes = {routes, COUNT_OF(routes)};
