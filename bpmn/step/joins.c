/* Inclusive and complex gateways wait for tokens that can still arrive. Whether one can is known
 * only when everything else has come to rest; then every scope with tokens at such a gateway is
 * looked at. */
#include "bpmn/step/element.h"

void joins_arrived(struct step *step, const struct move *move)
{
    struct place at = {.scope = move->scope, .element = &step->model->elements[move->element]};
    struct bpmn_change arrived = step_change(step, BPMN_CHANGE_ARRIVED, &at);

    arrived.flow = move->flow;
    step_record(step, &arrived);
}

/* BPMN 13.3.2: a token that can reach a flow without one keeps the gateway waiting, unless it can
 * also reach a flow that has one. The second half is about one token that has to choose: what an
 * event on the border of its activity may send is another token. */
static bool keeps_waiting(const struct bpmn_scope *scope, const struct bpmn_element *gateway,
                          uint32_t element)
{
    bool reaches_empty = false;
    bool reaches_full = false;

    for (uint32_t i = 0; i < gateway->incoming_count; i++) {
        bool full = bpmn_scope_arrivals(scope, gateway->incoming[i]) > 0 ||
                    bpmn_scope_holds(scope, gateway->incoming[i]);

        reaches_empty = reaches_empty || (!full && bpmn_set_has(&gateway->reach[i], element));
        reaches_full = reaches_full || (full && bpmn_set_has(&gateway->flow_reach[i], element));
    }
    return reaches_empty && !reaches_full;
}

bool joins_is_complete(const struct step *step, uint32_t scope, const struct bpmn_element *gateway)
{
    const struct bpmn_scope *at = &step->instance->scopes[scope];

    for (uint32_t i = 0; i < at->token_count; i++) {
        if (at->tokens[i].state != BPMN_TOKEN_LISTENING &&
            keeps_waiting(at, gateway, at->tokens[i].element))
            return false;
    }
    for (uint32_t i = 0; i < at->arrival_count; i++) {
        uint32_t target = step->model->flows[at->arrivals[i].flow].target;

        if (target != gateway->index && at->arrivals[i].count > 0 &&
            keeps_waiting(at, gateway, target))
            return false;
    }
    return true;
}

static enum status look_at(struct step *step, uint32_t scope, const struct bpmn_element *gateway,
                           bool *ret_any, struct error *ret_error)
{
    struct place at = {.scope = scope, .element = gateway};
    struct bpmn_change joined = step_change(step, BPMN_CHANGE_JOINED, &at);
    enum status status;

    if (gateway->type == BPMN_COMPLEX_GATEWAY) {
        status = complex_gateway_look(step, scope, gateway, ret_any, ret_error);
        return status == STATUS_OK && *ret_any ? step_close_empty(step, scope, ret_error) : status;
    }
    if (gateway->type != BPMN_INCLUSIVE_GATEWAY || !joins_is_complete(step, scope, gateway))
        return STATUS_OK;
    step_record(step, &joined);
    step_enqueue(step, scope, gateway->index, BPMN_NONE);
    *ret_any = true;
    return STATUS_OK;
}

static enum status look_at_scope(struct step *step, uint32_t scope, bool *ret_any,
                                 struct error *ret_error)
{
    const struct bpmn_scope *at = &step->instance->scopes[scope];
    enum status status = STATUS_OK;

    for (uint32_t i = 0; !at->removed && i < at->arrival_count; i++) {
        uint32_t target = step->model->flows[at->arrivals[i].flow].target;

        status = look_at(step, scope, &step->model->elements[target], ret_any, ret_error);
        if (status != STATUS_OK || *ret_any)
            return status;
    }
    return STATUS_OK;
}

/* Nothing changes for a gateway in whose scope nothing has moved, but for a complex one's
 * condition. */
enum status joins_look(struct step *step, bool *ret_any, struct error *ret_error)
{
    struct bpmn_instance *instance = step->instance;
    bool all = step->look_at_conditions && step->model->has_complex_gateways;
    uint32_t count = all ? instance->scope_count : instance->touched_count;
    enum status status = STATUS_OK;

    *ret_any = false;
    for (uint32_t i = 0; i < count && status == STATUS_OK && !*ret_any; i++)
        status = look_at_scope(step, all ? i : instance->touched[i], ret_any, ret_error);
    return status;
}
