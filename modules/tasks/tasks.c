/* The tasks module: its descriptor. */
#include "modules/tasks/tasks.h"

#include "modules/tasks/task.h"

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/api/v1/tasks", task_route_list, "A page of tasks, newest first", 0},
    {HTTP_POST_METHOD, "/api/v1/tasks", task_route_create, "Create a task", 0},
    {HTTP_GET_METHOD, "/api/v1/tasks/{taskId}", task_route_get,
     "One task with its incident and their freshness", 0},
    {HTTP_PATCH_METHOD, "/api/v1/tasks/{taskId}", task_route_change,
     "Change a task's state or fields", 0},
};

/* For the audit trail. A task without an incident is created by itself. */
static const struct module_attribution attributions[] = {
    {"tasks.create", "incident_id"},
    {"tasks.update", "task_id"},
    {"tasks.complete", "task_id"},
};

const struct module tasks_module = {
    .name = "tasks",
    .schema = "synergyflow_tasks",
    .role = "synergyflow_tasks",
    .handlers = task_handlers,
    .handler_count = TASK_HANDLERS,
    .listeners = task_listeners,
    .listener_count = TASK_LISTENERS,
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .attributions = attributions,
    .attribution_count = COUNT_OF(attributions),
};
