/* What the unit's commands address, in one pipelined round trip: rows that lead to instances, the
 * instances themselves (locked, those held elsewhere skipped), their nested scopes.
 *
 * The scopes are read by a later statement than the lock, so that its snapshot sees what the
 * lock's previous holder wrote. By then another instance may have become the newest of its business
 * key: so it names each instance that it looked at, and one that was locked but not looked at is
 * loaded again. */
#include "engine/command/unit.h"

#include <string.h>

/* The newest running instance of a business key `b`. LATERAL with a LIMIT makes it one look-up by
 * index a key: the row-level policies hide from the planner how few rows a join would find. */
#define NEWEST_OF_KEY                                                               \
    "CROSS JOIN LATERAL (SELECT i.id FROM synergyflow_workflows.process_instance i" \
    " WHERE i.business_key = b.key AND i.status < 3"                                \
    " AND (b.definition IS NULL OR b.definition = i.definition_key)"                \
    " ORDER BY i.id DESC LIMIT 1) p"

#define WANTED                                                                                     \
    "(SELECT unnest($1::uuid[])"                                                                   \
    " UNION SELECT instance_id FROM synergyflow_workflows.task WHERE id = ANY ($2)"                \
    " UNION SELECT instance_id FROM synergyflow_workflows.job WHERE id = ANY ($3)"                 \
    " UNION SELECT instance_id FROM synergyflow_workflows.event_subscription"                      \
    "       WHERE execution_id = ANY ($4)"                                                         \
    " UNION SELECT p.id FROM unnest($5::text[], $6::text[]) AS b (key, definition) " NEWEST_OF_KEY \
    ")"

/* The snapshots of single statements are what the loading relies on. */
static const struct pg_statement begin = {"unit_begin", "BEGIN ISOLATION LEVEL READ COMMITTED"};

static const struct pg_statement resolve_tasks = {
    "unit_resolve_tasks", "SELECT id, instance_id, status, ended_at FROM synergyflow_workflows.task"
                          " WHERE id = ANY ($1::uuid[])"};
static const struct pg_statement resolve_jobs = {
    "unit_resolve_jobs", "SELECT id, instance_id, coalesce(lock_owner, ''), lock_expires_at > now()"
                         " FROM synergyflow_workflows.job WHERE id = ANY ($1::uuid[])"};
static const struct pg_statement resolve_executions = {
    "unit_resolve_executions",
    "SELECT execution_id, instance_id FROM synergyflow_workflows.event_subscription"
    " WHERE execution_id = ANY ($1::uuid[])"
    " UNION SELECT id, id FROM synergyflow_workflows.process_instance WHERE id = ANY ($1::uuid[])"};
static const struct pg_statement resolve_business_keys = {
    "unit_resolve_business_keys",
    "SELECT b.n, p.id FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS b (key, definition, n)"
    " " NEWEST_OF_KEY};
static const struct pg_statement resolve_instances = {
    "unit_resolve_instances",
    "SELECT id FROM synergyflow_workflows.process_instance WHERE id = ANY ($1::uuid[])"};
static const struct pg_statement lock_instances = {
    "unit_lock_instances",
    "SELECT id, definition_id, business_key, status, revision, started_at, ended_at, state,"
    " variables, correlation_id"
    " FROM synergyflow_workflows.process_instance WHERE id IN " WANTED
    " ORDER BY id FOR UPDATE SKIP LOCKED"};
static const struct pg_statement load_scopes = {
    "unit_load_scopes",
    "SELECT w.id, s.id, s.parent_scope_id, s.execution_id, s.element_id, s.state, s.variables"
    " FROM " WANTED " AS w (id)"
    " LEFT JOIN synergyflow_workflows.scope s ON s.instance_id = w.id ORDER BY w.id, s.id"};

static bool is_addressed(const struct unit_item *item, enum command_address address)
{
    return item->command->kind == COMMAND_STEP && item->command->address == address;
}

bool unit_needs_load(const struct unit *unit)
{
    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (unit->items[i].command->kind == COMMAND_STEP)
            return true;
    }
    return false;
}

static void add_targets(const struct unit *unit, struct pg_call *call, enum command_address address)
{
    struct pg_array *array = pg_uuid_array(call);

    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (is_addressed(&unit->items[i], address))
            pg_add_uuid(array, &unit->items[i].command->target);
    }
}

static void add_instances(const struct unit *unit, struct pg_call *call)
{
    struct pg_array *array = pg_uuid_array(call);

    for (uint32_t i = 0; i < unit->item_count; i++) {
        const struct command *command = unit->items[i].command;

        if (is_addressed(&unit->items[i], ADDRESS_INSTANCE))
            pg_add_uuid(array, &command->target);
        else if (is_addressed(&unit->items[i], ADDRESS_TIMER))
            pg_add_uuid(array, &command->instance_id);
        else if (is_addressed(&unit->items[i], ADDRESS_EXECUTION))
            pg_add_uuid(array, &command->target); /* an execution may be the instance itself */
    }
}

static void add_business_keys(const struct unit *unit, struct pg_call *call)
{
    struct pg_array *keys = pg_text_array(call);
    struct pg_array *definitions = pg_text_array(call);

    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (is_addressed(&unit->items[i], ADDRESS_BUSINESS_KEY)) {
            pg_add_text(keys, unit->items[i].command->business_key);
            pg_add_text(definitions, unit->items[i].command->definition_key);
        }
    }
}

static void add_wanted(const struct unit *unit, struct pg_call *call)
{
    add_instances(unit, call);
    add_targets(unit, call, ADDRESS_TASK);
    add_targets(unit, call, ADDRESS_JOB);
    add_targets(unit, call, ADDRESS_EXECUTION);
    add_business_keys(unit, call);
}

static struct pg_call *ask(struct unit *unit, enum load_statement which, struct pg_batch *batch,
                           const struct pg_statement *statement)
{
    unit->loaded[which] = (int32_t)pg_batch_count(batch);
    return pg_batch_add(batch, statement);
}

static bool any_addressed(const struct unit *unit, enum command_address address)
{
    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (is_addressed(&unit->items[i], address))
            return true;
    }
    return false;
}

void unit_load(struct unit *unit, struct pg_batch *batch)
{
    for (int i = 0; i < LOAD_COUNT; i++)
        unit->loaded[i] = -1;
    if (any_addressed(unit, ADDRESS_TASK))
        add_targets(unit, ask(unit, LOAD_TASKS, batch, &resolve_tasks), ADDRESS_TASK);
    if (any_addressed(unit, ADDRESS_JOB))
        add_targets(unit, ask(unit, LOAD_JOBS, batch, &resolve_jobs), ADDRESS_JOB);
    if (any_addressed(unit, ADDRESS_EXECUTION))
        add_targets(unit, ask(unit, LOAD_EXECUTIONS, batch, &resolve_executions),
                    ADDRESS_EXECUTION);
    if (any_addressed(unit, ADDRESS_BUSINESS_KEY))
        add_business_keys(unit, ask(unit, LOAD_BUSINESS_KEYS, batch, &resolve_business_keys));
    if (any_addressed(unit, ADDRESS_INSTANCE) || any_addressed(unit, ADDRESS_TIMER))
        add_instances(unit, ask(unit, LOAD_EXISTING, batch, &resolve_instances));
    add_wanted(unit, ask(unit, LOAD_LOCKED, batch, &lock_instances));
    add_wanted(unit, ask(unit, LOAD_SCOPES, batch, &load_scopes));
}

/* NULL when it was not asked for. */
static const struct pg_result *loaded(const struct unit *unit, enum load_statement which)
{
    return unit->loaded[which] < 0
               ? NULL
               : pg_batch_result(unit->load_batch, (uint32_t)unit->loaded[which]);
}

struct unit_instance *unit_find_instance(struct unit *unit, const struct uuid *id)
{
    struct unit_instance *found = NULL;

    HASH_FIND(hh, unit->instances, id, sizeof(*id), found);
    return found;
}

struct unit_instance *unit_add_instance(struct unit *unit, const struct uuid *id)
{
    struct unit_instance *instance = arena_alloc(unit->arena, sizeof(*instance));

    instance->id = *id;
    HASH_ADD(hh, unit->instances, id, sizeof(instance->id), instance);
    instance->next = unit->first_instance;
    unit->first_instance = instance;
    bpmn_changes_init(&instance->changes, unit->arena);
    return instance;
}

/* Marks the items that a row of (addressed id, instance id) answers. */
static void resolve(struct unit *unit, enum command_address address, const struct uuid *addressed,
                    const struct uuid *instance_id, const struct pg_result *result, uint32_t row)
{
    for (uint32_t i = 0; i < unit->item_count; i++) {
        struct unit_item *item = &unit->items[i];
        const struct uuid *asked =
            address == ADDRESS_TIMER ? &item->command->instance_id : &item->command->target;

        if (!is_addressed(item, address) || !uuid_equal(asked, addressed))
            continue;
        item->found = true;
        item->instance_id = *instance_id;
        if (address == ADDRESS_TASK && pg_value_int(result, row, 2) != 1) {
            item->task_closed = true;
            item->task_closed_us = pg_value_timestamp(result, row, 3);
        }
        if (address == ADDRESS_JOB && item->command->worker_id != NULL)
            item->worker_mismatch =
                strcmp(pg_value_text(result, row, 2), item->command->worker_id) != 0 ||
                !pg_value_bool(result, row, 3);
    }
}

static void resolve_pairs(struct unit *unit, enum load_statement which,
                          enum command_address address)
{
    const struct pg_result *result = loaded(unit, which);

    for (uint32_t row = 0; result != NULL && row < pg_rows(result); row++) {
        struct uuid addressed = pg_value_uuid(result, row, 0);
        struct uuid instance_id = pg_value_uuid(result, row, which == LOAD_EXISTING ? 0 : 1);

        resolve(unit, address, &addressed, &instance_id, result, row);
    }
}

/* The n-th business key's newest active instance. */
static void resolve_keys(struct unit *unit)
{
    const struct pg_result *result = loaded(unit, LOAD_BUSINESS_KEYS);
    uint32_t n = 0;

    for (uint32_t i = 0; i < unit->item_count; i++) {
        struct unit_item *item = &unit->items[i];

        if (!is_addressed(item, ADDRESS_BUSINESS_KEY) || result == NULL)
            continue;
        n++;
        for (uint32_t row = 0; row < pg_rows(result) && !item->found; row++) {
            if (pg_value_int(result, row, 0) == n) {
                item->found = true;
                item->instance_id = pg_value_uuid(result, row, 1);
            }
        }
    }
}

static void take_instance(struct unit *unit, const struct pg_result *result, uint32_t row)
{
    struct uuid id = pg_value_uuid(result, row, 0);
    struct unit_instance *instance = unit_find_instance(unit, &id);
    int64_t status = pg_value_int(result, row, 3);

    if (instance != NULL)
        return;
    instance = unit_add_instance(unit, &id);
    instance->definition_id = arena_copy(unit->arena, pg_value_text(result, row, 1));
    instance->instance.business_key =
        arena_copy(unit->arena, pg_value_text_or_null(result, row, 2));
    instance->instance.status = status >= 4   ? BPMN_INSTANCE_TERMINATED
                                : status == 3 ? BPMN_INSTANCE_COMPLETED
                                              : BPMN_INSTANCE_ACTIVE;
    instance->suspended = status == 2;
    instance->revision = pg_value_int(result, row, 4);
    instance->instance.started_us = pg_value_timestamp(result, row, 5);
    instance->instance.ended_us = pg_value_timestamp(result, row, 6);
    instance->correlation_id = arena_copy(unit->arena, pg_value_text_or_null(result, row, 9));
}

static void mark_scopes(struct unit *unit)
{
    const struct pg_result *scopes = loaded(unit, LOAD_SCOPES);

    for (uint32_t row = 0; row < pg_rows(scopes); row++) {
        struct uuid id = pg_value_uuid(scopes, row, 0);
        struct unit_instance *instance = unit_find_instance(unit, &id);

        if (instance != NULL)
            instance->has_scopes = true;
    }
}

void unit_loaded(struct unit *unit)
{
    const struct pg_result *locked = loaded(unit, LOAD_LOCKED);

    resolve_pairs(unit, LOAD_TASKS, ADDRESS_TASK);
    resolve_pairs(unit, LOAD_JOBS, ADDRESS_JOB);
    resolve_pairs(unit, LOAD_EXECUTIONS, ADDRESS_EXECUTION);
    resolve_pairs(unit, LOAD_EXISTING, ADDRESS_INSTANCE);
    resolve_pairs(unit, LOAD_EXISTING, ADDRESS_TIMER);
    resolve_keys(unit);
    for (uint32_t row = 0; row < pg_rows(locked); row++)
        take_instance(unit, locked, row);
    mark_scopes(unit);
    for (uint32_t i = 0; i < unit->item_count; i++) {
        struct unit_item *item = &unit->items[i];

        if (item->command->kind != COMMAND_STEP || !item->found)
            continue;
        item->instance = unit_find_instance(unit, &item->instance_id);
        if (item->instance == NULL || !item->instance->has_scopes)
            item->state = ITEM_RETRY;
        else
            item->instance->item_count++;
    }
}

/* ---- rows → instance, once its definition is there ---- */

static enum status parse_json(const char *text, json_t **ret_json, struct error *ret_error)
{
    *ret_json = json_loads(text, 0, NULL);
    if (*ret_json == NULL)
        return error_set(ret_error, STATUS_INTERNAL, "Expected stored JSON but it does not parse.");
    return STATUS_OK;
}

static enum status load_scope(struct unit_instance *instance, const struct uuid *id,
                              const struct uuid *parent, const struct uuid *token,
                              const char *element_id, const char *state_text,
                              const char *variables_text, struct error *ret_error)
{
    json_t *state = NULL;
    json_t *variables = NULL;
    enum status status = parse_json(state_text, &state, ret_error);

    if (status == STATUS_OK)
        status = parse_json(variables_text, &variables, ret_error);
    if (status == STATUS_OK)
        status = bpmn_instance_load_scope(&instance->instance, id, parent, token, element_id, state,
                                          variables, ret_error);
    json_decref(state);
    json_decref(variables);
    return status;
}

static enum status load_nested(struct unit *unit, struct unit_instance *instance,
                               struct error *ret_error)
{
    const struct pg_result *scopes = loaded(unit, LOAD_SCOPES);
    enum status status = STATUS_OK;

    for (uint32_t row = 0; row < pg_rows(scopes) && status == STATUS_OK; row++) {
        struct uuid owner = pg_value_uuid(scopes, row, 0);
        struct uuid id;
        struct uuid parent;
        struct uuid token;

        if (!uuid_equal(&owner, &instance->id) || pg_is_null(scopes, row, 1))
            continue;
        id = pg_value_uuid(scopes, row, 1);
        parent = pg_value_uuid(scopes, row, 2);
        token = pg_value_uuid(scopes, row, 3);
        status =
            load_scope(instance, &id, &parent, &token, pg_value_text(scopes, row, 4),
                       pg_value_text(scopes, row, 5), pg_value_text(scopes, row, 6), ret_error);
    }
    return status;
}

enum status unit_build_instance(struct unit *unit, struct unit_instance *instance,
                                struct error *ret_error)
{
    static const struct uuid none;
    const struct pg_result *locked = loaded(unit, LOAD_LOCKED);
    struct bpmn_instance stored = instance->instance;
    enum status status = STATUS_NOT_FOUND;

    bpmn_instance_init(&instance->instance, unit->arena, instance->definition->model, &instance->id,
                       instance->definition_id, stored.business_key);
    instance->instance.status = stored.status;
    instance->instance.started_us = stored.started_us;
    instance->instance.ended_us = stored.ended_us;
    for (uint32_t row = 0; row < pg_rows(locked); row++) {
        struct uuid id = pg_value_uuid(locked, row, 0);

        if (!uuid_equal(&id, &instance->id))
            continue;
        status = load_scope(instance, &id, &none, &none, NULL, pg_value_text(locked, row, 7),
                            pg_value_text(locked, row, 8), ret_error);
        break;
    }
    INVARIANT(status != STATUS_NOT_FOUND);
    return status == STATUS_OK ? load_nested(unit, instance, ret_error) : status;
}

/* ---- definitions ---- */

void unit_wanted_definitions(struct unit *unit, const char ***ret_ids, uint32_t *ret_id_count,
                             const char ***ret_keys, uint32_t *ret_key_count)
{
    struct definition_cache *cache = unit->queue->settings.definitions;
    uint32_t instances = HASH_COUNT(unit->instances);

    *ret_ids = arena_array(unit->arena, unit->item_count + instances + 1, sizeof(char *));
    *ret_keys = arena_array(unit->arena, unit->item_count + 1, sizeof(char *));
    *ret_id_count = *ret_key_count = 0;
    for (const struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        if (definition_by_id(cache, instance->definition_id) == NULL)
            (*ret_ids)[(*ret_id_count)++] = instance->definition_id;
    }
    for (uint32_t i = 0; i < unit->item_count; i++) {
        const struct command *command = unit->items[i].command;

        if (command->kind != COMMAND_START)
            continue;
        if (command->definition_id != NULL) {
            if (definition_by_id(cache, command->definition_id) == NULL)
                (*ret_ids)[(*ret_id_count)++] = command->definition_id;
        } else if (definition_latest(cache, command->definition_key) == NULL) {
            (*ret_keys)[(*ret_key_count)++] = command->definition_key;
        }
    }
}

void unit_pin_definitions(struct unit *unit)
{
    struct definition_cache *cache = unit->queue->settings.definitions;

    for (struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        if (instance->definition != NULL)
            continue;
        instance->definition = definition_by_id(cache, instance->definition_id);
        if (instance->definition != NULL)
            definition_pin(cache, instance->definition);
    }
}

/* ---- the transaction's first words ---- */

void unit_begin_transaction(struct unit *unit, struct pg_batch *batch)
{
    static const struct pg_statement transaction_id = {"unit_transaction_id",
                                                       "SELECT pg_current_xact_id()::text"};

    if (unit->begun)
        return;
    unit->begun = true;
    (void)pg_batch_add(batch, &begin);
    unit->transaction_index = pg_batch_count(batch);
    (void)pg_batch_add(batch, &transaction_id);
}
