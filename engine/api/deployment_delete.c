/* DELETE /process-api/repository/deployments/{id}: without cascade only when nothing runs on its
 * definitions; with cascade their instances and all that belongs to them go, too.
 *
 * Happy path: lock the instances (units of work under way finish first, later ones skip them) →
 * delete → COMMIT → forget the definitions. */
#include "engine/api/internal.h"

#include <stddef.h>

#define DEFINITIONS                                                \
    "(SELECT d.id FROM synergyflow_workflows.process_definition d" \
    " WHERE d.deployment_id = $1)"
#define INSTANCES                                                \
    "(SELECT i.id FROM synergyflow_workflows.process_instance i" \
    " WHERE i.definition_id IN " DEFINITIONS ")"

struct deletion {
    struct pg_lease lease;
    const struct api_settings *api;
    struct http_request *request;
    struct uuid id;
    bool cascade;
};

static const struct pg_statement begin_statement = {NULL, "BEGIN"};
static const struct pg_statement lock_statement = {
    "api_deployment_lock",
    "SELECT 1 FROM synergyflow_workflows.deployment WHERE id = $1 FOR UPDATE"};
static const struct pg_statement instances_statement = {
    "api_deployment_instances", "SELECT 1 FROM synergyflow_workflows.process_instance"
                                " WHERE status < 3 AND definition_id IN " DEFINITIONS " LIMIT 1"};
static const struct pg_statement lock_instances_statement = {
    "api_deployment_lock_instances",
    "SELECT count(*) FROM (SELECT 1 FROM synergyflow_workflows.process_instance"
    " WHERE definition_id IN " DEFINITIONS " ORDER BY id FOR UPDATE) AS locked"};
static const struct pg_statement cascade_statements[] = {
    {"api_cascade_task", "DELETE FROM synergyflow_workflows.task WHERE instance_id IN " INSTANCES},
    {"api_cascade_timer",
     "DELETE FROM synergyflow_workflows.timer WHERE instance_id IN " INSTANCES},
    {"api_cascade_job", "DELETE FROM synergyflow_workflows.job WHERE instance_id IN " INSTANCES},
    {"api_cascade_subscription",
     "DELETE FROM synergyflow_workflows.event_subscription WHERE instance_id IN " INSTANCES},
    {"api_cascade_scope",
     "DELETE FROM synergyflow_workflows.scope WHERE instance_id IN " INSTANCES},
    {"api_cascade_journal",
     "DELETE FROM synergyflow_workflows.journal WHERE instance_id IN " INSTANCES},
    {"api_cascade_instance",
     "DELETE FROM synergyflow_workflows.process_instance WHERE definition_id IN " DEFINITIONS},
};
/* What would start instances of the definitions goes with them. */
static const struct pg_statement start_statements[] = {
    {"api_delete_start_job", "DELETE FROM synergyflow_workflows.job WHERE instance_id IS NULL AND "
                             "definition_id IN " DEFINITIONS},
    {"api_delete_start_subscription",
     "DELETE FROM synergyflow_workflows.event_subscription"
     " WHERE instance_id IS NULL AND definition_id IN " DEFINITIONS},
};
static const struct pg_statement delete_statement = {
    "api_deployment_delete", "DELETE FROM synergyflow_workflows.deployment WHERE id = $1"};
static const struct pg_statement commit_statement = {NULL, "COMMIT"};

static void on_deleted(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                       const struct error *error)
{
    struct deletion *deletion = CONTAINER_OF(lease, struct deletion, lease);

    pg_batch_free_results(batch);
    pg_release(lease);
    definition_forget(deletion->api->definitions, &deletion->id);
    if (status != STATUS_OK)
        http_reply_error(deletion->request, error);
    else
        http_reply_empty(deletion->request, 204);
}

static void delete_all(struct deletion *deletion)
{
    struct pg_batch *batch = pg_batch_new(http_arena(deletion->request));

    if (deletion->cascade) {
        for (size_t i = 0; i < COUNT_OF(cascade_statements); i++)
            pg_uuid(pg_batch_add(batch, &cascade_statements[i]), &deletion->id);
    }
    for (size_t i = 0; i < COUNT_OF(start_statements); i++)
        pg_uuid(pg_batch_add(batch, &start_statements[i]), &deletion->id);
    pg_uuid(pg_batch_add(batch, &delete_statement), &deletion->id);
    pg_batch_add(batch, &commit_statement);
    pg_run(&deletion->lease, batch, on_deleted);
}

static void on_locked(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct deletion *deletion = CONTAINER_OF(lease, struct deletion, lease);
    bool exists = status == STATUS_OK && pg_rows(pg_batch_result(batch, 1)) > 0;
    bool in_use = exists && pg_rows(pg_batch_result(batch, 2)) > 0;

    pg_batch_free_results(batch);
    if (exists && (deletion->cascade || !in_use)) {
        delete_all(deletion);
        return; /* suspended: until COMMIT */
    }
    pg_release(lease);
    if (status != STATUS_OK)
        http_reply_error(deletion->request, error);
    else if (!exists)
        api_not_found(deletion->request, "a deployment",
                      http_param(deletion->request, "deploymentId"));
    else
        api_refuse(deletion->request, STATUS_CONFLICT,
                   "Expected no running process instance of deployment '%s', but there are some; "
                   "delete them first or pass cascade=true, which deletes them and their history.",
                   http_param(deletion->request, "deploymentId"));
}

static void on_leased(struct pg_lease *lease, enum status status, const struct error *error)
{
    struct deletion *deletion = CONTAINER_OF(lease, struct deletion, lease);
    struct pg_batch *batch;

    if (status != STATUS_OK) {
        http_reply_error(deletion->request, error);
        return;
    }
    batch = pg_batch_new(http_arena(deletion->request));
    pg_batch_add(batch, &begin_statement);
    pg_uuid(pg_batch_add(batch, &lock_statement), &deletion->id);
    pg_uuid(pg_batch_add(batch, &instances_statement), &deletion->id);
    if (deletion->cascade)
        pg_uuid(pg_batch_add(batch, &lock_instances_statement), &deletion->id);
    pg_run(lease, batch, on_locked);
}

static void delete_one(void *context, struct http_request *request)
{
    struct deletion *deletion = arena_alloc(http_arena(request), sizeof(*deletion));

    *deletion = (struct deletion){.api = context, .request = request};
    if (!api_id(request, "deploymentId", "a deployment", &deletion->id) ||
        !api_flag(request, "cascade", false, &deletion->cascade))
        return;
    pg_acquire(deletion->api->pool, &deletion->lease, API_QUERY_TIMEOUT_MS, on_leased);
}

static const struct http_route routes[] = {
    {HTTP_DELETE_METHOD, "/process-api/repository/deployments/{deploymentId}", delete_one,
     "Delete a deployment", 0},
};
const struct api_routes deployment_delete_routes = {routes, COUNT_OF(routes)};
