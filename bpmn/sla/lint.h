/* Policies that can be read and yet cannot work: found, with the reason.
 *
 * Errors make a policy unusable, warnings tell of what is probably not meant. docs/sla.md lists the
 * rules. */
#ifndef SYNERGYFLOW_SLA_LINT_H
#define SYNERGYFLOW_SLA_LINT_H

#include "bpmn/sla/policy.h"

enum { SLA_FINDINGS_MAX = 200 };

struct sla_finding {
    const char *rule; /* "pause-inside-start" */
    bool is_error;
    const char *policy_id;
    const char *path; /* "targets[0].thresholds[1]" */
    const char *message;
};

struct sla_findings {
    struct arena *arena; /* set by the caller */
    struct sla_finding items[SLA_FINDINGS_MAX];
    size_t count;
    size_t error_count;
    bool more; /* further ones were left out */
};

/* What names mean outside the policies. NULL functions: that is not checked. (Empty calendars are
 * refused when calendars are read.) */
struct sla_lint_world {
    void *context;
    bool (*has_calendar)(void *context, const char *name);
    bool (*has_on_call)(void *context, const char *name);
};

/* Looks at a set of policies, ordered as by sla_policies_read(). True when there is no error. */
bool sla_lint(const struct sla_policy *const *policies, size_t count,
              const struct sla_lint_world *world, struct sla_findings *findings);

#endif
