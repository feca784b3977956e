/* The SLA policies and calendars that a test document names. */
#ifndef SYNERGYFLOW_CLI_TEST_SLA_H
#define SYNERGYFLOW_CLI_TEST_SLA_H

#include "bpmn/scenario/scenario.h"

struct test_sla {
    struct arena *arena;
    struct world_sla world;
    bool has_files;
};

/* Paths are relative to the document's, `path`. The caller deinits it whatever comes of it; on
 * failure `ret_culprit` is the file (its own copy, or NULL). */
MUST_CHECK enum status test_sla_read(const struct scenario *scenario, const char *path,
                                     const struct zone_source *zones, struct test_sla *ret_sla,
                                     char **ret_culprit, struct error *ret_error);
void test_sla_deinit(struct test_sla *sla);

#endif
