/* Manual task and abstract task: nothing for an engine to do. */
#include "bpmn/step/element.h"

/* BPMN 13.2: a manual task is done without the help of an engine, which cannot know when; an
 * abstract task says nothing about how it is done. Next: both are left at once. */
static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    (void)move;
    return step_leave(step, at, ret_error);
}

const struct element_hooks pass_through_hooks = {
    .activate = activate,
    .leave = flows_take_true,
};
