/* Ad-hoc sub-processes: their activities have no order. All that nothing leads to are offered, at
 * once or (sequential) one after the other; after each the completion condition is looked at
 * (BPMN 10.2 and 13.2). */
#include "bpmn/step/element.h"

/* `progress.total` of the scope, once the completion condition was true: nothing more is started.
 */
enum { AD_HOC_ENDING = 1 };

static const struct bpmn_element *sub_process_of(const struct step *step, uint32_t scope)
{
    return &step->model->elements[step->instance->scopes[scope].element];
}

static enum status is_complete(struct step *step, uint32_t scope, bool *ret_complete,
                               struct error *ret_error)
{
    const struct bpmn_element *sub_process = sub_process_of(step, scope);
    bool missing = false;
    struct view view = {.scope = scope, .missing = &missing};
    enum status status = evaluate_boolean(step, &view, sub_process, sub_process->completion,
                                          "completion condition", ret_complete, ret_error);

    if (status == STATUS_OK || !missing)
        return status;
    *ret_complete = false; /* it speaks of something that does not exist yet */
    return STATUS_OK;
}

static void start_next(struct step *step, uint32_t scope)
{
    const struct bpmn_scope *at = &step->instance->scopes[scope];
    const struct bpmn_index_list *starts = &sub_process_of(step, scope)->container->starts;
    uint32_t element = starts->items[at->progress.started];
    struct bpmn_change next = step_change(step, BPMN_CHANGE_STEPPED_ON, NULL);

    next.scope_id = at->id;
    next.element = at->element;
    step_record(step, &next);
    step_enqueue(step, scope, element, BPMN_NONE);
}

enum status ad_hoc_continue(struct step *step, uint32_t scope, bool *ret_done,
                            struct error *ret_error)
{
    const struct bpmn_element *sub_process = sub_process_of(step, scope);
    const struct bpmn_scope *at = &step->instance->scopes[scope];
    enum status status = STATUS_OK;

    *ret_done = at->progress.total == AD_HOC_ENDING || sub_process->completion == NULL;
    if (!*ret_done)
        status = is_complete(step, scope, ret_done, ret_error);
    if (status != STATUS_OK || at->progress.total == AD_HOC_ENDING)
        return status;
    if ((!*ret_done || sub_process->completion == NULL) &&
        at->progress.started < (int64_t)sub_process->container->starts.count) {
        *ret_done = false;
        start_next(step, scope);
    }
    return STATUS_OK;
}

enum status ad_hoc_completed(struct step *step, uint32_t scope, bool *ret_ends,
                             struct error *ret_error)
{
    const struct bpmn_scope *at = &step->instance->scopes[scope];
    const struct bpmn_element *sub_process;
    struct bpmn_change ending = step_change(step, BPMN_CHANGE_PLANNED, NULL);
    enum status status;

    *ret_ends = false;
    if (at->kind != BPMN_SCOPE_SUB_PROCESS)
        return STATUS_OK;
    sub_process = sub_process_of(step, scope);
    if (sub_process->type != BPMN_AD_HOC_SUB_PROCESS || sub_process->completion == NULL)
        return STATUS_OK;
    *ret_ends = at->progress.total == AD_HOC_ENDING;
    if (*ret_ends)
        return STATUS_OK;
    status = is_complete(step, scope, ret_ends, ret_error);
    if (status != STATUS_OK || !*ret_ends)
        return status;
    ending.scope_id = at->id;
    ending.element = at->element;
    ending.index = AD_HOC_ENDING;
    step_record(step, &ending);
    if (sub_process->cancel_remaining)
        step_terminate_all(step, scope,
                           arena_format(step->env->arena, "'%s' is complete", sub_process->id));
    return STATUS_OK;
}
