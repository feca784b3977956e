/* Callers: processes, two for each node, that start what has timers, complete tasks about when
 * their timer is due, move timers, and remember what was acknowledged. */
#ifndef SYNERGYFLOW_TESTS_CHAOS_CALLERS_H
#define SYNERGYFLOW_TESTS_CHAOS_CALLERS_H

#include "tests/chaos/chaos.h"

#include <stddef.h>
#include <sys/types.h>

/* Deploys the processes of the rounds. Ends the test when that is refused. */
void callers_deploy(unsigned port);
/* Starts the process of a caller; it runs until shared->stop. Callers go round the nodes. */
pid_t caller_start(struct chaos_shared *shared, const struct chaos_settings *settings,
                   unsigned number);
/* What the business key, incident title or definition of a round is called. */
void caller_key(unsigned caller, unsigned round, char *ret_key, size_t size);

#endif
