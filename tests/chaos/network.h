/* The network between the nodes and PostgreSQL: a process with one proxy a node. */
#ifndef SYNERGYFLOW_TESTS_CHAOS_NETWORK_H
#define SYNERGYFLOW_TESTS_CHAOS_NETWORK_H

#include "tests/chaos/chaos.h"

#include <sys/types.h>

/* Starts the process; it fills shared->conninfos, says network_ready, and does from then on what
 * shared->wires says. Ends with the test's process, or when network_stop() kills it. */
pid_t network_start(struct chaos_shared *shared, unsigned nodes, const char *conninfo);
void network_stop(pid_t process);

#endif
