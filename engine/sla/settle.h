/* Modules hear what the clocks of their subjects say, in the transaction that moved them. */
#ifndef SYNERGYFLOW_SLA_SETTLE_H
#define SYNERGYFLOW_SLA_SETTLE_H

#include "engine/registry/registry.h"

/* Calls `settle` of each module that has subjects among `items`, with all of its type at once, and
 * adds its statements to `batch` under its role; the role is none afterwards. What it publishes is
 * appended to `events`. Subjects of types that no module owns are passed over. A failure is the
 * module's. */
struct settling {
    const struct registry *registry;
    struct arena *arena;
    struct uuid_source *ids;
    int64_t now_us;
    struct module_subject *items;
    uint32_t count;
    struct module_event *events; /* the payloads are the caller's */
    uint32_t event_count;
};

MUST_CHECK enum status sla_settle(struct settling *settling, struct pg_batch *batch,
                                  struct error *ret_error);

#endif
