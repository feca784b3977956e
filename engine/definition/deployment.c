/* Deploying: files in, versions of process definitions out. See definition.h.
 *
 * Happy path: parse every BPMN file (on libuv's pool when they are big) → check each element →
 * BEGIN, lock the keys, read their versions → insert and COMMIT → into the cache → on_done.
 * Failure modes: a file is no zip archive we take, or no BPMN, or an element fails the check:
 * STATUS_INVALID with findings, before anything is stored. The database fails: rolled back, its
 * status. The connection is lost at COMMIT: STATUS_UNAVAILABLE that says so; deploying again is
 * safe, it makes one more version at worst. */
#include "engine/definition/deployment.h"
#include "engine/definition/script_check.h"
#include "engine/definition/timer_check.h"

#include "bpmn/base/memory.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum {
    DEPLOYMENT_ARENA_BYTES = 64 * 1024 * 1024,
    DEPLOYMENT_LEASE_TIMEOUT_MS = 10000,
    DEPLOYMENT_PROCESSES_MAX = 1000,
};

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text);
    size_t ending_length = strlen(ending);

    return length >= ending_length && strcasecmp(text + length - ending_length, ending) == 0;
}

bool deployment_is_bpmn(const char *resource_name)
{
    return ends_with(resource_name, ".bpmn") || ends_with(resource_name, ".xml");
}

static void finish(struct deployment_state *state, enum status status)
{
    struct deployment *deployment = state->deployment;
    struct definition_cache *cache = state->cache;
    struct error error = state->error;

    for (uint32_t i = 0; i < deployment->resource_count; i++) {
        bpmn_document_free(state->files[i].document);
        shared_document_release(state->documents[i]);
    }
    arena_free(state->arena);
    deployment->state = NULL;
    deployment->on_done(deployment, status, status == STATUS_OK ? NULL : &error);
    cache_unhold(cache);
}

/* The answers must outlive the state: findings go into the caller's arena. */
static void hand_over_findings(struct deployment_state *state, uint32_t resource)
{
    struct deployment *deployment = state->deployment;
    const struct bpmn_findings *from = &state->files[resource].findings;

    deployment->findings = *from;
    deployment->findings.arena = deployment->arena;
    for (uint32_t i = 0; i < from->count; i++) {
        struct bpmn_finding *finding = &deployment->findings.items[i];

        finding->rule = arena_copy(deployment->arena, finding->rule);
        finding->element_id = arena_copy(deployment->arena, finding->element_id);
        finding->message = arena_copy(deployment->arena, finding->message);
    }
    deployment->ret_resource = deployment->resources[resource].name;
}

static void refuse(struct deployment_state *state, uint32_t resource)
{
    hand_over_findings(state, resource);
    error_prefix(&state->error, "Resource '%s'", state->deployment->resources[resource].name);
    finish(state, state->error.status);
}

/* ---- after COMMIT -------------------------------------------------------------------------- */

static void fill_cache(struct deployment_state *state)
{
    const struct deployment *deployment = state->deployment;

    for (uint32_t i = 0; i < state->process_count; i++) {
        const struct deployment_process *process = &state->processes[i];
        struct definition_facts facts = {.id = process->id,
                                         .key = process->model->process_id,
                                         .version = process->version,
                                         .name = process->model->name,
                                         .deployment_id = deployment->ret_id};

        struct entry *entry =
            cache_insert(state->cache, &facts, state->documents[process->resource]);

        INVARIANT(entry != NULL); /* the document has the process: it came from there */
        if (deployment_tenant(state)[0] == '\0')
            cache_mark_latest(state->cache, facts.id, facts.key, facts.version);
    }
    cache_evict(state->cache);
}

static void on_written(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                       const struct error *error)
{
    struct deployment_state *state = CONTAINER_OF(lease, struct deployment_state, lease);

    pg_batch_free_results(batch);
    pg_release(lease);
    if (status == STATUS_OK) {
        const struct definition_cache *cache = state->cache;

        fill_cache(state);
        for (uint32_t i = 0; i < state->start_timer_count && cache->on_start_timer != NULL; i++)
            cache->on_start_timer(cache->start_timer_context, &state->start_timers[i].id,
                                  state->start_timers[i].due_us);
        finish(state, STATUS_OK);
        return;
    }
    state->error = *error;
    if (status == STATUS_UNAVAILABLE)
        error_prefix(&state->error,
                     "The connection was lost while the deployment was being stored, so that it is "
                     "unknown whether it was; look it up or deploy again");
    finish(state, status);
}

static void on_read(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    struct deployment_state *state = CONTAINER_OF(lease, struct deployment_state, lease);
    bool unchanged = false;

    if (status == STATUS_OK) {
        unchanged = deployment_take_unchanged(state, batch);
        if (!unchanged)
            deployment_number(state, batch);
    }
    pg_batch_free_results(batch);
    if (status == STATUS_OK && !unchanged) {
        struct pg_batch *write = deployment_write_batch(state);

        if (write != NULL) {
            pg_run(lease, write, on_written);
            return; /* suspended: until COMMIT */
        }
        status = state->error.status;
        error = &state->error;
    }
    pg_release(lease); /* rolls back: nothing was written */
    if (status != STATUS_OK && error != &state->error)
        state->error = *error;
    finish(state, status);
}

static void on_leased(struct pg_lease *lease, enum status status, const struct error *error)
{
    struct deployment_state *state = CONTAINER_OF(lease, struct deployment_state, lease);

    if (status != STATUS_OK) {
        state->error = *error;
        finish(state, status);
        return;
    }
    pg_run(lease, deployment_read_batch(state), on_read);
}

/* ---- parse and check ----------------------------------------------------------------------- */

/* What the reader cannot know. The first that is broken is the one that a caller without room for
 * findings shows. */
static enum status check_model(struct deployment_state *state, const struct bpmn_model *model,
                               struct bpmn_findings *findings)
{
    uint32_t before = findings->count;
    uint32_t errors = findings->error_count;

    script_check_model(model, findings);
    topic_check_model(model, &state->deployment->hosts, findings);
    timer_check_model(model, state->cache->timers, findings);
    if (findings->error_count == errors)
        return STATUS_OK;
    if (errors == 0 && findings->count > before) {
        const struct bpmn_finding *first = &findings->items[before];

        error_set(&state->error, STATUS_INVALID, "%s", first->message);
        error_at(&state->error, first->element_id, first->line, first->column);
    }
    return STATUS_INVALID;
}

static enum status take_process(struct deployment_state *state, const struct bpmn_model *model,
                                uint32_t resource)
{
    for (uint32_t i = 0; i < state->process_count; i++) {
        const struct deployment_process *other = &state->processes[i];

        if (strcmp(other->model->process_id, model->process_id) != 0)
            continue;
        error_set(&state->error, STATUS_INVALID,
                  "Expected each process id once in a deployment, but '%s' is also in resource "
                  "'%s'; rename one of them or deploy them apart.",
                  model->process_id, state->deployment->resources[other->resource].name);
        return error_at(&state->error, model->process_id, model->line, 0);
    }
    if (state->process_count == DEPLOYMENT_PROCESSES_MAX)
        return error_set(&state->error, STATUS_TOO_LARGE,
                         "Expected at most %d processes in a deployment; deploy the rest apart.",
                         DEPLOYMENT_PROCESSES_MAX);
    state->processes[state->process_count++] =
        (struct deployment_process){.model = model, .resource = resource};
    return STATUS_OK;
}

static enum status take_file(struct deployment_state *state, uint32_t resource)
{
    struct parse *file = &state->files[resource];
    struct bpmn_document *document;
    enum status status = STATUS_OK;

    if (file->status != STATUS_OK) {
        state->error = file->error;
        return file->status;
    }
    document = file->document;
    state->documents[resource] = shared_document_new(document);
    file->document = NULL;
    if (document->model_count == 0)
        return error_set(
            &state->error, STATUS_INVALID,
            "Expected at least one process with isExecutable=\"true\", but found none; "
            "mark the process as executable or leave the file out.");
    for (uint32_t i = 0; i < document->model_count; i++) {
        if (check_model(state, &document->models[i], &file->findings) != STATUS_OK)
            status = STATUS_INVALID;
    }
    for (uint32_t i = 0; i < document->model_count && status == STATUS_OK; i++)
        status = take_process(state, &document->models[i], resource);
    return status;
}

static void take_files(struct deployment_state *state)
{
    struct deployment *deployment = state->deployment;

    state->processes =
        arena_array(state->arena, DEPLOYMENT_PROCESSES_MAX, sizeof(*state->processes));
    for (uint32_t i = 0; i < deployment->resource_count; i++) {
        if (state->files[i].bytes != NULL && take_file(state, i) != STATUS_OK) {
            refuse(state, i);
            return;
        }
    }
    for (uint32_t i = 0; i < deployment->resource_count; i++) {
        if (state->files[i].findings.count > 0 && deployment->ret_resource == NULL)
            hand_over_findings(state, i); /* warnings */
    }
    pg_acquire(state->cache->pool, &state->lease, DEPLOYMENT_LEASE_TIMEOUT_MS, on_leased);
}

static void parse_files(uv_work_t *work)
{
    struct deployment_state *state = work->data;

    for (uint32_t i = 0; i < state->deployment->resource_count; i++) {
        if (state->files[i].bytes != NULL)
            parse_run(&state->files[i]);
    }
}

static void on_parsed(uv_work_t *work, int uv_status)
{
    struct deployment_state *state = work->data;

    INVARIANT(uv_status == 0); /* this work is never cancelled */
    if (state->error.status != STATUS_OK)
        finish(state, state->error.status);
    else
        take_files(state);
}

/* Input that is wrong before any file is read; the answer waits for the loop like every other. */
static enum status check_resources(const struct deployment *deployment, struct error *ret_error)
{
    if (deployment->resource_count == 0)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected at least one file in the deployment, but found none.");
    for (uint32_t i = 0; i < deployment->resource_count; i++) {
        const char *name = deployment->resources[i].name;

        if (name[0] == '\0')
            return error_set(ret_error, STATUS_INVALID,
                             "Expected a name for each file, but file %u has none.", i + 1);
        if (ends_with(name, ".zip") || ends_with(name, ".bar"))
            return error_set(ret_error, STATUS_UNSUPPORTED_MEDIA,
                             "Archives such as '%s' are not supported; send the .bpmn files "
                             "themselves, several in one request if need be.",
                             name);
        for (uint32_t other = 0; other < i; other++) {
            if (strcmp(deployment->resources[other].name, name) == 0)
                return error_set(ret_error, STATUS_INVALID,
                                 "Expected each file name once, but '%s' came twice.", name);
        }
    }
    return STATUS_OK;
}

void deployment_create(struct definition_cache *cache, struct uuid_source *ids,
                       struct deployment *deployment)
{
    struct arena *arena = arena_new(DEPLOYMENT_ARENA_BYTES);
    struct deployment_state *state = arena_alloc(arena, sizeof(*state));
    size_t count = (size_t)deployment->resource_count + 1;

    PRE(deployment->arena != NULL && deployment->on_done != NULL);
    *state = (struct deployment_state){.deployment = deployment,
                                       .cache = cache,
                                       .ids = ids,
                                       .arena = arena,
                                       .files = arena_array(arena, count, sizeof(struct parse)),
                                       .documents = arena_array(arena, count, sizeof(void *))};
    deployment->state = state;
    deployment->ret_resource = NULL;
    cache_hold(cache);
    if (check_resources(deployment, &state->error) == STATUS_OK) {
        for (uint32_t i = 0; i < deployment->resource_count; i++) {
            const struct deployment_resource *resource = &deployment->resources[i];

            parse_init(&state->files[i], arena, NULL, 0);
            if (deployment_is_bpmn(resource->name))
                parse_init(&state->files[i], arena, resource->bytes != NULL ? resource->bytes : "",
                           resource->length);
        }
    }
    state->work.data = state;
    uv_queue_work(cache->loop, &state->work, parse_files, on_parsed);
    /* suspended: until libuv's pool has parsed the files */
}
