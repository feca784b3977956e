/* The table of the workflow API's routes. See api.h. */
#include "engine/api/internal.h"

void api_register(struct http_server *server, const struct api_settings *settings)
{
    static const struct api_routes *const nouns[] = {
        &deployment_routes,
        &deployment_resource_routes,
        &deployment_delete_routes,
        &process_definition_routes,
        &process_definition_action_routes,
        &process_instance_routes,
        &process_start_routes,
        &process_action_routes,
        &scope_variable_routes,
        &signal_routes,
        &condition_routes,
        &message_routes,
        &message_buffer_routes,
        &task_routes,
        &task_action_routes,
        &execution_routes,
        &event_subscription_routes,
        &execution_action_routes,
        &job_routes,
        &job_action_routes,
        &timer_action_routes,
        &operator_action_routes,
        &job_dead_routes,
        &historic_process_instance_routes,
        &historic_activity_instance_routes,
        &historic_variable_instance_routes,
        &historic_task_instance_routes,
        &external_job_routes,
        &external_job_action_routes,
        &external_job_bulk_routes,
        &engine_routes,
    };

    /* Routes take their context as void *; nothing behind it is changed. */
    for (size_t i = 0; i < COUNT_OF(nouns); i++)
        http_server_routes(server, nouns[i]->routes, nouns[i]->count, (void *)(uintptr_t)settings);
}
