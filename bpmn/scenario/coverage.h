/* Which elements and flows of a process were used. */
#ifndef SYNERGYFLOW_SCENARIO_COVERAGE_H
#define SYNERGYFLOW_SCENARIO_COVERAGE_H

#include "bpmn/step/change.h"

struct coverage {
    struct coverage *next;
    const struct bpmn_model *model;
    uint64_t *elements; /* how often each was activated, by index */
    uint64_t *flows;    /* how often each was taken */
};

/* The list's entry for the model, made when it is not there. The list is the caller's:
 * coverage_free(). */
struct coverage *coverage_of(struct coverage **list, const struct bpmn_model *model);
void coverage_note(struct coverage *coverage, const struct bpmn_change *change);
void coverage_free(struct coverage *list); /* NULL is fine */

struct coverage_count {
    uint32_t covered;
    uint32_t total;
};
struct coverage_count coverage_elements(const struct coverage *coverage);
struct coverage_count coverage_flows(const struct coverage *coverage);

#endif
