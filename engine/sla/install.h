/* Policies and calendars that modules ship, stored at start-up: a new one, or one that the module
 * has changed since it stored it last. What somebody has put stays: his version is the newest. */
#ifndef SYNERGYFLOW_SLA_INSTALL_H
#define SYNERGYFLOW_SLA_INSTALL_H

#include "engine/sla/sla.h"

/* on_done fires once, in the loop; a failure names the module. `ids`, `pool` and `registry` are
 * borrowed until then. */
void sla_install(struct pg_pool *pool, const struct registry *registry, struct uuid_source *ids,
                 void (*on_done)(void *context, enum status status, const struct error *error),
                 void *context);

#endif
