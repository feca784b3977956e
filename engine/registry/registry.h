/* Who handles what: topics → handlers, event types → listeners. Built once from the modules. */
#ifndef SYNERGYFLOW_REGISTRY_H
#define SYNERGYFLOW_REGISTRY_H

#include "engine/module.h"

struct registry {
    const struct module *const *modules; /* borrowed */
    uint32_t module_count;
};

/* NULL when no module hosts the topic. `ret_module` may be NULL. Linear in the number of handlers.
 */
const struct module_handler *registry_handler(const struct registry *registry, const char *topic,
                                              const struct module **ret_module);
/* The column that tells the rows of a topic's calls apart; NULL: there is none. */
const char *registry_attribution(const struct module *module, const char *topic);
/* Who settles subjects of a type (incident, change, …); NULL: nobody. */
const struct module_subject_type *registry_subject_type(const struct registry *registry,
                                                        const char *type,
                                                        const struct module **ret_module);
/* The n-th listener of an event type, NULL past the last. */
const struct module_listener *registry_listener(const struct registry *registry,
                                                const char *event_type, uint32_t index);
/* The n-th listener of all; NULL past the last. */
const struct module_listener *registry_listener_at(const struct registry *registry, uint32_t index,
                                                   const struct module **ret_module);

#endif
