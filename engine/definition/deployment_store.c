/* The statements of a deployment. One transaction: a lock for each key (and for the name), so that
 * two deployments of one process get two versions; then the rows. See deployment.h. */
#include "engine/definition/deployment.h"

#include "engine/base/clock.h"

#include <stdlib.h>
#include <string.h>

enum { READ_VERSIONS = 2, READ_NEWEST = 3, READ_RESOURCES = 4, READ_DEFINITIONS = 5 };

static const struct pg_statement begin_statement = {NULL, "BEGIN"};
static const struct pg_statement commit_statement = {NULL, "COMMIT"};
/* In the order given, which is sorted: two deployments never wait for each other in a ring. */
static const struct pg_statement lock_statement = {
    "deployment_lock", "SELECT pg_advisory_xact_lock(hashtextextended('synergyflow:' || k, 0))"
                       "  FROM unnest($1::text[]) AS k"};
static const struct pg_statement versions_statement = {
    "deployment_versions", "SELECT key, max(version) FROM synergyflow_workflows.process_definition"
                           " WHERE tenant_id = $1 AND key = ANY($2::text[]) GROUP BY key"};
static const struct pg_statement newest_statement = {
    "deployment_newest",
    "SELECT id, deployed_at FROM synergyflow_workflows.deployment"
    " WHERE tenant_id = $1 AND name = $2 ORDER BY deployed_at DESC, id DESC LIMIT 1"};
static const struct pg_statement resources_statement = {
    "deployment_newest_resources",
    "SELECT name, content FROM synergyflow_workflows.deployment_resource"
    " WHERE deployment_id = (SELECT id FROM synergyflow_workflows.deployment"
    "   WHERE tenant_id = $1 AND name = $2 ORDER BY deployed_at DESC, id DESC LIMIT 1)"};
static const struct pg_statement definitions_statement = {
    "deployment_newest_definitions",
    "SELECT id FROM synergyflow_workflows.process_definition"
    " WHERE deployment_id = (SELECT id FROM synergyflow_workflows.deployment"
    "   WHERE tenant_id = $1 AND name = $2 ORDER BY deployed_at DESC, id DESC LIMIT 1) ORDER BY "
    "id"};
static const struct pg_statement insert_statement = {
    "deployment_insert",
    "INSERT INTO synergyflow_workflows.deployment (id, tenant_id, name, category, key, deployed_at)"
    " VALUES ($1, $2, $3, $4, $5, $6)"};
static const struct pg_statement insert_resource_statement = {
    "deployment_insert_resource",
    "INSERT INTO synergyflow_workflows.deployment_resource (deployment_id, name, content)"
    " VALUES ($1, $2, $3)"};
static const struct pg_statement insert_definition_statement = {
    "deployment_insert_definition",
    "INSERT INTO synergyflow_workflows.process_definition (id, tenant_id, key, version, name,"
    " description, category, deployment_id, resource_name, has_diagram, version_tag)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"};

const char *deployment_tenant(const struct deployment_state *state)
{
    return state->deployment->tenant_id != NULL ? state->deployment->tenant_id : "";
}

const char *deployment_name(const struct deployment_state *state)
{
    return state->deployment->name != NULL ? state->deployment->name
                                           : state->deployment->resources[0].name;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_locks(struct deployment_state *state, struct pg_batch *batch)
{
    struct pg_array *names;
    const char **keys = arena_array(state->arena, (size_t)state->process_count + 1, sizeof(*keys));
    uint32_t count = 0;

    for (; count < state->process_count; count++)
        keys[count] = arena_format(state->arena, "process:%s:%s", deployment_tenant(state),
                                   state->processes[count].model->process_id);
    keys[count++] = arena_format(state->arena, "deployment:%s:%s", deployment_tenant(state),
                                 deployment_name(state));
    qsort(keys, count, sizeof(*keys), compare_texts);
    names = pg_text_array(pg_batch_add(batch, &lock_statement));
    for (uint32_t i = 0; i < count; i++)
        pg_add_text(names, keys[i]);
}

static void add_newest(struct deployment_state *state, struct pg_batch *batch,
                       const struct pg_statement *statement)
{
    struct pg_call *call = pg_batch_add(batch, statement);

    pg_text(call, deployment_tenant(state));
    pg_text(call, deployment_name(state));
}

struct pg_batch *deployment_read_batch(struct deployment_state *state)
{
    struct pg_batch *batch = pg_batch_new(state->arena);
    struct pg_call *call;
    struct pg_array *keys;

    pg_batch_add(batch, &begin_statement);
    add_locks(state, batch);
    call = pg_batch_add(batch, &versions_statement);
    pg_text(call, deployment_tenant(state));
    keys = pg_text_array(call);
    for (uint32_t i = 0; i < state->process_count; i++)
        pg_add_text(keys, state->processes[i].model->process_id);
    if (state->deployment->only_if_changed) {
        add_newest(state, batch, &newest_statement);
        add_newest(state, batch, &resources_statement);
        add_newest(state, batch, &definitions_statement);
    }
    return batch;
}

static bool resource_is_stored(const struct deployment_resource *resource,
                               const struct pg_result *rows)
{
    for (uint32_t row = 0; row < pg_rows(rows); row++) {
        size_t length;
        const void *bytes = pg_value_bytes(rows, row, 1, &length);

        if (strcmp(pg_value_text(rows, row, 0), resource->name) == 0)
            return length == resource->length &&
                   (length == 0 || memcmp(bytes, resource->bytes, length) == 0);
    }
    return false;
}

bool deployment_take_unchanged(struct deployment_state *state, const struct pg_batch *batch)
{
    struct deployment *deployment = state->deployment;
    const struct pg_result *newest, *resources, *definitions;

    if (!deployment->only_if_changed)
        return false;
    newest = pg_batch_result(batch, READ_NEWEST);
    resources = pg_batch_result(batch, READ_RESOURCES);
    definitions = pg_batch_result(batch, READ_DEFINITIONS);
    if (pg_rows(newest) == 0 || pg_rows(resources) != deployment->resource_count)
        return false;
    for (uint32_t i = 0; i < deployment->resource_count; i++) {
        if (!resource_is_stored(&deployment->resources[i], resources))
            return false;
    }
    deployment->ret_id = pg_value_uuid(newest, 0, 0);
    deployment->ret_deployed_at_us = pg_value_timestamp(newest, 0, 1);
    deployment->ret_definition_count = pg_rows(definitions);
    deployment->ret_definition_ids =
        arena_array(deployment->arena, (size_t)pg_rows(definitions) + 1, sizeof(char *));
    for (uint32_t row = 0; row < pg_rows(definitions); row++)
        deployment->ret_definition_ids[row] =
            arena_copy(deployment->arena, pg_value_text(definitions, row, 0));
    return true;
}

void deployment_number(struct deployment_state *state, const struct pg_batch *batch)
{
    const struct pg_result *versions = pg_batch_result(batch, READ_VERSIONS);
    struct deployment *deployment = state->deployment;

    deployment->ret_id = uuid_next(state->ids);
    deployment->ret_deployed_at_us = clock_wall_us();
    deployment->ret_definition_count = state->process_count;
    deployment->ret_definition_ids =
        arena_array(deployment->arena, (size_t)state->process_count + 1, sizeof(char *));
    for (uint32_t i = 0; i < state->process_count; i++) {
        struct deployment_process *process = &state->processes[i];
        struct uuid own = uuid_next(state->ids);
        char text[UUID_TEXT_BYTES];

        process->version = 1;
        for (uint32_t row = 0; row < pg_rows(versions); row++) {
            if (strcmp(pg_value_text(versions, row, 0), process->model->process_id) == 0)
                process->version = (int32_t)pg_value_int(versions, row, 1) + 1;
        }
        process->id = arena_format(deployment->arena, "%s:%d:%s", process->model->process_id,
                                   process->version, uuid_format(&own, text));
        deployment->ret_definition_ids[i] = process->id;
    }
}

static void add_definition(struct deployment_state *state, struct pg_batch *batch,
                           const struct deployment_process *process)
{
    struct pg_call *call = pg_batch_add(batch, &insert_definition_statement);

    pg_text(call, process->id);
    pg_text(call, deployment_tenant(state));
    pg_text(call, process->model->process_id);
    pg_int4(call, process->version);
    pg_text(call, process->model->name);
    pg_text(call, process->model->documentation);
    pg_text(call, process->model->category);
    pg_uuid(call, &state->deployment->ret_id);
    pg_text(call, state->deployment->resources[process->resource].name);
    pg_bool(call, process->model->has_diagram);
    pg_text(call, process->model->version_tag);
}

struct pg_batch *deployment_write_batch(struct deployment_state *state)
{
    struct pg_batch *batch = pg_batch_new(state->arena);
    const struct deployment *deployment = state->deployment;
    struct pg_call *call = pg_batch_add(batch, &insert_statement);

    state->start_timers = arena_array(state->arena, START_TIMERS_MAX, sizeof(*state->start_timers));
    pg_uuid(call, &deployment->ret_id);
    pg_text(call, deployment_tenant(state));
    pg_text(call, deployment_name(state));
    pg_text(call, deployment->category);
    pg_text(call, deployment->key);
    pg_timestamp(call, deployment->ret_deployed_at_us);
    for (uint32_t i = 0; i < deployment->resource_count; i++) {
        call = pg_batch_add(batch, &insert_resource_statement);
        pg_uuid(call, &deployment->ret_id);
        pg_text(call, deployment->resources[i].name);
        pg_bytes(call, deployment->resources[i].bytes, deployment->resources[i].length);
    }
    for (uint32_t i = 0; i < state->process_count; i++) {
        if (deployment_add_starts(state, batch, &state->processes[i], &state->error) != STATUS_OK)
            return NULL;
        add_definition(state, batch, &state->processes[i]);
    }
    pg_batch_add(batch, &commit_statement);
    return batch;
}
