/* After a replay: does everything agree? */
#ifndef SYNERGYFLOW_RECONCILE_H
#define SYNERGYFLOW_RECONCILE_H

#include "tests/replay/incident.h"

/* Waits (bounded) until the outbox is empty, then compares the log's end state with the domain, the
 * engine, the events and the projections; prints each check and the figures of event lag. True when
 * all hold. */
bool reconcile(const char *conninfo, const struct incident *incidents, uint32_t count);

#endif
