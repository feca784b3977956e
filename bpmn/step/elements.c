/* The element table: which file brings which kind of element. A new kind is a row here and a file.
 */
#include "bpmn/step/element.h"

static const struct element_hooks *const table[] = {
    [BPMN_START_EVENT] = &start_event_hooks,
    [BPMN_END_EVENT] = &end_event_hooks,
    [BPMN_INTERMEDIATE_CATCH_EVENT] = &catch_event_hooks,
    [BPMN_INTERMEDIATE_THROW_EVENT] = &throw_event_hooks,
    [BPMN_BOUNDARY_EVENT] = &boundary_event_hooks,
    [BPMN_TASK] = &pass_through_hooks,
    [BPMN_MANUAL_TASK] = &pass_through_hooks,
    [BPMN_USER_TASK] = &user_task_hooks,
    [BPMN_SERVICE_TASK] = &service_task_hooks,
    [BPMN_SCRIPT_TASK] = &service_task_hooks,
    [BPMN_BUSINESS_RULE_TASK] = &service_task_hooks,
    [BPMN_SEND_TASK] = &send_task_hooks,
    [BPMN_RECEIVE_TASK] = &receive_task_hooks,
    [BPMN_CALL_ACTIVITY] = &call_activity_hooks,
    [BPMN_EXCLUSIVE_GATEWAY] = &exclusive_gateway_hooks,
    [BPMN_PARALLEL_GATEWAY] = &parallel_gateway_hooks,
    [BPMN_INCLUSIVE_GATEWAY] = &inclusive_gateway_hooks,
    [BPMN_EVENT_BASED_GATEWAY] = &event_based_gateway_hooks,
    [BPMN_COMPLEX_GATEWAY] = &complex_gateway_hooks,
    [BPMN_SUB_PROCESS] = &sub_process_hooks,
    [BPMN_EVENT_SUB_PROCESS] = &sub_process_hooks,
    [BPMN_TRANSACTION] = &sub_process_hooks,
    [BPMN_AD_HOC_SUB_PROCESS] = &sub_process_hooks,
};

const struct element_hooks *element_hooks(enum bpmn_element_type type)
{
    PRE((unsigned)type < COUNT_OF(table));
    POST(table[type]->activate != NULL && table[type]->leave != NULL);
    return table[type];
}
