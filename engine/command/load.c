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
    " UNION SELECT instance_id FROM synergyflow_workflows.event_subscription"                      \
    "       WHERE id = ANY ($7))"

/* The snapshots of single statements are what the loading relies on. */
static const struct pg_statement begin = {"unit_begin", "BEGIN ISOLATION LEVEL READ COMMITTED"};
/* An engine that is frozen, or whose network is silent, keeps the instances that it has locked
 * until the server ends its session: LIMIT_IDLE_IN_TRANSACTION_MS. */
static const struct pg_statement be_prompt = {
    "unit_idle_timeout", "SELECT set_config('idle_in_transaction_session_timeout', $1, true)"};

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
#define INSTANCE_COLUMNS                                                                         \
    "id, definition_id, business_key, status, revision, started_at, ended_at, state, variables," \
    " correlation_id, caller_id, root_id"

static const struct pg_statement resolve_subscriptions = {
    "unit_resolve_subscriptions",
    "SELECT id, instance_id FROM synergyflow_workflows.event_subscription"
    " WHERE id = ANY ($1::uuid[]) AND instance_id IS NOT NULL"};
/* A job of the engine's own belongs to whoever holds its row. */
static const struct pg_statement lock_work = {
    "unit_lock_work",
    "SELECT id, kind, instance_id, definition_id, element_id, topic, payload, due_at"
    " FROM synergyflow_workflows.job WHERE id = ANY ($1::uuid[]) AND kind > 1"
    " ORDER BY id FOR UPDATE SKIP LOCKED"};
static const struct pg_statement lock_instances = {
    "unit_lock_instances",
    "SELECT " INSTANCE_COLUMNS " FROM synergyflow_workflows.process_instance WHERE id IN " WANTED
    " ORDER BY id FOR UPDATE SKIP LOCKED"};
static const struct pg_statement lock_callers = {
    "unit_lock_callers", "SELECT " INSTANCE_COLUMNS
                         " FROM synergyflow_workflows.process_instance WHERE id = ANY ($1::uuid[])"
                         " ORDER BY id FOR UPDATE SKIP LOCKED"};
static const struct pg_statement load_caller_scopes = {
    "unit_load_caller_scopes",
    "SELECT w.id, s.id, s.parent_scope_id, s.execution_id, s.element_id, s.state, s.variables"
    " FROM unnest($1::uuid[]) AS w (id)"
    " LEFT JOIN synergyflow_workflows.scope s ON s.instance_id = w.id AND w.id <> ALL ($2::uuid[])"
    " ORDER BY w.id, s.id"};
static const struct pg_statement load_scopes = {
    "unit_load_scopes",
    "SELECT w.id, s.id, s.parent_scope_id, s.execution_id, s.element_id, s.state, s.variables"
    " FROM " WANTED " AS w (id)"
    " LEFT JOIN synergyflow_workflows.scope s ON s.instance_id = w.id AND w.id <> ALL ($8::uuid[])"
    " ORDER BY w.id, s.id"};

static bool is_about_instance(const struct command *command)
{
    return command->kind != COMMAND_START && command->kind != COMMAND_MODULE;
}

static bool is_addressed(const struct unit_item *item, enum command_address address)
{
    return is_about_instance(item->command) && item->command->address == address;
}

bool unit_needs_load(const struct unit *unit)
{
    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (is_about_instance(unit->items[i].command))
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
            pg_add_uuid(array, /* an execution may be the instance itself */
                        uuid_is_zero(&command->instance_id) ? &command->target
                                                            : &command->instance_id);
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
    add_targets(unit, call, ADDRESS_SUBSCRIPTION);
}

static void add_resident(void *context, const struct uuid *id)
{
    pg_add_uuid(context, id);
}

/* Those whose scopes need not be read. */
static void add_residents(const struct unit *unit, struct pg_call *call)
{
    residents_each(unit->queue->residents, add_resident, pg_uuid_array(call));
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

static bool any_job(const struct unit *unit)
{
    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (unit->items[i].command->kind == COMMAND_JOB)
            return true;
    }
    return false;
}

static void add_work(const struct unit *unit, struct pg_call *call)
{
    struct pg_array *array = pg_uuid_array(call);

    for (uint32_t i = 0; i < unit->item_count; i++) {
        if (unit->items[i].command->kind == COMMAND_JOB)
            pg_add_uuid(array, &unit->items[i].command->target);
    }
}

void unit_load(struct unit *unit, struct pg_batch *batch)
{
    struct pg_call *scopes;

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
    if (any_addressed(unit, ADDRESS_SUBSCRIPTION))
        add_targets(unit, ask(unit, LOAD_SUBSCRIPTIONS, batch, &resolve_subscriptions),
                    ADDRESS_SUBSCRIPTION);
    if (any_job(unit))
        add_work(unit, ask(unit, LOAD_WORK, batch, &lock_work));
    if (any_addressed(unit, ADDRESS_INSTANCE) || any_addressed(unit, ADDRESS_TIMER) ||
        any_addressed(unit, ADDRESS_EXECUTION))
        add_instances(unit, ask(unit, LOAD_EXISTING, batch, &resolve_instances));
    add_wanted(unit, ask(unit, LOAD_LOCKED, batch, &lock_instances));
    scopes = ask(unit, LOAD_SCOPES, batch, &load_scopes);
    add_wanted(unit, scopes);
    add_residents(unit, scopes);
    if (unit_asks_clocks(unit)) {
        unit->loaded[LOAD_CLOCKS] = (int32_t)pg_batch_count(batch);
        unit_ask_clocks(unit, batch);
    }
}

/* NULL when it was not asked for. */
static const struct pg_result *loaded(const struct unit *unit, enum load_statement which)
{
    return unit->loaded[which] < 0
               ? NULL
               : pg_batch_result(unit->load_batch, (uint32_t)unit->loaded[which]);
}

const struct pg_result *unit_loaded_clocks(const struct unit *unit)
{
    return loaded(unit, LOAD_CLOCKS);
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
        const struct uuid *asked = &item->command->target;

        if (address == ADDRESS_TIMER ||
            (address == ADDRESS_EXECUTION && !uuid_is_zero(&item->command->instance_id)))
            asked = &item->command->instance_id;
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

/* One of another revision was forgotten, but its scopes have not been read: next time they are. */
static void take_resident(struct unit *unit, struct unit_instance *instance)
{
    bool stale;

    instance->resident =
        resident_take(unit->queue->residents, &instance->id, instance->revision, &stale);
    instance->is_stale = stale;
}

static void take_instance(struct unit *unit, const struct pg_result *result, uint32_t row)
{
    struct uuid id = pg_value_uuid(result, row, 0);
    struct unit_instance *instance = unit_find_instance(unit, &id);
    int64_t status = pg_value_int(result, row, 3);

    if (instance != NULL)
        return;
    instance = unit_add_instance(unit, &id);
    instance->rows = result;
    instance->row = row;
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
    if (!pg_is_null(result, row, 10))
        instance->instance.caller_id = pg_value_uuid(result, row, 10);
    if (!pg_is_null(result, row, 11))
        instance->root_id = pg_value_uuid(result, row, 11);
    take_resident(unit, instance);
}

static void mark_scopes(struct unit *unit, const struct pg_result *scopes)
{
    for (uint32_t row = 0; row < pg_rows(scopes); row++) {
        struct uuid id;
        struct unit_instance *instance;

        if (pg_is_null(scopes, row, 0))
            continue;
        id = pg_value_uuid(scopes, row, 0);
        instance = unit_find_instance(unit, &id);
        if (instance != NULL && instance->rows != NULL && instance->scope_rows == NULL &&
            !instance->is_stale) {
            instance->has_scopes = true;
            instance->scope_rows = scopes;
        }
    }
}

/* The rows of the engine's own jobs; one that is not there is held elsewhere, or done. */
static void take_work(struct unit *unit)
{
    const struct pg_result *rows = loaded(unit, LOAD_WORK);

    for (uint32_t row = 0; rows != NULL && row < pg_rows(rows); row++) {
        struct unit_job *job = arena_alloc(unit->arena, sizeof(*job));
        const char *payload = pg_value_text_or_null(rows, row, 6);

        job->id = pg_value_uuid(rows, row, 0);
        job->kind = (enum job_kind)pg_value_int(rows, row, 1);
        if (!pg_is_null(rows, row, 2))
            job->instance_id = pg_value_uuid(rows, row, 2);
        job->definition_id = arena_copy(unit->arena, pg_value_text(rows, row, 3));
        job->element_id = arena_copy(unit->arena, pg_value_text(rows, row, 4));
        job->name = arena_copy(unit->arena, pg_value_text(rows, row, 5));
        job->due_us = pg_value_timestamp(rows, row, 7);
        if (payload != NULL)
            job->payload = json_loads(payload, 0, NULL);
        for (uint32_t i = 0; i < unit->item_count; i++) {
            struct unit_item *item = &unit->items[i];

            if (item->command->kind != COMMAND_JOB || item->job != NULL ||
                !uuid_equal(&item->command->target, &job->id))
                continue;
            item->job = job;
            item->found = true;
            item->instance_id = job->instance_id;
            break;
        }
    }
}

void unit_loaded(struct unit *unit)
{
    const struct pg_result *locked = loaded(unit, LOAD_LOCKED);

    resolve_pairs(unit, LOAD_TASKS, ADDRESS_TASK);
    resolve_pairs(unit, LOAD_JOBS, ADDRESS_JOB);
    resolve_pairs(unit, LOAD_EXECUTIONS, ADDRESS_EXECUTION);
    resolve_pairs(unit, LOAD_SUBSCRIPTIONS, ADDRESS_SUBSCRIPTION);
    resolve_pairs(unit, LOAD_EXISTING, ADDRESS_INSTANCE);
    resolve_pairs(unit, LOAD_EXISTING, ADDRESS_TIMER);
    resolve_pairs(unit, LOAD_EXISTING, ADDRESS_EXECUTION);
    take_work(unit);
    resolve_keys(unit);
    for (uint32_t row = 0; row < pg_rows(locked); row++)
        take_instance(unit, locked, row);
    mark_scopes(unit, loaded(unit, LOAD_SCOPES));
    for (uint32_t i = 0; i < unit->item_count; i++) {
        struct unit_item *item = &unit->items[i];

        if (!is_about_instance(item->command) || !item->found || uuid_is_zero(&item->instance_id))
            continue;
        item->instance = unit_find_instance(unit, &item->instance_id);
        if (item->instance == NULL || !item->instance->has_scopes)
            item->state = ITEM_RETRY;
        else
            item->instance->item_count++;
    }
}

/* ---- the instances whose call activities wait for these ---- */

/* A caller that could not be locked is held elsewhere: whoever needs it tries again. */
static void retry_without_callers(struct unit *unit)
{
    for (uint32_t i = 0; i < unit->item_count; i++) {
        struct unit_item *item = &unit->items[i];
        const struct unit_instance *instance = item->instance;

        while (instance != NULL && !uuid_is_zero(&instance->instance.caller_id)) {
            instance = unit_find_instance(unit, &instance->instance.caller_id);
            if (instance == NULL)
                item->state = ITEM_RETRY;
        }
    }
}

enum { CALLERS_ROUNDS_MAX = 100 };

bool unit_load_callers(struct unit *unit, struct pg_batch *batch)
{
    struct pg_call *call;
    struct pg_array *ids = NULL;
    struct pg_array *scopes;
    struct uuid *wanted =
        arena_array(unit->arena, HASH_COUNT(unit->instances) + 1, sizeof(*wanted));
    uint32_t count = 0;

    for (const struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        if (!uuid_is_zero(&instance->instance.caller_id) &&
            instance->instance.status == BPMN_INSTANCE_ACTIVE &&
            unit_find_instance(unit, &instance->instance.caller_id) == NULL)
            wanted[count++] = instance->instance.caller_id;
    }
    if (count == 0)
        return false;
    if (unit->callers_rounds++ > CALLERS_ROUNDS_MAX) {
        retry_without_callers(unit);
        return false;
    }
    ids = pg_uuid_array(pg_batch_add(batch, &lock_callers));
    for (uint32_t i = 0; i < count; i++)
        pg_add_uuid(ids, &wanted[i]);
    call = pg_batch_add(batch, &load_caller_scopes);
    scopes = pg_uuid_array(call);
    for (uint32_t i = 0; i < count; i++)
        pg_add_uuid(scopes, &wanted[i]);
    add_residents(unit, call);
    return true;
}

void unit_callers_loaded(struct unit *unit)
{
    const struct pg_result *locked = pg_batch_result(unit->callers_batch, 0);
    const struct pg_result *scopes = pg_batch_result(unit->callers_batch, 1);

    for (uint32_t row = 0; row < pg_rows(locked); row++)
        take_instance(unit, locked, row);
    mark_scopes(unit, scopes);
    if (pg_rows(locked) == 0) {
        retry_without_callers(unit);
        unit->callers_rounds = CALLERS_ROUNDS_MAX + 1;
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

static enum status load_nested(struct unit_instance *instance, struct error *ret_error)
{
    const struct pg_result *scopes = instance->scope_rows;
    enum status status = STATUS_OK;

    for (uint32_t row = 0; row < pg_rows(scopes) && status == STATUS_OK; row++) {
        struct uuid owner;
        struct uuid id;
        struct uuid parent;
        struct uuid token;

        if (pg_is_null(scopes, row, 0) || pg_is_null(scopes, row, 1))
            continue;
        owner = pg_value_uuid(scopes, row, 0);
        if (!uuid_equal(&owner, &instance->id))
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
    struct bpmn_instance stored = instance->instance;
    enum status status;

    PRE(instance->rows != NULL && instance->scope_rows != NULL);
    if (instance->resident != NULL) {
        instance->instance = instance->resident->instance;
        return STATUS_OK;
    }
    bpmn_instance_init(&instance->instance, unit->arena, instance->definition->model, &instance->id,
                       instance->definition_id, stored.business_key);
    instance->instance.status = stored.status;
    instance->instance.started_us = stored.started_us;
    instance->instance.ended_us = stored.ended_us;
    instance->instance.caller_id = stored.caller_id;
    status = load_scope(instance, &instance->id, &none, &none, NULL,
                        pg_value_text(instance->rows, instance->row, 7),
                        pg_value_text(instance->rows, instance->row, 8), ret_error);
    return status == STATUS_OK ? load_nested(instance, ret_error) : status;
}

/* ---- definitions ---- */

enum { WANTED_KEYS_MAX = 1000 };

void unit_wanted_definitions(struct unit *unit, const char ***ret_ids, uint32_t *ret_id_count,
                             const char ***ret_keys, uint32_t *ret_key_count)
{
    struct definition_cache *cache = unit->queue->settings.definitions;
    uint32_t instances = HASH_COUNT(unit->instances);
    uint32_t capacity = unit->item_count + WANTED_KEYS_MAX;

    *ret_ids = arena_array(unit->arena, unit->item_count + instances + 1, sizeof(char *));
    *ret_keys = arena_array(unit->arena, capacity, sizeof(char *));
    *ret_id_count = *ret_key_count = 0;
    for (const struct unit_instance *instance = unit->first_instance; instance != NULL;
         instance = instance->next) {
        const struct definition *definition = definition_by_id(cache, instance->definition_id);

        if (definition == NULL)
            (*ret_ids)[(*ret_id_count)++] = instance->definition_id;
        else
            unit_wanted_calls(unit, definition->model, *ret_keys, ret_key_count, capacity);
    }
    for (uint32_t i = 0; i < unit->item_count; i++) {
        const struct command *command = unit->items[i].command;
        const struct unit_job *job = unit->items[i].job;
        bool starts = job != NULL && uuid_is_zero(&job->instance_id);
        const char *id = starts ? job->definition_id : command->definition_id;
        const char *key = starts ? job->name : command->definition_key;
        const struct definition *definition = NULL;

        if (command->kind != COMMAND_START && !command->newest && !starts)
            continue;
        if (starts && id[0] == '\0')
            id = NULL; /* the latest version of the process that it names */
        definition = id != NULL ? definition_by_id(cache, id) : definition_latest(cache, key);
        if (definition != NULL)
            unit_wanted_calls(unit, definition->model, *ret_keys, ret_key_count, capacity);
        else if (id != NULL)
            (*ret_ids)[(*ret_id_count)++] = id;
        else if (*ret_key_count < capacity)
            (*ret_keys)[(*ret_key_count)++] = key;
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
    static const struct pg_statement transaction_id = {
        "unit_transaction_id", "SELECT pg_current_xact_id()::text, clock_timestamp()"};

    if (unit->begun)
        return;
    unit->begun = true;
    (void)pg_batch_add(batch, &begin);
    pg_text(pg_batch_add(batch, &be_prompt),
            arena_format(unit->arena, "%d", LIMIT_IDLE_IN_TRANSACTION_MS));
    unit->transaction_index = pg_batch_count(batch);
    (void)pg_batch_add(batch, &transaction_id);
}
