/* Sub-processes of every kind: a scope of its own, with its own variables, inside the process. */
#include "bpmn/step/element.h"

/* A sequential ad-hoc sub-process begins with one of its activities, the others with all. */
static void start_inside(struct step *step, const struct place *at, uint32_t scope,
                         const struct move *move)
{
    const struct bpmn_index_list *starts = &at->element->container->starts;
    bool ad_hoc = at->element->type == BPMN_AD_HOC_SUB_PROCESS;
    uint32_t count = ad_hoc && at->element->sequential && starts->count > 1 ? 1 : starts->count;

    for (uint32_t i = 0; i < count; i++) {
        if (ad_hoc) {
            struct bpmn_change next = step_change(step, BPMN_CHANGE_STEPPED_ON, NULL);

            next.scope_id = step->instance->scopes[scope].id;
            next.element = at->element->index;
            step_record(step, &next);
        }
        if (at->element->type == BPMN_EVENT_SUB_PROCESS)
            step_enqueue_triggered(step, scope, starts->items[i], BPMN_NONE, move->definition);
        else
            step_enqueue(step, scope, starts->items[i], BPMN_NONE);
    }
}

/* BPMN 13.2, sub-process: a token that reaches it starts it, with its own start event, or with
 * everything that nothing leads to. Next: step_close_empty() leaves it when nothing is left inside.
 */
enum status sub_process_open(struct step *step, const struct place *at, const struct move *move,
                             struct error *ret_error)
{
    uint32_t scope =
        step_open_scope(step, BPMN_SCOPE_SUB_PROCESS, at->scope, at->element->index, &at->token, 0);
    enum status status = variables_declare(step, scope, at->element->container, ret_error);

    if (status == STATUS_OK)
        status = event_sub_processes_listen(step, scope, at->element->container, ret_error);
    if (status != STATUS_OK)
        return status;
    start_inside(step, at, scope, move);
    /* One with nothing in it is over at once. */
    return step_close_empty(step, scope, ret_error);
}

static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    return sub_process_open(step, at, move, ret_error);
}

const struct element_hooks sub_process_hooks = {
    .activate = activate,
    .leave = flows_take_true,
};
