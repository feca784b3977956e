/* The verbs of `synergyflow sla` that talk to a running engine. */
#ifndef SYNERGYFLOW_CLI_SLA_REMOTE_H
#define SYNERGYFLOW_CLI_SLA_REMOTE_H

#include <stdbool.h>

struct sla_remote_options {
    const char *url;
    bool as_json;
    const char *by;       /* attainment */
    const char *period;   /* attainment */
    const char *policy;   /* recalculate: only clocks of it */
    const char *calendar; /* recalculate: only clocks that count by it */
    bool dry_run;         /* recalculate: only the report */
};

/* `arguments` begins with the verb; false when it is none of these. *ret_exit is the exit code. */
bool sla_remote(char **arguments, int count, const struct sla_remote_options *options,
                int *ret_exit);

#endif
