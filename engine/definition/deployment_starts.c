/* What starts a process without a caller: subscriptions to messages and signals, conditions,
 * timers. Those of the newest version take the place of the older ones', in the deployment's
 * transaction. */
#include "engine/definition/deployment.h"

#include "bpmn/timer/timer_plan.h"

#include <string.h>

#define OLDER                                         \
    " WHERE instance_id IS NULL AND definition_id IN" \
    " (SELECT id FROM synergyflow_workflows.process_definition WHERE tenant_id = $1 AND key = $2)"

static const struct pg_statement delete_subscriptions = {
    "deployment_delete_subscriptions",
    "DELETE FROM synergyflow_workflows.event_subscription" OLDER};
static const struct pg_statement delete_timers = {
    "deployment_delete_timers", "DELETE FROM synergyflow_workflows.job" OLDER " AND kind = 8"};
static const struct pg_statement insert_subscription = {
    "deployment_insert_subscription", "INSERT INTO synergyflow_workflows.event_subscription (id, "
                                      "tenant_id, definition_id, element_id,"
                                      " event_type, event_name, created_at, definition_index) "
                                      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
static const struct pg_statement insert_timer = {
    "deployment_insert_timer",
    "INSERT INTO synergyflow_workflows.job (id, tenant_id, definition_id, element_id, kind, topic,"
    " payload, created_at, due_at) VALUES ($1, $2, $3, $4, 8, 'timer-start-event', $5::jsonb, $6, "
    "$7)"};

/* One way to start a process by an event. */
struct start {
    const struct bpmn_element *element;
    uint32_t index;
    const struct bpmn_event_definition *event;
    const char *name;       /* message, signal */
    struct timer_plan plan; /* timer */
};

/* There are no variables before there is an instance. */
static const json_t *no_variable(const struct expression_scope *scope, const char *name)
{
    (void)scope;
    (void)name;
    return NULL;
}

static enum status evaluate(struct deployment_state *state, const struct bpmn_element *element,
                            const struct expression *expression, const char *what,
                            const char **ret_text, struct error *ret_error)
{
    struct expression_scope scope = {.lookup = no_variable,
                                     .now_us = state->deployment->ret_deployed_at_us};
    enum status status = expression_string(expression, &scope, state->arena, ret_text, ret_error);

    if (status == STATUS_OK)
        return STATUS_OK;
    ret_error->status = STATUS_INVALID;
    (void)error_prefix(ret_error, "The %s of '%s', which starts the process", what, element->id);
    return error_at(ret_error, element->id, element->line, element->column);
}

static enum status read_start(struct deployment_state *state, struct start *start,
                              struct error *ret_error)
{
    const struct bpmn_event_definition *event = start->event;
    const char *text = NULL;
    struct timer_place place;
    enum status status;

    switch (event->kind) {
    case BPMN_EVENT_MESSAGE:
    case BPMN_EVENT_SIGNAL:
        return evaluate(state, start->element, event->name, "name", &start->name, ret_error);
    case BPMN_EVENT_TIMER:
        status = evaluate(state, start->element, event->timer, "timer", &text, ret_error);
        if (status == STATUS_OK)
            status = timer_place_find(state->cache->timers, event->time_zone, event->calendar,
                                      event->end_of_day, &place, ret_error);
        if (status == STATUS_OK)
            status = timer_plan(event->timer_kind, text != NULL ? text : "", true, &place,
                                state->deployment->ret_deployed_at_us, state->arena, &start->plan,
                                ret_error);
        if (status == STATUS_OK)
            return STATUS_OK;
        ret_error->status = STATUS_INVALID;
        return error_at(ret_error, start->element->id, start->element->line,
                        start->element->column);
    default:
        return STATUS_OK;
    }
}

static void add_subscription(struct deployment_state *state, struct pg_batch *batch,
                             const char *definition_id, const struct start *start)
{
    struct pg_call *call = pg_batch_add(batch, &insert_subscription);
    struct uuid id = uuid_next(state->ids);

    pg_uuid(call, &id);
    pg_text(call, deployment_tenant(state));
    pg_text(call, definition_id);
    pg_text(call, start->element->id);
    pg_text(call, bpmn_event_kind_name(start->event->kind));
    pg_text(call, start->name != NULL ? start->name : "");
    pg_timestamp(call, state->deployment->ret_deployed_at_us);
    pg_int8(call, start->index);
}

static void add_timer(struct deployment_state *state, struct pg_batch *batch,
                      const char *definition_id, const struct start *start)
{
    struct pg_call *call;
    struct uuid id = uuid_next(state->ids);
    const char *payload =
        start->plan.repeat != NULL
            ? arena_format(state->arena, "{\"definition\":%u,\"repeat\":\"%s\",\"left\":%lld}",
                           start->index, start->plan.repeat, (long long)start->plan.repeats_left)
            : arena_format(state->arena, "{\"definition\":%u}", start->index);

    if (start->plan.never)
        return;
    call = pg_batch_add(batch, &insert_timer);
    pg_uuid(call, &id);
    pg_text(call, deployment_tenant(state));
    pg_text(call, definition_id);
    pg_text(call, start->element->id);
    pg_text(call, payload);
    pg_timestamp(call, state->deployment->ret_deployed_at_us);
    pg_timestamp(call, start->plan.due_us);
    if (state->start_timer_count < START_TIMERS_MAX) /* the others are found by the next scan */
        state->start_timers[state->start_timer_count++] =
            (struct start_timer){.id = id, .due_us = start->plan.due_us};
}

/* The definitions of one element that starts the process. */
static enum status add_element(struct deployment_state *state, struct pg_batch *batch,
                               const struct deployment_process *process,
                               const struct bpmn_element *element, struct error *ret_error)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < element->events.count && status == STATUS_OK; i++) {
        struct start start = {.element = element, .index = i, .event = &element->events.items[i]};
        enum bpmn_event_kind kind = start.event->kind;

        status = read_start(state, &start, ret_error);
        if (status != STATUS_OK)
            return status;
        if (kind == BPMN_EVENT_TIMER)
            add_timer(state, batch, process->id, &start);
        else if (kind == BPMN_EVENT_MESSAGE || kind == BPMN_EVENT_SIGNAL ||
                 kind == BPMN_EVENT_CONDITIONAL)
            add_subscription(state, batch, process->id, &start);
    }
    return status;
}

enum status deployment_add_starts(struct deployment_state *state, struct pg_batch *batch,
                                  const struct deployment_process *process, struct error *ret_error)
{
    const struct bpmn_model *model = process->model;
    const struct bpmn_index_list *starts = &model->container.triggered_starts;
    struct pg_call *call = pg_batch_add(batch, &delete_subscriptions);
    enum status status = STATUS_OK;

    pg_text(call, deployment_tenant(state));
    pg_text(call, model->process_id);
    call = pg_batch_add(batch, &delete_timers);
    pg_text(call, deployment_tenant(state));
    pg_text(call, model->process_id);
    for (uint32_t i = 0; i < starts->count && status == STATUS_OK; i++) {
        const struct bpmn_element *element = &model->elements[starts->items[i]];

        if (element->type != BPMN_EVENT_BASED_GATEWAY) {
            status = add_element(state, batch, process, element, ret_error);
            continue;
        }
        for (uint32_t j = 0; j < element->outgoing_count && status == STATUS_OK; j++) {
            uint32_t target = model->flows[element->outgoing[j]].target;

            status = add_element(state, batch, process, &model->elements[target], ret_error);
        }
    }
    return status;
}
