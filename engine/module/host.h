/* The host of one module: gives its routes the database under the module's role, and the command
 * queue. The functions that modules call are declared in engine/module.h.
 *
 *   http_server → a module's route (context: its host) → module_query / module_start / … → answer
 */
#ifndef SYNERGYFLOW_MODULE_HOST_H
#define SYNERGYFLOW_MODULE_HOST_H

#include "engine/command/command.h"
#include "engine/module.h"

struct module_host_settings {
    uv_loop_t *loop;
    struct pg_pool *pool;
    struct command_queue *commands;
    const struct registry *registry;
    struct uuid_source *ids;
    const struct module *module;
};

enum { MODULE_QUERY_WAIT_MS = 5000 /* for a connection */ };

/* Everything is borrowed and outlives the host. */
struct module_host *module_host_new(const struct module_host_settings *settings);
/* Adds the module's routes to the server, with the host as their context. */
void module_host_routes(struct module_host *host, struct http_server *server);
/* Only when none of its queries or commands is under way (the server is closed); NULL is fine. */
void module_host_free(struct module_host *host);

#endif
