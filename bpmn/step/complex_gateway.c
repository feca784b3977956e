/* Complex gateway: joins when its activation condition says so, then waits for the rest.
 *
 * BPMN 13.3: the gateway waits for its start until the activation condition is true; it then takes
 * a token off each flow that has one and goes out by the conditions. From then on it waits for its
 * reset: a token on each other flow, or the certainty that none can come. Those are swallowed, and
 * it starts anew. At the reset the conditions are looked at again, but only when one of them names
 * `waitingForStart`: a designer who does not speak of the two phases means the first. */
#include "bpmn/step/element.h"

#include <string.h>

static bool is_held(const struct step *step, uint32_t scope, const struct bpmn_element *gateway)
{
    for (uint32_t i = 0; i < gateway->incoming_count; i++) {
        if (bpmn_scope_holds(&step->instance->scopes[scope], gateway->incoming[i]))
            return true;
    }
    return false;
}

static json_t *overlay(const struct step *step, uint32_t scope, const struct bpmn_element *gateway,
                       bool waiting_for_start)
{
    int64_t count = 0;
    json_t *values;

    for (uint32_t i = 0; i < gateway->incoming_count; i++)
        count += bpmn_scope_arrivals(&step->instance->scopes[scope], gateway->incoming[i]);
    values = json_pack("{s:I, s:b}", "activationCount", (json_int_t)count, "waitingForStart",
                       waiting_for_start);
    INVARIANT(values != NULL);
    return values;
}

/* Without a condition: like a parallel gateway, all of them. */
static enum status is_activated(struct step *step, uint32_t scope,
                                const struct bpmn_element *gateway, bool *ret_activated,
                                struct error *ret_error)
{
    json_t *values = overlay(step, scope, gateway, true);
    struct view view = {.scope = scope, .overlay = values};
    enum status status = STATUS_OK;

    *ret_activated = true;
    if (gateway->activation != NULL) {
        status = evaluate_boolean(step, &view, gateway, gateway->activation, "activation condition",
                                  ret_activated, ret_error);
    } else {
        for (uint32_t i = 0; i < gateway->incoming_count; i++) {
            if (bpmn_scope_arrivals(&step->instance->scopes[scope], gateway->incoming[i]) == 0)
                *ret_activated = false;
        }
    }
    json_decref(values);
    return status;
}

static void take_tokens(struct step *step, uint32_t scope, const struct bpmn_element *gateway,
                        enum bpmn_change_kind kind)
{
    struct place at = {.scope = scope, .element = gateway};
    struct bpmn_change taken = step_change(step, kind, &at);

    for (uint32_t i = 0; i < gateway->incoming_count; i++) {
        const struct bpmn_scope *in = &step->instance->scopes[scope];

        taken.flow = gateway->incoming[i];
        if (bpmn_scope_arrivals(in, taken.flow) > 0 && !bpmn_scope_holds(in, taken.flow))
            step_record(step, &taken);
    }
}

static enum status arrive(struct step *step, const struct move *move, bool *ret_enters,
                          struct error *ret_error)
{
    const struct bpmn_element *gateway = &step->model->elements[move->element];
    enum status status;

    if (gateway->incoming_count <= 1)
        return STATUS_OK;
    joins_arrived(step, move);
    *ret_enters = false;
    if (is_held(step, move->scope, gateway))
        return STATUS_OK; /* it waits for its reset: joins.c */
    status = is_activated(step, move->scope, gateway, ret_enters, ret_error);
    if (status == STATUS_OK && *ret_enters)
        take_tokens(step, move->scope, gateway, BPMN_CHANGE_HELD);
    return status;
}

static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    (void)move;
    return step_leave(step, at, ret_error);
}

static enum status take(struct step *step, const struct place *at, uint32_t flow,
                        struct error *ret_error)
{
    enum status status = flows_record(step, at, flow, ret_error);

    if (status == STATUS_OK)
        step_enqueue(step, at->scope, step->model->flows[flow].target, flow);
    return status;
}

/* Does a condition on the flows out tell the two phases apart? */
static bool has_phases(const struct step *step, const struct bpmn_element *gateway)
{
    for (uint32_t i = 0; i < gateway->outgoing_count; i++) {
        const struct bpmn_flow *flow = &step->model->flows[gateway->outgoing[i]];

        if (flow->condition != NULL &&
            strstr(expression_text(flow->condition), "waitingForStart") != NULL)
            return true;
    }
    return false;
}

/* The flows out in one of the two phases; those without a condition belong to the first. */
static enum status take_flows(struct step *step, const struct place *at, bool waiting_for_start,
                              bool *ret_any, struct error *ret_error)
{
    json_t *values = overlay(step, at->scope, at->element, waiting_for_start);
    enum status status = STATUS_OK;

    *ret_any = false;
    for (uint32_t i = 0; i < at->element->outgoing_count && status == STATUS_OK; i++) {
        const struct bpmn_flow *flow = &step->model->flows[at->element->outgoing[i]];
        bool takeable = flow->index != at->element->default_flow && waiting_for_start;

        if (flow->condition != NULL && flow->index != at->element->default_flow) {
            status = evaluate_condition(step, at, flow, values, &takeable, ret_error);
        }
        if (status == STATUS_OK && takeable) {
            status = take(step, at, flow->index, ret_error);
            *ret_any = true;
        }
    }
    json_decref(values);
    return status;
}

static enum status leave(struct step *step, const struct place *at, struct error *ret_error)
{
    const struct bpmn_element *gateway = at->element;
    bool any;
    enum status status = take_flows(step, at, true, &any, ret_error);

    if (status != STATUS_OK || any)
        return status;
    if (gateway->default_flow != BPMN_NONE)
        return take(step, at, gateway->default_flow, ret_error);
    if (gateway->outgoing_count == 0)
        return STATUS_OK;
    error_set(ret_error, STATUS_FAILED,
              "Expected one of the conditions on the flows out of '%s' to be true, or a default "
              "flow, but no condition was true and there is no default flow.",
              gateway->id);
    return error_at(ret_error, gateway->id, gateway->line, gateway->column);
}

static enum status reset_gateway(struct step *step, uint32_t scope,
                                 const struct bpmn_element *gateway, bool *ret_done,
                                 struct error *ret_error)
{
    struct place at = {.scope = scope, .element = gateway};
    struct bpmn_change reset = step_change(step, BPMN_CHANGE_RESET, &at);
    bool any;
    enum status status;

    if (!joins_is_complete(step, scope, gateway))
        return STATUS_OK;
    take_tokens(step, scope, gateway, BPMN_CHANGE_CONSUMED);
    step_record(step, &reset);
    *ret_done = true;
    if (!has_phases(step, gateway))
        return STATUS_OK;
    status = take_flows(step, &at, false, &any, ret_error);
    if (status == STATUS_OK && !any && gateway->default_flow != BPMN_NONE)
        status = take(step, &at, gateway->default_flow, ret_error);
    return status;
}

enum status complex_gateway_look(struct step *step, uint32_t scope,
                                 const struct bpmn_element *gateway, bool *ret_any,
                                 struct error *ret_error)
{
    enum status status;

    if (is_held(step, scope, gateway))
        return reset_gateway(step, scope, gateway, ret_any, ret_error);
    status = is_activated(step, scope, gateway, ret_any, ret_error);
    if (status != STATUS_OK || !*ret_any)
        return status;
    take_tokens(step, scope, gateway, BPMN_CHANGE_HELD);
    step_enqueue(step, scope, gateway->index, BPMN_NONE);
    return STATUS_OK;
}

const struct element_hooks complex_gateway_hooks = {
    .arrive = arrive,
    .activate = activate,
    .leave = leave,
};
