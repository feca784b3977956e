/* Demo data of `synergyflow dev`: a handful of incidents, opened through the front door's own
 * command path, once in an empty database. */
#ifndef SYNERGYFLOW_DEMO_H
#define SYNERGYFLOW_DEMO_H

#include "engine/service/service.h"

/* Begins in the background; failures are logged. Nothing happens if instances exist already. */
void demo_begin(struct service *service);

#endif
