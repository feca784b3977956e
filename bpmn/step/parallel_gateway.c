/* Parallel gateway: joins what comes in, forks what goes out. */
#include "bpmn/step/element.h"

/* Does at least one token wait on each incoming flow? From the last one backwards: tokens come in
 * document order as a rule, so that the missing one is found at the first look. */
static bool can_join(const struct bpmn_scope *scope, const struct bpmn_element *gateway)
{
    for (uint32_t i = gateway->incoming_count; i > 0; i--) {
        if (bpmn_scope_arrivals(scope, gateway->incoming[i - 1]) == 0)
            return false;
    }
    return true;
}

/* BPMN 13.3, parallel gateway: it is activated once each incoming flow has a token. It takes
 * exactly one off each; what is more than that stays. */
static enum status arrive(struct step *step, const struct move *move, bool *ret_enters,
                          struct error *ret_error)
{
    const struct bpmn_element *gateway = &step->model->elements[move->element];
    struct place at = {.scope = move->scope, .element = gateway};
    struct bpmn_change joined = step_change(step, BPMN_CHANGE_JOINED, &at);

    (void)ret_error; /* cannot fail; the signature is the hook's */
    if (gateway->incoming_count <= 1)
        return STATUS_OK;
    joins_arrived(step, move);
    *ret_enters = can_join(&step->instance->scopes[move->scope], gateway);
    if (*ret_enters)
        step_record(step, &joined);
    return STATUS_OK;
}

/* Then each outgoing flow gets exactly one token. Next: left at once. */
static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    (void)move;
    return step_leave(step, at, ret_error);
}

const struct element_hooks parallel_gateway_hooks = {
    .arrive = arrive,
    .activate = activate,
    .leave = flows_take_all,
};
