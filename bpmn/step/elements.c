/* The element table: which file brings which kind of element. A new kind is a row here and a file.
 */
#include "bpmn/step/element.h"

static const struct element_hooks *const table[] = {
    [BPMN_START_EVENT] = &start_event_hooks,
    [BPMN_END_EVENT] = &end_event_hooks,
    [BPMN_INTERMEDIATE_CATCH_EVENT] = &catch_event_hooks,
    [BPMN_BOUNDARY_EVENT] = &boundary_event_hooks,
    [BPMN_USER_TASK] = &user_task_hooks,
    [BPMN_SERVICE_TASK] = &service_task_hooks,
    [BPMN_SCRIPT_TASK] = &script_task_hooks,
    [BPMN_MANUAL_TASK] = &pass_through_hooks,
    [BPMN_TASK] = &pass_through_hooks,
    [BPMN_EXCLUSIVE_GATEWAY] = &exclusive_gateway_hooks,
    [BPMN_PARALLEL_GATEWAY] = &parallel_gateway_hooks,
    [BPMN_SUB_PROCESS] = &sub_process_hooks,
};

const struct element_hooks *element_hooks(enum bpmn_element_type type)
{
    PRE((unsigned)type < COUNT_OF(table));
    POST(table[type]->activate != NULL && table[type]->leave != NULL);
    return table[type];
}
