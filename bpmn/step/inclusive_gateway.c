/* Inclusive gateway: forks by every true condition, joins what can arrive. */
#include "bpmn/step/element.h"

/* BPMN 13.3, inclusive gateway: synchronizes the tokens that are on their way to it, and no others.
 * joins.c lets it go. */
static enum status arrive(struct step *step, const struct move *move, bool *ret_enters,
                          struct error *ret_error)
{
    (void)ret_error; /* cannot fail; the signature is the hook's */
    if (step->model->elements[move->element].incoming_count <= 1)
        return STATUS_OK;
    joins_arrived(step, move);
    *ret_enters = false;
    return STATUS_OK;
}

/* Then each flow out whose condition is true gets a token, the default flow when none is. */
static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    (void)move;
    return step_leave(step, at, ret_error);
}

const struct element_hooks inclusive_gateway_hooks = {
    .arrive = arrive,
    .activate = activate,
    .leave = flows_take_true,
};
