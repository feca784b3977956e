/* See install.h. All documents go in one transaction; two nodes that start at once do not disturb
 * each other: the second one finds the same version, or nothing to do. */
#include "engine/sla/install.h"

#include "bpmn/base/memory.h"
#include "engine/sla/private.h"

struct installation {
    struct arena *arena;
    void (*on_done)(void *context, enum status status, const struct error *error);
    void *context;
};

enum { INSTALL_ARENA_BYTES = 16 * 1024 * 1024 };

/* $1 kind, $2 name, $3 id, $4 document, $5 who. Versions are numbered here. */
static const struct pg_statement install_statement = {
    "sla_install_document",
    "WITH newest AS (SELECT version, document, created_by FROM synergyflow_workflows.sla_document"
    "   WHERE kind = $1 AND name = $2 ORDER BY version DESC LIMIT 1)"
    " INSERT INTO synergyflow_workflows.sla_document (id, kind, name, version, valid_from,"
    "   document, created_at, created_by) SELECT $3, $1, $2, next.version, now(),"
    "   jsonb_set($4::jsonb, '{version}', to_jsonb(next.version)), now(), $5"
    " FROM (SELECT coalesce((SELECT version FROM newest), 0) + 1 AS version) next"
    " WHERE NOT EXISTS (SELECT 1 FROM newest WHERE created_by IS DISTINCT FROM $5"
    "   OR document - 'version' = $4::jsonb - 'version')"
    " ON CONFLICT (tenant_id, kind, name, version) DO NOTHING"};

static void on_installed(void *context, struct pg_batch *batch, enum status status,
                         const struct error *error)
{
    struct installation *installation = context;
    void (*on_done)(void *, enum status, const struct error *) = installation->on_done;
    void *done_context = installation->context;
    struct error copy = {0};

    (void)batch;
    if (status != STATUS_OK) {
        copy = *error;
        (void)error_prefix(&copy, "the SLA documents that modules ship");
    }
    arena_free(installation->arena);
    memory_free(installation);
    on_done(done_context, status, &copy);
}

static void add(struct pg_batch *batch, struct uuid_source *ids, const char *kind, const char *name,
                const json_t *document, const char *author)
{
    struct pg_call *call = pg_batch_add(batch, &install_statement);
    struct uuid id = uuid_next(ids);
    char *text = json_dumps(document, JSON_COMPACT);

    INVARIANT(text != NULL);
    pg_text(call, kind);
    pg_text(call, name);
    pg_uuid(call, &id);
    pg_jsonb(call, text);
    pg_text(call, author);
    memory_free(text);
}

/* What is shipped is tested: a document that is none is our own fault. */
static void add_file(struct arena *arena, struct pg_batch *batch, struct uuid_source *ids,
                     const struct module *module, const struct module_document *shipped)
{
    const char *author = arena_format(arena, "module %s", module->name);
    json_t *file = json_loadb(shipped->bytes, *shipped->length, 0, NULL);
    json_t *policies = json_object_get(file, "policies");
    json_t *policy;
    size_t i;

    INVARIANT(json_is_object(file));
    json_array_foreach (policies, i, policy)
        add(batch, ids, shipped->kind, json_string_value(json_object_get(policy, "id")), policy,
            author);
    if (policies == NULL)
        add(batch, ids, shipped->kind, json_string_value(json_object_get(file, "name")), file,
            author);
    json_decref(file);
}

void sla_install(struct pg_pool *pool, const struct registry *registry, struct uuid_source *ids,
                 void (*on_done)(void *context, enum status status, const struct error *error),
                 void *context)
{
    struct installation *installation = memory_zero(1, sizeof(*installation));
    struct pg_batch *batch;

    installation->arena = arena_new(INSTALL_ARENA_BYTES);
    installation->on_done = on_done;
    installation->context = context;
    batch = pg_batch_new(installation->arena);
    for (uint32_t m = 0; m < registry->module_count; m++) {
        const struct module *module = registry->modules[m];

        for (uint32_t i = 0; i < module->document_count; i++)
            add_file(installation->arena, batch, ids, module, &module->documents[i]);
    }
    if (pg_batch_count(batch) == 0)
        on_installed(installation, batch, STATUS_OK, NULL);
    else
        pg_query(pool, batch, SLA_TIMEOUT_MS, on_installed, installation);
}
