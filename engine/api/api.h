/* The workflow API in Flowable's REST dialect: /process-api and /external-job-api.
 *
 * Route of a request: engine/http → one file here for each noun → a list or a row straight from
 * PostgreSQL (list.c), or a command (operation.c) → engine/command → answer after COMMIT. */
#ifndef SYNERGYFLOW_API_H
#define SYNERGYFLOW_API_H

#include "engine/command/command.h"
#include "engine/http/server.h"

/* What the API stands on; borrowed, must stay until the server is closed. */
struct api_settings {
    uv_loop_t *loop;
    struct pg_pool *pool;
    struct definition_cache *definitions;
    struct command_queue *commands;
    struct uuid_source *ids;
    const struct registry *registry;
};

/* Adds every route; before http_server_listen(). */
void api_register(struct http_server *server, const struct api_settings *settings);

/* The check of a deployment (struct deployment's `check`, with a struct registry as context): a
 * service task whose topic is a literal must name one that a module hosts, a script must be
 * JavaScript. */
const char *api_check_element(void *registry, const struct bpmn_element *element,
                              struct arena *arena);

#endif
