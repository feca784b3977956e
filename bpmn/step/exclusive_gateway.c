/* Exclusive gateway: every token that comes in passes straight through, by one way out. */
#include "bpmn/step/element.h"

/* BPMN 13.3, exclusive gateway: each token that arrives, on whichever flow, activates the gateway
 * and goes out on exactly one flow. Next: left at once. */
static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    (void)move;
    return step_leave(step, at, ret_error);
}

const struct element_hooks exclusive_gateway_hooks = {
    .activate = activate,
    .leave = flows_take_first,
};
