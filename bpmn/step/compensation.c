/* Compensation: what was completed is remembered where it was completed, and undone the last first.
 *
 * A record is a JSON object that people can read in the database:
 *   {"el": the activity, "vars": the variables as they were when it completed,
 *    "inner": records of what was completed inside it, "loop": true around a loop's instances}
 * A throw takes records out of its scope and queues them in a scope of its own, which works them
 * off one after the other: a handler; the compensation event sub-process; or, without either, what
 * was completed inside. */
#include "bpmn/step/element.h"

#include <string.h>

static void put(json_t *record, const char *key, json_t *value)
{
    int result = json_object_set_new_nocheck(record, key, value);

    INVARIANT(result == 0);
}

/* ---- remembering ------------------------------------------------------------------------------
 */

/* A loop's instances are remembered in its body, everything else where it stands. */
static uint32_t memory_of(const struct step *step, const struct place *at)
{
    const struct bpmn_scope *scope = &step->instance->scopes[at->scope];

    if (!step_is_inner(step, at->scope, at->element))
        return at->scope;
    if (at->element->loop.kind != BPMN_LOOP_NONE)
        return scope->parent;
    return step->instance->scopes[scope->parent].parent;
}

void compensation_remember(struct step *step, const struct place *at, json_t *inside,
                           const json_t *variables)
{
    struct bpmn_change change = step_change(step, BPMN_CHANGE_REMEMBERED, at);
    json_t *record = json_object();

    if (variables == NULL && step_is_inner(step, at->scope, at->element))
        variables = step->instance->scopes[at->scope].variables;
    put(record, "el", json_string_nocheck(at->element->id));
    if (json_object_size(variables) > 0)
        put(record, "vars", json_incref((json_t *)variables));
    if (inside != NULL)
        put(record, "inner", inside);
    if (step_token(step, at) == NULL || step_token(step, at)->state != BPMN_TOKEN_BODY)
        change.index = 0;
    else
        put(record, "loop", json_true());
    change.scope_id = step->instance->scopes[memory_of(step, at)].id;
    change.value = step_keep(step, record);
    step_record(step, &change);
}

json_t *compensation_inside(struct step *step, uint32_t scope)
{
    return json_incref(step->instance->scopes[scope].compensable);
}

static void append_new(json_t *records, json_t *record)
{
    int result = json_array_append_new(records, record);

    INVARIANT(result == 0);
}

/* The activity that `handler` undoes. */
static const struct bpmn_element *undone_by(const struct step *step, uint32_t handler)
{
    const struct bpmn_element *elements = step->model->elements;

    for (uint32_t i = 0; i < step->model->element_count; i++) {
        uint32_t boundary = elements[i].compensation_boundary;

        if (boundary != BPMN_NONE && elements[boundary].compensation_handler == handler)
            return &elements[i];
    }
    return NULL;
}

/* Handlers that are under way will have to begin again. */
static void salvage_handlers(const struct step *step, const struct bpmn_scope *at, json_t *records)
{
    for (uint32_t i = 0; i < at->token_count; i++) {
        uint32_t handler = at->tokens[i].element;
        const struct bpmn_element *activity =
            step->model->elements[handler].for_compensation ? undone_by(step, handler) : NULL;
        json_t *record;

        if (activity == NULL)
            continue;
        record = json_object();
        put(record, "el", json_string_nocheck(activity->id));
        if (json_object_size(at->variables) > 0)
            put(record, "vars", json_incref(at->variables));
        append_new(records, record);
    }
}

/* The records of an active scope and of those inside it; NULL when there are none. As deep as the
 * model nests. */
static json_t *salvage(const struct step *step, uint32_t scope)
{
    const struct bpmn_instance *instance = step->instance;
    const struct bpmn_scope *at = &instance->scopes[scope];
    json_t *records = at->kind == BPMN_SCOPE_COMPENSATION ? at->queue : at->compensable;

    records = records != NULL ? json_copy(records) : json_array();
    if (at->kind == BPMN_SCOPE_COMPENSATION)
        salvage_handlers(step, at, records);
    for (uint32_t i = scope + 1; i < instance->scope_count; i++) {
        const struct bpmn_scope *inner = &instance->scopes[i];
        json_t *inside = inner->removed || inner->parent != scope ? NULL : salvage(step, i);
        json_t *record;

        if (inside == NULL)
            continue;
        record = json_object();
        put(record, "el", json_string_nocheck(step->model->elements[inner->element].id));
        if (json_object_size(inner->variables) > 0)
            put(record, "vars", json_incref(inner->variables));
        put(record, "inner", inside);
        put(record, "loop", json_true()); /* it has not completed: no handler of its own */
        append_new(records, record);
    }
    if (json_array_size(records) > 0)
        return records;
    json_decref(records);
    return NULL;
}

void compensation_salvage(struct step *step, uint32_t scope)
{
    json_t *records = salvage(step, scope);
    size_t own = json_array_size(step->instance->scopes[scope].compensable);

    if (records == NULL)
        return;
    (void)step_keep(step, records);
    for (size_t i = own; i < json_array_size(records); i++) {
        struct bpmn_change remembered = step_change(step, BPMN_CHANGE_REMEMBERED, NULL);

        remembered.scope_id = step->instance->scopes[scope].id;
        remembered.value = json_array_get(records, i);
        step_record(step, &remembered);
    }
}

/* ---- throwing ----------------------------------------------------------------------------------
 */

static bool is_meant(const struct step *step, const json_t *record, uint32_t activity)
{
    const char *id = json_string_value(json_object_get(record, "el"));

    return activity == BPMN_NONE || strcmp(step->model->elements[activity].id, id) == 0;
}

/* Takes what is meant out of a scope's memory. */
static void collect(struct step *step, uint32_t scope, uint32_t activity, json_t *queue)
{
    size_t i = 0;

    while (i < json_array_size(step->instance->scopes[scope].compensable)) {
        const struct bpmn_scope *at = &step->instance->scopes[scope];
        json_t *record = json_array_get(at->compensable, i);
        struct bpmn_change recalled = step_change(step, BPMN_CHANGE_RECALLED, NULL);
        int result;

        if (!is_meant(step, record, activity)) {
            i++;
            continue;
        }
        result = json_array_append(queue, record);
        INVARIANT(result == 0);
        recalled.scope_id = at->id;
        recalled.index = (int64_t)i;
        step_record(step, &recalled);
    }
}

static void queue_records(struct step *step, uint32_t scope, const json_t *records)
{
    struct bpmn_change queued = step_change(step, BPMN_CHANGE_QUEUED, NULL);

    queued.scope_id = step->instance->scopes[scope].id;
    queued.value = records;
    step_record(step, &queued);
}

static bool is_event_sub_process(const struct step *step, uint32_t scope)
{
    const struct bpmn_scope *at = &step->instance->scopes[scope];

    return at->kind == BPMN_SCOPE_SUB_PROCESS &&
           step->model->elements[at->element].type == BPMN_EVENT_SUB_PROCESS;
}

/* BPMN 10.4 and 13.4: a throw sees the activities of its own process or sub-process; from an event
 * sub-process also those of the one around it. */
enum status compensation_throw(struct step *step, const struct place *at, uint32_t activity,
                               bool wait, bool *ret_waits, struct error *ret_error)
{
    json_t *queue = json_array();
    uint32_t scope = at->scope;

    *ret_waits = false;
    collect(step, scope, activity, queue);
    while (is_event_sub_process(step, scope)) {
        scope = step->instance->scopes[scope].parent;
        collect(step, scope, activity, queue);
    }
    (void)step_keep(step, queue);
    if (json_array_size(queue) == 0)
        return STATUS_OK;
    *ret_waits = wait;
    scope = step_open_scope(step, BPMN_SCOPE_COMPENSATION, at->scope, at->element->index,
                            wait ? &at->token : NULL, 0);
    queue_records(step, scope, queue);
    return compensation_continue(step, scope, ret_error);
}

/* ---- undoing -----------------------------------------------------------------------------------
 */

static const struct bpmn_element *compensation_sub_process(const struct step *step,
                                                           const struct bpmn_element *activity)
{
    const struct bpmn_container *container = activity->container;

    for (uint32_t i = 0; container != NULL && i < container->event_sub_processes.count; i++) {
        const struct bpmn_element *inside =
            &step->model->elements[container->event_sub_processes.items[i]];

        for (uint32_t j = 0; j < inside->container->starts.count; j++) {
            const struct bpmn_element *start =
                &step->model->elements[inside->container->starts.items[j]];

            if (bpmn_element_event(start, BPMN_EVENT_COMPENSATION) != NULL)
                return inside;
        }
    }
    return NULL;
}

/* A scope in which the variables are as they were. */
static uint32_t open_snapshot(struct step *step, uint32_t scope,
                              const struct bpmn_element *activity, const json_t *variables)
{
    uint32_t snapshot =
        step_open_scope(step, BPMN_SCOPE_COMPENSATION, scope, activity->index, NULL, 0);
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)variables, name, value) {
        variables_set_local(step, snapshot, name, value);
    }
    return snapshot;
}

static enum status undo(struct step *step, uint32_t scope, const json_t *record,
                        struct error *ret_error)
{
    const struct bpmn_element *activity =
        bpmn_model_element(step->model, json_string_value(json_object_get(record, "el")));
    const json_t *variables = json_object_get(record, "vars");
    const json_t *inner = json_object_get(record, "inner");
    bool loop = json_is_true(json_object_get(record, "loop"));
    const struct bpmn_element *sub_process;
    uint32_t snapshot;
    size_t i;
    json_t *item;

    if (activity == NULL) /* a later version of the process may not have it any more */
        return STATUS_OK;
    if (!loop && activity->compensation_boundary != BPMN_NONE) {
        uint32_t handler =
            step->model->elements[activity->compensation_boundary].compensation_handler;

        snapshot = json_object_size(variables) > 0 ? open_snapshot(step, scope, activity, variables)
                                                   : scope;
        step_enqueue(step, snapshot, handler, BPMN_NONE);
        return STATUS_OK;
    }
    sub_process = loop ? NULL : compensation_sub_process(step, activity);
    if (sub_process == NULL && json_array_size(inner) == 0)
        return STATUS_OK;
    snapshot = open_snapshot(step, scope, activity, variables);
    if (sub_process == NULL) {
        queue_records(step, snapshot, inner);
        return compensation_continue(step, snapshot, ret_error);
    }
    json_array_foreach ((json_t *)inner, i, item) {
        struct bpmn_change remembered = step_change(step, BPMN_CHANGE_REMEMBERED, NULL);

        remembered.scope_id = step->instance->scopes[snapshot].id;
        remembered.value = item;
        step_record(step, &remembered);
    }
    event_sub_process_start(step, snapshot, sub_process, 0);
    return STATUS_OK;
}

/* Everything is undone. The token that threw goes on, if one has waited. */
static enum status done(struct step *step, uint32_t scope, struct error *ret_error)
{
    bool waited = !uuid_is_zero(&step->instance->scopes[scope].token_id);
    struct place thrower;

    (void)step_owner(step, scope, &thrower);
    step_terminate_all(step, scope, NULL);
    step_close(step, scope, NULL);
    if (!waited)
        return STATUS_OK;
    if (bpmn_element_event(thrower.element, BPMN_EVENT_CANCEL) != NULL)
        return transaction_cancelled(step, &thrower, ret_error);
    return step_leave(step, &thrower, ret_error);
}

static bool is_busy(struct step *step, uint32_t scope)
{
    const struct bpmn_scope *at = &step->instance->scopes[scope];

    return at->token_count > 0 || at->child_count > 0 || step_in_flight(step, scope) > 0;
}

enum status compensation_continue(struct step *step, uint32_t scope, struct error *ret_error)
{
    while (!is_busy(step, scope)) {
        const struct bpmn_scope *at = &step->instance->scopes[scope];
        size_t count = json_array_size(at->queue);
        struct bpmn_change dequeued = step_change(step, BPMN_CHANGE_DEQUEUED, NULL);
        const json_t *record;
        enum status status;

        if (count == 0)
            return done(step, scope, ret_error);
        record = json_array_get(at->queue, count - 1);
        dequeued.scope_id = at->id;
        step_record(step, &dequeued);
        status = undo(step, scope, record, ret_error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}
