/* Event sub-processes: listening for them while their scope lives, and starting them. */
#include "bpmn/step/element.h"

static bool waits_for_something(const struct bpmn_element *start)
{
    for (uint32_t i = 0; i < start->events.count; i++) {
        enum bpmn_event_kind kind = start->events.items[i].kind;

        if (kind == BPMN_EVENT_TIMER || kind == BPMN_EVENT_MESSAGE || kind == BPMN_EVENT_SIGNAL ||
            kind == BPMN_EVENT_CONDITIONAL)
            return true;
    }
    return false;
}

enum status event_sub_processes_listen(struct step *step, uint32_t scope,
                                       const struct bpmn_container *container,
                                       struct error *ret_error)
{
    for (uint32_t i = 0; i < container->event_sub_processes.count; i++) {
        uint32_t index = container->event_sub_processes.items[i];
        const struct bpmn_element *sub_process = &step->model->elements[index];

        for (uint32_t j = 0; j < sub_process->container->starts.count; j++) {
            const struct bpmn_element *start =
                &step->model->elements[sub_process->container->starts.items[j]];
            struct place at;
            enum status status;

            if (!waits_for_something(start))
                continue;
            at = step_new_token(step, BPMN_CHANGE_LISTENING, scope, index, BPMN_NONE, NULL);
            status = event_arm(step, &at, start, BPMN_NONE, ret_error);
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}

void event_sub_process_start(struct step *step, uint32_t scope,
                             const struct bpmn_element *sub_process, uint32_t definition)
{
    step_enqueue_triggered(step, scope, sub_process->index, BPMN_NONE, definition);
}
