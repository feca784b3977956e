/* Deploys the modules' own processes at start-up, one after the other, only those that changed. */
#ifndef SYNERGYFLOW_PROCESSES_H
#define SYNERGYFLOW_PROCESSES_H

#include "engine/definition/definition.h"
#include "engine/registry/registry.h"

struct process_deployer;

/* Everything is borrowed. `timeout_ms`: how long to wait for the database to come up. */
struct process_deployer *process_deployer_new(struct pg_pool *pool,
                                              struct definition_cache *definitions,
                                              const struct registry *registry,
                                              struct uuid_source *ids, uint32_t timeout_ms);
/* `on_done` fires from the loop, once. */
void process_deployer_run(struct process_deployer *deployer,
                          void (*on_done)(void *context, enum status status,
                                          const struct error *error),
                          void *context);
/* Ends the wait for a database soon; what is under way goes on to `on_done`. */
void process_deployer_stop(struct process_deployer *deployer);
void process_deployer_free(struct process_deployer *deployer); /* after on_done; NULL is fine */

#endif
