/* A service that runs in the foreground until SIGTERM or SIGINT; shared by `serve` and `dev`. */
#ifndef SYNERGYFLOW_CLI_RUNNING_H
#define SYNERGYFLOW_CLI_RUNNING_H

#include "engine/service/service.h"

/* Runs the loop until a signal stops the service gracefully. `on_ready` (may be NULL) fires once it
 * listens. Returns the exit code; a failure to start is reported on standard error. A second signal
 * ends at once with code 1. */
int service_run(const struct settings *settings,
                void (*on_ready)(void *context, struct service *service), void *context);

#endif
